package auth_test

import (
	"crypto/elliptic"
	"encoding/base64"
	"math/big"
	randv2 "math/rand/v2"
	"strings"
	"testing"

	"clientele/internal/auth"
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
