package transfer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"

	"clientele/internal/filestore"
	"clientele/internal/sqldb"
	"clientele/internal/system"
)

// files keeps the files of imports that a server takes.
type files struct{ filestore.Store }

var chunksOfImports = filestore.ChunksIn("import_chunks", "import_id")

func newFiles(db *sqldb.DB, sys *system.System, dir string) files {
	return files{filestore.New(db, sys, dir, "import", chunksOfImports)}
}

func (f files) create(ctx context.Context, storeID, id int64) (io.WriteCloser, error) {
	return f.Create(ctx, storeID, id)
}

func (f files) open(ctx context.Context, storeID, id int64) (io.ReadSeekCloser, error) {
	return f.Open(ctx, storeID, id)
}

func (f files) drop(ctx context.Context, storeID, id int64) error { return f.Drop(ctx, storeID, id) }

func (f files) orphans(ctx context.Context, storeID int64) ([]int64, error) {
	return f.Orphans(ctx, storeID)
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
