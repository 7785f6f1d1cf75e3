package account

import "clientele/internal/fault"

// The fields of which faults tell.
const (
	FieldPath     fault.Field = "path"
	FieldRedirect fault.Field = "redirect url"
)

// The reasons that codes do not tell.
const (
	WhyPath fault.Reason = "no path of the storefront"
)
