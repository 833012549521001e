
/*
 * The resources of FHIR R4 in the notation of ngx_fhir_r4.h:
 * Account to Evidence.
 *
 * Source: FHIR R4 (4.0.1), its structure definitions.
 */

#include "ngx_fhir_r4.h"


const char *const  ngx_fhir_r4_resources_a[] = {

    "Resource id=id meta=Meta implicitRules=uri language=code",

    "DomainResource:Resource text=Narrative contained*Resource"
    " extension*Extension modifierExtension*Extension",

    "Account:DomainResource identifier*Identifier status=code"
    " type=CodeableConcept name=string subject*Reference servicePeriod=Period"
    " coverage*. owner=Reference description=string guarantor*."
    " partOf=Reference",
    "Account.coverage:BackboneElement coverage=Reference priority=positiveInt",
    "Account.guarantor:BackboneElement party=Reference onHold=boolean"
    " period=Period",

    "ActivityDefinition:DomainResource url=uri identifier*Identifier"
    " version=string name=string title=string subtitle=string status=code"
    " experimental=boolean subject[x]=CodeableConcept|Reference date=dateTime"
    " publisher=string contact*ContactDetail description=markdown"
    " useContext*UsageContext jurisdiction*CodeableConcept purpose=markdown"
    " usage=string copyright=markdown approvalDate=date lastReviewDate=date"
    " effectivePeriod=Period topic*CodeableConcept author*ContactDetail"
    " editor*ContactDetail reviewer*ContactDetail endorser*ContactDetail"
    " relatedArtifact*RelatedArtifact library*canonical kind=code"
    " profile=canonical code=CodeableConcept intent=code priority=code"
    " doNotPerform=boolean timing[x]=Timing|dateTime|Age|Period|Range|"
    "Duration location=Reference participant*. product[x]=Reference|"
    "CodeableConcept quantity=Quantity dosage*Dosage bodySite*CodeableConcept"
    " specimenRequirement*Reference observationRequirement*Reference"
    " observationResultRequirement*Reference transform=canonical"
    " dynamicValue*.",
    "ActivityDefinition.participant:BackboneElement type=code"
    " role=CodeableConcept",
    "ActivityDefinition.dynamicValue:BackboneElement path=string"
    " expression=Expression",

    "AdverseEvent:DomainResource identifier=Identifier actuality=code"
    " category*CodeableConcept event=CodeableConcept subject=Reference"
    " encounter=Reference date=dateTime detected=dateTime"
    " recordedDate=dateTime resultingCondition*Reference location=Reference"
    " seriousness=CodeableConcept severity=CodeableConcept"
    " outcome=CodeableConcept recorder=Reference contributor*Reference"
    " suspectEntity*. subjectMedicalHistory*Reference"
    " referenceDocument*Reference study*Reference",
    "AdverseEvent.suspectEntity:BackboneElement instance=Reference"
    " causality*.",
    "AdverseEvent.suspectEntity.causality:BackboneElement"
    " assessment=CodeableConcept productRelatedness=string author=Reference"
    " method=CodeableConcept",

    "AllergyIntolerance:DomainResource identifier*Identifier"
    " clinicalStatus=CodeableConcept verificationStatus=CodeableConcept"
    " type=code category*code criticality=code code=CodeableConcept"
    " patient=Reference encounter=Reference onset[x]=dateTime|Age|Period|"
    "Range|string recordedDate=dateTime recorder=Reference asserter=Reference"
    " lastOccurrence=dateTime note*Annotation reaction*.",
    "AllergyIntolerance.reaction:BackboneElement substance=CodeableConcept"
    " manifestation*CodeableConcept description=string onset=dateTime"
    " severity=code exposureRoute=CodeableConcept note*Annotation",

    "Appointment:DomainResource identifier*Identifier status=code"
    " cancelationReason=CodeableConcept serviceCategory*CodeableConcept"
    " serviceType*CodeableConcept specialty*CodeableConcept"
    " appointmentType=CodeableConcept reasonCode*CodeableConcept"
    " reasonReference*Reference priority=unsignedInt description=string"
    " supportingInformation*Reference start=instant end=instant"
    " minutesDuration=positiveInt slot*Reference created=dateTime"
    " comment=string patientInstruction=string basedOn*Reference"
    " participant*. requestedPeriod*Period",
    "Appointment.participant:BackboneElement type*CodeableConcept"
    " actor=Reference required=code status=code period=Period",

    "AppointmentResponse:DomainResource identifier*Identifier"
    " appointment=Reference start=instant end=instant"
    " participantType*CodeableConcept actor=Reference participantStatus=code"
    " comment=string",

    "AuditEvent:DomainResource type=Coding subtype*Coding action=code"
    " period=Period recorded=instant outcome=code outcomeDesc=string"
    " purposeOfEvent*CodeableConcept agent*. source=. entity*.",
    "AuditEvent.agent:BackboneElement type=CodeableConcept"
    " role*CodeableConcept who=Reference altId=string name=string"
    " requestor=boolean location=Reference policy*uri media=Coding network=."
    " purposeOfUse*CodeableConcept",
    "AuditEvent.agent.network:BackboneElement address=string type=code",
    "AuditEvent.source:BackboneElement site=string observer=Reference"
    " type*Coding",
    "AuditEvent.entity:BackboneElement what=Reference type=Coding role=Coding"
    " lifecycle=Coding securityLabel*Coding name=string description=string"
    " query=base64Binary detail*.",
    "AuditEvent.entity.detail:BackboneElement type=string value[x]=string|"
    "base64Binary",

    "Basic:DomainResource identifier*Identifier code=CodeableConcept"
    " subject=Reference created=date author=Reference",

    "Binary:Resource contentType=code securityContext=Reference"
    " data=base64Binary",

    "BiologicallyDerivedProduct:DomainResource identifier*Identifier"
    " productCategory=code productCode=CodeableConcept status=code"
    " request*Reference quantity=integer parent*Reference collection=."
    " processing*. manipulation=. storage*.",
    "BiologicallyDerivedProduct.collection:BackboneElement"
    " collector=Reference source=Reference collected[x]=dateTime|Period",
    "BiologicallyDerivedProduct.processing:BackboneElement description=string"
    " procedure=CodeableConcept additive=Reference time[x]=dateTime|Period",
    "BiologicallyDerivedProduct.manipulation:BackboneElement"
    " description=string time[x]=dateTime|Period",
    "BiologicallyDerivedProduct.storage:BackboneElement description=string"
    " temperature=decimal scale=code duration=Period",

    "BodyStructure:DomainResource identifier*Identifier active=boolean"
    " morphology=CodeableConcept location=CodeableConcept"
    " locationQualifier*CodeableConcept description=string image*Attachment"
    " patient=Reference",

    "Bundle:Resource identifier=Identifier type=code timestamp=instant"
    " total=unsignedInt link*. entry*. signature=Signature",
    "Bundle.link:BackboneElement relation=string url=uri",
    "Bundle.entry:BackboneElement link*Bundle.link fullUrl=uri"
    " resource=Resource search=. request=. response=.",
    "Bundle.entry.search:BackboneElement mode=code score=decimal",
    "Bundle.entry.request:BackboneElement method=code url=uri"
    " ifNoneMatch=string ifModifiedSince=instant ifMatch=string"
    " ifNoneExist=string",
    "Bundle.entry.response:BackboneElement status=string location=uri"
    " etag=string lastModified=instant outcome=Resource",

    "CapabilityStatement:DomainResource url=uri version=string name=string"
    " title=string status=code experimental=boolean date=dateTime"
    " publisher=string contact*ContactDetail description=markdown"
    " useContext*UsageContext jurisdiction*CodeableConcept purpose=markdown"
    " copyright=markdown kind=code instantiates*canonical imports*canonical"
    " software=. implementation=. fhirVersion=code format*code"
    " patchFormat*code implementationGuide*canonical rest*. messaging*."
    " document*.",
    "CapabilityStatement.software:BackboneElement name=string version=string"
    " releaseDate=dateTime",
    "CapabilityStatement.implementation:BackboneElement description=string"
    " url=url custodian=Reference",
    "CapabilityStatement.rest:BackboneElement mode=code"
    " documentation=markdown security=. resource*. interaction*."
    " searchParam*CapabilityStatement.rest.resource.searchParam"
    " operation*CapabilityStatement.rest.resource.operation"
    " compartment*canonical",
    "CapabilityStatement.rest.security:BackboneElement cors=boolean"
    " service*CodeableConcept description=markdown",
    "CapabilityStatement.rest.resource:BackboneElement type=code"
    " profile=canonical supportedProfile*canonical documentation=markdown"
    " interaction*. versioning=code readHistory=boolean updateCreate=boolean"
    " conditionalCreate=boolean conditionalRead=code"
    " conditionalUpdate=boolean conditionalDelete=code referencePolicy*code"
    " searchInclude*string searchRevInclude*string searchParam*. operation*.",
    "CapabilityStatement.rest.resource.interaction:BackboneElement code=code"
    " documentation=markdown",
    "CapabilityStatement.rest.resource.searchParam:BackboneElement"
    " name=string definition=canonical type=code documentation=markdown",
    "CapabilityStatement.rest.resource.operation:BackboneElement name=string"
    " definition=canonical documentation=markdown",
    "CapabilityStatement.rest.interaction:BackboneElement code=code"
    " documentation=markdown",
    "CapabilityStatement.messaging:BackboneElement endpoint*."
    " reliableCache=unsignedInt documentation=markdown supportedMessage*.",
    "CapabilityStatement.messaging.endpoint:BackboneElement protocol=Coding"
    " address=url",
    "CapabilityStatement.messaging.supportedMessage:BackboneElement mode=code"
    " definition=canonical",
    "CapabilityStatement.document:BackboneElement mode=code"
    " documentation=markdown profile=canonical",

    "CarePlan:DomainResource identifier*Identifier"
    " instantiatesCanonical*canonical instantiatesUri*uri basedOn*Reference"
    " replaces*Reference partOf*Reference status=code intent=code"
    " category*CodeableConcept title=string description=string"
    " subject=Reference encounter=Reference period=Period created=dateTime"
    " author=Reference contributor*Reference careTeam*Reference"
    " addresses*Reference supportingInfo*Reference goal*Reference activity*."
    " note*Annotation",
    "CarePlan.activity:BackboneElement outcomeCodeableConcept*CodeableConcept"
    " outcomeReference*Reference progress*Annotation reference=Reference"
    " detail=.",
    "CarePlan.activity.detail:BackboneElement kind=code"
    " instantiatesCanonical*canonical instantiatesUri*uri"
    " code=CodeableConcept reasonCode*CodeableConcept"
    " reasonReference*Reference goal*Reference status=code"
    " statusReason=CodeableConcept doNotPerform=boolean scheduled[x]=Timing|"
    "Period|string location=Reference performer*Reference"
    " product[x]=CodeableConcept|Reference dailyAmount=Quantity"
    " quantity=Quantity description=string",

    "CareTeam:DomainResource identifier*Identifier status=code"
    " category*CodeableConcept name=string subject=Reference"
    " encounter=Reference period=Period participant*."
    " reasonCode*CodeableConcept reasonReference*Reference"
    " managingOrganization*Reference telecom*ContactPoint note*Annotation",
    "CareTeam.participant:BackboneElement role*CodeableConcept"
    " member=Reference onBehalfOf=Reference period=Period",

    "CatalogEntry:DomainResource identifier*Identifier type=CodeableConcept"
    " orderable=boolean referencedItem=Reference"
    " additionalIdentifier*Identifier classification*CodeableConcept"
    " status=code validityPeriod=Period validTo=dateTime lastUpdated=dateTime"
    " additionalCharacteristic*CodeableConcept"
    " additionalClassification*CodeableConcept relatedEntry*.",
    "CatalogEntry.relatedEntry:BackboneElement relationtype=code"
    " item=Reference",

    "ChargeItem:DomainResource identifier*Identifier definitionUri*uri"
    " definitionCanonical*canonical status=code partOf*Reference"
    " code=CodeableConcept subject=Reference context=Reference"
    " occurrence[x]=dateTime|Period|Timing performer*."
    " performingOrganization=Reference requestingOrganization=Reference"
    " costCenter=Reference quantity=Quantity bodysite*CodeableConcept"
    " factorOverride=decimal priceOverride=Money overrideReason=string"
    " enterer=Reference enteredDate=dateTime reason*CodeableConcept"
    " service*Reference product[x]=Reference|CodeableConcept"
    " account*Reference note*Annotation supportingInformation*Reference",
    "ChargeItem.performer:BackboneElement function=CodeableConcept"
    " actor=Reference",

    "ChargeItemDefinition:DomainResource url=uri identifier*Identifier"
    " version=string title=string derivedFromUri*uri partOf*canonical"
    " replaces*canonical status=code experimental=boolean date=dateTime"
    " publisher=string contact*ContactDetail description=markdown"
    " useContext*UsageContext jurisdiction*CodeableConcept copyright=markdown"
    " approvalDate=date lastReviewDate=date effectivePeriod=Period"
    " code=CodeableConcept instance*Reference applicability*. propertyGroup*.",
    "ChargeItemDefinition.applicability:BackboneElement description=string"
    " language=string expression=string",
    "ChargeItemDefinition.propertyGroup:BackboneElement"
    " applicability*ChargeItemDefinition.applicability priceComponent*.",
    "ChargeItemDefinition.propertyGroup.priceComponent:BackboneElement"
    " type=code code=CodeableConcept factor=decimal amount=Money",

    "Claim:DomainResource identifier*Identifier status=code"
    " type=CodeableConcept subType=CodeableConcept use=code patient=Reference"
    " billablePeriod=Period created=dateTime enterer=Reference"
    " insurer=Reference provider=Reference priority=CodeableConcept"
    " fundsReserve=CodeableConcept related*. prescription=Reference"
    " originalPrescription=Reference payee=. referral=Reference"
    " facility=Reference careTeam*. supportingInfo*. diagnosis*. procedure*."
    " insurance*. accident=. item*. total=Money",
    "Claim.related:BackboneElement claim=Reference"
    " relationship=CodeableConcept reference=Identifier",
    "Claim.payee:BackboneElement type=CodeableConcept party=Reference",
    "Claim.careTeam:BackboneElement sequence=positiveInt provider=Reference"
    " responsible=boolean role=CodeableConcept qualification=CodeableConcept",
    "Claim.supportingInfo:BackboneElement sequence=positiveInt"
    " category=CodeableConcept code=CodeableConcept timing[x]=date|Period"
    " value[x]=boolean|string|Quantity|Attachment|Reference"
    " reason=CodeableConcept",
    "Claim.diagnosis:BackboneElement sequence=positiveInt"
    " diagnosis[x]=CodeableConcept|Reference type*CodeableConcept"
    " onAdmission=CodeableConcept packageCode=CodeableConcept",
    "Claim.procedure:BackboneElement sequence=positiveInt"
    " type*CodeableConcept date=dateTime procedure[x]=CodeableConcept|"
    "Reference udi*Reference",
    "Claim.insurance:BackboneElement sequence=positiveInt focal=boolean"
    " identifier=Identifier coverage=Reference businessArrangement=string"
    " preAuthRef*string claimResponse=Reference",
    "Claim.accident:BackboneElement date=date type=CodeableConcept"
    " location[x]=Address|Reference",
    "Claim.item:BackboneElement sequence=positiveInt"
    " careTeamSequence*positiveInt diagnosisSequence*positiveInt"
    " procedureSequence*positiveInt informationSequence*positiveInt"
    " revenue=CodeableConcept category=CodeableConcept"
    " productOrService=CodeableConcept modifier*CodeableConcept"
    " programCode*CodeableConcept serviced[x]=date|Period"
    " location[x]=CodeableConcept|Address|Reference quantity=Quantity"
    " unitPrice=Money factor=decimal net=Money udi*Reference"
    " bodySite=CodeableConcept subSite*CodeableConcept encounter*Reference"
    " detail*.",
    "Claim.item.detail:BackboneElement sequence=positiveInt"
    " revenue=CodeableConcept category=CodeableConcept"
    " productOrService=CodeableConcept modifier*CodeableConcept"
    " programCode*CodeableConcept quantity=Quantity unitPrice=Money"
    " factor=decimal net=Money udi*Reference subDetail*.",
    "Claim.item.detail.subDetail:BackboneElement sequence=positiveInt"
    " revenue=CodeableConcept category=CodeableConcept"
    " productOrService=CodeableConcept modifier*CodeableConcept"
    " programCode*CodeableConcept quantity=Quantity unitPrice=Money"
    " factor=decimal net=Money udi*Reference",

    "ClaimResponse:DomainResource identifier*Identifier status=code"
    " type=CodeableConcept subType=CodeableConcept use=code patient=Reference"
    " created=dateTime insurer=Reference requestor=Reference"
    " request=Reference outcome=code disposition=string preAuthRef=string"
    " preAuthPeriod=Period payeeType=CodeableConcept item*. addItem*."
    " adjudication*ClaimResponse.item.adjudication total*. payment=."
    " fundsReserve=CodeableConcept formCode=CodeableConcept form=Attachment"
    " processNote*. communicationRequest*Reference insurance*. error*.",
    "ClaimResponse.item:BackboneElement itemSequence=positiveInt"
    " noteNumber*positiveInt adjudication*. detail*.",
    "ClaimResponse.item.adjudication:BackboneElement category=CodeableConcept"
    " reason=CodeableConcept amount=Money value=decimal",
    "ClaimResponse.item.detail:BackboneElement detailSequence=positiveInt"
    " noteNumber*positiveInt adjudication*ClaimResponse.item.adjudication"
    " subDetail*.",
    "ClaimResponse.item.detail.subDetail:BackboneElement"
    " subDetailSequence=positiveInt noteNumber*positiveInt"
    " adjudication*ClaimResponse.item.adjudication",
    "ClaimResponse.addItem:BackboneElement itemSequence*positiveInt"
    " detailSequence*positiveInt subdetailSequence*positiveInt"
    " provider*Reference productOrService=CodeableConcept"
    " modifier*CodeableConcept programCode*CodeableConcept serviced[x]=date|"
    "Period location[x]=CodeableConcept|Address|Reference quantity=Quantity"
    " unitPrice=Money factor=decimal net=Money bodySite=CodeableConcept"
    " subSite*CodeableConcept noteNumber*positiveInt"
    " adjudication*ClaimResponse.item.adjudication detail*.",
    "ClaimResponse.addItem.detail:BackboneElement"
    " productOrService=CodeableConcept modifier*CodeableConcept"
    " quantity=Quantity unitPrice=Money factor=decimal net=Money"
    " noteNumber*positiveInt adjudication*ClaimResponse.item.adjudication"
    " subDetail*.",
    "ClaimResponse.addItem.detail.subDetail:BackboneElement"
    " productOrService=CodeableConcept modifier*CodeableConcept"
    " quantity=Quantity unitPrice=Money factor=decimal net=Money"
    " noteNumber*positiveInt adjudication*ClaimResponse.item.adjudication",
    "ClaimResponse.total:BackboneElement category=CodeableConcept"
    " amount=Money",
    "ClaimResponse.payment:BackboneElement type=CodeableConcept"
    " adjustment=Money adjustmentReason=CodeableConcept date=date"
    " amount=Money identifier=Identifier",
    "ClaimResponse.processNote:BackboneElement number=positiveInt type=code"
    " text=string language=CodeableConcept",
    "ClaimResponse.insurance:BackboneElement sequence=positiveInt"
    " focal=boolean coverage=Reference businessArrangement=string"
    " claimResponse=Reference",
    "ClaimResponse.error:BackboneElement itemSequence=positiveInt"
    " detailSequence=positiveInt subDetailSequence=positiveInt"
    " code=CodeableConcept",

    "ClinicalImpression:DomainResource identifier*Identifier status=code"
    " statusReason=CodeableConcept code=CodeableConcept description=string"
    " subject=Reference encounter=Reference effective[x]=dateTime|Period"
    " date=dateTime assessor=Reference previous=Reference problem*Reference"
    " investigation*. protocol*uri summary=string finding*."
    " prognosisCodeableConcept*CodeableConcept prognosisReference*Reference"
    " supportingInfo*Reference note*Annotation",
    "ClinicalImpression.investigation:BackboneElement code=CodeableConcept"
    " item*Reference",
    "ClinicalImpression.finding:BackboneElement"
    " itemCodeableConcept=CodeableConcept itemReference=Reference"
    " basis=string",

    "CodeSystem:DomainResource url=uri identifier*Identifier version=string"
    " name=string title=string status=code experimental=boolean date=dateTime"
    " publisher=string contact*ContactDetail description=markdown"
    " useContext*UsageContext jurisdiction*CodeableConcept purpose=markdown"
    " copyright=markdown caseSensitive=boolean valueSet=canonical"
    " hierarchyMeaning=code compositional=boolean versionNeeded=boolean"
    " content=code supplements=canonical count=unsignedInt filter*."
    " property*. concept*.",
    "CodeSystem.filter:BackboneElement code=code description=string"
    " operator*code value=string",
    "CodeSystem.property:BackboneElement code=code uri=uri description=string"
    " type=code",
    "CodeSystem.concept:BackboneElement code=code display=string"
    " definition=string designation*. property*. concept*CodeSystem.concept",
    "CodeSystem.concept.designation:BackboneElement language=code use=Coding"
    " value=string",
    "CodeSystem.concept.property:BackboneElement code=code value[x]=code|"
    "Coding|string|integer|boolean|dateTime|decimal",

    "Communication:DomainResource identifier*Identifier"
    " instantiatesCanonical*canonical instantiatesUri*uri basedOn*Reference"
    " partOf*Reference inResponseTo*Reference status=code"
    " statusReason=CodeableConcept category*CodeableConcept priority=code"
    " medium*CodeableConcept subject=Reference topic=CodeableConcept"
    " about*Reference encounter=Reference sent=dateTime received=dateTime"
    " recipient*Reference sender=Reference reasonCode*CodeableConcept"
    " reasonReference*Reference payload*. note*Annotation",
    "Communication.payload:BackboneElement content[x]=string|Attachment|"
    "Reference",

    "CommunicationRequest:DomainResource identifier*Identifier"
    " basedOn*Reference replaces*Reference groupIdentifier=Identifier"
    " status=code statusReason=CodeableConcept category*CodeableConcept"
    " priority=code doNotPerform=boolean medium*CodeableConcept"
    " subject=Reference about*Reference encounter=Reference payload*."
    " occurrence[x]=dateTime|Period authoredOn=dateTime requester=Reference"
    " recipient*Reference sender=Reference reasonCode*CodeableConcept"
    " reasonReference*Reference note*Annotation",
    "CommunicationRequest.payload:BackboneElement content[x]=string|"
    "Attachment|Reference",

    "CompartmentDefinition:DomainResource url=uri version=string name=string"
    " status=code experimental=boolean date=dateTime publisher=string"
    " contact*ContactDetail description=markdown useContext*UsageContext"
    " purpose=markdown code=code search=boolean resource*.",
    "CompartmentDefinition.resource:BackboneElement code=code param*string"
    " documentation=string",

    "Composition:DomainResource identifier=Identifier status=code"
    " type=CodeableConcept category*CodeableConcept subject=Reference"
    " encounter=Reference date=dateTime author*Reference title=string"
    " confidentiality=code attester*. custodian=Reference relatesTo*. event*."
    " section*.",
    "Composition.attester:BackboneElement mode=code time=dateTime"
    " party=Reference",
    "Composition.relatesTo:BackboneElement code=code target[x]=Identifier|"
    "Reference",
    "Composition.event:BackboneElement code*CodeableConcept period=Period"
    " detail*Reference",
    "Composition.section:BackboneElement title=string code=CodeableConcept"
    " author*Reference focus=Reference text=Narrative mode=code"
    " orderedBy=CodeableConcept entry*Reference emptyReason=CodeableConcept"
    " section*Composition.section",

    "ConceptMap:DomainResource url=uri identifier=Identifier version=string"
    " name=string title=string status=code experimental=boolean date=dateTime"
    " publisher=string contact*ContactDetail description=markdown"
    " useContext*UsageContext jurisdiction*CodeableConcept purpose=markdown"
    " copyright=markdown source[x]=uri|canonical target[x]=uri|canonical"
    " group*.",
    "ConceptMap.group:BackboneElement source=uri sourceVersion=string"
    " target=uri targetVersion=string element*. unmapped=.",
    "ConceptMap.group.element:BackboneElement code=code display=string"
    " target*.",
    "ConceptMap.group.element.target:BackboneElement code=code display=string"
    " equivalence=code comment=string dependsOn*."
    " product*ConceptMap.group.element.target.dependsOn",
    "ConceptMap.group.element.target.dependsOn:BackboneElement property=uri"
    " system=canonical value=string display=string",
    "ConceptMap.group.unmapped:BackboneElement mode=code code=code"
    " display=string url=canonical",

    "Condition:DomainResource identifier*Identifier"
    " clinicalStatus=CodeableConcept verificationStatus=CodeableConcept"
    " category*CodeableConcept severity=CodeableConcept code=CodeableConcept"
    " bodySite*CodeableConcept subject=Reference encounter=Reference"
    " onset[x]=dateTime|Age|Period|Range|string abatement[x]=dateTime|Age|"
    "Period|Range|string recordedDate=dateTime recorder=Reference"
    " asserter=Reference stage*. evidence*. note*Annotation",
    "Condition.stage:BackboneElement summary=CodeableConcept"
    " assessment*Reference type=CodeableConcept",
    "Condition.evidence:BackboneElement code*CodeableConcept detail*Reference",

    "Consent:DomainResource identifier*Identifier status=code"
    " scope=CodeableConcept category*CodeableConcept patient=Reference"
    " dateTime=dateTime performer*Reference organization*Reference"
    " source[x]=Attachment|Reference policy*. policyRule=CodeableConcept"
    " verification*. provision=.",
    "Consent.policy:BackboneElement authority=uri uri=uri",
    "Consent.verification:BackboneElement verified=boolean"
    " verifiedWith=Reference verificationDate=dateTime",
    "Consent.provision:BackboneElement type=code period=Period actor*."
    " action*CodeableConcept securityLabel*Coding purpose*Coding class*Coding"
    " code*CodeableConcept dataPeriod=Period data*."
    " provision*Consent.provision",
    "Consent.provision.actor:BackboneElement role=CodeableConcept"
    " reference=Reference",
    "Consent.provision.data:BackboneElement meaning=code reference=Reference",

    "Contract:DomainResource identifier*Identifier url=uri version=string"
    " status=code legalState=CodeableConcept instantiatesCanonical=Reference"
    " instantiatesUri=uri contentDerivative=CodeableConcept issued=dateTime"
    " applies=Period expirationType=CodeableConcept subject*Reference"
    " authority*Reference domain*Reference site*Reference name=string"
    " title=string subtitle=string alias*string author=Reference"
    " scope=CodeableConcept topic[x]=CodeableConcept|Reference"
    " type=CodeableConcept subType*CodeableConcept contentDefinition=. term*."
    " supportingInfo*Reference relevantHistory*Reference signer*. friendly*."
    " legal*. rule*. legallyBinding[x]=Attachment|Reference",
    "Contract.contentDefinition:BackboneElement type=CodeableConcept"
    " subType=CodeableConcept publisher=Reference publicationDate=dateTime"
    " publicationStatus=code copyright=markdown",
    "Contract.term:BackboneElement identifier=Identifier issued=dateTime"
    " applies=Period topic[x]=CodeableConcept|Reference type=CodeableConcept"
    " subType=CodeableConcept text=string securityLabel*. offer=. asset*."
    " action*. group*Contract.term",
    "Contract.term.securityLabel:BackboneElement number*unsignedInt"
    " classification=Coding category*Coding control*Coding",
    "Contract.term.offer:BackboneElement identifier*Identifier party*."
    " topic=Reference type=CodeableConcept decision=CodeableConcept"
    " decisionMode*CodeableConcept answer*. text=string linkId*string"
    " securityLabelNumber*unsignedInt",
    "Contract.term.offer.party:BackboneElement reference*Reference"
    " role=CodeableConcept",
    "Contract.term.offer.answer:BackboneElement value[x]=boolean|decimal|"
    "integer|date|dateTime|time|string|uri|Attachment|Coding|Quantity|"
    "Reference",
    "Contract.term.asset:BackboneElement scope=CodeableConcept"
    " type*CodeableConcept typeReference*Reference subtype*CodeableConcept"
    " relationship=Coding context*. condition=string"
    " periodType*CodeableConcept period*Period usePeriod*Period text=string"
    " linkId*string answer*Contract.term.offer.answer"
    " securityLabelNumber*unsignedInt valuedItem*.",
    "Contract.term.asset.context:BackboneElement reference=Reference"
    " code*CodeableConcept text=string",
    "Contract.term.asset.valuedItem:BackboneElement"
    " entity[x]=CodeableConcept|Reference identifier=Identifier"
    " effectiveTime=dateTime quantity=Quantity unitPrice=Money factor=decimal"
    " points=decimal net=Money payment=string paymentDate=dateTime"
    " responsible=Reference recipient=Reference linkId*string"
    " securityLabelNumber*unsignedInt",
    "Contract.term.action:BackboneElement doNotPerform=boolean"
    " type=CodeableConcept subject*. intent=CodeableConcept linkId*string"
    " status=CodeableConcept context=Reference contextLinkId*string"
    " occurrence[x]=dateTime|Period|Timing requester*Reference"
    " requesterLinkId*string performerType*CodeableConcept"
    " performerRole=CodeableConcept performer=Reference"
    " performerLinkId*string reasonCode*CodeableConcept"
    " reasonReference*Reference reason*string reasonLinkId*string"
    " note*Annotation securityLabelNumber*unsignedInt",
    "Contract.term.action.subject:BackboneElement reference*Reference"
    " role=CodeableConcept",
    "Contract.signer:BackboneElement type=Coding party=Reference"
    " signature*Signature",
    "Contract.friendly:BackboneElement content[x]=Attachment|Reference",
    "Contract.legal:BackboneElement content[x]=Attachment|Reference",
    "Contract.rule:BackboneElement content[x]=Attachment|Reference",

    "Coverage:DomainResource identifier*Identifier status=code"
    " type=CodeableConcept policyHolder=Reference subscriber=Reference"
    " subscriberId=string beneficiary=Reference dependent=string"
    " relationship=CodeableConcept period=Period payor*Reference class*."
    " order=positiveInt network=string costToBeneficiary*."
    " subrogation=boolean contract*Reference",
    "Coverage.class:BackboneElement type=CodeableConcept value=string"
    " name=string",
    "Coverage.costToBeneficiary:BackboneElement type=CodeableConcept"
    " value[x]=Quantity|Money exception*.",
    "Coverage.costToBeneficiary.exception:BackboneElement"
    " type=CodeableConcept period=Period",

    "CoverageEligibilityRequest:DomainResource identifier*Identifier"
    " status=code priority=CodeableConcept purpose*code patient=Reference"
    " serviced[x]=date|Period created=dateTime enterer=Reference"
    " provider=Reference insurer=Reference facility=Reference"
    " supportingInfo*. insurance*. item*.",
    "CoverageEligibilityRequest.supportingInfo:BackboneElement"
    " sequence=positiveInt information=Reference appliesToAll=boolean",
    "CoverageEligibilityRequest.insurance:BackboneElement focal=boolean"
    " coverage=Reference businessArrangement=string",
    "CoverageEligibilityRequest.item:BackboneElement"
    " supportingInfoSequence*positiveInt category=CodeableConcept"
    " productOrService=CodeableConcept modifier*CodeableConcept"
    " provider=Reference quantity=Quantity unitPrice=Money facility=Reference"
    " diagnosis*. detail*Reference",
    "CoverageEligibilityRequest.item.diagnosis:BackboneElement"
    " diagnosis[x]=CodeableConcept|Reference",

    "CoverageEligibilityResponse:DomainResource identifier*Identifier"
    " status=code purpose*code patient=Reference serviced[x]=date|Period"
    " created=dateTime requestor=Reference request=Reference outcome=code"
    " disposition=string insurer=Reference insurance*. preAuthRef=string"
    " form=CodeableConcept error*.",
    "CoverageEligibilityResponse.insurance:BackboneElement coverage=Reference"
    " inforce=boolean benefitPeriod=Period item*.",
    "CoverageEligibilityResponse.insurance.item:BackboneElement"
    " category=CodeableConcept productOrService=CodeableConcept"
    " modifier*CodeableConcept provider=Reference excluded=boolean"
    " name=string description=string network=CodeableConcept"
    " unit=CodeableConcept term=CodeableConcept benefit*."
    " authorizationRequired=boolean authorizationSupporting*CodeableConcept"
    " authorizationUrl=uri",
    "CoverageEligibilityResponse.insurance.item.benefit:BackboneElement"
    " type=CodeableConcept allowed[x]=unsignedInt|string|Money"
    " used[x]=unsignedInt|string|Money",
    "CoverageEligibilityResponse.error:BackboneElement code=CodeableConcept",

    "DetectedIssue:DomainResource identifier*Identifier status=code"
    " code=CodeableConcept severity=code patient=Reference"
    " identified[x]=dateTime|Period author=Reference implicated*Reference"
    " evidence*. detail=string reference=uri mitigation*.",
    "DetectedIssue.evidence:BackboneElement code*CodeableConcept"
    " detail*Reference",
    "DetectedIssue.mitigation:BackboneElement action=CodeableConcept"
    " date=dateTime author=Reference",

    "Device:DomainResource identifier*Identifier definition=Reference"
    " udiCarrier*. status=code statusReason*CodeableConcept"
    " distinctIdentifier=string manufacturer=string manufactureDate=dateTime"
    " expirationDate=dateTime lotNumber=string serialNumber=string"
    " deviceName*. modelNumber=string partNumber=string type=CodeableConcept"
    " specialization*. version*. property*. patient=Reference owner=Reference"
    " contact*ContactPoint location=Reference url=uri note*Annotation"
    " safety*CodeableConcept parent=Reference",
    "Device.udiCarrier:BackboneElement deviceIdentifier=string issuer=uri"
    " jurisdiction=uri carrierAIDC=base64Binary carrierHRF=string"
    " entryType=code",
    "Device.deviceName:BackboneElement name=string type=code",
    "Device.specialization:BackboneElement systemType=CodeableConcept"
    " version=string",
    "Device.version:BackboneElement type=CodeableConcept component=Identifier"
    " value=string",
    "Device.property:BackboneElement type=CodeableConcept"
    " valueQuantity*Quantity valueCode*CodeableConcept",

    "DeviceDefinition:DomainResource identifier*Identifier"
    " udiDeviceIdentifier*. manufacturer[x]=string|Reference deviceName*."
    " modelNumber=string type=CodeableConcept specialization*. version*string"
    " safety*CodeableConcept shelfLifeStorage*ProductShelfLife"
    " physicalCharacteristics=ProdCharacteristic languageCode*CodeableConcept"
    " capability*. property*. owner=Reference contact*ContactPoint url=uri"
    " onlineInformation=uri note*Annotation quantity=Quantity"
    " parentDevice=Reference material*.",
    "DeviceDefinition.udiDeviceIdentifier:BackboneElement"
    " deviceIdentifier=string issuer=uri jurisdiction=uri",
    "DeviceDefinition.deviceName:BackboneElement name=string type=code",
    "DeviceDefinition.specialization:BackboneElement systemType=string"
    " version=string",
    "DeviceDefinition.capability:BackboneElement type=CodeableConcept"
    " description*CodeableConcept",
    "DeviceDefinition.property:BackboneElement type=CodeableConcept"
    " valueQuantity*Quantity valueCode*CodeableConcept",
    "DeviceDefinition.material:BackboneElement substance=CodeableConcept"
    " alternate=boolean allergenicIndicator=boolean",

    "DeviceMetric:DomainResource identifier*Identifier type=CodeableConcept"
    " unit=CodeableConcept source=Reference parent=Reference"
    " operationalStatus=code color=code category=code"
    " measurementPeriod=Timing calibration*.",
    "DeviceMetric.calibration:BackboneElement type=code state=code"
    " time=instant",

    "DeviceRequest:DomainResource identifier*Identifier"
    " instantiatesCanonical*canonical instantiatesUri*uri basedOn*Reference"
    " priorRequest*Reference groupIdentifier=Identifier status=code"
    " intent=code priority=code code[x]=Reference|CodeableConcept parameter*."
    " subject=Reference encounter=Reference occurrence[x]=dateTime|Period|"
    "Timing authoredOn=dateTime requester=Reference"
    " performerType=CodeableConcept performer=Reference"
    " reasonCode*CodeableConcept reasonReference*Reference"
    " insurance*Reference supportingInfo*Reference note*Annotation"
    " relevantHistory*Reference",
    "DeviceRequest.parameter:BackboneElement code=CodeableConcept"
    " value[x]=CodeableConcept|Quantity|Range|boolean",

    "DeviceUseStatement:DomainResource identifier*Identifier"
    " basedOn*Reference status=code subject=Reference derivedFrom*Reference"
    " timing[x]=Timing|Period|dateTime recordedOn=dateTime source=Reference"
    " device=Reference reasonCode*CodeableConcept reasonReference*Reference"
    " bodySite=CodeableConcept note*Annotation",

    "DiagnosticReport:DomainResource identifier*Identifier basedOn*Reference"
    " status=code category*CodeableConcept code=CodeableConcept"
    " subject=Reference encounter=Reference effective[x]=dateTime|Period"
    " issued=instant performer*Reference resultsInterpreter*Reference"
    " specimen*Reference result*Reference imagingStudy*Reference media*."
    " conclusion=string conclusionCode*CodeableConcept"
    " presentedForm*Attachment",
    "DiagnosticReport.media:BackboneElement comment=string link=Reference",

    "DocumentManifest:DomainResource masterIdentifier=Identifier"
    " identifier*Identifier status=code type=CodeableConcept"
    " subject=Reference created=dateTime author*Reference recipient*Reference"
    " source=uri description=string content*Reference related*.",
    "DocumentManifest.related:BackboneElement identifier=Identifier"
    " ref=Reference",

    "DocumentReference:DomainResource masterIdentifier=Identifier"
    " identifier*Identifier status=code docStatus=code type=CodeableConcept"
    " category*CodeableConcept subject=Reference date=instant"
    " author*Reference authenticator=Reference custodian=Reference"
    " relatesTo*. description=string securityLabel*CodeableConcept content*."
    " context=.",
    "DocumentReference.relatesTo:BackboneElement code=code target=Reference",
    "DocumentReference.content:BackboneElement attachment=Attachment"
    " format=Coding",
    "DocumentReference.context:BackboneElement encounter*Reference"
    " event*CodeableConcept period=Period facilityType=CodeableConcept"
    " practiceSetting=CodeableConcept sourcePatientInfo=Reference"
    " related*Reference",

    "EffectEvidenceSynthesis:DomainResource url=uri identifier*Identifier"
    " version=string name=string title=string status=code date=dateTime"
    " publisher=string contact*ContactDetail description=markdown"
    " note*Annotation useContext*UsageContext jurisdiction*CodeableConcept"
    " copyright=markdown approvalDate=date lastReviewDate=date"
    " effectivePeriod=Period topic*CodeableConcept author*ContactDetail"
    " editor*ContactDetail reviewer*ContactDetail endorser*ContactDetail"
    " relatedArtifact*RelatedArtifact synthesisType=CodeableConcept"
    " studyType=CodeableConcept population=Reference exposure=Reference"
    " exposureAlternative=Reference outcome=Reference sampleSize=."
    " resultsByExposure*. effectEstimate*. certainty*.",
    "EffectEvidenceSynthesis.sampleSize:BackboneElement description=string"
    " numberOfStudies=integer numberOfParticipants=integer",
    "EffectEvidenceSynthesis.resultsByExposure:BackboneElement"
    " description=string exposureState=code variantState=CodeableConcept"
    " riskEvidenceSynthesis=Reference",
    "EffectEvidenceSynthesis.effectEstimate:BackboneElement"
    " description=string type=CodeableConcept variantState=CodeableConcept"
    " value=decimal unitOfMeasure=CodeableConcept precisionEstimate*.",
    "EffectEvidenceSynthesis.effectEstimate.precisionEstimate:BackboneElement"
    " type=CodeableConcept level=decimal from=decimal to=decimal",
    "EffectEvidenceSynthesis.certainty:BackboneElement rating*CodeableConcept"
    " note*Annotation certaintySubcomponent*.",
    "EffectEvidenceSynthesis.certainty.certaintySubcomponent:BackboneElement"
    " type=CodeableConcept rating*CodeableConcept note*Annotation",

    "Encounter:DomainResource identifier*Identifier status=code"
    " statusHistory*. class=Coding classHistory*. type*CodeableConcept"
    " serviceType=CodeableConcept priority=CodeableConcept subject=Reference"
    " episodeOfCare*Reference basedOn*Reference participant*."
    " appointment*Reference period=Period length=Duration"
    " reasonCode*CodeableConcept reasonReference*Reference diagnosis*."
    " account*Reference hospitalization=. location*."
    " serviceProvider=Reference partOf=Reference",
    "Encounter.statusHistory:BackboneElement status=code period=Period",
    "Encounter.classHistory:BackboneElement class=Coding period=Period",
    "Encounter.participant:BackboneElement type*CodeableConcept period=Period"
    " individual=Reference",
    "Encounter.diagnosis:BackboneElement condition=Reference"
    " use=CodeableConcept rank=positiveInt",
    "Encounter.hospitalization:BackboneElement"
    " preAdmissionIdentifier=Identifier origin=Reference"
    " admitSource=CodeableConcept reAdmission=CodeableConcept"
    " dietPreference*CodeableConcept specialCourtesy*CodeableConcept"
    " specialArrangement*CodeableConcept destination=Reference"
    " dischargeDisposition=CodeableConcept",
    "Encounter.location:BackboneElement location=Reference status=code"
    " physicalType=CodeableConcept period=Period",

    "Endpoint:DomainResource identifier*Identifier status=code"
    " connectionType=Coding name=string managingOrganization=Reference"
    " contact*ContactPoint period=Period payloadType*CodeableConcept"
    " payloadMimeType*code address=url header*string",

    "EnrollmentRequest:DomainResource identifier*Identifier status=code"
    " created=dateTime insurer=Reference provider=Reference"
    " candidate=Reference coverage=Reference",

    "EnrollmentResponse:DomainResource identifier*Identifier status=code"
    " request=Reference outcome=code disposition=string created=dateTime"
    " organization=Reference requestProvider=Reference",

    "EpisodeOfCare:DomainResource identifier*Identifier status=code"
    " statusHistory*. type*CodeableConcept diagnosis*. patient=Reference"
    " managingOrganization=Reference period=Period referralRequest*Reference"
    " careManager=Reference team*Reference account*Reference",
    "EpisodeOfCare.statusHistory:BackboneElement status=code period=Period",
    "EpisodeOfCare.diagnosis:BackboneElement condition=Reference"
    " role=CodeableConcept rank=positiveInt",

    "EventDefinition:DomainResource url=uri identifier*Identifier"
    " version=string name=string title=string subtitle=string status=code"
    " experimental=boolean subject[x]=CodeableConcept|Reference date=dateTime"
    " publisher=string contact*ContactDetail description=markdown"
    " useContext*UsageContext jurisdiction*CodeableConcept purpose=markdown"
    " usage=string copyright=markdown approvalDate=date lastReviewDate=date"
    " effectivePeriod=Period topic*CodeableConcept author*ContactDetail"
    " editor*ContactDetail reviewer*ContactDetail endorser*ContactDetail"
    " relatedArtifact*RelatedArtifact trigger*TriggerDefinition",

    "Evidence:DomainResource url=uri identifier*Identifier version=string"
    " name=string title=string shortTitle=string subtitle=string status=code"
    " date=dateTime publisher=string contact*ContactDetail"
    " description=markdown note*Annotation useContext*UsageContext"
    " jurisdiction*CodeableConcept copyright=markdown approvalDate=date"
    " lastReviewDate=date effectivePeriod=Period topic*CodeableConcept"
    " author*ContactDetail editor*ContactDetail reviewer*ContactDetail"
    " endorser*ContactDetail relatedArtifact*RelatedArtifact"
    " exposureBackground=Reference exposureVariant*Reference"
    " outcome*Reference",

    NULL
};
