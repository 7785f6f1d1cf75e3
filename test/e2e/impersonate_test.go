package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Servers are killed while links of impersonations are followed, several times
// at once. Each lets one in and no more, and has one entry of that.
func TestKilledWhileImpersonating(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, dsn string) {
		seeded(t, dsn)
		s := serve(t, "--database", dsn)
		id := fmt.Sprint(s.client().create("impersonated@example.com").ID)
		cli := func(args ...string) string {
			t.Helper()
			return must(t, append(args, "--database", dsn, "--store", seedStore)...)
		}
		const links = 8
		var to [links]*url.URL
		for i := range to {
			u, err := url.Parse(strings.TrimSpace(cli("impersonate", "start", id, "--reason", fmt.Sprint("ticket ", i))))
			if err != nil {
				t.Fatal(err)
			}
			to[i] = u
		}
		var in, unknown [links]atomic.Int64
		// follow presses the button of a link and tells whether there was an answer.
		follow := func(at string, i int) bool {
			status, where, err := press(at, to[i])
			switch {
			case err != nil:
				unknown[i].Add(1)
				return false
			case status == http.StatusSeeOther && where == "/account.php":
				in[i].Add(1)
			case status != http.StatusSeeOther || where != "/login.php":
				t.Errorf("%d, %s", status, where)
			}
			return true
		}
		var all sync.WaitGroup
		for i := range to {
			for range 3 {
				all.Go(func() { follow(s.url, i) })
			}
			if i == links/2 {
				time.Sleep(10 * time.Millisecond)
				s.kill()
				all.Wait()
				s.restart(t)
			}
		}
		all.Wait()
		for i := range to {
			if !follow(s.url, i) {
				t.Errorf("link %d has no answer", i)
			}
			switch n := in[i].Load(); {
			case n > 1:
				t.Errorf("link %d let %d in", i, n)
			case n == 0 && unknown[i].Load() == 0:
				t.Errorf("link %d let nobody in", i)
			}
		}
		if n := strings.Count(cli("impersonate", "list", "--customer", id), " active "); n != links {
			t.Errorf("%d are active:\n%s", n, cli("impersonate", "list"))
		}
		if n := strings.Count(cli("history", "list", "--action", "signed_in", "--resource", "impersonation"), "signed_in"); n != links {
			t.Errorf("%d entries", n)
		}
		cli("impersonate", "end", "1")
		if out := cli("impersonate", "list"); strings.Count(out, " active ") != links-1 || strings.Count(out, " ended ") < 1 {
			t.Errorf("after an end:\n%s", out)
		}
		s.stop()
	})
}

// press posts the form of an impersonation's page.
func press(at string, link *url.URL) (status int, where string, err error) {
	const form = "0123456789abcdef0123456789abcdef"
	body := url.Values{"authenticity_token": {form}, "token": {link.Query().Get("token")}}
	r, err := http.NewRequest(http.MethodPost, at+"/login.php?action=impersonate", strings.NewReader(body.Encode()))
	if err != nil {
		return 0, "", err
	}
	r.Host = link.Host
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.AddCookie(&http.Cookie{Name: "clientele_form", Value: form})
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	return res.StatusCode, res.Header.Get("Location"), nil
}
