package e2e

import (
	"maps"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// document returns the text of a document of the repository.
func document(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../..", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var shellBlock = regexp.MustCompile("(?ms)^```sh\n(.*?)^```$")

// answers are what the examples of the documents print, besides their not
// failing. A document with examples has an entry.
var answers = map[string][]string{
	"README.md":             {`"email":"ada@example.com"`, `"email":"reader@example.com"`, `"is_active":true`, `"firstName":"Jane"`},
	"docs/configuration.md": {"confirm_subscription: true"},
	"docs/storefront.md":    {"200", `"email":"script@example.com"`, "/login/token/", `"kind":"sign_in_link"`},
	"docs/graphql.md":       {`"firstName":"Jane"`, `"city":"Austin"`},
	"docs/errors.md":        {`"title":"Create customers failed."`, `"status":404`},
	"docs/testing.md":       {`"ready":true`},
	"docs/webhooks.md":      {"store/hook/test", `"state":"`},
}

// TestExamples runs the commands of the README and of the documents. The
// README's first command starts the server; each document's commands then run
// in a shell of their own.
func TestExamples(t *testing.T) {
	t.Parallel()
	// The demo store's URL names the port, so it is found before.
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	here := strings.NewReplacer("127.0.0.1:8080", address, "go run ./cmd/clientele", "clientele")

	dir := t.TempDir()
	demo := document(t, "demo.yaml")
	if err := os.WriteFile(filepath.Join(dir, "demo.yaml"), []byte(here.Replace(demo)), 0o644); err != nil {
		t.Fatal(err)
	}
	documents, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := map[string][]string{}
	for _, name := range append([]string{"../../README.md"}, documents...) {
		name = filepath.ToSlash(strings.TrimPrefix(filepath.Clean(name), filepath.Clean("../..")+string(filepath.Separator)))
		for _, m := range shellBlock.FindAllStringSubmatch(document(t, name), -1) {
			blocks[name] = append(blocks[name], here.Replace(m[1]))
		}
	}
	if names, want := slices.Sorted(maps.Keys(blocks)), slices.Sorted(maps.Keys(answers)); !slices.Equal(names, want) {
		t.Fatalf("there are examples in %q, and answers for %q", names, want)
	}
	env := []string{"PATH=" + filepath.Dir(program(t)) + string(os.PathListSeparator) + os.Getenv("PATH")}
	bash := func(env []string, script string) *process {
		return launch(t, dir, env, "bash", "-euo", "pipefail", "-c", script)
	}

	server := bash(append(env, "CLIENTELE_LISTEN="+address), "exec "+blocks["README.md"][0])
	server.await(&server.errs, listening)
	if out := server.out.String(); !strings.Contains(out, "http://"+address) || banner(t, out, "access token") != "TOKEN" {
		t.Errorf("the first command does not print the URL and the credentials:\n%s", out)
	}
	blocks["README.md"] = blocks["README.md"][1:]
	for _, name := range append([]string{"README.md"}, slices.Sorted(maps.Keys(answers))[1:]...) {
		// One shell, as what one block sets another may use.
		script := "curl() { command curl --fail-with-body \"$@\"; }\n"
		refused := name == "docs/errors.md" // which shows what fails
		if refused {
			script = ""
		}
		for _, b := range blocks[name] {
			script += b + "echo\n"
		}
		person := bash(env, "set -v\n"+script)
		person.wait()
		out := person.out.String()
		if person.code != 0 || !refused && strings.Contains(out, `"errors"`) {
			t.Fatalf("the commands of %s exit with %d and print\n%s", name, person.code, out)
		}
		for _, want := range answers[name] {
			if !strings.Contains(out, want) {
				t.Errorf("%s: no %s in\n%s", name, want, out)
			}
		}
	}
}

// The documents name every flag of serve, and no other, and every command.
func TestDocumentsAreComplete(t *testing.T) {
	t.Parallel()
	_, table, _ := strings.Cut(document(t, "docs/configuration.md"), "\n## Flags of `clientele serve`\n")
	table, _, _ = strings.Cut(table, "\n## ")
	operations := document(t, "docs/operations.md")
	named := func(re, in string) []string {
		var out []string
		for _, m := range regexp.MustCompile(re).FindAllStringSubmatch(in, -1) {
			out = append(out, m[1])
		}
		slices.Sort(out)
		return slices.Compact(out)
	}
	var first string // column
	for line := range strings.Lines(table) {
		if f := strings.Split(line, "|"); len(f) > 1 {
			first += f[1]
		}
	}
	if have, want := named("`(--[a-z-]+)`", first), named(`(?m)^ +(--[a-z-]+)(?:=| )`, must(t, "serve", "--help")); !slices.Equal(have, want) {
		t.Errorf("the flags of docs/configuration.md are\n%q, want\n%q", have, want)
	}
	block := regexp.MustCompile("(?s)```\n(.*?)```").FindString(operations)
	for _, c := range named(`(?m)^  ([a-z-]+( [a-z-]+)*?)  `, must(t, "--help")) {
		words := strings.Fields(c)
		if !regexp.MustCompile(`(?m)^clientele `+words[0]+`\b.*\b`+words[len(words)-1]+`\b`).MatchString(block) &&
			!regexp.MustCompile(`(?m)^clientele `+c+`\b`).MatchString(block) {
			t.Errorf("docs/operations.md lacks the command %q", c)
		}
	}
}
