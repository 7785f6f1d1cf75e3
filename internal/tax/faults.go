package tax

import "clientele/internal/fault"

// The fields of which faults tell.
const (
	FieldCustomer   fault.Field = "customer id"
	FieldProperties fault.Field = "tax properties"
)

// The reasons that codes do not tell.
const (
	WhyMany       fault.Reason = "too many tax properties"
	WhyCode       fault.Reason = "no code of a tax property"
	WhyValue      fault.Reason = "long tax property"
	WhyNUL        fault.Reason = "a tax property holds NUL"
	WhyTwice      fault.Reason = "customer given twice"
	WhyNoCustomer fault.Reason = "no customer"
)
