package tests

import (
	"fmt"
	"go/ast"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"clientele/internal/fault"
	"clientele/internal/rest"
	"clientele/internal/rest/storefront"
	v2 "clientele/internal/rest/v2"
	v3 "clientele/internal/rest/v3"
	"clientele/internal/seed"
	"clientele/internal/store"
)

func document(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// generated holds the part of a document between two marks to what it should
// be, or writes it with -update.
func generated(t *testing.T, name, mark, want string) {
	t.Helper()
	text := document(t, name)
	opened, closed := "<!-- "+mark+" -->\n", "<!-- /"+mark+" -->"
	before, rest, ok1 := strings.Cut(text, opened)
	have, after, ok2 := strings.Cut(rest, closed)
	switch {
	case !ok1 || !ok2:
		t.Fatalf("%s has no marks of %s", name, mark)
	case have == want:
	case !*update:
		t.Fatalf("the table of %s is out of date: go test ./internal/tests -run %s -update", name, t.Name())
	default:
		if err := os.WriteFile(filepath.Join(root, name), []byte(before+opened+want+closed+after), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// elsewhere are the statuses of a kind on GraphQL and on pages, which are
// rendered from more than the fault.
var elsewhere = map[string][2]string{
	"Internal":     {"200, 500 for the request", "500"},
	"Invalid":      {"200", "400"},
	"Malformed":    {"400", "400"},
	"BadFilter":    {"–", "400"},
	"Conflict":     {"200", "409"},
	"NotFound":     {"200", "404"},
	"Unauthorized": {"401", "403"},
	"Forbidden":    {"200, 403 for the request", "403"},
	"TooLarge":     {"413 (body)", "413"},
	"TooMany":      {"200, 429 for the request", "429"},
	"Unavailable":  {"200, 503 for the request", "503"},
	"WrongMedia":   {"415 (body)", "415"},
	"BadInput":     {"–", "400"},
	"TooSlow":      {"408 (body)", "408"},
	"Repeated":     {"409", "–"},
	"KeyTaken":     {"422", "–"},
}

// TestErrors writes the statuses of each kind of fault from what the surfaces
// answer.
func TestErrors(t *testing.T) {
	surfaces := []rest.Renderer{v3.New(v3.Services{}), v2.New(v2.Services{}, nil, ""), storefront.New(storefront.Services{})}
	var b strings.Builder
	b.WriteString("| Kind | What it means | V3 | V2 | Storefront REST | GraphQL | Pages |\n| --- | --- | --- | --- | --- | --- | --- |\n")
	kinds := 0
	for _, f := range files(t) {
		if f.path != "internal/fault/fault.go" {
			continue
		}
		for _, d := range f.ast.Decls {
			group, ok := d.(*ast.GenDecl)
			if !ok || len(group.Specs) == 0 {
				continue
			}
			first, ok := group.Specs[0].(*ast.ValueSpec)
			if !ok {
				continue
			}
			if typ, ok := first.Type.(*ast.Ident); !ok || typ.Name != "Kind" {
				continue
			}
			for i, spec := range group.Specs { // the kinds are counted with iota
				v := spec.(*ast.ValueSpec)
				kinds++
				other, ok := elsewhere[v.Names[0].Name]
				if !ok {
					t.Errorf("the table has no GraphQL and pages for %s", v.Names[0].Name)
				}
				fmt.Fprintf(&b, "| `%s` | %s |", v.Names[0].Name, strings.TrimSpace(v.Comment.Text()))
				for _, s := range surfaces {
					status, _ := s.Error(&rest.Titles{}, &fault.Error{Kind: fault.Kind(i), Message: "x", Items: []fault.Item{{Field: "x", Code: fault.BadFormat}}})
					if status == http.StatusInternalServerError && i > 0 {
						b.WriteString(" – |") // V3 and the storefront's REST alone make BadInput
						continue
					}
					fmt.Fprintf(&b, " %d |", status)
				}
				fmt.Fprintf(&b, " %s | %s |\n", other[0], other[1])
			}
		}
	}
	if kinds != len(elsewhere) {
		t.Errorf("%d kinds of faults are found, and the table is about %d", kinds, len(elsewhere))
	}
	generated(t, "docs/errors.md", "errors", b.String())
}

// yamlKeys returns the keys that a type's YAML may have, at all depths.
func yamlKeys(typ reflect.Type, into map[string]bool) {
	for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice || typ.Kind() == reflect.Map {
		typ = typ.Elem()
	}
	if typ.Kind() != reflect.Struct {
		return
	}
	for i := range typ.NumField() {
		f := typ.Field(i)
		name, rest, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case name == "-" || !f.IsExported():
		case rest == "inline":
			yamlKeys(f.Type, into)
		case name != "":
			into[name] = true
			yamlKeys(f.Type, into)
		}
	}
}

// The document of settings names every setting, and that of seed files shows
// every key in an example that can be read.
func TestDocumentsNameEveryKey(t *testing.T) {
	settings := map[string]bool{}
	yamlKeys(reflect.TypeFor[store.Settings](), settings)
	_, text, _ := strings.Cut(document(t, "docs/configuration.md"), "\n## Settings of a store\n")
	var named []string
	for _, m := range regexp.MustCompile("`([a-z_.]+)`").FindAllStringSubmatch(text, -1) {
		named = append(named, m[1][strings.LastIndexByte(m[1], '.')+1:])
	}
	for key := range settings {
		if !slices.Contains(named, key) {
			t.Errorf("docs/configuration.md does not name the setting %q", key)
		}
	}

	_, example, ok := strings.Cut(document(t, "docs/seed.md"), "```yaml\n")
	example, _, _ = strings.Cut(example, "```")
	if !ok {
		t.Fatal("docs/seed.md has no example")
	}
	if _, err := seed.Parse([]byte(example)); err != nil {
		t.Errorf("docs/seed.md: %v", err)
	}
	keys := map[string]bool{}
	yamlKeys(reflect.TypeFor[seed.Document](), keys)
	for key := range keys {
		if !settings[key] && !regexp.MustCompile(`(?m)(^|[ {])`+key+`:`).MatchString(example) {
			t.Errorf("the example of docs/seed.md has no key %q", key)
		}
	}
}

// The document of the history has every reason for which sign-ins fail, sessions end
// and tokens are refused.
func TestDocumentOfReasons(t *testing.T) {
	text := document(t, "docs/trust.md")
	constant := regexp.MustCompile("(?m)^\\s*(?:why\\w+ +|\\w+ +Reason +)= (?:\"([^\"]*)\"|`([^`]*)`)")
	found := 0
	for _, name := range []string{"internal/account/timeline.go", "internal/sso/login.go", "internal/sso/sync.go"} {
		for _, m := range constant.FindAllStringSubmatch(document(t, name), -1) {
			found++
			if reason := m[1] + m[2]; !strings.Contains(text, "`"+reason+"`") {
				t.Errorf("docs/trust.md has not the reason %q of %s", reason, name)
			}
		}
	}
	if found < 30 {
		t.Errorf("only %d reasons are found", found)
	}
}

var link = regexp.MustCompile(`\]\(([^)#\s]*)(#[^)\s]*)?\)`)

// anchors returns the anchors of a document's headings, as code hosts make
// them.
func anchors(text string) map[string]bool {
	out := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(text, -1) {
		var b strings.Builder
		for _, r := range strings.ToLower(m[1]) {
			switch {
			case r == ' ':
				b.WriteByte('-')
			case r == '-' || r == '_' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
				b.WriteRune(r)
			}
		}
		out[b.String()] = true
	}
	return out
}

// Links between documents lead to files and headings that exist.
func TestLinksOfDocuments(t *testing.T) {
	names, err := filepath.Glob(filepath.Join(root, "docs/*.md"))
	if err != nil || len(names) < 10 {
		t.Fatalf("%d documents, %v", len(names), err)
	}
	below, err := filepath.Glob(filepath.Join(root, "docs/*/*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range append(append(names, below...), filepath.Join(root, "README.md"), filepath.Join(root, "CONTRIBUTING.md")) {
		name, _ := filepath.Rel(root, path)
		text := document(t, name)
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			target := path
			if m[1] != "" {
				target = filepath.Join(filepath.Dir(path), m[1])
			}
			there, err := os.ReadFile(target)
			if err != nil {
				t.Errorf("%s links to %s, which does not exist", name, m[1])
				continue
			}
			if m[2] != "" && !anchors(string(there))[m[2][1:]] {
				t.Errorf("%s links to %s%s, a heading that does not exist", name, m[1], m[2])
			}
		}
	}
}

// The README's headline figures are those of the measurement.
func TestHeadlineFigures(t *testing.T) {
	_, table, _ := strings.Cut(document(t, "README.md"), "\n## Performance\n")
	table, _, _ = strings.Cut(table, "\n## ")
	measured := document(t, "docs/performance.md")
	rows := 0
	for line := range strings.Lines(table) {
		cells := strings.Split(strings.TrimSpace(line), " | ")
		if len(cells) != 5 || cells[0] == "|" || cells[0] == "| ---" {
			continue
		}
		rows++
		title := strings.TrimPrefix(cells[0], "| ")
		for _, c := range [][2]string{{cells[1], cells[2]}, {cells[3], strings.TrimSuffix(cells[4], " |")}} {
			if !regexp.MustCompile(`(?m)^\| ` + regexp.QuoteMeta(title) + ` \| [^|]+ \| ` + regexp.QuoteMeta(c[0]) + ` \| ` + regexp.QuoteMeta(c[1]) + ` \|`).MatchString(measured) {
				t.Errorf("docs/performance.md does not have %q with %s and %s", title, c[0], c[1])
			}
		}
	}
	if rows < 4 {
		t.Errorf("the README's table has %d rows", rows)
	}
}

// declarations returns what the packages of the program declare: functions, types
// and variables by name, and methods by type and name, below the directory.
func declarations(t *testing.T) map[string]map[string]bool {
	out := map[string]map[string]bool{}
	for _, f := range files(t) {
		if f.test() {
			continue
		}
		if out[f.dir] == nil {
			out[f.dir] = map[string]bool{}
		}
		for _, d := range f.ast.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				name := d.Name.Name
				if d.Recv != nil {
					typ := d.Recv.List[0].Type
					if star, ok := typ.(*ast.StarExpr); ok {
						typ = star.X
					}
					if id, ok := typ.(*ast.Ident); ok {
						name = id.Name + "." + name
					}
				}
				out[f.dir][name] = true
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					switch spec := spec.(type) {
					case *ast.TypeSpec:
						out[f.dir][spec.Name.Name] = true
					case *ast.ValueSpec:
						for _, name := range spec.Names {
							out[f.dir][name.Name] = true
						}
					}
				}
			}
		}
	}
	return out
}

// The table of rules names functions that exist, the words name types that do,
// and the map names every package.
func TestArchitecture(t *testing.T) {
	text := document(t, "docs/architecture.md")
	have := declarations(t)
	rules := 0
	for _, m := range regexp.MustCompile("(?m)^\\| [^|]+ \\| `(internal/[a-z0-9/]+)` \\| `([A-Za-z.]+)` \\|$").FindAllStringSubmatch(text, -1) {
		rules++
		if !have[m[1]][m[2]] {
			t.Errorf("%s does not declare %s, where docs/architecture.md finds a rule", m[1], m[2])
		}
	}
	if rules < 30 {
		t.Errorf("the table has %d rules", rules)
	}
	_, words, _ := strings.Cut(text, "\n## The words\n")
	words, _, _ = strings.Cut(words, "\n## ")
	for _, m := range regexp.MustCompile("`([a-z]+)\\.([A-Z][A-Za-z]+)`").FindAllStringSubmatch(words, -1) {
		if !have["internal/"+m[1]][m[2]] {
			t.Errorf("internal/%s does not declare %s, which docs/architecture.md names among the words", m[1], m[2])
		}
	}
	_, table, _ := strings.Cut(text, "\n## The map\n")
	named := regexp.MustCompile(`[a-z0-9/-]+`).FindAllString(table, -1)
	for dir := range have {
		if dir == "." || strings.HasPrefix(dir, "internal/testing/") || strings.HasPrefix(dir, "internal/graphql/") || slices.Contains(named, dir) || dir == "internal/bench" {
			continue
		}
		if dir != "internal/sqldb/dbtest" {
			t.Errorf("the map of docs/architecture.md has no %s", dir)
		}
	}
}
