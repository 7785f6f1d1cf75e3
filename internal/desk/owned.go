package desk

import (
	"clientele/internal/history"
	"clientele/internal/owned"
	"clientele/internal/portable"
)

// Owned is what customers have of this package's tables.
var Owned = []owned.Part{{Title: "Comments", Rows: portable.Of(Portable, "customer_comments"), Resource: history.CustomerComment, ID: "id"}}
