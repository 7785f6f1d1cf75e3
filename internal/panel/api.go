package panel

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"clientele/internal/html"
	"clientele/internal/jsonx"
)

// Example is a request of an API, and how to make it with curl.
type Example struct{ Title, Request, Curl string }

// apiView shows the requests that give what a page shows.
type apiView struct {
	frame
	Text     string
	Examples []Example
}

func (*apiView) template() string { return "api" }

// shellQuoted is a word of a shell's command.
func shellQuoted(s string) string { return `'` + strings.ReplaceAll(s, `'`, `'\''`) + `'` }

// example is a request of the store's API, below /v2 or /v3; a body makes it a
// POST.
func (c *call) example(title, path, body string) Example {
	at := "/stores/" + c.store.Hash + path
	e := Example{Title: c.look.Text(title), Request: "GET " + at}
	e.Curl = "curl -H 'X-Auth-Token: …'"
	if body != "" {
		e.Request = "POST " + at + "\n" + body
		e.Curl += " -H 'Content-Type: application/json' \\\n  -d " + shellQuoted(body)
	}
	e.Curl += " \\\n  " + shellQuoted(c.URL+at)
	return e
}

// customersAPI tells how apps get the list of the address.
func (c *call) customersAPI() error {
	w, err := c.wanted()
	if err != nil {
		return err
	}
	p := &apiView{Text: c.look.Text("api.text")}
	p.Title = c.look.Text("api.title")
	p.Crumbs = []html.Link{{Label: c.look.Text("customers.title"), URL: c.listAt("")}}
	limit := "limit=" + strconv.Itoa(w.limit)
	if w.text != "" && !w.wide {
		p.Examples = append(p.Examples, c.example("api.search", "/v3/clientele/search?q="+url.QueryEscape(w.text)+"&limit="+strconv.Itoa(min(w.limit, 50)), ""))
	}
	if w.asked != nil {
		p.Examples = append(p.Examples, c.example("api.rule", "/v3/clientele/segments/preview", `{"rule":`+string(jsonx.AppendString(nil, w.asked.Node.String()))+`}`))
	}
	if len(p.Examples) == 0 {
		sort := map[string]string{"joined": "date_created", "changed": "date_modified", "last_name": "last_name"}[w.sort]
		if sort != "" {
			dir := ":asc"
			if w.desc {
				dir = ":desc"
			}
			limit += "&sort=" + sort + dir
		}
		p.Examples = append(p.Examples, c.example("api.v3", "/v3/customers?"+limit, ""), c.example("api.v2", "/v2/customers?limit="+strconv.Itoa(w.limit), ""))
	}
	return c.show(http.StatusOK, p)
}

// customerAPI tells how apps get a customer.
func (c *call) customerAPI() error {
	k, err := c.oneCustomer()
	if err != nil {
		return err
	}
	id := strconv.FormatInt(k.ID, 10)
	p := &apiView{Text: c.look.Text("api.text")}
	c.aboutCustomer(&p.frame, "api.title", k)
	p.Examples = []Example{
		c.example("api.v3", "/v3/customers?id:in="+id+"&include=addresses,storecredit,attributes,formfields,shopper_profile_id,segment_ids", ""),
		c.example("api.v2", "/v2/customers/"+id, ""),
	}
	return c.show(http.StatusOK, p)
}
