// Package credit keeps the ledger of customers' store credit: what was given,
// spent, corrected, what expired and what was taken back. The balance is kept
// with the customer and is the sum of the customer's entries; both change in
// one transaction, under the customer's lock.
//
// Credit that expires is spent first, the soonest first. An entry notes of which
// credits it took how much, so that reverting it gives that back to them. What
// is due has expired before anything else is written of a customer, whether the
// job came to it or not.
package credit

import (
	"clientele/internal/fault"
	"clientele/internal/listing"
)

// Scale is the number of decimal places that amounts are kept with.
const Scale = 4

// Max keeps balances far from overflowing: ten billion.
const Max = 10_000_000_000 * 10_000

// Bounds of entries.
const (
	maxReason    = 1000 // characters
	maxReference = 255
	// maxOpen is how many credits of a customer may be waiting to expire: a debit
	// may have to take of all of them.
	maxOpen = 250
	// latest is the last second of the year 9999, as far as RFC 3339 goes.
	latest = 253_402_300_799
)

// Kind is what an entry is.
type Kind string

// The kinds of entries.
const (
	Credit Kind = "credit" // is given
	Debit  Kind = "debit"  // is spent
	Adjust Kind = "adjust" // the balance is corrected, or set to an amount
	Expire Kind = "expire" // the rest of a credit, by the clock
	Revert Kind = "revert" // takes another entry back
)

// Opening is the reason of the entry of a balance from before there was a
// ledger.
const Opening = "balance before the ledger"

// Actor is who had an entry made.
type Actor struct {
	Kind string // "": nobody is known
	ID   int64  // 0: none
	Name string
}

// Actors that have no id.
var (
	ByCommand = Actor{Kind: "command"}
	byClock   = Actor{Kind: "job"}
)

// ByAccount returns an API account as an Actor.
func ByAccount(id int64, name string) Actor { return Actor{Kind: "api_account", ID: id, Name: name} }

// ByStaff returns a person who works with the control panel, by their address.
func ByStaff(address string) Actor { return Actor{Kind: "staff", Name: address} }

// Entry is one entry of a customer's ledger. Amounts are in units of 10^-Scale.
type Entry struct {
	ID         int64 // from 1 on for each customer
	CustomerID int64
	Kind       Kind
	Amount     int64 // by which the balance moves
	Balance    int64 // afterwards
	Reason     string
	Reference  string
	By         Actor
	ExpiresAt  int64 // of a credit; 0: never
	Remaining  int64 // of a credit that expires
	Of         int64 // which entry is reverted or expires; 0: none
	RevertedBy int64 // 0: none
	Created    int64

	spent []share
}

// share is what an entry took of a credit that expires.
type share struct{ id, amount int64 }

// Write is the command to make an entry.
type Write struct {
	CustomerID int64
	Kind       Kind
	// Amount is above 0 for a credit or a debit, and the difference for an
	// adjust. A revert has none: it takes all of the entry back.
	Amount    int64
	ExpiresAt int64 // of a credit; 0: never
	EntryID   int64 // of a revert
	Reason    string
	Reference string
	By        Actor
}

// The fields of which faults tell.
const (
	FieldKind      fault.Field = "kind"
	FieldAmount    fault.Field = "amount"
	FieldExpires   fault.Field = "expires at"
	FieldEntry     fault.Field = "entry id"
	FieldReason    fault.Field = "reason"
	FieldReference fault.Field = "reference"
)

// The reasons that codes do not tell.
const (
	WhyKind        fault.Reason = "no kind of credit entry"
	WhyAmount      fault.Reason = "no amount of store credit"
	WhyNoAmount    fault.Reason = "revert with an amount"
	WhyOnlyCredit  fault.Reason = "only a credit expires"
	WhyPast        fault.Reason = "expires in the past"
	WhyOnlyRevert  fault.Reason = "only a revert names an entry"
	WhyNoEntry     fault.Reason = "no credit entry"
	WhyReverted    fault.Reason = "reverted credit entry"
	WhyNoRevert    fault.Reason = "revert of a revert"
	WhyNotEnough   fault.Reason = "not enough store credit"
	WhyTooMuch     fault.Reason = "too much store credit"
	WhyManyExpires fault.Reason = "too many credits that expire"
)

// List declares a customer's ledger, the newest entry first.
var List = &listing.Spec{
	Table:      "credit_entries",
	Fields:     []listing.Field{{Name: customerField, Kind: listing.Int, Ops: []listing.Op{listing.In}, Column: "customer_id", Hidden: true}},
	Descending: true,
	Cursors:    true,
}

const customerField = "customer_id"

// check notes what is wrong with a command by itself.
func (w *Write) check(c *fault.Collector, now int64) {
	c.Length(FieldReason, w.Reason, 0, maxReason)
	c.Length(FieldReference, w.Reference, 0, maxReference)
	switch w.Kind {
	case Credit, Debit:
		if w.Amount <= 0 || w.Amount > Max {
			c.Because(FieldAmount, fault.OutOfRange, WhyAmount, "")
		}
	case Adjust:
		if w.Amount == 0 || w.Amount > Max || w.Amount < -Max {
			c.Because(FieldAmount, fault.OutOfRange, WhyAmount, "")
		}
	case Revert:
		if w.Amount != 0 {
			c.Because(FieldAmount, fault.NotAccepted, WhyNoAmount, "")
		}
		if w.EntryID < 1 {
			c.Because(FieldEntry, fault.Unknown, WhyNoEntry, "")
		}
	default:
		c.Because(FieldKind, fault.NotAccepted, WhyKind, "credit, debit, adjust, revert")
	}
	switch {
	case w.ExpiresAt != 0 && w.Kind != Credit:
		c.Because(FieldExpires, fault.NotAccepted, WhyOnlyCredit, "")
	case w.ExpiresAt != 0 && (w.ExpiresAt <= now || w.ExpiresAt > latest):
		c.Because(FieldExpires, fault.OutOfRange, WhyPast, "")
	}
	if w.EntryID != 0 && w.Kind != Revert {
		c.Because(FieldEntry, fault.NotAccepted, WhyOnlyRevert, "")
	}
}
