package v2

import (
	"net/http"

	"clientele/internal/listing"
	"clientele/internal/rest"
	"clientele/internal/rest/decode"
	"clientele/internal/rest/hooks"
	"clientele/internal/rest/shape"
	"clientele/internal/webhook"
)

func (s *Surface) hookRoutes() []rest.Route {
	h := hooks.Service{Service: s.Webhooks}
	id := shape.ID("webhook_id")
	return hooks.Routes(hooks.Handlers{
		List: shape.Call(query, func(c *rest.Call, q *listing.Query) ([]webhook.Hook, error) {
			rows, _, err := h.List(c, q)
			return rows, err
		}, sendHooks),
		Create: shape.Call(object(hooks.DecodeNew), h.Create, sendNewHook),
		Get:    get(id, h.Get, dated(func(h *webhook.Hook) int64 { return h.DateModified }, sendHook(http.StatusOK))),
		Update: shape.CallAt(id, changedHook(id), h.Update, sendHook(http.StatusOK)),
		Delete: shape.Call(plain(id), h.Delete, sendHook(http.StatusOK)),
	})
}

// changedHook reads a change, which may repeat the id of the path.
func changedHook(id func(*rest.Call) (int64, error)) func(*rest.Call) (webhook.Update, error) {
	return func(c *rest.Call) (webhook.Update, error) {
		return object(func(o decode.Object) webhook.Update {
			if known, err := id(c); err == nil { // refused before, otherwise
				o.Repeats("id", known)
			}
			return hooks.Decode(o)
		})(c)
	}
}

// sendHooks answers with an array even where it is empty, unlike other lists:
// hooks are a service of their own in the original.
func sendHooks(c *rest.Call, all []webhook.Hook) { sendRows(c, all, hooks.Row(c)) }

func sendHook(status int) func(*rest.Call, *webhook.Hook) {
	return func(c *rest.Call, h *webhook.Hook) { sendOne(c, status, h, hooks.Row(c)) }
}

func sendNewHook(c *rest.Call, h *webhook.Hook) {
	c.Located("/hooks", h.ID)
	sendHook(http.StatusCreated)(c, h)
}
