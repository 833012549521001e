use lib 't/lib';
use strict;
use warnings;
use Test::More;
use ConfTest;
use Engine;
use Receiver;

# mllp_pass to upstream{}: kept connections, several receivers, and never a
# second time what may have been accepted.  And what nginx -t says.

sub exchange;
sub last_ack;
sub in_location;

my ($one, $two) = (Receiver->new, Receiver->new);
my ($port1, $port2) = ($one->port, $two->port);

my $ngx = Engine->start(http => <<"EOH");
    log_format tries '\$arg_n|\$status|\$mllp_reply|\$upstream_addr|'
                     '\$upstream_status';

    upstream kept  { zone kept 128k; server 127.0.0.1:$port1; keepalive 2; }

    upstream two {
        server 127.0.0.1:$port1 max_fails=0;
        server 127.0.0.1:$port2 max_fails=0 backup;
    }

    upstream fails {
        zone fails 128k;
        server 127.0.0.1:$port1 max_fails=1 fail_timeout=1h;
        server 127.0.0.1:$port2 backup;
    }

    upstream unix_socket { server unix:%%DIR%%/his.sock; }

    server {
        listen 127.0.0.1:%%HTTP%%;
        access_log logs/tries.log tries;
        mllp_read_timeout 300ms;

        location /kept { mllp_pass kept; }

        location /two { mllp_pass two; }

        location /again {
            mllp_next_upstream error timeout invalid_response non_idempotent;
            mllp_pass two;
        }

        location /again/kept {
            mllp_next_upstream error non_idempotent;
            mllp_pass kept;
        }

        location /off { mllp_next_upstream off; mllp_pass two; }

        location /one {
            mllp_next_upstream error timeout non_idempotent;
            mllp_next_upstream_tries 1;
            mllp_pass two;
        }

        location /fails { mllp_pass fails; }

        location /unix { mllp_pass unix_socket; }

        location /name { set \$up two; mllp_pass \$up; }
        location /bind { mllp_bind 127.0.0.2; mllp_socket_keepalive on; mllp_pass kept; }

        location /gone { mllp_pass 127.0.0.1:$port1; }

        location /stay {
            mllp_ignore_client_abort on;
            mllp_pass 127.0.0.1:$port1;
        }
    }
EOH

my ($c, $d, $request, $text, $sock);


# a connection is kept after a clean acknowledgement

$request = post($ngx->port('HTTP'), '/kept', message('A1'));
$c = $one->accept;
$c->read;
$c->send(ack('A1', 'AA'));
is(answer($request)->{status}, 200, 'A1');

for my $code ('AE', 'AR', 'CA') {
    is(exchange('/kept', "A-$code", $c, sub { $c->send(ack("A-$code", $code)) }),
       { AE => 422, AR => 503, CA => 200 }->{$code}, "kept, then $code");
}

is(exchange('/kept', 'A2', $c, sub { $c->write("\x0b\x06\x1c\r") }), 200,
   'kept, then a block');
is(exchange('/kept', 'A3', $c, sub {
    $c->send(ack('A1', 'AE'), ack('A3', 'AA'));
}), 200, 'kept, then a late one and the right one');
is(exchange('/kept', 'A4', $c, sub {
    $c->write(Mllp::frame(ack('A4', 'CA')) . Mllp::frame(ack('A4', 'AA')));
}), 200, 'kept, then two of them');
is(exchange('/kept', 'A5', $c, sub {
    $c->write(Mllp::frame(ack('A5', 'AA')) . "\n");
}), 200, 'kept, then a LF behind it');
is(exchange('/kept', 'A6', $c, sub {
    $c->write("\x0b" . ack('A6', 'AA') =~ s/\n/\r/gr . "\x1c");
}), 200, 'kept, then one without the last CR');
ok($c->eof, 'closed after that');
ok(!$one->pending, 'all of it was one connection');

for my $rest ("\x0b", "junk", Mllp::frame('MSH|') . "\x0bMSH") {
    $request = post($ngx->port('HTTP'), '/kept', message('B1'));
    $c = $one->accept;
    $c->read;
    $c->write(Mllp::frame(ack('B1', 'AA')) . $rest);
    is(answer($request)->{status}, 200, 'an acknowledgement and something more');
    ok($c->eof, 'the connection is not kept');
}

$request = post($ngx->port('HTTP'), '/kept', message('C1', '|||NE|NE'));
$c = $one->accept;
$c->read;
is(answer($request)->{status}, 200, 'nothing is owed');
is(exchange('/kept', 'C1', $c, sub { }, '|||NE|NE'), 200,
   'the connection is kept all the same');
$c->send(ack('C1', 'AE'));
ok($c->eof, 'what comes when nothing is due ends the connection');

$request = post($ngx->port('HTTP'), '/kept', message('C2'));
$c = $one->accept;
$c->read;
is(answer($request)->{status}, 504, 'a time-out');
ok($c->eof, 'its connection is not kept: the late one cannot be mistaken');

# a kept one that the receiver has closed meanwhile

for my $case (['/kept', 504, 0], ['/again/kept', 200, 1]) {
    my ($uri, $status, $again) = @$case;

    $request = post($ngx->port('HTTP'), $uri, message('D1'));
    $c = $one->accept;
    $c->read;
    $c->send(ack('D1', 'AA'));
    answer($request);

    $request = post($ngx->port('HTTP'), $uri, message('D2'));
    is(field($c->read, 'MSH-10'), 'D2', 'sent over the kept connection');
    $c->reset;

    if ($again) {
        $c = $one->accept;
        $c->read;
        $c->send(ack('D2', 'AA'));
    }

    is(answer($request)->{status}, $status,
       'reset: ' . ($again ? 'once more if it may be' : 'not once more'));
    $c->close if $again;
}


# another receiver

is(exchange('/two', 'E1', $one, sub { last_ack($_[0], 'E1') }), 200,
   'the first one');

$one->down;

for my $uri ('/two?n=e2', '/name', '/again') {
    is(exchange($uri, 'E2', $two, sub { last_ack($_[0], 'E2') }), 200,
       "$uri: the first one is down, the other one has it");
}

like($ngx->logged('tries', qr/^e2\|/),
     qr/^e2\|200\|AA\|127\.0\.0\.1:$port1, 127\.0\.0\.1:$port2\|502, 200$/,
     'both are in the log');
is(answer(post($ngx->port('HTTP'), '/off', message('E3')))->{status}, 502,
   'mllp_next_upstream off');
is(answer(post($ngx->port('HTTP'), '/one', message('E4')))->{status}, 502,
   'mllp_next_upstream_tries');
$one->up;

my %what = (
    'closed' => sub { $_[0]->close },
    'reset' => sub { $_[0]->reset },
    'late' => sub { $_[0]->eof },
    'wrong' => sub { $_[0]->send(ack('F', 'XX')) }
);

for my $what (sort keys %what) {
    is(exchange('/two?n=' . $what, 'F', $one, $what{$what}),
       $what eq 'wrong' ? 503 : 504, "sent, $what: not to the other one");
    is((split /\|/, $ngx->logged('tries', qr/^$what\|/))[3],
       "127.0.0.1:$port1", "sent, $what: one try");
    ok(!$two->pending, "sent, $what: the other one has heard nothing");

    $request = post($ngx->port('HTTP'), '/again', message('F'));
    $c = $one->accept;
    $c->read;
    $what{$what}->($c);
    $d = $two->accept;
    is(field($d->read, 'MSH-10'), 'F', "sent, $what: non_idempotent");
    last_ack($d, 'F');
    is(answer($request)->{status}, 200, "sent, $what: by the other one");
}

is(exchange('/one', 'F1', $one, sub { $_[0]->close }), 504,
   'the last try ends as the only one');


# max_fails counts silence as well

is(exchange('/fails', 'G1', $one, sub {
    last_ack($_[0], 'G1', 'AR');
}), 503,
   'AR is no failure');
is(exchange('/fails', 'G2', $one, sub { $_[0]->send(ack('G2', 'XX')) }), 503,
   'no valid acknowledgement is one');
is(exchange('/fails', 'G3', $two, sub { last_ack($_[0], 'G3') }), 200,
   'the backup has the next one');
ok(!$one->pending, 'and the first one nothing');


# other places to go to and to come from

$sock = IO::Socket::UNIX->new(Local => $ngx->dir . '/his.sock', Listen => 1)
    or die "unix: $!\n";
chmod 0777, $ngx->dir . '/his.sock';

$request = post($ngx->port('HTTP'), '/unix', message('H1'));
$c = bless { sock => scalar $sock->accept, in => '' }, 'Mllp';
is(field($c->read, 'MSH-10'), 'H1', 'a Unix socket');
$c->send(ack('H1', 'AA'));
is(answer($request)->{status}, 200, 'a Unix socket: acknowledged');

$request = post($ngx->port('HTTP'), '/bind', message('H2'));
$c = $one->accept;
is($c->{sock}->peerhost, '127.0.0.2', 'mllp_bind');
$c->read;
$c->send(ack('H2', 'AA'));
is(answer($request)->{status}, 200, 'mllp_bind: acknowledged');


# the client leaves

$request = post($ngx->port('HTTP'), '/gone', message('I1'));
$c = $one->accept;
$c->read;
close $request;
ok($c->eof, 'a client that leaves ends it');

$request = post($ngx->port('HTTP'), '/stay?n=i2', message('I2'));
$c = $one->accept;
$c->read;
close $request;
$c->send(ack('I2', 'AA'));
like($ngx->logged('tries', qr/^i2\|/), qr/\|AA\|/,
     'or not: mllp_ignore_client_abort');


# a reload with a message on its way

$request = post($ngx->port('HTTP'), '/kept', message('J1'));
$c = $one->accept;
$c->read;
my @old = $ngx->reload;
$c->send(ack('J1', 'AA'));
is(answer($request)->{status}, 200, 'reload: answered');
$ngx->wait_gone(@old);
ok($c->eof, 'reload: the old worker keeps no connection');

$ngx->stop;


# nginx -t

ConfTest->of($ngx);

my %errors = (
    'mllp_reply_action AA;' => 'has no "="',
    'mllp_reply_action AA=good;' => 'has an unknown action',
    'mllp_reply_action AA,XX=done;' => 'has an unknown reply',
    'mllp_reply_action =done;' => 'has an unknown reply',
    'mllp_reply_action AA,=done;' => 'has an unknown reply',
    'mllp_reply_action AA=done CA,AA=fail;' => 'has an action already',
    'mllp_reply_action AA=wait;' => 'only CA and ACK can',
    'mllp_reply_action timeout=wait;' => 'only CA and ACK can',
    'mllp_reply_action AA=done; mllp_reply_action AE=fail;' => 'is duplicate',
    'mllp_pass 127.0.0.1; mllp_pass 127.0.0.1;' => 'is duplicate',
    'mllp_pass 127.0.0.1:0;' => 'invalid port',
    'mllp_buffer_size 255;' => 'must be at least 256',
    'mllp_next_upstream http_500;' => 'invalid value "http_500"',
    'mllp_ssl on; mllp_ssl_verify on; mllp_pass 127.0.0.1;' =>
        'no mllp_ssl_trusted_certificate',
    'mllp_ssl on; mllp_ssl_certificate x.pem; mllp_pass 127.0.0.1;' =>
        'no "mllp_ssl_certificate_key" is defined',
    'mllp_ssl on; mllp_ssl_certificate x.pem; mllp_ssl_certificate_key x.pem;'
    . 'mllp_pass 127.0.0.1;' => 'cannot load certificate'
);

for my $text (sort keys %errors) {
    refused $text, '', quotemeta $errors{$text}, in_location $text;
}

accepted 'TLS that nothing is passed with',
         in_location 'mllp_ssl on; mllp_ssl_verify on;';
accepted 'all of mllp_reply_action', in_location
         'mllp_reply_action AA,CA=done AE,CE=fail AR,CR=retry ACK=wait'
         . ' NAK=retry mismatch=retry timeout=unknown; mllp_pass 127.0.0.1;';
accepted 'if and limit_except', in_location
         'if ($arg_a) { mllp_pass 127.0.0.1; }'
         . ' limit_except GET { mllp_pass $arg_b; }';

done_testing();


# "where" is a receiver, or a connection that is there

sub exchange {
    my ($uri, $id, $where, $code, @more) = @_;

    my $sock = post($ngx->port('HTTP'), $uri, message($id, @more));
    my $conn = $where->isa('Receiver') ? $where->accept : $where;

    is(field($conn->read, 'MSH-10'), $id, "$id over $uri");
    $code->($conn);

    return answer($sock)->{status};
}


# not to be kept, as some versions do it by default: something more comes

sub last_ack {
    my ($conn, $id, $code) = @_;

    $conn->write(Mllp::frame(ack($id, $code // 'AA')) . "\x0b");
}


sub in_location {
    my ($text) = @_;

    return "http { server { location / {\n$text\n} } }";
}
