// Package instrument holds customers' stored payment instruments: tokens that
// a payment provider gave for cards and accounts, with what a person needs to
// tell them apart. Numbers of cards are never kept.
package instrument

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"clientele/internal/customer"
	"clientele/internal/email"
	"clientele/internal/event"
	"clientele/internal/fault"
	"clientele/internal/history"
	"clientele/internal/sqldb"
	"clientele/internal/store"
	"clientele/internal/system"
)

// Types of instruments.
const (
	Card   = "stored_card"
	PayPal = "stored_paypal_account"
	Bank   = "stored_bank_account"
)

// MaxPerCustomer bounds what one customer can have.
const MaxPerCustomer = 100

const maxText = 255 // characters of any text

// Instrument is a stored instrument; which fields it uses depends on its type.
type Instrument struct {
	Token     string `json:"-"`
	IsDefault bool   `json:"-"`
	Type      string
	// Of cards.
	Brand       string
	ExpiryMonth int64
	ExpiryYear  int64
	IIN         string // the issuer identification number: how the card number begins
	Last4       string
	Billing     *BillingAddress
	// Of PayPal accounts.
	Email string
	// Of bank accounts.
	MaskedNumber string
	Issuer       string
}

// BillingAddress is where a card's bills go.
type BillingAddress struct {
	FirstName, LastName, Email, Company, Address1, Address2, City, PostalCode string
	StateOrProvince, StateCode, CountryCode, Phone                            string
}

var (
	selectAll = sqldb.Static(`SELECT token, is_default, details FROM stored_instruments WHERE store_id = $1 AND customer_id = $2 ORDER BY date_created, token`)
	owner     = sqldb.Static(`SELECT customer_id, is_default, details FROM stored_instruments WHERE store_id = $1 AND token = $2`)
	defaulted = sqldb.Static(`SELECT token FROM stored_instruments WHERE store_id = $1 AND customer_id = $2 AND is_default = 1`)
	howMany   = sqldb.Static(`SELECT COUNT(*) FROM stored_instruments WHERE store_id = $1 AND customer_id = $2`)
	undefault = sqldb.Static(`UPDATE stored_instruments SET is_default = 0 WHERE store_id = $1 AND customer_id = $2 AND is_default = 1`)
	upsert    = sqldb.Static(`INSERT INTO stored_instruments (store_id, token, customer_id, is_default, details, date_created) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (store_id, token) DO UPDATE SET is_default = excluded.is_default, details = excluded.details`)
	remove = sqldb.Static(`DELETE FROM stored_instruments WHERE store_id = $1 AND token = $2 AND customer_id = $3`)
)

// Service keeps instruments.
type Service struct {
	db  *sqldb.DB
	sys *system.System
}

// NewService returns a Service over db.
func NewService(db *sqldb.DB, sys *system.System) *Service { return &Service{db: db, sys: sys} }

// List returns a customer's instruments, the oldest first.
func (s *Service) List(ctx context.Context, storeID, customerID int64) ([]Instrument, error) {
	var out []Instrument
	found := false
	err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		return tx.Pipeline(
			customer.ExistsQuery(customerID, &found),
			sqldb.Q{Stmt: selectAll, Args: []any{customerID}, Each: func(r *sqldb.Row) error {
				in := Instrument{Token: r.Text(0), IsDefault: r.Flag(1)}
				out = append(out, in)
				if err := json.Unmarshal([]byte(r.Text(2)), &out[len(out)-1]); err != nil {
					return fmt.Errorf("instrument: stored details: %w", err)
				}
				return nil
			}},
		)
	})
	if err == nil && !found {
		err = customer.ErrNoCustomer
	}
	return out, err
}

// Put stores an instrument, or replaces the customer's one with that token.
// Without a token one is drawn. A default one takes the place of the default
// before it.
func (s *Service) Put(ctx context.Context, storeID, customerID int64, in Instrument) (Instrument, error) {
	if in.Token == "" {
		in.Token = s.sys.Hex(32)
	}
	err := s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error { return PutTx(tx, customerID, in, s.sys.Now()) })
	return in, err
}

// PutTx is Put inside a transaction; the token is given.
func PutTx(tx *sqldb.Tx, customerID int64, in Instrument, now int64) error {
	c := fault.Collector{}
	in.check(&c)
	if err := c.Err(fault.Invalid); err != nil {
		return err
	}
	details, err := json.Marshal(in)
	if err != nil {
		return err
	}
	if err := customer.HoldOne(tx, customerID); err != nil {
		return err
	}
	// The counters' lock keeps two customers from taking one token.
	var counters store.Counters
	var holder, n int64
	var old *kept
	before := ""
	if err := tx.Pipeline(
		store.Advance{}.Query(tx, &counters),
		sqldb.Q{Stmt: owner, Args: []any{in.Token}, Each: func(r *sqldb.Row) (err error) {
			holder = r.Int(0)
			old, err = keptOf(r.Flag(1), r.Text(2))
			return err
		}},
		sqldb.Q{Stmt: defaulted, Args: []any{customerID}, Each: func(r *sqldb.Row) error { before = r.Text(0); return nil }},
		sqldb.Q{Stmt: howMany, Args: []any{customerID}, Each: func(r *sqldb.Row) error { n = r.Int(0); return nil }},
	); err != nil {
		return err
	}
	if holder != 0 && holder != customerID {
		return fault.Broken(fault.Conflict, fault.Item{Field: FieldToken, Code: fault.Taken, Why: WhyTaken})
	}
	if holder == 0 && n >= MaxPerCustomer {
		return fault.Broken(fault.Invalid, fault.Item{Field: FieldToken, Code: fault.TooManyItems, Why: WhyMany, Want: fmt.Sprint(MaxPerCustomer)})
	}
	var entries []history.Entry
	if in.IsDefault && before != "" && before != in.Token {
		entries = append(entries, changeOf(customerID, &kept{isDefault: true}, &kept{}))
		if err := tx.Exec(undefault, customerID); err != nil {
			return err
		}
	}
	if err := tx.Exec(upsert, in.Token, customerID, sqldb.Flag(in.IsDefault), string(details), now); err != nil {
		return err
	}
	if e := changeOf(customerID, old, &kept{in.Type, in.IsDefault, string(details)}); e.Changed() {
		entries = append(entries, e)
	}
	return record(tx, customerID, in.IsDefault != (before == in.Token), entries, now)
}

// record records changes, and tells of a customer's default instrument where
// that is another one now.
func record(tx *sqldb.Tx, customerID int64, another bool, entries []history.Entry, now int64) error {
	var events []event.Event
	if another {
		events = append(events, event.DefaultInstrument(customerID))
	}
	return store.Note(tx, now, events, entries)
}

// keptOf returns an instrument as it is stored.
func keptOf(isDefault bool, details string) (*kept, error) {
	var in Instrument
	err := json.Unmarshal([]byte(details), &in)
	return &kept{in.Type, isDefault, details}, err
}

// Delete removes a customer's instrument.
func (s *Service) Delete(ctx context.Context, storeID, customerID int64, token string) error {
	return s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		var old *kept
		if err := tx.Query(sqldb.Dynamic(`SELECT is_default, details FROM stored_instruments WHERE store_id = $1 AND token = $2 AND customer_id = $3`+tx.ForDelete()), func(r *sqldb.Row) (err error) {
			old, err = keptOf(r.Flag(0), r.Text(1))
			return err
		}, token, customerID); err != nil {
			return err
		}
		if old == nil {
			return fault.New(fault.NotFound, "there is no such instrument")
		}
		if err := record(tx, customerID, old.isDefault, []history.Entry{changeOf(customerID, old, nil)}, s.sys.Now()); err != nil {
			return err
		}
		return tx.Exec(remove, token, customerID)
	})
}

var (
	tokenForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9_.:-]{8,128}$`) })
	fourForm  = regexp.MustCompile(`^[0-9]{4}$`)
	iinForm   = regexp.MustCompile(`^[0-9]{6,8}$`)
	digits    = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[0-9](?:[ -]?[0-9]){11,18}`) })
	allDigits = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9](?:[.:_-]?[0-9]){11,18}$`) })
)

func (in *Instrument) check(c *fault.Collector) {
	if !tokenForm().MatchString(in.Token) {
		c.Because(FieldToken, fault.BadFormat, WhyToken, "")
	}
	if allDigits().MatchString(in.Token) && luhn(in.Token) {
		c.Because(FieldToken, fault.BadFormat, WhyCardNumber, "")
	}
	texts := map[fault.Field]string{FieldBrand: in.Brand, FieldMaskedNumber: in.MaskedNumber, FieldIssuer: in.Issuer}
	bounded := map[fault.Field]string{FieldEmail: in.Email}
	switch in.Type {
	case Card:
		if in.Brand == "" {
			c.Break(FieldBrand, fault.Required, "")
		}
		if in.ExpiryMonth < 1 || in.ExpiryMonth > 12 {
			c.Because(FieldExpiryMonth, fault.OutOfRange, WhyMonth, "")
		}
		if in.ExpiryYear < 0 || in.ExpiryYear > 9999 {
			c.Because(FieldExpiryYear, fault.OutOfRange, WhyYear, "")
		}
		if in.IIN != "" && !iinForm.MatchString(in.IIN) {
			c.Because(FieldIIN, fault.BadFormat, WhyIIN, "")
		}
		if !fourForm.MatchString(in.Last4) {
			c.Because(FieldLast4, fault.BadFormat, WhyFourDigits, "")
		}
		if b := in.Billing; b != nil {
			maps.Copy(bounded, map[fault.Field]string{
				FieldBillingFirstName: b.FirstName, FieldBillingLastName: b.LastName, FieldBillingEmail: b.Email, FieldBillingCompany: b.Company,
				FieldBillingAddress1: b.Address1, FieldBillingAddress2: b.Address2, FieldBillingCity: b.City, FieldBillingPostalCode: b.PostalCode,
				FieldBillingState: b.StateOrProvince, FieldBillingStateCode: b.StateCode, FieldBillingCountry: b.CountryCode, FieldBillingPhone: b.Phone,
			})
		}
	case PayPal:
		if it, ok := email.Check(FieldEmail, in.Email); !ok {
			c.AddItem(it)
		}
	case Bank:
		if in.MaskedNumber == "" {
			c.Break(FieldMaskedNumber, fault.Required, "")
		}
	default:
		c.Because(FieldType, fault.NotAccepted, WhyType, strings.Join([]string{Card, PayPal, Bank}, ", "))
	}
	for field, v := range texts {
		bounded[field] = v
		if n := digits().FindString(v); n != "" && luhn(n) {
			c.Because(field, fault.BadFormat, WhyCardNumber, "")
		}
	}
	for field, v := range bounded {
		if utf8.RuneCountInString(v) > maxText || strings.ContainsRune(v, 0) {
			c.Break(field, fault.TooLong, fmt.Sprint(maxText))
		}
	}
	slices.SortStableFunc(c.Items, func(a, b fault.Item) int { return strings.Compare(string(a.Field), string(b.Field)) })
}

// luhn reports whether digits could be a card number by their check digit.
func luhn(text string) bool {
	sum, n := 0, 0
	for i := len(text) - 1; i >= 0; i-- {
		if text[i] < '0' || text[i] > '9' {
			continue
		}
		d := int(text[i] - '0')
		if n%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
		n++
	}
	return sum%10 == 0
}
