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
	"clientele/internal/segment"
)

// The original caps all writes of segments at the limit of creating ones, and
// reading members needs the scope to modify.
func (s *Surface) segmentRoutes() []rest.Route {
	return []rest.Route{
		{Method: "GET", Pattern: "/segments", Need: auth.ReadCustomers, Handle: s.listSegments},
		{Method: "POST", Pattern: "/segments", Need: auth.ModifyCustomers, Class: rest.Creating, Handle: s.createSegments, Titles: createSegments},
		{Method: "PUT", Pattern: "/segments", Need: auth.ModifyCustomers, Class: rest.Creating, Handle: s.updateSegments, Titles: updateSegments},
		{Method: "DELETE", Pattern: "/segments", Need: auth.ModifyCustomers, Handle: s.deleteSegments},
		{Method: "GET", Pattern: "/segments/{segmentId}/shopper-profiles", Need: auth.ModifyCustomers, Handle: s.listMembers},
		{Method: "POST", Pattern: "/segments/{segmentId}/shopper-profiles", Need: auth.ModifyCustomers, Class: rest.Creating, Handle: s.addMembers, Titles: addProfiles},
		{Method: "DELETE", Pattern: "/segments/{segmentId}/shopper-profiles", Need: auth.ModifyCustomers, Handle: s.removeMembers},
		{Method: "GET", Pattern: "/shopper-profiles", Need: auth.ReadCustomers, Handle: s.listProfiles},
		{Method: "POST", Pattern: "/shopper-profiles", Need: auth.ModifyCustomers, Class: rest.Creating, Handle: s.createProfiles, Titles: createProfiles},
		{Method: "DELETE", Pattern: "/shopper-profiles", Need: auth.ModifyCustomers, Handle: s.deleteProfiles},
		{Method: "GET", Pattern: "/shopper-profiles/{shopperProfileId}/segments", Need: auth.ReadCustomers, Handle: s.listSegmentsOfProfile},
	}
}

var segmentLists = map[string]*listing.Spec{
	"GET /segments":    segment.List,
	"DELETE /segments": segment.DeleteList,
	"GET /segments/{segmentId}/shopper-profiles":        segment.MemberList,
	"DELETE /segments/{segmentId}/shopper-profiles":     segment.RemoveMemberList,
	"GET /shopper-profiles":                             segment.ProfileList,
	"DELETE /shopper-profiles":                          segment.DeleteProfileList,
	"GET /shopper-profiles/{shopperProfileId}/segments": segment.OfProfileList,
}

func (s *Surface) listSegments(c *rest.Call) error {
	q, err := segment.List.Parse(c.R.URL.RawQuery)
	if err != nil {
		return err
	}
	rows, res, err := s.Segments.List(c.Ctx(), c.StoreID(), q)
	if err != nil {
		return err
	}
	SendList(c, q, res, false, rows, appendSegment)
	return nil
}

func (s *Surface) createSegments(c *rest.Call) error {
	v, err := array(c, segment.MaxBatch)
	if err != nil {
		return err
	}
	if err := objects(v, []string{"name"}); err != nil {
		return err
	}
	in := make([]segment.Create, v.Len())
	var items []fault.Item
	for i, e := range v.Elems() {
		col := fault.Collector{Index: i}
		d := decoder{e, &col}
		d.required("name")
		in[i] = segment.Create{Name: d.text("name").Value, Description: d.text("description").Value}
		items = append(items, col.Items...)
	}
	if err := malformed(items); err != nil {
		return err
	}
	rows, err := s.Segments.Create(c.Ctx(), c.StoreID(), in)
	if err != nil {
		return err
	}
	sendCreated(c, rows, appendSegment)
	return nil
}

// sendCreated answers 201 with rows and an empty meta.
func sendCreated[T any](c *rest.Call, rows []T, row func([]byte, *T) []byte) {
	sendRows(c, http.StatusCreated, `],"meta":{}}`, rows, func(b []byte, r *T, _ int) []byte { return row(b, r) })
}

func (s *Surface) updateSegments(c *rest.Call) error {
	v, err := array(c, segment.MaxBatch)
	if err != nil {
		return err
	}
	if err := objects(v, []string{"id"}); err != nil {
		return err
	}
	in := make([]segment.Update, v.Len())
	var items []fault.Item
	for i, e := range v.Elems() {
		col := fault.Collector{Index: i}
		d := decoder{e, &col}
		d.required("id")
		in[i] = segment.Update{UUID: d.text("id").Value, Name: d.text("name"), Description: d.text("description")}
		items = append(items, col.Items...)
	}
	if err := malformed(items); err != nil {
		return err
	}
	rows, err := s.Segments.Update(c.Ctx(), c.StoreID(), in)
	if err != nil {
		return err
	}
	sendCreated(c, rows, appendSegment)
	return nil
}

func (s *Surface) deleteSegments(c *rest.Call) error {
	q, err := segment.DeleteList.Parse(c.R.URL.RawQuery)
	if err != nil {
		return err
	}
	if _, err := s.Segments.Delete(c.Ctx(), c.StoreID(), q); err != nil {
		return err
	}
	c.SendEmpty(http.StatusNoContent)
	return nil
}

func (s *Surface) listMembers(c *rest.Call) error {
	q, err := segment.MemberList.Parse(c.R.URL.RawQuery)
	if err != nil {
		return err
	}
	rows, res, err := s.Segments.Members(c.Ctx(), c.StoreID(), chi.URLParam(c.R, "segmentId"), q)
	if err != nil {
		return err
	}
	SendList(c, q, res, false, rows, appendProfile)
	return nil
}

func (s *Surface) addMembers(c *rest.Call) error {
	v, err := array(c, segment.MaxBatch)
	if err != nil {
		return err
	}
	in := make([]string, v.Len())
	var items []fault.Item
	for i, e := range v.Elems() {
		var ok bool
		if in[i], ok = e.Str(); !ok {
			items = append(items, fault.Item{Index: i, Code: fault.WrongType, Want: jsString})
		}
	}
	if err := malformed(items); err != nil {
		return err
	}
	rows, err := s.Segments.AddMembers(c.Ctx(), c.StoreID(), chi.URLParam(c.R, "segmentId"), in)
	if err != nil {
		return err
	}
	// This one answer has no meta.
	sendRows(c, http.StatusCreated, `]}`, rows, func(b []byte, p *segment.Profile, _ int) []byte { return appendProfile(b, p) })
	return nil
}

func (s *Surface) removeMembers(c *rest.Call) error {
	q, err := segment.RemoveMemberList.Parse(c.R.URL.RawQuery)
	if err != nil {
		return err
	}
	if _, err := s.Segments.RemoveMembers(c.Ctx(), c.StoreID(), chi.URLParam(c.R, "segmentId"), q); err != nil {
		return err
	}
	c.SendEmpty(http.StatusNoContent)
	return nil
}

func (s *Surface) listProfiles(c *rest.Call) error {
	q, err := segment.ProfileList.Parse(c.R.URL.RawQuery)
	if err != nil {
		return err
	}
	rows, res, err := s.Segments.Profiles(c.Ctx(), c.StoreID(), q)
	if err != nil {
		return err
	}
	SendList(c, q, res, false, rows, appendProfile)
	return nil
}

func (s *Surface) createProfiles(c *rest.Call) error {
	v, err := array(c, segment.MaxBatch)
	if err != nil {
		return err
	}
	if err := objects(v, []string{"customer_id"}); err != nil {
		return err
	}
	in := make([]int64, v.Len())
	var items []fault.Item
	for i, e := range v.Elems() {
		col := fault.Collector{Index: i}
		d := decoder{e, &col}
		if _, ok := d.given("customer_id"); !ok {
			col.Add("customer_id", fault.Required, "", "")
		}
		in[i] = d.integer("customer_id").Value
		items = append(items, col.Items...)
	}
	if err := malformed(items); err != nil {
		return err
	}
	rows, err := s.Segments.CreateProfiles(c.Ctx(), c.StoreID(), in)
	if err != nil {
		return err
	}
	sendCreated(c, rows, appendProfile)
	return nil
}

func (s *Surface) deleteProfiles(c *rest.Call) error {
	q, err := segment.DeleteProfileList.Parse(c.R.URL.RawQuery)
	if err != nil {
		return err
	}
	if _, err := s.Segments.DeleteProfiles(c.Ctx(), c.StoreID(), q); err != nil {
		return err
	}
	c.SendEmpty(http.StatusNoContent)
	return nil
}

func (s *Surface) listSegmentsOfProfile(c *rest.Call) error {
	q, err := segment.OfProfileList.Parse(c.R.URL.RawQuery)
	if err != nil {
		return err
	}
	rows, res, err := s.Segments.OfProfile(c.Ctx(), c.StoreID(), chi.URLParam(c.R, "shopperProfileId"), q)
	if err != nil {
		return err
	}
	SendList(c, q, res, false, rows, appendSegment)
	return nil
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
