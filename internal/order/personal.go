package order

import (
	"clientele/internal/personal"
	"clientele/internal/sqldb"
)

// Personal is what this package keeps of persons.
var Personal = []personal.Part{
	personal.Table{
		Name: "orders", Title: "Orders", By: personal.ByCustomer, Key: []string{"id"},
		Select: sqldb.Static(`SELECT id, customer_id, channel_id, status_id, total, subtotal, quantity, date_created, date_modified FROM orders WHERE store_id = $1 AND customer_id = $2 AND id > $3 ORDER BY id LIMIT $4`),
		Kinds:  "id int, customer_id int, channel_id int, status_id int, total money, subtotal money, quantity int, date_created time, date_modified time",
	}.Part(),
	personal.Table{
		Name: "order_lines", Title: "Products of orders", By: personal.ByCustomer, Key: []string{"order_id", "place"},
		Select: sqldb.Static(`SELECT l.order_id, l.place, l.product_id, l.quantity, l.price FROM orders o JOIN order_lines l ON l.store_id = o.store_id AND l.order_id = o.id
			WHERE o.store_id = $1 AND o.customer_id = $2 AND (l.order_id, l.place) > ($3, $4) ORDER BY l.order_id, l.place LIMIT $5`),
		Kinds: "order_id int, place int, product_id int, quantity int, price money",
	}.Part(),
}
