package v3_test

import (
	"encoding/json"
	"strings"
	"testing"

	"clientele/internal/mail"
)

func TestEmailTemplates(t *testing.T) {
	onEach(t, func(t *testing.T, d *desk) {
		const reset = "/marketing/email-templates/account_reset_password_email"
		const form = `{"type_id":"account_reset_password_email","body":"<a href=\"{{reset_password.link}}\">{{lang \"go\" name=store.name}}</a>","translations":[{"locale":"de","keys":{"go":"Hin zu {name}"}},{"locale":"en","keys":{"go":"Go to {{name}}","unused":"x"}}],"subject":"At {{store.name}}"}`
		refused := func(errors string) string {
			return `{"status":400,"title":"Update email template failed.",` + typ + `,"errors":{` + errors + `}}`
		}
		// Without any of its own a store shows what the program goes by.
		var list struct {
			Data []struct {
				TypeID       string `json:"type_id"`
				Body         string
				Subject      string
				Translations []struct{ Locale string }
			}
			Meta map[string]any
		}
		if err := json.Unmarshal([]byte(d.want(d.reader, "GET", "/marketing/email-templates", "", 200, "")), &list); err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, x := range list.Data {
			if names = append(names, x.TypeID); !strings.Contains(x.Body, "{{lang ") || !strings.Contains(x.Subject, "{{lang ") || len(x.Translations) != 3 {
				t.Errorf("%+v", x)
			}
		}
		if got := strings.Join(names, " "); got != "account_details_changed_email account_reset_password_email createaccount_email createguestaccount_email passwordless_login_email" {
			t.Error(got)
		}
		d.want(d.reader, "GET", "/marketing/email-templates?channel_id=1", "", 200, `{"data":[],"meta":{}}`)

		d.want(d.app, "PUT", reset, form, 200, one(form))
		d.want(d.reader, "GET", reset, "", 200, one(form))
		d.want(d.app, "PUT", reset, `{"subject":"Yours"}`, 200, one(strings.Replace(form, "At {{store.name}}", "Yours", 1)))
		d.want(d.app, "PUT", reset, form, 200, one(form))

		// A channel's own begins with what holds, and goes again.
		channels := strings.Replace(form, "At {{store.name}}", "Channel", 1)
		d.want(d.reader, "GET", reset+"?channel_id=1", "", 404, "")
		d.want(d.app, "PUT", reset+"?channel_id=1", `{"subject":"Channel"}`, 200, one(channels))
		d.want(d.reader, "GET", reset+"?channel_id=1", "", 200, one(channels))
		d.want(d.reader, "GET", "/marketing/email-templates?channel_id=1", "", 200, `{"data":[`+channels+`],"meta":{}}`)
		d.want(d.reader, "GET", reset, "", 200, one(form))
		d.want(d.app, "DELETE", reset, "", 422, "")
		d.want(d.app, "DELETE", reset+"?channel_id=", "", 422, "")
		d.want(d.app, "DELETE", reset+"?channel_id=1", "", 200, "")
		d.want(d.app, "DELETE", reset+"?channel_id=1", "", 404, "")
		for _, path := range []string{reset + "?channel_id=9", "/marketing/email-templates/invoice_email", "/marketing/email-templates/sign_in_link", "/marketing/email-templates?channel_id=9"} {
			d.want(d.reader, "GET", path, "", 404, "")
		}
		d.want(d.app, "PUT", reset+"?channel_id=9", `{"subject":"x"}`, 404, "")
		d.want(d.reader, "GET", "/marketing/email-templates?page=1", "", 422, "")

		// What nobody could send is refused, and nothing of it is stored.
		d.want(d.app, "PUT", reset, `{"body":"{{order.id}}"}`, 400, refused(`"body":"body: line 1: there is no merge field order.id in these emails: clientele email template placeholders lists them"`))
		d.want(d.app, "PUT", reset, `{"body":"{{lang \"none\"}}"}`, 400, refused(`"body":"body: line 1: the translations have no phrase \"none\""`))
		d.want(d.app, "PUT", reset, `{"translations":[]}`, 400, refused(`"body":"body: line 1: the translations have no phrase \"go\""`))
		d.want(d.app, "PUT", reset, `{"body":"`+strings.Repeat("x", 65537)+`"}`, 400, refused(`"body":"Email body too large: it may have 65536 characters"`))
		d.want(d.app, "PUT", reset, `{"translations":[{"locale":"english!","keys":{"go":"x"}}]}`, 400, refused(`"translations":"translations: \"english!\" is no locale such as de or pt-BR"`))
		for _, body := range []string{`{"type_id":"invoice_email"}`, `{"body":1}`, `{"translations":{}}`, `{"translations":[{"keys":{}}]}`, `{"translations":[{"locale":"en","keys":{"a":1}}]}`, `{"translations":[1]}`, `{"subject":""}`, `{`, `[]`} {
			if status, text := d.do(d.app, "PUT", reset, body); status/100 != 4 {
				t.Errorf("%s: %d %s", body, status, text)
			}
		}
		d.want(d.reader, "GET", reset, "", 200, one(form))
		d.want(d.reader, "PUT", reset, form, 403, "")

		// Each writing has made a version, and no store sees another's.
		versions, err := d.Mail.History(t.Context(), d.stores[0], mail.Place{Kind: mail.PasswordReset})
		if err != nil || len(versions) != 3 || versions[0].Writer != mail.ByAPI {
			t.Errorf("%+v, %v", versions, err)
		}
		if got := d.want(d.stranger, "GET", reset, "", 200, ""); strings.Contains(got, "Hin zu") {
			t.Error(got)
		}
	})
}

func TestEmailStatuses(t *testing.T) {
	onEach(t, func(t *testing.T, d *desk) {
		const path = "/settings/email-statuses"
		form := func(rest, details, account, guest string) string {
			return one(`{"abandoned_cart_email":` + rest + `,"account_details_changed_email":` + details + `,"combined_order_status_email":` + rest + `,"createaccount_email":` + account +
				`,"createguestaccount_email":` + guest + `,"giftcertificate_email":` + rest + `,"invoice_email":` + rest + `,"ordermessage_notification":` + rest + `,"product_review_email":` + rest +
				`,"return_confirmation_email":` + rest + `,"return_statuschange_email":` + rest + `}`)
		}
		d.want(d.reader, "GET", path, "", 200, form("false", "true", "true", "true"))
		d.want(d.reader, "GET", path+"?channel_id=1", "", 200, form("null", "null", "null", "null"))
		d.want(d.app, "PUT", path, `{"createaccount_email":false,"create_guest_account_email":false}`, 200, form("false", "true", "false", "false"))
		d.want(d.app, "PUT", path+"?channel_id=1", `{"createaccount_email":true,"account_details_changed_email":false,"invoice_email":null}`, 200, form("null", "false", "true", "null"))
		d.want(d.app, "PUT", path+"?channel_id=1", `{"account_details_changed_email":null}`, 200, form("null", "null", "true", "null"))
		d.want(d.reader, "GET", path, "", 200, form("false", "true", "false", "false"))
		for _, body := range []string{`{"invoice_email":true}`, `{"createaccount_email":null}`, `{"createaccount_email":"true"}`, `{"createaccount_email":true,"create_account_email":true}`, `[]`} {
			d.want(d.app, "PUT", path, body, 422, "")
		}
		for _, query := range []string{"?channel_id=9", "?channel_id=0"} {
			d.want(d.reader, "GET", path+query, "", 404, "")
			d.want(d.app, "PUT", path+query, `{}`, 404, "")
		}
		d.want(d.reader, "PUT", path, `{}`, 403, "")
		d.want(d.stranger, "GET", path, "", 200, form("false", "true", "true", "true"))
	})
}
