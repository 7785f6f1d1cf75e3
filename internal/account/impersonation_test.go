package account_test

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"clientele/internal/account"
	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/history"
	"clientele/internal/history/historytest"
	"clientele/internal/opt"
	"clientele/internal/store"
)

var support = history.Actor{Kind: history.ByAccount, ID: 7, Name: "Support"}

// leave makes an impersonation and returns it with the token of its link.
func (s *shop) leave(id, minutes int64) (account.Impersonation, string) {
	s.Helper()
	ctx := history.With(s.Context(), &history.Origin{Surface: history.V3, Actor: support})
	made, link, err := s.svc.Impersonate(ctx, s.a, account.Impersonate{CustomerID: id, Reason: "Ticket 1", Minutes: minutes, By: support})
	if err != nil {
		s.Fatal(err)
	}
	u, err := url.Parse(link)
	if err != nil || u.Host != "shop.example.com" || u.Path != "/login.php" || u.Query().Get("action") != "impersonate" {
		s.Fatalf("%s, %v", link, err)
	}
	return made, u.Query().Get("token")
}

func (s *shop) follow(token string) account.Grant {
	s.Helper()
	g, err := s.svc.FollowImpersonation(history.With(s.Context(), &history.Origin{Surface: history.Pages}), s.a, token, from("198.51.100.9"))
	if err != nil {
		s.Fatal(err)
	}
	return g
}

// of returns the last impersonation.
func (s *shop) lastOne() *account.Impersonation {
	s.Helper()
	q, err := account.Impersonations.Parse("limit=1")
	if err != nil {
		s.Fatal(err)
	}
	all, _, err := s.svc.ListImpersonations(s.Context(), s.a.StoreID, q)
	if err != nil || len(all) != 1 {
		s.Fatalf("%+v, %v", all, err)
	}
	return &all[0]
}

// Who signs in as a customer acts as them, under their own name, and is nothing
// that the customer would know as a device.
func TestImpersonations(t *testing.T) {
	each(t, func(s *shop) {
		id := s.add(s.a, customer.Create{Email: "ines@example.com", FirstName: "Ines", LastName: "Duarte", NewPassword: opt.Some(right), Locale: "de"})
		own := s.signIn(s.a, account.Browser, "ines@example.com")
		for _, in := range []account.Impersonate{
			{CustomerID: 99, Reason: "R", Minutes: 5}, {CustomerID: id, Minutes: 5}, {CustomerID: id, Reason: strings.Repeat("r", 1001), Minutes: 5},
			{CustomerID: id, Reason: "R"}, {CustomerID: id, Reason: "R", Minutes: 61}, {CustomerID: id, Reason: "R", Minutes: -1},
		} {
			if _, _, err := s.svc.Impersonate(s.Context(), s.a, in); kind(err) != fault.Invalid {
				s.Errorf("%+v: %v", in, err)
			}
		}
		if _, _, err := s.svc.Impersonate(s.Context(), on(s.a, 3), account.Impersonate{CustomerID: id, Reason: "R", Minutes: 5}); kind(err) != fault.Invalid {
			s.Errorf("on a channel of others: %v", err)
		}
		last := historytest.Last(s, s.db, s.a.StoreID)
		made, token := s.leave(id, 30)
		as, err := s.svc.CheckImpersonation(s.Context(), s.a, token)
		if err != nil || as.Name != "Ines Duarte" || as.By != "Support" || as.Reason != "Ticket 1" {
			s.Errorf("%+v, %v", as, err)
		}
		for _, at := range []store.Site{s.b, on(s.a, 2)} {
			_, err := s.svc.FollowImpersonation(s.Context(), at, token, home)
			s.want(err, account.ErrLink)
		}
		g := s.follow(token)
		_, err = s.svc.FollowImpersonation(s.Context(), s.a, token, home)
		s.want(err, account.ErrLink)
		if g.Session.Expires != start+1800 || s.lastOne().Status() != account.ImpersonationActive {
			s.Errorf("%+v %+v", g.Session, s.lastOne())
		}

		// What is written in the session names both.
		origin := &history.Origin{Surface: history.Pages, Address: "198.51.100.9"}
		ctx := history.With(s.Context(), origin)
		sess, err := s.svc.AuthenticateOn(ctx, s.a, g.Token)
		if err != nil || sess == nil || !sess.OnBehalf() || sess.Acting.Email != "ines@example.com" || sess.Acting.By != "Support" {
			s.Fatalf("%+v, %v", sess, err)
		}
		if _, err := s.svc.UpdateDetails(ctx, s.a, *sess, account.Details{FirstName: opt.Some("Inês"), Email: opt.Some("ines@example.com")}, home); err != nil {
			s.Error(err)
		}
		for what, err := range map[string]error{
			"password":         s.svc.ChangePassword(ctx, s.a, *sess, right, "another horse 8", home),
			"email":            details(ctx, s, *sess, account.Details{Email: opt.Some("other@example.com")}),
			"email's spelling": details(ctx, s, *sess, account.Details{Email: opt.Some("Ines@example.com")}),
			"with a password":  details(ctx, s, *sess, account.Details{Email: opt.Some("other@example.com"), CurrentPassword: opt.Some(right)}),
			"devices":          s.svc.SignOutElsewhere(ctx, *sess),
			"a device":         s.svc.Revoke(ctx, *sess, own.Session.ID),
		} {
			if err != account.ErrOnBehalf { //nolint:errorlint // the very fault
				s.Errorf("%s: %v", what, err)
			}
		}
		if list, err := s.svc.Sessions(s.Context(), s.a.StoreID, id); err != nil || len(list) != 1 || list[0].ID != own.Session.ID {
			s.Errorf("devices %+v, %v", list, err)
		}
		s.want(s.svc.Revoke(s.Context(), own.Session, g.Session.ID), account.ErrNoSession)
		if !s.open(own.Token) || !s.open(g.Token) {
			s.Error("a session has ended")
		}
		if err := s.svc.EndImpersonation(s.Context(), s.b.StoreID, made.ID); kind(err) != fault.NotFound {
			s.Errorf("another store's: %v", err)
		}
		s.want(s.svc.EndImpersonation(s.Context(), s.a.StoreID, made.ID), nil)
		s.want(s.svc.EndImpersonation(s.Context(), s.a.StoreID, made.ID), nil)
		if !s.open(own.Token) || s.open(g.Token) {
			s.Error("not its session alone has ended")
		}
		got := historytest.Entries(s, s.db, s.a.StoreID, last)
		var lines []string
		for i := range got {
			lines = append(lines, historytest.Line(&got[i]))
		}
		if want := []string{
			`created impersonation 1 of 1 (Ticket 1): expires_at ->1750001800`,
			`signed_in impersonation 1 of 1: impersonation_id ->1`,
			`updated customer 1: impersonation_id ->1, first_name "Ines">"Inês"`,
			`ended impersonation 1 of 1 (ended)`,
		}; !slices.Equal(lines, want) {
			s.Errorf("the history says\n%s\nwant\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
		}
		for i, r := range got[:3] {
			if r.Actor.Kind != history.ByAccount || r.Actor.ID != 7 {
				s.Errorf("entry %d is by %+v", i, r.Actor)
			}
		}
		if m := s.mails.Take(); len(m) != 0 {
			s.Errorf("told %+v", m)
		}
	})
}

func details(ctx context.Context, s *shop, sess account.Session, in account.Details) error {
	_, err := s.svc.UpdateDetails(ctx, s.a, sess, in, home)
	return err
}

// An impersonation ends by itself, by who signed in, by who may, by another
// sign-in in the same browser, and with the customer's sessions.
func TestImpersonationsEnd(t *testing.T) {
	each(t, func(s *shop) {
		id := s.person("ines@example.com")
		s.person("joe@example.com")
		s.settings(func(f *store.StorefrontSettings) { f.ImpersonationNotice = true; f.SessionSeconds = 60 })
		for name, c := range map[string]struct {
			how  account.HowEnded
			used bool
			end  func(token string, g account.Grant)
		}{
			"by itself":        {account.ByTime, true, func(string, account.Grant) { s.now.Add(600) }},
			"unused by itself": {account.ByTime, false, func(string, account.Grant) { s.now.Add(600) }},
			"by end":           {account.ByRequest, true, func(_ string, g account.Grant) { s.want(s.svc.SignOut(s.Context(), s.a.StoreID, g.Token), nil) }},
			"by another sign-in": {account.ByRequest, true, func(_ string, g account.Grant) {
				who := home
				who.Previous = g.Token
				_, err := s.svc.SignIn(s.Context(), s.a, account.Browser, "joe@example.com", right, who)
				s.want(err, nil)
			}},
			"with the password": {account.ByCustomer, true, func(string, account.Grant) {
				s.change(customer.Update{ID: id, NewPassword: opt.Some(right)})
			}},
			"unused with the password": {account.ByCustomer, false, func(string, account.Grant) {
				s.change(customer.Update{ID: id, NewPassword: opt.Some(right)})
			}},
			"with the sessions": {account.ByCustomer, true, func(string, account.Grant) {
				own := s.signIn(s.a, account.Browser, "ines@example.com")
				s.want(s.svc.SignOutElsewhere(s.Context(), own.Session), nil)
			}},
			"with the customer's access": {"", true, func(string, account.Grant) {
				s.change(customer.Update{ID: id, ChannelIDs: opt.Some([]int64{3})})
			}},
		} {
			s.change(customer.Update{ID: id, ChannelIDs: opt.Field[[]int64]{Set: true, Null: true}})
			made, token := s.leave(id, 10)
			var g account.Grant
			s.mails.Take()
			if c.used {
				g = s.follow(token)
				// In the customer's language, whatever who acts speaks.
				if m := s.mails.Take(); len(m) != 1 || m[0].Kind != account.MailImpersonated || m[0].To != "ines@example.com" || m[0].Data["minutes"] != "10" || m[0].Wish.Accept != "" {
					s.Errorf("%s: told %+v", name, m)
				}
				s.now.Add(120) // longer than a shopper's session may rest
				if !s.open(g.Token) {
					s.Errorf("%s: ended before", name)
				}
			}
			last := historytest.Last(s, s.db, s.a.StoreID)
			c.end(token, g)
			if c.used && s.open(g.Token) {
				s.Errorf("%s: the session goes on", name)
			}
			if !c.used {
				_, err := s.svc.FollowImpersonation(s.Context(), s.a, token, home)
				s.want(err, account.ErrLink)
			}
			if c.how == "" {
				continue
			}
			if one := s.lastOne(); one.Status() != account.ImpersonationEnded || one.How != c.how {
				s.Errorf("%s: %+v", name, one)
			}
			s.want(s.svc.ExpireImpersonations(s.Context()), nil)
			s.want(s.svc.ExpireImpersonations(s.Context()), nil)
			n := 0
			for _, r := range historytest.Entries(s, s.db, s.a.StoreID, last) {
				if r.Action == history.Ended && r.ResourceID == made.ID {
					if n++; r.Reason != string(c.how) || r.CustomerID != id {
						s.Errorf("%s: %+v", name, r)
					}
				}
			}
			if n != 1 {
				s.Errorf("%s: %d entries", name, n)
			}
		}
	})
}

// Of many who follow a link at once one is let in.
func TestImpersonationIsUsedOnce(t *testing.T) {
	each(t, func(s *shop) {
		_, token := s.leave(s.person("ines@example.com"), 10)
		last := historytest.Last(s, s.db, s.a.StoreID)
		var mu sync.Mutex
		in := 0
		var wait sync.WaitGroup
		for range 8 {
			wait.Go(func() {
				_, err := s.svc.FollowImpersonation(s.Context(), s.a, token, home)
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					in++
				} else {
					s.want(err, account.ErrLink)
				}
			})
		}
		wait.Wait()
		if lines := historytest.Lines(s, s.db, s.a.StoreID, last); in != 1 || len(lines) != 1 {
			s.Errorf("%d were let in: %v", in, lines)
		}
	})
}
