#!/usr/bin/perl

# The shipped maps of FHIR for goods issues and requisitions.

use strict;
use warnings;

use Test::More;

use lib 't/lib';
use FhirTest;

my @maps = qw(fhir_supply_delivery fhir_supply_request fhir_procedure_supply
              fhir_device_use fhir_medication_administration);

my $t = MapTest->start(
    shipped => 1,
    maps => [@maps],
    locations => "location /map/all { canonical_request @maps;
                      proxy_pass http://127.0.0.1:%%ECHO%%;
                      add_header X-Unmapped \$canonical_unmapped; }");


sub unmapped {
    my ($json) = @_;

    unlike($t->post('/map/all', $t->json($json))->{header},
           qr/^X-Unmapped:(.*,)? ?\w+(,.*)?\r$/m,
           'no element is unmapped as a whole');
}


sub no_patient {
    unlike(JSON::PP->new->encode($_[0]), qr/p1|pt_/, 'no patient is in it');
}


# a delivery

my $delivery = <<'EOF2';
{ "resourceType": "SupplyDelivery", "id": "s1",
  "meta": { "versionId": "1", "lastUpdated": "2026-11-21T10:15:00+01:00" },
  "identifier": [ { "value": "SD-1" } ], "status": "completed",
  "patient": { "reference": "Patient/p1" },
  "type": { "coding": [ { "code": "device" } ] },
  "suppliedItem": { "quantity": { "value": 10.00, "unit": "box",
                                  "code": "BX" },
                    "itemCodeableConcept": {
                        "coding": [ { "code": "GLOVE-7" } ] } },
  "occurrenceDateTime": "2026-11-21T09:30:00",
  "supplier": { "reference": "Organization/STORE" },
  "destination": { "reference": "Location/OR" },
  "receiver": [ { "reference": "Practitioner/f1" } ] }
EOF2

my ($object) = mapped($t, 'fhir_supply_delivery', $delivery);

facts($object, {
    type => 'supply_usage', map => 'fhir_supply_delivery@1', key => 'SD-1',
    usage_id => 'SD-1', action => 'update', kind => 'used',
    item_id => 'GLOVE-7', quantity => { value => '10.00', unit => 'BX' },
    location => 'OR', cost_center => '4100', performer => 'f1',
    used_at => '2026-11-21T09:30:00+00:00', patient => undef,
}, 'a delivery is a goods issue');

no_patient($object);
unmapped($delivery);

my $device = <<'EOF2';
{ "resourceType": "Device", "id": "d1", "partNumber": "IMP-4711-12",
  "udiCarrier": [ { "deviceIdentifier": "04012345678901",
                    "carrierHRF": "(01)04012345678901(10)L9" } ],
  "lotNumber": "L9", "serialNumber": "SN-3",
  "expirationDate": "2029-05-31T00:00:00Z",
  "identifier": [ { "value": "own" } ],
  "location": { "reference": "Location/4E" } }
EOF2

(my $of_device = $delivery) =~ s/"itemCodeableConcept": \{.*?\] \}/
    "itemReference": { "reference": "Device\/d1" }/s;

facts((mapped($t, 'fhir_supply_delivery',
              bundle($of_device, $device)))[0], {
    item_id => 'IMP-4711-12', lot => 'L9', serial => 'SN-3',
    expires => '2029-05-31',
    udi => '(01)04012345678901(10)L9',
}, 'the lot of a device that comes with it');

(my $undone = $delivery) =~ s/completed/entered-in-error/;
facts((mapped($t, 'fhir_supply_delivery', $undone))[0],
      { action => 'cancel', replaces => 'SD-1' }, 'an error is taken back');

(my $going_on = $delivery) =~ s/completed/in-progress/;
is_deeply([$t->objects('fhir_supply_delivery', $t->json($going_on))], [],
          'what is on its way is no issue');

(my $stateless = $delivery) =~ s/, "status": "completed"//;
facts((mapped($t, 'fhir_supply_delivery', $stateless))[0],
      { key => 'SD-1', action => 'update' }, 'it need not have a status');

(my $no_quantity = $delivery) =~ s/"value": 10.00, //;
refused_for($t, 'fhir_supply_delivery', $no_quantity, qr/required/,
            'quantity.value');

(my $nowhere = $delivery) =~ s/"destination": \{.*?\},//;
refused_for($t, 'fhir_supply_delivery', $nowhere, qr/required/, 'location');


# a requisition

my $request = <<'EOF2';
{ "resourceType": "SupplyRequest", "id": "r1", "status": "active",
  "identifier": [ { "value": "REQ-1" } ], "priority": "urgent",
  "itemCodeableConcept": { "coding": [ { "code": "GLOVE-7" } ] },
  "quantity": { "value": 2.5, "unit": "box" },
  "occurrenceDateTime": "2026-11-25T12:00:00Z",
  "authoredOn": "2026-11-21T08:00:00Z",
  "requester": { "reference": "Practitioner/f1" },
  "supplier": [ { "reference": "Organization/MEDCO" },
                { "reference": "Organization/OTHER" } ],
  "deliverTo": { "reference": "Location/4E" } }
EOF2

($object) = mapped($t, 'fhir_supply_request', $request);

facts($object, {
    type => 'purchase_order', map => 'fhir_supply_request@1',
    key => 'REQ-1', kind => 'requisition', supplier_id => 'MEDCO',
    ship_to => '4E', requested_by => 'f1', action => 'update',
    event_time => '2026-11-21T08:00:00Z',
    lines => [ { line => 1, item_id => 'GLOVE-7',
                 quantity => { value => '2.5', unit => 'box' },
                 need_by => '2026-11-25', cost_center => '4120' } ],
}, 'a requisition of one line');

unmapped($request);

(my $taken_back = $request) =~ s/"active"/"cancelled"/;
facts((mapped($t, 'fhir_supply_request', $taken_back))[0],
      { action => 'cancel', replaces => 'REQ-1' }, 'is taken back');

(my $suspended = $request) =~ s/"active"/"suspended"/;
facts((mapped($t, 'fhir_supply_request', $suspended))[0],
      { action => 'cancel', replaces => 'REQ-1' }, 'may be held back');

(my $draft = $request) =~ s/"active"/"draft"/;
is_deeply([$t->objects('fhir_supply_request', $t->json($draft))], [],
          'a draft asks for nothing');

(my $unsaid = $request) =~ s/"itemCodeable.*?\] \},//s;
refused_for($t, 'fhir_supply_request', $unsaid, qr/required/,
            'lines[].item_id');


# a procedure with two things used and two implants

my $procedure = <<'EOF2';
{ "resourceType": "Procedure", "id": "op1", "status": "completed",
  "identifier": [ { "value": "OP-7" } ],
  "code": { "coding": [ { "code": "27130" } ] },
  "subject": { "reference": "Patient/p1" },
  "encounter": { "reference": "Encounter/e1" },
  "performedPeriod": { "start": "2026-11-21T09:00:00+01:00",
                       "end": "2026-11-21T10:30:00+01:00" },
  "performer": [ { "actor": { "reference": "Practitioner/f1" } } ],
  "location": { "reference": "Location/OR" },
  "focalDevice": [
      { "action": { "coding": [ { "code": "implanted" } ] },
        "manipulated": { "reference": "Device/d1" } },
      { "action": { "coding": [ { "code": "explanted" } ] },
        "manipulated": { "reference": "Device/d0" } },
      { "manipulated": { "identifier": { "value": "SCREW-5" } } } ],
  "usedReference": [ { "reference": "Device/d2" },
                     { "reference": "Medication/m1" },
                     { "display": "Sponge" } ] }
EOF2

my @objects = mapped($t, 'fhir_procedure_supply', $procedure);

is(scalar @objects, 5, 'each thing is a goods issue, but what is taken out');

facts($objects[0], {
    type => 'supply_usage', map => 'fhir_procedure_supply@1',
    key => 'OP-7/d2', usage_id => 'OP-7/d2', item_id => 'd2',
    quantity => { value => '1', unit => 'EA' }, kind => 'used',
    location => 'OR', cost_center => '4100', case_id => 'OP-7',
    visit_id => 'e1', performer => 'f1', action => 'update',
    used_at => '2026-11-21T10:30:00+01:00',
}, 'a thing that is used');

facts($objects[1], { key => 'OP-7/Medication/m1', item_id => 'm1' },
      'a drug');
facts($objects[2], { key => 'OP-7/Sponge', item_id => 'Sponge' },
      'a thing that has but a name');
facts($objects[3], { key => 'OP-7/d1', item_id => 'd1',
                     kind => 'implanted', case_id => 'OP-7' }, 'an implant');
facts($objects[4], { key => 'OP-7/SCREW-5', item_id => 'SCREW-5',
                     kind => 'used' }, 'a thing by its number');

no_patient($_) for @objects;
unmapped($procedure);

facts((mapped($t, 'fhir_procedure_supply', bundle($procedure, $device)))[3], {
    key => 'OP-7/d1', item_id => 'IMP-4711-12', lot => 'L9',
    serial => 'SN-3', udi => '(01)04012345678901(10)L9',
    expires => '2029-05-31', kind => 'implanted',
}, 'an implant that comes with it');

(my $mistake = $procedure) =~ s/"completed"/"entered-in-error"/;
@objects = mapped($t, 'fhir_procedure_supply', $mistake);
facts($objects[$_], { action => 'cancel', replaces => $objects[$_]{key} },
      'an error is taken back') for 0, 3;

(my $not_done = $procedure) =~ s/"completed"/"not-done"/;
is_deeply([$t->objects('fhir_procedure_supply', $t->json($not_done))], [],
          'what was not done has used nothing');

(my $done = $procedure) =~ s/"completed"/"done"/;
refused_for($t, 'fhir_procedure_supply', $done, qr/not in the table/,
            'action');

(my $never = $procedure) =~ s/"performedPeriod": \{.*?\},//s;
refused_for($t, 'fhir_procedure_supply', $never, qr/required/, 'used_at');


# a device that a patient uses

my $use = <<'EOF2';
{ "resourceType": "DeviceUseStatement", "id": "u1", "status": "active",
  "subject": { "reference": "Patient/p1" },
  "timingPeriod": { "start": "2026-11-21" }, "recordedOn": "2026-11-22",
  "source": { "reference": "Practitioner/f1" },
  "device": { "reference": "Device/d1" } }
EOF2

($object) = mapped($t, 'fhir_device_use', $use);

facts($object, {
    type => 'supply_usage', map => 'fhir_device_use@1', key => 'u1',
    item_id => 'd1', quantity => { value => '1', unit => 'EA' },
    kind => 'used', location => 'unknown', cost_center => '9999',
    used_at => '2026-11-21', performer => 'f1',
}, 'a device that is used');

no_patient($object);
unmapped($use);

facts((mapped($t, 'fhir_device_use', bundle($use, $device)))[0], {
    item_id => 'IMP-4711-12', location => '4E', cost_center => '4120',
    lot => 'L9',
}, 'is known by what comes with it');

(my $by_patient = $use) =~ s/Practitioner\/f1/Patient\/p1/;
facts((mapped($t, 'fhir_device_use', $by_patient))[0],
      { performer => undef }, 'a patient is no performer');

(my $intended = $use) =~ s/"active"/"intended"/;
is_deeply([$t->objects('fhir_device_use', $t->json($intended))], [],
          'what is intended uses nothing');


# a drug

my $drug = <<'EOF2';
{ "resourceType": "MedicationAdministration", "id": "ma1",
  "status": "completed", "identifier": [ { "value": "MA-1" } ],
  "medicationReference": { "reference": "#m" },
  "contained": [ { "resourceType": "Medication", "id": "m",
      "code": { "coding": [ { "system": "http://hl7.org/fhir/sid/ndc",
                              "code": "0002-8215-01" } ] },
      "batch": { "lotNumber": "B12", "expirationDate": "2027-01" } } ],
  "subject": { "reference": "Patient/p1" },
  "context": { "reference": "Encounter/e1" },
  "effectiveDateTime": "2026-11-21T12:00:00+01:00",
  "performer": [ { "actor": { "reference": "Practitioner/f1" } } ],
  "dosage": { "text": "as told", "dose": { "value": 0.50, "unit": "mL",
                                           "code": "mL" } } }
EOF2

($object) = mapped($t, 'fhir_medication_administration', $drug);

facts($object, {
    type => 'supply_usage', map => 'fhir_medication_administration@1',
    key => 'MA-1', item_id => '0002-8215-01', visit_id => 'e1',
    quantity => { value => '0.50', unit => 'mL' }, kind => 'used',
    lot => 'B12', expires => '2027-01', performer => 'f1',
    used_at => '2026-11-21T12:00:00+01:00', location => 'unknown',
    cost_center => '9999',
}, 'a drug that is given');

no_patient($object);
unmapped($drug);

(my $coded = $drug) =~ s/"medicationReference": \{.*?\},/
    "medicationCodeableConcept": { "text": "Aspirin" },/;
$coded =~ s/,\s*"dosage".*\}\s*\z/}/s;

facts((mapped($t, 'fhir_medication_administration', bundle($coded, <<'EOF2')))
{ "resourceType": "Encounter", "id": "e1", "status": "in-progress",
  "class": { "code": "IMP" },
  "location": [ { "location": { "reference": "Location/4E" } } ] }
EOF2
      [0], { item_id => 'Aspirin', quantity => { value => '1' },
             location => '4E', cost_center => '4120' },
      'a drug by name, where the patient is');

(my $refused = $drug) =~ s/"completed"/"not-done"/;
is_deeply([$t->objects('fhir_medication_administration',
                       $t->json($refused))], [], 'was not given');

(my $error = $drug) =~ s/"completed"/"entered-in-error"/;
facts((mapped($t, 'fhir_medication_administration', $error))[0],
      { action => 'cancel', replaces => 'MA-1' }, 'is taken back');


# all of them at once

is(scalar(mapped($t, 'all', bundle($delivery, $request, $procedure, $use,
                                   $drug))),
   9, 'all maps together');

$t->stop;
done_testing();
