package account

import (
	"context"
	"time"

	"clientele/internal/password"
	"clientele/internal/store"
)

// longestSession ends a browser's session however much it is used, unless the
// store lets unused ones live longer than that.
const longestSession = 30 * 24 * time.Hour

// Policy is what a store says about accounts.
type Policy struct {
	Password     password.Rules
	Registration bool // shoppers may register
	ConfirmEmail bool // and confirm their address before they sign in
	// ConfirmSubscription: a subscription waits until it is confirmed by email,
	// which is called double opt-in.
	ConfirmSubscription bool
	// Idle ends a browser's session that was not used, Lifetime any of them.
	// TokenLifetime is that of customer access tokens, which cannot be
	// extended as they tell it.
	Idle, Lifetime, TokenLifetime time.Duration
	Zone                          *time.Location // the store's
}

// Rules returns a store's rules for passwords.
func Rules(p store.PasswordRules) password.Rules {
	value := func(n *int, otherwise int) int {
		if n == nil {
			return otherwise
		}
		return *n
	}
	numbers := p.RequireNumbers == nil || *p.RequireNumbers
	return password.Rules{
		MinLength: value(p.MinimumLength, password.MinLength),
		// Digits alone are no password where digits are asked for.
		Letters: numbers, Numbers: numbers, MinNumbers: value(p.MinimumNumbers, 1),
		Lower: p.RequireLowerCase, Upper: p.RequireUpperCase,
		Special: p.RequireSpecial, MinSpecial: value(p.MinimumSpecial, 1),
	}
}

// Policy returns what a store says about accounts.
func (s *Service) Policy(ctx context.Context, storeID int64) (Policy, error) {
	set, err := s.stores.Settings(ctx, storeID)
	if err != nil {
		return Policy{}, err
	}
	f := &set.Storefront
	idle := time.Duration(f.SessionSeconds) * time.Second
	p := Policy{
		Password: Rules(f.Password), Registration: *f.Registration, ConfirmEmail: f.ConfirmEmail, ConfirmSubscription: f.ConfirmSubscription,
		Idle: idle, Lifetime: max(idle, longestSession), TokenLifetime: idle, Zone: set.Location(),
	}
	if !*f.ActivityExtends {
		p.Lifetime = idle
	}
	return p, nil
}
