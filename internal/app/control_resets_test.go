package app_test

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// Control calls that a reset overtakes are done in the new state: whoever sends
// one sees nothing of it.
func TestControlCallsOutliveResets(t *testing.T) {
	for _, e := range []sqldb.Engine{sqldb.SQLite, sqldb.Postgres} {
		t.Run(string(e), func(t *testing.T) {
			c := seeded(t, e, dbtest.MigratedDSN(t, e), stateSeed, nil)
			c.do("PUT", "/snapshots/before", "", nil)
			var writers, resets sync.WaitGroup
			var done atomic.Bool
			for i, call := range []string{`/reset {}`, `/reset {"stores":["abc123"]}`, `/snapshots/before/restore {}`} {
				resets.Go(func() {
					path, body, _ := strings.Cut(call, " ")
					for !done.Load() {
						if status, text := c.ask("POST", "/_clientele/v1"+path, body); status != 200 {
							t.Errorf("%d %s: %d %s", i, call, status, text)
						}
					}
				})
			}
			for i := range 16 {
				writers.Go(func() {
					for n := range 3 {
						hash := fmt.Sprintf("w%dn%d", i, n)
						for _, call := range []string{
							"POST /seed stores: [{hash: seed" + hash + ", name: Seeded}]",
							"POST /stores {\"from\":\"abc123\",\"hash\":\"" + hash + "\"}",
							"PUT /snapshots/" + hash + " {\"stores\":[\"abc123\"]}",
							"POST /clock/advance {\"by\":\"1s\"}",
							"POST /faults {\"match\":{\"store\":\"abc123\"},\"effect\":{\"delay\":\"1ms\"}}",
							"DELETE /snapshots/" + hash + " ",
							"DELETE /stores/" + hash + " ",
						} {
							part := strings.SplitN(call, " ", 3)
							// A reset may have taken the store away.
							if status, text := c.ask(part[0], "/_clientele/v1"+part[1], part[2]); status >= 300 && !(status == 404 && part[0] == "DELETE") {
								t.Errorf("%s %s: %d %s", part[0], part[1], status, text)
							}
						}
					}
				})
			}
			writers.Wait()
			done.Store(true)
			resets.Wait()
		})
	}
}

// A reset of one store leaves alone what is everybody's or another's: tests run
// at once.
func TestResetOfOneStore(t *testing.T) {
	c := seeded(t, sqldb.SQLite, dbtest.MigratedDSN(t, sqldb.SQLite), stateSeed, nil)
	other := c.clone("abc123")
	c.do("POST", "/clock/advance", `{"by":"48h"}`, nil)
	for _, match := range []string{`{}`, `{"store":"abc123"}`, `{"store":"` + other.Hash + `"}`} {
		if status, text := c.ask("POST", "/_clientele/v1/faults", `{"match":`+match+`,"effect":{"delay":"1ms"}}`); status != 201 {
			t.Fatal(status, text)
		}
	}
	ask := func(hash, token string) {
		t.Helper()
		if status, text := c.ask("GET", "/stores/"+hash+"/v3/customers", "", "X-Auth-Token", token); status != 200 {
			t.Fatal(status, text)
		}
	}
	ask("abc123", "TOKEN")
	ask(other.Hash, other.Accounts[0].Token)
	state := func() string {
		var faults struct{ Data []struct{ ID string } }
		var requests struct {
			Data []struct {
				StoreHash string `json:"store_hash"`
			}
		}
		c.do("GET", "/faults", "", &faults)
		c.do("GET", "/requests", "", &requests)
		out := ""
		for _, f := range faults.Data {
			out += f.ID + " "
		}
		for _, r := range requests.Data {
			out += strings.ReplaceAll(r.StoreHash, other.Hash, "other") + " "
		}
		if ahead := time.Until(c.System.Clock()); ahead > 47*time.Hour {
			out += "ahead"
		}
		return out
	}
	for _, k := range []struct{ body, want string }{
		{`{"stores":["` + other.Hash + `"],"keep":["faults","journal"]}`, "fault-1 fault-2 fault-3 other abc123 ahead"},
		{`{"stores":["` + other.Hash + `"]}`, "fault-1 fault-2 abc123 ahead"},
		{`{"stores":["abc123"],"to":"empty","keep":["journal"]}`, "fault-1 abc123 ahead"},
		{`{"keep":["clock"]}`, "ahead"},
		{``, ""},
	} {
		c.do("POST", "/reset", k.body, nil)
		if got := state(); got != k.want {
			t.Errorf("after %s there are %q, want %q", k.body, got, k.want)
		}
	}
}
