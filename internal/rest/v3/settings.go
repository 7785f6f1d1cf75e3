package v3

import (
	"strconv"

	"clientele/internal/auth"
	"clientele/internal/customer"
	"clientele/internal/jsonx"
	"clientele/internal/opt"
	"clientele/internal/rest"
	"clientele/internal/rest/decode"
	"clientele/internal/rest/shape"
	"clientele/internal/setting"
)

func (s *Surface) settingRoutes() []rest.Route {
	channel := shape.ID("channel_id")
	return []rest.Route{
		{Method: "GET", Pattern: "/customers/settings", Need: auth.ReadCustomers, Handle: get(everyChannel, s.getSettings, one(appendSettings))},
		{Method: "PUT", Pattern: "/customers/settings", Need: auth.ModifyCustomers, Class: rest.Updating, Titles: updateSettings,
			Handle: shape.CallAt(everyChannel, object(decodeSettings), s.putSettings, one(appendSettings))},
		{Method: "GET", Pattern: "/customers/settings/channels/{channel_id}", Need: auth.ReadCustomers, Handle: get(channel, s.getSettings, one(appendSettings))},
		{Method: "PUT", Pattern: "/customers/settings/channels/{channel_id}", Need: auth.ModifyCustomers, Class: rest.Updating, Titles: updateChannelSettings,
			Handle: shape.CallAt(channel, object(decodeChannelSettings), s.putSettings, one(appendSettings))},
	}
}

func (s *Surface) consentRoutes() []rest.Route {
	id := shape.ID("customerId")
	return []rest.Route{
		{Method: "GET", Pattern: "/customers/{customerId}/consent", Need: auth.ReadCustomers, Handle: get(id, s.getConsent, bare(appendConsent))},
		{Method: "PUT", Pattern: "/customers/{customerId}/consent", Need: auth.ModifyCustomers, Class: rest.Updating, Titles: updateConsent,
			Handle: shape.CallAt(id, object(decodeConsent), s.setConsent, bare(appendConsent))},
	}
}

// everyChannel stands for the store's own settings.
func everyChannel(*rest.Call) (int64, error) { return 0, nil }

func (s *Surface) getSettings(c *rest.Call, channel int64) (*setting.CustomerSettings, error) {
	return shape.Ref(s.Settings.Get(c.Ctx(), c.StoreID(), channel))
}

func (s *Surface) putSettings(c *rest.Call, channel int64, in setting.Update) (*setting.CustomerSettings, error) {
	return shape.Ref(s.Settings.Put(c.Ctx(), c.StoreID(), channel, in))
}

func (s *Surface) getConsent(c *rest.Call, id int64) (*customer.Consent, error) {
	return shape.Ref(s.Customers.Consent(c.Ctx(), c.StoreID(), id))
}

func (s *Surface) setConsent(c *rest.Call, id int64, in customer.Consent) (*customer.Consent, error) {
	return shape.Ref(s.Customers.SetConsent(c.Ctx(), c.StoreID(), id, in))
}

var (
	settingMembers        = []string{"privacy_settings", "customer_group_settings"}
	channelSettingMembers = append([]string{"allow_global_logins"}, settingMembers...)
	privacyMembers        = []string{"ask_shopper_for_tracking_consent", "ask_shopper_for_tracking_consent_on_checkout", "policy_url"}
	groupMembers          = []string{"guest_customer_group_id", "default_customer_group_id"}
)

// decodeSettings reads the store's settings.
func decodeSettings(o decode.Object) (in setting.Update) {
	o.Only(settingMembers, nil)
	o.Object("privacy_settings", func(p decode.Object) {
		p.Only(privacyMembers, nil)
		in.AskConsent = p.Flag("ask_shopper_for_tracking_consent")
		in.AskConsentOnCheckout = p.Flag("ask_shopper_for_tracking_consent_on_checkout")
		in.PolicyURL = p.Text("policy_url")
	})
	o.Object("customer_group_settings", func(g decode.Object) {
		g.Only(groupMembers, nil)
		in.GuestGroupID = g.Int("guest_customer_group_id")
		in.DefaultGroupID = g.Int("default_customer_group_id")
	})
	return in
}

// decodeChannelSettings reads a channel's settings. It leaves those to the
// store that are null, alone or as a group.
func decodeChannelSettings(o decode.Object) (in setting.Update) {
	o.Only(channelSettingMembers, nil)
	if o.Value.Get("privacy_settings").IsNull() {
		in.AskConsent, in.AskConsentOnCheckout, in.PolicyURL = opt.Null[bool](), opt.Null[bool](), opt.Null[string]()
	}
	o.Object("privacy_settings", func(p decode.Object) {
		p.Only(privacyMembers, nil)
		in.AskConsent = decode.OrNull(p, "ask_shopper_for_tracking_consent", p.Flag)
		in.AskConsentOnCheckout = decode.OrNull(p, "ask_shopper_for_tracking_consent_on_checkout", p.Flag)
		in.PolicyURL = decode.OrNull(p, "policy_url", p.Text)
	})
	if o.Value.Get("customer_group_settings").IsNull() {
		in.GuestGroupID, in.DefaultGroupID = opt.Null[int64](), opt.Null[int64]()
	}
	o.Object("customer_group_settings", func(g decode.Object) {
		g.Only(groupMembers, nil)
		in.GuestGroupID = decode.OrNull(g, "guest_customer_group_id", g.Int)
		in.DefaultGroupID = decode.OrNull(g, "default_customer_group_id", g.Int)
	})
	in.AllowGlobalLogins = decode.OrNull(o, "allow_global_logins", o.Flag)
	return in
}

func appendSettings(b []byte, s *setting.CustomerSettings) []byte {
	b = append(b, '{')
	if s.AllowGlobalLogins != nil {
		b = appendFlag(append(b, `"allow_global_logins":`...), s.AllowGlobalLogins)
		b = append(b, ',')
	}
	b = appendNumber(append(b, `"customer_group_settings":{"default_customer_group_id":`...), s.DefaultGroupID)
	b = appendNumber(append(b, `,"guest_customer_group_id":`...), s.GuestGroupID)
	b = appendFlag(append(b, `},"privacy_settings":{"ask_shopper_for_tracking_consent":`...), s.AskConsent)
	b = appendFlag(append(b, `,"ask_shopper_for_tracking_consent_on_checkout":`...), s.AskConsentOnCheckout)
	b = append(b, `,"policy_url":`...)
	if s.PolicyURL == nil {
		b = append(b, "null"...)
	} else {
		b = jsonx.AppendString(b, *s.PolicyURL)
	}
	return append(b, `}}`...)
}

func appendFlag(b []byte, v *bool) []byte {
	if v == nil {
		return append(b, "null"...)
	}
	return strconv.AppendBool(b, *v)
}

func appendNumber(b []byte, v *int64) []byte {
	if v == nil {
		return append(b, "null"...)
	}
	return strconv.AppendInt(b, *v, 10)
}

// decodeConsent passes over the time of the consent before.
func decodeConsent(o decode.Object) customer.Consent {
	o.Only([]string{"allow", "deny"}, nil, "updated_at")
	return customer.Consent{Allow: o.Texts("allow").Value, Deny: o.Texts("deny").Value}
}

func appendConsent(b []byte, v *customer.Consent) []byte {
	b = jsonx.AppendStrings(append(b, `{"allow":`...), v.Allow)
	b = jsonx.AppendStrings(append(b, `,"deny":`...), v.Deny)
	return append(jsonx.AppendTime(append(b, `,"updated_at":`...), v.DateModified), '}')
}
