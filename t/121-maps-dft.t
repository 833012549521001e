use lib 't/lib';
use strict;
use warnings;
use Test::More;
use MapTest;

# conf/maps/dft.conf and dft_supply.conf: what goes on the bill, and what has
# left the store.

sub dft;

my $t = MapTest->start(shipped => 1, locations => <<'EOL',
    location /both {
        canonical_request dft_charge dft_supply_usage;
        add_header X-Unmapped $canonical_unmapped;
        proxy_pass http://127.0.0.1:%%ECHO%%;
    }
EOL
    maps => [qw(dft_charge dft_supply_usage)]);

my $token = qr/^pt_k1_[a-z2-7]{26}$/;

my $surgery = dft('P03',
    segment('FT1', 1 => 1, 2 => 'T-100', 4 => '20261121093000',
            5 => '20261122', 6 => 'CG', 7 => '900^OR time^L', 10 => 1,
            11 => '12500&EUR', 13 => 'OR', 19 => 'S72.0^Fracture^I10',
            20 => '112^Doe', 21 => '556^Roe', 23 => 'ORD-5',
            25 => '27130^Total hip^C4', 26 => '50^Both sides^HCPCS~RT'),
    segment('PR1', 1 => 1, 3 => '27130^Total hip^C4'),
    segment('FT1', 1 => 2, 2 => 'T-101', 4 => '20261121', 6 => 'CG',
            7 => 'C1776^Joint device^HCPCS', 10 => '2', 11 => '3700.0&USD',
            12 => '1850.125', 13 => 'OR', 16 => 'OR^3',
            19 => 'S72.0^^I10~M16.1^^I10', 20 => '112',
            34 => 'IMP-4711-12'),
    segment('PRT', 2 => 'AD', 4 => 'AD', 19 => 'no'),
    segment('PRT', 2 => 'AD', 4 => 'EQUIP', 16 => '00643169001763',
            18 => '20281231', 19 => 'L-9', 20 => 'S-1'),
    segment('FT1', 1 => 3, 4 => '20261121', 6 => 'CG', 7 => 'ASP^Aspirin',
            10 => '', 29 => '0182-1061-05^^NDC', 43 => '5^CAP&Capsule'),
    segment('DG1', 1 => 1, 3 => 'Z96.6^^I10'));


# charges

my @o = $t->objects('dft_charge', $t->er7($surgery));

is(@o, 3, 'a charge for each FT1');

facts($o[0], {
    type => 'charge',
    map => 'dft_charge@1',
    key => 'T-100',
    charge_id => 'T-100',
    action => 'create',
    event => 'P03',
    event_time => '2026-11-21T10:15:00+01:00',
    'source.control_id' => 'M-2',
    visit_id => 'V-4711',
    account_id => 'ACC-77',
    kind => 'charge',
    service_date => '2026-11-21',
    posting_date => '2026-11-22',
    code => { value => '27130', system => 'cpt', text => 'Total hip' },
    modifiers => [{ value => '50', system => 'hcpcs', text => 'Both sides' },
                  { value => 'RT' }],
    quantity => '1',
    amount => { value => '12500.00', currency => 'EUR' },
    unit_price => undef,
    cost_center => '4100',
    performer => '112',
    ordering => '556',
    order_id => 'ORD-5',
    diagnoses => [{ value => 'S72.0', system => 'icd10', text => 'Fracture' }],
    procedures => [{ value => '27130', system => 'cpt',
                     text => 'Total hip' }],
    item_id => undef,
    replaces => undef,
}, 'an operation');

facts($o[1], {
    key => 'T-101',
    code => { value => 'C1776', system => 'hcpcs', text => 'Joint device' },
    quantity => '2',
    amount => { value => '3700.00', currency => 'USD' },
    unit_price => { value => '1850.125', currency => 'USD' },
    item_id => 'IMP-4711-12',
    diagnoses => [{ value => 'S72.0', system => 'icd10' },
                  { value => 'M16.1', system => 'icd10' }],
    procedures => undef,
    modifiers => undef,
    posting_date => undef,
}, 'an implant, with nothing of the FT1 before');

facts($o[2], {
    key => 'GHH/M-2/3',
    code => { value => 'ASP', text => 'Aspirin' },
    quantity => '1',
    amount => undef,
    cost_center => undef,
    item_id => '0182-1061-05',
    diagnoses => undef,
}, 'a drug: the key is made, DG1 behind it is of the message');

like($o[0]{patient}{token}, $token, 'token of the patient');
is(grep({ $_->{patient}{token} eq $o[0]{patient}{token} } @o), 3,
   'the same everywhere');

unlike($t->post('/both', $t->er7($surgery))->{body}, qr/Muster|PAT-12/,
       'nothing of the person');


# goods that have left the store

my @u = $t->objects('dft_supply_usage', $t->er7($surgery));

is(@u, 2, 'an issue for each item');

facts($u[0], {
    type => 'supply_usage',
    key => 'T-101',
    usage_id => 'T-101',
    kind => 'used',
    item_id => 'IMP-4711-12',
    quantity => { value => '2' },
    used_at => '2026-11-21',
    location => 'OR',
    cost_center => '4100',
    visit_id => 'V-4711',
    performer => '112',
    udi => '00643169001763',
    expires => '2028-12-31',
    lot => 'L-9',
    serial => 'S-1',
    chargeable => 'true',
}, 'an implant');

is($u[0]{patient}{token}, $o[1]{patient}{token}, 'and whose it is');

facts($u[1], {
    key => 'GHH/M-2/3',
    item_id => '0182-1061-05',
    quantity => { value => '5', unit => 'CAP' },
    location => '4E',
    cost_center => '4120',
    lot => undef,
}, 'a drug in its own unit');

my $free = $surgery =~ s/3700\.0&USD/0.00/r;

facts(($t->objects('dft_supply_usage', $t->er7($free)))[0], {
    chargeable => 'false', patient => undef, visit_id => 'V-4711',
}, 'what is not on the bill is of nobody');

is_deeply([map { $_->{key} } $t->objects('dft_charge', $t->er7($free))],
          ['T-100', 'GHH/M-2/3'], 'and is no charge');
is($t->objects('dft_charge', $t->er7($surgery =~ s/12500&/0&/r)), 3,
   'unlike a service at no price');


# taken back

my $credit = $surgery =~ s/\|CG\|C1776/|CD|C1776/r;

facts(($t->objects('dft_charge', $t->er7($credit)))[1], {
    kind => 'credit', key => 'T-101/CD', charge_id => 'T-101/CD',
    replaces => 'T-101', action => 'create',
}, 'a credit has a key of its own, and names the charge');

facts(($t->objects('dft_supply_usage', $t->er7($credit)))[0], {
    kind => 'returned', key => 'T-101/CD', replaces => 'T-101',
}, 'the goods are back');

my $payment = $surgery =~ s/\|CG\|C1776/|PY|C1776/r;

is(($t->objects('dft_charge', $t->er7($payment)))[1]{kind}, 'payment',
   'a payment');
is($t->objects('dft_supply_usage', $t->er7($payment)), 1,
   'which moves no goods');


# P11: diagnoses of each charge

my $p11 = dft('P11',
    segment('FT1', 1 => 1, 4 => '20261121', 6 => 'CG', 7 => 'A'),
    segment('DG1', 1 => 1, 3 => 'K63.3^Ulcer^I10'),
    segment('FT1', 1 => 2, 4 => '20261121&x', 6 => 'AJ', 7 => 'B',
            10 => '-1.50', 19 => 'H57.1'),
    segment('DG1', 1 => 1, 3 => 'Z96.6^^I10'),
    segment('FT1', 1 => 3, 4 => '2026112114', 6 => 'CO', 7 => 'C'));

@o = $t->objects('dft_charge', $t->er7($p11));

facts($o[0], {
    diagnoses => [{ value => 'K63.3', system => 'icd10', text => 'Ulcer' }],
}, 'P11: DG1 of the charge');

facts($o[1], {
    kind => 'adjustment', quantity => '-1.50',
    diagnoses => [{ value => 'H57.1' }],
}, 'P11: FT1-19 goes first');

facts($o[2], {
    kind => 'payment', diagnoses => undef, service_date => '2026-11-21',
}, 'P11: none');


# what is missing or wrong

my @refused = (
    ['no charge', 's/^FT1.*\n//gm', 'charge', 'FT1', 101],
    ['no visit', 's/V-4711//; s/ACC-77//', 'visit_id', 'PV1-19.1', 101],
    ['no number', 's/\|T-100\|/||/; s/\|M-2\|/||/', 'charge_id', 'FT1-2.1',
     101],
    ['unknown type', 's/\|CG\|900/|XX|900/', 'kind', 'FT1-6.1', 103],
    ['no type', 's/\|CG\|900/||900/', 'kind', 'FT1-6.1', 101],
    ['no date', 's/\|20261121093000\|/||/', 'service_date', 'FT1-4.1.1', 101],
    ['no code', 's/900\^OR time\^L//; s/\|27130\^Total hip\^C4\|50/||50/',
     'code.value', 'FT1-7.1', 101],
    ['too exact', 's/12500&/12500.005&/', 'amount.value', 'FT1-11.1.1', 102],
    ['not a number', 's/12500&/12,500&/', 'amount.value', 'FT1-11.1.1', 102],
);

for (@refused) {
    my ($name, $edit, $target, $source, $code) = @$_;

    local $_ = $surgery;
    eval "$edit; 1" or die $@;

    my ($status, $problem) = $t->refused('dft_charge', $t->er7($_));

    is($status, 422, "$name: refused");
    is_deeply([@$problem{qw(target source code)}], [$target, $source, $code],
              "$name: target, source, code");
}

my ($status, $problem) = $t->refused('dft_supply_usage',
                         $t->er7($surgery =~ s/\|OR\^3\|/||/r
                                          =~ s/\|OR\|\|\|\|/||||/gr
                                          =~ s/\|4E\^136\|/||/r));

is($status, 422, 'used nowhere: refused');
is($problem->{target}, 'location', 'used nowhere: the target');

like($t->post('/both', $t->er7($surgery . "ZFT|1|x\n"))->{header},
     qr/^X-Unmapped: ZFT\r$/m, 'only what nobody knows is unmapped');

$t->stop;

done_testing();


sub dft {
    my ($event, @segments) = @_;

    return join "\n", 'MSH|^~\&|OR|GHH|NGX|GHH|20261121101500+0100||'
                      . "DFT^$event|M-2|P|2.8",
        segment('EVN', 2 => '20261121101500'),
        segment('PID', 3 => 'PAT-12^^^GHH^MR', 5 => 'Muster^Adam',
                18 => 'ACC-77'),
        segment('PV1', 2 => 'I', 3 => '4E^136', 19 => 'V-4711'),
        @segments, '';
}

