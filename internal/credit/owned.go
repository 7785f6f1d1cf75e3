package credit

import (
	"clientele/internal/history"
	"clientele/internal/owned"
	"clientele/internal/portable"
)

// Owned is what customers have of this package's table. A ledger ends with its
// customer; what was left in it is moved by MoveTx.
var Owned = []owned.Part{{Title: "Ledger of store credit", Rows: portable.Of(Portable, "credit_entries"), Becomes: owned.Goes, Resource: history.Customer}}
