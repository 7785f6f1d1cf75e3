package app_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"clientele/internal/app"
	"clientele/internal/app/apptest"
	"clientele/internal/auth"
	"clientele/internal/failure"
	"clientele/internal/fault"
	"clientele/internal/opt"
	"clientele/internal/secret"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/sso"
	"clientele/internal/store"
	"clientele/internal/webhook"
)

const secretive = `
stores:
  - hash: first
    storefront_key: AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=
    settings: {storefront: {recaptcha: {enabled: true, site_key: site, secret_key: secret-of-recaptcha}}, migration: {upstream: "https://api.example.com/stores/x", token: secret-of-the-upstream}}
    channels: [{id: 1, name: Main, url: "http://first.example"}]
    api_accounts:
      - {name: erp, client_id: erp, client_secret: secret-of-the-client, access_token: erp-token, scopes: [all]}
    customers: [{id: 1, email: a@example.com, first_name: A, last_name: A}]
    webhooks:
      - {client_id: erp, scope: "store/customer/*", destination: "http://127.0.0.1:9000/", headers: {X-Key: "secret-of-a-header"}}
      - {client_id: erp, scope: "store/subscriber/*", destination: "http://127.0.0.1:9000/"}
  - hash: second
    api_accounts:
      - {name: erp, client_id: erp, client_secret: secret-of-the-client, access_token: erp-token, scopes: [all]}
`

// plains are what is in no table once it is encrypted.
var plains = []string{"secret-of-recaptcha", "secret-of-the-upstream", "secret-of-the-client", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", "secret-of-a-header"}

func keyFile(t *testing.T, keys ...byte) *secret.Keys {
	t.Helper()
	var text bytes.Buffer
	for _, k := range keys {
		fmt.Fprintln(&text, base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{k}, 32)))
	}
	out, err := secret.Parse(text.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// vault is a database that is opened with one list of keys after another.
type vault struct {
	t   *testing.T
	dsn string
	// What is told of secrets by whoever works with them.
	told string
	// token is a storefront token.
	token string
}

func (v *vault) open(o sqldb.Options) *sqldb.DB {
	v.t.Helper()
	o.MustExist = true
	db, err := sqldb.Open(v.t.Context(), v.dsn, o)
	if err != nil {
		v.t.Fatal(err)
	}
	v.t.Cleanup(db.Close)
	return db
}

// works makes sure that everything that needs a secret has the same as before.
func (v *vault) works(db *sqldb.DB) {
	v.t.Helper()
	ctx := v.t.Context()
	w := apptest.New(v.t, db, apptest.Options{})
	set, err := w.Stores.Settings(ctx, 1)
	if err != nil {
		v.t.Fatal(err)
	}
	hooks := ""
	if err := db.Read(ctx, 1, func(tx *sqldb.Tx) error {
		active, err := webhook.Active(tx)
		if err != nil {
			return err
		}
		signs, err := webhook.Secret(tx, "erp")
		hooks = fmt.Sprint(active, signs)
		return err
	}); err != nil {
		v.t.Fatal(err)
	}
	site := store.Site{StoreID: 1, StoreHash: "first", ChannelID: 1}
	token, err := w.SSO.Token(ctx, site, sso.Request{CustomerID: 1})
	if err != nil {
		v.t.Fatal(err)
	}
	keys, err := w.Core.Keys.Keys(ctx, 1)
	if err != nil {
		v.t.Fatal(err)
	}
	link, err := w.Shoppers.UnsubscribeToken(ctx, 1, 7)
	if err != nil {
		v.t.Fatal(err)
	}
	if v.token == "" {
		if v.token, err = w.Tokens.Create(ctx, 1, auth.NewToken{Kind: auth.BrowserToken, ClientID: "erp", ChannelID: opt.Some[int64](1)}); err != nil {
			v.t.Fatal(err)
		}
	}
	if _, err := w.Tokens.Verify(ctx, 1, 1, v.token, w.Clock.Now().Unix()); err != nil {
		v.t.Errorf("a storefront token: %v", err)
	}
	told := fmt.Sprint(set.Storefront.ReCaptcha.SecretKey, set.Migration.Token, hooks, keys.Public.ID, keys.Hash("x"), link, strings.Count(token, "."))
	if v.told == "" {
		v.told = told
		for _, want := range []string{"secret-of-recaptcha", "secret-of-the-upstream", "secret-of-a-header", "secret-of-the-client"} {
			if !strings.Contains(told, want) {
				v.t.Fatalf("%q does not hold %q", told, want)
			}
		}
	}
	if told != v.told {
		v.t.Errorf("secrets are read as %q, before as %q", told, v.told)
	}
}

// counted returns how many secrets are under each key.
func (v *vault) counted(db *sqldb.DB) map[string]int64 {
	v.t.Helper()
	counts, err := db.CountSecrets(v.t.Context(), app.Secrets())
	if err != nil {
		v.t.Fatal(err)
	}
	out := map[string]int64{}
	tables := map[string]bool{}
	for _, c := range counts {
		out[c.Key] += c.Values
		tables[c.Table] = true
	}
	if len(tables) != 5 {
		v.t.Errorf("secrets are in %v", tables)
	}
	return out
}

func (v *vault) reseal(db *sqldb.DB) sqldb.Resealed {
	v.t.Helper()
	did, err := db.Reseal(v.t.Context(), app.Secrets())
	if err != nil || did.Left != 0 || did.Reason != nil {
		v.t.Fatalf("%+v, %v", did, err)
	}
	return did
}

func (v *vault) missing(keys *secret.Keys) string {
	v.t.Helper()
	db := v.open(sqldb.Options{Secrets: keys})
	defer db.Close()
	err := db.CheckSecrets(v.t.Context())
	var unknown *secret.UnknownKeyError
	if errors.As(err, &unknown) {
		return unknown.ID
	}
	if err != nil {
		v.t.Fatal(err)
	}
	return ""
}

// A database is encrypted, moved to another key, and read all the while.
func TestSecretsAtRest(t *testing.T) {
	for _, e := range []sqldb.Engine{sqldb.SQLite, sqldb.Postgres} {
		t.Run(string(e), func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			v := &vault{t: t, dsn: dbtest.MigratedDSN(t, e)}
			a, b := keyFile(t, 1), keyFile(t, 2)
			plain := v.open(sqldb.Options{})
			w := apptest.New(t, plain, apptest.Options{Seed: secretive})
			const accounts = 450 // more than one bite
			if err := plain.Write(ctx, 2, func(tx *sqldb.Tx) error {
				for range accounts {
					if _, err := w.APIAccounts.CreateTx(tx, "app", []auth.Scope{auth.Customers}, auth.Credentials{}); err != nil {
						return err
					}
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			v.works(plain)
			all := v.counted(plain)[""]
			if v.missing(nil) != "" || all < accounts+8 {
				t.Errorf("before there was a key: %v", v.counted(plain))
			}

			// With a key what is there is still read, and what is new is encrypted.
			withA := v.open(sqldb.Options{Secrets: a})
			v.works(withA)
			if n := v.counted(withA); n[""] != all || len(n) != 1 {
				t.Errorf("before the first encryption: %v", n)
			}
			if did := v.reseal(withA); did.Changed != all || len(did.InUse) != 0 {
				t.Errorf("%d secrets are there: %+v", all, did)
			}
			v.works(withA)
			if n := v.counted(withA); n[a.Newest()] != all || len(n) != 1 {
				t.Errorf("encrypted: %v", n)
			}
			if did := v.reseal(withA); did.Changed != 0 {
				t.Errorf("done again: %+v", did)
			}
			v.absent(withA)

			// Who has not the key learns so at the start; who runs is no defect.
			if v.missing(nil) != a.Newest() || v.missing(b) != a.Newest() || v.missing(a) != "" {
				t.Error("the key is not asked for")
			}
			_, err := store.NewService(plain, w.System).Settings(ctx, 1)
			if f := failure.Of(ctx, err); f.Err == nil || f.Fault.Kind != fault.Unavailable {
				t.Errorf("without the key: %v", err)
			}

			// To another key, cut off in between.
			short, cut := context.WithCancel(ctx)
			puts := 0
			both := keyFile(t, 2, 1)
			slow := v.open(sqldb.Options{Secrets: both, Watch: func(s *sqldb.Stmt) {
				if strings.HasPrefix(s.SQL(), "UPDATE api_accounts SET client_secret") {
					if puts++; puts == 300 {
						cut()
					}
				}
			}})
			if _, err := slow.Reseal(short, app.Secrets()); !errors.Is(err, context.Canceled) {
				t.Errorf("cut off: %v", err)
			}
			withBoth := v.open(sqldb.Options{Secrets: both})
			n := v.counted(withBoth)
			if n[a.Newest()] == 0 || n[b.Newest()] == 0 || n[a.Newest()]+n[b.Newest()] != all {
				t.Errorf("cut off: %v", n)
			}
			v.works(withBoth)
			if v.missing(a) != b.Newest() || v.missing(b) != a.Newest() {
				t.Error("cut off, one of the keys is not asked for")
			}
			if did := v.reseal(withBoth); did.Changed != n[a.Newest()] || len(did.InUse) != 0 {
				t.Errorf("gone on: %+v", did)
			}
			if n := v.counted(withBoth); n[b.Newest()] != all || len(n) != 1 {
				t.Errorf("under the other key: %v", n)
			}
			if v.missing(b) != "" || v.missing(a) != b.Newest() {
				t.Error("the old key is asked for, or the new one is not")
			}
			v.works(v.open(sqldb.Options{Secrets: b}))
		})
	}
}

// absent makes sure that no secret is plain in the database.
func (v *vault) absent(db *sqldb.DB) {
	v.t.Helper()
	for _, s := range app.Secrets() {
		if err := db.Read(v.t.Context(), 1, func(tx *sqldb.Tx) error {
			where := ` WHERE store_id = $1`
			if s.Installation {
				where = ` WHERE $1 >= 0`
			}
			return tx.Query(sqldb.Dynamic(`SELECT `+s.Name+` FROM `+s.Table+where), func(r *sqldb.Row) error {
				for _, p := range plains {
					if strings.Contains(r.Text(0), p) {
						v.t.Errorf("%s.%s is %q", s.Table, s.Name, r.Text(0))
					}
				}
				return nil
			})
		}); err != nil {
			v.t.Fatal(err)
		}
	}
	path, ok := strings.CutPrefix(v.dsn, "sqlite:")
	if !ok {
		return
	}
	if err := db.Erase(v.t.Context()); err != nil {
		v.t.Fatal(err)
	}
	for _, file := range []string{path, path + "-wal"} {
		text, err := os.ReadFile(file)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			v.t.Fatal(err)
		}
		for _, p := range plains {
			if bytes.Contains(text, []byte(p)) {
				v.t.Errorf("%s holds %q", file, p)
			}
		}
	}
}

// A key stays asked for as long as a secret may be under it, whoever writes
// meanwhile.
func TestResealBesideWriters(t *testing.T) {
	for _, e := range []sqldb.Engine{sqldb.SQLite, sqldb.Postgres} {
		t.Run(string(e), func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			v := &vault{t: t, dsn: dbtest.MigratedDSN(t, e)}
			a, b := keyFile(t, 1, 2), keyFile(t, 2, 1)
			old, anew := v.open(sqldb.Options{Secrets: a}), v.open(sqldb.Options{Secrets: b})
			w := apptest.New(t, old, apptest.Options{Seed: secretive})
			if _, err := w.Core.Keys.Keys(ctx, 1); err != nil {
				t.Fatal(err)
			}
			var wg sync.WaitGroup
			for range 3 {
				wg.Go(func() {
					for range 30 {
						if _, err := w.APIAccounts.Create(ctx, 1, "app", []auth.Scope{auth.Customers}, auth.Credentials{}); err != nil {
							t.Error(err)
							return
						}
					}
				})
			}
			for range 5 {
				if _, err := anew.Reseal(ctx, app.Secrets()); err != nil {
					t.Error(err)
				}
				if v.counted(anew)[a.Newest()] > 0 && v.missing(keyFile(t, 2)) == "" {
					t.Error("a secret is under a key that nobody is asked for")
				}
			}
			wg.Wait()
			did := v.reseal(anew)
			if n := v.counted(anew); len(n) != 1 || len(did.InUse) != 0 || v.missing(keyFile(t, 2)) != "" {
				t.Errorf("at the end: %v, %+v", n, did)
			}
		})
	}
}
