package segment

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"clientele/internal/jobs"
	"clientele/internal/pace"
	"clientele/internal/rule"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

const (
	groupsJob = "rule_groups"
	// buildRange is how many ids one step of a build looks at, buildBite how many
	// changes one transaction writes.
	buildRange = 5000
	buildBite  = 1000
)

var buildSchedule = []time.Duration{time.Second, 5 * time.Second, time.Minute, 10 * time.Minute, time.Hour, 6 * time.Hour, 24 * time.Hour}

func (k *Keeper) enqueueGroups(tx *sqldb.Tx) error {
	return jobs.Enqueue(tx, k.sys.Now(), groupsJob, struct{}{}, k.sys.Now())
}

var (
	ruleState = sqldb.Static(`SELECT r.version, r.built_to, c.customer_id FROM segment_rules r JOIN store_counters c ON c.store_id = r.store_id WHERE r.store_id = $1 AND r.segment_id = $2`)
	moveBuilt = sqldb.Static(`UPDATE segment_rules SET built_to = $4 WHERE store_id = $1 AND segment_id = $2 AND version = $3`)
	// Not a join: PostgreSQL would read all members for each range, as long as it
	// takes them for few.
	membersIn = sqldb.Static(`SELECT p.customer_id, (SELECT COUNT(*) FROM segment_members m WHERE m.store_id = p.store_id AND m.segment_id = $2 AND m.profile_id = p.id)
		FROM shopper_profiles p WHERE p.store_id = $1 AND p.customer_id BETWEEN $3 AND $4`)
	groupsAfter = sqldb.Static(`SELECT customer_id FROM rule_groups WHERE store_id = $1 AND customer_id > $2 ORDER BY customer_id LIMIT $3`)
)

// build is the handler. What was built stays so when it is cut off.
func (k *Keeper) build(ctx context.Context, j jobs.Job) error {
	var of rule.Building
	if err := j.Decode(&of); err != nil {
		return err
	}
	b := k.building(j.StoreID, of.SegmentID, of.Version)
	for {
		done, err := b.next(ctx)
		if errors.Is(err, errStale) {
			return jobs.NotNow(time.Second)
		}
		if done || err != nil {
			return err
		}
	}
}

// building is the build of one rule.
type building struct {
	*Keeper
	storeID, segmentID, version int64
	worker                      *pace.Worker
	turn                        sqldb.Turn // of the last write
	late                        bool       // somebody has written since the last look

	book *book
	rule *keptRule
	zone *time.Location
}

func (k *Keeper) building(storeID, segmentID, version int64) *building {
	return &building{Keeper: k, storeID: storeID, segmentID: segmentID, version: version, worker: k.pace.Worker()}
}

// next looks at the next customers, and reports whether it has looked at all.
func (b *building) next(ctx context.Context) (done bool, err error) {
	ctx = sqldb.Aside(ctx) // whoever waits for an answer goes first
	if b.book, err = b.books.Get(ctx, b.storeID, struct{}{}); err != nil {
		return false, err
	}
	if b.zone, err = b.Keeper.zone(ctx, b.storeID); err != nil {
		return false, err
	}
	b.rule = b.book.of(b.segmentID)
	var from, end int64
	current := false
	if err := b.db.Read(ctx, b.storeID, func(tx *sqldb.Tx) error {
		current = false
		return tx.Query(ruleState, func(row *sqldb.Row) error {
			current = row.Int(0) == b.version && row.Int(1) >= 0
			from, end = row.Int(1)+1, row.Int(2)
			return nil
		}, b.segmentID)
	}); err != nil {
		return false, err
	}
	switch {
	case !current:
		return true, nil // it has another rule by now, with a job of its own
	case b.rule == nil || b.rule.version != b.version:
		return false, errStale
	case from > end:
		return true, b.write(ctx, nil, -1)
	}
	to := from + b.step - 1
	var all []changed
	for from <= min(to, end) {
		last := min(from+b.pace.Portion(b.step)-1, to)
		var some []changed
		if err := b.db.Read(ctx, b.storeID, func(tx *sqldb.Tx) (err error) {
			some, err = b.look(tx, from, last)
			return err
		}); err != nil {
			return false, err
		}
		b.worker.Give(ctx)
		all, from = append(all, some...), last+1
	}
	bite := b.bite
	if b.pace.Busy() {
		bite = (bite + 3) / 4
	}
	b.late = false
	for ; len(all) > bite; all = all[bite:] {
		if err := b.write(ctx, all[:bite], all[bite-1].customer); err != nil {
			return false, err
		}
	}
	return false, b.write(ctx, all, to)
}

// look finds who of some ids is to enter or to leave.
func (b *building) look(tx *sqldb.Tx, from, to int64) (all []changed, err error) {
	tx.Replan() // the segment grows with each time
	clock, err := b.clock(tx, b.zone)
	if err != nil {
		return nil, err
	}
	var ids []int64 // that it finds
	finds, has := map[int64]bool{}, map[int64]bool{}
	where, args := b.rule.checked.SQL(tx, clock, []any{from, to}, true)
	if err := tx.Pipeline(
		sqldb.Q{Stmt: rule.Select(`id BETWEEN $2 AND $3 AND ` + where), Args: args,
			Each: func(row *sqldb.Row) error { finds[row.Int(0)] = true; ids = append(ids, row.Int(0)); return nil }},
		sqldb.Q{Stmt: membersIn, Args: []any{b.segmentID, from, to}, Each: func(row *sqldb.Row) error {
			if row.Int(1) > 0 {
				has[row.Int(0)] = true
			}
			return nil
		}},
	); err != nil {
		return nil, err
	}
	for _, id := range ids {
		if !has[id] || b.rule.GroupID != 0 { // members whose group is to be set
			all = append(all, changed{member{b.segmentID, id}, true})
		}
	}
	for id := range has {
		if !finds[id] {
			all = append(all, changed{member{b.segmentID, id}, false})
		}
	}
	slices.SortFunc(all, func(x, y changed) int { return cmp.Compare(x.customer, y.customer) })
	return all, nil
}

// write writes changes, and that the build has come to an id.
func (b *building) write(ctx context.Context, all []changed, to int64) error {
	var turn sqldb.Turn
	var late bool
	err := b.db.Write(ctx, b.storeID, func(tx *sqldb.Tx) (err error) {
		tx.Between(func() {
			if b.db.Writing() > 1 {
				b.worker.Note()
			} else {
				b.worker.Give(ctx)
			}
		})
		if turn, err = tx.Turn(); err != nil {
			return err
		}
		late = b.late || !turn.Follows(b.turn)
		if len(all) > 0 {
			if err := b.writing(tx, b.book, all, nil).run(func(tx *sqldb.Tx, all []changed) ([]changed, error) {
				return b.still(tx, all, !late)
			}); err != nil {
				return err
			}
		}
		return tx.Exec(moveBuilt, b.segmentID, b.version, to)
	})
	if err == nil {
		b.turn, b.late = turn, late
	}
	b.worker.Give(ctx)
	return err
}

// still asks the rule again about those who are to change, as others may have
// changed them since, unless nothing was written. It marks those whose group may
// have to be set.
func (b *building) still(tx *sqldb.Tx, all []changed, unchanged bool) ([]changed, error) {
	if b.rule.GroupID != 0 {
		ids := make([]int64, len(all))
		for i := range all {
			ids[i] = all[i].customer
		}
		if err := rule.Mark(tx, ids...); err != nil {
			return nil, err
		}
	}
	if unchanged {
		return all, nil
	}
	tx.Replan()
	clock, err := b.clock(tx, b.zone)
	if err != nil {
		return nil, err
	}
	// A range and no list: PostgreSQL would rather read all customers, and compare
	// each with the whole list.
	where, args := b.rule.checked.SQL(tx, clock, []any{all[0].customer, all[len(all)-1].customer}, true)
	finds := map[int64]bool{}
	if err := tx.Query(rule.Select(`id BETWEEN $2 AND $3 AND `+where), func(row *sqldb.Row) error {
		finds[row.Int(0)] = true
		return nil
	}, args...); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(all), func(c changed) bool { return finds[c.customer] != c.enters }), nil
}

// sweep is the handler of groupsJob.
func (k *Keeper) sweep(ctx context.Context, j jobs.Job) error { return k.Sweep(ctx, j.StoreID) }

// Sweep has the rules look again at all whose group a rule set.
func (k *Keeper) Sweep(ctx context.Context, storeID int64) error {
	ctx = sqldb.Aside(ctx)
	for after := int64(0); ; {
		var ids []int64
		if err := k.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
			ids = ids[:0]
			if err := tx.Query(groupsAfter, func(r *sqldb.Row) error { ids = append(ids, r.Int(0)); return nil }, after, int64(buildBite)); err != nil || len(ids) == 0 {
				return err
			}
			if _, err := (store.Advance{}).Run(tx); err != nil {
				return err
			}
			return rule.Mark(tx, ids...)
		}); err != nil || len(ids) < buildBite {
			return err
		}
		after = ids[len(ids)-1]
	}
}
