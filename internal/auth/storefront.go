package auth

import (
	"context"
	"crypto/sha256"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

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
	AccessB2B             AccessScope = "B2B" // for what has to do with companies
)

var accessScopes = []AccessScope{AccessUnauthenticated, AccessCustomer, AccessB2B}

// MaxOrigins is how many origins a browser token may name, MaxTokenChannels
// how many channels any.
const (
	MaxOrigins       = 2
	MaxTokenChannels = 100
)

var kindNames = [...]string{BrowserToken: "storefront", ImpersonationToken: "customer_impersonation", PrivateToken: "private"}

// String returns the kind's name in the register.
func (k TokenKind) String() string { return kindNames[k] }

// StorefrontToken is what a token says that was found to be good.
type StorefrontToken struct {
	Kind     TokenKind
	StoreID  int64
	Channels []int64
	Origins  []string      // from which browsers may use it
	Scopes   []AccessScope // of private tokens
	ClientID string        // the API account that made it
	KeyID    int64         // what it is signed with
	Issued   int64
	Expires  int64 // 0: never
}

// Allows reports whether the token has an access scope. Only private tokens
// are limited by them.
func (t *StorefrontToken) Allows(s AccessScope) bool {
	return t.Kind != PrivateToken || slices.Contains(t.Scopes, s)
}

// ForServers reports whether the token is a secret between servers.
func (t *StorefrontToken) ForServers() bool {
	return t.Kind == ImpersonationToken || t.Kind == PrivateToken
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
	c := &fault.Collector{}
	switch {
	case n.ChannelID.Set && n.ChannelIDs.Set:
		c.Because(FieldChannel, fault.NotAccepted, WhyBoth, "")
	case n.ChannelIDs.Set:
		if channels = slices.Compact(slices.Sorted(slices.Values(n.ChannelIDs.Value))); len(channels) == 0 {
			c.Because(FieldChannels, fault.TooShort, WhyNoChannels, "1")
		} else if len(channels) > MaxTokenChannels {
			c.Because(FieldChannels, fault.TooManyItems, WhyManyChannels, strconv.Itoa(MaxTokenChannels))
		}
	case n.ChannelID.Set:
		channels = []int64{n.ChannelID.Value}
	default:
		c.Because(FieldChannel, fault.Required, WhyNoChannel, "")
	}
	switch {
	case n.Expires < 0 || n.Expires > lastSecond:
		c.Because(FieldExpires, fault.OutOfRange, WhyTime, "")
	case n.Expires != 0 && n.Expires <= now:
		c.Because(FieldExpires, fault.OutOfRange, WhyPast, "")
	}
	if n.Kind == BrowserToken && n.Origins.Set {
		if len(n.Origins.Value) == 0 || len(n.Origins.Value) > MaxOrigins {
			c.Because(FieldOrigins, fault.TooManyItems, WhyOrigins, strconv.Itoa(MaxOrigins))
		} else {
			for i, o := range n.Origins.Value {
				origin, ok := Origin(o)
				if !ok {
					c.AddItem(fault.Item{Field: FieldOrigins, At: i + 1, Code: fault.BadFormat, Why: WhyOrigin})
				}
				origins = append(origins, origin)
			}
		}
	}
	if n.Kind == PrivateToken {
		if len(n.Scopes) == 0 {
			c.Because(FieldScopes, fault.Required, WhyNoScope, "")
		}
		for i, s := range n.Scopes {
			if !slices.Contains(accessScopes, AccessScope(s)) {
				c.AddItem(fault.Item{Field: FieldScopes, At: i + 1, Code: fault.NotAccepted, Why: WhyScope})
			}
		}
	}
	return channels, origins, c.Err(fault.Invalid)
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

var liveChannels = sqldb.Static(`SELECT id FROM channels WHERE store_id = $1 AND status NOT IN ('deleted', 'terminated')`)

// StorefrontTokens makes and checks the tokens with which storefronts use the
// GraphQL API, and keeps a register of them. They are signed with a key of the
// store (ES256), which is made at need and kept in the database. Like the
// secrets of API accounts it is there as it is: who can read the database can
// sign.
type StorefrontTokens struct {
	db  *sqldb.DB
	sys *system.System

	mu   sync.RWMutex
	keys map[int64]storeKeys
	read map[[sha256.Size]byte]*readToken

	using sync.Mutex
	uses  map[registered]*use
}

// NewStorefrontTokens returns StorefrontTokens over db.
func NewStorefrontTokens(db *sqldb.DB, sys *system.System) *StorefrontTokens {
	return &StorefrontTokens{db: db, sys: sys, keys: map[int64]storeKeys{}, read: map[[sha256.Size]byte]*readToken{}, uses: map[registered]*use{}}
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
	c := &fault.Collector{}
	for _, id := range channels {
		if !live[id] {
			bad := fault.Item{Field: FieldChannel, Code: fault.Unknown, Why: WhyUnknownChannel, Value: strconv.FormatInt(id, 10)}
			if in.ChannelIDs.Set {
				bad.Field, bad.At = FieldChannels, slices.Index(in.ChannelIDs.Value, id)+1
			}
			c.AddItem(bad)
		}
	}
	if err := c.Err(fault.Invalid); err != nil {
		return "", err
	}
	keys, err := s.signing(ctx, storeID)
	if err != nil {
		return "", err
	}
	t := &StorefrontToken{
		Kind: in.Kind, StoreID: storeID, Channels: channels, Origins: origins, ClientID: in.ClientID, KeyID: keys.last, Issued: now, Expires: in.Expires,
	}
	if in.Kind == PrivateToken {
		for _, scope := range slices.Compact(slices.Sorted(slices.Values(in.Scopes))) {
			t.Scopes = append(t.Scopes, AccessScope(scope))
		}
	}
	key := strconv.FormatInt(keys.last, 10)
	// What is made twice in a second is one token. If that was revoked, the new
	// one is dated back, as its text has to be another.
	for ; t.Issued > now-maxBackdate; t.Issued-- {
		text, err := jwt.SignES256(keys.keys[key].private, key, t.claims())
		if err != nil {
			return "", err
		}
		signed := text[:strings.LastIndexByte(text, '.')]
		if good, err := s.enterNew(ctx, t, HashToken(signed)); err != nil || good {
			return text, err
		}
	}
	return "", &fault.Error{Kind: fault.TooMany, Message: "too many tokens like this one were revoked within a minute", RetryAfter: 1}
}

// maxBackdate bounds by how many seconds a token is dated back.
const maxBackdate = 60

// claims returns what the token says, as the original writes it.
func (t *StorefrontToken) claims() []byte {
	b := append(make([]byte, 0, 256), `{"cid":`...)
	b = jsonx.AppendInts(b, t.Channels)
	if t.Kind == BrowserToken {
		b = jsonx.AppendStrings(append(b, `,"cors":`...), t.Origins)
	}
	b = strconv.AppendInt(append(b, `,"eat":`...), t.Expires, 10)
	b = strconv.AppendInt(append(b, `,"iat":`...), t.Issued, 10)
	b = append(b, `,"iss":"BC"`...)
	if t.Kind == PrivateToken {
		b = jsonx.AppendStrings(append(b, `,"scopes":`...), scopeNames(t.Scopes))
	}
	b = strconv.AppendInt(append(b, `,"sid":`...), t.StoreID, 10)
	b = jsonx.AppendString(append(b, `,"sub":`...), t.ClientID)
	b = strconv.AppendInt(append(b, `,"sub_type":2,"token_type":`...), int64(t.Kind), 10)
	return append(b, '}')
}

func scopeNames(scopes []AccessScope) []string {
	out := make([]string, len(scopes))
	for i, s := range scopes {
		out[i] = string(s)
	}
	return out
}
