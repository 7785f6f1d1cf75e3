package graphql_test

import (
	"testing"

	"clientele/internal/opt"
	"clientele/internal/setting"
	"clientele/internal/store"
)

// A storefront learns which terms its shoppers agree to: the channel's, or else
// the store's.
func TestCheckoutSettings(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		furnish(w)
		const query = `{ site { settings { checkout { reCaptchaEnabled persistentCartEnabled termsAndConditionsEnabled termsAndConditionsType termsAndConditionsUrl termsAndConditionsTextarea } } } }`
		want := func(terms string) {
			t.Helper()
			w.want(w.ask(query, nil), 200, `{"data":{"site":{"settings":{"checkout":{"reCaptchaEnabled":false,"persistentCartEnabled":false,`+terms+`}}}}}`)
		}
		put := func(channel int64, in setting.CheckoutUpdate) {
			t.Helper()
			_, err := w.Settings.PutCheckout(t.Context(), 1, channel, in)
			w.ok(err)
		}
		want(`"termsAndConditionsEnabled":false,"termsAndConditionsType":null,"termsAndConditionsUrl":null,"termsAndConditionsTextarea":null`)
		in := setting.CheckoutUpdate{store.CheckoutTermsType: opt.Some("link"), store.CheckoutTermsLink: opt.Some("https://shop.example/terms")}
		in.Flag(store.CheckoutTermsEnabled, opt.Some(true))
		put(0, in)
		want(`"termsAndConditionsEnabled":true,"termsAndConditionsType":"link","termsAndConditionsUrl":"https://shop.example/terms","termsAndConditionsTextarea":null`)
		put(1, setting.CheckoutUpdate{store.CheckoutTermsType: opt.Some("textarea"), store.CheckoutTermsText: opt.Some("Pay.")})
		want(`"termsAndConditionsEnabled":true,"termsAndConditionsType":"textarea","termsAndConditionsUrl":"https://shop.example/terms","termsAndConditionsTextarea":"Pay."`)
	})
}
