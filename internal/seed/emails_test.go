package seed_test

import (
	"fmt"
	"strings"
	"testing"

	"clientele/internal/mail"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

func TestEmailTemplates(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		put := func(template string) error {
			_, err := apply(t, w, "stores:\n  - hash: abc123\n    name: Mine\n    email_templates:\n      - "+template)
			return err
		}
		for range 2 {
			if err := put(`{kind: sign_in_link, locale: DE, subject: "Link für {{.Store.Name}}", text: "{{.Link}}"}`); err != nil {
				t.Fatal(err)
			}
		}
		st, err := w.Stores.ByHash(t.Context(), "abc123")
		if err != nil {
			t.Fatal(err)
		}
		own, err := w.Mail.List(t.Context(), st.ID)
		if versions, err := w.Mail.History(t.Context(), st.ID, own[0].Place()); err != nil || len(versions) != 1 || versions[0].Writer != mail.BySeed {
			t.Errorf("%+v, %v", versions, err)
		}
		if err != nil || len(own) != 1 || own[0].Locale != "de" || own[0].Subject != "Link für {{.Store.Name}}" {
			t.Errorf("%+v, %v", own, err)
		}
		for _, bad := range []string{`{kind: other, text: x}`, `{kind: sign_in_link, text: "{{.Nothing}}"}`, `{kind: sign_in_link}`, `{kind: sign_in_link, locale: xx, text: x}`, `{kind: sign_in_link, channel_id: 9, text: x}`} {
			if err := put(bad); err == nil || !strings.Contains(err.Error(), "email_templates.0") {
				t.Errorf("%s: %v", bad, err)
			}
		}
	})
}

// Seed files say which emails are sent, for the store and its channels.
func TestEmailStatuses(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		put := func(ofStore, ofChannel string) error {
			_, err := apply(t, w, "stores:\n  - hash: abc123\n    name: Mine\n    email_statuses: "+ofStore+"\n    channels:\n      - {id: 1, name: One, email_statuses: "+ofChannel+"}\n")
			return err
		}
		for range 2 {
			if err := put("{account_created: false}", "{account_created: true, account_details_changed: false}"); err != nil {
				t.Fatal(err)
			}
		}
		st, err := w.Stores.ByHash(t.Context(), "abc123")
		if err != nil {
			t.Fatal(err)
		}
		for channel, want := range map[int64]string{0: "map[account_created:false account_details_changed:true guest_account_created:true]", 1: "map[account_created:true account_details_changed:false]"} {
			if got, err := w.Mail.Statuses(t.Context(), st.ID, channel); err != nil || fmt.Sprint(got) != want {
				t.Errorf("channel %d: %v, %v", channel, got, err)
			}
		}
		if err := put("{password_reset: false}", "{}"); err == nil || !strings.Contains(err.Error(), "email_statuses") {
			t.Error(err)
		}
		if err := put("{}", "{x: false}"); err == nil || !strings.Contains(err.Error(), "channels.0.email_statuses") {
			t.Error(err)
		}
	})
}
