package process_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"clientele/internal/process"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/system"
)

// Processes know of each other; one that ends says so, and one that does not is
// forgotten after a day.
func TestProcesses(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		sys := system.Real()
		sys.Clock = func() time.Time { return now }
		ctx := t.Context()
		first, second := process.New(db, sys, slog.New(slog.DiscardHandler), "v1"), process.New(db, sys, slog.New(slog.DiscardHandler), "v2")
		list := func() (out []string) {
			t.Helper()
			all, err := second.List(ctx)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range all {
				if p.Engine != db.Engine() || p.Started == 0 || p.Late(now.Unix()) != (p.Seen < now.Unix()-180) {
					t.Errorf("%+v", p)
				}
				out = append(out, p.Version)
			}
			return out
		}
		want := func(versions ...string) {
			t.Helper()
			got := list()
			if len(got) != len(versions) {
				t.Fatalf("%q, want %q", got, versions)
			}
			for i := range got {
				if got[i] != versions[i] {
					t.Errorf("%q, want %q", got, versions)
				}
			}
		}
		want()
		for range 2 {
			if err := first.See(ctx); err != nil {
				t.Fatal(err)
			}
		}
		now = now.Add(time.Minute)
		running, end := context.WithCancel(ctx)
		done := make(chan struct{})
		go func() { second.Run(running); close(done) }()
		for deadline := time.Now().Add(10 * time.Second); len(list()) < 2 && time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		}
		want("v2", "v1")
		end()
		<-done
		want("v1")
		now = now.Add(25 * time.Hour)
		if err := second.See(ctx); err != nil {
			t.Fatal(err)
		}
		want("v2")
	})
}
