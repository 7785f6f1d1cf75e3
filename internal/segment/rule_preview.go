package segment

import (
	"context"
	"errors"
	"slices"
	"time"

	"clientele/internal/rule"
	"clientele/internal/sqldb"
)

// Bounds of a preview.
const (
	PreviewCustomers = 20
	previewTime      = 1800 * time.Millisecond // in all
	previewIndexed   = 900 * time.Millisecond  // to count by an index
	previewRange     = 20_000                  // ids that are looked at together
	previewSorted    = 2000                    // found ones that are sorted
)

// Preview is whom a rule finds.
type Preview struct {
	Node  *rule.Node
	Count int64
	// Complete is false where time ran out: there may be more than Count.
	Complete  bool
	Cost      rule.Cost
	Customers []int64 // the newest
}

// Preview looks whom a rule finds, for two seconds at most.
func (k *Keeper) Preview(ctx context.Context, storeID int64, n *rule.Node) (*Preview, error) {
	zone, err := k.zone(ctx, storeID)
	if err != nil {
		return nil, err
	}
	var checked *rule.Checked
	var clock rule.Clock
	out := &Preview{}
	var last int64
	if err := k.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		names, err := k.names(tx)
		if err != nil {
			return err
		}
		if checked, err = names.Check(n); err != nil {
			return err
		}
		out.Node = names.Unbind(names.Bind(n))
		if clock, err = k.clock(tx, zone); err != nil {
			return err
		}
		return tx.Query(lastOfAll, func(r *sqldb.Row) error { last = r.Int(0); return nil })
	}); err != nil {
		return nil, err
	}
	out.Cost = checked.Cost()
	p := &previewing{k: k, storeID: storeID, checked: checked, clock: clock, out: out, end: k.sys.Elapsed() + previewTime}
	if out.Cost == rule.Indexed {
		done, err := p.byIndex(ctx, last)
		if done || err != nil {
			return out, err
		}
	}
	return out, p.byRanges(ctx, last)
}

type previewing struct {
	k       *Keeper
	storeID int64
	checked *rule.Checked
	clock   rule.Clock
	out     *Preview
	end     time.Duration
}

// byIndex counts all that an index leads to, unless that takes too long.
func (p *previewing) byIndex(ctx context.Context, last int64) (done bool, err error) {
	bounded, cancel := context.WithTimeout(ctx, previewIndexed)
	defer cancel()
	err = p.k.db.Read(bounded, p.storeID, func(tx *sqldb.Tx) error {
		p.out.Count, p.out.Customers = 0, nil
		where, args := p.checked.SQL(tx, p.clock, nil, false)
		if err := tx.Query(rule.Count(where), func(r *sqldb.Row) error {
			p.out.Count = r.Int(0)
			return nil
		}, args...); err != nil {
			return err
		}
		order := ``
		if p.out.Count > previewSorted {
			order = ` ORDER BY id DESC LIMIT 20`
		}
		return tx.Query(rule.Select(where+order), func(r *sqldb.Row) error {
			p.out.Customers = append(p.out.Customers, r.Int(0))
			return nil
		}, args...)
	})
	if err != nil {
		if ctx.Err() == nil && (bounded.Err() != nil || errors.Is(err, context.DeadlineExceeded)) {
			p.out.Count, p.out.Customers = 0, nil
			return false, nil
		}
		return false, err
	}
	p.out.Complete = true
	slices.SortFunc(p.out.Customers, func(x, y int64) int { return int(y - x) })
	p.out.Customers = p.out.Customers[:min(len(p.out.Customers), PreviewCustomers)]
	return true, nil
}

// byRanges looks at all customers from the newest on while there is time.
func (p *previewing) byRanges(ctx context.Context, last int64) error {
	for to := last; to > 0; to -= previewRange {
		if p.k.sys.Elapsed() > p.end {
			return nil
		}
		var found []int64
		if err := p.k.db.Read(ctx, p.storeID, func(tx *sqldb.Tx) error {
			found = found[:0]
			where, args := p.checked.SQL(tx, p.clock, []any{to - previewRange + 1, to}, true)
			return tx.Query(rule.Select(`id BETWEEN $2 AND $3 AND `+where), func(r *sqldb.Row) error {
				found = append(found, r.Int(0))
				return nil
			}, args...)
		}); err != nil {
			return err
		}
		p.out.Count += int64(len(found))
		slices.SortFunc(found, func(x, y int64) int { return int(y - x) })
		room := PreviewCustomers - len(p.out.Customers)
		p.out.Customers = append(p.out.Customers, found[:min(len(found), room)]...)
	}
	p.out.Complete = true
	return nil
}
