package visit_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"clientele/internal/limit"
	"clientele/internal/visit"
)

// A backend names the shopper by exactly one address. Whatever else it sends
// is as good as nothing.
func TestPeer(t *testing.T) {
	visits := visit.New(visit.Config{Proxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}})
	silent := limit.Peer{Address: "192.0.2.80", Backend: true}
	for _, c := range []struct {
		told []string
		want limit.Peer
	}{
		{nil, silent},
		{[]string{"203.0.113.5"}, limit.Peer{Address: "203.0.113.5"}},
		{[]string{" 203.0.113.5\t"}, limit.Peer{Address: "203.0.113.5"}},
		{[]string{"2001:DB8:0::7"}, limit.Peer{Address: "2001:db8::7"}},
		{[]string{"::ffff:203.0.113.5"}, limit.Peer{Address: "203.0.113.5"}},
		{[]string{"::1"}, limit.Peer{Address: "::1"}},
		{[]string{""}, silent},
		{[]string{"203.0.113.5, 198.51.100.7"}, silent},
		{[]string{"203.0.113.5", "203.0.113.5"}, silent},
		{[]string{"203.0.113.5:443"}, silent},
		{[]string{"[2001:db8::7]"}, silent},
		{[]string{"2001:db8::7/64"}, silent},
		{[]string{"fe80::1%eth0"}, silent},
		{[]string{"0.0.0.0"}, silent},
		{[]string{"224.0.0.1"}, silent},
		{[]string{"010.0.0.1"}, silent},
		{[]string{"3405803781"}, silent},
		{[]string{"unknown"}, silent},
		{[]string{"203.0.113.5\x00"}, silent},
	} {
		for _, from := range []struct{ remote, forwarded string }{{"192.0.2.80:5", ""}, {"10.0.0.1:5", "192.0.2.80"}} {
			r := httptest.NewRequest(http.MethodPost, "/", nil)
			r.RemoteAddr = from.remote
			r.Header.Set("X-Forwarded-For", from.forwarded)
			r.Header[http.CanonicalHeaderKey(visit.ClientIP)] = c.told
			if got := visits.Peer(r, true); got != c.want {
				t.Errorf("%q from %s: %+v, want %+v", c.told, from.remote, got, c.want)
			}
			if got := visits.Peer(r, false); got != (limit.Peer{Address: "192.0.2.80"}) {
				t.Errorf("%q from %s, who is nobody: %+v", c.told, from.remote, got)
			}
		}
	}
}

func FuzzPeer(f *testing.F) {
	for _, s := range []string{"203.0.113.5", "::1", "::ffff:1.2.3.4", "a, b", "1.2.3.4:5", "fe80::1%x"} {
		f.Add(s)
	}
	visits := visit.New(visit.Config{})
	f.Fuzz(func(t *testing.T, told string) {
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		r.RemoteAddr = "192.0.2.80:5"
		r.Header[http.CanonicalHeaderKey(visit.ClientIP)] = []string{told}
		got := visits.Peer(r, true)
		if got == (limit.Peer{Address: "192.0.2.80", Backend: true}) {
			return
		}
		ip, err := netip.ParseAddr(got.Address)
		if err != nil || got.Backend || ip.Zone() != "" || ip.Is4In6() || ip.String() != got.Address {
			t.Errorf("%q: %+v", told, got)
		}
	})
}
