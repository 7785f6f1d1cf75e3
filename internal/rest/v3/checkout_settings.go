package v3

import (
	"clientele/internal/auth"
	"clientele/internal/jsonx"
	"clientele/internal/opt"
	"clientele/internal/rest"
	"clientele/internal/rest/decode"
	"clientele/internal/rest/shape"
	"clientele/internal/setting"
	"clientele/internal/store"
)

func (s *Surface) checkoutRoutes() []rest.Route {
	channel := shape.ID("channelId")
	return []rest.Route{
		{Method: "GET", Pattern: "/checkouts/settings", Need: auth.ReadCheckouts, Titles: checkoutSettings,
			Handle: get(everyChannel, s.getCheckoutSettings, one(appendCheckout))},
		{Method: "PUT", Pattern: "/checkouts/settings", Need: auth.ModifyCheckouts, Class: rest.Updating, Titles: checkoutSettings,
			Handle: shape.CallAt(everyChannel, object(decodeCheckoutSettings), s.putCheckoutSettings, one(appendCheckout))},
		{Method: "GET", Pattern: "/checkouts/settings/channels/{channelId}", Need: auth.ReadCheckouts, Titles: checkoutSettings,
			Handle: get(channel, s.getCheckoutSettings, one(appendCheckout))},
		{Method: "PUT", Pattern: "/checkouts/settings/channels/{channelId}", Need: auth.ModifyCheckouts, Class: rest.Updating, Titles: checkoutSettings,
			Handle: shape.CallAt(channel, object(decodeChannelCheckout), s.putCheckoutSettings, one(appendCheckout))},
	}
}

func (s *Surface) getCheckoutSettings(c *rest.Call, channel int64) (*setting.CheckoutSettings, error) {
	return shape.Ref(s.Settings.Checkout(c.Ctx(), c.StoreID(), channel))
}

func (s *Surface) putCheckoutSettings(c *rest.Call, channel int64, in setting.CheckoutUpdate) (*setting.CheckoutSettings, error) {
	return shape.Ref(s.Settings.PutCheckout(c.Ctx(), c.StoreID(), channel, in))
}

// decodeCheckoutSettings reads the store's settings.
func decodeCheckoutSettings(o decode.Object) setting.CheckoutUpdate {
	return readCheckout(o, o.Text, o.Flag)
}

// decodeChannelCheckout reads a channel's settings. It leaves those to the store
// that are null.
func decodeChannelCheckout(o decode.Object) setting.CheckoutUpdate {
	return readCheckout(o,
		func(name string) opt.Field[string] { return decode.OrNull(o, name, o.Text) },
		func(name string) opt.Field[bool] { return decode.OrNull(o, name, o.Flag) })
}

func readCheckout(o decode.Object, text func(string) opt.Field[string], flag func(string) opt.Field[bool]) setting.CheckoutUpdate {
	names := store.CheckoutNames()
	members, in := make([]string, len(names)), make(setting.CheckoutUpdate, len(names))
	for i, name := range names {
		members[i] = string(name)
		if setting.IsCheckoutFlag(name) {
			in.Flag(name, flag(members[i]))
		} else {
			in[name] = text(members[i])
		}
	}
	o.Only(members, nil)
	return in
}

func appendCheckout(b []byte, s *setting.CheckoutSettings) []byte {
	for i, name := range store.CheckoutNames() {
		b = append(b, ',')
		if i == 0 {
			b[len(b)-1] = '{'
		}
		b = append(jsonx.AppendString(b, string(name)), ':')
		value, said := s.Text(name)
		switch on := s.On(name); {
		case !said:
			b = append(b, "null"...)
		case setting.IsCheckoutFlag(name):
			b = appendFlag(b, &on)
		default:
			b = jsonx.AppendString(b, value)
		}
	}
	return append(b, '}')
}
