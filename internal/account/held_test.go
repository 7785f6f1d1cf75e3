package account_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"clientele/internal/account"
	"clientele/internal/fault"
	"clientele/internal/history/historytest"
	"clientele/internal/limit"
	"clientele/internal/store"
)

// told has the service write its log and its metrics where a test reads them.
func (s *shop) told() (log *bytes.Buffer, counts func() map[string]float64) {
	log, reg := &bytes.Buffer{}, prometheus.NewRegistry()
	s.svc.Tell(slog.New(slog.NewTextHandler(log, nil)), account.NewMetrics(reg))
	return log, func() map[string]float64 {
		families, err := reg.Gather()
		if err != nil {
			s.Fatal(err)
		}
		out := map[string]float64{}
		for _, f := range families {
			for _, m := range f.GetMetric() {
				name := strings.TrimSuffix(strings.TrimPrefix(f.GetName(), "clientele_"), "_total")
				for _, l := range m.GetLabel() {
					name += " " + l.GetValue()
				}
				out[name] = m.GetCounter().GetValue()
			}
		}
		return out
	}
}

func (s *shop) counted(counts func() map[string]float64, want map[string]float64) {
	s.Helper()
	if got := counts(); !maps.Equal(got, want) {
		s.Errorf("counted %v\nwant    %v", got, want)
	}
}

func (s *shop) held(of account.Whose) []account.Held {
	s.Helper()
	out, err := s.svc.Held(s.Context(), s.a.StoreID, of)
	if err != nil {
		s.Fatal(err)
	}
	return out
}

// What fails is told by the customer's id or by a reference, and counted.
func TestFailedSignInsAreTold(t *testing.T) {
	each(t, func(s *shop) {
		id := s.person("ines@example.com")
		log, counts := s.told()
		s.want(s.try("ines@example.com", "wrong", "198.51.100.1"), account.ErrCredentials)
		s.want(s.try("nobody@example.com", "wrong", "198.51.100.1"), account.ErrCredentials)
		s.want(s.try("nobody@example.com", "wrong", "198.51.100.2"), account.ErrCredentials)
		s.want(s.try("ines@example.com", right, "192.0.2.1"), nil)
		if _, err := s.svc.VerifyPassword(s.Context(), s.a.StoreID, id, "wrong", limit.Peer{Address: "192.0.2.1"}); err != nil {
			s.Error(err)
		}
		if got, err := s.svc.Validate(s.Context(), s.a.StoreID, account.Credentials{Email: "ines@example.com", Password: right, Peer: limit.Peer{Address: "192.0.2.1"}}); got != id || err != nil {
			s.Error(got, err)
		}
		lines := strings.Split(strings.TrimSpace(log.String()), "\n")
		if len(lines) != 4 {
			s.Fatalf("the log has\n%s", log)
		}
		customer := fmt.Sprintf("store=%s customer=%d address_reference=", s.a.StoreHash, id)
		for i, want := range []string{customer, "store=" + s.a.StoreHash + " email_reference=", "email_reference=", customer} {
			if !strings.Contains(lines[i], "sign-in failed: the password is wrong") || !strings.Contains(lines[i], want) {
				s.Errorf("line %d is %s, without %s", i, lines[i], want)
			}
		}
		// The same is named alike, others are not, and another store's key names it
		// otherwise.
		field := func(line, name string) string {
			_, rest, _ := strings.Cut(line, name+"=")
			return strings.Fields(rest + " -")[0]
		}
		if a, b := field(lines[1], "email_reference"), field(lines[2], "email_reference"); a != b || len(a) != 16 {
			s.Errorf("an email is named %s and %s", a, b)
		}
		if a, b, c := field(lines[0], "address_reference"), field(lines[1], "address_reference"), field(lines[2], "address_reference"); a != b || a == c {
			s.Errorf("addresses are named %s, %s and %s", a, b, c)
		}
		before := log.Len()
		_, err := s.svc.SignIn(s.Context(), s.b, account.Browser, "nobody@example.com", "wrong", from("198.51.100.1"))
		s.want(err, account.ErrCredentials)
		if other := log.String()[before:]; field(other, "email_reference") == field(lines[1], "email_reference") || field(other, "address_reference") == field(lines[1], "address_reference") {
			s.Errorf("two stores name the same alike: %s", other)
		}
		s.counted(counts, map[string]float64{"sign_ins password wrong_password": 5, "sign_ins password ok": 2})
		// What stands between a right password and a session.
		s.settings(func(f *store.StorefrontSettings) { f.ConfirmEmail = true })
		if _, err := s.svc.Register(s.Context(), s.a, newcomer("new@example.com"), home); err != nil {
			s.Fatal(err)
		}
		log.Reset()
		s.want(s.try("new@example.com", newcomer("").Password, "192.0.2.1"), account.ErrUnconfirmed)
		if !strings.Contains(log.String(), "sign-in failed: the email address has to be confirmed") {
			s.Errorf("the log has %s", log)
		}
		if n := counts()["sign_ins password unconfirmed"]; n != 1 {
			s.Errorf("%v sign-ins were unconfirmed", n)
		}
		s.private(log)
	})
}

// private makes sure that a log names nobody.
func (s *shop) private(log *bytes.Buffer) {
	s.Helper()
	for _, secret := range []string{"@", "example.com", "198.51", "192.0.2", "Ines", "Duarte", right} {
		if strings.Contains(log.String(), secret) {
			s.Errorf("the log holds %q:\n%s", secret, log)
		}
	}
}

func TestHeldBackAndUnlocked(t *testing.T) {
	each(t, func(s *shop) {
		ctx := s.Context()
		id, other := s.person("ines@example.com"), s.person("omar@example.com")
		s.want(s.try("ines@example.com", right, "192.0.2.1"), nil)
		log, counts := s.told()
		for i := range 9 {
			s.want(s.try("ines@example.com", "wrong", fmt.Sprint("198.51.100.", i)), account.ErrCredentials)
		}
		if got := s.held(account.Whose{}); len(got) != 0 || strings.Contains(log.String(), "held back") {
			s.Fatalf("after nine guesses %+v is held back\n%s", got, log)
		}
		s.want(s.try("ines@example.com", "wrong", "198.51.100.9"), account.ErrCredentials)
		if wait(s.try("ines@example.com", right, "198.51.100.10")) == 0 {
			s.Fatal("not locked out")
		}
		if n := strings.Count(log.String(), "level=WARN msg=\"sign-ins are held back: too many wrong passwords for one account\""); n != 1 || !strings.Contains(log.String(), fmt.Sprintf("for=15m0s customer=%d from_known_address=false", id)) {
			s.Errorf("the log has\n%s", log)
		}
		s.counted(counts, map[string]float64{"sign_ins password wrong_password": 10, "sign_ins password held_back": 1, "sign_in_lockouts account": 1})
		// The owner's own network, an email of nobody, a network, emails and accounts.
		for range 10 {
			s.want(s.try("ines@example.com", "wrong", "192.0.2.1"), account.ErrCredentials)
			s.want(s.try("nobody@example.com", "wrong", "203.0.113.200"), account.ErrCredentials)
		}
		s.made("guess", "2001:db8::/64", 999)
		s.want(s.try("omar@example.com", "wrong", "2001:db8::7"), account.ErrCredentials)
		for range 5 {
			s.want(s.svc.RequestReset(ctx, s.a, "omar@example.com", "", from("203.0.113.1")), nil)
		}
		s.made("register", "203.0.113.1", 99)
		if _, err := s.svc.Register(ctx, s.a, newcomer("new@example.com"), from("203.0.113.1")); err != nil {
			s.Fatal(err)
		}
		s.counted(counts, map[string]float64{
			"sign_ins password wrong_password": 31, "sign_ins password held_back": 1, "sign_in_lockouts account": 3, "sign_in_lockouts address": 1,
		})
		s.private(log)
		rows := func(of account.Whose) []string {
			s.Helper()
			var out []string
			for _, h := range s.held(of) {
				if h.Until <= s.now.Load() || h.Until > s.now.Load()+3600 || h.Attempts < 5 || len(h.Reference) != 16 {
					s.Errorf("%+v", h)
				}
				out = append(out, fmt.Sprint(h.Action, " ", h.CustomerID, " ", h.Network, " ", h.Known))
			}
			slices.Sort(out)
			return out
		}
		same := func(of account.Whose, want ...string) {
			s.Helper()
			if got := rows(of); !slices.Equal(got, want) {
				s.Errorf("%+v: held back are\n%q, want\n%q", of, got, want)
			}
		}
		ofInes := []string{fmt.Sprintf("guess %d  false", id), fmt.Sprintf("guess %d 192.0.2.1 true", id)}
		same(account.Whose{}, append([]string{"ask for 0  false", "guess 0  false", "guess 0 2001:db8::/64 false"}, append(ofInes, "register 0 203.0.113.1 false")...)...)
		same(account.Whose{CustomerID: id}, ofInes...)
		same(account.Whose{CustomerID: other}, "ask for 0  false")
		same(account.Whose{Address: "2001:db8::99"}, "guess 0 2001:db8::/64 false")
		same(account.Whose{Address: "203.0.113.9"})
		if _, err := s.svc.Held(ctx, s.a.StoreID, account.Whose{CustomerID: 999}); kind(err) != fault.NotFound {
			s.Error(err)
		}
		if got, err := s.svc.Held(ctx, s.b.StoreID, account.Whose{}); len(got) != 0 || err != nil {
			s.Errorf("another store holds back %+v, %v", got, err)
		}
		if _, err := s.svc.Unlock(ctx, s.b.StoreID, account.Whose{}); kind(err) != fault.NotFound {
			s.Error(err)
		}
		// The log's references are those of the list.
		for _, h := range s.held(account.Whose{}) {
			if h.Action == "guess" && h.CustomerID == 0 && !strings.Contains(log.String(), "_reference="+h.Reference) {
				s.Errorf("the log does not name %+v", h)
			}
		}
		// Unlocked in one process, all go on.
		first := s.svc
		s.restart()
		unlock := func(of account.Whose, n int) {
			s.Helper()
			last := historytest.Last(s, s.db, s.a.StoreID)
			if ended, err := s.svc.Unlock(ctx, s.a.StoreID, of); len(ended) != n || err != nil {
				s.Errorf("%+v: ended %+v, %v", of, ended, err)
			}
			lines := historytest.Lines(s, s.db, s.a.StoreID, last)
			want := fmt.Sprintf(`unlocked customer %d: kind ->"`, of.CustomerID)
			if len(lines) != n || !strings.HasPrefix(lines[0], want) || of.Address != "" && !strings.Contains(lines[0], `address ->"2001:db8::/64"`) {
				s.Errorf("%+v: the history says %q", of, lines)
			}
			if _, err := s.svc.Unlock(ctx, s.a.StoreID, of); kind(err) != fault.NotFound {
				s.Errorf("%+v, again: %v", of, err)
			}
		}
		unlock(account.Whose{CustomerID: id}, 2)
		s.svc = first
		s.want(s.try("ines@example.com", right, "198.51.100.10"), nil)
		s.want(s.try("ines@example.com", "wrong", "198.51.100.11"), account.ErrCredentials)
		unlock(account.Whose{Address: "2001:db8::1"}, 1)
		s.want(s.try("omar@example.com", right, "2001:db8::7"), nil)
		s.mails.Take()
		s.want(s.svc.RequestReset(ctx, s.a, "omar@example.com", "", from("203.0.113.1")), nil)
		if len(s.mails.Take()) != 0 {
			s.Error("a sixth email was sent")
		}
		unlock(account.Whose{CustomerID: other}, 1)
		s.want(s.svc.RequestReset(ctx, s.a, "omar@example.com", "", from("203.0.113.1")), nil)
		if len(s.mails.Take()) != 1 {
			s.Error("emails are held back still")
		}
		for _, h := range s.held(account.Whose{}) {
			if h.Action == "guess" {
				unlock(account.Whose{Reference: h.Reference}, 1)
			}
		}
		s.want(s.try("nobody@example.com", "wrong", "203.0.113.200"), account.ErrCredentials)
		unlock(account.Whose{}, 1)
		// Who is not held back any more has no address noted.
		s.now.Add(3600)
		s.want(s.try("omar@example.com", "wrong", "2001:db8::7"), account.ErrCredentials)
		for _, q := range []string{`SELECT network FROM attempt_windows WHERE store_id = $1 AND network <> ''`, `SELECT network FROM sign_in_failures WHERE store_id = $1 AND network <> ''`} {
			if got := s.texts(q); len(got) != 0 {
				s.Errorf("%s: %q", q, got)
			}
		}
	})
}

// Every kind of link that is refused is told and counted.
func TestRefusedLinksAreTold(t *testing.T) {
	each(t, func(s *shop) {
		ctx := s.Context()
		id := s.person("ines@example.com")
		log, counts := s.told()
		token := strings.Repeat("ab", 32)
		_, _, err := s.svc.RedeemSignInLink(ctx, s.a, token, home)
		s.want(err, account.ErrLink)
		s.want(s.svc.Reset(ctx, s.a, id, token, "another horse 8", home), account.ErrLink)
		s.want(s.svc.ConfirmAccount(ctx, s.a, token, home), account.ErrLink)
		s.want(s.svc.ConfirmSubscription(ctx, s.a, token, home), account.ErrLink)
		s.want(s.svc.Unsubscribe(ctx, s.a.StoreID, "1.x", home), account.ErrLink)
		s.svc.LoginToken(ctx, s.a, home, account.Vouched{Refused: "too old"}, "r1")
		want := map[string]float64{
			"links_refused sign_in": 1, "links_refused reset": 1, "links_refused confirm": 1, "links_refused subscribe": 1, "links_refused unsubscribe": 1,
			"sign_ins link refused": 1, "sign_ins login_token refused": 1,
		}
		s.counted(counts, want)
		for _, purpose := range []string{"sign_in", "reset", "confirm", "subscribe", "unsubscribe"} {
			if strings.Count(log.String(), "purpose="+purpose+" ") != 1 {
				s.Errorf("%s is not told once:\n%s", purpose, log)
			}
		}
		if !strings.Contains(log.String(), `msg="login token refused" store=`+s.a.StoreHash+` reason="too old" channel=1 request_id=r1`) {
			s.Errorf("the log has\n%s", log)
		}
		// A good one is neither.
		if _, err := s.svc.RequestSignInLink(ctx, s.a, "ines@example.com", "", home); err != nil {
			s.Fatal(err)
		}
		good := s.link(account.MailSignInLink).Get("token")
		if _, _, err := s.svc.RedeemSignInLink(ctx, s.a, good, home); err != nil {
			s.Fatal(err)
		}
		s.svc.LoginToken(ctx, s.a, home, account.Vouched{}, "r2")
		want["sign_ins link ok"], want["sign_ins login_token ok"] = 1, 1
		s.counted(counts, want)
		// Whoever tries thousands fills no disk, and is counted.
		log.Reset()
		for range 150 {
			s.want(s.svc.ConfirmAccount(ctx, s.a, token, home), account.ErrLink)
		}
		if n := strings.Count(log.String(), "\n"); n > 100 || counts()["links_refused confirm"] != 151 {
			s.Errorf("%d lines, counted %v", n, counts()["links_refused confirm"])
		}
		s.now.Add(60)
		before := log.Len()
		s.want(s.svc.ConfirmAccount(ctx, s.a, good, home), account.ErrLink)
		if !strings.Contains(log.String()[before:], "purpose=confirm") {
			s.Error("after a minute nothing is told")
		}
		s.private(log)
	})
}
