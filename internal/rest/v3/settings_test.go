package v3_test

import (
	"testing"
	"time"
)

func TestSettings(t *testing.T) {
	onEach(t, func(t *testing.T, d *desk) {
		d.channels(2)
		d.groups(7)
		first := `{"data":{"customer_group_settings":{"default_customer_group_id":0,"guest_customer_group_id":0},"privacy_settings":{"ask_shopper_for_tracking_consent":false,"ask_shopper_for_tracking_consent_on_checkout":false,"policy_url":""}},"meta":{}}`
		d.want(d.reader, "GET", "/customers/settings", "", 200, first)
		changed := `{"data":{"customer_group_settings":{"default_customer_group_id":0,"guest_customer_group_id":7},"privacy_settings":{"ask_shopper_for_tracking_consent":true,"ask_shopper_for_tracking_consent_on_checkout":false,"policy_url":"https://example.com/p"}},"meta":{}}`
		d.want(d.app, "PUT", "/customers/settings", `{"privacy_settings":{"ask_shopper_for_tracking_consent":true,"policy_url":"https://example.com/p"},"customer_group_settings":{"guest_customer_group_id":7,"default_customer_group_id":null}}`, 200, changed)
		d.want(d.app, "GET", "/customers/settings", "", 200, changed)

		empty := `{"data":{"allow_global_logins":false,"customer_group_settings":{"default_customer_group_id":null,"guest_customer_group_id":null},"privacy_settings":{"ask_shopper_for_tracking_consent":null,"ask_shopper_for_tracking_consent_on_checkout":null,"policy_url":null}},"meta":{}}`
		d.want(d.app, "GET", "/customers/settings/channels/2", "", 200, empty)
		d.want(d.app, "PUT", "/customers/settings/channels/2", `{"allow_global_logins":true,"privacy_settings":{"ask_shopper_for_tracking_consent":false},"customer_group_settings":{"default_customer_group_id":7}}`, 200,
			`{"data":{"allow_global_logins":true,"customer_group_settings":{"default_customer_group_id":7,"guest_customer_group_id":null},"privacy_settings":{"ask_shopper_for_tracking_consent":false,"ask_shopper_for_tracking_consent_on_checkout":null,"policy_url":null}},"meta":{}}`)
		d.want(d.app, "PUT", "/customers/settings/channels/2", `{"allow_global_logins":null,"privacy_settings":{"ask_shopper_for_tracking_consent":null},"customer_group_settings":null}`, 200, empty)
		d.want(d.app, "GET", "/customers/settings/channels/9", "", 404, notFound)
		d.want(d.app, "PUT", "/customers/settings/channels/9", `{}`, 404, notFound)
		d.want(d.app, "PUT", "/customers/settings", `{"privacy_settings":{"policy_url":"ftp://x"},"customer_group_settings":{"guest_customer_group_id":8}}`, 422,
			`{"status":422,"title":"Update customer settings failed.",`+typ+`,"errors":{"privacy_settings.policy_url":"policy_url must be an http or https URL","customer_group_settings.guest_customer_group_id":"invalid customer group ID"}}`)
		d.want(d.app, "PUT", "/customers/settings", `{"privacy_settings":{"ask_shopper_for_tracking_consent":"yes"}}`, 422,
			`{"status":422,"title":"JSON data is missing or invalid",`+typ+`,"errors":{"privacy_settings.ask_shopper_for_tracking_consent":"error.expected.jsboolean"}}`)
		d.want(d.reader, "PUT", "/customers/settings", `{}`, 403, "")
		d.want(d.stranger, "GET", "/customers/settings", "", 200, first)
	})
}

func TestConsent(t *testing.T) {
	onEach(t, func(t *testing.T, d *desk) {
		d.want(d.app, "GET", "/customers/1/consent", "", 200, `{"allow":[],"deny":[],"updated_at":"2026-06-18T14:37:37Z"}`)
		d.Clock.Advance(time.Minute)
		d.want(d.app, "GET", "/customers/1/consent", "", 200, `{"allow":[],"deny":[],"updated_at":"2026-06-18T14:37:37Z"}`)
		d.want(d.app, "PUT", "/customers/1/consent", `{"allow":["essential","functional"],"deny":["analytics"]}`, 200, `{"allow":["essential","functional"],"deny":["analytics"],"updated_at":"2026-06-18T14:38:37Z"}`)
		d.Clock.Advance(59 * time.Minute)
		d.want(d.reader, "GET", "/customers/1/consent", "", 200, `{"allow":["essential","functional"],"deny":["analytics"],"updated_at":"2026-06-18T14:38:37Z"}`)
		d.want(d.app, "PUT", "/customers/1/consent", `{"allow":["targeting"]}`, 200, `{"allow":["targeting"],"deny":[],"updated_at":"2026-06-18T15:37:37Z"}`)
		d.want(d.app, "PUT", "/customers/1/consent", `{"allow":["all","targeting"],"deny":["targeting"]}`, 422,
			`{"status":422,"title":"Update customer consent failed.",`+typ+`,"errors":{"allow":"allow may hold essential, functional, analytics, targeting","deny":"targeting is both allowed and denied"}}`)
		d.want(d.app, "PUT", "/customers/1/consent", `{"allow":"all"}`, 422, "")
		d.want(d.app, "PUT", "/customers/1/consent", `{"allow":["targeting","targeting"]}`, 422, "")
		d.want(d.app, "GET", "/customers/9/consent", "", 404, notFound)
		d.want(d.app, "PUT", "/customers/9/consent", `{}`, 404, notFound)
		d.want(d.reader, "PUT", "/customers/1/consent", `{}`, 403, "")
		d.want(d.stranger, "GET", "/customers/1/consent", "", 200, `{"allow":[],"deny":[],"updated_at":"2026-06-18T14:37:37Z"}`)
	})
}
