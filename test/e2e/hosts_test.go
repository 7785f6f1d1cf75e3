package e2e

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// nameserver answers with the TXT records it is told, over UDP.
type nameserver struct {
	mu      sync.Mutex
	records map[string][]string
	asked   int
	conn    net.PacketConn
}

func newNameserver(t *testing.T) *nameserver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := &nameserver{records: map[string][]string{}, conn: conn}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for b := make([]byte, 4096); ; {
			size, from, err := conn.ReadFrom(b)
			if err != nil {
				return
			}
			if answer := n.answer(b[:size]); answer != nil {
				_, _ = conn.WriteTo(answer, from) // who does not get it asks again
			}
		}
	}()
	t.Cleanup(func() { conn.Close(); <-done })
	return n
}

func (n *nameserver) answer(query []byte) []byte {
	var m dnsmessage.Message
	if err := m.Unpack(query); err != nil || len(m.Questions) != 1 {
		return nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.asked++
	q := m.Questions[0]
	texts := n.records[strings.ToLower(q.Name.String())]
	out := dnsmessage.Message{Header: dnsmessage.Header{ID: m.ID, Response: true, RecursionAvailable: true}, Questions: m.Questions}
	if len(texts) == 0 {
		out.RCode = dnsmessage.RCodeNameError
	}
	if q.Type == dnsmessage.TypeTXT {
		for _, text := range texts {
			out.Answers = append(out.Answers, dnsmessage.Resource{
				Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 1}, Body: &dnsmessage.TXTResource{TXT: []string{text}},
			})
		}
	}
	b, err := out.Pack()
	if err != nil {
		return nil
	}
	return b
}

func (n *nameserver) set(name string, texts ...string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.records[name] = texts
}

// In production a host is a store's once its owner says so in DNS, or the
// operator does; nobody gets another store's shoppers by writing its name.
func TestHostsAreProved(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, dsn string) {
		cli := func(args ...string) string {
			t.Helper()
			return must(t, append(args, "--database", dsn)...)
		}
		const other = "pbb222"
		seeded(t, dsn)
		cli("store", "create", "--hash", other, "--name", "Second store")
		token := func(hash string) string {
			return regexp.MustCompile(`Access token\s+(\S+)`).FindStringSubmatch(cli("api-account", "create", "--store", hash, "--scopes", "store_sites"))[1]
		}
		dns := newNameserver(t)
		s := serve(t, "--database", dsn, "--mode", "production", "--public-url", "https://api.example", "--storefront-domain", "shops.example",
			"--trusted-proxy", "127.0.0.1", "--dns-server", dns.conn.LocalAddr().String())

		// ask sends a request through a proxy that ended TLS.
		ask := func(method, host, path, token, body string) (*http.Response, string) {
			t.Helper()
			req, err := http.NewRequest(method, s.url+path, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			req.Host = host
			req.Header.Set("X-Forwarded-Proto", "https")
			req.Header.Set("Content-Type", "application/json")
			if token != "" {
				req.Header.Set("X-Auth-Token", token)
			}
			res, err := http.DefaultTransport.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			text, err := io.ReadAll(res.Body)
			if err != nil {
				t.Fatal(err)
			}
			return res, string(text)
		}
		// shop is the store whose sign-in form a host shows.
		shop := func(host string) string {
			t.Helper()
			res, text := ask("GET", host, "/login.php", "", "")
			switch {
			case res.StatusCode == http.StatusNotFound:
				return ""
			case res.StatusCode == http.StatusOK && strings.Contains(text, "Demo store"):
				return seedStore
			case res.StatusCode == http.StatusOK && strings.Contains(text, "Second store"):
				return other
			}
			t.Fatalf("%s answers %d: %s", host, res.StatusCode, text)
			return ""
		}
		becomes := func(host, want string) {
			t.Helper()
			for deadline := time.Now().Add(patience); shop(host) != want; time.Sleep(100 * time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatalf("%s stays with %q and not %q", host, shop(host), want)
				}
			}
		}
		mine, theirs := token(seedStore), token(other)
		site := func(method, hash, token, url string, status int) string {
			t.Helper()
			body, err := json.Marshal(map[string]string{"url": url})
			if err != nil {
				t.Fatal(err)
			}
			res, text := ask(method, "api.example", "/stores/"+hash+"/v3/channels/1/site", token, string(body))
			if res.StatusCode != status {
				t.Fatalf("%s claims %s: %d %s", hash, url, res.StatusCode, text)
			}
			return res.Header.Get("X-Clientele-Reason")
		}

		const name, record = "www.shop.example", "_clientele.www.shop.example"
		if got := shop("store-" + other + ".shops.example"); got != other {
			t.Errorf("a store's own name shows %q", got)
		}
		for _, url := range []string{
			"https://store-" + other + ".shops.example", "http://store-" + other + ".shops.example", "https://store-" + other + ".shops.example:8443",
			"https://store-" + other + ".localhost", "https://store-later.shops.example", "https://api.example", "http://api.example:8443",
		} {
			site("PUT", seedStore, mine, url, http.StatusConflict)
		}
		if why := site("PUT", seedStore, mine, "https://"+name, http.StatusOK); !strings.Contains(why, record) || !strings.Contains(why, "store="+seedStore) {
			t.Errorf("the claim's reason is %q", why)
		}
		if why := site("POST", other, theirs, "https://"+name, http.StatusOK); !strings.Contains(why, "store="+other) {
			t.Errorf("the other claim's reason is %q", why)
		}
		if out := cli("host", "list", "--store", other); !strings.Contains(out, "waiting for proof: "+record+` TXT "store=`+other+`"`) {
			t.Errorf("host list prints %s", out)
		}
		if out := cli("unsubscribe-links", "--store", seedStore); !strings.Contains(out, "http://store-"+seedStore+".localhost:8080/") {
			t.Errorf("links lead to %s", out)
		}
		if got := shop(name); got != "" {
			t.Errorf("before its proof %s shows %q", name, got)
		}
		dns.set(record+".", "v=something", "store="+other)
		site("PUT", other, theirs, "https://"+name, http.StatusOK)
		becomes(name, other)
		if out := cli("host", "list", "--store", seedStore); !strings.Contains(out, "clashing: the store "+other+" has it") {
			t.Errorf("host list prints %s", out)
		}
		if out := cli("host", "list", "--store", other); !regexp.MustCompile(name + `\s+1\s.*counting since .* \(dns\)`).MatchString(out) {
			t.Errorf("host list prints %s", out)
		}
		site("PUT", seedStore, mine, "https://"+name+":8443", http.StatusConflict)

		// A server that starts again tells of the clash and keeps to it.
		s.stop()
		s.restart(t)
		told := s.await(&s.errs, regexp.MustCompile(`(?m)^.*two stores claim a host.*$`))[0]
		for _, want := range []string{"host=" + name, "store=" + other, "other=" + seedStore} {
			if !strings.Contains(told, want) {
				t.Errorf("the log lacks %q: %s", want, told)
			}
		}
		if got := shop(name); got != other {
			t.Errorf("after a restart %s shows %q", name, got)
		}

		// The operator's word, beside the server.
		p := run(t, t.TempDir(), nil, "host", "prove", "--store", seedStore, name, "--database", dsn)
		if p.code != 1 || !strings.Contains(oneLine(t, p.errs.String()), "belongs to another store") {
			t.Errorf("a host of another store is proved: %d %s", p.code, p.errs.String())
		}
		if out := cli("host", "release", "--store", other, strings.ToUpper(name)); !strings.Contains(out, "Channel 1 has no site any more.") {
			t.Errorf("host release prints %s", out)
		}
		becomes(name, "")
		cli("host", "prove", "--store", seedStore, name)
		becomes(name, seedStore)
		if out := cli("host", "list", "--store", seedStore); !strings.Contains(out, "(operator)") {
			t.Errorf("host list prints %s", out)
		}
		if why := site("PUT", seedStore, mine, "https://"+name, http.StatusOK); why != "" {
			t.Errorf("a claim that counts has the reason %q", why)
		}
		s.stop()
	})
}
