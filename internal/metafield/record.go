package metafield

import "clientele/internal/history"

// What the history tells of changes, but for values.
var metafieldHistory = history.Table[Metafield]{
	history.TextColumn(history.FieldClient, func(m *Metafield) string { return m.ClientID }),
	history.Personal(history.TextColumn(history.FieldNamespace, func(m *Metafield) string { return m.Namespace })),
	history.Personal(history.TextColumn(history.FieldKey, func(m *Metafield) string { return m.Key })),
	history.TextColumn(history.FieldPermissionSet, func(m *Metafield) string { return m.Permission }),
	history.Personal(history.TextColumn(history.FieldDescription, func(m *Metafield) string { return m.Description })),
}

// told is what the history tells of a value: one that is its owner's alone is not
// told.
func (m *Metafield) told() string {
	switch {
	case m == nil || m.Value == "":
		return ""
	case m.Permission == AppOnly:
		return history.Masked
	}
	return history.Text(history.Clipped(m.Value))
}

func (m *Metafield) changeOf(before, after *Metafield) history.Entry {
	e := metafieldHistory.Change(history.Metafield, m.ID, m.CustomerID, before, after)
	was, is := before.told(), after.told()
	e.Add(true, history.FieldValue, was, is)
	if before != nil && after != nil && was == is && before.Value != after.Value {
		e.AddMasked(history.FieldValue, 0)
	}
	return e
}
