package customer

import (
	"context"
	"slices"

	"clientele/internal/event"
	"clientele/internal/fault"
	"clientele/internal/form"
	"clientele/internal/history"
	"clientele/internal/listing"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

// FormValueList declares the list of form field values, of customers and
// addresses together.
var FormValueList = &listing.Spec{
	Table: `(SELECT store_id, session_id, field_id, value FROM customer_form_values
		UNION ALL SELECT store_id, session_id, field_id, value FROM address_form_values) AS form_values`,
	Counted: `(SELECT store_id, session_id, field_id FROM customer_form_values
		UNION ALL SELECT store_id, session_id, field_id FROM address_form_values) AS form_values`,
	Key: []listing.Key{{Name: "sessionId", Column: "session_id"}, {Name: "fieldId", Column: "field_id"}},
	Fields: []listing.Field{
		{Name: "customer_id", Kind: listing.Int, Ops: []listing.Op{listing.Eq},
			Where: "session_id IN (SELECT 2 * id FROM customers WHERE store_id = $1 AND id IN {in})"},
		{Name: "address_id", Kind: listing.Int, Ops: []listing.Op{listing.Eq},
			Where: "session_id IN (SELECT 2 * id + 1 FROM addresses WHERE store_id = $1 AND id IN {in})"},
		{Name: "field_name", Kind: listing.Folded, Ops: []listing.Op{listing.Eq},
			Column: "field_id", Among: form.FieldsWhere("name_norm IN {in}")},
		{Name: "field_type", Kind: listing.Text, Ops: []listing.Op{listing.Eq},
			Column: "field_id", Among: form.FieldsWhere("type IN {in}"),
			Values: map[string]string{
				"checkboxes": form.CheckboxField, "date": form.DateField, "multiline": form.MultilineField, "numbers": form.NumberField,
				"password": form.PasswordField, "radiobuttons": form.RadioField, "text": form.TextField, "picklist": form.DropdownField,
			}},
	},
	Cursors: true,
	Total:   store.TotalFormValues(),
}

const filledArgs = 4 // of each row

var (
	upsertCustomerValues = sqldb.StaticRows(`INSERT INTO customer_form_values (store_id, customer_id, session_id, field_id, value) VALUES `, 0, filledArgs, together,
		` ON CONFLICT (store_id, customer_id, field_id) DO UPDATE SET value = excluded.value`)
	upsertAddressValues = sqldb.StaticRows(`INSERT INTO address_form_values (store_id, address_id, session_id, field_id, value) VALUES `, 0, filledArgs, together,
		` ON CONFLICT (store_id, address_id, field_id) DO UPDATE SET value = excluded.value`)
	touchCustomer = sqldb.Static(`UPDATE customers SET date_modified = $3 WHERE store_id = $1 AND id = $2`)
)

// filledIn are the rows of values, of submissions that are different ones.
type filledIn struct{ customers, addresses []any }

// add adds the values of a submission, each of another field.
func (f *filledIn) add(submission int64, values []form.Stored) {
	name, owner := submissionOwner(submission)
	rows := &f.customers
	if name == form.Address {
		rows = &f.addresses
	}
	for _, v := range values {
		if !v.Stays() {
			*rows = append(*rows, owner, submission, v.Field.ID, v.Text)
		}
	}
}

func (f *filledIn) store(tx *sqldb.Tx) error {
	if err := upsertCustomerValues.Exec(tx, nil, f.customers); err != nil {
		return err
	}
	return upsertAddressValues.Exec(tx, nil, f.addresses)
}

// storeValues writes the values of one submission, of which some are stored
// already, and counts the others.
func storeValues(tx *sqldb.Tx, stored map[place]string, submission int64, values []form.Stored) error {
	var f filledIn
	f.add(submission, values)
	if err := f.store(tx); err != nil {
		return err
	}
	return store.MoveValues(tx, 0, filledAnew(stored, submission, values))
}

// filledAnew returns how many of a submission's values are stored for the first time.
func filledAnew(stored map[place]string, submission int64, values []form.Stored) (n int64) {
	for _, v := range values {
		if _, there := stored[place{submission, v.Field.ID}]; !there && !v.Stays() {
			n++
		}
	}
	return n
}

// valuesOf returns the table of a form's values and the column that tells
// whose they are.
func valuesOf(name string) (table, owner string) {
	if name == form.Address {
		return "address_form_values", "address_id"
	}
	return "customer_form_values", "customer_id"
}

// valuesQuery finds the values of customers or addresses in order, as they are
// shown. The condition is what follows the owner's column.
func valuesQuery(name, condition string, args []any, each func(FormValue)) sqldb.Q {
	table, owner := valuesOf(name)
	return sqldb.Q{
		Stmt: sqldb.Dynamic(`SELECT v.session_id, v.field_id, f.name, f.type, v.value FROM ` + table + ` v` + form.JoinFields + `
			WHERE v.store_id = $1 AND v.` + owner + condition + ` ORDER BY v.` + owner + `, v.field_id`),
		Args: args,
		Each: func(r *sqldb.Row) error {
			each(formValue(r.Int(0), r.Int(1), r.Text(2), r.Text(3), r.Text(4)))
			return nil
		},
	}
}

// place is where a value is stored.
type place struct{ submission, field int64 }

// storedQuery finds the values of customers or addresses as they are stored.
func storedQuery(name string, ids []int64, into map[place]string) sqldb.Q {
	table, owner := valuesOf(name)
	in, args := sqldb.In(nil, ids)
	return sqldb.Q{
		Stmt: sqldb.Dynamic(`SELECT session_id, field_id, value FROM ` + table + ` WHERE store_id = $1 AND ` + owner + ` IN ` + in),
		Args: args,
		Each: func(r *sqldb.Row) error { into[place{r.Int(0), r.Int(1)}] = r.Text(2); return nil },
	}
}

// storedValue is a value as it is stored, with the type of its field.
type storedValue struct {
	field     int64
	typ, text string
}

// filledQuery finds the values of customers or addresses that go, by who or what
// they belong to.
func filledQuery(name string, ids []int64, into map[int64][]storedValue) sqldb.Q {
	table, owner := valuesOf(name)
	in, args := sqldb.In(nil, ids)
	return sqldb.Q{
		Stmt: sqldb.Dynamic(`SELECT v.` + owner + `, v.field_id, f.type, v.value FROM ` + table + ` v` + form.JoinFields + `
			WHERE v.store_id = $1 AND v.` + owner + ` IN ` + in + ` ORDER BY v.` + owner + `, v.field_id`),
		Args: args,
		Each: func(r *sqldb.Row) error {
			into[r.Int(0)] = append(into[r.Int(0)], storedValue{r.Int(1), r.Text(2), r.Text(3)})
			return nil
		},
	}
}

// differing returns those of a submission's values that are not stored so yet.
func differing(stored map[place]string, submission int64, values []form.Stored) []form.Stored {
	var out []form.Stored
	for _, v := range values {
		if old, ok := stored[place{submission, v.Field.ID}]; !v.Stays() && (!ok || old != v.Text) {
			out = append(out, v)
		}
	}
	return out
}

// FormValues returns a page of form field values.
func (s *Service) FormValues(ctx context.Context, storeID int64, q *listing.Query) ([]FormValue, *listing.Result, error) {
	var out []FormValue
	var res *listing.Result
	err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		type row struct {
			place
			json string
		}
		rows := make([]row, 0, min(q.Limit, 64))
		out = nil
		res, err = q.Run(tx, `session_id, field_id, value`, func(r *sqldb.Row) error {
			rows = append(rows, row{place{r.Int(0), r.Int(1)}, r.Text(2)})
			return nil
		})
		if err != nil || len(rows) == 0 {
			return err
		}
		var ids []int64
		for _, r := range rows {
			ids = append(ids, r.field)
		}
		slices.Sort(ids)
		ids = slices.Compact(ids)
		fields := map[int64]*form.Field{}
		if err := tx.Pipeline(form.ByIDs(ids, func(f *form.Field) { fields[f.ID] = f })); err != nil {
			return err
		}
		for _, r := range rows {
			// A definition that went between the two statements took its
			// values along.
			if f := fields[r.field]; f != nil {
				out = append(out, formValue(r.submission, f.ID, f.Name, f.Type, r.json))
			}
		}
		if q.Reversed() {
			slices.Reverse(out)
		}
		return nil
	})
	return out, res, err
}

// PutFormValues sets form field values: all of them or, if any breaks a rule,
// none. Who or what they belong to counts as changed, unless all were stored
// so already.
func (s *Service) PutFormValues(ctx context.Context, storeID int64, in []FormValueUpsert) ([]FormValue, error) {
	if len(in) == 0 {
		return nil, nil
	}
	var b fault.Batch
	b.Each(len(in), func(i int, c *fault.Collector) {
		switch {
		case in[i].CustomerID.Set && in[i].AddressID.Set:
			c.Because(FieldAddress, fault.NotAccepted, WhyBothOwners, "")
		case !in[i].CustomerID.Set && !in[i].AddressID.Set:
			c.Because(FieldCustomer, fault.Required, WhyNoOwner, "")
		}
	})
	if err := b.Err(fault.Invalid); err != nil {
		return nil, err
	}
	var out []FormValue
	err := s.db.WriteAgain(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		out, err = putFormValues(tx, in, s.sys.Now())
		return err
	})
	return out, err
}

func putFormValues(tx *sqldb.Tx, in []FormValueUpsert, now int64) ([]FormValue, error) {
	b := &valueBatch{in: in}
	if err := runBatch(tx, b, now); err != nil {
		return nil, err
	}
	return b.out, nil
}

// valueBatch sets form field values.
type valueBatch struct {
	in        []FormValueUpsert
	customers map[int64]*Customer
	addresses map[int64]*Address
	stored    map[place]string
	ref       *references
	out       []FormValue
	changes   map[int64][]form.Stored // by submission
	writes    []int64                 // the submissions that change, in order
}

func (b *valueBatch) lock(tx *sqldb.Tx) error {
	var customerIDs, addressIDs []int64
	for i := range b.in {
		if b.in[i].AddressID.Set {
			addressIDs = append(addressIDs, b.in[i].AddressID.Value)
		} else {
			customerIDs = append(customerIDs, b.in[i].CustomerID.Value)
		}
	}
	b.customers, b.addresses, b.stored = map[int64]*Customer{}, map[int64]*Address{}, map[place]string{}
	var qs []sqldb.Q
	if len(customerIDs) > 0 {
		qs = append(qs, lockCustomers(tx, customerIDs, b.customers), storedQuery(form.Customer, customerIDs, b.stored))
	}
	if len(addressIDs) > 0 {
		qs = append(qs, lockAddresses(tx, addressIDs, b.addresses), storedQuery(form.Address, addressIDs, b.stored))
	}
	return tx.Pipeline(qs...)
}

// lockCustomers returns the query that reads customers and locks them.
func lockCustomers(tx *sqldb.Tx, ids []int64, into map[int64]*Customer) sqldb.Q {
	in, args := sqldb.In(nil, ids)
	return sqldb.Q{
		Stmt: sqldb.Dynamic(`SELECT ` + customerColumns + ` FROM customers WHERE store_id = $1 AND id IN ` + in + ` ORDER BY id` + tx.ForUpdate()),
		Args: args,
		Each: func(r *sqldb.Row) error {
			c := &Customer{}
			c.scan(r)
			into[c.ID] = c
			return nil
		},
	}
}

func (b *valueBatch) lookUp(tx *sqldb.Tx) (err error) {
	var w wanted
	for i := range b.in {
		w.form(b.in[i].form(), form.Free, []form.Input{b.in[i].Input})
	}
	b.ref, err = w.load(tx)
	return err
}

func (b *valueBatch) plan(wrong *fault.Batch) {
	b.out, b.changes = make([]FormValue, 0, len(b.in)), map[int64][]form.Stored{}
	seen := map[place]bool{}
	wrong.Each(len(b.in), func(i int, c *fault.Collector) {
		in := &b.in[i]
		switch {
		case in.AddressID.Set && b.addresses[in.AddressID.Value] == nil:
			c.Because(FieldAddress, fault.Unknown, WhyNoAddress, "")
		case in.CustomerID.Set && b.customers[in.CustomerID.Value] == nil:
			c.Because(FieldCustomer, fault.Unknown, WhyNoCustomer, "")
		}
		submission := in.submission()
		for _, v := range b.ref.forms[in.form()].Check(c, form.Free, []form.Input{in.Input}) {
			at := place{submission, v.Field.ID}
			if seen[at] {
				c.AddItem(fault.Item{Field: form.Values, FormField: v.Field.ID, Code: fault.Duplicate, Why: form.WhyTwice, Value: in.Name})
			}
			seen[at] = true
			one := []form.Stored{v}
			b.out = append(b.out, formValues(submission, one)...)
			if d := differing(b.stored, submission, one); len(d) > 0 {
				b.changes[submission] = append(b.changes[submission], d...)
			}
		}
		for j, it := range c.Items {
			if it.Field == form.Values {
				c.Items[j].Field, c.Items[j].At = form.Member(&it), 0
			}
		}
	})
}

func (b *valueBatch) settle(*sqldb.Tx) (changes, told int, err error) {
	for i := range b.in {
		s := b.in[i].submission()
		if len(b.changes[s]) == 0 || slices.Contains(b.writes, s) {
			continue
		}
		b.writes = append(b.writes, s)
		if name, _ := submissionOwner(s); name == form.Address {
			told++
		}
	}
	return len(b.writes), told, nil
}

func (b *valueBatch) record(i int) history.Entry {
	submission := b.writes[i]
	name, id := submissionOwner(submission)
	e := history.Entry{Action: history.Updated, Resource: history.Customer, ID: id, CustomerID: id}
	if name == form.Address {
		e.Resource, e.CustomerID = history.Address, b.addresses[id].CustomerID
	}
	addFilled(&e, b.stored, submission, b.changes[submission])
	return e
}

func (b *valueBatch) write(tx *sqldb.Tx, i int, now int64) (event.Event, error) {
	submission := b.writes[i]
	if err := storeValues(tx, b.stored, submission, b.changes[submission]); err != nil {
		return event.Event{}, err
	}
	name, id := submissionOwner(submission)
	if name == form.Address {
		return event.Address(event.AddressUpdated, id, b.addresses[id].CustomerID), nil
	}
	// By the documents no event tells of a customer's values.
	return event.Event{}, tx.Exec(touchCustomer, id, now)
}
