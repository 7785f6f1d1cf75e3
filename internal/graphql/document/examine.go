package document

import (
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/formatter"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/lexer"
	"github.com/vektah/gqlparser/v2/parser"
)

// Examine formats a query and tells what is wrong with it, within the bounds of
// requests. What cannot be parsed is not formatted, and neither is a query of
// which that would lose comments.
func (s *Reader) Examine(query string) (formatted string, faults gqlerror.List) {
	if len(query) > MaxBody {
		return "", gqlerror.List{gqlerror.Errorf("The query is longer than %d bytes", MaxBody)}
	}
	_, faults = s.read(query)
	if nested(query) > maxNesting {
		return "", faults
	}
	doc, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: query}, maxTokens)
	if err != nil {
		return "", faults
	}
	var b strings.Builder
	formatter.NewFormatter(&b, formatter.WithIndent("  "), formatter.WithComments()).FormatQueryDocument(doc)
	if comments(b.String()) < comments(query) {
		return query, faults
	}
	return b.String(), faults
}

// comments counts the comments of a text that can be read.
func comments(text string) int {
	n := 0
	for in := lexer.New(&ast.Source{Input: text}); ; {
		t, err := in.ReadToken()
		switch {
		case err != nil || t.Kind == lexer.EOF:
			return n
		case t.Kind == lexer.Comment:
			n++
		}
	}
}
