package storefront

import (
	"strconv"
	"strings"

	"clientele/internal/fault"
	"clientele/internal/form"
	"clientele/internal/jsonx"
	"clientele/internal/rest"
	"clientele/internal/rest/decode"
)

// dialect is how this API reads members and what it says of wrong ones.
var dialect = &decode.Dialect{
	Types: map[jsonx.Kind]string{jsonx.String: "a string", jsonx.Bool: "true or false", jsonx.Array: "an array", jsonx.Object: "an object"},
	Says:  func(path, want string) string { return path + " must be " + want },
}

// customFields reads values by the ids of fields. The value of a field with
// choices is the id of a choice, as the form tells it, or the choice itself.
func customFields(o decode.Object) (out []form.Input) {
	o.Objects("customFields", func(_ int, e decode.Object) {
		if in, ok := customField(e); ok {
			out = append(out, in)
		}
	})
	return out
}

func customField(o decode.Object) (in form.Input, ok bool) {
	o.Only([]string{"fieldId", "fieldValue"}, nil)
	text, ok := decode.TextOrNumber(o.Value.Get("fieldId"))
	if !ok {
		o.Faults.Add("fieldId", fault.WrongType, "string", "fieldId must be a string")
		return in, false
	}
	id, err := strconv.ParseInt(strings.TrimPrefix(text, fieldPrefix), 10, 64)
	if err != nil || id < 1 {
		o.Faults.Add("fieldId", fault.Unknown, "", "there is no such field")
		return in, false
	}
	value := form.Text("")
	if v, given := o.Given("fieldValue"); given {
		switch v.Kind() {
		case jsonx.String, jsonx.Number, jsonx.Array:
			value = fieldValue(v)
		default:
			o.WrongAs("fieldValue", "a string, a number or an array of strings")
			return in, false
		}
	}
	return form.Input{FieldID: id, Value: value.OrChoiceIDs()}, true
}

// fieldValue reads the value of a field. In a list, ids of choices may be
// numbers.
func fieldValue(v jsonx.Value) form.Value {
	if v.Kind() != jsonx.Array {
		return rest.FormValue(v)
	}
	texts := make([]string, 0, v.Len())
	for _, e := range v.Elems() {
		text, ok := decode.TextOrNumber(e)
		if !ok {
			return form.Other()
		}
		texts = append(texts, text)
	}
	return form.Texts(texts)
}
