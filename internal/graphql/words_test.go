package graphql

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Every text of a typed error is in every language.
func TestTextsAreInEveryLanguage(t *testing.T) {
	paths, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	// Errors of fields and of tokens tell a storefront's developers.
	english := map[string]bool{"textNoWishlist": true, "textLargeFilter": true, "textLongTerm": true, "textNoStandIn": true, "textNoCarry": true, "textBadSync": true, "textSyncExpired": true, "textSyncStore": true, "textSyncAddress": true}
	n := 0
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(node ast.Node) bool {
			spec, ok := node.(*ast.ValueSpec)
			if !ok || len(spec.Values) != len(spec.Names) {
				return true
			}
			for i, name := range spec.Names {
				lit, ok := spec.Values[i].(*ast.BasicLit)
				if !ok || !strings.HasPrefix(name.Name, "text") || english[name.Name] {
					continue
				}
				text, err := strconv.Unquote(lit.Value)
				if err != nil {
					t.Fatal(err)
				}
				n++
				if inGerman[text] == "" || inFrench[text] == "" {
					t.Errorf("%s is not in every language", name.Name)
				}
			}
			return true
		})
	}
	if n != len(inGerman) || n != len(inFrench) {
		t.Errorf("%d texts, %d in German, %d in French", n, len(inGerman), len(inFrench))
	}
}
