package pages

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"clientele/internal/account"
	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/form"
	"clientele/internal/html"
	"clientele/internal/words"
)

func (c *call) newForm(action, submit string, fields ...*html.Field) *html.Form {
	return &html.Form{Action: action, Submit: c.look.Text(submit), Sections: []*html.Section{{Fields: fields}}, CSRF: c.FormToken(), CSRFName: "authenticity_token"}
}

// explain puts a fault's messages beside the fields that they are about, and
// tells whether it was one to be shown so.
func (c *call) explain(fm *html.Form, err error) bool {
	f := fault.As(err)
	if f == nil {
		return false
	}
	switch f.Kind {
	case fault.TooMany:
		c.exchange.RefusedWith(f)
		c.exchange.SetRetry(f)
		fm.Problem = c.wait(f)
		return true
	case fault.Invalid, fault.Conflict, fault.Malformed, fault.BadInput:
	default:
		return false
	}
	c.exchange.RefusedWith(f)
	for i := range f.Items {
		it := &f.Items[i]
		x := fm.Field(controlOf(it))
		if x == nil {
			fm.Problem = c.look.Text("wrong.form")
			if c.visits.Reasons {
				fm.Problem += " (" + speech.Sentence(it) + ")"
			}
			continue
		}
		if x.Error == "" {
			x.Error = c.wrong(x, it)
		}
	}
	if len(f.Items) == 0 {
		fm.Problem = c.look.Text("wrong.form")
	}
	return true
}

// speech has the names of controls. The words are of the visitor's language,
// but for what is told in development.
var speech = &words.Speech{Spell: words.Snake, Names: map[fault.Field]string{
	customer.FieldState: "state", customer.FieldCountry: "country",
}}

// controlOf returns the name of the control that a rule is about.
func controlOf(it *fault.Item) string {
	if it.FormField != 0 {
		return customName(it.FormField)
	}
	return speech.Name(it.Field)
}

// wrong says what is wrong with a field, in the visitor's language.
func (c *call) wrong(x *html.Field, it *fault.Item) string {
	t := c.look.Text
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
	parts := []string{c.look.Plural("password.length", needs.Length)}
	if needs.Letters > 0 {
		parts = append(parts, c.look.Text("password.letter"))
	}
	if needs.Lower > 0 {
		parts = append(parts, c.look.Text("password.lower"))
	}
	if needs.Upper > 0 {
		parts = append(parts, c.look.Text("password.upper"))
	}
	if needs.Digits > 0 {
		parts = append(parts, c.look.Plural("password.numbers", needs.Digits))
	}
	if needs.Special > 0 {
		parts = append(parts, c.look.Plural("password.special", needs.Special))
	}
	last := len(parts) - 1
	if last == 0 {
		return parts[0]
	}
	return strings.Join(parts[:last], ", ") + c.look.Text("and") + parts[last]
}

// widgets are the controls of built-in fields whose type does not tell them.
var widgets = map[int64]string{form.Email: "email", form.Phone: "tel", form.Country: "select", form.State: "text", form.Password: "password", form.ConfirmPassword: "password", form.CurrentPassword: "password", form.Offers: "check"}

// wide are the built-in fields that take a whole row.
var wide = []int64{form.Email, form.Address1, form.Address2, form.City, form.Country, form.CurrentPassword, form.Offers}

// builtIn returns the control of a built-in field. A label that the store did
// not choose is in the visitor's language.
func (c *call) builtIn(b *form.BuiltIn, label string, required bool) *html.Field {
	name := speech.Name(b.Key)
	if !b.Chosen(label) {
		label = c.look.Text("field." + name)
	}
	return &html.Field{
		Name: name, Label: label, Type: cmp.Or(widgets[b.ID], "text"), Autocomplete: b.Autocomplete, MaxLength: b.MaxLength,
		Narrow: !slices.Contains(wide, b.ID), Required: required,
	}
}

func customName(id int64) string { return html.CustomName(id) }

// ask makes a field of a definition.
func (c *call) ask(d *form.Field) *html.Field {
	if b := form.BuiltInOf(d.ID); b != nil {
		return c.builtIn(b, d.Options.Label, d.Required)
	}
	return html.Custom(d, c.look.Text("choose"))
}

// enterStored puts stored values into the custom fields of a form.
func enterStored(f *html.Form, values []customer.FormValue) {
	for i := range values {
		f.EnterCustom(values[i].FieldID, values[i].JSON)
	}
}

// inputs reads the custom fields of a form. Those that were left empty are told
// only where something may be stored.
func (c *call) inputs(fields form.Form, all bool) []form.Input {
	return html.CustomInputs(c.form, fields, all)
}

// trimmed is a posted value without spaces around it, as text that can be
// stored.
func (c *call) trimmed(name string) string {
	return strings.TrimSpace(strings.ToValidUTF8(strings.ReplaceAll(c.form.Get(name), "\x00", ""), "\uFFFD"))
}

// guardForm adds the check for robots where the store wants it.
func (c *call) guardForm(f *html.Form) *html.Form {
	if r := c.settings.Storefront.ReCaptcha; r.Enabled && c.Robots != nil {
		f.SiteKey = r.SiteKey
	}
	return f
}

// human asks whether who posted a form is one. It puts what is wrong into the
// form.
func (c *call) human(f *html.Form) (bool, error) {
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
	f.Problem = c.look.Text("wrong.robot")
	return false, nil
}
