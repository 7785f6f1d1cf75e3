package subscriber_test

import (
	"slices"
	"strings"
	"testing"

	"clientele/internal/fault"
	"clientele/internal/history/historytest"
	"clientele/internal/jobs"
	"clientele/internal/opt"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/store"
	"clientele/internal/storekey"
	"clientele/internal/subscriber"
	"clientele/internal/system"
)

var (
	panel      = subscriber.Origin{Via: subscriber.ViaPanel}
	storefront = subscriber.Origin{Via: subscriber.ViaStorefront}
)

func enter(address string, anew bool) subscriber.Enter {
	return subscriber.Enter{Create: subscriber.Create{Email: address}, Ground: "on paper", Anew: anew}
}

// Who left by their own wish is entered again with a new consent alone, by the API
// where the store wants it so, and by themselves in any case.
func TestLeft(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		w.make(t, w.a, "gone@example.com")
		w.make(t, w.a, "removed@example.com")
		if err := w.Leave(ctx, w.a, 1, "GONE@example.com", storefront); err != nil {
			t.Fatal(err)
		}
		if err := w.DeleteOne(ctx, w.a, 2, panel); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Enter(ctx, w.a, enter("removed@example.com", false), panel); err != nil {
			t.Errorf("who was removed by the staff: %v", err)
		}
		if _, err := w.Enter(ctx, w.a, enter("Gone@example.com", false), panel); !subscriber.Refused(err) {
			t.Errorf("who left: %v", err)
		}
		if _, err := w.Enter(ctx, w.a, subscriber.Enter{Create: subscriber.Create{Email: "x@example.com"}, Ground: " "}, panel); err == nil {
			t.Error("without a ground")
		}
		if _, err := w.Create(ctx, w.a, subscriber.Create{Email: "gone@example.com"}, api); err != nil {
			t.Errorf("by the API, as it was: %v", err)
		}
		if err := w.Leave(ctx, w.a, 1, "gone@example.com", storefront); err != nil {
			t.Fatal(err)
		}
		if _, err := store.NewService(db, system.Real()).ChangeSettings(ctx, w.a, map[string]any{"refuse_suppressed_addresses": true}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Create(ctx, w.a, subscriber.Create{Email: "gone@example.com"}, api); !subscriber.Refused(err) {
			t.Errorf("by the API of a store that refuses: %v", err)
		}
		if _, err := w.Create(ctx, w.a, subscriber.Create{Email: "gone@example.com", Consents: opt.Some([]string{})}, api); err != nil {
			t.Errorf("without any consent: %v", err)
		}
		// A subscriber who has taken all back.
		if _, err := w.Enter(ctx, w.a, enter("gone@example.com", false), panel); !subscriber.Refused(err) {
			t.Errorf("who agreed to nothing: %v", err)
		}
		s, err := w.Enter(ctx, w.a, enter("gone@example.com", true), panel)
		if err != nil || !s.Agreed() {
			t.Fatalf("anew: %+v, %v", s, err)
		}
		q := subscriber.HistoryList.New()
		changes, _, err := w.Proofs(ctx, w.a, s.ID, q)
		if err != nil || len(changes) == 0 {
			t.Fatal(changes, err)
		}
		if p := changes[len(changes)-1].Proven(); p.Ground != "on paper" || !p.Reconsent || p.Via != "panel" {
			t.Errorf("the proof is %+v", p)
		}
		// They themselves may always.
		if _, err := w.Unsubscribe(ctx, w.a, s.ID, panel); err != nil {
			t.Fatal(err)
		}
		if err := w.DeleteOne(ctx, w.a, s.ID, panel); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Enter(ctx, w.a, enter("gone@example.com", false), panel); !subscriber.Refused(err) {
			t.Errorf("who was unsubscribed and then deleted: %v", err)
		}
		if _, err := w.Say(ctx, w.a, subscriber.Wish{Email: "gone@example.com", ChannelID: 1, Newsletter: opt.Some(true)}, storefront); err != nil {
			t.Errorf("by themselves: %v", err)
		}
	})
}

// What came back is known of the address, once; who complains leaves everything.
func TestBounces(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		s := w.make(t, w.a, "full@example.com")
		w.make(t, w.b, "full@example.com")
		report := func(kind, address string) {
			t.Helper()
			if _, err := w.Bounce(ctx, w.a, subscriber.Report{Email: address, Kind: kind, Reason: "550 no such user"}, api); err != nil {
				t.Fatal(err)
			}
		}
		for _, bad := range []subscriber.Report{{Email: "x", Kind: "hard"}, {Email: "a@example.com", Kind: "soft"}, {Email: "a@example.com", Kind: "hard", Reason: strings.Repeat("x", 501)}} {
			if _, err := w.Bounce(ctx, w.a, bad, api); err == nil {
				t.Errorf("%+v is taken", bad)
			}
		}
		before := historytest.Last(t, db, w.a)
		report("hard", "FULL@example.com")
		report("hard", "full@example.com")
		if got := historytest.Lines(t, db, w.a, before); len(got) != 1 {
			t.Errorf("the history has %q", got)
		}
		state := func() string {
			t.Helper()
			found, err := w.Browse(ctx, w.a, subscriber.Browse{Limit: 10})
			if err != nil || len(found.Subscribers) != 1 {
				t.Fatal(found, err)
			}
			_, bounced := found.Bounces[s.ID]
			return string(found.Subscribers[0].StateOf(bounced))
		}
		if state() != "bounced" {
			t.Error(state())
		}
		if found, err := w.Browse(ctx, w.b, subscriber.Browse{Limit: 10, State: subscriber.Bounced}); err != nil || len(found.Subscribers) != 0 {
			t.Errorf("of another store: %+v %v", found, err)
		}
		if err := w.Reachable(ctx, w.a, "full@example.com"); err != nil || state() != "subscribed" {
			t.Error(state(), err)
		}
		report("complaint", "full@example.com")
		report("hard", "full@example.com")
		if got, err := w.Get(ctx, w.a, s.ID); err != nil || len(got.Consents) != 0 {
			t.Errorf("%+v %v", got, err)
		}
		keys, err := storekey.NewService(db, system.Real()).Keys(ctx, w.a)
		if err != nil {
			t.Fatal(err)
		}
		if st, err := w.Standing(ctx, w.a, "full@example.com", keys); err != nil || st.Bounce == nil || st.Bounce.Kind != "complaint" || len(st.Ends) != 1 || !st.Ends[0].Own() {
			t.Errorf("%+v %v", st, err)
		}
		// On another channel as well, and who never subscribed.
		report("complaint", "stranger@example.com")
		in := enter("stranger@example.com", false)
		in.ChannelID = opt.Some(int64(4))
		if _, err := w.Enter(ctx, w.a, in, panel); !subscriber.Refused(err) {
			t.Error(err)
		}
		in.Anew = true
		if got, err := w.Enter(ctx, w.a, in, panel); err != nil || got.ChannelID != 4 {
			t.Errorf("%+v %v", got, err)
		}
	})
}

// The list is found by any part of an address, by state, and page by page in both
// directions.
func TestBrowse(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		for _, a := range []string{"ann@one.example", "bob@two.example", "cleo@one.example", "dan@two.example", "eve@one.example"} {
			w.make(t, w.a, a)
		}
		w.make(t, w.b, "other@one.example")
		if _, err := w.Unsubscribe(ctx, w.a, 3, panel); err != nil {
			t.Fatal(err)
		}
		find := func(in subscriber.Browse) (ids []int64, older, newer int64) {
			t.Helper()
			if in.Limit == 0 {
				in.Limit = 10
			}
			found, err := w.Browse(ctx, w.a, in)
			if err != nil || !found.Complete {
				t.Fatalf("%+v: %+v %v", in, found, err)
			}
			for i := range found.Subscribers {
				ids = append(ids, found.Subscribers[i].ID)
			}
			return ids, found.Older, found.Newer
		}
		for _, c := range []struct {
			in   subscriber.Browse
			want []int64
		}{
			{subscriber.Browse{}, []int64{5, 4, 3, 2, 1}}, {subscriber.Browse{Text: "ONE.ex"}, []int64{5, 3, 1}}, {subscriber.Browse{Text: "one an"}, []int64{1}},
			{subscriber.Browse{State: subscriber.Unsubscribed}, []int64{3}}, {subscriber.Browse{State: subscriber.Subscribed, Text: "one"}, []int64{5, 1}},
			{subscriber.Browse{Consent: subscriber.MarketingNewsletter, Source: subscriber.FromCustom, ChannelID: 1}, []int64{5, 4, 2, 1}}, {subscriber.Browse{ChannelID: 4}, nil},
			{subscriber.Browse{From: w.now + 1}, nil}, {subscriber.Browse{Text: "%' OR 1=1"}, nil},
		} {
			if ids, _, _ := find(c.in); !slices.Equal(ids, c.want) {
				t.Errorf("%+v: %v, want %v", c.in, ids, c.want)
			}
		}
		ids, older, newer := find(subscriber.Browse{Limit: 2})
		if !slices.Equal(ids, []int64{5, 4}) || older != 4 || newer != 0 {
			t.Errorf("%v %d %d", ids, older, newer)
		}
		ids, older, newer = find(subscriber.Browse{Limit: 2, Before: older})
		if !slices.Equal(ids, []int64{3, 2}) || older != 2 || newer != 3 {
			t.Errorf("%v %d %d", ids, older, newer)
		}
		ids, older, newer = find(subscriber.Browse{Limit: 2, After: newer})
		if !slices.Equal(ids, []int64{5, 4}) || older != 4 || newer != 0 {
			t.Errorf("%v %d %d", ids, older, newer)
		}
	})
}

// What happened to consents is found by the address, across deletions; entries from
// before get their keys.
func TestConsentsOfAddress(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		w.make(t, w.a, "Ann@example.com")
		if err := w.DeleteOne(ctx, w.a, 1, api); err != nil {
			t.Fatal(err)
		}
		w.make(t, w.a, "ann@Example.com")
		w.make(t, w.a, "bob@example.com")
		keys, err := storekey.NewService(db, system.Real()).Keys(ctx, w.a)
		if err != nil {
			t.Fatal(err)
		}
		look := func(in subscriber.ConsentsAsked) []int64 {
			t.Helper()
			in.Keys = keys
			if in.Limit == 0 {
				in.Limit = 10
			}
			found, err := w.Consents(ctx, w.a, in)
			if err != nil {
				t.Fatal(err)
			}
			var ids []int64
			for i := range found.Changes {
				ids = append(ids, found.Changes[i].ID)
			}
			return ids
		}
		want := []int64{3, 2, 1}
		if got := look(subscriber.ConsentsAsked{Email: "ANN@example.com"}); !slices.Equal(got, want) {
			t.Errorf("%v", got)
		}
		if got := look(subscriber.ConsentsAsked{}); !slices.Equal(got, []int64{4, 3, 2, 1}) {
			t.Errorf("%v", got)
		}
		if got := look(subscriber.ConsentsAsked{Email: "ann@example.com", Before: 3, Limit: 1}); !slices.Equal(got, []int64{2}) {
			t.Errorf("%v", got)
		}
		if got := look(subscriber.ConsentsAsked{After: 1, Limit: 2}); !slices.Equal(got, []int64{3, 2}) {
			t.Errorf("%v", got)
		}
		if err := db.Write(ctx, w.a, func(tx *sqldb.Tx) error {
			if err := tx.Exec(sqldb.Dynamic(`UPDATE consent_changes SET email_norm = '' WHERE store_id = $1`)); err != nil {
				return err
			}
			return jobs.Enqueue(tx, 0, "consent_keys", struct{}{}, 0)
		}); err != nil {
			t.Fatal(err)
		}
		if got := look(subscriber.ConsentsAsked{Email: "ann@example.com"}); len(got) != 0 {
			t.Errorf("%v", got)
		}
		r := jobs.NewRunner(db, system.Real(), jobs.Options{})
		w.Register(r)
		if _, err := r.RunDue(ctx); err != nil {
			t.Fatal(err)
		}
		if got := look(subscriber.ConsentsAsked{Email: "ann@example.com"}); !slices.Equal(got, want) {
			t.Errorf("after the job %v", got)
		}
	})
}

// Who complained stays known, whatever is written of the subscriber afterwards, but for
// a new consent.
func TestComplaintStays(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		stores := store.NewService(db, system.Real())
		keys, err := storekey.NewService(db, system.Real()).Keys(ctx, w.a)
		if err != nil {
			t.Fatal(err)
		}
		written := func(f func(tx *sqldb.Tx) error) error { return db.Write(ctx, w.a, f) }
		news := opt.Some([]string{subscriber.MarketingNewsletter})
		put := func(in subscriber.Update) func(string, int64) error {
			return func(_ string, id int64) error { _, err := w.Update(ctx, w.a, id, in, api); return err }
		}
		held := func(id int64, f func(tx *sqldb.Tx, s *subscriber.Subscriber) error) error {
			return written(func(tx *sqldb.Tx) error {
				s, err := subscriber.Held(tx, []int64{id})
				if err != nil {
					return err
				}
				return f(tx, &s[0])
			})
		}
		for name, c := range map[string]struct {
			do   func(at string, id int64) error
			gone bool // the complaint counts no more
		}{
			"a name": {do: put(subscriber.Update{FirstName: opt.Some("Ann")})}, "a source": {do: put(subscriber.Update{Source: opt.Some(subscriber.FromOrder)})},
			"consents by the API": {do: put(subscriber.Update{Consents: news})},
			"another channel":     {do: put(subscriber.Update{ChannelID: opt.Some(int64(4))})},
			"another address":     {do: put(subscriber.Update{Email: opt.Some("other@example.com")})},
			"another address, and back": {do: func(at string, id int64) error {
				if err := put(subscriber.Update{Email: opt.Some("back@example.com")})(at, id); err != nil {
					return err
				}
				return put(subscriber.Update{Email: opt.Some(at)})(at, id)
			}},
			"deleted": {do: func(_ string, id int64) error { return w.DeleteOne(ctx, w.a, id, api) }},
			"made anew by the API": {do: func(at string, id int64) error {
				if err := w.DeleteOne(ctx, w.a, id, api); err != nil {
					return err
				}
				_, err := w.Create(ctx, w.a, subscriber.Create{Email: at}, api)
				return err
			}},
			"said without a confirmation": {do: func(at string, _ int64) error {
				_, err := w.Say(ctx, w.a, subscriber.Wish{Email: at, ChannelID: 1, Newsletter: opt.Some(true)}, storefront)
				return err
			}},
			"left": {do: func(at string, _ int64) error { return w.Leave(ctx, w.a, 1, at, storefront) }},
			"imported": {do: func(at string, _ int64) error {
				return written(func(tx *sqldb.Tx) error {
					_, err := subscriber.ImportTx(tx, keys, []subscriber.ImportRow{{Email: at, FirstName: "Ann", Said: subscriber.Agreed}}, w.now)
					return err
				})
			}},
			"a file that says that they left": {do: func(at string, _ int64) error {
				return written(func(tx *sqldb.Tx) error {
					_, err := subscriber.ImportTx(tx, keys, []subscriber.ImportRow{{Email: at, FirstName: "Ann", Said: subscriber.HasLeft}}, w.now)
					return err
				})
			}},
			"copied from another store": {do: func(at string, id int64) error {
				return written(func(tx *sqldb.Tx) error {
					_, err := subscriber.CopyTx(tx, []subscriber.Copy{{Create: subscriber.Create{ID: id, Email: at, FirstName: "Ann", Consents: opt.Some([]string{})}}}, w.now)
					return err
				})
			}},
			"refused in bulk": {do: func(_ string, id int64) error {
				return held(id, func(tx *sqldb.Tx, s *subscriber.Subscriber) error {
					if _, err := subscriber.SubscribeTx(tx, s, panel, w.now); !subscriber.Refused(err) {
						t.Errorf("in bulk: %v", err)
					}
					return nil
				})
			}},
			"removed in bulk": {do: func(_ string, id int64) error {
				return held(id, func(tx *sqldb.Tx, s *subscriber.Subscriber) error {
					return subscriber.RemoveHeldTx(tx, []subscriber.Subscriber{*s}, panel, w.now)
				})
			}},
			"agreed anew": {do: func(at string, _ int64) error { _, err := w.Enter(ctx, w.a, enter(at, true), panel); return err }, gone: true},
			"agreed anew in bulk": {do: func(_ string, id int64) error {
				return held(id, func(tx *sqldb.Tx, s *subscriber.Subscriber) error {
					by := panel
					by.Proof.Anew, by.Proof.Ground = true, "on paper"
					_, err := subscriber.SubscribeTx(tx, s, by, w.now)
					return err
				})
			}, gone: true},
			"confirmed": {do: func(at string, _ int64) error {
				by := storefront
				by.Proof.Confirmed = subscriber.ByEmail
				return written(func(tx *sqldb.Tx) error { return subscriber.Agree(tx, subscriber.Create{Email: at}, by, w.now) })
			}, gone: true},
			"confirmed after it was said": {do: func(at string, _ int64) error {
				if _, err := w.Say(ctx, w.a, subscriber.Wish{Email: at, ChannelID: 1, Newsletter: opt.Some(true)}, storefront); err != nil {
					return err
				}
				by := storefront
				by.Proof.Confirmed = subscriber.ByEmail
				return written(func(tx *sqldb.Tx) error { return subscriber.Agree(tx, subscriber.Create{Email: at}, by, w.now) })
			}, gone: true},
		} {
			at := strings.ReplaceAll(name, " ", ".") + "@example.com"
			at = strings.ReplaceAll(at, ",", "")
			s := w.make(t, w.a, at)
			if _, err := w.Bounce(ctx, w.a, subscriber.Report{Email: at, Kind: subscriber.Complaint}, api); err != nil {
				t.Fatal(err)
			}
			if err := c.do(at, s.ID); err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			st, err := w.Standing(ctx, w.a, at, keys)
			if err != nil {
				t.Fatal(err)
			}
			known := slices.ContainsFunc(st.Ends, func(e subscriber.End) bool { return e.Via == subscriber.ViaComplaint })
			if known == c.gone || (st.Bounce != nil) == c.gone {
				t.Errorf("%s: it is known %v, of the mailbox %+v", name, known, st.Bounce)
			}
			if c.gone {
				continue
			}
			in := enter(at, false)
			in.ChannelID = opt.Some(int64(4))
			if _, err := w.Enter(ctx, w.a, in, panel); !subscriber.Refused(err) && fault.As(err) == nil {
				t.Errorf("%s: the staff may: %v", name, err)
			}
		}
		// By the API of a store that refuses.
		if _, err := stores.ChangeSettings(ctx, w.a, map[string]any{"refuse_suppressed_addresses": true}); err != nil {
			t.Fatal(err)
		}
		s := w.make(t, w.a, "refused@example.com")
		if _, err := w.Bounce(ctx, w.a, subscriber.Report{Email: s.Email, Kind: subscriber.Complaint}, api); err != nil {
			t.Fatal(err)
		}
		if err := put(subscriber.Update{Consents: news})("", s.ID); !subscriber.Refused(err) {
			t.Errorf("consents by the API: %v", err)
		}
		if err := put(subscriber.Update{LastName: opt.Some("Lee")})("", s.ID); err != nil {
			t.Errorf("a name: %v", err)
		}
		gone := w.make(t, w.a, "back.again@example.com")
		if _, err := w.Unsubscribe(ctx, w.a, gone.ID, panel); err != nil {
			t.Fatal(err)
		}
		if err := put(subscriber.Update{Consents: news})("", gone.ID); !subscriber.Refused(err) {
			t.Errorf("who took it back: %v", err)
		}
		in := enter("refused@example.com", true)
		in.Consents = opt.Some([]string{})
		if _, err := w.Enter(ctx, w.a, in, panel); fault.As(err) == nil || subscriber.Refused(err) {
			t.Errorf("anew, to nothing: %v", err)
		}
	})
}
