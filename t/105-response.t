use lib 't/lib';
use strict;
use warnings;
use IO::Compress::Gzip 'gzip';
use Test::More;
use MapTest;
use Patients qw($map_p $map_soft);

# canonical_response as a user of NGINX's own filters expects it: headers,
# packing, ranges, caches, subrequests, and what cannot be mapped is a 502
# that tells nothing.

my $patient = '{"resourceType":"Patient","id":"p1","gender":"male",'
              . '"birthDate":"1988-08-18","name":[{"family":"SECRET"}]}';
my $mapped = '{"type":"patient","map":"p@1","key":"p1","id":"p1",'
             . '"gender":"male","birth":"1988-08-18"}';
my $wrong = $patient =~ s/1988/BADDATE/r;
my $fhir = "Content-Type: application/fhir+json\r\n";
my $length = 'Content-Length: ' . length($patient) . "\r\n";
my $large = '{"resourceType":"Bundle","type":"collection","entry":['
            . join(',', ("{\"resource\":$patient}") x 2000) . ']}';

gzip(\$patient, \my $packed);

# by the last part of the URI: the answer behind the status line

my %answers = (
    plain => $fhir . $length . "ETag: \"abc\"\r\n"
             . "Last-Modified: Sat, 21 Nov 2026 08:00:00 GMT\r\n"
             . "Accept-Ranges: bytes\r\n\r\n$patient",
    weak => $fhir . $length . "ETag: W/\"abc\"\r\n\r\n$patient",
    charset => "Content-Type: application/fhir+json; charset=utf-8\r\n"
               . "$length\r\n$patient",
    closed => "$fhir\r\n$patient",
    chunked => $fhir . "Transfer-Encoding: chunked\r\n\r\n"
               . join('', map { sprintf "%x\r\n%s\r\n", length, $_ }
                              unpack '(a7)*', $patient) . "0\r\n\r\n",
    nothing => $fhir . "Content-Length: 0\r\n\r\n",
    nochunks => $fhir . "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    gzip => $fhir . "Content-Encoding: gzip\r\nContent-Length: "
            . length($packed) . "\r\n\r\n$packed",
    identity => $fhir . "Content-Encoding: identity\r\n$length\r\n$patient",
    large => $fhir . 'Content-Length: ' . length($large) . "\r\n\r\n$large",
    endless => "$fhir\r\n$large",
    wrong => "$fhir\r\n$wrong",
    broken => "$fhir\r\n" . substr($patient, 0, 100),
    html => "Content-Type: text/html\r\n\r\n<p>SECRET</p>",
    none => "\r\nSECRET",
    other => "$fhir\r\n{\"resourceType\":\"Observation\",\"id\":\"SECRET\"}",
    xml => "Content-Type: application/fhir+xml\r\n\r\n"
           . '<Patient xmlns="http://hl7.org/fhir"><id value="p1"/>'
           . '<gender value="male"/><birthDate value="1988-08-18"/></Patient>',
    hl7 => "Content-Type: application/hl7-v2\r\n\r\n"
           . "MSH|^~\\&|A|B|C|D|20261121||ADT^A01|M77|P|2.5\rPID|1||SECRET\r",
    dead => $fhir . $length . "\r\n" . substr($patient, 0, 100),
    deadchunk => $fhir . "Transfer-Encoding: chunked\r\n\r\n40\r\n"
                 . substr($patient, 0, 64) . "\r\n",
    accel => $fhir . "X-Accel-Redirect: /static/p.json\r\n\r\n",
    created => $fhir . "Location: /Patient/p1\r\n$length\r\n$patient",
    cached => $fhir . $length . "Cache-Control: max-age=60\r\n\r\n$patient",
    warn => "Content-Type: application/fhir+json\r\n\r\n$wrong",
);

my %status = (created => '201 Created', partial => '206 Partial Content',
              '204' => '204 No Content', '304' => '304 Not Modified',
              '404' => '404 Not Found', '500' => '500 Oops');

my $back = Engine->backend(sub {
    my ($sock, $request) = @_;
    my ($method, $name) = $request =~ m{^(\w+) \S*/(\w+)[? ]};
    my $code = $status{$name} // '200 OK';
    my $answer = $answers{$name} // $answers{plain};

    if ($request =~ /^If-None-Match: .*"abc"\r$/mi) {
        $code = '304 Not Modified';
    }

    $answer = "ETag: \"abc\"\r\n\r\n" if $code =~ /^[23]04/;
    $answer =~ s/\r\n\r\n.*/\r\n\r\n/s if $method eq 'HEAD';

    print $sock "HTTP/1.1 $code\r\nConnection: close\r\n$answer";
});

my $backup = Engine->backend(sub {
    my ($sock) = @_;
    print $sock "HTTP/1.1 200 OK\r\nConnection: close\r\n$answers{plain}";
});

my $t = MapTest->start(
    http => <<"EOH",
    $map_p
    $map_soft
    canonical_map adt version=1 {
        from hl7 ADT^A01;
        emit adt key=id;
        set  id MSH-10 required;
    }
    proxy_cache_path cache keys_zone=zone:1m;
    log_format count '\$uri|\$canonical_count|\$canonical_key|\$canonical_unmapped';
    access_log logs/count.log count;
EOH
    files => { 'soft.json' => '{"type":"object"}',
               'p.json' => $patient, 'small.json' => $patient,
               '502.html' => 'our page', 'inc.shtml' => '[<!--# include virtual="/r/$arg_name" -->][<!--# include virtual="/u/plain" -->]',
               'setinc.shtml' => '<!--# include virtual="/r/plain" set="x" -->[<!--# echo var="x" encoding="none" -->]' },
    locations => <<"EOL",
        types { application/fhir+json json; text/html html shtml; }
        location /r/       { canonical_response p; proxy_pass http://127.0.0.1:$back; }
        location /u/       { proxy_pass http://127.0.0.1:$back; }
        location /two/     { canonical_response p adt; proxy_pass http://127.0.0.1:$back; }
        location /soft/    { canonical_response soft; proxy_pass http://127.0.0.1:$back; }
        location /unbuf/   { canonical_response p; proxy_buffering off; proxy_pass http://127.0.0.1:$back; }
        location /small/   { canonical_response p; canonical_max_size 1k; proxy_pass http://127.0.0.1:$back; }
        location /mem/     { canonical_response p; canonical_max_memory 16k; proxy_pass http://127.0.0.1:$back; }
        location /gunzip/  { canonical_response p; gunzip on; proxy_pass http://127.0.0.1:$back; }
        location /gzip/    { canonical_response p; gunzip on; gzip on; gzip_min_length 1; gzip_types application/json; gzip_proxied any; proxy_pass http://127.0.0.1:$back; }
        location /sub/     { canonical_response p; sub_filter male female; sub_filter_types application/json; proxy_pass http://127.0.0.1:$back; }
        location /charset/ { canonical_response p; charset utf-8; charset_types application/json; proxy_pass http://127.0.0.1:$back; }
        location /static/  { canonical_response p; alias %%DIR%%/conf/; sendfile on; }
        location /cache/   { canonical_response p; proxy_cache zone; proxy_pass http://127.0.0.1:$back; add_header X-Cache \$upstream_cache_status; }
        location /page/    { canonical_response p; error_page 502 /502.html; proxy_pass http://127.0.0.1:$back; }
        location /ok/      { canonical_response p; error_page 502 =200 /502.html; proxy_pass http://127.0.0.1:$back; }
        location /named/   { canonical_response p; error_page 502 = \@backup; proxy_pass http://127.0.0.1:$back; }
        location /file/    { canonical_response p; error_page 502 = \@file; proxy_pass http://127.0.0.1:$back; }
        location /down/    { canonical_response p; error_page 502 = \@backup; proxy_pass http://127.0.0.1:%%NOBODY%%; }
        location \@backup  { canonical_response p; proxy_pass http://127.0.0.1:$backup; }
        location \@file    { canonical_response p; root %%DIR%%/conf; try_files /p.json =404; }
        location = /502.html { root %%DIR%%/conf; }
        location /ssi/     { alias %%DIR%%/conf/; ssi on; }
        location /auth/    { set \$n \$arg_name; auth_request /authok; proxy_pass http://127.0.0.1:$back; canonical_response p; }
        location = /authok  { canonical_response p; proxy_pass http://127.0.0.1:$back/x/\$n; }
        location /mirror/  { mirror /r/wrong; canonical_response p; proxy_pass http://127.0.0.1:$back; }
        location /return/  { canonical_response p; default_type application/json; return 200 '$patient'; }
        location /if/      { canonical_response p; canonical_max_size 10m; canonical_max_objects 10; proxy_pass http://127.0.0.1:$back; }
    }
    server {
        listen 127.0.0.1:%%HTTP%%;
        server_name server;
        canonical_response p;
        error_page 404 502 /502.html;
        root %%DIR%%/conf;
        location /r/ { proxy_pass http://127.0.0.1:$back; }
EOL
);

my $ngx = $t->engine;
my ($answer, $count);


# headers

$answer = $t->get('/r/plain');
is($answer->{body}, $mapped, 'a resource');
is($answer->{status}, 200, 'its status');
is($answer->{type}, 'application/json', 'type');
like($answer->{header}, qr/^Content-Length: ${\length $mapped}\r$/m, 'length');
like($answer->{header}, qr/^ETag: W\/"abc"\r$/m, 'the ETag is weak');
unlike($answer->{header}, qr/^(Last-Modified|Accept-Ranges)/mi,
       'no Last-Modified, no ranges');
like($t->get('/r/weak')->{header}, qr/^ETag: W\/"abc"\r$/m, 'a weak one stays');
is($t->get('/r/charset')->{type}, 'application/json', 'charset is gone');
is($t->get('/charset/plain')->{type}, 'application/json; charset=utf-8',
   'and set anew by "charset"');

$answer = $t->raw("HEAD /r/plain HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
             'HEAD');
is($answer->{status}, 200, 'HEAD');
is($answer->{body}, '', 'without a body');
is($answer->{type}, 'application/json', 'its type');
unlike($answer->{header}, qr/^(Content-Length|Last-Modified|Accept-Ranges)/mi,
       'its length is not known');
like($answer->{header}, qr/^ETag: W\/"abc"\r$/m, 'its ETag');

$answer = $t->get('/r/plain', 'If-None-Match: W/"abc"');
is($answer->{status}, 304, 'If-None-Match');
like($answer->{header}, qr/^ETag: W\/"abc"\r$/m, 'with the ETag of the 200');
is($answer->{body}, '', 'without a body');

is($t->get('/r/204')->{status}, 204, 'no content');
is($t->get('/r/304')->{status}, 304, 'not modified');

$answer = $t->get('/r/created');
is($answer->{status}, 201, 'created');
is($answer->{body}, $mapped, 'is mapped');
like($answer->{header}, qr/^Location: .*\/Patient\/p1\r$/m, 'keeps its Location');

for my $code (404, 500) {
    $answer = $t->get("/r/$code");
    is($answer->{status}, $code, "error $code");
    is($answer->{body}, $patient, "$code passes");
    is($answer->{type}, 'application/fhir+json', "$code keeps its type");
}


# how it comes

for my $name (qw(chunked closed xml identity)) {
    is($t->get("/r/$name")->{body}, $mapped, $name);
    is($t->get("/unbuf/$name")->{body}, $mapped, "$name, proxy_buffering off");
}

$answer = $t->raw("GET /r/plain HTTP/1.0\r\n\r\n");
is($answer->{body}, $mapped, 'HTTP/1.0');

for my $name (qw(nothing nochunks)) {
    $answer = $t->get("/r/$name");
    is("$answer->{status} $answer->{body}", '200 ', "an empty response: $name");
    like($answer->{header}, qr/^Content-Length: 0\r$/m, "$name: its length");
}

is($t->get('/return/')->{body}, $mapped, 'of "return"');
is($t->get('/static/p.json')->{body}, $mapped, 'of a file');
like($t->get('/static/p.json')->{header}, qr/^ETag: W\//m, 'its ETag');
is($t->get('/static/p.json', 'Range: bytes=0-9')->{body}, $mapped,
   'ranges are ignored');
is($t->get('/r/accel')->{body}, $mapped, 'of X-Accel-Redirect');

my ($etag) = $t->get('/static/p.json')->{header} =~ /^ETag: (.*)\r$/m;
is($t->get('/static/p.json', "If-None-Match: $etag")->{status}, 304,
   'a file is not modified');

$answer = $t->get('/r/large');
$count = () = $answer->{body} =~ /"type":"patient"/g;
is($count, 2000, 'a large one');
is(length $answer->{body}, 2000 * length($mapped) + 2001, 'of the length expected');

my $sock = $t->connect;
print $sock "GET /r/plain HTTP/1.1\r\nHost: a\r\n\r\n"
            . "GET /r/chunked HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
is(join('', <$sock>) =~ s/HTTP\/1\.1 200.*?\r\n\r\n//gsr, $mapped x 2,
   'two of one connection');
close $sock;


# HL7 as well: that of the response, not of the request

is($t->get('/two/hl7')->{body},
   '[{"type":"adt","map":"adt@1","key":"M77","id":"M77"}]', 'HL7 v2');
is($t->post('/two/hl7', $t->er7("MSH|^~\\&|A|B|C|D|1||ADT^A01|M1|P|2.5\n"))
       ->{body},
   '[{"type":"adt","map":"adt@1","key":"M77","id":"M77"}]',
   'HL7 v2 as the answer to HL7 v2');


# packed

is($t->get('/r/gzip')->{status}, 502, 'a packed one is refused');
is($t->get('/gunzip/gzip')->{body}, $mapped, 'gunzip');
is($t->get('/gunzip/gzip', 'Accept-Encoding: gzip')->{body}, $mapped,
   'gunzip, also when the client takes it packed');

$answer = $t->get('/gzip/gzip', 'Accept-Encoding: gzip');
like($answer->{header}, qr/^Content-Encoding: gzip\r$/m, 'gzip packs behind us');
is(unpacked($answer->{body}), $mapped, 'what was mapped');
like($answer->{header}, qr/^ETag: W\/|^(?!.*ETag)/sm, 'no strong ETag');
is($t->get('/gzip/plain')->{body}, $mapped, 'not for who does not take it');
$answer = $t->get('/gzip/404', 'Accept-Encoding: gzip');
is($answer->{status}, 404, 'an error passes gzip as well');

like($t->get('/sub/plain')->{body}, qr/"gender":"female"/,
     'sub_filter is behind us');


# what is refused

sub refused {
    my ($uri, $name, $log, @headers) = @_;
    my $before = length $ngx->log;
    my $answer = $t->get($uri, @headers);
    my $lines = substr $ngx->log, $before;

    is($answer->{status}, 502, $name);
    unlike($answer->{raw}, qr/SECRET|BADDATE|fhir|ETag|"abc"/, "$name: tells nothing");
    like($lines, qr/\[error\].*$log/, "$name: the log");
    unlike($lines, qr/SECRET|BADDATE/, "$name: the log has no value");
}

refused('/r/partial', 'a part', 'a part of a response cannot be mapped');
refused('/r/gzip', 'packed', 'a packed response cannot be mapped');
refused('/r/wrong', 'a wrong value',
        'not a year.*source birthDate, byte \d+, target birth, map p@1 in .*nginx.conf:\d+');
refused('/r/broken', 'no JSON', 'byte 100');
refused('/r/html', 'another type', 'no map for the media type');
refused('/r/none', 'no type', 'no map for the media type');
refused('/r/other', 'another resource', 'no map for this resource type');
refused('/small/large', 'a large one',
        'response is larger than canonical_max_size');
refused('/small/endless', 'a large one, length unknown',
        'response is larger than canonical_max_size');
refused('/mem/large', 'too much memory', 'memory');
refused('/if/large', 'too many objects', 'objects');
refused('/r/dead', 'the upstream dies', 'response is not complete');
refused('/r/deadchunk', 'the upstream dies, chunked',
        'response is not complete');
refused('/unbuf/dead', 'the upstream dies, proxy_buffering off',
        'response is not complete');

$answer = $t->raw("HEAD /r/html HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
             'HEAD');
is($answer->{status}, 502, 'HEAD of another type');

$count = length $ngx->log;
is($t->get('/soft/warn')->{body},
   '{"type":"patient","map":"soft@1","key":"p1","id":"p1"}', 'on_error=warn');
like(substr($ngx->log, $count), qr/\[warn\].*not a year.*target birth/,
     'is logged');


# error_page

for my $name (qw(wrong partial gzip dead)) {
    $answer = $t->get("/page/$name");
    is("$answer->{status} $answer->{body}", '502 our page', "error_page of $name");
    is($answer->{type}, 'text/html', "its type");
}

$answer = $t->get('/ok/wrong');
is("$answer->{status} $answer->{body}", '200 our page', 'error_page with a status');
is($t->get('/down/x')->{body}, $mapped, 'what a fallback answers is mapped');
is($t->get('/named/404')->{status}, 404, 'other errors are not for it');

$answer = $t->get('/file/wrong');
is($answer->{body}, $mapped, 'a fallback in place of what cannot be mapped');
$answer = $t->get('/named/wrong');
unlike($answer->{raw}, qr/SECRET/, 'a fallback is not passed unmapped');

for (['/r/wrong', 502], ['/nowhere', 404]) {
    my $answer = $t->raw("GET $_->[0] HTTP/1.1\r\nHost: server\r\n"
                 . "Connection: close\r\n\r\n");
    is("$answer->{status} $answer->{body}", "$_->[1] our page",
       "error page of a whole server: $_->[1]");
}


# caches

for my $cached ('MISS', 'HIT') {
    $answer = $t->get('/cache/cached');
    like($answer->{header}, qr/^X-Cache: $cached\r$/m, "proxy_cache: $cached");
    is($answer->{body}, $mapped, 'mapped');
}

is($t->get('/cache/cached', 'Range: bytes=0-9')->{body}, $mapped,
   'no ranges of a cached one');
$answer = $t->raw("HEAD /cache/cached HTTP/1.1\r\nHost: a\r\nConnection: close"
             . "\r\n\r\n", 'HEAD');
is("$answer->{status} $answer->{type}", '200 application/json', 'HEAD of a cached one');


# subrequests

is($t->get('/ssi/inc.shtml?name=plain')->{body}, "[$mapped][$patient]",
   'SSI includes a mapped location');
is($t->get('/ssi/inc.shtml?name=chunked')->{body}, "[$mapped][$patient]",
   'chunked');

for my $name (qw(wrong partial gzip dead html)) {
    $answer = $t->get("/ssi/inc.shtml?name=$name");
    is("$answer->{status} $answer->{body}", "200 [][$patient]",
       "SSI goes on without what cannot be mapped: $name");
    ok($answer->{complete}, "$name: to the end");
}

unlike($t->get('/ssi/setinc.shtml')->{raw}, qr/SECRET|p1/,
       'a subrequest in memory passes nothing unmapped');

for my $name (qw(plain gzip partial html wrong)) {
    is($t->get("/auth/plain?name=$name")->{body}, $mapped,
       "auth_request to a mapped location: $name");
}

is($t->get('/auth/plain?name=404')->{status}, 500, 'auth_request: an error');
is($t->get('/mirror/plain')->{body}, $mapped, 'mirror to a mapped location');


# variables of a response, in the log

like($t->log_of('count', '/r/plain'), qr/^\|1\|p1\|name$/m,
     'the log tells of it');
like($t->log_of('count', '/r/large'), qr/^\|2000\|-\|/m, 'of many');
like($t->log_of('count', '/r/404'), qr/^\|-\|-\|-$/m, 'of none');

is_deeply([glob $ngx->dir . '/proxy_temp/*/*/*'], [], 'no temporary files');
unlike($ngx->log, qr/temporary file/, 'nor in the log');
unlike($ngx->log, qr/SECRET|BADDATE/, 'no value in the log');

$t->stop;

done_testing();
