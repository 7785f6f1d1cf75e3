package group

import (
	"clientele/internal/fold"
	"clientele/internal/portable"
)

// Portable is what moves of this package's tables.
var Portable = []portable.Part{
	portable.Table{
		Name: "groups", Table: "customer_groups", Key: "id",
		Columns: "id int, name, is_default flag, is_guest flag, category_access, categories, discount_rules, date_created int, date_modified int",
		Derived: "name_norm", Derive: func(r portable.Record) []any { return []any{fold.Text(r.Text("name"))} },
	}.Part(),
	portable.Table{
		Table: "price_list_assignments", Key: "id",
		Columns: "id int, price_list_id int, customer_group_id int, channel_id int",
	}.Part(),
}
