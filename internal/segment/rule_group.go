package segment

import (
	"context"
	"slices"

	"clientele/internal/rule"
	"clientele/internal/sqldb"
)

var (
	upsertGroup = sqldb.Static(`INSERT INTO rule_groups (store_id, customer_id, group_id, before_id) VALUES ($1, $2, $3, $4)
		ON CONFLICT (store_id, customer_id) DO UPDATE SET group_id = excluded.group_id, before_id = excluded.before_id`)
	deleteGroup = sqldb.Static(`DELETE FROM rule_groups WHERE store_id = $1 AND customer_id = $2`)
)

// gives returns the rule by which customers get a group, by customer: of those
// whose segments they are in, the one with the lowest priority, then the oldest
// segment.
func (b *book) givers(l *look) map[int64]*keptRule {
	out := map[int64]*keptRule{}
	for m := range l.finds {
		r := b.of(m.segment)
		if r.GroupID == 0 || !slices.ContainsFunc(b.names.Groups, func(g rule.Named) bool { return g.ID == r.GroupID }) {
			continue
		}
		if best := out[m.customer]; best == nil || r.Priority < best.Priority || r.Priority == best.Priority && r.SegmentID < best.SegmentID {
			out[m.customer] = r
		}
	}
	return out
}

// grouping is what becomes of a customer's group.
type grouping struct {
	Regroup
	set    bool // by a rule from then on
	before int64
	write  bool // the group itself changes
}

// regroup puts customers into the groups of their rules, and back. It comes
// before members are written and marks taken away: what it changes is marked, and
// looked at again.
func (k *Keeper) regroup(ctx context.Context, storeID int64, b *book, l *look) error {
	if !b.gives && len(l.held) == 0 {
		return nil
	}
	givers := b.givers(l)
	var ids []int64
	for id := range givers {
		ids = append(ids, id)
	}
	for id := range l.held {
		if givers[id] == nil {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	slices.Sort(ids)
	var todo []grouping
	if err := k.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		todo = nil
		groups, err := k.world.Groups(tx, ids)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if group, there := groups[id]; there {
				if g, any := b.group(id, group, l.held[id], givers[id]); any {
					todo = append(todo, g)
				}
			}
		}
		return nil
	}); err != nil || len(todo) == 0 {
		return err
	}
	return k.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		var changes []Regroup
		for _, g := range todo {
			if g.write {
				changes = append(changes, g.Regroup)
			}
		}
		done := map[int64]bool{}
		if len(changes) > 0 {
			var err error
			if done, err = k.world.Regroup(tx, changes); err != nil {
				return err
			}
		}
		for _, g := range todo {
			if g.write && !done[g.CustomerID] {
				continue
			}
			var err error
			if g.set {
				err = tx.Exec(upsertGroup, g.CustomerID, g.To, g.before)
			} else {
				err = tx.Exec(deleteGroup, g.CustomerID)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// group decides which group a customer gets who has one now.
func (b *book) group(id, now int64, held *holds, giver *keptRule) (grouping, bool) {
	g := grouping{Regroup: Regroup{CustomerID: id, From: now}}
	switch {
	case held != nil && held.by == now && giver == nil: // back to the one before
		g.To, g.Back, g.write = held.before, true, held.before != now
		return g, true
	case held != nil && held.by == now:
		g.To, g.set, g.before, g.write = giver.GroupID, true, held.before, giver.GroupID != now
		return g, g.write
	case giver != nil && (giver.TakesOver || now == 0 || b.joined(now)):
		g.To, g.set, g.before, g.write = giver.GroupID, true, now, giver.GroupID != now
		return g, g.write
	case held != nil: // somebody chose another one since
		return g, true
	}
	return g, false
}

// joined reports whether a group is the one that new customers join: who is in it
// was not put there by hand.
func (b *book) joined(id int64) bool {
	return slices.ContainsFunc(b.names.Groups, func(g rule.Named) bool { return g.ID == id && g.Type == rule.DefaultGroup })
}
