package store

import (
	"context"
	"net"
	"net/url"
	"strings"
	"sync"
	"time"

	"clientele/internal/sqldb"
)

// Hosts tells which stores a host name may stand for. What it read is trusted
// for ten seconds.
type Hosts struct {
	db  *sqldb.DB
	now func() time.Time

	mu     sync.Mutex
	until  time.Time
	byHost map[string][]string
	only   []string // the only store, where there is one
}

const hostsTTL = 10 * time.Second

// NewHosts returns Hosts over db. now should be a monotonic clock.
func NewHosts(db *sqldb.DB, now func() time.Time) *Hosts { return &Hosts{db: db, now: now} }

// ByHost returns the hashes of the stores that have a channel on a host,
// whose port does not count. Where no store has, it returns the only store.
func (h *Hosts) ByHost(ctx context.Context, host string) ([]string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if now := h.now(); !now.Before(h.until) {
		if err := h.load(ctx); err != nil {
			return nil, err
		}
		h.until = now.Add(hostsTTL)
	}
	if hashes := h.byHost[hostName(host)]; len(hashes) > 0 {
		return hashes, nil
	}
	return h.only, nil
}

func (h *Hosts) load(ctx context.Context) error {
	byHost := map[string][]string{}
	var all []string
	err := h.db.Read(ctx, 0, func(tx *sqldb.Tx) error {
		var stores []Store
		if err := tx.Query(selectStores, func(r *sqldb.Row) error {
			stores = append(stores, scan(r))
			return nil
		}); err != nil {
			return err
		}
		for _, st := range stores {
			all = append(all, st.Hash)
			channels, err := Channels(tx.In(st.ID))
			if err != nil {
				return err
			}
			for _, c := range channels {
				u, err := url.Parse(c.URL)
				if err != nil || u.Host == "" {
					continue
				}
				name := hostName(u.Host)
				if have := byHost[name]; len(have) == 0 || have[len(have)-1] != st.Hash {
					byHost[name] = append(have, st.Hash)
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	h.byHost, h.only = byHost, nil
	if len(all) == 1 {
		h.only = all
	}
	return nil
}

// hostName returns a host without its port, in lower case.
func hostName(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.ToLower(strings.Trim(host, "[]"))
}
