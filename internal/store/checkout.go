package store

import "clientele/internal/sqldb"

// CheckoutName names a setting of the checkout, as it is documented and stored.
// Package setting keeps them. Flags are written as "1" and "0".
type CheckoutName string

// The checkout settings.
const (
	CheckoutType               CheckoutName = "checkout_type"
	GuestCheckoutType          CheckoutName = "guest_checkout_type"
	GuestCheckoutForExisting   CheckoutName = "guest_checkout_for_existing_accounts"
	CheckoutPolicyConsent      CheckoutName = "policy_consent"
	CheckoutContactEmail       CheckoutName = "order_confirmation_contact_email"
	CheckoutTermsEnabled       CheckoutName = "is_order_terms_and_conditions_enabled"
	CheckoutTermsType          CheckoutName = "order_terms_and_conditions_type"
	CheckoutTermsLink          CheckoutName = "order_terms_and_conditions_link"
	CheckoutTermsText          CheckoutName = "order_terms_and_conditions_textarea"
	RedirectForAuth            CheckoutName = "should_redirect_to_storefront_for_auth"
	CheckoutScript             CheckoutName = "custom_checkout_script_url"
	CheckoutScriptHash         CheckoutName = "custom_checkout_sri_hash"
	CheckoutSupportsUCO        CheckoutName = "custom_checkout_supports_uco_settings"
	ConfirmationUsesScript     CheckoutName = "order_confirmation_use_custom_checkout_script"
	OrderConfirmationScript    CheckoutName = "custom_order_confirmation_script_url"
	OrderConfirmationIntegrity CheckoutName = "custom_order_confirmation_sri_hash"
)

// Values of guest_checkout_type.
const (
	GuestCheckout        = "guest_checkout"
	GuestCheckoutAccount = "guest_checkout_account" // an order makes an account
	NoGuestCheckout      = "no_guest_checkout"
)

// checkoutDefaults are what holds where nobody says anything, in the documented
// order. That of GuestCheckoutType is the store's to say.
var checkoutDefaults = []struct {
	name  CheckoutName
	value string
}{
	{CheckoutType, "optimized"},
	{GuestCheckoutType, GuestCheckout},
	{GuestCheckoutForExisting, "allow_guest"},
	{CheckoutPolicyConsent, "none"},
	{CheckoutContactEmail, ""},
	{CheckoutTermsEnabled, "0"},
	{CheckoutTermsType, ""},
	{CheckoutTermsLink, ""},
	{CheckoutTermsText, ""},
	{RedirectForAuth, "0"},
	{CheckoutScript, ""},
	{ConfirmationUsesScript, "0"},
	{OrderConfirmationScript, ""},
	{CheckoutSupportsUCO, "0"},
	{CheckoutScriptHash, ""},
	{OrderConfirmationIntegrity, ""},
}

// Checkout returns the checkout settings that hold on one level, given what each
// level says itself, the closest first.
func (s *Settings) Checkout(levels ...map[CheckoutName]string) map[CheckoutName]string {
	out := make(map[CheckoutName]string, len(checkoutDefaults))
	for _, d := range checkoutDefaults {
		out[d.name] = d.value
	}
	if g := s.Storefront.GuestCheckout; g != nil && !*g {
		out[GuestCheckoutType] = NoGuestCheckout
	}
	for i := len(levels) - 1; i >= 0; i-- {
		for name, value := range levels[i] {
			out[name] = value
		}
	}
	return out
}

// CheckoutNames returns the names of all checkout settings, in the documented
// order.
func CheckoutNames() []CheckoutName {
	out := make([]CheckoutName, len(checkoutDefaults))
	for i := range checkoutDefaults {
		out[i] = checkoutDefaults[i].name
	}
	return out
}

var toldCheckout = sqldb.Static(`SELECT channel_id, name, value FROM checkout_settings WHERE store_id = $1`)
