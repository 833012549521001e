use lib 't/lib';
use strict;
use warnings;
use Test::More;
use MapTest;

# The worked maps: HL7 v2 and FHIR become canonical JSON, over HTTP and over
# MLLP, and what cannot be mapped is refused with its place.

my $conf = <<'EOF';
    canonical_key patient file=patient.key id=k1;

    canonical_table patient_class { default other; I inpatient; IMP inpatient; O outpatient; AMB outpatient; E emergency; EMER emergency; P preadmit; }
    canonical_table cost_center   { default 9999; OR 4100; RAD-1 4300; 4E 4120; }
    canonical_table ft1_type      { CG charge; CD credit; PY payment; AJ adjustment; }
    canonical_table code_system   { default local; C4 cpt; CPT cpt; SCT snomed; I10 icd10; HCPCS hcpcs; }
    canonical_table fhir_state    { planned expected; arrived open; in-progress open; finished closed; cancelled cancelled; }

    canonical_map adt_encounter version=3 {
        from    hl7 ADT^A01 ADT^A04 ADT^A08 ADT^A03;
        emit    encounter key=visit_id;
        zone    msh Europe/Berlin;
        schema  schemas/encounter.json on_error=reject;

        set   event           EVN-1|MSH-9.2            required;
        set   event_time      EVN-2|MSH-7              ts required;
        set   visit_id        PV1-19.1|PID-18.1        required;
        set   account_id      PID-18.1;
        set   patient.token   PID-3[5=MR].1            hmac=patient required;
        set   patient.birth   PID-7                    date mask=year;
        set   patient.sex     PID-8;
        set   class           PV1-2                    map=patient_class required;
        set   location.facility PV1-3.4.1;
        set   location.unit   PV1-3.1;
        set   location.room   PV1-3.2;
        set   location.bed    PV1-3.3;
        set   cost_center     PV1-3.1                  map=cost_center;
        set   admit_time      PV1-44|EVN-2             ts required;
        set   discharge_time  PV1-45                   ts;
        each  attending[]     PV1-7 {
            set  id           .1                       required;
            set  name         .2.1                     drop;
        }
        each  diagnoses[]     DG1 {
            set  code.value   DG1-3.1                  required;
            set  code.system  DG1-3.3                  map=code_system;
            set  kind         DG1-6;
        }
        when  MSH-9.2 = A03 { const state closed; }
        else  { const state open; }
    }

    canonical_map dft_charge version=2 {
        from    hl7 DFT^P03 DFT^P11;
        zone    msh Europe/Berlin;
        schema  schemas/charge.json on_error=reject;

        each  charge FT1 with PR1 NTE {                # one canonical object per FT1
            emit  charge key=charge_id;
            set   charge_id       "{MSH-4.1}/{MSH-10}/{FT1-1}" required;
            set   visit_id        PV1-19.1|PID-18.1;
            set   patient.token   PID-3[5=MR].1        hmac=patient required;
            set   kind            FT1-6                map=ft1_type required;
            set   service_date    FT1-4.1              date required;
            set   code.value      FT1-25.1|FT1-7.1     required;
            set   code.system     FT1-25.3|FT1-7.3     map=code_system;
            set   item            FT1-34.1|FT1-29.1;
            set   quantity        FT1-10               decimal default=1;
            set   amount.value    FT1-11.1.1           decimal=2;
            set   amount.currency FT1-11.1.2           default=USD;
            set   unit_price      FT1-12.1.1           decimal=2;
            set   cost_center     FT1-13.1             map=cost_center;
            each  diagnoses[]     FT1-19 {
                set  value .1 required;
                set  system .3 map=code_system;
            }
            each  procedures[]    PR1 {
                set  value PR1-3.1;
            }
        }
    }

    canonical_map fhir_encounter version=1 {
        from    fhir Encounter;
        emit    encounter key=visit_id;
        zone    Europe/Amsterdam;

        set   visit_id        "identifier.where(system.endsWith('/visits')).value.first() | id"  required;
        set   patient.token   "subject.reference.replace('Patient/', '')"  hmac=patient required;
        set   class           class.code               map=patient_class required;
        set   state           status                   map=fhir_state required;
        set   admit_time      period.start             ts;
        set   discharge_time  period.end               ts;
        set   location.facility serviceProvider.display;
        each  attending[]     "participant.where(individual.exists())" {
            set  id           "individual.reference.replace('Practitioner/', '')" required;
        }
        each  reasons[]       reasonCode.coding {
            set  value code;
            set  system system;
        }
    }
EOF

my $t = MapTest->start(http => $conf,
    maps => ['adt_encounter', 'dft_charge', 'fhir_encounter'],
    files => { 'patient.key' => "a secret of this test\n",
               'schemas' => \(Cwd::getcwd() . '/conf/schemas') },
    stream => 'server { listen 127.0.0.1:%%MLLP%%; mllp_pass hie
                        /hl7/$hl7_message_type/; }',
    locations => <<'EOF',
        }
        server {
            server_name hie;
            mllp_only;
            location /hl7/ADT/ { canonical_request adt_encounter; proxy_pass http://127.0.0.1:%%ECHO%%; }
            location /hl7/DFT/ { canonical_request dft_charge; proxy_pass http://127.0.0.1:%%ECHO%%; }
EOF
);

my $adt = <<'EOF';
MSH|^~\&|EHR|GHH|IFE|GHH|20261121081500||ADT^A01^ADT_A01|MSG00017|P|2.5.1
EVN|A01|20261121081400
PID|1||900112^^^NAT^SS~PATID1234^^^GHH^MR||Everyman^Adam^A||19880818|M||||||||||ACC-77^^^GHH^AN
PV1|1|I|4E^136^B^GHH&2.16.840.1&ISO|E|||1122334^Alaz^Mohammed~5566778^Roe^Jane||||||||||||V-4711^^^GHH^VN|||||||||||||||||||||||||20261121080000
DG1|1||S72.0^Fracture of femur^I10|||A
DG1|2||68235000^Nasal congestion^SCT|||F
EOF

my $dft = <<'EOF';
MSH|^~\&|OR|GHH|IFE|GHH|20261121101500+0100||DFT^P03^DFT_P03|MSG00018|P|2.8
EVN|P03|20261121101500
PID|1||PATID1234^^^GHH^MR||Everyman^Adam^A||19880818|M||||||||||ACC-77^^^GHH^AN
PV1|1|I|4E^136^B^GHH||||||||||||||||V-4711^^^GHH^VN
FT1|1|||20261121093000|20261121|CG|27130^Total hip^C4|||1|12500&USD|12500.00&USD|OR||||||S72.0^^I10
PR1|1||27130^Total hip^C4||20261121
FT1|2|||20261121|20261121|CG|C1776^Joint device^HCPCS|||2|3700.0&USD|1850&USD|OR||||||S72.0^^I10~M16.1^^I10|||||||||||||||IMP-4711-12
EOF

my $answer = $t->post('/map/adt_encounter', $t->er7($adt));
my ($token) = $answer->{body} =~ /"token":"(pt_k1_[a-z2-7]{26})"/;
ok($token, 'a token') or diag($answer->{status}, $answer->{body});
is($answer->{body}, '{"type":"encounter","map":"adt_encounter@3","key":"V-4711","event":"A01","event_time":"2026-11-21T08:14:00+01:00","visit_id":"V-4711","account_id":"ACC-77","patient":{"token":"' . $token . '","birth":"1988","sex":"M"},"class":"inpatient","location":{"facility":"GHH","unit":"4E","room":"136","bed":"B"},"cost_center":"4120","admit_time":"2026-11-21T08:00:00+01:00","attending":[{"id":"1122334"},{"id":"5566778"}],"diagnoses":[{"code":{"value":"S72.0","system":"icd10"},"kind":"A"},{"code":{"value":"68235000","system":"snomed"},"kind":"F"}],"state":"open"}', 'an admission');
is($answer->{type}, 'application/json', 'its type');

$answer = $t->post('/map/dft_charge', $t->er7($dft));
is($answer->{body}, '[{"type":"charge","map":"dft_charge@2","key":"GHH/MSG00018/1","charge_id":"GHH/MSG00018/1","visit_id":"V-4711","patient":{"token":"' . $token . '"},"kind":"charge","service_date":"2026-11-21","code":{"value":"27130","system":"cpt"},"quantity":"1","amount":{"value":"12500.00","currency":"USD"},"unit_price":"12500.00","cost_center":"4100","diagnoses":[{"value":"S72.0","system":"icd10"}],"procedures":[{"value":"27130"}]},{"type":"charge","map":"dft_charge@2","key":"GHH/MSG00018/2","charge_id":"GHH/MSG00018/2","visit_id":"V-4711","patient":{"token":"' . $token . '"},"kind":"charge","service_date":"2026-11-21","code":{"value":"C1776","system":"hcpcs"},"item":"IMP-4711-12","quantity":"2","amount":{"value":"3700.00","currency":"USD"},"unit_price":"1850.00","cost_center":"4100","diagnoses":[{"value":"S72.0","system":"icd10"},{"value":"M16.1","system":"icd10"}]}]', 'charges: an array');

my $encounter = <<'EOF';
{ "resourceType": "Encounter", "id": "f001",
  "identifier": [ { "use": "official", "system": "urn:hospital/visits", "value": "v1451" } ],
  "status": "finished", "class": { "system": "urn:class", "code": "AMB" },
  "subject": { "reference": "Patient/f001" },
  "participant": [ { "individual": { "reference": "Practitioner/f002" } }, { "id": "none" } ],
  "reasonCode": [ { "coding": [ { "system": "http://snomed.info/sct", "code": "34068001" } ] } ],
  "serviceProvider": { "display": "University Medical Center" } }
EOF

$answer = $t->post('/map/fhir_encounter', $t->json($encounter));
like($answer->{body}, qr/^\{"type":"encounter","map":"fhir_encounter\@1","key":"v1451","visit_id":"v1451","patient":\{"token":"pt_k1_[a-z2-7]{26}"\},"class":"outpatient","state":"closed","location":\{"facility":"University Medical Center"\},"attending":\[\{"id":"f002"\}\],"reasons":\[\{"value":"34068001","system":"http:\/\/snomed.info\/sct"\}\]\}$/, 'an Encounter') or diag $answer->{status};


# errors

my ($status, $problem) = $t->refused('dft_charge', $t->er7($dft =~ s/3700\.0/3,700/r));
is($status, 422, 'not a number');
is_deeply([@$problem{qw(status code segment segment_number target map source)}],
          [422, 102, 'FT1', 7, 'amount.value', 'dft_charge@2', 'FT1-11.1.1'], 'its place');


my $c = $t->engine->client('MLLP');
$c->send(($t->er7($adt))[1]);
is(field($c->read, 'MSA-1'), 'AA', 'over MLLP');
$c->send(($t->er7($dft =~ s/3700\.0/3,700/r))[1]);
my $ack = $c->read;
is(field($ack, 'MSA-1'), 'AE', 'refused over MLLP');
like($ack, qr{ERR\|\|FT1\^2\^11\^1\^1\^1\|102\^.*not a number.*target amount.value, map dft_charge\@2 in nginx.conf:\d+}, "with its place");
unlike($ack, qr{3,700}, "and without the value");

$t->stop;

done_testing();
