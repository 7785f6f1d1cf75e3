package order

import (
	"clientele/internal/portable"
)

// Portable is what moves of this package's tables.
var Portable = []portable.Part{
	portable.Table{
		Table: "orders", Key: "id",
		Columns: "id int, customer_id int, channel_id int, status_id int, total int, subtotal int, quantity int, date_created int, date_modified int",
	}.Part(),
	portable.Table{
		Table: "order_lines", Key: "order_id, place",
		Columns: "order_id int, place int, product_id int, quantity int, price int",
	}.Part(),
}
