#!/usr/bin/perl

# The shipped maps of FHIR for visits, patients and accounts, and that a
# patient has one token, whether FHIR or HL7 v2 names the patient.

use strict;
use warnings;

use Test::More;

use lib 't/lib';
use FhirTest;

my $t = MapTest->start(
    maps => [qw(fhir_encounter fhir_patient_account fhir_account
                adt_encounter own_adt)],
    files => { 'keys/patient.key' => 'a key of the tests only, 32 byte',
               'schemas' => \(Cwd::getcwd() . '/conf/schemas') },
    locations => 'location /map/all { canonical_request fhir_encounter
                      fhir_patient_account fhir_account;
                      proxy_pass http://127.0.0.1:%%ECHO%%;
                      add_header X-Unmapped $canonical_unmapped; }',
    http => 'canonical_key patient file=keys/patient.key id=k1
                           authorities=patient_authority;
             include ' . Cwd::getcwd() . '/conf/maps/*.conf;

             canonical_map own_adt version=1 {
                 from  hl7 ADT^A01;
                 emit  encounter key=id;
                 set   id             PV1-19.1       required;
                 set   patient.token  PID-3[5=MR].1  hmac=patient required;
                 set   other.token    PID-3[5=MR].1  hmac=patient
                                                     authority=OTHER;
             }');


# the patient: the number of type MR, of the authority GHH

my $patient = <<'EOF2';
{ "resourceType": "Patient", "id": "p1",
  "meta": { "versionId": "4", "lastUpdated": "2026-11-20T10:00:00Z",
            "source": "urn:example:his" },
  "text": { "status": "generated",
            "div": "<div xmlns='http://www.w3.org/1999/xhtml'>Adam</div>" },
  "identifier": [
      { "type": { "coding": [ { "code": "AN" } ] }, "value": "ACC-77" },
      { "use": "usual", "type": { "coding": [
            { "system": "urn:example:types", "code": "x" },
            { "system": "http://terminology.hl7.org/CodeSystem/v2-0203",
              "code": "MR" } ] },
        "system": "urn:oid:2.999.1", "value": "PATID1234" } ],
  "active": true,
  "name": [ { "family": "Everyman", "given": [ "Adam", "A" ] } ],
  "telecom": [ { "system": "phone", "value": "555 0100" } ],
  "gender": "male", "birthDate": "1988-08-18",
  "address": [ { "line": [ "Am Weg 1" ], "city": "Musterstadt" } ] }
EOF2

my ($account) = mapped($t, 'fhir_patient_account', $patient);

my $token = $account->{patient}{token};

like($token, qr/^pt_k1_[a-z2-7]{26}$/, 'a patient is a token');

facts($account, {
    'type' => 'patient_account', 'map' => 'fhir_patient_account@1',
    'key' => 'ACC-77', 'account_id' => 'ACC-77', 'status' => 'open',
    'action' => 'update', 'event' => 'Patient',
    'event_time' => '2026-11-20T10:00:00Z', 'source.app' => 'urn:example:his',
    'source.control_id' => '4', 'replaces' => undef,
    'merged_patient' => undef, 'name' => undef,
}, 'a patient is an account');

unlike(JSON::PP->new->encode($account), qr/Everyman|555|Weg|1988|PATID/,
       'who the patient is stays out');


# the same number in HL7 v2, by the authority's name, and by its OID

for my $authority ('GHH', '&2.999.1&ISO') {
    my $adt = $t->object('own_adt', $t->er7(<<"EOF2"));
MSH|^~\\&|EHR|GHH|IFE|GHH|20261121081500||ADT^A01^ADT_A01|M1|P|2.5.1
PID|1||900112^^^NAT^SS~PATID1234^^^$authority^MR
PV1|1|I|||||||||||||||||V-4711
EOF2

    is($adt->{patient}{token}, $token, "HL7 v2 gives the same: $authority");
    isnt($adt->{other}{token}, $token, 'another authority gives another');
}

my $adt = $t->object('adt_encounter', $t->er7(<<'EOF2'));
MSH|^~\&|EHR|GHH|IFE|GHH|20261121081500||ADT^A01^ADT_A01|M1|P|2.5.1
EVN|A01|20261121081500
PID|1||PATID1234^^^GHH^MR
PV1|1|I|4E||||||||||||||||V-4711
EOF2

is($adt->{patient}{token}, $token, 'the shipped map of ADT gives the same');

isnt($t->object('own_adt', $t->er7(<<'EOF2'))->{patient}{token}, $token,
MSH|^~\&|EHR|GHH|IFE|GHH|20261121081500||ADT^A01^ADT_A01|M1|P|2.5.1
PID|1||PATID1234^^^ELSEWHERE^MR
PV1|1|I|||||||||||||||||V-4711
EOF2
     'the number of another house is another patient');


# patients without numbers, gone, and merged

my ($bare) = mapped($t, 'fhir_patient_account',
                    '{"resourceType":"Patient","id":"p2","active":false}');

facts($bare, { account_id => 'p2', key => 'p2', status => 'closed' },
      'a patient without a number has the id');

my ($again) = mapped($t, 'fhir_patient_account',
                     '{"resourceType":"Patient","id":"p2"}');

facts($again, { status => 'open',
                'patient.token' => $bare->{patient}{token} },
      'no word about it: an account is open; the token stays');

my ($merged) = mapped($t, 'fhir_patient_account', <<'EOF2');
{ "resourceType": "Patient", "id": "p3", "link": [
    { "other": { "reference": "Patient/p2" }, "type": "replaces" },
    { "other": { "reference": "Patient/p9" }, "type": "seealso" } ] }
EOF2

facts($merged, { action => 'merge', replaces => 'p2',
                 'merged_patient.token' => $bare->{patient}{token} },
      'two records were one patient');

refused_for($t, 'fhir_patient_account',
            '{"resourceType":"Patient","active":true}', qr/required/,
            'account_id');


# a visit, on its own

my $encounter = <<'EOF2';
{ "resourceType": "Encounter", "id": "e1",
  "meta": { "versionId": "2", "lastUpdated": "2026-11-21T08:15:00+01:00" },
  "identifier": [
      { "system": "urn:example:other", "value": "X-1" },
      { "type": { "coding": [ { "code": "VN" } ] }, "value": "V-4711" } ],
  "status": "in-progress",
  "class": { "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
             "code": "IMP" },
  "serviceType": { "coding": [ { "code": "394609007" } ] },
  "subject": { "reference": "Patient/p1", "display": "Adam Everyman" },
  "participant": [
      { "type": [ { "coding": [ { "code": "ATND" } ] } ],
        "individual": { "reference": "Practitioner/f1" } },
      { "type": [ { "coding": [ { "code": "REF" } ] } ],
        "individual": { "reference": "Practitioner/f2" } },
      { "individual": { "identifier": { "value": "5566778" } } } ],
  "period": { "start": "2026-11-21T08:00:00+01:00" },
  "reasonCode": [ { "coding": [
      { "system": "http://snomed.info/sct", "code": "68235000",
        "display": "Nasal congestion" },
      { "system": "urn:example:own", "code": "NC" } ] } ],
  "diagnosis": [
      { "condition": { "reference": "Condition/c1" },
        "use": { "coding": [ { "code": "AD" } ] } },
      { "condition": { "display": "Fracture of femur" } } ],
  "account": [ { "reference": "Account/a1" } ],
  "hospitalization": { "dischargeDisposition": {
      "coding": [ { "code": "home", "display": "Home" } ] } },
  "location": [
      { "location": { "reference": "Location/OLD" }, "status": "completed" },
      { "location": { "reference": "Location/4E" }, "status": "active" },
      { "location": { "reference": "Location/136" }, "status": "active",
        "physicalType": { "coding": [ { "code": "ro" } ] } },
      { "location": { "reference": "Location/B" },
        "physicalType": { "coding": [ { "code": "bd" } ] } } ],
  "serviceProvider": { "reference": "Organization/GHH" } }
EOF2

my ($visit) = mapped($t, 'fhir_encounter', $encounter);

facts($visit, {
    type => 'encounter', map => 'fhir_encounter@1', key => 'V-4711',
    visit_id => 'V-4711', account_id => 'a1', action => 'update',
    event => 'Encounter', event_time => '2026-11-21T08:15:00+01:00',
    'patient.birth' => undef, 'patient.sex' => undef,
    class => 'inpatient', state => 'open',
    admit_time => '2026-11-21T08:00:00+01:00', discharge_time => undef,
    'disposition.value' => 'home', 'disposition.text' => 'Home',
    location => { facility => 'GHH', unit => '4E', room => '136', bed => 'B' },
    cost_center => '4120', department => '394609007',
    attending => [ { id => 'f1' }, { id => '5566778' } ],
    diagnoses => [ { code => { text => 'Fracture of femur' } } ],
    reasons => [ { value => '68235000', system => 'snomed',
                   text => 'Nasal congestion' },
                 { value => 'NC', system => 'local' } ],
    payer => undef,
}, 'a visit');

isnt($visit->{patient}{token}, $token, 'the id of a server is no number');
like($visit->{patient}{token}, qr/^pt_k1_/, 'but a token too');

my ($by_number) = mapped($t, 'fhir_encounter', <<'EOF2');
{ "resourceType": "Encounter", "id": "e2", "status": "finished",
  "class": { "code": "AMB" },
  "subject": { "identifier": { "system": "urn:oid:2.999.1",
                               "value": "PATID1234" } },
  "period": { "start": "2026-11-21", "end": "2026-11-21T09:30:00" } }
EOF2

facts($by_number, {
    visit_id => 'e2', class => 'outpatient', state => 'closed',
    'patient.token' => $token, admit_time => '2026-11-21',
    discharge_time => '2026-11-21T09:30:00+00:00', attending => undef,
    location => undef, cost_center => undef,
}, 'a patient named by number; a day stays a day, a time gets the zone');

my ($contained) = mapped($t, 'fhir_encounter', <<'EOF2');
{ "resourceType": "Encounter", "id": "e3", "status": "cancelled",
  "contained": [ { "resourceType": "Patient", "id": "p",
      "gender": "female", "birthDate": "1990-01-02",
      "identifier": [ { "system": "https://ghh.example.org/patients",
                        "value": "PATID1234" } ] } ],
  "class": { "code": "no such" }, "subject": { "reference": "#p" } }
EOF2

facts($contained, {
    'patient.token' => $token, 'patient.birth' => '1990',
    'patient.sex' => 'F', action => 'cancel', state => 'cancelled',
    class => 'other',
}, 'a patient within');


# all of it in one Bundle

my $billing = <<'EOF2';
{ "resourceType": "Account", "id": "a1", "status": "active",
  "identifier": [ { "type": { "coding": [ { "code": "AN" } ] },
                    "value": "ACC-77" } ],
  "type": { "coding": [ { "code": "PBILLACCT" } ] },
  "subject": [ { "reference": "Device/d1" }, { "reference": "Patient/p1" } ],
  "servicePeriod": { "start": "2026-11-21", "end": "2026-12-01" },
  "coverage": [
      { "coverage": { "reference": "Coverage/c1" }, "priority": 1 },
      { "coverage": { "reference": "Coverage/elsewhere" }, "priority": 2 } ],
  "guarantor": [ { "party": { "reference": "Patient/p1" } } ] }
EOF2

my $coverage = <<'EOF2';
{ "resourceType": "Coverage", "id": "c1", "status": "active",
  "subscriberId": "POL-1", "beneficiary": { "reference": "Patient/p1" },
  "payor": [ { "reference": "Organization/AOK" } ],
  "class": [ { "type": { "coding": [ { "code": "group" } ] }, "value": "G" },
             { "type": { "coding": [ { "code": "plan" } ] },
               "value": "BASIC" } ] }
EOF2

my $condition = <<'EOF2';
{ "resourceType": "Condition", "id": "c1",
  "subject": { "reference": "Patient/p1" },
  "code": { "coding": [ { "system": "http://hl7.org/fhir/sid/icd-10",
                          "code": "S72.0" } ],
            "text": "Fracture of the neck" } }
EOF2

my @objects = mapped($t, 'all', bundle($patient, $encounter, $billing,
                                       $coverage, $condition));

is(scalar @objects, 3, 'three of the five are objects');

facts($objects[1], {
    type => 'encounter', 'patient.token' => $token,
    'patient.birth' => '1988', 'patient.sex' => 'M', account_id => 'ACC-77',
    'diagnoses.0' => { code => { value => 'S72.0', system => 'icd10',
                                 text => 'Fracture of the neck' },
                       kind => 'AD' },
    'diagnoses.1.code.text' => 'Fracture of femur',
    payer => [ { id => 'AOK', plan => 'BASIC' } ],
}, 'references within a Bundle are looked up');

facts($objects[2], {
    type => 'patient_account', map => 'fhir_account@1', key => 'ACC-77',
    'patient.token' => $token, 'guarantor.token' => $token,
    status => 'open', class => 'PBILLACCT', opened => '2026-11-21',
    closed => '2026-12-01', 'payer.0.rank' => 1, 'payer.0.id' => 'AOK',
    'payer.0.plan' => 'BASIC', 'payer.1' => { rank => 2 },
}, 'an account and who pays');

like($objects[2]{payer}[0]{policy}{token}, qr/^pt_k1_/,
     'the number of a policy is a token');

unlike($t->post('/map/all', $t->json($encounter))->{header},
       qr/^X-Unmapped:(.*,)? ?\w+(,.*)?\r$/m,
       'no element is unmapped as a whole');


# what cannot be an object

(my $no_status = $encounter) =~ s/"status": "in-progress",//;
refused_for($t, 'fhir_encounter', $no_status, qr/required/, 'action');

(my $bad_status = $encounter) =~ s/in-progress/in progress/;
refused_for($t, 'fhir_encounter', $bad_status, qr/not in the table/, 'action');

(my $no_subject = $encounter) =~ s/"subject": \{.*?\},//s;
refused_for($t, 'fhir_encounter', $no_subject, qr/required/,
            'patient.token');

(my $bad_day = $encounter) =~ s/2026-11-21T08:00/2026-11-31T08:00/;
refused_for($t, 'fhir_encounter', $bad_day, qr/day|date/, 'admit_time');

(my $unheard = $billing) =~ s/"active"/"unheard-of"/;
refused_for($t, 'fhir_account', $unheard, qr/not in the table/, 'action');

$t->stop;
done_testing();
