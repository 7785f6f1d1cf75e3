package account

import (
	"clientele/internal/history"
	"clientele/internal/owned"
	"clientele/internal/portable"
)

// Owned is what customers have of this package's tables. Sessions, links and
// impersonations end with their customer and do not come back.
var Owned = []owned.Part{
	{Title: "Addresses that are not confirmed", Rows: portable.Of(Portable, "unconfirmed_customers"), Becomes: owned.Goes, Resource: history.Customer},
	{Title: "Networks known from sign-ins", Rows: portable.Of(Portable, "known_addresses"), Same: owned.By("ip_address"), Resource: history.Customer, Passing: true},
}
