use lib 't/lib';
use strict;
use warnings;
use Test::More;
use Engine;

# A backend that answers with the type application/hl7-v2 supplies the
# acknowledgement: it is sent as it is if it is one for the message, in the
# place of the one of its kind that the message is owed.

sub message;
sub received;
sub refused;

# type of the response and its body; in the ids "$hl7_control_id" is MSH-10

my $type = 'application/hl7-v2';
my $msh = 'MSH|^~\\\\&|BACK|END|LAB|WARD|2026||ACK^A01|777|P|2.5';

my %answers = (
    aa => [200, $type, "$msh\\rMSA|AA|\$hl7_control_id|fine\\rZZZ|1\\r"],
    ae => [200, $type, "$msh\\rMSA|AE|\$hl7_control_id\\rERR|x\\r"],
    ar => [500, $type, "$msh\\rMSA|AR|\$hl7_control_id\\r"],
    ca => [200, $type, "$msh\\rMSA|CA|\$hl7_control_id\\r"],
    ce => [200, $type, "$msh\\rMSA|CE|\$hl7_control_id\\r"],
    lf => [200, $type, "$msh\\nMSA|AA|\$hl7_control_id\\n"],
    crlf => [200, $type, "$msh\\r\\nMSA|AA|\$hl7_control_id\\r\\n"],
    no_end => [200, $type, "$msh\\rMSA|AA|\$hl7_control_id"],
    delimiters => [200, $type, 'MSH#!*?@#BACK#END###2026##ACK#7#P#2.5\\r'
                               . 'MSA#AA#$hl7_control_id\\r'],
    reply => [200, $type, "$msh\\rSFT|x\\rMSA|AA|\$hl7_control_id\\rQAK|1\\r"],
    charset => [200, "$type; charset=iso-8859-1",
                "$msh\\rMSA|AA|\$hl7_control_id|\xe4\\r"],
    case => [200, 'Application/HL7-V2', "$msh\\rMSA|AA|\$hl7_control_id|c\\r"],
    er7 => [200, 'x-application/hl7-v2+er7',
            "$msh\\rMSA|AA|\$hl7_control_id|er7\\r"],
    bound => [200, $type, "$msh\\rMSA|AA|\$hl7_control_id\\rZZZ|"
                          . 'z' x (1000 - 82) . '\\r'],

    other_id => [200, $type, "$msh\\rMSA|AA|4711\\r"],
    no_id => [200, $type, "$msh\\rMSA|AA|\\r"],
    longer_id => [200, $type, "$msh\\rMSA|AA|\${hl7_control_id}1\\r"],
    not_positive => [500, $type, "$msh\\rMSA|AA|\$hl7_control_id\\r"],
    no_msa => [200, $type, "$msh\\rPID|1\\rMSA|AA|\$hl7_control_id\\r"],
    bad_code => [200, $type, "$msh\\rMSA|OK|\$hl7_control_id\\r"],
    no_code => [200, $type, "$msh\\rMSA||\$hl7_control_id\\r"],
    no_msh => [200, $type, "MSA|AA|\$hl7_control_id\\r"],
    framed => [200, $type, "\x0b$msh\\rMSA|AA|\$hl7_control_id\\r\x1c\\r"],
    fs => [200, $type, "$msh\\rMSA|AA|\$hl7_control_id\\r\x1c\\rZZZ\\r"],
    text => [200, $type, 'all is well'],
    large => [200, $type, "$msh\\rMSA|AA|\$hl7_control_id\\rZZZ|"
                          . 'z' x 1000 . '\\r'],

    other_type => [200, 'text/plain', "$msh\\rMSA|AE|\$hl7_control_id\\r"],
    no_type => [200, $type, ''],
);

my $locations = join '', map { <<"EOL" } sort keys %answers;
    location = /$_ {
        default_type "$answers{$_}[1]";
        return $answers{$_}[0] "$answers{$_}[2]";
    }
EOL

my @modes = qw(auto original accept release2 none);

my $ngx = Engine->start(stream => <<'EOS' . join('', map { <<"EOT" } @modes),
    mllp_ack_max_size 1000;

    server { listen 127.0.0.1:%%PROXY%%; mllp_pass hie /proxy; }
EOS
    server {
        listen 127.0.0.1:%%\U$_\E%%;
        mllp_ack $_;
        mllp_pass hie /\$hl7_receiving_facility;
    }
EOT
                        http => <<"EOH");
    log_format code '\$hl7_control_id \$hl7_ack_code';

    server {
        server_name hie;
        mllp_only;
        access_log logs/access.log code;

        $locations

        location = /proxy {
            proxy_http_version 1.1;
            proxy_pass http://127.0.0.1:%%HTTP%%/\$hl7_receiving_facility;
        }
    }

    server {
        listen 127.0.0.1:%%HTTP%%;
        access_log off;
        $locations
    }
EOH

my (%c, $n, $ack);

$c{$_} = $ngx->client("\U$_") for @modes, 'proxy';


# it is sent byte for byte, but for a last end that it may lack

for my $name (qw(aa ae ar lf crlf no_end delimiters reply charset case er7
                 bound))
{
    for my $client (qw(auto proxy)) {
        $n++;
        $c{$client}->write(message "M$n", $name);

        (my $want = $answers{$name}[2]) =~ s/\$hl7_control_id/M$n/;
        $want =~ s/\\\\/\\/g;
        $want =~ s/\\r/\r/g;
        $want =~ s/\\n/\n/g;
        $want .= "\r" if $want !~ /[\r\n]\z/;

        is($c{$client}->read, Mllp::text($want), "$name, $client");
    }
}

wait_for { $ngx->access_log =~ /^M$n /m } 'the log';
like($ngx->access_log, qr/^M1 AA\nM2 AA\nM3 AE\nM4 AE\nM5 AR$/m,
     '$hl7_ack_code tells of it');
unlike($ngx->log, qr/\[error\]/, 'no error in the log');


# what is no acknowledgement for the message is answered negatively

refused other_id => 'AE', 'MSA-2 in the acknowledgement of the application is '
                          . 'not MSH-10';
refused no_id => 'AE', 'MSA-2 in the .* is not MSH-10';
refused longer_id => 'AE', 'MSA-2 in the .* is not MSH-10';
refused not_positive => 'AR', 'acknowledgement of the backend is positive, '
                              . 'its status is not';
refused no_msa => 'AE', 'no MSA in';
refused bad_code => 'AE', 'unknown MSA-1 in';
refused no_code => 'AE', 'unknown MSA-1 in';
refused no_msh => 'AE', 'no MSH in';
refused framed => 'AE', 'no MSH in';
refused fs => 'AE', 'VT or FS in';
refused text => 'AE', 'no MSH in';
refused large => 'AE', 'acknowledgement of the backend is too large';

$c{auto}->write("\x0bMSH|^~\\&|A|B|C|aa|2026||ADT^A01||P|2.5\r\x1c\r");
is(field($c{auto}->read, 'MSA-1'), 'AE', 'without MSH-10 nothing is asked');


# a body of another type, or none, says nothing

for my $name (qw(other_type no_type)) {
    $c{auto}->write(message 'N1', $name);
    $ack = $c{auto}->read;
    is(field($ack, 'MSA-1'), 'AA', "$name: by the status");
    is(field($ack, 'MSH-3'), 'C', "$name: ours");
}


# The kind that is owed is sent: the backend's, shown with "'", or ours.

my @cases = (
    auto => '', '', aa => "AA'", ae => "AE'", ca => 'AA', ce => 'AE',
    auto => 'NE', 'NE', aa => '', ae => '', ca => '', ce => '',
    auto => 'AL', 'NE', aa => 'CA', ae => 'CE', ca => "CA'", ce => "CE'",
    auto => 'NE', 'AL', aa => "AA'", ae => "AE'", ca => 'AA', ce => 'AE',
    auto => 'AL', 'AL', aa => "CA AA'", ae => 'CE', ca => "CA' AA",
        ce => "CE'",
    auto => 'NE', 'ER', aa => '', ae => "AE'", ca => '', ce => 'AE',
    auto => 'SU', 'AL', aa => "CA AA'", ae => "AE'", ca => "CA' AA", ce => 'AE',
    original => 'NE', 'NE', aa => "AA'", ae => "AE'", ca => 'AA', ce => 'AE',
    accept => '', '', aa => 'CA', ae => 'CE', ca => "CA'", ce => "CE'",
    release2 => '', '', aa => "\\x06 AA'", ae => "\\x15 AE'", ca => '\x06 AA',
        ce => '\x15 AE',
    release2 => 'AL', 'NE', aa => '\x06 CA', ae => '\x15 CE',
        ca => "\\x06 CA'", ce => "\\x15 CE'",
    none => '', '', aa => '', ae => '', ca => '', ce => '',
);

while (my ($mode, $accept, $application, %want) = splice @cases, 0, 11) {
    for my $name (sort keys %want) {
        $n++;
        $c{$mode}->write(message "M$n", $name, $accept, $application);
        is(received($mode), $want{$name},
           "$mode, MSH-15 '$accept', MSH-16 '$application', $name");
    }
}


# an acknowledgement is not answered by a backend either

$n++;
$c{auto}->write(message "M$n", 'aa', '', '', 'ACK');
is(received('auto'), '', 'no acknowledgement of an acknowledgement');


# in a batch

$c{auto}->write("\x0bBHS|^~\\&|A|B\r"
                . substr(message('B1', 'aa'), 1, -2)
                . substr(message('B2', 'no_end'), 1, -2)
                . substr(message('B3', 'other_id'), 1, -2)
                . "BTS|3\r\x1c\r");
$ack = $c{auto}->read;
like($ack, qr/\ABHS.*\nMSH.*\nMSA\|AA\|B1\|fine\nZZZ\|1\nMSH.*\nMSA\|AA\|B2\n
              MSH.*\nMSA\|AE\|B3\nERR.*\nBTS\|3\n\z/x, 'in a batch');

$ngx->stop;
done_testing();


sub message {
    my ($id, $location, $accept, $application, $type) = @_;

    return frame("MSH|^~\\&|A|B|C|$location|2026||" . ($type // 'ADT^A01')
                 . "|$id|P|2.5|||" . ($accept // '') . '|'
                 . ($application // ''));
}


# what came until the answer to a message that is always answered

sub received {
    my ($mode) = @_;
    my $client = $c{$mode};

    if ($mode eq 'none') {
        $client->half_close;
        $c{none} = $ngx->client('NONE');

    } else {
        $client->write(message 'END', 'no_type', 'AL', 'NE');
    }

    my @got = $client->read_to($mode eq 'none' ? undef : 'END');

    pop @got if $mode eq 'release2';

    return join ' ', map {
        /^\\x/ ? $_ : field($_, 'MSA-1')
                      . (field($_, 'MSH-3') eq 'BACK' ? "'" : '')
    } @got;
}


sub refused {
    my ($name, $code, $why) = @_;

    for my $client (qw(auto proxy)) {
        my $start = length $ngx->log;

        $c{$client}->write(message 'R1', $name);
        $ack = $c{$client}->read;
        is(field($ack, 'MSA-1') . field($ack, 'MSA-2'), $code . 'R1',
           "$name, $client");
        is(field($ack, 'MSH-3'), 'C', "$name, $client: ours");
        like(field($ack, 'ERR-8'), qr/^$why/, "$name, $client: the reason");
        like(substr($ngx->log, $start),
             qr/\[error\].*acknowledgement of the backend refused: $why/,
             "$name, $client: in the log");
    }
}
