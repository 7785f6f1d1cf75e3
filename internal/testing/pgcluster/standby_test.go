package pgcluster

import (
	"errors"
	"testing"
	"time"
)

// A standby follows, takes over, and is followed by the node that was lost.
func TestStandby(t *testing.T) {
	t.Parallel()
	a := startCluster(t, Options{Durable: true})
	exe(t, connect(t, a.DSN("postgres")), "CREATE TABLE notes (body TEXT NOT NULL)")
	b, err := a.Standby(t.Context(), "second")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Stop(); err != nil {
			t.Error(err)
		}
	})
	follows := func(primary, standby *Cluster, name string) {
		t.Helper()
		conn := connect(t, primary.DSN("postgres"))
		for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(pollEvery) {
			if query(t, conn, "SELECT COALESCE(max(application_name), '') FROM pg_stat_replication WHERE state = 'streaming'") == name {
				break
			}
			if time.Now().After(deadline) {
				t.Fatal("nobody follows")
			}
		}
		exe(t, conn, "INSERT INTO notes VALUES ('"+name+"')")
		other := connect(t, standby.DSN("postgres"))
		for deadline := time.Now().Add(10 * time.Second); query(t, other, "SELECT count(*)::text FROM notes WHERE body = '"+name+"'") != "1"; time.Sleep(pollEvery) {
			if time.Now().After(deadline) {
				t.Fatal("the standby stays behind")
			}
		}
	}
	follows(a, b, "second")
	both := DSNs("postgres", a, b)
	if got := query(t, connect(t, both), "SHOW unix_socket_directories"); got != `"`+a.base+`"` && got != a.base {
		t.Errorf("the URL leads to %s before the failover", got)
	}
	if err := errors.Join(a.Kill(), b.Promote(t.Context())); err != nil {
		t.Fatal(err)
	}
	conn := connect(t, both)
	exe(t, conn, "INSERT INTO notes VALUES ('after')")
	if err := a.Follow(t.Context(), b, "first"); err != nil {
		t.Fatal(err)
	}
	follows(b, a, "first")
	if got := query(t, connect(t, a.DSN("postgres")), "SELECT string_agg(body, ' ' ORDER BY body) FROM notes"); got != "after first second" {
		t.Errorf("the node that came back has %q", got)
	}
}
