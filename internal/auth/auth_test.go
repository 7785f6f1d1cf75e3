package auth_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
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

func TestParseGrant(t *testing.T) {
	for in, want := range map[string]string{
		"":                   "[]",
		"store_v2_customers": "[store_v2_customers]",
		"store_v2_marketing store_v2_customers store_v2_marketing":        "[store_v2_customers store_v2_marketing]",
		"store_v2_customers_read_only":                                    "[store_v2_customers_read_only]",
		"store_checkout store_checkouts store_content_checkout_read_only": "[store_checkout_content_read_only store_checkouts]",
	} {
		got, err := auth.ParseGrant(strings.Fields(in))
		if err != nil || fmt.Sprint(got.New()) != want || fmt.Sprint(got.Over(auth.FullScopes())) != want || got.Empty() != (in == "") {
			t.Errorf("%s: %v, %v", in, got, err)
		}
	}
	for _, bad := range []string{"ALL", "store_v2_content", "store_v2_customers,store_v2_marketing", " store_v2_customers"} {
		if got, err := auth.ParseGrant([]string{"store_v2_customers", bad}); err == nil || !got.Empty() || !strings.Contains(err.Error(), "store_v2_marketing") {
			t.Errorf("%q: %v, %v", bad, got, err)
		}
	}
	grant, err := auth.ParseGrant([]string{"all", "store_v2_customers"})
	all := grant.New()
	if err != nil || len(all) != len(auth.FullScopes()) || !slices.Contains(all, auth.Customers) || slices.Contains(all, auth.CustomersReadOnly) || !slices.Contains(all, auth.ClienteleHistory) {
		t.Errorf("all: %v, %v", all, err)
	}
}

// What guards our own operations is given to accounts that are there by name,
// never by "all".
func TestAllDoesNotWidenAnAccount(t *testing.T) {
	ours := []auth.Scope{auth.ClienteleHistory, auth.ClienteleImpersonate, auth.ClientelePerson, auth.ClienteleTransfer, auth.ClienteleTokens}
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		sys := system.Real()
		st, err := store.NewService(db, sys).Create(t.Context(), "aaa", "", "")
		if err != nil {
			t.Fatal(err)
		}
		accounts := auth.NewAPIAccounts(db, sys)
		put := func(client string, names ...string) []auth.Scope {
			t.Helper()
			grant, err := auth.ParseGrant(names)
			if err != nil {
				t.Fatal(err)
			}
			if err := db.Write(t.Context(), st.ID, func(tx *sqldb.Tx) error {
				return auth.PutAccount(tx, "app", grant, auth.Credentials{ClientID: client, ClientSecret: "s", AccessToken: client}, 1)
			}); err != nil {
				t.Fatal(err)
			}
			a, err := accounts.ByToken(t.Context(), "aaa", client)
			if err != nil || a == nil {
				t.Fatal(a, err)
			}
			return slices.DeleteFunc(a.Scopes, func(s auth.Scope) bool { return !slices.Contains(ours, s) && s != auth.Orders })
		}
		want := func(what string, got []auth.Scope, want ...auth.Scope) {
			t.Helper()
			slices.Sort(want)
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%s: %v, want %v", what, got, want)
			}
		}
		want("a new account", put("new", "all"), append(ours, auth.Orders)...)
		want("again", put("new", "all"), append(ours, auth.Orders)...)
		want("a customers' account", put("old", "store_v2_customers"))
		want("with all", put("old", "all"), auth.Orders)
		want("with one by name", put("old", "all", "store_clientele_history"), auth.Orders, auth.ClienteleHistory)
		want("with all, having one", put("old", "all"), auth.Orders, auth.ClienteleHistory)
		want("with less", put("old", "store_v2_customers"))
		want("with all, having lost it", put("old", "all"), auth.Orders)
	})
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
		if got := (&auth.APIAccount{Scopes: c.have}).Allows(c.need); got != c.want {
			t.Errorf("%v for %v: %v", c.have, c.need, got)
		}
	}
}

func TestTokens(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		sys := system.Real()
		stores, accounts := store.NewService(db, sys), auth.NewAPIAccounts(db, sys)
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
		look := func(hash, token string) *auth.APIAccount {
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
	accounts := auth.NewAPIAccounts(db, sys)
	st, err := store.NewService(db, sys).Create(t.Context(), "aaa", "", "")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(1000, 0)
	cache := auth.NewCache(accounts, &system.System{Clock: func() time.Time { return now }})
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
