package exec_test

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"clientele/internal/graphql/exec"
	"clientele/internal/jsonx"
)

func load(t testing.TB, path string) *ast.Schema {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return gqlparser.MustLoadSchema(&ast.Source{Name: path, Input: string(text)})
}

// document returns a valid document.
func document(t testing.TB, schema *ast.Schema, text string) *ast.QueryDocument {
	t.Helper()
	doc, errs := gqlparser.LoadQueryWithRules(schema, text, rules.NewDefaultRules())
	if len(errs) > 0 {
		t.Fatalf("%s: %v", text, errs)
	}
	return doc
}

// variables returns the values of an operation's variables, or what is wrong
// with them.
func variables(t testing.TB, schema *ast.Schema, op *ast.OperationDefinition, text string) (map[string]any, gqlerror.List) {
	t.Helper()
	var given jsonx.Value
	if text != "" {
		var err error
		if given, err = jsonx.Parse([]byte(text), jsonx.Limits{}); err != nil {
			t.Fatal(err)
		}
	}
	return exec.Variables(schema, op, given)
}

func hooks() exec.Hooks {
	return exec.Hooks{
		Allow: func(string) error { return nil },
		Present: func(err error) *gqlerror.Error {
			if null := (*exec.NullError)(nil); errors.As(err, &null) {
				return gqlerror.Errorf("Cannot return null for non-nullable field %s.", null.Field)
			}
			return gqlerror.Errorf("%s", err)
		},
		Panicked: func(p any) error { return p.(error) },
		MaxBytes: 1 << 20,
	}
}

// Documents are answered as graphql-js answers them: order, merging, nulls,
// errors with their paths and places, and arguments.
func TestReference(t *testing.T) {
	schema := load(t, "testdata/schema.graphql")
	text, err := os.ReadFile("testdata/cases.txt")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	for i := 0; i < len(lines); i++ {
		if lines[i] == "" || lines[i][0] == '#' {
			continue
		}
		source, given, _ := strings.Cut(lines[i], "\t")
		asked := lines[i]
		i++
		answers, kinds := tables()
		s := exec.New(schema, exec.Config{Tables: answers, Kinds: kinds})
		doc := document(t, schema, source)
		op := doc.Operations[0]
		values, wrong := variables(t, schema, op, given)
		if wrong != nil {
			told, err := json.Marshal(wrong)
			if err != nil {
				t.Fatal(err)
			}
			if got := "\trefused " + string(told); got != lines[i] {
				t.Errorf("%s\n%s\nwant\n%s", asked, got, lines[i])
			}
			continue
		}
		prepared := s.Document(doc, 100)
		for range 2 { // with a plan that is known, too
			if op.Operation == ast.Mutation {
				answers, kinds = tables()
				prepared = exec.New(schema, exec.Config{Tables: answers, Kinds: kinds}).Document(doc, 100)
			}
			a := prepared.Plan(op, values).Run(t.Context(), values, hooks(), "")
			type seen struct {
				Message   string              `json:"message"`
				Path      ast.Path            `json:"path"`
				Locations []gqlerror.Location `json:"locations"`
			}
			errs := []seen{}
			for _, e := range a.Errors {
				errs = append(errs, seen{e.Message, e.Path, e.Locations})
			}
			told, err := json.Marshal(errs)
			if err != nil {
				t.Fatal(err)
			}
			if got := "\t" + string(a.Data) + " " + string(told); got != lines[i] {
				t.Errorf("%s\n%s\nwant\n%s", asked, got, lines[i])
			}
		}
	}
}

// A field that is in no table has the generic answer of its type.
func TestGeneric(t *testing.T) {
	schema := gqlparser.MustLoadSchema(&ast.Source{Name: "schema", Input: `
		type Query { a: Thing! b: Thing c: [Thing!] d: [Thing!]! e(first: Int): ThingConnection f: Any! g: Either! }
		type Thing { s: String! i: Int! f: Float! b: Boolean! id: ID! when: When! e: Kind! no: String more: Thing list: [String!]! deep: Deep! }
		type Deep { s: String! c: ThingConnection! }
		type ThingConnection { edges: [ThingEdge!] pageInfo: PageInfo! }
		type ThingEdge { node: Thing! }
		type PageInfo { hasNextPage: Boolean! endCursor: String }
		interface Any { id: ID! }
		type Zebra implements Any { id: ID! }
		type Ape implements Any { id: ID! }
		union Either = Zebra | Ape
		enum Kind { SECOND FIRST }
		scalar When
		interface Error { message: String! }
		type GoneError implements Error { message: String! }
		type OtherError implements Error { message: String! }
		union MakeError = OtherError | GoneError
		type Mutation { thing: ThingMutations! make: MakeResult! undo: UndoResult redo: UndoResult! }
		type ThingMutations { make(x: Int): MakeResult undo: UndoResult }
		type MakeResult { thing: Thing errors: [MakeError!]! }
		type UndoResult { thing: Thing }`})
	s := exec.New(schema, exec.Config{
		Scalars:     map[string]exec.Scalar{"When": {Read: exec.ReadText, Zero: `"never"`}},
		MissingText: "Not found",
		Missing:     func([]string) string { return "GoneError" },
		Page: func(args exec.Args) error {
			if args.Int("first") < 0 {
				return errors.New("less than nothing")
			}
			return nil
		},
		Need: func(object, field string) string {
			if field == "g" {
				return "all"
			}
			return ""
		},
	})
	h := hooks()
	h.Allow = func(need string) error { return errors.New("needs " + need) }
	const thing = `{ __typename s i f b id when e no more { s } list deep { s c { edges { node { s } } pageInfo { hasNextPage endCursor } } } }`
	for query, want := range map[string]string{
		`{ a ` + thing + ` b { s } c { s } d { s } e { edges { node { s } } } f { __typename id } }`: `{"a":{"__typename":"Thing","s":"","i":0,"f":0,"b":false,"id":"","when":"never","e":"SECOND","no":null,"more":null,"list":[],"deep":{"s":"","c":{"edges":[],"pageInfo":{"hasNextPage":false,"endCursor":null}}}},"b":null,"c":[],"d":[],"e":{"edges":[]},"f":{"__typename":"Ape","id":""}}`,
		`{ e(first: -1) { edges { node { s } } } }`:                                                  `{"e":null} [e]less than nothing`,
		`{ g { __typename } }`: `null [g]needs all`,
		`mutation { thing { make { thing { s } errors { __typename ... on Error { message } } } } }`: `{"thing":{"make":{"thing":null,"errors":[{"__typename":"GoneError","message":"Not found"}]}}}`,
		`mutation { thing { undo { thing { s } } } }`:                                                `{"thing":{"undo":null}} [thing.undo]Not found`,
		`mutation { make { errors { __typename } } undo { thing { s } } }`:                           `{"make":{"errors":[{"__typename":"GoneError"}]},"undo":null} [undo]Not found`,
		`mutation { redo { thing { s } } }`:                                                          `null [redo]Not found`,
	} {
		doc := document(t, schema, query)
		a := s.Document(doc, 100).Plan(doc.Operations[0], nil).Run(t.Context(), nil, h, "")
		got := string(a.Data)
		for _, e := range a.Errors {
			got += " [" + e.Path.String() + "]" + e.Message
		}
		if got != want {
			t.Errorf("%s\n%s\nwant\n%s", query, got, want)
		}
	}
}

// Tables that do not suit the schema are found when the program starts.
func TestTablesSuit(t *testing.T) {
	schema := load(t, "testdata/schema.graphql")
	for name, change := range map[string]func(exec.Tables){
		"no such type": func(t exec.Tables) { t["Nobody"] = exec.Of[hero](nil) },
		"no such field": func(t exec.Tables) {
			t["Hero"] = exec.Of[hero](exec.Fields{"x": exec.Bool(func(*hero) bool { return true })})
		},
		"another scalar": func(t exec.Tables) {
			t["Hero"] = exec.Of[hero](exec.Fields{"age": exec.Bool(func(*hero) bool { return true })})
		},
		"another object": func(t exec.Tables) {
			t["Hero"] = exec.Of[hero](exec.Fields{"friend": exec.Part(func(*hero) *echo { return nil })})
		},
		"another list": func(t exec.Tables) {
			t["Hero"] = exec.Of[hero](exec.Fields{"friends": exec.Part(func(h *hero) *hero { return h })})
		},
		"another receiver": func(t exec.Tables) {
			t["Hero"] = exec.Of[hero](exec.Fields{"age": exec.Int(func(*echo) int64 { return 1 })})
		},
		"no kind": func(t exec.Tables) { t["Dog"], t["Cat"] = exec.Of[hero](nil), exec.Of[hero](nil) },
	} {
		t.Run(name, func(t *testing.T) {
			answers, kinds := tables()
			change(answers)
			defer func() {
				if recover() == nil {
					t.Error("nobody noticed")
				}
			}()
			exec.New(schema, exec.Config{Tables: answers, Kinds: kinds})
		})
	}
}

// An answer ends where it is too large.
func TestTooLarge(t *testing.T) {
	schema := load(t, "testdata/schema.graphql")
	answers, kinds := tables()
	s := exec.New(schema, exec.Config{Tables: answers, Kinds: kinds})
	doc := document(t, schema, `{ heroes { foes { foes { foes { name bad } } } } }`)
	h := hooks()
	h.MaxBytes = 60
	a := s.Document(doc, 100).Plan(doc.Operations[0], nil).Run(t.Context(), nil, h, strings.Repeat("x", 10))
	if !a.TooLarge || len(a.Data) > 200 {
		t.Errorf("%v %s", a.TooLarge, a.Data)
	}
}

// However often a document is asked with other flags, its plans take bounded
// room.
func TestPlansAreBounded(t *testing.T) {
	schema := load(t, "testdata/schema.graphql")
	answers, kinds := tables()
	s := exec.New(schema, exec.Config{Tables: answers, Kinds: kinds})
	doc := document(t, schema, `query($a: Boolean!, $b: Boolean!, $c: Boolean!, $d: Boolean!) { hero { name @include(if: $a) age @include(if: $b) nick @include(if: $c) color @include(if: $d) pets: friends { name } } }`)
	prepared := s.Document(doc, 10)
	for i := range 16 {
		values := map[string]any{"a": i&1 > 0, "b": i&2 > 0, "c": i&4 > 0, "d": i&8 > 0}
		a := prepared.Plan(doc.Operations[0], values).Run(t.Context(), values, hooks(), "")
		if len(a.Errors) > 0 || strings.Contains(string(a.Data), `"age"`) != (i&2 > 0) {
			t.Errorf("%d: %s %v", i, a.Data, a.Errors)
		}
		if n := prepared.Kept(); n > 10 {
			t.Fatalf("%d fields are kept", n)
		}
	}
}

// One plan serves many requests at once, also those that first meet a type.
func TestOnePlanForMany(t *testing.T) {
	schema := load(t, "testdata/schema.graphql")
	answers, kinds := tables()
	s := exec.New(schema, exec.Config{Tables: answers, Kinds: kinds})
	doc := document(t, schema, `{ pets { name ... on Dog { barks owner { name bad } } ... on Cat { lives } } beasts { __typename } heroes { friends { name foes { name } } } }`)
	want := s.Document(doc, 1000).Plan(doc.Operations[0], nil).Run(t.Context(), nil, hooks(), "")
	for range 20 {
		prepared := s.Document(doc, 1000)
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				a := prepared.Plan(doc.Operations[0], nil).Run(t.Context(), nil, hooks(), "")
				if string(a.Data) != string(want.Data) || len(a.Errors) != 1 {
					t.Errorf("%s %v", a.Data, a.Errors)
				}
			})
		}
		wg.Wait()
	}
}

// Whatever is asked, the answer is JSON, and its fields are those that were
// asked for.
func FuzzRun(f *testing.F) {
	text, err := os.ReadFile("testdata/cases.txt")
	if err != nil {
		f.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if source, _, _ := strings.Cut(line, "\t"); source != "" {
			f.Add(source)
		}
	}
	schema := load(f, "testdata/schema.graphql")
	answers, kinds := tables()
	s := exec.New(schema, exec.Config{Tables: answers, Kinds: kinds})
	f.Fuzz(func(t *testing.T, source string) {
		doc, errs := gqlparser.LoadQueryWithRules(schema, source, rules.NewDefaultRules())
		if len(errs) > 0 || len(doc.Operations) == 0 || len(source) > 500 {
			return
		}
		op := doc.Operations[0]
		values, wrong := exec.Variables(schema, op, jsonx.Value{})
		if wrong != nil {
			return
		}
		a := s.Document(doc, 1000).Plan(op, values).Run(t.Context(), values, hooks(), "")
		if a.TooLarge {
			return
		}
		var data map[string]any
		if err := json.Unmarshal(a.Data, &data); err != nil {
			t.Fatalf("%s: %s: %v", source, a.Data, err)
		}
		if data == nil && len(a.Errors) == 0 {
			t.Fatalf("%s: null without an error", source)
		}
	})
}

// Whatever is given, variables are values of their types or problems that are
// told in bounds.
func FuzzVariables(f *testing.F) {
	text, err := os.ReadFile("testdata/cases.txt")
	if err != nil {
		f.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if _, given, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t"); ok && strings.HasPrefix(given, "{") {
			f.Add(given)
		}
	}
	f.Add(`{"x":"` + strings.Repeat("é", 2000) + `","y":{"name":[` + strings.Repeat(`"long",`, 1000) + `1],"` + strings.Repeat("n", 3000) + `":1}}`)
	schema := load(f, "testdata/schema.graphql")
	doc := document(f, schema, `query($x: Int, $y: Need, $z: [Int!]!, $c: Color, $i: ID) { echo(int: $x, need: $y, list: $z, color: $c, id: $i) { text } }`)
	f.Fuzz(func(t *testing.T, text string) {
		given, err := jsonx.Parse([]byte(text), jsonx.Limits{})
		if err != nil || given.Kind() != jsonx.Object {
			return
		}
		values, wrong := exec.Variables(schema, doc.Operations[0], given)
		if (values == nil) == (wrong == nil) || len(wrong) > 51 {
			t.Fatalf("%v %v", values, wrong)
		}
		for _, e := range wrong {
			if len(e.Message) > 10_000 || !utf8.ValidString(e.Message) {
				t.Fatalf("%d bytes: %.200q", len(e.Message), e.Message)
			}
		}
	})
}
