package auth

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"clientele/internal/jobs"
	"clientele/internal/sqldb"
)

// registered names a token in the register, before it has an id there.
type registered struct {
	storeID int64
	hash    string
}

// use is a token's last use here that is not written down yet.
type use struct {
	token *StorefrontToken
	id    int64 // in the register; 0: it is not there yet
	last  int64
}

const (
	// maxUses bounds the tokens whose use waits to be written down. What does not
	// fit is noted at a later use.
	maxUses = 10_000
	// tokenBite bounds the tokens that one transaction writes or deletes.
	tokenBite = 500
	// keepEnded is how long the register tells of tokens that have ended, and how
	// much longer than its token a revocation is kept.
	keepEnded = 30 * 24 * time.Hour
)

// Register has a runner keep the register: write down uses, and drop tokens
// that ended long ago.
func (s *StorefrontTokens) Register(r *jobs.Runner) {
	r.Every("uses of storefront tokens", time.Minute, s.WriteUses)
	r.Every("old storefront tokens", time.Hour, s.Prune)
}

func (s *StorefrontTokens) noteUse(t *readToken, now int64) {
	name := registered{t.token.StoreID, t.hash}
	s.using.Lock()
	defer s.using.Unlock()
	u := s.uses[name]
	if u == nil {
		if len(s.uses) >= maxUses {
			return
		}
		u = &use{token: &t.token}
		s.uses[name] = u
	}
	u.id, u.last = max(u.id, t.id), max(u.last, now)
}

var writeUse = sqldb.Static(`UPDATE storefront_tokens SET date_used = $3 WHERE store_id = $1 AND id = $2 AND date_used < $3`)

// WriteUses writes down when tokens were last used, and enters those from
// before the register. What cannot be written is kept for the next time.
func (s *StorefrontTokens) WriteUses(ctx context.Context) error {
	s.using.Lock()
	uses := s.uses
	s.uses = map[registered]*use{}
	s.using.Unlock()
	// Processes that write the same tokens do it in the same order.
	names := slices.SortedFunc(maps.Keys(uses), func(a, b registered) int {
		return cmp.Or(cmp.Compare(a.storeID, b.storeID), cmp.Compare(uses[a].id, uses[b].id), cmp.Compare(a.hash, b.hash))
	})
	var failed []error
	for len(names) > 0 {
		storeID, n := names[0].storeID, 0
		for n < min(len(names), tokenBite) && names[n].storeID == storeID {
			n++
		}
		if err := s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error { return writeUses(tx, names[:n], uses) }); err != nil {
			failed = append(failed, fmt.Errorf("store %d: %w", storeID, err))
			s.keepUses(names[:n], uses)
		}
		names = names[n:]
	}
	return errors.Join(failed...)
}

func writeUses(tx *sqldb.Tx, names []registered, uses map[registered]*use) error {
	// Those without an id come first.
	missing := slices.IndexFunc(names, func(n registered) bool { return uses[n].id != 0 })
	if missing < 0 {
		missing = len(names)
	}
	if missing > 0 {
		last, err := takeTokenIDs(tx, int64(missing))
		if err != nil {
			return err
		}
		for i, n := range names[:missing] {
			if _, err := insertEntry(tx, last-int64(missing-1-i), uses[n].token, n.hash, uses[n].last); err != nil {
				return err
			}
		}
	}
	for _, n := range names[missing:] {
		if err := tx.Exec(writeUse, uses[n].id, uses[n].last); err != nil {
			return err
		}
	}
	return nil
}

// keepUses notes uses again that could not be written.
func (s *StorefrontTokens) keepUses(names []registered, uses map[registered]*use) {
	s.using.Lock()
	defer s.using.Unlock()
	for _, n := range names {
		if u := s.uses[n]; u != nil {
			u.id, u.last = max(u.id, uses[n].id), max(u.last, uses[n].last)
		} else if len(s.uses) < maxUses {
			s.uses[n] = uses[n]
		}
	}
}

var (
	expiredTokens    = sqldb.Static(`SELECT id FROM storefront_tokens WHERE store_id = $1 AND date_expires > 0 AND date_expires < $2 ORDER BY date_expires LIMIT 500`)
	revokedTokens    = sqldb.Static(`SELECT id FROM storefront_tokens WHERE store_id = $1 AND date_revoked > 0 AND date_revoked < $2 ORDER BY date_revoked LIMIT 500`)
	endedClients     = sqldb.Static(`SELECT client_id FROM api_accounts WHERE store_id = $1 AND date_revoked > 0 AND date_revoked < $2`)
	tokensOfClient   = sqldb.Static(`SELECT id FROM storefront_tokens WHERE store_id = $1 AND client_id = $2 ORDER BY id LIMIT 500`)
	endedKeys        = sqldb.Static(`SELECT id FROM storefront_keys WHERE store_id = $1 AND date_retired > 0 AND date_retired < $2`)
	tokensOfKey      = sqldb.Static(`SELECT id FROM storefront_tokens WHERE store_id = $1 AND key_id = $2 LIMIT 500`)
	endedRevocations = sqldb.Static(`SELECT token_hash FROM storefront_revocations WHERE store_id = $1 AND date_expires > 0 AND date_expires < $2 ORDER BY date_expires LIMIT 500`)
)

// Prune drops, in small transactions, entries of tokens that ended a while ago
// in any way, and revocations of tokens that have expired since. Revocations of
// tokens without an end stay, as does what is known of accounts and keys, so no
// token comes back.
func (s *StorefrontTokens) Prune(ctx context.Context) error {
	return s.db.InBites(ctx, func(id int64) (bool, error) { return s.prune(ctx, id) })
}

// prune takes one bite of a store and reports whether there is more.
func (s *StorefrontTokens) prune(ctx context.Context, storeID int64) (more bool, err error) {
	before := s.sys.Now() - int64(keepEnded/time.Second)
	var ids []int64
	var hashes []string
	if err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		ids, hashes, more = nil, nil, false
		var qs []sqldb.Q
		some := func(stmt *sqldb.Stmt, arg any) {
			n := 0
			qs = append(qs, sqldb.Q{Stmt: stmt, Args: []any{arg}, Each: func(r *sqldb.Row) error {
				ids = append(ids, r.Int(0))
				n++
				more = more || n == tokenBite
				return nil
			}})
		}
		// Most accounts and keys that ended long ago have no tokens any more, which no
		// planner of a join knows.
		if err := tx.Pipeline(
			sqldb.Q{Stmt: endedClients, Args: []any{before}, Each: func(r *sqldb.Row) error { some(tokensOfClient, r.Text(0)); return nil }},
			sqldb.Q{Stmt: endedKeys, Args: []any{before}, Each: func(r *sqldb.Row) error { some(tokensOfKey, r.Int(0)); return nil }},
		); err != nil {
			return err
		}
		some(expiredTokens, before)
		some(revokedTokens, before)
		qs = append(qs, sqldb.Q{Stmt: endedRevocations, Args: []any{before}, Each: func(r *sqldb.Row) error {
			hashes = append(hashes, r.Text(0))
			more = more || len(hashes) == tokenBite
			return nil
		}})
		return tx.Pipeline(qs...)
	}); err != nil || len(ids)+len(hashes) == 0 {
		return false, err
	}
	return more, s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		if len(ids) > 0 {
			list, args := sqldb.In(nil, distinct(ids))
			if err := tx.Exec(sqldb.Dynamic(`DELETE FROM storefront_tokens WHERE store_id = $1 AND id IN `+list), args...); err != nil {
				return err
			}
		}
		if len(hashes) > 0 {
			list, args := sqldb.In(nil, hashes)
			return tx.Exec(sqldb.Dynamic(`DELETE FROM storefront_revocations WHERE store_id = $1 AND token_hash IN `+list), args...)
		}
		return nil
	})
}
