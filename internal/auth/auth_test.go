package auth_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"clientele/internal/auth"
	"clientele/internal/fault"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/store"
	"clientele/internal/system"
)

func TestHashToken(t *testing.T) {
	if got := auth.HashToken("abc"); got != "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" {
		t.Error(got)
	}
}

func TestParseScopes(t *testing.T) {
	for in, want := range map[string]string{
		"":                   "[]",
		"store_v2_customers": "[store_v2_customers]",
		"store_v2_marketing store_v2_customers store_v2_marketing": "[store_v2_customers store_v2_marketing]",
		"store_v2_customers_read_only":                             "[store_v2_customers_read_only]",
	} {
		got, err := auth.ParseScopes(strings.Fields(in))
		if err != nil || fmt.Sprint(got) != want {
			t.Errorf("%s: %v, %v", in, got, err)
		}
	}
	for _, bad := range []string{"ALL", "store_v2_orders", "store_v2_customers,store_v2_marketing", " store_v2_customers"} {
		if got, err := auth.ParseScopes([]string{"store_v2_customers", bad}); err == nil || got != nil || !strings.Contains(err.Error(), "store_v2_marketing") {
			t.Errorf("%q: %v, %v", bad, got, err)
		}
	}
	all, err := auth.ParseScopes([]string{"all", "store_v2_customers"})
	if err != nil || len(all) != len(auth.FullScopes()) || !slices.Contains(all, auth.Customers) || slices.Contains(all, auth.CustomersReadOnly) {
		t.Errorf("all: %v, %v", all, err)
	}
}

func TestAllows(t *testing.T) {
	for _, c := range []struct {
		have []auth.Scope
		need auth.Requirement
		want bool
	}{
		{nil, auth.ReadCustomers, false}, {[]auth.Scope{auth.CustomersReadOnly}, auth.ReadCustomers, true}, {[]auth.Scope{auth.CustomersReadOnly}, auth.ModifyCustomers, false},
		{[]auth.Scope{auth.Customers}, auth.ReadCustomers, true}, {[]auth.Scope{auth.Marketing, auth.Customers}, auth.ModifyCustomers, true}, {auth.FullScopes(), auth.Requirement{}, false},
	} {
		if got := (&auth.Account{Scopes: c.have}).Allows(c.need); got != c.want {
			t.Errorf("%v for %v: %v", c.have, c.need, got)
		}
	}
}

func TestTokens(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		sys := system.Real()
		stores, accounts := store.NewService(db, sys), auth.NewAccounts(db, sys)
		var ids [2]int64
		for i, hash := range []string{"aaa", "bbb"} {
			st, err := stores.Create(t.Context(), hash, "", "")
			if err != nil {
				t.Fatal(err)
			}
			ids[i] = st.ID
		}
		create := func(st int64, c auth.Credentials) auth.Credentials {
			t.Helper()
			c, err := accounts.Create(t.Context(), st, "app", []auth.Scope{auth.Customers, auth.Marketing}, c)
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		a, b := create(ids[0], auth.Credentials{}), create(ids[1], auth.Credentials{})
		if len(a.AccessToken) != 31 || len(a.ClientID) != 31 || len(a.ClientSecret) != 64 || a == b {
			t.Errorf("credentials %+v", a)
		}
		// The same token may serve in two stores.
		create(ids[0], auth.Credentials{AccessToken: "shared"})
		create(ids[1], auth.Credentials{AccessToken: "shared"})
		look := func(hash, token string) *auth.Account {
			t.Helper()
			acc, err := accounts.ByToken(t.Context(), hash, token)
			if err != nil {
				t.Errorf("%q, %q: %v", hash, token, err)
			}
			return acc
		}
		if acc := look("aaa", a.AccessToken); acc == nil || acc.StoreID != ids[0] || acc.StoreHash != "aaa" || acc.ID != 1 || acc.ClientID != a.ClientID || fmt.Sprint(acc.Scopes) != "[store_v2_customers store_v2_marketing]" {
			t.Errorf("found %+v", acc)
		}
		if acc := look("bbb", "shared"); acc == nil || acc.StoreID != ids[1] || acc.ID != 2 {
			t.Errorf("shared: %+v", acc)
		}
		for _, c := range [][2]string{{"bbb", a.AccessToken}, {"aaa", b.AccessToken}, {"ccc", a.AccessToken}, {"aaa", ""}, {"", a.AccessToken}, {"aaa", "x"}, {"aaa", auth.HashToken(a.AccessToken)}, {"AAA", a.AccessToken}, {"\xff", "x"}, {"a\x00", "x"}} {
			if acc := look(c[0], c[1]); acc != nil {
				t.Errorf("%q names %+v", c, acc)
			}
		}
		if _, err := accounts.Create(t.Context(), ids[0], "twice", []auth.Scope{auth.Customers}, auth.Credentials{AccessToken: a.AccessToken}); !errors.Is(err, sqldb.ErrUnique) {
			t.Errorf("a token twice in a store: %v", err)
		}
		if err := accounts.Revoke(t.Context(), ids[1], 3); fault.As(err) == nil || fault.As(err).Kind != fault.NotFound {
			t.Errorf("revoking nothing: %v", err)
		}
		if err := accounts.Revoke(t.Context(), ids[0], 1); err != nil {
			t.Fatal(err)
		}
		if look("aaa", a.AccessToken) != nil || look("bbb", b.AccessToken) == nil {
			t.Error("the wrong account was revoked")
		}
		if err := accounts.Revoke(t.Context(), ids[0], 1); fault.As(err) == nil {
			t.Errorf("revoking twice: %v", err)
		}
		list, err := accounts.List(t.Context(), ids[0])
		if err != nil || len(list) != 2 || list[0].Revoked == 0 || list[1].Revoked != 0 {
			t.Errorf("list: %+v, %v", list, err)
		}
		for name, scopes := range map[string][]auth.Scope{"": {auth.Customers}, strings.Repeat("x", 256): {auth.Customers}, "no scopes": nil} {
			if _, err := accounts.Create(t.Context(), ids[0], name, scopes, auth.Credentials{}); fault.As(err) == nil || fault.As(err).Kind != fault.Invalid {
				t.Errorf("%.10q, %v: %v", name, scopes, err)
			}
		}
		if _, err := accounts.Create(t.Context(), 99, "app", []auth.Scope{auth.Customers}, auth.Credentials{}); fault.As(err) == nil {
			t.Errorf("no such store: %v", err)
		}
	})
}

func TestCache(t *testing.T) {
	db := dbtest.Open(t, sqldb.SQLite)
	sys := system.Real()
	accounts := auth.NewAccounts(db, sys)
	st, err := store.NewService(db, sys).Create(t.Context(), "aaa", "", "")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(1000, 0)
	cache := auth.NewCache(accounts, func() time.Time { return now })
	known := func(hash, token string) bool {
		t.Helper()
		a, err := cache.ByToken(t.Context(), hash, token)
		if err != nil {
			t.Fatal(err)
		}
		return a != nil
	}
	// Nothing is remembered of a token that is not in force yet.
	if known("aaa", "token") {
		t.Error("known before it exists")
	}
	if _, err := accounts.Create(t.Context(), st.ID, "app", []auth.Scope{auth.Customers}, auth.Credentials{AccessToken: "token"}); err != nil {
		t.Fatal(err)
	}
	if !known("aaa", "token") {
		t.Error("unknown though it exists")
	}
	if err := accounts.Revoke(t.Context(), st.ID, 1); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		after time.Duration
		want  bool
	}{{0, true}, {999 * time.Millisecond, true}, {time.Second, false}, {time.Hour, false}} {
		now = time.Unix(1000, 0).Add(c.after)
		if got := known("aaa", "token"); got != c.want {
			t.Errorf("%v after the revocation: %v", c.after, got)
		}
	}
	for _, c := range [][2]string{{"aaa", ""}, {"aaa", strings.Repeat("x", 513)}, {strings.Repeat("a", 513), "token"}, {"aa", "atoken"}, {"aaatoken", ""}} {
		if known(c[0], c[1]) {
			t.Errorf("%.20q is known", c)
		}
	}
}

func TestPasswordHashes(t *testing.T) {
	sys := system.Real()
	sys.Random = bytes.NewReader(slices.Concat(bytes.Repeat([]byte{1}, 16), bytes.Repeat([]byte{2}, 16)))
	p := auth.NewPasswords(sys)
	a, err := p.Hash(t.Context(), "Secret-123")
	if err != nil {
		t.Fatal(err)
	}
	b, err := p.Hash(t.Context(), "Secret-123")
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(a, "$")
	if len(parts) != 6 || strings.Join(parts[:5], "$") != "$argon2id$v=19$m=19456,t=2,p=1$AQEBAQEBAQEBAQEBAQEBAQ" || len(parts[5]) != 43 || a == b {
		t.Errorf("hashes %s and %s", a, b)
	}
	for _, c := range []struct {
		name, encoded, password string
		want                    bool
	}{
		{"right", a, "Secret-123", true}, {"right, other salt", b, "Secret-123", true}, {"wrong", a, "Secret-124", false}, {"empty", a, "", false}, {"case", a, "secret-123", false},
		{"huge", a, strings.Repeat("x", 251), false}, {"no hash", "", "", false}, {"no hash, any password", "", "Secret-123", false}, {"plain", "Secret-123", "Secret-123", false},
		{"cut", a[:len(a)-1], "Secret-123", false}, {"no key", a[:strings.LastIndex(a, "$")+1], "Secret-123", false}, {"salt of another", strings.Replace(a, parts[4], strings.Split(b, "$")[4], 1), "Secret-123", false},
		{"other kind", strings.Replace(a, "argon2id", "argon2i", 1), "Secret-123", false}, {"version", strings.Replace(a, "v=19", "v=16", 1), "Secret-123", false},
		{"no passes", strings.Replace(a, "t=2", "t=0", 1), "Secret-123", false}, {"no lanes", strings.Replace(a, "p=1", "p=0", 1), "Secret-123", false}, {"much memory", strings.Replace(a, "m=19456", "m=4000000000", 1), "Secret-123", false},
		{"garbled base64", strings.Replace(a, parts[4], "!!", 1), "Secret-123", false}, {"other cost", strings.Replace(a, "t=2", "t=1", 1), "Secret-123", false}, {"bcrypt", "$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy", "x", false},
	} {
		got, err := p.Verify(t.Context(), c.encoded, c.password)
		if got != c.want || err != nil {
			t.Errorf("%s: %v, %v", c.name, got, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	// A caller that has gone gets no further than the queue, whenever there is one.
	var wg sync.WaitGroup
	for range 4 * runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			if ok, err := p.Verify(ctx, a, "Secret-123"); !ok && !errors.Is(err, context.Canceled) {
				t.Errorf("%v, %v", ok, err)
			}
		})
	}
	wg.Wait()
}

// blocking yields randomness once it is let go, and counts who waits for it:
// they hold a slot.
type blocking struct {
	waiting chan struct{}
	free    chan struct{}
}

func (b *blocking) Read(p []byte) (int, error) {
	b.waiting <- struct{}{}
	<-b.free
	return len(p), nil
}

func TestHashingIsBounded(t *testing.T) {
	n := runtime.GOMAXPROCS(0)
	gate := &blocking{make(chan struct{}, 100), make(chan struct{})}
	sys := system.Real()
	sys.Random = gate
	p := auth.NewPasswords(sys)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			if _, err := p.Hash(t.Context(), "Secret-123"); err != nil {
				t.Error(err)
			}
		})
	}
	for range n {
		<-gate.waiting
	}
	late := make(chan error, 1)
	go func() { _, err := p.Hash(ctx, "Secret-123"); late <- err }()
	select {
	case <-gate.waiting:
		t.Error("one too many hashes at once")
	case err := <-late:
		t.Errorf("did not wait: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	cancel()
	if err := <-late; !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled while waiting: %v", err)
	}
	close(gate.free)
	wg.Wait()
}

func TestCheckPassword(t *testing.T) {
	for password, ok := range map[string]bool{
		"abcde12": true, "äöüßé12": true, "пароль1": true, "1234567a": true, strings.Repeat("a", 249) + "1": true,
		"": false, "abc123": false, "abcdefg": false, "1234567": false, "-------": false, strings.Repeat("a", 250) + "1": false, "abcde1\xff": false, "äöü1": false,
	} {
		if got := auth.CheckPassword(password); (got == "") != ok {
			t.Errorf("%.20q: %q", password, got)
		}
	}
}

func TestNeighbours(t *testing.T) {
	for peer, want := range map[string]string{
		"192.0.2.1": "192.0.2.1", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "::ffff:192.0.2.1": "::ffff:192.0.2.1", "fe80::1%eth0": "fe80::/64", "": "", "x": "x",
	} {
		if got := auth.Neighbours(peer); got != want {
			t.Errorf("%q is of %q, want %q", peer, got, want)
		}
	}
}
