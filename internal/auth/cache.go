package auth

import (
	"context"
	"crypto/sha256"
	"sync"
	"time"

	"clientele/internal/system"
)

// Cache answers "whose token is this" without asking the database each time.
// An answer is trusted for a second, so a revocation made by another process
// takes effect within that time everywhere.
type Cache struct {
	accounts *APIAccounts
	sys      *system.System
	ttl      time.Duration

	mu      sync.RWMutex
	entries map[[sha256.Size]byte]entry
}

type entry struct {
	account *APIAccount
	until   time.Duration // of Elapsed
}

// cacheTTL is how long a token's account is trusted; cacheSize bounds memory.
const (
	cacheTTL  = time.Second
	cacheSize = 10_000
)

// NewCache returns a Cache over accounts.
func NewCache(accounts *APIAccounts, sys *system.System) *Cache {
	return &Cache{accounts: accounts, sys: sys, ttl: cacheTTL, entries: map[[sha256.Size]byte]entry{}}
}

// Count counts a request of an account from an address.
func (c *Cache) Count(a *APIAccount, address string) { c.accounts.Count(a, address) }

// maxToken bounds what is hashed on behalf of an unknown caller.
const maxToken = 512

// ByToken returns the account that a token names in a store, or nil. Only
// tokens that are in force are remembered.
func (c *Cache) ByToken(ctx context.Context, storeHash, token string) (*APIAccount, error) {
	if token == "" || len(token) > maxToken || len(storeHash) > maxToken {
		return nil, nil
	}
	// The key is a hash, so that looking it up reveals nothing of the token
	// through timing. The zero byte occurs in neither part.
	var buf [128]byte
	key := sha256.Sum256(append(append(append(buf[:0], storeHash...), 0), token...))
	now := c.sys.Elapsed()
	c.mu.RLock()
	e, ok := c.entries[key]
	c.mu.RUnlock()
	if ok && now < e.until {
		return e.account, nil
	}
	a, err := c.accounts.ByToken(ctx, storeHash, token)
	if err != nil {
		return nil, err
	}
	if a != nil {
		c.accounts.noteUse(a)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if a == nil {
		delete(c.entries, key)
		return nil, nil
	}
	if len(c.entries) >= cacheSize {
		clear(c.entries)
	}
	c.entries[key] = entry{account: a, until: now + c.ttl}
	return a, nil
}
