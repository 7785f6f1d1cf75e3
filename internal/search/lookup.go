package search

import (
	"math/bits"
	"strconv"

	"clientele/internal/sqldb"
)

// maxLookups is how many keys one statement looks up.
const maxLookups = 64

// lookups returns the queries for the rows with given keys: stmt ends in "= "
// and takes a key. Each key is looked up by itself. In a list of keys PostgreSQL
// might take them for what all rows of a store are to be compared with, as long
// as it takes the table for a small one.
func lookups[T any](stmt string, keys []T, each func(*sqldb.Row) error) []sqldb.Q {
	var out []sqldb.Q
	for len(keys) > 0 {
		n := 1 << min(bits.Len(uint(len(keys)))-1, bits.Len(uint(maxLookups))-1)
		text := make([]byte, 0, n*(len(stmt)+16))
		args := make([]any, n)
		for i, k := range keys[:n] {
			if i > 0 {
				text = append(text, " UNION ALL "...)
			}
			text = strconv.AppendInt(append(append(text, stmt...), '$'), int64(i+2), 10)
			args[i] = k
		}
		out = append(out, sqldb.Q{Stmt: sqldb.DynamicText(text), Args: args, Each: each})
		keys = keys[n:]
	}
	return out
}
