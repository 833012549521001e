// The maps of maps.conf in JSONata and in fhirpath.js:
//     node maps.js adt.hl7 encounter.json rounds
// prints name=value lines, microseconds for each body.  JSONata gets the HL7
// message split already, which is not timed; of JSON the parse is.

const fs = require('fs')
const jsonata = require('jsonata')
const fhirpath = require('fhirpath')
const r4 = require('fhirpath/fhir-context/r4')

const rounds = Number(process.argv[4])

const message = {}

for (const line of fs.readFileSync(process.argv[2], 'latin1').split('\r')) {
  if (line === '') continue

  const fields = line.split('|')
  if (fields[0] === 'MSH') fields.splice(1, 0, '|')

  const segment = {}
  fields.forEach((field, i) => {
    if (i === 0 || field === '') return
    segment['f' + i] = field.split('~').map(r => {
      const repetition = {}
      r.split('^').forEach((c, j) => {
        if (c === '') return
        const component = {}
        c.split('&').forEach((s, k) => { component['s' + (k + 1)] = s })
        repetition['c' + (j + 1)] = component
      })
      return repetition
    })
  })

  ;(message[fields[0]] = message[fields[0]] || []).push(segment)
}

const adt = jsonata(`(
  $class := {"I": "inpatient", "IMP": "inpatient", "O": "outpatient", "AMB": "outpatient", "E": "emergency"};
  $cost := {"OR": "4100", "RAD-1": "4300", "4E": "4120"};
  $system := {"I10": "icd10", "SCT": "snomed", "LN": "loinc"};
  $ts := function($v) { $v ? $substring($v, 0, 4) & "-" & $substring($v, 4, 2) & "-" & $substring($v, 6, 2) & "T" & $substring($v, 8, 2) & ":" & $substring($v, 10, 2) & ":" & $substring($v, 12, 2) & "+01:00" };
  $or := function($a, $b) { $a ? $a : $b };
  {
    "type": "encounter", "map": "adt@1",
    "key": PV1.f19[0].c1.s1,
    "event": $or(EVN.f1[0].c1.s1, MSH.f9[0].c2.s1),
    "event_time": $ts($or(EVN.f2[0].c1.s1, MSH.f7[0].c1.s1)),
    "source": {"app": MSH.f3[0].c1.s1, "facility": MSH.f4[0].c1.s1, "control_id": MSH.f10[0].c1.s1},
    "visit_id": $or(PV1.f19[0].c1.s1, PID.f18[0].c1.s1),
    "account_id": PID.f18[0].c1.s1,
    "patient": {"token": $token(PID.f3[c5.s1="MR"].c1.s1), "birth": $substring(PID.f7[0].c1.s1, 0, 4), "sex": PID.f8[0].c1.s1},
    "class": $or($lookup($class, PV1.f2[0].c1.s1), "other"),
    "location": {"facility": PV1.f3[0].c4.s1, "unit": PV1.f3[0].c1.s1, "room": PV1.f3[0].c2.s1, "bed": PV1.f3[0].c3.s1},
    "cost_center": $or($lookup($cost, PV1.f3[0].c1.s1), "9999"),
    "admit_time": $ts($or(PV1.f44[0].c1.s1, EVN.f2[0].c1.s1)),
    "discharge_time": $ts(PV1.f45[0].c1.s1),
    "disposition": PV1.f36[0].c1.s1,
    "department": PV1.f10[0].c1.s1,
    "attending": PV1.f7.{"id": c1.s1}[],
    "diagnoses": DG1.{"code": {"value": f3[0].c1.s1, "system": $or($lookup($system, f3[0].c3.s1), "local")}, "kind": f6[0].c1.s1}[],
    "state": MSH.f9[0].c2.s1 = "A03" ? "closed" : "open"
  })`)

adt.registerFunction('token', v => 'pt_k1_' + require('crypto')
  .createHmac('sha256', '0123456789abcdef0123456789abcdef')
  .update('patient\0GHH\0' + v).digest('hex').slice(0, 26))

const encounter = jsonata(`(
  $class := {"I": "inpatient", "IMP": "inpatient", "O": "outpatient", "AMB": "outpatient", "E": "emergency"};
  $state := {"planned": "expected", "in-progress": "open", "finished": "closed", "cancelled": "cancelled"};
  {
    "type": "encounter", "map": "encounter@1",
    "visit_id": identifier[$contains(system, /\\/visits$/)][0].value,
    "patient": $replace(subject.reference, "Patient/", ""),
    "class": $lookup($class, class.code),
    "state": $lookup($state, status),
    "admit_time": period.start, "discharge_time": period.end,
    "location": {"facility": serviceProvider.display},
    "priority": priority.coding[0].code,
    "attending": participant[individual][0].individual.reference,
    "reason": reasonCode.coding[0].code
  })`)

const paths = [
  "identifier.where(system.endsWith('/visits')).value.first()",
  "subject.reference.replace('Patient/', '')", 'class.code', 'status',
  'period.start', 'period.end', 'serviceProvider.display',
  'priority.coding.code.first()',
  'participant.where(individual.exists()).individual.reference.first()',
  'reasonCode.coding.code.first()'
].map(p => fhirpath.compile({ base: 'Encounter', expression: p }, r4))

const text = fs.readFileSync(process.argv[3], 'utf8')

async function measure (name, times, once) {
  let best = Infinity
  let result

  for (let i = 0; i < rounds; i++) {
    const start = process.cpuUsage()
    for (let j = 0; j < times; j++) result = await once()
    const used = process.cpuUsage(start)
    best = Math.min(best, (used.user + used.system) / times)
  }

  console.log(`${name}=${best.toFixed(3)}`)
  return result
}

async function main () {
  const a = await measure('adt_jsonata', 2000, async () =>
    JSON.stringify(await adt.evaluate(message)))
  const e = await measure('encounter_jsonata', 2000, async () =>
    JSON.stringify(await encounter.evaluate(JSON.parse(text))))
  const f = await measure('encounter_fhirpath', 2000, async () => {
    const resource = JSON.parse(text)
    return JSON.stringify(paths.map(p => p(resource)))
  })

  // a peer that maps nothing would be fast

  for (const [result, fact] of [[a, 'V-4711'], [a, 'inpatient'],
    [a, '2026-11-25T12:00:00+01:00'], [a, 'snomed'], [e, 'V-4711'],
    [e, 'PATID1234'], [f, 'V-4711'], [f, '5913000']]) {
    if (!result.includes(fact)) throw new Error(`no ${fact} in ${result}`)
  }
}

main()
