package panel

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"clientele/internal/auth"
	"clientele/internal/html"
	"clientele/internal/opt"
	"clientele/internal/staff"
	"clientele/internal/webhook"
)

// hookRoutes are the pages of webhooks.
func hookRoutes() []Route {
	const at = ofStore + "/webhooks"
	see, make := In(staff.Apps), In(staff.MakeAccounts)
	return []Route{
		get(at, see, (*call).hooksPage), get(at+"/api", see, (*call).hooksAPI),
		get(at+"/new", make, (*call).newHookPage), post(at+"/new", make, (*call).makeHooks),
		get(at+"/{id}", see, (*call).hookPage), asides(get(at+"/{id}/live", see, (*call).hookLive)), get(at+"/{id}/api", see, (*call).hookAPI),
		get(at+"/{id}/edit", make, (*call).editHookPage), post(at+"/{id}/edit", make, (*call).saveHook),
		post(at+"/{id}/test", see, (*call).testHook),
		get(at+"/{id}/pause", see, (*call).pauseHookPage), post(at+"/{id}/pause", see, (*call).pauseHook), post(at+"/{id}/resume", see, (*call).resumeHook),
		get(at+"/{id}/replay", see, (*call).replayPage), post(at+"/{id}/replay", see, (*call).replayHook),
		sudo(get(at+"/{id}/signature", make, (*call).signaturePage)),
		sudo(get(at+"/{id}/delete", see, (*call).deleteHookPage)), sudo(post(at+"/{id}/delete", see, (*call).deleteHook)),
		get(at+"/{id}/deliveries/{delivery}", see, (*call).deliveryPage), post(at+"/{id}/deliveries/{delivery}/again", see, (*call).sendAgain),
	}
}

// Bar shows parts of a whole.
type Bar struct {
	Label string
	Parts []BarPart
}

// BarPart is one of them. Kind is good, wait or bad; From and Width are hundredths.
type BarPart struct {
	Kind        string
	From, Width int64
}

func (c *call) hookAt(id int64, more string) string {
	return c.storeAt("/webhooks/" + strconv.FormatInt(id, 10) + more)
}

// accountNames are the names of the store's API accounts by their client ids.
func (c *call) accountNames() (map[string]string, []*auth.APIAccount, error) {
	all, err := c.APIAccounts.List(c.R.Context(), c.store.ID)
	if err != nil {
		return nil, nil, err
	}
	names := map[string]string{}
	for _, a := range all {
		names[a.ClientID] = a.Name
	}
	return names, all, nil
}

// ofAccount is the filter by an API account, where the address has one.
func (c *call) ofAccount(have url.Values, names map[string]string) []SetFilter {
	account := have.Get("account")
	if account == "" {
		return nil
	}
	next := url.Values{}
	for k, v := range have {
		if k != "account" && k != "after" && k != "before" {
			next[k] = v
		}
	}
	return []SetFilter{{Label: short(cmp.Or(names[account], account), 80), URL: strings.TrimSuffix(c.R.URL.Path+"?"+next.Encode(), "?")}}
}

// hookState is a webhook's state in a word.
func (c *call) hookState(h *webhook.Hook, s *webhook.Health) Lozenge {
	switch {
	case h.Disabled != "":
		return Lozenge{"danger", c.look.Text("hooks.state.off")}
	case !h.IsActive:
		return Lozenge{"neutral", c.look.Text("hooks.state.paused")}
	case s.Failed+s.Retrying > 0:
		return Lozenge{"warning", c.look.Text("hooks.state.failing")}
	}
	return Lozenge{"success", c.look.Text("hooks.state.on")}
}

// healthBar shows how a webhook fared; nil where nothing was to be sent.
func (c *call) healthBar(s *webhook.Health) *Bar {
	all := s.All()
	if all == 0 {
		return nil
	}
	more := ""
	if s.More {
		more = "+"
	}
	b := &Bar{Label: c.look.Text("hooks.bar", c.look.number(s.Delivered), c.look.number(all)+more)}
	from := int64(0)
	for _, part := range []struct {
		kind string
		n    int64
	}{{"good", s.Delivered}, {"wait", s.Waiting}, {"bad", s.Retrying + s.Failed}} {
		if part.n > 0 {
			width := max(3, part.n*100/all)
			b.Parts = append(b.Parts, BarPart{part.kind, from, min(width, 100-from)})
			from += width
		}
	}
	if last := &b.Parts[len(b.Parts)-1]; from < 100 {
		last.Width += 100 - from
	}
	return b
}

// shownURL is an address as it is shown: without a query, which may be a secret.
func shownURL(text string) string {
	before, _, cut := strings.Cut(text, "?")
	if cut {
		before += "?…"
	}
	return short(before, 120)
}

func (c *call) hooksPage() error {
	have := c.R.URL.Query()
	active := map[string]string{"on": "true", "off": "false"}[have.Get("state")]
	q, err := c.asked(webhook.Browse, "is_active", active, "client_id", strings.ReplaceAll(clean(have.Get("account")), ",", " "))
	if err != nil {
		return err
	}
	hooks, res, err := c.Webhooks.Browse(c.R.Context(), c.store.ID, q)
	if err != nil {
		return err
	}
	fared, err := c.Webhooks.Health(c.R.Context(), c.store.ID, hooks)
	if err != nil {
		return err
	}
	names, accounts, err := c.accountNames()
	if err != nil {
		return err
	}
	p := &listPage{Pages: c.pagesOf(q, res, "results"), Table: &Table{ID: "list", Caption: c.look.Text("hooks.title"), Columns: []Column{
		{Label: c.look.Text("hooks.destination")}, {Label: c.look.Text("hooks.account")}, {Label: c.look.Text("hooks.state")}, {Label: c.look.Text("hooks.day")}, {Label: c.look.Text("hooks.last_error")},
	}}}
	p.Title, p.Lead = c.look.Text("hooks.title"), c.look.Text("hooks.lead")
	for i := range hooks {
		h, s := &hooks[i], &fared[i]
		var wrong Cell
		if s.Error != "" {
			wrong = Cell{When: c.when(s.ErrorAt), Sub: short(s.Error, 80)}
		}
		day := Cell{Bar: c.healthBar(s)}
		if day.Bar == nil {
			day.Text = c.look.Text("hooks.day.none")
		}
		p.Table.Rows = append(p.Table.Rows, Row{ID: "hook-" + strconv.FormatInt(h.ID, 10), Cells: []Cell{
			{Text: shownURL(h.Destination), URL: c.hookAt(h.ID, ""), Sub: h.Scope}, {Text: names[h.ClientID]}, {Lozenges: []Lozenge{c.hookState(h, s)}}, day, wrong,
		}})
	}
	p.Filters = &Filters{Groups: []ChipGroup{c.chips(c.look.Text("hooks.state"), "state", have, []html.Option{{Label: c.look.Text("all")}, {Value: "on", Label: c.look.Text("hooks.filter.on")}, {Value: "off", Label: c.look.Text("hooks.filter.off")}})}, Swap: "results", Count: c.look.Plural("hooks.count", len(hooks)), Set: c.ofAccount(have, names)}
	p.Actions = append(p.Actions, Action{Label: c.look.Text("api.title"), URL: c.storeAt("/webhooks/api")})
	if c.can(staff.MakeAccounts) {
		p.Actions = append(p.Actions, Action{Label: c.look.Text("hooks.new"), URL: c.storeAt("/webhooks/new"), Primary: true})
	}
	if len(hooks) > 0 {
		return c.show(http.StatusOK, p)
	}
	p.Table, p.Pages = nil, nil
	switch {
	case have.Get("state") != "" || have.Get("account") != "":
		p.Empty = &Empty{Icon: "code", Title: c.look.Text("none.title"), Text: c.look.Text("none.text"), Action: &Action{Label: c.look.Text("none.reset"), URL: c.storeAt("/webhooks")}}
	case c.can(staff.MakeAccounts) && !slices.ContainsFunc(accounts, inForce):
		p.Filters, p.Actions = nil, nil
		p.Empty = &Empty{Icon: "code", Title: c.look.Text("hooks.none.title"), Text: c.look.Text("hooks.none.account")}
		if c.mayOpen(ofStore + "/api-accounts/new") {
			p.Empty.Action = &Action{Label: c.look.Text("accounts.new"), URL: c.storeAt("/api-accounts/new")}
		}
	default:
		p.Filters, p.Actions = nil, nil
		p.Empty = &Empty{Icon: "code", Title: c.look.Text("hooks.none.title"), Text: c.look.Text("hooks.none.text")}
		if c.can(staff.MakeAccounts) {
			p.Empty.Action = &Action{Label: c.look.Text("hooks.new"), URL: c.storeAt("/webhooks/new")}
		}
	}
	return c.show(http.StatusOK, p)
}

func inForce(a *auth.APIAccount) bool { return a.Revoked == 0 }

// oneHook is the webhook of the address.
func (c *call) oneHook() (*webhook.Hook, error) {
	id, err := c.param("id")
	if err != nil {
		return nil, err
	}
	h, err := c.Webhooks.Get(c.R.Context(), c.store.ID, webhook.Anyone, id)
	return &h, err
}

// hookView is the page of a webhook.
type hookView struct {
	frame
	Note      *Message
	Bar       *Bar
	Facts     []Fact
	Posts     []Button
	Events    string
	Questions *Filters
	Table     *Table
	Pages     *Pages
	Empty     *Empty
}

func (*hookView) template() string { return "hook" }

// hookData is what the page of a webhook shows.
type hookData struct {
	hook       *webhook.Hook
	health     webhook.Health
	deliveries []webhook.Delivery
	pages      *Pages
}

// state tells what is shown.
func (d *hookData) state() string {
	of := []any{d.hook.Version(), d.hook.Disabled, d.health.Delivered, d.health.Failed, d.health.Retrying, d.health.Waiting}
	for i := range d.deliveries {
		x := &d.deliveries[i]
		of = append(of, x.ID, x.State, x.Attempts, x.Sending, x.NextAttempt)
	}
	return keyOf(of...)
}

// deliveryStates are those that deliveries are filtered by.
var deliveryStates = []webhook.State{webhook.Pending, webhook.Delivered, webhook.Failed}

func (c *call) hookData() (*hookData, error) {
	h, err := c.oneHook()
	if err != nil {
		return nil, err
	}
	out := &hookData{hook: h}
	have, state := c.R.URL.Query(), ""
	if slices.Contains(deliveryStates, webhook.State(have.Get("state"))) {
		state = have.Get("state")
	}
	q, err := c.asked(webhook.DeliveryList, "state", state, "scope", clean(have.Get("scope")))
	if err != nil {
		return nil, err
	}
	rows, res, err := c.Webhooks.Deliveries(c.R.Context(), c.store.ID, webhook.Anyone, h.ID, q)
	if err != nil {
		return nil, err
	}
	fared, err := c.Webhooks.Health(c.R.Context(), c.store.ID, []webhook.Hook{*h})
	if err != nil {
		return nil, err
	}
	out.deliveries, out.health, out.pages = rows, fared[0], c.pagesOf(q, res, "deliveries")
	return out, nil
}

func (c *call) hookLive() error {
	return c.follow(c.R.URL.Query().Get("of"), func() (string, error) {
		d, err := c.hookData()
		if err != nil {
			return "", err
		}
		return d.state(), nil
	})
}

func (c *call) hookPage() error {
	d, err := c.hookData()
	if err != nil {
		return err
	}
	h := d.hook
	names, _, err := c.accountNames()
	if err != nil {
		return err
	}
	p := &hookView{Bar: c.healthBar(&d.health), Pages: d.pages}
	p.Title, p.Lead = shownURL(h.Destination), h.Scope
	p.Crumbs = []html.Link{{Label: c.look.Text("hooks.title"), URL: c.storeAt("/webhooks")}}
	state := c.hookState(h, &d.health)
	p.Facts = []Fact{
		{Label: c.look.Text("hooks.state"), Lozenge: &state}, {Label: c.look.Text("hooks.account"), Value: names[h.ClientID]},
		{Label: c.look.Text("hooks.last_event"), When: c.when(h.LastEvent), Value: c.look.Text("never")}, {Label: c.look.Text("hooks.last_delivery"), When: c.when(h.LastDelivery), Value: c.look.Text("never")},
		{Label: c.look.Text("hooks.id"), Value: strconv.FormatInt(h.ID, 10)},
	}
	if d.health.Error != "" {
		p.Facts = append(p.Facts, Fact{Label: c.look.Text("hooks.last_error"), Value: short(d.health.Error, 200)})
	}
	switch {
	case h.Disabled != "":
		p.Note = &Message{Kind: "error", Title: c.look.Text("hooks.off.title"), Text: c.look.Text("hooks.off." + h.Disabled)}
	case !h.IsActive:
		p.Note = &Message{Kind: "info", Text: c.look.Text("hooks.paused.text")}
	}
	if h.IsActive {
		p.Posts = []Button{{Label: c.look.Text("hooks.test"), Action: c.hookAt(h.ID, "/test")}}
		p.Actions = append(p.Actions, Action{Label: c.look.Text("hooks.replay"), URL: c.hookAt(h.ID, "/replay"), Dialog: true})
		p.More = append(p.More, Action{Label: c.look.Text("hooks.pause"), URL: c.hookAt(h.ID, "/pause"), Dialog: true})
	} else {
		p.Posts = []Button{{Label: c.look.Text("hooks.resume"), Action: c.hookAt(h.ID, "/resume")}}
	}
	if c.can(staff.MakeAccounts) {
		p.Actions = append(p.Actions, Action{Label: c.look.Text("hooks.edit"), URL: c.hookAt(h.ID, "/edit"), Primary: true})
		p.More = append(p.More, Action{Label: c.look.Text("hooks.signature"), URL: c.hookAt(h.ID, "/signature")})
	}
	p.More = append(p.More, Action{Label: c.look.Text("api.title"), URL: c.hookAt(h.ID, "/api")}, Action{Label: c.look.Text("delete"), URL: c.hookAt(h.ID, "/delete"), Danger: true})
	query := c.R.URL.Query()
	query.Set("of", d.state())
	p.Events = c.hookAt(h.ID, "/live") + "?" + query.Encode()
	query.Del("of")
	c.deliveryTable(p, d, query)
	return c.show(http.StatusOK, p)
}

// deliveryTable shows deliveries, with what they can be filtered by.
func (c *call) deliveryTable(p *hookView, d *hookData, have url.Values) {
	states := []html.Option{{Label: c.look.Text("all")}}
	for _, s := range deliveryStates {
		states = append(states, html.Option{Value: string(s), Label: c.look.Text("hooks.delivery.filter." + string(s))})
	}
	p.Questions = &Filters{Groups: []ChipGroup{c.chips(c.look.Text("hooks.delivery.state"), "state", have, states)}, Swap: "deliveries"}
	if scope := clean(have.Get("scope")); scope != "" {
		rest := url.Values{}
		if v := have.Get("state"); v != "" {
			rest.Set("state", v)
		}
		p.Questions.Set = []SetFilter{{Label: short(scope, 80), URL: c.hookAt(d.hook.ID, "?"+rest.Encode())}}
	}
	if len(d.deliveries) == 0 {
		p.Pages = nil
		p.Empty = &Empty{Icon: "code", Title: c.look.Text("hooks.delivery.none"), Text: c.look.Text("hooks.delivery.none.text")}
		return
	}
	p.Table = &Table{ID: "list", Caption: c.look.Text("hooks.deliveries"), Columns: []Column{
		{Label: c.look.Text("hooks.delivery.event")}, {Label: c.look.Text("hooks.delivery.at")}, {Label: c.look.Text("hooks.delivery.state")}, {Label: c.look.Text("hooks.delivery.answer")},
		{Label: c.look.Text("hooks.delivery.attempts"), Numeric: true}, {Label: c.look.Text("hooks.delivery.next")},
	}}
	for i := range d.deliveries {
		x := &d.deliveries[i]
		var answer Cell
		if x.Attempts > 0 {
			answer = Cell{Text: c.look.Text("hooks.delivery.silent"), Sub: c.look.Text("hooks.delivery.took", c.look.number(x.Duration))}
			if x.Status != 0 {
				answer.Text = strconv.FormatInt(x.Status, 10)
			}
		}
		var next Cell
		if x.State == webhook.Pending && x.NextAttempt != 0 {
			next = Cell{Text: c.moment(x.NextAttempt)}
		}
		p.Table.Rows = append(p.Table.Rows, Row{ID: "delivery-" + strconv.FormatInt(x.ID, 10), Cells: []Cell{
			{Text: x.Scope, URL: c.deliveryAt(x.HookID, x.ID, ""), Sub: "#" + strconv.FormatInt(x.ID, 10)}, {When: c.when(x.Created)}, {Lozenges: []Lozenge{c.deliveryState(x)}}, answer,
			{Text: c.look.number(x.Attempts)}, next,
		}})
	}
}

// moment writes a time to come.
func (c *call) moment(unix int64) string {
	if unix <= c.visits.System.Now() {
		return c.look.Text("hooks.now")
	}
	return c.look.Date(unix, c.zone())
}

func (c *call) deliveryAt(hook, id int64, more string) string {
	return c.hookAt(hook, "/deliveries/"+strconv.FormatInt(id, 10)+more)
}

// deliveryHere are the ids of the webhook and of the delivery of the address.
func (c *call) deliveryHere() (hook, id int64, err error) {
	if hook, err = c.param("id"); err == nil {
		id, err = c.param("delivery")
	}
	return hook, id, err
}

func (c *call) deliveryState(d *webhook.Delivery) Lozenge {
	switch {
	case d.State == webhook.Delivered:
		return Lozenge{"success", c.look.Text("hooks.delivery.delivered")}
	case d.State == webhook.Failed:
		return Lozenge{"danger", c.look.Text("hooks.delivery.failed")}
	case d.Attempts > 0:
		return Lozenge{"warning", c.look.Text("hooks.delivery.retrying")}
	}
	return Lozenge{"info", c.look.Text("hooks.delivery.pending")}
}

// deliveryView is the page of a delivery.
type deliveryView struct {
	frame
	Why      *Message
	Facts    []Fact
	Post     *Button
	Payload  string
	Schedule []string
	Tries    []Try
}

func (*deliveryView) template() string { return "delivery" }

// Try is an attempt with its answer.
type Try struct {
	Title           string
	At              *stamp
	Lozenge         Lozenge
	Request, Answer string
	Problem         string
}

func (c *call) deliveryPage() error {
	hook, id, err := c.deliveryHere()
	if err != nil {
		return err
	}
	x, err := c.Webhooks.Explain(c.R.Context(), c.store.ID, hook, id)
	if err != nil {
		return err
	}
	h, err := c.oneHook()
	if err != nil {
		return err
	}
	p := &deliveryView{Why: c.why(&x)}
	p.Title, p.Lead = x.Scope, webhook.MessageID(c.store.Hash, x.HookID, x.ID)
	p.Copy = p.Lead
	p.Crumbs = []html.Link{{Label: c.look.Text("hooks.title"), URL: c.storeAt("/webhooks")}, {Label: shownURL(h.Destination), URL: c.hookAt(hook, "")}}
	state := c.deliveryState(&x.Delivery)
	p.Facts = []Fact{{Label: c.look.Text("hooks.delivery.state"), Lozenge: &state}, {Label: c.look.Text("hooks.delivery.at"), When: c.when(x.Created)}, {Label: c.look.Text("hooks.delivery.attempts"), Value: c.look.number(x.Attempts)}}
	if h.IsActive && !x.Sending {
		p.Post = &Button{Label: c.look.Text("hooks.again"), Action: c.deliveryAt(hook, id, "/again")}
	}
	for _, at := range x.Schedule {
		p.Schedule = append(p.Schedule, c.moment(at))
	}
	p.Payload = string(x.Payload(c.store.ID, c.store.Hash))
	for i := len(x.Tries) - 1; i >= 0; i-- {
		p.Tries = append(p.Tries, c.try(&x.Delivery, i))
	}
	return c.show(http.StatusOK, p)
}

// why says why a delivery is in its state.
func (c *call) why(x *webhook.Explained) *Message {
	kind := map[webhook.Standing]string{webhook.Arrived: "success", webhook.GivenUp: "error", webhook.TestedBad: "error", webhook.Off: "error", webhook.Revoked: "error", webhook.Held: "warning", webhook.Retries: "warning", webhook.Behind: "warning"}[x.Standing]
	if kind == "" {
		kind = "info"
	}
	answer := c.look.Text("hooks.why.silent", short(x.Error, 200))
	if x.Status != 0 {
		answer = c.look.Text("hooks.why.status", strconv.FormatInt(x.Status, 10))
	}
	m := &Message{Kind: kind, Title: c.look.Text("hooks.why." + string(x.Standing))}
	switch x.Standing {
	case webhook.GivenUp, webhook.TestedBad:
		m.Text = answer
	case webhook.Retries:
		m.Text = answer + " " + c.look.Plural("hooks.why.left", x.Left)
	case webhook.Held:
		m.Text = c.look.Text("hooks.why.until", c.look.Date(x.Until, c.zone()))
	case webhook.Behind:
		m.Link = &html.Link{Label: c.look.Text("hooks.why.first"), URL: c.deliveryAt(x.HookID, x.Before, "")}
	}
	return m
}

// try shows an attempt.
func (c *call) try(d *webhook.Delivery, i int) Try {
	a := &d.Tries[i]
	t := Try{At: c.when(a.At), Title: c.look.Text("hooks.try", c.look.number(d.Attempts-int64(len(d.Tries)-1-i))), Problem: a.Error}
	t.Request = "POST " + a.URL + "\n" + headerLines(d.RequestHeaders(c.store.Hash, a)) + webhook.HeaderSignature + ": v1,…"
	t.Lozenge = Lozenge{"danger", c.look.Text("hooks.delivery.silent")}
	if a.Status != 0 {
		t.Lozenge.Text = strconv.FormatInt(a.Status, 10)
		t.Answer = strconv.FormatInt(a.Status, 10) + " " + http.StatusText(int(a.Status)) + "\n" + headerLines(a.Headers)
		if a.Body != "" {
			t.Answer += "\n" + strings.ToValidUTF8(a.Body, string(utf8.RuneError))
		}
	}
	if a.Error == "" {
		t.Lozenge.Kind = "success"
	}
	t.Title += " · " + c.look.Text("hooks.delivery.took", c.look.number(a.Duration))
	return t
}

func headerLines(headers map[string]string) string {
	lines := make([]string, 0, len(headers))
	for name, value := range headers {
		lines = append(lines, name+": "+value+"\n")
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

// refusedHook leads back to a webhook with what is wrong, where that is the staff's
// business.
func (c *call) refusedHook(id int64, err error) error {
	if isConflict(err) {
		return c.done(c.hookAt(id, ""), "hook_off")
	}
	return err
}

func (c *call) sendAgain() error {
	hook, id, err := c.deliveryHere()
	if err != nil {
		return err
	}
	if _, err := c.Webhooks.Replay(c.R.Context(), c.store.ID, webhook.Anyone, hook, id); err != nil {
		return c.refusedHook(hook, err)
	}
	return c.done(c.deliveryAt(hook, id, ""), "delivery_again")
}

func (c *call) testHook() error {
	hook, err := c.param("id")
	if err != nil {
		return err
	}
	d, err := c.Webhooks.Test(c.R.Context(), c.store.ID, webhook.Anyone, hook)
	if err != nil {
		return c.refusedHook(hook, err)
	}
	return c.done(c.hookAt(hook, ""), "hook_tested", strconv.FormatInt(d.ID, 10))
}

// setActive switches a webhook on or off.
func (c *call) setActive(on bool, undo, notice string) error {
	hook, err := c.param("id")
	if err != nil {
		return err
	}
	h, err := c.Webhooks.Update(c.R.Context(), c.store.ID, webhook.Anyone, webhook.Update{ID: hook, IsActive: opt.Some(on)})
	if err != nil {
		return err
	}
	return c.doneUndo(c.hookAt(hook, ""), &Undo{Action: c.hookAt(hook, undo)}, notice, shownURL(h.Destination))
}

func (c *call) pauseHook() error  { return c.setActive(false, "/resume", "hook_paused") }
func (c *call) resumeHook() error { return c.setActive(true, "/pause", "hook_resumed") }

// askOfHook is a question about the webhook of the address.
func (c *call) askOfHook(key, path string, danger bool) (*questionPage, *webhook.Hook, error) {
	h, err := c.oneHook()
	if err != nil {
		return nil, nil, err
	}
	p := c.ask("hooks."+key, c.hookAt(h.ID, path), danger, c.hookAt(h.ID, ""), shownURL(h.Destination))
	p.Crumbs = []html.Link{{Label: c.look.Text("hooks.title"), URL: c.storeAt("/webhooks")}, {Label: shownURL(h.Destination), URL: c.hookAt(h.ID, "")}}
	return p, h, nil
}

func (c *call) pauseHookPage() error {
	p, _, err := c.askOfHook("pause", "/pause", false)
	if err != nil {
		return err
	}
	return c.show(http.StatusOK, p)
}

func (c *call) deleteHookPage() error {
	p, _, err := c.askOfHook("delete", "/delete", true)
	if err != nil {
		return err
	}
	return c.show(http.StatusOK, p)
}

func (c *call) deleteHook() error {
	id, err := c.param("id")
	if err != nil {
		return err
	}
	h, err := c.Webhooks.Delete(c.R.Context(), c.store.ID, webhook.Anyone, id)
	if err != nil {
		return err
	}
	return c.done(c.storeAt("/webhooks"), "hook_deleted", shownURL(h.Destination))
}

// replayTimes are how far back deliveries can be sent again, in hours.
var replayTimes = []int{1, 24, 72, 24 * 7, 24 * 30}

func (c *call) replayForm() (*questionPage, *webhook.Hook, error) {
	p, h, err := c.askOfHook("replay", "/replay", false)
	if err != nil {
		return nil, nil, err
	}
	since := &html.Field{Name: "hours", Label: c.look.Text("hooks.replay.since"), Type: "select", Required: true}
	for _, n := range replayTimes {
		since.Options = append(since.Options, html.Option{Value: strconv.Itoa(n), Label: c.look.Text("hooks.replay.since." + strconv.Itoa(n)), Selected: n == 24})
	}
	which := &html.Field{Name: "which", Label: c.look.Text("hooks.replay.which"), Type: "radio", Required: true, Options: []html.Option{
		{Value: "failed", Label: c.look.Text("hooks.replay.failed"), Selected: true}, {Value: "all", Label: c.look.Text("hooks.replay.all")},
	}}
	p.Dialog.Form.Sections[0].Fields = []*html.Field{since, which}
	return p, h, nil
}

func (c *call) replayPage() error {
	p, _, err := c.replayForm()
	if err != nil {
		return err
	}
	return c.show(http.StatusOK, p)
}

func (c *call) replayHook() error {
	p, h, err := c.replayForm()
	if err != nil {
		return err
	}
	if !c.filled(p.Dialog.Form) {
		return c.show(http.StatusUnprocessableEntity, p)
	}
	hours, err := strconv.Atoi(c.form.Get("hours"))
	if err != nil || !slices.Contains(replayTimes, hours) {
		return errBad
	}
	n, err := c.Webhooks.ReplaySince(c.R.Context(), c.store.ID, webhook.Anyone, h.ID, c.visits.System.Now()-int64(hours)*3600, c.form.Get("which") != "all")
	if err != nil {
		return c.refusedHook(h.ID, err)
	}
	return c.done(c.hookAt(h.ID, ""), "hook_replayed", c.look.number(n))
}

// Forms.

// hookFields are the fields that webhooks have, whatever they are told of.
func (c *call) hookFields(h *webhook.Hook) (destination, headers, active *html.Field) {
	destination = &html.Field{Name: "destination", Label: c.look.Text("hooks.destination"), Hint: c.look.Text("hooks.destination.hint"), Type: "url", Required: true, MaxLength: 2000, Value: h.Destination}
	var lines []string
	for _, x := range h.Headers {
		lines = append(lines, x.Name+": "+x.Value)
	}
	headers = &html.Field{Name: "headers", Label: c.look.Text("hooks.headers"), Hint: c.look.Text("hooks.headers.hint"), Type: "textarea", Rows: 3, Value: strings.Join(lines, "\n")}
	active = &html.Field{Name: "is_active", Label: c.look.Text("hooks.active"), Type: "check", Checked: h.IsActive}
	return destination, headers, active
}

// headersOf reads the headers of a form.
func (c *call) headersOf(f *Form) (out []webhook.Header, ok bool) {
	x := f.Field("headers")
	for line := range strings.Lines(x.Value) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		name, value, is := strings.Cut(line, ":")
		if !is || len(out) == webhook.MaxHeaders {
			x.Error = c.look.Text("wrong.header", short(line, 60))
			return nil, false
		}
		out = append(out, webhook.Header{Name: strings.TrimSpace(name), Value: strings.TrimSpace(value)})
	}
	return out, true
}

// newHookForm makes webhooks.
func (c *call) newHookForm() (*formPage, error) {
	_, accounts, err := c.accountNames()
	if err != nil {
		return nil, err
	}
	account := &html.Field{Name: "client_id", Label: c.look.Text("hooks.account"), Hint: c.look.Text("hooks.account.hint"), Type: "select", Required: true}
	for _, a := range accounts {
		if inForce(a) {
			account.Options = append(account.Options, html.Option{Value: a.ClientID, Label: a.Name, Selected: c.form.Get("client_id") == a.ClientID})
		}
	}
	destination, headers, active := c.hookFields(&webhook.Hook{IsActive: true})
	p := &formPage{Intro: c.look.Text("hooks.new.intro")}
	p.Title = c.look.Text("hooks.new.title")
	p.Crumbs = []html.Link{{Label: c.look.Text("hooks.title"), URL: c.storeAt("/webhooks")}}
	p.Form = c.newForm(c.storeAt("/webhooks/new"), "hooks.new.submit", destination, account)
	c.section(p.Form, "hooks.more", headers, active)
	p.Form.Tree = c.scopeTree(c.form["scope"])
	p.Form.Cancel = &html.Link{Label: c.look.Text("cancel"), URL: c.storeAt("/webhooks")}
	if len(account.Options) == 0 {
		p.Messages = []Message{{Kind: "warning", Text: c.look.Text("hooks.none.account")}}
	}
	return p, nil
}

func (c *call) newHookPage() error {
	p, err := c.newHookForm()
	if err != nil {
		return err
	}
	return c.show(http.StatusOK, p)
}

// maxScopes bounds how many webhooks are made at once.
const maxScopes = 100

func (c *call) makeHooks() error {
	p, err := c.newHookForm()
	if err != nil {
		return err
	}
	ok := c.filled(p.Form)
	scopes := c.form["scope"]
	if len(scopes) == 0 || len(scopes) > maxScopes {
		p.Form.Tree.Error, ok = c.look.Text("wrong.choose"), false
	}
	headers, fine := c.headersOf(p.Form)
	if !ok || !fine {
		return c.show(http.StatusUnprocessableEntity, p)
	}
	made, err := c.Webhooks.CreateAll(c.R.Context(), c.store.ID, c.value("client_id"), scopes, webhook.Create{Destination: c.value("destination"), Headers: headers, IsActive: opt.Some(c.form.Get("is_active") != "")})
	if err != nil {
		return c.again(p, p.Form, err)
	}
	if len(made) == 1 {
		return c.done(c.hookAt(made[0].ID, ""), "hook_made", made[0].Scope)
	}
	return c.done(c.storeAt("/webhooks"), "hooks_made", strconv.Itoa(len(made)))
}

// hookForm changes a webhook.
func (c *call) hookForm(h *webhook.Hook) *formPage {
	destination, headers, active := c.hookFields(h)
	scope := &html.Field{Name: "scope", Label: c.look.Text("hooks.scope"), Type: "text", Required: true, MaxLength: 255, Value: h.Scope, Hint: c.look.Text("hooks.scope.hint")}
	p := &formPage{}
	p.Title = c.look.Text("hooks.edit.title")
	p.Crumbs = []html.Link{{Label: c.look.Text("hooks.title"), URL: c.storeAt("/webhooks")}, {Label: shownURL(h.Destination), URL: c.hookAt(h.ID, "")}}
	p.Form = c.newForm(c.hookAt(h.ID, "/edit"), "save", destination, scope, headers, active)
	p.Form.Hide("version", h.Version())
	p.Form.Cancel = &html.Link{Label: c.look.Text("cancel"), URL: c.hookAt(h.ID, "")}
	return p
}

func (c *call) editHookPage() error {
	h, err := c.oneHook()
	if err != nil {
		return err
	}
	return c.show(http.StatusOK, c.hookForm(h))
}

func (c *call) saveHook() error {
	h, err := c.oneHook()
	if err != nil {
		return err
	}
	p := c.hookForm(h)
	ok := c.filled(p.Form)
	p.Form.Hidden = nil
	p.Form.Hide("version", c.form.Get("version"))
	headers, fine := c.headersOf(p.Form)
	if !ok || !fine {
		return c.show(http.StatusUnprocessableEntity, p)
	}
	u := webhook.Update{ID: h.ID, Destination: opt.Some(c.value("destination")), Scope: opt.Some(c.value("scope")), Headers: opt.Some(headers), Version: opt.Some(c.form.Get("version"))}
	if on := c.form.Get("is_active") != ""; on != h.IsActive {
		u.IsActive = opt.Some(on)
	}
	_, err = c.Webhooks.Update(c.R.Context(), c.store.ID, webhook.Anyone, u)
	if errors.Is(err, webhook.ErrStale) {
		if h, err = c.oneHook(); err != nil {
			return err
		}
		c.conflict(p.Form, c.hookForm(h).Form)
		return c.show(http.StatusConflict, p)
	}
	if err != nil {
		return c.again(p, p.Form, err)
	}
	return c.done(c.hookAt(h.ID, ""), "hook_saved")
}

func (c *call) hooksAPI() error {
	p := &apiView{Text: c.look.Text("hooks.api.text")}
	p.Title = c.look.Text("api.title")
	p.Crumbs = []html.Link{{Label: c.look.Text("hooks.title"), URL: c.storeAt("/webhooks")}}
	p.Examples = []Example{c.example("hooks.api.list", "/v3/hooks?limit=50", ""), c.example("hooks.new", "/v3/hooks", `{"scope":"store/customer/*","destination":"https://app.example.com/webhooks","is_active":true}`)}
	return c.show(http.StatusOK, p)
}

func (c *call) hookAPI() error {
	h, err := c.oneHook()
	if err != nil {
		return err
	}
	at := "/v3/hooks/" + strconv.FormatInt(h.ID, 10)
	p := &apiView{Text: c.look.Text("hooks.api.text")}
	p.Title = c.look.Text("api.title")
	p.Crumbs = []html.Link{{Label: c.look.Text("hooks.title"), URL: c.storeAt("/webhooks")}, {Label: shownURL(h.Destination), URL: c.hookAt(h.ID, "")}}
	p.Examples = []Example{c.example("hooks.api.one", at, ""), c.example("hooks.deliveries", at+"/deliveries?limit=50", "")}
	return c.show(http.StatusOK, p)
}
