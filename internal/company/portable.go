package company

import (
	"clientele/internal/portable"
)

// Portable is what moves of this package's table.
var Portable = []portable.Part{
	portable.Table{
		Table: "companies", Key: "id",
		Columns: "id int, customer_id int, channel_id int, name, email, phone, status, address, extras, files, date_created int, date_modified int",
	}.Part(),
}
