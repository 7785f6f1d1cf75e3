package sqldb

import (
	"math/bits"
	"slices"
	"strconv"
	"strings"
)

// Rows are the statements that insert 1, 2, 4, … rows at once.
type Rows struct {
	stmts        []*Stmt
	shared, each int
	copy         string // how PostgreSQL is given many; empty: by the statements
}

// copied is from how many rows on PostgreSQL is given them by COPY, which it takes
// in half the time. For fewer the further round trip costs more.
const copied = 128

// StaticRows declares the statements that insert 1, 2, 4, … rows at once, as
// many as there are sizes. insert ends in "VALUES ", and ending is what follows
// the rows. Each row begins with the store and the first values, shared ones,
// and has each further ones of its own.
func StaticRows(insert string, shared, each, sizes int, ending string) *Rows {
	out := &Rows{stmts: make([]*Stmt, sizes), shared: shared, each: each}
	if ending == "" {
		out.copy = "COPY " + strings.TrimSuffix(strings.TrimPrefix(insert, "INSERT INTO "), " VALUES ") + " FROM STDIN"
	}
	// From the largest on, so that the buffer is made once.
	b := make([]byte, 0, len(insert)+len(ending)+(shared+each+1)*6<<(sizes-1))
	for i := sizes - 1; i >= 0; i-- {
		b = append(b[:0], insert...)
		value := func(n int) { b = strconv.AppendInt(append(b, ", $"...), int64(n), 10) }
		for row := range 1 << i {
			if row > 0 {
				b = append(b, ", "...)
			}
			b = append(b, "($1"...)
			for n := range shared {
				value(2 + n)
			}
			for n := range each {
				value(2 + shared + each*row + n)
			}
			b = append(b, ')')
		}
		out.stmts[i] = Static(string(append(b, ending...)))
		out.stmts[i].fails = ending == ""
	}
	return out
}

// Exec inserts rows, whose own values follow each other in own, with as few
// statements as there are sizes for. No rows are no error.
func (r *Rows) Exec(tx *Tx, shared, own []any) error {
	if r.many(tx, own) {
		_, err := r.copyIn(tx, shared, own)
		return err
	}
	return r.inBites(shared, own, func(s *Stmt, args []any) error { return tx.Exec(s, args...) })
}

// ExecJoined is Exec of the shared values and the rows' own in one slice, which it
// keeps. What fits one statement is not copied.
func (r *Rows) ExecJoined(tx *Tx, values []any) error {
	own := values[r.shared:]
	if n := len(own) / r.each; n > 0 && n&(n-1) == 0 && bits.Len(uint(n)) <= len(r.stmts) {
		return tx.Exec(r.stmts[bits.Len(uint(n))-1], values...)
	}
	return r.Exec(tx, values[:r.shared:r.shared], own)
}

// ExecCount is Exec that returns how many rows were inserted or changed.
func (r *Rows) ExecCount(tx *Tx, shared, own []any) (n int64, err error) {
	if r.many(tx, own) {
		return r.copyIn(tx, shared, own)
	}
	return n, r.inBites(shared, own, func(s *Stmt, args []any) error {
		some, err := tx.ExecCount(s, args...)
		n += some
		return err
	})
}

// Queries returns what inserts rows as Exec does and hands what the statements
// return to each, to be run in a pipeline.
func (r *Rows) Queries(shared, own []any, each func(*Row) error) (out []Q) {
	_ = r.inBites(shared, own, func(s *Stmt, args []any) error {
		out = append(out, Q{Stmt: s, Args: slices.Clone(args), Each: each})
		return nil
	})
	return out
}

func (r *Rows) inBites(shared, own []any, exec func(s *Stmt, args []any) error) error {
	var args []any
	for n := len(own) / r.each; n > 0; n = len(own) / r.each {
		size := min(bits.Len(uint(n)), len(r.stmts)) - 1
		values := r.each << size
		args = append(append(args[:0], shared...), own[:values]...)
		if err := exec(r.stmts[size], args); err != nil {
			return err
		}
		own = own[values:]
	}
	return nil
}

// many reports whether rows are so many that they are copied.
func (r *Rows) many(tx *Tx, own []any) bool {
	return tx.pg != nil && r.copy != "" && len(own) >= copied*r.each
}

func (r *Rows) copyIn(tx *Tx, shared, own []any) (int64, error) {
	tx.see(r.stmts[0])
	text := make([]byte, 0, len(own)*16)
	for ; len(own) > 0; own = own[r.each:] {
		text = strconv.AppendInt(text, tx.store, 10)
		for _, values := range [][]any{shared, own[:r.each]} {
			for _, v := range values {
				var err error
				if text, err = appendCopied(append(text, '\t'), v); err != nil {
					return 0, err
				}
			}
		}
		text = append(text, '\n')
	}
	return tx.pg.copyIn(r.copy, text)
}
