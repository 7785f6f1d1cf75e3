// Package duplicate finds customers who may be one person, and remembers who is not.
// It merges nobody.
//
// A job looks at all customers of a store that asked for it, in order of their ids,
// and from then on at those that changed. Of each it keeps a few keys: hashes of what
// two accounts of one person have in common. Customers with a key in common are a
// pair; a key that many have tells nothing.
package duplicate

import (
	"crypto/sha256"
	"encoding/binary"
	"strings"

	"clientele/internal/customer"
	"clientele/internal/email"
	"clientele/internal/fault"
	"clientele/internal/fold"
	"clientele/internal/listing"
	"clientele/internal/sqldb"
	"clientele/internal/system"
)

// Reason is what two customers have in common.
type Reason string

// The reasons, with what each is worth.
const (
	SameEmail   Reason = "same_email"           // accounts of several channels with one address
	SameMailbox Reason = "same_mailbox"         // but for dots or what follows a plus
	SamePhone   Reason = "same_phone"           // of the account or of an address
	SameName    Reason = "same_name_and_postal" // of an address
)

var worth = map[Reason]int64{SameEmail: 95, SameMailbox: 90, SamePhone: 50, SameName: 55}

// order is that in which reasons are told.
var order = []Reason{SameEmail, SameMailbox, SamePhone, SameName}

const (
	// common is how many customers with a key make it tell nothing.
	common = 10
	// shownMost is how many open pairs a store has at most.
	shownMost = 10_000
	// top is the best score.
	top = 100
)

// Pair are two customers who may be one.
type Pair struct {
	ID            int64
	First, Second int64
	Score         int64 // up to 99
	Reasons       []Reason
	Dismissed     bool // somebody said that they are two
	Created       int64
}

// Scan is how far a store was looked through.
type Scan struct {
	Started  int64 // 0: nobody asked for it
	Position int64 // up to which id
	Done     int64 // when all were looked at last; 0: not yet
}

// Service finds and remembers.
type Service struct {
	db  *sqldb.DB
	sys *system.System
}

// NewService returns a Service over db.
func NewService(db *sqldb.DB, sys *system.System) *Service { return &Service{db, sys} }

// List declares the list of pairs, the most alike first.
var List = &listing.Spec{
	Table: "duplicate_pairs",
	Key:   []listing.Key{{Name: "distance", Column: "distance"}, {Name: "id", Column: "id"}},
	Fields: []listing.Field{
		{Name: "is_dismissed", Kind: listing.Flag, Ops: []listing.Op{listing.Eq}, Column: "is_dismissed"},
	},
	Cursors:    true,
	Unnumbered: true,
	Untold:     true,
}

// errNoPair: the pair is not there, or one of both customers is gone.
var errNoPair = fault.New(fault.NotFound, "there is no such pair of customers")

// key is what customers are compared by.
type key struct {
	reason Reason
	hash   int64
}

func keyOf(r Reason, parts ...string) key {
	sum := sha256.Sum256([]byte(string(r) + "\x00" + strings.Join(parts, "\x00")))
	return key{r, int64(binary.BigEndian.Uint64(sum[:8]))}
}

// plussed are the providers of which everybody knows that what follows a plus is of
// no account, and whether dots are neither.
var plussed = map[string]bool{
	"gmail.com": true, "googlemail.com": true,
	"outlook.com": false, "hotmail.com": false, "live.com": false, "icloud.com": false, "me.com": false, "fastmail.com": false,
	"proton.me": false, "protonmail.com": false, "pm.me": false, "zoho.com": false, "yandex.com": false,
}

// mailbox returns an address of a provider as all its spellings are; others have
// none.
func mailbox(address string) (string, bool) {
	local, domain, is := strings.Cut(email.Key(address), "@")
	dots, known := plussed[domain]
	if !is || !known {
		return "", false
	}
	local, _, _ = strings.Cut(local, "+")
	if dots {
		local, domain = strings.ReplaceAll(local, ".", ""), "gmail.com"
	}
	return local + "@" + domain, local != ""
}

// phoneDigits are the last digits of a phone number, which are the same with and
// without the prefix of a country.
const phoneDigits = 9

func phone(text string) (string, bool) {
	var b strings.Builder
	for _, r := range text {
		if r >= '0' && r <= '9' {
			b.WriteRune(r)
		}
	}
	digits := strings.TrimLeft(b.String(), "0")
	if len(digits) < 7 || strings.Count(digits, digits[:1]) == len(digits) {
		return "", false
	}
	if len(digits) > phoneDigits {
		digits = digits[len(digits)-phoneDigits:]
	}
	return digits, true
}

// keysOf returns what a customer is compared by, each key once.
func keysOf(c *customer.Customer) []key {
	var out []key
	seen := map[int64]bool{}
	add := func(k key) {
		if !seen[k.hash] {
			seen[k.hash] = true
			out = append(out, k)
		}
	}
	add(keyOf(SameEmail, email.Key(c.Email)))
	if box, is := mailbox(c.Email); is {
		add(keyOf(SameMailbox, box))
	}
	numbers := []string{c.Phone}
	for i := range c.Addresses {
		a := &c.Addresses[i]
		numbers = append(numbers, a.Phone)
		name, place := fold.Plain(a.FirstName+" "+a.LastName), strings.ReplaceAll(fold.Plain(a.PostalCode), " ", "")
		if place != "" && strings.Contains(name, " ") {
			add(keyOf(SameName, name, place))
			add(keyOf(SameName, fold.Plain(customer.FullName(c.FirstName, c.LastName)), place))
		}
	}
	for _, n := range numbers {
		if digits, is := phone(n); is {
			add(keyOf(SamePhone, digits))
		}
	}
	return out
}

// score is how likely it is, of 99, that two customers are one.
func score(reasons map[Reason]bool) int64 {
	doubt := 1.0
	for r := range reasons {
		doubt *= float64(top-worth[r]) / top
	}
	return min(top-1, top-int64(doubt*top+0.5))
}
