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

// Form fields that the store did not call otherwise, and errors, are in the
// shopper's language.
func TestWordsOfLanguages(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.speaks()
		const fields = `{ site { settings { formFields { shippingAddress(filters: {entityIds: [4, 10, 11]}) { label ... on PicklistFormField { choosePrefix options { entityId label } } } } } } }`
		for lang, want := range map[string][]string{
			"en": {"First Name", "Suburb/City", "Country", "Choose a country", "Germany"},
			"de": {"Vorname", "Ort", "Land", "Bitte wählen", "Deutschland"},
			"fr": {"Prénom", "Ville", "Pays", "Veuillez choisir", "Allemagne"},
		} {
			a := w.ask(fields, nil, "Accept-Language", lang)
			for i, path := range []string{"0.label", "1.label", "2.label", "2.choosePrefix"} {
				if got := dig(a.Data, "site.settings.formFields.shippingAddress."+path); got != want[i] {
					t.Errorf("%s: %s is %v, want %s", lang, path, got, want[i])
				}
			}
			if !strings.Contains(a.Text, fmt.Sprintf(`"label":%q}`, want[4])) {
				t.Errorf("%s: no %s", lang, want[4])
			}
		}
		// A label that the store chose stays.
		_, err := w.Forms.Update(t.Context(), 1, form.Update{ID: form.City, Label: opt.Some("Town")})
		w.ok(err)
		if got := dig(w.ask(fields, nil, "Accept-Language", "de").Data, "site.settings.formFields.shippingAddress.1.label"); got != "Town" {
			t.Errorf("%v", got)
		}
		const register = `mutation @shopperPreferences(locale: "%s") { customer { registerCustomer(input: {email: "%s", password: "%s", firstName: "", lastName: "B"}) { errors { __typename ... on Error { message } ... on ValidationError { path } } } } }`
		for _, c := range []struct{ lang, email, password, want string }{
			{"en", "new@example.com", rightPassword, `[{"__typename":"ValidationError","message":"firstName must not be empty","path":["input","firstName"]}]`},
			{"de", "new@example.com", rightPassword, `[{"__typename":"ValidationError","message":"Vorname: bitte ausfüllen.","path":["input","firstName"]}]`},
			{"fr", "new@example.com", rightPassword, `[{"__typename":"ValidationError","message":"Prénom : champ obligatoire.","path":["input","firstName"]}]`},
		} {
			a := w.ask(fmt.Sprintf(register, c.lang, c.email, c.password), nil)
			if !strings.Contains(a.Text, `"errors":`+c.want) {
				t.Errorf("%s: %s\nwant %s", c.lang, a.Text, c.want)
			}
		}
		for query, want := range map[string][2]string{
			`mutation { newsletter { subscribe(input: {email: "x", firstName: "A", lastName: "B"}) { errors { ... on Error { message } } } } }`:                                            {"Die E-Mail-Adresse ist ungültig.", "L’adresse e-mail n’est pas valide."},
			`mutation { customer { updateCustomer(input: {firstName: "A"}) { errors { ... on Error { message } } } } }`:                                                                    {"Sie sind nicht angemeldet.", "Vous n’êtes pas connecté."},
			`mutation { customer { registerCustomer(input: {email: "jane@example.com", password: "Secret123", firstName: "A", lastName: "B"}) { errors { ... on Error { message } } } } }`: {"Die E-Mail-Adresse wird schon verwendet.", "L’adresse e-mail est déjà utilisée."},
			`mutation { customer { deleteStoredPaymentInstrument(input: {token: "x"}) { errors { ... on Error { message } } } } }`:                                                         {"Sie sind nicht angemeldet.", "Vous n’êtes pas connecté."},
			`mutation { generateSessionSyncJwt(redirectTo: "/", cartId: "x") { errors { ... on Error { message } } } }`:                                                                    {"Diesen Warenkorb gibt es nicht.", "Ce panier n’existe pas."},
			`mutation { customer { resetPassword(input: {customerEntityId: 1, token: "x", newPassword: "Secret123"}) { errors { ... on Error { message } } } } }`:                          {"Der Link zum Zurücksetzen des Passworts ist ungültig oder abgelaufen.", "Le lien de réinitialisation du mot de passe n’est pas valide ou a expiré."},
		} {
			for i, lang := range []string{"de", "fr"} {
				if a := w.ask(query, nil, "Accept-Language", lang); !strings.Contains(a.Text, `"message":"`+want[i]+`"`) {
					t.Errorf("%s: %s\n%s, want %s", lang, query, a.Text, want[i])
				}
			}
		}
		w.settings(func(s *store.Settings) {
			s.Storefront.Locales = []string{"de"}
			s.Storefront.ReCaptcha = store.ReCaptcha{Enabled: true, SiteKey: "site", SecretKey: "secret"}
		})
		if a := w.ask(fmt.Sprintf(register, "de", "new@example.com", rightPassword), nil); !strings.Contains(a.Text, "reCAPTCHA ist fehlgeschlagen. Bitte versuchen Sie es noch einmal.") {
			t.Error(a.Text)
		}
		// What storefronts look for is the same everywhere.
		w.refused(w.ask(`mutation { login(email: "jane@example.com", password: "x") { result } }`, nil, "Accept-Language", "de"), 200, "Invalid credentials")
	})
}
