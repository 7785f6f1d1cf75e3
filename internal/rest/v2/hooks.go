package v2

import (
	"net/http"
	"strconv"

	"clientele/internal/auth"
	"clientele/internal/fault"
	"clientele/internal/jsonx"
	"clientele/internal/opt"
	"clientele/internal/rest"
	"clientele/internal/webhook"
)

func (s *Surface) hookRoutes() []rest.Route {
	return []rest.Route{
		{Method: "GET", Pattern: "/hooks", Need: auth.AnyAccount, Handle: s.listHooks},
		{Method: "POST", Pattern: "/hooks", Need: auth.AnyAccount, Class: rest.Creating, Handle: s.createHook},
		{Method: "GET", Pattern: "/hooks/{webhook_id}", Need: auth.AnyAccount, Handle: s.getHook},
		{Method: "PUT", Pattern: "/hooks/{webhook_id}", Need: auth.AnyAccount, Class: rest.Updating, Handle: s.updateHook},
		{Method: "DELETE", Pattern: "/hooks/{webhook_id}", Need: auth.AnyAccount, Handle: s.deleteHook},
	}
}

// listHooks answers with an array even where it is empty, unlike other lists:
// hooks are a service of their own in the original.
func (s *Surface) listHooks(c *rest.Call) error {
	q, err := parse(webhook.List, c)
	if err != nil {
		return err
	}
	rows, _, err := s.Webhooks.List(c.Ctx(), c.StoreID(), c.Account.ClientID, q)
	if err != nil {
		return err
	}
	if len(rows) == 0 {
		c.Send(http.StatusOK, []byte("[]"))
		return nil
	}
	return sendList(c, rows, hookOf(c))
}

func (s *Surface) getHook(c *rest.Call) error {
	id, err := c.PathID("webhook_id")
	if err != nil {
		return err
	}
	if err := plain(c); err != nil {
		return err
	}
	h, err := s.Webhooks.Get(c.Ctx(), c.StoreID(), c.Account.ClientID, id)
	if err != nil {
		return err
	}
	return sendOne(c, &h, hookOf(c))
}

func (s *Surface) createHook(c *rest.Call) error {
	d, err := hookBody(c)
	if err != nil {
		return err
	}
	d.required("scope", "destination")
	in := webhook.Create{
		Scope: d.text("scope").Value, Destination: d.text("destination").Value,
		Headers: d.headers().Value, IsActive: d.flag("is_active"),
	}
	if err := d.err(); err != nil {
		return err
	}
	h, err := s.Webhooks.Create(c.Ctx(), c.StoreID(), c.Account.ClientID, in)
	if err != nil {
		return err
	}
	b := rest.Buffer()
	b.B = hookOf(c)(b.B, &h)
	c.Send(http.StatusCreated, b.B)
	b.Free()
	return nil
}

func (s *Surface) updateHook(c *rest.Call) error {
	id, err := c.PathID("webhook_id")
	if err != nil {
		return err
	}
	d, err := hookBody(c)
	if err != nil {
		return err
	}
	in := webhook.Update{ID: id, Scope: d.text("scope"), Destination: d.text("destination"), Headers: d.headers(), IsActive: d.flag("is_active")}
	if err := d.err(); err != nil {
		return err
	}
	h, err := s.Webhooks.Update(c.Ctx(), c.StoreID(), c.Account.ClientID, in)
	if err != nil {
		return err
	}
	return sendOne(c, &h, hookOf(c))
}

func (s *Surface) deleteHook(c *rest.Call) error {
	id, err := c.PathID("webhook_id")
	if err != nil {
		return err
	}
	if err := plain(c); err != nil {
		return err
	}
	h, err := s.Webhooks.Delete(c.Ctx(), c.StoreID(), c.Account.ClientID, id)
	if err != nil {
		return err
	}
	return sendOne(c, &h, hookOf(c))
}

// hookMembers are what a body may hold. Clients send back what they were
// given, so what cannot be written is passed over.
var hookMembers = []string{"scope", "destination", "headers", "is_active", "id", "client_id", "store_hash", "created_at", "updated_at"}

func hookBody(c *rest.Call) (decoder, error) {
	d, err := object(c, &fault.Collector{})
	if err == nil {
		d.members(hookMembers, nil)
	}
	return d, err
}

// headers reads an object of texts. Null and, as XML writes it, an empty text
// take all away.
func (d decoder) headers() opt.Field[[]webhook.Header] {
	const name = "headers"
	v := d.v.Get(name)
	switch {
	case !v.Present():
		return opt.Field[[]webhook.Header]{}
	case v.IsNull(), emptyText(v):
		return opt.Null[[]webhook.Header]()
	case v.Kind() != jsonx.Object:
		d.wrong(name, "an object of strings")
		return opt.Field[[]webhook.Header]{}
	}
	var out []webhook.Header
	for key, e := range v.Members() {
		text, ok := e.Str()
		if !ok {
			d.wrong(name+"."+key, "a string")
		}
		out = append(out, webhook.Header{Name: key, Value: text})
	}
	return opt.Some(out)
}

func hookOf(c *rest.Call) func([]byte, *webhook.Hook) []byte {
	return func(b []byte, h *webhook.Hook) []byte {
		b = append(b, `{"id":`...)
		b = strconv.AppendInt(b, h.ID, 10)
		b = append(b, `,"client_id":`...)
		b = jsonx.AppendString(b, h.ClientID)
		b = append(b, `,"store_hash":`...)
		b = jsonx.AppendString(b, c.Account.StoreHash)
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
		b = strconv.AppendInt(b, h.DateModified, 10)
		return append(b, '}')
	}
}
