use lib 't/lib';
use strict;
use warnings;
use IO::Compress::Gzip 'gzip';
use Test::More;
use Time::HiRes qw(sleep time);
use MapTest;

# The body of a request on its way to a map: however it comes, it is in
# memory as a whole, and the upstream sees another request.

my $patient = '{"resourceType":"Patient","id":"p1","birthDate":"1988-08-18",'
              . '"name":[{"family":"SECRET"}]}';
my $mapped = '{"type":"patient","map":"p@1","key":"p1","id":"p1",'
             . '"birth":"1988-08-18"}';
my $other = '{"type":"person","map":"q@1","key":"p1","id":"p1"}';
my $wrong = $patient =~ s/1988/BADDATE/r;
my $adt = "MSH|^~\\&|A|B|C|D|20261121||ADT^A01|M1|P|2.5\rPID|1||SECRET\r";
my $adted = '{"type":"adt","map":"adt@1","key":"M1","id":"M1"}';
my $type = 'application/fhir+json';

# answers with the request as it got it, and writes it down

my $seen = "$Mllp::Prefix.seen";

my $back = Engine->backend(sub {
    my ($sock, $request) = @_;
    my ($method, $uri) = $request =~ m{^(\w+) (\S+)};

    open my $out, '>>', $seen or die;
    syswrite $out, $request . "\n\x00";

    if ($uri =~ m{/(50[0-9])$}) {
        print $sock "HTTP/1.0 $1 x\r\nContent-Length: 0\r\n\r\n";
        return;
    }

    if ($uri =~ m{/deny$}) {
        print $sock "HTTP/1.0 403 x\r\nContent-Length: 0\r\n\r\n";
        return;
    }

    print $sock "HTTP/1.0 200 OK\r\nContent-Length: ", length $request,
                "\r\n\r\n", $request;
});

my $closing = Engine->backend(sub { });

my $t = MapTest->start(
    http => <<"EOH",
    canonical_map p version=1 {
        from fhir Patient;
        emit patient key=id;
        set  id     id required;
        set  birth  birthDate date required;
    }
    canonical_map q version=1 {
        from fhir Patient;
        emit person key=id;
        set  id id required;
    }
    canonical_map adt version=1 {
        from hl7 ADT^A01;
        emit adt key=id;
        set  id MSH-10 required;
    }
    canonical_map j version=1 {
        from json;
        emit thing key=id;
        set  id id required;
    }
    canonical_map w version=1 {
        from canonical patient;
        to   json;
        set  number id required;
    }
    upstream two { server 127.0.0.1:$closing max_fails=0; server 127.0.0.1:$back backup; }
    limit_req_zone \$server_addr zone=slow:1m rate=5r/s;
    log_format body '\$uri|\$status|\$request_body';
    access_log logs/body.log body;
EOH
    events => 'worker_connections 512; multi_accept on;',
    files => { '50x.html' => 'our page', 'x.html' => 'a page' },
    maps => ['p'],
    locations => <<"EOL",
        client_body_buffer_size 1k;
        client_header_buffer_size 1k;
        client_body_timeout 5s;
        lingering_timeout 200ms;
        root %%DIR%%/conf;
        location /p/      { canonical_request p; proxy_pass http://127.0.0.1:$back; }
        location /11/     { canonical_request p; proxy_http_version 1.1; proxy_pass http://127.0.0.1:$back; }
        location /nobuf/  { canonical_request p; proxy_request_buffering off; proxy_http_version 1.1; proxy_pass http://127.0.0.1:$back; }
        location /all/    { canonical_request p q adt j; proxy_pass http://127.0.0.1:$back; }
        location /plain/  { proxy_pass http://127.0.0.1:$back; }
        location /max/    { canonical_request p; client_max_body_size 1000; proxy_pass http://127.0.0.1:$back; }
        location /own/    { canonical_request p; canonical_max_size 1000; proxy_pass http://127.0.0.1:$back; }
        location /tiny/   { canonical_request p; canonical_max_size 80; proxy_pass http://127.0.0.1:$back; }
        location /tiny7/  { canonical_request adt; canonical_max_size 50; proxy_pass http://127.0.0.1:$back; }
        location /smaller/ { canonical_request p; error_page 502 = \@tiny; proxy_pass http://127.0.0.1:%%NOBODY%%; }
        location \@tiny   { canonical_request q; canonical_max_size 80; proxy_pass http://127.0.0.1:$back; }
        location /file/   { canonical_request p; client_body_in_file_only on; proxy_pass http://127.0.0.1:$back; }
        location /single/ { canonical_request p; client_body_in_single_buffer on; proxy_pass http://127.0.0.1:$back; }
        location /retry/  { canonical_request p; proxy_next_upstream error timeout non_idempotent; proxy_pass http://two; }
        location /limit/  { canonical_request p; limit_req zone=slow burst=10; proxy_pass http://127.0.0.1:$back; }
        location /limit7/ { canonical_request adt; limit_req zone=slow burst=10; proxy_pass http://127.0.0.1:$back; }
        location /ours/   { canonical_request p; proxy_set_header X-Length \$content_length; proxy_set_header X-Type \$content_type; proxy_set_header X-Http-Type \$http_content_type; proxy_set_header X-Te "<\$http_transfer_encoding>"; proxy_pass http://127.0.0.1:$back; }
        location /render/ { canonical_render w; proxy_pass http://127.0.0.1:$back; }
        location /both/   { canonical_request p; canonical_render w; proxy_pass http://127.0.0.1:$back; }

        # redirects

        location /same/   { canonical_request p; error_page 502 = \@p; proxy_pass http://127.0.0.1:%%NOBODY%%; }
        location /else/   { canonical_request p; error_page 502 = \@q; proxy_pass http://127.0.0.1:%%NOBODY%%; }
        location /none/   { canonical_request p; error_page 502 = \@plain; proxy_pass http://127.0.0.1:%%NOBODY%%; }
        location /from/   { error_page 502 = \@q; proxy_pass http://127.0.0.1:%%NOBODY%%; }
        location /again/  { canonical_request p; error_page 422 = \@p; proxy_pass http://127.0.0.1:$back; }
        location /change/ { canonical_request p; error_page 422 = \@q; proxy_pass http://127.0.0.1:$back; }
        location /raw/    { canonical_request p; error_page 422 = \@plain; proxy_pass http://127.0.0.1:$back; }
        location /typed/  { canonical_request adt; error_page 415 = \@q; proxy_pass http://127.0.0.1:$back; }
        location /large/  { canonical_request p; canonical_max_size 80; error_page 413 = \@p; proxy_pass http://127.0.0.1:$back; }
        location /try/    { canonical_request p; try_files /nothing \@q; }
        location /trydir/ { canonical_request p; try_files /nothing /p/x; }
        location /rendered/ { canonical_request p; canonical_render w; error_page 502 = \@q; proxy_pass http://127.0.0.1:%%NOBODY%%; }
        location /stream/ { proxy_request_buffering off; error_page 502 = \@q; proxy_pass http://127.0.0.1:%%NOBODY%%; }
        location \@p      { canonical_request p; proxy_pass http://127.0.0.1:$back; }
        location \@q      { canonical_request q; proxy_pass http://127.0.0.1:$back; }
        location \@plain  { proxy_pass http://127.0.0.1:$back; }

        # subrequests

        location /mirror/  { canonical_request p; mirror /mirrored/x; proxy_pass http://127.0.0.1:$back; }
        location /mirrorq/ { canonical_request p; mirror /mirroredq/x; proxy_pass http://127.0.0.1:$back; }
        location /unmirror/ { mirror /mirroredq/x; proxy_pass http://127.0.0.1:$back; }
        location /mirrored/  { internal; proxy_pass http://127.0.0.1:$back; }
        location /mirroredq/ { internal; canonical_request q; proxy_pass http://127.0.0.1:$back; }
        location /auth/    { canonical_request p; auth_request /check/ok; proxy_pass http://127.0.0.1:$back; }
        location /denied/  { canonical_request p; auth_request /check/deny; proxy_pass http://127.0.0.1:$back; }
        location /check/   { internal; canonical_request p; proxy_pass_request_body off; proxy_set_header Content-Length ""; proxy_pass http://127.0.0.1:$back; }
        location /ssi/     { ssi on; canonical_request p; proxy_pass http://127.0.0.1:$back; }
        location /sub/     { addition_types text/plain; add_before_body /p/sub; default_type text/plain; return 200 "after"; }
    }

    # maps of a whole server

    server {
        listen 127.0.0.1:%%HTTP%%;
        listen 127.0.0.1:%%H2%% http2;
        server_name server;
        root %%DIR%%/conf;
        canonical_request p;
        canonical_max_size 6m;
        client_max_body_size 8m;
        client_body_buffer_size 1k;
        client_body_timeout 5s;
        lingering_timeout 200ms;
        error_page 413 415 422 400 502 /50x.html;
        error_page 403 /proxied/page;
        mirror /mirrored/x;
        location /        { proxy_pass http://127.0.0.1:$back; }
        location /down    { proxy_pass http://127.0.0.1:%%NOBODY%%; }
        location /denied/ { deny all; proxy_pass http://127.0.0.1:$back; }
        location /auth/   { auth_request /check; proxy_pass http://127.0.0.1:$back; }
        location = /check { proxy_pass_request_body off; proxy_set_header Content-Length ""; proxy_pass http://127.0.0.1:$back; }
        location /mirrored/ { proxy_pass http://127.0.0.1:$back; }
        location = /50x.html { }
EOL
);

my $ngx = $t->engine;
my ($pid) = $ngx->workers;
my ($answer, $sock, $got, $big, @seen);

sub head {
    my ($uri, $more) = @_;

    return "POST $uri HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
           . "Content-Type: $type\r\n" . ($more // '') . "\r\n";
}

sub chunked {
    return join('', map { sprintf "%x\r\n%s\r\n", length, $_ } @_)
           . "0\r\n\r\n";
}

my $length = 'Content-Length: ' . length($patient) . "\r\n";
my $te = "Transfer-Encoding: chunked\r\n";


# memory, of an allocator that has not seen much yet

SKIP: {
    skip 'memory of another allocator', 4
        if Engine::contents("/proc/$pid/maps") =~ /vgpreload|asan|valgrind/;

    my $full = '{"resourceType":"Patient","id":"p1","birthDate":"1988-08-18",'
               . '"identifier":[{"system":"urn:a","value":"4711"}],'
               . '"name":[{"family":"SECRET","given":["A","B"]}],'
               . '"address":[{"line":["x 1"],"city":"y","postalCode":"1"}],'
               . '"telecom":[{"system":"phone","value":"1"}]}';
    my $bundle = '{"resourceType":"Bundle","type":"batch","entry":['
                 . join(',', map { "{\"resource\":" . ($full =~ s/p1/p$_/r)
                                   . '}' } 1 .. 9000) . ']}';
    my $nodes = '{"resourceType":"Patient","id":"p1","birthDate":"1988-08-18",'
                . '"x":[' . join(',', map { "{\"a\":$_}" } 1 .. 99999) . ']}';

    my $before = Engine::memory($pid, 'VmRSS');

    for (['small nodes', $nodes], ['a Bundle', $bundle]) {
        my ($name, $body) = @$_;
        my $after;

        Engine::reset_peak($pid);
        $answer = $t->post('/p/x', $type, $body);
        is($answer->{status}, 200, $name);
        $after = Engine::memory($pid, 'VmHWM') - $before;
        cmp_ok($after * 1024, '<', 25 * length $body,
               sprintf 'at most 25 times the body (%.1f)',
                       $after * 1024 / length $body);

        $t->post('/p/x', $type, $body) for 1 .. 5;
        cmp_ok(Engine::memory($pid, 'VmHWM') - $before, '<', 1.5 * $after,
               'freed with the request, to be used again');
    }
}


# how it comes

is(upstream($t->post('/p/x', $type, $patient))->{body}, $mapped,
   'Content-Length');
is(upstream($t->raw(head('/p/x', $length) . $patient))->{body}, $mapped,
   'in one packet with the header');
is(upstream($t->raw(head('/p/x', $te) . chunked($patient)))->{body}, $mapped,
   'chunked');
is(upstream($t->raw(head('/p/x', $te) . chunked(unpack '(a)*', $patient)))
   ->{body}, $mapped, 'in chunks of a byte');
is(upstream(slowly(head('/p/x', $length), unpack '(a)*', $patient))->{body},
   $mapped, 'byte by byte');
is(upstream(slowly(head('/p/x', $te),
                   unpack '(a3)*', chunked(unpack '(a20)*', $patient)))
   ->{body}, $mapped, 'chunked, in pieces');
is(upstream(slowly(unpack '(a9)*', head('/p/x', $length) . $patient))->{body},
   $mapped, 'header and body in pieces');

for my $uri ('/nobuf/x', '/11/x', '/file/x', '/single/x') {
    is(upstream($t->post($uri, $type, $patient))->{body}, $mapped, $uri);
    is(upstream($t->raw(head($uri, $te) . chunked($patient)))->{body},
       $mapped, "$uri, chunked");
}

$sock = $t->connect;
print $sock head('/p/x', "Expect: 100-continue\r\n$length");
sysread $sock, $got, 1000;
is($got, "HTTP/1.1 100 Continue\r\n\r\n", 'Expect: 100-continue');
print $sock $patient;
is(upstream(answer(join '', <$sock>))->{body}, $mapped, 'and the body');
close $sock;

for my $first ($length . "\r\n$patient", $te . "\r\n" . chunked($patient)) {
    my $name = $first =~ /chunked/ ? 'chunked' : 'Content-Length';

    for my $size (length $first, 50, 1) {
        $sock = $t->connect;

        for my $piece (unpack "(a$size)*",
                       "POST /p/1 HTTP/1.1\r\nHost: a\r\nContent-Type: $type"
                       . "\r\n${first}POST /plain/2 HTTP/1.1\r\nHost: a\r\n"
                       . "Content-Length: 3\r\n\r\nabc"
                       . head('/p/3', $length) . $patient)
        {
            print $sock $piece;
            sleep 0.0005 if $size == 50;
        }

        $got = join '', <$sock>;
        like($got, qr{POST /p/1.*\Q$mapped\E.*POST /plain/2.*abc.*POST /p/3.*\Q$mapped\E\z}s,
             "pipelined, $name, pieces of $size");
        close $sock;
    }
}


# what the upstream sees

$got = upstream($t->post('/p/x', $type, $patient, 'X-Other: kept',
                         'Content-Type: text/plain'));
is_deeply([$got->{header} =~ /^Content-Type: (.*)\r$/mig],
          ['application/json'], 'one Content-Type');
is_deeply([$got->{header} =~ /^Content-Length: (.*)\r$/mig], [length $mapped],
          'the Content-Length of the object');
like($got->{header}, qr/^X-Other: kept\r$/m, 'other headers stay');

for my $uri ('/p/x', '/nobuf/x') {
    $got = upstream($t->raw(head($uri, $te) . chunked($patient)));
    unlike($got->{header}, qr/^Transfer-Encoding/mi,
           "$uri: no Transfer-Encoding");
    like($got->{header}, qr/^Content-Length: ${\length $mapped}\r$/m,
         "$uri: a length");
}

for ($length . "\r\n$patient", "$te\r\n" . chunked($patient)) {
    $got = upstream($t->raw(head('/ours/') =~ s/\r\n\z//r . $_));
    is_deeply([map { $got->{header} =~ /^X-$_: (.*)\r$/m }
               'Length', 'Type', 'Http-Type', 'Te'],
              [length $mapped, ('application/json') x 2, '<>'],
              'variables tell of the object');
}

$got = upstream($t->raw(head('/p/x', $length . join '', map { "X-$_: v\r\n" }
                                                        1 .. 40) . $patient));
is(scalar(() = $got->{header} =~ /^X-\d+: v\r$/mg), 40, 'many headers');


# what passes

for my $method (qw(GET HEAD DELETE OPTIONS)) {
    $answer = $t->raw("$method /p/x HTTP/1.1\r\nHost: a\r\nConnection: close"
                      . "\r\n\r\n", $method);
    is($answer->{status}, 200, "$method passes");
}

is(upstream($t->raw(head('/p/x', $length) =~ s/^POST/GET/r . $patient))
   ->{body}, $mapped, 'a GET with a body is mapped');
is(upstream($t->raw(head('/p/x', $length) =~ s/^POST/PUT/r . $patient))
   ->{body}, $mapped, 'so is a PUT');


# what does not

sub refused {
    my ($name, $status, $uri, $type, $body, @headers) = @_;
    my $before = -s $seen;
    my $answer = $t->post($uri, $type, $body, @headers);

    is($answer->{status}, $status, $name);
    is(-s $seen, $before, "$name: does not reach the upstream");
    unlike($answer->{raw} // $answer->{body}, qr/SECRET|BADDATE/,
           "$name: no value");

    return $answer;
}

gzip(\$patient, \my $packed);

refused('an empty POST', 400, '/p/x', $type, '');
refused('an empty PATCH', 400, '/p/x', $type, '', 'X: y');
refused('no type', 415, '/p/x', undef, $patient);
refused('another type', 415, '/p/x', 'text/plain', $patient);
refused('HL7 v2', 415, '/p/x', 'application/hl7-v2', $adt);
refused('a form', 415, '/p/x', 'application/x-www-form-urlencoded', 'a=b');
refused('a packed one', 415, '/p/x', $type, $packed, 'Content-Encoding: gzip');
refused('one that is said to be packed', 415, '/all/x', 'application/hl7-v2',
        $adt, 'content-encoding: br');
refused('a packed object', 415, '/render/x', 'application/json', $packed,
        'Content-Encoding: gzip');
refused('no JSON', 400, '/p/x', $type, '{"SECRET');
refused('a wrong value', 422, '/p/x', $type, $wrong);
refused('another resource', 422, '/p/x', $type,
        '{"resourceType":"Group","id":"SECRET"}');

is(upstream($t->post('/p/x', $type, $patient, 'Content-Encoding: identity'))
   ->{body}, $mapped, 'Content-Encoding: identity');

$answer = $t->raw(head('/p/x', $te) . "zz\r\nSECRET");
is($answer->{status}, 400, 'no chunk');


# several maps

is(upstream($t->post('/all/x', $type, $patient))->{body}, "[$mapped,$other]",
   'two maps for one resource');
is(upstream($t->post('/all/x', 'application/hl7-v2', $adt))->{body},
   "[$adted]", 'another for HL7');
is(upstream($t->post('/all/x', 'application/json', '{"id":"t"}'))->{body},
   '[{"type":"thing","map":"j@1","key":"t","id":"t"}]', 'another for JSON');

for my $type ('application/fhir+json; charset=utf-8', 'Application/FHIR+JSON',
              'application/json', 'application/vnd.x+json', 'text/json')
{
    is(upstream($t->post('/p/x', $type, $patient))->{body}, $mapped, $type);
}


# bounds

$big = '{"resourceType":"Patient","id":"p1","birthDate":"1988-08-18",'
       . '"text":{"status":"empty","div":"' . 'x' x 5_000_000 . '"}}';

my $biglength = 'Content-Length: ' . length($big) . "\r\n";

for (['Content-Length', $biglength, $big],
     ['chunked', $te, chunked(unpack '(a60000)*', $big)])
{
    my ($name, $header, $body) = @$_;

    for my $uri (qw(/p/x /nobuf/x /file/x /single/x)) {
        is(upstream($t->raw(head($uri, $header) . $body))->{body}, $mapped,
           "5 MB, $name, $uri");
    }

    for (['/max/x', 'client_max_body_size'], ['/own/x', 'canonical_max_size'])
    {
        my ($uri, $bound) = @$_;
        my $before = -s $seen;

        is($t->raw(head($uri, $header) . substr $body, 0, 200000)->{status},
           413, "$bound, $name");
        is(-s $seen, $before, 'does not reach the upstream');
    }
}

for (['Content-Length', "Content-Length: 1200\r\n", 'x' x 1200],
     ['chunked', $te, chunked('x' x 1200)])
{
    is($t->raw(head('/own/x', $_->[1]) . $_->[2])->{status}, 413,
       "canonical_max_size with the header, $_->[0]");
}

refused('canonical_max_size, in the buffer of the header', 413, '/tiny/x',
        $type, $patient);
refused('canonical_max_size of HL7 v2', 413, '/tiny7/x', 'application/hl7-v2',
        $adt);
refused('canonical_max_size behind a redirect', 413, '/smaller/x', $type,
        $patient);
is($t->raw(head('/tiny/x', $te) . chunked($patient))->{status}, 413,
   'canonical_max_size, chunked, in the buffer of the header');

$sock = $t->connect;
print $sock head('/own/x', "Expect: 100-continue\r\n$biglength");
sysread $sock, $got, 1000;
like($got, qr/^HTTP\/1.1 413/, 'no 100 Continue for what is too large');
close $sock;

like($ngx->log, qr/\[error\].*client intended to send too large body/,
     'the log tells of it');

is_deeply([grep { -f } glob $ngx->dir . '/client_body_temp/* '
                            . $ngx->dir . '/client_body_temp/*/*/*'], [],
          'no temporary file');
unlike($ngx->log, qr/temporary file/, 'nor in the log');

# the client goes

$sock = $t->connect;
print $sock head('/p/x', $biglength), substr $big, 0, 100000;
close $sock;
$sock = $t->connect;
print $sock head('/p/x', $te), "ffff\r\n", substr $big, 0, 1000;
close $sock;
wait_for {
    2 == (() = $ngx->log =~ /client prematurely closed connection/g)
} 'the client to be missed';
pass('a client that is gone in mid-body');
is(upstream($t->post('/p/x', $type, $patient))->{body}, $mapped,
   'others are served');


# the upstream

@seen = seen(sub { $answer = $t->post('/retry/x', $type, $patient) });
is(upstream($answer)->{body}, $mapped, 'the next upstream gets the same');

$got = time;
is(join(',', map { upstream($t->post('/limit/x', $type, $patient))->{body} }
                 1 .. 3), join(',', ($mapped) x 3), 'limit_req');
is(join(',', map { upstream($t->post('/limit7/x', 'application/hl7-v2', $adt))
                   ->{body} } 1 .. 2), "$adted,$adted", 'limit_req of HL7');
cmp_ok(time - $got, '>', 0.5, 'has delayed them');

$answer = $t->post('/both/x', $type, $patient);
is(upstream($answer)->{body}, '{"number":"p1"}', 'canonical_render');
is(upstream($t->post('/render/x', 'application/json', $mapped))->{body},
   '{"number":"p1"}', 'of an object that is sent');


# redirects

for (['/same/x', $mapped, 'the same maps'],
     ['/else/x', $other, 'other maps: of the body as it came'],
     ['/none/x', $mapped, 'no maps: what was mapped'],
     ['/from/x', $other, 'from a location without maps'],
     ['/large/x', $mapped, 'another bound'],
     ['/try/x', $other, 'try_files to a named location'],
     ['/trydir/x', $mapped, 'try_files to a URI'],
     ['/typed/x', $other, 'another type'],
     ['/rendered/x', $other, 'after canonical_render'])
{
    my ($uri, $want, $name) = @$_;

    is(upstream($t->post($uri, $type, $patient))->{body}, $want, $name);

    next if $uri eq '/large/x';
    is(upstream($t->raw(head($uri, $te) . chunked($patient)))->{body}, $want,
       "$name, chunked");
}

$got = length $ngx->log;
is($t->post('/again/x', $type, $wrong)->{status}, 422,
   'what is refused is refused again by the same maps');
is(scalar(() = substr($ngx->log, $got) =~ /target birth/g), 1,
   'and logged once');
is(upstream($t->post('/change/x', $type, $wrong))->{body}, $other,
   'other maps may take it');
is(upstream($t->post('/raw/x', $type, $wrong))->{body}, $wrong,
   'a location without maps gets it as it came');
$answer = $t->raw(head('/stream/x', "Content-Length: 5000\r\n") . 'x' x 2000);
is($answer->{status}, 500, 'a body that is half gone is not mapped')
    or diag $answer->{raw};


# subrequests

@seen = seen(sub { $answer = $t->post('/mirror/x', $type, $patient) }, 2);
is_deeply([sort map { $_->{uri} . $_->{body} } @seen],
          ["/mirror/x$mapped", "/mirrored/x$mapped"],
          'mirror has what was mapped');
@seen = seen(sub { $answer = $t->post('/mirrorq/x', $type, $patient) }, 2);
is_deeply([sort map { $_->{uri} . $_->{body} } @seen],
          ["/mirror" . "edq/x$other", "/mirrorq/x$mapped"],
          'mirror to other maps: of the body as it came');
@seen = seen(sub { $answer = $t->post('/unmirror/x', $type, $patient) }, 2);
is_deeply([sort map { $_->{uri} . $_->{body} } @seen],
          ["/mirroredq/x$other", "/unmirror/x$patient"],
          'mirror: only the copy is mapped');

@seen = seen(sub { $answer = $t->post('/auth/x', $type, $patient) }, 2);
is(upstream($answer)->{body}, $mapped, 'auth_request');
is_deeply([map { $_->{body} } grep { $_->{uri} eq '/check/ok' } @seen], [''],
          'which has no body');
is($t->post('/denied/x', $type, $patient)->{status}, 403,
   'auth_request denies');
is($t->raw(head('/denied/x', $te) . chunked($patient))->{status}, 403,
   'auth_request denies, chunked');

$answer = $t->post('/sub/x', $type, $patient);
like($answer->{body}, qr/^POST|GET.*after\z/s,
     'a subrequest when nobody has read the body');


# maps of a whole server

sub server {
    my ($uri, $header, $body) = @_;

    return $t->raw(head($uri, $header) =~ s/Host: localhost/Host: server/r
                   . $body);
}

for (['Content-Length', $length, $patient, "Content-Length: 3\r\n", 'abc',
      'Content-Length: ' . length($wrong) . "\r\n", $wrong],
     ['chunked', $te, chunked($patient), $te, chunked('abc'), $te,
      chunked($wrong)])
{
    my ($name, $h, $body, $h2, $none, $h3, $bad) = @$_;

    @seen = seen(sub { $answer = server('/x', $h, $body) }, 2);
    is(upstream($answer)->{body}, $mapped, "a whole server, $name");
    is_deeply([map { $_->{body} } @seen], [$mapped, $mapped],
              "mirror is not mapped twice, $name");

    @seen = seen(sub { $answer = server('/x', $h2, $none) });
    is("$answer->{status} $answer->{body}", '400 our page',
       "error page of what is no JSON, $name");
    is_deeply([map { "$_->{uri} $_->{body}" } @seen], ['/mirrored/x '],
              'the mirror of which has no body');
    @seen = seen(sub { $answer = server('/x', $h3, $bad) });
    is("$answer->{status} $answer->{body}", '422 our page',
       "error page of what is refused, $name");
    is_deeply([map { "$_->{uri} $_->{body}" } @seen], ['/mirrored/x '],
              'the mirror of which has no body');

    $answer = server('/down', $h, $body);
    is("$answer->{status} $answer->{body}", '502 our page',
       "error page of the upstream, $name");

    @seen = seen(sub { $answer = server('/denied/x', $h, $body) }, 2);
    is($answer->{status}, 403, "an error page of an upstream, $name");
    is_deeply([sort map { "$_->{uri} $_->{body}" } @seen],
              ['/mirrored/x ', '/proxied/page '],
              "gets nothing of the body, $name");
    is(upstream(server('/auth/x', $h, $body))->{body}, $mapped,
       "auth_request, $name");
}

for (['Content-Length', 'Content-Length: 7000000' . "\r\n", 'x' x 7000000],
     ['chunked', $te, chunked(('x' x 70000) x 100)],
     ['chunked, over client_max_body_size', $te, chunked(('x' x 90000) x 100)])
{
    $answer = large($_->[1], $_->[2]);
    is("$answer->{status} $answer->{body}", '413 our page',
       "error page of what is too large, $_->[0]");
}


# HTTP/2

SKIP: {
    skip 'no HTTP/2 client', 12
        unless `curl --version 2>/dev/null` =~ /HTTP2/;

    my $dir = $ngx->dir;
    my %bodies = (small => $patient, large => substr($big, 0, -3) . '"}}',
                  wrong => $wrong);

    for my $name (keys %bodies) {
        open my $out, '>', "$dir/$name" or die;
        print $out $bodies{$name};
        close $out;
    }

    my $curl = "curl -s --http2-prior-knowledge -H 'Content-Type: $type' "
               . '-H "Expect:"';
    my $url = 'http://127.0.0.1:' . $ngx->port('H2');

    for my $name ('small', 'large') {
        my $text = `$curl --data-binary \@$dir/$name $url/x`;
        is(part($text), $mapped, "HTTP/2, $name");
        $text = `$curl -X POST -T - $url/x <$dir/$name`;
        is(part($text), $mapped, "HTTP/2, $name, length unknown");
        like($text, qr/^Content-Length: ${\length $mapped}\r$/m,
             "HTTP/2, $name: the upstream knows it");
        unlike($text, qr/^Transfer-Encoding/mi, 'and gets no chunks');
    }

    is(`$curl -w ' %{http_code}' --data-binary \@$dir/wrong $url/x`,
       'our page 422', 'HTTP/2, refused');
    is(`$curl -w ' %{http_code}' --data-binary \@$dir/large $url/down`,
       'our page 502', 'HTTP/2, the upstream is down');
    $answer = `$curl -w ' %{http_code}' --data-binary \@$dir/small $url/denied/`;
    like($answer, qr/^GET \/proxied\/page .* 403\z/s, 'HTTP/2, denied');
    unlike($answer, qr/SECRET|^Content-/m, 'HTTP/2, denied: no body');
}


# the log

like($t->log_of('body', '/p/x') =~ s/\\x22/"/gr, qr/^\|200\|\Q$mapped\E$/m,
     '$request_body is what the upstream gets');

is_deeply([grep { -f } glob $ngx->dir . '/client_body_temp/*/*/*'], [],
          'no temporary file of a mapped one');
unlike($ngx->log, qr/SECRET|BADDATE/, 'no value in the log');

$t->stop;
unlink $seen;

done_testing();


# the request that an upstream tells of in its answer

sub upstream {
    my ($answer) = @_;
    my ($header, $body) = $answer->{body} =~ /\A(\w+ .*?\r\n)\r\n(.*)\z/s;

    return { header => $header // '',
             body => $body // "$answer->{status} $answer->{body}" };
}


sub part {
    return $_[0] =~ /\r\n\r\n(.*)\z/s ? $1 : $_[0];
}


# what upstreams have got meanwhile

sub seen {
    my ($code, $count) = @_;
    my $before = -s $seen || 0;
    my @seen;

    $code->();

    wait_for {
        open my $in, '<', $seen or die;
        seek $in, $before, 0;
        local $/;
        @seen = split /\n\x00/, <$in> // '';
        @seen >= ($count || 1);
    } 'requests';

    return map { { uri => /^\w+ (\S+)/ ? $1 : '', body => part($_) } } @seen;
}


sub slowly {
    my $sock = $t->connect;

    for my $piece (@_) {
        print $sock $piece;
        sleep 0.0002;
    }

    local $/;
    return answer(scalar <$sock>);
}


# an answer may come before all is sent

sub large {
    my ($header, $body) = @_;
    my $sock = $t->connect;
    my $pid = fork;

    local $SIG{PIPE} = 'IGNORE';

    if ($pid == 0) {
        print $sock head('/x', $header) =~ s/Host: localhost/Host: server/r,
                    $body;
        require POSIX;
        POSIX::_exit(0);
    }

    local $/;
    my $answer = answer(scalar <$sock>);

    close $sock;
    kill 'KILL', $pid;
    waitpid $pid, 0;

    return $answer;
}
