package bench

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"clientele/internal/auth"
	"clientele/internal/sqldb"
	"clientele/internal/system"
)

// Sessions by the hundred thousand, every second of which has ended: signing in
// is not to depend on them, nor on that they are cleared away meanwhile.

// sessionsAtOnce is how many rows are made by one statement.
const sessionsAtOnce = 500

// sessions measures sign-ins by login tokens among few sessions and among many.
func (b *bencher) sessions(ctx context.Context, k *Case, d data) (_ *VersusRow, err error) {
	few, end, err := b.opened(ctx, d, "few")
	if err != nil {
		return nil, err
	}
	defer end(&err)
	dsn, drop, err := copyOf(ctx, d, "many")
	if err != nil {
		return nil, err
	}
	defer drop(&err)
	b.say("making %s", quantity(b.Sessions, "sessions"))
	if err := fillSessions(ctx, dsn, b.Sessions, b.Customers); err != nil {
		return nil, err
	}
	many, err := b.serve(ctx, dsn)
	if err != nil {
		return nil, err
	}
	defer many.stop()
	if err := cleared(ctx, dsn, b.Sessions); err != nil {
		return nil, err
	}
	rows, err := b.versus(ctx, []string{caseLogin}, quantity(b.Sessions, "sessions"), "none", 0.8, b.side(many), b.side(few))
	if err != nil {
		return nil, err
	}
	return rows[0], nil
}

// clearedWithin is how long a server may take to begin with what has ended.
const clearedWithin = 2 * time.Minute

var countEnded = sqldb.Dynamic(`SELECT COUNT(*) FROM account_sessions WHERE store_id = $1 AND date_expires < $2`)

// cleared waits until a server has begun to clear sessions away that have ended.
func cleared(ctx context.Context, dsn string, n int64) error {
	return withDB(ctx, dsn, sqldb.Options{}, func(db *sqldb.DB) error {
		for began := time.Now(); time.Since(began) < clearedWithin; {
			left := int64(0)
			if err := db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
				return tx.Query(countEnded, func(r *sqldb.Row) error { left = r.Int(0); return nil }, system.Real().Now())
			}); err != nil {
				return err
			}
			if left < n/2 {
				return nil
			}
			if err := wait(ctx, 100*time.Millisecond); err != nil {
				return err
			}
		}
		return errors.New("sessions that have ended are not cleared away")
	})
}

// fillSessions gives customers sessions, every second of which has ended.
func fillSessions(ctx context.Context, dsn string, n, customers int64) error {
	now := system.Real().Now()
	run, end, err := writerOf(ctx, dsn)
	if err != nil {
		return err
	}
	defer end()
	for done := int64(0); done < n; done += sessionsAtOnce {
		var sql strings.Builder
		sql.WriteString(`INSERT INTO account_sessions (store_id, token_hash, id, customer_id, channel_id, kind, date_created, date_seen, date_expires, idle_seconds, user_agent, ip_address) VALUES `)
		for i := range min(sessionsAtOnce, n-done) {
			if i > 0 {
				sql.WriteByte(',')
			}
			expires := now + 86_400
			if i%2 == 0 {
				expires = now - 86_400 + done%3600
			}
			hash := auth.HashToken(fmt.Sprintf("session %d", done+i))
			fmt.Fprintf(&sql, `(%d, '%s', %d, %d, 1, 0, %[5]d, %[5]d, %[6]d, 0, '', '127.0.0.1')`, storeID, hash, 1+done+i, 1+(done+i)%customers, now-172_800, expires)
		}
		if err := run(sql.String()); err != nil {
			return fmt.Errorf("make sessions: %w", err)
		}
	}
	return run("ANALYZE account_sessions")
}

// writerOf returns what runs statements on a database, in as few transactions as
// the engine's client needs.
func writerOf(ctx context.Context, dsn string) (run func(sql string) error, end func(), err error) {
	if file, ok := strings.CutPrefix(dsn, "sqlite:"); ok {
		conn, err := sqlite.OpenConn(file, sqlite.OpenReadWrite)
		if err != nil {
			return nil, nil, err
		}
		if err := sqlitex.ExecuteTransient(conn, "PRAGMA synchronous=OFF", nil); err != nil {
			conn.Close()
			return nil, nil, err
		}
		return func(sql string) error {
			if strings.HasPrefix(sql, "ANALYZE") {
				return nil // the program has told the planner what it needs
			}
			return sqlitex.ExecuteTransient(conn, sql, nil)
		}, func() { conn.Close() }, nil
	}
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return nil, nil, err
	}
	return func(sql string) error { _, err := conn.Exec(ctx, sql); return err }, func() { _ = conn.Close(context.WithoutCancel(ctx)) }, nil
}
