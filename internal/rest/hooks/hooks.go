// Package hooks is what the V2 and V3 APIs have in common about webhooks, which
// are one resource with two wire forms: the routes, the calls of the service
// and the members of a hook.
package hooks

import (
	"strconv"

	"clientele/internal/auth"
	"clientele/internal/jsonx"
	"clientele/internal/listing"
	"clientele/internal/opt"
	"clientele/internal/rest"
	"clientele/internal/rest/decode"
	"clientele/internal/rest/shape"
	"clientele/internal/webhook"
)

// Handlers serve the routes in a surface's wire form.
type Handlers struct {
	List, Create, Get, Update, Delete func(*rest.Call) error
	// Titles are those of writes.
	Titles *rest.Titles
}

// Routes returns the routes of hooks.
func Routes(h Handlers) []rest.Route {
	return []rest.Route{
		{Method: "GET", Pattern: "/hooks", Need: auth.AnyAccount, List: webhook.List, Handle: h.List},
		{Method: "POST", Pattern: "/hooks", Need: auth.AnyAccount, Class: rest.Creating, Titles: h.Titles, Handle: h.Create},
		{Method: "GET", Pattern: "/hooks/{webhook_id}", Need: auth.AnyAccount, Handle: h.Get},
		{Method: "PUT", Pattern: "/hooks/{webhook_id}", Need: auth.AnyAccount, Class: rest.Updating, Titles: h.Titles, Handle: h.Update},
		{Method: "DELETE", Pattern: "/hooks/{webhook_id}", Need: auth.AnyAccount, Handle: h.Delete},
	}
}

// Service calls the service for the app that makes a request: an app sees and
// changes only its own hooks.
type Service struct{ *webhook.Service }

// List returns a page of the app's hooks.
func (s Service) List(c *rest.Call, q *listing.Query) ([]webhook.Hook, *listing.Result, error) {
	return s.Service.List(c.Ctx(), c.StoreID(), c.Account.ClientID, q)
}

// Get returns a hook.
func (s Service) Get(c *rest.Call, id int64) (*webhook.Hook, error) {
	return shape.Ref(s.Service.Get(c.Ctx(), c.StoreID(), c.Account.ClientID, id))
}

// Create makes a hook.
func (s Service) Create(c *rest.Call, in webhook.Create) (*webhook.Hook, error) {
	return shape.Ref(s.Service.Create(c.Ctx(), c.StoreID(), c.Account.ClientID, in))
}

// Update changes a hook.
func (s Service) Update(c *rest.Call, id int64, in webhook.Update) (*webhook.Hook, error) {
	in.ID = id
	return shape.Ref(s.Service.Update(c.Ctx(), c.StoreID(), c.Account.ClientID, in))
}

// Delete removes a hook and returns what it was.
func (s Service) Delete(c *rest.Call, id int64) (*webhook.Hook, error) {
	return shape.Ref(s.Service.Delete(c.Ctx(), c.StoreID(), c.Account.ClientID, id))
}

// What becomes of members. Changes pass over what clients send back as they
// have read it; the id is that of the path.
var (
	members  = []string{"scope", "destination", "headers", "is_active"}
	readOnly = []string{"id", "client_id", "store_hash", "created_at", "updated_at"}
)

// DecodeNew reads a new hook.
func DecodeNew(o decode.Object) webhook.Create {
	o.Only(members, readOnly)
	o.Required("scope", "destination")
	return webhook.Create{
		Scope: o.Text("scope").Value, Destination: o.Text("destination").Value, Headers: headers(o).Value, IsActive: o.Flag("is_active"),
	}
}

// Decode reads a change of a hook.
func Decode(o decode.Object) webhook.Update {
	o.Only(members, nil, readOnly...)
	return webhook.Update{Scope: o.Text("scope"), Destination: o.Text("destination"), Headers: headers(o), IsActive: o.Flag("is_active")}
}

// headers reads an object of texts, which null takes away.
func headers(o decode.Object) opt.Field[[]webhook.Header] {
	var out []webhook.Header
	given, null := o.Pairs("headers", jsonx.Value.Str, func(name, value string) {
		out = append(out, webhook.Header{Name: name, Value: value})
	})
	return opt.Field[[]webhook.Header]{Set: given, Null: null, Value: out}
}

// Row returns what appends hooks to the answer to a call.
func Row(c *rest.Call) func([]byte, *webhook.Hook) []byte {
	return func(b []byte, h *webhook.Hook) []byte { return append(AppendMembers(b, h, c.Account.StoreHash), '}') }
}

// AppendMembers appends a hook without the last brace.
func AppendMembers(b []byte, h *webhook.Hook, storeHash string) []byte {
	b = append(b, `{"id":`...)
	b = strconv.AppendInt(b, h.ID, 10)
	b = append(b, `,"client_id":`...)
	b = jsonx.AppendString(b, h.ClientID)
	b = append(b, `,"store_hash":`...)
	b = jsonx.AppendString(b, storeHash)
	b = append(b, `,"scope":`...)
	b = jsonx.AppendString(b, h.Scope)
	b = append(b, `,"destination":`...)
	b = jsonx.AppendString(b, h.Destination)
	b = append(b, `,"headers":`...)
	b = webhook.AppendHeaders(b, h.Headers)
	b = append(b, `,"is_active":`...)
	b = strconv.AppendBool(b, h.IsActive)
	b = append(b, `,"created_at":`...)
	b = strconv.AppendInt(b, h.DateCreated, 10)
	b = append(b, `,"updated_at":`...)
	return strconv.AppendInt(b, h.DateModified, 10)
}
