package v3

import (
	"strconv"

	"clientele/internal/auth"
	"clientele/internal/jsonx"
	"clientele/internal/listing"
	"clientele/internal/rest"
	"clientele/internal/rest/decode"
	"clientele/internal/rest/shape"
	"clientele/internal/subscriber"
)

func (s *Surface) subscriberRoutes() []rest.Route {
	id := shape.ID("subscriber_id")
	update := shape.CallAt(id, withID(object[subscriber.Update], id, decodeSubscriber), s.updateSubscriber, one(appendSubscriber))
	return []rest.Route{
		{Method: "GET", Pattern: "/customers/subscribers", Need: auth.ReadCustomers, List: subscriber.List,
			Handle: List(shape.ScopedPage(s.Subscribers.List), appendSubscriber)},
		{Method: "POST", Pattern: "/customers/subscribers", Need: auth.ModifyCustomers, Class: rest.Creating, Titles: createSubscriber,
			Handle: shape.Call(object(decodeNewSubscriber), s.createSubscriber, one(appendSubscriber))},
		{Method: "DELETE", Pattern: "/customers/subscribers", Need: auth.ModifyCustomers, List: subscriber.DeleteList, Handle: remove(s.deleteSubscribers)},
		{Method: "GET", Pattern: "/customers/subscribers/{subscriber_id}", Need: auth.ReadCustomers, Handle: get(id, shape.Scoped(s.Subscribers.Get), one(appendSubscriber))},
		{Method: "PUT", Pattern: "/customers/subscribers/{subscriber_id}", Need: auth.ModifyCustomers, Class: rest.Updating, Titles: updateSubscriber, Handle: update},
		// The reference has PUT, the guide to customers POST.
		{Method: "POST", Pattern: "/customers/subscribers/{subscriber_id}", Need: auth.ModifyCustomers, Class: rest.Updating, Titles: updateSubscriber, Handle: update},
		{Method: "DELETE", Pattern: "/customers/subscribers/{subscriber_id}", Need: auth.ModifyCustomers, Handle: shape.Do(id, s.deleteSubscriber)},
		{Method: "GET", Pattern: "/customers/subscribers/{subscriber_id}/consent-history", Need: auth.ReadCustomers, List: subscriber.HistoryList,
			Handle: List(s.consentHistory, appendConsentChange)},
	}
}

// origin tells how a change came, for the history of consents.
func origin(c *rest.Call) subscriber.Origin {
	return subscriber.Origin{Via: subscriber.ViaManagementAPI, AccountID: c.Account.ID, IP: c.Peer().Address}
}

func (s *Surface) createSubscriber(c *rest.Call, in subscriber.Create) (*subscriber.Subscriber, error) {
	return s.Subscribers.Create(c.Ctx(), c.StoreID(), in, origin(c))
}

func (s *Surface) updateSubscriber(c *rest.Call, id int64, in subscriber.Update) (*subscriber.Subscriber, error) {
	return s.Subscribers.Update(c.Ctx(), c.StoreID(), id, in, origin(c))
}

func (s *Surface) deleteSubscriber(c *rest.Call, id int64) error {
	return s.Subscribers.DeleteOne(c.Ctx(), c.StoreID(), id, origin(c))
}

func (s *Surface) deleteSubscribers(c *rest.Call, q *listing.Query) (int, error) {
	return s.Subscribers.Delete(c.Ctx(), c.StoreID(), q, origin(c))
}

func (s *Surface) consentHistory(c *rest.Call, q *listing.Query) ([]subscriber.Change, *listing.Result, error) {
	id, err := c.PathID("subscriber_id")
	if err != nil {
		return nil, nil, err
	}
	return s.Subscribers.History(c.Ctx(), c.StoreID(), id, q)
}

func decodeNewSubscriber(o decode.Object) subscriber.Create {
	o.Only(subscriberMembers, []string{"id", "date_created", "date_modified"})
	o.Required("email")
	u := readSubscriber(o)
	return subscriber.Create{
		Email: u.Email.Value, FirstName: u.FirstName.Value, LastName: u.LastName.Value, Source: u.Source.Value,
		ChannelID: u.ChannelID, OrderID: u.OrderID, Consents: u.Consents,
	}
}

var subscriberMembers = []string{"email", "first_name", "last_name", "channel_id", "source", "order_id", "consents"}

// decodeSubscriber passes over what clients send back as they have read it.
func decodeSubscriber(o decode.Object) subscriber.Update {
	o.Only(subscriberMembers, nil, "id", "date_created", "date_modified")
	return readSubscriber(o)
}

func readSubscriber(o decode.Object) subscriber.Update {
	return subscriber.Update{
		Email:     o.Text("email"),
		FirstName: o.Text("first_name"),
		LastName:  o.Text("last_name"),
		ChannelID: o.Int("channel_id"),
		Source:    o.Text("source"),
		OrderID:   decode.OrNull(o, "order_id", o.Int),
		Consents:  o.Texts("consents"),
	}
}

func appendSubscriber(b []byte, s *subscriber.Subscriber) []byte {
	b = append(b, `{"id":`...)
	b = strconv.AppendInt(b, s.ID, 10)
	b = append(b, `,"email":`...)
	b = jsonx.AppendString(b, s.Email)
	b = append(b, `,"first_name":`...)
	b = jsonx.AppendString(b, s.FirstName)
	b = append(b, `,"last_name":`...)
	b = jsonx.AppendString(b, s.LastName)
	b = append(b, `,"source":`...)
	b = jsonx.AppendString(b, s.Source)
	b = append(b, `,"order_id":`...)
	b = AppendIDOrNull(b, s.OrderID)
	b = append(b, `,"date_created":`...)
	b = jsonx.AppendTimeOffset(b, s.DateCreated)
	b = append(b, `,"date_modified":`...)
	b = jsonx.AppendTimeOffset(b, s.DateModified)
	b = append(b, `,"channel_id":`...)
	b = strconv.AppendInt(b, s.ChannelID, 10)
	b = append(b, `,"consents":`...)
	return append(jsonx.AppendStrings(b, s.Consents), '}')
}

func appendConsentChange(b []byte, c *subscriber.Change) []byte {
	b = append(b, `{"id":`...)
	b = strconv.AppendInt(b, c.ID, 10)
	b = append(b, `,"subscriber_id":`...)
	b = strconv.AppendInt(b, c.SubscriberID, 10)
	b = append(b, `,"action":`...)
	b = jsonx.AppendString(b, c.Action)
	b = append(b, `,"email":`...)
	b = jsonx.AppendString(b, c.Email)
	b = append(b, `,"channel_id":`...)
	b = strconv.AppendInt(b, c.ChannelID, 10)
	b = append(b, `,"consents":`...)
	b = jsonx.AppendStrings(b, c.Consents)
	b = append(b, `,"source":`...)
	b = jsonx.AppendString(b, c.Source)
	b = append(b, `,"order_id":`...)
	b = AppendIDOrNull(b, c.OrderID)
	b = append(b, `,"via":`...)
	b = appendTextOrNull(b, c.Via)
	b = append(b, `,"api_account_id":`...)
	b = AppendIDOrNull(b, c.AccountID)
	b = append(b, `,"ip_address":`...)
	b = appendTextOrNull(b, c.IP)
	b = append(b, `,"date_created":`...)
	b = jsonx.AppendTimeOffset(b, c.DateCreated)
	return append(b, '}')
}

// AppendIDOrNull appends an id, a time or the like, of which 0 is none.
func AppendIDOrNull(b []byte, id int64) []byte {
	if id == 0 {
		return append(b, "null"...)
	}
	return strconv.AppendInt(b, id, 10)
}

func appendTextOrNull(b []byte, s string) []byte {
	if s == "" {
		return append(b, "null"...)
	}
	return jsonx.AppendString(b, s)
}
