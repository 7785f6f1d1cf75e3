package subscriber_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"clientele/internal/channel"
	"clientele/internal/fault"
	"clientele/internal/history/historytest"
	"clientele/internal/opt"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/store"
	"clientele/internal/subscriber"
	"clientele/internal/system"
	"clientele/internal/words"
)

var api = subscriber.Origin{Via: subscriber.ViaManagementAPI, AccountID: 4, IP: "203.0.113.9"}

// world is a service over two stores; the clock stands still unless moved.
type world struct {
	*subscriber.Service
	db   *sqldb.DB
	a, b int64
	now  int64
}

func newWorld(t *testing.T, db *sqldb.DB) *world {
	t.Helper()
	w := &world{db: db, now: 1_760_000_000}
	sys := system.Real()
	sys.Clock = func() time.Time { return time.Unix(w.now, 0) }
	stores := store.NewService(db, sys)
	for _, id := range []*int64{&w.a, &w.b} {
		st, err := stores.Create(t.Context(), "", "", "")
		if err != nil {
			t.Fatal(err)
		}
		*id = st.ID
	}
	err := db.Write(t.Context(), w.a, func(tx *sqldb.Tx) error {
		return channel.Put(tx, channel.Given{ID: 4, Name: "Second"}, w.now)
	})
	if err != nil {
		t.Fatal(err)
	}
	w.Service = subscriber.NewService(db, sys)
	return w
}

func (w *world) make(t *testing.T, store int64, email string) *subscriber.Subscriber {
	t.Helper()
	s, err := w.Create(t.Context(), store, subscriber.Create{Email: email}, api)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (w *world) ids(t *testing.T, store int64, query string) ([]int64, int64) {
	t.Helper()
	q, err := subscriber.List.Parse(query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	rows, res, err := w.List(t.Context(), store, q)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	ids := make([]int64, len(rows))
	for i := range rows {
		ids[i] = rows[i].ID
	}
	return ids, res.Total
}

func kind(err error) fault.Kind {
	if f := fault.As(err); f != nil {
		return f.Kind
	}
	return fault.Internal
}

// events tells what a store's events are, as "scope id".
func events(t *testing.T, db *sqldb.DB, store int64) []string {
	t.Helper()
	var out []string
	err := db.Read(t.Context(), store, func(tx *sqldb.Tx) error {
		return tx.Query(sqldb.Dynamic(`SELECT scope, data FROM events WHERE store_id = $1 ORDER BY id`), func(r *sqldb.Row) error {
			out = append(out, r.Text(0)+" "+r.Text(1))
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestDefaultsHistoryAndEvents(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		ctx := t.Context()
		s := w.make(t, w.a, "Ines@Example.com")
		if s.ID != 1 || s.ChannelID != 1 || s.Source != "custom" || s.OrderID != 0 || !slices.Equal(s.Consents, []string{"marketing_newsletter"}) || s.DateCreated != w.now {
			t.Errorf("created %+v", s)
		}
		w.now++
		// Nothing changes: no date, no event, no history.
		same, err := w.Update(ctx, w.a, 1, subscriber.Update{Email: opt.Some("Ines@Example.com"), Consents: opt.Some([]string{"marketing_newsletter", "marketing_newsletter"})}, api)
		if err != nil || same.DateModified != s.DateCreated {
			t.Errorf("unchanged: %+v, %v", same, err)
		}
		// A name is no matter of consent.
		if _, err := w.Update(ctx, w.a, 1, subscriber.Update{FirstName: opt.Some("Inês"), OrderID: opt.Some(int64(7)), Source: opt.Some("order")}, api); err != nil {
			t.Fatal(err)
		}
		w.now++
		if s, err = w.Update(ctx, w.a, 1, subscriber.Update{Consents: opt.Some([]string{"abandoned_cart", "marketing_newsletter"})}, api); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(s.Consents, subscriber.Consents) || s.OrderID != 7 || s.FirstName != "Inês" || s.DateModified != w.now {
			t.Errorf("updated %+v", s)
		}
		if s, err = w.Update(ctx, w.a, 1, subscriber.Update{Consents: opt.Some([]string{}), OrderID: opt.Null[int64]()}, subscriber.Origin{}); err != nil || len(s.Consents) != 0 || s.OrderID != 0 {
			t.Errorf("unsubscribed %+v, %v", s, err)
		}
		if _, err = w.Update(ctx, w.a, 1, subscriber.Update{Email: opt.Some("ines@example.org")}, api); err != nil {
			t.Fatal(err)
		}
		w.now++
		if err := w.DeleteOne(ctx, w.a, 1, api); err != nil {
			t.Fatal(err)
		}
		if err := w.DeleteOne(ctx, w.a, 1, api); err != nil {
			t.Errorf("deleted twice: %v", err)
		}
		if _, err := w.Get(ctx, w.a, 1); kind(err) != fault.NotFound {
			t.Errorf("get deleted: %v", err)
		}

		// The history is still there.
		changes, res, err := w.History(ctx, w.a, 1, subscriber.HistoryList.New())
		if err != nil || res.Total != 5 {
			t.Fatalf("history: %+v, %v", res, err)
		}
		var got []string
		for _, c := range changes {
			got = append(got, fmt.Sprintf("%s %s %v %s %d %s %s", c.Action, c.Email, c.Consents, c.Source, c.DateCreated-1_760_000_000, c.Via, c.IP))
		}
		want := []string{
			"created Ines@Example.com [marketing_newsletter] custom 0 management_api 203.0.113.9",
			"updated Ines@Example.com [marketing_newsletter abandoned_cart] order 2 management_api 203.0.113.9",
			"updated Ines@Example.com [] order 2  ",
			"updated ines@example.org [] order 2 management_api 203.0.113.9",
			"deleted ines@example.org [] order 3 management_api 203.0.113.9",
		}
		if !slices.Equal(got, want) {
			t.Errorf("history is\n%q, want\n%q", got, want)
		}
		if _, _, err := w.History(ctx, w.a, 2, subscriber.HistoryList.New()); kind(err) != fault.NotFound {
			t.Errorf("history of nobody: %v", err)
		}
		if _, _, err := w.History(ctx, w.b, 1, subscriber.HistoryList.New()); kind(err) != fault.NotFound {
			t.Errorf("history of another store: %v", err)
		}
		recorded := slices.DeleteFunc(historytest.Lines(t, db, w.a, 0), func(l string) bool { return !strings.Contains(l, " subscriber ") })
		if want := []string{
			`created subscriber 1: channel_id ->1, source ->"custom", consents ->["marketing_newsletter"], email ->"Ines@Example.com"`,
			`updated subscriber 1: source "custom">"order", order_id 0>7, first_name "">"Inês"`,
			`updated subscriber 1: consents ["marketing_newsletter"]>["marketing_newsletter","abandoned_cart"]`,
			`updated subscriber 1: order_id 7>0, consents ["marketing_newsletter","abandoned_cart"]>[]`,
			`updated subscriber 1: email "Ines@Example.com">"ines@example.org"`,
			`deleted subscriber 1: channel_id 1>-, source "order">-, consents []>-, email "ines@example.org">-, first_name "Inês">-`,
		}; !slices.Equal(recorded, want) {
			t.Errorf("recorded\n%s", strings.Join(recorded, "\n"))
		}
		gotEvents := events(t, db, w.a)
		wantEvents := []string{`store/subscriber/created {"type":"subscriber","id":1}`}
		for range 4 {
			wantEvents = append(wantEvents, `store/subscriber/updated {"type":"subscriber","id":1}`)
		}
		wantEvents = append(wantEvents, `store/subscriber/deleted {"type":"subscriber","id":1}`)
		if !slices.Equal(gotEvents, wantEvents) {
			t.Errorf("events are %q", gotEvents)
		}
	})
}

func TestOneSubscriberPerAddressAndChannel(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		ctx := t.Context()
		w.make(t, w.a, "zoë@example.com")
		w.make(t, w.b, "zoë@example.com")
		if _, err := w.Create(ctx, w.a, subscriber.Create{Email: "ZOË@Example.COM"}, api); kind(err) != fault.Conflict {
			t.Errorf("same address: %v", err)
		}
		second, err := w.Create(ctx, w.a, subscriber.Create{Email: "zoë@example.com", ChannelID: opt.Some(int64(4))}, api)
		if err != nil || second.ID != 2 {
			t.Fatalf("other channel: %+v, %v", second, err)
		}
		if _, err := w.Update(ctx, w.a, 2, subscriber.Update{ChannelID: opt.Some(int64(1))}, api); kind(err) != fault.Conflict {
			t.Errorf("moved onto another: %v", err)
		}
		// Its own spelling is not taken.
		if s, err := w.Update(ctx, w.a, 2, subscriber.Update{Email: opt.Some("Zoë@example.com")}, api); err != nil || s.Email != "Zoë@example.com" {
			t.Errorf("respelled: %+v, %v", s, err)
		}
		// Nothing of a refused write stays.
		if ids, total := w.ids(t, w.a, ""); !slices.Equal(ids, []int64{1, 2}) || total != 2 {
			t.Errorf("%v of %d", ids, total)
		}
	})
}

func TestRacesEndInConflict(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		var wg sync.WaitGroup
		var mu sync.Mutex
		made, refused := 0, 0
		for i := range 32 {
			wg.Go(func() {
				_, err := w.Create(t.Context(), w.a, subscriber.Create{Email: fmt.Sprintf("n%d@example.com", i%8)}, api)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					made++
				case kind(err) == fault.Conflict:
					refused++
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		ids, total := w.ids(t, w.a, "")
		if made != 8 || refused != 24 || total != 8 || !slices.Equal(ids, []int64{1, 2, 3, 4, 5, 6, 7, 8}) {
			t.Errorf("%d made, %d refused, %d in all: %v", made, refused, total, ids)
		}
	})
}

// A change of any one field is a change.
func TestEveryFieldCounts(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		s := w.make(t, w.a, "a@example.com")
		for name, in := range map[string]subscriber.Update{
			"email": {Email: opt.Some("b@example.com")}, "first_name": {FirstName: opt.Some("A")}, "last_name": {LastName: opt.Some("B")},
			"channel_id": {ChannelID: opt.Some(int64(4))}, "source": {Source: opt.Some("order")}, "order_id": {OrderID: opt.Some(int64(7))},
			"consents": {Consents: opt.Some([]string{"abandoned_cart"})},
		} {
			w.now++
			before := len(events(t, db, w.a))
			for i, want := range []int{1, 1} { // the second time is none
				if _, err := w.Update(t.Context(), w.a, s.ID, in, api); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				if got := len(events(t, db, w.a)) - before; got != want {
					t.Errorf("%s, time %d: %d events", name, i+1, got)
				}
			}
			if got, err := w.Get(t.Context(), w.a, s.ID); err != nil || got.DateModified != w.now {
				t.Errorf("%s: %+v, %v", name, got, err)
			}
		}
	})
}

func TestAllFaultsAreTold(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		long := string(make([]rune, 256))
		_, err := w.Create(t.Context(), w.a, subscriber.Create{
			Email: "nobody", FirstName: long, LastName: "\x00", Source: "radio",
			ChannelID: opt.Some(int64(0)), OrderID: opt.Some(int64(1 << 31)), Consents: opt.Some([]string{"spam"}),
		}, api)
		var fields []string
		if f := fault.As(err); f != nil {
			for _, it := range f.Items {
				fields = append(fields, words.Terminal.Path(&it))
			}
		}
		if want := []string{"email", "first_name", "last_name", "source", "order_id", "channel_id", "consents"}; !slices.Equal(fields, want) {
			t.Errorf("%v, want %v", fields, want)
		}
		if _, err := w.Create(t.Context(), w.a, subscriber.Create{Email: "a@b.co", ChannelID: opt.Some(int64(9))}, api); kind(err) != fault.Invalid {
			t.Errorf("unknown channel: %v", err)
		}
		if _, err := w.Update(t.Context(), w.a, 1, subscriber.Update{}, api); kind(err) != fault.NotFound {
			t.Errorf("unknown subscriber: %v", err)
		}
	})
}

func TestFilters(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		ctx := t.Context()
		for i, in := range []subscriber.Create{
			{Email: "a@example.com", FirstName: "Ana", LastName: "Öz", Source: "storefront"},
			{Email: "b@example.com", FirstName: "Ben", Source: "order", OrderID: opt.Some(int64(12))},
			{Email: "c@example.com", FirstName: "ANA", LastName: "Lee"},
			{Email: "d+x@example.com"},
		} {
			w.now = 1_760_000_000 + int64(i)*86400
			if _, err := w.Create(ctx, w.a, in, api); err != nil {
				t.Fatal(err)
			}
		}
		w.make(t, w.b, "a@example.com")
		for query, want := range map[string][]int64{
			"":                                      {1, 2, 3, 4},
			"id=2":                                  {2},
			"id:in=4,1,9":                           {1, 4},
			"email=A@EXAMPLE.com":                   {1},
			"email=d%2Bx@example.com":               {4},
			"email=x@example.com":                   {},
			"first_name=ana":                        {1, 3},
			"first_name=":                           {4},
			"first_name=Ben&first_name=ana":         {1, 3},
			"last_name=öz":                          {1},
			"source=order":                          {2},
			"order_id=12":                           {2},
			"date_created=2025-10-09":               {1},
			"date_created:min=2025-10-10":           {2, 3, 4},
			"date_created:max=2025-10-10":           {1, 2},
			"date_modified=2025-10-11T08:53:20":     {3},
			"date_modified:min=2025-10-11":          {3, 4},
			"date_modified:max=2025-10-09T08:53:20": {1},
			"first_name=ana&last_name=lee":          {3},
			"limit=2&page=2":                        {3, 4},
		} {
			if ids, _ := w.ids(t, w.a, query); !slices.Equal(ids, want) {
				t.Errorf("%s: %v, want %v", query, ids, want)
			}
		}
		for _, query := range []string{"name=a", "sort=id", "email:in=a", "direction=asc", "order_id=x", "before=x"} {
			if _, err := subscriber.List.Parse(query); kind(err) != fault.BadFilter {
				t.Errorf("%s: %v", query, err)
			}
		}
		for _, query := range []string{"id=1", "id:in=1", "page=1", "date_created:min=2025-10-10"} {
			if _, err := subscriber.DeleteList.Parse(query); kind(err) != fault.BadFilter {
				t.Errorf("delete %s: %v", query, err)
			}
		}
	})
}

func TestDeleteByFilterAndAll(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		ctx := t.Context()
		const n = 1203 // three batches
		err := db.Write(ctx, w.a, func(tx *sqldb.Tx) error {
			var in []subscriber.Create
			for i := range n {
				in = append(in, subscriber.Create{Email: fmt.Sprintf("n%d@example.com", i), FirstName: fmt.Sprint("g", i%3)})
			}
			_, err := subscriber.Ensure(tx, in, subscriber.Origin{Via: subscriber.ViaSeed}, w.now)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		w.make(t, w.b, "n1@example.com")
		if ids, total := w.ids(t, w.a, "limit=3&page=301"); !slices.Equal(ids, []int64{901, 902, 903}) || total != n {
			t.Errorf("a deep page holds %v of %d", ids, total)
		}
		del := func(query string) int {
			t.Helper()
			q, err := subscriber.DeleteList.Parse(query)
			if err != nil {
				t.Fatal(err)
			}
			n, err := w.Delete(ctx, w.a, q, api)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		last := historytest.Last(t, db, w.a)
		if n := del("email=nobody@example.com"); n != 0 {
			t.Errorf("%d deleted by an address nobody has", n)
		}
		if n := del("first_name=G1"); n != 401 {
			t.Errorf("%d deleted by name", n)
		}
		if ids, total := w.ids(t, w.a, "limit=2&page=101"); !slices.Equal(ids, []int64{301, 303}) || total != n-401 {
			t.Errorf("then a page holds %v of %d", ids, total)
		}
		if n := del(""); n != 802 {
			t.Errorf("%d deleted without a filter", n)
		}
		if ids, total := w.ids(t, w.a, ""); len(ids) != 0 || total != 0 {
			t.Errorf("left: %v of %d", ids, total)
		}
		if _, total := w.ids(t, w.b, ""); total != 1 {
			t.Errorf("another store lost its subscriber")
		}
		if _, res, err := w.History(ctx, w.a, 777, subscriber.HistoryList.New()); err != nil || res.Total != 2 {
			t.Errorf("history: %+v, %v", res, err)
		}
		if got := len(events(t, db, w.a)); got != 2*n {
			t.Errorf("%d events", got)
		}
		// Many are told of at once.
		if got := historytest.Lines(t, db, w.a, last); !slices.Equal(got, []string{
			"deleted_all subscriber 0: count 401>-, up_to_id 1203>-",
			"deleted_all subscriber 0: count 802>-, up_to_id 1203>-",
		}) {
			t.Errorf("recorded %q", got)
		}
		if s := w.make(t, w.a, "n1@example.com"); s.ID != n+1 {
			t.Errorf("an id was given out again: %d", s.ID)
		}
	})
}

func TestOtherStoresAreOutOfReach(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		ctx := t.Context()
		w.make(t, w.a, "a@example.com")
		if _, err := w.Get(ctx, w.b, 1); kind(err) != fault.NotFound {
			t.Errorf("get: %v", err)
		}
		if _, err := w.Update(ctx, w.b, 1, subscriber.Update{FirstName: opt.Some("X")}, api); kind(err) != fault.NotFound {
			t.Errorf("update: %v", err)
		}
		if err := w.DeleteOne(ctx, w.b, 1, api); err != nil {
			t.Error(err)
		}
		if n, err := w.Delete(ctx, w.b, subscriber.DeleteList.New(), api); n != 0 || err != nil {
			t.Errorf("%d deleted, %v", n, err)
		}
		if s, err := w.Get(ctx, w.a, 1); err != nil || s.FirstName != "" {
			t.Errorf("%+v, %v", s, err)
		}
		// A channel of another store is none.
		if _, err := w.Create(ctx, w.b, subscriber.Create{Email: "b@example.com", ChannelID: opt.Some(int64(4))}, api); kind(err) != fault.Invalid {
			t.Errorf("another store's channel: %v", err)
		}
	})
}

func TestSeededIDsMoveTheCounter(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		for range 2 {
			err := db.Write(t.Context(), w.a, func(tx *sqldb.Tx) error {
				_, err := subscriber.Ensure(tx, []subscriber.Create{
					{ID: 40, Email: "a@example.com", Consents: opt.Some([]string{})},
					{Email: "b@example.com"},
				}, subscriber.Origin{}, w.now)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if ids, total := w.ids(t, w.a, ""); !slices.Equal(ids, []int64{40, 41}) || total != 2 {
			t.Errorf("%v of %d", ids, total)
		}
	})
}

// Channels that the store does not have are refused, whichever way they come.
func TestChannelsExist(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		unknown := func(what string, err error) {
			t.Helper()
			f := fault.As(err)
			if f == nil || f.Kind != fault.Invalid || len(f.Items) != 1 || f.Items[0].Field != subscriber.FieldChannel || f.Items[0].Code != fault.Unknown {
				t.Errorf("%s: %v", what, err)
			}
		}
		s := w.make(t, w.a, "a@example.com")
		_, err := w.Create(t.Context(), w.a, subscriber.Create{Email: "b@example.com", ChannelID: opt.Some(int64(9))}, api)
		unknown("create", err)
		_, err = w.Update(t.Context(), w.a, s.ID, subscriber.Update{ChannelID: opt.Some(int64(9))}, api)
		unknown("update", err)
		_, err = w.Say(t.Context(), w.a, subscriber.Wish{Email: "c@example.com", ChannelID: 9, Newsletter: opt.Some(true)}, api)
		unknown("wish", err)
		// Channel 4 is the other store's.
		_, err = w.Create(t.Context(), w.b, subscriber.Create{Email: "b@example.com", ChannelID: opt.Some(int64(4))}, api)
		unknown("another store's", err)
		if _, total := w.ids(t, w.a, ""); total != 1 {
			t.Errorf("%d subscribers", total)
		}
	})
}

// Who withdraws by an email that came earlier takes back the address and the
// channel that the subscriber had last, whoever has them now.
func TestWithdraw(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		ctx := t.Context()
		withdraw := func(id int64, want ...int64) {
			t.Helper()
			if err := db.Write(ctx, w.a, func(tx *sqldb.Tx) error { return subscriber.Withdraw(tx, id, api, w.now) }); err != nil {
				t.Fatal(err)
			}
			if ids, _ := w.ids(t, w.a, ""); !slices.Equal(ids, want) {
				t.Errorf("after %d withdrew there are %v, want %v", id, ids, want)
			}
		}
		moved := w.make(t, w.a, "old@example.com")
		if _, err := w.Update(ctx, w.a, moved.ID, subscriber.Update{Email: opt.Some("new@example.com"), ChannelID: opt.Some(int64(4))}, api); err != nil {
			t.Fatal(err)
		}
		w.make(t, w.a, "old@example.com") // 2, somebody else by now
		w.make(t, w.a, "new@example.com") // 3, on another channel
		withdraw(1, 2, 3)
		withdraw(1, 2, 3) // gone already
		withdraw(9, 2, 3) // nobody
		again, err := w.Create(ctx, w.a, subscriber.Create{Email: "NEW@example.com", ChannelID: opt.Some(int64(4))}, api)
		if err != nil || again.ID != 4 {
			t.Fatalf("%+v, %v", again, err)
		}
		withdraw(1, 2, 3)
	})
}

func TestHasNewsletter(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		for email, consents := range map[string][]string{
			"all@example.com": subscriber.Consents, "news@example.com": {subscriber.MarketingNewsletter}, "cart@example.com": {subscriber.AbandonedCart}, "none@example.com": {},
		} {
			if _, err := w.Create(t.Context(), w.a, subscriber.Create{Email: email, Consents: opt.Some(consents)}, api); err != nil {
				t.Fatal(err)
			}
			for _, c := range []struct {
				store, channel int64
				email          string
				want           bool
			}{
				{w.a, 1, email, slices.Contains(consents, subscriber.MarketingNewsletter)}, {w.a, 1, strings.ToUpper(email), slices.Contains(consents, subscriber.MarketingNewsletter)},
				{w.a, 4, email, false}, {w.b, 1, email, false}, {w.a, 1, "x" + email, false},
			} {
				var has bool
				err := db.Read(t.Context(), c.store, func(tx *sqldb.Tx) (err error) {
					has, err = subscriber.HasNewsletter(tx, c.channel, c.email)
					return err
				})
				if err != nil || has != c.want {
					t.Errorf("%+v: %v, %v", c, has, err)
				}
			}
		}
	})
}
