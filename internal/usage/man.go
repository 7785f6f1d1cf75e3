package usage

import (
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// Man writes the program's page of the manual, section 1.
func Man(app *kong.Application, version string) string {
	root := commandsOf(app)
	var b strings.Builder
	title, rest, _ := strings.Cut(app.Help, "\n\n")
	fmt.Fprintf(&b, ".TH %s 1 \"\" \"%s %s\"\n.SH NAME\n%s \\- %s\n", strings.ToUpper(app.Name), app.Name, version, app.Name, roff(title))
	fmt.Fprintf(&b, ".SH SYNOPSIS\n.B %s\n.I command\n.RI [ flags ]\n", app.Name)
	if rest != "" {
		fmt.Fprintf(&b, ".SH DESCRIPTION\n%s\n", paragraphs(rest))
	}
	b.WriteString(".SH COMMANDS\n")
	for _, c := range root.all()[1:] {
		if len(c.sub) > 0 {
			continue
		}
		fmt.Fprintf(&b, ".SS %s\n%s\n", roff(c.name(app.Name)+c.args), roff(c.help))
		if c.more != "" && c.more != c.help {
			fmt.Fprintf(&b, ".PP\n%s\n", paragraphs(c.more))
		}
		for _, f := range c.flags {
			if f.name != "--help" {
				b.WriteString(entry(f))
			}
		}
	}
	b.WriteString(".SH ENVIRONMENT\nFlags that name a variable are taken from it where they are not given.\n" +
		".SH EXIT STATUS\n0: all is well. 1: it failed. 2: the flags or the configuration cannot be used.\n")
	return b.String()
}

func entry(f flag) string {
	name := f.name
	if f.short != "" {
		name = f.short + ", " + name
	}
	if f.value != "" {
		name += " " + f.value
	}
	help := f.help
	if len(f.variables) > 0 {
		help += " (" + strings.Join(f.variables, ", ") + ")"
	}
	return fmt.Sprintf(".TP\n.B %s\n%s\n", roff(name), roff(help))
}

// paragraphs writes text whose paragraphs are apart by empty lines.
func paragraphs(text string) string {
	parts := strings.Split(strings.TrimSpace(text), "\n\n")
	for i, p := range parts {
		parts[i] = roff(p)
	}
	return strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p == "" }), "\n.PP\n")
}

// roff writes a text as one line that says nothing to the formatter.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(strings.Join(strings.Fields(text), " "))
	if strings.HasPrefix(text, ".") || strings.HasPrefix(text, "'") {
		text = `\&` + text
	}
	return text
}
