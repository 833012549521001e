use lib 't/lib';
use strict;
use warnings;
use Test::More;
use Digest::SHA 'sha256_hex';
use ErpTest;

# A message in the store becomes requests to its destinations: body, headers,
# variables, credentials, further attempts, and a reload in the middle.

my $json = 'Content-Type: application/json';

my $back = Held->new;
my $erp = 'http://127.0.0.1:' . $back->port;

my $ngx = Engine->start(files => { pw => "pass-word\n" }, http => <<"EOH");
    erp_store path=%%DIR%%/store min_free=1m ballast=1m;

    canonical_map visit version=1 {
        from    hl7 ADT^A01;
        emit    visit key=visit_id;
        set     visit_id   PV1-19.1  required;
    }

    canonical_map visit_soap version=1 {
        from    canonical visit;
        to      soap v:Open xmlns=urn:example:visits
                action=urn:example:visits:Open version=1.1;
        set     v:Number   visit_id  required;
    }

    server {
        listen 127.0.0.1:%%HTTP%%;

        erp_retry    base=10ms max=10ms jitter=none;
        erp_breaker  off;

        location = /raw {
            erp_send /erp/raw key=\$http_x_key order_by=\$http_x_order;
        }

        location = /visit { canonical_request visit; erp_send /erp/visit; }
        location = /soap  { canonical_request visit; erp_send /erp/soap; }
        location = /hex   { erp_send /erp/hex key=\$http_x_key; }
        location = /uuid  { erp_send /erp/uuid key=\$http_x_key; }
        location = /none  { erp_send /erp/none; }
        location = /basic { erp_send /erp/basic; }
        location = /oauth { erp_send /erp/oauth; }

        location = /vars {
            return 200 "[\$erp_destination\$erp_delivery\$erp_key\$erp_attempt\$erp_step\$erp_result_x\$erp_error_code]\\n";
        }

        location = /erp/raw {
            internal;
            proxy_set_header X-Vars "\$erp_destination|\$erp_attempt|\$erp_order|\$erp_step|\$erp_object_type|\$erp_object_key|\$erp_replay_of|\$erp_key";
            proxy_set_header X-Delivery \$erp_delivery;
            proxy_pass $erp/raw;
        }

        location = /erp/visit {
            internal;
            proxy_set_header X-Vars "\$erp_object_type|\$erp_object_key";
            proxy_pass $erp/visit;
        }

        location = /erp/soap {
            internal;
            erp_auth wsse user=me password_file=pw password=text;
            canonical_render visit_soap;
            proxy_pass $erp/soap;
        }

        location = /erp/hex {
            internal;
            erp_idempotency header=RequestID format=hex32
                            created=RepeatabilityCreation upsert=Upsert-Mode;
            proxy_pass $erp/hex;
        }

        location = /erp/uuid {
            internal;
            erp_idempotency repeatability;
            proxy_pass $erp/uuid;
        }

        location = /erp/none {
            internal;
            erp_idempotency none;
            proxy_pass $erp/none;
        }

        location = /erp/basic {
            internal;
            erp_auth basic user=me password_file=pw;
            proxy_pass $erp/basic;
        }

        location = /erp/oauth {
            internal;
            erp_auth oauth2 /erp/token client_id=me client_secret_file=pw;
            proxy_pass $erp/oauth;
        }

        location = /erp/token { internal; proxy_pass $erp/token; }
    }
EOH

ErpTest->of($ngx, $back);

my ($request, $again, @old);
my ($trace, $span) = ('ab' x 16, 'cd' x 8);


# a body as it came

send_message('/raw', 'A1', '{"n":1}', $json, 'X-Key: key 1', 'X-Order: o1',
             "traceparent: 00-$trace-$span-01");
$request = $back->accept;

is(uri($request), '/raw', 'raw: the request');
is($request->body, '{"n":1}', 'raw: the body');
is(header($request, 'Content-Type'), 'application/json', 'raw: its type');
is(header($request, 'Content-Length'), 7, 'raw: its length');
is(header($request, 'X-Correlation-ID'), 'A1', 'raw: the correlation id');
is(header($request, 'Idempotency-Key'), 'key 1', 'raw: the key');
like(header($request, 'traceparent'), qr/^00-$trace-[0-9a-f]{16}-01$/,
     'raw: of the same trace');
unlike(header($request, 'traceparent'), qr/$span/, 'raw: another span');
is(header($request, 'X-Vars'),
   '/erp/raw|1|o1|0|application/json|||key 1', 'raw: variables');
like(header($request, 'X-Delivery'), qr/^[1-9]\d*$/, 'raw: its number');
is(header($request, 'Authorization'), '', 'raw: no credentials');

$request->answer(201);
is(outcome('A1', 1), '1: done, status 201, step 0', 'raw: done');

like($ngx->get('HTTP', '/vars'), qr/^\[\]$/m, 'variables of no delivery');

send_message('/raw', 'A2', "\x00\xff", 'Content-Type: image/x; a=b');
$request = $back->accept;
is($request->body, "\x00\xff", 'raw: bytes');
is(header($request, 'Content-Type'), 'image/x', 'raw: a type of its own');
isnt(header($request, 'Idempotency-Key'), '', 'raw: a key of its own');
$request->answer(204);
is(outcome('A2', 1), '1: done, status 204, step 0', 'raw: 204');


# an object

send_message('/visit', 'B1', adt('V1'),
             'Content-Type: application/hl7-v2');
$request = $back->accept;
like($request->body, qr/"visit_id":"V1"/, 'object: canonical JSON');
is(header($request, 'Content-Type'), 'application/json', 'object: its type');
is(header($request, 'X-Vars'), 'visit|V1', 'object: variables');
$request->answer(200);
is(outcome('B1', 1), '1: done, status 200, step 0', 'object: done');


# rendered, and then WS-Security

send_message('/soap', 'B2', adt('V2'),
             'Content-Type: application/hl7-v2');
$request = $back->accept;
like($request->body, qr/Number>V2</, 'soap: rendered');
like($request->body, qr/UsernameToken.*me.*pass-word/s, 'soap: who we are');
is(header($request, 'Content-Length'), length $request->body,
   'soap: the length of both');
$request->answer(200);
is(outcome('B2', 1), '1: done, status 200, step 0', 'soap: done');


# keys

send_message('/hex', 'C1', '{"n":1}', $json, 'X-Key: key 1');
$request = $back->accept;
is(header($request, 'RequestID'), substr(sha256_hex('key 1'), 0, 32),
   'hex32: of the hash of the key');
like(header($request, 'RepeatabilityCreation'),
     qr/^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/, 'hex32: a date');
is(header($request, 'Upsert-Mode'), 'true', 'hex32: upsert');
is(header($request, 'Idempotency-Key'), '', 'hex32: no other header');
$request->answer(200);
outcome('C1', 1);

send_message('/uuid', 'C2', '{"n":1}', $json, 'X-Key: key 1');
$request = $back->accept;
is(header($request, 'Repeatability-Request-ID'), uuid('key 1'),
   'uuid: with version and variant');
like(header($request, 'Repeatability-First-Sent'), qr/ GMT$/, 'uuid: a date');
$request->answer(200);
outcome('C2', 1);

send_message('/none', 'C3', '{"n":1}', $json);
$request = $back->accept;
is(header($request, 'Idempotency-Key'), '', 'none: no header');
$request->answer(200);
outcome('C3', 1);


# further attempts

send_message('/raw', 'D1', '{"n":2}', $json, 'X-Key: key 2');
$request = $back->accept;
$request->answer(500);
$again = $back->accept;
is(outcome('D1', 1), '1: retry, status 500, step 0', 'retry: the outcome');
is($again->body, $request->body, 'retry: the same body');
is(header($again, 'Idempotency-Key'), 'key 2', 'retry: the same key');
is(header($again, 'X-Delivery'), header($request, 'X-Delivery'),
   'retry: the same delivery');
like(header($again, 'X-Vars'), qr{^/erp/raw\|2\|}, 'retry: counted');
is(substr(header($again, 'traceparent'), 0, 35),
   substr(header($request, 'traceparent'), 0, 35), 'retry: the same trace');
isnt(header($again, 'traceparent'), header($request, 'traceparent'),
     'retry: another span');
$again->answer(200);
is(outcome('D1', 2), '2: done, status 200, step 0', 'retry: done');

send_message('/raw', 'D2', '{"n":3}', $json);
$back->accept->answer(503, '', 'Retry-After: 0');
$request = $back->accept;
is(outcome('D2', 1), '1: down, status 503, step 0', 'down: the outcome');
like(header($request, 'X-Vars'), qr{^/erp/raw\|1\|}, 'down: not counted');
$request->answer(200);
is(outcome('D2', 2), '1: done, status 200, step 0', 'down: done');


# credentials

send_message('/basic', 'E1', '{"n":1}', $json);
$request = $back->accept;
is(header($request, 'Authorization'), 'Basic bWU6cGFzcy13b3Jk',
   'basic: the header');
$request->answer(200);
is(outcome('E1', 1), '1: done, status 200, step 0', 'basic: done');

send_message('/oauth', 'E2', '{"n":1}', $json);
$request = $back->accept;
is(uri($request), '/token', 'oauth2: a login first');
$request->answer(400, '{"error":"invalid_client"}', $json);
is(outcome('E2', 1), '1: down, status 400, step 0', 'oauth2: refused');

$request = $back->accept;
is(uri($request), '/token', 'oauth2: the next attempt is a login again');
$request->answer(200, token('T1'), $json);
$request = $back->accept;
is(uri($request), '/oauth', 'oauth2: then the request');
is(header($request, 'Authorization'), 'Bearer T1', 'oauth2: with the token');
$request->answer(401);
$request = $back->accept;
is(uri($request), '/token', 'oauth2: the token is refused: a login');
$request->answer(200, token('T2'), $json);
$request = $back->accept;
is(header($request, 'Authorization'), 'Bearer T2', 'oauth2: sent once more');
is($request->body, '{"n":1}', 'oauth2: the same body');
$request->answer(201);
is(outcome('E2', 2), '1: done, status 201, step 0', 'oauth2: done');

send_message('/oauth', 'E3', '{"n":2}', $json);
$request = $back->accept;
is(header($request, 'Authorization'), 'Bearer T2', 'oauth2: no login again');
$request->answer(201);
outcome('E3', 1);


# a reload while a request is on its way

send_message('/raw', 'F1', '{"n":4}', $json);
$request = $back->accept;
@old = $ngx->reload;
$request->answer(201);
is(outcome('F1', 1), '1: done, status 201, step 0', 'reload: done');
$ngx->wait_gone(@old);
pass('reload: the old worker ends');

send_message('/raw', 'F2', '{"n":5}', $json);
$request = $back->accept;
is($request->body, '{"n":5}', 'reload: what was done is not sent again');
$request->answer(201);
is(outcome('F2', 1), '1: done, status 201, step 0', 'reload: the new worker');

unlike($ngx->log, qr/"n":|pass-word/, 'nothing of a body in the log');

$ngx->stop;

done_testing();


sub adt {
    my ($visit) = @_;

    return hl7('ADT^A01', "M-$visit", 'PV1|1|I' . '|' x 17 . $visit)
           =~ tr/\n/\r/r;
}


sub uuid {
    my ($key) = @_;
    my @digits = split //, substr sha256_hex($key), 0, 32;

    $digits[12] = '8';
    $digits[16] = sprintf '%x', 8 | hex($digits[16]) & 3;

    return join('', @digits)
           =~ s/^(.{8})(.{4})(.{4})(.{4})(.{12})$/$1-$2-$3-$4-$5/r;
}


sub token {
    my ($token) = @_;

    return "{\"access_token\":\"$token\",\"token_type\":\"Bearer\","
           . '"expires_in":3600}';
}
