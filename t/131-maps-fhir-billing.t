#!/usr/bin/perl

# The shipped maps of FHIR for charges, bills, claims and what payers pay.

use strict;
use warnings;

use Test::More;

use lib 't/lib';
use FhirTest;

my $t = MapTest->start(
    shipped => 1,
    maps => [qw(fhir_charge fhir_invoice fhir_claim fhir_remittance)],
    locations => 'location /map/all { canonical_request fhir_charge
                      fhir_invoice fhir_claim fhir_remittance;
                      proxy_pass http://127.0.0.1:%%ECHO%%;
                      add_header X-Unmapped $canonical_unmapped; }');


sub unmapped {
    my ($json) = @_;

    unlike($t->post('/map/all', $t->json($json))->{header},
           qr/^X-Unmapped:(.*,)? ?\w+(,.*)?\r$/m,
           'no element is unmapped as a whole');
}


# a charge

my $charge = <<'EOF2';
{ "resourceType": "ChargeItem", "id": "c1",
  "meta": { "versionId": "1", "lastUpdated": "2026-11-21T10:15:00+01:00",
            "source": "urn:example:or" },
  "identifier": [ { "value": "CH-1" } ], "status": "billable",
  "code": { "coding": [ { "system": "http://www.ama-assn.org/go/cpt",
                          "code": "27130", "display": "Total hip" } ] },
  "subject": { "reference": "Patient/p1" },
  "context": { "reference": "Encounter/e1" },
  "occurrenceDateTime": "2026-11-21T09:30:00+01:00",
  "performer": [ { "actor": { "reference": "Practitioner/f1" } } ],
  "performingOrganization": { "reference": "Organization/OR" },
  "requestingOrganization": { "reference": "Organization/4E" },
  "quantity": { "value": 2.0 },
  "priceOverride": { "value": 12500.5, "currency": "EUR" },
  "overrideReason": "agreed",
  "enterer": { "reference": "Practitioner/f2" },
  "enteredDate": "2026-11-22",
  "reason": [ { "coding": [ { "system": "http://hl7.org/fhir/sid/icd-10",
                              "code": "S72.0" } ] },
              { "coding": [ { "system": "http://hl7.org/fhir/sid/icd-10",
                              "code": "M16.1" } ] } ],
  "productCodeableConcept": { "coding": [ { "code": "IMP-4711-12" } ] },
  "account": [ { "reference": "Account/a1" } ] }
EOF2

my ($object) = mapped($t, 'fhir_charge', $charge);

facts($object, {
    type => 'charge', map => 'fhir_charge@1', key => 'CH-1',
    charge_id => 'CH-1', action => 'update', event => 'ChargeItem',
    event_time => '2026-11-21T10:15:00+01:00', 'source.control_id' => '1',
    visit_id => 'e1', account_id => 'a1', kind => 'charge',
    service_date => '2026-11-21', posting_date => '2026-11-22',
    code => { value => '27130', system => 'cpt', text => 'Total hip' },
    quantity => '2.0', amount => { value => '12500.50', currency => 'EUR' },
    cost_center => '4100', performer => 'f1', ordering => '4E',
    item_id => 'IMP-4711-12', replaces => undef, unit_price => undef,
    diagnoses => [ { value => 'S72.0', system => 'icd10' },
                   { value => 'M16.1', system => 'icd10' } ],
}, 'a charge; amounts have two digits, quantities those they came with');

like($object->{patient}{token}, qr/^pt_k1_/, 'a token for the patient');
unmapped($charge);

(my $named = $charge) =~ s/"performingOrg/"costCenter": {
    "reference": "Organization\/4711" }, "performingOrg/;
$named =~ s/"occurrenceDateTime": "[^"]*"/"occurrencePeriod": {
    "start": "2026-11-20" }/;
$named =~ s/"priceOverride": \{.*?\},//;
$named =~ s/"quantity": \{.*?\},//;

facts((mapped($t, 'fhir_charge', $named))[0], {
    cost_center => '4711', service_date => '2026-11-20', amount => undef,
    quantity => '1',
}, 'a cost center that is named; a period; no price and quantity');

(my $timing = $charge) =~ s/"occurrenceDateTime": "[^"]*"/"occurrenceTiming":
    { "event": [ "2026-11-19", "2026-11-20" ] }/;

facts((mapped($t, 'fhir_charge', $timing))[0],
      { service_date => '2026-11-19' }, 'a timing');

(my $undone = $charge) =~ s/billable/entered-in-error/;

facts((mapped($t, 'fhir_charge', $undone))[0],
      { action => 'cancel', replaces => 'CH-1', key => 'CH-1' },
      'an error is taken back');

(my $planned = $charge) =~ s/billable/planned/;

is_deeply([$t->objects('fhir_charge', $t->json($planned))], [],
          'what is planned is no charge');

(my $silent = $charge) =~ s/"status": "billable",//;
refused_for($t, 'fhir_charge', $silent, qr/required/, 'action');

(my $babel = $charge) =~ s/"billable"/"BILLABLE"/;
refused_for($t, 'fhir_charge', $babel, qr/not in the table/, 'action');

my ($in_bundle) = mapped($t, 'fhir_charge', bundle($charge, <<'EOF2',
{ "resourceType": "Encounter", "id": "e1", "status": "finished",
  "class": { "code": "IMP" },
  "identifier": [ { "value": "V-1" },
                  { "type": { "coding": [ { "code": "VN" } ] },
                    "value": "V-4711" } ] }
EOF2
    '{ "resourceType": "Account", "id": "a1", "status": "active",
       "identifier": [ { "value": "ACC-77" } ] }'));

facts($in_bundle, { visit_id => 'V-4711', account_id => 'ACC-77' },
      'numbers of visit and account come from the Bundle');

(my $exact = $charge) =~ s/12500\.5/12500.505/;
refused_for($t, 'fhir_charge', $exact, qr/more digits/, 'amount.value');

(my $no_visit = $charge) =~ s/"context": \{.*?\},//;
refused_for($t, 'fhir_charge', $no_visit, qr/required/, 'visit_id');

(my $no_code = $charge) =~ s/"code": \{ "coding".*?\] \},//s;
my ($status, $why) = $t->refused('fhir_charge', $t->json($no_code));
is($status, 422, 'a charge needs a code');


# a bill

my $invoice = <<'EOF2';
{ "resourceType": "Invoice", "id": "i1", "status": "issued",
  "identifier": [ { "value": "INV-9" } ],
  "type": { "coding": [ { "code": "own" } ] },
  "subject": { "reference": "Patient/p1" },
  "recipient": { "reference": "Organization/AOK" },
  "date": "2026-11-30", "account": { "reference": "Account/a1" },
  "lineItem": [
      { "sequence": 1, "chargeItemCodeableConcept": {
            "coding": [ { "system": "http://www.ama-assn.org/go/cpt",
                          "code": "27130" } ], "text": "Hip" },
        "priceComponent": [
            { "type": "base", "amount": { "value": 100.10,
                                          "currency": "EUR" } },
            { "type": "informational", "amount": { "value": 7 } },
            { "type": "tax", "amount": { "value": 19.02,
                                         "currency": "EUR" } } ] },
      { "chargeItemReference": { "reference": "ChargeItem/c1" },
        "priceComponent": [
            { "type": "base", "amount": { "value": 5,
                                          "currency": "EUR" } } ] } ],
  "totalNet": { "value": 105.1, "currency": "EUR" },
  "totalGross": { "value": 124.12, "currency": "EUR" } }
EOF2

($object) = mapped($t, 'fhir_invoice', $invoice);

facts($object, {
    type => 'invoice', map => 'fhir_invoice@1', key => 'INV-9',
    invoice_id => 'INV-9', direction => 'customer', party => 'AOK',
    account_id => 'a1', date => '2026-11-30', currency => 'EUR',
    total => { value => '124.12', currency => 'EUR' },
    'lines.0' => { line => 1, code => { value => '27130', system => 'cpt',
                                        text => 'Hip' },
                   amount => { value => '100.10', currency => 'EUR' },
                   tax => { value => '19.02', currency => 'EUR' } },
    'lines.1' => { line => 'c1', amount => { value => '5.00',
                                             currency => 'EUR' } },
    'lines.2' => undef,
}, 'a bill to an organization');

unmapped($invoice);

(my $person = $invoice) =~ s/"recipient": \{.*?\},//;

($object) = mapped($t, 'fhir_invoice', $person);

like($object->{party}, qr/^pt_k1_/, 'a person who pays is a token');

($object) = mapped($t, 'fhir_invoice', bundle($person, <<'EOF2', $charge));
{ "resourceType": "Patient", "id": "p1", "identifier": [ { "value": "77" } ] }
EOF2

isnt($object->{party}, (mapped($t, 'fhir_invoice', $person))[0]{party},
     'of the number, where it is known');

facts($object, { 'lines.1.code' => { value => '27130', system => 'cpt' },
                 'lines.1.item_id' => 'IMP-4711-12',
                 'lines.1.quantity' => '2.0' },
      'what was charged comes from the Bundle');

(my $sums = $invoice) =~ s/"informational"/"surcharge"/;
refused_for($t, 'fhir_invoice', $sums, qr/several items/,
            'lines[].amount.value');

(my $no_total = $invoice) =~ s/,\s*"totalNet".*\}\s*\z/}/s;
refused_for($t, 'fhir_invoice', $no_total, qr/required/, 'total.value');

(my $draft = $invoice) =~ s/"issued"/"draft"/;
is_deeply([$t->objects('fhir_invoice', $t->json($draft))], [],
          'a draft is no bill');

(my $void = $invoice) =~ s/"issued"/"cancelled"/;
facts((mapped($t, 'fhir_invoice', $void))[0],
      { action => 'cancel', replaces => 'INV-9' }, 'a bill is taken back');


# a claim

my $claim = <<'EOF2';
{ "resourceType": "Claim", "id": "cl1", "status": "active",
  "identifier": [ { "value": "CLM-1" } ],
  "type": { "coding": [ { "code": "institutional" } ] }, "use": "claim",
  "patient": { "reference": "Patient/p1" }, "created": "2026-11-30",
  "insurer": { "reference": "Organization/AOK" },
  "provider": { "reference": "Organization/GHH" },
  "priority": { "coding": [ { "code": "normal" } ] },
  "diagnosis": [ { "sequence": 1, "diagnosisCodeableConcept": {
      "coding": [ { "code": "S72.0" } ] } } ],
  "insurance": [ { "sequence": 1, "focal": true,
                   "coverage": { "reference": "Coverage/c1" } } ],
  "item": [
      { "sequence": 1, "productOrService": {
            "coding": [ { "system": "http://www.ama-assn.org/go/cpt",
                          "code": "27130", "display": "Total hip" } ] },
        "net": { "value": 12500, "currency": "USD" },
        "encounter": [ { "reference": "Encounter/e1" } ] },
      { "sequence": 2, "productOrService": { "text": "Bed" },
        "net": { "value": 99.9 } } ],
  "total": { "value": 12599.9, "currency": "USD" } }
EOF2

($object) = mapped($t, 'fhir_claim', $claim);

facts($object, {
    type => 'claim', map => 'fhir_claim@1', key => 'CLM-1',
    visit_id => 'e1', payer => 'AOK', status => 'open', action => 'update',
    total => { value => '12599.90', currency => 'USD' },
    lines => [ { code => { value => '27130', system => 'cpt',
                           text => 'Total hip' },
                 charge => { value => '12500.00', currency => 'USD' } },
               { code => { text => 'Bed' },
                 charge => { value => '99.90', currency => 'USD' } } ],
    paid_date => undef,
}, 'a claim');

my $token = $object->{patient}{token};

like($token, qr/^pt_k1_/, 'a token for the patient');
unmapped($claim);

(my $by_coverage = $claim) =~ s/"insurer": \{.*?\},//;
facts((mapped($t, 'fhir_claim', bundle($by_coverage, <<'EOF2')))[0],
{ "resourceType": "Coverage", "id": "c1", "status": "active",
  "beneficiary": { "reference": "Patient/p1" },
  "payor": [ { "reference": "Organization/TK" } ] }
EOF2
      { payer => 'TK' }, 'the payer of the coverage');

refused_for($t, 'fhir_claim', $by_coverage, qr/required/, 'payer');

(my $estimate = $claim) =~ s/"use": "claim"/"use": "predetermination"/;
is_deeply([$t->objects('fhir_claim', $t->json($estimate))], [],
          'an estimate is no claim');

(my $useless = $claim) =~ s/"use": "claim",//;
facts((mapped($t, 'fhir_claim', $useless))[0], { key => 'CLM-1' },
      'for what it is need not be said');

(my $off = $claim) =~ s/"active"/"cancelled"/;
facts((mapped($t, 'fhir_claim', $off))[0],
      { action => 'cancel', replaces => 'CLM-1', status => 'cancelled' },
      'a claim is taken back');


# what the payer pays of it

my $eob = <<'EOF2';
{ "resourceType": "ExplanationOfBenefit", "id": "eob1", "status": "active",
  "type": { "coding": [ { "code": "institutional" } ] }, "use": "claim",
  "patient": { "reference": "Patient/p1" }, "created": "2026-12-10",
  "insurer": { "reference": "Organization/AOK" },
  "provider": { "reference": "Organization/GHH" },
  "claim": { "reference": "Claim/cl1" }, "outcome": "complete",
  "insurance": [ { "focal": true,
                   "coverage": { "reference": "Coverage/c1" } } ],
  "item": [
      { "sequence": 1, "productOrService": {
            "coding": [ { "code": "27130" } ] },
        "net": { "value": 12500, "currency": "USD" },
        "encounter": [ { "reference": "Encounter/e1" } ],
        "adjudication": [
            { "category": { "coding": [ { "code": "eligible" } ] },
              "amount": { "value": 12000, "currency": "USD" } },
            { "category": { "coding": [ { "code": "eligpercent" } ] },
              "value": 80 },
            { "category": { "coding": [ { "code": "benefit" } ] },
              "amount": { "value": 11900.5, "currency": "USD" } },
            { "category": { "coding": [ { "code": "copay" } ] },
              "amount": { "value": 99.5, "currency": "USD" } },
            { "category": { "coding": [ { "code": "discount" } ] },
              "reason": { "coding": [ { "code": "45" } ] },
              "amount": { "value": 500 } } ] } ],
  "total": [
      { "category": { "coding": [ { "code": "submitted" } ] },
        "amount": { "value": 12500, "currency": "USD" } },
      { "category": { "coding": [ { "code": "benefit" } ] },
        "amount": { "value": 11900.5, "currency": "USD" } } ],
  "payment": { "date": "2026-12-11", "identifier": { "value": "EFT-5" },
               "amount": { "value": 11900.5, "currency": "USD" } } }
EOF2

($object) = mapped($t, 'fhir_remittance', $eob);

facts($object, {
    type => 'claim', map => 'fhir_remittance@1', key => 'cl1',
    claim_id => 'cl1', visit_id => 'e1', payer => 'AOK', status => 'open',
    'patient.token' => $token,
    event_time => '2026-12-10',
    total => { value => '12500.00', currency => 'USD' },
    paid_date => '2026-12-11', check_no => 'EFT-5',
    lines => [ { code => { value => '27130' },
                 charge => { value => '12500.00', currency => 'USD' },
                 allowed => { value => '12000.00', currency => 'USD' },
                 paid => { value => '11900.50', currency => 'USD' },
                 adjust => [
                     { group => 'PR', reason => 'copay',
                       amount => { value => '99.50', currency => 'USD' } },
                     { group => 'CO', reason => '45',
                       amount => { value => '500.00',
                                   currency => 'USD' } } ] } ],
}, 'what is paid, and who bears the rest');

unmapped($eob);

my @both = mapped($t, 'all', bundle($claim, $eob));

is_deeply([map { $_->{key} } @both], ['CLM-1', 'CLM-1'],
          'claim and payment have one number');

(my $twice = $eob) =~ s/"copay"/"benefit"/;
refused_for($t, 'fhir_remittance', $twice, qr/several items/,
            'lines[].paid.value');

(my $no_sum = $eob) =~ s/"submitted"/"tax"/;
refused_for($t, 'fhir_remittance', $no_sum, qr/required/, 'total.value');

$t->stop;
done_testing();
