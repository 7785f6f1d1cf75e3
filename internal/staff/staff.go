// Package staff knows who works with the control panel: people with their
// memberships and roles, how they sign in and prove themselves once more, their
// sessions, second factors, passkeys and invitations. It decides who may do
// what; surfaces ask, and know about requests.
//
// People and sessions belong to the installation. A membership gives a role in
// one store or, as that of store 0, in all. What happens to a membership is told
// by the history of its store, and everything else by that of store 0, which is
// the installation's own.
package staff

import (
	"context"

	"clientele/internal/fault"
	"clientele/internal/history"
	"clientele/internal/limit"
	"clientele/internal/password"
	"clientele/internal/sqldb"
	"clientele/internal/store"
	"clientele/internal/system"
)

// AllStores stands for all stores, in memberships.
const AllStores = 0

// Errors with a meaning of their own. Surfaces tell them apart with errors.Is.
var (
	// ErrCredentials: nobody has this email and password.
	ErrCredentials = fault.New(fault.Unauthorized, "the email address or the password is wrong")
	// ErrCode: the code of a second factor is wrong, was used, or is too old.
	ErrCode = fault.New(fault.Unauthorized, "the code is wrong")
	// ErrPasskey: a passkey is not known here, or did not answer for this site.
	ErrPasskey = fault.New(fault.Unauthorized, "the passkey is not accepted")
	// ErrWrongPassword: the password, asked for again, is wrong.
	ErrWrongPassword = fault.New(fault.Unauthorized, "the password is wrong")
	// ErrSession: the session has ended, or is not at the stage that is needed.
	ErrSession = fault.New(fault.Unauthorized, "the session has ended")
	// ErrLink: a link was used, has expired, or was never given out.
	ErrLink = fault.New(fault.Unauthorized, "the link is no longer valid")
	// ErrDenied: whoever asks may not do that.
	ErrDenied = fault.New(fault.Forbidden, "the role does not allow this")
	// ErrStale: somebody else has changed the record meanwhile.
	ErrStale = fault.New(fault.Conflict, "the record was changed meanwhile")
	// ErrNobody: there is no such person.
	ErrNobody = fault.New(fault.NotFound, "there is no such person among the staff")
)

// User is a person of the staff.
type User struct {
	ID       int64
	Email    string
	Name     string
	Locale   string // of the panel; empty: as the browser wants
	Timezone string // an IANA name; empty: the store's
	// HasPassword is false of who was invited and has not come yet, and of who
	// signs in elsewhere.
	HasPassword bool
	HasTOTP     bool
	Passkeys    int64
	SignIns     int64
	// Version goes up with each change.
	Version                     int64
	Created, Modified, SignedIn int64 // SignedIn: 0 is never

	passwordHash, subject, secret string
	step                          int64
	failures                      failures
}

// SecondFactor reports whether the person has one.
func (u *User) SecondFactor() bool { return u.HasTOTP || u.Passkeys > 0 }

// Invited reports whether the person was invited and has not come yet.
func (u *User) Invited() bool { return !u.HasPassword && u.SignedIn == 0 }

// Actor is the person as the history tells of them.
func (u *User) Actor() history.Actor { return history.Actor{Kind: history.Staff, Name: u.Email} }

// Client is who sends a request, as far as the server can tell.
type Client struct {
	Peer      limit.Peer
	UserAgent string
	// Previous is the session token that the browser had before: signing in ends
	// that session.
	Previous string
	// Browser is what a browser was given that is to be remembered.
	Browser string
}

func (c Client) party() password.Party {
	return password.Party{Name: c.Peer.Network()}
}

// Mailer sends invitations in the transaction that makes them.
type Mailer interface {
	Invite(tx *sqldb.Tx, in Invitation) error
}

// Invitation is what an email tells of that invites somebody.
type Invitation struct {
	To, ToName, Locale string
	// StoreID is the store that the email speaks of: for a membership of all
	// stores, the first.
	StoreID int64
	By      string // the name of who invites; empty: the operator
	Link    string
	Expires int64
}

// Config is what a Service works with.
type Config struct {
	DB        *sqldb.DB
	System    *system.System
	Stores    *store.Service
	Passwords *password.Hasher
	Mail      Mailer // nil: nobody is sent emails
}

// Service runs the use cases.
type Service struct {
	// Rules may be changed before anybody is served.
	Rules Rules

	db        *sqldb.DB
	sys       *system.System
	stores    *store.Service
	passwords *password.Hasher
	mail      Mailer
	guesses   *limit.Guesses
}

// Rules are an operator's choices.
type Rules struct {
	// Lifetime is for how many seconds a session lasts at most, Idle for how many
	// without use.
	Lifetime, Idle int64
	// Production asks of who has much power for a second factor.
	Production bool
}

// The rules where nobody says otherwise.
const (
	DefaultLifetime = 12 * 60 * 60
	DefaultIdle     = 60 * 60
)

// NewService returns a Service.
func NewService(c Config) *Service {
	return &Service{
		Rules: Rules{Lifetime: DefaultLifetime, Idle: DefaultIdle},
		db:    c.DB, sys: c.System, stores: c.Stores, passwords: c.Passwords, mail: c.Mail, guesses: limit.NewGuesses(c.DB, c.System),
	}
}

// read runs fn in a transaction of the installation.
func (s *Service) read(ctx context.Context, fn func(tx *sqldb.Tx) error) error {
	return s.db.Read(ctx, AllStores, fn)
}

func (s *Service) write(ctx context.Context, fn func(tx *sqldb.Tx) error) error {
	return s.db.Write(ctx, AllStores, fn)
}
