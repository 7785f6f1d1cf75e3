package graphql_test

import (
	"fmt"
	"strings"
	"testing"

	"clientele/internal/customer"
	"clientele/internal/form"
	"clientele/internal/opt"
	"clientele/internal/store"
)

// speaks gives the store more languages than its own, English, and a field that
// is called otherwise in each.
func (w *world) speaks() {
	w.t.Helper()
	w.settings(func(s *store.Settings) { s.Storefront.Locales = []string{"de", "fr"} })
	label := func(text string) *form.Translate { return &form.Translate{Label: opt.Some(text)} }
	_, err := w.Forms.Create(w.t.Context(), 1, form.Field{
		Form: form.Customer, Name: "Colour", Type: form.RadioField,
		Options:      form.Options{Label: "Colour", Choices: []string{"red"}},
		Translations: form.Translations{}.Change(map[string]*form.Translate{"de": {Label: opt.Some("Farbe"), Choices: map[string]string{"red": "rot"}}, "fr": label("Couleur")}),
	})
	w.ok(err)
}

// The order of languages: the directive, Accept-Language, what the shopper chose
// in the browser, what is kept with the customer, the store's own.
func TestLanguageOfAnswers(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.speaks()
		_, err := w.Customers.SetLocale(t.Context(), 1, customer.Locale{CustomerID: 1, Tag: "de"})
		w.ok(err)
		jane := []string{"X-Bc-Customer-Access-Token", w.signIn("jane@example.com")}
		labels := map[string]string{"en": "Colour red", "de": "Farbe rot", "fr": "Couleur red"}
		for _, c := range []struct {
			directive string
			header    []string
			want      string
		}{
			{"", nil, "en"},
			{"", []string{"Accept-Language", "fr-CH, de;q=0.5"}, "fr"},
			{"", []string{"Accept-Language", "ja"}, "en"},
			{"", []string{"Cookie", "clientele_language=fr"}, "fr"},
			{"", []string{"Cookie", "clientele_language=fr", "Accept-Language", "de"}, "de"},
			{"", []string{"Cookie", "clientele_language=fr", "Accept-Language", "ja"}, "fr"},
			{"", jane, "de"},
			{"", append([]string{"Cookie", "clientele_language=fr"}, jane...), "fr"},
			{`@shopperPreferences(locale: "fr")`, append([]string{"Accept-Language", "de"}, jane...), "fr"},
			{`@shopperPreferences(locale: $l)`, []string{"Accept-Language", "de"}, "fr"},
			{`@shopperPreferences(locale: "fr_FR")`, nil, "fr"},
			{`@shopperPreferences(locale: "en")`, []string{"Accept-Language", "de"}, "en"},
			// What the store does not have is passed over, as is what is no language.
			{`@shopperPreferences(locale: "ja")`, []string{"Accept-Language", "de"}, "de"},
			{`@shopperPreferences(locale: ";;;")`, []string{"Cookie", "clientele_language=fr"}, "fr"},
			{`@shopperPreferences(locale: null)`, []string{"Accept-Language", "de"}, "de"},
			{`@shopperPreferences(displayCurrencyCode: "EUR")`, []string{"Accept-Language", "de"}, "de"},
		} {
			query := `query Q($l: String = "fr", $ids: [Int!] = [26]) ` + c.directive + ` { shopperPreferences { locale { resolved } }
				site { settings { locales { code isDefault } formFields { customer(filters: {entityIds: $ids}) { label ... on RadioButtonsFormField { options { label } } } } } } }`
			if !strings.Contains(c.directive, "$l") {
				query = strings.Replace(query, `$l: String = "fr", `, "", 1)
			}
			label, choice, _ := strings.Cut(labels[c.want], " ")
			w.want(w.ask(query, nil, c.header...), 200, fmt.Sprintf(`{"data":{"shopperPreferences":{"locale":{"resolved":%q}},"site":{"settings":{"locales":[{"code":"en","isDefault":true},{"code":"de","isDefault":false},{"code":"fr","isDefault":false}],`+
				`"formFields":{"customer":[{"label":%q,"options":[{"label":%q}]}]}}}}}`, c.want, label, choice))
		}
		// A sign-in keeps what the directive says, from pages too.
		page := []string{"Authorization", "Bearer " + w.page, "Origin", shop}
		w.ask(`mutation @shopperPreferences(locale: "fr") { login(email: "john@example.com", password: "Secret123") { result } }`, nil, page...)
		if kept, err := w.Customers.Locale(t.Context(), 1, 2); err != nil || kept.Tag != "fr" {
			t.Errorf("%+v, %v", kept, err)
		}
	})
}
