use lib 't/lib';
use strict;
use warnings;
use Test::More;
use MapTest;

# conf/maps/mfn.conf, mfn_item.conf and pmu.conf: master files, and staff.

sub message;

my @maps = qw(mfn_provider mfn_org_unit mfn_item_stock mfn_item mfn_supplier
              pmu_employee pmu_provider);

my $t = MapTest->start(shipped => 1, locations => <<"EOL", maps => \@maps);
    location /all {
        canonical_request @maps;
        add_header X-Unmapped \$canonical_unmapped;
        proxy_pass http://127.0.0.1:%%ECHO%%;
    }
EOL

my $mfi = segment('MFI', 1 => 'PRA', 3 => 'UPD', 6 => 'AL');


# M02: who treats patients

my $m02 = message('MFN^M02', $mfi,
    segment('MFE', 1 => 'MAD', 2 => 1, 4 => '7001', 5 => 'CE'),
    segment('STF', 1 => '7001', 2 => '7001^^^GHH^PN~1234567893^^^US^NPI~E-9^^^'
            . 'HR^EI', 3 => 'Roe^Jane', 6 => '19700101', 7 => 'A',
            8 => 'SURG^Surgery', 12 => '20200101', 13 => '20301231'),
    segment('PRA', 1 => '7001', 3 => 'PH^Physician',
            5 => 'ORTH^Board~TRAUMA', 6 => 'L-77^SL^BY'),
    segment('MFE', 1 => 'MDC', 2 => 2, 3 => '20261120080000', 4 => '7002'),
    segment('STF', 1 => '7002', 7 => 'A'),
    segment('PRA', 1 => '7002', 6 => '999^MD~1111111112^NPI'),
    segment('MFE', 1 => 'MUP', 2 => 3, 4 => '7003'),
    segment('STF', 1 => '7003', 7 => 'I', 8 => '""'),
    segment('MFE', 1 => 'MDL', 2 => 4, 4 => '7004'));

my @o = $t->objects('mfn_provider', $t->er7($m02));

is(@o, 4, 'a provider for each MFE');

facts($o[0], {
    type => 'provider',
    map => 'mfn_provider@1',
    key => '7001',
    action => 'create',
    event => 'M02',
    event_time => '2026-11-21T10:15:00+01:00',
    provider_id => '7001',
    npi => '1234567893',
    employee_id => 'E-9',
    role => { value => 'PH', text => 'Physician' },
    specialty => [{ value => 'ORTH' }, { value => 'TRAUMA' }],
    active => 'true',
    department => 'SURG',
    valid => { from => '2020-01-01', to => '2030-12-31' },
}, 'a new one');

facts($o[1], {
    key => '7002', action => 'update', active => 'false', npi => '1111111112',
    valid => { to => '2026-11-20T08:00:00+01:00' }, role => undef,
    specialty => undef, department => undef, employee_id => undef,
}, 'one that is not active any more, with nothing of the one before');

facts($o[2], { key => '7003', action => 'update', active => 'false',
               department => \undef }, 'a null deletes');

facts($o[3], { key => '7004', action => 'cancel', active => 'false' },
      'a deleted one');


# M05: places

my $m05 = message('MFN^M05', $mfi,
    segment('MFE', 1 => 'MAD', 4 => '4E^136^B^GHH'),
    segment('LOC', 1 => '4E^136^B^GHH', 2 => 'Bed B', 3 => 'B'),
    segment('LDP', 1 => '4E', 2 => 'ORTH', 6 => 'A', 12 => '4120^Ward 4E'),
    segment('LCC', 1 => '4E', 2 => 'ORTH'),
    segment('MFE', 1 => 'MUP', 4 => '4E^136^^GHH'),
    segment('LOC', 1 => '4E^136^^GHH', 3 => 'R'),
    segment('MFE', 1 => 'MUP', 4 => '4E^^^GHH'),
    segment('LOC', 1 => '4E&x^^^GHH', 2 => 'Ward 4 East', 3 => 'N~D'),
    segment('LDP', 6 => 'I'),
    segment('MFE', 1 => 'MAC', 4 => '^^^GHH'),
    segment('LOC', 1 => '^^^GHH', 3 => 'ZZ', 4 => 'Good Health Hospital'),
    segment('MFE', 1 => 'MDL', 4 => 'OLD^1'));

@o = $t->objects('mfn_org_unit', $t->er7($m05));

is(@o, 5, 'a unit for each MFE');

facts($o[0], {
    type => 'org_unit', map => 'mfn_org_unit@1', key => '4E-136-B',
    action => 'create', id => '4E-136-B', kind => 'bed', name => 'Bed B',
    parent => '4E-136', cost_center => '4120', active => 'true',
}, 'a bed');

facts($o[1], { id => '4E-136', parent => '4E', kind => 'room', name => '4E',
               cost_center => undef, active => 'true' }, 'its room');
facts($o[2], { id => '4E', parent => 'GHH', name => 'Ward 4 East',
               active => 'false' }, 'its unit');
facts($o[3], { id => 'GHH', parent => undef, kind => 'location',
               name => 'Good Health Hospital', action => 'update' },
      'its hospital');
facts($o[4], { id => 'OLD-1', action => 'cancel', active => 'false',
               name => 'OLD' }, 'a room that is no more');


# M15: stock

my $m15 = message('MFN^M15', segment('MFI', 4 => '202611210900'),
    segment('MFE', 1 => 'MUP', 4 => 'ITM-1'),
    segment('IIM', 1 => 'ITM-1', 2 => 'ITM-1^Gloves M', 3 => 'LOT-7',
            4 => '202812', 5 => 'Makers', 6 => 'STORE-1', 8 => 10, 9 => 'BX',
            10 => '4.5&EUR', 11 => '20261121', 12 => '37.50', 13 => 'BX^Box'),
    segment('MFE', 1 => 'MAD', 4 => 'ITM-2'),
    segment('IIM', 1 => 'ITM-2', 6 => 'STORE-2'));

@o = $t->objects('mfn_item_stock', $t->er7($m15));

is(@o, 2, 'an item for each MFE');

facts($o[0], {
    type => 'item', map => 'mfn_item_stock@1', key => 'ITM-1',
    event_time => '2026-11-21T09:00:00+01:00',
    action => 'update', item_id => 'ITM-1', description => 'Gloves M',
    status => 'active', base_unit => 'BX',
    manufacturer => { name => 'Makers' },
    stock => [{ location => 'STORE-1',
                on_hand => { value => '37.50', unit => 'BX' },
                lots => [{ lot => 'LOT-7', expires => '2028-12',
                           qty => '37.50' }] }],
}, 'a lot on hand');

facts($o[1], { key => 'ITM-2', description => 'ITM-2', base_unit => 'EA',
               manufacturer => undef, stock => [{ location => 'STORE-2' }] },
      'a place without a number, and nothing of the item before');


# M16: items, and who sells them

my $m16 = message('MFN^M16', $mfi,
    segment('MFE', 1 => 'MAD', 2 => 1, 4 => 'ITM-1'),
    segment('ITM', 1 => 'ITM-1^ERP', 2 => 'Gloves \T\ more, M', 3 => 'A',
            4 => 'SUP', 5 => 'PPE^Protection', 6 => 'Y', 7 => 'MK-1',
            8 => 'Makers', 9 => 'G-100', 11 => 'Y^Yes', 12 => '99070^Supplies',
            13 => '1.2345&EUR', 14 => 'Y', 17 => 'N', 30 => 'N',
            33 => '42132203'),
    segment('VND', 1 => 1, 2 => 'V-1', 3 => 'First', 4 => 'F-100', 5 => 'Y'),
    segment('PKG', 1 => 1, 2 => 'CS', 3 => 'Y', 4 => 1000, 5 => '99.90&EUR'),
    segment('PKG', 1 => 2, 2 => 'EA', 3 => 'N', 4 => 1, 5 => '0.1',
            8 => '04012345678901'),
    segment('PCE', 1 => 1, 2 => '4100'),
    segment('VND', 1 => 2, 2 => 'V-2', 3 => 'Second', 5 => 'N'),
    segment('IVT', 1 => 1, 2 => 'STORE-1^x', 3 => 'Main store', 7 => 'B-12',
            10 => '1400', 16 => 'N', 24 => 20, 25 => 100),
    segment('ILT', 1 => 1, 2 => 'LOT-7', 3 => '20281231', 9 => '37.50',
            10 => 'EA'),
    segment('ILT', 1 => 2, 2 => 'LOT-8'),
    segment('IVT', 1 => 2, 2 => 'STORE-2', 16 => 'Y'),
    segment('MFE', 1 => 'MUP', 2 => 2, 4 => 'ITM-2'),
    segment('ITM', 1 => 'ITM-2', 2 => 'Screw', 3 => 'P', 4 => 'IMP'),
    segment('PKG', 1 => 1, 2 => 'BX', 4 => 5),
    segment('MFE', 1 => 'MDL', 2 => 3, 4 => 'ITM-3'));

@o = $t->objects('mfn_item', $t->er7($m16));

is(@o, 3, 'an item for each MFE');

facts($o[0], {
    type => 'item', map => 'mfn_item@1', key => 'ITM-1', action => 'create',
    event => 'M16', item_id => 'ITM-1', description => 'Gloves & more, M',
    status => 'active', category => { value => 'PPE', text => 'Protection' },
    manufacturer => { id => 'MK-1', name => 'Makers', catalog_no => 'G-100' },
    gtin => '04012345678901', unspsc => '42132203', base_unit => 'EA',
    chargeable => 'true', charge_code => { value => '99070',
                                           text => 'Supplies' },
    charge_price => { value => '1.2345', currency => 'EUR' },
    stocked => 'true', expiry => 'true', latex => 'false',
    hazardous => 'false',
    vendors => [{ vendor_id => 'V-1', name => 'First', catalog_no => 'F-100',
                  primary => JSON::PP::true },
                { vendor_id => 'V-2', name => 'Second',
                  primary => JSON::PP::false }],
    packs => [{ unit => 'CS', default => JSON::PP::true, qty => '1000',
                price => { value => '99.90', currency => 'EUR' } },
              { unit => 'EA', default => JSON::PP::false, qty => '1',
                price => { value => '0.1', currency => 'USD' } }],
    stock => [{ location => 'STORE-1', bin => 'B-12', asset_account => '1400',
                consignment => JSON::PP::false,
                reorder_point => { value => '20' },
                reorder_qty => { value => '100' },
                lots => [{ lot => 'LOT-7', expires => '2028-12-31',
                           qty => { value => '37.50', unit => 'EA' } },
                         { lot => 'LOT-8' }] },
              { location => 'STORE-2', consignment => JSON::PP::true }],
}, 'an item with all there is');

facts($o[1], {
    key => 'ITM-2', action => 'update', status => 'pending',
    category => { value => 'IMP' }, base_unit => 'BX',
    packs => [{ unit => 'BX', qty => '5' }], vendors => undef, stock => undef,
    gtin => undef, manufacturer => undef, charge_price => undef,
    chargeable => undef,
}, 'one with little, and nothing of the one before');

facts($o[2], { key => 'ITM-3', action => 'cancel', status => 'deleted',
               description => 'ITM-3', packs => undef }, 'a deleted one');

my @s = $t->objects('mfn_supplier', $t->er7($m16));

is(@s, 2, 'a supplier for each VND');

facts($s[0], { type => 'supplier', map => 'mfn_supplier@1', key => 'V-1',
               supplier_id => 'V-1', name => 'First', active => 'true',
               action => 'update' }, 'the first');
facts($s[1], { key => 'V-2', name => 'Second' }, 'the second');


# PMU: staff

my $b01 = message('PMU^B01',
    segment('EVN', 2 => '20261121100000'),
    segment('STF', 1 => '7001', 2 => '1234567893^^^US^NPI~E-9^^^HR^EI',
            3 => 'Roe&x^Jane^Q', 5 => 'F', 6 => '19700101', 7 => 'A',
            8 => 'OR^Theatre', 12 => '20200101', 14 => '7100',
            15 => 'jane.roe@example.org', 18 => 'Surgeon', 19 => 'S2^MED',
            20 => 'F^Full time', 36 => '4711^Cost'),
    segment('PRA', 1 => '7001', 3 => 'PH', 5 => 'ORTH',
            6 => 'L-77^SL^BY^20281231'),
    segment('CER', 1 => 1, 2 => 'C-1', 8 => 'BY', 10 => 'ACLS^Life support',
            27 => '20271130'));

facts($t->object('pmu_employee', $t->er7($b01)), {
    type => 'employee',
    map => 'pmu_employee@1',
    key => 'E-9',
    action => 'create',
    event => 'B01',
    event_time => '2026-11-21T10:00:00+01:00',
    employee_id => 'E-9',
    name => 'Jane Roe',
    job => { value => 'S2', text => 'Surgeon' },
    employment => { value => 'F', text => 'Full time' },
    cost_center => '4711',
    hired => '2020-01-01',
    left => undef,
    email => 'jane.roe@example.org',
    manager_id => undef,
    licences => [{ no => 'C-1', type => { value => 'ACLS',
                                          text => 'Life support' },
                   state => 'BY', expires => '2027-11-30' }],
}, 'a new employee');

facts($t->object('pmu_provider', $t->er7($b01)), {
    type => 'provider', map => 'pmu_provider@1', key => '7001',
    action => 'create', provider_id => '7001', npi => '1234567893',
    employee_id => 'E-9', active => 'true', department => 'OR',
    role => { value => 'PH' }, specialty => [{ value => 'ORTH' }],
    valid => { from => '2020-01-01' },
}, 'who is a provider too');

my $b06 = $b01 =~ s/PMU\^B01/PMU^B06/r =~ s/PRA.*\n//r =~ s/CER.*\n//r
               =~ s/\|4711\^Cost//r;

facts($t->object('pmu_employee', $t->er7($b06)), {
    action => 'update', left => '2026-11-21', cost_center => '4100',
    licences => undef,
}, 'one that has left; the cost center is that of the department');

facts($t->object('pmu_provider', $t->er7($b06)), {
    key => '7001', active => 'false', action => 'update',
    valid => { from => '2020-01-01', to => '2026-11-21T10:00:00+01:00' },
}, 'who treats nobody any more');

facts($t->object('pmu_provider', $t->er7($b06 =~ s/B06/B03/r)),
      { action => 'cancel', active => 'false' }, 'a deleted one');

facts($t->object('pmu_employee', $t->er7($b01 =~ s/CER.*\n//r)), {
    licences => [{ no => 'L-77', type => { value => 'SL' }, state => 'BY',
                   expires => '2028-12-31' }],
}, 'without CER: PRA-6');

is($t->objects('pmu_provider', $t->er7($b06 =~ s/B06/B02/r)), 0,
   'without PRA: no provider');

for my $message ($m02, $m05, $m15, $m16, $b01) {
    my $answer = $t->post('/all', $t->er7($message . "ZZZ|1\n"));

    like($answer->{header}, qr/^X-Unmapped: ZZZ\r$/m,
         'only what nobody knows is unmapped');
    unlike($answer->{body}, qr/1970/, 'nothing private');
}


# what is missing or wrong

$t->refusals(
    ['mfn_provider', $m02, 's/MFE\|MAD/MFE|XXX/', 'action', 'MFE-1', 103],
    ['mfn_provider', $m02, 's/\|7004//', 'provider_id', 'STF-1.1', 101],
    ['mfn_provider', $m02, 's/\|I\|""/|X|""/', 'active', 'STF-7.1', 102],
    ['mfn_provider', $m02, 's/\|20200101/|20201301/', 'valid.from',
     'STF-12.1', 102],
    ['mfn_org_unit', $m05, 's/\|OLD\^1//', 'id',
     '{LOC-1.1.1}-{LOC-1.2.1}-{LOC-1.3.1}', 101],
    ['mfn_item_stock', $m15, 's/37\.50/many/', 'stock[].on_hand.value',
     'IIM-12', 102],
    ['mfn_item', $m16, 's/1\.2345/1,23/', 'charge_price.value', 'ITM-13.1.1',
     102],
    ['mfn_item', $m16, 's/more, M\|A/more, M|Z/', 'status', 'ITM-3.1', 103],
    ['mfn_item', $m16, 's/99\.90/cheap/', 'packs[].price.value', 'PKG-5.1.1',
     102],
    ['mfn_item', $m16, 's/\|Y\^Yes/|maybe/', 'chargeable', 'ITM-11.1', 102],
    ['mfn_supplier', $m16, 's/\|V-2/|/', 'supplier_id', 'VND-2.1', 101],
    ['pmu_employee', $b01, 's/\|20200101/|/', 'hired', 'STF-12.1', 101],
    ['pmu_employee', $b01, 's/Roe&x\^Jane\^Q//', 'name',
     '{STF-3.2} {STF-3.1.1}', 101],
    ['pmu_employee', $b01, 's/\|20271130/|2027113/', 'licences[].expires',
     'CER-27.1', 102],
    ['pmu_provider', $b01, 's/\|7001\|1234567893\^\^\^US\^NPI/||/',
     'provider_id', 'STF-1.1', 101],
);

$t->stop;

done_testing();


sub message {
    my ($type, @segments) = @_;

    return join "\n", 'MSH|^~\&|ERP|GHH|NGX|GHH|20261121101500+0100||'
                      . "$type|M-4|P|2.8", @segments, '';
}

