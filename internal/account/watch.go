package account

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"clientele/internal/history"
	"clientele/internal/limit"
	"clientele/internal/sqldb"
	"clientele/internal/store"
	"clientele/internal/storekey"
	"clientele/internal/system"
)

// Method is the way in which somebody signs in, or proves who they are.
type Method string

// The ways to sign in.
const (
	ByPassword   Method = "password"
	ByLink       Method = "link"
	ByLoginToken Method = "login_token"
	BySync       Method = "session_sync"
	// ByRegistration is that of who has just made the account.
	ByRegistration Method = "registration"
)

// Outcome is what came of a sign-in.
type Outcome string

// The outcomes of sign-ins.
const (
	SignedIn       Outcome = "ok"
	WrongPassword  Outcome = "wrong_password"
	HeldBack       Outcome = "held_back" // too many wrong passwords before
	ResetNeeded    Outcome = "reset_required"
	NotConfirmed   Outcome = "unconfirmed"
	SignInRefused  Outcome = "refused" // the link, the token, or the channel
	lockOutAccount         = "account"
	lockOutNetwork         = "address"
)

// Metrics counts sign-ins, never by who signs in: no personal data and a
// bounded number of series.
type Metrics struct {
	signIns  *prometheus.CounterVec
	lockOuts *prometheus.CounterVec
	links    *prometheus.CounterVec
	// elsewhere counts passwords that an upstream was asked for.
	elsewhere *prometheus.CounterVec
}

// NewMetrics registers the metrics.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		signIns: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "clientele_sign_ins_total", Help: "Sign-ins of shoppers and checks of their passwords, by method and by what came of them.",
		}, []string{"method", "outcome"}),
		lockOuts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "clientele_sign_in_lockouts_total", Help: "How often wrong passwords began to hold back an account or an address.",
		}, []string{"of"}),
		links: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "clientele_links_refused_total", Help: "Emailed links that were used up, expired, or never sent, by purpose.",
		}, []string{"purpose"}),
		elsewhere: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "clientele_upstream_passwords_total", Help: "Passwords of customers without one that the upstream of a migration was asked for, by what it said.",
		}, []string{"outcome"}),
	}
	reg.MustRegister(m.signIns, m.lockOuts, m.links, m.elsewhere)
	return m
}

// logged is how many lines of one kind about one store a process logs within
// a minute: whoever tries links at random must not fill a disk. Metrics count
// all.
const (
	logged      = 100
	loggedTime  = time.Minute
	loggedKinds = 10_000
)

// watch tells the operator of sign-ins that fail.
type watch struct {
	log     *slog.Logger
	metrics *Metrics
	lines   *limit.Guard
	notes   notes

	mu   sync.Mutex
	keys map[int64]ledger // by store
}

// ledger is how a store is named in the log, and its key for the names of
// others.
type ledger struct {
	hash string
	key  []byte
}

func newWatch(sys *system.System) *watch {
	return &watch{log: slog.New(slog.DiscardHandler), metrics: NewMetrics(prometheus.NewRegistry()), lines: limit.NewGuard(sys, logged, loggedTime, loggedKinds), keys: map[int64]ledger{},
		notes: notes{kinds: limit.NewGuard(sys, 1, noteTime, noteKinds), strangers: limit.NewGuard(sys, noteStrangers, noteTime, noteKinds)}}
}

// Tell sets where sign-ins that fail are told; before that, nobody learns of
// them. It is for the start of a server, before anybody signs in.
func (s *Service) Tell(log *slog.Logger, m *Metrics) { s.watch.log, s.watch.metrics = log, m }

func (w *watch) signIn(by Method, o Outcome) {
	w.metrics.signIns.WithLabelValues(string(by), string(o)).Inc()
}

// referring begins what is hashed for a reference.
const referring = "reference"

// ledger returns how a store is named, made at the first use. Without one that
// can be read it is empty: what is to be told is told without references.
func (s *Service) ledger(ctx context.Context, storeID int64) ledger {
	s.watch.mu.Lock()
	l, ok := s.watch.keys[storeID]
	s.watch.mu.Unlock()
	if ok {
		return l
	}
	l, err := s.readLedger(ctx, storeID)
	if err != nil {
		s.watch.log.Warn("the key for references in the log cannot be read", "error", err)
		return ledger{hash: l.hash}
	}
	s.watch.mu.Lock()
	defer s.watch.mu.Unlock()
	s.watch.keys[storeID] = l
	return l
}

func (s *Service) readLedger(ctx context.Context, storeID int64) (l ledger, err error) {
	set, err := s.stores.Settings(ctx, storeID)
	if err != nil {
		return l, err
	}
	l.hash = set.Hash
	if err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		l.key, err = storekey.Secret(tx, storekey.Reference)
		return err
	}); err != nil || l.key != nil {
		return l, err
	}
	return l, s.db.Write(sqldb.Aside(ctx), storeID, func(tx *sqldb.Tx) (err error) {
		l.key, err = storekey.EnsureSecret(tx, s.sys, storekey.Reference)
		return err
	})
}

// reference is the name of an email or an address in the log and in lists: a
// hash that only who has the store's key can compare with others.
func (l ledger) reference(subject string) string {
	if l.key == nil {
		return ""
	}
	m := hmac.New(sha256.New, l.key)
	m.Write([]byte(referring + "\x00" + subject))
	return hex.EncodeToString(m.Sum(nil)[:8])
}

// ofNetwork is the reference of a network, which is the same whatever is tried
// from it.
func (l ledger) ofNetwork(network string) string {
	return l.reference(limit.Subject("network", network))
}

// tell logs a line about a store, unless there were many of its kind.
func (s *Service) tell(ctx context.Context, level slog.Level, storeID int64, peer limit.Peer, line string, attrs func(l ledger) []slog.Attr) {
	// Who hangs up has tried all the same.
	ctx = context.WithoutCancel(ctx)
	if !s.watch.log.Enabled(ctx, level) || s.watch.lines.Take(strconv.FormatInt(storeID, 10)+"\x00"+line) > 0 {
		return
	}
	l := s.ledger(ctx, storeID)
	all := append([]slog.Attr{slog.String("store", l.hash)}, attrs(l)...)
	if network := peer.Network(); network != "" {
		all = append(all, slog.String("address_reference", l.ofNetwork(network)))
	}
	s.watch.log.LogAttrs(ctx, level, line, all...)
}

// whose names an account: by its customer or, where nobody has the email, by
// its reference.
func whose(l ledger, customerID int64, subject string) slog.Attr {
	if customerID != 0 {
		return slog.Int64("customer", customerID)
	}
	return slog.String("email_reference", l.reference(subject))
}

// guessed tells of a wrong password, and of what it holds back.
func (s *Service) guessed(ctx context.Context, storeID int64, a limit.Guess, t limit.Tried) {
	if t.Held {
		s.watch.signIn(ByPassword, HeldBack)
		return
	}
	s.watch.signIn(ByPassword, WrongPassword)
	// Guesses from a network that is known count apart; whom they are at is told
	// in one way.
	subject := limit.Guess{Email: a.Email}.Subject()
	s.tell(ctx, slog.LevelInfo, storeID, a.Peer, "sign-in failed: the password is wrong", func(l ledger) []slog.Attr {
		return []slog.Attr{whose(l, a.CustomerID, subject)}
	})
	for _, lock := range []struct {
		of   string
		wait time.Duration
		line string
	}{
		{lockOutAccount, t.Account, "sign-ins are held back: too many wrong passwords for one account"},
		{lockOutNetwork, t.Network, "sign-ins are held back: too many wrong passwords from one address"},
	} {
		if lock.wait == 0 {
			continue
		}
		s.watch.metrics.lockOuts.WithLabelValues(lock.of).Inc()
		s.tell(ctx, slog.LevelWarn, storeID, a.Peer, lock.line, func(l ledger) []slog.Attr {
			out := []slog.Attr{slog.Duration("for", lock.wait)}
			if lock.of == lockOutAccount {
				out = append(out, whose(l, a.CustomerID, subject), slog.Bool("from_known_address", a.Known))
			}
			return out
		})
	}
}

// outcome returns what an error means for a sign-in, and false for one that
// says nothing about it, such as an outage.
func outcome(err error) (Outcome, bool) {
	switch {
	case err == nil:
		return SignedIn, true
	case errors.Is(err, ErrResetRequired):
		return ResetNeeded, true
	case errors.Is(err, ErrUnconfirmed):
		return NotConfirmed, true
	case errors.Is(err, ErrCredentials):
		return WrongPassword, true // it was right a moment ago
	case errors.Is(err, ErrLink), errors.Is(err, ErrNoAccess), errors.Is(err, ErrNobody):
		return SignInRefused, true
	}
	return "", false
}

// ended tells of a sign-in that got past the password or the link.
func (s *Service) ended(ctx context.Context, storeID, customerID int64, by Method, peer limit.Peer, err error) {
	o, ok := outcome(err)
	if !ok {
		return
	}
	s.watch.signIn(by, o)
	if err == nil {
		return
	}
	s.fail(ctx, storeID, failure{action: history.SignInFailed, customerID: customerID, by: by, why: reason(o, err), peer: peer})
	if errors.Is(err, ErrLink) { // which is told as a link
		return
	}
	s.tell(ctx, slog.LevelInfo, storeID, peer, "sign-in failed: "+err.Error(), func(ledger) []slog.Attr {
		return []slog.Attr{slog.Int64("customer", customerID)}
	})
}

// unsubscribeLink is the purpose of links that end a subscription.
const unsubscribeLink = "unsubscribe"

// followed tells of a link that was refused.
func (s *Service) followed(ctx context.Context, storeID int64, purpose string, c Client, err error) {
	if !errors.Is(err, ErrLink) {
		return
	}
	s.watch.metrics.links.WithLabelValues(purpose).Inc()
	s.tell(ctx, slog.LevelInfo, storeID, c.Peer, "a link is refused: it is used up, expired, or was never sent", func(ledger) []slog.Attr {
		return []slog.Attr{slog.String("purpose", purpose)}
	})
}

// Vouched is what came of a token that vouches for a customer.
type Vouched struct {
	// CustomerID is whom it names, where its signature is good; 0: nobody knows.
	CustomerID int64
	// ClientID is that of the API account that signed it, where one did.
	ClientID string
	// Refused is why it was not accepted; empty: it was.
	Refused string
}

// LoginToken tells what came of a customer login token on a site.
func (s *Service) LoginToken(ctx context.Context, site store.Site, c Client, v Vouched, requestID string) {
	s.vouched(ctx, ByLoginToken, "login token refused", site, c, v, requestID)
}

// SyncToken is LoginToken for a session sync token with a customer, and for any
// that is refused.
func (s *Service) SyncToken(ctx context.Context, site store.Site, c Client, v Vouched, requestID string) {
	s.vouched(ctx, BySync, "session sync token refused", site, c, v, requestID)
}

func (s *Service) vouched(ctx context.Context, by Method, line string, site store.Site, c Client, v Vouched, requestID string) {
	if v.Refused == "" {
		s.watch.signIn(by, SignedIn)
		return
	}
	s.watch.signIn(by, SignInRefused)
	s.fail(ctx, site.StoreID, failure{action: history.TokenRefused, customerID: v.CustomerID, by: by, why: v.Refused, peer: c.Peer, clientID: v.ClientID})
	s.tell(ctx, slog.LevelInfo, site.StoreID, c.Peer, line, func(ledger) []slog.Attr {
		return []slog.Attr{slog.String("reason", v.Refused), slog.Int64("channel", site.ChannelID), slog.String("request_id", requestID)}
	})
}
