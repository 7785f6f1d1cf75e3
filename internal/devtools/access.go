package devtools

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"clientele/internal/fault"
	"clientele/internal/store"
)

// Access says who comes to what exists in development mode alone.
type Access struct {
	// Token is asked of everybody, under whatever name they came. Without one
	// those come who are on the machine and ask for it by a name of its own.
	Token string
	// Names are further hosts of this server.
	Names []string
}

var (
	errName    = fault.New(fault.Forbidden, "this is for who is on the machine itself and asks for localhost, an address or the server's own name; others need --control-token")
	errForeign = fault.New(fault.Forbidden, "pages of other sites may not ask for this")
	errToken   = fault.New(fault.Unauthorized, "send the control token as Authorization: Bearer TOKEN, or as the password of Basic")
)

// Admit refuses who may not come. A page of another site may not ask, with a
// token or without.
func (a *Access) Admit(w http.ResponseWriter, r *http.Request) error {
	if site := r.Header.Get("Sec-Fetch-Site"); site == "cross-site" || site == "same-site" { // absent where it is no browser
		return errForeign
	}
	if o := r.Header.Get("Origin"); o != "" {
		if u, err := url.Parse(o); err != nil || !strings.EqualFold(u.Host, r.Host) {
			return errForeign
		}
	}
	if a.Token != "" {
		if !a.holds(r) {
			w.Header().Set("WWW-Authenticate", `Basic realm="Clientele development", charset="UTF-8"`)
			return errToken
		}
		return nil
	}
	if !atMachine(r) {
		return errName
	}
	name := store.HostName(r.Host)
	if _, err := netip.ParseAddr(strings.Trim(name, "[]")); err == nil || store.OwnHost(r.Host) {
		return nil
	}
	for _, n := range a.Names {
		if name != "" && name == store.HostName(n) {
			return nil
		}
	}
	return errName
}

// forwarded are headers of proxies. Who comes through one is elsewhere.
var forwarded = []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Via"}

// atMachine reports whether a request was made on this machine.
func atMachine(r *http.Request) bool {
	for _, name := range forwarded {
		if r.Header.Get(name) != "" {
			return false
		}
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && peer.Addr().Unmap().IsLoopback()
}

func (a *Access) holds(r *http.Request) bool {
	given, is := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !is {
		_, given, _ = r.BasicAuth()
	}
	x, y := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(a.Token))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}
