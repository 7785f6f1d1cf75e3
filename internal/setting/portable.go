package setting

import (
	"clientele/internal/portable"
)

// Portable is what moves of this package's tables.
var Portable = []portable.Part{
	portable.Table{Table: "customer_settings", Key: "channel_id, name", Columns: "channel_id int, name, value"}.Part(),
	portable.Table{Table: "checkout_settings", Key: "channel_id, name", Columns: "channel_id int, name, value"}.Part(),
}
