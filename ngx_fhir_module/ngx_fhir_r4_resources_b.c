
/*
 * The resources of FHIR R4 in the notation of ngx_fhir_r4.h:
 * EvidenceVariable to Observation.
 *
 * Source: FHIR R4 (4.0.1), its structure definitions.
 */

#include "ngx_fhir_r4.h"


const char *const  ngx_fhir_r4_resources_b[] = {

    "EvidenceVariable:DomainResource url=uri identifier*Identifier"
    " version=string name=string title=string shortTitle=string"
    " subtitle=string status=code date=dateTime publisher=string"
    " contact*ContactDetail description=markdown note*Annotation"
    " useContext*UsageContext jurisdiction*CodeableConcept copyright=markdown"
    " approvalDate=date lastReviewDate=date effectivePeriod=Period"
    " topic*CodeableConcept author*ContactDetail editor*ContactDetail"
    " reviewer*ContactDetail endorser*ContactDetail"
    " relatedArtifact*RelatedArtifact type=code characteristic*.",
    "EvidenceVariable.characteristic:BackboneElement description=string"
    " definition[x]=Reference|canonical|CodeableConcept|Expression|"
    "DataRequirement|TriggerDefinition usageContext*UsageContext"
    " exclude=boolean participantEffective[x]=dateTime|Period|Duration|Timing"
    " timeFromStart=Duration groupMeasure=code",

    "ExampleScenario:DomainResource url=uri identifier*Identifier"
    " version=string name=string status=code experimental=boolean"
    " date=dateTime publisher=string contact*ContactDetail"
    " useContext*UsageContext jurisdiction*CodeableConcept copyright=markdown"
    " purpose=markdown actor*. instance*. process*. workflow*canonical",
    "ExampleScenario.actor:BackboneElement actorId=string type=code"
    " name=string description=markdown",
    "ExampleScenario.instance:BackboneElement resourceId=string"
    " resourceType=code name=string description=markdown version*."
    " containedInstance*.",
    "ExampleScenario.instance.version:BackboneElement versionId=string"
    " description=markdown",
    "ExampleScenario.instance.containedInstance:BackboneElement"
    " resourceId=string versionId=string",
    "ExampleScenario.process:BackboneElement title=string"
    " description=markdown preConditions=markdown postConditions=markdown"
    " step*.",
    "ExampleScenario.process.step:BackboneElement"
    " process*ExampleScenario.process pause=boolean operation=. alternative*.",
    "ExampleScenario.process.step.operation:BackboneElement number=string"
    " type=string name=string initiator=string receiver=string"
    " description=markdown initiatorActive=boolean receiverActive=boolean"
    " request=ExampleScenario.instance.containedInstance"
    " response=ExampleScenario.instance.containedInstance",
    "ExampleScenario.process.step.alternative:BackboneElement title=string"
    " description=markdown step*ExampleScenario.process.step",

    "ExplanationOfBenefit:DomainResource identifier*Identifier status=code"
    " type=CodeableConcept subType=CodeableConcept use=code patient=Reference"
    " billablePeriod=Period created=dateTime enterer=Reference"
    " insurer=Reference provider=Reference priority=CodeableConcept"
    " fundsReserveRequested=CodeableConcept fundsReserve=CodeableConcept"
    " related*. prescription=Reference originalPrescription=Reference payee=."
    " referral=Reference facility=Reference claim=Reference"
    " claimResponse=Reference outcome=code disposition=string"
    " preAuthRef*string preAuthRefPeriod*Period careTeam*. supportingInfo*."
    " diagnosis*. procedure*. precedence=positiveInt insurance*. accident=."
    " item*. addItem*. adjudication*ExplanationOfBenefit.item.adjudication"
    " total*. payment=. formCode=CodeableConcept form=Attachment"
    " processNote*. benefitPeriod=Period benefitBalance*.",
    "ExplanationOfBenefit.related:BackboneElement claim=Reference"
    " relationship=CodeableConcept reference=Identifier",
    "ExplanationOfBenefit.payee:BackboneElement type=CodeableConcept"
    " party=Reference",
    "ExplanationOfBenefit.careTeam:BackboneElement sequence=positiveInt"
    " provider=Reference responsible=boolean role=CodeableConcept"
    " qualification=CodeableConcept",
    "ExplanationOfBenefit.supportingInfo:BackboneElement sequence=positiveInt"
    " category=CodeableConcept code=CodeableConcept timing[x]=date|Period"
    " value[x]=boolean|string|Quantity|Attachment|Reference reason=Coding",
    "ExplanationOfBenefit.diagnosis:BackboneElement sequence=positiveInt"
    " diagnosis[x]=CodeableConcept|Reference type*CodeableConcept"
    " onAdmission=CodeableConcept packageCode=CodeableConcept",
    "ExplanationOfBenefit.procedure:BackboneElement sequence=positiveInt"
    " type*CodeableConcept date=dateTime procedure[x]=CodeableConcept|"
    "Reference udi*Reference",
    "ExplanationOfBenefit.insurance:BackboneElement focal=boolean"
    " coverage=Reference preAuthRef*string",
    "ExplanationOfBenefit.accident:BackboneElement date=date"
    " type=CodeableConcept location[x]=Address|Reference",
    "ExplanationOfBenefit.item:BackboneElement sequence=positiveInt"
    " careTeamSequence*positiveInt diagnosisSequence*positiveInt"
    " procedureSequence*positiveInt informationSequence*positiveInt"
    " revenue=CodeableConcept category=CodeableConcept"
    " productOrService=CodeableConcept modifier*CodeableConcept"
    " programCode*CodeableConcept serviced[x]=date|Period"
    " location[x]=CodeableConcept|Address|Reference quantity=Quantity"
    " unitPrice=Money factor=decimal net=Money udi*Reference"
    " bodySite=CodeableConcept subSite*CodeableConcept encounter*Reference"
    " noteNumber*positiveInt adjudication*. detail*.",
    "ExplanationOfBenefit.item.adjudication:BackboneElement"
    " category=CodeableConcept reason=CodeableConcept amount=Money"
    " value=decimal",
    "ExplanationOfBenefit.item.detail:BackboneElement sequence=positiveInt"
    " revenue=CodeableConcept category=CodeableConcept"
    " productOrService=CodeableConcept modifier*CodeableConcept"
    " programCode*CodeableConcept quantity=Quantity unitPrice=Money"
    " factor=decimal net=Money udi*Reference noteNumber*positiveInt"
    " adjudication*ExplanationOfBenefit.item.adjudication subDetail*.",
    "ExplanationOfBenefit.item.detail.subDetail:BackboneElement"
    " sequence=positiveInt revenue=CodeableConcept category=CodeableConcept"
    " productOrService=CodeableConcept modifier*CodeableConcept"
    " programCode*CodeableConcept quantity=Quantity unitPrice=Money"
    " factor=decimal net=Money udi*Reference noteNumber*positiveInt"
    " adjudication*ExplanationOfBenefit.item.adjudication",
    "ExplanationOfBenefit.addItem:BackboneElement itemSequence*positiveInt"
    " detailSequence*positiveInt subDetailSequence*positiveInt"
    " provider*Reference productOrService=CodeableConcept"
    " modifier*CodeableConcept programCode*CodeableConcept serviced[x]=date|"
    "Period location[x]=CodeableConcept|Address|Reference quantity=Quantity"
    " unitPrice=Money factor=decimal net=Money bodySite=CodeableConcept"
    " subSite*CodeableConcept noteNumber*positiveInt"
    " adjudication*ExplanationOfBenefit.item.adjudication detail*.",
    "ExplanationOfBenefit.addItem.detail:BackboneElement"
    " productOrService=CodeableConcept modifier*CodeableConcept"
    " quantity=Quantity unitPrice=Money factor=decimal net=Money"
    " noteNumber*positiveInt"
    " adjudication*ExplanationOfBenefit.item.adjudication subDetail*.",
    "ExplanationOfBenefit.addItem.detail.subDetail:BackboneElement"
    " productOrService=CodeableConcept modifier*CodeableConcept"
    " quantity=Quantity unitPrice=Money factor=decimal net=Money"
    " noteNumber*positiveInt"
    " adjudication*ExplanationOfBenefit.item.adjudication",
    "ExplanationOfBenefit.total:BackboneElement category=CodeableConcept"
    " amount=Money",
    "ExplanationOfBenefit.payment:BackboneElement type=CodeableConcept"
    " adjustment=Money adjustmentReason=CodeableConcept date=date"
    " amount=Money identifier=Identifier",
    "ExplanationOfBenefit.processNote:BackboneElement number=positiveInt"
    " type=code text=string language=CodeableConcept",
    "ExplanationOfBenefit.benefitBalance:BackboneElement"
    " category=CodeableConcept excluded=boolean name=string"
    " description=string network=CodeableConcept unit=CodeableConcept"
    " term=CodeableConcept financial*.",
    "ExplanationOfBenefit.benefitBalance.financial:BackboneElement"
    " type=CodeableConcept allowed[x]=unsignedInt|string|Money"
    " used[x]=unsignedInt|Money",

    "FamilyMemberHistory:DomainResource identifier*Identifier"
    " instantiatesCanonical*canonical instantiatesUri*uri status=code"
    " dataAbsentReason=CodeableConcept patient=Reference date=dateTime"
    " name=string relationship=CodeableConcept sex=CodeableConcept"
    " born[x]=Period|date|string age[x]=Age|Range|string estimatedAge=boolean"
    " deceased[x]=boolean|Age|Range|date|string reasonCode*CodeableConcept"
    " reasonReference*Reference note*Annotation condition*.",
    "FamilyMemberHistory.condition:BackboneElement code=CodeableConcept"
    " outcome=CodeableConcept contributedToDeath=boolean onset[x]=Age|Range|"
    "Period|string note*Annotation",

    "Flag:DomainResource identifier*Identifier status=code"
    " category*CodeableConcept code=CodeableConcept subject=Reference"
    " period=Period encounter=Reference author=Reference",

    "Goal:DomainResource identifier*Identifier lifecycleStatus=code"
    " achievementStatus=CodeableConcept category*CodeableConcept"
    " priority=CodeableConcept description=CodeableConcept subject=Reference"
    " start[x]=date|CodeableConcept target*. statusDate=date"
    " statusReason=string expressedBy=Reference addresses*Reference"
    " note*Annotation outcomeCode*CodeableConcept outcomeReference*Reference",
    "Goal.target:BackboneElement measure=CodeableConcept detail[x]=Quantity|"
    "Range|CodeableConcept|string|boolean|integer|Ratio due[x]=date|Duration",

    "GraphDefinition:DomainResource url=uri version=string name=string"
    " status=code experimental=boolean date=dateTime publisher=string"
    " contact*ContactDetail description=markdown useContext*UsageContext"
    " jurisdiction*CodeableConcept purpose=markdown start=code"
    " profile=canonical link*.",
    "GraphDefinition.link:BackboneElement path=string sliceName=string"
    " min=integer max=string description=string target*.",
    "GraphDefinition.link.target:BackboneElement type=code params=string"
    " profile=canonical compartment*. link*GraphDefinition.link",
    "GraphDefinition.link.target.compartment:BackboneElement use=code"
    " code=code rule=code expression=string description=string",

    "Group:DomainResource identifier*Identifier active=boolean type=code"
    " actual=boolean code=CodeableConcept name=string quantity=unsignedInt"
    " managingEntity=Reference characteristic*. member*.",
    "Group.characteristic:BackboneElement code=CodeableConcept"
    " value[x]=CodeableConcept|boolean|Quantity|Range|Reference"
    " exclude=boolean period=Period",
    "Group.member:BackboneElement entity=Reference period=Period"
    " inactive=boolean",

    "GuidanceResponse:DomainResource requestIdentifier=Identifier"
    " identifier*Identifier module[x]=uri|canonical|CodeableConcept"
    " status=code subject=Reference encounter=Reference"
    " occurrenceDateTime=dateTime performer=Reference"
    " reasonCode*CodeableConcept reasonReference*Reference note*Annotation"
    " evaluationMessage*Reference outputParameters=Reference result=Reference"
    " dataRequirement*DataRequirement",

    "HealthcareService:DomainResource identifier*Identifier active=boolean"
    " providedBy=Reference category*CodeableConcept type*CodeableConcept"
    " specialty*CodeableConcept location*Reference name=string comment=string"
    " extraDetails=markdown photo=Attachment telecom*ContactPoint"
    " coverageArea*Reference serviceProvisionCode*CodeableConcept"
    " eligibility*. program*CodeableConcept characteristic*CodeableConcept"
    " communication*CodeableConcept referralMethod*CodeableConcept"
    " appointmentRequired=boolean availableTime*. notAvailable*."
    " availabilityExceptions=string endpoint*Reference",
    "HealthcareService.eligibility:BackboneElement code=CodeableConcept"
    " comment=markdown",
    "HealthcareService.availableTime:BackboneElement daysOfWeek*code"
    " allDay=boolean availableStartTime=time availableEndTime=time",
    "HealthcareService.notAvailable:BackboneElement description=string"
    " during=Period",

    "ImagingStudy:DomainResource identifier*Identifier status=code"
    " modality*Coding subject=Reference encounter=Reference started=dateTime"
    " basedOn*Reference referrer=Reference interpreter*Reference"
    " endpoint*Reference numberOfSeries=unsignedInt"
    " numberOfInstances=unsignedInt procedureReference=Reference"
    " procedureCode*CodeableConcept location=Reference"
    " reasonCode*CodeableConcept reasonReference*Reference note*Annotation"
    " description=string series*.",
    "ImagingStudy.series:BackboneElement uid=id number=unsignedInt"
    " modality=Coding description=string numberOfInstances=unsignedInt"
    " endpoint*Reference bodySite=Coding laterality=Coding specimen*Reference"
    " started=dateTime performer*. instance*.",
    "ImagingStudy.series.performer:BackboneElement function=CodeableConcept"
    " actor=Reference",
    "ImagingStudy.series.instance:BackboneElement uid=id sopClass=Coding"
    " number=unsignedInt title=string",

    "Immunization:DomainResource identifier*Identifier status=code"
    " statusReason=CodeableConcept vaccineCode=CodeableConcept"
    " patient=Reference encounter=Reference occurrence[x]=dateTime|string"
    " recorded=dateTime primarySource=boolean reportOrigin=CodeableConcept"
    " location=Reference manufacturer=Reference lotNumber=string"
    " expirationDate=date site=CodeableConcept route=CodeableConcept"
    " doseQuantity=Quantity performer*. note*Annotation"
    " reasonCode*CodeableConcept reasonReference*Reference"
    " isSubpotent=boolean subpotentReason*CodeableConcept education*."
    " programEligibility*CodeableConcept fundingSource=CodeableConcept"
    " reaction*. protocolApplied*.",
    "Immunization.performer:BackboneElement function=CodeableConcept"
    " actor=Reference",
    "Immunization.education:BackboneElement documentType=string reference=uri"
    " publicationDate=dateTime presentationDate=dateTime",
    "Immunization.reaction:BackboneElement date=dateTime detail=Reference"
    " reported=boolean",
    "Immunization.protocolApplied:BackboneElement series=string"
    " authority=Reference targetDisease*CodeableConcept"
    " doseNumber[x]=positiveInt|string seriesDoses[x]=positiveInt|string",

    "ImmunizationEvaluation:DomainResource identifier*Identifier status=code"
    " patient=Reference date=dateTime authority=Reference"
    " targetDisease=CodeableConcept immunizationEvent=Reference"
    " doseStatus=CodeableConcept doseStatusReason*CodeableConcept"
    " description=string series=string doseNumber[x]=positiveInt|string"
    " seriesDoses[x]=positiveInt|string",

    "ImmunizationRecommendation:DomainResource identifier*Identifier"
    " patient=Reference date=dateTime authority=Reference recommendation*.",
    "ImmunizationRecommendation.recommendation:BackboneElement"
    " vaccineCode*CodeableConcept targetDisease=CodeableConcept"
    " contraindicatedVaccineCode*CodeableConcept"
    " forecastStatus=CodeableConcept forecastReason*CodeableConcept"
    " dateCriterion*. description=string series=string"
    " doseNumber[x]=positiveInt|string seriesDoses[x]=positiveInt|string"
    " supportingImmunization*Reference supportingPatientInformation*Reference",
    "ImmunizationRecommendation.recommendation.dateCriterion:BackboneElement"
    " code=CodeableConcept value=dateTime",

    "ImplementationGuide:DomainResource url=uri version=string name=string"
    " title=string status=code experimental=boolean date=dateTime"
    " publisher=string contact*ContactDetail description=markdown"
    " useContext*UsageContext jurisdiction*CodeableConcept copyright=markdown"
    " packageId=id license=code fhirVersion*code dependsOn*. global*."
    " definition=. manifest=.",
    "ImplementationGuide.dependsOn:BackboneElement uri=canonical packageId=id"
    " version=string",
    "ImplementationGuide.global:BackboneElement type=code profile=canonical",
    "ImplementationGuide.definition:BackboneElement grouping*. resource*."
    " page=. parameter*. template*.",
    "ImplementationGuide.definition.grouping:BackboneElement name=string"
    " description=string",
    "ImplementationGuide.definition.resource:BackboneElement"
    " reference=Reference fhirVersion*code name=string description=string"
    " example[x]=boolean|canonical groupingId=id",
    "ImplementationGuide.definition.page:BackboneElement name[x]=url|"
    "Reference title=string generation=code"
    " page*ImplementationGuide.definition.page",
    "ImplementationGuide.definition.parameter:BackboneElement code=code"
    " value=string",
    "ImplementationGuide.definition.template:BackboneElement code=code"
    " source=string scope=string",
    "ImplementationGuide.manifest:BackboneElement rendering=url resource*."
    " page*. image*string other*string",
    "ImplementationGuide.manifest.resource:BackboneElement"
    " reference=Reference example[x]=boolean|canonical relativePath=url",
    "ImplementationGuide.manifest.page:BackboneElement name=string"
    " title=string anchor*string",

    "InsurancePlan:DomainResource identifier*Identifier status=code"
    " type*CodeableConcept name=string alias*string period=Period"
    " ownedBy=Reference administeredBy=Reference coverageArea*Reference"
    " contact*. endpoint*Reference network*Reference coverage*. plan*.",
    "InsurancePlan.contact:BackboneElement purpose=CodeableConcept"
    " name=HumanName telecom*ContactPoint address=Address",
    "InsurancePlan.coverage:BackboneElement type=CodeableConcept"
    " network*Reference benefit*.",
    "InsurancePlan.coverage.benefit:BackboneElement type=CodeableConcept"
    " requirement=string limit*.",
    "InsurancePlan.coverage.benefit.limit:BackboneElement value=Quantity"
    " code=CodeableConcept",
    "InsurancePlan.plan:BackboneElement identifier*Identifier"
    " type=CodeableConcept coverageArea*Reference network*Reference"
    " generalCost*. specificCost*.",
    "InsurancePlan.plan.generalCost:BackboneElement type=CodeableConcept"
    " groupSize=positiveInt cost=Money comment=string",
    "InsurancePlan.plan.specificCost:BackboneElement category=CodeableConcept"
    " benefit*.",
    "InsurancePlan.plan.specificCost.benefit:BackboneElement"
    " type=CodeableConcept cost*.",
    "InsurancePlan.plan.specificCost.benefit.cost:BackboneElement"
    " type=CodeableConcept applicability=CodeableConcept"
    " qualifiers*CodeableConcept value=Quantity",

    "Invoice:DomainResource identifier*Identifier status=code"
    " cancelledReason=string type=CodeableConcept subject=Reference"
    " recipient=Reference date=dateTime participant*. issuer=Reference"
    " account=Reference lineItem*."
    " totalPriceComponent*Invoice.lineItem.priceComponent totalNet=Money"
    " totalGross=Money paymentTerms=markdown note*Annotation",
    "Invoice.participant:BackboneElement role=CodeableConcept actor=Reference",
    "Invoice.lineItem:BackboneElement sequence=positiveInt"
    " chargeItem[x]=Reference|CodeableConcept priceComponent*.",
    "Invoice.lineItem.priceComponent:BackboneElement type=code"
    " code=CodeableConcept factor=decimal amount=Money",

    "Library:DomainResource url=uri identifier*Identifier version=string"
    " name=string title=string subtitle=string status=code"
    " experimental=boolean type=CodeableConcept subject[x]=CodeableConcept|"
    "Reference date=dateTime publisher=string contact*ContactDetail"
    " description=markdown useContext*UsageContext"
    " jurisdiction*CodeableConcept purpose=markdown usage=string"
    " copyright=markdown approvalDate=date lastReviewDate=date"
    " effectivePeriod=Period topic*CodeableConcept author*ContactDetail"
    " editor*ContactDetail reviewer*ContactDetail endorser*ContactDetail"
    " relatedArtifact*RelatedArtifact parameter*ParameterDefinition"
    " dataRequirement*DataRequirement content*Attachment",

    "Linkage:DomainResource active=boolean author=Reference item*.",
    "Linkage.item:BackboneElement type=code resource=Reference",

    "List:DomainResource identifier*Identifier status=code mode=code"
    " title=string code=CodeableConcept subject=Reference encounter=Reference"
    " date=dateTime source=Reference orderedBy=CodeableConcept"
    " note*Annotation entry*. emptyReason=CodeableConcept",
    "List.entry:BackboneElement flag=CodeableConcept deleted=boolean"
    " date=dateTime item=Reference",

    "Location:DomainResource identifier*Identifier status=code"
    " operationalStatus=Coding name=string alias*string description=string"
    " mode=code type*CodeableConcept telecom*ContactPoint address=Address"
    " physicalType=CodeableConcept position=. managingOrganization=Reference"
    " partOf=Reference hoursOfOperation*. availabilityExceptions=string"
    " endpoint*Reference",
    "Location.position:BackboneElement longitude=decimal latitude=decimal"
    " altitude=decimal",
    "Location.hoursOfOperation:BackboneElement daysOfWeek*code allDay=boolean"
    " openingTime=time closingTime=time",

    "Measure:DomainResource url=uri identifier*Identifier version=string"
    " name=string title=string subtitle=string status=code"
    " experimental=boolean subject[x]=CodeableConcept|Reference date=dateTime"
    " publisher=string contact*ContactDetail description=markdown"
    " useContext*UsageContext jurisdiction*CodeableConcept purpose=markdown"
    " usage=string copyright=markdown approvalDate=date lastReviewDate=date"
    " effectivePeriod=Period topic*CodeableConcept author*ContactDetail"
    " editor*ContactDetail reviewer*ContactDetail endorser*ContactDetail"
    " relatedArtifact*RelatedArtifact library*canonical disclaimer=markdown"
    " scoring=CodeableConcept compositeScoring=CodeableConcept"
    " type*CodeableConcept riskAdjustment=string rateAggregation=string"
    " rationale=markdown clinicalRecommendationStatement=markdown"
    " improvementNotation=CodeableConcept definition*markdown"
    " guidance=markdown group*. supplementalData*.",
    "Measure.group:BackboneElement code=CodeableConcept description=string"
    " population*. stratifier*.",
    "Measure.group.population:BackboneElement code=CodeableConcept"
    " description=string criteria=Expression",
    "Measure.group.stratifier:BackboneElement code=CodeableConcept"
    " description=string criteria=Expression component*.",
    "Measure.group.stratifier.component:BackboneElement code=CodeableConcept"
    " description=string criteria=Expression",
    "Measure.supplementalData:BackboneElement code=CodeableConcept"
    " usage*CodeableConcept description=string criteria=Expression",

    "MeasureReport:DomainResource identifier*Identifier status=code type=code"
    " measure=canonical subject=Reference date=dateTime reporter=Reference"
    " period=Period improvementNotation=CodeableConcept group*."
    " evaluatedResource*Reference",
    "MeasureReport.group:BackboneElement code=CodeableConcept population*."
    " measureScore=Quantity stratifier*.",
    "MeasureReport.group.population:BackboneElement code=CodeableConcept"
    " count=integer subjectResults=Reference",
    "MeasureReport.group.stratifier:BackboneElement code*CodeableConcept"
    " stratum*.",
    "MeasureReport.group.stratifier.stratum:BackboneElement"
    " value=CodeableConcept component*. population*. measureScore=Quantity",
    "MeasureReport.group.stratifier.stratum.component:BackboneElement"
    " code=CodeableConcept value=CodeableConcept",
    "MeasureReport.group.stratifier.stratum.population:BackboneElement"
    " code=CodeableConcept count=integer subjectResults=Reference",

    "Media:DomainResource identifier*Identifier basedOn*Reference"
    " partOf*Reference status=code type=CodeableConcept"
    " modality=CodeableConcept view=CodeableConcept subject=Reference"
    " encounter=Reference created[x]=dateTime|Period issued=instant"
    " operator=Reference reasonCode*CodeableConcept bodySite=CodeableConcept"
    " deviceName=string device=Reference height=positiveInt width=positiveInt"
    " frames=positiveInt duration=decimal content=Attachment note*Annotation",

    "Medication:DomainResource identifier*Identifier code=CodeableConcept"
    " status=code manufacturer=Reference form=CodeableConcept amount=Ratio"
    " ingredient*. batch=.",
    "Medication.ingredient:BackboneElement item[x]=CodeableConcept|Reference"
    " isActive=boolean strength=Ratio",
    "Medication.batch:BackboneElement lotNumber=string"
    " expirationDate=dateTime",

    "MedicationAdministration:DomainResource identifier*Identifier"
    " instantiates*uri partOf*Reference status=code"
    " statusReason*CodeableConcept category=CodeableConcept"
    " medication[x]=CodeableConcept|Reference subject=Reference"
    " context=Reference supportingInformation*Reference"
    " effective[x]=dateTime|Period performer*. reasonCode*CodeableConcept"
    " reasonReference*Reference request=Reference device*Reference"
    " note*Annotation dosage=. eventHistory*Reference",
    "MedicationAdministration.performer:BackboneElement"
    " function=CodeableConcept actor=Reference",
    "MedicationAdministration.dosage:BackboneElement text=string"
    " site=CodeableConcept route=CodeableConcept method=CodeableConcept"
    " dose=Quantity rate[x]=Ratio|Quantity",

    "MedicationDispense:DomainResource identifier*Identifier partOf*Reference"
    " status=code statusReason[x]=CodeableConcept|Reference"
    " category=CodeableConcept medication[x]=CodeableConcept|Reference"
    " subject=Reference context=Reference supportingInformation*Reference"
    " performer*. location=Reference authorizingPrescription*Reference"
    " type=CodeableConcept quantity=Quantity daysSupply=Quantity"
    " whenPrepared=dateTime whenHandedOver=dateTime destination=Reference"
    " receiver*Reference note*Annotation dosageInstruction*Dosage"
    " substitution=. detectedIssue*Reference eventHistory*Reference",
    "MedicationDispense.performer:BackboneElement function=CodeableConcept"
    " actor=Reference",
    "MedicationDispense.substitution:BackboneElement wasSubstituted=boolean"
    " type=CodeableConcept reason*CodeableConcept responsibleParty*Reference",

    "MedicationKnowledge:DomainResource code=CodeableConcept status=code"
    " manufacturer=Reference doseForm=CodeableConcept amount=Quantity"
    " synonym*string relatedMedicationKnowledge*."
    " associatedMedication*Reference productType*CodeableConcept monograph*."
    " ingredient*. preparationInstruction=markdown"
    " intendedRoute*CodeableConcept cost*. monitoringProgram*."
    " administrationGuidelines*. medicineClassification*. packaging=."
    " drugCharacteristic*. contraindication*Reference regulatory*. kinetics*.",
    "MedicationKnowledge.relatedMedicationKnowledge:BackboneElement"
    " type=CodeableConcept reference*Reference",
    "MedicationKnowledge.monograph:BackboneElement type=CodeableConcept"
    " source=Reference",
    "MedicationKnowledge.ingredient:BackboneElement item[x]=CodeableConcept|"
    "Reference isActive=boolean strength=Ratio",
    "MedicationKnowledge.cost:BackboneElement type=CodeableConcept"
    " source=string cost=Money",
    "MedicationKnowledge.monitoringProgram:BackboneElement"
    " type=CodeableConcept name=string",
    "MedicationKnowledge.administrationGuidelines:BackboneElement dosage*."
    " indication[x]=CodeableConcept|Reference patientCharacteristics*.",
    "MedicationKnowledge.administrationGuidelines.dosage:BackboneElement"
    " type=CodeableConcept dosage*Dosage",
    "MedicationKnowledge.administrationGuidelines.patientCharacteristics:"
    "BackboneElement characteristic[x]=CodeableConcept|Quantity value*string",
    "MedicationKnowledge.medicineClassification:BackboneElement"
    " type=CodeableConcept classification*CodeableConcept",
    "MedicationKnowledge.packaging:BackboneElement type=CodeableConcept"
    " quantity=Quantity",
    "MedicationKnowledge.drugCharacteristic:BackboneElement"
    " type=CodeableConcept value[x]=CodeableConcept|string|Quantity|"
    "base64Binary",
    "MedicationKnowledge.regulatory:BackboneElement"
    " regulatoryAuthority=Reference substitution*. schedule*. maxDispense=.",
    "MedicationKnowledge.regulatory.substitution:BackboneElement"
    " type=CodeableConcept allowed=boolean",
    "MedicationKnowledge.regulatory.schedule:BackboneElement"
    " schedule=CodeableConcept",
    "MedicationKnowledge.regulatory.maxDispense:BackboneElement"
    " quantity=Quantity period=Duration",
    "MedicationKnowledge.kinetics:BackboneElement areaUnderCurve*Quantity"
    " lethalDose50*Quantity halfLifePeriod=Duration",

    "MedicationRequest:DomainResource identifier*Identifier status=code"
    " statusReason=CodeableConcept intent=code category*CodeableConcept"
    " priority=code doNotPerform=boolean reported[x]=boolean|Reference"
    " medication[x]=CodeableConcept|Reference subject=Reference"
    " encounter=Reference supportingInformation*Reference authoredOn=dateTime"
    " requester=Reference performer=Reference performerType=CodeableConcept"
    " recorder=Reference reasonCode*CodeableConcept reasonReference*Reference"
    " instantiatesCanonical*canonical instantiatesUri*uri basedOn*Reference"
    " groupIdentifier=Identifier courseOfTherapyType=CodeableConcept"
    " insurance*Reference note*Annotation dosageInstruction*Dosage"
    " dispenseRequest=. substitution=. priorPrescription=Reference"
    " detectedIssue*Reference eventHistory*Reference",
    "MedicationRequest.dispenseRequest:BackboneElement initialFill=."
    " dispenseInterval=Duration validityPeriod=Period"
    " numberOfRepeatsAllowed=unsignedInt quantity=Quantity"
    " expectedSupplyDuration=Duration performer=Reference",
    "MedicationRequest.dispenseRequest.initialFill:BackboneElement"
    " quantity=Quantity duration=Duration",
    "MedicationRequest.substitution:BackboneElement allowed[x]=boolean|"
    "CodeableConcept reason=CodeableConcept",

    "MedicationStatement:DomainResource identifier*Identifier"
    " basedOn*Reference partOf*Reference status=code"
    " statusReason*CodeableConcept category=CodeableConcept"
    " medication[x]=CodeableConcept|Reference subject=Reference"
    " context=Reference effective[x]=dateTime|Period dateAsserted=dateTime"
    " informationSource=Reference derivedFrom*Reference"
    " reasonCode*CodeableConcept reasonReference*Reference note*Annotation"
    " dosage*Dosage",

    "MedicinalProduct:DomainResource identifier*Identifier"
    " type=CodeableConcept domain=Coding"
    " combinedPharmaceuticalDoseForm=CodeableConcept"
    " legalStatusOfSupply=CodeableConcept"
    " additionalMonitoringIndicator=CodeableConcept specialMeasures*string"
    " paediatricUseIndicator=CodeableConcept"
    " productClassification*CodeableConcept marketingStatus*MarketingStatus"
    " pharmaceuticalProduct*Reference packagedMedicinalProduct*Reference"
    " attachedDocument*Reference masterFile*Reference contact*Reference"
    " clinicalTrial*Reference name*. crossReference*Identifier"
    " manufacturingBusinessOperation*. specialDesignation*.",
    "MedicinalProduct.name:BackboneElement productName=string namePart*."
    " countryLanguage*.",
    "MedicinalProduct.name.namePart:BackboneElement part=string type=Coding",
    "MedicinalProduct.name.countryLanguage:BackboneElement"
    " country=CodeableConcept jurisdiction=CodeableConcept"
    " language=CodeableConcept",
    "MedicinalProduct.manufacturingBusinessOperation:BackboneElement"
    " operationType=CodeableConcept authorisationReferenceNumber=Identifier"
    " effectiveDate=dateTime confidentialityIndicator=CodeableConcept"
    " manufacturer*Reference regulator=Reference",
    "MedicinalProduct.specialDesignation:BackboneElement"
    " identifier*Identifier type=CodeableConcept intendedUse=CodeableConcept"
    " indication[x]=CodeableConcept|Reference status=CodeableConcept"
    " date=dateTime species=CodeableConcept",

    "MedicinalProductAuthorization:DomainResource identifier*Identifier"
    " subject=Reference country*CodeableConcept jurisdiction*CodeableConcept"
    " status=CodeableConcept statusDate=dateTime restoreDate=dateTime"
    " validityPeriod=Period dataExclusivityPeriod=Period"
    " dateOfFirstAuthorization=dateTime internationalBirthDate=dateTime"
    " legalBasis=CodeableConcept jurisdictionalAuthorization*."
    " holder=Reference regulator=Reference procedure=.",
    "MedicinalProductAuthorization.jurisdictionalAuthorization:"
    "BackboneElement identifier*Identifier country=CodeableConcept"
    " jurisdiction*CodeableConcept legalStatusOfSupply=CodeableConcept"
    " validityPeriod=Period",
    "MedicinalProductAuthorization.procedure:BackboneElement"
    " identifier=Identifier type=CodeableConcept date[x]=Period|dateTime"
    " application*MedicinalProductAuthorization.procedure",

    "MedicinalProductContraindication:DomainResource subject*Reference"
    " disease=CodeableConcept diseaseStatus=CodeableConcept"
    " comorbidity*CodeableConcept therapeuticIndication*Reference"
    " otherTherapy*. population*Population",
    "MedicinalProductContraindication.otherTherapy:BackboneElement"
    " therapyRelationshipType=CodeableConcept medication[x]=CodeableConcept|"
    "Reference",

    "MedicinalProductIndication:DomainResource subject*Reference"
    " diseaseSymptomProcedure=CodeableConcept diseaseStatus=CodeableConcept"
    " comorbidity*CodeableConcept intendedEffect=CodeableConcept"
    " duration=Quantity otherTherapy*. undesirableEffect*Reference"
    " population*Population",
    "MedicinalProductIndication.otherTherapy:BackboneElement"
    " therapyRelationshipType=CodeableConcept medication[x]=CodeableConcept|"
    "Reference",

    "MedicinalProductIngredient:DomainResource identifier=Identifier"
    " role=CodeableConcept allergenicIndicator=boolean manufacturer*Reference"
    " specifiedSubstance*. substance=.",
    "MedicinalProductIngredient.specifiedSubstance:BackboneElement"
    " code=CodeableConcept group=CodeableConcept"
    " confidentiality=CodeableConcept strength*.",
    "MedicinalProductIngredient.specifiedSubstance.strength:BackboneElement"
    " presentation=Ratio presentationLowLimit=Ratio concentration=Ratio"
    " concentrationLowLimit=Ratio measurementPoint=string"
    " country*CodeableConcept referenceStrength*.",
    "MedicinalProductIngredient.specifiedSubstance.strength."
    "referenceStrength:BackboneElement substance=CodeableConcept"
    " strength=Ratio strengthLowLimit=Ratio measurementPoint=string"
    " country*CodeableConcept",
    "MedicinalProductIngredient.substance:BackboneElement"
    " code=CodeableConcept"
    " strength*MedicinalProductIngredient.specifiedSubstance.strength",

    "MedicinalProductInteraction:DomainResource subject*Reference"
    " description=string interactant*. type=CodeableConcept"
    " effect=CodeableConcept incidence=CodeableConcept"
    " management=CodeableConcept",
    "MedicinalProductInteraction.interactant:BackboneElement"
    " item[x]=Reference|CodeableConcept",

    "MedicinalProductManufactured:DomainResource"
    " manufacturedDoseForm=CodeableConcept unitOfPresentation=CodeableConcept"
    " quantity=Quantity manufacturer*Reference ingredient*Reference"
    " physicalCharacteristics=ProdCharacteristic"
    " otherCharacteristics*CodeableConcept",

    "MedicinalProductPackaged:DomainResource identifier*Identifier"
    " subject*Reference description=string"
    " legalStatusOfSupply=CodeableConcept marketingStatus*MarketingStatus"
    " marketingAuthorization=Reference manufacturer*Reference"
    " batchIdentifier*. packageItem*.",
    "MedicinalProductPackaged.batchIdentifier:BackboneElement"
    " outerPackaging=Identifier immediatePackaging=Identifier",
    "MedicinalProductPackaged.packageItem:BackboneElement"
    " identifier*Identifier type=CodeableConcept quantity=Quantity"
    " material*CodeableConcept alternateMaterial*CodeableConcept"
    " device*Reference manufacturedItem*Reference"
    " packageItem*MedicinalProductPackaged.packageItem"
    " physicalCharacteristics=ProdCharacteristic"
    " otherCharacteristics*CodeableConcept shelfLifeStorage*ProductShelfLife"
    " manufacturer*Reference",

    "MedicinalProductPharmaceutical:DomainResource identifier*Identifier"
    " administrableDoseForm=CodeableConcept"
    " unitOfPresentation=CodeableConcept ingredient*Reference"
    " device*Reference characteristics*. routeOfAdministration*.",
    "MedicinalProductPharmaceutical.characteristics:BackboneElement"
    " code=CodeableConcept status=CodeableConcept",
    "MedicinalProductPharmaceutical.routeOfAdministration:BackboneElement"
    " code=CodeableConcept firstDose=Quantity maxSingleDose=Quantity"
    " maxDosePerDay=Quantity maxDosePerTreatmentPeriod=Ratio"
    " maxTreatmentPeriod=Duration targetSpecies*.",
    "MedicinalProductPharmaceutical.routeOfAdministration.targetSpecies:"
    "BackboneElement code=CodeableConcept withdrawalPeriod*.",
    "MedicinalProductPharmaceutical.routeOfAdministration.targetSpecies."
    "withdrawalPeriod:BackboneElement tissue=CodeableConcept value=Quantity"
    " supportingInformation=string",

    "MedicinalProductUndesirableEffect:DomainResource subject*Reference"
    " symptomConditionEffect=CodeableConcept classification=CodeableConcept"
    " frequencyOfOccurrence=CodeableConcept population*Population",

    "MessageDefinition:DomainResource url=uri identifier*Identifier"
    " version=string name=string title=string replaces*canonical status=code"
    " experimental=boolean date=dateTime publisher=string"
    " contact*ContactDetail description=markdown useContext*UsageContext"
    " jurisdiction*CodeableConcept purpose=markdown copyright=markdown"
    " base=canonical parent*canonical event[x]=Coding|uri category=code"
    " focus*. responseRequired=code allowedResponse*. graph*canonical",
    "MessageDefinition.focus:BackboneElement code=code profile=canonical"
    " min=unsignedInt max=string",
    "MessageDefinition.allowedResponse:BackboneElement message=canonical"
    " situation=markdown",

    "MessageHeader:DomainResource event[x]=Coding|uri destination*."
    " sender=Reference enterer=Reference author=Reference source=."
    " responsible=Reference reason=CodeableConcept response=. focus*Reference"
    " definition=canonical",
    "MessageHeader.destination:BackboneElement name=string target=Reference"
    " endpoint=url receiver=Reference",
    "MessageHeader.source:BackboneElement name=string software=string"
    " version=string contact=ContactPoint endpoint=url",
    "MessageHeader.response:BackboneElement identifier=id code=code"
    " details=Reference",

    "MolecularSequence:DomainResource identifier*Identifier type=code"
    " coordinateSystem=integer patient=Reference specimen=Reference"
    " device=Reference performer=Reference quantity=Quantity referenceSeq=."
    " variant*. observedSeq=string quality*. readCoverage=integer"
    " repository*. pointer*Reference structureVariant*.",
    "MolecularSequence.referenceSeq:BackboneElement"
    " chromosome=CodeableConcept genomeBuild=string orientation=code"
    " referenceSeqId=CodeableConcept referenceSeqPointer=Reference"
    " referenceSeqString=string strand=code windowStart=integer"
    " windowEnd=integer",
    "MolecularSequence.variant:BackboneElement start=integer end=integer"
    " observedAllele=string referenceAllele=string cigar=string"
    " variantPointer=Reference",
    "MolecularSequence.quality:BackboneElement type=code"
    " standardSequence=CodeableConcept start=integer end=integer"
    " score=Quantity method=CodeableConcept truthTP=decimal queryTP=decimal"
    " truthFN=decimal queryFP=decimal gtFP=decimal precision=decimal"
    " recall=decimal fScore=decimal roc=.",
    "MolecularSequence.quality.roc:BackboneElement score*integer"
    " numTP*integer numFP*integer numFN*integer precision*decimal"
    " sensitivity*decimal fMeasure*decimal",
    "MolecularSequence.repository:BackboneElement type=code url=uri"
    " name=string datasetId=string variantsetId=string readsetId=string",
    "MolecularSequence.structureVariant:BackboneElement"
    " variantType=CodeableConcept exact=boolean length=integer outer=."
    " inner=.",
    "MolecularSequence.structureVariant.outer:BackboneElement start=integer"
    " end=integer",
    "MolecularSequence.structureVariant.inner:BackboneElement start=integer"
    " end=integer",

    "NamingSystem:DomainResource name=string status=code kind=code"
    " date=dateTime publisher=string contact*ContactDetail responsible=string"
    " type=CodeableConcept description=markdown useContext*UsageContext"
    " jurisdiction*CodeableConcept usage=string uniqueId*.",
    "NamingSystem.uniqueId:BackboneElement type=code value=string"
    " preferred=boolean comment=string period=Period",

    "NutritionOrder:DomainResource identifier*Identifier"
    " instantiatesCanonical*canonical instantiatesUri*uri instantiates*uri"
    " status=code intent=code patient=Reference encounter=Reference"
    " dateTime=dateTime orderer=Reference allergyIntolerance*Reference"
    " foodPreferenceModifier*CodeableConcept"
    " excludeFoodModifier*CodeableConcept oralDiet=. supplement*."
    " enteralFormula=. note*Annotation",
    "NutritionOrder.oralDiet:BackboneElement type*CodeableConcept"
    " schedule*Timing nutrient*. texture*."
    " fluidConsistencyType*CodeableConcept instruction=string",
    "NutritionOrder.oralDiet.nutrient:BackboneElement"
    " modifier=CodeableConcept amount=Quantity",
    "NutritionOrder.oralDiet.texture:BackboneElement modifier=CodeableConcept"
    " foodType=CodeableConcept",
    "NutritionOrder.supplement:BackboneElement type=CodeableConcept"
    " productName=string schedule*Timing quantity=Quantity instruction=string",
    "NutritionOrder.enteralFormula:BackboneElement"
    " baseFormulaType=CodeableConcept baseFormulaProductName=string"
    " additiveType=CodeableConcept additiveProductName=string"
    " caloricDensity=Quantity routeofAdministration=CodeableConcept"
    " administration*. maxVolumeToDeliver=Quantity"
    " administrationInstruction=string",
    "NutritionOrder.enteralFormula.administration:BackboneElement"
    " schedule=Timing quantity=Quantity rate[x]=Quantity|Ratio",

    "Observation:DomainResource identifier*Identifier basedOn*Reference"
    " partOf*Reference status=code category*CodeableConcept"
    " code=CodeableConcept subject=Reference focus*Reference"
    " encounter=Reference effective[x]=dateTime|Period|Timing|instant"
    " issued=instant performer*Reference value[x]=Quantity|CodeableConcept|"
    "string|boolean|integer|Range|Ratio|SampledData|time|dateTime|Period"
    " dataAbsentReason=CodeableConcept interpretation*CodeableConcept"
    " note*Annotation bodySite=CodeableConcept method=CodeableConcept"
    " specimen=Reference device=Reference referenceRange*."
    " hasMember*Reference derivedFrom*Reference component*.",
    "Observation.referenceRange:BackboneElement low=Quantity high=Quantity"
    " type=CodeableConcept appliesTo*CodeableConcept age=Range text=string",
    "Observation.component:BackboneElement code=CodeableConcept"
    " value[x]=Quantity|CodeableConcept|string|boolean|integer|Range|Ratio|"
    "SampledData|time|dateTime|Period dataAbsentReason=CodeableConcept"
    " interpretation*CodeableConcept"
    " referenceRange*Observation.referenceRange",

    NULL
};
