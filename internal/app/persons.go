package app

import (
	"slices"

	"clientele/internal/account"
	"clientele/internal/bulk"
	"clientele/internal/company"
	"clientele/internal/credit"
	"clientele/internal/desk"
	"clientele/internal/event"
	"clientele/internal/history"
	"clientele/internal/idempotency"
	"clientele/internal/instrument"
	"clientele/internal/limit"
	"clientele/internal/mail"
	"clientele/internal/merge"
	"clientele/internal/metafield"
	"clientele/internal/order"
	"clientele/internal/person"
	"clientele/internal/personal"
	"clientele/internal/segment"
	"clientele/internal/tax"
	"clientele/internal/webhook"
	"clientele/internal/wishlist"
)

// personal is what all tables hold of persons, in the order in which it is told
// and erased: customers before what refers to them without going along, so that
// nothing is added to that any more, and the history, which tells of all, last.
func (c *Core) personal() []personal.Part {
	return slices.Concat(
		c.Customers.Personal(), segment.Personal, metafield.Personal, wishlist.Personal, order.Personal, company.Personal, merge.Personal,
		credit.Personal, desk.Personal, bulk.Personal, tax.Personal, instrument.Personal, account.Personal, limit.Personal, idempotency.Personal,
		c.Subscribers.Personal(), mail.Personal, event.Personal, webhook.Personal, history.PersonalParts, person.Personal,
	)
}
