package v2

import (
	"cmp"
	"net/http"
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
	"clientele/internal/rest/shape"
)

func (s *Surface) geographyRoutes() []rest.Route {
	read := func(pattern string, list *listing.Spec, handle func(*rest.Call) error) rest.Route {
		return rest.Route{Method: "GET", Pattern: pattern, Need: auth.ReadInformation, List: list, Handle: handle}
	}
	listStates := shape.Call(states, page, rows(appendState))
	countStates := shape.Call(states, number, sendCount)
	getState := get(pathState, findState, one(appendState))
	return []rest.Route{
		read("/countries", countryList, shape.Call(countries, page, s.sendCountries)),
		read("/countries/count", countryList, shape.Call(countries, number, sendCount)),
		read("/countries/{country_id}", nil, get(pathCountry, theCountry, s.sendCountry)),
		read("/countries/states", stateList, listStates),
		read("/countries/states/count", stateList, countStates),
		// Undocumented, and served by the original.
		read("/countries/states/{state_id}", nil, getState),
		read("/countries/{country_id}/states", stateList, listStates),
		read("/countries/{country_id}/states/count", stateList, countStates),
		read("/countries/{country_id}/states/{state_id}", nil, getState),
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

// places are the rows that a query selects.
type places[T any] struct {
	query *listing.Query
	rows  []T
}

// choose keeps the rows that all filters of a query accept.
func choose[T any](q *listing.Query, rows []T, accepts func(name, text string, row *T) bool) places[T] {
	for _, f := range q.Filters {
		var kept []T
		for i := range rows {
			if accepts(f.Field.Name, f.Texts[0], &rows[i]) {
				kept = append(kept, rows[i])
			}
		}
		rows = kept
	}
	return places[T]{q, rows}
}

// page returns the rows of a page.
func page[T any](_ *rest.Call, p places[T]) ([]T, error) {
	from, n := (p.query.Page-1)*p.query.Limit, int64(len(p.rows))
	if from >= n {
		return nil, nil
	}
	return p.rows[from:min(from+p.query.Limit, n)], nil
}

// number returns how many rows there are.
func number[T any](_ *rest.Call, p places[T]) (int64, error) { return int64(len(p.rows)), nil }

func countries(c *rest.Call) (p places[geo.Country], err error) {
	q, err := query(c)
	if err != nil {
		return p, err
	}
	return choose(q, geo.Countries(), func(name, text string, row *geo.Country) bool {
		switch name {
		case "country":
			named, found := geo.ByName(text)
			return found && named.ID == row.ID
		case "country_iso2":
			return strings.EqualFold(text, row.Code)
		default:
			return strings.EqualFold(text, row.Code3)
		}
	}), nil
}

func (s *Surface) sendCountries(c *rest.Call, all []geo.Country) { rows(s.countryRow(c))(c, all) }

func (s *Surface) sendCountry(c *rest.Call, country *geo.Country) {
	sendOne(c, http.StatusOK, country, s.countryRow(c))
}

func (s *Surface) countryRow(c *rest.Call) func([]byte, *geo.Country) []byte {
	l := s.links(c)
	return func(b []byte, row *geo.Country) []byte { return appendCountry(b, row, l) }
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

// theCountry is what pathCountry has found.
func theCountry(_ *rest.Call, country *geo.Country) (*geo.Country, error) { return country, nil }

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

func states(c *rest.Call) (p places[state], err error) {
	all, err := pathStates(c)
	if err != nil {
		return p, err
	}
	q, err := query(c)
	if err != nil {
		return p, err
	}
	return choose(q, all, func(name, text string, row *state) bool {
		if name == "state_abbreviation" {
			return strings.EqualFold(text, row.Code)
		}
		country, _ := geo.ByID(row.country)
		named, found := country.State(text)
		return found && named.ID == row.ID
	}), nil
}

// stateAt is the id of a state among those that it can be one of.
type stateAt struct {
	among []state
	id    int64
}

func pathState(c *rest.Call) (at stateAt, err error) {
	if at.among, err = pathStates(c); err == nil {
		at.id, err = c.PathID("state_id")
	}
	return at, err
}

func findState(_ *rest.Call, at stateAt) (*state, error) {
	i := slices.IndexFunc(at.among, func(row state) bool { return row.ID == at.id })
	if i < 0 {
		return nil, errNoPlace
	}
	return &at.among[i], nil
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
