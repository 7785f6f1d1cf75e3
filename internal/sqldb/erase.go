package sqldb

import (
	"context"
	"errors"
	"fmt"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// Erased is signalled by transactions that delete what must not be found in
// the files of the database afterwards. See Erase.
const Erased = "erased"

// ErrBusy: somebody still reads what is to be erased.
var ErrBusy = errors.New("sqldb: the database is busy")

// eraseTimeout bounds how long writers wait for those who read an old state.
const eraseTimeout = 100 * time.Millisecond

// Erase removes from SQLite's write-ahead log what was deleted: it copies the
// log to the database, where deleted content is overwritten with zeros
// (secure_delete), and cuts it off. PostgreSQL does this by itself, in its own
// time.
func (db *DB) Erase(ctx context.Context) error {
	if db.lite == nil {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return db.lite.erase()
}

// erase has a connection of its own: the writer goes on meanwhile.
func (l *lite) erase() (err error) {
	conn, err := sqlite.OpenConn(l.path, sqlite.OpenReadWrite)
	if err != nil {
		return fmt.Errorf("erase: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	conn.SetBusyTimeout(eraseTimeout)
	// Copying does not keep writers waiting; what is left to be copied under
	// their lock is little.
	for _, mode := range []string{"PASSIVE", "TRUNCATE"} {
		busy := false
		if err := sqlitex.ExecuteTransient(conn, "PRAGMA wal_checkpoint("+mode+")", &sqlitex.ExecOptions{ResultFunc: func(s *sqlite.Stmt) error {
			busy = s.ColumnInt(0) != 0
			return nil
		}}); err != nil {
			return fmt.Errorf("erase: %w", classify(err))
		}
		if busy && mode == "TRUNCATE" {
			return ErrBusy
		}
	}
	return nil
}
