package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
)

// documentCommand measures the parts of a document and writes the tables into
// it.
type documentCommand struct {
	File  string   `arg:"" help:"A Markdown document with marks."`
	Parts []string `arg:"" optional:"" help:"The parts to measure (default: all)."`
	Dir   string   `type:"path" placeholder:"DIR" help:"Keep data here, for all parts and further runs (default: a temporary directory for each part)."`
}

// marked matches a part of a document: its opening mark with name and flags,
// the tables, and the closing mark.
var marked = regexp.MustCompile(`(?s)(<!-- bench ([a-z-]+): ([^\n]*?) -->\n)(.*?)(<!-- /bench -->)`)

// part is a part of a document and how it is measured.
type part struct {
	name string
	run  runCommand
}

// parts returns the parts of a document, in order.
func parts(text string) ([]part, error) {
	var out []part
	for _, m := range marked.FindAllStringSubmatch(text, -1) {
		p := part{name: m[2]}
		if slices.ContainsFunc(out, func(o part) bool { return o.name == p.name }) {
			return nil, fmt.Errorf("part %s is marked twice", p.name)
		}
		if _, err := parserOf(&p.run).Parse(strings.Fields(m[3])); err != nil {
			return nil, fmt.Errorf("part %s: %w", p.name, err)
		}
		out = append(out, p)
	}
	return out, nil
}

// replace returns a document with other tables in one of its parts.
func replace(text, name, tables string) string {
	return marked.ReplaceAllStringFunc(text, func(found string) string {
		m := marked.FindStringSubmatch(found)
		if m[2] != name {
			return found
		}
		return m[1] + tables + m[5]
	})
}

func (c *documentCommand) Run(ctx context.Context) error {
	text, err := os.ReadFile(c.File)
	if err != nil {
		return err
	}
	all, err := parts(string(text))
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	for _, name := range c.Parts {
		if !slices.ContainsFunc(all, func(p part) bool { return p.name == name }) {
			return fmt.Errorf("%s has no part %q", c.File, name)
		}
	}
	for _, p := range all {
		if len(c.Parts) > 0 && !slices.Contains(c.Parts, p.name) {
			continue
		}
		p.run.Dir = c.Dir
		report, err := p.run.measure(ctx)
		if err != nil {
			return fmt.Errorf("part %s: %w", p.name, err)
		}
		var tables bytes.Buffer
		if err := report.Write(&tables, true, p.run.commandLine()); err != nil {
			return err
		}
		// Each part is kept as soon as it is measured: the next may take minutes.
		text = []byte(replace(string(text), p.name, tables.String()))
		if err := os.WriteFile(c.File, text, 0o644); err != nil {
			return err
		}
	}
	return nil
}
