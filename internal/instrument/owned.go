package instrument

import (
	"clientele/internal/history"
	"clientele/internal/owned"
	"clientele/internal/portable"
)

// Owned is what customers have of this package's table.
var Owned = []owned.Part{{Title: "Stored payment instruments", Rows: portable.Of(Portable, "stored_instruments"), Single: "is_default", SecretKey: true, Resource: history.Instrument}}
