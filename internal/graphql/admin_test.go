package graphql_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"clientele/internal/auth"
	"clientele/internal/form"
	"clientele/internal/graphql"
	"clientele/internal/metafield"
	"clientele/internal/opt"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/store"
)

// manage asks the management API's GraphQL with the token of an account.
func (w *world) manage(token, query string, variables map[string]any) *answer {
	w.t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	w.ok(err)
	return w.send(http.MethodPost, "https://api.example/stores/shop/graphql", string(body), "Authorization", "", "X-Auth-Token", token)
}

// account makes an API account with scopes and returns its token.
func (w *world) account(name string, scopes ...auth.Scope) string {
	w.t.Helper()
	c, err := w.APIAccounts.Create(w.t.Context(), 1, name, scopes, auth.Credentials{ClientID: name})
	w.ok(err)
	return c.AccessToken
}

// Every field of the schema has an answer of its own.
func TestAdminSchema(t *testing.T) {
	text, err := os.ReadFile("../../api/admin.graphql")
	if err != nil {
		t.Fatal(err)
	}
	schema := gqlparser.MustLoadSchema(&ast.Source{Input: string(text)})
	knows := graphql.AdminKnows()
	for name, d := range schema.Types {
		if d.Kind != ast.Object || strings.HasPrefix(name, "__") {
			continue
		}
		for _, f := range d.Fields {
			if !strings.HasPrefix(f.Name, "__") && !knows(name, f.Name) {
				t.Errorf("%s.%s has no answer", name, f.Name)
			}
		}
	}
	w := newWorld(t, dbtest.Open(t, sqldb.SQLite))
	a := w.manage(w.app.AccessToken, introspection, nil)
	if a.Code != 200 || len(a.Errors) > 0 {
		t.Fatal(a.Text)
	}
	for _, line := range []string{
		"MetafieldMutations.reassignMetafieldsOwner(input: ReassignMetafieldsOwnerInput!): ReassignMetafieldsOwnerResult",
		"enum TranslationResourceType: ADDRESS_FORM_FIELDS CUSTOMER_FORM_FIELDS",
		"type EntityNotFoundError implements Error",
	} {
		if !slices.Contains(inventory(a.Data), line) {
			t.Errorf("not served: %s", line)
		}
	}
}

func TestReassignMetafieldsOwner(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		heir, poor := w.account("heir", auth.MetafieldChangeOwner), w.account("poor", auth.Customers, auth.MetafieldWriteAll)
		var ids []string
		for _, permission := range []string{metafield.Read, metafield.AppOnly} {
			m, err := w.Metafields.Create(ctx, 1, metafield.Caller{ClientID: w.app.ClientID}, metafield.Create{CustomerID: 1, Namespace: "n", Key: permission, Value: "v", Permission: permission})
			w.ok(err)
			ids = append(ids, fmt.Sprintf("bc/store/metafield/%d", m.ID))
		}
		const query = `mutation Metafield($input: ReassignMetafieldsOwnerInput!) { metafield { reassignMetafieldsOwner(input: $input) { metafieldIds } } }`
		input := func(client string, ids ...string) map[string]any {
			return map[string]any{"input": map[string]any{"newClientId": client, "metafieldIds": append([]string{}, ids...)}}
		}
		none := `{"data":{"metafield":{"reassignMetafieldsOwner":null}},"errors":[{"message":%q,"path":["metafield","reassignMetafieldsOwner"],"locations":[{"line":1,"column":73}]}]}`
		for name, c := range map[string]struct {
			in      map[string]any
			message string
		}{
			"another form of id": {input("heir", "8"), "The id of a metafield must have the form bc/store/metafield/{id}."},
			"another kind":       {input("heir", "bc/store/channel/1"), "The id of a metafield must have the form bc/store/metafield/{id}."},
			"a sign":             {input("heir", "bc/store/metafield/+1"), "The id of a metafield must have the form bc/store/metafield/{id}."},
			"no such":            {input("heir", ids[0], "bc/store/metafield/99"), "The metafield does not exist."},
			"nobody":             {input("nobody", ids...), "The store has no API account with this client id."},
			"NUL":                {input("he\x00ir", ids...), "The store has no API account with this client id."},
			"none":               {input("heir"), "MetafieldIds is required."},
			"too many":           {input("heir", many(51)...), "A request can name at most 50 metafields."},
		} {
			a := w.manage(heir, query, c.in)
			if a.Code != 200 || len(a.Errors) != 1 || a.Text != fmt.Sprintf(none, c.message) {
				t.Errorf("%s: %d %s", name, a.Code, a.Text)
			}
		}
		a := w.manage(poor, query, input("poor", ids...))
		if len(a.Errors) != 1 || a.Errors[0].Extensions["code"] != "INSUFFICIENT_ACCESS_SCOPE" || fmt.Sprint(a.Errors[0].Extensions["requiredScopes"]) != "[store_metafield_change_owner]" {
			t.Error(a.Text)
		}
		w.want(w.manage(heir, query, input("heir", ids...)), 200, `{"data":{"metafield":{"reassignMetafieldsOwner":{"metafieldIds":["`+ids[0]+`","`+ids[1]+`"]}}}}`)
		m, err := w.Metafields.Get(ctx, 1, metafield.Caller{ClientID: "heir"}, 1, 2)
		if err != nil || m.ClientID != "heir" {
			t.Errorf("%+v %v", m, err)
		}
	})
}

func many(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("bc/store/metafield/%d", i+1)
	}
	return out
}

func TestLocalesOfAdmin(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, sqldb.SQLite))
	w.settings(func(s *store.Settings) { s.Language, s.Storefront.Locales = "en", []string{"fr", "pt-BR"} })
	reader, poor := w.account("reader", auth.TranslationsReadOnly), w.account("poor", auth.Customers)
	const query = `query($on: ID!) { store { locales(input: {channelId: $on}) { pageInfo { hasNextPage } edges { node { code status isDefault } } } } }`
	on := func(id string) map[string]any { return map[string]any{"on": id} }
	w.want(w.manage(reader, query, on("bc/store/channel/2")), 200, `{"data":{"store":{"locales":{"pageInfo":{"hasNextPage":false},"edges":[{"node":{"code":"en","status":"ACTIVE","isDefault":true}},{"node":{"code":"fr","status":"ACTIVE","isDefault":false}},{"node":{"code":"pt-BR","status":"ACTIVE","isDefault":false}}]}}}}`)
	w.refused(w.manage(reader, query, on("bc/store/channel/9")), 200, "Entity bc/store/channel/9 not found.")
	w.refused(w.manage(reader, query, on("9")), 200, "channelId must have the form bc/store/channel/{id}.")
	w.refused(w.manage(poor, query, on("bc/store/channel/2")), 200, "The API account lacks the scopes required to resolve this field.")
	a := w.manage(poor, `{ i18n { supportedLocales { edges { node { code englishName hasBuiltInTranslations } } } } }`, nil)
	for _, want := range []string{`{"code":"de","englishName":"German","hasBuiltInTranslations":true}`, `{"code":"ja","englishName":"Japanese","hasBuiltInTranslations":false}`} {
		if !strings.Contains(a.Text, want) {
			t.Errorf("%s is not in %.300s", want, a.Text)
		}
	}
}

// Locales are added, changed and deleted as documented.
func TestLocaleMutations(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.settings(func(s *store.Settings) { s.Language, s.Storefront.Locales = "en", nil })
		full, reader := w.account("full", auth.Information), w.account("reader", auth.InformationReadOnly, auth.Translations)
		do := func(token, name, fields string) *answer {
			t.Helper()
			what := "locale { code status isDefault }"
			if name == "deleteLocale" {
				what = "code"
			}
			return w.manage(token, `mutation { locale { `+name+`(input: {`+fields+`}) { `+what+` errors { __typename ... on Error { message } } } } }`, nil)
		}
		is := func(code, status string, initial bool) string {
			return fmt.Sprintf(`"locale":{"code":%q,"status":%q,"isDefault":%v},"errors":[]`, code, status, initial)
		}
		wrong := func(kind, message string) string {
			return fmt.Sprintf(`"locale":null,"errors":[{"__typename":%q,"message":%q}]`, kind, message)
		}
		const on = `channelId: "bc/store/channel/1", `
		for _, c := range []struct{ name, fields, want string }{
			{"addLocale", on + `code: "fr"`, is("fr", "INACTIVE", false)},
			{"addLocale", on + `code: "fr", status: ACTIVE`, wrong("ValidationError", `The store has the locale "fr" already.`)},
			{"addLocale", on + `code: "pt_br", status: ACTIVE`, is("pt-BR", "ACTIVE", false)},
			{"addLocale", on + `code: "!"`, wrong("ValidationError", `"!" is no BCP 47 name of a language, such as en or pt-BR.`)},
			{"addLocale", `channelId: "bc/store/channel/9", code: "de"`, wrong("EntityNotFoundError", "Entity bc/store/channel/9 not found.")},
			{"addLocale", `channelId: "1", code: "de"`, wrong("ValidationError", "channelId must have the form bc/store/channel/{id}.")},
			{"updateLocale", on + `code: "de", isDefault: true`, wrong("EntityNotFoundError", "Entity bc/store/locale/de not found.")},
			{"updateLocale", on + `code: "fr", isDefault: true`, wrong("ValidationError", "The default locale cannot be inactive.")},
			{"updateLocale", on + `code: "fr", status: ACTIVE, isDefault: false`, is("fr", "ACTIVE", false)},
			{"updateLocale", on + `code: "en", status: INACTIVE`, wrong("ValidationError", "The default locale cannot be inactive.")},
			{"updateLocale", on + `code: "en", isDefault: false`, wrong("ValidationError", `"en" is the default locale until another one becomes it.`)},
			{"updateLocale", on + `code: "pt-BR", isDefault: true`, is("pt-BR", "ACTIVE", true)},
			{"deleteLocale", on + `code: "pt-BR"`, `"code":null,"errors":[{"__typename":"ValidationError","message":"The default locale cannot be deleted."}]`},
			{"deleteLocale", on + `code: "de"`, `"code":null,"errors":[{"__typename":"EntityNotFoundError","message":"Entity bc/store/locale/de not found."}]`},
			{"deleteLocale", on + `code: "en"`, `"code":"en","errors":[]`},
		} {
			w.want(do(full, c.name, c.fields), 200, `{"data":{"locale":{"`+c.name+`":{`+c.want+`}}}}`)
		}
		for _, name := range []string{"addLocale", "updateLocale", "deleteLocale"} {
			a := do(reader, name, on+`code: "fr"`)
			if len(a.Errors) != 1 || a.Errors[0].Extensions["code"] != "INSUFFICIENT_ACCESS_SCOPE" || fmt.Sprint(a.Errors[0].Extensions["requiredScopes"]) != "[store_v2_information]" {
				t.Errorf("%s: %s", name, a.Text)
			}
		}
		// Shoppers are told, and spoken to in those that are active.
		w.want(w.ask(`{ site { settings { locales { code isDefault } } } }`, nil), 200, `{"data":{"site":{"settings":{"locales":[{"code":"pt-BR","isDefault":true},{"code":"fr","isDefault":false}]}}}}`)
		w.want(do(full, "updateLocale", on+`code: "fr", status: INACTIVE`), 200, `{"data":{"locale":{"updateLocale":{`+is("fr", "INACTIVE", false)+`}}}}`)
		w.want(w.ask(`{ site { settings { locales { code isDefault } } } }`, nil), 200, `{"data":{"site":{"settings":{"locales":[{"code":"pt-BR","isDefault":true}]}}}}`)
	})
}

// What is refused before anything is executed.
func TestAdminRefuses(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, sqldb.SQLite))
	const path = "https://api.example/stores/shop/graphql"
	token := []string{"Authorization", "", "X-Auth-Token", w.app.AccessToken}
	for name, c := range map[string]struct {
		body   string
		header []string
		code   int
		want   string
	}{
		"no token":         {`{"query":"{ store { __typename } }"}`, []string{"Authorization", ""}, 401, "The access token is missing or not one of this store's."},
		"a shopper's":      {`{"query":"{ store { __typename } }"}`, nil, 401, "The access token is missing or not one of this store's."},
		"no JSON":          {`{`, token, 400, "The body is no valid JSON of a GraphQL request."},
		"a batch":          {`[]`, token, 400, "A request holds one query: batches are not supported."},
		"nothing":          {`{}`, token, 400, "The request holds no query."},
		"unknown field":    {`{"query":"{ store { name } }"}`, token, 400, `Cannot query field "name" on type "Store".`},
		"the storefront's": {`{"query":"{ customer { email } }"}`, token, 400, `Cannot query field "customer" on type "Query". Did you mean "store"?`},
		"too deep":         {`{"query":"` + strings.Repeat("{ store ", 20) + strings.Repeat("}", 20) + `"}`, token, 400, `Cannot query field "store" on type "Store".`},
		"two mutations":    {`{"query":"mutation { a: translation { deleteTranslations(input: {resourceType: ADDRESS_FORM_FIELDS, channelId: \"1\", localeId: \"x\", resources: []}) { errors { __typename } } } b: translation { deleteTranslations(input: {resourceType: ADDRESS_FORM_FIELDS, channelId: \"1\", localeId: \"x\", resources: []}) { errors { __typename } } } }"}`, token, 400, "Only one mutation is allowed in a request, this one has 2"},
		"media":            {`x`, append([]string{"Content-Type", "text/plain"}, token...), 415, "The body must be sent with Content-Type: application/json."},
		"too large":        {`{"query":"` + strings.Repeat(" ", 300_000) + `"}`, token, 413, "The request must not be larger than 262144 bytes."},
	} {
		a := w.send(http.MethodPost, path, c.body, c.header...)
		if a.Code != c.code || len(a.Errors) == 0 || a.Errors[0].Message != c.want {
			t.Errorf("%s: %d %s", name, a.Code, a.Text)
		}
	}
	a := w.manage(w.app.AccessToken, `query Q { i18n { supportedLocales { edges { node { code } } } } }`, nil)
	if a.Header.Get("X-Bc-Graphql-Operation-Name") != "Q" || a.Header.Get("X-Bc-Graphql-Complexity") == "" || a.Header.Get("X-Rate-Limit-Requests-Left") == "" {
		t.Error(a.Header)
	}
}

// Translations of form fields are read and changed as documented, and shoppers
// see them.
func TestTranslationsOfFormFields(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.settings(func(s *store.Settings) { s.Language, s.Storefront.Locales = "en", []string{"fr"} })
		made, err := w.Forms.Create(ctx, 1, form.Update{Form: opt.Some(form.Customer), Name: opt.Some("Place"), Label: opt.Some("Kind of address"), Type: opt.Some(form.RadioField), Choices: opt.Some([]string{"Home Address", "Work Address"})}.Definition())
		w.ok(err)
		full, reader := w.account("full", auth.Translations), w.account("reader", auth.TranslationsReadOnly)
		id := fmt.Sprintf("bc/store/customerFormField/%d", made.ID)
		name := func(choice string) string { return "option_" + base64.StdEncoding.EncodeToString([]byte(choice)) }
		const list = `query($filters: TranslationFiltersInput!, $first: Int, $after: String, $last: Int) { store { translations(filters: $filters, first: $first, after: $after, last: $last) {
			pageInfo { hasNextPage hasPreviousPage endCursor } edges { cursor node { resourceId fields { fieldName original translation } } } } } }`
		filters := func(kind string, more map[string]any) map[string]any {
			in := map[string]any{"resourceType": kind, "channelId": "bc/store/channel/1", "localeId": "bc/store/locale/fr"}
			for k, v := range more {
				in[k] = v
			}
			return in
		}
		shown := func(token string) string {
			t.Helper()
			a := w.manage(token, list, map[string]any{"filters": filters("CUSTOMER_FORM_FIELDS", map[string]any{"resourceIds": []string{id, "bc/store/customerFormField/999", "bc/store/customerFormField/10"}})})
			if a.Code != 200 || len(a.Errors) > 0 {
				t.Fatal(a.Text)
			}
			edges, _ := dig(a.Data, "store.translations.edges").([]any)
			if len(edges) != 1 {
				t.Fatalf("%s", a.Text)
			}
			node := dig(edges[0], "node").(map[string]any)
			if node["resourceId"] != id {
				t.Error(a.Text)
			}
			out := ""
			for _, f := range node["fields"].([]any) {
				out += fmt.Sprint(dig(f, "fieldName"), "|", dig(f, "original"), "|", dig(f, "translation"), " ")
			}
			return strings.TrimSpace(out)
		}
		if got, want := shown(reader), "label|Kind of address|Kind of address "+name("Home Address")+"|Home Address|Home Address "+name("Work Address")+"|Work Address|Work Address"; got != want {
			t.Errorf("%s, want %s", got, want)
		}
		const update = `mutation($input: UpdateTranslationsInput!) { translation { updateTranslations(input: $input) { __typename errors { __typename ... on Error { message } ... on InvalidTranslationEntityFieldsError { id fields message } } } } }`
		const remove = `mutation($input: DeleteTranslationsInput!) { translation { deleteTranslations(input: $input) { __typename errors { __typename ... on Error { message } ... on InvalidTranslationEntityFieldsError { id fields message } } } } }`
		entity := func(id string, fields ...string) map[string]any {
			list := []map[string]any{}
			for i := 0; i < len(fields); i += 2 {
				list = append(list, map[string]any{"fieldName": fields[i], "value": fields[i+1]})
			}
			return map[string]any{"resourceId": id, "fields": list}
		}
		change := func(kind string, more map[string]any, entities ...map[string]any) map[string]any {
			in := filters(kind, more)
			in["entities"] = entities
			return map[string]any{"input": in}
		}
		if a := w.manage(reader, update, change("CUSTOMER_FORM_FIELDS", nil, entity(id, "label", "x"))); len(a.Errors) != 1 || a.Errors[0].Extensions["code"] != "INSUFFICIENT_ACCESS_SCOPE" {
			t.Error(a.Text)
		}
		answer := func(errors string) string {
			return `{"data":{"translation":{"updateTranslations":{"__typename":"UpdateTranslationsResult","errors":[` + errors + `]}}}}`
		}
		w.want(w.manage(full, update, change("CUSTOMER_FORM_FIELDS", nil, entity(id, "label", "Adresse", name("Home Address"), "Adresse domicile"))), 200, answer(""))
		if got, want := shown(full), "label|Kind of address|Adresse "+name("Home Address")+"|Home Address|Adresse domicile "+name("Work Address")+"|Work Address|Work Address"; got != want {
			t.Errorf("%s, want %s", got, want)
		}
		w.want(w.ask(`{ site { settings { formFields { customer(filters: {entityIds: [`+fmt.Sprint(made.ID)+`]}) { label } } } } }`, nil, "Accept-Language", "fr"), 200,
			`{"data":{"site":{"settings":{"formFields":{"customer":[{"label":"Adresse"}]}}}}}`)

		// Each goes its own way: what is wrong is told, and the rest is kept.
		invalid := func(message string) string { return `{"__typename":"ValidationError","message":"` + message + `"}` }
		missing := func(id string) string {
			return `{"__typename":"EntityNotFoundError","message":"Entity ` + id + ` not found."}`
		}
		w.want(w.manage(full, update, change("CUSTOMER_FORM_FIELDS", nil,
			entity("bc/store/customerFormField/999", "label", "x"),
			entity("bc/store/customerFormField/10", "label", "x"), // of the address form
			entity("bc/store/addressFormField/10", "label", "x"),
			entity(id, "invalidField1", "x", name("Invalid"), "x", "option_!", "x", name("Work Address"), "Adresse bureau"),
			entity("bc/store/customerFormField/1", "label", strings.Repeat("x", 5000)),
			entity("bc/store/customerFormField/2", "label", "Mot de passe"),
		)), 200, answer(strings.Join([]string{
			missing("bc/store/customerFormField/999"), missing("bc/store/customerFormField/10"),
			invalid("resourceId must have the form bc/store/customerFormField/{id} for the resourceType."),
			`{"__typename":"InvalidTranslationEntityFieldsError","message":"Invalid fields for entity ` + id + `: invalidField1, option_!, ` + name("Invalid") + `","id":"` + id + `","fields":["invalidField1","option_!","` + name("Invalid") + `"]}`,
			invalid("bc/store/customerFormField/1: Translations must be at most 255 characters."),
		}, ",")))
		if got := shown(full); !strings.HasSuffix(got, "|Adresse bureau") {
			t.Error(got)
		}
		a := w.manage(full, list, map[string]any{"filters": filters("CUSTOMER_FORM_FIELDS", nil), "first": 2})
		if dig(a.Data, "store.translations.pageInfo.hasNextPage") != true || dig(a.Data, "store.translations.edges.1.node.fields.0.translation") != "Mot de passe" {
			t.Error(a.Text)
		}
		after := dig(a.Data, "store.translations.pageInfo.endCursor")
		a = w.manage(full, list, map[string]any{"filters": filters("CUSTOMER_FORM_FIELDS", nil), "first": 1, "after": after})
		if dig(a.Data, "store.translations.edges.0.node.resourceId") != "bc/store/customerFormField/3" || dig(a.Data, "store.translations.pageInfo.hasPreviousPage") != true {
			t.Error(a.Text)
		}
		a = w.manage(full, list, map[string]any{"filters": filters("ADDRESS_FORM_FIELDS", nil), "last": 1})
		if got, _ := dig(a.Data, "store.translations.edges.0.node.resourceId").(string); !strings.HasPrefix(got, "bc/store/addressFormField/") {
			t.Error(a.Text)
		}

		// What is wrong with the whole.
		for want, in := range map[string]map[string]any{
			invalid("The default locale cannot be translated."):            change("CUSTOMER_FORM_FIELDS", map[string]any{"localeId": "bc/store/locale/EN"}, entity(id, "label", "x")),
			invalid("localeId must have the form bc/store/locale/{code}."): change("CUSTOMER_FORM_FIELDS", map[string]any{"localeId": "bc/store/locale/!"}, entity(id, "label", "x")),
			invalid("channelId must have the form bc/store/channel/{id}."): change("CUSTOMER_FORM_FIELDS", map[string]any{"channelId": "1"}, entity(id, "label", "x")),
			missing("bc/store/channel/9"):                                  change("CUSTOMER_FORM_FIELDS", map[string]any{"channelId": "bc/store/channel/9"}, entity(id, "label", "x")),
			invalid("A request changes at most 50 resources."):             change("CUSTOMER_FORM_FIELDS", nil, slices.Repeat([]map[string]any{entity(id, "label", "x")}, 51)...),
		} {
			w.want(w.manage(full, update, in), 200, answer(want))
		}
		if a := w.manage(full, list, map[string]any{"filters": filters("PRODUCTS", nil)}); a.Code != 400 {
			t.Error(a.Text)
		}

		// Taken back, the original stands again.
		in := filters("CUSTOMER_FORM_FIELDS", nil)
		in["resources"] = []map[string]any{{"resourceId": id, "fields": []string{"label", name("Home Address"), name("None")}}, {"resourceId": "bc/store/customerFormField/2", "fields": []string{"label"}}}
		w.want(w.manage(full, remove, map[string]any{"input": in}), 200, `{"data":{"translation":{"deleteTranslations":{"__typename":"DeleteTranslationsResult","errors":[`+
			`{"__typename":"InvalidTranslationEntityFieldsError","message":"Invalid fields for entity `+id+`: `+name("None")+`","id":"`+id+`","fields":["`+name("None")+`"]}]}}}}`)
		if got, want := shown(full), "label|Kind of address|Kind of address "+name("Home Address")+"|Home Address|Home Address "+name("Work Address")+"|Work Address|Adresse bureau"; got != want {
			t.Errorf("%s, want %s", got, want)
		}
	})
}
