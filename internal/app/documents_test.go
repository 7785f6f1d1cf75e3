package app_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"clientele/api"
	"clientele/internal/app"
	"clientele/internal/reference"
	"clientele/internal/testing/browser"
)

// The documentation in a real browser, on a server in development mode: every
// kind of page, and the first press of what it offers to try.
func TestDocumentsInBrowser(t *testing.T) {
	t.Parallel()
	s, _, _ := start(t, func(*app.Config) {})
	b := browser.Open(t, s.URL, "en-US")
	ok := `document.querySelector(".result[data-status='200']")`
	b.Open("/docs").See("docs-start")
	b.Open("/docs/api").See("docs-api")

	// The index shows what fits as one types.
	b.Eval(`(() => { const q = document.querySelector("#q"); q.value = "wishlist items"; q.dispatchEvent(new Event("input")); return "" })()`)
	b.Await(`document.querySelector("#found").textContent.startsWith("2 of ")`).Want("Add items to a wishlist")
	b.Await(`!document.body.innerText.includes("List customers")`).See("docs-api-filtered")
	b.Open("/docs/api?q=wishlist+items").Want("2 of ").See("docs-api-found")

	// The store's hash and a token are filled in.
	b.Open("/docs/api/getCustomers").Await(`document.querySelector("#try-token").value && document.querySelector("#try-store").value`)
	b.Tick(`form[data-try] .buttons button`).Await(ok).See("docs-tried")
	b.Open("/docs/api/createCustomers").Await(`document.querySelector("#try-token").value`)
	b.Tick(`form[data-try] .buttons button`).Await(ok).See("docs-created")
	b.Open("/docs/api/getCustomersCountV2").See("docs-operation")

	b.Open("/docs/graphql").See("docs-graphql").Tick(`[data-send]`).Await(ok).Await(`document.body.innerText.includes('"storeName": "My store"')`).See("docs-graphql-sent")
	b.Write("query", "{ site { settings { storeName nonsense } } }").Tick(`form[data-graphql] button:not([type])`)
	b.Await(`document.querySelector("[data-faults] .at")?.textContent === "Line 5, column 7"`).See("docs-graphql-wrong")
	b.Tick(`[data-faults] .at`).Await(`document.activeElement.id === "query" && document.activeElement.value.slice(document.activeElement.selectionStart).startsWith("nonsense")`)
	b.Open("/docs/graphql/types").See("docs-types")
	b.Open("/docs/graphql/types/Customer").See("docs-type")
	for _, name := range []string{"architecture", "performance"} {
		b.Open("/docs/" + name + ".md").See("docs-" + name)
	}
	b.Open("/docs/nothing").See("docs-missing")
}

// Without scripts the pages say what they have, find, format and check.
func TestDocumentsWithoutScripts(t *testing.T) {
	t.Parallel()
	s, _, _ := start(t, func(*app.Config) {})
	b := browser.Open(t, s.URL, "en-US").WithoutScripts()
	b.Open("/docs/api").Write("q", "wishlist items").Press(`.finder button`).Want("2 of ", "Add items to a wishlist")
	b.Press(`.ops a`).Want("Add items to a wishlist", "Trying it here needs JavaScript.", "curl")
	b.Open("/docs/graphql?example=countries").Want("Sending from here needs JavaScript")
	b.Write("query", "{ site { settings { storeName nonsense } } }").Press(`form[data-graphql] button:not([type])`).Want("Line 5, column 7: Cannot query field")
	b.Write("query", "{ site { settings { storeName } } }").Press(`form[data-graphql] button:not([type])`).Want("The query fits the schema.")
	b.Press(`.lead a[href$="/types"]`).Press(`a[href$="/types/Customer"]`).Want("isSubscribedToNewsletter", "Used by")
	b.Calm("without scripts")
}

// post asks the pages' own server, as their scripts do.
func post(t *testing.T, url string, body any, header ...string) (int, []byte) {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var b bytes.Buffer
	if _, err := b.ReadFrom(res.Body); err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, b.Bytes()
}

func key(t *testing.T, url string) (k reference.Key) {
	t.Helper()
	status, text := post(t, url, map[string]string{}, "X-Clientele-Docs", "1")
	if err := json.Unmarshal(text, &k); err != nil || status != http.StatusOK {
		t.Fatalf("%s: %d %s %v", url, status, text, err)
	}
	return k
}

// With the token that a page makes, every list of the management API answers
// at the first press, and every example of the editor runs.
func TestFirstPress(t *testing.T) {
	t.Parallel()
	s, _, _ := start(t, func(*app.Config) {})
	k := key(t, s.URL+reference.TokenPath)
	text, err := api.JSON()
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		Paths map[string]map[string]json.RawMessage
	}
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	n := 0
	for path, item := range document.Paths {
		if item["get"] == nil || !strings.HasPrefix(path, "/stores/{store_hash}") || strings.Count(path, "{") != 1 {
			continue
		}
		n++
		// The page fills in what is required.
		var op struct {
			Parameters []struct {
				Name, In string
				Required bool
				Schema   struct{ Examples []any }
			}
		}
		if err := json.Unmarshal(item["get"], &op); err != nil {
			t.Fatal(err)
		}
		filled := url.Values{}
		for _, p := range op.Parameters {
			if p.In == "query" && p.Required {
				filled.Set(p.Name, fmt.Sprint(p.Schema.Examples[0]))
			}
		}
		target := strings.Replace(path, "{store_hash}", k.StoreHash, 1)
		if len(filled) > 0 {
			target += "?" + filled.Encode()
		}
		status, body := fetch(t, http.MethodGet, s.URL+target, k.Token, "")
		if status != http.StatusOK && status != http.StatusNoContent {
			t.Errorf("%s: %d %.300s", path, status, body)
		}
	}
	if n < 20 {
		t.Errorf("only %d lists found", n)
	}
	g := key(t, s.URL+reference.GraphQLTokenPath)
	for _, e := range reference.QueryExamples() {
		variables := json.RawMessage("null")
		if e.Variables != "" {
			variables = json.RawMessage(e.Variables)
		}
		status, body := post(t, s.URL+"/graphql", map[string]any{"query": e.Query, "variables": variables}, "Authorization", "Bearer "+g.Token)
		var answer struct {
			Data   map[string]any
			Errors []any
		}
		if err := json.Unmarshal(body, &answer); err != nil || status != http.StatusOK || len(answer.Errors) > 0 || strings.Contains(string(body), "Error\"") {
			t.Errorf("the example %s: %d %s", e.Name, status, body)
		}
	}
}

// A page's token ends with its account.
func TestPageTokenEnds(t *testing.T) {
	t.Parallel()
	s, _, _ := start(t, func(*app.Config) {})
	k := key(t, s.URL+reference.TokenPath)
	st, err := s.Stores.ByHash(t.Context(), k.StoreHash)
	if err != nil {
		t.Fatal(err)
	}
	accounts, err := s.APIAccounts.List(t.Context(), st.ID)
	if err != nil {
		t.Fatal(err)
	}
	last := accounts[len(accounts)-1]
	if len(accounts) != 2 || last.Name != "API documents" {
		t.Fatalf("%d accounts, the last is %s", len(accounts), last.Name)
	}
	if err := s.APIAccounts.Revoke(t.Context(), st.ID, last.ID); err != nil {
		t.Fatal(err)
	}
	if status, _ := fetch(t, http.MethodGet, s.URL+"/stores/"+k.StoreHash+"/v3/customers", k.Token, ""); status != http.StatusUnauthorized {
		t.Errorf("after its account was revoked: %d", status)
	}
	again := key(t, s.URL+reference.TokenPath)
	if status, _ := fetch(t, http.MethodGet, s.URL+"/stores/"+k.StoreHash+"/v3/customers", again.Token, ""); status != http.StatusOK {
		t.Errorf("the next token: %d", status)
	}
	if status, body := post(t, s.URL+reference.TokenPath, map[string]string{"store_hash": "nowhere"}, "X-Clientele-Docs", "1"); status != http.StatusUnprocessableEntity {
		t.Errorf("a store that is not there: %d %s", status, body)
	}
}

// The server's own limits stand on its page.
func TestLimitsAreTold(t *testing.T) {
	t.Parallel()
	s, _, _ := start(t, func(c *app.Config) { c.RateLimitQuota, c.ConcurrencyCreate = 77, 5 })
	_, body := fetch(t, http.MethodGet, s.URL+"/docs/api", "", "")
	if want := "may make 77 requests in 1s, and have 5 creates under way at once."; !strings.Contains(body, want) {
		t.Errorf("no %q", want)
	}
}
