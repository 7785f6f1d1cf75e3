package listing

import "strconv"

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

// AppendPageLink appends the query string, with its question mark, of a page
// by number: the request's own filters with limit and page. Links are plain
// ASCII that needs no escaping in JSON.
func (q *Query) AppendPageLink(b []byte, page int64) []byte {
	return q.appendLink(b, param{"limit", strconv.FormatInt(q.Limit, 10)}, param{"page", strconv.FormatInt(page, 10)})
}

// AppendAfterLink and AppendBeforeLink append the query string of the page
// after or before a cursor.
func (q *Query) AppendAfterLink(b []byte, cursor string) []byte {
	return q.appendLink(b, param{"after", cursor}, param{"limit", strconv.FormatInt(q.Limit, 10)})
}

// AppendBeforeLink is described at AppendAfterLink.
func (q *Query) AppendBeforeLink(b []byte, cursor string) []byte {
	return q.appendLink(b, param{"before", cursor}, param{"limit", strconv.FormatInt(q.Limit, 10)})
}

// appendLink merges two parameters, which are in order, with the request's.
func (q *Query) appendLink(b []byte, first, second param) []byte {
	start := len(b)
	own := q.params
	for _, p := range [...]param{first, second} {
		for len(own) > 0 && own[0].name < p.name {
			b = own[0].append(b)
			own = own[1:]
		}
		b = p.append(b)
	}
	for _, p := range own {
		b = p.append(b)
	}
	b[start] = '?'
	return b
}

func (p param) append(b []byte) []byte {
	b = append(b, '&')
	b = appendEscaped(b, p.name)
	b = append(b, '=')
	return appendEscaped(b, p.value)
}

// appendEscaped is url.QueryEscape.
func appendEscaped(b []byte, s string) []byte {
	const hex = "0123456789ABCDEF"
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == '.', c == '~':
			b = append(b, c)
		case c == ' ':
			b = append(b, '+')
		default:
			b = append(b, '%', hex[c>>4], hex[c&15])
		}
	}
	return b
}
