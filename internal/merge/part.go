package merge

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"clientele/internal/credit"
	"clientele/internal/customer"
	"clientele/internal/history"
	"clientele/internal/jsonx"
	"clientele/internal/owned"
	"clientele/internal/portable"
	"clientele/internal/sqldb"
	"clientele/internal/store"
	"clientele/internal/subscriber"
)

func amount(v int64) string { return string(jsonx.AppendDecimal(nil, v, credit.Scale)) }

var (
	laterMerge = sqldb.Static(`SELECT id FROM customer_merges WHERE store_id = $1 AND customer_id = $2 AND id > $3 AND date_ended = 0 ORDER BY id LIMIT 1`)
	endMerge   = sqldb.Static(`UPDATE customer_merges SET data = '', leftover = $3, date_ended = $4 WHERE store_id = $1 AND id = $2`)
)

// Part makes those who were merged several again: with their ids, passwords, addresses
// and all that was theirs, as far as nobody changed it since. Nobody is signed in as
// who stayed from then on. An email that is somebody else's by now is a Conflict.
func (s *Service) Part(ctx context.Context, storeID, id int64) (*Merge, error) {
	var out *Merge
	err := s.db.WriteAgain(ctx, storeID, func(tx *sqldb.Tx) error {
		m, data, err := load(tx, id, tx.ForUpdate())
		if err != nil {
			return err
		}
		now := s.sys.Now()
		switch {
		case m == nil:
			return ErrNoMerge
		case m.Ended != 0:
			return ErrParted
		case data == "" || m.Expires <= now:
			return ErrTooLate
		}
		var k kept
		if err := json.Unmarshal([]byte(data), &k); err != nil {
			return fmt.Errorf("merge: %d of store %d: %w", id, storeID, err)
		}
		if err := tx.Query(laterMerge, func(*sqldb.Row) error { return ErrLater }, m.Customer, m.ID); err != nil {
			return err
		}
		p := &parting{s: s, tx: tx, m: m, k: &k, now: now, told: telling{keep: m.Customer, id: m.ID}}
		if err := p.run(); err != nil {
			return err
		}
		out = m
		return nil
	})
	return out, err
}

// parting is one as it is done.
type parting struct {
	s    *Service
	tx   *sqldb.Tx
	m    *Merge
	k    *kept
	now  int64
	told telling

	tables []partingTable
}

type partingTable struct {
	part                         *owned.Part
	moved, gone, displaced, made []portable.Record
	// There are the rows of moved as they are now.
	there map[string]portable.Record
}

func (p *parting) run() error {
	keep, err := customer.Whole(p.tx, []int64{p.m.Customer}, p.tx.ForDelete())
	if err != nil {
		return err
	}
	if len(keep) == 0 {
		return ErrNoMerge
	}
	var back []portable.Record
	for _, line := range p.k.Merged {
		r, err := customer.ParseWhole(line)
		if err != nil {
			return err
		}
		back = append(back, r)
	}
	if err := p.lock(); err != nil {
		return err
	}
	if _, err := (store.Advance{}).Run(p.tx); err != nil {
		return err
	}
	address, err := p.account(keep[0])
	if err != nil {
		return err
	}
	if err := customer.Noting(p.tx, append([]int64{p.m.Customer}, p.m.Merged...), func() error {
		if err := p.s.customers.BringBack(p.tx, back); err != nil {
			return err
		}
		for i := range p.tables {
			if err := p.tables[i].undo(p); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return err
	}
	by := history.OfTx(p.tx).Actor
	if err := p.s.credit.ReturnTx(p.tx, p.m.Customer, p.k.Credit, creditActor(by), "merge undone", "merge "+strconv.FormatInt(p.m.ID, 10)); err != nil {
		return err
	}
	left, err := subscriber.PartTx(p.tx, address, p.k.Subscribers, p.m.Created, p.now)
	if err != nil {
		return err
	}
	for _, at := range left {
		p.m.Left = append(p.m.Left, Left{Table: subscriber.Table, Key: at})
	}
	for _, id := range append([]int64{p.m.Customer}, p.m.Merged...) {
		if err := customer.DropAlias(p.tx, id, p.m.ID); err != nil {
			return err
		}
	}
	if err := p.s.customers.EndAll(p.tx, p.m.Customer); err != nil {
		return err
	}
	return p.end(keep[0].Int("store_credit"))
}

// end notes that it is done.
func (p *parting) end(before int64) error {
	p.m.Ended, p.m.Expires = p.now, 0
	leftover := ""
	if len(p.m.Left) > 0 {
		b, err := json.Marshal(p.m.Left)
		if err != nil {
			return err
		}
		leftover = string(b)
	}
	if err := p.tx.Exec(endMerge, p.m.ID, leftover, p.now); err != nil {
		return err
	}
	after, err := customer.Whole(p.tx, []int64{p.m.Customer}, "")
	if err != nil {
		return err
	}
	p.told.customers(history.Parted, p.m, before, after[0].Int("store_credit"))
	return p.told.record(p.tx, p.now)
}

// lock locks what moved.
func (p *parting) lock() error {
	for i := range p.s.parts {
		part := &p.s.parts[i]
		k, there := p.k.Tables[part.Table()]
		if !there {
			continue
		}
		t := partingTable{part: part, there: map[string]portable.Record{}}
		for _, l := range []struct {
			from []json.RawMessage
			to   *[]portable.Record
		}{{k.Moved, &t.moved}, {k.Gone, &t.gone}, {k.Displaced, &t.displaced}, {k.Made, &t.made}} {
			for _, line := range l.from {
				r, err := part.Rows.Parse(line)
				if err != nil {
					return err
				}
				*l.to = append(*l.to, r)
			}
		}
		now, err := part.Rows.Still(p.tx, t.moved, p.tx.ForUpdate())
		if err != nil {
			return err
		}
		for _, r := range now {
			t.there[keyOf(r)] = r
		}
		p.tables = append(p.tables, t)
	}
	return nil
}

func keyOf(r portable.Record) string { return strings.TrimSpace(fmt.Sprintln(r.Key(nil)...)) }

// account makes the account of who stayed what it was, where it is yet what became of
// it. It returns the address that it had.
func (p *parting) account(now portable.Record) (string, error) {
	before, err := customer.ParseWhole(p.k.Before)
	if err != nil {
		return "", err
	}
	after, err := customer.ParseWhole(p.k.After)
	if err != nil {
		return "", err
	}
	result, back := now.Copy(), map[string]bool{}
	columns := append([]string{}, ruled...)
	for _, f := range Fields {
		columns = append(columns, f.column())
	}
	for _, c := range columns {
		switch {
		case equal(before, after, c):
		case equal(now, after, c):
			back[c] = true
			result.Take(before, c)
		case !equal(now, before, c):
			name := c
			if c == Password.column() {
				name = string(Password)
			}
			p.m.Left = append(p.m.Left, Left{Table: customer.Table, Field: name, Key: strconv.FormatInt(p.m.Customer, 10)})
		}
	}
	u := update(result, func(column string) bool { return back[column] })
	return after.Text("email"), p.s.customers.Absorb(p.tx, p.m.Customer, u, result.Text("password_hash"), result.Text("locale"))
}

// undo takes back what became of the rows of a table.
func (t *partingTable) undo(p *parting) error {
	part, keep := t.part, p.m.Customer
	if err := t.unmake(p); err != nil {
		return err
	}
	columns := []string{part.OwnerColumn()}
	if part.Single != "" {
		columns = append(columns, part.Single)
	}
	var back []portable.Record
	for _, was := range t.moved {
		is, there := t.there[keyOf(was)]
		if !there || part.OwnerOf(is) != keep {
			p.left(part, was, true)
			continue
		}
		if !is.Same(was, part.OwnerColumn(), part.Single, "date_modified") {
			p.left(part, was, false)
		}
		back = append(back, was)
		p.told.row(part, history.Moved, is, keep, part.OwnerOf(was))
		if part.ID == "" && len(back) == 1 { // what customers have has no id of its own
			p.told.row(part, history.Updated, is, keep, keep)
		}
	}
	if err := part.Rows.Set(p.tx, back, columns); err != nil {
		return err
	}
	return t.comeBack(p)
}

// unmake deletes what who stayed got, unless it was changed since.
func (t *partingTable) unmake(p *parting) error {
	if len(t.made) == 0 {
		return nil
	}
	var owners []int64
	seen := map[int64]bool{}
	for _, r := range t.made {
		if id := t.part.OwnerOf(r); !seen[id] {
			seen[id] = true
			owners = append(owners, id)
		}
	}
	now, err := t.part.Rows.ReadOf(p.tx, t.part.OwnerColumn(), owners, "", 10*most)
	if err != nil {
		return err
	}
	is := map[string]portable.Record{}
	for _, r := range now {
		is[keyOf(r)] = r
	}
	var drop []portable.Record
	for _, was := range t.made {
		r, there := is[keyOf(was)]
		switch {
		case there && (r.Same(was, "date_modified") || t.part.Passing && t.part.Becomes == owned.Moves):
			drop = append(drop, r)
		case !t.part.Passing:
			p.left(t.part, was, !there)
		}
	}
	if len(drop) > 0 && t.part.Through != "" {
		p.told.row(t.part, history.Updated, drop[0], p.m.Customer, p.m.Customer)
	} else if len(drop) > 0 {
		p.told.row(t.part, history.Deleted, drop[0], p.m.Customer, p.m.Customer)
	}
	return remove(p.tx, t.part, drop)
}

// comeBack makes again what ended, and what another row took the place of.
func (t *partingTable) comeBack(p *parting) error {
	rows := append(append([]portable.Record{}, t.gone...), t.displaced...)
	if len(rows) == 0 {
		return nil
	}
	known, err := t.known(p, rows)
	if err != nil {
		return err
	}
	var back []portable.Record
	for i, r := range rows {
		if !known(r, i >= len(t.gone)) {
			p.left(t.part, r, true)
			continue
		}
		back = append(back, r)
	}
	for _, r := range back {
		owner := t.part.OwnerOf(r)
		if t.part.Through != "" {
			owner = p.m.Customer
		}
		p.told.row(t.part, history.Created, r, owner, owner)
	}
	return insert(p.tx, t.part, back)
}

// known returns a function that tells whether a row can come back: what it refers to
// is there, and nothing has its place.
func (t *partingTable) known(p *parting, rows []portable.Record) (func(r portable.Record, displaced bool) bool, error) {
	there := map[string]map[int64]bool{}
	for column, refers := range t.part.Refers {
		ids := make([]int64, len(rows))
		for i, r := range rows {
			ids[i] = r.Int(column)
		}
		var err error
		if there[column], err = refers(p.tx, ids); err != nil {
			return nil, err
		}
	}
	taken := map[string]bool{}
	if !t.part.Keyed() {
		now, err := t.part.Rows.Still(p.tx, rows, "")
		if err != nil {
			return nil, err
		}
		for _, r := range now {
			taken[keyOf(r)] = true
		}
	}
	same := map[string]bool{}
	if len(t.displaced) > 0 && t.part.Same != nil {
		now, err := t.part.Rows.ReadOf(p.tx, t.part.OwnerColumn(), []int64{p.m.Customer}, "", 10*most)
		if err != nil {
			return nil, err
		}
		for _, r := range now {
			same[t.part.Same(r)] = true
		}
	}
	return func(r portable.Record, displaced bool) bool {
		for column, ids := range there {
			if !ids[r.Int(column)] {
				return false
			}
		}
		return !taken[keyOf(r)] && !(displaced && same[t.part.Same(r)])
	}, nil
}

// left notes what is left as it is.
func (p *parting) left(part *owned.Part, r portable.Record, gone bool) {
	key := keyOf(r)
	if part.SecretKey {
		key = ""
	}
	p.m.Left = append(p.m.Left, Left{Table: part.Table(), Key: key, Gone: gone})
}
