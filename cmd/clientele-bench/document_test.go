package main

import (
	"os"
	"slices"
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
	printed := marked.FindAllStringSubmatch(string(text), -1)
	for i, p := range all {
		if line := unprinted(t, p, printed[i][4]); line != "" {
			t.Errorf("part %s is not what its mark prints, %q is missing: empty it or measure it with make performance PART=%s", p.name, line, p.name)
		}
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

// unprinted returns a line that the benchmark prints with the arguments of a part
// and that the part lacks. A part that is empty was not measured yet.
func unprinted(t *testing.T, p part, tables string) string {
	t.Helper()
	if tables == "" {
		return ""
	}
	report := bench.Report{Config: bench.Config{Customers: p.run.Customers, Clients: p.run.Clients, Runs: p.run.Runs, Duration: p.run.Duration}}
	for _, name := range p.run.Engines {
		report.Engines = append(report.Engines, &bench.EngineReport{Engine: name})
	}
	var want strings.Builder
	if err := report.Write(&want, true, p.run.commandLine()); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(tables, "\n")[1:]
	for _, line := range strings.Split(want.String(), "\n")[1:] { // the first one tells of the machine
		at := slices.Index(lines, line)
		if at < 0 {
			return line
		}
		lines = lines[at+1:]
	}
	return ""
}

func TestUnprinted(t *testing.T) {
	const mark = "<!-- bench one: --customers 1000 --engines sqlite,postgres --runs 1 --cases webhooks -->\n"
	const tables = "CPU, 2 cores, go1, linux/amd64\n1,000 customers with an address, a value and a subscription each, 16 clients, medians of 1 runs of 500ms\n\n" +
		"    go run ./cmd/clientele-bench --customers 1000 --engines sqlite,postgres --cases webhooks --clients 16 --runs 1 --duration 500ms\n\n**SQLite**\n\n| a |\n\n**PostgreSQL**\n\n| b |\n"
	all, err := parts(mark + "<!-- /bench -->")
	if err != nil {
		t.Fatal(err)
	}
	for _, right := range []string{"", tables} {
		if line := unprinted(t, all[0], right); line != "" {
			t.Errorf("%q is missing in\n%s", line, right)
		}
	}
	for _, wrong := range []string{
		"| a |\n",
		strings.Replace(tables, "    go run", "go run", 1),
		strings.Replace(tables, "--cases webhooks ", "", 1),
		strings.Replace(tables, "medians of 1 runs", "medians of 3 runs", 1),
		strings.Replace(tables, "**SQLite**\n", "", 1),
		strings.Replace(tables, "**PostgreSQL**\n", "", 1),
	} {
		if unprinted(t, all[0], wrong) == "" {
			t.Errorf("nothing is missing in\n%s", wrong)
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
