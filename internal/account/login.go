package account

import (
	"cmp"
	"context"
	"strconv"

	"clientele/internal/customer"
	"clientele/internal/email"
	"clientele/internal/fault"
	"clientele/internal/history"
	"clientele/internal/limit"
	"clientele/internal/password"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

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

	email     string // the customer's
	known     bool   // the customer, from the network that asks
	failures  int64  // wrong passwords before this one
	nobody    bool   // has the email
	elsewhere int64  // the one customer who has the email, on other channels only; 0: nobody, or several
}

// Validate returns the id of the customer who has the credentials and may use
// the channel, or 0. It does the same work for every email. Too many wrong
// guesses are TooMany. Who is right is known from there from then on.
func (s *Service) Validate(ctx context.Context, storeID int64, in Credentials) (int64, error) {
	l, err := s.Login(ctx, storeID, in)
	if l.CustomerID != 0 {
		s.watch.signIn(ByPassword, SignedIn)
		if !l.known {
			s.meet(ctx, storeID, l.CustomerID, in.Peer)
		}
	}
	return l.CustomerID, err
}

// Login is Validate that tells more. What comes of a right password is the
// caller's to tell.
func (s *Service) Login(ctx context.Context, storeID int64, in Credentials) (Login, error) {
	if in.ChannelID == 0 {
		in.ChannelID = store.DefaultChannel
	}
	norm := email.Key(in.Email)
	a := limit.Guess{Email: norm, Peer: in.Peer}
	var l Login
	var held password.Kinds
	admission, err := s.admission(ctx, storeID, in.ChannelID)
	if err != nil {
		return Login{}, err
	}
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		l, held = Login{}, password.Kinds{}
		a.Email, a.Shared, a.Known = norm, false, false
		var holders []customer.Holder
		known := map[int64]bool{}
		// Of all channels, to tell whether others have the email too.
		queries := append(customer.HeldKinds(&held), customer.SignInQuery(in.Email, func(h customer.Holder) { holders = append(holders, h) })...)
		for _, key := range email.Keys(in.Email) {
			queries = append(queries, sqldb.Q{Stmt: knownAddress, Args: []any{key, in.ChannelID, in.Peer.Network()}, Each: func(r *sqldb.Row) error { known[r.Int(0)] = true; return nil }})
		}
		if err := tx.Pipeline(queries...); err != nil {
			return err
		}
		for i := range holders {
			h := &holders[i]
			a.Shared = a.Shared || h.ID != holders[0].ID
			if l.CustomerID == 0 && admission.EntersAs(h) {
				l = Login{CustomerID: h.ID, PasswordHash: h.PasswordHash, ForcePasswordReset: h.ForcePasswordReset, email: h.Email}
				if h.Alias { // guesses count for the account, by whichever address
					a.Email = email.Key(h.Email)
				}
			}
		}
		l.nobody = len(holders) == 0
		if l.CustomerID == 0 && !l.nobody && !a.Shared {
			l.elsewhere = holders[0].ID
		}
		a.CustomerID = l.CustomerID
		a.Known = known[l.CustomerID]
		return nil
	})
	if err != nil {
		return Login{}, err
	}
	if !admission.Open {
		return Login{}, fault.Broken(fault.Invalid, fault.Item{Field: customer.FieldChannel, Code: fault.Unknown, Why: customer.WhyNoChannel})
	}
	l.known = a.Known
	right, err := s.compare(ctx, storeID, a, &l, in.ChannelID, in.Password, held)
	if err != nil || !right {
		return Login{}, err
	}
	return l, nil
}

// compare makes a guess at a login's password and brings its hash up to date
// once it is known to be right. A wrong one is answered when it was counted and
// as late as for the dearest hash that the store holds; a right one at once,
// as whoever has it may know all there is to know of the account. A customer who
// came without a password may have it elsewhere.
func (s *Service) compare(ctx context.Context, storeID int64, a limit.Guess, l *Login, channelID int64, text string, held password.Kinds) (right bool, err error) {
	var c password.Comparison
	who := password.Party{StoreID: storeID, Name: a.Peer.Network(), Known: a.Known}
	f := failure{action: history.SignInFailed, customerID: cmp.Or(a.CustomerID, l.elsewhere), by: ByPassword, why: string(WrongPassword), peer: a.Peer}
	switch {
	case l.nobody:
		f.why = whyNobody
	case a.CustomerID == 0:
		f.why = whyChannel
	}
	a.Note = s.noting(storeID, f)
	tried, err := s.guesses.Try(ctx, storeID, a, func() (bool, error) {
		if c.OK, err = s.takeOver(ctx, who, l, channelID, text); err != nil || c.OK {
			return c.OK, err
		}
		if c, err = s.passwords.Compare(ctx, who, l.PasswordHash, text); err != nil || c.Newer == "" {
			return c.OK, err
		}
		err = s.db.Write(sqldb.Aside(ctx), storeID, func(tx *sqldb.Tx) error {
			return customer.Rehash(tx, l.CustomerID, l.PasswordHash, c.Newer)
		})
		l.PasswordHash = c.Newer
		return err == nil, err
	})
	if tried.Held {
		f.why = string(HeldBack)
	}
	if tried.Held || err == nil && !c.OK {
		history.Refuse(ctx, f.why)
		s.guessed(ctx, storeID, a, tried)
	}
	if err != nil || c.OK {
		l.failures = tried.Failures
		return c.OK, err
	}
	return false, s.passwords.Level(ctx, c, held)
}

// VerifyPassword reports whether a password is the customer's, asked for from
// a peer. Guesses count together with those of Validate, and it does
// the same work for every id. Who is right is known from there from then on.
// Without a customer it is a NotFound fault.
func (s *Service) VerifyPassword(ctx context.Context, storeID, id int64, text string, peer limit.Peer) (right bool, err error) {
	l := Login{nobody: true}
	a := limit.Guess{Email: "#" + strconv.FormatInt(id, 10), Peer: peer} // nobody's email
	var held password.Kinds
	if err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		var p customer.Person
		if err := tx.Pipeline(customer.PersonQuery(id, &p)); err != nil {
			return err
		}
		if p.ID != 0 {
			l, a.Email, a.CustomerID = Login{CustomerID: id, PasswordHash: p.PasswordHash, email: p.Email}, email.Key(p.Email), id
		}
		held = password.Kinds{}
		return tx.Pipeline(append(append(customer.HeldKinds(&held),
			sqldb.Q{Stmt: addressOfCustomer, Args: []any{id, peer.Network()}, Each: func(*sqldb.Row) error { a.Known = true; return nil }},
		), customer.SharedQuery(p.Email, id, &a.Shared)...)...)
	}); err != nil {
		return false, err
	}
	right, err = s.compare(ctx, storeID, a, &l, store.DefaultChannel, text, held)
	if err == nil && l.CustomerID == 0 {
		err = customer.ErrNoCustomer
	}
	if right && err == nil {
		s.watch.signIn(ByPassword, SignedIn)
		if !a.Known {
			s.meet(ctx, storeID, id, peer)
		}
	}
	return right, err
}
