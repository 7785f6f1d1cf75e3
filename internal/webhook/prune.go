package webhook

import (
	"context"
	"time"

	"clientele/internal/sqldb"
)

var (
	selectOldestEvents = sqldb.Static(`SELECT id, date_created FROM events WHERE store_id = $1 ORDER BY id LIMIT 500`)
	selectCursor       = sqldb.Static(`SELECT event_id FROM webhook_cursors WHERE store_id = $1`)
	deleteEvents       = sqldb.Static(`DELETE FROM events WHERE store_id = $1 AND id <= $2`)
	nextHookWith       = sqldb.Static(`SELECT hook_id FROM webhook_deliveries WHERE store_id = $1 AND hook_id > $2 ORDER BY hook_id LIMIT 1`)
	selectOldest       = sqldb.Static(`SELECT id, date_created, due_at FROM webhook_deliveries WHERE store_id = $1 AND hook_id = $2 AND id > $3 ORDER BY id LIMIT 500`)
	deleteOldest       = sqldb.Static(`DELETE FROM webhook_deliveries WHERE store_id = $1 AND hook_id = $2 AND id <= $3 AND due_at = 0`)
	deleteOrphans      = sqldb.Static(`DELETE FROM webhook_deliveries WHERE store_id = $1 AND hook_id = $2 AND id <= $3`)
)

const pruneBatch = 500

// Prune removes from all stores, in small transactions, events that are past
// their retention and turned into deliveries, deliveries past theirs, and
// those of hooks that are gone. It also switches off hooks that have heard of
// nothing for too long.
func (d *Dispatcher) Prune(ctx context.Context) error {
	return d.db.EachStore(ctx, func(id int64) error { return d.pruneStore(ctx, id) })
}

func (d *Dispatcher) pruneStore(ctx context.Context, storeID int64) error {
	now, elapsed := d.sys.Now(), d.sys.Elapsed()
	// Batches are looked for outside the transactions that delete them.
	for {
		var upTo int64
		n := 0
		before := now - int64(d.o.EventRetention.Seconds())
		if err := d.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
			cursor := int64(-1)
			if err := tx.Query(selectCursor, func(r *sqldb.Row) error { cursor = r.Int(0); return nil }); err != nil {
				return err
			}
			return tx.Query(selectOldestEvents, func(r *sqldb.Row) error {
				if r.Int(1) < before && (cursor < 0 || r.Int(0) <= cursor) && n >= 0 {
					upTo = r.Int(0)
					n++
				}
				return nil
			})
		}); err != nil {
			return err
		}
		if n == 0 {
			break
		}
		if err := d.db.Write(ctx, storeID, func(tx *sqldb.Tx) error { return tx.Exec(deleteEvents, upTo) }); err != nil {
			return err
		}
		if n < pruneBatch {
			break
		}
	}
	before := now - int64(d.o.DeliveryRetention.Seconds())
	for hook := int64(0); ; {
		next := int64(0)
		var gone bool
		if err := d.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
			if err := tx.Query(nextHookWith, func(r *sqldb.Row) error { next = r.Int(0); return nil }, hook); err != nil || next == 0 {
				return err
			}
			h, err := Find(tx, next)
			gone = h == nil
			return err
		}); err != nil {
			return err
		}
		if next == 0 {
			break
		}
		hook = next
		if err := d.pruneHook(ctx, storeID, hook, gone, before); err != nil {
			return err
		}
	}
	looked, ok := d.looked[storeID]
	if !ok {
		looked = d.began
	}
	if err := d.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		if err := SweepBlocks(tx, now); err != nil {
			return err
		}
		idle, err := SweepIdle(tx, now, int64((elapsed-looked)/time.Second))
		if err != nil {
			return err
		}
		for _, h := range idle {
			if err := d.notify(tx, Notice{Kind: HookDisabled, Hook: h}); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return err
	}
	d.looked[storeID] = elapsed
	return nil
}

func (d *Dispatcher) pruneHook(ctx context.Context, storeID, hook int64, gone bool, before int64) error {
	for from := int64(0); ; {
		n, some := 0, false
		last, recent := from, false
		if err := d.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
			return tx.Query(selectOldest, func(r *sqldb.Row) error {
				n++
				if recent = recent || !gone && r.Int(1) >= before; recent {
					return nil
				}
				last = r.Int(0)
				some = some || gone || r.Int(2) == 0
				return nil
			}, hook, from)
		}); err != nil {
			return err
		}
		if some {
			stmt := deleteOldest
			if gone {
				stmt = deleteOrphans
			}
			if err := d.db.Write(ctx, storeID, func(tx *sqldb.Tx) error { return tx.Exec(stmt, hook, last) }); err != nil {
				return err
			}
		}
		if recent || n < pruneBatch {
			return nil
		}
		from = last
	}
}

func (d *Dispatcher) keepHouse(ctx context.Context) {
	if err := d.Prune(ctx); err != nil && ctx.Err() == nil {
		d.o.Log.Error("old events and deliveries cannot be removed", "error", err)
	}
}
