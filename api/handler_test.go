package api_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"clientele/api"
	"clientele/api/apitest"
)

func ask(t *testing.T, method, path string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	api.Handler().ServeHTTP(w, r)
	return w
}

var served = map[string]string{
	"/docs":                                  "text/html; charset=utf-8",
	"/docs/page.js":                          "text/javascript; charset=utf-8",
	"/docs/page.css":                         "text/css; charset=utf-8",
	"/docs/swagger-ui-bundle.js":             "text/javascript; charset=utf-8",
	"/docs/swagger-ui.css":                   "text/css; charset=utf-8",
	"/docs/swagger-ui.LICENSE.txt":           "text/plain; charset=utf-8",
	"/docs/swagger-ui.NOTICE.txt":            "text/plain; charset=utf-8",
	"/docs/swagger-ui-bundle.js.LICENSE.txt": "text/plain; charset=utf-8",
	"/docs/graphql":                          "text/html; charset=utf-8",
	"/docs/graphql.js":                       "text/javascript; charset=utf-8",
	"/docs/graphql.css":                      "text/css; charset=utf-8",
	"/docs/graphiql.min.js":                  "text/javascript; charset=utf-8",
	"/docs/graphiql.min.css":                 "text/css; charset=utf-8",
	"/docs/react.production.min.js":          "text/javascript; charset=utf-8",
	"/docs/react-dom.production.min.js":      "text/javascript; charset=utf-8",
	"/docs/graphiql.LICENSE.txt":             "text/plain; charset=utf-8",
	"/docs/react.LICENSE.txt":                "text/plain; charset=utf-8",
	"/storefront.graphql":                    "text/plain; charset=utf-8",
	"/openapi.yaml":                          "application/yaml",
	"/openapi.json":                          "application/json",
}

func TestHandlerServesEverything(t *testing.T) {
	for path, kind := range served {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			w := ask(t, method, path)
			header := w.Header()
			if w.Code != http.StatusOK || header.Get("Content-Type") != kind {
				t.Errorf("%s %s: %d %s, want 200 %s", method, path, w.Code, header.Get("Content-Type"), kind)
			}
			if header.Get("ETag") == "" || header.Get("Cache-Control") == "" || header.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("%s %s: headers are %v", method, path, header)
			}
			if empty := w.Body.Len() == 0; empty != (method == http.MethodHead) {
				t.Errorf("%s %s: body of %d bytes", method, path, w.Body.Len())
			}
		}
	}
}

func TestHandlerKeepsItsOwnContract(t *testing.T) {
	validator := apitest.New(t)
	for _, path := range []string{"/docs", "/openapi.yaml", "/openapi.json"} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			w := ask(t, method, path)
			r := httptest.NewRequestWithContext(t.Context(), method, path, nil)
			if err := validator.Check(r, nil, w.Code, w.Header(), w.Body.Bytes()); err != nil {
				t.Error(err)
			}
			again := ask(t, method, path, "If-None-Match", w.Header().Get("ETag"))
			if again.Code != http.StatusNotModified {
				t.Errorf("%s %s: %d for a known ETag, want 304", method, path, again.Code)
			}
			if err := validator.Check(r, nil, again.Code, again.Header(), again.Body.Bytes()); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestHandlerServesTheDocument(t *testing.T) {
	if !bytes.Equal(ask(t, "GET", "/openapi.yaml").Body.Bytes(), api.YAML()) {
		t.Error("/openapi.yaml is not the document")
	}
	if !bytes.Equal(ask(t, "GET", "/openapi.json").Body.Bytes(), mustJSON(t)) {
		t.Error("/openapi.json is not the document")
	}
}

func TestHandlerRefuses(t *testing.T) {
	validator := apitest.New(t)
	for _, test := range []struct {
		method, path string
		status       int
	}{
		{"GET", "/", 404},
		{"GET", "/docs/nothing.js", 404},
		{"GET", "/docs/../openapi.yaml", 404},
		{"GET", "/docs/VENDORED.md", 404},
		{"GET", "/docs/swagger-ui.css.gz", 404},
		{"GET", "/docs/index.html", 404}, // its links fit only at /docs
		{"POST", "/docs", 405},
		{"DELETE", "/openapi.json", 405},
	} {
		w := ask(t, test.method, test.path)
		if w.Code != test.status {
			t.Errorf("%s %s: %d, want %d", test.method, test.path, w.Code, test.status)
		}
		r := httptest.NewRequestWithContext(t.Context(), test.method, test.path, nil)
		if err := validator.CheckRefusal(r, w.Code, w.Header(), w.Body.Bytes()); err != nil {
			t.Error(err)
		}
		if allow := w.Header().Get("Allow"); (allow != "") != (test.status == 405) {
			t.Errorf("%s %s: Allow is %q", test.method, test.path, allow)
		}
	}
	w := ask(t, "GET", "/docs/")
	if w.Code != http.StatusMovedPermanently || w.Header().Get("Location") != "../docs" {
		t.Errorf("/docs/: %d to %q", w.Code, w.Header().Get("Location"))
	}
}

func TestHandlerUnpacksForThoseWhoAsk(t *testing.T) {
	const path = "/docs/swagger-ui-bundle.js"
	plain := ask(t, "GET", path)
	if plain.Header().Get("Content-Encoding") != "" || plain.Body.Len() < 1_000_000 {
		t.Fatalf("plain: %d bytes, %v", plain.Body.Len(), plain.Header())
	}
	tags := map[string]bool{plain.Header().Get("ETag"): true}
	for accept, zipped := range map[string]bool{
		"gzip":                    true,
		"gzip, deflate, br, zstd": true,
		"br;q=1, GZIP;q=0.5":      true,
		"*":                       true,
		"*;q=0, gzip":             true,
		"":                        false,
		"br":                      false,
		"gzip;q=0":                false,
		"gzip;q=0, *":             false,
		"gzip;q=much":             false,
		"identity":                false,
	} {
		w := ask(t, "GET", path, "Accept-Encoding", accept)
		if got := w.Header().Get("Content-Encoding") == "gzip"; got != zipped {
			t.Errorf("Accept-Encoding %q: gzipped is %v, want %v", accept, got, zipped)
			continue
		}
		if w.Header().Get("Vary") != "Accept-Encoding" {
			t.Errorf("Accept-Encoding %q: Vary is %q", accept, w.Header().Get("Vary"))
		}
		if !zipped {
			continue
		}
		tags[w.Header().Get("ETag")] = true
		reader, err := gzip.NewReader(w.Body)
		if err != nil {
			t.Fatal(err)
		}
		if unpacked, err := io.ReadAll(reader); err != nil || !bytes.Equal(unpacked, plain.Body.Bytes()) {
			t.Errorf("Accept-Encoding %q: other content than without (%v)", accept, err)
		}
	}
	if len(tags) != 2 {
		t.Errorf("the two forms have the ETags %v, want two", tags)
	}
}

// The page may load only what this server has, and says so to the browser.
func TestPageStaysHere(t *testing.T) {
	w := ask(t, "GET", "/docs")
	policy := w.Header().Get("Content-Security-Policy")
	for _, part := range []string{"default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"} {
		if !strings.Contains(policy, part) {
			t.Errorf("policy %q lacks %s", policy, part)
		}
	}
	if strings.Contains(policy, "unsafe") || strings.Contains(policy, "http") {
		t.Errorf("policy %q lets in too much", policy)
	}
	links := regexp.MustCompile(`(?:src|href)="([^"]*)"`).FindAllStringSubmatch(w.Body.String(), -1)
	if len(links) < 6 {
		t.Errorf("only %d links in the page", len(links))
	}
	for _, link := range links {
		target := link[1]
		if target == "data:," {
			continue
		}
		if _, ok := served["/"+target]; !ok {
			t.Errorf("the page refers to %s", target)
		}
	}
	for _, path := range []string{"/docs/page.js", "/docs/page.css"} {
		if body := ask(t, "GET", path).Body.String(); strings.Contains(body, "//cdn") || strings.Contains(body, "http") {
			t.Errorf("%s refers to another host", path)
		}
	}
}

func TestUndeclaredRoutesAreNoticed(t *testing.T) {
	r := httptest.NewRequestWithContext(t.Context(), "GET", "/docs/page.js", nil)
	w := ask(t, "GET", "/docs/page.js")
	err := apitest.New(t).Check(r, nil, w.Code, w.Header(), w.Body.Bytes())
	if !errors.Is(err, apitest.ErrUndeclared) {
		t.Errorf("got %v, want ErrUndeclared", err)
	}
}
