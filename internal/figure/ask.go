package figure

import (
	"clientele/internal/fault"
	"clientele/internal/listing"
)

// MaxDays is how many days are told at once.
const MaxDays = 366

const (
	daysField   = "days"
	defaultDays = 30
)

// List declares the parameter of the figures of a store.
var List = &listing.Spec{
	Table:   "daily_figures",
	Fields:  []listing.Field{{Name: daysField, Kind: listing.Int, Ops: []listing.Op{listing.Eq}}},
	Unpaged: true,
}

// DaysOf returns for how many days a query asks, up to today.
func DaysOf(q *listing.Query) (int, error) {
	days := int64(defaultDays)
	for _, f := range q.Filters {
		days = f.Ints[0]
	}
	if days < 1 || days > MaxDays {
		return 0, &fault.Error{Kind: fault.BadFilter, Message: "invalid filters", Items: []fault.Item{{Path: daysField, Code: fault.OutOfRange, Message: "days must be between 1 and 366"}}}
	}
	return int(days), nil
}

var names = map[Kind]string{
	NewCustomers: "new_customers", SignIns: "sign_ins", NewSubscribers: "new_subscribers", LostSubscribers: "lost_subscribers",
	SubscribersOfStorefront: "subscribers_of_storefront", SubscribersOfOrders: "subscribers_of_orders", SubscribersOfApps: "subscribers_of_apps",
	OptInsAsked: "opt_ins_asked", OptInsConfirmed: "opt_ins_confirmed",
}

// String returns the name of a kind in answers.
func (k Kind) String() string { return names[k] }
