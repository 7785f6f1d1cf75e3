package v3_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	card   = `{"type":"stored_card","token":"%s","is_default":%t,"brand":"VISA","expiry_month":4,"expiry_year":2030,"issuer_identification_number":"411111","last_4":"1111","billing_address":{"first_name":"Inês","last_name":"Duarte","email":"","company":"","address1":"Rua 1","address2":"","city":"Lisboa","postal_code":"1200","state_or_province":"","state_or_province_code":"","country_code":"PT","phone":""}}`
	paypal = `{"type":"stored_paypal_account","token":"%s","is_default":%t,"email":"ines@example.com"}`
	bank   = `{"type":"stored_bank_account","token":"%s","is_default":%t,"masked_account_number":"12XXX56","issuer":"DE001"}`
)

func TestInstruments(t *testing.T) {
	onEach(t, func(t *testing.T, d *desk) {
		n := int64(len(d.events(0)))
		const path = "/customers/1/stored-instruments"
		d.want(d.app, "GET", path, "", 200, `[]`)
		put := func(form, token string, def bool) string {
			d.t.Helper()
			text := fmt.Sprintf(form, token, def)
			return d.want(d.app, "POST", path, text, 200, text)
		}
		a := put(card, "card-token", true)
		d.Clock.Advance(time.Second)
		b := put(paypal, "paypal-token", false)
		d.Clock.Advance(time.Second)
		c := put(bank, "bank-token", false)
		d.want(d.reader, "GET", path, "", 200, "["+a+","+b+","+c+"]")
		// Only one is the default.
		put(bank, "bank-token", true)
		d.want(d.app, "GET", path, "", 200, "["+strings.Replace(a, `"is_default":true`, `"is_default":false`, 1)+","+b+","+strings.Replace(c, `"is_default":false`, `"is_default":true`, 1)+"]")
		d.want(d.app, "DELETE", path+"/bank-token", "", 204, "")
		d.want(d.app, "DELETE", path+"/bank-token", "", 404, notFound)
		d.want(d.app, "DELETE", "/customers/2/stored-instruments/card-token", "", 404, notFound)
		const changed = `store/customer/payment/instrument/default/updated {"type":"customer","id":1}`
		if got := d.events(n); !slices.Equal(got, []string{changed, changed, changed}) {
			t.Errorf("events are %q", got)
		}
		if text := d.want(d.app, "POST", path, `{"type":"stored_bank_account","masked_account_number":"1"}`, 200, ""); !strings.Contains(text, `"token":"`) {
			t.Errorf("without a token: %s", text)
		}

		refused := `{"status":422,"title":"Store instrument failed.",` + typ + `,"errors":`
		d.want(d.app, "POST", path, `{"type":"stored_card","token":"4111111111111111","brand":"4111 1111 1111 1111","expiry_month":13,"expiry_year":2030,"last_4":"x"}`, 422,
			refused+`{"brand":"brand looks like a card number, which must not be stored","expiry_month":"expiry_month must be between 1 and 12","last_4":"last_4 must be four digits","token":"token looks like a card number, which must not be stored"}}`)
		d.want(d.app, "POST", path, `{"type":"stored_cash"}`, 422, refused+`{"type":"type must be one of stored_card, stored_paypal_account, stored_bank_account"}}`)
		d.want(d.app, "POST", path, `{"type":"stored_bank_account","number":"1"}`, 422, "")
		d.want(d.app, "POST", "/customers/2/stored-instruments", fmt.Sprintf(card, "card-token", true), 409,
			`{"status":409,"title":"The instrument conflicts with another one.",`+typ+`,"errors":{"token":"the token belongs to another customer"}}`)
		d.want(d.app, "GET", "/customers/9/stored-instruments", "", 404, notFound)
		d.want(d.app, "POST", "/customers/9/stored-instruments", fmt.Sprintf(bank, "other-token", true), 404, notFound)
		d.want(d.reader, "POST", path, fmt.Sprintf(bank, "other-token", true), 403, "")
		d.want(d.account("customers", "store_v2_customers"), "GET", path, "", 403, "")
		d.want(d.stranger, "GET", path, "", 200, `[]`)
		d.want(d.stranger, "POST", path, fmt.Sprintf(bank, "card-token", true), 200, "")
	})
}

func TestTaxCustomers(t *testing.T) {
	onEach(t, func(t *testing.T, d *desk) {
		d.want(d.app, "GET", "/tax/customers", "", 200, `{"data":[],"meta":{}}`)
		one := `{"data":[{"customer_id":1,"tax_properties":{"A-1":"26","B-2":"200"}}],"meta":{}}`
		d.want(d.app, "PUT", "/tax/customers", `[{"customer_id":1,"tax_properties":{"B-2":"200","A-1":26}}]`, 200, one)
		d.want(d.app, "PUT", "/tax/customers", `[{"customer_id":2,"tax_properties":{}},{"customer_id":1,"tax_properties":{"C":"x","A-1":"27"}}]`, 200,
			`{"data":[{"customer_id":2,"tax_properties":{}},{"customer_id":1,"tax_properties":{"A-1":"27","B-2":"200","C":"x"}}],"meta":{}}`)
		d.want(d.reader, "GET", "/tax/customers?customer_id:in=1,2,9", "", 200, `{"data":[{"customer_id":1,"tax_properties":{"A-1":"27","B-2":"200","C":"x"}}],"meta":{}}`)
		d.want(d.app, "GET", "/tax/customers?customer_id:in=2", "", 200, `{"data":[],"meta":{}}`)
		d.want(d.app, "GET", "/tax/customers?page=2", "", 400, `{"status":400,"title":"The filter(s): page are not valid filter parameter(s).",`+typ+`,"errors":{}}`)
		d.want(d.app, "PUT", "/tax/customers", `[{"customer_id":9,"tax_properties":{"A":"1"}},{"customer_id":1,"tax_properties":{"A":"1"}}]`, 422,
			`{"status":422,"title":"Update tax customers failed.",`+typ+`,"errors":{"0.customer_id":"invalid customer ID"}}`)
		d.want(d.app, "PUT", "/tax/customers", `[{"tax_properties":{"A":true}},7]`, 422,
			`{"status":422,"title":"JSON data is missing or invalid",`+typ+`,"errors":{"0.customer_id":"error.path.missing","0.tax_properties.A":"error.expected.jsstring","1":"error.expected.jsobject"}}`)
		d.want(d.stranger, "DELETE", "/tax/customers?customer_id:in=1", "", 204, "")
		d.want(d.app, "DELETE", "/tax/customers", "", 204, "")
		if text := d.want(d.app, "GET", "/tax/customers", "", 200, ""); !strings.Contains(text, `"customer_id":1`) {
			t.Errorf("after two deletions that concern nobody: %s", text)
		}
		d.want(d.app, "DELETE", "/tax/customers?customer_id:in=1", "", 204, "")
		d.want(d.app, "GET", "/tax/customers", "", 200, `{"data":[],"meta":{}}`)
		d.want(d.reader, "DELETE", "/tax/customers?customer_id:in=1", "", 403, "")
		d.want(d.account("customers", "store_v2_customers"), "GET", "/tax/customers", "", 403, "")
	})
}
