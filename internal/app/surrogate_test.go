package app_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"clientele/internal/app"
)

// Half a character is bad JSON, or bad XML, in the words of every surface, and
// leaves nothing; a whole one written as two halves is kept.
func TestHalfCharacters(t *testing.T) {
	t.Parallel()
	s, _, _ := start(t, func(c *app.Config) { c.Seed = write(t, bodiesSeed) })
	_, text := fetch(t, http.MethodPost, s.URL+"/stores/one/v3/storefront/api-token", "tok-b", fmt.Sprintf(`{"channel_id":1,"expires_at":%d}`, time.Now().Unix()+3600))
	bearer := regexp.MustCompile(`"token":"([^"]+)"`).FindStringSubmatch(text)
	if bearer == nil {
		t.Fatal(text)
	}
	send := func(method, path, kind, body string) (int, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", kind)
		req.Header.Set("Accept", kind)
		req.Header.Set("X-Auth-Token", "tok-b")
		req.Header.Set("Authorization", "Bearer "+bearer[1])
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(b)
	}
	const js, xml = "application/json", "application/xml"
	const mutation = `mutation($e: String!) { newsletter { subscribe(input: {email: $e, firstName: %s, lastName: \"L\"}) { errors { __typename } } } }`
	graphql := func(name, variable string) string {
		return `{"query":"` + fmt.Sprintf(mutation, name) + `","variables":{"e":"g@example.com","x":"` + variable + `"}}`
	}
	for _, half := range []string{`\ud800`, `\udfff`, `\udc00\ud800`, `\ud83dx`, `\ud83d\u0041`, `\ud83d\\ude00`} {
		inner := strings.ReplaceAll(half, `\`, `\\`) // within a string of JSON
		for _, c := range []struct {
			name, method, path, kind, body string
			status                         int
			shape                          string
		}{
			{"V3", "POST", "/stores/one/v3/customers", js, `[{"email":"a@example.com","first_name":"` + half + `","last_name":"L"}]`, 422, `"title":"JSON data is missing or invalid"`},
			{"V3 name", "POST", "/stores/one/v3/customers", js, `[{"email":"a@example.com","first_name":"F","last_name":"L","` + half + `":1}]`, 422, `"title":"JSON data is missing or invalid"`},
			{"V2", "POST", "/stores/one/v2/customers", js, `{"email":"a@example.com","first_name":"` + half + `","last_name":"L"}`, 400, `[{"status":400,"message":`},
			{"storefront", "POST", "/api/storefront/subscriptions", js, `{"email":"a@example.com","firstName":"` + half + `","acceptsMarketingNewsletter":true}`, 400, `"status":400`},
			{"sign-in link", "POST", "/login.php?action=passwordless_login", js, `{"email":"a@example.com","redirect_url":"/` + half + `"}`, 400, `{"status":400`},
			{"GraphQL variable", "POST", "/graphql", js, graphql(`\"F\"`, half), 400, `{"errors":[{"message":"The body is no valid JSON of a GraphQL request."}]}`},
			{"GraphQL query", "POST", "/graphql", js, graphql(`\"`+inner+`\"`, "x"), 400, `{"errors":[{"message":"A string of the query has a surrogate without its pair"}]}`},
			{"GraphQL text", "POST", "/graphql", js, `{"query":"{ channel { entityId } } # ` + half + `"}`, 400, `{"errors":[`},
			{"GraphQL document", "POST", "/graphql", "application/graphql", `{ channel { entityId } a: route(path: "` + half + `") { node { __typename } } }`, 400, `{"errors":[`},
			{"GraphQL by address", "GET", "/graphql?query=" + url.QueryEscape(`query($x: Int) { customer { addresses(first: $x) { edges { node { city } } } } }`) + "&variables=" + url.QueryEscape(`{"x":"`+half+`"}`), js, "", 400, `{"errors":[{"message":"The variables must be a JSON object."}]}`},
		} {
			if c.name == "GraphQL document" && strings.HasPrefix(half, `\ud83d\\`) {
				continue
			}
			if status, text := send(c.method, c.path, c.kind, c.body); status != c.status || !strings.Contains(text, c.shape) {
				t.Errorf("%s, %s: %d %s", c.name, half, status, text)
			}
		}
	}
	for _, half := range []string{"&#xD800;", "&#xdfff;", "&#55296;", "&#x0000D83D;&#xDE00;", "x&#57343;"} {
		for _, body := range []string{
			`<customer><email>a@example.com</email><first_name>` + half + `</first_name><last_name>L</last_name></customer>`,
			`<customer note="` + half + `"><email>a@example.com</email><first_name>F</first_name><last_name>L</last_name></customer>`,
		} {
			if status, text := send("POST", "/stores/one/v2/customers", xml, body); status != 400 || !strings.Contains(text, "<errors><error><status>400</status>") {
				t.Errorf("XML %s: %d %s", body, status, text)
			}
		}
	}
	// Nothing of it was kept.
	for _, path := range []string{"/stores/one/v3/customers", "/stores/one/v3/customers/subscribers"} {
		if _, text := fetch(t, http.MethodGet, s.URL+path, "tok-b", ""); !strings.Contains(text, `"total":0`) {
			t.Errorf("%s: %s", path, text)
		}
	}
	// Whole characters are good on all of them.
	const pair = `\ud83d\ude00`
	for name, c := range map[string][3]string{
		"V3":               {"/stores/one/v3/customers", js, `[{"email":"v3@example.com","first_name":"` + pair + `","last_name":"L"}]`},
		"V2":               {"/stores/one/v2/customers", js, `{"email":"v2@example.com","first_name":"` + pair + `","last_name":"L"}`},
		"XML":              {"/stores/one/v2/customers", xml, `<customer><email>x@example.com</email><first_name>&#x1F600;</first_name><last_name><![CDATA[&#xD800;]]></last_name><!-- &#xD800; --></customer>`},
		"storefront":       {"/api/storefront/customers", js, `{"email":"s@example.com","firstName":"` + pair + `","lastName":"L","password":"some pass 12"}`},
		"GraphQL":          {"/graphql", js, graphql(`\"\\ud83d\\ude00\"`, pair)},
		"GraphQL document": {"/graphql", "application/graphql", `{ channel { entityId } } # \ud83d`},
	} {
		if status, text := send(http.MethodPost, c[0], c[1], c[2]); status < 200 || status > 299 {
			t.Errorf("%s: %d %s", name, status, text)
		}
	}
	for path, want := range map[string]int{"/stores/one/v3/customers": 4, "/stores/one/v3/customers/subscribers": 1} {
		if _, text := fetch(t, http.MethodGet, s.URL+path, "tok-b", ""); strings.Count(text, `"first_name":"😀"`) != want {
			t.Errorf("%s: %s", path, text)
		}
	}
}
