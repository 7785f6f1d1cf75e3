package history_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"clientele/internal/history"
	"clientele/internal/history/historytest"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/store"
	"clientele/internal/storekey"
	"clientele/internal/system"
	"clientele/internal/system/systemtest"
)

type world struct {
	t      *testing.T
	db     *sqldb.DB
	clock  *systemtest.Clock
	chain  *history.Chain
	list   *history.Service
	stores [2]int64
	log    systemtest.Text
}

func newWorld(t *testing.T, db *sqldb.DB) *world {
	t.Helper()
	w := &world{t: t, db: db, clock: systemtest.NewClock(time.Date(2026, 6, 18, 12, 0, 0, 0, time.UTC)), list: history.NewService(db)}
	sys := &system.System{Clock: w.clock.Now, Random: rand.Reader}
	w.chain = history.NewChain(db, sys, storekey.NewService(db, sys), slog.New(slog.NewTextHandler(&w.log, nil)))
	for i := range w.stores {
		st, err := store.NewService(db, sys).Create(t.Context(), "", "A store", "")
		if err != nil {
			t.Fatal(err)
		}
		w.stores[i] = st.ID
		historytest.Forget(t, db, st.ID)
	}
	return w
}

// write writes n entries, of customers 1 to 10 in turn.
func (w *world) write(ctx context.Context, store int64, n int) error {
	return w.db.Write(ctx, store, func(tx *sqldb.Tx) error {
		c, err := advance(tx, n)
		if err != nil {
			return err
		}
		entries := make([]history.Entry, n)
		for i := range entries {
			id := c - int64(n) + 1 + int64(i)
			e := history.Entry{Action: history.Updated, Resource: history.Customer, ID: id%10 + 1, CustomerID: id%10 + 1}
			e.Add(true, history.FieldEmail, "", history.Text(fmt.Sprintf("person%d@example.com", id)))
			e.Add(false, history.FieldGroup, "1", "2")
			entries[i] = e
		}
		return history.Record(tx, c, w.clock.Now().Unix(), entries)
	})
}

func advance(tx *sqldb.Tx, n int) (int64, error) {
	c, err := store.Advance{Entries: int64(n)}.Run(tx)
	return c.EntryID, err
}

func (w *world) record(n int) {
	w.t.Helper()
	ctx := history.With(w.t.Context(), &history.Origin{Surface: history.Command, Actor: history.Actor{Kind: history.CommandUser, Name: "root"}, Address: "192.0.2.1", RequestID: strings.Repeat("0a", 16)})
	if err := w.write(ctx, w.stores[0], n); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) run() {
	w.t.Helper()
	if err := w.chain.Run(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

// verify expects problems, each by words that it says, and returns the report.
func (w *world) verify(name string, want ...string) *history.Report {
	w.t.Helper()
	r, err := w.chain.Verify(w.t.Context(), w.stores[0], nil)
	if err != nil {
		w.t.Fatal(name, err)
	}
	var got []string
	for _, p := range r.Problems {
		got = append(got, fmt.Sprintf("%d/%d %s", p.Entry, p.Block, p.What))
	}
	if len(got) != len(want) || r.Found != int64(len(want)) {
		w.t.Errorf("%s: %q, want %q", name, got, want)
		return r
	}
	for i, p := range got {
		if !strings.HasPrefix(p, want[i]) {
			w.t.Errorf("%s: %q, want %q", name, p, want[i])
		}
	}
	return r
}

// sql runs a statement as somebody with the database would.
func (w *world) sql(store int64, text string, args ...any) {
	w.t.Helper()
	if err := w.db.Write(w.t.Context(), store, func(tx *sqldb.Tx) error {
		n, err := tx.ExecCount(sqldb.Dynamic(text), args...)
		if err == nil && n == 0 {
			w.t.Errorf("%s: nothing was changed", text)
		}
		return err
	}); err != nil {
		w.t.Fatal(text, err)
	}
}

func TestChain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		w.run()
		if r := w.verify("nothing"); r.Last != 0 || r.Block != 0 {
			t.Errorf("of nothing: %+v", r)
		}
		for range 23 {
			w.record(100)
		}
		w.run()
		if r := w.verify("full blocks"); r.Blocks != 2 || r.SealedTo != 2000 || r.Last != 2300 || r.Entries != 2000 {
			t.Errorf("full blocks: %+v", r)
		}
		w.clock.Advance(2 * time.Minute)
		w.run()
		w.record(3)
		w.run()
		r := w.verify("all blocks")
		if r.Blocks != 3 || r.SealedTo != 2300 || r.Last != 2303 || len(r.Hash) != 32 || r.Key == "" {
			t.Errorf("all blocks: %+v", r)
		}
		noted := &history.Checkpoint{Block: r.Block, Hash: r.Hash}
		if again, err := history.ParseCheckpoint(noted.String()); err != nil || again.String() != noted.String() {
			t.Errorf("%s is read as %v, %v", noted, again, err)
		}

		// Erasing leaves no value and changes no digest.
		n := 0
		if err := db.Write(t.Context(), w.stores[0], func(tx *sqldb.Tx) error {
			n = 0
			for after := int64(-1); after != 0; n++ {
				last, err := history.Erase(tx, 4, max(after, 0), 50)
				if err != nil {
					return err
				}
				after = last
			}
			return nil
		}); err != nil || n < 4 {
			t.Fatal(n, err)
		}
		w.verify("erased")
		page, err := w.list.List(t.Context(), w.stores[0], history.Filter{CustomerID: 4, Limit: 1})
		if err != nil || len(page.Records) != 1 || !page.Records[0].Erased || page.Records[0].Address != "" || len(page.Records[0].Changes) != 1 || page.Records[0].Changes[0].Field != "customer_group_id" {
			t.Errorf("an erased entry: %+v, %v", page, err)
		}
		if page, err = w.list.List(t.Context(), w.stores[0], history.Filter{Text: "person3@"}); err != nil || len(page.Records) != 0 {
			t.Errorf("what was erased is found: %+v, %v", page, err)
		}

		mine, other := w.stores[0], int64(77) // who is gone from one store is in another
		move := func(table, what string) (do, undo func()) {
			return func() { w.sql(mine, `UPDATE `+table+` SET store_id = $2 WHERE store_id = $1 AND `+what, other) },
				func() { w.sql(other, `UPDATE `+table+` SET store_id = $2 WHERE store_id = $1 AND `+what, mine) }
		}
		change := func(table, set, back, what string) (do, undo func()) {
			return func() { w.sql(mine, `UPDATE `+table+` SET `+set+` WHERE store_id = $1 AND `+what) },
				func() { w.sql(mine, `UPDATE `+table+` SET `+back+` WHERE store_id = $1 AND `+what) }
		}
		type step struct {
			name     string
			do, undo func()
			want     []string
		}
		var steps []step
		add := func(name string, do, undo func(), want ...string) { steps = append(steps, step{name, do, undo, want}) }
		shift := func(column string) {
			do, undo := change("history", column+" = "+column+" + 8", column+" = "+column+" - 8", "id = 1234")
			add(column, do, undo, "1234/2 was changed")
		}
		for _, c := range []string{"date_created", "actor", "surface", "action", "resource", "resource_id", "customer_id"} {
			shift(c)
		}
		blob := func(table, column, what string) (do, undo func()) {
			var was []byte
			text := `UPDATE ` + table + ` SET ` + column + ` = $2 WHERE store_id = $1 AND ` + what
			return func() {
				if err := db.Read(t.Context(), mine, func(tx *sqldb.Tx) error {
					return tx.Query(sqldb.Dynamic(`SELECT `+column+` FROM `+table+` WHERE store_id = $1 AND `+what), func(r *sqldb.Row) error { was = slices.Clone(r.Bytes(0)); return nil })
				}); err != nil || len(was) == 0 {
					t.Fatal(column, was, err)
				}
				w.sql(mine, text, slices.Concat(was, was))
			}, func() { w.sql(mine, text, was) }
		}
		for column, id := range map[string]int64{"request_id": 12, "facts": 12, "personal": 12, "digest": 13} {
			do, undo := blob("history", column, fmt.Sprintf("id = %d", id))
			add(column, do, undo, fmt.Sprintf("%d/1 was changed", id))
		}
		do, undo := move("history", "id = 700")
		add("one is missing", do, undo, "700/1 is missing")
		do, undo = move("history", "id IN (1, 1000, 2300)")
		add("at the ends", do, undo, "1/1 is missing", "1000/1 is missing", "2300/3 is missing")
		do, undo = move("history", "id IN (2302)")
		add("in the tail", do, undo, "2302/0 is missing and was not sealed yet, with 1 in all")
		do, undo = move("history", "id IN (2303)")
		add("the last", do, undo, "2303/0 is missing")
		do, undo = change("history", "id = 2299000", "id = 2299", "id IN (2299, 2299000)")
		add("one was added at the end", do, undo, "2299/3 is missing", "2299000/0 is beyond the last")
		do, undo = change("history", "id = -5", "id = 5", "id IN (5, -5)")
		add("one was added at the beginning", do, undo, "5/1 is missing", "-5/0 was inserted")
		do, undo = blob("history_seals", "hash", "block = 2")
		add("a block's hash", do, undo, "0/2 is not what was sealed", "0/2 is not what was signed", "0/3 is not what was sealed")
		do, undo = blob("history_seals", "signature", "block = 2")
		add("a signature", do, undo, "0/2 is not what was signed")
		do, undo = change("history_seals", "key_id = 'mine'", "key_id = '"+r.Key+"'", "block = 2")
		add("a key", do, undo, "0/2 is signed with a key")
		do, undo = change("history_seals", "date_sealed = date_sealed + 1", "date_sealed = date_sealed - 1", "block = 1")
		add("a time of sealing", do, undo, "0/1 is not what was signed")
		do, undo = change("history_seals", "date_dropped = 5", "date_dropped = 0", "block = 1")
		add("as if retention had been there", do, undo, "0/1 is not what was signed", "1/0 was inserted", "2/0")
		steps[len(steps)-1].want = nil // as many as are told of
		do, undo = move("history_seals", "block = 2")
		add("a block is gone", do, undo, "0/2 is missing, with 1", "0/3 begins with entry 2001 where 1001")
		do, undo = change("history_seals", "to_id = to_id + 1000000000", "to_id = to_id - 1000000000", "block = 3")
		add("a long block", do, undo, "0/3 is said to have", "0/3 is not what was signed", "1000002300/0 is beyond")
		do, undo = change("history_actors", "name = 'toor'", "name = 'root'", "id = 1")
		add("an actor", do, undo)
		steps[len(steps)-1].want = nil
		do, undo = change("store_counters", "history_id = history_id - 1", "history_id = history_id + 1", "1 = 1")
		add("the counter", do, undo, "2303/0 is beyond the last")
		for _, s := range steps {
			s.do()
			if s.want == nil {
				if r, err := w.chain.Verify(t.Context(), mine, nil); err != nil || r.Found == 0 {
					t.Errorf("%s: %+v, %v", s.name, r, err)
				}
			} else {
				w.verify(s.name, s.want...)
			}
			s.undo()
		}
		w.verify("after all")
		if r, err := w.chain.Verify(t.Context(), mine, noted); err != nil || r.Found != 0 {
			t.Errorf("what was noted: %+v, %v", r, err)
		}
		for _, c := range []*history.Checkpoint{{Block: 2, Hash: noted.Hash}, {Block: 9, Hash: noted.Hash}} {
			if r, err := w.chain.Verify(t.Context(), mine, c); err != nil || r.Found != 1 {
				t.Errorf("%s was not noted: %+v, %v", c, r, err)
			}
		}

		// Retention takes whole blocks and leaves a checkpoint.
		prune := func(keep time.Duration) *history.Report {
			t.Helper()
			if err := w.chain.Prune(t.Context(), keep); err != nil {
				t.Fatal(err)
			}
			return w.verify("after retention of " + keep.String())
		}
		if r := prune(time.Hour); r.DroppedTo != 0 || r.Blocks != 3 {
			t.Errorf("nothing is so old: %+v", r)
		}
		w.clock.Advance(400 * 24 * time.Hour)
		w.run() // the tail
		w.record(2)
		w.clock.Advance(time.Hour)
		if r := prune(400*24*time.Hour + 61*time.Minute); r.DroppedTo != 2300 || r.Blocks != 1 || r.Entries != 3 || r.Last != 2305 || r.SealedTo != 2303 {
			t.Errorf("after retention: %+v", r)
		}
		if r, err := w.chain.Verify(t.Context(), mine, noted); err != nil || r.Found != 0 {
			t.Errorf("the checkpoint is what was noted: %+v, %v", r, err)
		}
		for _, c := range []step{
			{want: []string{"0/3 is not what was signed"}, do: func() {
				w.sql(mine, `UPDATE history_seals SET date_dropped = date_dropped + 1 WHERE store_id = $1 AND block = 3`)
			}, undo: func() {
				w.sql(mine, `UPDATE history_seals SET date_dropped = date_dropped - 1 WHERE store_id = $1 AND block = 3`)
			}},
			{want: []string{"7/0 was inserted", "2304/0 is missing"}, do: func() { w.sql(mine, `UPDATE history SET id = 7 WHERE store_id = $1 AND id = 2304`) }, undo: func() { w.sql(mine, `UPDATE history SET id = 2304 WHERE store_id = $1 AND id = 7`) }},
		} {
			c.do()
			w.verify("after retention", c.want...)
			c.undo()
		}
		w.run()
		w.clock.Advance(time.Hour)
		if r := prune(time.Minute); r.DroppedTo != 2305 || r.Blocks != 0 || r.Last != 2305 {
			t.Errorf("after all has gone: %+v", r)
		}
		w.record(1)
		w.clock.Advance(time.Hour)
		w.run()
		if r := w.verify("and it goes on"); r.Block != 6 || r.SealedTo != 2306 {
			t.Errorf("and it goes on: %+v", r)
		}
		if s := w.log.String(); s != "" {
			t.Errorf("logged: %s", s)
		}
	})
}

// Several processes write and seal at once, and each entry is in one block.
func TestChainOfSeveral(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		ctx := t.Context()
		var writing, sealing sync.WaitGroup
		for i := range 6 {
			writing.Go(func() {
				for n := range 40 {
					if err := w.write(ctx, w.stores[i%2], 1+(i+n)%5); err != nil {
						t.Error(err)
					}
				}
			})
		}
		done := make(chan struct{})
		for range 2 {
			sealing.Go(func() {
				for {
					select {
					case <-done:
						return
					default:
					}
					for _, id := range w.stores {
						if _, err := w.chain.Seal(ctx, id, true); err != nil {
							t.Error(err)
						}
						if r, err := w.chain.Verify(ctx, id, nil); err != nil || r.Found != 0 {
							t.Errorf("%+v, %v", r, err)
						}
					}
				}
			})
		}
		writing.Wait()
		close(done)
		sealing.Wait()
		for _, id := range w.stores {
			for n := 1; n > 0; {
				var err error
				if n, err = w.chain.Seal(ctx, id, true); err != nil {
					t.Fatal(err)
				}
			}
			r, err := w.chain.Verify(ctx, id, nil)
			if err != nil || r.Found != 0 || r.Last != 360 || r.SealedTo != 360 || r.Entries != 360 {
				t.Errorf("%+v, %v", r, err)
			}
		}
	})
}

// However the entries are looked at, pages go over all that a filter selects, once
// and in order, and no page looks at more than its share.
func TestPages(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		start := w.clock.Now().Unix()
		const days, each = 12, 25
		for range days {
			w.record(each)
			w.clock.Advance(24 * time.Hour)
		}
		const day = 24 * 3600
		for name, c := range map[string]struct {
			filter history.Filter
			want   func(id int64) bool
		}{
			"all":           {history.Filter{}, func(int64) bool { return true }},
			"a customer":    {history.Filter{CustomerID: 4}, func(id int64) bool { return id%10 == 3 }},
			"a text":        {history.Filter{Text: "PERSON3@"}, func(id int64) bool { return id == 3 }},
			"a time":        {history.Filter{Since: start + 2*day, Until: start + 5*day}, func(id int64) bool { return id > 2*each && id <= 6*each }},
			"until":         {history.Filter{Until: start}, func(id int64) bool { return id <= each }},
			"since":         {history.Filter{Since: start + 11*day}, func(id int64) bool { return id > 11*each }},
			"before it all": {history.Filter{Until: start - 1}, func(int64) bool { return false }},
			"after it all":  {history.Filter{Since: start + 12*day}, func(int64) bool { return false }},
			"a record":      {history.Filter{Resource: "customer", ResourceID: 7, Since: start + day}, func(id int64) bool { return id%10 == 6 && id > each }},
			"between ids":   {history.Filter{Before: 101, After: 50, ActorName: "root"}, func(id int64) bool { return id > 50 && id < 101 }},
		} {
			var want []int64
			for id := int64(days * each); id > 0; id-- {
				if c.want(id) {
					want = append(want, id)
				}
			}
			for limit, s := range map[int]*history.Service{250: w.list, 4: w.list.Within(40, 7)} {
				var got []int64
				f := c.filter
				f.Limit = limit
				for pages := 0; ; pages++ {
					p, err := s.List(t.Context(), w.stores[0], f)
					if err != nil || len(p.Records) > limit || pages > days*each {
						t.Fatal(name, pages, p, err)
					}
					for _, r := range p.Records {
						got = append(got, r.ID)
					}
					if f.Before = p.Older; f.Before == 0 {
						break
					}
				}
				if !slices.Equal(got, want) {
					t.Errorf("%s, %d a page: %v, want %v", name, limit, got, want)
				}
			}
			// And back from the oldest.
			if f := c.filter; f.Before == 0 && f.After == 0 {
				var got []int64
				f.Limit, f.After = 4, -1
				for f.After != 0 {
					p, err := w.list.Within(40, 7).List(t.Context(), w.stores[0], f)
					if err != nil {
						t.Fatal(err)
					}
					for _, r := range slices.Backward(p.Records) {
						got = append(got, r.ID)
					}
					f.After = p.Newer
				}
				slices.Reverse(got)
				if !slices.Equal(got, want) {
					t.Errorf("%s, from the oldest: %v, want %v", name, got, want)
				}
			}
		}
	})
}
