package customer

import (
	"fmt"
	"strings"

	"clientele/internal/fault"
	"clientele/internal/fold"
	"clientele/internal/jsonx"
)

// Form is the fields of a sign-up or address form, built-in and custom, as
// shoppers fill it in.
type Form []FormField

// Field returns the custom field with an id, or nil.
func (f Form) Field(id int64) *FormField {
	for i := range f {
		if f[i].ID == id && !f[i].BuiltIn() {
			return &f[i]
		}
	}
	return nil
}

// named returns the custom fields by their folded names.
func (f Form) named() fields {
	out := fields{}
	for i := range f {
		if !f[i].BuiltIn() {
			out[fold.Text(f[i].Name)] = &f[i]
		}
	}
	return out
}

// FieldAnswer is what a shopper put into a custom field, by the field's id.
type FieldAnswer struct {
	FieldID int64
	// Value is a string, a number or an array of strings: see TextValue.
	Value jsonx.Value
	// ChoiceIDs, if not nil, stand for Value: the choices made.
	ChoiceIDs []int64
}

// TextValue returns a text as the value of a field.
func TextValue(s string) jsonx.Value { return textValue(s) }

// TextsValue returns texts as the value of a checkbox field.
func TextsValue(texts []string) jsonx.Value {
	v, err := jsonx.Parse(jsonx.AppendStrings(nil, texts), jsonx.Limits{})
	if err != nil {
		return jsonx.Value{} // not reached: it was written a moment ago
	}
	return v
}

// FieldPath is where faults say that a custom field is wrong.
func FieldPath(id int64) string { return fmt.Sprintf("form_fields.%d", id) }

// Inputs turns answers by id into values by name, and adds to c which of them
// name a field or a choice that there is not.
func (f Form) Inputs(c *fault.Collector, answers []FieldAnswer) []FormInput {
	out := make([]FormInput, 0, len(answers))
	for _, a := range answers {
		field := f.Field(a.FieldID)
		if field == nil {
			c.Add(FieldPath(a.FieldID), fault.Unknown, "", fmt.Sprintf("there is no custom field %d in this form", a.FieldID))
			continue
		}
		in := FormInput{Name: field.Name, Value: a.Value}
		if a.ChoiceIDs != nil {
			texts := make([]string, 0, len(a.ChoiceIDs))
			for _, id := range a.ChoiceIDs {
				text, ok := field.Options.Choice(id)
				if !ok {
					c.Add(FieldPath(field.ID), fault.Unknown, "", fmt.Sprintf("%s has no choice %d", field.Name, id))
					continue
				}
				texts = append(texts, text)
			}
			switch {
			case field.Type == CheckboxField:
				in.Value = TextsValue(texts)
			case len(a.ChoiceIDs) > 1:
				c.Add(FieldPath(field.ID), fault.TooManyItems, "1", field.Name+" takes one choice")
				continue
			default:
				in.Value = TextValue(strings.Join(texts, ""))
			}
		}
		out = append(out, in)
	}
	return out
}

// CheckForm holds what a shopper filled in to the definitions of a form's
// custom fields: types, choices, limits, dates and lengths, and that nothing
// required is missing. complete means that the whole form was filled in: a
// required field that is not among the values counts as empty then. Each fault
// names its field by FieldPath.
func CheckForm(c *fault.Collector, form Form, in []FormInput, complete bool) {
	byName := form.named()
	given := map[int64]bool{}
	for _, v := range in {
		f := byName[fold.Text(v.Name)]
		if f == nil {
			c.Add("form_fields", fault.Unknown, "", fmt.Sprintf("there is no form field named %q", v.Name))
			continue
		}
		if given[f.ID] {
			c.Add(FieldPath(f.ID), fault.Duplicate, "", fmt.Sprintf("form field %q is given twice", f.Name))
			continue
		}
		given[f.ID] = true
		if f.Required && blank(v.Value) {
			// An empty password leaves the one that is stored.
			if complete || f.Type != PasswordField {
				c.Add(FieldPath(f.ID), fault.Required, "", f.Name+" is required")
			}
			continue
		}
		if _, problem := f.encode(v.Value); problem != "" {
			c.Add(FieldPath(f.ID), fault.BadFormat, "", problem)
		}
	}
	if !complete {
		return
	}
	for i := range form {
		if f := &form[i]; f.Required && !f.BuiltIn() && !given[f.ID] {
			c.Add(FieldPath(f.ID), fault.Required, "", f.Name+" is required")
		}
	}
}

// blank reports whether a value says nothing.
func blank(v jsonx.Value) bool {
	switch v.Kind() {
	case jsonx.String:
		s, _ := v.Str()
		return strings.TrimSpace(s) == ""
	case jsonx.Array:
		for _, e := range v.Elems() {
			if !blank(e) {
				return false
			}
		}
		return true
	case jsonx.Number, jsonx.Bool, jsonx.Object:
		return false
	}
	return true
}
