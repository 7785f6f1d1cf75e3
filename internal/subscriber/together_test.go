package subscriber_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"clientele/internal/channel"
	"clientele/internal/fault"
	"clientele/internal/history/historytest"
	"clientele/internal/opt"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/subscriber"
)

// sameChannels gives both stores the same channels.
func (w *world) sameChannels(t *testing.T) {
	t.Helper()
	if err := w.db.Write(t.Context(), w.b, func(tx *sqldb.Tx) error {
		return channel.Put(tx, channel.Given{ID: 4, Name: "Second"}, w.now)
	}); err != nil {
		t.Fatal(err)
	}
}

// Subscribers that are made together leave what they leave one after the other.
func TestTogetherIsOneByOne(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		w.sameChannels(t)
		for seed := range uint64(5) {
			r := rand.New(rand.NewPCG(seed, 5))
			var in []subscriber.Create
			for range 2 + 20*int(seed) {
				c := subscriber.Create{Email: fmt.Sprintf("s%d@x.org", r.IntN(60)), FirstName: fmt.Sprint(r.IntN(9)), Source: subscriber.FromStorefront}
				switch r.IntN(5) {
				case 0:
					c.ChannelID = opt.Some(int64(4))
				case 1:
					c.ChannelID = opt.Some(int64(9)) // is none
				}
				in = append(in, c)
			}
			var single, grouped []string
			say := func(out *[]string, subs []subscriber.Subscriber, own []error) {
				for i, err := range own {
					if f := fault.As(err); f != nil {
						*out = append(*out, fmt.Sprintf("%v %+v", f.Kind, f.Items))
					} else {
						*out = append(*out, fmt.Sprintf("%+v %v", subs[i], err))
					}
				}
			}
			for _, c := range in {
				if err := db.Write(t.Context(), w.a, func(tx *sqldb.Tx) error {
					subs, own, err := subscriber.CreateTogether(tx, []subscriber.Create{c}, api, w.now)
					say(&single, subs, own)
					if err == nil {
						err = own[0]
					}
					return err
				}); err != nil && fault.As(err) == nil {
					t.Fatal(err)
				}
			}
			if err := db.Write(t.Context(), w.b, func(tx *sqldb.Tx) error {
				subs, own, err := subscriber.CreateTogether(tx, in, api, w.now)
				say(&grouped, subs, own)
				return err
			}); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(single, grouped) {
				t.Errorf("seed %d: together\n%q\nby itself\n%q", seed, grouped, single)
			}
			if a, b := events(t, db, w.a), events(t, db, w.b); !slices.Equal(a, b) {
				t.Errorf("seed %d: events together\n%q\nby itself\n%q", seed, b, a)
			}
			made := len(events(t, db, w.b)) // since the beginning
			if a, b := historytest.Lines(t, db, w.a, 0), historytest.Lines(t, db, w.b, 0); !slices.Equal(a[len(a)-made:], b[len(b)-made:]) {
				t.Errorf("seed %d: recorded together\n%q\nby itself\n%q", seed, b, a)
			}
			sameRows(t, db, w, seed)
		}
	})
}

// Subscribers that a file brings are those that it brings one after the other, and
// the one that cannot be made is named.
func TestEnsureIsOneByOne(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		w.sameChannels(t)
		by := subscriber.Origin{Via: subscriber.ViaSeed}
		for seed := range uint64(5) {
			r := rand.New(rand.NewPCG(seed, 6))
			var in []subscriber.Create
			for range 2 + 120*int(seed) {
				n := r.IntN(400)
				c := subscriber.Create{Email: fmt.Sprintf("s%d@x.org", n), FirstName: fmt.Sprint(r.IntN(9))}
				switch r.IntN(6) {
				case 0:
					c.ChannelID = opt.Some(int64(4))
				case 1: // some of them twice
					c.ID, c.Email = int64(10_000+n), fmt.Sprintf("chosen%d@x.org", n)
				case 2:
					c.Email = fmt.Sprintf("S%d@X.org", n)
				}
				in = append(in, c)
			}
			ensure := func(store int64, in []subscriber.Create) (at int, err error) {
				err = db.Write(t.Context(), store, func(tx *sqldb.Tx) error {
					at, err = subscriber.Ensure(tx, in, by, w.now)
					return err
				})
				return at, err
			}
			for i := range in {
				if _, err := ensure(w.a, in[i:i+1]); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := ensure(w.b, in); err != nil {
				t.Fatal(err)
			}
			if a, b := events(t, db, w.a), events(t, db, w.b); !slices.Equal(a, b) {
				t.Errorf("seed %d: events together\n%q\nby itself\n%q", seed, b, a)
			}
			if a, b := historytest.Lines(t, db, w.a, 0), historytest.Lines(t, db, w.b, 0); !slices.Equal(a[len(a)-len(events(t, db, w.a)):], b[len(b)-len(events(t, db, w.b)):]) {
				t.Errorf("seed %d: recorded together\n%q\nby itself\n%q", seed, b, a)
			}
			sameRows(t, db, w, seed)
			// What is there is left alone, and the first fault is told.
			for _, bad := range []subscriber.Create{
				{Email: "new@x.org", ChannelID: opt.Some(int64(9))},
				{Email: "none"},
				{ID: 5000, Email: in[0].Email, ChannelID: in[0].ChannelID},
			} {
				if at, err := ensure(w.b, append(slices.Clone(in), bad, subscriber.Create{Email: "b@x.org", ChannelID: opt.Some(int64(8))})); fault.As(err) == nil || at != len(in) {
					t.Errorf("seed %d: %+v: %d, %v", seed, bad, at, err)
				}
			}
			sameRows(t, db, w, seed)
		}
	})
}

// What each of many subscribers costs does not grow with how many there are: not more
// rows are read for the last ones, though nobody has measured the table.
func TestEnsureReadsLittle(t *testing.T) {
	db := dbtest.Open(t, sqldb.Postgres)
	w := newWorld(t, db)
	read := map[string]int64{} // for the second half
	const n = 4000
	if err := db.Write(t.Context(), w.a, func(tx *sqldb.Tx) error {
		for half := range 2 {
			var in []subscriber.Create
			for i := range n / 2 {
				in = append(in, subscriber.Create{Email: fmt.Sprintf("s%d.%d@x.org", half, i)})
			}
			if _, err := subscriber.Ensure(tx, in, subscriber.Origin{Via: subscriber.ViaSeed}, w.now); err != nil {
				return err
			}
			if err := tx.Query(sqldb.Global(`SELECT relname::text, seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname IN ('subscribers', 'subscriber_ends', 'store_counters')`), func(r *sqldb.Row) error {
				read[r.Text(0)] = r.Int(1) - read[r.Text(0)]
				return nil
			}); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if len(read) != 3 || read["subscribers"] > n || read["subscriber_ends"] > n || read["store_counters"] == 0 || read["store_counters"] > n/100 {
		t.Errorf("for %d subscribers %v rows were read", n/2, read)
	}
}

// sameRows compares the subscribers of both stores, what is known of them, and the
// counters.
func sameRows(t *testing.T, db *sqldb.DB, w *world, seed uint64) {
	t.Helper()
	for _, sql := range []string{
		`SELECT CAST(subscriber_id AS TEXT) || ' ' || CAST(subscribers AS TEXT) || ' ' || CAST(consent_change_id AS TEXT) || ' ' || CAST(event_id AS TEXT) FROM store_counters WHERE store_id = $1`,
		`SELECT CAST(id AS TEXT) || email || email_norm || CAST(channel_id AS TEXT) || first_name_norm || consents || CAST(date_created AS TEXT) FROM subscribers WHERE store_id = $1 ORDER BY id`,
		`SELECT CAST(id AS TEXT) || ' ' || CAST(subscriber_id AS TEXT) || action || email || consents || via || ip_address || CAST(date_created AS TEXT) FROM consent_changes WHERE store_id = $1 ORDER BY id`,
	} {
		if a, b := texts(t, db, w.a, sql), texts(t, db, w.b, sql); !slices.Equal(a, b) {
			t.Errorf("seed %d: %s\ntogether  %q\nby itself %q", seed, sql, b, a)
		}
	}
}

// Many subscribe at once, some of them with the same address: each address has
// one subscriber, and ids, history and events have no gaps.
func TestManySubscribeAtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		const workers, loops = 8, 10
		var wg sync.WaitGroup
		var mu sync.Mutex
		made := 0
		for i := range workers {
			wg.Go(func() {
				for j := range loops {
					email := fmt.Sprintf("w%d.%d@x.org", i, j)
					if j%3 == 1 {
						email = fmt.Sprintf("contested%d@x.org", j)
					}
					_, err := w.Create(t.Context(), w.a, subscriber.Create{Email: email}, api)
					switch {
					case err == nil:
						mu.Lock()
						made++
						mu.Unlock()
					case j%3 != 1 || kind(err) != fault.Conflict:
						t.Errorf("%s: %v", email, err)
					}
				}
			})
		}
		wg.Wait()
		if want := workers*7 + 3; made != want {
			t.Errorf("%d subscribers were made, want %d", made, want)
		}
		want := []string{fmt.Sprintf("%d %d %d %d", made, made, made, made)}
		if got := texts(t, db, w.a, `SELECT CAST(subscriber_id AS TEXT) || ' ' || CAST(subscribers AS TEXT) || ' ' || CAST(consent_change_id AS TEXT) || ' ' || CAST(event_id AS TEXT) FROM store_counters WHERE store_id = $1`); !slices.Equal(got, want) {
			t.Errorf("counters are %q, want %q", got, want)
		}
		if n := len(events(t, db, w.a)); n != made {
			t.Errorf("%d events, want %d", n, made)
		}
	})
}

// texts returns the first column of a query.
func texts(t *testing.T, db *sqldb.DB, store int64, sql string) []string {
	t.Helper()
	var out []string
	if err := db.Read(t.Context(), store, func(tx *sqldb.Tx) error {
		return tx.Query(sqldb.Dynamic(sql), func(r *sqldb.Row) error { out = append(out, r.Text(0)); return nil })
	}); err != nil {
		t.Fatal(err)
	}
	return out
}
