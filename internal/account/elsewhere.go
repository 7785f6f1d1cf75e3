package account

import (
	"context"

	"clientele/internal/customer"
	"clientele/internal/password"
	"clientele/internal/sqldb"
	"clientele/internal/store"
	"clientele/internal/upstream"
)

// Elsewhere tells passwords that did not come along with the customers of another
// store: upstream.Passwords does.
type Elsewhere interface {
	// Right reports whether a password is right there. It is an Unavailable fault
	// where nobody can tell.
	Right(ctx context.Context, storeID int64, of *store.MigrationSettings, q upstream.Question) (bool, error)
}

// LookElsewhere sets who tells the passwords of customers without one; before
// that, nobody does. It is for the start of a server, before anybody signs in.
func (s *Service) LookElsewhere(e Elsewhere) { s.elsewhere = e }

// Outcomes of asking elsewhere, as metrics name them.
const (
	takenOver   = "right"
	notElse     = "wrong"
	nobodyTells = "unavailable"
)

// takeOver asks elsewhere for the password of a customer who has none here. Where
// it is right there it is the customer's from now on, and login has its hash. It
// is done within the bounds of a guess.
func (s *Service) takeOver(ctx context.Context, who password.Party, l *Login, channelID int64, text string) (right bool, err error) {
	if l.CustomerID == 0 || l.PasswordHash != "" || s.elsewhere == nil || text == "" {
		return false, nil
	}
	set, err := s.stores.Settings(ctx, who.StoreID)
	if err != nil || !set.Migrating(s.sys.Clock()) {
		return false, err
	}
	right, err = s.elsewhere.Right(ctx, who.StoreID, &set.Migration, upstream.Question{Email: l.email, Password: text, ChannelID: channelID})
	switch {
	case err != nil:
		s.watch.metrics.elsewhere.WithLabelValues(nobodyTells).Inc()
		return false, err
	case !right:
		s.watch.metrics.elsewhere.WithLabelValues(notElse).Inc()
		return false, nil
	}
	hash, err := s.passwords.Hash(ctx, who, text)
	if err != nil {
		return false, err
	}
	var p customer.Person
	taken := false
	err = s.db.Write(sqldb.Aside(ctx), who.StoreID, func(tx *sqldb.Tx) (err error) {
		if taken, err = customer.TakePassword(tx, l.CustomerID, hash, s.sys.Now()); err != nil || taken {
			return err
		}
		return tx.Pipeline(customer.PersonQuery(l.CustomerID, &p))
	})
	if err != nil {
		return false, err
	}
	if !taken { // there is a password meanwhile, which is the one that counts
		l.PasswordHash = p.PasswordHash
		return false, nil
	}
	s.watch.metrics.elsewhere.WithLabelValues(takenOver).Inc()
	l.PasswordHash = hash
	return true, nil
}
