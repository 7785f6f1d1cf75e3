package panel

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/html"
	"clientele/internal/listing"
	"clientele/internal/merge"
	"clientele/internal/rule"
	"clientele/internal/staff"
	"clientele/internal/subscriber"
)

// mergeView compares customers side by side, to make one of them.
type mergeView struct {
	frame
	Messages []Message
	Form     *Form
	People   []mergePerson
	Rows     []mergeRow
	Moves    []Fact
	Keep     *html.Field // whether the other addresses sign in
	Blocked  bool
}

func (*mergeView) template() string { return "merge" }

// mergePerson is one of the customers.
type mergePerson struct {
	Name, Email, ID string
	Stays           bool
}

// mergeRow is a field of all customers, of which one may be chosen.
type mergeRow struct {
	Label, Name string // without a name nothing is chosen
	Cells       []mergeCell
}

type mergeCell struct {
	Text, Value string
	Chosen      bool
}

// chosenIDs reads the ids of the others from a text.
func chosenIDs(text string) (ids []int64, ok bool) {
	for part := range strings.SplitSeq(text, ",") {
		id, err := strconv.ParseInt(part, 10, 64)
		if err != nil || id < 1 {
			return nil, false
		}
		ids = append(ids, id)
	}
	return ids, len(ids) > 0
}

func (c *call) mergeAt(keep int64, others []int64) string {
	return c.with(c.customerAt(keep, "/merge"), "with", strings.ReplaceAll(ids(others), " ", ""))
}

// mergePage asks with whom a customer is merged, or compares them.
func (c *call) mergePage() error {
	k, err := c.oneCustomer()
	if err != nil {
		return err
	}
	others, ok := chosenIDs(c.R.URL.Query().Get("with"))
	if !ok {
		return c.show(http.StatusOK, c.mergeWhom(k))
	}
	p, _, err := c.compare(merge.Ask{Keep: k.ID, Merge: others})
	if err != nil {
		q := c.mergeWhom(k)
		q.Form.Enter(map[string][]string{"customers": {"#" + strings.ReplaceAll(ids(others), ", ", " #")}})
		return c.again(q, q.Form, err)
	}
	return c.show(http.StatusOK, p)
}

func (c *call) mergeWhom(k *customer.Customer) *formPage {
	p := c.customerForm(k, "merge.title", "/merge/with", &html.Field{
		Name: "customers", Label: c.look.Text("merge.whom"), Hint: c.look.Text("merge.whom.hint", strconv.Itoa(merge.MaxMerged)), Type: "textarea", Rows: 2, MaxLength: 4000, Required: true, Autocomplete: "off",
	})
	p.Intro = c.look.Text("merge.intro")
	p.Form.Submit = c.look.Text("merge.compare")
	return p
}

// mergeWith finds those who are named, and leads to where they are compared.
func (c *call) mergeWith() error {
	k, err := c.oneCustomer()
	if err != nil {
		return err
	}
	p := c.mergeWhom(k)
	if !c.filled(p.Form) {
		return c.show(http.StatusUnprocessableEntity, p)
	}
	emails, numbers := namedIn(c.form.Get("customers"))
	wrong := ""
	var others []int64
	switch n := len(emails) + len(numbers); {
	case n == 0:
		wrong = c.look.Text("wrong.nobody_named")
	case n > merge.MaxMerged+1:
		wrong = c.look.Text("wrong.many_named", strconv.Itoa(merge.MaxMerged))
	default:
		var unknown []string
		if others, unknown, err = c.namedCustomers(emails, numbers); err != nil {
			return err
		}
		others = slices.DeleteFunc(others, func(id int64) bool { return id == k.ID })
		switch {
		case len(unknown) > 0:
			wrong = c.look.Text("merge.unknown", strings.Join(unknown, ", "))
		case len(others) == 0:
			wrong = c.look.Text("wrong.nobody_found")
		case len(others) > merge.MaxMerged:
			wrong = c.look.Text("wrong.many_named", strconv.Itoa(merge.MaxMerged))
		}
	}
	if wrong != "" {
		p.Form.Field("customers").Error = wrong
		return c.show(http.StatusUnprocessableEntity, p)
	}
	return c.redirect(c.mergeAt(k.ID, others))
}

// compare returns the page that compares customers, and what was read for it.
func (c *call) compare(a merge.Ask) (*mergeView, *merge.Preview, error) {
	seen, err := c.Merges.Preview(c.R.Context(), c.store.ID, a)
	if err != nil {
		return nil, nil, err
	}
	keep := &seen.Former[0]
	p := &mergeView{Blocked: len(seen.Blockers) > 0}
	c.aboutCustomer(&p.frame, "merge.title", keep)
	p.Lead = c.look.Text("merge.lead", customerName(keep))
	p.Form = c.newForm(c.customerAt(keep.ID, "/merge"), "merge.submit")
	p.Form.Cancel = &html.Link{Label: c.look.Text("cancel"), URL: c.customerAt(keep.ID, "")}
	p.Form.Hide("with", strings.ReplaceAll(ids(a.Merge), " ", ""))
	p.Form.Hide("version", seen.ETag)
	other := false
	for i := range seen.Former {
		k := &seen.Former[i]
		m := mergePerson{Name: customerName(k), Email: k.Email, ID: strconv.FormatInt(k.ID, 10), Stays: i == 0}
		if i > 0 {
			rest := slices.DeleteFunc(slices.Concat([]int64{keep.ID}, a.Merge), func(id int64) bool { return id == k.ID })
			other = other || k.Email != keep.Email
			p.More = append(p.More, Action{Label: c.look.Text("merge.keep", m.Name, m.ID), URL: c.mergeAt(k.ID, rest)})
		}
		p.People = append(p.People, m)
	}
	if other {
		p.Keep = &html.Field{Name: "keep_sign_in", Label: c.look.Text("merge.keep_sign_in"), Hint: c.look.Text("merge.keep_sign_in.hint"), Type: "check"}
	}
	if err := c.mergeRows(p, seen); err != nil {
		return nil, nil, err
	}
	c.mergeMoves(p, seen)
	for _, b := range seen.Blockers {
		m := Message{Kind: "error", Title: c.look.Text("merge.blocked"), Text: c.look.Text("merge.blocked.rows", c.known("customer.kept.", b.Table))}
		if b.Why == merge.WhyEmailTaken {
			m.Text = c.look.Text("merge.blocked.email", b.Email)
		}
		p.Messages = append(p.Messages, m)
	}
	return p, seen, nil
}

// mergeRows puts the customers' fields beside each other: those that can be chosen
// first.
func (c *call) mergeRows(p *mergeView, seen *merge.Preview) error {
	names, _, err := c.Rules.Ask(c.R.Context(), c.store.ID, nil)
	if err != nil {
		return err
	}
	for _, k := range seen.Conflicts {
		row := mergeRow{Name: takeName(k)}
		switch {
		case k.Field != "":
			row.Label = c.look.Text("merge.field." + string(k.Field))
		case k.Table == customer.AttributeValues:
			row.Label = named(names.Attributes, func(n rule.Named) bool { return n.ID == k.Of })
		case k.Table == customer.FormValues:
			row.Label = named(names.FormFields, func(n rule.Named) bool { return n.ID == k.Of })
		default:
			row.Label = c.known("customer.kept.", k.Table)
		}
		for i := range seen.Former {
			id := seen.Former[i].ID
			cell := mergeCell{Value: strconv.FormatInt(id, 10), Chosen: id == k.Taken}
			at := slices.IndexFunc(k.Values, func(v merge.Value) bool { return v.CustomerID == id })
			switch {
			case at < 0:
				cell.Value = ""
			case k.Field == merge.Password:
				cell.Text = c.look.Text("merge.password_of", customerName(&seen.Former[i]))
			case k.Field == merge.Group:
				cell.Text = named(names.Groups, func(n rule.Named) bool { return strconv.FormatInt(n.ID, 10) == k.Values[at].Text })
			default:
				cell.Text = k.Values[at].Text
			}
			row.Cells = append(row.Cells, cell)
		}
		p.Rows = append(p.Rows, row)
	}
	settings, err := c.Stores.Settings(c.R.Context(), c.store.ID)
	if err != nil {
		return err
	}
	for _, fixed := range []struct {
		label string
		text  func(k *customer.Customer) string
	}{
		{"customers.column.id", func(k *customer.Customer) string { return strconv.FormatInt(k.ID, 10) }},
		{"customers.column.joined", func(k *customer.Customer) string { return c.look.Date(k.DateCreated, c.zone()) }},
		{"customer.credit", func(k *customer.Customer) string { return settings.Price(k.StoreCredit, customer.CreditScale) }},
	} {
		row := mergeRow{Label: c.look.Text(fixed.label)}
		for i := range seen.Former {
			row.Cells = append(row.Cells, mergeCell{Text: fixed.text(&seen.Former[i])})
		}
		p.Rows = append(p.Rows, row)
	}
	p.Moves = append(p.Moves, Fact{Label: c.look.Text("customer.credit"), Value: settings.Price(seen.Customer.StoreCredit, customer.CreditScale)})
	return nil
}

// takeName is the name of the controls by which a value is chosen; empty: it cannot
// be chosen.
func takeName(k merge.Conflict) string {
	switch {
	case k.Field != "":
		return "take." + string(k.Field)
	case k.Of != 0:
		return "take." + k.Table + "." + strconv.FormatInt(k.Of, 10)
	}
	return ""
}

// mergeMoves tells what becomes of what the others have.
func (c *call) mergeMoves(p *mergeView, seen *merge.Preview) {
	for _, m := range seen.Moves {
		if m.Moved+m.Same == 0 { // what ends by itself is of no interest
			continue
		}
		var words []string
		add := func(key string, n int) {
			if n > 0 {
				words = append(words, c.look.Plural("merge."+key, n))
			}
		}
		add("moved", m.Moved)
		add("same", m.Same)
		p.Moves = append(p.Moves, Fact{Label: c.known("customer.kept.", m.Table), Value: strings.Join(words, ", ")})
	}
	for i := range seen.Subscribers {
		b := &seen.Subscribers[i]
		text := c.look.Text("merge.newsletter.none")
		if b.After != nil {
			text = c.look.Text("merge.newsletter.stays", b.After.Email)
			if !b.After.Has(subscriber.MarketingNewsletter) {
				text = c.look.Text("merge.newsletter.less", b.After.Email)
			}
		}
		p.Moves = append(p.Moves, Fact{Label: c.look.Text("merge.newsletter", strconv.FormatInt(b.ChannelID, 10)), Value: text})
	}
}

// choose reads whose values were chosen.
func (c *call) choose(a *merge.Ask, seen *merge.Preview) {
	a.Take, a.TakeOf = map[merge.Field]int64{}, map[merge.Choice]int64{}
	for _, k := range seen.Conflicts {
		id, err := strconv.ParseInt(c.form.Get(takeName(k)), 10, 64)
		switch {
		case err != nil:
		case k.Field != "":
			a.Take[k.Field] = id
		default:
			a.TakeOf[merge.Choice{Table: k.Table, Of: k.Of}] = id
		}
	}
	a.SignIn = c.form.Get("keep_sign_in") != ""
}

// mergeCustomers makes them one, as the page showed it.
func (c *call) mergeCustomers() error {
	k, err := c.oneCustomer()
	if err != nil {
		return err
	}
	others, ok := chosenIDs(c.form.Get("with"))
	if !ok {
		return errBad
	}
	a := merge.Ask{Keep: k.ID, Merge: others}
	p, seen, err := c.compare(a)
	if err != nil {
		return err
	}
	// What was chosen is still what there is to choose from.
	if seen.ETag != c.seen() {
		p.Messages = append(p.Messages, Message{Kind: "warning", Title: c.look.Text("conflict.title"), Text: c.look.Text("merge.changed")})
		return c.show(http.StatusConflict, p)
	}
	c.choose(&a, seen)
	chosen, err := c.Merges.Preview(c.R.Context(), c.store.ID, a)
	if err == nil {
		a.ETag = chosen.ETag
		var m *merge.Merge
		if m, err = c.Merges.Merge(c.R.Context(), c.store.ID, a); err == nil {
			undo := &Undo{Action: c.storeAt("/merges/" + strconv.FormatInt(m.ID, 10) + "/part")}
			return c.doneUndo(c.customerAt(k.ID, ""), undo, "merged", customerName(k), strconv.Itoa(len(m.Merged)+1))
		}
	}
	return c.mergeRefused(p, err)
}

// mergeRefused shows the page again with what is in the way.
func (c *call) mergeRefused(p *mergeView, err error) error {
	e := fault.As(err)
	if e == nil || e.Kind != fault.Conflict && e.Kind != fault.Invalid {
		return err
	}
	text := c.look.Text("merge.changed")
	for i := range e.Items {
		text = c.reason(&e.Items[i])
		if e.Items[i].Code == fault.EmailInUse {
			text = c.look.Text("merge.blocked.email", e.Items[i].Value)
		}
	}
	p.Messages = append(p.Messages, Message{Kind: "error", Title: c.look.Text("merge.blocked"), Text: text})
	return c.show(http.StatusConflict, p)
}

// mergesPage lists merges, the newest first.
func (c *call) mergesPage() error {
	q, err := c.asked(merge.List)
	if err != nil {
		return err
	}
	all, res, err := c.Merges.List(c.R.Context(), c.store.ID, q)
	if err != nil {
		return err
	}
	p := &listPage{}
	p.Title, p.Lead = c.look.Text("merges.title"), c.look.Text("merges.lead")
	c.duplicateTabs(&p.frame, "/merges")
	if len(all) == 0 {
		p.Empty = &Empty{Icon: "people", Title: c.look.Text("merges.none"), Text: c.look.Text("merges.none.text")}
		return c.show(http.StatusOK, p)
	}
	p.Table = &Table{ID: "merges", Caption: p.Title, Columns: []Column{
		{Label: c.look.Text("merges.customer")}, {Label: c.look.Text("merges.others")}, {Label: c.look.Text("merges.when")}, {Label: c.look.Text("merges.by")}, {Label: c.look.Text("merges.state")},
	}}
	for i := range all {
		m := &all[i]
		p.Table.Rows = append(p.Table.Rows, Row{ID: "merge-" + strconv.FormatInt(m.ID, 10), Cells: []Cell{
			{Text: "#" + strconv.FormatInt(m.Customer, 10), URL: c.mergeURL(m.ID)}, {Text: "#" + strings.ReplaceAll(ids(m.Merged), ", ", ", #")}, {When: c.when(m.Created)}, {Text: c.actorName(&m.By)},
			{Lozenges: []Lozenge{c.mergeState(m)}},
		}})
	}
	p.Pages = c.pagesOf(q, res, "results")
	return c.show(http.StatusOK, p)
}

func (c *call) mergeURL(id int64) string { return c.storeAt("/merges/" + strconv.FormatInt(id, 10)) }

func (c *call) mergeState(m *merge.Merge) Lozenge {
	switch {
	case m.Ended != 0:
		return Lozenge{"neutral", c.look.Text("merges.parted")}
	case m.Expires == 0:
		return Lozenge{"neutral", c.look.Text("merges.final")}
	}
	return Lozenge{"success", c.look.Text("merges.open")}
}

func (c *call) oneMerge() (*merge.Merge, error) {
	id, err := c.param("id")
	if err != nil {
		return nil, err
	}
	return c.Merges.Get(c.R.Context(), c.store.ID, id)
}

// onMergePage tells of a merge, and what parting left.
func (c *call) onMergePage() error {
	m, err := c.oneMerge()
	if err != nil {
		return err
	}
	p := &recordView{}
	p.Title = c.look.Text("merges.one", strconv.FormatInt(m.ID, 10))
	p.Crumbs = []html.Link{{Label: c.look.Text("merges.title"), URL: c.storeAt("/merges")}}
	p.Lozenges = []Lozenge{c.mergeState(m)}
	p.Facts = []Fact{
		{Label: c.look.Text("merges.customer"), Value: "#" + strconv.FormatInt(m.Customer, 10)}, {Label: c.look.Text("merges.others"), Value: "#" + strings.ReplaceAll(ids(m.Merged), ", ", ", #")},
		{Label: c.look.Text("merges.when"), When: c.when(m.Created)}, {Label: c.look.Text("merges.by"), Value: c.actorName(&m.By)},
	}
	if m.Ended != 0 {
		p.Facts = append(p.Facts, Fact{Label: c.look.Text("merges.parted"), When: c.when(m.Ended)})
	} else if m.Expires != 0 {
		p.Facts = append(p.Facts, Fact{Label: c.look.Text("merges.until"), Value: c.look.Date(m.Expires, c.zone())})
	}
	p.More = append(p.More, Action{Label: c.look.Text("merges.show"), URL: c.customerAt(m.Customer, "")})
	if m.Ended == 0 && m.Expires != 0 && c.can(staff.Merge) {
		p.Actions = append(p.Actions, Action{Label: c.look.Text("merges.part"), URL: c.mergeURL(m.ID) + "/part", Dialog: true})
	}
	people := &Block{ID: "people", Title: c.look.Text("merges.people")}
	for _, id := range slices.Concat([]int64{m.Customer}, m.Merged) {
		k, err := c.Customers.Get(c.R.Context(), c.store.ID, id)
		if err != nil && !isNotFound(err) {
			return err
		}
		card := Card{ID: "person-" + strconv.FormatInt(id, 10), Title: "#" + strconv.FormatInt(id, 10), Sub: c.look.Text("merges.gone")}
		if err == nil {
			card.Title, card.Sub = customerName(k), k.Email
			card.Actions = []Action{{Label: c.look.Text("merges.show"), URL: c.customerAt(id, "")}}
		}
		people.Cards = append(people.Cards, card)
	}
	p.Left = append(p.Left, people)
	if m.Ended != 0 {
		b := &Block{ID: "left", Title: c.look.Text("merges.left"), Nothing: c.look.Text("merges.left.none")}
		for _, l := range m.Left {
			key := "merges.left.changed"
			if l.Gone {
				key = "merges.left.gone"
			}
			what := c.known("customer.kept.", l.Table)
			if l.Field != "" {
				what = c.look.Text("merge.field." + l.Field)
			}
			b.Lines = append(b.Lines, strings.TrimSpace(c.look.Text(key, what, l.Key)))
		}
		p.Right = append(p.Right, b)
	}
	return c.show(http.StatusOK, p)
}

func (c *call) partQuestion() (*questionPage, *merge.Merge, error) {
	m, err := c.oneMerge()
	if err != nil {
		return nil, nil, err
	}
	p := c.ask("merges.question", c.mergeURL(m.ID)+"/part", false, c.mergeURL(m.ID), strconv.FormatInt(m.Customer, 10), "#"+strings.ReplaceAll(ids(m.Merged), ", ", ", #"))
	p.Crumbs = []html.Link{{Label: c.look.Text("merges.title"), URL: c.storeAt("/merges")}}
	return p, m, nil
}

func (c *call) partPage() error {
	p, _, err := c.partQuestion()
	if err != nil {
		return err
	}
	return c.show(http.StatusOK, p)
}

func (c *call) partCustomers() error {
	p, m, err := c.partQuestion()
	if err != nil {
		return err
	}
	parted, err := c.Merges.Part(c.R.Context(), c.store.ID, m.ID)
	if err != nil {
		e := fault.As(err)
		if e == nil || e.Kind != fault.Conflict {
			return err
		}
		p.Dialog.Form.Problem = c.look.Text("merges.refused")
		for i := range e.Items {
			if e.Items[i].Code == fault.EmailInUse {
				p.Dialog.Form.Problem = c.look.Text("merge.blocked.email", e.Items[i].Value)
			}
		}
		return c.show(http.StatusConflict, p)
	}
	return c.done(c.mergeURL(m.ID), "parted", strconv.Itoa(len(parted.Merged)+1))
}

// mergedBlock tells of merges that made a customer what they are.
func (c *call) mergedBlock(s *shopper) *Block {
	if len(s.merges) == 0 {
		return nil
	}
	b := c.block("merges")
	for i := range s.merges {
		m := &s.merges[i]
		card := Card{ID: "merge-" + strconv.FormatInt(m.ID, 10), Title: "#" + strings.ReplaceAll(ids(m.Merged), ", ", ", #"), When: c.when(m.Created), Sub: c.mergeState(m).Text}
		card.Actions = []Action{{Label: c.look.Text("merges.show_one"), URL: c.mergeURL(m.ID)}}
		b.Cards = append(b.Cards, card)
	}
	return b
}

// shownMerges is how many merges the page of a customer shows.
const shownMerges = 5

func (c *call) readMerges(s *shopper) (err error) {
	q := merge.List.New().Where("customer_id", listing.In, []int64{s.ID}, nil)
	q.Limit = shownMerges
	s.merges, _, err = c.Merges.List(c.R.Context(), c.store.ID, q)
	return err
}
