use lib 't/lib';
use strict;
use warnings;
use Socket;
use Test::More;
use Time::HiRes 'sleep';
use MapTest;
use Patients;

# NDJSON, the bodies of FHIR's bulk export: each line is mapped as it comes,
# and memory does not grow with their number.

my $many = 60000;

my $file = "$Mllp::Prefix/line";

my $three = join '', map { patient($_) . "\n" } 1 .. 3;
my $out = join '', map { object($_) } 1 .. 3;
my $filler = 'x' x 250;

my %answers = (
    three => $three,
    open => $three =~ s/\n\z//r,
    crlf => $three =~ s/\n/\r\n/gr,
    gaps => "\n\r\n$three\n\n" =~ s/\}\n/}\n\n/gr,
    one => patient(1),
    empty => "\n",
    some => join('', map { patient($_, $filler) . "\n" } 1 .. 60),
    bad => patient(1) . "\n" . patient(2) =~ s/1988-/SECRET-/r . "\n"
           . patient(3) . "\n",
    json => patient(1) . "\n{\"SECRET\n" . patient(3) . "\n",
    late => join('', map { patient($_) . "\n" } 1 .. 2000) . "{\"SECRET\n",
    long => patient(1) . "\n" . patient(2, 'x' x 5000) . "\n",
    lastlong => patient(1) . "\n" . patient(2, 'x' x 5000),
    edge => patient(1, 'x' x (4096 - length patient(1, ''))) . "\n",
    above => patient(1, 'x' x (4097 - length patient(1, ''))) . "\n",
    deep => '{"resourceType":"Patient","id":"1","birthDate":"1988-08-18",'
            . '"extension":' . '[' x 100 . ']' x 100 . "}\n",
    other => "{\"resourceType\":\"Observation\",\"id\":\"SECRET\"}\n",
    soft => join('', map { patient($_) =~ s/1988-/SECRET-/r . "\n" } 1 .. 3),
);

my $back = Engine->backend(sub {
    my ($sock, $request) = @_;
    my ($name, $args) = $request =~ m{^\w+ \S*/(\w+)\??(\S*) };
    my $text = $answers{$name} // '';
    my $header = "HTTP/1.1 200 OK\r\nConnection: close\r\n"
                 . "Content-Type: application/fhir+ndjson\r\nETag: \"a\"\r\n";

    if ($name eq 'many') {
        print $sock "$header\r\n";
        print $sock map { patient($_, $filler) . "\n" }
                        $_ * 100 + 1 .. $_ * 100 + 100
            for 0 .. $many / 100 - 1;

    } elsif ($name eq 'soften') {
        print $sock "$header\r\n";
        print $sock map { patient($_) =~ s/1988-/SECRET-/r . "\n" } 1 .. 20000;

    } elsif ($name eq 'later') {
        sleep 0.3;
        print $sock "$header\r\n$three";

    } elsif ($name eq 'slowly') {

        # the next line when the client has had the last one

        print $sock "$header\r\n";
        $sock->autoflush;

        for my $id (1 .. 3) {
            print $sock patient($id), "\n";
            last unless wait_for_file($id);
        }

    } elsif ($name eq 'dead') {
        print $sock $header, "Content-Length: 100000\r\n\r\n", $three,
                    substr $three, 0, 20;

    } elsif ($args =~ /^split=(\d+)/) {
        $sock->autoflush;
        print $sock "$header\r\n", substr $text, 0, $1;
        sleep 0.002;
        print $sock substr $text, $1;

    } elsif ($args =~ /^pieces=(\d+)/) {
        print $sock $header, "Transfer-Encoding: chunked\r\n\r\n",
                    map({ sprintf "%x\r\n%s\r\n", length, $_ }
                        unpack "(a$1)*", $text), "0\r\n\r\n";

    } elsif ($args eq 'length') {
        print $sock $header, 'Content-Length: ', length($text), "\r\n\r\n",
                    $text;

    } else {
        print $sock "$header\r\n$text";
    }
});

my $t = MapTest->start(
    http => <<"EOH",
    $map_p
    $map_soft
    canonical_map hl7 version=1 { from hl7 ADT^A01; emit a key=id; set id MSH-10 required; }
    proxy_cache_path cache keys_zone=zone:1m;
    log_format count '\$uri|\$canonical_count|\$canonical_key|\$canonical_unmapped';
    access_log logs/count.log count;
EOH
    files => { 'soft.json' => '{"type":"object"}',
               'three.ndjson' => $three,
               'some.ndjson' => join('', map { patient($_, $filler) . "\n" }
                                             1 .. 1000),
               'many.ndjson' => join('', map { patient($_, $filler) . "\n" }
                                             1 .. $many),
               'inc.shtml' => '[<!--# include virtual="/r/$arg_a" -->]'
                              . '[<!--# include virtual="/r/$arg_b" -->]' },
    maps => ['p', 'soft'],
    locations => <<"EOL",
        types { application/x-ndjson ndjson; text/html shtml; }
        location /r/      { canonical_response p; proxy_pass http://127.0.0.1:$back; }
        location /unbuf/  { canonical_response p; proxy_buffering off; proxy_pass http://127.0.0.1:$back; }
        location /soft/   { canonical_response soft; proxy_pass http://127.0.0.1:$back; }
        location /hl7/    { canonical_response hl7; proxy_pass http://127.0.0.1:$back; }
        location /small/  { canonical_response p; canonical_max_size 4k; proxy_pass http://127.0.0.1:$back; }
        location /gzip/   { canonical_response p; gzip on; gzip_types application/x-ndjson; gzip_proxied any; proxy_pass http://127.0.0.1:$back; }
        location /rate/   { canonical_response p; limit_rate 2m; proxy_pass http://127.0.0.1:$back; }
        location /static/ { canonical_response p; alias %%DIR%%/conf/; }
        location /tiny/   { canonical_response p; alias %%DIR%%/conf/; output_buffers 2 300; }
        location /ssi/    { alias %%DIR%%/conf/; ssi on; }
        location /objects/ { canonical_request p; canonical_max_objects 2; proxy_pass http://127.0.0.1:%%ECHO%%; }
        location /cache/  { canonical_response p; proxy_cache zone; proxy_cache_valid 200 1m; proxy_pass http://127.0.0.1:$back; }
        location /memory/ { canonical_request p; canonical_max_memory 64k; proxy_pass http://127.0.0.1:%%ECHO%%; }
    }

    # a client that is slow is so at once

    server {
        listen 127.0.0.1:%%SLOW%% sndbuf=16k;
        types { application/x-ndjson ndjson; }
        location /r/      { canonical_response p; proxy_pass http://127.0.0.1:$back; }
        location /unbuf/  { canonical_response p; proxy_buffering off; proxy_pass http://127.0.0.1:$back; }
        location /gzip/   { canonical_response p; gzip on; gzip_types application/x-ndjson; proxy_pass http://127.0.0.1:$back; }
        location /static/ { canonical_response p; alias %%DIR%%/conf/; }
EOL
);

my $ngx = $t->engine;
my ($pid) = $ngx->workers;
my $real = Engine::contents("/proc/$pid/maps") !~ /vgpreload|asan|valgrind/;
my ($answer, $before);


# responses

$answer = $t->get('/r/three');
is($answer->{body}, $out, 'three lines');
is($answer->{type}, 'application/x-ndjson', 'their type');
ok($answer->{complete}, 'to the end');
like($answer->{header}, qr/^ETag: W\/"a"\r$/m, 'the ETag is weak');
unlike($t->get('/r/three?length')->{header}, qr/^Content-Length/mi,
       'the length is not known');

is($t->get('/r/open')->{body}, $out, 'the last one without LF');
is($t->get('/r/crlf')->{body}, $out, 'CRLF');
is($t->get('/r/gaps')->{body}, $out, 'empty lines');
is($t->get('/r/one')->{body}, object(1), 'one line');
$answer = $t->get('/r/empty');
is("$answer->{status} $answer->{body}", '200 ', 'no line');
ok($answer->{complete}, 'no line: to the end');
is($t->get('/static/three.ndjson')->{body}, $out, 'of a file');
is($t->get('/tiny/three.ndjson')->{body}, $out, 'of a file, in pieces');
$answer = $t->get('/tiny/some.ndjson');
is(md5($answer->{body}), md5(join '', map { object($_) } 1 .. 1000),
   'of a larger file, in pieces');
$answer = $t->raw("HEAD /r/three HTTP/1.1\r\nHost: a\r\nConnection: close"
                  . "\r\n\r\n", 'HEAD');
is("$answer->{type} $answer->{body}", 'application/x-ndjson ', 'HEAD');
is(unpacked($t->get('/gzip/three', 'Accept-Encoding: gzip')->{body}), $out,
   'gzip');
is(unpacked($t->get('/gzip/three?pieces=9', 'Accept-Encoding: gzip')->{body}),
   $out, 'gzip, of pieces');

is(join(',', grep { $t->get("/r/crlf?split=$_")->{body} ne $out }
                  0 .. length $answers{crlf}),
   '', 'split at any byte') if $ENV{TEST_ALL} || $real;
is(join(',', grep { $t->get("/unbuf/three?pieces=$_")->{body} ne $out }
                  1 .. 70),
   '', 'in pieces of any size');
is(join(',', grep { $t->get("/small/edge?pieces=$_")->{body} ne object(1) }
                  1, 7, 100, 2000, 4096, 9999),
   '', 'the longest line');

is($t->get('/ssi/inc.shtml?a=three&b=three')->{body}, "[$out][$out]",
   'SSI includes two at once');
is($t->get('/ssi/inc.shtml?a=later&b=some')->{body},
   "[$out][" . join('', map { object($_) } 1 .. 60) . ']',
   'also when the first comes last');


# a line at a time

my $sock = $t->connect;
my ($got, $lines) = ('', 0);
print $sock "GET /unbuf/slowly HTTP/1.1\r\nHost: a\r\n"
            . "Connection: close\r\n\r\n";

while (sysread $sock, $got, 65536, length $got) {
    my $now = () = $got =~ /"type":"patient"/g;

    if ($now > $lines) {
        $lines = $now;
        open my $made, '>', "$file.$lines" or die;
    }
}

is(answer($got)->{body}, $out, 'each line is sent when it comes');
close $sock;


# caches

for my $cached ('not yet', 'by now') {
    is($t->get('/cache/some')->{body}, join('', map { object($_) } 1 .. 60),
       "cached $cached");
}


# what is refused

for (['bad', 'not a year of four digits', 2], ['json', '', 2],
     ['other', 'no map for this resource type', 1],
     ['deep', '', 1])
{
    my ($name, $why, $line) = @$_;
    $before = length $ngx->log;
    $answer = $t->get("/r/$name");
    my $log = substr $ngx->log, $before;
    is($answer->{status}, 502, "$name: a 502, as nothing was sent yet");
    unlike($answer->{raw}, qr/SECRET|patient|ndjson|ETag/,
           "$name: nothing of it");
    like($log, qr/\[error\].*$why.*, line $line\b/, "$name: the log");
    unlike($log, qr/SECRET/, "$name: the log has no value");
}

for my $where ('r', 'unbuf') {
    $answer = $t->get("/$where/late");
    is($answer->{status}, 200, "$where: a bad line in the midst");
    ok(!$answer->{complete}, "$where: the connection ends");
    like($answer->{body}, qr/\A(\{"type":"patient".*"\}\n)+\z/,
         "$where: after whole lines");
    unlike($answer->{body}, qr/SECRET|"id":"2000"/, "$where: nothing of it");
}

like($t->raw("GET /r/late HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")->{raw},
     qr/^HTTP.*"id":"1"/s, 'the connection ends, HTTP/1.0');

for my $name ('long', 'lastlong', 'above') {
    for my $args ('', '?pieces=100', '?pieces=6000') {
        $before = length $ngx->log;
        $answer = $t->get("/small/$name$args");
        ok($answer->{status} == 502 || !$answer->{complete},
           "$name$args: a line over the bound");
        like(substr($ngx->log, $before),
             qr/a line is larger than canonical_max_size, line [12]\b/,
             "$name$args: the log");
    }
}

for my $name (qw(bad json other)) {
    $answer = $t->get("/ssi/inc.shtml?a=$name&b=three");
    is($answer->{body}, "[][$out]", "SSI goes on without it: $name");
    ok($answer->{complete}, "$name: to the end");
}

$answer = $t->get('/hl7/three');
is($answer->{status}, 502, 'no map for it: a 502');
unlike($answer->{raw}, qr/SECRET/, 'and nothing of it');

$before = length $ngx->log;
$answer = $t->get('/r/dead');
ok(!$answer->{complete}, 'the upstream dies: so does the answer');
is($answer->{body}, $out, 'after what was whole');

$before = length $ngx->log;
is($t->get('/soft/soft')->{body},
   join('', map { "{\"type\":\"patient\",\"map\":\"soft\@1\",\"key\":\"$_\","
                  . "\"id\":\"$_\"}\n" } 1 .. 3), 'on_error=warn');
is(scalar(() = substr($ngx->log, $before) =~ /\[warn\].*not a year/g), 3,
   'a warning for each');


# memory

SKIP: {
    skip 'memory of another allocator', 16 unless $real;

    my $size = $many * length(patient(10000, $filler) . "\n");

    cmp_ok($size, '>', 20_000_000, 'more than 20 MB of lines');
    $t->get('/static/many.ndjson');

    for my $where ('r', 'unbuf', 'gzip') {
        Engine::reset_peak($pid);
        $before = peak();
        my ($bytes, $count, $last) = slurp("/$where/many", 0);
        is("$count $last", "$many $many", "/$where/: all of them")
            unless $where eq 'gzip';
        cmp_ok(peak() - $before, '<', 3000, "/$where/: in a few kB");
    }

    for my $uri ('/r/many', '/unbuf/many', '/static/many.ndjson', '/gzip/many')
    {
        Engine::reset_peak($pid);
        $before = peak();
        my ($bytes, $count, $last) = slurp($uri, 0.0005);
        is("$count $last", "$many $many", "a slow client gets all of $uri")
            unless $uri =~ /gzip/;
        cmp_ok(peak() - $before, '<', 3000, "a slow client, $uri: in a few kB");
    }

    Engine::reset_peak($pid);
    $before = peak();
    my ($bytes, $count) = slurp('/soft/soften', 0);
    is($count, 20000, 'all with warnings');
    cmp_ok(peak() - $before, '<', 3000, 'warnings: in a few kB');

    is((slurp('/rate/many', 0, 3_000_000))[1] > 1000 ? 1 : 0, 1,
       'limit_rate');
}

unlike($ngx->log, qr/temporary file/, 'no temporary file');


# requests

my $type = 'application/fhir+ndjson';

for my $name (qw(three open crlf gaps)) {
    is($t->post('/map/p', $type, $answers{$name})->{body}, $out,
       "a request: $name");
}

for my $type ('application/x-ndjson', 'application/ndjson; charset=utf-8') {
    $answer = $t->post('/map/p', $type, $three);
    is("$answer->{type} $answer->{body}", "application/x-ndjson $out", $type);
}

is($t->post('/map/p', $type, $answers{one})->{body}, object(1), 'one line');
is($t->post('/map/p', $type, $answers{empty})->{status}, 400, 'no line');
is($t->post('/map/p', $type, '')->{status}, 400, 'nothing');

my ($status, $problem) = $t->refused('p', $type, $answers{bad});
is_deeply([$status, @$problem{qw(line source target)}],
          [422, 2, 'birthDate', 'birth'], 'a bad line');
($status, $problem) = $t->refused('p', $type, $answers{json});
is_deeply([$status, @$problem{qw(status line)}], [400, 400, 2],
          'a line that is no JSON');
unlike($ngx->log, qr/SECRET/, 'no value in the log');

is($t->post('/objects/', $type, $three)->{body}, $out,
   'canonical_max_objects is of a line');
is($t->post('/memory/', $type, $three)->{body}, $out,
   'canonical_max_memory is of a line');
is($t->post('/memory/', $type, $three x 400)->{status}, 413,
   'and of what is made of all');

SKIP: {
    skip 'memory of another allocator', 2 unless $real;

    my $body = join '', map { patient($_, $filler) . "\n" } 1 .. $many / 2;

    Engine::reset_peak($pid);
    $before = peak();
    $answer = $t->post('/map/p', $type, $body);
    is(md5($answer->{body}), md5(join '', map { object($_) } 1 .. $many / 2),
       'a large request');
    cmp_ok((peak() - $before) * 1024, '<', 2.5 * length $body,
           'needs memory for the body and what is made of it');
}

like($t->log_of('count', '/r/three'), qr/^\|3\|-\|-$/m, '$canonical_count');
like($t->log_of('count', '/r/one'), qr/^\|1\|-\|-$/m, 'no object of a line');

$t->stop;

done_testing();


# the length, number of objects and last id of what a client reads

sub slurp {
    my ($uri, $delay, $enough) = @_;
    my $sock = $delay ? slow_socket() : $t->connect;
    my ($bytes, $count, $last, $rest) = (0, 0, 0, '');

    print $sock "GET $uri HTTP/1.0\r\nAccept-Encoding: gzip\r\n\r\n";

    while (my $n = sysread $sock, $rest, 65536, length $rest) {
        $bytes += $n;
        $count++, $last = $1 while $rest =~ /\G.*?"id":"(\d+)"/gcs;
        $rest = substr $rest, pos($rest) // 0;
        $rest = substr $rest, -100 if length $rest > 200;
        last if $enough && $bytes > $enough;
        sleep $delay if $delay;
    }

    return ($bytes, $count, $last);
}


sub slow_socket {
    socket my $sock, PF_INET, SOCK_STREAM, 0 or die "socket: $!\n";
    setsockopt $sock, SOL_SOCKET, SO_RCVBUF, 16384;
    connect $sock, pack_sockaddr_in($ngx->port('SLOW'), inet_aton('127.0.0.1'))
        or die "connect: $!\n";
    select((select($sock), $| = 1)[0]);

    return $sock;
}


sub peak {
    return Engine::memory($pid, 'VmHWM');
}


sub wait_for_file {
    my ($n) = @_;

    for (1 .. 2000) {
        return 1 if -f "$file.$n";
        sleep 0.01;
    }

    return 0;
}


sub md5 {
    require Digest::MD5;
    return Digest::MD5::md5_hex($_[0]);
}
