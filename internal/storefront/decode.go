package storefront

import (
	"fmt"
	"strconv"
	"strings"

	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/jsonx"
	"clientele/internal/opt"
)

// decoder reads the members of an object and notes those of another type.
// null counts as absent.
type decoder struct {
	v jsonx.Value
	c *fault.Collector
}

func (d decoder) wrong(name, want string) {
	d.c.Add(name, fault.WrongType, want, name+" must be "+want)
}

func (d decoder) text(name string) (s string, given bool) {
	v := d.v.Get(name)
	if !v.Present() || v.IsNull() {
		return "", false
	}
	s, ok := v.Str()
	if !ok {
		d.wrong(name, "a string")
	}
	return s, ok
}

func (d decoder) flag(name string) opt.Field[bool] {
	v := d.v.Get(name)
	if !v.Present() || v.IsNull() {
		return opt.Field[bool]{}
	}
	b, ok := v.Bool()
	if !ok {
		d.wrong(name, "true or false")
	}
	return opt.Field[bool]{Set: ok, Value: b}
}

// maxCustomFields bounds how many fields a form sends.
const maxCustomFields = 1000

// customFields reads answers by the ids of fields. Of fields with choices a
// value may be the value of an item of the form, which is the choice's id, or
// the choice itself.
func (d decoder) customFields(name string, form customer.Form) []customer.FieldAnswer {
	v := d.v.Get(name)
	if !v.Present() || v.IsNull() {
		return nil
	}
	if v.Kind() != jsonx.Array {
		d.wrong(name, "an array")
		return nil
	}
	if v.Len() > maxCustomFields {
		d.c.Add(name, fault.TooManyItems, strconv.Itoa(maxCustomFields), fmt.Sprintf("%s must have at most %d items", name, maxCustomFields))
		return nil
	}
	var out []customer.FieldAnswer
	for i, e := range v.Elems() {
		at := fmt.Sprintf("%s.%d", name, i)
		if e.Kind() != jsonx.Object {
			d.wrong(at, "an object")
			continue
		}
		text, ok := e.Get("fieldId").Str()
		if !ok {
			if text, ok = e.Get("fieldId").NumberText(); !ok {
				d.c.Add(at+".fieldId", fault.WrongType, "string", "fieldId must be a string")
				continue
			}
		}
		id, err := strconv.ParseInt(strings.TrimPrefix(text, fieldPrefix), 10, 64)
		if err != nil {
			d.c.Add(at+".fieldId", fault.Unknown, "", "there is no such field")
			continue
		}
		value := e.Get("fieldValue")
		a := customer.FieldAnswer{FieldID: id, Value: value}
		switch value.Kind() {
		case jsonx.String, jsonx.Number, jsonx.Array:
		case jsonx.Invalid, jsonx.Null:
			a.Value = customer.TextValue("")
		default:
			d.wrong(at+".fieldValue", "a string, a number or an array of strings")
			continue
		}
		if f := form.Field(id); f != nil && len(f.Options.Choices) > 0 {
			a.Value = choices(f, a.Value)
		}
		out = append(out, a)
	}
	return out
}

// choices replaces ids of choices in a value with the choices.
func choices(f *customer.FormField, v jsonx.Value) jsonx.Value {
	name := func(v jsonx.Value) (string, bool) {
		text, ok := v.Str()
		if !ok {
			if text, ok = v.NumberText(); !ok {
				return "", false
			}
		}
		if id, err := strconv.ParseInt(text, 10, 64); err == nil {
			if choice, ok := f.Options.Choice(id); ok {
				return choice, true
			}
		}
		return text, true
	}
	if v.Kind() != jsonx.Array {
		if text, ok := name(v); ok {
			return customer.TextValue(text)
		}
		return v
	}
	var texts []string
	for _, e := range v.Elems() {
		text, ok := name(e)
		if !ok {
			return v // refused as it is
		}
		texts = append(texts, text)
	}
	return customer.TextsValue(texts)
}
