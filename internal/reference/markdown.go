package reference

import (
	"bytes"
	"html/template"
	"path"
	"regexp"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

var (
	// tables align their columns without styles, which the policy lets no page
	// hold.
	tables = extension.NewTable(extension.WithTableCellAlignMethod(extension.TableCellAlignAttribute))
	// short renders descriptions. HTML in them is text.
	short = goldmark.New(goldmark.WithExtensions(tables))
	// long renders the documents, which are part of the program and may hold
	// HTML where Markdown has no words, such as for a picture's width.
	long = goldmark.New(goldmark.WithExtensions(tables, extension.Strikethrough, extension.Linkify),
		goldmark.WithParserOptions(parser.WithAutoHeadingID(), parser.WithASTTransformers(util.Prioritized(local{}, 100))),
		goldmark.WithRendererOptions(html.WithUnsafe()))
)

// markdown renders a description.
func markdown(s string) template.HTML {
	if strings.TrimSpace(s) == "" {
		return ""
	}
	var b bytes.Buffer
	if err := short.Convert([]byte(s), &b); err != nil { // which writing to memory does not cause
		return template.HTML(template.HTMLEscapeString(s)) //nolint:gosec // escaped
	}
	return template.HTML(b.String()) //nolint:gosec // goldmark escapes what is no Markdown
}

// elsewhere are files beside the documents that are shown here in another form.
var elsewhere = map[string]string{
	"../api/openapi.yaml": "/docs/api", "../api/storefront.graphql": "/docs/graphql", "../README.md": "/docs", "..": "/docs", "../": "/docs",
}

// documentName is the key of a document's name in its parser's context.
var documentName = parser.NewContextKey()

// local makes links of documents work here as they do on a code host. Files
// that are not here are named without a link.
type local struct{}

// Transform implements parser.ASTTransformer.
func (local) Transform(doc *ast.Document, _ text.Reader, of parser.Context) {
	name, _ := of.Get(documentName).(string)
	var links []*ast.Link
	// Walking fails only if the function does.
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if l, ok := n.(*ast.Link); ok && entering {
			links = append(links, l)
		}
		return ast.WalkContinue, nil
	})
	for _, l := range links {
		to, fragment, _ := strings.Cut(string(l.Destination), "#")
		if !strings.HasPrefix(to, "..") {
			continue
		}
		if folder := path.Dir(name); folder != "." {
			if to = path.Join(folder, to); !strings.HasPrefix(to, "..") {
				continue // another document
			}
		}
		if to, ok := elsewhere[to]; ok {
			if fragment != "" && to == "/docs/api" {
				to += "#" + fragment
			}
			l.Destination = []byte(to)
			continue
		}
		parent := l.Parent()
		for c := l.FirstChild(); c != nil; {
			next := c.NextSibling()
			parent.InsertBefore(parent, l, c)
			c = next
		}
		parent.RemoveChild(parent, l)
	}
}

// page is a document as it is shown.
type page struct {
	Name  string // of the file
	Title string
	Lead  string // the first paragraph, as text
	Body  template.HTML
	Parts []part
}

// part is a section of a document.
type part struct{ ID, Title string }

// URL is where the document is read. It is the file's name, so that links
// between documents are the same on a code host.
func (p *page) URL() string { return "/docs/" + p.Name }

// folder is that of a document, "." for the top.
func (p *page) folder() string { return path.Dir(p.Name) }

// near reports whether a document is listed beside another: those at the top are,
// and of folders those of the other's or of the one that has its name.
func (p *page) near(other *page) bool {
	return p.folder() == "." || p.folder() == other.folder() || p.folder()+".md" == other.Name
}

// emptyHead is a heading that names no column, such as the one above a table's
// first column.
var emptyHead = regexp.MustCompile(`<th( align="[a-z]+")?></th>`)

// readPage renders a document.
func readPage(name string, source []byte) (*page, error) {
	of := parser.NewContext()
	of.Set(documentName, name)
	doc := long.Parser().Parse(text.NewReader(source), parser.WithContext(of))
	p := &page{Name: name, Title: strings.TrimSuffix(name, ".md")}
	for n := doc.FirstChild(); n != nil; n = n.NextSibling() {
		switch n := n.(type) {
		case *ast.Heading:
			title := plainText(n, source)
			if n.Level == 1 {
				p.Title = title
			}
			if id, ok := n.AttributeString("id"); ok && n.Level == 2 {
				p.Parts = append(p.Parts, part{string(id.([]byte)), title})
			}
		case *ast.Paragraph:
			if p.Lead == "" {
				p.Lead = plainText(n, source)
			}
		}
	}
	var b bytes.Buffer
	if err := long.Renderer().Render(&b, source, doc); err != nil {
		return nil, err
	}
	body := emptyHead.ReplaceAllString(b.String(), "<td$1></td>")
	p.Body = template.HTML(body) //nolint:gosec // documents are part of the program
	return p, nil
}

// plainText is what a node says, without marks.
func plainText(n ast.Node, source []byte) string {
	var b strings.Builder
	// Walking fails only if the function does.
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering {
			switch n := n.(type) {
			case *ast.Text:
				b.Write(n.Segment.Value(source))
				if n.SoftLineBreak() || n.HardLineBreak() {
					b.WriteByte(' ')
				}
			case *ast.String:
				b.Write(n.Value)
			}
		}
		return ast.WalkContinue, nil
	})
	return b.String()
}
