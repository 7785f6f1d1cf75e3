package e2e

import (
	"fmt"
	"go/parser"
	"go/token"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	chromium "clientele/internal/testing/browser"
)

// untried is what no test runs, as continuous integration cannot have what it
// needs, and why.
var untried = map[string]string{
	"the image in an engine":      "no container engine runs there: TestImage runs it on a root of its own",
	"Dockerfile and compose.yaml": "no container engine runs there: TestImage holds the Dockerfile to the image",
	"testcontainers":              "they need a container engine: TestSnippets reads what docs/packages.md shows",
	"the action on GitHub":        "no runner is there: TestAction runs its script",
}

func TestUntried(t *testing.T) {
	for name, why := range untried {
		t.Run(name, func(t *testing.T) { t.Skip(why) })
	}
}

// action is what is read of action.yml.
type action struct {
	Inputs map[string]struct{ Default string }
	Runs   struct {
		Using string
		Steps []struct {
			ID, Shell, Run string
			Env            map[string]string
		}
	}
	Outputs map[string]struct{ Value string }
}

// The action's script starts a server, by the program or by an engine, whose
// place is taken by what notes how it is called.
func TestAction(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("bash"); err != nil {
		chromium.Need(t, err)
	}
	var def action
	text, err := os.ReadFile("../../packages/action/action.yml")
	if err == nil {
		err = yaml.Unmarshal(text, &def)
	}
	if err != nil || len(def.Runs.Steps) != 1 || def.Runs.Using != "composite" || def.Runs.Steps[0].Shell != "bash" {
		t.Fatalf("%v: %+v", err, def)
	}
	step := def.Runs.Steps[0]
	if got, want := def.Outputs["url"].Value, "${{ steps."+step.ID+".outputs.url }}"; got != want {
		t.Errorf("the output is %s, want %s", got, want)
	}
	for name, with := range map[string]map[string]string{
		"program": {"command": "wrapped"},
		"image":   {"load": "image.tar"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			write := func(name, text string, mode os.FileMode) {
				t.Helper()
				if err := writeExecutable(filepath.Join(dir, name), []byte(text), mode); err != nil {
					t.Fatal(err)
				}
			}
			// What runs on leaves its number, to be ended by.
			write("wrapped", fmt.Sprintf("#!/bin/sh\necho $$ >%s/pid\nexec %s \"$@\"\n", dir, program(t)), 0o755)
			write("docker", fmt.Sprintf(`#!/bin/sh
echo "$@" >>%[1]s/calls
if [ "$1" = run ]; then
	while [ $# -gt 1 ]; do
		case $1 in
		--publish) at=${2%%:8080} ;;
		--env) case $2 in *=*) export "$2" ;; esac ;;
		esac
		shift
	done
	nohup %[1]s/wrapped serve --listen "$at" --database sqlite:%[1]s/c.db >/dev/null 2>&1 </dev/null &
	echo name
fi
`, dir), 0o755)
			write("seed.yaml", packageSeed, 0o644)
			write("image.tar", "", 0o644)
			port := freePort(t)
			inputs := map[string]string{"seed": "seed.yaml", "store": "abc123", "port": port}
			for k, v := range with {
				inputs[k] = v
			}
			if v := inputs["command"]; v != "" {
				inputs["command"] = filepath.Join(dir, v)
			}
			env := []string{"GITHUB_ACTION_PATH=" + absolute(t, "../../packages/action"), "GITHUB_OUTPUT=" + dir + "/output", "GITHUB_ENV=" + dir + "/env", "PATH=" + dir + ":" + os.Getenv("PATH"), "TMPDIR=" + dir}
			for variable, from := range step.Env {
				input := strings.TrimSuffix(strings.TrimPrefix(from, "${{ inputs."), " }}")
				of, ok := def.Inputs[input]
				if !ok {
					t.Fatalf("%s: there is no input %s", variable, input)
				}
				value, given := inputs[input]
				if !given {
					value = of.Default
				}
				env = append(env, variable+"="+value)
			}
			t.Cleanup(func() {
				text, err := os.ReadFile(filepath.Join(dir, "pid"))
				pid, _ := strconv.Atoi(strings.TrimSpace(string(text)))
				if err != nil || pid == 0 {
					t.Errorf("%v: %q is no process", err, text)
					return
				}
				if p, err := os.FindProcess(pid); err != nil {
					t.Error(err)
				} else if err := p.Kill(); err != nil {
					t.Error(err)
				}
			})
			p := launch(t, dir, env, "bash", "-c", step.Run)
			if p.wait(); p.code != 0 {
				t.Fatalf("the script ends with %d", p.code)
			}
			if !strings.Contains(p.out.String(), `"stores_created":1`) {
				t.Error(p.out.String())
			}
			told := map[string]string{}
			for _, file := range []string{"env", "output"} {
				text, err := os.ReadFile(filepath.Join(dir, file))
				if err != nil {
					t.Fatal(err)
				}
				for line := range strings.Lines(string(text)) {
					k, v, _ := strings.Cut(strings.TrimSpace(line), "=")
					told[k] = v
				}
			}
			if told["url"] != "http://127.0.0.1:"+port || told["CLIENTELE_URL"] != told["url"] || told["CLIENTELE_STORE"] != "abc123" {
				t.Errorf("%v", told)
			}
			if !strings.Contains(p.out.String(), "::add-mask::"+told["CLIENTELE_CONTROL_TOKEN"]) {
				t.Error("the token is not masked")
			}
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, told["CLIENTELE_URL"]+"/_clientele/v1/status", nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Authorization", "Bearer "+told["CLIENTELE_CONTROL_TOKEN"])
			res, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			if res.StatusCode != http.StatusOK {
				t.Errorf("the token gives %d", res.StatusCode)
			}
			if name == "image" {
				calls, err := os.ReadFile(filepath.Join(dir, "calls"))
				if want := "load --input image.tar\nrun --detach --read-only --cap-drop ALL --publish 127.0.0.1:" + port + ":8080 --env CLIENTELE_CONTROL_TOKEN --env CLIENTELE_PUBLIC_URL=http://127.0.0.1:" + port + " clientele\n"; err != nil || string(calls) != want {
					t.Errorf("%v: the engine is called\n%s", err, calls)
				}
			}
		})
	}
}

// What the document shows can at least be read by its language.
func TestSnippets(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/packages.md")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	seen := map[string]int{}
	for _, m := range regexp.MustCompile("(?s)```(js|go|python|yaml)\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		language, snippet := m[1], m[2]
		seen[language]++
		var err error
		file := filepath.Join(dir, fmt.Sprint("snippet", len(seen)))
		switch language {
		case "go":
			_, err = parser.ParseFile(token.NewFileSet(), "", "package p\nfunc f() {\n"+snippet+"}", 0)
		case "yaml":
			err = yaml.Unmarshal([]byte(snippet), new(any))
		case "js":
			file += ".mjs"
			err = checked(file, snippet, "node", "--check", file)
		case "python":
			err = checked(file, snippet, "python3", "-c", "import ast, sys; ast.parse(open(sys.argv[1]).read())", file)
		}
		if err != nil {
			t.Errorf("%v\n%s", err, snippet)
		}
	}
	for _, language := range []string{"js", "go", "python", "yaml"} {
		if seen[language] == 0 {
			t.Errorf("there is nothing in %s", language)
		}
	}
}

// checked writes a file and has a command check it, if there is one.
func checked(file, text, command string, args ...string) error {
	if _, err := exec.LookPath(command); err != nil {
		return nil
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return err
	}
	if out, err := exec.Command(command, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

// freePort returns a port that nobody listens on.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}
