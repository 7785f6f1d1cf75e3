package graphql_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"clientele/api"
	"clientele/internal/auth"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// walker writes documents that ask for what a schema has.
type walker struct{ *ast.Schema }

// literal writes a value of a type.
func (w walker) literal(t *ast.Type) string {
	if t.Elem != nil {
		return "[]"
	}
	d := w.Types[t.NamedType]
	switch {
	case d.Kind == ast.Enum:
		return d.EnumValues[0].Name
	case d.Kind == ast.InputObject:
		var in []string
		for _, f := range d.Fields {
			if f.Type.NonNull && f.DefaultValue == nil {
				in = append(in, f.Name+": "+w.literal(f.Type))
			}
		}
		return "{" + strings.Join(in, ", ") + "}"
	}
	switch d.Name {
	case "Int", "Long", "Float", "BigDecimal":
		return "1"
	case "Boolean":
		return "true"
	case "DateTime":
		return `"2026-01-01"`
	}
	return `"x"`
}

// field writes a field with the arguments that it needs.
func (w walker) field(f *ast.FieldDefinition) string {
	var args []string
	for _, a := range f.Arguments {
		if a.Type.NonNull && a.DefaultValue == nil {
			args = append(args, a.Name+": "+w.literal(a.Type))
		}
	}
	if args == nil {
		return f.Name
	}
	return f.Name + "(" + strings.Join(args, ", ") + ")"
}

// fields writes all fields of a type, each under a name of its own as types of
// one interface need not agree.
func (w walker) fields(d *ast.Definition) string {
	out := []string{"__typename"}
	for i, f := range d.Fields {
		if strings.HasPrefix(f.Name, "__") {
			continue
		}
		text := fmt.Sprintf("f%d: %s", i, w.field(f))
		if w.Types[f.Type.Name()].IsCompositeType() {
			text += " { __typename }"
		}
		out = append(out, text)
	}
	return strings.Join(out, " ")
}

// documents returns one for each type that is reachable from a root, which
// asks for all of its fields.
func (w walker) documents(root *ast.Definition, through func(*ast.Definition, *ast.FieldDefinition) bool) map[string]string {
	out := map[string]string{}
	type step struct {
		d             *ast.Definition
		before, after string
	}
	todo := []step{{root, "{ ", " }"}}
	seen := map[string]bool{root.Name: true}
	for len(todo) > 0 {
		at := todo[0]
		todo = todo[1:]
		if at.d != root {
			out[at.d.Name] = at.before + w.fields(at.d) + at.after
		}
		for _, p := range w.GetPossibleTypes(at.d) {
			if p != at.d && !seen[p.Name] {
				seen[p.Name] = true
				todo = append(todo, step{p, at.before + "... on " + p.Name + " { ", " }" + at.after})
			}
		}
		for _, f := range at.d.Fields {
			to := w.Types[f.Type.Name()]
			if strings.HasPrefix(f.Name, "__") || !to.IsCompositeType() || seen[to.Name] || !through(at.d, f) {
				continue
			}
			seen[to.Name] = true
			todo = append(todo, step{to, at.before + w.field(f) + " { ", " }" + at.after})
		}
	}
	return out
}

// Every field of every type may be asked for, as storefronts do, and nothing
// of it is an error.
func TestEveryFieldIsAnswered(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, sqldb.SQLite))
	furnish(w)
	w.list(1, "first", true, 1, 2, 3)
	schema := walker{gqlparser.MustLoadSchema(&ast.Source{Input: string(api.Schema())})}
	jane := []string{"Authorization", "Bearer " + w.act, "X-Bc-Customer-Id", "1"}
	all := schema.documents(schema.Query, func(*ast.Definition, *ast.FieldDefinition) bool { return true })
	for name, query := range all {
		if a := w.ask(query, nil, jane...); a.Code != 200 || len(a.Errors) > 0 {
			t.Errorf("%s: %d %.300s\n%s", name, a.Code, a.Text, query)
		}
	}
	if len(all) < 380 {
		t.Errorf("%d types are reachable", len(all))
	}
}

// A mutation of what this service does not keep says that it was not found.
func TestEveryMutationIsAnswered(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, sqldb.SQLite))
	schema := walker{gqlparser.MustLoadSchema(&ast.Source{Input: string(api.Schema())})}
	own := []string{"login", "logout", "loginWithCustomerLoginJwt", "generateSessionSyncJwt", "validateSessionSyncJwt", "registerCompany"}
	all := []string{"Authorization", "Bearer " + w.token(auth.NewToken{Kind: auth.PrivateToken, Scopes: []string{"Unauthenticated", "Customer", "B2B"}})}
	var ask func(on *ast.Definition, before, after string)
	n := 0
	ask = func(on *ast.Definition, before, after string) {
		for _, f := range on.Fields {
			to := schema.Types[f.Type.Name()]
			if strings.HasSuffix(to.Name, "Mutations") {
				ask(to, before+f.Name+" { ", " }"+after)
				continue
			}
			if slices.Contains(own, f.Name) || slices.Contains([]string{"CustomerMutations", "NewsletterMutations", "WishlistMutations", "AnalyticsMutations"}, on.Name) {
				continue
			}
			query := "mutation " + before + schema.field(f) + " { __typename"
			if errs := to.Fields.ForName("errors"); errs != nil && schema.Types[errs.Type.Name()].Fields.ForName("message") != nil {
				query += " errors { message }"
			} else if errs != nil {
				query += " errors { ... on Error { message } }"
			}
			n++
			a := w.ask(query+" }"+after, nil, all...)
			if a.Code != 200 || strings.Count(a.Text, `"message":"Not found."`) != 1 {
				t.Errorf("%s: %d %.300s", query, a.Code, a.Text)
			}
		}
	}
	ask(schema.Mutation, "{ ", " }")
	if n < 34 {
		t.Errorf("%d mutations", n)
	}
	w.want(w.ask(`mutation { cart { createCartMetafield(input: {cartEntityId: "x", data: {key: "k", value: "v"}}) { metafield { id } errors { __typename ... on Error { message } } } } }`, nil), 200,
		`{"data":{"cart":{"createCartMetafield":{"metafield":null,"errors":[{"__typename":"NotFoundError","message":"Not found."}]}}}}`)
	w.want(w.ask(`mutation { cart { createCart(input: {lineItems: [{productEntityId: 1, quantity: 1}]}) { cart { entityId } } } }`, nil), 200,
		`{"data":{"cart":{"createCart":null}},"errors":[{"message":"Not found.","path":["cart","createCart"],"locations":[{"line":1,"column":19}]}]}`)
}

// What storefronts nest deeply costs what may come of it: nothing is there.
func TestDeepCatalogQueries(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, sqldb.SQLite))
	a := w.ask(`query Page($first: Int = 50) { __typename site { __typename
		search { searchProducts(filters: {searchTerm: "x"}) { products(first: $first) { edges { node { __typename name prices { price { value currencyCode } } images(first: 10) { edges { node { url(width: 10) } } }
			variants(first: 25) { edges { node { sku options(first: 10) { edges { node { displayName values(first: 25) { edges { node { label } } } } } } } } } } } collectionInfo { totalItems } }
			filters { edges { node { __typename name ... on BrandSearchFilter { brands(first: 50) { edges { node { name } } } } } } } } }
		category(entityId: 1) { name breadcrumbs(depth: 6) { edges { node { name path } } } }
		product(entityId: 1) { name relatedProducts(first: 20) { edges { node { name } } } }
		cart(entityId: "x") { lineItems { physicalItems { name } } } checkout(entityId: "x") { entityId }
		giftCertificate(code: "x") { code } content { blog { name posts(first: 9) { edges { node { name } } } } } }
		customer { orders(first: 50) { edges { node { entityId consignments { shipping { edges { node { lineItems { edges { node { name } } } } } } } } } } } }`, nil)
	if a.Code != 200 || len(a.Errors) > 0 || dig(a.Data, "site.search.searchProducts.products.collectionInfo.totalItems") != 0.0 {
		t.Errorf("%d %s", a.Code, a.Text)
	}
}
