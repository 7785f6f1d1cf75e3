package app_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"clientele/internal/app"
	"clientele/internal/intake"
)

const bodiesSeed = `
stores:
  - hash: one
    api_accounts:
      - {name: A, client_id: a, client_secret: secret-a, access_token: tok-a, scopes: [store_v2_customers]}
      - {name: B, client_id: b, client_secret: secret-b, access_token: tok-b, scopes: [store_v2_customers, store_storefront_api, store_storefront_api_customer_impersonation]}
`

func write(t *testing.T, text string) (file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "seed.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// slow is a request whose body stands still after its beginning.
type slow struct {
	name, line, header string
	shape              string // of the answer's type or body
}

// Five hundred bodies that stand still are in nobody's way, on any surface;
// they end in the words of their surface, and nothing of them is left.
func TestBodiesThatStandStill(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("has five hundred clients within a few seconds")
	}
	const pause = 4 * time.Second
	s, _, _ := start(t, func(c *app.Config) {
		c.Seed = write(t, bodiesSeed)
		c.RateLimitQuota = 100_000
		c.TrustedProxies = []string{"127.0.0.1"} // the test speaks for many
		c.Bodies = intake.Limits{Pause: pause}
	})
	// Tokens for GraphQL: one that pages have, and one of a server.
	graphql := func(kind string) string {
		status, text := fetch(t, http.MethodPost, s.URL+"/stores/one/v3/storefront/"+kind, "tok-b", fmt.Sprintf(`{"channel_id":1,"expires_at":%d}`, time.Now().Unix()+3600))
		m := regexp.MustCompile(`"token":"([^"]+)"`).FindStringSubmatch(text)
		if status != 200 || m == nil {
			t.Fatal(status, text)
		}
		return m[1]
	}
	page, impersonation := graphql("api-token"), graphql("api-token-customer-impersonation")
	kinds := []slow{
		{"subscriptions", "POST /api/storefront/subscriptions", "Content-Type: application/json", `"title":"Request Timeout"`},
		{"registration", "POST /api/storefront/customers", "Content-Type: application/json", `"status":408`},
		{"page", "POST /login.php?action=check_login", "Content-Type: application/x-www-form-urlencoded", "That took too long"},
		{"page of parts", "POST /login.php?action=save_new_account", "Content-Type: multipart/form-data; boundary=x", "That took too long"},
		{"sign-in link", "POST /login.php?action=passwordless_login", "Content-Type: application/json", `{"status":408,"title":"Request Timeout"}`},
		{"GraphQL of a page", "POST /graphql", "Content-Type: application/json\r\nAuthorization: Bearer " + page, `{"errors":[{"message":"The request body did not arrive in time."}]}`},
		{"GraphQL of a server", "POST /graphql", "Content-Type: application/json\r\nAuthorization: Bearer " + impersonation, `{"errors":[{"message":"The request body did not arrive in time."}]}`},
		{"V3", "POST /stores/one/v3/customers", "Content-Type: application/json\r\nX-Auth-Token: tok-a", `{"status":408,"title":"The request body did not arrive in time.","type":`},
		{"V2", "POST /stores/one/v2/customers", "Content-Type: application/json\r\nAccept: application/json\r\nX-Auth-Token: tok-a", `[{"status":408,"message":"The request body did not arrive in time."}]`},
		{"V2 in XML", "POST /stores/one/v2/customers", "Content-Type: application/xml\r\nAccept: application/xml\r\nX-Auth-Token: tok-a", `<error><status>408</status>`},
	}
	ways := []struct{ header, body string }{
		{"Content-Length: 60000", "x"},
		{"Content-Length: 60000", strings.Repeat("x", 5000)}, // which takes memory
		{"Transfer-Encoding: chunked", "1\r\nx\r\n"},
		{"Content-Encoding: gzip\r\nContent-Length: 60000", "\x1f\x8b\x08"},
		{"Content-Encoding: gzip\r\nTransfer-Encoding: chunked", "3\r\n\x1f\x8b\x08\r\n"},
	}
	const clients = 500
	var wg sync.WaitGroup
	began := make(chan struct{}, clients)
	for i := range clients {
		kind, way := kinds[i%len(kinds)], ways[i/len(kinds)%len(ways)]
		name := fmt.Sprintf("%s, %s", kind.name, way.header)
		conn, err := net.Dial("tcp", s.Address())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		peer := netip.AddrFrom4([4]byte{203, 0, 113, byte(1 + i%100)})
		// The answer to Expect comes when the body is being read.
		fmt.Fprintf(conn, "%s HTTP/1.1\r\nHost: %s\r\nX-Forwarded-For: %s\r\nExpect: 100-continue\r\n%s\r\n%s\r\n\r\n", kind.line, s.Address(), peer, kind.header, way.header)
		r := bufio.NewReader(conn)
		if line, err := r.ReadString('\n'); err != nil || !strings.HasPrefix(line, "HTTP/1.1 100") {
			t.Fatal(name, line, err)
		}
		if line, err := r.ReadString('\n'); err != nil || line != "\r\n" {
			t.Fatal(name, line, err)
		}
		fmt.Fprint(conn, way.body)
		began <- struct{}{}
		wg.Go(func() {
			res, err := http.ReadResponse(r, nil)
			if err != nil {
				t.Error(name, err)
				return
			}
			text, err := io.ReadAll(res.Body)
			if err != nil || res.StatusCode != http.StatusRequestTimeout || !res.Close || !strings.Contains(res.Header.Get("Content-Type")+string(text), kind.shape) {
				t.Errorf("%s: %d %v %v\n%s", name, res.StatusCode, res.Header, err, text)
			}
			if _, err := r.ReadByte(); !errors.Is(err, io.EOF) {
				t.Errorf("%s: the connection stays: %v", name, err)
			}
			<-began
		})
		// Others are served while they stand still.
		if i%25 == 0 {
			ask := func(what string, want int, method, path, token, body string) {
				t.Helper()
				if status, text := fetch(t, method, s.URL+path, token, body); status != want {
					t.Errorf("%s beside %d others: %d %s", what, i, status, text)
				}
			}
			ask("a read", 200, http.MethodGet, "/stores/one/v3/customers", "tok-b", "")
			ask("a large create", 200, http.MethodPost, "/stores/one/v3/customers", "tok-b",
				fmt.Sprintf(`[{"email":"%d@example.com","first_name":"A","last_name":"B","notes":%q}]`, i, strings.Repeat("n", 20_000)))
			ask("a subscription", 200, http.MethodPost, "/api/storefront/subscriptions", "",
				fmt.Sprintf(`{"email":"%d@example.com","acceptsMarketingNewsletter":true%s}`, i, strings.Repeat(" ", 20_000)))
			ask("a page", 200, http.MethodGet, "/login.php", "", "")
		}
	}
	if len(began) == 0 {
		t.Error("none was left at the end: the pause is too short for this machine")
	}
	wg.Wait()
	for _, from := range []string{"accounts", "visitors"} {
		want := fmt.Sprintf("clientele_request_body_bytes{from=%q} 0\n", from)
		for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
			_, text := fetch(t, http.MethodGet, s.URL+"/metrics", "", "")
			if strings.Contains(text, want) {
				break
			}
			if time.Now().After(end) {
				t.Fatalf("no %s in %s", want, text)
			}
		}
	}
}

// Bodies that nobody vouches for are small, on every surface.
func TestAnonymousBodiesAreSmall(t *testing.T) {
	s, _, _ := start(t, func(c *app.Config) { c.Seed = write(t, bodiesSeed) })
	for _, path := range []string{"/api/storefront/subscriptions", "/api/storefront/customers", "/api/storefront/consent", "/login.php?action=passwordless_login", "/login.php", "/subscribe.php"} {
		for _, chunked := range []bool{false, true} {
			body := io.Reader(strings.NewReader(strings.Repeat(" ", 64<<10+1)))
			if chunked {
				body = io.MultiReader(body)
			}
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+path, body)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/json")
			if strings.HasPrefix(path, "/login.php") && !strings.Contains(path, "=") || path == "/subscribe.php" {
				req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			}
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			if res.StatusCode != http.StatusRequestEntityTooLarge {
				t.Errorf("%s (chunked %v): %s", path, chunked, res.Status)
			}
		}
	}
	// An API account may send more.
	if status, text := fetch(t, http.MethodPost, s.URL+"/stores/one/v3/customers", "tok-a", strings.Repeat(" ", 70_000)+`[]`); status == http.StatusRequestEntityTooLarge {
		t.Error(status, text)
	}
	// Without a token GraphQL reads nothing.
	if status, text := fetch(t, http.MethodPost, s.URL+"/graphql", "", strings.Repeat(" ", 70_000)); status != http.StatusUnauthorized {
		t.Error(status, text)
	}
}

// Clients that write all of a request before they read get the answer, on every
// surface, and no reset.
func TestRefusalsArrive(t *testing.T) {
	s, _, _ := start(t, func(c *app.Config) { c.Seed = write(t, bodiesSeed) })
	body := strings.Repeat(" ", 5<<20)
	for line, status := range map[string]int{
		"POST /stores/one/v3/customers|":                     401,
		"POST /stores/one/v3/customers|X-Auth-Token: tok-a":  413,
		"POST /stores/one/v3/nothing|X-Auth-Token: tok-a":    404,
		"PATCH /stores/one/v3/customers|X-Auth-Token: tok-a": 501,
		"PUT /stores/one/v3/channels/1|X-Auth-Token: tok-a":  403,
		"POST /stores/one/v2/customers|":                     401,
		"POST /stores/one/v2/customers|X-Auth-Token: tok-a":  413,
		"POST /stores/one/v2/nothing|":                       404,
		"POST /api/storefront/customers|":                    413,
		"POST /api/storefront/nothing|":                      404,
		"POST /graphql|":                                     401,
		"POST /login.php?action=check_login|":                413,
		"POST /nothing|":                                     404,
		"POST /healthz|":                                     405,
	} {
		line, header, _ := strings.Cut(line, "|")
		if header != "" {
			header += "\r\n"
		}
		if strings.Contains(line, ".php") {
			header += "Content-Type: application/x-www-form-urlencoded\r\n"
		} else {
			header += "Content-Type: application/json\r\n"
		}
		conn, err := net.Dial("tcp", s.Address())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		if _, err := fmt.Fprintf(conn, "%s HTTP/1.1\r\nHost: %s\r\n%sContent-Length: %d\r\n\r\n%s", line, s.Address(), header, len(body), body); err != nil {
			t.Errorf("%s: the body is cut off: %v", line, err)
			continue
		}
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Errorf("%s: %v", line, err)
			continue
		}
		if text, err := io.ReadAll(res.Body); err != nil || res.StatusCode != status {
			t.Errorf("%s: %s, want %d, %v\n%.300s", line, res.Status, status, err, text)
		}
	}
}
