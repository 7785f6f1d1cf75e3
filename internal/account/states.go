package account

import (
	"context"

	"clientele/internal/limit"
	"clientele/internal/sqldb"
)

// State is what keeps a customer from signing in.
type State struct {
	Unconfirmed bool // the address is to be confirmed first
	Locked      bool // guesses at the password are not looked at for a while
}

// States returns the states of those of some customers whom something keeps from
// signing in.
func (s *Service) States(ctx context.Context, storeID int64, ids []int64) (map[int64]State, error) {
	out := map[int64]State{}
	if len(ids) == 0 {
		return out, nil
	}
	asked := make(map[int64]bool, len(ids))
	for _, id := range ids {
		asked[id] = true
	}
	err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		clear(out)
		in, args := sqldb.In(nil, ids)
		if err := tx.Query(sqldb.Dynamic(`SELECT customer_id FROM unconfirmed_customers WHERE store_id = $1 AND customer_id IN `+in), func(r *sqldb.Row) error {
			out[r.Int(0)] = State{Unconfirmed: true}
			return nil
		}, args...); err != nil {
			return err
		}
		holds, err := limit.Holds(tx, s.sys.Now())
		for _, h := range holds {
			if h.Action == limit.Guessing && asked[h.CustomerID] {
				st := out[h.CustomerID]
				st.Locked = true
				out[h.CustomerID] = st
			}
		}
		return err
	})
	return out, err
}
