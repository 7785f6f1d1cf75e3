package account

import (
	"clientele/internal/portable"
)

// Portable is what moves of this package's tables.
var Portable = []portable.Part{
	portable.Table{Table: "unconfirmed_customers", Key: "customer_id", Columns: "customer_id int, date_created int"}.Part(),
	portable.Table{Table: "known_addresses", Key: "customer_id, ip_address", Columns: "customer_id int, ip_address, date_used int"}.Part(),
}
