use lib 't/lib';
use strict;
use warnings;
use JSON::PP;
use Test::More;
use MapTest;

# The bounds of a body: what is at one passes, what is one over it is refused,
# whole, with 413, and nothing of it goes further.

sub at;
sub over;
sub er7;
sub deep;
sub deep_xml;
sub fhir;
sub lines;
sub chunked;

my $t = MapTest->start(http => <<'EOF',
    canonical_map hl7 version=1 {
        from hl7 ADT;
        emit e key=id;
        set  id MSH-10;
        each a[] OBX { set v OBX-5; }
        set  n PID-13 decimal;
    }
    canonical_map all version=1 {
        from hl7 ADT;
        emit e key=id;
        set  id MSH-10;
        set  a[] OBX[*]-5;
    }
    canonical_map many version=1 {
        from hl7 ADT;
        each one OBX { emit e key=id; set id OBX-1; }
    }
    canonical_map json version=1 {
        from json;
        emit e key=id;
        set  id id;
        set  n n;
    }
    canonical_map items version=1 {
        from json;
        each item items { emit e key=id; set id id; }
    }
    canonical_map xml version=1 {
        from xml;
        emit e key=id;
        set  id id;
    }
    canonical_map observation version=1 {
        from fhir Observation Patient;
        emit e key=id;
        set  id id;
        set  v value.value;
    }
EOF
    stream => 'server { listen 127.0.0.1:%%MLLP%%; mllp_pass hie
                        /$hl7_sending_app/; }',
    locations => <<'EOF',
            location /size/ {
                canonical_request hl7 json xml;
                canonical_max_size 500;
                proxy_pass http://127.0.0.1:%%ECHO%%;
            }
            location /depth/ {
                canonical_request json xml;
                canonical_max_depth 5;
                proxy_pass http://127.0.0.1:%%ECHO%%;
            }
            location /depth/fhir/ {
                canonical_request observation;
                canonical_max_depth 5;
                proxy_pass http://127.0.0.1:%%ECHO%%;
            }
            location /deepest/ {
                canonical_request json xml;
                canonical_max_depth 512;
                proxy_pass http://127.0.0.1:%%ECHO%%;
            }
            location /members/ {
                canonical_request json xml hl7;
                canonical_max_members 4;
                proxy_pass http://127.0.0.1:%%ECHO%%;
            }
            location /members/all/ {
                canonical_request all;
                canonical_max_members 4;
                proxy_pass http://127.0.0.1:%%ECHO%%;
            }
            location /members/fhir/ {
                canonical_request observation;
                canonical_max_members 4;
                proxy_pass http://127.0.0.1:%%ECHO%%;
            }
            location /number/ {
                canonical_request json hl7;
                canonical_max_number 10;
                proxy_pass http://127.0.0.1:%%ECHO%%;
            }
            location /number/fhir/ {
                canonical_request observation;
                canonical_max_number 10;
                proxy_pass http://127.0.0.1:%%ECHO%%;
            }
            location /objects/ {
                canonical_request many items;
                canonical_max_objects 3;
                proxy_pass http://127.0.0.1:%%ECHO%%;
            }
            location /objects/fhir/ {
                canonical_request observation;
                canonical_max_objects 3;
                proxy_pass http://127.0.0.1:%%ECHO%%;
            }
            location /objects/two/ {
                canonical_request many hl7;
                canonical_max_objects 3;
                proxy_pass http://127.0.0.1:%%ECHO%%;
            }
            location /memory/ {
                canonical_request hl7 json xml;
                canonical_max_memory 64k;
                proxy_pass http://127.0.0.1:%%ECHO%%;
            }
            location /default/ {
                canonical_request hl7 json xml;
                proxy_pass http://127.0.0.1:%%ECHO%%;
            }
        }
        server {
            server_name hie;
            mllp_only;
            location /SIZE/ {
                canonical_request hl7;
                canonical_max_size 500;
                proxy_pass http://127.0.0.1:%%ECHO%%;
            }
            location /OBJ/ {
                canonical_request many;
                canonical_max_objects 3;
                proxy_pass http://127.0.0.1:%%ECHO%%;
            }
EOF
);

my $msh = 'MSH|^~\&|APP|FAC|HIE|ERP|20261121081500||ADT^A01^ADT_A01|C1|P|2.5.1';
my @json = ('application/json');
my $c = $t->engine->client('MLLP');
my ($body, $answer, $low, $high);


# canonical_max_size: bytes of a body

for my $case (['HL7', er7 $msh, 'NTE|1||'], [JSON => @json, '{"id":"a"'],
              ['XML', $t->xml('<a><id>a</id>')])
{
    my ($name, $type, $start) = @$case;
    my $end = $name eq 'HL7' ? "\r" : $name eq 'JSON' ? '}' : '</a>';

    $start =~ s/\r\z//;

    my $fill = $name eq 'HL7' ? 'x' : ' ';
    my $whole = $start . $fill x (500 - length "$start$end") . $end;
    my $more = $start . $fill x (501 - length "$start$end") . $end;

    is(length $whole, 500, "$name: 500 bytes");
    is($t->post('/size/', $type, $whole)->{status}, 200, 'pass');
    is($t->post('/size/', $type, $more)->{status}, 413, '501 are refused');

    is(chunked('/size/', $type, $whole), 200, '500 in chunks pass');
    is(chunked('/size/', $type, $more), 413, '501 are refused');

    next if $name ne 'HL7';

    $c->send($whole =~ s/APP/SIZE/r =~ s/.\r\z/\r/r =~ s/xx?\r\z/\r/r);
    is(field($c->read, 'MSA-1'), 'AA', 'HL7: a small message over MLLP');
    $c->send($more =~ s/APP/SIZE/r);
    is(field($c->read, 'MSA-1'), 'AR', 'one that is too large over MLLP');
}


# canonical_max_depth: objects, arrays and elements in each other

at 'five arrays', '/depth/', @json, deep(5);
over 'six arrays', '/depth/', 'nested too deeply', @json, deep(6);
at 'five objects', '/depth/', @json, deep(5) =~ s/\[\]/{}/r;
over 'six objects', '/depth/', 'nested too deeply', @json,
     deep(6) =~ s/\[\]/{}/r;
over 'a hundred thousand', '/depth/', 'nested too deeply', @json, '[' x 100000;
at 'five elements', '/depth/', deep_xml(5);
over 'six elements', '/depth/', 'nested too deeply', deep_xml(6);
over 'fifty thousand', '/depth/', 'nested too deeply', 'text/xml',
     '<a>' x 50000;
at 'five of FHIR', '/depth/fhir/', fhir('"code":{"coding":[{"extension":[]}]}');
over 'six of FHIR', '/depth/fhir/', 'nested too deeply',
     fhir('"code":{"coding":[{"extension":[{}]}]}');
at '512 arrays', '/deepest/', @json, deep(512);
over '513 arrays', '/deepest/', 'nested too deeply', @json, deep(513);
at '64 arrays by default', '/default/', @json, deep(64);
over '65 arrays by default', '/default/', 'nested too deeply', @json, deep(65);


# canonical_max_members: of one object, array or element

at 'four members', '/members/', @json, '{"id":"a","b":1,"c":{"d":1},"e":[]}';
over 'five members', '/members/', 'too many members in one container', @json,
     '{"id":"a","b":1,"c":{"d":1},"e":[],"f":1}';
at 'four elements', '/members/', @json, '{"id":"a","b":[1,[2,3],{},4]}';
over 'five elements', '/members/', 'too many members in one container', @json,
     '{"id":"a","b":[1,2,3,4,5]}';
at 'four elements of XML', '/members/',
   $t->xml('<a><id>a</id><b/><c/><d/></a>');
over 'five elements of XML', '/members/', 'too many members',
     $t->xml('<a><id>a</id><b/><c/><d/><e/></a>');
at 'four attributes', '/members/', $t->xml('<a id="a" b="" c="" d=""/>');
over 'five attributes', '/members/', 'too many members',
     $t->xml('<a id="a" b="" c="" d="" e=""/>');
at 'an attribute and three of the same element', '/members/',
   $t->xml('<a id="a"><b/><b/><b/></a>');
over 'an attribute and four of the same element', '/members/',
     'too many members', $t->xml('<a id="a"><b/><b/><b/><b/></a>');
at 'four of FHIR', '/members/fhir/', fhir('"status":"x","category":[{},{}]');
over 'five of FHIR', '/members/fhir/', 'too many members in one container',
     fhir('"category":[{},{},{},{},{}]');
at 'four items of HL7', '/members/', er7 $msh, map { "OBX|$_||||a" } 1 .. 4;
over 'five items of HL7', '/members/', 'too many items',
     er7 $msh, map { "OBX|$_||||a" } 1 .. 5;
at 'four values of HL7', '/members/all/',
   er7 $msh, map { "OBX|$_||||a" } 1 .. 4;
over 'five values of HL7', '/members/all/', 'too many items',
     er7 $msh, map { "OBX|$_||||a" } 1 .. 5;


# canonical_max_number: characters

at 'ten characters', '/number/', @json, '{"id":"a","n":-1234567.9}';
over 'eleven characters', '/number/', 'number too long', @json,
     '{"id":"a","n":-12345678.9}';
over 'an exponent', '/number/', 'number too long', @json,
     '{"id":"a","n":1e000000001}';
over 'a million digits', '/number/', 'number too long', @json,
     '{"id":"a","n":' . '1' x 1000000 . '}';
at 'ten characters of FHIR', '/number/fhir/',
   fhir('"valueQuantity":{"value":12345678.9}');
over 'eleven characters of FHIR', '/number/fhir/', 'number too long',
     fhir('"valueQuantity":{"value":123456789.0}');

my $observation = '<Observation xmlns="http://hl7.org/fhir"><id value="a"/>'
                  . '<valueQuantity><value value="%s"/></valueQuantity>'
                  . '</Observation>';

at 'ten characters of FHIR in XML', '/number/fhir/',
   $t->xml(sprintf $observation, '12345678.9');
over 'eleven characters of FHIR in XML', '/number/fhir/', 'number too long',
     $t->xml(sprintf $observation, '123456789.0');
at 'a string is no number', '/number/', @json, '{"id":"12345678901"}';


# canonical_max_objects: that one body becomes

at 'three objects', '/objects/', er7 $msh, map { "OBX|$_" } 1 .. 3;
over 'four objects', '/objects/', 'too many objects',
     er7 $msh, map { "OBX|$_" } 1 .. 4;
at 'three of JSON', '/objects/', @json,
   '{"items":[' . join(',', map { "{\"id\":\"$_\"}" } 1 .. 3) . ']}';
over 'four of JSON', '/objects/', 'too many objects', @json,
     '{"items":[' . join(',', map { "{\"id\":\"$_\"}" } 1 .. 4) . ']}';
at 'three of two maps', '/objects/two/', er7 $msh, 'OBX|1', 'OBX|2';
over 'four of two maps', '/objects/two/', 'too many objects',
     er7 $msh, 'OBX|1', 'OBX|2', 'OBX|3';

for my $n (3, 4) {
    my @bundle = $t->json('{"resourceType":"Bundle","entry":['
        . join(',', map { "{\"resource\":{\"resourceType\":\"Patient\","
                          . "\"id\":\"$_\"}}" } 1 .. $n) . ']}');

    $n == 3 ? at 'three resources of a Bundle', '/objects/fhir/', @bundle
            : over 'four resources of a Bundle', '/objects/fhir/',
                   'too many objects', @bundle;
}

$c->send((er7 $msh =~ s/APP/OBJ/r, map { "OBX|$_" } 1 .. 3)[1]);
is(field($c->read, 'MSA-1'), 'AA', 'three objects over MLLP');
$c->send((er7 $msh =~ s/APP/OBJ/r, map { "OBX|$_" } 1 .. 4)[1]);
$answer = $c->read;
is(field($answer, 'MSA-1'), 'AR', 'four are refused');
like($answer, qr/\nERR\|.*\|too many objects, map many\@1 in nginx\.conf:\d+$/m,
     'with the reason');


# canonical_max_memory: of one mapping.  What is enough for a body is not told
# in bytes, but there is one size up to which all pass

for my $case (['HL7', sub { er7 $msh, map { "OBX|$_||||aaaaaaaa" } 1 .. $_[0] }],
              ['JSON', sub { (@json, '{"id":"a","b":['
                              . join(',', (1) x $_[0]) . ']}') }],
              ['XML', sub { $t->xml('<a><id>a</id>' . '<b/>' x $_[0]
                                    . '</a>') }])
{
    my ($name, $make) = @$case;

    ($low, $high) = (1, 4000);

    is($t->post('/memory/', $make->($low))->{status}, 200, "$name: a small body");

    while ($high - $low > 1) {
        my $middle = int(($low + $high) / 2);

        $t->post('/memory/', $make->($middle))->{status} == 200
            ? ($low = $middle) : ($high = $middle);
    }

    over "$name, more memory", '/memory/',
         qr/^(?:(?:text|document) takes too much memory|too many values|too much memory needed)$/, $make->($high);
    at "$name, a little less", '/memory/', $make->($low);
    at "$name, by default", '/default/', $make->($high * 10);
    cmp_ok($low, '>', 50, 'the bound is not the body');
}


# after all that one more

at 'all is well', '/size/', er7 $msh;

unlike($t->engine->log, qr/aaaaaaa/, 'nothing of a body is in the log');

$c->close;
$t->stop;
done_testing();


# passes

sub at {
    my ($name, $uri, $type, $body) = @_;

    my $answer = $t->post($uri, $type, $body);

    ok($answer->{status} == 200 && $answer->{body} =~ /^(?:\{|\[\{)"type":"e"/,
       "passes: $name") or diag "$answer->{status} $answer->{body}";
}


# is refused

sub over {
    my ($name, $uri, $text, $type, $body) = @_;

    my $answer = $t->post($uri, $type, $body);
    my $problem = eval { JSON::PP->new->utf8->decode($answer->{body}) };

    $problem = {} if ref $problem ne 'HASH';

    is($answer->{status}, 413, "refused: $name") or diag $answer->{body};

    ref $text ? like($problem->{detail}, $text, 'with the reason')
              : is($problem->{detail}, $text, 'with the reason');
}


sub er7 {
    return $t->er7(join "\n", @_, '');
}


# so many arrays or objects in each other

sub deep {
    my ($n) = @_;

    return '{"id":"a","b":' . '[' x ($n - 1) . ']' x ($n - 1) . '}';
}


# so many elements that have others; the innermost one is a value

sub deep_xml {
    my ($n) = @_;

    return $t->xml('<a><id>a</id>' . '<b>' x ($n - 1) . '<c/>'
                   . '</b>' x ($n - 1) . '</a>');
}


sub fhir {
    my ($members) = @_;

    return $t->json("{\"resourceType\":\"Observation\",\"id\":\"a\","
                    . "$members}");
}


# the status of a body whose length is not told before

sub chunked {
    my ($uri, $type, $body) = @_;

    my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                     PeerPort => $t->engine->port('HTTP'))
        or die "cannot connect: $!\n";

    print $sock "POST $uri HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                . "Content-Type: $type\r\nTransfer-Encoding: chunked\r\n\r\n",
                map({ sprintf "%x\r\n%s\r\n", length $_, $_ }
                    $body =~ /(.{1,100})/gs),
                "0\r\n\r\n";

    local $/;
    return (<$sock> // '') =~ /^HTTP\/1\.1 (\d+)/ ? $1 : 0;
}
