package webhook_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"clientele/internal/app"
	"clientele/internal/app/apptest"
	"clientele/internal/auth"
	"clientele/internal/fault"
	"clientele/internal/history/historytest"
	"clientele/internal/opt"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/webhook"
	"clientele/internal/words"
)

const day = 24 * 60 * 60

// yard is two stores with two API accounts each, "app" and "other".
type yard struct {
	*apptest.World
	t        *testing.T
	db       *sqldb.DB
	stores   [2]int64
	accounts *auth.APIAccounts
	hooks    *webhook.Service
}

func each(t *testing.T, fn func(y *yard)) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := apptest.New(t, db, apptest.Options{Now: time.Unix(1_781_793_457, 0), Change: func(c *app.Config) { c.Mode = "production" }})
		y := &yard{World: w, t: t, db: db, accounts: w.APIAccounts, hooks: w.Webhooks}
		for i := range y.stores {
			st, err := w.Stores.Create(t.Context(), fmt.Sprint("shop", i), "", "")
			y.fine(err)
			y.stores[i] = st.ID
			for _, client := range []string{"app", "other"} {
				_, err := y.accounts.Create(t.Context(), st.ID, client, []auth.Scope{auth.Customers}, auth.Credentials{ClientID: client, ClientSecret: fmt.Sprint("secret-", client, i)})
				y.fine(err)
			}
		}
		fn(y)
	})
}

func (y *yard) now() int64 { return y.Clock.Now().Unix() }

func (y *yard) fine(err error) {
	y.t.Helper()
	if err != nil {
		y.t.Fatal(err)
	}
}

func (y *yard) create(client, scope, destination string) (webhook.Hook, error) {
	return y.hooks.Create(y.t.Context(), y.stores[0], client, webhook.Create{Scope: scope, Destination: destination})
}

func (y *yard) made(client, scope, destination string) webhook.Hook {
	y.t.Helper()
	h, err := y.create(client, scope, destination)
	y.fine(err)
	return h
}

// refused wants an Invalid fault of certain fields.
func (y *yard) refused(err error, fields ...string) {
	y.t.Helper()
	f := fault.As(err)
	if f == nil || f.Kind != fault.Invalid {
		y.t.Errorf("want %q refused, have %v", fields, err)
		return
	}
	var got []string
	for _, it := range f.Items {
		got = append(got, words.Terminal.Path(&it))
	}
	if !slices.Equal(got, fields) {
		y.t.Errorf("refused for %q, want %q", got, fields)
	}
}

func (y *yard) gone(err error) {
	y.t.Helper()
	if f := fault.As(err); f == nil || f.Kind != fault.NotFound {
		y.t.Errorf("want it not found, have %v", err)
	}
}

func (y *yard) list(st int, client, query string) []int64 {
	y.t.Helper()
	q, err := webhook.List.Parse(query)
	y.fine(err)
	rows, res, err := y.hooks.List(y.t.Context(), y.stores[st], client, q)
	y.fine(err)
	ids := []int64{}
	for _, h := range rows {
		ids = append(ids, h.ID)
	}
	if res.Count != int64(len(rows)) {
		y.t.Errorf("%d rows, counted %d", len(rows), res.Count)
	}
	return ids
}

func (y *yard) active(st int) []int64 {
	y.t.Helper()
	ids := []int64{}
	y.fine(y.db.Read(y.t.Context(), y.stores[st], func(tx *sqldb.Tx) error {
		hooks, err := webhook.Active(tx)
		for _, h := range hooks {
			ids = append(ids, h.ID)
		}
		return err
	}))
	return ids
}

func (y *yard) write(fn func(tx *sqldb.Tx) error) {
	y.t.Helper()
	y.fine(y.db.Write(y.t.Context(), y.stores[0], fn))
}

func TestHookLife(t *testing.T) {
	each(t, func(y *yard) {
		ctx := y.t.Context()
		h, err := y.hooks.Create(ctx, y.stores[0], "app", webhook.Create{
			Scope: "store/customer/*", Destination: "https://App.example.com/x", Headers: []webhook.Header{{Name: "X-B", Value: "1"}, {Name: "X-A", Value: "ä"}},
		})
		y.fine(err)
		if h.ID != 1 || !h.IsActive || h.ClientID != "app" || h.Destination != "https://App.example.com/x" || h.DateCreated != y.now() {
			y.t.Errorf("made %+v", h)
		}
		got, err := y.hooks.Get(ctx, y.stores[0], "app", 1)
		y.fine(err)
		if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", h) {
			y.t.Errorf("have %+v, made %+v", got, h)
		}
		y.Clock.Advance(60 * time.Second)
		same, err := y.hooks.Update(ctx, y.stores[0], "app", webhook.Update{ID: 1, Scope: opt.Some("store/customer/*"), IsActive: opt.Some(true)})
		y.fine(err)
		if same.DateModified != h.DateModified {
			y.t.Error("a change of nothing has a date")
		}
		got, err = y.hooks.Update(ctx, y.stores[0], "app", webhook.Update{ID: 1, Headers: opt.Null[[]webhook.Header](), IsActive: opt.Some(false)})
		y.fine(err)
		if got.Headers != nil || got.IsActive || got.Scope != "store/customer/*" || got.DateModified != y.now() || got.Status() != "inactive" {
			y.t.Errorf("changed to %+v", got)
		}
		if ids := y.active(0); len(ids) != 0 {
			y.t.Errorf("active: %v", ids)
		}
		_, err = y.hooks.Update(ctx, y.stores[0], "app", webhook.Update{ID: 1})
		y.refused(err)
		_, err = y.hooks.Update(ctx, y.stores[0], "app", webhook.Update{ID: 1, Scope: opt.Some("store/nothing"), Destination: opt.Some("http://10.0.0.1/")})
		y.refused(err, "scope", "destination")
		_, err = y.hooks.Update(ctx, y.stores[0], "app", webhook.Update{ID: 1, Destination: opt.Null[string]()})
		y.refused(err, "destination")
		got, err = y.hooks.Delete(ctx, y.stores[0], "app", 1)
		y.fine(err)
		if got.ID != 1 {
			y.t.Errorf("deleted %+v", got)
		}
		_, err = y.hooks.Get(ctx, y.stores[0], "app", 1)
		y.gone(err)
		_, err = y.hooks.Delete(ctx, y.stores[0], "app", 1)
		y.gone(err)
		_, err = y.hooks.Update(ctx, y.stores[0], "app", webhook.Update{ID: 1})
		y.gone(err)
		if h := y.made("app", "store/customer/*", "https://app.example.com/x"); h.ID != 2 {
			y.t.Errorf("the next id is %d", h.ID)
		}
	})
}

func TestHooksAreTheirMakers(t *testing.T) {
	each(t, func(y *yard) {
		ctx := y.t.Context()
		mine := y.made("app", "store/customer/created", "https://a.example.com/")
		theirs := y.made("other", "store/customer/created", "https://a.example.com/")
		far, err := y.hooks.Create(ctx, y.stores[1], "app", webhook.Create{Scope: "store/customer/created", Destination: "https://a.example.com/"})
		y.fine(err)
		if mine.ID != 1 || theirs.ID != 2 || far.ID != 1 {
			y.t.Errorf("ids %d, %d, %d", mine.ID, theirs.ID, far.ID)
		}
		for _, c := range []struct {
			st     int
			client string
			want   []int64
		}{{0, "app", []int64{1}}, {0, "other", []int64{2}}, {1, "app", []int64{1}}, {1, "other", []int64{}}} {
			if got := y.list(c.st, c.client, ""); !slices.Equal(got, c.want) {
				y.t.Errorf("store %d, %s: %v", c.st, c.client, got)
			}
		}
		for _, c := range []struct {
			st     int
			client string
			id     int64
		}{{0, "app", 2}, {0, "other", 1}, {1, "other", 1}, {1, "app", 2}, {0, "", 1}} {
			_, err := y.hooks.Get(ctx, y.stores[c.st], c.client, c.id)
			y.gone(err)
			_, err = y.hooks.Update(ctx, y.stores[c.st], c.client, webhook.Update{ID: c.id, IsActive: opt.Some(false)})
			y.gone(err)
			_, err = y.hooks.Delete(ctx, y.stores[c.st], c.client, c.id)
			y.gone(err)
		}
		y.fine(y.hooks.PutContacts(ctx, y.stores[0], "app", []string{"a@example.com"}))
		y.write(func(tx *sqldb.Tx) error {
			return webhook.PutBlock(tx, "app", webhook.Block{Domain: "a.example.com", Until: y.now() + 180})
		})
		for _, c := range []struct {
			st           int
			client, want string
		}{{0, "app", "1 1 1"}, {0, "other", "0 1 0"}, {1, "app", "0 1 0"}, {1, "other", "0 0 0"}} {
			a, err := y.hooks.Admin(ctx, y.stores[c.st], c.client, webhook.AdminList.New())
			y.fine(err)
			if got := fmt.Sprint(len(a.Emails), len(a.Hooks), len(a.Blocks)); got != c.want {
				y.t.Errorf("store %d, %s: %s, want %s", c.st, c.client, got, c.want)
			}
		}
		if got := y.active(0); !slices.Equal(got, []int64{1, 2}) {
			y.t.Errorf("active: %v", got)
		}
		if got := y.active(1); !slices.Equal(got, []int64{1}) {
			y.t.Errorf("active: %v", got)
		}
		// What an account made goes with it, in its store alone.
		y.fine(y.accounts.Revoke(ctx, y.stores[0], 1))
		if got := y.active(0); !slices.Equal(got, []int64{2}) {
			y.t.Errorf("active after the account went: %v", got)
		}
		if got := y.active(1); !slices.Equal(got, []int64{1}) {
			y.t.Errorf("active in the other store: %v", got)
		}
		y.write(func(tx *sqldb.Tx) error {
			gone, err := webhook.Secret(tx, "app")
			y.fine(err)
			here, err := webhook.Secret(tx, "other")
			y.fine(err)
			if gone != "" || here != "secret-other0" {
				y.t.Errorf("secrets %q and %q", gone, here)
			}
			return nil
		})
	})
}

func TestLimitsOfHooks(t *testing.T) {
	each(t, func(y *yard) {
		ctx := y.t.Context()
		for i := range webhook.MaxPerScope {
			y.made("app", "store/customer/created", fmt.Sprintf("https://a.example.com/%d", i))
		}
		_, err := y.create("app", "store/customer/created", "https://a.example.com/more")
		y.refused(err, "scope")
		_, err = y.create("app", "store/customer/created", "https://A.example.com:443/3")
		y.refused(err, "destination", "scope")
		y.made("other", "store/customer/created", "https://a.example.com/3")
		h := y.made("app", "store/customer/updated", "https://a.example.com/3")
		if h.ID != 12 {
			y.t.Errorf("what was refused took ids: %d", h.ID)
		}
		_, err = y.hooks.Update(ctx, y.stores[0], "app", webhook.Update{ID: h.ID, Scope: opt.Some("store/customer/created")})
		y.refused(err, "destination", "scope")
		_, err = y.hooks.Update(ctx, y.stores[0], "app", webhook.Update{ID: 1, Destination: opt.Some("https://a.example.com/1")})
		y.refused(err, "destination")
		_, err = y.hooks.Update(ctx, y.stores[0], "app", webhook.Update{ID: 1, Destination: opt.Some("https://a.example.com/new")})
		y.fine(err)
		_, err = y.hooks.Update(ctx, y.stores[0], "app", webhook.Update{ID: 1, Destination: opt.Some("https://A.example.com/new")})
		y.fine(err)
		_, err = y.create("app", "store/nothing", "http://localhost/")
		y.refused(err, "scope", "destination")
	})
}

func TestHookForFailures(t *testing.T) {
	each(t, func(y *yard) {
		ctx := y.t.Context()
		y.made("app", "store/customer/created", "https://a.example.com/")
		_, err := y.create("app", webhook.ExceptionScope, "https://A.example.com")
		y.refused(err, "destination")
		h := y.made("app", webhook.ExceptionScope, "https://b.example.com/")
		_, err = y.create("app", webhook.ExceptionScope, "https://c.example.com/")
		y.refused(err, "scope")
		_, err = y.create("app", "store/customer/updated", "https://b.example.com/")
		y.refused(err, "destination")
		y.made("other", webhook.ExceptionScope, "https://a.example.com/")
		_, err = y.hooks.Update(ctx, y.stores[0], "app", webhook.Update{ID: h.ID, Destination: opt.Some("https://a.example.com/")})
		y.refused(err, "destination")
	})
}

func TestConcurrentCreatesKeepTheLimit(t *testing.T) {
	each(t, func(y *yard) {
		var made atomic.Int64
		var wg sync.WaitGroup
		for i := range webhook.MaxPerScope + 1 {
			wg.Go(func() {
				_, err := y.create("app", "store/customer/*", fmt.Sprintf("https://a.example.com/%d", i))
				if err == nil {
					made.Add(1)
				} else {
					y.refused(err, "scope")
				}
			})
		}
		wg.Wait()
		if n := len(y.list(0, "app", "")); made.Load() != webhook.MaxPerScope || n != webhook.MaxPerScope {
			y.t.Errorf("%d made, %d there", made.Load(), n)
		}
		made.Store(0)
		for range 8 {
			wg.Go(func() {
				_, err := y.create("other", "store/customer/*", "https://a.example.com/")
				if err == nil {
					made.Add(1)
				} else {
					y.refused(err, "destination")
				}
			})
		}
		wg.Wait()
		if made.Load() != 1 {
			y.t.Errorf("%d hooks with one destination", made.Load())
		}
	})
}

// Updates that move hooks to where others are meet the same rules.
func TestConcurrentUpdates(t *testing.T) {
	each(t, func(y *yard) {
		for i := range 6 {
			y.made("app", "store/customer/*", fmt.Sprintf("https://a.example.com/%d", i))
		}
		var wg sync.WaitGroup
		for i := range 6 {
			wg.Go(func() {
				r := rand.New(rand.NewPCG(7, uint64(i)))
				for range 5 {
					_, err := y.hooks.Update(y.t.Context(), y.stores[0], "app", webhook.Update{ID: int64(i + 1), Destination: opt.Some(fmt.Sprintf("https://a.example.com/%d", r.IntN(7)))})
					if err != nil {
						y.refused(err, "destination")
					}
				}
			})
			wg.Go(func() {
				y.fine(y.hooks.PutContacts(y.t.Context(), y.stores[0], "app", []string{fmt.Sprintf("%d@example.com", i)}))
			})
		}
		wg.Wait()
		seen := map[string]bool{}
		q := webhook.List.New()
		rows, _, err := y.hooks.List(y.t.Context(), y.stores[0], "app", q)
		y.fine(err)
		for _, h := range rows {
			if seen[h.Destination] {
				y.t.Errorf("%s is there twice", h.Destination)
			}
			seen[h.Destination] = true
		}
		a, err := y.hooks.Admin(y.t.Context(), y.stores[0], "app", webhook.AdminList.New())
		y.fine(err)
		if len(a.Emails) != 1 {
			y.t.Errorf("contacts %q", a.Emails)
		}
	})
}

func TestListsOfHooks(t *testing.T) {
	each(t, func(y *yard) {
		y.made("app", "store/customer/created", "https://a.example.com/?x=1&y=2")
		y.made("app", "store/customer/*", "https://a.example.com/")
		y.made("other", "store/customer/*", "https://a.example.com/")
		y.made("app", "store/order/*", "https://a.example.com/")
		_, err := y.hooks.Update(y.t.Context(), y.stores[0], "app", webhook.Update{ID: 2, IsActive: opt.Some(false)})
		y.fine(err)
		for query, want := range map[string][]int64{
			"":                                   {1, 2, 4},
			"is_active=true":                     {1, 4},
			"is_active=false":                    {2},
			"is_active=0":                        {2},
			"scope=store/customer/*":             {2},
			"scope=store%2Forder%2F%2A":          {4},
			"scope=store/customer":               {},
			"destination=https://a.example.com/": {2, 4},
			"destination=https%3A%2F%2Fa.example.com%2F%3Fx%3D1%26y%3D2": {1},
			"destination=https://a.example.com/&is_active=true":          {4},
			"limit=2":        {1, 2},
			"limit=2&page=2": {4},
			"page=3":         {},
		} {
			if got := y.list(0, "app", query); !slices.Equal(got, want) {
				y.t.Errorf("%s: %v, want %v", query, got, want)
			}
		}
		for _, query := range []string{"client_id=other", "client_id:in=other", "id=1", "is_active=maybe", "sort=id", "page=0"} {
			if _, err := webhook.List.Parse(query); err == nil {
				y.t.Errorf("%s passes", query)
			}
		}
		for query, want := range map[string]int{"": 3, "is_active=true": 2, "is_active=false": 1, "is_active=false&is_active=true": 2} {
			q, err := webhook.AdminList.Parse(query)
			y.fine(err)
			a, err := y.hooks.Admin(y.t.Context(), y.stores[0], "app", q)
			y.fine(err)
			if len(a.Hooks) != want {
				y.t.Errorf("%s: %d hooks", query, len(a.Hooks))
			}
		}
	})
}

func TestHooksThatAreSwitchedOff(t *testing.T) {
	each(t, func(y *yard) {
		start := y.now()
		for i, scope := range []string{"store/customer/*", "store/order/*", "store/product/*"} {
			y.made("app", scope, fmt.Sprintf("https://a.example.com/%d", i))
		}
		y.write(func(tx *sqldb.Tx) error {
			off, err := webhook.Disable(tx, 2, webhook.DisabledFailures, start+5)
			y.fine(err)
			again, err := webhook.Disable(tx, 2, webhook.DisabledFailures, start+6)
			y.fine(err)
			if !off || again {
				y.t.Errorf("switched off %v, again %v", off, again)
			}
			y.fine(webhook.MarkEvent(tx, 1, start+30*day))
			y.fine(webhook.MarkEvent(tx, 1, start+30*day+5)) // within the hour
			return webhook.MarkDelivered(tx, 1, start+30*day)
		})
		h, err := y.hooks.Get(y.t.Context(), y.stores[0], "app", 1)
		y.fine(err)
		if h.LastEvent != start+30*day || h.LastDelivery != start+30*day {
			y.t.Errorf("times %+v", h)
		}
		// Hooks are switched off after looks during a day.
		sweep := func(now int64) string {
			var out []string
			y.write(func(tx *sqldb.Tx) error {
				out = nil
				if _, err := webhook.SweepIdle(tx, now-day, 600); err != nil {
					return err
				}
				hooks, err := webhook.SweepIdle(tx, now, day)
				for _, h := range hooks {
					out = append(out, fmt.Sprint(h.ID, h.Status()))
				}
				return err
			})
			return strings.Join(out, " ")
		}
		for _, c := range []struct {
			after int64
			want  string
		}{{90 * day, ""}, {91*day - 1, ""}, {91 * day, "3deactivated"}, {92 * day, ""}, {121*day - 1, ""}, {121 * day, "1deactivated"}, {500 * day, ""}} {
			if got := strings.ReplaceAll(sweep(start+c.after), " deactivated", "deactivated"); got != c.want {
				y.t.Errorf("after %d days: %q, want %q", c.after/day, got, c.want)
			}
		}
		recorded := slices.DeleteFunc(historytest.Lines(y.t, y.db, y.stores[0], 0), func(l string) bool { return !strings.Contains(l, "inactivity") })
		if want := []string{`updated webhook 3: is_active true>false, status "">"inactivity"`, `updated webhook 1: is_active true>false, status "">"inactivity"`}; !slices.Equal(recorded, want) {
			y.t.Errorf("recorded %q", recorded)
		}
		y.Clock.Set(time.Unix(start+600*day, 0))
		h, err = y.hooks.Update(y.t.Context(), y.stores[0], "app", webhook.Update{ID: 2, IsActive: opt.Some(true)})
		y.fine(err)
		if h.Status() != "active" || h.Disabled != "" {
			y.t.Errorf("switched on again: %+v", h)
		}
		if got := sweep(start + 601*day); got != "" {
			y.t.Errorf("what was switched on again is idle: %s", got)
		}
	})
}

func TestContactsAndBlocks(t *testing.T) {
	each(t, func(y *yard) {
		ctx := y.t.Context()
		y.refused(y.hooks.PutContacts(ctx, y.stores[0], "app", []string{"a@example.com", "nobody", "A@example.com"}), "emails.1", "emails.2")
		y.refused(y.hooks.PutContacts(ctx, y.stores[0], "app", make([]string, webhook.MaxContacts+1)), "emails")
		y.fine(y.hooks.PutContacts(ctx, y.stores[0], "app", []string{"b@example.com", "a@example.com"}))
		admin := func() webhook.Admin {
			a, err := y.hooks.Admin(ctx, y.stores[0], "app", webhook.AdminList.New())
			y.fine(err)
			return a
		}
		if got := admin().Emails; !slices.Equal(got, []string{"b@example.com", "a@example.com"}) {
			y.t.Errorf("contacts %q", got)
		}
		y.fine(y.hooks.PutContacts(ctx, y.stores[0], "app", nil))
		if got := admin().Emails; len(got) != 0 {
			y.t.Errorf("contacts %q", got)
		}
		now := y.now()
		y.write(func(tx *sqldb.Tx) error {
			for i := range int64(2) {
				y.fine(webhook.PutBlock(tx, "app", webhook.Block{Domain: "a.example.com", Until: now + 100 + i, Reasons: []webhook.Reason{{Description: "status 500", Count: 31 + i, Time: now}}}))
			}
			return webhook.PutBlock(tx, "app", webhook.Block{Domain: "b.example.com", Until: now})
		})
		b := admin().Blocks
		if len(b) != 1 || b[0].Domain != "a.example.com" || b[0].Until != now+101 || len(b[0].Reasons) != 1 || b[0].Reasons[0].Count != 32 {
			y.t.Errorf("blocks %+v", b)
		}
		y.write(func(tx *sqldb.Tx) error {
			for _, c := range []struct {
				client, domain string
				at, want       int64
			}{{"app", "a.example.com", now, now + 101}, {"app", "a.example.com", now + 101, 0}, {"other", "a.example.com", now, 0}, {"app", "c.example.com", now, 0}} {
				got, err := webhook.BlockedUntil(tx, c.client, c.domain, c.at)
				y.fine(err)
				if got != c.want {
					y.t.Errorf("%+v: until %d", c, got)
				}
			}
			return webhook.SweepBlocks(tx, now+101)
		})
		if n := len(admin().Blocks); n != 0 {
			y.t.Errorf("%d blocks after they were over", n)
		}
	})
}

func TestPutHooks(t *testing.T) {
	each(t, func(y *yard) {
		put := func(client string, in webhook.Create) error {
			return y.db.Write(y.t.Context(), y.stores[0], func(tx *sqldb.Tx) error {
				return webhook.Put(tx, client, in, webhook.Rules{}, y.now())
			})
		}
		in := webhook.Create{Scope: "store/customer/*", Destination: "http://localhost:3000"}
		y.fine(put("app", in))
		y.fine(put("app", in))
		y.Clock.Advance(9 * time.Second)
		in.Headers, in.IsActive = []webhook.Header{{Name: "X", Value: "1"}}, opt.Some(false)
		y.fine(put("app", in))
		y.write(func(tx *sqldb.Tx) error {
			h, err := webhook.Find(tx, 1)
			if err == nil && (h == nil || h.IsActive || len(h.Headers) != 1 || h.DateModified != y.now() || h.DateCreated == h.DateModified) {
				y.t.Errorf("have %+v", h)
			}
			none, err2 := webhook.Find(tx, 2)
			if none != nil {
				y.t.Errorf("a second one: %+v", none)
			}
			return errors.Join(err, err2)
		})
		in.Headers = []webhook.Header{{Name: "Host", Value: "1"}}
		y.refused(put("app", in), "headers.Host")
		if err := put("nobody", webhook.Create{Scope: "store/customer/*", Destination: "http://localhost"}); err == nil {
			y.t.Error("a hook of nobody")
		}
	})
}
