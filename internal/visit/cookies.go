package visit

import (
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"

	"clientele/internal/history"
)

// Names of cookies. The first two are the original's. None has a Domain, so
// each host has its own.
const (
	sessionCookie = "SHOP_SESSION_TOKEN"
	serverCookie  = "SHOP_TOKEN"
	formCookie    = "clientele_form"
	flashCookie   = "clientele_flash"
)

// FormField is the name of the field that a form proves its origin with.
const FormField = "authenticity_token"

func (v *Visit) setCookie(name, value string, maxAge int) {
	http.SetCookie(v.W, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: maxAge,
		HttpOnly: true, Secure: v.Secure, SameSite: http.SameSiteLaxMode,
	})
}

// setSession is setCookie for what carries the session. Of a store whose
// token lets pages of other sites act for the shopper, browsers return it to
// those too, if they came by https. It is not partitioned: the pages of the
// store itself would not get it.
func (v *Visit) setSession(name, value string, maxAge int) {
	mode := http.SameSiteLaxMode
	if cross, err := v.crossSite(); cross && err == nil && !v.planted() {
		mode = http.SameSiteNoneMode
	}
	http.SetCookie(v.W, &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: maxAge, HttpOnly: true, Secure: v.Secure, SameSite: mode})
}

// crossSite reports whether browsers may return the session's cookie to pages
// of other sites.
func (v *Visit) crossSite() (bool, error) {
	if !v.Secure || v.CrossSite == nil || v.Site.StoreID == 0 {
		return false, nil
	}
	if v.cross == nil {
		yes, err := v.CrossSite(v.R.Context(), v.Site.StoreID)
		if err != nil {
			v.Log.Warn("allowed origins not known", "error", err, "store", v.Site.StoreHash, "request_id", v.RequestID)
			return false, err
		}
		v.cross = &yes
	}
	return *v.cross, nil
}

// planted reports whether something on another site's page, such as a picture,
// makes the request, and nobody has looked whether that site may. Browsers drop
// a cookie that is Lax there.
func (v *Visit) planted() bool {
	switch v.R.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
		return false
	}
	return !v.Allowed && v.embedded()
}

// embedded reports whether a page loads what is asked for, instead of a person
// going there, as far as the browser tells.
func (v *Visit) embedded() bool {
	dest := v.R.Header.Get("Sec-Fetch-Dest")
	return dest != "" && dest != "document"
}

func (v *Visit) cookie(name string) string {
	c, err := v.R.Cookie(name)
	if err != nil {
		return ""
	}
	return c.Value
}

// Token returns the session token that the browser sent, or "".
func (v *Visit) Token() string { return v.cookie(sessionCookie) }

// SetToken keeps the shopper signed in for so many seconds. The token of
// forms is renewed: what was shown before signing in proves nothing after it.
func (v *Visit) SetToken(token string, seconds int64) {
	v.setSession(sessionCookie, token, int(seconds))
	v.setSession(formCookie, "", -1)
}

// Keep extends how long the browser keeps the token of a shopper who is still
// there.
func (v *Visit) Keep(token string, seconds int64) { v.setSession(sessionCookie, token, int(seconds)) }

// ClearToken ends the browser's session.
func (v *Visit) ClearToken() {
	v.setSession(sessionCookie, "", -1)
	v.setSession(formCookie, "", -1)
}

// ServerToken returns the customer access token that a storefront's server
// sends in a cookie, or "".
func (v *Visit) ServerToken() string { return v.cookie(serverCookie) }

// SetServerToken gives a storefront's server a customer access token in the
// cookie that it passes on to its shopper's browser, for so many seconds.
func (v *Visit) SetServerToken(token string, seconds int64) {
	v.setCookie(serverCookie, token, int(seconds))
}

// ClearServerToken ends what SetServerToken gave.
func (v *Visit) ClearServerToken() { v.setCookie(serverCookie, "", -1) }

// FormToken returns what a form of this browser carries in FormField, and
// makes sure that the browser has its counterpart.
func (v *Visit) FormToken() string {
	token := v.cookie(formCookie)
	if !isToken(token, 16) {
		token = v.System.Hex(16)
		v.setCookie(formCookie, token, 0)
		v.R.AddCookie(&http.Cookie{Name: formCookie, Value: token}) // for the next form on the page
	}
	return token
}

// Genuine reports whether a posted form comes from one of this site's pages:
// it has the browser's form token, and the browser does not say otherwise.
func (v *Visit) Genuine() bool {
	want, have := v.cookie(formCookie), v.R.PostFormValue(FormField)
	same, told := v.origin()
	return isToken(want, 16) && subtle.ConstantTimeCompare([]byte(want), []byte(have)) == 1 && (same || !told)
}

// SameOrigin reports whether a request does not come from another site's
// page, by what browsers say of it. Clients that are no browsers say nothing
// and carry no cookies that others could abuse. Where browsers return the
// session's cookie to other sites, saying nothing is not enough to change
// anything with it.
func (v *Visit) SameOrigin() bool {
	same, told := v.origin()
	if told {
		return same
	}
	if v.R.Method == http.MethodGet || v.R.Method == http.MethodHead || v.Token() == "" {
		return true
	}
	cross, err := v.crossSite()
	return !cross && err == nil
}

// LedHere reports whether a person went to the address, from wherever. What a
// page of another site loads comes with the session's cookie too, where browsers
// return it to other sites.
func (v *Visit) LedHere() bool {
	switch v.R.Header.Get("Sec-Fetch-Site") {
	case "same-origin", "none":
		return true
	case "":
	default:
		return !v.embedded()
	}
	if v.R.Referer() != "" {
		return true
	}
	cross, err := v.crossSite()
	return !cross && err == nil
}

// origin reports whether a request comes from a page of this site, and whether
// the client tells at all.
func (v *Visit) origin() (same, told bool) {
	switch v.R.Header.Get("Sec-Fetch-Site") {
	case "same-origin", "none":
		return true, true
	case "":
	default:
		return false, true
	}
	origin := v.R.Header.Get("Origin")
	if origin == "" {
		return false, false
	}
	u, err := url.Parse(origin)
	// Whoever sits between could make the pages of http.
	return err == nil && u.Host != "" && strings.EqualFold(u.Host, v.Host) && (u.Scheme == "https" || !v.Secure), true
}

// Flash keeps a message's code, and in development what explains it, for the
// next page.
func (v *Visit) Flash(code, reason string) {
	if !v.Reasons {
		reason = ""
	}
	if reason != "" {
		history.Refuse(v.R.Context(), reason)
	}
	v.setCookie(flashCookie, base64.RawURLEncoding.EncodeToString([]byte(code+"\n"+reason)), 60)
}

// TakeFlash returns what Flash kept, once.
func (v *Visit) TakeFlash() (code, reason string) {
	text, err := base64.RawURLEncoding.DecodeString(v.cookie(flashCookie))
	if err != nil || len(text) == 0 {
		return "", ""
	}
	v.setCookie(flashCookie, "", -1)
	code, reason, _ = strings.Cut(string(text), "\n")
	if !v.Reasons {
		reason = ""
	}
	return code, reason
}
