use lib 't/lib';
use strict;
use warnings;
use JSON::PP;
use Test::More;
use Engine;

# The variables: of the message at hand in a location and in stream{}, of the
# last one in the log of the session; paths begin with hl7_field_ or hl7_utf8_ .

sub message;
sub values_of;
sub sessions;

my @header = qw(hl7_message_type hl7_trigger_event hl7_structure
                hl7_control_id hl7_sending_app hl7_sending_facility
                hl7_receiving_app hl7_receiving_facility hl7_processing_id
                hl7_version hl7_charset hl7_size hl7_deviations hl7_ack_code);

my @paths = qw(PID_3 pid_3_1 PID_3r2_4_2 pid_3r3 OBX2_5 obx3_5 MSH_9 msh_1
               msh_2 ZZZ_1 zzz_2 zzz);

my $format = join ',', map { "\"$_\":\"\$$_\"" } @header, 'hie_correlation_id',
                       'hie_traceparent', map { "hl7_field_$_" } @paths;

my $utf8 = join ',', map { "\"$_\":\"\$$_\"" }
                     qw(hl7_control_id hl7_charset hl7_utf8_pid_5_1
                        hl7_utf8_obx_5 hl7_field_obx_5);

my $headers = Engine->backend(sub {
    my ($sock, $request) = @_;
    my ($body) = $request =~ /\r\n\r\n(.*)/s;

    my ($ack) = $body =~ /^MSH.{5}\|(?:[^|]*\|){7}([^|]*)/;
    my $got = join '/', map { $request =~ /^X-\Q$_\E: (.*)\r$/m ? $1 : '-' }
                        qw(Field Event Correlation-ID);
    my ($type) = $request =~ /^Content-Type: (.*)\r$/m;
    my ($trace) = $request =~ /^traceparent: (.*)\r$/m;

    $got .= "/$type/$trace";

    print $sock "HTTP/1.0 200 OK\r\nContent-Type: application/hl7-v2\r\n\r\n",
                "MSH|^~\\&|HIE||||||ACK^A01|1|P|2.5\rMSA|AA|$ack|$got\r";
});

my $ngx = Engine->start(stream => <<'EOS', http => <<"EOH");
    log_format session escape=json
        '{"server":"$server_port","type":"$hl7_message_type",'
        '"id":"$hl7_control_id","app":"$hl7_sending_app",'
        '"version":"$hl7_version","size":"$hl7_size","ack":"$hl7_ack_code",'
        '"deviations":"$hl7_deviations","msh":"$hl7_field_msh_9_2",'
        '"pid":"$hl7_field_pid_3","messages":"$mllp_messages",'
        '"refused":"$mllp_refused","correlation":"$hie_correlation_id"}';

    access_log logs/sessions.log session;

    map $hl7_message_type $flow {
        default  /other/;
        ADT      /adt/;
        ~^O      /orders/$hl7_trigger_event;
    }

    map $hl7_field_pv1_2 $ward {
        default  /other/;
        I        /inpatient/;
    }

    server { listen 127.0.0.1:%%MLLP%%; mllp_pass hie /all/; }
    server { listen 127.0.0.1:%%FLOW%%; mllp_pass hie $flow; }
    server { listen 127.0.0.1:%%FIELD%%; mllp_pass hie $ward; }
    server { listen 127.0.0.1:%%HEADERS%%; mllp_pass hie /headers/; }
    server { listen 127.0.0.1:%%UTF8%%; mllp_pass hie /utf8/; }

    server {
        listen 127.0.0.1:%%LATIN%%;
        mllp_charset ISO-8859-1;
        mllp_pass hie /utf8/;
    }

    server {
        listen 127.0.0.1:%%NONE%%;
        mllp_pass hie /all/;
        mllp_ack none;
    }
EOS
    log_format all escape=json '{$format}';
    log_format utf8 escape=json '{$utf8}';
    log_format uri '\$hl7_control_id \$uri';

    access_log logs/uri.log uri;

    map \$hl7_field_pid_8 \$sex { default other; F female; M male; }

    server {
        server_name hie;
        mllp_only;

        location / { return 200; }

        location /all/ {
            access_log logs/all.log all;
            if (\$hl7_field_pid_8 = "X") { return 422; }
            if (\$sex = "female") { return 500; }
            return 200;
        }

        location /utf8/ {
            access_log logs/utf8.log utf8;
            return 200;
        }

        location /headers/ {
            proxy_pass http://127.0.0.1:$headers;
            proxy_set_header X-Field \$hl7_field_pid_5;
            proxy_set_header X-Event \$hl7_message_type:\$hl7_trigger_event;
        }
    }
EOH

my $dir = $ngx->dir;
my ($c, $v, $text, $ack, $trace, @got);


# the header, ids

$c = $ngx->client('MLLP');

$text = "MSH|^~\\&|LAB^1.2^ISO|WARD^x|HIE|ERP&a|20260301120000||ADT^A01^ADT_A01"
        . "|V1|P^T|2.5.1^DEU\r"
        . "PID|1||4711^^^HIS&2.16&ISO^MR~0815^5^6^SAP&2.17^PI||Miller^Ann\r"
        . "OBX|1|NM|||5\rOBX|2|ST|||second\rZZZ|\"\"\r";

$c->write("\x0b$text\x1c\r");
$ack = $c->read;
is(field($ack, 'MSA-1'), 'AA', 'a message');

$v = values_of 'all', 'V1';

is($v->{hl7_message_type}, 'ADT', 'message type');
is($v->{hl7_trigger_event}, 'A01', 'trigger event');
is($v->{hl7_structure}, 'ADT_A01', 'structure');
is($v->{hl7_sending_app}, 'LAB', 'sending application, the first component');
is($v->{hl7_sending_facility}, 'WARD', 'sending facility');
is($v->{hl7_receiving_app}, 'HIE', 'receiving application');
is($v->{hl7_receiving_facility}, 'ERP&a', 'receiving facility');
is($v->{hl7_processing_id}, 'P', 'processing id');
is($v->{hl7_version}, '2.5.1', 'version');
is($v->{hl7_charset}, 'UTF-8', 'the character set is the default one');
is($v->{hl7_size}, length $text, 'size');
is($v->{hl7_deviations}, '', 'no deviations');
is($v->{hl7_ack_code}, 'AA', 'acknowledgement code');

like($v->{hie_traceparent}, qr/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/,
     'a traceparent is made');
like($v->{hie_traceparent}, qr/^00-\Q$v->{hie_correlation_id}\E-/,
     'its trace is the correlation id');
$trace = $v->{hie_correlation_id};


# fields by path

is($v->{hl7_field_PID_3}, '4711^^^HIS&2.16&ISO^MR~0815^5^6^SAP&2.17^PI',
   'a field, as it stands');
is($v->{hl7_field_pid_3_1}, '4711', 'a component of the first repetition');
is($v->{hl7_field_PID_3r2_4_2}, '2.17', 'a subcomponent of the second');
is($v->{hl7_field_pid_3r3}, '', 'a repetition that is not there');
is($v->{hl7_field_OBX2_5}, 'second', 'the second segment of a name');
is($v->{hl7_field_obx3_5}, '', 'a third one that is not there');
is($v->{hl7_field_MSH_9}, 'ADT^A01^ADT_A01', 'a field of MSH');
is($v->{hl7_field_msh_1}, '|', 'MSH-1');
is($v->{hl7_field_msh_2}, '^~\\&', 'MSH-2');
is($v->{hl7_field_ZZZ_1}, '""', 'a null is two quotes');
is($v->{hl7_field_zzz_2}, '', 'a field that is not there');
is($v->{hl7_field_zzz}, 'ZZZ|""', 'a segment');


# the next message of the connection has its own; deviations; other codes

$c->write("\r\n" . frame("MSH|^~\\&|OTHER||||||ORU^R01|V2|T|2.3",
                         'PID|1|||||||X') =~ s/\r\x1c/\x1c/r);
is(field($c->read, 'MSA-1'), 'AE', 'a location decides by a field');

$v = values_of 'all', 'V2';

is($v->{hl7_message_type}, 'ORU', 'another type');
is($v->{hl7_structure}, '', 'no structure');
is($v->{hl7_field_pid_3_1}, '', 'no field of the first');
is($v->{hl7_deviations}, 'junk_between,no_final_cr', 'deviations by name');
is($v->{hl7_ack_code}, 'AE', 'a negative code');
isnt($v->{hie_correlation_id}, $trace, 'another correlation id');

$c->send("MSH|^~\\&|LAB||||||ORU^R01|V3|P|2.5|||AL|AL\nPID|1|||||||F");
is(field($c->read, 'MSA-1'), 'CR', 'a location decides by a map of a field');
is(values_of('all', 'V3')->{hl7_ack_code}, 'CR', 'the code of a refusal');

$c->send("MSH|^~\\&|LAB||||||ORU^R01|V4|P|2.5|||AL|AL\nPID|1|||||||M");
is(field($c->read, 'MSA-1'), $_, "enhanced mode: $_") for qw(CA AA);
is(values_of('all', 'V4')->{hl7_ack_code}, 'CA,AA', 'both codes');

$c->send("BHS|^~\\&|LAB\n" . hl7('ADT^A02', 'V5') . "\n" . hl7('ADT^A03', 'V6')
         . "\nBTS|2");
$c->read;
is(values_of('all', "V$_")->{hl7_trigger_event}, 'A0' . ($_ - 3),
   'a message of a batch') for 5, 6;
$c->close;


# the log of the session: its last message, no more of it than MSH

$v = sessions 'MLLP';

is($v->{type}, 'ADT', 'session: type of the last message');
is($v->{id}, 'V6', 'its control id');
is($v->{app}, 'LAB', 'its sender');
is($v->{version}, '2.5', 'its version');
is($v->{msh}, 'A03', 'a field of its MSH');
is($v->{pid}, '', 'the rest of it is forgotten');
is($v->{size}, length(hl7('ADT^A03', 'V6')) + 1, 'its size');
is($v->{ack}, 'AA', 'its acknowledgement');
is($v->{messages}, 6, 'number of messages');
is($v->{refused}, 2, 'those that were refused');
is($v->{deviations}, 'junk_between,no_final_cr', 'all deviations');

$ngx->client('MLLP')->close;
$v = sessions 'MLLP', 2;
is_deeply([@$v{qw(type size ack deviations messages refused)}],
          ['', '', '', '', 0, 0], 'a session without a message');

$c = $ngx->client('MLLP');
$c->send("MSH|^~\\&|" . 'x' x 600 . "|||||" . "|ADT^A01|V7|P|2.5");
$c->read;
$c->close;
$v = sessions 'MLLP', 3;
is($v->{app}, 'x' x 503, 'of a very long MSH the beginning is kept');
is($v->{id}, '', 'the rest is absent');

$c = $ngx->client('NONE');
$c->send(hl7('ADT^A01', 'V8'));
is(values_of('all', 'V8')->{hl7_ack_code}, '', 'no acknowledgement, no code');


# a map in stream{} over the message of the moment

$c = $ngx->client('FLOW');
$c->send(hl7('ADT^A01', 'F1'), hl7('ORU^R01', 'F2'), hl7('MFN^M02', 'F3'),
         hl7('ADT^A02', 'F4'), hl7('OMP^O09', 'F5'));
$c->read for 1 .. 5;

wait_for { Engine::contents("$dir/logs/uri.log") =~ /^F5/m } 'F5';
is(join(' ', map { "$_ " . (Engine::contents("$dir/logs/uri.log")
                            =~ /^$_ (.*)$/m)[0] } qw(F1 F2 F3 F4 F5)),
   'F1 /adt/ F2 /orders/R01 F3 /other/ F4 /adt/ F5 /orders/O09',
   'each message of a connection has the URI of its type');

$c = $ngx->client('FIELD');
$c->send(hl7('ADT^A01', 'W1', 'PV1|1|I'), hl7('ADT^A01', 'W2'),
         hl7('ADT^A01', 'W3', 'PV1|1|I'));
$c->read for 1 .. 3;

is(join(' ', map { "$_ " . (Engine::contents("$dir/logs/uri.log")
                            =~ /^$_ (.*)$/m)[0] } qw(W1 W2 W3)),
   'W1 /inpatient/ W2 /other/ W3 /inpatient/', 'and of its fields');


# headers of a backend; control characters

$c = $ngx->client('HEADERS');
$c->send(hl7('ADT^A01', 'H1', "PID|1||||Mi\tll\0er\x7f^\x01Ann"));
@got = split '/', field($c->read, 'MSA-3'), 4;
is($got[0], 'Mi?ll?er?^?Ann', 'control characters do not reach a header');
is($got[1], 'ADT:A01', 'values in a header');
like($got[2], qr/^[0-9a-f]{32}$/, 'X-Correlation-ID');
like($got[3], qr/^application\/hl7-v2\/00-$got[2]-[0-9a-f]{16}-01$/,
     'Content-Type, traceparent');


# text in UTF-8; the charsets

my @texts = (
    ['UTF8',  '',             "M\xc3\xbcller", "M\xc3\xbcller", 'UTF-8'],
    ['UTF8',  '8859/1',       "M\xfcller",     "M\xc3\xbcller", 'ISO-8859-1'],
    ['UTF8',  '8859/15',      "\xa4",          "\xe2\x82\xac",  'ISO-8859-15'],
    ['UTF8',  'UNICODE UTF-8', "\xc5\xbd",     "\xc5\xbd",      'UTF-8'],
    ['UTF8',  'KLINGON',      "M\xfcller",     '',              ''],
    ['UTF8',  '',             "M\xfcller",     undef,           'UTF-8'],
    ['UTF8',  'ISO IR87~x',   'a',             undef,           undef],
    ['LATIN', '',             "M\xfcller",     "M\xc3\xbcller", 'ISO-8859-1'],
    ['LATIN', 'UNICODE UTF-8', "\xc5\xbd",     "\xc5\xbd",      'UTF-8'],
);

for my $n (0 .. $#texts) {
    my ($name, $charset, $bytes, $want, $iana) = @{$texts[$n]};

    $c = $ngx->client($name);
    $c->send("MSH|^~\\&|LAB||||||ADT^A01|U$n|P|2.5||||||$charset\n"
             . "PID|1||||$bytes^x");
    is(field($c->read, 'MSA-1'), 'AA', "charset \"$charset\": accepted");
    $c->close;

    $v = values_of 'utf8', "U$n";

    is($v->{hl7_charset}, $iana, "charset \"$charset\" at $name: its name")
        if defined $iana;

    if (defined $want) {
        utf8::decode(my $chars = $want);
        is($v->{hl7_utf8_pid_5_1}, $chars, 'its text in UTF-8');
    }
}

$c = $ngx->client('UTF8');
$c->send(hl7('ORU^R01', 'E1', 'OBX|1|TX|||\H\a\F\b\S\c\T\d\R\e\E\f\N\\'
                              . '\X41C3BC\\\Zx\\\\.br\end'));
$c->read;
$v = values_of 'utf8', 'E1';
is($v->{hl7_utf8_obx_5}, "a|b^c&d~e\\fA\x{fc}\\Zx\\?end",
   'escape sequences are resolved, a line break is no control character');
is($v->{hl7_field_obx_5},
   '\H\a\F\b\S\c\T\d\R\e\E\f\N\\\\X41C3BC\\\\Zx\\\\.br\end',
   'but not in the bytes of the field');


# what MSH-9 holds is a code or nothing

for my $type ('../../admin^A01', 'ADT^../x', 'ADT/x', 'A.T^A01', 'A T^A01',
              'ADT^A%2f', 'ADT?x=y', "ADT\x01^A01", 'ADT^A01^../x', '""^A01',
              '^A01', "A\xc3\x84T^A01")
{
    $c = $ngx->client('FLOW');
    $c->send(hl7($type, 'INJECTED'));
    is(field($c->read, 'MSA-1'), 'AR', "no location for \"$type\"");
    $c->close;
}

unlike(Engine::contents("$dir/logs/uri.log"), qr/INJECTED/,
       'no location was asked');

$ngx->stop;

done_testing();


# what a location logged of a message

sub values_of {
    my ($name, $id) = @_;
    my $line;

    wait_for {
        ($line) = Engine::contents("$dir/logs/$name.log")
                  =~ /^(.*"hl7_control_id":"$id".*)$/m
    } "$id in $name.log";

    return decode_json $line;
}


# line n of the session log of a server

sub sessions {
    my ($name, $n) = @_;
    my $port = $ngx->port($name);
    my @lines;

    $n ||= 1;

    wait_for {
        @lines = Engine::contents("$dir/logs/sessions.log")
                 =~ /^(\{"server":"$port",.*)$/mg;
        @lines >= $n
    } "line $n of $name";

    return decode_json $lines[$n - 1];
}
