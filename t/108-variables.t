use lib 't/lib';
use strict;
use warnings;
use Test::More;
use MapTest;

# $canonical_*: of the object, of the request that it was made of, and
# nothing that could break a header.

my $back = Engine->backend(sub {
    my ($sock, $request) = @_;
    my ($seen) = $request =~ /^X-Seen: (.*)\r$/mi;

    $seen //= 'none';
    $seen .= '+evil' if $request =~ /^X-Evil:/mi;

    print $sock "HTTP/1.0 200 OK\r\nContent-Length: ", length $seen,
                "\r\n\r\n", $seen;
});

my $seen = "$Mllp::Prefix.seen";

my $noting = Engine->backend(sub {
    my ($sock, $request) = @_;
    my ($uri) = $request =~ /^\w+ (\S+)/;
    my ($value) = $request =~ /^X-Seen: (.*)\r$/mi;

    open my $out, '>>', $seen or die;
    syswrite $out, "$uri " . ($value // 'none') . "\n";
    print $sock "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n";
});

my @names = qw(type key map count unmapped visit_id patient_token
               patient_birth_year a_b a_b_c list list_id nothing flag number
               none deep_er deepxer deep_er_one x_type type_x empty);

my $values = join '|', map { "\$canonical_$_" } @names;

my $t = MapTest->start(
    http => <<"EOH",
    canonical_map m version=7 {
        from json;
        emit thing key=visit_id;
        set  visit_id         visit    required;
        set  patient.token    token;
        set  patient.birth_year birth  int;
        set  a_b              ab;
        set  a.b_c            abc;
        set  deep.er          deep;
        set  flag             flag     bool=Y:N;
        set  number           number   decimal=2;
        set  none             null     null=keep;
        set  x.type           xtype;
        set  empty            empty;
        each list[]           list { set id id; }
    }
    canonical_map n version=1 {
        from json;
        emit other key=id;
        set  id visit required;
    }
    canonical_map many version=2 {
        from json;
        each part parts { emit part key=id; set id id required; }
    }
    canonical_map adt version=3 {
        from hl7 ADT^A01;
        emit encounter key=visit_id;
        set  visit_id      PV1-19.1 required;
        set  patient.name  PID-5.1;
        set  event_time    EVN-2 ts;
        zone Europe/Berlin;
    }
    canonical_map counted version=1 {
        from json;
        emit counted key=id;
        set  id    visit;
        set  count number int;
    }
    map \$canonical_type \$kind { default "unknown"; thing "a thing"; encounter "a stay"; }
    log_format names '\$arg_n|$values';
    log_format mllp  '\$canonical_type|\$canonical_key|\$canonical_map|\$canonical_count|\$canonical_visit_id|\$canonical_event_time|\$canonical_patient_name|\$canonical_unmapped|\$kind';
    access_log logs/names.log names;
EOH
    stream => 'server { listen 127.0.0.1:%%MLLP%%; mllp_pass hie
                        /hl7/$hl7_message_type; }',
    locations => <<"EOL",
        location /m/      { canonical_request m; proxy_set_header X-Seen "$values"; proxy_pass http://127.0.0.1:$back; }
        location /many/   { canonical_request many; proxy_set_header X-Seen "$values"; proxy_pass http://127.0.0.1:$back; }
        location /both/   { canonical_request m n; proxy_set_header X-Seen "$values"; proxy_pass http://127.0.0.1:$back; }
        location /map/    { canonical_request m; proxy_set_header X-Seen "\$kind"; proxy_pass http://127.0.0.1:$back; }
        location /counted/ { canonical_request counted; proxy_set_header X-Seen "\$canonical_key|\$canonical_count|\$canonical_map|\$canonical_id"; proxy_pass http://127.0.0.1:$back; }
        location /none/   { proxy_set_header X-Seen "$values"; proxy_pass http://127.0.0.1:$back; }
        location /uri/    { canonical_request m; proxy_pass http://127.0.0.1:$noting/at/\$canonical_key; }
        location /add/    { canonical_request m; add_header X-Seen "\$canonical_key/\$canonical_patient_token" always; proxy_pass http://127.0.0.1:$back; }
        location /if/     { canonical_request m; try_files /nothing \@if; }
        location \@if     {
            if (\$canonical_key = v2) { return 202 "second \$canonical_patient_token"; }
            if (\$canonical_count = 1) { return 201 "one of \$canonical_type"; }
            return 200 "none";
        }
        location /early/  {
            set \$early "<\$canonical_key>";
            canonical_request m;
            proxy_set_header X-Seen "\$early\$canonical_key";
            proxy_pass http://127.0.0.1:$back;
        }
        location /then/   { canonical_request m; error_page 502 = \@then; proxy_pass http://127.0.0.1:%%NOBODY%%; }
        location \@then   { canonical_request n; proxy_set_header X-Seen "\$canonical_type \$canonical_map"; proxy_pass http://127.0.0.1:$back; }
        location /refuse/ { canonical_request m; recursive_error_pages on; error_page 502 = \@refuse; proxy_pass http://127.0.0.1:%%NOBODY%%; }
        location \@refuse { canonical_request many; recursive_error_pages on; error_page 422 =200 /why; proxy_pass http://127.0.0.1:$back; }
        location /why     { return 200 "<\$canonical_key>"; }
        location /mirror/ { canonical_request m; mirror /copy/x; proxy_set_header X-Seen "main \$canonical_key"; proxy_pass http://127.0.0.1:$noting; }
        location /copy/   { internal; proxy_set_header X-Seen "copy \$canonical_key"; proxy_pass http://127.0.0.1:$noting; }
        location /mirrorn/ { canonical_request m; mirror /copyn/x; proxy_set_header X-Seen "main \$canonical_type"; proxy_pass http://127.0.0.1:$noting; }
        location /copyn/  { internal; canonical_request n; proxy_set_header X-Seen "copy \$canonical_type"; proxy_pass http://127.0.0.1:$noting; }
        location /hl7/    { canonical_request adt; proxy_set_header X-Seen "\$canonical_key|\$canonical_event_time|\$canonical_unmapped"; proxy_pass http://127.0.0.1:$back; }
        }
        server {
            server_name hie;
            mllp_only;
            access_log logs/mllp.log mllp;
            location /hl7/ADT { canonical_request adt; proxy_set_header X-Seen "\$canonical_key"; proxy_pass http://127.0.0.1:$noting; }
            location /hl7/    { return 204; }
EOL
);

my $ngx = $t->engine;
my $json = 'application/json';
my ($answer, $body);

# the value of each name, in their order

sub values_of {
    my ($text) = @_;
    my %of;

    @of{@names} = split /\|/, $text, -1;

    return \%of;
}

sub seen {
    my ($uri, $body) = @_;

    return $t->post($uri, $json, $body)->{body};
}

my $thing = '{"visit":"v1","token":"pt_1","birth":1988,"ab":"AB","abc":"ABC",'
            . '"deep":"d","flag":"Y","number":100.10,"null":null,'
            . '"xtype":"X","empty":"","list":[{"id":"l1"},{"id":"l2"}],'
            . '"other":{"a":1},"more":2}';

my %facts = (type => 'thing', key => 'v1', map => 'm@7', count => 1,
             unmapped => 'other,more', visit_id => 'v1',
             patient_token => 'pt_1', patient_birth_year => '1988',
             a_b => 'AB', a_b_c => 'ABC', list => '', list_id => '',
             nothing => '', flag => 'true', number => '100.10', none => '',
             deep_er => 'd', deepxer => '', deep_er_one => '', x_type => 'X', type_x => '',
             empty => '');

is_deeply(values_of(seen('/m/x?n=m', $thing)), \%facts, 'proxy_set_header');
is_deeply(values_of(log_of('m') =~ s/(?<=\|)-(?=\||$)//gr), \%facts,
          'access_log');
is(seen('/map/x', $thing), 'a thing', 'map');

$answer = $t->post('/add/x', $json, $thing);
like($answer->{header}, qr/^X-Seen: v1\/pt_1\r$/m, 'add_header');

seen('/uri/x', $thing);
like(noted(1), qr/^\/at\/v1 none$/, 'proxy_pass');

$answer = $t->post('/if/x', $json, $thing);
is("$answer->{status} $answer->{body}", '201 one of thing',
   '"if" of a later location');
is($t->post('/if/x', $json, $thing =~ s/v1/v2/r)->{body}, 'second pt_1',
   'by the key');
is(seen('/early/x', $thing), '<>v1', 'nothing before the body is mapped');


# none, one, many

my %none = map { $_ => '' } @names;

is_deeply(values_of($t->get('/none/x')->{body}), \%none, 'no map');
is_deeply(values_of($t->get('/m/x?n=get')->{body}), \%none, 'no body');
is(log_of('get'), join('|', ('-') x @names), 'in the log');

is_deeply(values_of(seen('/many/x', '{"parts":[{"id":"a"},{"id":"b"}]}')),
          { %none, count => 2 }, 'two objects');
is_deeply(values_of(seen('/many/x', '{"parts":[{"id":"a"}],"x":1}')),
          { %none, count => 1, type => 'part', key => 'a', map => 'many@2',
            unmapped => 'x' }, 'one of those that may be many');
is_deeply(values_of(seen('/many/x', '{"parts":[]}')), { %none, count => 0 },
          'none of them');
is_deeply(values_of(seen('/both/x', '{"visit":"v"}')), { %none, count => 2 },
          'of two maps');

$t->post('/m/x?n=bad', $json, '{"token":"SECRET"}');
is(values_of(log_of('bad'))->{key}, '-', 'of what is refused');
is(values_of(log_of('bad'))->{patient_token}, '-', 'nothing at all');


# redirects and subrequests

is(seen('/then/x', $thing), 'other n@1', 'of the maps that were last');
is($t->post('/refuse/x', $json, '{"visit":"v1","parts":[{"x":1}]}')->{body},
   '<>', 'and nothing of those before when the last ones refuse');

seen('/mirror/x', $thing);
is(noted(2), "/copy/x copy v1\n/mirror/x main v1",
   'a mirror has those of its request');
seen('/mirrorn/x', $thing);
is(noted(2), "/copyn/x copy other\n/mirrorn/x main thing",
   'or of maps of its own');


# values that are no part of a header

for my $c (0x01, 0x09, 0x0a, 0x0d, 0x1f, 0x7f) {
    my $escaped = sprintf '\\u%04x', $c;
    my $got = values_of(seen('/m/x?n=c' . $c, $thing
                             =~ s/pt_1/p${escaped}X-Evil: 1/r
                             =~ s/"v1"/"v${escaped}1"/r));

    is_deeply([@$got{qw(patient_token key visit_id type count)}],
              ['', '', '', 'thing', 1], sprintf 'a value with 0x%02x', $c);
    is(values_of(log_of("c$c"))->{key}, '-', 'in the log');
}

unlike(seen('/m/x', $thing =~ s/pt_1/p\\r\\nX-Evil: 1\\r\\n\\r\\n/r),
       qr/evil/, 'a header cannot be added');
is(values_of(seen('/m/x', $thing =~ s/pt_1/M\xc3\xbcller \\u00e9/r))
   ->{patient_token}, "M\xc3\xbcller \xc3\xa9", 'other characters');


# names

is(seen('/counted/x', '{"visit":"v","number":5}'), 'v|1|counted@1|v',
   '$canonical_count counts, also when the object has a member "count"');
like(values_of(seen('/m/x', $thing =~ s/"other":\{"a":1\}/join ',',
                    map { "\"member_$_\":1" } 1 .. 200/er))->{unmapped},
     qr/^member_1,member_2,.{900,1010}\.\.\.$/, '$canonical_unmapped ends');


# HL7, over HTTP and MLLP

my $adt = <<'EOF';
MSH|^~\&|A|B|C|D|20261121||ADT^A01|M1|P|2.5
EVN|A01|20261121081400
PID|1||4711||SECRET^A
PV1|1|I|||||||||||||||||V-1
EOF

my $unread = 'MSH-3,MSH-4,MSH-5,MSH-6,EVN-1,PID-1,PID-3,PV1-1,PV1-2';

is($t->post('/hl7/x', $t->er7($adt))->{body},
   "V-1|2026-11-21T08:14:00+01:00|$unread", 'HL7 v2');

my $c = $t->engine->client('MLLP');
my $log = $ngx->dir . '/logs/mllp.log';

$c->send(($t->er7($adt))[1]);
is(field($c->read, 'MSA-1'), 'AA', 'over MLLP');
like(noted(1), qr/^\/hl7\/ADT V-1$/, 'proxy_set_header');
wait_for { -s $log } 'the log';
is(Engine::contents($log), "encounter|V-1|adt\@3|1|V-1"
   . "|2026-11-21T08:14:00+01:00|SECRET|$unread|a stay\n", 'access_log');
$c->send(($t->er7($adt =~ s/V-1/V\\X0A\\1/r))[1]);
is(field($c->read, 'MSA-1'), 'AA', 'a value with a line end');
like(noted(1), qr/^\/hl7\/ADT none$/, 'is no part of a header');
$c->send(($t->er7($adt =~ s/ADT/ORU/r))[1]);
is(field($c->read, 'MSA-1'), 'AA', 'a location without maps');
wait_for { 3 == (() = Engine::contents($log) =~ /\n/g) } 'the log';
like(Engine::contents($log), qr/^-\|-\|-\|-\|-\|-\|-\|-\|unknown$/m,
     'has none');
$c->send(($t->er7($adt =~ s/V-1//r))[1]);
is(field($c->read, 'MSA-1'), 'AE', 'what is refused');
$c->close;

unlike($ngx->log, qr/SECRET/, 'no value in the log');

$t->stop;
unlink $seen;

done_testing();


# what the other upstream has got since the last time

sub noted {
    my ($count) = @_;
    my @lines;

    our $before;

    wait_for {
        @lines = split /\n/, Engine::contents($seen);
        @lines >= ($before // 0) + $count;
    } 'requests';

    my @new = @lines[($before // 0) .. $#lines];
    $before = @lines;

    return join "\n", sort @new;
}


sub log_of {
    my ($n) = @_;
    my $text;

    wait_for {
        ($text) = Engine::contents($ngx->dir . '/logs/names.log')
                  =~ /^$n\|(.*)$/m;
    } 'the log';

    return $text;
}
