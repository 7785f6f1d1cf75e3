// Package account holds customer accounts as their owners use them: to
// register, sign in and out, guess at passwords within limits, keep sessions
// and access tokens, change and reset passwords, follow emailed links,
// subscribe to the newsletter, and change their data. Package customer defines
// customers; surfaces know about requests.
package account

import (
	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/form"
	"clientele/internal/history"
	"clientele/internal/limit"
	"clientele/internal/locale"
	"clientele/internal/opt"
	"clientele/internal/password"
	"clientele/internal/sqldb"
	"clientele/internal/store"
	"clientele/internal/subscriber"
	"clientele/internal/system"
)

// Errors with a meaning of their own. Surfaces tell them apart with
// errors.Is.
var (
	// ErrCredentials: no customer who may sign in here has this email and password.
	ErrCredentials = fault.New(fault.Unauthorized, "the email address or the password is wrong")
	// ErrResetRequired: the password is right, but has to be reset by email
	// before it may be used again.
	ErrResetRequired = fault.New(fault.Forbidden, "the password has to be reset")
	// ErrUnconfirmed: the password is right, but the address has to be
	// confirmed by the link that was emailed.
	ErrUnconfirmed = fault.New(fault.Forbidden, "the email address has to be confirmed")
	// ErrNoAccess: the customer may not sign in on this channel.
	ErrNoAccess = fault.New(fault.Forbidden, "the customer may not sign in on this channel")
	// ErrWrongPassword: the current password, asked for again, is wrong.
	ErrWrongPassword = fault.New(fault.Unauthorized, "the current password is wrong")
	// ErrOnBehalf: who acts for a customer may not do what only the customer may.
	ErrOnBehalf = fault.New(fault.Forbidden, "this is not done on a customer's behalf")
	// ErrLink: an emailed link is used up, expired, or was never sent.
	ErrLink = fault.New(fault.Unauthorized, "the link is no longer valid")
	// ErrNobody: no customer who may sign in here has this email.
	ErrNobody = fault.New(fault.NotFound, "the email address does not belong to a customer")
	// ErrClosed: the store does not allow registrations.
	ErrClosed = fault.New(fault.Forbidden, "the store does not take registrations")
	// ErrSubscribed: the address has the newsletter already.
	ErrSubscribed = fault.New(fault.Conflict, "the address is subscribed already")
	// ErrNoSession: there is no such session of the customer.
	ErrNoSession = fault.New(fault.NotFound, "there is no such session")
)

// Client is the sender of a request, as far as the server can tell.
type Client struct {
	Peer      limit.Peer
	UserAgent string
	// Previous is the session token that the client had before, where it had
	// one: signing in ends it.
	Previous string
	// Shown is what a person was shown who gives a consent.
	Shown subscriber.Shown
	// Language is the one in which the client is spoken to.
	Language locale.Choice
	// Mark is a secret of the browser that asks for a link to sign in, by which
	// it is known again when the link is followed.
	Mark string
}

// party returns the client as a party in the queue for password hashes. proven
// means that the client has shown whose account the request is about.
func party(site store.Site, c Client, proven bool) password.Party {
	return password.Party{StoreID: site.StoreID, Name: c.Peer.Network(), Known: proven}
}

// Kind is the way in which a client carries a session's token.
type Kind int64

// The kinds of sessions.
const (
	Browser     Kind = iota // a cookie
	AccessToken             // a customer access token
)

// Session is a customer signed in on a channel.
type Session struct {
	StoreID, ID, CustomerID, ChannelID int64
	Kind                               Kind
	Created, Seen, Expires             int64
	UserAgent, Peer                    string
	// Email, GroupID and Locale are the customer's, where Authenticate found the
	// session.
	Email   string
	GroupID int64
	Locale  string
	// Acting is who acts as the customer; nil where it is the customer.
	Acting *Acting

	by history.Actor // who acts

	idle int64 // seconds without use after which it ends; 0: any
}

// impersonation is the id of the impersonation that the session is of, or 0.
func (s *Session) impersonation() int64 {
	if s.Acting == nil {
		return 0
	}
	return s.Acting.ID
}

// On reports whether the session is of a storefront.
func (s *Session) On(site store.Site) bool {
	return s != nil && s.StoreID == site.StoreID && s.ChannelID == site.ChannelID
}

// Grant is a new session with its token. Only the token's hash is stored.
type Grant struct {
	Token   string
	Session Session
	// Consent is what the customer agreed to; nil: nobody looked.
	Consent *customer.Consent
}

// Registration is the command to register.
type Registration struct {
	Email     string
	Password  string
	FirstName string
	LastName  string
	Phone     string
	Company   string
	// Address is the first of the address book, where one is given.
	Address *customer.AddressCreate
	// FormFields are values of the store's sign-up form.
	FormFields []form.Input
	// AcceptsMarketing is the wish for the newsletter.
	AcceptsMarketing bool
}

// Details is the command to change an account; absent fields stay.
type Details struct {
	FirstName  opt.Field[string]
	LastName   opt.Field[string]
	Email      opt.Field[string]
	Phone      opt.Field[string]
	Company    opt.Field[string]
	FormFields []form.Input
	// CurrentPassword, if given, must be right.
	CurrentPassword opt.Field[string]
	// Careful refuses another email without the current password, as pages do
	// for sessions that may have been left open.
	Careful bool
}

// Mail is an email to be sent.
type Mail struct {
	Kind       MailKind
	Site       store.Site
	To, ToName string
	CustomerID int64 // 0: none
	Data       map[string]string
	// Route is the type of the site's route that the link gives way to, and
	// Parameters what is added to it.
	Route      string
	Parameters []string
	// Wish is what the request told of the language. A customer's own is looked up.
	Wish locale.Wish
	// Expires is the time after which the email is not sent any more, in seconds
	// since the epoch; 0: never.
	Expires int64
}

// MailKind names the template of an email.
type MailKind string

// The emails of accounts. Data holds link and minutes where there is a link to
// follow, and new_email where the address changed.
const (
	MailAccountCreated      MailKind = "account_created"
	MailPasswordReset       MailKind = "password_reset"
	MailPasswordChanged     MailKind = "password_changed"
	MailEmailChanged        MailKind = "email_changed" // to the old address
	MailSignInLink          MailKind = "sign_in_link"
	MailConfirmSubscription MailKind = "confirm_subscription"
	MailConfirmAccount      MailKind = "confirm_account"
	MailImpersonated        MailKind = "impersonated"
)

// Mailer queues emails in a transaction and sends them after its commit.
type Mailer interface {
	Queue(tx *sqldb.Tx, m Mail) error
}

// Service runs the use cases.
type Service struct {
	db          *sqldb.DB
	sys         *system.System
	stores      *store.Service
	customers   *customer.Service
	forms       *form.Service
	subscribers *subscriber.Service
	passwords   *password.Hasher
	mail        Mailer
	asks        *limit.Windows
	enters      *sqldb.Together[*entering]
	guesses     *limit.Guesses
	watch       *watch
	entrances   *sqldb.Kept[int64, store.Entrance]
	elsewhere   Elsewhere // nil: nobody
}

// Config is what a Service works with.
type Config struct {
	DB        *sqldb.DB
	System    *system.System
	Stores    *store.Service // nil: one over DB
	Customers *customer.Service
	Forms     *form.Service // nil: one over DB
	Passwords *password.Hasher
	Mail      Mailer // nil: no emails
}

// send queues an email that a client caused, in the client's language.
func (s *Service) send(tx *sqldb.Tx, c Client, m Mail) error {
	m.Wish = c.Language.Wish()
	return s.mail.Queue(tx, m)
}

type silent struct{}

func (silent) Queue(*sqldb.Tx, Mail) error { return nil }

// NewService returns a Service.
func NewService(c Config) *Service {
	if c.Stores == nil {
		c.Stores = store.NewService(c.DB, c.System)
	}
	if c.Forms == nil {
		c.Forms = form.NewService(c.DB, c.System)
	}
	if c.Mail == nil {
		c.Mail = silent{}
	}
	s := &Service{db: c.DB, sys: c.System, stores: c.Stores, customers: c.Customers, forms: c.Forms, subscribers: subscriber.NewService(c.DB, c.System), passwords: c.Passwords, mail: c.Mail, asks: limit.NewWindows(c.DB, c.System), guesses: limit.NewGuesses(c.DB, c.System), watch: newWatch(c.System), entrances: store.KeepEntrances(c.DB)}
	s.enters = sqldb.NewTogether(c.DB, s.enterAll).Apart()
	if c.Customers != nil {
		c.Customers.AccessIn(s)
		c.Customers.NotifyWith(s)
	}
	return s
}
