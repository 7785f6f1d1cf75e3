package clientele_test

import (
	"strings"
	"testing"

	"clientele/internal/auth"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// What persons ask for is noted, listed, declined, and done by an erasure.
func TestPersonRequestsByAPI(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		d := newDesk(t, db)
		d.account("first", "privacy", auth.ManagePersons...)
		d.account("first", "crm", auth.Customers)
		d.account("second", "stranger", auth.FullScopes()...)
		const path = "/clientele/persons/requests"
		got := d.want("first", "privacy", "POST", path, `{"kind":"erase","email":"jane@example.com","note":"By letter","date_received":"2026-06-01T00:00:00Z"}`, 201, "")
		for _, part := range []string{`"id":1,"kind":"erase","state":"open","email":"jane@example.com"`, `"note":"By letter","erasure_id":null,"date_received":"2026-06-01T00:00:00Z","date_due":"2026-07-01T00:00:00Z","date_done":null}`} {
			if !strings.Contains(got, part) {
				t.Errorf("%s lacks %s", got, part)
			}
		}
		d.want("first", "privacy", "POST", path, `{"kind":"erase","email":"JANE@example.com"}`, 422, "") // it is open
		d.want("first", "privacy", "POST", path, `{"kind":"export","email":"jane@example.com"}`, 201, "")
		for _, body := range []string{`{}`, `[]`, `{"kind":"call","email":"a@example.com"}`, `{"kind":"erase"}`, `{"kind":"erase","email":"nobody"}`, `{"kind":"erase","email":"a@example.com","date_received":"2190-01-01T00:00:00Z"}`,
			`{"kind":"erase","email":"a@example.com","date_received":"yesterday"}`, `{"kind":"erase","email":"a@example.com","note":"` + strings.Repeat("a", 1001) + `"}`, `{"kind":"erase","email":"a@example.com","state":"done"}`} {
			d.want("first", "privacy", "POST", path, body, 422, "")
		}
		for query, n := range map[string]int{"": 2, "?state=open": 2, "?state=done": 0, "?kind=export": 1, "?state=open&kind=erase": 1} {
			if got := d.want("first", "privacy", "GET", path+query, "", 200, ""); strings.Count(got, `"kind"`) != n {
				t.Errorf("%s: %s", query, got)
			}
		}
		d.want("first", "privacy", "GET", path+"?state=late", "", 422, "")

		d.want("first", "privacy", "POST", path+"/2/decline", `{"note":""}`, 422, "")
		if got := d.want("first", "privacy", "POST", path+"/2/decline", `{"note":"Not who they say"}`, 200, ""); !strings.Contains(got, `"state":"declined"`) || !strings.Contains(got, `"note":"Not who they say"`) {
			t.Error(got)
		}
		d.want("first", "privacy", "POST", path+"/2/decline", `{"note":"Again"}`, 422, "")

		for _, account := range []struct {
			store, name string
			status      int
		}{{"first", "crm", 403}, {"second", "stranger", 404}} {
			d.want(account.store, account.name, "GET", path+"/1", "", account.status, "")
			d.want(account.store, account.name, "POST", path+"/1/decline", `{"note":"N"}`, account.status, "")
		}
		if got := d.want("second", "stranger", "GET", path, "", 200, ""); !strings.HasPrefix(got, `{"data":[]`) {
			t.Errorf("the other store's: %s", got)
		}

		d.want("first", "privacy", "POST", "/clientele/persons/erase", `{"email":"jane@example.com"}`, 200, "")
		if got := d.want("first", "privacy", "GET", path+"/1", "", 200, ""); !strings.Contains(got, `"state":"done","email":null`) || !strings.Contains(got, `"note":"","erasure_id":1`) {
			t.Error(got)
		}
	})
}
