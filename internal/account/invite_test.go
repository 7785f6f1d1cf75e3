package account_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"clientele/internal/account"
	"clientele/internal/app/apptest"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// Customers without a password are sent a link to choose one, once and not too many at
// a time, also if the work is cut off in between.
func TestInvitesToChooseAPassword(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		var seed strings.Builder
		seed.WriteString("stores:\n- hash: shop\n  channels: [{id: 1, name: Web, url: \"https://shop.example\"}]\n  customers:\n")
		for i := range 30 {
			password := ""
			if i%3 == 0 {
				password = ", password: Secret-123"
			}
			fmt.Fprintf(&seed, "  - {email: c%d@example.com, first_name: A, last_name: B%s}\n", i, password)
		}
		w := apptest.New(t, db, apptest.Options{Seed: seed.String()})
		ctx := t.Context()
		for _, wrong := range []int64{0, account.MaxInvites + 1} {
			if _, err := w.Shoppers.InviteRest(ctx, 1, wrong); !errors.Is(err, account.ErrPace) {
				t.Error(err)
			}
		}
		if none, err := w.Shoppers.Invites(ctx, 1); none != nil || err != nil {
			t.Error(none, err)
		}
		if without, all, err := w.Shoppers.WithoutPassword(ctx, 1); without != 20 || all != 30 || err != nil {
			t.Error(without, all, err)
		}
		if begun, err := w.Shoppers.InviteRest(ctx, 1, 36); !begun || err != nil {
			t.Fatal(begun, err)
		}
		run := func() int64 {
			t.Helper()
			if _, err := w.Jobs.RunDue(ctx); err != nil {
				t.Fatal(err)
			}
			sent, err := w.Shoppers.Invites(ctx, 1)
			if err != nil {
				t.Fatal(err)
			}
			return sent.Sent
		}
		if n := run(); n != 6 {
			t.Errorf("%d were sent at once, want 6", n)
		}
		if n := run(); n != 6 {
			t.Errorf("%d were sent without waiting", n)
		}
		w.Clock.Advance(10 * time.Second)
		if n := run(); n != 12 {
			t.Errorf("%d were sent after ten seconds", n)
		}
		if begun, err := w.Shoppers.InviteRest(ctx, 1, 600); begun || err != nil {
			t.Error("it begins anew while it goes on", err)
		}
		for range 5 {
			w.Clock.Advance(10 * time.Second)
			run()
		}
		to := map[string]int{}
		for _, m := range w.Mails.All() {
			if m.Kind != account.MailAccountCreated || !strings.Contains(m.Data["link"], "action=change_password") && !strings.Contains(fmt.Sprint(m.Data), "t=") {
				t.Errorf("%+v", m)
			}
			to[m.To]++
		}
		for address, n := range to {
			if n != 1 {
				t.Errorf("%s got %d", address, n)
			}
		}
		if sent, err := w.Shoppers.Invites(ctx, 1); len(to) != 20 || to["c0@example.com"] != 0 || err != nil || !sent.Done || sent.Sent != 20 {
			t.Errorf("%d got one: %+v, %v", len(to), sent, err)
		}
	})
}
