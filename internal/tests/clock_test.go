package tests

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// clockReads are what of package time tells, or waits for, the machine's time.
var clockReads = []string{"Now", "Since", "Until", "After", "AfterFunc", "Sleep", "Tick", "NewTicker", "NewTimer"}

// offTheClock are the only packages that may use Countdown, CountdownFunc and
// Machine of package system, which follow no moved clock, and why.
var offTheClock = map[string]string{
	"internal/app":     "a write that hangs does so in real time",
	"internal/intake":  "the operating system compares deadlines of connections with its own clock, and bodies wait for real memory",
	"internal/pace":    "requests that are given way to really take time",
	"internal/jobs":    "a process has a job as long as it really renews its lease, and handlers really need time to end",
	"internal/sqldb":   "other processes and the database need real time to make room",
	"internal/trouble": "a client that is to see a delay really waits",
	"internal/webhook": "a request that really waits lends its slot",
}

// ofTests reports whether a package serves tests or measures the program.
func ofTests(dir string) bool {
	return strings.HasSuffix(dir, "test") || strings.HasPrefix(dir, "internal/testing/") || strings.HasPrefix(dir, "test/") ||
		dir == "internal/bench" || dir == "cmd/clientele-bench"
}

// clockBreaches returns where a file takes time or randomness past
// internal/system. used collects which packages are off the clock.
func clockBreaches(f file, used map[string]bool) (out []string) {
	names := map[string]string{} // of imports, by the name they have here
	for _, i := range f.ast.Imports {
		path, _ := strconv.Unquote(i.Path.Value)
		name := path[strings.LastIndexByte(path, '/')+1:]
		if i.Name != nil {
			name = i.Name.Name
		}
		names[name] = path
		switch {
		case path == "math/rand" || path == "math/rand/v2" || path == "crypto/rand":
			out = append(out, f.text.Position(i.Pos()).String()+": imports "+path)
		case path == "time" && name == ".":
			out = append(out, f.text.Position(i.Pos()).String()+": imports time without its name")
		}
	}
	ast.Inspect(f.ast, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		x, ok := sel.X.(*ast.Ident)
		if !ok || x.Obj != nil { // a variable
			return true
		}
		switch {
		case names[x.Name] == "time" && slices.Contains(clockReads, sel.Sel.Name):
			out = append(out, f.text.Position(n.Pos()).String()+": time."+sel.Sel.Name)
		case names[x.Name] == "clientele/internal/system" && slices.Contains([]string{"Countdown", "CountdownFunc", "Machine"}, sel.Sel.Name):
			if used[f.dir] = true; offTheClock[f.dir] == "" {
				out = append(out, f.text.Position(n.Pos()).String()+": system."+sel.Sel.Name+" follows no moved clock")
			}
		}
		return true
	})
	return out
}

// Time and randomness come from internal/system, so that moving its clock moves
// the whole program.
func TestOneClock(t *testing.T) {
	used := map[string]bool{}
	for _, f := range files(t) {
		if f.test() || f.dir == "internal/system" || ofTests(f.dir) {
			continue
		}
		for _, breach := range clockBreaches(f, used) {
			t.Errorf("%s: take it from internal/system", breach)
		}
	}
	for dir := range offTheClock {
		if !used[dir] {
			t.Errorf("%s need not be off the clock", dir)
		}
	}
}

func TestOneClockCatchesBreaches(t *testing.T) {
	for text, want := range map[string]int{
		`package p; import "time"; var now = time.Now`:                                          1,
		`package p; import t "time"; func f() { <-t.After(1); t.Sleep(1) }`:                     2,
		`package p; import "time"; func f() { time.NewTicker(1); time.NewTimer(1) }`:            2,
		`package p; import "math/rand/v2"; var n = rand.Int()`:                                  1,
		`package p; import r "crypto/rand"; var n = r.Reader`:                                   1,
		`package p; import . "time"; var n = Now()`:                                             1,
		`package p; import "clientele/internal/system"; var n = system.Machine()`:               1,
		`package p; import "time"; func f(time x) { _ = time.Now }; var d = 3 * time.Second`:    0,
		`package p; import "time"; func f(a, b time.Time) bool { return a.After(b) }`:           0,
		`package p; import "clientele/internal/system"; func f(s *system.System) { s.Clock() }`: 0,
	} {
		if got := clockBreaches(parse(t, text), map[string]bool{}); len(got) != want {
			t.Errorf("%s: %d breaches, want %d: %v", text, len(got), want, got)
		}
	}
}

func parse(t *testing.T, text string) file {
	t.Helper()
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, "p/p.go", text, 0)
	if err != nil {
		t.Fatal(err)
	}
	return file{"p/p.go", "p", parsed, set}
}
