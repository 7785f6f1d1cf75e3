package v3

import (
	"net/http"
	"strconv"

	"clientele/internal/auth"
	"clientele/internal/jsonx"
	"clientele/internal/listing"
	"clientele/internal/rest"
	"clientele/internal/subscriber"
)

func (s *Surface) subscriberRoutes() []rest.Route {
	return []rest.Route{
		{Method: "GET", Pattern: "/customers/subscribers", Need: auth.ReadCustomers, Handle: s.listSubscribers},
		{Method: "POST", Pattern: "/customers/subscribers", Need: auth.ModifyCustomers, Class: rest.Creating, Handle: s.createSubscriber, Titles: createSubscriber},
		{Method: "DELETE", Pattern: "/customers/subscribers", Need: auth.ModifyCustomers, Handle: s.deleteSubscribers},
		{Method: "GET", Pattern: "/customers/subscribers/{subscriber_id}", Need: auth.ReadCustomers, Handle: s.getSubscriber},
		{Method: "PUT", Pattern: "/customers/subscribers/{subscriber_id}", Need: auth.ModifyCustomers, Class: rest.Updating, Handle: s.updateSubscriber, Titles: updateSubscriber},
		{Method: "DELETE", Pattern: "/customers/subscribers/{subscriber_id}", Need: auth.ModifyCustomers, Handle: s.deleteSubscriber},
		{Method: "GET", Pattern: "/customers/subscribers/{subscriber_id}/consent-history", Need: auth.ReadCustomers, Handle: s.listConsentChanges},
	}
}

var subscriberLists = map[string]*listing.Spec{
	"GET /customers/subscribers":                                 subscriber.List,
	"DELETE /customers/subscribers":                              subscriber.DeleteList,
	"GET /customers/subscribers/{subscriber_id}/consent-history": subscriber.HistoryList,
}

// origin tells how a change came, for the history of consents.
func origin(c *rest.Call) subscriber.Origin {
	return subscriber.Origin{Via: subscriber.ViaManagementAPI, AccountID: c.Account.ID, IP: c.Peer().Address}
}

func (s *Surface) listSubscribers(c *rest.Call) error {
	q, err := subscriber.List.Parse(c.R.URL.RawQuery)
	if err != nil {
		return err
	}
	rows, res, err := s.Subscribers.List(c.Ctx(), c.StoreID(), q)
	if err != nil {
		return err
	}
	SendList(c, q, res, false, rows, appendSubscriber)
	return nil
}

func (s *Surface) getSubscriber(c *rest.Call) error {
	id, err := PathID(c, "subscriber_id")
	if err != nil {
		return err
	}
	sub, err := s.Subscribers.Get(c.Ctx(), c.StoreID(), id)
	if err != nil {
		return err
	}
	sendOne(c, sub, appendSubscriber)
	return nil
}

func (s *Surface) createSubscriber(c *rest.Call) error {
	d, err := single(c)
	if err != nil {
		return err
	}
	d.required("email")
	u := d.subscriber()
	if err := malformed(d.c.Items); err != nil {
		return err
	}
	sub, err := s.Subscribers.Create(c.Ctx(), c.StoreID(), subscriber.Create{
		Email: u.Email.Value, FirstName: u.FirstName.Value, LastName: u.LastName.Value, Source: u.Source.Value,
		ChannelID: u.ChannelID, OrderID: u.OrderID, Consents: u.Consents,
	}, origin(c))
	if err != nil {
		return err
	}
	sendOne(c, sub, appendSubscriber)
	return nil
}

func (s *Surface) updateSubscriber(c *rest.Call) error {
	id, err := PathID(c, "subscriber_id")
	if err != nil {
		return err
	}
	d, err := single(c)
	if err != nil {
		return err
	}
	u := d.subscriber()
	if err := malformed(d.c.Items); err != nil {
		return err
	}
	sub, err := s.Subscribers.Update(c.Ctx(), c.StoreID(), id, u, origin(c))
	if err != nil {
		return err
	}
	sendOne(c, sub, appendSubscriber)
	return nil
}

// subscriber reads a subscriber's own members.
func (d decoder) subscriber() subscriber.Update {
	return subscriber.Update{
		Email:     d.text("email"),
		FirstName: d.text("first_name"),
		LastName:  d.text("last_name"),
		ChannelID: d.integer("channel_id"),
		Source:    d.text("source"),
		OrderID:   orNull(d, "order_id", d.integer),
		Consents:  d.texts("consents"),
	}
}

func (s *Surface) deleteSubscriber(c *rest.Call) error {
	id, err := PathID(c, "subscriber_id")
	if err != nil {
		return err
	}
	if err := s.Subscribers.DeleteOne(c.Ctx(), c.StoreID(), id, origin(c)); err != nil {
		return err
	}
	c.SendEmpty(http.StatusNoContent)
	return nil
}

func (s *Surface) deleteSubscribers(c *rest.Call) error {
	q, err := subscriber.DeleteList.Parse(c.R.URL.RawQuery)
	if err != nil {
		return err
	}
	if _, err := s.Subscribers.Delete(c.Ctx(), c.StoreID(), q, origin(c)); err != nil {
		return err
	}
	c.SendEmpty(http.StatusNoContent)
	return nil
}

func (s *Surface) listConsentChanges(c *rest.Call) error {
	id, err := PathID(c, "subscriber_id")
	if err != nil {
		return err
	}
	q, err := subscriber.HistoryList.Parse(c.R.URL.RawQuery)
	if err != nil {
		return err
	}
	rows, res, err := s.Subscribers.History(c.Ctx(), c.StoreID(), id, q)
	if err != nil {
		return err
	}
	SendList(c, q, res, false, rows, appendConsentChange)
	return nil
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
