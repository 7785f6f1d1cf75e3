package panel

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"clientele/internal/html"
	"clientele/internal/rule"
	"clientele/internal/segment"
)

// Preview is whom a rule finds, or where it is wrong, in a form.
type Preview struct {
	Place  int    // the section that it follows
	Count  string // read out after a change
	Note   string
	People []Cell
	// Before, Marked and After are the rule with the place where it is wrong.
	Before, Marked, After string
	Suggestion            string
}

// The sections of a segment's form.
const (
	partWho = iota + 1
	partRows
	partText
	partGroup
)

// previewShown is how many customers a preview shows.
const previewShown = 10

// ruleForm is a form of a segment while it is put together.
type ruleForm struct {
	*Form
	subjects []rule.Subject
	text     string // the rule
}

// ruledForm is the form of a segment.
func (c *call) ruledForm(s *segment.Kept) (*ruleForm, error) {
	subjects, groups, err := c.Rules.Subjects(c.R.Context(), c.store.ID)
	if err != nil {
		return nil, err
	}
	name := c.textField("name", "field.name")
	name.Value, name.Autocomplete = s.Name, "off"
	action := c.storeAt("/segments/new")
	cancel := c.storeAt("/segments")
	if s.UUID != "" {
		action, cancel = c.segmentAt(s.UUID, "/edit"), c.segmentAt(s.UUID, "")
	}
	f := &ruleForm{subjects: subjects, Form: c.newForm(action, "save", name,
		&html.Field{Name: "description", Label: c.look.Text("segments.field.description"), Type: "textarea", Rows: 2, Value: s.Description, MaxLength: 65_535})}
	f.ID = "segment"
	f.Sections[0].Legend = c.look.Text("segments.section")
	f.Cancel = &html.Link{Label: c.look.Text("cancel"), URL: cancel}
	r := s.Rule
	if r == nil {
		r = &segment.Rule{}
	}
	by := func(kind string, chosen bool) html.Option {
		return html.Option{Value: kind, Label: c.look.Text("segments.field.by." + kind), Selected: chosen}
	}
	c.section(f.Form, "segments.who", &html.Field{Name: "by", Label: c.look.Text("segments.field.by"), Type: "radio", Required: true, Options: []html.Option{by("hand", s.Rule == nil), by("rule", s.Rule != nil)}})
	c.section(f.Form, "segments.rows", &html.Field{Name: "match", Label: c.look.Text("segments.match"), Type: "select", Narrow: true, Required: true, Options: []html.Option{
		{Value: "all", Label: c.look.Text("segments.match.all")}, {Value: "any", Label: c.look.Text("segments.match.any")},
	}})
	c.section(f.Form, "segments.text", &html.Field{Name: "rule", Label: c.look.Text("segments.field.rule"), Hint: c.look.Text("segments.field.rule.hint"), Type: "textarea", Rows: 3, MaxLength: rule.MaxBytes})
	choose := &html.Field{Name: "customer_group_id", Label: c.look.Text("segments.field.group"), Hint: c.look.Text("segments.field.group.hint"), Type: "select", Options: []html.Option{{Value: "0", Label: c.look.Text("segments.field.group.none"), Selected: r.GroupID == 0}}}
	for i := range groups {
		choose.Options = append(choose.Options, html.Option{Value: strconv.FormatInt(groups[i].ID, 10), Label: groups[i].Name, Selected: groups[i].ID == r.GroupID})
	}
	c.section(f.Form, "segments.assign", choose,
		&html.Field{Name: "priority", Label: c.look.Text("segments.field.priority"), Hint: c.look.Text("segments.field.priority.hint"), Type: "text", InputMode: "numeric", Narrow: true, Value: strconv.FormatInt(r.Priority, 10), MaxLength: 7},
		&html.Field{Name: "overrides", Label: c.look.Text("segments.field.overrides"), Hint: c.look.Text("segments.field.overrides.hint"), Type: "check", Checked: r.TakesOver})
	text := ""
	if s.Rule != nil && r.Node != nil {
		text = r.Node.String()
	}
	f.say(c, text)
	if s.UUID != "" {
		f.Hide("version", s.Version())
	}
	return f, nil
}

// say puts a rule into the form: as text and, if rows can show it, as rows.
func (f *ruleForm) say(c *call, text string) {
	f.text = text
	f.Field("rule").Value = text
	var rows []rule.Row
	any, simple, hint := false, strings.TrimSpace(text) == "", "segments.rows.wrong"
	if n, err := rule.Parse(text); err == nil {
		hint = "segments.rows.more"
		rows, any, simple = n.Rows()
		for _, r := range rows {
			simple = simple && slices.ContainsFunc(f.subjects, func(s rule.Subject) bool { return s.ID == r.Subject })
		}
	}
	if !simple {
		f.Sections[partRows].Hint, f.Sections[partRows].Lines, f.Sections[partRows].More = c.look.Text(hint), nil, nil
		return
	}
	f.rows(c, rows, any)
}

// rows shows rows.
func (f *ruleForm) rows(c *call, rows []rule.Row, any bool) {
	s := f.Sections[partRows]
	s.Hint, s.Lines, s.More = c.look.Text("segments.rows.hint"), nil, &html.Option{Value: "add", Label: c.look.Text("segments.rows.add")}
	match := f.Field("match")
	match.Options[0].Selected, match.Options[1].Selected = !any, any
	for i, r := range rows {
		s.Lines = append(s.Lines, f.line(c, i, r))
	}
}

// line shows a row.
func (f *ruleForm) line(c *call, i int, r rule.Row) *html.Line {
	at, n := "rows."+strconv.Itoa(i)+".", strconv.Itoa(i+1)
	subject := &html.Field{Name: at + "subject", Label: c.look.Text("segments.row.subject"), Type: "select", Required: true, Refresh: true}
	of := &f.subjects[0]
	for k := range f.subjects {
		s := &f.subjects[k]
		if s.ID == r.Subject {
			of = s
		}
		subject.Options = append(subject.Options, html.Option{Value: s.ID, Label: c.subject(s), Selected: s.ID == r.Subject})
	}
	slices.SortStableFunc(subject.Options, func(a, b html.Option) int { return strings.Compare(a.Label, b.Label) })
	op := &html.Field{Name: at + "op", Label: c.look.Text("segments.row.op"), Type: "select", Required: true}
	chosen := r.Op
	if !slices.Contains(of.Ops, chosen) {
		chosen = of.Ops[0]
	}
	for _, o := range of.Ops {
		op.Options = append(op.Options, html.Option{Value: o, Label: c.operator(of, o), Selected: o == chosen})
	}
	line := &html.Line{Label: c.look.Text("segments.row", n), Drop: &html.Option{Value: "drop." + strconv.Itoa(i), Label: c.look.Text("segments.row.drop", n)}, Fields: []*html.Field{subject, op}}
	if strings.HasSuffix(chosen, string(rule.IsNull)) {
		return line
	}
	value := &html.Field{Name: at + "value", Label: c.look.Text("segments.row.value"), Type: "text", Value: r.Value, Required: true, MaxLength: 500}
	switch {
	case len(of.Choices) > 0 && chosen != string(rule.In):
		value.Type = "select"
		value.Options = []html.Option{{Label: c.look.Text("segments.row.choose")}}
		for _, v := range of.Choices {
			label := v
			if of.Kind == rule.KindFlag {
				label = c.look.Text(map[string]string{"true": "yes", "false": "no"}[v])
			}
			value.Options = append(value.Options, html.Option{Value: v, Label: label, Selected: v == r.Value})
		}
		if r.Value != "" && !slices.Contains(of.Choices, r.Value) {
			value.Options = append(value.Options, html.Option{Value: r.Value, Label: r.Value, Selected: true})
		}
	case of.Kind == rule.KindTime:
		value.Placeholder = c.look.Text("segments.row.time")
	case chosen == string(rule.In):
		value.Placeholder = c.look.Text("segments.row.several")
	}
	line.Fields = append(line.Fields, value)
	return line
}

// subject says what is compared.
func (c *call) subject(s *rule.Subject) string {
	switch {
	case s.Key != "":
		return c.look.Text("rule."+s.Name, s.Key)
	case s.InAddress:
		return c.look.Text("rule.of_address", c.look.Text("rule.address."+s.Name))
	}
	return c.look.Text("rule." + s.Name)
}

// opKeys are the names of texts of operators.
var opKeys = map[string]string{
	"=": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge", "IN": "in", "CONTAINS": "contains", "STARTS WITH": "starts", "ENDS WITH": "ends", "IS NULL": "null", "MEMBER": "member",
}

// operator says how something is compared.
func (c *call) operator(s *rule.Subject, op string) string {
	key, not := op, ""
	if rest, is := strings.CutPrefix(op, "NOT "); is {
		key, not = rest, "not_"
	}
	key = "rule.op." + not + opKeys[key]
	if s.Kind == rule.KindTime && c.look.Has(key+".time") {
		key += ".time"
	}
	return c.look.Text(key)
}

// posted puts what was sent into the form. Rows and text say the same: where one
// of them was changed, the other one follows. both tells that the two differ.
func (f *ruleForm) posted(c *call) (both bool) {
	button, drop := c.form.Get("refresh"), -1
	if text, is := strings.CutPrefix(button, "drop."); is {
		if n, err := strconv.Atoi(text); err == nil {
			drop = n
		}
	}
	var rows []rule.Row
	for i := 0; i < rule.MaxComparisons; i++ {
		at := "rows." + strconv.Itoa(i) + "."
		if !c.form.Has(at + "subject") {
			break
		}
		if i != drop {
			rows = append(rows, rule.Row{Subject: c.form.Get(at + "subject"), Op: c.form.Get(at + "op"), Value: c.value(at + "value")})
		}
	}
	any := c.form.Get("match") == "any"
	written := ""
	if n := rule.OfRows(rows, any, f.subjects); n != nil {
		written = n.String()
	}
	text := c.value("rule")
	rowsChanged, textChanged := written != c.form.Get("rows_said"), text != c.form.Get("said")
	for _, s := range f.Sections { // the lines are those that were sent
		s.Lines = nil
	}
	f.Enter(c.form)
	switch {
	case textChanged:
		f.say(c, text)
		both = rowsChanged
	case rowsChanged:
		f.say(c, written)
		f.rows(c, rows, any)
	default:
		f.say(c, text)
		if f.Sections[partRows].More != nil {
			f.rows(c, rows, any)
		}
	}
	if s := f.Sections[partRows]; button == "add" && s.More != nil && len(s.Lines) < rule.MaxComparisons {
		s.Lines = append(s.Lines, f.line(c, len(s.Lines), rule.Row{Subject: "email"}))
	}
	f.Hidden = nil
	if v := c.form.Get("version"); v != "" {
		f.Hide("version", v)
	}
	return both
}

// remember has the form know what rows and text say, so that it is seen which of
// them somebody changes.
func (f *ruleForm) remember() {
	var rows []rule.Row
	for _, l := range f.Sections[partRows].Lines {
		r := rule.Row{}
		for i, to := range []*string{&r.Subject, &r.Op, &r.Value}[:len(l.Fields)] {
			*to = l.Fields[i].Value
			for _, o := range l.Fields[i].Options {
				if o.Selected {
					*to = o.Value
				}
			}
		}
		rows = append(rows, r)
	}
	written := ""
	match := f.Field("match")
	if n := rule.OfRows(rows, match.Options[1].Selected, f.subjects); n != nil {
		written = n.String()
	}
	f.Hide("said", strings.TrimSpace(f.Field("rule").Value)).Hide("rows_said", written)
	if f.Sections[partRows].More == nil {
		f.Sections[partRows].Fields = nil // rows cannot show it, so there is nothing to match
	}
}

// showRule shows the form.
func (c *call) showRule(status int, p *formPage, f *ruleForm) error {
	f.remember()
	if f.Preview == nil {
		f.Preview = &Preview{}
	}
	f.Preview.Place = partText
	return c.show(status, p)
}

// preview looks whom the rule of the form finds.
func (c *call) preview(f *ruleForm) error {
	f.Preview = &Preview{}
	if c.form.Get("by") != "rule" || strings.TrimSpace(f.text) == "" {
		return nil
	}
	n, err := rule.Parse(f.text)
	if err != nil {
		return c.wrongRule(f, err)
	}
	found, err := c.Rules.Preview(c.R.Context(), c.store.ID, n)
	if err != nil {
		return c.wrongRule(f, err)
	}
	f.Preview.Count = c.look.Plural("segments.preview.found", int(found.Count))
	if !found.Complete {
		f.Preview.Count = c.look.several("segments.preview.least", found.Count)
	}
	people, err := c.customersOf(found.Customers[:min(len(found.Customers), previewShown)])
	if err != nil {
		return err
	}
	for i := range people {
		x := &people[i]
		f.Preview.People = append(f.Preview.People, Cell{Text: customerName(x), Sub: x.Email, URL: c.customerAt(x.ID, "")})
	}
	if len(people) > 0 && found.Count > int64(len(people)) {
		f.Preview.Note = c.look.Text("segments.preview.newest", strconv.Itoa(len(people)))
	}
	return nil
}

// wrongRule shows where a rule is wrong; another error is returned.
func (c *call) wrongRule(f *ruleForm, err error) error {
	if !c.explain(f.Form, err) {
		return err
	}
	f.point(err)
	return nil
}

// point marks the place where a rule is wrong.
func (f *ruleForm) point(err error) {
	var at *rule.Fault
	if !errors.As(err, &at) {
		return
	}
	if f.Preview == nil {
		f.Preview = &Preview{}
	}
	f.Preview.Suggestion = at.Suggestion
	if at.At < 0 || at.At > len(f.text) {
		return
	}
	end := at.At + strings.IndexAny(f.text[at.At:]+" ", " ()")
	if end == at.At {
		end = min(at.At+1, len(f.text))
	}
	f.Preview.Before, f.Preview.Marked, f.Preview.After = f.text[:at.At], f.text[at.At:end], f.text[end:]
	if f.Preview.Marked == "" {
		f.Preview.Marked = "…"
	}
}

func (c *call) newSegmentView() (*formPage, *ruleForm, error) {
	p := &formPage{}
	p.Title = c.look.Text("segments.new.title")
	p.Crumbs = []html.Link{{Label: c.look.Text("segments.title"), URL: c.storeAt("/segments")}}
	s := &segment.Kept{}
	text := c.R.URL.Query().Get("rule")
	if text != "" {
		s.Rule = &segment.Rule{}
	}
	f, err := c.ruledForm(s)
	if err != nil {
		return nil, nil, err
	}
	f.say(c, text)
	p.Form = f.Form
	return p, f, nil
}

func (c *call) newSegmentPage() error {
	p, f, err := c.newSegmentView()
	if err != nil {
		return err
	}
	return c.showRule(http.StatusOK, p, f)
}

func (c *call) editSegmentView() (*segment.Kept, *formPage, *ruleForm, error) {
	s, err := c.oneSegment()
	if err != nil {
		return nil, nil, nil, err
	}
	p := &formPage{}
	p.Title = c.look.Text("segments.edit.title", s.Name)
	p.Crumbs = []html.Link{{Label: c.look.Text("segments.title"), URL: c.storeAt("/segments")}, {Label: s.Name, URL: c.segmentAt(s.UUID, "")}}
	f, err := c.ruledForm(s)
	if err != nil {
		return nil, nil, nil, err
	}
	p.Form = f.Form
	return s, p, f, nil
}

func (c *call) editSegmentPage() error {
	_, p, f, err := c.editSegmentView()
	if err != nil {
		return err
	}
	return c.showRule(http.StatusOK, p, f)
}

func (c *call) addSegment() error {
	p, f, err := c.newSegmentView()
	if err != nil {
		return err
	}
	return c.putSegment(p, f, segment.Save{}, "segment_added")
}

func (c *call) saveSegment() error {
	s, p, f, err := c.editSegmentView()
	if err != nil {
		return err
	}
	return c.putSegment(p, f, segment.Save{UUID: s.UUID, Version: c.form.Get("version")}, "segment_saved")
}

func (c *call) putSegment(p *formPage, f *ruleForm, in segment.Save, notice string) error {
	both := f.posted(c)
	if button := c.form.Get("refresh"); button != "" {
		if button != "add" {
			if err := c.preview(f); err != nil {
				return err
			}
		}
		return c.showRule(http.StatusOK, p, f)
	}
	c.require(f.Form)
	f.Field("match").Error = ""
	for _, l := range f.Sections[partRows].Lines {
		for _, x := range l.Fields {
			x.Error = "" // what the text says counts
		}
	}
	in.Name, in.Description = c.value("name"), c.value("description")
	by := c.form.Get("by") == "rule"
	if by {
		if err := c.readRule(f, &in); err != nil {
			return err
		}
		if both && !f.Bad() {
			f.Field("rule").Error = c.look.Text("wrong.rule_both")
		}
	}
	if f.Bad() {
		return c.showRule(http.StatusUnprocessableEntity, p, f)
	}
	uuid, err := c.Rules.Save(c.R.Context(), c.store.ID, in)
	if errors.Is(err, segment.ErrStale) {
		return c.staleSegment(p, f)
	}
	if err != nil {
		if err := c.wrongRule(f, err); err != nil {
			return err
		}
		return c.showRule(http.StatusUnprocessableEntity, p, f)
	}
	return c.done(c.segmentAt(uuid, ""), notice, in.Name)
}

// readRule reads the rule of the form.
func (c *call) readRule(f *ruleForm, in *segment.Save) error {
	n, err := rule.Parse(f.text)
	if err != nil {
		return c.wrongRule(f, err)
	}
	in.Rule = &segment.PutRule{Node: n, TakesOver: c.form.Get("overrides") != ""}
	in.Rule.GroupID, _ = strconv.ParseInt(c.form.Get("customer_group_id"), 10, 64)
	if text := c.value("priority"); text != "" {
		priority, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			f.Field("priority").Error = c.look.Text("wrong.whole")
		}
		in.Rule.Priority = priority
	}
	return nil
}
