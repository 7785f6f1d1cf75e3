package sso

import (
	"context"
	"encoding/json"
	"errors"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"clientele/internal/account"
	"clientele/internal/auth"
	"clientele/internal/fault"
	"clientele/internal/jsonx"
	"clientele/internal/jwt"
	"clientele/internal/limit"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

// SyncLife is how long a session sync token is good, in seconds.
const SyncLife = 30

// SyncPath is where storefronts take session sync tokens, in the parameter jwt.
const SyncPath = "/session-sync"

const (
	syncOperation = "session_sync"
	syncIssuer    = "BC"
)

// As documented, who sends invalid tokens is turned away for a while. Each
// process counts by itself: signatures cannot be guessed anyway.
const (
	invalidTokens  = 3
	invalidWindow  = 5 * time.Minute
	invalidSenders = 100_000
)

// The reasons for which session sync tokens alone are refused.
const (
	SyncSignature Reason = "the signature is not that of a key of the store in force"
	SyncOperation Reason = "operation must be session_sync, iss BC"
	SyncStore     Reason = "sid is not the id of this store"
	SyncExpired   Reason = "the token is older than 30 seconds"
	SyncEnded     Reason = "the session that the token was made in has ended"
)

// Genuine reports whether a token that is refused was the store's own and meant
// for who sent it: it came too late, was used, or its shopper may not sign in.
func (r Reason) Genuine() bool {
	switch r {
	case SyncExpired, SyncEnded, Used, UnknownPerson, NoAccess:
		return true
	}
	return false
}

// Faults of requests for a session sync token.
var (
	ErrSyncRedirect = fault.New(fault.Invalid, "the redirect must be a path on the storefront, such as /account.php, or an address of one of the store's storefronts")
	ErrSyncAddress  = fault.New(fault.Invalid, "the shopper's address must be an IP address")
	ErrSyncLong     = fault.New(fault.Invalid, "the token would be too long: it holds at most 8192 bytes")
	ErrSyncNowhere  = fault.New(fault.Invalid, "the storefront has no address")
)

// Asked is where a storefront is asked.
type Asked struct {
	Site         store.Site
	Scheme, Host string
}

// SyncRequest is what a session sync token is to carry.
type SyncRequest struct {
	// Session is that of the shopper; nil: a guest.
	Session    *account.Session
	RedirectTo string
	Visit      Visit
	Wallet     *Wallet
}

// Visit is what a storefront tells of a shopper's visit for analytics. Nothing
// here counts visits: whoever takes the token is told.
type Visit struct {
	VisitorID, VisitID string
	// Address is the shopper's, and the only one from which the token is taken;
	// empty: any.
	Address string
	// Request and Consent may be nil.
	Request *VisitRequest
	Consent *VisitConsent
}

// VisitRequest is the request of the shopper.
type VisitRequest struct {
	URL            string `json:"url"`
	UserAgent      string `json:"user_agent"`
	Referer        string `json:"referer_url,omitempty"`
	AcceptLanguage string `json:"accept_language,omitempty"`
}

// VisitConsent is what the shopper agreed to.
type VisitConsent struct {
	Targeting  bool `json:"targeting"`
	Analytics  bool `json:"analytics"`
	Functional bool `json:"functional"`
}

// Wallet is how a shopper begins to pay. It is carried as it is.
type Wallet struct {
	InitializationID string `json:"initialization_id,omitempty"`
	ProviderOrderID  string `json:"provider_order_id,omitempty"`
	ProviderID       string `json:"provider_id,omitempty"`
}

// syncClaims are what a token says. The members up to payment_wallet_data are
// the documented ones, null where there is nothing.
type syncClaims struct {
	Issuer     string      `json:"iss"`
	Issued     int64       `json:"iat"`
	Expires    int64       `json:"eat"`
	ID         string      `json:"jti"`
	Operation  string      `json:"operation"`
	StoreID    int64       `json:"sid"`
	Payload    syncPayload `json:"session_payload"`
	Address    *string     `json:"request_ip"`
	RedirectTo string      `json:"redirect_to"`
}

type syncPayload struct {
	CartID     *string `json:"cart_id"`
	CustomerID *int64  `json:"customer_id"`
	VisitorID  *string `json:"visitor_id"`
	VisitID    *string `json:"visit_id"`
	CartLocale *string `json:"cart_locale"`
	Wallet     *Wallet `json:"payment_wallet_data"`
	// SessionID is the session that the token was made in: the token ends with it.
	SessionID int64         `json:"session_id,omitempty"`
	Request   *VisitRequest `json:"analytics_request,omitempty"`
	Consent   *VisitConsent `json:"analytics_consent,omitempty"`
}

// Sync carries sessions from one storefront of a store to another.
type Sync struct {
	*Service
	hosts   *store.Hosts
	tokens  *auth.StorefrontTokens
	invalid *limit.Guard
}

// NewSync returns a Sync.
func NewSync(s *Service, hosts *store.Hosts, tokens *auth.StorefrontTokens) *Sync {
	return &Sync{Service: s, hosts: hosts, tokens: tokens, invalid: limit.NewGuard(s.sys, invalidTokens, invalidWindow, invalidSenders)}
}

// Make makes a token, and the address at which it is taken: on the storefront
// that it leads to. It is account.ErrOnBehalf for who acts for a customer.
func (s *Sync) Make(ctx context.Context, at Asked, in SyncRequest) (token, address string, err error) {
	// Who takes the token would have a session of the customer's own.
	if in.Session != nil && in.Session.OnBehalf() {
		return "", "", account.ErrOnBehalf
	}
	origin, path, err := s.target(ctx, at, in.RedirectTo)
	if err != nil {
		return "", "", err
	}
	now := s.sys.Now()
	c := syncClaims{
		Issuer: syncIssuer, Issued: now, Expires: now + SyncLife, ID: s.sys.UUID(), Operation: syncOperation, StoreID: at.Site.StoreID, RedirectTo: origin + path,
		Address: textOrNull(in.Visit.Address),
		Payload: syncPayload{VisitorID: textOrNull(in.Visit.VisitorID), VisitID: textOrNull(in.Visit.VisitID), Wallet: in.Wallet, Request: in.Visit.Request, Consent: in.Visit.Consent},
	}
	if in.Visit.Address != "" {
		if ip, err := netip.ParseAddr(in.Visit.Address); err != nil || ip.Zone() != "" {
			return "", "", ErrSyncAddress
		}
	}
	if in.Session != nil {
		c.Payload.CustomerID, c.Payload.SessionID = &in.Session.CustomerID, in.Session.ID
	}
	claims, err := json.Marshal(&c)
	if err != nil {
		return "", "", err
	}
	if token, err = s.tokens.Sign(ctx, at.Site.StoreID, claims); err != nil {
		return "", "", err
	}
	if len(token) > jwt.MaxLength {
		return "", "", ErrSyncLong
	}
	return token, origin + SyncPath + "?" + url.Values{"jwt": {token}}.Encode(), nil
}

func textOrNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// target returns where a redirect leads: the storefront, as scheme and host,
// and the path there. It takes paths on the storefront that is asked, and
// addresses of the same store's storefronts.
func (s *Sync) target(ctx context.Context, at Asked, to string) (origin, path string, err error) {
	origin, path = s.hosts.Here(at.Site, at.Scheme, at.Host), to
	if origin == "" {
		return "", "", ErrSyncNowhere
	}
	u, err := url.Parse(to)
	switch {
	case err != nil:
		return "", "", ErrSyncRedirect
	case u.Scheme != "" && u.Host != "":
		named := u.Scheme + "://" + u.Host
		if u.Scheme != "http" && u.Scheme != "https" || u.User != nil || len(to) < len(named) || !strings.EqualFold(to[:len(named)], named) {
			return "", "", ErrSyncRedirect
		}
		path = to[len(named):]
		if !strings.EqualFold(named, origin) {
			site, ok, err := s.hosts.Known(ctx, u.Scheme, u.Host)
			if err != nil {
				return "", "", err
			}
			secure := strings.HasPrefix(origin, "https://")
			if !ok || site.StoreID != at.Site.StoreID || secure && u.Scheme != "https" || !strings.EqualFold(named, s.hosts.Here(site, u.Scheme, u.Host)) {
				return "", "", ErrSyncRedirect
			}
			origin = named
		}
	}
	if path == "" || path[0] != '/' {
		path = "/" + path
	}
	if path = store.SafeRedirect(path, ""); path == "" {
		return "", "", ErrSyncRedirect
	}
	return origin, path, nil
}

// Synced is what came of a token.
type Synced struct {
	// Grant is the session that was opened; nil: the token is a guest's.
	Grant *account.Grant
	// CustomerID is whom the token names, also where it is not accepted; 0: a guest,
	// or nobody knows.
	CustomerID int64
	// RedirectTo is an address of one of the store's storefronts.
	RedirectTo string
	Visit      Visit
}

// Take accepts a token on a site, once, and opens a session of the given kind
// for its customer. A token that is not accepted is a Reason; it is not used up
// by that. Whoever sends invalid ones is TooMany for a while, but for servers
// that do not tell for whom they ask: they stand for many.
func (s *Sync) Take(ctx context.Context, site store.Site, kind account.Kind, token string, c account.Client) (Synced, error) {
	sender := ""
	if network := c.Peer.Network(); network != "" && !c.Peer.Backend {
		sender = strconv.FormatInt(site.StoreID, 10) + " " + network
		if wait := s.invalid.Wait(sender); wait > 0 {
			return Synced{}, limit.TooMany(wait)
		}
	}
	out, err := s.take(ctx, site, kind, token, c)
	if why := Reason(""); sender != "" && errors.As(err, &why) && !why.Genuine() {
		s.invalid.Take(sender)
	}
	return out, err
}

func (s *Sync) take(ctx context.Context, site store.Site, kind account.Kind, token string, c account.Client) (Synced, error) {
	raw, err := jwt.Parse(token)
	switch {
	case errors.Is(err, jwt.ErrForm):
		return Synced{}, NoToken
	case err != nil:
		return Synced{}, NoClaims
	}
	says := claims{raw.Claims}
	// A store cannot check what another signed.
	if sid, ok := says.v.Get("sid").Int(); says.text("operation") == syncOperation && ok && sid != site.StoreID {
		return Synced{}, SyncStore
	}
	if err := s.tokens.Signed(ctx, site.StoreID, raw); err != nil {
		if bad := auth.TokenFault(""); errors.As(err, &bad) {
			return Synced{}, SyncSignature
		}
		return Synced{}, err
	}
	// The same keys sign storefront tokens.
	if says.text("operation") != syncOperation || says.text("iss") != syncIssuer {
		return Synced{}, SyncOperation
	}
	now := s.sys.Now()
	eat, ok := says.v.Get("eat").Int()
	jti := says.text("jti")
	address := says.text("request_ip")
	payload := claims{says.v.Get("session_payload")}
	customerID, isCustomer := payload.id("customer_id")
	refused := Synced{}
	if isCustomer {
		refused.CustomerID = customerID
	}
	switch {
	case !ok || now >= eat:
		return refused, SyncExpired
	case jti == "":
		return refused, NoID
	case address != "" && !sameAddress(address, c.Peer.Address):
		return refused, WrongAddress
	}
	out := Synced{CustomerID: refused.CustomerID, RedirectTo: says.text("redirect_to"), Visit: payload.visit(address)}
	once := &use{issuer: syncIssuer, jti: jti, now: now}
	if !isCustomer {
		return out, s.db.Write(ctx, site.StoreID, func(tx *sqldb.Tx) error {
			if err := tx.Pipeline(once.Query()); err != nil {
				return err
			}
			return once.Err()
		})
	}
	sessionID, inSession := payload.id("session_id")
	if !inSession {
		return refused, SyncEnded
	}
	g, err := s.accounts.SignInAs(ctx, site, kind, account.Proof{CustomerID: customerID, By: account.BySync, SessionID: sessionID, Once: once}, c)
	if err = reasonOf(err); errors.Is(err, UnknownPerson) {
		return Synced{}, err
	}
	if err != nil {
		return refused, err
	}
	out.Grant = &g
	return out, nil
}

// visit reads what the token tells of a visit.
func (c claims) visit(address string) Visit {
	out := Visit{VisitorID: c.text("visitor_id"), VisitID: c.text("visit_id"), Address: address}
	if r := (claims{c.v.Get("analytics_request")}); r.v.Kind() == jsonx.Object {
		out.Request = &VisitRequest{URL: r.text("url"), UserAgent: r.text("user_agent"), Referer: r.text("referer_url"), AcceptLanguage: r.text("accept_language")}
	}
	if v := c.v.Get("analytics_consent"); v.Kind() == jsonx.Object {
		out.Consent = &VisitConsent{}
		out.Consent.Targeting, _ = v.Get("targeting").Bool()
		out.Consent.Analytics, _ = v.Get("analytics").Bool()
		out.Consent.Functional, _ = v.Get("functional").Bool()
	}
	return out
}
