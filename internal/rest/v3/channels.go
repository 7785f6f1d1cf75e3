package v3

import (
	"net/http"
	"strconv"
	"strings"

	"clientele/internal/auth"
	"clientele/internal/channel"
	"clientele/internal/fault"
	"clientele/internal/jsonx"
	"clientele/internal/listing"
	"clientele/internal/rest"
)

func (s *Surface) channelRoutes() []rest.Route {
	return []rest.Route{
		{Method: "GET", Pattern: "/channels", Need: auth.ReadChannels, Handle: s.listChannels},
		{Method: "POST", Pattern: "/channels", Need: auth.ModifyChannels, Class: rest.Creating, Handle: s.createChannel, Titles: createChannel},
		{Method: "GET", Pattern: "/channels/{channel_id}", Need: auth.ReadChannels, Handle: s.getChannel, Titles: getChannel},
		{Method: "PUT", Pattern: "/channels/{channel_id}", Need: auth.ModifyChannels, Class: rest.Updating, Handle: s.updateChannel, Titles: updateChannel},
		{Method: "GET", Pattern: "/channels/{channel_id}/site", Need: auth.ReadSites, Handle: s.getSite},
		{Method: "POST", Pattern: "/channels/{channel_id}/site", Need: auth.ModifySites, Class: rest.Creating, Handle: s.createChannelSite, Titles: writeSite},
		{Method: "PUT", Pattern: "/channels/{channel_id}/site", Need: auth.ModifySites, Class: rest.Updating, Handle: s.updateSite, Titles: writeSite},
		{Method: "DELETE", Pattern: "/channels/{channel_id}/site", Need: auth.ModifySites, Handle: s.deleteChannelSite},
		{Method: "PUT", Pattern: "/channels/{channel_id}/site/checkout-url", Need: auth.ModifySites, Class: rest.Updating, Handle: s.putCheckoutURL},
		{Method: "DELETE", Pattern: "/channels/{channel_id}/site/checkout-url", Need: auth.ModifySites, Handle: s.deleteCheckoutURL},
		{Method: "GET", Pattern: "/sites", Need: auth.ReadSites, Handle: s.listSites},
		{Method: "POST", Pattern: "/sites", Need: auth.ModifySites, Class: rest.Creating, Handle: s.createSite, Titles: writeSite},
		{Method: "GET", Pattern: "/sites/{site_id}", Need: auth.ReadSites, Handle: s.getSite},
		{Method: "PUT", Pattern: "/sites/{site_id}", Need: auth.ModifySites, Class: rest.Updating, Handle: s.updateSite, Titles: writeSite},
		{Method: "DELETE", Pattern: "/sites/{site_id}", Need: auth.ModifySites, Handle: s.deleteSite},
	}
}

var channelLists = map[string]*listing.Spec{
	"GET /channels":              channel.List,
	"GET /channels/{channel_id}": channel.Single,
	"GET /sites":                 channel.SiteList,
}

func (s *Surface) listChannels(c *rest.Call) error {
	q, err := channel.List.Parse(c.R.URL.RawQuery)
	if err != nil {
		return err
	}
	rows, res, err := s.Channels.List(c.Ctx(), c.StoreID(), q)
	if err != nil {
		return err
	}
	currencies := q.Includes(channel.IncludeCurrencies)
	SendList(c, q, res, false, rows, func(b []byte, row *channel.Channel) []byte { return appendChannel(b, row, currencies) })
	return nil
}

func (s *Surface) getChannel(c *rest.Call) error {
	q, err := channel.Single.Parse(c.R.URL.RawQuery)
	if err != nil {
		return err
	}
	id, err := PathID(c, "channel_id")
	if err != nil {
		return err
	}
	got, err := s.Channels.Get(c.Ctx(), c.StoreID(), id)
	if err != nil {
		return err
	}
	sendChannel(c, &got, q.Includes(channel.IncludeCurrencies))
	return nil
}

func (s *Surface) createChannel(c *rest.Call) error {
	d, err := single(c)
	if err != nil {
		return err
	}
	d.required("name", "type", "platform")
	in := channel.Create{
		Name:       d.text("name").Value,
		Type:       d.text("type").Value,
		Platform:   d.text("platform").Value,
		Status:     d.text("status"),
		ExternalID: d.text("external_id").Value,
		IsListable: d.flag("is_listable_from_ui"),
		IsVisible:  d.flag("is_visible"),
	}
	if err := malformed(d.c.Items); err != nil {
		return err
	}
	got, err := s.Channels.Create(c.Ctx(), c.StoreID(), in)
	if err != nil {
		return err
	}
	sendChannel(c, &got, false)
	return nil
}

func (s *Surface) updateChannel(c *rest.Call) error {
	id, err := PathID(c, "channel_id")
	if err != nil {
		return err
	}
	d, err := single(c)
	if err != nil {
		return err
	}
	in := channel.Update{
		ID:            id,
		Name:          d.text("name"),
		Status:        d.text("status"),
		ExternalID:    d.text("external_id"),
		IsListable:    d.flag("is_listable_from_ui"),
		IsVisible:     d.flag("is_visible"),
		GivesType:     d.v.Get("type").Present(),
		GivesPlatform: d.v.Get("platform").Present(),
	}
	if err := malformed(d.c.Items); err != nil {
		return err
	}
	got, err := s.Channels.Update(c.Ctx(), c.StoreID(), in)
	if err != nil {
		return err
	}
	sendChannel(c, &got, false)
	return nil
}

func sendChannel(c *rest.Call, got *channel.Channel, currencies bool) {
	b := rest.Buffer()
	b.B = append(b.B, `{"data":`...)
	b.B = appendChannel(b.B, got, currencies)
	b.B = append(b.B, `,"meta":{}}`...)
	c.Send(http.StatusOK, b.B)
	b.Free()
}

func appendChannel(b []byte, c *channel.Channel, currencies bool) []byte {
	b = append(b, `{"id":`...)
	b = strconv.AppendInt(b, c.ID, 10)
	b = append(b, `,"icon_url":"","is_listable_from_ui":`...)
	b = strconv.AppendBool(b, c.IsListable)
	b = append(b, `,"is_visible":`...)
	b = strconv.AppendBool(b, c.IsVisible)
	b = append(b, `,"is_enabled":`...)
	b = strconv.AppendBool(b, c.Enabled())
	b = append(b, `,"date_created":`...)
	b = jsonx.AppendTime(b, c.DateCreated)
	b = append(b, `,"external_id":`...)
	b = jsonx.AppendString(b, c.ExternalID)
	b = append(b, `,"type":`...)
	b = jsonx.AppendString(b, c.Type)
	b = append(b, `,"platform":`...)
	b = jsonx.AppendString(b, c.Platform)
	b = append(b, `,"date_modified":`...)
	b = jsonx.AppendTime(b, c.DateModified)
	b = append(b, `,"name":`...)
	b = jsonx.AppendString(b, c.Name)
	b = append(b, `,"status":`...)
	b = jsonx.AppendString(b, c.Status)
	if currencies {
		b = append(b, `,"currencies":{"channel_id":`...)
		b = strconv.AppendInt(b, c.ID, 10)
		b = append(b, `,"enabled_currencies":`...)
		b = jsonx.AppendStrings(b, c.Currencies)
		b = append(b, `,"default_currency":`...)
		b = jsonx.AppendString(b, c.Currencies[0])
		b = append(b, '}')
	}
	return append(b, '}')
}

func (s *Surface) listSites(c *rest.Call) error {
	q, err := channel.SiteList.Parse(c.R.URL.RawQuery)
	if err != nil {
		return err
	}
	rows, res, err := s.Channels.Sites(c.Ctx(), c.StoreID(), q)
	if err != nil {
		return err
	}
	explainSites(c, rows...)
	SendList(c, q, res, false, rows, appendSite)
	return nil
}

// sitePath reads the id of a site or of its channel, which are the same.
func sitePath(c *rest.Call) (int64, error) {
	if id, err := PathID(c, "site_id"); err == nil {
		return id, nil
	}
	return PathID(c, "channel_id")
}

func (s *Surface) getSite(c *rest.Call) error {
	id, err := sitePath(c)
	if err != nil {
		return err
	}
	got, err := s.Channels.Site(c.Ctx(), c.StoreID(), id)
	if err != nil {
		return err
	}
	sendSite(c, http.StatusOK, &got)
	return nil
}

func sendSite(c *rest.Call, status int, got *channel.Site) {
	explainSites(c, *got)
	sendOneAs(c, status, got, appendSite)
}

// explainSites tells, in production too, why nothing is served at sites.
func explainSites(c *rest.Call, sites ...channel.Site) {
	var why []string
	for i := range sites {
		if sites[i].WhyNot != "" {
			why = append(why, sites[i].WhyNot)
		}
	}
	if len(why) > 0 {
		c.Explain(strings.Join(why, "; "))
	}
}

// siteBody reads the body of a write to a site. All that is wrong with one is
// answered as the original does, by a bad request.
func siteBody(c *rest.Call, withChannel bool) (url string, channelID int64, err error) {
	v, err := inputJSON(c)
	if err != nil {
		return "", 0, err
	}
	d, err := objectOf(v)
	if err == nil {
		d.required("url")
		url = d.text("url").Value
		if withChannel {
			d.requiredNumber("channel_id")
		}
		channelID = d.integer("channel_id").Value
		err = malformed(d.c.Items)
	}
	if f := fault.As(err); f != nil {
		err = &fault.Error{Kind: fault.Invalid, Items: f.Items, Cause: err}
	}
	return url, channelID, err
}

func (s *Surface) createSite(c *rest.Call) error {
	url, id, err := siteBody(c, true)
	if err != nil {
		return err
	}
	got, err := s.Channels.CreateSite(c.Ctx(), c.StoreID(), id, url)
	if err != nil {
		return err
	}
	sendSite(c, http.StatusCreated, &got)
	return nil
}

func (s *Surface) createChannelSite(c *rest.Call) error {
	id, err := sitePath(c)
	if err != nil {
		return err
	}
	url, given, err := siteBody(c, false)
	if err != nil {
		return err
	}
	if given != 0 && given != id {
		return &fault.Error{Kind: fault.Invalid, Items: []fault.Item{{Index: -1, Path: "channel_id", Code: fault.NotAccepted, Message: "channel_id must be that of the path"}}}
	}
	got, err := s.Channels.CreateSite(c.Ctx(), c.StoreID(), id, url)
	if err != nil {
		return err
	}
	sendSite(c, http.StatusOK, &got)
	return nil
}

func (s *Surface) updateSite(c *rest.Call) error {
	id, err := sitePath(c)
	if err != nil {
		return err
	}
	url, _, err := siteBody(c, false)
	if err != nil {
		return err
	}
	got, err := s.Channels.UpdateSite(c.Ctx(), c.StoreID(), id, url)
	if err != nil {
		return err
	}
	sendSite(c, http.StatusOK, &got)
	return nil
}

func (s *Surface) deleteSite(c *rest.Call) error {
	id, err := sitePath(c)
	if err != nil {
		return err
	}
	if err := s.Channels.DeleteSite(c.Ctx(), c.StoreID(), id); err != nil {
		return err
	}
	c.SendEmpty(http.StatusNoContent)
	return nil
}

func (s *Surface) deleteChannelSite(c *rest.Call) error {
	id, err := sitePath(c)
	if err != nil {
		return err
	}
	if err := s.Channels.DeleteSite(c.Ctx(), c.StoreID(), id); err != nil {
		return err
	}
	c.Send(http.StatusOK, []byte(`{}`))
	return nil
}

func (s *Surface) putCheckoutURL(c *rest.Call) error {
	id, err := sitePath(c)
	if err != nil {
		return err
	}
	d, err := single(c)
	if err != nil {
		return err
	}
	d.required("url")
	url := d.text("url").Value
	if url == "" && len(d.c.Items) == 0 {
		d.c.Add("url", fault.TooShort, "1", "url must not be empty")
	}
	if err := malformed(d.c.Items); err != nil {
		return err
	}
	got, err := s.Channels.SetCheckout(c.Ctx(), c.StoreID(), id, url)
	if err != nil {
		return err
	}
	explainSites(c, got)
	// This answer has no envelope.
	b := rest.Buffer()
	b.B = appendSite(b.B, &got)
	c.Send(http.StatusOK, b.B)
	b.Free()
	return nil
}

func (s *Surface) deleteCheckoutURL(c *rest.Call) error {
	id, err := sitePath(c)
	if err != nil {
		return err
	}
	got, err := s.Channels.SetCheckout(c.Ctx(), c.StoreID(), id, "")
	if err != nil {
		return err
	}
	explainSites(c, got)
	c.Send(http.StatusOK, []byte(`{"data":{},"meta":{}}`))
	return nil
}

func appendSite(b []byte, s *channel.Site) []byte {
	b = append(b, `{"id":`...)
	b = strconv.AppendInt(b, s.ChannelID, 10)
	b = append(b, `,"url":`...)
	b = jsonx.AppendString(b, s.URL)
	b = append(b, `,"channel_id":`...)
	b = strconv.AppendInt(b, s.ChannelID, 10)
	b = appendDates(b, s.DateCreated, s.DateModified)
	b = append(b, `,"urls":[`...)
	b = appendSiteURL(b, s.URL, "primary", s.DateCreated, s.DateModified)
	b = append(b, ',')
	b = appendSiteURL(b, s.URL, "canonical", s.DateCreated, s.DateModified)
	if s.CheckoutURL != "" {
		b = append(b, ',')
		b = appendSiteURL(b, s.CheckoutURL, "checkout", s.CheckoutCreated, s.CheckoutModified)
	}
	b = append(b, `],"is_checkout_url_customized":`...)
	b = strconv.AppendBool(b, s.CheckoutURL != "")
	return append(b, '}')
}

func appendSiteURL(b []byte, url, kind string, created, modified int64) []byte {
	b = append(b, `{"url":`...)
	b = jsonx.AppendString(b, url)
	b = append(b, `,"type":`...)
	b = jsonx.AppendString(b, kind)
	b = appendDates(b, created, modified)
	return append(b, '}')
}

func appendDates(b []byte, created, modified int64) []byte {
	b = append(b, `,"created_at":`...)
	b = jsonx.AppendTime(b, created)
	b = append(b, `,"updated_at":`...)
	return jsonx.AppendTime(b, modified)
}
