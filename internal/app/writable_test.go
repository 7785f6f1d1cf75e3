package app

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/system"
)

func TestWritableNoticesFailuresAndRecovery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		full := errors.New("disk full")
		var mu sync.Mutex // for the race detector, which knows nothing of this clock
		writes, err, hang := 0, error(nil), chan struct{}(nil)
		set := func(e error, c chan struct{}) {
			mu.Lock()
			defer mu.Unlock()
			err, hang = e, c
		}
		w := &writable{bound: tryBound, sys: system.Real(), log: slog.New(slog.NewTextHandler(&log, nil)), write: func(context.Context) error {
			mu.Lock()
			writes++
			held := hang
			mu.Unlock()
			if held != nil {
				<-held
			}
			mu.Lock()
			defer mu.Unlock()
			return err
		}}
		ctx, cancel := context.WithCancel(t.Context())
		go w.run(ctx)
		after := func(d time.Duration, want error, times int) {
			t.Helper()
			time.Sleep(d)
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			if got := w.check(); !errors.Is(got, want) || (got == nil) != (want == nil) || writes != times {
				t.Errorf("%v after %d writes, want %v after %d", got, writes, want, times)
			}
		}
		after(time.Second, nil, 0)
		after(5*time.Second, nil, 1)
		set(full, nil)
		after(10*time.Second, full, 3)
		set(nil, nil)
		after(5*time.Second, nil, 4)
		// One that hangs has failed after a while. No other is begun.
		gate := make(chan struct{})
		set(nil, gate)
		after(13*time.Second, nil, 5)
		after(2*time.Second, errWriteHangs, 5)
		after(time.Minute, errWriteHangs, 5)
		close(gate)
		set(nil, nil)
		after(0, nil, 5)
		after(5*time.Second, nil, 6)
		// What is cut off at the end has not failed.
		set(context.Canceled, nil)
		cancel()
		after(time.Minute, nil, 6)
		if n := strings.Count(log.String(), "\n"); n != 4 {
			t.Errorf("want a line for each change:\n%s", log.String())
		}
	})
}

// A try takes the room of a small request, in one row that stays.
func TestTriesWriteOneRow(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWritable(db, system.Real(), slog.New(slog.DiscardHandler))
		fillers := map[string]bool{}
		for range 3 {
			w.try(t.Context())
			if err := w.check(); err != nil {
				t.Fatal(err)
			}
			rows := 0
			if err := db.Read(t.Context(), 0, func(tx *sqldb.Tx) error {
				rows = 0
				return tx.Query(sqldb.Dynamic(`SELECT id, filler FROM schema_writes WHERE $1 = 0`), func(r *sqldb.Row) error {
					rows++
					fillers[r.Text(1)] = true
					if id, n := r.Int(0), len(r.Text(1)); id < 0 || id >= tryRows || n != trySize {
						t.Errorf("row %d has %d bytes", id, n)
					}
					return nil
				})
			}); err != nil {
				t.Fatal(err)
			}
			if rows != 1 {
				t.Errorf("%d rows", rows)
			}
		}
		if len(fillers) != 3 {
			t.Errorf("%d fillers in three tries", len(fillers))
		}
	})
}
