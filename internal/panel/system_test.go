package panel_test

import (
	"log/slog"
	"testing"
	"time"

	"clientele/internal/process"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/staff"
	chromium "clientele/internal/testing/browser"
)

// giveUp has a job of the store given up.
func (w *world) giveUp(kind string) {
	w.t.Helper()
	if err := w.DB.Write(w.t.Context(), 1, func(tx *sqldb.Tx) error {
		return tx.Exec(sqldb.Dynamic(`INSERT INTO jobs (store_id, id, kind, payload, due_at, date_created, date_failed, attempts, error) VALUES ($1, 7, $2, '{}', 1, 1, $3, 5, '<b>broken</b>')`), kind, w.Clock.Now().Unix())
	}); err != nil {
		w.t.Fatal(err)
	}
}

func TestSystem(t *testing.T) {
	each(t, shop, func(t *testing.T, w *world) {
		w.person("all@example.com", staff.AllStores, staff.Owner)
		w.person("one@example.com", 1, staff.Owner)
		w.giveUp("import")
		one := w.browser()
		one.signIn("one@example.com")
		one.get("/manage/system").want(403, "", "!broken")
		one.post("/manage/system/retry", "store", "1", "job", "7").want(403, "")
		b := w.browser()
		b.signIn("all@example.com")
		engine := map[sqldb.Engine]string{sqldb.SQLite: "SQLite 3", sqldb.Postgres: "PostgreSQL 1"}[w.DB.Engine()]
		b.get("/manage/system").want(200, "", engine, "Last migration", "iB", "Imports", "&lt;b&gt;broken", "!<b>broken", "Green Garden", "What /metrics says", "clientele_")
		// Who else uses the database, and that emails are kept.
		b.get("/manage/system").want(200, "", "Kept in the outbox, not sent", "!Send a test to", "!Processes")
		other := process.New(w.DB, w.System, slog.New(slog.DiscardHandler), "v0.9<b>")
		for _, p := range []*process.Service{w.Server.Processes, other} {
			if err := p.See(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		b.get("/manage/system").want(200, "", "Processes", other.ID(), "v0.9&lt;b&gt;", "This one", "Running", "!Not seen lately")
		one.get("/manage/system").want(403, "", "!"+other.ID())
		w.Clock.Advance(5 * time.Minute)
		if err := w.Server.Processes.See(t.Context()); err != nil {
			t.Fatal(err)
		}
		b.get("/manage/system").want(200, "", "Not seen lately")
		b.post("/manage/system/retry", "store", "1", "job", "x").want(400, "")
		b.post("/manage/system/retry", "store", "2", "job", "7").want(404, "")
		b.post("/manage/system/retry", "store", "1", "job", "7").want(200, "/manage/system", "begins again", "!broken")
		b.post("/manage/system/retry", "store", "1", "job", "7").want(404, "")
		b.post("/manage/system/mail").want(200, "", "The mail server did not take it.", "no mail server is set")
	})
}

func TestBrowserSystem(t *testing.T) {
	t.Parallel()
	w := open(t, dbtest.Open(t, sqldb.SQLite), shop)
	w.person("all@example.com", staff.AllStores, staff.Owner)
	w.giveUp("import")
	for _, p := range []*process.Service{w.Server.Processes, process.New(w.DB, w.System, slog.New(slog.DiscardHandler), "v0.9.1")} {
		if err := p.See(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	b := chromium.Open(t, w.server.URL, "en-US")
	b.Open("/manage/sign-in").Write("email", "all@example.com", "password", password).Press("main form.form .primary")
	b.Open("/manage/system").Want("Work that was given up").See("manage-system")
	b.Press("#failed button").Want("The work begins again.")
	b.Calm("the end")
}
