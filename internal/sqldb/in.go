package sqldb

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// In returns "(…)" with a placeholder for each value, and args with the values
// added: args are those of the statement so far, $2 and on. The list is padded
// to a power of two by repeating the last value, so that few statement texts
// arise. There must be a value.
func In[T any](args []any, values []T) (string, []any) {
	size := 1
	for size < len(values) {
		size *= 2
	}
	var b strings.Builder
	b.WriteByte('(')
	for i := range size {
		if i > 0 {
			b.WriteByte(',')
		}
		args = append(args, values[min(i, len(values)-1)])
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(len(args) + 1))
	}
	b.WriteByte(')')
	return b.String(), args
}

// Within is In that returns the condition that a column is one of some ids. It
// has their bounds before the list: PostgreSQL takes any list for a large part of
// a table that it has not analysed yet, and reads the table whole, but follows an
// index between bounds.
func Within(args []any, ids []int64) (of func(column string) string, _ []any) {
	n := len(args) + 2
	in, args := In(append(args, slices.Min(ids), slices.Max(ids)), ids)
	return func(column string) string {
		return fmt.Sprintf(`%s BETWEEN $%d AND $%d AND %s IN %s`, column, n, n+1, column, in)
	}, args
}

// listedKeys is how many keys ByKeys looks for by one statement.
const listedKeys = 32

// ByKeys returns the queries for the rows with any of some keys: one with a list of
// them, made by list, or, for many, one for each by a statement that takes the key.
// PostgreSQL takes a list for a large part of a table that it has not analysed yet, and
// compares each row of the store with each key; a single key it follows by the index.
func ByKeys[T any](one *Stmt, list func(in string) string, keys []T, each func(r *Row) error) []Q {
	if len(keys) <= listedKeys {
		in, args := In(nil, keys)
		return []Q{{Stmt: Dynamic(list(in)), Args: args, Each: each}}
	}
	qs := make([]Q, len(keys))
	for i, k := range keys {
		qs[i] = Q{Stmt: one, Args: []any{k}, Each: each}
	}
	return qs
}

// Among returns a query that notes which of some ids a statement finds, by its
// first column. It ends in "IN " and takes the ids, and then the rest, such as a
// lock. There must be an id.
func Among(stmt string, ids []int64, rest string, found map[int64]bool) Q {
	in, args := In(nil, ids)
	return Q{Stmt: Dynamic(stmt + in + rest), Args: args, Each: func(r *Row) error { found[r.Int(0)] = true; return nil }}
}
