package panel

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"clientele/internal/html"
	"clientele/internal/rule"
)

// ruleProblem says what is wrong with a rule.
func (c *call) ruleProblem(f *rule.Fault) string {
	text := c.look.Text("customers.rule.wrong", strconv.Itoa(f.At+1), f.Value)
	if f.At < 0 || f.Value == "" {
		text = c.look.Text("customers.rule.bad")
	}
	if f.Suggestion != "" {
		text += " " + c.look.Text("customers.rule.suggestion", f.Suggestion)
	}
	return text
}

// setFilters are the conditions of the rule that all customers of the list meet,
// each with the address without it.
func (c *call) setFilters(w *wanted) []SetFilter {
	parts := []*rule.Node{w.node}
	if w.node.Kind == rule.And {
		parts = w.node.Nodes
	}
	shown := w.node
	if w.asked != nil { // with the names that things have
		shown = w.names.Unbind(w.names.Bind(w.node))
	}
	words := []*rule.Node{shown}
	if shown.Kind == rule.And {
		words = shown.Nodes
	}
	var out []SetFilter
	for i := range parts {
		rest := ""
		if others := rule.All(slices.Concat(parts[:i:i], parts[i+1:])...); others != nil {
			rest = others.String()
		}
		out = append(out, SetFilter{Label: c.inWords(words[i]), URL: c.listAt("", "rule", rest)})
	}
	return out
}

// opWords are the texts of comparisons, below "filter.op.".
var opWords = map[rule.Op]string{
	rule.Eq: "is", rule.Ne: "is_not", rule.Lt: "under", rule.Le: "to", rule.Gt: "over", rule.Ge: "from", rule.In: "is", rule.Between: "between",
	rule.Contains: "contains", rule.Starts: "starts", rule.Ends: "ends", rule.IsNull: "none", rule.Member: "is",
}

// inWords tells a condition in words, or as it is written where that is clearer.
func (c *call) inWords(n *rule.Node) string {
	switch n.Kind {
	case rule.Compare:
		values := make([]string, len(n.Values))
		for i := range n.Values {
			values[i] = c.valueInWords(n, &n.Values[i])
		}
		if n.Op == rule.Between {
			return c.look.Text("filter.op.between", c.fieldInWords(n), values[0], values[1])
		}
		if len(values) > 5 {
			values = append(values[:5], "…")
		}
		return c.look.Text("filter.op."+opWords[n.Op], c.fieldInWords(n), strings.Join(values, ", "))
	case rule.Not:
		if in := n.Nodes[0]; in.Kind == rule.Compare && in.Op == rule.IsNull {
			return c.look.Text("filter.op.some", c.fieldInWords(in))
		}
	case rule.Address:
		if in := n.Nodes[0]; in.Kind == rule.Compare {
			return c.look.Text("filter.address", c.inWords(in))
		}
	}
	return n.String()
}

func (c *call) fieldInWords(n *rule.Node) string {
	switch {
	case n.Field.Keyed && n.Field.ID != 0:
		return strconv.FormatInt(n.Field.ID, 10)
	case n.Field.Keyed:
		return n.Field.Key
	case c.look.Has("filter.field." + n.Field.Name):
		return c.look.Text("filter.field." + n.Field.Name)
	}
	return n.Field.Name
}

func (c *call) valueInWords(n *rule.Node, v *rule.Value) string {
	switch v.Kind {
	case rule.Flag:
		if v.Text == "true" {
			return c.look.Text("yes")
		}
		return c.look.Text("no")
	case rule.Relative:
		if days, ok := strings.CutSuffix(strings.TrimPrefix(v.Text, "-"), "d"); ok && strings.HasPrefix(v.Text, "-") {
			if d, err := strconv.Atoi(days); err == nil {
				return c.look.Plural("ago.days", d)
			}
		}
	case rule.Text:
		switch n.Field.Name {
		case "country":
			for _, o := range c.countries() {
				if strings.EqualFold(o.Value, v.Text) {
					return o.Label
				}
			}
		case "consent":
			if c.look.Has("consent." + v.Text) {
				return c.look.Text("consent." + v.Text)
			}
		}
	}
	return v.Text
}

// countries are all countries by their names in the reader's language.
func (c *call) countries() []html.Option { return c.look.countries() }

// filterForm sets filters. What is filled in is added to those that are set, which
// stand below as a rule.
func (c *call) filterForm() (*formPage, *wanted, error) {
	w, err := c.wanted()
	if err != nil {
		return nil, nil, err
	}
	text := func(name, label string, half bool) *html.Field {
		return &html.Field{Name: name, Label: c.look.Text(label), Type: "text", MaxLength: 255, Narrow: half, Autocomplete: "off"}
	}
	day := func(name, label string) *html.Field {
		return &html.Field{Name: name, Label: c.look.Text(label), Type: "date", Narrow: true}
	}
	number := func(name, label, mode string) *html.Field {
		return &html.Field{Name: name, Label: c.look.Text(label), Type: "text", InputMode: mode, MaxLength: 20, Narrow: true, Autocomplete: "off"}
	}
	choose := func(name, label string, options ...html.Option) *html.Field {
		x := &html.Field{Name: name, Label: c.look.Text(label), Type: "select", Narrow: true}
		x.Options = append([]html.Option{{Label: c.look.Text("filter.any")}}, options...)
		return x
	}
	things := func(list []rule.Named, own ...html.Option) []html.Option {
		for _, n := range list {
			if n.Type != "password" {
				own = append(own, html.Option{Value: strconv.FormatInt(n.ID, 10), Label: n.Name})
			}
		}
		return own
	}
	yesNo := []html.Option{{Value: "true", Label: c.look.Text("yes")}, {Value: "false", Label: c.look.Text("no")}}
	f := c.newForm(c.listAt("/filter"), "filter.submit")
	f.Sections = nil
	begins := choose("begins_field", "filter.begins")
	begins.Options = nil
	for _, name := range []string{"name", "last_name", "email", "company", "phone"} {
		begins.Options = append(begins.Options, html.Option{Value: name, Label: c.look.Text("filter.field." + name)})
	}
	begins.Required = true
	c.section(f, "filter.section.who",
		begins, text("begins", "filter.begins.with", true),
		choose("group", "filter.field.group", things(w.names.Groups, html.Option{Value: "none", Label: c.look.Text("filter.none")})...),
		choose("segment", "filter.field.segment", segmentChoices(w.names)...),
		choose("channel", "filter.field.channel", things(w.names.Channels)...),
		choose("tax_exempt", "filter.tax_exempt", yesNo...),
		number("id_from", "filter.id_from", "numeric"), number("id_to", "filter.id_to", "numeric"),
	)
	c.section(f, "filter.section.when",
		day("joined_from", "filter.joined_from"), day("joined_to", "filter.joined_to"),
		day("changed_from", "filter.changed_from"), day("changed_to", "filter.changed_to"),
		day("sign_in_from", "filter.sign_in_from"), day("sign_in_to", "filter.sign_in_to"),
	)
	c.section(f, "filter.section.account",
		choose("has_password", "filter.field.has_password", yesNo...), choose("accepts_emails", "filter.field.accepts_emails", yesNo...),
		choose("consent", "filter.field.consent", c.consentChoices(w.names)...),
		&html.Field{Name: "credit_from", Label: c.look.Text("filter.credit_from"), Type: "text", InputMode: "decimal", MaxLength: 20, Narrow: true},
		&html.Field{Name: "credit_to", Label: c.look.Text("filter.credit_to"), Type: "text", InputMode: "decimal", MaxLength: 20, Narrow: true},
	)
	c.section(f, "filter.section.address", choose("country", "filter.field.country", c.countries()...), text("state", "filter.field.state_or_province", true), text("city", "filter.field.city", true))
	if len(w.names.Attributes)+len(w.names.FormFields) > 0 {
		var more []*html.Field
		if len(w.names.Attributes) > 0 {
			more = append(more, choose("attribute", "filter.attribute", things(w.names.Attributes)...), text("attribute_value", "filter.value", true))
		}
		if len(w.names.FormFields) > 0 {
			more = append(more, choose("form_field", "filter.form_field", things(w.names.FormFields)...), text("form_field_value", "filter.value", true))
		}
		c.section(f, "filter.section.own", more...)
	}
	c.section(f, "filter.section.rule", &html.Field{Name: "rule", Label: c.look.Text("filter.rule"), Hint: c.look.Text("filter.rule.hint"), Type: "textarea", Rows: 3, MaxLength: rule.MaxBytes, Value: w.rule})
	for _, x := range f.Fields() {
		x.Plain = true
	}
	f.Cancel = &html.Link{Label: c.look.Text("cancel"), URL: c.listAt("")}
	p := &formPage{Intro: c.look.Text("filter.intro"), Form: f}
	p.Title = c.look.Text("filter.title")
	p.Crumbs = []html.Link{{Label: c.look.Text("customers.title"), URL: c.listAt("")}}
	return p, w, nil
}

func segmentChoices(names *rule.Names) (out []html.Option) {
	for _, s := range names.Segments {
		out = append(out, html.Option{Value: s.UUID, Label: s.Name})
	}
	return out
}

func (c *call) consentChoices(names *rule.Names) (out []html.Option) {
	for _, s := range names.Consents {
		label := s
		if c.look.Has("consent." + s) {
			label = c.look.Text("consent." + s)
		}
		out = append(out, html.Option{Value: s, Label: label})
	}
	return append(out, html.Option{Value: "none", Label: c.look.Text("filter.none")})
}

func (c *call) filterPage() error {
	p, _, err := c.filterForm()
	if err != nil {
		return err
	}
	return c.show(http.StatusOK, p)
}

// conditions are what the form of filters says, each with the control that says
// it.
func (c *call) conditions(names *rule.Names) (nodes []*rule.Node, controls []string) {
	add := func(control string, n *rule.Node) { nodes, controls = append(nodes, n), append(controls, control) }
	compare := func(field string, op rule.Op, values ...rule.Value) *rule.Node {
		return &rule.Node{Kind: rule.Compare, Field: rule.Field{Name: field}, Op: op, Values: values}
	}
	text := func(s string) rule.Value { return rule.Value{Text: s} }
	number := func(s string) rule.Value { return rule.Value{Kind: rule.Number, Text: s} }
	not := func(n *rule.Node) *rule.Node { return &rule.Node{Kind: rule.Not, Nodes: []*rule.Node{n}} }
	if v := c.value("begins"); v != "" {
		add("begins", compare(c.form.Get("begins_field"), rule.Starts, text(v)))
	}
	switch v := c.form.Get("group"); v {
	case "":
	case "none":
		add("group", compare("group", rule.IsNull))
	default:
		add("group", compare("group", rule.Eq, number(v)))
	}
	if v := c.form.Get("segment"); v != "" {
		add("segment", compare("segment", rule.Member, text(v)))
	}
	if v := c.form.Get("channel"); v != "" {
		add("channel", compare("channel", rule.Eq, number(v)))
	}
	switch c.form.Get("tax_exempt") {
	case "true":
		add("tax_exempt", not(compare("tax_exempt_category", rule.IsNull)))
	case "false":
		add("tax_exempt", compare("tax_exempt_category", rule.IsNull))
	}
	between := func(field, from, to string, value func(string) rule.Value) {
		low, high := c.value(from), c.value(to)
		switch {
		case low != "" && high != "":
			add(from, compare(field, rule.Between, value(low), value(high)))
		case low != "":
			add(from, compare(field, rule.Ge, value(low)))
		case high != "":
			add(to, compare(field, rule.Le, value(high)))
		}
	}
	between("id", "id_from", "id_to", number)
	between("date_created", "joined_from", "joined_to", text)
	between("date_modified", "changed_from", "changed_to", text)
	between("last_sign_in", "sign_in_from", "sign_in_to", text)
	amount := func(s string) rule.Value {
		if plain, ok := decimal(s); ok {
			s = plain
		}
		return number(s)
	}
	between("store_credit", "credit_from", "credit_to", amount)
	for _, name := range []string{"has_password", "accepts_emails"} {
		if v := c.form.Get(name); v == "true" || v == "false" {
			add(name, compare(name, rule.Eq, rule.Value{Kind: rule.Flag, Text: v}))
		}
	}
	switch v := c.form.Get("consent"); v {
	case "":
	case "none":
		add("consent", compare("consent", rule.IsNull))
	default:
		add("consent", compare("consent", rule.Eq, text(v)))
	}
	var address []*rule.Node
	for control, field := range map[string]string{"country": "country", "state": "state_or_province", "city": "city"} {
		if v := c.value(control); v != "" {
			address = append(address, compare(field, rule.Eq, text(v)))
		}
	}
	slices.SortFunc(address, func(x, y *rule.Node) int { return strings.Compare(x.Field.Name, y.Field.Name) })
	if len(address) > 0 {
		add("country", &rule.Node{Kind: rule.Address, Nodes: []*rule.Node{rule.All(address...)}})
	}
	keyed := func(control, field string, list []rule.Named) {
		id, err := strconv.ParseInt(c.form.Get(control), 10, 64)
		v := c.value(control + "_value")
		if err != nil {
			return
		}
		i := slices.IndexFunc(list, func(n rule.Named) bool { return n.ID == id })
		if i < 0 {
			return
		}
		n := compare(field, rule.IsNull)
		n.Field.Keyed, n.Field.Key = true, list[i].Name
		if v == "" {
			add(control, not(n))
			return
		}
		n.Op, n.Values = rule.Eq, []rule.Value{text(v)}
		if list[i].Type == "number" {
			n.Values[0].Kind = rule.Number
		}
		add(control+"_value", n)
	}
	keyed("attribute", "attribute", names.Attributes)
	keyed("form_field", "form_field", names.FormFields)
	return nodes, controls
}

// setFilter leads to the list with more filters.
func (c *call) setFilter() error {
	p, w, err := c.filterForm()
	if err != nil {
		return err
	}
	f := p.Form
	f.Enter(c.form)
	var parts []*rule.Node
	var wrong *rule.Fault
	if text := c.value("rule"); text != "" {
		n, err := rule.Parse(text)
		if errors.As(err, &wrong) {
			f.Field("rule").Error = c.ruleProblem(wrong)
			return c.show(http.StatusUnprocessableEntity, p)
		}
		if err != nil {
			return err
		}
		parts = append(parts, n)
	}
	own, controls := c.conditions(w.names)
	// Each by itself, so that what is wrong is told beside its control.
	for i, n := range append(slices.Clone(own), parts...) {
		control := "rule"
		if i < len(own) {
			control = controls[i]
		}
		_, err := w.names.Check(n)
		if errors.As(err, &wrong) {
			if x := f.Field(control); control == "rule" {
				x.Error = c.ruleProblem(wrong)
			} else {
				x.Error = c.look.Text("wrong.value")
			}
		} else if err != nil {
			return err
		}
	}
	text := ""
	if n := rule.All(append(parts, own...)...); n != nil && !f.Bad() {
		text = w.names.Unbind(w.names.Bind(n)).String()
		if _, err := rule.Parse(text); errors.As(err, &wrong) { // too long, or too much
			f.Problem = c.ruleProblem(wrong)
		}
	}
	if f.Bad() {
		return c.show(http.StatusUnprocessableEntity, p)
	}
	return c.redirect(c.listAt("", "rule", text))
}
