package sso_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"clientele/internal/account"
	"clientele/internal/auth"
	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/jwt"
	"clientele/internal/limit"
	"clientele/internal/password"
	"clientele/internal/password/passwordtest"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/sso"
	"clientele/internal/store"
	"clientele/internal/system"
)

// shop is two stores with an app each. The first has a second channel, a
// customer of all channels (1) and one of channel 2 only (2).
type shop struct {
	t        *testing.T
	db       *sqldb.DB
	sys      *system.System
	now      time.Time
	sites    [2]store.Site
	app      [2]auth.Credentials
	accounts *auth.APIAccounts
	*sso.Service
}

const peer = "203.0.113.7"

func open(t *testing.T, db *sqldb.DB) *shop {
	t.Helper()
	s := &shop{t: t, db: db, now: time.Unix(1_800_000_000, 0)}
	s.sys = &system.System{Clock: func() time.Time { return s.now }, Random: rand.Reader}
	stores, passwords := store.NewService(db, s.sys), passwordtest.New(s.sys)
	s.accounts = auth.NewAPIAccounts(db, s.sys)
	customers := customer.NewService(db, s.sys, passwords)
	for i, hash := range []string{"first", "second"} {
		st, err := stores.Create(t.Context(), hash, "", "")
		if err != nil {
			t.Fatal(err)
		}
		s.sites[i] = store.Site{StoreID: st.ID, StoreHash: hash, ChannelID: 1, URL: "https://" + hash + ".example"}
		if s.app[i], err = s.accounts.Create(t.Context(), st.ID, "app", []auth.Scope{auth.Customers, auth.CustomersLogin}, auth.Credentials{}); err != nil {
			t.Fatal(err)
		}
		s.write(st.ID, `INSERT INTO channels (store_id, id, name, date_created, date_modified) VALUES ($1, 2, 'Two', 0, 0)`)
		in := []customer.Create{{Email: "a@x.org", FirstName: "A", LastName: "A"}, {Email: "b@x.org", FirstName: "B", LastName: "B", ChannelIDs: []int64{2}}}
		if i == 1 {
			in = in[:1]
		}
		if _, err := customers.CreateFor(t.Context(), password.Party{StoreID: st.ID}, in); err != nil {
			t.Fatal(err)
		}
	}
	s.Service = s.process()
	return s
}

// process is a service as another process on the database has it.
func (s *shop) process() *sso.Service {
	stores, passwords := store.NewService(s.db, s.sys), passwordtest.New(s.sys)
	customers := customer.NewService(s.db, s.sys, passwords)
	accounts := account.NewService(account.Config{DB: s.db, System: s.sys, Stores: stores, Customers: customers, Passwords: passwords})
	return sso.NewService(s.db, s.sys, stores, accounts)
}

func (s *shop) write(storeID int64, sql string, args ...any) {
	s.t.Helper()
	if err := s.db.Write(s.t.Context(), storeID, func(tx *sqldb.Tx) error { return tx.Exec(sqldb.Dynamic(sql), args...) }); err != nil {
		s.t.Fatal(err)
	}
}

type members map[string]any

// claims are those of a good token, changed by change; nil takes one away.
func (s *shop) claims(change members) []byte {
	s.t.Helper()
	m := members{"iss": s.app[0].ClientID, "iat": s.now.Unix(), "jti": s.sys.UUID(), "operation": "customer_login", "store_hash": "first", "customer_id": 1}
	maps.Copy(m, change)
	maps.DeleteFunc(m, func(_ string, v any) bool { return v == nil })
	text, err := json.Marshal(m)
	if err != nil {
		s.t.Fatal(err)
	}
	return text
}

// token is what the library jsonwebtoken makes: alg before typ.
func (s *shop) token(change members) string {
	s.t.Helper()
	return signed(`{"alg":"HS256","typ":"JWT"}`, s.claims(change), s.app[0].ClientSecret)
}

func enc(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// signed returns claims with any header, signed with HS256.
func signed(header string, claims []byte, secret string) string {
	from := jwt.SignHMAC(jwt.HS256, secret, claims)
	if header == `{"typ":"JWT","alg":"HS256"}` {
		return from
	}
	return resign(enc([]byte(header))+"."+enc(claims), secret)
}

func (s *shop) redeem(site store.Site, token string) (sso.Login, error) {
	return s.redeemAt(site, token, peer)
}

// redeemAt is redeem for a client at an address.
func (s *shop) redeemAt(site store.Site, token, peer string) (sso.Login, error) {
	in, g, err := s.SignIn(s.t.Context(), site, account.Browser, token, account.Client{Peer: limit.Peer{Address: peer}})
	if (err == nil) != (g.Session.CustomerID != 0) {
		s.t.Errorf("%+v, %v", g, err)
	}
	return in, err
}

func (s *shop) want(name string, token string, want sso.Reason) {
	s.t.Helper()
	got, err := s.redeem(s.sites[0], token)
	if want == "" {
		if err != nil || got.CustomerID != 1 {
			s.t.Errorf("%s: %+v, %v", name, got, err)
		}
	} else if err != want {
		s.t.Errorf("%s: %v, want %q", name, err, want)
	}
}

func TestRedeem(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s := open(t, db)
		text := s.token(nil)
		got, err := s.redeem(s.sites[0], text)
		if want := (sso.Login{CustomerID: 1, RedirectTo: "/account.php", ClientID: s.app[0].ClientID}); err != nil || got != want {
			t.Errorf("%+v, %v", got, err)
		}
		s.want("again", text, sso.Used)
		for name, redirect := range map[string]string{"sign-out": "/login.php?action=logout", "checkout": "/cart.php?action=loadInCheckout&id=a#b", "encoded": "/a%2f%5cb"} {
			if got, err := s.redeem(s.sites[0], s.token(members{"redirect_to": redirect, "enable_persistent_cart": true})); err != nil || got.RedirectTo != redirect || !got.PersistentCart {
				t.Errorf("%s: %+v, %v", name, got, err)
			}
		}
		good := map[string]members{
			"id as text":            {"customer_id": "1"},
			"channel":               {"channel_id": 1},
			"channel as text":       {"channel_id": "1"},
			"whole float":           {"iat": json.RawMessage(fmt.Sprintf("%d.0", s.now.Unix()))},
			"old":                   {"iat": s.now.Unix() - 30},
			"early":                 {"iat": s.now.Unix() + 30},
			"nothing asked for":     {"channel_id": json.RawMessage("null"), "redirect_to": "", "request_ip": json.RawMessage("null"), "enable_persistent_cart": json.RawMessage("null")},
			"exp":                   {"exp": s.now.Unix() + 1},
			"nbf":                   {"nbf": s.now.Unix()},
			"address":               {"request_ip": peer},
			"mapped address":        {"request_ip": "::ffff:203.0.113.7"},
			"unknown":               {"something": []int{1}},
			"number as id of token": {"jti": "7"},
		}
		for name, change := range good {
			s.want(name, s.token(change), "")
		}
		s.want("lower-case type", signed(`{"alg":"HS256","typ":"jwt"}`, s.claims(nil), s.app[0].ClientSecret), "")
		if got, err := s.redeemAt(s.sites[0], s.token(members{"request_ip": "2001:DB8:0:0:0:0:0:1"}), "2001:db8::1"); err != nil || got.CustomerID != 1 {
			t.Errorf("long form of an address: %+v, %v", got, err)
		}
		// Customers of one channel on that channel.
		two := s.sites[0]
		two.ChannelID = 2
		if got, err := s.redeem(two, s.token(members{"customer_id": 2, "channel_id": 2})); err != nil || got.CustomerID != 2 {
			t.Errorf("channel 2: %+v, %v", got, err)
		}
		for name, c := range map[string]struct {
			site   store.Site
			change members
			want   sso.Reason
		}{
			"channel 1 on the site of 2": {two, members{"customer_id": 2, "channel_id": 1}, sso.WrongChannel},
			"no channel on site of 2":    {two, members{"customer_id": 2}, sso.WrongChannel},
			"customer of all channels":   {two, members{"channel_id": 2}, sso.NoAccess},
			"customer of channel 2 on 1": {s.sites[0], members{"customer_id": 2}, sso.NoAccess},
		} {
			if _, err := s.redeem(c.site, s.token(c.change)); err != c.want {
				t.Errorf("%s: %v, want %v", name, err, c.want)
			}
		}
		s.write(s.sites[0].StoreID, `INSERT INTO customer_settings (store_id, channel_id, name, value) VALUES ($1, 2, 'allow_global_logins', '1')`)
		if _, err := s.redeem(two, s.token(members{"channel_id": 2})); err != nil {
			t.Errorf("admitted to channel 2: %v", err)
		}
		s.write(s.sites[0].StoreID, `UPDATE channels SET status = 'terminated' WHERE store_id = $1 AND id = 2`)
		for _, c := range []members{{"channel_id": 2}, {"customer_id": 2, "channel_id": 2}} {
			if _, err := s.redeem(two, s.token(c)); err != sso.NoAccess {
				t.Errorf("a channel that has ended, %v: %v", c, err)
			}
		}
	})
}

func TestForgedLoginTokens(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s := open(t, db)
		now := s.now.Unix()
		secret := s.app[0].ClientSecret
		weak, err := s.accounts.Create(t.Context(), s.sites[0].StoreID, "weak", []auth.Scope{auth.Customers}, auth.Credentials{})
		if err != nil {
			t.Fatal(err)
		}
		former, err := s.accounts.Create(t.Context(), s.sites[0].StoreID, "former", []auth.Scope{auth.CustomersLogin}, auth.Credentials{})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.accounts.Revoke(t.Context(), s.sites[0].StoreID, 3); err != nil {
			t.Fatal(err)
		}
		by := func(c auth.Credentials, change members) string {
			m := members{"iss": c.ClientID}
			maps.Copy(m, change)
			return signed(`{"typ":"JWT","alg":"HS256"}`, s.claims(m), c.ClientSecret)
		}
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		es, err := jwt.SignES256(key, "1", s.claims(nil))
		if err != nil {
			t.Fatal(err)
		}
		rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Fatal(err)
		}
		rs := enc([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." + enc(s.claims(nil))
		digest := sha256.Sum256([]byte(rs))
		sig, err := rsa.SignPKCS1v15(rand.Reader, rsaKey, crypto.SHA256, digest[:])
		if err != nil {
			t.Fatal(err)
		}
		der, err := x509.MarshalPKIXPublicKey(&rsaKey.PublicKey)
		if err != nil {
			t.Fatal(err)
		}
		public := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
		good := s.token(nil)
		parts := strings.Split(good, ".")

		for name, c := range map[string]struct {
			text string
			want sso.Reason
		}{
			"nothing":              {"", sso.NoToken},
			"a word":               {"word", sso.NoToken},
			"four parts":           {good + ".AA", sso.NoToken},
			"a long token":         {s.token(members{"x": strings.Repeat("x", 9000)}), sso.NoToken},
			"no JSON":              {parts[0] + "." + enc([]byte("{")) + "." + parts[2], sso.NoClaims},
			"a list":               {parts[0] + "." + enc([]byte("[]")) + "." + parts[2], sso.NoClaims},
			"a claim twice":        {resign(parts[0]+"."+enc([]byte(`{"customer_id":1,"customer_id":2}`)), secret), sso.NoClaims},
			"no typ":               {signed(`{"alg":"HS256"}`, s.claims(nil), secret), sso.WrongType},
			"another typ":          {signed(`{"alg":"HS256","typ":"at+jwt"}`, s.claims(nil), secret), sso.WrongType},
			"alg none":             {enc([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + parts[1] + ".", sso.WrongAlgorithm},
			"alg None, signed":     {enc([]byte(`{"alg":"None","typ":"JWT"}`)) + "." + parts[1] + "." + parts[2], sso.WrongAlgorithm},
			"no alg":               {signed(`{"typ":"JWT"}`, s.claims(nil), secret), sso.WrongAlgorithm},
			"HS512":                {jwt.SignHMAC(jwt.HS512, secret, s.claims(nil)), sso.WrongAlgorithm},
			"ES256":                {es, sso.WrongAlgorithm},
			"RS256":                {rs + "." + enc(sig), sso.WrongAlgorithm},
			"HS256 by public key":  {signed(`{"alg":"HS256","typ":"JWT"}`, s.claims(nil), public), sso.BadSignature},
			"critical extension":   {signed(`{"alg":"HS256","typ":"JWT","crit":["b64"],"b64":true}`, s.claims(nil), secret), sso.WrongAlgorithm},
			"no signature":         {parts[0] + "." + parts[1] + ".", sso.BadSignature},
			"wrong secret":         {signed(`{"alg":"HS256","typ":"JWT"}`, s.claims(nil), secret+"x"), sso.BadSignature},
			"empty secret":         {signed(`{"alg":"HS256","typ":"JWT"}`, s.claims(nil), ""), sso.BadSignature},
			"secret of another":    {signed(`{"alg":"HS256","typ":"JWT"}`, s.claims(nil), weak.ClientSecret), sso.BadSignature},
			"other claims":         {parts[0] + "." + enc(s.claims(members{"customer_id": 2})) + "." + parts[2], sso.BadSignature},
			"access token":         {signed(`{"alg":"HS256","typ":"JWT"}`, s.claims(nil), s.app[0].AccessToken), sso.BadSignature},
			"no iss":               {s.token(members{"iss": nil}), sso.NoIssuer},
			"iss a number":         {s.token(members{"iss": 1}), sso.NoIssuer},
			"iss with NUL":         {s.token(members{"iss": "a\x00"}), sso.NoIssuer},
			"unknown iss":          {s.token(members{"iss": "nobody"}), sso.UnknownIssuer},
			"account of another":   {by(s.app[1], nil), sso.UnknownIssuer},
			"another's store":      {by(s.app[1], members{"store_hash": "second"}), sso.UnknownIssuer},
			"revoked":              {by(former, nil), sso.RevokedIssuer},
			"revoked, badly":       {signed(`{"alg":"HS256","typ":"JWT"}`, s.claims(members{"iss": former.ClientID}), "x"), sso.BadSignature},
			"no scope":             {by(weak, nil), sso.MissingScope},
			"no operation":         {s.token(members{"operation": nil}), sso.WrongOperation},
			"other operation":      {s.token(members{"operation": "current_customer"}), sso.WrongOperation},
			"no store":             {s.token(members{"store_hash": nil}), sso.WrongStore},
			"other store":          {s.token(members{"store_hash": "second"}), sso.WrongStore},
			"other case of store":  {s.token(members{"store_hash": "First"}), sso.WrongStore},
			"no iat":               {s.token(members{"iat": nil}), sso.NoTime},
			"iat as text":          {s.token(members{"iat": fmt.Sprint(now)}), sso.NoTime},
			"iat a float":          {s.token(members{"iat": float64(now) + 0.5}), sso.NoTime},
			"iat huge":             {s.token(members{"iat": json.RawMessage("1e300")}), sso.NoTime},
			"iat in milliseconds":  {s.token(members{"iat": now * 1000}), sso.TooEarly},
			"too old":              {s.token(members{"iat": now - 31}), sso.TooOld},
			"too early":            {s.token(members{"iat": now + 31}), sso.TooEarly},
			"expired":              {s.token(members{"exp": now}), sso.Expired},
			"exp as text":          {s.token(members{"exp": "2000000000"}), sso.Expired},
			"not before":           {s.token(members{"nbf": now + 31}), sso.Expired},
			"no jti":               {s.token(members{"jti": nil}), sso.NoID},
			"empty jti":            {s.token(members{"jti": ""}), sso.NoID},
			"jti a number":         {s.token(members{"jti": 7}), sso.NoID},
			"long jti":             {s.token(members{"jti": strings.Repeat("x", 1025)}), sso.NoID},
			"other channel":        {s.token(members{"channel_id": 2}), sso.WrongChannel},
			"channel a float":      {s.token(members{"channel_id": 1.5}), sso.WrongChannel},
			"channel 0":            {s.token(members{"channel_id": 0}), sso.WrongChannel},
			"no customer":          {s.token(members{"customer_id": nil}), sso.NoCustomer},
			"customer 0":           {s.token(members{"customer_id": 0}), sso.NoCustomer},
			"negative customer":    {s.token(members{"customer_id": -1}), sso.NoCustomer},
			"customer a float":     {s.token(members{"customer_id": 1.5}), sso.NoCustomer},
			"odd text of customer": {s.token(members{"customer_id": "01"}), sso.NoCustomer},
			"a list of customers":  {s.token(members{"customer_id": []int{1}}), sso.NoCustomer},
			"unknown customer":     {s.token(members{"customer_id": 3}), sso.UnknownPerson},
			"other address":        {s.token(members{"request_ip": "203.0.113.8"}), sso.WrongAddress},
			"bad address":          {s.token(members{"request_ip": "203.0.113.007"}), sso.WrongAddress},
			"address a number":     {s.token(members{"request_ip": 1}), sso.WrongAddress},
			"redirect elsewhere":   {s.token(members{"redirect_to": "https://evil.example/"}), sso.BadRedirect},
			"redirect without a /": {s.token(members{"redirect_to": "account.php"}), sso.BadRedirect},
			"redirect to a host":   {s.token(members{"redirect_to": "//evil.example"}), sso.BadRedirect},
			"redirect by \\":       {s.token(members{"redirect_to": "/\\evil.example"}), sso.BadRedirect},
			"redirect by tab":      {s.token(members{"redirect_to": "/\t/evil.example"}), sso.BadRedirect},
			"redirect by newline":  {s.token(members{"redirect_to": "/a\r\nSet-Cookie: a=b"}), sso.BadRedirect},
			"redirect by script":   {s.token(members{"redirect_to": "javascript:alert(1)"}), sso.BadRedirect},
			"redirect a number":    {s.token(members{"redirect_to": 1}), sso.BadRedirect},
			"cart as text":         {s.token(members{"enable_persistent_cart": "yes"}), sso.BadMember},
		} {
			s.want(name, c.text, c.want)
		}
		// None of that used the good token up.
		s.want("good", good, "")
		// On the site of the other store it is nothing.
		if _, err := s.redeem(s.sites[1], s.token(nil)); err != sso.UnknownIssuer {
			t.Errorf("on another store's site: %v", err)
		}
		// Not even where both stores have the same account.
		if err := db.Write(t.Context(), s.sites[1].StoreID, func(tx *sqldb.Tx) error {
			return auth.PutAccount(tx, "shared", auth.Grant{Scopes: []auth.Scope{auth.CustomersLogin}}, auth.Credentials{ClientID: s.app[0].ClientID, ClientSecret: secret, AccessToken: "x"}, now)
		}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.redeem(s.sites[1], s.token(nil)); err != sso.WrongStore {
			t.Errorf("with the same account on another store's site: %v", err)
		}
	})
}

// resign signs a header and claims that are base64 already.
func resign(text, secret string) string { return text + "." + enc(mac(text, secret)) }

func TestALoginTokenIsUsedOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s := open(t, db)
		text := s.token(nil)
		// Requests at once, to several processes.
		var wg sync.WaitGroup
		var mu sync.Mutex
		outcomes := map[error]int{}
		for range 4 {
			other := s.process()
			for range 4 {
				wg.Go(func() {
					_, _, err := other.SignIn(t.Context(), s.sites[0], account.Browser, text, account.Client{Peer: limit.Peer{Address: peer}})
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
		// An id counts for the app that uses it.
		fixed := members{"jti": "always the same"}
		s.want("fixed id", s.token(fixed), "")
		s.want("fixed id again", s.token(fixed), sso.Used)
		other, err := s.accounts.Create(t.Context(), s.sites[0].StoreID, "other", []auth.Scope{auth.CustomersLogin}, auth.Credentials{})
		if err != nil {
			t.Fatal(err)
		}
		s.want("of another app", signed(`{"typ":"JWT","alg":"HS256"}`, s.claims(members{"jti": "always the same", "iss": other.ClientID}), other.ClientSecret), "")
		s.now = s.now.Add(24 * time.Hour)
		s.want("a day later", s.token(fixed), sso.Used)
		// What was used long ago is forgotten.
		s.now = s.now.Add(2 * time.Minute)
		s.want("later still", s.token(nil), "")
		if err := db.DropEnded(t.Context(), s.now.Unix(), sso.Ended()); err != nil {
			t.Fatal(err)
		}
		s.want("forgotten", s.token(fixed), "")
		n := int64(0)
		if err := db.Read(t.Context(), s.sites[0].StoreID, func(tx *sqldb.Tx) error {
			return tx.Query(sqldb.Dynamic(`SELECT COUNT(*) FROM used_login_tokens WHERE store_id = $1`), func(r *sqldb.Row) error { n = r.Int(0); return nil })
		}); err != nil || n != 2 {
			t.Errorf("%d rows, %v", n, err)
		}
	})
}

func TestToken(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s := open(t, db)
		two := s.sites[0]
		two.ChannelID = 2
		for name, c := range map[string]struct {
			site store.Site
			in   sso.Request
			want sso.Login
		}{
			"plain":   {s.sites[0], sso.Request{CustomerID: 1}, sso.Login{CustomerID: 1, RedirectTo: "/account.php"}},
			"full":    {s.sites[0], sso.Request{CustomerID: 1, ClientID: s.app[0].ClientID, RedirectTo: "/a?b=ü"}, sso.Login{CustomerID: 1, RedirectTo: "/a?b=%C3%BC"}},
			"channel": {two, sso.Request{CustomerID: 2}, sso.Login{CustomerID: 2, RedirectTo: "/account.php"}},
		} {
			c.want.ClientID = s.app[0].ClientID
			text, err := s.Token(t.Context(), c.site, c.in)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if got, err := s.redeem(c.site, text); err != nil || got != c.want {
				t.Errorf("%s: %+v, %v", name, got, err)
			}
		}
		for name, in := range map[string]sso.Request{
			"nobody": {CustomerID: 9}, "not on this channel": {CustomerID: 2}, "unknown app": {CustomerID: 1, ClientID: "x"},
			"app of another store": {CustomerID: 1, ClientID: s.app[1].ClientID}, "redirect": {CustomerID: 1, RedirectTo: "//x"},
		} {
			if _, err := s.Token(t.Context(), s.sites[0], in); fault.As(err) == nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		// Only who may vouch for customers does.
		if _, err := s.accounts.Create(t.Context(), two.StoreID, "first", []auth.Scope{auth.Customers}, auth.Credentials{}); err != nil {
			t.Fatal(err)
		}
		s.write(two.StoreID, `UPDATE api_accounts SET id = id + 100 WHERE store_id = $1 AND client_id = $2`, s.app[0].ClientID)
		text, err := s.Token(t.Context(), s.sites[0], sso.Request{CustomerID: 1})
		if err != nil {
			t.Fatal(err)
		}
		s.want("beside an account without the scope", text, "")
		s.write(two.StoreID, `UPDATE api_accounts SET scopes = $2 WHERE store_id = $1`, string(auth.Customers))
		for _, id := range []string{"", s.app[0].ClientID} {
			if _, err := s.Token(t.Context(), s.sites[0], sso.Request{CustomerID: 1, ClientID: id}); fault.As(err) == nil || fault.As(err).Kind != fault.NotFound {
				t.Errorf("without the scope, %q: %v", id, err)
			}
		}
	})
}

func TestCurrentCustomer(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s := open(t, db)
		now := s.now.Unix()
		for _, alg := range []jwt.Algorithm{jwt.HS512, jwt.HS256} {
			if alg == jwt.HS256 {
				s.write(s.sites[0].StoreID, `INSERT INTO store_settings (store_id, settings) VALUES ($1, '{"storefront":{"current_customer_algorithm":"HS256"}}')`)
			}
			text, err := s.CurrentCustomer(t.Context(), s.sites[0], &account.Session{ID: 1, CustomerID: 1, Email: "a@x.org", GroupID: 7}, s.app[0].ClientID)
			if err != nil {
				t.Fatal(err)
			}
			raw, err := jwt.Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			if err := raw.VerifyHMAC(alg, s.app[0].ClientSecret); err != nil {
				t.Errorf("%s: %v", alg, err)
			}
			claims, err := base64.RawURLEncoding.DecodeString(strings.Split(text, ".")[1])
			want := fmt.Sprintf(`{"customer":{"id":1,"email":"a@x.org","group_id":"7"},"iss":"bc/apps","sub":"first","iat":%d,"exp":%d,"version":1,"aud":%[3]q,"application_id":%[3]q,"store_hash":"first","operation":"current_customer"}`, now, now+900, s.app[0].ClientID)
			if err != nil || string(claims) != want {
				t.Errorf("the claims are\n%s, want\n%s", claims, want)
			}
			// What the store says of a customer logs nobody in.
			if _, err := s.redeem(s.sites[0], text); err == nil {
				t.Error("taken for a login token")
			}
		}
		for name, id := range map[string]string{"none": "", "unknown": "x", "of another store": s.app[1].ClientID, "NUL": "a\x00", "no text": "\xff", "long": strings.Repeat("x", 300)} {
			if _, err := s.CurrentCustomer(t.Context(), s.sites[0], &account.Session{ID: 1, CustomerID: 1, Email: "a@x.org"}, id); !errors.Is(err, sso.ErrNoApp) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := s.accounts.Revoke(t.Context(), s.sites[0].StoreID, 1); err != nil {
			t.Fatal(err)
		}
		if _, err := s.CurrentCustomer(t.Context(), s.sites[0], &account.Session{ID: 1, CustomerID: 1, Email: "a@x.org"}, s.app[0].ClientID); !errors.Is(err, sso.ErrNoApp) {
			t.Errorf("revoked: %v", err)
		}
	})
}
