package bench

import (
	"context"
	"encoding/binary"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"

	"clientele/internal/auth"
)

const floorConns = 16 // as many as the server's own pool

type floorPG struct {
	write string
	conns chan *floorPGConn
}

type floorPGConn struct {
	*pgx.Conn
	full page
}

// pgRow reads the binary format.
type pgRow struct{ raw [][]byte }

func (r *pgRow) integer(i int) int64 {
	if len(r.raw[i]) != 8 {
		return 0
	}
	return int64(binary.BigEndian.Uint64(r.raw[i]))
}

func (r *pgRow) text(i int) []byte { return r.raw[i] }

func openFloorPG(ctx context.Context, read, write string) (*floorPG, error) {
	f := &floorPG{write: write, conns: make(chan *floorPGConn, floorConns)}
	for range floorConns {
		conn, err := pgx.Connect(ctx, read)
		if err != nil {
			return nil, err
		}
		f.conns <- &floorPGConn{Conn: conn}
	}
	return f, nil
}

var floorLikePG = fmt.Sprintf(floorLike, "strpos")

func (f *floorPG) answer(b []byte, kind, arg string) ([]byte, error) {
	ctx := context.Background() // one that cannot end costs nothing to watch
	c := <-f.conns
	defer func() { f.conns <- c }()
	var rows pgx.Rows
	var err error
	switch kind {
	case "one", "after":
		id, perr := strconv.ParseInt(arg, 10, 64)
		if perr != nil {
			return b, perr
		}
		sql := floorOne
		if kind == "after" {
			sql = floorAfter
		}
		rows, err = c.Query(ctx, sql, int64(storeID), id)
	case "page":
		rows, err = c.Query(ctx, floorPage, int64(storeID))
	case "email":
		rows, err = c.Query(ctx, floorByEmail, int64(storeID), arg)
	case "like":
		rows, err = c.Query(ctx, floorLikePG, int64(storeID), arg)
	case caseSubscribers:
		rows, err = c.Query(ctx, floorSubs, int64(storeID))
	case caseValues:
		rows, err = c.Query(ctx, floorTiers, int64(storeID))
	case caseIncludes:
		return c.withIncludes(ctx, b)
	case caseV2:
		return c.plain(ctx, b)
	case "session":
		return c.each(ctx, b, func(b []byte, r row, _ int) []byte { return appendFloorVouched(b, r) }, floorSession, int64(storeID), auth.HashToken(arg))
	case "shopper":
		id, perr := strconv.ParseInt(arg, 10, 64)
		if perr != nil {
			return b, perr
		}
		return c.shopper(ctx, b, id)
	case "settings":
		text := func(b []byte, r row, _ int) []byte { return append(appendText(b, "", r.text(0)), ',') }
		if b, err = c.each(ctx, append(b, '['), text, floorSettings, int64(storeID)); err != nil {
			return b, err
		}
		b, err = c.each(ctx, b, text, floorFormFields, int64(storeID))
		return append(b, `null]`...), err
	default:
		err = fmt.Errorf("no kind %q", kind)
	}
	if err != nil {
		return b, err
	}
	defer rows.Close()
	b = append(b, dataHead...)
	one := rowOf(kind)
	var r pgRow
	for n := 0; rows.Next(); n++ {
		r.raw = rows.RawValues()
		if n > 0 {
			b = append(b, ',')
		}
		b = one(b, &r)
	}
	return append(b, `]}`...), rows.Err()
}

func (c *floorPGConn) withIncludes(ctx context.Context, b []byte) ([]byte, error) {
	p := &c.full
	p.reset()
	var r pgRow
	rows, err := c.Query(ctx, floorCredit, int64(storeID))
	if err != nil {
		return b, err
	}
	for rows.Next() {
		r.raw = rows.RawValues()
		p.customer(&r)
	}
	if rows.Close(); rows.Err() != nil {
		return b, rows.Err()
	}
	low, high := p.bounds()
	var batch pgx.Batch
	for i, sql := range floorIncludes {
		batch.Queue(sql, int64(storeID), low, high).Query(func(rows pgx.Rows) error {
			for rows.Next() {
				r.raw = rows.RawValues()
				if err := p.include(i, &r); err != nil {
					return err
				}
			}
			return rows.Err()
		})
	}
	if err := c.SendBatch(ctx, &batch).Close(); err != nil {
		return b, err
	}
	return p.write(b), nil
}

// each appends the rows of a statement.
func (c *floorPGConn) each(ctx context.Context, b []byte, one func(b []byte, r row, n int) []byte, sql string, args ...any) ([]byte, error) {
	rows, err := c.Query(ctx, sql, args...)
	if err != nil {
		return b, err
	}
	defer rows.Close()
	var r pgRow
	for n := 0; rows.Next(); n++ {
		r.raw = rows.RawValues()
		b = one(b, &r, n)
	}
	return b, rows.Err()
}

// shopper asks for a customer and their addresses in one round trip.
func (c *floorPGConn) shopper(ctx context.Context, b []byte, id int64) ([]byte, error) {
	var batch pgx.Batch
	var r pgRow
	each := func(one func(n int)) func(pgx.Rows) error {
		return func(rows pgx.Rows) error {
			for n := 0; rows.Next(); n++ {
				r.raw = rows.RawValues()
				one(n)
			}
			return rows.Err()
		}
	}
	batch.Queue(floorOne, int64(storeID), id).Query(each(func(int) { b = appendFloorShopper(b, &r) }))
	batch.Queue(floorAddress, int64(storeID), id, id).Query(each(func(n int) { b = appendFloorNode(b, &r, n) }))
	err := c.SendBatch(ctx, &batch).Close()
	return append(b, floorShopperEnd...), err
}

func (c *floorPGConn) plain(ctx context.Context, b []byte) ([]byte, error) {
	rows, err := c.Query(ctx, floorOldest, int64(storeID))
	if err != nil {
		return b, err
	}
	b = append(b, '[')
	var r pgRow
	var low, high int64
	for n := 0; rows.Next(); n++ {
		r.raw = rows.RawValues()
		if high = r.integer(0); n == 0 {
			low = high
		} else {
			b = append(b, ',')
		}
		b = appendFloorPlain(b, &r)
	}
	if rows.Close(); rows.Err() != nil {
		return b, rows.Err()
	}
	if rows, err = c.Query(ctx, floorFields, int64(storeID), low, high); err != nil {
		return b, err
	}
	defer rows.Close()
	for rows.Next() {
		r.raw = rows.RawValues()
		return b, none(&r)
	}
	return append(b, ']'), rows.Err()
}

// writer sends the inserts of a commit together: one round trip, one implicit
// transaction.
func (f *floorPG) writer(ctx context.Context, statements []string) (func([][][]any) error, func(), error) {
	conn, err := pgx.Connect(ctx, f.write)
	if err != nil {
		return nil, nil, err
	}
	commit := func(rows [][][]any) error {
		var b pgx.Batch
		for _, row := range rows {
			for i, args := range row {
				b.Queue(statements[i], args...)
			}
		}
		return conn.SendBatch(ctx, &b).Close()
	}
	return commit, func() { _ = conn.Close(context.Background()) }, nil
}
