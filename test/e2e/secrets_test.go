package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A server that lacks a key says so at its start, and keys are changed beside
// one that runs.
func TestSecretKeys(t *testing.T) {
	t.Parallel()
	const first, second = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n", "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=\n"
	engines(t, func(t *testing.T, dsn string) {
		file := func(text string) string {
			name := filepath.Join(t.TempDir(), "keys")
			if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			return name
		}
		old, both, anew := file(first), file(second+first), file(second)
		refused := func(say string, args ...string) {
			t.Helper()
			p := run(t, t.TempDir(), nil, append(args, "--database", dsn)...)
			if line := oneLine(t, p.errs.String()); p.code != 2 || !strings.Contains(line, say) {
				t.Errorf("%q: exit code %d, %s", args, p.code, line)
			}
		}
		seeded(t, dsn)
		refused("--secret-key-file", "secrets", "rotate")
		refused("line 1", "secrets", "status", "--secret-key-file", file("key\n"))
		refused("no such file", "store", "list", "--secret-key-file", filepath.Join(t.TempDir(), "none"))
		if out := must(t, "secrets", "status", "--database", dsn); !strings.Contains(out, "not encrypted") {
			t.Errorf("status prints %q", out)
		}
		must(t, "secrets", "rotate", "--database", dsn, "--secret-key-file", old)
		refused("set --secret-key-file", "serve", "--listen", "127.0.0.1:0")
		refused("which is not in the file", "serve", "--listen", "127.0.0.1:0", "--secret-key-file", anew)
		refused("set --secret-key-file", "store", "list")
		if out := must(t, "secrets", "status", "--database", dsn); !strings.Contains(out, "the key is missing") {
			t.Errorf("status prints %q", out)
		}
		s := serve(t, "--database", dsn, "--secret-key-file", both)
		if out := must(t, "secrets", "rotate", "--database", dsn, "--secret-key-file", both); !strings.Contains(out, "needed for backups") {
			t.Errorf("rotate prints %q", out)
		}
		s.stop()
		refused("which is not in the file", "serve", "--listen", "127.0.0.1:0", "--secret-key-file", old)
		serve(t, "--database", dsn, "--secret-key-file", anew).stop()
	})
}
