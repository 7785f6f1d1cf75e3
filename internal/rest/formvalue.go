package rest

import (
	"clientele/internal/form"
	"clientele/internal/jsonx"
)

// FormValue reads the value of a form field: a string, a number or an array of
// strings.
func FormValue(v jsonx.Value) form.Value {
	if s, ok := v.Str(); ok {
		return form.Text(s)
	}
	if s, ok := v.NumberText(); ok {
		return form.Number(s)
	}
	if v.Kind() != jsonx.Array {
		return form.Other()
	}
	texts := make([]string, 0, v.Len())
	for _, e := range v.Elems() {
		s, ok := e.Str()
		if !ok {
			return form.Other()
		}
		texts = append(texts, s)
	}
	return form.Texts(texts)
}
