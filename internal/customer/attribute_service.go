package customer

import (
	"context"
	"fmt"

	"clientele/internal/fault"
	"clientele/internal/fold"
	"clientele/internal/form"
	"clientele/internal/history"
	"clientele/internal/listing"
	"clientele/internal/rule"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

// AttributeList declares the list of attributes. It cannot be filtered by id.
var AttributeList = &listing.Spec{
	Table: "attributes",
	Fields: []listing.Field{
		{Name: "name", Kind: listing.Folded, Ops: []listing.Op{listing.Eq, listing.Like}, Column: "name_norm"},
		{Name: "type", Kind: listing.Text, Ops: []listing.Op{listing.Eq}, Column: "type"},
		{Name: "date_created", Kind: listing.UnixTime, Ops: []listing.Op{listing.Eq, listing.Min, listing.Max}, Column: "date_created"},
		{Name: "date_modified", Kind: listing.UnixTime, Ops: []listing.Op{listing.Eq, listing.Min, listing.Max}, Column: "date_modified"},
	},
}

// DeleteAttributeList declares what attributes may be selected by for deletion.
var DeleteAttributeList = &listing.Spec{
	Table:   "attributes",
	Fields:  []listing.Field{{Name: "id", Kind: listing.Int, Ops: []listing.Op{listing.In}, Column: "id"}},
	Unpaged: true,
	Deletes: true,
}

// AttributeValueList declares the list of attribute values.
var AttributeValueList = &listing.Spec{
	Table: "attribute_values",
	Fields: []listing.Field{
		{Name: "customer_id", Kind: listing.Int, Ops: []listing.Op{listing.In}, Column: "customer_id"},
		{Name: "attribute_id", Kind: listing.Int, Ops: []listing.Op{listing.In}, Column: "attribute_id"},
		{Name: "name", Kind: listing.Folded, Ops: []listing.Op{listing.Eq},
			Where: "attribute_id IN (SELECT id FROM attributes WHERE store_id = $1 AND name_norm IN {in})"},
		{Name: "date_created", Kind: listing.UnixTime, Ops: []listing.Op{listing.Eq, listing.Min, listing.Max}, Column: "date_created", Ordered: true},
		{Name: "date_modified", Kind: listing.UnixTime, Ops: []listing.Op{listing.Eq, listing.Min, listing.Max}, Column: "date_modified", Ordered: true},
	},
	Total: store.TotalAttributeValues(),
}

// DeleteAttributeValueList declares what attribute values may be selected by
// for deletion.
var DeleteAttributeValueList = &listing.Spec{
	Table:   "attribute_values",
	Fields:  []listing.Field{{Name: "id", Kind: listing.Int, Ops: []listing.Op{listing.In}, Column: "id"}},
	Unpaged: true,
	Deletes: true,
}

const (
	attributeColumns      = `id, name, type, date_created, date_modified`
	attributeValueColumns = `id, attribute_id, customer_id, value, date_created, date_modified`
)

func (a *Attribute) scan(r *sqldb.Row) {
	*a = Attribute{ID: r.Int(0), Name: r.Text(1), Type: r.Text(2), DateCreated: r.Int(3), DateModified: r.Int(4)}
}

func (v *AttributeValue) scan(r *sqldb.Row) {
	*v = AttributeValue{ID: r.Int(0), AttributeID: r.Int(1), CustomerID: r.Int(2), Value: r.Text(3), DateCreated: r.Int(4), DateModified: r.Int(5)}
}

const valueArgs = 4 // of each row of attribute_values

var (
	allAttributes         = sqldb.Static(`SELECT ` + attributeColumns + `, name_norm FROM attributes WHERE store_id = $1 ORDER BY id`)
	insertAttribute       = sqldb.Static(`INSERT INTO attributes (store_id, id, name, name_norm, type, date_created, date_modified) VALUES ($1, $2, $3, $4, $5, $6, $6)`)
	updateAttribute       = sqldb.Static(`UPDATE attributes SET name = $3, name_norm = $4, date_modified = $5 WHERE store_id = $1 AND id = $2`)
	parkAttribute         = sqldb.Static(`UPDATE attributes SET name_norm = $3 WHERE store_id = $1 AND id = $2`)
	deleteAttribute       = sqldb.Static(`DELETE FROM attributes WHERE store_id = $1 AND id = $2`)
	nextAttributeIDs      = sqldb.Static(`UPDATE store_counters SET attribute_id = attribute_id + $2 WHERE store_id = $1 RETURNING attribute_id`)
	insertAttributeValues = sqldb.StaticRows(`INSERT INTO attribute_values (store_id, date_created, date_modified, id, customer_id, attribute_id, value) VALUES `, 2, valueArgs, together, ``)
	updateAttributeValue  = sqldb.Static(`UPDATE attribute_values SET value = $3, date_modified = $4 WHERE store_id = $1 AND id = $2`)
	deleteAttributeValue  = sqldb.Static(`DELETE FROM attribute_values WHERE store_id = $1 AND id = $2`)
)

// attributeSet is all attributes of a store: there are few.
type attributeSet struct {
	byID   map[int64]*Attribute
	byNorm map[string]int64
}

func (s *attributeSet) query() sqldb.Q {
	s.byID, s.byNorm = map[int64]*Attribute{}, map[string]int64{}
	return sqldb.Q{Stmt: allAttributes, Each: func(r *sqldb.Row) error {
		a := &Attribute{}
		a.scan(r)
		s.byID[a.ID] = a
		s.byNorm[r.Text(5)] = a.ID
		return nil
	}}
}

// Attributes returns a page of attributes.
func (s *Service) Attributes(ctx context.Context, storeID int64, q *listing.Query) ([]Attribute, *listing.Result, error) {
	var out []Attribute
	var res *listing.Result
	err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		out = make([]Attribute, 0, min(q.Limit, 64))
		res, err = q.Run(tx, attributeColumns, func(r *sqldb.Row) error {
			out = append(out, Attribute{})
			out[len(out)-1].scan(r)
			return nil
		})
		return err
	})
	return out, res, err
}

// CreateAttributes defines attributes: all of them or, if any breaks a rule,
// none.
func (s *Service) CreateAttributes(ctx context.Context, storeID int64, in []AttributeCreate) ([]Attribute, error) {
	if len(in) == 0 {
		return nil, nil
	}
	var b fault.Batch
	b.Each(len(in), func(i int, c *fault.Collector) { in[i].check(c) })
	if err := b.Err(fault.Invalid); err != nil {
		return nil, err
	}
	var out []Attribute
	err := s.db.Write(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		out, err = createAttributes(tx, in, s.sys.Now())
		return err
	})
	return out, err
}

func createAttributes(tx *sqldb.Tx, in []AttributeCreate, now int64) ([]Attribute, error) {
	// The counters' lock keeps two requests from taking the last place or the
	// same name.
	n := int64(len(in))
	var last int64
	var have attributeSet
	ids := sqldb.Q{Stmt: nextAttributeIDs, Args: []any{n}, Each: func(r *sqldb.Row) error { last = r.Int(0); return nil }}
	if err := tx.Pipeline(ids, have.query()); err != nil {
		return nil, err
	}
	var b fault.Batch
	if len(have.byID)+len(in) > MaxAttributes {
		b.Items = append(b.Items, fault.Item{Code: fault.TooManyItems, Why: WhyMany, Want: fmt.Sprint(MaxAttributes)})
	}
	out := make([]Attribute, len(in))
	b.Each(len(in), func(i int, c *fault.Collector) {
		norm := fold.Text(in[i].Name)
		if _, taken := have.byNorm[norm]; taken {
			c.Because(FieldName, fault.Duplicate, WhyNameTaken, "")
		}
		out[i] = Attribute{ID: last - n + int64(i) + 1, Name: in[i].Name, Type: in[i].Type, DateCreated: now, DateModified: now}
		have.byNorm[norm] = out[i].ID
	})
	if err := b.Err(fault.Conflict); err != nil {
		return nil, err
	}
	entries := make([]history.Entry, len(out))
	for i := range out {
		a := &out[i]
		if err := tx.Exec(insertAttribute, a.ID, a.Name, fold.Text(a.Name), a.Type, now); err != nil {
			return nil, err
		}
		entries[i] = a.changeOf(history.Created, nil, a)
	}
	return out, history.Enter(tx, now, entries...)
}

// UpdateAttributes renames attributes: all of them or, if any breaks a rule,
// none. Two may swap their names.
func (s *Service) UpdateAttributes(ctx context.Context, storeID int64, in []AttributeUpdate) ([]Attribute, error) {
	if len(in) == 0 {
		return nil, nil
	}
	var b fault.Batch
	seen := map[int64]bool{}
	b.Each(len(in), func(i int, c *fault.Collector) {
		if seen[in[i].ID] {
			c.Because(FieldID, fault.Duplicate, WhyAttributeTwice, "")
		}
		seen[in[i].ID] = true
		c.Length(FieldName, in[i].Name, 1, maxAttributeName)
	})
	if err := b.Err(fault.Invalid); err != nil {
		return nil, err
	}
	var out []Attribute
	err := s.db.WriteAgain(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		out, err = updateAttributes(tx, in, s.sys.Now())
		return err
	})
	return out, err
}

func updateAttributes(tx *sqldb.Tx, in []AttributeUpdate, now int64) ([]Attribute, error) {
	ids := make([]int64, len(in))
	for i := range in {
		ids[i] = in[i].ID
	}
	// A unique key changes, so the lock is that of a deletion.
	list, args := sqldb.In(nil, ids)
	lock := sqldb.Dynamic(`SELECT id FROM attributes WHERE store_id = $1 AND id IN ` + list + ` ORDER BY id` + tx.ForDelete())
	if err := tx.Query(lock, func(*sqldb.Row) error { return nil }, args...); err != nil {
		return nil, err
	}
	var have attributeSet
	if err := tx.Pipeline(have.query()); err != nil {
		return nil, err
	}
	var b fault.Batch
	out := make([]Attribute, len(in))
	b.Each(len(in), func(i int, c *fault.Collector) {
		old := have.byID[in[i].ID]
		if old == nil {
			c.Because(FieldID, fault.Unknown, WhyNoAttribute, "")
			return
		}
		if in[i].Type.Set && in[i].Type.Value != old.Type {
			c.Because(FieldType, fault.NotAccepted, WhyTypeStays, old.Type)
		}
		out[i] = *old
		out[i].Name = in[i].Name
		delete(have.byNorm, fold.Text(old.Name))
	})
	b.Each(len(in), func(i int, c *fault.Collector) {
		if out[i].ID == 0 {
			return
		}
		norm := fold.Text(out[i].Name)
		if _, taken := have.byNorm[norm]; taken {
			c.Because(FieldName, fault.Duplicate, WhyNameTaken, "")
		}
		have.byNorm[norm] = out[i].ID
	})
	if err := b.Err(fault.Invalid); err != nil {
		return nil, err
	}
	var entries []history.Entry
	for i := range out {
		if old := have.byID[out[i].ID]; out[i].Name != old.Name {
			entries = append(entries, out[i].changeOf(history.Updated, old, &out[i]))
		}
	}
	if err := history.Enter(tx, now, entries...); err != nil {
		return nil, err
	}
	// First everyone lets go of the old name: no folded name begins with a
	// space.
	for i := range out {
		if fold.Text(out[i].Name) != fold.Text(have.byID[out[i].ID].Name) {
			if err := tx.Exec(parkAttribute, out[i].ID, fmt.Sprintf(" %d", out[i].ID)); err != nil {
				return nil, err
			}
		}
	}
	for i := range out {
		a := &out[i]
		if a.Name == have.byID[a.ID].Name {
			continue
		}
		a.DateModified = now
		if err := tx.Exec(updateAttribute, a.ID, a.Name, fold.Text(a.Name), now); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// DeleteAttributes removes the attributes that q selects, with their values,
// and returns how many there were. Without a condition it removes none.
func (s *Service) DeleteAttributes(ctx context.Context, storeID int64, q *listing.Query) (int, error) {
	return s.deleteRows(ctx, storeID, q, deleteAttribute, `SELECT `+attributeColumns+` FROM attributes WHERE store_id = $1 AND id IN `, func(r *sqldb.Row) history.Entry {
		var a Attribute
		a.scan(r)
		return a.changeOf(history.Deleted, &a, nil)
	}, func(tx *sqldb.Tx, _ int64) error { return form.LoseValues(tx, s.sys.Now()) })
}

// DeleteAttributeValues removes the attribute values that q selects and
// returns how many there were. Without a condition it removes none.
func (s *Service) DeleteAttributeValues(ctx context.Context, storeID int64, q *listing.Query) (int, error) {
	return s.deleteRows(ctx, storeID, q, deleteAttributeValue, `SELECT `+attributeValueColumns+` FROM attribute_values WHERE store_id = $1 AND id IN `, func(r *sqldb.Row) history.Entry {
		var v AttributeValue
		v.scan(r)
		return v.changeOf(history.Deleted, &v, nil)
	}, func(tx *sqldb.Tx, n int64) error { return store.MoveValues(tx, -n, 0) })
}

// deleteRows deletes the rows that q selects by stmt. The entry of each is made
// of what read, which ends in "IN ", finds of it. count notes how many there were
// in the totals.
func (s *Service) deleteRows(ctx context.Context, storeID int64, q *listing.Query, stmt *sqldb.Stmt, read string, entry func(*sqldb.Row) history.Entry, count func(tx *sqldb.Tx, n int64) error) (int, error) {
	n := 0
	err := s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		ids, err := q.IDs(tx)
		n = len(ids)
		if err != nil || n == 0 {
			return err
		}
		entries := make([]history.Entry, 0, n)
		in, args := sqldb.In(nil, ids)
		if err := tx.Query(sqldb.Dynamic(read+in+` ORDER BY id`), func(r *sqldb.Row) error {
			entries = append(entries, entry(r))
			return nil
		}, args...); err != nil {
			return err
		}
		if err := history.Enter(tx, s.sys.Now(), entries...); err != nil {
			return err
		}
		if err := count(tx, int64(n)); err != nil {
			return err
		}
		for _, id := range ids {
			if err := tx.Exec(stmt, id); err != nil {
				return err
			}
		}
		if err := rule.MarkIf(tx, ownersOf(entries)...); err != nil || stmt != deleteAttribute {
			return err
		}
		return rule.Renew(tx, "attribute", s.sys.Now())
	})
	return n, err
}

// AttributeValues returns a page of attribute values.
func (s *Service) AttributeValues(ctx context.Context, storeID int64, q *listing.Query) ([]AttributeValue, *listing.Result, error) {
	var out []AttributeValue
	var res *listing.Result
	err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		out = make([]AttributeValue, 0, min(q.Limit, 64))
		res, err = q.Run(tx, attributeValueColumns, func(r *sqldb.Row) error {
			out = append(out, AttributeValue{})
			out[len(out)-1].scan(r)
			return nil
		})
		return err
	})
	return out, res, err
}

// held identifies an attribute value by what it is about.
type held struct{ customer, attribute int64 }

// PutAttributeValues sets values, each found by its customer and attribute:
// all of them or, if any breaks a rule, none. One that does not change keeps
// its date_modified. Customers do not count as changed.
func (s *Service) PutAttributeValues(ctx context.Context, storeID int64, in []AttributeUpsert) ([]AttributeValue, error) {
	if len(in) == 0 {
		return nil, nil
	}
	var b fault.Batch
	seen, owners := map[held]bool{}, map[int64]bool{}
	b.Each(len(in), func(i int, c *fault.Collector) {
		owners[in[i].CustomerID] = true
		key := held{in[i].CustomerID, in[i].AttributeID}
		if seen[key] {
			c.Because(FieldAttribute, fault.Duplicate, WhyValueTwice, "")
		}
		seen[key] = true
		c.Length(FieldValue, in[i].Value, 0, maxValue)
	})
	if len(owners) > MaxBatch {
		return nil, fault.New(fault.TooLarge, fmt.Sprintf("The maximum number of customers whose attribute values are set at once is %d.", MaxBatch))
	}
	if err := b.Err(fault.Invalid); err != nil {
		return nil, err
	}
	var out []AttributeValue
	err := s.db.WriteAgain(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		out, err = putAttributeValues(tx, in, s.sys.Now())
		return err
	})
	return out, err
}

func putAttributeValues(tx *sqldb.Tx, in []AttributeUpsert, now int64) ([]AttributeValue, error) {
	owners, kinds := make([]int64, len(in)), make([]int64, len(in))
	for i := range in {
		owners[i], kinds[i] = in[i].CustomerID, in[i].AttributeID
	}
	// Customers are locked before their values, as when a customer goes.
	customers := map[int64]bool{}
	var attributes attributeSet
	current := map[held]*AttributeValue{}
	of, ofArgs := sqldb.In(nil, owners)
	kind, kindArgs := sqldb.In(ofArgs, kinds)
	err := tx.Pipeline(
		HoldQuery(tx, owners, customers),
		attributes.query(),
		sqldb.Q{
			Stmt: sqldb.Dynamic(`SELECT ` + attributeValueColumns + ` FROM attribute_values WHERE store_id = $1 AND customer_id IN ` + of +
				` AND attribute_id IN ` + kind + ` ORDER BY id` + tx.ForUpdate()),
			Args: kindArgs,
			Each: func(r *sqldb.Row) error {
				v := &AttributeValue{}
				v.scan(r)
				current[held{v.CustomerID, v.AttributeID}] = v
				return nil
			},
		},
	)
	if err != nil {
		return nil, err
	}
	var b fault.Batch
	fresh := int64(0)
	b.Each(len(in), func(i int, c *fault.Collector) {
		if !customers[in[i].CustomerID] {
			c.Because(FieldCustomer, fault.Unknown, WhyNoCustomer, "")
		}
		if a := attributes.byID[in[i].AttributeID]; a == nil {
			c.Because(FieldAttribute, fault.Unknown, WhyNoAttribute, "")
		} else {
			checkAttributeValue(c, FieldValue, a.Type, in[i].Value)
		}
		if current[held{in[i].CustomerID, in[i].AttributeID}] == nil {
			fresh++
		}
	})
	if err := b.Err(fault.Invalid); err != nil {
		return nil, err
	}
	changed := int64(0)
	for i := range in {
		if old := current[held{in[i].CustomerID, in[i].AttributeID}]; old != nil && old.Value != in[i].Value {
			changed++
		}
	}
	id, entryID := int64(0), int64(0)
	var counters store.Counters
	if fresh+changed > 0 {
		var err error
		counters, err = store.Advance{AttributeValueIDs: fresh, Entries: fresh + changed, AttributeValues: fresh}.Run(tx)
		if err != nil {
			return nil, err
		}
		id, entryID = counters.AttributeValueID-fresh, counters.EntryID
	}
	entries := make([]history.Entry, 0, fresh+changed)
	out := make([]AttributeValue, len(in))
	var rows []any
	for i := range in {
		if old := current[held{in[i].CustomerID, in[i].AttributeID}]; old != nil {
			out[i] = *old
			if old.Value == in[i].Value {
				continue
			}
			out[i].Value, out[i].DateModified = in[i].Value, now
			entries = append(entries, old.changeOf(history.Updated, old, &out[i]))
			if err := tx.Exec(updateAttributeValue, old.ID, in[i].Value, now); err != nil {
				return nil, err
			}
			continue
		}
		id++
		out[i] = AttributeValue{ID: id, AttributeID: in[i].AttributeID, CustomerID: in[i].CustomerID, Value: in[i].Value, DateCreated: now, DateModified: now}
		rows = append(rows, id, in[i].CustomerID, in[i].AttributeID, in[i].Value)
		entries = append(entries, out[i].changeOf(history.Created, nil, &out[i]))
	}
	if err := history.Record(tx, entryID, now, entries); err != nil {
		return nil, err
	}
	if err := insertAttributeValues.Exec(tx, []any{now, now}, rows); err != nil {
		return nil, err
	}
	return out, markOwners(tx, counters, entries)
}
