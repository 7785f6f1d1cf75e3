package customer

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"clientele/internal/form"
	"clientele/internal/group"
	"clientele/internal/listing"
	"clientele/internal/sqldb"
	"clientele/internal/subscriber"
)

// ProfileWant says what is read of a customer besides the account itself.
type ProfileWant struct {
	Group, Counts, FormFields, Attributes bool
	// SubscribedOn is the channel whose newsletter is meant; 0: none.
	SubscribedOn int64
	Addresses    []listing.Window
	// AddressForms reads the form field values of those addresses.
	AddressForms bool
	Metafields   []MetafieldWindow
}

// MetafieldWindow is a part of the metafields of a namespace that storefronts
// may show.
type MetafieldWindow struct {
	listing.Window
	Namespace string
	Keys      string // separated by NUL; empty: all
}

// Profile is a customer as the customer sees the account.
type Profile struct {
	Customer
	GroupName                    string
	AddressCount, AttributeCount int64
	// Noted are the store's attributes and what it noted about the customer,
	// by the attribute's id.
	Noted      map[int64]Noted
	Subscribed bool
	// Fields are the definitions of form fields, where values of any were read.
	Fields     map[int64]*form.Field
	Books      map[listing.Window]*AddressPage
	Metafields map[MetafieldWindow]*MetafieldPage
}

// Noted is an attribute and its value, where there is one.
type Noted struct {
	Name, Value string
	Set         bool
}

// AddressPage is a part of a customer's addresses.
type AddressPage struct {
	Addresses     []Address
	Before, After bool // there are more
}

// ShownMetafield is a metafield that storefronts may show.
type ShownMetafield struct {
	ID                      int64
	Key, Value, Description string
}

// MetafieldPage is a part of a customer's metafields.
type MetafieldPage struct {
	Metafields    []ShownMetafield
	Before, After bool
}

var (
	profileRow         = sqldb.Static(`SELECT ` + customerColumns + ` FROM customers WHERE store_id = $1 AND id = $2`)
	profileGroup       = sqldb.Static(group.NameOf(`(SELECT c.customer_group_id FROM customers c WHERE c.store_id = $1 AND c.id = $2)`))
	countOwnAddresses  = sqldb.Static(`SELECT COUNT(*) FROM addresses WHERE store_id = $1 AND customer_id = $2`)
	countOwnAttributes = sqldb.Static(`SELECT COUNT(*) FROM attribute_values WHERE store_id = $1 AND customer_id = $2`)
	profileAttributes  = sqldb.Static(`SELECT id, name FROM attributes WHERE store_id = $1`)
	profileNotes       = sqldb.Static(`SELECT attribute_id, value FROM attribute_values WHERE store_id = $1 AND customer_id = $2`)
	smallBook          = sqldb.Static(`SELECT ` + addressColumns + ` FROM addresses WHERE store_id = $1 AND customer_id = $2 LIMIT $3`)
	bookForward        = sqldb.Static(`SELECT ` + addressColumns + ` FROM addresses WHERE store_id = $1 AND customer_id = $2 AND id > $3 AND id < $4 ORDER BY id LIMIT $5`)
	bookBackward       = sqldb.Static(`SELECT ` + addressColumns + ` FROM addresses WHERE store_id = $1 AND customer_id = $2 AND id > $3 AND id < $4 ORDER BY id DESC LIMIT $5`)
	anyUpTo            = sqldb.Static(`SELECT id FROM addresses WHERE store_id = $1 AND customer_id = $2 AND id <= $3 LIMIT 1`)
	anyFrom            = sqldb.Static(`SELECT id FROM addresses WHERE store_id = $1 AND customer_id = $2 AND id >= $3 LIMIT 1`)
	bookFormsForward   = sqldb.Static(bookForms(``))
	bookFormsBackward  = sqldb.Static(bookForms(` DESC`))
)

// maxSmallBook is how many addresses are read as they come and put in order here:
// no index has them in that of their ids.
const maxSmallBook = 50

func bookForms(order string) string {
	return `SELECT v.session_id, v.field_id, f.name, f.type, v.value FROM address_form_values v` + form.JoinFields + `
		WHERE v.store_id = $1 AND v.address_id IN (SELECT id FROM addresses WHERE store_id = $1 AND customer_id = $2 AND id > $3 AND id < $4 ORDER BY id` + order + ` LIMIT $5)
		ORDER BY v.address_id, v.field_id`
}

// Profile returns a customer and what is wanted besides, or nil, in one
// pipeline whatever is wanted, and another one for an address book that is large.
func (s *Service) Profile(ctx context.Context, storeID, id int64, w ProfileWant) (*Profile, error) {
	var p *Profile
	err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		p = &Profile{}
		values, err := p.read(tx, id, w)
		if err != nil || p.ID == 0 {
			return err
		}
		for window, page := range p.Books {
			spread(page.Addresses, values[window])
		}
		if w.SubscribedOn == 0 {
			return nil
		}
		// An email is compared in its folded form, which is not known before.
		p.Subscribed, err = subscriber.HasNewsletter(tx, w.SubscribedOn, p.Email)
		return err
	})
	if err != nil || p.ID == 0 {
		return nil, err
	}
	return p, nil
}

func (p *Profile) read(tx *sqldb.Tx, id int64, w ProfileWant) (map[listing.Window][]FormValue, error) {
	qs := append(make([]sqldb.Q, 0, 4), sqldb.Q{Stmt: profileRow, Args: []any{id}, Each: func(r *sqldb.Row) error { p.scan(r); return nil }})
	count := func(s *sqldb.Stmt, to *int64) {
		qs = append(qs, sqldb.Q{Stmt: s, Args: []any{id}, Each: func(r *sqldb.Row) error { *to = r.Int(0); return nil }})
	}
	if w.Group {
		qs = append(qs, sqldb.Q{Stmt: profileGroup, Args: []any{id}, Each: func(r *sqldb.Row) error { p.GroupName = r.Text(0); return nil }})
	}
	if w.Counts {
		if len(w.Addresses) == 0 {
			count(countOwnAddresses, &p.AddressCount)
		}
		count(countOwnAttributes, &p.AttributeCount)
	}
	if w.FormFields {
		qs = append(qs, valuesQuery(form.Customer, ` = $2`, []any{id}, func(v FormValue) { p.FormFields = append(p.FormFields, v) }))
	}
	if w.FormFields || w.AddressForms {
		p.Fields = map[int64]*form.Field{}
		qs = append(qs, form.AllQuery(func(f *form.Field) { p.Fields[f.ID] = f }))
	}
	if w.Attributes {
		p.Noted = map[int64]Noted{}
		qs = append(qs,
			sqldb.Q{Stmt: profileAttributes, Each: func(r *sqldb.Row) error { p.Noted[r.Int(0)] = Noted{Name: r.Text(1)}; return nil }},
			sqldb.Q{Stmt: profileNotes, Args: []any{id}, Each: func(r *sqldb.Row) error {
				n := p.Noted[r.Int(0)]
				n.Value, n.Set = r.Text(1), true
				p.Noted[r.Int(0)] = n
				return nil
			}})
	}
	var book []Address
	if len(w.Addresses) > 0 {
		qs = append(qs, sqldb.Q{Stmt: smallBook, Args: []any{id, int64(maxSmallBook + 1)}, Each: func(r *sqldb.Row) error {
			book = append(book, Address{})
			book[len(book)-1].scan(r)
			return nil
		}})
	}
	var values map[listing.Window][]FormValue
	if w.AddressForms {
		values = map[listing.Window][]FormValue{}
		for _, window := range w.Addresses {
			if _, known := values[window]; known {
				continue
			}
			values[window] = nil
			after, before, rows, descending := window.Bounds()
			stmt := bookFormsForward
			if descending {
				stmt = bookFormsBackward
			}
			qs = append(qs, sqldb.Q{Stmt: stmt, Args: []any{id, after, before, rows}, Each: func(r *sqldb.Row) error {
				values[window] = append(values[window], formValue(r.Int(0), r.Int(1), r.Text(2), r.Text(3), r.Text(4)))
				return nil
			}})
		}
	}
	for _, window := range w.Metafields {
		if p.Metafields == nil {
			p.Metafields = map[MetafieldWindow]*MetafieldPage{}
		}
		if p.Metafields[window] == nil {
			page := &MetafieldPage{}
			p.Metafields[window] = page
			qs = append(qs, window.queries(id, page)...)
		}
	}
	if err := tx.Pipeline(qs...); err != nil {
		return nil, err
	}
	if len(book) > maxSmallBook {
		if err := p.readLargeBook(tx, id, w); err != nil {
			return nil, err
		}
	} else if len(w.Addresses) > 0 {
		p.cutBook(book, w.Addresses)
	}
	for window, page := range p.Metafields {
		var before, after bool
		page.Metafields, before, after = listing.Cut(window.Window, page.Metafields)
		page.Before, page.After = page.Before || before, page.After || after
	}
	return values, nil
}

// cutBook makes the pages of an address book that was read as a whole.
func (p *Profile) cutBook(book []Address, windows []listing.Window) {
	slices.SortFunc(book, func(a, b Address) int { return cmp.Compare(a.ID, b.ID) })
	p.AddressCount = int64(len(book))
	p.Books = make(map[listing.Window]*AddressPage, len(windows))
	for _, window := range windows {
		page := &AddressPage{}
		page.Addresses, page.Before, page.After = listing.Part(window, book, func(i int) int64 { return book[i].ID })
		if len(windows) > 1 { // each has form field values of its own
			page.Addresses = slices.Clone(page.Addresses)
		}
		p.Books[window] = page
	}
}

// readLargeBook reads the pages of an address book by themselves.
func (p *Profile) readLargeBook(tx *sqldb.Tx, id int64, w ProfileWant) error {
	var qs []sqldb.Q
	if w.Counts {
		qs = append(qs, sqldb.Q{Stmt: countOwnAddresses, Args: []any{id}, Each: func(r *sqldb.Row) error { p.AddressCount = r.Int(0); return nil }})
	}
	p.Books = make(map[listing.Window]*AddressPage, len(w.Addresses))
	for _, window := range w.Addresses {
		if p.Books[window] != nil {
			continue
		}
		page := &AddressPage{}
		p.Books[window] = page
		after, before, rows, descending := window.Bounds()
		stmt := bookForward
		if descending {
			stmt = bookBackward
		}
		qs = append(qs, sqldb.Q{Stmt: stmt, Args: []any{id, after, before, rows}, Each: func(r *sqldb.Row) error {
			page.Addresses = append(page.Addresses, Address{})
			page.Addresses[len(page.Addresses)-1].scan(r)
			return nil
		}})
		if window.After > 0 {
			qs = append(qs, sqldb.Q{Stmt: anyUpTo, Args: []any{id, window.After}, Each: func(*sqldb.Row) error { page.Before = true; return nil }})
		}
		if window.Before > 0 {
			qs = append(qs, sqldb.Q{Stmt: anyFrom, Args: []any{id, window.Before}, Each: func(*sqldb.Row) error { page.After = true; return nil }})
		}
	}
	if err := tx.Pipeline(qs...); err != nil {
		return err
	}
	for window, page := range p.Books {
		var before, after bool
		page.Addresses, before, after = listing.Cut(window, page.Addresses)
		page.Before, page.After = page.Before || before, page.After || after
	}
	return nil
}

// queries find the metafields of a window and whether there are more.
func (w MetafieldWindow) queries(id int64, page *MetafieldPage) []sqldb.Q {
	const shown = ` FROM metafields WHERE store_id = $1 AND customer_id = $2 AND namespace = $3 AND permission_set IN ('read_and_sf_access', 'write_and_sf_access')`
	args := []any{id, w.Namespace}
	named := ""
	if w.Keys != "" {
		var in string
		in, args = sqldb.In(args, strings.Split(w.Keys, "\x00"))
		named = ` AND key IN ` + in
	}
	after, before, rows, descending := w.Bounds()
	order := ` ORDER BY id`
	if descending {
		order += ` DESC`
	}
	n := len(args) + 2
	at := "$" + strconv.Itoa(n)
	qs := []sqldb.Q{{
		Stmt: sqldb.Dynamic(`SELECT id, key, value, description` + shown + named + ` AND id > ` + at + ` AND id < $` + strconv.Itoa(n+1) + order + ` LIMIT $` + strconv.Itoa(n+2)),
		Args: append(args[:len(args):len(args)], after, before, rows),
		Each: func(r *sqldb.Row) error {
			page.Metafields = append(page.Metafields, ShownMetafield{ID: r.Int(0), Key: r.Text(1), Value: r.Text(2), Description: r.Text(3)})
			return nil
		},
	}}
	if w.After > 0 {
		qs = append(qs, sqldb.Q{Stmt: sqldb.Dynamic(`SELECT id` + shown + named + ` AND id <= ` + at + ` LIMIT 1`), Args: append(args[:len(args):len(args)], w.After),
			Each: func(*sqldb.Row) error { page.Before = true; return nil }})
	}
	if w.Before > 0 {
		qs = append(qs, sqldb.Q{Stmt: sqldb.Dynamic(`SELECT id` + shown + named + ` AND id >= ` + at + ` LIMIT 1`), Args: append(args[:len(args):len(args)], w.Before),
			Each: func(*sqldb.Row) error { page.After = true; return nil }})
	}
	return qs
}

// OwnAddress returns an address of a customer with its form field values, or
// nil.
func (s *Service) OwnAddress(ctx context.Context, storeID, customerID, id int64) (*Address, error) {
	var out *Address
	err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		out = nil
		var values []FormValue
		err := tx.Pipeline(
			sqldb.Q{Stmt: selectAddress, Args: []any{id}, Each: func(r *sqldb.Row) error {
				a := &Address{}
				if a.scan(r); a.CustomerID == customerID {
					out = a
				}
				return nil
			}},
			valuesQuery(form.Address, ` = $2`, []any{id}, func(v FormValue) { values = append(values, v) }),
		)
		if out != nil {
			out.FormFields = values
		}
		return err
	})
	return out, err
}
