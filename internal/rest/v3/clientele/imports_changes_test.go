package clientele_test

import (
	"fmt"
	"strings"
	"testing"

	"clientele/internal/auth"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// Files of store credit and of groups change customers who are there.
func TestImportsThatChange(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		d := newDesk(t, db)
		d.account("first", "mover", auth.ClienteleTransfer, auth.Customers)
		d.send("first", "mover", "", shop+"Ann,Lee,ann@example.com,no,1\n", 202)
		d.work()
		for _, bad := range []string{"?amounts=more", "?blank=no", "?kind=credits"} {
			d.send("first", "mover", bad, "Email,Amount\nann@example.com,1\n", 422)
		}
		one := d.send("first", "mover", "?kind=credit&amounts=set", "Email,Amount,Reason\nann@example.com,7.5,Gift\nbob@example.com,1,\n", 202)
		d.work()
		done := d.imported("first", "mover", one.ID)
		if done.State != "done" || done.Counts["changed"] != 1 || done.Counts["rejected"] != 1 || !strings.Contains(done.text, `"kind":"credit"`) || !strings.Contains(done.text, `"amounts":"set","blank":"leave"`) {
			t.Error(done.text)
		}
		if got := d.want("first", "mover", "GET", "/customers?include=storecredit", "", 200, ""); !strings.Contains(got, `"amount":7.5`) {
			t.Error(got)
		}
		two := d.send("first", "mover", "?kind=group_members", "Email,Customer Group\nann@example.com,Trade\n", 202)
		d.work()
		if done := d.imported("first", "mover", two.ID); done.Counts["changed"] != 1 {
			t.Error(done.text)
		}
		for _, id := range []int64{two.ID, one.ID} {
			d.want("first", "mover", "POST", fmt.Sprintf("/clientele/imports/%d/undo", id), "", 202, "")
		}
		d.work()
		d.work()
		for _, id := range []int64{two.ID, one.ID} {
			if done := d.imported("first", "mover", id); done.State != "undone" || !strings.Contains(done.text, `"changed":1,"kept_changed":0}`) {
				t.Error(done.text)
			}
		}
		if got := d.want("first", "mover", "GET", "/customers?include=storecredit", "", 200, ""); strings.Contains(got, `"amount":7.5`) {
			t.Error(got)
		}
	})
}
