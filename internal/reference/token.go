package reference

import (
	"encoding/json"
	"net/http"
	"net/netip"

	"clientele/internal/fault"
	"clientele/internal/html"
	"clientele/internal/store"
)

// tokenHeader has to be sent by who asks for a token. A page of another site
// cannot send it without asking first, and is not answered then.
const tokenHeader = "X-Clientele-Docs"

// forwarded are headers of proxies. Who comes through one is elsewhere.
var forwarded = []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Via"}

// guard lets in pages of this server alone, read on the machine itself and
// under one of its own names.
func guard(h func(*site, http.ResponseWriter, *http.Request) (Key, error)) handler {
	return func(r *site, w http.ResponseWriter, req *http.Request) error {
		html.Secure(w.Header(), "no-referrer")
		w.Header().Set("Cross-Origin-Resource-Policy", "same-origin")
		if !here(req) {
			writeJSON(w, http.StatusForbidden, map[string]string{"title": "tokens are made for these pages alone, at localhost and 127.0.0.1"})
			return nil
		}
		key, err := h(r, w, req)
		if f := fault.As(err); f != nil {
			writeJSON(w, http.StatusUnprocessableEntity, map[string]string{"title": f.Error()})
			return nil
		}
		if err == nil {
			writeJSON(w, http.StatusOK, key)
		}
		return err
	}
}

// here reports whether a request was made by a page of this server that is
// read on this machine.
func here(r *http.Request) bool {
	if !store.OwnHost(r.Host) || r.Header.Get(tokenHeader) == "" {
		return false
	}
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" { // absent where it is no browser
		return false
	}
	for _, name := range forwarded {
		if r.Header.Get(name) != "" {
			return false
		}
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && peer.Addr().Unmap().IsLoopback()
}

func (r *site) token(w http.ResponseWriter, req *http.Request) (Key, error) {
	text, err := r.Read(w, req)
	if err != nil {
		return Key{}, err
	}
	var in struct {
		StoreHash string `json:"store_hash"`
	}
	if len(text) > 0 {
		if err := json.Unmarshal(text, &in); err != nil {
			return Key{}, fault.New(fault.Malformed, "the body must be a JSON object")
		}
	}
	return r.Keys.Management(req.Context(), in.StoreHash)
}

func (r *site) graphQLToken(_ http.ResponseWriter, req *http.Request) (Key, error) {
	scheme := "http"
	if req.TLS != nil {
		scheme = "https"
	}
	return r.Keys.Storefront(req.Context(), scheme, req.Host)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	// A client that hung up is of no interest here.
	_ = enc.Encode(v)
}
