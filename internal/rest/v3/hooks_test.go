package v3_test

import (
	"fmt"
	"strings"
	"testing"

	"clientele/internal/sqldb"
	"clientele/internal/webhook"
)

// What the service does to hooks and domains shows in the admin's view.
func TestHooksAdmin(t *testing.T) {
	onEach(t, func(t *testing.T, d *desk) {
		now := d.Clock.Now().Unix()
		hook := func(id int, active bool, status string) string {
			return fmt.Sprintf(`{"id":%d,"client_id":"app","store_hash":"first","scope":"store/customer/*","destination":"http://localhost:300%d/x","headers":null,"is_active":%v,"created_at":%d,"updated_at":%d%s}`, id, id, active, now, now, status)
		}
		for i := 1; i <= 2; i++ {
			d.want(d.app, "POST", "/hooks", fmt.Sprintf(`{"scope":"store/customer/*","destination":"http://localhost:300%d/x"}`, i), 200, `{"data":`+hook(i, true, "")+`,"meta":{}}`)
		}
		d.write(func(tx *sqldb.Tx) error {
			if _, err := webhook.Disable(tx, 2, webhook.DisabledFailures, now); err != nil {
				return err
			}
			if err := webhook.PutBlock(tx, "app", webhook.Block{Domain: "::1", Until: now + 3}); err != nil {
				return err
			}
			return webhook.PutBlock(tx, "app", webhook.Block{Domain: "localhost", Until: now + 112, Reasons: []webhook.Reason{{Description: `status "500"`, Count: 31, Time: now - 8}}})
		})
		rest := fmt.Sprintf(`],"blocked_domains":[{"destination":"https://[::1]","time_left":3,"reasons":[]},{"destination":"https://localhost","time_left":112,"reasons":[{"failure_description":"status \"500\"","count":31,"timestamp":%d}]}]},"meta":{"pagination":{"total":`, now-8)
		end := func(n int) string {
			return fmt.Sprintf(`%d,"count":%d,"per_page":50,"current_page":1,"total_pages":%d}}}`, n, n, min(n, 1))
		}
		const start = `{"data":{"emails":[],"hooks_list":[`
		one, two := hook(1, true, `,"status":"active"`), hook(2, false, `,"status":"deactivated"`)
		d.want(d.app, "GET", "/hooks/admin", "", 200, start+one+","+two+rest+end(2))
		d.want(d.app, "GET", "/hooks/admin?is_active=false", "", 200, start+two+rest+end(1))
		d.want(d.other, "GET", "/hooks/admin", "", 200, start+`],"blocked_domains":[]},"meta":{"pagination":{"total":`+end(0))
		// Its owner switches it on again.
		d.want(d.app, "PUT", "/hooks/2", `{"is_active":true}`, 200, `{"data":`+hook(2, true, "")+`,"meta":{}}`)
		d.want(d.app, "PUT", "/hooks/2", `{"is_active":false}`, 200, "")
		d.want(d.app, "GET", "/hooks/admin?is_active=false", "", 200, start+strings.Replace(two, "deactivated", "inactive", 1)+rest+end(1))
		if got := d.events(2); len(got) != 0 {
			t.Errorf("hooks make events: %q", got)
		}
	})
}

// Another store's and another account's hooks are as good as absent.
func TestHooksOfOthers(t *testing.T) {
	onEach(t, func(t *testing.T, d *desk) {
		d.want(d.app, "POST", "/hooks", `{"scope":"store/customer/*","destination":"http://localhost/x"}`, 200, "")
		missing := `{"status":404,"title":"Webhook with id [1] not found",` + typ + `}`
		for _, a := range []account{d.other, d.reader, d.stranger} {
			d.want(a, "GET", "/hooks/1", "", 404, missing)
			d.want(a, "PUT", "/hooks/1", `{"is_active":false}`, 404, missing)
			d.want(a, "DELETE", "/hooks/1", "", 404, missing)
			d.want(a, "GET", "/hooks", "", 200, `{"data":[],"meta":{"pagination":{"total":0,"count":0,"per_page":50,"current_page":1,"total_pages":0}}}`)
		}
		d.want(d.app, "GET", "/hooks/1", "", 200, "")
	})
}
