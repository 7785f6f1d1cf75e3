package panel_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"sync"
	"testing"

	"clientele/internal/customer"
	passwords "clientele/internal/password"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/staff"
	chromium "clientele/internal/testing/browser"
)

// painted are what a browser tells of a page, in milliseconds.
type painted struct {
	First, Largest, Task, Shift float64
	Keys                        []float64 // from a key until what it finds is painted, sorted
}

// What was painted when, and what moved, since the page was asked for.
const paintScript = `(async () => {
	const seen = {};
	for (const type of ["largest-contentful-paint", "layout-shift", "longtask"]) {
		seen[type] = await new Promise(done => {
			const o = new PerformanceObserver(l => { o.disconnect(); done(l.getEntries()); });
			o.observe({type, buffered: true});
			setTimeout(() => done([]), 300);
		});
	}
	return JSON.stringify({
		First: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? -1,
		Largest: Math.max(-1, ...seen["largest-contentful-paint"].map(e => e.startTime)),
		Task: Math.max(0, ...seen["longtask"].map(e => e.duration)),
		Shift: seen["layout-shift"].filter(e => !e.hadRecentInput).reduce((n, e) => n + e.value, 0),
	});
})()`

// Types texts key by key, each after what the one before found was painted.
const typeScript = `(async () => {
	const q = document.querySelector("#q"), keys = [];
	for (const text of ["ann as", "birch1", "cleo", "acme", "bob birch"]) {
		for (let n = 1; n <= text.length; n++) {
			const swapped = new Promise(done => {
				const o = new MutationObserver(() => { o.disconnect(); done(true); });
				o.observe(document.querySelector("#results"), {subtree: true, childList: true, characterData: true, attributes: true});
				setTimeout(() => done(false), 1500);
			});
			const begin = performance.now();
			q.value = text.slice(0, n);
			q.dispatchEvent(new InputEvent("input", {bubbles: true}));
			if (!await swapped) continue; // the same people
			await new Promise(done => requestAnimationFrame(() => setTimeout(done)));
			keys.push(performance.now() - begin);
		}
	}
	return JSON.stringify({Keys: keys.sort((a, b) => a - b)});
})()`

// How soon a browser has painted the list of customers, among so many as
// PANEL_CUSTOMERS says: see make paint.
func TestPaint(t *testing.T) {
	n, err := strconv.Atoi(os.Getenv("PANEL_CUSTOMERS"))
	if err != nil {
		t.Skip("measures for a while: see make paint")
	}
	var alone sync.Mutex // one engine after the other
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		alone.Lock()
		defer alone.Unlock()
		w := open(t, db, crowd())
		for i := 0; i < n; i += 500 {
			var batch []customer.Create
			for j := i; j < min(i+500, n); j++ {
				batch = append(batch, customer.Create{Email: fmt.Sprintf("p%d@example.com", j), FirstName: []string{"Ann", "Bob", "Cleo"}[j%3], LastName: fmt.Sprintf("%s%d", []string{"Ash", "Birch"}[j%2], j), Company: []string{"", "Acme"}[j%2]})
			}
			if _, err := w.Customers.CreateFor(t.Context(), passwords.Party{StoreID: 1}, batch); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Customers.FoldSearch(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		if db.Engine() == sqldb.Postgres { // as its autovacuum does within a minute
			if err := db.Write(t.Context(), 1, func(tx *sqldb.Tx) error { return tx.Exec(sqldb.Global(`ANALYZE`)) }); err != nil {
				t.Fatal(err)
			}
		}
		w.person("ann@example.com", 1, staff.CustomerService)
		b := chromium.Open(t, w.server.URL, "en-US")
		look := func(script string) (p painted) {
			t.Helper()
			if err := json.Unmarshal([]byte(b.Eval(script)), &p); err != nil {
				t.Fatal(err)
			}
			return p
		}
		b.Open("/manage/sign-in").Write("email", "ann@example.com", "password", password).Press("main form.form .primary")
		const list = "/manage/store/one/customers?limit=50"
		at := func(what string, got, most float64) {
			met := "met"
			if got > most || got < 0 {
				met = "missed"
			}
			t.Logf("%-55s %7.1f  ≤ %g %s", what, got, most, met)
		}
		b.Uncached().Open(list)
		cold := look(paintScript)
		b.Open("/manage/help").Open(list)
		warm := look(paintScript)
		typed := look(typeScript)
		at("first contentful paint, cold, ms", cold.First, 300)
		at("first contentful paint, again, ms", warm.First, 150)
		at("largest contentful paint, ms", max(cold.Largest, warm.Largest), 400)
		at("layout shift", max(cold.Shift, warm.Shift), 0)
		at("longest task, ms", max(cold.Task, warm.Task), 50)
		if len(typed.Keys) < 10 {
			t.Fatalf("%d keys", len(typed.Keys))
		}
		at("from a key to painted results, 95th percentile, ms", typed.Keys[len(typed.Keys)*95/100], 150)
		b.Calm("painting")
	})
}
