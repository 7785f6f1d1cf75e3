package webhook

import (
	"cmp"
	"fmt"
	"math/bits"
	"slices"

	"clientele/internal/sqldb"
)

// attempted is what becomes of a delivery after an attempt.
type attempted struct {
	*result
	state State
	due   int64 // 0: never
}

// row names the row of a delivery in a store.
func (t *task) row() [2]int64 { return [2]int64{t.hook.ID, t.id} }

// written is how many values each row has in a statement for several, and writtenMost
// how many rows there are at most.
const (
	written     = 11
	writtenMost = 128
)

// The values of a row: $4 and on, by their columns.
var writtenColumns = [written]struct{ name, kind string }{
	{"id", "BIGINT"}, {"attempts", "BIGINT"}, {"step", "BIGINT"}, {"first_attempt", "BIGINT"}, {"last_attempt", "BIGINT"}, {"status", "BIGINT"}, {"duration", "BIGINT"},
	{"tries", "TEXT"}, {"state", "TEXT"}, {"due_at", "BIGINT"}, {"error", "TEXT"},
}

// values are those of writtenColumns.
func (a attempted) values() ([]any, error) {
	tries, err := addTry(a.tries, &a.attempt)
	first := cmp.Or(a.first, a.attempt.At)
	fault := a.attempt.Error
	if a.state == Delivered {
		fault = ""
	}
	return []any{a.id, a.attempts + 1, a.step + 1, first, a.attempt.At, a.attempt.Status, a.attempt.Duration, tries, string(a.state), a.due, fault}, err
}

// write stores what becomes of deliveries after an attempt, and returns of which it
// did: this process still had their leases.
func (d *Dispatcher) write(tx *sqldb.Tx, all []attempted) (ours map[[2]int64]bool, err error) {
	ours = make(map[[2]int64]bool, len(all))
	byHook := slices.SortedStableFunc(slices.Values(all), func(a, b attempted) int { return cmp.Compare(a.hook.ID, b.hook.ID) })
	for len(byHook) > 0 {
		hook, n := byHook[0].hook.ID, 1
		for n < min(len(byHook), writtenMost) && byHook[n].hook.ID == hook {
			n++
		}
		if n == 1 {
			err = d.writeOne(tx, byHook[0], ours)
		} else {
			err = d.writeSome(tx, byHook[:n], ours)
		}
		if err != nil {
			return nil, err
		}
		byHook = byHook[n:]
	}
	return ours, nil
}

func (d *Dispatcher) writeOne(tx *sqldb.Tx, a attempted, ours map[[2]int64]bool) error {
	values, err := a.values()
	if err != nil {
		return err
	}
	return tx.Query(finishOne, func(*sqldb.Row) error { ours[a.row()] = true; return nil }, append([]any{a.hook.ID, d.owner}, values...)...)
}

// writeSome is writeOne of several of one hook.
func (d *Dispatcher) writeSome(tx *sqldb.Tx, some []attempted, ours map[[2]int64]bool) error {
	hook := some[0].hook.ID
	args := make([]any, 0, 2+written*len(some))
	args = append(args, hook, d.owner)
	for _, a := range some {
		values, err := a.values()
		if err != nil {
			return err
		}
		args = append(args, values...)
	}
	// As many rows as few texts need: the last one is there several times.
	last := args[len(args)-written:]
	size := 1 << bits.Len(uint(len(some)-1))
	for n := len(some); n < size; n++ {
		args = append(args, last...)
	}
	return tx.Query(sqldb.Dynamic(finishSome(size)), func(r *sqldb.Row) error { ours[[2]int64{hook, r.Int(0)}] = true; return nil }, args...)
}

// finishOne and finishSome are of those whose lease this process still has.
var finishOne = func() *sqldb.Stmt {
	set := `UPDATE webhook_deliveries SET lease_owner = ''`
	for i, c := range writtenColumns[1:] {
		set += fmt.Sprintf(", %s = $%d", c.name, i+5)
	}
	return sqldb.Static(set + ` WHERE store_id = $1 AND hook_id = $2 AND id = $4 AND lease_owner = $3 RETURNING id`)
}()

func finishSome(rows int) string {
	set := `UPDATE webhook_deliveries SET lease_owner = ''`
	for i, c := range writtenColumns[1:] {
		set += fmt.Sprintf(", %s = v.column%d", c.name, i+2)
	}
	b := []byte(set + ` FROM (VALUES `)
	for n := range rows {
		if n > 0 {
			b = append(b, ", "...)
		}
		b = append(b, '(')
		for i, c := range writtenColumns {
			if i > 0 {
				b = append(b, ", "...)
			}
			if p := 4 + written*n + i; n == 0 { // the types of all
				b = fmt.Appendf(b, "CAST($%d AS %s)", p, c.kind)
			} else {
				b = fmt.Appendf(b, "$%d", p)
			}
		}
		b = append(b, ')')
	}
	return string(b) + `) AS v WHERE store_id = $1 AND hook_id = $2 AND id = v.column1 AND lease_owner = $3 RETURNING id`
}

// behindIn returns the last delivery that is pending in each of the lanes of failed
// ones.
func behindIn(tx *sqldb.Tx, failed []*result) (map[laneKey]int64, error) {
	lanes := map[int64][]int64{} // by hook
	for _, r := range failed {
		lanes[r.hook.ID] = append(lanes[r.hook.ID], r.lane)
	}
	out := map[laneKey]int64{}
	for hook, some := range lanes {
		list, args := sqldb.In([]any{hook}, some)
		if err := tx.Query(sqldb.Dynamic(selectBehind+list+` GROUP BY lane`), func(r *sqldb.Row) error {
			out[laneKey{hook, r.Int(0)}] = r.Int(1)
			return nil
		}, args...); err != nil {
			return nil, err
		}
	}
	return out, nil
}

const selectBehind = `SELECT lane, MAX(id) FROM webhook_deliveries
	WHERE store_id = $1 AND hook_id = $2 AND due_at <> 0 AND lane IN `
