use lib 't/lib';
use strict;
use warnings;
use MIME::Base64;
use Test::More;
use ConfTest;
use Engine;
use ErpTest qw(header begin_message answer_of);
use Held;

# Who we are to an ERP, by secrets in files: headers, what is read again when
# a file changes, what a refusal does, and what nginx -t says of files.

sub send_message;
sub next_request;
sub delivered;

my $back = Held->new;
my $erp = 'http://127.0.0.1:' . $back->port;
my $id = 0;

my $ngx = Engine->start(files => {
        'keys/basic.pw' => "P\xc3\xa4ss:w\"rd\\\r\n",
        'keys/token' => "tok-SECRET-1\n",
        'keys/api' => 'key-SECRET-2',
        'keys/long' => 'S' x 65536,
    }, http => <<"EOH");
    erp_store path=%%DIR%%/store min_free=1m ballast=1m;

    server {
        listen 127.0.0.1:%%HTTP%%;

        erp_auth     bearer token_file=keys/token;
        erp_retry    base=10ms max=10ms jitter=none;
        erp_breaker  off;

        proxy_set_header X-Attempt \$erp_attempt;

        location = /basic     { erp_send /erp/basic; }
        location = /inherited { erp_send /erp/inherited; }
        location = /api       { erp_send /erp/api; }
        location = /off       { erp_send /erp/off; }
        location = /long      { erp_send /erp/long; }

        location = /erp/basic {
            internal;
            erp_auth   basic "user=H\xc3\xa4ns Sachs" password_file=keys/basic.pw;
            proxy_pass $erp;
        }

        location = /erp/inherited { internal; proxy_pass $erp; }

        location = /erp/api {
            internal;
            erp_auth   basic user=hie password_file=keys/token;
            erp_auth   api_key header=X-API-Key file=keys/api;
            erp_auth   api_key header=X-Other file=keys/api "prefix=token x:";
            proxy_pass $erp;
        }

        location = /erp/off  { internal; erp_auth off; proxy_pass $erp; }

        location = /erp/long {
            internal;
            erp_auth   api_key header=X-Long file=keys/long;
            proxy_pass $erp;
        }
    }
EOH

ConfTest->of($ngx);
ErpTest->of($ngx);

my ($request, $again, $token);


# headers

send_message '/basic';
$request = next_request;
is(header($request, 'Authorization'),
   'Basic ' . encode_base64("H\xc3\xa4ns Sachs:P\xc3\xa4ss:w\"rd\\", ''),
   'basic: user and password, without the newline');
$request->answer(200);

send_message '/inherited';
$request = next_request;
is(header($request, 'Authorization'), 'Bearer tok-SECRET-1',
   'bearer: of the server');
$request->answer(200);

send_message '/api';
$request = next_request;
is(header($request, 'Authorization'),
   'Basic ' . encode_base64('hie:tok-SECRET-1', ''), 'two lines: the first');
is(header($request, 'X-API-Key'), 'key-SECRET-2', 'two lines: a key');
is(header($request, 'X-Other'), 'token x:key-SECRET-2', 'with a prefix');
$request->answer(200);

send_message '/off';
$request = next_request;
is(header($request, 'Authorization'), '', 'off: none');
$request->answer(200);

send_message '/long';
$request = next_request;
is(header($request, 'X-Long'), 'S' x 65536, 'a secret of 64k');
$request->answer(200);


# a refusal of what is in the file is no reason to ask twice

send_message '/inherited';
$request = next_request;
is(header($request, 'X-Attempt'), 1, 'refused: the first attempt');
$request->answer(401);
$request = next_request;
is(header($request, 'X-Attempt'), 1, 'a refusal uses up no attempt');
is(header($request, 'Authorization'), 'Bearer tok-SECRET-1', 'the same token');
is(scalar(() = $ngx->log =~ /down, status 401/g), 1,
   'the attempt ended with the refusal');
$request->answer(200);


# another file: a refusal has it read at once, and sent again at once

send_message '/inherited';
$request = next_request;
$ngx->put('keys/token', "tok-SECRET-3\n");
$request->answer(401);
$again = next_request;
is(header($again, 'Authorization'), 'Bearer tok-SECRET-3',
   'the new token of a refusal');
is($again->body, $request->body, 'for the same object');
is(scalar(() = $ngx->log =~ /down, status 401/g), 1, 'in the same attempt');
$again->answer(200);

# a refusal of the new one ends the attempt

send_message '/inherited';
$request = next_request;
$ngx->put('keys/token', "tok-SECRET-4\n");
$request->answer(401);
next_request->answer(401);
$again = next_request;
is(scalar(() = $ngx->log =~ /down, status 401/g), 2, 'once in an attempt');
is(header($again, 'Authorization'), 'Bearer tok-SECRET-4', 'then the next one');
$again->answer(200);

# 403 is about something else

send_message '/inherited';
$request = next_request;
$ngx->put('keys/token', "tok-SECRET-5\n");
$request->answer(403);

send_message '/inherited';
$request = next_request;
is($request->body, "{\"id\":$id}", 'a 403 is the end of it');
$request->answer(200);


# without a refusal: within a second or so

wait_for { delivered() =~ /tok-SECRET-5/ } 'the new token';

like($ngx->log, qr{\[notice\].*"\S+/keys/token" has been read again},
     'which is logged');


# a file that cannot be read: the last value is good, and the next one is read

my $n = 5;

for my $case (['', 'is empty'], ["a\nb", 'has a control character'],
              [undef, 'cannot be found'])
{
    my ($text, $why) = @$case;
    my $lines = () = $ngx->log =~ /stays as it was/g;

    if (defined $text) {
        $ngx->put('keys/token', $text);

    } else {
        unlink $ngx->dir . '/conf/keys/token';
    }

    wait_for {
        $token = delivered();
        $token ne "Bearer tok-SECRET-$n"
        || $lines < (() = $ngx->log =~ /stays as it was/g);
    } "the look at a file that $why";

    is($token, "Bearer tok-SECRET-$n", "a file that $why: the last token");
    like($ngx->log, qr{\[error\].*"\S+/keys/token" $why, the secret stays},
         "a file that $why: an error");

    # a refusal looks at it once more

    send_message '/inherited';
    next_request->answer(401);
    next_request->answer(200);

    $n++;
    $ngx->put('keys/token', "tok-SECRET-$n\n");

    wait_for {
        delivered() eq "Bearer tok-SECRET-$n";
    } 'the good file';
}

is(scalar(() = $ngx->log =~ /stays as it was/g), 3,
   'one error for each, however often it was looked at');


# what nginx -t says of words and files

for my $case (
    ['basic "user=a:b" password_file=keys/api', 'in the user "a:b"'],
    ["basic \"user=a\tb\" password_file=keys/api", 'invalid value "a\tb"'],
    ["basic \"user=\xff\" password_file=keys/api", 'text in UTF-8 is expected'],
    ['basic user= password_file=keys/api', 'parameter "user=" is empty'],
    ['basic user=a user=b password_file=keys/api',
     'duplicate parameter "user="'],
    ['basic user=a password=SECRET', 'invalid parameter "password=" of "basic"'],
    ['basic user=a token_file=keys/api', 'invalid parameter "token_file="'],
    ['basic user=a', '"basic" needs "password_file="'],
    ['bearer', '"bearer" needs "token_file="'],
    ['api_key file=keys/api', '"api_key" needs "header="'],
    ['api_key header=X', '"api_key" needs "file="'],
    ['api_key "header=X Y" file=keys/api', 'invalid name of a header "X Y"'],
    ['api_key header=X: file=keys/api', 'invalid name of a header "X:"'],
    ['digest user=a', 'unknown authentication "digest"'],

    ['bearer token_file=keys/none', 'keys/none" cannot be opened'],
    ['bearer token_file=keys', 'conf/keys" is not a file'],
    ['bearer token_file=keys/empty', 'keys/empty" is empty'],
    ['bearer token_file=keys/newline', 'keys/newline" is empty'],
    ['bearer token_file=keys/zero', 'keys/zero" has a zero byte'],
    ['bearer token_file=keys/lines', 'keys/lines" has a control character'],
    ['bearer token_file=keys/big', 'keys/big" is over 64k'],
    ['session /x user=a password_file=keys/latin', 'keys/latin" is not UTF-8'],
    ['wsse user=a password_file=keys/latin', 'keys/latin" is not UTF-8'],

    ['oauth2', '"oauth2" needs the URI of a location'],
    ['oauth2 client_id=a client_secret_file=keys/api', 'which begins with "/"'],
    ['oauth2 /x client_id=a', '"oauth2" needs "client_secret_file="'],
    ['oauth2 /x client_id=a client_secret_file=keys/api early=soon',
     'invalid time "soon"'],
    ['oauth2 /x client_id=a client_secret_file=keys/api style=SECRET',
     'invalid value, it must be "basic" or "post"'],
    ['wsse user=a password_file=keys/api password=SECRET',
     'invalid value, it must be "text" or "digest"'],
    ['session /x user=a password_file=keys/api login=odoo',
     'invalid login "odoo"'],
    ['session /x user=a password_file=keys/api login=jsonrpc:',
     'invalid login "jsonrpc:"'],
    ['session /x user=a password_file=keys/api "value={token}"',
     'invalid value "\{token\}": "\{user\}" or a JSON pointer'],
    ['session /x user=a password_file=keys/api header=X cookie',
     'need "value="'],
    ['csrf /x cookie', 'invalid parameter "cookie" of "csrf"'],
) {
    my ($words, $error) = @$case;

    $ngx->put('keys/empty', '');
    $ngx->put('keys/newline', "\r\n");
    $ngx->put('keys/zero', "a\0");
    $ngx->put('keys/lines', "a\nb\n");
    $ngx->put('keys/big', 'a' x 65537);
    $ngx->put('keys/latin', "\xe4");

    my ($ok, $out) = check(in_server("erp_auth $words;"));

    ok(!$ok && $out =~ /\[emerg\].*$error.* in \S+check\.conf:5$/m,
       "nginx -t: $error")
        or diag($out);

    unlike($out, qr/SECRET/, 'without the secret') if $words =~ /SECRET/;
}


# who else may read it

for my $case ([0644, 1], [0640, 1], [0600, 0]) {
    my ($mode, $warned) = @$case;

    chmod $mode, $ngx->dir . '/conf/keys/api';

    my ($ok, $out) =
        check(in_server('erp_auth bearer token_file=keys/api;'));
    my $warns = $out =~ /\[warn\].*keys\/api" can be read by others/;

    ok($ok && !$warns == !$warned,
       sprintf 'mode %o: %s', $mode, $warned ? 'a warning' : 'no warning')
        or diag($out);
}


unlike($ngx->log . $ngx->access_log, qr/SECRET/,
       'no secret in a log');

$ngx->stop;

done_testing();


# a message of its own, which is in the store when this returns

sub send_message {
    my ($uri) = @_;

    $id++;

    my $answer = answer_of(begin_message($uri, $id, "{\"id\":$id}"));

    $answer =~ m{^HTTP/1\.1 202 } or die "$uri is not stored: $answer\n";
}


sub next_request {
    return $back->accept;
}


# the token that another message comes with

sub delivered {
    send_message '/inherited';

    my $request = next_request;
    $request->answer(200);

    return header($request, 'Authorization');
}


# of a server with that in line 5

sub in_server {
    my ($text) = @_;
    my $listen = '127.0.0.1:' . $ngx->port('CHECK');

    return "\nhttp {\nerp_store path=checked;\n"
           . "server { listen $listen;\n$text\n} }";
}
