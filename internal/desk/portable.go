package desk

import (
	"clientele/internal/portable"
)

// Portable is what moves of this package's tables.
var Portable = []portable.Part{
	portable.Table{
		Table: "customer_comments", Key: "id",
		Columns: "id int, customer_id int, staff_id int, author, comment, pinned flag, date_created int, date_modified int",
	}.Part(),
}
