package account_test

import (
	"strconv"
	"strings"
	"testing"

	"clientele/internal/account"
	"clientele/internal/customer"
	"clientele/internal/opt"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// A welcome invites nobody to sign in who cannot: without a password it leads
// to where one is chosen, on a channel that lets the customer in.
func TestWelcome(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s := newShop(t, db)
		for name, c := range map[string]struct {
			in     customer.Create
			choose bool
			at     int64
		}{
			"none":         {customer.Create{}, true, 1},
			"one":          {customer.Create{NewPassword: opt.Some(right)}, false, 1},
			"one to reset": {customer.Create{NewPassword: opt.Some(right), ForcePasswordReset: true}, true, 1},
			"drawn":        {customer.Create{GeneratePassword: true}, true, 1},
			"elsewhere":    {customer.Create{ChannelIDs: []int64{2}, OriginChannelID: 1}, true, 2},
			"here":         {customer.Create{ChannelIDs: []int64{1, 2}, OriginChannelID: 2}, true, 2},
			"not let in":   {customer.Create{OriginChannelID: 3}, true, 1}, // channel 3 takes its own alone
		} {
			c.in.Email, c.in.FirstName, c.in.LastName, c.in.Notify = strings.ReplaceAll(name, " ", "-")+"@example.com", "Ann", "Lee", true
			if c.in.OriginChannelID == 0 {
				c.in.OriginChannelID = 1
			}
			s.mails.Take()
			id := s.add(s.a, c.in)
			mails := s.mails.Take()
			if len(mails) != 1 || mails[0].Kind != account.MailAccountCreated || mails[0].CustomerID != id || mails[0].Site.ChannelID != c.at {
				t.Errorf("%s: %+v", name, mails)
				continue
			}
			path := mails[0].Data["link"]
			if !c.choose {
				if path != "" || mails[0].Data["minutes"] != "" {
					t.Errorf("%s: %+v", name, mails)
				}
				continue
			}
			prefix := "/login.php?action=change_password&c=" + strconv.FormatInt(id, 10) + "&t="
			token, ok := strings.CutPrefix(path, prefix)
			if !ok || mails[0].Data["minutes"] != "10080" || mails[0].Expires != start+7*86400 {
				t.Errorf("%s: %+v", name, mails)
			}
			site := s.a
			site.ChannelID = c.at
			if err := s.svc.Reset(t.Context(), site, id, token, "another good 8", account.Client{}); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if _, err := s.svc.SignIn(t.Context(), site, account.Browser, c.in.Email, "another good 8", account.Client{}); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if err := s.svc.Reset(t.Context(), site, id, token, "yet another 9", account.Client{}); err == nil {
				t.Errorf("%s: the link works twice", name)
			}
		}
	})
}

// Who may sign in nowhere is not given a link that leads nowhere.
func TestWelcomeToNowhere(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s := newShop(t, db)
		s.write(s.a.StoreID, func(tx *sqldb.Tx) error {
			return tx.Exec(sqldb.Dynamic(`UPDATE channels SET status = 'terminated' WHERE store_id = $1 AND id = 3`))
		})
		s.mails.Take()
		id := s.add(s.a, customer.Create{Email: "ann@example.com", FirstName: "Ann", LastName: "Lee", ChannelIDs: []int64{3}, OriginChannelID: 1, Notify: true})
		mails := s.mails.Take()
		if len(mails) != 1 || mails[0].Kind != account.MailAccountCreated || mails[0].CustomerID != id || mails[0].Data["link"] != "" || mails[0].Expires != 0 {
			t.Errorf("%+v", mails)
		}
		s.write(s.a.StoreID, func(tx *sqldb.Tx) error {
			return tx.Query(sqldb.Dynamic(`SELECT 1 FROM account_tokens WHERE store_id = $1 AND customer_id = $2`), func(*sqldb.Row) error {
				t.Error("there is a link that nobody has")
				return nil
			}, id)
		})
	})
}
