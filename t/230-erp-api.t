use lib 't/lib';
use strict;
use warnings;
use IO::Socket::INET;
use JSON::PP;
use Test::More;
use Time::HiRes 'sleep';
use Engine;
use ErpTest qw(store_pid);

# erp_api as an HTTP server has it: which path a location makes of a URI,
# methods, sizes, types, who may ask, and that the store may not be there.
# What the store answers is in the unit tests.

sub ask;
sub raw;
sub problem;
sub audit;

my $json = "Content-Type: application/json\r\n";
my $op = "Authorization: Basic b3A6c2VjcmV0\r\n";         # op:secret

my $pause = '{"destination":"/erp/a","reason":"maintenance"}';
my $resume = '{"destination":"/erp/a","reason":"it is back"}';

my $ngx = Engine->start(
    files => { users => "op:{PLAIN}secret\n" },
    allow => 'exited on signal 9',
    http => <<'EOF');
    erp_store path=%%DIR%%/store min_free=1m ballast=1m timeout=500ms;

    server {
        listen 127.0.0.1:%%HTTP%%;

        location = /in { erp_send /erp/a; }
        location = /erp/a { internal; return 201; }

        location /view/ {
            erp_api;
            limit_except GET { deny all; }
        }

        location /operate/ {
            erp_api;
            auth_basic operators;
            auth_basic_user_file users;
        }

        location /hie { erp_api; }
        location = /one/v1/status { erp_api; }
        location /some/v1/dead-letters/ { erp_api; }
        location ~ ^/regex/ { erp_api; }
        location /nobody/ { erp_api; deny all; }
        location /changes/ { erp_api; limit_except GET { allow all; } }
    }
EOF

ErpTest->of($ngx);

my $db = $ngx->dir . '/store/store.db';

wait_for { ask(GET => '/hie/v1/health/live') =~ / 200 / } 'the store';


# a GET

my $answer = ask(GET => '/hie/v1/status');

like($answer, qr/^HTTP\/1\.1 200 /, 'GET: it answers');
like($answer, qr/^Content-Type: application\/json\r$/m, 'GET: JSON');
like($answer, qr/^Cache-Control: no-store\r$/m, 'GET: nothing is kept of it');
is(eval { decode_json($answer =~ s/.*?\r\n\r\n//sr)->{state} } // $@, 'ready',
   'GET: of the store');

like(ask(HEAD => '/hie/v1/status'),
     qr/^HTTP\/1\.1 200 .*^Content-Length: [1-9]\d*\r\n.*\r\n\r\n\z/ms,
     'HEAD: only the header');

like(ask(GET => '/hie/v1/status', '', 'x' x 100_000), qr/ 200 /,
     'GET: a body is no matter');

like(ask(GET => '/hie/v1/audit/head?check=1'), qr/ 200 /,
     'GET: with parameters');
like(ask(GET => '/hie/v1/status?none=1'), qr/ 400 .*"none"/s,
     'GET: with unknown ones');

{
    my $sock = sock();

    for my $n (1 .. 2) {
        print $sock "GET /hie/v1/status HTTP/1.1\r\nHost: x\r\n\r\n";

        my $text = '';
        wait_for {
            sysread $sock, $text, 65536, length $text;
            $text =~ /"state"/;
        } 'an answer';

        like($text, qr/ 200 /, "GET: $n on one connection");
    }
}


# paths

my $state = qr/ 200 .*"state"/s;

like(ask(GET => '/view/v1/status'), $state, 'path: behind a slash');
like(ask(GET => '/hie/v1/status'), $state, 'path: behind a name');
like(ask(GET => '/one/v1/status'), $state, 'path: an exact location');
like(ask(GET => '/regex/x/v1/status'), $state, 'path: a regex');
like(ask(GET => '/view/v1/../v1/status'), $state, 'path: normalized');

problem(404, ask(GET => '/hie'), 'path: nothing');
problem(404, ask(GET => '/hiev1/status'), 'path: no slash');
problem(404, ask(GET => '/regex/x'), 'path: a regex without /v1');
problem(404, ask(GET => '/view/'), 'path: the root');
problem(404, ask(GET => '/view/v1/none'), 'path: one that is not there');
problem(404, ask(GET => '/view/v2/status'), 'path: another version');
problem(404, ask(GET => '/some/v1/dead-letters/x'),
        'path: a part of the API is what the location is named');
problem(404, ask(GET => '/some/v1/dead-letters/v1/status'),
        'path: and no other part of it');


# methods

for my $method (qw(PUT DELETE PATCH OPTIONS PROPFIND)) {
    my $text = ask($method => '/hie/v1/status', $json, '{}');

    problem(405, $text, "method: $method");
    like($text, qr/^Allow: GET, HEAD, POST\r$/m,
         "method: $method: others are");
}

problem(405, ask(POST => '/hie/v1/status', $json, '{}'),
        'method: no change of that');
problem(405, ask(GET => '/hie/v1/destinations/pause'),
        'method: a change is a POST');


# bodies

my $uri = '/operate/v1/destinations/pause';

like(ask(POST => $uri, $op . $json, $pause), qr/ 200 /, 'POST: a change');
is(audit(), 'op|maintenance', 'POST: with its user and reason');

like(ask(POST => $uri, "${op}X-Requested-With: x\r\n", $resume), qr/ 200 /,
     'POST: with a header that no form has');
like(ask(POST => $uri,
         "${op}Content-Type: Application/JSON; charset=utf-8\r\n", $pause),
     qr/ 200 /, 'POST: a type with a parameter');

for my $type ('', "Content-Type: text/plain\r\n",
              "Content-Type: application/x-www-form-urlencoded\r\n",
              "Content-Type: application/jsonx\r\n",
              "X-Requested: with\r\n")
{
    problem(415, ask(POST => $uri, $op . $type, $resume),
            'POST: as another site may do it: ' . ($type =~ s/\r\n//r));
}

is(audit(), 'op|maintenance', 'POST: then nothing is done');

problem(400, ask(POST => $uri, $op . $json, '{"destination":"/erp/a"}'),
        'POST: without a reason');
problem(400, ask(POST => $uri, $op . $json, ''), 'POST: without a body');
problem(400, ask(POST => $uri, $op . $json, '{'), 'POST: no JSON');

my $spaces = ' ' x (65536 - length $pause);

like(ask(POST => $uri, $op . $json, $pause . $spaces), qr/ 200 /,
     'POST: 64 KB');
problem(413, ask(POST => $uri, $op . $json, "$pause$spaces "),
        'POST: a byte more');

like(raw("POST $uri HTTP/1.1\r\nHost: x\r\nConnection: close\r\n$op$json"
         . "Transfer-Encoding: chunked\r\n\r\n"
         . join('', map { sprintf "1\r\n%s\r\n", $_ } split //, $pause)
         . "0\r\n\r\n"),
     qr/ 200 /, 'POST: chunked');
like(raw("POST $uri HTTP/1.1\r\nHost: x\r\nConnection: close\r\n$op$json"
         . "Transfer-Encoding: chunked\r\n\r\n"
         . sprintf("%x\r\n%s\r\n", 70_000, ' ' x 70_000) . "0\r\n\r\n"),
     qr/ 413 /, 'POST: chunked, too much');

{
    my $sock = sock();
    my $text = '';

    print $sock "POST $uri HTTP/1.1\r\nHost: x\r\nConnection: close\r\n$op",
                $json, 'Content-Length: ', length $pause, "\r\n\r\n";

    for my $piece ($pause =~ /(.{1,20})/g) {
        sleep 0.02;
        print $sock $piece;
    }

    { local $/; $text = <$sock>; }
    like($text, qr/ 200 /, 'POST: in pieces');
}

ok(!-s $ngx->dir . '/client_body_temp/0000000001', 'POST: in no file');


# roles

like(ask(GET => '/view/v1/destinations'), qr/ 200 .*\/erp\/a/s,
     'roles: who may look');
like(ask(POST => '/view/v1/destinations/resume', $json, $resume), qr/ 403 /,
     'roles: may not change');
like(ask(POST => '/operate/v1/destinations/resume', $json, $resume),
     qr/ 401 /, 'roles: nor may one without a name');
like(ask(GET => '/nobody/v1/status'), qr/ 403 /, 'roles: nobody');

my $before = audit('count(*)');

like(ask(POST => '/changes/v1/destinations/pause', $op . $json, $pause),
     qr/ 200 /, 'roles: limit_except has the handler');
is(audit(), '127.0.0.1|maintenance',
   'roles: a name that was not checked is not written down');
is(audit('count(*)'), $before + 1, 'roles: one row each');


# the store does not answer

my $pid = store_pid();

kill 'STOP', $pid;
problem(503, ask(GET => '/hie/v1/status'), 'stopped: it is told');
like(ask(GET => '/hie/v1/status'), qr/^Retry-After: 1\r$/m,
     'stopped: come again');

{
    my $sock = sock();
    print $sock "GET /hie/v1/status HTTP/1.1\r\nHost: x\r\n\r\n";
    sleep 0.1;
}

wait_for { $ngx->access_log =~ m{/hie/v1/status HTTP/1\.1" 499 } }
    'who has gone';
pass('stopped: one who goes ends his request');

kill 'CONT', $pid;
wait_for { ask(GET => '/hie/v1/status') =~ $state } 'the store';
pass('stopped: it goes on');

kill 'KILL', $pid;
wait_for { store_pid() != $pid && ask(GET => '/hie/v1/status') =~ $state } 'another';
pass('killed: another one answers');

$ngx->stop;


sub sock {
    return IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                 PeerPort => $ngx->port('HTTP'))
        // die "connect: $!\n";
}


sub raw {
    my ($text) = @_;
    my $sock = sock();

    local $SIG{PIPE} = 'IGNORE';
    print $sock $text;

    local $/;
    return scalar(<$sock>) // '';
}


sub ask {
    my ($method, $uri, $headers, $body) = @_;

    $headers //= '';
    $headers .= 'Content-Length: ' . length($body) . "\r\n" if length $body;

    return raw("$method $uri HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
               . "$headers\r\n" . ($body // ''));
}


# RFC 9457

sub problem {
    my ($status, $text, $name) = @_;
    my ($header, $body) = split /\r\n\r\n/, $text, 2;
    my $object = eval { decode_json($body) } // {};

    ok($header =~ /^HTTP\/1\.1 $status /
       && $header =~ /^Content-Type: application\/problem\+json\r$/m
       && ($object->{status} // '') eq $status
       && length($object->{title} // '') && length($object->{detail} // ''),
       $name)
        or diag($text);
}


sub audit {
    my ($columns) = @_;

    $columns //= "who || '|' || reason";

    chomp(my $row = `sqlite3 $db "SELECT $columns FROM audit
                                  ORDER BY id DESC LIMIT 1"`);
    return $row;
}


done_testing();
