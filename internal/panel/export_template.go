package panel

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"clientele/internal/desk"
	"clientele/internal/export"
	"clientele/internal/html"
	"clientele/internal/staff"
)

// templateSlots is how many columns a template can have by the form.
const templateSlots = 24

// templateForm makes a template of one that there is.
func (c *call) templateForm() (*formPage, error) {
	p := &formPage{Intro: c.look.Text("export.template.text")}
	p.Title = c.look.Text("export.template.new")
	p.Crumbs = []html.Link{{Label: c.look.Text("export.title"), URL: c.storeAt("/export")}}
	all, err := c.exportTemplates()
	if err != nil {
		return nil, err
	}
	kind := export.Kind(c.R.URL.Query().Get("kind"))
	if kind != export.Subscribers && c.can(staff.ExportCustomers) {
		kind = export.Customers
	} else {
		kind = export.Subscribers
	}
	from, _ := export.Template("default", kind)
	for _, t := range all {
		if t.value == c.R.URL.Query().Get("from") && t.options.Kind == kind {
			from = t.options
		}
	}
	p.Form = c.newForm(c.with(c.storeAt("/export/templates/new"), "kind", string(kind)), "export.template.save", c.textField("name", "field.name"))
	if c.sharesViews() {
		p.Form.Sections[0].Fields = append(p.Form.Sections[0].Fields, &html.Field{Name: "shared", Label: c.look.Text("views.shared"), Type: "check"})
	}
	p.Form.Cancel = &html.Link{Label: c.look.Text("cancel"), URL: c.storeAt("/export")}
	for _, k := range []export.Kind{export.Customers, export.Subscribers} {
		if k != kind && c.mayExportKind(k) {
			p.Links = append(p.Links, html.Link{Label: c.look.Text("export.template.of." + string(k)), URL: c.with(c.storeAt("/export/templates/new"), "kind", string(k))})
		}
	}
	options, err := c.exportColumns(kind)
	if err != nil {
		return nil, err
	}
	s := &html.Section{Legend: c.look.Text("export.columns"), Hint: c.look.Text("export.columns.hint")}
	for i := range templateSlots {
		n := strconv.Itoa(i)
		x := &html.Field{Name: "column" + n, Label: c.look.Text("customers.column.at", strconv.Itoa(i+1)), Type: "select", Narrow: true, Plain: true}
		name := &html.Field{Name: "name" + n, Label: c.look.Text("export.column.name", strconv.Itoa(i+1)), Type: "text", Narrow: true, Plain: true, MaxLength: 100}
		chosen := ""
		if i < len(from.Columns) {
			chosen, name.Value = from.Columns[i].Field, from.Columns[i].Name
		}
		for _, o := range options {
			o.Selected = o.Value == chosen
			x.Options = append(x.Options, o)
		}
		s.Fields = append(s.Fields, x, name)
	}
	p.Form.Sections = append(p.Form.Sections, s, &html.Section{Legend: c.look.Text("export.how"), Fields: c.exportFields(&from, false)})
	if views := slices.DeleteFunc(all, func(t fileTemplate) bool { return t.view == nil || !t.view.Removable(c.staff.ID, c.sharesViews()) }); len(views) > 0 {
		for _, t := range views {
			p.Danger = append(p.Danger, Action{Label: c.look.Text("export.template.remove.action", t.view.Name), URL: c.storeAt("/export/templates/" + strconv.FormatInt(t.view.ID, 10) + "/remove"), Danger: true, Dialog: true})
		}
	}
	return p, nil
}

// exportColumns are what columns of a kind may be of.
func (c *call) exportColumns(kind export.Kind) ([]html.Option, error) {
	out := []html.Option{{Label: c.look.Text("customers.column.none")}}
	fields := export.CustomerFields
	if kind == export.Subscribers {
		fields = export.SubscriberFields
	}
	for _, f := range fields {
		out = append(out, html.Option{Value: f, Label: c.known("export.field.", f)})
	}
	if kind == export.Subscribers {
		return out, nil
	}
	own, err := c.Transfer.Own(c.R.Context(), c.store.ID)
	if err != nil {
		return nil, err
	}
	names, _, err := c.Rules.Ask(c.R.Context(), c.store.ID, nil)
	if err != nil {
		return nil, err
	}
	for _, a := range names.Attributes {
		out = append(out, html.Option{Value: "attribute:" + a.Name, Label: c.look.Text("import.to_attribute", a.Name)})
	}
	for _, name := range own.FormFields {
		out = append(out, html.Option{Value: "form_field:" + name, Label: c.look.Text("import.to_form_field", name)})
	}
	for _, part := range []string{"first_name", "last_name", "company", "address1", "address2", "city", "state", "postal_code", "country_code", "phone"} {
		out = append(out, html.Option{Value: "address.1." + part, Label: c.known("import.field.", "address."+part)})
	}
	return out, nil
}

func (c *call) templatePage() error {
	p, err := c.templateForm()
	if err != nil {
		return err
	}
	return c.show(http.StatusOK, p)
}

func (c *call) saveTemplate() error {
	p, err := c.templateForm()
	if err != nil {
		return err
	}
	f := p.Form
	if !c.filled(f) {
		return c.show(http.StatusUnprocessableEntity, p)
	}
	kind := export.Kind(c.R.URL.Query().Get("kind"))
	if !c.mayExportKind(kind) {
		return errDenied
	}
	o := export.Options{Format: export.CSV, Kind: kind}
	for i := range templateSlots {
		if field := c.form.Get("column" + strconv.Itoa(i)); field != "" {
			o.Columns = append(o.Columns, export.Column{Field: field, Name: c.value("name" + strconv.Itoa(i))})
		}
	}
	if o.Columns == nil {
		f.Field("column0").Error = c.look.Text("wrong.choose")
		return c.show(http.StatusUnprocessableEntity, p)
	}
	c.enterExport(&o)
	if err := o.Check(); err != nil {
		return c.again(p, f, err)
	}
	text, err := json.Marshal(o)
	if err != nil {
		return err
	}
	v := desk.View{StaffID: c.staff.ID, List: desk.ExportsList, Name: c.value("name"), Query: url.Values{"options": {string(text)}}.Encode()}
	if f.Field("shared") != nil && c.form.Get("shared") != "" {
		v.StaffID = 0
	}
	v, err = c.Desk.SaveView(c.R.Context(), c.store.ID, v)
	if err != nil {
		return c.again(p, f, err)
	}
	return c.done(c.with(c.storeAt("/export/new"), "kind", string(kind), "template", "view/"+strconv.FormatInt(v.ID, 10)), "export_template", v.Name)
}

// keptTemplate returns the template of the address if who is signed in may remove it.
func (c *call) keptTemplate() (*desk.View, error) {
	id, err := c.param("id")
	if err != nil {
		return nil, err
	}
	v, err := c.Desk.View(c.R.Context(), c.store.ID, id, c.staff.ID)
	if err == nil && (v.List != desk.ExportsList || !v.Removable(c.staff.ID, c.sharesViews())) {
		err = errNoPage
	}
	return &v, err
}

func (c *call) removeTemplatePage() error {
	v, err := c.keptTemplate()
	if err != nil {
		return err
	}
	p := c.ask("export.template.remove", c.storeAt("/export/templates/"+strconv.FormatInt(v.ID, 10)+"/remove"), true, c.storeAt("/export"), v.Name)
	p.Crumbs = []html.Link{{Label: c.look.Text("export.title"), URL: c.storeAt("/export")}}
	return c.show(http.StatusOK, p)
}

func (c *call) removeTemplate() error {
	v, err := c.keptTemplate()
	if err != nil {
		return err
	}
	if err := c.Desk.RemoveView(c.R.Context(), c.store.ID, v.ID, c.staff.ID, c.sharesViews()); err != nil {
		return err
	}
	return c.done(c.storeAt("/export"), "export_template_gone", v.Name)
}
