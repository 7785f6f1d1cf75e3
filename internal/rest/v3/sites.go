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
	"clientele/internal/rest/decode"
	"clientele/internal/rest/shape"
)

// A site has the id of its channel.
func (s *Surface) siteRoutes() []rest.Route {
	own, site := shape.ID("channel_id"), shape.ID("site_id")
	return []rest.Route{
		{Method: "GET", Pattern: "/channels/{channel_id}/site", Need: auth.ReadSites, Handle: get(own, s.getSite, sendSite(http.StatusOK))},
		{Method: "POST", Pattern: "/channels/{channel_id}/site", Need: auth.ModifySites, Class: rest.Creating, Titles: writeSite,
			Handle: shape.CallAt(own, siteBody(input(decodeSite)), s.createChannelSite, sendSite(http.StatusOK))},
		{Method: "PUT", Pattern: "/channels/{channel_id}/site", Need: auth.ModifySites, Class: rest.Updating, Titles: writeSite,
			Handle: shape.CallAt(own, siteBody(withID(input[siteInput], own, decodeSiteChange)), s.updateSite, sendSite(http.StatusOK))},
		{Method: "DELETE", Pattern: "/channels/{channel_id}/site", Need: auth.ModifySites,
			Handle: shape.Call(own, s.deleteSite, text(`{}`))},
		{Method: "PUT", Pattern: "/channels/{channel_id}/site/checkout-url", Need: auth.ModifySites, Class: rest.Updating,
			Handle: shape.CallAt(own, object(decodeCheckout), s.putCheckout, explained(bare(appendSite)))},
		{Method: "DELETE", Pattern: "/channels/{channel_id}/site/checkout-url", Need: auth.ModifySites,
			Handle: shape.Call(own, s.deleteCheckout, explained(text(`{"data":{},"meta":{}}`)))},
		{Method: "GET", Pattern: "/sites", Need: auth.ReadSites, List: channel.SiteList, Handle: List(s.sites, appendSite)},
		{Method: "POST", Pattern: "/sites", Need: auth.ModifySites, Class: rest.Creating, Titles: writeSite,
			Handle: shape.Call(siteBody(input(decodeNewSite)), s.createSite, located("/sites", func(site *channel.Site) int64 { return site.ChannelID }, sendSite(http.StatusCreated)))},
		{Method: "GET", Pattern: "/sites/{site_id}", Need: auth.ReadSites, Handle: get(site, s.getSite, sendSite(http.StatusOK))},
		{Method: "PUT", Pattern: "/sites/{site_id}", Need: auth.ModifySites, Class: rest.Updating, Titles: writeSite,
			Handle: shape.CallAt(site, siteBody(withID(input[siteInput], site, decodeSiteChange)), s.updateSite, sendSite(http.StatusOK))},
		{Method: "DELETE", Pattern: "/sites/{site_id}", Need: auth.ModifySites, Handle: shape.Do(site, shape.ScopedDo(s.Channels.DeleteSite))},
	}
}

func (s *Surface) sites(c *rest.Call, q *listing.Query) ([]channel.Site, *listing.Result, error) {
	rows, res, err := s.Channels.Sites(c.Ctx(), c.StoreID(), q)
	explainSites(c, rows...)
	return rows, res, err
}

func (s *Surface) getSite(c *rest.Call, id int64) (*channel.Site, error) {
	return shape.Ref(s.Channels.Site(c.Ctx(), c.StoreID(), id))
}

// siteInput is the body of a write to a site.
type siteInput struct {
	url       string
	channelID int64
}

// of makes sure that a body names no other channel than the path.
func (in siteInput) of(channel int64) error {
	if in.channelID == 0 || in.channelID == channel {
		return nil
	}
	return &fault.Error{Kind: fault.Invalid, Items: []fault.Item{{Path: "channel_id", Code: fault.NotAccepted, Message: "channel_id must be that of the path"}}}
}

func (s *Surface) createSite(c *rest.Call, in siteInput) (*channel.Site, error) {
	return shape.Ref(s.Channels.CreateSite(c.Ctx(), c.StoreID(), in.channelID, in.url))
}

func (s *Surface) createChannelSite(c *rest.Call, id int64, in siteInput) (*channel.Site, error) {
	if err := in.of(id); err != nil {
		return nil, err
	}
	return shape.Ref(s.Channels.CreateSite(c.Ctx(), c.StoreID(), id, in.url))
}

func (s *Surface) updateSite(c *rest.Call, id int64, in siteInput) (*channel.Site, error) {
	if err := in.of(id); err != nil {
		return nil, err
	}
	return shape.Ref(s.Channels.UpdateSite(c.Ctx(), c.StoreID(), id, in.url))
}

func (s *Surface) deleteSite(c *rest.Call, id int64) (*channel.Site, error) {
	return nil, s.Channels.DeleteSite(c.Ctx(), c.StoreID(), id)
}

func (s *Surface) putCheckout(c *rest.Call, id int64, url string) (*channel.Site, error) {
	return shape.Ref(s.Channels.SetCheckout(c.Ctx(), c.StoreID(), id, url))
}

func (s *Surface) deleteCheckout(c *rest.Call, id int64) (*channel.Site, error) {
	return s.putCheckout(c, id, "")
}

// siteBody reads the body of a write to a site. All that is wrong with one is
// answered as the original does, by a bad request.
func siteBody(body func(*rest.Call) (siteInput, error)) func(*rest.Call) (siteInput, error) {
	return func(c *rest.Call) (siteInput, error) {
		in, err := body(c)
		if f := fault.As(err); f != nil && f.Kind == fault.Malformed {
			err = &fault.Error{Kind: fault.Invalid, Items: f.Items, Cause: err}
		}
		return in, err
	}
}

func decodeSite(o decode.Object) siteInput {
	o.Only([]string{"url", "channel_id"}, []string{"id", "urls", "created_at", "updated_at"})
	return readSite(o)
}

// decodeSiteChange passes over what clients send back as they have read it. A
// site has the id of its channel.
func decodeSiteChange(o decode.Object) siteInput {
	o.Only([]string{"url", "channel_id", "id"}, nil, "urls", "created_at", "updated_at")
	return readSite(o)
}

func readSite(o decode.Object) siteInput {
	o.Required("url")
	return siteInput{o.Text("url").Value, o.Int("channel_id").Value}
}

func decodeNewSite(o decode.Object) siteInput {
	in := decodeSite(o)
	o.RequiredAs(jsonx.Number, "channel_id")
	return in
}

func decodeCheckout(o decode.Object) string {
	o.Only([]string{"url"}, nil)
	o.Required("url")
	url := o.Text("url").Value
	if url == "" && len(o.Faults.Items) == 0 {
		o.Faults.Add("url", fault.TooShort, "1", "url must not be empty")
	}
	return url
}

func sendSite(status int) func(*rest.Call, *channel.Site) {
	return explained(oneAs(status, appendSite))
}

// explained tells, in production too, why nothing is served at a site.
func explained(send func(*rest.Call, *channel.Site)) func(*rest.Call, *channel.Site) {
	return func(c *rest.Call, got *channel.Site) {
		explainSites(c, *got)
		send(c, got)
	}
}

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

// text sends a fixed answer, whatever the outcome.
func text(body string) func(*rest.Call, *channel.Site) {
	return func(c *rest.Call, _ *channel.Site) { c.Send(http.StatusOK, []byte(body)) }
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
