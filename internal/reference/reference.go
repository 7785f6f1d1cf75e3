// Package reference shows people how the server is used: every operation of
// the REST APIs and every type of the GraphQL schema, from the documents that
// the server is held to, with what is needed to try them; and the documents of
// the directory docs. Pages come whole from the server, load nothing from
// elsewhere, and work without scripts but for trying.
package reference

import (
	"context"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/go-chi/chi/v5"

	"clientele/internal/html"
	"clientele/internal/serve"
)

// Paths of what is served.
const (
	Path        = "/docs"
	GraphQLPath = Path + "/graphql"
	TokenPath   = Path + "/token"
	// GraphQLTokenPath makes tokens for the editor of queries.
	GraphQLTokenPath = GraphQLPath + "/token"
	YAMLPath         = "/openapi.yaml"
	JSONPath         = "/openapi.json"
	SchemaPath       = "/storefront.graphql"
)

// Config is what is shown, and where it is.
type Config struct {
	Version string
	// OpenAPI returns the OpenAPI document as YAML, OpenAPIJSON makes the same as
	// JSON; Schema returns the GraphQL schema; Documents are further texts, in
	// Markdown. None is asked for before the first page is.
	OpenAPI, Schema func() []byte
	OpenAPIJSON     func() ([]byte, error)
	Documents       fs.FS
	// Base is the URL of this server, and Management that of the management
	// API, which is another where it has a door of its own.
	Base, Management string
	// Limits says, in a sentence, what this server bounds.
	Limits string
	// Examine formats a GraphQL query and tells what is wrong with it.
	Examine func(query string) (formatted string, faults []Fault)
	// Read reads the body of a request within bounds.
	Read func(w http.ResponseWriter, r *http.Request) ([]byte, error)
	// Keys makes tokens for the pages, in development mode; nil: nobody does.
	Keys Keys
	// Admit says who may have tokens.
	Admit func(http.ResponseWriter, *http.Request) error
	// Pipeline takes the requests, and answers for what fails.
	Pipeline *serve.Pipeline
}

// Fault is something wrong with a query, and where: lines and columns count
// from 1, and 0 means that no place is to blame.
type Fault struct {
	Line, Column int
	Message      string
}

//go:embed templates/*.html
var templates embed.FS

//go:embed assets/reference.css
var ownSheet string

//go:embed assets/reference.js
var scriptText []byte

// Reference serves the pages. The documents are read when somebody asks for the
// first of them: a server that nobody asks does not pay for them.
type Reference struct {
	Config
	site func() (*site, error)
}

// New makes the pages.
func New(c Config) *Reference {
	return &Reference{Config: c, site: sync.OnceValues(func() (*site, error) { return read(c) })}
}

// site is what the pages are made from.
type site struct {
	Config
	api       *document
	graph     *graph
	pages     []*page
	templates *html.Templates
	palette   html.Palette
	sheet     *html.Asset
	script    *html.Asset
	files     map[string]*html.Asset

	mu   sync.Mutex
	made map[string]*html.Asset // rendered pages, by their paths
}

// pageNames are the templates of pages.
var pageNames = []string{"start", "index", "operation", "types", "type", "editor", "text", "missing"}

// read reads the documents. They are part of the program, so its error is a
// defect.
func read(c Config) (*site, error) {
	openAPIJSON, err := c.OpenAPIJSON()
	if err != nil {
		return nil, err
	}
	r := &site{Config: c, palette: html.NewPalette(""), made: map[string]*html.Asset{}, files: map[string]*html.Asset{}}
	if r.api, err = readDocument(c.OpenAPI()); err != nil {
		return nil, err
	}
	if r.graph, err = readSchema(c.Schema()); err != nil {
		return nil, err
	}
	if err := r.readDocuments(); err != nil {
		return nil, err
	}
	r.templates = html.NewTemplates(html.Words("en", nil), template.FuncMap{"breaks": breaks, "lower": strings.ToLower, "plain": plainHTML}, templates, []string{"layout", "parts"}, pageNames)
	r.sheet = html.NewSheet(ownSheet).In(r.palette)
	r.script = html.NewAsset("text/javascript; charset=utf-8", scriptText)
	for path, a := range map[string]*html.Asset{
		YAMLPath: html.NewAsset("application/yaml", c.OpenAPI()), JSONPath: html.NewAsset("application/json", openAPIJSON),
		SchemaPath:              html.NewAsset("text/plain; charset=utf-8", c.Schema()),
		Path + "/reference.css": r.sheet, Path + "/reference.js": r.script,
	} {
		r.files[path] = a
	}
	return r, nil
}

// kinds are the Content-Types of files beside the documents.
var kinds = map[string]string{".png": "image/png", ".jpg": "image/jpeg", ".svg": "image/svg+xml", ".webp": "image/webp", ".txt": "text/plain; charset=utf-8"}

// svgPolicy lets a picture have its own styles when it is looked at alone.
const svgPolicy = "default-src 'none'; style-src 'unsafe-inline'"

func (r *site) readDocuments() error {
	err := fs.WalkDir(r.Documents, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(r.Documents, name)
		if err != nil {
			return err
		}
		if path.Ext(name) == ".md" {
			p, err := readPage(name, text)
			if err != nil {
				return fmt.Errorf("reference: %s: %w", name, err)
			}
			r.pages = append(r.pages, p)
		}
		if kind, ok := kinds[path.Ext(name)]; ok {
			a := html.NewAsset(kind, text)
			if kind == "image/svg+xml" {
				a.Policy = svgPolicy
			}
			r.files[Path+"/"+name] = a
		}
		return nil
	})
	slices.SortFunc(r.pages, func(a, b *page) int { return strings.Compare(strings.ToLower(a.Title), strings.ToLower(b.Title)) })
	return err
}

// breaks lets a path break behind its slashes.
func breaks(path string) template.HTML {
	return template.HTML(strings.ReplaceAll(template.HTMLEscapeString(path), "/", "/<wbr>")) //nolint:gosec // escaped
}

func plainHTML(h template.HTML) bool { return h == "" }

// Mount adds the pages and the documents to a router.
func (r *Reference) Mount(router chi.Router) {
	handle := func(pattern string, h handler) http.HandlerFunc {
		return r.Pipeline.Handler(pattern, serve.Plain{}, func(x *serve.Exchange) error {
			s, err := r.site()
			if err != nil {
				return err
			}
			return h(s, x, x.Request())
		})
	}
	get := func(pattern string, h handler) {
		serves := handle(pattern, h)
		router.Get(pattern, serves)
		router.Head(pattern, serves)
	}
	get(Path, (*site).show)
	get(Path+"/*", (*site).show)
	for _, p := range []string{YAMLPath, JSONPath, SchemaPath} {
		get(p, (*site).file)
	}
	router.Post(GraphQLPath, handle(GraphQLPath, (*site).examine))
	if r.Keys != nil {
		router.Post(TokenPath, handle(TokenPath, guard((*site).token)))
		router.Post(GraphQLTokenPath, handle(GraphQLTokenPath, guard((*site).graphQLToken)))
	}
}

// file answers with a document as it is.
func (r *site) file(w http.ResponseWriter, req *http.Request) error {
	r.files[req.URL.Path].ServeHTTP(w, req)
	return nil
}

// handler answers a request, or returns an error for the pipeline to answer.
type handler func(*site, http.ResponseWriter, *http.Request) error

// frame is what every page has around its contents.
type frame struct {
	html.Frame
	Version string
	Here    string // the part of the site that the page is in
	Menu    []entry
	Back    html.Link // where the menu leads on a small screen
	MenuIs  string    // what the menu is called
	Keys    bool
}

// entry is one of a menu.
type entry struct {
	html.Link
	Method string
	Now    bool
}

// view is a page before it is rendered.
type view interface{ base() *frame }

func (f *frame) base() *frame { return f }

// render makes a page.
func (r *site) render(name, here, title string, v view) ([]byte, error) {
	f := v.base()
	f.Title, f.Site, f.Lang, f.Theme, f.Here, f.Version, f.Keys = title, "Clientele", "en", r.palette.Accent, here, r.Version, r.Keys != nil
	f.Style, f.Scripts = r.sheet.At(Path+"/reference.css"), []string{r.script.At(Path + "/reference.js")}
	return html.Render(r.templates.Page(name), v)
}

// policy is that of all pages. Pictures of documents are this server's.
var policy = html.Policy{Images: []string{"data:"}}.String()

// show answers with the page at a path. Pages are the same for everybody, so
// each is rendered once.
func (r *site) show(w http.ResponseWriter, req *http.Request) error {
	at := req.URL.Path
	if at == Path+"/" {
		http.Redirect(w, req, "../docs", http.StatusMovedPermanently)
		return nil
	}
	if a := r.files[at]; a != nil {
		a.ServeHTTP(w, req)
		return nil
	}
	query := req.URL.Query()
	if q := query.Get("q"); q != "" && (at == Path+"/api" || at == GraphQLPath+"/types") {
		return r.once(w, req, func() ([]byte, error) { return r.index(at, q) })
	}
	if name := query.Get("example"); name != "" && at == GraphQLPath {
		return r.once(w, req, func() ([]byte, error) { return r.editor(exampleNamed(name)) })
	}
	r.mu.Lock()
	a := r.made[at]
	r.mu.Unlock()
	if a == nil {
		body, err := r.find(at)
		if err != nil {
			return err
		}
		if body == nil {
			return r.missing(w, req)
		}
		a = r.asset(body)
		// Every path here has a page, so there are no more than pages.
		r.mu.Lock()
		r.made[at] = a
		r.mu.Unlock()
	}
	r.serve(w, req, a)
	return nil
}

func (r *site) asset(body []byte) *html.Asset {
	a := html.NewAsset("text/html; charset=utf-8", body)
	a.Policy = policy
	return a
}

func (r *site) serve(w http.ResponseWriter, req *http.Request, a *html.Asset) {
	html.Secure(w.Header(), "no-referrer")
	w.Header().Set("Content-Language", "en")
	a.ServeHTTP(w, req)
}

// once serves a page that depends on what was asked.
func (r *site) once(w http.ResponseWriter, req *http.Request, render func() ([]byte, error)) error {
	body, err := render()
	if err == nil {
		r.serve(w, req, r.asset(body))
	}
	return err
}

// missing answers for a page that is not there: a person with a page, a
// program as the document says.
func (r *site) missing(w http.ResponseWriter, req *http.Request) error {
	html.Secure(w.Header(), "no-referrer")
	if !strings.Contains(req.Header.Get("Accept"), "text/html") {
		writeJSON(w, http.StatusNotFound, map[string]string{"title": "404 Page Not Found"})
		return nil
	}
	body, err := r.render("missing", "", "Page not found", &struct{ frame }{})
	if err == nil {
		send(w, req, http.StatusNotFound, body)
	}
	return err
}

// send answers with a page that is not kept.
func send(w http.ResponseWriter, req *http.Request, status int, body []byte) {
	// The pipeline keeps the error: the client is gone.
	_ = html.Send(w, req, html.Answer{Status: status, Body: body, Lang: "en", Policy: html.Policy{Images: []string{"data:"}}, Referrer: "no-referrer"})
}

// find renders the page at a path; nil: there is none.
func (r *site) find(at string) ([]byte, error) {
	switch at {
	case Path:
		return r.start()
	case Path + "/api", GraphQLPath + "/types":
		return r.index(at, "")
	case GraphQLPath:
		return r.editor(queryExamples[0])
	}
	if id, ok := strings.CutPrefix(at, Path+"/api/"); ok && r.api.byID[id] != nil {
		return r.operation(r.api.byID[id])
	}
	if name, ok := strings.CutPrefix(at, GraphQLPath+"/types/"); ok && r.graph.byName[name] != nil {
		return r.typePage(r.graph.byName[name])
	}
	for _, p := range r.pages {
		if p.URL() == at {
			return r.text(p)
		}
	}
	return nil, nil
}

// Keys makes tokens for who reads the pages on the machine itself.
type Keys interface {
	// Management makes an access token of a store; an empty hash means the first
	// store.
	Management(ctx context.Context, storeHash string) (Key, error)
	// Storefront makes a token for the storefront at a host, for pages of an
	// origin.
	Storefront(ctx context.Context, scheme, host string) (Key, error)
}

// Key is a token and what it is for.
type Key struct {
	StoreHash string   `json:"store_hash"`
	Token     string   `json:"token"`
	Expires   int64    `json:"expires_at"`
	Stores    []string `json:"stores,omitempty"` // hashes of stores to choose from
}
