package auth_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"clientele/internal/auth"
	"clientele/internal/fault"
	"clientele/internal/jwt"
	"clientele/internal/opt"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/store"
	"clientele/internal/system"
	"clientele/internal/words"
)

// counterpart is two stores with tokens and a clock that a test moves.
type counterpart struct {
	t      *testing.T
	db     *sqldb.DB
	sys    *system.System
	now    time.Time
	stores [2]int64
	*auth.StorefrontTokens
}

const addChannel = `INSERT INTO channels (store_id, id, name, status, date_created, date_modified) VALUES ($1, $2, 'C', $3, 0, 0)`

func newCounterpart(t *testing.T, db *sqldb.DB) *counterpart {
	t.Helper()
	c := &counterpart{t: t, db: db, now: time.Unix(1_800_000_000, 0)}
	c.sys = &system.System{Clock: func() time.Time { return c.now }, Random: rand.Reader}
	for i, hash := range []string{"aaa", "bbb"} {
		st, err := store.NewService(db, c.sys).Create(t.Context(), hash, "", "")
		if err != nil {
			t.Fatal(err)
		}
		c.stores[i] = st.ID
		if err := db.Write(t.Context(), st.ID, func(tx *sqldb.Tx) error {
			return errors.Join(tx.Exec(sqldb.Dynamic(addChannel), int64(2), "active"), tx.Exec(sqldb.Dynamic(addChannel), int64(3), "deleted"))
		}); err != nil {
			t.Fatal(err)
		}
	}
	c.StorefrontTokens = auth.NewStorefrontTokens(db, c.sys)
	return c
}

// another is a second process on the same database, with a clock of its own.
func (c *counterpart) another() *counterpart {
	other := &counterpart{t: c.t, db: c.db, now: c.now, stores: c.stores}
	other.sys = &system.System{Clock: func() time.Time { return other.now }, Random: rand.Reader}
	other.StorefrontTokens = auth.NewStorefrontTokens(c.db, other.sys)
	return other
}

func (c *counterpart) make(storeID int64, in auth.NewToken) string {
	c.t.Helper()
	if !in.ChannelID.Set && !in.ChannelIDs.Set {
		in.ChannelID = opt.Some[int64](1)
	}
	if in.Kind == 0 {
		in.Kind = auth.BrowserToken
	}
	in.ClientID = "cid"
	text, err := c.Create(c.t.Context(), storeID, in)
	if err != nil {
		c.t.Fatal(err)
	}
	return text
}

func (c *counterpart) verify(storeID, channelID int64, token string) (*auth.StorefrontToken, error) {
	return c.Verify(c.t.Context(), storeID, channelID, token, c.now.Unix())
}

func (c *counterpart) want(name string, storeID, channelID int64, token string, want auth.TokenFault) {
	c.t.Helper()
	got, err := c.verify(storeID, channelID, token)
	if want == "" {
		if err != nil || got == nil {
			c.t.Errorf("%s: %v", name, err)
		}
	} else if err != want || got != nil {
		c.t.Errorf("%s: %v, want %v", name, err, want)
	}
}

func TestStorefrontTokens(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		c := newCounterpart(t, db)
		a, b := c.stores[0], c.stores[1]
		in := c.now.Unix() + 3600
		browser := c.make(a, auth.NewToken{ChannelIDs: opt.Some([]int64{2, 1, 2}), Expires: in, Origins: opt.Some([]string{"https://Example.com/", "http://localhost:3000"})})
		private := c.make(a, auth.NewToken{Kind: auth.PrivateToken, Expires: in, Scopes: []string{"Unauthenticated", "Customer", "Customer"}})
		forever := c.make(a, auth.NewToken{Kind: auth.ImpersonationToken, ChannelID: opt.Some[int64](2)})
		foreign := c.make(b, auth.NewToken{Expires: in})

		if !strings.HasPrefix(browser, "eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiIsImtpZCI6IjEifQ.") {
			t.Errorf("the header is %.60s", browser)
		}
		claims, err := base64.RawURLEncoding.DecodeString(strings.Split(browser, ".")[1])
		if want := fmt.Sprintf(`{"cid":[1,2],"cors":["https://example.com","http://localhost:3000"],"eat":%d,"iat":%d,"iss":"BC","sid":%d,"sub":"cid","sub_type":2,"token_type":1}`, in, c.now.Unix(), a); err != nil || string(claims) != want {
			t.Errorf("the claims are\n%s, want\n%s", claims, want)
		}
		got, err := c.verify(a, 2, browser)
		if err != nil || got.Kind != auth.BrowserToken || !slices.Equal(got.Channels, []int64{1, 2}) || !slices.Equal(got.Origins, []string{"https://example.com", "http://localhost:3000"}) || got.ClientID != "cid" || got.Expires != in || !got.Allows(auth.AccessCustomer) {
			t.Errorf("%+v, %v", got, err)
		}
		got, err = c.verify(a, 1, private)
		if err != nil || got.Kind != auth.PrivateToken || !slices.Equal(got.Scopes, []auth.AccessScope{"Customer", "Unauthenticated"}) || !got.Allows(auth.AccessCustomer) || !got.Allows(auth.AccessUnauthenticated) {
			t.Errorf("%+v, %v", got, err)
		}
		c.want("channel 1", a, 1, browser, "")
		c.want("impersonation", a, 2, forever, "")
		c.want("no token", a, 1, "", auth.TokenMissing)
		c.want("other channel", a, 1, forever, auth.TokenWrongChannel)
		c.want("other channel", a, 3, browser, auth.TokenWrongChannel)
		c.want("other store", b, 1, browser, auth.TokenWrongStore)
		c.want("other store", a, 1, foreign, auth.TokenWrongStore)
		c.want("own store", b, 1, foreign, "")
		for name, text := range map[string]string{"text": "hello", "parts": "a.b", "too long": strings.Repeat("a", 9000), "base64": "!.!.!"} {
			c.want(name, a, 1, text, auth.TokenNoJWT)
		}
		c.now = c.now.Add(time.Hour - time.Second)
		c.want("at the end", a, 1, browser, "")
		c.now = c.now.Add(time.Second)
		c.want("at the end", a, 1, browser, auth.TokenExpired)
		c.now = c.now.Add(90 * 365 * 24 * time.Hour)
		c.want("no end", a, 2, forever, "")
	})
}

func TestStorefrontTokensAreNotForged(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		c := newCounterpart(t, db)
		a, b := c.stores[0], c.stores[1]
		good := c.make(a, auth.NewToken{})
		foreign := c.make(b, auth.NewToken{})
		header, rest, _ := strings.Cut(good, ".")
		claims, signature, _ := strings.Cut(rest, ".")
		enc := base64.RawURLEncoding.EncodeToString
		raw, err := base64.RawURLEncoding.DecodeString(claims)
		if err != nil {
			t.Fatal(err)
		}
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		sign := func(kid, claims string) string {
			t.Helper()
			text, err := jwt.SignES256(key, kid, []byte(claims))
			if err != nil {
				t.Fatal(err)
			}
			return text
		}
		edit := func(from, to string) string { return strings.Replace(string(raw), from, to, 1) }
		for name, x := range map[string]struct {
			text string
			want auth.TokenFault
		}{
			"good":                     {good, ""},
			"none":                     {enc([]byte(`{"typ":"JWT","alg":"none"}`)) + "." + claims + ".", auth.TokenBadSignature},
			"none with a key":          {enc([]byte(`{"typ":"JWT","alg":"none","kid":"1"}`)) + "." + claims + "." + signature, auth.TokenBadSignature},
			"HS256":                    {jwt.SignHMAC(jwt.HS256, "x", raw), auth.TokenBadSignature},
			"another key":              {sign("1", string(raw)), auth.TokenBadSignature},
			"unknown key":              {sign("2", string(raw)), auth.TokenBadSignature},
			"no key":                   {enc([]byte(`{"typ":"JWT","alg":"ES256"}`)) + "." + claims + "." + signature, auth.TokenBadSignature},
			"other claims":             {header + "." + enc([]byte(edit(`"cid":[1]`, `"cid":[1,2]`))) + "." + signature, auth.TokenBadSignature},
			"key of another store":     {sign("1", edit(fmt.Sprintf(`"sid":%d`, a), fmt.Sprintf(`"sid":%d`, b))), auth.TokenWrongStore},
			"foreign, said to be ours": {header + "." + claims + foreign[strings.LastIndexByte(foreign, '.'):], auth.TokenBadSignature},
			"no JSON":                  {header + "." + enc([]byte("{")) + "." + signature, auth.TokenNoJSON},
			"a list":                   {header + "." + enc([]byte("[]")) + "." + signature, auth.TokenUnknownFormat},
			"nothing":                  {sign("1", `{}`), auth.TokenUnknownFormat},
			"of another":               {sign("1", edit(`"BC"`, `"BD"`)), auth.TokenUnknownFormat},
			"unknown kind":             {sign("1", edit(`"token_type":1`, `"token_type":4`)), auth.TokenUnknownFormat},
			"text for a number":        {sign("1", edit(`"iat":`, `"iat":"1","x":`)), auth.TokenUnknownFormat},
			"no channels":              {sign("1", edit(`"cid":[1]`, `"cid":[]`)), auth.TokenUnknownFormat},
			"a channel that is none":   {sign("1", edit(`"cid":[1]`, `"cid":["1"]`)), auth.TokenUnknownFormat},
		} {
			c.want(name, a, 1, x.text, x.want)
			c.want(name+", again", a, 1, x.text, x.want)
		}
	})
}

func TestStorefrontTokenRevocation(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		c := newCounterpart(t, db)
		a, b := c.stores[0], c.stores[1]
		ends := c.make(a, auth.NewToken{Expires: c.now.Unix() + 100})
		never := c.make(a, auth.NewToken{ChannelID: opt.Some[int64](2)})
		other := c.another()
		other.want("in another process", a, 1, ends, "")

		for name, bad := range map[string]string{"none": "", "text": "x", "forged": ends[:len(ends)-4] + "AAAA"} {
			err := c.Revoke(t.Context(), a, bad)
			if f := fault.As(err); f == nil || f.Kind != fault.Invalid || f.Items[0].Field != auth.FieldToken {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := c.Revoke(t.Context(), b, ends); fault.As(err) == nil {
			t.Errorf("by another store: %v", err)
		}
		c.want("after all that", a, 1, ends, "")
		for range 2 {
			if err := c.Revoke(t.Context(), a, ends); err != nil {
				t.Fatal(err)
			}
		}
		c.want("revoked", a, 1, ends, auth.TokenRevoked)
		c.want("another token", a, 2, never, "")
		other.want("in another process, at once", a, 1, ends, "")
		other.now = other.now.Add(time.Second)
		other.want("in another process", a, 1, ends, auth.TokenRevoked)
		other.want("in another process, again", a, 1, ends, auth.TokenRevoked)

		rows := func() (n int64) {
			t.Helper()
			if err := db.Read(t.Context(), a, func(tx *sqldb.Tx) error {
				return tx.Query(sqldb.Dynamic(`SELECT COUNT(*) FROM storefront_revocations WHERE store_id = $1`), func(r *sqldb.Row) error { n = r.Int(0); return nil })
			}); err != nil {
				t.Fatal(err)
			}
			return n
		}
		if n := rows(); n != 1 {
			t.Errorf("%d rows", n)
		}
		// What has ended by itself need not be remembered.
		c.now = c.now.Add(time.Hour)
		if err := c.Revoke(t.Context(), a, never); err != nil {
			t.Fatal(err)
		}
		c.now = c.now.Add(100 * 24 * time.Hour)
		if err := c.Prune(t.Context()); err != nil || rows() != 1 {
			t.Errorf("%d rows, %v", rows(), err)
		}
		c.want("revoked for good", a, 2, never, auth.TokenRevoked)
	})
}

func TestStorefrontTokenRules(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		c := newCounterpart(t, db)
		now := c.now.Unix()
		one := opt.Some[int64](1)
		many := make([]int64, 101)
		for i := range many {
			many[i] = int64(i + 1)
		}
		for name, x := range map[string]struct {
			in     auth.NewToken
			fields string
		}{
			"no channel":          {auth.NewToken{Kind: auth.BrowserToken}, "channel_id"},
			"both":                {auth.NewToken{Kind: auth.BrowserToken, ChannelID: one, ChannelIDs: opt.Some([]int64{1})}, "channel_id"},
			"none":                {auth.NewToken{Kind: auth.BrowserToken, ChannelIDs: opt.Some([]int64{})}, "channel_ids"},
			"too many":            {auth.NewToken{Kind: auth.BrowserToken, ChannelIDs: opt.Some(many)}, "channel_ids"},
			"unknown":             {auth.NewToken{Kind: auth.BrowserToken, ChannelID: opt.Some[int64](9)}, "channel_id"},
			"unknown and deleted": {auth.NewToken{Kind: auth.BrowserToken, ChannelIDs: opt.Some([]int64{9, 1, 3})}, "channel_ids.2 channel_ids.0"},
			"past":                {auth.NewToken{Kind: auth.BrowserToken, ChannelID: one, Expires: now}, "expires_at"},
			"negative":            {auth.NewToken{Kind: auth.BrowserToken, ChannelID: one, Expires: -1}, "expires_at"},
			"milliseconds":        {auth.NewToken{Kind: auth.BrowserToken, ChannelID: one, Expires: now * 1000}, "expires_at"},
			"no origins":          {auth.NewToken{Kind: auth.BrowserToken, ChannelID: one, Origins: opt.Some([]string{})}, "allowed_cors_origins"},
			"three origins":       {auth.NewToken{Kind: auth.BrowserToken, ChannelID: one, Origins: opt.Some([]string{"https://a.b", "https://a.c", "https://a.d"})}, "allowed_cors_origins"},
			"bad origins":         {auth.NewToken{Kind: auth.BrowserToken, ChannelID: one, Expires: 1, Origins: opt.Some([]string{"*", "a.b"})}, "expires_at allowed_cors_origins.0 allowed_cors_origins.1"},
			"no scopes":           {auth.NewToken{Kind: auth.PrivateToken, ChannelID: one}, "scopes"},
			"unknown scope":       {auth.NewToken{Kind: auth.PrivateToken, ChannelID: one, Scopes: []string{"Customer", "customer"}}, "scopes.1"},
		} {
			_, err := c.Create(t.Context(), c.stores[0], x.in)
			f := fault.As(err)
			if f == nil || f.Kind != fault.Invalid {
				t.Errorf("%s: %v", name, err)
				continue
			}
			var fields []string
			for _, it := range f.Items {
				fields = append(fields, words.Terminal.Path(&it))
			}
			if got := strings.Join(fields, " "); got != x.fields {
				t.Errorf("%s: %s, want %s", name, got, x.fields)
			}
		}
	})
}

func TestOrigin(t *testing.T) {
	for text, want := range map[string]string{
		"https://example.com": "https://example.com", "https://Example.COM/": "https://example.com", "http://localhost:3000": "http://localhost:3000",
		"https://example.com:443": "https://example.com", "http://example.com:80": "http://example.com", "https://example.com:80": "https://example.com:80", "http://[::1]:8080": "http://[::1]:8080",
		"": "", "*": "", "null": "", "https://*": "", "https://*.example.com": "", "example.com": "", "//example.com": "", "ftp://example.com": "", "https://example.com/a": "", "https://example.com?a": "", "https://example.com?": "",
		"https://example.com#a": "", "https://example.com#": "", "https://u@example.com": "", "https://": "", "https://example.com:": "", "https://a,b": "", "https://a b": "", "javascript:alert(1)": "", "https://exa\nmple.com": "", "https://example.com//": "",
	} {
		got, ok := auth.Origin(text)
		if got != want || ok != (want != "") {
			t.Errorf("%q: %q, %v", text, got, ok)
		}
	}
}

// A store that is made anew with its key takes its old tokens.
func TestChosenStorefrontKey(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		c := newCounterpart(t, db)
		before := c.make(c.stores[0], auth.NewToken{})
		put := func(key string) {
			t.Helper()
			if err := db.Write(t.Context(), c.stores[0], func(tx *sqldb.Tx) error { return auth.PutStorefrontKey(tx, key, 1) }); err != nil {
				t.Fatal(err)
			}
		}
		const key = "c2VjcmV0IGFuZCBvZiAzMiBieXRlcywgbm8gbG9uZ2U="
		put(key)
		put(key)
		after := c.make(c.stores[0], auth.NewToken{})
		if !strings.HasPrefix(after, "eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiIsImtpZCI6IjIifQ.") {
			t.Errorf("made with another key: %.60s", after)
		}
		c.now = c.now.Add(2 * time.Minute)
		c.want("of the first key", c.stores[0], 1, before, "")
		c.want("of the chosen key", c.stores[0], 1, after, "")
		for _, bad := range []string{"", "x", "AAAA", strings.Repeat("A", 43) + "="} {
			if auth.CheckStorefrontKey(bad) == nil {
				t.Errorf("%q is a key", bad)
			}
		}
	})
}

// Of processes that make a store's first token at once one makes the key.
func TestStorefrontKeyIsMadeOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		c := newCounterpart(t, db)
		var wg sync.WaitGroup
		made := make([]string, 6)
		for i := range made {
			wg.Go(func() {
				var err error
				made[i], err = auth.NewStorefrontTokens(db, c.sys).Create(t.Context(), c.stores[0], auth.NewToken{Kind: auth.BrowserToken, ChannelID: opt.Some[int64](1)})
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		for _, text := range made {
			c.want("made at once", c.stores[0], 1, text, "")
		}
	})
}
