package auth

// Forget has the cache know no token any more: what stores hold was replaced.
func (c *Cache) Forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.entries)
}

// Forget drops passes, and what is not written down yet of when and how often
// accounts were used: what stores hold was replaced.
func (s *APIAccounts) Forget() {
	s.passes.mu.Lock()
	s.passes.good = nil
	s.passes.mu.Unlock()
	s.uses.mu.Lock()
	defer s.uses.mu.Unlock()
	s.uses.waiting, s.uses.written = nil, nil
	s.uses.counting.Lock()
	defer s.uses.counting.Unlock()
	s.uses.tallies = nil
}

// Forget drops what was read of tokens and keys, and when tokens were used that is
// not written down yet: what stores hold was replaced.
func (s *StorefrontTokens) Forget() {
	s.mu.Lock()
	clear(s.read)
	clear(s.keys)
	s.mu.Unlock()
	s.using.Lock()
	defer s.using.Unlock()
	clear(s.uses)
}
