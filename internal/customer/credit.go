package customer

import (
	"clientele/internal/credit"
	"clientele/internal/event"
	"clientele/internal/rule"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

// Balances are customers' balances of store credit, for the ledger.
type Balances struct{}

var (
	creditAfter = sqldb.Static(`SELECT id, store_credit FROM customers WHERE store_id = $1 AND store_credit <> 0 AND (store_credit, id) > ($2, $3)
		ORDER BY store_credit, id LIMIT $4`)
	updateCredit = sqldb.Static(`UPDATE customers SET store_credit = $3, date_modified = $4 WHERE store_id = $1 AND id = $2`)
)

// Lock implements credit.Balances.
func (Balances) Lock(tx *sqldb.Tx, ids []int64) (map[int64]int64, error) {
	out := make(map[int64]int64, len(ids))
	if len(ids) == 0 {
		return out, nil
	}
	list, args := sqldb.In(nil, ids)
	err := tx.Query(sqldb.Dynamic(`SELECT id, store_credit FROM customers WHERE store_id = $1 AND id IN `+list+` ORDER BY id`+tx.ForUpdate()), func(r *sqldb.Row) error {
		out[r.Int(0)] = r.Int(1)
		return nil
	}, args...)
	return out, err
}

// Set implements credit.Balances. It tells what a change of the documented
// member tells.
func (Balances) Set(tx *sqldb.Tx, now int64, balances []credit.Balance) error {
	ids := make([]int64, len(balances))
	for i, b := range balances {
		ids[i] = b.CustomerID
	}
	list, args := sqldb.In(nil, ids)
	var changed []event.Event
	if err := tx.Query(sqldb.Dynamic(`SELECT id, origin_channel_id, channel_ids FROM customers WHERE store_id = $1 AND id IN `+list+` ORDER BY id`), func(r *sqldb.Row) error {
		changed = append(changed, event.Customer(event.CustomerUpdated, r.Int(0), r.Int(1), parseChannels(r.Text(2))))
		return nil
	}, args...); err != nil {
		return err
	}
	counters, err := store.Advance{EventIDs: int64(len(changed))}.Run(tx)
	if err != nil {
		return err
	}
	for _, b := range balances {
		if err := tx.Exec(updateCredit, b.CustomerID, b.Amount, now); err != nil {
			return err
		}
	}
	if counters.Rules {
		if err := rule.Mark(tx, ids...); err != nil {
			return err
		}
	}
	return event.Record(tx, counters.EventID, now, changed)
}

// After implements credit.Balances.
func (Balances) After(tx *sqldb.Tx, last credit.Balance, most int) (out []credit.Balance, err error) {
	err = tx.Query(creditAfter, func(r *sqldb.Row) error {
		out = append(out, credit.Balance{CustomerID: r.Int(0), Amount: r.Int(1)})
		return nil
	}, last.Amount, last.CustomerID, int64(most))
	return out, err
}

// Exists implements credit.Balances.
func (Balances) Exists(tx *sqldb.Tx, id int64) (bool, error) { return Exists(tx, id) }

// setCredit makes the entries of the changes that set a balance to an amount.
func setCredit(tx *sqldb.Tx, now int64, changes []change) error {
	var from, to []credit.Balance
	for i := range changes {
		if ch := &changes[i]; ch.old.StoreCredit != ch.now.StoreCredit {
			from = append(from, credit.Balance{CustomerID: ch.old.ID, Amount: ch.old.StoreCredit})
			to = append(to, credit.Balance{CustomerID: ch.now.ID, Amount: ch.now.StoreCredit})
		}
	}
	if len(from) == 0 {
		return nil
	}
	return credit.Set(tx, now, from, to)
}
