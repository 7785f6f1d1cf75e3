package tax

import (
	"clientele/internal/portable"
)

// Portable is what moves of this package's table.
var Portable = []portable.Part{
	portable.Table{Table: "tax_properties", Key: "customer_id, code", Columns: "customer_id int, code, value"}.Part(),
}
