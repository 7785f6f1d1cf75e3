package webhook

import "clientele/internal/fault"

// The fields of which faults tell.
const (
	FieldScope       fault.Field = "scope"
	FieldDestination fault.Field = "destination"
	FieldHeaders     fault.Field = "headers"
	FieldEmails      fault.Field = "emails"
	FieldClient      fault.Field = "client id"
)

// The reasons that codes do not tell.
const (
	WhyLongScope    fault.Reason = "scope of no length"
	WhyScopeUnknown fault.Reason = "no scope"
	WhyURL          fault.Reason = "no URL"
	WhyLongURL      fault.Reason = "URL too long"
	WhyScheme       fault.Reason = "no http or https URL"
	WhyCredentials  fault.Reason = "URL with credentials"
	WhyFragment     fault.Reason = "URL with a fragment"
	WhyPort         fault.Reason = "no port"
	WhyHost         fault.Reason = "no host name"
	WhyNotHTTPS     fault.Reason = "no https URL"
	WhyCustomPort   fault.Reason = "custom port"
	WhyPrivate      fault.Reason = "no public address"
	WhyHeaderName   fault.Reason = "no name of a header"
	WhyReserved     fault.Reason = "reserved header"
	WhyHeaderTwice  fault.Reason = "header given twice"
	WhyLongHeader   fault.Reason = "long header"
	WhyControl      fault.Reason = "header with control characters"
	WhyLongHeaders  fault.Reason = "long headers"
	WhyManyHeaders  fault.Reason = "too many headers"
	WhyTaken        fault.Reason = "another webhook with scope and destination"
	WhyNotSeparate  fault.Reason = "destination of an exception webhook"
	WhyManyOfScope  fault.Reason = "too many webhooks with the scope"
	WhyMany         fault.Reason = "too many webhooks"
	WhyManyEmails   fault.Reason = "too many emails"
	WhyEmailTwice   fault.Reason = "email address given twice"
	WhyNoWebhook    fault.Reason = "no webhook"
	WhyNoDelivery   fault.Reason = "no delivery"
)
