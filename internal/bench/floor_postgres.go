package bench

import (
	"context"
	"encoding/binary"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"
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
	case "subscribers":
		rows, err = c.Query(ctx, floorSubs, int64(storeID))
	case "values":
		rows, err = c.Query(ctx, floorTiers, int64(storeID))
	case "includes":
		return c.withIncludes(ctx, b)
	case "v2":
		return c.plain(ctx, b)
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
func (f *floorPG) writer(ctx context.Context) (func([]floorPerson) error, func(), error) {
	conn, err := pgx.Connect(ctx, f.write)
	if err != nil {
		return nil, nil, err
	}
	commit := func(people []floorPerson) error {
		var b pgx.Batch
		for i := range people {
			b.Queue(floorInsertCustomer, people[i].customer...)
			b.Queue(floorInsertEmail, people[i].email...)
			b.Queue(floorInsertAddress, people[i].address...)
		}
		return conn.SendBatch(ctx, &b).Close()
	}
	return commit, func() { _ = conn.Close(context.Background()) }, nil
}
