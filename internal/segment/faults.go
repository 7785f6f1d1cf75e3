package segment

import "clientele/internal/fault"

// The fields of which faults tell.
const (
	FieldUUID        fault.Field = "id"
	FieldName        fault.Field = "name"
	FieldDescription fault.Field = "description"
	FieldCustomer    fault.Field = "customer id"
	FieldProfile     fault.Field = "shopper profile id"
	FieldGroup       fault.Field = "customer group id"
	FieldPriority    fault.Field = "priority"
)

// The reasons that codes do not tell.
const (
	WhyUUID          fault.Reason = "no UUID"
	WhyTwice         fault.Reason = "segment given twice"
	WhyNoSegment     fault.Reason = "no segment"
	WhyMany          fault.Reason = "too many segments"
	WhyCustomerTwice fault.Reason = "customer given twice"
	WhyNoCustomer    fault.Reason = "no customer"
	WhyHasProfile    fault.Reason = "customer with a shopper profile"
	WhyNoProfile     fault.Reason = "no shopper profile"
	WhyMember        fault.Reason = "shopper profile in the segment"
	WhyNameTaken     fault.Reason = "name of another segment"
	WhyRule          fault.Reason = "members come by a rule"
	WhyManyRules     fault.Reason = "too many rules"
	WhyCircle        fault.Reason = "rules in a circle"
	WhyDeepRules     fault.Reason = "rules of rules of rules"
	WhyReadsGroup    fault.Reason = "rule reads the group that it sets"
	WhyNoGroup       fault.Reason = "no group for members"
	WhyPriority      fault.Reason = "priority out of range"
)
