use lib 't/lib';
use strict;
use warnings;
use Test::More;
use MapTest;

# conf/maps/siu.conf and bar.conf: appointments, accounts and claims.

sub message;
sub change;

my $t = MapTest->start(shipped => 1, locations => <<'EOL',
    location /both {
        canonical_request bar_account bar_claim;
        add_header X-Unmapped $canonical_unmapped;
        proxy_pass http://127.0.0.1:%%ECHO%%;
    }
EOL
    maps => [qw(siu_appointment bar_account bar_claim)]);

my $token = qr/^pt_k1_[a-z2-7]{26}$/;


# appointments

my $booking = message('SIU^S12',
    segment('SCH', 1 => 'P-1', 2 => 'F-1', 7 => 'CHK^Check-up', 9 => '50',
            10 => 'min', 25 => 'Booked'),
    segment('TQ1', 7 => '20261124093000', 8 => '20261124102000+0200'),
    segment('PID', 3 => 'PAT-12^^^GHH^MR', 5 => 'Muster^Adam'),
    segment('PV1', 2 => 'O', 3 => 'OPD', 19 => 'V-9'),
    segment('RGS', 1 => 1),
    segment('AIS', 1 => 1, 3 => '76164006^Biopsy^SCT'),
    segment('AIG', 1 => 1, 3 => '5001^Colonoscope', 4 => '101^Equipment'),
    segment('AIL', 1 => 1, 3 => 'OR^Room01^^GHH', 4 => 'C^Clinic'),
    segment('AIP', 1 => 1, 3 => '1210^GE^Robert', 4 => '010^Doctor'),
    segment('AIP', 1 => 2, 3 => '1211^PB^Tim'));

my $o = $t->object('siu_appointment', $t->er7($booking));

facts($o, {
    type => 'appointment',
    map => 'siu_appointment@1',
    key => 'F-1',
    appointment_id => 'F-1',
    action => 'create',
    event => 'S12',
    event_time => '2026-11-21T10:15:00+01:00',
    status => 'booked',
    start => '2026-11-24T09:30:00+01:00',
    end => '2026-11-24T10:20:00+02:00',
    duration_min => 50,
    service => { value => '76164006', system => 'snomed', text => 'Biopsy' },
    location => 'OR',
    cost_center => '4100',
    visit_id => 'V-9',
    patient => undef,
    replaces => undef,
    resources => [
        { kind => 'service', id => '76164006' },
        { kind => 'staff', id => '1210', role => '010' },
        { kind => 'staff', id => '1211' },
        { kind => 'location', id => 'OR', role => 'C' },
        { kind => 'equipment', id => '5001', role => '101' },
    ],
}, 'an appointment');

my $answer = $t->post('/map/siu_appointment', $t->er7($booking));

unlike($answer->{body}, qr/PAT-12|Muster|Robert/, 'nobody is named');
like($answer->{body}, qr/"duration_min":50[,}]/, 'minutes are a number');

my @events = (
    [S13 => 'update', 'booked'],
    [S14 => 'update', 'booked'],
    [S15 => 'cancel', 'cancelled', 'F-1'],
    [S16 => 'cancel', 'cancelled', 'F-1'],
    [S17 => 'cancel', 'entered-in-error', 'F-1'],
    [S18 => 'update', 'booked'],
    [S22 => 'update', 'booked'],
    [S23 => 'create', 'blocked'],
    [S24 => 'cancel', 'cancelled', 'F-1'],
    [S26 => 'update', 'noshow']
);

for (@events) {
    my ($event, $action, $status, $replaces) = @$_;

    facts($t->object('siu_appointment', $t->er7(change($booking, $event))), {
        event => $event, action => $action, status => $status, key => 'F-1',
        replaces => $replaces,
    }, "$event: $action, $status");
}

for (['Started' => 'arrived'], ['Complete' => 'fulfilled'],
     ['Waitlist' => 'waitlist'], ['Whatever' => 'booked'], ['' => 'booked'])
{
    my ($word, $status) = @$_;

    is($t->object('siu_appointment', $t->er7($booking =~ s/Booked/$word/r))
       ->{status}, $status, "SCH-25 \"$word\": $status");
}

my $old = message('SIU^S12',
    segment('SCH', 1 => 'P-2', 2 => '""', 7 => 'CHK^Check-up', 9 => '3600',
            10 => 's', 11 => '^^60^20261124093000^20261124103000'),
    segment('PV1', 2 => 'O', 3 => '4E'));

facts($t->object('siu_appointment', $t->er7($old)), {
    key => 'P-2',
    start => '2026-11-24T09:30:00+01:00',
    end => '2026-11-24T10:30:00+01:00',
    duration_min => undef,
    service => { value => 'CHK', text => 'Check-up' },
    location => '4E',
    cost_center => '4120',
    resources => undef,
    status => 'booked',
}, 'an older message: SCH-11, no groups');

is($t->object('siu_appointment', $t->er7($old =~ s/\|3600\|s\|/|60||/r))
   ->{duration_min}, 60, 'SCH-9 without a unit');

for (['no number', 's/P-2//; s/""//', 'appointment_id'],
     ['no start', 's/\^20261124093000\^/^^/', 'start'],
     ['no end', 's/\^20261124103000//', 'end'],
     ['no location', 's/4E//', 'location'])
{
    my ($name, $edit, $target) = @$_;

    local $_ = $old;
    eval "$edit; 1" or die $@;

    my ($status, $problem) = $t->refused('siu_appointment', $t->er7($_));

    is($status, 422, "$name: refused");
    is($problem->{target}, $target, "$name: the target");
}


# accounts

my $account = message('BAR^P01',
    segment('PID', 3 => 'PAT-12^^^GHH^MR', 5 => 'Muster^Adam',
            18 => 'ACC-77^^^GHH^AN'),
    segment('PV1', 2 => 'I', 19 => 'V-4711', 20 => 'INS',
            44 => '20261121080000', 46 => '100.10', 47 => '16200'),
    segment('DG1', 3 => 'S72.0'),
    segment('PR1', 1 => 1, 3 => '27130^Total hip^C4'),
    segment('GP2', 1 => '0360', 3 => '12500&EUR', 11 => '9000.5&EUR'),
    segment('PR1', 1 => 2, 4 => 'Something else'),
    segment('GT1', 1 => 1, 2 => 'G-9', 3 => 'Muster^Otto'),
    segment('IN1', 1 => 1, 2 => 'BASIC', 3 => 'AOK', 36 => 'P-1000'),
    segment('IN1', 1 => 2, 2 => 'PLUS', 3 => 'DKV', 49 => 'H-5'));

my $claim = $account . segment('UB2', 1 => 1, 12 => 'DCN-1') . "\n";

$o = $t->object('bar_account', $t->er7($account));

facts($o, {
    type => 'patient_account',
    key => 'ACC-77',
    action => 'create',
    event => 'P01',
    event_time => '2026-11-21T10:15:00+01:00',
    status => 'open',
    class => 'INS',
    opened => '2026-11-21',
    closed => undef,
    balance => { value => '100.10', currency => 'USD' },
    'payer.0.rank' => '1',
    'payer.0.id' => 'AOK',
    'payer.1.plan' => 'PLUS',
}, 'an account');

like($_, $token, 'a token') for $o->{patient}{token}, $o->{guarantor}{token},
                                $o->{payer}[0]{policy}{token},
                                $o->{payer}[1]{policy}{token};

facts($t->object('bar_account', $t->er7(change($account, 'P05'))), {
    action => 'update', status => 'open', closed => undef,
}, 'P05 changes it');

facts($t->object('bar_account', $t->er7(change($account, 'P06'))), {
    action => 'update', status => 'closed', closed => '2026-11-21',
}, 'P06 ends it');

my @purged = $t->objects('bar_account', $t->er7(message('BAR^P02',
    segment('PID', 3 => 'PAT-12^^^GHH^MR', 18 => 'ACC-77'),
    segment('PV1', 2 => 'I', 20 => 'INS'),
    segment('PID', 3 => 'PAT-20^^^GHH^MR', 18 => 'ACC-78'),
    segment('PID', 3 => 'PAT-21^^^GHH^MR'),
    segment('PV1', 2 => 'O', 19 => 'V-3'))));

is_deeply([map { [@$_{qw(key action status replaces class)}] } @purged],
          [['ACC-77', 'cancel', 'cancelled', 'ACC-77', 'INS'],
           ['ACC-78', 'cancel', 'cancelled', 'ACC-78', undef],
           ['V-3', 'cancel', 'cancelled', 'V-3', undef]],
          'P02 deletes several, each with its own PV1');

is(($t->refused('bar_account', $t->er7($account =~ s/ACC-77[^|\n]*//r
                                                =~ s/V-4711//r)))[0], 422,
   'no account: refused');

is(($t->refused('bar_account', $t->er7($account =~ s/^PID.*\n//mr)))[0], 422,
   'nobody: refused');


# claims

$o = $t->object('bar_claim', $t->er7($claim));

facts($o, {
    type => 'claim',
    key => 'DCN-1',
    claim_id => 'DCN-1',
    action => 'create',
    visit_id => 'V-4711',
    payer => 'AOK',
    status => 'open',
    total => { value => '16200.00', currency => 'USD' },
    lines => [
        { code => { value => '27130', system => 'cpt', text => 'Total hip' },
          charge => { value => '12500.00', currency => 'EUR' },
          allowed => { value => '9000.50', currency => 'EUR' } },
        { code => { text => 'Something else' } },
    ],
}, 'a claim');

like($o->{patient}{token}, $token, 'token of the patient');

is($t->object('bar_claim', $t->er7($claim =~ s/DCN-1//r))->{key},
   'ACC-77/AOK', 'its key, if it has no number');

is_deeply([$t->objects('bar_claim', $t->er7($account))], [],
          'no UB1 or UB2: no claim');

is($t->objects('bar_claim', $t->er7($claim . "UB2|2\n")), 1,
   'one claim for a message');

for (['no payer', 's/^IN1.*\n//gm', 'payer'],
     ['no total', 's/\|16200$//m', 'total.value'])
{
    my ($name, $edit, $target) = @$_;

    local $_ = $claim;
    eval "$edit; 1" or die $@;

    my ($status, $problem) = $t->refused('bar_claim', $t->er7($_));

    is($status, 422, "$name: refused");
    is($problem->{target}, $target, "$name: the target");
}

$answer = $t->post('/both', $t->er7($claim . "ZBA|1\n"));

is_deeply([map { $_->{type} } @{ JSON::PP->new->decode($answer->{body}) }],
          ['patient_account', 'claim'], 'both maps');
unlike($answer->{body}, qr/PAT-12|Muster|G-9|P-1000|H-5/,
       'nothing of the persons');
like($answer->{header}, qr/^X-Unmapped: ZBA\r$/m,
     'only what nobody knows is unmapped');

$t->stop;

done_testing();


sub message {
    my ($type, @segments) = @_;

    return join "\n", 'MSH|^~\&|SCH|GHH|NGX|GHH|20261121101500+0100||'
                      . "$type|M-3|P|2.5.1", @segments, '';
}



sub change {
    my ($message, $event) = @_;

    return $message =~ s/(SIU|BAR)\^[SP]\d\d/$1^$event/r;
}
