package v2

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"clientele/internal/auth"
	"clientele/internal/fault"
	"clientele/internal/geo"
	"clientele/internal/jsonx"
	"clientele/internal/listing"
	"clientele/internal/rest"
)

func (s *Surface) geographyRoutes() []rest.Route {
	get := func(pattern string, handle func(*rest.Call) error) rest.Route {
		return rest.Route{Method: "GET", Pattern: pattern, Need: auth.ReadInformation, Handle: handle}
	}
	return []rest.Route{
		get("/countries", s.listCountries),
		get("/countries/count", s.countCountries),
		get("/countries/{country_id}", s.getCountry),
		get("/countries/states", s.listStates),
		get("/countries/states/count", s.countStates),
		// Undocumented, and served by the original.
		get("/countries/states/{state_id}", s.getState),
		get("/countries/{country_id}/states", s.listStates),
		get("/countries/{country_id}/states/count", s.countStates),
		get("/countries/{country_id}/states/{state_id}", s.getState),
	}
}

// countryList and stateList declare lists that are not in the database.
var (
	countryList = &listing.Spec{Fields: []listing.Field{
		{Name: "country", Kind: listing.Text, Ops: []listing.Op{listing.Eq}},
		{Name: "country_iso2", Kind: listing.Text, Ops: []listing.Op{listing.Eq}},
		{Name: "country_iso3", Kind: listing.Text, Ops: []listing.Op{listing.Eq}},
	}}
	stateList = &listing.Spec{Fields: []listing.Field{
		{Name: "state", Kind: listing.Text, Ops: []listing.Op{listing.Eq}},
		{Name: "state_abbreviation", Kind: listing.Text, Ops: []listing.Op{listing.Eq}},
	}}
)

// state is a state with its country.
type state struct {
	*geo.State
	country int64
}

var allStates = sync.OnceValue(func() []state {
	var all []state
	for i := range geo.Countries() {
		all = append(all, statesOf(&geo.Countries()[i])...)
	}
	slices.SortFunc(all, func(a, b state) int { return cmp.Compare(a.ID, b.ID) })
	return all
})

func statesOf(c *geo.Country) []state {
	out := make([]state, len(c.States))
	for i := range c.States {
		out[i] = state{&c.States[i], c.ID}
	}
	return out
}

// page returns the rows of a page.
func page[T any](q *listing.Query, rows []T) []T {
	from := (q.Page - 1) * q.Limit
	if from >= int64(len(rows)) {
		return nil
	}
	return rows[from:min(from+q.Limit, int64(len(rows)))]
}

func countries(c *rest.Call) (*listing.Query, []geo.Country, error) {
	q, err := parse(countryList, c)
	if err != nil {
		return nil, nil, err
	}
	rows := geo.Countries()
	for _, f := range q.Filters {
		var kept []geo.Country
		for _, row := range rows {
			var ok bool
			switch text := f.Texts[0]; f.Field.Name {
			case "country":
				named, found := geo.ByName(text)
				ok = found && named.ID == row.ID
			case "country_iso2":
				ok = strings.EqualFold(text, row.Code)
			case "country_iso3":
				ok = strings.EqualFold(text, row.Code3)
			}
			if ok {
				kept = append(kept, row)
			}
		}
		rows = kept
	}
	return q, rows, nil
}

func (s *Surface) listCountries(c *rest.Call) error {
	q, rows, err := countries(c)
	if err != nil {
		return err
	}
	l := s.links(c)
	return sendList(c, page(q, rows), func(b []byte, row *geo.Country) []byte { return appendCountry(b, row, l) })
}

func (s *Surface) countCountries(c *rest.Call) error {
	_, rows, err := countries(c)
	if err != nil {
		return err
	}
	return sendCount(c, int64(len(rows)))
}

var errNoPlace = fault.New(fault.NotFound, "there is no such country or state")

func pathCountry(c *rest.Call) (*geo.Country, error) {
	id, err := c.PathID("country_id")
	if err != nil {
		return nil, err
	}
	country, ok := geo.ByID(id)
	if !ok {
		return nil, errNoPlace
	}
	return country, nil
}

func (s *Surface) getCountry(c *rest.Call) error {
	country, err := pathCountry(c)
	if err != nil {
		return err
	}
	if err := plain(c); err != nil {
		return err
	}
	l := s.links(c)
	return sendOne(c, country, func(b []byte, row *geo.Country) []byte { return appendCountry(b, row, l) })
}

// pathStates returns the states of the country in the path, or all.
func pathStates(c *rest.Call) ([]state, error) {
	if strings.HasPrefix(c.Resource(), "/countries/states") {
		return allStates(), nil
	}
	country, err := pathCountry(c)
	if err != nil {
		return nil, err
	}
	return statesOf(country), nil
}

func states(c *rest.Call) (*listing.Query, []state, error) {
	rows, err := pathStates(c)
	if err != nil {
		return nil, nil, err
	}
	q, err := parse(stateList, c)
	if err != nil {
		return nil, nil, err
	}
	for _, f := range q.Filters {
		var kept []state
		for _, row := range rows {
			var ok bool
			switch text := f.Texts[0]; f.Field.Name {
			case "state":
				country, _ := geo.ByID(row.country)
				named, found := country.State(text)
				ok = found && named.ID == row.ID
			case "state_abbreviation":
				ok = strings.EqualFold(text, row.Code)
			}
			if ok {
				kept = append(kept, row)
			}
		}
		rows = kept
	}
	return q, rows, nil
}

func (s *Surface) listStates(c *rest.Call) error {
	q, rows, err := states(c)
	if err != nil {
		return err
	}
	return sendList(c, page(q, rows), appendState)
}

func (s *Surface) countStates(c *rest.Call) error {
	_, rows, err := states(c)
	if err != nil {
		return err
	}
	return sendCount(c, int64(len(rows)))
}

func (s *Surface) getState(c *rest.Call) error {
	rows, err := pathStates(c)
	if err != nil {
		return err
	}
	id, err := c.PathID("state_id")
	if err != nil {
		return err
	}
	if err := plain(c); err != nil {
		return err
	}
	at := slices.IndexFunc(rows, func(row state) bool { return row.ID == id })
	if at < 0 {
		return errNoPlace
	}
	return sendOne(c, &rows[at], appendState)
}

func appendCountry(b []byte, c *geo.Country, l links) []byte {
	id := strconv.FormatInt(c.ID, 10)
	b = append(b, `{"id":`...)
	b = append(b, id...)
	b = append(b, `,"country":`...)
	b = jsonx.AppendString(b, c.Name)
	b = append(b, `,"country_iso2":`...)
	b = jsonx.AppendString(b, c.Code)
	b = append(b, `,"country_iso3":`...)
	b = jsonx.AppendString(b, c.Code3)
	b = append(b, `,"states":`...)
	b = l.append(b, "/countries/"+id+"/states")
	return append(b, '}')
}

func appendState(b []byte, s *state) []byte {
	b = append(b, `{"id":`...)
	b = strconv.AppendInt(b, s.ID, 10)
	b = append(b, `,"state":`...)
	b = jsonx.AppendString(b, s.Name)
	b = append(b, `,"state_abbreviation":`...)
	b = jsonx.AppendString(b, s.Code)
	b = append(b, `,"country_id":`...)
	b = strconv.AppendInt(b, s.country, 10)
	return append(b, '}')
}
