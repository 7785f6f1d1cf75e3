// Package visit is what the surfaces that shoppers meet share: which
// storefront a request is for, from which address it comes, the cookies that
// keep a shopper signed in and forms from being forged, and where redirects
// may lead.
package visit

import (
	"context"
	"encoding/hex"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"

	"clientele/internal/fault"
	"clientele/internal/history"
	"clientele/internal/limit"
	"clientele/internal/store"
	"clientele/internal/system"
)

// Config is what Visits needs.
type Config struct {
	System *system.System
	Hosts  *store.Hosts
	Log    *slog.Logger
	// Proxies are the networks whose X-Forwarded-For, -Proto and -Host count.
	Proxies []netip.Prefix
	// HTTPS: clients come by https whatever a connection and its headers say.
	// So it is in production, where the public URL decides.
	HTTPS bool
	// CrossSite reports whether pages of other sites may act in the sessions of a
	// store's shoppers; nil: nowhere.
	CrossSite func(ctx context.Context, storeID int64) (bool, error)
	// Reasons shows shoppers why something was refused: development only.
	Reasons bool
}

// Visits opens visits.
type Visits struct{ Config }

// New returns Visits.
func New(c Config) *Visits { return &Visits{c} }

// Visit is a request to a storefront.
type Visit struct {
	W      http.ResponseWriter
	R      *http.Request
	Site   store.Site
	Host   string     // as the client sees it, with the port if it has one
	Peer   limit.Peer // who asks
	Secure bool       // the client came by https
	// RequestID is what the answer is named by.
	RequestID string
	// Allowed: the request is of another site whose pages may act for shoppers.
	Allowed bool
	*Visits
	cross *bool // what CrossSite said
}

// ErrNoSite: no store has a storefront at the request's host.
var ErrNoSite = fault.New(fault.NotFound, "there is no store at this address")

// Open finds out which storefront a request is for. Without one the visit
// comes with ErrNoSite.
func (v *Visits) Open(w http.ResponseWriter, r *http.Request) (*Visit, error) {
	out := &Visit{W: w, R: r, Visits: v, Peer: v.Peer(r, false), Host: v.Host(r), RequestID: w.Header().Get("X-Request-Id")}
	scheme := v.Scheme(r)
	history.Arrive(r.Context(), out.Peer.Address)
	out.Secure = scheme == "https"
	site, ok, err := v.Hosts.Site(r.Context(), scheme, out.Host)
	if err == nil && !ok {
		err = ErrNoSite
	}
	out.Site = site
	return out, err
}

// Host returns the host that a client asks for, with the port if it names one:
// a trusted proxy tells it.
func (v *Visits) Host(r *http.Request) string {
	h := r.Header.Get("X-Forwarded-Host")
	if h == "" || strings.ContainsAny(h, ", /\\@?#") || !v.trusted(r) {
		return r.Host
	}
	return h
}

// Scheme returns how a client came: "http" or "https".
func (v *Visits) Scheme(r *http.Request) string {
	told := r.Header.Get("X-Forwarded-Proto")
	switch {
	case v.HTTPS:
		return "https"
	case (told == "http" || told == "https") && v.trusted(r):
		return told
	case r.TLS != nil:
		return "https"
	}
	return "http"
}

// Undeclared reports whether a request has the headers of a proxy that nobody
// has declared, so that they do not count.
func (v *Visits) Undeclared(r *http.Request) bool {
	for _, name := range []string{"X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host"} {
		if len(r.Header[name]) > 0 {
			return !v.trusted(r)
		}
	}
	return false
}

// Scheme returns how the client came: "http" or "https".
func (v *Visit) Scheme() string {
	if v.Secure {
		return "https"
	}
	return "http"
}

// Origin returns what addresses on the host that was asked begin with.
func (v *Visit) Origin() string { return v.Scheme() + "://" + v.Host }

// Asks returns the origin of the page that asks, as a browser tells it, or that
// of the host that was asked.
func (v *Visit) Asks() string {
	if origin := v.R.Header.Get("Origin"); strings.HasPrefix(origin, "http") && len(origin) <= 255 {
		return origin
	}
	return v.Origin()
}

// SafeRedirect returns target if it stays on the site whatever a browser makes
// of it, and fallback otherwise: a path with a single slash at its beginning,
// without backslashes and control characters.
func SafeRedirect(target, fallback string) string {
	return store.SafeRedirect(target, fallback)
}

func isToken(s string, digits int) bool {
	if len(s) != 2*digits {
		return false
	}
	_, err := hex.DecodeString(s)
	return err == nil
}
