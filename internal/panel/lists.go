package panel

import (
	"net/url"
	"strconv"

	"github.com/go-chi/chi/v5"

	"clientele/internal/html"
	"clientele/internal/listing"
	"clientele/internal/staff"
)

// asked returns the query of a list that goes by cursors. filters are names and
// values in turn; those without a value are left out.
func (c *call) asked(spec *listing.Spec, filters ...string) (*listing.Query, error) {
	have, q := c.R.URL.Query(), url.Values{}
	for _, name := range []string{"after", "before"} {
		if v := have.Get(name); v != "" {
			q.Set(name, v)
		}
	}
	for i := 0; i+1 < len(filters); i += 2 {
		if filters[i+1] != "" {
			q.Set(filters[i], filters[i+1])
		}
	}
	q.Set("limit", strconv.Itoa(c.size()))
	return spec.Parse(q.Encode())
}

// size is how many rows a page is to have.
func (c *call) size() int {
	for _, n := range pageSizes {
		if c.R.URL.Query().Get("limit") == strconv.Itoa(n) {
			return n
		}
	}
	return pageSizes[0]
}

// turns returns the pages of a list that goes by cursors. Empty cursors lead
// nowhere.
func (c *call) turns(before, after, swap string) *Pages {
	q, size := c.R.URL.Query(), c.size()
	address := func(limit int, name, cursor string) string {
		next := url.Values{}
		for k, v := range q {
			if k != "after" && k != "before" && k != "limit" {
				next[k] = v
			}
		}
		if limit != pageSizes[0] {
			next.Set("limit", strconv.Itoa(limit))
		}
		if name != "" {
			next.Set(name, cursor)
		}
		if len(next) == 0 {
			return c.R.URL.Path
		}
		return c.R.URL.Path + "?" + next.Encode()
	}
	p := &Pages{Total: -1, Size: size, Swap: swap}
	if q.Get("after") != "" || q.Get("before") != "" {
		p.First = address(size, "", "")
	}
	if before != "" {
		p.Prev = address(size, "before", before)
	}
	if after != "" {
		p.Next = address(size, "after", after)
	}
	for _, n := range pageSizes {
		p.Sizes = append(p.Sizes, html.Link{Label: strconv.Itoa(n), URL: address(n, "", "")})
	}
	return p
}

// pagesOf are the pages beside one that was read.
func (c *call) pagesOf(q *listing.Query, res *listing.Result, swap string) *Pages {
	before, after := "", ""
	if res.Before {
		before = q.StartCursor(res)
	}
	if res.After {
		after = q.EndCursor(res)
	}
	return c.turns(before, after, swap)
}

// byName completes a list that is searched by name, of which n rows are shown. Its
// texts and its address begin with key; make is who may add to it.
func (c *call) byName(p *listPage, key, icon, word string, n int, make staff.Permission) {
	at := c.storeAt("/" + key)
	p.Title, p.Lead = c.look.Text(key+".title"), c.look.Text(key+".lead")
	p.Filters = &Filters{Action: at, Label: c.look.Text("groups.search"), Query: word, Swap: "results", Count: c.look.Plural(key+".count", n)}
	if c.can(make) {
		p.Actions = []Action{{Label: c.look.Text(key + ".new"), URL: at + "/new", Primary: true}}
	}
	if n > 0 {
		return
	}
	p.Table, p.Pages = nil, nil
	if word != "" {
		p.Empty = &Empty{Icon: icon, Title: c.look.Text("none.title"), Text: c.look.Text("none.text"), Action: &Action{Label: c.look.Text("none.reset"), URL: at}}
		return
	}
	p.Filters = nil
	p.Empty = &Empty{Icon: icon, Title: c.look.Text(key + ".none.title"), Text: c.look.Text(key + ".none.text")}
	if len(p.Actions) > 0 { // the next step stands there instead
		p.Empty.Action, p.Actions = &p.Actions[0], nil
	}
}

// bounded writes a number that was counted up to a bound.
func (c *call) bounded(n, bound int64) string {
	if n > bound {
		return c.look.Text("over", c.look.number(bound))
	}
	return c.look.number(n)
}

// param is a number in the address of the page.
func (c *call) param(name string) (int64, error) {
	n, err := strconv.ParseInt(chi.URLParam(c.R, name), 10, 64)
	if err != nil || n < 1 {
		return 0, errNoPage
	}
	return n, nil
}

// storeAt is an address of the store.
func (c *call) storeAt(more string) string { return Base + "/store/" + c.store.Hash + more }
