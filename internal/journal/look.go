package journal

import (
	_ "embed"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"

	"clientele/api/contract"
	"clientele/internal/trouble"
)

// found is what is found out of an entry when somebody asks.
type found struct {
	operation string
	path      string // of the operation in the API document
	checked   bool
	problems  []string  // what the API document does not say
	warnings  []warning // what its client should know
	original  string    // the original's operation that nobody serves here
}

// warning is a sentence with a name in it that a client has given.
type warning struct{ format, name string }

// look finds out what there is to know of an entry, once.
func (e *Entry) look() *found {
	e.once.Do(func() {
		e.found.operation = e.name()
		e.check()
		e.warn()
		if e.Unmatched() {
			e.found.original = originals()(e.Method, e.path())
		}
	})
	return &e.found
}

// Unmatched reports whether nobody serves the path.
func (e *Entry) Unmatched() bool { return e.Pattern == "" || strings.HasSuffix(e.Pattern, "/*") }

// Operation is the operationId in the API document, or what a GraphQL request
// calls its operation.
func (e *Entry) Operation() string { return e.look().operation }

func (e *Entry) path() string {
	path, _, _ := strings.Cut(e.URI, "?")
	if plain, err := url.PathUnescape(path); err == nil {
		path = plain
	}
	if e.Surface == "v2" || e.Surface == "v3" {
		for _, extension := range []string{".json", ".xml"} {
			path = strings.TrimSuffix(path, extension)
		}
		if rest, ok := strings.CutPrefix(path, "/api/v2"); ok {
			path = "/stores/" + e.StoreHash + "/v2" + rest
		}
	}
	if len(path) > 1 {
		path = strings.TrimSuffix(path, "/")
	}
	return path
}

func (e *Entry) name() string {
	if e.Surface == "graphql" {
		return Asked(e.URI, e.text()).Name
	}
	v, err := contract.New()
	if err != nil {
		return ""
	}
	op, _ := v.Find(e.Method, e.path())
	e.found.path = op.Path
	return op.OperationID
}

// GraphQL is what a GraphQL request asks for.
type GraphQL struct {
	// Name is what it calls its operation, or the first field that it asks for.
	Name  string
	Query string
}

var (
	field = regexp.MustCompile(`\{\s*(?:[A-Za-z_]\w*\s*:\s*)?([A-Za-z_]\w*)`)
	named = regexp.MustCompile(`^\s*(?:query|mutation)\s+([A-Za-z_]\w*)`)
)

// Asked reads what a GraphQL request asks for.
func Asked(uri string, body []byte) GraphQL {
	var in struct {
		Query         string `json:"query"`
		OperationName string `json:"operationName"`
	}
	if json.Unmarshal(body, &in) != nil {
		in.Query = string(body)
	}
	if in.Query == "" {
		if _, query, ok := strings.Cut(uri, "?"); ok {
			if values, err := url.ParseQuery(query); err == nil {
				in.Query, in.OperationName = values.Get("query"), values.Get("operationName")
			}
		}
	}
	out := GraphQL{Name: in.OperationName, Query: in.Query}
	if out.Name == "" {
		if m := named.FindStringSubmatch(in.Query); m != nil {
			out.Name = m[1]
		} else if m := field.FindStringSubmatch(in.Query); m != nil {
			out.Name = m[1]
		}
	}
	return out
}

// Has reports whether a request has an operation or a field of a name.
func (g GraphQL) Has(name string) bool {
	if g.Name == name {
		return true
	}
	for i := 0; ; {
		at := strings.Index(g.Query[i:], name)
		if at < 0 {
			return false
		}
		i += at
		end := i + len(name)
		if (i == 0 || !ofName(g.Query[i-1])) && (end == len(g.Query) || !ofName(g.Query[end])) {
			return true
		}
		i = end
	}
}

func ofName(b byte) bool {
	return b == '_' || b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z'
}

// text is the request's body as it was before it was compressed.
func (e *Entry) text() []byte {
	text, _ := Plain(e.Header, e.Body, e.Size)
	return text
}

// check holds the exchange to the API document.
func (e *Entry) check() {
	if e.Surface != "v3" && e.Surface != "v2" || len(e.Faults) > 0 || e.Status == 0 || strings.Contains(e.Pattern, "/api/v2") {
		return
	}
	v, err := contract.New()
	if err != nil {
		return
	}
	u, err := url.ParseRequestURI(e.URI)
	if err != nil {
		return
	}
	asked, all := Plain(e.Header, e.Body, e.Size)
	answer, whole := Plain(e.AnswerHeader, e.Answer, e.AnswerSize)
	if !all || !whole {
		return
	}
	u.Path = e.path()
	r := &http.Request{Method: e.Method, URL: u, Header: e.Header}
	e.found.checked = true
	err = v.Check(r, asked, e.Status, e.AnswerHeader, answer)
	if errors.Is(err, contract.ErrUndeclared) {
		err = v.CheckRefusal(r, e.Status, e.AnswerHeader, answer)
	}
	if err != nil {
		for line := range strings.Lines(err.Error()) {
			if line = strings.TrimSpace(line); line != "" && len(e.found.problems) < 20 {
				e.found.problems = append(e.found.problems, line)
			}
		}
	}
}

// members returns the names of the members of the objects in a JSON body: those
// of the first level, or of the items of a list.
func members(body []byte) []string {
	var list []map[string]json.RawMessage
	if json.Unmarshal(body, &list) != nil {
		var one map[string]json.RawMessage
		if json.Unmarshal(body, &one) != nil {
			return nil
		}
		list = append(list, one)
	}
	var out []string
	for _, o := range list {
		for name := range o {
			if !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	slices.Sort(out)
	return out
}

// inert are members that an operation takes and that change nothing, by method
// and bare pattern from the version on.
var inert = map[string][]string{
	"PUT /v2/customers/{}/addresses/{}":  {"id", "customer_id", "country_iso2"},
	"PUT /v3/customers":                  {"date_created", "date_modified", "address_count", "attribute_count", "shopper_profile_id", "segment_ids", "addresses", "attributes"},
	"PUT /v3/customers/attributes":       {"date_created", "date_modified"},
	"PUT /v3/customers/attribute-values": {"id", "attribute_value", "date_created", "date_modified"},
	"PUT /v3/segments":                   {"created_at", "updated_at"},
}

// plus finds an address whose + is sent as it is.
var plus = regexp.MustCompile(`\+[^&+@]*(@|%40)`)

// extra finds a member that the document does not know, in what the validator
// says of it.
var extra = regexp.MustCompile(`additional propert\S+ (.+) not allowed`)

// warn tells what the client should know although all went well.
func (e *Entry) warn() {
	add := func(format, name string) {
		if w := (warning{format, name}); !slices.Contains(e.found.warnings, w) && len(e.found.warnings) < 20 {
			e.found.warnings = append(e.found.warnings, w)
		}
	}
	version := strings.ToUpper(e.Surface)
	if e.Surface == "v2" || e.Surface == "v3" {
		pattern := e.Pattern
		if i := strings.Index(pattern, "/"+e.Surface+"/"); i >= 0 {
			pattern = pattern[i:]
		}
		if e.Status < 400 && e.Status > 0 {
			sent := members(e.text())
			for _, name := range inert[e.Method+" "+trouble.Bare(pattern)] {
				if slices.Contains(sent, name) {
					add(version+" ignores `%s`", name)
				}
			}
			for _, p := range e.found.problems {
				if m := extra.FindStringSubmatch(p); m != nil && strings.Contains(p, "at '") {
					add(version+" does not know the member %s and ignores it", m[1])
				}
			}
		}
		if u, err := url.ParseRequestURI(e.URI); err == nil {
			for name, values := range u.Query() {
				if len(values) > 1 {
					add("the parameter `%s` is sent twice", name)
				}
			}
		}
		if len(e.Body) > 0 && e.Header.Get("Content-Type") == "" {
			add("the body is sent without Content-Type%s", "")
		}
		if _, query, _ := strings.Cut(e.URI, "?"); plus.MatchString(query) {
			add("a + in a query means a space: an address that has one is sent with %%2B%s", "")
		}
	}
	if len(e.Header["X-Auth-Token"]) > 0 && !strings.HasPrefix(e.URI, "/stores/") && e.Surface != "v2" {
		add("the token of an API account is sent to a storefront%s", "")
	}
}

//go:embed original.txt
var original string

// originals returns what finds the original's operation of a request.
var originals = sync.OnceValue(func() func(method, path string) string {
	type operation struct {
		text     string
		methods  []string
		segments []string
	}
	var all []operation
	for line := range strings.Lines(original) {
		f := strings.Fields(line)
		if len(f) < 2 || strings.HasPrefix(line, "#") {
			continue
		}
		all = append(all, operation{f[0], f[1:], strings.Split(f[0], "/")})
	}
	return func(method, path string) string {
		if rest, ok := strings.CutPrefix(path, "/stores/"); ok {
			_, path, _ = strings.Cut(rest, "/")
			path = "/" + path
		}
		path = strings.TrimPrefix(path, "/api")
		at := strings.Split(path, "/")
		for _, op := range all {
			if !slices.Contains(op.methods, method) && op.methods[0] != "*" {
				continue
			}
			if op.methods[0] == "*" { // all of an API
				if len(at) >= len(op.segments) && slices.Equal(at[:len(op.segments)], op.segments) {
					return method + " " + op.text + "/…"
				}
				continue
			}
			if slices.EqualFunc(op.segments, at, func(want, have string) bool { return want == have || strings.HasPrefix(want, "{") && have != "" }) {
				return method + " " + op.text
			}
		}
		return ""
	}
})
