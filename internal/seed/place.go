package seed

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"clientele/internal/fault"
	"clientele/internal/words"
)

// placed is an error of a part of a document.
type placed struct {
	path string // such as "customers.3"
	err  error
}

// at says which part of a document an error is about, by the path from the
// part around it.
func at(err error, format string, args ...any) error {
	return &placed{fmt.Sprintf(format, args...), err}
}

// ofStore is at for a store, which has a name.
func ofStore(i int, hash string, err error) error {
	return at(fmt.Errorf("store %s: %w", hash, err), "stores.%d", i)
}

// Error implements error.
func (p *placed) Error() string {
	if strings.HasPrefix(p.path, "stores.") { // whose message names the store
		return p.err.Error()
	}
	return p.path + ": " + p.err.Error()
}

// Unwrap returns what is wrong.
func (p *placed) Unwrap() error { return p.err }

// locate adds the line of a document to an error of one of its parts.
func (d *Document) locate(err error) error {
	var path []string
	for rest := err; ; {
		var p *placed
		if !errors.As(rest, &p) {
			break
		}
		path = append(path, strings.Split(p.path, ".")...)
		rest = p.err
	}
	if f := fault.As(err); f != nil && len(f.Items) > 0 {
		if in := f.Items[0].In; in.At > 0 {
			path = append(path, words.Terminal.Name(in.List), strconv.Itoa(in.At-1))
		}
		path = append(path, strings.Split(words.Terminal.Name(f.Items[0].Field), ".")...)
	}
	if line := d.line(path); len(path) > 0 && line > 0 {
		return fmt.Errorf("line %d: %w", line, err)
	}
	return err
}

// line returns the line at which a part of the document begins, or that of the
// nearest part around it. It is 0 for a document that was not read from a file.
func (d *Document) line(path []string) int {
	n := d.root
	if n == nil {
		return 0
	}
	if n.Kind == yaml.DocumentNode && len(n.Content) > 0 {
		n = n.Content[0]
	}
	line := n.Line
	for _, name := range path {
		for n.Kind == yaml.AliasNode {
			n = n.Alias
		}
		switch n.Kind {
		case yaml.SequenceNode:
			i, err := strconv.Atoi(name)
			if err != nil || i < 0 || i >= len(n.Content) {
				return line
			}
			n = n.Content[i]
			line = n.Line
		case yaml.MappingNode:
			found := false
			for i := 0; i+1 < len(n.Content); i += 2 {
				if n.Content[i].Value == name {
					line, n, found = n.Content[i].Line, n.Content[i+1], true
					break
				}
			}
			if !found {
				return line
			}
		default:
			return line
		}
	}
	return line
}

// wrongKind says in words that a value is of another kind than its key wants.
func wrongKind(text string) string {
	m := goType.FindStringSubmatchIndex(text)
	if m == nil {
		return text
	}
	want := "keys with values"
	switch kind := text[m[4]:m[5]]; {
	case strings.HasPrefix(kind, "int"):
		want = "a whole number"
	case kind == "bool":
		want = "true or false"
	case kind == "string":
		want = "a text"
	case strings.HasPrefix(kind, "[]"):
		want = "a list"
	}
	value := "the value"
	if m[2] >= 0 {
		value = strconv.Quote(text[m[2]:m[3]])
	}
	return text[:m[0]] + value + " is not " + want
}

// libraryLine is how the YAML library begins its errors. The line is often that
// before, or the one where the list or mapping around the fault begins.
var libraryLine = regexp.MustCompile(`^yaml: (line \d+: )?`)

// notYAML is the error of text that is no YAML document, with the line at which
// it ceases to be one.
func notYAML(text []byte, err error) error {
	line := faultLine(text)
	if line == 0 {
		return fmt.Errorf("not a YAML document: %w", err)
	}
	return fmt.Errorf("not a YAML document: line %d: %s", line, libraryLine.ReplaceAllString(err.Error(), ""))
}

// looks bounds how many beginnings of a document faultLine tries.
const looks = 200

// faultLine returns the line after the longest beginning of a document that
// is a document, or 0.
func faultLine(text []byte) int {
	lines := bytes.SplitAfter(text, []byte("\n"))
	r := &lineReader{lines: lines}
	var n yaml.Node
	if err := yaml.NewDecoder(r).Decode(&n); err == nil {
		return 0
	}
	// What was not read cannot be at fault.
	for end := r.read - 1; end >= 0 && end > r.read-looks; end-- {
		if yaml.Unmarshal(bytes.Join(lines[:end], nil), &yaml.Node{}) == nil {
			return end + 1
		}
	}
	return 0
}

// lineReader reads line by line and counts the lines.
type lineReader struct {
	lines [][]byte
	read  int
	rest  []byte
}

// Read implements io.Reader.
func (r *lineReader) Read(p []byte) (int, error) {
	for len(r.rest) == 0 {
		if r.read == len(r.lines) {
			return 0, io.EOF
		}
		r.rest = r.lines[r.read]
		r.read++
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}
