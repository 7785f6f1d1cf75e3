package e2e

import (
	"bufio"
	"io"
	"net/http"
	"regexp"
	"syscall"
	"testing"
	"time"
)

var inside = regexp.MustCompile(`listening for management and metrics"?[ ,]"?address["=:]+(127\.0\.0\.1:\d+)`)

// The management API and the metrics have an address of their own, and a
// request there is waited for at the end as one in public is.
func TestInternalListen(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, dsn string) {
		seeded(t, dsn)
		s := serve(t, "--database", dsn, "--internal-listen", "127.0.0.1:0", "--shutdown-timeout", "50s")
		internal := "http://" + s.await(&s.errs, inside)[1]
		get := func(url string, want int) {
			t.Helper()
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("X-Auth-Token", seedToken)
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			if text, err := io.ReadAll(res.Body); err != nil || res.StatusCode != want {
				t.Errorf("%s answers %d: %s (%v)", url, res.StatusCode, text, err)
			}
		}
		for _, path := range []string{"/metrics", "/stores/" + seedStore + "/v3/customers", "/stores/" + seedStore + "/v2/customers"} {
			get(s.url+path, http.StatusNotFound)
			get(internal+path, http.StatusOK)
		}
		get(s.url+"/api/v2/customers", http.StatusNotFound)
		for _, base := range []string{s.url, internal} {
			get(base+"/healthz", http.StatusOK)
			get(base+"/readyz", http.StatusOK)
		}
		get(s.url+"/login.php", http.StatusOK)
		get(internal+"/login.php", http.StatusNotFound)
		public := s.url
		s.url = internal
		conn, rest := slowRequest(t, s, "slow@example.com")
		s.signal(syscall.SIGTERM)
		s.await(&s.errs, stopping)
		for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
			res, err := http.Get(public + "/healthz")
			if err != nil {
				break
			}
			res.Body.Close()
			if time.Now().After(deadline) {
				t.Fatal("a stopping server still answers in public")
			}
		}
		if _, err := conn.Write(rest); err != nil {
			t.Fatal(err)
		}
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if res.StatusCode != http.StatusOK {
			t.Errorf("the slow request is answered with %s", res.Status)
		}
		s.wait()
		if s.code != 0 {
			t.Errorf("exit code %d", s.code)
		}
	})
}
