package seed_test

import (
	"strings"
	"testing"

	"clientele/internal/auth"
	"clientele/internal/channel"
	"clientele/internal/metafield"
	"clientele/internal/opt"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/tax"
)

// Tokens outlive the database of a store that has its key from a seed file.
func TestStorefrontKeyIsKept(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		const doc = `stores: [{hash: demo, storefront_key: "c2VjcmV0IGFuZCBvZiAzMiBieXRlcywgbm8gbG9uZ2U="}]`
		w := newWorld(t, db)
		id, err := applyTo(t, w, "demo", doc)
		if err != nil {
			t.Fatal(err)
		}
		token, err := w.Tokens.Create(t.Context(), id, auth.NewToken{Kind: auth.BrowserToken, ChannelID: opt.Some[int64](1)})
		if err != nil {
			t.Fatal(err)
		}
		again := newWorld(t, dbtest.Open(t, db.Engine()))
		for range 2 {
			if id, err = applyTo(t, again, "demo", doc); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := again.Tokens.Verify(t.Context(), id, 1, token, 1); err != nil {
			t.Error(err)
		}
	})
}

func TestWhatGoesWithCustomersAndChannels(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		const doc = `
stores:
  - hash: demo
    customer_groups: [{id: 4, name: Guests}]
    customer_settings:
      privacy_settings: {ask_shopper_for_tracking_consent: true}
      customer_group_settings: {guest_customer_group_id: 4}
    channels:
      - id: 1
        name: Storefront
        url: https://shop.example.com
      - id: 3
        name: Second
        platform: catalyst
        status: prelaunch
        currencies: [EUR, USD]
        url: https://second.example.com
        customer_settings: {allow_global_logins: true, privacy_settings: {policy_url: "https://second.example.com/p"}}
    customers:
      - email: ines@example.com
        consent: {allow: [essential], deny: [targeting]}
        stored_instruments:
          - {type: stored_paypal_account, token: paypal-token, is_default: true, email: ines@example.com}
        tax_properties: {exemption: "26"}
        first_name: Inês
        last_name: Duarte
        metafields:
          - {owner_client_id: loyalty, permission_set: read, namespace: loyalty, key: tier, value: gold}
          - {owner_client_id: loyalty, permission_set: app_only, namespace: loyalty, key: points, value: "120"}
`
		w := newWorld(t, db)
		var st int64
		for range 2 {
			var err error
			if st, err = applyTo(t, w, "demo", doc); err != nil {
				t.Fatal(err)
			}
		}
		rows, _, err := w.Metafields.List(t.Context(), st, metafield.Caller{ClientID: "other"}, 1, metafield.List.New())
		if err != nil || len(rows) != 1 || rows[0].Value != "gold" || rows[0].ClientID != "loyalty" {
			t.Errorf("others see %v, %v", rows, err)
		}
		on, err := w.Settings.Effective(t.Context(), st, 3)
		if err != nil || !*on.AllowGlobalLogins || !*on.AskConsent || *on.GuestGroupID != 4 || *on.PolicyURL != "https://second.example.com/p" {
			t.Errorf("on channel 3 hold %+v, %v", on, err)
		}
		second, err := w.Channels.Get(t.Context(), st, 3)
		if err != nil || second.Platform != "catalyst" || second.Status != channel.Prelaunch || second.Currencies[0] != "EUR" {
			t.Errorf("channel 3 is %+v, %v", second, err)
		}
		if site, err := w.Channels.Site(t.Context(), st, 3); err != nil || site.URL != "https://second.example.com" {
			t.Errorf("its site is %+v, %v", site, err)
		}
		if c, err := w.Customers.Consent(t.Context(), st, 1); err != nil || len(c.Allow) != 1 || len(c.Deny) != 1 {
			t.Errorf("the consent is %+v, %v", c, err)
		}
		if in, err := w.Instruments.List(t.Context(), st, 1); err != nil || len(in) != 1 || !in[0].IsDefault {
			t.Errorf("the instruments are %+v, %v", in, err)
		}
		if c, err := w.Taxes.Customers(t.Context(), st, tax.List.New()); err != nil || len(c) != 1 || c[0].Properties[0].Value != "26" {
			t.Errorf("the tax data is %+v, %v", c, err)
		}
		for more, want := range map[string]string{
			"metafields: [{owner_client_id: x, permission_set: all, namespace: n, key: k, value: v}]": "metafields.0: permission_set: ",
			`tax_properties: {"": "26"}`:                       "customer b@example.com: tax_properties: tax_properties: a tax property's code",
			"consent: {allow: [targeting], deny: [targeting]}": "consent: deny: targeting is both allowed and denied",
		} {
			_, err := apply(t, w, "stores:\n  - hash: demo\n    customers:\n      - {email: b@example.com, first_name: B, last_name: B, "+more+"}\n")
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v", more, err)
			}
		}
	})
}
