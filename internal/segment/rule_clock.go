package segment

import (
	"context"
	"slices"
	"time"

	"clientele/internal/rule"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

var (
	withClocks = sqldb.Global(`SELECT s.id FROM stores s JOIN rule_clocks c ON c.store_id = s.id ORDER BY s.id`)
	moveClock  = sqldb.Static(`UPDATE rule_clocks SET date_now = $2, zone = $3 WHERE store_id = $1 AND date_now = $4 AND zone = $5`)
)

// hourly is how long rules whose dates move from hour to hour wait for the clock.
const hourly = 10 // seconds

// TickAll has the rules of all stores look at those whom the clock moves.
func (k *Keeper) TickAll(ctx context.Context) error {
	var stores []int64
	if err := k.db.Read(ctx, 0, func(tx *sqldb.Tx) error {
		stores = stores[:0]
		return tx.Query(withClocks, func(r *sqldb.Row) error { stores = append(stores, r.Int(0)); return nil })
	}); err != nil {
		return err
	}
	for _, id := range stores {
		if err := k.Tick(ctx, id); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// Tick marks whom the clock moves into a rule of a store, or out of one, since the
// last time.
func (k *Keeper) Tick(ctx context.Context, storeID int64) error {
	b, err := k.books.Get(ctx, storeID, struct{}{})
	if err != nil {
		return err
	}
	zone, err := k.zone(ctx, storeID)
	if err != nil {
		return err
	}
	now := rule.Clock{Now: k.sys.Now(), Zone: zone}
	var before rule.Clock
	var name string
	var ids []int64
	due := false
	if err := k.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		ids, due = nil, false
		there := false
		if err := tx.Query(selectClock, func(r *sqldb.Row) error {
			there, before.Now, name = true, r.Int(0), r.Text(1)
			return nil
		}); err != nil || !there {
			return err
		}
		if before.Zone, err = time.LoadLocation(name); err != nil {
			before.Zone = time.UTC
		}
		due = zone.String() != name || b.hours && now.Now >= before.Now+hourly || b.dated && now.Now >= before.NextDay()
		if !due {
			return nil
		}
		for _, r := range b.rules {
			if err := r.checked.Moved(tx, before, now, nil, func(where string, args []any) error {
				return tx.Query(rule.Select(where), func(row *sqldb.Row) error {
					ids = append(ids, row.Int(0))
					return nil
				}, args...)
			}); err != nil {
				return err
			}
		}
		return nil
	}); err != nil || !due {
		return err
	}
	slices.Sort(ids)
	for some := range slices.Chunk(slices.Compact(ids), buildBite) {
		if err := k.db.Write(sqldb.Aside(ctx), storeID, func(tx *sqldb.Tx) error {
			if _, err := (store.Advance{}).Run(tx); err != nil {
				return err
			}
			return rule.Mark(tx, some...)
		}); err != nil {
			return err
		}
	}
	return k.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		return tx.Exec(moveClock, now.Now, zone.String(), before.Now, name)
	})
}
