package api

import (
	"fmt"
	"net/http"
	"strings"
)

// policy lets the page use what this server gives it and nothing else. The
// data: images are icons inside the reader's style sheet.
const policy = "default-src 'none'; " +
	"script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// explorerPolicy is policy for the GraphQL explorer, whose style sheet holds
// its fonts and whose editor sets styles of single elements.
const explorerPolicy = "default-src 'none'; " +
	"script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// statusList is what every refusal names as the place where statuses are
// explained.
const statusList = "https://developer.bigcommerce.com/api-docs/getting-started/api-status-codes"

// Handler serves the document at /openapi.yaml and /openapi.json, the page that
// shows it at /docs with its parts below /docs/, the GraphQL schema at
// /storefront.graphql and its explorer at /docs/graphql. It answers GET and
// HEAD.
func Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("X-Content-Type-Options", "nosniff")
		a, ok, err := find(r.URL.Path)
		switch {
		case err != nil:
			refuse(w, http.StatusInternalServerError)
		case r.URL.Path == "/docs/":
			moveToPage(w)
		case !ok:
			refuse(w, http.StatusNotFound)
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			header.Set("Allow", "GET, HEAD")
			refuse(w, http.StatusMethodNotAllowed)
		default:
			if a.kind == typeHTML {
				header.Set("Content-Security-Policy", policy)
				if r.URL.Path == explorerPath {
					header.Set("Content-Security-Policy", explorerPolicy)
				}
				header.Set("Referrer-Policy", "no-referrer")
			}
			a.serve(w, r)
		}
	})
}

const explorerPath = "/docs/graphql"

// find returns what is served at path.
func find(path string) (*asset, bool, error) {
	switch path {
	case "/openapi.yaml":
		a, err := yamlAsset()
		return a, true, err
	case "/openapi.json":
		a, err := jsonAsset()
		return a, true, err
	case "/storefront.graphql":
		a, err := schemaAsset()
		return a, true, err
	}
	pages, err := pageAssets()
	if err != nil {
		return nil, false, err
	}
	switch path {
	case "/docs":
		return pages["index.html"], true, nil
	case explorerPath:
		return pages["graphql.html"], true, nil
	}
	name, below := strings.CutPrefix(path, "/docs/")
	a := pages[name]
	return a, below && a != nil && a.kind != typeHTML, nil
}

// moveToPage sends a reader of /docs/ to /docs, where the page's links fit.
// The target is relative, so it also holds behind a path prefix.
func moveToPage(w http.ResponseWriter) {
	w.Header().Set("Location", "../docs")
	w.WriteHeader(http.StatusMovedPermanently)
}

// refuse answers in the forms the document gives for refusals; that for a
// missing path is shorter than the others.
func refuse(w http.ResponseWriter, status int) {
	body := `{"title":"404 Page Not Found"}`
	if status != http.StatusNotFound {
		body = fmt.Sprintf(`{"status":%d,"title":%q,"type":%q,"errors":{}}`, status, http.StatusText(status), statusList)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body))
}
