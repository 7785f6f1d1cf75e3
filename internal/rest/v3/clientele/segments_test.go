package clientele_test

import (
	"strings"
	"testing"

	"clientele/api/apitest"
	"clientele/internal/app/apptest"
	"clientele/internal/auth"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// Rules over the API: text and tree, what is wrong and where, and other stores.
func TestSegmentRules(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		d := &desk{t: t, check: apitest.New(t), stores: map[string]int64{}, World: apptest.New(t, db, apptest.Options{Seed: entitled})}
		for _, hash := range []string{"first", "second"} {
			st, err := d.Stores.ByHash(t.Context(), hash)
			if err != nil {
				t.Fatal(err)
			}
			d.stores[hash] = st.ID
			d.account(hash, hash+"-keeper-of-rules", auth.Customers)
		}
		const path, preview = "/clientele/segments/0b6a7b1c-9f7b-4a0e-8a35-6d2b8b1d4c77/rule", "/clientele/segments/preview"
		ask := func(method, hash, path, body string, status int) string {
			t.Helper()
			return d.want(hash, hash+"-keeper-of-rules", method, path, body, status, "")
		}
		ask("GET", "first", path, "", 404)
		for _, c := range []struct {
			body, want string
			status     int
		}{
			{`{"rule":"id  =  1"}`, `"rule":"id = 1","tree":{"field":"id","op":"=","value":1},"customer_group_id":null`, 200},
			{`{"rule":{"and":[{"field":"date_created","op":">=","value":{"relative":"-90d"}},{"not":{"field":"company","op":"IS NULL"}}]}}`, `"rule":"date_created >= -90d AND NOT company IS NULL"`, 200},
			{`{"rule":"grup = 'x'"}`, `"position":0,"suggestion":"group"}`, 422},
			{`{"rule":"id = 1 AND emial = 'a'"}`, `"position":11,"suggestion":"email"}`, 422},
			{`{"rule":{"field":"company","op":"=","value":5}}`, `"position":null,"suggestion":"'5'"}`, 422},
			{`{"rule":{"or":[]}}`, `"position":null,"suggestion":null}`, 422},
			{`{"rule":7}`, `"errors":{"rule":`, 422},
			{`{}`, `"errors":{"rule":`, 422},
			{`{"rule":"id = 1","priority":-1}`, `"errors":{"priority":`, 422},
			{`{"rule":"id = 1","customer_group_id":999}`, `"errors":{"customer_group_id":`, 422},
			{`{"rule":"id = 1","state":"ready"}`, `"errors":{"state":`, 422},
		} {
			if got := ask("PUT", "first", path, c.body, c.status); !strings.Contains(got, c.want) {
				t.Errorf("%s: %s, want %s", c.body, got, c.want)
			}
		}
		if got := ask("GET", "first", path, "", 200); !strings.Contains(got, `"rule":"date_created >= -90d AND NOT company IS NULL"`) || !strings.Contains(got, `"state":"building"`) {
			t.Errorf("the rule is %s", got)
		}
		ask("PUT", "second", path, `{"rule":"id = 1"}`, 404)
		if got := ask("POST", "first", preview, `{"rule":"id <= 2"}`, 200); !strings.Contains(got, `"complete":true,"cost":"indexed","customers":[{"id":`) {
			t.Errorf("a preview: %s", got)
		}
		ask("POST", "first", preview, `{"rule":"id <= "}`, 422)
		ask("DELETE", "first", path, "", 204)
		ask("DELETE", "first", path, "", 404)
	})
}
