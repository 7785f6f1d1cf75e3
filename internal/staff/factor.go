package staff

import (
	"context"
	"crypto/subtle"
	"encoding/base32"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"clientele/internal/auth"
	"clientele/internal/history"
	"clientele/internal/limit"
	"clientele/internal/sqldb"
)

// Bounds of codes.
const (
	freeCodes     = 5 // wrong ones in a row
	firstWait     = 60
	longestWait   = 60 * 60
	codePeriod    = 30 // seconds
	secretBytes   = 20
	recoveryCodes = 10
	reasonFactor  = "second factor" // of a sign-in that failed
)

// totpColumn is where secrets of codes are. Rows go by the person's id.
var totpColumn = sqldb.Column{Table: "staff_users", Name: "totp_secret"}

var (
	totpSecrets = sqldb.Global(`SELECT id, totp_secret FROM staff_users WHERE id > $1 ORDER BY id LIMIT $2`)
	putTOTP     = sqldb.Global(`UPDATE staff_users SET totp_secret = $2 WHERE id = $1 AND totp_secret = $3`)
	setTOTP     = sqldb.Global(`UPDATE staff_users SET totp_secret = $2, totp_step = $3, version = version + 1, date_modified = $4 WHERE id = $1`)
	takeStep    = sqldb.Global(`UPDATE staff_users SET totp_step = $2, factor_failures = 0 WHERE id = $1 AND totp_step < $2`)
	countWrong  = sqldb.Global(`UPDATE staff_users SET factor_failures = factor_failures + 1, factor_date = $2 WHERE id = $1`)
	insertCode  = sqldb.Global(`INSERT INTO staff_recovery_codes (staff_id, code_hash) VALUES ($1, $2)`)
	useCode     = sqldb.Global(`DELETE FROM staff_recovery_codes WHERE staff_id = $1 AND code_hash = $2`)
	dropCodes   = sqldb.Global(`DELETE FROM staff_recovery_codes WHERE staff_id = $1`)
	countCodes  = sqldb.Global(`SELECT COUNT(*) FROM staff_recovery_codes WHERE staff_id = $1`)
)

// Secrets are what this package keeps that is encrypted. They are the
// installation's.
func Secrets() []sqldb.Secrets {
	return []sqldb.Secrets{{Column: totpColumn, Numbered: true, Installation: true, Values: totpSecrets, Put: putTOTP}}
}

// failures are wrong codes in a row.
type failures struct{ n, last int64 }

// wait returns how many seconds the next code has to wait.
func (f failures) wait(now int64) int64 {
	if f.n < freeCodes {
		return 0
	}
	pause := int64(firstWait)
	for i := int64(freeCodes); i < f.n && pause < longestWait; i++ {
		pause *= 2
	}
	return max(min(f.last+min(pause, longestWait)-now, longestWait), 0)
}

// NewTOTP is a secret that a person may choose for codes, with the address that
// an app takes.
type NewTOTP struct {
	Secret string // in base32
	URL    string
	key    *otp.Key
}

// NewTOTP draws a secret for a person's codes. It counts once ConfirmTOTP has
// seen a code.
func (s *Service) NewTOTP(who *User, secret string) (*NewTOTP, error) {
	raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	if err != nil || len(raw) != secretBytes {
		raw = make([]byte, secretBytes)
		s.sys.Bytes(raw)
	}
	key, err := totp.Generate(totp.GenerateOpts{Issuer: "Clientele", AccountName: who.Email, Secret: raw, Period: codePeriod})
	if err != nil {
		return nil, err
	}
	return &NewTOTP{Secret: key.Secret(), URL: key.URL(), key: key}, nil
}

// Key returns what makes a picture of the address.
func (n *NewTOTP) Key() *otp.Key { return n.key }

// step returns at which step a code of a secret is right, or 0. One step before
// and after now count, as clocks differ.
func step(secret, code string, now int64) int64 {
	for _, at := range []int64{now, now - codePeriod, now + codePeriod} {
		want, err := totp.GenerateCodeCustom(secret, time.Unix(at, 0), totp.ValidateOpts{Period: codePeriod, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		if err == nil && subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			return at / codePeriod
		}
	}
	return 0
}

// plainCode brings what somebody typed to the form of codes.
func plainCode(text string) string {
	return strings.ToLower(strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' || r == '\u00a0' {
			return -1
		}
		return r
	}, text))
}

// ConfirmTOTP gives who is signed in codes of a secret, once they have shown one.
// With the first second factor come recovery codes, which are shown once. A
// session that waited for a second factor to be set up goes on under another
// token.
func (s *Service) ConfirmTOTP(ctx context.Context, in *Signed, secret, code string, c Client) (codes []string, g Grant, err error) {
	if _, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret); err != nil || len(secret) != 32 {
		return nil, g, ErrCode
	}
	err = s.write(ctx, func(tx *sqldb.Tx) error {
		now := s.sys.Now()
		who, err := s.self(tx, in)
		if err != nil {
			return err
		}
		at := step(secret, plainCode(code), now)
		if at == 0 {
			return ErrCode
		}
		sealed, err := tx.Seal(totpColumn, id(who.ID), secret)
		if err != nil {
			return err
		}
		if err := tx.Exec(setTOTP, who.ID, sealed, at, now); err != nil {
			return err
		}
		codes, g, err = s.enrolled(tx, in, who, c)
		return err
	})
	return codes, g, err
}

// enrolled is what comes with another second factor.
func (s *Service) enrolled(tx *sqldb.Tx, in *Signed, who *Person, c Client) (codes []string, g Grant, err error) {
	now := s.sys.Now()
	if err := record(tx, now, history.Entry{Action: history.Created, Resource: history.SecondFactor, ID: who.ID}); err != nil {
		return nil, g, err
	}
	if !who.SecondFactor() {
		if codes, err = s.newCodes(tx, who.ID); err != nil {
			return nil, g, err
		}
	}
	if in.Session.Stage == NeedsEnroll {
		if err := tx.Exec(endSession, in.Session.hash, now); err != nil {
			return nil, g, err
		}
		c.Previous = ""
		g, err = s.open(tx, who, SignedIn, now, in.Session.Expires, c)
	}
	return codes, g, err
}

// self returns who is signed in as they are now, if the session goes on. It
// locks.
func (s *Service) self(tx *sqldb.Tx, in *Signed) (*Person, error) {
	if err := sqldb.LockProgram(tx); err != nil {
		return nil, err
	}
	var o Session
	if err := tx.Query(selectSession, func(r *sqldb.Row) error { o = scanSession(r); return nil }, in.Session.hash); err != nil {
		return nil, err
	}
	if o.ID == 0 || !s.live(&o, s.sys.Now()) {
		return nil, ErrSession
	}
	who, err := personByID(tx, in.ID)
	if err == nil && who == nil {
		err = ErrSession
	}
	return who, err
}

// newCodes replaces a person's recovery codes.
func (s *Service) newCodes(tx *sqldb.Tx, staffID int64) ([]string, error) {
	if err := tx.Exec(dropCodes, staffID); err != nil {
		return nil, err
	}
	var out []string
	for range recoveryCodes {
		text := s.sys.Token(16)
		if err := tx.Exec(insertCode, staffID, auth.HashToken(text)); err != nil {
			return nil, err
		}
		out = append(out, text[:4]+"-"+text[4:8]+"-"+text[8:12]+"-"+text[12:])
	}
	return out, nil
}

// NewCodes replaces the recovery codes of who is signed in.
func (s *Service) NewCodes(ctx context.Context, in *Signed) (codes []string, err error) {
	err = s.write(ctx, func(tx *sqldb.Tx) error {
		who, err := s.self(tx, in)
		if err != nil {
			return err
		}
		if codes, err = s.newCodes(tx, who.ID); err != nil {
			return err
		}
		return record(tx, s.sys.Now(), history.Entry{Action: history.Updated, Resource: history.SecondFactor, ID: who.ID})
	})
	return codes, err
}

// Codes returns how many recovery codes a person has left.
func (s *Service) Codes(ctx context.Context, staffID int64) (n int64, err error) {
	err = s.read(ctx, func(tx *sqldb.Tx) error {
		return tx.Query(countCodes, func(r *sqldb.Row) error { n = r.Int(0); return nil }, staffID)
	})
	return n, err
}

// RemoveTOTP takes the codes of an app away from who is signed in.
func (s *Service) RemoveTOTP(ctx context.Context, in *Signed) error {
	return s.write(ctx, func(tx *sqldb.Tx) error {
		who, err := s.self(tx, in)
		if err != nil || !who.HasTOTP {
			return err
		}
		now := s.sys.Now()
		if err := tx.Exec(setTOTP, who.ID, "", int64(0), now); err != nil {
			return err
		}
		return s.factorGone(tx, who, who.Passkeys > 0, now)
	})
}

// factorGone is what goes with a second factor; left tells whether there is
// another one.
func (s *Service) factorGone(tx *sqldb.Tx, who *Person, left bool, now int64) error {
	if !left {
		if err := tx.Exec(dropCodes, who.ID); err != nil {
			return err
		}
	}
	if err := tx.Exec(dropPurpose, who.ID, forBrowser); err != nil {
		return err
	}
	return record(tx, now, history.Entry{Action: history.Deleted, Resource: history.SecondFactor, ID: who.ID})
}

// ResetFactors takes a person's second factors away, who has lost them, and ends
// their sessions.
func (s *Service) ResetFactors(ctx context.Context, by *Person, staffID int64) error {
	return s.write(ctx, func(tx *sqldb.Tx) error {
		_, who, err := s.covered(tx, by, staffID)
		if err != nil {
			return err
		}
		now := s.sys.Now()
		if err := endAll(tx, now, who.ID); err != nil || !who.SecondFactor() {
			return err
		}
		if err := tx.Exec(setTOTP, who.ID, "", int64(0), now); err != nil {
			return err
		}
		if err := tx.Exec(dropPasskeys, who.ID); err != nil {
			return err
		}
		return s.factorGone(tx, who, false, now)
	})
}

// GiveCode takes the code of an app, or a recovery code, of who waits for that.
// remember has the browser remembered, but never an owner's. After five wrong
// codes the password is asked for again, and further codes wait.
func (s *Service) GiveCode(ctx context.Context, in *Signed, text string, remember bool, c Client) (g Grant, err error) {
	code := plainCode(text)
	wrong := error(nil)
	err = s.write(context.WithoutCancel(ctx), func(tx *sqldb.Tx) error {
		wrong = nil
		who, err := s.self(tx, in)
		if err != nil {
			return err
		}
		if in.Session.Stage != NeedsFactor {
			return ErrSession
		}
		now := s.sys.Now()
		if wait := who.failures.wait(now); wait > 0 {
			return limit.TooMany(time.Duration(wait) * time.Second)
		}
		method, ok := byCode, false
		switch {
		case len(code) == 16:
			n, err := tx.ExecCount(useCode, who.ID, auth.HashToken(code))
			if err != nil {
				return err
			}
			method, ok = byRecovery, n == 1
		case who.HasTOTP:
			secret, err := tx.In(AllStores).Unseal(totpColumn, id(who.ID), who.secret)
			if err != nil {
				return err
			}
			if at := step(secret, code, now); at > 0 {
				n, err := tx.ExecCount(takeStep, who.ID, at)
				if err != nil {
					return err
				}
				ok = n == 1 // a code is taken once
			}
		}
		if !ok {
			wrong = ErrCode
			return s.wrongCode(tx, in, who, now)
		}
		if g, err = s.enter(tx, who, c, method); err != nil {
			return err
		}
		if remember && !who.Rights.owner() {
			g.Browser = s.sys.Hex(32)
			return s.issue(tx, g.Browser, forBrowser, who.ID, "", rememberLife)
		}
		return nil
	})
	if err == nil {
		err = wrong
	}
	return g, err
}

// wrongCode counts a wrong code, and ends the session with the last free one.
func (s *Service) wrongCode(tx *sqldb.Tx, in *Signed, who *Person, now int64) error {
	if err := tx.Exec(countWrong, who.ID, now); err != nil {
		return err
	}
	if err := tx.Exec(countTry, in.Session.hash); err != nil {
		return err
	}
	if in.Session.tries+1 >= freeCodes {
		if err := tx.Exec(endSession, in.Session.hash, now); err != nil {
			return err
		}
	}
	e := history.Entry{Action: history.SignInFailed, Resource: history.StaffUser, ID: who.ID}
	e.Because(reasonFactor)
	return record(tx, now, e)
}
