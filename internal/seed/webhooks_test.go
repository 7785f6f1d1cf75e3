package seed_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"clientele/internal/seed"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/webhook"
)

func TestWebhooks(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		const doc = `
stores:
  - hash: demo
    api_accounts:
      - {name: App, client_id: cli-app, client_secret: secret, access_token: token, scopes: [all]}
      - {name: Other, client_id: cli-other, client_secret: secret, access_token: other, scopes: [all]}
    webhooks:
      - client_id: cli-app
        scope: store/customer/*
        destination: http://localhost:3000/hooks
        headers: {X-Key: one, Authorization: Basic YTpi}
      - {client_id: cli-app, scope: store/subscriber/*, destination: "http://localhost:3000/hooks", is_active: false}
      - {client_id: cli-other, scope: store/customer/*, destination: "http://localhost:3000/hooks"}
`
		w := newWorld(t, db)
		for range 2 { // applying it twice is the same as once
			id, err := applyTo(t, w, "demo", doc)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			if err := db.Read(t.Context(), id, func(tx *sqldb.Tx) error {
				hooks, err := webhook.Active(tx)
				for _, h := range hooks {
					got = append(got, fmt.Sprintf("%d %s %s %s %v", h.ID, h.ClientID, h.Scope, h.Destination, h.Headers))
				}
				return err
			}); err != nil {
				t.Fatal(err)
			}
			want := []string{
				"1 cli-app store/customer/* http://localhost:3000/hooks [{Authorization Basic YTpi} {X-Key one}]",
				"3 cli-other store/customer/* http://localhost:3000/hooks []",
			}
			if !slices.Equal(got, want) {
				t.Errorf("hooks %q, want %q", got, want)
			}
		}
		for text, want := range map[string]string{
			`{client_id: cli-nobody, scope: store/customer/*, destination: "http://localhost:3000"}`: "webhooks.0: there is no API account",
			`{client_id: cli-app, scope: store/nothing, destination: "http://localhost:3000"}`:       "webhooks.0: scope: ",
			`{client_id: cli-app, scope: store/order/*, destination: "localhost:3000"}`:              "webhooks.0: destination: ",
		} {
			if _, err := apply(t, w, "stores: [{hash: demo, webhooks: ["+text+"]}]"); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v", text, err)
			}
		}
		if _, err := seed.Parse([]byte("stores: [{hash: demo, webhooks: [{secret: x}]}]")); err == nil {
			t.Error("an unknown key passes")
		}
	})
}
