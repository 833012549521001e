
/*
 * The resources of FHIR R4 in the notation of ngx_fhir_r4.h:
 * ObservationDefinition to VisionPrescription.
 *
 * Source: FHIR R4 (4.0.1), its structure definitions.
 */

#include "ngx_fhir_r4.h"


const char *const  ngx_fhir_r4_resources_c[] = {

    "ObservationDefinition:DomainResource category*CodeableConcept"
    " code=CodeableConcept identifier*Identifier permittedDataType*code"
    " multipleResultsAllowed=boolean method=CodeableConcept"
    " preferredReportName=string quantitativeDetails=. qualifiedInterval*."
    " validCodedValueSet=Reference normalCodedValueSet=Reference"
    " abnormalCodedValueSet=Reference criticalCodedValueSet=Reference",
    "ObservationDefinition.quantitativeDetails:BackboneElement"
    " customaryUnit=CodeableConcept unit=CodeableConcept"
    " conversionFactor=decimal decimalPrecision=integer",
    "ObservationDefinition.qualifiedInterval:BackboneElement category=code"
    " range=Range context=CodeableConcept appliesTo*CodeableConcept"
    " gender=code age=Range gestationalAge=Range condition=string",

    "OperationDefinition:DomainResource url=uri version=string name=string"
    " title=string status=code kind=code experimental=boolean date=dateTime"
    " publisher=string contact*ContactDetail description=markdown"
    " useContext*UsageContext jurisdiction*CodeableConcept purpose=markdown"
    " affectsState=boolean code=code comment=markdown base=canonical"
    " resource*code system=boolean type=boolean instance=boolean"
    " inputProfile=canonical outputProfile=canonical parameter*. overload*.",
    "OperationDefinition.parameter:BackboneElement name=code use=code"
    " min=integer max=string documentation=string type=code"
    " targetProfile*canonical searchType=code binding=. referencedFrom*."
    " part*OperationDefinition.parameter",
    "OperationDefinition.parameter.binding:BackboneElement strength=code"
    " valueSet=canonical",
    "OperationDefinition.parameter.referencedFrom:BackboneElement"
    " source=string sourceId=string",
    "OperationDefinition.overload:BackboneElement parameterName*string"
    " comment=string",

    "OperationOutcome:DomainResource issue*.",
    "OperationOutcome.issue:BackboneElement severity=code code=code"
    " details=CodeableConcept diagnostics=string location*string"
    " expression*string",

    "Organization:DomainResource identifier*Identifier active=boolean"
    " type*CodeableConcept name=string alias*string telecom*ContactPoint"
    " address*Address partOf=Reference contact*. endpoint*Reference",
    "Organization.contact:BackboneElement purpose=CodeableConcept"
    " name=HumanName telecom*ContactPoint address=Address",

    "OrganizationAffiliation:DomainResource identifier*Identifier"
    " active=boolean period=Period organization=Reference"
    " participatingOrganization=Reference network*Reference"
    " code*CodeableConcept specialty*CodeableConcept location*Reference"
    " healthcareService*Reference telecom*ContactPoint endpoint*Reference",

    "Parameters:Resource parameter*.",
    "Parameters.parameter:BackboneElement name=string value[x]=*"
    " resource=Resource part*Parameters.parameter",

    "Patient:DomainResource identifier*Identifier active=boolean"
    " name*HumanName telecom*ContactPoint gender=code birthDate=date"
    " deceased[x]=boolean|dateTime address*Address"
    " maritalStatus=CodeableConcept multipleBirth[x]=boolean|integer"
    " photo*Attachment contact*. communication*."
    " generalPractitioner*Reference managingOrganization=Reference link*.",
    "Patient.contact:BackboneElement relationship*CodeableConcept"
    " name=HumanName telecom*ContactPoint address=Address gender=code"
    " organization=Reference period=Period",
    "Patient.communication:BackboneElement language=CodeableConcept"
    " preferred=boolean",
    "Patient.link:BackboneElement other=Reference type=code",

    "PaymentNotice:DomainResource identifier*Identifier status=code"
    " request=Reference response=Reference created=dateTime"
    " provider=Reference payment=Reference paymentDate=date payee=Reference"
    " recipient=Reference amount=Money paymentStatus=CodeableConcept",

    "PaymentReconciliation:DomainResource identifier*Identifier status=code"
    " period=Period created=dateTime paymentIssuer=Reference"
    " request=Reference requestor=Reference outcome=code disposition=string"
    " paymentDate=date paymentAmount=Money paymentIdentifier=Identifier"
    " detail*. formCode=CodeableConcept processNote*.",
    "PaymentReconciliation.detail:BackboneElement identifier=Identifier"
    " predecessor=Identifier type=CodeableConcept request=Reference"
    " submitter=Reference response=Reference date=date responsible=Reference"
    " payee=Reference amount=Money",
    "PaymentReconciliation.processNote:BackboneElement type=code text=string",

    "Person:DomainResource identifier*Identifier name*HumanName"
    " telecom*ContactPoint gender=code birthDate=date address*Address"
    " photo=Attachment managingOrganization=Reference active=boolean link*.",
    "Person.link:BackboneElement target=Reference assurance=code",

    "PlanDefinition:DomainResource url=uri identifier*Identifier"
    " version=string name=string title=string subtitle=string"
    " type=CodeableConcept status=code experimental=boolean"
    " subject[x]=CodeableConcept|Reference date=dateTime publisher=string"
    " contact*ContactDetail description=markdown useContext*UsageContext"
    " jurisdiction*CodeableConcept purpose=markdown usage=string"
    " copyright=markdown approvalDate=date lastReviewDate=date"
    " effectivePeriod=Period topic*CodeableConcept author*ContactDetail"
    " editor*ContactDetail reviewer*ContactDetail endorser*ContactDetail"
    " relatedArtifact*RelatedArtifact library*canonical goal*. action*.",
    "PlanDefinition.goal:BackboneElement category=CodeableConcept"
    " description=CodeableConcept priority=CodeableConcept"
    " start=CodeableConcept addresses*CodeableConcept"
    " documentation*RelatedArtifact target*.",
    "PlanDefinition.goal.target:BackboneElement measure=CodeableConcept"
    " detail[x]=Quantity|Range|CodeableConcept due=Duration",
    "PlanDefinition.action:BackboneElement prefix=string title=string"
    " description=string textEquivalent=string priority=code"
    " code*CodeableConcept reason*CodeableConcept"
    " documentation*RelatedArtifact goalId*id subject[x]=CodeableConcept|"
    "Reference trigger*TriggerDefinition condition*. input*DataRequirement"
    " output*DataRequirement relatedAction*. timing[x]=dateTime|Age|Period|"
    "Duration|Range|Timing participant*. type=CodeableConcept"
    " groupingBehavior=code selectionBehavior=code requiredBehavior=code"
    " precheckBehavior=code cardinalityBehavior=code definition[x]=canonical|"
    "uri transform=canonical dynamicValue*. action*PlanDefinition.action",
    "PlanDefinition.action.condition:BackboneElement kind=code"
    " expression=Expression",
    "PlanDefinition.action.relatedAction:BackboneElement actionId=id"
    " relationship=code offset[x]=Duration|Range",
    "PlanDefinition.action.participant:BackboneElement type=code"
    " role=CodeableConcept",
    "PlanDefinition.action.dynamicValue:BackboneElement path=string"
    " expression=Expression",

    "Practitioner:DomainResource identifier*Identifier active=boolean"
    " name*HumanName telecom*ContactPoint address*Address gender=code"
    " birthDate=date photo*Attachment qualification*."
    " communication*CodeableConcept",
    "Practitioner.qualification:BackboneElement identifier*Identifier"
    " code=CodeableConcept period=Period issuer=Reference",

    "PractitionerRole:DomainResource identifier*Identifier active=boolean"
    " period=Period practitioner=Reference organization=Reference"
    " code*CodeableConcept specialty*CodeableConcept location*Reference"
    " healthcareService*Reference telecom*ContactPoint availableTime*."
    " notAvailable*. availabilityExceptions=string endpoint*Reference",
    "PractitionerRole.availableTime:BackboneElement daysOfWeek*code"
    " allDay=boolean availableStartTime=time availableEndTime=time",
    "PractitionerRole.notAvailable:BackboneElement description=string"
    " during=Period",

    "Procedure:DomainResource identifier*Identifier"
    " instantiatesCanonical*canonical instantiatesUri*uri basedOn*Reference"
    " partOf*Reference status=code statusReason=CodeableConcept"
    " category=CodeableConcept code=CodeableConcept subject=Reference"
    " encounter=Reference performed[x]=dateTime|Period|string|Age|Range"
    " recorder=Reference asserter=Reference performer*. location=Reference"
    " reasonCode*CodeableConcept reasonReference*Reference"
    " bodySite*CodeableConcept outcome=CodeableConcept report*Reference"
    " complication*CodeableConcept complicationDetail*Reference"
    " followUp*CodeableConcept note*Annotation focalDevice*."
    " usedReference*Reference usedCode*CodeableConcept",
    "Procedure.performer:BackboneElement function=CodeableConcept"
    " actor=Reference onBehalfOf=Reference",
    "Procedure.focalDevice:BackboneElement action=CodeableConcept"
    " manipulated=Reference",

    "Provenance:DomainResource target*Reference occurred[x]=Period|dateTime"
    " recorded=instant policy*uri location=Reference reason*CodeableConcept"
    " activity=CodeableConcept agent*. entity*. signature*Signature",
    "Provenance.agent:BackboneElement type=CodeableConcept"
    " role*CodeableConcept who=Reference onBehalfOf=Reference",
    "Provenance.entity:BackboneElement role=code what=Reference"
    " agent*Provenance.agent",

    "Questionnaire:DomainResource url=uri identifier*Identifier"
    " version=string name=string title=string derivedFrom*canonical"
    " status=code experimental=boolean subjectType*code date=dateTime"
    " publisher=string contact*ContactDetail description=markdown"
    " useContext*UsageContext jurisdiction*CodeableConcept purpose=markdown"
    " copyright=markdown approvalDate=date lastReviewDate=date"
    " effectivePeriod=Period code*Coding item*.",
    "Questionnaire.item:BackboneElement linkId=string definition=uri"
    " code*Coding prefix=string text=string type=code enableWhen*."
    " enableBehavior=code required=boolean repeats=boolean readOnly=boolean"
    " maxLength=integer answerValueSet=canonical answerOption*. initial*."
    " item*Questionnaire.item",
    "Questionnaire.item.enableWhen:BackboneElement question=string"
    " operator=code answer[x]=boolean|decimal|integer|date|dateTime|time|"
    "string|Coding|Quantity|Reference",
    "Questionnaire.item.answerOption:BackboneElement value[x]=integer|date|"
    "time|string|Coding|Reference initialSelected=boolean",
    "Questionnaire.item.initial:BackboneElement value[x]=boolean|decimal|"
    "integer|date|dateTime|time|string|uri|Attachment|Coding|Quantity|"
    "Reference",

    "QuestionnaireResponse:DomainResource identifier=Identifier"
    " basedOn*Reference partOf*Reference questionnaire=canonical status=code"
    " subject=Reference encounter=Reference authored=dateTime"
    " author=Reference source=Reference item*.",
    "QuestionnaireResponse.item:BackboneElement linkId=string definition=uri"
    " text=string answer*. item*QuestionnaireResponse.item",
    "QuestionnaireResponse.item.answer:BackboneElement value[x]=boolean|"
    "decimal|integer|date|dateTime|time|string|uri|Attachment|Coding|"
    "Quantity|Reference item*QuestionnaireResponse.item",

    "RelatedPerson:DomainResource identifier*Identifier active=boolean"
    " patient=Reference relationship*CodeableConcept name*HumanName"
    " telecom*ContactPoint gender=code birthDate=date address*Address"
    " photo*Attachment period=Period communication*.",
    "RelatedPerson.communication:BackboneElement language=CodeableConcept"
    " preferred=boolean",

    "RequestGroup:DomainResource identifier*Identifier"
    " instantiatesCanonical*canonical instantiatesUri*uri basedOn*Reference"
    " replaces*Reference groupIdentifier=Identifier status=code intent=code"
    " priority=code code=CodeableConcept subject=Reference"
    " encounter=Reference authoredOn=dateTime author=Reference"
    " reasonCode*CodeableConcept reasonReference*Reference note*Annotation"
    " action*.",
    "RequestGroup.action:BackboneElement prefix=string title=string"
    " description=string textEquivalent=string priority=code"
    " code*CodeableConcept documentation*RelatedArtifact condition*."
    " relatedAction*. timing[x]=dateTime|Age|Period|Duration|Range|Timing"
    " participant*Reference type=CodeableConcept groupingBehavior=code"
    " selectionBehavior=code requiredBehavior=code precheckBehavior=code"
    " cardinalityBehavior=code resource=Reference action*RequestGroup.action",
    "RequestGroup.action.condition:BackboneElement kind=code"
    " expression=Expression",
    "RequestGroup.action.relatedAction:BackboneElement actionId=id"
    " relationship=code offset[x]=Duration|Range",

    "ResearchDefinition:DomainResource url=uri identifier*Identifier"
    " version=string name=string title=string shortTitle=string"
    " subtitle=string status=code experimental=boolean"
    " subject[x]=CodeableConcept|Reference date=dateTime publisher=string"
    " contact*ContactDetail description=markdown comment*string"
    " useContext*UsageContext jurisdiction*CodeableConcept purpose=markdown"
    " usage=string copyright=markdown approvalDate=date lastReviewDate=date"
    " effectivePeriod=Period topic*CodeableConcept author*ContactDetail"
    " editor*ContactDetail reviewer*ContactDetail endorser*ContactDetail"
    " relatedArtifact*RelatedArtifact library*canonical population=Reference"
    " exposure=Reference exposureAlternative=Reference outcome=Reference",

    "ResearchElementDefinition:DomainResource url=uri identifier*Identifier"
    " version=string name=string title=string shortTitle=string"
    " subtitle=string status=code experimental=boolean"
    " subject[x]=CodeableConcept|Reference date=dateTime publisher=string"
    " contact*ContactDetail description=markdown comment*string"
    " useContext*UsageContext jurisdiction*CodeableConcept purpose=markdown"
    " usage=string copyright=markdown approvalDate=date lastReviewDate=date"
    " effectivePeriod=Period topic*CodeableConcept author*ContactDetail"
    " editor*ContactDetail reviewer*ContactDetail endorser*ContactDetail"
    " relatedArtifact*RelatedArtifact library*canonical type=code"
    " variableType=code characteristic*.",
    "ResearchElementDefinition.characteristic:BackboneElement"
    " definition[x]=CodeableConcept|canonical|Expression|DataRequirement"
    " usageContext*UsageContext exclude=boolean unitOfMeasure=CodeableConcept"
    " studyEffectiveDescription=string studyEffective[x]=dateTime|Period|"
    "Duration|Timing studyEffectiveTimeFromStart=Duration"
    " studyEffectiveGroupMeasure=code participantEffectiveDescription=string"
    " participantEffective[x]=dateTime|Period|Duration|Timing"
    " participantEffectiveTimeFromStart=Duration"
    " participantEffectiveGroupMeasure=code",

    "ResearchStudy:DomainResource identifier*Identifier title=string"
    " protocol*Reference partOf*Reference status=code"
    " primaryPurposeType=CodeableConcept phase=CodeableConcept"
    " category*CodeableConcept focus*CodeableConcept"
    " condition*CodeableConcept contact*ContactDetail"
    " relatedArtifact*RelatedArtifact keyword*CodeableConcept"
    " location*CodeableConcept description=markdown enrollment*Reference"
    " period=Period sponsor=Reference principalInvestigator=Reference"
    " site*Reference reasonStopped=CodeableConcept note*Annotation arm*."
    " objective*.",
    "ResearchStudy.arm:BackboneElement name=string type=CodeableConcept"
    " description=string",
    "ResearchStudy.objective:BackboneElement name=string type=CodeableConcept",

    "ResearchSubject:DomainResource identifier*Identifier status=code"
    " period=Period study=Reference individual=Reference assignedArm=string"
    " actualArm=string consent=Reference",

    "RiskAssessment:DomainResource identifier*Identifier basedOn=Reference"
    " parent=Reference status=code method=CodeableConcept"
    " code=CodeableConcept subject=Reference encounter=Reference"
    " occurrence[x]=dateTime|Period condition=Reference performer=Reference"
    " reasonCode*CodeableConcept reasonReference*Reference basis*Reference"
    " prediction*. mitigation=string note*Annotation",
    "RiskAssessment.prediction:BackboneElement outcome=CodeableConcept"
    " probability[x]=decimal|Range qualitativeRisk=CodeableConcept"
    " relativeRisk=decimal when[x]=Period|Range rationale=string",

    "RiskEvidenceSynthesis:DomainResource url=uri identifier*Identifier"
    " version=string name=string title=string status=code date=dateTime"
    " publisher=string contact*ContactDetail description=markdown"
    " note*Annotation useContext*UsageContext jurisdiction*CodeableConcept"
    " copyright=markdown approvalDate=date lastReviewDate=date"
    " effectivePeriod=Period topic*CodeableConcept author*ContactDetail"
    " editor*ContactDetail reviewer*ContactDetail endorser*ContactDetail"
    " relatedArtifact*RelatedArtifact synthesisType=CodeableConcept"
    " studyType=CodeableConcept population=Reference exposure=Reference"
    " outcome=Reference sampleSize=. riskEstimate=. certainty*.",
    "RiskEvidenceSynthesis.sampleSize:BackboneElement description=string"
    " numberOfStudies=integer numberOfParticipants=integer",
    "RiskEvidenceSynthesis.riskEstimate:BackboneElement description=string"
    " type=CodeableConcept value=decimal unitOfMeasure=CodeableConcept"
    " denominatorCount=integer numeratorCount=integer precisionEstimate*.",
    "RiskEvidenceSynthesis.riskEstimate.precisionEstimate:BackboneElement"
    " type=CodeableConcept level=decimal from=decimal to=decimal",
    "RiskEvidenceSynthesis.certainty:BackboneElement rating*CodeableConcept"
    " note*Annotation certaintySubcomponent*.",
    "RiskEvidenceSynthesis.certainty.certaintySubcomponent:BackboneElement"
    " type=CodeableConcept rating*CodeableConcept note*Annotation",

    "Schedule:DomainResource identifier*Identifier active=boolean"
    " serviceCategory*CodeableConcept serviceType*CodeableConcept"
    " specialty*CodeableConcept actor*Reference planningHorizon=Period"
    " comment=string",

    "SearchParameter:DomainResource url=uri version=string name=string"
    " derivedFrom=canonical status=code experimental=boolean date=dateTime"
    " publisher=string contact*ContactDetail description=markdown"
    " useContext*UsageContext jurisdiction*CodeableConcept purpose=markdown"
    " code=code base*code type=code expression=string xpath=string"
    " xpathUsage=code target*code multipleOr=boolean multipleAnd=boolean"
    " comparator*code modifier*code chain*string component*.",
    "SearchParameter.component:BackboneElement definition=canonical"
    " expression=string",

    "ServiceRequest:DomainResource identifier*Identifier"
    " instantiatesCanonical*canonical instantiatesUri*uri basedOn*Reference"
    " replaces*Reference requisition=Identifier status=code intent=code"
    " category*CodeableConcept priority=code doNotPerform=boolean"
    " code=CodeableConcept orderDetail*CodeableConcept quantity[x]=Quantity|"
    "Ratio|Range subject=Reference encounter=Reference"
    " occurrence[x]=dateTime|Period|Timing asNeeded[x]=boolean|"
    "CodeableConcept authoredOn=dateTime requester=Reference"
    " performerType=CodeableConcept performer*Reference"
    " locationCode*CodeableConcept locationReference*Reference"
    " reasonCode*CodeableConcept reasonReference*Reference"
    " insurance*Reference supportingInfo*Reference specimen*Reference"
    " bodySite*CodeableConcept note*Annotation patientInstruction=string"
    " relevantHistory*Reference",

    "Slot:DomainResource identifier*Identifier"
    " serviceCategory*CodeableConcept serviceType*CodeableConcept"
    " specialty*CodeableConcept appointmentType=CodeableConcept"
    " schedule=Reference status=code start=instant end=instant"
    " overbooked=boolean comment=string",

    "Specimen:DomainResource identifier*Identifier"
    " accessionIdentifier=Identifier status=code type=CodeableConcept"
    " subject=Reference receivedTime=dateTime parent*Reference"
    " request*Reference collection=. processing*. container*."
    " condition*CodeableConcept note*Annotation",
    "Specimen.collection:BackboneElement collector=Reference"
    " collected[x]=dateTime|Period duration=Duration quantity=Quantity"
    " method=CodeableConcept bodySite=CodeableConcept"
    " fastingStatus[x]=CodeableConcept|Duration",
    "Specimen.processing:BackboneElement description=string"
    " procedure=CodeableConcept additive*Reference time[x]=dateTime|Period",
    "Specimen.container:BackboneElement identifier*Identifier"
    " description=string type=CodeableConcept capacity=Quantity"
    " specimenQuantity=Quantity additive[x]=CodeableConcept|Reference",

    "SpecimenDefinition:DomainResource identifier=Identifier"
    " typeCollected=CodeableConcept patientPreparation*CodeableConcept"
    " timeAspect=string collection*CodeableConcept typeTested*.",
    "SpecimenDefinition.typeTested:BackboneElement isDerived=boolean"
    " type=CodeableConcept preference=code container=. requirement=string"
    " retentionTime=Duration rejectionCriterion*CodeableConcept handling*.",
    "SpecimenDefinition.typeTested.container:BackboneElement"
    " material=CodeableConcept type=CodeableConcept cap=CodeableConcept"
    " description=string capacity=Quantity minimumVolume[x]=Quantity|string"
    " additive*. preparation=string",
    "SpecimenDefinition.typeTested.container.additive:BackboneElement"
    " additive[x]=CodeableConcept|Reference",
    "SpecimenDefinition.typeTested.handling:BackboneElement"
    " temperatureQualifier=CodeableConcept temperatureRange=Range"
    " maxDuration=Duration instruction=string",

    "StructureDefinition:DomainResource url=uri identifier*Identifier"
    " version=string name=string title=string status=code"
    " experimental=boolean date=dateTime publisher=string"
    " contact*ContactDetail description=markdown useContext*UsageContext"
    " jurisdiction*CodeableConcept purpose=markdown copyright=markdown"
    " keyword*Coding fhirVersion=code mapping*. kind=code abstract=boolean"
    " context*. contextInvariant*string type=uri baseDefinition=canonical"
    " derivation=code snapshot=. differential=.",
    "StructureDefinition.mapping:BackboneElement identity=id uri=uri"
    " name=string comment=string",
    "StructureDefinition.context:BackboneElement type=code expression=string",
    "StructureDefinition.snapshot:BackboneElement element*ElementDefinition",
    "StructureDefinition.differential:BackboneElement"
    " element*ElementDefinition",

    "StructureMap:DomainResource url=uri identifier*Identifier version=string"
    " name=string title=string status=code experimental=boolean date=dateTime"
    " publisher=string contact*ContactDetail description=markdown"
    " useContext*UsageContext jurisdiction*CodeableConcept purpose=markdown"
    " copyright=markdown structure*. import*canonical group*.",
    "StructureMap.structure:BackboneElement url=canonical mode=code"
    " alias=string documentation=string",
    "StructureMap.group:BackboneElement name=id extends=id typeMode=code"
    " documentation=string input*. rule*.",
    "StructureMap.group.input:BackboneElement name=id type=string mode=code"
    " documentation=string",
    "StructureMap.group.rule:BackboneElement name=id source*. target*."
    " rule*StructureMap.group.rule dependent*. documentation=string",
    "StructureMap.group.rule.source:BackboneElement context=id min=integer"
    " max=string type=string defaultValue[x]=* element=string listMode=code"
    " variable=id condition=string check=string logMessage=string",
    "StructureMap.group.rule.target:BackboneElement context=id"
    " contextType=code element=string variable=id listMode*code listRuleId=id"
    " transform=code parameter*.",
    "StructureMap.group.rule.target.parameter:BackboneElement value[x]=id|"
    "string|boolean|integer|decimal",
    "StructureMap.group.rule.dependent:BackboneElement name=id"
    " variable*string",

    "Subscription:DomainResource status=code contact*ContactPoint end=instant"
    " reason=string criteria=string error=string channel=.",
    "Subscription.channel:BackboneElement type=code endpoint=url payload=code"
    " header*string",

    "Substance:DomainResource identifier*Identifier status=code"
    " category*CodeableConcept code=CodeableConcept description=string"
    " instance*. ingredient*.",
    "Substance.instance:BackboneElement identifier=Identifier expiry=dateTime"
    " quantity=Quantity",
    "Substance.ingredient:BackboneElement quantity=Ratio"
    " substance[x]=CodeableConcept|Reference",

    "SubstanceNucleicAcid:DomainResource sequenceType=CodeableConcept"
    " numberOfSubunits=integer areaOfHybridisation=string"
    " oligoNucleotideType=CodeableConcept subunit*.",
    "SubstanceNucleicAcid.subunit:BackboneElement subunit=integer"
    " sequence=string length=integer sequenceAttachment=Attachment"
    " fivePrime=CodeableConcept threePrime=CodeableConcept linkage*. sugar*.",
    "SubstanceNucleicAcid.subunit.linkage:BackboneElement connectivity=string"
    " identifier=Identifier name=string residueSite=string",
    "SubstanceNucleicAcid.subunit.sugar:BackboneElement identifier=Identifier"
    " name=string residueSite=string",

    "SubstancePolymer:DomainResource class=CodeableConcept"
    " geometry=CodeableConcept copolymerConnectivity*CodeableConcept"
    " modification*string monomerSet*. repeat*.",
    "SubstancePolymer.monomerSet:BackboneElement ratioType=CodeableConcept"
    " startingMaterial*.",
    "SubstancePolymer.monomerSet.startingMaterial:BackboneElement"
    " material=CodeableConcept type=CodeableConcept isDefining=boolean"
    " amount=SubstanceAmount",
    "SubstancePolymer.repeat:BackboneElement numberOfUnits=integer"
    " averageMolecularFormula=string repeatUnitAmountType=CodeableConcept"
    " repeatUnit*.",
    "SubstancePolymer.repeat.repeatUnit:BackboneElement"
    " orientationOfPolymerisation=CodeableConcept repeatUnit=string"
    " amount=SubstanceAmount degreeOfPolymerisation*."
    " structuralRepresentation*.",
    "SubstancePolymer.repeat.repeatUnit.degreeOfPolymerisation:"
    "BackboneElement degree=CodeableConcept amount=SubstanceAmount",
    "SubstancePolymer.repeat.repeatUnit.structuralRepresentation:"
    "BackboneElement type=CodeableConcept representation=string"
    " attachment=Attachment",

    "SubstanceProtein:DomainResource sequenceType=CodeableConcept"
    " numberOfSubunits=integer disulfideLinkage*string subunit*.",
    "SubstanceProtein.subunit:BackboneElement subunit=integer sequence=string"
    " length=integer sequenceAttachment=Attachment"
    " nTerminalModificationId=Identifier nTerminalModification=string"
    " cTerminalModificationId=Identifier cTerminalModification=string",

    "SubstanceReferenceInformation:DomainResource comment=string gene*."
    " geneElement*. classification*. target*.",
    "SubstanceReferenceInformation.gene:BackboneElement"
    " geneSequenceOrigin=CodeableConcept gene=CodeableConcept"
    " source*Reference",
    "SubstanceReferenceInformation.geneElement:BackboneElement"
    " type=CodeableConcept element=Identifier source*Reference",
    "SubstanceReferenceInformation.classification:BackboneElement"
    " domain=CodeableConcept classification=CodeableConcept"
    " subtype*CodeableConcept source*Reference",
    "SubstanceReferenceInformation.target:BackboneElement target=Identifier"
    " type=CodeableConcept interaction=CodeableConcept"
    " organism=CodeableConcept organismType=CodeableConcept"
    " amount[x]=Quantity|Range|string amountType=CodeableConcept"
    " source*Reference",

    "SubstanceSourceMaterial:DomainResource"
    " sourceMaterialClass=CodeableConcept sourceMaterialType=CodeableConcept"
    " sourceMaterialState=CodeableConcept organismId=Identifier"
    " organismName=string parentSubstanceId*Identifier"
    " parentSubstanceName*string countryOfOrigin*CodeableConcept"
    " geographicalLocation*string developmentStage=CodeableConcept"
    " fractionDescription*. organism=. partDescription*.",
    "SubstanceSourceMaterial.fractionDescription:BackboneElement"
    " fraction=string materialType=CodeableConcept",
    "SubstanceSourceMaterial.organism:BackboneElement family=CodeableConcept"
    " genus=CodeableConcept species=CodeableConcept"
    " intraspecificType=CodeableConcept intraspecificDescription=string"
    " author*. hybrid=. organismGeneral=.",
    "SubstanceSourceMaterial.organism.author:BackboneElement"
    " authorType=CodeableConcept authorDescription=string",
    "SubstanceSourceMaterial.organism.hybrid:BackboneElement"
    " maternalOrganismId=string maternalOrganismName=string"
    " paternalOrganismId=string paternalOrganismName=string"
    " hybridType=CodeableConcept",
    "SubstanceSourceMaterial.organism.organismGeneral:BackboneElement"
    " kingdom=CodeableConcept phylum=CodeableConcept class=CodeableConcept"
    " order=CodeableConcept",
    "SubstanceSourceMaterial.partDescription:BackboneElement"
    " part=CodeableConcept partLocation=CodeableConcept",

    "SubstanceSpecification:DomainResource identifier=Identifier"
    " type=CodeableConcept status=CodeableConcept domain=CodeableConcept"
    " description=string source*Reference comment=string moiety*. property*."
    " referenceInformation=Reference structure=. code*. name*."
    " molecularWeight*SubstanceSpecification.structure.isotope.molecularWeight"
    " relationship*. nucleicAcid=Reference polymer=Reference"
    " protein=Reference sourceMaterial=Reference",
    "SubstanceSpecification.moiety:BackboneElement role=CodeableConcept"
    " identifier=Identifier name=string stereochemistry=CodeableConcept"
    " opticalActivity=CodeableConcept molecularFormula=string"
    " amount[x]=Quantity|string",
    "SubstanceSpecification.property:BackboneElement category=CodeableConcept"
    " code=CodeableConcept parameters=string definingSubstance[x]=Reference|"
    "CodeableConcept amount[x]=Quantity|string",
    "SubstanceSpecification.structure:BackboneElement"
    " stereochemistry=CodeableConcept opticalActivity=CodeableConcept"
    " molecularFormula=string molecularFormulaByMoiety=string isotope*."
    " molecularWeight=SubstanceSpecification.structure.isotope.molecularWeight"
    " source*Reference representation*.",
    "SubstanceSpecification.structure.isotope:BackboneElement"
    " identifier=Identifier name=CodeableConcept substitution=CodeableConcept"
    " halfLife=Quantity molecularWeight=.",
    "SubstanceSpecification.structure.isotope.molecularWeight:BackboneElement"
    " method=CodeableConcept type=CodeableConcept amount=Quantity",
    "SubstanceSpecification.structure.representation:BackboneElement"
    " type=CodeableConcept representation=string attachment=Attachment",
    "SubstanceSpecification.code:BackboneElement code=CodeableConcept"
    " status=CodeableConcept statusDate=dateTime comment=string"
    " source*Reference",
    "SubstanceSpecification.name:BackboneElement name=string"
    " type=CodeableConcept status=CodeableConcept preferred=boolean"
    " language*CodeableConcept domain*CodeableConcept"
    " jurisdiction*CodeableConcept synonym*SubstanceSpecification.name"
    " translation*SubstanceSpecification.name official*. source*Reference",
    "SubstanceSpecification.name.official:BackboneElement"
    " authority=CodeableConcept status=CodeableConcept date=dateTime",
    "SubstanceSpecification.relationship:BackboneElement"
    " substance[x]=Reference|CodeableConcept relationship=CodeableConcept"
    " isDefining=boolean amount[x]=Quantity|Range|Ratio|string"
    " amountRatioLowLimit=Ratio amountType=CodeableConcept source*Reference",

    "SupplyDelivery:DomainResource identifier*Identifier basedOn*Reference"
    " partOf*Reference status=code patient=Reference type=CodeableConcept"
    " suppliedItem=. occurrence[x]=dateTime|Period|Timing supplier=Reference"
    " destination=Reference receiver*Reference",
    "SupplyDelivery.suppliedItem:BackboneElement quantity=Quantity"
    " item[x]=CodeableConcept|Reference",

    "SupplyRequest:DomainResource identifier*Identifier status=code"
    " category=CodeableConcept priority=code item[x]=CodeableConcept|"
    "Reference quantity=Quantity parameter*. occurrence[x]=dateTime|Period|"
    "Timing authoredOn=dateTime requester=Reference supplier*Reference"
    " reasonCode*CodeableConcept reasonReference*Reference"
    " deliverFrom=Reference deliverTo=Reference",
    "SupplyRequest.parameter:BackboneElement code=CodeableConcept"
    " value[x]=CodeableConcept|Quantity|Range|boolean",

    "Task:DomainResource identifier*Identifier"
    " instantiatesCanonical=canonical instantiatesUri=uri basedOn*Reference"
    " groupIdentifier=Identifier partOf*Reference status=code"
    " statusReason=CodeableConcept businessStatus=CodeableConcept intent=code"
    " priority=code code=CodeableConcept description=string focus=Reference"
    " for=Reference encounter=Reference executionPeriod=Period"
    " authoredOn=dateTime lastModified=dateTime requester=Reference"
    " performerType*CodeableConcept owner=Reference location=Reference"
    " reasonCode=CodeableConcept reasonReference=Reference"
    " insurance*Reference note*Annotation relevantHistory*Reference"
    " restriction=. input*. output*.",
    "Task.restriction:BackboneElement repetitions=positiveInt period=Period"
    " recipient*Reference",
    "Task.input:BackboneElement type=CodeableConcept value[x]=*",
    "Task.output:BackboneElement type=CodeableConcept value[x]=*",

    "TerminologyCapabilities:DomainResource url=uri version=string"
    " name=string title=string status=code experimental=boolean date=dateTime"
    " publisher=string contact*ContactDetail description=markdown"
    " useContext*UsageContext jurisdiction*CodeableConcept purpose=markdown"
    " copyright=markdown kind=code software=. implementation=."
    " lockedDate=boolean codeSystem*. expansion=. codeSearch=code"
    " validateCode=. translation=. closure=.",
    "TerminologyCapabilities.software:BackboneElement name=string"
    " version=string",
    "TerminologyCapabilities.implementation:BackboneElement"
    " description=string url=url",
    "TerminologyCapabilities.codeSystem:BackboneElement uri=canonical"
    " version*. subsumption=boolean",
    "TerminologyCapabilities.codeSystem.version:BackboneElement code=string"
    " isDefault=boolean compositional=boolean language*code filter*."
    " property*code",
    "TerminologyCapabilities.codeSystem.version.filter:BackboneElement"
    " code=code op*code",
    "TerminologyCapabilities.expansion:BackboneElement hierarchical=boolean"
    " paging=boolean incomplete=boolean parameter*. textFilter=markdown",
    "TerminologyCapabilities.expansion.parameter:BackboneElement name=code"
    " documentation=string",
    "TerminologyCapabilities.validateCode:BackboneElement"
    " translations=boolean",
    "TerminologyCapabilities.translation:BackboneElement needsMap=boolean",
    "TerminologyCapabilities.closure:BackboneElement translation=boolean",

    "TestReport:DomainResource identifier=Identifier name=string status=code"
    " testScript=Reference result=code score=decimal tester=string"
    " issued=dateTime participant*. setup=. test*. teardown=.",
    "TestReport.participant:BackboneElement type=code uri=uri display=string",
    "TestReport.setup:BackboneElement action*.",
    "TestReport.setup.action:BackboneElement operation=. assert=.",
    "TestReport.setup.action.operation:BackboneElement result=code"
    " message=markdown detail=uri",
    "TestReport.setup.action.assert:BackboneElement result=code"
    " message=markdown detail=string",
    "TestReport.test:BackboneElement name=string description=string action*.",
    "TestReport.test.action:BackboneElement"
    " operation=TestReport.setup.action.operation"
    " assert=TestReport.setup.action.assert",
    "TestReport.teardown:BackboneElement action*.",
    "TestReport.teardown.action:BackboneElement"
    " operation=TestReport.setup.action.operation",

    "TestScript:DomainResource url=uri identifier=Identifier version=string"
    " name=string title=string status=code experimental=boolean date=dateTime"
    " publisher=string contact*ContactDetail description=markdown"
    " useContext*UsageContext jurisdiction*CodeableConcept purpose=markdown"
    " copyright=markdown origin*. destination*. metadata=. fixture*."
    " profile*Reference variable*. setup=. test*. teardown=.",
    "TestScript.origin:BackboneElement index=integer profile=Coding",
    "TestScript.destination:BackboneElement index=integer profile=Coding",
    "TestScript.metadata:BackboneElement link*. capability*.",
    "TestScript.metadata.link:BackboneElement url=uri description=string",
    "TestScript.metadata.capability:BackboneElement required=boolean"
    " validated=boolean description=string origin*integer destination=integer"
    " link*uri capabilities=canonical",
    "TestScript.fixture:BackboneElement autocreate=boolean autodelete=boolean"
    " resource=Reference",
    "TestScript.variable:BackboneElement name=string defaultValue=string"
    " description=string expression=string headerField=string hint=string"
    " path=string sourceId=id",
    "TestScript.setup:BackboneElement action*.",
    "TestScript.setup.action:BackboneElement operation=. assert=.",
    "TestScript.setup.action.operation:BackboneElement type=Coding"
    " resource=code label=string description=string accept=code"
    " contentType=code destination=integer encodeRequestUrl=boolean"
    " method=code origin=integer params=string requestHeader*. requestId=id"
    " responseId=id sourceId=id targetId=id url=string",
    "TestScript.setup.action.operation.requestHeader:BackboneElement"
    " field=string value=string",
    "TestScript.setup.action.assert:BackboneElement label=string"
    " description=string direction=code compareToSourceId=string"
    " compareToSourceExpression=string compareToSourcePath=string"
    " contentType=code expression=string headerField=string minimumId=string"
    " navigationLinks=boolean operator=code path=string requestMethod=code"
    " requestURL=string resource=code response=code responseCode=string"
    " sourceId=id validateProfileId=id value=string warningOnly=boolean",
    "TestScript.test:BackboneElement name=string description=string action*.",
    "TestScript.test.action:BackboneElement"
    " operation=TestScript.setup.action.operation"
    " assert=TestScript.setup.action.assert",
    "TestScript.teardown:BackboneElement action*.",
    "TestScript.teardown.action:BackboneElement"
    " operation=TestScript.setup.action.operation",

    "ValueSet:DomainResource url=uri identifier*Identifier version=string"
    " name=string title=string status=code experimental=boolean date=dateTime"
    " publisher=string contact*ContactDetail description=markdown"
    " useContext*UsageContext jurisdiction*CodeableConcept immutable=boolean"
    " purpose=markdown copyright=markdown compose=. expansion=.",
    "ValueSet.compose:BackboneElement lockedDate=date inactive=boolean"
    " include*. exclude*ValueSet.compose.include",
    "ValueSet.compose.include:BackboneElement system=uri version=string"
    " concept*. filter*. valueSet*canonical",
    "ValueSet.compose.include.concept:BackboneElement code=code"
    " display=string designation*.",
    "ValueSet.compose.include.concept.designation:BackboneElement"
    " language=code use=Coding value=string",
    "ValueSet.compose.include.filter:BackboneElement property=code op=code"
    " value=string",
    "ValueSet.expansion:BackboneElement identifier=uri timestamp=dateTime"
    " total=integer offset=integer parameter*. contains*.",
    "ValueSet.expansion.parameter:BackboneElement name=string"
    " value[x]=string|boolean|integer|decimal|uri|code|dateTime",
    "ValueSet.expansion.contains:BackboneElement system=uri abstract=boolean"
    " inactive=boolean version=string code=code display=string"
    " designation*ValueSet.compose.include.concept.designation"
    " contains*ValueSet.expansion.contains",

    "VerificationResult:DomainResource target*Reference targetLocation*string"
    " need=CodeableConcept status=code statusDate=dateTime"
    " validationType=CodeableConcept validationProcess*CodeableConcept"
    " frequency=Timing lastPerformed=dateTime nextScheduled=date"
    " failureAction=CodeableConcept primarySource*. attestation=. validator*.",
    "VerificationResult.primarySource:BackboneElement who=Reference"
    " type*CodeableConcept communicationMethod*CodeableConcept"
    " validationStatus=CodeableConcept validationDate=dateTime"
    " canPushUpdates=CodeableConcept pushTypeAvailable*CodeableConcept",
    "VerificationResult.attestation:BackboneElement who=Reference"
    " onBehalfOf=Reference communicationMethod=CodeableConcept date=date"
    " sourceIdentityCertificate=string proxyIdentityCertificate=string"
    " proxySignature=Signature sourceSignature=Signature",
    "VerificationResult.validator:BackboneElement organization=Reference"
    " identityCertificate=string attestationSignature=Signature",

    "VisionPrescription:DomainResource identifier*Identifier status=code"
    " created=dateTime patient=Reference encounter=Reference"
    " dateWritten=dateTime prescriber=Reference lensSpecification*.",
    "VisionPrescription.lensSpecification:BackboneElement"
    " product=CodeableConcept eye=code sphere=decimal cylinder=decimal"
    " axis=integer prism*. add=decimal power=decimal backCurve=decimal"
    " diameter=decimal duration=Quantity color=string brand=string"
    " note*Annotation",
    "VisionPrescription.lensSpecification.prism:BackboneElement"
    " amount=decimal base=code",

    NULL
};
