// Package metafield holds metafields: what an app keeps about a customer, by
// namespace and key. Each belongs to the API account that made it, and its
// permission set says what other accounts may do with it.
package metafield

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"clientele/internal/fault"
	"clientele/internal/opt"
)

// Permission sets.
const (
	AppOnly    = "app_only"            // for the owner alone
	Read       = "read"                // others may read
	Write      = "write"               // others may read and write
	ReadFront  = "read_and_sf_access"  // Read, and the storefront shows it
	WriteFront = "write_and_sf_access" // Write, and the storefront shows it
)

// Bounds of metafields, lengths in characters.
const (
	MaxBatch     = 50
	MaxPerOwner  = 250 // that one API account may have on one customer
	maxName      = 64  // a namespace or a key
	maxValue     = 65_535
	maxDescribed = 255
)

// Metafield is one value that an app keeps about a customer.
type Metafield struct {
	ID           int64
	CustomerID   int64
	ClientID     string // the owner
	Namespace    string
	Key          string
	Value        string
	Description  string
	Permission   string
	DateCreated  int64
	DateModified int64
}

// Caller is the API account on whose behalf something is done.
type Caller struct {
	ClientID string
	// All is set for accounts that manage everyone's metafields.
	All bool
}

func (c Caller) owns(m *Metafield) bool { return c.All || c.ClientID == m.ClientID }

func (c Caller) reads(m *Metafield) bool { return c.owns(m) || m.Permission != AppOnly }

func (c Caller) writes(m *Metafield) bool {
	return c.owns(m) || m.Permission == Write || m.Permission == WriteFront
}

// Create is the command to make a metafield.
type Create struct {
	CustomerID  int64
	Namespace   string
	Key         string
	Value       string
	Description string
	Permission  string
}

// Update is the command to change a metafield; absent fields stay.
type Update struct {
	ID          int64
	Namespace   opt.Field[string]
	Key         opt.Field[string]
	Value       opt.Field[string]
	Description opt.Field[string]
	Permission  opt.Field[string]
	Claims      Claims
}

// Claims are what a change says of what it cannot change. It has to be so.
type Claims struct {
	CustomerID opt.Field[int64]
	ClientID   opt.Field[string]
}

func (u *Update) apply(m Metafield) Metafield {
	m.Namespace = u.Namespace.Or(m.Namespace)
	m.Key = u.Key.Or(m.Key)
	m.Value = u.Value.Or(m.Value)
	m.Description = u.Description.Or(m.Description)
	m.Permission = u.Permission.Or(m.Permission)
	return m
}

func (m *Metafield) check(c *fault.Collector) {
	text := func(field fault.Field, v string, least, most int) {
		n := utf8.RuneCountInString(v)
		switch {
		case n < least:
			c.Break(field, fault.TooShort, fmt.Sprint(least))
		case n > most:
			c.Break(field, fault.TooLong, fmt.Sprint(most))
		case strings.ContainsRune(v, 0):
			c.Because(field, fault.BadFormat, fault.HoldsNUL, "")
		}
	}
	text(FieldNamespace, m.Namespace, 1, maxName)
	text(FieldKey, m.Key, 1, maxName)
	text(FieldValue, m.Value, 1, maxValue)
	text(FieldDescription, m.Description, 0, maxDescribed)
	switch m.Permission {
	case AppOnly, Read, Write, ReadFront, WriteFront:
	default:
		c.Because(FieldPermission, fault.NotAccepted, WhyPermission, strings.Join([]string{AppOnly, Read, Write, ReadFront, WriteFront}, ", "))
	}
}

// Outcome is what became of a batch: each item is done or failed on its own.
type Outcome struct {
	Done []Metafield
	// Failed has what is wrong with each item of the batch: nothing with those
	// that are done.
	Failed [][]fault.Item
}

func (o *Outcome) fail(i int, it ...fault.Item) { o.Failed[i] = append(o.Failed[i], it...) }

// Fault returns the first item of the batch that failed, and why; nil: none did.
func (o *Outcome) Fault() (at int, err error) {
	at = slices.IndexFunc(o.Failed, func(items []fault.Item) bool { return len(items) > 0 })
	if at < 0 {
		return 0, nil
	}
	f := &fault.Error{Kind: fault.Invalid, Items: o.Failed[at]}
	switch f.Items[0].Code {
	case fault.Unknown:
		return at, errNotFound
	case fault.Denied:
		f.Kind = fault.Forbidden
	case fault.Taken:
		f.Kind = fault.Conflict
	}
	return at, f
}

// One returns the result of a batch of one.
func (o *Outcome) One() (Metafield, error) {
	if _, err := o.Fault(); err != nil {
		return Metafield{}, err
	}
	return o.Done[0], nil
}
