// Concurrent prints which tests do several things at once, for the race
// detector: a regular expression of their names, then their packages.
//
// Such a test has a go statement, calls a method Go, as wait groups have, Start,
// as runners and dispatchers have, or RunDue, which does what is due at once; itself
// or in a function or method of its package's test files that it calls. The
// others do one thing after another: the race detector has little to find in
// them and takes ten times as long.
package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: concurrent DIRECTORY")
		os.Exit(2)
	}
	names, packages, err := tests(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Printf("^(%s)$\n", strings.Join(names, "|"))
	for _, p := range packages {
		fmt.Println(p)
	}
}

// tests returns the names of the concurrent tests below a directory and the
// packages that have any.
func tests(root string) (names, packages []string, err error) {
	err = filepath.WalkDir(root, func(dir string, e os.DirEntry, err error) error {
		if err != nil || !e.IsDir() {
			return err
		}
		if e.Name() == "testdata" || e.Name() == "node_modules" {
			return filepath.SkipDir
		}
		found, err := ofPackage(dir)
		if len(found) > 0 {
			names = append(names, found...)
			packages = append(packages, "./"+filepath.ToSlash(filepath.Clean(dir)))
		}
		return err
	})
	slices.Sort(names)
	return slices.Compact(names), packages, err
}

// starters are methods that do several things at once.
var starters = map[string]bool{"Go": true, "Start": true, "RunDue": true}

// ofPackage returns the names of a package's concurrent tests.
func ofPackage(dir string) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		return nil, err
	}
	// By name alone, functions and methods alike: a few too many do no harm.
	calls, concurrent := map[string][]string{}, map[string]bool{}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		imports := map[string]bool{}
		for _, i := range file.Imports {
			path, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				return nil, err
			}
			imports[filepath.Base(path)] = true
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Body == nil {
				continue
			}
			ast.Inspect(f.Body, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.GoStmt:
					concurrent[f.Name.Name] = true
				case *ast.SelectorExpr:
					// A function of a package, such as app.Start, is no such method.
					if x, ok := n.X.(*ast.Ident); starters[n.Sel.Name] && !(ok && imports[x.Name]) {
						concurrent[f.Name.Name] = true
					}
				case *ast.Ident:
					calls[n.Name] = append(calls[n.Name], f.Name.Name)
				}
				return true
			})
		}
	}
	for todo := slices.Collect(maps.Keys(concurrent)); len(todo) > 0; todo = todo[1:] {
		for _, caller := range calls[todo[0]] {
			if !concurrent[caller] {
				concurrent[caller] = true
				todo = append(todo, caller)
			}
		}
	}
	maps.DeleteFunc(concurrent, func(name string, _ bool) bool { return !strings.HasPrefix(name, "Test") || name == "TestMain" })
	return slices.Sorted(maps.Keys(concurrent)), nil
}
