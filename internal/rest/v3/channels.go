package v3

import (
	"net/http"
	"slices"
	"strconv"

	"clientele/internal/auth"
	"clientele/internal/channel"
	"clientele/internal/jsonx"
	"clientele/internal/listing"
	"clientele/internal/rest"
	"clientele/internal/rest/decode"
	"clientele/internal/rest/shape"
)

func (s *Surface) channelRoutes() []rest.Route {
	return slices.Concat([]rest.Route{
		{Method: "GET", Pattern: "/channels", Need: auth.ReadChannels, List: channel.List, Handle: listAs(shape.ScopedPage(s.Channels.List), channelRow)},
		{Method: "POST", Pattern: "/channels", Need: auth.ModifyChannels, Class: rest.Creating, Titles: createChannel,
			Handle: shape.Call(object(decodeNewChannel), s.createChannel, one(appendPlainChannel))},
		{Method: "GET", Pattern: "/channels/{channel_id}", Need: auth.ReadChannels, List: channel.Single, Titles: getChannel, Handle: s.getChannel},
		{Method: "PUT", Pattern: "/channels/{channel_id}", Need: auth.ModifyChannels, Class: rest.Updating, Titles: updateChannel,
			Handle: shape.CallAt(shape.ID("channel_id"), withID(object[channel.Update], shape.ID("channel_id"), decodeChannel), s.updateChannel, one(appendPlainChannel))},
	}, s.siteRoutes())
}

func (s *Surface) getChannel(c *rest.Call) error {
	q, err := query(c)
	if err != nil {
		return err
	}
	id, err := c.PathID("channel_id")
	if err != nil {
		return err
	}
	got, err := s.Channels.Get(c.Ctx(), c.StoreID(), id)
	if err != nil {
		return err
	}
	sendOne(c, http.StatusOK, &got, channelRow(c, q))
	return nil
}

func (s *Surface) createChannel(c *rest.Call, in channel.Create) (*channel.Channel, error) {
	return shape.Ref(s.Channels.Create(c.Ctx(), c.StoreID(), in))
}

func (s *Surface) updateChannel(c *rest.Call, id int64, in channel.Update) (*channel.Channel, error) {
	in.ID = id
	return shape.Ref(s.Channels.Update(c.Ctx(), c.StoreID(), in))
}

var (
	channelMembers  = []string{"name", "type", "platform", "status", "external_id", "is_listable_from_ui", "is_visible"}
	channelReadOnly = []string{"id", "icon_url", "is_enabled", "date_created", "date_modified", "currencies"}
)

func decodeNewChannel(o decode.Object) channel.Create {
	o.Only(channelMembers, channelReadOnly)
	o.Required("name", "type", "platform")
	return channel.Create{
		Name:       o.Text("name").Value,
		Type:       o.Text("type").Value,
		Platform:   o.Text("platform").Value,
		Status:     o.Text("status"),
		ExternalID: o.Text("external_id").Value,
		IsListable: o.Flag("is_listable_from_ui"),
		IsVisible:  o.Flag("is_visible"),
	}
}

// decodeChannel passes over what clients send back as they have read it.
func decodeChannel(o decode.Object) channel.Update {
	o.Only(channelMembers, nil, channelReadOnly...)
	return channel.Update{
		Name:          o.Text("name"),
		Status:        o.Text("status"),
		ExternalID:    o.Text("external_id"),
		IsListable:    o.Flag("is_listable_from_ui"),
		IsVisible:     o.Flag("is_visible"),
		GivesType:     o.Value.Get("type").Present(),
		GivesPlatform: o.Value.Get("platform").Present(),
	}
}

func channelRow(_ *rest.Call, q *listing.Query) func([]byte, *channel.Channel) []byte {
	currencies := q.Includes(channel.IncludeCurrencies)
	return func(b []byte, row *channel.Channel) []byte { return appendChannel(b, row, currencies) }
}

func appendPlainChannel(b []byte, c *channel.Channel) []byte { return appendChannel(b, c, false) }

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
