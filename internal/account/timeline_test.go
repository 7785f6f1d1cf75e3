package account_test

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"clientele/internal/account"
	"clientele/internal/customer"
	"clientele/internal/history"
	"clientele/internal/history/historytest"
	"clientele/internal/opt"
	"clientele/internal/store"
)

// timeline is what the history says after an entry, with sessions named by the
// order in which they come up.
type timeline struct {
	*shop
	ctx      context.Context
	last     int64
	sessions map[string]string
}

var long = regexp.MustCompile(`\b\d{11,}\b`)

// want holds what was recorded since the last call to lines, which end with who
// did it and from where.
func (h *timeline) want(name string, lines ...string) {
	h.Helper()
	var got []string
	entries := historytest.Entries(h.T, h.db, h.a.StoreID, max(h.last, 1))
	for i := range entries {
		e := &entries[i]
		if e.ID <= h.last {
			continue
		}
		h.last = e.ID
		line := long.ReplaceAllStringFunc(historytest.Line(e), func(id string) string {
			if h.sessions[id] == "" {
				h.sessions[id] = fmt.Sprintf("s%d", len(h.sessions)+1)
			}
			return h.sessions[id]
		})
		line = strings.ReplaceAll(strings.ReplaceAll(line, `->`, ""), `"`, "")
		got = append(got, fmt.Sprintf("%s by %s %d", line, e.Actor.Kind, e.Actor.ID))
		if e.Address != "203.0.113.7" {
			h.Errorf("%s: %s is from %q", name, line, e.Address)
		}
	}
	if !slices.Equal(got, lines) {
		h.Errorf("%s: the history says\n  %s\nwant\n  %s", name, strings.Join(got, "\n  "), strings.Join(lines, "\n  "))
	}
}

// What happens to an account is in its history, once, with the precise reason
// where something fails.
func TestTimeline(t *testing.T) {
	each(t, func(s *shop) {
		h := &timeline{shop: s, sessions: map[string]string{}}
		ines := s.person("ines@example.com")
		other := historytest.Last(s.T, s.db, s.b.StoreID)
		s.person("otto@example.com", 3)
		h.last = historytest.Last(s.T, s.db, s.a.StoreID)
		h.ctx = history.With(s.Context(), &history.Origin{Surface: history.Pages, Actor: history.Actor{Kind: history.Visitor}, Address: "203.0.113.7"})
		c := from("203.0.113.7")
		signIn := func(kind account.Kind, email, password string, c account.Client) account.Grant {
			g, _ := s.svc.SignIn(h.ctx, s.a, kind, email, password, c)
			return g
		}
		// Of the same failure there is one entry within an hour, and each tells how
		// many there were.
		for range 3 {
			signIn(account.Browser, "ines@example.com", "wrong", c)
			signIn(account.Browser, "nobody@example.com", "wrong", c)
			signIn(account.Browser, "otto@example.com", right, c)
		}
		h.want("failures",
			"sign_in_failed customer 1 (wrong_password): method password, count 1 by visitor 0",
			"sign_in_failed customer 0 (unknown_customer): method password, count 1 by visitor 0",
			"sign_in_failed customer 2 (no_access): method password, count 1 by visitor 0")
		first := signIn(account.Browser, "ines@example.com", right, c)
		h.want("signed in", "signed_in customer 1: method password, session_id s1, channel_id 1, count 3 by shopper 1")
		s.now.Add(3601)
		signIn(account.Browser, "ines@example.com", "wrong", c)
		h.want("an hour later", "sign_in_failed customer 1 (wrong_password): method password, count 1 by visitor 0")
		again := c
		again.Previous = first.Token
		second := signIn(account.Browser, "ines@example.com", right, again)
		h.want("in the same browser", "signed_in customer 1: method password, session_id s2, channel_id 1, count 1 by shopper 1", "ended session s1 of 1 (replaced) by visitor 0")
		signIn(account.AccessToken, "ines@example.com", right, c)
		token := signIn(account.AccessToken, "ines@example.com", right, c)
		h.want("a new access token", "signed_in customer 1: method password, session_id s3, channel_id 1 by shopper 1",
			"signed_in customer 1: method password, session_id s4, channel_id 1 by shopper 1", "ended session s3 of 1 (replaced) by shopper 1")
		must := func(err error) {
			s.Helper()
			s.want(err, nil)
		}
		must(s.svc.SignOut(h.ctx, s.a.StoreID, token.Token))
		must(s.svc.SignOut(h.ctx, s.a.StoreID, token.Token))
		h.want("signed out", "signed_out customer 1: session_id s4>- by visitor 0")
		third := signIn(account.Browser, "ines@example.com", right, c)
		must(s.svc.Revoke(h.ctx, second.Session, third.Session.ID))
		s.want(s.svc.Revoke(h.ctx, second.Session, third.Session.ID), account.ErrNoSession)
		h.want("a session is ended", "signed_in customer 1: method password, session_id s5, channel_id 1 by shopper 1", "revoked session s5 of 1 by visitor 0")
		must(s.svc.SignOutElsewhere(h.ctx, second.Session))
		h.want("no other session")
		signIn(account.Browser, "ines@example.com", right, c)
		signIn(account.Browser, "ines@example.com", right, c)
		must(s.svc.SignOutElsewhere(h.ctx, second.Session))
		h.want("all others are ended", "signed_in customer 1: method password, session_id s6, channel_id 1 by shopper 1",
			"signed_in customer 1: method password, session_id s7, channel_id 1 by shopper 1", "revoked session 0 of 1: count 2>- by visitor 0")

		// Links.
		must(s.svc.RequestReset(h.ctx, s.a, "nobody@example.com", "", c))
		h.want("a link for nobody")
		must(s.svc.RequestReset(h.ctx, s.a, "ines@example.com", "", c))
		q := s.link(account.MailPasswordReset)
		h.want("a link", "link_sent link 0 of 1: kind reset by visitor 0")
		must(s.svc.Reset(h.ctx, s.a, ines, q.Get("t"), right+"!", c))
		s.mails.Take()
		s.want(s.svc.Reset(h.ctx, s.a, ines, q.Get("t"), right+"!", c), account.ErrLink)
		h.want("a reset", "link_used link 0 of 1: kind reset by visitor 0", "password_changed customer 1 by visitor 0", "ended session 0 of 1 (password_changed): count 1>- by visitor 0")
		_, err := s.svc.RequestSignInLink(h.ctx, s.a, "ines@example.com", "", c)
		must(err)
		q = s.link(account.MailSignInLink)
		for range 2 {
			_, _, _ = s.svc.RedeemSignInLink(h.ctx, s.a, q.Get("token"), c)
		}
		h.want("a sign-in by link", "link_sent link 0 of 1: kind sign_in by visitor 0", "link_used link 0 of 1: kind sign_in by shopper 1",
			"signed_in customer 1: method link, session_id s8, channel_id 1 by shopper 1", "sign_in_failed customer 0 (link_refused): method link by visitor 0")

		// What fails after the right password.
		s.change(customerUpdate(ines, true))
		h.last = historytest.Last(s.T, s.db, s.a.StoreID)
		for range 2 {
			signIn(account.Browser, "ines@example.com", right+"!", c)
		}
		h.want("a reset is needed", "sign_in_failed customer 1 (reset_required): method password by visitor 0")
		s.change(customerUpdate(ines, false))
		s.settings(func(f *store.StorefrontSettings) { f.ConfirmEmail = true })
		lena, err := s.svc.Register(h.ctx, s.a, account.Registration{Email: "lena@example.com", Password: right, FirstName: "Lena", LastName: "Ott"}, c)
		must(err)
		h.last = historytest.Last(s.T, s.db, s.a.StoreID) - 1
		h.want("a registration", fmt.Sprintf("link_sent link 0 of %d: kind confirm by visitor 0", lena))
		signIn(account.Browser, "lena@example.com", right, c)
		h.want("unconfirmed", fmt.Sprintf("sign_in_failed customer %d (unconfirmed): method password by visitor 0", lena))

		// Tokens of others: whom they name is told where they may be believed, and
		// nothing is told of a customer whom there is not.
		for _, v := range []account.Vouched{{CustomerID: ines, ClientID: "app", Refused: "too old"}, {CustomerID: ines, ClientID: "app", Refused: "too old"}, {Refused: "no token"}, {CustomerID: 99, Refused: "too early"}} {
			s.svc.LoginToken(h.ctx, s.a, c, v, "r1")
			s.svc.SyncToken(h.ctx, s.a, c, v, "r1")
		}
		h.want("tokens", "token_refused customer 1 (too old): method login_token, client_id app by visitor 0", "token_refused customer 1 (too old): method session_sync, client_id app by visitor 0",
			"token_refused customer 0 (no token): method login_token by visitor 0", "token_refused customer 0 (no token): method session_sync by visitor 0")
		for i := range 300 {
			s.svc.LoginToken(h.ctx, s.a, from(fmt.Sprintf("198.51.100.%d", i)), account.Vouched{Refused: "no token"}, "r1")
		}
		entries := historytest.Entries(s.T, s.db, s.a.StoreID, h.last)
		if len(entries) < 90 || len(entries) > 100 {
			s.Errorf("a flood of tokens is %d entries", len(entries))
		}
		h.last = historytest.Last(s.T, s.db, s.a.StoreID)

		// Lock-outs.
		for range 12 {
			signIn(account.Browser, "otto@example.com", "wrong", c)
			signIn(account.Browser, "ines@example.com", "wrong", from("203.0.113.8"))
		}
		s.now.Add(901)
		signIn(account.Browser, "ines@example.com", "wrong", from("203.0.113.8"))
		until := func(wait time.Duration, at int64) string { return fmt.Sprint(at + int64(wait/time.Second)) }
		at := s.now.Load()
		h.want("lock-outs",
			"sign_in_failed customer 2 (no_access): method password, count 4 by visitor 0",
			"sign_in_failed customer 1 (wrong_password): method password, count 1 by visitor 0",
			"locked_out customer 2 (account): count 10, until "+until(15*time.Minute, at-901)+" by visitor 0",
			"locked_out customer 1 (account): count 10, until "+until(15*time.Minute, at-901)+" by visitor 0",
			"locked_out customer 1 (account): count 11, until "+until(30*time.Minute, at)+" by visitor 0")
		if text := fmt.Sprint(historytest.Entries(s.T, s.db, s.a.StoreID, 0)); strings.Contains(text, "nobody@") || strings.Contains(text, "wrong ") || strings.Contains(text, q.Get("token")) {
			s.Error("a secret, or the email that nobody has, is in the history")
		}
		if n := historytest.Last(s.T, s.db, s.b.StoreID); n != other {
			s.Errorf("the other store has %d entries more", n-other)
		}
	})
}

func customerUpdate(id int64, reset bool) customer.Update {
	return customer.Update{ID: id, ForcePasswordReset: opt.Some(reset)}
}
