package e2e

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// historyCommands looks at the history by commands beside a server.
func historyCommands(t *testing.T, s *server, dsn string, cli func(args ...string) string) {
	t.Helper()
	tail := launch(t, t.TempDir(), nil, program(t), "history", "tail", "--store", seedStore, "--database", dsn, "--action", "updated", "--every", "20ms", "--json")
	seen := cli("history", "list", "--store", seedStore, "--limit", "1")
	c := s.client()
	made := c.create("history@example.com")
	for deadline := 0; ; deadline++ { // the command may not have begun yet
		c.call(http.StatusOK, http.MethodPut, "/customers", []any{map[string]any{"id": made.ID, "notes": strings.Repeat("tail ", deadline+1)}})
		if line := tail.out.String(); strings.Contains(line, `"before":"","after":"tail`) || strings.Contains(line, `"after":"tail tail`) {
			if !strings.HasPrefix(line, `{"id":`) || strings.Contains(line, `"action":"created"`) {
				t.Errorf("history tail prints %s", line)
			}
			break
		}
		if deadline > 500 {
			t.Fatalf("history tail prints %q", tail.out.String())
		}
	}
	tail.signal(syscall.SIGTERM)
	if tail.wait(); tail.code != 0 {
		t.Errorf("history tail ends with %d: %s", tail.code, tail.errs.String())
	}
	id := strconv.FormatInt(made.ID, 10)
	out := cli("history", "list", "--store", seedStore, "--customer", id, "--action", "created", "--resource", "customer", "--since", "1h")
	if r := row(t, out, "history@example.com"); !regexp.MustCompile(`^\d+$`).MatchString(r[0]) || r[2] != "api_account app" || r[3] != "v3" || r[4] != "created" || r[5] != "customer "+id || r[6] != id || strings.Count(out, "\n") != 2 {
		t.Errorf("history list prints\n%s", out)
	}
	if strings.Count(seen, "\n") != 2 || strings.Contains(seen, "history@example.com") {
		t.Errorf("the newest entry is\n%s", seen)
	}
	if out := cli("history", "list", "--store", seedStore, "--json", "--limit", "0", "--text", "HISTORY@", "--resource", "customer"); strings.Count(out, "\n") != 1 || !strings.Contains(out, `"customer_id":`+id) {
		t.Errorf("history list --json prints\n%s", out)
	}
	if out := cli("history", "list", "--store", seedStore, "--until", "2020-01-01T00:00:00Z"); strings.Count(out, "\n") != 1 {
		t.Errorf("before there was a store:\n%s", out)
	}
	for _, args := range [][]string{{"--action", "eaten"}, {"--since", "then"}, {"--limit", "-1"}, {"--actor", "me"}} {
		p := run(t, t.TempDir(), nil, append([]string{"history", "list", "--store", seedStore, "--database", dsn}, args...)...)
		if line := oneLine(t, p.errs.String()); p.code != 2 || !strings.Contains(line, args[1]) && !strings.Contains(line, args[0]) {
			t.Errorf("%q: exit code %d: %s", args, p.code, line)
		}
	}
}
