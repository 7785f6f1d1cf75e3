package email

import "clientele/internal/fault"

// The reasons why a text is no email address.
const (
	WhyNone      fault.Reason = "no email address"
	WhyInvisible fault.Reason = "a character that cannot be seen"            // Value is which
	WhySpecial   fault.Reason = "a character that cannot stand before the @" // Value is which
	WhyLocal     fault.Reason = "too much before the @"                      // Want is how many bytes may be
	WhyEmptyPart fault.Reason = "an empty part of the domain"
	WhyHyphen    fault.Reason = "a hyphen at an end of a part of the domain"
	WhyDomain    fault.Reason = "a domain that there cannot be"
	WhyLongPart  fault.Reason = "a part of the domain that is too long" // Want is how many characters it may have
	WhyLong      fault.Reason = "an address that is too long"           // Want is how many bytes it may have
)
