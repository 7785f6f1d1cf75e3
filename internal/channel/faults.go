package channel

import "clientele/internal/fault"

// The fields of which faults tell.
const (
	FieldName       fault.Field = "name"
	FieldType       fault.Field = "type"
	FieldPlatform   fault.Field = "platform"
	FieldStatus     fault.Field = "status"
	FieldExternalID fault.Field = "external id"
	FieldURL        fault.Field = "url"
	FieldCurrencies fault.Field = "currencies"
	FieldChannel    fault.Field = "channel id"
	FieldID         fault.Field = "id"
	FieldMatching   fault.Field = "matching"
	FieldRoute      fault.Field = "route"
	// FieldRoutePlace is what a route matches: its type with its items.
	FieldRoutePlace fault.Field = "type and matching"
)

// The reasons that codes do not tell.
const (
	WhyName     fault.Reason = "name of no length"
	WhyLetters  fault.Reason = "characters that names do not have"
	WhyPlatform fault.Reason = "platform of another type"
	WhyStatus   fault.Reason = "no status of the type"
	WhyDefault  fault.Reason = "the default channel"
	WhyURL      fault.Reason = "no URL of a site"
	WhyCurrency fault.Reason = "no currency of a channel"
	WhyTwice    fault.Reason = "a currency given twice"
	WhyDomain   fault.Reason = "checkout on another domain"
	WhyDeleted  fault.Reason = "a deleted channel cannot be updated"
	WhyFixed    fault.Reason = "fixed after creation"
	WhyHasSite  fault.Reason = "channel with a site"
	WhyGone     fault.Reason = "channel is deleted"
	WhyTaken    fault.Reason = "name, platform and type of another channel"

	WhyRouteType  fault.Reason = "no type of routes"
	WhyMatching   fault.Reason = "neither an id nor all items"
	WhyRoute      fault.Reason = "no template of a path"
	WhyNoRoute    fault.Reason = "no such route"
	WhyRouteTwice fault.Reason = "a route given twice"
	WhyRouteTaken fault.Reason = "type and matching of another route"
)
