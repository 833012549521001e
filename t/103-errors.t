use lib 't/lib';
use strict;
use warnings;
use JSON::PP;
use Test::More;
use MapTest;

# What the sender of a body that cannot be mapped is told, over HTTP and over
# MLLP, what on_error= does, and that no value of a body is in an answer or in
# the log.  All values here have ZQX in them.

sub problem;
sub outcome;
sub acknowledged;
sub kept;
sub logged;
sub er7;

my %titles = (400 => 'Bad Request', 413 => 'Content Too Large',
              415 => 'Unsupported Media Type', 422 => 'Unprocessable Content');

my $long = join ' or ', map { "\$this = 'x$_'" } 1 .. 20;

my $http = <<'EOF';
    canonical_table words { A a; }

    canonical_map m version=3 {
        from   hl7 ADT^A01;
        emit   e key=id;
        schema s.json;
        set    id PID-2.1|MSH-10;
        set    amount.value OBX-5 decimal=2;
        set    code OBX-2 map=words;
        set    sex PID-8 required;
        set    note PID-5.1 max=10;
        set    full "{MSH-4}|{OBX-6|OBX-7}" required;
        each   list[] PID-3 {
            set by .4 date;
        }
        each   groups[] OBX with NTE {
            set n NTE-1 int;
        }
        set    count PID-13 int;
    }
    canonical_map f version=1 {
        from fhir Observation Patient;
        emit o key=id;
        set  id id required;
        set  v "value.ofType(Quantity).value" decimal=1;
        set  s status map=words;
        each c[] component { set code code.text max=2; }
        when meta present { set long "id.where(LONG)" required; }
    }
    canonical_map j version=1 {
        from json;
        emit j key=id;
        set  id id;
        set  n n int;
    }
    canonical_map x version=1 {
        from xml;
        emit x key=id;
        set  id id;
        set  n n int;
    }
    canonical_map quarantined version=1 {
        from   hl7 ADT;
        emit   q key=id;
        schema s.json on_error=quarantine;
        set    id MSH-10;
        set    amount.value OBX-5 decimal=2;
    }
    canonical_map rejected version=1 {
        from     hl7 ADT;
        emit     r key=id;
        on_error reject;
        set      id MSH-10;
        set      n OBX-4 int;
    }
    canonical_map warned version=1 {
        from     hl7 ADT;
        emit     w key=id;
        on_error warn;
        set      id MSH-10;
        set      amount.value OBX-5 decimal=2;
        set      code OBX-2 map=words;
        set      sex PID-8 required;
        set      tail MSH-9.2;
    }
    canonical_map schematic version=1 {
        from   hl7 ADT;
        emit   s key=id;
        schema s.json on_error=warn;
        set    id MSH-10;
        set    amount.value OBX-5;
    }
    canonical_map keyed version=1 {
        from     hl7 ADT;
        emit     k key=id;
        on_error warn;
        set      id PID-2;
    }
EOF

$http =~ s/LONG/$long/;

my $t = MapTest->start(http => $http,
    maps => [qw(m f j x rejected warned schematic keyed)],
    files => {
        's.json' => '{ "properties": { "amount": { "properties": { "value":
                     { "pattern": "^[1-9]" } } }, "list": { "maxItems": 2 }
                     } }',
    },
    stream => 'server { listen 127.0.0.1:%%MLLP%%; mllp_pass hie
                        /hl7/$hl7_sending_app/; }',
    locations => <<'EOF',
            location /page/ {
                canonical_request m;
                error_page 422 /refused;
                error_page 415 =200 @other;
                proxy_pass http://127.0.0.1:%%ECHO%%;
            }
            location = /refused { internal; return 422 "our own page\n"; }
            location @other { return 202 "another way\n"; }

            location /quarantine/ {
                canonical_request quarantined rejected;
                canonical_quarantine quarantine/;
                proxy_pass http://127.0.0.1:%%ECHO%%;
            }
            location /off/ {
                canonical_request quarantined;
                proxy_pass http://127.0.0.1:%%ECHO%%;
            }
            location /both/ {
                canonical_request j f;
                proxy_pass http://127.0.0.1:%%ECHO%%;
            }
        }
        server {
            server_name hie;
            mllp_only;
            location /hl7/ {
                canonical_request m;
                proxy_pass http://127.0.0.1:%%ECHO%%;
            }
            location /hl7/QUA/ {
                canonical_request quarantined;
                canonical_quarantine quarantine/;
                proxy_pass http://127.0.0.1:%%ECHO%%;
            }
            location /hl7/WARN/ {
                canonical_request warned;
                proxy_pass http://127.0.0.1:%%ECHO%%;
            }
EOF
);

my $dir = $t->engine->dir;
my $msh = 'MSH|^~\&|APP|FAC|HIE|ERP|20261121081500||ADT^A01^ADT_A01|C1|P|2.5.1';
my $pid = 'PID|1||ZQX1^^^20260101~ZQX2||ZQXN|||M';
my $obx = 'OBX|1|A|||1.50|kg';
my @fhir = ('Accept: application/fhir+json');
my ($answer, @lines);


# --- HL7 v2 over HTTP: all members, those that say something ---

is($t->post('/map/m', er7 $msh, $pid, $obx)->{status}, 200, 'all is well');

my %at = (source => 'OBX-5', segment => 'OBX', segment_number => 3,
          offset => length("$msh\r$pid\rOBX|1|A|||"), target => 'amount.value',
          map => 'm@3', file => 'nginx.conf', file_line => line('amount.value'));

problem 'no number', '/map/m', [er7 $msh, $pid, 'OBX|1|A|||ZQX|kg'],
        422, { detail => 'not a number', code => 102, %at };
problem 'a schema', '/map/m', [er7 $msh, $pid, 'OBX|1|A|||0.50|kg'],
        422, { detail => 'does not match its pattern', code => 102, %at,
               target => '/amount/value' };
problem 'not in a table', '/map/m', [er7 $msh, $pid, 'OBX|1|ZQX|||1|kg'],
        422, { detail => 'not in the table', code => 103, %at,
               source => 'OBX-2', target => 'code', file_line => line('code'),
               offset => length("$msh\r$pid\rOBX|1|") };
problem 'too long', '/map/m', [er7 $msh, $pid =~ s/ZQXN/ZQX45678901/r, $obx],
        422, { detail => 'longer than max=', code => 104, %at,
               source => 'PID-5.1', target => 'note', segment => 'PID',
               segment_number => 2, file_line => line('note'),
               offset => length("$msh\rPID|1||ZQX1^^^20260101~ZQX2||") };
problem 'a field that is not there', '/map/m', [er7 $msh, 'PID|1||ZQX', $obx],
        422, { detail => 'required value is missing', code => 101, %at,
               source => 'PID-8', target => 'sex', segment => 'PID',
               segment_number => 2, file_line => line('sex'),
               offset => length("$msh\rPID|1||ZQX") };
problem 'a segment that is not there', '/map/m', [er7 $msh, $obx],
        422, { detail => 'required value is missing', code => 101,
               source => 'PID-8', segment => 'PID', target => 'sex',
               map => 'm@3', file => 'nginx.conf', file_line => line('sex') };
problem 'a template', '/map/m', [er7 $msh, $pid, 'OBX|1|A|||1.50'],
        422, { detail => 'required value is missing', code => 101, %at,
               source => '{MSH-4}|{OBX-6|OBX-7}', target => 'full',
               file_line => line('full'),
               offset => length("$msh\r$pid\rOBX|1|A|||1.50") };
problem 'inside of each', '/map/m',
        [er7 $msh, $pid =~ s/ZQX2/ZQX2^^^ZQX/r, $obx],
        422, { detail => 'not a year of four digits', code => 102, %at,
               source => '.4', target => 'list[].by', segment => 'PID',
               segment_number => 2, file_line => line('by'),
               offset => length("$msh\rPID|1||ZQX1^^^20260101~ZQX2^^^") };
problem 'inside of a group', '/map/m',
        [er7 $msh, $pid, $obx, 'NTE|1', $obx, 'NTE|ZQX'],
        422, { detail => 'not an integer', code => 102, %at,
               source => 'NTE-1', target => 'groups[].n', segment => 'NTE',
               segment_number => 6, file_line => line('n NTE-1'),
               offset => length("$msh\r$pid\r$obx\rNTE|1\r$obx\rNTE|") };
problem 'too many for the schema', '/map/m',
        [er7 $msh, $pid =~ s/ZQX2/ZQX2^^^2026~ZQX3^^^2026/r, $obx],
        422, { detail => 'more elements than maxItems', code => 102,
               target => '/list', map => 'm@3', file => 'nginx.conf' };

problem 'no map for the event', '/map/m', [er7 $msh =~ s/A01/A99/r, $pid],
        415, { detail => 'no map for this message type', code => 200 };
problem 'an unknown character set', '/map/m', [er7 "$msh||||||ZQX", $pid],
        422, { detail => 'unknown character set in MSH-18', code => 103 };
problem 'no MSH', '/map/m', [er7 'PID|1|ZQX'],
        400, { detail => 'not an HL7 v2 message', code => 100, offset => 0 };
problem 'a bad MSH', '/map/m', [er7 'MSH|ZQX'],
        400, { detail => 'not an HL7 v2 message', code => 100, offset => 4,
               segment => 'MSH' };
problem 'an empty body', '/map/m', ['application/hl7-v2', ''],
        400, { detail => 'empty body' };
problem 'a media type of no map', '/map/m', [$t->json('{}')],
        415, { detail => 'no map for this media type' };
problem 'an unknown media type', '/map/j', ['text/plain', 'ZQX'],
        415, { detail => 'no map for this media type' };
problem 'no media type', '/map/j', ['', '{"id":"ZQX"}'],
        415, { detail => 'no map for this media type' };
problem 'HL7 where there is no map for it', '/map/j', [er7 $msh],
        415, { detail => 'no map for this message type', code => 200 };


# --- FHIR, JSON, XML ---

my %of = (map => 'f@1', file => 'nginx.conf');

my $components = '{"resourceType":"Observation","id":"a","component":[{"code"'
                 . ':{"text":"a"}},{"code":{"text":';
my $bundle = '{"resourceType":"Bundle","entry":[{"resource":{"resourceType":'
             . '"Patient","id":"ZQX"}},{"resource":';

problem 'no number of FHIR', '/map/f',
        [$t->json('{"resourceType":"Observation","id":"ZQX","valueQuantity":'
                  . '{"value":1.25}}')],
        422, { detail => 'more digits than the scale', code => 102, %of,
               source => 'value.ofType(Quantity).value', offset => 66,
               target => 'v', file_line => line('v "value') };
problem 'a code of FHIR', '/map/f',
        [$t->json('{"resourceType":"Observation","id":"ZQX","status":"ZQX"}')],
        422, { detail => 'not in the table', code => 103, %of,
               source => 'status', offset => 50, target => 's',
               file_line => line('s status') };
problem 'inside of each', '/map/f',
        [$t->json("$components\"ZQX\"}}]}")],
        422, { detail => 'longer than max=', code => 104, %of,
               source => 'code.text', offset => length $components, target => 'c[].code',
               file_line => line('code code.text') };
problem 'an element that is not there', '/map/f',
        [$t->json(' {"resourceType":"Observation"}')],
        422, { detail => 'required value is missing', code => 101, %of,
               source => 'id', offset => 1, target => 'id',
               file_line => line('id id required') };
problem 'no resourceType', '/map/f', [$t->json('{"ZQX":"ZQX"}')],
        400, { detail => 'no resourceType', code => 101, offset => 0 };
problem 'an unknown resource', '/map/f', [$t->json('{"resourceType":"ZQX"}')],
        400, { detail => 'not a resource of FHIR R4', code => 103,
               offset => 16 };
problem 'no object', '/map/f', [$t->json('["ZQX"]')],
        400, { detail => 'not an object', code => 102, offset => 0 };
problem 'another resource', '/map/f', [$t->json('{"resourceType":"Device"}')],
        422, { detail => 'no map for this resource type' };
problem 'an empty Bundle', '/map/f', [$t->json('{"resourceType":"Bundle"}')],
        422, { detail => 'no map for any resource of the Bundle' };
problem 'a Bundle of others', '/map/f',
        [$t->json('{"resourceType":"Bundle","entry":[{"resource":{'
                  . '"resourceType":"Device","id":"ZQX"}},{"fullUrl":"ZQX"}]}')],
        422, { detail => 'no map for any resource of the Bundle' };
problem 'the second resource of a Bundle', '/map/f',
        [$t->json("$bundle\{\"resourceType\":\"Patient\"}}]}")],
        422, { detail => 'required value is missing', code => 101, %of,
               source => 'id', offset => length $bundle, target => 'id',
               file_line => line('id id required') };

for my $case (['{"id":"a","id":"ZQX"}', 'duplicate name', 10],
              ['{"id":"a","n":{"ZQX":1,"ZQX":2}}', 'duplicate name', 23],
              ['{"id":"a","\u0069d":"ZQX"}', 'duplicate name', 10],
              ['{"id":ZQX}', 'value expected', 6],
              ['{"id":"ZQX', 'unexpected end', 10],
              ['{"id":"a"} ZQX', 'text behind the value', 11],
              ['{"id":"a",}', 'name in quotes expected', 10],
              ['{"id":"a" "n":1}', '"," or "}" expected', 10],
              ['{"n":01}', 'number with a leading zero', 5],
              ['{"n":1.}', 'digit expected', 7],
              ["{\"id\":\"\xff\"}", 'bytes that are not UTF-8', 7],
              ["{\"id\":\"\t\"}", 'control character in a string', 7],
              ['{"id":"\x"}', 'unknown escape sequence', undef],
              ['{"id":"\ud800"}', 'half of a surrogate pair', undef],
              [' ', 'unexpected end', 1])
{
    my ($text, $detail, $offset) = @$case;

    problem "JSON: $detail", '/map/j', ['application/json', $text],
            400, { detail => $detail, code => 102, offset => $offset };
}

my $observation = '<Observation xmlns="http://hl7.org/fhir">';

for my $case (['f', "$observation<id value='a'/><ZQX value='ZQX'/></Observation>",
               'element that FHIR R4 does not have here', 56],
              ['f', "$observation<id ZQX='a'/></Observation>",
               'attribute that FHIR R4 does not have here', undef],
              ['f', "$observation<id value='a'/><id value='ZQX'/></Observation>",
               'element that cannot repeat', 56],
              ['f', "$observation<id value='&zqx;'/></Observation>",
               'entity that XML does not have', undef],
              ['f', '<Observation><id value="ZQX"/></Observation>',
               'not a resource of FHIR R4', 0],
              ['f', "<!DOCTYPE a [<!ENTITY z 'ZQX'>]>$observation"
                    . '<id value="&z;"/></Observation>',
               'document type declaration', undef],
              ['x', '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a><id>1</id></a>',
               'document type declaration', undef],
              ['x', '<!DOCTYPE a [<!ENTITY % b SYSTEM "file:///etc/passwd"> '
                    . '%b;]><a/>', 'document type declaration', undef],
              ['x', '<a><id>ZQX</b></a>', 'end tag of another element', undef],
              ['x', '<a><id>ZQX</id>', 'document is not complete', undef],
              ['x', '<a>&lt;&ZQX;</a>', 'entity that XML does not have', undef],
              ['x', 'ZQX', 'no XML document', 0],
              ['x', '<a/>ZQX', 'content behind the document', undef])
{
    my ($map, $text, $detail, $offset) = @$case;

    problem "XML: $detail", "/map/$map", [$t->xml($text)],
            400, { detail => $detail, code => $detail =~ /resource/ ? 103 : 102,
                   offset => $offset };
}

problem 'XML: no integer', '/map/x',
        ['text/xml', '<a><id>1</id><n>ZQX</n></a>'],
        422, { detail => 'not an integer', code => 102, source => 'n',
               offset => 16, target => 'n', map => 'x@1',
               file => 'nginx.conf', file_line => line('n n int', 2) };
problem 'no key', '/map/j', ['application/json', '{"n":1,"ZQX":2}'],
        422, { detail => 'no key', code => 101, source => 'id', offset => 0,
               target => 'id', map => 'j@1', file => 'nginx.conf',
               file_line => line('id id;') };


# NDJSON: the line, and the byte of it

for my $case (["{\"id\":\"1\"}\n\n{\"id\":\"2\"}\r\n{\"id\":\"3\",\"n\":\"ZQX\"}\n",
               422, 4, { detail => 'not an integer', source => 'n',
                         offset => 14, target => 'n', map => 'j@1',
                         file => 'nginx.conf', file_line => line('n n int') }],
              ["{\"id\":\"1\"}\n{\"id\":\"ZQX\",}\n", 400, 2,
               { detail => 'name in quotes expected', offset => 12 }],
              ["{\"id\":\"ZQX\"\n}", 400, 1,
               { detail => 'unexpected end', offset => 11 }])
{
    my ($text, $status, $line, $members) = @$case;

    problem "NDJSON: $members->{detail}", '/map/j',
            ['application/x-ndjson', $text], $status,
            { code => 102, line => $line, %$members };
}

problem 'NDJSON: another resource', '/map/f', ['application/fhir+ndjson',
        "{\"resourceType\":\"Patient\",\"id\":\"1\"}\n"
        . '{"resourceType":"Device","id":"ZQX"}'],
        422, { detail => 'no map for this resource type', line => 2 };
problem 'NDJSON: empty lines only', '/map/j',
        ['application/x-ndjson', "\n\r\n\n"], 400, { detail => 'empty body' };


# --- an OperationOutcome, for who asks for FHIR ---

my $at = 'segment OBX (3 of the message), byte ';

outcome 'no number', '/map/m', [er7 $msh, $pid, 'OBX|1|A|||ZQX|kg'], 422,
        'value', "not a number, source OBX-5, $at$at{offset}, target "
        . "amount.value, map m\@3 in nginx.conf:$at{file_line}", 'OBX-5';
outcome 'a code', '/map/f',
        [$t->json('{"resourceType":"Observation","id":"ZQX","status":"ZQX"}')],
        422, 'code-invalid', 'not in the table, source status, byte 50, target '
        . 's, map f@1 in nginx.conf:' . line('s status'), 'status';
outcome 'required', '/map/f', [$t->json('{"resourceType":"Patient"}')], 422,
        'required', 'required value is missing, source id, byte 0, target id, '
        . 'map f@1 in nginx.conf:' . line('id id required'), 'id';
outcome 'too long', '/map/f',
        [$t->json('{"resourceType":"Observation","id":"a","component":'
                  . '[{"code":{"text":"ZQX"}}]}')], 422,
        'too-long', 'longer than max=, source code.text, byte 68, target '
        . 'c[].code, map f@1 in nginx.conf:' . line('code code.text'),
        'code.text';
outcome 'no map', '/map/f', [$t->json('{"resourceType":"Device"}')], 422,
        'processing', 'no map for this resource type', undef;
outcome 'a media type', '/map/f', ['text/plain', 'ZQX'], 415,
        'not-supported', 'no map for this media type', undef;
outcome 'bad JSON', '/map/f', [$t->json('{"resourceType":ZQX}')], 400,
        'structure', 'value expected, byte 16', undef;
outcome 'NDJSON', '/map/j', ['application/x-ndjson', "{\"id\":1}\n{ZQX}"], 400,
        'structure', 'name in quotes expected, line 2, byte 1', undef;

my @bad = $t->json('{"resourceType":ZQX}');

for my $case (['application/json', 0], ['*/*', 0], ['', 0],
              ['APPLICATION/FHIR+JSON', 1], ['application/fhir+xml', 1],
              ['text/html, application/fhir+json;q=0.9', 1])
{
    my ($accept, $fhir) = @$case;

    is($t->post('/map/f', @bad, "accept: $accept")->{type},
       $fhir ? 'application/fhir+json' : 'application/problem+json',
       "Accept: $accept");
}

is($t->post('/map/f', @bad, 'Accept: text/html', 'X-A: b', @fhir)->{type},
   'application/fhir+json', 'Accept in several lines');


# a long expression does not push the place out of the text

$answer = $t->post('/map/f', $t->json('{"resourceType":"Patient","id":"ZQX",'
                                      . '"meta":{"id":"ZQX"}}'), @fhir);
like(JSON::PP->new->decode($answer->{body})->{issue}[0]{diagnostics},
     qr/source id\.where\(\$this = 'x1' .{80,110}\.\.\., .*target long, map f\@1 in nginx\.conf:\d+$/,
     'a long source is cut, its place is there');


# --- error_page ---

$answer = $t->post('/page/', er7 $msh, $pid, 'OBX|1|A|||ZQX|kg');
is("$answer->{status} $answer->{body}", "422 our own page\n",
   'error_page of 422');
$answer = $t->post('/page/', er7 $msh =~ s/A01/A99/r);
is("$answer->{status} $answer->{body}", "200 another way\n",
   'error_page of 415, with another status');
$answer = $t->post('/page/', er7 'PID|ZQX');
is("$answer->{status} $answer->{type}", '400 application/problem+json',
   'a status without one');
is($t->post('/page/', er7 $msh, $pid, $obx)->{status}, 200, 'and without error');


# --- a connection goes on after a refusal ---

{
    my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                     PeerPort => $t->engine->port('HTTP'))
        or die "cannot connect: $!\n";
    my (@status, $rest);

    for my $body ('{"id":ZQX}', '{"id":"a"}', '{"id":"a","n":"ZQX"}',
                  '{"id":"b"}')
    {
        print $sock "POST /map/j HTTP/1.1\r\nHost: a\r\nContent-Type: "
                    . "application/json\r\nContent-Length: " . length($body)
                    . "\r\n\r\n$body";

        my $header = do { local $/ = "\r\n\r\n"; <$sock> // '' };

        push @status, $header =~ /^HTTP\/1.1 (\d+)/;

        # in one piece, or in chunks that end with an empty one

        if ($header =~ /^Content-Length: (\d+)/mi) {
            read $sock, $rest, $1;

        } else {
            local $/ = "0\r\n\r\n";
            $rest = <$sock>;
        }
    }

    is("@status", '400 200 422 200', 'four requests of one connection');
}


# --- over MLLP ---

my $c = $t->engine->client('MLLP');
my $line = line('amount.value');
my $why = "not a number, source OBX-5, target amount.value, map m\@3 in "
          . "nginx.conf:$line";

acknowledged 'no number', "$msh\n$pid\nOBX|1|A|||ZQX|kg\n",
             "MSA|AE|C1\nERR||OBX^1^5|102^Data type error^HL70357|E|||byte "
             . "$at{offset}|$why\n";
acknowledged 'no number, version 2.3',
             ($msh =~ s/2\.5\.1/2.3/r) . "\n$pid\nOBX|1|A|||ZQX|kg\n",
             "MSA|AE|C1|$why\nERR|OBX^1^5^102&Data type error&HL70357\n";
acknowledged 'the second segment, a component, a repetition',
             "$msh\n" . ($pid =~ s/ZQX2/ZQX2^^^ZQX/r) . "\n$obx\n",
             "MSA|AE|C1\nERR||PID^1^3^2^4|102^Data type error^HL70357|E|||byte "
             . length("$msh\rPID|1||ZQX1^^^20260101~ZQX2^^^")
             . '|not a year of four digits, source .4, target list[].by, '
             . 'map m@3 in nginx.conf:' . line('by') . "\n";
acknowledged 'the second one of a group',
             "$msh\n$pid\n$obx\nNTE|1\n$obx\nNTE|ZQX\n",
             'MSA|AE|C1' . "\nERR||NTE^2^1|102^Data type error^HL70357|E|||byte "
             . length("$msh\r$pid\r$obx\rNTE|1\r$obx\rNTE|")
             . '|not an integer, source NTE-1, target groups[].n, '
             . 'map m@3 in nginx.conf:' . line('n NTE-1') . "\n";
acknowledged 'a code', "$msh\n$pid\nOBX|1|ZQX|||1|kg\n",
             'MSA|AE|C1' . "\nERR||OBX^1^2|103^Table value not found^HL70357"
             . '|E|||byte ' . length("$msh\r$pid\rOBX|1|")
             . '|not in the table, source OBX-2, target code, map m@3 in '
             . 'nginx.conf:' . line('code') . "\n";
acknowledged 'a required field', "$msh\nPID|1||ZQX\n$obx\n",
             'MSA|AE|C1' . "\nERR||PID^1^8|101^Required field missing^HL70357"
             . '|E|||byte ' . length("$msh\rPID|1||ZQX")
             . '|required value is missing, source PID-8, target sex, map m@3 '
             . 'in nginx.conf:' . line('sex') . "\n";
acknowledged 'delimiters in a source', "$msh\n$pid\nOBX|1|A|||1.50\n",
             'MSA|AE|C1' . "\nERR||OBX^1^6|101^Required field missing^HL70357"
             . '|E|||byte ' . length("$msh\r$pid\rOBX|1|A|||1.50")
             . '|required value is missing, source {MSH-4}\F\{OBX-6\F\OBX-7}, '
             . 'target full, map m@3 in nginx.conf:' . line('full') . "\n";
acknowledged 'a message type without a map', ($msh =~ s/A01/A99/r) . "\n$pid\n",
             "MSA|AR|C1\nERR|||200^Unsupported message type^HL70357|E||||"
             . "no map for this message type\n";
acknowledged 'a message type without a map, version 2.3',
             ($msh =~ s/A01/A99/r =~ s/2\.5\.1/2.3/r) . "\n$pid\n",
             "MSA|AR|C1|no map for this message type\n"
             . "ERR|^^^200&Unsupported message type&HL70357\n";
acknowledged 'and all is well', "$msh\n$pid\n$obx\n", "MSA|AA|C1\n";


# --- on_error and canonical_quarantine ---

my @wrong = er7 $msh, $pid, 'OBX|1|ZQX||7|ZQX|kg';
my $raw = $wrong[1];

problem 'reject', '/map/rejected', [er7 $msh, $pid, 'OBX|1|A||ZQX'], 422,
        { detail => 'not an integer', code => 102, source => 'OBX-4',
          segment => 'OBX', segment_number => 3, target => 'n',
          offset => length("$msh\r$pid\rOBX|1|A||"), map => 'rejected@1',
          file => 'nginx.conf', file_line => line('n OBX-4') };
is_deeply([kept], [], 'is not kept');

my %kept = (detail => 'not a number', code => 102, source => 'OBX-5',
            segment => 'OBX', segment_number => 3, target => 'amount.value',
            offset => length("$msh\r$pid\rOBX|1|ZQX||7|"),
            map => 'quarantined@1', file => 'nginx.conf',
            file_line => line('amount.value', 2));

problem 'quarantine', '/quarantine/', \@wrong, 422, \%kept;
wait_for { kept == 1 } 'the file';
is_deeply([map { content($_) } kept], [$raw], 'is kept, byte for byte');
logged qr/\[warn\].* mllp quarantine: \d+ bytes in "\S+"/, 'which is logged';

problem 'quarantine without a place for it', '/off/', \@wrong, 422, \%kept;
problem 'reject beside quarantine', '/quarantine/',
        [er7 $msh, $pid, 'OBX|1|A||ZQX|1'], 422,
        { detail => 'not an integer', code => 102, source => 'OBX-4',
          segment => 'OBX', segment_number => 3, target => 'n',
          offset => length("$msh\r$pid\rOBX|1|A||"), map => 'rejected@1',
          file => 'nginx.conf', file_line => line('n OBX-4') };

$answer = $t->post('/quarantine/', @wrong, @fhir);
is($answer->{status}, 422, 'a second time');

acknowledged 'quarantine over MLLP',
             ($msh =~ s/APP/QUA/r) . "\n$pid\nOBX|1|A|||0|kg\n",
             'MSA|AE|C1' . "\nERR||OBX^1^5|102^Data type error^HL70357|E|||"
             . "byte $at{offset}|does not match its pattern, source OBX-5, "
             . 'target /amount/value, map quarantined@1 in nginx.conf:'
             . line('amount.value', 2) . "\n";
wait_for { kept >= 3 } 'three files';
is_deeply([sort map { content($_) } kept],
          [sort $raw, $raw, "$msh\r$pid\rOBX|1|A|||0|kg\r" =~ s/APP/QUA/r],
          'only what a map with quarantine refuses is kept');

$answer = $t->post('/map/warned', er7 $msh, 'PID|ZQX', 'OBX|1|ZQX|||ZQX|kg');
is($answer->{body}, '{"type":"w","map":"warned@1","key":"C1","id":"C1",'
                    . '"tail":"A01"}', 'warn: what is wrong is left out');
@lines = grep { /warned\@1/ } split /\n/, $t->engine->log;
is(@lines, 3, 'each has its line in the log');
like($lines[0], qr/\[warn\].*: \*\d+ not a number, source OBX-5, segment OBX \(3 of the message\), byte \d+, target amount\.value, map warned\@1 in \S+nginx\.conf:\d+, client: /,
     'with its place');
like($lines[2], qr/\[warn\].* required value is missing, source PID-8, segment PID \(2/,
     'also what is required');

acknowledged 'warn over MLLP', ($msh =~ s/APP/WARN/r) . "\n$pid\nOBX|1|ZQX\n",
             "MSA|AA|C1\n";

$answer = $t->post('/map/schematic', er7 $msh, $pid, 'OBX|1|A|||ZQX|kg');
is($answer->{body}, '{"type":"s","map":"schematic@1","key":"C1","id":"C1",'
                    . '"amount":{"value":"ZQX"}}',
   'warn of a schema: the object goes on');
logged qr/\[warn\].*does not match its pattern.*map schematic\@1 in /,
       'with a line in the log';

problem 'there is no object without its key', '/map/keyed',
        [er7 $msh, 'PID|1||ZQX'], 422,
        { detail => 'no key', code => 101, source => 'PID-2', segment => 'PID',
          segment_number => 2, target => 'id', map => 'keyed@1',
          offset => length("$msh\rPID|1|"),
          file => 'nginx.conf', file_line => line('id PID-2', 2) };


# --- what is in the log, and what is not ---

@lines = grep { / \[error\] / } split /\n/, $t->engine->log;
my @places = grep { /map \w+\@\d+ in / } @lines;

cmp_ok(scalar @places, '>', 30, 'each refusal has its line in the log');
is((grep { !m{ in \Q$dir\E/conf/nginx\.conf:\d+, client: } } @places), 0,
   'with the file and the line of the rule');
is((grep { /Device|A99/ } @lines), 0, 'and no words of the body');
unlike($t->engine->log, qr/ZQX|zqx/i, 'no value is in the log');
unlike($t->engine->access_log, qr/ZQX/, 'nor in the access log');

$c->close;
$t->stop;
done_testing();


sub er7 {
    return $t->er7(join "\n", @_, '');
}


# the line of the configuration that has a rule, of several the n-th

sub line {
    my ($rule, $n) = @_;
    my $at = 0;

    open my $conf, '<', "$dir/conf/nginx.conf" or die "nginx.conf: $!\n";

    while (<$conf>) {
        next if !/\bset +\Q$rule\E/;
        next if ++$at < ($n // 1);
        return $.;
    }

    die "no rule \"$rule\"\n";
}


# the answer: exactly these members, whose values may be undef for "any"

sub problem {
    my ($name, $uri, $body, $status, $members) = @_;

    my $answer = $t->post($uri, @$body);
    my $problem = eval { JSON::PP->new->utf8->decode($answer->{body}) } // {};

    my $id = delete $problem->{correlation_id};
    my %want = (type => 'about:blank', title => $titles{$status},
                status => $status, %$members);

    for my $any (grep { !defined $want{$_} } keys %want) {
        $want{$any} = $problem->{$any};
    }

    delete @$problem{grep { $_ eq 'file_line' && !exists $want{$_} }
                     keys %$problem};

    is_deeply([$answer->{status}, $answer->{type}, $problem],
              [$status, 'application/problem+json', \%want],
              "a problem: $name") or diag $answer->{body};
    like($id, qr/^[0-9a-f]{32}$/, 'with a correlation id');
    unlike($answer->{body}, qr/ZQX/i, 'and no value');
}


sub outcome {
    my ($name, $uri, $body, $status, $code, $diagnostics, $expression) = @_;

    my $answer = $t->post($uri, @$body, @fhir);
    my $outcome = eval { JSON::PP->new->utf8->decode($answer->{body}) } // {};

    is_deeply([$answer->{status}, $answer->{type}, $outcome],
              [$status, 'application/fhir+json',
               { resourceType => 'OperationOutcome',
                 issue => [{ severity => 'error', code => $code,
                             diagnostics => $diagnostics,
                             $expression ? (expression => [$expression]) : ()
                           }] }],
              "an OperationOutcome: $name") or diag $answer->{body};
}


# all but the MSH segment

sub acknowledged {
    my ($name, $message, $want) = @_;

    $c->send($message);
    my $got = $c->read // '';

    is($got =~ s/^MSH.*\n//r, $want, "an acknowledgement: $name");
    unlike($got, qr/ZQX/, 'without a value');
}


sub kept {
    opendir my $files, "$dir/quarantine" or return;
    return grep { /\.hl7$/ } readdir $files;
}


sub content {
    open my $file, '<', "$dir/quarantine/$_[0]" or die "$_[0]: $!\n";
    local $/;
    return <$file>;
}


sub logged {
    my ($line, $name) = @_;

    wait_for { $t->engine->log =~ $line } $name;
    pass($name);
}
