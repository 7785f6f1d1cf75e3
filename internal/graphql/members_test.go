package graphql_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"clientele/api"
	"clientele/internal/form"
	"clientele/internal/graphql"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

// Every argument of a mutation, and every field of an input, is stored, which
// reading the customer back through the management API proves, is what the
// named test is about, or is ignored, which docs/compatibility.md says. What
// the schema does not have is refused by its own rules.
const (
	isStored  = "stored"
	isIgnored = "ignored"
)

var inputMembers = map[string]string{
	"login.email": "TestLogin", "login.password": "TestLogin", "login.guestCartEntityId": isIgnored,
	"logout.cartEntityId":           isIgnored,
	"loginWithCustomerLoginJwt.jwt": "TestLoginWithJWT", "loginWithCustomerLoginJwt.guestCartEntityId": isIgnored,
	"generateSessionSyncJwt.redirectTo": "TestSessionSync", "generateSessionSyncJwt.cartId": "TestSessionSync", "generateSessionSyncJwt.paymentWalletData": "TestSessionSync",
	"generateSessionSyncJwt.visitorId": "TestSessionSync", "generateSessionSyncJwt.visitId": "TestSessionSync", "generateSessionSyncJwt.ipAddress": "TestSessionSync",
	"generateSessionSyncJwt.analytics": "TestSessionSync", "PaymentWalletDataInput.*": "TestSessionSync", "validateSessionSyncJwt.jwt": "TestInvalidSessionSync",
	"visitStartedEvent.input": isIgnored, "VisitStartedEventInput.commonInput": isIgnored,
	"pageViewedEvent.input": isIgnored, "PageViewedEventInput.commonInput": isIgnored,
	"productViewedEvent.input": isIgnored, "ProductViewedEventInput.*": isIgnored, "ProductViewed.*": isIgnored,
	"searchProductEvent.input": isIgnored, "SearchProductEventInput.*": isIgnored,
	"deleteStoredPaymentInstrument.input": "TestStoredInstruments", "DeleteStoredPaymentInstrumentInput.token": "TestStoredInstruments",
	"updateStoredPaymentInstrument.input": "TestStoredInstruments", "UpdateStoredPaymentInstrumentInput.*": "TestStoredInstruments", "StoredPaymentInstrumentBillingAddressInput.*": "TestStoredInstruments",
	"AnalyticsCommonEventInput.*": "TestSessionSync", "AnalyticsEventConsentInput.*": "TestSessionSync", "AnalyticsEventInitiatorInput.*": "TestSessionSync", "AnalyticsEventRequestInput.*": "TestSessionSync",

	"ReCaptchaV2Input.token": "TestReCaptchaOfEveryMutation",
	"*.reCaptchaV2":          "TestReCaptchaOfEveryMutation",
	"*.input":                isStored, // its fields tell

	"RegisterCustomerInput.firstName": isStored, "RegisterCustomerInput.lastName": isStored, "RegisterCustomerInput.email": isStored,
	"RegisterCustomerInput.password": "TestRegister", "RegisterCustomerInput.phone": isStored, "RegisterCustomerInput.company": isStored,
	"RegisterCustomerInput.address": isStored, "RegisterCustomerInput.formFields": isStored,
	"AddCustomerAddressInput.firstName": isStored, "AddCustomerAddressInput.lastName": isStored, "AddCustomerAddressInput.address1": isStored,
	"AddCustomerAddressInput.address2": isStored, "AddCustomerAddressInput.city": isStored, "AddCustomerAddressInput.company": isStored,
	"AddCustomerAddressInput.countryCode": isStored, "AddCustomerAddressInput.stateOrProvince": isStored, "AddCustomerAddressInput.phone": isStored,
	"AddCustomerAddressInput.postalCode": isStored, "AddCustomerAddressInput.formFields": isStored,
	"UpdateCustomerAddressInput.addressEntityId": "TestAddressMutations", "UpdateCustomerAddressInput.data": isStored,
	"UpdateCustomerAddressDataInput.firstName": isStored, "UpdateCustomerAddressDataInput.lastName": isStored, "UpdateCustomerAddressDataInput.address1": isStored,
	"UpdateCustomerAddressDataInput.address2": isStored, "UpdateCustomerAddressDataInput.city": isStored, "UpdateCustomerAddressDataInput.company": isStored,
	"UpdateCustomerAddressDataInput.countryCode": isStored, "UpdateCustomerAddressDataInput.stateOrProvince": isStored, "UpdateCustomerAddressDataInput.phone": isStored,
	"UpdateCustomerAddressDataInput.postalCode": isStored, "UpdateCustomerAddressDataInput.formFields": isStored,
	"DeleteCustomerAddressInput.addressEntityId": "TestAddressMutations",
	"UpdateCustomerInput.firstName":              isStored, "UpdateCustomerInput.lastName": isStored, "UpdateCustomerInput.email": isStored,
	"UpdateCustomerInput.phone": isStored, "UpdateCustomerInput.company": isStored, "UpdateCustomerInput.formFields": isStored,
	"CustomerFormFieldsInput.*":              isStored,
	"CheckboxesFormFieldInput.fieldEntityId": "TestRegister", "CheckboxesFormFieldInput.fieldValueEntityIds": "TestRegister",
	"MultipleChoiceFormFieldInput.fieldEntityId": "TestRegister", "MultipleChoiceFormFieldInput.fieldValueEntityId": "TestRegister",
	"NumberFormFieldInput.fieldEntityId": "TestRegister", "NumberFormFieldInput.number": isStored,
	"DateFormFieldInput.fieldEntityId": "TestMembersOfEveryInput", "DateFormFieldInput.date": "TestMembersOfEveryInput",
	"TextFormFieldInput.fieldEntityId": "TestMembersOfEveryInput", "TextFormFieldInput.text": isStored,
	"MultilineTextFormFieldInput.fieldEntityId": "TestMembersOfEveryInput", "MultilineTextFormFieldInput.multilineText": isStored,
	"PasswordFormFieldInput.fieldEntityId": "TestMembersOfEveryInput", "PasswordFormFieldInput.password": isStored,
	"ChangePasswordInput.currentPassword": "TestPasswords", "ChangePasswordInput.newPassword": "TestPasswords",
	"RequestResetPasswordInput.email": "TestPasswords", "RequestResetPasswordInput.path": "TestPasswords",
	"ResetPasswordInput.customerEntityId": "TestPasswords", "ResetPasswordInput.token": "TestPasswords", "ResetPasswordInput.newPassword": "TestPasswords",
	"CreateSubscriberInput.email": isStored, "CreateSubscriberInput.firstName": isStored, "CreateSubscriberInput.lastName": isStored,
	"RemoveSubscriberInput.email": "TestNewsletter",
	"CreateWishlistInput.name":    isStored, "CreateWishlistInput.isPublic": "TestWishlistMutations", "CreateWishlistInput.items": isStored,
	"WishlistItemInput.productEntityId": isStored, "WishlistItemInput.variantEntityId": isStored,
	"AddWishlistItemsInput.entityId": "TestWishlistMutations", "AddWishlistItemsInput.items": isStored,
	"UpdateWishlistInput.entityId": "TestWishlistMutations", "UpdateWishlistInput.data": isStored,
	"WishlistUpdateDataInput.name": isStored, "WishlistUpdateDataInput.isPublic": "TestWishlistMutations",
	"DeleteWishlistItemsInput.entityId": "TestWishlistMutations", "DeleteWishlistItemsInput.itemEntityIds": "TestWishlistMutations",
	"DeleteWishlistsInput.entityIds": "TestWishlistMutations",
	"RegisterCompanyInput.*":         "TestRegisterCompany", "AddCompanyAddressInput.*": "TestRegisterCompany", "AddCompanyUsersInput.*": "TestRegisterCompany",
	"AddCompanyFileInput.*": "TestRegisterCompany", "CompanyExtraFieldsInput.*": "TestRegisterCompany", "TextExtraFieldInput.*": "TestRegisterCompany",
	"MultilineTextExtraFieldInput.*": "TestRegisterCompany", "MultipleChoiceExtraFieldInput.*": "TestRegisterCompany", "NumberExtraFieldInput.*": "TestRegisterCompany",
}

// inputsOf returns the arguments of mutations and the fields of inputs, with
// the type of each.
func inputsOf(t *testing.T) (members map[string]bool, inputs map[string]*ast.Definition) {
	t.Helper()
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: "storefront.graphql", Input: string(api.Schema())})
	if err != nil {
		t.Fatal(err)
	}
	members, inputs = map[string]bool{}, map[string]*ast.Definition{}
	var input func(name string)
	input = func(name string) {
		d := schema.Types[name]
		if d == nil || d.Kind != ast.InputObject || inputs[name] != nil {
			return
		}
		inputs[name] = d
		for _, f := range d.Fields {
			members[name+"."+f.Name] = true
			input(f.Type.Name())
		}
	}
	knows := graphql.Knows() // what it does not know of is refused as not found
	var fields func(d *ast.Definition)
	fields = func(d *ast.Definition) {
		for _, f := range d.Fields {
			if strings.HasPrefix(f.Name, "__") || !knows(d.Name, f.Name) {
				continue
			}
			for _, a := range f.Arguments {
				members[f.Name+"."+a.Name] = true
				input(a.Type.Name())
			}
			if below := schema.Types[f.Type.Name()]; strings.HasSuffix(below.Name, "Mutations") {
				fields(below)
			}
		}
	}
	fields(schema.Mutation)
	return members, inputs
}

// verdict returns what is declared of a member, by itself or for many.
func verdict(member string) (key, how string) {
	of, name, _ := strings.Cut(member, ".")
	for _, key := range []string{member, of + ".*", "*." + name} {
		if how := inputMembers[key]; how != "" {
			return key, how
		}
	}
	return "", ""
}

func TestMembersOfEveryInput(t *testing.T) {
	members, inputs := inputsOf(t)
	used := map[string]bool{}
	for m := range members {
		key, how := verdict(m)
		if how == "" {
			t.Errorf("%s is not in the table: declare what becomes of it", m)
		}
		used[key] = true
	}
	for key := range inputMembers {
		if !used[key] {
			t.Errorf("the row %s is of nothing in the schema", key)
		}
	}
	code, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var tests strings.Builder
	for _, f := range code {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		tests.Write(text)
	}
	text, err := os.ReadFile("../../docs/compatibility.md")
	if err != nil {
		t.Fatal(err)
	}
	_, list, _ := strings.Cut(string(text), "## Accepted without an effect\n")
	for key, how := range inputMembers {
		name := key[strings.IndexByte(key, '.')+1:]
		switch {
		case how == isStored:
		case how != isIgnored:
			if !strings.Contains(tests.String(), "func "+how+"(") {
				t.Errorf("%s: there is no test %s", key, how)
			}
		case strings.Contains(key, "Event"), key == "ProductViewed.*":
			if !strings.Contains(list, "`visitStartedEvent`") {
				t.Errorf("docs/compatibility.md does not say that %s is ignored", key)
			}
		case !strings.Contains(list, "`"+name+"`"):
			t.Errorf("docs/compatibility.md does not say that %s is ignored", key)
		}
	}
	each(t, func(t *testing.T, w *world) { writeInputs(t, w, inputs) })
}

// writeInputs writes each input with texts and numbers that are nowhere else,
// and looks for them in what the management API shows.
func writeInputs(t *testing.T, w *world, inputs map[string]*ast.Definition) {
	t.Helper()
	kinds := map[string]int64{}
	for _, kind := range []string{"text", "multiline", "date", "number", "password"} {
		for _, of := range []string{form.Customer, form.Address} {
			if kind == form.PasswordField && of == form.Address {
				continue
			}
			f, err := w.Forms.Create(w.t.Context(), 1, form.Field{Form: of, Name: "Member " + kind, Type: kind})
			w.ok(err)
			kinds[of+kind] = f.ID
		}
	}
	n := 70000
	number := func() int { n++; return n }
	word := func() string { return fmt.Sprintf("word%d", number()) }
	values := func(of string) map[string]any {
		one := func(kind, name string, v any) []any {
			return []any{map[string]any{"fieldEntityId": kinds[of+kind], name: v}}
		}
		out := map[string]any{"texts": one("text", "text", word()), "multilineTexts": one("multiline", "multilineText", word()), "dates": one("date", "date", "2031-05-07T00:00:00Z"), "numbers": one("number", "number", number())}
		if of == form.Customer {
			out["passwords"] = one("password", "password", word())
		}
		return out
	}
	address := func() map[string]any {
		return map[string]any{"firstName": word(), "lastName": word(), "address1": word(), "address2": word(), "city": word(), "company": word(), "countryCode": "US",
			"stateOrProvince": "Texas", "phone": word(), "postalCode": fmt.Sprint(number()), "formFields": values(form.Address)}
	}
	person := func() map[string]any {
		return map[string]any{"firstName": word(), "lastName": word(), "email": word() + "@example.com", "phone": word(), "company": word(), "formFields": values(form.Customer)}
	}
	shown := map[string]bool{}
	write := func(mutation, input string, in map[string]any, header ...string) {
		t.Helper()
		root, field, _ := strings.Cut(mutation, ".")
		a := w.ask(fmt.Sprintf(`mutation($in: %s!) { %s { %s(input: $in) { __typename } } }`, input, root, field), map[string]any{"in": in}, header...)
		if len(a.Errors) > 0 {
			t.Errorf("%s: %s", mutation, a.Text)
		}
		w.look(t, inputs, inputs[input], in, shown)
	}
	in := person()
	in["password"], in["address"] = rightPassword, address()
	write("customer.registerCustomer", "RegisterCustomerInput", in)
	signed := []string{"X-Bc-Customer-Access-Token", w.signIn(in["email"].(string))}
	write("customer.addCustomerAddress", "AddCustomerAddressInput", address(), signed...)
	write("customer.updateCustomerAddress", "UpdateCustomerAddressInput", map[string]any{"addressEntityId": 1, "data": address()}, signed...)
	write("customer.updateCustomer", "UpdateCustomerInput", person(), signed...)
	write("newsletter.subscribe", "CreateSubscriberInput", map[string]any{"email": word() + "@example.com", "firstName": word(), "lastName": word()})
	item := func() []any {
		return []any{map[string]any{"productEntityId": number(), "variantEntityId": number()}}
	}
	write("wishlist.createWishlist", "CreateWishlistInput", map[string]any{"name": word(), "isPublic": true, "items": item()}, signed...)
	write("wishlist.addWishlistItems", "AddWishlistItemsInput", map[string]any{"entityId": 1, "items": item()}, signed...)
	write("wishlist.updateWishlist", "UpdateWishlistInput", map[string]any{"entityId": 1, "data": map[string]any{"name": word(), "isPublic": false}}, signed...)
	for _, key := range slices.Sorted(maps.Keys(inputMembers)) {
		if of, name, _ := strings.Cut(key, "."); inputMembers[key] == isStored && of != "*" && name != "*" && !shown[key] {
			t.Errorf("%s is declared as stored and was not written", key)
		}
	}
}

// look looks for the values of an input in what is stored.
func (w *world) look(t *testing.T, inputs map[string]*ast.Definition, d *ast.Definition, in map[string]any, shown map[string]bool) {
	t.Helper()
	stored := w.everything(t)
	var walk func(d *ast.Definition, in map[string]any)
	walk = func(d *ast.Definition, in map[string]any) {
		for name, v := range in {
			f := d.Fields.ForName(name)
			if f == nil {
				t.Errorf("%s has no %s", d.Name, name)
				continue
			}
			key := d.Name + "." + name
			shown[key] = true
			list, _ := v.([]any)
			if m, ok := v.(map[string]any); ok {
				list = []any{m}
			}
			if below := inputs[f.Type.Name()]; below != nil {
				for _, e := range list {
					walk(below, e.(map[string]any))
				}
				continue
			}
			text := strings.TrimSuffix(fmt.Sprint(v), "T00:00:00Z")
			if _, how := verdict(key); (how == isStored || name == "date") && !strings.Contains(stored, text) {
				t.Errorf("%s = %v is not stored: %s", key, v, stored)
			}
		}
	}
	walk(d, in)
}

// everything is what the management API shows of the store's people.
func (w *world) everything(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	for _, path := range []string{"/customers?include=addresses,formfields", "/customers/addresses?include=formfields", "/customers/subscribers", "/wishlists"} {
		r := httptest.NewRequest(http.MethodGet, "https://api.example/stores/shop/v3"+path, nil)
		r.Header.Set("X-Auth-Token", w.app.AccessToken)
		rec := httptest.NewRecorder()
		w.Handler.ServeHTTP(rec, r)
		if rec.Code != http.StatusOK {
			t.Fatalf("%s: %d %s", path, rec.Code, rec.Body)
		}
		b.Write(rec.Body.Bytes())
	}
	// Values of password fields are shown to nobody.
	w.ok(w.db.Read(t.Context(), 1, func(tx *sqldb.Tx) error {
		return tx.Query(customerValues, func(r *sqldb.Row) error { b.WriteString(r.Text(0)); return nil })
	}))
	return b.String()
}

var customerValues = sqldb.Static(`SELECT value FROM customer_form_values WHERE store_id = $1`)

// Each mutation that takes a proof of a person asks for it.
func TestReCaptchaOfEveryMutation(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		token := w.signIn("jane@example.com")
		w.settings(func(s *store.Settings) {
			s.Storefront.ReCaptcha = store.ReCaptcha{Enabled: true, SiteKey: "k", SecretKey: "s"}
		})
		members, _ := inputsOf(t)
		const address = `firstName: "A", lastName: "B", address1: "1 St", city: "Austin", countryCode: "US", stateOrProvince: "Texas", postalCode: "78701"`
		inputs := map[string]string{
			"registerCustomer":      `firstName: "A", lastName: "B", email: "new@example.com", password: "` + rightPassword + `"`,
			"updateCustomer":        `firstName: "A"`,
			"addCustomerAddress":    address,
			"updateCustomerAddress": `addressEntityId: 1, data: {city: "Dallas"}`,
			"deleteCustomerAddress": `addressEntityId: 1`,
			"requestResetPassword":  `email: "john@example.com"`,
		}
		for _, name := range []string{"registerCustomer", "updateCustomer", "addCustomerAddress", "updateCustomerAddress", "deleteCustomerAddress", "requestResetPassword"} {
			for proof, refused := range map[string]bool{`, reCaptchaV2: {token: "robot"}`: true, "": true, `, reCaptchaV2: {token: "human"}`: false} {
				a := w.ask(fmt.Sprintf(`mutation { customer { %s(input: {%s}%s) { errors { ... on Error { message } } } } }`, name, inputs[name], proof), nil, "X-Bc-Customer-Access-Token", token)
				if len(a.Errors) > 0 || strings.Contains(a.Text, "reCAPTCHA") != refused {
					t.Errorf("%s%s: %s", name, proof, a.Text)
				}
			}
		}
		for m := range members {
			if name, ok := strings.CutSuffix(m, ".reCaptchaV2"); ok && inputs[name] == "" {
				t.Errorf("%s takes a proof and is not tried", name)
			}
		}
	})
}
