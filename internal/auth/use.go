package auth

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"clientele/internal/jobs"
	"clientele/internal/sqldb"
)

// useSteps is how exact it is kept when an API account was used, in seconds: what
// is used all the time need not be written all the time.
const useSteps = 3600

// accountUses are the API accounts that were used here. written is when that was
// last written down.
type accountUses struct {
	mu               sync.Mutex
	waiting, written map[accountKey]int64

	counting sync.RWMutex
	tallies  map[accountKey]*tally
}

type accountKey struct{ store, id int64 }

func (k accountKey) compare(other accountKey) int {
	return cmp.Or(cmp.Compare(k.store, other.store), cmp.Compare(k.id, other.id))
}

var (
	writeAccountUse = sqldb.Static(`UPDATE api_accounts SET date_used = $3 WHERE store_id = $1 AND id = $2 AND date_used <= $4`)
	unusedAccounts  = sqldb.Static(`SELECT id, name, client_id, date_created, date_used FROM api_accounts
		WHERE store_id = $1 AND date_revoked = 0 AND date_used < $2 AND date_created < $2 ORDER BY id LIMIT $3`)
)

// noteUse notes that an account was used. It is cheap, and called about once a
// second for each token at most.
func (s *APIAccounts) noteUse(a *APIAccount) {
	key, now := accountKey{a.StoreID, a.ID}, s.sys.Now()
	u := &s.uses
	u.mu.Lock()
	defer u.mu.Unlock()
	if now-u.written[key] < useSteps || len(u.waiting) >= maxUses {
		return
	}
	if u.waiting == nil {
		u.waiting = map[accountKey]int64{}
	}
	u.waiting[key] = now
}

// Register has a runner write down when accounts were used.
func (s *APIAccounts) Register(r *jobs.Runner) {
	r.Every("uses of API accounts", time.Minute, s.WriteUses)
}

// WriteUses writes down when accounts were last used, and their requests. When one
// was used that cannot be written waits for the next use.
func (s *APIAccounts) WriteUses(ctx context.Context) error {
	return errors.Join(s.writeLast(ctx), s.writeRequests(ctx))
}

func (s *APIAccounts) writeLast(ctx context.Context) error {
	u := &s.uses
	u.mu.Lock()
	uses := u.waiting
	u.waiting = nil
	u.mu.Unlock()
	var failed []error
	for _, key := range slices.SortedFunc(maps.Keys(uses), accountKey.compare) {
		if err := s.db.Write(ctx, key.store, func(tx *sqldb.Tx) error { return tx.Exec(writeAccountUse, key.id, uses[key], uses[key]-useSteps) }); err != nil {
			failed = append(failed, fmt.Errorf("store %d: %w", key.store, err))
			continue
		}
		u.mu.Lock()
		if u.written == nil || len(u.written) >= maxUses {
			u.written = map[accountKey]int64{}
		}
		u.written[key] = uses[key]
		u.mu.Unlock()
	}
	return errors.Join(failed...)
}

// Unused returns the first accounts in force of a store that were made before a
// time, and not used since.
func (s *APIAccounts) Unused(ctx context.Context, storeID, since int64, most int) (out []APIAccount, err error) {
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		out = nil
		return tx.Query(unusedAccounts, func(r *sqldb.Row) error {
			out = append(out, APIAccount{StoreID: storeID, ID: r.Int(0), Name: r.Text(1), ClientID: r.Text(2), Created: r.Int(3), Used: r.Int(4)})
			return nil
		}, since, int64(most))
	})
	return out, err
}
