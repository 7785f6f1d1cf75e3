// Package html is the kit from which pages are made: templates and the frame
// around them, forms, words in several languages, colours, style sheets and
// scripts, and the headers that keep a page safe. It knows nothing of what the
// pages are about; package pages makes those of shoppers with it, package
// reference the documents.
package html

import (
	"bytes"
	"embed"
	"html/template"
	"io/fs"
	"net/http"
	"strconv"
	"sync"
)

//go:embed templates/*.html
var kit embed.FS

// Frame is what the head of every page says. The template "document" shows it;
// a surface's layout defines "body".
type Frame struct {
	Title   string // of the page
	Site    string // whose page it is; shown after the title
	Lang    string
	Icon    string   // the icon's address, or empty
	Theme   string   // the colour of the browser's own bars
	Style   string   // the style sheet's address
	Scripts []string // their addresses
	Scheme  string   // light or dark, for who wants it so; else as the device has it
	Hidden  bool     // search engines are to leave the page out
}

// Link leads somewhere.
type Link struct{ Label, URL string }

// Notice is a message on what has just happened.
type Notice struct {
	Kind   string // success or error
	Text   string
	Detail string
}

// Templates are the templates of a surface in one language: a set for each of
// its pages, which is read when it is first asked for. Reading all of them takes
// most of a server's start, and few languages are spoken by its stores.
type Templates struct {
	pages map[string]func() *template.Template
}

// NewTemplates returns the templates of the named pages. Each consists of the
// kit, the shared files and the page's own file. All are files with the extension
// .html in the directory "templates". They are part of the program, so a mistake
// in one panics.
func NewTemplates(words *Catalogue, funcs template.FuncMap, files fs.FS, shared, pages []string) *Templates {
	common := sync.OnceValue(func() *template.Template {
		t := template.New("kit").Funcs(template.FuncMap{"t": words.Text}).Funcs(funcs)
		t = template.Must(t.ParseFS(kit, "templates/*.html"))
		for _, name := range shared {
			t = template.Must(t.ParseFS(files, "templates/"+name+".html"))
		}
		return t
	})
	out := &Templates{pages: map[string]func() *template.Template{}}
	for _, name := range pages {
		out.pages[name] = sync.OnceValue(func() *template.Template {
			return template.Must(template.Must(common().Clone()).ParseFS(files, "templates/"+name+".html"))
		})
	}
	return out
}

// Page returns the templates of a page.
func (t *Templates) Page(name string) *template.Template { return t.pages[name]() }

// Render executes the document of a page.
func Render(t *template.Template, data any) ([]byte, error) {
	var b bytes.Buffer
	err := t.ExecuteTemplate(&b, "document", data)
	return b.Bytes(), err
}

// Answer is a rendered page and what is said about it.
type Answer struct {
	Status   int
	Body     []byte
	Lang     string
	Policy   Policy
	Referrer string // the Referrer-Policy
	Vary     string
}

// Send answers a request with a page that is for one visitor alone: it is
// neither stored nor, as it holds secrets, compressed.
func Send(w http.ResponseWriter, r *http.Request, a Answer) error {
	Secure(w.Header(), a.Referrer)
	h := w.Header()
	h.Set("Content-Security-Policy", a.Policy.String())
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", a.Lang)
	h.Set("Content-Length", strconv.Itoa(len(a.Body)))
	if a.Vary != "" {
		h.Set("Vary", a.Vary)
	}
	w.WriteHeader(a.Status)
	if r.Method == http.MethodHead {
		return nil
	}
	_, err := w.Write(a.Body)
	return err
}
