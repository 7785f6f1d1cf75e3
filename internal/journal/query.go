package journal

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"clientele/internal/fault"
	"clientele/internal/trouble"
)

// Filter says which entries somebody wants. Empty members match anything.
type Filter struct {
	Surface   string `json:"surface,omitempty"`
	Method    string `json:"method,omitempty"`
	Route     string `json:"route,omitempty"` // the API document's path after /v3 or /v2
	Path      string `json:"path,omitempty"`  // that of the request, without the query
	Operation string `json:"operation,omitempty"`
	Store     string `json:"store,omitempty"`
	Account   int64  `json:"account_id,omitempty"`
	Status    int    `json:"status,omitempty"`
	// Email and Body are what the request tells, as it was sent.
	Email string `json:"email,omitempty"`
	Body  string `json:"body,omitempty"`
	// Fault is the id of a rule that has hit it.
	Fault string `json:"fault,omitempty"`
	// Contract is ok or broken, Unmatched that nobody serves the path.
	Contract  string `json:"contract,omitempty"`
	Unmatched *bool  `json:"unmatched,omitempty"`
}

// Difference is what makes an entry another than was wanted.
type Difference struct {
	Field string `json:"field"`
	Want  string `json:"want"`
	Got   string `json:"got"`
}

// Route is a pattern as the API document has it after /v3 or /v2.
func Route(pattern string) string {
	for _, prefix := range []string{"/stores/{store_hash}/v3", "/stores/{store_hash}/v2", "/api/v2", "/stores/{store_hash}"} {
		if rest, ok := strings.CutPrefix(pattern, prefix); ok && (rest == "" || rest[0] == '/') {
			return cmp.Or(rest, "/")
		}
	}
	return pattern
}

// compare returns how an entry differs from what is wanted; nothing: it does
// not. As differences may be shown, they tell nothing of what was sent.
func (f *Filter) compare(e *Entry) (out []Difference) {
	text := func(field, want, got string) {
		if want != "" && want != got {
			out = append(out, Difference{field, want, got})
		}
	}
	text("surface", f.Surface, e.Surface)
	text("method", strings.ToUpper(f.Method), e.Method)
	text("store", f.Store, e.StoreHash)
	if trouble.Bare(f.Route) != trouble.Bare(Route(e.Pattern)) {
		text("route", f.Route, Route(e.Pattern))
	}
	if f.Path != "" {
		text("path", f.Path, e.path())
	}
	if f.Operation != "" && !(e.Surface == "graphql" && Asked(e.URI, e.text()).Has(f.Operation)) {
		text("operation", f.Operation, e.Operation())
	}
	if f.Account != 0 && f.Account != e.AccountID {
		out = append(out, Difference{"account_id", strconv.FormatInt(f.Account, 10), strconv.FormatInt(e.AccountID, 10)})
	}
	if f.Status != 0 && f.Status != e.Status {
		out = append(out, Difference{"status", strconv.Itoa(f.Status), strconv.Itoa(e.Status)})
	}
	if f.Fault != "" && !slices.Contains(e.Faults, f.Fault) {
		out = append(out, Difference{"fault", f.Fault, strings.Join(e.Faults, ",")})
	}
	if f.Email != "" && !trouble.Tells(e.Said(), f.Email) {
		out = append(out, Difference{"email", f.Email, "another one, or none"})
	}
	if f.Body != "" && !strings.Contains(e.Said(), f.Body) {
		out = append(out, Difference{"body", f.Body, "a body without it"})
	}
	if f.Unmatched != nil && *f.Unmatched != e.Unmatched() {
		out = append(out, Difference{"unmatched", strconv.FormatBool(*f.Unmatched), strconv.FormatBool(e.Unmatched())})
	}
	if f.Contract != "" {
		got := "unchecked"
		if l := e.look(); l.checked {
			got = "ok"
			if len(l.problems) > 0 {
				got = "broken"
			}
		}
		text("contract", f.Contract, got)
	}
	return out
}

// Check returns what is wrong with a filter.
func (f *Filter) Check() error {
	bad := func(path, message string) error {
		return &fault.Error{Kind: fault.BadFilter, Items: []fault.Item{{Path: path, Message: message}}}
	}
	if f.Surface != "" && !slices.Contains(trouble.Requests, f.Surface) {
		return bad("surface", "want one of "+strings.Join(trouble.Requests, ", "))
	}
	if f.Method != "" && !slices.Contains(trouble.Methods, strings.ToUpper(f.Method)) {
		return bad("method", "want one of "+strings.Join(trouble.Methods, ", "))
	}
	if f.Status != 0 && (f.Status < 100 || f.Status > 599) {
		return bad("status", "want a status from 100 to 599")
	}
	if f.Contract != "" && f.Contract != "ok" && f.Contract != "broken" {
		return bad("contract", "want ok or broken")
	}
	return nil
}

// Said is what a request says: its query, decoded, and its body.
func (e *Entry) Said() string { return Said(e.Header, e.URI, e.text()) }

// Find returns entries, the newest first: at most limit of those before an id,
// which is 0 for all.
func (j *Journal) Find(f *Filter, before int64, limit int) []*Entry {
	var out []*Entry
	for _, e := range j.all() {
		if (before == 0 || e.ID < before) && len(f.compare(e)) == 0 {
			if out = append(out, e); len(out) == limit {
				break
			}
		}
	}
	return out
}

// Miss is an entry that nearly is what was wanted.
type Miss struct {
	ID          int64        `json:"id"`
	Method      string       `json:"method"`
	Path        string       `json:"path"`
	Status      int          `json:"status"`
	Differences []Difference `json:"differences"`
}

// Expected is the answer to an expectation.
type Expected struct {
	Met      bool    `json:"met"`
	Matched  int     `json:"matched"`
	Requests []int64 `json:"requests"`
	Nearest  []Miss  `json:"nearest,omitempty"`
}

// nearest is how many misses are told.
const nearest = 3

// Expect reports whether at least n entries match, and if not, which nearly do.
func (j *Journal) Expect(f *Filter, n int) Expected {
	out := Expected{Requests: []int64{}}
	var misses []Miss
	for _, e := range j.all() {
		ds := f.compare(e)
		if len(ds) == 0 {
			out.Matched++
			if len(out.Requests) < 100 {
				out.Requests = append(out.Requests, e.ID)
			}
			continue
		}
		misses = append(misses, Miss{e.ID, e.Method, e.path(), e.Status, ds})
	}
	if out.Met = out.Matched >= n; out.Met {
		return out
	}
	slices.SortStableFunc(misses, func(a, b Miss) int { return cmp.Compare(len(a.Differences), len(b.Differences)) })
	out.Nearest = misses[:min(len(misses), nearest)]
	for i := range out.Nearest {
		m := &out.Nearest[i]
		x := j.redact.Exchange()
		m.Path = x.URL(m.Path)
		for k := range m.Differences {
			if m.Differences[k].Field == "path" {
				m.Differences[k].Got = x.URL(m.Differences[k].Got)
			}
		}
	}
	return out
}

// Shown is an entry as it is shown, without secrets and persons.
type Shown struct {
	ID        int64     `json:"id"`
	At        time.Time `json:"at"`
	TookMS    float64   `json:"took_ms"`
	Surface   string    `json:"surface"`
	Operation string    `json:"operation"`
	Method    string    `json:"method"`
	Path      string    `json:"path"` // with the query
	Route     string    `json:"route"`
	Host      string    `json:"host"`
	StoreHash string    `json:"store_hash"`
	AccountID int64     `json:"account_id"`
	RequestID string    `json:"request_id"`
	Request   Message   `json:"request"`
	Status    int       `json:"status"`
	Response  Message   `json:"response"`
	Reason    string    `json:"reason"`
	Faults    []string  `json:"faults"`
	Dropped   string    `json:"dropped"`
	Contract  *Verdict  `json:"contract"` // null: it was not held to the document
	Warnings  []string  `json:"warnings"`
	Unmatched bool      `json:"unmatched"`
	// Original is the original's operation that nobody serves here.
	Original string `json:"original,omitempty"`
}

// Message is a request or an answer.
type Message struct {
	Headers http.Header     `json:"headers"`
	Body    json.RawMessage `json:"body"` // JSON as it is, else a text; null: none
	Size    int64           `json:"size"`
	Cut     bool            `json:"cut,omitempty"`
}

// Text is the body as text.
func (m *Message) Text() string {
	var text string
	if json.Unmarshal(m.Body, &text) == nil {
		return text
	}
	var b bytes.Buffer
	if json.Indent(&b, m.Body, "", "  ") != nil {
		return string(m.Body)
	}
	return b.String()
}

// Verdict is what the API document says of an exchange.
type Verdict struct {
	OK       bool     `json:"ok"`
	Problems []string `json:"problems"`
}

// Show returns an entry as it is shown.
func (j *Journal) Show(e *Entry) *Shown {
	x, l := j.redact.Exchange(), e.look()
	out := &Shown{
		ID: e.ID, At: e.At.UTC(), TookMS: float64(e.Took.Microseconds()) / 1000, Surface: e.Surface, Method: e.Method, Route: Route(cmp.Or(l.path, e.Pattern)), Host: e.Host,
		StoreHash: e.StoreHash, AccountID: e.AccountID, RequestID: e.RequestID, Status: e.Status, Faults: append([]string{}, e.Faults...), Dropped: e.Dropped,
		Warnings: []string{}, Unmatched: e.Unmatched(), Original: l.original, Operation: l.operation,
	}
	if e.Surface == "graphql" {
		out.Operation = x.Sentence(l.operation)
	}
	out.Path = x.URL(e.URI)
	out.Request = message(x, e.Header, e.Body, e.Size)
	out.Response = message(x, e.AnswerHeader, e.Answer, e.AnswerSize)
	if out.Reason = e.Why; out.Reason == "" {
		out.Reason = x.Sentence(e.Reason)
	}
	for _, w := range l.warnings {
		out.Warnings = append(out.Warnings, fmt.Sprintf(w.format, x.Sentence(w.name)))
	}
	if l.checked {
		out.Contract = &Verdict{OK: len(l.problems) == 0, Problems: []string{}}
		for _, p := range l.problems {
			out.Contract.Problems = append(out.Contract.Problems, x.Sentence(p))
		}
	}
	return out
}

// redactor is what message needs of an exchange.
type redactor interface {
	Header(http.Header) http.Header
	Body(contentType string, body []byte) []byte
}

func message(x redactor, h http.Header, body []byte, size int64) Message {
	out := Message{Headers: x.Header(h), Size: size, Cut: size > int64(len(body)), Body: json.RawMessage("null")}
	text, whole := Plain(h, body, size)
	if len(text) == 0 {
		return out
	}
	kind := h.Get("Content-Type")
	if !whole {
		text, kind = fmt.Appendf(nil, "[cut: %d bytes]", size), "text/plain"
		out.Body = quote(text)
		return out
	}
	red := x.Body(kind, text)
	if json.Valid(red) {
		out.Body = red
		return out
	}
	out.Body = quote(red)
	return out
}

func quote(text []byte) json.RawMessage {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(string(text)); err != nil {
		return json.RawMessage("null")
	}
	return bytes.TrimSpace(b.Bytes())
}
