package form

import (
	"fmt"

	"clientele/internal/fold"
	"clientele/internal/portable"
)

// Portable is what moves of this package's tables.
var Portable = []portable.Part{
	portable.Table{
		Table: "form_fields", Key: "id",
		Columns: "id int, form, name, type, required flag, options, date_created int, date_modified int",
		Derived: "name_norm",
		Derive: func(r portable.Record) []any {
			if r.Int("id") <= LastBuiltIn {
				return []any{BuiltInNorm(r.Text("name"))}
			}
			return []any{fold.Text(r.Text("name"))}
		},
		Own: fmt.Sprintf("id <= %d", LastBuiltIn),
	}.Part(),
	portable.Table{
		Table: "form_field_translations", Key: "locale, field_id",
		Columns: "locale, field_id int, label, placeholder, choices, hint",
	}.Part(),
}
