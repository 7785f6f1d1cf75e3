package seed_test

import (
	"fmt"
	"strings"
	"testing"

	"clientele/internal/customer"
	"clientele/internal/mail"
	"clientele/internal/password/passwordtest"
	"clientele/internal/seed"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/store"
	"clientele/internal/system"
)

func TestEmailTemplates(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		sys := system.Real()
		stores, passwords := store.NewService(db, sys), passwordtest.New(sys)
		a := &seed.Applier{DB: db, System: sys, Stores: stores, Passwords: passwords, Customers: customer.NewService(db, sys, passwords)}
		apply := func(template string) error {
			doc, err := seed.Parse([]byte("stores:\n  - hash: abc123\n    name: Mine\n    email_templates:\n      - " + template))
			if err != nil {
				return err
			}
			_, err = a.Apply(t.Context(), doc)
			return err
		}
		for range 2 {
			if err := apply(`{kind: sign_in_link, locale: DE, subject: "Link für {{.Store.Name}}", text: "{{.Link}}"}`); err != nil {
				t.Fatal(err)
			}
		}
		st, err := stores.ByHash(t.Context(), "abc123")
		if err != nil {
			t.Fatal(err)
		}
		own, err := mail.NewService(db, sys, mail.Options{}).List(t.Context(), st.ID)
		if versions, err := mail.NewService(db, sys, mail.Options{}).History(t.Context(), st.ID, own[0].Place()); err != nil || len(versions) != 1 || versions[0].Writer != mail.BySeed {
			t.Errorf("%+v, %v", versions, err)
		}
		if err != nil || len(own) != 1 || own[0].Locale != "de" || own[0].Subject != "Link für {{.Store.Name}}" {
			t.Errorf("%+v, %v", own, err)
		}
		for _, bad := range []string{`{kind: other, text: x}`, `{kind: sign_in_link, text: "{{.Nothing}}"}`, `{kind: sign_in_link}`, `{kind: sign_in_link, locale: xx, text: x}`, `{kind: sign_in_link, channel_id: 9, text: x}`} {
			if err := apply(bad); err == nil || !strings.Contains(err.Error(), "email_templates.0") {
				t.Errorf("%s: %v", bad, err)
			}
		}
	})
}

// Seed files say which emails are sent, for the store and its channels.
func TestEmailStatuses(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		sys := system.Real()
		stores, passwords := store.NewService(db, sys), passwordtest.New(sys)
		a := &seed.Applier{DB: db, System: sys, Stores: stores, Passwords: passwords, Customers: customer.NewService(db, sys, passwords)}
		apply := func(ofStore, ofChannel string) error {
			doc, err := seed.Parse([]byte("stores:\n  - hash: abc123\n    name: Mine\n    email_statuses: " + ofStore + "\n    channels:\n      - {id: 1, name: One, email_statuses: " + ofChannel + "}\n"))
			if err != nil {
				return err
			}
			_, err = a.Apply(t.Context(), doc)
			return err
		}
		for range 2 {
			if err := apply("{account_created: false}", "{account_created: true, account_details_changed: false}"); err != nil {
				t.Fatal(err)
			}
		}
		st, err := stores.ByHash(t.Context(), "abc123")
		if err != nil {
			t.Fatal(err)
		}
		svc := mail.NewService(db, sys, mail.Options{})
		for channel, want := range map[int64]string{0: "map[account_created:false account_details_changed:true guest_account_created:true]", 1: "map[account_created:true account_details_changed:false]"} {
			if got, err := svc.Statuses(t.Context(), st.ID, channel); err != nil || fmt.Sprint(got) != want {
				t.Errorf("channel %d: %v, %v", channel, got, err)
			}
		}
		if err := apply("{password_reset: false}", "{}"); err == nil || !strings.Contains(err.Error(), "email_statuses") {
			t.Error(err)
		}
		if err := apply("{}", "{x: false}"); err == nil || !strings.Contains(err.Error(), "channels.0.email_statuses") {
			t.Error(err)
		}
	})
}
