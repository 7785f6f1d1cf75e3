package v3

import (
	"net/http"
	"strconv"

	"clientele/internal/auth"
	"clientele/internal/customer"
	"clientele/internal/jsonx"
	"clientele/internal/rest"
	"clientele/internal/setting"
)

func (s *Surface) settingRoutes() []rest.Route {
	return []rest.Route{
		{Method: "GET", Pattern: "/customers/settings", Need: auth.ReadCustomers, Handle: s.getSettings},
		{Method: "PUT", Pattern: "/customers/settings", Need: auth.ModifyCustomers, Class: rest.Updating, Handle: s.updateSettings, Titles: updateSettings},
		{Method: "GET", Pattern: "/customers/settings/channels/{channel_id}", Need: auth.ReadCustomers, Handle: s.getChannelSettings},
		{Method: "PUT", Pattern: "/customers/settings/channels/{channel_id}", Need: auth.ModifyCustomers, Class: rest.Updating, Handle: s.updateChannelSettings, Titles: updateChannelSettings},
	}
}

func (s *Surface) consentRoutes() []rest.Route {
	return []rest.Route{
		{Method: "GET", Pattern: "/customers/{customerId}/consent", Need: auth.ReadCustomers, Handle: s.getConsent},
		{Method: "PUT", Pattern: "/customers/{customerId}/consent", Need: auth.ModifyCustomers, Class: rest.Updating, Handle: s.updateConsent, Titles: updateConsent},
	}
}

func (s *Surface) getSettings(c *rest.Call) error {
	got, err := s.Settings.Get(c.Ctx(), c.StoreID(), 0)
	if err != nil {
		return err
	}
	sendSettings(c, &got)
	return nil
}

func (s *Surface) getChannelSettings(c *rest.Call) error {
	channel, err := PathID(c, "channel_id")
	if err != nil {
		return err
	}
	got, err := s.Settings.Get(c.Ctx(), c.StoreID(), channel)
	if err != nil {
		return err
	}
	sendSettings(c, &got)
	return nil
}

func (s *Surface) updateSettings(c *rest.Call) error { return s.putSettings(c, 0) }

func (s *Surface) updateChannelSettings(c *rest.Call) error {
	channel, err := PathID(c, "channel_id")
	if err != nil {
		return err
	}
	return s.putSettings(c, channel)
}

func (s *Surface) putSettings(c *rest.Call, channel int64) error {
	d, err := single(c)
	if err != nil {
		return err
	}
	in := d.settings(channel != 0)
	if err := malformed(d.c.Items); err != nil {
		return err
	}
	got, err := s.Settings.Put(c.Ctx(), c.StoreID(), channel, in)
	if err != nil {
		return err
	}
	sendSettings(c, &got)
	return nil
}

// settings reads one level. Where a level may leave settings to the one
// above, null does so, for a member or for a group of them.
func (d decoder) settings(inherits bool) (in setting.Update) {
	d.object("privacy_settings", func(p decoder) {
		in.AskConsent = p.flag("ask_shopper_for_tracking_consent")
		in.AskConsentOnCheckout = p.flag("ask_shopper_for_tracking_consent_on_checkout")
		in.PolicyURL = p.text("policy_url")
		if inherits {
			in.AskConsent = nullable(p, "ask_shopper_for_tracking_consent", in.AskConsent)
			in.AskConsentOnCheckout = nullable(p, "ask_shopper_for_tracking_consent_on_checkout", in.AskConsentOnCheckout)
			in.PolicyURL = nullable(p, "policy_url", in.PolicyURL)
		}
	})
	d.object("customer_group_settings", func(g decoder) {
		in.GuestGroupID = g.integer("guest_customer_group_id")
		in.DefaultGroupID = g.integer("default_customer_group_id")
		if inherits {
			in.GuestGroupID = nullable(g, "guest_customer_group_id", in.GuestGroupID)
			in.DefaultGroupID = nullable(g, "default_customer_group_id", in.DefaultGroupID)
		}
	})
	if !inherits {
		return in
	}
	in.AskConsent = nullable(d, "privacy_settings", in.AskConsent)
	in.AskConsentOnCheckout = nullable(d, "privacy_settings", in.AskConsentOnCheckout)
	in.PolicyURL = nullable(d, "privacy_settings", in.PolicyURL)
	in.GuestGroupID = nullable(d, "customer_group_settings", in.GuestGroupID)
	in.DefaultGroupID = nullable(d, "customer_group_settings", in.DefaultGroupID)
	in.AllowGlobalLogins = nullable(d, "allow_global_logins", d.flag("allow_global_logins"))
	return in
}

func sendSettings(c *rest.Call, s *setting.CustomerSettings) {
	b := rest.Buffer()
	b.B = append(b.B, `{"data":{`...)
	if s.AllowGlobalLogins != nil {
		b.B = appendFlag(append(b.B, `"allow_global_logins":`...), s.AllowGlobalLogins)
		b.B = append(b.B, ',')
	}
	b.B = appendNumber(append(b.B, `"customer_group_settings":{"default_customer_group_id":`...), s.DefaultGroupID)
	b.B = appendNumber(append(b.B, `,"guest_customer_group_id":`...), s.GuestGroupID)
	b.B = appendFlag(append(b.B, `},"privacy_settings":{"ask_shopper_for_tracking_consent":`...), s.AskConsent)
	b.B = appendFlag(append(b.B, `,"ask_shopper_for_tracking_consent_on_checkout":`...), s.AskConsentOnCheckout)
	b.B = append(b.B, `,"policy_url":`...)
	if s.PolicyURL == nil {
		b.B = append(b.B, "null"...)
	} else {
		b.B = jsonx.AppendString(b.B, *s.PolicyURL)
	}
	b.B = append(b.B, `}},"meta":{}}`...)
	c.Send(http.StatusOK, b.B)
	b.Free()
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

func (s *Surface) getConsent(c *rest.Call) error {
	id, err := PathID(c, "customerId")
	if err != nil {
		return err
	}
	got, err := s.Customers.Consent(c.Ctx(), c.StoreID(), id)
	if err != nil {
		return err
	}
	sendConsent(c, &got)
	return nil
}

func (s *Surface) updateConsent(c *rest.Call) error {
	id, err := PathID(c, "customerId")
	if err != nil {
		return err
	}
	d, err := single(c)
	if err != nil {
		return err
	}
	in := customer.Consent{Allow: d.texts("allow").Value, Deny: d.texts("deny").Value}
	if err := malformed(d.c.Items); err != nil {
		return err
	}
	got, err := s.Customers.SetConsent(c.Ctx(), c.StoreID(), id, in)
	if err != nil {
		return err
	}
	sendConsent(c, &got)
	return nil
}

// sendConsent answers with a consent, which has no envelope.
func sendConsent(c *rest.Call, v *customer.Consent) {
	b := rest.Buffer()
	b.B = jsonx.AppendStrings(append(b.B, `{"allow":`...), v.Allow)
	b.B = jsonx.AppendStrings(append(b.B, `,"deny":`...), v.Deny)
	b.B = append(b.B, `,"updated_at":`...)
	b.B = append(jsonx.AppendTime(b.B, v.DateModified), '}')
	c.Send(http.StatusOK, b.B)
	b.Free()
}
