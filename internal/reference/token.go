package reference

import (
	"encoding/json"
	"net/http"

	"clientele/internal/fault"
	"clientele/internal/html"
	"clientele/internal/serve"
)

// tokenHeader has to be sent by who asks for a token. A page of another site
// cannot send it without asking first, and is not answered then.
const tokenHeader = "X-Clientele-Docs"

// guard lets in pages of this server alone, and whom Admit does.
func guard(h func(*site, http.ResponseWriter, *http.Request) (Key, error)) handler {
	return func(r *site, w http.ResponseWriter, req *http.Request) error {
		html.Secure(w.Header(), "no-referrer")
		w.Header().Set("Cross-Origin-Resource-Policy", "same-origin")
		err := r.Admit(w, req)
		if err == nil && (req.Header.Get(tokenHeader) == "" || req.Header.Get("Sec-Fetch-Site") == "none") {
			err = errNoPage
		}
		if f := fault.As(err); f != nil {
			writeJSON(w, serve.StatusOf(f.Kind), map[string]string{"title": f.Error()})
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

var errNoPage = fault.New(fault.Forbidden, "tokens are made for these pages alone")

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
