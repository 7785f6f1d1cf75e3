package customer

import (
	"context"

	"clientele/internal/fault"
	"clientele/internal/form"
	"clientele/internal/history"
	"clientele/internal/listing"
	"clientele/internal/password"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

// PlainList declares the list of customers as V2 filters it: one value each,
// from the oldest.
var PlainList = &listing.Spec{
	Table: "customers",
	Fields: []listing.Field{
		// There is no column for first names: the name begins with it, which
		// the index finds, and ends with the last name.
		{Name: "first_name", Kind: listing.Folded, Ops: []listing.Op{listing.Eq},
			Where: `name_norm >= {value} AND name_norm < {value} || '!' AND rtrim(substr(name_norm, 1, length(name_norm) - length(last_name_norm))) = {value}`},
		{Name: "last_name", Kind: listing.Folded, Ops: []listing.Op{listing.Eq}, Column: "last_name_norm"},
		{Name: "company", Kind: listing.Folded, Ops: []listing.Op{listing.Eq}, Column: "company_norm", NonEmpty: true},
		{Name: "email", Kind: listing.Email, Ops: []listing.Op{listing.Eq},
			Where: "id IN (SELECT customer_id FROM customer_emails WHERE store_id = $1 AND email_norm IN {in})"},
		{Name: "phone", Kind: listing.Folded, Ops: []listing.Op{listing.Eq}, Column: "phone_norm", NonEmpty: true},
		{Name: "store_credit", Kind: listing.Money, Ops: []listing.Op{listing.Eq}, Column: "store_credit", NonEmpty: true},
		{Name: "customer_group_id", Kind: listing.Int, Ops: []listing.Op{listing.Eq}, Column: "customer_group_id", NonEmpty: true},
		{Name: "tax_exempt_category", Kind: listing.Text, Ops: []listing.Op{listing.Eq}, Column: "tax_exempt_category", NonEmpty: true},
		{Name: "id", Kind: listing.Int, Ops: []listing.Op{listing.Min, listing.Max}, Column: "id", Prefixed: true},
		{Name: "date_created", Kind: listing.Time, Ops: []listing.Op{listing.Min, listing.Max}, Column: "date_created", Prefixed: true, Ordered: true},
		{Name: "date_modified", Kind: listing.Time, Ops: []listing.Op{listing.Min, listing.Max}, Column: "date_modified", Prefixed: true, Ordered: true},
	},
	Gaps:   listing.Customers,
	Total:  store.TotalCustomers(),
	Untold: true,
}

// AddressBook declares the list of one customer's addresses.
var AddressBook = &listing.Spec{
	Table:  "addresses",
	Fields: []listing.Field{{Name: "customer_id", Kind: listing.Int, Ops: []listing.Op{listing.In}, Column: "customer_id", Hidden: true}},
	Untold: true,
}

var byID = &listing.Spec{
	Table:   "customers",
	Fields:  []listing.Field{{Name: "id", Kind: listing.Int, Ops: []listing.Op{listing.In}, Column: "id"}},
	Unpaged: true,
}

var (
	selectCustomer = sqldb.Static(`SELECT ` + customerColumns + ` FROM customers WHERE store_id = $1 AND id = $2`)
	customerExists = sqldb.Static(`SELECT 1 FROM customers WHERE store_id = $1 AND id = $2`)
	selectAddress  = sqldb.Static(`SELECT ` + addressColumns + ` FROM addresses WHERE store_id = $1 AND id = $2`)
	lastCustomer   = sqldb.Static(`SELECT COALESCE(MAX(id), 0) FROM customers WHERE store_id = $1`)
	lastAddress    = sqldb.Static(`SELECT COALESCE(MAX(id), 0) FROM addresses WHERE store_id = $1 AND customer_id = $2`)
)

// ErrNoCustomer: there is no such customer in the store.
var ErrNoCustomer = fault.New(fault.NotFound, "there is no such customer")
var errNoAddress = fault.New(fault.NotFound, "there is no such address")

// deleteBatch bounds how many rows of a mass deletion one transaction takes.
const deleteBatch = 100

// Get returns a customer with form fields, or a NotFound fault.
func (s *Service) Get(ctx context.Context, storeID, id int64) (*Customer, error) {
	out := make([]Customer, 0, 1)
	err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		out = out[:0]
		err := tx.Query(selectCustomer, func(r *sqldb.Row) error {
			out = append(out, Customer{})
			out[0].scan(r)
			return nil
		}, id)
		if err != nil {
			return err
		}
		if len(out) == 0 {
			return ErrNoCustomer
		}
		return formFields(tx, out, false)
	})
	if err != nil {
		return nil, err
	}
	return &out[0], nil
}

// formFields fills in the form fields of customers. contiguous tells that
// there is no other customer between their ids.
func formFields(tx *sqldb.Tx, customers []Customer, contiguous bool) error {
	if len(customers) == 0 {
		return nil
	}
	ids := make([]int64, len(customers))
	at := make(map[int64]int, len(customers))
	for i := range customers {
		ids[i] = customers[i].ID
		at[ids[i]] = i
	}
	of, args := ofCustomers(ids, contiguous)
	return tx.Pipeline(valuesQuery(form.Customer, of, args, func(v FormValue) {
		if i, ok := at[v.OwnerID]; ok {
			customers[i].FormFields = append(customers[i].FormFields, v)
		}
	}))
}

// PlainPage returns a page of PlainList, with form fields.
func (s *Service) PlainPage(ctx context.Context, storeID int64, q *listing.Query) ([]Customer, error) {
	var out []Customer
	err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		out = make([]Customer, 0, min(q.Limit, 64))
		_, err := q.Run(tx, customerColumns, func(r *sqldb.Row) error {
			out = append(out, Customer{})
			out[len(out)-1].scan(r)
			return nil
		})
		if err != nil {
			return err
		}
		return formFields(tx, out, q.Unfiltered())
	})
	return out, err
}

// Count returns how many customers a query selects.
func (s *Service) Count(ctx context.Context, storeID int64, q *listing.Query) (n int64, err error) {
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		n, err = q.Count(tx)
		return err
	})
	return n, err
}

// DeleteOne removes a customer, or returns a NotFound fault.
func (s *Service) DeleteOne(ctx context.Context, storeID, id int64) error {
	n, err := s.Delete(ctx, storeID, byID.New().Where("id", listing.In, []int64{id}, nil))
	if err == nil && n == 0 {
		return ErrNoCustomer
	}
	return err
}

// DeleteAll removes every customer there is when it starts, in transactions
// of bounded size. It goes on when the caller hangs up. The history tells of it
// once, with how many there were.
func (s *Service) DeleteAll(ctx context.Context, storeID int64) error {
	ctx = sqldb.Aside(context.WithoutCancel(ctx))
	var last int64
	if err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		last, err = queryInt(tx, lastCustomer)
		return err
	}); err != nil {
		return err
	}
	for begun := false; ; begun = true {
		n := 0
		err := s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
			var ids []int64
			first := sqldb.Dynamic(`SELECT id FROM customers WHERE store_id = $1 AND id <= $2 ORDER BY id LIMIT $3` + tx.ForDelete())
			err := tx.Query(first, func(r *sqldb.Row) error { ids = append(ids, r.Int(0)); return nil }, last, int64(deleteBatch))
			n = len(ids)
			if err != nil || n == 0 {
				return err
			}
			entries := []history.Entry{}
			if !begun {
				all, err := deletionOfAll(tx, last)
				if err != nil {
					return err
				}
				entries = append(entries, all)
			}
			return s.deleteCustomers(tx, ids, s.sys.Now(), entries)
		})
		if err != nil || n < deleteBatch {
			return err
		}
	}
}

// deletionOfAll is the one entry of the deletion of all customers, which is
// written when it begins.
func deletionOfAll(tx *sqldb.Tx, last int64) (history.Entry, error) {
	n, err := queryInt(tx, store.TotalCustomers())
	return history.AllUpTo(history.Customer, n, last), err
}

// UpdateOne changes a customer and returns it with all form fields, or a
// NotFound fault.
func (s *Service) UpdateOne(ctx context.Context, who password.Party, u Update) (*Customer, error) {
	rows, err := s.updateAnd(ctx, who, []Update{u}, func(tx *sqldb.Tx, rows []Customer) error {
		rows[0].FormFields = nil
		return formFields(tx, rows, false)
	})
	if err := missing(err, FieldID, ErrNoCustomer); err != nil {
		return nil, err
	}
	return &rows[0], nil
}

// missing turns the fault of a command whose only item names nothing into
// notFound.
func missing(err error, field fault.Field, notFound *fault.Error) error {
	if f := fault.As(err); f != nil {
		for _, it := range f.Items {
			if it.Field == field && it.Code == fault.Unknown {
				return notFound
			}
		}
	}
	return err
}

func mustExist(tx *sqldb.Tx, customerID int64) error {
	found, err := Exists(tx, customerID)
	if err == nil && !found {
		return ErrNoCustomer
	}
	return err
}

// Book returns a page of a customer's addresses from the oldest, or a
// NotFound fault.
func (s *Service) Book(ctx context.Context, storeID, customerID int64, q *listing.Query) ([]Address, error) {
	var out []Address
	err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		out = nil
		if err := mustExist(tx, customerID); err != nil {
			return err
		}
		_, err := q.Where("customer_id", listing.In, []int64{customerID}, nil).Run(tx, addressColumns, func(r *sqldb.Row) error {
			out = append(out, Address{})
			out[len(out)-1].scan(r)
			return nil
		})
		return err
	})
	return out, err
}

// BookCount returns how many addresses a customer has, or a NotFound fault.
func (s *Service) BookCount(ctx context.Context, storeID, customerID int64) (n int64, err error) {
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		if err := mustExist(tx, customerID); err != nil {
			return err
		}
		n, err = AddressBook.New().Where("customer_id", listing.In, []int64{customerID}, nil).Count(tx)
		return err
	})
	return n, err
}

// GetAddress returns an address, of a given customer or with 0 of anyone, or
// a NotFound fault.
func (s *Service) GetAddress(ctx context.Context, storeID, customerID, id int64) (*Address, error) {
	var out *Address
	err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		return tx.Query(selectAddress, func(r *sqldb.Row) error {
			a := &Address{}
			if a.scan(r); customerID == 0 || a.CustomerID == customerID {
				out = a
			}
			return nil
		}, id)
	})
	if err == nil && out == nil {
		err = errNoAddress
	}
	return out, err
}

// CreateAddress makes an address and returns it. Where the customer has it
// already, the one there is returned.
func (s *Service) CreateAddress(ctx context.Context, storeID int64, in AddressCreate) (*Address, error) {
	for attempt := 0; ; attempt++ {
		rows, err := s.CreateAddresses(ctx, storeID, []AddressCreate{in})
		if err := missing(err, FieldCustomer, ErrNoCustomer); err != nil {
			return nil, err
		}
		if len(rows) > 0 {
			return &rows[0], nil
		}
		var twin int64
		in.normalize()
		if err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
			return tx.Pipeline(fingerprintsQuery([]int64{in.CustomerID}, []string{in.fingerprint()}, func(id int64, _ ownPrint) { twin = id }))
		}); err != nil {
			return nil, err
		}
		if twin != 0 {
			return s.GetAddress(ctx, storeID, in.CustomerID, twin)
		}
		if attempt == 3 { // it came and went
			return nil, errNoAddress
		}
	}
}

// UpdateAddress changes an address of a customer. One that would become equal
// to another of the customer's is a Conflict.
func (s *Service) UpdateAddress(ctx context.Context, storeID, customerID int64, u AddressUpdate) (*Address, error) {
	var rows []Address
	err := s.db.WriteAgain(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		rows, err = updateAddresses(tx, customerID, []AddressUpdate{u}, s.sys.Now())
		return err
	})
	if err := missing(err, FieldID, errNoAddress); err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, fault.Broken(fault.Conflict, fault.Item{Code: fault.Duplicate, Why: WhyHasAddress})
	}
	return &rows[0], nil
}

// DeleteAddress removes an address of a customer, or returns a NotFound
// fault.
func (s *Service) DeleteAddress(ctx context.Context, storeID, customerID, id int64) error {
	return s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		gone, err := holdAddresses(tx, tx.ForDelete(), id)
		if err == nil && (len(gone) == 0 || gone[0].CustomerID != customerID) {
			err = errNoAddress
		}
		if err != nil {
			return err
		}
		return removeAddresses(tx, gone, s.sys.Now())
	})
}

// DeleteBookPage removes the addresses on a page of a customer's.
func (s *Service) DeleteBookPage(ctx context.Context, storeID, customerID int64, q *listing.Query) error {
	rows, err := s.Book(ctx, storeID, customerID, q)
	if err != nil || len(rows) == 0 {
		return err
	}
	ids := make([]int64, len(rows))
	for i := range rows {
		ids[i] = rows[i].ID
	}
	_, err = s.DeleteAddresses(ctx, storeID, DeleteAddressList.New().Where("id", listing.In, ids, nil))
	return err
}

// DeleteBook removes all addresses that a customer has when it starts, in
// transactions of bounded size.
func (s *Service) DeleteBook(ctx context.Context, storeID, customerID int64) error {
	ctx = sqldb.Aside(context.WithoutCancel(ctx))
	var last int64
	if err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		if err := mustExist(tx, customerID); err != nil {
			return err
		}
		last, err = queryInt(tx, lastAddress, customerID)
		return err
	}); err != nil {
		return err
	}
	for {
		n := 0
		err := s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
			var ids []int64
			first := sqldb.Dynamic(`SELECT id FROM addresses WHERE store_id = $1 AND customer_id = $2 AND id <= $3 ORDER BY id LIMIT $4` + tx.ForDelete())
			err := tx.Query(first, func(r *sqldb.Row) error { ids = append(ids, r.Int(0)); return nil }, customerID, last, int64(deleteBatch))
			n = len(ids)
			if err != nil || n == 0 {
				return err
			}
			return deleteAddresses(tx, ids, s.sys.Now())
		})
		if err != nil || n < deleteBatch {
			return err
		}
	}
}
