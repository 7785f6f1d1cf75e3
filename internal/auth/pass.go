package auth

import (
	"context"
	"sync"
	"time"

	"clientele/internal/fault"
	"clientele/internal/sqldb"
)

// PassLife is how long a pass is good.
const PassLife = time.Hour

// maxPasses bounds how many passes are good at once; the oldest go first.
const maxPasses = 1000

// passes are further access tokens of API accounts, which this process alone
// knows. They are kept by their hashes and end with their account, their time
// or the process.
type passes struct {
	mu   sync.Mutex
	good []pass // from the oldest
}

type pass struct {
	hash           string
	store, account int64
	until          int64
}

func (p *passes) add(n pass, now int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	first := 0
	for first < len(p.good) && (p.good[first].until <= now || len(p.good)-first >= maxPasses) {
		first++
	}
	p.good = append(p.good[first:], n)
}

// find returns the account of a pass in a store, or 0. The hash was made of
// what was sent, so comparing it reveals nothing of a token.
func (p *passes) find(hash string, now int64) (store, account int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.good {
		if g := &p.good[i]; g.hash == hash && now < g.until {
			return g.store, g.account
		}
	}
	return 0, 0
}

// Pass makes a token of a store's API account of a name, which is made at need
// and may do everything. Nobody knows another token of that account. The pass
// is good in this process, for PassLife.
func (s *APIAccounts) Pass(ctx context.Context, storeID int64, name string) (token string, account *APIAccount, expires int64, err error) {
	if account, err = s.named(ctx, storeID, name); err != nil {
		return "", nil, 0, err
	}
	if account == nil {
		err = s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
			_, err := s.CreateTx(tx, name, FullScopes(), Credentials{})
			return err
		})
		if err != nil {
			return "", nil, 0, err
		}
		if account, err = s.named(ctx, storeID, name); err != nil {
			return "", nil, 0, err
		}
	}
	if account == nil {
		return "", nil, 0, fault.New(fault.NotFound, "there is no such API account")
	}
	token, now := s.sys.Token(31), s.sys.Now()
	expires = now + int64(PassLife/time.Second)
	s.passes.add(pass{hash: HashToken(token), store: storeID, account: account.ID, until: expires}, now)
	return token, account, expires, nil
}

// named returns a store's account in force of a name, or nil.
func (s *APIAccounts) named(ctx context.Context, storeID int64, name string) (*APIAccount, error) {
	accounts, err := s.List(ctx, storeID)
	if err != nil {
		return nil, err
	}
	for _, a := range accounts {
		if a.Name == name && a.Revoked == 0 {
			return a, nil
		}
	}
	return nil, nil
}

// byPass returns the account of a pass, or nil.
func (s *APIAccounts) byPass(ctx context.Context, storeHash, hash string) (*APIAccount, error) {
	storeID, id := s.passes.find(hash, s.sys.Now())
	if id == 0 {
		return nil, nil
	}
	accounts, err := s.List(ctx, storeID)
	if err != nil {
		return nil, err
	}
	for _, a := range accounts {
		if a.ID == id && a.StoreHash == storeHash && a.Revoked == 0 {
			return a, nil
		}
	}
	return nil, nil
}
