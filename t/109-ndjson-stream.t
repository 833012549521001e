use lib 't/lib';
use strict;
use warnings;
use IO::Handle;
use JSON::PP;
use Test::More;
use Time::HiRes 'sleep';
use Held;
use Http2;
use MapTest;
use Patients;

# canonical_stream: the lines of a chunked request go on as they are mapped.

my $type = 'application/fhir+ndjson';

my $three = join '', map { patient($_) . "\n" } 1 .. 3;
my $out = join '', map { object($_) } 1 .. 3;
my $bad = patient(2) =~ s/1988-/SECRET-/r . "\n";

# reads a body, and says how it was framed, whether it was complete and what it
# was, or only its size

my $sink = Engine->backend(sub {
    my ($sock, $in) = @_;
    my ($header, $rest) = $in =~ /\A(.*?\r\n)\r\n(.*)\z/s;
    my ($method, $uri) = $header =~ /^(\w+) (\S+)/;
    my ($framing, $complete, $body, $size, $lines) = ('none', 1, '', 0, 0);

    sleep 1 if $uri =~ /slow/;

    if ($header =~ /^Content-Length:/mi) {
        $framing = 'length';
        $body = $rest;
        $size = length $body;

    } elsif ($header =~ /^Transfer-Encoding: chunked\r$/mi) {
        $framing = 'chunked';
        $complete = 0;

        for ( ;; ) {
            if ($rest =~ /\A0\r\n\r\n/) {
                $complete = 1;
                last;
            }

            if ($rest =~ /\A([0-9a-f]+)\r\n/i
                && length $rest >= length($1) + 4 + hex $1)
            {
                my $chunk = substr $rest, length($1) + 2, hex $1;
                substr $rest, 0, length($1) + 4 + hex $1, '';
                $size += length $chunk;
                $lines += $chunk =~ tr/\n//;
                $body .= $chunk unless $uri =~ /size|slow/;
                next;
            }

            sysread $sock, $rest, 65536, length $rest or last;
        }
    }

    $body = "$size $lines" if $uri =~ /size|slow/;

    my ($got) = $header =~ /^Content-Type: (.*)\r$/mi;

    print $sock "HTTP/1.1 200 OK\r\nConnection: close\r\nX-Got: ",
                join(' ', $method, $framing, $complete ? 'all' : 'part',
                     $got // '-'),
                "\r\nContent-Length: ", length $body, "\r\n\r\n", $body;
});

my $held = Held->new;
my $port = $held->port;
my $off = 'proxy_request_buffering off;';
my $stream = "canonical_request p; $off";

my $t = MapTest->start(
    http => <<"EOH",
    $map_p
    canonical_map q version=1 {
        from fhir Patient;
        emit other key=id;
        set  id id required;
    }
    canonical_map json version=1 {
        from json;
        emit json key=id;
        set  id id required;
    }
    canonical_map kept version=1 {
        from fhir Patient;
        emit patient key=id;
        set  id id required;
        set  birth birthDate date;
        on_error quarantine;
    }
    canonical_map hl7 version=1 { from hl7 ADT^A01; emit a key=id; set id MSH-10 required; }
    upstream pair { server 127.0.0.1:%%NOBODY%%; server 127.0.0.1:$sink backup; }
    log_format count '\$uri|\$status|\$canonical_count|\$canonical_key|\$canonical_unmapped';
    access_log logs/count.log count;
EOH
    files => { 'page' => 'a page', 'file' => 'a file' },
    locations => <<"EOL",
        canonical_stream on;
        proxy_http_version 1.1;

        location /sink/   { $stream client_max_body_size 0; proxy_pass http://127.0.0.1:$sink; }
        location /held/   { $stream proxy_pass http://127.0.0.1:$port; }
        location /tls/    { $stream proxy_ssl_session_reuse off; proxy_pass https://127.0.0.1:%%TLS%%/; }
        location /pair/   { $stream proxy_pass http://pair; }
        location /buffer/ { canonical_request p; client_body_buffer_size 1k; proxy_pass http://127.0.0.1:$sink; }
        location /memory/ { canonical_request p; canonical_max_memory 64k; proxy_pass http://127.0.0.1:$sink; }
        location /http10/ { $stream proxy_http_version 1.0; client_body_buffer_size 1k; proxy_pass http://127.0.0.1:$sink; }
        location /off/    { $stream canonical_stream off; proxy_pass http://127.0.0.1:$sink; }
        location /small/  { $stream canonical_max_size 4k; client_body_buffer_size 1k; proxy_pass http://127.0.0.1:$sink; }
        location /bound2/ { $stream client_max_body_size 1k; error_page 413 = \@named; proxy_pass http://127.0.0.1:$sink; }
        location /bound/  { $stream client_max_body_size 1k; proxy_pass http://127.0.0.1:$sink; }
        location /hl7/    { $off canonical_request hl7; proxy_pass http://127.0.0.1:$sink; }
        location /kept/   { $off canonical_request kept; canonical_quarantine quarantine; proxy_pass http://127.0.0.1:$sink; }
        location /live/   { $stream proxy_buffering off; proxy_pass http://127.0.0.1:$port; }
        location /answer/ { $stream proxy_buffering off; canonical_response q; proxy_pass http://127.0.0.1:$port; }
        location /mirror/ { $stream mirror /mirrored; mirror /plain; mirror /q; proxy_pass http://127.0.0.1:$sink; }
        location /mirrored { $stream proxy_pass http://127.0.0.1:$port; }
        location /plain   { proxy_pass http://127.0.0.1:$port; }
        location /q       { $off canonical_request q; proxy_pass http://127.0.0.1:$port; }
        location /nobody/ { $stream return 204; }

        location /page/   { $stream error_page 422 /page; proxy_pass http://127.0.0.1:$port; }
        location = /page  { root %%DIR%%/conf; }
        location /named/  { $stream error_page 422 502 = \@named; proxy_pass http://127.0.0.1:$port; }
        location \@named  { proxy_pass http://127.0.0.1:$sink; }
        location /dead/   { $stream error_page 502 = \@named; proxy_pass http://127.0.0.1:%%NOBODY%%; }
        location /again/  { $stream error_page 502 = \@other; proxy_pass http://127.0.0.1:%%NOBODY%%; }
        location \@other  { $off canonical_request q; proxy_pass http://127.0.0.1:$sink; }

        location /to-none/  { $stream alias %%DIR%%/conf/; error_page 405 = \@none; }
        location \@none     { $off proxy_pass http://127.0.0.1:$port; }
        location /to-same/  { $stream alias %%DIR%%/conf/; error_page 405 = \@same; }
        location \@same     { $stream proxy_pass http://127.0.0.1:$port; }
        location /to-other/ { $stream alias %%DIR%%/conf/; error_page 405 = \@other; }
        location /to-whole/ { $stream alias %%DIR%%/conf/; error_page 405 = \@whole; }
        location \@whole    { $off canonical_request json q; canonical_stream off; proxy_pass http://127.0.0.1:$sink; }
    }

    server {
        listen 127.0.0.1:%%TLS%% ssl;
        ssl_certificate     %%CERT:back%%.crt;
        ssl_certificate_key %%CERT:back%%.key;
        proxy_http_version 1.1;
        proxy_request_buffering off;
        location / { proxy_pass http://127.0.0.1:$port; }
    }

    server {
        listen 127.0.0.1:%%H2%% http2;
        canonical_stream on;
        proxy_http_version 1.1;
        client_max_body_size 0;
        location /sink/   { $stream proxy_pass http://127.0.0.1:$sink; }
        location /held/   { $stream proxy_pass http://127.0.0.1:$port; }
        location /buffer/ { canonical_request p; client_body_buffer_size 1k; proxy_pass http://127.0.0.1:$sink; }
        location /small/  { $stream canonical_max_size 4k; proxy_pass http://127.0.0.1:$sink; }
EOL
    allow => qr/connect\(\) failed|prematurely closed|no live upstreams/
             . qr/|"listen \.\.\. http2" directive is deprecated/,
);

my $ngx = $t->engine;
my ($pid) = $ngx->workers;
my $real = Engine::contents("/proc/$pid/maps") !~ /vgpreload|asan|valgrind/;
my ($answer, $before, $sock, $request, $problem);


# whole bodies

my %bodies = (
    three => $three,
    open => $three =~ s/\n\z//r,
    crlf => $three =~ s/\n/\r\n/gr,
    gaps => "\n\r\n$three\n\n" =~ s/\}\n/}\n\n/gr,
);

for my $name (sort keys %bodies) {
    $answer = sent('/sink/', $bodies{$name});
    is($answer->{body}, $out, "$name: at once");
    is(got($answer), 'POST length all application/x-ndjson',
       "$name: its length is known then");

    is(sent('/sink/', \'', $bodies{$name})->{body}, $out,
       "$name: after the header");
}

is(join(',', grep { sent('/sink/', substr($bodies{crlf}, 0, $_),
                         substr($bodies{crlf}, $_))->{body} ne $out }
                  1 .. length($bodies{crlf}) - 1),
   '', 'split at any byte') if $ENV{TEST_ALL} || $real;
is(join(',', grep { sent('/sink/', \'', map { (\'', $_) }
                                        unpack "(a$_)*", $three)->{body}
                    ne $out } 7, 60, 129, 131, 200),
   '', 'in pieces, as they come');
is(join(',', grep { sent('/sink/', unpack "(a$_)*", $three)->{body} ne $out }
                  1 .. 150),
   '', 'in pieces of any size');

is(sent('/sink/size', map { patient(1 + ($_ - 1) % 500) . "\n" }
                          1 .. 2000)->{body},
   size_of(2000), 'many small chunks');

my $longest = patient(1, 'x' x (4096 - length patient(1, '')));
is(sent('/small/', $longest)->{body}, object(1), 'the longest line, at once');
is(sent('/small/', \'', unpack '(a100)*', "$longest\n" x 3)->{body},
   object(1) x 3, 'in pieces');

is(sent('/off/', \'', $three)->{body}, $out, 'canonical_stream off');
is(got(sent('/off/', \'', $three)), 'POST length all application/x-ndjson',
   'is not streamed');
$answer = $t->post('/sink/', $type, $three);
is(got($answer) . $answer->{body}, "POST length all application/x-ndjson$out",
   'with a Content-Length it is mapped before');
is(sent_as('application/fhir+json', '/sink/', patient(1))->{body},
   object(1) =~ s/\n//r, 'a resource is mapped as a whole');
is(sent('/nobody/', $three)->{status}, 204, 'a handler that reads nothing');
$before = length $ngx->log;
$sock = begin('/mirror/');
print $sock chunk($three), "0\r\n\r\n";

for my $mirror (1, 2) {
    $request = $held->accept;
    is($request->body, $out, "mirror $mirror");
    $request->answer(200);
}

is(answer(slurp($sock))->{body}, $out, 'the request that is mirrored');
ok(!$held->pending, 'what is streamed is mapped once');
like(substr($ngx->log, $before), qr/a streamed body cannot be mapped again/,
     'which is logged');
is(sent('/pair/', $three)->{body}, $out, 'the next upstream gets it as well');


# each line when it comes

for my $where ('/held/', '/tls/') {
    $sock = begin($where);
    $request = $held->accept;
    like($request->header, qr/^Transfer-Encoding: chunked\r$/m,
         "$where: the header goes before the body");
    like($request->header, qr{^Content-Type: application/x-ndjson\r$}m,
         "$where: its type");
    unlike($request->header, qr/^Content-Length/mi, "$where: no length");

    for my $id (1 .. 3) {
        print $sock chunk(substr patient($id), 0, 50);
        print $sock chunk(substr(patient($id), 50) . "\n");
        ok(comes($request, object($id)), "$where: line $id when it is sent");
    }

    print $sock "0\r\n\r\n";
    ok(comes($request, "0\r\n\r\n"), "$where: and the end");
    $request->answer(200, 'done');
    is(answer(slurp($sock))->{body}, 'done', "$where: the answer");
}

$sock = begin('/held/', 'Connection: keep-alive');
$request = $held->accept;
print $sock chunk($three), "0\r\n\r\n";
ok(comes($request, "0\r\n\r\n"), 'keepalive: a body');
$request->answer(200, 'one');
like(until_seen($sock, 'one'), qr/^Connection: keep-alive\r$/m,
     'keepalive: the connection stays');
print $sock header('/sink/'), chunk($three), "0\r\n\r\n";
is(answer(slurp($sock))->{body}, $out, 'keepalive: the next request');

$sock = begin('/sink/', 'Expect: 100-continue');
like(until_seen($sock, "\r\n\r\n"), qr/^HTTP\/1.1 100 /, 'Expect');
print $sock chunk($three), "0\r\n\r\n";
is(answer(slurp($sock))->{body}, $out, 'Expect: the answer');


# what is refused

for (['bad', $bad, 422, 'not a year of four digits'],
     ['json', "{\"SECRET\n", 400, ''],
     ['other', "{\"resourceType\":\"Observation\",\"id\":\"SECRET\"}\n", 422,
      'no map for this resource type'])
{
    my ($name, $line, $status, $why) = @$_;

    # before anything was passed on

    $before = length $ngx->log;
    $answer = sent('/held/', patient(1) . "\n$line$three");
    $problem = problem($answer);
    is("$answer->{status} $problem->{status} $problem->{line}",
       "$status $status 2", "$name: at once");
    is($answer->{type}, 'application/problem+json', "$name: its type");
    ok($answer->{complete}, "$name: to the end");
    like($answer->{header}, qr/^Connection: close\r$/m, "$name: and closed");
    ok(!$held->pending, "$name: no upstream is asked");
    like(substr($ngx->log, $before), qr/\[error\].*$why.*, line 2\b/,
         "$name: the log");

    # in mid-stream

    $before = length $ngx->log;
    $sock = begin('/held/', 'Connection: keep-alive');
    $request = $held->accept;
    print $sock chunk(patient(1) . "\n");
    ok(comes($request, object(1)), "$name: the first line is there");
    print $sock chunk($line . patient(3) . "\n"), "0\r\n\r\n";
    $answer = answer(slurp($sock));
    $problem = problem($answer);
    is("$answer->{status} $problem->{status} $problem->{line}",
       "$status $status 2", "$name: in mid-stream");
    like($answer->{header}, qr/^Connection: close\r$/m, "$name: closed");
    ok($request->gone, "$name: the upstream is left");
    unlike($request->{in}, qr/^0\r\n|"id":"[23]"|SECRET/m,
           "$name: in the midst of the body");
    unlike($answer->{raw}, qr/SECRET/, "$name: no value");
    like(substr($ngx->log, $before), qr/\[error\].*$why.*, line 2\b/,
         "$name: the log");
}

unlike($ngx->log, qr/SECRET/, 'no value in the log');

# a client that sends on gets the answer all the same

for my $line ($bad, "{\"SECRET\n") {
    local $SIG{PIPE} = 'IGNORE';

    $sock = begin('/sink/');
    print $sock chunk($line);
    print $sock chunk($three) for 1 .. 3000;
    like(answer(slurp($sock))->{status}, qr/^4(00|22)$/,
         'the client has not stopped');
}

for my $pieces (["\n"], [], [\'', "\n", "\r\n"], [\'']) {
    $answer = sent('/held/', @$pieces);
    $held->accept->close if @$pieces && ref $pieces->[0];
    is("$answer->{status} " . problem($answer)->{detail}, '400 empty body',
       'no line');
}

my $above = patient(1, 'x' x (4097 - length patient(1, '')));

for my $piece (100, 128, 1000, 5000) {
    for my $line ("$above\n", $above, 'x' x 100_000) {
        $before = length $ngx->log;
        $answer = sent('/small/', \'', patient(1) . "\n",
                       unpack "(a$piece)*", $line);
        $problem = problem($answer);
        is("$answer->{status} $problem->{line} $problem->{detail}",
           '413 2 a line is larger than canonical_max_size',
           "a line over the bound, in pieces of $piece");
    }
}

is(sent('/bound/', \'', $three x 2, $three)->{status}, 413,
   'client_max_body_size is of the body');
is(sent('/hl7/', $three)->{status}, 415, 'no map for it');
is(sent_as($type, '/sink/', 'Content-Encoding: gzip', $three)->{status}, 415,
   'packed');

$answer = sent_as($type, '/sink/', 'Accept: application/fhir+json', $bad);
is($answer->{type}, 'application/fhir+json', 'an OperationOutcome');
is(problem($answer)->{resourceType}, 'OperationOutcome', 'of FHIR');

sent('/kept/', patient(1) . "\n" . $bad . patient(3) . "\n");
my @kept;
wait_for { @kept = glob $ngx->dir . '/quarantine/*' } 'a file';
is(join('', map { Engine::contents($_) } @kept), $bad =~ s/\n//r,
   'the line at fault is kept');


# the answer has begun

$sock = begin('/live/');
$request = $held->accept;
print $sock chunk(patient(1) . "\n");
ok(comes($request, object(1)), 'an upstream answers at once');
$request->write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345");
my $seen = until_seen($sock, '12345');
print $sock chunk($bad);
$answer = answer($seen . slurp($sock));
is("$answer->{status} $answer->{body}", '200 12345', 'then a bad line');
ok(!$answer->{complete}, 'ends it');
ok($request->gone, 'and the upstream is left');

$sock = begin('/answer/');
$request = $held->accept;
print $sock chunk(patient(1) . "\n" . substr patient(2), 0, 20);
ok(comes($request, object(1)), 'a request and its response');
$request->write("HTTP/1.1 200 OK\r\nContent-Type: $type\r\nConnection: close"
                . "\r\n\r\n" . patient(8) . "\n" . substr patient(9), 0, 30);
like(until_seen($sock, '"id":"8"'), qr/"map":"q\@1","key":"8"/,
     'are both streamed');
print $sock chunk(substr(patient(2), 20) . "\n");
ok(comes($request, object(2)), 'at once: the request');
print $sock "0\r\n\r\n";
ok(comes($request, "0\r\n\r\n"), 'to its end');
$request->write(substr patient(9), 30);
$request->close;
like(slurp($sock), qr/"map":"q\@1","key":"9"/, 'and the response');


# clients and upstreams that go

$sock = begin('/held/');
$request = $held->accept;
print $sock chunk(patient(1) . "\n" . substr patient(2), 0, 20);
ok(comes($request, object(1)), 'a client sends a line and a half');
close $sock;
ok($request->gone, 'and goes: the upstream is left');
unlike($request->{in}, qr/^0\r\n/m, 'in the midst of the body');

$sock = begin('/held/');
$request = $held->accept;
print $sock chunk(patient(1) . "\n");
ok(comes($request, object(1)), 'an upstream has a line');
$request->close;
is(answer(slurp($sock))->{status}, 502, 'and goes: a 502');


# error pages, and other locations

is(sent('/page/', $bad)->{body}, 'a page', 'error_page, at once');
$sock = begin('/page/');
$request = $held->accept;
print $sock chunk(patient(1) . "\n");
comes($request, object(1));
print $sock chunk($bad);
$answer = answer(slurp($sock));
is("$answer->{status} $answer->{body}", '422 a page',
   'error_page, in mid-stream');

$answer = sent('/named/', patient(1) . "\n$bad");
is(got($answer), 'POST none all -', 'one of an upstream gets no body');
$sock = begin('/named/');
$request = $held->accept;
print $sock chunk(patient(1) . "\n");
comes($request, object(1));
print $sock chunk($bad);
$answer = answer(slurp($sock));
is(got($answer), 'POST none all -', 'nor in mid-stream');
$sock = begin('/named/');
$request = $held->accept;
print $sock chunk(patient(1) . "\n");
comes($request, object(1));
$request->close;
is(got(answer(slurp($sock))), 'POST none all -',
   'nor after an upstream that went');

is(sent('/dead/', $three)->{body}, $out,
   'a body that was there as a whole goes on');
is(got(sent('/bound2/', $three, $three x 2)), 'POST none all -',
   'a body that is too large does not, in part');
is(got(answer(slurp(begin('/dead/')))), 'POST none all -', 'nor one that is not there yet');
is(sent('/again/', $three)->{status}, 500,
   'but is not mapped again');

for my $to ('none', 'same') {
    $sock = begin("/to-$to/file");
    $request = $held->accept;
    print $sock chunk(patient(1) . "\n");
    ok(comes($request, object(1)), "a redirect before it is read: $to maps");
    print $sock "0\r\n\r\n";
    ok(comes($request, "0\r\n\r\n"), "a redirect, $to: the end");
    $request->answer(200, 'done');
    is(answer(slurp($sock))->{body}, 'done', "a redirect, $to: the answer");
}

for my $to ('other', 'whole') {
    $answer = sent("/to-$to/file", \'', $three);
    is($answer->{body}, join('', map { "{\"type\":\"other\",\"map\":\"q\@1\","
                                       . "\"key\":\"$_\",\"id\":\"$_\"}\n" }
                                     1 .. 3), "a redirect: $to maps");
}


# handlers that want all of it

my $many = join '', map { patient($_) . "\n" } 1 .. 500;
my $result = join '', map { object($_) } 1 .. 500;

for my $where ('/buffer/', '/http10/') {
    for my $first ([], [\'']) {
        $answer = sent($where, @$first, unpack '(a700)*', $many);
        ok($answer->{body} eq $result, "$where: all of it");
        is(got($answer), 'POST length all application/x-ndjson',
           "$where: with its length");
    }

    is(sent($where, \'', $three, $bad)->{status}, 422, "$where: refused");
    is(sent($where, \'', "\n")->{status}, 400, "$where: empty");
}

$answer = sent('/memory/', \'', $many, $many);
is("$answer->{status} " . substr(problem($answer)->{detail}, 0, 80),
   '413 too much memory needed', 'canonical_max_memory is of the result then');


# HTTP/2

$answer = h2('/sink/', $three);
is($answer->{body}, $out, 'HTTP/2: a body');
ok(h2('/buffer/', $many)->{body} eq $result, 'HTTP/2: held');
is(h2('/sink/size', $many x 100)->{body}, size_of(50000),
   'HTTP/2: a large one');
is(h2('/sink/slow', $many x 100)->{body}, size_of(50000),
   'HTTP/2: of a slow upstream');

for (['/sink/', '', 400, 'empty'], ['/sink/', "\n", 400, 'an empty line'],
     ['/small/', "$above\n", 413, 'a line over the bound'],
     ['/sink/', $many . $bad . $many, 422, 'refused'],
     ['/buffer/', $many . $bad . $many, 422, 'refused when held'])
{
    my ($uri, $body, $status, $name) = @$_;

    $answer = h2($uri, $body);
    is("$answer->{status} " . problem($answer)->{status}, "$status $status",
       "HTTP/2: $name");
    ok($answer->{complete}, "HTTP/2: $name: to the end");
}

for my $end ('good', 'bad', 'gone') {
    my $h = Http2->post($ngx->port('H2'), '/held/', $type);
    $request = $held->accept;
    like($request->header, qr/^Transfer-Encoding: chunked\r$/m,
         "HTTP/2, $end: streamed");

    for my $id (1, 2) {
        $h->data(patient($id));
        $h->data("\n");
        ok(comes($request, object($id)), "HTTP/2, $end: line $id");
    }

    if ($end eq 'good') {
        $h->data('', 1);
        ok(comes($request, "0\r\n\r\n"), 'HTTP/2: the end');
        $request->answer(200, 'done');
        is($h->answer->{body}, 'done', 'HTTP/2: the answer');
        next;
    }

    if ($end eq 'bad') {
        $h->data($bad);
        $answer = $h->answer;
        $problem = problem($answer);
        is("$answer->{status} $problem->{line}", '422 3',
           'HTTP/2: in mid-stream');

    } else {
        $h->close;
    }

    ok($request->gone, "HTTP/2, $end: the upstream is left");
    unlike($request->{in}, qr/^0\r\n/m, "HTTP/2, $end: in the midst");
}


# memory

SKIP: {
    skip 'memory of another allocator', 5 unless $real;

    my $block = join '', map { patient($_, 'x' x 250) . "\n" } 1 .. 1000;
    my $times = 1 + int 100_000_000 / length $block;

    for my $where ('/sink/size', '/sink/slow') {
        my $n = $where =~ /slow/ ? int $times / 4 : $times;

        Engine::reset_peak($pid);
        $before = peak();
        $sock = begin($where);
        print $sock chunk($block) for 1 .. $n;
        print $sock "0\r\n\r\n";
        is((split ' ', answer(slurp($sock))->{body})[1], 1000 * $n,
           "$where: all lines of " . int($n * length($block) / 1e6) . ' MB');
        cmp_ok(peak() - $before, '<', 3000, "$where: in a few kB");
    }

    cmp_ok($times * length $block, '>=', 100_000_000, 'of 100 MB');
}

my $log = Engine::contents($ngx->dir . '/logs/count.log');
like($log, qr{^/sink/\|200\|3\|-\|-$}m, '$canonical_count');
like($log, qr{^/held/\|422\|1\|-\|-$}m, '$canonical_count of a refused one');
unlike($ngx->log, qr/temporary file/, 'no temporary file');

# nginx lingers

close $sock;
$t->stop;

done_testing();


sub header {
    my ($uri, @headers) = @_;

    push @headers, 'Connection: close' unless "@headers" =~ /Connection:/;
    push @headers, "Content-Type: $type" unless "@headers" =~ /Content-Type:/;

    return join "\r\n", "POST $uri HTTP/1.1", 'Host: localhost',
                'Transfer-Encoding: chunked', @headers, '', '';
}


sub chunk {
    return sprintf "%x\r\n%s\r\n", length $_[0], $_[0];
}


sub begin {
    my $sock = $t->connect;

    print $sock header(@_);

    return $sock;
}


# pieces of a body, as chunks in one write; a reference is where it ends, and
# the next one begins a little later

sub sent {
    return sent_as($type, @_);
}


sub sent_as {
    my ($type, $uri, @pieces) = @_;
    my @headers = ("Content-Type: $type");

    local $SIG{PIPE} = 'IGNORE';

    push @headers, shift @pieces
        if @pieces && !ref $pieces[0] && $pieces[0] =~ /\A[A-Z][\w-]+: /;

    my $bytes = header($uri, @headers);
    my $sock = $t->connect;

    for my $piece (@pieces) {
        if (ref $piece) {
            print $sock $bytes;
            $bytes = '';
            sleep 0.01;

        } else {
            $bytes .= chunk($piece);
        }
    }

    print $sock "${bytes}0\r\n\r\n";

    return answer(slurp($sock));
}


sub got {
    return $_[0]{header} =~ /^X-Got: (.*)\r$/m ? $1 : "none: $_[0]{status}";
}


sub problem {
    return eval { decode_json($_[0]{body}) }
           // { status => 0, line => 0, detail => $_[0]{body} };
}


# waits until the upstream has this, whatever the chunks

sub comes {
    my ($request, $text) = @_;
    my $end = $text eq "0\r\n\r\n";

    for ( ;; ) {
        my $in = $request->{in};

        return 1 if $end ? $in =~ /\r\n0\r\n\r\n\z/
                         : index($in =~ s/\r\n[0-9a-f]+\r\n//gr, $text) >= 0;
        $request->fill or return 0;
    }
}


sub slurp {
    my ($sock) = @_;

    local $/;
    return scalar(<$sock>) // '';
}


sub until_seen {
    my ($sock, $text) = @_;
    my $got = '';

    while (index($got, $text) < 0) {
        Held::readable($sock);
        sysread $sock, $got, 65536, length $got or last;
    }

    return $got;
}


sub h2 {
    my ($uri, $body) = @_;
    my $h = Http2->post($ngx->port('H2'), $uri, $type);

    $h->data($body, 1);

    return $h->answer;
}


# what /sink/size and /sink/slow answer

sub size_of {
    my ($n) = @_;

    return length(join '', map { object(1 + ($_ - 1) % 500) } 1 .. $n)
           . " $n";
}


sub peak {
    return Engine::memory($pid, 'VmHWM');
}
