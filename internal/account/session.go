package account

import (
	"context"
	"encoding/hex"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"clientele/internal/auth"
	"clientele/internal/customer"
	"clientele/internal/history"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

// Bounds of sessions.
const (
	seenEvery   = 5 * 60 // how often last use is written, in seconds
	maxSessions = 100    // of one customer; the longest unused go first
	maxAgent    = 512    // bytes of a user agent
	maxToken    = 256    // bytes of a token that is looked for
)

// SignIn opens a session for who has the credentials and may use the channel.
// Every email gets the same words and the same work. It is ErrCredentials,
// ErrResetRequired, ErrUnconfirmed or TooMany where it cannot be.
func (s *Service) SignIn(ctx context.Context, site store.Site, kind Kind, email, password string, c Client) (_ Grant, err error) {
	p, err := s.Policy(ctx, site.StoreID)
	if err != nil {
		return Grant{}, err
	}
	l, err := s.Login(ctx, site.StoreID, Credentials{Email: email, Password: password, ChannelID: site.ChannelID, Peer: c.Peer})
	if err != nil {
		return Grant{}, err
	}
	if l.CustomerID == 0 {
		return Grant{}, ErrCredentials
	}
	defer func() { s.ended(ctx, site.StoreID, l.CustomerID, ByPassword, c.Peer, err) }()
	if l.ForcePasswordReset {
		return Grant{}, ErrResetRequired
	}
	g := s.draw(site, kind, l.CustomerID, c, p)
	err = s.db.Write(ctx, site.StoreID, func(tx *sqldb.Tx) error {
		who, err := lockSessions(tx, l.CustomerID, site.ChannelID)
		if err != nil {
			return err
		}
		// The password that was right is still the password.
		switch {
		case !who.admitted || who.PasswordHash != l.PasswordHash:
			return ErrCredentials
		case who.unconfirmed:
			return ErrUnconfirmed
		}
		return s.open(tx, g, c, &who, opening{by: ByPassword, failures: l.failures})
	})
	return granted(g, err)
}

// Proof is what tells who somebody is that gives no password.
type Proof struct {
	CustomerID int64
	// By is how it does, and ClientID the API account that signed it, where one did.
	By       Method
	ClientID string
	// SessionID is a session of the customer that goes on beside the new one,
	// also if both have a customer access token; 0: none.
	SessionID int64
	// Once, if set, is used up by signing in, and by nothing else.
	Once Once
}

// Once is what can be used once. Query uses it up in the transaction that it
// runs in, and others like it; then Err of each tells whether somebody else had
// done so before. GiveBack takes that back in the same transaction.
type Once interface {
	Query(also ...Once) sqldb.Q
	Err() error
	GiveBack(tx *sqldb.Tx) error
}

// SignInAs opens a session for a customer whom something else than a password
// proved. It is ErrNoAccess where the customer may not use the channel, NotFound
// without a customer, and ErrNoSession where the session of the proof has ended.
func (s *Service) SignInAs(ctx context.Context, site store.Site, kind Kind, by Proof, c Client) (Grant, error) {
	p, err := s.Policy(ctx, site.StoreID)
	if err != nil {
		return Grant{}, err
	}
	g := s.draw(site, kind, by.CustomerID, c, p)
	from := history.Of(ctx)
	if e := (&entering{channelID: site.ChannelID, by: by, c: c, grant: g, from: &from}); e.together() {
		if err := s.enters.Write(ctx, site.StoreID, e); !errors.Is(err, errApart) {
			return granted(g, err)
		}
	}
	err = s.db.Write(ctx, site.StoreID, func(tx *sqldb.Tx) error {
		var once []sqldb.Q
		if by.Once != nil {
			once = append(once, by.Once.Query())
		}
		who, err := lockSessions(tx, by.CustomerID, site.ChannelID, once...)
		switch {
		case err != nil:
			return err
		case who.ID == 0:
			return ErrNobody
		case !who.admitted:
			return ErrNoAccess
		case by.SessionID != 0 && !who.has(by.SessionID):
			return ErrNoSession
		}
		if by.Once != nil {
			if err := by.Once.Err(); err != nil {
				return err
			}
		}
		return s.open(tx, g, c, &who, opening{by: by.By, clientID: by.ClientID, beside: by.SessionID != 0})
	})
	return granted(g, err)
}

// granted returns a session that is stored, unless that failed.
func granted(g *Grant, err error) (Grant, error) {
	if err != nil {
		return Grant{}, err
	}
	return *g, nil
}

// draw makes a session that is not stored yet.
func (s *Service) draw(site store.Site, kind Kind, customerID int64, c Client, p Policy) *Grant {
	now := s.sys.Now()
	life, idle := p.Lifetime, p.Idle
	if kind == AccessToken {
		life, idle = p.TokenLifetime, 0
	}
	expires := now + int64(life/time.Second)
	agent := strings.ToValidUTF8(c.UserAgent, "")
	for len(agent) > maxAgent {
		agent = strings.ToValidUTF8(agent[:maxAgent], "")
	}
	g := &Grant{Token: s.sys.Hex(32), Session: Session{
		StoreID: site.StoreID, ID: s.number(), CustomerID: customerID, ChannelID: site.ChannelID, Kind: kind,
		Created: now, Seen: now, Expires: expires, idle: int64(idle / time.Second), UserAgent: strings.ReplaceAll(agent, "\x00", ""), Peer: c.Peer.Address,
	}}
	if kind == AccessToken {
		g.Token += "_" + strconv.FormatInt(expires, 10)
	}
	return g
}

// number draws a positive number that JSON keeps whole.
func (s *Service) number() int64 {
	var b [8]byte
	s.sys.Bytes(b[:])
	n := int64(0)
	for _, c := range b {
		n = n<<8 | int64(c)
	}
	return n&(1<<53-1) | 1
}

var (
	insertSessions = sqldb.StaticRows(`INSERT INTO account_sessions (store_id, token_hash, id, customer_id, channel_id, kind, date_created, date_seen, date_expires, idle_seconds, user_agent, ip_address, impersonation_id) VALUES `, 0, 12, 6, ``)
	deleteByToken  = sqldb.Static(`DELETE FROM account_sessions WHERE store_id = $1 AND token_hash = $2 RETURNING id, customer_id, impersonation_id`)
	deleteOfKind   = sqldb.Static(`DELETE FROM account_sessions WHERE store_id = $1 AND customer_id = $2 AND kind = $3`)
	deleteOne      = sqldb.Static(`DELETE FROM account_sessions WHERE store_id = $1 AND customer_id = $2 AND id = $3 AND impersonation_id = 0`)
	// Sessions of impersonations are no devices of the customer.
	deleteOfImpersonation = sqldb.Static(`DELETE FROM account_sessions WHERE store_id = $1 AND customer_id = $2 AND id = $3`)
	deleteOthers          = sqldb.Static(`DELETE FROM account_sessions WHERE store_id = $1 AND customer_id = $2 AND id <> $3`)
	sessionsByAge         = sqldb.Static(`SELECT id, kind, token_hash FROM account_sessions WHERE store_id = $1 AND customer_id = $2 AND impersonation_id = 0 ORDER BY date_seen DESC, id DESC`)
	sessionByToken        = sqldb.Static(`SELECT customer_id, kind, id, impersonation_id FROM account_sessions WHERE store_id = $1 AND token_hash = $2`)
	touchSession          = sqldb.Static(`UPDATE account_sessions SET date_seen = $3 WHERE store_id = $1 AND token_hash = $2 AND date_seen < $3`)
	// The whole question "who is this" in one statement of point reads.
	selectSession = sqldb.Static(`SELECT s.id, s.customer_id, s.channel_id, s.kind, s.date_created, s.date_seen, s.date_expires, s.idle_seconds, s.user_agent, s.ip_address, s.impersonation_id,
			c.email, c.customer_group_id, ` + customer.LocaleColumn + `, ` + customer.AdmissionColumns + ` FROM account_sessions s` + customer.AdmissionJoin("s") + `
		WHERE s.store_id = $1 AND s.token_hash = $2`)
	selectSessions = sqldb.Static(`SELECT id, customer_id, channel_id, kind, date_created, date_seen, date_expires, idle_seconds, user_agent, ip_address
		FROM account_sessions WHERE store_id = $1 AND customer_id = $2 AND impersonation_id = 0 ORDER BY date_seen DESC, id`)
)

// sessionColumns is how many columns selectSession has of the session itself.
const sessionColumns = 11

// Ended returns what is left of sessions, links and impersonations that have
// ended.
func Ended() []sqldb.Ended {
	return []sqldb.Ended{{Keys: endedSessions, Drop: dropSession}, {Keys: endedTokens, Drop: dropToken}, {Keys: oldOnes, Drop: dropOld, Keep: keepImpersonations}}
}

var (
	endedSessions = sqldb.Static(`SELECT token_hash FROM account_sessions WHERE store_id = $1 AND date_expires < $2 ORDER BY date_expires LIMIT $3`)
	dropSession   = sqldb.Static(`DELETE FROM account_sessions WHERE store_id = $1 AND token_hash = $2 AND date_expires < $3`)
	endedTokens   = sqldb.Static(`SELECT token_hash FROM account_tokens WHERE store_id = $1 AND date_expires < $2 ORDER BY date_expires LIMIT $3`)
	dropToken     = sqldb.Static(`DELETE FROM account_tokens WHERE store_id = $1 AND token_hash = $2 AND date_expires < $3`)
)

func (s *Session) scan(storeID int64, r *sqldb.Row) {
	*s = Session{
		StoreID: storeID, ID: r.Int(0), CustomerID: r.Int(1), ChannelID: r.Int(2), Kind: Kind(r.Int(3)),
		Created: r.Int(4), Seen: r.Int(5), Expires: r.Int(6), idle: r.Int(7), UserAgent: r.Text(8), Peer: r.Text(9),
	}
}

// ended reports whether a session's time is over.
func (s *Session) ended(now int64) bool {
	return now >= s.Expires || s.idle > 0 && now >= s.Seen+s.idle
}

// opening is how a session comes about.
type opening struct {
	by       Method
	clientID string // of the API account that vouches
	failures int64  // wrong passwords before the right one
	beside   bool   // another session, which goes on
	// also is what else is recorded.
	also []history.Entry
}

// proven reports whether the client has proved whose account it is: by the
// password, or by an email to the owner.
func (h *opening) proven() bool { return h.by == ByPassword || h.by == ByLink }

// opened is a session that is to be stored, of a locked customer.
type opened struct {
	g    *Grant
	c    Client
	who  *person
	how  opening
	from *history.Origin // nil: the transaction's

	previous string  // the hash of the token that the browser had
	replaced []int64 // other sessions, which end
	entries  []history.Entry
	before   ended
	networks int64
}

// open stores a session of a locked customer and keeps the language with them
// that they chose. A new access token ends the ones before it, unless it is
// beside one.
func (s *Service) open(tx *sqldb.Tx, g *Grant, c Client, who *person, how opening) error {
	o := &opened{g: g, c: c, who: who, how: how}
	o.plan()
	// The counters are locked before sessions are deleted, as by who changes a
	// customer's password.
	var counters store.Counters
	queries := []sqldb.Q{store.Advance{Entries: int64(len(o.entries))}.Query(tx, &counters)}
	if o.previous != "" {
		queries = append(queries, o.before.query(o.previous)) // it may be somebody else's
	}
	if how.proven() {
		queries = append(queries, rememberQuery(g.Session.CustomerID, c.Peer, g.Session.Created, &o.networks)...)
	}
	if err := tx.Pipeline(queries...); err != nil {
		return err
	}
	return s.store(tx, []*opened{o}, &counters)
}

// plan finds out which sessions end, and what is recorded.
func (o *opened) plan() {
	n, how := &o.g.Session, &o.how
	if o.c.Previous != "" && len(o.c.Previous) <= maxToken {
		o.previous = auth.HashToken(o.c.Previous)
	}
	left := 0
	for _, other := range o.who.sessions { // the last used first
		switch {
		case o.previous != "" && other.hash == o.previous:
		case other.kind == AccessToken && n.Kind == AccessToken && !how.beside, left == maxSessions-1 && n.Acting == nil:
			o.replaced = append(o.replaced, other.id)
		default:
			left++
		}
	}
	if n.Acting == nil {
		o.entries = append(how.also, n.signedIn(how))
	}
	switch len(o.replaced) {
	case 0:
	case 1:
		o.entries = append(o.entries, sessionsEnded(history.Ended, n.CustomerID, o.replaced[0], 1, whyReplaced))
	default:
		o.entries = append(o.entries, sessionsEnded(history.Ended, n.CustomerID, 0, int64(len(o.replaced)), whyReplaced))
	}
	by := history.ShopperActor(n.CustomerID)
	for i := range o.entries {
		o.entries[i].From = o.from
		if n.Acting == nil { // who signs in is the customer from here on
			o.entries[i].By = &by
		}
	}
}

// store writes sessions of whose entries the last has the id of the counters.
func (s *Service) store(tx *sqldb.Tx, all []*opened, counters *store.Counters) error {
	var entries []history.Entry
	for _, o := range all {
		entries = append(entries, o.entries...)
	}
	if err := history.Record(tx, counters.EntryID, all[0].g.Session.Created, entries); err != nil {
		return err
	}
	var rows []any
	var came []customer.Came
	for _, o := range all {
		if err := s.tellReplaced(tx, o.before); err != nil {
			return err
		}
		n := &o.g.Session
		for _, id := range o.replaced {
			if err := tx.Exec(deleteOne, n.CustomerID, id); err != nil {
				return err
			}
		}
		rows = append(rows, auth.HashToken(o.g.Token), n.ID, n.CustomerID, n.ChannelID, int64(n.Kind), n.Created, n.Seen, n.Expires, n.idle, n.UserAgent, n.Peer, n.impersonation())
		if n.Acting == nil && !o.how.beside { // beside another it goes on as somebody who had signed in
			came = append(came, customer.Came{ID: n.CustomerID, Time: n.Created})
		}
	}
	if err := insertSessions.Exec(tx, nil, rows); err != nil {
		return err
	}
	for _, o := range all {
		n := &o.g.Session
		if n.Acting != nil {
			continue // nothing is learnt of the customer
		}
		if tag := o.c.Language.Keep(o.who.Locale); tag != o.who.Locale {
			if err := customer.KeepLocale(tx, n.CustomerID, tag, n.Created); err != nil {
				return err
			}
		}
		if err := forgetOldest(tx, n.CustomerID, o.networks); err != nil {
			return err
		}
	}
	return customer.SignedIn(tx, counters.Rules, came...)
}

// ended is a session that was deleted, by its token; zero for none.
type ended struct{ id, customerID, impersonation int64 }

// query deletes the session with a token's hash.
func (e *ended) query(hash string) sqldb.Q {
	return sqldb.Q{Stmt: deleteByToken, Args: []any{hash}, Each: func(r *sqldb.Row) error {
		*e = ended{r.Int(0), r.Int(1), r.Int(2)}
		return nil
	}}
}

// tellReplaced records that another session took the place of one, or ends its
// impersonation, which records that.
func (s *Service) tellReplaced(tx *sqldb.Tx, e ended) error {
	switch {
	case e.id == 0:
		return nil
	case e.impersonation != 0:
		return s.closeAll(tx, ByRequest, e.impersonation)
	}
	return history.Enter(tx, s.sys.Now(), sessionsEnded(history.Ended, e.customerID, e.id, 1, whyReplaced))
}

// person is a customer as signing in sees them.
type person struct {
	customer.Person
	admitted    bool // may sign in on the channel
	served      bool // may be dealt with on the channel, even if not to sign in
	unconfirmed bool // the address
	sessions    []held
	consent     customer.Consent // if enterAll looked
}

// held is a session that a customer has, the last used first. Only
// lockSessions looks for them.
type held struct {
	id   int64
	kind Kind
	hash string
}

func (p *person) has(session int64) bool {
	return slices.ContainsFunc(p.sessions, func(h held) bool { return h.id == session })
}

// lockSessions is lockCustomer for who is to have a session. What else is asked
// runs after it, in the same round trip.
func lockSessions(tx *sqldb.Tx, id, channelID int64, also ...sqldb.Q) (person, error) {
	var sessions []held
	p, err := lockCustomer(tx, id, channelID, append(also, sqldb.Q{Stmt: sessionsByAge, Args: []any{id}, Each: func(r *sqldb.Row) error {
		sessions = append(sessions, held{r.Int(0), Kind(r.Int(1)), r.Text(2)})
		return nil
	}})...)
	p.sessions = sessions
	return p, err
}

// lockCustomer locks a customer against change and tells whether they may use
// a channel.
func lockCustomer(tx *sqldb.Tx, id, channelID int64, also ...sqldb.Q) (person, error) {
	var p person
	var admission customer.Admission
	err := tx.Pipeline(append(append(admission.Query(channelID),
		customer.HoldPersonQuery(tx, id, &p.Person),
		sqldb.Q{Stmt: selectUnconfirmed, Args: []any{id}, Each: func(*sqldb.Row) error { p.unconfirmed = true; return nil }},
	), also...)...)
	p.admitted = p.ID != 0 && admission.Enters(p.Channels)
	p.served = p.ID != 0 && admission.Serves(p.Channels)
	return p, err
}

// Authenticate returns the session that a token opens, or nil. A session ends
// at once where its customer is deleted or loses access to its channel. Which
// channel it is for, the caller has to compare: see AuthenticateOn.
func (s *Service) Authenticate(ctx context.Context, storeID int64, token string) (*Session, error) {
	now := s.sys.Now()
	if !tokenForm(token, now) {
		return nil, nil
	}
	hash := auth.HashToken(token)
	var out *Session
	err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		out = nil
		impersonation := int64(0)
		if err := tx.Query(selectSession, func(r *sqldb.Row) error {
			o := &Session{}
			o.scan(storeID, r)
			o.Email, o.GroupID, o.Locale = r.Text(sessionColumns), r.Int(sessionColumns+1), r.Text(sessionColumns+2)
			impersonation = r.Int(sessionColumns - 1)
			switch {
			case o.ended(now):
			case !customer.Admitted(r, sessionColumns+3, o.ChannelID):
			case strings.Contains(token, "_") != (o.Kind == AccessToken):
			default:
				out = o
			}
			return nil
		}, hash); err != nil || out == nil || impersonation == 0 {
			return err
		}
		var by Impersonation
		if err := tx.Query(impersonationByID, func(r *sqldb.Row) error { by.scan(r, now); return nil }, impersonation); err != nil {
			return err
		}
		if by.Status() != ImpersonationActive {
			out = nil
			return nil
		}
		as, err := by.acting(tx)
		out.Acting, out.by = &as, by.By
		return err
	})
	if err != nil || out == nil {
		return nil, err
	}
	every := int64(seenEvery)
	if out.idle > 0 {
		every = min(every, out.idle/10)
	}
	if now-out.Seen < every {
		return out, nil
	}
	// A use that cannot be noted is a use all the same.
	if err := s.db.Write(sqldb.Aside(ctx), storeID, func(tx *sqldb.Tx) error { return tx.Exec(touchSession, hash, now) }); err == nil {
		out.Seen = now
	}
	return out, nil
}

// AuthenticateOn is Authenticate for the sessions of one storefront: one of
// another channel is nobody's there, as the customers of channels are apart.
func (s *Service) AuthenticateOn(ctx context.Context, site store.Site, token string) (*Session, error) {
	o, err := s.Authenticate(ctx, site.StoreID, token)
	if err != nil || !o.On(site) {
		return nil, err
	}
	if o.Acting != nil {
		history.ActAs(ctx, o.by, o.Acting.ID)
	} else {
		history.Act(ctx, history.ShopperActor(o.CustomerID))
	}
	return o, nil
}

// Admission returns the rule by which customers are dealt with on a storefront,
// for those who only read, or read again before they write: a change by another
// process may be seen a second later.
func (s *Service) Admission(ctx context.Context, site store.Site) (customer.Admission, error) {
	return s.admission(ctx, site.StoreID, site.ChannelID)
}

func (s *Service) admission(ctx context.Context, storeID, channelID int64) (customer.Admission, error) {
	entrance, err := s.entrances.Get(ctx, storeID, channelID)
	return customer.Admission{ChannelID: channelID, Entrance: entrance}, err
}

// Barred reports whether there is such a customer who is confined to other
// storefronts. It is for those who act for customers without signing them in,
// so that it does not matter whether customers of all channels may sign in. Who
// has read the customer asks Admission.
func (s *Service) Barred(ctx context.Context, site store.Site, customerID int64) (barred bool, err error) {
	admission, err := s.Admission(ctx, site)
	if err != nil {
		return false, err
	}
	err = s.db.Read(ctx, site.StoreID, func(tx *sqldb.Tx) error {
		var p customer.Person
		if err := tx.Pipeline(customer.PersonQuery(customerID, &p)); err != nil {
			return err
		}
		barred = p.ID != 0 && !admission.Serves(p.Channels)
		return nil
	})
	return barred, err
}

// tokenForm reports whether a token could be one: 64 hexadecimal digits and,
// for access tokens, a time to come.
func tokenForm(token string, now int64) bool {
	digits, expiry, isAPI := strings.Cut(token, "_")
	if len(digits) != 64 || strings.ToLower(digits) != digits {
		return false
	}
	if _, err := hex.DecodeString(digits); err != nil {
		return false
	}
	if !isAPI {
		return true
	}
	at, err := strconv.ParseInt(expiry, 10, 64)
	return err == nil && at > now && len(expiry) < 20
}

// SignOut ends the session of a token. With a customer access token all of
// the customer's end.
func (s *Service) SignOut(ctx context.Context, storeID int64, token string) error {
	if !tokenForm(token, 0) {
		return nil
	}
	hash := auth.HashToken(token)
	return s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		var before ended
		var kind Kind
		err := tx.Query(sessionByToken, func(r *sqldb.Row) error {
			before, kind = ended{r.Int(2), r.Int(0), r.Int(3)}, Kind(r.Int(1))
			return nil
		}, hash)
		if err != nil || before.id == 0 {
			return err
		}
		if before.impersonation != 0 {
			if err := s.closeAll(tx, ByRequest, before.impersonation); err != nil {
				return err
			}
			return tx.Pipeline(before.query(hash))
		}
		one := store.Advance{Entries: 1}
		counters, err := one.Run(tx)
		if err != nil {
			return err
		}
		n := int64(0)
		if kind == AccessToken {
			n, err = tx.ExecCount(deleteOfKind, before.customerID, int64(AccessToken))
		} else {
			n, err = tx.ExecCount(deleteOne, before.customerID, before.id)
		}
		if err != nil {
			return err
		}
		if n == 0 {
			return one.Undo(tx, &counters)
		}
		e := history.Entry{Action: history.SignedOut, Resource: history.Customer, ID: before.customerID, CustomerID: before.customerID}
		e.Add(false, history.FieldSession, history.Int(before.id), "")
		if n > 1 {
			e.Add(false, history.FieldCount, history.Int(n), "")
		}
		return history.Record(tx, counters.EntryID, s.sys.Now(), []history.Entry{e})
	})
}

// SignOutElsewhere ends all sessions of a customer but the one it is asked
// from. It is ErrNoSession where that has ended itself.
func (s *Service) SignOutElsewhere(ctx context.Context, from Session) error {
	if err := from.own(); err != nil {
		return err
	}
	return s.db.Write(ctx, from.StoreID, func(tx *sqldb.Tx) error {
		// Of two devices that ask at once one stays.
		who, err := lockSessions(tx, from.CustomerID, from.ChannelID)
		switch {
		case err != nil:
			return err
		case !who.has(from.ID):
			return ErrNoSession
		}
		if err := s.closeOf(tx, from.CustomerID); err != nil {
			return err
		}
		one := store.Advance{Entries: 1}
		counters, err := one.Run(tx)
		if err != nil {
			return err
		}
		n, err := tx.ExecCount(deleteOthers, from.CustomerID, from.ID)
		if err != nil {
			return err
		}
		if n == 0 {
			return one.Undo(tx, &counters)
		}
		return history.Record(tx, counters.EntryID, s.sys.Now(), []history.Entry{sessionsEnded(history.Revoked, from.CustomerID, 0, n, "")})
	})
}

// Sessions returns the sessions of a customer that are open, the last used
// first.
func (s *Service) Sessions(ctx context.Context, storeID, customerID int64) ([]Session, error) {
	now := s.sys.Now()
	var out []Session
	err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		out = nil
		return tx.Query(selectSessions, func(r *sqldb.Row) error {
			var o Session
			o.scan(storeID, r)
			if !o.ended(now) {
				out = append(out, o)
			}
			return nil
		}, customerID)
	})
	return out, err
}

// Revoke ends a session of the customer it is asked from, or returns
// ErrNoSession.
func (s *Service) Revoke(ctx context.Context, from Session, sessionID int64) error {
	if err := from.own(); err != nil {
		return err
	}
	return s.db.Write(ctx, from.StoreID, func(tx *sqldb.Tx) error {
		if err := history.Enter(tx, s.sys.Now(), sessionsEnded(history.Revoked, from.CustomerID, sessionID, 1, "")); err != nil {
			return err
		}
		n, err := tx.ExecCount(deleteOne, from.CustomerID, sessionID)
		if err == nil && n == 0 {
			return ErrNoSession
		}
		return err
	})
}
