package merge

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"

	"clientele/internal/credit"
	"clientele/internal/customer"
	"clientele/internal/event"
	"clientele/internal/fault"
	"clientele/internal/history"
	"clientele/internal/owned"
	"clientele/internal/portable"
	"clientele/internal/sqldb"
	"clientele/internal/store"
	"clientele/internal/subscriber"
)

// Preview tells what a merge would do. It changes nothing.
func (s *Service) Preview(ctx context.Context, storeID int64, a Ask) (*Preview, error) {
	if err := a.check(); err != nil {
		return nil, err
	}
	var out *Preview
	err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		_, seen, err := s.look(tx, a, "")
		out = seen
		return err
	})
	return out, err
}

// look reads and plans.
func (s *Service) look(tx *sqldb.Tx, a Ask, clause string) (*plan, *Preview, error) {
	st, err := s.read(tx, a, clause)
	if err != nil {
		return nil, nil, err
	}
	etag, err := st.etag()
	if err != nil {
		return nil, nil, err
	}
	p, err := s.plan(tx, st)
	if err != nil {
		return nil, nil, err
	}
	return p, p.preview(etag), nil
}

// kept is what a merge keeps, for who parts the customers again.
type kept struct {
	// Before and After are who stayed.
	Before json.RawMessage      `json:"before"`
	After  json.RawMessage      `json:"after"`
	Merged []json.RawMessage    `json:"merged"`
	Tables map[string]keptTable `json:"tables"`
	Credit []credit.Moved       `json:"credit,omitempty"`
	// Subscribers are those of whom something changed.
	Subscribers []subscriber.Becomes `json:"subscribers,omitempty"`
}

type keptTable struct {
	Moved     []json.RawMessage `json:"moved,omitempty"`
	Gone      []json.RawMessage `json:"gone,omitempty"`
	Displaced []json.RawMessage `json:"displaced,omitempty"`
	Made      []json.RawMessage `json:"made,omitempty"`
}

func lines(rows []portable.Record) []json.RawMessage {
	out := make([]json.RawMessage, len(rows))
	for i, r := range rows {
		out[i] = r.Append(nil)
	}
	return out
}

// Merge makes customers one, in one transaction. It is a Conflict where anything is
// not as the preview with the ETag told, and where something stands in the way.
func (s *Service) Merge(ctx context.Context, storeID int64, a Ask) (*Merge, error) {
	if err := a.check(); err != nil {
		return nil, err
	}
	if a.ETag == "" {
		return nil, fault.Broken(fault.Invalid, fault.Item{Field: FieldETag, Code: fault.Required})
	}
	settings, err := s.stores.Settings(ctx, storeID)
	if err != nil {
		return nil, err
	}
	var out *Merge
	err = s.db.WriteAgain(ctx, storeID, func(tx *sqldb.Tx) error {
		p, seen, err := s.look(tx, a, tx.ForDelete())
		if err != nil {
			return err
		}
		if seen.ETag != a.ETag {
			return customer.ErrStale
		}
		if err := refused(p.blockers); err != nil {
			return err
		}
		out, err = s.merge(tx, p, settings.NegativeCredit)
		return err
	})
	return out, err
}

func refused(all []Blocker) error {
	var c fault.Collector
	for _, b := range all {
		it := fault.Item{Field: FieldMerge, Code: fault.NotAccepted, Why: b.Why, Value: b.Table}
		if b.Why == WhyEmailTaken {
			it = fault.Item{Field: customer.FieldEmail, Code: fault.EmailInUse, Value: b.Email}
		}
		c.AddItem(it)
	}
	return c.Err(fault.Conflict)
}

var (
	takeID      = sqldb.Static(`UPDATE store_counters SET merge_id = merge_id + 1 WHERE store_id = $1 RETURNING merge_id`)
	insertMerge = sqldb.Static(`INSERT INTO customer_merges (store_id, id, customer_id, merged, actor_kind, actor_id, actor_name, data, leftover, date_created, date_expires, date_ended)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '', $9, $10, 0)`)
)

func (s *Service) merge(tx *sqldb.Tx, p *plan, overdraft bool) (*Merge, error) {
	now, keep := s.sys.Now(), p.ask.Keep
	by := history.OfTx(tx).Actor
	m := &Merge{Customer: keep, Merged: p.ask.Merge, By: by, Created: now, Expires: now + int64(Life.Seconds())}
	// From here on the store's counters are locked.
	if err := tx.Query(takeID, func(r *sqldb.Row) error { m.ID = r.Int(0); return nil }); err != nil {
		return nil, err
	}
	k := kept{Tables: map[string]keptTable{}}
	moved, err := s.credit.MoveTx(tx, keep, p.ask.Merge, overdraft, creditActor(by), "merge", "merge "+strconv.FormatInt(m.ID, 10))
	if err != nil {
		return nil, err
	}
	k.Credit = moved
	told := &telling{keep: keep, id: m.ID}
	if err := customer.Noting(tx, p.ask.all(), func() error {
		for i := range p.tables {
			t := &p.tables[i]
			if len(t.moved)+len(t.gone)+len(t.displaced)+len(t.made) == 0 {
				continue
			}
			k.Tables[t.part.Table()] = keptTable{lines(t.moved), lines(t.gone), lines(t.displaced), lines(t.made)}
			if err := t.do(tx, keep, told); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return nil, err
	}
	if _, err := s.customers.RemoveTx(tx, p.ask.Merge); err != nil {
		return nil, err
	}
	before := p.customers[0]
	u := update(p.result, func(column string) bool { return !equal(before, p.result, column) })
	if err := s.customers.Absorb(tx, keep, u, p.result.Text("password_hash"), p.result.Text("locale")); err != nil {
		return nil, err
	}
	address := p.result.Text("email")
	if k.Subscribers, err = subscriber.MergeTx(tx, address, p.standings, now); err != nil {
		return nil, err
	}
	if err := p.aliases(tx, m); err != nil {
		return nil, err
	}
	after, err := customer.Whole(tx, []int64{keep}, "")
	if err != nil {
		return nil, err
	}
	k.Before, k.After, k.Merged = before.Append(nil), after[0].Append(nil), lines(p.customers[1:])
	data, err := json.Marshal(k)
	if err != nil {
		return nil, err
	}
	merged, err := json.Marshal(m.Merged)
	if err != nil {
		return nil, err
	}
	if err := tx.Exec(insertMerge, m.ID, keep, string(merged), by.Kind.String(), by.ID, by.Name, string(data), now, m.Expires); err != nil {
		return nil, err
	}
	told.customers(history.Merged, m, before.Int("store_credit"), after[0].Int("store_credit"))
	return m, told.record(tx, now)
}

// aliases notes who became one with whom.
func (p *plan) aliases(tx *sqldb.Tx, m *Merge) error {
	address := p.result.Text("email")
	for _, r := range p.customers {
		other := r.Text("email") != address
		if id := r.Int("id"); id != p.ask.Keep || other {
			a := customer.Alias{ID: id, MergeID: m.ID, CustomerID: p.ask.Keep, Email: r.Text("email"), SignsIn: p.ask.SignIn && other, Created: m.Created}
			if err := customer.InsertAlias(tx, a); err != nil {
				return err
			}
		}
	}
	return nil
}

func creditActor(a history.Actor) credit.Actor {
	return credit.Actor{Kind: a.Kind.String(), ID: a.ID, Name: a.Name}
}

// do gives who stays what moves. What ends goes with its customer.
func (t *tablePlan) do(tx *sqldb.Tx, keep int64, told *telling) error {
	p := t.part
	if err := t.remove(tx, t.displaced); err != nil {
		return err
	}
	to := make([]portable.Record, len(t.moved))
	taken := p.Single == ""
	if !taken && len(t.moved) > 0 {
		own, err := p.Rows.ReadOf(tx, p.OwnerColumn(), []int64{keep}, "", most)
		if err != nil {
			return err
		}
		taken = slices.ContainsFunc(own, func(r portable.Record) bool { return r.Int(p.Single) != 0 })
	}
	columns := []string{p.OwnerColumn()}
	if p.Single != "" {
		columns = append(columns, p.Single)
	}
	for i, r := range t.moved {
		to[i] = r.Copy()
		to[i].SetInt(p.OwnerColumn(), keep)
		if p.Single != "" && r.Int(p.Single) != 0 {
			if taken {
				to[i].SetInt(p.Single, 0)
			}
			taken = true
		}
	}
	if err := p.Rows.Set(tx, to, columns); err != nil {
		return err
	}
	if err := insert(tx, p, t.made); err != nil {
		return err
	}
	for _, r := range t.moved {
		told.row(p, history.Moved, r, p.OwnerOf(r), keep)
	}
	for _, r := range t.displaced {
		told.row(p, history.Deleted, r, keep, keep)
	}
	if len(t.made) > 0 && p.Through != "" {
		told.row(p, history.Updated, t.made[0], keep, keep)
	} else if len(t.made) > 0 {
		told.row(p, history.Moved, t.made[0], p.OwnerOf(t.gone[0]), keep)
	}
	return nil
}

func (t *tablePlan) remove(tx *sqldb.Tx, rows []portable.Record) error {
	return remove(tx, t.part, rows)
}

func remove(tx *sqldb.Tx, p *owned.Part, rows []portable.Record) error {
	if err := p.Rows.Remove(tx, rows); err != nil || p.Counted == nil || len(rows) == 0 {
		return err
	}
	return p.Counted(tx, rows, -1)
}

func insert(tx *sqldb.Tx, p *owned.Part, rows []portable.Record) error {
	if len(rows) == 0 {
		return nil
	}
	if err := p.Rows.Insert(tx, rows); err != nil || p.Counted == nil {
		return err
	}
	return p.Counted(tx, rows, 1)
}

// telling collects what is told of a merge, and of parting.
type telling struct {
	keep, id int64
	entries  map[string][]history.Entry // of rows, by table
	order    []string
	own      []history.Entry // of the customers
	events   []event.Event
}

// row notes what becomes of a row, whose owner was one customer and is another one.
func (t *telling) row(p *owned.Part, action history.Action, r portable.Record, from, to int64) {
	switch {
	case action == history.Moved && p.Changed != nil:
		t.events = append(t.events, p.Changed(r, to))
	case action == history.Created && p.Made != nil:
		t.events = append(t.events, p.Made(r, to))
	}
	if p.Resource == history.Customer {
		return // its own entry tells
	}
	e := history.Entry{Action: action, Resource: p.Resource, CustomerID: to}
	if p.ID != "" {
		e.ID = r.Int(p.ID)
	}
	if from != to {
		e.Add(false, history.FieldCustomer, history.Int(from), history.Int(to))
	}
	if t.entries == nil {
		t.entries = map[string][]history.Entry{}
	}
	if t.entries[p.Table()] == nil {
		t.order = append(t.order, p.Table())
	}
	t.entries[p.Table()] = append(t.entries[p.Table()], e)
}

// customers notes what becomes of the customers.
func (t *telling) customers(action history.Action, m *Merge, before, after int64) {
	ids, _ := json.Marshal(m.Merged) // numbers
	e := history.Entry{Action: action, Resource: history.Customer, ID: m.Customer, CustomerID: m.Customer}
	e.Add(false, history.FieldMerge, "", history.Int(m.ID))
	e.Add(false, history.FieldCustomer, "", string(ids))
	e.Add(false, history.FieldStoreCredit, amount(before), amount(after))
	t.own = append(t.own, e)
	for _, id := range m.Merged {
		e := history.Entry{Action: action, Resource: history.Customer, ID: id, CustomerID: id}
		e.Add(false, history.FieldMerge, "", history.Int(m.ID))
		e.Add(false, history.FieldCustomer, "", history.Int(m.Customer))
		t.own = append(t.own, e)
	}
}

// record records all of it.
func (t *telling) record(tx *sqldb.Tx, now int64) error {
	var entries []history.Entry
	for _, table := range t.order {
		all := t.entries[table]
		if len(all) > history.Few {
			one := history.Many(history.Moved, all[0].Resource, int64(len(all)), "")
			one.CustomerID = t.keep
			all = []history.Entry{one}
		}
		entries = append(entries, all...)
	}
	entries = append(entries, t.own...)
	counters, err := store.Advance{EventIDs: int64(len(t.events)), Entries: int64(len(entries))}.Run(tx)
	if err != nil {
		return err
	}
	if err := history.Record(tx, counters.EntryID, now, entries); err != nil {
		return err
	}
	return event.Record(tx, counters.EventID, now, t.events)
}
