package customer

import (
	"cmp"
	"context"
	"slices"

	"clientele/internal/form"
	"clientele/internal/listing"
	"clientele/internal/segment"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

// Includes of the list of customers.
const (
	IncludeAddresses      = "addresses"
	IncludeStoreCredit    = "storecredit"
	IncludeAttributes     = "attributes"
	IncludeFormFields     = "formfields"
	IncludeShopperProfile = "shopper_profile_id"
	IncludeSegments       = "segment_ids"
)

// List declares the list of customers.
var List = &listing.Spec{
	Table: "customers",
	Fields: []listing.Field{
		{Name: "id", Kind: listing.Int, Ops: []listing.Op{listing.In}, Column: "id"},
		{Name: "company", Kind: listing.Folded, Ops: []listing.Op{listing.In}, Column: "company_norm", NonEmpty: true},
		{Name: "customer_group_id", Kind: listing.Int, Ops: []listing.Op{listing.In}, Column: "customer_group_id", NonEmpty: true},
		{Name: "date_created", Kind: listing.Time, Ops: []listing.Op{listing.Eq, listing.Min, listing.Max}, Column: "date_created", Ordered: true},
		{Name: "date_modified", Kind: listing.Time, Ops: []listing.Op{listing.Eq, listing.Min, listing.Max}, Column: "date_modified", Ordered: true},
		{Name: "email", Kind: listing.Email, Ops: []listing.Op{listing.In},
			Where: WithEmail("id")},
		{Name: "name", Kind: listing.Folded, Ops: []listing.Op{listing.In, listing.Like}, Column: "name_norm", Held: namesHolding},
		{Name: "phone", Kind: listing.Folded, Ops: []listing.Op{listing.In}, Column: "phone_norm", NonEmpty: true},
		{Name: "registration_ip_address", Kind: listing.Text, Ops: []listing.Op{listing.In}, Column: "registration_ip_address", NonEmpty: true},
	},
	Sorts: []listing.Sort{
		{Name: "date_created", Column: "date_created", Kind: listing.Time},
		{Name: "last_name", Column: "last_name_norm", Kind: listing.Folded},
		{Name: "date_modified", Column: "date_modified", Kind: listing.Time},
	},
	Includes:   []string{IncludeAddresses, IncludeStoreCredit, IncludeAttributes, IncludeFormFields, IncludeShopperProfile, IncludeSegments},
	Descending: true,
	Cursors:    true,
	Gaps:       listing.Customers,
	Total:      store.TotalCustomers(),
}

// WithEmail returns the condition of a filter by email addresses on a column
// that holds ids of customers.
func WithEmail(column string) string {
	return column + " IN (SELECT customer_id FROM customer_emails WHERE store_id = $1 AND email_norm IN {in})"
}

// DeleteList declares what customers may be selected by for deletion.
var DeleteList = &listing.Spec{Table: "customers", Fields: List.Fields[:1], Unpaged: true, Deletes: true}

// List returns a page of customers. The slice into is reused for them where
// it is large enough.
func (s *Service) List(ctx context.Context, storeID int64, q *listing.Query, into []Customer) ([]Customer, *listing.Result, error) {
	var out []Customer
	var res *listing.Result
	err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		out = into[:0]
		res, err = q.Run(tx, customerColumns, func(r *sqldb.Row) error {
			out = append(out, Customer{})
			out[len(out)-1].scan(r)
			return nil
		})
		if err != nil {
			return err
		}
		if q.Reversed() {
			slices.Reverse(out)
		}
		return include(tx, out, q)
	})
	return out, res, err
}

// include fills sub-resources, each kind with one statement for all
// customers. On a page of a list without conditions there is no other customer
// between their ids, which makes for a cheaper condition than a list of ids.
func include(tx *sqldb.Tx, customers []Customer, q *listing.Query) error {
	if len(customers) == 0 {
		return nil
	}
	p := &including{customers: customers, at: make(map[int64]int, len(customers))}
	ids := make([]int64, len(customers))
	for i := range customers {
		ids[i] = customers[i].ID
		p.at[ids[i]] = i
	}
	p.of, p.args = ofCustomers(ids, q.Unfiltered())
	var qs []sqldb.Q
	if q.Includes(IncludeAddresses) {
		qs = append(qs, p.addresses())
	}
	if q.Includes(IncludeAttributes) {
		qs = append(qs, p.attributes())
	}
	if q.Includes(IncludeFormFields) {
		qs = append(qs, valuesQuery(form.Customer, p.of, p.args, func(v FormValue) {
			p.each(v.OwnerID, func(c *Customer) { c.FormFields = append(c.FormFields, v) })
		}))
		if q.Includes(IncludeAddresses) {
			qs = append(qs, p.addressValues())
		}
	}
	if q.Includes(IncludeShopperProfile) {
		qs = append(qs, segment.ProfileQuery(p.of, p.args, func(id int64, uuid string) {
			p.each(id, func(c *Customer) { c.ShopperProfile = uuid })
		}))
	}
	if q.Includes(IncludeSegments) {
		qs = append(qs, segment.SegmentsQuery(p.of, p.args, func(id int64, uuid string) {
			p.each(id, func(c *Customer) { c.Segments = append(c.Segments, uuid) })
		}))
	}
	if len(qs) == 0 {
		return nil
	}
	if err := tx.Pipeline(qs...); err != nil {
		return err
	}
	p.finish()
	return nil
}

// including is what include fills: customers by their ids, and the condition
// that selects what is theirs.
type including struct {
	customers []Customer
	at        map[int64]int
	of        string
	args      []any
	values    []FormValue // of addresses, by address
	all       bool        // also what is beyond what pages show
}

// each calls do for a customer of the page. Rows of others, made after the page
// was read, are passed over.
func (p *including) each(id int64, do func(*Customer)) {
	if i, ok := p.at[id]; ok {
		do(&p.customers[i])
	}
}

func (p *including) addresses() sqldb.Q {
	return sqldb.Q{
		Stmt: sqldb.Dynamic(`SELECT ` + addressColumns + ` FROM addresses WHERE store_id = $1 AND customer_id` + p.of),
		Args: p.args,
		Each: func(r *sqldb.Row) error {
			p.each(r.Int(1), func(c *Customer) {
				c.Addresses = append(c.Addresses, Address{})
				c.Addresses[len(c.Addresses)-1].scan(r)
			})
			return nil
		},
	}
}

func (p *including) attributes() sqldb.Q {
	return sqldb.Q{
		Stmt: sqldb.Dynamic(`SELECT ` + attributeValueColumns + ` FROM attribute_values WHERE store_id = $1 AND customer_id` + p.of + ` ORDER BY customer_id, attribute_id`),
		Args: p.args,
		Each: func(r *sqldb.Row) error {
			p.each(r.Int(2), func(c *Customer) {
				if len(c.Attributes) < MaxEmbedded || p.all {
					c.Attributes = append(c.Attributes, AttributeValue{})
					c.Attributes[len(c.Attributes)-1].scan(r)
				}
			})
			return nil
		},
	}
}

func (p *including) addressValues() sqldb.Q {
	return sqldb.Q{
		Stmt: sqldb.Dynamic(`SELECT v.session_id, v.field_id, f.name, f.type, v.value FROM addresses a
			JOIN address_form_values v ON v.store_id = a.store_id AND v.address_id = a.id` + form.JoinFields + `
			WHERE a.store_id = $1 AND a.customer_id` + p.of + ` ORDER BY v.address_id, v.field_id`),
		Args: p.args,
		Each: func(r *sqldb.Row) error {
			p.values = append(p.values, formValue(r.Int(0), r.Int(1), r.Text(2), r.Text(3), r.Text(4)))
			return nil
		},
	}
}

// finish orders the addresses and gives them their values. Sorting few rows
// here is cheaper than having the engine sort per customer.
func (p *including) finish() {
	for i := range p.customers {
		a := p.customers[i].Addresses
		slices.SortFunc(a, func(x, y Address) int { return cmp.Compare(x.ID, y.ID) })
		if !p.all {
			a = a[:min(len(a), MaxEmbedded)]
		}
		p.customers[i].Addresses = a
		spread(p.customers[i].Addresses, p.values)
	}
}

// spread gives addresses their values, which are ordered by address.
func spread(addresses []Address, values []FormValue) {
	for j := range addresses {
		a := &addresses[j]
		i, _ := slices.BinarySearchFunc(values, a.ID, func(v FormValue, id int64) int { return cmp.Compare(v.OwnerID, id) })
		n := i
		for n < len(values) && values[n].OwnerID == a.ID {
			n++
		}
		a.FormFields = values[i:n:n]
	}
}

// ofCustomers returns what follows "customer_id" in a condition, and its
// arguments, from $2 on.
func ofCustomers(ids []int64, contiguous bool) (string, []any) {
	if contiguous {
		return ` BETWEEN $2 AND $3`, []any{min(ids[0], ids[len(ids)-1]), max(ids[0], ids[len(ids)-1])}
	}
	in, args := sqldb.In(nil, ids)
	return ` IN ` + in, args
}
