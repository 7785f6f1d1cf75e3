package pages

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"clientele/internal/account"
	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/jsonx"
	"clientele/internal/listing"
	"clientele/internal/store"
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

// form is a form as it is shown, again with what was entered if need be.
type form struct {
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

func (c *call) newForm(action, submit string, fields ...*field) *form {
	return &form{Action: action, Submit: c.look.text(submit), Sections: []*section{{Fields: fields}}, CSRF: c.FormToken(), CSRFName: "authenticity_token"}
}

func (f *form) hide(name, value string) *form {
	f.Hidden = append(f.Hidden, option{Value: value, Label: name})
	return f
}

func (f *form) fields() []*field {
	var out []*field
	for _, s := range f.Sections {
		out = append(out, s.Fields...)
	}
	return out
}

// Wrong are the fields with errors, in their order.
func (f *form) Wrong() []*field {
	var out []*field
	for _, x := range f.fields() {
		if x.Error != "" {
			out = append(out, x)
		}
	}
	return out
}

// Bad reports whether anything is wrong.
func (f *form) Bad() bool { return f.Problem != "" || len(f.Wrong()) > 0 }

func (f *form) field(name string) *field {
	for _, x := range f.fields() {
		if x.Name == name {
			return x
		}
	}
	return nil
}

// enter puts what was posted into the form; passwords are not shown again.
func (f *form) enter(values url.Values) {
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
func (c *call) require(f *form) {
	for _, x := range f.fields() {
		if v := strings.TrimSpace(c.form.Get(x.Name)); x.Type == "email" && x.Error == "" && v != "" && !customer.ValidEmail(v) {
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
// tells whether it was one to be shown so. names leads from a fault's field
// to the form's where they differ.
func (c *call) explain(fm *form, err error, names map[string]string) bool {
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
		path := strings.TrimPrefix(it.Field, "addresses.0.")
		x := fm.field(cmp.Or(names[path], path))
		if n, rest, ok := customField(path); ok {
			prefix := "customer"
			if path != it.Field || names["form"] == customer.AddressForm {
				prefix = "address"
			}
			x = fm.field(names[prefix+"."+n])
			_ = rest
		}
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

// customField splits "form_fields.3.value".
func customField(path string) (n, rest string, ok bool) {
	if path, ok = strings.CutPrefix(path, "form_fields."); !ok {
		return "", "", false
	}
	n, rest, _ = strings.Cut(path, ".")
	return n, rest, true
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
	r := account.Rules(c.settings.Storefront.Password)
	parts := []string{c.look.plural("password.length", r.MinLength)}
	if r.Letters && !r.Lower && !r.Upper {
		parts = append(parts, c.look.text("password.letter"))
	}
	if r.Lower {
		parts = append(parts, c.look.text("password.lower"))
	}
	if r.Upper {
		parts = append(parts, c.look.text("password.upper"))
	}
	if r.Numbers && r.MinNumbers > 0 {
		parts = append(parts, c.look.plural("password.numbers", r.MinNumbers))
	}
	if r.Special && r.MinSpecial > 0 {
		parts = append(parts, c.look.plural("password.special", r.MinSpecial))
	}
	last := len(parts) - 1
	if last == 0 {
		return parts[0]
	}
	return strings.Join(parts[:last], ", ") + c.look.text("and") + parts[last]
}

// questions are the fields of a store's form in the order in which it wants
// them.
func (c *call) questions(ctx context.Context, formName string) ([]customer.FormField, error) {
	var out []customer.FormField
	for page := int64(1); ; page++ {
		q := customer.FormFieldList.New().Where("form", listing.Eq, nil, []string{formName})
		q.Page, q.Limit = page, listing.MaxLimit
		rows, _, err := c.Customers.FormFields(ctx, c.Site.StoreID, q)
		if err != nil {
			return nil, err
		}
		out = append(out, rows...)
		if len(rows) < listing.MaxLimit {
			break
		}
	}
	slices.SortStableFunc(out, func(a, b customer.FormField) int {
		return cmp.Or(cmp.Compare(a.Options.SortOrder, b.Options.SortOrder), cmp.Compare(a.ID, b.ID))
	})
	return out, nil
}

// builtIn describes a field that every store has.
type builtIn struct {
	name, key, english, kind, autocomplete string
	narrow                                 bool
	length                                 int64
}

// builtIns are those that pages ask for, by number. The English label is the
// one that a store has as long as it did not choose its own.
var builtIns = map[int64]builtIn{
	1:  {"email", "email", "Email Address", "email", "email", false, 255},
	2:  {"password", "password", "Password", "password", "new-password", true, 0},
	3:  {"confirm_password", "confirm_password", "Confirm Password", "password", "new-password", true, 0},
	4:  {"first_name", "first_name", "First Name", "text", "given-name", true, 100},
	5:  {"last_name", "last_name", "Last Name", "text", "family-name", true, 100},
	6:  {"company", "company", "Company Name", "text", "organization", true, 255},
	7:  {"phone", "phone", "Phone Number", "tel", "tel", true, 50},
	8:  {"address1", "address1", "Address Line 1", "text", "address-line1", false, 255},
	9:  {"address2", "address2", "Address Line 2", "text", "address-line2", false, 255},
	10: {"city", "city", "City", "text", "address-level2", false, 100},
	11: {"country", "country", "Country", "select", "country", false, 0},
	12: {"state", "state", "State/Province", "text", "address-level1", true, 100},
	13: {"postal_code", "postal_code", "Postal Code", "text", "postal-code", true, 30},
	24: {"current_password", "current_password", "Current Password", "password", "current-password", false, 0},
	25: {"accepts_marketing", "accepts_marketing", "Receive offers by email", "check", "", false, 0},
}

func customName(id int64) string { return "field_" + strconv.FormatInt(id, 10) }

// ask makes a field of a definition.
func (c *call) ask(d *customer.FormField) *field {
	o := &d.Options
	if b, ok := builtIns[d.ID]; ok && d.BuiltIn() {
		label := o.Label
		if label == b.english || label == "" {
			label = c.look.text("field." + b.key)
		}
		return &field{Name: b.name, Label: label, Type: b.kind, Autocomplete: b.autocomplete, Narrow: b.narrow, MaxLength: b.length, Required: d.Required}
	}
	f := &field{Name: customName(d.ID), Label: cmp.Or(o.Label, d.Name), Required: d.Required, MaxLength: o.MaxLength, Min: o.Min, Max: o.Max, Value: o.Default, Rows: o.Rows, Type: "text"}
	choices := func() {
		for _, choice := range o.Choices {
			f.Options = append(f.Options, option{Value: choice, Label: choice, Selected: choice == o.Default})
		}
	}
	switch d.Type {
	case customer.MultilineField:
		f.Type, f.Rows = "textarea", max(2, min(o.Rows, 20))
		if o.Rows == 0 {
			f.Rows = 4
		}
	case customer.NumberField:
		f.InputMode = "decimal"
	case customer.PasswordField:
		f.Type, f.Autocomplete, f.Value = "password", "off", ""
	case customer.DateField:
		f.Type, f.Min, f.Max, f.Value = "date", day(o.Min), day(o.Max), day(o.Default)
	case customer.CheckboxField:
		f.Type, f.Value = "checks", ""
		choices()
	case customer.RadioField:
		f.Type = "radio"
		choices()
	case customer.DropdownField:
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
func (f *form) stored(values []customer.FormValue) {
	for i := range values {
		x := f.field(customName(values[i].FieldID))
		if x == nil || x.secret() {
			continue
		}
		v, err := jsonx.Parse([]byte(values[i].JSON), jsonx.Limits{})
		if err != nil {
			continue
		}
		var texts []string
		for _, e := range v.Elems() {
			if s, ok := e.Str(); ok {
				texts = append(texts, s)
			}
		}
		if s, ok := v.Str(); ok {
			texts = []string{s}
		} else if s, ok := v.NumberText(); ok {
			texts = []string{s}
		}
		x.Value = strings.Join(texts, ", ")
		if x.Type == "date" {
			x.Value = day(x.Value)
		}
		for j := range x.Options {
			x.Options[j].Selected = slices.Contains(texts, x.Options[j].Value)
		}
	}
}

// answers reads the custom fields of a store's form. Those that were left empty
// are told only where something may be stored. The names lead from the
// positions in the command to the fields.
func (c *call) answers(formName string, defs []customer.FormField, all bool, names map[string]string) []customer.FormInput {
	var out []customer.FormInput
	for i := range defs {
		d := &defs[i]
		if d.ID <= store.CustomFields {
			continue
		}
		values := c.form[customName(d.ID)]
		values = slices.DeleteFunc(slices.Clone(values), func(s string) bool { return s == "" })
		if len(values) == 0 && (!all || d.Type == customer.PasswordField) {
			continue
		}
		var text []byte
		if d.Type == customer.CheckboxField {
			text = []byte("[")
			for j, v := range values {
				if j > 0 {
					text = append(text, ',')
				}
				text = jsonx.AppendString(text, v)
			}
			text = append(text, ']')
		} else {
			one := ""
			if len(values) > 0 {
				one = values[0]
			}
			if d.Type == customer.MultilineField {
				one = strings.ReplaceAll(one, "\r\n", "\n")
			}
			text = jsonx.AppendString(nil, one)
		}
		v, err := jsonx.Parse(text, jsonx.Limits{})
		if err != nil {
			continue // not reached: it was written a moment ago
		}
		names[formName+"."+strconv.Itoa(len(out))] = customName(d.ID)
		out = append(out, customer.FormInput{Name: d.Name, Value: v})
	}
	return out
}

// trimmed is a posted value without spaces around it, as text that can be
// stored.
func (c *call) trimmed(name string) string {
	return strings.TrimSpace(strings.ToValidUTF8(strings.ReplaceAll(c.form.Get(name), "\x00", ""), "\uFFFD"))
}

// guardForm adds the check for robots where the store wants it.
func (c *call) guardForm(f *form) *form {
	if r := c.settings.Storefront.ReCaptcha; r.Enabled && c.Robots != nil {
		f.SiteKey = r.SiteKey
	}
	return f
}

// human asks whether who posted a form is one. It puts what is wrong into the
// form.
func (c *call) human(f *form) (bool, error) {
	if f.SiteKey == "" {
		return true, nil
	}
	err := c.Robots.Check(c.R.Context(), &c.settings.Storefront.ReCaptcha, c.form.Get("g-recaptcha-response"), c.Peer)
	if err == nil {
		return true, nil
	}
	if bad := fault.As(err); bad == nil || bad.Kind == fault.Unavailable {
		return false, err
	}
	f.Problem = c.look.text("wrong.robot")
	return false, nil
}
