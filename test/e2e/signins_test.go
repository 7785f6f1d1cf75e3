package e2e

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// An operator sees in the log, in the metrics and by a command who is held
// back, and ends it beside a running server.
func TestSignInsHeldBack(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, dsn string) {
		seeded(t, dsn)
		s := serve(t, "--database", dsn)
		c := s.client()
		c.call(http.StatusOK, http.MethodPost, "/customers", []any{map[string]any{
			"email": "locked@example.com", "first_name": "A", "last_name": "B", "authentication": map[string]any{"new_password": "Secret-123"},
		}})
		try := func(want int, password string) {
			t.Helper()
			c.call(want, http.MethodPost, "/customers/validate-credentials", map[string]any{"email": "locked@example.com", "password": password})
		}
		cli := func(args ...string) string {
			t.Helper()
			return must(t, append(append([]string{"sign-ins"}, args...), "--database", dsn, "--store", seedStore)...)
		}
		fails := func(code int, say string, args ...string) {
			t.Helper()
			p := run(t, t.TempDir(), nil, append(append([]string{"sign-ins"}, args...), "--database", dsn, "--store", seedStore)...)
			if line := oneLine(t, p.errs.String()); p.code != code || !strings.Contains(line, say) {
				t.Errorf("%q: exit code %d, %q does not say %q", args, p.code, line, say)
			}
		}
		if out := cli("list"); strings.Count(out, "\n") != 1 {
			t.Errorf("at first there is held back\n%s", out)
		}
		fails(1, "nothing is held back", "unlock", "--all")
		for range 10 {
			try(http.StatusOK, "wrong")
		}
		try(http.StatusTooManyRequests, "Secret-123")
		s.await(&s.errs, regexp.MustCompile(`level=WARN msg="sign-ins are held back: too many wrong passwords for one account" store=`+seedStore+` for=15m0s customer=2 `))
		if strings.Contains(s.errs.String(), "locked@") {
			t.Error("the log holds an email")
		}
		held := row(t, cli("list", "--customer", "2"), "customer 2")
		if len(held) != 5 || held[2] != "sign-in" || held[3] != "10" || !regexp.MustCompile(`^20\d\d-.*Z$`).MatchString(held[4]) {
			t.Errorf("the list has %q", held)
		}
		_, metrics, err := fetch(s.url + "/metrics")
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{
			`clientele_sign_ins_total{method="password",outcome="wrong_password"} 10`, `clientele_sign_ins_total{method="password",outcome="held_back"} 1`,
			`clientele_sign_in_lockouts_total{of="account"} 1`,
		} {
			if !strings.Contains(metrics, want) {
				t.Errorf("the metrics have no %s", want)
			}
		}
		fails(2, "want one of", "unlock")
		fails(2, "want one of", "unlock", held[0], "--all")
		fails(1, "nothing from 192.0.2.1 is held back", "unlock", "--address", "192.0.2.1")
		if out := cli("unlock", held[0]); !strings.Contains(out, "customer 2: sign-in is not held back any more") {
			t.Errorf("unlock prints %q", out)
		}
		try(http.StatusOK, "Secret-123")
		if out := cli("list"); strings.Count(out, "\n") != 1 {
			t.Errorf("after it there is held back\n%s", out)
		}
	})
}
