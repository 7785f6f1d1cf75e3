package wishlist

import (
	"clientele/internal/history"
	"clientele/internal/owned"
	"clientele/internal/portable"
)

// Owned is what customers have of this package's tables. The items of a list are
// where their list is.
var Owned = []owned.Part{{Title: "Wishlists", Rows: portable.Of(Portable, "wishlists"), Resource: history.Wishlist, ID: "id"}}
