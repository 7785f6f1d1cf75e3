package tests

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"slices"
	"testing"
)

// ruleCodes are the codes of rules, which the domain makes. The others are of
// decoding: that a member is absent, unknown, read-only or of the wrong type,
// and that a filter or a cursor cannot be read. A surface may tell codes apart
// to choose its words.
var ruleCodes = []string{"TooLong", "TooShort", "TooManyItems", "BadFormat", "OutOfRange", "Unknown", "EmailInUse", "NotAccepted", "Duplicate", "WeakPassword", "Taken", "Denied"}

// wireRules are the rules that surfaces make all the same, by file and code:
// each is about something that the wire alone has.
var wireRules = map[string]map[string]string{
	"internal/rest/v2/addresses.go":          {"Unknown": "the wire names countries in words, the domain by code"},
	"internal/rest/v2/customers.go":          {"NotAccepted": "the wire sends the password twice"},
	"internal/rest/v3/emails.go":             {"NotAccepted": "emails that the wire alone names: none of them is ever sent", "Duplicate": "the wire has two names for one email"},
	"internal/rest/v3/sites.go":              {"NotAccepted": "the body repeats what the path says", "TooShort": "the wire tells an empty URL from an absent one"},
	"internal/rest/v3/bodies.go":             {"TooShort": "an empty batch"},
	"internal/rest/v3/customers.go":          {"TooManyItems": "the wire lists what is one amount"},
	"internal/rest/decode/decode.go":         {"OutOfRange": "decimals are read from numbers", "BadFormat": "times are read from text"},
	"internal/rest/decode/nested.go":         {"TooManyItems": "lists of the wire are bounded before they are read"},
	"internal/rest/v3/hooks.go":              {"Unknown": "a path whose id is no number names nothing"},
	"internal/rest/v3/instruments.go":        {"NotAccepted": "members that must not reach the domain"},
	"internal/rest/v3/metafields.go":         {"NotAccepted": "the body repeats what the path says"},
	"internal/rest/storefront/decode.go":     {"Unknown": "the wire names form fields by numbers in text"},
	"internal/rest/storefront/fields.go":     {"NotAccepted": "a parameter of the wire alone"},
	"internal/rest/storefront/shoppers.go":   {"NotAccepted": "the wire numbers the kinds of consent", "Duplicate": "the wire numbers the kinds of consent"},
	"internal/rest/storefront/sso.go":        {"Unknown": "a parameter of the wire alone"},
	"internal/rest/storefront/storefront.go": {"Duplicate": "a parameter given twice"},
}

// rulesMade returns the rule codes that a file makes faults with: in a call of
// Add, as the Code of an item, or assigned.
func rulesMade(f *ast.File) map[string]token.Pos {
	out := map[string]token.Pos{}
	note := func(e ast.Expr) {
		if sel, ok := e.(*ast.SelectorExpr); ok {
			if x, ok := sel.X.(*ast.Ident); ok && x.Name == "fault" && slices.Contains(ruleCodes, sel.Sel.Name) {
				out[sel.Sel.Name] = sel.Pos()
			}
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			for _, e := range n.Args {
				note(e)
			}
		case *ast.KeyValueExpr:
			if key, ok := n.Key.(*ast.Ident); ok && key.Name == "Code" {
				note(n.Value)
			}
		case *ast.AssignStmt:
			for _, e := range n.Rhs {
				note(e)
			}
		}
		return true
	})
	return out
}

// No surface builds a rule: what is refused on one is refused on all.
func TestSurfacesBuildNoRules(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range files(t) {
		if f.test() || f.dir != additions && f.dir != "internal/rest/decode" && f.dir != "internal/rest/hooks" && !slices.Contains(surfaces, f.dir) {
			continue
		}
		for _, code := range slices.Sorted(maps.Keys(rulesMade(f.ast))) {
			seen[f.path+code] = true
			if wireRules[f.path][code] == "" {
				t.Errorf("%s makes a fault of the code %s: the rule belongs to the domain", f.path, code)
			}
		}
	}
	for path, codes := range wireRules {
		for code := range codes {
			if !seen[path+code] {
				t.Errorf("%s makes no fault of the code %s any more: take it off the list", path, code)
			}
		}
	}
}

func TestRulesOfSurfacesAreSeen(t *testing.T) {
	const src = `package x
func f() {
	c.Add("name", fault.TooLong, "", "")
	_ = fault.Item{Code: fault.WeakPassword}
	code = fault.Taken
	if it.Code == fault.EmailInUse { return }
	c.Add("name", fault.Required, "", "")
}`
	f, err := parser.ParseFile(token.NewFileSet(), "x.go", src, 0)
	if err != nil {
		t.Fatal(err)
	}
	if got := slices.Sorted(maps.Keys(rulesMade(f))); !slices.Equal(got, []string{"Taken", "TooLong", "WeakPassword"}) {
		t.Errorf("sees %v", got)
	}
}
