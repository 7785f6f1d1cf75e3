package clientele

import (
	"strconv"

	"clientele/internal/auth"
	"clientele/internal/jsonx"
	"clientele/internal/listing"
	"clientele/internal/rest"
	v3 "clientele/internal/rest/v3"
	"clientele/internal/subscriber"
)

func (s *Surface) consentRoutes() []rest.Route {
	return []rest.Route{
		{Method: "GET", Pattern: "/subscribers/{subscriber_id}/consents", Need: auth.ReadCustomers, List: subscriber.HistoryList,
			Handle: v3.List(s.consentsOf, appendConsent)},
	}
}

func (s *Surface) consentsOf(c *rest.Call, q *listing.Query) ([]subscriber.Change, *listing.Result, error) {
	id, err := c.PathID("subscriber_id")
	if err != nil {
		return nil, nil, err
	}
	return s.Subscribers.Proofs(c.Ctx(), c.StoreID(), id, q)
}

func appendConsent(b []byte, c *subscriber.Change) []byte {
	b = strconv.AppendInt(append(b, `{"id":`...), c.ID, 10)
	b = strconv.AppendInt(append(b, `,"subscriber_id":`...), c.SubscriberID, 10)
	b = jsonx.AppendString(append(b, `,"action":`...), c.Action)
	b = jsonx.AppendString(append(b, `,"email":`...), c.Email)
	b = strconv.AppendInt(append(b, `,"channel_id":`...), c.ChannelID, 10)
	b = jsonx.AppendStrings(append(b, `,"consents":`...), c.Consents)
	b = textOrNull(append(b, `,"via":`...), c.Via)
	b = textOrNull(append(b, `,"surface":`...), c.Proof.Surface)
	b = v3.AppendIDOrNull(append(b, `,"api_account_id":`...), c.AccountID)
	b = textOrNull(append(b, `,"ip_address":`...), c.IP)
	b = appendShown(append(b, `,"shown":`...), c.Proof.Shown)
	b = textOrNull(append(b, `,"confirmed":`...), c.Proof.Confirmed)
	b = append(b, `,"asked":`...)
	if a := c.Proof.Asked; a != nil {
		b = jsonx.AppendTime(append(b, `{"time":`...), a.Time)
		b = textOrNull(append(b, `,"ip_address":`...), a.IP)
		b = append(appendShown(append(b, `,"shown":`...), a.Shown), '}')
	} else {
		b = append(b, "null"...)
	}
	b = append(b, `,"actor":`...)
	if p := &c.Proof; p.ActorKind != "" {
		b = jsonx.AppendString(append(b, `{"kind":`...), p.ActorKind)
		b = jsonx.AppendString(append(b, `,"name":`...), p.ActorName)
		b = append(v3.AppendIDOrNull(append(b, `,"impersonation_id":`...), p.Impersonation), '}')
	} else {
		b = append(b, "null"...)
	}
	b = textOrNull(append(b, `,"ground":`...), c.Proof.Ground)
	b = strconv.AppendBool(append(b, `,"reconsent":`...), c.Proof.Anew)
	b = v3.AppendIDOrNull(append(b, `,"undoes":`...), c.Proof.Undoes)
	return append(jsonx.AppendTime(append(b, `,"date_created":`...), c.DateCreated), '}')
}

func appendShown(b []byte, s subscriber.Shown) []byte {
	if s == (subscriber.Shown{}) {
		return append(b, "null"...)
	}
	b = textOrNull(append(b, `{"place":`...), s.Place)
	b = textOrNull(append(b, `,"locale":`...), s.Locale)
	b = textOrNull(append(b, `,"text_version":`...), s.Version)
	return append(textOrNull(append(b, `,"text":`...), s.Text), '}')
}

func textOrNull(b []byte, s string) []byte {
	if s == "" {
		return append(b, "null"...)
	}
	return jsonx.AppendString(b, s)
}
