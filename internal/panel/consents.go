package panel

import (
	"net/http"
	"strconv"
	"strings"

	"clientele/internal/html"
	"clientele/internal/personal"
	"clientele/internal/staff"
	"clientele/internal/subscriber"
)

// consentsPage is what happened to consents: of all, or of an address, also of who
// is gone.
func (c *call) consentsPage() error {
	ctx, q := c.R.Context(), c.R.URL.Query()
	keys, err := c.Keys.Keys(ctx, c.store.ID)
	if err != nil {
		return err
	}
	names, _, err := c.Rules.Ask(ctx, c.store.ID, nil)
	if err != nil {
		return err
	}
	number := func(name string) int64 {
		n, err := strconv.ParseInt(q.Get(name), 10, 64)
		if err != nil || n < 0 {
			return 0
		}
		return n
	}
	in := subscriber.ConsentsAsked{Email: short(clean(q.Get("q")), maxSearch), Keys: keys, Before: number("before"), After: number("after"), Limit: c.size()}
	found, err := c.Subscribers.Consents(ctx, c.store.ID, in)
	if err != nil {
		return err
	}
	p := &listPage{}
	p.Title, p.Lead = c.look.Text("consents.title"), c.look.Text("consents.lead")
	p.Filters = &Filters{Action: c.storeAt("/consents"), Label: c.look.Text("consents.search"), Query: in.Email, Swap: "results", Count: c.look.Plural("consents.count", len(found.Changes))}
	if found.Older || found.Newer {
		p.Filters.Count = c.look.Text("consents.some")
	}
	n := len(found.Changes)
	if n == 0 {
		p.Empty = &Empty{Icon: "check", Title: c.look.Text("consents.none"), Text: c.look.Text("consents.none.text")}
		if in.Email != "" {
			p.Empty = &Empty{Icon: "search", Title: c.look.Text("none.title"), Text: c.look.Text("consents.none.of"), Action: &Action{Label: c.look.Text("none.reset"), URL: c.storeAt("/consents")}}
		}
		return c.show(http.StatusOK, p)
	}
	cursor := func(id int64, some bool) string {
		if !some {
			return ""
		}
		return strconv.FormatInt(id, 10)
	}
	newer, older := cursor(found.Changes[0].ID, found.Newer), cursor(found.Changes[n-1].ID, found.Older)
	p.Pages = c.turns(newer, older, "results")
	c.byTime(p.Pages, "/consents", newer, older)
	p.Table = &Table{ID: "list", Caption: c.look.Text("consents.title"), Columns: []Column{
		{Label: c.look.Text("field.email")}, {Label: c.look.Text("history.what")}, {Label: c.look.Text("consents.how")}, {Label: c.look.Text("consents.from")}, {Label: c.look.Text("history.when")},
	}}
	for i := range found.Changes {
		ch := &found.Changes[i]
		who := Cell{Text: ch.Email, Sub: c.look.Text("subscribers.number", strconv.FormatInt(ch.SubscriberID, 10)), URL: c.subscriberAt(ch.SubscriberID, "#consent-"+strconv.FormatInt(ch.ID, 10))}
		if strings.HasPrefix(ch.Email, personal.Mark("")) {
			who.Text = c.look.Text("consents.erased")
		}
		what := Cell{Text: c.consentDid(ch)}
		if ch.Proof.Confirmed == subscriber.ByEmail {
			what.Lozenges = []Lozenge{{"success", c.look.Text("consents.doubly")}}
		}
		what.Sub = ch.Proof.Ground
		if ch.Proof.Undoes != 0 && ch.Action != subscriber.Deleted {
			what.Sub = c.look.Text("consents.undone")
		}
		from := Cell{Text: ch.IP, Sub: ch.Proof.Place}
		if a := ch.Proof.Asked; a != nil && from.Sub == "" {
			from.Sub = a.Place
		}
		from.Sub = short(from.Sub, 40)
		p.Table.Rows = append(p.Table.Rows, Row{ID: "consent-" + strconv.FormatInt(ch.ID, 10), Cells: []Cell{who, what, {Text: c.consentHow(ch, names)}, from, {When: c.when(ch.DateCreated)}}})
	}
	return c.show(http.StatusOK, p)
}

// byTime has pages of a list that shows the newest first lead by ids: older ones come
// before, newer ones after.
func (c *call) byTime(p *Pages, path, newer, older string) {
	parts := []string{"q", "limit", "state", "kind", "to"}
	p.Prev, p.Next = "", ""
	if newer != "" {
		p.Prev = c.listed(c.storeAt(path), parts, "after", newer)
	}
	if older != "" {
		p.Next = c.listed(c.storeAt(path), parts, "before", older)
	}
}

// unsubscribedPage is who has left, and what keeps addresses from being subscribed.
func (c *call) unsubscribedPage() error {
	ctx, q := c.R.Context(), c.R.URL.Query()
	text := short(clean(q.Get("q")), maxSearch)
	cursor := func(name string) *subscriber.End {
		parts := strings.SplitN(q.Get(name), ".", 3)
		if len(parts) < 3 {
			return nil
		}
		at, err := strconv.ParseInt(parts[0], 10, 64)
		if err != nil {
			return nil
		}
		channel, err := strconv.ParseInt(parts[1], 10, 64)
		if err != nil {
			return nil
		}
		return &subscriber.End{Time: at, ChannelID: channel, Email: clean(parts[2])}
	}
	found, err := c.Subscribers.Ends(ctx, c.store.ID, text, cursor("before"), cursor("after"), c.size())
	if err != nil {
		return err
	}
	names, _, err := c.Rules.Ask(ctx, c.store.ID, nil)
	if err != nil {
		return err
	}
	p := &listPage{}
	p.Title, p.Lead = c.look.Text("unsubscribed.title"), c.look.Text("unsubscribed.lead")
	p.Filters = &Filters{Action: c.storeAt("/unsubscribed"), Label: c.look.Text("unsubscribed.search"), Query: text, Swap: "results", Count: c.look.Plural("unsubscribed.count", len(found.Ends))}
	p.Filters.Further = &html.Link{Label: c.look.Text("unsubscribed.stay"), URL: c.with(c.storeAt("/subscribers"), "state", string(subscriber.Unsubscribed))}
	if strings.Contains(text, "@") {
		if p.Filters.Problem, err = c.standingNote(text); err != nil {
			return err
		}
	} else if found.Suppressed > 0 {
		p.Filters.Problem = &Message{Kind: "info", Text: c.look.Plural("unsubscribed.hashes", int(found.Suppressed))}
	}
	n := len(found.Ends)
	if n == 0 {
		p.Empty = &Empty{Icon: "mail", Title: c.look.Text("unsubscribed.none.title"), Text: c.look.Text("unsubscribed.none.text")}
		if text != "" {
			p.Empty = &Empty{Icon: "search", Title: c.look.Text("none.title"), Text: c.look.Text("none.text"), Action: &Action{Label: c.look.Text("none.reset"), URL: c.storeAt("/unsubscribed")}}
		}
		return c.show(http.StatusOK, p)
	}
	mark := func(e *subscriber.End, some bool) string {
		if !some {
			return ""
		}
		return strconv.FormatInt(e.Time, 10) + "." + strconv.FormatInt(e.ChannelID, 10) + "." + e.Email
	}
	newer, older := mark(&found.Ends[0], found.Newer), mark(&found.Ends[n-1], found.Older)
	p.Pages = c.turns(newer, older, "results")
	c.byTime(p.Pages, "/unsubscribed", newer, older)
	p.Table = &Table{ID: "list", Caption: c.look.Text("unsubscribed.title"), Columns: []Column{
		{Label: c.look.Text("field.email")}, {Label: c.look.Text("unsubscribed.how")}, {Label: c.look.Text("subscribers.channel")}, {Label: c.look.Text("unsubscribed.when")}, {Label: c.look.Text("actions"), Hidden: true},
	}}
	for i := range found.Ends {
		e := &found.Ends[i]
		how := Lozenge{"neutral", c.look.Text("unsubscribed.removed")}
		if e.Own() {
			how = Lozenge{"warning", c.look.Text("unsubscribed.own." + e.Via)}
		}
		channel := strconv.FormatInt(e.ChannelID, 10)
		row := Row{ID: "end-" + channel + "-" + strconv.Itoa(i), Cells: []Cell{{Text: e.Email}, {Lozenges: []Lozenge{how}}, {Text: channelName(names, e.ChannelID)}, {When: c.when(e.Time)}, {}}}
		if c.can(staff.Subscribers) {
			row.Cells[0].URL = c.with(c.storeAt("/consents"), "q", e.Email)
			row.Cells[4].Actions = []Action{{Label: c.look.Text("subscribers.anew"), URL: c.with(c.storeAt("/subscribers/new"), "email", e.Email, "channel", channel)}}
		}
		p.Table.Rows = append(p.Table.Rows, row)
	}
	return c.show(http.StatusOK, p)
}

// standingNote tells whether an address needs a new consent; nil where it does not.
func (c *call) standingNote(address string) (*Message, error) {
	keys, err := c.Keys.Keys(c.R.Context(), c.store.ID)
	if err != nil {
		return nil, err
	}
	s, err := c.Subscribers.Standing(c.R.Context(), c.store.ID, address, keys)
	if err != nil {
		return nil, err
	}
	m := &Message{Kind: "info", Text: c.look.Text("unsubscribed.free", address)}
	if s.Suppressed != 0 {
		m.Kind, m.Text = "warning", c.look.Text("unsubscribed.suppressed", address, c.look.Date(s.Suppressed, c.zone()))
	}
	for i := range s.Ends {
		if s.Ends[i].Own() && s.Suppressed == 0 {
			m.Kind, m.Text = "warning", c.look.Text("unsubscribed.left", address, c.look.Date(s.Ends[i].Time, c.zone()))
		}
	}
	if s.Bounce != nil {
		m.Items = append(m.Items, c.look.Text("subscribers.bounce."+s.Bounce.Kind, c.look.Date(s.Bounce.Time, c.zone())))
	}
	if c.can(staff.Subscribers) {
		m.Link = &html.Link{Label: c.look.Text("subscribers.anew"), URL: c.with(c.storeAt("/subscribers/new"), "email", address)}
	}
	return m, nil
}
