package tests

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"clientele/internal/graphql"
	"clientele/internal/rest"
	"clientele/internal/rest/storefront"
	v2 "clientele/internal/rest/v2"
	v3 "clientele/internal/rest/v3"
	"clientele/internal/rest/v3/clientele"
)

var update = flag.Bool("update", false, "rewrite the generated tables of the documents")

// documented lists the operations of the original's customer, subscriber,
// segment and webhook APIs, a path and its methods a line.
const documented = `
V3 /customers GET POST PUT DELETE
V3 /customers/addresses GET POST PUT DELETE
V3 /customers/attributes GET POST PUT DELETE
V3 /customers/attribute-values GET PUT DELETE
V3 /customers/form-field-values GET PUT
V3 /customers/metafields GET POST PUT DELETE
V3 /customers/{customerId}/metafields GET POST
V3 /customers/{customerId}/metafields/{metafieldId} GET PUT DELETE
V3 /customers/{customerId}/consent GET PUT
V3 /customers/{customerId}/stored-instruments GET
V3 /customers/settings GET PUT
V3 /customers/settings/channels/{channel_id} GET PUT
V3 /customers/validate-credentials POST
V3 /tax/customers GET PUT DELETE
V3 /pricelists/assignments GET POST DELETE
V3 /pricelists/{price_list_id}/assignments PUT
V3 /checkouts/settings GET PUT
V3 /checkouts/settings/channels/{channelId} GET PUT
V3 /marketing/email-templates GET
V3 /marketing/email-templates/{template-name} GET PUT DELETE
V3 /settings/email-statuses GET PUT
V3 /sites/{site_id}/routes GET POST PUT
V3 /sites/{site_id}/routes/{route_id} GET PUT DELETE
V3 /storefront/api-token POST DELETE
V3 /storefront/api-token-private POST
V3 /storefront/api-token-customer-impersonation POST
V3 /customers/subscribers GET POST DELETE
V3 /customers/subscribers/{subscriber_id} GET POST PUT DELETE
V3 /segments GET POST PUT DELETE
V3 /segments/{segmentId}/shopper-profiles GET POST DELETE
V3 /shopper-profiles GET POST DELETE
V3 /shopper-profiles/{shopperProfileId}/segments GET
V3 /hooks GET POST
V3 /hooks/admin GET PUT
V3 /hooks/{webhook_id} GET PUT DELETE
V3 /wishlists GET POST
V3 /wishlists/{wishlist_id} GET PUT DELETE
V3 /wishlists/{wishlist_id}/items POST
V3 /wishlists/{wishlist_id}/items/{item_id} DELETE
V2 /customers GET POST DELETE
V2 /customers/count GET
V2 /customers/{customer_id} GET PUT DELETE
V2 /customers/{customer_id}/validate POST
V2 /customers/{customer_id}/addresses GET POST DELETE
V2 /customers/{customer_id}/addresses/count GET
V2 /customers/{customer_id}/addresses/{customer_address_id} GET PUT DELETE
V2 /customer_groups GET POST
V2 /customer_groups/count GET
V2 /customer_groups/{customer_group_id} GET PUT DELETE
V2 /orders GET
V2 /orders/count GET
V2 /orders/{order_id} GET
V2 /countries GET
V2 /countries/count GET
V2 /countries/{id} GET
V2 /countries/states GET
V2 /countries/states/count GET
V2 /countries/{country_id}/states GET
V2 /countries/{country_id}/states/count GET
V2 /countries/{country_id}/states/{id} GET
SF /api/storefront/customers POST
SF /api/storefront/subscriptions POST
SF /api/storefront/consent POST
SF /api/storefront/form-fields GET
SF /login/token/{jwt} GET
SF /session-sync GET
SF /customer/current.jwt GET
`

// operation is a method and a path.
type operation struct{ method, path string }

// offered are the operations that the server offers, by API; SF is the
// storefront's.
func offered() map[string][]operation {
	out := map[string][]operation{}
	for _, s := range []rest.Surface{v3.New(v3.Services{}), clientele.New(clientele.Services{}), v2.New(v2.Services{}, nil, "")} {
		version, below, _ := strings.Cut(strings.TrimPrefix(s.Prefix(), "/stores/{store_hash}/"), "/")
		for _, r := range s.Routes() {
			out[strings.ToUpper(version)] = append(out[strings.ToUpper(version)], operation{r.Method, strings.TrimSuffix("/"+below, "/") + r.Pattern})
		}
	}
	for _, r := range storefront.New(storefront.Services{}).Routes() {
		out["SF"] = append(out["SF"], operation{r.Method, r.Pattern})
	}
	return out
}

// plain makes paths comparable: the names of parameters do not matter.
func plain(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		if strings.HasPrefix(p, "{") {
			parts[i] = "{}"
		}
	}
	return strings.Join(parts, "/")
}

// coverage is the table of docs/coverage.md: what is documented, with what is missing of
// it, then what is served beyond it.
func coverage(t *testing.T) string {
	served := map[string][]string{} // "V3 /path" to methods
	names := map[string]string{}
	for version, operations := range offered() {
		for _, o := range operations {
			key := version + " " + plain(o.path)
			served[key] = append(served[key], o.method)
			names[key] = o.path
		}
	}
	var b strings.Builder
	b.WriteString("| API | Path | Operations |\n| --- | --- | --- |\n")
	row := func(version, path string, operations []string) {
		fmt.Fprintf(&b, "| %s | `%s` | %s |\n", version, path, strings.Join(operations, " "))
	}
	for line := range strings.Lines(strings.TrimSpace(documented)) {
		f := strings.Fields(line)
		key := f[0] + " " + plain(f[1])
		works := slices.DeleteFunc(slices.Clone(f[2:]), func(m string) bool { return !slices.Contains(served[key], m) })
		served[key] = slices.DeleteFunc(served[key], func(m string) bool { return slices.Contains(works, m) })
		for _, m := range f[2:] {
			if !slices.Contains(works, m) {
				works = append(works, "(not yet: "+m+")")
			}
		}
		row(f[0], f[1], works)
	}
	for _, f := range graphqlOperations(t) {
		row("GraphQL", f.path, f.operations)
	}
	for _, key := range slices.Sorted(maps.Keys(served)) {
		if methods := served[key]; len(methods) > 0 {
			slices.Sort(methods)
			version, _, _ := strings.Cut(key, " ")
			row(version, names[key], methods)
		}
	}
	return b.String()
}

// fields are the fields of a type of the GraphQL schema.
type fields struct {
	path       string
	operations []string
}

// graphqlOperations are what is known of the GraphQL schemas: fields of their root
// types, of the groups of mutations, and of what is asked most.
func graphqlOperations(t *testing.T) []fields {
	storefront := schemaOperations(t, "storefront", graphql.Knows(), "Customer", "Site")
	admin := schemaOperations(t, "admin", graphql.AdminKnows(), "Store", "I18n")
	for i := range admin {
		admin[i].path = "admin: " + admin[i].path
	}
	return append(storefront, admin...)
}

// schemaOperations are those of one schema, with the fields of groups.
func schemaOperations(t *testing.T, name string, knows func(object, field string) bool, groups ...string) []fields {
	text, err := os.ReadFile("../../api/" + name + ".graphql")
	if err != nil {
		t.Fatal(err)
	}
	schema, err := gqlparser.LoadSchema(&ast.Source{Input: string(text)})
	if err != nil {
		t.Fatal(err)
	}
	var out []fields
	var add func(path string, d *ast.Definition)
	add = func(path string, d *ast.Definition) {
		i := len(out)
		out = append(out, fields{path: path})
		for _, f := range d.Fields {
			if strings.HasPrefix(f.Name, "__") || !knows(d.Name, f.Name) {
				continue
			}
			of := schema.Types[f.Type.Name()]
			if strings.HasSuffix(of.Name, "Mutations") || d == schema.Query && slices.Contains(groups, of.Name) {
				add(path+" { "+f.Name+" }", of)
				continue
			}
			out[i].operations = append(out[i].operations, f.Name)
		}
	}
	add("query", schema.Query)
	add("mutation", schema.Mutation)
	return slices.DeleteFunc(out, func(f fields) bool { return len(f.operations) == 0 })
}

func TestCoverage(t *testing.T) {
	generated(t, "docs/coverage.md", "coverage", coverage(t))
}
