package sqldb

// Counting returns the query that has n be the one number that a statement
// returns.
func Counting(s *Stmt, n *int64, args ...any) Q {
	*n = 0
	return Q{Stmt: s, Args: args, Each: func(r *Row) error { *n = r.Int(0); return nil }}
}
