package metafield

import "clientele/internal/fault"

// The fields of which faults tell.
const (
	FieldID          fault.Field = "id"
	FieldOwner       fault.Field = "resource id"
	FieldClient      fault.Field = "owner client id"
	FieldNamespace   fault.Field = "namespace"
	FieldKey         fault.Field = "key"
	FieldValue       fault.Field = "value"
	FieldDescription fault.Field = "description"
	FieldPermission  fault.Field = "permission set"
)

// The reasons that codes do not tell.
const (
	WhyPermission fault.Reason = "no permission"
	WhyNoCustomer fault.Reason = "no customer to have a metafield"
	WhyTaken      fault.Reason = "name of another metafield"
	WhyMany       fault.Reason = "too many metafields"
	WhyNone       fault.Reason = "no metafield"
	WhyDenied     fault.Reason = "metafield of another"
	WhyManyIDs    fault.Reason = "too many metafields in a request"
	WhyNoAccount  fault.Reason = "no API account to own metafields"
	WhyTwice      fault.Reason = "metafield given twice"
)
