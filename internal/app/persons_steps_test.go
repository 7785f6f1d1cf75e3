package app_test

import (
	"fmt"
	"maps"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"clientele/internal/account"
	"clientele/internal/app/apptest"
	"clientele/internal/history"
	"clientele/internal/history/historytest"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/store"
)

// An erasure that is cut off after each of its steps goes on in another process,
// while others are at it, too, and while the customer is written and made anew. It
// counts what one in a piece counts.
func TestErasureGoesOn(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		p := newPeople(t, db)
		id := p.person("Quokka", 1)
		preview := p.erase("demo", "token", `{"email":"quokka@example.com","preview":true}`)
		p.Persons.Patience = 0
		code, text := p.post("demo", "token", "/v3/clientele/persons/erase", `{"email":"quokka@example.com"}`)
		if code != 202 || !strings.Contains(text, `"status":"running"`) {
			t.Fatal(code, text)
		}
		if again, other := p.post("demo", "token", "/v3/clientele/persons/erase", `{"email":"QUOKKA@example.com"}`); again != 202 || other != text {
			t.Errorf("asked for again: %d %s", again, other)
		}
		others := []*apptest.World{apptest.New(t, db, apptest.Options{}), apptest.New(t, db, apptest.Options{})}
		began := time.Now()
		for _, w := range others { // their patience runs out, though the clock stands still
			w.System.Monotonic = func() time.Duration { return time.Since(began) }
		}
		var done atomic.Bool
		made, steps := false, 0
		for ; !done.Load(); steps++ {
			if steps == 500 {
				t.Fatal("it does not end")
			}
			var all sync.WaitGroup
			for _, w := range others {
				w.Persons.Patience = 20 * time.Microsecond // a step, or none
				all.Go(func() {
					e, err := w.Persons.GoOn(t.Context(), 1, 1)
					if err != nil {
						t.Error(err)
					} else if e.Done != 0 {
						done.Store(true)
					}
				})
			}
			all.Go(func() { // until the customer is gone
				p.post("demo", "token", fmt.Sprintf("/v3/customers/%d/metafields", id), fmt.Sprintf(`{"permission_set":"app_only","namespace":"n","key":"k%d","value":"v"}`, steps))
			})
			if !made {
				all.Go(func() {
					code, _ := p.post("demo", "token", "/v3/customers", `[{"email":"quokka@example.com","first_name":"Again","last_name":"B"}]`)
					made = code == 200
				})
			}
			all.Wait()
		}
		if !made || steps < 10 {
			t.Errorf("%d steps; the address is free: %v", steps, made)
		}
		e, err := p.Persons.Erasure(t.Context(), 1, 1)
		if err != nil {
			t.Fatal(err)
		}
		counts := map[string]int64{}
		for _, c := range e.Counts {
			counts[c.Table] = c.Rows
		}
		for _, c := range preview.Tables {
			if c.Becomes == "deleted" && counts[c.Table] < c.Rows {
				t.Errorf("%d of %d rows of %s", counts[c.Table], c.Rows, c.Table)
			}
		}
		for table, rows := range p.everything() {
			for row := range rows {
				if strings.Contains(row, "Quokka") {
					t.Errorf("%s holds %s", table, row)
				}
			}
		}
		acts := map[history.Action]int{}
		for _, e := range historytest.Entries(t, db, 1, 0) {
			if e.Resource == history.Erasure {
				acts[e.Action]++
			}
		}
		if !maps.Equal(acts, map[history.Action]int{history.Created: 1, history.Ended: 1}) {
			t.Errorf("the history tells of it: %v", acts)
		}
		got, err := p.Customers.Get(t.Context(), 1, id+1)
		if err != nil || got.FirstName != "Again" {
			t.Errorf("the new customer: %+v %v", got, err)
		}
	})
}

// An address that was erased is subscribed by its owner's confirmation alone, and
// by the documented API unless the store says otherwise.
func TestErasedAddressIsSuppressed(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		p := newPeople(t, db)
		const at = `{"email":"quokka@example.com"}`
		if code, body := p.post("demo", "token", "/v3/customers/subscribers", at); code != 200 {
			t.Fatal(body)
		}
		p.erase("demo", "token", at)
		subscribers := func() int {
			return strings.Count(fmt.Sprint(p.everything()["subscribers"]), "email=")
		}
		storefront := func(address string) (int, string) {
			r := httptest.NewRequest("POST", "http://main.example/api/storefront/subscriptions", strings.NewReader(`{"email":"`+address+`","acceptsMarketingNewsletter":true}`))
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Origin", "http://main.example")
			rec := httptest.NewRecorder()
			p.Handler.ServeHTTP(rec, r)
			return rec.Code, rec.Body.String()
		}
		// On the storefront the answer is that of any address, and a link goes out.
		code, body := storefront("Quokka@example.com")
		other, otherBody := storefront("somebody@example.com")
		if code != 200 || other != code || strings.Replace(body, "Quokka", "somebody", 1) != otherBody {
			t.Errorf("%d %s, and of another address %d %s", code, body, other, otherBody)
		}
		if n := subscribers(); n != 1 { // the other one
			t.Errorf("%d subscribers", n)
		}
		mail := p.Mails.Last()
		if !strings.EqualFold(mail.To, "quokka@example.com") {
			t.Fatalf("no link was sent: %+v", mail)
		}
		// A seed file passes over it.
		apptest.Seed(t, p.Server.Core, strings.Replace(peopleSeed, "    products:", "    subscribers: [{email: quokka@example.com}]\n    products:", 1))
		if n := subscribers(); n != 1 {
			t.Errorf("%d subscribers after the seed", n)
		}
		// The documented API does as documented, unless the store says otherwise.
		if _, err := p.Stores.ChangeSettings(t.Context(), 1, map[string]any{"refuse_suppressed_addresses": true}); err != nil {
			t.Fatal(err)
		}
		if code, body := p.post("demo", "token", "/v3/customers/subscribers", at); code != 422 {
			t.Errorf("refused: %d %s", code, body)
		}
		_, token, _ := strings.Cut(mail.Data["link"], "token=")
		site := store.Site{StoreID: 1, ChannelID: 1, URL: "http://main.example"}
		if err := p.Shoppers.ConfirmSubscription(t.Context(), site, token, account.Client{}); err != nil {
			t.Fatal(err)
		}
		if n := subscribers(); n != 2 {
			t.Errorf("%d subscribers after the confirmation", n)
		}
		if rows := p.everything()["suppressions"]; len(rows) != 0 {
			t.Errorf("the suppression goes on: %v", rows)
		}
	})
}
