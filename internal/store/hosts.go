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
// for a second, like tokens are.
type Hosts struct {
	db  *sqldb.DB
	now func() time.Time

	mu     sync.Mutex
	until  time.Time
	byHost map[string][]string
	only   []string // the only store, where there is one
}

const hostsTTL = time.Second

// NewHosts returns Hosts over db. now should be a monotonic clock.
func NewHosts(db *sqldb.DB, now func() time.Time) *Hosts { return &Hosts{db: db, now: now} }

var selectHosts = sqldb.Global(`SELECT s.hash, c.url FROM stores s LEFT JOIN channels c ON c.store_id = s.id ORDER BY s.id, c.id`)

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
		return tx.Query(selectHosts, func(r *sqldb.Row) error {
			hash, text := r.Text(0), r.Text(1)
			if len(all) == 0 || all[len(all)-1] != hash {
				all = append(all, hash)
			}
			u, err := url.Parse(text)
			if err != nil || u.Host == "" {
				return nil
			}
			name := hostName(u.Host)
			if have := byHost[name]; len(have) == 0 || have[len(have)-1] != hash {
				byHost[name] = append(have, hash)
			}
			return nil
		})
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
