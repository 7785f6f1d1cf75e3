package webhook

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// names is a resolver that gives every name one address.
func names(t *testing.T, addr string) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	ip := netip.MustParseAddr(addr)
	go func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(buf[:n]) != nil || len(m.Questions) == 0 {
				continue
			}
			m.Response, m.Additionals = true, nil
			q := m.Questions[0]
			head := dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 1}
			switch {
			case q.Type == dnsmessage.TypeA && ip.Is4():
				m.Answers = []dnsmessage.Resource{{Header: head, Body: &dnsmessage.AResource{A: ip.As4()}}}
			case q.Type == dnsmessage.TypeAAAA && ip.Is6():
				m.Answers = []dnsmessage.Resource{{Header: head, Body: &dnsmessage.AAAAResource{AAAA: ip.As16()}}}
			}
			if out, err := m.Pack(); err == nil {
				_, _ = conn.WriteTo(out, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

func (r Rules) client(d *net.Dialer) *http.Client {
	return &http.Client{Transport: r.Transport(d), Timeout: 5 * time.Second}
}

func TestProductionConnectsToPublicAddressesOnly(t *testing.T) {
	var reached atomic.Bool
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Store(true) }))
	defer server.Close()
	rules := Rules{Production: true}
	for _, target := range []string{
		server.URL, // an address
		"https://localhost/",
		"https://127.0.0.1/",
		"https://[::1]/",
		"https://[::ffff:127.0.0.1]/",
		"https://0.0.0.0/",
		"https://169.254.169.254/",
		"https://10.1.2.3/",
		"https://[64:ff9b::7f00:1]/",
		"https://8.8.8.8:22/", // a port
	} {
		_, err := rules.client(rules.Dialer()).Post(target, "application/json", strings.NewReader("{}"))
		if !errors.Is(err, ErrRefused) {
			t.Errorf("%s: %v", target, err)
		}
	}
	if reached.Load() {
		t.Error("the server was reached")
	}
}

// A name passes for a public one when a hook is made; what it stands for
// counts when it is used.
func TestNamesOfPrivateAddressesAreRefused(t *testing.T) {
	for _, addr := range []string{"127.0.0.1", "10.0.0.1", "169.254.169.254", "192.168.1.1", "100.64.0.1", "::1", "fd00::1", "::ffff:127.0.0.1", "64:ff9b::a00:1"} {
		rules := Rules{Production: true}
		const hook = "https://rebind.example.com/x"
		if _, why := rules.Destination(hook); why != "" {
			t.Fatal(why)
		}
		d := rules.Dialer()
		d.Resolver = names(t, addr)
		_, err := rules.client(d).Post(hook, "application/json", strings.NewReader("{}"))
		if !errors.Is(err, ErrRefused) {
			t.Errorf("%s: %v", addr, err)
		}
	}
}

func TestNoProxyOfTheEnvironment(t *testing.T) {
	proxy := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the proxy was asked") }))
	defer proxy.Close()
	t.Setenv("HTTP_PROXY", proxy.URL)
	t.Setenv("HTTPS_PROXY", proxy.URL)
	if tr := (Rules{}).Transport((Rules{}).Dialer()); tr.Proxy != nil || tr.TLSClientConfig.MinVersion < tls.VersionTLS12 {
		t.Error("a proxy, or old TLS, is possible")
	}
}

func TestAnswers(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/plain", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/headers", func(w http.ResponseWriter, _ *http.Request) {
		for i := range maxReplyHeaders + 1 {
			w.Header().Add("X", string(rune('a'+i%26)))
		}
	})
	mux.HandleFunc("/long-name", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set(strings.Repeat("x", 65), "1") })
	mux.HandleFunc("/long-value", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X", strings.Repeat("x", 9000)) })
	mux.HandleFunc("/many-long", func(w http.ResponseWriter, _ *http.Request) {
		for range 10 {
			w.Header().Add("X", strings.Repeat("x", 1000))
		}
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	client := Rules{}.client((Rules{}).Dialer())
	for path, want := range map[string]bool{"/plain": true, "/headers": false, "/long-name": false, "/long-value": false, "/many-long": true} {
		res, err := client.Post(server.URL+path, "application/json", strings.NewReader("{}"))
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		res.Body.Close()
		if err := CheckAnswer(res.Header); (err == nil) != want {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestHeadersWithoutEndAreNotRead(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for range 2000 {
			w.Header().Add("X", strings.Repeat("x", 1000))
		}
	}))
	defer server.Close()
	if _, err := (Rules{}).client((Rules{}).Dialer()).Post(server.URL, "application/json", strings.NewReader("{}")); err == nil {
		t.Error("two million bytes of headers were read")
	}
}
