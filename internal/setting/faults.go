package setting

import "clientele/internal/fault"

// The fields of which faults tell.
const (
	FieldPolicyURL    fault.Field = "policy url"
	FieldGuestGroup   fault.Field = "guest customer group id"
	FieldDefaultGroup fault.Field = "default customer group id"

	FieldChannel                  fault.Field = "channel" // whose checkout settings they are
	FieldCheckoutType             fault.Field = "checkout type"
	FieldGuestCheckoutType        fault.Field = "guest checkout type"
	FieldGuestCheckoutForExisting fault.Field = "guest checkout for existing accounts"
	FieldPolicyConsent            fault.Field = "policy consent"
	FieldContactEmail             fault.Field = "order confirmation contact email"
	FieldTermsType                fault.Field = "order terms and conditions type"
	FieldTermsLink                fault.Field = "order terms and conditions link"
	FieldTermsText                fault.Field = "order terms and conditions textarea"
	FieldScript                   fault.Field = "custom checkout script url"
	FieldScriptHash               fault.Field = "custom checkout sri hash"
	FieldConfirmationScript       fault.Field = "custom order confirmation script url"
	FieldConfirmationHash         fault.Field = "custom order confirmation sri hash"
)

// The reasons that codes do not tell.
const (
	WhyLongURL fault.Reason = "policy URL too long"
	WhyURL     fault.Reason = "no URL of a page"
	WhyNoGroup fault.Reason = "no customer group"

	WhyNoChannel fault.Reason = "no channel with settings"
	WhyLink      fault.Reason = "no page of the web or of the site"
	WhyScript    fault.Reason = "no address of a script"
	WhyIntegrity fault.Reason = "no hash of a script"
)
