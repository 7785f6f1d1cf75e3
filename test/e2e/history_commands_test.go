package e2e

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"clientele/internal/history"
	"clientele/internal/history/historytest"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// unrecorded are commands that change no record, and why.
var unrecorded = map[string]string{
	"serve": "its writes are those of requests and jobs", "migrate": "changes the schema", "backup": "reads", "restore": "the history is as it was at the backup",
	"store list": "reads", "staff list": "reads", "api-account list": "reads", "storefront-token list": "reads", "storefront-key list": "reads",
	"imports list": "reads", "imports show": "reads", "mirror status": "reads", "mirror diff": "reads", "migration status": "reads",
	// A server does the work: TestServerTakesFiles, TestUndo.
	"imports cancel": "the import's own entry, when it ends", "imports resume": "the import's own entry, when it ends", "imports undo": "of the job that does it",
	// These need a store elsewhere: TestMirror of internal/mirror, TestInvitesToChooseAPassword.
	"mirror run": "told when the mirror ends", "mirror end": "one entry of all that came", "migration invite": "links are entries of the job that sends them",
	"login-url": "a token is made, not kept", "sign-ins list": "reads", "unsubscribe-links": "links are made, not kept", "credit list": "reads",
	"consent verify": "needs no database", "impersonate list": "reads", "email list": "reads", "email retry": "work, not a record",
	"email clashes": "reads", "email template list": "reads", "email template show": "reads", "email template history": "reads", "email template placeholders": "needs no database",
	"merges list": "reads", "merges preview": "reads", "duplicates list": "reads", "duplicates find": "a job looks; what it finds is found again",
	"person requests": "reads",
	"completion":      "needs no database", "man": "needs no database",
	"customers list": "reads", "customers show": "reads", "customers search": "reads", "history list": "reads", "history tail": "reads", "history verify": "reads",
	"segments list": "reads", "segments preview": "reads", "webhooks list": "reads", "webhooks show": "reads", "webhooks tail": "reads", "webhooks replay": "deliveries are work, not records", "webhooks test": "deliveries are work, not records",
	"secrets status": "reads", "secrets rotate": "what is encrypted stays what it is", "check scale": "reads", "host list": "reads",
	"record": "asks another server and writes files", "conform": "has a database of its own", "tls-cert": "writes files", "healthcheck": "reads", "version": "reads",
}

// Every command of the program that writes leaves its entries, which name the user
// of the machine. A command that is neither done here nor said to record nothing
// fails.
func TestHistoryOfEveryCommand(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, dsn string) {
		dir := t.TempDir()
		file := func(name, text string) string {
			t.Helper()
			path := filepath.Join(dir, name)
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			return path
		}
		seeded(t, dsn)
		db := dbtest.OpenDSN(t, dsn)
		s := serve(t, "--database", dsn)
		made := must(t, "api-account", "create", "--store", seedStore, "--name", "All", "--database", dsn)
		c := newClient(t, s.url, seedStore, banner(t, made, "Access token"))
		c.call(http.StatusOK, http.MethodPost, "/customers", []any{map[string]any{"email": "held@example.com", "first_name": "A", "last_name": "B", "authentication": map[string]any{"new_password": "Secret-123"}}})
		c.call(http.StatusCreated, http.MethodPost, "/segments", []any{map[string]any{"name": "Regulars"}})
		segment := regexp.MustCompile(`"id":"([0-9a-f-]{36})"`).FindStringSubmatch(string(c.call(http.StatusOK, http.MethodGet, "/segments", nil)))[1]
		c.call(http.StatusOK, http.MethodPost, "/storefront/api-token", map[string]any{"channel_id": 1, "expires_at": 0})
		hook := regexp.MustCompile(`"id":(\d+)`).FindStringSubmatch(string(c.call(http.StatusOK, http.MethodPost, "/hooks", map[string]any{"scope": "store/customer/*", "destination": "http://127.0.0.1:9/hook"})))[1]
		for range 10 {
			c.call(http.StatusOK, http.MethodPost, "/customers/validate-credentials", map[string]any{"email": "held@example.com", "password": "wrong"})
		}
		c.call(http.StatusTooManyRequests, http.MethodPost, "/customers/validate-credentials", map[string]any{"email": "held@example.com", "password": "wrong"})
		s.stop()

		done := map[string]bool{}
		step := func(name, store string, args []string, want ...string) {
			t.Helper()
			id := int64(0) // of the installation
			switch {
			case name == "seed":
				id = storeID(t, db, seedStore)
			case store != "":
				id = storeID(t, db, store)
			}
			last := int64(0)
			if id != -1 {
				last = historytest.Last(t, db, id)
			}
			args = append(append(strings.Fields(name), args...), "--database", dsn)
			if store != "" && name != "store create" {
				args = append(args, "--store", store)
			}
			p := run(t, dir, nil, args...)
			if p.code != 0 {
				t.Errorf("%q: exit code %d: %s", args, p.code, p.errs.String())
			}
			if id == -1 {
				id = storeID(t, db, store)
			}
			done[name] = true
			var got []string
			for _, e := range historytest.Entries(t, db, id, last) {
				if e.ID <= last {
					continue
				}
				got = append(got, e.Action.String()+" "+e.Resource.String())
				door := history.Command
				if name == "seed" {
					door = history.Seed
				}
				if e.Surface != door || e.Actor.Kind != history.CommandUser || e.Actor.Name == "" {
					t.Errorf("%s: %s by %s, %+v", name, historytest.Line(&e), e.Surface, e.Actor)
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s records %q, want %q", name, got, want)
			}
		}
		first := func(name string, args []string, want ...string) { t.Helper(); step(name, seedStore, args, want...) }
		with := func(args ...string) []string { return args }

		step("store create", "second2", with("--hash", "second2", "--url", "http://shop.example", "--with-api-account"), "created store", "created channel", "created site", "created api_account")
		first("store settings", with("--set", "address=1 St"), "updated store_settings")
		step("import", seedStore, []string{file("people.csv", "Email,Name,Customer Group\nnew@example.com,New Lee,Dealers\n")}, "created customer_group", "imported customer")
		step("seed", "", with(file("more.yaml", "stores: [{hash: abc123, settings: {address: 2 St}, products: [{id: 9, name: Lamp, price: 1}]}]")), "updated store_settings", "created product")
		step("staff create", "", with("owner@example.com"), "created staff", "created staff_member")
		step("staff invite", "", with("new@example.com"), "created staff", "created staff_member", "link_sent staff")
		// A person registers one in the panel.
		if err := db.Write(t.Context(), 0, func(tx *sqldb.Tx) error {
			return tx.Exec(sqldb.Dynamic(`UPDATE staff_users SET totp_secret = 'x' WHERE $1 = 0`))
		}); err != nil {
			t.Fatal(err)
		}
		step("staff reset-second-factor", "", with("owner@example.com"), "deleted second_factor")
		step("staff remove", "", with("new@example.com"), "deleted staff_member", "deleted staff")
		first("api-account create", with("--name", "Sync"), "created api_account")
		first("api-account rotate", with("3"), "updated api_account")
		first("api-account revoke", with("3"), "revoked api_account")
		first("storefront-token revoke", with("1"), "revoked storefront_token")
		first("storefront-key rotate", nil, "created storefront_key")
		first("storefront-key retire", with("1"), "revoked storefront_key")
		first("sign-ins unlock", with("--all"), "unlocked customer")
		first("credit add", with("1", "credit", "5"), "updated customer")
		first("impersonate start", with("1", "--reason", "R"), "created impersonation")
		first("impersonate end", with("1"), "ended impersonation")
		first("email status", with("account_created", "off"), "updated email_status")
		first("email template put", with("account_created", "--subject", "Hello", "--text", file("t.txt", "Hello")), "created email_template")
		first("email template undo", with("account_created"), "deleted email_template")
		first("email template put", with("account_created", "--subject", "Again", "--text", file("t.txt", "Hello")), "created email_template")
		first("email template reset", with("account_created"), "deleted email_template")
		first("segments rule", with(segment, "id = 1"), "updated segment")
		first("segments rule", with(segment, "--drop"), "updated segment")
		first("webhooks pause", with(hook), "updated webhook")
		first("webhooks resume", with(hook), "updated webhook")
		if err := db.Write(t.Context(), storeID(t, db, "second2"), func(tx *sqldb.Tx) error {
			return tx.Exec(sqldb.Dynamic(`UPDATE site_hosts SET date_proved = 0, proof = '' WHERE store_id = $1`))
		}); err != nil {
			t.Fatal(err)
		}
		step("host prove", "second2", with("shop.example"), "updated site")
		step("host release", "second2", with("shop.example"), "deleted site")
		step("store archive", "second2", nil, "updated store")
		step("store restore", "second2", nil, "updated store")
		first("person export", with("--email", "jane@example.com", "--out", filepath.Join(dir, "jane.zip")), "exported person")
		first("consent export", with(filepath.Join(dir, "consents.ndjson")), "exported subscriber")
		first("consent export", with(filepath.Join(dir, "news.ndjson"), "--email", "news@example.com"), "exported subscriber")
		first("export", with("--out", filepath.Join(dir, "store.bundle")), "exported bundle")
		first("export", with("--out", filepath.Join(dir, "store.csv"), "--format", "csv"), "exported customer")
		first("export", with("--out", filepath.Join(dir, "news.csv"), "--format", "shopify", "--kind", "subscribers", "--since", "1h"), "exported subscriber")
		if err := db.Write(t.Context(), storeID(t, db, seedStore), func(tx *sqldb.Tx) error {
			return tx.Exec(sqldb.Dynamic(`INSERT INTO duplicate_pairs (store_id, id, first_id, second_id, distance, reasons, is_dismissed, date_created) VALUES ($1, 1, 1, 2, 10, 'same_mailbox', 0, 0)`))
		}); err != nil {
			t.Fatal(err)
		}
		first("duplicates dismiss", with("1"), "updated duplicate")
		first("merges create", with("1", "2"), "deleted customer", "merged customer", "merged customer")
		first("merges undo", with("1"), "created customer", "parted customer", "parted customer")
		first("person request", with("--email", "asks@example.com", "--kind", "export"), "created person")
		first("person decline", with("--note", "N", "2"), "ended person")
		first("person erase", with("--email", "news@example.com", "--reason", "R"), "created erasure", "deleted subscriber", "ended erasure")

		var all []string
		for _, m := range regexp.MustCompile(`(?m)^  ([a-z-]+( [a-z-]+)*?)  `).FindAllStringSubmatch(must(t, "--help"), -1) {
			all = append(all, m[1])
		}
		for _, name := range all {
			if done[name] == (unrecorded[name] != "") {
				t.Errorf("%s: what does it record? done here: %v", name, done[name])
			}
		}
		for name := range unrecorded {
			if !slices.Contains(all, name) {
				t.Errorf("there is no command %s", name)
			}
		}
	})
}

// storeID returns the id of a store, -1 where there is none.
func storeID(t *testing.T, db *sqldb.DB, hash string) int64 {
	t.Helper()
	id := int64(-1)
	if err := db.Read(t.Context(), 0, func(tx *sqldb.Tx) error {
		return tx.Query(sqldb.Dynamic(`SELECT id FROM stores WHERE hash = $2 AND $1 = 0`), func(r *sqldb.Row) error { id = r.Int(0); return nil }, hash)
	}); err != nil {
		t.Fatal(err)
	}
	return id
}
