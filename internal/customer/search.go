package customer

import (
	"context"
	"slices"

	"clientele/internal/email"
	"clientele/internal/fold"
	"clientele/internal/listing"
	"clientele/internal/search"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

// SearchList declares the parameters of a search.
var SearchList = &listing.Spec{
	Table: "customers",
	Fields: []listing.Field{
		{Name: "q", Kind: listing.Text, Ops: []listing.Op{listing.Eq}},
		{Name: "limit", Kind: listing.Int, Ops: []listing.Op{listing.Eq}},
	},
	Unpaged: true,
}

// Result is a customer who was found, and what matched of each word.
type Result struct {
	Customer
	Matches []search.Match
}

// Results is the answer to a search, the best first.
type Results struct {
	Customers []Result
	Complete  bool // see search.Found
}

// Search finds customers.
func (s *Service) Search(ctx context.Context, storeID int64, q *search.Query, limit int) (*Results, error) {
	var out *Results
	err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		found, err := s.index.Find(tx, q, limit)
		if err != nil {
			return err
		}
		out = &Results{Complete: found.Complete}
		if len(found.Hits) == 0 {
			return nil
		}
		ids := make([]int64, len(found.Hits))
		for i, h := range found.Hits {
			ids[i] = h.ID
		}
		rows := make(map[int64]Customer, len(ids))
		in, args := sqldb.In(nil, ids)
		if err := tx.Query(sqldb.Dynamic(`SELECT `+customerColumns+` FROM customers WHERE store_id = $1 AND id IN `+in), func(r *sqldb.Row) error {
			var c Customer
			c.scan(r)
			rows[c.ID] = c
			return nil
		}, args...); err != nil {
			return err
		}
		for _, h := range found.Hits {
			if c, there := rows[h.ID]; there { // it may be gone since
				out.Customers = append(out.Customers, Result{c, h.Matches})
			}
		}
		return nil
	})
	return out, err
}

// FoldSearch puts what changed last into the lists that the search reads, as the
// job does.
func (s *Service) FoldSearch(ctx context.Context, storeID int64) error {
	for more := true; more; {
		var err error
		if more, err = s.index.Fold(ctx, storeID); err != nil {
			return err
		}
	}
	return nil
}

// namesHolding implements listing.Field.Held for names.
func namesHolding(tx *sqldb.Tx, texts []string) (ids []int64, known bool, err error) {
	return search.Names(tx, texts, func(ids []int64, each func(id int64, name string)) error {
		in, args := sqldb.In(nil, ids)
		return tx.Query(sqldb.Dynamic(`SELECT id, name_norm FROM customers WHERE store_id = $1 AND id IN `+in), func(r *sqldb.Row) error {
			each(r.Int(0), r.Text(1))
			return nil
		}, args...)
	})
}

// document is what is searched of a customer with addresses.
func (c *Customer) document(addresses []Address) *search.Document {
	d := &search.Document{ID: c.ID, Values: make([]search.Value, 0, 5+6*len(addresses)), Name: fold.Name(c.FirstName, c.LastName)}
	add := func(f search.Field, text string) {
		if text != "" {
			d.Values = append(d.Values, search.Value{Field: f, Text: text})
		}
	}
	add(search.FirstName, c.FirstName)
	add(search.LastName, c.LastName)
	add(search.Company, c.Company)
	add(search.Email, c.Email)
	add(search.Phone, c.Phone)
	for i := range addresses {
		a := &addresses[i]
		add(search.FirstName, a.FirstName)
		add(search.LastName, a.LastName)
		add(search.Company, a.Company)
		add(search.City, a.City)
		add(search.Phone, a.Phone)
		add(search.PostalCode, a.PostalCode)
	}
	return d
}

// searched reports whether a change of a customer's own values is one of what is
// searched.
func (c *Customer) searched(o *Customer) bool {
	return c.Email != o.Email || c.FirstName != o.FirstName || c.LastName != o.LastName || c.Company != o.Company || c.Phone != o.Phone
}

// booksQuery returns the query for what is searched of customers' addresses.
func booksQuery(in string, args []any, into map[int64][]Address) sqldb.Q {
	return sqldb.Q{
		Stmt: sqldb.Dynamic(`SELECT id, customer_id, first_name, last_name, company, phone, city, postal_code FROM addresses WHERE store_id = $1 AND customer_id IN ` + in),
		Args: args,
		Each: func(r *sqldb.Row) error {
			a := Address{ID: r.Int(0), CustomerID: r.Int(1)}
			a.FirstName, a.LastName, a.Company, a.Phone, a.City, a.PostalCode = r.Text(2), r.Text(3), r.Text(4), r.Text(5), r.Text(6), r.Text(7)
			into[a.CustomerID] = append(into[a.CustomerID], a)
			return nil
		},
	}
}

// books returns what is searched of customers' addresses, in their order.
func books(tx *sqldb.Tx, ids []int64) (map[int64][]Address, error) {
	into := map[int64][]Address{}
	in, args := sqldb.In(nil, ids)
	err := tx.Pipeline(booksQuery(in, args, into))
	inOrder(into)
	return into, err
}

func inOrder(books map[int64][]Address) {
	for _, b := range books {
		slices.SortFunc(b, func(x, y Address) int { return int(x.ID - y.ID) })
	}
}

const searchedColumns = `id, email, first_name, last_name, company, phone`

func (c *Customer) scanSearched(r *sqldb.Row) {
	c.ID, c.Email, c.FirstName, c.LastName, c.Company, c.Phone = r.Int(0), r.Text(1), r.Text(2), r.Text(3), r.Text(4), r.Text(5)
}

// subject is a customer as far as they are searched.
type subject struct {
	Customer
	book []Address
}

// subjects reads those of some customers that there are, in the order of their
// ids.
func subjects(tx *sqldb.Tx, ids []int64) ([]subject, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var rows []subject
	into := map[int64][]Address{}
	in, args := sqldb.In(nil, ids)
	err := tx.Pipeline(sqldb.Q{
		Stmt: sqldb.Dynamic(`SELECT ` + searchedColumns + ` FROM customers WHERE store_id = $1 AND id IN ` + in + ` ORDER BY id`),
		Args: args,
		Each: func(r *sqldb.Row) error {
			rows = append(rows, subject{})
			rows[len(rows)-1].scanSearched(r)
			return nil
		},
	}, booksQuery(in, args, into))
	inOrder(into)
	for i := range rows {
		rows[i].book = into[rows[i].ID]
	}
	return rows, err
}

// documents returns what is searched of those of some customers that there are,
// in the order of their ids.
func documents(tx *sqldb.Tx, ids []int64) ([]*search.Document, error) {
	rows, err := subjects(tx, ids)
	out := make([]*search.Document, len(rows))
	for i := range rows {
		out[i] = rows[i].document(rows[i].book)
	}
	return out, err
}

// noting notes for the search what becomes of customers while write runs, which
// the store's counters precede: nobody else changes them meanwhile.
func noting(tx *sqldb.Tx, ids []int64, write func() error) error {
	before, err := documents(tx, ids)
	if err != nil {
		return err
	}
	if err := write(); err != nil {
		return err
	}
	return noteSince(tx, before, ids)
}

// notingBooks is noting for a write of addresses alone.
func notingBooks(tx *sqldb.Tx, ids []int64, write func() error) error {
	before, err := subjects(tx, ids)
	if err != nil {
		return err
	}
	if err := write(); err != nil {
		return err
	}
	return noteBooks(tx, before, ids)
}

// noteBooks is noteSince where nothing but the addresses of the customers was
// written.
func noteBooks(tx *sqldb.Tx, before []subject, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	after, err := books(tx, ids)
	if err != nil {
		return err
	}
	changes := make([]search.Change, len(before))
	for i := range before {
		s := &before[i]
		changes[i] = search.Change{ID: s.ID, Was: s.document(s.book), Now: s.document(after[s.ID])}
	}
	return search.Note(tx, changes...)
}

// noteSince notes for the search what became of customers.
func noteSince(tx *sqldb.Tx, before []*search.Document, ids []int64) error {
	after, err := documents(tx, ids)
	if err != nil {
		return err
	}
	changes := make([]search.Change, 0, len(before))
	for _, d := range before {
		changes = append(changes, search.Change{ID: d.ID, Was: d})
	}
	for _, d := range after {
		if i := slices.IndexFunc(changes, func(c search.Change) bool { return c.ID == d.ID }); i >= 0 {
			changes[i].Now = d
		} else {
			changes = append(changes, search.Change{ID: d.ID, Now: d})
		}
	}
	return search.Note(tx, changes...)
}

// searchable implements search.Source.
type searchable struct{}

// Documents implements search.Source.
func (searchable) Documents(tx *sqldb.Tx, ids []int64, each func(*search.Document)) error {
	all, err := documents(tx, ids)
	for _, d := range all {
		each(d)
	}
	return err
}

var customersAfter = sqldb.Static(`SELECT id FROM customers WHERE store_id = $1 AND id > $2 ORDER BY id LIMIT $3`)

// After implements search.Source.
func (searchable) After(tx *sqldb.Tx, id int64, n int) ([]*search.Document, error) {
	var counters store.Counters
	var ids []int64
	if err := tx.Pipeline(store.Advance{}.Query(tx, &counters), sqldb.Q{
		Stmt: customersAfter,
		Args: []any{id, int64(n)},
		Each: func(r *sqldb.Row) error { ids = append(ids, r.Int(0)); return nil },
	}); err != nil {
		return nil, err
	}
	return documents(tx, ids)
}

var (
	emailsOf    = sqldb.Static(`SELECT customer_id FROM customer_emails WHERE store_id = $1 AND email_norm = $2 AND customer_id <> 0 LIMIT $3`)
	emailsFrom  = sqldb.Static(`SELECT customer_id FROM customer_emails WHERE store_id = $1 AND email_norm >= $2 AND email_norm < $3 AND customer_id <> 0 ORDER BY email_norm LIMIT $4`)
	customersIn = sqldb.Static(`SELECT id FROM customers WHERE store_id = $1 AND id BETWEEN $2 AND $3 ORDER BY id LIMIT $4`)
)

// EmailQuery implements search.Source.
func (searchable) EmailQuery(text string, prefix bool, n int, each func(id int64)) sqldb.Q {
	take := func(r *sqldb.Row) error { each(r.Int(0)); return nil }
	if !prefix {
		return sqldb.Q{Stmt: emailsOf, Args: []any{email.Key(text), int64(n)}, Each: take}
	}
	return sqldb.Q{Stmt: emailsFrom, Args: []any{text, text + "\U0010FFFF", int64(n)}, Each: take}
}

// RangeQuery implements search.Source.
func (searchable) RangeQuery(from, to int64, n int, each func(id int64)) sqldb.Q {
	return sqldb.Q{Stmt: customersIn, Args: []any{from, to, int64(n)}, Each: func(r *sqldb.Row) error { each(r.Int(0)); return nil }}
}
