package panel

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"clientele/internal/bulk"
	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/html"
	"clientele/internal/listing"
	"clientele/internal/rule"
	"clientele/internal/segment"
	"clientele/internal/staff"
	"clientele/internal/subscriber"
)

// bulkAction is something that is done to many, and who may do it.
type bulkAction struct {
	kind   bulk.Kind
	need   staff.Permission
	danger bool
}

// bulkActions are those of a list, in the order in which they are offered.
var bulkActions = map[bulk.Subject][]bulkAction{
	bulk.Customers: {
		{kind: bulk.SetGroup, need: staff.EditCustomers},
		{kind: bulk.AddToSegment, need: staff.Segments}, {kind: bulk.TakeFromSegment, need: staff.Segments},
		{kind: bulk.SetAttribute, need: staff.EditCustomers},
		{kind: bulk.RequirePassword, need: staff.Access}, {kind: bulk.SendReset, need: staff.Access},
		{kind: bulk.Subscribe, need: staff.Subscribers}, {kind: bulk.Unsubscribe, need: staff.Subscribers},
		{kind: bulk.Delete, need: staff.DeleteCustomers, danger: true},
	},
	bulk.Subscribers: {
		{kind: bulk.Subscribe, need: staff.Subscribers}, {kind: bulk.Unsubscribe, need: staff.Subscribers},
		{kind: bulk.Delete, need: staff.Subscribers, danger: true},
	},
}

// exportKind is the action that leads to the page where a selection is exported.
const exportKind bulk.Kind = "export"

// pathOf is an action in addresses.
func pathOf(k bulk.Kind) string { return strings.ReplaceAll(string(k), "_", "-") }

// bulkRoutes are the pages of bulk actions: for each list one of each action, and
// those of actions that were begun.
func bulkRoutes() []Route {
	out := []Route{
		get(ofStore+"/bulk", In(staff.SeeCustomers), (*call).bulkListPage),
		get(ofStore+"/bulk/{id}", In(staff.SeeCustomers), (*call).bulkPage), asides(get(ofStore+"/bulk/{id}/live", In(staff.SeeCustomers), (*call).bulkLive)),
		get(ofStore+"/bulk/{id}/failures", In(staff.SeeCustomers), (*call).bulkFailures),
		post(ofStore+"/bulk/{id}/stop", In(staff.SeeCustomers), (*call).stopBulk), post(ofStore+"/bulk/{id}/resume", In(staff.SeeCustomers), (*call).resumeBulk),
		post(ofStore+"/bulk/{id}/undo", In(staff.SeeCustomers), (*call).undoBulk),
	}
	for _, subject := range []bulk.Subject{bulk.Customers, bulk.Subscribers} {
		at := ofStore + "/" + string(subject) + "/bulk"
		out = append(out, get(at, In(staff.SeeCustomers), func(c *call) error { return c.startBulk(subject) }))
		for _, a := range bulkActions[subject] {
			ask := get(at+"/"+pathOf(a.kind), In(a.need), func(c *call) error { return c.bulkQuestion(subject, a) })
			do := post(at+"/"+pathOf(a.kind), In(a.need), func(c *call) error { return c.doBulk(subject, a) })
			if a.danger {
				ask, do = sudo(ask), sudo(do)
			}
			out = append(out, ask, do)
		}
	}
	return out
}

// Selecting is how rows of a table are chosen for what is done to several. Its form
// stands by itself: the boxes in the rows name it.
type Selecting struct {
	Action  string
	Hidden  []html.Option
	Options []html.Option // what can be done
	All     string        // the words of the box for all that match; empty: there is none
}

// selecting offers what who is signed in may do to rows of a list; nil: nothing.
// hidden says which list it is, by names and values in turn.
func (c *call) selecting(subject bulk.Subject, all string, hidden ...string) *Selecting {
	s := &Selecting{Action: c.storeAt("/" + string(subject) + "/bulk"), All: all}
	for i := 0; i+1 < len(hidden); i += 2 {
		if hidden[i+1] != "" {
			s.Hidden = append(s.Hidden, html.Option{Label: hidden[i], Value: hidden[i+1]})
		}
	}
	for _, a := range bulkActions[subject] {
		if a.danger && c.mayExport(subject) {
			s.Options = append(s.Options, html.Option{Value: string(exportKind), Label: c.look.Text("bulk.do.export")})
		}
		if c.can(a.need) {
			s.Options = append(s.Options, html.Option{Value: string(a.kind), Label: c.look.Text("bulk.do." + string(a.kind))})
		}
	}
	if s.Options == nil {
		return nil
	}
	return s
}

// mayExport reports whether who is signed in may take the records of a list away.
func (c *call) mayExport(subject bulk.Subject) bool {
	need := staff.ExportCustomers
	if subject == bulk.Subscribers {
		need = staff.ExportSubscribers
	}
	return c.can(need) && c.mayOpen(ofStore+"/export")
}

// selected is whom the address of a page selects.
func (c *call) selected(subject bulk.Subject) bulk.Options {
	q := c.R.URL.Query()
	o := bulk.Options{Subject: subject}
	if q.Get("all") == "" {
		o.IDs = []int64{}
		for _, text := range q["id"] {
			for one := range strings.SplitSeq(text, ",") {
				if id, err := strconv.ParseInt(one, 10, 64); err == nil && id > 0 && !slices.Contains(o.IDs, id) && len(o.IDs) <= bulk.MaxNamed {
					o.IDs = append(o.IDs, id)
				}
			}
		}
		return o
	}
	if subject == bulk.Customers {
		o.Rule = clean(q.Get("rule"))
	} else {
		o.Filter = clean(q.Get("filter"))
	}
	return o
}

// selection is the query by which an address names what is selected.
func selection(o bulk.Options) string {
	q := url.Values{}
	if o.IDs == nil {
		q.Set("all", "1")
		if o.Rule != "" {
			q.Set("rule", o.Rule)
		}
		if o.Filter != "" {
			q.Set("filter", o.Filter)
		}
	} else {
		var ids []string
		for _, id := range o.IDs {
			ids = append(ids, strconv.FormatInt(id, 10))
		}
		q.Set("id", strings.Join(ids, ","))
	}
	return "?" + q.Encode()
}

// bulkBack is the list from which a selection is.
func (c *call) bulkBack(o bulk.Options) string {
	if o.Subject == bulk.Subscribers {
		return c.subscribersOf(o.Filter)
	}
	return c.with(c.storeAt("/"+string(o.Subject)), "rule", o.Rule)
}

// startBulk leads from a list to the page of what is to be done.
func (c *call) startBulk(subject bulk.Subject) error {
	o, kind := c.selected(subject), bulk.Kind(c.R.URL.Query().Get("action"))
	if kind == exportKind && c.mayExport(subject) {
		return c.redirect(c.storeAt("/export/new") + selection(o) + "&kind=" + string(subject))
	}
	for _, a := range bulkActions[subject] {
		if a.kind == kind && c.can(a.need) {
			return c.redirect(c.storeAt("/"+string(subject)+"/bulk/"+pathOf(kind)) + selection(o))
		}
	}
	return c.redirect(c.bulkBack(o))
}

// bulkForm asks what is to be done to whom; nil where nobody can be meant, with where
// to go instead.
func (c *call) bulkForm(subject bulk.Subject, a bulkAction) (p *questionPage, o bulk.Options, elsewhere string, err error) {
	o = c.selected(subject)
	o.Kind = a.kind
	seen, err := c.Bulk.Preview(c.R.Context(), c.store.ID, o)
	if f := new(rule.Fault); errors.As(err, &f) {
		return nil, o, c.bulkBack(o), nil
	}
	if err != nil {
		return nil, o, "", err
	}
	title := c.look.Text("bulk.do." + string(a.kind))
	f := c.newForm(c.storeAt("/"+string(subject)+"/bulk/"+pathOf(a.kind))+selection(o), "bulk.submit")
	f.Submit = title
	f.Inline, f.Danger = true, a.danger
	f.Cancel = &html.Link{Label: c.look.Text("cancel"), URL: c.bulkBack(o)}
	f.Hide("once", c.visits.System.Hex(16))
	p = &questionPage{Dialog: &Dialog{Form: f}}
	p.Title = title
	p.Crumbs = []html.Link{{Label: c.look.Text(string(subject) + ".title"), URL: c.bulkBack(o)}}
	if seen.Complete && seen.Count == 0 {
		return p, o, c.with(c.bulkBack(o), "nobody", "1"), nil
	}
	if f.Sections[0].Fields, err = c.bulkFields(a.kind); err != nil {
		return nil, o, "", err
	}
	people, err := c.bulkPeople(subject, seen.Examples)
	if err != nil {
		return nil, o, "", err
	}
	p.Dialog.Text = c.bulkCount(subject, seen)
	if seen.Rule != "" {
		p.Lead = seen.Rule
	} else if o.Filter != "" {
		p.Lead = c.filterWords(o.Filter)
	}
	p.Dialog.Lines = people
	if rest := seen.Count - int64(len(people)); rest > 0 && seen.Complete {
		p.Dialog.Lines = append(p.Dialog.Lines, c.look.several("bulk.more", rest))
	} else if !seen.Complete {
		p.Dialog.Lines = append(p.Dialog.Lines, c.look.Text("bulk.others"))
	}
	if !seen.Complete || seen.Count > bulk.AtOnce {
		p.Dialog.After = append(p.Dialog.After, c.look.Text("bulk.job"))
	}
	if a.kind.Undoable() {
		p.Dialog.After = append(p.Dialog.After, c.look.Text("bulk.undoable"))
	} else {
		final := "bulk.final." + string(a.kind)
		if subject == bulk.Subscribers {
			final += ".subscribers"
		}
		p.Dialog.After = append(p.Dialog.After, c.look.Text(final))
	}
	return p, o, "", nil
}

// bulkCount tells to how many something would be done.
func (c *call) bulkCount(subject bulk.Subject, seen *bulk.Preview) string {
	key := "bulk.count." + string(subject)
	switch {
	case !seen.Complete:
		return c.look.Text(key+".over", c.look.number(seen.Count))
	case seen.Count == 1:
		return c.look.Text(key + ".one")
	}
	return c.look.Text(key+".other", c.look.number(seen.Count))
}

// bulkPeople names some of those who are selected.
func (c *call) bulkPeople(subject bulk.Subject, ids []int64) (out []string, err error) {
	if subject == bulk.Subscribers {
		q := subscriber.List.New().Where("id", listing.In, ids, nil)
		if len(ids) == 0 {
			return nil, nil
		}
		rows, _, err := c.Subscribers.List(c.R.Context(), c.store.ID, q)
		for i := range rows {
			out = append(out, rows[i].Email)
		}
		return out, err
	}
	rows, err := c.customersOf(ids)
	for i := range rows {
		out = append(out, c.look.Text("bulk.person", customerName(&rows[i]), rows[i].Email))
	}
	return out, err
}

// bulkFields are what an action has to be told.
func (c *call) bulkFields(kind bulk.Kind) ([]*html.Field, error) {
	names, _, err := c.Rules.Ask(c.R.Context(), c.store.ID, nil)
	if err != nil {
		return nil, err
	}
	choose := func(name, label string, list []rule.Named, value func(rule.Named) string) *html.Field {
		f := &html.Field{Name: name, Label: c.look.Text(label), Type: "select", Required: true, Options: []html.Option{{Label: c.look.Text("bulk.choose")}}}
		for _, n := range list {
			f.Options = append(f.Options, html.Option{Value: value(n), Label: n.Name})
		}
		return f
	}
	byID := func(n rule.Named) string { return strconv.FormatInt(n.ID, 10) }
	switch kind {
	case bulk.SetGroup:
		f := choose("group", "customers.column.group", names.Groups, byID)
		f.Options = slices.Insert(f.Options, 1, html.Option{Value: "0", Label: c.look.Text("bulk.no_group")})
		return []*html.Field{f}, nil
	case bulk.AddToSegment, bulk.TakeFromSegment:
		ruled, err := c.Rules.Rules(c.R.Context(), c.store.ID)
		if err != nil {
			return nil, err
		}
		byHand := slices.DeleteFunc(slices.Clone(names.Segments), func(n rule.Named) bool {
			return slices.ContainsFunc(ruled, func(r segment.Rule) bool { return r.SegmentID == n.ID })
		})
		f := choose("segment", "bulk.segment", byHand, func(n rule.Named) string { return n.UUID })
		f.Hint = c.look.Text("bulk.segment.hint")
		return []*html.Field{f}, nil
	case bulk.SetAttribute:
		return []*html.Field{choose("attribute", "bulk.attribute", names.Attributes, byID), c.textField("value", "bulk.value")}, nil
	case bulk.Subscribe, bulk.Unsubscribe:
		f := c.textField("ground", "bulk.ground")
		f.MaxLength, f.Hint = subscriber.MaxGround, c.look.Text("bulk.ground."+string(kind))
		if kind == bulk.Unsubscribe {
			return []*html.Field{f}, nil
		}
		return []*html.Field{f, {Name: "reconsent", Label: c.look.Text("bulk.reconsent"), Hint: c.look.Text("subscribers.reconsent.hint"), Type: "check"}}, nil
	}
	return nil, nil
}

func (c *call) bulkQuestion(subject bulk.Subject, a bulkAction) error {
	p, o, elsewhere, err := c.bulkForm(subject, a)
	if err != nil {
		return err
	}
	if elsewhere != "" {
		if p != nil {
			return c.done(c.bulkBack(o), "bulk_nobody")
		}
		return c.redirect(elsewhere)
	}
	return c.show(http.StatusOK, p)
}

func (c *call) doBulk(subject bulk.Subject, a bulkAction) error {
	err := c.once(0, func() error { return c.doBulkOnce(subject, a) })
	if f := fault.As(err); f != nil && f.Kind == fault.Repeated { // the other one answers
		return c.redirect(c.storeAt("/bulk"))
	}
	return err
}

func (c *call) doBulkOnce(subject bulk.Subject, a bulkAction) error {
	p, o, elsewhere, err := c.bulkForm(subject, a)
	if err != nil {
		return err
	}
	if elsewhere != "" {
		return c.done(c.bulkBack(o), "bulk_nobody")
	}
	f := p.Dialog.Form
	if !c.filled(f) {
		return c.show(http.StatusUnprocessableEntity, p)
	}
	number := func(name string) int64 {
		n, err := strconv.ParseInt(c.form.Get(name), 10, 64)
		if err != nil {
			return -1 // of nothing
		}
		return n
	}
	switch a.kind {
	case bulk.SetGroup:
		o.GroupID = number("group")
	case bulk.AddToSegment, bulk.TakeFromSegment:
		o.Segment = c.value("segment")
	case bulk.SetAttribute:
		o.AttributeID, o.Value = number("attribute"), c.value("value")
	case bulk.Subscribe, bulk.Unsubscribe:
		o.Ground, o.Anew = c.value("ground"), a.kind == bulk.Subscribe && c.form.Get("reconsent") != ""
	}
	done, err := c.Bulk.Ask(c.R.Context(), c.store.ID, o)
	if err != nil {
		return c.again(p, f, err)
	}
	at := c.storeAt("/bulk/" + strconv.FormatInt(done.ID, 10))
	if done.State != bulk.Done || done.Failures > 0 {
		return c.redirect(at)
	}
	var undo *Undo
	if done.CanUndo(c.visits.System.Now()) {
		undo = &Undo{Action: at + "/undo"}
	}
	return c.doneUndo(c.bulkBack(o), undo, "bulk_done", c.bulkName(done), c.look.number(done.Changed))
}

// bulkOf is of whom a bulk action is that came to all who match, in words.
func (c *call) bulkOf(a *bulk.Action) string {
	if a.Filter != "" {
		return c.filterWords(a.Filter)
	}
	return a.Rule
}

// bulkName is what a bulk action does, in words.
func (c *call) bulkName(a *bulk.Action) string { return c.look.Text("bulk.do." + string(a.Kind)) }

// allThatMatch are the words of the box for all customers of the list; empty: there
// is none, as of a search by words.
func (c *call) allThatMatch(w *wanted, found *customer.Browsed) string {
	switch {
	case w.text != "" && !w.wide || len(found.Customers) == 0:
		return ""
	case found.Total >= 0 && !found.Over:
		return c.look.Text("bulk.all", c.look.number(found.Total))
	}
	return c.look.Text("bulk.all.some")
}
