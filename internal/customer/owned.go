package customer

import (
	"slices"
	"strings"
	"unicode/utf8"

	"clientele/internal/email"
	"clientele/internal/event"
	"clientele/internal/fault"
	"clientele/internal/form"
	"clientele/internal/history"
	"clientele/internal/listing"
	"clientele/internal/owned"
	"clientele/internal/portable"
	"clientele/internal/rule"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

var (
	attributesThere = owned.There(`SELECT id FROM attributes WHERE store_id = $1 AND id IN `)
	wholeCustomers  = portable.Of(Portable, Table)
)

// Table is the table of customers, AttributeValues and FormValues are those of values
// of which somebody may choose.
const (
	Table           = "customers"
	AttributeValues = "attribute_values"
	FormValues      = "customer_form_values"
)

// Owned is what customers have of this package's tables.
var Owned = []owned.Part{
	{
		Title: "Addresses", Rows: portable.Of(Portable, "addresses"), Same: func(r portable.Record) string { f := addressOf(r); return f.fingerprint() },
		Resource: history.Address, ID: "id",
		Changed: func(r portable.Record, customerID int64) event.Event {
			return event.Address(event.AddressUpdated, r.Int("id"), customerID)
		},
		Made: func(r portable.Record, customerID int64) event.Event {
			return event.Address(event.AddressCreated, r.Int("id"), customerID)
		},
		Counted: countAddresses,
	},
	{
		Title: "Answers in the form of addresses", Rows: portable.Of(Portable, "address_form_values"), Owner: "address_id", Through: "addresses", Becomes: owned.Goes,
		Refers: fieldsThere, Resource: history.Address, ID: "address_id", Counted: countFormValues,
	},
	{
		Title: "Attributes", Rows: portable.Of(Portable, "attribute_values"), Same: owned.ByNumber("attribute_id"), Choice: owned.Number("attribute_id"),
		Refers:   map[string]func(*sqldb.Tx, []int64) (map[int64]bool, error){"attribute_id": attributesThere},
		Resource: history.AttributeValue, ID: "id",
		Counted: func(tx *sqldb.Tx, rows []portable.Record, by int64) error {
			return store.MoveValues(tx, by*int64(len(rows)), 0)
		},
	},
	{
		Title: "Answers in the form of the account", Rows: portable.Of(Portable, "customer_form_values"), Same: owned.ByNumber("field_id"), Choice: owned.Number("field_id"),
		Refers: fieldsThere, Resource: history.Customer, Counted: countFormValues,
	},
	{Title: "Consent to cookies", Rows: portable.Of(Portable, "customer_consents"), Becomes: owned.Joins, Same: owned.One, Join: stricter, Resource: history.Customer},
	{Title: "Last sign-in", Rows: portable.Of(Portable, "customer_sign_ins"), Becomes: owned.Joins, Same: owned.One, Join: latest, Resource: history.Customer, Passing: true},
	{Title: "Former addresses", Rows: portable.Of(Portable, "customer_aliases"), Resource: history.Customer},
}

var fieldsThere = map[string]func(*sqldb.Tx, []int64) (map[int64]bool, error){
	"field_id": func(tx *sqldb.Tx, ids []int64) (map[int64]bool, error) {
		out := map[int64]bool{}
		if len(ids) == 0 {
			return out, nil
		}
		return out, tx.Pipeline(form.ByIDs(ids, func(f *form.Field) { out[f.ID] = true }))
	},
}

func addressOf(r portable.Record) AddressFields {
	return AddressFields{
		FirstName: r.Text("first_name"), LastName: r.Text("last_name"), Company: r.Text("company"), Phone: r.Text("phone"), Type: r.Text("address_type"),
		Address1: r.Text("address1"), Address2: r.Text("address2"), City: r.Text("city"), StateOrProvince: r.Text("state_or_province"),
		PostalCode: r.Text("postal_code"), CountryCode: r.Text("country_code"),
	}
}

func countAddresses(tx *sqldb.Tx, rows []portable.Record, by int64) error {
	counters, err := store.Advance{Addresses: by * int64(len(rows))}.Run(tx)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if by < 0 {
			err = listing.Addresses.Remove(tx, r.Int("id"))
		} else {
			_, err = listing.Addresses.Choose(tx, counters.AddressID, r.Int("id"))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func countFormValues(tx *sqldb.Tx, rows []portable.Record, by int64) error {
	return store.MoveValues(tx, 0, by*int64(len(rows)))
}

// stricter is what a person agreed to who said something different in several
// accounts: to what they agreed in each in which they said something, and what they
// refused in any.
func stricter(rows []portable.Record) portable.Record {
	out := rows[0].Copy()
	var allow, deny []string
	for _, kind := range ConsentKinds {
		refused, agreed := false, true
		for _, r := range rows {
			refused = refused || slices.Contains(kinds(r.Text("deny")), kind)
			agreed = agreed && slices.Contains(kinds(r.Text("allow")), kind)
		}
		switch {
		case refused:
			deny = append(deny, kind)
		case agreed:
			allow = append(allow, kind)
		}
	}
	out.SetText("allow", strings.Join(allow, ","))
	out.SetText("deny", strings.Join(deny, ","))
	for _, r := range rows {
		out.SetInt("date_modified", max(out.Int("date_modified"), r.Int("date_modified")))
	}
	return out
}

// latest is the last of several sign-ins.
func latest(rows []portable.Record) portable.Record {
	out := rows[0].Copy()
	for _, r := range rows {
		out.SetInt("date_last", max(out.Int("date_last"), r.Int("date_last")))
	}
	return out
}

// Whole returns the rows of customers with all columns, in the order of their ids,
// locked by a clause. FromRow makes customers of them.
func Whole(tx *sqldb.Tx, ids []int64, clause string) ([]portable.Record, error) {
	return wholeCustomers.ReadOf(tx, "id", ids, clause, len(ids))
}

// ParseWhole reads a row as portable.Record.Append writes it.
func ParseWhole(line []byte) (portable.Record, error) { return wholeCustomers.Parse(line) }

// FromRow returns a row of Whole as a customer.
func FromRow(r portable.Record) Customer {
	return Customer{
		ID: r.Int("id"), Email: r.Text("email"), FirstName: r.Text("first_name"), LastName: r.Text("last_name"), Company: r.Text("company"), Phone: r.Text("phone"),
		Notes: r.Text("notes"), TaxExemptCategory: r.Text("tax_exempt_category"), GroupID: r.Int("customer_group_id"), RegistrationIP: r.Text("registration_ip_address"),
		AcceptsEmails: r.Int("accepts_emails") != 0, StoreCredit: r.Int("store_credit"), OriginChannelID: r.Int("origin_channel_id"), ChannelIDs: parseChannels(r.Text("channel_ids")),
		ForcePasswordReset: r.Int("force_password_reset") != 0, DateCreated: r.Int("date_created"), DateModified: r.Int("date_modified"),
	}
}

// AllChannels returns the channels of a customer who may go wherever one of several
// may; nil: all channels.
func AllChannels(of []Customer) []int64 {
	var out []int64
	for i := range of {
		if of[i].ChannelIDs == nil {
			return nil
		}
		out = append(out, of[i].ChannelIDs...)
	}
	return sortedSet(out)
}

// ChannelText returns channels as a row of Whole has them.
func ChannelText(ids []int64) string { return channelText(ids) }

// NotesFit reports whether a customer may have notes.
func NotesFit(text string) bool { return utf8.RuneCountInString(text) <= maxNotes }

// FreeBut reports whether an account for some channels (nil: all) may have an email
// once some customers have none.
func FreeBut(tx *sqldb.Tx, address string, channels []int64, but []Customer) (bool, error) {
	held := map[string][]slot{}
	if err := tx.Pipeline(emailSlots([]string{address}, held)...); err != nil {
		return false, err
	}
	norm := email.Key(address)
	held[norm] = slices.DeleteFunc(held[norm], func(s slot) bool {
		return slices.ContainsFunc(but, func(c Customer) bool { return c.ID == s.customer })
	})
	return emailFree(held[norm], channels, 0), nil
}

// Noting notes for the search what becomes of customers while write runs. The
// store's counters precede it.
func Noting(tx *sqldb.Tx, ids []int64, write func() error) error { return noting(tx, ids, write) }

var setAccess = sqldb.Static(`UPDATE customers SET password_hash = $3, locale = $4, date_modified = $5 WHERE store_id = $1 AND id = $2`)

// Absorb has a customer, who is locked, be what came of several: with another hash
// of a password and another language, and with what was written of the customer
// before in this transaction. u tells what changes of the account itself. The
// store's counters are locked.
func (s *Service) Absorb(tx *sqldb.Tx, id int64, u Update, hash, locale string) error {
	before, err := Whole(tx, []int64{id}, "")
	if err != nil {
		return err
	}
	if len(before) == 0 {
		return ErrNoCustomer
	}
	now, told := s.sys.Now(), false
	u.ID = id
	after, err := s.UpdateTx(tx, []Update{u}, []string{""})
	if err != nil {
		return err
	}
	old := FromRow(before[0])
	told = !old.same(&after[0])
	if err := tx.Exec(setAccess, id, hash, locale, now); err != nil {
		return err
	}
	if was := before[0].Text("password_hash"); was != hash {
		if err := countHashes(tx, rehash{id: id, from: was, to: hash}); err != nil {
			return err
		}
		if err := history.Enter(tx, now, passwordChanged(id)); err != nil {
			return err
		}
	}
	if told {
		return nil
	}
	counters, err := store.Advance{EventIDs: 1}.Run(tx)
	if err != nil {
		return err
	}
	if err := rule.MarkIf(tx, id); err != nil {
		return err
	}
	return event.Record(tx, counters.EventID, now, []event.Event{event.Customer(event.CustomerUpdated, id, after[0].OriginChannelID, after[0].ChannelIDs)})
}

// BringBack makes customers again who were deleted, as their rows were. An email that
// is somebody else's by now is a Conflict. The store's counters are locked.
func (s *Service) BringBack(tx *sqldb.Tx, rows []portable.Record) error {
	now := s.sys.Now()
	held := map[string][]slot{}
	var addresses []string
	var ids []int64
	for _, r := range rows {
		addresses, ids = append(addresses, r.Text("email")), append(ids, r.Int("id"))
	}
	there := map[int64]bool{}
	if err := tx.Pipeline(append(emailSlots(addresses, held), HoldQuery(tx, ids, there))...); err != nil {
		return err
	}
	var wrong fault.Batch
	back := make([]Customer, len(rows))
	wrong.Each(len(rows), func(i int, c *fault.Collector) {
		back[i] = FromRow(rows[i])
		b := &back[i]
		if there[b.ID] {
			c.AddItem(fault.Item{Field: FieldID, Code: fault.Taken})
		}
		takeSlots(c, held, b.Email, email.Key(b.Email), b.ChannelIDs, b.ID)
	})
	if err := wrong.Err(fault.Conflict); err != nil {
		return err
	}
	n := int64(len(rows))
	counters, err := store.Advance{Customers: n, EventIDs: n, Entries: n}.Run(tx)
	if err != nil {
		return err
	}
	if err := wholeCustomers.Insert(tx, rows); err != nil {
		return err
	}
	entries, events := make([]history.Entry, n), make([]event.Event, n)
	hashes := make([]rehash, n)
	for i := range back {
		b := &back[i]
		if err := takeEmail(tx, b, email.Key(b.Email)); err != nil {
			return err
		}
		if _, err := listing.Customers.Choose(tx, counters.CustomerID, b.ID); err != nil {
			return err
		}
		entries[i] = b.changeOf(history.Created, nil, b)
		events[i] = event.Customer(event.CustomerCreated, b.ID, b.OriginChannelID, b.ChannelIDs)
		hashes[i] = rehash{id: b.ID, to: rows[i].Text("password_hash")}
	}
	if err := countHashes(tx, hashes...); err != nil {
		return err
	}
	if err := history.Record(tx, counters.EntryID, now, entries); err != nil {
		return err
	}
	if err := rule.MarkIf(tx, ids...); err != nil {
		return err
	}
	return event.Record(tx, counters.EventID, now, events)
}

// EndAll ends all that lets a customer in.
func (s *Service) EndAll(tx *sqldb.Tx, id int64) error {
	return s.endAccess(tx, Ended{CustomerID: id, Password: true})
}

var changedAfter = sqldb.Static(`SELECT id, date_modified FROM customers WHERE store_id = $1 AND (date_modified, id) > ($2, $3) AND date_modified <= $4 ORDER BY date_modified, id LIMIT $5`)

// ChangedAfter returns the ids of customers, most at most, with when they changed: those
// that changed after another one, up to a time.
func ChangedAfter(tx *sqldb.Tx, at, id, to int64, most int) (out []Customer, err error) {
	return out, tx.Query(changedAfter, func(r *sqldb.Row) error {
		out = append(out, Customer{ID: r.Int(0), DateModified: r.Int(1)})
		return nil
	}, at, id, to, int64(most))
}

// comparedBook is of how many addresses of a customer ForComparison tells.
const comparedBook = 10

// ForComparison returns customers by what two accounts of one person may have in
// common, with the first of their addresses.
func ForComparison(tx *sqldb.Tx, ids []int64) ([]Customer, error) {
	rows, err := subjects(tx, ids)
	if err != nil {
		return nil, err
	}
	out := make([]Customer, len(rows))
	for i := range rows {
		out[i] = rows[i].Customer
		out[i].Addresses = rows[i].book[:min(comparedBook, len(rows[i].book))]
	}
	return out, nil
}
