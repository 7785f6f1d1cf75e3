package tax

import (
	"clientele/internal/history"
	"clientele/internal/jsonx"
)

// What the history tells of changes.
var taxHistory = history.Table[Customer]{
	history.Personal(history.JSONColumn(history.FieldTaxProperties, func(c *Customer) string {
		if len(c.Properties) == 0 {
			return ""
		}
		b := []byte{'{'}
		for i := range c.Properties {
			if i > 0 {
				b = append(b, ',')
			}
			b = jsonx.AppendString(b, c.Properties[i].Code)
			b = jsonx.AppendString(append(b, ':'), c.Properties[i].Value)
		}
		return history.ClippedJSON(string(append(b, '}')))
	})),
}

// changes returns the entries of customers whose properties differ.
func changes(before, after []Customer) []history.Entry {
	had := make(map[int64]*Customer, len(before))
	for i := range before {
		had[before[i].ID] = &before[i]
	}
	var out []history.Entry
	for i := range after {
		is := &after[i]
		if e := taxHistory.Change(history.TaxProperty, 0, is.ID, had[is.ID], is); e.Changed() {
			out = append(out, e)
		}
	}
	return out
}
