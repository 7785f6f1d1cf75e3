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

// Operations, as faults name them.
const (
	OpCreate   = "wishlist.create"
	OpUpdate   = "wishlist.update"
	OpAddItems = "wishlist.items.add"
)

// Bounds.
const (
	MaxLists = 200  // of a customer
	MaxItems = 1000 // of a list
	maxName  = 255  // characters
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

// Update is the command to change a list; absent fields stay. Items that have
// an id are changed, others are added.
type Update struct {
	ID       int64
	Name     opt.Field[string]
	IsPublic opt.Field[bool]
	Items    []Item
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
	errCustomer = &fault.Error{Kind: fault.Invalid, Op: OpCreate, Items: []fault.Item{{Index: -1, Field: "customer_id", Code: fault.Unknown, Message: "invalid customer ID"}}}
	errLists    = &fault.Error{Kind: fault.Invalid, Op: OpCreate, Items: []fault.Item{{Index: -1, Field: "customer_id", Code: fault.TooManyItems, Message: fmt.Sprintf("a customer can have at most %d wishlists", MaxLists)}}}
)

func tooManyItems(op string) error {
	return &fault.Error{Kind: fault.Invalid, Op: op, Items: []fault.Item{{Index: -1, Field: "items", Code: fault.TooManyItems, Want: fmt.Sprint(MaxItems), Message: fmt.Sprintf("a wishlist can have at most %d items", MaxItems)}}}
}

func checkItems(c *fault.Collector, items []Item) {
	if len(items) > MaxItems {
		c.Add("items", fault.TooManyItems, fmt.Sprint(MaxItems), fmt.Sprintf("items must have at most %d entries", MaxItems))
		return
	}
	for i, it := range items {
		if it.ProductID < 1 && (it.ID == 0 || it.ProductID != 0) || it.ProductID > maxID {
			c.Add(itemField(i, "product_id"), fault.OutOfRange, "", "product_id must be the ID of a product")
		}
		if it.VariantID < 0 || it.VariantID > maxID {
			c.Add(itemField(i, "variant_id"), fault.OutOfRange, "", "variant_id must be the ID of a variant")
		}
	}
}

func itemField(i int, name string) string { return fmt.Sprintf("items.%d.%s", i, name) }
