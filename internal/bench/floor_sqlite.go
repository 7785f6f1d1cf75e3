package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strconv"
	"strings"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"clientele/internal/auth"
)

type floorLite struct {
	write   string
	readers chan *floorReader
}

// floorReader is a connection with its statements prepared.
type floorReader struct {
	row   liteRow
	one   *sqlite.Stmt
	page  *sqlite.Stmt
	after *sqlite.Stmt
	email *sqlite.Stmt
	like  *sqlite.Stmt
	subs  *sqlite.Stmt
	tiers *sqlite.Stmt

	session  *sqlite.Stmt
	settings *sqlite.Stmt
	fields   *sqlite.Stmt
	oldest   *sqlite.Stmt
	credit   *sqlite.Stmt
	includes [len(floorIncludes)]*sqlite.Stmt
	full     page
}

// liteRow reads text into a buffer that is used again.
type liteRow struct {
	stmt *sqlite.Stmt
	buf  []byte
}

func (r *liteRow) integer(i int) int64 { return r.stmt.ColumnInt64(i) }

func (r *liteRow) text(i int) []byte {
	n := r.stmt.ColumnBytes(i, r.buf)
	if n == len(r.buf) {
		if whole := r.stmt.ColumnLen(i); whole > n {
			r.buf = make([]byte, 2*whole)
			n = r.stmt.ColumnBytes(i, r.buf)
		}
	}
	return r.buf[:n]
}

// openLiteFile opens a connection with the settings of the server's own.
func openLiteFile(dsn string, pragmas ...string) (*sqlite.Conn, error) {
	conn, err := sqlite.OpenConn(strings.TrimPrefix(dsn, "sqlite:"), sqlite.OpenReadWrite)
	if err != nil {
		return nil, err
	}
	pragmas = append([]string{"journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "temp_store=MEMORY", "cache_size=-8192", "wal_autocheckpoint=2000"}, pragmas...)
	for _, p := range pragmas {
		if err := sqlitex.ExecuteTransient(conn, "PRAGMA "+p, nil); err != nil {
			conn.Close()
			return nil, fmt.Errorf("%s: %w", p, err)
		}
	}
	return conn, nil
}

func liteSQL(sql string) string { return strings.ReplaceAll(sql, "$", "?") }

func openFloorLite(read, write string) (*floorLite, error) {
	n := runtime.GOMAXPROCS(0)
	f := &floorLite{write: write, readers: make(chan *floorReader, n)}
	for range n {
		conn, err := openLiteFile(read, "query_only=ON")
		if err != nil {
			return nil, err
		}
		conn.SetBusyTimeout(10 * time.Second)
		r := &floorReader{row: liteRow{buf: make([]byte, 512)}}
		for _, s := range []struct {
			to  **sqlite.Stmt
			sql string
		}{
			{&r.one, floorOne}, {&r.page, floorPage}, {&r.after, floorAfter}, {&r.email, floorByEmail}, {&r.like, fmt.Sprintf(floorLike, "instr")}, {&r.credit, floorCredit},
			{&r.subs, floorSubs}, {&r.tiers, floorTiers}, {&r.oldest, floorOldest},
			{&r.session, floorSession}, {&r.settings, floorSettings}, {&r.fields, floorFormFields},
			{&r.includes[0], floorIncludes[0]}, {&r.includes[1], floorIncludes[1]},
			{&r.includes[2], floorIncludes[2]}, {&r.includes[3], floorIncludes[3]},
		} {
			if *s.to, err = conn.Prepare(liteSQL(s.sql)); err != nil {
				return nil, fmt.Errorf("%w: %s", err, s.sql)
			}
			(*s.to).BindInt64(1, storeID)
		}
		f.readers <- r
	}
	return f, nil
}

func (f *floorLite) answer(b []byte, kind, arg string) ([]byte, error) {
	r := <-f.readers
	defer func() { f.readers <- r }()
	var stmt *sqlite.Stmt
	switch kind {
	case "one", "after":
		id, err := strconv.ParseInt(arg, 10, 64)
		if err != nil {
			return b, err
		}
		stmt = r.one
		if kind == "after" {
			stmt = r.after
		}
		stmt.BindInt64(2, id)
	case "page":
		stmt = r.page
	case "email":
		stmt = r.email
		stmt.BindText(2, arg)
	case "like":
		stmt = r.like
		stmt.BindText(2, arg)
	case caseSubscribers:
		stmt = r.subs
	case caseValues:
		stmt = r.tiers
	case caseIncludes:
		return r.withIncludes(b)
	case caseV2:
		return r.plain(b)
	case "session":
		r.session.BindText(2, auth.HashToken(arg))
		return b, r.each(r.session, func() { b = appendFloorVouched(b, &r.row) })
	case "shopper":
		id, err := strconv.ParseInt(arg, 10, 64)
		if err != nil {
			return b, err
		}
		r.one.BindInt64(2, id)
		if err := r.each(r.one, func() { b = appendFloorShopper(b, &r.row) }); err != nil {
			return b, err
		}
		addresses := r.includes[0]
		addresses.BindInt64(2, id)
		addresses.BindInt64(3, id)
		n := 0
		err = r.each(addresses, func() { b = appendFloorNode(b, &r.row, n); n++ })
		return append(b, floorShopperEnd...), err
	case "settings":
		b = append(b, '[')
		add := func() { b = append(appendText(b, "", r.row.text(0)), ',') }
		err := errors.Join(r.each(r.settings, add), r.each(r.fields, add))
		return append(b, `null]`...), err
	default:
		return b, fmt.Errorf("no kind %q", kind)
	}
	r.row.stmt = stmt
	one := rowOf(kind)
	b = append(b, dataHead...)
	for n := 0; ; n++ {
		more, err := stmt.Step()
		if err != nil {
			return b, err
		}
		if !more {
			return append(b, `]}`...), stmt.Reset()
		}
		if n > 0 {
			b = append(b, ',')
		}
		b = one(b, &r.row)
	}
}

func (r *floorReader) each(stmt *sqlite.Stmt, fn func()) error {
	r.row.stmt = stmt
	for {
		more, err := stmt.Step()
		if err != nil {
			return err
		}
		if !more {
			return stmt.Reset()
		}
		fn()
	}
}

func (r *floorReader) withIncludes(b []byte) ([]byte, error) {
	p := &r.full
	p.reset()
	if err := r.each(r.credit, func() { p.customer(&r.row) }); err != nil {
		return b, err
	}
	for i, stmt := range r.includes {
		low, high := p.bounds()
		stmt.BindInt64(2, low)
		stmt.BindInt64(3, high)
		var odd error
		err := r.each(stmt, func() {
			if err := p.include(i, &r.row); err != nil {
				odd = err
			}
		})
		if err := errors.Join(err, odd); err != nil {
			return b, err
		}
	}
	return p.write(b), nil
}

func (r *floorReader) plain(b []byte) ([]byte, error) {
	b = append(b, '[')
	var low, high int64
	err := r.each(r.oldest, func() {
		if high = r.row.integer(0); low == 0 {
			low = high
		} else {
			b = append(b, ',')
		}
		b = appendFloorPlain(b, &r.row)
	})
	if err != nil {
		return b, err
	}
	fields := r.includes[2]
	fields.BindInt64(2, low)
	fields.BindInt64(3, high)
	var odd error
	err = r.each(fields, func() { odd = none(&r.row) })
	return append(b, ']'), errors.Join(err, odd)
}

// writer's connections wait for each other by trying again soon, which serves
// short transactions better than SQLite's own growing pauses.
func (f *floorLite) writer(ctx context.Context, statements []string) (func([][][]any) error, func(), error) {
	conn, err := openLiteFile(f.write)
	if err != nil {
		return nil, nil, err
	}
	conn.SetBusyTimeout(0)
	stmts := make([]*sqlite.Stmt, 2+len(statements))
	for i, sql := range append([]string{"BEGIN IMMEDIATE", "COMMIT"}, statements...) {
		if stmts[i], err = conn.Prepare(liteSQL(sql)); err != nil {
			conn.Close()
			return nil, nil, err
		}
	}
	run := func(stmt *sqlite.Stmt, args []any) error {
		for i, a := range args {
			switch v := a.(type) {
			case int64:
				stmt.BindInt64(1+i, v)
			case string:
				stmt.BindText(1+i, v)
			}
		}
		if _, err := stmt.Step(); err != nil {
			return err
		}
		return stmt.Reset()
	}
	patiently := func(stmt *sqlite.Stmt) error {
		for {
			err := run(stmt, nil)
			if sqlite.ErrCode(err).ToPrimary() != sqlite.ResultBusy {
				return err
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
			_ = stmt.Reset() // it repeats the error of Step
			time.Sleep(time.Duration(rand.Int64N(int64(500 * time.Microsecond))))
		}
	}
	commit := func(rows [][][]any) error {
		if err := patiently(stmts[0]); err != nil {
			return err
		}
		for _, row := range rows {
			for j, args := range row {
				if err := run(stmts[2+j], args); err != nil {
					return err
				}
			}
		}
		return patiently(stmts[1])
	}
	return commit, func() { _ = conn.Close() }, nil
}
