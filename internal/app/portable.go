package app

import (
	"context"
	"slices"

	"clientele/internal/account"
	"clientele/internal/catalog"
	"clientele/internal/channel"
	"clientele/internal/company"
	"clientele/internal/credit"
	"clientele/internal/customer"
	"clientele/internal/desk"
	"clientele/internal/figure"
	"clientele/internal/form"
	"clientele/internal/group"
	"clientele/internal/history"
	"clientele/internal/instrument"
	"clientele/internal/jobs"
	"clientele/internal/listing"
	"clientele/internal/mail"
	"clientele/internal/merge"
	"clientele/internal/metafield"
	"clientele/internal/order"
	"clientele/internal/person"
	"clientele/internal/portable"
	"clientele/internal/rekey"
	"clientele/internal/rule"
	"clientele/internal/search"
	"clientele/internal/segment"
	"clientele/internal/setting"
	"clientele/internal/sqldb"
	"clientele/internal/store"
	"clientele/internal/storekey"
	"clientele/internal/subscriber"
	"clientele/internal/tax"
	"clientele/internal/total"
	"clientele/internal/transfer/bundle"
	"clientele/internal/wishlist"
)

// portableJobs are the jobs that move with a store.
var portableJobs = jobs.Portable(slices.Concat(customer.PortableJobs, credit.PortableJobs, rule.PortableJobs, segment.PortableJobs, person.PortableJobs)...)

// counted are the lists whose totals are kept.
var counted = []total.Count{wishlist.Counted, company.Counted, metafield.Counted, segment.Counted}

// portable is all that a store consists of, in an order in which what others refer
// to comes first. The history is last: it ends with what the others were before it.
func (c *Core) portable() []portable.Part {
	return slices.Concat(
		store.Portable, storekey.Portable, figure.Portable, channel.Portable, mail.Portable, setting.Portable, group.Portable, form.Portable, catalog.Portable,
		customer.Portable, account.Portable, merge.Portable, metafield.Portable, tax.Portable, credit.Portable, company.Portable, wishlist.Portable, instrument.Portable,
		desk.Portable, order.Portable, segment.Portable, rule.Portable, subscriber.Portable, person.Portable, []portable.Part{portableJobs},
		history.Portable(c.Keys),
	)
}

// bundles returns the service that writes stores to files and fills them again.
func (c *Core) bundles() *bundle.Service {
	return bundle.NewService(bundle.Config{
		DB: c.DB, System: c.System, Parts: c.portable(), Name: store.Name, Rename: store.RenameTx, Arrived: arrived,
		Ready: func(tx *sqldb.Tx) error {
			if err := person.Settled(tx); err != nil {
				return err
			}
			return rekey.Settled(tx)
		},
		After: func(ctx context.Context, storeID int64) error { return total.Run(ctx, c.DB, storeID, counted) },
	})
}

// arrived brings up to date what follows the records of a store: totals, the gaps
// of lists, and by what customers are found.
func arrived(tx *sqldb.Tx, now int64, a bundle.Arrival) error {
	given, err := store.Totals{
		Customers: a.Of("customers"), Addresses: a.Of("addresses"), Subscribers: a.Of("subscribers"), ShopperProfiles: a.Of("shopper_profiles"),
		AttributeValues: a.Of("attribute_values"), FormValues: a.Of("customer_form_values") + a.Of("address_form_values"), Rules: a.Of("segment_rules"),
	}.Arrived(tx)
	if err != nil {
		return err
	}
	for _, l := range []struct {
		list  listing.List
		part  string
		given int64
	}{
		{listing.Customers, "customers", given.Customers}, {listing.Addresses, "addresses", given.Addresses},
		{listing.Subscribers, "subscribers", given.Subscribers}, {listing.ShopperProfiles, "shopper_profiles", given.ShopperProfiles},
	} {
		if err := l.list.Arrived(tx, a.Last[l.part], l.given); err != nil {
			return err
		}
	}
	if err := search.Refill(tx, now); err != nil {
		return err
	}
	return total.Recount(tx, now)
}
