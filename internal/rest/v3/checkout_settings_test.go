package v3_test

import (
	"strings"
	"testing"

	"clientele/internal/auth"
)

// said is the answer with a level's settings: those that hold nobody says, or
// null for a channel, but for what differs.
func said(channel bool, differs map[string]string) string {
	var b strings.Builder
	for _, m := range [][2]string{
		{"checkout_type", `"optimized"`}, {"guest_checkout_type", `"guest_checkout"`}, {"guest_checkout_for_existing_accounts", `"allow_guest"`}, {"policy_consent", `"none"`},
		{"order_confirmation_contact_email", `""`}, {"is_order_terms_and_conditions_enabled", `false`}, {"order_terms_and_conditions_type", `""`},
		{"order_terms_and_conditions_link", `""`}, {"order_terms_and_conditions_textarea", `""`}, {"should_redirect_to_storefront_for_auth", `false`},
		{"custom_checkout_script_url", `""`}, {"order_confirmation_use_custom_checkout_script", `false`}, {"custom_order_confirmation_script_url", `""`},
		{"custom_checkout_supports_uco_settings", `false`}, {"custom_checkout_sri_hash", `""`}, {"custom_order_confirmation_sri_hash", `""`},
	} {
		value := m[1]
		if channel {
			value = "null"
		}
		if v, ok := differs[m[0]]; ok {
			value = v
		}
		b.WriteString(`,"` + m[0] + `":` + value)
	}
	return `{"data":{` + b.String()[1:] + `},"meta":{}}`
}

func TestCheckoutSettings(t *testing.T) {
	onEach(t, func(t *testing.T, d *desk) {
		d.channels(2)
		d.app, d.reader = d.account("till", auth.Checkouts), d.account("content", auth.CheckoutContentRead)
		d.want(d.reader, "GET", "/checkouts/settings", "", 200, said(false, nil))
		d.want(d.app, "GET", "/checkouts/settings/channels/2", "", 200, said(true, nil))
		// The payload of the guide to session syncing.
		d.want(d.app, "PUT", "/checkouts/settings/channels/2", `{"should_redirect_to_storefront_for_auth":true,"custom_checkout_script_url":"","custom_order_confirmation_script_url":"","order_confirmation_use_custom_checkout_script":false}`, 200,
			said(true, map[string]string{"should_redirect_to_storefront_for_auth": "true", "custom_checkout_script_url": `""`, "custom_order_confirmation_script_url": `""`, "order_confirmation_use_custom_checkout_script": "false"}))
		d.want(d.app, "PUT", "/checkouts/settings/channels/2", `{"should_redirect_to_storefront_for_auth":null,"custom_checkout_script_url":null,"custom_order_confirmation_script_url":null,"order_confirmation_use_custom_checkout_script":null,"guest_checkout_type":"guest_checkout_account"}`, 200,
			said(true, map[string]string{"guest_checkout_type": `"guest_checkout_account"`}))
		d.want(d.app, "GET", "/checkouts/settings/channels/1", "", 200, said(true, nil))

		d.want(d.app, "PUT", "/checkouts/settings", `{"guest_checkout_type":"no_guest_checkout","policy_consent":null,"custom_order_confirmation_script_url":"webdav:o/auto-loader.js"}`, 200,
			said(false, map[string]string{"guest_checkout_type": `"no_guest_checkout"`, "custom_order_confirmation_script_url": `"webdav:o/auto-loader.js"`}))
		// The checkout's own script confirms orders from then on,
		now := map[string]string{"guest_checkout_type": `"no_guest_checkout"`, "order_confirmation_use_custom_checkout_script": "true"}
		d.want(d.app, "PUT", "/checkouts/settings", `{"order_confirmation_use_custom_checkout_script":true}`, 200, said(false, now))
		// unless another is given with the flag.
		now["custom_order_confirmation_script_url"] = `"https://example.com/o.js"`
		d.want(d.app, "PUT", "/checkouts/settings", `{"order_confirmation_use_custom_checkout_script":true,"custom_order_confirmation_script_url":"https://example.com/o.js"}`, 200, said(false, now))
		d.want(d.app, "PUT", "/checkouts/settings", `{}`, 200, said(false, now))

		const failed = `{"status":422,"title":"Checkout settings request failed.",` + typ + `,"errors":{`
		for _, method := range []string{"GET", "PUT"} {
			body := ""
			if method == "PUT" {
				body = `{}`
			}
			d.want(d.app, method, "/checkouts/settings/channels/9", body, 422, failed+`"channelId":"there is no such channel"}}`)
		}
		for _, at := range []string{"/checkouts/settings", "/checkouts/settings/channels/2"} {
			d.want(d.app, "PUT", at, `{"checkout_type":"single","guest_checkout_type":"","order_confirmation_contact_email":"nobody","order_terms_and_conditions_type":"page","order_terms_and_conditions_link":"//evil.example","custom_checkout_script_url":"javascript:1","custom_order_confirmation_script_url":"webdav:/","custom_checkout_sri_hash":"md5-1","policy_consent":"express"}`, 422,
				failed+`"checkout_type":"\"single\" is none of optimized, custom","guest_checkout_type":"\"\" is none of guest_checkout, guest_checkout_account, no_guest_checkout","order_confirmation_contact_email":"invalid email address","order_terms_and_conditions_type":"\"page\" is none of link, textarea",`+
					`"order_terms_and_conditions_link":"order_terms_and_conditions_link must be an http or https URL, or a path that begins with one /","custom_checkout_script_url":"custom_checkout_script_url must be an http or https URL, or webdav: and a path","custom_order_confirmation_script_url":"custom_order_confirmation_script_url must be an http or https URL, or webdav: and a path","custom_checkout_sri_hash":"custom_checkout_sri_hash must be a hash such as sha384-…"}}`)
			d.want(d.app, "PUT", at, `{"order_terms_and_conditions_textarea":"`+strings.Repeat("x", 65537)+`"}`, 422, failed+`"order_terms_and_conditions_textarea":"order_terms_and_conditions_textarea must be at most 65536 characters"}}`)
			d.want(d.app, "PUT", at, `{"checkout_type":1,"is_order_terms_and_conditions_enabled":"yes"}`, 422,
				`{"status":422,"title":"JSON data is missing or invalid",`+typ+`,"errors":{"checkout_type":"error.expected.jsstring","is_order_terms_and_conditions_enabled":"error.expected.jsboolean"}}`)
			d.want(d.reader, "PUT", at, `{}`, 403, "")
		}
		d.want(d.app, "GET", "/checkouts/settings", "", 200, said(false, now))
		d.want(d.stranger, "GET", "/checkouts/settings", "", 200, said(false, nil))
	})
}
