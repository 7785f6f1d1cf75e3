package main

import (
	"os"
	"strings"
	"testing"

	"clientele/internal/bench"
)

// The marks of the document are runs that the benchmark can make.
func TestPerformanceDocument(t *testing.T) {
	text, err := os.ReadFile("../../docs/performance.md")
	if err != nil {
		t.Fatal(err)
	}
	all, err := parts(string(text))
	if err != nil {
		t.Fatal(err)
	}
	if opened := strings.Count(string(text), "<!-- bench ") - 1; len(all) != opened || len(all) < 3 { // one is explained in the text
		t.Errorf("%d parts are found and %d are marked", len(all), opened)
	}
	for _, p := range all {
		if p.run.Customers == 0 {
			t.Errorf("part %s is measured with %+v", p.name, p.run)
		}
		for _, name := range p.run.Cases {
			if !strings.Contains(" "+strings.Join(bench.CaseNames(), " ")+" ", " "+name+" ") {
				t.Errorf("part %s: there is no case %q", p.name, name)
			}
		}
	}
}

func TestReplacePart(t *testing.T) {
	const text = "a\n<!-- bench one: --customers 1000 -->\nold\n<!-- /bench -->\nb\n<!-- bench two: --runs 1 -->\n<!-- /bench -->\n"
	const want = "a\n<!-- bench one: --customers 1000 -->\nnew $1\n<!-- /bench -->\nb\n<!-- bench two: --runs 1 -->\n<!-- /bench -->\n"
	if got := replace(text, "one", "new $1\n"); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if all, err := parts(text); err != nil || len(all) != 2 || all[0].run.Customers != 1000 || all[1].run.Runs != 1 {
		t.Errorf("got %+v, %v", all, err)
	}
	for _, bad := range []string{"<!-- bench one: --nonsense -->\n<!-- /bench -->", text + text} {
		if all, err := parts(bad); err == nil {
			t.Errorf("%q is read as %+v", bad, all)
		}
	}
}
