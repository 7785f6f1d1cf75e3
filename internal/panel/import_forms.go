package panel

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"clientele/internal/customer"
	"clientele/internal/html"
	"clientele/internal/staff"
	"clientele/internal/transfer"
	"clientele/internal/transfer/source"
	"clientele/internal/transfer/value"
)

// revisable returns the import of the address if somebody can still say how its file
// is taken; else it leads to its page.
func (c *call) revisable() (imp *transfer.Import, led bool, err error) {
	if imp, err = c.oneImport(); err != nil || imp.CanRevise() {
		return imp, false, err
	}
	return imp, true, c.redirect(c.importAt(imp.ID, ""))
}

// importForm is a step that asks for something about a file.
func (c *call) importForm(imp *transfer.Import, step int, key, path, submit string) *formPage {
	p := &formPage{Steps: c.importSteps(step), Intro: c.look.Text(key)}
	p.Title = c.importName(imp)
	p.Crumbs = []html.Link{{Label: c.look.Text("import.title"), URL: c.storeAt("/import")}}
	p.Form = &Form{}
	p.Form.Action, p.Form.Submit = c.importAt(imp.ID, path), c.look.Text(submit)
	return p
}

// headRows is how many rows of a file are shown as examples.
const headRows = 3

// importColumnsForm asks of what the file is, and where its columns go.
func (c *call) importColumnsForm(imp *transfer.Import) (*formPage, error) {
	p := c.importForm(imp, 1, "import.columns.text", "/columns", "import.next")
	in, l := imp.Inspection, &imp.Plan.Layout
	p.Form.Cancel = &html.Link{Label: c.look.Text("cancel"), URL: c.storeAt("/import")}
	found := c.look.several("import.found", in.Rows, c.known("import.format.", imp.Plan.Format), strings.ToUpper(string(l.Encoding)), c.known("import.separator.", map[string]string{",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}[l.Separator]))
	if l.Objects {
		found = c.look.several("import.found.objects", in.Rows, c.known("import.format.", imp.Plan.Format))
	}
	p.Messages = []Message{{Kind: "info", Text: found}}
	if in.Duplicates > 0 {
		p.Messages = append(p.Messages, Message{Kind: "warning", Text: c.look.several("import.duplicates", in.Duplicates)})
	}
	kind := &html.Field{Name: "kind", Label: c.look.Text("import.kind"), Type: "select", Required: true, Narrow: true}
	for _, k := range source.Kinds {
		if k == source.Subscribers || c.can(staff.ImportCustomers) {
			kind.Options = append(kind.Options, html.Option{Value: string(k), Label: c.look.Text("import.kind." + string(k)), Selected: k == imp.Kind()})
		}
	}
	kind.Hint = c.look.Text("import.kind.hint")
	p.Form.Sections = []*html.Section{{Fields: []*html.Field{kind}}}
	own, err := c.Transfer.Own(c.R.Context(), c.store.ID)
	if err != nil {
		return nil, err
	}
	head, err := c.Transfer.Head(c.R.Context(), c.store.ID, imp.ID, headRows)
	if err != nil && err != transfer.ErrNoFile {
		return nil, err
	}
	s := &html.Section{Legend: c.look.Text("import.step.columns"), Hint: c.look.Text("import.columns.hint")}
	for i := range imp.Plan.Columns {
		col := &imp.Plan.Columns[i]
		f := &html.Field{Name: "column" + strconv.Itoa(i), Label: col.Name, Type: "select", Narrow: true, Plain: true, Options: c.targets(imp.Kind(), col, own)}
		var examples []string
		for _, row := range head {
			if i < len(row) && strings.TrimSpace(row[i]) != "" {
				examples = append(examples, short(strings.TrimSpace(row[i]), 40))
			}
		}
		if examples != nil {
			f.Hint = c.look.Text("import.examples", strings.Join(slices.Compact(examples), " · "))
		}
		s.Fields = append(s.Fields, f)
	}
	p.Form.Sections = append(p.Form.Sections, s)
	return p, nil
}

// targets are where a column may go. That where it goes is among them.
func (c *call) targets(kind source.Kind, col *source.Column, own source.Own) []html.Option {
	chosen := col.Target.String()
	out := []html.Option{{Value: "-", Label: c.look.Text("import.nowhere"), Selected: chosen == "-"}}
	add := func(value, label string) {
		out = append(out, html.Option{Value: value, Label: label, Selected: value == chosen})
	}
	for _, f := range source.Fields(kind) {
		t, err := source.ParseTarget(string(f))
		if err != nil {
			continue
		}
		add(t.String(), c.targetName(t))
	}
	if kind == source.Customers {
		for _, name := range own.Attributes {
			add("attribute:"+name, c.look.Text("import.to_attribute", name))
		}
		for _, name := range own.FormFields {
			add("form_field:"+name, c.look.Text("import.to_form_field", name))
		}
		add("attribute:"+col.Name, c.look.Text("import.to_new", col.Name))
	}
	if !slices.ContainsFunc(out, func(o html.Option) bool { return o.Selected }) {
		add(chosen, c.targetName(col.Target))
	}
	seen := map[string]bool{}
	return slices.DeleteFunc(out, func(o html.Option) bool { twice := seen[o.Value]; seen[o.Value] = true; return twice })
}

// targetName is what a place for a column is called.
func (c *call) targetName(t source.Target) string {
	name := c.known("import.field.", string(t.Field))
	switch {
	case t.Address > 1:
		return c.look.Text("import.to_address", name, strconv.Itoa(t.Address))
	case t.Name != "":
		return name + ": " + t.Name
	}
	return name
}

func (c *call) importColumnsPage() error {
	imp, led, err := c.revisable()
	if err != nil || led {
		return err
	}
	p, err := c.importColumnsForm(imp)
	if err != nil {
		return err
	}
	return c.show(http.StatusOK, p)
}

func (c *call) saveImportColumns() error {
	imp, led, err := c.revisable()
	if err != nil || led {
		return err
	}
	p, err := c.importColumnsForm(imp)
	if err != nil {
		return err
	}
	p.Form.Enter(c.form)
	o := imp.Plan.Options
	kind := source.Kind(c.form.Get("kind"))
	if kind != source.Subscribers && !c.can(staff.ImportCustomers) {
		return errDenied
	}
	then, next := transfer.Wait, "/rules"
	if kind != imp.Kind() {
		// Of another kind columns go elsewhere: they are found anew, and asked for again.
		then, next, o.Map = transfer.Look, "", nil
	} else {
		given := map[string]source.Target{}
		for name, t := range o.Map {
			given[name] = t
		}
		for i := range imp.Plan.Columns {
			col := &imp.Plan.Columns[i]
			text := c.form.Get("column" + strconv.Itoa(i))
			if text == "" || text == col.Target.String() {
				continue
			}
			t, err := source.ParseTarget(text)
			if err != nil {
				p.Form.Field("column" + strconv.Itoa(i)).Error = c.look.Text("wrong.value")
				continue
			}
			given[col.Name] = t
		}
		o.Map = given
	}
	if p.Form.Bad() {
		return c.show(http.StatusUnprocessableEntity, p)
	}
	o.Kind = kind
	if _, err := c.Transfer.Revise(c.R.Context(), c.store.ID, imp.ID, o, then); err != nil {
		return c.again(p, p.Form, err)
	}
	return c.redirect(c.importAt(imp.ID, next))
}

// maxHashConfig bounds the parameters of hashes, in characters.
const maxHashConfig = 2000

// importRulesForm asks how rows are taken.
func (c *call) importRulesForm(imp *transfer.Import) *formPage {
	text := "import.rules.text"
	if imp.Kind().Changes() {
		text += ".changes"
	}
	p := c.importForm(imp, 2, text, "/rules", "import.try")
	p.Form.Cancel = &html.Link{Label: c.look.Text("import.back"), URL: c.importAt(imp.ID, "/columns")}
	o := &imp.Plan.Options
	choose := func(name string, chosen string, values ...string) *html.Field {
		f := &html.Field{Name: name, Label: c.look.Text("import." + name), Type: "radio", Required: true}
		for _, v := range values {
			f.Options = append(f.Options, html.Option{Value: v, Label: c.look.Text("import." + name + "." + v), Selected: v == chosen})
		}
		return f
	}
	pick := func(on bool, yes, no string) string {
		if on {
			return yes
		}
		return no
	}
	var fields []*html.Field
	if imp.Kind() == source.Subscribers {
		ground := c.textField("ground", "import.ground")
		ground.Value, ground.Hint, ground.MaxLength = o.Ground, c.look.Text("import.ground.hint"), transfer.MaxGround
		fields = append(fields, ground)
	} else {
		match := choose("match", pick(o.ByID, "id", "email"), "email", "id")
		blank := choose("blank", pick(o.Empty, "empty", "leave"), "leave", "empty")
		switch imp.Kind() {
		case source.Credit:
			fields = append(fields, choose("amounts", pick(o.SetCredit, "set", "add"), "add", "set"), match)
		case source.GroupMembers:
			fields = append(fields, blank, match)
		default:
			fields = append(fields, choose("on_existing", string(o.OnExisting), transfer.Texts(customer.Existings)...))
			blank.Label, blank.Hint, blank.Required, blank.Plain = c.look.Text("import.cells"), c.look.Text("import.cells.hint"), false, true
			for i := range blank.Options {
				blank.Options[i].Label = c.look.Text("import.cells." + blank.Options[i].Value)
			}
			fields = append(fields, blank, match)
		}
	}
	fields = append(fields, choose("on_error", pick(o.StopOnError, "stop", "skip"), "skip", "stop"))
	dates := &html.Field{Name: "date_order", Label: c.look.Text("import.date_order"), Type: "select", Narrow: true, Plain: true, Options: []html.Option{{Label: c.look.Text("import.date_order.found")}}}
	for _, v := range []value.Order{value.DayFirst, value.MonthFirst} {
		dates.Options = append(dates.Options, html.Option{Value: string(v), Label: c.look.Text("import.date_order." + string(v)), Selected: v == o.DateOrder})
	}
	if !imp.Kind().Changes() {
		fields = append(fields, dates)
	}
	if f, ok := source.Named(o.Format); ok && f.HashConfig {
		// The key that was given is not shown: it is a secret of the other system.
		hashes := &html.Field{Name: "hash_config", Label: c.look.Text("import.hash_config"), Hint: c.look.Text("import.hash_config.hint"), Type: "textarea", Rows: 7, MaxLength: maxHashConfig, Plain: true}
		if o.Firebase != nil {
			hashes.Hint = c.look.Text("import.hash_config.given")
		}
		fields = append(fields, hashes)
	}
	fields = append(fields, &html.Field{Name: "events", Label: c.look.Text("import.events"), Hint: c.look.Text("import.events.hint"), Type: "check", Checked: o.Events})
	p.Form.Sections = []*html.Section{{Fields: fields}}
	return p
}

func (c *call) importRulesPage() error {
	imp, led, err := c.revisable()
	if err != nil || led {
		return err
	}
	return c.show(http.StatusOK, c.importRulesForm(imp))
}

func (c *call) saveImportRules() error {
	imp, led, err := c.revisable()
	if err != nil || led {
		return err
	}
	p := c.importRulesForm(imp)
	if !c.filled(p.Form) {
		return c.show(http.StatusUnprocessableEntity, p)
	}
	o := imp.Plan.Options
	if p.Form.Field("on_existing") != nil {
		o.OnExisting = customer.Existing(c.form.Get("on_existing"))
	}
	if p.Form.Field("match") != nil {
		o.ByID = c.form.Get("match") == "id"
	}
	o.SetCredit, o.Empty = c.form.Get("amounts") == "set", c.form.Get("blank") == "empty"
	o.Kind = imp.Kind()
	o.StopOnError, o.DateOrder, o.Events, o.Ground = c.form.Get("on_error") == "stop", value.Order(c.form.Get("date_order")), c.form.Get("events") != "", c.value("ground")
	if f := p.Form.Field("hash_config"); f != nil && c.value("hash_config") != "" {
		if o.Firebase, err = source.ParseFirebaseHash(c.value("hash_config")); err != nil {
			f.Error = c.look.Text("import.hash_config.wrong")
			return c.show(http.StatusUnprocessableEntity, p)
		}
	}
	if _, err := c.Transfer.Revise(c.R.Context(), c.store.ID, imp.ID, o, transfer.Try); err != nil {
		return c.again(p, p.Form, err)
	}
	return c.redirect(c.importAt(imp.ID, ""))
}
