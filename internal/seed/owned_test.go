package seed_test

import (
	"testing"

	"clientele/internal/auth"
	"clientele/internal/channel"
	"clientele/internal/customer"
	"clientele/internal/instrument"
	"clientele/internal/metafield"
	"clientele/internal/opt"
	"clientele/internal/password/passwordtest"
	"clientele/internal/seed"
	"clientele/internal/setting"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/store"
	"clientele/internal/system"
	"clientele/internal/tax"
)

func applyText(t *testing.T, db *sqldb.DB, text string) (int64, error) {
	t.Helper()
	doc, err := seed.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	sys := system.Real()
	passwords := passwordtest.New(sys)
	stores := store.NewService(db, sys)
	a := &seed.Applier{DB: db, System: sys, Stores: stores, Customers: customer.NewService(db, sys, passwords), Passwords: passwords}
	if _, err := a.Apply(t.Context(), doc); err != nil {
		return 0, err
	}
	st, err := stores.ByHash(t.Context(), "demo")
	if err != nil {
		t.Fatal(err)
	}
	return st.ID, nil
}

// Tokens outlive the database of a store that has its key from a seed file.
func TestStorefrontKeyIsKept(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		const doc = `stores: [{hash: demo, storefront_key: "c2VjcmV0IGFuZCBvZiAzMiBieXRlcywgbm8gbG9uZ2U="}]`
		id, err := applyText(t, db, doc)
		if err != nil {
			t.Fatal(err)
		}
		token, err := auth.NewStorefrontTokens(db, system.Real()).Create(t.Context(), id, auth.NewToken{Kind: auth.BrowserToken, ChannelID: opt.Some[int64](1)})
		if err != nil {
			t.Fatal(err)
		}
		again := dbtest.Open(t, db.Engine())
		for range 2 {
			if id, err = applyText(t, again, doc); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := auth.NewStorefrontTokens(again, system.Real()).Verify(t.Context(), id, 1, token, 1); err != nil {
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
		var st int64
		for range 2 {
			var err error
			if st, err = applyText(t, db, doc); err != nil {
				t.Fatal(err)
			}
		}
		rows, _, err := metafield.NewService(db, system.Real()).List(t.Context(), st, metafield.Caller{ClientID: "other"}, 1, metafield.List.New())
		if err != nil || len(rows) != 1 || rows[0].Value != "gold" || rows[0].ClientID != "loyalty" {
			t.Errorf("others see %v, %v", rows, err)
		}
		sys := system.Real()
		levels := setting.NewService(db, sys)
		on, err := levels.Effective(t.Context(), st, 3)
		if err != nil || !*on.AllowGlobalLogins || !*on.AskConsent || *on.GuestGroupID != 4 || *on.PolicyURL != "https://second.example.com/p" {
			t.Errorf("on channel 3 hold %+v, %v", on, err)
		}
		channels := channel.NewService(db, sys)
		second, err := channels.Get(t.Context(), st, 3)
		if err != nil || second.Platform != "catalyst" || second.Status != channel.Prelaunch || second.Currencies[0] != "EUR" {
			t.Errorf("channel 3 is %+v, %v", second, err)
		}
		if site, err := channels.Site(t.Context(), st, 3); err != nil || site.URL != "https://second.example.com" {
			t.Errorf("its site is %+v, %v", site, err)
		}
		if c, err := customer.NewService(db, sys, passwordtest.New(sys)).Consent(t.Context(), st, 1); err != nil || len(c.Allow) != 1 || len(c.Deny) != 1 {
			t.Errorf("the consent is %+v, %v", c, err)
		}
		if in, err := instrument.NewService(db, sys).List(t.Context(), st, 1); err != nil || len(in) != 1 || !in[0].IsDefault {
			t.Errorf("the instruments are %+v, %v", in, err)
		}
		if c, err := tax.NewService(db).Customers(t.Context(), st, tax.List.New()); err != nil || len(c) != 1 || c[0].Properties[0].Value != "26" {
			t.Errorf("the tax data is %+v, %v", c, err)
		}
		if _, err := applyText(t, db, `
stores:
  - hash: demo
    customers:
      - {email: b@example.com, first_name: B, last_name: B, metafields: [{owner_client_id: x, permission_set: all, namespace: n, key: k, value: v}]}
`); err == nil {
			t.Error("a wrong permission set was accepted")
		}
	})
}
