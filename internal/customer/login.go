package customer

import (
	"context"
	"strconv"
	"time"

	"clientele/internal/auth"
	"clientele/internal/fault"
	"clientele/internal/fold"
	"clientele/internal/sqldb"
	"clientele/internal/store"
	"clientele/internal/system"
)

// OpValidate names the check of credentials in faults.
const OpValidate = "customer.validate"

// Bounds of guessing: wrong passwords for one email in a store, whether or
// not anybody has it, and from one address. An address may be a merchant's
// backend that signs in everybody, so it gets more.
const (
	guessWindow     = 15 * time.Minute
	guessesPerEmail = 10
	guessesPerPeer  = 1000
	guessedKeys     = 100_000
)

type guards struct{ emails, peers *auth.Guard }

func newGuards(sys *system.System) guards {
	return guards{
		emails: auth.NewGuard(sys, guessesPerEmail, guessWindow, guessedKeys),
		peers:  auth.NewGuard(sys, guessesPerPeer, guessWindow, guessedKeys),
	}
}

// Credentials are what a shopper signs in with.
type Credentials struct {
	Email     string
	Password  string
	ChannelID int64  // 0: the default channel
	Peer      string // the address that asks
}

var (
	selectLogin = sqldb.Static(`SELECT e.customer_id, e.channel_id, c.password_hash FROM customer_emails e
		JOIN customers c ON c.store_id = e.store_id AND c.id = e.customer_id
		WHERE e.store_id = $1 AND e.email_norm = $2 AND e.channel_id IN (0, $3)`)
	selectPassword = sqldb.Static(`SELECT password_hash, email FROM customers WHERE store_id = $1 AND id = $2`)
	selectChannel  = sqldb.Static(`SELECT id FROM channels WHERE store_id = $1 AND id = $2 AND status NOT IN ('deleted', 'terminated')`)
)

// Validate returns the id of the customer who has the credentials and may use
// the channel, or 0. It does the same work for every email. Too many wrong
// guesses are TooMany.
func (s *Service) Validate(ctx context.Context, storeID int64, in Credentials) (int64, error) {
	if in.ChannelID == 0 {
		in.ChannelID = store.DefaultChannel
	}
	norm := fold.Text(in.Email)
	var id int64
	err := s.guards.attempt(storeID, in.Peer, norm, func() (ok bool, err error) {
		id, err = s.login(ctx, storeID, norm, in)
		return id != 0, err
	})
	return id, err
}

// VerifyPassword reports whether a password is the customer's, asked for from
// the address peer. Guesses count together with those of Validate, and it does
// the same work for every id. Without a customer it is a NotFound fault.
func (s *Service) VerifyPassword(ctx context.Context, storeID, id int64, password, peer string) (right bool, err error) {
	found, hash := false, ""
	key := "#" + strconv.FormatInt(id, 10) // nobody's email
	if err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		return tx.Query(selectPassword, func(r *sqldb.Row) error {
			found, hash, key = true, r.Text(0), fold.Text(r.Text(1))
			return nil
		}, id)
	}); err != nil {
		return false, err
	}
	err = s.guards.attempt(storeID, peer, key, func() (bool, error) {
		right, err = s.passwords.VerifyOrSpend(ctx, hash, password)
		return right, err
	})
	if err == nil && !found {
		err = errNoCustomer
	}
	return right, err
}

// attempt makes an attempt at the password of an email in a store, unless
// there were too many that failed. One that is right or could not be made
// does not count.
func (g *guards) attempt(storeID int64, peer, email string, try func() (ok bool, err error)) error {
	shop := strconv.FormatInt(storeID, 10) + "\x00"
	peer, email = shop+peer, shop+email
	if wait := g.peers.Take(peer); wait > 0 {
		return tooMany(wait)
	}
	if wait := g.emails.Take(email); wait > 0 {
		g.peers.Return(peer)
		return tooMany(wait)
	}
	ok, err := try()
	switch {
	case err != nil:
		g.emails.Return(email)
		g.peers.Return(peer)
	case ok:
		g.emails.Clear(email)
		g.peers.Return(peer)
	}
	return err
}

func tooMany(wait time.Duration) error {
	return &fault.Error{Kind: fault.TooMany, Message: "Too many requests", RetryAfter: int((wait + time.Second - 1) / time.Second)}
}

func (s *Service) login(ctx context.Context, storeID int64, norm string, in Credentials) (int64, error) {
	var id int64
	var hash string
	var channel, global bool
	err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		everywhere := false
		err := tx.Pipeline(
			sqldb.Q{Stmt: selectChannel, Args: []any{in.ChannelID}, Each: func(*sqldb.Row) error { channel = true; return nil }},
			store.GlobalLogins(in.ChannelID, &global),
			sqldb.Q{Stmt: selectLogin, Args: []any{norm, in.ChannelID}, Each: func(r *sqldb.Row) error {
				id, everywhere, hash = r.Int(0), r.Int(1) == 0, r.Text(2)
				return nil
			}},
		)
		if everywhere && !global {
			id, hash = 0, ""
		}
		return err
	})
	if err != nil {
		return 0, err
	}
	if !channel {
		return 0, &fault.Error{Kind: fault.Invalid, Op: OpValidate, Items: []fault.Item{{Index: -1, Field: "channel_id", Code: fault.Unknown, Message: "invalid channel ID"}}}
	}
	ok, err := s.passwords.VerifyOrSpend(ctx, hash, in.Password)
	if err != nil || !ok {
		return 0, err
	}
	return id, nil
}
