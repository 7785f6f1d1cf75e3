// Package merge makes several customers one, and parts them again. What becomes of
// what they have the packages tell whose tables it is in (package owned); here it is
// planned, shown, done in one transaction and undone.
//
// A plan comes of what was read alone. A preview reads it, a merge reads it again
// under locks: if anything differs, nothing is done. What the customers were is kept
// for a month, so that they can be parted.
package merge

import (
	"time"

	"clientele/internal/credit"
	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/history"
	"clientele/internal/listing"
	"clientele/internal/owned"
	"clientele/internal/sqldb"
	"clientele/internal/store"
	"clientele/internal/subscriber"
	"clientele/internal/system"
)

const (
	// MaxMerged is how many customers one merge takes.
	MaxMerged = 10
	// most is how many rows of one table customers may have who are merged.
	most = 1000
	// Life is for how long customers can be parted again.
	Life = 30 * 24 * time.Hour
)

// Ask is what somebody asks for: who stays, and who becomes one with them.
type Ask struct {
	Keep  int64
	Merge []int64
	// Take tells by field whose value the customer has; without it the value of who
	// stays, or the first of the others that is not empty.
	Take map[Field]int64
	// TakeOf is Take of values that a customer has several of, by table and number:
	// attributes and form fields.
	TakeOf map[Choice]int64
	// SignIn tells that who stays signs in with the addresses of the others too.
	SignIn bool
	// ETag is that of the preview that was seen. Of a preview it is empty.
	ETag string
}

// Choice names one of the values of which a customer has several.
type Choice struct {
	Table string
	Of    int64
}

// Service merges and parts.
type Service struct {
	db        *sqldb.DB
	sys       *system.System
	stores    *store.Service
	customers *customer.Service
	credit    *credit.Service
	parts     []owned.Part
}

// Config is what a Service needs.
type Config struct {
	DB        *sqldb.DB
	System    *system.System
	Stores    *store.Service
	Customers *customer.Service
	Credit    *credit.Service
	// Parts are what customers have, owners before what they own.
	Parts []owned.Part
}

// NewService returns a Service.
func NewService(c Config) *Service {
	return &Service{db: c.DB, sys: c.System, stores: c.Stores, customers: c.Customers, credit: c.Credit, parts: c.Parts}
}

// Parts are what customers have.
func (s *Service) Parts() []owned.Part { return s.parts }

// Merge is one that was done.
type Merge struct {
	ID       int64
	Customer int64 // who stayed
	Merged   []int64
	By       history.Actor
	Created  int64
	Expires  int64 // until when they can be parted; 0: not any more
	Ended    int64 // when they were parted; 0: they were not
	// Left is what parting left as it was.
	Left []Left
}

// Left is something that parting left as it was, because it was changed since.
type Left struct {
	Table string `json:"table"`
	Field string `json:"field,omitempty"` // of a customer
	Key   string `json:"key,omitempty"`
	// Gone tells that it is not there any more.
	Gone bool `json:"gone,omitempty"`
}

// The fields of which faults tell.
const (
	FieldKeep  fault.Field = "keep"
	FieldMerge fault.Field = "merge"
	FieldTake  fault.Field = "take"
	FieldETag  fault.Field = "etag"
)

// The reasons that codes do not tell.
const (
	WhyTwice    fault.Reason = "customer merged twice"
	WhyNotOne   fault.Reason = "customer is none of those who are merged"
	WhyManyRows fault.Reason = "too many rows to merge"
	// WhyEmailTaken: another customer has the address on a channel of one of them.
	WhyEmailTaken fault.Reason = "email of another customer"
)

// Faults of whole operations.
var (
	ErrNoMerge = fault.New(fault.NotFound, "there is no such merge")
	ErrParted  = fault.New(fault.Conflict, "the customers are parted already")
	ErrTooLate = fault.New(fault.Conflict, "the customers cannot be parted any more: more than 30 days went by")
	ErrLater   = fault.New(fault.Conflict, "the customer was part of a later merge: part that first")
)

// List declares the list of merges, the newest first.
var List = &listing.Spec{
	Table: "customer_merges",
	Fields: []listing.Field{
		{Name: "customer_id", Kind: listing.Int, Ops: []listing.Op{listing.In}, Column: "customer_id"},
	},
	Descending: true,
	Cursors:    true,
	Unnumbered: true,
	Untold:     true,
}

// check looks at what is asked for by itself.
func (a *Ask) check() error {
	c := fault.Collector{}
	if a.Keep < 1 {
		c.Because(FieldKeep, fault.Unknown, customer.WhyNoCustomer, "")
	}
	switch n := len(a.Merge); {
	case n == 0:
		c.AddItem(fault.Item{Field: FieldMerge, Code: fault.Required})
	case n > MaxMerged:
		c.AddItem(fault.Item{Field: FieldMerge, Code: fault.TooManyItems, Want: "10"})
	}
	seen := map[int64]bool{a.Keep: true}
	for _, id := range a.Merge {
		if seen[id] {
			c.Because(FieldMerge, fault.Duplicate, WhyTwice, "")
		}
		seen[id] = true
	}
	for _, id := range a.Take {
		if !seen[id] {
			c.Because(FieldTake, fault.Unknown, WhyNotOne, "")
		}
	}
	for _, id := range a.TakeOf {
		if !seen[id] {
			c.Because(FieldTake, fault.Unknown, WhyNotOne, "")
		}
	}
	return c.Err(fault.Invalid)
}

func (a *Ask) all() []int64 { return append([]int64{a.Keep}, a.Merge...) }

// Preview is what a merge would do.
type Preview struct {
	// Customer is who comes of it, without what moves.
	Customer customer.Customer
	// Former are the customers as they are, who stays first.
	Former []customer.Customer
	// HasPassword tells that the account has a password afterwards.
	HasPassword bool
	Moves       []Move
	Conflicts   []Conflict
	Subscribers []subscriber.Becomes
	Blockers    []Blocker
	ETag        string
}

// Move is how many rows of a table go where.
type Move struct {
	Table, Title string
	// Moved are had by who stays from then on, Same are those that are the same as
	// another one, Ends those that end.
	Moved, Same, Ends int
}

// Conflict is a value of which there are several.
type Conflict struct {
	Field  Field // of the customers themselves; empty: of Table
	Table  string
	Of     int64
	Values []Value
	Taken  int64 // whose value it will be
}

// Value is a customer's value. One that is not told has no text.
type Value struct {
	CustomerID int64
	Text       string
}

// Blocker is why customers cannot be merged.
type Blocker struct {
	Why   fault.Reason
	Table string
	Email string
}
