package listing

import (
	"strconv"
	"strings"

	"clientele/internal/sqldb"
)

// Keyed is a window of a table's rows in an order that may be another than
// that of their ids. Neighbours are named by their ids all the same.
type Keyed struct {
	Table, Columns string
	// Where follows the condition on the store and begins with AND, or is empty.
	Where string
	Args  []any // of Where: $2 and on
	// Key is the columns that order the rows, of which the last is the id.
	Key    string
	Down   bool // the highest first
	Window Window
}

// Windowed reads the rows of a window, together with other queries, and tells
// whether there are more before and after them.
func Windowed[T any](tx *sqldb.Tx, k Keyed, scan func(*T, *sqldb.Row), others ...sqldb.Q) (rows []T, before, after bool, err error) {
	each := func(r *sqldb.Row) error {
		rows = append(rows, *new(T))
		scan(&rows[len(rows)-1], r)
		return nil
	}
	if err := tx.Pipeline(append(k.queries(each, &before, &after), others...)...); err != nil {
		return nil, false, false, err
	}
	rows, less, more := Cut(k.Window, rows)
	return rows, before || less, after || more, nil
}

// queries returns the queries for the rows, to be run in a pipeline: each is
// called for the rows that Cut then makes the window's entries of, and before
// and after are set if neighbours that the window names are in the list, or rows
// beyond them.
func (k Keyed) queries(each func(*sqldb.Row) error, before, after *bool) []sqldb.Q {
	from := ` FROM ` + k.Table + ` WHERE store_id = $1` + k.Where
	n := len(k.Args)
	bound := k.Args[:n:n]
	// compare is a condition on the neighbour whose id the next placeholder is.
	compare := func(op string, n int) string {
		id := "$" + strconv.Itoa(n+2)
		if k.Key == "id" {
			return ` AND id ` + op + ` ` + id
		}
		return ` AND (` + k.Key + `) ` + op + ` (SELECT ` + k.Key + ` FROM ` + k.Table + ` WHERE store_id = $1 AND id = ` + id + `)`
	}
	ahead, behind := ">", "<"
	if k.Down {
		ahead, behind = behind, ahead
	}
	inside, args := from, bound
	var qs []sqldb.Q
	for _, edge := range []struct {
		id           int64
		beyond, this string
		found        *bool
	}{{k.Window.After, behind, ahead, before}, {k.Window.Before, ahead, behind, after}} {
		if edge.id == 0 {
			continue
		}
		inside += compare(edge.this, len(args))
		args = append(args[:len(args):len(args)], edge.id)
		qs = append(qs, sqldb.Q{
			Stmt: sqldb.Dynamic(`SELECT id` + from + compare(edge.beyond+"=", n) + ` LIMIT 1`),
			Args: append(bound, edge.id),
			Each: func(*sqldb.Row) error { *edge.found = true; return nil },
		})
	}
	_, _, rows, backward := k.Window.Bounds()
	order := k.Key
	if k.Down != backward {
		order = strings.ReplaceAll(order, ",", " DESC,") + " DESC"
	}
	return append(qs, sqldb.Q{
		Stmt: sqldb.Dynamic(`SELECT ` + k.Columns + inside + ` ORDER BY ` + order + ` LIMIT $` + strconv.Itoa(len(args)+2)),
		Args: append(args[:len(args):len(args)], rows),
		Each: each,
	})
}
