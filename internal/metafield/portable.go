package metafield

import (
	"clientele/internal/portable"
)

// Portable is what moves of this package's table.
var Portable = []portable.Part{
	portable.Table{
		Table: "metafields", Key: "id",
		Columns: "id int, customer_id int, client_id, namespace, key, value, description, permission_set, date_created int, date_modified int",
	}.Part(),
}
