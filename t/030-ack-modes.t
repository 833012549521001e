use lib 't/lib';
use strict;
use warnings;
use Test::More;
use Engine;

# Which acknowledgements are sent: MSH-15 and MSH-16 by the outcome, in each
# mode; a block in release 2; none to an acknowledgement.

sub message;
sub received;
sub check;

# MSH-15, MSH-16 => what is sent for 2xx, 4xx, 5xx

my @auto = (
    ['', ''] => ['AA', 'AE', 'AR'],

    ['NE', 'NE'] => ['', '', ''],
    ['AL', 'NE'] => ['CA', 'CE', 'CR'],
    ['SU', 'NE'] => ['CA', '', ''],
    ['ER', 'NE'] => ['', 'CE', 'CR'],
    ['NE', 'AL'] => ['AA', 'AE', 'AR'],
    ['NE', 'SU'] => ['AA', '', ''],
    ['NE', 'ER'] => ['', 'AE', 'AR'],

    ['AL', 'AL'] => ['CA,AA', 'CE', 'CR'],
    ['AL', 'SU'] => ['CA,AA', 'CE', 'CR'],
    ['AL', 'ER'] => ['CA', 'CE', 'CR'],
    ['SU', 'AL'] => ['CA,AA', 'AE', 'AR'],
    ['SU', 'SU'] => ['CA,AA', '', ''],
    ['SU', 'ER'] => ['CA', 'AE', 'AR'],
    ['ER', 'AL'] => ['AA', 'CE', 'CR'],
    ['ER', 'SU'] => ['AA', 'CE', 'CR'],
    ['ER', 'ER'] => ['', 'CE', 'CR'],

    # an empty one beside a valued one: NE in MSH-15, AL in MSH-16

    ['AL', ''] => ['CA,AA', 'CE', 'CR'],
    ['SU', ''] => ['CA,AA', 'AE', 'AR'],
    ['ER', ''] => ['AA', 'CE', 'CR'],
    ['NE', ''] => ['AA', 'AE', 'AR'],
    ['', 'AL'] => ['AA', 'AE', 'AR'],
    ['', 'SU'] => ['AA', '', ''],
    ['', 'ER'] => ['', 'AE', 'AR'],
    ['', 'NE'] => ['', '', ''],

    # null is empty, another value is AL

    ['""', '""'] => ['AA', 'AE', 'AR'],
    ['""', 'NE'] => ['', '', ''],
    ['XX', 'NE'] => ['CA', 'CE', 'CR'],
    ['NE', 'al'] => ['AA', 'AE', 'AR'],
);

# to an acknowledgement: what its MSH-15 asks for, and nothing by MSH-16

my @to_ack = (
    ['', ''] => ['', '', ''],
    ['AL', ''] => ['CA', 'CE', 'CR'],
    ['AL', 'AL'] => ['CA', 'CE', 'CR'],
    ['ER', 'AL'] => ['', 'CE', 'CR'],
    ['SU', 'AL'] => ['CA', '', ''],
    ['NE', 'AL'] => ['', '', ''],
    ['', 'AL'] => ['', '', ''],
);

my @modes = qw(auto original accept release2 none);

my $ngx = Engine->start(stream => join('', map { <<"EOS" } @modes),
    server {
        listen 127.0.0.1:%%\U$_\E%%;
        mllp_ack $_;
        mllp_pass hie /\$hl7_receiving_facility;
    }
EOS
                        http => <<'EOH');
    log_format code '$hl7_control_id $hl7_ack_code';

    server {
        server_name hie;
        mllp_only;
        access_log logs/access.log code;

        location /200 { return 200; }
        location /400 { return 400; }
        location /500 { return 500; }
    }
EOH

my (%c, $n, $c);

$c{$_} = $ngx->client("\U$_") for @modes;

check 'ADT^A01', '', @auto;

# each shape of an acknowledgement: by its type, by MSA
check 'ACK^A01^ACK', "MSA|AA|4711\r", @to_ack;
check 'ACK', '', @to_ack;
check 'ORR^O02', "MSA|AE|4711\r", @to_ack;
check 'RSP^K22', "SFT|x\rMSA|AA|4711\rQAK|1\r", @to_ack;


# nor is one answered that is refused

for my $bytes ("\x0bx" . substr(message('ACK', 'M1', 200, '', ''), 1),
               message('ACK', '', 200, '', ''),
               message('../ACK', 'M1', 200, '', '', "MSA|AA|1\r"),
               message('ACK', 'M1', '../x', '', ''))
{
    $c{auto}->write($bytes);
    is_deeply([received 'auto'], [], 'a bad acknowledgement');
}

$c = $ngx->client('AUTO');
$c->write(substr message('ACK', 'M1', 200, '', ''), 0, -2);
$c->half_close;
ok($c->eof, 'half an acknowledgement');


# a block acknowledgement of the peer is taken, also by who sends none

for my $mode (@modes) {
    $c{$mode}->write("\x0b\x06\x1c\r\x0b\x15\x1c\r");
    is_deeply([received $mode], [], "block acknowledgements, $mode");
}

like($ngx->log, qr/\[warn\].*client did not commit.*client: 127/,
     'a negative one is in the log');
is((() = $ngx->log =~ /did not commit/g), scalar @modes, 'once for each');


# the mode is the server's, the variable tells what was sent

for my $case (['auto', 'AL', 'AL', 200, 'CA,AA'],
              ['auto', 'NE', 'NE', 200, '-'], ['auto', 'AL', 'AL', 400, 'CE'],
              ['none', '', '', 200, '-'],
              ['accept', '', '', 500, 'CR'], ['release2', '', '', 200, 'AA'])
{
    my ($mode, $accept, $application, $status, $code) = @$case;

    $c{$mode}->write(message 'ADT^A01', 'M' . ++$n, $status, $accept,
                     $application);
    received $mode;
    wait_for { $ngx->access_log =~ /^M$n /m } 'the log';
    like($ngx->access_log, qr/^M$n $code$/m, "\$hl7_ack_code: $code");
}


# what is accepted and what is not, in the same order as received

$c = $ngx->client('RELEASE2');
$c->write(message('ADT^A01', 'R1', 200, 'AL', 'AL')
          . message('ADT^A01', 'R2', 500, 'NE', 'NE')
          . "\x0b\x06\x1c\r"
          . message('ADT^A01', 'R3', 200, 'NE', 'NE')
          . "\x0bMSH|^~\\&|A|B|C|200|2026||ADT^A01||P|2.5\r\x1c\r");
is_deeply([map { my $ack = $c->read;
                 $ack =~ /^\\/ ? $ack : field($ack, 'MSA-1') } 1 .. 7],
          ['\x06', 'CA', 'AA', '\x15', '\x06', '\x15', 'AE'],
          'block acknowledgements are in order');

$ngx->stop;
done_testing();


sub message {
    my ($type, $id, $location, $accept, $application, $more) = @_;

    return "\x0b" . join("\r", "MSH|^~\\&|A|B|C|$location|2026||$type|$id|P|2.5"
                               . "|||$accept|$application", $more // '')
           . "\x1c\r";
}


# what came in this mode until the answer to a message that is always answered

sub received {
    my ($mode) = @_;
    my $client = $c{$mode};

    if ($mode eq 'none') {

        # the end is all that can be seen of it

        $client->half_close;
        $c{none} = $ngx->client('NONE');

    } else {
        $client->write(message 'ADT^A01', 'END', 200, 'AL', 'NE');
    }

    my @got = $client->read_to($mode eq 'none' ? undef : 'END');
    my $block = $mode eq 'release2' ? pop @got : '\x06';

    for my $ack (@got) {
        next if $ack =~ /^\\x/;

        my ($code, $id) = (field($ack, 'MSA-1'), field($ack, 'MSA-2'));
        my $err = field($ack, 'ERR-3');

        # and what else is wrong

        $ack = $code;
        $ack .= " to $id" if $id ne "M$n";
        $ack .= ' without ERR' if $code !~ /A$/ && !$err;
    }

    return $block eq '\x06' ? @got : (@got, "then $block");
}


sub check {
    my ($type, $more, @table) = @_;
    my $to_ack = $type ne 'ADT^A01';

    while (my ($asked, $wanted) = splice @table, 0, 2) {

        for my $i (0 .. 2) {
            my $status = (200, 400, 500)[$i];
            my $name = "$type, MSH-15 '$asked->[0]', MSH-16 '$asked->[1]',"
                       . " status $status";
            my @auto = split /,/, $wanted->[$i];

            my %want = (
                auto => \@auto,
                original => $to_ack ? [] : [qw(AA AE AR)[$i]],
                accept => $to_ack ? \@auto : [qw(CA CE CR)[$i]],
                release2 => [$i ? '\x15' : '\x06', @auto],
                none => []
            );

            for my $mode (grep { $_ ne 'none' } @modes) {
                $n++;
                $c{$mode}->write(message $type, "M$n", $status, @$asked, $more);
                is_deeply([received $mode], $want{$mode}, "$mode: $name");
            }

            $c{none}->write(message $type, "M$n", $status, @$asked, $more);
        }
    }

    is_deeply([received 'none'], [], "none: $type");
}
