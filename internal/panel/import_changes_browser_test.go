package panel_test

import (
	"strings"
	"testing"

	"clientele/internal/sqldb"
	"clientele/internal/staff"
)

// Files of store credit and of groups are tried, taken and undone in a browser, with a
// row that is wrong.
func TestBrowserImportChanges(t *testing.T) {
	t.Parallel()
	journeys(t, func(t *testing.T, db *sqldb.DB, scripts bool) {
		w := open(t, db, crowd(), mailed)
		w.person("olga@example.com", 1, staff.Owner)
		w.changed("c0@example.com")
		api := w.browser().signIn("olga@example.com")
		b, see := w.tab(t, scripts)
		b.Open("/manage/sign-in").Write("email", "olga@example.com", "password", password).Press("main form.form .primary")
		for _, c := range []struct{ name, file, undone string }{
			{"credit", "Email,Amount,Reason\nc1@example.com,5,Sorry\nc2@example.com,12.50,Birthday\nnobody@example.com,1,\n", "Changed back"},
			{"groups", "Email,Customer Group\nc1@example.com,Fresh\nc2@example.com,Wholesale\nc3@example.com,\nnobody@example.com,Retail\n", "Changed back"},
		} {
			at := api.upload(imports, c.name+".csv", c.file).want(200, "").path
			w.jobs()
			b.Open(at)
			see("manage-import-" + c.name + "-columns")
			b.Press("main form.form .primary")
			see("manage-import-" + c.name + "-rules")
			b.Press("main form.form .primary")
			w.jobs()
			b.Open(at).Want("1 row is wrong")
			see("manage-import-" + c.name + "-trial")
			b.Press(`form[action$="/run"] .button`)
			w.jobs()
			b.Open(at).Want("1 row was not imported")
			see("manage-import-" + c.name + "-done")
			b.Press(`form[action$="/undo"] .button`)
			w.jobs()
			b.Open(at).Want(c.undone)
			see("manage-import-" + c.name + "-undone")
		}
		b.Open("/manage/store/one/customers/1")
		link := ""
		for _, path := range strings.Fields(b.Eval(`[...document.querySelectorAll("#timeline .chips a")].map(a => a.getAttribute("href")).join(" ")`)) {
			if strings.Contains(path, "emails") {
				link = path
			}
		}
		b.Open(link).Want("c0@example.com")
		see("manage-customer-emails")
		if scripts {
			b.Calm("the imports of changes")
		}
	})
}
