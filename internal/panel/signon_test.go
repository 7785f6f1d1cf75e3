package panel_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"clientele/internal/app"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/staff"
)

// provider is an identity provider that vouches for whom it is told.
type provider struct {
	t      *testing.T
	key    *rsa.PrivateKey
	server *httptest.Server
	asked  url.Values // the last request for somebody
	claims map[string]any
}

func newProvider(t *testing.T) *provider {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p := &provider{t: t, key: key}
	mux := http.NewServeMux()
	p.server = httptest.NewServer(mux)
	t.Cleanup(p.server.Close)
	at := p.server.URL
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		p.json(w, map[string]any{"issuer": at, "authorization_endpoint": at + "/authorize", "token_endpoint": at + "/token", "jwks_uri": at + "/keys", "id_token_signing_alg_values_supported": []string{"RS256"}})
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		p.json(w, map[string]any{"keys": []any{map[string]any{"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "1",
			"n": base64.RawURLEncoding.EncodeToString(key.N.Bytes()), "e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(key.E)).Bytes())}}})
	})
	mux.HandleFunc("/authorize", func(w http.ResponseWriter, r *http.Request) {
		p.asked = r.URL.Query()
		http.Redirect(w, r, p.asked.Get("redirect_uri")+"?code=1&state="+p.asked.Get("state"), http.StatusSeeOther)
	})
	mux.HandleFunc("/token", func(w http.ResponseWriter, r *http.Request) {
		sum := sha256.Sum256([]byte(r.FormValue("code_verifier")))
		if base64.RawURLEncoding.EncodeToString(sum[:]) != p.asked.Get("code_challenge") {
			t.Error("the verifier is not that of the challenge")
		}
		claims := map[string]any{"iss": at, "aud": "clientele", "exp": time.Now().Add(time.Minute).Unix(), "iat": time.Now().Unix(), "nonce": p.asked.Get("nonce")}
		for k, v := range p.claims {
			claims[k] = v
		}
		p.json(w, map[string]any{"access_token": "x", "token_type": "Bearer", "id_token": p.sign(claims)})
	})
	return p
}

func (p *provider) json(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		p.t.Error(err)
	}
}

func (p *provider) sign(claims map[string]any) string {
	text, err := json.Marshal(claims)
	if err != nil {
		p.t.Fatal(err)
	}
	enc := base64.RawURLEncoding
	signed := enc.EncodeToString([]byte(`{"alg":"RS256","kid":"1"}`)) + "." + enc.EncodeToString(text)
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, p.key, crypto.SHA256, sum[:])
	if err != nil {
		p.t.Fatal(err)
	}
	return signed + "." + enc.EncodeToString(signature)
}

// The provider lets in whom it has verified and who works here, and by its own
// name of them from then on.
func TestSingleSignOn(t *testing.T) {
	p := newProvider(t)
	w := open(t, dbtest.Open(t, sqldb.SQLite), stores, func(c *app.Config) { c.OIDCIssuer, c.OIDCClientID, c.OIDCName = p.server.URL, "clientele", "Acme" })
	w.person("ann@example.com", 1, staff.Owner)
	ann := map[string]any{"sub": "7", "email": "ann@example.com", "email_verified": true}
	for name, c := range map[string]struct {
		claims map[string]any
		status int
	}{
		"not verified":    {map[string]any{"sub": "7", "email": "ann@example.com"}, 403},
		"a stranger":      {map[string]any{"sub": "8", "email": "eve@example.com", "email_verified": true}, 403},
		"another nonce":   {map[string]any{"sub": "7", "email": "ann@example.com", "email_verified": true, "nonce": "x"}, 403},
		"another's token": {map[string]any{"sub": "7", "email": "ann@example.com", "email_verified": true, "aud": "x"}, 403},
	} {
		p.claims = c.claims
		if b := w.browser().get("/manage/single-sign-on"); b.status != c.status {
			t.Errorf("%s: %d\n%s", name, b.status, b.body)
		}
	}
	b := w.browser()
	b.get("/manage/sign-in").want(200, "", "Sign in with Acme")
	p.claims = ann
	b.get("/manage/single-sign-on?to=%2Fmanage%2Fprofile").want(200, "/manage/profile", "ann@example.com")
	// The answer is good once, in the browser that asked.
	back := "/manage/single-sign-on/callback?code=1&state=" + p.asked.Get("state")
	b.get(back).want(403, back)
	w.browser().get(back).want(403, back)
	// The address may become another one; the name stays. Nobody else gets in by it.
	p.claims = map[string]any{"sub": "7", "email": "moved@example.com", "email_verified": true}
	w.browser().get("/manage/single-sign-on").want(200, "/manage/store/one")
	p.claims = map[string]any{"sub": "9", "email": "ann@example.com", "email_verified": true}
	w.browser().get("/manage/single-sign-on").want(403, "")
}
