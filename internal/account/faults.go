package account

import "clientele/internal/fault"

// The fields of which faults tell.
const (
	FieldPath     fault.Field = "path"
	FieldRedirect fault.Field = "redirect url"
	FieldCustomer fault.Field = "customer id"
	FieldChannel  fault.Field = "channel id"
	FieldReason   fault.Field = "reason"
	FieldMinutes  fault.Field = "minutes"
)

// The reasons that codes do not tell.
const (
	WhyPath      fault.Reason = "no path of the storefront"
	WhyNoAccess  fault.Reason = "customer may not use the channel"
	WhyNoChannel fault.Reason = "no channel to sign in on"
	WhyNoAddress fault.Reason = "channel without an address"
	WhyMinutes   fault.Reason = "impersonation too long"
)
