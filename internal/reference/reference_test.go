package reference

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/go-chi/chi/v5"
	xhtml "golang.org/x/net/html"

	"clientele/api"
	"clientele/api/apitest"
	"clientele/docs"
	"clientele/internal/devtools"
	"clientele/internal/serve"
	"clientele/internal/system"
)

// keys makes a token that names what it is for.
type keys struct{}

func (keys) Management(_ context.Context, hash string) (Key, error) {
	return Key{StoreHash: hash, Token: "token of " + hash}, nil
}

func (keys) Storefront(_ context.Context, scheme, host string) (Key, error) {
	return Key{Token: scheme + "://" + host}, nil
}

func config(t testing.TB) Config {
	t.Helper()
	return Config{
		Version: api.Version(), OpenAPI: api.YAML, OpenAPIJSON: api.JSON, Schema: api.Schema, Documents: docs.Files, Keys: keys{}, Admit: (&devtools.Access{}).Admit,
		Base: "http://127.0.0.1:8080", Management: "http://127.0.0.1:8080", Limits: "On this server there are limits.", Pipeline: serve.New(serve.Config{System: system.Real(), Log: slog.New(slog.DiscardHandler)}),
		Examine: func(q string) (string, []Fault) {
			if strings.Contains(q, "wrong") {
				return "{\n  wrong\n}", []Fault{{2, 3, `no "wrong" <b>here</b>`}}
			}
			return strings.TrimSpace(q), nil
		},
		Read: func(_ http.ResponseWriter, r *http.Request) ([]byte, error) { return io.ReadAll(r.Body) },
	}
}

func open(t testing.TB, change func(*Config)) http.Handler {
	t.Helper()
	c := config(t)
	if change != nil {
		change(&c)
	}
	router := chi.NewRouter()
	New(c).Mount(router)
	return router
}

func ask(t testing.TB, h http.Handler, method, target string, body string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	r.RemoteAddr, r.Host = "127.0.0.1:4711", "127.0.0.1:8080"
	r.Header.Set("Accept", "text/html")
	for i := 0; i < len(header); i += 2 {
		switch header[i] {
		case "Host":
			r.Host = header[i+1]
		case "Remote":
			r.RemoteAddr = header[i+1]
		default:
			r.Header.Set(header[i], header[i+1])
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// links returns where a page leads and what it loads.
func links(t *testing.T, body string) (out, ids []string) {
	t.Helper()
	root, err := xhtml.Parse(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		for _, a := range n.Attr {
			switch {
			case a.Key == "id":
				ids = append(ids, a.Val)
			case a.Key == "href" || a.Key == "src" || a.Key == "action" || a.Key == "data-token":
				out = append(out, a.Val)
			}
			if strings.HasPrefix(a.Key, "on") || a.Key == "style" {
				t.Errorf("<%s %s=%q>: the policy lets no script or style in a page", n.Data, a.Key, a.Val)
			}
		}
	}
	return out, ids
}

// maxPage bounds a page as it is sent.
const maxPage = 60 << 10

// Every page that can be reached has what its links name, is small, and keeps
// to the policy.
func TestEveryPage(t *testing.T) {
	h := open(t, nil)
	pages := map[string]*httptest.ResponseRecorder{}
	ids := map[string][]string{}
	from := map[string]string{Path: ""}
	var targets []struct{ page, at, id string }
	largest, at := 0, ""
	for queue := []string{Path}; len(queue) > 0; queue = queue[1:] {
		p := queue[0]
		method := http.MethodGet
		if strings.HasSuffix(p, "/token") {
			continue
		}
		w := ask(t, h, method, p, "", "Accept-Encoding", "gzip")
		pages[p] = w
		if w.Code != http.StatusOK {
			t.Errorf("%s, to which %s leads: %d", p, from[p], w.Code)
			continue
		}
		if !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
			continue
		}
		if got := w.Header().Get("Content-Security-Policy"); got != policy {
			t.Errorf("%s: the policy is %s", p, got)
		}
		if n := w.Body.Len(); n > largest {
			largest, at = n, p
		}
		z, err := gzip.NewReader(w.Body)
		if err != nil {
			t.Fatal(p, err)
		}
		text, err := io.ReadAll(z)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "ZgotmplZ") || strings.Contains(string(text), "[reason]") || strings.Contains(string(text), "%!") {
			t.Errorf("%s: a template went wrong", p)
		}
		var found []string
		found, ids[p] = links(t, string(text))
		if !slices.Contains(ids[p], "main") {
			t.Errorf("%s has no main part", p)
		}
		for i, id := range ids[p] {
			if slices.Contains(ids[p][:i], id) {
				t.Errorf("%s has two parts %q", p, id)
			}
		}
		for _, l := range found {
			if l == "data:," || strings.HasPrefix(l, "https://") {
				continue
			}
			to, err := url.Parse(l)
			if err != nil || to.Host != "" {
				t.Errorf("%s leads to %s", p, l)
				continue
			}
			to = (&url.URL{Path: p}).ResolveReference(to)
			if _, known := from[to.Path]; !known {
				from[to.Path] = p
				queue = append(queue, to.Path)
			}
			if to.Fragment != "" {
				targets = append(targets, struct{ page, at, id string }{p, to.Path, to.Fragment})
			}
		}
	}
	for _, x := range targets {
		if !slices.Contains(ids[x.at], x.id) {
			t.Errorf("%s leads to %s#%s, which is not there", x.page, x.at, x.id)
		}
	}
	if largest > maxPage {
		t.Errorf("%s takes %d bytes", at, largest)
	}
	var document struct {
		Paths map[string]map[string]json.RawMessage
	}
	text, err := config(t).OpenAPIJSON()
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, item := range document.Paths {
		for method, text := range item {
			if method == "parameters" {
				continue
			}
			n++
			var op struct{ OperationID string }
			if err := json.Unmarshal(text, &op); err != nil {
				t.Fatal(err)
			}
			if pages["/docs/api/"+op.OperationID] == nil {
				t.Errorf("no page leads to %s", op.OperationID)
			}
		}
	}
	if err := fs.WalkDir(docs.Files, ".", func(name string, _ fs.DirEntry, err error) error {
		if path.Ext(name) == ".md" && pages["/docs/"+name] == nil {
			t.Errorf("no page leads to %s", name)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d pages, %d of operations; the largest is %s with %d bytes", len(pages), n, at, largest)
}

// What an operation needs stands on its page.
func TestOperationPage(t *testing.T) {
	h := open(t, nil)
	for p, want := range map[string][]string{
		"/docs/api/updateCustomers": {"<h1>Update customers</h1>", "curl -X PUT &#39;http://127.0.0.1:8080/stores/STORE_HASH/v3/customers&#39;", "-H &#39;X-Auth-Token: ACCESS_TOKEN&#39;", "store_v2_customers", `<code class="name">force_password_reset</code>`, `<span class="status">413</span>`, `data-token="/docs/token"`, `<span class="fact">1 to 10 items</span>`},
		"/docs/api/getCustomers":    {`placeholder="ines.duarte@example.com"`, "date_created:min", "store_v2_customers_read_only", `<span class="k">&#34;email&#34;</span>`},
		"/docs/api/getFormFields":   {"BigCommerce has no such operation."},
		"/docs/api/getHealth":       {"No access token is needed."},
	} {
		w := ask(t, h, "GET", p, "")
		if w.Code == http.StatusNotFound { // named otherwise: found by the index
			t.Errorf("no page %s", p)
			continue
		}
		for _, s := range want {
			if !strings.Contains(w.Body.String(), s) {
				t.Errorf("%s: no %s", p, s)
			}
		}
	}
}

// The management API at a door of its own cannot be called from a page here.
func TestManagementElsewhere(t *testing.T) {
	h := open(t, func(c *Config) { c.Management = "http://127.0.0.1:9090" })
	body := ask(t, h, "GET", "/docs/api/getCustomers", "").Body.String()
	if !strings.Contains(body, "http://127.0.0.1:9090/stores/") || strings.Contains(body, "data-try") {
		t.Error("the page offers to call another address")
	}
	if !strings.Contains(ask(t, h, "GET", "/docs/api/getHealth", "").Body.String(), "data-try") {
		t.Error("what is served here cannot be tried")
	}
}

// Without scripts a form finds operations and types.
func TestFilter(t *testing.T) {
	h := open(t, nil)
	for target, c := range map[string]struct{ has, hasNot string }{
		"/docs/api?q=attribute+values+delete":  {"/docs/api/deleteCustomersAttributeValues", "/docs/api/getCustomers"},
		"/docs/api?q=WISHLISTS":                {"/docs/api/getWishlists", "/docs/api/getCustomers\""},
		"/docs/api?q=nonsense":                 {"Nothing has all of these words.", "data-words"},
		"/docs/graphql/types?q=registerresult": {"Nothing", "data-words"},
		"/docs/graphql/types?q=isSubscribed":   {typeURL("Customer"), typeURL("Cart") + `"`},
	} {
		w := ask(t, h, "GET", target, "")
		if body := w.Body.String(); w.Code != 200 || !strings.Contains(body, c.has) || strings.Contains(body, c.hasNot) {
			t.Errorf("%s: %d, wants %q and not %q", target, w.Code, c.has, c.hasNot)
		}
	}
	body := ask(t, h, "GET", "/docs/api?q="+url.QueryEscape(`"><script>alert(1)</script>`), "").Body.String()
	if strings.Contains(body, "<script>alert") || !strings.Contains(body, "&lt;script&gt;alert(1)") {
		t.Error("what is looked for is not text")
	}
}

const evil = `<script>alert(1)</script><img src=x onerror="alert(2)"> [x](javascript:alert(3))`

// Whatever the documents hold is text.
func TestInjection(t *testing.T) {
	quoted := "'" + strings.ReplaceAll(evil, "'", "''") + "'"
	h := open(t, func(c *Config) {
		c.OpenAPI = written(`
openapi: 3.1.0
info: {title: T, version: 1.0.0, description: ` + quoted + `}
tags: [{name: ` + quoted + `, description: ` + quoted + `}]
paths:
  /stores/{store_hash}/x:
    post:
      operationId: evil
      tags: [` + quoted + `]
      summary: ` + quoted + `
      description: ` + quoted + `
      x-scope: [` + quoted + `]
      parameters: [{name: ` + quoted + `, in: query, description: ` + quoted + `, schema: {type: string, enum: [` + quoted + `], examples: [` + quoted + `]}}]
      requestBody: {content: {application/json: {schema: {type: object, description: ` + quoted + `, properties: {` + quoted + `: {type: string, description: ` + quoted + `}}}, example: {` + quoted + `: ` + quoted + `}}}}
      responses: {'200': {description: ` + quoted + `, content: {application/xml: {schema: {type: string}, example: ` + quoted + `}}}}
`)
		block := `"""` + "\n" + evil + "\n" + `"""` + "\n"
		c.Schema = written(block + "type Query {\n" + block + "x(" + block + "a: String = " + `"<script>alert(1)</script>"` + "): E @deprecated(reason: " + `"<script>alert(1)</script>"` + ")\n}\n" + block + "enum E {\n" + block + "A\n}\n")
	})
	for _, p := range []string{"/docs/api", "/docs/api?q=script", "/docs/api/evil", "/docs/graphql/types", "/docs/graphql/types/Query", "/docs/graphql/types/E"} {
		w := ask(t, h, "GET", p, "")
		if w.Code != 200 {
			t.Errorf("%s: %d", p, w.Code)
		}
		found, _ := links(t, w.Body.String())
		for _, l := range found {
			if strings.HasPrefix(strings.ToLower(l), "javascript:") {
				t.Errorf("%s leads to %s", p, l)
			}
		}
		root, err := xhtml.Parse(w.Body)
		if err != nil {
			t.Fatal(err)
		}
		for n := range root.Descendants() {
			if n.Type == xhtml.ElementNode && (n.Data == "img" || n.Data == "script" && len(n.Attr) < 2) {
				t.Errorf("%s holds <%s>", p, n.Data)
			}
		}
	}
}

// The editor works without scripts: the server formats and places faults.
func TestExamine(t *testing.T) {
	h := open(t, nil)
	post := func(form url.Values, header ...string) *httptest.ResponseRecorder {
		return ask(t, h, "POST", "/docs/graphql", form.Encode(), append([]string{"Content-Type", "application/x-www-form-urlencoded"}, header...)...)
	}
	w := post(url.Values{"query": {"{ wrong }"}, "variables": {`{"a":1}`}})
	for _, want := range []string{"Line 2, column 3: no &#34;wrong&#34; &lt;b&gt;here&lt;/b&gt;", `<li class="bad-line">2</li>`, "{\n  wrong\n}", "{&#34;a&#34;:1}", "<title>Error: GraphQL"} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("no %s", want)
		}
	}
	if w := post(url.Values{"query": {" { fine } "}}); !strings.Contains(w.Body.String(), "The query fits the schema.") {
		t.Error("a good query is not said to be one")
	}
	var got struct {
		Query, Refused string
		Faults         []struct{ Line, Column int }
	}
	if err := json.Unmarshal(post(url.Values{"query": {"{ wrong }"}}, "Accept", "application/json").Body.Bytes(), &got); err != nil || len(got.Faults) != 1 || got.Faults[0].Line != 2 {
		t.Errorf("%+v %v", got, err)
	}
	for name, w := range map[string]*httptest.ResponseRecorder{
		"too long": post(url.Values{"query": {strings.Repeat("x", maxQuery+1)}}), "not a form": ask(t, h, "POST", "/docs/graphql", "{}", "Content-Type", "application/json"),
	} {
		if !strings.Contains(w.Body.String(), `role="alert"`) {
			t.Errorf("%s: taken", name)
		}
	}
}

// Tokens are made for pages of this server that are read on the machine itself.
func TestTokensAreGuarded(t *testing.T) {
	h := open(t, nil)
	good := []string{tokenHeader, "1", "Sec-Fetch-Site", "same-origin"}
	for _, p := range []string{TokenPath, GraphQLTokenPath} {
		if w := ask(t, h, "POST", p, `{"store_hash":"abc"}`, good...); w.Code != 200 || w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: %d %v", p, w.Code, w.Header())
		}
		if w := ask(t, h, "POST", p, "", append(good, "Host", "store-abc.localhost:8080", "Remote", "[::1]:1")...); w.Code != 200 {
			t.Errorf("%s at another name of the machine: %d", p, w.Code)
		}
		for name, change := range map[string][]string{
			"another name":    {"Host", "shop.example"},
			"a rebound name":  {"Host", "127.0.0.1.shop.example:8080"},
			"another machine": {"Remote", "192.168.1.7:4711"},
			"another site":    {"Sec-Fetch-Site", "cross-site"},
			"another port":    {"Sec-Fetch-Site", "same-site"},
			"an address bar":  {"Sec-Fetch-Site", "none"},
			"no script":       {tokenHeader, ""},
			"a proxy":         {"X-Forwarded-For", "203.0.113.7"},
			"a tunnel":        {"Forwarded", "for=203.0.113.7"},
		} {
			if w := ask(t, h, "POST", p, "", append(slices.Clone(good), change...)...); w.Code != http.StatusForbidden || strings.Contains(w.Body.String(), "token of") {
				t.Errorf("%s for %s: %d %s", p, name, w.Code, w.Body)
			}
		}
		if w := ask(t, h, "GET", p, "", good...); w.Code == 200 {
			t.Errorf("%s can be read", p)
		}
	}
	if w := ask(t, h, "POST", TokenPath, "nonsense", good...); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("nonsense: %d", w.Code)
	}
	production := open(t, func(c *Config) { c.Keys = nil })
	for _, p := range []string{TokenPath, GraphQLTokenPath} {
		if w := ask(t, production, "POST", p, "", good...); w.Code == 200 {
			t.Errorf("%s in production: %d", p, w.Code)
		}
	}
	for _, p := range []string{"/docs/api/getCustomers", "/docs/graphql"} {
		if strings.Contains(ask(t, production, "GET", p, "").Body.String(), "data-token") {
			t.Errorf("%s offers a token in production", p)
		}
	}
}

// Documents are shown with links that work on a code host, too.
func TestDocuments(t *testing.T) {
	h := open(t, func(c *Config) {
		c.Documents = fstest.MapFS{
			"zebra.md":    {Data: []byte("# Aardvark & more\n\nThe *first* words.\n\n## Part one\n\n[other](other.md#here) [api](../api/openapi.yaml) [read](../README.md) [code](../internal/app/app.go) ![p](p.png)\n\n|  | b |\n|---|--:|\n| 1 | 2 |\n\n```go\nx := 1 < 2\n```\n")},
			"other.md":    {Data: []byte("# Zoo\n\n## Here\n\nText")},
			"p.png":       {Data: []byte("\x89PNG")},
			"ignore.yaml": {Data: []byte("a: 1")},
		}
	})
	body := ask(t, h, "GET", "/docs/zebra.md", "").Body.String()
	for _, want := range []string{`<a href="other.md#here">other</a>`, `<a href="/docs/api">api</a>`, `<a href="/docs">read</a>`, ` code <img src="p.png"`, `<h2 id="part-one">`, "x := 1 &lt; 2", "<td></td>", `<td align="right">2</td>`, "<title>Aardvark &amp; more – Clientele</title>"} {
		if !strings.Contains(body, want) {
			t.Errorf("no %s in\n%s", want, body)
		}
	}
	start := ask(t, h, "GET", "/docs", "").Body.String()
	if a, b := strings.Index(start, "Aardvark"), strings.Index(start, "Zoo"); a < 0 || b < a || !strings.Contains(start, "The first words.") {
		t.Errorf("the index is\n%s", start)
	}
	if w := ask(t, h, "GET", "/docs/p.png", ""); w.Header().Get("Content-Type") != "image/png" {
		t.Errorf("the picture: %d %v", w.Code, w.Header())
	}
	for _, p := range []string{"/docs/ignore.yaml", "/docs/nothing.md", "/docs/api/nothing", "/docs/graphql/types/Nothing", "/docs/../zebra.md", "/docs/docs.go"} {
		if w := ask(t, h, "GET", p, ""); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", p, w.Code)
		}
	}
}

// The contract's own operations keep it, to people and to programs.
func TestContract(t *testing.T) {
	validator := apitest.New(t)
	h := open(t, nil)
	for _, p := range []string{"/docs", YAMLPath, JSONPath} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			w := ask(t, h, method, p, "")
			r := httptest.NewRequestWithContext(t.Context(), method, p, nil)
			if err := validator.Check(r, nil, w.Code, w.Header(), w.Body.Bytes()); err != nil {
				t.Error(err)
			}
			again := ask(t, h, method, p, "", "If-None-Match", w.Header().Get("ETag"))
			if err := validator.Check(r, nil, again.Code, again.Header(), again.Body.Bytes()); err != nil || again.Code != http.StatusNotModified {
				t.Errorf("%s %s: %d for a known ETag, %v", method, p, again.Code, err)
			}
		}
	}
	if got := ask(t, h, "GET", YAMLPath, "").Body.String(); got != string(api.YAML()) {
		t.Error("openapi.yaml is not the document")
	}
	if got := ask(t, h, "GET", SchemaPath, "").Body.String(); got != string(api.Schema()) {
		t.Error("storefront.graphql is not the schema")
	}
	w := ask(t, h, "GET", "/docs/nothing", "", "Accept", "application/json")
	r := httptest.NewRequestWithContext(t.Context(), "GET", "/docs/nothing", nil)
	if err := validator.CheckRefusal(r, w.Code, w.Header(), w.Body.Bytes()); err != nil || w.Code != http.StatusNotFound {
		t.Errorf("a missing page: %d, %v", w.Code, err)
	}
	if w := ask(t, h, "GET", "/docs/", ""); w.Code != http.StatusMovedPermanently || w.Header().Get("Location") != "/docs" {
		t.Errorf("/docs/: %d to %q", w.Code, w.Header().Get("Location"))
	}
	if err := validator.Check(httptest.NewRequestWithContext(t.Context(), "GET", "/docs/reference.js", nil), nil, 200, http.Header{}, nil); !errors.Is(err, apitest.ErrUndeclared) {
		t.Errorf("got %v, want ErrUndeclared", err)
	}
}

// There is one version, and it is shown.
func TestOneVersion(t *testing.T) {
	h := open(t, nil)
	if v := api.Version(); !regexp.MustCompile(`^\d+\.\d+\.\d+$`).MatchString(v) || !strings.Contains(ask(t, h, "GET", "/docs", "").Body.String(), v) {
		t.Errorf("the version %q is not shown", v)
	}
}

// Examples are written on one line where that is readable.
func TestExampleText(t *testing.T) {
	d, err := readDocument([]byte(`
info: {title: T}
x: {short: {a: 1, b: [1.5, true, null, "q\"<"]}, long: {text: "` + strings.Repeat("x", 80) + `", list: [1, 2]}}
`))
	if err != nil {
		t.Fatal(err)
	}
	plain, painted := d.exampleText(d.at(d.root, "x"), "application/json")
	want := "{\n  \"short\": {\"a\": 1, \"b\": [1.5, true, null, \"q\\\"<\"]},\n  \"long\": {\n    \"text\": \"" + strings.Repeat("x", 80) + "\",\n    \"list\": [1, 2]\n  }\n}"
	if plain != want || !json.Valid([]byte(plain)) || strings.Contains(string(painted), `"<"`) {
		t.Errorf("%s\n%s", plain, painted)
	}
	if got := shellQuote("it's"); got != `'it'\''s'` {
		t.Error(got)
	}
}

// Documents with mistakes stop the start, not a visitor.
func TestBadDocuments(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"no YAML":        func(c *Config) { c.OpenAPI = written("\t:") },
		"empty":          func(c *Config) { c.OpenAPI = written("") },
		"an unknown tag": func(c *Config) { c.OpenAPI = written("paths: {/x: {get: {operationId: a, tags: [b]}}}") },
		"no schema":      func(c *Config) { c.Schema = written("type {") },
	} {
		c := config(t)
		change(&c)
		if _, err := read(c); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

// A server whose documents nobody asks for does not read them.
func TestDocumentsAreReadWhenAskedFor(t *testing.T) {
	reads := 0
	h := open(t, func(c *Config) {
		c.OpenAPIJSON = func() ([]byte, error) { reads++; return api.JSON() }
	})
	if reads != 0 {
		t.Error("they are read at the start")
	}
	for range 2 {
		if got := ask(t, h, "GET", "/openapi.json", ""); got.Code != 200 || reads != 1 {
			t.Errorf("%d, read %d times", got.Code, reads)
		}
	}
	broken := open(t, func(c *Config) { c.Schema = written("type {") })
	if got := ask(t, broken, "GET", "/docs", ""); got.Code != 500 {
		t.Errorf("a document that cannot be read: %d", got.Code)
	}
}

func written(s string) func() []byte { return func() []byte { return []byte(s) } }
