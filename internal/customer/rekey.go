package customer

import (
	"slices"

	"clientele/internal/email"
	"clientele/internal/rekey"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

// Rekey is how the keys of customers' addresses are made anew.
var Rekey = rekey.List{
	Name: "customers",
	Next: sqldb.Static(`SELECT id, email FROM customers WHERE store_id = $1 AND id > $2 ORDER BY id LIMIT $3`),
	Two:  sqldb.Static(`SELECT email FROM customers WHERE store_id = $1 AND id IN ($2, $3)`),
	Move: moveKeys,
}

func moveKeys(tx *sqldb.Tx, ids []int64) (map[int64]int64, error) {
	list, args := sqldb.In(nil, ids)
	var rows []Customer
	if err := tx.Query(sqldb.Dynamic(`SELECT `+customerColumns+` FROM customers WHERE store_id = $1 AND id IN `+list+` ORDER BY id`+tx.ForUpdate()), func(r *sqldb.Row) error {
		rows = append(rows, Customer{})
		rows[len(rows)-1].scan(r)
		return nil
	}, args...); err != nil || len(rows) == 0 {
		return nil, err
	}
	addresses := make([]string, len(rows))
	for i := range rows {
		addresses[i] = rows[i].Email
	}
	// Only slots under the keys of now are in the way: who has one under an
	// earlier key gets theirs in turn.
	norms := make([]string, len(rows))
	held := map[string][]slot{}
	for i := range rows {
		norms[i] = email.Key(addresses[i])
	}
	var counters store.Counters
	if err := tx.Pipeline(append([]sqldb.Q{store.Advance{}.Query(tx, &counters)}, slotsQuery(norms, held)...)...); err != nil {
		return nil, err
	}
	clashes := map[int64]int64{}
	for i := range rows {
		c, norm := &rows[i], norms[i]
		if !emailFree(held[norm], c.ChannelIDs, c.ID) {
			clashes[c.ID] = inTheWay(held[norm], c)
			continue
		}
		if err := dropEmail(tx, c); err != nil {
			return nil, err
		}
		letGo(held, c)
		if err := takeEmail(tx, c, norm); err != nil {
			return nil, err
		}
		held[norm] = append(held[norm], heldSlots(c.ChannelIDs, c.ID)...)
	}
	return clashes, nil
}

// inTheWay returns who has an address that a customer cannot have.
func inTheWay(held []slot, c *Customer) int64 {
	i := slices.IndexFunc(held, func(s slot) bool { return !emailFree([]slot{s}, c.ChannelIDs, c.ID) })
	return held[i].customer
}
