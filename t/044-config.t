use lib 't/lib';
use strict;
use warnings;
use Test::More;
use ConfTest;
use Engine;

# What nginx -t says of a configuration: the directive or value, the file and
# the line.  A reload with a bad one changes nothing.

sub settings;

my $ngx = Engine->start(stream => <<'EOS', http => <<'EOH');
    server { listen 127.0.0.1:%%MLLP%%; mllp_pass hie /hl7/; }
EOS
    server { server_name hie; mllp_only; location /hl7/ { return 200; } }
EOH

ConfTest->of($ngx);

my $http = 'server { server_name hie; mllp_only; location / { return 200; } }';
my $listen = '127.0.0.1:' . $ngx->port('OTHER');
my ($c, $out, @old, @new);


# values of directives of stream{}, in the line of the directive

for my $case (
    ['mllp_max_size 0', '"mllp_max_size" directive must be between 1 and 1024m'],
    ['mllp_max_size 1025m', '"mllp_max_size" directive must be between'],
    ['mllp_max_size big', '"mllp_max_size" directive invalid value'],
    ['mllp_max_size', 'invalid number of arguments in "mllp_max_size"'],
    ['mllp_max_header 0', '"mllp_max_header" directive must be between'],
    ['mllp_max_junk 0', '"mllp_max_junk" directive must be between'],
    ['mllp_max_junk -1', '"mllp_max_junk" directive invalid value'],
    ['mllp_buffer_size 0', '"mllp_buffer_size" directive must be between'],
    ['mllp_buffer_size x', '"mllp_buffer_size" directive invalid value'],
    ['mllp_ack_max_size 0', '"mllp_ack_max_size" directive must be between'],
    ['mllp_ack_max_size 1x', '"mllp_ack_max_size" directive invalid value'],
    ['mllp_read_timeout soon', '"mllp_read_timeout" directive invalid value'],
    ['mllp_idle_timeout -1', '"mllp_idle_timeout" directive invalid value'],
    ['mllp_send_timeout x', '"mllp_send_timeout" directive invalid value'],
    ['mllp_quiet_timeout x', '"mllp_quiet_timeout" directive invalid value'],
    ['mllp_inflight 0', '"mllp_inflight" directive must be greater than 0'],
    ['mllp_inflight -1', '"mllp_inflight" directive invalid number'],
    ['mllp_inflight some', '"mllp_inflight" directive invalid number'],
    ['mllp_ack maybe', 'invalid value "maybe"'],
    ['mllp_ack_map 4xx=CE', 'invalid value "4xx=CE", it must be like 4xx=AE'],
    ['mllp_ack_map 4xx=AX', 'invalid value "4xx=AX"'],
    ['mllp_ack_map 4xx', 'invalid value "4xx"'],
    ['mllp_ack_map 40x=AE', 'invalid value "40x=AE"'],
    ['mllp_ack_map 199=AE', 'invalid value "199=AE"'],
    ['mllp_ack_map 600=AE', 'invalid value "600=AE"'],
    ['mllp_ack_map 4xx=AEE', 'invalid value "4xx=AEE"'],
    ['mllp_ack_map 4xx=AE 5xx:AR', 'invalid value "5xx:AR"'],
    ['mllp_ack_map', 'invalid number of arguments in "mllp_ack_map"'],
    ['mllp_tolerate everything', 'deviation "everything" cannot be tolerated'],
    ['mllp_tolerate bom utf16', 'deviation "utf16" cannot be tolerated'],
    ['mllp_tolerate too_large', 'deviation "too_large" cannot be tolerated'],
    ['mllp_tolerate none bom', 'deviation "none" cannot be tolerated'],
    ['mllp_tolerate fs_only fs_in_data',
     '"mllp_tolerate" directive cannot have both "fs_only" and "fs_in_data"'],
    ['mllp_charset KLINGON', 'unknown character set "KLINGON"'],
    ['mllp_charset UTF-16', 'unknown character set "UTF-16"'],
    ['mllp_quarantine path max=0', 'invalid parameter "max=0"'],
    ['mllp_pass hie', 'invalid number of arguments in "mllp_pass"'],
    ['mllp_pass hie hl7/', 'URI "hl7/" must begin with "/"'],
    ['mllp_pass hie ""', 'URI "" must begin with "/"'],
    ['mllp_pass nobody /', 'no http server has the server_name "nobody"'],
)
{
    my ($directive, $error) = @$case;

    refused "stream{} server{}: $directive", 6, $error, <<EOF;
http { $http }
stream {
    server {
        listen $listen;
        # the bad line
        $directive;
    }
}
EOF
}


# twice; elsewhere

for my $directive ('mllp_max_size 1m', 'mllp_max_header 1k', 'mllp_max_junk 1m',
                   'mllp_buffer_size 8k', 'mllp_ack_max_size 8k',
                   'mllp_read_timeout 1s', 'mllp_idle_timeout 1s',
                   'mllp_send_timeout 1s', 'mllp_quiet_timeout 1s',
                   'mllp_inflight 1', 'mllp_ack none', 'mllp_ack_map 4xx=AE',
                   'mllp_tolerate none', 'mllp_charset UTF-8',
                   'mllp_quarantine off', 'mllp_pass hie /')
{
    my ($name) = $directive =~ /(\w+)/;

    refused "twice: $directive", 5, qq("$name" directive is duplicate), <<EOF;
http { $http }
stream {
    server {
        $directive;
        $directive;
        listen $listen;
    }
}
EOF

    # three have a meaning there, to the sender
    refused "in http{}: $directive", 2,
            qq("$name" directive is not allowed here), <<EOF
http {
    $directive;
}
EOF
        unless $name =~ /^mllp_(?:buffer_size|(?:read|send)_timeout)$/;

    next if $name eq 'mllp_pass';

    accepted "inherited: $directive", <<EOF;
http { $http }
stream {
    $directive;
    server { listen $listen; mllp_pass hie /; $directive; }
}
EOF
}

accepted "values: $_", <<EOF
http { $http }
stream {
    server {
        listen $listen;
        mllp_pass hie /\$hl7_message_type?id=\$hl7_field_PID_3r2_4_2;
        $_;
    }
}
EOF
    for 'mllp_max_size 1', 'mllp_max_size 1024m', 'mllp_ack accept',
        'mllp_ack original', 'mllp_ack auto', 'mllp_ack release2',
        'mllp_ack_map 4xx=AE 415=AR 5xx=AR 202=AE 2xx=AA 3xx=AR',
        'mllp_tolerate default fs_only multi_msh', 'mllp_tolerate fs_in_data',
        'mllp_tolerate no_vt damaged_start', 'mllp_charset 8859/1',
        'mllp_charset iso-8859-15', 'mllp_charset Shift_JIS';


# the http server

accepted 'stream{} before http{}', <<EOF;
stream { server { listen $listen; mllp_pass hie /; } }
http { $http }
EOF

accepted 'the name in other letters, one of several, on a socket', <<EOF;
http { server { listen $listen; server_name other HIE.test; } }
stream { server { listen 127.0.0.1:1; mllp_pass hie.test /; } }
EOF

refused 'no http{}', 4, 'no http server has the server_name "hie"', <<EOF;
stream {
    server {
        listen $listen;
        mllp_pass hie /;
    }
}
EOF

refused 'mllp_only after listen', 4,
        '"mllp_only" directive conflicts with "listen"', <<EOF;
http {
    server {
        listen $listen;
        mllp_only;
    }
}
EOF

# of two of several lines it is the server's
refused 'mllp_only before listen', 2, '"mllp_only" conflicts with "listen"', <<EOF;
http {
    server {
        mllp_only;
        listen $listen;
    }
}
EOF

refused 'mllp_only twice', 4, '"mllp_only" directive is duplicate', <<EOF;
http {
    server {
        mllp_only;
        mllp_only;
    }
}
EOF

refused 'mllp_only in a location', 3,
        '"mllp_only" directive is not allowed here', <<EOF;
http {
    server { location / {
        mllp_only;
    } }
}
EOF

refused 'hl7_read_body', 2, 'invalid value "maybe" in "hl7_read_body"', <<EOF;
http {
    hl7_read_body maybe;
}
EOF


# paths in names of variables

for my $case (['hl7_field_', 'a segment name has three characters at ""'],
              ['hl7_field_pi', 'a segment name has three characters'],
              ['hl7_field_pid_0', '"\$hl7_field_pid_0" names no HL7 path'],
              ['hl7_field_pid_x', '"\$hl7_field_pid_x" names no HL7 path'],
              ['hl7_field_pid_70000', 'names no HL7 path'],
              ['hl7_field_pid_3_1_2_4', 'names no HL7 path'],
              ['hl7_field_p_d_3', 'names no HL7 path'],
              ['hl7_field_pid_3r', 'names no HL7 path'],
              ['hl7_utf8_pid3_', '"\$hl7_utf8_pid3_" names no HL7 path'])
{
    my ($name, $error) = @$case;

    refused "http{}: \$$name", '\d+', $error, <<EOF;
http {
    $http
    server { listen $listen; location / { return 200 "\$$name"; } }
}
EOF

    refused "stream{}: \$$name", '\d+', $error, <<EOF;
http { $http }
stream {
    log_format x "\$$name";
    server { listen $listen; mllp_pass hie /; }
}
EOF
}


# a reload

$c = $ngx->client('MLLP');
$c->send(hl7('ADT^A01', 'M1'));
is(field($c->read, 'MSA-2'), 'M1', 'a message before the reload');

for my $case (["server { listen $listen; mllp_pass nobody /; }",
               'no http server has the server_name "nobody" in .*nginx.conf:\d+'],
              ["server { listen $listen; mllp_inflight 0; }",
               'directive must be greater than 0 in .*nginx.conf:\d+'],
              ["log_format x \"\$hl7_field_x\";",
               'names no HL7 path: .* in .*nginx.conf:\d+'])
{
    my ($text, $error) = @$case;
    my $master = $ngx->master;

    @old = $ngx->workers;
    $ngx->{stream} = "$text\n" . settings;
    $ngx->configure;
    $ngx->signal('HUP');

    wait_for { $ngx->log =~ /\[emerg\].*$error/ } 'the error';

    $c->send(hl7('ADT^A01', 'M2'));
    is(field($c->read, 'MSA-2'), 'M2', "a bad reload ($error) disturbs nothing");

    @new = $ngx->workers;
    is_deeply([$ngx->master, @new], [$master, @old], 'all processes are there');
}

$c->close;
@old = $ngx->reload(stream => settings);
$ngx->wait_gone(@old);

$c = $ngx->client('MLLP');
$c->send(hl7('ADT^A01', 'M3'));
is(field($c->read, 'MSA-2'), 'M3', 'a good one works afterwards');

$c->close;

$ngx->{allow} = qr/\[emerg\].*(?:server_name "nobody"|greater than 0|no HL7 path)/;
$ngx->stop;

done_testing();


sub settings {
    return 'server { listen 127.0.0.1:%%MLLP%%; mllp_pass hie /hl7/; }';
}
