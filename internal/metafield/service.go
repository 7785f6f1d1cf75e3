package metafield

import (
	"context"
	"maps"
	"slices"
	"strconv"

	"clientele/internal/customer"
	"clientele/internal/event"
	"clientele/internal/fault"
	"clientele/internal/history"
	"clientele/internal/listing"
	"clientele/internal/rule"
	"clientele/internal/sqldb"
	"clientele/internal/store"
	"clientele/internal/system"
	"clientele/internal/total"
)

// Fields of the list that only Service uses.
const (
	customerField = "customer_id"
	readableField = "readable"
)

// List declares the list of metafields.
var List = &listing.Spec{
	Table: "metafields",
	Fields: []listing.Field{
		{Name: "key", Kind: listing.Text, Ops: []listing.Op{listing.Eq, listing.In}, Column: "key"},
		{Name: "namespace", Kind: listing.Text, Ops: []listing.Op{listing.Eq, listing.In}, Column: "namespace"},
		{Name: "date_created", Kind: listing.Time, Ops: []listing.Op{listing.Min, listing.Max}, Column: "date_created"},
		{Name: "date_modified", Kind: listing.Time, Ops: []listing.Op{listing.Min, listing.Max}, Column: "date_modified"},
		{Name: customerField, Kind: listing.Int, Ops: []listing.Op{listing.In}, Column: "customer_id", Hidden: true},
		{Name: readableField, Kind: listing.Text, Ops: []listing.Op{listing.In}, Hidden: true,
			Where: "(permission_set <> 'app_only' OR client_id IN {in})"},
	},
	Members: []string{
		"resource_id", "key", "value", "namespace", "permission_set", "resource_type", "description",
		"owner_client_id", "date_created", "date_modified",
	},
	Direction: true,
	Cursors:   true,
	Total:     sqldb.Static(total.Metafields.Total()),
	TotalOf:   sqldb.Static(total.Metafields.TotalWith()),
}

// Counted is how a job counts metafields, by who may read them.
var Counted = total.Count{
	List:  total.Metafields,
	Parts: sqldb.Static(`SELECT DISTINCT CASE WHEN permission_set = 'app_only' THEN client_id ELSE '' END FROM metafields WHERE store_id = $1`),
	Wrong: sqldb.Static(total.Metafields.Wrong(
		`SELECT COUNT(*) FROM metafields WHERE store_id = $1 AND (permission_set <> 'app_only' AND $2 = '' OR permission_set = 'app_only' AND client_id = $2)`)),
}

// readers returns the part of the total to which the metafield belongs.
func (m *Metafield) readers() string { return total.Readers(m.ClientID, m.Permission) }

const columns = `id, customer_id, client_id, namespace, key, value, description, permission_set, date_created, date_modified`

var (
	changedFrom = sqldb.Static(`SELECT customer_id FROM metafields WHERE store_id = $1 AND date_modified >= $2`)
	selectOne   = sqldb.Static(`SELECT ` + columns + ` FROM metafields WHERE store_id = $1 AND id = $2`)
	nextIDs     = sqldb.Static(`UPDATE store_counters SET metafield_id = metafield_id + $2 WHERE store_id = $1 RETURNING metafield_id`)
	insertRow   = sqldb.Static(`INSERT INTO metafields (store_id, id, customer_id, client_id, namespace, key, value, description, permission_set, date_created, date_modified)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)`)
	updateRow = sqldb.Static(`UPDATE metafields SET namespace = $3, key = $4, value = $5, description = $6, permission_set = $7, date_modified = $8
		WHERE store_id = $1 AND id = $2`)
	deleteRow = sqldb.Static(`DELETE FROM metafields WHERE store_id = $1 AND id = $2`)
)

func (m *Metafield) scan(r *sqldb.Row) {
	*m = Metafield{
		ID: r.Int(0), CustomerID: r.Int(1), ClientID: r.Text(2), Namespace: r.Text(3), Key: r.Text(4),
		Value: r.Text(5), Description: r.Text(6), Permission: r.Text(7), DateCreated: r.Int(8), DateModified: r.Int(9),
	}
}

// Service keeps metafields.
type Service struct {
	db  *sqldb.DB
	sys *system.System
}

// NewService returns a Service over db.
func NewService(db *sqldb.DB, sys *system.System) *Service { return &Service{db: db, sys: sys} }

var errNotFound = fault.New(fault.NotFound, "there is no such metafield or customer")

// List returns a page of the metafields that the caller may read, of one
// customer or, with 0, of all.
func (s *Service) List(ctx context.Context, storeID int64, by Caller, customerID int64, q *listing.Query) ([]Metafield, *listing.Result, error) {
	if customerID != 0 {
		q.Where(customerField, listing.In, []int64{customerID}, nil)
	}
	if !by.All {
		q.Where(readableField, listing.In, nil, []string{by.ClientID})
	}
	var out []Metafield
	var res *listing.Result
	err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		if out, res, err = listing.Rows(tx, q, columns, func(m *Metafield, r *sqldb.Row) error { m.scan(r); return nil }); err != nil || len(out) > 0 || customerID == 0 {
			return err
		}
		found, err := customer.Exists(tx, customerID)
		if err == nil && !found {
			err = errNotFound
		}
		return err
	})
	return out, res, err
}

// Get returns one metafield of a customer.
func (s *Service) Get(ctx context.Context, storeID int64, by Caller, customerID, id int64) (Metafield, error) {
	var m Metafield
	err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		return tx.Query(selectOne, func(r *sqldb.Row) error { m.scan(r); return nil }, id)
	})
	if err == nil && (m.ID == 0 || m.CustomerID != customerID || !by.reads(&m)) {
		err = errNotFound
	}
	return m, err
}

// batch runs fn in a transaction.
func (s *Service) batch(ctx context.Context, storeID int64, fn func(tx *sqldb.Tx, now int64) (Outcome, error)) (Outcome, error) {
	var out Outcome
	err := s.db.WriteAgain(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		out, err = fn(tx, s.sys.Now())
		return err
	})
	return out, err
}

// Create makes one metafield.
func (s *Service) Create(ctx context.Context, storeID int64, by Caller, in Create) (Metafield, error) {
	o, err := s.CreateBatch(ctx, storeID, by, []Create{in})
	if err != nil {
		return Metafield{}, err
	}
	return o.One()
}

// CreateBatch makes those metafields that break no rule.
func (s *Service) CreateBatch(ctx context.Context, storeID int64, by Caller, in []Create) (Outcome, error) {
	return s.batch(ctx, storeID, func(tx *sqldb.Tx, now int64) (Outcome, error) { return CreateTx(tx, by, in, now) })
}

// name is what is unique.
type name struct {
	customer               int64
	client, namespace, key string
}

func (m *Metafield) name() name { return name{m.CustomerID, m.ClientID, m.Namespace, m.Key} }

// CreateTx is CreateBatch inside a transaction.
func CreateTx(tx *sqldb.Tx, by Caller, in []Create, now int64) (o Outcome, err error) {
	o.Failed = make([][]fault.Item, len(in))
	fields := make([]Metafield, len(in))
	wanted := map[int64]bool{}
	var right []int // those without a broken rule
	for i, c := range in {
		fields[i] = Metafield{
			CustomerID: c.CustomerID, ClientID: by.ClientID, Namespace: c.Namespace, Key: c.Key, Value: c.Value,
			Description: c.Description, Permission: c.Permission, DateCreated: now, DateModified: now,
		}
		col := fault.Collector{}
		fields[i].check(&col)
		o.fail(i, col.Items...)
		if len(col.Items) == 0 {
			right = append(right, i)
			wanted[c.CustomerID] = true
		}
	}
	if len(right) == 0 {
		return o, nil
	}
	customers, err := customer.Hold(tx, slices.Sorted(maps.Keys(wanted))...)
	if err != nil {
		return o, err
	}
	// Under the counters' lock nobody else can take a name.
	held := map[name]int64{}
	count := map[int64]int{}
	list, args := sqldb.In([]any{by.ClientID}, slices.Sorted(maps.Keys(wanted)))
	var counters store.Counters
	if err := tx.Pipeline(store.Advance{}.Query(tx, &counters), sqldb.Q{
		Stmt: sqldb.Dynamic(`SELECT id, customer_id, namespace, key FROM metafields WHERE store_id = $1 AND client_id = $2 AND customer_id IN ` + list),
		Args: args,
		Each: func(r *sqldb.Row) error {
			held[name{r.Int(1), by.ClientID, r.Text(2), r.Text(3)}] = r.Int(0)
			count[r.Int(1)]++
			return nil
		},
	}); err != nil {
		return o, err
	}
	for _, i := range right {
		m := fields[i]
		_, taken := held[m.name()]
		switch {
		case !customers[m.CustomerID]:
			o.fail(i, fault.Item{Field: FieldOwner, Code: fault.Unknown, Why: WhyNoCustomer})
		case taken:
			o.fail(i, fault.Item{Field: FieldKey, Code: fault.Taken, Why: WhyTaken})
		case count[m.CustomerID] == MaxPerOwner:
			o.fail(i, fault.Item{Field: FieldOwner, Code: fault.TooManyItems, Why: WhyMany, Want: strconv.Itoa(MaxPerOwner)})
		default:
			held[m.name()] = -1
			count[m.CustomerID]++
			o.Done = append(o.Done, m)
		}
	}
	n := int64(len(o.Done))
	if n == 0 {
		return o, nil
	}
	var last int64
	if err := tx.Pipeline(store.Advance{EventIDs: n, Entries: n}.Query(tx, &counters), sqldb.Q{
		Stmt: nextIDs, Args: []any{n}, Each: func(r *sqldb.Row) error { last = r.Int(0); return nil },
	}); err != nil {
		return o, err
	}
	events, entries := make([]event.Event, n), make([]history.Entry, n)
	more := map[string]int64{}
	for i := range o.Done {
		m := &o.Done[i]
		more[m.readers()]++
		m.ID = last - n + int64(i) + 1
		entries[i] = m.changeOf(nil, m)
		if err := tx.Exec(insertRow, m.ID, m.CustomerID, m.ClientID, m.Namespace, m.Key, m.Value, m.Description, m.Permission, now); err != nil {
			return o, err
		}
		events[i] = event.Metafield(event.MetafieldCreated, m.ID, m.CustomerID, m.Namespace)
	}
	if err := total.Metafields.MoveAll(tx, more); err != nil {
		return o, err
	}
	return o, tell(tx, counters, now, events, entries)
}

// load returns the metafields with given ids by id and locks them.
func load(tx *sqldb.Tx, ids []int64, lock string) (map[int64]*Metafield, error) {
	out := make(map[int64]*Metafield, len(ids))
	list, args := sqldb.In(nil, ids)
	err := tx.Query(sqldb.Dynamic(`SELECT `+columns+` FROM metafields WHERE store_id = $1 AND id IN `+list+` ORDER BY id`+lock), func(r *sqldb.Row) error {
		m := &Metafield{}
		m.scan(r)
		out[m.ID] = m
		return nil
	}, args...)
	return out, err
}

// find returns a metafield that the caller may write, or notes why not.
func find(o *Outcome, have map[int64]*Metafield, seen map[int64]bool, by Caller, customerID int64, i int, id int64) *Metafield {
	m := have[id]
	switch {
	case m == nil || !by.reads(m) || customerID != 0 && m.CustomerID != customerID:
		o.fail(i, fault.Item{Field: FieldID, Code: fault.Unknown, Why: WhyNone})
	case !by.writes(m):
		o.fail(i, fault.Item{Code: fault.Denied, Why: WhyDenied})
	case seen[id]:
		o.fail(i, fault.Item{Field: FieldID, Code: fault.Duplicate, Why: WhyTwice})
	default:
		seen[id] = true
		return m
	}
	return nil
}

// Update changes one metafield of a customer.
func (s *Service) Update(ctx context.Context, storeID int64, by Caller, customerID int64, in Update) (Metafield, error) {
	o, err := s.batch(ctx, storeID, func(tx *sqldb.Tx, now int64) (Outcome, error) {
		return update(tx, by, customerID, []Update{in}, now)
	})
	if err != nil {
		return Metafield{}, err
	}
	return o.One()
}

// UpdateBatch changes those metafields that the caller may write and whose
// change breaks no rule. One that does not change records no event.
func (s *Service) UpdateBatch(ctx context.Context, storeID int64, by Caller, in []Update) (Outcome, error) {
	return s.batch(ctx, storeID, func(tx *sqldb.Tx, now int64) (Outcome, error) { return update(tx, by, 0, in, now) })
}

// changes are those of a batch that break no rule.
type changes struct {
	Outcome
	by      Caller
	owner   int64 // 0: metafields of all customers
	in      []Update
	have    map[int64]*Metafield
	planned map[int]Metafield // by position in the batch
}

func update(tx *sqldb.Tx, by Caller, customerID int64, in []Update, now int64) (Outcome, error) {
	b := changes{Outcome: Outcome{Failed: make([][]fault.Item, len(in))}, by: by, owner: customerID, in: in, planned: make(map[int]Metafield, len(in))}
	ids := make([]int64, len(in))
	for i := range in {
		ids[i] = in[i].ID
	}
	var err error
	if b.have, err = load(tx, ids, tx.ForUpdate()); err != nil {
		return Outcome{}, err
	}
	b.plan()
	if err := b.rename(tx); err != nil {
		return Outcome{}, err
	}
	err = b.write(tx, now)
	return b.Outcome, err
}

// plan works out what becomes of each metafield.
func (b *changes) plan() {
	seen := map[int64]bool{}
	for i := range b.in {
		in := &b.in[i]
		old := find(&b.Outcome, b.have, seen, b.by, b.owner, i, in.ID)
		if old == nil {
			continue
		}
		m := in.apply(*old)
		if !b.by.owns(old) && (m.Permission != old.Permission || m.name() != old.name()) {
			// Whoever may write the value may not take the field away.
			b.fail(i, fault.Item{Code: fault.Denied, Why: WhyDenied})
			continue
		}
		c := fault.Collector{}
		m.check(&c)
		c.Claim(FieldOwner, in.Claims.CustomerID.Or(old.CustomerID) == old.CustomerID)
		c.Claim(FieldClient, in.Claims.ClientID.Or(old.ClientID) == old.ClientID)
		if len(c.Items) > 0 {
			b.fail(i, c.Items...)
			continue
		}
		b.planned[i] = m
	}
}

// rename takes out of the plan what would get a name that is taken.
func (b *changes) rename(tx *sqldb.Tx) error {
	renamed := map[int64]bool{} // customers whose metafields get new names
	for _, m := range b.planned {
		if m.name() != b.have[m.ID].name() {
			renamed[m.CustomerID] = true
		}
	}
	if len(renamed) == 0 {
		return nil
	}
	// Under the counters' lock nobody else can take a name.
	held := map[name]int64{}
	list, args := sqldb.In(nil, slices.Sorted(maps.Keys(renamed)))
	var counters store.Counters
	if err := tx.Pipeline(store.Advance{}.Query(tx, &counters), sqldb.Q{
		Stmt: sqldb.Dynamic(`SELECT id, customer_id, client_id, namespace, key FROM metafields WHERE store_id = $1 AND customer_id IN ` + list),
		Args: args,
		Each: func(r *sqldb.Row) error {
			held[name{r.Int(1), r.Text(2), r.Text(3), r.Text(4)}] = r.Int(0)
			return nil
		},
	}); err != nil {
		return err
	}
	for i := range b.in {
		m, ok := b.planned[i]
		if !ok || m.name() == b.have[m.ID].name() {
			continue
		}
		if _, taken := held[m.name()]; taken {
			b.fail(i, fault.Item{Field: FieldKey, Code: fault.Taken, Why: WhyTaken})
			delete(b.planned, i)
			continue
		}
		delete(held, b.have[m.ID].name())
		held[m.name()] = m.ID
	}
	return nil
}

// write stores what is planned and tells of what changes.
func (b *changes) write(tx *sqldb.Tx, now int64) error {
	var changed []*Metafield
	for i := range b.in {
		m, ok := b.planned[i]
		if !ok {
			continue
		}
		if m != *b.have[m.ID] {
			m.DateModified = now
			changed = append(changed, &m)
		}
		b.Done = append(b.Done, m)
	}
	if len(changed) == 0 {
		return nil
	}
	counters, err := store.Advance{EventIDs: int64(len(changed)), Entries: int64(len(changed))}.Run(tx)
	if err != nil {
		return err
	}
	events, entries := make([]event.Event, len(changed)), make([]history.Entry, len(changed))
	more := map[string]int64{}
	for i, m := range changed {
		more[b.have[m.ID].readers()]--
		more[m.readers()]++
		entries[i] = m.changeOf(b.have[m.ID], m)
		if err := tx.Exec(updateRow, m.ID, m.Namespace, m.Key, m.Value, m.Description, m.Permission, now); err != nil {
			return err
		}
		events[i] = event.Metafield(event.MetafieldUpdated, m.ID, m.CustomerID, m.Namespace)
	}
	if err := total.Metafields.MoveAll(tx, more); err != nil {
		return err
	}
	return tell(tx, counters, now, events, entries)
}

// Delete removes one metafield of a customer.
func (s *Service) Delete(ctx context.Context, storeID int64, by Caller, customerID, id int64) error {
	o, err := s.batch(ctx, storeID, func(tx *sqldb.Tx, now int64) (Outcome, error) {
		return remove(tx, by, customerID, []int64{id}, now)
	})
	if err == nil {
		_, err = o.One()
	}
	return err
}

// DeleteBatch removes those metafields that the caller may write.
func (s *Service) DeleteBatch(ctx context.Context, storeID int64, by Caller, ids []int64) (Outcome, error) {
	return s.batch(ctx, storeID, func(tx *sqldb.Tx, now int64) (Outcome, error) { return remove(tx, by, 0, ids, now) })
}

func remove(tx *sqldb.Tx, by Caller, customerID int64, ids []int64, now int64) (o Outcome, err error) {
	have, err := load(tx, ids, tx.ForDelete())
	if err != nil {
		return o, err
	}
	o.Failed = make([][]fault.Item, len(ids))
	seen := map[int64]bool{}
	for i, id := range ids {
		if m := find(&o, have, seen, by, customerID, i, id); m != nil {
			o.Done = append(o.Done, *m)
		}
	}
	if len(o.Done) == 0 {
		return o, nil
	}
	counters, err := store.Advance{EventIDs: int64(len(o.Done)), Entries: int64(len(o.Done))}.Run(tx)
	if err != nil {
		return o, err
	}
	events, entries := make([]event.Event, len(o.Done)), make([]history.Entry, len(o.Done))
	more := map[string]int64{}
	for i, m := range o.Done {
		more[m.readers()]--
		entries[i] = m.changeOf(&m, nil)
		if err := tx.Exec(deleteRow, m.ID); err != nil {
			return o, err
		}
		events[i] = event.Metafield(event.MetafieldDeleted, m.ID, m.CustomerID, m.Namespace)
	}
	if err := total.Metafields.MoveAll(tx, more); err != nil {
		return o, err
	}
	return o, tell(tx, counters, now, events, entries)
}

// tell records what changed, and has the rules look again at those whose metafields
// did.
func tell(tx *sqldb.Tx, counters store.Counters, now int64, events []event.Event, entries []history.Entry) error {
	if counters.Rules {
		ids := make([]int64, len(events))
		for i := range events {
			ids[i] = events[i].CustomerID
		}
		if err := rule.Mark(tx, ids...); err != nil {
			return err
		}
	}
	if err := history.Record(tx, counters.EntryID, now, entries); err != nil {
		return err
	}
	return event.Record(tx, counters.EventID, now, events)
}

// ChangedQuery returns the query for the customers of metafields that were changed
// from a time on.
func ChangedQuery(time int64, each func(customer int64)) sqldb.Q {
	return sqldb.Q{Stmt: changedFrom, Args: []any{time}, Each: func(r *sqldb.Row) error { each(r.Int(0)); return nil }}
}
