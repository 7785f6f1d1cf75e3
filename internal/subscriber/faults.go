package subscriber

import "clientele/internal/fault"

// The fields of which faults tell.
const (
	FieldID        fault.Field = "id"
	FieldEmail     fault.Field = "email"
	FieldFirstName fault.Field = "first name"
	FieldLastName  fault.Field = "last name"
	FieldSource    fault.Field = "source"
	FieldOrder     fault.Field = "order id"
	FieldChannel   fault.Field = "channel id"
	FieldConsents  fault.Field = "consents"
	FieldGround    fault.Field = "ground"
	FieldBounce    fault.Field = "kind"
	FieldReason    fault.Field = "reason"
)

// The reasons that codes do not tell.
const (
	WhyID         fault.Reason = "no id of a subscriber"
	WhySource     fault.Reason = "no source of subscribers"
	WhyConsents   fault.Reason = "no consent"
	WhyRange      fault.Reason = "no id"
	WhyTaken      fault.Reason = "subscribed on the channel"
	WhySuppressed fault.Reason = "suppressed"
	WhyNoChannel  fault.Reason = "no channel"
	WhyLeft       fault.Reason = "left by their own wish"
	WhyBounce     fault.Reason = "no kind of bounce"
)
