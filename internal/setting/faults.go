package setting

import "clientele/internal/fault"

// The fields of which faults tell.
const (
	FieldPolicyURL    fault.Field = "policy url"
	FieldGuestGroup   fault.Field = "guest customer group id"
	FieldDefaultGroup fault.Field = "default customer group id"
)

// The reasons that codes do not tell.
const (
	WhyLongURL fault.Reason = "policy URL too long"
	WhyURL     fault.Reason = "no URL of a page"
	WhyNoGroup fault.Reason = "no customer group"
)
