package panel

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"clientele/internal/account"
	"clientele/internal/bulk"
	"clientele/internal/customer"
	"clientele/internal/desk"
	"clientele/internal/html"
	"clientele/internal/rule"
	"clientele/internal/search"
	"clientele/internal/segment"
	"clientele/internal/staff"
	"clientele/internal/store"
)

// customersAt is where the customers of the store of the address are.
func (c *call) customersAt(more string) string {
	return Base + "/store/" + c.store.Hash + "/customers" + more
}

// customerAt is where a customer is.
func (c *call) customerAt(id int64, more string) string {
	return c.customersAt("/" + strconv.FormatInt(id, 10) + more)
}

// can reports whether who is signed in has a permission in the store of the
// address.
func (c *call) can(p staff.Permission) bool { return c.staff.Rights.Can(p, c.store.ID) }

// wanted is what the address of the list of customers asks for. All of it is in
// the address.
type wanted struct {
	text   string // of the search
	wide   bool   // look for the text anywhere, and not for words
	rule   string
	node   *rule.Node
	sort   string // empty: the newest first, or the best
	desc   bool
	limit  int
	from   string
	back   bool
	at     int // how many customers are before the page, as far as is known
	shown  []string
	names  *rule.Names
	asked  *segment.Asked
	faulty *rule.Fault
}

// customerList are the customers as a list with saved views.
var customerList = viewed{list: desk.CustomersList, path: "/customers", title: "customers.title"}

// maxSearch bounds what is searched for, in characters.
const maxSearch = search.MaxText

// clean is a text of an address as the database takes it.
func clean(s string) string {
	return strings.TrimSpace(strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), ""))
}

func (c *call) wanted() (*wanted, error) {
	q := c.R.URL.Query()
	w := &wanted{text: clean(q.Get("q")), wide: q.Get("wide") != "", rule: clean(q.Get("rule")), limit: pageSizes[0], from: q.Get("from"), back: q.Get("back") != ""}
	if r := []rune(w.text); len(r) > maxSearch {
		w.text = string(r[:maxSearch])
	}
	for _, n := range pageSizes {
		if q.Get("limit") == strconv.Itoa(n) {
			w.limit = n
		}
	}
	if n, err := strconv.Atoi(q.Get("at")); err == nil && n > 0 && n < 1<<40 && w.from != "" {
		w.at = n
	}
	sorts, desc := customer.Orders()
	name, down := strings.CutPrefix(q.Get("sort"), "-")
	if slices.Contains(sorts, name) {
		w.sort, w.desc = name, down
	} else if w.text == "" || w.wide {
		w.desc = desc["id"]
	}
	w.shown = c.shownColumns(q.Get("columns"))
	return w, c.askRule(w)
}

// askRule holds the rule of the address, and that of a wide search, to the store.
func (c *call) askRule(w *wanted) error {
	var parts []*rule.Node
	fault := func(err error) bool { return errors.As(err, &w.faulty) }
	if w.rule != "" {
		n, err := rule.Parse(w.rule)
		if err != nil && !fault(err) {
			return err
		}
		if err == nil {
			w.node = n
			parts = append(parts, n)
		}
	}
	if w.wide && w.text != "" {
		parts = append(parts, anywhere(w.text))
	}
	var err error
	w.names, w.asked, err = c.Rules.Ask(c.R.Context(), c.store.ID, rule.All(parts...))
	if fault(err) {
		err = nil
	}
	return err
}

// anywhere is the rule by which a text is anywhere in what names a customer.
func anywhere(text string) *rule.Node {
	n := &rule.Node{Kind: rule.Or}
	for _, f := range []string{"name", "email", "company", "phone"} {
		n.Nodes = append(n.Nodes, &rule.Node{Kind: rule.Compare, Field: rule.Field{Name: f}, Op: rule.Contains, Values: []rule.Value{{Text: text}}})
	}
	return n
}

// all joins rules; nil for none.
// address is the list with some parameters changed, by names and values in turn;
// an empty value takes one away. Where a page begins is left out unless it is
// among them.
func (c *call) listAt(path string, changes ...string) string {
	q := c.R.URL.Query()
	for _, name := range []string{"from", "back", "at", "path", "id"} {
		q.Del(name)
	}
	for i := 0; i+1 < len(changes); i += 2 {
		if changes[i+1] == "" {
			q.Del(changes[i])
		} else {
			q.Set(changes[i], changes[i+1])
		}
	}
	maps.DeleteFunc(q, func(_ string, v []string) bool { return len(v) == 0 || v[0] == "" })
	if len(q) == 0 {
		return c.customersAt(path)
	}
	return c.customersAt(path) + "?" + q.Encode()
}

// customerColumns are those of the list besides the name, in their order; the
// first ones are shown where nobody chose.
var (
	customerColumns = []string{"company", "group", "credit", "joined", "sign_in", "state", "email", "phone", "newsletter", "channel", "segments", "changed", "id"}
	usualColumns    = customerColumns[:6]
)

// attributeColumn begins the name of a column of an attribute, by its id.
const attributeColumn = "attribute-"

// maxColumns is how many columns are shown besides the name.
const maxColumns = 10

// shownColumns are the columns that an address names.
func (c *call) shownColumns(text string) []string {
	var out []string
	for name := range strings.SplitSeq(text, ",") {
		id, ok := strings.CutPrefix(name, attributeColumn)
		if _, err := strconv.ParseInt(id, 10, 64); (slices.Contains(customerColumns, name) || ok && err == nil) && !slices.Contains(out, name) && len(out) < maxColumns {
			out = append(out, name)
		}
	}
	if out == nil {
		return usualColumns
	}
	return out
}

// columnLabel is what a column is called.
func (c *call) columnLabel(name string, names *rule.Names) string {
	if id, ok := strings.CutPrefix(name, attributeColumn); ok {
		for _, a := range names.Attributes {
			if strconv.FormatInt(a.ID, 10) == id {
				return a.Name
			}
		}
		return id
	}
	return c.look.Text("customers.column." + name)
}

// columnOrders are the orders of columns that have one.
var columnOrders = map[string]string{"company": "company", "group": "group", "credit": "credit", "joined": "joined", "phone": "phone", "changed": "changed", "id": "id", "sign_in": "sign_in"}

// column makes a column of the list.
func (c *call) column(label, order string, w *wanted) Column {
	col := Column{Label: label, Swap: "results"}
	if order == "" {
		return col
	}
	_, desc := customer.Orders()
	next := order
	if desc[order] {
		next = "-" + order
	}
	if w.sort == order {
		col.Sorted, next = "ascending", "-"+order
		if w.desc {
			col.Sorted, next = "descending", order
		}
	}
	col.Sort = c.listAt("", "sort", next)
	return col
}

// browse returns what of the customers the address asks for.
func (c *call) browse(w *wanted) (*customer.Browsed, error) {
	ctx := c.R.Context()
	in := customer.Browse{Sort: w.sort, Desc: w.desc, From: w.from, Back: w.back, Limit: w.limit}
	if w.asked != nil {
		in.Rule, in.Clock, in.Node = w.asked.Checked, w.asked.Clock, w.asked.Node
	}
	for _, col := range w.shown {
		in.Attributes = in.Attributes || strings.HasPrefix(col, attributeColumn)
		in.Segments = in.Segments || col == "segments"
	}
	if w.text != "" && !w.wide {
		in.Among = []int64{}
		if q, err := search.Parse(w.text); err == nil {
			found, err := c.Customers.Search(ctx, c.store.ID, q, search.MaxLimit)
			if err != nil {
				return nil, err
			}
			for i := range found.Customers {
				in.Among = append(in.Among, found.Customers[i].ID)
			}
		}
	}
	return c.Customers.Browse(ctx, c.store.ID, in)
}

func (c *call) customersPage() error {
	p, w, err := c.customersList()
	if err != nil {
		return err
	}
	if w.faulty != nil {
		return c.show(http.StatusUnprocessableEntity, p)
	}
	found, err := c.browse(w)
	if err != nil {
		return err
	}
	p.Filters.Count = c.howMany(w, found)
	if found.Total < 0 || found.Over {
		p.Filters.Counting, p.Filters.Later = true, c.listAt("/count")
	}
	if w.text != "" && !w.wide && len(found.Customers) < w.limit {
		p.Filters.Further = &html.Link{Label: c.look.Text("customers.anywhere", w.text), URL: c.listAt("", "wide", "1", "sort", "")}
	}
	if !found.Complete {
		p.Note = &Message{Kind: "info", Text: c.look.Text("customers.slow")}
	}
	if len(found.Customers) == 0 {
		p.Empty = c.noCustomers(w, found)
		p.Pages = c.customerPages(w, found)
		if found.Complete {
			p.Pages = nil
		}
		return c.show(http.StatusOK, p)
	}
	p.Pages = c.customerPages(w, found)
	if p.Table, err = c.customerTable(w, found); err != nil {
		return err
	}
	return c.show(http.StatusOK, p)
}

// customersList is the list without its customers.
func (c *call) customersList() (*listPage, *wanted, error) {
	w, err := c.wanted()
	if err != nil {
		return nil, nil, err
	}
	p := &listPage{}
	p.Title, p.Lead = c.look.Text("customers.title"), c.look.Text("customers.lead")
	if c.can(staff.EditCustomers) {
		p.Actions = []Action{{Label: c.look.Text("customers.new"), URL: c.customersAt("/new"), Primary: true}}
	}
	tabs, view, err := c.views(customerList)
	if err != nil {
		return nil, nil, err
	}
	p.Tabs = tabs
	p.Filters = &Filters{Action: c.customersAt(""), Label: c.look.Text("customers.search"), Query: w.text, Swap: "results"}
	q := c.R.URL.Query()
	for _, name := range []string{"rule", "limit", "columns"} {
		if v := q.Get(name); v != "" {
			p.Filters.Hidden = append(p.Filters.Hidden, html.Option{Label: name, Value: v})
		}
	}
	if w.faulty != nil {
		p.Filters.Problem = &Message{Kind: "error", Title: c.look.Text("customers.rule.title"), Text: c.ruleProblem(w.faulty)}
		p.Filters.Set = []SetFilter{{Label: w.rule, URL: c.listAt("", "rule", "")}}
	} else if w.node != nil {
		p.Filters.Set = c.setFilters(w)
	}
	if w.wide && w.text != "" {
		p.Filters.Hidden = append(p.Filters.Hidden, html.Option{Label: "wide", Value: "1"})
		p.Filters.Set = append(p.Filters.Set, SetFilter{Label: c.look.Text("customers.wide", w.text), URL: c.listAt("", "wide", "")})
	}
	p.Filters.Actions = []Action{{Label: c.look.Text("customers.filter"), URL: c.listAt("/filter")}, {Label: c.look.Text("customers.columns"), URL: c.listAt("/columns"), Dialog: true}}
	p.Filters.Actions = append(p.Filters.Actions, Action{Label: c.look.Text("api.title"), URL: c.listAt("/api")}, Action{Label: c.look.Text("bulk.title"), URL: c.storeAt("/bulk")})
	p.Filters.Actions = append(p.Filters.Actions, c.viewActions(customerList, view)...)
	if w.rules() && c.can(staff.Segments) {
		p.Filters.Actions = append(p.Filters.Actions, Action{Label: c.look.Text("customers.segment"), URL: c.listAt("/segment"), Dialog: true})
	}
	return p, w, nil
}

// rules reports whether what is listed is whom a rule finds: a search by words
// finds others too.
func (w *wanted) rules() bool { return w.asked != nil && (w.text == "" || w.wide) }

// howMany tells how many customers there are.
func (c *call) howMany(w *wanted, found *customer.Browsed) string {
	switch {
	case found.Over:
		return c.look.Text("customers.over", c.look.number(customer.CountTo))
	case found.Total < 0:
		return c.look.Text("customers.some")
	case w.text != "" && !w.wide && found.Total >= search.MaxLimit:
		return c.look.Text("customers.best", strconv.Itoa(search.MaxLimit))
	}
	return c.people(found.Total)
}

// people writes a number of customers.
func (c *call) people(n int64) string {
	if n == 1 {
		return c.look.Plural("customers.count", 1)
	}
	return c.look.Text("customers.count.other", c.look.number(n))
}

func (c *call) noCustomers(w *wanted, found *customer.Browsed) *Empty {
	if w.text == "" && w.asked == nil && found.Total == 0 && c.R.URL.Query().Get("sort") == "" {
		e := &Empty{Icon: "people", Title: c.look.Text("customers.none.title"), Text: c.look.Text("customers.none.text")}
		if c.can(staff.EditCustomers) {
			e.Action = &Action{Label: c.look.Text("customers.new"), URL: c.customersAt("/new"), Primary: true}
		}
		return e
	}
	return &Empty{Icon: "search", Title: c.look.Text("none.title"), Text: c.look.Text("none.text"), Action: &Action{Label: c.look.Text("none.reset"), URL: c.customersAt("")}}
}

// customerPages leads through the list by marks.
func (c *call) customerPages(w *wanted, found *customer.Browsed) *Pages {
	n := len(found.Customers)
	p := &Pages{Size: w.limit, Swap: "results"}
	for _, size := range pageSizes {
		limit := strconv.Itoa(size)
		if size == pageSizes[0] {
			limit = ""
		}
		p.Sizes = append(p.Sizes, html.Link{Label: strconv.Itoa(size), URL: c.listAt("", "limit", limit)})
	}
	first := w.from == "" && !w.back
	switch {
	case n == 0:
	case first, w.at > 0:
		p.Range = c.look.Text("customers.range", c.look.number(int64(w.at+1)), c.look.number(int64(w.at+n)))
	case w.from == "" && found.Total >= 0 && !found.Over:
		p.Range = c.look.Text("customers.range", c.look.number(found.Total-int64(n)+1), c.look.number(found.Total))
	default:
		p.Range = c.look.Text("customers.part", c.look.number(int64(n)))
	}
	if found.Before != "" {
		at := ""
		if w.at > w.limit {
			at = strconv.Itoa(w.at - w.limit)
		}
		p.First, p.Prev = c.listAt(""), c.listAt("", "from", found.Before, "back", "1", "at", at)
		if at == "" && w.at == w.limit {
			p.Prev = p.First
		}
	}
	if found.After != "" {
		at := ""
		if first || w.at > 0 {
			at = strconv.Itoa(w.at + n)
		}
		p.Next, p.Last = c.listAt("", "from", found.After, "at", at), c.listAt("", "back", "1")
	}
	return p
}

// customerTable makes the rows of the list.
func (c *call) customerTable(w *wanted, found *customer.Browsed) (*Table, error) {
	ids := make([]int64, len(found.Customers))
	for i := range found.Customers {
		ids[i] = found.Customers[i].ID
	}
	states, err := c.Accounts.States(c.R.Context(), c.store.ID, ids)
	if err != nil {
		return nil, err
	}
	settings, err := c.Stores.Settings(c.R.Context(), c.store.ID)
	if err != nil {
		return nil, err
	}
	rule := ""
	if w.asked != nil {
		rule = w.asked.Node.String()
	}
	t := &Table{ID: "list", Select: c.selecting(bulk.Customers, c.allThatMatch(w, found), "rule", rule), Caption: c.look.Text("customers.title"), Columns: []Column{c.column(c.look.Text("customers.column.name"), "name", w)}}
	for _, name := range w.shown {
		col := c.column(c.columnLabel(name, w.names), columnOrders[name], w)
		col.Numeric = name == "credit" || name == "id"
		t.Columns = append(t.Columns, col)
	}
	row := customerRow{call: c, names: w.names, settings: settings}
	for i := range found.Customers {
		k := &found.Customers[i]
		r := Row{ID: "customer-" + strconv.FormatInt(k.ID, 10), Pick: strconv.FormatInt(k.ID, 10), Name: customerName(k), Cells: []Cell{{Text: customer.FullName(k.FirstName, k.LastName), Sub: k.Email, URL: c.customerAt(k.ID, "")}}}
		for _, name := range w.shown {
			r.Cells = append(r.Cells, row.cell(name, k, found, states[k.ID]))
		}
		t.Rows = append(t.Rows, r)
	}
	return t, nil
}

// customerRow makes the cells of customers.
type customerRow struct {
	*call
	names    *rule.Names
	settings *store.Settings
}

// named is the name of something of the store.
func named(list []rule.Named, is func(rule.Named) bool) string {
	if i := slices.IndexFunc(list, is); i >= 0 {
		return list[i].Name
	}
	return ""
}

func (c *customerRow) cell(column string, k *customer.Customer, found *customer.Browsed, state account.State) Cell {
	switch column {
	case "email":
		return Cell{Text: k.Email}
	case "phone":
		return Cell{Text: k.Phone}
	case "company":
		return Cell{Text: k.Company}
	case "group":
		return Cell{Text: named(c.names.Groups, func(n rule.Named) bool { return n.ID == k.GroupID }), Edit: c.rowEdit(staff.EditCustomers, k, "/group", "customers.change_group")}
	case "credit":
		return Cell{Text: c.settings.Price(k.StoreCredit, customer.CreditScale), Edit: c.rowEdit(staff.StoreCredit, k, "/credit", "customers.change_credit")}
	case "joined":
		return Cell{When: c.when(k.DateCreated)}
	case "changed":
		return Cell{When: c.when(k.DateModified)}
	case "sign_in":
		return Cell{When: c.when(found.SignIns[k.ID]), Text: c.look.Text("never")}
	case "newsletter":
		if found.Subscribed[k.ID] {
			return Cell{Text: c.look.Text("yes")}
		}
		return Cell{Text: c.look.Text("no")}
	case "channel":
		return Cell{Text: c.channels(k, c.names)}
	case "segments":
		var out []string
		for _, uuid := range k.Segments {
			out = append(out, named(c.names.Segments, func(n rule.Named) bool { return n.UUID == uuid }))
		}
		return Cell{Text: strings.Join(out, ", ")}
	case "state":
		return Cell{Lozenges: c.stateOf(k, state)}
	case "id":
		return Cell{Text: strconv.FormatInt(k.ID, 10)}
	}
	id, _ := strings.CutPrefix(column, attributeColumn)
	for i := range k.Attributes {
		if strconv.FormatInt(k.Attributes[i].AttributeID, 10) == id {
			return Cell{Text: k.Attributes[i].Value}
		}
	}
	return Cell{}
}

// rowEdit is the sign in a row that leads to where a value is changed.
func (c *call) rowEdit(may staff.Permission, k *customer.Customer, path, label string) *Action {
	if !c.can(may) {
		return nil
	}
	return &Action{Label: c.look.Text(label, customer.FullName(k.FirstName, k.LastName)), URL: c.customerAt(k.ID, path), Dialog: true}
}

// channels tells on which channels a customer may sign in.
func (c *call) channels(k *customer.Customer, names *rule.Names) string {
	if k.ChannelIDs == nil {
		return c.look.Text("customers.all_channels")
	}
	var out []string
	for _, id := range k.ChannelIDs {
		out = append(out, named(names.Channels, func(n rule.Named) bool { return n.ID == id }))
	}
	return strings.Join(out, ", ")
}

// stateOf tells the state of a customer.
func (c *call) stateOf(k *customer.Customer, state account.State) []Lozenge {
	var out []Lozenge
	if state.Locked {
		out = append(out, Lozenge{"danger", c.look.Text("customers.state.locked")})
	}
	if k.ForcePasswordReset {
		out = append(out, Lozenge{"warning", c.look.Text("customers.state.reset")})
	}
	if state.Unconfirmed {
		out = append(out, Lozenge{"info", c.look.Text("customers.state.unconfirmed")})
	}
	if out == nil {
		out = append(out, Lozenge{"success", c.look.Text("customers.state.active")})
	}
	return out
}

// countPage counts all customers whom the address finds. The script shows it
// beside the list as soon as it is there.
func (c *call) countPage() error {
	p, w, err := c.customersList()
	if err != nil {
		return err
	}
	p.Actions = []Action{{Label: c.look.Text("customers.back"), URL: c.listAt("")}}
	p.Filters.Counting = true
	if w.faulty == nil {
		in := customer.Browse{Sort: w.sort}
		if w.asked != nil {
			in.Rule, in.Clock, in.Node = w.asked.Checked, w.asked.Clock, w.asked.Node
		}
		n, whole, err := c.Customers.BrowseCount(c.R.Context(), c.store.ID, in)
		if err != nil {
			return err
		}
		p.Filters.Count = c.people(n)
		if !whole {
			p.Filters.Count = c.look.Text("customers.many")
		}
	}
	return c.show(http.StatusOK, p)
}

// columnsForm chooses columns and their order.
func (c *call) columnsForm() (*questionPage, *wanted, error) {
	w, err := c.wanted()
	if err != nil {
		return nil, nil, err
	}
	f := c.newForm(c.listAt("/columns"), "apply")
	for i := range maxColumns {
		x := &html.Field{Name: "column", Label: c.look.Text("customers.column.at", strconv.Itoa(i+2)), Type: "select", Narrow: true, Plain: true}
		x.Name += strconv.Itoa(i)
		chosen := ""
		if i < len(w.shown) {
			chosen = w.shown[i]
		}
		x.Options = []html.Option{{Label: c.look.Text("customers.column.none")}}
		for _, name := range slices.Concat(customerColumns, attributeColumns(w.names)) {
			x.Options = append(x.Options, html.Option{Value: name, Label: c.columnLabel(name, w.names), Selected: name == chosen})
		}
		f.Sections[0].Fields = append(f.Sections[0].Fields, x)
	}
	f.Inline = true
	f.Cancel = &html.Link{Label: c.look.Text("cancel"), URL: c.listAt("")}
	p := &questionPage{Dialog: &Dialog{Text: c.look.Text("customers.columns.text"), Form: f}}
	p.Title = c.look.Text("customers.columns.title")
	p.Crumbs = []html.Link{{Label: c.look.Text("customers.title"), URL: c.listAt("")}}
	return p, w, nil
}

func attributeColumns(names *rule.Names) (out []string) {
	for _, a := range names.Attributes {
		out = append(out, attributeColumn+strconv.FormatInt(a.ID, 10))
	}
	return out
}

func (c *call) columnsPage() error {
	p, _, err := c.columnsForm()
	if err != nil {
		return err
	}
	return c.show(http.StatusOK, p)
}

// chooseColumns leads to the list with the chosen columns.
func (c *call) chooseColumns() error {
	var out []string
	for i := range maxColumns {
		if v := c.value("column" + strconv.Itoa(i)); v != "" {
			out = append(out, v)
		}
	}
	out = c.shownColumns(strings.Join(out, ","))
	text := strings.Join(out, ",")
	if slices.Equal(out, usualColumns) {
		text = ""
	}
	return c.redirect(c.listAt("", "columns", text))
}

// segmentForm asks for the name of a segment that has what is listed; nil where
// all customers are.
func (c *call) segmentForm() (*questionPage, *wanted, error) {
	w, err := c.wanted()
	if err != nil {
		return nil, nil, err
	}
	if !w.rules() {
		return nil, w, nil
	}
	f := c.newForm(c.listAt("/segment"), "customers.segment.submit", c.textField("name", "field.name"))
	f.Inline = true
	f.Cancel = &html.Link{Label: c.look.Text("cancel"), URL: c.listAt("")}
	p := &questionPage{Dialog: &Dialog{Text: c.look.Text("customers.segment.text"), Lines: []string{w.asked.Node.String()}, Form: f}}
	p.Title = c.look.Text("customers.segment.title")
	p.Crumbs = []html.Link{{Label: c.look.Text("customers.title"), URL: c.listAt("")}}
	return p, w, nil
}

func (c *call) segmentPage() error {
	p, _, err := c.segmentForm()
	if err != nil {
		return err
	}
	if p == nil { // nothing is filtered
		return c.redirect(c.listAt(""))
	}
	return c.show(http.StatusOK, p)
}

// makeSegment keeps what is listed as a segment with a rule.
func (c *call) makeSegment() error {
	p, w, err := c.segmentForm()
	if err != nil {
		return err
	}
	if p == nil {
		return c.redirect(c.listAt(""))
	}
	f := p.Dialog.Form
	if !c.filled(f) {
		return c.show(http.StatusUnprocessableEntity, p)
	}
	if _, err := c.Rules.Save(c.R.Context(), c.store.ID, segment.Save{Name: c.value("name"), Rule: &segment.PutRule{Node: w.asked.Node}}); err != nil {
		return c.again(p, f, err)
	}
	return c.done(c.listAt(""), "segment_made", c.value("name"))
}
