package order

import (
	"clientele/internal/history"
	"clientele/internal/owned"
	"clientele/internal/portable"
)

// Owned is what customers have of this package's tables. The lines of an order are
// where their order is.
var Owned = []owned.Part{{Title: "Orders", Rows: portable.Of(Portable, "orders"), Resource: history.Order, ID: "id"}}
