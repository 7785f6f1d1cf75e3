package history

import (
	"crypto/sha256"

	"clientele/internal/sqldb"
)

var (
	personalOf   = sqldb.Static(`SELECT id, personal FROM history WHERE store_id = $1 AND customer_id <> 0 AND customer_id = $2 AND id > $3 ORDER BY id LIMIT $4`)
	dropPersonal = sqldb.Static(`UPDATE history SET personal = $3, digest = $4 WHERE store_id = $1 AND id = $2`)
)

// Erase takes away what up to n entries of a customer, those after an id, say of
// a person. Their digests stay, so that the rest can still be proved. It returns
// the id of the last one that it looked at, or 0 where there are no more.
func Erase(tx *sqldb.Tx, customerID, after, n int64) (last int64, err error) {
	type value struct {
		id   int64
		text []byte
	}
	var found []value
	rows := int64(0)
	if err := tx.Query(personalOf, func(r *sqldb.Row) error {
		rows++
		last = r.Int(0)
		if b := r.Bytes(1); len(b) > 0 {
			found = append(found, value{last, b})
		}
		return nil
	}, customerID, after, n); err != nil {
		return 0, err
	}
	if len(found) > 0 {
		tx.Signal(sqldb.Erased)
	}
	for _, v := range found {
		if err := forget(tx, v.id, v.text); err != nil {
			return 0, err
		}
	}
	if rows < n {
		last = 0
	}
	return last, nil
}

// forget takes away what an entry says of a person. Its digest stays.
func forget(tx *sqldb.Tx, id int64, text []byte) error {
	sum := sha256.Sum256(text)
	return tx.Exec(dropPersonal, id, none, sum[:])
}
