package person

import (
	"clientele/internal/history"
	"clientele/internal/sqldb"
)

// entry returns the entry of the history of what is done with a person's data. It
// names the person by the hash of their address alone, so it outlives an erasure.
func entry(tx *sqldb.Tx, a history.Action, r history.Resource, id int64, hash string, rows int64, reason string) history.Entry {
	from := history.OfTx(tx)
	from.Reason = reason
	e := history.Entry{Action: a, Resource: r, ID: id, From: &from}
	e.Add(false, history.FieldHash, "", history.Text(hash))
	if a != history.Created {
		e.Add(false, history.FieldCount, "", history.Int(rows))
	}
	return e
}

// rows returns how many rows there are of all tables.
func rows(counts []Count) (n int64) {
	for _, c := range counts {
		n += c.Rows
	}
	return n
}
