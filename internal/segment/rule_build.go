package segment

import (
	"context"
	"errors"
	"slices"
	"time"

	"clientele/internal/jobs"
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
	for {
		done, err := k.Build(ctx, j.StoreID, of.SegmentID, of.Version)
		if errors.Is(err, errStale) {
			return jobs.NotNow(time.Second)
		}
		if done || err != nil {
			return err
		}
	}
}

// Build looks at the next customers for a rule of a version, and reports whether
// it has looked at all.
func (k *Keeper) Build(ctx context.Context, storeID, segmentID, version int64) (done bool, err error) {
	ctx = sqldb.Aside(ctx) // whoever waits for an answer goes first
	b, err := k.books.Get(ctx, storeID, struct{}{})
	if err != nil {
		return false, err
	}
	zone, err := k.zone(ctx, storeID)
	if err != nil {
		return false, err
	}
	var all []changed
	var from, to, end int64
	current := false
	r := b.of(segmentID)
	if err := k.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		all, current = nil, false
		tx.Replan() // the segment grows with each time
		if err := tx.Query(ruleState, func(row *sqldb.Row) error {
			current = row.Int(0) == version && row.Int(1) >= 0
			from, end = row.Int(1)+1, row.Int(2)
			return nil
		}, segmentID); err != nil || !current {
			return err
		}
		if r == nil || r.version != version {
			return errStale
		}
		if to = from + k.step - 1; from > end {
			return nil
		}
		clock, err := k.clock(tx, zone)
		if err != nil {
			return err
		}
		finds, has := map[int64]bool{}, map[int64]bool{}
		where, args := r.checked.SQL(tx, clock, []any{from, to}, true)
		if err := tx.Pipeline(
			sqldb.Q{Stmt: rule.Select(`id BETWEEN $2 AND $3 AND ` + where), Args: args,
				Each: func(row *sqldb.Row) error { finds[row.Int(0)] = true; return nil }},
			sqldb.Q{Stmt: membersIn, Args: []any{segmentID, from, to}, Each: func(row *sqldb.Row) error {
				if row.Int(1) > 0 {
					has[row.Int(0)] = true
				}
				return nil
			}},
		); err != nil {
			return err
		}
		for id := range finds {
			if !has[id] {
				all = append(all, changed{member{segmentID, id}, true})
			}
		}
		for id := range has {
			if !finds[id] {
				all = append(all, changed{member{segmentID, id}, false})
			}
		}
		if r.GroupID != 0 { // members whose group is to be set
			for id := range finds {
				if has[id] {
					all = append(all, changed{member{segmentID, id}, true})
				}
			}
		}
		return nil
	}); err != nil {
		return false, err
	}
	if !current {
		return true, nil // it has another rule by now, with a job of its own
	}
	slices.SortFunc(all, func(x, y changed) int { return int(x.customer - y.customer) })
	for some := range slices.Chunk(all, buildBite) {
		if err := k.write(ctx, storeID, b, some, nil, func(tx *sqldb.Tx, all []changed) ([]changed, error) {
			return k.still(tx, r, zone, all)
		}); err != nil {
			return false, err
		}
	}
	if from > end {
		to, done = -1, true
	}
	return done, k.db.Write(ctx, storeID, func(tx *sqldb.Tx) error { return tx.Exec(moveBuilt, segmentID, version, to) })
}

// still asks the rule again about those who are to change, as others may have
// changed them since, and marks those whose group may have to be set.
func (k *Keeper) still(tx *sqldb.Tx, r *keptRule, zone *time.Location, all []changed) ([]changed, error) {
	tx.Replan()
	clock, err := k.clock(tx, zone)
	if err != nil {
		return nil, err
	}
	ids := make([]int64, len(all))
	for i := range all {
		ids[i] = all[i].customer
	}
	// A range and no list: PostgreSQL would rather read all customers, and compare
	// each with the whole list.
	where, args := r.checked.SQL(tx, clock, []any{ids[0], ids[len(ids)-1]}, true)
	finds := map[int64]bool{}
	if err := tx.Query(rule.Select(`id BETWEEN $2 AND $3 AND `+where), func(row *sqldb.Row) error {
		finds[row.Int(0)] = true
		return nil
	}, args...); err != nil {
		return nil, err
	}
	if r.GroupID != 0 {
		if err := rule.Mark(tx, ids...); err != nil {
			return nil, err
		}
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
