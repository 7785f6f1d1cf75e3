package tests

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const root = "../.."

// file is one parsed Go file of the module.
type file struct {
	path string // from the module's root
	dir  string
	ast  *ast.File
	text *token.FileSet
}

func (f file) test() bool { return strings.HasSuffix(f.path, "_test.go") }

func (f file) imports() []string {
	var out []string
	for _, i := range f.ast.Imports {
		if p, err := strconv.Unquote(i.Path.Value); err == nil {
			out = append(out, p)
		}
	}
	return out
}

func files(t *testing.T) []file {
	t.Helper()
	var out []file
	set := token.NewFileSet()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "node_modules" || d.Name() == "testdata" || d.Name() == "tools") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		parsed, err := parser.ParseFile(set, path, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		dir := "."
		if i := strings.LastIndexByte(rel, '/'); i >= 0 {
			dir = rel[:i]
		}
		out = append(out, file{rel, dir, parsed, set})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) < 50 {
		t.Fatalf("only %d Go files found", len(out))
	}
	return out
}

// surfaces are the ways in; they know the domain and not each other.
var surfaces = []string{"internal/rest/v2", "internal/rest/v3", "internal/graphql", "internal/pages", "internal/rest/storefront", "internal/devtools", "internal/reference", "internal/panel"}

// additions are operations that are ours alone. They speak as V3 does, and only
// the wiring knows them, so that they can be taken away.
const additions = "internal/rest/v3/clientele"

// domain packages know nothing of how they are reached.
var domain = []string{
	"internal/account", "internal/auth", "internal/customer", "internal/event", "internal/fault", "internal/fold", "internal/geo", "internal/jsonx", "internal/jwt",
	"internal/jobs", "internal/limit", "internal/listing", "internal/mail", "internal/opt", "internal/sqldb", "internal/store", "internal/subscriber", "internal/system", "internal/seed",
	"internal/channel", "internal/company", "internal/group", "internal/instrument", "internal/metafield", "internal/person", "internal/personal", "internal/secret", "internal/segment", "internal/setting", "internal/sso", "internal/staff", "internal/storekey", "internal/tax", "internal/wishlist",
}

func TestImports(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range files(t) {
		seen[f.dir] = true
		for _, p := range f.imports() {
			own, isOwn := strings.CutPrefix(p, "clientele/")
			switch {
			case p == "database/sql" || strings.HasPrefix(p, "database/sql/"):
				t.Errorf("%s imports %s: databases are reached through internal/sqldb", f.path, p)
			case f.test(), f.dir == "internal/bench": // which measures the engines
			case slices.Contains(domain, f.dir) && (p == "net/http" || strings.HasPrefix(p, "net/http/")):
				t.Errorf("%s imports %s", f.path, p)
			case slices.Contains(domain, f.dir) && isOwn && (own == "internal/app" || own == "internal/rest" || slices.Contains(surfaces, own)):
				t.Errorf("%s imports %s", f.path, p)
			case own == additions && f.dir != "internal/app":
				t.Errorf("%s imports %s", f.path, p)
			case slices.Contains(surfaces, f.dir) && isOwn && own != f.dir && slices.Contains(surfaces, own):
				t.Errorf("%s imports another surface, %s", f.path, p)
			case !strings.HasPrefix(f.dir, "internal/sqldb") && f.dir != "internal/testing/pgcluster" && (strings.HasPrefix(p, "zombiezen.com/") || strings.HasPrefix(p, "modernc.org/") || strings.HasPrefix(p, "github.com/jackc/")):
				t.Errorf("%s imports the driver %s", f.path, p)
			case isOwn && !strings.HasSuffix(f.dir, "test") && !strings.HasPrefix(f.dir, "internal/testing/") && (strings.HasSuffix(own, "test") || strings.HasPrefix(own, "internal/test")):
				t.Errorf("%s imports %s, which is for tests", f.path, p)
			}
		}
	}
	for _, d := range append([]string{"internal/rest/v3", additions}, domain...) {
		if !seen[d] {
			t.Errorf("there is no package %s: bring this test in line", d)
		}
	}
}

func TestEveryPackageSaysWhatItIs(t *testing.T) {
	documented := map[string]bool{}
	for _, f := range files(t) {
		if f.test() {
			continue
		}
		documented[f.dir] = documented[f.dir] || f.ast.Doc != nil && strings.TrimSpace(f.ast.Doc.Text()) != ""
	}
	for dir, ok := range documented {
		if !ok {
			t.Errorf("%s has no package comment", dir)
		}
	}
}

func TestNothingIsLeftForLater(t *testing.T) {
	marks := []string{"TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK"}
	for _, f := range files(t) {
		for _, g := range f.ast.Comments {
			for _, word := range strings.FieldsFunc(g.Text(), func(r rune) bool { return (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') }) {
				if slices.Contains(marks, word) {
					t.Errorf("%s: %s", f.text.Position(g.Pos()), word)
				}
			}
		}
	}
}

func TestNothingRunsOnImport(t *testing.T) {
	for _, f := range files(t) {
		if f.test() {
			continue
		}
		for _, d := range f.ast.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
				t.Errorf("%s has an init function", f.path)
			}
		}
	}
}

// declares reports whether a call declares statements: by itself, or as what package
// portable makes of a table.
func declares(sel *ast.SelectorExpr) bool {
	switch x := sel.X.(type) {
	case *ast.Ident:
		return x.Name == "sqldb" && (sel.Sel.Name == "Static" || sel.Sel.Name == "StaticRows" || sel.Sel.Name == "Global") ||
			x.Name == "jobs" && sel.Sel.Name == "Portable" || x.Name == "filestore" && sel.Sel.Name == "ChunksIn"
	case *ast.CompositeLit:
		of, ok := x.Type.(*ast.SelectorExpr)
		if !ok || of.Sel.Name != "Table" || sel.Sel.Name != "Part" {
			return false
		}
		pkg, ok := of.X.(*ast.Ident)
		return ok && pkg.Name == "portable"
	}
	return false
}

// forOthers are functions that declare statements for who calls them, which is held
// to the same rule.
func forOthers(f file, fn *ast.FuncDecl) bool {
	return f.dir == "internal/portable" || f.dir == "internal/filestore" || f.dir == "internal/jobs" && fn.Name.Name == "Portable"
}

// Statements are package-level variables: one declared at each call would
// grow the register without end.
func TestStatementsAreDeclaredOnce(t *testing.T) {
	n := 0
	for _, f := range files(t) {
		if f.test() {
			continue
		}
		for _, d := range f.ast.Decls {
			fn, inFunc := d.(*ast.FuncDecl)
			ast.Inspect(d, func(node ast.Node) bool {
				call, ok := node.(*ast.CallExpr)
				if !ok {
					return true
				}
				sel, ok := call.Fun.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				if declares(sel) {
					n++
					if inFunc && !forOthers(f, fn) {
						t.Errorf("%s: a statement is declared inside %s", f.text.Position(call.Pos()), fn.Name.Name)
					}
				}
				return true
			})
		}
	}
	if n < 40 {
		t.Errorf("only %d declarations found", n)
	}
}
