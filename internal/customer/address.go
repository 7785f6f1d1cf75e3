package customer

import (
	"context"
	"errors"

	"clientele/internal/event"
	"clientele/internal/fault"
	"clientele/internal/form"
	"clientele/internal/geo"
	"clientele/internal/history"
	"clientele/internal/listing"
	"clientele/internal/opt"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

// AddressList declares the list of addresses.
var AddressList = &listing.Spec{
	Table: "addresses",
	Fields: []listing.Field{
		{Name: "id", Kind: listing.Int, Ops: []listing.Op{listing.In}, Column: "id"},
		{Name: "company", Kind: listing.Folded, Ops: []listing.Op{listing.In}, Column: "company_norm", NonEmpty: true},
		{Name: "name", Kind: listing.Folded, Ops: []listing.Op{listing.In}, Column: "name_norm"},
		{Name: "customer_id", Kind: listing.Int, Ops: []listing.Op{listing.In}, Column: "customer_id"},
	},
	Includes: []string{IncludeFormFields},
	Gaps:     listing.Addresses,
	Total:    store.TotalAddresses(),
}

// DeleteAddressList declares what addresses may be selected by for deletion.
var DeleteAddressList = &listing.Spec{Table: "addresses", Fields: AddressList.Fields[:1], Unpaged: true, Deletes: true}

// Addresses returns a page of addresses.
func (s *Service) Addresses(ctx context.Context, storeID int64, q *listing.Query) ([]Address, *listing.Result, error) {
	var out []Address
	var res *listing.Result
	err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		out = make([]Address, 0, min(q.Limit, 64))
		res, err = q.Run(tx, addressColumns, func(r *sqldb.Row) error {
			out = append(out, Address{})
			out[len(out)-1].scan(r)
			return nil
		})
		if err != nil || !q.Includes(IncludeFormFields) || len(out) == 0 {
			return err
		}
		ids := make([]int64, len(out))
		for i := range out {
			ids[i] = out[i].ID
		}
		var values []FormValue
		in, args := sqldb.In(nil, ids)
		if err := tx.Pipeline(valuesQuery(form.Address, ` IN `+in, args, func(v FormValue) { values = append(values, v) })); err != nil {
			return err
		}
		spread(out, values)
		return nil
	})
	return out, res, err
}

// CreateAddresses makes addresses: all of them or, if any breaks a rule,
// none. One that its customer has already is left as it is and absent from
// the result.
func (s *Service) CreateAddresses(ctx context.Context, storeID int64, in []AddressCreate) ([]Address, error) {
	if len(in) == 0 {
		return nil, nil
	}
	var b fault.Batch
	b.Each(len(in), func(i int, c *fault.Collector) {
		in[i].normalize()
		in[i].check(c)
	})
	if err := b.Err(fault.Invalid); err != nil {
		return nil, err
	}
	var out []Address
	err := s.db.WriteAgain(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		out, err = createAddresses(tx, in, s.sys.Now())
		return err
	})
	if errors.Is(err, sqldb.ErrForeignKey) {
		err = &fault.Error{Kind: fault.Invalid, Cause: err, Items: []fault.Item{{Field: FieldCustomer, Code: fault.Unknown, Why: WhyNoCustomer}}}
	}
	return out, err
}

// ownPrint identifies an address's core fields within its store.
type ownPrint struct {
	customer    int64
	fingerprint string
}

func createAddresses(tx *sqldb.Tx, in []AddressCreate, now int64) ([]Address, error) {
	var w wanted
	customers := map[int64]bool{}
	ids := make([]int64, len(in))
	prints := make([]string, len(in))
	for i := range in {
		ids[i] = in[i].CustomerID
		prints[i] = in[i].fingerprint()
		w.form(form.Address, in[i].Extent, in[i].FormFields)
	}
	have := map[ownPrint]bool{}
	if err := tx.Pipeline(HoldQuery(tx, ids, customers), fingerprintsQuery(ids, prints, func(_ int64, o ownPrint) { have[o] = true })); err != nil {
		return nil, err
	}
	ref, err := w.load(tx)
	if err != nil {
		return nil, err
	}
	values := make([][]form.Stored, len(in))
	made := make([]int, 0, len(in))
	var b fault.Batch
	b.Each(len(in), func(i int, c *fault.Collector) {
		if !customers[in[i].CustomerID] {
			c.Because(FieldCustomer, fault.Unknown, WhyNoCustomer, "")
		}
		values[i] = ref.checkNewAddress(c, in[i].Extent, &in[i])
		if o := (ownPrint{in[i].CustomerID, prints[i]}); !have[o] {
			have[o] = true
			made = append(made, i)
		}
	})
	if err := b.Err(fault.Invalid); err != nil {
		return nil, err
	}
	n := int64(len(made))
	if n == 0 {
		return nil, nil
	}
	drawn := n
	for _, i := range made {
		if in[i].ID != 0 {
			drawn--
		}
	}
	adv := store.Advance{AddressIDs: drawn, EventIDs: n, Entries: n, Addresses: n}
	for _, i := range made {
		adv.FormValues += filledAnew(nil, 0, values[i])
	}
	counters, err := adv.Run(tx)
	if err != nil {
		return nil, err
	}
	out := make([]Address, 0, n)
	events, entries := make([]event.Event, 0, n), make([]history.Entry, 0, n)
	next, highest := counters.AddressID-drawn, counters.AddressID
	var rows []any
	var filled filledIn
	for _, i := range made {
		id := in[i].ID
		if id == 0 {
			next++
			id = next
		} else if highest, err = listing.Addresses.Choose(tx, highest, id); err != nil {
			return nil, err
		}
		a := Address{ID: id, CustomerID: in[i].CustomerID, AddressFields: in[i].AddressFields, FormFields: formValues(addressSubmission(id), values[i])}
		rows = appendAddress(rows, &a, prints[i])
		filled.add(addressSubmission(id), values[i])
		out = append(out, a)
		events = append(events, event.Address(event.AddressCreated, id, a.CustomerID))
		e := a.changeOf(history.Created, nil, &a)
		addFilled(&e, nil, addressSubmission(id), values[i])
		entries = append(entries, e)
	}
	var owners []int64
	for i := range out {
		owners = append(owners, out[i].CustomerID)
	}
	if err := notingBooks(tx, owners, func() error { return insertAddresses.Exec(tx, nil, rows) }); err != nil {
		return nil, err
	}
	if err := filled.store(tx); err != nil {
		return nil, err
	}
	if drawn < n {
		if err := (store.Lowest{AddressID: highest}).Lift(tx); err != nil {
			return nil, err
		}
	}
	if err := history.Record(tx, counters.EntryID, now, entries); err != nil {
		return nil, err
	}
	if err := markOwners(tx, counters, entries); err != nil {
		return nil, err
	}
	return out, event.Record(tx, counters.EventID, now, events)
}

// fingerprintsQuery finds the addresses of customers with given fingerprints.
func fingerprintsQuery(customers []int64, prints []string, each func(id int64, o ownPrint)) sqldb.Q {
	owners, args := sqldb.In(nil, customers)
	printed, args := sqldb.In(args, prints)
	return sqldb.Q{
		Stmt: sqldb.Dynamic(`SELECT id, customer_id, fingerprint FROM addresses WHERE store_id = $1 AND customer_id IN ` + owners + ` AND fingerprint IN ` + printed),
		Args: args,
		Each: func(r *sqldb.Row) error {
			each(r.Int(0), ownPrint{r.Int(1), r.Text(2)})
			return nil
		},
	}
}

// UpdateAddresses changes addresses: all of them or, if any breaks a rule,
// none. One that would become equal to another of its customer is left as it
// is and absent from the result; one that does not change is in the result
// and records no event.
func (s *Service) UpdateAddresses(ctx context.Context, storeID int64, in []AddressUpdate) ([]Address, error) {
	if len(in) == 0 {
		return nil, nil
	}
	var b fault.Batch
	seen := map[int64]bool{}
	b.Each(len(in), func(i int, c *fault.Collector) {
		if seen[in[i].ID] {
			c.Because(FieldID, fault.Duplicate, WhyAddressTwice, "")
		}
		seen[in[i].ID] = true
	})
	if err := b.Err(fault.Invalid); err != nil {
		return nil, err
	}
	var out []Address
	err := s.db.WriteAgain(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		out, err = updateAddresses(tx, 0, in, s.sys.Now())
		return err
	})
	return out, err
}

// updateAddresses changes addresses, of a given customer or with 0 of anyone.
func updateAddresses(tx *sqldb.Tx, customerID int64, in []AddressUpdate, now int64) ([]Address, error) {
	b := &addressBatch{in: in, of: customerID}
	if err := runBatch(tx, b, now); err != nil {
		return nil, err
	}
	return b.out, nil
}

// addressBatch changes addresses.
type addressBatch struct {
	in      []AddressUpdate
	of      int64 // the customer; 0: any
	ids     []int64
	current map[int64]*Address
	ref     *references
	stored  map[place]string
	changes []addressChange
	out     []Address        // with what does not change
	writes  []*addressChange // what is to be stored
	owners  []int64          // whose address itself changes
	before  []subject
}

// addressChange is what an update does to one address.
type addressChange struct {
	address Address
	print   string
	row     bool          // the row itself changes
	values  []form.Stored // that differ from the stored ones
}

func (b *addressBatch) lock(tx *sqldb.Tx) error {
	b.ids = make([]int64, len(b.in))
	for i := range b.in {
		b.ids[i] = b.in[i].ID
	}
	b.current = map[int64]*Address{}
	if err := tx.Pipeline(lockAddresses(tx, b.ids, b.current)); err != nil {
		return err
	}
	for i, id := range b.ids {
		a := b.current[id]
		if b.of != 0 && (a == nil || a.CustomerID != b.of) {
			return errNoAddress
		}
		if a != nil && b.in[i].Still != nil && !b.in[i].Still(a) {
			return ErrStale
		}
	}
	return nil
}

// lockAddresses returns the query that reads addresses and locks them.
func lockAddresses(tx *sqldb.Tx, ids []int64, into map[int64]*Address) sqldb.Q {
	in, args := sqldb.In(nil, ids)
	return sqldb.Q{
		Stmt: sqldb.Dynamic(`SELECT ` + addressColumns + ` FROM addresses WHERE store_id = $1 AND id IN ` + in + ` ORDER BY id` + tx.ForUpdate()),
		Args: args,
		Each: func(r *sqldb.Row) error {
			a := &Address{}
			a.scan(r)
			into[a.ID] = a
			return nil
		},
	}
}

func (b *addressBatch) lookUp(tx *sqldb.Tx) (err error) {
	var w wanted
	for i := range b.in {
		w.form(form.Address, b.in[i].Extent, b.in[i].FormFields)
	}
	if b.ref, err = w.load(tx); err != nil || len(w.forms) == 0 {
		return err
	}
	b.stored = map[place]string{}
	return tx.Pipeline(storedQuery(form.Address, b.ids, b.stored))
}

func (b *addressBatch) plan(wrong *fault.Batch) {
	b.changes = make([]addressChange, len(b.in))
	wrong.Each(len(b.in), func(i int, c *fault.Collector) {
		u, old := &b.in[i], b.current[b.in[i].ID]
		if old == nil {
			c.Because(FieldID, fault.Unknown, WhyNoAddress, "")
			return
		}
		p := &b.changes[i]
		p.address = *old
		u.apply(&p.address.AddressFields)
		p.address.normalize()
		p.address.check(c)
		u.Claims.check(c, old, &p.address)
		p.print = p.address.fingerprint()
		p.row = p.address.AddressFields != old.AddressFields
		if values := b.ref.checkAddress(c, u.Extent, u.FormFields, u.Company, u.Phone, u.Address2); len(values) > 0 {
			p.address.FormFields = formValues(addressSubmission(old.ID), values)
			p.values = differing(b.stored, addressSubmission(old.ID), values)
		}
	})
}

// settle leaves out what would make an address equal to another of its
// customer.
func (b *addressBatch) settle(tx *sqldb.Tx) (changes, told int, err error) {
	var customers []int64
	var prints []string
	for i := range b.changes {
		if p := &b.changes[i]; p.row {
			customers, prints = append(customers, p.address.CustomerID), append(prints, p.print)
		}
	}
	holder := map[ownPrint]int64{}
	if len(prints) > 0 {
		if err := tx.Pipeline(fingerprintsQuery(customers, prints, func(id int64, o ownPrint) { holder[o] = id })); err != nil {
			return 0, 0, err
		}
	}
	for i := range b.changes {
		p := &b.changes[i]
		if p.row {
			o := ownPrint{p.address.CustomerID, p.print}
			if id, taken := holder[o]; taken && id != p.address.ID {
				continue
			}
			holder[o] = p.address.ID
		}
		b.out = append(b.out, p.address)
		if p.row || len(p.values) > 0 {
			b.writes = append(b.writes, p)
		}
		if p.row {
			b.owners = append(b.owners, p.address.CustomerID)
		}
	}
	return len(b.writes), len(b.writes), nil
}

func (b *addressBatch) record(i int) history.Entry {
	p := b.writes[i]
	e := p.address.changeOf(history.Updated, b.current[p.address.ID], &p.address)
	addFilled(&e, b.stored, addressSubmission(p.address.ID), p.values)
	return e
}

func (b *addressBatch) write(tx *sqldb.Tx, i int, _ int64) (event.Event, error) {
	p := b.writes[i]
	if i == 0 {
		var err error
		if b.before, err = subjects(tx, b.owners); err != nil {
			return event.Event{}, err
		}
	}
	if p.row {
		if err := updateAddressRow(tx, &p.address, p.print); err != nil {
			return event.Event{}, err
		}
	}
	if err := storeValues(tx, b.stored, addressSubmission(p.address.ID), p.values); err != nil {
		return event.Event{}, err
	}
	if i == len(b.writes)-1 {
		if err := noteBooks(tx, b.before, b.owners); err != nil {
			return event.Event{}, err
		}
	}
	return event.Address(event.AddressUpdated, p.address.ID, p.address.CustomerID), nil
}

// check notes what is not so, neither before the change nor after it.
func (s *AddressClaims) check(c *fault.Collector, old, now *Address) {
	c.Claim(FieldCustomer, s.CustomerID.Or(old.CustomerID) == old.CustomerID)
	if s.Country.Set {
		country, ok := geo.Named(s.Country.Value)
		c.Claim(FieldCountryName, ok && (country.Code == old.CountryCode || country.Code == now.CountryCode))
	}
}

func (u *AddressUpdate) apply(a *AddressFields) {
	for _, f := range []struct {
		from opt.Field[string]
		to   *string
	}{
		{u.FirstName, &a.FirstName}, {u.LastName, &a.LastName}, {u.Company, &a.Company}, {u.Phone, &a.Phone},
		{u.Type, &a.Type}, {u.Address1, &a.Address1}, {u.Address2, &a.Address2}, {u.City, &a.City},
		{u.StateOrProvince, &a.StateOrProvince}, {u.PostalCode, &a.PostalCode}, {u.CountryCode, &a.CountryCode},
	} {
		*f.to = f.from.Or(*f.to)
	}
}

// Fields returns the fields of an address made from the command alone.
func (u AddressUpdate) Fields() AddressFields {
	var a AddressFields
	u.apply(&a)
	return a
}

// DeleteAddresses removes the addresses that q selects and returns how many
// there were. Without a condition it removes none.
func (s *Service) DeleteAddresses(ctx context.Context, storeID int64, q *listing.Query) (int, error) {
	n := 0
	err := s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		n = 0
		ids, err := q.IDs(tx)
		if err != nil || len(ids) == 0 {
			return err
		}
		n = len(ids)
		return deleteAddresses(tx, ids, s.sys.Now())
	})
	return n, err
}

// deleteAddresses removes addresses that the caller has locked.
func deleteAddresses(tx *sqldb.Tx, ids []int64, now int64) error {
	gone, err := holdAddresses(tx, "", ids...)
	if err != nil {
		return err
	}
	return removeAddresses(tx, gone, now)
}

// holdAddresses reads addresses, with a clause that locks them.
func holdAddresses(tx *sqldb.Tx, clause string, ids ...int64) (out []Address, err error) {
	in, args := sqldb.In(nil, ids)
	err = tx.Query(sqldb.Dynamic(`SELECT `+addressColumns+` FROM addresses WHERE store_id = $1 AND id IN `+in+` ORDER BY id`+clause), func(r *sqldb.Row) error {
		out = append(out, Address{})
		out[len(out)-1].scan(r)
		return nil
	}, args...)
	return out, err
}

// removeAddresses removes addresses that the caller has read and locked.
func removeAddresses(tx *sqldb.Tx, gone []Address, now int64) error {
	n := len(gone)
	ids, events := make([]int64, n), make([]event.Event, n)
	for i := range gone {
		ids[i] = gone[i].ID
		events[i] = event.Address(event.AddressDeleted, gone[i].ID, gone[i].CustomerID)
	}
	filled := map[int64][]storedValue{}
	if err := tx.Pipeline(filledQuery(form.Address, ids, filled)); err != nil {
		return err
	}
	entries := make([]history.Entry, len(gone))
	for i := range gone {
		entries[i] = gone[i].deletion(filled)
	}
	counters, err := store.Advance{EventIDs: int64(len(events)), Entries: int64(len(entries)), Addresses: -int64(n)}.Run(tx)
	if err != nil {
		return err
	}
	if err := lose(tx, nil, ids); err != nil {
		return err
	}
	owners := make([]int64, len(events))
	for i := range events {
		owners[i] = events[i].CustomerID
	}
	if err := notingBooks(tx, owners, func() error {
		for _, id := range ids {
			if err := tx.Exec(deleteAddress, id); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return err
	}
	if err := listing.Addresses.Remove(tx, ids...); err != nil {
		return err
	}
	if err := history.Record(tx, counters.EntryID, now, entries); err != nil {
		return err
	}
	if err := markOwners(tx, counters, entries); err != nil {
		return err
	}
	return event.Record(tx, counters.EventID, now, events)
}
