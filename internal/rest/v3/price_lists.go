package v3

import (
	"strconv"

	"clientele/internal/auth"
	"clientele/internal/group"
	"clientele/internal/jsonx"
	"clientele/internal/rest"
	"clientele/internal/rest/decode"
	"clientele/internal/rest/shape"
)

func (s *Surface) priceListRoutes() []rest.Route {
	list := shape.ID("price_list_id")
	return []rest.Route{
		{Method: "GET", Pattern: "/pricelists/assignments", Need: auth.ReadProducts, List: group.Assignments,
			Handle: List(shape.ScopedPage(s.Groups.Assignments), appendAssignment)},
		{Method: "POST", Pattern: "/pricelists/assignments", Need: auth.ModifyProducts, Class: rest.Creating, Titles: assignPriceLists,
			Handle: shape.Call(objects(group.MaxAssignments, decodeAssignment, "price_list_id"), shape.Scoped(s.Groups.Assign), done[[]group.Assignment])},
		{Method: "DELETE", Pattern: "/pricelists/assignments", Need: auth.ModifyProducts, List: group.Unassigned,
			Handle: remove(shape.Scoped(s.Groups.Unassign))},
		{Method: "PUT", Pattern: "/pricelists/{price_list_id}/assignments", Need: auth.ModifyProducts, Class: rest.Updating, Titles: putPriceList,
			Handle: shape.CallAt(list, withIDAs("price_list_id", object[group.Assignment], list, decodePlace), s.putAssignment, one(appendAssignment))},
	}
}

func (s *Surface) putAssignment(c *rest.Call, priceList int64, in group.Assignment) (*group.Assignment, error) {
	in.PriceListID = priceList
	return shape.Ref(s.Groups.PutAssignment(c.Ctx(), c.StoreID(), in))
}

// decodeAssignment reads an item of a batch. The group and the channel may be
// left out; 0 says the same.
func decodeAssignment(o decode.Object) group.Assignment {
	o.RequiredAs(jsonx.Number, "price_list_id")
	o.Only(nil, []string{"id"})
	a := place(o)
	a.PriceListID = o.Int("price_list_id").Value
	return a
}

// decodePlace reads to whom the price list of the path applies.
func decodePlace(o decode.Object) group.Assignment {
	o.RequiredAs(jsonx.Number, "customer_group_id", "channel_id")
	return place(o)
}

func place(o decode.Object) group.Assignment {
	return group.Assignment{GroupID: o.Int("customer_group_id").Value, ChannelID: o.Int("channel_id").Value}
}

func appendAssignment(b []byte, a *group.Assignment) []byte {
	b = strconv.AppendInt(append(b, `{"id":`...), a.ID, 10)
	b = strconv.AppendInt(append(b, `,"price_list_id":`...), a.PriceListID, 10)
	b = strconv.AppendInt(append(b, `,"customer_group_id":`...), a.GroupID, 10)
	b = strconv.AppendInt(append(b, `,"channel_id":`...), a.ChannelID, 10)
	return append(b, '}')
}
