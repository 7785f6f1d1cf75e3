package clienteletest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"clientele/clienteletest"
)

// Tests at once have a server each, with a clock of its own.
func TestShopsAreApart(t *testing.T) {
	t.Parallel()
	for i := range 8 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			shop := clienteletest.New(t)
			status, text := shop.Do("POST", "/v3/customers", []map[string]any{{"email": fmt.Sprintf("a%d@example.com", i), "first_name": "A", "last_name": "B"}})
			if status != 200 || !strings.Contains(text, `"id":1,`) {
				t.Error(status, text)
			}
			shop.Clock.Freeze(true)
			before := shop.Clock.Now()
			shop.Clock.Advance(time.Duration(i) * time.Hour)
			if d := shop.Clock.Now().Sub(before); d != time.Duration(i)*time.Hour {
				t.Errorf("the clock has moved by %s", d)
			}
			shop.Snapshot("one")
			shop.Do("DELETE", "/v3/customers?id:in=1", nil)
			shop.Restore("one")
			if _, text := shop.Do("GET", "/v3/customers", nil); strings.Count(text, `"email"`) != 1 {
				t.Error(text)
			}
			shop.Reset()
			if _, text := shop.Do("GET", "/v3/customers", nil); strings.Contains(text, `"email"`) {
				t.Error(text)
			}
			if off := time.Until(shop.Clock.Now()); off > time.Minute || off < -time.Minute {
				t.Errorf("after a reset the clock is %s off", off)
			}
		})
	}
}

const seeded = `
stores:
  - hash: shop1
    api_accounts: [{name: test, client_id: c, client_secret: s, access_token: t, scopes: [all]}]
    customers: [{email: jane@example.com, first_name: Jane, last_name: Doe, password: "Secret-123"}]
`

func TestSeedAndEmails(t *testing.T) {
	t.Parallel()
	shop := clienteletest.New(t, clienteletest.Seed(seeded), clienteletest.Log())
	if shop.StoreHash != "shop1" || shop.Token != "t" || !strings.HasPrefix(shop.StorefrontURL, "http://store-shop1.localhost:") {
		t.Errorf("%+v", shop)
	}
	if _, text := shop.Do("GET", "/v3/customers", nil); !strings.Contains(text, "jane@example.com") {
		t.Error(text)
	}
	res, err := http.Post(shop.URL+"/api/storefront/customers", "application/json", strings.NewReader(`{"firstName":"A","lastName":"B","email":"new@example.com","password":"a good pass 9"}`))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	mails := shop.Emails()
	if len(mails) != 1 || mails[0].To != "new@example.com" || mails[0].Kind != "account_created" || mails[0].Text == "" {
		t.Errorf("%d %+v", res.StatusCode, mails)
	}
	shop.Reset()
	if mails := shop.Emails(); len(mails) != 0 {
		t.Errorf("%+v", mails)
	}
}

func TestWebhooksOverTime(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	dead := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		w.WriteHeader(http.StatusInternalServerError)
	}))
	defer dead.Close()
	shop := clienteletest.New(t)
	shop.Do("POST", "/v3/hooks", map[string]any{"scope": "store/customer/created", "destination": dead.URL, "is_active": true})
	shop.Do("POST", "/v3/customers", `[{"email":"a@example.com","first_name":"A","last_name":"B"}]`)
	shop.Clock.Advance(72 * time.Hour)
	var hooks struct {
		Data []struct {
			Active bool `json:"is_active"`
		}
	}
	_, text := shop.Do("GET", "/v3/hooks", nil)
	if err := json.Unmarshal([]byte(text), &hooks); err != nil || len(hooks.Data) != 1 || hooks.Data[0].Active || calls.Load() < 10 {
		t.Errorf("%d calls, %s", calls.Load(), text)
	}
}

func BenchmarkNew(b *testing.B) {
	clienteletest.New(b)
	for b.Loop() {
		clienteletest.New(b)
	}
}
