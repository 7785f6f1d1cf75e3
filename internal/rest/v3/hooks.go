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
	"clientele/internal/rest/hooks"
	"clientele/internal/rest/shape"
	"clientele/internal/webhook"
)

func (s *Surface) hookRoutes() []rest.Route {
	h := hooks.Service{Service: s.Webhooks}
	return append(hooks.Routes(hooks.Handlers{
		List:   listAs(h.List, func(c *rest.Call, _ *listing.Query) func([]byte, *webhook.Hook) []byte { return hooks.Row(c) }),
		Create: shape.Call(object(hooks.DecodeNew), h.Create, sendHook),
		Get:    get(hookID, h.Get, sendHook),
		Update: shape.CallAt(hookID, withID(object[webhook.Update], hookID, hooks.Decode), h.Update, sendHook),
		Delete: shape.Call(hookID, h.Delete, sendHook),
		Titles: writeHook,
	}),
		rest.Route{Method: "GET", Pattern: "/hooks/admin", Need: auth.AnyAccount, List: webhook.AdminList,
			Handle: shape.Call(query, s.hooksAdmin, sendHooksAdmin)},
		rest.Route{Method: "PUT", Pattern: "/hooks/admin", Need: auth.AnyAccount, Class: rest.Updating, Titles: writeHook,
			Handle: shape.Do(object(decodeContacts), s.putContacts)},
	)
}

// hookID is PathID with the words that hooks have for what is missing.
func hookID(c *rest.Call) (int64, error) {
	id, err := c.PathID("webhook_id")
	if err != nil {
		err = &fault.Error{Kind: fault.NotFound, Cause: err, Items: []fault.Item{{Code: fault.Unknown, Why: webhook.WhyNoWebhook, Value: chi.URLParam(c.R, "webhook_id")}}}
	}
	return id, err
}

func sendHook(c *rest.Call, h *webhook.Hook) { sendOne(c, http.StatusOK, h, hooks.Row(c)) }

func (s *Surface) hooksAdmin(c *rest.Call, q *listing.Query) (webhook.Admin, error) {
	return s.Webhooks.Admin(c.Ctx(), c.StoreID(), c.Account.ClientID, q)
}

func (s *Surface) putContacts(c *rest.Call, emails []string) error {
	return s.Webhooks.PutContacts(c.Ctx(), c.StoreID(), c.Account.ClientID, emails)
}

func decodeContacts(o decode.Object) []string {
	o.Only([]string{"emails"}, nil)
	o.RequiredAs(jsonx.Array, "emails")
	return o.Texts("emails").Value
}

func sendHooksAdmin(c *rest.Call, a webhook.Admin) {
	buf := rest.Buffer()
	b := jsonx.AppendStrings(append(buf.B, `{"data":{"emails":`...), a.Emails)
	b = append(b, `,"hooks_list":[`...)
	for i := range a.Hooks {
		if i > 0 {
			b = append(b, ',')
		}
		b = hooks.AppendMembers(b, &a.Hooks[i], c.Account.StoreHash)
		b = append(b, `,"status":"`...)
		b = append(b, a.Hooks[i].Status()...)
		b = append(b, `"}`...)
	}
	b = append(b, `],"blocked_domains":[`...)
	for i := range a.Blocks {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendBlock(b, &a.Blocks[i], a.Now)
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
}

func appendBlock(b []byte, block *webhook.Block, now int64) []byte {
	b = append(b, `{"destination":`...)
	b = jsonx.AppendString(b, block.URL())
	b = append(b, `,"time_left":`...)
	b = strconv.AppendInt(b, block.Until-now, 10)
	b = append(b, `,"reasons":[`...)
	for i, r := range block.Reasons {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"failure_description":`...)
		b = jsonx.AppendString(b, r.Description)
		b = append(b, `,"count":`...)
		b = strconv.AppendInt(b, r.Count, 10)
		b = append(b, `,"timestamp":`...)
		b = append(strconv.AppendInt(b, r.Time, 10), '}')
	}
	return append(b, `]}`...)
}
