package instrument

import (
	"clientele/internal/portable"
)

// Portable is what moves of this package's table. Whoever has a token can have it
// charged.
var Portable = []portable.Part{
	portable.Table{
		Table: "stored_instruments", Key: "token", Secret: true,
		Columns: "token, customer_id int, is_default flag, details, date_created int",
	}.Part(),
}
