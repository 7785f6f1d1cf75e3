package sqldb_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"clientele/internal/account"
	_ "clientele/internal/auth"
	"clientele/internal/idempotency"
	"clientele/internal/jobs"
	"clientele/internal/limit"
	"clientele/internal/mail"
	"clientele/internal/merge"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/sso"
	"clientele/internal/staff"
	"clientele/internal/system"
	_ "clientele/internal/webhook"
)

// Rows of a kind that ends, as they are made: $2 is what they are told by, i their
// number from 1 on, id a number that no other row has, and the date follows.
type ending struct {
	table, date, index, insert string
	mark                       string // the column that has $2 and i
	is                         string // what is counted of the table; empty: all
}

const emailColumns = `(store_id, id, recipient, channel_id, kind, recipient_name, recipient_norm, customer_id, site_url, message_id, `

var endings = []ending{
	{"account_sessions", "date_expires", "account_sessions_expires", `(store_id, token_hash, id, customer_id, channel_id, kind, date_created, date_seen, idle_seconds, user_agent, ip_address, date_expires) SELECT $1, $2 || i, {id}, 1, 1, 0, 0, 0, 0, '', '', `, "token_hash", ""},
	{"account_tokens", "date_expires", "account_tokens_expires", `(store_id, token_hash, purpose, customer_id, channel_id, data, date_expires) SELECT $1, $2 || i, 'x', 0, 1, '', `, "token_hash", ""},
	{"impersonations", "date_expires", "impersonations_expires", `(store_id, token_hash, id, customer_id, channel_id, reason, actor_kind, actor_id, actor_name, session_id, date_created, date_used, date_ended, how, date_expires) SELECT $1, $2 || i, {id}, 1, 1, '', 0, 0, '', 0, 0, 0, 1, '', `, "token_hash", ""},
	{"attempt_windows", "date_start", "attempt_windows_start", `(store_id, subject, attempts, date_start) SELECT $1, $2 || i, 1, `, "subject", ""},
	{"sign_in_failures", "date_last", "sign_in_failures_last", `(store_id, subject, failures, date_last) SELECT $1, $2 || i, 1, `, "subject", ""},
	{"used_login_tokens", "date_used", "used_login_tokens_used", `(store_id, client_id, jti_hash, date_used) SELECT $1, 'app', $2 || i, `, "jti_hash", ""},
	{"idempotency_keys", "until", "idempotency_keys_until", `(store_id, key_hash, request_hash, owner, done, customer_id, answer, until) SELECT $1, $2 || i, '', 1, 1, 0, '', `, "key_hash", ""},
	{"staff_sessions", "date_expires", "staff_sessions_expires", `(id, token_hash, staff_id, stage, tries, date_created, date_seen, date_proved, user_agent, ip_address, network, date_expires) SELECT {id} + 0 * $1, $2 || i, 1, 0, 0, 0, 0, 0, '', '', '', `, "token_hash", ""},
	{"staff_tokens", "date_expires", "staff_tokens_expires", `(purpose, token_hash, staff_id, data, date_expires) SELECT 'x' || 0 * $1, $2 || i, 0, '', `, "token_hash", ""},
	{"jobs", "date_failed", "jobs_failed", `(store_id, id, error, kind, payload, due_at, date_created, date_failed) SELECT $1, {id}, $2 || i, 'x', '{}', 0, 0, `, "error", ""},
	{"emails", "date_expires", "emails_expires", emailColumns + `data, status, date_created, date_expires) SELECT $1, {id}, $2 || i, 1, 'x', '', '', 0, '', '', '{}', 'queued', 0, `, "recipient", "status = 'queued'"},
	{"emails", "date_expires", "emails_kept", emailColumns + `data, status, date_created, date_done, date_expires) SELECT $1, {id}, $2 || i, 1, 'x', '', '', 0, '', '', '{}', 'failed', 0, 4000000000, `, "recipient", "data <> ''"},
	{"emails", "date_done", "emails_done", emailColumns + `data, status, date_created, date_expires, date_done) SELECT $1, {id}, $2 || i, 1, 'x', '', '', 0, '', '', '{}', 'sent', 0, 0, `, "recipient", ""},
	{"emails", "date_done", "emails_failed", emailColumns + `data, status, date_created, date_expires, date_done) SELECT $1, {id}, $2 || i, 1, 'x', '', '', 0, '', '', '', 'failed', 0, 0, `, "recipient", ""},
	{"customer_merges", "date_expires", "customer_merges_expires", `(store_id, id, actor_name, customer_id, merged, actor_kind, actor_id, data, leftover, date_created, date_ended, date_expires) SELECT $1, {id}, $2 || i, 1 + i % 500, '[]', '', 0, '{}', '', 0, 0, `, "actor_name", "data <> ''"},
}

// What has ended goes, in all stores, what has not stays, and both what looks
// for it and what takes it away go by an index however many rows there are.
func TestEnded(t *testing.T) {
	const many, ended = 20_000, 1700 // more than one bite
	all := slices.Concat(account.Ended(), limit.Ended(), sso.Ended(), idempotency.Ended(), staff.Ended(), jobs.Ended(), mail.Ended(), merge.Ended())
	if len(all) != len(endings) {
		t.Fatalf("%d kinds of rows end, %d are tested", len(all), len(endings))
	}
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		now := system.Real().Now()
		_, id := shop(t, db, 500)
		if err := db.Write(t.Context(), id, func(tx *sqldb.Tx) error {
			if err := tx.Exec(sqldb.Raw(`INSERT INTO staff_users (id, email, email_norm, name, locale, timezone, password_hash, oidc_subject, totp_secret, totp_step, factor_failures, factor_date, sign_ins, version, date_created, date_modified, date_signed_in)
				VALUES (1, 'a', 'a', 'a', '', '', '', '', '', 0, 0, 0, 0, 0, 0, 0, 0)`)); err != nil {
				return err
			}
			for k, x := range endings {
				since := now - int64(all[k].Keep.Seconds())
				for _, part := range []struct {
					name         string
					n, first, n0 int64
				}{{"old", ended, since - many, 0}, {"new", many, since + 100, 500_000}} {
					insert := strings.ReplaceAll(x.insert, "{id}", fmt.Sprintf("%d + i", int64(k)*1_000_000+part.n0))
					if err := tx.Exec(sqldb.Dynamic(fmt.Sprintf(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) INSERT INTO %s %s%d + i FROM n`, part.n, x.table, insert, part.first)), fmt.Sprintf("%s%02d.", part.name, k)); err != nil {
						return fmt.Errorf("%s: %w", x.index, err)
					}
				}
			}
			_, err := tx.ExecCount(sqldb.Raw(`ANALYZE`))
			return err
		}); err != nil {
			t.Fatal(err)
		}
		for i, x := range endings {
			keys := all[i].Keys
			follows(t, db, id, x.table, x.index, keys, fmt.Sprint(now-int64(all[i].Keep.Seconds())-many+10), "'200'")
			follows(t, db, id, x.table, "", all[i].Drop, "'1'", "'1'", "'1'")
		}
		if err := db.DropEnded(t.Context(), now, all); err != nil {
			t.Fatal(err)
		}
		for i, x := range endings {
			n := map[string]int64{}
			is := x.is
			if is == "" {
				is = "1 = 1"
			}
			if err := db.Read(t.Context(), id, func(tx *sqldb.Tx) error {
				return tx.Query(sqldb.Dynamic(`SELECT SUBSTR(`+x.mark+`, 1, 5), COUNT(*) FROM `+x.table+` WHERE $1 > 0 AND `+is+` GROUP BY 1`), func(r *sqldb.Row) error { n[r.Text(0)] = r.Int(1); return nil })
			}); err != nil {
				t.Fatal(err)
			}
			if n[fmt.Sprintf("old%02d", i)] != 0 || n[fmt.Sprintf("new%02d", i)] != many {
				t.Errorf("%s keeps %v", x.index, n)
			}
		}
	})
}

var whole = regexp.MustCompile(`Seq Scan|SCAN|Sort|TEMP B-TREE`)

// follows tests that a statement goes by an index of a table, with literals for its
// parameters after the store.
func follows(t *testing.T, db *sqldb.DB, storeID int64, table, index string, stmt *sqldb.Stmt, literals ...string) {
	t.Helper()
	first := 2
	if stmt.IsGlobal() {
		first = 1
	}
	sql := stmt.SQL()
	for i, text := range literals {
		sql = strings.ReplaceAll(sql, fmt.Sprintf("$%d", first+i), text)
	}
	explain, column := "EXPLAIN QUERY PLAN ", 3
	if db.Engine() == sqldb.Postgres {
		explain, column = "EXPLAIN ", 0
	} else if strings.HasSuffix(index, "_pkey") {
		index = "PRIMARY KEY"
	}
	made := sqldb.Dynamic(explain + sql)
	if stmt.IsGlobal() {
		made = sqldb.Global(explain + sql)
	}
	var b strings.Builder
	if err := db.Read(t.Context(), storeID, func(tx *sqldb.Tx) error {
		b.Reset()
		return tx.Query(made, func(r *sqldb.Row) error { b.WriteString(r.Text(column) + "\n"); return nil })
	}); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	got := b.String()
	if whole.MatchString(got) || !strings.Contains(got, index) {
		t.Errorf("%s of %s\n%s\nwant %s", stmt.SQL(), table, got, index)
	}
}

// What else takes away what is old goes by an index, too: of events and deliveries,
// of tokens of storefronts, of emails whose customer is gone.
func TestPlansOfPruning(t *testing.T) {
	inserts := []string{
		`events (store_id, id, scope, resource_id, customer_id, data, date_created) SELECT $1, 1000000 + i, 'x', 1, 1, '{}', i FROM n`,
		`webhook_deliveries (store_id, hook_id, id, scope, data, date_created, lane, due_at, lease_owner) SELECT $1, 1 + i % 10, i, 'x', '{}', i, 0, i % 50, '' FROM n`,
		`storefront_tokens (store_id, id, token_hash, kind, client_id, key_id, channel_ids, scopes, origins, date_created, date_expires, date_revoked) SELECT $1, i, 't' || i, 'storefront', 'c' || (i % 20), 1000 + i % 20, '[]', '[]', '[]', 0, i % 20000, i % 30 FROM n`,
		`storefront_revocations (store_id, token_hash, date_expires, date_revoked) SELECT $1, 't' || i, i, 0 FROM n`,
		`emails ` + emailColumns + `data, status, date_created, date_expires) SELECT $1, i, 'x', 1, 'x', '', '', 1 + i % 700, '', '', '', 'sent', 0, 0 FROM n`,
	}
	statements := []struct {
		begin, index string
		literals     []string
	}{
		{"SELECT id, date_created FROM events ", "events_pkey", nil},
		{"DELETE FROM events WHERE store_id = $1 AND id <=", "events_pkey", []string{"1000500"}},
		{"SELECT hook_id FROM webhook_deliveries WHERE store_id = $1 AND hook_id >", "webhook_deliveries_pkey", []string{"3"}},
		{"SELECT id, date_created, due_at FROM webhook_deliveries ", "webhook_deliveries_pkey", []string{"3", "100"}},
		{"DELETE FROM webhook_deliveries WHERE store_id = $1 AND hook_id = $2 AND id <= $3 AND due_at = 0", "webhook_deliveries_pkey", []string{"3", "500"}},
		{"DELETE FROM webhook_deliveries WHERE store_id = $1 AND hook_id = $2 AND id <= $3", "webhook_deliveries_pkey", []string{"3", "500"}},
		{"SELECT id FROM storefront_tokens WHERE store_id = $1 AND date_expires > 0", "storefront_tokens_expires", []string{"900"}},
		{"SELECT id FROM storefront_tokens WHERE store_id = $1 AND date_revoked > 0", "storefront_tokens_revoked", []string{"3"}},
		{"SELECT id FROM storefront_tokens WHERE store_id = $1 AND client_id = $2", "storefront_tokens_client", []string{"'c3'"}},
		{"SELECT id FROM storefront_tokens WHERE store_id = $1 AND key_id = $2", "storefront_tokens_key", []string{"1003"}},
		{"SELECT token_hash FROM storefront_revocations WHERE store_id = $1 AND date_expires > 0", "storefront_revocations_expires", []string{"900"}},
		{"SELECT id, customer_id FROM emails WHERE store_id = $1 AND id > $2 ORDER BY id LIMIT $3", "emails_pkey", []string{"300", "500"}},
	}
	all := sqldb.Declared()
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		_, id := shop(t, db, 500)
		if err := db.Write(t.Context(), id, func(tx *sqldb.Tx) error {
			for _, insert := range inserts {
				if err := tx.Exec(sqldb.Dynamic(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) INSERT INTO ` + insert)); err != nil {
					return fmt.Errorf("%s: %w", insert, err)
				}
			}
			_, err := tx.ExecCount(sqldb.Raw(`ANALYZE`))
			return err
		}); err != nil {
			t.Fatal(err)
		}
		for _, c := range statements {
			at := slices.IndexFunc(all, func(s *sqldb.Stmt) bool { return strings.HasPrefix(s.SQL(), c.begin) })
			if at < 0 {
				t.Errorf("no statement begins with %s", c.begin)
				continue
			}
			follows(t, db, id, c.begin, c.index, all[at], c.literals...)
		}
	})
}
