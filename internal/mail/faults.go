package mail

import "clientele/internal/fault"

// The fields of which faults tell.
const (
	FieldKind    fault.Field = "kind"
	FieldLocale  fault.Field = "locale"
	FieldSubject fault.Field = "subject"
	FieldText    fault.Field = "text"
	FieldHTML    fault.Field = "html"
)

// The reasons that codes do not tell.
const (
	WhyKind         fault.Reason = "no kind of email"
	WhyLocale       fault.Reason = "no locale"
	WhyNothing      fault.Reason = "template without text"
	WhyTemplate     fault.Reason = "template that does not work"
	WhyMakesNothing fault.Reason = "template that makes nothing"
)
