package panel

import (
	"net/url"
	"strconv"

	"clientele/internal/html"
	"clientele/internal/listing"
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

// bounded writes a number that was counted up to a bound.
func (c *call) bounded(n, bound int64) string {
	if n > bound {
		return c.look.Text("over", c.look.number(bound))
	}
	return c.look.number(n)
}

// storeAt is an address of the store.
func (c *call) storeAt(more string) string { return Base + "/store/" + c.store.Hash + more }
