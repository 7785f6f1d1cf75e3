package listing

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// HasLinks reports whether a page of a list with that many pages has links.
func (q *Query) HasLinks(pages int64) bool { return pages > 1 || q.spec.Links }

// StartCursor and EndCursor return the wire forms of a page's ends, empty for
// an empty page.
func (q *Query) StartCursor(r *Result) string { return q.cursorText(r.First) }

// EndCursor is described at StartCursor.
func (q *Query) EndCursor(r *Result) string { return q.cursorText(r.Last) }

func (q *Query) cursorText(c *Cursor) string {
	if c == nil {
		return ""
	}
	return c.encode(q.spec.key(), q.Sort)
}

// PageLink returns the query string, with its question mark, of a page by
// number: the request's own filters with limit and page.
func (q *Query) PageLink(page int64) string {
	return q.link(param{"limit", strconv.FormatInt(q.Limit, 10)}, param{"page", strconv.FormatInt(page, 10)})
}

// AfterLink and BeforeLink return the query string of the page after or
// before a cursor.
func (q *Query) AfterLink(cursor string) string {
	return q.link(param{"after", cursor}, param{"limit", strconv.FormatInt(q.Limit, 10)})
}

// BeforeLink is described at AfterLink.
func (q *Query) BeforeLink(cursor string) string {
	return q.link(param{"before", cursor}, param{"limit", strconv.FormatInt(q.Limit, 10)})
}

func (q *Query) link(extra ...param) string {
	all := append(slices.Clone(q.params), extra...)
	slices.SortStableFunc(all, func(a, b param) int { return strings.Compare(a.name, b.name) })
	var b strings.Builder
	for i, p := range all {
		if i == 0 {
			b.WriteByte('?')
		} else {
			b.WriteByte('&')
		}
		b.WriteString(url.QueryEscape(p.name))
		b.WriteByte('=')
		b.WriteString(url.QueryEscape(p.value))
	}
	return b.String()
}
