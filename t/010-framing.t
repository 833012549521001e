use lib 't/lib';
use strict;
use warnings;
use Digest::MD5 'md5_hex';
use Test::More;
use Engine;

# Frames are found whatever the network makes of them: cut at any byte, several
# in one read, alone or with what senders put around them.  A backend answers
# with the digest of what it got.

sub message;
sub msa;
sub consumed;
sub exchange;
sub digests;

my $port = Engine->backend(sub {
    my ($sock, $request) = @_;
    my ($body) = $request =~ /\r\n\r\n(.*)/s;

    print $sock "HTTP/1.0 200 OK\r\nX-Digest: ", md5_hex($body), "\r\n\r\n";
});

my $ngx = Engine->start(stream => <<'EOS', http => <<"EOH");
    server {
        listen 127.0.0.1:%%MLLP%%;
        mllp_pass hie /hl7/;
    }

    server {
        listen 127.0.0.1:%%SMALL%%;
        mllp_buffer_size 300;
        mllp_pass hie /digest;
    }
EOS
    log_format frame '\$hl7_control_id \$hl7_size \$hl7_deviations';
    log_format digest '\$hl7_control_id \$upstream_http_x_digest';

    server {
        server_name hie;
        mllp_only;

        location /hl7/ {
            access_log logs/access.log frame;
            return 200;
        }

        location = /digest {
            access_log logs/digest.log digest;
            proxy_pass http://127.0.0.1:$port;
        }
    }
EOH

my ($c, $bytes, @ids, %want);


# one byte at a time

$c = $ngx->client('MLLP');

for my $byte (split //, message('B1') . message('B2')) {
    $c->write($byte);
    consumed $c;
}

is_deeply([msa($c, 2)], ['AA B1', 'AA B2'], 'a packet for each byte');


# cut once, at each byte: messages with all that may stand around them

$bytes = message('C1') . "\n" . message('C2')
         . "\x0b" . message('C3') . "\x1c\r"
         . "\0 \r\n" . "\x0bMSH|lost\r" . message('C4')
         . "\x0b\xef\xbb\xbfMSH|^~|LAB||||20260301||ADT^A01|C5|P|2.5\r\n"
         . "\r\nPID|1\x1c\r" . message('C6');

my @want = map { "AA C$_" } 1 .. 6;
my $whole = exchange($bytes);
my (@cut, @logged);

for my $n (1 .. length($bytes) - 1) {
    my $seen = length $ngx->access_log;

    $c->write(substr $bytes, 0, $n);
    consumed $c;
    $c->write(substr $bytes, $n);

    my @got = msa $c, 6;
    push @cut, "at $n: @got" if "@got" ne "@want";

    my $log = substr $ngx->access_log, $seen;
    push @logged, "at $n: $log" if $log ne $whole;
}

is_deeply(\@cut, [], 'cut at any byte: the same acknowledgements');
is_deeply(\@logged, [], 'cut at any byte: the same messages and deviations');


# several frames in one packet, and the last one in two

$c = $ngx->client('MLLP');
@ids = map { "D$_" } 1 .. 60;
$c->write(join '', map { message $_ } @ids);
is_deeply([msa($c, 60)], [map { "AA $_" } @ids], 'many frames in a packet');


# VT alone, trailer alone, and the trailer in two

$bytes = message 'E1';

for my $packets (["\x0b", substr $bytes, 1],
                 [substr($bytes, 0, -2), "\x1c\r"],
                 [substr($bytes, 0, -1), "\r"],
                 ["\x0b", substr($bytes, 1, -2), "\x1c", "\r"])
{
    for my $packet (@$packets) {
        $c->write($packet);
        consumed $c;
    }

    is_deeply([msa($c, 1)], ['AA E1'], @$packets . ' packets');
}


# the end of the connection

$c->write(message 'F1');
$c->half_close;
is_deeply([msa($c, 1)], ['AA F1'], 'answered after a half-close');
ok($c->eof, 'and closed');

$c = $ngx->client('MLLP');
$c->write(message('F2') . substr message('F3'), 0, -1);
$c->half_close;
is_deeply([msa($c, 2)], ['AA F2', 'AR F3'], 'closed before the last CR');
ok($c->eof, 'and closed');
unlike($ngx->access_log, qr/^F3/m, 'half a frame is no request');
like($ngx->log, qr/\[warn\].*closed connection inside a frame.*client: 127/,
     'and is in the log');


# buffers that are full at any place, with messages in flight in them

$bytes = '';

for my $size (map { ($_ * 7, 601 - $_ * 5) } 1 .. 60) {
    my $id = 'G' . keys %want;
    my $message = message($id, 'x' x $size);

    $want{$id} = md5_hex(substr $message, 1, -2);
    $bytes .= $message;
}

@ids = map { "G$_" } 0 .. keys(%want) - 1;
$c = $ngx->client('SMALL');
$c->write($bytes);
is_deeply([msa($c, scalar @ids)], [map { "AA $_" } @ids], 'small buffers');
wait_for { keys %want == keys %{digests()} } 'the digests';
is_deeply(digests(), \%want, 'messages arrive byte for byte');

$ngx->stop;
done_testing();


sub message {
    my ($id, $text) = @_;

    return frame(hl7('ADT^A01', $id, 'PID|1||' . ($text // '4711')));
}


# the codes and ids of the next acknowledgements

sub msa {
    my ($client, $n) = @_;

    return map { my $ack = $client->read // 'MSA|eof|';
                 field($ack, 'MSA-1') . ' ' . field($ack, 'MSA-2') } 1 .. $n;
}


# returns when the engine has read all that was sent

sub consumed {
    my ($client) = @_;
    my $sock = $client->{sock};
    my $ports = sprintf '0100007F:%04X 0100007F:%04X', $sock->peerport,
                     $sock->sockport;

    wait_for {
        Engine::contents('/proc/net/tcp')
            =~ /$ports \w+ [0-9A-F]+:0{8} /
    } 'the engine to read';
}


# what the access log has of these bytes, sent at once

sub exchange {
    my ($bytes) = @_;
    my $seen = length $ngx->access_log;

    $c->write($bytes);
    is_deeply([msa($c, 6)], \@want, 'frames with deviations');

    my $log = substr $ngx->access_log, $seen;
    is($log, <<'EOT', 'their sizes and deviations');
C1 71 -
C2 71 lf_after_fs
C3 71 double_frame
C4 71 junk_between,vt_in_data,double_frame
C5 49 bom,lf_segments,empty_segments,no_final_cr,short_delimiters
C6 71 -
EOT
    return $log;
}


sub digests {
    my $log = Engine::contents($ngx->dir . '/logs/digest.log');

    return { map { /^(\w+) (\w+)$/ ? ($1, $2) : () } split /\n/, $log };
}
