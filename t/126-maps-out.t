use lib 't/lib';
use strict;
use warnings;
use JSON::PP;
use Test::More;
use MapTest;

# conf/maps/to_hl7.conf, to_hl7_adt.conf and to_erp.conf: canonical objects as
# messages for clinical systems, and as bodies for an ERP.

sub render;
sub segments;
sub back;
sub joined;

my @hl7 = qw(item_mfn_m16 provider_mfn_m02 encounter_adt_a01 encounter_adt
             encounter_adt_a03);
my @erp = qw(supply_usage_json charge_form invoice_xml purchase_order_soap);

my $t = MapTest->start(shipped => 1, renders => [@hl7, @erp],
                       maps => [qw(mfn_item mfn_provider adt_encounter)]);

my $json = JSON::PP->new->utf8->canonical;


# an item as MFN^M16

my %item = (
    type => 'item', map => 'erp_item@1', key => 'ITM-1', action => 'create',
    event_time => '2026-11-21T10:15:00+01:00', item_id => 'ITM-1',
    description => "Gl\xf6ves & more | \\ \"\"", status => 'inactive',
    base_unit => 'EA', gtin => '04012345678901', unspsc => '42132203',
    category => { value => 'PPE', text => 'Protection^' },
    manufacturer => { id => 'MK-1', name => 'Makers', catalog_no => 'G-100' },
    chargeable => JSON::PP::true, stocked => JSON::PP::true,
    expiry => JSON::PP::true, latex => JSON::PP::false,
    hazardous => JSON::PP::false,
    charge_code => { value => '99070', text => 'Supplies' },
    charge_price => { value => '1.2345', currency => 'EUR' },
    packs => [
        { unit => 'CS', default => JSON::PP::true, qty => '1000',
          price => { value => '99.90', currency => 'EUR' } },
        { unit => 'EA', default => JSON::PP::false, qty => '1' },
    ],
    vendors => [
        { vendor_id => 'V-1', name => 'First', catalog_no => 'F-100',
          primary => JSON::PP::true },
        { vendor_id => 'V-2', name => 'Second', primary => JSON::PP::false },
        { vendor_id => 'V-3', name => undef },
    ],
    stock => [
        { location => 'STORE-1', bin => 'B-12', asset_account => '1400',
          consignment => JSON::PP::false, reorder_point => { value => '20' },
          reorder_qty => { value => '100' },
          lots => [{ lot => 'LOT-7', expires => '2028-12-31',
                     qty => { value => '37.50', unit => 'EA' } },
                   { lot => 'LOT-8' }] },
        { location => 'STORE-2', consignment => JSON::PP::true },
    ],
);

my $answer = render('item_mfn_m16', \%item);

is($answer->{status}, 200, 'an item is written');
is($answer->{type}, 'application/hl7-v2', 'as HL7');

my @lines = segments $answer->{body};

like($lines[0], qr/^MSH\|\^~\\&\|HIE\|ERP\|\|\|\d{14}\+0000\|\|
                   MFN\^M16\^MFN_M16\|[0-9a-f]{16}\|P\|2\.8\|{6}
                   UNICODE\ UTF-8$/x, 'the header');

is_deeply([@lines[1 .. $#lines]], [
    'MFI|INV^Inventory master file^HL70175||UPD|20261121101500+0100||AL',
    'MFE|MAD|ITM-1|20261121101500+0100|ITM-1|CWE',
    "ITM|ITM-1|Gl\xc3\xb6ves \\T\\ more \\F\\ \\E\\ \"\"|I||PPE^Protection"
    . '\S\|Y|MK-1|Makers|G-100||Y|99070^Supplies|1.2345&EUR|Y|||N'
    . '|||||||||||||N|||42132203',
    'VND|1|V-1|First|F-100|Y',
    'PKG|1|CS|Y|1000|99.90&EUR',
    'PKG|2|EA|N|1||||04012345678901',
    'VND|2|V-2|Second||N',
    'VND|3|V-3|""',
    'IVT|1|STORE-1|||||B-12|||1400||||||N||||||||20|100',
    'ILT|1|LOT-7|20281231||||||37.50|EA',
    'ILT|2|LOT-8',
    'IVT|2|STORE-2||||||||||||||Y',
], 'the segments, numbered');

my $again = back('mfn_item', $answer);

delete @$again{qw(map source event trace_id)};

is_deeply($again, { %item{grep { $_ ne 'map' } keys %item} },
          'and back: all facts are the same');

# the other way round: a message, the object, a message

my $m16 = join "\r", 'MSH|^~\&|ERP|GHH|NGX|GHH|20261121101500+0100||MFN^M16'
                     . '|M-1|P|2.8', @lines[1 .. $#lines], '';
my ($object) = $t->objects('mfn_item', 'application/hl7-v2', $m16);

my @second = segments(render('item_mfn_m16', $object)->{body});

is_deeply([@second[1 .. $#second]], [@lines[1 .. $#lines]],
          'MFN^M16, item, MFN^M16: the same segments');

@lines = segments render('item_mfn_m16', {
    type => 'item', key => 'I', item_id => 'I', description => 'D',
    status => 'deleted', action => 'cancel', base_unit => 'EA',
    category => 'PLAIN', charge_price => '2.50',
    packs => [{ unit => 'EA', qty => { value => '1' }, price => '3' }],
})->{body};

is_deeply([@lines[2 .. $#lines]], [
    'MFE|MDL|I||I|CWE', 'ITM|I|D|I||PLAIN||||||||2.50', 'PKG|1|EA||1|3',
], 'an item to be deleted, its values in their short forms');


# a provider as MFN^M02

my %provider = (
    type => 'provider', map => 'hr@2', key => '7001', action => 'update',
    event_time => '2026-11-21T10:15:00+01:00', provider_id => '7001',
    npi => '1234567893', employee_id => 'E-9', active => JSON::PP::false,
    role => { value => 'PH', text => 'Physician' }, department => 'SURG',
    specialty => [{ value => 'ORTH' }, { value => 'TRAUMA' }],
    valid => { from => '2020-01-01', to => '2026-11-20T08:00:00+01:00' },
);

$answer = render('provider_mfn_m02', \%provider);
@lines = segments $answer->{body};

is_deeply([@lines[1 .. $#lines]], [
    'MFI|PRA^Practitioner master file^HL70175||UPD|20261121101500+0100||AL',
    'MFE|MUP|7001|20261121101500+0100|7001|CE',
    'STF|7001|1234567893^^^^NPI~E-9^^^^EI|||||I|SURG||||20200101'
    . '|20261120080000+0100',
    'PRA|7001||PH^Physician||ORTH~TRAUMA',
], 'a provider');

$again = back('mfn_provider', $answer);

delete @$again{qw(map source event trace_id)};
is_deeply($again, { %provider{grep { $_ ne 'map' } keys %provider} },
          'and back: all facts are the same');


# an encounter as ADT

my %encounter = (
    type => 'encounter', map => 'm@1', key => 'V-1', action => 'update',
    event_time => '2026-11-21T10:15:00+01:00', visit_id => 'V-1',
    account_id => 'ACC-77',
    patient => { token => 'pt_k1_abcdefghijklmnopqrstuvwxyz', birth => '1988',
                 sex => 'M' },
    class => 'inpatient', state => 'open', department => 'SURG',
    location => { facility => 'GHH', unit => '4E', room => '136' },
    attending => [{ id => '112' }, { id => '556' }],
    admit_time => '2026-11-20T08:00:00+01:00',
    diagnoses => [
        { code => { value => 'S72.0', system => 'icd10', text => 'Fracture' },
          kind => 'A' },
        { code => 'X' },
    ],
);

for (['encounter_adt_a01', 'ADT^A01^ADT_A01', 'A01'],
     ['encounter_adt', 'ADT^A08^ADT_A01', 'A08'],
     ['encounter_adt_a03', 'ADT^A03^ADT_A03', 'A03'])
{
    my ($map, $type, $event) = @$_;

    @lines = segments render($map, \%encounter)->{body};

    like($lines[0], qr/\|\Q$type\E\|/, "$event: the type");
    is($lines[1], "EVN|$event|20261121101500+0100", "$event: the event");
    is($lines[2], 'PID|||pt_k1_abcdefghijklmnopqrstuvwxyz^^^^PI||'
                  . 'pt_k1_abcdefghijklmnopqrstuvwxyz^^^^^^S||1988|M'
                  . '||||||||||ACC-77', "$event: a pseudonym");
    like($lines[3], qr/^PV1\|\|I\|4E\^136\^\^GHH\|{4}112~556\|.*\|V-1\|.*
                       \|20261120080000\+0100/x, "$event: the visit");
}

$answer = render('encounter_adt', \%encounter);

is_deeply([grep { /^DG1/ } segments $answer->{body}],
          ['DG1|1||S72.0^Fracture^I10|||A', 'DG1|2||X'], 'diagnoses');

$again = back('adt_encounter', $answer);

facts($again, { map { $_ => $encounter{$_} }
                qw(visit_id account_id class state department location
                   attending admit_time) },
      'and back: the facts of the visit are the same');

my $gone = { %encounter, disposition => { value => '01' } };

like((segments render('encounter_adt_a03', $gone)->{body})[3],
     qr/\|01\|.*\|20261121101500\+0100$/, 'gone: with what, and when');


# bodies of an ERP

my %usage = (
    type => 'supply_usage', map => 'dft_supply_usage@1', key => 'T-1/CD',
    usage_id => 'T-1/CD', replaces => 'T-1', item_id => 'IMP-1',
    quantity => { value => '2.50', unit => 'BX' }, kind => 'returned',
    location => 'OR', cost_center => '4100', lot => 'L-1', serial => 'S-1',
    expires => '2028-12', used_at => '2026-11-21T23:30:00-05:00',
    chargeable => JSON::PP::true, visit_id => 'V-1',
    patient => { token => 'pt_k1_abcdefghijklmnopqrstuvwxyz' },
    source => { facility => 'GHH', control_id => 'M-1' },
);

$answer = render('supply_usage_json', \%usage);

is($answer->{type}, 'application/json', 'JSON');
is_deeply($json->decode($answer->{body}), {
    DocumentDate => '2026-11-21', PostingDate => '2026-11-21',
    ReferenceDocument => 'T-1/CD', ReversedDocument => 'T-1',
    HeaderText => 'dft_supply_usage@1 GHH/M-1',
    Items => [{
        MovementType => '202', Plant => '1000', StorageLocation => 'OR',
        Material => 'IMP-1', Quantity => '2.50', Unit => 'BX', Batch => 'L-1',
        SerialNumber => 'S-1', ExpirationDate => '2028-12',
        CostCenter => '4100', ChargeToCustomer => JSON::PP::true,
        Visit => 'V-1', Customer => 'pt_k1_abcdefghijklmnopqrstuvwxyz',
    }],
}, 'a goods movement');

my %charge = (
    type => 'charge', key => 'T-1', charge_id => 'T-1', visit_id => 'V-1',
    patient => { token => 'pt_k1_abcdefghijklmnopqrstuvwxyz' },
    kind => 'charge', service_date => '2026-11-21',
    code => { value => '27130', system => 'cpt', text => 'Total hip & more' },
    quantity => '1', amount => { value => '12500.00', currency => 'EUR' },
    diagnoses => [{ value => 'S72.0' }, 'M16.1'],
);

$answer = render('charge_form', \%charge);

is($answer->{type}, 'application/x-www-form-urlencoded', 'a form');
is_deeply([map { s/\+/ /gr =~ s/%([0-9A-F]{2})/chr hex $1/ger }
           split /&/, $answer->{body}], [
    'charge[reference]=T-1', 'charge[kind]=charge',
    'charge[customer]=pt_k1_abcdefghijklmnopqrstuvwxyz', 'charge[visit]=V-1',
    'charge[date]=2026-11-21', 'charge[product]=27130',
    'charge[name]=Total hip & more', 'charge[quantity]=1',
    'charge[amount]=12500.00', 'charge[currency]=EUR',
    'charge[diagnoses][]=S72.0', 'charge[diagnoses][]=M16.1',
], 'a charge');

my %invoice = (
    type => 'invoice', key => 'I-1', invoice_id => 'I-1', date => '2026-11-21',
    due => '2026-12-21', direction => 'customer', party => 'P-9',
    currency => 'EUR', total => '11.90', po_id => 'PO-1',
    lines => [
        { line => 1, code => { value => 'C-1', text => '<b>&' },
          quantity => { value => '2', unit => 'EA' }, tax => '1.90',
          amount => { value => '10.00', currency => 'CHF' } },
        { line => 2, item_id => 'ITM-1', amount => '1.90',
          cost_center => '4100' },
    ],
);

$answer = render('invoice_xml', \%invoice);

is($answer->{type}, 'application/xml', 'XML');
is($answer->{body} =~ s/\n//gr, joined(<<'EOX'), 'an invoice');
<?xml version="1.0" encoding="UTF-8"?>
<Invoice xmlns="urn:example:accounting" number="I-1" action="create">
    <Date>2026-11-21</Date>
    <DueDate>2026-12-21</DueDate>
    <Order>PO-1</Order>
    <Debtor>P-9</Debtor>
    <Total currency="EUR">11.90</Total>
    <Line number="1">
        <Item>C-1</Item>
        <Text>&lt;b&gt;&amp;</Text>
        <Quantity unit="EA">2</Quantity>
        <Amount currency="CHF">10.00</Amount>
        <Tax currency="EUR">1.90</Tax>
    </Line>
    <Line number="2">
        <Item>ITM-1</Item>
        <Quantity>1</Quantity>
        <Amount currency="EUR">1.90</Amount>
        <CostCenter>4100</CostCenter>
    </Line>
</Invoice>
EOX

like(render('invoice_xml', { %invoice, direction => 'supplier' })->{body},
     qr/<Creditor>P-9</, 'an invoice of a supplier');

my %order = (
    type => 'purchase_order', key => 'RQ-1', po_id => 'RQ-1',
    kind => 'requisition', action => 'cancel', ship_to => 'OR',
    supplier_id => 'V-1', event_time => '2026-11-21T10:15:00+01:00',
    lines => [
        { line => '1', item_id => 'ITM-1', need_by => '2026-11-30',
          quantity => { value => '12.50', unit => 'BX' },
          unit_price => { value => '4.25', currency => 'EUR' } },
        { line => '2', item_id => 'ITM-2', quantity => { value => '1' },
          unit_price => '7', gl_account => '40010' },
    ],
);

$answer = render('purchase_order_soap', \%order);

is($answer->{type}, 'text/xml; charset=utf-8', 'SOAP 1.1');
is($answer->{body} =~ s/\n//gr, joined(<<'EOX'), 'a purchase order');
<?xml version="1.0" encoding="UTF-8"?>
<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/">
<soap:Body>
    <po:PostPurchaseOrder xmlns:po="urn:example:purchasing">
        <po:Operation>cancel</po:Operation>
        <po:Number>RQ-1</po:Number>
        <po:Kind>requisition</po:Kind>
        <po:Supplier>V-1</po:Supplier>
        <po:ShipTo>OR</po:ShipTo>
        <po:RequestedAt>2026-11-21T10:15:00+01:00</po:RequestedAt>
        <po:Line number="1">
            <po:Item>ITM-1</po:Item>
            <po:Quantity unit="BX">12.50</po:Quantity>
            <po:Price currency="EUR">4.25</po:Price>
            <po:NeedBy>2026-11-30</po:NeedBy>
        </po:Line>
        <po:Line number="2">
            <po:Item>ITM-2</po:Item>
            <po:Quantity>1</po:Quantity>
            <po:Price>7</po:Price>
            <po:Account>40010</po:Account>
        </po:Line>
    </po:PostPurchaseOrder>
</soap:Body>
</soap:Envelope>
EOX


# what is missing or wrong

for (
    ['item_mfn_m16', { %item, description => undef }, 'ITM-2', 'description'],
    ['item_mfn_m16', { %item, stock => [{ reorder_qty => { value => 'x' } }] },
     'IVT-25', 'reorder_qty.value'],
    ['provider_mfn_m02', { %provider, provider_id => '' }, 'MFE-4.1',
     'provider_id'],
    ['encounter_adt', { %encounter, patient => {} }, 'PID-3.1',
     'patient.token'],
    ['encounter_adt_a01', { %encounter, visit_id => undef }, 'PV1-19.1',
     'visit_id'],
    ['supply_usage_json', { %usage, kind => 'lent' }, 'Items[].MovementType',
     'kind'],
    ['supply_usage_json', { %usage, used_at => undef }, 'DocumentDate',
     'used_at'],
    ['charge_form', { %charge, quantity => 'one' }, 'charge.quantity',
     'quantity'],
    ['invoice_xml', { %invoice, lines => [{ line => 1 }] },
     'Line[].Amount.#text', 'amount.value'],
    ['purchase_order_soap', { %order, lines => [{ line => 1 }] },
     'po:Line[].po:Item', 'item_id'],
) {
    my ($map, $object, $target, $source) = @$_;
    my $refused = render($map, $object);
    my $problem = eval { $json->decode($refused->{body}) } // {};

    is_deeply([$refused->{status}, @$problem{qw(target source)}],
              [422, $target, $source], "$map: $target is refused");
}

is(render('item_mfn_m16', \%provider)->{status}, 422,
   'an object of another type is refused');

$t->stop;

done_testing();


sub render {
    my ($map, $object) = @_;

    return $t->post("/render/$map", 'application/json',
                    $json->encode($object));
}


sub segments {
    return split /\r/, $_[0];
}


sub back {
    my ($map, $answer) = @_;

    return ($t->objects($map, $answer->{type}, $answer->{body}))[0];
}


sub joined {
    return join '', $_[0] =~ /^\s*(.*)$/gm;
}
