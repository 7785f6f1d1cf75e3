package auth_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"clientele/internal/auth"
	"clientele/internal/fault"
	"clientele/internal/opt"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// register returns a page of the register, an entry a line.
func (c *counterpart) register(storeID int64, query string) string {
	c.t.Helper()
	var b strings.Builder
	for _, e := range c.entries(storeID, query) {
		fmt.Fprintf(&b, "%d %s %s key %d %v %v %v +%d %d used %d revoked %d %s\n", e.ID, e.Kind, e.ClientID, e.KeyID, e.Channels, e.Scopes, e.Origins, e.Issued-start, e.Expires, e.Used, e.Revoked, e.Status)
	}
	return b.String()
}

const start = 1_800_000_000

func (c *counterpart) entries(storeID int64, query string) []auth.IssuedToken {
	c.t.Helper()
	q, err := auth.StorefrontTokenList.Parse(query)
	if err != nil {
		c.t.Fatal(err)
	}
	out, _, err := c.List(c.t.Context(), storeID, q)
	if err != nil {
		c.t.Fatal(err)
	}
	return out
}

func (c *counterpart) exec(storeID int64, sql string, args ...any) {
	c.t.Helper()
	if err := c.db.Write(c.t.Context(), storeID, func(tx *sqldb.Tx) error { return tx.Exec(sqldb.Dynamic(sql), args...) }); err != nil {
		c.t.Fatal(err)
	}
}

func (c *counterpart) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

func TestRegisterOfStorefrontTokens(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		c := newCounterpart(t, db)
		ctx, a, b := t.Context(), c.stores[0], c.stores[1]
		accounts := auth.NewAPIAccounts(db, c.sys)
		if _, err := accounts.Create(ctx, a, "App", auth.FullScopes(), auth.Credentials{ClientID: "app"}); err != nil {
			t.Fatal(err)
		}
		browser := c.make(a, auth.NewToken{ChannelIDs: opt.Some([]int64{2, 1}), Expires: start + 100, Origins: opt.Some([]string{"https://a.example"})})
		private := c.make(a, auth.NewToken{Kind: auth.PrivateToken, Scopes: []string{"Unauthenticated", "Customer"}})
		c.make(a, auth.NewToken{Kind: auth.PrivateToken, Scopes: []string{"Customer", "Unauthenticated"}}) // the same token
		agent, err := c.Create(ctx, a, auth.NewToken{Kind: auth.ImpersonationToken, ClientID: "app", ChannelID: opt.Some[int64](1)})
		c.must(err)
		c.make(b, auth.NewToken{})
		ids := map[string]int64{}
		for _, e := range c.entries(a, "") {
			ids[e.Kind.String()] = e.ID
		}
		lines := map[string]string{
			"storefront":             fmt.Sprintf("%d storefront cid key 1 [1 2] [] [https://a.example] +0 %d used 0 revoked 0 active\n", ids["storefront"], start+100),
			"private":                fmt.Sprintf("%d private cid key 1 [1] [Customer Unauthenticated] [] +0 0 used 0 revoked 0 active\n", ids["private"]),
			"customer_impersonation": fmt.Sprintf("%d customer_impersonation app key 1 [1] [] [] +0 0 used 0 revoked 0 active\n", ids["customer_impersonation"]),
		}
		check := func(query string, kinds ...string) {
			t.Helper()
			want := ""
			for _, k := range kinds {
				want += lines[k]
			}
			if got := c.register(a, query); got != want {
				t.Errorf("%q:\n%swant\n%s", query, got, want)
			}
		}
		check("", "customer_impersonation", "private", "storefront")
		check("limit=1&page=2", "private")
		check("kind=private", "private")
		check("kind:in=private,storefront", "private", "storefront")
		check("client_id=app", "customer_impersonation")
		check("client_id:in=app,nobody", "customer_impersonation")
		check("client_id=cid&kind=customer_impersonation")
		for _, bad := range []string{"kind=2", "kind=", "client=app", "id=1"} {
			if _, err := auth.StorefrontTokenList.Parse(bad); err == nil {
				t.Errorf("%s is accepted", bad)
			}
		}
		if got := c.register(b, ""); strings.Count(got, "\n") != 1 || strings.Contains(got, "app") {
			t.Errorf("the other store's register is\n%s", got)
		}

		// What a token's text is stands nowhere.
		for _, token := range []string{browser, private, agent} {
			signed := token[:strings.LastIndexByte(token, '.')]
			n := 0
			c.must(db.Read(ctx, a, func(tx *sqldb.Tx) error {
				return tx.Query(sqldb.Dynamic(`SELECT token_hash FROM storefront_tokens WHERE store_id = $1`), func(r *sqldb.Row) error {
					if hash := r.Text(0); hash == auth.HashToken(signed) {
						n++
					} else if strings.Contains(token, hash) || hash == auth.HashToken(token) {
						t.Errorf("the register holds %s", hash)
					}
					return nil
				})
			}))
			if n != 1 {
				t.Errorf("%d entries have the hash of the signed part", n)
			}
		}

		// Why a token is not good.
		c.must(c.RevokeID(ctx, a, ids["private"]))
		c.must(c.RevokeID(ctx, a, ids["private"]))
		lines["private"] = fmt.Sprintf("%d private cid key 1 [1] [Customer Unauthenticated] [] +0 0 used 0 revoked %d revoked\n", ids["private"], start)
		all, err := accounts.List(ctx, a)
		c.must(err)
		c.must(accounts.Revoke(ctx, a, all[0].ID))
		lines["customer_impersonation"] = strings.Replace(lines["customer_impersonation"], "active", "account_revoked", 1)
		c.now = c.now.Add(100 * time.Second)
		lines["storefront"] = strings.Replace(lines["storefront"], "active", "expired", 1)
		check("", "customer_impersonation", "private", "storefront")
		_, err = c.RetireKey(ctx, a, 1)
		c.must(err)
		lines["storefront"] = strings.Replace(lines["storefront"], "expired", "key_retired", 1)
		check("", "customer_impersonation", "private", "storefront")

		for storeID, id := range map[int64]int64{a: 99, b: ids["private"] + 10} {
			if f := fault.As(c.RevokeID(ctx, storeID, id)); f == nil || f.Kind != fault.NotFound {
				t.Errorf("token %d of store %d: %v", id, storeID, f)
			}
		}
	})
}

// Revocation by id holds in other processes within a second, and for what has
// the same id in another store not at all.
func TestRevocationByID(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		c := newCounterpart(t, db)
		a, b := c.stores[0], c.stores[1]
		other := c.another()
		token, foreign := c.make(a, auth.NewToken{}), c.make(b, auth.NewToken{})
		for _, c := range []*counterpart{c, other} {
			c.want("before", a, 1, token, "")
		}
		c.must(c.RevokeID(t.Context(), a, c.entries(a, "")[0].ID))
		c.want("here, at once", a, 1, token, auth.TokenRevoked)
		other.now = other.now.Add(time.Second)
		other.want("elsewhere, after a second", a, 1, token, auth.TokenRevoked)
		other.want("of the other store", b, 1, foreign, "")
	})
}

// Uses are counted in memory and written together; old tokens enter the
// register by being used.
func TestUsesOfStorefrontTokens(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		c := newCounterpart(t, db)
		ctx, a := t.Context(), c.stores[0]
		used, idle := c.make(a, auth.NewToken{}), c.make(a, auth.NewToken{Kind: auth.ImpersonationToken})
		old := c.make(a, auth.NewToken{Kind: auth.PrivateToken, Scopes: []string{"Customer"}})
		unused := c.make(a, auth.NewToken{Kind: auth.PrivateToken, Scopes: []string{"Customer", "Unauthenticated"}})
		revoked := c.make(a, auth.NewToken{Kind: auth.PrivateToken, Scopes: []string{"Unauthenticated"}})
		c.must(c.Revoke(ctx, a, revoked))
		// As if these were from before the register.
		c.exec(a, `DELETE FROM storefront_tokens WHERE store_id = $1 AND kind = 'private'`)
		last := func(kind string) int64 {
			t.Helper()
			all := c.entries(a, "kind="+kind)
			if len(all) == 0 {
				return -1
			}
			return all[0].Used
		}
		c.now = c.now.Add(10 * time.Second)
		for range 3 {
			c.now = c.now.Add(900 * time.Millisecond)
			c.want("used", a, 1, used, "")
			c.want("old", a, 1, old, "")
		}
		c.want("revoked", a, 1, revoked, auth.TokenRevoked)
		c.want("on another channel", a, 2, idle, auth.TokenWrongChannel)
		if last("storefront") != 0 || last("private") != -1 {
			t.Error("uses are written at once")
		}
		// What cannot be written is not lost.
		ended, cancel := context.WithCancel(ctx)
		cancel()
		if err := c.WriteUses(ended); err == nil {
			t.Error("uses are written in a context that has ended")
		}
		c.must(c.WriteUses(ctx))
		if last("storefront") != start+12 || last("private") != start+12 || last("customer_impersonation") != 0 {
			t.Errorf("last used at %d, %d and %d", last("storefront")-start, last("private")-start, last("customer_impersonation"))
		}
		if got := c.register(a, "kind=private"); strings.Count(got, "\n") != 1 || !strings.Contains(got, " private cid key 1 [1] [Customer] [] +0 0 used ") {
			t.Errorf("of old tokens, the used one that is good is entered:\n%s", got)
		}
		// Processes enter it once, and the latest use counts.
		other := c.another()
		c.exec(a, `DELETE FROM storefront_tokens WHERE store_id = $1 AND kind = 'private'`)
		c.now, other.now = c.now.Add(5*time.Second), other.now.Add(9*time.Second)
		for _, c := range []*counterpart{other, c} {
			c.want("old", a, 1, old, "")
			c.want("used", a, 1, used, "")
		}
		for _, c := range []*counterpart{other, c} {
			c.must(c.WriteUses(ctx))
			c.must(c.WriteUses(ctx))
		}
		if last("storefront") != other.now.Unix() || last("private") != other.now.Unix() || len(c.entries(a, "kind=private")) != 1 {
			t.Errorf("the register is\n%s", c.register(a, ""))
		}
		// Revocation of a token that is not there yet enters it too.
		c.must(c.Revoke(ctx, a, unused))
		if got := c.register(a, "kind=private&limit=1"); !strings.Contains(got, " private cid key 1 [1] [Customer Unauthenticated] [] +0 0 used 0 revoked ") || !strings.Contains(got, "revoked\n") {
			t.Errorf("a revoked old token is entered as\n%s", got)
		}
	})
}

// A token costs one statement a second, whatever may have ended it, and a use
// none of its own.
func TestOneStatementASecond(t *testing.T) {
	for _, e := range []sqldb.Engine{sqldb.SQLite, sqldb.Postgres} {
		t.Run(string(e), func(t *testing.T) {
			var n atomic.Int64
			c := newCounterpart(t, dbtest.OpenWatched(t, e, func(*sqldb.Stmt) { n.Add(1) }))
			token := c.make(c.stores[0], auth.NewToken{})
			c.want("the first time", c.stores[0], 1, token, "")
			n.Store(0)
			for range 10 {
				c.now = c.now.Add(time.Second)
				for range 5 {
					c.want("again", c.stores[0], 1, token, "")
				}
			}
			if n.Load() != 10 {
				t.Errorf("%d statements in 10 seconds", n.Load())
			}
			n.Store(0)
			c.must(c.WriteUses(t.Context()))
			c.must(c.WriteUses(t.Context()))
			if n.Load() != 1 {
				t.Errorf("%d statements write one use", n.Load())
			}
		})
	}
}

// A token that is made again in the second in which it was revoked is good, and
// another one.
func TestTokenIsMadeAgainAfterItsRevocation(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		c := newCounterpart(t, db)
		a := c.stores[0]
		seen := map[string]bool{}
		for range 3 {
			token := c.make(a, auth.NewToken{})
			if seen[token] {
				t.Fatal("a revoked token is given out again")
			}
			seen[token] = true
			c.want("made again", a, 1, token, "")
			c.must(c.Revoke(t.Context(), a, token))
		}
	})
}

// What ended long ago leaves the register, in bites, and does not come back.
func TestOldStorefrontTokensArePruned(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		c := newCounterpart(t, db)
		ctx, a, b := t.Context(), c.stores[0], c.stores[1]
		accounts := auth.NewAPIAccounts(db, c.sys)
		_, err := accounts.Create(ctx, a, "App", auth.FullScopes(), auth.Credentials{ClientID: "app"})
		c.must(err)
		// More than a bite that expired, and one that did not.
		for i := range 1203 {
			c.exec(a, `INSERT INTO storefront_tokens (store_id, id, token_hash, kind, client_id, key_id, channel_ids, scopes, origins, date_created, date_expires)
				VALUES ($1, $2, $3, 'storefront', 'x', 1, '[1]', '[]', '[]', 1, 2)`, int64(1_000_000+i), fmt.Sprint("hash ", i))
		}
		revoked, kept := c.make(a, auth.NewToken{}), c.make(a, auth.NewToken{Kind: auth.PrivateToken, Scopes: []string{"Customer"}})
		orphan, err := c.Create(ctx, a, auth.NewToken{Kind: auth.ImpersonationToken, ClientID: "app", ChannelID: opt.Some[int64](1)})
		c.must(err)
		unsigned := c.make(b, auth.NewToken{})
		c.must(c.Revoke(ctx, a, revoked))
		all, err := accounts.List(ctx, a)
		c.must(err)
		c.must(accounts.Revoke(ctx, a, all[0].ID))
		_, err = c.RetireKey(ctx, b, 1)
		c.must(err)
		count := func(storeID int64) int { t.Helper(); return len(c.entries(storeID, "limit=250")) }

		c.now = c.now.Add(29 * 24 * time.Hour)
		c.must(c.Prune(ctx))
		if count(a) != 3 || count(b) != 1 {
			t.Errorf("after 29 days:\n%s%s", c.register(a, ""), c.register(b, ""))
		}
		c.now = c.now.Add(2 * 24 * time.Hour)
		c.must(c.Prune(ctx))
		if got := c.register(a, ""); strings.Count(got, "\n") != 1 || !strings.Contains(got, "private") || count(b) != 0 {
			t.Errorf("after 31 days:\n%s%s", got, c.register(b, ""))
		}
		c.want("revoked", a, 1, revoked, auth.TokenRevoked)
		c.want("of a revoked account", a, 1, orphan, auth.TokenRevoked)
		c.want("of a retired key", b, 1, unsigned, auth.TokenRevoked)
		c.want("in force", a, 1, kept, "")
		c.must(c.WriteUses(ctx))
		if count(a) != 1 || count(b) != 0 {
			t.Errorf("tokens came back:\n%s%s", c.register(a, ""), c.register(b, ""))
		}
	})
}

// Pages of other sites may act in a store's sessions as long as a good token
// for browsers names their origin.
func TestCrossSite(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		c := newCounterpart(t, db)
		a, b := c.stores[0], c.stores[1]
		want := func(when string, storeID int64, want bool) {
			t.Helper()
			got, err := c.CrossSite(t.Context(), storeID)
			if err != nil || got != want {
				t.Errorf("%s: %v, %v", when, got, err)
			}
		}
		want("no token", a, false)
		c.make(a, auth.NewToken{})
		c.make(a, auth.NewToken{Kind: auth.ImpersonationToken})
		want("no origin", a, false)
		token := c.make(a, auth.NewToken{Origins: opt.Some([]string{"https://app.example"})})
		want("an origin", a, true)
		want("another store", b, false)
		c.must(c.Revoke(t.Context(), a, token))
		want("revoked", a, false)
		c.make(a, auth.NewToken{Origins: opt.Some([]string{"https://app.example"}), Expires: c.now.Unix() + 3600})
		want("for an hour", a, true)
		c.now = c.now.Add(2 * time.Hour)
		want("over", a, false)
	})
}
