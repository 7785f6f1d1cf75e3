package staff

import (
	"context"
	"strings"

	"clientele/internal/auth"
	"clientele/internal/email"
	"clientele/internal/fault"
	"clientele/internal/history"
	"clientele/internal/limit"
	"clientele/internal/sqldb"
)

// rememberLife is for how long a browser is remembered, in seconds.
const rememberLife = 30 * 24 * 60 * 60

// SignIn looks at a password. Every email gets the same words and the same work.
// The session that it opens may still need a second factor: see Grant.Stage. It
// is ErrCredentials or TooMany where there is none.
func (s *Service) SignIn(ctx context.Context, address, text string, c Client) (Grant, error) {
	var who *Person
	known, remembered := false, false
	if err := s.read(ctx, func(tx *sqldb.Tx) (err error) {
		known, remembered = false, false
		if who, err = personByEmail(tx, address); err != nil || who == nil {
			return err
		}
		if err := tx.Query(knownNetwork, func(*sqldb.Row) error { known = true; return nil }, who.ID, c.Peer.Network()); err != nil {
			return err
		}
		t, err := findToken(tx, c.Browser, forBrowser, s.sys.Now())
		remembered = t != nil && t.staffID == who.ID
		return err
	}); err != nil {
		return Grant{}, err
	}
	hash := ""
	if who != nil {
		hash = who.passwordHash
	}
	right, newer := false, ""
	tried, err := s.guesses.Try(ctx, AllStores, limit.Guess{Email: email.Key(address), Peer: c.Peer, Known: known || remembered}, func() (bool, error) {
		party := c.party()
		party.Known = known || remembered
		cmp, err := s.passwords.Compare(ctx, party, hash, text)
		right, newer = cmp.OK && who != nil, cmp.Newer
		return right, err
	})
	if err != nil {
		return Grant{}, err
	}
	if !right {
		return Grant{}, s.refused(ctx, who, tried)
	}
	var g Grant
	err = s.write(ctx, func(tx *sqldb.Tx) error {
		now, err := personByID(tx, who.ID)
		if err != nil {
			return err
		}
		if now == nil || now.passwordHash != hash {
			return ErrCredentials
		}
		if newer != "" {
			if err := tx.Exec(rehash, who.ID, newer); err != nil {
				return err
			}
		}
		switch {
		case !now.SecondFactor():
			g, err = s.enter(tx, now, c, byPassword)
		case remembered && !now.Rights.owner():
			g, err = s.enter(tx, now, c, byBrowser)
		default:
			t := s.sys.Now()
			g, err = s.open(tx, now, NeedsFactor, t, t+factorLife, c)
		}
		return err
	})
	return g, err
}

var rehash = sqldb.Global(`UPDATE staff_users SET password_hash = $2 WHERE id = $1`)

// refused records a wrong password of somebody, and is ErrCredentials.
func (s *Service) refused(ctx context.Context, who *Person, t limit.Tried) error {
	if who == nil {
		return ErrCredentials
	}
	if err := s.write(sqldb.Aside(context.WithoutCancel(ctx)), func(tx *sqldb.Tx) error {
		es := []history.Entry{{Action: history.SignInFailed, Resource: history.StaffUser, ID: who.ID}}
		if t.Account > 0 {
			es = append(es, history.Entry{Action: history.LockedOut, Resource: history.StaffUser, ID: who.ID})
		}
		return record(tx, s.sys.Now(), es...)
	}); err != nil {
		return err
	}
	return ErrCredentials
}

// knows checks the password of who is signed in, under the bounds of guessing.
func (s *Service) knows(ctx context.Context, who *Person, text string, c Client) error {
	right := false
	_, err := s.guesses.Try(ctx, AllStores, limit.Guess{Email: email.Key(who.Email), Peer: c.Peer, Known: true}, func() (bool, error) {
		party := c.party()
		party.Known = true
		var err error
		right, err = s.passwords.Verify(ctx, party, who.passwordHash, text)
		return right, err
	})
	if err == nil && !right {
		err = ErrWrongPassword
	}
	return err
}

// SignInElsewhere signs a person in whom the installation's identity provider
// vouches for: by the subject it was known by before, or at first by the email,
// which the provider has verified.
func (s *Service) SignInElsewhere(ctx context.Context, subject, address string, c Client) (g Grant, err error) {
	err = s.write(ctx, func(tx *sqldb.Tx) error {
		if err := sqldb.LockProgram(tx); err != nil {
			return err
		}
		who, err := onePerson(tx, sqldb.Q{Stmt: userBySubject, Args: []any{subject}})
		if err != nil {
			return err
		}
		if who == nil {
			if who, err = personByEmail(tx, address); err != nil {
				return err
			}
			if who == nil || who.subject != "" { // which is somebody else's
				return ErrCredentials
			}
			if err := tx.Exec(setSubject, who.ID, subject); err != nil {
				return err
			}
		}
		g, err = s.enter(tx, who, c, byElsewhere)
		return err
	})
	return g, err
}

var (
	userBySubject = sqldb.Global(`SELECT ` + userColumns + ` FROM staff_users u WHERE u.oidc_subject = $1 AND u.oidc_subject <> ''`)
	setSubject    = sqldb.Global(`UPDATE staff_users SET oidc_subject = $2 WHERE id = $1`)
)

// Purposes of tokens.
const (
	forSetup      = "setup"
	forInvitation = "invitation"
	forBrowser    = "browser"
	forCeremony   = "ceremony"
	forElsewhere  = "single sign-on"
)

// Lives of tokens, in seconds.
const (
	setupLife      = 60 * 60
	invitationLife = 7 * 24 * 60 * 60
	ceremonyLife   = 5 * 60
)

var (
	insertToken  = sqldb.Global(`INSERT INTO staff_tokens (token_hash, purpose, staff_id, data, date_expires) VALUES ($1, $2, $3, $4, $5)`)
	selectToken  = sqldb.Global(`SELECT staff_id, data FROM staff_tokens WHERE token_hash = $1 AND purpose = $2 AND date_expires > $3`)
	useToken     = sqldb.Global(`DELETE FROM staff_tokens WHERE token_hash = $1 AND purpose = $2 AND date_expires > $3`)
	dropTokensOf = sqldb.Global(`DELETE FROM staff_tokens WHERE staff_id = $1`)
	dropPurpose  = sqldb.Global(`DELETE FROM staff_tokens WHERE staff_id = $1 AND purpose = $2`)
)

type token struct {
	staffID int64
	data    string
}

// findToken looks at a token without using it up; nil: there is none.
func findToken(tx *sqldb.Tx, text, purpose string, now int64) (*token, error) {
	if !isToken(text) {
		return nil, nil
	}
	var out *token
	err := tx.Query(selectToken, func(r *sqldb.Row) error { out = &token{r.Int(0), r.Text(1)}; return nil }, auth.HashToken(text), purpose, now)
	return out, err
}

// redeem uses a token up; of several at once one wins, the others are ErrLink.
func redeem(tx *sqldb.Tx, text, purpose string, now int64) (*token, error) {
	out, err := findToken(tx, text, purpose, now)
	if err != nil {
		return nil, err
	}
	if out == nil {
		return nil, ErrLink
	}
	n, err := tx.ExecCount(useToken, auth.HashToken(text), purpose, now)
	if err == nil && n == 0 {
		err = ErrLink
	}
	return out, err
}

// issue stores a new token.
func (s *Service) issue(tx *sqldb.Tx, text, purpose string, staffID int64, data string, life int64) error {
	return tx.Exec(insertToken, auth.HashToken(text), purpose, staffID, data, s.sys.Now()+life)
}

// Keep keeps a text for some minutes under a token, which takes it once.
func (s *Service) Keep(ctx context.Context, text string) (string, error) {
	t := s.sys.Hex(32)
	return t, s.write(ctx, func(tx *sqldb.Tx) error { return s.issue(tx, t, forElsewhere, 0, text, ceremonyLife) })
}

// Take returns what Keep kept, once, or ErrLink.
func (s *Service) Take(ctx context.Context, t string) (text string, err error) {
	err = s.write(ctx, func(tx *sqldb.Tx) error {
		have, err := redeem(tx, t, forElsewhere, s.sys.Now())
		if err == nil {
			text = have.data
		}
		return err
	})
	return text, err
}

// SetupKey returns a new key with which the first owner is made, or nothing if
// there is somebody already.
func (s *Service) SetupKey(ctx context.Context) (key string, err error) {
	t := s.sys.Hex(32)
	err = s.write(ctx, func(tx *sqldb.Tx) error {
		key = ""
		if some, err := anybody(tx); some || err != nil {
			return err
		}
		key = t
		return s.issue(tx, t, forSetup, 0, "", setupLife)
	})
	return key, err
}

// CheckSetup reports whether a key makes the first owner; else it is ErrLink.
func (s *Service) CheckSetup(ctx context.Context, key string) error {
	return s.read(ctx, func(tx *sqldb.Tx) error {
		some, err := anybody(tx)
		if err != nil {
			return err
		}
		t, err := findToken(tx, key, forSetup, s.sys.Now())
		if err == nil && (t == nil || some) {
			err = ErrLink
		}
		return err
	})
}

// SetUp makes the first owner, of all stores, and signs them in. Of two at once
// one wins; the other is ErrLink.
func (s *Service) SetUp(ctx context.Context, key string, in Create, c Client) (g Grant, err error) {
	in.StoreID, in.Role = AllStores, Owner
	f := &fault.Collector{}
	if in.Password == "" {
		f.Break(FieldPassword, fault.Required, "")
	}
	in.check(f)
	if err := f.Err(fault.Invalid); err != nil {
		return g, err
	}
	if err := s.CheckSetup(ctx, key); err != nil {
		return g, err
	}
	hash, err := s.passwords.Hash(ctx, c.party(), in.Password)
	if err != nil {
		return g, err
	}
	err = s.write(ctx, func(tx *sqldb.Tx) error {
		if err := sqldb.LockProgram(tx); err != nil {
			return err
		}
		if _, err := redeem(tx, key, forSetup, s.sys.Now()); err != nil {
			return err
		}
		if some, err := anybody(tx); err != nil || some {
			return orLink(err)
		}
		if err := tx.Exec(dropPurpose, int64(0), forSetup); err != nil {
			return err
		}
		id, err := s.add(tx, nil, &in, hash)
		if err != nil {
			return err
		}
		who, err := personByID(tx, id)
		if err != nil {
			return err
		}
		g, err = s.enter(tx, who, c, bySetup)
		return err
	})
	return g, err
}

func orLink(err error) error {
	if err == nil {
		err = ErrLink
	}
	return err
}

// InvitationPath is where the link of an invitation leads, on the panel's host.
const InvitationPath = "/manage/invitation"

// InvitationLink returns the link of a token, at the panel's URL.
func InvitationLink(panel, token string) string {
	return strings.TrimRight(panel, "/") + InvitationPath + "?token=" + token
}

// Invite is the command to invite somebody.
type Invite struct {
	Create
	// Link returns the address that a token makes.
	Link func(token string) string
}

// Invite adds a person who has yet to choose a password, or gives one that is
// there another link to choose one, and returns the link. An email with it goes
// out where there is a store to speak for.
func (s *Service) Invite(ctx context.Context, by *Person, in Invite) (who *Person, link string, err error) {
	in.Password = ""
	c := &fault.Collector{}
	if in.check(c); len(c.Items) > 0 {
		return nil, "", c.Err(fault.Invalid)
	}
	t := s.sys.Hex(32)
	stores, err := s.stores.List(ctx)
	if err != nil {
		return nil, "", err
	}
	err = s.write(ctx, func(tx *sqldb.Tx) error {
		id, err := s.add(tx, by, &in.Create, "")
		if err != nil {
			return err
		}
		if who, err = personByID(tx, id); err != nil {
			return err
		}
		speaks := in.StoreID
		if speaks == AllStores && len(stores) > 0 {
			speaks = stores[0].ID
		}
		link, err = s.invite(tx, by, who, t, speaks, in.Link)
		return err
	})
	return who, link, err
}

// InviteAgain gives a person another link to choose a password. The ones before
// it are no longer good.
func (s *Service) InviteAgain(ctx context.Context, by *Person, id, storeID int64, to func(token string) string) (link string, err error) {
	t := s.sys.Hex(32)
	err = s.write(ctx, func(tx *sqldb.Tx) error {
		by, who, err := s.covered(tx, by, id)
		if err != nil {
			return err
		}
		if by != nil && who.HasPassword {
			return ErrDenied // only the operator lets somebody choose another one
		}
		link, err = s.invite(tx, by, who, t, storeID, to)
		return err
	})
	return link, err
}

func (s *Service) invite(tx *sqldb.Tx, by, who *Person, t string, storeID int64, to func(string) string) (string, error) {
	if err := tx.Exec(dropPurpose, who.ID, forInvitation); err != nil {
		return "", err
	}
	if err := s.issue(tx, t, forInvitation, who.ID, email.Key(who.Email), invitationLife); err != nil {
		return "", err
	}
	now, link := s.sys.Now(), to(t)
	if err := record(tx, now, history.Entry{Action: history.LinkSent, Resource: history.StaffUser, ID: who.ID}); err != nil || s.mail == nil || storeID == AllStores {
		return link, err
	}
	name := ""
	if by != nil {
		name = by.Name
	}
	return link, s.mail.Invite(tx.In(storeID), Invitation{To: who.Email, ToName: who.Name, Locale: who.Locale, StoreID: storeID, By: name, Link: link, Expires: now + invitationLife})
}

// Invited returns whom a link invites, or ErrLink. A link is good for the
// address alone that it was sent to.
func (s *Service) Invited(ctx context.Context, t string) (who *Person, err error) {
	err = s.read(ctx, func(tx *sqldb.Tx) error {
		have, err := findToken(tx, t, forInvitation, s.sys.Now())
		if err != nil {
			return err
		}
		if have == nil {
			return ErrLink
		}
		if who, err = personByID(tx, have.staffID); err != nil {
			return err
		}
		if who == nil || email.Key(who.Email) != have.data {
			return ErrLink
		}
		return nil
	})
	return who, err
}

// Accept gives who was invited a password and signs them in.
func (s *Service) Accept(ctx context.Context, t, name, text string, c Client) (g Grant, err error) {
	who, err := s.Invited(ctx, t)
	if err != nil {
		return g, err
	}
	f := &fault.Collector{}
	f.Length(FieldName, name, 1, maxName)
	checkPassword(f, text, who.Email, name)
	if err := f.Err(fault.Invalid); err != nil {
		return g, err
	}
	hash, err := s.passwords.Hash(ctx, c.party(), text)
	if err != nil {
		return g, err
	}
	err = s.write(ctx, func(tx *sqldb.Tx) error {
		if err := sqldb.LockProgram(tx); err != nil {
			return err
		}
		have, err := redeem(tx, t, forInvitation, s.sys.Now())
		if err != nil {
			return err
		}
		who, err := personByID(tx, have.staffID)
		if err != nil {
			return err
		}
		if who == nil || email.Key(who.Email) != have.data {
			return ErrLink
		}
		if err := tx.Exec(rename, who.ID, name); err != nil {
			return err
		}
		if err := s.setPassword(tx, who, hash, ""); err != nil {
			return err
		}
		if who.SecondFactor() {
			now := s.sys.Now()
			g, err = s.open(tx, who, NeedsFactor, now, now+factorLife, c)
			return err
		}
		g, err = s.enter(tx, who, c, byLink)
		return err
	})
	return g, err
}

var rename = sqldb.Global(`UPDATE staff_users SET name = $2 WHERE id = $1`)
