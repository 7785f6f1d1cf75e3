package sqldb_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// Writes of a kind that is apart run as one as well, each with its own outcome, and
// beside those that share a transaction.
func TestApart(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		for _, order := range [][]string{
			{"well", "well", "well"},
			{"refused", "well", "refused", "well"},
			{"refused", "refused"},
			{"well", "fails all", "well"},
			{"well", "panics", "well", "refused"},
			{"breaks a key", "well"},
			{"well", "breaks at end", "well", "gone"},
		} {
			must(t, db, exec(deleteChannels))
			must(t, db, exec(insertChannel, int64(2000), "there before"))
			var mu sync.Mutex
			var runs []int
			holding, ready := make(chan struct{}), make(chan struct{})
			var once sync.Once
			kind := rowsTogether(db, func(n int) {
				once.Do(func() { close(holding); <-ready })
				mu.Lock()
				defer mu.Unlock()
				runs = append(runs, n)
			}).Apart()
			var wg sync.WaitGroup
			wg.Go(func() {
				if err := kind.Write(t.Context(), 1, row{1000, "well"}); err != nil {
					t.Error(err)
				}
			})
			<-holding
			got := make([]error, len(order))
			want := int64(2) // the row that was there and that of the first
			gone, leave := context.WithCancel(t.Context())
			for i, end := range order {
				ctx := t.Context()
				if end == "gone" {
					ctx = gone
				}
				wg.Go(func() { got[i] = kind.Write(ctx, 1, row{int64(i + 1), end}) })
				for until := time.Now().Add(20 * time.Second); db.QueuedApart(1, kind) < i+1; time.Sleep(50 * time.Microsecond) {
					if time.Now().After(until) {
						t.Fatal("the write is not queued")
					}
				}
				if end == "well" {
					want++
				}
			}
			leave()
			if db.Engine() == sqldb.Postgres { // another lane is free meanwhile
				if err := db.WriteShared(t.Context(), 1, exec(insertChannel, int64(1001), "beside")); err != nil {
					t.Error(err)
				}
				want++
			}
			close(ready)
			wg.Wait()
			for i, end := range order {
				w := ends[end]
				if end == "gone" {
					w = func(err error) bool { return errors.Is(err, context.Canceled) }
				}
				if w == nil && got[i] != nil || w != nil && (got[i] == nil || !w(got[i])) {
					t.Errorf("%q at %d of %q: %v", end, i, order, got[i])
				}
			}
			if n := count(t, db, 1); n != want {
				t.Errorf("%q: %d rows, want %d", order, n, want)
			}
			if !slices.ContainsFunc(order, func(end string) bool { return end != "well" }) && !slices.Equal(runs, []int{1, len(order)}) {
				t.Errorf("%q: runs of %v", order, runs)
			}
		}
	})
}
