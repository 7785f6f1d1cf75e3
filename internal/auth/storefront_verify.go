package auth

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"clientele/internal/jsonx"
	"clientele/internal/jwt"
	"clientele/internal/sqldb"
)

// findState tells all that can end a token before its time, and its id in the
// register: whether its key is retired, how many revocations there are of it,
// when its account was revoked. A key that is gone has no row. A revocation
// names the signed part; those from before the register name the whole text.
var findState = sqldb.Static(`SELECT k.date_retired,
	(SELECT COUNT(*) FROM storefront_revocations r WHERE r.store_id = $1 AND r.token_hash IN ($3, $4)),
	(SELECT a.date_revoked FROM api_accounts a WHERE a.store_id = $1 AND a.client_id = $5),
	(SELECT t.id FROM storefront_tokens t WHERE t.store_id = $1 AND t.token_hash = $3)
	FROM storefront_keys k WHERE k.store_id = $1 AND k.id = $2`)

// readToken is a token whose signature is good.
type readToken struct {
	token StorefrontToken
	hash  string        // SHA-256 of the signed part, hexadecimal
	until time.Duration // of Elapsed, after which it is read again
	known time.Duration // of Elapsed, until which it is known to be in force
	id    int64         // in the register; 0: it is not there yet
}

// How long what was read is trusted, and how much of it is kept.
const (
	readTTL    = time.Minute
	stateTTL   = time.Second
	readTokens = 10_000
)

// Verify returns what a token says that may be used on a channel, or a
// TokenFault. It asks the database no more than once a second for each token,
// so what ends a token holds everywhere within that time: its own revocation,
// that of its API account, and the retirement of its key. What it returns is
// shared and must not be changed.
func (s *StorefrontTokens) Verify(ctx context.Context, storeID, channelID int64, token string, now int64) (*StorefrontToken, error) {
	if token == "" {
		return nil, TokenMissing
	}
	if len(token) > jwt.MaxLength {
		return nil, TokenNoJWT
	}
	sum := sha256.Sum256([]byte(token))
	got, err := s.recall(ctx, storeID, sum, token)
	if err != nil {
		return nil, err
	}
	switch t := &got.token; {
	case !slices.Contains(t.Channels, channelID):
		return nil, TokenWrongChannel
	case t.Expires != 0 && now >= t.Expires:
		return nil, TokenExpired
	}
	if s.sys.Elapsed() >= got.known {
		if got, err = s.askState(ctx, sum, got); err != nil {
			return nil, err
		}
	}
	s.noteUse(got, now)
	return &got.token, nil
}

// recall returns a token of a store with a good signature.
func (s *StorefrontTokens) recall(ctx context.Context, storeID int64, sum [sha256.Size]byte, token string) (*readToken, error) {
	s.mu.RLock()
	got := s.read[sum]
	s.mu.RUnlock()
	if got != nil && got.token.StoreID == storeID && s.sys.Elapsed() < got.until {
		return got, nil
	}
	got, err := s.readSigned(ctx, storeID, token)
	if err != nil {
		return nil, err
	}
	got.until = s.sys.Elapsed() + readTTL
	return got, nil
}

// askState asks the database about a token and remembers one in force.
func (s *StorefrontTokens) askState(ctx context.Context, sum [sha256.Size]byte, t *readToken) (*readToken, error) {
	fresh := &readToken{token: t.token, hash: t.hash, until: t.until, known: s.sys.Elapsed() + stateTTL}
	inForce := false
	err := s.db.Read(ctx, t.token.StoreID, func(tx *sqldb.Tx) error {
		return tx.Query(findState, func(r *sqldb.Row) error {
			inForce = r.Int(0) == 0 && r.Int(1) == 0 && r.Int(2) == 0
			fresh.id = r.Int(3)
			return nil
		}, t.token.KeyID, t.hash, hex.EncodeToString(sum[:]), t.token.ClientID)
	})
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !inForce {
		delete(s.read, sum)
		return nil, TokenRevoked
	}
	if len(s.read) >= readTokens {
		clear(s.read)
	}
	s.read[sum] = fresh
	return fresh, nil
}

// forget has those of a store's tokens asked about anew that were read here.
func (s *StorefrontTokens) forget(storeID int64, which func(*readToken) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.read, func(_ [sha256.Size]byte, t *readToken) bool { return t.token.StoreID == storeID && which(t) })
}

// readSigned reads a token and checks that its signature is the one made here
// with a key of the store, which the token has to name.
func (s *StorefrontTokens) readSigned(ctx context.Context, storeID int64, token string) (*readToken, error) {
	raw, err := jwt.Parse(token)
	switch {
	case errors.Is(err, jwt.ErrForm):
		return nil, TokenNoJWT
	case errors.Is(err, jwt.ErrJSON):
		return nil, TokenNoJSON
	case err != nil:
		return nil, TokenUnknownFormat
	}
	t, err := readClaims(raw.Claims)
	if err != nil {
		return nil, err
	}
	if t.StoreID != storeID {
		return nil, TokenWrongStore
	}
	if t.KeyID, err = s.signer(ctx, storeID, raw); err != nil {
		return nil, err
	}
	return &readToken{token: t, hash: HashToken(raw.Signed())}, nil
}

func readClaims(c jsonx.Value) (t StorefrontToken, err error) {
	ok := true
	number := func(name string) int64 {
		n, is := c.Get(name).Int()
		ok = ok && is
		return n
	}
	iss, _ := c.Get("iss").Str()
	sub, isText := c.Get("sub").Str()
	t = StorefrontToken{Kind: TokenKind(number("token_type")), StoreID: number("sid"), Issued: number("iat"), Expires: number("eat"), ClientID: strings.Clone(sub)}
	ok = ok && isText && iss == "BC" && t.StoreID > 0 && t.Kind >= BrowserToken && t.Kind <= PrivateToken
	for _, e := range c.Get("cid").Elems() {
		id, is := e.Int()
		ok = ok && is
		t.Channels = append(t.Channels, id)
	}
	names := func(name string) (out []string) {
		for _, e := range c.Get(name).Elems() {
			text, is := e.Str()
			ok = ok && is
			out = append(out, strings.Clone(text))
		}
		return out
	}
	t.Origins = names("cors")
	for _, n := range names("scopes") {
		t.Scopes = append(t.Scopes, AccessScope(n))
	}
	if !ok || len(t.Channels) == 0 {
		return t, TokenUnknownFormat
	}
	return t, nil
}
