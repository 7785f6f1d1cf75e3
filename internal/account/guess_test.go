package account_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"clientele/internal/account"
	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/limit"
	"clientele/internal/opt"
	"clientele/internal/password"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/store"
)

var imported = password.ImportedHash{Hash: "374996a5e8a5e57fd97d893f7df79824:36"}

func (s *shop) try(email, password, peer string) error {
	_, err := s.svc.SignIn(s.Context(), s.a, account.Browser, email, password, from(peer))
	return err
}

// wait returns for how long an attempt is put off.
func wait(err error) int {
	if f := fault.As(err); f != nil && f.Kind == fault.TooMany {
		return f.RetryAfter
	}
	return 0
}

func TestGuessing(t *testing.T) {
	each(t, func(s *shop) {
		s.person("ines@example.com")
		s.want(s.try("ines@example.com", right, "192.0.2.1"), nil)
		// The same happens for somebody and for nobody.
		for _, email := range []string{"nobody@example.com", "ines@example.com"} {
			for i := range 10 {
				s.want(s.try(email, "wrong", fmt.Sprint("198.51.100.", i)), account.ErrCredentials)
			}
			// The wait grows with each failure, to an hour and no further, and
			// a restart does not end it.
			for _, seconds := range []int64{900, 1800, 3600, 3600} {
				s.restart()
				if w := wait(s.try(email, right, "198.51.100.77")); int64(w) != seconds {
					s.Errorf("%s: waits %d seconds, want %d", email, w, seconds)
				}
				s.now.Add(seconds)
				s.want(s.try(email, "wrong", "198.51.100.77"), account.ErrCredentials)
			}
		}
		// The owner, from where they signed in before, is let in all the same.
		s.want(s.try("ines@example.com", right, "192.0.2.1"), nil)
		if wait(s.try("ines@example.com", right, "198.51.100.77")) == 0 {
			s.Error("the owner's sign-in let strangers go on")
		}
		// By an emailed link they get in from anywhere.
		if _, err := s.svc.RequestSignInLink(s.Context(), s.a, "ines@example.com", "", from("203.0.113.5")); err != nil {
			s.Fatal(err)
		}
		if _, _, err := s.svc.RedeemSignInLink(s.Context(), s.a, s.link(account.MailSignInLink).Get("token"), from("203.0.113.5")); err != nil {
			s.Error(err)
		}
		s.want(s.try("ines@example.com", right, "203.0.113.5"), nil)
		// Guesses from the owner's address have a bound of their own.
		for range 10 {
			s.want(s.try("ines@example.com", "wrong", "192.0.2.1"), account.ErrCredentials)
		}
		if wait(s.try("ines@example.com", right, "192.0.2.1")) != 900 {
			s.Error("no bound at the owner's address")
		}
		s.want(s.try("ines@example.com", right, "203.0.113.5"), nil)
		// After the wait the right password works and ends the count.
		s.now.Add(3600)
		s.want(s.try("ines@example.com", right, "198.51.100.78"), nil)
		s.want(s.try("ines@example.com", "wrong", "198.51.100.79"), account.ErrCredentials)
		s.want(s.try("ines@example.com", "wrong", "198.51.100.79"), account.ErrCredentials)
		// Changing the password counts with signing in.
		g := s.signIn(s.a, account.Browser, "ines@example.com")
		for range 10 {
			_ = s.svc.ChangePassword(s.Context(), s.a, g.Session, "wrong", "another horse 8", from("198.51.100.200"))
		}
		if wait(s.svc.ChangePassword(s.Context(), s.a, g.Session, right, "another horse 8", from("198.51.100.200"))) == 0 {
			s.Error("passwords can be guessed where they are changed")
		}
		// A day later all is forgotten, and what is old can be taken away.
		s.now.Add(86400)
		s.want(s.try("ines@example.com", "wrong", "198.51.100.1"), account.ErrCredentials)
		if err := s.db.DropEnded(s.Context(), s.now.Load(), limit.Ended()); err != nil {
			s.Fatal(err)
		}
		if got := s.texts(`SELECT subject FROM sign_in_failures WHERE store_id = $1`); len(got) != 1 {
			s.Errorf("%d counts are kept", len(got))
		}
	})
}

// Whoever resets a password gets in with it however much strangers guess.
func TestGuessesDoNotOutliveAReset(t *testing.T) {
	each(t, func(s *shop) {
		id := s.person("ines@example.com")
		for i := range 10 {
			s.want(s.try("ines@example.com", "wrong", fmt.Sprint("198.51.100.", i)), account.ErrCredentials)
		}
		if wait(s.try("ines@example.com", right, "203.0.113.5")) == 0 {
			s.Fatal("not locked")
		}
		s.want(s.svc.RequestReset(s.Context(), s.a, "ines@example.com", "", from("203.0.113.5")), nil)
		token := s.link(account.MailPasswordReset).Get("t")
		s.want(s.svc.Reset(s.Context(), s.a, id, token, "another horse 8", from("203.0.113.5")), nil)
		s.want(s.try("ines@example.com", "another horse 8", "203.0.113.5"), nil)
		if wait(s.try("ines@example.com", "another horse 8", "198.51.100.77")) == 0 {
			s.Error("the reset let strangers go on")
		}
	})
}

// Whoever tried to sign in to an account that they did not have registers, and
// gets in.
func TestGuessesBeforeTheAccount(t *testing.T) {
	each(t, func(s *shop) {
		for range 10 {
			s.want(s.try("ines@example.com", right, home.Peer.Address), account.ErrCredentials)
		}
		if wait(s.try("ines@example.com", right, home.Peer.Address)) == 0 {
			s.Fatal("not locked")
		}
		if _, err := s.svc.Register(s.Context(), s.a, newcomer("ines@example.com"), home); err != nil {
			s.Fatal(err)
		}
		s.signIn(s.a, account.Browser, "ines@example.com")
	})
}

// Whoever has one IPv6 address has all of its network's, and another one
// tomorrow.
func TestNetworks(t *testing.T) {
	each(t, func(s *shop) {
		s.person("ines@example.com")
		s.want(s.try("ines@example.com", right, "2001:db8:1:2::77"), nil)
		for i := range 10 {
			s.want(s.try("ines@example.com", "wrong", fmt.Sprintf("2001:db8:9:%d::1", i)), account.ErrCredentials)
		}
		s.want(s.try("ines@example.com", right, "2001:db8:1:2:aaaa:bbbb:cccc:dddd"), nil)
		if wait(s.try("ines@example.com", right, "2001:db8:1:3::77")) == 0 {
			s.Error("another network is not the owner's")
		}
		// Emails are asked for by networks.
		late := 0
		for i := range 101 {
			if wait(s.svc.RequestReset(s.Context(), s.a, fmt.Sprintf("n%d@example.com", i), "", from(fmt.Sprintf("2001:db8:5:5::%x", i)))) > 0 {
				late++
			}
		}
		if late != 1 {
			s.Errorf("%d of 101 have to wait", late)
		}
	})
}

// Who is signed in must not try out who else has an account.
func TestEmailsAreNotTriedOut(t *testing.T) {
	each(t, func(s *shop) {
		s.person("ines@example.com")
		for i := range 25 {
			s.person(fmt.Sprintf("taken%d@example.com", i))
		}
		g := s.signIn(s.a, account.Browser, "ines@example.com")
		conflicts, late := 0, 0
		for i := range 110 {
			_, err := s.svc.UpdateDetails(s.Context(), s.a, g.Session, account.Details{Email: opt.Some(fmt.Sprintf("taken%d@example.com", i%25))}, home)
			switch kind(err) {
			case fault.Conflict:
				conflicts++
			case fault.TooMany:
				late++
			}
		}
		if conflicts != 100 || late != 10 {
			s.Errorf("%d conflicts, %d have to wait", conflicts, late)
		}
		// Everything else may be changed all the same.
		_, err := s.svc.UpdateDetails(s.Context(), s.a, g.Session, account.Details{Email: opt.Some("ines@example.com"), FirstName: opt.Some("I")}, home)
		s.want(err, nil)
	})
}

// A clock that was a day ahead for a while locks nobody out for that day.
func TestGuessingWhenTheClockGoesBack(t *testing.T) {
	each(t, func(s *shop) {
		s.person("ines@example.com")
		s.now.Add(86400)
		for range 10 {
			s.want(s.try("ines@example.com", "wrong", "198.51.100.1"), account.ErrCredentials)
		}
		s.now.Add(-86400)
		s.want(s.try("ines@example.com", right, "198.51.100.1"), nil)
	})
}

// However many guesses come at once, no more than the free ones are made.
func TestGuessingAtOnce(t *testing.T) {
	each(t, func(s *shop) {
		var made atomic.Int64
		var wg sync.WaitGroup
		for i := range 40 {
			wg.Go(func() {
				if wait(s.try("nobody@example.com", "wrong", fmt.Sprint("198.51.100.", i))) == 0 {
					made.Add(1)
				}
			})
		}
		wg.Wait()
		if made.Load() > 10 {
			s.Errorf("%d guesses were made", made.Load())
		}
	})
}

// Every answer costs the hashing of one password. How that takes the same time,
// the tests of package customer tell.
func TestEqualWork(t *testing.T) {
	each(t, func(s *shop) {
		s.person("ines@example.com")
		s.person("three@example.com", 3)
		s.add(s.a, customer.Create{Email: "none@example.com", FirstName: "N", LastName: "N"})
		s.add(s.a, customer.Create{Email: "import@example.com", FirstName: "N", LastName: "N", ImportedHash: imported})
		for _, email := range []string{"ines@example.com", "nobody@example.com", "three@example.com", "none@example.com", "import@example.com", "", "x\x01"} {
			before := s.passwords.Work()
			err := s.try(email, "wrong", "192.0.2.1")
			own := int64(1)
			if email == "import@example.com" {
				own = 0
			}
			if s.want(err, account.ErrCredentials); s.passwords.Work()-before != own {
				s.Errorf("%q: %d units of work", email, s.passwords.Work()-before)
			}
			before = s.passwords.Work()
			s.want(s.svc.RequestReset(s.Context(), s.a, email, "", home), nil)
			if s.passwords.Work() != before {
				s.Error("a request for a reset hashes")
			}
		}
		before := s.passwords.Work()
		s.want(s.try("import@example.com", "hashcat", "192.0.2.1"), nil)
		s.want(s.try("import@example.com", "hashcat", "192.0.2.1"), nil)
		if s.passwords.Work()-before != 2 {
			s.Errorf("%d units of work", s.passwords.Work()-before)
		}
	})
}

// Text that no database takes is nobody's email.
func TestStrangeEmails(t *testing.T) {
	each(t, func(s *shop) {
		for _, email := range []string{"a\x00b@example.com", "\xff@example.com", "\x00", strings.Repeat("x", 10_000) + "@example.com"} {
			s.want(s.try(email, "wrong\x00\xff", "192.0.2.1"), account.ErrCredentials)
			s.want(s.svc.RequestReset(s.Context(), s.a, email, "", home), nil)
			_, err := s.svc.RequestSignInLink(s.Context(), s.a, email, "", home)
			s.want(err, account.ErrNobody)
			if _, err := s.svc.Register(s.Context(), s.a, newcomer(email), home); kind(err) != fault.Invalid {
				s.Errorf("%.20q: %v", email, err)
			}
			if _, err := s.svc.Subscribe(s.Context(), s.a, email, "", "", home); kind(err) != fault.Invalid {
				s.Errorf("%.20q: %v", email, err)
			}
		}
	})
}

// A sign-in that was right a moment before the password changed opens nothing.
func TestSignInWhileThePasswordChanges(t *testing.T) {
	each(t, func(s *shop) {
		id := s.person("ines@example.com")
		g := s.signIn(s.a, account.Browser, "ines@example.com")
		var mu sync.Mutex
		var tokens []string
		var wg sync.WaitGroup
		for range 6 {
			wg.Go(func() {
				got, err := s.svc.SignIn(s.Context(), s.a, account.Browser, "ines@example.com", right, home)
				if err == nil {
					mu.Lock()
					tokens = append(tokens, got.Token)
					mu.Unlock()
				}
			})
		}
		s.want(s.svc.ChangePassword(s.Context(), s.a, g.Session, right, "another horse 8", home), nil)
		wg.Wait()
		for _, token := range tokens {
			if s.open(token) {
				s.Error("the old password opened a session that stays")
			}
		}
		if list, err := s.svc.Sessions(s.Context(), s.a.StoreID, id); len(list) != 1 || err != nil {
			s.Errorf("%d sessions, %v", len(list), err)
		}
	})
}

// made notes that so many attempts of a kind were made from a network.
func (s *shop) made(what, network string, n int64) {
	s.Helper()
	s.write(s.a.StoreID, func(tx *sqldb.Tx) error {
		return tx.Exec(sqldb.Dynamic(`INSERT INTO attempt_windows (store_id, subject, attempts, date_start) VALUES ($1, $2, $3, $4)`), limit.Subject(what, network), n, s.now.Load())
	})
}

// Where channels have customers of their own, whoever registers with somebody's
// email on another channel gets no more guesses by signing in there.
func TestOwnPasswordPaysForNoGuesses(t *testing.T) {
	each(t, func(s *shop) {
		s.write(s.a.StoreID, func(tx *sqldb.Tx) error { return errors.Join(s.allowGlobal(tx, 2, false), s.allowGlobal(tx, 3, false)) })
		s.person("ines@example.com", 2)
		own := s.person("INES@example.com", 3)
		try := func(channelID int64, password, peer string) error {
			_, err := s.svc.SignIn(s.Context(), on(s.a, channelID), account.Browser, "ines@example.com", password, from(peer))
			return err
		}
		for i := range 10 {
			s.want(try(2, "wrong", fmt.Sprint("198.51.100.", i)), account.ErrCredentials)
			if i < 9 {
				s.want(try(3, right, fmt.Sprint("203.0.113.", i)), nil)
				is, err := s.svc.VerifyPassword(s.Context(), s.a.StoreID, own, right, limit.Peer{Address: fmt.Sprint("192.0.2.", i)})
				if !is || err != nil {
					s.Error(is, err)
				}
			}
		}
		if wait(try(2, "wrong", "198.51.100.99")) == 0 {
			s.Error("an eleventh guess was made")
		}
	})
}

// What is asked for from one network is counted by all processes together.
func TestProcessesCountTogether(t *testing.T) {
	each(t, func(s *shop) {
		ctx := s.Context()
		s.person("ines@example.com")
		s.person("taken@example.com")
		g := s.signIn(s.a, account.Browser, "ines@example.com")
		// For one email.
		for i := range 8 {
			s.restart()
			s.want(s.svc.RequestReset(ctx, s.a, "ines@example.com", "", from(fmt.Sprint("198.51.100.", i))), nil)
		}
		if m := s.mails.Take(); len(m) != 5 {
			s.Errorf("%d emails were sent", len(m))
		}
		// For emails at all.
		s.made("ask", "203.0.113.1", 98)
		for i, late := range []bool{false, false, true, true} {
			s.restart()
			if got := wait(s.svc.RequestReset(ctx, s.a, fmt.Sprintf("n%d@example.com", i), "", from("203.0.113.1"))) > 0; got != late {
				s.Errorf("request %d is late: %v", i, got)
			}
		}
		if wait(s.svc.RequestReset(ctx, s.a, "n9@example.com", "", from("203.0.113.2"))) > 0 {
			s.Error("another address has to wait")
		}
		_, err := s.svc.Subscribe(ctx, s.a, "n9@example.com", "", "", from("203.0.113.1"))
		if wait(err) == 0 {
			s.Error("the newsletter has a bound of its own")
		}
		if _, err = s.svc.Register(ctx, s.a, newcomer("n10@example.com"), from("203.0.113.1")); wait(err) == 0 {
			s.Error("emails for who registers have a bound of their own")
		}
		// For accounts and other emails, taken ones as well.
		s.made("register", "203.0.113.3", 97)
		for i, want := range []fault.Kind{fault.Conflict, fault.Conflict, fault.Conflict, fault.TooMany} {
			s.restart()
			if i%2 == 0 {
				_, err = s.svc.UpdateDetails(ctx, s.a, g.Session, account.Details{Email: opt.Some("taken@example.com")}, from("203.0.113.3"))
			} else {
				_, err = s.svc.Register(ctx, s.a, newcomer("taken@example.com"), from("203.0.113.3"))
			}
			if kind(err) != want {
				s.Errorf("%d: %v", i, err)
			}
		}
		s.now.Add(900)
		_, err = s.svc.Register(ctx, s.a, newcomer("new@example.com"), from("203.0.113.3"))
		s.want(err, nil)
	})
}

// A backend that tells no address asks for many shoppers, within a bound.
func TestBackendsAsk(t *testing.T) {
	each(t, func(s *shop) {
		ctx := s.Context()
		backend := account.Client{Peer: limit.Peer{Address: "192.0.2.80", Backend: true}}
		for _, what := range []string{"ask", "register"} {
			s.made(what, "192.0.2.80", 1000)
			s.made(what, "backend", 998)
		}
		for i, late := range []bool{false, true} {
			if got := wait(s.svc.RequestReset(ctx, s.a, "ines@example.com", "", backend)) > 0; got != late {
				s.Errorf("reset %d is late: %v", i, got)
			}
			_, err := s.svc.Register(ctx, s.a, newcomer(fmt.Sprintf("n%d@example.com", i)), backend)
			if (wait(err) > 0) != late {
				s.Errorf("registration %d: %v", i, err)
			}
		}
		s.want(s.svc.RequestReset(ctx, s.a, "ines@example.com", "", from("203.0.113.5")), nil)
		// Who registered through it is known from there.
		if got := s.texts(`SELECT ip_address FROM known_addresses WHERE store_id = $1`); len(got) != 1 || got[0] != "backend" {
			s.Errorf("known from %q", got)
		}
	})
}

// A right password reads and writes as little as there is to know, and a wrong
// one is written once.
func TestWhatSignInCosts(t *testing.T) {
	for _, e := range []sqldb.Engine{sqldb.SQLite, sqldb.Postgres} {
		t.Run(string(e), func(t *testing.T) {
			var mu sync.Mutex
			seen := map[string]int{}
			db := dbtest.OpenWatched(t, e, func(stmt *sqldb.Stmt) {
				mu.Lock()
				defer mu.Unlock()
				verb, _, _ := strings.Cut(stmt.SQL(), " ")
				seen["all"]++
				if verb != "SELECT" {
					seen[verb]++
				}
				for _, table := range []string{"attempt_windows", "sign_in_failures"} {
					if strings.Contains(stmt.SQL(), table) {
						seen[verb+" "+table]++
					}
				}
			})
			s := newShop(t, db)
			s.person("ines@example.com")
			cost := func(fn func()) string {
				mu.Lock()
				clear(seen)
				mu.Unlock()
				fn()
				mu.Lock()
				defer mu.Unlock()
				return fmt.Sprint(seen)
			}
			const first = "map[INSERT:4 SELECT attempt_windows:1 SELECT sign_in_failures:1 UPDATE:1 all:16]"
			const again = "map[INSERT:4 SELECT sign_in_failures:1 UPDATE:1 all:15]"
			const wrong = "map[INSERT:3 INSERT attempt_windows:1 INSERT sign_in_failures:1 SELECT attempt_windows:1 SELECT sign_in_failures:1 UPDATE:1 all:10]"
			s.signIn(s.a, account.Browser, "ines@example.com")
			s.write(s.a.StoreID, func(tx *sqldb.Tx) error {
				return tx.Exec(sqldb.Dynamic(`DELETE FROM known_addresses WHERE store_id = $1`))
			})
			if got := cost(func() { s.signIn(s.a, account.Browser, "ines@example.com") }); got != first {
				t.Errorf("from a new address: %s", got)
			}
			if got := cost(func() { s.signIn(s.a, account.Browser, "ines@example.com") }); got != again {
				t.Errorf("from a known address: %s", got)
			}
			if got := cost(func() { s.want(s.try("ines@example.com", "wrong", "198.51.100.1"), account.ErrCredentials) }); got != wrong {
				t.Errorf("wrong: %s", got)
			}
		})
	}
}

// However an address is written, its mailbox gets no more than it may.
func TestOneMailboxIsAskedFor(t *testing.T) {
	each(t, func(s *shop) {
		ctx := s.Context()
		s.settings(func(f *store.StorefrontSettings) { f.ConfirmSubscription = true })
		for i := range 30 {
			for _, address := range []string{"mbox@example.com" + strings.Repeat("\u200b", i), "mbox@exam" + strings.Repeat("\u00ad", i) + "ple.com", "m" + strings.Repeat("\u200d", i) + "box@example.com"} {
				_, err := s.svc.Subscribe(ctx, s.a, address, "", "", from(fmt.Sprint("198.51.100.", i)))
				if (kind(err) == fault.Invalid) != (i > 0) {
					s.Errorf("%+q: %v", address, err)
				}
			}
		}
		if m := s.mails.Take(); len(m) != 3 {
			s.Errorf("%d emails were sent for what cannot be seen", len(m))
		}
		for i := range 30 {
			all := []string{"a@münchen.de", "A@MÜNCHEN.de", "a@xn--mnchen-3ya.de", "a@mu\u0308nchen.de", "a@münchen。de", "a@ｍünchen.de"}
			_, err := s.svc.Subscribe(ctx, s.a, all[i%len(all)], "", "", from(fmt.Sprint("198.51.100.", i)))
			s.want(err, nil)
		}
		if m := s.mails.Take(); len(m) != 5 {
			s.Errorf("%d emails were sent to one mailbox", len(m))
		}
	})
}

// Nobody fills a mailbox by what they do to an account of their own.
func TestChangesAreBounded(t *testing.T) {
	each(t, func(s *shop) {
		ctx := s.Context()
		s.person("ines@example.com")
		g := s.signIn(s.a, account.Browser, "ines@example.com")
		late := 0
		for i := range 20 {
			_, err := s.svc.UpdateDetails(ctx, s.a, g.Session, account.Details{Email: opt.Some([]string{"victim@example.com", "other@example.com"}[i%2])}, from("203.0.113.1"))
			if wait(err) > 0 {
				late++
			} else {
				s.want(err, nil)
			}
		}
		to := 0
		for _, m := range s.mails.Take() {
			if m.To == "victim@example.com" {
				to++
			}
		}
		if late == 0 || to > 6 {
			s.Errorf("%d changes had to wait, %d emails", late, to)
		}
		g = s.signIn(s.a, account.Browser, s.texts(`SELECT email FROM customers WHERE store_id = $1`)[0])
		for i := range 6 {
			err := s.svc.ChangePassword(ctx, s.a, g.Session, right, right, from("203.0.113.2"))
			if (wait(err) > 0) != (i == 5) {
				s.Errorf("change %d: %v", i, err)
			}
		}
	})
}
