use lib 't/lib';
use strict;
use warnings;
use Test::More;
use Engine;
use Held;

# Who goes over a bound is told so, if his MSH can be read, and the connection
# ends.  What is just within it is a message as any other.

sub message;
sub of_size;
sub answers;
sub logged;

my $back = Held->new;
my $port = $back->port;

my $ngx = Engine->start(stream => <<'EOS', http => <<"EOH");
    server { listen 127.0.0.1:%%SIZE%%; mllp_max_size 200; mllp_pass hie /; }

    server {
        listen 127.0.0.1:%%TINY%%;
        mllp_max_size 200;
        mllp_buffer_size 1;
        mllp_pass hie /;
    }

    server {
        listen 127.0.0.1:%%FS%%;
        mllp_max_size 200;
        mllp_tolerate default fs_in_data;
        mllp_pass hie /;
    }

    server {
        listen 127.0.0.1:%%FS_ONLY%%;
        mllp_max_size 200;
        mllp_tolerate default fs_only;
        mllp_pass hie /;
    }

    server {
        listen 127.0.0.1:%%ACCEPT%%;
        mllp_max_size 200;
        mllp_ack accept;
        mllp_pass hie /;
    }

    server {
        listen 127.0.0.1:%%NO_ACK%%;
        mllp_max_size 200;
        mllp_ack none;
        mllp_pass hie /;
    }

    server {
        listen 127.0.0.1:%%LARGE%%;
        mllp_max_size 3m;
        mllp_buffer_size 1k;
        mllp_pass hie /;
    }

    server { listen 127.0.0.1:%%JUNK%%; mllp_max_junk 10; mllp_pass hie /; }

    server {
        listen 127.0.0.1:%%SLOW%%;
        mllp_read_timeout 200ms;
        mllp_pass hie /;
    }

    server {
        listen 127.0.0.1:%%IDLE%%;
        mllp_idle_timeout 500ms;
        mllp_pass hie /$hl7_receiving_facility;
    }
EOS
    log_format size '\$hl7_control_id \$hl7_size \$status';

    server {
        server_name hie;
        mllp_only;
        access_log logs/access.log size;

        location / { return 200; }
        location = /held { proxy_pass http://127.0.0.1:$port; }
    }
EOH

my ($c, $ack, $request, $bytes);


# mllp_max_size, to the byte, and in packets that end there

for my $listener (qw(SIZE TINY FS FS_ONLY)) {
    answers $listener, of_size('A1', 199) . of_size('A2', 200),
            'AA A1, AA A2', "$listener: up to the bound";
    answers $listener, of_size('A3', 201), 'AR A3, close',
            "$listener: a byte over it";
    answers $listener, of_size('A4', 200) . of_size('A5', 9000)
                       . of_size('A6', 100), 'AA A4, AR A5, close',
            "$listener: much over it, nothing behind it";
}

$bytes = of_size 'B1', 200;
substr $bytes, -4, 2, "\x1cx";
answers 'FS', $bytes, 'AA B1', 'FS is the last byte but one';

$bytes = of_size 'B2', 201;
substr $bytes, -3, 1, "\x1c";
answers 'FS', $bytes, 'AR B2, close', 'FS is the byte over the bound';

$c = $ngx->client('SIZE');
$c->write(of_size 'B3', 201);
$ack = $c->read;
is(field($ack, 'MSA-1'), 'AR', 'too large is AR');
is(field($ack, 'ERR-8'), 'message is too large', 'with the reason');
is(field($ack, 'ERR-7'), 'byte 200', 'and the place');
ok($c->eof, 'and the end');
logged qr/\[warn\].*too large, "too_large", frame at byte 1 .*client: 127/,
       'in the log';
unlike($ngx->access_log, qr/^(?:A3|A5|A6|B2|B3) /m, 'no request is made');

answers 'SIZE', "\x0b" . 'x' x 300, 'close', 'too large, and no MSH: no answer';
answers 'ACCEPT', of_size('B4', 201), 'CR B4, close', 'accept mode';
answers 'NO_ACK', of_size('B5', 201), 'close', 'no acknowledgements';


# a message is larger than the buffer, and than what http takes

$c = $ngx->client('LARGE');

for my $size (1000, 1024, 1025, 5000, 1024 * 1024, 10_000) {
    $c->write(of_size "C$size", $size);
    is(field($c->read, 'MSA-2'), "C$size", "a message of $size bytes");
    like($ngx->access_log, qr/^C$size $size 200$/m, 'as a whole');
}

$c->write(of_size('C413', 1024 * 1024 + 1) . message('C200'));
$ack = $c->read;
is(field($ack, 'MSA-1'), 'AR', 'over client_max_body_size');
is(field($ack, 'ERR-3'), '104^Value too long^HL70357', 'with the reason');
is(field($c->read, 'MSA-2'), 'C200', 'the connection goes on');
like($ngx->access_log, qr/^C413 1048577 413$/m, 'status 413');

answers 'LARGE', of_size('C3M', 3 * 1024 * 1024 + 1), 'AR C3M, close',
        'over mllp_max_size as well';


# mllp_max_junk, of each run

answers 'JUNK', 'x' x 10 . message('D1') . 'y' x 10 . message('D2'),
        'AA D1, AA D2', 'junk up to the bound, twice';
answers 'JUNK', message('D3') . 'x' x 11 . message('D4'), 'AA D3, close',
        'a byte more';
logged qr/\[info\].*sent no MLLP: "too_much_junk" at byte 84 .*client: 127/,
       'in the log';
answers 'JUNK', 'x' x 11 . message('D5'), 'close', 'at the start';


# mllp_read_timeout: a frame that does not end

for my $cut (1, 2, 20) {
    answers 'SLOW', substr(message("E$cut"), 0, -$cut), "AR E$cut, close",
            "$cut bytes are missing";
}

$c = $ngx->client('SLOW');
$c->write(message('E3') . substr message('E4'), 0, -3);
is(field($c->read, 'MSA-1'), 'AA', 'a message before it');
$ack = $c->read;
is(field($ack, 'MSA-1'), 'AR', 'timed out is AR');
is(field($ack, 'ERR-8'), 'timed out in the message', 'with the reason');
ok($c->eof, 'and the end');
logged qr/\[warn\].*timed out inside a frame .*client: 127/, 'in the log';

answers 'SLOW', "\x0b", 'close', 'VT alone: no answer';
answers 'SLOW', "\x0bMSH", 'close', 'half a MSH: no answer';
answers 'SLOW', "\x0bMSH|^~\\&|LAB", 'AR , close', 'MSH in part: AR';
unlike($ngx->access_log, qr/^E(?:1|2|4|20) /m, 'no request is made');

# FS that waits for its CR has a name
answers 'SLOW', substr(message('E5'), 0, -1), 'AR E5, close', 'FS and no CR';
logged qr/\[warn\].*MLLP deviations: fs_only x1 at byte 72 .*client: 127/,
       'is the deviation "fs_only"';


# mllp_idle_timeout: no frame, none in work

answers 'IDLE', '', 'close', 'nothing';
answers 'IDLE', message('F1'), 'AA F1, close', 'no more';
logged qr/\[info\].*closing idle MLLP connection .*client: 127/, 'in the log';

$c = $ngx->client('IDLE');
(my $held = message 'F2') =~ s/\|ERP\|/|held|/;
$c->write($held);
$request = $back->accept;
answers 'IDLE', message("F$_"), "AA F$_, close", 'others are idle' for 3 .. 4;
$request->answer(200);
is(field($c->read, 'MSA-2'), 'F2', 'a message that is processed is awaited');
ok($c->eof, 'then it is idle as well');

$ngx->stop;
done_testing();


sub message {
    my ($id) = @_;

    return frame(hl7('ADT^A01', $id, 'PID|1||4711'));
}


# a frame with so many bytes of content

sub of_size {
    my ($id, $size) = @_;
    my $head = hl7('ADT^A01', $id, 'NTE|1||');

    return frame($head . 'x' x ($size - 1 - length $head));
}


sub answers {
    my ($listener, $bytes, $want, $name) = @_;
    my $client = $ngx->client($listener);
    my @got;

    $client->write($bytes);
    $client->half_close unless $want =~ /close/;

    while (defined(my $got = $client->read)) {
        push @got, field($got, 'MSA-1') . ' ' . field($got, 'MSA-2');
    }

    push @got, 'close' if $want =~ /close/;

    is(join(', ', @got), $want, $name);
}


sub logged {
    my ($line, $name) = @_;

    like($ngx->log, $line, $name);
}
