package wishlist

import (
	"clientele/internal/portable"
)

// Portable is what moves of this package's tables.
var Portable = []portable.Part{
	portable.Table{
		Table: "wishlists", Key: "id",
		Columns: "id int, customer_id int, name, is_public flag, token, date_created int, date_modified int",
	}.Part(),
	portable.Table{
		Table: "wishlist_items", Key: "wishlist_id, id",
		Columns: "wishlist_id int, id int, product_id int, variant_id int",
	}.Part(),
}
