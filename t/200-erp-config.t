use lib 't/lib';
use strict;
use warnings;
use Test::More;
use ConfTest;
use Engine;

# What nginx -t says of erp_store, erp_send and the directives of a
# destination: what is wrong, the file and the line.

my $ngx = Engine->start(http => <<'EOF');
    server { listen 127.0.0.1:%%HTTP%%; location / { return 200; } }
EOF

my $dir = $ngx->dir;
my $listen = '127.0.0.1:' . $ngx->port('OTHER');
my $long = 'p' x 100;

$ngx->put('raw.key', 'k' x 32);
$ngx->put('hex.key', 'aB' x 32 . "\n");
$ngx->put('crlf.key', '09' x 32 . "\r\n");
$ngx->put('short.key', 'k' x 31);
$ngx->put('long.key', 'secret' x 100);
$ngx->put('digits.key', 'zz' x 32);
$ngx->put('empty.key', '');
$ngx->put('erp.pw', "a password\n");

chmod 0600, glob "$dir/conf/*.key $dir/conf/erp.pw";
ConfTest->of($ngx);


# erp_store

for my $case (
    ['', 'invalid number of arguments in "erp_store"'],
    ['min_free=1m', '"erp_store" directive needs "path="'],
    ['path=', 'invalid parameter "path="'],
    ['path', 'invalid parameter "path"'],
    ['store', 'invalid parameter "store"'],
    ['path=store file=x', 'invalid parameter "file=x"'],
    ['path=store path=other', 'duplicate parameter "path=other"'],
    ["path=$long", "path \"\\S*$long\" is longer than \\d+ bytes, as a "
                   . 'socket is in it'],
    ['path=store min_free=lots', 'invalid parameter "min_free=lots"'],
    ['path=store min_free=', 'invalid parameter "min_free="'],
    ['path=store min_free=-1', 'invalid parameter "min_free=-1"'],
    ['path=store min_free=1m min_free=1m',
     'duplicate parameter "min_free=1m"'],
    ['path=store ballast=x', 'invalid parameter "ballast=x"'],
    ['path=store ballast=-1m', 'invalid parameter "ballast=-1m"'],
    ['path=store keep=-1', 'invalid parameter "keep=-1"'],
    ['path=store keep=soon', 'invalid parameter "keep=soon"'],
    ['path=store keep=', 'invalid parameter "keep="'],
    ['path=store keep=36501d', 'invalid parameter "keep=36501d"'],
    ['path=store keep_dead=1q', 'invalid parameter "keep_dead=1q"'],
    ['path=store timeout=0', 'invalid parameter "timeout=0"'],
    ['path=store timeout=25h', 'invalid parameter "timeout=25h"'],
    ['path=store slots=0', 'invalid parameter "slots=0"'],
    ['path=store slots=-1', 'invalid parameter "slots=-1"'],
    ['path=store slots=65536', 'invalid parameter "slots=65536"'],
    ['path=store slots=many', 'invalid parameter "slots=many"'],
    ['path=store key=', 'invalid parameter "key="'],
    ['path=store key=none.key',
     'open\(\) "\S+/conf/none\.key" failed \(2: No such file or directory\)'],
    ['path=store key=../logs', 'read\(\) "\S+/conf/\.\./logs" failed'],
    ['path=store key=short.key', '"\S+/conf/short\.key" has no key: 32 bytes '
                                 . 'or 64 hexadecimal digits are expected'],
    ['path=store key=long.key', '"\S+/conf/long\.key" has no key'],
    ['path=store key=digits.key', '"\S+/conf/digits\.key" has no key'],
    ['path=store key=empty.key', '"\S+/conf/empty\.key" has no key'],
    ['path=store key=raw.key previous_key=none.key',
     'open\(\) "\S+/conf/none\.key" failed'],
    ['path=store previous_key=raw.key',
     '"erp_store" directive has "previous_key=" without "key="'],
    ["path=store;\nerp_store path=other", '"erp_store" directive is duplicate'],
    ["path=a;\nproxy_temp_path a", 'the same path name "\S+/a" used in'])
{
    my ($text, $error) = @$case;

    refused "erp_store $text", 2 + ($text =~ tr/\n//), $error,
            "http {\nerp_store $text;\n}\n";
}

for my $context ("server {\nerp_store path=store;\n}",
                 "server { location / {\nerp_store path=store;\n} }")
{
    refused $context, 3, '"erp_store" directive is not allowed here',
            "http {\n$context\n}\n";
}

my (undef, $out) = check "http { erp_store path=store key=long.key; }";
unlike($out, qr/secret/, 'a key is not shown');


# what needs it

for my $case (['erp_send', 'erp_send /d'], ['erp_api', 'erp_api'],
              ['erp_metrics', 'erp_metrics'])
{
    my ($name, $text) = @$case;

    refused "$text without erp_store", 4, "\"$name\" needs \"erp_store\"",
            <<EOF;
http {
    server {
        location / {
            $text;
        }
        location /d { }
        location /m { erp_metrics; }
    }
}
EOF
}

accepted 'erp_store behind what needs it', <<EOF;
http {
    server {
        location / { erp_send /d; }
        location /d { }
        location /a { erp_api; }
        location /m { erp_metrics; }
    }
    erp_store path=store;
}
EOF


# values, in http{}, server{} and location{}

my @cases = (
    ['erp_message_key', 'invalid number of arguments'],
    ['erp_message_key a b', 'invalid number of arguments'],
    ["erp_message_key a;\nerp_message_key b",
     '"erp_message_key" directive is duplicate'],
    ["erp_message_key off;\nerp_message_key b",
     '"erp_message_key" directive is duplicate'],
    ["erp_message_key b;\nerp_message_key off",
     '"erp_message_key" directive is duplicate'],

    ['erp_retry', 'invalid number of arguments'],
    ['erp_retry off', 'invalid parameter "off"'],
    ['erp_retry tries=3', 'invalid parameter "tries=3"'],
    ['erp_retry base=0', 'invalid parameter "base=0"'],
    ['erp_retry base=x', 'invalid parameter "base=x"'],
    ['erp_retry base=-1s', 'invalid parameter "base=-1s"'],
    ['erp_retry base=1s base=1s', 'duplicate parameter "base=1s"'],
    ['erp_retry factor=0.99',
     'invalid parameter "factor=0\.99": a number from 1 to 100 is expected'],
    ['erp_retry factor=101', 'invalid parameter "factor=101": a number'],
    ['erp_retry factor=1.234', 'invalid parameter "factor=1\.234": a number'],
    ['erp_retry factor=', 'invalid parameter "factor=": a number'],
    ['erp_retry max=0', 'invalid parameter "max=0"'],
    ['erp_retry base=10s max=5s',
     '"erp_retry" directive has "max=" below "base="'],
    ['erp_retry jitter=some', 'invalid parameter "jitter=some": "full", '
                              . '"equal" or "none" is expected'],
    ['erp_retry attempts=-1', 'invalid parameter "attempts=-1"'],
    ['erp_retry attempts=3s', 'invalid parameter "attempts=3s"'],
    ['erp_retry ttl=x', 'invalid parameter "ttl=x"'],
    ['erp_retry retry_after=x', 'invalid parameter "retry_after=x"'],
    ["erp_retry base=1s;\nerp_retry max=9s",
     '"erp_retry" directive is duplicate'],

    ['erp_outcome', 'invalid number of arguments'],
    ['erp_outcome bad', 'invalid parameter "bad"'],
    ['erp_outcome good=200', 'invalid parameter "good=200"'],
    ['erp_outcome bad=', 'invalid parameter "bad=": a status is expected: '
                         . '"404", "4xx", "connect" or "timeout"'],
    ['erp_outcome bad=6xx', 'invalid parameter "bad=6xx": a status'],
    ['erp_outcome bad=40x', 'invalid parameter "bad=40x": a status'],
    ['erp_outcome down=404,', 'invalid parameter "down=404,": a status'],
    ['erp_outcome unknown=time', 'invalid parameter "unknown=time": a status'],
    ['erp_outcome denied=error', 'invalid parameter "denied=error": a JSON '
                                 . 'pointer'],
    ['erp_outcome denied=soap', 'invalid parameter "denied=soap": a JSON '
                                . 'pointer'],
    ["erp_outcome denied=/a;\nerp_outcome bad=409",
     '"erp_outcome" directive is duplicate'],
    ['erp_outcome bad=404 bad=409', 'duplicate parameter "bad=409"'],
    ["erp_outcome bad=404;\nerp_outcome down=409",
     '"erp_outcome" directive is duplicate'],

    ['erp_success', 'invalid number of arguments'],
    ['erp_success 200', 'invalid parameter "200"'],
    ['erp_success status=ok', 'invalid parameter "status=ok": a status'],
    ['erp_success status=2xx status=409', 'duplicate parameter "status=409"'],
    ['erp_success body=', 'invalid parameter "body=": a JSON pointer, which '
                          . 'begins with "/", or "soap" is expected'],
    ['erp_success body=error', 'invalid parameter "body=error": a JSON'],
    ['erp_success body=!', 'invalid parameter "body=!": a JSON'],
    ['erp_success body=/a body=/b~2', 'invalid parameter "body=/b~2": "~" of '
                                      . 'a JSON pointer is written "~0"'],
    ["erp_success status=200;\nerp_success body=/a",
     '"erp_success" directive is duplicate'],

    ['erp_error', 'invalid number of arguments'],
    ['erp_error message', 'invalid parameter "message"'],
    ['erp_error text=/a', 'invalid parameter "text=/a"'],
    ['erp_error message=', 'invalid parameter "message=": a JSON pointer, '
                           . 'which begins with "/", is expected'],
    ['erp_error code=a', 'invalid parameter "code=a": a JSON pointer'],
    ['erp_error code=/a~', 'invalid parameter "code=/a~": "~" of a JSON'],
    ["erp_error code=/a;\nerp_error message=/b",
     '"erp_error" directive is duplicate'],

    ['erp_breaker', 'invalid number of arguments'],
    ['erp_breaker on', 'invalid parameter "on"'],
    ['erp_breaker off open=1s', 'invalid parameter "off"'],
    ['erp_breaker open=1s off', 'invalid parameter "off"'],
    ['erp_breaker consecutive=-1', 'invalid parameter "consecutive=-1"'],
    ['erp_breaker errors=50', 'invalid parameter "errors=50"'],
    ['erp_breaker errors=101%', 'invalid parameter "errors=101%"'],
    ['erp_breaker errors=%', 'invalid parameter "errors=%"'],
    ['erp_breaker errors=', 'invalid parameter "errors="'],
    ['erp_breaker minimum=0', 'invalid parameter "minimum=0"'],
    ['erp_breaker window=x', 'invalid parameter "window=x"'],
    ['erp_breaker open=0', 'invalid parameter "open=0"'],
    ['erp_breaker max_open=0', 'invalid parameter "max_open=0"'],
    ['erp_breaker open=1m max_open=30s',
     '"erp_breaker" directive has "max_open=" below "open="'],
    ["erp_breaker off;\nerp_breaker open=1s",
     '"erp_breaker" directive is duplicate'],

    ['erp_limit', 'invalid number of arguments'],
    ['erp_limit 8', 'invalid parameter "8"'],
    ['erp_limit concurrency=-1', 'invalid parameter "concurrency=-1"'],
    ['erp_limit concurrency=some', 'invalid parameter "concurrency=some"'],
    ['erp_limit rate=50', 'invalid parameter "rate=50": a rate such as '
                          . '"50r/s" or "30r/m" is expected'],
    ['erp_limit rate=r/s', 'invalid parameter "rate=r/s": a rate'],
    ['erp_limit rate=0r/s', 'invalid parameter "rate=0r/s": a rate'],
    ['erp_limit rate=1r/h', 'invalid parameter "rate=1r/h": a rate'],
    ['erp_limit rate=1.5r/s', 'invalid parameter "rate=1\.5r/s": a rate'],
    ['erp_limit rate=1000001r/s', 'invalid parameter "rate=1000001r/s"'],
    ['erp_limit rate=1r/s rate=1r/m', 'duplicate parameter "rate=1r/m"'],
    ["erp_limit rate=1r/s;\nerp_limit concurrency=1",
     '"erp_limit" directive is duplicate'],

    ['erp_blocked_key', 'invalid number of arguments'],
    ['erp_blocked_key wait', 'invalid value "wait"'],
    ["erp_blocked_key hold;\nerp_blocked_key skip",
     '"erp_blocked_key" directive is duplicate'],

    ['erp_idempotency', 'invalid number of arguments'],
    ['erp_idempotency off', 'invalid parameter "off"'],
    ['erp_idempotency none=1', 'invalid parameter "none=1"'],
    ['erp_idempotency none header=X',
     '"erp_idempotency" directive has "none" beside other parameters'],
    ['erp_idempotency none none', 'duplicate parameter "none"'],
    ['erp_idempotency header=', 'invalid parameter "header="'],
    ['erp_idempotency "header=X Y"',
     'invalid parameter "header=X Y": the name of a header is expected'],
    ['erp_idempotency header=X:', 'invalid parameter "header=X:": the name'],
    ['erp_idempotency header=X header=Y', 'duplicate parameter "header=Y"'],
    ['erp_idempotency header=X format=hex', 'invalid parameter "format=hex": '
     . '"text", "hex32" or "uuid" is expected'],
    ['erp_idempotency format=hex32', '"erp_idempotency" directive has '
     . '"format=" or "created=" without "header="'],
    ['erp_idempotency upsert=X created=Y', 'without "header="'],
    ['erp_idempotency repeatability format=uuid', 'without "header="'],
    ['erp_idempotency repeatability header=X',
     '"erp_idempotency" directive has "repeatability" beside "header="'],
    ['erp_idempotency upsert=', 'invalid parameter "upsert="'],
    ['erp_idempotency probe=/d', '"erp_idempotency" directive needs both '
                                 . '"probe=" and "found="'],
    ['erp_idempotency found=/a', 'needs both "probe=" and "found="'],
    ['erp_idempotency probe=d found=/a', 'URI "d" must begin with "/"'],
    ['erp_idempotency probe=/d found=a', 'invalid parameter "found=a": a JSON'],
    ['erp_idempotency probe=/none found=/a', 'no location "/none"'],
    ["erp_idempotency header=X;\nerp_idempotency none",
     '"erp_idempotency" directive is duplicate'],

    ['erp_auth', 'invalid number of arguments'],
    ['erp_auth kerberos', 'unknown authentication "kerberos"'],
    ['erp_auth off basic', 'unknown authentication "off"'],
    ['erp_auth basic', '"basic" needs'],
    ['erp_auth basic user=u', '"basic" needs'],
    ['erp_auth basic user=u password_file=none.pw',
     '"\S+/conf/none\.pw" cannot be opened'],
    ['erp_auth basic user=u password_file=empty.key',
     '"\S+/conf/empty\.key" is empty'],
    ['erp_auth basic user=u password_file=erp.pw x=y', 'parameter "x='],
    ['erp_auth csrf', 'begins with "/"'],
    ['erp_auth csrf none', 'begins? with "/"'],
    ['erp_auth csrf /none', 'no location "/none"'],
    ["erp_auth off;\nerp_auth basic user=u password_file=erp.pw",
     '"erp_auth" directive has "off" beside another "erp_auth"'],
    ["erp_auth basic user=u password_file=erp.pw;\nerp_auth off",
     '"erp_auth" directive has "off" beside another "erp_auth"'],
    ["erp_auth off;\nerp_auth off",
     '"erp_auth" directive has "off" beside another "erp_auth"'],

    ['erp_on_error', 'invalid number of arguments'],
    ['erp_on_error Warning', 'invalid number of arguments'],
    ['erp_on_error "" /d', '"erp_on_error" directive has an empty code'],
    ['erp_on_error Warning d', 'URI "d" must begin with "/"'],
    ['erp_on_error Warning /none', 'no location "/none"'],
    ['erp_on_error Warning /d x', 'invalid parameter "x"'],
    ['erp_on_error Warning /d attempts=0', 'invalid parameter "attempts=0"'],
    ['erp_on_error Warning /d attempts=', 'invalid parameter "attempts="'],
    ['erp_on_error Warning /d attempts=101',
     'invalid parameter "attempts=101"'],
    ["erp_on_error Warning /d;\nerp_on_error Warning /d",
     'duplicate code "Warning"'],

    ['erp_max_answer', 'invalid number of arguments'],
    ['erp_max_answer 0', '"erp_max_answer" directive must be from 1 to 16m'],
    ['erp_max_answer 16385k',
     '"erp_max_answer" directive must be from 1 to 16m'],
    ['erp_max_answer -1', '"erp_max_answer" directive invalid value'],
    ['erp_max_answer x', '"erp_max_answer" directive invalid value'],
    ["erp_max_answer 1k;\nerp_max_answer 1k",
     '"erp_max_answer" directive is duplicate']);

for my $case (@cases) {
    my ($text, $error) = @$case;

    refused $text, 5 + ($text =~ tr/\n//), $error, <<EOF;
http {
    erp_store path=store;
    server { location /d { } location / {
        erp_send /d;
$text;
    } }
}
EOF
}

# the same functions in each context: one of each directive

my %seen;

for my $case (grep { $_->[0] =~ / / && !$seen{$_->[0] =~ s/ .*//sr}++ } @cases)
{
    my ($text, $error) = @$case;
    my $line = 2 + ($text =~ tr/\n//);

    refused "http{}: $text", $line, $error, <<EOF;
http {
$text;
    server { location /d { } }
}
EOF

    refused "server{}: $text", $line + 1, $error, <<EOF;
http {
    server {
$text;
        location /d { }
    }
}
EOF
}


# of locations alone

for my $case (
    ['erp_send', 'invalid number of arguments'],
    ['erp_send d', 'URI "d" must begin with "/"'],
    ['erp_send ""', 'URI "" must begin with "/"'],
    ['erp_send /d/$uri', 'URI "/d/\$uri" is the name of a location, it '
                         . 'cannot have variables'],
    ['erp_send /none', 'no location "/none"'],
    ['erp_send /d/', 'no location "/d/"'],
    ['erp_send /D', 'no location "/D"'],
    ['erp_send /regex', 'no location "/regex"'],
    ['erp_send /d x', 'invalid parameter "x"'],
    ['erp_send /d unless=charge', 'invalid parameter "unless=charge"'],
    ['erp_send /d when=', 'invalid parameter "when="'],
    ['erp_send /d when=a when=b', 'duplicate parameter "when=b"'],
    ['erp_send /d wait=x', 'invalid parameter "wait=x"'],
    ['erp_send /d wait=0', 'invalid parameter "wait=0"'],
    ['erp_send /d ttl=-1', 'invalid parameter "ttl=-1"'],
    ['erp_send /d order_by=$nowhere', 'unknown "nowhere" variable', '\d+'],
    ["proxy_pass http://127.0.0.1:1;\nerp_send /d",
     '"erp_send" directive conflicts with another handler'],

    ['erp_step', 'invalid number of arguments'],
    ['erp_step d', 'URI "d" must begin with "/"'],
    ['erp_step /none', 'no location "/none"'],
    ['erp_step /d id', 'invalid parameter "id"'],
    ['erp_step /d =/id', 'invalid parameter "=/id": a name of letters, digits '
                         . 'and "_" is expected before "="'],
    ['erp_step /d i-d=/id', 'invalid parameter "i-d=/id": a name'],
    ['erp_step /d id=', 'invalid parameter "id=": a JSON pointer'],
    ['erp_step /d id=id', 'invalid parameter "id=id": a JSON pointer'],
    ['erp_step /d attempts=2', 'invalid parameter "attempts=2": a JSON'],
    ['erp_step /d id=/a ID=/b', 'duplicate parameter "ID=/b"'],

    ['erp_api x', 'invalid number of arguments'],
    ['erp_metrics x', 'invalid number of arguments'])
{
    my ($text, $error, $line) = @$case;

    # an unknown variable is told of without a place
    my $place = $line ? '' : 4 + ($text =~ tr/\n//);

    refused $text, $place, $error, <<EOF;
http {
    erp_store path=store;
    server { location /d { } location ~ /regex { } location / {
$text;
    } }
}
EOF
}

for my $text ('erp_send /d', 'erp_step /d', 'erp_api', 'erp_metrics') {
    my ($name) = $text =~ /(\w+)/;

    refused "http{}: $text", 2, "\"$name\" directive is not allowed here",
            "http {\n$text;\nserver { location /d { } }\n}\n";

    refused "server{}: $text", 3, "\"$name\" directive is not allowed here",
            "http {\nserver {\n$text;\nlocation /d { }\n} }\n";
}

for my $text ('erp_send /d', 'erp_step /d', 'erp_retry base=1s', 'erp_api') {
    my ($name) = $text =~ /(\w+)/;

    refused "if{}: $text", 4, "\"$name\" directive is not allowed here",
            "http {\nserver { location /d {\nif (\$uri) {\n$text;\n} } }\n}\n";
}


# locations of several servers

my @servers = map { "listen $listen; server_name $_;" } qw(one two three);

for my $case (
    [4, 'location "/d" is in several servers, named', <<EOF],
http {
    erp_store path=store;
    server { $servers[0] location / {
        erp_send /d;
    } }
    server { $servers[1] location /d { } }
    server { $servers[2] location /d { } }
}
EOF

    [3, 'location "/p" is in several servers, named', <<EOF],
http {
    erp_store path=store;
    erp_idempotency probe=/p found=/a;
    server { $servers[0] location /p { } }
    server { $servers[1] location /p { } }
}
EOF

    [7, 'destination "/d" is in one server for \S+:4, and in another for that',
     <<EOF],
http {
    erp_store path=store;
    server { $servers[0] location / {
        erp_send /d;
    } location /d { } }
    server { $servers[1] location / {
        erp_send /d;
    } location /d { } }
}
EOF

    [4, 'no location "\@d"|URI "\@d" must begin with "/"', <<EOF])
http {
    erp_store path=store;
    server { location / {
        erp_send \@d;
    } location \@d { } }
}
EOF
{
    my ($line, $error, $text) = @$case;

    refused $error, $line, $error, $text;
}


# what is right

accepted 'defaults', <<EOF;
http {
    erp_store path=store;
    server { listen $listen; location / { erp_send /d; } location /d { } }
}
EOF

is((stat "$dir/store")[2] & 07777, 0700, 'a directory for nobody else');

accepted "erp_store $_", "http { erp_store $_; }"
    for "path=$dir/store/",
        'path=store min_free=0 ballast=0 keep=0 keep_dead=0',
        'path=store min_free=1g ballast=16k keep=1d12h keep_dead=36500d',
        'path=store timeout=1ms slots=1', 'timeout=24h slots=65535 path=store',
        'path=store key=raw.key', 'path=store key=hex.key',
        "path=store key=$dir/conf/crlf.key previous_key=raw.key";

# a warning: others may read the key

chmod 0640, "$dir/conf/raw.key" or die "raw.key: $!\n";
(undef, $out) = check "http {\nerp_store path=store key=raw.key;\n}";
like($out, qr/\[warn\].*conf\/raw\.key" can be read by others.*check\.conf:2$/m,
     'a key that others can read');

accepted 'no flow, no store', <<EOF;
http {
    erp_retry base=1s;
    server { listen $listen; location / { erp_limit rate=1r/s; } }
}
EOF

accepted 'no http', '';

# a value that is invalid would be named
accepted $_, <<EOF
http {
    erp_store path=store;
    $_;
    server {
        listen $listen;
        $_;
        location / {
            erp_send /d;
            $_;
            location /nested { $_; erp_send /d; }
        }
        location /d { $_; limit_except GET { deny all; } }
    }
}
EOF
    for 'erp_message_key off', 'erp_message_key $http_x_message',
        'erp_message_key ""',
        'erp_retry base=1ms factor=1 max=1ms jitter=none attempts=0 ttl=0',
        'erp_retry factor=1.25 jitter=equal attempts=5 retry_after=0',
        'erp_retry base=1h jitter=full factor=100',
        'erp_outcome bad=400,4xx down=connect,503 unknown=timeout',
        'erp_outcome unknown=2xx',
        'erp_outcome bad=500 denied=/error/code=100 denied=!/ok',
        'erp_success status=2xx,409 body=!/error body=/d/ok body=/a~1b=x',
        'erp_success body=soap', 'erp_success body=/status=',
        'erp_error message=/error/message/value code=/error/code',
        'erp_error code=/a~0b', 'erp_breaker off',
        'erp_breaker consecutive=0 errors=0% minimum=1 window=0 open=1ms',
        'erp_breaker open=1h', 'erp_breaker errors=100% max_open=30s',
        'erp_limit concurrency=8 rate=50r/s', 'erp_limit rate=30r/m',
        'erp_limit concurrency=0', 'erp_blocked_key hold',
        'erp_blocked_key skip', 'erp_idempotency none',
        'erp_idempotency header=RequestID format=hex32 created=X-Created',
        'erp_idempotency repeatability upsert=Upsert-Mode',
        'erp_idempotency header=X format=text probe=/d found=/0/id',
        'erp_idempotency header=X format=uuid',
        'erp_idempotency probe=/d found=!/error',
        'erp_auth off', 'erp_auth basic user=u password_file=erp.pw',
        'erp_auth bearer token_file=erp.pw; erp_auth csrf /d',
        'erp_auth oauth2 /d client_id=i client_secret_file=erp.pw scope=a',
        'erp_auth session /d user=u password_file=erp.pw cookie',
        'erp_auth wsse user=u password_file=erp.pw password=digest',
        'erp_on_error UserWarning /d name=/error/1/0 attempts=3',
        'erp_on_error A /d attempts=/tries; erp_on_error B /d',
        'erp_max_answer 1', 'erp_max_answer 16m';

accepted 'flows, several of one destination, and what is around them', <<EOF;
http {
    erp_store path=store;
    server {
        listen $listen;
        location / {
            erp_send /erp/a when=charge order_by=\$uri key=\$request_id;
            erp_send /erp/b wait=20s ttl=1h;
            erp_send /erp/a when=other;
            if (\$arg_x) { set \$y 1; }
            limit_except POST { deny all; }
        }
        location = /erp/a {
            internal;
            erp_step /erp/s id=/result/0 Number=/n;
            erp_step /erp/s;
            erp_step /erp/t id=/b;
        }
        location /erp/a { return 404; }
        location ^~ /erp/ {
            location /erp/s { internal; }
            location /erp/t { internal; }
        }
        location ~ ^/hl7/ { erp_send /erp/b; }
    }
    server {
        listen $listen;
        server_name two;
        location / { erp_send /erp/b; }
        location /erp/b { internal; }
        location /erp/s { internal; }
    }
}
EOF

# off, or a line of its own, for those of the server

accepted 'erp_auth of another level', <<EOF;
http {
    erp_store path=store;
    erp_auth basic user=u password_file=erp.pw;
    server {
        listen $listen;
        erp_auth off;
        location / { erp_send /d; }
        location /d { erp_auth bearer token_file=erp.pw; }
    }
}
EOF

$ngx->stop;
done_testing();
