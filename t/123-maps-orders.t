use lib 't/lib';
use strict;
use warnings;
use Test::More;
use MapTest;

# conf/maps/orders.conf, orders_charge.conf and oru.conf: orders are
# requisitions, and charges where they have a price; results are charged, and
# stay where they are.

sub message;

my $t = MapTest->start(shipped => 1, locations => <<'EOL',
    location /all {
        canonical_request oms_requisition orm_requisition orm_charge
                          oru_charge;
        add_header X-Unmapped $canonical_unmapped;
        proxy_pass http://127.0.0.1:%%ECHO%%;
    }
EOL
    maps => [qw(oms_requisition orm_requisition orm_charge oru_charge)]);


# goods: OMS

my @patient = (
    segment('PID', 1 => 1, 3 => 'PAT-12^^^GHH^MR~99123^^^X^SS',
            5 => 'Muster^Adam', 7 => '19880818', 8 => 'M', 18 => 'ACC-77'),
    segment('PV1', 1 => 1, 2 => 'I', 3 => '4E^136^B^GHH', 19 => 'V-4711'));

my $oms = message('OMS^O05', @patient,
    segment('ORC', 1 => 'NW', 2 => 'RQ101^WARD', 4 => 'G-7', 10 => '7788^Keys',
            12 => '9001^Order^Otto', 13 => '4E'),
    segment('RQD', 1 => 1, 2 => '1234^Solution^L', 3 => 'S1786',
            4 => 'H-1234^Solution, saline', 5 => '12.50', 6 => 'BT^Bottle',
            7 => '5100', 8 => '40010', 9 => 'ORSUP^Main supply',
            10 => '20261130'),
    segment('RQ1', 1 => '4.25', 2 => 'MAN-1', 3 => 'C-99',
            4 => 'SUP-3^Sup & Co', 5 => 'V-8'),
    segment('ORC', 1 => 'CA', 2 => 'RQ102^WARD', 4 => 'G-7'),
    segment('RQD', 1 => 2, 2 => '23455^Implant, special hip', 5 => 1),
    segment('NTE', 1 => 1, 3 => 'not needed'),
    segment('ORC', 1 => 'XO', 3 => 'F-103'),
    segment('RQD', 3 => 'X-17', 5 => 3, 6 => 'EA'));

my @o = $t->objects('oms_requisition', $t->er7($oms));

is(@o, 3, 'a requisition for each ORC');

facts($o[0], {
    type => 'purchase_order',
    map => 'oms_requisition@1',
    key => 'RQ101',
    action => 'create',
    event => 'O05',
    event_time => '2026-11-21T10:15:00+01:00',
    source => { app => 'ORD', facility => 'GHH', control_id => 'M-1' },
    po_id => 'RQ101',
    kind => 'requisition',
    supplier_id => 'SUP-3',
    ship_to => 'ORSUP',
    requested_by => '9001',
    replaces => undef,
    patient => undef,
    lines => [{
        line => '1', item_id => 'H-1234',
        quantity => { value => '12.50', unit => 'BT' },
        unit_price => '4.25', need_by => '2026-11-30',
        cost_center => '5100', gl_account => '40010'
    }],
}, 'a new one');

facts($o[1], {
    key => 'RQ102',
    action => 'cancel',
    replaces => 'RQ102',
    supplier_id => undef,
    ship_to => '4E',
    requested_by => undef,
    lines => [{ line => '2', item_id => '23455',
                quantity => { value => '1' } }],
}, 'a cancelled one, with nothing of the one before');

facts($o[2], {
    key => 'F-103',
    action => 'update',
    lines => [{ line => '1', item_id => 'X-17',
                quantity => { value => '3', unit => 'EA' } }],
}, 'a changed one, known by the number of the store');

unlike($t->post('/all', $t->er7($oms))->{body},
       qr/PAT-12|Muster|1988|ACC-77|V-4711/, 'nothing of the patient');

facts(($t->objects('oms_requisition',
                   $t->er7($oms =~ s/\|ORSUP\^Main supply/|""/r)))[0],
      { ship_to => '4E' }, 'a null is no place');


# services and goods: ORM, OMG

my $orm = message('ORM^O01', @patient,
    segment('ORC', 1 => 'NW', 2 => 'P-1^EHR', 12 => '9001^Order'),
    segment('OBR', 1 => 1, 2 => 'P-1', 4 => '24725-4^CT head^LN',
            6 => '20261123', 27 => '2^^^20261124080000'),
    segment('DG1', 1 => 1, 3 => 'S06.9^Injury^I10'),
    segment('FT1', 1 => 1, 2 => 'T-1', 4 => '20261121', 5 => '20261122',
            6 => 'CG', 7 => 'CT1^CT^L', 10 => 2, 11 => '100&EUR',
            12 => '50&EUR', 13 => 'RAD-1', 25 => '71045^X-ray^C4'),
    segment('FT1', 1 => 2, 4 => '20261121', 6 => 'CD', 7 => 'CT2'),
    segment('ORC', 1 => 'NW', 2 => 'P-2', 12 => '9002'),
    segment('RXO', 1 => 'ASA^Aspirin'),
    segment('ORC', 1 => 'DC', 2 => 'P-3'),
    segment('RQD', 1 => 1, 2 => 'GLOVE-M', 5 => 10, 6 => 'BX'),
    segment('ORC', 1 => 'SC'),
    segment('OBR', 1 => 4, 2 => 'P-4', 3 => 'F-4', 4 => '^^^ALT-1^^L'),
    segment('TQ1', 1 => 1, 2 => '3^pack', 7 => '20261201'),
    segment('FT1', 1 => 3, 2 => 'T-3', 4 => '20261121', 6 => 'CG',
            7 => 'ALT'));

@o = $t->objects('orm_requisition', $t->er7($orm));

is(@o, 3, 'drugs are no requisition');

facts($o[0], {
    key => 'P-1', kind => 'requisition', action => 'create',
    ship_to => '4E', requested_by => '9001',
    lines => [{ line => '1', item_id => '24725-4',
                quantity => { value => '2' }, need_by => '2026-11-24' }],
}, 'a service');

facts($o[1], {
    key => 'P-3', action => 'cancel', replaces => 'P-3',
    requested_by => undef,
    lines => [{ line => '1', item_id => 'GLOVE-M',
                quantity => { value => '10', unit => 'BX' } }],
}, 'goods');

facts($o[2], {
    key => 'P-4', action => 'update',
    lines => [{ line => '4', item_id => 'ALT-1',
                quantity => { value => '3', unit => 'pack' },
                need_by => '2026-12-01' }],
}, 'an order without a number in ORC');

is($t->objects('orm_requisition', $t->er7($orm =~ s/ORM\^O01/OMG^O19/r)), 3,
   'OMG^O19 is the same');

my @c = $t->objects('orm_charge', $t->er7($orm));

is(@c, 3, 'a charge for each FT1');

facts($c[0], {
    type => 'charge', key => 'T-1', kind => 'charge', action => 'create',
    visit_id => 'V-4711', account_id => 'ACC-77',
    service_date => '2026-11-21', posting_date => '2026-11-22',
    code => { value => '71045', system => 'cpt' }, quantity => '2',
    amount => { value => '100.00', currency => 'EUR' },
    unit_price => { value => '50', currency => 'EUR' },
    cost_center => '4300', ordering => '9001', order_id => 'P-1',
}, 'what an order costs');

facts($c[1], {
    key => 'GHH/M-1/2', kind => 'credit', quantity => '1', amount => undef,
    replaces => undef, code => { value => 'CT2' },
}, 'a credit without a number has a key all the same');

facts($c[2], { key => 'T-3', ordering => undef, order_id => undef },
      'the third one has nothing of the orders before');


# results: ORU

my $oru = message('ORU^R01', @patient,
    segment('ORC', 1 => 'RE', 2 => 'P-1', 3 => 'F-1'),
    segment('OBR', 1 => 1, 2 => 'P-1', 3 => 'F-1', 4 => '24317-0^Hemogram^LN',
            7 => '20261120231500-0500', 16 => '9001^Order', 24 => 'LAB',
            25 => 'F', 32 => '612&Reader^20261121', 34 => '615&Tech',
            44 => '85027^CBC^C4', 45 => '91^Outside^HCPCS~QW'),
    segment('OBX', 1 => 1, 2 => 'NM', 3 => '718-7^Hemoglobin^LN', 5 => '17.77',
            6 => 'g/dl', 11 => 'F'),
    segment('NTE', 1 => 1, 3 => 'a secret remark'),
    segment('OBR', 1 => 2, 3 => 'F-1', 4 => '2345-7^Glucose^LN', 25 => 'C'),
    segment('OBX', 1 => 1, 2 => 'NM', 3 => '2345-7^Glucose^LN', 5 => '18181',
            6 => 'mg/dl', 11 => 'C'),
    segment('OBR', 1 => 3, 2 => 'P-9', 4 => 'LIP^Lipids^L', 25 => 'X'),
    segment('OBR', 1 => 4, 4 => 'ESR'));

@c = $t->objects('oru_charge', $t->er7($oru));

is(@c, 4, 'a charge for each OBR');

facts($c[0], {
    type => 'charge', map => 'oru_charge@1', key => 'F-1/24317-0',
    charge_id => 'F-1/24317-0', action => 'create', kind => 'charge',
    quantity => '1', visit_id => 'V-4711', account_id => 'ACC-77',
    service_date => '2026-11-20',
    code => { value => '24317-0', system => 'loinc', text => 'Hemogram' },
    cost_center => '9999', performer => '612', ordering => '9001',
    order_id => 'P-1', replaces => undef, amount => undef,
    modifiers => [{ value => '91', system => 'hcpcs', text => 'Outside' },
                  { value => 'QW' }],
    procedures => [{ value => '85027', system => 'cpt', text => 'CBC' }],
}, 'a test');

facts($c[1], {
    key => 'F-1/2345-7', action => 'update', order_id => undef,
    performer => undef, cost_center => undef, service_date => '2026-11-21',
    modifiers => undef, procedures => undef,
}, 'a corrected one: same number, other key, nothing of the one before');

facts($c[2], { key => 'P-9/LIP', action => 'cancel', replaces => 'P-9/LIP',
               code => { value => 'LIP', text => 'Lipids',
                         system => 'local' } },
      'a cancelled one');

facts($c[3], { key => 'GHH/M-1/4', action => 'create',
               code => { value => 'ESR' } }, 'one without a number');

like($c[0]{patient}{token}, qr/^pt_k1_[a-z2-7]{26}$/, 'the token');

my $answer = $t->post('/all', $t->er7($oru . "ZRX|1\n"));

is($answer->{status}, 200, 'mapped with all maps');
unlike($answer->{body}, qr/17\.77|18181|718-7|secret|g\/dl|PAT-1|Muster|99123/,
       'no finding leaves, and nothing of the person');
like($answer->{header}, qr/^X-Unmapped: ZRX\r$/m,
     'only what nobody knows is unmapped');

for my $message ($oms, $orm) {
    like($t->post('/all', $t->er7($message . "ZRX|1\n"))->{header},
         qr/^X-Unmapped: ZRX\r$/m, 'of orders as well');
}


# what is missing or wrong

$t->refusals(
    ['oms_requisition', $oms, 's/RQ101\^WARD//', 'po_id', 'ORC-2.1', 101],
    ['oms_requisition', $oms, 's/12\.50/a dozen/', 'lines[].quantity.value',
     'RQD-5', 102],
    ['oms_requisition', $oms, 's/\|3\|EA/||EA/', 'lines[].quantity.value',
     'RQD-5', 101],
    ['oms_requisition', $oms, 's/\|23455\^/|^/', 'lines[].item_id', 'RQD-4.1',
     101],
    ['oms_requisition', $oms, 's/20261130/20261131/', 'lines[].need_by',
     'RQD-10.1', 102],
    ['orm_requisition', $orm, 's/24725-4//', 'lines[].item_id', 'OBR-4.1',
     101],
    ['orm_charge', $orm, 's/V-4711//; s/ACC-77//', 'visit_id', 'PV1-19.1',
     101],
    ['orm_charge', $orm, 's/\|CG\|CT1/|ZZ|CT1/', 'kind', 'FT1-6.1', 103],
    ['oru_charge', $oru, 's/PAT-12\^\^\^GHH\^MR~99123//', 'patient.token',
     'PID-3[5=MR].1', 101],
    ['oru_charge', $oru, 's/\|ESR/|/', 'code.value', 'OBR-4.1', 101],
    ['oru_charge', $oru, 's/V-4711//; s/ACC-77//', 'visit_id', 'PV1-19.1',
     101],
);

$t->stop;

done_testing();


sub message {
    my ($type, @segments) = @_;

    return join "\n", 'MSH|^~\&|ORD|GHH|NGX|GHH|20261121101500+0100||'
                      . "$type|M-1|P|2.5.1", @segments, '';
}

