package panel

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"clientele/internal/customer"
	"clientele/internal/group"
	"clientele/internal/html"
	"clientele/internal/jsonx"
	"clientele/internal/opt"
	"clientele/internal/staff"
)

// groupAt is where a group is.
func (c *call) groupAt(id int64, more string) string {
	return c.storeAt("/groups/" + strconv.FormatInt(id, 10) + more)
}

func (c *call) groupsPage() error {
	word := strings.TrimSpace(c.R.URL.Query().Get("q"))
	q, err := c.asked(group.Browse, "name:like", strings.ReplaceAll(word, ",", " "))
	if err != nil {
		return err
	}
	groups, res, err := c.Groups.Browse(c.R.Context(), c.store.ID, q)
	if err != nil {
		return err
	}
	ids := make([]int64, len(groups))
	for i := range groups {
		ids[i] = groups[i].ID
	}
	sizes, err := c.Customers.GroupSizes(c.R.Context(), c.store.ID, ids...)
	if err != nil {
		return err
	}
	p := &listPage{Pages: c.pagesOf(q, res, "results"), Table: &Table{ID: "list", Caption: c.look.Text("groups.title"), Columns: []Column{
		{Label: c.look.Text("field.name")}, {Label: c.look.Text("groups.customers"), Numeric: true}, {Label: c.look.Text("groups.discounts")}, {Label: c.look.Text("groups.access")}, {Label: c.look.Text("changed")},
	}}}
	for i := range groups {
		g := &groups[i]
		p.Table.Rows = append(p.Table.Rows, Row{ID: "group-" + strconv.FormatInt(g.ID, 10), Cells: []Cell{
			{Text: g.Name, URL: c.groupAt(g.ID, ""), Lozenges: c.groupLozenges(g)}, {Text: c.bounded(sizes[g.ID], customer.GroupSizeBound)},
			{Text: c.discounts(g.Rules, 2)}, {Text: c.categories(&g.Access)}, {When: c.when(g.DateModified)},
		}})
	}
	c.byName(p, "groups", "people", word, len(groups), staff.Structure)
	return c.show(http.StatusOK, p)
}

func (c *call) groupLozenges(g *group.Group) []Lozenge {
	var out []Lozenge
	if g.IsDefault {
		out = append(out, Lozenge{"info", c.look.Text("groups.default")})
	}
	if g.IsGuest {
		out = append(out, Lozenge{"neutral", c.look.Text("groups.guests")})
	}
	return out
}

// discounts tells a group's discounts in words, most of them at most.
func (c *call) discounts(rules []group.Rule, most int) string {
	if len(rules) == 0 {
		return c.look.Text("groups.discounts.none")
	}
	var out []string
	for i := range rules[:min(len(rules), most)] {
		out = append(out, c.discount(&rules[i]))
	}
	text := strings.Join(out, ", ")
	if more := len(rules) - most; more > 0 {
		text += " " + c.look.Text("groups.discounts.more", strconv.Itoa(more))
	}
	return text
}

func (c *call) discount(r *group.Rule) string {
	target := strconv.FormatInt(r.Target, 10)
	if r.Type == group.RulePriceList {
		return c.look.Text("groups.discount.price_list", target)
	}
	return c.look.Text("groups.discount."+r.Method, amount(r.Amount)) + " " + c.look.Text("groups.discount.of."+r.Type, target)
}

// amount writes an amount of a discount without needless zeros.
func amount(v int64) string {
	text := string(jsonx.AppendDecimal(nil, v, group.AmountScale))
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}

// categories tells in words what a group sees.
func (c *call) categories(a *group.Access) string {
	if a.Type == group.AccessSpecific {
		return c.look.Plural("groups.access.some", len(a.Categories))
	}
	return c.look.Text("groups.access." + a.Type)
}

// oneGroup returns the group of the address.
func (c *call) oneGroup() (*group.Group, error) {
	id, err := c.param("id")
	if err != nil {
		return nil, err
	}
	return c.Groups.Get(c.R.Context(), c.store.ID, id, group.One.New())
}

// groupForm is the form of a group.
func (c *call) groupForm(action string, g *group.Group) *Form {
	name := c.textField("name", "field.name")
	name.Value, name.Autocomplete = g.Name, "off"
	f := c.newForm(action, "save", name,
		&html.Field{Name: "is_default", Label: c.look.Text("groups.field.default"), Type: "check", Checked: g.IsDefault, Hint: c.look.Text("groups.field.default.hint")},
		&html.Field{Name: "is_guest", Label: c.look.Text("groups.field.guests"), Type: "check", Checked: g.IsGuest, Hint: c.look.Text("groups.field.guests.hint")})
	f.ID = "group"
	f.Sections[0].Legend = c.look.Text("groups.section.group")
	access := &html.Field{Name: "category_access_type", Label: c.look.Text("groups.field.access"), Type: "radio", Required: true}
	for _, kind := range []string{group.AccessAll, group.AccessSpecific, group.AccessNone} {
		access.Options = append(access.Options, html.Option{Value: kind, Label: c.look.Text("groups.field.access." + kind), Selected: g.Access.Type == kind})
	}
	var ids []string
	for _, id := range g.Access.Categories {
		ids = append(ids, strconv.FormatInt(id, 10))
	}
	c.section(f, "groups.access", access,
		&html.Field{Name: "category_access_categories", Label: c.look.Text("groups.field.categories"), Hint: c.look.Text("groups.field.categories.hint"), Type: "textarea", Rows: 2, Value: strings.Join(ids, ", ")})
	list := &html.Field{Name: "price_list_id", Label: c.look.Text("groups.field.price_list"), Hint: c.look.Text("groups.field.price_list.hint"), Type: "text", InputMode: "numeric", Narrow: true, MaxLength: 19}
	c.section(f, "groups.discounts", list)
	s := f.Sections[2]
	s.Hint = c.look.Text("groups.discounts.hint")
	s.More = &html.Option{Value: "add", Label: c.look.Text("groups.discounts.add")}
	for i := range g.Rules {
		if r := &g.Rules[i]; r.Type == group.RulePriceList {
			list.Value = strconv.FormatInt(r.Target, 10)
		} else {
			target := ""
			if r.Target != 0 {
				target = strconv.FormatInt(r.Target, 10)
			}
			s.Lines = append(s.Lines, c.discountLine(len(s.Lines), r.Type, target, r.Method, amount(r.Amount)))
		}
	}
	f.Hide("version", g.Version())
	f.Cancel = &html.Link{Label: c.look.Text("cancel"), URL: c.storeAt("/groups")}
	return f
}

// discountLine is a line of the form for a discount.
func (c *call) discountLine(i int, of, target, method, value string) *html.Line {
	at := "discount_rules." + strconv.Itoa(i) + "."
	choose := func(name, label string, chosen string, values ...string) *html.Field {
		x := &html.Field{Name: at + name, Label: c.look.Text(label), Type: "select", Value: chosen, Required: true}
		for _, v := range values {
			x.Options = append(x.Options, html.Option{Value: v, Label: c.look.Text(label + "." + v), Selected: v == chosen})
		}
		return x
	}
	n := strconv.Itoa(i + 1)
	return &html.Line{Label: c.look.Text("groups.discounts.line", n), Drop: &html.Option{Value: "drop." + strconv.Itoa(i), Label: c.look.Text("groups.discounts.drop", n)}, Fields: []*html.Field{
		choose("type", "groups.field.of", of, group.RuleAll, group.RuleCategory, group.RuleProduct),
		{Name: at + "target", Label: c.look.Text("groups.field.target"), Type: "text", InputMode: "numeric", Value: target, MaxLength: 19},
		choose("method", "groups.field.method", method, group.Percent, group.Fixed, group.Price),
		{Name: at + "amount", Label: c.look.Text("groups.field.amount"), Type: "text", InputMode: "decimal", Value: value, Required: true, MaxLength: 20},
	}}
}

// maxLines is how many lines of a form are read.
const maxLines = 1000

// enterGroup puts what was posted into the form of a group: its lines too, but
// for those without anything in them.
func (c *call) enterGroup(f *Form) {
	f.Enter(c.form)
	s := f.Sections[2]
	s.Lines = nil
	button, drop := c.form.Get("refresh"), -1
	if text, is := strings.CutPrefix(button, "drop."); is {
		drop, _ = strconv.Atoi(text)
	}
	for i := 0; i < maxLines; i++ {
		at := "discount_rules." + strconv.Itoa(i) + "."
		if !c.form.Has(at + "type") {
			break
		}
		target, value := c.value(at+"target"), c.value(at+"amount")
		if i == drop && button != "" || button == "" && target == "" && value == "" {
			continue
		}
		s.Lines = append(s.Lines, c.discountLine(len(s.Lines), c.value(at+"type"), target, c.value(at+"method"), value))
	}
	if button == "add" && len(s.Lines) < maxLines {
		s.Lines = append(s.Lines, c.discountLine(len(s.Lines), group.RuleAll, "", group.Percent, ""))
	}
	f.Hidden = nil
	f.Hide("version", c.form.Get("version"))
}

// groupOf reads a group from its form, where that can be read.
func (c *call) groupOf(f *Form) (w group.Write, ok bool) {
	w = group.Write{Name: opt.Some(c.value("name")), IsDefault: opt.Some(c.form.Get("is_default") != ""), IsGuest: opt.Some(c.form.Get("is_guest") != "")}
	number := func(x *html.Field) int64 {
		n, err := strconv.ParseInt(strings.TrimSpace(x.Value), 10, 64)
		if err != nil || n < 1 {
			x.Error = c.look.Text("wrong.id")
		}
		return n
	}
	access := group.Access{Type: c.form.Get("category_access_type")}
	if x := f.Field("category_access_categories"); access.Type == group.AccessSpecific {
		for _, text := range strings.FieldsFunc(x.Value, func(r rune) bool { return strings.ContainsRune(", ;\r\n\t", r) }) {
			id, err := strconv.ParseInt(text, 10, 64)
			if err != nil {
				x.Error = c.look.Text("wrong.ids", text)
				break
			}
			access.Categories = append(access.Categories, id)
		}
	}
	w.Access = opt.Some(access)
	rules := []group.Rule{}
	for _, l := range f.Sections[2].Lines {
		r := group.Rule{Type: l.Fields[0].Value, Method: l.Fields[2].Value}
		if target := l.Fields[1]; group.Target(r.Type) != "" {
			r.Target = number(target)
		} else if target.Value != "" {
			target.Error = c.look.Text("wrong.no_target")
		}
		value, good, exact := jsonx.ParseDecimal(l.Fields[3].Value, group.AmountScale)
		if !good || !exact {
			l.Fields[3].Error = c.look.Text("wrong.amount")
		}
		r.Amount = value
		rules = append(rules, r)
	}
	if x := f.Field("price_list_id"); strings.TrimSpace(x.Value) != "" {
		rules = append(rules, group.Rule{Type: group.RulePriceList, Target: number(x)})
	}
	w.Rules = opt.Some(rules)
	return w, !f.Bad()
}

// newGroup is what a form for another group begins with.
var newGroup = group.Group{Access: group.Access{Type: group.AccessAll}}

func (c *call) newGroupView() *formPage {
	p := &formPage{Intro: c.look.Text("groups.new.intro")}
	p.Title = c.look.Text("groups.new.title")
	p.Crumbs = []html.Link{{Label: c.look.Text("groups.title"), URL: c.storeAt("/groups")}}
	g := newGroup
	p.Form = c.groupForm(c.storeAt("/groups/new"), &g)
	return p
}

func (c *call) newGroupPage() error { return c.show(http.StatusOK, c.newGroupView()) }

// posted puts a posted form into the one that is shown. It reports whether the
// form was sent to be saved; else it has been answered.
func (c *call) posted(p page, f *Form) (save bool, err error) {
	c.enterGroup(f)
	if c.form.Get("refresh") != "" {
		return false, c.show(http.StatusOK, p)
	}
	c.require(f)
	return true, nil
}

func (c *call) makeGroup() error {
	p := c.newGroupView()
	if save, err := c.posted(p, p.Form); !save {
		return err
	}
	w, ok := c.groupOf(p.Form)
	if !ok {
		return c.show(http.StatusUnprocessableEntity, p)
	}
	g, err := c.Groups.Create(c.R.Context(), c.store.ID, w)
	if err != nil {
		return c.again(p, p.Form, err)
	}
	return c.done(c.storeAt("/groups"), "group_made", g.Name)
}

// groupView is the page of a group: its form, for who may change it.
func (c *call) groupView(g *group.Group) (*memberView, error) {
	sizes, err := c.Customers.GroupSizes(c.R.Context(), c.store.ID, g.ID)
	if err != nil {
		return nil, err
	}
	p := &memberView{}
	p.Title = g.Name
	p.Crumbs = []html.Link{{Label: c.look.Text("groups.title"), URL: c.storeAt("/groups")}}
	p.Facts = []Fact{
		{Label: c.look.Text("groups.customers"), Value: c.bounded(sizes[g.ID], customer.GroupSizeBound)}, {Label: c.look.Text("groups.id"), Value: strconv.FormatInt(g.ID, 10)},
		{Label: c.look.Text("created"), When: c.when(g.DateCreated)}, {Label: c.look.Text("changed"), When: c.when(g.DateModified)},
	}
	if !c.can(staff.Structure) {
		for _, l := range c.groupLozenges(g) {
			p.Facts = append(p.Facts, Fact{Label: c.look.Text("groups.kind"), Lozenge: &l})
		}
		p.Facts = append(p.Facts, Fact{Label: c.look.Text("groups.access"), Value: c.categories(&g.Access)}, Fact{Label: c.look.Text("groups.discounts"), Value: c.discounts(g.Rules, 20)})
		return p, nil
	}
	p.Form = c.groupForm(c.groupAt(g.ID, ""), g)
	p.Posts = []Button{{Label: c.look.Text("groups.copy"), Action: c.groupAt(g.ID, "/copy")}}
	p.Danger = []Action{{Label: c.look.Text("delete"), URL: c.groupAt(g.ID, "/delete"), Danger: true, Dialog: true}}
	return p, nil
}

func (c *call) groupPage() error {
	g, err := c.oneGroup()
	if err != nil {
		return err
	}
	p, err := c.groupView(g)
	if err != nil {
		return err
	}
	return c.show(http.StatusOK, p)
}

func (c *call) saveGroup() error {
	g, err := c.oneGroup()
	if err != nil {
		return err
	}
	p, err := c.groupView(g)
	if err != nil {
		return err
	}
	before := c.groupForm("", g)
	if save, err := c.posted(p, p.Form); !save {
		return err
	}
	w, ok := c.groupOf(p.Form)
	if !ok {
		return c.show(http.StatusUnprocessableEntity, p)
	}
	w.Version = opt.Some(c.form.Get("version"))
	after, err := c.Groups.Update(c.R.Context(), c.store.ID, g.ID, w)
	if errors.Is(err, group.ErrStale) {
		if g, err = c.oneGroup(); err != nil {
			return err
		}
		c.conflict(p.Form, c.groupForm("", g))
		return c.show(http.StatusConflict, p)
	}
	if err != nil {
		return c.again(p, p.Form, err)
	}
	return c.doneUndo(c.storeAt("/groups"), undoOf(c.groupAt(g.ID, ""), before, after.Version()), "group_saved", after.Name)
}

// maxUndo is how much of a form a way back holds; it is kept in a cookie.
const maxUndo = 1500

// undoOf is the way back to a form as it was; nil where it is too long.
func undoOf(action string, before *Form, version string) *Undo {
	u, size := &Undo{Action: action, Fields: []string{"version", version}}, 0
	add := func(name, value string) {
		u.Fields = append(u.Fields, name, value)
		size += len(name) + len(value)
	}
	for _, x := range before.Fields() {
		switch {
		case x.Type == "check" && x.Checked:
			add(x.Name, "1")
		case x.Type == "check":
		case len(x.Options) > 0:
			for _, o := range x.Options {
				if o.Selected {
					add(x.Name, o.Value)
				}
			}
		case x.Value != "":
			add(x.Name, x.Value)
		}
	}
	if size > maxUndo {
		return nil
	}
	return u
}

func (c *call) copyGroup() error {
	g, err := c.oneGroup()
	if err != nil {
		return err
	}
	made, err := c.Groups.Create(c.R.Context(), c.store.ID, g.Copied(c.copyName(g.Name)))
	if err != nil {
		text, ok := c.problem(err)
		if !ok {
			return err
		}
		p, err := c.groupView(g)
		if err != nil {
			return err
		}
		p.Note = &Message{Kind: "error", Text: text}
		return c.show(http.StatusConflict, p)
	}
	return c.done(c.groupAt(made.ID, ""), "group_copied", g.Name)
}

// copyName is what a copy is called.
func (c *call) copyName(name string) string {
	r := []rune(name)
	return c.look.Text("groups.copy.name", string(r[:min(len(r), 200)]))
}

func (c *call) deleteGroupPage() error {
	g, err := c.oneGroup()
	if err != nil {
		return err
	}
	sizes, err := c.Customers.GroupSizes(c.R.Context(), c.store.ID, g.ID)
	if err != nil {
		return err
	}
	p := c.ask("groups.delete", c.groupAt(g.ID, "/delete"), true, c.groupAt(g.ID, ""), g.Name)
	n := sizes[g.ID]
	switch {
	case n == 0:
		p.Dialog.Lines = []string{c.look.Text("groups.delete.nobody")}
	case n == 1:
		p.Dialog.Lines = []string{c.look.Text("groups.delete.one")}
	default:
		p.Dialog.Lines = []string{c.look.Text("groups.delete.lose", c.bounded(n, customer.GroupSizeBound))}
	}
	if g.IsDefault {
		p.Dialog.Lines = append(p.Dialog.Lines, c.look.Text("groups.delete.default"))
	}
	if g.IsGuest {
		p.Dialog.Lines = append(p.Dialog.Lines, c.look.Text("groups.delete.guests"))
	}
	p.Crumbs = []html.Link{{Label: c.look.Text("groups.title"), URL: c.storeAt("/groups")}, {Label: g.Name, URL: c.groupAt(g.ID, "")}}
	return c.show(http.StatusOK, p)
}

func (c *call) deleteGroup() error {
	g, err := c.oneGroup()
	if err != nil {
		return err
	}
	if err := c.Groups.Delete(c.R.Context(), c.store.ID, g.ID); err != nil {
		return err
	}
	return c.done(c.storeAt("/groups"), "group_deleted", g.Name)
}
