package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"clientele/internal/testing/pgcluster"
)

// standbyName is that of whichever node follows.
const standbyName = "standby"

// Twelve workers write through every surface while the primary is killed and
// its synchronous standby promoted. Servers find the new primary by the URL
// that names both. What was acknowledged is all there. A long run goes back and
// forth between the two nodes.
func TestFailover(t *testing.T) {
	t.Parallel()
	seed := chaosSeed(t)
	t.Logf("CHAOS_SEED=%d", seed)
	x := bareRig(t, seed)
	primary := durableCluster(t)
	standby, err := primary.Standby(t.Context(), standbyName)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := standby.Stop(); err != nil {
			t.Error(err)
		}
	})
	x.cluster = primary
	x.onPostgres(pgcluster.DSNs("postgres", primary, standby))
	awaitSynchronous(t, primary)
	other := standby
	x.kinds = []func(){func() {
		x.fault("failover", func() {
			down := time.Now()
			if err := errors.Join(x.cluster.Kill(), other.Promote(t.Context())); err != nil {
				t.Fatal(err)
			}
			promoted := time.Now()
			x.cluster, other = other, x.cluster
			for i, s := range x.servers {
				x.awaitWrite(s)
				t.Logf("server %d: no write for %v, %v of them after the standby was promoted", i, time.Since(down).Round(time.Millisecond), time.Since(promoted).Round(time.Millisecond))
			}
		})
		if x.long { // the node that was lost comes back as the standby
			if err := other.Follow(t.Context(), x.cluster, standbyName); err != nil {
				t.Fatal(err)
			}
			awaitSynchronous(t, x.cluster)
		}
	}}
	x.start(seed)
	x.run()
	x.check()
	x.report(seed)
	if x.faults["failover"] == 0 {
		t.Error("there was no failover")
	}
}

// awaitSynchronous has a primary acknowledge nothing that its standby does not
// have on disk, and waits until the standby is there. The setting is made after
// the standby has copied the primary's, so that it does not wait for one itself
// once it is promoted.
func awaitSynchronous(t *testing.T, primary *pgcluster.Cluster) {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, primary.DSN("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	for _, q := range []string{"ALTER SYSTEM SET synchronous_standby_names = '" + standbyName + "'", "SELECT pg_reload_conf()"} {
		if _, err := conn.Exec(ctx, q); err != nil {
			t.Fatal(err)
		}
	}
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		state := ""
		err := conn.QueryRow(ctx, "SELECT COALESCE(max(sync_state), '') FROM pg_stat_replication").Scan(&state)
		if err != nil {
			t.Fatal(err)
		}
		if state == "sync" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the standby is %q", state)
		}
	}
}

// awaitWrite waits until a server takes a write, of something that nobody
// counts. Before that it says that nothing was done, or that nobody knows.
func (x *rig) awaitWrite(s *server) {
	x.t.Helper()
	c := s.client()
	for n, deadline := 0, time.Now().Add(patience); ; n++ {
		status, answer, err := c.send(http.MethodPut, "/customers/attribute-values", []any{map[string]any{"customer_id": 1, "attribute_id": 1, "value": fmt.Sprint(n)}})
		switch {
		case err != nil:
			x.t.Fatal(err)
		case status == http.StatusOK:
			return
		case status != http.StatusServiceUnavailable:
			x.t.Errorf("during a failover a write is answered with %d: %s", status, answer)
			return
		case time.Now().After(deadline):
			x.t.Fatalf("writes are refused: %s", answer)
		}
		time.Sleep(5 * time.Millisecond)
	}
}
