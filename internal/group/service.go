package group

import (
	"context"
	"errors"
	"strconv"

	"clientele/internal/fault"
	"clientele/internal/fold"
	"clientele/internal/history"
	"clientele/internal/listing"
	"clientele/internal/sqldb"
	"clientele/internal/store"
	"clientele/internal/system"
)

// List declares the list of groups.
var List = &listing.Spec{
	Table: "customer_groups",
	Fields: []listing.Field{
		{Name: "name", Kind: listing.Folded, Ops: []listing.Op{listing.Eq, listing.Like}, Column: "name_norm"},
		{Name: "is_default", Kind: listing.Flag, Ops: []listing.Op{listing.Eq}, Column: "is_default"},
		{Name: "is_group_for_guests", Kind: listing.Flag, Ops: []listing.Op{listing.Eq}, Column: "is_guest"},
		dateField("date_created"),
		dateField("date_modified"),
	},
	Untold: true,
}

// Browse declares the list of groups as people look through it.
var Browse = &listing.Spec{Table: "customer_groups", Fields: List.Fields[:1], Cursors: true, Unnumbered: true, Untold: true}

// One declares by what a single group may be asked for: it is found only if
// it meets the conditions.
var One = &listing.Spec{
	Table: "customer_groups",
	Fields: []listing.Field{
		{Name: "id", Kind: listing.Int, Ops: []listing.Op{listing.In}, Column: "id", Hidden: true},
		{Name: "name", Kind: listing.Folded, Ops: []listing.Op{listing.Eq}, Column: "name_norm"},
		{Name: "is_default", Kind: listing.Flag, Ops: []listing.Op{listing.Eq}, Column: "is_default"},
		dateField("date_created"),
		dateField("date_modified"),
	},
}

func dateField(name string) listing.Field {
	return listing.Field{Name: name, Kind: listing.Time, Ops: []listing.Op{listing.Eq, listing.Min, listing.Max}, Column: name}
}

const columns = `id, name, is_default, is_guest, category_access, categories, discount_rules, date_created, date_modified, ` + ownPriceList

var (
	nextID      = sqldb.Static(`UPDATE store_counters SET group_id = group_id + 1 WHERE store_id = $1 RETURNING group_id`)
	touch       = sqldb.Static(`UPDATE store_counters SET group_id = group_id + 0 WHERE store_id = $1`)
	dropDefault = sqldb.Static(`UPDATE customer_groups SET is_default = 0, date_modified = $3 WHERE store_id = $1 AND is_default = 1 AND id <> $2 RETURNING id`)
	dropGuest   = sqldb.Static(`UPDATE customer_groups SET is_guest = 0, date_modified = $3 WHERE store_id = $1 AND is_guest = 1 AND id <> $2 RETURNING id`)
	insert      = sqldb.Static(`INSERT INTO customer_groups (store_id, id, name, name_norm, is_default, is_guest, category_access, categories, discount_rules, date_created, date_modified)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`)
	update = sqldb.Static(`UPDATE customer_groups SET name = $3, name_norm = $4, is_default = $5, is_guest = $6, category_access = $7, categories = $8, discount_rules = $9, date_modified = $10
		WHERE store_id = $1 AND id = $2`)
	remove = sqldb.Static(`DELETE FROM customer_groups WHERE store_id = $1 AND id = $2`)
	one    = sqldb.Static(`SELECT ` + columns + ` FROM customer_groups WHERE store_id = $1 AND id = $2`)
	allIDs = sqldb.Static(`SELECT id FROM customer_groups WHERE store_id = $1 ORDER BY id`)
	byName = sqldb.Static(`SELECT id FROM customer_groups WHERE store_id = $1 AND name_norm = $2 ORDER BY id`)
)

var errNotFound = fault.New(fault.NotFound, "there is no such customer group")

// ErrStale: somebody else has changed the group meanwhile.
var ErrStale = fault.New(fault.Conflict, "the customer group was changed meanwhile")

// Service keeps groups.
type Service struct {
	db      *sqldb.DB
	sys     *system.System
	members Members
}

// Members keeps the customers of groups.
type Members interface {
	// LeaveGroup takes the customers of a group out of it, inside tx. remove
	// removes the group and is called when the customers are locked, before
	// anything is written. LeaveGroup returns ErrJoined if somebody joined
	// meanwhile.
	LeaveGroup(tx *sqldb.Tx, id int64, remove func() error) error
}

// ErrJoined tells that the transaction has to begin anew, as a customer joined
// the group that it removes.
var ErrJoined = errors.New("group: a customer joined meanwhile")

// NewService returns a Service over db. members is asked when a group goes.
func NewService(db *sqldb.DB, sys *system.System, members Members) *Service {
	return &Service{db: db, sys: sys, members: members}
}

func (g *Group) scan(r *sqldb.Row) (err error) {
	*g = Group{
		ID: r.Int(0), Name: r.Text(1), IsDefault: r.Flag(2), IsGuest: r.Flag(3),
		Access:      Access{Type: r.Text(4), Categories: parseIDs(r.Text(5))},
		DateCreated: r.Int(7), DateModified: r.Int(8),
	}
	if g.Rules, err = parseRules(r.Text(6)); err == nil && !r.Null(9) {
		g.Rules = []Rule{{Type: RulePriceList, Target: r.Int(9)}} // it stands alone
	}
	return err
}

// OneQuery returns the query for a group, to be run in a pipeline; its ID stays
// 0 if there is none.
func OneQuery(id int64, into *Group) sqldb.Q {
	*into = Group{}
	return sqldb.Q{Stmt: one, Args: []any{id}, Each: into.scan}
}

// List returns a page of groups.
func (s *Service) List(ctx context.Context, storeID int64, q *listing.Query) ([]Group, error) {
	out, _, err := s.Browse(ctx, storeID, q)
	return out, err
}

// Browse is List with what is beyond the page's ends.
func (s *Service) Browse(ctx context.Context, storeID int64, q *listing.Query) (out []Group, res *listing.Result, err error) {
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		out, res, err = listing.Rows(tx, q, columns, (*Group).scan)
		return err
	})
	return out, res, err
}

// Count returns how many groups a query selects.
func (s *Service) Count(ctx context.Context, storeID int64, q *listing.Query) (n int64, err error) {
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		n, err = q.Count(tx)
		return err
	})
	return n, err
}

// Get returns a group that meets a query of One, or a NotFound fault.
func (s *Service) Get(ctx context.Context, storeID, id int64, q *listing.Query) (*Group, error) {
	q.Page, q.Limit = 1, 1 // there is one at most
	rows, err := s.List(ctx, storeID, q.Where("id", listing.In, []int64{id}, nil))
	if err == nil && len(rows) == 0 {
		err = errNotFound
	}
	if err != nil {
		return nil, err
	}
	return &rows[0], nil
}

// Create makes a group. As the default group or that for guests it takes the
// place of the one before.
func (s *Service) Create(ctx context.Context, storeID int64, w Write) (*Group, error) {
	var c fault.Collector
	if !w.Name.Set {
		c.Because(FieldName, fault.Required, WhyNoName, "")
	}
	w.check(&c)
	if err := c.Err(fault.Invalid); err != nil {
		return nil, err
	}
	now := s.sys.Now()
	g := w.apply(Group{Access: Access{Type: AccessAll}, DateCreated: now, DateModified: now})
	err := s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		if err := tx.Query(nextID, func(r *sqldb.Row) error { g.ID = r.Int(0); return nil }); err != nil {
			return err
		}
		return telling(tx, now, func() error {
			if err := g.clear(tx, now); err != nil {
				return err
			}
			if err := g.enter(tx, now, nil, &g); err != nil {
				return err
			}
			if err := g.insert(tx); err != nil {
				return err
			}
			return g.assign(tx, now)
		})
	})
	return &g, err
}

// telling makes a change of groups and tells of the default group, if that is
// another one then. The caller holds the store's counters.
func telling(tx *sqldb.Tx, now int64, change func() error) error {
	told, err := store.Look(tx)
	if err != nil {
		return err
	}
	if err := change(); err != nil {
		return err
	}
	return told.Tell(tx, now)
}

func (g *Group) insert(tx *sqldb.Tx) error {
	return tx.Exec(insert, g.ID, g.Name, fold.Text(g.Name), sqldb.Flag(g.IsDefault), sqldb.Flag(g.IsGuest), g.Access.Type, g.Access.text(), rulesText(g.Discounts()), g.DateCreated, g.DateModified)
}

// clear takes from other groups what only one can be. The caller holds the
// store's counters.
func (g *Group) clear(tx *sqldb.Tx, now int64) error {
	if g.IsDefault {
		if err := flip(tx, dropDefault, history.FieldDefault, false, g.ID, now); err != nil {
			return err
		}
	}
	if g.IsGuest {
		return flip(tx, dropGuest, history.FieldGuests, false, g.ID, now)
	}
	return nil
}

// Update changes a group, or returns a NotFound fault. One that does not
// change keeps its date.
func (s *Service) Update(ctx context.Context, storeID, id int64, w Write) (*Group, error) {
	var c fault.Collector
	w.check(&c)
	if err := c.Err(fault.Invalid); err != nil {
		return nil, err
	}
	var g Group
	err := s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		// The flags and the price lists of all groups change under the counters'
		// lock, which the history's entry needs in any case.
		if err := tx.Exec(touch); err != nil {
			return err
		}
		var old Group
		lock := sqldb.Dynamic(`SELECT ` + columns + ` FROM customer_groups WHERE store_id = $1 AND id = $2` + tx.ForUpdate())
		if err := tx.Query(lock, old.scan, id); err != nil {
			return err
		}
		if old.ID == 0 {
			return errNotFound
		}
		if w.Version.Set && w.Version.Value != old.Version() {
			return ErrStale
		}
		if g = w.apply(old); g.same(&old) {
			return nil
		}
		g.DateModified = s.sys.Now()
		return telling(tx, g.DateModified, func() error { return g.change(tx, &old, w.Rules.Set) })
	})
	return &g, err
}

// change writes a group that there is already, and with its rules its price
// list, for which the caller holds the store's counters.
func (g *Group) change(tx *sqldb.Tx, old *Group, rules bool) error {
	if rules {
		if err := g.free(tx); err != nil {
			return err
		}
	}
	if err := g.clear(tx, g.DateModified); err != nil {
		return err
	}
	if err := g.enter(tx, g.DateModified, old, g); err != nil {
		return err
	}
	if err := tx.Exec(update, g.ID, g.Name, fold.Text(g.Name), sqldb.Flag(g.IsDefault), sqldb.Flag(g.IsGuest), g.Access.Type, g.Access.text(), rulesText(g.Discounts()), g.DateModified); err != nil || !rules {
		return err
	}
	return g.assign(tx, g.DateModified)
}

func (g *Group) same(o *Group) bool {
	return g.Name == o.Name && g.IsDefault == o.IsDefault && g.IsGuest == o.IsGuest &&
		g.Access.Type == o.Access.Type && g.Access.text() == o.Access.text() && rulesText(g.Rules) == rulesText(o.Rules)
}

// Delete removes a group and takes its customers out of it, in one transaction,
// or returns a NotFound fault. No setting names the group then.
func (s *Service) Delete(ctx context.Context, storeID, id int64) error {
	for {
		err := s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
			now := s.sys.Now()
			return s.members.LeaveGroup(tx, id, func() error {
				// The customers are locked before the counters, as when they change.
				if err := tx.Exec(touch); err != nil {
					return err
				}
				return telling(tx, now, func() error { return removeTx(tx, id, now) })
			})
		})
		if !errors.Is(err, ErrJoined) {
			return err
		}
	}
}

func removeTx(tx *sqldb.Tx, id, now int64) error {
	// The lock keeps customers from joining.
	var old Group
	lock := sqldb.Dynamic(`SELECT ` + columns + ` FROM customer_groups WHERE store_id = $1 AND id = $2` + tx.ForDelete())
	if err := tx.Query(lock, old.scan, id); err != nil {
		return err
	}
	if old.ID == 0 {
		return errNotFound
	}
	if err := old.enter(tx, now, &old, nil); err != nil {
		return err
	}
	// Channels that chose it go by the store's choice again.
	if err := tx.Exec(unchoose, strconv.FormatInt(id, 10)); err != nil {
		return err
	}
	if err := (&Group{ID: id}).unassign(tx, now); err != nil {
		return err
	}
	return tx.Exec(remove, id)
}

// DeleteAll removes every group there is when it starts.
func (s *Service) DeleteAll(ctx context.Context, storeID int64) error {
	var ids []int64
	if err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		ids = nil
		return tx.Query(allIDs, func(r *sqldb.Row) error { ids = append(ids, r.Int(0)); return nil })
	}); err != nil {
		return err
	}
	for _, id := range ids {
		if err := s.Delete(ctx, storeID, id); err != nil && !errors.Is(err, errNotFound) {
			return err
		}
	}
	return nil
}

// Put makes a group with a given id, or brings the one with that id in line
// with the command, inside tx. With id 0 the group is found by name or gets
// the next id.
func Put(tx *sqldb.Tx, id int64, w Write, now int64) (int64, error) {
	var c fault.Collector
	w.check(&c)
	if err := c.Err(fault.Invalid); err != nil {
		return 0, err
	}
	if err := tx.Exec(touch); err != nil {
		return 0, err
	}
	into := func(r *sqldb.Row) error { id = r.Int(0); return nil }
	if id == 0 {
		if err := tx.Query(byName, func(r *sqldb.Row) error {
			if id == 0 {
				id = r.Int(0)
			}
			return nil
		}, fold.Text(w.Name.Value)); err != nil {
			return 0, err
		}
	}
	if id == 0 {
		if err := tx.Query(nextID, into); err != nil {
			return 0, err
		}
	}
	old := Group{Access: Access{Type: AccessAll}}
	if err := tx.Query(one, old.scan, id); err != nil {
		return 0, err
	}
	g := w.apply(old)
	if old.ID == 0 {
		g.ID, g.DateCreated, g.DateModified = id, now, now
		if err := g.clear(tx, now); err != nil {
			return 0, err
		}
		if err := g.enter(tx, now, nil, &g); err != nil {
			return 0, err
		}
		if err := g.insert(tx); err != nil {
			return 0, err
		}
		return id, g.assign(tx, now)
	}
	if g.same(&old) {
		return id, nil
	}
	g.DateModified = now
	return id, g.change(tx, &old, w.Rules.Set)
}
