package tax

import (
	"clientele/internal/history"
	"clientele/internal/owned"
	"clientele/internal/portable"
)

// Owned is what customers have of this package's table.
var Owned = []owned.Part{{Title: "Tax data", Rows: portable.Of(Portable, "tax_properties"), Same: owned.By("code"), Resource: history.TaxProperty}}
