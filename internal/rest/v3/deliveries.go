package v3

import (
	"net/http"
	"slices"
	"strconv"

	"clientele/internal/auth"
	"clientele/internal/jsonx"
	"clientele/internal/listing"
	"clientele/internal/rest"
	"clientele/internal/rest/decode"
	"clientele/internal/rest/shape"
	"clientele/internal/webhook"
)

// What the original does not have: to see what was sent to a webhook, and to
// have it sent again.
func (s *Surface) deliveryRoutes() []rest.Route {
	delivery := shape.IDs(hookID, shape.ID("delivery_id"))
	return []rest.Route{
		{Method: "GET", Pattern: "/hooks/{webhook_id}/deliveries", Need: auth.AnyAccount, List: webhook.DeliveryList, Handle: listAs(s.deliveries, deliveryRow)},
		{Method: "GET", Pattern: "/hooks/{webhook_id}/deliveries/{delivery_id}", Need: auth.AnyAccount, Handle: get(delivery, s.getDelivery, sendDelivery(http.StatusOK))},
		{Method: "POST", Pattern: "/hooks/{webhook_id}/deliveries/{delivery_id}/replay", Need: auth.AnyAccount, Titles: replayDeliveries,
			Handle: shape.Call(delivery, s.replayDelivery, sendDelivery(http.StatusAccepted))},
		{Method: "POST", Pattern: "/hooks/{webhook_id}/replay", Need: auth.AnyAccount, Titles: replayDeliveries,
			Handle: shape.CallAt(hookID, object(decodeReplay), s.replaySince, oneAs(http.StatusAccepted, appendCount))},
		{Method: "POST", Pattern: "/hooks/{webhook_id}/test", Need: auth.AnyAccount, Titles: replayDeliveries,
			Handle: shape.Call(hookID, s.testHook, sendDelivery(http.StatusAccepted))},
	}
}

func (s *Surface) deliveries(c *rest.Call, q *listing.Query) ([]webhook.Delivery, *listing.Result, error) {
	hook, err := hookID(c)
	if err != nil {
		return nil, nil, err
	}
	return s.Webhooks.Deliveries(c.Ctx(), c.StoreID(), c.Account.ClientID, hook, q)
}

func (s *Surface) getDelivery(c *rest.Call, d shape.Pair) (*webhook.Delivery, error) {
	return shape.Ref(s.Webhooks.Delivery(c.Ctx(), c.StoreID(), c.Account.ClientID, d.Owner, d.ID))
}

func (s *Surface) replayDelivery(c *rest.Call, d shape.Pair) (*webhook.Delivery, error) {
	return shape.Ref(s.Webhooks.Replay(c.Ctx(), c.StoreID(), c.Account.ClientID, d.Owner, d.ID))
}

func (s *Surface) testHook(c *rest.Call, hook int64) (*webhook.Delivery, error) {
	return shape.Ref(s.Webhooks.Test(c.Ctx(), c.StoreID(), c.Account.ClientID, hook))
}

// replay says which deliveries are to be sent again.
type replay struct {
	since  int64
	failed bool
}

func (s *Surface) replaySince(c *rest.Call, hook int64, in replay) (*int64, error) {
	return shape.Ref(s.Webhooks.ReplaySince(c.Ctx(), c.StoreID(), c.Account.ClientID, hook, in.since, in.failed))
}

func decodeReplay(o decode.Object) replay {
	o.Only([]string{"since", "failed_only"}, nil)
	return replay{since: o.Time("since"), failed: o.Flag("failed_only").Value}
}

func appendCount(b []byte, n *int64) []byte {
	return append(strconv.AppendInt(append(b, `{"count":`...), *n, 10), '}')
}

func deliveryRow(c *rest.Call, _ *listing.Query) func([]byte, *webhook.Delivery) []byte {
	return func(b []byte, d *webhook.Delivery) []byte { return append(appendDelivery(b, d, c), '}') }
}

// sendDelivery sends a delivery with its attempts.
func sendDelivery(status int) func(*rest.Call, *webhook.Delivery) {
	return func(c *rest.Call, d *webhook.Delivery) {
		sendOne(c, status, d, func(b []byte, d *webhook.Delivery) []byte {
			return append(appendAttempts(appendDelivery(b, d, c), d, c.Account.StoreHash), '}')
		})
	}
}

// appendDelivery appends a delivery without the last brace.
func appendDelivery(b []byte, d *webhook.Delivery, c *rest.Call) []byte {
	b = strconv.AppendInt(append(b, `{"id":`...), d.ID, 10)
	b = strconv.AppendInt(append(b, `,"webhook_id":`...), d.HookID, 10)
	b = jsonx.AppendString(append(b, `,"message_id":`...), webhook.MessageID(c.Account.StoreHash, d.HookID, d.ID))
	b = jsonx.AppendString(append(b, `,"scope":`...), d.Scope)
	b = jsonx.AppendString(append(b, `,"state":`...), string(d.State))
	b = strconv.AppendBool(append(b, `,"is_sending":`...), d.Sending)
	b = strconv.AppendInt(append(b, `,"attempt_count":`...), d.Attempts, 10)
	b = strconv.AppendInt(append(b, `,"created_at":`...), d.Created, 10)
	b = AppendIDOrNull(append(b, `,"first_attempt_at":`...), d.FirstAttempt)
	b = AppendIDOrNull(append(b, `,"last_attempt_at":`...), d.LastAttempt)
	b = AppendIDOrNull(append(b, `,"next_attempt_at":`...), d.NextAttempt)
	b = AppendIDOrNull(append(b, `,"response_status":`...), d.Status)
	b = append(b, `,"duration_ms":`...)
	if d.Attempts == 0 {
		b = append(b, "null"...)
	} else {
		b = strconv.AppendInt(b, d.Duration, 10)
	}
	b = appendTextOrNull(append(b, `,"error":`...), d.Error)
	return append(append(b, `,"payload":`...), d.Payload(c.StoreID(), c.Account.StoreHash)...)
}

func appendAttempts(b []byte, d *webhook.Delivery, storeHash string) []byte {
	b = append(b, `,"attempts":[`...)
	for i := range d.Tries {
		a := &d.Tries[i]
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(append(b, `{"attempted_at":`...), a.At, 10)
		b = strconv.AppendInt(append(b, `,"duration_ms":`...), a.Duration, 10)
		b = jsonx.AppendString(append(b, `,"request":{"method":"POST","url":`...), a.URL)
		b = appendHeaderMap(append(b, `,"headers":`...), d.RequestHeaders(storeHash, a))
		b = append(b, `},"response":`...)
		if a.Status == 0 {
			b = append(b, "null"...)
		} else {
			b = strconv.AppendInt(append(b, `{"status":`...), a.Status, 10)
			b = appendHeaderMap(append(b, `,"headers":`...), a.Headers)
			b = jsonx.AppendString(append(b, `,"body":`...), a.Body)
			b = append(b, '}')
		}
		b = appendTextOrNull(append(b, `,"error":`...), a.Error)
		b = append(b, '}')
	}
	return append(b, ']')
}

func appendHeaderMap(b []byte, m map[string]string) []byte {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	b = append(b, '{')
	for i, name := range names {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(jsonx.AppendString(b, name), ':')
		b = jsonx.AppendString(b, m[name])
	}
	return append(b, '}')
}
