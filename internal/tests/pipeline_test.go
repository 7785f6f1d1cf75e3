package tests

import (
	"go/ast"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// pipeline is the room in which every HTTP request is taken from the router to
// the log.
const pipeline = "internal/serve"

// TestOnePipeline holds surfaces to their renderers: nothing else recovers from
// defects in handlers, judges errors, names requests, writes their line in the
// log, or tells that a client is gone.
func TestOnePipeline(t *testing.T) {
	all := files(t)
	http := map[string]bool{} // packages that know of HTTP
	for _, f := range all {
		if !f.test() && slices.Contains(f.imports(), "net/http") {
			http[f.dir] = true
		}
	}
	found := map[string]bool{}
	for _, f := range all {
		if f.test() || !http[f.dir] || !strings.HasPrefix(f.dir, "internal/") || strings.HasPrefix(f.dir, "internal/testing") || f.dir == "internal/bench" || f.dir == "internal/webhook" {
			continue // webhooks and the benchmark are clients
		}
		for node := range ast.Preorder(f.ast) {
			what := ""
			switch n := node.(type) {
			case *ast.CallExpr:
				what = calls(n)
			case *ast.BasicLit:
				if n.Kind == token.INT && n.Value == "499" {
					what = "tells that a client is gone"
				}
			}
			switch {
			case what == "":
			case f.dir == pipeline:
				found[what] = true
			default:
				t.Errorf("%s %s, which %s does", f.text.Position(node.Pos()), what, pipeline)
			}
		}
	}
	if len(found) != 5 {
		t.Errorf("%s does only %v: bring this test in line", pipeline, found)
	}
}

// calls names what a call does that is the pipeline's.
func calls(n *ast.CallExpr) string {
	name, of := "", ""
	switch fn := n.Fun.(type) {
	case *ast.Ident:
		name = fn.Name
	case *ast.SelectorExpr:
		name = fn.Sel.Name
		if x, ok := fn.X.(*ast.Ident); ok {
			of = x.Name
		}
	}
	switch {
	case name == "recover" && of == "":
		return "recovers from defects"
	case name == "Of" && of == "failure":
		return "judges errors"
	case slices.Contains([]string{"requestID", "setRequestID"}, name):
		return "names requests"
	case slices.Contains([]string{"Debug", "DebugContext", "Info", "InfoContext", "Warn", "WarnContext", "Error", "ErrorContext", "Log", "LogAttrs"}, name):
		for _, arg := range n.Args {
			if lit, ok := arg.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				text, err := strconv.Unquote(lit.Value)
				if err == nil && (text == "request" || strings.HasPrefix(text, "request ") || strings.HasPrefix(text, "graphql request")) {
					return "logs requests"
				}
			}
			if id, ok := arg.(*ast.Ident); ok && id.Name == "message" {
				return "logs requests"
			}
		}
	}
	return ""
}
