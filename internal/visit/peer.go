package visit

import (
	"net"
	"net/http"
	"net/netip"
	"strings"

	"clientele/internal/limit"
)

// ClientIP is the header in which a merchant's backend tells the address of
// the shopper for whom it asks.
const ClientIP = "True-Client-IP"

// Peer returns who asks. backend tells that the request carries a secret that
// only servers of the merchant have: from those, and from nobody else, it takes
// the shopper's address. What is not exactly one address is as good as none.
func (v *Visits) Peer(r *http.Request, backend bool) limit.Peer {
	if backend {
		if ip, ok := told(r.Header.Values(ClientIP)); ok {
			return limit.Peer{Address: ip}
		}
	}
	ip, ok := remote(r)
	switch {
	case !ok:
		return limit.Peer{Backend: backend}
	case v.trusts(ip):
		return limit.Peer{Address: v.client(plain(ip), r.Header.Values("X-Forwarded-For")), Backend: backend}
	}
	return limit.Peer{Address: written(ip, r.RemoteAddr), Backend: backend}
}

// told reads the values of ClientIP.
func told(values []string) (ip string, ok bool) {
	if len(values) != 1 {
		return "", false
	}
	addr, err := netip.ParseAddr(strings.TrimSpace(values[0]))
	if err != nil || addr.Zone() != "" || addr.IsUnspecified() || addr.IsMulticast() {
		return "", false
	}
	return plain(addr), true
}

// client walks from the nearest proxy towards the client and stops at the
// first address that is no trusted proxy: what lies beyond may be made up.
func (v *Visits) client(peer string, forwarded []string) string {
	hops := strings.Split(strings.Join(forwarded, ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			return peer
		}
		if peer = plain(hop); !v.trusts(hop) {
			return peer
		}
	}
	return peer
}

// trusted reports whether a request comes from a proxy whose headers count.
func (v *Visits) trusted(r *http.Request) bool {
	if len(v.Proxies) == 0 {
		return false
	}
	ip, ok := remote(r)
	return ok && v.trusts(ip)
}

func (v *Visits) trusts(ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	for _, p := range v.Proxies {
		if p.Contains(ip) {
			return true
		}
	}
	return false
}

// remote returns the address that a request's connection comes from.
func remote(r *http.Request) (netip.Addr, bool) {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}, false
	}
	ip, err := netip.ParseAddr(host)
	return ip, err == nil
}

// written is plain for an address that a text may begin with in that form
// already.
func written(ip netip.Addr, text string) string {
	var b [64]byte
	short := ip.Unmap().WithZone("").AppendTo(b[:0])
	if strings.HasPrefix(text, string(short)) && text[len(short):][:1] == ":" {
		return text[:len(short)]
	}
	return string(short)
}

// plain returns an address in its shortest form.
func plain(ip netip.Addr) string { return ip.Unmap().WithZone("").String() }
