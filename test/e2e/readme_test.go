package e2e

import (
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const readmeFile = "../../README.md"

func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(readmeFile)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var shellBlock = regexp.MustCompile("(?ms)^```sh\n(.*?)^```$")

// Whoever pastes the README's commands one after the other sees them work. The
// first starts the server.
func TestReadmeCommands(t *testing.T) {
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
	demo, err := os.ReadFile("../../demo.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "demo.yaml"), []byte(here.Replace(string(demo))), 0o644); err != nil {
		t.Fatal(err)
	}
	var blocks []string
	for _, m := range shellBlock.FindAllStringSubmatch(readme(t), -1) {
		blocks = append(blocks, here.Replace(m[1]))
	}
	if len(blocks) < 5 {
		t.Fatalf("the README has %d blocks of commands", len(blocks))
	}
	env := []string{"PATH=" + filepath.Dir(program(t)) + string(os.PathListSeparator) + os.Getenv("PATH")}
	bash := func(env []string, script string) *process {
		return launch(t, dir, env, "bash", "-euo", "pipefail", "-c", script)
	}

	server := bash(append(env, "CLIENTELE_LISTEN="+address), "exec "+blocks[0])
	server.await(&server.errs, listening)
	// One shell, as what one block sets another may use.
	script := "curl() { command curl --fail-with-body \"$@\"; }\n"
	for _, b := range blocks[1:] {
		script += b + "echo\n"
	}
	person := bash(env, "set -v\n"+script)
	person.wait()
	out := person.out.String()
	if person.code != 0 || strings.Contains(out, `"errors"`) {
		t.Fatalf("the commands exit with %d and print\n%s", person.code, out)
	}
	for _, want := range []string{
		`"email":"jane@example.com"`, `"email":"ada@example.com"`, `"email":"reader@example.com"`, "http://" + address + "/login/token/",
		`"kind":"sign_in_link"`, "store/hook/test", `"firstName":"Jane"`, "confirm_subscription: true",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %s in\n%s", want, out)
		}
	}
}

// The README names every flag of serve, and no other, and every command.
func TestReadmeIsComplete(t *testing.T) {
	t.Parallel()
	text := readme(t)
	_, table, _ := strings.Cut(text, "\n## Configuration\n")
	table, operations, _ := strings.Cut(table, "\n## Operations\n")
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
	if have, want := named("`(--[a-z-]+)`", first), named(`(--[a-z-]+)=`, must(t, "serve", "--help")); !slices.Equal(have, want) {
		t.Errorf("the README's flags are\n%q, want\n%q", have, want)
	}
	block := regexp.MustCompile("(?s)```\n(.*?)```").FindString(operations)
	for _, c := range named(`(?m)^  ([a-z-]+( [a-z-]+)*?)  `, must(t, "--help")) {
		words := strings.Fields(c)
		if !regexp.MustCompile(`(?m)^clientele `+words[0]+`\b.*\b`+words[len(words)-1]+`\b`).MatchString(block) &&
			!regexp.MustCompile(`(?m)^clientele `+c+`\b`).MatchString(block) {
			t.Errorf("the README's operations lack %q", c)
		}
	}
}
