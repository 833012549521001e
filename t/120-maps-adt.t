use lib 't/lib';
use strict;
use warnings;
use Test::More;
use MapTest;

# conf/maps/adt.conf and adt_account.conf: visits, accounts, merged patients.

sub adt;
sub change;

my $t = MapTest->start(shipped => 1, locations => <<'EOL',
        location /both {
            canonical_request adt_encounter adt_account adt_merge;
            add_header X-Unmapped $canonical_unmapped;
            proxy_pass http://127.0.0.1:%%ECHO%%;
        }
    }

    server {
        server_name hie;
        mllp_only;

        location / {
            canonical_request adt_encounter adt_account adt_merge;
            proxy_pass http://127.0.0.1:%%ECHO%%;
        }
EOL
    stream => 'server { listen 127.0.0.1:%%MLLP%%; mllp_pass hie /; }',
    maps => [qw(adt_encounter adt_account adt_merge)]);

my $token = qr/^pt_k1_[a-z2-7]{26}$/;

my $admission = adt('A01', segment('EVN', 1 => 'A01', 2 => '20261121081400',
                                   6 => '20261121080900'),
    segment('PID', 1 => 1, 3 => '900112^^^NAT^SS~PAT-12^^^GHH^MR',
            5 => 'Muster^Adam', 7 => '19880818', 8 => 'M',
            11 => 'Weg 1^^Ort', 18 => 'ACC-77^^^GHH^AN'),
    segment('NK1', 1 => 1, 2 => 'Muster^Eva'),
    segment('PV1', 1 => 1, 2 => 'I', 3 => '4E^136^B^GHH&1.2.3&ISO', 4 => 'E',
            6 => 'ER^01^^GHH', 7 => '112^Doe^Jane~556^Roe^Jan', 10 => 'SUR',
            19 => 'V-4711^^^GHH^VN', 20 => 'SELF',
            44 => '20261121080000+0100'),
    segment('DG1', 1 => 1, 3 => 'S72.0^Fracture of femur^I10', 6 => 'A'),
    segment('DG1', 1 => 2, 3 => '""'),
    segment('DG1', 1 => 3, 4 => 'Nasal congestion', 6 => 'F'),
    segment('PR1', 1 => 1, 3 => '27130^Total hip^C4'),
    segment('GT1', 1 => 1, 2 => 'G-9^^^GHH^PN', 3 => 'Muster^Otto'),
    segment('IN1', 1 => 1, 2 => 'BASIC^Basic plan', 3 => 'AOK^^^NAIC',
            22 => '1', 36 => 'P-1000'),
    segment('IN1', 1 => 2, 2 => 'PLUS', 3 => 'DKV'));


# a visit

my $o = $t->object('adt_encounter', $t->er7($admission));

facts($o, {
    type => 'encounter',
    map => 'adt_encounter@1',
    key => 'V-4711',
    action => 'create',
    event => 'A01',
    event_time => '2026-11-21T08:14:00+00:00',
    'source.app' => 'EHR',
    'source.facility' => 'GHH',
    'source.control_id' => 'M-1',
    visit_id => 'V-4711',
    account_id => 'ACC-77',
    'patient.birth' => '1988',
    'patient.sex' => 'M',
    class => 'inpatient',
    state => 'open',
    admit_time => '2026-11-21T08:00:00+01:00',
    discharge_time => undef,
    disposition => undef,
    location => { facility => 'GHH', unit => '4E', room => '136', bed => 'B' },
    prior_location => { facility => 'GHH', unit => 'ER', room => '01' },
    cost_center => '4120',
    department => 'SUR',
    attending => [{ id => '112' }, { id => '556' }],
    diagnoses => [
        { code => { value => 'S72.0', system => 'icd10',
                    text => 'Fracture of femur' }, kind => 'A' },
        { code => { text => 'Nasal congestion' }, kind => 'F' }
    ],
    procedures => [{ value => '27130', system => 'cpt',
                     text => 'Total hip' }],
    payer => [{ id => 'AOK', plan => 'BASIC' },
              { id => 'DKV', plan => 'PLUS' }],
    replaces => undef,
}, 'admission');

like($o->{patient}{token}, $token, 'token of the patient');
like($o->{trace_id}, qr/^[0-9a-f-]{16,}$/, 'trace id');

my $body = $t->post('/map/adt_encounter', $t->er7($admission))->{body};

unlike($body, qr/Muster|Weg 1|PAT-12|900112|1988-/, 'nothing of the person');

my $zoned = $admission =~ s/20261121081500\|/20261121081500-0500|/r;

facts($t->object('adt_encounter', $t->er7($zoned)), {
    event_time => '2026-11-21T08:14:00-05:00',
    admit_time => '2026-11-21T08:00:00+01:00',
}, 'times without an offset have that of MSH-7');

my $other = $admission =~ s/\^\^\^GHH\^MR/^^^XYZ^MR/r;

isnt($t->object('adt_encounter', $t->er7($other))->{patient}{token},
     $o->{patient}{token}, 'another house, another patient');

facts($t->object('adt_encounter',
                 $t->er7($admission =~ s/20261121080000\+0100//r)), {
    admit_time => '2026-11-21T08:09:00+00:00',
}, 'admitted when it happened, if PV1-44 is empty');


# what an event does to it

my @events = (
    [A02 => 'update', 'open'],      [A03 => 'update', 'closed'],
    [A04 => 'create', 'open'],      [A05 => 'create', 'expected'],
    [A06 => 'update', 'open'],      [A07 => 'update', 'open'],
    [A08 => 'update', 'open'],      [A11 => 'cancel', 'cancelled', 'V-4711'],
    [A12 => 'update', 'open', 'V-4711'], [A13 => 'update', 'open', 'V-4711'],
    [A38 => 'cancel', 'cancelled', 'V-4711']
);

for (@events) {
    my ($event, $action, $state, $replaces) = @$_;

    facts($t->object('adt_encounter', $t->er7(change($admission, $event))), {
        event => $event, action => $action, state => $state, key => 'V-4711',
        replaces => $replaces,
    }, "$event: $action, $state");
}

my $gone = adt('A03', segment('EVN', 2 => '202611251030'),
    segment('PID', 3 => 'PAT-12^^^GHH^MRN', 7 => '19880818', 8 => '""'),
    segment('PV1', 2 => 'O', 3 => '""^""', 19 => 'V-9', 36 => '01^Home',
            44 => '20261121', 45 => '20261125093000'));

facts($t->object('adt_encounter', $t->er7($gone)), {
    class => 'outpatient',
    admit_time => '2026-11-21',
    discharge_time => '2026-11-25T09:30:00+00:00',
    'disposition.value' => '01',
    'disposition.text' => 'Home',
    'patient.sex' => \undef,
    'location.unit' => \undef,
    'location.room' => \undef,
    'location.bed' => undef,
    cost_center => undef,
    account_id => 'V-9',
}, 'discharge: precision is kept, "" is null');

facts($t->object('adt_encounter', $t->er7(change($gone, 'A08'))), {
    state => 'closed', admit_time => '2026-11-21',
    discharge_time => '2026-11-25T09:30:00+00:00',
}, 'an update of a visit that is over');

facts($t->object('adt_encounter', $t->er7(change($gone, 'A13'))), {
    state => 'open', discharge_time => undef,
}, 'not gone after all');

facts($t->object('adt_encounter',
                 $t->er7(change($gone =~ s/20261125093000//r, 'A08')
                         =~ s/\|O\|/|P|/r)), {
    state => 'expected', class => 'preadmit',
}, 'an update of a visit that is expected');

facts($t->object('adt_encounter',
                 $t->er7(change($gone, 'A08') =~ s/\|20261121\|/||/r)), {
    admit_time => undef,
}, 'an update that does not say when the patient came');

facts($t->object('adt_encounter', $t->er7($gone =~ s/20261125093000//r)), {
    discharge_time => '2026-11-25T10:30:00+00:00',
}, 'discharge without PV1-45');


# what is missing or wrong

my @refused = (
    ['no visit', 's/V-4711\^\^\^GHH\^VN//; s/ACC-77\^\^\^GHH\^AN//',
     'visit_id', 'PV1-19.1'],
    ['deleted visit', 's/V-4711\^\^\^GHH\^VN/""/', 'visit_id', 'PV1-19.1'],
    ['no patient', 's/^PID.*\n//m', 'patient.token', 'PID-3'],
    ['no class', 's/^PV1\|1\|I/PV1|1|/m', 'class', 'PV1-2.1'],
    ['no such day', 's/\|19880818/|19880832/', 'patient.birth', 'PID-7.1'],
    ['no such time', 's/20261121080000\+0100/2026112108xx/', 'admit_time',
     'PV1-44.1'],
);

for (@refused) {
    my ($name, $edit, $target, $source) = @$_;

    local $_ = $admission;
    eval "$edit; 1" or die $@;

    my ($status, $problem) = $t->refused('adt_encounter', $t->er7($_));

    is($status, 422, "$name: refused");
    like(JSON::PP->new->encode($problem), qr/\Q$target\E/,
         "$name: the target");
    like(JSON::PP->new->encode($problem), qr/\Q$source\E/,
         "$name: the source");
}

is(($t->refused('adt_encounter', $t->er7(change($admission, 'A40'))))[0], 415,
   'another message has no map');


# an account

$o = $t->object('adt_account', $t->er7($admission));

facts($o, {
    type => 'patient_account',
    key => 'ACC-77',
    account_id => 'ACC-77',
    action => 'create',
    status => 'open',
    class => 'SELF',
    opened => '2026-11-21',
    closed => undef,
    balance => undef,
    merged_patient => undef,
    'payer.0.rank' => '1',
    'payer.0.id' => 'AOK',
    'payer.0.plan' => 'BASIC',
    'payer.1.rank' => '2',
    'payer.1.policy' => undef,
}, 'account');

like($o->{guarantor}{token}, $token, 'token of who pays');
like($o->{payer}[0]{policy}{token}, $token, 'token of the policy');
isnt($o->{guarantor}{token}, $o->{patient}{token}, 'they are different');

is($o->{patient}{token},
   $t->object('adt_encounter', $t->er7($admission))->{patient}{token},
   'the patient is the one of the visit');

unlike($t->post('/map/adt_account', $t->er7($admission))->{body},
       qr/Muster|Weg 1|PAT-12|P-1000|G-9/, 'nothing of the persons');

facts($t->object('adt_account', $t->er7(change($admission, 'A11'))), {
    action => 'cancel', status => 'cancelled', replaces => 'ACC-77',
}, 'A11 cancels the account');

facts($t->object('adt_account', $t->er7(change($admission, 'A03'))), {
    action => 'update', status => 'open', replaces => undef,
}, 'A03 leaves it open');

facts($t->object('adt_account',
                 $t->er7($admission =~ s/^(PV1.*)$/$1||1234.5/mr)), {
    'balance.value' => '1234.50', 'balance.currency' => 'USD',
}, 'balance');

facts($t->object('adt_account', $t->er7($admission =~ s/ACC-77[^|\n]*//r)), {
    account_id => 'V-4711',
}, 'without an account, the visit is it');

my $person = adt('A28', segment('EVN', 2 => '20261121081400'),
    segment('PID', 3 => 'PAT-12^^^GHH^MR', 5 => 'Muster^Adam'),
    segment('PV1', 2 => 'N'));

$o = $t->object('adt_account', $t->er7($person));

is($o->{account_id}, $o->{patient}{token}, 'a person alone: the token is it');
is($o->{key}, $o->{patient}{token}, 'and the key');
is($o->{action}, 'create', 'A28 creates');

is($t->object('adt_account', $t->er7(change($person, 'A31')))->{action},
   'update', 'A31 changes');

is(($t->refused('adt_account', $t->er7(change($person, 'A01'))))[0], 422,
   'an admission has a number');


# two that are one

my $merge = adt('A40', segment('EVN', 2 => '20261121081400'),
    segment('PID', 1 => 1, 3 => 'PAT-12^^^GHH^MR', 5 => 'Muster^Adam',
            18 => 'ACC-77'),
    segment('MRG', 1 => 'PAT-13^^^GHH^MR', 3 => 'ACC-78'),
    segment('PID', 1 => 2, 3 => 'PAT-20^^^GHH^MR', 5 => 'Beispiel^Eva'),
    segment('MRG', 1 => 'PAT-21^^^GHH^MR'));

my @o = $t->objects('adt_merge', $t->er7($merge));

is(@o, 2, 'each merge is one object');

facts($o[0], {
    type => 'patient_account', action => 'merge', status => 'open',
    account_id => 'ACC-77', key => 'ACC-77', replaces => 'ACC-78',
}, 'two accounts');

facts($o[1], {
    action => 'merge', replaces => undef, account_id => $o[1]{patient}{token},
}, 'two persons');

is($o[0]{patient}{token}, $t->object('adt_account',
                                     $t->er7($admission))->{patient}{token},
   'who stays has the usual token');

my %tokens = map { $_ => 1 } map { $_->{patient}{token},
                                   $_->{merged_patient}{token} } @o;

is(keys %tokens, 4, 'all four of them are different');
is(grep({ $_ !~ $token } keys %tokens), 0, 'and tokens');

is(($t->refused('adt_merge', $t->er7($merge =~ s/^MRG\|PAT-21.*/MRG|/mr)))[0],
   422, 'into whom, but not whom');

is(($t->refused('adt_merge', $t->er7($merge =~ s/^PID.*\n//gmr)))[0], 422,
   'nobody at all');

facts(($t->objects('adt_merge', $t->er7(change($merge =~ s/PID\|2.*//sr,
                                               'A41'))))[0], {
    account_id => 'ACC-77', replaces => 'ACC-78', merged_patient => undef,
}, 'A41: accounts of one patient');


# all three at once

is_deeply([map { $_->{type} }
           @{ JSON::PP->new->decode($t->post('/both', $t->er7($admission))
                                    ->{body}) }],
          ['encounter', 'patient_account'], 'an admission is for two maps');

is_deeply([map { $_->{action} }
           @{ JSON::PP->new->decode($t->post('/both', $t->er7($merge))
                                    ->{body}) }],
          ['merge', 'merge'], 'a merge is for one');

like($t->post('/both', $t->er7($admission . "ZPV|1|x\n"))->{header},
     qr/^X-Unmapped: ZPV\r$/m, 'only what nobody knows is unmapped');



# over MLLP

my $c = $t->engine->client('MLLP');

$c->send($admission);
is(field($c->read, 'MSA-1'), 'AA', 'MLLP: mapped');

$c->send($admission =~ s/\^\^\^GHH\^VN/^/r =~ s/V-4711|ACC-77//gr);

my $ack = $c->read;

is(field($ack, 'MSA-1'), 'AE', 'MLLP: refused');
is(field($ack, 'ERR-2'), 'PV1^1^19^1^1', 'MLLP: where');
like(field($ack, 'ERR-3'), qr{^101\^}, 'MLLP: why');

$c->close;
$t->stop;

done_testing();


sub adt {
    my ($event, @segments) = @_;

    return join "\n", "MSH|^~\\&|EHR|GHH|NGX|GHH|20261121081500||ADT^$event"
                      . '|M-1|P|2.5.1', @segments, '';
}



sub change {
    my ($message, $event) = @_;

    return $message =~ s/ADT\^A\d\d/ADT^$event/r;
}
