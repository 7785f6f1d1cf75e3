package transfer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
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

// files keeps the files of imports that a server takes: in a directory, or in the
// database where several processes may share it.
type files interface {
	// create returns what keeps the file of an import.
	create(ctx context.Context, storeID, id int64) (keeping, error)
	// open returns the file. There is none: fs.ErrNotExist.
	open(ctx context.Context, storeID, id int64) (io.ReadSeekCloser, error)
	// drop takes the file away, if it is there.
	drop(ctx context.Context, storeID, id int64) error
	// orphans returns the imports of a store whose files are older than a while.
	orphans(ctx context.Context, storeID int64) ([]int64, error)
}

// keeping is a file as it is received. What is not closed is not there.
type keeping interface {
	io.Writer
	io.Closer
}

// orphaned is how long after it came a file without an import is taken away.
const orphaned = 24 * time.Hour

func newFiles(db *sqldb.DB, sys *system.System, dir string) files {
	if db.Engine() == sqldb.Postgres {
		return &chunks{db, sys}
	}
	if dir == "" {
		dir = db.Beside("imports")
	}
	return &directory{dir, sys}
}

// directory keeps files, which nobody else may read.
type directory struct {
	dir string
	sys *system.System
}

func (d *directory) path(storeID, id int64) string {
	return filepath.Join(d.dir, fmt.Sprintf("%d-%d.import", storeID, id))
}

func (d *directory) create(_ context.Context, storeID, id int64) (keeping, error) {
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

func (d *directory) open(_ context.Context, storeID, id int64) (io.ReadSeekCloser, error) {
	return os.Open(d.path(storeID, id))
}

func (d *directory) drop(_ context.Context, storeID, id int64) error {
	if err := os.Remove(d.path(storeID, id)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (d *directory) orphans(_ context.Context, storeID int64) (out []int64, err error) {
	entries, err := os.ReadDir(d.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), ".import")
		store, rest, _ := strings.Cut(name, "-")
		id, wrong := strconv.ParseInt(rest, 10, 64)
		if info, gone := e.Info(); ok && wrong == nil && gone == nil && store == strconv.FormatInt(storeID, 10) && info.ModTime().Unix() < d.sys.Now()-int64(orphaned/time.Second) {
			out = append(out, id)
		}
	}
	return out, err
}

// chunks keeps files in the database.
type chunks struct {
	db  *sqldb.DB
	sys *system.System
}

// chunkSize is what one transaction writes.
const chunkSize = 1 << 20

var (
	insertChunk = sqldb.Static(`INSERT INTO import_chunks (store_id, import_id, n, data, date_created) VALUES ($1, $2, $3, $4, $5)`)
	selectChunk = sqldb.Static(`SELECT data FROM import_chunks WHERE store_id = $1 AND import_id = $2 AND n = $3`)
	lastChunk   = sqldb.Static(`SELECT n, LENGTH(data) FROM import_chunks WHERE store_id = $1 AND import_id = $2 ORDER BY n DESC LIMIT 1`)
	dropChunks  = sqldb.Static(`DELETE FROM import_chunks WHERE store_id = $1 AND import_id = $2 AND n >= $3 AND n < $4`)
	oldChunks   = sqldb.Static(`SELECT import_id FROM import_chunks WHERE store_id = $1 AND n = 0 AND date_created < $2 ORDER BY import_id`)
)

func (c *chunks) create(ctx context.Context, storeID, id int64) (keeping, error) {
	return &chunkWriter{c, ctx, storeID, id, 0, make([]byte, 0, chunkSize)}, nil
}

type chunkWriter struct {
	*chunks
	ctx     context.Context
	storeID int64
	id, n   int64
	buf     []byte
}

// Write implements io.Writer.
func (w *chunkWriter) Write(b []byte) (done int, err error) {
	for len(b) > 0 {
		k := min(len(b), chunkSize-len(w.buf))
		w.buf = append(w.buf, b[:k]...)
		b, done = b[k:], done+k
		if len(w.buf) == chunkSize {
			if err := w.flush(); err != nil {
				return done, err
			}
		}
	}
	return done, nil
}

func (w *chunkWriter) flush() error {
	if err := w.db.Write(w.ctx, w.storeID, func(tx *sqldb.Tx) error {
		return tx.Exec(insertChunk, w.id, w.n, w.buf, w.sys.Now())
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

func (c *chunks) open(ctx context.Context, storeID, id int64) (io.ReadSeekCloser, error) {
	r := &chunkReader{chunks: c, ctx: ctx, storeID: storeID, id: id, at: -1}
	n, size := int64(-1), int64(0)
	if err := c.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		return tx.Query(lastChunk, func(row *sqldb.Row) error { n, size = row.Int(0), row.Int(1); return nil }, id)
	}); err != nil {
		return nil, err
	}
	if n < 0 {
		return nil, fs.ErrNotExist
	}
	r.size = n*chunkSize + size
	return r, nil
}

// chunkReader reads one chunk at a time.
type chunkReader struct {
	*chunks
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
	if n := r.pos / chunkSize; n != r.at {
		found := false
		if err := r.db.Read(r.ctx, r.storeID, func(tx *sqldb.Tx) error {
			return tx.Query(selectChunk, func(row *sqldb.Row) error {
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
	k := copy(b, r.buf[r.pos%chunkSize:])
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
		return r.pos, errors.New("transfer: before the beginning")
	}
	r.pos = offset
	return offset, nil
}

// Close implements io.Closer.
func (r *chunkReader) Close() error { return nil }

// dropAtOnce is how many chunks one transaction takes away.
const dropAtOnce = 32

func (c *chunks) drop(ctx context.Context, storeID, id int64) error {
	last := int64(-1)
	if err := c.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		return tx.Query(lastChunk, func(row *sqldb.Row) error { last = row.Int(0); return nil }, id)
	}); err != nil {
		return err
	}
	// From the end: as long as there is a first one, the file is found.
	for n := last / dropAtOnce * dropAtOnce; n >= 0 && last >= 0; n -= dropAtOnce {
		if err := c.db.Write(ctx, storeID, func(tx *sqldb.Tx) error { return tx.Exec(dropChunks, id, n, n+dropAtOnce) }); err != nil {
			return err
		}
	}
	return nil
}

func (c *chunks) orphans(ctx context.Context, storeID int64) (out []int64, err error) {
	err = c.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		out = nil
		return tx.Query(oldChunks, func(row *sqldb.Row) error { out = append(out, row.Int(0)); return nil }, c.sys.Now()-int64(orphaned/time.Second))
	})
	return out, err
}

// measured counts and hashes what is written.
type measured struct {
	to   io.Writer
	hash hash.Hash
	n    int64
}

func newMeasured(to io.Writer) *measured { return &measured{to: to, hash: sha256.New()} }

// Write implements io.Writer.
func (m *measured) Write(b []byte) (int, error) {
	n, err := m.to.Write(b)
	m.hash.Write(b[:n])
	m.n += int64(n)
	return n, err
}

func (m *measured) sum() string { return hex.EncodeToString(m.hash.Sum(nil)) }
