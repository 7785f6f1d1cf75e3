package account_test

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"clientele/internal/account"
	"clientele/internal/account/accounttest"
	"clientele/internal/auth"
	"clientele/internal/channel"
	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/limit"
	"clientele/internal/opt"
	"clientele/internal/password"
	"clientele/internal/password/passwordtest"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/store"
	"clientele/internal/system"
)

// shop is two stores with channels 1, 2 and 3; on 3 only its own customers
// sign in. Emails that were queued in committed transactions are kept.
type shop struct {
	*testing.T
	db        *sqldb.DB
	sys       *system.System
	svc       *account.Service
	customers *customer.Service
	passwords *password.Hasher
	now       atomic.Int64
	a, b      store.Site
	mails     *accounttest.Mails
}

const start = 1_750_000_000

func newShop(t *testing.T, db *sqldb.DB) *shop {
	t.Helper()
	s := &shop{T: t, db: db, mails: &accounttest.Mails{}}
	s.now.Store(start)
	s.sys = system.Real()
	s.sys.Clock = func() time.Time { return time.Unix(s.now.Load(), 0) }
	s.passwords = passwordtest.New(s.sys)
	s.customers = customer.NewService(db, s.sys, s.passwords)
	s.restart()
	stores := store.NewService(db, s.sys)
	for _, site := range []*store.Site{&s.a, &s.b} {
		st, err := stores.Create(t.Context(), "", "", "")
		if err != nil {
			t.Fatal(err)
		}
		*site = store.Site{StoreID: st.ID, StoreHash: st.Hash, ChannelID: 1, URL: "https://shop.example.com"}
		s.write(st.ID, func(tx *sqldb.Tx) error {
			for id, name := range map[int64]string{2: "two", 3: "three"} {
				if err := channel.Put(tx, channel.Given{ID: id, Name: name}, start); err != nil {
					return err
				}
			}
			return s.allowGlobal(tx, 2, true)
		})
	}
	return s
}

func (s *shop) allowGlobal(tx *sqldb.Tx, channelID int64, yes bool) error {
	return tx.Exec(allowGlobal, channelID, map[bool]string{true: "1", false: "0"}[yes])
}

var allowGlobal = sqldb.Static(`INSERT INTO customer_settings (store_id, channel_id, name, value) VALUES ($1, $2, 'allow_global_logins', $3)
	ON CONFLICT (store_id, channel_id, name) DO UPDATE SET value = excluded.value`)

// restart makes the services anew, as another process has them.
func (s *shop) restart() {
	s.customers = customer.NewService(s.db, s.sys, s.passwords)
	s.svc = account.NewService(account.Config{DB: s.db, System: s.sys, Customers: s.customers, Passwords: s.passwords, Mail: s.mails})
}

func (s *shop) write(storeID int64, fn func(tx *sqldb.Tx) error) {
	s.Helper()
	if err := s.db.Write(s.Context(), storeID, fn); err != nil {
		s.Fatal(err)
	}
}

func (s *shop) settings(change func(f *store.StorefrontSettings)) {
	s.Helper()
	var set store.Settings
	change(&set.Storefront)
	s.write(s.a.StoreID, func(tx *sqldb.Tx) error { return store.PutSettings(tx, set) })
}

const right = "correct horse 7"

func (s *shop) person(email string, channels ...int64) int64 {
	s.Helper()
	return s.add(s.a, customer.Create{Email: email, FirstName: "Ines", LastName: "Duarte", ChannelIDs: channels, NewPassword: opt.Some(right)})
}

func (s *shop) add(site store.Site, in customer.Create) int64 {
	s.Helper()
	rows, err := s.customers.CreateFor(s.Context(), password.Party{StoreID: site.StoreID}, []customer.Create{in})
	if err != nil {
		s.Fatal(err)
	}
	return rows[0].ID
}

func (s *shop) change(u customer.Update) {
	s.Helper()
	if _, err := s.customers.UpdateFor(s.Context(), password.Party{StoreID: s.a.StoreID}, []customer.Update{u}); err != nil {
		s.Fatal(err)
	}
}

var home = account.Client{Peer: limit.Peer{Address: "192.0.2.1"}, UserAgent: "Test/1"}

func from(peer string) account.Client { return account.Client{Peer: limit.Peer{Address: peer}} }

func (s *shop) signIn(site store.Site, kind account.Kind, email string) account.Grant {
	s.Helper()
	g, err := s.svc.SignIn(s.Context(), site, kind, email, right, home)
	if err != nil {
		s.Fatal(err)
	}
	return g
}

// open reports whether a token opens a session of store a.
func (s *shop) open(token string) bool {
	s.Helper()
	got, err := s.svc.Authenticate(s.Context(), s.a.StoreID, token)
	if err != nil {
		s.Fatal(err)
	}
	return got != nil
}

func (s *shop) want(err, want error) {
	s.Helper()
	if !errors.Is(err, want) || (err == nil) != (want == nil) {
		s.Errorf("got %v, want %v", err, want)
	}
}

func kind(err error) fault.Kind {
	if f := fault.As(err); f != nil {
		return f.Kind
	}
	return fault.Internal
}

func codes(err error) []fault.Code {
	var out []fault.Code
	if f := fault.As(err); f != nil {
		for _, it := range f.Items {
			out = append(out, it.Code)
		}
	}
	return out
}

func on(site store.Site, channelID int64) store.Site {
	site.ChannelID = channelID
	return site
}

func each(t *testing.T, fn func(s *shop)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) { fn(newShop(t, db)) })
}

func TestSessions(t *testing.T) {
	each(t, func(s *shop) {
		ctx := s.Context()
		id := s.person("ines@example.com")
		g := s.signIn(s.a, account.Browser, " INES@example.com ")
		if len(g.Token) != 64 || g.Session.CustomerID != id || g.Session.ID < 1 || g.Session.Expires != start+30*86400 {
			s.Errorf("%+v", g)
		}
		s.write(s.a.StoreID, func(tx *sqldb.Tx) error {
			return tx.Exec(sqldb.Dynamic(`UPDATE customers SET customer_group_id = 7, locale = 'de' WHERE store_id = $1`))
		})
		got, err := s.svc.Authenticate(ctx, s.a.StoreID, g.Token)
		want := g.Session
		want.Email, want.GroupID, want.Locale = "ines@example.com", 7, "de"
		if err != nil || got == nil || *got != want {
			s.Fatalf("%+v, %v", got, err)
		}
		// The token is not in the database, and nothing like it opens anything.
		s.write(s.a.StoreID, func(tx *sqldb.Tx) error {
			return tx.Query(sqldb.Dynamic(`SELECT token_hash FROM account_sessions WHERE store_id = $1`), func(r *sqldb.Row) error {
				if r.Text(0) != auth.HashToken(g.Token) {
					s.Errorf("stored %s", r.Text(0))
				}
				if s.open(r.Text(0)) {
					s.Error("the hash opens the session")
				}
				return nil
			})
		})
		for _, bad := range []string{"", "x", g.Token[1:], g.Token + "0", g.Token + "_", g.Token + "_9999999999", strings.ToUpper(g.Token), " " + g.Token, strings.Repeat("0", 64), strings.Repeat("x", 1<<16), "\x00" + g.Token[1:]} {
			if s.open(bad) {
				s.Errorf("%.80q opens a session", bad)
			}
		}
		if o, err := s.svc.Authenticate(ctx, s.b.StoreID, g.Token); o != nil || err != nil {
			s.Errorf("in another store: %v, %v", o, err)
		}
		if o, err := s.svc.AuthenticateOn(ctx, on(s.a, 2), g.Token); o != nil || err != nil {
			s.Errorf("on another channel: %v, %v", o, err)
		}
		if o, err := s.svc.AuthenticateOn(ctx, s.a, g.Token); o == nil || err != nil {
			s.Errorf("on its channel: %v, %v", o, err)
		}

		// Signing in again rotates the token.
		c := home
		c.Previous = g.Token
		next, err := s.svc.SignIn(ctx, s.a, account.Browser, "ines@example.com", right, c)
		s.want(err, nil)
		if s.open(g.Token) || !s.open(next.Token) || next.Token == g.Token {
			s.Error("the token was not rotated")
		}
		// Listed and revoked, by the owner only.
		other := s.person("other@example.com")
		third := s.signIn(s.a, account.Browser, "ines@example.com")
		list, err := s.svc.Sessions(ctx, s.a.StoreID, id)
		if err != nil || len(list) != 2 || list[0].UserAgent != "Test/1" || list[0].Peer != "192.0.2.1" {
			s.Errorf("%+v, %v", list, err)
		}
		s.want(s.svc.Revoke(ctx, account.Session{StoreID: s.a.StoreID, ID: 1, CustomerID: other}, third.Session.ID), account.ErrNoSession)
		s.want(s.svc.Revoke(ctx, account.Session{StoreID: s.b.StoreID, ID: 1, CustomerID: id}, third.Session.ID), account.ErrNoSession)
		s.want(s.svc.Revoke(ctx, next.Session, third.Session.ID), nil)
		if s.open(third.Token) || !s.open(next.Token) {
			s.Error("another session was revoked")
		}
		s.want(s.svc.SignOut(ctx, s.b.StoreID, next.Token), nil)
		if !s.open(next.Token) {
			s.Error("signed out by another store")
		}
		s.want(s.svc.SignOut(ctx, s.a.StoreID, next.Token), nil)
		s.want(s.svc.SignOut(ctx, s.a.StoreID, next.Token), nil)
		s.want(s.svc.SignOut(ctx, s.a.StoreID, "x"), nil)
		if s.open(next.Token) {
			s.Error("signed out and open")
		}
	})
}

func TestSignOutElsewhere(t *testing.T) {
	each(t, func(s *shop) {
		ctx := s.Context()
		s.person("ines@example.com")
		s.person("other@example.com")
		here, phone := s.signIn(s.a, account.Browser, "ines@example.com"), s.signIn(s.a, account.Browser, "ines@example.com")
		app, other := s.signIn(s.a, account.AccessToken, "ines@example.com"), s.signIn(s.a, account.Browser, "other@example.com")
		s.want(s.svc.SignOutElsewhere(ctx, here.Session), nil)
		if !s.open(here.Token) || s.open(phone.Token) || s.open(app.Token) || !s.open(other.Token) {
			s.Error("all others of the customer end, and nothing else")
		}
		// Who was signed out signs nobody out.
		s.want(s.svc.SignOutElsewhere(ctx, phone.Session), account.ErrNoSession)
		if !s.open(here.Token) {
			s.Error("signed out by a session that had ended")
		}
		// Of several devices that ask at once exactly one stays.
		grants := []account.Grant{here}
		for range 5 {
			grants = append(grants, s.signIn(s.a, account.Browser, "ines@example.com"))
		}
		var wg sync.WaitGroup
		for _, g := range grants {
			wg.Go(func() {
				if err := s.svc.SignOutElsewhere(ctx, g.Session); err != nil && !errors.Is(err, account.ErrNoSession) {
					s.Error(err)
				}
			})
		}
		wg.Wait()
		left := 0
		for _, g := range grants {
			if s.open(g.Token) {
				left++
			}
		}
		if left != 1 {
			s.Errorf("%d sessions are left", left)
		}
	})
}

func TestAccessTokens(t *testing.T) {
	each(t, func(s *shop) {
		ctx := s.Context()
		s.person("ines@example.com")
		s.person("other@example.com")
		page := s.signIn(s.a, account.Browser, "ines@example.com")
		first, other := s.signIn(s.a, account.AccessToken, "ines@example.com"), s.signIn(s.a, account.AccessToken, "other@example.com")
		digits, expiry, _ := strings.Cut(first.Token, "_")
		if len(digits) != 64 || expiry != "1750604800" || first.Session.Expires != 1750604800 {
			s.Errorf("%s expires %d", first.Token, first.Session.Expires)
		}
		if s.open(digits) || s.open(digits+"_1750604801") || s.open(digits+"_0"+expiry) || !s.open(first.Token) {
			s.Error("a forged token opens a session")
		}
		second := s.signIn(on(s.a, 2), account.AccessToken, "ines@example.com")
		if s.open(first.Token) || !s.open(second.Token) || !s.open(page.Token) || !s.open(other.Token) {
			s.Error("a new token ends the one before, and nothing else")
		}
		s.now.Add(6 * 86400)
		if !s.open(second.Token) {
			s.Error("ended early")
		}
		s.now.Add(86400)
		if s.open(second.Token) {
			s.Error("expired and open")
		}
		third := s.signIn(s.a, account.AccessToken, "ines@example.com")
		s.want(s.svc.SignOut(ctx, s.a.StoreID, third.Token), nil)
		if s.open(third.Token) {
			s.Error("signed out and open")
		}
	})
}

func TestExpiry(t *testing.T) {
	each(t, func(s *shop) {
		ctx := s.Context()
		id := s.person("ines@example.com")
		used, idle := s.signIn(s.a, account.Browser, "ines@example.com"), s.signIn(s.a, account.Browser, "ines@example.com")
		for range 5 {
			s.now.Add(6 * 86400)
			if used.Session.Expires > s.now.Load() && !s.open(used.Token) {
				s.Fatal("ended while in use")
			}
		}
		if s.open(used.Token) || s.open(idle.Token) {
			s.Error("expired and open")
		}
		if list, err := s.svc.Sessions(ctx, s.a.StoreID, id); len(list) != 0 || err != nil {
			s.Errorf("%+v, %v", list, err)
		}
		// What is over can be taken away.
		s.signIn(s.a, account.Browser, "ines@example.com")
		if err := s.db.DropEnded(ctx, s.now.Load()+1, account.Ended()); err != nil {
			s.Fatal(err)
		}
		n := 0
		s.write(s.a.StoreID, func(tx *sqldb.Tx) error {
			return tx.Query(sqldb.Dynamic(`SELECT id FROM account_sessions WHERE store_id = $1`), func(*sqldb.Row) error { n++; return nil })
		})
		if n != 1 {
			s.Errorf("%d rows are left", n)
		}

		// Last use is written now and then only.
		g := s.signIn(s.a, account.Browser, "ines@example.com")
		at := func() int64 {
			var seen int64
			s.write(s.a.StoreID, func(tx *sqldb.Tx) error {
				return tx.Query(sqldb.Dynamic(`SELECT date_seen FROM account_sessions WHERE store_id = $1 AND token_hash = $2`), func(r *sqldb.Row) error { seen = r.Int(0); return nil }, auth.HashToken(g.Token))
			})
			return seen
		}
		began := s.now.Load()
		s.now.Add(299)
		s.open(g.Token)
		if at() != began {
			s.Error("written too often")
		}
		s.now.Add(1)
		s.open(g.Token)
		if at() != began+300 {
			s.Error("not written")
		}

		// A store's own times.
		no := false
		s.settings(func(f *store.StorefrontSettings) { f.SessionSeconds, f.ActivityExtends = 3600, &no })
		g = s.signIn(s.a, account.Browser, "ines@example.com")
		for range 3 {
			s.now.Add(1199)
			if !s.open(g.Token) {
				s.Error("ended early")
			}
		}
		s.now.Add(3)
		if s.open(g.Token) {
			s.Error("use extended the session")
		}
		// Nobody keeps sessions without bound.
		for range 105 {
			if _, err := s.svc.SignInAs(ctx, s.a, account.Browser, account.Proof{CustomerID: id}, home); err != nil {
				s.Fatal(err)
			}
		}
		if list, err := s.svc.Sessions(ctx, s.a.StoreID, id); len(list) != 100 || err != nil {
			s.Errorf("%d sessions, %v", len(list), err)
		}
	})
}

func TestChannelAccess(t *testing.T) {
	each(t, func(s *shop) {
		ctx := s.Context()
		everywhere, second := s.person("all@example.com"), s.person("two@example.com", 2)
		for _, c := range []struct {
			email   string
			id      int64
			channel int64
			ok      bool
		}{
			{"all@example.com", everywhere, 1, true}, {"all@example.com", everywhere, 2, true}, {"all@example.com", everywhere, 3, false},
			{"two@example.com", second, 1, false}, {"two@example.com", second, 2, true}, {"two@example.com", second, 3, false},
		} {
			_, err := s.svc.SignIn(ctx, on(s.a, c.channel), account.Browser, c.email, right, home)
			_, asErr := s.svc.SignInAs(ctx, on(s.a, c.channel), account.AccessToken, account.Proof{CustomerID: c.id}, home)
			if c.ok {
				s.want(err, nil)
				s.want(asErr, nil)
			} else {
				s.want(err, account.ErrCredentials)
				s.want(asErr, account.ErrNoAccess)
			}
		}
		if _, err := s.svc.SignIn(ctx, on(s.a, 9), account.Browser, "all@example.com", right, home); kind(err) != fault.Invalid {
			s.Errorf("no such channel: %v", err)
		}
		if _, err := s.svc.SignInAs(ctx, s.b, account.Browser, account.Proof{CustomerID: everywhere}, home); kind(err) != fault.NotFound {
			s.Errorf("another store's customer: %v", err)
		}

		// What is taken away ends at once.
		g := s.signIn(on(s.a, 2), account.Browser, "two@example.com")
		s.change(customer.Update{ID: second, ChannelIDs: opt.Some([]int64{1})})
		if s.open(g.Token) {
			s.Error("open without access to the channel")
		}
		s.change(customer.Update{ID: second, ChannelIDs: opt.Some([]int64{1, 2})})
		if !s.open(g.Token) {
			s.Error("access came back and the session did not")
		}
		g = s.signIn(on(s.a, 2), account.Browser, "all@example.com")
		s.write(s.a.StoreID, func(tx *sqldb.Tx) error { return s.allowGlobal(tx, 2, false) })
		if s.open(g.Token) {
			s.Error("open where customers of all channels may not sign in any more")
		}
		s.write(s.a.StoreID, func(tx *sqldb.Tx) error {
			return errors.Join(s.allowGlobal(tx, 2, true), tx.Exec(sqldb.Dynamic(`UPDATE channels SET status = 'terminated' WHERE store_id = $1 AND id = 2`)))
		})
		if s.open(g.Token) {
			s.Error("open on a channel that is gone")
		}
		_, err := s.svc.SignInAs(ctx, on(s.a, 2), account.Browser, account.Proof{CustomerID: everywhere}, home)
		s.want(err, account.ErrNoAccess)
		g = s.signIn(s.a, account.Browser, "all@example.com")
		s.want(s.customers.DeleteOne(ctx, s.a.StoreID, everywhere), nil)
		if s.open(g.Token) {
			s.Error("open without a customer")
		}
		for _, table := range []string{"account_sessions", "known_addresses"} {
			s.write(s.a.StoreID, func(tx *sqldb.Tx) error {
				return tx.Query(sqldb.Dynamic(`SELECT 1 FROM `+table+` WHERE store_id = $1 AND customer_id = $2`), func(*sqldb.Row) error { s.Errorf("%s keeps a customer who is gone", table); return nil }, everywhere)
			})
		}
	})
}

func TestPasswords(t *testing.T) {
	each(t, func(s *shop) {
		ctx := s.Context()
		id := s.person("ines@example.com")
		here, there, token := s.signIn(s.a, account.Browser, "ines@example.com"), s.signIn(s.a, account.Browser, "ines@example.com"), s.signIn(s.a, account.AccessToken, "ines@example.com")
		s.want(s.svc.ChangePassword(ctx, s.a, here.Session, "wrong", "another horse 8", home), account.ErrWrongPassword)
		if err := s.svc.ChangePassword(ctx, s.a, here.Session, right, "weak", home); !slices.Equal(codes(err), []fault.Code{fault.WeakPassword, fault.WeakPassword}) {
			s.Errorf("%v", err)
		}
		if !s.open(there.Token) || len(s.mails.Take()) != 0 {
			s.Error("something happened")
		}
		s.want(s.svc.ChangePassword(ctx, s.a, here.Session, right, "another horse 8", home), nil)
		if !s.open(here.Token) || s.open(there.Token) || s.open(token.Token) {
			s.Error("all but the session that asks end")
		}
		if m := s.mails.Take(); len(m) != 1 || m[0].Kind != account.MailPasswordChanged || m[0].To != "ines@example.com" || m[0].ToName != "Ines Duarte" {
			s.Errorf("%+v", m)
		}
		_, err := s.svc.SignIn(ctx, s.a, account.Browser, "ines@example.com", right, home)
		s.want(err, account.ErrCredentials)
		// By API too.
		s.change(customer.Update{ID: id, NewPassword: opt.Some(right)})
		if s.open(here.Token) {
			s.Error("another password and open")
		}
		// Forced resets: the right password tells, a wrong one does not.
		s.change(customer.Update{ID: id, ForcePasswordReset: opt.Some(true)})
		_, err = s.svc.SignIn(ctx, s.a, account.Browser, "ines@example.com", right, home)
		s.want(err, account.ErrResetRequired)
		_, err = s.svc.SignIn(ctx, s.a, account.Browser, "ines@example.com", "wrong", home)
		s.want(err, account.ErrCredentials)
		// Store rules.
		s.settings(func(f *store.StorefrontSettings) { f.Password.RequireUpperCase, f.Password.RequireSpecial = true, true })
		if err := s.svc.CheckPassword(ctx, s.a.StoreID, right); len(codes(err)) != 1 {
			s.Errorf("%v", err)
		}
		s.want(s.svc.CheckPassword(ctx, s.a.StoreID, "Correct horse 7"), nil)
	})
}

// link returns the parameters of the link in the only email sent since.
func (s *shop) link(want account.MailKind) url.Values {
	s.Helper()
	m := s.mails.Take()
	if len(m) != 1 || m[0].Kind != want {
		s.Fatalf("%+v", m)
	}
	u, err := url.Parse(m[0].Data["link"])
	if err != nil || !strings.HasPrefix(m[0].Data["link"], "https://shop.example.com/") {
		s.Fatalf("%q, %v", m[0].Data["link"], err)
	}
	return u.Query()
}

func TestReset(t *testing.T) {
	each(t, func(s *shop) {
		ctx := s.Context()
		id, other := s.person("ines@example.com"), s.person("other@example.com")
		s.change(customer.Update{ID: id, ForcePasswordReset: opt.Some(true)})
		for _, nobody := range []string{"nobody@example.com", "", "\x01"} {
			s.want(s.svc.RequestReset(ctx, s.a, nobody, "", home), nil)
		}
		s.want(s.svc.RequestReset(ctx, s.b, "ines@example.com", "", home), nil)
		s.want(s.svc.RequestReset(ctx, on(s.a, 3), "ines@example.com", "", home), nil)
		if m := s.mails.Take(); len(m) != 0 {
			s.Errorf("%+v", m)
		}
		for _, away := range []string{"//evil.example.com", "https://evil.example.com/x", "javascript:alert(1)", `/\evil.example.com`, "x", "http://shop.example.com/", "https://shop.example.com.evil/", "https://a@shop.example.com/", "/a b", "/a\nb"} {
			if err := s.svc.RequestReset(ctx, s.a, "ines@example.com", away, home); kind(err) != fault.Invalid {
				s.Errorf("%q: %v", away, err)
			}
		}
		s.want(s.svc.RequestReset(ctx, s.a, "INES@example.com", "/change-password?lang=de", home), nil)
		q := s.link(account.MailPasswordReset)
		token := q.Get("t")
		if q.Get("c") != "1" || q.Get("lang") != "de" || len(token) != 64 {
			s.Fatalf("%v", q)
		}
		session := s.grantAs(id)
		const fresh = "another horse 8"
		for _, bad := range []struct {
			site  store.Site
			id    int64
			token string
		}{{s.b, id, token}, {on(s.a, 2), id, token}, {s.a, other, token}, {s.a, 0, token}, {s.a, id, token[:63] + "g"}, {s.a, id, ""}, {s.a, id, strings.ToUpper(token)}} {
			before := s.passwords.Work()
			s.want(s.svc.Reset(ctx, bad.site, bad.id, bad.token, fresh, home), account.ErrLink)
			if s.passwords.Work() != before {
				s.Error("hashed for a stranger")
			}
		}
		if err := s.svc.Reset(ctx, s.a, id, token, "weak", home); kind(err) != fault.Invalid {
			s.Errorf("%v", err)
		}
		_, err := s.signInWith(s.a, token)
		s.want(err, account.ErrLink) // it is for something else
		s.want(s.svc.Reset(ctx, s.a, id, token, fresh, home), nil)
		s.want(s.svc.Reset(ctx, s.a, id, token, fresh, home), account.ErrLink)
		if s.open(session.Token) {
			s.Error("open after the reset")
		}
		if m := s.mails.Take(); len(m) != 1 || m[0].Kind != account.MailPasswordChanged {
			s.Errorf("%+v", m)
		}
		_, err = s.svc.SignIn(ctx, s.a, account.Browser, "ines@example.com", fresh, home)
		s.want(err, nil)

		// Expiry, and what the change of password or email ends.
		s.want(s.svc.RequestReset(ctx, s.a, "ines@example.com", "", home), nil)
		late := s.link(account.MailPasswordReset).Get("t")
		s.now.Add(86400)
		s.want(s.svc.Reset(ctx, s.a, id, late, right, home), account.ErrLink)
		s.want(s.svc.RequestReset(ctx, s.a, "ines@example.com", "", home), nil)
		stale := s.link(account.MailPasswordReset).Get("t")
		s.change(customer.Update{ID: id, Email: opt.Some("new@example.com")})
		s.want(s.svc.Reset(ctx, s.a, id, stale, right, home), account.ErrLink)
		s.want(s.svc.RequestReset(ctx, s.a, "new@example.com", "", home), nil)
		stale = s.link(account.MailPasswordReset).Get("t")
		s.want(s.customers.DeleteOne(ctx, s.a.StoreID, id), nil)
		s.want(s.svc.Reset(ctx, s.a, id, stale, right, home), account.ErrLink)

		// An email that fails to be queued leaves nothing behind.
		full := errors.New("full")
		s.mails.Fail(full)
		if err := s.svc.RequestReset(ctx, s.a, "other@example.com", "", home); !errors.Is(err, full) {
			s.Errorf("%v", err)
		}
	})
}

// Who was thrown out a moment ago changes nothing any more.
func TestEndedSessionsChangeNothing(t *testing.T) {
	each(t, func(s *shop) {
		ctx := s.Context()
		id := s.person("ines@example.com")
		thief := s.signIn(s.a, account.Browser, "ines@example.com")
		s.want(s.svc.Revoke(ctx, thief.Session, thief.Session.ID), nil)
		s.want(s.svc.ChangePassword(ctx, s.a, thief.Session, right, "another horse 8", home), account.ErrNoSession)
		_, err := s.svc.UpdateDetails(ctx, s.a, thief.Session, account.Details{Email: opt.Some("thief@example.com"), CurrentPassword: opt.Some(right)}, home)
		s.want(err, account.ErrNoSession)
		if m := s.mails.Take(); len(m) != 0 {
			s.Errorf("%+v", m)
		}
		s.signIn(s.a, account.Browser, "ines@example.com")
		// Apps that speak for a customer have no session.
		app := account.Session{StoreID: s.a.StoreID, CustomerID: id, ChannelID: 1, Kind: account.AccessToken}
		s.want(s.svc.ChangePassword(ctx, s.a, app, right, "another horse 8", home), account.ErrOnBehalf)
	})
}

func (s *shop) grantAs(id int64) account.Grant {
	s.Helper()
	g, err := s.svc.SignInAs(s.Context(), s.a, account.Browser, account.Proof{CustomerID: id}, home)
	if err != nil {
		s.Fatal(err)
	}
	return g
}

func (s *shop) signInWith(site store.Site, token string) (account.Grant, error) {
	g, _, err := s.svc.RedeemSignInLink(s.Context(), site, token, home)
	return g, err
}

// Of many who redeem a token at once one wins.
func TestTokensAreUsedOnce(t *testing.T) {
	each(t, func(s *shop) {
		ctx := s.Context()
		id := s.person("ines@example.com")
		race := func(what string, try func() error) {
			var won atomic.Int64
			var wg sync.WaitGroup
			for range 8 {
				wg.Go(func() {
					switch err := try(); {
					case err == nil:
						won.Add(1)
					case !errors.Is(err, account.ErrLink):
						s.Errorf("%s: %v", what, err)
					}
				})
			}
			wg.Wait()
			if won.Load() != 1 {
				s.Errorf("%s: %d won", what, won.Load())
			}
			s.mails.Take()
		}
		if _, err := s.svc.RequestSignInLink(ctx, s.a, "ines@example.com", "", home); err != nil {
			s.Fatal(err)
		}
		token := s.link(account.MailSignInLink).Get("token")
		race("sign-in link", func() error { _, err := s.signInWith(s.a, token); return err })
		s.want(s.svc.RequestReset(ctx, s.a, "ines@example.com", "", home), nil)
		reset := s.link(account.MailPasswordReset).Get("t")
		race("reset", func() error { return s.svc.Reset(ctx, s.a, id, reset, "another horse 8", home) })
		s.settings(func(f *store.StorefrontSettings) { f.ConfirmSubscription = true })
		if _, err := s.svc.Subscribe(ctx, s.a, "ines@example.com", "", "", home); err != nil {
			s.Fatal(err)
		}
		confirm := s.link(account.MailConfirmSubscription).Get("token")
		race("subscription", func() error { return s.svc.ConfirmSubscription(ctx, s.a, confirm, home) })
	})
}

func TestSignInLink(t *testing.T) {
	each(t, func(s *shop) {
		ctx := s.Context()
		id := s.person("ines@example.com")
		_, err := s.svc.RequestSignInLink(ctx, s.a, "nobody@example.com", "", home)
		s.want(err, account.ErrNobody)
		for _, away := range []string{"https://evil.example.com", "//evil.example.com", "https://shop.example.com//evil.example.com", "https://shop.example.com@evil.example.com", "checkout"} {
			if _, err := s.svc.RequestSignInLink(ctx, s.a, "ines@example.com", away, home); kind(err) != fault.Invalid {
				s.Errorf("%s: %v", away, err)
			}
		}
		sent, err := s.svc.RequestSignInLink(ctx, s.a, "ines@example.com", "https://shop.example.com/checkout?a=b#c", home)
		if sent != "sign_in" || err != nil {
			s.Fatal(sent, err)
		}
		q := s.link(account.MailSignInLink)
		token := q.Get("token")
		if q.Get("redirectUrl") != "/checkout?a=b#c" || q.Get("action") != "check_passwordless_login" {
			s.Errorf("%v", q)
		}
		for _, site := range []store.Site{s.b, on(s.a, 2)} {
			_, err := s.signInWith(site, token)
			s.want(err, account.ErrLink)
		}
		g, to, err := s.svc.RedeemSignInLink(ctx, s.a, token, home)
		if err != nil || to != "/checkout?a=b#c" || g.Session.CustomerID != id || !s.open(g.Token) {
			s.Errorf("%+v, %q, %v", g, to, err)
		}
		_, err = s.signInWith(s.a, token)
		s.want(err, account.ErrLink)
		ask := func() string {
			s.Helper()
			s.now.Add(3600)
			if _, err := s.svc.RequestSignInLink(ctx, s.a, "ines@example.com", "", home); err != nil {
				s.Fatal(err)
			}
			return s.link(account.MailSignInLink).Get("token")
		}
		late := ask()
		s.now.Add(900)
		_, err = s.signInWith(s.a, late)
		s.want(err, account.ErrLink)
		lost := ask()
		s.change(customer.Update{ID: id, ChannelIDs: opt.Some([]int64{2})})
		_, err = s.signInWith(s.a, lost)
		s.want(err, account.ErrLink)
		s.change(customer.Update{ID: id, ChannelIDs: opt.Null[[]int64]()})
		forced := ask()
		s.change(customer.Update{ID: id, ForcePasswordReset: opt.Some(true)})
		_, err = s.signInWith(s.a, forced)
		s.want(err, account.ErrResetRequired)
		s.now.Add(3600)
		sent, err = s.svc.RequestSignInLink(ctx, s.a, "ines@example.com", "", home)
		if sent != "password_reset" || err != nil {
			s.Error(sent, err)
		}
		if q := s.link(account.MailPasswordReset); q.Get("action") != "change_password" {
			s.Errorf("%v", q)
		}
		// Asking has a bound, for nobody as for somebody.
		for _, email := range []string{"ines@example.com", "nobody@example.com"} {
			s.now.Add(3600)
			for i := range 6 {
				_, err := s.svc.RequestSignInLink(ctx, s.a, email, "", from("192.0.2.9"))
				if (kind(err) == fault.TooMany) != (i == 5) {
					s.Errorf("%s: request %d: %v", email, i, err)
				}
			}
		}
	})
}

// A link that is asked for while the address changes does not end up with who
// has the old one.
func TestLinksGoToTheAddressOfTheMoment(t *testing.T) {
	each(t, func(s *shop) {
		ctx := s.Context()
		id := s.person("ines@example.com")
		for i := range 12 {
			before, after := "ines@example.com", "new@example.com"
			if i%2 == 1 {
				before, after = after, before
			}
			s.now.Add(3600) // as many as one likes
			var wg sync.WaitGroup
			wg.Go(func() { _ = s.svc.RequestReset(ctx, s.a, before, "", home) })
			wg.Go(func() { _, _ = s.svc.RequestSignInLink(ctx, s.a, before, "", home) })
			s.change(customer.Update{ID: id, Email: opt.Some(after)})
			wg.Wait()
			for _, m := range s.mails.Take() {
				u, err := url.Parse(m.Data["link"])
				if err != nil {
					s.Fatal(err)
				}
				switch m.Kind {
				case account.MailPasswordReset:
					s.want(s.svc.Reset(ctx, s.a, id, u.Query().Get("t"), right, home), account.ErrLink)
				case account.MailSignInLink:
					_, err := s.signInWith(s.a, u.Query().Get("token"))
					s.want(err, account.ErrLink)
				}
			}
		}
	})
}

// An app acts for a customer where the channel is open and the customer is not
// confined to others, whether or not they could sign in there themselves.
func TestBarred(t *testing.T) {
	each(t, func(s *shop) {
		everywhere, second := s.person("all@example.com"), s.person("two@example.com", 2)
		barred := func(site store.Site, id int64, want bool) {
			s.Helper()
			if got, err := s.svc.Barred(s.Context(), site, id); err != nil || got != want {
				s.Errorf("customer %d on channel %d of store %d: %v, %v", id, site.ChannelID, site.StoreID, got, err)
			}
		}
		for channel := int64(1); channel <= 3; channel++ { // channel 3 takes its own alone
			barred(on(s.a, channel), everywhere, false)
			barred(on(s.a, channel), second, channel != 2)
			barred(on(s.a, channel), 99, false) // nobody, whom nothing confines
		}
		s.write(s.a.StoreID, func(tx *sqldb.Tx) error {
			return tx.Exec(sqldb.Dynamic(`UPDATE channels SET status = 'terminated' WHERE store_id = $1 AND id = 2`))
		})
		barred(on(s.a, 2), everywhere, true)
		barred(on(s.a, 2), second, true)
	})
}
