use lib 't/lib';
use strict;
use warnings;
use Cwd;
use File::Path;
use Test::More;
use ConfTest;
use MapTest;

# What nginx -t says of maps, tables and keys: what is wrong, the file and the
# line.  A reload takes a new map at once and leaves nothing behind.

my $t = MapTest->start(http => maps('first'), maps => ['m'], workers => 2,
                       files => { 'p.key' => 'a secret of this test' });

my $ngx = $t->engine;
my $dir = $ngx->dir . '/conf';
my $shipped = getcwd() . '/conf';

mkpath "$dir/d";
ConfTest->of($ngx);

$ngx->put('short.key', "fifteen bytes..\n");
$ngx->put('long.key', "sixteen bytes...\n");
$ngx->put('bad.csv', "a,1\nb\n");
$ngx->put('twice.csv', "a,1\na,2\n");
$ngx->put('good.csv', "a,1\n");
$ngx->put('broken.json', '{ "type": "object", }');
$ngx->put('strange.json', '{ "type": "object", "multipleOf": 2 }');
$ngx->put('type.json', '{ "properties": { "a": { "type": "strin" } } }');
$ngx->put('good.json', '{ "type": "object" }');
$ngx->put('rules.inc', "set a PID-8;\nset b PID-x;\n");
$ngx->put('words.inc', "c 1;\na 2;\n");


# words in a map from HL7; a line with "#!" is the one at fault, else the last

for my $case (
    ['set', 'invalid number of arguments in "set" directive'],
    ['set a', 'invalid number of arguments in "set" directive'],
    ['const a', 'invalid number of arguments in "const" directive'],
    ['const a b int d', 'invalid number of arguments in "const" directive'],
    ['each a[] { }', 'invalid number of arguments in "each" directive'],
    ['when PID { }', 'invalid number of arguments in "when" directive'],
    ['zone', 'invalid number of arguments in "zone" directive'],
    ['schema', 'invalid number of arguments in "schema" directive'],
    ['on_error', 'invalid number of arguments in "on_error" directive'],

    ['bogus a b', 'unknown directive "bogus"'],
    ['Set a PID-8', 'unknown directive "Set"'],
    ['listen 80', '"listen" directive is not allowed here'],
    ['canonical_map n version=1 { }',
     '"canonical_map" directive is not allowed here'],
    ['set a PID-8 { }', 'directive "set" is not terminated by ";"'],
    ['each a[] PID', 'directive "each" has no opening "\{"'],
    ['when PID present', 'directive "when" has no opening "\{"'],
    ['else', 'directive "else" has no opening "\{"'],

    # paths

    ['set a PI-3', 'invalid path "PI-3": not a character of a segment name'],
    ['set a pid-3', 'invalid path "pid-3": not a character of a segment'],
    ['set a PID3', 'invalid path "PID3": "-" is expected at character 3'],
    ['set a PID-', 'invalid path "PID-": a number from 1 to 65535 is expected'],
    ['set a PID-0', 'invalid path "PID-0": a number from 1 to 65535'],
    ['set a PID-70000', 'invalid path "PID-70000": a number from 1 to 65535'],
    ['set a PID-3.x', 'invalid path "PID-3.x": a number from 1 to 65535'],
    ['set a PID-3.1.2.3', 'unexpected character at character 9'],
    ['set a PID-3[5=MR', '"]" is expected'],
    ['set a PID-3[5=].1', 'a value is expected at character 8'],
    ['set a PID-3[x].1', 'a number from 1 to 65535 is expected'],
    ['set a OBX[3.1]-5', '"=" is expected'],
    ['set a .1', '"\.1" stands in no "each" over a field'],
    ['each a[] OBX { set b .1; }', 'stands in no "each" over a field'],
    ['set a PID', '"PID" is a segment, not a field'],
    ['when PID = x { }', '"PID" is a segment, not a field'],
    ['set a "{PID}/{PID-3}"', '"PID" is a segment, not a field'],
    ['set a OBX[*]-5', '"OBX\[\*\]-5" gives several values'],
    ['set a PID-3[*].1', 'gives several values'],
    ['set a[] "{PID-3[*].1}"', 'gives several values'],
    ['set a "PID-3|"', 'one of its alternatives is empty'],
    ['set a PID-3||PID-4', 'one of its alternatives is empty'],
    ['set a |', 'a source is expected'],
    ['set a PID-3 |', 'a source is expected'],
    ['set a "{PID-3"', 'invalid template .*"\{" without "\}"'],
    ['set a "x}{PID-3}"', 'invalid template .*unexpected "\}"'],
    ['set a "{}"', 'nothing in the braces'],
    ['set a "{{x}}"', 'template "\{\{x\}\}" has no source, use "const"'],
    ['set a $', 'invalid variable "\$": it has no name'],

    # targets

    ['set 1a PID-8', 'invalid target "1a"'],
    ['set a..b PID-8', 'invalid target "a\.\.b"'],
    ['set .a PID-8', 'invalid target "\.a"'],
    ['set a. PID-8', 'invalid target "a\."'],
    ['set a[1] PID-8', 'invalid target "a\[1\]"'],
    ['set a[].b PID-8', 'invalid target "a\[\]\.b"'],
    ['set [] PID-8', 'invalid target "\[\]"'],
    ["set a PID-8;\nset a PID-7", '"a" is set in line 6 already'],
    ["set a.b PID-8;\nconst a.b x", '"a\.b" is set in line 6 already'],
    ["set a PID-8;\nset a.b PID-7", '"a" is set as a value, an object or an'],
    ["set a.b PID-8;\nset a PID-7", '"a" is set as a value, an object or an'],
    ["set a[] PID-8;\nset a PID-7", '"a" is set as a value, an object or an'],
    ['set type PID-8', '"type" is set by "emit"'],
    ['set map PID-8', '"map" is set by "emit"'],
    ['set key PID-8', '"key" is set by "emit"'],

    # options

    ['set a PID-8 text code', 'a value has one type'],
    ['set a PID-8 decimal=2 int', 'a value has one type'],
    ['set a PID-8 int decimal=2', 'a value has one type'],
    ['set a PID-8 max=3 max=4', '"max=" is given twice'],
    ['set a PID-8 required required', '"required" is given twice'],
    ['set a PID-8 number', 'invalid parameter "number"'],
    ['set a PID-8 Required', 'invalid parameter "Required"'],
    ['set a PID-8 decimal=19', 'invalid scale "19"'],
    ['set a PID-8 decimal=', 'invalid scale ""'],
    ['set a PID-8 decimal=-1', 'invalid scale "-1"'],
    ['set a PID-8 decimal=x', 'invalid scale "x"'],
    ['set a PID-8 bool=Y', '"bool=" names the words for true'],
    ['set a PID-8 bool=:N', '"bool=" names the words for true'],
    ['set a PID-8 bool=Y:', '"bool=" names the words for true'],
    ['set a PID-8 bool=Y,N:N', '"N" is true and false'],
    ['set a PID-8 max=0', 'invalid length "0"'],
    ['set a PID-8 max=x', 'invalid length "x"'],
    ['set a PID-8 mask=all', 'invalid mask "all"'],
    ['set a PID-8 null=gone', 'invalid value "gone", keep or clear'],
    ['set a PID-8 default=', '"default=" is empty'],
    ['set a PID-8 int default=x', '"default=" is not an integer'],
    ['set a PID-8 decimal default=x', '"default=" is not a number'],
    ['set a PID-8 decimal=1 default=1.25', 'has more digits than the scale'],
    ['set a PID-8 bool default=x', '"default=" is not a boolean'],
    ['set a PID-8 date default=20261131', '"default=" is not of the type'],
    ['set a PID-8 ts default=202601010800', '"default=" has no offset'],
    ['set a PID-8 max=2 default=abc', '"default=" is longer than "max="'],
    ['set a PID-8 required default=x',
     '"required" and "default=" exclude each other'],
    ['set a PID-8 drop required', '"drop" goes with nothing else'],
    ['set a PID-8 hmac=k mask=last4', '"hmac=" and "mask=" exclude each other'],
    ['set a PID-8 int mask=last4', 'a number or boolean can be neither'],
    ['set a PID-8 authority=x', '"authority=" goes with "hmac=" only'],
    ['set a PID-8 alt=PID-x', 'invalid path "PID-x"'],
    ['const a x int', '"x" is not of the type'],
    ['const a 007 int', '"007" is not of the type'],
    ['const a yes bool', '"yes" is not of the type'],
    ['const a b text', 'invalid parameter "text"'],

    # blocks

    ['each a OBX { set b OBX-1; }',
     '"each" without "\[\]" behind its name needs "emit" inside'],
    ['each 1[] OBX { set b OBX-1; }', 'invalid target "1\[\]"'],
    ['each a[] OBX-5.1 { }', '"each" cannot go over "OBX-5\.1"'],
    ['each a[] "{OBX-5}" { }', '"each" cannot go over'],
    ['each a[] $x { }', '"each" cannot go over|unknown "x" variable'],
    ['each a[] OBX|PID-3 { }', 'over segments or over fields, not over both'],
    ['each a[] OBX with { }', '"with" names no segments'],
    ['each a[] OBX with nte { }', '"nte" is no segment'],
    ['each a[] OBX with OBX { }', 'invalid parameter "OBX"'],
    ['each a[] OBX with NTE NTE { }', 'invalid parameter "NTE"'],
    ['each a[] PID-3 with NTE { }', '"with" is for segments of HL7'],
    ['each a[] OBX without NTE { }', 'invalid parameter "without"'],
    ['when PID-8 is M { }', 'invalid test "is", present, =, !=, in or ~'],
    ['when PID-8 present x { }', 'invalid parameter "x"'],
    ['when PID-8 = { }', 'a value is expected behind "="'],
    ['when PID-8 = M F { }', 'invalid parameter "F"'],
    ['when PID-8 = "" { }', 'an empty value is none, use "present"'],
    ['when PID-8 ~ "(" { }', 'invalid regular expression "\("'],
    ['else { }', '"else" stands right behind "when"'],
    ["when PID present { }\nconst a 1;\nelse { }",
     '"else" stands right behind "when"'],
    ["when PID present { }\nelse { }\nelse { }",
     '"else" stands right behind "when"'],
    ['each a[] OBX { else { } }', '"else" stands right behind "when"'],
    ['each a[] OBX { zone UTC; }', '"zone" directive is not allowed here'],
    ['when PID present { from hl7 ADT; }',
     '"from" directive is not allowed here'],
    ['segment PID { }', '"segment" is for maps "to hl7"'],
    ['when PID present { ' x 40 . '}' x 40, 'too many blocks in each other'],

    # what stands once

    ['from hl7 ADT', '"from" directive is duplicate'],
    ['emit e key=k', '"emit" directive is duplicate'],
    ['each a OBX { emit f key=b; set b OBX-1; }',
     '"emit" stands inside of another object'],
    ["zone UTC;\nzone UTC", '"zone" directive is duplicate'],
    ['zone Europe/Nowhere', 'zone "Europe/Nowhere": '],
    ['zone ../../etc/passwd', 'zone "\.\./\.\./etc/passwd": '],
    ['zone +25:00', 'zone "\+25:00": '],
    ['zone UTC Europe/Berlin', 'invalid parameter "Europe/Berlin"'],
    ['zone UTC ambiguous=none', 'invalid parameter "ambiguous=none"'],
    ['zone ambiguous=last', '"zone" names no time zone'],
    ["on_error warn;\non_error warn", '"on_error" is duplicate'],
    ['on_error ignore', 'invalid value "ignore", reject, quarantine or warn'],
    ["schema good.json on_error=warn;\non_error warn",
     '"on_error" is duplicate'],
    ['schema good.json on_error=x', 'invalid value "x", reject, quarantine'],
    ['schema good.json strict', 'invalid parameter "strict"'],
    ["schema good.json;\nschema good.json", '"schema" directive is duplicate'],
    ['schema none.json', 'schema "none\.json": no such schema'],
    ['schema broken.json', 'schema "broken\.json": name in quotes expected '
                           . 'at "", byte \d+'],
    ['schema strange.json', 'schema "strange\.json": .*"/multipleOf", byte \d+'],
    ['schema type.json', 'schema "type\.json": .*"/properties/a/type"'],
    ['to json', '"to" must stand before the rules'],
    ['include rules.inc', 'invalid path "PID-x": .*rules.inc:2', ''],
    ['include none.inc', 'open\(\) ".*none.inc" failed', ''],

    # PHI

    ["phi;\nset a PID-5.1", '"a" lets PHI through: PID-5 is neither hmac='],
    ["set a NK1-2;\nphi", '"a" lets PHI through: NK1-2 is neither', 6],
    ["phi;\nset a GT1-3", '"a" lets PHI through: GT1-3'],
    ["phi;\nset a IN1-16", '"a" lets PHI through: IN1-16'],
    ["phi;\nset a IN2-2", '"a" lets PHI through: IN2-2'],
    ["phi;\nset a PV1-19|PID-18", '"a" lets PHI through: PID-18'],
    ["phi;\nset a \"{MSH-10}{PID-3}\"", '"a" lets PHI through: PID-3'],
    ["phi;\nset a \$hl7_field_pid_5", '"a" lets PHI through: PID-5'],
    ["phi;\neach a[] PID-3 {\nset b .1;\n#!\n}",
     '"a\[\]\.b" lets PHI through: PID-3', 8],
    ["phi allow=b;\nset a PID-5.1", '"a" lets PHI through: PID-5|no rule sets'],
    ['phi allow=zz', '"phi allow=": no rule sets "zz"', 2],
    ["phi allow=a,;\nset a PID-5.1", 'a target is missing in "allow="', 6],
    ["phi deny=a", 'invalid parameter "deny=a"'])
{
    my ($rule, $error, $line) = @$case;

    $rule .= ';' if $rule !~ /[;}]\s*\z/;
    $line //= 5 + ($rule =~ tr/\n//) + 1;

    refused $rule, $line, $error, <<EOF;
http {
    canonical_map m version=1 {
        from hl7 ADT^A01;
        emit e key=k;
        const k 1;
$rule
    }
    canonical_key k file=long.key id=a;
    map \$uri \$x { default 1; }
}
EOF
}


# of FHIR

for my $case (
    ['set a birthDat', 'invalid expression "birthDat": .* at character 0'],
    ['set a name.given.of', 'invalid expression "name.given.of": '],
    ['set a "name.where("', 'invalid expression "name.where\("'],
    ['set a "name.given +"', 'invalid expression'],
    ['set a "descendants()"', 'invalid expression "descendants\(\)": '],
    ['set a "name.given.toQuantity()"', 'invalid expression'],
    ['set a "name ~ name"', 'invalid expression'],
    ['set a "name.where(use = \'x\'"', 'invalid expression'],
    ['set a "name.given.first(1)"', 'invalid expression'],
    ['set a "name.fist()"', 'invalid expression'],
    ['set a deceasedBoolean', 'invalid expression "deceasedBoolean": the '
                              . 'element is a choice: "deceased"'],
    ['each a[] contact { set b nam; }', 'invalid expression "nam"'],
    ['each a[] name with NTE { }', '"with" is for segments of HL7'],
    ['zone msh UTC', '"zone msh" is for HL7 messages'],
    ['set a "{name.given"', '"\{" without "\}"'],
    ["phi;\nset a name.family", '"a" lets PHI through: '],
    ["phi;\nset a birthDate", '"a" lets PHI through: '],
    ["phi;\neach a[] name {\nset b family;\n#!\n}",
     '"a\[\]\.b" lets PHI through', 8],
    ["phi;\nset a \"'x' + telecom.value.first()\"", '"a" lets PHI through: '])
{
    my ($rule, $error, $line) = @$case;

    $rule .= ';' if $rule !~ /[;}]\s*\z/;
    $line //= 5 + ($rule =~ tr/\n//) + 1;

    refused $rule, $line, $error, <<EOF;
http {
    canonical_map m version=1 {
        from fhir Patient;
        emit e key=k;
        set k id;
$rule
    }
}
EOF
}


# maps as a whole

for my $case (
    ['canonical_map m { }', 'a name of letters.*and "version=" are expected'],
    ['canonical_map "a b" version=1 { }', 'a name of letters'],
    ['canonical_map m 1 { }', 'invalid parameter "1"'],
    ['canonical_map m version= { }', 'invalid version ""'],
    ['canonical_map m version=1.2 { }', 'invalid version "1\.2"'],
    ['canonical_map m version=1 x { }', 'invalid number of arguments'],
    ['canonical_map m version=1;', 'has no opening "\{"'],
    ['canonical_map m version=1 { }', 'a map needs "from"'],
    ['canonical_map m version=1 { emit e key=k; }', '"from" must stand first'],
    ['canonical_map m version=1 { from hl7 ADT; }',
     'a map needs "emit" or "to"'],
    ['canonical_map m version=1 { from hl7; }', '"from hl7" names no messages'],
    ['canonical_map m version=1 { from hl7 adt; }', 'invalid message "adt"'],
    ['canonical_map m version=1 { from hl7 ADT^a1; }', 'invalid message'],
    ['canonical_map m version=1 { from hl8 ADT; }', 'invalid value "hl8"'],
    ['canonical_map m version=1 { from fhir Pat; }', 'unknown resource "Pat"'],
    ['canonical_map m version=1 { from fhir HumanName; }',
     'unknown resource "HumanName"'],
    ['canonical_map m version=1 { from json x; }', 'invalid parameter "x"'],
    ['canonical_map m version=1 { from json; emit e; }',
     'invalid number of arguments in "emit"'],
    ['canonical_map m version=1 { from json; emit e id=k; }',
     '"key=" and a target are expected'],
    ['canonical_map m version=1 { from json; emit e key=; }',
     '"key=" and a target are expected'],
    ['canonical_map m version=1 { from json; emit e key=k; }',
     '"key=k" is set nowhere'],
    ['canonical_map m version=1 { from json; emit e key=k; set k.l a; }',
     '"key=k" is no single value'],
    ['canonical_map m version=1 { from json; emit e key=k; set k[] a; }',
     '"key=k" is no single value'],
    ['canonical_map m version=1 { from json; emit "e f" key=k; set k a; }',
     'invalid object type "e f"'],
    ['canonical_map m version=1 { from canonical e; to json; emit e key=k; }',
     'a map with "to" has no "emit"'],
    ['canonical_map m version=1 { from canonical e; to yaml; }',
     'invalid value "yaml", json, xml, soap, form or hl7'],
    ['emit e key=k;', '"emit" directive is not allowed here'],
    ['server { canonical_map m version=1 { } }',
     '"canonical_map" directive is not allowed here'],
    ["canonical_map m version=1 { from json; emit e key=k; const k 1; }\n"
     . 'canonical_map m version=2 { from json; emit e key=k; const k 1; }',
     'duplicate "m"'])
{
    my ($text, $error) = @$case;

    refused $text, 2 + ($text =~ tr/\n//), $error, "http {\n$text\n}\n";
}


# tables

for my $case (
    ['canonical_table { }', 'invalid number of arguments'],
    ['canonical_table t x { }', 'invalid number of arguments'],
    ['canonical_table t;', 'has no opening "\{"'],
    ['canonical_table t { a; }', 'a line is a word and its value'],
    ['canonical_table t { a b c; }', 'a line is a word and its value'],
    ["canonical_table t {\na 1;\na 2; }", 'duplicate "a"'],
    ["canonical_table t {\ndefault 1;\ndefault 2; }", 'duplicate "default"'],
    ['canonical_table t { file none.csv; }', 'open\(\) ".*/none.csv" failed'],
    ['canonical_table t { file bad.csv; }', ' in "bad\.csv" line 2'],
    ['canonical_table t { file twice.csv; }', ' in "twice\.csv" line 2'],
    ["canonical_table t {\nfile good.csv;\na 2; }", 'duplicate "a"'],
    ["canonical_table t {\na 2;\nfile good.csv; }", ' in "good\.csv" line 1'],
    ['canonical_table t { file d; }', '"[^"]*/d" is not a file'],
    ["canonical_table t { a 1; }\ncanonical_table t { b 1; }",
     'duplicate "t"'],
    ["canonical_table t { a 1; include words.inc; }",
     'duplicate "a" in .*words.inc:2', ''],
    ['server { canonical_table t { } }',
     '"canonical_table" directive is not allowed here'])
{
    my ($text, $error, $line) = @$case;

    $line //= 2 + ($text =~ tr/\n//);

    refused $text, $line, $error, "http {\n$text\n}\n";
}


# keys

for my $case (
    ['file=long.key', 'needs "file=" and "id="'],
    ['id=a', 'needs "file=" and "id="'],
    ['file=long.key id=', 'invalid parameter "id="'],
    ['id=a file=none.key', 'open\(\) ".*/none.key" failed'],
    ['id=a file=short.key', 'the key in "short\.key" is shorter than 16 bytes'],
    ['id=a file=d', '"[^"]*/d" is not a file'],
    ['id=a file=', 'invalid parameter "file="'],
    ['id=a_b file=long.key', 'invalid id "a_b", letters, digits and "-"'],
    ['id=a.b file=long.key', 'invalid id "a\.b", letters, digits and "-"'],
    ['id=a file', 'invalid parameter "file"'],
    ['id=a =x', 'invalid parameter "=x"'],
    ['id=b file=long.key previous=long.key', 'needs both "previous=" and'],
    ['id=b file=long.key previous_id=a', 'needs both "previous=" and'],
    ['id=a file=long.key previous=long.key previous_id=a',
     'has one id for both keys'],
    ['id=a file=long.key previous=short.key previous_id=b',
     'the key in "short\.key" is shorter'],
    ['id=a file=long.key secret=x', 'invalid parameter "secret=x"'],
    ['id=a file=long.key authorities=none', 'unknown canonical_table "none"'],
    ["id=a file=long.key;\ncanonical_key k id=b file=long.key",
     'duplicate "k"'])
{
    my ($text, $error) = @$case;

    refused "key: $text", 2 + ($text =~ tr/\n//), $error,
            "http {\ncanonical_key k $text;\n}\n";
}

refused 'a secret in the configuration', 2,
        'invalid parameter "sixteenbytesofsecret"', <<EOF;
http {
    canonical_key k sixteenbytesofsecret id=1;
}
EOF


# names that nothing defines, where they are used

for my $case (
    ['map=none', 'unknown canonical_table "none"'],
    ['hmac=none', 'unknown canonical_key "none"'])
{
    my ($text, $error) = @$case;

    refused $text, 6, $error, <<EOF;
http {
    canonical_map m version=1 {
        from json;
        emit e key=k;
        const k 1;
        set a b $text;
    }
}
EOF
}


# directives of locations

my $json = 'canonical_map m version=1 { from json; emit e key=k; const k 1; }';
my $to = 'canonical_map o version=1 { from canonical e; to json; set a b; }';

my $rest = 'canonical_map c version=1 { from canonical e; emit e key=k; '
           . 'const k 1; } '
           . 'canonical_map h version=1 { from hl7 ADT; to json; set a PID-3; }';

for my $case (
    ['canonical_request', 'invalid number of arguments'],
    ['canonical_request none', 'unknown canonical_map "none"'],
    ['canonical_request m none', 'unknown canonical_map "none"'],
    ['canonical_response none', 'unknown canonical_map "none"'],
    ['canonical_render none', 'unknown canonical_map "none"'],
    ['canonical_request off m', '"canonical_request" directive has "off" '
                                . 'beside maps'],
    ["canonical_request m;\ncanonical_request m",
     '"canonical_request" directive is duplicate'],
    ["canonical_request off;\ncanonical_request m",
     '"canonical_request" directive is duplicate'],
    ['canonical_request o', 'canonical_map "o" has "to", it is for '
                            . '"canonical_render" only'],
    ["canonical_render o;\n#!\ncanonical_response o",
     'canonical_map "o" has "to", it is for "canonical_render" only'],
    ['canonical_request c', 'canonical_map "c" is "from canonical", of no '
                            . 'body'],
    ['canonical_render m', 'canonical_map "m" has no "to", as '
                           . '"canonical_render" needs'],
    ["canonical_request m;\ncanonical_render m", 'canonical_map "m" has no '
                                                 . '"to"'],
    ['canonical_render h', 'canonical_map "h" is not "from canonical"'],
    ['canonical_request m m', 'duplicate canonical_map "m"'],
    ['canonical_request m n m', 'duplicate canonical_map "m"'],

    (map { my $name = $_;
           (["$name 0", $name =~ /depth/ ? 'value must be between 1 and 512'
                         : "\"$name\" directive must be positive"],
            ["$name -1", "\"$name\" directive invalid (?:number|value)"],
            ["$name x", "\"$name\" directive invalid (?:number|value)"],
            ["$name 99999999999999999999",
             "\"$name\" directive invalid (?:number|value)"],
            ["$name", 'invalid number of arguments'],
            ["$name 1 2", 'invalid number of arguments'],
            ["$name 1;\n$name 1", "\"$name\" directive is duplicate"])
     } map { "canonical_max_$_" } qw(size memory depth members number objects)),

    ['canonical_max_depth 1k', '"canonical_max_depth" directive invalid '
                               . 'number'],
    ['canonical_max_depth 513', 'value must be between 1 and 512'],
    ['canonical_stream yes', 'it must be "on" or "off"'],
    ['canonical_max_memory 1x', 'invalid value'],
    ['canonical_quarantine', 'invalid number of arguments'],
    ['canonical_quarantine q max=x', '.'],
    ['canonical_quarantine q x=1', '.'],
    ['if ($uri) { canonical_request m; }',
     '"canonical_request" directive is not allowed here'])
{
    my ($text, $error) = @$case;

    $text .= ';' if $text !~ /}\s*\z/;

    refused $text, 5 + ($text =~ tr/\n//), $error, <<EOF;
http {
    $json
    $to $rest
    server { location / {
$text
    } }
}
EOF
}


# what is right

symlink "$shipped/schemas", "$dir/schemas" or die "schemas: $!\n";

accepted 'everything that is shipped', <<EOF;
http {
    canonical_key patient file=long.key id=k1;
    include $shipped/maps/*.conf;
}
EOF

accepted 'in any order, at any level', <<EOF;
http {
    canonical_request m;
    canonical_max_size 1m;
    canonical_max_memory 16m;
    canonical_max_depth 10;
    canonical_max_members 10;
    canonical_max_number 10;
    canonical_max_objects 10;
    canonical_stream on;
    canonical_quarantine off;
    server {
        canonical_request off;
        set \$x 1;
        if (\$x) { return 200; }
        location / {
            canonical_request m n;
            canonical_response m;
            canonical_render o p;
            canonical_max_size 1;
            canonical_stream off;
            canonical_quarantine q max=10;
        }
        location /a { canonical_request off; canonical_render off; }
    }
    canonical_map n version=2 {
        from hl7 ADT;
        emit e key=k;
        set  k PID-3 hmac=k;
        set  a PID-8 map=t;
    }
    canonical_table t { }
    canonical_key k authorities=t id=a file=long.key;
    $json
    $to
    canonical_map p version=1 {
        from canonical e;
        to   hl7 ADT^A01;
        segment PID { set 3.1 a; }
    }
}
EOF

accepted 'what phi allows', <<EOF;
http {
    canonical_map m version=1 {
        from hl7 ADT;
        emit e key=k;
        phi  allow=a,b.c;
        phi  allow=d[].e;
        set  k MSH-10;
        set  a PID-5;
        set  b.c NK1-2;
        set  f PID-7 date mask=year;
        set  g PID-3 hmac=k;
        set  h PID-11 drop;
        each d[] PID-3 { set e .1; set f .1 hmac=k; }
        when PID-8 present { const i 1; }
    }
    canonical_key k file=long.key id=a;
}
EOF

accepted 'no phi line, no check', <<EOF;
http {
    canonical_map m version=1 {
        from hl7 ADT;
        emit e key=k;
        set k PID-3;
    }
}
EOF

ok(!glob($ngx->dir . '/q/*'), 'nginx -t makes no files');


# the secret and the message are in no error

my ($ok, $out) = check "http { canonical_key k file=short.key id=a; }";
unlike($out, qr/fifteen/, 'a key is not shown');


# a reload: another map, the same connection of a client that goes on sending

my @body = ('application/json', '{"a":"x"}');

is($t->post('/map/m', @body)->{body}, mapped('first'), 'the first map');

my $pid = fork // die "fork: $!\n";

if ($pid == 0) {
    my ($first, $wrong) = (0, 0);

    $SIG{TERM} = sub { $first = -1 };

    until ($first < 0) {
        my $got = $t->post('/map/m', @body)->{body};
        $wrong++ unless $got eq mapped('first') || $got eq mapped('second');
    }

    require POSIX;
    POSIX::_exit($wrong ? 1 : 0);
}

$ngx->wait_gone($ngx->reload(http => $ngx->{http} =~ s/first/second/gr));
is($t->post('/map/m', @body)->{body}, mapped('second'),
   'the second map, after a reload');

$ngx->wait_gone($ngx->reload);
kill 'TERM', $pid;
waitpid $pid, 0;
is($?, 0, 'each request has one of the two, whole');


# a bad one changes nothing

{
    my $good = $ngx->{http};
    my @old = $ngx->workers;

    $ngx->{http} = $good =~ s/const by second/const by "second" x y/r;
    $ngx->configure;
    $ngx->signal('HUP');
    wait_for { $ngx->log =~ /\[emerg\].*invalid number of arguments in "const"/ }
             'the error';

    is($t->post('/map/m', @body)->{body}, mapped('second'),
       'a bad reload disturbs nothing');
    is_deeply([$ngx->workers], \@old, 'the same workers');

    $ngx->{http} = $good;
}


# reloads leave nothing behind in the master

SKIP: {
    skip 'memory is not that of nginx here', 1
        if $ENV{TEST_NGINX_BINARY} =~ m{/(?:asan|valgrind)/};

    my $http = "$ngx->{http}\n"
               . "canonical_key patient file=p.key id=k1;\n"
               . "include $shipped/maps/*.conf;\n";

    $ngx->wait_gone($ngx->reload(http => $http)) for 1 .. 4;

    my $before = Engine::memory($ngx->master, 'VmRSS');
    $ngx->wait_gone($ngx->reload) for 1 .. 20;
    my $after = Engine::memory($ngx->master, 'VmRSS');

    cmp_ok($after, '<', $before + 1024, '20 reloads do not grow the master')
        or diag "$before kB, $after kB";
}

$ngx->{allow} = qr/\[emerg\].*invalid number of arguments in "const"/;
$t->stop;
done_testing();


sub maps {
    my ($word) = @_;

    return <<EOF;
canonical_map m version=1 {
    from json;
    emit e key=k;
    set  k a;
    const by $word;
    set  c a map=t;
}
canonical_table t { x $word; }
EOF
}


sub mapped {
    my ($word) = @_;

    return "{\"type\":\"e\",\"map\":\"m\@1\",\"key\":\"x\",\"k\":\"x\","
           . "\"by\":\"$word\",\"c\":\"$word\"}";
}
