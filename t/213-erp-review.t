use lib 't/lib';
use strict;
use warnings;
use JSON::PP;
use Test::More;
use ErpTest;

# What only shows where NGINX and a delivery meet: bounds of bodies, blocks of
# a location, error pages, answers that are lost on their way back.

my $json = 'Content-Type: application/json';

my $back = Held->new;
my $erp = 'http://127.0.0.1:' . $back->port;

my $ngx = Engine->start(allow => qr/exited on signal 9/, http => <<"EOH");
    erp_store path=%%DIR%%/store min_free=1m ballast=1m timeout=2s;

    canonical_map answer version=1 {
        from  json;
        emit  answer key=id;
        set   id id required;
    }

    server {
        listen 127.0.0.1:%%HTTP%%;

        erp_retry    base=10ms max=10ms jitter=none;
        erp_breaker  off;

        client_max_body_size 32m;

        location = /small    { client_max_body_size 1k; erp_send /erp/small; }
        location = /large    { erp_send /erp/small; }
        location = /turned   { erp_send /erp/turned; }
        location = /paged    { erp_send /erp/paged; }
        location = /mapped   { erp_send /erp/mapped; }
        location = /once     { erp_send /erp/once; }
        location = /probed   { erp_send /erp/probed; }
        location = /closed   { erp_send /erp/closed; }

        location = /limited {
            erp_send /erp/small;
            limit_except POST { deny all; }
        }

        location = /other {
            limit_except GET { allow all; }
            erp_send /erp/small;
        }

        location = /if {
            erp_send /erp/small order_by=\$http_x_order;

            if (\$http_x_if) { add_header X-If 1 always; }
        }

        location = /first {
            client_max_body_size 1k;
            error_page 413 415 = \@second;
            erp_send /erp/small;
        }

        location \@second { erp_send /erp/large; }

        location = /erp/small {
            internal;
            client_max_body_size 1k;
            proxy_set_header X-Length \$content_length;
            proxy_pass $erp/small;
        }

        location = /erp/large { internal; proxy_pass $erp/large; }

        location = /erp/turned {
            internal;
            rewrite ^ /erp/small last;
        }

        location = /erp/paged {
            internal;
            client_max_body_size 1k;
            error_page 404 = \@paged;
            proxy_intercept_errors on;
            proxy_pass $erp/paged;
        }

        location \@paged {
            client_max_body_size 1k;
            proxy_pass $erp;
        }

        location = /erp/mapped {
            internal;
            canonical_response answer;
            proxy_pass $erp/mapped;
        }

        location = /erp/once {
            internal;
            erp_idempotency none;
            canonical_response answer;
            proxy_pass $erp/once;
        }

        location = /erp/probed {
            internal;
            erp_idempotency probe=/erp/find found=/hits;
            proxy_set_header X-Pid \$pid;
            proxy_pass $erp/probed;
        }

        location = /erp/closed {
            internal;
            erp_retry base=60s max=60s jitter=none;
            proxy_pass http://127.0.0.1:%%CLOSED%%;
        }

        location = /erp/find { internal; proxy_pass $erp/find; }
    }
EOH

ErpTest->of($ngx, $back);

my ($request, $again, $answer);
my $large = '{"x":"' . 'x' x 2000000 . '"}';


# client_max_body_size is for what clients send

like(answer_of(begin_message('/small', 'A1', '{"n":"' . 'x' x 1024 . '"}')),
     qr{^HTTP/1\.1 413 }, 'a client has a bound');

send_message('/large', 'A2', $large);
$request = expect('/small', 'a delivery has none');
is(header($request, 'Content-Length'), length $large, 'its length');
is(header($request, 'X-Length'), length $large, '$content_length');
ok($request->body eq $large, 'its body');
$request->answer(201);
is(outcome('A2', 1), '1: done, status 201, step 0', 'it is done');

send_message('/turned', 'A3', $large);
$request = expect('/small', 'nor behind a rewrite');
is(length $request->body, length $large, 'its body');
$request->answer(201);

send_message('/paged', 'A4', $large);
expect('/paged', 'nor here')->answer(404);
$request = expect('/erp/paged', 'nor behind error_page');
is(length $request->body, length $large, 'its body');
$request->answer(201);
is(outcome('A4', 1), '1: done, status 201, step 0', 'error_page is meant so');


# what NGINX cannot read of a success may be in effect

send_message('/mapped', 'B1', '{}');
expect('/mapped', 'the answer has no map')->answer(201, '{"no":1}', $json);
is(outcome('B1', 1), '1: unknown, status timeout, step 0', 'it is unknown');
expect('/mapped', 'it is sent again')->answer(201, '{"id":"1"}', $json);
is(outcome('B1', 2), '2: done, status 201, step 0', 'and done');

send_message('/once', 'B2', '{}');
expect('/once', 'the same, to be sent once')->answer(201, '{"no":1}', $json);
is(outcome('B2', 1), '1: bad, status timeout, step 0', 'is a dead letter');

send_message('/mapped', 'B3', '{}');
expect('/mapped', 'an error is no success')->answer(422, '{"no":1}', $json);
is(outcome('B3', 1), '1: bad, status 422, step 0', 'and is what it is');


# blocks of a location

$answer = answer_of(begin_message('/limited', 'C1', '{}'));
like($answer, qr{^HTTP/1\.1 202 }, 'limit_except: what is allowed');
expect('/small', 'limit_except: is sent')->answer(200);
like($ngx->get('HTTP', '/limited'), qr{^HTTP/1\.\d 403 },
     'limit_except: what is not');

send_message('/other', 'C2', '{}');
expect('/small', 'limit_except: of the block itself')->answer(200);

$answer = answer_of(begin_message('/if', 'C3', '{}', 'X-If: 1',
                                  'X-Order: o-1'));
like($answer, qr{^HTTP/1\.1 202 .*^X-If: 1\r$}ms, 'if: with its directives');
$request = expect('/small', 'if: is sent');
is((rows "SELECT order_key FROM delivery ORDER BY id DESC LIMIT 1")[0]
       {order_key}, 'o-1', 'if: as the location says');
$request->answer(200);


# an error page that is another flow

send_message('/first', 'D1', '{"n":1}', 'Content-Encoding: identity');
expect('/small', 'error_page: not without an error')->answer(200);

$answer = answer_of(begin_message('/first', 'D2', '{"n":2}',
                                  'Content-Encoding: gzip'));
like($answer, qr{^HTTP/1\.1 415 }, 'error_page: refused there too');
is(number("message WHERE correlation_id = 'D2'"), 0, 'and not stored');


# an attempt that was lost with its worker is asked for before the next one

send_message('/probed', 'E1', '{"n":1}');
$request = expect('/probed', 'lost: the first attempt');
kill 'KILL', header($request, 'X-Pid');
$again = expect('/find', 'lost: a probe first');
$again->answer(200, '{"hits":[1]}', $json);
is((attempts('E1', 1))[0], '1: done, status 200, step 0', 'lost: found');

send_message('/probed', 'E2', '{"n":2}');
$request = expect('/probed', 'lost: another');
kill 'KILL', header($request, 'X-Pid');
expect('/find', 'lost: a probe first')->answer(503);
$request = expect('/find', 'lost: it is not forgotten');
is(outcome('E2', 1), '1: down, status 503, step 0', 'lost: the probe is down');
$request->answer(200, '{"hits":[]}', $json);
expect('/probed', 'lost: then it is sent')->answer(201);
is(outcome('E2', 2), '1: done, status 201, step 0', 'lost: done');

ok(!$back->pending, 'nothing more was sent');


# a store that reads nothing does not fill the memory of a worker

kill 'STOP', store_pid;

my $mass = 'x' x 15000000;
my (@socks, %answers);

push @socks, begin_message('/closed', 'F0', '{}', 'Idempotency-Key: f0');

for my $n (1 .. 6) {
    push @socks, begin_message('/closed', "F$n", $mass,
                               "Idempotency-Key: f$n");
}

$answers{answer_of($_) =~ /"detail":"([^"]*)"/ ? $1 : 'none'}++ for @socks;

kill 'CONT', store_pid;

is($answers{none}, undef, 'bound: all are refused');
cmp_ok($answers{'the store cannot be asked'} // 0, '>', 0,
       'bound: some at once')
    or diag(explain(\%answers));
cmp_ok($answers{'the store does not answer'} // 0, '>', 1,
       'bound: others have waited');

wait_for {
    answer_of(begin_message('/closed', 'F9', '{}', 'Idempotency-Key: f9'))
        =~ qr{^HTTP/1\.1 202 };
} 'the store to read on';
pass('bound: it goes on');

$ngx->stop;

done_testing();
