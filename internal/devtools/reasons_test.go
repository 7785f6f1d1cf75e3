package devtools_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"clientele/internal/journal"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// last is the entry of the last request of a path.
func (l *live) last(path string) *journal.Shown {
	l.t.Helper()
	var out struct{ Data []*journal.Shown }
	if err := json.Unmarshal([]byte(l.control(200, "GET", "/requests?limit=1&path="+path, "")), &out); err != nil || len(out.Data) != 1 {
		l.t.Fatal(path, err, len(out.Data))
	}
	return out.Data[0]
}

// The journal says why somebody was not let in, in the words of the history,
// also where the answer does not.
func TestRefusalsHaveReasons(t *testing.T) {
	l := listen(t, dbtest.Open(t, sqldb.SQLite), nil)
	bearer := l.bearer()
	const token = "00112233445566778899aabbccddeeff"
	form := func(email, pass string) answer {
		return l.ask("POST", "/login.php?action=check_login", "authenticity_token="+token+"&login_email="+email+"&login_pass="+pass, "Content-Type", "application/x-www-form-urlencoded", "Cookie", "clientele_form="+token)
	}
	graphql := func(query, token string) answer {
		body, err := json.Marshal(map[string]string{"query": query})
		if err != nil {
			t.Fatal(err)
		}
		return l.ask("POST", "/graphql", string(body), "Authorization", "Bearer "+token, "Content-Type", "application/json")
	}
	for _, in := range []struct {
		name, path string
		ask        func() answer
		status     int
		want       string
	}{
		{"a page, a wrong password", "/login.php", func() answer { return form("jane%40example.com", "Wrong-1234") }, 422, "wrong_password"},
		{"a page, nobody", "/login.php", func() answer { return form("nobody%40example.com", "Wrong-1234") }, 422, "unknown_customer"},
		{"a password that is a word of the program", "/login.php", func() answer { return form("jane%40example.com", "password") }, 422, "wrong_password"},
		{"graphql, a wrong password", "/graphql", func() answer {
			return graphql(`mutation { login(email: "jane@example.com", password: "store") { result } }`, bearer)
		}, 200, "wrong_password"},
		{"graphql, a bad token", "/graphql", func() answer { return graphql(`{ site { settings { storeName } } }`, "x.y.z") }, 401, "GraphQL invalid credentials. String is not a JWT"},
		{"graphql, a field that there is not", "/graphql", func() answer { return graphql(`{ nothingLikeIt }`, bearer) }, 400, "Cannot query field"},
		{"a login token", "/login/token/x.y.z", func() answer { return l.ask("GET", "/login/token/x.y.z", "") }, 302, "the token is no JSON Web Token"},
		{"credentials of V3", "/stores/abc123/v3/customers/validate-credentials", func() answer {
			return l.api("POST", "/v3/customers/validate-credentials", `{"email":"jane@example.com","password":"Wrong-1234"}`)
		}, 200, "wrong_password"},
		{"no token", "/stores/abc123/v3/customers", func() answer { return l.ask("GET", "/stores/abc123/v3/customers", "") }, 401, "no X-Auth-Token header"},
		{"another token", "/stores/abc123/v3/customers", func() answer { return l.ask("GET", "/stores/abc123/v3/customers", "", "X-Auth-Token", "planted") }, 401, "the token is not one of this store's, or was revoked"},
		{"what is let in", "/login.php", func() answer { return l.ask("GET", "/login.php", "") }, http.StatusOK, ""},
	} {
		if a := in.ask(); a.status != in.status {
			t.Errorf("%s: %d %.300s", in.name, a.status, a.body)
		}
		if got := l.last(in.path).Reason; got != in.want && (in.want == "" || !strings.Contains(got, in.want)) {
			t.Errorf("%s: the reason is %q, want %q", in.name, got, in.want)
		}
	}
	// What holds a sign-in back is told, too.
	for range 30 {
		form("jane%40example.com", "Wrong-1234")
	}
	if got := l.last("/login.php").Reason; got != "held_back" {
		t.Errorf("after many wrong passwords the reason is %q", got)
	}
}
