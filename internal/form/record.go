package form

import (
	"encoding/json"
	"maps"
	"slices"

	"clientele/internal/history"
	"clientele/internal/jsonx"
)

// What the history tells of changes of definitions, but for translations.
var fieldHistory = history.Table[Field]{
	history.TextColumn(history.FieldForm, func(f *Field) string { return f.Form }),
	history.TextColumn(history.FieldName, func(f *Field) string { return f.Name }),
	history.TextColumn(history.FieldType, func(f *Field) string { return f.Type }),
	history.FlagColumn(history.FieldRequired, func(f *Field) bool { return f.Required }),
	history.JSONColumn(history.FieldOptions, func(f *Field) string { return history.ClippedJSON(f.Options.json()) }),
}

func (f *Field) changeOf(before, after *Field) history.Entry {
	e := fieldHistory.Change(history.FormField, f.ID, 0, before, after)
	var was, is Translations
	if before != nil {
		was = before.Translations
	}
	if after != nil {
		is = after.Translations
	}
	e.Add(false, history.FieldTranslations, was.toldBeside(is), is.toldBeside(was))
	return e
}

// toldBeside returns the JSON text of those translations, by language, that differ
// from others; empty for none.
func (t Translations) toldBeside(others Translations) string {
	var b []byte
	for _, tag := range slices.Sorted(maps.Keys(t)) {
		is := t[tag]
		if o, there := others[tag]; there && o.same(is) {
			continue
		}
		if b = append(b, ','); len(b) == 1 {
			b[0] = '{'
		}
		b = jsonx.AppendString(b, tag)
		b = jsonx.AppendString(append(b, `:{"label":`...), is.Label)
		b = jsonx.AppendString(append(b, `,"placeholder":`...), is.Placeholder)
		if is.Hint != "" {
			b = jsonx.AppendString(append(b, `,"hint":`...), is.Hint)
		}
		if len(is.Choices) > 0 {
			if text, err := json.Marshal(is.Choices); err == nil { // as texts always are
				b = append(append(b, `,"choices":`...), text...)
			}
		}
		b = append(b, '}')
	}
	if b == nil {
		return ""
	}
	return history.ClippedJSON(string(append(b, '}')))
}
