package app

import (
	"context"
	"time"

	"clientele/internal/account"
	"clientele/internal/auth"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

// policies tells what stores' settings say of accounts.
func policies(stores *store.Service) func(ctx context.Context, storeID int64) (account.Policy, error) {
	return func(ctx context.Context, storeID int64) (account.Policy, error) {
		s, err := stores.Settings(ctx, storeID)
		if err != nil {
			return account.Policy{}, err
		}
		p := account.DefaultPolicy()
		r := &s.Storefront.Password
		p.Password = auth.PasswordRules{
			MinLength: *r.MinimumLength, Letters: true, Lower: r.RequireLowerCase, Upper: r.RequireUpperCase,
			Numbers: *r.RequireNumbers, MinNumbers: *r.MinimumNumbers, Special: r.RequireSpecial, MinSpecial: *r.MinimumSpecial,
		}
		p.Registration = *s.Storefront.Registration
		p.DoubleOptIn = s.Storefront.ConfirmSubscription
		p.Idle = time.Duration(s.Storefront.SessionSeconds) * time.Second
		p.Lifetime = max(p.Lifetime, p.Idle)
		return p, nil
	}
}

// noMail keeps quiet where no email is configured.
type noMail struct{}

func (noMail) Queue(*sqldb.Tx, account.Mail) error { return nil }
