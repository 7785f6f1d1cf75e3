// Package wishlist keeps customers' wishlists: names and products of a catalog
// that is kept elsewhere, so that any product id is taken. A public list can
// be read by its token.
package wishlist

import (
	"fmt"

	"clientele/internal/fault"
	"clientele/internal/opt"
	"clientele/internal/sqldb"
	"clientele/internal/system"
)

// Bounds.
const (
	MaxLists = 200  // of a customer
	MaxItems = 1000 // of a list
	MaxName  = 255  // characters
	maxID    = 1<<31 - 1
)

// Wishlist is a customer's list of products.
type Wishlist struct {
	ID         int64
	CustomerID int64
	Name       string
	IsPublic   bool
	Token      string // a UUID
	Items      []Item // in the order in which they were added
}

// Item is a product on a list. A list has a product's variant once.
type Item struct {
	ID        int64
	ProductID int64
	VariantID int64 // 0: none
}

// Create is the command to make a list.
type Create struct {
	CustomerID int64
	Name       string
	IsPublic   bool
	Items      []Item
}

// Update is the command to change a list; absent fields stay.
type Update struct {
	ID       int64
	Name     opt.Field[string]
	IsPublic opt.Field[bool]
	Items    []ItemUpdate
	Claims   Claims
}

// ItemUpdate changes the item that has its ID, or without one adds an item. A
// product that stays keeps its variant, unless another one is named.
type ItemUpdate struct {
	ID        int64
	ProductID opt.Field[int64]
	VariantID opt.Field[int64]
}

// of returns what the item becomes.
func (u *ItemUpdate) of(it Item) Item {
	out := Item{ID: u.ID, ProductID: u.ProductID.Or(it.ProductID)}
	if out.ProductID == it.ProductID {
		out.VariantID = it.VariantID
	}
	out.VariantID = u.VariantID.Or(out.VariantID)
	return out
}

// Claims are what a change says of what it cannot change. It has to be so.
type Claims struct {
	CustomerID opt.Field[int64]
	Token      opt.Field[string]
}

// Service runs the use cases. An owner is the customer whose lists alone are
// seen and changed; 0 is for whoever may see all.
type Service struct {
	db  *sqldb.DB
	sys *system.System
}

// NewService returns a Service over db.
func NewService(db *sqldb.DB, sys *system.System) *Service { return &Service{db: db, sys: sys} }

// ErrNoItem: an item that is to be removed is not on the list.
var ErrNoItem = fault.New(fault.NotFound, "there is no such wishlist item")

var (
	errNone     = fault.New(fault.NotFound, "there is no such wishlist")
	errCustomer = fault.Broken(fault.Invalid, fault.Item{Field: FieldCustomer, Code: fault.Unknown, Why: WhyNoCustomer})
	errLists    = fault.Broken(fault.Invalid, fault.Item{Field: FieldCustomer, Code: fault.TooManyItems, Why: WhyManyLists, Want: fmt.Sprint(MaxLists)})
)

func tooManyItems() error {
	return fault.Broken(fault.Invalid, fault.Item{Field: FieldItems, Code: fault.TooManyItems, Why: WhyManyItems, Want: fmt.Sprint(MaxItems)})
}

func checkItems(c *fault.Collector, items []Item) {
	if len(items) > MaxItems {
		c.Because(FieldItems, fault.TooManyItems, WhyManyEntries, fmt.Sprint(MaxItems))
		return
	}
	for i, it := range items {
		c.In = fault.Place{List: FieldItems, At: i + 1}
		if it.ProductID < 1 || it.ProductID > maxID {
			c.Because(FieldProduct, fault.OutOfRange, WhyProduct, "")
		}
		if it.VariantID < 0 || it.VariantID > maxID {
			c.Because(FieldVariant, fault.OutOfRange, WhyVariant, "")
		}
	}
	c.In = fault.Place{}
}
