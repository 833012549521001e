use lib 't/lib';
use strict;
use warnings;
use Test::More;
use Engine;
use ErpTest qw(outcome);
use Receiver;

# mllp_pass of http{}: the body of a request goes out as one frame, the
# acknowledgement comes back as the body of the response, and what it says
# decides the status.

sub exchange;
sub type;

my $his = Receiver->new;
my $port = $his->port;

my $ngx = Engine->start(stream => <<'EOS', http => <<"EOH");
    server { listen 127.0.0.1:%%MLLP%%; mllp_pass router /his; }
EOS
    log_format reply '\$arg_n|\$status|\$mllp_reply|\$mllp_dropped|'
                     '\$upstream_addr|\$upstream_status|\$upstream_header_time';

    erp_store path=%%DIR%%/store min_free=1m ballast=1m;
    erp_retry    base=10ms max=10ms jitter=none;
    erp_breaker  off;

    server {
        server_name router;
        mllp_only;
        access_log logs/router.log reply;
        location /his { mllp_pass 127.0.0.1:$port; }
    }

    server {
        listen 127.0.0.1:%%HTTP%%;
        access_log logs/reply.log reply;
        client_body_buffer_size 1k;
        client_max_body_size 4m;

        location /his { mllp_pass 127.0.0.1:$port; }

        location /short {
            mllp_read_timeout 300ms;
            mllp_pass 127.0.0.1:$port;

            location /short/fail {
                mllp_reply_action timeout=fail;
                mllp_pass 127.0.0.1:$port;
            }

            location /short/mismatch {
                mllp_reply_action mismatch=fail;
                mllp_pass 127.0.0.1:$port;
            }
        }

        location /other {
            mllp_reply_action AE=done AA=unknown CA,ACK=wait NAK=fail
                              mismatch=unknown timeout=retry;
            mllp_read_timeout 300ms;
            mllp_pass 127.0.0.1:$port;
        }

        location /small {
            mllp_buffer_size 512;
            mllp_pass 127.0.0.1:$port;
        }

        location /pages {
            error_page 422 =200 /fixed;
            mllp_intercept_errors on;
            mllp_pass 127.0.0.1:$port;
        }

        location = /fixed { return 200 fixed; }

        location /if {
            if (\$arg_his) { mllp_pass 127.0.0.1:$port; }
        }

        location /limit {
            limit_except GET { mllp_pass 127.0.0.1:$port; }
        }

        location /mirror { mirror /his; mllp_pass 127.0.0.1:$port; }

        location /variable {
            set \$his 127.0.0.1:$port;
            mllp_pass \$his;
        }

        location /flow { erp_send /to-his order_by=\$arg_order; }

        location = /to-his {
            internal;
            mllp_read_timeout 300ms;
            mllp_pass 127.0.0.1:$port;
        }
    }
EOH

ErpTest->of($ngx);

my ($c, $d, $request, $answer, $text, $big);


# there and back

$request = post($ngx->port('HTTP'), '/his?n=1', message('A1', 'PID|1||4711'));
$c = $his->accept;
wait_for { $c->{in} =~ /\x1c\r/ || !$c->fill } 'the frame';
is($c->{in}, "\x0b" . message('A1', 'PID|1||4711') . "\x1c\r",
   'the frame holds the message as it came');
$text = $c->read;
$c->send(ack($text, 'AA'));
$answer = answer($request);
is($answer->{status}, 200, 'AA is 200');
is($answer->{body}, ack('A1', 'AA') . "\n", 'the body is the acknowledgement');
is(type($answer), 'application/hl7-v2', 'of its type');
like($answer->{headers}, qr/^Content-Length: \d+/m, 'and its length');
ok($c->eof, 'without keepalive the connection is closed');
like($ngx->logged('reply', qr/^1\|/),
     qr/^1\|200\|AA\|0\|127\.0\.0\.1:$port\|200\|\d/, 'variables');

$request = post($ngx->port('HTTP'), '/his', message('A2') =~ s/\r\z//r);
$c = $his->accept;
is($c->read, Mllp::text(message('A2')), 'the last segment gets its end');
$c->close;
answer($request);

$request = post($ngx->port('HTTP'), '/his', "\xef\xbb\xbf" . message('A3'),
                'Content-Type: text/plain');
$c = $his->accept;
is($c->read, Mllp::text(message('A3')),
   'any content type, without byte order mark');
$c->send(ack('A3', 'AA'));
is(answer($request)->{status}, 200, 'accepted');

$big = message('A4', map { "NTE|$_||" . 'x' x 900 } 1 .. 2000);
$request = post($ngx->port('HTTP'), '/his', $big, 'Content-Type: x/y');
$c = $his->accept;
is(length $c->read, length $big, 'a large message, not of a HL7 type');
$c->send(ack('A4', 'AA'));
is(answer($request)->{status}, 200, 'accepted');
ok(!-d $ngx->dir . '/client_body_temp' || !glob($ngx->dir . '/client_body_temp/*'),
   'not in a file');


# codes, and what may be said of them

for my $case (['AA', 200], ['CA', 200], ['AE', 422], ['CE', 422],
              ['AR', 503], ['CR', 503])
{
    my ($code, $status) = @$case;

    $answer = exchange("/his?n=$code", 'B1',
                       sub { $_[0]->send(ack('B1', $code)) });
    is($answer->{status}, $status, "$code is $status");
    like($answer->{body}, qr/^MSA\|$code\|B1$/m, "$code: the acknowledgement");
    like($ngx->logged('reply', qr/^$code\|/), qr/^$code\|$status\|$code\|0\|/,
         "$code: the variable");
}

for my $case (["\x06", 200, 'ACK'], ["\x15", 503, 'NAK']) {
    my ($block, $status, $name) = @$case;

    $answer = exchange("/his?n=$name", 'B2',
                       sub { $_[0]->write("\x0b$block\x1c\r") });
    is($answer->{status}, $status, "block $name is $status");
    is($answer->{body}, '', "block $name: no body");
    is(type($answer), '', "block $name: no type") if $name eq 'ACK';
    like($ngx->logged('reply', qr/^$name\|/), qr/^$name\|$status\|$name\|0\|/,
         "block $name: the variable");
}

is(exchange('/other', 'B3', sub { $_[0]->send(ack('B3', 'AE')) })->{status},
   200, 'AE=done');
is(exchange('/other', 'B4', sub { $_[0]->write("\x0b\x15\x1c\r") })->{status},
   422, 'NAK=fail');
is(exchange('/other?n=b5', 'B5', sub { $_[0]->send(ack('B5', 'AA')) })->{status},
   504, 'AA=unknown');
like($ngx->logged('reply', qr/^b5\|/), qr/^b5\|504\|AA\|0\|[^|]+\|504\|-$/,
     'unknown has no time of a header');
is(exchange('/other', 'B6', sub { $_[0]->send(ack('B6', 'CR')) })->{status},
   503, 'what is not named keeps its default');

$answer = exchange('/other', 'B7', sub {
    $_[0]->write("\x0b\x06\x1c\r");
    $_[0]->send(ack('B7', 'CA'));
    $_[0]->send(ack('B7', 'AE'));
});
is($answer->{status}, 200, 'CA,ACK=wait: the application decides');
like($answer->{body}, qr/^MSA\|AE\|B7/m, 'with its acknowledgement');

$answer = exchange('/other', 'B8', sub { $_[0]->send(ack('B8', 'CA')) });
is($answer->{status}, 503, 'it does not come: timeout=retry');

$answer = exchange('/his', 'B9', sub {
    $_[0]->write(Mllp::frame(ack('B9', 'CA')) . Mllp::frame(ack('B9', 'AE')));
});
is($answer->{status}, 200, 'else CA decides');
like($answer->{body}, qr/^MSA\|CA\|B9/m, 'whatever has come behind it');

$answer = exchange('/pages', 'B10', sub { $_[0]->send(ack('B10', 'AE')) });
is("$answer->{status} $answer->{body}", '200 fixed', 'error pages at need');


# frames that are not the acknowledgement

$answer = exchange('/his?n=c1', 'C1', sub {
    $_[0]->send(ack('other', 'AE'), ack('C10', 'AE'), "MSH|^~\\&|HIS\nPID|1",
                'no HL7');
    $_[0]->send(ack('C1', 'AA'));
});
is($answer->{status}, 200, 'others are dropped');
like($answer->{body}, qr/^MSA\|AA\|C1$/m, 'the right one is waited for');
like($ngx->logged('reply', qr/^c1\|/),
     qr/^c1\|200\|AA\|4\|/, 'they are counted');
is(scalar(() = $ngx->log =~ /\[info\] .*is no acknowledgement of the message/g),
   4, 'and logged');

$answer = exchange('/his?n=c2', 'C2', sub {
    $_[0]->send(map { ack("L$_", 'AA') } 1 .. 16);
});
is($answer->{status}, 503, 'too many of them: mismatch=retry');
is($answer->{body}, '', 'nothing of them');
like($ngx->logged('reply', qr/^c2\|/),
     qr/^c2\|503\|mismatch\|16\|/, 'mismatch');

$answer = exchange('/short/mismatch?n=c3', 'C3',
                   sub { $_[0]->send(ack('other', 'AA')) });
is($answer->{status}, 422, 'the right one does not come: mismatch=fail');
like($ngx->logged('reply', qr/^c3\|/),
     qr/^c3\|422\|mismatch\|1\|/, 'also mismatch');

is(exchange('/his', 'C4', sub { $_[0]->send(ack('C4', 'XX')) })->{status},
   503, 'a code that is none is a mismatch');
is(exchange('/his', 'C5', sub { $_[0]->write('HTTP/1.1 400 Bad') })->{status},
   504, 'no frame at all, and closed');
is(exchange('/his', 'C6', sub { $_[0]->write("MSH|^~\\&|\rMSA|AA|C6\r") })
   ->{status}, 503, 'an acknowledgement without a frame');

$answer = exchange('/small', 'C7', sub {
    $_[0]->send(ack('C7', 'AA', 'NTE|1||' . 'x' x 512));
});
is($answer->{status}, 503, 'one that is too large');

$answer = exchange('/small', 'C8', sub {
    $_[0]->send(map { ack("L$_", 'AA', 'NTE|1||' . 'x' x 200) } 1 .. 12);
    $_[0]->send(ack('C8', 'AA', 'NTE|1||' . 'x' x 300));
});
is($answer->{status}, 200, 'those that are dropped need no room');

for my $size (1, 3) {
    $answer = exchange('/his', 'C9', sub {
        my $bytes = "junk" . Mllp::frame(ack('old', 'AE'))
                    . Mllp::frame(ack('C9', 'AA'));

        for (unpack "(a$size)*", $bytes) {
            $_[0]->write($_);
            select undef, undef, undef, 0.001;
        }
    });
    is($answer->{status}, 200, "in pieces of $size");
}


# no acknowledgement

$answer = exchange('/short?n=d1', 'D1', sub { $_[0]->eof });
is($answer->{status}, 504, 'a time-out is 504');
like($ngx->logged('reply', qr/^d1\|/), qr/^d1\|504\|timeout\|0\|/, 'timeout');

is(exchange('/short/fail', 'D2', sub { $_[0]->eof })->{status},
   422, 'timeout=fail');
is(exchange('/his?n=d3', 'D3', sub { })->{status}, 504,
   'closed after it was sent: nobody knows');
like($ngx->logged('reply', qr/^d3\|/),
     qr/^d3\|504\|timeout\|0\|/, 'as timeout');
is(exchange('/short/fail', 'D4', sub { $_[0]->reset })->{status}, 422,
   'reset after it was sent');
is(exchange('/other', 'D5', sub { $_[0]->write("\x0bMSH|^~") })->{status}, 503,
   'closed in the middle of it');

$answer = exchange('/his', 'D6', sub { $_[0]->eof },
                   '|||NE|NE');
is("$answer->{status} $answer->{body}", '200 ', 'nothing is owed: sent is done');
$answer = exchange('/short?n=d7', 'D7', sub { $_[0]->eof },
                   '|||ER|NE');
is($answer->{status}, 200, 'only errors are owed: silence is done');
like($ngx->logged('reply', qr/^d7\|/), qr/^d7\|200\|none\|0\|/, 'none');
is(exchange('/short', 'D8', sub { $_[0]->send(ack('D8', 'CE')) }, '|||ER|NE')
   ->{status}, 422, 'an error is one');
is(exchange('/his', 'D9', sub { }, '|||ER|NE')->{status}, 504,
   'closed is no silence');


# what is not sent

my %bad = (
    'nothing' => '',
    'no message' => "PID|1\r",
    'a batch' => "BHS|^~\\&|A\r" . message('E1') . "BTS|1\r",
    'VT' => message('E2', "PID|\x0b"),
    'FS' => message('E3', "PID|\x1c"),
    'two messages' => message('E4') . message('E5'),
    'no MSH-10' => message(''),
    'LF, and two messages' => (message('E6') . message('E7')) =~ s/\r/\n/gr
);

for my $name (sort keys %bad) {
    is(answer(post($ngx->port('HTTP'), '/his', $bad{$name}))->{status}, 400,
       "$name is 400");
    is(answer(post($ngx->port('HTTP'), '/his', $bad{$name},
                   'Content-Type: a/b'))->{status}, 400,
       "$name is 400, of another type");
}

like($ngx->get('HTTP', '/his'), qr/^HTTP\/1\.1 405 /, 'GET is 405');
ok(!$his->pending, 'the receiver has not heard of any of it');

$his->down;
is(answer(post($ngx->port('HTTP'), '/his', message('E8')))->{status}, 502,
   'down is 502');
$his->up;


# other places

for my $uri ('/if?his=1', '/limit', '/variable') {
    is(exchange($uri, 'F1', sub { $_[0]->send(ack('F1', 'AA')) })->{status},
       200, "$uri");
}

is(answer(post($ngx->port('HTTP'), '/if', message('F2')))->{status}, 404,
   'only of this if');


for my $type ('application/hl7-v2', 'text/plain') {
    $request = post($ngx->port('HTTP'), '/mirror', message('F3'),
                    "Content-Type: $type");

    for (1, 2) {
        $c = $his->accept;
        is($c->read, Mllp::text(message('F3')), "mirror: number $_, $type");
        $c->send(ack('F3', 'AA'));
    }

    is(answer($request)->{status}, 200, "mirror: $type");
}


# from a listener to a sender

$d = $ngx->client('MLLP');
$d->send(hl7('ADT^A01', 'G1'));
$c = $his->accept;
is(Mllp::field($text = $c->read, 'MSH-10'), 'G1', 'router: the message');
$c->send(ack($text, 'AA', 'NTE|1||from the receiver'));
is($d->read, ack($text, 'AA', 'NTE|1||from the receiver') . "\n",
   'router: the acknowledgement of the receiver');

$d->send(hl7('ADT^A01', 'G2'));
$c = $his->accept;
$c->send(ack($c->read, 'AE', 'ERR|||101|E'));
like($d->read, qr/^MSA\|AE\|G2\n^ERR\|\|\|101\|E$/m, 'router: a negative one');

$d->send(hl7('ADT^A01', 'G3'));
$c = $his->accept;
$c->read;
$c->write("\x0b\x06\x1c\r");
is(field($d->read, 'MSA-1'), 'AA', 'router: a block is one of ours');

$d->send(hl7('ADT^A01', 'G4'));
$c = $his->accept;
$c->read;
$c->close;
is(field($d->read, 'MSA-1'), 'AR', 'router: unknown is AR');


# from the store

$request = post($ngx->port('HTTP'), '/flow', message('H1'),
                'X-Correlation-ID: H1');
is(answer($request)->{status}, 202, 'store: stored');
$c = $his->accept;
is($c->read, Mllp::text(message('H1')), 'store: the message');
$c->send(ack('H1', 'AA'));
is(outcome('H1', 1), '1: done, status 200, step 0', 'store: AA is done');

answer(post($ngx->port('HTTP'), '/flow', message('H2'),
            'X-Correlation-ID: H2'));
$c = $his->accept;
$c->read;
$c->send(ack('H2', 'AE', 'ERR|||101|E|||the patient is not known'));
like(outcome('H2', 1), qr/^1: bad, status 422/, 'store: AE is bad');

answer(post($ngx->port('HTTP'), '/flow', message('H3'),
            'X-Correlation-ID: H3'));
$c = $his->accept;
$c->read;
$c->send(ack('H3', 'AR'));
$c = $his->accept;
is(field($c->read, 'MSH-10'), 'H3', 'store: after AR once more');
is(outcome('H3', 1), '1: down, status 503, step 0', 'store: AR is down');
$c->close;
$c = $his->accept;
like(outcome('H3', 2), qr/^1: unknown,/, 'store: closed is unknown');
$c->read;
wait_for { $c->eof };
$d = $his->accept;
like(outcome('H3', 3), qr/^\d: unknown,/, 'store: late is unknown');
$d->read;
$his->down;
$d->send(ack('H3', 'CR'));
like(outcome('H3', 5), qr/^\d: down,/, 'store: nobody listens, down');
$his->up;
$c = $his->accept;
is(field($c->read, 'MSH-10'), 'H3', 'store: once more when it is up');
$c->send(ack('H2', 'AE'));
$c->send(ack('H3', 'AA'));
wait_for { $ngx->log =~ /attempt \d+: done, status 200.*"H3"/ } 'the end';
pass('store: done at last');

for my $id (1 .. 3) {
    answer(post($ngx->port('HTTP'), '/flow?order=v', message("I$id"),
                "X-Correlation-ID: I$id"));
}

$c = $his->accept;
is(field($c->read, 'MSH-10'), 'I1', 'order: the first one first');
ok(!$his->pending, 'order: the next one waits');
$c->send(ack('I1', 'AR'));
$c = $his->accept;
is(field($c->read, 'MSH-10'), 'I1', 'order: also while it is tried again');
$c->send(ack('I1', 'AA'));

for my $id (2, 3) {
    $c = $his->accept;
    is(field($c->read, 'MSH-10'), "I$id", "order: then number $id");
    $c->send(ack("I$id", 'AA'));
}

unlike($ngx->log, qr/PID\||4711/, 'nothing of a message in the log');

$ngx->stop;

done_testing();


# one message, what the receiver does with it, and the answer

sub exchange {
    my ($uri, $id, $code, @more) = @_;

    my $sock = post($ngx->port('HTTP'), $uri, message($id, @more));
    my $conn = $his->accept;

    $conn->read;
    $code->($conn);
    $conn->close unless $uri =~ /^\/other/ && $id eq 'B8';

    return answer($sock);
}


sub type {
    my ($answer) = @_;

    return ($answer->{headers} =~ /^Content-Type: (.*?)\r?$/m)[0] // '';
}
