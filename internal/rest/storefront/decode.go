package storefront

import (
	"fmt"
	"strconv"
	"strings"

	"clientele/internal/fault"
	"clientele/internal/form"
	"clientele/internal/jsonx"
	"clientele/internal/opt"
	"clientele/internal/rest"
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

// customFields reads values by the ids of fields. The value of a field with
// choices is the id of a choice, as the form tells it, or the choice itself.
func (d decoder) customFields(name string) []form.Input {
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
	var out []form.Input
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
		if err != nil || id < 1 {
			d.c.Add(at+".fieldId", fault.Unknown, "", "there is no such field")
			continue
		}
		value := form.Text("")
		switch e.Get("fieldValue").Kind() {
		case jsonx.String, jsonx.Number, jsonx.Array:
			value = fieldValue(e.Get("fieldValue"))
		case jsonx.Invalid, jsonx.Null:
		default:
			d.wrong(at+".fieldValue", "a string, a number or an array of strings")
			continue
		}
		out = append(out, form.Input{FieldID: id, Value: value.OrChoiceIDs()})
	}
	return out
}

// fieldValue reads the value of a field. In a list, ids of choices may be
// numbers.
func fieldValue(v jsonx.Value) form.Value {
	if v.Kind() != jsonx.Array {
		return rest.FormValue(v)
	}
	texts := make([]string, 0, v.Len())
	for _, e := range v.Elems() {
		text, ok := e.Str()
		if !ok {
			if text, ok = e.NumberText(); !ok {
				return form.Other()
			}
		}
		texts = append(texts, text)
	}
	return form.Texts(texts)
}
