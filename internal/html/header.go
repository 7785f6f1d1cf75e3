package html

import (
	"net/http"
	"strings"
)

// Policy is a Content-Security-Policy. A page loads nothing but what this
// server serves, holds no script or style of its own, and is shown in no other
// site's frame. The members let more in.
type Policy struct {
	Scripts []string // further sources of scripts
	Frames  []string // sources of frames
	Images  []string // further sources of pictures
	NoForms bool     // the page sends no form
}

// String returns the header's value.
func (p Policy) String() string {
	var b strings.Builder
	list := func(directive string, sources ...string) {
		if len(sources) > 0 {
			b.WriteString("; " + directive + " " + strings.Join(sources, " "))
		}
	}
	b.WriteString("default-src 'none'; style-src 'self'")
	list("script-src", append([]string{"'self'"}, p.Scripts...)...)
	list("connect-src", "'self'")
	list("img-src", append([]string{"'self'"}, p.Images...)...)
	if p.NoForms {
		list("form-action", "'none'")
	} else {
		list("form-action", "'self'")
	}
	b.WriteString("; frame-ancestors 'none'; base-uri 'none'")
	list("frame-src", p.Frames...)
	return b.String()
}

// Referrers of pages.
const (
	SameOrigin = "same-origin"
	// OriginAlone is for addresses that hold a secret. Nobody gets the address,
	// but forms still tell their origin, which "no-referrer" would make "null".
	OriginAlone = "strict-origin"
)

// Secure sets what every answer of a page carries, redirects included.
func Secure(h http.Header, referrer string) {
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
	h.Set("Referrer-Policy", referrer)
}
