package app_test

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"clientele/internal/sqldb"
)

// Servers of one process share nothing that changes: under the race detector
// this finds what they would write alike, from their first step on.
func TestServersSideBySide(t *testing.T) {
	t.Parallel()
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			p := newTap(t, sqldb.SQLite)
			for _, path := range []string{
				"/stores/none/v3/customers", "/stores/none/v2/customers", "/graphql", "/login.php", "/login.php?action=create_account",
				"/api/storefront/form-fields?filter=customerAccount", "/docs/api", "/docs/graphql", "/metrics",
			} {
				rec := httptest.NewRecorder()
				p.s.Handler().ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "http://localhost"+path, nil))
				if rec.Code >= 500 {
					t.Errorf("%s: %d %s", path, rec.Code, rec.Body)
				}
			}
		})
	}
	all.Wait()
}
