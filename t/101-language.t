use lib 't/lib';
use strict;
use warnings;
use JSON::PP;
use Test::More;
use MapTest;

# The language of maps, word by word: what a rule makes of a body.  Objects
# are compared as text, as the order of members and the digits of numbers
# count.

sub hl7_rules;
sub fhir_rules;
sub json_rules;
sub xml_rules;
sub rules;
sub whole;

my (@cases, @maps, $conf);

my $msh = 'MSH|^~\&|APP|FAC|HIE|ERP|20261121081500||ADT^A01^ADT_A01|C1|P|2.5.1';

my $pid = 'PID|1||900112^^^NAT&1.2.3&ISO^SS~P1^^^GHH^MR~X7^^^FAR^PI||'
          . 'Everyman^Adam^A||19880818|M|""||Lane 4^^Town^^99812-4444^US';

my $obx = <<'EOF';
OBX|1|NM|8867-4^Pulse^LN||72|/min|||||F
OBX|2|NM|29463-7^Weight^LN||81.50|kg|||||F
OBX|3|ST|X1^Note^L||a~b^c|||||F
EOF


# --- targets and sources ---

hl7_rules 'one member' => 'set a PID-5.1;', $pid, '"a":"Everyman"';
hl7_rules 'members of members' =>
          'set a.b.c PID-5.1; set a.d PID-5.2; set a.b.e PID-8;', $pid,
          '"a":{"b":{"c":"Everyman","e":"M"},"d":"Adam"}';
hl7_rules 'the order is that of the map' =>
          'set z PID-8; set a PID-5.1; set m PID-5.2;', $pid,
          '"z":"M","a":"Everyman","m":"Adam"';
hl7_rules 'no value, no member, nor one around it' =>
          'set a.b PID-6; set c PID-8;', $pid, '"c":"M"';
hl7_rules 'no such segment' => 'set a ZZZ-1; set b ZZZ-3[5=MR].1;', $pid, '';

hl7_rules 'a field without a component is its first one' =>
          'set a PID-5; set b PID-3[2]; set c PID-3.4; set d OBX[3]-5;',
          "$pid\n$obx", '"a":"Everyman","b":"P1","c":"NAT","d":"a"';
hl7_rules 'components and subcomponents' =>
          'set a PID-3.4.2; set b PID-3.4.1; set c PID-11.5; set d PID-3.4.4;',
          $pid, '"a":"1.2.3","b":"NAT","c":"99812-4444"';
hl7_rules 'a repetition by number' =>
          'set a PID-3[1].1; set b PID-3[2].1; set c PID-3[4].1;', $pid,
          '"a":"900112","b":"P1"';
hl7_rules 'a repetition by what is in it' =>
          'set a PID-3[5=MR].1; set b PID-3[4.2=1.2.3].1;
           set c PID-3[5=XX].1; set d PID-3[5=PI].4;', $pid,
          '"a":"P1","b":"900112","d":"FAR"';
hl7_rules 'a segment by number' =>
          'set a OBX[2]-5; set b OBX[3]-5; set c OBX[4]-5;', $obx,
          '"a":"81.50","b":"a"';
hl7_rules 'a segment by what is in it' =>
          'set a OBX[3.1=29463-7]-5; set b OBX[3.1=8867-4]-6;
           set c OBX[3.1=none]-5; set d OBX[2=NM]-1;', $obx,
          '"a":"81.50","b":"/min","d":"1"';
hl7_rules 'MSH counts its separator' =>
          'set a MSH-1; set b MSH-2; set c MSH-9.2; set d MSH-10;', $pid,
          '"a":"|","b":"^~\\\\&","c":"A01","d":"C1"';

hl7_rules 'all values of a list' =>
          'set ids[] PID-3[*].1; set b[] OBX[*]-5.1;', $pid . "\n" . $obx,
          '"ids":["900112","P1","X7"],"b":["72","81.50","a"]';
hl7_rules 'a list of one' => 'set a[] PID-8; set b[] PID-6;', $pid,
          '"a":["M"]';
hl7_rules 'a list from several rules' =>
          'set a[] PID-3[*].1; set a[] PID-5.1; const a[] end;', $pid,
          '"a":["900112","P1","X7","Everyman","end"]';
hl7_rules 'a list inside of an object' => 'set a.b[] PID-3[*].5;', $pid,
          '"a":{"b":["SS","MR","PI"]}';
hl7_rules 'alternatives of a list: the first one that has any' =>
          'set a[] OBX[*]-20 | PID-3[*].1 | PID-8;', $pid,
          '"a":["900112","P1","X7"]';

hl7_rules 'alternatives' =>
          'set a PID-6|PID-5.1; set b PID-6 | PID-5.2; set c "PID-6 | PID-8";
           set d PID-6 alt=PID-5.3; set e PID-6|ZZZ-1 | PID-9.2 alt=PID-8;
           set f PID-5.1|PID-5.2; set g PID-6|PID-12;', $pid,
          '"a":"Everyman","b":"Adam","c":"M","d":"A","e":"M","f":"Everyman"';

hl7_rules 'a template' =>
          'set a "{MSH-4}/{MSH-10}/{PID-8}"; set b "<{PID-3[5=MR].1}>";
           set c "{PID-8}"; set d "{MSH-10}{PID-8}";', $pid,
          '"a":"FAC/C1/M","b":"<P1>","c":"M","d":"C1M"';
hl7_rules 'a template without one of its values is none' =>
          'set a "{MSH-4}/{PID-6}"; set b "{PID-6}/x" | "{PID-8}/y";
           set c "{PID-6}" | PID-5.1;', $pid,
          '"b":"M/y","c":"Everyman"';
hl7_rules 'alternatives inside of a template' =>
          'set a "{PID-6|PID-8}-{ZZZ-1|MSH-10}";', $pid, '"a":"M-C1"';
hl7_rules 'doubled braces of a template' =>
          'set a "{{x}}{PID-8}{{{PID-8}}}";', $pid, '"a":"{x}M{M}"';

hl7_rules 'variables of nginx' =>
          'set a $request_method; set b $http_x_none|$http_x_unit;
           set c "{$http_x_unit}:{PID-8}"; set d $hl7_control_id;
           set e $http_x_none; set f $http_x_none default=none;', $pid,
          '"a":"POST","b":"u7","c":"u7:M","d":"C1","f":"none"';

hl7_rules 'const' =>
          'const a text; const b 12 int; const c -3 int; const d true bool;
           const e false bool; const f.g "two words"; const h 007;', $pid,
          '"a":"text","b":12,"c":-3,"d":true,"e":false,'
          . '"f":{"g":"two words"},"h":"007"';


# --- each ---

hl7_rules 'each over segments' =>
          'each a[] OBX { set code OBX-3.1; set value OBX-5.1; }', $obx,
          '"a":[{"code":"8867-4","value":"72"},{"code":"29463-7","value":'
          . '"81.50"},{"code":"X1","value":"a"}]';
hl7_rules 'none of them, no list' => 'each a[] DG1 { set b DG1-3; }', $pid, '';
hl7_rules 'an empty object is none' =>
          'each a[] OBX { set b OBX-20; } each c[] OBX { set d OBX-6; }', $obx,
          '"c":[{"d":"/min"},{"d":"kg"}]';
hl7_rules 'each over repetitions, relative paths' =>
          'each a[] PID-3 { set id .1; set by .4.1; set oid .4.2; set all .; }',
          $pid, '"a":[{"id":"900112","by":"NAT","oid":"1.2.3",'
          . '"all":"900112"},'
          . '{"id":"P1","by":"GHH","all":"P1"},'
          . '{"id":"X7","by":"FAR","all":"X7"}]';
hl7_rules 'other paths inside of it' =>
          'each a[] PID-3 { set id .1; set sex PID-8; set note OBX[3]-5.1; }',
          "$pid\n$obx", '"a":[{"id":"900112","sex":"M","note":"a"},'
          . '{"id":"P1","sex":"M","note":"a"},{"id":"X7","sex":"M",'
          . '"note":"a"}]';
hl7_rules 'each inside of each' =>
          'each a[] OBX { set n OBX-1; each b[] OBX-5 { set c .1; set d .2; } }',
          $obx, '"a":[{"n":"1","b":[{"c":"72"}]},{"n":"2","b":[{"c":"81.50"}]},'
          . '{"n":"3","b":[{"c":"a"},{"c":"b","d":"c"}]}]';
hl7_rules 'each in a member' => 'each a.b[] PID-3 { set c .1; }', $pid,
          '"a":{"b":[{"c":"900112"},{"c":"P1"},{"c":"X7"}]}';
hl7_rules 'a list inside of each' =>
          'each a[] OBX { set b[] OBX-5[*].1; }', $obx,
          '"a":[{"b":["72"]},{"b":["81.50"]},{"b":["a","b"]}]';
hl7_rules 'each over the first alternative that is there' =>
          'each a[] ZZZ|OBX { set b OBX-1; } each c[] PID-4|PID-3 { set d .1; }',
          "$pid\n$obx", '"a":[{"b":"1"},{"b":"2"},{"b":"3"}],'
          . '"c":[{"d":"900112"},{"d":"P1"},{"d":"X7"}]';

my $groups = <<'EOF';
FT1|1||||||CG|A
PR1|1||p1
NTE|1||n1
PR1|2||p2
FT1|2||||||CG|B
FT1|3||||||CG|C
PR1|1||p3
DG1|1||d1
EOF

hl7_rules 'a group: with' =>
          'each a[] FT1 with PR1 NTE {
               set id FT1-1; set note NTE-3; set diagnosis DG1-3;
               each b[] PR1 { set p PR1-3; set id FT1-1; }
           }', $groups,
          '"a":[{"id":"1","note":"n1","diagnosis":"d1","b":[{"p":"p1","id":"1"'
          . '},{"p":"p2","id":"1"}]},{"id":"2","diagnosis":"d1"},'
          . '{"id":"3","diagnosis":"d1","b":[{"p":"p3","id":"3"}]}]';
hl7_rules 'a segment that with does not name is of the message' =>
          'each a[] FT1 { set id FT1-1; set p PR1-3; each b[] PR1 {
               set c PR1-3; } }', $groups,
          '"a":[{"id":"1","p":"p1","b":[{"c":"p1"},{"c":"p2"},{"c":"p3"}]},'
          . '{"id":"2","p":"p1","b":[{"c":"p1"},{"c":"p2"},{"c":"p3"}]},'
          . '{"id":"3","p":"p1","b":[{"c":"p1"},{"c":"p2"},{"c":"p3"}]}]';
hl7_rules 'a group within a group' =>
          'each a[] FT1 with PR1 NTE { set id FT1-1;
               each b[] PR1 with NTE { set p PR1-3; set n NTE-3; } }', $groups,
          '"a":[{"id":"1","b":[{"p":"p1","n":"n1"},{"p":"p2"}]},{"id":"2"},'
          . '{"id":"3","b":[{"p":"p3"}]}]';
hl7_rules 'what with names is not taken from elsewhere' =>
          'each a[] FT1 with PR1 { set id FT1-1; set p PR1-3; }', $groups,
          '"a":[{"id":"1","p":"p1"},{"id":"2"},{"id":"3","p":"p3"}]';


# --- when ---

hl7_rules 'present' =>
          'when PID-8 present { const a 1; } else { const a 2; }
           when PID-6 present { const b 1; } else { const b 2; }
           when OBX present { const c 1; } else { const c 2; }
           when PID present { const d 1; }
           when PID-9 present { const e 1; } else { const e null; }', $pid,
          '"a":"1","b":"2","c":"2","d":"1","e":"null"';
hl7_rules 'a value' =>
          'when PID-8 = M { const a 1; } when PID-8 = F { const b 1; }
           when PID-8 != F { const c 1; } when PID-8 != M { const d 1; }
           when PID-6 != x { const e none; } when PID-6 = x { const f 1; }
           when PID-8 = m { const g 1; }', $pid,
          '"a":"1","c":"1","e":"none"';
hl7_rules 'one of several' =>
          'when PID-8 in F M { const a 1; } when PID-8 in F U { const b 1; }
           when PID-6 in F M { const c 1; } else { const d 1; }', $pid,
          '"a":"1","d":"1"';
hl7_rules 'a regular expression' =>
          'when PID-7 ~ ^19\d\d { const a 1; } when PID-7 ~ ^20 { const b 1; }
           when PID-5.1 ~ "every|any" { const c 1; }
           when PID-5.1 ~ "(?i)^EVERY" { const d 1; }
           when PID-6 ~ .* { const e 1; }', $pid,
          '"a":"1","d":"1"';
hl7_rules 'when inside of when, and inside of each' =>
          'when PID present { when PID-8 = F { const a 1; }
               else { when PID-8 = M { const a 2; } else { const a 3; } } }
           each b[] OBX { when OBX-2 = NM { set n OBX-5 decimal; }
               else { set t OBX-5.1; } }
           each c[] PID-3 { when .5 in MR PI { set id .1; } }',
          "$pid\n$obx", '"a":"2","b":[{"n":"72"},{"n":"81.50"},{"t":"a"}],'
          . '"c":[{"id":"P1"},{"id":"X7"}]';
hl7_rules 'when of alternatives, a template, a variable' =>
          'when PID-6|PID-8 = M { const a 1; }
           when "{PID-8}/{MSH-10}" = M/C1 { const b 1; }
           when $http_x_unit = u7 { const c 1; }
           when $http_x_none present { const d 1; }', $pid,
          '"a":"1","b":"1","c":"1"';
hl7_rules 'each inside of when' =>
          'when PID-8 = M { each a[] PID-3 { set b .1; } }
           when PID-8 = F { each c[] PID-3 { set b .1; } }', $pid,
          '"a":[{"b":"900112"},{"b":"P1"},{"b":"X7"}]';


# --- the options of set ---

hl7_rules 'default' =>
          'set a PID-6 default=x; set b PID-8 default=x; set c PID-6 ts
           default=2026-01-02; set d PID-6 decimal=2 default=1.5;
           set e PID-6 int default=7; set f PID-6 bool default=false;
           set g PID-6 bool=J:N default=J;', $pid,
          '"a":"x","b":"M","c":"2026-01-02","d":"1.50","e":7,"f":false,'
          . '"g":true';
hl7_rules 'null is kept' =>
          'set a PID-9; set b PID-9 null=keep; set c PID-9|PID-8;
           set d PID-9 default=x; set e[] PID-9;', $pid,
          '"a":null,"b":null,"c":null,"d":null,"e":[null]';
hl7_rules 'null is cleared' =>
          'set a PID-9 null=clear; set b PID-9|PID-8 null=clear;
           set c PID-9 default=x null=clear; set d[] PID-9 null=clear;', $pid,
          '"b":"M","c":"x"';
hl7_rules 'max counts characters' =>
          'set a PID-5.1 max=8; set b "{PID-8}ää" max=3;', $pid,
          "\"a\":\"Everyman\",\"b\":\"M\xc3\xa4\xc3\xa4\"";
hl7_rules 'longer than max' => 'set a PID-5.1 max=7;', $pid,
          \'longer than max=';
hl7_rules 'required' => 'set a PID-8 required;', $pid, '"a":"M"';
hl7_rules 'required, not there' => 'set a PID-6 required;', $pid,
          \'required value is missing';
hl7_rules 'required, null' => 'set a PID-9 required;', $pid,
          \'required value is missing';
hl7_rules 'masks' =>
          'set a PID-7 date mask=year; set b PID-5.1 mask=initial;
           set c PID-11.5 mask=last4; set d PID-11.5 mask=zip3;
           set e PID-3.1 mask=last4; set f PID-8 mask=zip3;
           set g PID-6 mask=initial; set h "Ö{PID-8}" mask=initial;', $pid,
          "\"a\":\"1988\",\"b\":\"E\",\"c\":\"4444\",\"d\":\"998\","
          . "\"e\":\"******\",\"h\":\"\xc3\x96\"";
hl7_rules 'drop' => 'set a PID-5 drop; set b PID-8; set a PID-11 drop;
                     set c PID drop;', $pid, '"b":"M"';


# --- types ---

hl7_rules 'decimal' =>
          'set a[] OBX[*]-5 decimal;',
          "OBX|1|NM|||100.10\nOBX|2|NM|||1850\nOBX|3|NM|||-0.0\n"
          . "OBX|4|NM|||+5\nOBX|5|NM|||.5\nOBX|6|NM|||7.\nOBX|7|NM|||007\n"
          . "OBX|8|NM|||123456789012345678901234567890.123456\n",
          '"a":["100.10","1850","0.0","5","0.5","7","7",'
          . '"123456789012345678901234567890.123456"]';
hl7_rules 'decimal with a scale' =>
          'set a[] OBX[*]-5 decimal=2; set b OBX-5 decimal=0;',
          "OBX|1|NM|||1850\nOBX|2|NM|||3700.0\nOBX|3|NM|||0.100\n"
          . "OBX|4|NM|||-12.34\n",
          '"a":["1850.00","3700.00","0.10","-12.34"],"b":"1850"';
hl7_rules 'a digit is not rounded away' => 'set a OBX-5 decimal=2;',
          'OBX|1|NM|||1.005', \'more digits than the scale';
for my $wrong ('3,700', '1e3', '1.2.3', 'x', '-', '.', '1 2', '0x1',
               '1' x 37)
{
    hl7_rules "no decimal: $wrong" => 'set a OBX-5 decimal;',
              "OBX|1|NM|||$wrong", \'not a number';
}

hl7_rules 'int' =>
          'set a[] OBX[*]-5 int;',
          "OBX|1|NM|||12\nOBX|2|NM|||-3\nOBX|3|NM|||+4\nOBX|4|NM|||007\n"
          . "OBX|5|NM|||5.00\nOBX|6|NM|||-0\nOBX|7|NM|||-012\n"
          . "OBX|8|NM|||999999999999999999\n",
          '"a":[12,-3,4,7,5,0,-12,999999999999999999]';
for my $wrong ('1.5', 'x', '', '1e3', '--1', '.0') {
    next if $wrong eq '';
    hl7_rules "no int: $wrong" => 'set a OBX-5 int;', "OBX|1|NM|||$wrong",
              \'not an integer';
}
hl7_rules 'an int of too many digits' => 'set a OBX-5 int;',
          'OBX|1|NM|||1000000000000000000',
          \'an integer of too many digits';

hl7_rules 'bool' =>
          'set a[] OBX-5[*] bool; set b[] OBX-6[*] bool=J,1:N,0;',
          'OBX|1|NM|||Y~N~1~0~T~F~true~false|J~1~N~0',
          '"a":[true,false,true,false,true,false,true,false],'
          . '"b":[true,true,false,false]';
hl7_rules 'no bool' => 'set a OBX-5 bool;', 'OBX|1|NM|||maybe',
          \'not a boolean';
hl7_rules 'bool names its words' => 'set a OBX-5 bool=J:N;', 'OBX|1|NM|||Y',
          \'not a boolean';

hl7_rules 'code and text' =>
          'set a OBX-5 code; set b OBX-5 text; set c OBX-6 text;',
          'OBX|1|NM|||x 1|a\.br\b',
          '"a":"x 1","b":"x 1","c":"a\nb"';
hl7_rules 'no code' => 'set a OBX-5 code;', 'OBX|1|NM|||a\.br\b',
          \'a control character in a code';

hl7_rules 'dates keep their precision' =>
          'set a[] OBX[*]-5 date;',
          "OBX|1|DT|||2026\nOBX|2|DT|||202611\nOBX|3|DT|||20261121\n"
          . "OBX|4|DT|||20261121081400+0100\nOBX|5|DT|||20240229\n",
          '"a":["2026","2026-11","2026-11-21","2026-11-21","2024-02-29"]';
hl7_rules 'times keep their precision and offset' =>
          'zone Europe/Berlin; set a[] OBX[*]-5 ts;',
          "OBX|1|TS|||2026\nOBX|2|TS|||202611\nOBX|3|TS|||20261121\n"
          . "OBX|4|TS|||2026112108\nOBX|5|TS|||202611210814\n"
          . "OBX|6|TS|||20261121081400.5\nOBX|7|TS|||20261121081400+0530\n"
          . "OBX|8|TS|||20260701081400.1250-0000\n",
          '"a":["2026","2026-11","2026-11-21","2026-11-21T08:00:00+01:00",'
          . '"2026-11-21T08:14:00+01:00","2026-11-21T08:14:00.5+01:00",'
          . '"2026-11-21T08:14:00+05:30","2026-07-01T08:14:00.1250+00:00"]';
hl7_rules 'a time of day' =>
          'set a[] OBX[*]-5 time;',
          "OBX|1|TM|||08\nOBX|2|TM|||0814\nOBX|3|TM|||081400.25\n"
          . "OBX|4|TM|||20261121235900\n",
          '"a":["08:00:00","08:14:00","08:14:00.25","23:59:00"]';
for my $wrong ('20261131', '20260229', '20261301', '20261121251400', '202611211',
               'x', '21.11.2026', '0000', '20261121081400+9900')
{
    hl7_rules "no time: $wrong" => 'set a OBX-5 ts;', "OBX|1|TS|||$wrong",
              qr/./;
}

# zone: clocks that skip an hour, and that show one twice

my $clock = "OBX|1|TS|||20260329013000\nOBX|2|TS|||20260329023000\n"
            . "OBX|3|TS|||20260329033000\nOBX|4|TS|||20261025013000\n"
            . "OBX|5|TS|||20261025023000\nOBX|6|TS|||20261025033000\n";

my @clock = qw(2026-03-29T01:30:00+01:00 2026-03-29T02:30:00+01:00
               2026-03-29T03:30:00+02:00 2026-10-25T01:30:00+02:00
               2026-10-25T02:30:00+02:00 2026-10-25T03:30:00+01:00);

hl7_rules 'an hour that is not there, and one that is there twice' =>
          'zone Europe/Berlin; set a[] OBX[*]-5 ts;', $clock,
          '"a":["' . join('","', @clock) . '"]';
hl7_rules 'ambiguous=first' =>
          'zone Europe/Berlin ambiguous=first; set a[] OBX[*]-5 ts;', $clock,
          '"a":["' . join('","', @clock) . '"]';
hl7_rules 'ambiguous=last' =>
          'zone Europe/Berlin ambiguous=last; set a[] OBX[*]-5 ts;', $clock,
          '"a":["' . join('","', map { s/(-10-25T02.*)\+02/$1+01/r } @clock)
          . '"]';
hl7_rules 'an offset as the zone' => 'zone -03:30; set a OBX-5 ts;',
          'OBX|1|TS|||20260701081400', '"a":"2026-07-01T08:14:00-03:30"';
hl7_rules 'UTC' => 'zone UTC; set a OBX-5 ts;', 'OBX|1|TS|||20260701081400',
          qr/"a":"2026-07-01T08:14:00(\+00:00|Z)"\}$/;
hl7_rules 'msh, which has none' => 'zone msh Europe/Berlin; set a OBX-5 ts;',
          'OBX|1|TS|||20260701081400', '"a":"2026-07-01T08:14:00+02:00"';
hl7_rules 'no zone: local time stays what it is' => 'set a OBX-5 ts;',
          'OBX|1|TS|||20260701081400', '"a":"2026-07-01T08:14:00"';

my $zoned = $msh =~ s/081500/081500-0700/r;

whole 'msh first' => 'zone msh Europe/Berlin; set a OBX-5 ts;',
      "$zoned\nOBX|1|TS|||20260701081400\n",
      '"a":"2026-07-01T08:14:00-07:00"';
whole 'msh last' => 'zone Europe/Berlin msh; set a OBX-5 ts;',
      "$zoned\nOBX|1|TS|||20260701081400\n",
      '"a":"2026-07-01T08:14:00+02:00"';
whole 'msh alone' => 'zone msh; set a OBX-5 ts; set b OBX-6 ts;',
      "$zoned\nOBX|1|TS|||20260701081400|20260701081400+0100\n",
      '"a":"2026-07-01T08:14:00-07:00","b":"2026-07-01T08:14:00+01:00"';


# --- character sets and escape sequences ---

hl7_rules 'escape sequences' =>
          'set a OBX-5; set b OBX-6; set c OBX-7;',
          'OBX|1|ST|||a\F\b\S\c\T\d\R\e\E\f|\H\bold\N\|\XC3A4\"/' . "\t",
          "\"a\":\"a|b^c&d~e\\\\f\",\"b\":\"bold\",\"c\":\"\xc3\xa4\\\"/\\t\"";
hl7_rules 'an escaped delimiter splits nothing' =>
          'set a OBX-5.1; set b OBX-5.2; set c[] OBX-5[*].1;',
          'OBX|1|ST|||a\S\b^c\R\d', '"a":"a^b","b":"c~d","c":["a^b"]';
whole 'ISO 8859-1' => 'set a PID-5.1; set b PID-5.2; when PID-5.1 = Müller {
                       const c same; }',
      "$msh||||||8859/1\nPID|||||M\xfcller^Ren\xe9\n",
      "\"a\":\"M\xc3\xbcller\",\"b\":\"Ren\xc3\xa9\",\"c\":\"same\"";
whole 'UTF-8' => 'set a PID-5.1; set b PID-5.2 mask=initial;',
      "$msh||||||UNICODE UTF-8\nPID|||||M\xc3\xbcller^\xc3\x89mile\n",
      "\"a\":\"M\xc3\xbcller\",\"b\":\"\xc3\x89\"";
whole 'bytes that are not UTF-8' => 'set a PID-5.1;',
      "$msh||||||UNICODE UTF-8\nPID|||||M\xfcller\n",
      "\"a\":\"M\xef\xbf\xbdller\"";
whole 'other delimiters' => 'set a PID-3[5=MR].1; set b PID-5.2.1; set c PID-8;',
      "MSH#*!?\@#APP#FAC#HIE#ERP#20261121##ADT*A01#C1#P#2.5\n"
      . "PID###1***X*SS!2***Y*MR##A?S?B*C\@D###F|M\n",
      '"a":"2","b":"C","c":"F|M"';


# --- tables and keys; they are defined behind the maps ---

hl7_rules 'a table' =>
          'set a PID-8 map=sex; set b PID-6 map=sex; set c PID-6 map=sex
           default=none; set d PID-5.1 map=sex default=other;
           set e[] PID-3[*].5 map=kinds;', $pid,
          '"a":"male","c":"none","d":"other","e":["x","medical record","x"]';
hl7_rules 'a word that is not in the table' => 'set a PID-5.1 map=sex;', $pid,
          \'not in the table';
hl7_rules 'a table whose word is empty' =>
          'set a OBX-2 map=empty; set b OBX-2 map=empty default=z;', $obx,
          '"b":"z"';
hl7_rules 'keys that are words of the table' =>
          'set a[] OBX-5[*] map=words;',
          'OBX|1|ST|||file~default~include~other~\E\x',
          '"a":["a file","a default","an include","any","any"]';
hl7_rules 'a table of a file' =>
          'set a[] OBX-5[*] map=centers;', 'OBX|1|ST|||OR~4E~R,1~q~none',
          '"a":["4100","4120","43\"00","a, b","9999"]';
hl7_rules 'a table with lines of another file' =>
          'set a[] OBX-5[*] map=included;', 'OBX|1|ST|||A~B~C',
          '"a":["1","2","3"]';
hl7_rules 'a table, then a type' =>
          'set a PID-8 map=number int; set b PID-8 map=number decimal=1;', $pid,
          '"a":7,"b":"7.0"';

my $t1 = 'pt_k1_[a-z2-7]{26}';

hl7_rules 'tokens' =>
          'set a PID-3[5=MR].1 hmac=patient; set b PID-3[5=MR].1 hmac=other;
           set c PID-3[5=MR].1 hmac=patient authority=GHH;
           set d PID-3[5=MR].1 hmac=patient authority=FAR;
           set e PID-6 hmac=patient; set f[] PID-3[*].1 hmac=patient;',
          $pid, qr/^.*,"a":"($t1)","b":"pt_o_[a-z2-7]{26}","c":"\1",
                   "d":"(?!\1)$t1","f":\["$t1","\1","$t1"\]\}$/x;
hl7_rules 'names of one authority' =>
          'set a PID-3[1].1 hmac=known authority=GHH;
           set b PID-3[1].1 hmac=known authority=2.16.1;
           set c PID-3[1].1 hmac=known authority=urn:ghh;
           set d PID-3[1].1 hmac=known authority=FAR;', $pid,
          qr/"a":"(pt_k_\w{26})","b":"\1","c":"\1","d":"(?!\1)pt_k_\w{26}"\}$/;
hl7_rules 'a key that is being replaced' =>
          'set a.id PID-3[5=MR].1 hmac=rotated; set b PID-6 hmac=rotated;
           set c PID-3[5=MR].1 hmac=fresh; set d PID-3[5=MR].1 hmac=stale;',
          $pid, qr/"a":\{"id":"(pt_k2_\w{26})","id_previous":"pt_k1_\w{26}"\},
                   "c":"pt_k2_\w{26}","d":"pt_k1_\w{26}"\}$/x;


# --- FHIR ---

my $observation = <<'EOF';
{ "resourceType": "Observation", "id": "o1", "status": "final",
  "code": { "coding": [ { "system": "http://loinc.org", "code": "29463-7" },
                        { "system": "urn:x", "code": "W" } ] },
  "subject": { "reference": "#p" },
  "contained": [ { "resourceType": "Patient", "id": "p",
                   "identifier": [ { "system": "urn:mr", "value": "P1" } ] } ],
  "effectiveDateTime": "2026-07-01T08:14:00",
  "issued": "2026-07-01T08:14:00.250Z",
  "valueQuantity": { "value": 100.10, "unit": "kg", "code": "kg" },
  "component": [ { "code": { "text": "a" }, "valueInteger": 5 },
                 { "code": { "text": "b" }, "valueBoolean": true } ],
  "referenceRange": [ { "low": { "value": 1850 }, "high": { "value": 1E+2 } } ]
}
EOF

fhir_rules 'elements' =>
          'set a id; set b code.coding.code; set c value.ofType(Quantity).code;
           set d value.unit; set e bodySite.text;', 'Observation',
          $observation, '"a":"o1","b":"29463-7","c":"kg","d":"kg"';
fhir_rules 'decimals are exact' =>
          'set a value.value; set b value.value decimal; set c
           value.value decimal=3; set d referenceRange.low.value decimal=2;
           set e referenceRange.low.value; set f referenceRange.high.value
           decimal; set g "value.value * 3" decimal;
           set h referenceRange.low.value int;', 'Observation', $observation,
          '"a":"100.10","b":"100.10","c":"100.100","d":"1850.00","e":"1850",'
          . '"f":"100","g":"300.30","h":1850';
fhir_rules 'times' =>
          'zone Europe/Amsterdam; set a effective ts; set b issued ts;
           set c issued date; set d issued time; set e effective;',
          'Observation', $observation,
          qr/,"a":"2026-07-01T08:14:00\+02:00","b":"2026-07-01T08:14:00
             \.250(Z|\+00:00)","c":"2026-07-01","d":"08:14:00\.250",
             "e":"2026-07-01T08:14:00"\}$/x;
fhir_rules 'expressions' =>
          q(set a "code.coding.where(system = 'urn:x').code";
            set b "code.coding.where(system.startsWith('http')).code.lower()";
            set c "component.count()" int; set d "component.exists()" bool;
            set e "subject.resolve().identifier.value";
            set f "iif(status = 'final', 'F', 'P')";
            set g[] code.coding.code; set h "status | id";
            set i bodySite.text|id; set j bodySite.text alt=status;
            set l "bodySite | status | id";),
          'Observation', $observation,
          '"a":"W","b":"29463-7","c":2,"d":true,"e":"P1","f":"F",'
          . '"g":["29463-7","W"],"h":"final","i":"o1","j":"final","l":"final"';
fhir_rules 'templates' =>
          q(set a "{id}/{status}"; set b "{id}-{bodySite.text}" | "x{id}";
            set c "{code.coding.where(system = 'urn:x').code}:{{}}";),
          'Observation', $observation, '"a":"o1/final","b":"xo1","c":"W:{}"';
fhir_rules 'each and when' =>
          q(each a[] component { set t code.text;
                when "value is integer" = true { set n value int; }
                else { set y value bool; }
                set id "%resource.id"; }
            when "component.count() > 1" = true { const b many; }
            when "component.count() > 2" = true { const c many; }
            when "value.value > 100" present { const d more; }
            when status in final amended { const e done; }
            when bodySite present { const f 1; } else { const f 2; }),
          'Observation', $observation,
          '"a":[{"t":"a","n":5,"id":"o1"},{"t":"b","y":true,"id":"o1"}],'
          . '"b":"many","d":"more","e":"done","f":"2"';
fhir_rules 'tokens of FHIR' =>
          q(set a "subject.resolve().identifier.where(system = 'urn:mr').value"
                hmac=patient;
            set b "subject.resolve().identifier.value.first()" hmac=patient
                authority=urn:mr;
            set c "subject.resolve().identifier.value" hmac=patient
                authority=other;),
          'Observation', $observation,
          qr/"a":"($t1)","b":"\1","c":"(?!\1)$t1"\}$/;
fhir_rules 'several resources' => 'set a id; set b status;',
          'Observation Patient', '{"resourceType":"Patient","id":"p9"}',
          '"a":"p9"';


# --- JSON and XML of others ---

my $json = '{"n":100.10,"big":12345678901234567890.5,"t":true,"f":false,'
           . '"z":null,"s":"a\u00e4\n\"","o":{"p":[1,2,{"q":"r"}]},'
           . '"list":[{"id":1,"v":"x"},{"id":2}],"when":"2026-07-01T08:14:00"}';

json_rules 'values stay what they are' =>
           'set a n; set b big; set c t; set d z; set e s; set f[] o.p; set g o;
            set h f;', $json,
           "\"a\":100.10,\"b\":12345678901234567890.5,\"c\":true,\"d\":null,"
           . "\"e\":\"a\xc3\xa4\\n\\\"\",\"f\":[1,2,{\"q\":\"r\"}],"
           . '"g":{"p":[1,2,{"q":"r"}]},"h":false';
json_rules 'types' =>
           'zone Europe/Berlin; set a n text; set b n decimal=3; set c
            "list.id.first()" int; set d t bool; set e when ts; set f s max=4;
            set g n decimal;', $json,
           "\"a\":\"100.10\",\"b\":\"100.100\",\"c\":1,\"d\":true,"
           . "\"e\":\"2026-07-01T08:14:00+02:00\",\"f\":\"a\xc3\xa4\\n\\\"\","
           . '"g":"100.10"';
json_rules 'each' => 'each a[] list { set id id; set v v default=none; }',
           $json, '"a":[{"id":1,"v":"x"},{"id":2,"v":"none"}]';
json_rules 'an object where a value is wanted' => 'set a o text;', $json,
           \'not a single value';
json_rules 'an array is several values' =>
           'set a[] list.id; set b "list.where(id = 2).id";', $json,
           '"a":[1,2],"b":2';
json_rules 'a text that is an array' =>
           'each a[] $this { set id id; } set b "where(id = 2).id"; set c[]
            id;', '[{"id":1},{"id":2},[{"id":3}]]',
           '"a":[{"id":1},{"id":2},{"id":3}],"b":2,"c":[1,2,3]';
json_rules 'and has nothing in it' => 'each a[] $this { set id id; } const b 1;',
           '[]', '"b":"1"';

xml_rules 'elements and attributes' =>
          'set a id; set b line.item; each c[] line { set n n; set i item;
           set unit qty.unit; set q qty.value decimal=2; } set d note;',
          '<order id="7"><line n="1"><item>A</item><qty unit="kg">1.5</qty>'
          . '</line><line n="2"><item>&lt;B&gt;</item></line>'
          . '<note>two <![CDATA[<words>]]></note></order>',
          '"a":"7","b":"A","c":[{"n":"1","i":"A","unit":"kg","q":"1.50"},'
          . '{"n":"2","i":"<B>"}],"d":"two <words>"';


# --- several objects ---

my $several = <<'EOF';
    canonical_map outer version=2 {
        from hl7 ADT^A01;
        set  visit PV1-19.1;
        set  patient.id PID-3[5=MR].1;
        set  patient.sex PID-8;
        each charge FT1 with PR1 {
            emit charge key=id;
            set  id "{MSH-10}/{FT1-1}" required;
            set  patient.code FT1-7;
            each procedures[] PR1 { set value PR1-3; }
        }
    }
    canonical_map deep version=1 {
        from hl7 ADT^A01;
        const all 1;
        each outer FT1 with PR1 {
            set  ft1 FT1-1;
            each inner PR1 {
                emit procedure key=p;
                set  p PR1-3;
            }
        }
    }
    canonical_map two version=1 {
        from hl7 ADT^A01;
        set  sex PID-8;
        each a FT1 { emit first key=id; set id FT1-1; }
        when PID-8 = M { each b OBX { emit second key=id; set id OBX-3.1; } }
    }
    canonical_map any version=1 {
        from hl7 ADT;
        emit any key=k;
        set  k MSH-10;
    }
    canonical_map star version=1 {
        from hl7 ADT^*;
        emit star key=k;
        set  k MSH-10;
    }
    canonical_map split version=7 {
        include rules.conf;
    }
    canonical_map profiled version=1 {
        from fhir Observation profile=urn:a;
        emit o key=k;
        set  k id;
    }
EOF


# --- all maps in one nginx ---

$conf = $several;

for my $case (@cases) {
    my $map = 'm' . @maps;

    push @maps, $map;
    $case->{map} = $map;

    $conf .= "canonical_map $map version=1 {\n    from $case->{from};\n"
             . "    emit e key=k;\n    const k 1;\n    $case->{rules}\n}\n";
}

$conf .= <<'EOF';
    canonical_table sex     { M male; F female; }
    canonical_table kinds   { MR "medical record"; default x; }
    canonical_table empty   { NM ""; ST text; }
    canonical_table words   { \file "a file"; \default "a default";
                              \include "an include"; default any; }
    canonical_table centers { file tables/centers.csv; }
    canonical_table included { A 1; include tables/*.conf; }
    canonical_table number  { M 7; }
    canonical_table authorities { 2.16.1 GHH; urn:ghh GHH; GHH GHH;
                                  default unknown; }

    canonical_key patient file=keys/one id=k1;
    canonical_key other   file=keys/one id=o;
    canonical_key known   file=keys/one id=k authorities=authorities;
    canonical_key rotated file=keys/two id=k2 previous=keys/one previous_id=k1;
    canonical_key fresh   file=keys/two id=k2;
    canonical_key stale   file=keys/one id=k1;
EOF

my $t = MapTest->start(
    http => $conf,
    maps => [@maps, qw(outer deep two any star split profiled)],
    locations => 'location /map/both {
                      canonical_request outer two;
                      proxy_pass http://127.0.0.1:%%ECHO%%;
                  }',
    files => {
        'keys/one' => "sixteen bytes are enough\n",
        'keys/two' => "another key of the tests",
        'tables/centers.csv' => "# a comment\r\nOR,4100\r\n4E\t4120\n\n"
                                . "\"R,1\",\"43\"\"00\"\nq,\"a, b\"\n"
                                . "default,9999\n",
        'tables/a.conf' => 'B 2;',
        'tables/b.conf' => "# more\nC 3;\n",
        'rules.conf' => "from hl7 ADT^A01;\nemit e key=k;\nset k MSH-10;\n"
                        . "include rules/*.inc;\n",
        'rules/a.inc' => "each a[] PID-3 { include rules/b.set; }",
        'rules/b.set' => 'set id .1;',
    });

for my $case (@cases) {
    my ($type, $body) = ($case->{type}, $case->{body});
    my ($want, $name) = @$case{qw(want name)};

    my $answer = $t->post("/map/$case->{map}", $type, $body, 'X-Unit: u7');
    my $got = $answer->{body};

    if (ref $want eq 'SCALAR') {
        my $problem = eval { JSON::PP->new->utf8->decode($got) } // {};

        is_deeply([$answer->{status}, $problem->{detail}], [422, $$want],
                  "refused: $name") or diag $got;
        next;
    }

    if (ref $want && $name =~ /^no /) {
        is($answer->{status}, 422, "refused: $name") or diag $got;
        next;
    }

    if (ref $want) {
        like($got, $want, $name);
        next;
    }

    is($got, "{\"type\":\"e\",\"map\":\"$case->{map}\@1\",\"key\":\"1\","
             . '"k":"1"' . (length $want ? ",$want" : '') . '}', $name);
}

my @er7 = $t->er7("$msh\n$pid\nPV1|||||||||||||||||||V1\n$groups$obx");

is($t->post('/map/outer', @er7)->{body},
   '[' . join(',', map {
        my ($id, $p) = @$_;
        "{\"type\":\"charge\",\"map\":\"outer\@2\",\"key\":\"C1/$id\","
        . '"visit":"V1","patient":{"id":"P1","sex":"M"' . ($id ? ',"code":"CG"' : '')
        . "},\"id\":\"C1/$id\"$p}";
   } [1, ',"procedures":[{"value":"p1"},{"value":"p2"}]'], [2, ''],
     [3, ',"procedures":[{"value":"p3"}]']) . ']',
   'emit inside of each: what is set around is in each object');
is($t->post('/map/deep', @er7)->{body},
   '[' . join(',', map {
        "{\"type\":\"procedure\",\"map\":\"deep\@1\",\"key\":\"$_->[1]\","
        . "\"all\":\"1\",\"ft1\":\"$_->[0]\",\"p\":\"$_->[1]\"}"
   } [1, 'p1'], [1, 'p2'], [3, 'p3']) . ']', 'emit deeper inside');
is(join(' ', map { "$_->{type}/$_->{key}/$_->{sex}" }
        $t->objects('two', @er7)),
   'first/1/M first/2/M first/3/M second/8867-4/M second/29463-7/M '
   . 'second/X1/M', 'emit in two places, one of them inside of when');
is(join(' ', map { $_->{map} } $t->objects('both', @er7)),
   'outer@2 ' x 3 . 'two@1 ' x 5 . 'two@1', 'two maps: all objects of both');
is($t->post('/map/outer', $t->er7("$msh\n$pid\n"))->{body}, '[]',
   'none of them is an empty array');

is($t->object('any', @er7)->{key}, 'C1', 'a type alone is any event');
is($t->object('star', @er7)->{key}, 'C1', '* is any event');
is_deeply($t->object('split', @er7),
          { type => 'e', map => 'split@7', key => 'C1', k => 'C1',
            a => [map { { id => $_ } } qw(900112 P1 X7)] },
          'a map whose words are in other files');

$observation =~ s/"id": "o1"/"id": "o1", "meta": { "profile": ["urn:b", "urn:a"] }/;
is($t->object('profiled', $t->json($observation))->{key}, 'o1', 'a profile');
$observation =~ s/"urn:a"/"urn:c"/;
is(($t->refused('profiled', $t->json($observation)))[0], 422,
   'a resource of another profile');


# bytes of a header go out as UTF-8 as well

my $variable = (grep { $_->{name} eq 'variables of nginx' } @cases)[0]{map};
my $answer = $t->post("/map/$variable", @er7, "X-Unit: \xe4\"\\");
ok(eval { JSON::PP->new->utf8->decode($answer->{body}) },
   'a header that is not UTF-8 makes no bad JSON') or diag $answer->{body};

$t->stop;
done_testing();


sub hl7_rules {
    my ($name, $rules, $segments, $want) = @_;

    whole($name, $rules, "$msh\n$segments", $want);
}


sub whole {
    my ($name, $rules, $message, $want) = @_;

    $message =~ s/\n?\z/\n/;
    rules($name, 'hl7 ADT^A01', $rules, 'application/hl7-v2',
          $message =~ tr/\n/\r/r, $want);
}


sub fhir_rules {
    my ($name, $rules, $types, $resource, $want) = @_;

    rules($name, "fhir $types", $rules, 'application/fhir+json', $resource,
          $want);
}


sub json_rules {
    my ($name, $rules, $text, $want) = @_;

    rules($name, 'json', $rules, 'application/json', $text, $want);
}


sub xml_rules {
    my ($name, $rules, $text, $want) = @_;

    rules($name, 'xml', $rules, 'application/xml', $text, $want);
}


sub rules {
    my ($name, $from, $rules, $type, $body, $want) = @_;

    push @cases, { name => $name, from => $from, rules => $rules,
                   type => $type, body => $body, want => $want };
}
