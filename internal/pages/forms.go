package pages

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"clientele/internal/account"
	"clientele/internal/customer"
	"clientele/internal/email"
	"clientele/internal/fault"
	"clientele/internal/form"
)

// field is one question of a form.
type field struct {
	Name         string
	Label        string
	Type         string // of an input; or textarea, select, radio, checks, check
	Value        string
	Options      []option // of select, radio and checks
	Checked      bool     // of check
	Hint         string
	Error        string
	Autocomplete string
	InputMode    string
	Placeholder  string
	Min, Max     string
	MaxLength    int64
	Rows         int64
	Required     bool
	Narrow       bool // half a row where there is room
	Refresh      bool // a change of it changes other fields
}

type option struct {
	Value, Label string
	Selected     bool
}

// ID is that of the control, which a label and the summary of errors name.
func (f *field) ID() string { return "f-" + f.Name }

// Target is where a link to the field leads: of a group, its first control.
func (f *field) Target() string {
	if f.Group() {
		return f.ID() + "-0"
	}
	return f.ID()
}

// Group reports whether the field is several controls.
func (f *field) Group() bool { return f.Type == "radio" || f.Type == "checks" }

// DescribedBy names what describes the control.
func (f *field) DescribedBy() string {
	var ids []string
	if f.Hint != "" {
		ids = append(ids, f.ID()+"-hint")
	}
	if f.Error != "" {
		ids = append(ids, f.ID()+"-error")
	}
	return strings.Join(ids, " ")
}

func (f *field) secret() bool { return f.Type == "password" }

type section struct {
	Legend string
	Fields []*field
}

// htmlForm is a form as it is shown, again with what was entered if need be.
type htmlForm struct {
	Action   string
	Submit   string
	Sections []*section
	Hidden   []option
	Problem  string // with the form as a whole
	SiteKey  string // of the check for robots
	Username string // whose password it is, for password managers
	Cancel   *link
	CSRF     string
	CSRFName string
	Refresh  bool // there is a field whose change changes others
	Quiet    bool // another form of the page matters more
}

func (c *call) newForm(action, submit string, fields ...*field) *htmlForm {
	return &htmlForm{Action: action, Submit: c.look.text(submit), Sections: []*section{{Fields: fields}}, CSRF: c.FormToken(), CSRFName: "authenticity_token"}
}

func (f *htmlForm) hide(name, value string) *htmlForm {
	f.Hidden = append(f.Hidden, option{Value: value, Label: name})
	return f
}

func (f *htmlForm) fields() []*field {
	var out []*field
	for _, s := range f.Sections {
		out = append(out, s.Fields...)
	}
	return out
}

// Wrong are the fields with errors, in their order.
func (f *htmlForm) Wrong() []*field {
	var out []*field
	for _, x := range f.fields() {
		if x.Error != "" {
			out = append(out, x)
		}
	}
	return out
}

// Bad reports whether anything is wrong.
func (f *htmlForm) Bad() bool { return f.Problem != "" || len(f.Wrong()) > 0 }

func (f *htmlForm) field(name string) *field {
	for _, x := range f.fields() {
		if x.Name == name {
			return x
		}
	}
	return nil
}

// enter puts what was posted into the form; passwords are not shown again.
func (f *htmlForm) enter(values url.Values) {
	for _, x := range f.fields() {
		switch x.Type {
		case "check":
			x.Checked = values.Get(x.Name) != ""
		case "select", "radio", "checks":
			for i := range x.Options {
				x.Options[i].Selected = slices.Contains(values[x.Name], x.Options[i].Value)
			}
			x.Value = values.Get(x.Name)
		case "password":
		default:
			x.Value = values.Get(x.Name)
		}
	}
}

// require notes the fields that have to be filled in and are not, and emails
// that are none.
func (c *call) require(f *htmlForm) {
	for _, x := range f.fields() {
		if v := strings.TrimSpace(c.form.Get(x.Name)); x.Type == "email" && x.Error == "" && v != "" && !email.Valid(v) {
			x.Error = c.look.text("wrong.email")
		}
		if !x.Required || x.Error != "" {
			continue
		}
		given := false
		for _, v := range c.form[x.Name] {
			given = given || strings.TrimSpace(v) != ""
		}
		if !given {
			key := "wrong.required"
			if x.Type == "select" || x.Group() {
				key = "wrong.choose"
			}
			x.Error = c.look.text(key)
		}
	}
}

// explain puts a fault's messages beside the fields that they are about, and
// tells whether it was one to be shown so.
func (c *call) explain(fm *htmlForm, err error) bool {
	f := fault.As(err)
	if f == nil {
		return false
	}
	switch f.Kind {
	case fault.TooMany:
		c.retryAfter(f)
		fm.Problem = c.wait(f)
		return true
	case fault.Invalid, fault.Conflict, fault.Malformed, fault.BadInput:
	default:
		return false
	}
	for _, it := range f.Items {
		x := fm.field(controlOf(it))
		if x == nil {
			fm.Problem = c.look.text("wrong.form")
			if c.visits.Reasons {
				fm.Problem += " (" + it.Message + ")"
			}
			continue
		}
		if x.Error == "" {
			x.Error = c.wrong(x, it)
		}
	}
	if len(f.Items) == 0 {
		fm.Problem = c.look.text("wrong.form")
	}
	return true
}

// controls are the names of controls that are not those of the commands.
var controls = map[string]string{"state_or_province": "state", "country_code": "country", "authentication.new_password": "password"}

// controlOf returns the name of the control that a rule is about.
func controlOf(it fault.Item) string {
	if it.FormField != 0 {
		return customName(it.FormField)
	}
	key := strings.TrimPrefix(it.Field, "addresses.0.")
	return cmp.Or(controls[key], key)
}

// wrong says what is wrong with a field, in the visitor's language.
func (c *call) wrong(x *field, it fault.Item) string {
	t := c.look.text
	switch {
	case it.Code == fault.EmailInUse:
		return t("wrong.email_in_use")
	case it.Code == fault.WeakPassword:
		return t("wrong.password", c.passwordRules())
	case it.Code == fault.TooLong:
		return t("wrong.too_long", it.Want)
	case it.Code == fault.Required, it.Code == fault.TooShort && it.Want == "1":
		if x.Type == "select" || x.Group() {
			return t("wrong.choose")
		}
		return t("wrong.required")
	case x.Type == "email":
		return t("wrong.email")
	case x.Name == "state" || x.Name == "country":
		return t("wrong.choose")
	case x.Type == "select" || x.Group():
		return t("wrong.choose")
	case x.Type == "date" || x.InputMode == "decimal":
		kind := "number"
		if x.Type == "date" {
			kind = "date"
		}
		switch {
		case x.Min != "" && x.Max != "":
			return t("wrong."+kind+".between", x.Min, x.Max)
		case x.Min != "":
			return t("wrong."+kind+".min", x.Min)
		case x.Max != "":
			return t("wrong."+kind+".max", x.Max)
		}
		return t("wrong." + kind)
	case x.MaxLength > 0:
		return t("wrong.too_long", strconv.FormatInt(x.MaxLength, 10))
	}
	return t("wrong.value")
}

// passwordRules tells what a password needs.
func (c *call) passwordRules() string {
	needs := account.Rules(c.settings.Storefront.Password).Needs()
	parts := []string{c.look.plural("password.length", needs.Length)}
	if needs.Letters > 0 {
		parts = append(parts, c.look.text("password.letter"))
	}
	if needs.Lower > 0 {
		parts = append(parts, c.look.text("password.lower"))
	}
	if needs.Upper > 0 {
		parts = append(parts, c.look.text("password.upper"))
	}
	if needs.Digits > 0 {
		parts = append(parts, c.look.plural("password.numbers", needs.Digits))
	}
	if needs.Special > 0 {
		parts = append(parts, c.look.plural("password.special", needs.Special))
	}
	last := len(parts) - 1
	if last == 0 {
		return parts[0]
	}
	return strings.Join(parts[:last], ", ") + c.look.text("and") + parts[last]
}

// widgets are the controls of built-in fields whose type does not tell them.
var widgets = map[int64]string{form.Email: "email", form.Phone: "tel", form.Country: "select", form.State: "text", form.Password: "password", form.ConfirmPassword: "password", form.CurrentPassword: "password", form.Offers: "check"}

// wide are the built-in fields that take a whole row.
var wide = []int64{form.Email, form.Address1, form.Address2, form.City, form.Country, form.CurrentPassword, form.Offers}

// builtIn returns the control of a built-in field. A label that the store did
// not choose is in the visitor's language.
func (c *call) builtIn(b *form.BuiltIn, label string, required bool) *field {
	name := cmp.Or(controls[b.Key], b.Key)
	if label == b.Label || label == "" {
		label = c.look.text("field." + name)
	}
	return &field{
		Name: name, Label: label, Type: cmp.Or(widgets[b.ID], "text"), Autocomplete: b.Autocomplete, MaxLength: b.MaxLength,
		Narrow: !slices.Contains(wide, b.ID), Required: required,
	}
}

func customName(id int64) string { return "field_" + strconv.FormatInt(id, 10) }

// ask makes a field of a definition.
func (c *call) ask(d *form.Field) *field {
	o := &d.Options
	if b := form.BuiltInOf(d.ID); b != nil {
		return c.builtIn(b, o.Label, d.Required)
	}
	f := &field{Name: customName(d.ID), Label: cmp.Or(o.Label, d.Name), Required: d.Required, MaxLength: o.MaxLength, Min: o.Min, Max: o.Max, Value: o.Default, Rows: o.Rows, Type: "text"}
	choices := func() {
		for _, choice := range o.Choices {
			f.Options = append(f.Options, option{Value: choice, Label: choice, Selected: choice == o.Default})
		}
	}
	switch d.Type {
	case form.MultilineField:
		f.Type, f.Rows = "textarea", max(2, min(o.Rows, 20))
		if o.Rows == 0 {
			f.Rows = 4
		}
	case form.NumberField:
		f.InputMode = "decimal"
	case form.PasswordField:
		f.Type, f.Autocomplete, f.Value = "password", "off", ""
	case form.DateField:
		f.Type, f.Min, f.Max, f.Value = "date", day(o.Min), day(o.Max), day(o.Default)
	case form.CheckboxField:
		f.Type, f.Value = "checks", ""
		choices()
	case form.RadioField:
		f.Type = "radio"
		choices()
	case form.DropdownField:
		f.Type = "select"
		f.Options = []option{{Label: cmp.Or(o.Placeholder, c.look.text("choose"))}}
		choices()
	}
	// Without choices anything goes: nothing to choose from, so it is written.
	if len(o.Choices) == 0 && (f.Group() || f.Type == "select") {
		f.Type, f.Options = "text", nil
	}
	return f
}

// day is the date of a stored date or time, as browsers take it.
func day(s string) string { return s[:min(len(s), 10)] }

// stored puts stored values into the custom fields of a form.
func (f *htmlForm) stored(values []customer.FormValue) {
	for i := range values {
		x := f.field(customName(values[i].FieldID))
		if x == nil || x.secret() {
			continue
		}
		texts := form.StoredTexts(values[i].JSON)
		x.Value = strings.Join(texts, ", ")
		if x.Type == "date" {
			x.Value = day(x.Value)
		}
		for j := range x.Options {
			x.Options[j].Selected = slices.Contains(texts, x.Options[j].Value)
		}
	}
}

// inputs reads the custom fields of a form. Those that were left empty are told
// only where something may be stored.
func (c *call) inputs(fields form.Form, all bool) []form.Input {
	var out []form.Input
	for i := range fields {
		d := &fields[i]
		if d.BuiltIn() {
			continue
		}
		values := slices.DeleteFunc(slices.Clone(c.form[customName(d.ID)]), func(s string) bool { return s == "" })
		if len(values) == 0 && (!all || d.Type == form.PasswordField) {
			continue
		}
		value := form.Texts(values)
		if d.Type != form.CheckboxField {
			one := strings.Join(values[:min(len(values), 1)], "")
			if d.Type == form.MultilineField {
				one = strings.ReplaceAll(one, "\r\n", "\n")
			}
			value = form.Text(one)
		}
		out = append(out, form.Input{FieldID: d.ID, Value: value})
	}
	return out
}

// trimmed is a posted value without spaces around it, as text that can be
// stored.
func (c *call) trimmed(name string) string {
	return strings.TrimSpace(strings.ToValidUTF8(strings.ReplaceAll(c.form.Get(name), "\x00", ""), "\uFFFD"))
}

// guardForm adds the check for robots where the store wants it.
func (c *call) guardForm(f *htmlForm) *htmlForm {
	if r := c.settings.Storefront.ReCaptcha; r.Enabled && c.Robots != nil {
		f.SiteKey = r.SiteKey
	}
	return f
}

// human asks whether who posted a form is one. It puts what is wrong into the
// form.
func (c *call) human(f *htmlForm) (bool, error) {
	if f.SiteKey == "" {
		return true, nil
	}
	err := c.Robots.Check(c.R.Context(), &c.settings.Storefront.ReCaptcha, c.form.Get("g-recaptcha-response"), c.Peer.Address)
	if err == nil {
		return true, nil
	}
	if bad := fault.As(err); bad == nil || bad.Kind == fault.Unavailable {
		return false, err
	}
	f.Problem = c.look.text("wrong.robot")
	return false, nil
}
