package subscriber

import (
	"clientele/internal/email"
	"clientele/internal/rekey"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

// Rekey is how the keys of subscribers' addresses are made anew.
var Rekey = rekey.List{
	Name: "subscribers",
	Next: sqldb.Static(`SELECT id, email FROM subscribers WHERE store_id = $1 AND id > $2 ORDER BY id LIMIT $3`),
	Two:  sqldb.Static(`SELECT email FROM subscribers WHERE store_id = $1 AND id IN ($2, $3)`),
	Move: moveKeys,
}

var moveKey = sqldb.Static(`UPDATE subscribers SET email_norm = $3 WHERE store_id = $1 AND id = $2`)

func moveKeys(tx *sqldb.Tx, ids []int64) (map[int64]int64, error) {
	list, args := sqldb.In(nil, ids)
	var subs []Subscriber
	if err := tx.Query(sqldb.Dynamic(`SELECT `+columns+` FROM subscribers WHERE store_id = $1 AND id IN `+list+` ORDER BY id`+tx.ForUpdate()), func(r *sqldb.Row) error {
		subs = append(subs, Subscriber{})
		subs[len(subs)-1].scan(r)
		return nil
	}, args...); err != nil || len(subs) == 0 {
		return nil, err
	}
	var counters store.Counters
	if err := tx.Pipeline(store.Advance{}.Query(tx, &counters)); err != nil {
		return nil, err
	}
	clashes := map[int64]int64{}
	for i := range subs {
		s := &subs[i]
		key := email.Key(s.Email)
		other := int64(0)
		if err := tx.Query(byEmail, func(r *sqldb.Row) error { other = r.Int(0); return nil }, key, s.ChannelID); err != nil {
			return nil, err
		}
		if other == 0 {
			if err := tx.Exec(moveKey, s.ID, key); err != nil {
				return nil, err
			}
		} else if other != s.ID {
			clashes[s.ID] = other
		}
	}
	return clashes, nil
}
