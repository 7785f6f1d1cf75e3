package metafield

import (
	"maps"
	"slices"

	"clientele/internal/fault"
	"clientele/internal/opt"
	"clientele/internal/sqldb"
)

// ImportTx gives customers, who are locked, metafields of an app: those that they
// have stay as they are or, with overwrite, get the value. It returns what is wrong
// with each, and which changed anything.
func ImportTx(tx *sqldb.Tx, by Caller, in []Create, overwrite bool, now int64) (wrong [][]fault.Item, changed []bool, err error) {
	wrong, changed = make([][]fault.Item, len(in)), make([]bool, len(in))
	if len(in) == 0 {
		return wrong, changed, nil
	}
	customers := map[int64]bool{}
	for i := range in {
		customers[in[i].CustomerID] = true
	}
	type stored struct {
		id    int64
		value string
	}
	has := map[name]stored{}
	list, args := sqldb.In([]any{by.ClientID}, slices.Sorted(maps.Keys(customers)))
	if err := tx.Query(sqldb.Dynamic(`SELECT id, customer_id, namespace, key, value FROM metafields WHERE store_id = $1 AND client_id = $2 AND customer_id IN `+list), func(r *sqldb.Row) error {
		has[name{r.Int(1), by.ClientID, r.Text(2), r.Text(3)}] = stored{r.Int(0), r.Text(4)}
		return nil
	}, args...); err != nil {
		return nil, nil, err
	}
	var fresh []Create
	var values []Update
	var freshOf, valueOf []int
	taken := map[name]bool{}
	for i := range in {
		n := name{in[i].CustomerID, by.ClientID, in[i].Namespace, in[i].Key}
		old, there := has[n]
		switch {
		case taken[n]: // two columns of one name: the first is read
		case !there:
			fresh, freshOf = append(fresh, in[i]), append(freshOf, i)
		case overwrite && old.value != in[i].Value:
			values, valueOf = append(values, Update{ID: old.id, Value: opt.Some(in[i].Value)}), append(valueOf, i)
		}
		taken[n] = true
	}
	note := func(o Outcome, of []int) {
		for n, i := range of {
			wrong[i] = o.Failed[n]
			changed[i] = len(o.Failed[n]) == 0
		}
	}
	if len(values) > 0 {
		o, err := update(tx, by, 0, values, now)
		if err != nil {
			return nil, nil, err
		}
		note(o, valueOf)
	}
	if len(fresh) > 0 {
		o, err := CreateTx(tx, by, fresh, now)
		if err != nil {
			return nil, nil, err
		}
		note(o, freshOf)
	}
	return wrong, changed, nil
}
