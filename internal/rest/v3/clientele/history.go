package clientele

import (
	"clientele/internal/auth"
	"clientele/internal/history"
	"clientele/internal/jsonx"
	"clientele/internal/listing"
	"clientele/internal/rest"
	v3 "clientele/internal/rest/v3"
)

// lines is the media type of the history as a whole, an entry a line.
const lines = "application/x-ndjson"

func (s *Surface) historyRoutes() []rest.Route {
	page := v3.List(func(c *rest.Call, q *listing.Query) ([]history.Listed, *listing.Result, error) {
		return s.History.Page(c.Ctx(), c.StoreID(), q)
	}, appendEntry)
	return []rest.Route{
		{Method: "GET", Pattern: "/history", Need: auth.ReadHistory, List: history.List, Types: []string{lines}, Handle: func(c *rest.Call) error {
			if c.Type() == lines {
				return s.streamHistory(c)
			}
			return page(c)
		}},
	}
}

func appendEntry(b []byte, e *history.Listed) []byte { return e.AppendJSON(b) }

// streamHistory answers with all entries, page by page as they are read, and a
// last line that tells whether they were all.
func (s *Surface) streamHistory(c *rest.Call) error {
	q, err := history.Stream.Parse(c.R.URL.RawQuery)
	if err != nil {
		return err
	}
	f, err := history.StreamOf(q)
	if err != nil {
		return err
	}
	return c.Stream(lines, func(b []byte, late bool) ([]byte, bool, error) {
		if late {
			end := &listing.Result{Last: &listing.Cursor{Key: [2]int64{f.Before}}}
			b = jsonx.AppendString(append(b, `{"meta":{"complete":false,"after":`...), q.EndCursor(end))
			return append(b, "}}\n"...), true, nil
		}
		p, err := s.History.List(c.Ctx(), c.StoreID(), f)
		if err != nil {
			return b, false, err
		}
		for i := range p.Records {
			b = append(p.Records[i].AppendJSON(b), '\n')
		}
		if f.Before = p.Older; f.Before == 0 {
			return append(b, `{"meta":{"complete":true,"after":null}}`+"\n"...), true, nil
		}
		return b, false, nil
	})
}
