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
	peer := address(r.RemoteAddr)
	if v.trusted(peer) {
		peer = v.client(peer, r.Header.Values("X-Forwarded-For"))
	}
	return limit.Peer{Address: peer, Backend: backend}
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
		if peer = plain(hop); !v.trusted(peer) {
			return peer
		}
	}
	return peer
}

func (v *Visits) trusted(peer string) bool {
	ip, err := netip.ParseAddr(peer)
	if err != nil {
		return false
	}
	for _, p := range v.Proxies {
		if p.Contains(ip) {
			return true
		}
	}
	return false
}

// address returns the IP of "ip:port" in its shortest form.
func address(remote string) string {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		return ""
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return ""
	}
	return plain(ip)
}

// plain returns an address in its shortest form.
func plain(ip netip.Addr) string { return ip.Unmap().WithZone("").String() }
