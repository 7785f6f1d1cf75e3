package sso_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"clientele/internal/account"
	"clientele/internal/auth"
	"clientele/internal/channel"
	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/jwt"
	"clientele/internal/limit"
	"clientele/internal/opt"
	"clientele/internal/password"
	"clientele/internal/password/passwordtest"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/sso"
	"clientele/internal/store"
)

// carried is a shop whose sessions are carried.
type carried struct {
	*shop
	tokens   *auth.StorefrontTokens
	accounts *account.Service
	sync     *sso.Sync
}

func carry(t *testing.T, db *sqldb.DB) *carried {
	c := &carried{shop: open(t, db)}
	c.restart()
	return c
}

// restart is another process on the database.
func (c *carried) restart() {
	stores, passwords := store.NewService(c.db, c.sys), passwordtest.New(c.sys)
	customers := customer.NewService(c.db, c.sys, passwords)
	c.tokens = auth.NewStorefrontTokens(c.db, c.sys)
	c.accounts = account.NewService(account.Config{DB: c.db, System: c.sys, Stores: stores, Customers: customers, Passwords: passwords})
	c.sync = sso.NewSync(sso.NewService(c.db, c.sys, stores, c.accounts), store.NewHosts(c.db, c.sys, "shops.example"), c.tokens)
}

// at is where a channel of a store is asked.
func (c *carried) at(i int, channel int64) sso.Asked {
	site, host := c.sites[i], "store-"+c.sites[i].StoreHash+".localhost:8080"
	if channel != 1 {
		site.ChannelID, host = channel, fmt.Sprintf("store-%s-%d.localhost:8080", site.StoreHash, channel)
	}
	return sso.Asked{Site: site, Scheme: "http", Host: host}
}

func client(address string) account.Client { return account.Client{Peer: limit.Peer{Address: address}} }

// session signs a customer of the first store in.
func (c *carried) session(id int64, kind account.Kind) *account.Session {
	c.t.Helper()
	at := c.at(0, 1)
	if id == 2 {
		at = c.at(0, 2)
	}
	g, err := c.accounts.SignInAs(c.t.Context(), at.Site, kind, account.Proof{CustomerID: id}, client(peer))
	if err != nil {
		c.t.Fatal(err)
	}
	return &g.Session
}

func (c *carried) make(in sso.SyncRequest) string {
	c.t.Helper()
	if in.RedirectTo == "" {
		in.RedirectTo = "/account.php"
	}
	token, _, err := c.sync.Make(c.t.Context(), c.at(0, 1), in)
	if err != nil {
		c.t.Fatal(err)
	}
	return token
}

// take takes a token at the first store, as a browser.
func (c *carried) take(token string) (sso.Synced, error) {
	return c.sync.Take(c.t.Context(), c.sites[0], account.Browser, token, client(peer))
}

func (c *carried) refused(name, token string, want sso.Reason) {
	c.t.Helper()
	if _, err := c.take(token); !errors.Is(err, want) {
		c.t.Errorf("%s: %v, want %v", name, err, want)
	}
}

func TestSyncTokenSaysWhatIsDocumented(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		c := carry(t, db)
		from := c.session(1, account.AccessToken)
		token, address, err := c.sync.Make(t.Context(), c.at(0, 1), sso.SyncRequest{Session: from, RedirectTo: "xyz789", Visit: sso.Visit{
			VisitorID: "e1814f8c-34b7-4d36-866f-f9121a415630", VisitID: "5acfce80-0d45-47b9-adca-d2d894e60444", Address: "192.168.1.14",
		}})
		if err != nil {
			t.Fatal(err)
		}
		if want := "http://store-first.localhost:8080/session-sync?jwt=" + url.QueryEscape(token); address != want {
			t.Errorf("%s, want %s", address, want)
		}
		header, rest, _ := strings.Cut(token, ".")
		claims, _, _ := strings.Cut(rest, ".")
		for text, want := range map[string]string{
			header: `{"typ":"JWT","alg":"ES256","kid":"1"}`,
			claims: fmt.Sprintf(`{"iss":"BC","iat":1800000000,"eat":1800000030,"jti":"JTI","operation":"session_sync","sid":%d,"session_payload":{"cart_id":null,"customer_id":1,`+
				`"visitor_id":"e1814f8c-34b7-4d36-866f-f9121a415630","visit_id":"5acfce80-0d45-47b9-adca-d2d894e60444","cart_locale":null,"payment_wallet_data":null,"session_id":%d},`+
				`"request_ip":"192.168.1.14","redirect_to":"http://store-first.localhost:8080/xyz789"}`, c.sites[0].StoreID, from.ID),
		} {
			said, err := base64.RawURLEncoding.DecodeString(text)
			if err != nil {
				t.Fatal(err)
			}
			var jti struct{ Jti string }
			if err := json.Unmarshal(said, &jti); err != nil {
				t.Fatal(err)
			}
			if got := strings.Replace(string(said), jti.Jti, "JTI", 1); jti.Jti != "" && got != want || jti.Jti == "" && string(said) != want {
				t.Errorf("%s\nwant %s", got, want)
			}
		}
		// It is no storefront token.
		if _, err := c.tokens.Verify(t.Context(), c.sites[0].StoreID, 1, token, c.now.Unix()); !errors.Is(err, auth.TokenUnknownFormat) {
			t.Error(err)
		}
	})
}

func TestSyncCarriesASession(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		c := carry(t, db)
		from := c.session(1, account.AccessToken)
		token := c.make(sso.SyncRequest{Session: from, RedirectTo: "/account.php?a=b#c", Visit: sso.Visit{
			VisitorID: "v", Address: peer,
			Request: &sso.VisitRequest{URL: "https://a.example/", UserAgent: "u", Referer: "https://r.example/", AcceptLanguage: "de"},
			Consent: &sso.VisitConsent{Functional: true},
		}, Wallet: &sso.Wallet{ProviderID: "p"}})
		c.restart()
		got, err := c.take(token)
		if err != nil || got.Grant == nil || got.Grant.Session.CustomerID != 1 || got.RedirectTo != "http://store-first.localhost:8080/account.php?a=b#c" {
			t.Fatalf("%+v, %v", got, err)
		}
		if v := got.Visit; v.VisitorID != "v" || v.Address != peer || *v.Request != (sso.VisitRequest{URL: "https://a.example/", UserAgent: "u", Referer: "https://r.example/", AcceptLanguage: "de"}) || *v.Consent != (sso.VisitConsent{Functional: true}) {
			t.Errorf("%+v", v)
		}
		if s, err := c.accounts.AuthenticateOn(t.Context(), c.sites[0], got.Grant.Token); err != nil || s == nil {
			t.Errorf("the session is none: %v", err)
		}
		// Used stays used, whoever asks.
		c.refused("again", token, sso.Used)
		c.restart()
		c.refused("after a restart", token, sso.Used)
		// A server's session goes on beside the one that it was carried to.
		server := c.make(sso.SyncRequest{Session: from})
		if _, err := c.sync.Take(t.Context(), c.sites[0], account.AccessToken, server, client(peer)); err != nil {
			t.Error(err)
		}
		again := c.make(sso.SyncRequest{Session: from})
		if _, err := c.take(again); err != nil {
			t.Errorf("the first session has ended: %v", err)
		}
		// A guest's token opens nothing, once.
		guest := c.make(sso.SyncRequest{})
		if got, err := c.take(guest); err != nil || got.Grant != nil || got.RedirectTo != "http://store-first.localhost:8080/account.php" || got.Visit != (sso.Visit{}) {
			t.Errorf("%+v, %v", got, err)
		}
		c.refused("a guest's again", guest, sso.Used)
	})
}

func TestSyncTokensThatAreRefused(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		c := carry(t, db)
		ctx := t.Context()
		from := c.session(1, account.AccessToken)
		in := sso.SyncRequest{Session: from}
		good := c.make(in)
		storefront, err := c.tokens.Create(ctx, c.sites[0].StoreID, auth.NewToken{Kind: auth.BrowserToken, ClientID: "x", ChannelID: opt.Some[int64](1)})
		if err != nil {
			t.Fatal(err)
		}
		other, _, err := c.sync.Make(ctx, c.at(1, 1), sso.SyncRequest{RedirectTo: "/"})
		if err != nil {
			t.Fatal(err)
		}
		parts := strings.Split(good, ".")
		claims, err := base64.RawURLEncoding.DecodeString(parts[1])
		if err != nil {
			t.Fatal(err)
		}
		forged := strings.Replace(string(claims), `"customer_id":1`, `"customer_id":2`, 1)
		elsewhere := c.make(sso.SyncRequest{Session: from, Visit: sso.Visit{Address: "203.0.113.8"}})
		for name, x := range map[string]struct {
			token string
			want  sso.Reason
		}{
			"nothing":              {"", sso.NoToken},
			"text":                 {"hello", sso.NoToken},
			"long":                 {strings.Repeat("a", 9000), sso.NoToken},
			"no JSON":              {parts[0] + ".YQ." + parts[2], sso.NoClaims},
			"another customer":     {parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(forged)) + "." + parts[2], sso.SyncSignature},
			"no signature":         {parts[0] + "." + parts[1] + ".", sso.SyncSignature},
			"alg none":             {base64.RawURLEncoding.EncodeToString([]byte(`{"typ":"JWT","alg":"none","kid":"1"}`)) + "." + parts[1] + ".", sso.SyncSignature},
			"by an app's secret":   {jwt.SignHMAC(jwt.HS256, c.app[0].ClientSecret, claims), sso.SyncSignature},
			"a login token":        {c.token(nil), sso.SyncSignature},
			"a storefront token":   {storefront, sso.SyncOperation},
			"of the other store":   {other, sso.SyncStore},
			"for another address":  {elsewhere, sso.WrongAddress},
			"an unknown key":       {base64.RawURLEncoding.EncodeToString([]byte(`{"typ":"JWT","alg":"ES256","kid":"7"}`)) + "." + parts[1] + "." + parts[2], sso.SyncSignature},
			"a store that is text": {jwt.SignHMAC(jwt.HS256, "x", []byte(`{"operation":"session_sync","sid":"2"}`)), sso.SyncSignature},
		} {
			c.restart() // which forgets who sent what
			c.refused(name, x.token, x.want)
		}
		// Login takes none of them.
		c.want("at login", good, sso.UnknownIssuer)
		// A token that was refused at one address is good at its own.
		if _, err := c.sync.Take(ctx, c.sites[0], account.Browser, elsewhere, client("203.0.113.8")); err != nil {
			t.Error(err)
		}
		c.now = c.now.Add(29 * time.Second)
		last := c.make(in)
		if _, err := c.take(good); err != nil {
			t.Errorf("within its time: %v", err)
		}
		c.now = c.now.Add(30 * time.Second)
		c.refused("too late", last, sso.SyncExpired)

		// Whom the store does not let in, the token does not either.
		token := c.make(in)
		c.write(c.sites[0].StoreID, `DELETE FROM account_sessions WHERE store_id = $1 AND id = $2`, from.ID)
		c.refused("the session was ended", token, sso.SyncEnded)
		confined := c.session(2, account.AccessToken)
		token = c.make(sso.SyncRequest{Session: confined})
		c.refused("confined to another channel", token, sso.NoAccess)
		if _, err := c.sync.Take(ctx, c.at(0, 2).Site, account.Browser, token, client(peer)); err != nil {
			t.Errorf("on its own channel: %v", err)
		}
		from = c.session(1, account.Browser)
		token = c.make(sso.SyncRequest{Session: from})
		if _, err := c.tokens.RetireKey(ctx, c.sites[0].StoreID, 1); err != nil {
			t.Fatal(err)
		}
		c.refused("signed with a key that is retired", token, sso.SyncSignature)
		token = c.make(sso.SyncRequest{Session: from})
		c.write(c.sites[0].StoreID, `DELETE FROM account_sessions WHERE store_id = $1 AND customer_id = $2`, int64(1))
		c.write(c.sites[0].StoreID, `DELETE FROM customers WHERE store_id = $1 AND id = $2`, int64(1))
		c.refused("the customer is deleted", token, sso.UnknownPerson)
	})
}

// Sessions end with the password that opened them. A token that was made before
// does not outlive that.
func TestASyncTokenEndsWithThePassword(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		c := carry(t, db)
		from := c.session(1, account.Browser)
		token := c.make(sso.SyncRequest{Session: from})
		customers := customer.NewService(db, c.sys, passwordtest.New(c.sys))
		customers.AccessIn(c.accounts)
		if _, err := customers.UpdateFor(t.Context(), password.Party{StoreID: c.sites[0].StoreID}, []customer.Update{{ID: 1, NewPassword: opt.Some("another horse 8")}}); err != nil {
			t.Fatal(err)
		}
		c.refused("after a change of the password", token, sso.SyncEnded)
	})
}

// Of many requests with one token, to several processes, one signs in.
func TestASyncTokenIsUsedOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		c := carry(t, db)
		from := c.session(1, account.Browser)
		for _, in := range []sso.SyncRequest{{Session: from}, {}} {
			token := c.make(in)
			var wg sync.WaitGroup
			var mu sync.Mutex
			outcomes := map[error]int{}
			for range 4 {
				c.restart()
				process := c.sync
				for range 4 {
					wg.Go(func() {
						_, err := process.Take(t.Context(), c.sites[0], account.Browser, token, client(peer))
						mu.Lock()
						defer mu.Unlock()
						outcomes[err]++
					})
				}
			}
			wg.Wait()
			if outcomes[nil] != 1 || outcomes[sso.Used] != 15 {
				t.Errorf("%v", outcomes)
			}
		}
		// The session of the customer who was there, and one more.
		if all, err := c.accounts.Sessions(t.Context(), c.sites[0].StoreID, 1); err != nil || len(all) != 2 {
			t.Errorf("%d sessions, %v", len(all), err)
		}
	})
}

func TestWhoSendsInvalidSyncTokensWaits(t *testing.T) {
	c := carry(t, dbtest.Open(t, sqldb.SQLite))
	from := c.session(1, account.Browser)
	used := c.make(sso.SyncRequest{Session: from})
	if _, err := c.take(used); err != nil {
		t.Fatal(err)
	}
	// What was genuine once does not count.
	for range 5 {
		c.refused("used", used, sso.Used)
	}
	for range 3 {
		c.refused("invalid", "hello", sso.NoToken)
	}
	good := c.make(sso.SyncRequest{Session: from})
	_, err := c.take(good)
	if f := fault.As(err); f == nil || f.Kind != fault.TooMany || f.RetryAfter != 300 {
		t.Errorf("%v", err)
	}
	// Others do not wait: other addresses, and servers that stand for many.
	if _, err := c.sync.Take(t.Context(), c.sites[0], account.Browser, good, client("203.0.113.8")); err != nil {
		t.Error(err)
	}
	server := account.Client{Peer: limit.Peer{Address: "203.0.113.9", Backend: true}}
	for range 5 {
		if _, err := c.sync.Take(t.Context(), c.sites[0], account.Browser, "hello", server); !errors.Is(err, sso.NoToken) {
			t.Error(err)
		}
	}
	c.now = c.now.Add(5 * time.Minute)
	good = c.make(sso.SyncRequest{Session: c.session(1, account.Browser)})
	if _, err := c.take(good); err != nil {
		t.Error(err)
	}
}

func TestWhereSyncTokensLead(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		c := carry(t, db)
		ctx := t.Context()
		for _, in := range []struct {
			store int
			given channel.Given
		}{
			{0, channel.Given{ID: 1, Name: "One", URL: "https://www.first.example"}},
			{0, channel.Given{ID: 2, Name: "Two", URL: "https://two.first.example"}},
			{1, channel.Given{ID: 1, Name: "One", URL: "https://www.second.example"}},
		} {
			if err := db.Write(ctx, c.sites[in.store].StoreID, func(tx *sqldb.Tx) error { return channel.Put(tx, in.given, 1) }); err != nil {
				t.Fatal(err)
			}
		}
		stores := store.NewService(db, c.sys)
		for _, production := range []bool{false, true} {
			hosts := store.NewHosts(db, c.sys, "shops.example")
			hosts.Production, hosts.Public = production, "https://service.example"
			sync := sso.NewSync(sso.NewService(db, c.sys, stores, c.accounts), hosts, c.tokens)
			for _, x := range []struct {
				host, to string
				want     string // "" is refused
			}{
				{"www.first.example", "/account.php", "https://www.first.example/account.php"},
				{"www.first.example", "", "https://www.first.example/"},
				{"www.first.example", "a b?c=%d#e", "https://www.first.example/a%20b?c=%25d#e"},
				{"www.first.example", "javascript:alert(1)", "https://www.first.example/javascript:alert(1)"},
				{"store-first.shops.example", "/x", "https://store-first.shops.example/x"},
				{"store-first.shops.example", "https://store-first.shops.example/x", "https://store-first.shops.example/x"},
				{"store-first.shops.example", "https://WWW.first.example", "https://WWW.first.example/"},
				{"store-first.shops.example", "https://two.first.example?a=b", "https://two.first.example/?a=b"},
				{"store-first.shops.example", "https://store-first-2.shops.example/", "https://store-first-2.shops.example/"},
				{"store-first.shops.example", "http://two.first.example/", ""},
				{"store-first.shops.example", "https://two.first.example:8443/", ""},
				{"store-first.shops.example", "https://x@two.first.example/", ""},
				{"store-first.shops.example", "https://two.first.example\\@evil.example/", ""},
				{"store-first.shops.example", "https://www.second.example/", ""},
				{"store-first.shops.example", "https://store-second.shops.example/", ""},
				{"store-first.shops.example", "https://evil.example/", ""},
				{"store-first.shops.example", "ftp://store-first.shops.example/", ""},
				{"www.first.example", "ftp://www.first.example/", ""},
				{"store-first.shops.example", "//evil.example/", ""},
				{"store-first.shops.example", "/\\evil.example/", ""},
				{"store-first.shops.example", "/a\nb", ""},
				{"store-first.shops.example", "/" + strings.Repeat("a", 2100), ""},
				// A name that anybody made up.
				{"evil.example", "/x", "https://www.first.example/x"},
			} {
				site, ok, err := hosts.Site(ctx, "https", x.host)
				if err != nil {
					t.Fatal(err)
				}
				if !ok { // nobody's, as there are two stores
					site, _, _ = hosts.Site(ctx, "https", "www.first.example")
				}
				token, address, err := sync.Make(ctx, sso.Asked{Site: site, Scheme: "https", Host: x.host}, sso.SyncRequest{RedirectTo: x.to})
				if x.want == "" {
					if !errors.Is(err, sso.ErrSyncRedirect) {
						t.Errorf("production %t, %s: %q is taken: %v", production, x.host, x.to, err)
					}
					continue
				}
				if err != nil {
					t.Errorf("production %t, %s: %q: %v", production, x.host, x.to, err)
					continue
				}
				got, err := sync.Take(ctx, c.sites[0], account.Browser, token, client(peer))
				u, _ := url.Parse(x.want)
				if err != nil || got.RedirectTo != x.want || !strings.HasPrefix(address, u.Scheme+"://"+u.Host+"/session-sync?jwt=ey") {
					t.Errorf("production %t, %s: %q leads to %s at %.60s, %v", production, x.host, x.to, got.RedirectTo, address, err)
				}
			}
		}
		for in, want := range map[*sso.SyncRequest]error{
			{Visit: sso.Visit{Address: "somewhere"}}:                                             sso.ErrSyncAddress,
			{Visit: sso.Visit{Address: "fe80::1%eth0"}}:                                          sso.ErrSyncAddress,
			{Visit: sso.Visit{Request: &sso.VisitRequest{UserAgent: strings.Repeat("a", 8000)}}}: sso.ErrSyncLong,
		} {
			if _, _, err := c.sync.Make(ctx, c.at(0, 1), *in); !errors.Is(err, want) {
				t.Errorf("%+v: %v", in, err)
			}
		}
	})
}
