package store

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"clientele/internal/fault"
	"clientele/internal/sqldb"
)

// Site is the storefront that a request is for: a channel of a store.
type Site struct {
	StoreID   int64
	StoreHash string
	ChannelID int64
	Status    string // the channel's, such as "active"
	// URL is what links to the storefront begin with: scheme, host and port.
	URL string
}

// Hosts tells which stores and channels a host name stands for. What it read
// is trusted for ten seconds.
type Hosts struct {
	// Public is the URL of the only store's site, where it has none of its own
	// and is asked by a name that nobody claims. A name in a request may be
	// anybody's, and links in emails must not lead there.
	Public string

	db      *sqldb.DB
	now     func() time.Time
	domains []string

	mu     sync.Mutex
	until  time.Time
	byHost map[string][]Site // by name and by name:port
	byID   map[siteID]Site
	only   []Site // the channels of the only store, where there is one
}

type siteID struct {
	hash    string
	channel int64
}

const hostsTTL = 10 * time.Second

// NewHosts returns Hosts over db. now should be a monotonic clock. Besides the
// URLs of their sites, stores answer at store-{hash}.{domain} and
// store-{hash}-{channel}.{domain}, for localhost and the given domains.
func NewHosts(db *sqldb.DB, now func() time.Time, domains ...string) *Hosts {
	return &Hosts{db: db, now: now, domains: append([]string{"localhost"}, domains...)}
}

// ByHost returns the hashes of the stores that have a channel on a host,
// whose port does not count. Where no store has, it returns the only store.
func (h *Hosts) ByHost(ctx context.Context, host string) ([]string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.fresh(ctx); err != nil {
		return nil, err
	}
	sites := h.byHost[hostName(host)]
	if len(sites) == 0 {
		if site, ok := h.byName(hostName(host)); ok {
			sites = []Site{site}
		}
	}
	if len(sites) == 0 {
		sites = h.only
	}
	var hashes []string
	for _, s := range sites {
		if !slices.Contains(hashes, s.StoreHash) {
			hashes = append(hashes, s.StoreHash)
		}
	}
	return hashes, nil
}

// Site returns the storefront that a host stands for: the one whose URL has
// the host, the one that the host's name spells out, or else the first of the
// only store. Where several claim a name, the port decides, then age, but never
// between stores: one could take another's shoppers by an older claim. A site
// without a URL of its own has the one it was asked by, if that name is its or
// the machine's own, and else Public. One whose URL is on this machine has the
// one it was asked by too: its port may be another at each start.
func (h *Hosts) Site(ctx context.Context, scheme, host string) (Site, bool, error) {
	return h.find(ctx, scheme, host, true)
}

// Known is Site without the last resort: a host that is surely some store's.
func (h *Hosts) Known(ctx context.Context, scheme, host string) (Site, bool, error) {
	return h.find(ctx, scheme, host, false)
}

func (h *Hosts) find(ctx context.Context, scheme, host string, guess bool) (Site, bool, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.fresh(ctx); err != nil {
		return Site{}, false, err
	}
	site, ok := Site{}, false
	if found := cmp.Or(one(h.byHost[hostPort(scheme, host)]), ofOneStore(h.byHost[hostName(host)])); found != nil {
		site, ok = *found, true
	} else if site, ok = h.byName(hostName(host)); !ok && guess && len(h.only) > 0 {
		site, ok = h.only[0], true
		if site.URL == "" && !ownName(hostName(host)) {
			site.URL = h.Public
		}
	}
	if ok && (site.URL == "" || ownURL(site.URL) && ownName(hostName(host))) {
		site.URL = scheme + "://" + host
	}
	return site, ok, nil
}

// SiteOf returns a channel's storefront. fallback is its URL if it has none.
func (h *Hosts) SiteOf(ctx context.Context, storeHash string, channelID int64, fallback string) (Site, bool, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.fresh(ctx); err != nil {
		return Site{}, false, err
	}
	site, ok := h.byID[siteID{storeHash, channelID}]
	site.URL = cmp.Or(site.URL, fallback)
	return site, ok, nil
}

// ownName reports whether a host's name leads nowhere but to this machine.
func ownName(name string) bool {
	ip := net.ParseIP(name)
	return name == "localhost" || strings.HasSuffix(name, ".localhost") || ip != nil && ip.IsLoopback()
}

// ofOneStore is one for a name without its port, on which stores may differ.
func ofOneStore(sites []Site) *Site {
	for i := range sites {
		if sites[i].StoreID != sites[0].StoreID {
			return nil
		}
	}
	return one(sites)
}

// ownURL reports whether a URL is of the machine itself.
func ownURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && ownName(hostName(u.Host))
}

func one(sites []Site) *Site {
	if len(sites) == 0 {
		return nil
	}
	return &sites[0]
}

var siteName = regexp.MustCompile(`^store-([a-z0-9]{3,32})(?:-([1-9][0-9]{0,9}))?\.(.+)$`)

// byName reads names such as store-abc123-2.localhost. Only known domains
// count: links in emails may be made from the name.
func (h *Hosts) byName(name string) (Site, bool) {
	m := siteName.FindStringSubmatch(name)
	if m == nil || !slices.Contains(h.domains, m[3]) {
		return Site{}, false
	}
	id := siteID{m[1], DefaultChannel}
	if m[2] != "" {
		id.channel, _ = strconv.ParseInt(m[2], 10, 64)
	}
	site, ok := h.byID[id]
	return site, ok
}

func (h *Hosts) fresh(ctx context.Context) error {
	now := h.now()
	if now.Before(h.until) {
		return nil
	}
	if err := h.load(ctx); err != nil {
		return err
	}
	h.until = now.Add(hostsTTL)
	return nil
}

var selectSites = sqldb.Global(`SELECT s.id, s.hash, c.id, c.status, c.url FROM channels c JOIN stores s ON s.id = c.store_id
	WHERE c.status <> 'deleted' AND c.status <> 'terminated' ORDER BY s.id, c.id`)

func (h *Hosts) load(ctx context.Context) error {
	byHost, byID := map[string][]Site{}, map[siteID]Site{}
	var only []Site
	several := false
	err := h.db.Read(ctx, 0, func(tx *sqldb.Tx) error {
		return tx.Query(selectSites, func(r *sqldb.Row) error {
			site := Site{StoreID: r.Int(0), StoreHash: r.Text(1), ChannelID: r.Int(2), Status: r.Text(3)}
			u, err := url.Parse(r.Text(4))
			if err == nil && u.Host != "" {
				site.URL = u.Scheme + "://" + u.Host
				name, full := hostName(u.Host), hostPort(u.Scheme, u.Host)
				byHost[name] = append(byHost[name], site)
				byHost[full] = append(byHost[full], site)
			}
			byID[siteID{site.StoreHash, site.ChannelID}] = site
			several = several || len(only) > 0 && only[0].StoreID != site.StoreID
			only = append(only, site)
			return nil
		})
	})
	if err != nil {
		return err
	}
	if several {
		only = nil
	}
	h.byHost, h.byID, h.only = byHost, byID, only
	return nil
}

var claims = sqldb.Global(`SELECT url FROM channels WHERE store_id <> $1 AND url <> '' AND status <> 'deleted' AND status <> 'terminated'`)

// ClaimURL makes sure, inside tx, that no other store has a site at the host
// of a URL, which would take its shoppers' sign-ins. It is a Conflict then.
func ClaimURL(tx *sqldb.Tx, storeID int64, text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return nil
	}
	// Two stores must not look at the same time.
	if err := sqldb.LockProgram(tx); err != nil {
		return err
	}
	want, taken := hostPort(u.Scheme, u.Host), false
	if err := tx.Query(claims, func(r *sqldb.Row) error {
		have, err := url.Parse(r.Text(0))
		taken = taken || err == nil && hostPort(have.Scheme, have.Host) == want
		return nil
	}, storeID); err != nil {
		return err
	}
	if taken {
		return &fault.Error{Kind: fault.Conflict, Message: fmt.Sprintf("the host %s belongs to another store", u.Host)}
	}
	return nil
}

// hostName returns a host without its port, in lower case.
func hostName(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.TrimSuffix(strings.ToLower(strings.Trim(host, "[]")), ".")
}

// hostPort returns a host with its port, in lower case.
func hostPort(scheme, host string) string {
	_, port, err := net.SplitHostPort(host)
	if err != nil || port == "" {
		if port = "80"; scheme == "https" {
			port = "443"
		}
	}
	return net.JoinHostPort(hostName(host), port)
}
