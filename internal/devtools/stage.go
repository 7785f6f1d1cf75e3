package devtools

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"clientele/api/contract"
	"clientele/internal/fault"
	"clientele/internal/history"
	"clientele/internal/journal"
	"clientele/internal/serve"
	"clientele/internal/trouble"
)

// Stage stands between requests and their handlers: it has those fail that rules
// of Faults say, and completes what Journal has recorded of each.
type Stage struct {
	Faults  *trouble.Engine
	Journal *journal.Journal
}

// faultHeader is the header with the ids of the rules that touched an answer.
const faultHeader = "X-Clientele-Fault"

// surface returns by which surface a request came, "" for none that rules and
// the journal know.
func surface(x *serve.Exchange) string {
	if of := surfaceOf(x.Pattern()); of != "" {
		return of
	}
	switch {
	case x.Came.Surface == history.Storefront:
		return trouble.Storefront
	case x.Came.Surface == history.Pages:
		return trouble.Pages
	}
	return ""
}

// surfaceOf returns what a pattern tells of the surface.
func surfaceOf(pattern string) string {
	switch {
	case strings.HasPrefix(pattern, "/stores/{store_hash}/v3"), strings.HasPrefix(pattern, "/stores/{}/v3"):
		return trouble.V3
	case strings.HasPrefix(pattern, "/stores/{store_hash}/v2"), strings.HasPrefix(pattern, "/stores/{}/v2"), strings.HasPrefix(pattern, "/api/v2"):
		return trouble.V2
	case strings.HasPrefix(pattern, "/stores/{store_hash}/graphql"), pattern == "/graphql":
		return trouble.GraphQL
	}
	return ""
}

// Admitted implements serve.Stage. Who may not ask is refused before, so that
// nobody learns by a fault what the token would have shown.
func (s *Stage) Admitted(x *serve.Exchange) error {
	if s.Faults.Idle() {
		return nil
	}
	in := &peeked{x: x}
	hit := s.Faults.Take(in.subject())
	if hit == nil {
		return nil
	}
	rec := journal.Of(x)
	if rec != nil {
		rec.Entry.Faults = hit.By
	}
	x.Header()[faultHeader] = []string{strings.Join(hit.By, ", ")}
	if hit.Delay > 0 {
		x.Lasts()
		if err := trouble.Wait(x.Request().Context(), hit.Delay); err != nil {
			return err
		}
	}
	if hit.Held() {
		x.Lasts()
		if err := trouble.Wait(x.Request().Context(), heldFor); err != nil {
			note(rec, x, "held until the client gave up")
			return err
		}
		return drop(rec, x, "held")
	}
	return s.end(x, in, rec, hit)
}

// heldFor is how long a request is held that is to time out.
const heldFor = trouble.MaxDelay

// end carries out what ends a request.
func (s *Stage) end(x *serve.Exchange, in *peeked, rec *journal.Recorder, hit *trouble.Hit) error {
	switch {
	case hit.Locked():
		return &fault.Error{Kind: fault.TooMany, Status: http.StatusTooManyRequests, Message: "Too many requests", RetryAfter: lockedFor}
	case hit.Status != nil:
		x.Expected() // the log need not tell what a test has asked for
		code := hit.Status.Code
		f := &fault.Error{Kind: serve.KindOf(code), Status: code, Message: http.StatusText(code), RetryAfter: hit.Status.RetryAfter}
		if code == http.StatusTooManyRequests {
			f.Message = "Too many requests"
		}
		return f
	case hit.RateLimit != nil:
		return limited(x.Header(), hit.RateLimit.RetryAfter)
	case hit.Partial != nil:
		return in.partial(hit.Partial.Item)
	}
	switch hit.Drop {
	case trouble.DropBefore:
		return drop(rec, x, trouble.DropBefore)
	case trouble.DropAfterCommit, trouble.DropTruncate, trouble.DropEmpty:
		h := &held{ResponseWriter: unwrapped(x)}
		x.Divert(h, func() { h.lose(rec, x, hit.Drop) })
	}
	return nil
}

// lockedFor is how many seconds an account says that is to look locked.
const lockedFor = 900

// drop ends a connection without an answer.
func drop(rec *journal.Recorder, x *serve.Exchange, how string) error {
	note(rec, x, how)
	panic(http.ErrAbortHandler) // as net/http wants it
}

func note(rec *journal.Recorder, x *serve.Exchange, how string) {
	if rec != nil {
		rec.Entry.Dropped = how
		complete(rec, x, nil)
	}
}

// limited refuses as a spent quota does, and says so in the headers.
func limited(h http.Header, seconds int) error {
	const left, reset = "X-Rate-Limit-Requests-Left", "X-Rate-Limit-Time-Reset-Ms"
	if h[left] != nil {
		h[left] = []string{"0"}
		if ms, err := strconv.Atoi(h.Get(reset)); err == nil && seconds == 0 {
			seconds = (ms + 999) / 1000
		} else {
			h[reset] = []string{strconv.Itoa(seconds * 1000)}
		}
	}
	return &fault.Error{Kind: fault.TooMany, Status: http.StatusTooManyRequests, Message: "Too many requests", RetryAfter: max(seconds, 1)}
}

// unwrapped is the writer that an exchange writes to.
func unwrapped(x *serve.Exchange) http.ResponseWriter { return x.Unwrap() }

// Ended implements serve.Stage.
func (s *Stage) Ended(x *serve.Exchange, refused *fault.Error) {
	if rec := journal.Of(x); rec != nil {
		complete(rec, x, refused)
	}
}

// complete tells the journal what the exchange knows.
func complete(rec *journal.Recorder, x *serve.Exchange, refused *fault.Error) {
	e := &rec.Entry
	e.Pattern, e.Surface, e.StoreHash, e.AccountID, e.RequestID = x.Pattern(), surface(x), x.StoreHash, x.AccountID, x.RequestID
	e.Why = x.Came.Refused
	if refused != nil {
		e.Reason = refused.Error()
	}
}

// peeked is a request whose body is looked at before it is handled.
type peeked struct {
	x    *serve.Exchange
	read bool
	body []byte
	all  bool
}

// maxPeek bounds what is looked at.
const maxPeek = 4 << 20

// text returns the body, and leaves it to be read again.
func (p *peeked) text() []byte {
	r := p.x.Request()
	if !p.read && r.Body != nil && r.Body != http.NoBody {
		b, err := io.ReadAll(io.LimitReader(r.Body, maxPeek+1))
		p.all = err == nil && len(b) <= maxPeek
		rest := r.Body
		if p.all {
			rest = http.NoBody
		}
		r.Body = struct {
			io.Reader
			io.Closer
		}{io.MultiReader(bytes.NewReader(b), rest), r.Body}
		if text, whole := journal.Plain(r.Header, b, int64(len(b))); whole {
			p.body = text
		}
	}
	p.read = true
	return p.body
}

func (p *peeked) subject() *trouble.Subject {
	x, r := p.x, p.x.Request()
	out := &trouble.Subject{Surface: surface(x), Method: r.Method, Route: journal.Route(x.Pattern()), Store: x.StoreHash}
	out.Text = func() string { return journal.Said(r.Header, r.URL.RequestURI(), p.text()) }
	out.Items = func() int { return len(p.items()) }
	out.Is = func(name string) bool {
		if out.Surface == trouble.GraphQL {
			return journal.Asked(r.URL.RequestURI(), p.text()).Has(name)
		}
		return operationOf(r.Method, x.Pattern()) == name
	}
	out.SignsIn = func() bool {
		switch out.Surface {
		case trouble.V3:
			return out.Route == "/customers/validate-credentials"
		case trouble.V2:
			return out.Route == "/customers/{customer_id}/validate"
		case trouble.GraphQL:
			return journal.Asked(r.URL.RequestURI(), p.text()).Has("login")
		case trouble.Pages:
			action := r.URL.Query().Get("action")
			return r.Method == http.MethodPost && out.Route == "/login.php" && (action == "" || action == "check_login")
		}
		return false
	}
	return out
}

func (p *peeked) items() []json.RawMessage {
	var out []json.RawMessage
	if json.Unmarshal(p.text(), &out) != nil {
		return nil
	}
	return out
}

// operationOf returns the operationId of a method and pattern.
func operationOf(method, pattern string) string {
	return operationIDs()[method+" "+trouble.Bare(pattern)]
}

var operationIDs = sync.OnceValue(func() map[string]string {
	out := map[string]string{}
	v, err := contract.New()
	if err != nil {
		return out // tests hold the document to be good
	}
	for _, op := range v.Operations() {
		out[op.Method+" "+trouble.Bare(op.Path)] = op.OperationID
	}
	return out
})

// partial has one item of a batch left out of what is done, and told as what
// failed.
func (p *peeked) partial(item int) error {
	items := p.items()
	refusal := func() *fault.Error {
		return &fault.Error{Kind: fault.Invalid, Status: http.StatusUnprocessableEntity, Message: "The item was refused, as a test wants it."}
	}
	if len(items) == 1 {
		return refusal()
	}
	rest := slices.Delete(slices.Clone(items), item-1, item)
	body, err := json.Marshal(rest)
	if err != nil {
		return err
	}
	r := p.x.Request()
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	r.Header = r.Header.Clone()
	r.Header.Del("Content-Encoding")
	r.Header.Del("Accept-Encoding") // the answer has to be read
	h := &held{ResponseWriter: unwrapped(p.x)}
	p.x.Divert(h, func() { h.lack(item, len(items)) })
	return nil
}
