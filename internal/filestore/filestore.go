// Package filestore keeps files that a server needs for a while, such as those of
// imports and exports: in a directory or, where several processes may share them, in
// the database.
package filestore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"clientele/internal/sqldb"
	"clientele/internal/system"
)

// Store keeps files of one kind, which are known by a store and a number.
type Store interface {
	// Create returns what keeps a file. What is not closed is not there.
	Create(ctx context.Context, storeID, id int64) (io.WriteCloser, error)
	// Open returns a file. There is none: fs.ErrNotExist.
	Open(ctx context.Context, storeID, id int64) (io.ReadSeekCloser, error)
	// Drop takes a file away, if it is there.
	Drop(ctx context.Context, storeID, id int64) error
	// Orphans returns the numbers of a store's files that are older than a day.
	Orphans(ctx context.Context, storeID int64) ([]int64, error)
}

// orphaned is how long after it came a file that nobody knows of is taken away.
const orphaned = 24 * time.Hour

// New returns a store of a kind, which files in a directory have behind a period: in
// the directory, empty for one beside the database, or in a table of PostgreSQL.
func New(db *sqldb.DB, sys *system.System, dir, kind string, in *Chunks) Store {
	if db.Engine() == sqldb.Postgres {
		return &inDatabase{in, db, sys}
	}
	if dir == "" {
		dir = db.Beside(kind + "s")
	}
	return &directory{dir, kind, sys}
}

// directory keeps files, which nobody else may read.
type directory struct {
	dir, kind string
	sys       *system.System
}

func (d *directory) path(storeID, id int64) string {
	return filepath.Join(d.dir, fmt.Sprintf("%d-%d.%s", storeID, id, d.kind))
}

func (d *directory) Create(_ context.Context, storeID, id int64) (io.WriteCloser, error) {
	if err := os.MkdirAll(d.dir, 0o700); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(d.path(storeID, id), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	return synced{f}, nil
}

// synced is a file that is on disk when it is closed.
type synced struct{ *os.File }

// Close implements io.Closer.
func (f synced) Close() error { return errors.Join(f.Sync(), f.File.Close()) }

func (d *directory) Open(_ context.Context, storeID, id int64) (io.ReadSeekCloser, error) {
	return os.Open(d.path(storeID, id))
}

func (d *directory) Drop(_ context.Context, storeID, id int64) error {
	if err := os.Remove(d.path(storeID, id)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (d *directory) Orphans(_ context.Context, storeID int64) (out []int64, err error) {
	entries, err := os.ReadDir(d.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), "."+d.kind)
		store, rest, _ := strings.Cut(name, "-")
		id, wrong := strconv.ParseInt(rest, 10, 64)
		if info, gone := e.Info(); ok && wrong == nil && gone == nil && store == strconv.FormatInt(storeID, 10) && info.ModTime().Unix() < d.sys.Now()-int64(orphaned/time.Second) {
			out = append(out, id)
		}
	}
	return out, err
}

// inDatabase keeps files in a table.
type inDatabase struct {
	*Chunks
	db  *sqldb.DB
	sys *system.System
}

// ChunkSize is what one transaction writes.
const ChunkSize = 1 << 20

// Chunks are the statements about a table that has files in pieces.
type Chunks struct{ insert, selectOne, last, drop, old *sqldb.Stmt }

// ChunksIn declares the statements about a table whose columns are store_id, id, n,
// data and date_created, where id is called as is given.
func ChunksIn(table, id string) *Chunks {
	return &Chunks{
		insert:    sqldb.Static(`INSERT INTO ` + table + ` (store_id, ` + id + `, n, data, date_created) VALUES ($1, $2, $3, $4, $5)`),
		selectOne: sqldb.Static(`SELECT data FROM ` + table + ` WHERE store_id = $1 AND ` + id + ` = $2 AND n = $3`),
		last:      sqldb.Static(`SELECT n, LENGTH(data) FROM ` + table + ` WHERE store_id = $1 AND ` + id + ` = $2 ORDER BY n DESC LIMIT 1`),
		drop:      sqldb.Static(`DELETE FROM ` + table + ` WHERE store_id = $1 AND ` + id + ` = $2 AND n >= $3 AND n < $4`),
		old:       sqldb.Static(`SELECT ` + id + ` FROM ` + table + ` WHERE store_id = $1 AND n = 0 AND date_created < $2 ORDER BY ` + id),
	}
}

func (c *inDatabase) Create(ctx context.Context, storeID, id int64) (io.WriteCloser, error) {
	return &chunkWriter{c, ctx, storeID, id, 0, make([]byte, 0, ChunkSize)}, nil
}

type chunkWriter struct {
	*inDatabase
	ctx     context.Context
	storeID int64
	id, n   int64
	buf     []byte
}

// Write implements io.Writer.
func (w *chunkWriter) Write(b []byte) (done int, err error) {
	for len(b) > 0 {
		k := min(len(b), ChunkSize-len(w.buf))
		w.buf = append(w.buf, b[:k]...)
		b, done = b[k:], done+k
		if len(w.buf) == ChunkSize {
			if err := w.flush(); err != nil {
				return done, err
			}
		}
	}
	return done, nil
}

func (w *chunkWriter) flush() error {
	if err := w.db.Write(w.ctx, w.storeID, func(tx *sqldb.Tx) error {
		return tx.Exec(w.insert, w.id, w.n, w.buf, w.sys.Now())
	}); err != nil {
		return err
	}
	w.n++
	w.buf = w.buf[:0]
	return nil
}

// Close implements io.Closer. An empty file has a chunk, too.
func (w *chunkWriter) Close() error {
	if len(w.buf) > 0 || w.n == 0 {
		return w.flush()
	}
	return nil
}

func (c *inDatabase) Open(ctx context.Context, storeID, id int64) (io.ReadSeekCloser, error) {
	r := &chunkReader{inDatabase: c, ctx: ctx, storeID: storeID, id: id, at: -1}
	n, size := int64(-1), int64(0)
	if err := c.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		return tx.Query(c.last, func(row *sqldb.Row) error { n, size = row.Int(0), row.Int(1); return nil }, id)
	}); err != nil {
		return nil, err
	}
	if n < 0 {
		return nil, fs.ErrNotExist
	}
	r.size = n*ChunkSize + size
	return r, nil
}

// chunkReader reads one chunk at a time.
type chunkReader struct {
	*inDatabase
	ctx               context.Context
	storeID, id, size int64
	pos               int64
	at                int64 // which chunk is in buf; -1: none
	buf               []byte
}

// Read implements io.Reader.
func (r *chunkReader) Read(b []byte) (int, error) {
	if r.pos >= r.size {
		return 0, io.EOF
	}
	if n := r.pos / ChunkSize; n != r.at {
		found := false
		if err := r.db.Read(r.ctx, r.storeID, func(tx *sqldb.Tx) error {
			return tx.Query(r.selectOne, func(row *sqldb.Row) error {
				found, r.buf = true, append(r.buf[:0], row.Bytes(0)...)
				return nil
			}, r.id, n)
		}); err != nil {
			return 0, err
		}
		if !found {
			return 0, fs.ErrNotExist
		}
		r.at = n
	}
	k := copy(b, r.buf[r.pos%ChunkSize:])
	r.pos += int64(k)
	return k, nil
}

// Seek implements io.Seeker.
func (r *chunkReader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += r.pos
	case io.SeekEnd:
		offset += r.size
	}
	if offset < 0 {
		return r.pos, errors.New("filestore: before the beginning")
	}
	r.pos = offset
	return offset, nil
}

// Close implements io.Closer.
func (r *chunkReader) Close() error { return nil }

// dropAtOnce is how many chunks one transaction takes away.
const dropAtOnce = 32

func (c *inDatabase) Drop(ctx context.Context, storeID, id int64) error {
	last := int64(-1)
	if err := c.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		return tx.Query(c.last, func(row *sqldb.Row) error { last = row.Int(0); return nil }, id)
	}); err != nil {
		return err
	}
	// From the end: as long as there is a first one, the file is found.
	for n := last / dropAtOnce * dropAtOnce; n >= 0 && last >= 0; n -= dropAtOnce {
		if err := c.db.Write(ctx, storeID, func(tx *sqldb.Tx) error { return tx.Exec(c.drop, id, n, n+dropAtOnce) }); err != nil {
			return err
		}
	}
	return nil
}

func (c *inDatabase) Orphans(ctx context.Context, storeID int64) (out []int64, err error) {
	err = c.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		out = nil
		return tx.Query(c.old, func(row *sqldb.Row) error { out = append(out, row.Int(0)); return nil }, c.sys.Now()-int64(orphaned/time.Second))
	})
	return out, err
}
