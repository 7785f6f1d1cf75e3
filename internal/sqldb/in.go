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

// Among returns a query that notes which of some ids a statement finds, by its
// first column. It ends in "IN " and takes the ids, and then the rest, such as a
// lock. There must be an id.
func Among(stmt string, ids []int64, rest string, found map[int64]bool) Q {
	in, args := In(nil, ids)
	return Q{Stmt: Dynamic(stmt + in + rest), Args: args, Each: func(r *Row) error { found[r.Int(0)] = true; return nil }}
}
