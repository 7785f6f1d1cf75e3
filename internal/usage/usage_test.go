package usage_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"clientele/internal/usage"
)

type flags struct {
	Database string `placeholder:"DSN" env:"SHOP_DATABASE" help:"Where it's kept: \\here. Else nowhere."`
	Mode     string `default:"slow" enum:"slow,fast" help:"How fast."`
	Loud     bool   `short:"l" help:"Tell all."`
}

type program struct {
	Serve struct {
		flags
	} `cmd:"" help:"Start the server."`
	Store struct {
		Create struct {
			flags
			Name string `arg:"" help:"Its name."`
		} `cmd:"" help:"Make a store."`
		List struct{} `cmd:"" help:".List stores."`
	} `cmd:"" help:"Make and list stores."`
	Secret struct{} `cmd:"" hidden:""`
}

func model(t *testing.T) *kong.Application {
	t.Helper()
	k, err := kong.New(new(program), kong.Name("shop"), kong.Description("Sells things.\n\nAnd buys some."))
	if err != nil {
		t.Fatal(err)
	}
	return k.Model
}

// written writes a completion to a file.
func written(t *testing.T, shell string) string {
	t.Helper()
	text, err := usage.Completion(model(t), shell)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "shop."+shell)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// asked has bash complete a line, whose last word is that which is completed.
func asked(t *testing.T, script string, line ...string) []string {
	t.Helper()
	words := append([]string{"shop"}, line...)
	cmd := exec.Command("bash", append([]string{"-c", `. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _shop; printf '%s\n' "${COMPREPLY[@]}"`, "bash", script}, words...)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return strings.Fields(string(out))
}

func TestBash(t *testing.T) {
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip(err)
	}
	script := written(t, "bash")
	for _, c := range []struct{ line, want []string }{
		{[]string{""}, []string{"serve", "store", "--help"}},
		{[]string{"s"}, []string{"serve", "store"}},
		{[]string{"store", ""}, []string{"create", "list", "--help"}},
		{[]string{"store", "create", "--"}, []string{"--database", "--help", "--loud", "--mode"}},
		{[]string{"serve", "--loud", "--mode", ""}, []string{"slow", "fast"}},
		{[]string{"serve", "--mode", "f"}, []string{"fast"}},
		{[]string{"serve", "--database", "x"}, nil},
		{[]string{"store", "create", "serve", "--mo"}, []string{"--mode"}},
	} {
		if got := asked(t, script, c.line...); !slices.Equal(got, c.want) {
			t.Errorf("%q: %q, want %q", c.line, got, c.want)
		}
	}
}

// The scripts of shells that are here can be read by them.
func TestScriptsAreRead(t *testing.T) {
	for _, shell := range usage.Shells {
		if _, err := exec.LookPath(shell); err != nil {
			t.Log(err)
			continue
		}
		if out, err := exec.Command(shell, "-n", written(t, shell)).CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", shell, err, out)
		}
	}
	if _, err := usage.Completion(model(t), "csh"); err == nil || !strings.Contains(err.Error(), "bash, zsh, fish") {
		t.Error(err)
	}
}

func TestFish(t *testing.T) {
	text, err := usage.Completion(model(t), "fish")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`complete -c shop -n '__shop_at \'\'' -f -a serve -d 'Start the server'`,
		`complete -c shop -n '__shop_at \'/serve\'' -l mode -x -a 'slow fast' -d 'How fast'`,
		`complete -c shop -n '__shop_at \'/store/create\'' -l database -r -d 'Where it\'s kept: \\here'`,
		`complete -c shop -n '__shop_at \'/serve\'' -l loud -s l -d 'Tell all'`,
	} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("there is no line %s", want)
		}
	}
}

func TestMan(t *testing.T) {
	text := usage.Man(model(t), "1.2")
	for _, want := range []string{
		".TH SHOP 1 \"\" \"shop 1.2\"\n.SH NAME\nshop \\- Sells things.\n",
		".SH DESCRIPTION\nAnd buys some.\n",
		".SS shop store create <name>\nMake a store.\n.TP\n.B \\-\\-database DSN\nWhere it's kept: \\ehere. Else nowhere. (SHOP_DATABASE)\n",
		".B \\-l, \\-\\-loud\n",
		"\n\\&.List stores.\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %q in\n%s", want, text)
		}
	}
	if strings.Contains(text, "ecret") {
		t.Error("a hidden command is shown")
	}
	if _, err := exec.LookPath("man"); err != nil {
		return
	}
	path := filepath.Join(t.TempDir(), "shop.1")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("man", "--warnings", "-l", path)
	cmd.Env = append(os.Environ(), "MANWIDTH=80", "LC_ALL=C.UTF-8")
	var errs strings.Builder
	cmd.Stderr = &errs
	if out, err := cmd.Output(); err != nil || errs.Len() > 0 || !strings.Contains(string(out), "--database DSN") {
		t.Errorf("%v %s\n%s", err, errs.String(), out)
	}
}
