package reference

import "clientele/internal/html"

// start is the first page.
func (r *site) start() ([]byte, error) {
	n := 0
	for _, s := range r.api.subjects {
		n += len(s.Operations)
	}
	v := &struct {
		frame
		Operations, Types int
		Documents         []*page
		Curl              string
	}{Operations: n, Types: len(r.graph.types)}
	for _, p := range r.pages {
		if p.folder() == "." { // others are read from these
			v.Documents = append(v.Documents, p)
		}
	}
	v.Curl = "curl '" + r.Management + "/stores/" + hashPlace + "/v3/customers' \\\n  -H 'X-Auth-Token: " + tokenPlace + "'"
	return r.render("start", "start", "Documentation", v)
}

// group is a heading of an index with what is below it.
type group struct {
	Name, Anchor, About string
	Operations          []*operation
	Types               []*graphType
}

// index is the index of operations or of types, of those that have all words
// of a query.
func (r *site) index(at, query string) ([]byte, error) {
	v := &struct {
		frame
		Query         string
		Action        string
		Groups        []group
		Found, Of     int
		Whats, Finder string
		About         any
		Limits        string
	}{Query: query, Action: at}
	if at == GraphQLPath+"/types" {
		v.Whats, v.Finder = "types", "Find a type or a field"
		v.Menu, v.MenuIs, v.Back = r.graphMenu("Types"), "GraphQL", html.Link{Label: "GraphQL", URL: GraphQLPath}
		for _, g := range r.graph.kinds() {
			kept := g
			kept.Types = nil
			for _, t := range g.Types {
				v.Of++
				if t.matches(query) {
					kept.Types = append(kept.Types, t)
				}
			}
			if v.Found += len(kept.Types); len(kept.Types) > 0 {
				v.Groups = append(v.Groups, kept)
			}
		}
		return r.render("types", "graphql", "GraphQL types", v)
	}
	v.Whats, v.Finder, v.Limits = "operations", "Find an operation, a path or a scope", r.Limits
	v.About = r.api.about
	v.MenuIs, v.Back = "Subjects", html.Link{Label: "Documentation", URL: Path}
	for _, s := range r.api.subjects {
		g := group{Name: s.Name, Anchor: s.Anchor, About: s.About}
		for _, o := range s.Operations {
			v.Of++
			if o.matches(query) {
				g.Operations = append(g.Operations, o)
			}
		}
		if v.Found += len(g.Operations); len(g.Operations) > 0 {
			v.Groups = append(v.Groups, g)
			v.Menu = append(v.Menu, entry{Link: html.Link{Label: s.Name, URL: "#" + s.Anchor}})
		}
	}
	return r.render("index", "api", "REST API", v)
}

// operation is the page of one operation.
func (r *site) operation(op *operation) ([]byte, error) {
	base := r.Base
	if op.Managed() {
		base = r.Management
	}
	d := r.api.describe(op, base)
	// Where the management API has a door of its own, a page here may not call it.
	d.Tries = (base == r.Base) && op.Method != "OPTIONS"
	v := &struct {
		frame
		Op *details
	}{Op: d}
	v.MenuIs, v.Back = op.Subject.Name, html.Link{Label: "All operations", URL: Path + "/api#" + op.Subject.Anchor}
	for _, o := range op.Subject.Operations {
		v.Menu = append(v.Menu, entry{Link: html.Link{Label: o.Summary, URL: o.URL()}, Method: o.Method, Now: o == op})
	}
	return r.render("operation", "api", op.Summary, v)
}

func (r *site) graphMenu(now string) []entry {
	var out []entry
	for _, l := range []html.Link{{Label: "Editor", URL: GraphQLPath}, {Label: "Types", URL: GraphQLPath + "/types"}, {Label: "Query", URL: typeURL("Query")}, {Label: "Mutation", URL: typeURL("Mutation")}} {
		out = append(out, entry{Link: l, Now: l.Label == now})
	}
	return out
}

// typePage is the page of one type of the GraphQL schema.
func (r *site) typePage(t *graphType) ([]byte, error) {
	v := &struct {
		frame
		Type *graphType
	}{Type: t}
	v.Menu, v.MenuIs, v.Back = r.graphMenu(t.Name), "GraphQL", html.Link{Label: "All types", URL: GraphQLPath + "/types"}
	return r.render("type", "graphql", t.Name, v)
}

// text is the page of a document.
func (r *site) text(p *page) ([]byte, error) {
	v := &struct {
		frame
		Page *page
	}{Page: p}
	v.MenuIs, v.Back = "Documents", html.Link{Label: "All documents", URL: Path + "#documents"}
	for _, o := range r.pages {
		if !o.near(p) {
			continue
		}
		v.Menu = append(v.Menu, entry{Link: html.Link{Label: o.Title, URL: o.URL()}, Now: o == p})
	}
	return r.render("text", "documents", p.Title, v)
}
