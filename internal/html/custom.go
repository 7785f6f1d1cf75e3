package html

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"clientele/internal/form"
)

// CustomName is the name of the control of a custom field.
func CustomName(id int64) string { return "field_" + strconv.FormatInt(id, 10) }

// Custom returns the control of a field that a store has added. choose is what a
// list shows before something is chosen.
func Custom(d *form.Field, choose string) *Field {
	o := &d.Options
	f := &Field{Name: CustomName(d.ID), Label: cmp.Or(o.Label, d.Name), Hint: o.Hint, Required: d.Required, MaxLength: o.MaxLength, Min: o.Min, Max: o.Max, Value: o.Default, Rows: o.Rows, Type: "text"}
	choices := func() {
		for i, choice := range o.Choices {
			f.Options = append(f.Options, Option{Value: choice, Label: o.ChoiceLabel(i), Selected: choice == o.Default})
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
		f.Options = []Option{{Label: cmp.Or(o.Placeholder, choose)}}
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

// EnterCustom puts the stored value of a custom field, which is JSON, into a form.
func (f *Form) EnterCustom(id int64, value string) {
	x := f.Field(CustomName(id))
	if x == nil || x.Secret() {
		return
	}
	texts := form.StoredTexts(value)
	x.Value = strings.Join(texts, ", ")
	if x.Type == "date" {
		x.Value = day(x.Value)
	}
	for j := range x.Options {
		x.Options[j].Selected = slices.Contains(texts, x.Options[j].Value)
	}
}

// CustomInputs reads what was posted of the custom fields of a form. Those that
// were left empty are told only where something may be stored.
func CustomInputs(posted url.Values, fields form.Form, all bool) []form.Input {
	var out []form.Input
	for i := range fields {
		d := &fields[i]
		if d.BuiltIn() {
			continue
		}
		values := slices.DeleteFunc(slices.Clone(posted[CustomName(d.ID)]), func(s string) bool { return s == "" })
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
