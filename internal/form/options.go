package form

import (
	"strconv"

	"clientele/internal/jsonx"
)

func (o Options) json() string {
	b := jsonx.AppendString([]byte(`{"label":`), o.Label)
	b = append(b, `,"sort_order":`...)
	b = strconv.AppendInt(b, o.SortOrder, 10)
	if len(o.Choices) > 0 {
		b = append(b, `,"choices":`...)
		b = jsonx.AppendStrings(b, o.Choices)
		b = append(b, `,"choice_ids":[`...)
		for i, id := range o.ChoiceIDs {
			if i > 0 {
				b = append(b, ',')
			}
			b = strconv.AppendInt(b, id, 10)
		}
		b = append(b, ']')
	}
	for _, m := range []struct{ key, text string }{{"placeholder", o.Placeholder}, {"hint", o.Hint}, {"min", o.Min}, {"max", o.Max}, {"default", o.Default}} {
		if m.text != "" {
			b = append(b, ',')
			b = jsonx.AppendKey(b, m.key)
			b = jsonx.AppendString(b, m.text)
		}
	}
	for _, m := range []struct {
		key string
		n   int64
	}{{"max_length", o.MaxLength}, {"rows", o.Rows}, {"last_choice_id", o.lastChoice}} {
		if m.n != 0 {
			b = append(b, ',')
			b = jsonx.AppendKey(b, m.key)
			b = strconv.AppendInt(b, m.n, 10)
		}
	}
	return string(append(b, '}'))
}

func parseOptions(text string) Options {
	v, err := jsonx.Parse([]byte(text), jsonx.Limits{})
	if err != nil {
		return Options{}
	}
	var o Options
	for _, c := range v.Get("choices").Elems() {
		if s, ok := c.Str(); ok {
			o.Choices = append(o.Choices, s)
		}
	}
	for _, e := range v.Get("choice_ids").Elems() {
		id, _ := e.Int()
		o.ChoiceIDs = append(o.ChoiceIDs, id)
	}
	o.lastChoice, _ = v.Get("last_choice_id").Int()
	if len(o.ChoiceIDs) != len(o.Choices) { // from before choices had ids
		o.number(&Options{lastChoice: o.lastChoice})
	}
	o.Label, _ = v.Get("label").Str()
	o.SortOrder, _ = v.Get("sort_order").Int()
	o.Placeholder, _ = v.Get("placeholder").Str()
	o.Hint, _ = v.Get("hint").Str()
	o.MaxLength, _ = v.Get("max_length").Int()
	o.Min, _ = v.Get("min").Str()
	o.Max, _ = v.Get("max").Str()
	o.Default, _ = v.Get("default").Str()
	o.Rows, _ = v.Get("rows").Int()
	return o
}
