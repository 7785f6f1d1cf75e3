package app_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"clientele/internal/app/apptest"
	"clientele/internal/company"
	"clientele/internal/customer"
	"clientele/internal/mail"
	"clientele/internal/password"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/webhook"
)

// settings changes the store's settings.
func (w *telling) settings(change map[string]any) {
	w.t.Helper()
	if _, err := w.Stores.ChangeSettings(w.t.Context(), 1, change); err != nil {
		w.t.Fatal(err)
	}
}

// toldOtherwise are the beginnings of scopes that no request brings about:
// TestRetriesToTheEnd of package webhook and TestRulesKeepMembers of package
// segment have them.
var toldOtherwise = []string{"store/hook/deliveryException", "store/clientele/segment/"}

// Whatever webhooks can subscribe to is told of, with the documented data, or is
// of something that this service does not have.
func TestEveryScopeIsToldOf(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newTelling(t, db)
		const privacy, group, checkout = `settings/customerPrivacy/updated {}`, `settings/defaultCustomerGroup/updated {}`, `settings/checkout/updated {}`
		on := func(channel string, scopes ...string) []string {
			out := slices.Clone(scopes)
			for i := range out {
				out[i] = "store/channel/" + channel + "/" + out[i]
			}
			return out
		}
		everywhere := func(scopes ...string) []string { return append(on("1", scopes...), on("2", scopes...)...) }
		ask := func(request string) func() { return func() { w.ask(request) } }
		register := func(customerID int64) {
			in := company.Register{CustomerID: customerID, ChannelID: 1, Name: "Engines", Email: "office@example.com", Phone: "1", Address: customer.AddressFields{FirstName: "A", LastName: "B", Address1: "1 St", City: "Austin", StateOrProvince: "Texas", PostalCode: "78701", CountryCode: "US"}}
			if _, err := w.Companies.Register(t.Context(), 1, in); err != nil {
				t.Fatal(err)
			}
		}
		site := func(scope string) string { return scope + ` {"site_id":2}` }
		seen := map[string]bool{}
		for _, step := range []struct {
			name string
			do   func()
			want []string
		}{
			{"the store asks for consent", ask(`PUT /v3/customers/settings {"privacy_settings":{"ask_shopper_for_tracking_consent":true}}`), everywhere(privacy)},
			{"again", ask(`PUT /v3/customers/settings {"privacy_settings":{"ask_shopper_for_tracking_consent":true}}`), nil},
			{"a channel's policy", ask(`PUT /v3/customers/settings/channels/2 {"privacy_settings":{"policy_url":"https://two.example/p"}}`), on("2", privacy)},
			{"the store's policy", ask(`PUT /v3/customers/settings {"privacy_settings":{"policy_url":"https://main.example/p"}}`), on("1", privacy)},
			{"the store's default group", ask(`PUT /v3/customers/settings {"customer_group_settings":{"default_customer_group_id":1}}`), everywhere(group)},
			{"guests' group", ask(`PUT /v3/customers/settings {"customer_group_settings":{"guest_customer_group_id":1}}`), nil},
			{"a channel's default group", ask(`PUT /v3/customers/settings/channels/2 {"customer_group_settings":{"default_customer_group_id":2}}`), on("2", group)},
			{"another default group on V2", ask(`PUT /v2/customer_groups/2 {"is_default":true}`), on("1", group)},
			{"a new default group", ask(`POST /v2/customer_groups {"name":"New","is_default":true}`), on("1", group)},
			{"another name of a group", ask(`PUT /v2/customer_groups/2 {"name":"Retailers"}`), nil},
			{"a channel's group goes", ask(`DELETE /v2/customer_groups/2`), on("2", group)},
			{"the default group goes", ask(`DELETE /v2/customer_groups/3`), everywhere(group)},
			{"guests keep out of a channel's checkout", ask(`PUT /v3/checkouts/settings/channels/2 {"guest_checkout_type":"no_guest_checkout"}`), on("2", checkout)},
			{"and out of all", func() { w.settings(map[string]any{"storefront": map[string]any{"guest_checkout": false}}) }, on("1", checkout)},
			{"which the store says too", ask(`PUT /v3/checkouts/settings {"guest_checkout_type":"no_guest_checkout","checkout_type":"optimized"}`), nil},
			{"another checkout", ask(`PUT /v3/checkouts/settings {"checkout_type":"custom"}`), everywhere(checkout)},
			{"a channel goes by the store again", ask(`PUT /v3/checkouts/settings/channels/2 {"guest_checkout_type":null}`), nil},
			{"a site's URL", ask(`PUT /v3/channels/2/site {"url":"http://shop.two.example"}`), on("2", site("settings/site/updated"))},
			{"a site's same URL", ask(`PUT /v3/channels/2/site {"url":"http://shop.two.example"}`), nil},
			{"a route", ask(`POST /v3/sites/2/routes {"type":"login","route":"/sign-in"}`), on("2", site("settings/route/updated"))},
			{"the same route", ask(`PUT /v3/sites/2/routes/1 {"type":"login","matching":"*","route":"/sign-in"}`), nil},
			{"routes", ask(`PUT /v3/sites/2/routes [{"id":1,"route":"/in"},{"type":"logout","route":"/out"}]`), on("2", site("settings/route/updated"))},
			{"no route", ask(`DELETE /v3/sites/2/routes/1`), on("2", site("settings/route/updated"))},
			{"a checkout", ask(`PUT /v3/channels/2/site/checkout-url {"url":"https://pay.two.example"}`), on("2", site("settings/site/checkoutUrl/updated"))},
			{"no checkout", ask(`DELETE /v3/channels/2/site/checkout-url`), on("2", site("settings/site/checkoutUrl/deleted"))},
			{"a checkout again", ask(`PUT /v3/channels/2/site/checkout-url {"url":"https://pay.two.example"}`), on("2", site("settings/site/checkoutUrl/updated"))},
			{"no site", ask(`DELETE /v3/sites/2`), on("2", site("settings/site/updated"), site("settings/site/checkoutUrl/deleted"))},
			{"a new site", ask(`POST /v3/sites {"url":"http://two.example","channel_id":2}`), on("2", site("settings/site/updated"))},
			{"a released host", func() {
				if _, err := w.Channels.ReleaseHost(t.Context(), 1, "two.example"); err != nil {
					t.Fatal(err)
				}
			}, on("2", site("settings/site/updated"))},
			{"the store's phone", func() { w.settings(map[string]any{"phone": "1"}) }, append([]string{`store/information/updated {"type":"store"}`}, everywhere("settings/profile/updated {}")...)},
			{"the same phone", func() { w.settings(map[string]any{"phone": "1"}) }, nil},
			{"units", func() { w.settings(map[string]any{"weight_units": "KGS"}) }, []string{`store/information/updated {"type":"store"}`}},
			{"a currency", func() { w.settings(map[string]any{"currency": "EUR"}) }, append([]string{`store/information/updated {"type":"store"}`}, everywhere("settings/currency/updated {}")...)},
			{"a logo", func() { w.settings(map[string]any{"logo_url": "https://cdn.example/l.png"}) },
				append([]string{`store/information/updated {"type":"store"}`}, everywhere("settings/logo/updated {}", "settings/logo/image/updated {}")...)},
			{"a favicon", func() { w.settings(map[string]any{"favicon_url": "https://cdn.example/f.png"}) }, everywhere("settings/favicon/image/updated {}")},
			{"for crawlers", func() { w.settings(map[string]any{"storefront": map[string]any{"robots_txt": "User-agent: *"}}) }, everywhere("settings/robots/updated {}")},
			{"a language", func() { w.settings(map[string]any{"storefront": map[string]any{"locales": []string{"de"}}}) }, everywhere("settings/locale/added {}")},
			{"another main language", func() { w.settings(map[string]any{"language": "de"}) },
				append([]string{`store/information/updated {"type":"store"}`}, everywhere("settings/locale/deleted {}", "settings/locale/updated {}")...)},
			{"an email's text", func() {
				if err := w.Mail.Put(t.Context(), 1, mail.Template{Kind: mail.AccountCreated, Subject: "Hello"}, mail.ByCommand); err != nil {
					t.Fatal(err)
				}
			}, everywhere(`email/templates/updated {"template_kind":"createaccount_email"}`)},
			{"the same text", func() {
				if err := w.Mail.Put(t.Context(), 1, mail.Template{Kind: mail.AccountCreated, Subject: "Hello"}, mail.ByCommand); err != nil {
					t.Fatal(err)
				}
			}, nil},
			{"our own text", func() {
				if err := w.Mail.Reset(t.Context(), 1, mail.Place{Kind: mail.AccountCreated}, mail.ByCommand); err != nil {
					t.Fatal(err)
				}
			}, everywhere(`email/templates/deleted {"template_kind":"createaccount_email"}`)},
			{"a text of the store", ask(`PUT /v3/marketing/email-templates/passwordless_login_email {"subject":"Link"}`), everywhere(`email/templates/updated {"template_kind":"passwordless_login_email"}`)},
			{"a text of a channel", ask(`PUT /v3/marketing/email-templates/passwordless_login_email?channel_id=2 {"subject":"Two"}`), on("2", `email/templates/updated {"template_kind":"passwordless_login_email"}`)},
			{"another one of the store", ask(`PUT /v3/marketing/email-templates/passwordless_login_email {"subject":"Links"}`), on("1", `email/templates/updated {"template_kind":"passwordless_login_email"}`)},
			{"no text of a channel", ask(`DELETE /v3/marketing/email-templates/passwordless_login_email?channel_id=2`), on("2", `email/templates/deleted {"template_kind":"passwordless_login_email"}`)},
			{"a company", func() { register(1) }, []string{`store/company/created {"company_id":1}`}},
			{"an approved company", ask(`PUT /v3/clientele/companies/1 {"status":"approved"}`), []string{`store/company/updated {"company_id":1}`, `store/company/statusUpdated {"company_id":1}`}},
			{"a company that goes with its customer", func() {
				gone, err := w.Customers.CreateFor(t.Context(), password.Party{StoreID: 1}, []customer.Create{{Email: "gone@example.com", FirstName: "G", LastName: "H"}})
				if err != nil {
					t.Fatal(err)
				}
				register(gone[0].ID)
				w.ask(fmt.Sprintf(`DELETE /v3/customers?id:in=%d`, gone[0].ID))
			}, []string{
				`store/customer/created {"type":"customer","id":2,"origin_channel_id":1,"channel_ids":null}`, `store/company/created {"company_id":2}`,
				`store/company/deleted {"company_id":2}`, `store/customer/deleted {"type":"customer","id":2}`,
			}},
			{"the same status of a company", ask(`PUT /v3/clientele/companies/1 {"status":"approved"}`), nil},
			{"a channel's status", ask(`PUT /v3/settings/email-statuses?channel_id=2 {"createaccount_email":true}`), on("2", `settings/emailStatus/updated {"template_kind":"createaccount_email"}`)},
			{"the store's status", ask(`PUT /v3/settings/email-statuses {"createaccount_email":false}`), on("1", `settings/emailStatus/updated {"template_kind":"createaccount_email"}`)},
			{"the same status", ask(`PUT /v3/settings/email-statuses {"createaccount_email":false}`), nil},
			{"no channel's status", ask(`PUT /v3/settings/email-statuses?channel_id=2 {"createaccount_email":null}`), on("2", `settings/emailStatus/deleted {"template_kind":"createaccount_email"}`)},
			{"a seed file", func() {
				apptest.Seed(t, w.Core, `
stores:
  - hash: demo
    name: Renamed
    channels:
      - {id: 1, name: First, currencies: [EUR], customer_settings: {}}
      - {id: 2, name: Two, url: "http://two.example"}
      - {id: 9, name: Nine}
    customer_settings: {privacy_settings: {ask_shopper_for_tracking_consent: false}}
`)
			}, []string{
				`store/information/updated {"type":"store"}`,
				`store/channel/updated {"type":"channel","id":1}`,
				"store/channel/1/settings/profile/updated {}", "store/channel/1/settings/currency/updated {}", "store/channel/1/" + privacy,
				`store/channel/2/settings/site/updated {"site_id":2}`, "store/channel/2/settings/profile/updated {}", "store/channel/2/" + privacy,
				`store/channel/created {"type":"channel","id":9}`,
			}},
		} {
			step.do()
			got := w.news()
			for _, e := range got {
				scope, _, _ := strings.Cut(e, " ")
				seen[scope] = true
			}
			if !slices.Equal(got, step.want) {
				t.Errorf("%s:\n%s\nwant\n%s", step.name, strings.Join(got, "\n"), strings.Join(step.want, "\n"))
			}
		}
		// What of customers is told of is compared elsewhere.
		for _, request := range customerChanges() {
			w.ask(request)
		}
		for _, request := range []string{
			`POST /v3/channels {"name":"Ten","type":"storefront","platform":"custom"}`, `PUT /v3/channels/2 {"name":"Other"}`,
			`POST /v3/customers/subscribers {"email":"s@example.com"}`, `PUT /v3/customers/subscribers/1 {"first_name":"S"}`, `DELETE /v3/customers/subscribers/1`,
		} {
			w.ask(request)
		}
		for _, e := range w.news() {
			scope, _, _ := strings.Cut(e, " ")
			seen[scope] = true
		}
		fired := map[string]bool{}
		for scope := range seen {
			fired[regexp.MustCompile(`^store/channel/\d+/`).ReplaceAllString(scope, "store/channel/#/")] = true
		}
		for _, scope := range webhook.Scopes() {
			other := !webhook.Fires(scope) || slices.ContainsFunc(toldOtherwise, func(begins string) bool { return strings.HasPrefix(scope, begins) })
			if fired[scope] == other {
				t.Errorf("%s: fired %v, of something that is not here %v", scope, fired[scope], other)
			}
			delete(fired, scope)
		}
		for scope := range fired {
			t.Errorf("nobody can subscribe to %s", scope)
		}
	})
}

// customerChanges returns requests that can be made of a store whose groups are
// gone.
func customerChanges() []string {
	var out []string
	for _, c := range changesOfCustomers {
		for _, request := range c.requests {
			if !strings.Contains(request, "customer_group") {
				out = append(out, request)
			}
		}
	}
	return out
}
