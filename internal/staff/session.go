package staff

import (
	"context"
	"encoding/hex"
	"strings"
	"time"

	"clientele/internal/auth"
	"clientele/internal/history"
	"clientele/internal/limit"
	"clientele/internal/sqldb"
)

// Stage is what is still to come before a session is signed in. Its code is
// stored.
type Stage int64

// The stages of a session.
const (
	SignedIn    Stage = iota
	NeedsFactor       // the password was right; a second factor is to be given
	NeedsEnroll       // signed in, and to set up a second factor before anything else
)

// Bounds of sessions, in seconds.
const (
	factorLife = 10 * 60 // for giving the second factor
	sudoLife   = 15 * 60 // for which a proof counts
	seenEvery  = 60
	// keepEnded is for how long an ended session tells of a known network.
	keepEnded   = 30 * 24 * time.Hour
	maxAgent    = 512
	maxSessions = 50 // of a person; the longest unused end first
)

// Session is a person in a browser.
type Session struct {
	ID, StaffID int64
	Stage       Stage
	// Proved is when a password or a passkey was last given.
	Created, Seen, Proved, Expires int64
	UserAgent, Address             string

	hash    string // of the token
	network string
	tries   int64
}

// Grant is a new session with its token. Only the token's hash is stored.
type Grant struct {
	Token string
	Stage Stage
	// Browser is what the browser is to keep to be remembered; empty: nothing.
	Browser string
}

// Signed is who is signed in, by which session.
type Signed struct {
	Person
	Session Session
}

func (in *Signed) client() Client {
	return Client{Peer: limit.Peer{Address: in.Session.Address}, UserAgent: in.Session.UserAgent}
}

const sessionColumns = `s.token_hash, s.id, s.staff_id, s.stage, s.tries, s.date_created, s.date_seen, s.date_proved, s.date_expires, s.user_agent, s.ip_address, s.network`

var (
	insertSession = sqldb.Global(`INSERT INTO staff_sessions (token_hash, id, staff_id, stage, tries, date_created, date_seen, date_proved, date_expires, user_agent, ip_address, network)
		VALUES ($1, $2, $3, $4, 0, $5, $6, $7, $8, $9, $10, $11)`)
	selectSession  = sqldb.Global(`SELECT ` + sessionColumns + ` FROM staff_sessions s WHERE s.token_hash = $1`)
	sessionsOf     = sqldb.Global(`SELECT ` + sessionColumns + ` FROM staff_sessions s WHERE s.staff_id = $1 AND s.date_expires > $2 ORDER BY s.date_seen DESC, s.id`)
	touchSession   = sqldb.Global(`UPDATE staff_sessions SET date_seen = $2 WHERE token_hash = $1 AND date_seen < $2`)
	endSession     = sqldb.Global(`UPDATE staff_sessions SET date_expires = $2 WHERE token_hash = $1 AND date_expires > $2`)
	endSessionID   = sqldb.Global(`UPDATE staff_sessions SET date_expires = $3 WHERE staff_id = $1 AND id = $2 AND date_expires > $3`)
	endSessions    = sqldb.Global(`UPDATE staff_sessions SET date_expires = $2 WHERE staff_id = $1 AND date_expires > $2 AND token_hash <> $3`)
	endedSessions  = sqldb.Global(`SELECT token_hash FROM staff_sessions WHERE date_expires < $1 ORDER BY date_expires LIMIT $2`)
	dropEnded      = sqldb.Global(`DELETE FROM staff_sessions WHERE token_hash = $1 AND date_expires < $2`)
	knownNetwork   = sqldb.Global(`SELECT id FROM staff_sessions WHERE staff_id = $1 AND network = $2 AND stage = 0 LIMIT 1`)
	countTry       = sqldb.Global(`UPDATE staff_sessions SET tries = tries + 1 WHERE token_hash = $1`)
	noteSignIn     = sqldb.Global(`UPDATE staff_users SET sign_ins = sign_ins + 1, date_signed_in = $2, factor_failures = 0 WHERE id = $1`)
	endedTokens    = sqldb.Global(`SELECT token_hash FROM staff_tokens WHERE date_expires < $1 ORDER BY date_expires LIMIT $2`)
	dropEndedToken = sqldb.Global(`DELETE FROM staff_tokens WHERE token_hash = $1 AND date_expires < $2`)
)

func scanSession(r *sqldb.Row) Session {
	return Session{
		hash: r.Text(0), ID: r.Int(1), StaffID: r.Int(2), Stage: Stage(r.Int(3)), tries: r.Int(4), Created: r.Int(5), Seen: r.Int(6), Proved: r.Int(7), Expires: r.Int(8),
		UserAgent: r.Text(9), Address: r.Text(10), network: r.Text(11),
	}
}

// live reports whether a session's time is not over.
func (s *Service) live(o *Session, now int64) bool {
	return now < o.Expires && now < o.Seen+s.Rules.Idle
}

// isToken reports whether a token could be one of ours.
func isToken(token string) bool {
	if len(token) != 64 || strings.ToLower(token) != token {
		return false
	}
	_, err := hex.DecodeString(token)
	return err == nil
}

// open stores a new session of a person at a stage. What the browser had before
// ends: each rise in rights has an id of its own.
func (s *Service) open(tx *sqldb.Tx, who *Person, stage Stage, proved, expires int64, c Client) (Grant, error) {
	now := s.sys.Now()
	if isToken(c.Previous) {
		if err := tx.Exec(endSession, auth.HashToken(c.Previous), now); err != nil {
			return Grant{}, err
		}
	}
	n := 0
	var over []string
	if err := tx.Query(sessionsOf, func(r *sqldb.Row) error {
		if n++; n >= maxSessions {
			over = append(over, r.Text(0))
		}
		return nil
	}, who.ID, now); err != nil {
		return Grant{}, err
	}
	for _, hash := range over {
		if err := tx.Exec(endSession, hash, now); err != nil {
			return Grant{}, err
		}
	}
	var raw [32]byte
	tx.Random(raw[:])
	token := hex.EncodeToString(raw[:])
	agent := strings.ReplaceAll(strings.ToValidUTF8(c.UserAgent, ""), "\x00", "")
	for len(agent) > maxAgent {
		agent = strings.ToValidUTF8(agent[:maxAgent], "")
	}
	id := tx.Draw()&(1<<53-1) | 1
	return Grant{Token: token, Stage: stage}, tx.Exec(insertSession, auth.HashToken(token), id, who.ID, int64(stage), now, now, proved, expires, agent, c.Peer.Address, c.Peer.Network())
}

// enter signs a person in who has shown all that is needed.
func (s *Service) enter(tx *sqldb.Tx, who *Person, c Client, method string) (Grant, error) {
	now := s.sys.Now()
	stage := SignedIn
	if s.Rules.Production && who.SignIns > 0 && who.Rights.Strong() && !who.SecondFactor() && method != byElsewhere {
		stage = NeedsEnroll
	}
	g, err := s.open(tx, who, stage, now, now+s.Rules.Lifetime, c)
	if err != nil {
		return g, err
	}
	if err := tx.Exec(noteSignIn, who.ID, now); err != nil {
		return g, err
	}
	actor := who.Actor()
	e := history.Entry{Action: history.SignedIn, Resource: history.StaffUser, ID: who.ID, By: &actor}
	e.Add(false, history.FieldMethod, "", history.Text(method))
	return g, record(tx, now, e)
}

// Ways to sign in, as the history tells them.
const (
	byPassword  = "password"
	byCode      = "password and code"
	byRecovery  = "password and recovery code"
	byPasskey   = "passkey"
	byBoth      = "password and passkey"
	byBrowser   = "password in a known browser"
	byElsewhere = "single sign-on"
	byLink      = "invitation"
	bySetup     = "first start"
)

// Authenticate returns who a token signs in, at whatever stage, or nil. What a
// person may do is read anew each time, so that a change counts at once.
func (s *Service) Authenticate(ctx context.Context, token string) (*Signed, error) {
	out, err := s.Recognise(ctx, token)
	if err != nil || out == nil {
		return nil, err
	}
	if now := s.sys.Now(); now-out.Session.Seen >= min(seenEvery, max(s.Rules.Idle/10, 1)) {
		// A use that cannot be noted is a use all the same.
		if err := s.write(sqldb.Aside(ctx), func(tx *sqldb.Tx) error { return tx.Exec(touchSession, out.Session.hash, now) }); err == nil {
			out.Session.Seen = now
		}
	}
	return out, nil
}

// Recognise is Authenticate for what a page asks by itself, which is no use of
// the session.
func (s *Service) Recognise(ctx context.Context, token string) (*Signed, error) {
	if !isToken(token) {
		return nil, nil
	}
	now := s.sys.Now()
	var out *Signed
	err := s.read(ctx, func(tx *sqldb.Tx) error {
		out = nil
		var o Session
		if err := tx.Query(selectSession, func(r *sqldb.Row) error { o = scanSession(r); return nil }, auth.HashToken(token)); err != nil || o.ID == 0 || !s.live(&o, now) {
			return err
		}
		who, err := personByID(tx, o.StaffID)
		if err != nil || who == nil {
			return err
		}
		out = &Signed{Person: *who, Session: o}
		return nil
	})
	if err != nil || out == nil {
		return nil, err
	}
	if out.Session.Stage != NeedsFactor {
		history.Act(ctx, out.Actor())
	}
	return out, nil
}

// SignOut ends the session of a token.
func (s *Service) SignOut(ctx context.Context, in *Signed) error {
	return s.write(ctx, func(tx *sqldb.Tx) error {
		now := s.sys.Now()
		if err := tx.Exec(endSession, in.Session.hash, now); err != nil {
			return err
		}
		return record(tx, now, history.Entry{Action: history.SignedOut, Resource: history.StaffUser, ID: in.ID})
	})
}

// Sessions returns a person's open sessions, the last used first.
func (s *Service) Sessions(ctx context.Context, id int64) (out []Session, err error) {
	now := s.sys.Now()
	err = s.read(ctx, func(tx *sqldb.Tx) error {
		out = nil
		return tx.Query(sessionsOf, func(r *sqldb.Row) error {
			if o := scanSession(r); s.live(&o, now) && o.Stage != NeedsFactor {
				out = append(out, o)
			}
			return nil
		}, id, now)
	})
	return out, err
}

// EndSession ends one of a person's own sessions.
func (s *Service) EndSession(ctx context.Context, in *Signed, sessionID int64) error {
	return s.write(ctx, func(tx *sqldb.Tx) error {
		n, err := tx.ExecCount(endSessionID, in.ID, sessionID, s.sys.Now())
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrSession
		}
		return record(tx, s.sys.Now(), history.Entry{Action: history.Revoked, Resource: history.Session, ID: sessionID})
	})
}

// EndOthers ends a person's sessions but the one that asks.
func (s *Service) EndOthers(ctx context.Context, in *Signed) error {
	return s.write(ctx, func(tx *sqldb.Tx) error {
		now := s.sys.Now()
		n, err := tx.ExecCount(endSessions, in.ID, now, in.Session.hash)
		if err != nil || n == 0 {
			return err
		}
		return record(tx, now, history.Entry{Action: history.Revoked, Resource: history.Session})
	})
}

// EndAll ends all sessions of another person.
func (s *Service) EndAll(ctx context.Context, by *Person, id int64) error {
	return s.write(ctx, func(tx *sqldb.Tx) error {
		if _, _, err := s.covered(tx, by, id); err != nil {
			return err
		}
		return endAll(tx, s.sys.Now(), id)
	})
}

// endAll ends all sessions of a person, with an entry of it where there were some.
func endAll(tx *sqldb.Tx, now, id int64) error {
	n, err := tx.ExecCount(endSessions, id, now, "")
	if err != nil || n == 0 {
		return err
	}
	return record(tx, now, history.Entry{Action: history.Revoked, Resource: history.StaffUser, ID: id})
}

// Proved reports whether who is signed in gave a password or a passkey lately.
func (s *Service) Proved(in *Signed) bool { return s.sys.Now() < in.Session.Proved+sudoLife }

// Prove takes the password of who is signed in once more. The session goes on
// under another token, as each rise in rights.
func (s *Service) Prove(ctx context.Context, in *Signed, text string, c Client) (g Grant, err error) {
	if err := s.knows(ctx, &in.Person, text, c); err != nil {
		return g, err
	}
	return s.prove(ctx, in, c)
}

func (s *Service) prove(ctx context.Context, in *Signed, c Client) (g Grant, err error) {
	err = s.write(ctx, func(tx *sqldb.Tx) error {
		now := s.sys.Now()
		var o Session
		if err := tx.Query(selectSession, func(r *sqldb.Row) error { o = scanSession(r); return nil }, in.Session.hash); err != nil {
			return err
		}
		if !s.live(&o, now) {
			return ErrSession
		}
		if err := tx.Exec(endSession, o.hash, now); err != nil {
			return err
		}
		c.Previous = ""
		g, err = s.open(tx, &in.Person, o.Stage, now, o.Expires, c)
		return err
	})
	return g, err
}

// Ended returns what is left of the staff's sessions and links that have ended.
func Ended() []sqldb.Ended {
	return []sqldb.Ended{
		{Keys: endedSessions, Drop: dropEnded, Keep: keepEnded},
		{Keys: endedTokens, Drop: dropEndedToken},
	}
}
