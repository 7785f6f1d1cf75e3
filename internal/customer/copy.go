package customer

import (
	"cmp"
	"slices"

	"clientele/internal/fault"
	"clientele/internal/fold"
	"clientele/internal/form"
	"clientele/internal/history"
	"clientele/internal/opt"
	"clientele/internal/rule"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

// Copied is how many customers a copy made and changed.
type Copied struct{ Created, Changed int }

// CopyTx makes customers what another store has them to be, with the ids that they
// and their addresses have there: all of them or, if any breaks a rule, none.
// Customers that are not here are made. Of the others addresses and values of
// attributes that are not in the copy go. Their passwords and languages stay, and
// what is theirs in other packages.
func (s *Service) CopyTx(tx *sqldb.Tx, in []Create) (out Copied, err error) {
	if len(in) == 0 {
		return out, nil
	}
	ids := make([]int64, len(in))
	for i := range in {
		ids[i] = in[i].ID
		in[i].FromFile, in[i].Extent = true, form.Free
	}
	all := &createPlan{in: in}
	later := all.putOffAttributes()
	if err := all.check(); err != nil {
		return out, err
	}
	c := &copying{s: s, tx: tx, now: s.sys.Now(), there: map[int64]*Customer{}, book: map[int64]Address{}, values: map[held]AttributeValue{}, changed: map[int64]bool{}}
	if err := c.lock(ids, in); err != nil {
		return out, err
	}
	fresh := &createPlan{}
	var present []Create
	for i := range all.in {
		if c.there[ids[i]] != nil {
			present = append(present, all.in[i])
			continue
		}
		fresh.in = append(fresh.in, all.in[i])
	}
	if err := c.update(present, later); err != nil {
		return out, err
	}
	out.Changed = len(c.changed)
	if len(fresh.in) == 0 {
		return out, nil
	}
	fresh.hashes = make([]string, len(fresh.in))
	if err := fresh.check(); err != nil {
		return out, err
	}
	if err := fresh.run(tx, c.now); err != nil {
		return out, err
	}
	out.Created = len(fresh.in)
	var rest []AttributeUpsert
	for i := range fresh.in {
		rest = append(rest, later[fresh.in[i].ID]...)
	}
	if len(rest) > 0 {
		_, err = putAttributeValues(tx, rest, c.now)
	}
	return out, err
}

// putOffAttributes leaves of each customer as many attributes as are made with it,
// and returns the others.
func (p *createPlan) putOffAttributes() map[int64][]AttributeUpsert {
	later := map[int64][]AttributeUpsert{}
	for i := range p.in {
		in := &p.in[i]
		if len(in.Attributes) <= MaxEmbedded {
			continue
		}
		for _, v := range in.Attributes[MaxEmbedded:] {
			later[in.ID] = append(later[in.ID], AttributeUpsert{CustomerID: in.ID, AttributeID: v.AttributeID, Value: v.Value})
		}
		in.Attributes = in.Attributes[:MaxEmbedded:MaxEmbedded]
	}
	return later
}

// copying is a copy as it is made.
type copying struct {
	s   *Service
	tx  *sqldb.Tx
	now int64

	there   map[int64]*Customer // who is here
	book    map[int64]Address   // their addresses, and those that have an id of the copy
	values  map[held]AttributeValue
	changed map[int64]bool
}

// lock locks what the copy may change: customers first, then what they have.
func (c *copying) lock(ids []int64, in []Create) error {
	if err := c.tx.Pipeline(lockCustomers(c.tx, ids, c.there)); err != nil {
		return err
	}
	var given []int64
	for i := range in {
		for _, a := range in[i].Addresses {
			given = append(given, a.ID)
		}
	}
	note := func(r *sqldb.Row) error {
		var a Address
		a.scan(r)
		c.book[a.ID] = a
		return nil
	}
	of, args := sqldb.In(nil, ids)
	condition := `customer_id IN ` + of
	if len(given) > 0 {
		var among string
		among, args = sqldb.In(args, given)
		condition = `(` + condition + ` OR id IN ` + among + `)`
	}
	owners, ownerArgs := sqldb.In(nil, ids)
	return c.tx.Pipeline(
		sqldb.Q{Stmt: sqldb.Dynamic(`SELECT ` + addressColumns + ` FROM addresses WHERE store_id = $1 AND ` + condition + ` ORDER BY id` + c.tx.ForDelete()), Args: args, Each: note},
		sqldb.Q{
			Stmt: sqldb.Dynamic(`SELECT ` + attributeValueColumns + ` FROM attribute_values WHERE store_id = $1 AND customer_id IN ` + owners + ` ORDER BY id` + c.tx.ForDelete()),
			Args: ownerArgs,
			Each: func(r *sqldb.Row) error {
				var v AttributeValue
				v.scan(r)
				c.values[held{v.CustomerID, v.AttributeID}] = v
				return nil
			},
		},
	)
}

// update brings those in line who are here, and makes room for addresses of others.
func (c *copying) update(present []Create, later map[int64][]AttributeUpsert) error {
	if err := c.rows(present); err != nil {
		return err
	}
	if err := c.addresses(present); err != nil {
		return err
	}
	return c.attributes(present, later)
}

// rows brings the customers themselves in line.
func (c *copying) rows(present []Create) error {
	if len(present) == 0 {
		return nil
	}
	updates := make([]Update, len(present))
	for i := range present {
		in := &present[i]
		updates[i] = Update{
			ID: in.ID, Email: opt.Some(in.Email), FirstName: opt.Some(in.FirstName), LastName: opt.Some(in.LastName), Company: opt.Some(in.Company), Phone: opt.Some(in.Phone),
			Notes: opt.Some(in.Notes), TaxExemptCategory: opt.Some(in.TaxExemptCategory), GroupID: opt.Some(in.GroupID), RegistrationIP: opt.Some(in.RegistrationIP),
			AcceptsEmails: opt.Some(in.AcceptsEmails), StoreCredit: opt.Some(in.StoreCredit), ForcePasswordReset: opt.Some(in.ForcePasswordReset),
			ChannelIDs: opt.Field[[]int64]{Set: true, Null: in.ChannelIDs == nil, Value: in.ChannelIDs}, FormFields: in.FormFields, Extent: form.Free,
		}
	}
	after, err := c.s.update(c.tx, updates, make([]string, len(updates)), c.now)
	if err != nil {
		return err
	}
	for i := range after {
		if old := c.there[after[i].ID]; after[i].DateModified != old.DateModified || !old.same(&after[i]) {
			c.changed[old.ID] = true
		}
	}
	return nil
}

// addresses brings the address books in line.
func (c *copying) addresses(present []Create) error {
	wanted := map[int64]AddressCreate{}
	for i := range present {
		for _, a := range present[i].Addresses {
			a.CustomerID, a.Extent = present[i].ID, form.Free
			wanted[a.ID] = a
		}
	}
	var gone []Address
	var changes []AddressUpdate
	for id, old := range c.book {
		a, stays := wanted[id]
		if !stays || a.CustomerID != old.CustomerID {
			gone = append(gone, old)
			continue
		}
		if a.AddressFields != old.AddressFields || len(a.FormFields) > 0 {
			changes = append(changes, a.update())
		} else {
			delete(wanted, id)
		}
	}
	if len(changes) > 0 {
		slices.SortFunc(changes, func(a, b AddressUpdate) int { return cmp.Compare(a.ID, b.ID) })
		made, err := updateAddresses(c.tx, 0, changes, c.now)
		if err != nil {
			return err
		}
		for i := range made {
			old := c.book[made[i].ID]
			if made[i].AddressFields != old.AddressFields {
				c.changed[old.CustomerID] = true
			}
			delete(wanted, old.ID)
		}
		// What would have become equal to another one, which changes too, is made
		// anew.
		for i := range changes {
			if _, left := wanted[changes[i].ID]; left {
				gone = append(gone, c.book[changes[i].ID])
			}
		}
	}
	if len(gone) > 0 {
		slices.SortFunc(gone, func(a, b Address) int { return cmp.Compare(a.ID, b.ID) })
		for i := range gone {
			c.changed[gone[i].CustomerID] = true
		}
		if err := removeAddresses(c.tx, gone, c.now); err != nil {
			return err
		}
	}
	var fresh []AddressCreate
	for i := range present {
		for _, a := range present[i].Addresses {
			if one, ok := wanted[a.ID]; ok {
				fresh = append(fresh, one)
			}
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	made, err := createAddresses(c.tx, fresh, c.now)
	for i := range made {
		c.changed[made[i].CustomerID] = true
	}
	return err
}

// update is the command that makes an address all of a.
func (a *AddressCreate) update() AddressUpdate {
	return AddressUpdate{
		ID: a.ID, FirstName: opt.Some(a.FirstName), LastName: opt.Some(a.LastName), Company: opt.Some(a.Company), Phone: opt.Some(a.Phone), Type: opt.Some(a.Type),
		Address1: opt.Some(a.Address1), Address2: opt.Some(a.Address2), City: opt.Some(a.City), StateOrProvince: opt.Some(a.StateOrProvince),
		PostalCode: opt.Some(a.PostalCode), CountryCode: opt.Some(a.CountryCode), FormFields: a.FormFields, Extent: form.Free,
	}
}

// attributes brings the values of attributes in line.
func (c *copying) attributes(present []Create, later map[int64][]AttributeUpsert) error {
	var puts []AttributeUpsert
	wanted := map[held]bool{}
	for i := range present {
		all := later[present[i].ID]
		for _, v := range present[i].Attributes {
			all = append(all, AttributeUpsert{CustomerID: present[i].ID, AttributeID: v.AttributeID, Value: v.Value})
		}
		for _, v := range all {
			key := held{v.CustomerID, v.AttributeID}
			if old, has := c.values[key]; !has || old.Value != v.Value {
				puts = append(puts, v)
				c.changed[v.CustomerID] = true
			}
			wanted[key] = true
		}
	}
	var gone []AttributeValue
	for key, v := range c.values {
		if !wanted[key] {
			gone = append(gone, v)
			c.changed[v.CustomerID] = true
		}
	}
	if len(puts) > 0 {
		if _, err := putAttributeValues(c.tx, puts, c.now); err != nil {
			return err
		}
	}
	return removeValues(c.tx, gone, c.now)
}

// removeValues removes values of attributes that the caller has read and locked.
func removeValues(tx *sqldb.Tx, gone []AttributeValue, now int64) error {
	if len(gone) == 0 {
		return nil
	}
	slices.SortFunc(gone, func(a, b AttributeValue) int { return cmp.Compare(a.ID, b.ID) })
	entries := make([]history.Entry, len(gone))
	for i := range gone {
		entries[i] = gone[i].changeOf(history.Deleted, &gone[i], nil)
	}
	if err := history.Enter(tx, now, entries...); err != nil {
		return err
	}
	if err := store.MoveValues(tx, -int64(len(gone)), 0); err != nil {
		return err
	}
	for i := range gone {
		if err := tx.Exec(deleteAttributeValue, gone[i].ID); err != nil {
			return err
		}
	}
	return rule.MarkIf(tx, ownersOf(entries)...)
}

// RemoveTx removes the customers with some ids, with all that is theirs, and
// returns how many there were.
func (s *Service) RemoveTx(tx *sqldb.Tx, ids []int64) (int, error) {
	if len(ids) == 0 {
		return 0, nil
	}
	var there []int64
	in, args := sqldb.In(nil, ids)
	if err := tx.Query(sqldb.Dynamic(`SELECT id FROM customers WHERE store_id = $1 AND id IN `+in+` ORDER BY id`+tx.ForDelete()), func(r *sqldb.Row) error {
		there = append(there, r.Int(0))
		return nil
	}, args...); err != nil || len(there) == 0 {
		return 0, err
	}
	return len(there), s.deleteCustomers(tx, there, s.sys.Now(), nil)
}

// WrongAddress reports which address of a customer, from 0 on, an item of a fault is
// about, and WrongAttribute which attribute; -1: none.
func WrongAddress(it *fault.Item) int { return wrongIn(it, FieldAddresses) }

// WrongAttribute is described at WrongAddress.
func WrongAttribute(it *fault.Item) int { return wrongIn(it, FieldAttributes) }

func wrongIn(it *fault.Item, list fault.Field) int {
	if it.In.List != list {
		return -1
	}
	return it.In.At - 1
}

var idsAfter = sqldb.Static(`SELECT id FROM customers WHERE store_id = $1 AND id > $2 ORDER BY id LIMIT $3`)

// IDsAfter returns the ids of some customers above an id, in order.
func IDsAfter(tx *sqldb.Tx, id int64, most int) (out []int64, err error) {
	return out, tx.Query(idsAfter, func(r *sqldb.Row) error { out = append(out, r.Int(0)); return nil }, id, int64(most))
}

// CopyAttributesTx makes attributes what another store has them to be, with their
// ids. One whose name is that of another attribute here is that one. It returns the
// ids that they have here, by those there, and how many became different.
func CopyAttributesTx(tx *sqldb.Tx, in []Attribute, now int64) (ids map[int64]int64, changed int, err error) {
	var have attributeSet
	if err := tx.Pipeline(have.query()); err != nil {
		return nil, 0, err
	}
	ids = map[int64]int64{}
	var renamed []AttributeUpdate
	for _, a := range in {
		old := have.byID[a.ID]
		switch {
		case old != nil && old.Type == a.Type && old.Name == a.Name:
			ids[a.ID] = a.ID
		case old != nil && old.Type == a.Type:
			renamed = append(renamed, AttributeUpdate{ID: a.ID, Name: a.Name})
			ids[a.ID] = a.ID
		default:
			id := a.ID
			if old != nil { // another kind has the id
				id = 0
			}
			if ids[a.ID], err = PutAttribute(tx, id, a.Name, a.Type, now); err != nil {
				return nil, 0, err
			}
			if have.byNorm[fold.Text(a.Name)] == 0 {
				changed++
			}
		}
	}
	highest := int64(0)
	for _, id := range ids {
		highest = max(highest, id)
	}
	if err := (store.Lowest{AttributeID: highest}).Lift(tx); err != nil {
		return nil, 0, err
	}
	if len(renamed) == 0 {
		return ids, changed, nil
	}
	_, err = updateAttributes(tx, renamed, now)
	return ids, changed + len(renamed), err
}
