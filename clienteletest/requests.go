package clienteletest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"clientele/internal/journal"
)

// Filter says which requests are meant. Empty members match anything.
type Filter = journal.Filter

// Request is a request that the server was sent, with its answer. Secrets in it
// are masked, and persons have pseudonyms.
type Request = journal.Shown

// Requests returns the last requests to the APIs and pages that a filter
// matches, the newest first: 2,000 at most.
func (s *Shop) Requests(f Filter) []Request {
	s.t.Helper()
	query, err := asQuery(f)
	if err != nil {
		s.t.Fatalf("clienteletest: %v", err)
	}
	var all []Request
	for {
		var page struct{ Data []Request }
		s.control(http.MethodGet, "/requests?"+query.Encode(), nil, &page)
		if all = append(all, page.Data...); len(page.Data) < pageSize {
			return all
		}
		query.Set("before", fmt.Sprint(all[len(all)-1].ID))
	}
}

// pageSize is how many requests are read at once.
const pageSize = 250

// asQuery writes a filter as the query of a list, whose parameters are the
// filter's members.
func asQuery(f Filter) (url.Values, error) {
	text, err := json.Marshal(f)
	if err != nil {
		return nil, err
	}
	var members map[string]any
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.UseNumber()
	if err := d.Decode(&members); err != nil {
		return nil, err
	}
	out := url.Values{"limit": {fmt.Sprint(pageSize)}}
	for name, v := range members {
		out.Set(name, fmt.Sprint(v))
	}
	return out, nil
}

// Expect fails the test unless at least n requests match a filter, and tells
// which came nearest.
func (s *Shop) Expect(n int, f Filter) {
	s.t.Helper()
	const path = "/_clientele/v1/requests/expect"
	status, text := s.ask(http.MethodPost, s.URL+path, map[string]any{"match": f, "at_least": n})
	if status != http.StatusOK && status != http.StatusConflict {
		s.t.Fatalf("clienteletest: POST %s: %d %s", path, status, text)
	}
	var out journal.Expected
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		s.t.Fatalf("clienteletest: POST %s: %v", path, err)
	}
	if out.Met {
		return
	}
	var near strings.Builder
	for _, m := range out.Nearest {
		fmt.Fprintf(&near, "\n  %s %s (%d)", m.Method, m.Path, m.Status)
		for _, d := range m.Differences {
			fmt.Fprintf(&near, "\n    %s: want %s, got %s", d.Field, d.Want, d.Got)
		}
	}
	s.t.Errorf("clienteletest: %d requests match, want %d or more; nearest:%s", out.Matched, n, near.String())
}
