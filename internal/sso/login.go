// Package sso vouches for shoppers in both directions: it takes the word of an
// app, in a signed token, that a shopper is a certain customer, and tells an
// app in a signed token who is signed in. These tokens are signed with the
// secret of an API account, which only the app and the store know. Tokens that
// carry a session from one storefront of a store to another are signed with the
// store's own key.
package sso

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/bits"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"clientele/internal/account"
	"clientele/internal/auth"
	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/jsonx"
	"clientele/internal/jwt"
	"clientele/internal/sqldb"
	"clientele/internal/store"
	"clientele/internal/system"
)

// Tolerance is how far the time at which a login token was made may be from
// now, in seconds, before it and after it: clocks differ.
const Tolerance = 30

// usedFor is how long the ids of accepted tokens are remembered. An id keeps a
// token from being used twice until Tolerance has passed and the token is too
// old. The longer time also refuses a new token with the id of an earlier one,
// so that an app learns that its ids are not unique.
const usedFor = 24 * time.Hour

// DefaultRedirect is where a shopper goes after signing in.
const DefaultRedirect = "/account.php"

const (
	loginOperation   = "customer_login"
	currentOperation = "current_customer"
)

// maxID bounds the id of a token, in bytes.
const maxID = 1024

// Reason is why a login token is refused, in words for the operator.
// Shoppers are told none of it.
type Reason string

// The reasons.
const (
	NoToken        Reason = "the token is no JSON Web Token"
	NoClaims       Reason = "the token's header or claims are not JSON objects"
	WrongType      Reason = `the token's header must have typ "JWT"`
	WrongAlgorithm Reason = "the token must be signed with HS256"
	NoIssuer       Reason = "iss must be the client id of an API account"
	UnknownIssuer  Reason = "iss is not the client id of an API account of this store"
	BadSignature   Reason = "the signature does not fit the client secret of the API account"
	RevokedIssuer  Reason = "the API account is revoked"
	MissingScope   Reason = "the API account lacks the scope store_v2_customers_login"
	WrongOperation Reason = "operation must be customer_login"
	WrongStore     Reason = "store_hash is not that of this store"
	NoTime         Reason = "iat must be a whole number of seconds"
	TooOld         Reason = "iat is more than 30 seconds ago"
	TooEarly       Reason = "iat is more than 30 seconds in the future"
	Expired        Reason = "exp or nbf does not allow the token now"
	NoID           Reason = "jti must be a text that no other token has"
	NoCustomer     Reason = "customer_id must be the id of a customer"
	WrongChannel   Reason = "channel_id, 1 unless given, is not that of this storefront"
	WrongAddress   Reason = "request_ip is not the address of the client"
	BadRedirect    Reason = "redirect_to must be a path on this storefront"
	BadMember      Reason = "enable_persistent_cart must be true or false"
	UnknownPerson  Reason = "there is no customer with customer_id"
	NoAccess       Reason = "the customer may not use this channel"
	Used           Reason = "the token was used before"
)

// Error implements error.
func (r Reason) Error() string { return "login token refused: " + string(r) }

// Login is what an accepted token asks for.
type Login struct {
	CustomerID int64
	RedirectTo string // a path on the site
	ClientID   string // of the API account that vouches
	// PersistentCart is asked for by some; there are no carts here.
	PersistentCart bool
}

// Service makes and accepts tokens.
type Service struct {
	db       *sqldb.DB
	sys      *system.System
	stores   *store.Service
	accounts *account.Service
	issuers  *sqldb.Kept[string, issuer] // by client id
}

// NewService returns a Service over db.
func NewService(db *sqldb.DB, sys *system.System, stores *store.Service, accounts *account.Service) *Service {
	return &Service{db: db, sys: sys, stores: stores, accounts: accounts, issuers: sqldb.Keep(db, readIssuer, "api_accounts")}
}

var (
	selectSecret   = sqldb.Static(`SELECT client_secret, scopes, date_revoked FROM api_accounts WHERE store_id = $1 AND client_id = $2`)
	selectSecrets  = sqldb.Static(`SELECT client_id, client_secret, scopes FROM api_accounts WHERE store_id = $1 AND date_revoked = 0 ORDER BY id`)
	endedUses      = sqldb.Static(`SELECT client_id, jti_hash FROM used_login_tokens WHERE store_id = $1 AND date_used < $2 ORDER BY date_used LIMIT $3`)
	unuse          = sqldb.Static(`DELETE FROM used_login_tokens WHERE store_id = $1 AND client_id = $2 AND jti_hash = $3`)
	dropUse        = sqldb.Static(`DELETE FROM used_login_tokens WHERE store_id = $1 AND client_id = $2 AND jti_hash = $3 AND date_used < $4`)
	loginScopeName = string(auth.CustomersLogin)
)

// Ended returns the used tokens that nobody can use again.
func Ended() []sqldb.Ended {
	return []sqldb.Ended{{Keys: endedUses, Columns: 2, Drop: dropUse, Keep: usedFor}}
}

// issuer is an API account as a signer.
type issuer struct {
	known   bool
	secret  string
	scopes  []string
	revoked bool
}

// issuer returns the API account with a client id.
func (s *Service) issuer(ctx context.Context, storeID int64, clientID string) (issuer, error) {
	return s.issuers.Get(ctx, storeID, clientID)
}

func readIssuer(tx *sqldb.Tx, clientID string) (out issuer, err error) {
	err = tx.Query(selectSecret, func(r *sqldb.Row) (err error) {
		out = issuer{known: true, scopes: strings.Fields(r.Text(1)), revoked: r.Int(2) != 0}
		out.secret, err = auth.OpenSecret(tx, clientID, r.Text(0))
		return err
	}, clientID)
	return out, err
}

// SignIn accepts a login token on a site, once, and opens a session of the
// given kind for its customer. A token that is not accepted is a Reason; it is
// not used up by that. Then Login has what is known of it, if its signature is good.
func (s *Service) SignIn(ctx context.Context, site store.Site, kind account.Kind, token string, c account.Client) (Login, account.Grant, error) {
	now := s.sys.Now()
	in, jti, err := s.read(ctx, site, token, c.Peer.Address, now)
	if err != nil {
		return in, account.Grant{}, err
	}
	g, err := s.accounts.SignInAs(ctx, site, kind, account.Proof{CustomerID: in.CustomerID, By: account.ByLoginToken, ClientID: in.ClientID, Once: &use{issuer: in.ClientID, jti: jti, now: now}}, c)
	err = reasonOf(err)
	if errors.Is(err, UnknownPerson) {
		in.CustomerID = 0
	}
	return in, g, err
}

// Vouched is what came of a token, for the operator and the history.
func (l *Login) Vouched(refused string) account.Vouched {
	return account.Vouched{CustomerID: l.CustomerID, ClientID: l.ClientID, Refused: refused}
}

// reasonOf returns why a customer is not signed in whom a token names.
func reasonOf(err error) error {
	switch {
	case errors.Is(err, account.ErrNobody):
		return UnknownPerson
	case errors.Is(err, account.ErrNoAccess):
		return NoAccess
	case errors.Is(err, account.ErrNoSession):
		return SyncEnded
	}
	return err
}

// read checks a login token that a client at the address peer sends.
func (s *Service) read(ctx context.Context, site store.Site, token, peer string, now int64) (in Login, jti string, err error) {
	raw, err := jwt.Parse(token)
	switch {
	case errors.Is(err, jwt.ErrForm):
		return Login{}, "", NoToken
	case err != nil:
		return Login{}, "", NoClaims
	}
	// The original takes no token without a type.
	if typ, _ := raw.Header.Get("typ").Str(); !strings.EqualFold(typ, "JWT") {
		return Login{}, "", WrongType
	}
	c := claims{raw.Claims}
	in = Login{ClientID: c.text("iss")}
	if in.ClientID == "" || strings.ContainsRune(in.ClientID, 0) {
		return Login{}, "", NoIssuer
	}
	by, err := s.issuer(ctx, site.StoreID, in.ClientID)
	if err != nil {
		return Login{}, "", err
	}
	if !by.known {
		return Login{}, "", UnknownIssuer
	}
	switch err := raw.VerifyHMAC(jwt.HS256, by.secret); {
	case errors.Is(err, jwt.ErrAlgorithm), errors.Is(err, jwt.ErrCritical):
		return Login{}, "", WrongAlgorithm
	case err != nil:
		return Login{}, "", BadSignature
	case by.revoked:
		return Login{ClientID: in.ClientID}, "", RevokedIssuer
	case !slices.Contains(by.scopes, loginScopeName):
		return Login{ClientID: in.ClientID}, "", MissingScope
	}
	jti, err = c.read(&in, site, peer, now)
	return in, jti, err
}

// claims are those of a login token.
type claims struct{ v jsonx.Value }

func (c claims) text(name string) string {
	s, _ := c.v.Get(name).Str()
	return s
}

// id reads an id, which some apps send as text.
func (c claims) id(name string) (n int64, ok bool) {
	v := c.v.Get(name)
	if n, ok = v.Int(); !ok {
		text, isText := v.Str()
		var err error
		n, err = strconv.ParseInt(text, 10, 64)
		ok = isText && err == nil && strconv.FormatInt(n, 10) == text
	}
	return n, ok && n > 0
}

// given reports whether a claim has a value. An empty text is none.
func (c claims) given(name string) bool {
	v := c.v.Get(name)
	text, isText := v.Str()
	return v.Present() && !v.IsNull() && (!isText || text != "")
}

// read checks what a token with a good signature says, and returns its id.
func (c claims) read(out *Login, site store.Site, peer string, now int64) (jti string, err error) {
	if c.text("operation") != loginOperation {
		return "", WrongOperation
	}
	if c.text("store_hash") != site.StoreHash {
		return "", WrongStore
	}
	iat, ok := c.v.Get("iat").Int()
	switch {
	case !ok:
		return "", NoTime
	case iat < now-Tolerance:
		return "", TooOld
	case iat > now+Tolerance:
		return "", TooEarly
	}
	if exp, ok := c.v.Get("exp").Int(); c.v.Get("exp").Present() && (!ok || exp <= now) {
		return "", Expired
	}
	if nbf, ok := c.v.Get("nbf").Int(); c.v.Get("nbf").Present() && (!ok || nbf > now+Tolerance) {
		return "", Expired
	}
	if jti = c.text("jti"); jti == "" || len(jti) > maxID {
		return "", NoID
	}
	channel := int64(store.DefaultChannel)
	if c.given("channel_id") {
		if channel, ok = c.id("channel_id"); !ok {
			return "", WrongChannel
		}
	}
	if channel != site.ChannelID {
		return "", WrongChannel
	}
	if out.CustomerID, ok = c.id("customer_id"); !ok {
		return "", NoCustomer
	}
	if c.given("request_ip") && !sameAddress(c.text("request_ip"), peer) {
		return "", WrongAddress
	}
	out.RedirectTo = DefaultRedirect
	if c.given("redirect_to") {
		if out.RedirectTo = store.SafeRedirect(c.text("redirect_to"), ""); out.RedirectTo == "" {
			return "", BadRedirect
		}
	}
	if c.given("enable_persistent_cart") {
		if out.PersistentCart, ok = c.v.Get("enable_persistent_cart").Bool(); !ok {
			return "", BadMember
		}
	}
	return jti, nil
}

// sameAddress compares IP addresses in whatever form they are written.
func sameAddress(a, b string) bool {
	x, errX := netip.ParseAddr(a)
	y, errY := netip.ParseAddr(b)
	return errX == nil && errY == nil && x.Unmap().WithZone("") == y.Unmap().WithZone("")
}

// mayEnter makes sure that a customer exists and may use a site.
func (s *Service) mayEnter(ctx context.Context, site store.Site, id int64) error {
	var p customer.Person
	var admission customer.Admission
	err := s.db.Read(ctx, site.StoreID, func(tx *sqldb.Tx) error {
		return tx.Pipeline(append(admission.Query(site.ChannelID), customer.PersonQuery(id, &p))...)
	})
	switch {
	case err != nil:
		return err
	case p.ID == 0:
		return UnknownPerson
	case !admission.Enters(p.Channels):
		return NoAccess
	}
	return nil
}

// use marks a token as used, by who made it and its id; the row decides who was
// first.
type use struct {
	issuer, jti string
	now         int64
	first       bool
}

func (u *use) hash() string { return auth.HashToken(u.jti) }

// Query implements account.Once. All that wait for each other have their rows in
// one order, and of the same token the first is the one in the order of also.
func (u *use) Query(also ...account.Once) sqldb.Q {
	all, firsts := []*use{u}, map[[2]string]*use{}
	for _, o := range also {
		all = append(all, o.(*use))
	}
	for _, u := range all {
		u.first = false
		if key := [2]string{u.issuer, u.hash()}; firsts[key] == nil {
			firsts[key] = u
		}
	}
	rows := slices.SortedFunc(maps.Keys(firsts), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) })
	// As many rows as few texts need: the last one is there several times.
	args := make([]any, 0, 3*len(rows))
	text := []byte(`INSERT INTO used_login_tokens (store_id, client_id, jti_hash, date_used) VALUES `)
	for i, n := 0, 1<<bits.Len(uint(len(rows)-1)); i < n; i++ {
		key := rows[min(i, len(rows)-1)]
		if i > 0 {
			text = append(text, ", "...)
		}
		text = fmt.Appendf(text, "($1, $%d, $%d, $%d)", 3*i+2, 3*i+3, 3*i+4)
		args = append(args, key[0], key[1], firsts[key].now)
	}
	text = append(text, ` ON CONFLICT (store_id, client_id, jti_hash) DO NOTHING RETURNING client_id, jti_hash`...)
	return sqldb.Q{Stmt: sqldb.DynamicText(text), Args: args, Each: func(r *sqldb.Row) error {
		firsts[[2]string{r.Text(0), r.Text(1)}].first = true
		return nil
	}}
}

// Err implements account.Once.
func (u *use) Err() error {
	if !u.first {
		return Used
	}
	return nil
}

// GiveBack implements account.Once.
func (u *use) GiveBack(tx *sqldb.Tx) error {
	return tx.Exec(unuse, u.issuer, u.hash())
}

// Request is what a login token is to ask for.
type Request struct {
	ClientID   string // empty: the first account that may vouch for customers
	CustomerID int64
	RedirectTo string // empty: the default
}

// Token makes a login token for a site, which is good for half a minute.
func (s *Service) Token(ctx context.Context, site store.Site, in Request) (string, error) {
	if in.RedirectTo != "" && store.SafeRedirect(in.RedirectTo, "") == "" {
		return "", fault.New(fault.Invalid, "the redirect must be a path on the storefront, such as /checkout")
	}
	clientID, secret := "", ""
	err := s.db.Read(ctx, site.StoreID, func(tx *sqldb.Tx) error {
		clientID = ""
		return tx.Query(selectSecrets, func(r *sqldb.Row) (err error) {
			if clientID == "" && (in.ClientID == "" || in.ClientID == r.Text(0)) && slices.Contains(strings.Fields(r.Text(2)), loginScopeName) {
				clientID = r.Text(0)
				secret, err = auth.OpenSecret(tx, clientID, r.Text(1))
			}
			return err
		})
	})
	if err != nil {
		return "", err
	}
	if clientID == "" {
		if in.ClientID != "" {
			return "", fault.New(fault.NotFound, fmt.Sprintf("the store has no API account with the client id %q that is in force and has the scope %s", in.ClientID, loginScopeName))
		}
		return "", fault.New(fault.NotFound, "no API account of the store has the scope "+loginScopeName+", which vouching for a customer needs")
	}
	if err := s.mayEnter(ctx, site, in.CustomerID); err != nil {
		if errors.Is(err, UnknownPerson) {
			return "", fault.New(fault.NotFound, fmt.Sprintf("there is no customer %d", in.CustomerID))
		}
		if reason := Reason(""); errors.As(err, &reason) {
			return "", fault.New(fault.Invalid, string(reason))
		}
		return "", err
	}
	b := jsonx.AppendString([]byte(`{"iss":`), clientID)
	b = strconv.AppendInt(append(b, `,"iat":`...), s.sys.Now(), 10)
	b = jsonx.AppendString(append(b, `,"jti":`...), s.sys.UUID())
	b = append(b, `,"operation":"`+loginOperation+`","store_hash":`...)
	b = jsonx.AppendString(b, site.StoreHash)
	b = strconv.AppendInt(append(b, `,"channel_id":`...), site.ChannelID, 10)
	b = strconv.AppendInt(append(b, `,"customer_id":`...), in.CustomerID, 10)
	if in.RedirectTo != "" {
		b = jsonx.AppendString(append(b, `,"redirect_to":`...), in.RedirectTo)
	}
	return jwt.SignHMAC(jwt.HS256, secret, append(b, '}')), nil
}
