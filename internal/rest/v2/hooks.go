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
		Create: shape.Call(object(knownMembers(hooks.DecodeNew)), h.Create, sendHook(http.StatusCreated)),
		Get:    get(id, h.Get, sendHook(http.StatusOK)),
		Update: shape.CallAt(id, object(knownMembers(hooks.Decode)), h.Update, sendHook(http.StatusOK)),
		Delete: shape.Call(plain(id), h.Delete, sendHook(http.StatusOK)),
	})
}

// sendHooks answers with an array even where it is empty, unlike other lists:
// hooks are a service of their own in the original.
func sendHooks(c *rest.Call, all []webhook.Hook) { sendRows(c, all, hooks.Row(c)) }

func sendHook(status int) func(*rest.Call, *webhook.Hook) {
	return func(c *rest.Call, h *webhook.Hook) { sendOne(c, status, h, hooks.Row(c)) }
}

// hookMembers are what a body may hold. Clients send back what they were
// given, so what cannot be written is passed over.
var hookMembers = []string{"scope", "destination", "headers", "is_active", "id", "client_id", "store_hash", "created_at", "updated_at"}

// knownMembers refuses members that a hook does not have.
func knownMembers[In any](read func(decode.Object) In) func(decode.Object) In {
	return func(o decode.Object) In {
		o.Only(hookMembers, nil)
		return read(o)
	}
}
