package clientele

import (
	"net/http"
	"strconv"

	"clientele/internal/auth"
	"clientele/internal/customer"
	"clientele/internal/jsonx"
	"clientele/internal/rest"
	v3 "clientele/internal/rest/v3"
	"clientele/internal/search"
)

func (s *Surface) searchRoutes() []rest.Route {
	return []rest.Route{
		{Method: "GET", Pattern: "/search", Need: auth.ReadCustomers, List: customer.SearchList, Handle: s.searchCustomers},
	}
}

// searchCustomers answers with customers as in their list, and tells in meta
// what matched of each.
func (s *Surface) searchCustomers(c *rest.Call) error {
	given, err := c.List().Parse(c.R.URL.RawQuery)
	if err != nil {
		return err
	}
	text, limit := "", int64(search.DefaultLimit)
	for _, f := range given.Filters {
		if len(f.Texts) > 0 {
			text = f.Texts[0]
		} else if len(f.Ints) > 0 {
			limit = f.Ints[0]
		}
	}
	q, err := search.Parse(text)
	if err != nil {
		return err
	}
	n, err := search.CheckLimit(limit)
	if err != nil {
		return err
	}
	found, err := s.Customers.Search(c.Ctx(), c.StoreID(), q, n)
	if err != nil {
		return err
	}
	b := rest.Buffer()
	b.B = append(b.B, `{"data":[`...)
	for i := range found.Customers {
		b.B = v3.AppendCustomer(separate(b.B, i), &found.Customers[i].Customer)
	}
	b.B = strconv.AppendBool(append(b.B, `],"meta":{"complete":`...), found.Complete)
	b.B = append(b.B, `,"matches":[`...)
	for i := range found.Customers {
		b.B = appendMatches(separate(b.B, i), &found.Customers[i])
	}
	b.B = append(b.B, `]}}`...)
	c.Send(http.StatusOK, b.B)
	b.Free()
	return nil
}

func appendMatches(b []byte, r *customer.Result) []byte {
	b = strconv.AppendInt(append(b, `{"customer_id":`...), r.ID, 10)
	b = append(b, `,"words":[`...)
	for i := range r.Matches {
		m := &r.Matches[i]
		b = jsonx.AppendString(append(separate(b, i), `{"word":`...), m.Word)
		b = jsonx.AppendString(append(b, `,"field":`...), string(m.Field))
		b = jsonx.AppendString(append(b, `,"text":`...), m.Text)
		b = append(jsonx.AppendString(append(b, `,"kind":`...), m.Kind.String()), '}')
	}
	return append(b, `]}`...)
}
