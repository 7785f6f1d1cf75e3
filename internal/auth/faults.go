package auth

import "clientele/internal/fault"

// The fields of which faults tell.
const (
	FieldChannel  fault.Field = "channel id"
	FieldChannels fault.Field = "channel ids"
	FieldExpires  fault.Field = "expires at"
	FieldOrigins  fault.Field = "allowed cors origins"
	FieldScopes   fault.Field = "scopes"
	FieldToken    fault.Field = "storefront token"
	FieldName     fault.Field = "name"
	FieldKeep     fault.Field = "keep"
)

// The reasons that codes do not tell.
const (
	WhyBoth           fault.Reason = "one channel and several"
	WhyNoChannels     fault.Reason = "no channels"
	WhyManyChannels   fault.Reason = "too many channels"
	WhyNoChannel      fault.Reason = "no channel for a token"
	WhyTime           fault.Reason = "no time"
	WhyPast           fault.Reason = "time in the past"
	WhyOrigins        fault.Reason = "not one or two origins"
	WhyOrigin         fault.Reason = "no origin"
	WhyNoScope        fault.Reason = "no scope at all"
	WhyScope          fault.Reason = "no scope of access"
	WhyUnknownChannel fault.Reason = "unknown channel"
)
