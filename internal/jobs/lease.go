package jobs

import (
	"context"
	"time"

	"clientele/internal/sqldb"
	"clientele/internal/system"
)

type heldKey struct{ store, id int64 }

func (j *Job) heldKey() heldKey { return heldKey{j.StoreID, j.ID} }

// holding is a job that this process has leased.
type holding struct {
	lease string
	until int64                   // when the lease ends, by the clock
	seen  bool                    // by a renewal before: it takes longer
	lost  context.CancelCauseFunc // ends the attempt; nil before it begins
	timer *time.Timer             // ends it when the lease could not be renewed
}

// hold notes jobs that were leased.
func (r *Runner) hold(js []Job, until int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range js {
		r.held[js[i].heldKey()] = &holding{lease: js[i].lease, until: until}
	}
}

func (r *Runner) holds(store, id int64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.held[heldKey{store, id}] != nil
}

// release forgets a job that has been done.
func (r *Runner) release(j Job) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if h := r.held[j.heldKey()]; h != nil && h.lease == j.lease {
		delete(r.held, j.heldKey())
	}
}

// leased returns a context for an attempt that ends when the lease does.
func (r *Runner) leased(run context.Context, j Job) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(run)
	timer := system.CountdownFunc(leaseTime*time.Second, func() { cancel(ErrLost) })
	r.mu.Lock()
	defer r.mu.Unlock()
	if h := r.held[j.heldKey()]; h != nil {
		h.lost, h.timer = cancel, timer
	}
	return ctx, func() { timer.Stop(); cancel(nil) }
}

// keepLeases renews until ctx ends, also while the clock stands still: an attempt whose
// lease is not renewed ends when that time has really gone by.
func (r *Runner) keepLeases(ctx context.Context) {
	for system.Pause(ctx, renewEvery) == nil {
		r.renew(ctx)
	}
}

// renew prolongs the leases of the jobs that are being done. Whoever has lost
// one is told to stop.
func (r *Runner) renew(ctx context.Context) {
	type claimed struct {
		store int64
		lease string
	}
	now := r.sys.Now()
	claims := map[claimed][]int64{}
	r.mu.Lock()
	for k, h := range r.held {
		if h.until-now <= leaseTime-int64(renewEvery/time.Second) || h.seen {
			c := claimed{k.store, h.lease}
			claims[c] = append(claims[c], k.id)
		}
		h.seen = true
	}
	r.mu.Unlock()
	for c, ids := range claims {
		kept := map[int64]bool{}
		list, args := sqldb.In([]any{now + leaseTime, c.lease}, ids)
		if err := r.db.Write(ctx, c.store, func(tx *sqldb.Tx) error {
			clear(kept)
			return tx.Query(sqldb.Dynamic(`UPDATE jobs SET due_at = $2 WHERE store_id = $1 AND lease_owner = $3 AND date_failed = 0 AND id IN `+list+` RETURNING id`),
				func(row *sqldb.Row) error { kept[row.Int(0)] = true; return nil }, args...)
		}); err != nil {
			if ctx.Err() == nil {
				r.o.Log.Error("leases of jobs cannot be renewed", "error", err)
			}
			continue
		}
		r.mu.Lock()
		for _, id := range ids {
			h := r.held[heldKey{c.store, id}]
			switch {
			case h == nil || h.lease != c.lease: // done in the meantime
			case kept[id]:
				h.until = now + leaseTime
				if h.timer != nil {
					h.timer.Reset(leaseTime * time.Second)
				}
			case h.lost != nil:
				h.lost(ErrLost)
			}
		}
		r.mu.Unlock()
	}
}
