package visit

import (
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
)

// Names of cookies. The first is the original's. None has a Domain, so each
// host has its own.
const (
	sessionCookie = "SHOP_SESSION_TOKEN"
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
	v.setCookie(sessionCookie, token, int(seconds))
	v.setCookie(formCookie, "", -1)
}

// Keep extends how long the browser keeps the token of a shopper who is still
// there.
func (v *Visit) Keep(token string, seconds int64) { v.setCookie(sessionCookie, token, int(seconds)) }

// ClearToken ends the browser's session.
func (v *Visit) ClearToken() {
	v.setCookie(sessionCookie, "", -1)
	v.setCookie(formCookie, "", -1)
}

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
	return isToken(want, 16) && subtle.ConstantTimeCompare([]byte(want), []byte(have)) == 1 && v.SameOrigin()
}

// SameOrigin reports whether a request does not come from another site's
// page, by what browsers say of it. Clients that are no browsers say nothing
// and carry no cookies that others could abuse.
func (v *Visit) SameOrigin() bool {
	switch v.R.Header.Get("Sec-Fetch-Site") {
	case "same-origin", "none":
		return true
	case "":
	default:
		return false
	}
	origin := v.R.Header.Get("Origin")
	if origin == "" {
		return true
	}
	u, err := url.Parse(origin)
	// Whoever sits between could make the pages of http.
	return err == nil && u.Host != "" && strings.EqualFold(u.Host, v.Host) && (u.Scheme == "https" || !v.Secure)
}

// Flash keeps a message's code, and in development what explains it, for the
// next page.
func (v *Visit) Flash(code, reason string) {
	if !v.Reasons {
		reason = ""
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
