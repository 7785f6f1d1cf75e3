package mail

import "clientele/internal/fault"

// The fields of which faults tell.
const (
	FieldKind    fault.Field = "kind"
	FieldLocale  fault.Field = "locale"
	FieldSubject fault.Field = "subject"
	FieldText    fault.Field = "text"
	FieldHTML    fault.Field = "html"

	FieldTranslations fault.Field = "translations"
	FieldStatus       fault.Field = "status"
)

// The reasons that codes do not tell.
const (
	WhyKind         fault.Reason = "no kind of email"
	WhyLocale       fault.Reason = "no locale"
	WhyNothing      fault.Reason = "template without text"
	WhyTemplate     fault.Reason = "template that does not work"
	WhyPhrases      fault.Reason = "too many phrases"
	WhyPhraseLocale fault.Reason = "phrases in no locale"
	WhyPhraseKey    fault.Reason = "key that no phrase has"
	WhyBodyTooLarge fault.Reason = "body of an email over its bound"
	WhyNoSwitch     fault.Reason = "emails that cannot be switched off"
	WhyNoLevel      fault.Reason = "no level above the store"
	WhyNoServer     fault.Reason = "no mail server"
	WhyNotSent      fault.Reason = "email that the mail server did not take"
	WhyMakesNothing fault.Reason = "template that makes nothing"
)
