package account

import (
	"context"
	"strconv"

	"clientele/internal/customer"
	"clientele/internal/email"
	"clientele/internal/fault"
	"clientele/internal/limit"
	"clientele/internal/password"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

// OpValidate names the check of credentials in faults.
const OpValidate = "customer.validate"

// Credentials are what a shopper signs in with.
type Credentials struct {
	Email     string
	Password  string
	ChannelID int64      // 0: the default channel
	Peer      limit.Peer // who asks
}

// Login is a customer whose password was found right.
type Login struct {
	CustomerID         int64
	ForcePasswordReset bool
	// PasswordHash is the stored hash, to tell whether the password changed
	// since.
	PasswordHash string

	known bool // the customer, from the network that asks
}

var (
	// Of all channels, to tell whether others have the email too.
	selectLogin = sqldb.Static(`SELECT e.customer_id, e.channel_id, c.password_hash, c.force_password_reset FROM customer_emails e
		JOIN customers c ON c.store_id = e.store_id AND c.id = e.customer_id
		WHERE e.store_id = $1 AND e.email_norm = $2`)
	selectPassword = sqldb.Static(`SELECT password_hash, email FROM customers WHERE store_id = $1 AND id = $2`)
	selectOthers   = sqldb.Static(`SELECT customer_id FROM customer_emails WHERE store_id = $1 AND email_norm = $2 AND customer_id NOT IN (0, $3) LIMIT 1`)
	selectChannel  = sqldb.Static(`SELECT id FROM channels WHERE store_id = $1 AND id = $2 AND status NOT IN ('deleted', 'terminated')`)
)

// Validate returns the id of the customer who has the credentials and may use
// the channel, or 0. It does the same work for every email. Too many wrong
// guesses are TooMany. Who is right is known from there from then on.
func (s *Service) Validate(ctx context.Context, storeID int64, in Credentials) (int64, error) {
	l, err := s.Login(ctx, storeID, in)
	if l.CustomerID != 0 && !l.known {
		s.meet(ctx, storeID, l.CustomerID, in.Peer)
	}
	return l.CustomerID, err
}

// Login is Validate that tells more.
func (s *Service) Login(ctx context.Context, storeID int64, in Credentials) (Login, error) {
	if in.ChannelID == 0 {
		in.ChannelID = store.DefaultChannel
	}
	norm := email.Key(in.Email)
	a := limit.Guess{Email: norm, Peer: in.Peer}
	var l Login
	var held password.Kinds
	var channel, global bool
	err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		everywhere, owner := false, int64(0)
		held = password.Kinds{}
		a.Shared = false
		err := tx.Pipeline(append(customer.HeldKinds(&held),
			sqldb.Q{Stmt: selectChannel, Args: []any{in.ChannelID}, Each: func(*sqldb.Row) error { channel = true; return nil }},
			store.GlobalLogins(in.ChannelID, &global),
			sqldb.Q{Stmt: selectLogin, Args: []any{norm}, Each: func(r *sqldb.Row) error {
				a.Shared = a.Shared || owner != 0 && owner != r.Int(0)
				owner = r.Int(0)
				if ch := r.Int(1); ch != 0 && ch != in.ChannelID {
					return nil
				}
				everywhere = r.Int(1) == 0
				l = Login{CustomerID: r.Int(0), PasswordHash: r.Text(2), ForcePasswordReset: r.Flag(3)}
				return nil
			}},
			sqldb.Q{Stmt: knownAddress, Args: []any{norm, in.ChannelID, in.Peer.Network()}, Each: func(*sqldb.Row) error { a.Known = true; return nil }},
		)...)
		if everywhere && !global {
			l, a.Known = Login{}, false
		}
		return err
	})
	if err != nil {
		return Login{}, err
	}
	if !channel {
		return Login{}, &fault.Error{Kind: fault.Invalid, Op: OpValidate, Items: []fault.Item{{Index: -1, Field: "channel_id", Code: fault.Unknown, Message: "invalid channel ID"}}}
	}
	l.known = a.Known
	right, err := s.compare(ctx, storeID, a, &l, in.Password, held)
	if err != nil || !right {
		return Login{}, err
	}
	return l, nil
}

// compare makes a guess at a login's password and brings its hash up to date
// once it is known to be right. A wrong one is answered when it was counted and
// as late as for the dearest hash that the store holds; a right one at once,
// as whoever has it may know all there is to know of the account.
func (s *Service) compare(ctx context.Context, storeID int64, a limit.Guess, l *Login, text string, held password.Kinds) (right bool, err error) {
	var c password.Comparison
	who := password.Party{StoreID: storeID, Name: a.Peer.Network(), Known: a.Known}
	err = s.guesses.Try(ctx, storeID, a, func() (bool, error) {
		if c, err = s.passwords.Compare(ctx, who, l.PasswordHash, text); err != nil || c.Newer == "" {
			return c.OK, err
		}
		err = s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
			return customer.Rehash(tx, l.CustomerID, l.PasswordHash, c.Newer)
		})
		l.PasswordHash = c.Newer
		return err == nil, err
	})
	if err != nil || c.OK {
		return c.OK, err
	}
	return false, s.passwords.Level(ctx, c, held)
}

// VerifyPassword reports whether a password is the customer's, asked for from
// a peer. Guesses count together with those of Validate, and it does
// the same work for every id. Who is right is known from there from then on.
// Without a customer it is a NotFound fault.
func (s *Service) VerifyPassword(ctx context.Context, storeID, id int64, text string, peer limit.Peer) (right bool, err error) {
	l := Login{}
	a := limit.Guess{Email: "#" + strconv.FormatInt(id, 10), Peer: peer} // nobody's email
	var held password.Kinds
	if err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		if err := tx.Query(selectPassword, func(r *sqldb.Row) error {
			l, a.Email = Login{CustomerID: id, PasswordHash: r.Text(0)}, email.Key(r.Text(1))
			return nil
		}, id); err != nil {
			return err
		}
		held = password.Kinds{}
		return tx.Pipeline(append(customer.HeldKinds(&held),
			sqldb.Q{Stmt: addressOfCustomer, Args: []any{id, peer.Network()}, Each: func(*sqldb.Row) error { a.Known = true; return nil }},
			sqldb.Q{Stmt: selectOthers, Args: []any{a.Email, id}, Each: func(*sqldb.Row) error { a.Shared = true; return nil }},
		)...)
	}); err != nil {
		return false, err
	}
	right, err = s.compare(ctx, storeID, a, &l, text, held)
	if err == nil && l.CustomerID == 0 {
		err = customer.ErrNoCustomer
	}
	if right && err == nil && !a.Known {
		s.meet(ctx, storeID, id, peer)
	}
	return right, err
}
