package v3

import (
	"net/http"
	"strconv"

	"github.com/go-chi/chi/v5"

	"clientele/internal/auth"
	"clientele/internal/fault"
	"clientele/internal/jsonx"
	"clientele/internal/listing"
	"clientele/internal/opt"
	"clientele/internal/rest"
	"clientele/internal/webhook"
)

func (s *Surface) hookRoutes() []rest.Route {
	return []rest.Route{
		{Method: "GET", Pattern: "/hooks", Need: auth.AnyAccount, Handle: s.listHooks},
		{Method: "POST", Pattern: "/hooks", Need: auth.AnyAccount, Class: rest.Creating, Handle: s.createHook, Titles: writeHook},
		{Method: "GET", Pattern: "/hooks/admin", Need: auth.AnyAccount, Handle: s.getHooksAdmin},
		{Method: "PUT", Pattern: "/hooks/admin", Need: auth.AnyAccount, Class: rest.Updating, Handle: s.putHooksAdmin, Titles: writeHook},
		{Method: "GET", Pattern: "/hooks/{webhook_id}", Need: auth.AnyAccount, Handle: s.getHook},
		{Method: "PUT", Pattern: "/hooks/{webhook_id}", Need: auth.AnyAccount, Class: rest.Updating, Handle: s.updateHook, Titles: writeHook},
		{Method: "DELETE", Pattern: "/hooks/{webhook_id}", Need: auth.AnyAccount, Handle: s.deleteHook},
	}
}

var hookLists = map[string]*listing.Spec{
	"GET /hooks":       webhook.List,
	"GET /hooks/admin": webhook.AdminList,
}

// hookID is PathID with the words that hooks have for what is missing.
func hookID(c *rest.Call) (int64, error) {
	id, err := PathID(c, "webhook_id")
	if err != nil {
		err = &fault.Error{Kind: fault.NotFound, Cause: err, Items: []fault.Item{{Index: -1, Code: fault.Unknown, Why: webhook.WhyNoWebhook, Value: chi.URLParam(c.R, "webhook_id")}}}
	}
	return id, err
}

func (s *Surface) listHooks(c *rest.Call) error {
	q, err := webhook.List.Parse(c.R.URL.RawQuery)
	if err != nil {
		return err
	}
	rows, res, err := s.Webhooks.List(c.Ctx(), c.StoreID(), c.Account.ClientID, q)
	if err != nil {
		return err
	}
	SendList(c, q, res, false, rows, func(b []byte, h *webhook.Hook) []byte { return append(appendHook(b, h, c.Account.StoreHash), '}') })
	return nil
}

func sendHook(c *rest.Call, h *webhook.Hook) {
	sendOne(c, h, func(b []byte, h *webhook.Hook) []byte { return append(appendHook(b, h, c.Account.StoreHash), '}') })
}

func (s *Surface) getHook(c *rest.Call) error {
	id, err := hookID(c)
	if err != nil {
		return err
	}
	h, err := s.Webhooks.Get(c.Ctx(), c.StoreID(), c.Account.ClientID, id)
	if err != nil {
		return err
	}
	sendHook(c, &h)
	return nil
}

func (s *Surface) createHook(c *rest.Call) error {
	d, err := single(c)
	if err != nil {
		return err
	}
	d.required("scope", "destination")
	in := webhook.Create{
		Scope:       d.text("scope").Value,
		Destination: d.text("destination").Value,
		Headers:     d.headers().Value,
		IsActive:    d.flag("is_active"),
	}
	if err := malformed(d.c.Items); err != nil {
		return err
	}
	h, err := s.Webhooks.Create(c.Ctx(), c.StoreID(), c.Account.ClientID, in)
	if err != nil {
		return err
	}
	sendHook(c, &h)
	return nil
}

func (s *Surface) updateHook(c *rest.Call) error {
	id, err := hookID(c)
	if err != nil {
		return err
	}
	d, err := single(c)
	if err != nil {
		return err
	}
	in := webhook.Update{
		ID:          id,
		Scope:       d.text("scope"),
		Destination: d.text("destination"),
		Headers:     d.headers(),
		IsActive:    d.flag("is_active"),
	}
	if err := malformed(d.c.Items); err != nil {
		return err
	}
	h, err := s.Webhooks.Update(c.Ctx(), c.StoreID(), c.Account.ClientID, in)
	if err != nil {
		return err
	}
	sendHook(c, &h)
	return nil
}

func (s *Surface) deleteHook(c *rest.Call) error {
	id, err := hookID(c)
	if err != nil {
		return err
	}
	h, err := s.Webhooks.Delete(c.Ctx(), c.StoreID(), c.Account.ClientID, id)
	if err != nil {
		return err
	}
	sendHook(c, &h)
	return nil
}

// headers reads an object of texts, which null takes away.
func (d decoder) headers() opt.Field[[]webhook.Header] {
	const name = "headers"
	v, ok := d.given(name)
	if !ok {
		if v.IsNull() {
			return opt.Null[[]webhook.Header]()
		}
		return opt.Field[[]webhook.Header]{}
	}
	if v.Kind() != jsonx.Object {
		d.wrong(name, jsObject)
		return opt.Field[[]webhook.Header]{}
	}
	if v.Len() > maxList {
		d.tooMany(name)
		return opt.Field[[]webhook.Header]{}
	}
	var out []webhook.Header
	for key, e := range v.Members() {
		s, ok := e.Str()
		if !ok {
			d.wrong(name+"."+key, jsString)
		}
		out = append(out, webhook.Header{Name: key, Value: s})
	}
	return opt.Some(out)
}

// appendHook appends a hook without the last brace.
func appendHook(b []byte, h *webhook.Hook, storeHash string) []byte {
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

func (s *Surface) getHooksAdmin(c *rest.Call) error {
	q, err := webhook.AdminList.Parse(c.R.URL.RawQuery)
	if err != nil {
		return err
	}
	a, err := s.Webhooks.Admin(c.Ctx(), c.StoreID(), c.Account.ClientID, q)
	if err != nil {
		return err
	}
	buf := rest.Buffer()
	b := append(buf.B, `{"data":{"emails":`...)
	b = jsonx.AppendStrings(b, a.Emails)
	b = append(b, `,"hooks_list":[`...)
	for i := range a.Hooks {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendHook(b, &a.Hooks[i], c.Account.StoreHash)
		b = append(b, `,"status":"`...)
		b = append(b, a.Hooks[i].Status()...)
		b = append(b, `"}`...)
	}
	b = append(b, `],"blocked_domains":[`...)
	for i, block := range a.Blocks {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"destination":`...)
		b = jsonx.AppendString(b, block.URL())
		b = append(b, `,"time_left":`...)
		b = strconv.AppendInt(b, block.Until-a.Now, 10)
		b = append(b, `,"reasons":[`...)
		for j, r := range block.Reasons {
			if j > 0 {
				b = append(b, ',')
			}
			b = append(b, `{"failure_description":`...)
			b = jsonx.AppendString(b, r.Description)
			b = append(b, `,"count":`...)
			b = strconv.AppendInt(b, r.Count, 10)
			b = append(b, `,"timestamp":`...)
			b = append(strconv.AppendInt(b, r.Time, 10), '}')
		}
		b = append(b, `]}`...)
	}
	// All hooks are on the only page.
	n := int64(len(a.Hooks))
	b = append(b, `]},"meta":{"pagination":{"total":`...)
	b = strconv.AppendInt(b, n, 10)
	b = append(b, `,"count":`...)
	b = strconv.AppendInt(b, n, 10)
	b = append(b, `,"per_page":`...)
	b = strconv.AppendInt(b, max(n, listing.DefaultLimit), 10)
	b = append(b, `,"current_page":1,"total_pages":`...)
	b = strconv.AppendInt(b, min(n, 1), 10)
	buf.B = append(b, `}}}`...)
	c.Send(http.StatusOK, buf.B)
	buf.Free()
	return nil
}

func (s *Surface) putHooksAdmin(c *rest.Call) error {
	d, err := single(c)
	if err != nil {
		return err
	}
	if v := d.v.Get("emails"); !v.Present() {
		d.c.Add("emails", fault.Required, "", "")
	} else if v.IsNull() {
		d.wrong("emails", jsArray)
	}
	emails := d.texts("emails")
	if err := malformed(d.c.Items); err != nil {
		return err
	}
	if err := s.Webhooks.PutContacts(c.Ctx(), c.StoreID(), c.Account.ClientID, emails.Value); err != nil {
		return err
	}
	c.SendEmpty(http.StatusNoContent)
	return nil
}
