package sqldb_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"clientele/internal/account"
	"clientele/internal/idempotency"
	"clientele/internal/limit"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/sso"
	"clientele/internal/system"
)

// What has ended goes, in all stores, what has not stays, and both what looks
// for it and what takes it away go by an index however many rows there are.
func TestEnded(t *testing.T) {
	const many, ended = 20_000, 1700 // more than one bite
	tables := []struct{ table, date, index, insert string }{
		{"account_sessions", "date_expires", "account_sessions_expires", `(store_id, token_hash, id, customer_id, channel_id, kind, date_created, date_seen, idle_seconds, user_agent, ip_address, date_expires) SELECT $1, $2 || i, i + LENGTH($2 || '') * 100000, 1, 1, 0, 0, 0, 0, '', '', `},
		{"account_tokens", "date_expires", "account_tokens_expires", `(store_id, token_hash, purpose, customer_id, channel_id, data, date_expires) SELECT $1, $2 || i, 'x', 0, 1, '', `},
		{"impersonations", "date_expires", "impersonations_expires", `(store_id, token_hash, id, customer_id, channel_id, reason, actor_kind, actor_id, actor_name, session_id, date_created, date_used, date_ended, how, date_expires) SELECT $1, $2 || i, i + LENGTH($2 || '') * 100000, 1, 1, '', 0, 0, '', 0, 0, 0, 1, '', `},
		{"attempt_windows", "date_start", "attempt_windows_start", `(store_id, subject, attempts, date_start) SELECT $1, $2 || i, 1, `},
		{"sign_in_failures", "date_last", "sign_in_failures_last", `(store_id, subject, failures, date_last) SELECT $1, $2 || i, 1, `},
		{"used_login_tokens", "date_used", "used_login_tokens_used", `(store_id, client_id, jti_hash, date_used) SELECT $1, 'app', $2 || i, `},
		{"idempotency_keys", "until", "idempotency_keys_until", `(store_id, key_hash, request_hash, owner, done, customer_id, answer, until) SELECT $1, $2 || i, '', 1, 1, 0, '', `},
	}
	all := slices.Concat(account.Ended(), limit.Ended(), sso.Ended(), idempotency.Ended())
	if len(all) != len(tables) {
		t.Fatalf("%d kinds of rows end, %d are tested", len(all), len(tables))
	}
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		now := system.Real().Now()
		_, id := shop(t, db, 500)
		for i, x := range tables {
			since := now - int64(all[i].Keep.Seconds())
			if err := db.Write(t.Context(), id, func(tx *sqldb.Tx) error {
				for _, part := range []struct {
					name     string
					n, first int64
				}{{"old", ended, since - many}, {"newer", many, since + 100}} {
					if err := tx.Exec(sqldb.Dynamic(fmt.Sprintf(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) INSERT INTO %s %s%d + i FROM n`, part.n, x.table, x.insert, part.first)), part.name); err != nil {
						return err
					}
				}
				_, err := tx.ExecCount(sqldb.Raw(`ANALYZE`))
				return err
			}); err != nil {
				t.Fatal(err)
			}
			for _, stmt := range []*sqldb.Stmt{all[i].Keys, all[i].Drop} {
				got := plan(t, db, id, strings.NewReplacer("$2", "'1'", "$3", "'1'").Replace(strings.ReplaceAll(stmt.SQL(), x.date+" < $", x.date+" < 0+$")))
				if strings.Contains(got, "Seq Scan") || strings.Contains(got, "SCAN "+x.table) || stmt == all[i].Keys && (!strings.Contains(got, x.index) || strings.Contains(got, "Sort")) {
					t.Errorf("%s\n%s", stmt.SQL(), got)
				}
			}
		}
		if err := db.DropEnded(t.Context(), now, all); err != nil {
			t.Fatal(err)
		}
		for _, x := range tables {
			n := map[string]int64{}
			key := "token_hash"
			switch x.table {
			case "attempt_windows", "sign_in_failures":
				key = "subject"
			case "used_login_tokens":
				key = "jti_hash"
			case "idempotency_keys":
				key = "key_hash"
			}
			if err := db.Read(t.Context(), id, func(tx *sqldb.Tx) error {
				return tx.Query(sqldb.Dynamic(`SELECT SUBSTR(`+key+`, 1, 3), COUNT(*) FROM `+x.table+` WHERE store_id = $1 GROUP BY 1`), func(r *sqldb.Row) error { n[r.Text(0)] = r.Int(1); return nil })
			}); err != nil {
				t.Fatal(err)
			}
			if n["old"] != 0 || n["new"] != many {
				t.Errorf("%s keeps %v", x.table, n)
			}
		}
	})
}
