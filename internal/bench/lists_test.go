package bench

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// Every list of every store is walked on both engines. How long that takes, only
// the command tells.
func TestWalkLists(t *testing.T) {
	for _, e := range []sqldb.Engine{sqldb.SQLite, sqldb.Postgres} {
		t.Run(string(e), func(t *testing.T) {
			t.Parallel()
			dsn := dbtest.MigratedDSN(t, e)
			if _, err := load(t.Context(), dsn, 1, 100, io.Discard); err != nil {
				t.Fatal(err)
			}
			if err := withDB(t.Context(), dsn, sqldb.Options{}, func(db *sqldb.DB) error {
				if err := fillLists(t.Context(), db, storeID); err != nil {
					return err
				}
				report, err := walkLists(t.Context(), db, 0)
				if err != nil {
					return err
				}
				seen := map[string]bool{}
				for _, r := range report.rows {
					seen[r.list] = true
				}
				if len(seen) != len(lists) || len(report.table(true)) != len(report.rows)+1 {
					t.Errorf("%d of %d lists are measured", len(seen), len(lists))
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// A list that the program declares is named here, so that it is measured.
func TestListsAreNamed(t *testing.T) {
	var declared []string
	fset := token.NewFileSet()
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.HasPrefix(path, "../bench") {
			return err
		}
		file, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, decl := range file.Decls {
			vars, ok := decl.(*ast.GenDecl)
			if !ok || vars.Tok != token.VAR {
				continue
			}
			for _, s := range vars.Specs {
				v := s.(*ast.ValueSpec)
				for i, value := range v.Values {
					if isSpec(value) {
						declared = append(declared, file.Name.Name+"."+v.Names[i].Name)
					}
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(declared)
	if named := listNames(); !slices.Equal(declared, named) {
		t.Errorf("the program declares the lists\n%s\nand named are\n%s", strings.Join(declared, " "), strings.Join(named, " "))
	}
}

// isSpec reports whether a value is &listing.Spec{…}.
func isSpec(value ast.Expr) bool {
	ref, ok := value.(*ast.UnaryExpr)
	if !ok {
		return false
	}
	lit, ok := ref.X.(*ast.CompositeLit)
	if !ok {
		return false
	}
	sel, ok := lit.Type.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	pkg, ok := sel.X.(*ast.Ident)
	return ok && pkg.Name == "listing" && sel.Sel.Name == "Spec"
}
