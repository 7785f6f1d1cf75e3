package v2_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

const settings = "/stores/shop/v3/customers/settings"

// chosen wants what V3 says about the store's groups.
func (f *fixture) chosen(defaultID, guestID int) {
	f.t.Helper()
	f.want(200, fmt.Sprintf(`{"data":{"customer_group_settings":{"default_customer_group_id":%d,"guest_customer_group_id":%d}…`, defaultID, guestID), "GET", settings, "")
}

// flagged wants V2 to list a store's groups by a flag.
func (f *fixture) flagged(flag string, id int) {
	f.t.Helper()
	if id == 0 {
		f.want(204, "", "GET", "/customer_groups?"+flag+"=true", "")
		return
	}
	f.want(200, fmt.Sprintf(`[{"id":%d,…`, id), "GET", "/customer_groups?"+flag+"=true", "")
}

func TestGroupsAndSettingsAreOne(t *testing.T) {
	each(t, func(f *fixture) {
		f.chosen(0, 0)
		f.want(200, `{"id":3,…`, "POST", "/customer_groups", `{"name":"New","is_default":true}`)
		f.chosen(3, 0)
		f.want(200, `{"id":2,…`, "PUT", "/customer_groups/2", `{"is_group_for_guests":true,"is_default":true}`)
		f.chosen(2, 2)

		f.Clock.Advance(time.Hour)
		f.want(200, `{"data":{"customer_group_settings":{"default_customer_group_id":3,"guest_customer_group_id":2}…`, "PUT", settings, `{"customer_group_settings":{"default_customer_group_id":3}}`)
		f.flagged("is_default", 3)
		f.flagged("is_group_for_guests", 2)
		if got := f.ask("GET", "/customer_groups/3", "").body; !strings.Contains(got, "15:37:37") {
			f.t.Errorf("the date of a group that became the default one: %s", got)
		}
		f.want(200, `{"id":2,"company":"","first_name":"N","last_name":"N","email":"n@example.com"…`, "POST", "/customers", `{"first_name":"N","last_name":"N","email":"n@example.com"}`)
		if got := f.ask("GET", "/customers/2", "").body; !strings.Contains(got, `"customer_group_id":3,`) {
			f.t.Errorf("a new customer joins no default group: %s", got)
		}

		// Other stores' groups and unknown ones change nothing.
		for _, id := range []string{"9", "-1"} {
			f.want(422, `{"status":422,"title":"Update customer settings failed.","type":"https://developer.bigcommerce.com/api-docs/getting-started/api-status-codes","errors":{"customer_group_settings.default_customer_group_id":"invalid customer group ID"}}`,
				"PUT", settings, `{"customer_group_settings":{"default_customer_group_id":`+id+`,"guest_customer_group_id":0}}`)
		}
		f.chosen(3, 2)

		// A group that goes leaves the settings, those of channels too.
		channel := settings + "/channels/1"
		const on = `{"data":{"allow_global_logins":true,"customer_group_settings":{"default_customer_group_id":%s,"guest_customer_group_id":%s}…`
		f.want(200, fmt.Sprintf(on, "3", "0"), "PUT", channel, `{"customer_group_settings":{"default_customer_group_id":3,"guest_customer_group_id":0}}`)
		f.chosen(3, 2)
		f.want(204, "", "DELETE", "/customer_groups/3", "")
		f.chosen(0, 2)
		f.want(200, fmt.Sprintf(on, "null", "0"), "GET", channel, "")
		f.want(200, `{"data":{"customer_group_settings":{"default_customer_group_id":0,"guest_customer_group_id":0}…`, "PUT", settings, `{"customer_group_settings":{"guest_customer_group_id":0}}`)
		f.flagged("is_group_for_guests", 0)
		f.want(200, `{"data":{"customer_group_settings":{"default_customer_group_id":2,"guest_customer_group_id":2}…`, "PUT", settings, `{"customer_group_settings":{"default_customer_group_id":2,"guest_customer_group_id":2}}`)
		f.want(204, "", "DELETE", "/customer_groups", "")
		f.chosen(0, 0)
		// The other store has its own.
		f.want(200, `{"data":{"customer_group_settings":{"default_customer_group_id":9,…`, "PUT", strings.Replace(settings, "shop", "other", 1), `{"customer_group_settings":{"default_customer_group_id":9}}`, "X-Auth-Token: foreign")
		f.chosen(0, 0)
	})
}
