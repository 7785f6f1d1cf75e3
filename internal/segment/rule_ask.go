package segment

import (
	"context"

	"clientele/internal/rule"
	"clientele/internal/sqldb"
)

// Asked is a rule that is ready to be asked of a store's customers, by the clock
// of the store.
type Asked struct {
	Node    *rule.Node // with the names that things have now
	Checked *rule.Checked
	Clock   rule.Clock
}

// Ask returns what rules of a store may name, and a rule that is ready to be
// asked; nil for none. What is wrong with the rule is a *rule.Fault beside the
// names.
func (k *Keeper) Ask(ctx context.Context, storeID int64, n *rule.Node) (names *rule.Names, out *Asked, err error) {
	zone, err := k.zone(ctx, storeID)
	if err != nil {
		return nil, nil, err
	}
	err = k.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		if names, err = k.names(tx); err != nil || n == nil {
			return err
		}
		out = &Asked{}
		out.Clock, err = k.clock(tx, zone)
		return err
	})
	if err != nil || n == nil {
		return names, nil, err
	}
	if out.Checked, err = names.Check(n); err != nil {
		return names, nil, err
	}
	out.Node = names.Unbind(names.Bind(n))
	return names, out, nil
}
