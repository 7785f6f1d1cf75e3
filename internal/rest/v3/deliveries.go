package v3

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"clientele/internal/auth"
	"clientele/internal/fault"
	"clientele/internal/jsonx"
	"clientele/internal/listing"
	"clientele/internal/rest"
	"clientele/internal/webhook"
)

// What the original does not have: to see what was sent to a webhook, and to
// have it sent again.
func (s *Surface) deliveryRoutes() []rest.Route {
	return []rest.Route{
		{Method: "GET", Pattern: "/hooks/{webhook_id}/deliveries", Need: auth.AnyAccount, Handle: s.listDeliveries},
		{Method: "GET", Pattern: "/hooks/{webhook_id}/deliveries/{delivery_id}", Need: auth.AnyAccount, Handle: s.getDelivery},
		{Method: "POST", Pattern: "/hooks/{webhook_id}/deliveries/{delivery_id}/replay", Need: auth.AnyAccount, Handle: s.replayDelivery, Titles: replayDeliveries},
		{Method: "POST", Pattern: "/hooks/{webhook_id}/replay", Need: auth.AnyAccount, Handle: s.replayDeliveries, Titles: replayDeliveries},
		{Method: "POST", Pattern: "/hooks/{webhook_id}/test", Need: auth.AnyAccount, Handle: s.testHook, Titles: replayDeliveries},
	}
}

var deliveryLists = map[string]*listing.Spec{
	"GET /hooks/{webhook_id}/deliveries": webhook.DeliveryList,
}

func deliveryPath(c *rest.Call) (hook, id int64, err error) {
	if hook, err = hookID(c); err != nil {
		return 0, 0, err
	}
	id, err = PathID(c, "delivery_id")
	return hook, id, err
}

func (s *Surface) listDeliveries(c *rest.Call) error {
	hook, err := hookID(c)
	if err != nil {
		return err
	}
	q, err := webhook.DeliveryList.Parse(c.R.URL.RawQuery)
	if err != nil {
		return err
	}
	rows, res, err := s.Webhooks.Deliveries(c.Ctx(), c.StoreID(), c.Account.ClientID, hook, q)
	if err != nil {
		return err
	}
	SendList(c, q, res, true, rows, func(b []byte, d *webhook.Delivery) []byte { return append(appendDelivery(b, d, c), '}') })
	return nil
}

func sendDelivery(c *rest.Call, status int, d *webhook.Delivery) {
	sendOneAs(c, status, d, func(b []byte, d *webhook.Delivery) []byte {
		return append(appendAttempts(appendDelivery(b, d, c), d, c.Account.StoreHash), '}')
	})
}

func (s *Surface) getDelivery(c *rest.Call) error {
	hook, id, err := deliveryPath(c)
	if err != nil {
		return err
	}
	d, err := s.Webhooks.Delivery(c.Ctx(), c.StoreID(), c.Account.ClientID, hook, id)
	if err != nil {
		return err
	}
	sendDelivery(c, http.StatusOK, &d)
	return nil
}

func (s *Surface) replayDelivery(c *rest.Call) error {
	hook, id, err := deliveryPath(c)
	if err != nil {
		return err
	}
	d, err := s.Webhooks.Replay(c.Ctx(), c.StoreID(), c.Account.ClientID, hook, id)
	if err != nil {
		return err
	}
	sendDelivery(c, http.StatusAccepted, &d)
	return nil
}

func (s *Surface) testHook(c *rest.Call) error {
	hook, err := hookID(c)
	if err != nil {
		return err
	}
	d, err := s.Webhooks.Test(c.Ctx(), c.StoreID(), c.Account.ClientID, hook)
	if err != nil {
		return err
	}
	sendDelivery(c, http.StatusAccepted, &d)
	return nil
}

func (s *Surface) replayDeliveries(c *rest.Call) error {
	hook, err := hookID(c)
	if err != nil {
		return err
	}
	d, err := single(c)
	if err != nil {
		return err
	}
	since := d.moment("since")
	failed := d.flag("failed_only")
	if err := malformed(d.c.Items); err != nil {
		return err
	}
	n, err := s.Webhooks.ReplaySince(c.Ctx(), c.StoreID(), c.Account.ClientID, hook, since, failed.Value)
	if err != nil {
		return err
	}
	b := rest.Buffer()
	b.B = strconv.AppendInt(append(b.B, `{"data":{"count":`...), n, 10)
	b.B = append(b.B, `},"meta":{}}`...)
	c.Send(http.StatusAccepted, b.B)
	b.Free()
	return nil
}

// moment reads a required time: seconds since the epoch, or RFC 3339.
func (d decoder) moment(name string) int64 {
	v := d.v.Get(name)
	if !v.Present() || v.IsNull() {
		d.c.Add(name, fault.Required, "", "")
		return 0
	}
	if n, ok := v.Int(); ok {
		return n
	}
	text, ok := v.Str()
	if !ok {
		d.wrong(name, jsNumber)
		return 0
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		d.c.Add(name, fault.BadFormat, "", name+" must be a time such as 2026-06-18T14:00:00Z, or seconds since 1970")
		return 0
	}
	return t.Unix()
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
