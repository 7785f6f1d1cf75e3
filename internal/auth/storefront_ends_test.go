package auth_test

import (
	"crypto/elliptic"
	"encoding/base64"
	"fmt"
	"math/big"
	randv2 "math/rand/v2"
	"strings"
	"testing"
	"time"

	"clientele/internal/auth"
	"clientele/internal/opt"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// ofAllKinds makes a token of each kind that has no end.
func (c *counterpart) ofAllKinds(storeID int64) map[string]string {
	c.t.Helper()
	return map[string]string{
		"storefront":             c.make(storeID, auth.NewToken{Kind: auth.BrowserToken}),
		"private":                c.make(storeID, auth.NewToken{Kind: auth.PrivateToken, Scopes: []string{"Customer"}}),
		"customer impersonation": c.make(storeID, auth.NewToken{Kind: auth.ImpersonationToken}),
	}
}

// rewritten is a token with the signature (r, n-s) in place of (r, s). Its
// public key takes both.
func rewritten(t testing.TB, token string) string {
	t.Helper()
	at := strings.LastIndexByte(token, '.')
	raw, err := base64.RawURLEncoding.DecodeString(token[at+1:])
	if err != nil {
		t.Fatal(err)
	}
	s := new(big.Int).SetBytes(raw[32:])
	s.Sub(elliptic.P256().Params().N, s).FillBytes(raw[32:])
	return token[:at+1] + base64.RawURLEncoding.EncodeToString(raw)
}

// A revoked token does not come back with its signature rewritten.
func TestRevocationHoldsForTheRewrittenSignature(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		c := newCounterpart(t, db)
		for kind, token := range c.ofAllKinds(c.stores[0]) {
			other := rewritten(t, token)
			c.want(kind, c.stores[0], 1, token, "")
			c.want(kind+", rewritten", c.stores[0], 1, other, auth.TokenBadSignature)
			if err := c.Revoke(t.Context(), c.stores[0], token); err != nil {
				t.Fatal(err)
			}
			c.want(kind+", revoked", c.stores[0], 1, token, auth.TokenRevoked)
			c.want(kind+", revoked and rewritten", c.stores[0], 1, other, auth.TokenBadSignature)
			if err := c.Revoke(t.Context(), c.stores[0], other); err == nil {
				t.Errorf("%s: the rewritten token can be revoked", kind)
			}
		}
	})
}

// Tokens end with the API account that made them, in all processes.
func TestTokensEndWithTheirAccount(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		c := newCounterpart(t, db)
		a, b := c.stores[0], c.stores[1]
		accounts := auth.NewAPIAccounts(db, c.sys)
		account := func(storeID int64, client string) int64 {
			t.Helper()
			if _, err := accounts.Create(t.Context(), storeID, "App", auth.FullScopes(), auth.Credentials{ClientID: client}); err != nil {
				t.Fatal(err)
			}
			all, err := accounts.List(t.Context(), storeID)
			if err != nil {
				t.Fatal(err)
			}
			return all[len(all)-1].ID
		}
		id := account(a, "cid")
		account(b, "cid")
		account(a, "other")
		tokens := c.ofAllKinds(a)
		kept := c.make(b, auth.NewToken{}) // of the account with that client id elsewhere
		sibling, err := c.Create(t.Context(), a, auth.NewToken{Kind: auth.BrowserToken, ClientID: "other", ChannelID: opt.Some[int64](1)})
		if err != nil {
			t.Fatal(err)
		}
		other := c.another()
		for kind, token := range tokens {
			c.want(kind, a, 1, token, "")
			other.want(kind+" elsewhere", a, 1, token, "")
		}
		if err := accounts.Revoke(t.Context(), a, id); err != nil {
			t.Fatal(err)
		}
		for _, c := range []*counterpart{c, other} {
			c.now = c.now.Add(time.Second)
			for kind, token := range tokens {
				c.want(kind+" of a revoked account", a, 1, token, auth.TokenRevoked)
				c.want(kind+" of a revoked account, again", a, 1, token, auth.TokenRevoked)
			}
			c.want("another store's", b, 1, kept, "")
			c.want("another account's", a, 1, sibling, "")
		}

		// Nobody takes the client id over, and its tokens with it.
		if _, err := accounts.Create(t.Context(), a, "App", auth.FullScopes(), auth.Credentials{ClientID: "cid"}); err == nil || !strings.Contains(err.Error(), "for good") {
			t.Errorf("an account is made with the client id of a revoked one: %v", err)
		}
		if err := db.Write(t.Context(), a, func(tx *sqldb.Tx) error {
			return auth.PutAccount(tx, "App", auth.Grant{All: true}, auth.Credentials{ClientID: "cid", ClientSecret: "s", AccessToken: "t"}, 1)
		}); err == nil || !strings.Contains(err.Error(), "for good") {
			t.Errorf("an account is put with the client id of a revoked one: %v", err)
		}
		c.now = c.now.Add(time.Hour)
		for kind, token := range tokens {
			c.want(kind+" an hour later", a, 1, token, auth.TokenRevoked)
		}
	})
}

// What was revoked by the hash of the whole text stays revoked.
func TestOldRevocationsHold(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		c := newCounterpart(t, db)
		for kind, token := range c.ofAllKinds(c.stores[0]) {
			if err := db.Write(t.Context(), c.stores[0], func(tx *sqldb.Tx) error {
				return tx.Exec(sqldb.Dynamic(`INSERT INTO storefront_revocations (store_id, token_hash, date_expires, date_revoked) VALUES ($1, $2, 0, 1)`), auth.HashToken(token))
			}); err != nil {
				t.Fatal(err)
			}
			c.want(kind, c.stores[0], 1, token, auth.TokenRevoked)
		}
	})
}

// mutations of a token's text, none of which is the text.
func mutations(r *randv2.Rand, token string) []string {
	parts := strings.Split(token, ".")
	header, claims, signature := parts[0], parts[1], parts[2]
	enc, dec := base64.RawURLEncoding.EncodeToString, func(s string) []byte {
		b, _ := base64.RawURLEncoding.DecodeString(s)
		return b
	}
	join := func(parts ...string) string { return strings.Join(parts, ".") }
	flip := func(part string) string {
		raw := dec(part)
		raw[r.IntN(len(raw))] ^= 1 << r.IntN(8)
		return enc(raw)
	}
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=. \n\r\t\x00é"
	insert := func(text string) string {
		at, what := r.IntN(len(text)+1), r.IntN(len(letters))
		return text[:at] + letters[what:what+1] + text[at:]
	}
	replace := func(text string) string {
		b := []byte(text)
		b[r.IntN(len(b))] = letters[r.IntN(len(letters))]
		return string(b)
	}
	bit := []byte(token)
	bit[r.IntN(len(bit))] ^= 1 << r.IntN(8)
	at := r.IntN(len(token))
	raw := dec(signature)
	var out []string
	for _, text := range []string{
		string(bit), insert(token), replace(token), token[:at] + token[at+1:], token[:at], token[at:],
		join(flip(header), claims, signature), join(header, flip(claims), signature), join(header, claims, flip(signature)),
		// The signature in other words: n-s, s+n cut to size, longer, shorter, DER's sign.
		join(header, claims, enc(append(raw[32:], raw[:32]...))), join(header, claims, enc(append([]byte{0}, raw...))), join(header, claims, enc(append(raw, 0))),
		join(header, claims, enc(raw[:63])), join(header, claims, enc(make([]byte, 64))), join(header, claims, ""),
		// Base64 in other words.
		token + "=", token + "==", join(header+"=", claims, signature), join(header, claims+"==", signature), token + "\n", " " + token, token + " ", "\t" + token,
		join(header, claims, base64.URLEncoding.EncodeToString(raw)), join(header, claims, base64.RawStdEncoding.EncodeToString(raw)+"+"), join(header, claims, lastBits(signature, r)),
		join(lastBits(header, r), claims, signature), join(header, lastBits(claims, r), signature), strings.ToUpper(token), strings.ToLower(token),
		// The header in other words.
		join(enc([]byte(`{"alg":"ES256","typ":"JWT","kid":"1"}`)), claims, signature), join(enc([]byte(`{"kid":"1","alg":"ES256","typ":"JWT"}`)), claims, signature),
		join(enc([]byte(`{"typ":"JWT","alg":"ES256","kid":"1" }`)), claims, signature), join(enc([]byte(`{"typ":"JWT","alg":"ES256","kid":"1","x":1}`)), claims, signature),
		join(enc([]byte(`{"alg":"ES256","kid":"1"}`)), claims, signature), join(enc([]byte(`{"typ":"JWT","alg":"none","kid":"1"}`)), claims, signature),
		join(header, enc(append([]byte(" "), dec(claims)...)), signature), join(header, enc(append(dec(claims), '\n')), signature),
		// More or fewer segments.
		join(header, claims, signature, ""), join(header, claims, signature, signature), join("", header, claims, signature), join(header, claims), join(header, "", claims, signature), join(claims, header, signature),
		join(header, signature, claims), "Bearer " + token, token + "," + token, token + token,
	} {
		if text != token {
			out = append(out, text)
		}
	}
	return out
}

// lastBits changes the bits of a last character that stand for no byte.
func lastBits(part string, r *randv2.Rand) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	spare := []int{0, 0, 4, 2}[len(part)%4]
	last := strings.IndexByte(alphabet, part[len(part)-1])
	return part[:len(part)-1] + alphabet[last^r.IntN(1<<spare):][:1]
}

// No text but the one that was issued is good, for a token in force and for a
// revoked one.
func TestOnlyTheIssuedTextIsGood(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		c := newCounterpart(t, db)
		r := randv2.New(randv2.NewPCG(20, 26))
		for kind, token := range c.ofAllKinds(c.stores[0]) {
			seen := 0
			for _, revoked := range []bool{false, true} {
				if revoked {
					if err := c.Revoke(t.Context(), c.stores[0], token); err != nil {
						t.Fatal(err)
					}
				}
				for range 15 {
					for _, text := range append(mutations(r, token), rewritten(t, token)) {
						seen++
						got, err := c.verify(c.stores[0], 1, text)
						if bad, ok := err.(auth.TokenFault); !ok || got != nil || bad == auth.TokenRevoked {
							t.Errorf("%s: %q: %v", kind, text, err)
						}
					}
				}
			}
			if seen < 1000 {
				t.Errorf("only %d texts", seen)
			}
		}
	})
}

// A retired key takes its tokens with it, in all processes; others stay good.
func TestStorefrontKeysAreRotatedAndRetired(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		c := newCounterpart(t, db)
		a, b := c.stores[0], c.stores[1]
		other := c.another()
		ctx := t.Context()
		keys := func() (out string) {
			t.Helper()
			all, err := c.Keys(ctx, a)
			if err != nil {
				t.Fatal(err)
			}
			for _, k := range all {
				out += fmt.Sprintf("%d", k.ID)
				if k.Signs {
					out += "*"
				}
				if k.Retired != 0 {
					out += "-"
				}
				out += " "
			}
			return strings.TrimSpace(out)
		}
		rotate := func(want int64) {
			t.Helper()
			if id, err := c.RotateKey(ctx, a); err != nil || id != want {
				t.Errorf("the new key is %d, want %d: %v", id, want, err)
			}
		}
		retire := func(id, want int64) {
			t.Helper()
			if signs, err := c.RetireKey(ctx, a, id); err != nil || signs != want {
				t.Errorf("key %d signs, want %d: %v", signs, want, err)
			}
		}
		signedWith := func(token string) string {
			header, _ := base64.RawURLEncoding.DecodeString(token[:strings.IndexByte(token, '.')])
			return string(header)
		}
		first := c.ofAllKinds(a)
		foreign := c.make(b, auth.NewToken{})
		for kind, token := range first {
			c.want(kind, a, 1, token, "")
			other.want(kind, a, 1, token, "")
		}
		rotate(2)
		second := other.make(a, auth.NewToken{})
		if got := signedWith(second); !strings.Contains(got, `"kid":"2"`) {
			t.Errorf("another process signs after the rotation with %s", got)
		}
		c.now, other.now = c.now.Add(time.Second), other.now.Add(time.Second)
		for kind, token := range first {
			c.want(kind+" after rotation", a, 1, token, "")
		}
		c.want("of the second key", a, 1, second, "")
		if got := keys(); got != "1 2*" {
			t.Errorf("the keys are %s", got)
		}

		retire(1, 2)
		for _, c := range []*counterpart{c, other} {
			c.now = c.now.Add(time.Second)
			for kind, token := range first {
				c.want(kind+" of a retired key", a, 1, token, auth.TokenRevoked)
				c.want(kind+" of a retired key, again", a, 1, token, auth.TokenRevoked)
			}
			c.want("of the second key", a, 1, second, "")
			c.want("another store's of its key 1", b, 1, foreign, "")
		}
		for _, id := range []int64{1, 9} {
			if _, err := c.RetireKey(ctx, a, id); err == nil {
				t.Errorf("key %d can be retired", id)
			}
		}

		// The last key is followed by another, and so is the one that signs.
		retire(2, 3)
		third := c.make(a, auth.NewToken{})
		rotate(4)
		retire(4, 5)
		if got := keys(); got != "1- 2- 3 4- 5*" {
			t.Errorf("the keys are %s", got)
		}
		for _, c := range []*counterpart{c, other} {
			c.now = c.now.Add(2 * time.Minute)
			c.want("of the second key", a, 1, second, auth.TokenRevoked)
			c.want("of the third key", a, 1, third, "")
			for kind, token := range first {
				c.want(kind+" of a retired key, later", a, 1, token, auth.TokenRevoked)
			}
		}
		if got := signedWith(other.make(a, auth.NewToken{})); !strings.Contains(got, `"kid":"5"`) {
			t.Errorf("signed with %s", got)
		}
	})
}

// A chosen key that was retired does not come back with the seed file, and a
// rotation is not undone by it.
func TestRetiredKeyIsNotChosenAgain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		c := newCounterpart(t, db)
		const chosen = "c2VjcmV0IGFuZCBvZiAzMiBieXRlcywgbm8gbG9uZ2U="
		put := func() error {
			return db.Write(t.Context(), c.stores[0], func(tx *sqldb.Tx) error { return auth.PutStorefrontKey(tx, chosen, 1) })
		}
		if err := put(); err != nil {
			t.Fatal(err)
		}
		if _, err := c.RotateKey(t.Context(), c.stores[0]); err != nil {
			t.Fatal(err)
		}
		if err := put(); err != nil {
			t.Fatal(err)
		}
		if all, err := c.Keys(t.Context(), c.stores[0]); err != nil || len(all) != 2 || !all[1].Signs {
			t.Errorf("after the seed file came again: %+v, %v", all, err)
		}
		if _, err := c.RetireKey(t.Context(), c.stores[0], 1); err != nil {
			t.Fatal(err)
		}
		if err := put(); err == nil || !strings.Contains(err.Error(), "for good") {
			t.Errorf("a retired key is chosen again: %v", err)
		}
	})
}

func TestStorefrontKeysAreBounded(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		c := newCounterpart(t, db)
		for range auth.MaxStorefrontKeys {
			if _, err := c.RotateKey(t.Context(), c.stores[0]); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := c.RotateKey(t.Context(), c.stores[0]); err == nil || !strings.Contains(err.Error(), "retire one first") {
			t.Errorf("one too many: %v", err)
		}
		if signs, err := c.RetireKey(t.Context(), c.stores[0], auth.MaxStorefrontKeys); err != nil || signs != auth.MaxStorefrontKeys+1 {
			t.Errorf("key %d signs, %v", signs, err)
		}
	})
}

// Where the newest key is retired and no other was made, the next token makes
// one: an older key does not sign again.
func TestAnOlderKeyDoesNotSignAgain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		c := newCounterpart(t, db)
		a := c.stores[0]
		for range 2 {
			if _, err := c.RotateKey(t.Context(), a); err != nil {
				t.Fatal(err)
			}
		}
		c.exec(a, `UPDATE storefront_keys SET date_retired = 1 WHERE store_id = $1 AND id = 2`)
		token := c.make(a, auth.NewToken{})
		c.want("of a new key", a, 1, token, "")
		if all, err := c.Keys(t.Context(), a); err != nil || len(all) != 3 || !all[2].Signs || c.entries(a, "")[0].KeyID != 3 {
			t.Errorf("the keys are %+v, %v", all, err)
		}
	})
}
