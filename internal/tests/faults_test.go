package tests

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// speaksOfItself are packages whose faults are about names that are data: the
// parameters of a query, as lists declare them, and the settings that an
// operator names as they are stored.
var speaksOfItself = map[string]bool{
	"internal/listing": true, "internal/seed": true,
	"internal/store/settings.go": true, "internal/store/storefront.go": true, "internal/store/change.go": true,
}

// wireName is a name as surfaces write them.
var wireName = regexp.MustCompile(`\b[a-z0-9]+(_[a-z0-9]+)+\b`)

// faultBreaches returns what a file of the domain does against the language of
// faults: a field or a reason that is no declared constant, a place, a sentence
// or a position in a fault's item, a name of the wire in a sentence, and an
// operation that is passed along.
func faultBreaches(f *ast.File, set *token.FileSet) []string {
	var out []string
	say := func(n ast.Node, text string) {
		out = append(out, strconv.Itoa(set.Position(n.Pos()).Line)+": "+text)
	}
	literal := func(e ast.Expr) bool {
		found := false
		ast.Inspect(e, func(n ast.Node) bool {
			if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING && l.Value != `""` {
				found = true
			}
			return !found
		})
		return found
	}
	for _, d := range f.Decls {
		if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.CONST {
			continue // where the words are declared
		}
		ast.Inspect(d, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncType:
				for _, p := range n.Params.List {
					if t, ok := p.Type.(*ast.Ident); ok && t.Name == "string" && slices.ContainsFunc(p.Names, func(i *ast.Ident) bool { return i.Name == "op" }) {
						say(p, "a parameter named op")
					}
				}
			case *ast.CallExpr:
				call, ok := n.Fun.(*ast.SelectorExpr)
				if !ok || len(n.Args) == 0 {
					return true
				}
				pkg, _ := call.X.(*ast.Ident)
				switch name := call.Sel.Name; {
				case pkg != nil && pkg.Name == "fault" && (name == "Field" || name == "Reason") && literal(n.Args[0]):
					say(n, "a "+name+" that is no declared constant")
				case pkg != nil && pkg.Name == "fault" && name == "New" && len(n.Args) == 2 && spelled(n.Args[1]):
					say(n, "a sentence with a name of the wire")
				case (name == "Break" || name == "Because" || name == "Length") && literal(n.Args[0]):
					say(n, "a field that is no declared constant")
				case name == "Because" && len(n.Args) == 4 && literal(n.Args[2]):
					say(n, "a reason that is no declared constant")
				case name == "Add" && len(n.Args) == 4 && isFault(n.Args[1]):
					say(n, "a place and a sentence, which are the surfaces'")
				}
			case *ast.AssignStmt:
				for _, e := range n.Lhs {
					if s, ok := e.(*ast.SelectorExpr); ok && position(s.Sel.Name) {
						say(n, "a position in a batch, which fault.Batch tells")
					}
				}
			case *ast.CompositeLit:
				for _, e := range n.Elts {
					kv, ok := e.(*ast.KeyValueExpr)
					if !ok {
						continue
					}
					key, _ := kv.Key.(*ast.Ident)
					switch {
					case key == nil:
					case (isItem(n) || isType(n.Type, "Item") || isType(n.Type, "Collector")) && position(key.Name):
						say(kv, "a position in a batch, which fault.Batch tells")
					case isItem(n) && (key.Name == "Path" || key.Name == "Message"):
						say(kv, "a place or a sentence, which are the surfaces'")
					case isItem(n) && (key.Name == "Field" || key.Name == "Why") && literal(kv.Value):
						say(kv, "a word that is no declared constant")
					case key.Name == "Message" && spelled(kv.Value):
						say(kv, "a sentence with a name of the wire")
					}
				}
			}
			return true
		})
	}
	return out
}

// isItem reports whether a literal is a fault's item: by its type or, in a list
// of them, by its members.
func isItem(n *ast.CompositeLit) bool {
	return isType(n.Type, "Item") || n.Type == nil && slices.ContainsFunc(n.Elts, func(e ast.Expr) bool {
		kv, ok := e.(*ast.KeyValueExpr)
		return ok && isFault(kv.Value)
	})
}

// isType reports whether an expression is a type of package fault.
func isType(e ast.Expr, name string) bool {
	t, ok := e.(*ast.SelectorExpr)
	return ok && isFault(t) && t.Sel.Name == name
}

// position reports whether a name is that of a position in a batch.
func position(name string) bool {
	return strings.EqualFold(name, "index") || strings.EqualFold(name, "position")
}

// isFault reports whether an expression is a name of package fault.
func isFault(e ast.Expr) bool {
	s, ok := e.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	pkg, _ := s.X.(*ast.Ident)
	return pkg != nil && pkg.Name == "fault"
}

// spelled reports whether a text in an expression holds a name of the wire.
func spelled(e ast.Expr) bool {
	found := false
	ast.Inspect(e, func(n ast.Node) bool {
		if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING && wireName.MatchString(l.Value) {
			found = true
		}
		return !found
	})
	return found
}

// The domain says what is wrong in its own words: fields and reasons are
// constants of the package whose rule it is, and sentences, paths and titles
// are the surfaces'.
func TestFaultsSpeakTheDomainsLanguage(t *testing.T) {
	speaking := 0
	for _, f := range files(t) {
		if f.test() || !(slices.Contains(domain, f.dir) || f.dir == "internal/form" || f.dir == "internal/webhook" || f.dir == "internal/password") ||
			f.dir == "internal/fault" || speaksOfItself[f.dir] || speaksOfItself[f.path] {
			continue
		}
		if strings.HasSuffix(f.path, "/faults.go") {
			speaking++
		}
		for _, b := range faultBreaches(f.ast, f.text) {
			t.Errorf("%s:%s", f.path, b)
		}
	}
	if speaking < 15 {
		t.Errorf("only %d packages declare the words of their faults", speaking)
	}
}

// What looks at an item of a batch does not know where in the batch it is: only
// fault.Batch writes positions, and nothing else of the package lets others.
func TestOnlyBatchesTellPositions(t *testing.T) {
	writes := map[string]bool{}
	for _, f := range files(t) {
		if f.dir != "internal/fault" || f.test() {
			continue
		}
		for _, d := range f.ast.Decls {
			fn, _ := d.(*ast.FuncDecl)
			ast.Inspect(d, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.AssignStmt:
					for _, e := range n.Lhs {
						if s, ok := e.(*ast.SelectorExpr); ok && position(s.Sel.Name) {
							writes[fn.Name.Name] = true
						}
					}
				case *ast.KeyValueExpr:
					if key, ok := n.Key.(*ast.Ident); ok && position(key.Name) {
						t.Errorf("%s: a position is given to an item that is made", f.path)
					}
				case *ast.UnaryExpr:
					if s, ok := n.X.(*ast.SelectorExpr); ok && n.Op == token.AND && position(s.Sel.Name) {
						t.Errorf("%s: the address of a position is given away", f.path)
					}
				case *ast.Field:
					for _, name := range n.Names {
						if name.IsExported() && position(name.Name) {
							t.Errorf("%s: %s can be set from outside", f.path, name.Name)
						}
					}
				}
				return true
			})
		}
	}
	if got := slices.Sorted(maps.Keys(writes)); !slices.Equal(got, []string{"Alone", "Each"}) {
		t.Errorf("positions are written by %q, want Each of Batch and Alone", got)
	}
}

func TestFaultRulesCatchBreaches(t *testing.T) {
	for text, caught := range map[string]bool{
		`func f(c *fault.Collector) { c.Break(FieldName, fault.Required, "") }`:                                             false,
		`func f(c *fault.Collector) { c.Break("", fault.Required, "") }`:                                                    false,
		`func f(c *fault.Collector) { c.Break("name", fault.Required, "") }`:                                                true,
		`func f(c *fault.Collector) { c.Break(fault.Field("name"), fault.Required, "") }`:                                   true,
		`func f(c *fault.Collector) { c.Length("first name", v, 1, 2) }`:                                                    true,
		`func f(c *fault.Collector) { c.Because(FieldName, fault.Required, WhyNone, "a, b") }`:                              false,
		`func f(c *fault.Collector) { c.Because(FieldName, fault.Required, "none", "") }`:                                   true,
		`func f(c *fault.Collector) { c.Add("name", fault.Required, "", "name is required") }`:                              true,
		`func f() error { return fault.Broken(fault.Invalid, fault.Item{Field: FieldName, Code: fault.Taken}) }`:            false,
		`func f() error { return fault.Broken(fault.Invalid, fault.Item{Path: FieldName, Code: fault.Taken}) }`:             true,
		`func f() error { return fault.Broken(fault.Invalid, fault.Item{Field: "name", Code: fault.Taken}) }`:               true,
		`var items = []fault.Item{{Code: fault.Taken, Message: "the name is taken"}}`:                                       true,
		`var items = []fault.Item{{Field: "name", Code: fault.Taken}}`:                                                      true,
		`var err = &fault.Error{Kind: fault.Invalid, Message: "first_name is too long"}`:                                    true,
		`var err = fault.New(fault.Invalid, fmt.Sprintf("first_name %q is taken", v))`:                                      true,
		`var err = fault.New(fault.NotFound, "there is no such customer")`:                                                  false,
		`func f(tx *sqldb.Tx, op string, id int64) error { return nil }`:                                                    true,
		`func f(name string, op listing.Op) error { return nil }`:                                                           false,
		`var items = []fault.Item{{Index: 2, Code: fault.Taken}}`:                                                           true,
		`func f(i int) { c := fault.Collector{Index: i}; use(&c) }`:                                                         true,
		`func f(c *fault.Collector, i int) { c.Index = i }`:                                                                 true,
		`func f(it *fault.Item, i int) { it.Position = i }`:                                                                 true,
		`func f(b *fault.Batch) { b.Each(2, func(i int, c *fault.Collector) { c.Break(FieldName, fault.Required, "") }) }`:  false,
		"const FieldName fault.Field = \"first name\"":                                                                      false,
		`var lock = func(op string) error { return nil }`:                                                                   true,
		`func f(c *fault.Collector) { c.AddItem(fault.Item{Field: FieldName, Code: fault.Taken, Why: fault.Reason("x")}) }`: true,
	} {
		set := token.NewFileSet()
		f, err := parser.ParseFile(set, "x.go", "package x\n"+text, 0)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if got := faultBreaches(f, set); (len(got) > 0) != caught {
			t.Errorf("%s: %q", text, got)
		}
	}
}
