package tests

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"clientele/internal/rest"
	v2 "clientele/internal/rest/v2"
	v3 "clientele/internal/rest/v3"
)

var update = flag.Bool("update", false, "rewrite the coverage table of the README")

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
V3 /customers/subscribers GET POST DELETE
V3 /customers/subscribers/{subscriber_id} GET PUT DELETE
V3 /segments GET POST PUT DELETE
V3 /segments/{segmentId}/shopper-profiles GET POST DELETE
V3 /shopper-profiles GET POST DELETE
V3 /shopper-profiles/{shopperProfileId}/segments GET
V3 /hooks GET POST
V3 /hooks/admin GET PUT
V3 /hooks/{webhook_id} GET PUT DELETE
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
V2 /countries GET
V2 /countries/count GET
V2 /countries/{id} GET
V2 /countries/states GET
V2 /countries/states/count GET
V2 /countries/{country_id}/states GET
V2 /countries/{country_id}/states/count GET
V2 /countries/{country_id}/states/{id} GET
`

// offered are the versions of the API that the server offers.
func offered() map[string]rest.Surface {
	return map[string]rest.Surface{"V3": v3.New(v3.Services{}), "V2": v2.New(v2.Services{}, nil, "")}
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

// coverage is the README's table: what is documented with its state, then
// what is served beyond it.
func coverage() string {
	served := map[string][]string{} // "V3 /path" to methods
	names := map[string]string{}
	for version, s := range offered() {
		for _, r := range s.Routes() {
			key := version + " " + plain(r.Pattern)
			served[key] = append(served[key], r.Method)
			names[key] = r.Pattern
		}
	}
	var b strings.Builder
	b.WriteString("| API | Path | Works | Next |\n| --- | --- | --- | --- |\n")
	for line := range strings.Lines(strings.TrimSpace(documented)) {
		f := strings.Fields(line)
		key := f[0] + " " + plain(f[1])
		var works, next []string
		for _, m := range f[2:] {
			if slices.Contains(served[key], m) {
				works = append(works, m)
			} else {
				next = append(next, m)
			}
		}
		served[key] = slices.DeleteFunc(served[key], func(m string) bool { return slices.Contains(works, m) })
		fmt.Fprintf(&b, "| %s | `%s` | %s | %s |\n", f[0], f[1], strings.Join(works, " "), strings.Join(next, " "))
	}
	var more []string
	for key, methods := range served {
		if len(methods) > 0 {
			slices.Sort(methods)
			more = append(more, fmt.Sprintf("| %s | `%s` | %s | |\n", key[:2], names[key], strings.Join(methods, " ")))
		}
	}
	slices.Sort(more)
	return b.String() + strings.Join(more, "")
}

func TestTheReadmeTellsWhatWorks(t *testing.T) {
	const file = "../../README.md"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok1 := strings.Cut(string(text), "<!-- coverage -->\n")
	have, after, ok2 := strings.Cut(rest, "<!-- /coverage -->")
	if !ok1 || !ok2 {
		t.Fatal("the README has no coverage table")
	}
	want := coverage()
	if have == want {
		return
	}
	if !*update {
		t.Fatal("the README's coverage table is out of date: go test ./internal/tests -run Readme -update")
	}
	if err := os.WriteFile(file, []byte(before+"<!-- coverage -->\n"+want+"<!-- /coverage -->"+after), 0o644); err != nil {
		t.Fatal(err)
	}
}
