package auth

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"clientele/internal/fault"
	"clientele/internal/jsonx"
	"clientele/internal/jwt"
	"clientele/internal/opt"
	"clientele/internal/sqldb"
	"clientele/internal/system"
)

// TokenKind says what a storefront token is for.
type TokenKind int64

// The kinds, by their token_type in a token. The original's number of the
// first is known, the others are ours.
const (
	BrowserToken       TokenKind = 1 // shows what anonymous shoppers see
	ImpersonationToken TokenKind = 2 // acts for any customer, server to server
	PrivateToken       TokenKind = 3 // does what its scopes say, server to server
)

// AccessScope is what a private token may be used for. None implies another.
type AccessScope string

// The access scopes.
const (
	AccessUnauthenticated AccessScope = "Unauthenticated"
	AccessCustomer        AccessScope = "Customer"
	AccessB2B             AccessScope = "B2B"
)

var accessScopes = []AccessScope{AccessUnauthenticated, AccessCustomer, AccessB2B}

// MaxOrigins is how many origins a browser token may name, MaxTokenChannels
// how many channels any.
const (
	MaxOrigins       = 2
	MaxTokenChannels = 100
)

// OpStorefrontToken names the making of storefront tokens in faults, and
// OpStorefrontRevoke their revocation.
const (
	OpStorefrontToken  = "storefront_token.create"
	OpStorefrontRevoke = "storefront_token.revoke"
)

// StorefrontToken is what a token says that was found to be good.
type StorefrontToken struct {
	Kind     TokenKind
	StoreID  int64
	Channels []int64
	Origins  []string      // from which browsers may use it
	Scopes   []AccessScope // of private tokens
	ClientID string        // the API account that made it
	Issued   int64
	Expires  int64 // 0: never
}

// Allows reports whether the token has an access scope. Only private tokens
// are limited by them.
func (t *StorefrontToken) Allows(s AccessScope) bool {
	return t.Kind != PrivateToken || slices.Contains(t.Scopes, s)
}

// TokenFault is why a storefront token is refused, in the original's words.
type TokenFault string

// The reasons.
const (
	TokenMissing       TokenFault = "GraphQL credentials were missing. No token was sent."
	TokenNoJWT         TokenFault = "GraphQL invalid credentials. String is not a JWT"
	TokenNoJSON        TokenFault = "GraphQL invalid credentials. JWT has no valid Json"
	TokenUnknownFormat TokenFault = "GraphQL invalid credentials. JWT has Json of an unknown format"
	TokenBadSignature  TokenFault = "GraphQL invalid credentials. JWT signature is invalid"
	TokenWrongStore    TokenFault = "GraphQL invalid credentials. JWT store id doesn't match store id of the URL"
	TokenWrongChannel  TokenFault = "GraphQL invalid credentials. JWT channel id doesn't match channel id of the URL"
	TokenExpired       TokenFault = "GraphQL invalid credentials. JWT is expired"
	TokenRevoked       TokenFault = "Unknown JWT token"
)

// Error implements error.
func (f TokenFault) Error() string { return string(f) }

// NewToken is what a storefront token is to be.
type NewToken struct {
	Kind     TokenKind
	ClientID string
	// ChannelID and ChannelIDs are two ways to name channels; one is needed.
	ChannelID  opt.Field[int64]
	ChannelIDs opt.Field[[]int64]
	Expires    int64 // 0: never
	Origins    opt.Field[[]string]
	Scopes     []string
}

// lastSecond is the end of the year 9999: what is later was meant to be in
// milliseconds.
const lastSecond = 253402300799

func (n *NewToken) check(now int64) (channels []int64, origins []string, err error) {
	c := &fault.Collector{Index: -1}
	switch {
	case n.ChannelID.Set && n.ChannelIDs.Set:
		c.Add("channel_id", fault.NotAccepted, "", "channel_id and channel_ids cannot both be given")
	case n.ChannelIDs.Set:
		if channels = slices.Compact(slices.Sorted(slices.Values(n.ChannelIDs.Value))); len(channels) == 0 {
			c.Add("channel_ids", fault.TooShort, "1", "channel_ids must not be empty")
		} else if len(channels) > MaxTokenChannels {
			c.Add("channel_ids", fault.TooManyItems, strconv.Itoa(MaxTokenChannels), fmt.Sprintf("channel_ids must have at most %d channels", MaxTokenChannels))
		}
	case n.ChannelID.Set:
		channels = []int64{n.ChannelID.Value}
	default:
		c.Add("channel_id", fault.Required, "", "channel_id or channel_ids is needed")
	}
	switch {
	case n.Expires < 0 || n.Expires > lastSecond:
		c.Add("expires_at", fault.OutOfRange, "", "expires_at must be a time in seconds since 1970")
	case n.Expires != 0 && n.Expires <= now:
		c.Add("expires_at", fault.OutOfRange, "", "expires_at must be in the future")
	}
	if n.Kind == BrowserToken && n.Origins.Set {
		if len(n.Origins.Value) == 0 || len(n.Origins.Value) > MaxOrigins {
			c.Add("allowed_cors_origins", fault.TooManyItems, strconv.Itoa(MaxOrigins), "allowed_cors_origins must have one or two origins")
		} else {
			for i, o := range n.Origins.Value {
				origin, ok := Origin(o)
				if !ok {
					c.Add("allowed_cors_origins."+strconv.Itoa(i), fault.BadFormat, "", "an origin is a scheme and a host, such as https://www.example.com")
				}
				origins = append(origins, origin)
			}
		}
	}
	if n.Kind == PrivateToken {
		if len(n.Scopes) == 0 {
			c.Add("scopes", fault.Required, "", "at least one scope is needed")
		}
		for i, s := range n.Scopes {
			if !slices.Contains(accessScopes, AccessScope(s)) {
				c.Add("scopes."+strconv.Itoa(i), fault.NotAccepted, "", "a scope is Unauthenticated, Customer or B2B")
			}
		}
	}
	return channels, origins, c.Err(fault.Invalid, OpStorefrontToken)
}

// Origin returns the form in which browsers send an origin, and whether it
// is one.
func Origin(text string) (string, bool) {
	u, err := url.Parse(strings.TrimSuffix(text, "/"))
	if err != nil || len(text) > 255 || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.Path != "" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.HasSuffix(text, "#") {
		return "", false
	}
	host := strings.ToLower(u.Host)
	if strings.ContainsAny(host, "*,%") || strings.HasSuffix(host, ":") {
		return "", false
	}
	if port := u.Port(); port == "443" && u.Scheme == "https" || port == "80" && u.Scheme == "http" {
		host = strings.TrimSuffix(host, ":"+port)
	}
	return u.Scheme + "://" + host, true
}

var (
	storefrontKeys   = sqldb.Static(`SELECT id, private_key FROM storefront_keys WHERE store_id = $1 ORDER BY id`)
	insertKey        = sqldb.Static(`INSERT INTO storefront_keys (store_id, id, private_key, date_created) VALUES ($1, $2, $3, $4)`)
	liveChannels     = sqldb.Static(`SELECT id FROM channels WHERE store_id = $1 AND status NOT IN ('deleted', 'terminated')`)
	findRevocation   = sqldb.Static(`SELECT 1 FROM storefront_revocations WHERE store_id = $1 AND token_hash = $2`)
	insertRevocation = sqldb.Static(`INSERT INTO storefront_revocations (store_id, token_hash, date_expires, date_revoked) VALUES ($1, $2, $3, $4)
		ON CONFLICT (store_id, token_hash) DO NOTHING`)
	dropRevocations = sqldb.Static(`DELETE FROM storefront_revocations WHERE store_id = $1 AND date_expires > 0 AND date_expires < $2`)
)

// StorefrontTokens makes and checks the tokens with which storefronts use the
// GraphQL API. They are signed with a key of the store (ES256), which is made
// at need and kept in the database. Like the secrets of API accounts it is
// there as it is: who can read the database can sign.
type StorefrontTokens struct {
	db  *sqldb.DB
	sys *system.System

	mu   sync.RWMutex
	keys map[int64]storeKeys
	read map[[sha256.Size]byte]*readToken
}

// storeKeys are a store's keys as they were at a time.
type storeKeys struct {
	asked time.Time
	keys  map[string]*ecdsa.PrivateKey
	last  string // signs
}

// readToken is a token whose signature is good.
type readToken struct {
	token StorefrontToken
	until time.Time // after which it is read again
	asked time.Time // when it was last seen not to be revoked
}

// How long what was read is trusted, and how much of it is kept.
const (
	readTTL      = time.Minute
	revokedTTL   = time.Second
	keysTTL      = time.Minute
	keysRetry    = time.Second // after a key was not found
	readTokens   = 10_000
	storesOfKeys = 1_000
)

// NewStorefrontTokens returns StorefrontTokens over db.
func NewStorefrontTokens(db *sqldb.DB, sys *system.System) *StorefrontTokens {
	return &StorefrontTokens{db: db, sys: sys, keys: map[int64]storeKeys{}, read: map[[sha256.Size]byte]*readToken{}}
}

// Create makes a token.
func (s *StorefrontTokens) Create(ctx context.Context, storeID int64, in NewToken) (string, error) {
	now := s.sys.Now()
	channels, origins, err := in.check(now)
	if err != nil {
		return "", err
	}
	live := map[int64]bool{}
	if err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		return tx.Query(liveChannels, func(r *sqldb.Row) error { live[r.Int(0)] = true; return nil })
	}); err != nil {
		return "", err
	}
	c := &fault.Collector{Index: -1}
	for _, id := range channels {
		if !live[id] {
			field := "channel_id"
			if in.ChannelIDs.Set {
				field = "channel_ids." + strconv.Itoa(slices.Index(in.ChannelIDs.Value, id))
			}
			c.Add(field, fault.Unknown, "", fmt.Sprintf("there is no channel %d", id))
		}
	}
	if err := c.Err(fault.Invalid, OpStorefrontToken); err != nil {
		return "", err
	}
	keys, err := s.signing(ctx, storeID)
	if err != nil {
		return "", err
	}
	b := append(make([]byte, 0, 256), `{"cid":[`...)
	for i, id := range channels {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, id, 10)
	}
	b = append(b, ']')
	if in.Kind == BrowserToken {
		b = jsonx.AppendStrings(append(b, `,"cors":`...), origins)
	}
	b = strconv.AppendInt(append(b, `,"eat":`...), in.Expires, 10)
	b = strconv.AppendInt(append(b, `,"iat":`...), now, 10)
	b = append(b, `,"iss":"BC"`...)
	if in.Kind == PrivateToken {
		b = jsonx.AppendStrings(append(b, `,"scopes":`...), slices.Compact(slices.Sorted(slices.Values(in.Scopes))))
	}
	b = strconv.AppendInt(append(b, `,"sid":`...), storeID, 10)
	b = jsonx.AppendString(append(b, `,"sub":`...), in.ClientID)
	b = strconv.AppendInt(append(b, `,"sub_type":2,"token_type":`...), int64(in.Kind), 10)
	return jwt.SignES256(keys.keys[keys.last], keys.last, append(b, '}'))
}

// Verify returns what a token says that may be used on a channel, or a
// TokenFault. It asks the database no more than once a second for each token,
// so a revocation holds everywhere within that time.
func (s *StorefrontTokens) Verify(ctx context.Context, storeID, channelID int64, token string, now int64) (*StorefrontToken, error) {
	if token == "" {
		return nil, TokenMissing
	}
	if len(token) > jwt.MaxLength {
		return nil, TokenNoJWT
	}
	hash := sha256.Sum256([]byte(token))
	got, err := s.recall(ctx, storeID, hash, token)
	if err != nil {
		return nil, err
	}
	switch t := &got.token; {
	case !slices.Contains(t.Channels, channelID):
		return nil, TokenWrongChannel
	case t.Expires != 0 && now >= t.Expires:
		return nil, TokenExpired
	}
	if s.sys.Clock().Sub(got.asked) >= revokedTTL {
		if got, err = s.askRevoked(ctx, hash, got); err != nil {
			return nil, err
		}
	}
	t := got.token
	return &t, nil
}

// recall returns a token of a store with a good signature.
func (s *StorefrontTokens) recall(ctx context.Context, storeID int64, hash [sha256.Size]byte, token string) (*readToken, error) {
	s.mu.RLock()
	got := s.read[hash]
	s.mu.RUnlock()
	if got != nil && got.token.StoreID == storeID && s.sys.Clock().Before(got.until) {
		return got, nil
	}
	t, err := s.readSigned(ctx, storeID, token)
	if err != nil {
		return nil, err
	}
	return &readToken{token: t, until: s.sys.Clock().Add(readTTL)}, nil
}

// askRevoked asks the database about a token and remembers one in force.
func (s *StorefrontTokens) askRevoked(ctx context.Context, hash [sha256.Size]byte, t *readToken) (*readToken, error) {
	asked, revoked := s.sys.Clock(), false
	err := s.db.Read(ctx, t.token.StoreID, func(tx *sqldb.Tx) error {
		return tx.Query(findRevocation, func(*sqldb.Row) error { revoked = true; return nil }, hex.EncodeToString(hash[:]))
	})
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if revoked {
		delete(s.read, hash)
		return nil, TokenRevoked
	}
	if len(s.read) >= readTokens {
		clear(s.read)
	}
	fresh := &readToken{token: t.token, until: t.until, asked: asked}
	s.read[hash] = fresh
	return fresh, nil
}

// readSigned reads a token and checks its signature with a key of the store,
// which the token has to name.
func (s *StorefrontTokens) readSigned(ctx context.Context, storeID int64, token string) (t StorefrontToken, err error) {
	raw, err := jwt.Parse(token)
	switch {
	case errors.Is(err, jwt.ErrForm):
		return t, TokenNoJWT
	case errors.Is(err, jwt.ErrJSON):
		return t, TokenNoJSON
	case err != nil:
		return t, TokenUnknownFormat
	}
	if t, err = readClaims(raw.Claims); err != nil {
		return t, err
	}
	if t.StoreID != storeID {
		return t, TokenWrongStore
	}
	id, _ := raw.Header.Get("kid").Str()
	key, err := s.key(ctx, storeID, id)
	if err != nil {
		return t, err
	}
	if key == nil || raw.SignedByES256(key) != nil {
		return t, TokenBadSignature
	}
	return t, nil
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

// Revoke ends a token of a store before its time. One that has ended already
// is fine.
func (s *StorefrontTokens) Revoke(ctx context.Context, storeID int64, token string) error {
	var t StorefrontToken
	err := error(TokenMissing)
	if token != "" {
		t, err = s.readSigned(ctx, storeID, token)
	}
	if bad := TokenFault(""); errors.As(err, &bad) {
		code := fault.BadFormat
		if bad == TokenMissing {
			code = fault.Required
		}
		return &fault.Error{Kind: fault.Invalid, Op: OpStorefrontRevoke, Items: []fault.Item{{Index: -1, Field: "Sf-Api-Token", Code: code, Message: string(bad)}}}
	}
	if err != nil {
		return err
	}
	hash := sha256.Sum256([]byte(token))
	now := s.sys.Now()
	err = s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		if err := tx.Exec(dropRevocations, now); err != nil {
			return err
		}
		return tx.Exec(insertRevocation, hex.EncodeToString(hash[:]), t.Expires, now)
	})
	if err == nil {
		s.mu.Lock()
		delete(s.read, hash)
		s.mu.Unlock()
	}
	return err
}

// signing returns a store's keys, of which it makes the first.
func (s *StorefrontTokens) signing(ctx context.Context, storeID int64) (storeKeys, error) {
	for attempt := 0; ; attempt++ {
		keys, err := s.load(ctx, storeID)
		if err != nil || keys.last != "" {
			return keys, err
		}
		key := s.drawKey()
		raw, err := key.Bytes()
		if err != nil {
			return keys, fmt.Errorf("key of store %d: %w", storeID, err)
		}
		err = s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
			return tx.Exec(insertKey, int64(1), base64.StdEncoding.EncodeToString(raw), s.sys.Now())
		})
		// Another process may have been first: then its key is the one.
		if err != nil && (!errors.Is(err, sqldb.ErrUnique) || attempt > 0) {
			return keys, err
		}
	}
}

// CheckStorefrontKey reports what is wrong with a key that was chosen.
func CheckStorefrontKey(text string) error {
	_, err := parseKey(text)
	return err
}

func parseKey(text string) (*ecdsa.PrivateKey, error) {
	raw, err := base64.StdEncoding.Strict().DecodeString(text)
	if err == nil {
		var key *ecdsa.PrivateKey
		if key, err = ecdsa.ParseRawPrivateKey(elliptic.P256(), raw); err == nil {
			return key, nil
		}
	}
	return nil, fault.New(fault.Invalid, "want 32 random bytes in base64")
}

// PutStorefrontKey lets a chosen key sign from now on, inside tx, unless the
// store has it. Tokens signed with earlier ones stay good.
func PutStorefrontKey(tx *sqldb.Tx, text string, now int64) error {
	last, found := int64(0), false
	if err := tx.Query(storefrontKeys, func(r *sqldb.Row) error {
		last, found = r.Int(0), found || r.Text(1) == text
		return nil
	}); err != nil || found {
		return err
	}
	return tx.Exec(insertKey, last+1, text, now)
}

func (s *StorefrontTokens) drawKey() *ecdsa.PrivateKey {
	for {
		var raw [32]byte
		s.sys.Bytes(raw[:])
		// All but one of 2^32 are keys.
		if key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), raw[:]); err == nil {
			return key
		}
	}
}

// key returns a store's key by its id, or nil.
func (s *StorefrontTokens) key(ctx context.Context, storeID int64, id string) (*ecdsa.PrivateKey, error) {
	s.mu.RLock()
	have, ok := s.keys[storeID]
	s.mu.RUnlock()
	age := s.sys.Clock().Sub(have.asked)
	if key := have.keys[id]; ok && (age < keysRetry || key != nil && age < keysTTL) {
		return key, nil
	}
	have, err := s.load(ctx, storeID)
	return have.keys[id], err
}

func (s *StorefrontTokens) load(ctx context.Context, storeID int64) (storeKeys, error) {
	out := storeKeys{asked: s.sys.Clock(), keys: map[string]*ecdsa.PrivateKey{}}
	err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		return tx.Query(storefrontKeys, func(r *sqldb.Row) error {
			key, err := parseKey(r.Text(1))
			if err != nil {
				return err
			}
			out.last = strconv.FormatInt(r.Int(0), 10)
			out.keys[out.last] = key
			return nil
		})
	})
	if err != nil {
		return out, fmt.Errorf("keys of store %d: %w", storeID, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.keys) >= storesOfKeys {
		clear(s.keys)
	}
	s.keys[storeID] = out
	return out, nil
}
