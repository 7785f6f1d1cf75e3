package panel

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"clientele/internal/form"
	"clientele/internal/html"
	"clientele/internal/opt"
	"clientele/internal/staff"
)

// fieldRoutes are the pages of the forms that shoppers fill in.
func fieldRoutes() []Route {
	const at = ofStore + "/settings/sign-up-form"
	may := In(staff.Structure)
	return []Route{
		get(at, may, (*call).fieldsPage), post(at+"/order", may, (*call).orderFields), get(at+"/api", may, (*call).fieldsAPI),
		get(at+"/new", may, (*call).newFieldPage), post(at+"/new", may, (*call).makeField),
		get(at+"/{id}", may, (*call).fieldPage), post(at+"/{id}", may, (*call).saveField),
		sudo(get(at+"/{id}/delete", may, (*call).deleteFieldPage)), sudo(post(at+"/{id}/delete", may, (*call).deleteField)),
	}
}

// fieldsView is a form with its fields in order, and how shoppers see it.
type fieldsView struct {
	frame
	Action, Form string
	Fields       []FieldLine
	Languages    ChipGroup
	Preview      []*html.Field
}

func (*fieldsView) template() string { return "fields" }

// FieldLine is a field in the order of a form.
type FieldLine struct {
	ID, Label, Sub, URL string
	Lozenges            []Lozenge
	First, Last         bool
}

func (c *call) fieldsAt(more string) string { return c.storeAt("/settings/sign-up-form" + more) }

// formNames are the forms, by their place in addresses.
var formNames = []struct{ key, name string }{{"account", form.Customer}, {"address", form.Address}}

// formOfAddress is the form that the address asks for.
func (c *call) formOfAddress() (key, name string) {
	for _, f := range formNames {
		if c.R.URL.Query().Get("form") == f.key {
			return f.key, f.name
		}
	}
	return formNames[0].key, formNames[0].name
}

// formKey is a form's place in addresses.
func formKey(name string) string {
	for _, f := range formNames {
		if f.name == name {
			return f.key
		}
	}
	return formNames[0].key
}

// hiddenFields are built-in fields that forms for new accounts do not show.
var hiddenFields = []int64{form.CurrentPassword}

func (c *call) fieldsPage() error {
	key, name := c.formOfAddress()
	all, err := c.Forms.Form(c.R.Context(), c.store.ID, name, "")
	if err != nil {
		return err
	}
	s, err := c.Stores.Settings(c.R.Context(), c.store.ID)
	if err != nil {
		return err
	}
	p := &fieldsView{Action: c.fieldsAt("/order"), Form: key}
	p.Title, p.Lead = c.look.Text("fields.title"), c.look.Text("fields.lead")
	p.Tabs = &Tabs{Label: c.look.Text("fields.title")}
	for _, f := range formNames {
		p.Tabs.Items = append(p.Tabs.Items, NavItem{Label: c.look.Text("fields.form." + f.key), URL: c.fieldsAt("?form=" + f.key), Current: f.key == key})
	}
	p.Actions = []Action{{Label: c.look.Text("api.title"), URL: c.fieldsAt("/api")}, {Label: c.look.Text("fields.new"), URL: c.fieldsAt("/new?form=" + key), Primary: true}}
	shown := slices.DeleteFunc(slices.Clone(all), func(f form.Field) bool { return slices.Contains(hiddenFields, f.ID) })
	for i := range shown {
		f := &shown[i]
		line := FieldLine{ID: strconv.FormatInt(f.ID, 10), Label: cmp.Or(f.Options.Label, f.Name), Sub: c.look.Text("fields.type." + f.Type), URL: c.fieldsAt("/" + strconv.FormatInt(f.ID, 10)), First: i == 0, Last: i == len(shown)-1}
		if f.Required {
			line.Lozenges = append(line.Lozenges, Lozenge{"info", c.look.Text("fields.required")})
		}
		if f.BuiltIn() {
			line.Lozenges = append(line.Lozenges, Lozenge{"neutral", c.look.Text("fields.built_in")})
		}
		p.Fields = append(p.Fields, line)
	}
	language := c.R.URL.Query().Get("language")
	if !slices.Contains(s.Languages(), language) {
		language = s.Languages()[0]
	}
	if len(s.Languages()) > 1 {
		var choices []html.Option
		for i, tag := range s.Languages() {
			o := html.Option{Value: tag, Label: tag}
			if i == 0 {
				o.Value = ""
			}
			choices = append(choices, o)
		}
		p.Languages = c.chips(c.look.Text("field.language"), "language", c.R.URL.Query(), choices)
		p.Languages.Chips[0].Chosen = language == s.Languages()[0]
	}
	said, err := c.Forms.Form(c.R.Context(), c.store.ID, name, language)
	if err != nil {
		return err
	}
	for i := range said {
		if !slices.Contains(hiddenFields, said[i].ID) {
			p.Preview = append(p.Preview, c.sampleOf(&said[i]))
		}
	}
	return c.show(http.StatusOK, p)
}

// sampleOf is a field as shoppers see it.
func (c *call) sampleOf(f *form.Field) *html.Field {
	x := html.Custom(f, c.look.Text("choose"))
	x.Name = "sample_" + strconv.FormatInt(f.ID, 10)
	if f.ID == form.Offers {
		x.Type = "check"
	}
	return x
}

func (c *call) orderFields() error {
	name := form.Customer
	for _, f := range formNames {
		if f.key == c.form.Get("form") {
			name = f.name
		}
	}
	var ids []int64
	for _, text := range c.form["id"] {
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return errBad
		}
		ids = append(ids, id)
	}
	move := func(button string, by int) {
		id, err := strconv.ParseInt(c.form.Get(button), 10, 64)
		if i := slices.Index(ids, id); err == nil && i >= 0 && i+by >= 0 && i+by < len(ids) {
			ids[i], ids[i+by] = ids[i+by], ids[i]
		}
	}
	move("up", -1)
	move("down", 1)
	if err := c.Forms.Order(c.R.Context(), c.store.ID, name, ids); err != nil {
		return err
	}
	return c.done(c.fieldsAt("?form="+formKey(name)), "fields_ordered")
}

// choiceTypes have choices.
var choiceTypes = []string{form.CheckboxField, form.RadioField, form.DropdownField}

// fieldForm is the form of a field. What it asks for goes by the type.
func (c *call) fieldForm(action string, f *form.Field, fresh bool, languages []string) *Form {
	o := &f.Options
	has := func(types ...string) bool { return slices.Contains(types, f.Type) && !f.BuiltIn() }
	label := c.textField("label", "fields.label")
	label.Value, label.Autocomplete = o.Label, "off"
	out := c.newForm(action, "save", label)
	out.ID = "field"
	s := out.Sections[0]
	add := func(x *html.Field) *html.Field {
		x.Plain = true
		s.Fields = append(s.Fields, x)
		return x
	}
	if fresh {
		kind := add(&html.Field{Name: "type", Label: c.look.Text("fields.type"), Type: "select", Required: true, Refresh: true})
		for _, t := range form.Types {
			if t != form.PasswordField || f.Form == form.Customer {
				kind.Options = append(kind.Options, html.Option{Value: t, Label: c.look.Text("fields.type." + t), Selected: t == f.Type})
			}
		}
	}
	if b := form.BuiltInOf(f.ID); b == nil || b.Optional {
		add(&html.Field{Name: "required", Label: c.look.Text("fields.must"), Type: "check", Checked: f.Required})
	}
	if !f.BuiltIn() {
		add(&html.Field{Name: "hint", Label: c.look.Text("fields.hint"), Hint: c.look.Text("fields.hint.hint"), Type: "text", MaxLength: 255, Value: o.Hint})
	}
	if has(choiceTypes...) {
		add(&html.Field{Name: "choices", Label: c.look.Text("fields.choices"), Hint: c.look.Text("fields.choices.hint"), Type: "textarea", Rows: 5, Value: strings.Join(o.Choices, "\n")})
	}
	if has(form.DropdownField) {
		add(&html.Field{Name: "placeholder", Label: c.look.Text("fields.placeholder"), Hint: c.look.Text("fields.placeholder.hint"), Type: "text", MaxLength: 255, Value: o.Placeholder})
	}
	if has(form.TextField, form.MultilineField, form.NumberField, form.DateField, form.RadioField, form.DropdownField) {
		add(&html.Field{Name: "default", Label: c.look.Text("fields.default"), Type: "text", MaxLength: 255, Value: o.Default})
	}
	number := func(n int64) string {
		if n == 0 {
			return ""
		}
		return strconv.FormatInt(n, 10)
	}
	if has(form.TextField, form.MultilineField, form.NumberField, form.PasswordField) {
		add(&html.Field{Name: "max_length", Label: c.look.Text("fields.max_length"), Type: "text", InputMode: "numeric", Narrow: true, Value: number(o.MaxLength)})
	}
	if has(form.NumberField, form.DateField) {
		add(&html.Field{Name: "min", Label: c.look.Text("fields.min"), Type: "text", Narrow: true, Value: o.Min})
		add(&html.Field{Name: "max", Label: c.look.Text("fields.max"), Type: "text", Narrow: true, Value: o.Max})
	}
	if has(form.MultilineField) {
		add(&html.Field{Name: "rows", Label: c.look.Text("fields.rows"), Type: "text", InputMode: "numeric", Narrow: true, Value: number(o.Rows)})
	}
	for _, tag := range languages {
		t := f.Translations[tag]
		texts := []*html.Field{{Name: "label." + tag, Label: c.look.Text("fields.label"), Type: "text", MaxLength: 255, Value: t.Label, Plain: true}}
		if !f.BuiltIn() {
			texts = append(texts, &html.Field{Name: "hint." + tag, Label: c.look.Text("fields.hint"), Type: "text", MaxLength: 255, Value: t.Hint, Plain: true})
		}
		if has(form.DropdownField) {
			texts = append(texts, &html.Field{Name: "placeholder." + tag, Label: c.look.Text("fields.placeholder"), Type: "text", MaxLength: 255, Value: t.Placeholder, Plain: true})
		}
		if has(choiceTypes...) {
			var lines []string
			for _, choice := range o.Choices {
				lines = append(lines, t.Choices[choice])
			}
			texts = append(texts, &html.Field{Name: "choices." + tag, Label: c.look.Text("fields.choices"), Hint: c.look.Text("fields.choices.translated"), Type: "textarea", Rows: 5, Value: strings.TrimRight(strings.Join(lines, "\n"), "\n"), Plain: true})
		}
		out.Sections = append(out.Sections, &html.Section{Legend: c.look.Text("fields.in_language", c.languageName(tag)), Fields: texts})
	}
	out.Sample = &Sample{Field: c.sampleOf(f), Watch: "label required hint choices placeholder default rows"}
	out.Hide("version", f.Version())
	return out
}

// Sample shows a field of a form as shoppers see it.
type Sample struct {
	Field *html.Field
	Watch string // the beginnings of names of what changes it
}

// lines are the lines of a text without spaces around them; empty ones stay.
func lines(text string) []string {
	var out []string
	for line := range strings.Lines(text) {
		out = append(out, strings.TrimSpace(line))
	}
	return out
}

// fieldGiven reads a posted field. What is no number is noted in f where it is not
// nil.
func (c *call) fieldGiven(f *Form, old *form.Field, languages []string) form.Update {
	u := form.Update{ID: old.ID, Label: opt.Some(c.value("label"))}
	if b := form.BuiltInOf(old.ID); b == nil || b.Optional {
		u.Required = opt.Some(c.form.Get("required") != "")
	}
	number := func(name string) opt.Field[int64] {
		text := c.value(name)
		n, err := strconv.ParseInt(cmp.Or(text, "0"), 10, 64)
		if err != nil {
			if x := f.Field(name); x != nil {
				x.Error = c.look.Text("wrong.whole")
			}
		}
		return opt.Some(n)
	}
	choices := slices.DeleteFunc(lines(c.form.Get("choices")), func(s string) bool { return s == "" })
	if !old.BuiltIn() {
		if f.Field("choices") != nil {
			u.Choices = opt.Some(choices)
		}
		for name, to := range map[string]*opt.Field[string]{"placeholder": &u.Placeholder, "hint": &u.Hint, "default": &u.Default, "min": &u.Min, "max": &u.Max} {
			if f.Field(name) != nil {
				*to = opt.Some(c.value(name))
			}
		}
		for name, to := range map[string]*opt.Field[int64]{"max_length": &u.MaxLength, "rows": &u.Rows} {
			if f.Field(name) != nil {
				*to = number(name)
			}
		}
	}
	u.Translations = map[string]*form.Translate{}
	for _, tag := range languages {
		if !c.form.Has("label." + tag) {
			continue
		}
		t := &form.Translate{Label: opt.Some(c.value("label." + tag))}
		if f.Field("placeholder."+tag) != nil {
			t.Placeholder = opt.Some(c.value("placeholder." + tag))
		}
		if f.Field("hint."+tag) != nil {
			t.Hint = opt.Some(c.value("hint." + tag))
		}
		if f.Field("choices."+tag) != nil {
			t.Choices = map[string]string{}
			said := lines(c.form.Get("choices." + tag))
			for i, choice := range choices {
				t.Choices[choice] = ""
				if i < len(said) {
					t.Choices[choice] = said[i]
				}
			}
		}
		u.Translations[tag] = t
	}
	return u
}

// otherLanguages are those to which fields can be translated.
func (c *call) otherLanguages() ([]string, error) {
	s, err := c.Stores.Settings(c.R.Context(), c.store.ID)
	if err != nil {
		return nil, err
	}
	return append(slices.Clone(s.Languages()[1:]), s.Storefront.InactiveLocales...), nil
}

func (c *call) fieldCrumbs(p *formPage, name string) {
	p.Crumbs = []html.Link{{Label: c.look.Text("fields.title"), URL: c.fieldsAt("?form=" + formKey(name))}}
	p.Form.Cancel = &html.Link{Label: c.look.Text("cancel"), URL: p.Crumbs[0].URL}
}

// newFieldView is the form of another field, of the type that was chosen.
func (c *call) newFieldView() (*formPage, *form.Field, []string, error) {
	languages, err := c.otherLanguages()
	if err != nil {
		return nil, nil, nil, err
	}
	key, name := c.formOfAddress()
	f := &form.Field{Form: name, Type: form.TextField}
	if t := c.form.Get("type"); slices.Contains(form.Types, t) {
		f.Type = t
	}
	p := &formPage{Intro: c.look.Text("fields.new.intro")}
	p.Title = c.look.Text("fields.new")
	p.Form = c.fieldForm(c.fieldsAt("/new?form="+key), f, true, languages)
	c.fieldCrumbs(p, name)
	return p, f, languages, nil
}

func (c *call) newFieldPage() error {
	p, _, _, err := c.newFieldView()
	if err != nil {
		return err
	}
	return c.show(http.StatusOK, p)
}

func (c *call) makeField() error {
	p, f, languages, err := c.newFieldView()
	if err != nil {
		return err
	}
	u := c.fieldGiven(p.Form, f, languages)
	u.Form, u.Type, u.Name = opt.Some(f.Form), opt.Some(f.Type), u.Label
	made := u.Definition()
	p.Form.Enter(c.form)
	p.Form.Sample.Field = c.sampleOf(&made)
	if c.form.Get("refresh") != "" {
		return c.show(http.StatusOK, p)
	}
	c.require(p.Form)
	if p.Form.Bad() {
		return c.show(http.StatusUnprocessableEntity, p)
	}
	if _, err := c.Forms.Create(c.R.Context(), c.store.ID, made); err != nil {
		return c.again(p, p.Form, err)
	}
	return c.done(c.fieldsAt("?form="+formKey(f.Form)), "field_made", made.Options.Label)
}

// oneField is the page of the field of the address.
func (c *call) oneField() (*formPage, *form.Field, []string, error) {
	id, err := c.param("id")
	if err != nil {
		return nil, nil, nil, err
	}
	f, err := c.Forms.Field(c.R.Context(), c.store.ID, id)
	if err != nil {
		return nil, nil, nil, err
	}
	languages, err := c.otherLanguages()
	if err != nil {
		return nil, nil, nil, err
	}
	p := &formPage{}
	p.Title = cmp.Or(f.Options.Label, f.Name)
	at := c.fieldsAt("/" + strconv.FormatInt(id, 10))
	p.Form = c.fieldForm(at, f, false, languages)
	c.fieldCrumbs(p, f.Form)
	p.Facts = []Fact{{Label: c.look.Text("fields.type"), Value: c.look.Text("fields.type." + f.Type)}, {Label: c.look.Text("fields.name"), Value: f.Name}, {Label: c.look.Text("hooks.id"), Value: strconv.FormatInt(id, 10)}}
	if !f.BuiltIn() {
		p.Danger = []Action{{Label: c.look.Text("delete"), URL: at + "/delete", Danger: true}}
	} else {
		p.Intro = c.look.Text("fields.built_in.text")
	}
	return p, f, languages, nil
}

func (c *call) fieldPage() error {
	p, _, _, err := c.oneField()
	if err != nil {
		return err
	}
	return c.show(http.StatusOK, p)
}

func (c *call) saveField() error {
	p, f, languages, err := c.oneField()
	if err != nil {
		return err
	}
	u := c.fieldGiven(p.Form, f, languages)
	u.Version = opt.Some(c.form.Get("version"))
	p.Form.Enter(c.form)
	p.Form.Hidden = nil
	p.Form.Hide("version", c.form.Get("version"))
	if c.form.Get("refresh") != "" {
		shown := *f
		shown.Options.Label, shown.Required = u.Label.Value, u.Required.Or(f.Required)
		shown.Options.Choices, shown.Options.Placeholder = u.Choices.Or(f.Options.Choices), u.Placeholder.Or(f.Options.Placeholder)
		shown.Options.Hint = u.Hint.Or(f.Options.Hint)
		shown.Options.Default, shown.Options.Rows = u.Default.Or(f.Options.Default), u.Rows.Or(f.Options.Rows)
		p.Form.Sample.Field = c.sampleOf(&shown)
		return c.show(http.StatusOK, p)
	}
	c.require(p.Form)
	if p.Form.Bad() {
		return c.show(http.StatusUnprocessableEntity, p)
	}
	_, err = c.Forms.Update(c.R.Context(), c.store.ID, u)
	if errors.Is(err, form.ErrStale) {
		now, _, _, err := c.oneField()
		if err != nil {
			return err
		}
		c.conflict(p.Form, now.Form)
		return c.show(http.StatusConflict, p)
	}
	if err != nil {
		return c.again(p, p.Form, err)
	}
	return c.done(c.fieldsAt("?form="+formKey(f.Form)), "field_saved", u.Label.Value)
}

func (c *call) deleteFieldPage() error {
	p, f, _, err := c.oneField()
	if err != nil {
		return err
	}
	if f.BuiltIn() {
		return errNoPage
	}
	q := c.ask("fields.delete", c.fieldsAt("/"+strconv.FormatInt(f.ID, 10)+"/delete"), true, c.fieldsAt("/"+strconv.FormatInt(f.ID, 10)), p.Title)
	q.Crumbs = p.Crumbs
	return c.show(http.StatusOK, q)
}

func (c *call) deleteField() error {
	_, f, _, err := c.oneField()
	if err != nil {
		return err
	}
	if f.BuiltIn() {
		return errNoPage
	}
	if err := c.Forms.Delete(c.R.Context(), c.store.ID, f.ID); err != nil {
		return err
	}
	return c.done(c.fieldsAt("?form="+formKey(f.Form)), "field_deleted", cmp.Or(f.Options.Label, f.Name))
}

func (c *call) fieldsAPI() error {
	p := &apiView{Text: c.look.Text("api.text")}
	p.Title = c.look.Text("api.title")
	p.Crumbs = []html.Link{{Label: c.look.Text("fields.title"), URL: c.fieldsAt("")}}
	p.Examples = []Example{c.example("api.v3", "/v3/customers/form-fields?limit=50", ""), c.example("fields.values", "/v3/customers/form-field-values?limit=50", "")}
	return c.show(http.StatusOK, p)
}
