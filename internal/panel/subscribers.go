package panel

import (
	"cmp"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"clientele/internal/account"
	"clientele/internal/bulk"
	"clientele/internal/customer"
	"clientele/internal/desk"
	"clientele/internal/html"
	"clientele/internal/rule"
	"clientele/internal/staff"
	"clientele/internal/subscriber"
)

// subscriberList are the subscribers as a list with saved views.
var subscriberList = viewed{list: desk.SubscribersList, path: "/subscribers", title: "subscribers.title"}

// subscriberAt is where a subscriber is.
func (c *call) subscriberAt(id int64, more string) string {
	return c.storeAt("/subscribers/" + strconv.FormatInt(id, 10) + more)
}

// waitingState is the state of who has not confirmed yet, who is no subscriber.
const waitingState = "waiting"

var subscriberStates = []string{string(subscriber.Subscribed), waitingState, string(subscriber.Unsubscribed), string(subscriber.Bounced)}

// subscriberParts are the parameters of the list's address besides where a page
// begins.
var subscriberParts = []string{"q", "wide", "state", "source", "consent", "channel", "since", "until", "limit", "view"}

// subscribersAsked is what the address of the list asks for.
type subscribersAsked struct {
	subscriber.Browse
	state string
	wide  bool // look for the text anywhere, and not for beginnings
}

func (c *call) subscribersAsked() *subscribersAsked {
	q := c.R.URL.Query()
	w := &subscribersAsked{wide: q.Get("wide") != ""}
	w.Text = short(clean(q.Get("q")), maxSearch)
	w.Limit = c.size()
	among := func(name string, all []string) string {
		if v := q.Get(name); slices.Contains(all, v) {
			return v
		}
		return ""
	}
	w.state = among("state", subscriberStates)
	if w.state != waitingState {
		w.State = subscriber.State(w.state)
	}
	w.Source, w.Consent = among("source", subscriber.Sources), among("consent", subscriber.Consents)
	number := func(name string) int64 {
		n, err := strconv.ParseInt(q.Get(name), 10, 64)
		if err != nil || n < 0 {
			return 0
		}
		return n
	}
	w.ChannelID, w.Before, w.After = number("channel"), number("before"), number("after")
	w.From, _, _ = c.day(q.Get("since"))
	_, w.To, _ = c.day(q.Get("until"))
	return w
}

// subscribersAt is the list with some parameters changed, by names and values in
// turn, without where a page begins.
func (c *call) subscribersAt(path string, changes ...string) string {
	return c.listed(c.storeAt("/subscribers"+path), subscriberParts, changes...)
}

// listed is an address with some of the parameters of this one, with changes.
func (c *call) listed(at string, names []string, changes ...string) string {
	q := c.R.URL.Query()
	maps.DeleteFunc(q, func(k string, v []string) bool { return !slices.Contains(names, k) || v[0] == "" })
	for i := 0; i+1 < len(changes); i += 2 {
		if changes[i+1] == "" {
			q.Del(changes[i])
		} else {
			q.Set(changes[i], changes[i+1])
		}
	}
	if len(q) == 0 {
		return at
	}
	return at + "?" + q.Encode()
}

// subscribersOf is the list with those whom a filter finds.
func (c *call) subscribersOf(filter string) string {
	in, err := subscriber.ParseBrowse(filter)
	if err != nil {
		return c.storeAt("/subscribers")
	}
	wide, channel := "", ""
	if in.Text != "" {
		wide = "1"
	}
	if in.ChannelID != 0 {
		channel = strconv.FormatInt(in.ChannelID, 10)
	}
	return c.with(c.storeAt("/subscribers"), "q", in.Text, "wide", wide, "state", string(in.State), "source", in.Source, "consent", in.Consent, "channel", channel, "since", c.dayOf(in.From, time.DateOnly), "until", c.dayOf(in.To, time.DateOnly))
}

// dayOf writes the day of a moment; empty for none.
func (c *call) dayOf(unix int64, layout string) string {
	if unix == 0 {
		return ""
	}
	return time.Unix(unix, 0).In(c.zone()).Format(layout)
}

// filterWords tells whom a filter of subscribers finds, in words.
func (c *call) filterWords(filter string) string {
	in, err := subscriber.ParseBrowse(filter)
	if err != nil {
		return filter
	}
	var out []string
	add := func(label, value string) {
		if value != "" {
			out = append(out, c.look.Text("bulk.filter", c.look.Text(label), value))
		}
	}
	if in.Text != "" {
		out = append(out, c.look.Text("customers.wide", in.Text))
	}
	if in.State != "" {
		add("subscribers.state", c.look.Text("subscribers.state."+string(in.State)))
	}
	if in.Consent != "" {
		add("subscribers.consent", c.consentName(in.Consent))
	}
	if in.Source != "" {
		add("subscribers.source", c.look.Text("subscribers.source."+in.Source))
	}
	if in.ChannelID != 0 {
		name := strconv.FormatInt(in.ChannelID, 10)
		if names, _, err := c.Rules.Ask(c.R.Context(), c.store.ID, nil); err == nil {
			name = cmp.Or(channelName(names, in.ChannelID), name)
		}
		add("subscribers.channel", name)
	}
	add("history.from", c.dayOf(in.From, c.look.Text("date.day")))
	add("history.to", c.dayOf(in.To, c.look.Text("date.day")))
	return strings.Join(out, " · ")
}

func (c *call) subscribersPage() error {
	w := c.subscribersAsked()
	names, _, err := c.Rules.Ask(c.R.Context(), c.store.ID, nil)
	if err != nil {
		return err
	}
	p, err := c.subscribersFrame(w, names)
	if err != nil {
		return err
	}
	if w.state == waitingState {
		return c.waitingList(p, w, names)
	}
	if first := w.Before == 0 && w.After == 0; w.Text != "" && !w.wide && first && !w.filtered() {
		found, err := c.Subscribers.Search(c.R.Context(), c.store.ID, w.Text, w.Limit)
		if err != nil {
			return err
		}
		if len(found) > 0 {
			bounces, err := c.Subscribers.BouncesOf(c.R.Context(), c.store.ID, found)
			if err != nil {
				return err
			}
			p.Filters.Count = c.look.Plural("subscribers.count", len(found))
			p.Filters.Further = &html.Link{Label: c.look.Text("subscribers.anywhere", w.Text), URL: c.subscribersAt("", "wide", "1")}
			p.Table = c.subscriberTable(found, bounces, names)
			p.Table.Select = c.selecting(bulk.Subscribers, "")
			return c.show(http.StatusOK, p)
		}
	}
	found, err := c.Subscribers.Browse(c.R.Context(), c.store.ID, w.Browse)
	if err != nil {
		return err
	}
	n := len(found.Subscribers)
	switch {
	case found.Total >= 0:
		p.Filters.Count = c.subscribersCount(found.Total)
	case found.Older == 0 && found.Newer == 0:
		p.Filters.Count = c.look.Plural("subscribers.count", n)
	default:
		p.Filters.Count = c.look.Text("subscribers.some")
	}
	if !found.Complete {
		p.Note = &Message{Kind: "info", Text: c.look.Text("subscribers.slow")}
	}
	cursor := func(id int64) string {
		if id == 0 {
			return ""
		}
		return strconv.FormatInt(id, 10)
	}
	p.Pages = c.turns(cursor(found.Newer), cursor(found.Older), "results")
	// Backwards the cursor is what the page comes after.
	if found.Newer != 0 {
		p.Pages.Prev = c.subscribersAt("", "after", cursor(found.Newer))
	}
	if found.Older != 0 {
		p.Pages.Next = c.subscribersAt("", "before", cursor(found.Older))
	}
	if n == 0 {
		c.noSubscribers(p, w, found)
		return c.show(http.StatusOK, p)
	}
	p.Table = c.subscriberTable(found.Subscribers, found.Bounces, names)
	all := c.look.Text("bulk.all.some")
	if found.Total >= 0 {
		all = c.look.Text("bulk.all", c.look.number(found.Total))
	}
	p.Table.Select = c.selecting(bulk.Subscribers, all, "filter", w.Query())
	return c.show(http.StatusOK, p)
}

func (w *subscribersAsked) filtered() bool {
	b := w.Browse
	b.Text = ""
	return b.Selects()
}

// subscribersCount writes a number of subscribers.
func (c *call) subscribersCount(n int64) string {
	if n == 1 {
		return c.look.Plural("subscribers.count", 1)
	}
	return c.look.Text("subscribers.count.other", c.look.number(n))
}

func (c *call) noSubscribers(p *listPage, w *subscribersAsked, found *subscriber.Browsed) {
	if found.Complete {
		p.Pages = nil
	}
	if found.Total == 0 && w.state == "" {
		p.Filters = nil
		p.Empty = &Empty{Icon: "mail", Title: c.look.Text("subscribers.none.title"), Text: c.look.Text("subscribers.none.text")}
		if c.can(staff.Subscribers) {
			p.Empty.Action = &p.Actions[len(p.Actions)-1]
			p.Actions = p.Actions[:len(p.Actions)-1]
		}
		return
	}
	p.Empty = &Empty{Icon: "search", Title: c.look.Text("none.title"), Text: c.look.Text("none.text"), Action: &Action{Label: c.look.Text("none.reset"), URL: c.storeAt("/subscribers")}}
}

// subscribersFrame is the list without its rows.
func (c *call) subscribersFrame(w *subscribersAsked, names *rule.Names) (*listPage, error) {
	p := &listPage{}
	p.Title, p.Lead = c.look.Text("subscribers.title"), c.look.Text("subscribers.lead")
	for _, way := range []string{"import", "export"} {
		if c.mayOpen(ofStore + "/" + way) {
			p.Actions = append(p.Actions, Action{Label: c.look.Text("subscribers." + way), URL: c.storeAt("/" + way)})
		}
	}
	if c.can(staff.Subscribers) {
		p.Actions = append(p.Actions, Action{Label: c.look.Text("subscribers.new"), URL: c.storeAt("/subscribers/new"), Primary: true})
	}
	tabs, view, err := c.views(subscriberList)
	if err != nil {
		return nil, err
	}
	p.Tabs = tabs
	q := c.R.URL.Query()
	f := &Filters{Action: c.storeAt("/subscribers"), Label: c.look.Text("subscribers.search"), Query: w.Text, Swap: "results"}
	for _, name := range []string{"state", "limit"} {
		if v := q.Get(name); v != "" {
			f.Hidden = append(f.Hidden, html.Option{Label: name, Value: v})
		}
	}
	if w.state != waitingState {
		f.Fields = c.subscriberQuestions(w, names)
	}
	group := ChipGroup{Label: c.look.Text("subscribers.state"), Chips: []Chip{{Label: c.look.Text("all"), URL: c.subscribersAt("", "state", ""), Chosen: w.state == ""}}}
	for _, s := range subscriberStates {
		group.Chips = append(group.Chips, Chip{Label: c.look.Text("subscribers.state." + s), URL: c.subscribersAt("", "state", s), Chosen: s == w.state})
	}
	f.Groups = []ChipGroup{group}
	if w.wide && w.Text != "" {
		f.Hidden = append(f.Hidden, html.Option{Label: "wide", Value: "1"})
		f.Set = []SetFilter{{Label: c.look.Text("customers.wide", w.Text), URL: c.subscribersAt("", "wide", "")}}
	}
	f.Actions = append([]Action{{Label: c.look.Text("api.title"), URL: c.subscribersAt("/api")}, {Label: c.look.Text("bulk.title"), URL: c.storeAt("/bulk")}}, c.viewActions(subscriberList, view)...)
	p.Filters = f
	return p, nil
}

// subscriberQuestions are the filters besides the search and the state.
func (c *call) subscriberQuestions(w *subscribersAsked, names *rule.Names) []*html.Field {
	q := c.R.URL.Query()
	choose := func(name, label, chosen string, values []string, text func(string) string) *html.Field {
		x := &html.Field{Name: name, Label: c.look.Text(label), Type: "select", Options: []html.Option{{Label: c.look.Text("all")}}}
		for _, v := range values {
			x.Options = append(x.Options, html.Option{Value: v, Label: text(v), Selected: v == chosen})
		}
		return x
	}
	fields := []*html.Field{
		choose("consent", "subscribers.consent", w.Consent, subscriber.Consents, c.consentName),
		choose("source", "subscribers.source", w.Source, subscriber.Sources, func(s string) string { return c.look.Text("subscribers.source." + s) }),
	}
	if len(names.Channels) > 1 {
		x := &html.Field{Name: "channel", Label: c.look.Text("subscribers.channel"), Type: "select", Options: []html.Option{{Label: c.look.Text("all")}}}
		for _, n := range names.Channels {
			x.Options = append(x.Options, html.Option{Value: strconv.FormatInt(n.ID, 10), Label: n.Name, Selected: n.ID == w.ChannelID})
		}
		fields = append(fields, x)
	}
	return append(fields,
		&html.Field{Name: "since", Label: c.look.Text("history.from"), Type: "date", Value: q.Get("since")},
		&html.Field{Name: "until", Label: c.look.Text("history.to"), Type: "date", Value: q.Get("until")})
}

// channelName is the name of a channel.
func channelName(names *rule.Names, id int64) string {
	return named(names.Channels, func(n rule.Named) bool { return n.ID == id })
}

// subscriberTable makes the rows of the list.
func (c *call) subscriberTable(subs []subscriber.Subscriber, bounces map[int64]subscriber.Bounce, names *rule.Names) *Table {
	t := &Table{ID: "list", Caption: c.look.Text("subscribers.title"), Columns: []Column{
		{Label: c.look.Text("field.email")}, {Label: c.look.Text("subscribers.state")}, {Label: c.look.Text("subscribers.consents")}, {Label: c.look.Text("subscribers.source")},
		{Label: c.look.Text("subscribers.channel")}, {Label: c.look.Text("subscribers.since")},
	}}
	for i := range subs {
		s, id := &subs[i], strconv.FormatInt(subs[i].ID, 10)
		source := Cell{Text: c.look.Text("subscribers.source." + s.Source)}
		if s.OrderID != 0 {
			source.Sub = c.look.Text("subscribers.order", strconv.FormatInt(s.OrderID, 10))
		}
		_, bounced := bounces[s.ID]
		t.Rows = append(t.Rows, Row{ID: "subscriber-" + id, Pick: id, Name: s.Email, Cells: []Cell{
			{Text: s.Email, Sub: customer.FullName(s.FirstName, s.LastName), URL: c.subscriberAt(s.ID, "")}, {Lozenges: []Lozenge{c.subscriberLozenge(s.StateOf(bounced))}},
			{Text: c.agreedTo(s)}, source, {Text: channelName(names, s.ChannelID)}, {When: c.when(s.DateCreated)},
		}})
	}
	return t
}

// agreedTo names what a subscriber has agreed to.
func (c *call) agreedTo(s *subscriber.Subscriber) string {
	if len(s.Consents) == 0 {
		return c.look.Text("subscribers.consents.none")
	}
	return c.consentNames(s.Consents)
}

func (c *call) subscriberLozenge(s subscriber.State) Lozenge {
	kind := map[subscriber.State]string{subscriber.Subscribed: "success", subscriber.Unsubscribed: "neutral", subscriber.Bounced: "danger"}[s]
	return Lozenge{kind, c.look.Text("subscribers.state." + string(s))}
}

// waitingAt is where a subscription is that waits.
func (c *call) waitingAt(key, more string) string {
	return c.storeAt("/subscribers/waiting/" + key + more)
}

// waitingList shows who has not confirmed yet.
func (c *call) waitingList(p *listPage, w *subscribersAsked, names *rule.Names) error {
	cursor := func(name string) *account.Waiting {
		at, key, ok := strings.Cut(c.R.URL.Query().Get(name), ".")
		expires, err := strconv.ParseInt(at, 10, 64)
		if !ok || err != nil || len(key) > 100 {
			return nil
		}
		return &account.Waiting{Expires: expires, Key: clean(key)}
	}
	found, err := c.Accounts.Waiting(c.R.Context(), c.store.ID, account.WaitingAsked{Text: w.Text, Before: cursor("before"), After: cursor("after"), Limit: w.Limit})
	if err != nil {
		return err
	}
	n := len(found.Waiting)
	p.Filters.Count = c.look.Plural("subscribers.waiting.count", n)
	if found.Older || found.Newer {
		p.Filters.Count = c.look.Text("subscribers.some")
	}
	if n == 0 {
		p.Empty = &Empty{Icon: "mail", Title: c.look.Text("subscribers.waiting.none.title"), Text: c.look.Text("subscribers.waiting.none.text"), Action: &Action{Label: c.look.Text("none.reset"), URL: c.storeAt("/subscribers")}}
		return c.show(http.StatusOK, p)
	}
	mark := func(w *account.Waiting, some bool) string {
		if !some {
			return ""
		}
		return strconv.FormatInt(w.Expires, 10) + "." + w.Key
	}
	p.Pages = c.turns(mark(&found.Waiting[0], found.Newer), mark(&found.Waiting[n-1], found.Older), "results")
	p.Pages.Prev, p.Pages.Next = "", ""
	if found.Newer {
		p.Pages.Prev = c.subscribersAt("", "after", mark(&found.Waiting[0], true))
	}
	if found.Older {
		p.Pages.Next = c.subscribersAt("", "before", mark(&found.Waiting[n-1], true))
	}
	p.Table = &Table{ID: "list", Caption: c.look.Text("subscribers.state.waiting"), Columns: []Column{
		{Label: c.look.Text("field.email")}, {Label: c.look.Text("subscribers.state")}, {Label: c.look.Text("subscribers.channel")}, {Label: c.look.Text("subscribers.asked")}, {Label: c.look.Text("subscribers.until")},
	}}
	for i := range found.Waiting {
		k := &found.Waiting[i]
		asked := int64(0)
		if k.Asked != nil {
			asked = k.Asked.Time
		}
		p.Table.Rows = append(p.Table.Rows, Row{ID: "waiting-" + k.Key[:min(12, len(k.Key))], Cells: []Cell{
			{Text: k.Email, Sub: customer.FullName(k.FirstName, k.LastName), URL: c.waitingAt(k.Key, "")}, {Lozenges: []Lozenge{{"warning", c.look.Text("subscribers.state.waits")}}},
			{Text: channelName(names, k.ChannelID)}, {When: c.when(asked)}, {Text: c.look.Date(k.Expires, c.zone())},
		}})
	}
	return c.show(http.StatusOK, p)
}

// subscribersAPI tells how apps get the list of the address.
func (c *call) subscribersAPI() error {
	w := c.subscribersAsked()
	p := &apiView{Text: c.look.Text("api.text")}
	p.Title = c.look.Text("api.title")
	p.Crumbs = []html.Link{{Label: c.look.Text("subscribers.title"), URL: c.subscribersAt("")}}
	q := url.Values{"limit": {strconv.Itoa(w.Limit)}}
	if strings.Contains(w.Text, "@") {
		q.Set("email", w.Text)
	}
	if w.Source != "" {
		q.Set("source", w.Source)
	}
	p.Examples = []Example{c.example("api.v3", "/v3/customers/subscribers?"+q.Encode(), "")}
	return c.show(http.StatusOK, p)
}
