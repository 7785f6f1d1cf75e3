package devtools

import (
	"cmp"
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-chi/chi/v5"

	"clientele/internal/fault"
	"clientele/internal/html"
	"clientele/internal/journal"
	"clientele/internal/serve"
	"clientele/internal/system"
	"clientele/internal/trouble"
)

// PeoplePath is where people see what happens in a server of development mode.
const PeoplePath = "/_clientele"

// People shows people what happens: requests, emails, deliveries, the clock,
// faults and stores.
type People struct {
	Outbox   *Outbox
	Requests *Requests
	// Control moves the clock; nil: it cannot be moved.
	Control *Control
	System  *system.System
	// Stop ends what follows, as the server is to stop.
	Stop <-chan struct{}
	// Stores tells what there is, Deliveries the last to webhooks, newest first.
	Stores     func(ctx context.Context) ([]StoreStatus, error)
	Deliveries func(ctx context.Context) ([]Delivery, error)
	// Done tells what the server has done since its start.
	Done func() Done

	followers atomic.Int64
}

// Delivery is one to a webhook.
type Delivery struct {
	Store, Scope, State, Error string
	Hook, Status, Attempts     int64
	Created, Next              time.Time
}

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed assets/devtools.css
var ownSheet string

//go:embed assets/live.js
var liveScript []byte

// look is what pages are made with.
type look struct {
	templates     *html.Templates
	sheet, script *html.Asset
	theme         string
}

var newLook = sync.OnceValue(func() *look {
	funcs := template.FuncMap{
		"lower": strings.ToLower,
		"stamp": func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"clock": func(t time.Time) string { return t.UTC().Format("15:04:05") },
	}
	p := html.NewPalette("")
	return &look{
		templates: html.NewTemplates(html.Words("en", nil), funcs, templateFiles, []string{"layout"}, []string{"home", "requests", "request", "list", "message", "deliveries", "stores", "faults", "clock"}),
		sheet:     html.NewSheet(ownSheet).In(p), script: html.NewAsset("text/javascript; charset=utf-8", liveScript), theme: p.Accent,
	}
})

// parts are those of the navigation.
var parts = []html.Link{
	{Label: "Now", URL: PeoplePath + "/"}, {Label: "Requests", URL: PeoplePath + "/requests"}, {Label: "Emails", URL: OutboxPath}, {Label: "Deliveries", URL: PeoplePath + "/deliveries"},
	{Label: "Clock", URL: PeoplePath + "/clock"}, {Label: "Faults", URL: PeoplePath + "/faults"}, {Label: "Stores", URL: PeoplePath + "/stores"},
}

type navItem struct {
	html.Link
	Current bool
}

// view is what a template is executed with.
type view struct {
	html.Frame
	Lead  string
	Nav   []navItem
	State string // tells when something has happened
	Now   struct {
		Clock    time.Time
		Frozen   bool
		Requests int
		Faults   int
		Last     *journal.Shown
	}
	Requests      []*journal.Shown
	Request       *journal.Shown
	Filter        journal.Filter
	Unmatched     bool
	Older         string
	Surfaces      []string
	Emails        []item
	Item          *item
	Deliveries    []Delivery
	Stores        []StoreStatus
	Faults        []ruleView
	Movable       bool
	Problem, Told string
	Entered       string
	status        int
	frames        bool
}

type ruleView struct {
	ID, Rule    string
	Seen, Fired int64
}

// Mount adds the pages.
func (p *People) Mount(r chi.Router) {
	for pattern, h := range map[string]func(*serve.Exchange) error{
		PeoplePath: p.home, PeoplePath + "/requests": p.requests, PeoplePath + "/requests/{id}": p.request, PeoplePath + "/deliveries": p.deliveries,
		PeoplePath + "/clock": p.clock, PeoplePath + "/faults": p.faults, PeoplePath + "/stores": p.stores, PeoplePath + "/live": p.live,
		OutboxPath: p.emails, OutboxPath + "/{id}": p.email,
		PeoplePath + "/style.css": p.style, PeoplePath + "/live.js": p.script,
	} {
		serves := p.guard(pattern, h)
		r.Method(http.MethodGet, pattern, serves)
		r.Method(http.MethodHead, pattern, serves)
	}
	for pattern, h := range map[string]func(*serve.Exchange) error{
		PeoplePath + "/requests": p.forget, PeoplePath + "/clock": p.setClock, PeoplePath + "/faults": p.changeFaults,
	} {
		r.Method(http.MethodPost, pattern, p.guard(pattern, h))
	}
}

func (p *People) guard(pattern string, h func(*serve.Exchange) error) http.Handler {
	return p.Requests.Pipeline.Handler(pattern, serve.Plain{}, func(x *serve.Exchange) error {
		html.Secure(x.Header(), html.SameOrigin)
		if err := p.Requests.Access.Admit(x, x.Request()); err != nil {
			return err
		}
		return h(x)
	})
}

func (p *People) style(x *serve.Exchange) error {
	newLook().sheet.ServeHTTP(x, x.Request())
	return nil
}

func (p *People) script(x *serve.Exchange) error {
	newLook().script.ServeHTTP(x, x.Request())
	return nil
}

// state tells when something has happened.
func (p *People) state() string {
	s := p.Requests.Stage
	done := p.Done()
	n := done.Deliveries
	for _, of := range done.Jobs {
		n += of
	}
	// A clock that goes on by itself is no news.
	return fmt.Sprintf("%x.%x.%x.%t", s.Journal.Seen(), s.Faults.Changed(), n, p.Control != nil && p.Control.Clock.Frozen())
}

// show answers with a page.
func (p *People) show(x *serve.Exchange, name, at string, v *view) error {
	l, s := newLook(), p.Requests.Stage
	v.Site, v.Lang, v.Hidden, v.Theme = "Clientele", "en", true, l.theme
	v.Style, v.Scripts = l.sheet.At(PeoplePath+"/style.css"), []string{l.script.At(PeoplePath + "/live.js")}
	for _, link := range parts {
		v.Nav = append(v.Nav, navItem{link, link.URL == at})
	}
	v.State = p.state()
	v.Now.Clock = p.System.Clock()
	if p.Control != nil {
		v.Now.Frozen, v.Movable = p.Control.Clock.Frozen(), true
	}
	v.Now.Requests, _ = s.Journal.Size()
	v.Now.Faults = s.Faults.Active()
	if last := s.Journal.Find(new(journal.Filter), 0, 1); len(last) > 0 {
		v.Now.Last = s.Journal.Show(last[0])
	}
	body, err := html.Render(l.templates.Page(name), v)
	if err != nil {
		return err
	}
	policy := html.Policy{Images: []string{"data:"}}
	if v.frames {
		policy.Frames = []string{"'self'"}
	}
	// The exchange keeps the error.
	_ = html.Send(x, x.Request(), html.Answer{Status: cmp.Or(v.status, http.StatusOK), Body: body, Lang: "en", Policy: policy, Referrer: html.SameOrigin})
	return nil
}

// few is how many of each the first page shows.
const few = 8

func (p *People) home(x *serve.Exchange) error {
	v := &view{Lead: "What happens in this server, as it happens."}
	v.Title = "Now"
	ctx := x.Request().Context()
	for _, e := range p.Requests.Stage.Journal.Find(new(journal.Filter), 0, few) {
		v.Requests = append(v.Requests, p.Requests.Stage.Journal.Show(e))
	}
	var err error
	r := x.Request().Clone(ctx)
	r.URL.RawQuery = "limit=" + strconv.Itoa(few)
	if v.Emails, err = p.Outbox.find(r); err != nil {
		return err
	}
	if v.Deliveries, err = p.Deliveries(ctx); err != nil {
		return err
	}
	v.Deliveries = v.Deliveries[:min(few, len(v.Deliveries))]
	if v.Stores, err = p.Stores(ctx); err != nil {
		return err
	}
	v.Stores = v.Stores[:min(few, len(v.Stores))]
	return p.show(x, "home", PeoplePath+"/", v)
}

func (p *People) requests(x *serve.Exchange) error {
	r := x.Request()
	values := r.URL.Query()
	for name, value := range values { // a form sends what was left empty
		if len(value) == 1 && strings.TrimSpace(value[0]) == "" {
			delete(values, name)
		}
	}
	r = r.Clone(r.Context())
	r.URL.RawQuery = values.Encode()
	f, before, limit, err := query(r)
	if err == nil {
		err = p.Requests.checkFilter("", &f)
	}
	if err != nil {
		return err
	}
	v := &view{Lead: "The last requests to the APIs and to shoppers' pages, newest first.", Filter: f, Surfaces: trouble.Requests, Unmatched: f.Unmatched != nil && *f.Unmatched}
	v.Title = "Requests"
	found := p.Requests.Stage.Journal.Find(&f, before, limit+1)
	for _, e := range found[:min(limit, len(found))] {
		v.Requests = append(v.Requests, p.Requests.Stage.Journal.Show(e))
	}
	if len(found) > limit {
		values.Set("before", strconv.FormatInt(found[limit-1].ID, 10))
		v.Older = PeoplePath + "/requests?" + values.Encode()
	}
	return p.show(x, "requests", PeoplePath+"/requests", v)
}

func (p *People) request(x *serve.Exchange) error {
	e, err := p.Requests.entry(x.Request())
	if err != nil {
		return err
	}
	v := &view{Request: p.Requests.Stage.Journal.Show(e)}
	v.Title, v.Lead = v.Request.Method+" "+strings.SplitN(v.Request.Path, "?", 2)[0], "Request "+strconv.FormatInt(e.ID, 10)
	return p.show(x, "request", PeoplePath+"/requests", v)
}

func (p *People) emails(x *serve.Exchange) error {
	found, err := p.Outbox.find(x.Request())
	if err != nil {
		return err
	}
	v := &view{Lead: "Emails of all stores, newest first.", Emails: found}
	v.Title = "Outbox"
	return p.show(x, "list", OutboxPath, v)
}

func (p *People) email(x *serve.Exchange) error {
	m, err := p.Outbox.message(x.Request())
	if err != nil {
		return err
	}
	v := &view{Item: m, frames: true}
	v.Title = cmp.Or(m.Subject, "(no subject)")
	return p.show(x, "message", OutboxPath, v)
}

func (p *People) deliveries(x *serve.Exchange) (err error) {
	v := &view{Lead: "The last deliveries to webhooks of all stores, newest first."}
	v.Title = "Deliveries"
	if v.Deliveries, err = p.Deliveries(x.Request().Context()); err != nil {
		return err
	}
	return p.show(x, "deliveries", PeoplePath+"/deliveries", v)
}

func (p *People) stores(x *serve.Exchange) (err error) {
	v := &view{}
	v.Title = "Stores"
	if v.Stores, err = p.Stores(x.Request().Context()); err != nil {
		return err
	}
	return p.show(x, "stores", PeoplePath+"/stores", v)
}

func (p *People) clock(x *serve.Exchange) error {
	v := &view{}
	return p.showClock(x, v)
}

func (p *People) showClock(x *serve.Exchange, v *view) error {
	v.Title, v.Lead = "Clock", "One clock is behind all dates: links, sessions, lock-outs, retries, consents."
	return p.show(x, "clock", PeoplePath+"/clock", v)
}

func (p *People) faults(x *serve.Exchange) error {
	return p.showFaults(x, &view{Entered: `{"match":{"surface":"v3","route":"/customers","method":"GET"},"effect":{"status":{"code":500}},"times":2}`})
}

func (p *People) showFaults(x *serve.Exchange, v *view) error {
	v.Title, v.Lead = "Faults", "What is made to fail, for tests."
	for _, r := range p.Requests.Stage.Faults.List() {
		text, err := json.Marshal(r.Rule)
		if err != nil {
			return err
		}
		v.Faults = append(v.Faults, ruleView{r.ID, string(text), r.Seen, r.Fired})
	}
	return p.show(x, "faults", PeoplePath+"/faults", v)
}

// form reads what was posted.
func (p *People) form(x *serve.Exchange) (url.Values, error) {
	text, err := p.Requests.Read(x, x.Request())
	if err != nil {
		return nil, err
	}
	values, err := url.ParseQuery(string(text))
	if err != nil {
		return nil, fault.New(fault.Malformed, "the form cannot be read")
	}
	return values, nil
}

func see(x *serve.Exchange, path string) error {
	http.Redirect(x, x.Request(), path, http.StatusSeeOther)
	return nil
}

func (p *People) forget(x *serve.Exchange) error {
	if _, err := p.form(x); err != nil {
		return err
	}
	p.Requests.Stage.Journal.Clear()
	return see(x, PeoplePath+"/requests")
}

func (p *People) changeFaults(x *serve.Exchange) error {
	values, err := p.form(x)
	if err != nil {
		return err
	}
	engine := p.Requests.Stage.Faults
	switch id := values.Get("remove"); id {
	case "":
	case "all":
		engine.Clear()
		return see(x, PeoplePath+"/faults")
	default:
		engine.Remove(id)
		return see(x, PeoplePath+"/faults")
	}
	text := values.Get("rule")
	if _, err := p.Requests.add(x.Request().Context(), []byte(text)); err != nil {
		f := fault.As(err)
		if f == nil {
			return err
		}
		return p.showFaults(x, &view{Problem: f.Error(), Entered: text, status: serve.StatusOf(f.Kind)})
	}
	return see(x, PeoplePath+"/faults")
}

func (p *People) setClock(x *serve.Exchange) error {
	values, err := p.form(x)
	if err != nil {
		return err
	}
	c := p.Control
	if c == nil {
		return fault.New(fault.Conflict, "the clock of this server cannot be moved")
	}
	switch values.Get("do") {
	case "stop", "go":
		c.Clock.Freeze(values.Get("do") == "stop")
	case "restore":
		c.Clock.Restore()
	default:
		by, err := time.ParseDuration(values.Get("by"))
		to := c.Clock.Now().Add(by)
		if err == nil && by >= 0 {
			err = c.ahead(to)
		} else {
			err = fault.New(fault.Invalid, "want a time such as 90s, 36h or 1h30m")
		}
		if f := fault.As(err); f != nil {
			return p.showClock(x, &view{Problem: f.Error(), status: serve.StatusOf(f.Kind)})
		}
		out, before := advanced{Complete: true}, c.World.Done()
		ctx, cancel := context.WithTimeout(x.Request().Context(), maxWork)
		defer cancel()
		if err := c.goTo(ctx, to, &out); err != nil {
			return err
		}
		return p.showClock(x, &view{Told: told(c.World.Done().since(before), out.Complete)})
	}
	return see(x, PeoplePath+"/clock")
}

// told says what was done on the way.
func told(d Done, complete bool) string {
	jobs := int64(0)
	for _, n := range d.Jobs {
		jobs += n
	}
	text := fmt.Sprintf("The clock was moved. Done on the way: %d jobs, %d attempts at webhooks.", jobs, d.Deliveries)
	if !complete {
		text += " There was too much to do: the clock stands where it came to, and goes on when it is moved again."
	}
	return text
}

// Bounds of what pages follow.
const (
	liveEvery = 300 * time.Millisecond
	liveTime  = 50 * time.Second // the browser asks again
	liveMost  = 50
)

var errManyLive = fault.New(fault.TooMany, "too many pages are followed")

// live answers with server-sent events: one whenever something has happened.
func (p *People) live(x *serve.Exchange) error {
	r := x.Request()
	if !strings.Contains(r.Header.Get("Accept"), "text/event-stream") {
		return fault.New(fault.BadInput, "this is a stream of events, which lasts: ask with Accept: text/event-stream")
	}
	known := cmp.Or(r.Header.Get("Last-Event-ID"), r.URL.Query().Get("state"))
	defer p.followers.Add(-1)
	if p.followers.Add(1) > liveMost {
		return errManyLive
	}
	x.Lasts()
	x.Header().Set("Content-Type", "text/event-stream")
	x.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return nil
	}
	if _, err := x.Write([]byte("retry: 1000\n\n")); err != nil {
		return nil
	}
	for end := p.System.Elapsed() + liveTime; p.System.Elapsed() < end; {
		if now := p.state(); now != known {
			known = now
			if _, err := x.Write([]byte("id: " + now + "\ndata: changed\n\n")); err != nil {
				return nil // the exchange keeps the error: the client is gone
			}
		}
		if err := http.NewResponseController(x).Flush(); err != nil {
			return nil
		}
		t := p.System.NewTimer(liveEvery)
		select {
		case <-p.Stop:
			t.Stop()
			return nil
		case <-r.Context().Done():
			t.Stop()
			return nil
		case <-t.Chan():
		}
	}
	return nil
}
