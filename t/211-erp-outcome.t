use lib 't/lib';
use strict;
use warnings;
use Test::More;
use ErpTest;

# What an answer makes of a delivery, and what is asked before a request that
# may have been in effect is sent again.

my $json = 'Content-Type: application/json';

my $back = Held->new;
my $erp = 'http://127.0.0.1:' . $back->port;

my $ngx = Engine->start(files => { 'keys/pw' => "SECRET\n" },
                        http => <<"EOH");
    erp_store path=%%DIR%%/store min_free=1m ballast=1m;

    server {
        listen 127.0.0.1:%%HTTP%%;

        erp_retry    base=10ms max=10ms jitter=none;
        erp_breaker  off;

        location = /plain  { erp_send /erp/plain; }
        location = /judged { erp_send /erp/judged wait=60s; }
        location = /none   { erp_send /erp/none; }
        location = /closed { erp_send /erp/closed; }
        location = /short  { erp_send /erp/short; }
        location = /probed { erp_send /erp/probed; }
        location = /denied { erp_send /erp/denied; }

        location = /erp/plain { internal; proxy_pass $erp/plain; }

        location = /erp/judged {
            internal;
            erp_success status=2xx body=!/error;
            erp_error   code=/error/0 message=/error/1;
            proxy_pass  $erp/judged;
        }

        location = /erp/none {
            internal;
            erp_idempotency none;
            proxy_pass $erp/none;
        }

        location = /erp/closed {
            internal;
            erp_retry base=60s max=60s jitter=none;
            erp_idempotency none;
            proxy_pass http://127.0.0.1:%%CLOSED%%;
        }

        location = /erp/short {
            internal;
            erp_max_answer 32;
            erp_success body=/ok;
            proxy_pass $erp/short;
        }

        location = /erp/probed {
            internal;
            erp_idempotency header=Idempotency-Key probe=/erp/find
                            found=/hits;
            proxy_pass $erp/probed;
        }

        location = /erp/find { internal; proxy_pass $erp/find; }

        location = /erp/denied {
            internal;
            erp_auth session /erp/login user=hie password_file=keys/pw cookie;
            erp_success body=!/error;
            erp_outcome denied=/error/code=100;
            erp_idempotency header=Idempotency-Key probe=/erp/seek
                            found=/hits;
            proxy_pass $erp/denied;
        }

        location = /erp/login { internal; proxy_pass $erp/login; }

        location = /erp/seek {
            internal;
            erp_outcome denied=/error/code=100;
            proxy_pass $erp/seek;
        }
    }
EOH

ErpTest->of($ngx, $back);

my ($request, $again, $sock, $answer);


# refused for ever

send_message('/plain', 'A1', '{"n":1}');
expect('/plain', 'bad: the request')
    ->answer(422, '{"error":{"code":"E7","message":"SECRET"}}', $json);
is(outcome('A1', 1), '1: bad, status 422, step 0', 'bad: the outcome');
like($ngx->log, qr/\[error\].*attempt 1: bad, status 422/, 'bad: an error');


# a success with an error in it; the flow waits

$sock = begin_message('/judged', 'B1', '{"n":1}');
expect('/judged', 'judged: the request')
    ->answer(200, '{"error":["E8","SECRET"]}', $json);
$answer = answer_of($sock);
like($answer, qr{^HTTP/1\.1 422 }, 'judged: the answer of the flow');
like($answer, qr/E8/, 'judged: has the code');
unlike($answer, qr/SECRET/, 'judged: but not the text');
is(outcome('B1', 1), '1: bad, status 200, step 0', 'judged: the outcome');

$sock = begin_message('/judged', 'B2', '{"n":2}');
expect('/judged', 'judged: another')->answer(200, '{"error":null}', $json);
like(answer_of($sock), qr{^HTTP/1\.1 200 }, 'judged: delivered');
is(outcome('B2', 1), '1: done, status 200, step 0', 'judged: done');


# what cannot be read to its end

send_message('/short', 'B3', '{"n":1}');
expect('/short', 'cut: the request')
    ->answer(200, '{"pad":"' . 'x' x 40 . '","ok":1}', $json);
$request = expect('/short', 'cut: again');
is(outcome('B3', 1), '1: unknown, status 200, step 0', 'cut: the outcome');
$request->answer(200, '{"ok":1}', $json);
is(outcome('B3', 2), '2: done, status 200, step 0', 'cut: done');


# no answer

send_message('/plain', 'C1', '{"n":1}');
$request = expect('/plain', 'unknown: the request');
$request->close;
$again = expect('/plain', 'unknown: sent again');
is(outcome('C1', 1), '1: unknown, status timeout, step 0',
   'unknown: the outcome');
isnt(header($request, 'Idempotency-Key'), '', 'unknown: there is a key');
is(header($again, 'Idempotency-Key'), header($request, 'Idempotency-Key'),
   'unknown: the same key');
$again->answer(201);
is(outcome('C1', 2), '2: done, status 201, step 0', 'unknown: done');

send_message('/none', 'C2', '{"n":1}');
expect('/none', 'none: the request')->close;
is(outcome('C2', 1), '1: bad, status timeout, step 0', 'none: the outcome');

send_message('/none', 'C3', '{"n":1}');
expect('/none', 'none: a definite refusal')->answer(503);
$request = expect('/none', 'none: is sent again');
is(outcome('C3', 1), '1: down, status 503, step 0', 'none: down');
$request->answer(200);
is(outcome('C3', 2), '1: done, status 200, step 0', 'none: done');

send_message('/closed', 'C4', '{"n":1}');
is(outcome('C4', 1), '1: down, status connect, step 0', 'connect: down');


# a probe

send_message('/probed', 'D1', '{"n":1}');
$request = expect('/probed', 'probe: not before the first attempt');
$request->close;
$again = expect('/find', 'probe: before the second');
is($again->body, $request->body, 'probe: has the body');
is(header($again, 'Idempotency-Key'), header($request, 'Idempotency-Key'),
   'probe: and the key');
$again->answer(503);
$again = expect('/find', 'probe: is down: nothing is sent');
is(outcome('D1', 2), '2: down, status 503, step 0', 'probe: down');
$again->answer(404);
$again = expect('/find', 'probe: is refused: nothing is sent');
is(outcome('D1', 3), '2: retry, status 404, step 0', 'probe: never bad');
$again->answer(200, '{"hits":', $json);
$again = expect('/find', 'probe: cannot be read: nothing is sent');
is(outcome('D1', 4), '3: unknown, status 200, step 0', 'probe: unknown');
$again->answer(200, '{"hits":[]}', $json);
$again = expect('/probed', 'probe: not found: it is sent');
is($again->body, $request->body, 'probe: the same body');
$again->answer(201);
is(outcome('D1', 5), '4: done, status 201, step 0', 'probe: done');

send_message('/probed', 'D2', '{"n":2}');
expect('/probed', 'probe: another')->close;
expect('/find', 'probe: it is found')->answer(200, '{"hits":[7]}', $json);
is(outcome('D2', 2), '2: done, status 200, step 0', 'probe: so it is done');

# a gateway's 504 uses up no attempt, and may still be in effect

send_message('/probed', 'D3', '{"n":3}');
expect('/probed', 'probe: a third')->answer(504);
$request = expect('/find', 'probe: also after what does not count');
is(outcome('D3', 1), '1: down, status 504, step 0', 'probe: down by 504');
$request->answer(503);
$request = expect('/find', 'probe: also if the probe is down then');
is(outcome('D3', 2), '1: down, status 503, step 0', 'probe: itself down');
$request->answer(200, '{"hits":[7]}', $json);
is(outcome('D3', 3), '1: done, status 200, step 0', 'probe: found');

# a session has ended, says the body of a 200

my $expired = '{"error":{"code":100,"message":"SECRET"}}';

send_message('/denied', 'E1', '{"n":1}');
expect('/login', 'denied: a login')
    ->answer(200, '{}', $json, 'Set-Cookie: s=1');
$request = expect('/denied', 'denied: the request');
is(header($request, 'Cookie'), 's=1', 'denied: of the session');
$request->answer(200, $expired, $json);
expect('/login', 'denied: another login')
    ->answer(200, '{}', $json, 'Set-Cookie: s=2');
$again = expect('/denied', 'denied: the request once more');
is(header($again, 'Cookie'), 's=2', 'denied: of the new session');
$again->answer(200, '{"result":1}', $json);
is(outcome('E1', 1), '1: done, status 200, step 0', 'denied: one attempt');

# that of a new one too: as a 401, no document is at fault; nor is a probe

send_message('/denied', 'E2', '{"n":2}');
expect('/denied', 'denied: a second')->answer(200, $expired, $json);
expect('/login', 'denied: a login')
    ->answer(200, '{}', $json, 'Set-Cookie: s=3');
expect('/denied', 'denied: again')->answer(500, $expired, $json);
$request = expect('/seek', 'denied: it is looked for');
is(outcome('E2', 1), '1: down, status 401, step 0', 'denied: down');
$request->answer(200, $expired, $json);
expect('/login', 'denied: a login for the probe')
    ->answer(200, '{}', $json, 'Set-Cookie: s=4');
$again = expect('/seek', 'denied: the probe once more');
is(header($again, 'Cookie'), 's=4', 'denied: of the new session');
$again->answer(200, '{"hits":[1]}', $json);
is(outcome('E2', 2), '1: done, status 200, step 0', 'denied: found');

ok(!$back->pending, 'nothing more was sent');
unlike($ngx->log, qr/SECRET|"n":/, 'nothing of an answer in the log');

$ngx->stop;

done_testing();
