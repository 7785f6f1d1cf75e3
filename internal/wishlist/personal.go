package wishlist

import (
	"clientele/internal/personal"
	"clientele/internal/sqldb"
)

// Personal is what this package keeps of persons.
var Personal = []personal.Part{
	personal.Table{
		Name: "wishlists", Title: "Wishlists", By: personal.ByCustomer, Key: []string{"id"},
		Select: sqldb.Static(`SELECT id, customer_id, name, is_public, token, date_created, date_modified FROM wishlists WHERE store_id = $1 AND customer_id = $2 AND id > $3 ORDER BY id LIMIT $4`),
		Kinds:  "id int, customer_id int, is_public flag, date_created time, date_modified time",
	}.Part(),
	personal.Table{
		Name: "wishlist_items", Title: "Products on wishlists", By: personal.ByCustomer, Key: []string{"wishlist_id", "id"},
		Select: sqldb.Static(`SELECT i.wishlist_id, i.id, i.product_id, i.variant_id FROM wishlists w JOIN wishlist_items i ON i.store_id = w.store_id AND i.wishlist_id = w.id
			WHERE w.store_id = $1 AND w.customer_id = $2 AND (i.wishlist_id, i.id) > ($3, $4) ORDER BY i.wishlist_id, i.id LIMIT $5`),
		Kinds: "wishlist_id int, id int, product_id int, variant_id id",
	}.Part(),
}
