package webhook

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"clientele/internal/event"
)

func TestPayloads(t *testing.T) {
	for _, c := range []struct {
		event event.Event
		want  string
	}{
		{event.Customer(event.CustomerCreated, 32, 1, []int64{1, 2}, false),
			`{"scope":"store/customer/created","store_id":"12","data":{"type":"customer","id":32,"origin_channel_id":1,"channel_ids":[1,2]},"hash":"HASH","created_at":1781793457,"producer":"stores/k3v8q1zt"}`},
		{event.Customer(event.CustomerDeleted, 32, 1, nil, false),
			`{"scope":"store/customer/deleted","store_id":"12","data":{"type":"customer","id":32},"hash":"HASH","created_at":1781793457,"producer":"stores/k3v8q1zt"}`},
		{event.Address(event.AddressUpdated, 60, 32),
			`{"scope":"store/customer/address/updated","store_id":"12","data":{"type":"customer","id":60,"address":{"customer_id":32}},"hash":"HASH","created_at":1781793457,"producer":"stores/k3v8q1zt"}`},
		{event.ChannelAccess(32, []int64{1}),
			`{"scope":"store/customer/channel/login/access/updated","store_id":"12","data":{"customer_id":32,"channel_ids":[1]},"hash":"HASH","created_at":1781793457,"producer":"stores/k3v8q1zt"}`},
		{event.DefaultInstrument(32),
			`{"scope":"store/customer/payment/instrument/default/updated","store_id":"12","data":{"type":"customer","id":32},"hash":"HASH","created_at":1781793457,"producer":"stores/k3v8q1zt"}`},
		{event.Subscriber(event.SubscriberCreated, 5),
			`{"scope":"store/subscriber/created","store_id":"12","data":{"type":"subscriber","id":5},"hash":"HASH","created_at":1781793457,"producer":"stores/k3v8q1zt"}`},
		{Exception(ExceptionRetry, 123, "https://app.example.com/x"),
			`{"scope":"store/hook/deliveryException","store_id":"12","data":{"type":"webhook","id":123,"error_code":90001,"message":"Delivery to https://app.example.com/x failed, will retry"},"hash":"HASH","created_at":1781793457,"producer":"stores/k3v8q1zt"}`},
		{Exception(ExceptionLast, 123, "https://app.example.com/x"),
			`{"scope":"store/hook/deliveryException","store_id":"12","data":{"type":"webhook","id":123,"error_code":90002,"message":"Delivery to https://app.example.com/x failed, all attempts are exhausted, the webhook will be disabled"},"hash":"HASH","created_at":1781793457,"producer":"stores/k3v8q1zt"}`},
		{Exception(ExceptionBlocked, 123, "https://app.example.com/x"),
			`{"scope":"store/hook/deliveryException","store_id":"12","data":{"type":"webhook","id":123,"error_code":90003,"message":"Delivery to https://app.example.com/x failed, its domain is temporarily blocked due to many unsuccessful attempts"},"hash":"HASH","created_at":1781793457,"producer":"stores/k3v8q1zt"}`},
	} {
		got := Payload(12, "k3v8q1zt", 77, c.event.Scope, c.event.Data, 1781793457)
		var read struct{ Hash string }
		if err := json.Unmarshal(got, &read); err != nil {
			t.Fatalf("%s: %v", got, err)
		}
		if len(read.Hash) != 40 || strings.Trim(read.Hash, "0123456789abcdef") != "" {
			t.Errorf("hash %q", read.Hash)
		}
		if want := strings.Replace(c.want, "HASH", read.Hash, 1); string(got) != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

// The formula of hashes stays, or receivers would take attempts before and
// after an update for two events.
func TestHashes(t *testing.T) {
	hash := func(store int64, id int64, scope, data string, created int64) string {
		var p struct{ Hash string }
		if err := json.Unmarshal(Payload(store, "shop", id, scope, data, created), &p); err != nil {
			t.Fatal(err)
		}
		return p.Hash
	}
	first := hash(1, 1, "store/customer/created", `{"type":"customer","id":3}`, 1781793457)
	if first != "60641904a3fafee1274d0d1588faf4891a0a2c28" {
		t.Errorf("hash %s", first)
	}
	seen := []string{first}
	if again := hash(1, 1, "store/customer/created", `{"type":"customer","id":3}`, 1781793457); again != first {
		t.Error("two attempts have two hashes")
	}
	for _, h := range []string{
		hash(2, 1, "store/customer/created", `{"type":"customer","id":3}`, 1781793457),
		hash(1, 2, "store/customer/created", `{"type":"customer","id":3}`, 1781793457),
		hash(1, 1, "store/customer/updated", `{"type":"customer","id":3}`, 1781793457),
		hash(1, 1, "store/customer/created", `{"type":"customer","id":4}`, 1781793457),
		hash(1, 1, "store/customer/created", `{"type":"customer","id":3}`, 1781793458),
	} {
		if slices.Contains(seen, h) {
			t.Errorf("%s is there twice", h)
		}
		seen = append(seen, h)
	}
}

// Receivers verify with a Standard Webhooks library and the client secret in
// base64.
func TestSignatures(t *testing.T) {
	for _, secret := range []string{"sec-owner-aaaaaaaaaaaaaaaa", "0f3c", "whsec_abc", strings.Repeat("ä", 40)} {
		w, err := standard.NewWebhook(base64.StdEncoding.EncodeToString([]byte(secret)))
		if err != nil {
			t.Fatal(err)
		}
		body := Payload(1, "shop", 1, event.CustomerCreated, `{"type":"customer","id":3}`, 1781793457)
		id, now := MessageID("shop", 7, 1), time.Now()
		head := http.Header{}
		head.Set(HeaderID, id)
		head.Set(HeaderTimestamp, strconv.FormatInt(now.Unix(), 10))
		head.Set(HeaderSignature, Sign(secret, id, now.Unix(), body))
		if err := w.Verify(body, head); err != nil {
			t.Errorf("%q: %v", secret, err)
		}
		theirs, err := w.Sign(id, now, body)
		if err != nil || theirs != head.Get(HeaderSignature) {
			t.Errorf("%q: they sign %s, %v", secret, theirs, err)
		}
		if w.Verify(append(slices.Clone(body), ' '), head) == nil {
			t.Error("another body passes")
		}
		head.Set(HeaderID, MessageID("shop", 8, 1))
		if w.Verify(body, head) == nil {
			t.Error("another id passes")
		}
	}
	if a, b := MessageID("shop", 1, 23), MessageID("shop", 12, 3); a == b || !reflect.DeepEqual(a, "msg_shop_1_23") {
		t.Errorf("%s and %s", a, b)
	}
}
