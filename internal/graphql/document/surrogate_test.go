package document

import (
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
)

func TestJoined(t *testing.T) {
	for in, want := range map[string]string{
		`{a}`: `{a}`, `{a(b:"\u0041")}`: `{a(b:"\u0041")}`,
		`{a(b:"x\ud83d\ude00y\uD83D\uDE00")}`:   `{a(b:"x😀y😀")}`,
		`{a(b:"\\ud83d")}`:                      `{a(b:"\\ud83d")}`,
		`{a(b:"\"\ud83d\ude00")}`:               `{a(b:"\"😀")}`,
		`{a(b:"""\ud83d \""" \ud83d""")}`:       `{a(b:"""\ud83d \""" \ud83d""")}`,
		"{a # \\ud83d\n(b:\"\\ud83d\\ude00\")}": "{a # \\ud83d\n(b:\"😀\")}",
		`{a(b:"","\ud83d\ude00")}`:              `{a(b:"","😀")}`,
	} {
		if got, ok := joined(in); !ok || got != want {
			t.Errorf("%s: %s %v", in, got, ok)
		}
	}
	for _, in := range []string{`{a(b:"\ud83d")}`, `{a(b:"\ude00")}`, `{a(b:"\ud83d\u0041")}`, `{a(b:"\ud83d\n")}`, `{a(b:"\ud83dx")}`, `{a(b:"\\\ud83d")}`, `"\ud83d`, `"\ud83d\ude0`} {
		if got, ok := joined(in); ok {
			t.Errorf("%s: %s", in, got)
		}
	}
}

// A document means the same with its pairs joined, for who knows them.
func FuzzJoined(f *testing.F) {
	for _, s := range []string{`{a(b:"\ud83d\ude00")}`, `{a(b:"""\u0041""" c:"\\")} # "`, `{a(b:"\"")}`, `{a(b:"\u0041\n")}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		out, ok := joined(in)
		if !ok {
			return
		}
		if again, ok := joined(out); !ok || again != out {
			t.Fatalf("%q becomes %q, and that %q", in, out, again)
		}
		_, before := parser.ParseQueryWithTokenLimit(&ast.Source{Input: in}, 1000)
		_, after := parser.ParseQueryWithTokenLimit(&ast.Source{Input: out}, 1000)
		if (before == nil) != (after == nil) {
			t.Fatalf("%q: %v, and %q: %v", in, before, out, after)
		}
	})
}
