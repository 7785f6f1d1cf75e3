package panel_test

import (
	"io/fs"
	"regexp"
	"testing"

	"clientele/docs"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/staff"
)

// The help leads to documents that there are.
func TestHelp(t *testing.T) {
	t.Parallel()
	w := open(t, dbtest.Open(t, sqldb.SQLite), shop)
	w.person("ann@example.com", 1, staff.ReadOnly)
	b := w.browser()
	b.signIn("ann@example.com")
	guides := regexp.MustCompile(`<li><a href="/docs/([a-z-]+)">`).FindAllStringSubmatch(b.get("/manage/help").want(200, "").body, -1)
	if len(guides) < 5 {
		t.Fatalf("%d guides\n%s", len(guides), b.body)
	}
	for _, g := range guides {
		if _, err := fs.Stat(docs.Files, g[1]+".md"); err != nil {
			t.Errorf("the help leads to %s: %v", g[1], err)
		}
	}
}
