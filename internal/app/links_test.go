package app_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"clientele/internal/app"
	"clientele/internal/mail"
	"clientele/internal/sqldb"
	"clientele/internal/staff"
	"clientele/internal/store"
	"clientele/internal/system"
	"clientele/internal/webhook"
)

const linksStorefront = `
    settings: {storefront: {confirm_email: true, confirm_subscription: true}}
    api_accounts:
      - {name: A, client_id: %[1]s, client_secret: secret-%[1]s-and-some-more-text-0123456789, access_token: token-%[1]s-and-some-more-text-0123456789, scopes: [store_v2_customers]}
    customers: [%[2]s]
`

// lonely is a single store without an address of its own, mall are several.
var (
	lonelySeed = "stores:\n  - hash: one\n" + storefrontSeed("one")
	mallSeed   = "stores:\n  - hash: one\n    channels: [{id: 1, name: One, url: \"https://one.shop\"}]\n" + storefrontSeed("one") +
		"  - hash: two\n    channels: [{id: 1, name: Two, url: \"https://two.shop\"}]\n" + storefrontSeed("two") +
		"  - hash: three\n" + storefrontSeed("three")
)

func storefrontSeed(hash string) string {
	var people []string
	for i := range 60 {
		people = append(people, fmt.Sprintf("{email: c%d@example.com, first_name: C, last_name: D}", i))
	}
	return fmt.Sprintf(linksStorefront, hash, strings.Join(people, ", "))
}

// letters collects what was written to people.
type letters struct {
	t    *testing.T
	s    *app.Server
	mail *mail.Service
	seen map[int64]int64 // the last id by store
}

func newLetters(t *testing.T, s *app.Server) *letters {
	return &letters{t: t, s: s, seen: map[int64]int64{}, mail: mail.NewService(s.DB, system.Real(), mail.Options{Keep: true, LinkTo: s.Hosts.LinkTo})}
}

// letter is one of them, of a store.
type letter struct {
	store string
	mail.Stored
}

// next returns what was written since the last call, oldest first.
func (l *letters) next() (out []letter) {
	l.t.Helper()
	stores, err := l.s.Stores.List(l.t.Context())
	if err != nil {
		l.t.Fatal(err)
	}
	for _, st := range stores {
		found, err := l.mail.Messages(l.t.Context(), st.ID, mail.Filter{After: l.seen[st.ID], Limit: 100})
		if err != nil {
			l.t.Fatal(err)
		}
		for i := range found {
			l.seen[st.ID] = max(l.seen[st.ID], found[i].ID)
			out = append(out, letter{st.Hash, found[i]})
		}
	}
	slices.Reverse(out)
	return out
}

// stranger sends requests to a host, by an address, with headers.
type stranger struct {
	t       *testing.T
	s       *app.Server
	target  string // before the path: an absolute form
	host    string
	header  string // whole lines
	cookies string
}

func (v *stranger) post(path, kind, body string) (*http.Response, string) {
	v.t.Helper()
	conn, err := net.Dial("tcp", v.s.Address())
	if err != nil {
		v.t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		v.t.Fatal(err)
	}
	fmt.Fprintf(conn, "POST %s%s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n%sCookie: clientele_form=00112233445566778899aabbccddeeff; %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s",
		v.target, path, v.host, v.header, v.cookies, kind, len(body), body)
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		v.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return res, string(text)
}

func (v *stranger) json(path string, body any) {
	v.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		v.t.Fatal(err)
	}
	v.post(path, "application/json", string(text))
}

func (v *stranger) form(path string, pairs ...string) (*http.Response, string) {
	v.t.Helper()
	values := url.Values{"authenticity_token": {"00112233445566778899aabbccddeeff"}}
	for i := 0; i < len(pairs); i += 2 {
		values.Set(pairs[i], pairs[i+1])
	}
	return v.post(path, "application/x-www-form-urlencoded", values.Encode())
}

// gather returns what was written since, and the parameters of the first link
// of a kind that has some.
func (l *letters) gather(all *[]letter, kind mail.Kind) url.Values {
	l.t.Helper()
	var found url.Values
	for _, m := range l.next() {
		*all = append(*all, m)
		for _, link := range m.Links() {
			if u, err := url.Parse(link); err == nil && u.RawQuery != "" && m.Kind == kind && found == nil {
				found = u.Query()
			}
		}
	}
	return found
}

// asks has the emails written that anybody can have written to an account.
func (v *stranger) asks(l *letters, email string) (all []letter, reset url.Values) {
	v.t.Helper()
	v.json("/api/storefront/subscriptions", map[string]any{"email": "news-" + email, "acceptsMarketingNewsletter": true})
	v.form("/subscribe.php", "nl_email", "letter-"+email, "email", "letter-"+email)
	v.json("/login.php?action=passwordless_login", map[string]any{"email": email, "redirect_url": "https://evil.example/x"})
	v.form("/login.php?action=passwordless_login", "email", email, "redirect_url", "//evil.example/x")
	v.form("/login.php?action=send_password_email", "email", email)
	reset = l.gather(&all, mail.PasswordReset)
	return all, reset
}

// everything does whatever has an email written, as somebody whose name is not
// taken, and returns all that was.
func (v *stranger) everything(l *letters, name string) (all []letter) {
	v.t.Helper()
	email := name + "@example.com"
	const password, other = "Correct horse 1", "Battery staple 2"
	v.json("/api/storefront/customers", map[string]any{"firstName": "J", "lastName": "D", "email": email, "password": password, "acceptsMarketingEmails": true})
	confirm := l.gather(&all, mail.ConfirmAccount)
	v.form("/login.php?action=confirm_account", "token", confirm.Get("token"))
	more, reset := v.asks(l, email)
	all = append(all, more...)
	v.form("/login.php?action=save_new_password", "c", reset.Get("c"), "t", reset.Get("t"), "password", other, "confirm_password", other)
	res, _ := v.form("/login.php?action=check_login", "login_email", email, "login_pass", other)
	for _, c := range res.Cookies() {
		if c.Name == "SHOP_SESSION_TOKEN" {
			v.cookies = c.Name + "=" + c.Value
		}
	}
	v.form("/account.php?action=account_details", "first_name", "J", "last_name", "D", "email", "new-"+email, "current_password", other)
	v.cookies = ""
	l.gather(&all, "")
	return all
}

// What leads to a store in an email is the store's own, whatever a request
// says that its host was.
func TestLinksStayOnTheStoresSite(t *testing.T) {
	const public = "https://crm.example.org"
	// What a request can claim.
	names := []string{
		"127.0.0.1:9", "127.8.7.6", "[::1]:9", "localhost:9", "LocalHost.", "x.localhost", "store-one.localhost:9", "store-three.localhost:9",
		"two.shop", "two.shop:9", "one.shop:9", "one.shop.", "ONE.shop", "crm.example.org:9", "store-one.shops.example:9", "store-three.shops.example:9", "store-three-1.shops.example.",
		"evil.example", "evil.example:9", "store-one.evil.example", "0.0.0.0:9", "[::ffff:127.0.0.1]:9", "2130706433:9",
	}
	loopback := regexp.MustCompile(`^https?://(127\.[0-9.]+|\[::1\]|\[::ffff:127\.0\.0\.1\]|([a-z0-9-]+\.)*localhost\.?)(:[0-9]+)?$`)
	for _, mode := range []string{"production", "development"} {
		for setup, own := range map[string]map[string][]string{
			"lonely": {"one": {public, "https://store-one.shops.example"}},
			"mall":   {"one": {"https://one.shop"}, "two": {"https://two.shop"}, "three": {"https://store-three.shops.example", "https://store-three-1.shops.example"}},
		} {
			t.Run(mode+" "+setup, func(t *testing.T) {
				t.Parallel()
				s, _, _ := start(t, func(c *app.Config) {
					c.Mode, c.PublicURL = mode, public
					c.Seed = write(t, map[string]string{"lonely": lonelySeed, "mall": mallSeed}[setup])
					c.StorefrontDomains = []string{"shops.example"}
					c.TrustedProxies = []string{"127.0.0.1"}
				})
				l := newLetters(t, s)
				at := "one.shop"
				if setup == "lonely" {
					at = "crm.example.org"
				}
				kinds := map[mail.Kind]bool{}
				n := 0
				try := func(what string, v stranger, all bool) {
					t.Helper()
					n++
					v.t, v.s = t, s
					if !strings.Contains(v.header, "X-Forwarded-For") {
						v.header += fmt.Sprintf("X-Forwarded-For: 198.51.100.%d\r\n", n)
					}
					var found []letter
					if all {
						found = v.everything(l, fmt.Sprint("n", n))
					} else {
						found, _ = v.asks(l, fmt.Sprintf("c%d@example.com", n))
					}
					for _, m := range found {
						kinds[m.Kind] = true
						for _, link := range m.Links() {
							u, err := url.Parse(link)
							if err != nil {
								t.Fatal(err)
							}
							origin := u.Scheme + "://" + u.Host
							is := slices.Contains(own[m.store], origin)
							if mode == "development" { // where a store is where it is asked, by its own names
								is = is || loopback.MatchString(strings.ToLower(origin)) || strings.HasPrefix(u.Hostname(), "store-"+m.store+".shops.") || strings.HasPrefix(u.Hostname(), "store-"+m.store+"-1.shops.")
							}
							if !is {
								t.Errorf("%s: an email %s of the store %s leads to %s", what, m.Kind, m.store, link)
							}
							if strings.Contains(link, "evil.example") {
								t.Errorf("%s: an email %s carries %s", what, m.Kind, link)
							}
						}
					}
				}
				try("its own host", stranger{host: at}, true)
				for _, name := range names {
					try("Host "+name, stranger{host: name}, true)
					try("X-Forwarded-Host "+name, stranger{host: at, header: "X-Forwarded-Host: " + name + "\r\nX-Forwarded-Proto: http\r\n"}, false)
				}
				for _, name := range []string{"127.0.0.1:9", "evil.example", "two.shop", "store-three.localhost:9"} {
					try("absolute form of "+name, stranger{target: "http://" + name, host: at}, false)
					try("absolute form, and Host "+name, stranger{target: "http://" + at, host: name}, false)
				}
				// Merchants hear of webhooks.
				stores, err := s.Stores.List(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				for _, st := range stores {
					if err := s.DB.Write(t.Context(), st.ID, func(tx *sqldb.Tx) error {
						for _, kind := range []webhook.NoticeKind{webhook.HookDisabled, webhook.DomainBlocked} {
							if err := s.Notify(tx, webhook.Notice{Kind: kind, To: []string{"m@example.com"}, Hook: webhook.Hook{Destination: "https://app.example/hook", Scope: "store/*"}, Domain: "app.example"}); err != nil {
								return err
							}
						}
						return nil
					}); err != nil {
						t.Fatal(err)
					}
				}
				// Whoever is invited to the control panel is led there.
				for _, st := range stores {
					if _, _, err := s.Staff.Invite(t.Context(), nil, staff.Invite{
						Create: staff.Create{Email: "staff-" + st.Hash + "@example.com", Name: "S", StoreID: st.ID, Role: staff.ReadOnly},
						Link:   func(token string) string { return staff.InvitationLink(public, token) },
					}); err != nil {
						t.Fatal(err)
					}
				}
				// A customer is told who signed in as them.
				for _, st := range stores {
					if err := s.DB.Write(t.Context(), st.ID, func(tx *sqldb.Tx) error {
						return s.Mail.Queue(tx, mail.Message{Kind: mail.Impersonated, Site: store.Site{StoreID: st.ID, ChannelID: 1}, To: "c@example.com", Data: mail.Data{"minutes": "5"}})
					}); err != nil {
						t.Fatal(err)
					}
				}
				for _, m := range l.next() {
					kinds[m.Kind] = true
					for _, link := range m.Links() {
						if m.Kind == mail.StaffInvited && strings.HasPrefix(link, public+staff.InvitationPath) {
							continue
						}
						if !strings.HasPrefix(link, own[m.store][0]) && link != "https://app.example/hook" {
							t.Errorf("an email %s leads to %s", m.Kind, link)
						}
					}
				}
				for _, kind := range mail.Kinds() {
					if !kinds[kind] {
						t.Errorf("no email %s was written", kind)
					}
				}
			})
		}
	}
}

// A header of a proxy that nobody named counts for nothing.
func TestLinksIgnoreStrangersHeaders(t *testing.T) {
	for _, mode := range []string{"production", "development"} {
		s, _, _ := start(t, func(c *app.Config) {
			c.Mode, c.PublicURL, c.Seed = mode, "https://crm.example.org", write(t, mallSeed)
		})
		l := newLetters(t, s)
		for i, name := range []string{"two.shop", "127.0.0.1:9", "evil.example"} {
			v := &stranger{t: t, s: s, host: "one.shop", header: "X-Forwarded-Host: " + name + "\r\nX-Forwarded-Proto: http\r\nForwarded: host=" + name + "\r\n"}
			found := v.everything(l, fmt.Sprint("n", i))
			if len(found) < 5 {
				t.Errorf("%s: only %d emails", mode, len(found))
			}
			for _, m := range found {
				for _, link := range m.Links() {
					if m.store != "one" || !strings.HasPrefix(link, "https://one.shop") {
						t.Errorf("%s, %s: an email %s of %s leads to %s", mode, name, m.Kind, m.store, link)
					}
				}
			}
		}
	}
}
