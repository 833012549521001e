use lib 't/lib';
use strict;
use warnings;
use Test::More;
use ErpTest;

# Documents of two steps, resumed at the right one, and handshakes that an
# answer asks for.

my $json = 'Content-Type: application/json';

my $back = Held->new;
my $erp = 'http://127.0.0.1:' . $back->port;

my $ngx = Engine->start(allow => qr/exited on signal 9/, http => <<"EOH");
    erp_store path=%%DIR%%/store min_free=1m ballast=1m;

    server {
        listen 127.0.0.1:%%HTTP%%;

        erp_retry    base=10ms max=10ms jitter=none;
        erp_breaker  off;

        proxy_set_header X-Result "\$erp_result_doc|\$erp_result_number|\$erp_step|\$erp_attempt";
        proxy_set_header X-Pid \$pid;

        location = /invoice { erp_send /erp/invoice; }
        location = /order   { erp_send /erp/order; }
        location = /move    { erp_send /erp/move; }
        location = /usage   { erp_send /erp/usage; }
        location /hie/      { erp_api; }

        location = /erp/invoice {
            internal;
            erp_step /erp/create doc=/id number=/meta/0/number;
            erp_step /erp/post;
        }

        location = /erp/create { internal; proxy_pass $erp/create; }

        location = /erp/post {
            internal;
            proxy_pass $erp/docs/\$erp_result_doc/post;
        }

        location = /erp/order {
            internal;
            erp_step /erp/order_create doc=/id;
            erp_step /erp/post;
        }

        location = /erp/order_create {
            internal;
            erp_idempotency header=Idempotency-Key probe=/erp/order_find
                            found=/id;
            proxy_pass $erp/order_create;
        }

        location = /erp/order_find { internal; proxy_pass $erp/order_find; }

        location = /erp/usage {
            internal;
            erp_step /erp/item  item=/id;
            erp_step /erp/order_create doc=/id;
            erp_step /erp/post;
        }

        location = /erp/item { internal; proxy_pass $erp/item; }

        location = /erp/move {
            internal;
            erp_success  status=2xx body=!/error;
            erp_error    code=/error/0 message=/error/1;
            erp_on_error UserWarning /erp/confirm warning=/error/2;
            proxy_pass   $erp/move;
        }

        location = /erp/confirm {
            internal;
            proxy_set_header X-Warning "\$erp_result_warning|\$erp_error_code|\$erp_error_message";
            proxy_pass $erp/confirm;
        }
    }
EOH

ErpTest->of($ngx, $back);

my ($request, $again, $pid);
my $created = '{"id":42,"meta":[{"number":"R-1"}]}';
my $warning = '{"error":["UserWarning","no\norigin","w.1"]}';


# two steps

send_message('/invoice', 'A1', '{"n":1}');
$request = expect('/create', 'steps: the first');
is(header($request, 'X-Result'), '||0|1', 'steps: no results yet');
$request->answer(201, $created, $json);
$again = expect('/docs/42/post', 'steps: the second, with a result');
is(header($again, 'X-Result'), '42|R-1|1|1', 'steps: all results');
is($again->body, $request->body, 'steps: the same body');
is(header($again, 'Idempotency-Key'), header($request, 'Idempotency-Key'),
   'steps: the same key');
is(header($again, 'traceparent'), header($request, 'traceparent'),
   'steps: one span');
$again->answer(204);
is(outcome('A1', 1), '1: done, status 204, step 1', 'steps: done');


# the second one fails

send_message('/invoice', 'A2', '{"n":2}');
expect('/create', 'resume: the first step')->answer(201, $created, $json);
expect('/docs/42/post', 'resume: the second')->answer(500);
$request = expect('/docs/42/post', 'resume: the second again, only that');
is(outcome('A2', 1), '1: retry, status 500, step 1', 'resume: the outcome');
is(header($request, 'X-Result'), '42|R-1|1|2', 'resume: with the results');
$request->answer(200);
is(outcome('A2', 2), '2: done, status 200, step 1', 'resume: done');


# the worker dies between them

send_message('/invoice', 'A3', '{"n":3}');
expect('/create', 'death: the first step')->answer(201, $created, $json);
$request = expect('/docs/42/post', 'death: the second');
$pid = header($request, 'X-Pid');
$ngx->signal('KILL', $pid);
ok($request->gone, 'death: of the worker');
$again = expect('/docs/42/post', 'death: the second again, only that');
isnt(header($again, 'X-Pid'), $pid, 'death: by another worker');
like(header($again, 'X-Result'), qr/^42\|R-1\|1\|/, 'death: with the results');
is(header($again, 'Idempotency-Key'), header($request, 'Idempotency-Key'),
   'death: the same key');
$again->answer(200);
like(outcome('A3', 1), qr/^\d+: done, status 200, step 1$/, 'death: done');


# an answer without what the next step needs

send_message('/invoice', 'A4', '{"n":4}');
expect('/create', 'result: the first step')->answer(201, '{"id":43}', $json);
is(outcome('A4', 1), '1: bad, status 201, step 0', 'result: it is missing');
ok(!$back->pending, 'result: no second step');


# a step that has a probe of its own

send_message('/order', 'B1', '{"n":1}');
expect('/order_create', 'probe: not before the first attempt')->close;
$request = expect('/order_find', 'probe: of the step');
is(outcome('B1', 1), '1: unknown, status timeout, step 0', 'probe: unknown');
$request->answer(200, '{"id":77}', $json);
expect('/docs/77/post', 'probe: the step is done, with its result')
    ->answer(200);
is(outcome('B1', 2), '2: done, status 200, step 1', 'probe: done');

send_message('/order', 'B2', '{"n":2}');
expect('/order_create', 'probe: another')->close;
expect('/order_find', 'probe: not found')->answer(200, '{}', $json);
expect('/order_create', 'probe: sent again')->answer(200, '{"id":78}', $json);
expect('/docs/78/post', 'probe: the second step')->answer(200);
is(outcome('B2', 2), '2: done, status 200, step 1', 'probe: both are done');


# a handshake

send_message('/move', 'C1', '{"n":1}');
$request = expect('/move', 'handshake: the request');
$request->answer(200, $warning, $json);
$again = expect('/confirm', 'handshake: what it asks for');
is(header($again, 'X-Warning'), 'w.1|UserWarning|no origin',
   'handshake: with what the answer said');
is($again->body, $request->body, 'handshake: the same body');
$again->answer(200, '{"result":1}', $json);
$again = expect('/move', 'handshake: the request again');
is(header($again, 'Idempotency-Key'), header($request, 'Idempotency-Key'),
   'handshake: the same key');
$again->answer(200, '{"result":null}', $json);
is(outcome('C1', 1), '1: done, status 200, step 0', 'handshake: done');

send_message('/move', 'C2', '{"n":2}');
expect('/move', 'twice: the request')->answer(200, $warning, $json);
expect('/confirm', 'twice: the handshake')->answer(200);
expect('/move', 'twice: again')->answer(200, $warning, $json);
is(outcome('C2', 1), '1: bad, status 200, step 0', 'twice: it is not enough');

send_message('/move', 'C3', '{"n":3}');
expect('/move', 'failure: the request')->answer(200, $warning, $json);
expect('/confirm', 'failure: the handshake')->answer(500);
is(outcome('C3', 1), '1: bad, status 200, step 0',
   'failure: the first answer stands');

send_message('/move', 'C4', '{"n":4}');
expect('/move', 'no handle: the request')
    ->answer(200, '{"error":["UserWarning","x"]}', $json);
is(outcome('C4', 1), '1: bad, status 200, step 0', 'no handle: no handshake');

send_message('/move', 'C5', '{"n":5}');
expect('/move', 'other code: the request')
    ->answer(200, '{"error":["UserError","x","y"]}', $json);
is(outcome('C5', 1), '1: bad, status 200, step 0',
   'other code: no handshake');

# a replay: any step may have been done, so that each is looked for

send_message('/usage', 'D1', '{"n":1}');
expect('/item', 'replay: the first step')->answer(200, '{"id":5}', $json);
expect('/order_create', 'replay: the second')
    ->answer(201, '{"id":42}', $json);
expect('/docs/42/post', 'replay: the third')->answer(422);
is(outcome('D1', 1), '1: bad, status 422, step 2', 'replay: a dead letter');

like(answer_of(begin_message('/hie/v1/dead-letters/replay', 'D2',
                             '{"reason":"x","filter":'
                             . '{"destination":"/erp/usage"}}')),
     qr/"replayed":1/, 'replay: of it');
expect('/item', 'replay: the first step again')
    ->answer(200, '{"id":5}', $json);
expect('/order_find', 'replay: the second is looked for')
    ->answer(200, '{"id":42}', $json);
expect('/docs/42/post', 'replay: it is there, the third')->answer(200);
is(outcome('D1', 2), '1: done, status 200, step 2', 'replay: done');

ok(!$back->pending, 'nothing more was sent');

$ngx->stop;

done_testing();
