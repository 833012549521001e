use lib 't/lib';
use strict;
use warnings;
use Test::More;
use MapTest;

# conf/maps/pharmacy.conf: drugs that were given (RAS) or handed out (RDS, RDE)
# have left a store.

sub message;

my $t = MapTest->start(shipped => 1, locations => <<'EOL',
    location /all {
        canonical_request ras_supply_usage rde_supply_usage;
        add_header X-Unmapped $canonical_unmapped;
        proxy_pass http://127.0.0.1:%%ECHO%%;
    }
EOL
    maps => [qw(ras_supply_usage rde_supply_usage)]);

my @patient = (
    segment('PID', 1 => 1, 3 => 'PAT-12^^^GHH^MR', 5 => 'Muster^Adam',
            18 => 'ACC-77'),
    segment('PV1', 1 => 1, 2 => 'I', 3 => '4E^136^B^GHH', 19 => 'V-4711'));


# given

my $ras = message('RAS^O17', @patient,
    segment('ORC', 1 => 'RE', 2 => 'P-1', 3 => 'RX-1^PHARM'),
    segment('RXO', 1 => 'ASA^Aspirin'),
    segment('RXE', 2 => 'ASA^Aspirin', 3 => 1, 5 => 'TAB', 10 => '2.5',
            11 => 'BOX'),
    segment('RXR', 1 => 'PO'),
    segment('RXA', 1 => 0, 2 => 1, 3 => '20261121080500',
            4 => '20261121080600', 5 => '0182-1061-05^Aspirin^NDC',
            6 => '325.50', 7 => 'mg^^UCUM', 10 => '4471^Nurse~4472^Other',
            11 => 'OR^3', 15 => 'L-1~L-2', 16 => '20271231~20281231',
            20 => 'CP', 21 => 'A'),
    segment('RXR', 1 => 'PO'),
    segment('OBX', 1 => 1, 2 => 'NM', 3 => '8867-4^Pulse', 5 => '77123'),
    segment('RXA', 1 => 0, 2 => 2, 3 => '202611211200+0000', 5 => 'INS',
            6 => 10, 7 => 'U', 20 => 'RE', 21 => 'U'),
    segment('RXA', 1 => 0, 2 => 3, 3 => '20261121160000', 5 => 'NOT', 6 => 1,
            20 => 'NA'),
    segment('RXA', 1 => 0, 2 => 4, 3 => '20261121200000', 5 => 'UNK',
            6 => 999, 20 => 'PA', 21 => 'D'),
    segment('ORC', 1 => 'RE', 2 => 'P-2'),
    segment('RXA', 1 => 0, 2 => 1, 3 => '20261121', 5 => 'NACL', 6 => '0.5',
            11 => '^^^WEST'));

my @u = $t->objects('ras_supply_usage', $t->er7($ras));

is(@u, 4, 'a usage for each RXA but the one that was not given');

facts($u[0], {
    type => 'supply_usage',
    map => 'ras_supply_usage@1',
    key => 'RX-1/1/0182-1061-05/20261121080500',
    action => 'create',
    event => 'O17',
    event_time => '2026-11-21T10:15:00+01:00',
    source => { app => 'EHR', facility => 'GHH', control_id => 'M-3' },
    usage_id => 'RX-1/1/0182-1061-05/20261121080500',
    item_id => '0182-1061-05',
    quantity => { value => '325.50', unit => 'mg' },
    kind => 'used',
    location => 'OR',
    cost_center => '4100',
    visit_id => 'V-4711',
    lot => 'L-1',
    expires => '2027-12-31',
    used_at => '2026-11-21T08:05:00+01:00',
    performer => '4471',
    patient => undef,
    replaces => undef,
}, 'a dose, at a time in the zone of the message');

facts($u[1], {
    key => 'RX-1/2/INS/202611211200+0000', kind => 'wasted',
    action => 'update', item_id => 'INS',
    quantity => { value => '10', unit => 'U' },
    location => '4E', cost_center => '4120', lot => undef, expires => undef,
    performer => undef, used_at => '2026-11-21T12:00:00+00:00',
}, 'a refused one, in the unit of the patient');

facts($u[2], {
    kind => 'used', action => 'cancel', item_id => 'UNK',
    replaces => 'RX-1/4/UNK/20261121200000',
    quantity => { value => '2.5', unit => 'BOX' },
}, 'one taken back, of which only the pharmacy knows how much it was');

facts($u[3], {
    key => 'P-2/1/NACL/20261121', kind => 'used', action => 'create',
    quantity => { value => '0.5' }, used_at => '2026-11-21',
    location => '4E', cost_center => '4120', performer => undef,
}, 'one of another order');

facts(($t->objects('ras_supply_usage', $t->er7(message('RAS^O17', $patient[0],
    segment('ORC', 1 => 'RE', 2 => 'P-2'),
    segment('RXA', 2 => 1, 3 => '20261121', 5 => 'NACL', 6 => '0.5',
            11 => '^^^WEST')))))[0],
      { location => 'WEST', cost_center => '9999', visit_id => 'ACC-77' },
      'without a visit: the facility, and the account');


# handed out

my $rds = message('RDS^O13', @patient,
    segment('ORC', 1 => 'RE', 2 => 'P-1', 3 => 'RX-7'),
    segment('RXO', 1 => 'ASA'),
    segment('RXE', 2 => 'ASA', 3 => 1, 5 => 'TAB', 10 => 6, 18 => '20261120'),
    segment('RXD', 1 => 1, 2 => 'DOX^Doxycycline^NDC', 3 => '20261121090000',
            4 => 20, 5 => 'TAB', 7 => 'N-1', 10 => '88^Chemist',
            13 => 'RAD-1', 18 => 'L-5', 19 => '202806'),
    segment('RXR', 1 => 'PO'),
    segment('ORC', 1 => 'RE'),
    segment('RXD', 1 => 2, 2 => 'IBU', 3 => '20261121', 4 => '1.0',
            7 => 'N-2'));

@u = $t->objects('rde_supply_usage', $t->er7($rds));

is(@u, 2, 'a usage for each RXD, none for RXE');

facts($u[0], {
    type => 'supply_usage', map => 'rde_supply_usage@1',
    key => 'RX-7/1/DOX/20261121090000', kind => 'used', action => 'create',
    item_id => 'DOX', quantity => { value => '20', unit => 'TAB' },
    location => 'RAD-1', cost_center => '4300', lot => 'L-5',
    expires => '2028-06', used_at => '2026-11-21T09:00:00+01:00',
    performer => '88', visit_id => 'V-4711', patient => undef,
}, 'handed out');

facts($u[1], {
    key => 'N-2/2/IBU/20261121', item_id => 'IBU',
    quantity => { value => '1.0' }, lot => undef, performer => undef,
    location => '4E',
}, 'without an order: the number of the prescription');

my %keys = map { $_->{key} => 1 } $t->objects('rde_supply_usage',
    $t->er7($rds =~ s/\nORC\|RE\nRXD\|2\|IBU\|20261121\|/
                     \nORC|RE||RX-7\nRXD|1|IBU|20261121090000|/xr));

is(keys %keys, 2, 'two drugs of one number and time have keys of their own');

my $rde = message('RDE^O11', @patient,
    segment('ORC', 1 => 'NW', 2 => 'P-1'),
    segment('RXE', 2 => 'ASA', 3 => 1, 5 => 'TAB', 10 => 6, 11 => 'BOX'),
    segment('ORC', 1 => 'RF', 2 => 'P-2'),
    segment('RXE', 2 => 'IBU^Ibuprofen', 3 => 1, 5 => 'TAB', 8 => 'OR^1',
            10 => 30, 11 => 'TAB', 14 => '88^Chemist', 15 => 'N-9',
            18 => '20261121093000'));

@u = $t->objects('rde_supply_usage', $t->er7($rde));

is(@u, 1, 'an order alone has used nothing');

facts($u[0], {
    key => 'P-2/IBU/20261121093000', item_id => 'IBU', kind => 'used',
    quantity => { value => '30', unit => 'TAB' }, location => 'OR',
    cost_center => '4100', performer => '88',
    used_at => '2026-11-21T09:30:00+01:00',
}, 'until it says what was handed out');

for my $message ($ras, $rds, $rde) {
    my $answer = $t->post('/all', $t->er7($message . "ZRX|1\n"));

    like($answer->{header}, qr/^X-Unmapped: ZRX\r$/m,
         'only what nobody knows is unmapped');
    unlike($answer->{body}, qr/PAT-12|Muster|pt_|77123/,
           'nothing of the patient');
}


# what is missing or wrong

$t->refusals(
    ['ras_supply_usage', $ras, 's/325\.50/some/', 'quantity.value', 'RXA-6',
     102],
    ['ras_supply_usage', $ras, 's/\|325\.50\|/||/', 'quantity.value', 'RXA-6',
     101],
    ['ras_supply_usage', $ras, 's/\|2\.5\|BOX/||/', 'quantity.value', 'RXE-10',
     101],
    ['ras_supply_usage', $ras, 's/0182-1061-05\^/^/', 'item_id', 'RXA-5.1',
     101],
    ['ras_supply_usage', $ras, 's/\|4E\^136\^B\^GHH/|/; s/\^{3}WEST//',
     'location', 'RXA-11.1.1', 101],
    ['ras_supply_usage', $ras, 's/\|20261121080500\|/||/', 'used_at',
     'RXA-3.1', 101],
    ['ras_supply_usage', $ras, 's/20271231~/20271232~/', 'expires',
     'RXA-16.1', 102],
    ['ras_supply_usage', $ras, 's/\|RE\|U\n/|RE|Q\n/', 'action', 'RXA-21',
     103],
    ['rde_supply_usage', $rds, 's/\|20261121090000\|/||/', 'used_at',
     'RXD-3.1', 101],
    ['rde_supply_usage', $rds, 's/\|20\|TAB/||TAB/', 'quantity.value', 'RXD-4',
     101],
    ['rde_supply_usage', $rde, 's/\|P-2\|?$/|/m; s/N-9//', 'usage_id',
     '{ORC-3.1|ORC-2.1|RXE-15}/{RXE-2.1|RXE-2.4}/{RXE-18.1}', 101],
);

$t->stop;

done_testing();


sub message {
    my ($type, @segments) = @_;

    return join "\n", 'MSH|^~\&|EHR|GHH|NGX|GHH|20261121101500+0100||'
                      . "$type|M-3|P|2.5.1", @segments, '';
}

