// Package person gives a person what a store keeps of them, and erases it. What
// that is the packages tell whose tables it is in (package personal); here it is
// put together, in the order in which it is erased.
package person

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"clientele/internal/email"
	"clientele/internal/fault"
	"clientele/internal/personal"
	"clientele/internal/sqldb"
	"clientele/internal/storekey"
	"clientele/internal/system"
)

// The fields of which faults tell.
const (
	FieldEmail  fault.Field = "email" // by which a person is named
	FieldReason fault.Field = "reason"
)

const maxReason = 1000 // characters

// Ask is what somebody asks for: whose data, and why. The reason is for the
// history and may be empty.
type Ask struct{ Email, Reason string }

// Service exports and erases.
type Service struct {
	db    *sqldb.DB
	sys   *system.System
	keys  *storekey.Service
	parts []personal.Part
	// suppress keeps an address, by its hash, from being subscribed again.
	suppress func(tx *sqldb.Tx, hash string, now int64) error
	// after brings up to date what follows the tables by itself.
	after func(ctx context.Context, storeID int64) error
	// files takes files away that tell of persons.
	files func(ctx context.Context, storeID int64) error
	// Patience is how long a request works at an erasure before it tells its state
	// instead.
	Patience time.Duration
}

// Config is what a Service needs.
type Config struct {
	DB     *sqldb.DB
	System *system.System
	Keys   *storekey.Service
	// Parts are what the tables hold of persons, in the order in which they are
	// erased.
	Parts []personal.Part
	// Suppress keeps an address, by its hash, from being subscribed again.
	Suppress func(tx *sqldb.Tx, hash string, now int64) error
	// After brings up to date what follows the tables by itself, such as the lists
	// of the search.
	After func(ctx context.Context, storeID int64) error
	// Files takes files of a store away that tell of persons and are not in use. A
	// server calls it, which knows where they are.
	Files func(ctx context.Context, storeID int64) error
}

// NewService returns a Service.
func NewService(c Config) *Service {
	return &Service{db: c.DB, sys: c.System, keys: c.Keys, parts: c.Parts, suppress: c.Suppress, after: c.After, files: c.Files, Patience: patience}
}

// Parts are what the store's tables hold of persons.
func (s *Service) Parts() []personal.Part { return s.parts }

// errNobody: nothing is kept of the person.
var errNobody = fault.New(fault.NotFound, "Nothing is kept of a person with this address.")

// check looks at an address. One that no email can be sent to may be that of an
// older customer.
func check(address string) error {
	switch {
	case strings.TrimSpace(address) == "":
		return fault.Broken(fault.Invalid, fault.Item{Field: FieldEmail, Code: fault.Required})
	case utf8.RuneCountInString(address) > email.MaxText:
		return fault.Broken(fault.Invalid, fault.Item{Field: FieldEmail, Code: fault.TooLong, Want: "255"})
	}
	if !strings.Contains(address, "@") {
		it, _ := email.Check(FieldEmail, address)
		return fault.Broken(fault.Invalid, it)
	}
	return nil
}

// check looks at what is asked for.
func (a *Ask) check() error {
	if err := check(a.Email); err != nil {
		return err
	}
	c := fault.Collector{}
	c.Length(FieldReason, a.Reason, 0, maxReason)
	return c.Err(fault.Invalid)
}

// find returns who has an address.
func (s *Service) find(ctx context.Context, storeID int64, address string) (*personal.Who, error) {
	keys, err := s.keys.Keys(ctx, storeID)
	if err != nil {
		return nil, err
	}
	w := &personal.Who{Email: address, Hash: personal.HashOf(keys, address)}
	// What says who had the address comes before who has it: see
	// personal.Who.Former.
	for _, p := range slices.Backward(s.parts) {
		if p.Find == nil {
			continue
		}
		for at := (personal.Place{}); !at.End; {
			if err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) (err error) { at, err = p.Find(tx, w, at); return err }); err != nil {
				return nil, err
			}
		}
	}
	return w, nil
}

// read calls each for the rows of a part, outside of any transaction.
func (s *Service) read(ctx context.Context, storeID int64, w *personal.Who, p *personal.Part, each func(*personal.Row) error) error {
	for at := (personal.Place{}); !at.End; {
		var rows []personal.Row
		if err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) (err error) { rows, at, err = p.Read(tx, w, at); return err }); err != nil {
			return err
		}
		for i := range rows {
			if err := each(&rows[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// Count is how many rows a table holds of a person.
type Count struct {
	Table string
	Rows  int64
	// Becomes tells what an erasure does with them.
	Becomes Becoming
}

// Becoming is what an erasure does with rows.
type Becoming string

// What an erasure does with rows.
const (
	Deleted  Becoming = "deleted"
	Scrubbed Becoming = "scrubbed" // they stay, without what is personal in them
	Stays    Becoming = "stays"
)

func becoming(p *personal.Part) Becoming {
	switch {
	case p.Stays != "":
		return Stays
	case p.Scrubs:
		return Scrubbed
	}
	return Deleted
}

// counts counts the rows of a person by table, without tables that hold nothing.
func (s *Service) counts(ctx context.Context, storeID int64, w *personal.Who) ([]Count, error) {
	var out []Count
	for i := range s.parts {
		p := &s.parts[i]
		n := int64(0)
		if err := s.read(ctx, storeID, w, p, func(*personal.Row) error { n++; return nil }); err != nil {
			return nil, err
		}
		if n > 0 {
			out = append(out, Count{p.Table, n, becoming(p)})
		}
	}
	return out, nil
}
