package segment

import "clientele/internal/fault"

// The fields of which faults tell.
const (
	FieldUUID        fault.Field = "id"
	FieldName        fault.Field = "name"
	FieldDescription fault.Field = "description"
	FieldCustomer    fault.Field = "customer id"
	FieldProfile     fault.Field = "shopper profile id"
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
)
