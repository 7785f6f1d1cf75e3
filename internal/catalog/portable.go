package catalog

import (
	"clientele/internal/fold"
	"clientele/internal/portable"
)

// Portable is what moves of this package's table.
var Portable = []portable.Part{
	portable.Table{
		Table: "products", Key: "id",
		Columns: "id int, name, sku, path, price int, image_url, in_stock flag",
		Derived: "name_norm, sku_norm",
		Derive:  func(r portable.Record) []any { return []any{fold.Text(r.Text("name")), fold.Text(r.Text("sku"))} },
	}.Part(),
}
