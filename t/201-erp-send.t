use lib 't/lib';
use strict;
use warnings;
use Digest::SHA 'sha256_hex';
use JSON::PP;
use Test::More;
use Time::HiRes 'sleep';
use ErpTest;
use MapTest;

# erp_send: what of a request is in the store when it is answered, and what
# the answer says.

sub stored;
sub answered;
sub refused;
sub verdicts;

my $erp = Engine->backend(sub {
    my ($sock, $request) = @_;
    my ($path) = $request =~ m{^\w+ /(\w+)};

    my ($status, $body) = $path eq 'ok' ? ('201 Created', '{"id":17}')
                        : ('422 No', '{"error":{"code":"E-12","text":"x"}}');

    print $sock "HTTP/1.0 $status\r\nContent-Type: application/json\r\n",
                'Content-Length: ', length $body, "\r\n\r\n$body";
});

my $nobody = free_ports(1);

my $maps = <<'EOF';
    canonical_map charge version=2 {
        from hl7 DFT^P03;
        each charge FT1 {
            emit charge key=id;
            set id    "{MSH-10}/{FT1-1}" required;
            set visit PV1-19.1;
            set item  FT1-7.1;
        }
    }
    canonical_map usage version=1 {
        from hl7 DFT^P03;
        each usage ZST {
            emit usage key=id;
            set id   "{MSH-10}/{ZST-1}" required;
            set item ZST-2;
        }
    }
    canonical_map encounter version=1 {
        from fhir Encounter;
        emit encounter key=id;
        set id id required;
    }
    canonical_map thing version=3 {
        from json;
        emit thing key=id;
        set id id required;
    }
    log_format verdict '$uri $status $erp_verdict $erp_message';
    access_log logs/verdict.log verdict;
EOF

my $t = MapTest->start(http => <<'EOF' . $maps,
    erp_store path=%%DIR%%/store min_free=1m ballast=1m timeout=2s;
EOF
    stream => 'server { listen 127.0.0.1:%%MLLP%%; mllp_pass hie
                        /hl7/$hl7_message_type; }',
    locations => <<"EOF");
        location /two {
            canonical_request charge usage;
            erp_send /erp/a when=charge order_by=\$canonical_visit;
            erp_send /erp/b key=item-\$canonical_item ttl=2h;
            erp_send /erp/a when=usage;
            erp_send /erp/b when=other;
        }
        location /thing { canonical_request thing; erp_send /erp/a; }
        location /none { canonical_request thing; erp_send /erp/a when=x; }
        location /visit { canonical_request encounter; erp_send /erp/a; }
        location /raw { client_body_buffer_size 1k; erp_send /erp/a; }
        location /only { erp_send /erp/a when=text/plain; }
        location /small { client_max_body_size 4; erp_send /erp/a; }
        location /keys {
            erp_send /erp/a order_by=\$http_x_order key=\$http_x_key;
        }
        location /if {
            if (\$arg_x) { set \$x 1; }
            erp_send /erp/a;
        }
        location /wait { erp_send /erp/ok wait=10s; erp_send /erp/a; }
        location /bad {
            erp_send /erp/ok wait=10s;
            erp_send /erp/bad wait=10s;
        }
        location /late { erp_send /erp/a wait=100ms; }
        location /page {
            error_page 415 /page.html;
            erp_send /erp/a;
        }
        location = /page.html { return 200 "our page"; }

        location /erp/a { internal; proxy_pass http://127.0.0.1:$nobody; }
        location /erp/b { internal; proxy_pass http://127.0.0.1:$nobody; }
        location /erp/ok { internal; proxy_pass http://127.0.0.1:$erp/ok; }
        location /erp/bad {
            internal;
            erp_error code=/error/code message=/error/text;
            proxy_pass http://127.0.0.1:$erp/bad;
        }
    }
    server {
        server_name hie;
        mllp_only;

        location /hl7/DFT { canonical_request charge; erp_send /erp/a; }
        location /hl7/ADT { erp_send /erp/ok wait=10s; }
        location /hl7/BAR { erp_send /erp/bad wait=10s; }
EOF

my $dir = $t->engine->dir;

ErpTest->of($t->engine);

wait_for { $t->post('/only', 'text/plain', 'x')->{status} == 202 }
    'a first message';

my $dft = <<'EOF';
MSH|^~\&|OR|GHH|HIE|ERP|20261121101500+0100||DFT^P03^DFT_P03|M-1|P|2.8
PV1|1|I|4E||||||||||||||||V-4711
FT1|1|||20261121|20261121|CG|27130
FT1|2|||20261121|20261121|CG|C1776
ZST|1|IMP-4
EOF


# objects and their deliveries

my ($type, $body) = $t->er7($dft);

my $answer = stored '/two', 6, $type, $body,
    'X-Correlation-ID: corr-1', 'traceparent: '
    . '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

my $id = $answer->{message};

is($answer->{correlation_id}, 'corr-1', 'correlation id');

my ($m) = rows "SELECT flow, source, type, control_id, correlation_id,
                    traceparent, received, hex(hash) AS hash,
                    length(dedup) AS dedup,
                    CAST(substr(dedup, 22, 3) AS TEXT) AS neighbour
                FROM message WHERE id = $id";

is_deeply([@$m{qw(flow source type control_id correlation_id dedup)}],
          ['/two', 'OR/GHH', 'DFT^P03', 'M-1', 'corr-1', 40], 'the message');
is($m->{neighbour}, 'M-1', 'in the index beside those of the same sender');
is(lc $m->{hash}, sha256_hex($body), 'its hash');
like($m->{traceparent}, qr/^00-0af7651916cd43dd8448eb211c80319c-/, 'trace');
cmp_ok(abs($m->{received} / 1000 - time), '<', 60, 'when it was received');

is_deeply([map { [$_->{n}, map { $_ // "" } @$_{qw(type key map)}] }
           rows "SELECT id & 65535 AS n, type, key, map FROM body
                 WHERE id >> 16 = $id ORDER BY id"],
          [[0, '', '', ''],
           [1, 'charge', 'M-1/1', 'charge@2'],
           [2, 'charge', 'M-1/2', 'charge@2'],
           [3, 'usage', 'M-1/1', 'usage@1']], 'its objects');

my ($raw) = rows "SELECT hex(data) AS data FROM body WHERE id = $id << 16";
is(pack('H*', $raw->{data}), $body, 'as it came');

my ($o) = rows "SELECT CAST(data AS TEXT) AS data FROM body
                WHERE id = ($id << 16) + 2";
is($o->{data}, '{"type":"charge","map":"charge@2","key":"M-1/2",'
               . '"id":"M-1/2","visit":"V-4711","item":"C1776"}',
   'an object is canonical JSON');

my @d = rows "SELECT t.uri, d.body & 65535 AS n, d.order_key, d.key, d.ttl_at,
                  d.received
              FROM delivery d JOIN destination t ON t.number = d.destination
              WHERE d.message = $id ORDER BY d.id";

is_deeply([map { [@$_{qw(uri n)}, $_->{order_key} // ''] } @d],
          [['/erp/a', 1, 'V-4711'], ['/erp/b', 1, ''],
           ['/erp/a', 2, 'V-4711'], ['/erp/b', 2, ''],
           ['/erp/b', 3, ''], ['/erp/a', 3, '']],
          'its deliveries, in the order of objects and of erp_send')
    if is(scalar @d, 6, 'all of them');

is_deeply([map { $_->{key} } grep { $_->{uri} eq '/erp/b' } @d],
          ['item-27130', 'item-C1776', 'item-IMP-4'], 'keys of key=');

my @keys = map { $_->{key} } grep { $_->{uri} eq '/erp/a' } @d;
is(scalar(grep { /^[0-9a-f]{32}$/ } @keys), 3, 'keys of the message');
isnt($keys[0], $keys[1], 'one for each object');

is($d[1]{ttl_at} - $d[1]{received}, 7200000, 'ttl=');


# what is stored of other bodies

my $thing = stored '/thing', 1, 'application/JSON;a=b', '{"id":"t-1","x":2}',
                   'Idempotency-Key: idem-1';

($m) = rows "SELECT source, type, control_id FROM message
             WHERE id = $thing->{message}";
is_deeply([@$m{qw(source type control_id)}],
          ['127.0.0.1', 'application/json', 'idem-1'], 'names of JSON');

my $visit = stored '/visit', 1,
                   $t->json('{"resourceType":"Encounter","id":"e-1"}');

($m) = rows "SELECT type FROM message WHERE id = $visit->{message}";
is($m->{type}, 'Encounter', 'names of FHIR');

my $text = stored '/raw', 1, 'Text/Plain; charset=utf-8', 'body-9301';

($m) = rows "SELECT m.type, b.type AS object, CAST(b.data AS TEXT) AS data
             FROM message m JOIN body b ON b.id = (m.id << 16) + 1
             WHERE m.id = $text->{message}";
is_deeply([@$m{qw(type object data)}],
          ['text/plain', 'text/plain', 'body-9301'], 'a body without a map');

my $bytes = stored '/raw', 1, '', join '', map { chr } 0 .. 255;

($m) = rows "SELECT b.type, hex(b.data) AS data FROM body b
             WHERE b.id = ($bytes->{message} << 16) + 1";
is_deeply([$m->{type}, $m->{data}],
          ['application/octet-stream',
           uc unpack('H*', join '', map { chr } 0 .. 255)],
          'bytes without a type');

my $large = stored '/raw', 1, 'text/plain', 'x' x 400000;

($m) = rows "SELECT size FROM body WHERE id = ($large->{message} << 16) + 1";
is($m->{size}, 400000, 'more than a buffer');

stored '/only', 1, 'text/plain', 'x';
my $left = stored '/only', 0, 'text/html', 'x';

is(number("delivery WHERE message = $left->{message}"), 0, 'when= leaves out');

my $none = stored '/none', 0, 'application/json', '{"id":"t-2"}';

is(number("body WHERE id >> 16 = $none->{message}"), 2,
   'nothing to send is stored too');

stored '/if', 1, 'text/plain', 'x';
stored '/if?x=1', 1, 'text/plain', 'x';


# keys that are no text for a header

my $keys = stored '/keys', 1, 'text/plain', 'x', 'X-Order: ' . 'o' x 255,
                  'X-Key: k 1';
($m) = rows "SELECT key, order_key FROM delivery
             WHERE message = $keys->{message}";
is_deeply([@$m{qw(key order_key)}], ['k 1', 'o' x 255], 'keys as given');

$keys = stored '/keys', 1, 'text/plain', 'x', 'X-Order: ' . 'o' x 256,
               "X-Key: a\tb";
($m) = rows "SELECT key, order_key FROM delivery
             WHERE message = $keys->{message}";
is_deeply([@$m{qw(key order_key)}],
          [substr(sha256_hex("a\tb"), 0, 32),
           substr(sha256_hex('o' x 256), 0, 32)], 'keys by their hash');

$keys = stored '/keys', 1, 'text/plain', 'x';
($m) = rows "SELECT key, coalesce(order_key, '') AS order_key FROM delivery
             WHERE message = $keys->{message}";
like("$m->{key}/$m->{order_key}", qr{^[0-9a-f]{32}/$}, 'keys that are empty');


# a body that comes in pieces

my $sock = $t->connect;
print $sock "POST /raw HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            . "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n";
sleep 0.1;
print $sock "3\r\ndef\r\n0\r\n\r\n";

my $pieces = do { local $/; MapTest::answer(scalar <$sock>) };
is($pieces->{status}, 202, 'chunks');

my $number = decode_json($pieces->{body})->{message};
($m) = rows "SELECT CAST(data AS TEXT) AS data FROM body
             WHERE id = ($number << 16) + 1";
is($m->{data}, 'abcdef', 'are put together');


# refused, and not stored

my $before = number('message');

refused 400, 'empty body', '/raw', 'text/plain', '';
refused 415, 'a packed body cannot be stored', '/raw', 'text/plain', 'x',
        'Content-Encoding: gzip';
refused 415, 'NDJSON cannot be stored, send its lines one by one', '/thing',
        'application/x-ndjson', qq({"id":"1"}\n{"id":"2"}\n);

is($t->get('/raw')->{status}, 405, 'GET');
is($t->raw("DELETE /raw HTTP/1.0\r\n\r\n")->{status}, 405, 'DELETE');
is($t->post('/small', 'text/plain', 'large')->{status}, 413, 'too large');
is($t->post('/thing', 'application/json', '{}')->{status}, 422, 'not mapped');
is($t->post('/erp/a', 'text/plain', 'x')->{status}, 404,
   'a destination is internal');

my $page = $t->post('/page', 'text/plain', 'x', 'Content-Encoding: gzip');
is($page->{body}, 'our page', 'error_page');

is(number('message'), $before, 'nothing of it is stored');


# wait=

my $done = answered 200, '/wait', 'text/plain', 'x';

is(number("delivery WHERE message = $done->{message} AND state = 2"), 1,
   'delivered before the answer');
is($done->{deliveries}, 2, 'of two deliveries');

my $dead = answered 422, '/bad', 'text/plain', 'x';

is_deeply([@$dead{qw(title detail reason erp_code code)}],
          ['Unprocessable Content', 'a delivery has failed', 'rejected',
           'E-12', 207], 'a delivery that failed');
is(number("delivery WHERE message = $dead->{message} AND state = 3
           AND id = $dead->{delivery}"), 1, 'is a dead letter');

my $late = answered 202, '/late', 'text/plain', 'x';
is(number("delivery WHERE message = $late->{message} AND ended IS NULL"), 1,
   'not delivered in time: it goes on');


# a client that leaves

$before = number('message');

$sock = $t->connect;
print $sock "POST /late HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1"
            . "\r\n\r\nx";
close $sock;

wait_for { number('message') == $before + 1 } 'the message of who left';
pass('is stored all the same');


# MLLP

my $c = $t->engine->client('MLLP');

$c->send($dft);
my $ack = $c->read;
is(field($ack, 'MSA-1'), 'AA', 'stored: AA');

$c->send(hl7('ADT^A01', 'A-1', 'EVN|A01'));
is(field($c->read, 'MSA-1'), 'AA', 'delivered: AA');

$c->send(hl7('BAR^P01', 'B-1', 'EVN|P01'));
$ack = $c->read;
is(field($ack, 'MSA-1'), 'AE', 'a dead letter: AE');
like($ack, qr/^ERR\|\|\|207.*a delivery has failed: rejected/m, 'its ERR');

$c->send(hl7('DFT^P03', 'D-2', 'FT1|1', 'FT1|2'));
is(field($c->read, 'MSA-1'), 'AA', 'optional fields are not there');

my ($n) = rows "SELECT count(*) AS n FROM message WHERE flow = '/hl7/DFT'
                AND source IN ('OR/GHH', 'LAB/WARD')";
is($n->{n}, 2, 'in the store');


# the store does not answer: it is asked to by a signal

open my $file, '<', "$dir/store/store.pid" or die "store.pid: $!\n";
chomp(my $pid = <$file>);

kill 'STOP', $pid;

my $down = $t->post('/raw', 'text/plain', 'asked', 'Idempotency-Key: down');

is($down->{status}, 503, 'no answer of the store');
like($down->{header}, qr/^Retry-After: 1\r$/m, 'try again later');
is($down->{type}, 'application/problem+json', 'its type');
is(decode_json($down->{body})->{detail}, 'the store does not answer',
   'and why');

$c->send(hl7('DFT^P03', 'D-3', 'FT1|1'));
$ack = $c->read;
is(field($ack, 'MSA-1'), 'AR', 'over MLLP');
like($ack, qr/^ERR\|\|\|207.*the store does not answer/m, 'its ERR');

kill 'CONT', $pid;

stored '/raw', 1, 'text/plain', 'asked', 'Idempotency-Key: down';
is(number("message WHERE control_id = 'down'"), 1, 'once, when it is back');


# variables

is_deeply([verdicts('/none')], ['202 filtered ' . $none->{message}],
          '$erp_verdict and $erp_message');
is((verdicts('/two'))[0], "202 stored $id", 'of what is stored');
like((grep { /^503/ } verdicts('/raw'))[0] // '', qr/^503 failed/,
     'of what is not');
like((grep { /^415/ } verdicts('/raw'))[0] // '', qr/^415 -? -$/,
     'of what did not come to the store');

$t->stop;

unlike($t->engine->log, qr/27130|V-4711|body-9301/,
       'nothing of a message in error.log');


# a full disk

my $full = MapTest->start(http => <<'EOF' . $maps,
    erp_store path=%%DIR%%/store min_free=100000000g ballast=0;
EOF
    locations => <<"EOF");
        location /raw { erp_send /erp/a; }
        location /erp/a { internal; proxy_pass http://127.0.0.1:$nobody; }
EOF

my $refusal = $full->post('/raw', 'text/plain', 'x');
is($refusal->{status}, 503, 'below min_free');
like($refusal->{header}, qr/^Retry-After: 1\r$/m, 'try again later');
is(decode_json($refusal->{body})->{detail}, 'the store is full', 'and why');

$full->stop;


# what nginx -t says

for my $case (
    ['erp_send', 'invalid number of arguments in "erp_send" directive'],
    ['erp_send erp', 'URI "erp" must begin with "/"'],
    ['erp_send /nowhere', 'no location "/nowhere"'],
    ['erp_send /erp when=a when=b', 'duplicate parameter "when=b"'],
    ['erp_send /erp order_by=a order_by=b',
     'duplicate parameter "order_by=b"'],
    ['erp_send /erp key=a key=b', 'duplicate parameter "key=b"'],
    ['erp_send /erp wait=1s wait=1s', 'duplicate parameter "wait=1s"'],
    ['erp_send /erp ttl=1s ttl=1s', 'duplicate parameter "ttl=1s"'],
    ['erp_send /erp when=', 'invalid parameter "when="'],
    ['erp_send /erp wait=soon', 'invalid parameter "wait=soon"'],
    ['erp_send /erp wait=0', 'invalid parameter "wait=0"'],
    ['erp_send /erp ttl=0', 'invalid parameter "ttl=0"'],
    ['erp_send /erp other=1', 'invalid parameter "other=1"'],
    ['erp_send /erp order_by=$no_such', 'unknown "no_such" variable'],
    ['proxy_pass http://127.0.0.1:1; erp_send /erp',
     'conflicts with another handler of this location'])
{
    my ($words, $message) = @$case;

    my $started = eval {
        Engine->start(http => "erp_store path=%%DIR%%/store;
            server {
                listen 127.0.0.1:%%HTTP%%;
                location / { $words; }
                location /erp { internal; return 204; }
            }");
        1;
    };

    ok(!$started && index($@, $message) >= 0, $words) or diag($@ // '');
}

done_testing();


sub answered {
    my ($status, $uri, @request) = @_;
    my $answer = $t->post($uri, @request);

    is($answer->{status}, $status, "$uri is answered with $status")
        or diag($answer->{body});

    return eval { JSON::PP->new->utf8->decode($answer->{body}) } // {};
}


# answered with 202, and so many deliveries

sub stored {
    my ($uri, $deliveries, @request) = @_;
    my $answer = $t->post($uri, @request);
    my $json = eval { JSON::PP->new->utf8->decode($answer->{body}) } // {};

    is("$answer->{status} $answer->{type} " . ($json->{deliveries} // 'none'),
       "202 application/json $deliveries", "$uri is stored")
        or diag($answer->{body});

    $json->{message} //= 0;

    return $json;
}


sub refused {
    my ($status, $detail, $uri, @request) = @_;
    my $answer = $t->post($uri, @request);
    my $json = eval { JSON::PP->new->utf8->decode($answer->{body}) } // {};

    is("$answer->{status} $answer->{type} " . ($json->{detail} // ''),
       "$status application/problem+json $detail", "$uri: $detail")
        or diag($answer->{body});
}


sub verdicts {
    my ($uri) = @_;

    open my $log, '<', "$dir/logs/verdict.log" or die "verdict.log: $!\n";

    return map { m{^\Q$uri\E (.*)$} ? $1 : () } <$log>;
}
