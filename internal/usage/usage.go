// Package usage writes what a shell and a reader of manuals want to know of the
// program's commands, from the model by which they are parsed.
package usage

import (
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// command is a command, or the program itself, whose path is empty.
type command struct {
	path  []string
	help  string
	more  string // what the command's own help adds
	args  string
	sub   []*command
	flags []flag
}

type flag struct {
	name, short, help string
	value             string // its placeholder; none: it takes no value
	choices           []string
	variables         []string // of the environment
}

// commandsOf returns the program with the commands below it.
func commandsOf(app *kong.Application) *command { return commandOf(app.Node, nil) }

func commandOf(n *kong.Node, path []string) *command {
	out := &command{path: path, help: n.Help, more: n.Detail}
	for _, p := range n.Positional {
		out.args += " " + p.Summary()
	}
	for _, group := range n.AllFlags(true) {
		for _, f := range group {
			out.flags = append(out.flags, flagOf(f))
		}
	}
	slices.SortFunc(out.flags, func(a, b flag) int { return strings.Compare(a.name, b.name) })
	for _, c := range n.Children {
		if !c.Hidden {
			out.sub = append(out.sub, commandOf(c, append(slices.Clone(path), c.Name)))
		}
	}
	return out
}

func flagOf(f *kong.Flag) flag {
	out := flag{name: "--" + f.Name, help: f.Help, variables: f.Envs}
	if f.Short != 0 {
		out.short = "-" + string(f.Short)
	}
	if !f.IsBool() && !f.IsCounter() {
		out.value = f.FormatPlaceHolder()
	}
	if f.Enum != "" {
		for _, v := range f.EnumSlice() {
			if v != "" {
				out.choices = append(out.choices, v)
			}
		}
	}
	return out
}

// all returns a command and those below it, in the order of the help.
func (c *command) all() []*command {
	out := []*command{c}
	for _, s := range c.sub {
		out = append(out, s.all()...)
	}
	return out
}

// name is the command as it is typed.
func (c *command) name(program string) string {
	return strings.Join(append([]string{program}, c.path...), " ")
}

// at is the command as scripts name it: /store/create.
func (c *command) at() string {
	if len(c.path) == 0 {
		return ""
	}
	return "/" + strings.Join(c.path, "/")
}

// Shells are those that Completion knows.
var Shells = []string{"bash", "zsh", "fish"}

// Completion writes a script that has a shell complete commands, flags and the
// values of flags that are one of some.
func Completion(app *kong.Application, shell string) (string, error) {
	root := commandsOf(app)
	switch shell {
	case "bash":
		return bash(app.Name, root), nil
	case "zsh":
		return zsh(app.Name, root), nil
	case "fish":
		return fish(app.Name, root), nil
	}
	return "", fmt.Errorf("shell %q: want one of %s", shell, strings.Join(Shells, ", "))
}

// brief is the first sentence of a text.
func brief(text string) string {
	if i := strings.Index(text, ". "); i >= 0 {
		text = text[:i]
	}
	return strings.TrimSuffix(strings.Join(strings.Fields(text), " "), ".")
}

// single writes a text in single quotes as sh reads it.
func single(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// paths are the commands below one, as patterns of case.
func paths(root *command) string {
	var out []string
	for _, c := range root.all()[1:] {
		out = append(out, c.at())
	}
	return strings.Join(out, "|")
}

func bash(program string, root *command) string {
	var b strings.Builder
	fmt.Fprintf(&b, `# Completion of %[1]s for bash: %[1]s completion bash >/etc/bash_completion.d/%[1]s
_%[1]s() {
	local at= word i found=
	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		case $at/$word in
		%[2]s) at=$at/$word ;;
		esac
	done
	COMPREPLY=()
	case $at:${COMP_WORDS[COMP_CWORD - 1]} in
`, program, paths(root))
	for _, c := range root.all() {
		for _, f := range c.flags {
			switch {
			case len(c.sub) > 0 || f.value == "":
			case len(f.choices) > 0:
				fmt.Fprintf(&b, "\t%s:%s) found=%s ;;\n", c.at(), f.name, single(strings.Join(f.choices, " ")))
			default:
				fmt.Fprintf(&b, "\t%s:%s) return ;;\n", c.at(), f.name)
			}
		}
	}
	b.WriteString("\tesac\n\tif [ -z \"$found\" ]; then\n\t\tcase $at in\n")
	for _, c := range root.all() {
		var words []string
		for _, s := range c.sub {
			words = append(words, s.path[len(s.path)-1])
		}
		for _, f := range c.flags {
			words = append(words, f.name)
		}
		fmt.Fprintf(&b, "\t\t%s) found=%s ;;\n", single(c.at()), single(strings.Join(words, " ")))
	}
	fmt.Fprintf(&b, `		esac
	fi
	mapfile -t COMPREPLY < <(compgen -W "$found" -- "${COMP_WORDS[COMP_CWORD]}")
}
complete -o default -F _%[1]s %[1]s
`, program)
	return b.String()
}

func zsh(program string, root *command) string {
	var b strings.Builder
	described := func(word, help string) string {
		return single(strings.ReplaceAll(word, ":", `\:`) + ":" + brief(help))
	}
	fmt.Fprintf(&b, `#compdef %[1]s
# Completion of %[1]s for zsh: write it to _%[1]s in a directory of fpath.
_%[1]s() {
	local at= word
	local -a found
	for word in ${words[2,CURRENT-1]}; do
		case $at/$word in
		(%[2]s) at=$at/$word ;;
		esac
	done
	case $at:${words[CURRENT-1]} in
`, program, paths(root))
	for _, c := range root.all() {
		for _, f := range c.flags {
			switch {
			case len(c.sub) > 0 || f.value == "":
			case len(f.choices) > 0:
				fmt.Fprintf(&b, "\t(%s:%s) compadd -- %s; return ;;\n", c.at(), f.name, strings.Join(f.choices, " "))
			default:
				fmt.Fprintf(&b, "\t(%s:%s) _files; return ;;\n", c.at(), f.name)
			}
		}
	}
	b.WriteString("\tesac\n\tcase $at in\n")
	for _, c := range root.all() {
		fmt.Fprintf(&b, "\t(%s) found=(\n", single(c.at()))
		for _, s := range c.sub {
			fmt.Fprintf(&b, "\t\t%s\n", described(s.path[len(s.path)-1], s.help))
		}
		for _, f := range c.flags {
			fmt.Fprintf(&b, "\t\t%s\n", described(f.name, f.help))
		}
		b.WriteString("\t) ;;\n")
	}
	fmt.Fprintf(&b, `	esac
	_describe %[1]s found || _files
}
if [ "$funcstack[1]" = _%[1]s ]; then
	_%[1]s
else
	compdef _%[1]s %[1]s
fi
`, program)
	return b.String()
}

func fish(program string, root *command) string {
	var b strings.Builder
	quoted := func(text string) string {
		return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(text) + "'"
	}
	fmt.Fprintf(&b, `# Completion of %[1]s for fish: %[1]s completion fish >~/.config/fish/completions/%[1]s.fish
function __%[1]s_at
	set -l at ''
	for word in (commandline -opc)[2..]
		switch $at/$word
			case %[2]s
				set at $at/$word
		end
	end
	test "$at" = "$argv[1]"
end
`, program, strings.ReplaceAll(paths(root), "|", " "))
	for _, c := range root.all() {
		when := fmt.Sprintf("complete -c %s -n %s", program, quoted(fmt.Sprintf("__%s_at '%s'", program, c.at())))
		for _, s := range c.sub {
			fmt.Fprintf(&b, "%s -f -a %s -d %s\n", when, s.path[len(s.path)-1], quoted(brief(s.help)))
		}
		for _, f := range c.flags {
			fmt.Fprintf(&b, "%s -l %s", when, strings.TrimPrefix(f.name, "--"))
			if f.short != "" {
				fmt.Fprintf(&b, " -s %s", strings.TrimPrefix(f.short, "-"))
			}
			switch {
			case len(f.choices) > 0:
				fmt.Fprintf(&b, " -x -a %s", quoted(strings.Join(f.choices, " ")))
			case f.value != "":
				b.WriteString(" -r")
			}
			fmt.Fprintf(&b, " -d %s\n", quoted(brief(f.help)))
		}
	}
	return b.String()
}
