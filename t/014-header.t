use lib 't/lib';
use strict;
use warnings;
use Test::More;
use IO::Socket::INET;
use Engine;

# Acknowledgements repeat fields of MSH, BHS and FHS: a header segment over its
# bound is answered, but not repeated, and the connection goes on.

sub message;
sub answer;

my $ngx = Engine->start(stream => <<'EOS', http => <<'EOH');
    server {
        listen 127.0.0.1:%%MLLP%%;
        mllp_max_header 100;
        mllp_pass hie /$hl7_message_type;
    }

    server { listen 127.0.0.1:%%DEFAULT%%; mllp_pass hie /; }
    server { listen 127.0.0.1:%%UDP%% udp; mllp_pass hie /; }
EOS
    server { server_name hie; mllp_only; location / { return 200; } }
EOH

my $c = $ngx->client('MLLP');

is(answer($c, message('ADT', 100)), 'AA|1', 'MSH of mllp_max_header');
is(answer($c, message('ADT', 101)), 'AE|', 'MSH longer than that');

my $ack = $c->{ack};
like($ack, qr/^ERR\|\|MSH\^1\|104\^/m, 'the error names MSH');
unlike($ack, qr/x{20}/, 'nothing of it is repeated');

is(answer($c, message('ADT', 101) =~ s/(PID.*)/"$1" . "x" x 500/er), 'AE|',
   'the rest of the message does not matter');

my $batch = "BHS|^~\\&|A|B|C|D|||%s\r" . message('ADT', 60) . "BTS|1\r";

like(answer($c, sprintf($batch, 'x' x 70)), qr/^AA\|1$/, 'BHS within it');
is(answer($c, sprintf($batch, 'x' x 90)), 'AE|', 'BHS longer than that');
is(answer($c, message('ADT', 100)), 'AA|1', 'the connection goes on');
$c->close;

$c = $ngx->client('DEFAULT');
is(answer($c, message('ADT', 8192)), 'AA|1', '8k by default');
is(answer($c, message('ADT', 8193)), 'AE|', 'no more');
$c->close;

# datagrams have no order to be answered in

my $udp = IO::Socket::INET->new(Proto => 'udp',
                                PeerAddr => '127.0.0.1:' . $ngx->port('UDP'));
$udp->send("\x0b" . message('ADT', 60) . "\x1c\r");
wait_for { $ngx->log =~ /"mllp_pass" requires TCP/ } 'the line';
ok(1, 'UDP is refused');

$ngx->stop;
done_testing();


# MSH has as many bytes as asked for

sub message {
    my ($type, $size) = @_;
    my $msh = "MSH|^~\\&|A|B|C|D|20260301||$type|1|P|2.5||";

    return $msh . 'x' x ($size - length $msh) . "\rPID|1||4711\r";
}

sub answer {
    my ($c, $text) = @_;

    $c->write("\x0b$text\x1c\r");
    $c->{ack} = $c->read;

    return $c->{ack} =~ /^MSA\|(.*)$/m ? $1 : $c->{ack};
}
