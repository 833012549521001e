#!/usr/bin/perl

# The shipped maps of FHIR for staff, places, suppliers and appointments.

use strict;
use warnings;

use Test::More;

use lib 't/lib';
use FhirTest;

my @maps = qw(fhir_practitioner fhir_practitioner_role fhir_employee
              fhir_org_unit fhir_supplier fhir_location fhir_appointment);

my $t = MapTest->start(
    shipped => 1,
    maps => [@maps],
    locations => "location /map/all { canonical_request @maps;
                      proxy_pass http://127.0.0.1:%%ECHO%%;
                      add_header X-Unmapped \$canonical_unmapped; }
                  location /map/staff { canonical_request fhir_practitioner
                          fhir_practitioner_role fhir_employee;
                      proxy_pass http://127.0.0.1:%%ECHO%%; }
                  location /map/places { canonical_request fhir_org_unit
                          fhir_supplier fhir_location;
                      proxy_pass http://127.0.0.1:%%ECHO%%;
                      add_header X-Unmapped \$canonical_unmapped; }");


sub unmapped {
    my ($json, $map) = @_;

    unlike($t->post('/map/' . ($map // 'all'), $t->json($json))->{header},
           qr/^X-Unmapped:(.*,)? ?\w+(,.*)?\r$/m,
           'no element is unmapped as a whole');
}


# a person

my $person = <<'EOF2';
{ "resourceType": "Practitioner", "id": "f1", "active": false,
  "meta": { "versionId": "7", "lastUpdated": "2026-11-01T00:00:00Z",
            "source": "urn:example:hr" },
  "identifier": [
      { "system": "http://hl7.org/fhir/sid/us-npi", "value": "1234567893" },
      { "type": { "coding": [ { "code": "EI" } ] }, "value": "E-100" },
      { "type": { "coding": [ { "code": "PRN" } ] }, "value": "D-55" } ],
  "name": [ { "family": "Roe", "given": [ "Jane", "B" ] } ],
  "telecom": [ { "system": "phone", "value": "555 0100" },
               { "system": "email", "value": "jroe@ghh.example.org" } ],
  "gender": "female", "birthDate": "1970-01-02",
  "qualification": [
      { "identifier": [ { "value": "L-9" } ],
        "code": { "coding": [ { "code": "MD" } ], "text": "Doctor" },
        "period": { "end": "2027-12-31" },
        "issuer": { "reference": "Organization/board" } },
      { "code": { "text": "First aid" },
        "issuer": { "display": "Red Cross" } } ] }
EOF2

my ($object) = mapped($t, 'fhir_practitioner', $person);

facts($object, {
    type => 'provider', map => 'fhir_practitioner@1', key => 'D-55',
    provider_id => 'D-55', npi => '1234567893', employee_id => 'E-100',
    active => 'false', event_time => '2026-11-01T00:00:00Z',
    'source.app' => 'urn:example:hr',
}, 'a provider');

unlike(JSON::PP->new->encode($object), qr/Roe|555|jroe|1970/,
       'the private life stays out');
unmapped($person);

($object) = mapped($t, 'fhir_practitioner',
                   '{"resourceType":"Practitioner","id":"f2"}');

facts($object, { provider_id => 'f2', active => 'true', npi => undef },
      'who has no number has the id, and is active');

refused_for($t, 'fhir_practitioner',
            '{"resourceType":"Practitioner","active":true}', qr/required/,
            'provider_id');


# what the person does

my $role = <<'EOF2';
{ "resourceType": "PractitionerRole", "id": "r1", "active": true,
  "period": { "start": "2020-02-01", "end": "2027-01-31" },
  "practitioner": { "reference": "Practitioner/f1", "display": "Dr. Roe" },
  "organization": { "reference": "Organization/4E" },
  "code": [ { "coding": [ { "system": "http://snomed.info/sct",
                            "code": "158965000", "display": "Doctor" } ] } ],
  "specialty": [ { "coding": [ { "system": "http://snomed.info/sct",
                                 "code": "394609007" } ] },
                 { "coding": [ { "code": "own" } ] } ] }
EOF2

($object) = mapped($t, 'fhir_practitioner_role', $role);

facts($object, {
    type => 'provider', map => 'fhir_practitioner_role@1', key => 'f1',
    role => { value => '158965000', system => 'snomed', text => 'Doctor' },
    specialty => [ { value => '394609007', system => 'snomed' },
                   { value => 'own' } ],
    active => 'true', department => '4E',
    valid => { from => '2020-02-01', to => '2027-01-31' },
    npi => undef, employee_id => undef,
}, 'a role');

unmapped($role);

($object) = mapped($t, 'fhir_employee', $role);

facts($object, {
    type => 'employee', map => 'fhir_employee@1', key => 'f1',
    name => 'Dr. Roe', cost_center => '4120', hired => '2020-02-01',
    left => '2027-01-31', email => undef, licences => undef,
    job => { value => '158965000', system => 'snomed', text => 'Doctor' },
}, 'an employee, by what the role says');

my @objects = mapped($t, 'staff', bundle($person, $role, <<'EOF2'));
{ "resourceType": "Organization", "id": "board",
  "address": [ { "state": "NY" } ] }
EOF2

is(scalar @objects, 3, 'a person, the role, the employee');

facts($objects[1], { key => 'D-55', npi => '1234567893',
                     employee_id => 'E-100' }, 'the role of the person');

facts($objects[2], {
    type => 'employee', key => 'E-100', employee_id => 'E-100',
    name => 'Jane Roe', email => 'jroe@ghh.example.org',
    licences => [ { no => 'L-9', type => { value => 'MD',
                                           text => 'Doctor' },
                    state => 'NY', expires => '2027-12-31' },
                  { type => { text => 'First aid' },
                    state => 'Red Cross' } ],
}, 'an employee, with the licences of the person');

(my $never = $role) =~ s/"start": "2020-02-01", //;
refused_for($t, 'fhir_employee', $never, qr/required/, 'hired');

(my $nameless = $role) =~ s/, "display": "Dr. Roe"//;
refused_for($t, 'fhir_employee', $nameless, qr/required/, 'name');


# departments, suppliers, and who is neither

my $department = <<'EOF2';
{ "resourceType": "Organization", "id": "4E", "active": true,
  "type": [ { "coding": [ { "code": "dept" } ] } ], "name": "Ward 4 East",
  "identifier": [ { "value": "own" } ],
  "partOf": { "reference": "Organization/GHH" } }
EOF2

(@objects) = mapped($t, 'places', $department);

is(scalar @objects, 1, 'a department is no supplier');

facts($objects[0], {
    type => 'org_unit', map => 'fhir_org_unit@1', key => '4E', id => '4E',
    kind => 'department', name => 'Ward 4 East', parent => 'GHH',
    cost_center => '4120', active => 'true',
}, 'a department');

unmapped($department, 'places');

my $company = <<'EOF2';
{ "resourceType": "Organization", "id": "MEDCO", "active": false,
  "identifier": [ { "type": { "coding": [ { "code": "TAX" } ] },
                    "value": "DE123" } ],
  "type": [ { "coding": [ { "code": "bus" } ] } ], "name": "Medco & <Sons>",
  "address": [ { "line": [ "Hall 3", "Gate 1" ], "city": "Bonn",
                 "state": "NW", "postalCode": "53113", "country": "DE" },
               { "line": [ "elsewhere" ], "city": "Ulm" } ] }
EOF2

(@objects) = mapped($t, 'places', $company);

is(scalar @objects, 1, 'a supplier is no department');

facts($objects[0], {
    type => 'supplier', map => 'fhir_supplier@1', key => 'MEDCO',
    name => 'Medco & <Sons>', tax_id => 'DE123', active => 'false',
    address => { lines => ['Hall 3', 'Gate 1'], city => 'Bonn',
                 state => 'NW', postal_code => '53113', country => 'DE' },
}, 'a supplier');

unmapped($company, 'places');

(my $payer = $company) =~ s/"bus"/"pay"/;
is_deeply([$t->objects('places', $t->json($payer))], [],
          'a payer is neither');

facts((mapped($t, 'fhir_org_unit',
              '{"resourceType":"Organization","id":"X","name":"Unit"}'))[0],
      { kind => 'unit', cost_center => '9999', active => 'true' },
      'what kind it is need not be said');

refused_for($t, 'fhir_org_unit', '{"resourceType":"Organization","id":"X"}',
            qr/required/, 'name');


# places

my $bed = <<'EOF2';
{ "resourceType": "Location", "id": "4E-136-B", "status": "suspended",
  "name": "Bed B", "mode": "instance",
  "physicalType": { "coding": [ { "code": "bd" } ] },
  "managingOrganization": { "reference": "Organization/4E" },
  "partOf": { "reference": "Location/4E-136" } }
EOF2

($object) = mapped($t, 'fhir_location', $bed);

facts($object, {
    type => 'org_unit', map => 'fhir_location@1', key => '4E-136-B',
    id => '4E-136-B', kind => 'bed', name => 'Bed B', parent => '4E-136',
    active => 'false',
}, 'a bed');

unmapped($bed);

facts((mapped($t, 'fhir_location', '{"resourceType":"Location","id":"OR",
       "status":"active","name":"Theatre",
       "managingOrganization":{"reference":"Organization/GHH"}}'))[0],
      { kind => 'unit', parent => 'GHH', cost_center => '4100',
        active => 'true' }, 'a place of an organization');

refused_for($t, 'fhir_location', '{"resourceType":"Location","id":"OR",
            "status":"closed","name":"Theatre"}', qr/not a boolean/,
            'active');


# an appointment

my $appointment = <<'EOF2';
{ "resourceType": "Appointment", "id": "a1", "status": "booked",
  "identifier": [ { "value": "APT-1" } ],
  "serviceType": [ { "coding": [ { "system": "http://snomed.info/sct",
                                   "code": "27130",
                                   "display": "Hip" } ] } ],
  "reasonCode": [ { "text": "fell down" } ],
  "description": "hip of Mr. Everyman",
  "start": "2026-12-01T08:00:00+01:00", "end": "2026-12-01T10:30:00+01:00",
  "minutesDuration": 150, "created": "2026-11-21",
  "participant": [
      { "actor": { "reference": "Patient/p1", "display": "Adam" },
        "status": "accepted" },
      { "type": [ { "coding": [ { "code": "ATND" } ] } ],
        "actor": { "reference": "Practitioner/f1" }, "status": "accepted" },
      { "actor": { "reference":
            "https://fhir.example.org/r4/Device/d7/_history/2" },
        "status": "accepted" },
      { "actor": { "type": "HealthcareService",
                   "identifier": { "value": "HS-1" } },
        "status": "accepted" },
      { "actor": { "reference": "RelatedPerson/r1" },
        "status": "accepted" },
      { "actor": { "reference": "Location/OR" }, "status": "accepted" } ] }
EOF2

($object) = mapped($t, 'fhir_appointment', $appointment);

facts($object, {
    type => 'appointment', map => 'fhir_appointment@1', key => 'APT-1',
    appointment_id => 'APT-1', status => 'booked', action => 'update',
    start => '2026-12-01T08:00:00+01:00',
    end => '2026-12-01T10:30:00+01:00', duration_min => 150,
    service => { value => '27130', system => 'snomed', text => 'Hip' },
    location => 'OR', cost_center => '4100',
    resources => [
        { kind => 'Practitioner', id => 'f1', role => { value => 'ATND' } },
        { kind => 'Device', id => 'd7' },
        { kind => 'HealthcareService', id => 'HS-1' },
        { kind => 'Location', id => 'OR' } ],
    patient => undef,
}, 'an appointment, and whom and what it needs');

unlike(JSON::PP->new->encode($object), qr/Adam|Everyman|fell|"p1"|r1/,
       'and not for whom');
unmapped($appointment);

(my $off = $appointment) =~ s/"booked"/"cancelled"/;
facts((mapped($t, 'fhir_appointment', $off))[0],
      { action => 'cancel', status => 'cancelled', replaces => 'APT-1' },
      'an appointment is cancelled');

(my $proposed = $appointment) =~ s/"booked"/"proposed"/;
$proposed =~ s/"start".*?\n//;
is_deeply([$t->objects('fhir_appointment', $t->json($proposed))], [],
          'what has no time yet is no appointment');

(my $asked = $appointment) =~ s/"start".*?\n/"requestedPeriod": [
    { "start": "2026-12-02", "end": "2026-12-03" } ],/;
facts((mapped($t, 'fhir_appointment', $asked))[0],
      { start => '2026-12-02', end => '2026-12-03' },
      'the time that is asked for');

(my $anywhere = $appointment) =~ s/Location\/OR/Device\/d8/;
refused_for($t, 'fhir_appointment', $anywhere, qr/required/, 'location');

(my $by_uuid = $appointment) =~ s/Location\/OR/urn:uuid:1/;

my $bundle = '{"resourceType":"Bundle","type":"collection","entry":['
             . "{\"resource\":$by_uuid},"
             . '{"fullUrl":"urn:uuid:1","resource":{"resourceType":"Location",
                 "id":"OR","name":"Theatre"}}]}';

facts((mapped($t, 'fhir_appointment', $bundle))[0],
      { location => 'urn:uuid:1' }, 'a place that only the Bundle knows');

$t->stop;
done_testing();
