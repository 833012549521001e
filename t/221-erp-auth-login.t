use lib 't/lib';
use strict;
use warnings;
use Digest::SHA 'sha1';
use Fcntl ':flock';
use File::Temp 'tempdir';
use IO::Socket::INET;
use JSON::PP;
use MIME::Base64;
use Test::More;
use Engine;
use ErpTest qw(header uri begin_message answer_of);
use Held;

# Logins: tokens of OAuth 2, sessions, CSRF pairs, WS-Security, against
# stand-ins that are as strict as real ones.  A journal has what they were
# sent; what they hold valid are files, so that the test can revoke it.

my $dir = tempdir(CLEANUP => 1);
my $id = 0;

my $held = Held->new;
my $port = Engine->backend(\&stand_in);
my ($ask, $erp) = map { "http://127.0.0.1:$_" } $held->port, $port;

my $client = '"client_id=h:i e" client_secret_file=keys/client';

# name, erp_auth with LOGIN for its location, what that proxies to, what the
# destination proxies to, and more for these two

my @destinations = (
    ['held',  "oauth2 LOGIN $client", "$ask/token", "$ask/api"],
    ['early', "oauth2 LOGIN $client", "$ask/token", "$ask/api"],
    ['basic', "oauth2 LOGIN $client \"scope=erp.post a/b\"",
     "$erp/token/basic", "$erp/api/basic"],
    ['post',  "oauth2 LOGIN $client style=post",
     "$erp/token/post", "$erp/api/post"],
    ['short', "oauth2 LOGIN $client", "$erp/token/short", "$erp/api/short"],
    ['wrong', 'oauth2 LOGIN "client_id=h:i e" client_secret_file=keys/wrong',
     "$erp/token/wrong", "$erp/api/wrong"],
    ['gone',  "oauth2 LOGIN $client", 'http://127.0.0.1:%%NOBODY%%',
     "$erp/api/gone"],
    map({ [$_, "oauth2 LOGIN $client", "$erp/bad/$_", "$erp/api/$_"] }
        qw(mac page none long)),

    ['tryton', 'session LOGIN user=hie password_file=keys/tryton '
               . 'login=jsonrpc:common.db.login', "$erp/tryton",
     "$erp/tryton"],
    ['cookie', 'session LOGIN user=hie password_file=keys/tryton cookie',
     "$erp/login/cookie", "$erp/cookie"],
    ['header', 'session LOGIN user=hie password_file=keys/tryton '
               . 'header=X-Session "value={user} {/data/token}"',
     "$erp/login/header", "$erp/header"],
    ['error', 'session LOGIN user=hie password_file=keys/tryton',
     "$erp/bad/error", "$erp/api/error"],
    ['dry', 'session LOGIN user=hie password_file=keys/tryton cookie',
     "$erp/bad/dry", "$erp/api/dry"],

    ['sap', 'basic user=hie password_file=keys/sap; erp_auth csrf LOGIN',
     "$erp/sap/", "$erp/sap/post", 'proxy_method GET;'],
    ['head', 'basic user=hie password_file=keys/sap; '
             . 'erp_auth csrf LOGIN header=X-CSRF-Token',
     "$erp/sap/", "$erp/sap/post", 'proxy_method HEAD;'],
    ['useless', 'basic user=hie password_file=keys/sap; erp_auth csrf LOGIN',
     "$erp/sap/useless", "$erp/sap/useless"],
    ['both', 'session /login/session user=hie password_file=keys/tryton '
             . 'cookie; erp_auth csrf LOGIN', "$erp/both", "$erp/both",
     'proxy_method GET;'],

    ['text', 'wsse "user=ISU@tenant <&>" password_file=keys/sap', '',
     "$erp/soap/text", '', 'canonical_render soap11;'],
    ['digest', 'wsse user=hie password_file=keys/tryton password=digest', '',
     "$erp/soap/digest", '', 'canonical_render soap12;'],
    ['json', 'wsse user=hie password_file=keys/sap', '', "$erp/soap/json", '',
     'erp_outcome bad=500;'],
);

my $locations = '';

for (@destinations) {
    my ($name, $auth, $login, $to, $more, $render) = @$_;

    $auth =~ s{LOGIN}{/login/$name};

    $locations .= "location = /to/$name { erp_send /erp/$name; }\n"
                  . "location = /erp/$name { internal; erp_auth $auth; "
                  . ($render // '') . " proxy_pass $to; }\n";
    $locations .= "location = /login/$name { internal; " . ($more // '')
                  . " proxy_pass $login; }\n" if $login;
}

my $ngx = Engine->start(files => {
        'keys/client' => "s3cr%t &+:\xc3\xa4\n",
        'keys/wrong' => "SECRET-wrong\n",
        'keys/tryton' => "Engine \"pw\"\\ SECRET \xc3\xa4\n",
        'keys/sap' => "SECRET<sap>&\n",
    }, http => <<"EOH");
    erp_store path=%%DIR%%/store min_free=1m ballast=1m;

    canonical_map open version=1 {
        from    json;
        emit    open key=number;
        set     number  id  required;
    }

    canonical_map soap11 version=1 {
        from    canonical open;
        to      soap v:Open xmlns=urn:example:open version=1.1;
        set     v:Number  number  required;
    }

    canonical_map soap12 version=1 {
        from    canonical open;
        to      soap v:Open xmlns=urn:example:open version=1.2;
        set     v:Number  number  required;
    }

    server {
        listen 127.0.0.1:%%HTTP%%;

        erp_retry    base=10ms max=10ms jitter=none;
        erp_breaker  off;

        proxy_set_header X-Attempt \$erp_attempt;

        location = /to/one { erp_send /erp/one; }
        location = /to/two { erp_send /erp/two; }

        location = /open/text   { canonical_request open; erp_send /erp/text; }
        location = /open/digest { canonical_request open; erp_send /erp/digest; }
        location = /login/session { internal; proxy_pass $erp/login/both; }

        $locations
    }

    server {
        listen 127.0.0.1:%%OTHER%%;
        erp_auth oauth2 /login/two $client;

        location = /erp/one   { internal; proxy_pass $ask/api; }
        location = /erp/two   { internal; proxy_pass $ask/api; }
        location = /login/two { internal; proxy_pass $ask/token; }
    }
EOH

ErpTest->of($ngx);

my ($request, @requests, @all, %nonces, $n, $sock);


# OAuth 2: one request for a token, however many wait for it

send_message('/to/held') for 1 .. 8;
$request = $held->accept;

is(uri($request), '/token', 'a token is asked for');
is(header($request, 'Content-Type'), 'application/x-www-form-urlencoded',
   'by a form');
is(header($request, 'Accept'), 'application/json', 'with an answer as JSON');
is($request->body, 'grant_type=client_credentials', 'which says for what');
is(header($request, 'X-Attempt'), '', 'it is no attempt of its own');

$request->answer(200, token('T1', 3600), 'Content-Type: application/json');

@requests = map { $held->accept } 1 .. 8;
is_deeply([map { uri($_) . ' ' . header($_, 'Authorization') } @requests],
          [('/api Bearer T1') x 8], 'then all requests go with it');

# all of them are refused: one request for another one

$_->answer(401) for @requests;
$request = $held->accept;
is(uri($request), '/token', 'refused: another token is asked for');
$request->answer(200, token('T2', '"3600"'));

@requests = map { $held->accept } 1 .. 8;
is_deeply([map { join ' ', uri($_), header($_, 'Authorization'),
                           header($_, 'X-Attempt') } @requests],
          [('/api Bearer T2 1') x 8], 'and all of them are sent again with it');
$_->answer(200) for @requests;

# a late refusal of the old token is no refusal of the new one

send_message('/to/held') for 1 .. 2;
@requests = map { $held->accept } 1 .. 2;
$requests[0]->answer(401);
$request = $held->accept;
is(uri($request), '/token', 'one is refused: a token is asked for');
$request->answer(200, token('T3', 3600.5));
$request = $held->accept;
is(header($request, 'Authorization'), 'Bearer T3', 'it has the new one');
$requests[1]->answer(401);
$requests[0] = $held->accept;
is(join(' ', uri($requests[0]), header($requests[0], 'Authorization')),
   '/api Bearer T3', 'who is refused late takes that one');
$_->answer(200) for $request, $requests[0];


# a token of 5 seconds is renewed before it ends, while it is still used

send_message('/to/early');
$held->accept->answer(200, token('E1', 5));
$held->accept->answer(200);

wait_for {
    send_message('/to/early');
    $request = $held->accept;
    $request->answer(200) if uri($request) ne '/token';
    uri($request) eq '/token';
} 'the renewal';

$n = $held->accept;
is(join(' ', uri($n), header($n, 'Authorization')), '/api Bearer E1',
   'who caused the renewal does not wait for it');
$n->answer(200);
$request->answer(200, token('E2', 3600));

wait_for {
    send_message('/to/early');
    $request = $held->accept;
    $request->answer(200);
    header($request, 'Authorization') eq 'Bearer E2';
} 'the renewed token';


# a login that failed is not tried again at once, by whoever needs it

send_message('/to/one');
$held->accept->answer(503, '', 'Retry-After: 3600');
wait_for { $ngx->log =~ m{to "/erp/one", attempt 1: down, status 503} }
         'the attempt that failed with it';

send_message('/to/two');
wait_for { $ngx->log =~ m{to "/erp/two", attempt 1: down, status 503} }
         'the attempt that did not try';
ok(!$held->pending, 'no login is asked for before its time');


# a strict token endpoint

for my $name (qw(basic post)) {
    send_message("/to/$name") for 1 .. 3;
    wait_for { count("/api/$name", 201) == 3 } "$name: three deliveries";
    is(count("/token/$name"), 1, "$name: one token");

    revoke("token.$name");
    send_message("/to/$name");
    wait_for { count("/api/$name", 201) == 4 } "$name: the fourth";

    is(count("/token/$name"), 2, "$name: revoked, one more");
    is(count("/token/$name", 200), 2, "$name: all of them well asked for");
    is_deeply([map { $_->{header}{'x-attempt'} } seen("/api/$name")],
              [(1) x 5], "$name: in one attempt");
}

# tokens of a second: never one that has ended when it is needed

wait_for {
    my $sent = count('/api/short', 201);

    send_message('/to/short');
    wait_for { count('/api/short', 201) > $sent } 'a delivery';
    count('/token/short') >= 3;
} 'the third token';

is(count('/token/short', 200), count('/token/short'),
   'short: all of them well asked for');


# a secret that is refused, and then put right

send_message('/to/wrong');
wait_for { count('/token/wrong', 401) } 'the refusal';
wait_for {
    $ngx->log =~ m{\[error\].*erp_auth\ "/login/wrong"\ failed
                   \ with\ status\ 401:\ it\ was\ refused}x
} 'the error';
$ngx->put('keys/wrong', "s3cr%t &+:\xc3\xa4\n");
wait_for { count('/api/wrong', 201) } 'the delivery after all';
is(count('/api/wrong'), 1, 'wrong secret: no request without a token');


# answers without a token

for my $case (
    ['mac',   ' with status 200: the type of the token is not "Bearer"'],
    ['page',  ' with status 200: the answer is no JSON'],
    ['none',  ' with status 200: the answer has no access_token'],
    ['long',  ' with status 200: the answer is too long'],
    ['error', ' with status 200: it was refused, the answer has an error'],
    ['dry',   ' with status 200: the answer sets no cookie'],
    ['useless', ' with status 403: the answer has no CSRF token'],
    ['gone',  ': no connection'],
) {
    my ($name, $why) = @$case;

    send_message("/to/$name");
    wait_for { $ngx->log =~ m{\[error\].*erp_auth "/login/$name" failed$why} }
             "$name: $why";
    pass("$name:$why");
}

is(count($_), 0, "nothing is sent to $_")
    for map { "/api/$_" } qw(mac page none long error dry gone);


# a session of Tryton

send_message('/to/tryton') for 1 .. 3;
wait_for { count('/tryton', 200, 'authorization') == 3 } 'three calls';
is(count('/tryton', 200), 4, 'tryton: one login');
is(count('/tryton', 401), 0, 'tryton: nothing was refused');

revoke('tryton');
send_message('/to/tryton') for 1 .. 3;
wait_for { count('/tryton', 200, 'authorization') == 6 } 'three more calls';
is(count('/tryton', 200), 8, 'tryton: one more login');
ok(!(grep { ($_->{header}{'x-attempt'} // 1) != 1 } seen('/tryton')),
   'tryton: in one attempt');


# sessions by cookies, and by another header

for my $name (qw(cookie header)) {
    send_message("/to/$name") for 1 .. 2;
    wait_for { count("/$name", 200) == 2 } "$name: two deliveries";

    revoke("login.$name");
    send_message("/to/$name");
    wait_for { count("/$name", 200) == 3 } "$name: the third";

    is(count("/login/$name", 200), 2, "$name: two logins");
    is(count("/$name", 401), 1, "$name: one refusal");
}


# CSRF: the stand-in itself knows what belongs together

my @pairs = map { csrf_pair() } 1 .. 2;

for my $case ([0, 0, 201], [1, 1, 201], [0, 1, 403], [1, 0, 403],
              [0, undef, 403], [undef, 0, 403])
{
    my ($token, $cookie, $status) = @$case;

    my $answer = ask('POST', '/sap/post', 'Content-Length: 2',
        (defined $token ? "X-CSRF-Token: $pairs[$token][0]" : ()),
        (defined $cookie ? "Cookie: $pairs[$cookie][1]" : ()));

    like($answer, qr{^HTTP/1\.0 $status }, sprintf 'token %s with cookie %s: '
         . '%d', $token // 'none', $cookie // 'none', $status);
    like($answer, qr/^x-csrf-token: Required\r$/m, 'and why')
        if $status == 403;
}

revoke('pair');

for my $name (qw(sap head)) {
    my $method = $name eq 'sap' ? 'GET' : 'HEAD';

    forget();
    send_message("/to/$name") for 1 .. 5;
    wait_for { count('/sap/post', 201) == 5 } "$name: five deliveries";
    is(count('/sap/'), 1, "$name: one pair for all");

    revoke('pair');
    send_message("/to/$name") for 1 .. 5;
    wait_for { count('/sap/post', 201) == 10 } "$name: five more";

    is_deeply([map { $_->{method} } seen('/sap/')], [$method, $method],
              "$name: revoked, one more pair");
    ok(!(grep { $_->{mixed} } seen('/sap/post')),
       "$name: never a token of one with a cookie of the other");
    ok(!(grep { $_->{header}{'x-attempt'} != 1 } seen('/sap/post')),
       "$name: in one attempt");
}

# a 403 for another reason

send_message('/to/sap');
wait_for { count('/sap/post', 201) == 11 } 'a delivery with a new pair';

forget();
send_message('/to/sap', '"forbidden":1');
wait_for { count('/sap/post', 403) == 1 } 'a refusal of another kind';
is(count('/sap/'), 0, 'has nothing to do with the pair');


# a session, and a pair that belongs to it

send_message('/to/both');
wait_for { count('/both', 201) == 1 } 'both: a delivery';
is(count('/login/both'), 1, 'both: one login');

revoke('login.both');
send_message('/to/both');
wait_for { count('/both', 201) == 2 } 'both: another session';
is(count('/login/both'), 2, 'both: one more login');
is(count('/both', 200), 2, 'both: and a pair of that session');

# the session has ended when the pair is fetched

revoke('login.both');
revoke('xsrf');
send_message('/to/both');
wait_for { count('/both', 201) == 3 } 'both: after all';
is(count('/login/both'), 3, 'both: the login that was missing');
is(count('/both', 200), 3, 'both: then the pair');
is(count('/both', 403), 1, 'both: the pair was refused');
is((grep { $_->{method} eq 'GET' && $_->{status} == 401 } seen('/both')), 1,
   'both: its service refused the session');
ok(!(grep { $_->{method} eq 'POST' && $_->{header}{'x-attempt'} != 1 }
          seen('/both')), 'both: in one attempt');


# WS-Security

for my $name (qw(text digest)) {
    send_message("/open/$name") for 1 .. 3;
    wait_for { count("/soap/$name", 200) == 3 } "$name: three envelopes";

    @all = seen("/soap/$name");
    is(scalar(@all), 3, "$name: all of them good");

    %nonces = map { ($_->{body} =~ m{Nonce[^>]*>([^<]+)<})[0] => 1 } @all;
    is(scalar(keys %nonces), 3, "$name: each has a nonce of its own");
    is(header_of($all[0], 'authorization'), '', "$name: no other header");
}

ok(!(grep { $_->{body} =~ /SECRET/ } seen('/soap/digest')),
   'digest: no password on the way');

send_message('/to/json');
wait_for {
    $ngx->log =~ /body for "erp_auth wsse" is no SOAP envelope/
} 'the error of a body that is no envelope';
is(count('/soap/json'), 0, 'what is no envelope is not sent');


unlike($ngx->log . $ngx->access_log, qr/SECRET|s3cr|Bearer T|Basic /,
       'no secret in a log');

$ngx->stop;

done_testing();


# a message of its own, which is in the store when this returns

sub send_message {
    my ($uri, $more) = @_;

    $id++;

    my $body = "{\"id\":\"$id\"" . ($more ? ",$more" : '') . '}';
    my $answer = answer_of(begin_message($uri, $id, $body));

    $answer =~ m{^HTTP/1\.1 202 } or die "$uri is not stored: $answer\n";
}


sub token {
    my ($token, $life) = @_;

    return "{\"access_token\":\"$token\",\"token_type\":\"bearer\","
           . "\"expires_in\":$life}";
}


# what the stand-in was sent at a path, in order

sub seen {
    my ($path) = @_;

    open my $file, '<', "$dir/journal" or return;

    return grep { $_->{path} eq $path }
           map { JSON::PP->new->latin1->decode($_) }
           grep { /\n\z/ } <$file>;
}


# how many: with that status, and with that header

sub count {
    my ($path, $status, $header) = @_;

    return scalar grep { (!$status || $_->{status} == $status)
                         && (!$header || defined $_->{header}{$header}) }
                       seen($path);
}


sub header_of {
    my ($entry, $name) = @_;

    return $entry->{header}{$name} // '';
}


sub forget {
    locked(sub { unlink "$dir/journal" });
}


# nothing of this kind is valid any more

sub revoke {
    my ($kind) = @_;

    locked(sub { unlink "$dir/$kind", glob "$dir/$kind-*" });
}


# a request of our own to the stand-in

sub ask {
    my ($method, $path, @headers) = @_;

    my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                     PeerPort => $port)
        or die "cannot connect: $!\n";

    print $sock join "\r\n", "$method $path HTTP/1.0", @headers,
                     'Authorization: Basic '
                     . encode_base64('hie:SECRET<sap>&', ''), '',
                     $method eq 'POST' ? '{}' : '';

    local $/;
    return scalar(<$sock>) // '';
}


sub csrf_pair {
    my $answer = ask('GET', '/sap/', 'X-CSRF-Token: Fetch');
    my ($token) = $answer =~ /^x-csrf-token: (.*)\r$/m;
    my @cookies = $answer =~ /^Set-Cookie: ([^;\r]+)/mg;

    return [$token, join '; ', @cookies];
}


# --- the stand-in, each request in a process of its own ---


sub locked {
    my ($code) = @_;

    open my $lock, '>>', "$dir/lock" or die "lock: $!\n";
    flock $lock, LOCK_EX;

    return $code->();
}


# a number that was never used; a file makes it valid

sub issue {
    my ($kind) = @_;

    return locked(sub {
        open my $file, '+>>', "$dir/number" or die "number: $!\n";
        syswrite $file, 'x';
        my $n = -s $file;

        open my $valid, '>', "$dir/$kind-$n" or die "$kind: $!\n";

        return $n;
    });
}


sub valid {
    my ($kind, $n) = @_;

    return defined $n && -f "$dir/$kind-$n";
}


sub stand_in {
    my ($sock, $text) = @_;

    my ($head, $body) = split /\r\n\r\n/, $text, 2;
    my ($method, $path) = $head =~ m{^(\w+) (\S+) };
    my %header;

    # what comes twice shows

    for ($head =~ /^([\w-]+: .*?)\r?$/mg) {
        my ($name, $value) = split /: /, $_, 2;
        $name = lc $name;
        $header{$name} = defined $header{$name} ? "$header{$name}\n$value"
                                                : $value;
    }

    my $r = { method => $method, path => $path, header => \%header,
              body => $body // '' };
    my ($kind, $name) = $path =~ m{^/(\w+)(?:/(\w*))?$};
    my $code = main->can("answer_$kind");

    my ($status, $answer, @headers) = $code->($r, $name);

    $r->{status} = $status;

    locked(sub {
        open my $journal, '>>', "$dir/journal" or die "journal: $!\n";
        syswrite $journal, JSON::PP->new->latin1->encode($r) . "\n";
    });

    $answer = ref $answer ? JSON::PP->new->latin1->encode($answer)
                          : $answer // '';

    print $sock join "\r\n", "HTTP/1.0 $status Status",
                     'Content-Type: application/json', @headers,
                     'Content-Length: ' . length $answer, '',
                     $method eq 'HEAD' ? '' : $answer;
}


sub decoded {
    my ($text) = @_;

    return $text =~ tr/+/ /r =~ s/%([0-9a-fA-F]{2})/chr hex $1/ger;
}


# RFC 6749: each parameter once, the client by one method only

sub answer_token {
    my ($r, $name) = @_;
    my ($id, $secret);
    my (%form, %wanted);

    return (405) if $r->{method} ne 'POST';
    return (415) if ($r->{header}{'content-type'} // '')
                    ne 'application/x-www-form-urlencoded';

    for (split /&/, $r->{body}) {
        my ($key, $value) = map { decoded($_) } split /=/, $_, 2;

        return (400, { error => 'invalid_request' }) if exists $form{$key};
        $form{$key} = $value;
    }

    if ($name eq 'post') {
        return (400, { error => 'invalid_request' })
            if defined $r->{header}{authorization};

        ($id, $secret) = delete @form{qw(client_id client_secret)};

    } else {
        my ($basic) = ($r->{header}{authorization} // '')
                      =~ m{^Basic ([A-Za-z0-9+/]+=*)$};

        ($id, $secret) = map { decoded($_) }
                             split /:/, decode_base64($basic // ''), 2;
    }

    return (401, { error => 'invalid_client' },
            'WWW-Authenticate: Basic realm="token"')
        if ($id // '') ne 'h:i e' || ($secret // '') ne "s3cr%t &+:\xc3\xa4";

    %wanted = (grant_type => 'client_credentials');
    $wanted{scope} = 'erp.post a/b' if $name eq 'basic';

    return (400, { error => 'invalid_scope' })
        if join('|', map { "$_=$form{$_}" } sort keys %form)
           ne join('|', map { "$_=$wanted{$_}" } sort keys %wanted);

    my $n = issue("token.$name");

    return (200, { access_token => "SECRET-$name-$n", token_type => 'Bearer',
                   expires_in => $name eq 'short' ? 1 : 3600 });
}


sub answer_api {
    my ($r, $name) = @_;
    my ($n) = ($r->{header}{authorization} // '')
              =~ /^Bearer SECRET-\Q$name\E-(\d+)$/;

    return valid("token.$name", $n) ? (201) : (401);
}


# answers of 200 that are no login

sub answer_bad {
    my ($r, $name) = @_;

    return (200, { access_token => 'SECRET-a', token_type => 'mac' })
        if $name eq 'mac';
    return (200, '<html>SECRET-b</html>') if $name eq 'page';
    return (200, { token => 'SECRET-c', token_type => 'Bearer' })
        if $name eq 'none';
    return (200, { access_token => 'S' x 70000 }) if $name eq 'long';
    return (200, { error => ['SECRET-d'], token => 'SECRET-e' })
        if $name eq 'error';

    return (200, { token => 'SECRET-f' }, 'Set-Cookie: =SECRET-g',
            'Set-Cookie: SECRET-h; Path=/');
}


# Tryton: JSON-RPC, whatever is wrong with it is a 500

sub answer_tryton {
    my ($r) = @_;
    my $call = eval { JSON::PP->new->utf8->decode($r->{body}) };
    my $auth = $r->{header}{authorization};

    return (500, '<html>') if ($r->{header}{'content-type'} // '')
                              ne 'application/json' || !$call;

    if (defined $auth) {
        my ($session) = $auth =~ /^Session (\S+)$/;
        my ($user, $number, $n) = decode_base64($session // '')
                                  =~ /^(\w+):(\d+):SECRET(\d+)$/;

        return (401, '<html>', 'WWW-Authenticate: Basic realm="Tryton"')
            if !defined $n || "$user:$number" ne 'hie:2'
               || !valid('tryton', $n);

        return (200, { id => 1, result => undef });
    }

    my $canonical = JSON::PP->new->canonical->utf8;

    return (401, '<html>')
        if $canonical->encode($call) ne $canonical->encode({
               id => 1, method => 'common.db.login',
               params => ['hie', { password => "Engine \"pw\"\\ SECRET \xe4" },
                          'en'] });

    return (200, { id => 1, result => [2, 'SECRET' . issue('tryton')] });
}


# user and password; cookies with all that a cookie may have, and some that
# are none

sub answer_login {
    my ($r, $name) = @_;
    my $who = eval { JSON::PP->new->utf8->decode($r->{body}) } // {};

    return (401, { error => 'wrong' })
        if join('|', map { "$_=$who->{$_}" } sort keys %$who)
           ne "password=Engine \"pw\"\\ SECRET \xe4|user=hie";

    my $n = issue("login.$name");

    return (200, { data => { token => "SECRET-$n" }, error => undef },
            "Set-Cookie: session=SECRET-s$n; Path=/; HttpOnly; Secure",
            'Set-Cookie: =nameless', 'Set-Cookie: word; Path=/',
            "Set-Cookie:  route=r$n==;Max-Age=60");
}


sub answer_cookie {
    my ($r) = @_;
    my ($n) = ($r->{header}{cookie} // '') =~ /^session=SECRET-s(\d+); route=/;

    return valid('login.cookie', $n)
           && $r->{header}{cookie} eq "session=SECRET-s$n; route=r$n=="
           && !defined $r->{header}{authorization} ? (200) : (401);
}


sub answer_header {
    my ($r) = @_;
    my ($n) = ($r->{header}{'x-session'} // '') =~ /^hie SECRET-(\d+)$/;

    return valid('login.header', $n) && !defined $r->{header}{authorization}
           && !defined $r->{header}{cookie} ? (200) : (401);
}


# SAP: token and cookies of one pair, and all of these

sub answer_sap {
    my ($r, $name) = @_;
    my $token = $r->{header}{'x-csrf-token'} // '';

    return (401, '', 'WWW-Authenticate: Basic realm="SAP"')
        if ($r->{header}{authorization} // '')
           ne 'Basic ' . encode_base64('hie:SECRET<sap>&', '');

    if ($r->{method} ne 'POST') {
        return (400) if $token ne 'Fetch' || $name ne '' || $r->{body} ne '';

        my $n = issue('pair');

        return (200, {}, "x-csrf-token: SECRET-T$n",
                'Set-Cookie: sap-usercontext=sap-client=100; path=/',
                "Set-Cookie: SAP_SESSIONID_S4_100=SECRET-S$n; path=/; HttpOnly");
    }

    my ($t) = $token =~ /^SECRET-T(\d+)$/;
    my ($s) = ($r->{header}{cookie} // '')
              =~ /^sap-usercontext=sap-client=100;\ 
                   SAP_SESSIONID_S4_100=SECRET-S(\d+)$/x;

    $r->{mixed} = 1 if defined $t && defined $s && $t != $s;

    return (403, '', 'x-csrf-token: Required')
        if !defined $t || !defined $s || $t != $s || !valid('pair', $t);

    return (403, { error => 'forbidden' }) if $r->{body} =~ /forbidden/;
    return (201);
}


# the pair is asked for first, then the session that it must be of

sub answer_both {
    my ($r) = @_;
    my ($session, $x, $of) = ($r->{header}{cookie} // '')
        =~ /^session=SECRET-s(\d+); route=r\1==(?:; xsrf=(\d+)\.(\d+))?$/;
    my $token = $r->{header}{'x-csrf-token'} // '';

    if ($r->{method} eq 'POST') {

        return (403, '', 'X-CSRF-Token: required')
            if !valid('xsrf', $x) || $token ne "SECRET-X$x";
    }

    return (401) if !valid('login.both', $session);

    if ($r->{method} eq 'POST') {
        return $of == $session ? (201)
                               : (403, '', 'X-CSRF-Token: required');
    }

    return (400) if $token ne 'Fetch' || defined $x;

    my $n = issue('xsrf');

    return (200, '', "X-CSRF-Token: SECRET-X$n",
            "Set-Cookie: xsrf=$n.$session; SameSite=Strict");
}


sub answer_soap {
    my ($r, $name) = @_;
    my $oasis = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-';
    my $profile = "${oasis}username-token-profile-1.0#Password";
    my $ns = $name eq 'text' ? 'http://schemas.xmlsoap.org/soap/envelope/'
                             : 'http://www.w3.org/2003/05/soap-envelope';

    my ($prefix, $type, $password, $nonce, $created) = $r->{body} =~
        m{<(\w+):Envelope\ [^>]*xmlns:\1="\Q$ns\E"[^>]*>\s*
          <\1:Header>\s*<wsse:Security\ 
          xmlns:wsse="\Q$oasis\Ewssecurity-secext-1\.0\.xsd"\ 
          xmlns:wsu="\Q$oasis\Ewssecurity-utility-1\.0\.xsd"\ 
          \1:mustUnderstand="1"><wsse:UsernameToken>
          <wsse:Username>(?:ISU\@tenant\ &lt;&amp;&gt;|hie)</wsse:Username>
          <wsse:Password\ Type="\Q$profile\E(Text|Digest)">([^<]+)</wsse:Password>
          <wsse:Nonce\ EncodingType="[^"]*\#Base64Binary">([^<]+)</wsse:Nonce>
          <wsu:Created>(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)</wsu:Created>
          </wsse:UsernameToken></wsse:Security></\1:Header>\s*
          <\1:Body>.*Number>\d+<}xs or return (500);

    return (500) if lc $type ne $name || length decode_base64($nonce) != 16
                    || $r->{header}{'content-length'} != length $r->{body};

    my $secret = "Engine \"pw\"\\ SECRET \xc3\xa4";

    return (500) if $password ne ($name eq 'text'
        ? 'SECRET&lt;sap&gt;&amp;'
        : encode_base64(sha1(decode_base64($nonce) . $created . $secret), ''));

    return (200);
}
