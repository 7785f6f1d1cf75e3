package storefront

import (
	"net/http"
	"net/url"

	"clientele/internal/fault"
)

var errForeign = fault.New(fault.Forbidden, "the request comes from another site than the store's")

// checkOrigin admits what the store's own pages send, and programs, which send
// no cookies that were not theirs. Pages on another of the store's origins may
// read the answer and are always guests.
func (c *Call) checkOrigin() error {
	if c.SameOrigin() {
		return nil
	}
	return c.admitSibling()
}

// admitSibling admits a page on another origin of the same store. Where the
// shopper came by https it has to be one of https too: whoever sits between
// could make the pages of http.
func (c *Call) admitSibling() error {
	c.guest = true
	h := c.W.Header()
	h.Add("Vary", "Origin")
	origin := c.R.Header.Get("Origin")
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" || u.Scheme != "https" && (u.Scheme != "http" || c.Secure) || origin != u.Scheme+"://"+u.Host {
		return errForeign
	}
	site, ok, err := c.Hosts.Known(c.Ctx(), u.Scheme, u.Host)
	if err != nil {
		return err
	}
	if !ok || site.StoreID != c.Site.StoreID {
		return errForeign
	}
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Expose-Headers", "X-Request-Id")
	return nil
}

// preflight answers a browser that asks whether a page may send a request.
// Cookies stay at home: there is no Access-Control-Allow-Credentials.
func (c *Call) preflight(methods string) error {
	if c.R.Header.Get("Origin") != "" && !c.SameOrigin() {
		if err := c.admitSibling(); err != nil {
			return err
		}
		h := c.W.Header()
		h.Set("Access-Control-Allow-Methods", methods)
		h.Set("Access-Control-Allow-Headers", "Accept, Content-Type, Idempotency-Key")
		h.Set("Access-Control-Max-Age", "600")
	}
	c.W.Header().Set("Allow", "OPTIONS, "+methods)
	c.SendEmpty(http.StatusNoContent)
	return nil
}
