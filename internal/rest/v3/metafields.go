package v3

import (
	"strconv"

	"clientele/internal/auth"
	"clientele/internal/fault"
	"clientele/internal/jsonx"
	"clientele/internal/listing"
	"clientele/internal/metafield"
	"clientele/internal/rest"
	"clientele/internal/rest/decode"
	"clientele/internal/rest/shape"
)

func (s *Surface) metafieldRoutes() []rest.Route {
	owner := shape.ID("customerId")
	single := shape.IDs(owner, shape.ID("metafieldId"))
	return []rest.Route{
		{Method: "GET", Pattern: "/customers/metafields", Need: auth.ReadCustomers, List: metafield.List, Handle: listAs(s.allMetafields, metafieldRow)},
		{Method: "POST", Pattern: "/customers/metafields", Need: auth.ModifyCustomers, Class: rest.Creating,
			Handle: partial(decodeMetafieldOf, s.createMetafields, appendWhole)},
		{Method: "PUT", Pattern: "/customers/metafields", Need: auth.ModifyCustomers, Class: rest.Updating,
			Handle: partial(decodeMetafieldByID, s.updateMetafields, appendWhole)},
		{Method: "DELETE", Pattern: "/customers/metafields", Need: auth.ModifyCustomers,
			Handle: partial(decodeID, s.deleteMetafields, appendID)},
		{Method: "GET", Pattern: "/customers/{customerId}/metafields", Need: auth.ReadCustomers, List: metafield.List, Handle: listAs(s.metafieldsOf, metafieldRow)},
		{Method: "POST", Pattern: "/customers/{customerId}/metafields", Need: auth.ModifyCustomers, Class: rest.Creating, Titles: createMetafield,
			Handle: shape.CallAt(owner, input(decodeNewMetafield), s.createMetafield, one(appendWhole))},
		{Method: "GET", Pattern: "/customers/{customerId}/metafields/{metafieldId}", Need: auth.ReadCustomers, Handle: get(single, s.getMetafield, one(appendWhole))},
		{Method: "PUT", Pattern: "/customers/{customerId}/metafields/{metafieldId}", Need: auth.ModifyCustomers, Class: rest.Updating, Titles: updateMetafield,
			Handle: shape.CallAt(single, metafieldBody, s.updateMetafield, one(appendWhole))},
		{Method: "DELETE", Pattern: "/customers/{customerId}/metafields/{metafieldId}", Need: auth.ModifyCustomers, Titles: deleteMetafield,
			Handle: shape.Do(single, s.deleteMetafield)},
	}
}

func caller(c *rest.Call) metafield.Caller {
	return metafield.Caller{ClientID: c.Account.ClientID, All: c.Account.Allows(auth.AnyMetafield)}
}

func (s *Surface) allMetafields(c *rest.Call, q *listing.Query) ([]metafield.Metafield, *listing.Result, error) {
	return s.Metafields.List(c.Ctx(), c.StoreID(), caller(c), 0, q)
}

func (s *Surface) metafieldsOf(c *rest.Call, q *listing.Query) ([]metafield.Metafield, *listing.Result, error) {
	owner, err := c.PathID("customerId")
	if err != nil {
		return nil, nil, err
	}
	return s.Metafields.List(c.Ctx(), c.StoreID(), caller(c), owner, q)
}

func (s *Surface) getMetafield(c *rest.Call, m shape.Pair) (*metafield.Metafield, error) {
	return shape.Ref(s.Metafields.Get(c.Ctx(), c.StoreID(), caller(c), m.Owner, m.ID))
}

func (s *Surface) createMetafield(c *rest.Call, owner int64, in metafield.Create) (*metafield.Metafield, error) {
	in.CustomerID = owner
	return shape.Ref(s.Metafields.Create(c.Ctx(), c.StoreID(), caller(c), in))
}

func (s *Surface) updateMetafield(c *rest.Call, m shape.Pair, in metafield.Update) (*metafield.Metafield, error) {
	in.ID = m.ID
	return shape.Ref(s.Metafields.Update(c.Ctx(), c.StoreID(), caller(c), m.Owner, in))
}

func (s *Surface) deleteMetafield(c *rest.Call, m shape.Pair) error {
	return s.Metafields.Delete(c.Ctx(), c.StoreID(), caller(c), m.Owner, m.ID)
}

func (s *Surface) createMetafields(c *rest.Call, in []metafield.Create) (metafield.Outcome, error) {
	return s.Metafields.CreateBatch(c.Ctx(), c.StoreID(), caller(c), in)
}

func (s *Surface) updateMetafields(c *rest.Call, in []metafield.Update) (metafield.Outcome, error) {
	return s.Metafields.UpdateBatch(c.Ctx(), c.StoreID(), caller(c), in)
}

func (s *Surface) deleteMetafields(c *rest.Call, ids []int64) (metafield.Outcome, error) {
	return s.Metafields.DeleteBatch(c.Ctx(), c.StoreID(), caller(c), ids)
}

var (
	metafieldMembers        = []string{"permission_set", "namespace", "key", "value", "description"}
	metafieldOfMembers      = append([]string{"resource_id"}, metafieldMembers...)
	changedMetafieldMembers = append([]string{"id", "owner_client_id"}, metafieldOfMembers...)
	metafieldReadOnly       = []string{"id", "resource_id", "resource_type", "owner_client_id", "date_created", "date_modified"}
)

func decodeNewMetafield(o decode.Object) metafield.Create {
	o.Only(metafieldMembers, metafieldReadOnly)
	return decodeMetafield(o)
}

func decodeMetafield(o decode.Object) metafield.Create {
	o.Required("permission_set", "namespace", "key", "value")
	return metafield.Create{
		Namespace:   o.Text("namespace").Value,
		Key:         o.Text("key").Value,
		Value:       o.Text("value").Value,
		Description: o.Text("description").Value,
		Permission:  o.Text("permission_set").Value,
	}
}

// decodeMetafieldUpdate passes over what clients send back as they have read it.
func decodeMetafieldUpdate(o decode.Object) metafield.Update {
	o.Only(changedMetafieldMembers, nil, "resource_type", "date_created", "date_modified")
	return metafield.Update{
		Claims:      metafield.Claims{CustomerID: o.Int("resource_id"), ClientID: o.Text("owner_client_id")},
		ID:          o.Int("id").Value,
		Namespace:   o.Text("namespace"),
		Key:         o.Text("key"),
		Value:       o.Text("value"),
		Description: o.Text("description"),
		Permission:  o.Text("permission_set"),
	}
}

// metafieldBody reads a change, which may repeat the id of the path.
func metafieldBody(c *rest.Call) (metafield.Update, error) {
	return input(func(o decode.Object) metafield.Update {
		in := decodeMetafieldUpdate(o)
		if id, err := c.PathID("metafieldId"); in.ID != 0 && (err != nil || in.ID != id) {
			o.Faults.Add("id", fault.NotAccepted, "", "id must be that of the path")
		}
		return in
	})(c)
}

// decodeMetafieldOf reads an item of a batch, which names the customer.
func decodeMetafieldOf(o decode.Object) (in metafield.Create) {
	if isObject(o) {
		o.Only(metafieldOfMembers, metafieldReadOnly)
		in = decodeMetafield(o)
		o.RequiredAs(jsonx.Number, "resource_id")
		in.CustomerID = o.Int("resource_id").Value
	}
	return in
}

// decodeMetafieldByID reads an item of a batch, which names the metafield.
func decodeMetafieldByID(o decode.Object) (in metafield.Update) {
	if isObject(o) {
		o.RequiredAs(jsonx.Number, "id")
		in = decodeMetafieldUpdate(o)
	}
	return in
}

// decodeID reads an item of a batch that is an id.
func decodeID(o decode.Object) int64 {
	id, ok := o.Value.Int()
	if !ok {
		o.Wrong("", jsonx.Number)
	}
	return id
}

func metafieldRow(_ *rest.Call, q *listing.Query) func([]byte, *metafield.Metafield) []byte {
	return func(b []byte, row *metafield.Metafield) []byte { return appendMetafield(b, row, q.Shows) }
}

func everything(string) bool { return true }

func appendWhole(b []byte, m *metafield.Metafield) []byte { return appendMetafield(b, m, everything) }

func appendID(b []byte, m *metafield.Metafield) []byte { return strconv.AppendInt(b, m.ID, 10) }

func appendMetafield(b []byte, m *metafield.Metafield, shows func(string) bool) []byte {
	b = append(b, `{"id":`...)
	b = strconv.AppendInt(b, m.ID, 10)
	text := func(name, v string) {
		if shows(name) {
			b = append(b, ',')
			b = jsonx.AppendKey(b, name)
			b = jsonx.AppendString(b, v)
		}
	}
	text("key", m.Key)
	text("value", m.Value)
	text("namespace", m.Namespace)
	text("permission_set", m.Permission)
	text("resource_type", "customer")
	if shows("resource_id") {
		b = append(b, `,"resource_id":`...)
		b = strconv.AppendInt(b, m.CustomerID, 10)
	}
	text("description", m.Description)
	if shows("date_created") {
		b = append(b, `,"date_created":`...)
		b = jsonx.AppendTimeOffset(b, m.DateCreated)
	}
	if shows("date_modified") {
		b = append(b, `,"date_modified":`...)
		b = jsonx.AppendTimeOffset(b, m.DateModified)
	}
	text("owner_client_id", m.ClientID)
	return append(b, '}')
}
