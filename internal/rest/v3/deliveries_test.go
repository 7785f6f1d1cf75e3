package v3_test

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"clientele/internal/system"
	"clientele/internal/webhook"
)

// A delivery is there to look at, and can be sent again.
func TestDeliveries(t *testing.T) {
	onEach(t, func(t *testing.T, d *desk) {
		status := http.StatusInternalServerError
		in := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header()["Date"] = nil
			w.Header().Set("Content-Type", "text/plain")
			w.WriteHeader(status)
			_, _ = w.Write([]byte("so \"it\" is\x00"))
		}))
		defer in.Close()
		var rules webhook.Rules
		out := webhook.NewDispatcher(d.db, &system.System{Clock: d.Clock.Now, Random: rand.Reader}, webhook.Options{Transport: rules.Transport(rules.Dialer())})
		run := func() {
			t.Helper()
			if _, err := out.RunDue(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		d.want(d.app, "POST", "/hooks", fmt.Sprintf(`{"scope":"store/customer/*","destination":"%s/x","headers":{"X-Own":"hidden"}}`, in.URL), 200, "")
		d.want(d.app, "GET", "/hooks/1/deliveries", "", 200, `{"data":[],"meta":{"pagination":{"total":0,"count":0,"per_page":50,"current_page":1,"total_pages":0},"cursor_pagination":{"count":0,"per_page":50,"start_cursor":null,"end_cursor":null,"links":{}}}}`)
		d.want(d.app, "POST", "/hooks/1/test", "", 202, "")
		run()
		got := d.want(d.app, "GET", "/hooks/1/deliveries/3", "", 200, "")
		now := d.Clock.Now().Unix()
		has := func(text string) {
			t.Helper()
			if !strings.Contains(got, text) {
				t.Errorf("%s is missing in\n%s", text, got)
			}
		}
		has(`"scope":"store/hook/test","state":"failed","is_sending":false,"attempt_count":1`)
		has(`"next_attempt_at":null,"response_status":500,"duration_ms":`)
		has(`"error":"status 500","payload":{"scope":"store/hook/test","store_id":"`)
		has(fmt.Sprintf(`"attempts":[{"attempted_at":%d,"duration_ms":`, now))
		has(fmt.Sprintf(`"request":{"method":"POST","url":"%s/x","headers":{"Content-Type":"application/json","User-Agent":"Clientele-Webhooks/1.0","webhook-id":"msg_first_1_3","webhook-timestamp":"%d"}},"response":{"status":500,"headers":{"Content-Type":"text/plain"},"body":"so \"it\" is`, in.URL, now))
		if strings.Contains(got, "hidden") {
			t.Error("a header of the hook shows")
		}
		status = http.StatusOK
		got = d.want(d.app, "POST", "/hooks/1/deliveries/3/replay", "", 202, "")
		has(`"state":"pending"`)
		run()
		got = d.want(d.app, "GET", "/hooks/1/deliveries?state=delivered&limit=1", "", 200, "")
		has(`"state":"delivered","is_sending":false,"attempt_count":2`)
		d.want(d.app, "POST", "/hooks/1/replay", `{"since":0}`, 202, `{"data":{"count":1},"meta":{}}`)
		run()
		d.want(d.app, "POST", "/hooks/1/replay", `{"since":"2020-01-01T00:00:00Z","failed_only":true}`, 202, `{"data":{"count":0},"meta":{}}`)

		d.want(d.app, "POST", "/hooks/1/replay", `{"since":"yesterday"}`, 422, "")
		d.want(d.app, "POST", "/hooks/1/replay", `{}`, 422, "")
		d.want(d.app, "POST", "/hooks/1/replay", `no`, 400, "")
		d.want(d.app, "GET", "/hooks/1/deliveries?state=lost", "", 422, "")
		missing := `{"status":404,"title":"Webhook with id [1] not found",` + typ + `}`
		for _, a := range []account{d.other, d.reader, d.stranger} {
			d.want(a, "GET", "/hooks/1/deliveries", "", 404, missing)
			d.want(a, "GET", "/hooks/1/deliveries/3", "", 404, missing)
			d.want(a, "POST", "/hooks/1/deliveries/3/replay", "", 404, missing)
			d.want(a, "POST", "/hooks/1/replay", `{"since":0}`, 404, missing)
			d.want(a, "POST", "/hooks/1/test", "", 404, missing)
		}
		d.want(d.app, "GET", "/hooks/1/deliveries/9", "", 404, `{"status":404,"title":"Delivery with id [9] not found",`+typ+`}`)
		d.want(d.app, "PUT", "/hooks/1", `{"is_active":false}`, 200, "")
		off := `{"status":409,"title":"The webhook is not active.",` + typ + `,"errors":{}}`
		d.want(d.app, "POST", "/hooks/1/test", "", 409, off)
		d.want(d.app, "POST", "/hooks/1/deliveries/3/replay", "", 409, off)
		d.want(d.app, "POST", "/hooks/1/replay", `{"since":0}`, 409, off)
	})
}
