package app

import (
	"slices"

	"clientele/internal/account"
	"clientele/internal/company"
	"clientele/internal/credit"
	"clientele/internal/customer"
	"clientele/internal/desk"
	"clientele/internal/instrument"
	"clientele/internal/merge"
	"clientele/internal/metafield"
	"clientele/internal/order"
	"clientele/internal/owned"
	"clientele/internal/segment"
	"clientele/internal/tax"
	"clientele/internal/wishlist"
)

// owns is what customers have, owners before what they own.
func owns() []owned.Part {
	return slices.Concat(
		customer.Owned, account.Owned, metafield.Owned, wishlist.Owned, instrument.Owned, tax.Owned, company.Owned, order.Owned,
		desk.Owned, credit.Owned, segment.Owned, merge.Owned,
	)
}
