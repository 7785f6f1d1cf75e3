package v3

import (
	"net/http"
	"strconv"

	"github.com/go-chi/chi/v5"

	"clientele/internal/auth"
	"clientele/internal/fault"
	"clientele/internal/jsonx"
	"clientele/internal/listing"
	"clientele/internal/rest"
	"clientele/internal/rest/decode"
	"clientele/internal/rest/shape"
	"clientele/internal/segment"
)

// The original caps all writes of segments at the limit of creating ones,
// answers updates with 201, and reading members needs the scope to modify.
func (s *Surface) segmentRoutes() []rest.Route {
	return []rest.Route{
		{Method: "GET", Pattern: "/segments", Need: auth.ReadCustomers, List: segment.List, Handle: List(shape.ScopedPage(s.Segments.List), appendSegment)},
		{Method: "POST", Pattern: "/segments", Need: auth.ModifyCustomers, Class: rest.Creating, Titles: createSegments,
			Handle: shape.Call(objects(segment.MaxBatch, decodeNewSegment, "name"), shape.Scoped(s.Segments.Create), createdRows(appendSegment))},
		{Method: "PUT", Pattern: "/segments", Need: auth.ModifyCustomers, Class: rest.Creating, Titles: updateSegments,
			Handle: shape.Call(objects(segment.MaxBatch, decodeSegment, "id"), shape.Scoped(s.Segments.Update), createdRows(appendSegment))},
		{Method: "DELETE", Pattern: "/segments", Need: auth.ModifyCustomers, List: segment.DeleteList, Handle: remove(shape.Scoped(s.Segments.Delete))},

		{Method: "GET", Pattern: "/segments/{segmentId}/shopper-profiles", Need: auth.ModifyCustomers, List: segment.MemberList, Handle: List(s.members, appendProfile)},
		// This one answer has no meta.
		{Method: "POST", Pattern: "/segments/{segmentId}/shopper-profiles", Need: auth.ModifyCustomers, Class: rest.Creating, Titles: addProfiles,
			Handle: shape.Call(readMembers, s.addMembers, rowsAs(http.StatusCreated, `]}`, appendProfile))},
		{Method: "DELETE", Pattern: "/segments/{segmentId}/shopper-profiles", Need: auth.ModifyCustomers, List: segment.RemoveMemberList, Handle: remove(s.removeMembers)},

		{Method: "GET", Pattern: "/shopper-profiles", Need: auth.ReadCustomers, List: segment.ProfileList, Handle: List(shape.ScopedPage(s.Segments.Profiles), appendProfile)},
		{Method: "POST", Pattern: "/shopper-profiles", Need: auth.ModifyCustomers, Class: rest.Creating, Titles: createProfiles,
			Handle: shape.Call(objects(segment.MaxBatch, decodeProfile, "customer_id"), shape.Scoped(s.Segments.CreateProfiles), createdRows(appendProfile))},
		{Method: "DELETE", Pattern: "/shopper-profiles", Need: auth.ModifyCustomers, List: segment.DeleteProfileList, Handle: remove(shape.Scoped(s.Segments.DeleteProfiles))},
		{Method: "GET", Pattern: "/shopper-profiles/{shopperProfileId}/segments", Need: auth.ReadCustomers, List: segment.OfProfileList, Handle: List(s.segmentsOfProfile, appendSegment)},
	}
}

func segmentID(c *rest.Call) string { return chi.URLParam(c.R, "segmentId") }

func (s *Surface) members(c *rest.Call, q *listing.Query) ([]segment.Profile, *listing.Result, error) {
	return s.Segments.Members(c.Ctx(), c.StoreID(), segmentID(c), q)
}

func (s *Surface) addMembers(c *rest.Call, profiles []string) ([]segment.Profile, error) {
	return s.Segments.AddMembers(c.Ctx(), c.StoreID(), segmentID(c), profiles)
}

func (s *Surface) removeMembers(c *rest.Call, q *listing.Query) (int, error) {
	return s.Segments.RemoveMembers(c.Ctx(), c.StoreID(), segmentID(c), q)
}

func (s *Surface) segmentsOfProfile(c *rest.Call, q *listing.Query) ([]segment.Segment, *listing.Result, error) {
	return s.Segments.OfProfile(c.Ctx(), c.StoreID(), chi.URLParam(c.R, "shopperProfileId"), q)
}

func decodeNewSegment(o decode.Object) segment.Create {
	o.Only([]string{"name", "description"}, []string{"id", "created_at", "updated_at"})
	o.Required("name")
	return segment.Create{Name: o.Text("name").Value, Description: o.Text("description").Value}
}

// decodeSegment passes over what clients send back as they have read it.
func decodeSegment(o decode.Object) segment.Update {
	o.Only([]string{"id", "name", "description"}, nil, "created_at", "updated_at")
	o.Required("id")
	return segment.Update{UUID: o.Text("id").Value, Name: o.Text("name"), Description: o.Text("description")}
}

// decodeProfile reads the customer whose profile is to be made.
func decodeProfile(o decode.Object) int64 {
	o.Only([]string{"customer_id"}, []string{"id", "created_at", "updated_at"})
	if _, ok := o.Given("customer_id"); !ok {
		o.Faults.Add("customer_id", fault.Required, "", "")
	}
	return o.Int("customer_id").Value
}

// readMembers reads a body that is an array of ids of profiles.
func readMembers(c *rest.Call) ([]string, error) {
	v, err := c.JSON()
	if err == nil {
		err = arrayOf(v, segment.MaxBatch)
	}
	if err != nil {
		return nil, err
	}
	in, _, err := each(v, func(o decode.Object) (string, struct{}) {
		id, ok := o.Value.Str()
		if !ok {
			o.Wrong("", jsonx.String)
		}
		return id, struct{}{}
	})
	return in, err
}

func appendSegment(b []byte, s *segment.Segment) []byte {
	b = append(b, `{"id":`...)
	b = jsonx.AppendString(b, s.UUID)
	b = append(b, `,"name":`...)
	b = jsonx.AppendString(b, s.Name)
	b = append(b, `,"description":`...)
	b = jsonx.AppendString(b, s.Description)
	b = append(b, `,"created_at":`...)
	b = jsonx.AppendTime(b, s.DateCreated)
	b = append(b, `,"updated_at":`...)
	b = jsonx.AppendTime(b, s.DateModified)
	return append(b, '}')
}

func appendProfile(b []byte, p *segment.Profile) []byte {
	b = append(b, `{"id":`...)
	b = jsonx.AppendString(b, p.UUID)
	b = append(b, `,"customer_id":`...)
	b = strconv.AppendInt(b, p.CustomerID, 10)
	b = append(b, `,"created_at":`...)
	b = jsonx.AppendTime(b, p.DateCreated)
	b = append(b, `,"updated_at":`...)
	b = jsonx.AppendTime(b, p.DateModified)
	return append(b, '}')
}
