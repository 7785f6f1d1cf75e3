package reference

import (
	"html/template"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// details are all that is told of an operation.
type details struct {
	*operation
	About   template.HTML
	Params  []parameter
	Body    *body
	Good    []response
	Bad     []response
	Curl    string
	Base    string // where it is served
	Tries   bool   // this page may call it
	More    bool   // there are parameters that may be left out
	Sends   string // the Content-Type of Sample
	Sample  string // the body that "Try it" starts with
	Rows    int    // of the control for the body
	Answers string // the Content-Type that is asked for
}

// parameter is one of the path, the query or a header.
type parameter struct {
	*schema
	In      string
	Example string
}

// ID is that of the control in "Try it".
func (p parameter) ID() string { return "p-" + p.In + "-" + anchor(p.Name) }

type body struct {
	About    template.HTML
	Required bool
	Media    []media
}

// media is a body in one form.
type media struct {
	Kind     string
	Schema   *schema
	Examples []example
}

type example struct {
	Title   string
	Plain   string
	Painted template.HTML
}

type response struct {
	Status string
	About  template.HTML
	Media  []media
}

// describe gathers what is told of an operation.
func (d *document) describe(op *operation, base string) *details {
	out := &details{operation: op, Base: base, About: markdown(withoutScopes(scalar(d.at(op.node, "description"))))}
	for _, list := range []*yaml.Node{op.shared, d.at(op.node, "parameters")} {
		for n := range d.items(list) {
			out.Params = append(out.Params, d.parameter(n))
		}
	}
	slices.SortStableFunc(out.Params, func(a, b parameter) int {
		return slices.Index(places, a.In) - slices.Index(places, b.In)
	})
	if n := d.at(op.node, "requestBody"); n != nil {
		out.Body = &body{About: markdown(scalar(d.at(n, "description"))), Required: scalar(d.at(n, "required")) == "true", Media: d.media(n)}
		if m := out.Body.Media; len(m) > 0 {
			out.Sends = m[0].Kind
			if len(m[0].Examples) > 0 {
				out.Sample = m[0].Examples[0].Plain
			}
		}
	}
	for status, n := range d.members(d.at(op.node, "responses")) {
		r := response{Status: status, About: markdown(scalar(d.at(n, "description"))), Media: d.media(n)}
		if strings.HasPrefix(status, "2") || strings.HasPrefix(status, "3") {
			out.Good = append(out.Good, r)
			for _, m := range r.Media {
				if out.Answers == "" {
					out.Answers = m.Kind
				}
			}
		} else {
			out.Bad = append(out.Bad, r)
		}
	}
	out.More = slices.ContainsFunc(out.Params, func(p parameter) bool { return !p.Required && p.In != "path" && p.In != "cookie" })
	out.Rows = min(max(strings.Count(out.Sample, "\n")+2, 5), 24)
	out.Curl = out.curl()
	return out
}

var places = []string{"path", "query", "header", "cookie"}

// scopeLine is a description's paragraph of scopes, which the page shows by
// itself.
var scopeLine = regexp.MustCompile("(?m)^Scopes?: (`[a-z0-9_]+`(,| or|, or)? ?)+\\.$")

func withoutScopes(text string) string { return scopeLine.ReplaceAllString(text, "") }

func (d *document) parameter(n *yaml.Node) parameter {
	p := parameter{schema: d.schemaOf(d.raw(n, "schema"), 0), In: scalar(d.at(n, "in"))}
	p.Name, p.Required = scalar(d.at(n, "name")), scalar(d.at(n, "required")) == "true"
	if about := markdown(scalar(d.at(n, "description"))); about != "" {
		p.About = about
	}
	for x := range d.items(d.at(d.at(n, "schema"), "examples")) {
		p.Example = d.exampleOf(x)
		break
	}
	return p
}

// exampleOf writes a parameter's value as it is sent.
func (d *document) exampleOf(n *yaml.Node) string {
	n = d.resolve(n)
	if n != nil && n.Kind == yaml.SequenceNode {
		var parts []string
		for _, x := range n.Content {
			parts = append(parts, d.inline(x))
		}
		return strings.Join(parts, ",")
	}
	return d.inline(n)
}

// media reads the forms of a body.
func (d *document) media(n *yaml.Node) []media {
	var out []media
	for kind, x := range d.members(d.at(n, "content")) {
		m := media{Kind: kind}
		if s := d.raw(x, "schema"); s != nil {
			m.Schema = d.schemaOf(s, 0)
		}
		if e := d.raw(x, "example"); e != nil {
			m.Examples = append(m.Examples, d.example("", e, kind))
		}
		for _, e := range d.members(d.at(x, "examples")) {
			m.Examples = append(m.Examples, d.example(scalar(d.at(e, "summary")), d.raw(e, "value"), kind))
		}
		out = append(out, m)
	}
	return out
}

func (d *document) example(title string, n *yaml.Node, kind string) example {
	e := example{Title: title}
	e.Plain, e.Painted = d.exampleText(n, kind)
	return e
}

// Words that stand for what a reader has to fill in.
const (
	hashPlace  = "STORE_HASH"
	tokenPlace = "ACCESS_TOKEN"
)

// target is the operation's address with its examples filled in.
func (o *details) target() string {
	path := o.Path
	query := url.Values{}
	for _, p := range o.Params {
		switch {
		case p.Name == "store_hash":
			path = strings.ReplaceAll(path, "{store_hash}", hashPlace)
		case p.In == "path":
			path = strings.ReplaceAll(path, "{"+p.Name+"}", url.PathEscape(p.Example))
		case p.In == "query" && p.Required:
			query.Set(p.Name, p.Example)
		}
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return o.Base + path
}

// curl is a command that calls the operation.
func (o *details) curl() string {
	parts := []string{"curl"}
	if o.Method != "GET" && (o.Method != "POST" || o.Sample == "") {
		parts[0] += " -X " + o.Method
	}
	parts[0] += " " + shellQuote(o.target())
	header := func(name, value string) { parts = append(parts, "-H "+shellQuote(name+": "+value)) }
	if o.Managed() {
		header("X-Auth-Token", tokenPlace)
	}
	for _, p := range o.Params {
		if p.In == "header" && p.Required {
			header(p.Name, p.Example)
		}
	}
	if strings.HasPrefix(o.Path, "/api/storefront/") && o.Method != "GET" {
		header("Origin", o.Base)
	}
	if o.Sample != "" {
		header("Content-Type", o.Sends)
		parts = append(parts, "-d "+shellQuote(o.Sample))
	}
	return strings.Join(parts, " \\\n  ")
}
