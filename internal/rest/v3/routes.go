package v3

import (
	"net/http"
	"strconv"

	"clientele/internal/auth"
	"clientele/internal/channel"
	"clientele/internal/jsonx"
	"clientele/internal/listing"
	"clientele/internal/opt"
	"clientele/internal/rest"
	"clientele/internal/rest/decode"
	"clientele/internal/rest/shape"
)

// routeRoutes are those of the routes of sites.
func (s *Surface) routeRoutes() []rest.Route {
	site := shape.ID("site_id")
	of := shape.IDs(site, shape.ID("route_id"))
	return []rest.Route{
		{Method: "GET", Pattern: "/sites/{site_id}/routes", Need: auth.ReadSites, List: channel.RouteList, Handle: List(s.routes, appendRoute)},
		{Method: "POST", Pattern: "/sites/{site_id}/routes", Need: auth.ModifySites, Class: rest.Creating, Titles: writeRoute,
			Handle: shape.CallAt(site, object(decodeNewRoute), s.createRoute, created(appendRoute))},
		{Method: "PUT", Pattern: "/sites/{site_id}/routes", Need: auth.ModifySites, Class: rest.Updating, Titles: putRoutes,
			Handle: shape.CallAt(site, objects(channel.MaxRoutes, decodeRoute, "type", "route"), s.putRoutes, sendRoutes)},
		{Method: "GET", Pattern: "/sites/{site_id}/routes/{route_id}", Need: auth.ReadSites, Handle: get(of, s.getRoute, one(appendRoute))},
		// The document answers 201 to a change.
		{Method: "PUT", Pattern: "/sites/{site_id}/routes/{route_id}", Need: auth.ModifySites, Class: rest.Updating, Titles: writeRoute,
			Handle: shape.CallAt(of, object(decodeWholeRoute), s.updateRoute, created(appendRoute))},
		{Method: "DELETE", Pattern: "/sites/{site_id}/routes/{route_id}", Need: auth.ModifySites, Handle: shape.Do(of, s.deleteRoute)},
	}
}

func (s *Surface) routes(c *rest.Call, q *listing.Query) ([]channel.Route, *listing.Result, error) {
	site, err := c.PathID("site_id")
	if err != nil {
		return nil, nil, err
	}
	return s.Channels.Routes(c.Ctx(), c.StoreID(), site, q)
}

func (s *Surface) createRoute(c *rest.Call, site int64, in channel.RouteWrite) (*channel.Route, error) {
	return shape.Ref(s.Channels.PutRoute(c.Ctx(), c.StoreID(), site, in))
}

func (s *Surface) putRoutes(c *rest.Call, site int64, in []channel.RouteWrite) ([]channel.Route, error) {
	return s.Channels.PutRoutes(c.Ctx(), c.StoreID(), site, in)
}

func (s *Surface) getRoute(c *rest.Call, at shape.Pair) (*channel.Route, error) {
	return shape.Ref(s.Channels.Route(c.Ctx(), c.StoreID(), at.Owner, at.ID))
}

func (s *Surface) updateRoute(c *rest.Call, at shape.Pair, in channel.RouteWrite) (*channel.Route, error) {
	in.ID = opt.Some(at.ID)
	return shape.Ref(s.Channels.PutRoute(c.Ctx(), c.StoreID(), at.Owner, in))
}

func (s *Surface) deleteRoute(c *rest.Call, at shape.Pair) error {
	return s.Channels.DeleteRoute(c.Ctx(), c.StoreID(), at.Owner, at.ID)
}

// decodeNewRoute reads a route to be made.
func decodeNewRoute(o decode.Object) channel.RouteWrite {
	o.Only([]string{"type", "matching", "route"}, []string{"id", "created_at", "updated_at"})
	o.Required("type", "route")
	return readRoute(o)
}

// decodeWholeRoute reads what a route becomes, which is told as a whole.
func decodeWholeRoute(o decode.Object) channel.RouteWrite {
	o.Only([]string{"type", "matching", "route"}, nil, "id", "created_at", "updated_at")
	o.Required("type", "matching", "route")
	return readRoute(o)
}

// decodeRoute reads an item of a batch: a change of the route with its id, or a
// new one.
func decodeRoute(o decode.Object) channel.RouteWrite {
	o.Only([]string{"id", "type", "matching", "route"}, nil, "created_at", "updated_at")
	id := o.Int("id")
	if !id.Set {
		o.Required("type", "route")
	}
	in := readRoute(o)
	in.ID = id
	return in
}

func readRoute(o decode.Object) channel.RouteWrite {
	return channel.RouteWrite{Type: o.Text("type"), Matching: o.Text("matching"), Route: o.Text("route")}
}

// sendRoutes answers a batch with its routes and, as documented, what a list of
// them would tell of its pages: there is one.
func sendRoutes(c *rest.Call, routes []channel.Route) {
	n := strconv.Itoa(len(routes))
	end := `],"meta":{"pagination":{"total":` + n + `,"count":` + n + `,"per_page":` + strconv.Itoa(channel.MaxRoutes) + `,"current_page":1,"total_pages":1}}}`
	rowsAs(http.StatusOK, end, appendRoute)(c, routes)
}

func appendRoute(b []byte, r *channel.Route) []byte {
	b = strconv.AppendInt(append(b, `{"id":`...), r.ID, 10)
	b = jsonx.AppendString(append(b, `,"type":`...), r.Type)
	b = jsonx.AppendString(append(b, `,"matching":`...), r.Matching)
	b = jsonx.AppendString(append(b, `,"route":`...), r.Route)
	return append(appendDates(b, r.DateCreated, r.DateModified), '}')
}
