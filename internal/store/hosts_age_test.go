package store_test

import (
	"testing"
	"time"

	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/store"
	"clientele/internal/system"
)

// Hosts that are five seconds old are read anew beside the requests, which go on
// with what is known; who asks after a longer pause waits for what is true, and
// learns if nobody can tell.
func TestHostsAreReadBesideRequests(t *testing.T) {
	var reads chan struct{} // each read waits for one
	db := dbtest.OpenWatched(t, sqldb.SQLite, func(*sqldb.Stmt) {
		if reads != nil {
			<-reads
		}
	})
	now := time.Second
	sys := system.Real()
	sys.Monotonic = func() time.Duration { return now }
	hosts := store.NewHosts(db, sys)
	stores := store.NewService(db, sys)
	if _, err := stores.Create(t.Context(), "first", "", ""); err != nil {
		t.Fatal(err)
	}
	known := func(hash string) bool {
		t.Helper()
		_, ok, err := hosts.SiteOf(t.Context(), hash, store.DefaultChannel, "")
		if err != nil {
			t.Fatal(err)
		}
		return ok
	}
	if !known("first") {
		t.Fatal("a store is not known")
	}
	if _, err := stores.Create(t.Context(), "second", "", ""); err != nil {
		t.Fatal(err)
	}
	now += 5*time.Second - 1
	if known("second") {
		t.Error("read anew too soon")
	}
	now++
	reads = make(chan struct{})
	for range 3 {
		if known("second") {
			t.Error("a request waited")
		}
	}
	close(reads)
	for !known("second") {
		time.Sleep(time.Millisecond)
	}
	if _, err := stores.Create(t.Context(), "third", "", ""); err != nil {
		t.Fatal(err)
	}
	now += 10 * time.Second
	if !known("third") {
		t.Error("what is old counts after a pause")
	}
	now += 10 * time.Second
	db.Close()
	if _, _, err := hosts.SiteOf(t.Context(), "third", store.DefaultChannel, ""); err == nil {
		t.Error("old hosts are told while the database cannot be read")
	}
}
