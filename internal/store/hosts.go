package store

import (
	"cmp"
	"context"
	"net"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"clientele/internal/sqldb"
	"clientele/internal/system"
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

// Hosts tells which stores and channels a host name stands for: by the names
// that are kept for a store, then by the claims that count. What it read is
// trusted for ten seconds. It is read anew beside the requests, which wait only
// where nobody has asked for so long.
type Hosts struct {
	// Public is the URL of the only store's site, where it has none of its own
	// and is asked by a name that nobody claims. A name in a request may be
	// anybody's, and links in emails must not lead there.
	Public string
	// Production: names of this machine are nobody's, and a port is only
	// Public's. Whoever sends a request writes its Host.
	Production bool

	db      *sqldb.DB
	sys     *system.System
	domains []string

	table   atomic.Pointer[hostTable]
	reading sync.Mutex // held by who reads anew
}

// hostTable is the storefronts at one moment. Nobody changes it, but what was
// found in it is remembered.
type hostTable struct {
	*Hosts
	read   time.Duration     // of Elapsed: when they were read
	byHost map[string][]Site // by name and by name:port; those of one store each
	byID   map[siteID]Site
	only   []Site // the channels of the only store, where there is one; stores for tests do not count beside it

	mu    sync.RWMutex
	found map[hostAsked]hostFound
}

// hostAsked is what find is asked, hostFound what it says.
type hostAsked struct {
	public, scheme, host string
	guess                bool
}

type hostFound struct {
	site Site
	ok   bool
}

// maxFound bounds the hosts whose site is remembered with a table: who sends a
// request makes up its host.
const maxFound = 1000

type siteID struct {
	hash    string
	channel int64
}

const (
	// hostsFresh is for how long nobody looks.
	hostsFresh = 5 * time.Second
	// hostsTTL is for how long they are trusted, while they are read anew.
	hostsTTL = 10 * time.Second
)

// NewHosts returns Hosts over db. Besides the URLs of their sites, stores answer
// at store-{hash}.{domain} and store-{hash}-{channel}.{domain}, for localhost
// and the given domains.
func NewHosts(db *sqldb.DB, sys *system.System, domains ...string) *Hosts {
	return &Hosts{db: db, sys: sys, domains: canonical(domains)}
}

// ByHost returns the stores that a host may stand for, by their hashes: the one
// that has the host, whose port does not count, or else the only store. The
// list is empty if there is neither.
func (h *Hosts) ByHost(ctx context.Context, host string) ([]string, error) {
	n, err := h.now(ctx)
	if err != nil {
		return nil, err
	}
	site, ok := n.claimed("", host)
	if !ok {
		site, ok = n.lastResort(host)
	}
	if !ok {
		return nil, nil
	}
	return []string{site.StoreHash}, nil
}

// lastResort returns the only store's first channel, where there is one, for a
// host that nobody has. A name that is kept for another store is not such a
// one, also while that store does not exist.
func (n *hostTable) lastResort(host string) (Site, bool) {
	if len(n.only) == 0 {
		return Site{}, false
	}
	site := n.only[0]
	if kept, _, reserved := reservation(HostName(host), n.domains); reserved && kept != site.StoreHash {
		return Site{}, false
	}
	return site, true
}

// Site returns the storefront that a host stands for: the one that the host's
// name spells out, the one whose URL has the host, or else the first of the
// only store. A name is one store's; of its channels the one with the port has
// it, then the oldest.
//
// A site without a URL of its own gets one. If the host's name spells the site
// out, it is a URL with that name: in production with the scheme and port of
// Public, in development as it was asked for. If the site is the last resort,
// the URL is Public, since anybody may have made up the name; but in development
// a name of this machine gives the URL that was asked for. In development the URL
// that was asked for also replaces the site's own, if both are on this machine,
// because the port may differ at each start. Where the host's name spells the
// site out, it does so only if the site's URL leads to this server: another port
// is that of a storefront which is being developed.
func (h *Hosts) Site(ctx context.Context, scheme, host string) (Site, bool, error) {
	return h.find(ctx, scheme, host, true)
}

// Known is Site without the last resort: a host that is surely some store's.
func (h *Hosts) Known(ctx context.Context, scheme, host string) (Site, bool, error) {
	return h.find(ctx, scheme, host, false)
}

func (h *Hosts) find(ctx context.Context, scheme, host string, guess bool) (Site, bool, error) {
	n, err := h.now(ctx)
	if err != nil {
		return Site{}, false, err
	}
	asked := hostAsked{h.Public, scheme, host, guess}
	n.mu.RLock()
	known, ok := n.found[asked]
	n.mu.RUnlock()
	if ok {
		return known.site, known.ok, nil
	}
	known.site, known.ok = n.find(scheme, host, guess)
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.found) < maxFound && len(host) <= maxHostName+len(":65535") {
		asked.host = strings.Clone(host)
		n.found[asked] = known
	}
	return known.site, known.ok, nil
}

func (n *hostTable) find(scheme, host string, guess bool) (Site, bool) {
	h := n.Hosts
	site, ok := n.claimed(scheme, host)
	if !ok && guess {
		if site, ok = n.lastResort(host); ok && site.URL == "" && (h.Production || !ownName(HostName(host))) {
			site.URL = h.Public
		}
	}
	if ok && h.Production {
		site.URL = cmp.Or(site.URL, h.named(HostName(host)))
	} else if asked := scheme + "://" + host; ok && (site.URL == "" || h.movable(site.URL, asked)) {
		site.URL = asked
	}
	return site, ok
}

// Here returns what addresses of the pages that this server has of a site begin
// with, given where the site was asked for: the name that spells the site out,
// or else the site's URL, which a site whose storefront is elsewhere has too.
func (h *Hosts) Here(site Site, scheme, host string) string {
	name := HostName(host)
	hash, channel, spelled := reservation(name, h.domains)
	switch {
	case !spelled || hash != site.StoreHash || channel != site.ChannelID:
		return site.URL
	case h.Production:
		return h.named(name)
	}
	return scheme + "://" + host
}

// movable reports whether the URL that was asked for replaces a site's own in
// development.
func (h *Hosts) movable(site, asked string) bool {
	u, err := url.Parse(asked)
	if err != nil || !ownURL(site) || !ownName(HostName(u.Host)) {
		return false
	}
	if _, _, spelled := reservation(HostName(u.Host), h.domains); !spelled {
		return true
	}
	return samePort(site, asked) || samePort(site, h.Public)
}

// samePort reports whether two URLs have a port in common, named or not.
func samePort(a, b string) bool {
	x, err := url.Parse(a)
	if err != nil {
		return false
	}
	y, err := url.Parse(b)
	if err != nil || y.Host == "" {
		return false
	}
	_, p, err := net.SplitHostPort(hostPort(x.Scheme, x.Host))
	if err != nil {
		return false
	}
	_, q, err := net.SplitHostPort(hostPort(y.Scheme, y.Host))
	return err == nil && p == q
}

// claimed returns the storefront whose name a host has. A name that is kept
// for a store never leads to another.
func (n *hostTable) claimed(scheme, host string) (Site, bool) {
	name := HostName(host)
	if hash, channel, ok := reservation(name, n.domains); ok && !(n.Production && ownName(name)) {
		if site, ok := n.byID[siteID{hash, channel}]; ok {
			return site, true
		}
	}
	if found := cmp.Or(one(n.byHost[hostPort(scheme, host)]), one(n.byHost[name])); found != nil {
		return *found, true
	}
	return Site{}, false
}

// named returns the URL of a site that a name spells out: it is reached as
// Public is.
func (h *Hosts) named(name string) string { return beside(h.Public, name) }

// beside returns a URL with another name.
func beside(public, name string) string {
	u, err := url.Parse(public)
	if err != nil {
		return ""
	}
	if port := u.Port(); port != "" {
		name = net.JoinHostPort(name, port)
	}
	return u.Scheme + "://" + name
}

// SiteOf returns a channel's storefront. fallback is its URL if it has none.
func (h *Hosts) SiteOf(ctx context.Context, storeHash string, channelID int64, fallback string) (Site, bool, error) {
	n, err := h.now(ctx)
	if err != nil {
		return Site{}, false, err
	}
	site, ok := n.byID[siteID{storeHash, channelID}]
	site.URL = cmp.Or(site.URL, fallback)
	return site, ok, nil
}

// LinkTo returns what links to a channel begin with that are made without a
// request: the URL of its site, or that of the only store, or else a name that
// is kept for the channel, below the operator's domain or, where nothing is
// public, localhost. It is empty if nothing leads to the channel: what leads
// to the service is not the store's.
func (h *Hosts) LinkTo(ctx context.Context, storeHash string, channelID int64) (string, error) {
	return h.LinkBeside(ctx, h.Public, storeHash, channelID)
}

// LinkBeside is LinkTo for who reaches the server at another URL than Public.
func (h *Hosts) LinkBeside(ctx context.Context, public, storeHash string, channelID int64) (string, error) {
	n, err := h.now(ctx)
	if err != nil {
		return "", err
	}
	site, ok := n.byID[siteID{storeHash, channelID}]
	switch {
	case !ok:
		return "", nil
	case site.URL != "":
		return site.URL, nil
	case len(n.only) > 0 && n.only[0].StoreID == site.StoreID:
		return public, nil
	}
	name := "store-" + storeHash
	if channelID != DefaultChannel {
		name += "-" + strconv.FormatInt(channelID, 10)
	}
	switch {
	case len(h.domains) > 1: // the first is localhost
		return beside(public, name+"."+h.domains[1]), nil
	case !h.Production:
		return beside(public, name+"."+h.domains[0]), nil
	}
	return "", nil
}

// LeadsElsewhere reports whether a URL is another store's by now, so that a link
// that was made for a store must not begin with it.
func (h *Hosts) LeadsElsewhere(ctx context.Context, storeHash, text string) (bool, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return false, nil
	}
	n, err := h.now(ctx)
	if err != nil {
		return false, err
	}
	site, ok := n.claimed(u.Scheme, u.Host)
	return ok && site.StoreHash != storeHash, nil
}

// ownName reports whether a host's name leads nowhere but to this machine.
func ownName(name string) bool {
	ip := net.ParseIP(name)
	return name == "localhost" || strings.HasSuffix(name, ".localhost") || ip != nil && ip.IsLoopback()
}

// OwnHost reports whether a Host header names this machine. What only people at
// this machine may use refuses other names: a website can point a name of its
// own at this machine and have a visitor's browser ask for that (DNS rebinding).
func OwnHost(host string) bool { return ownName(HostName(host)) }

// ownURL reports whether a URL is of the machine itself.
func ownURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && ownName(HostName(u.Host))
}

func one(sites []Site) *Site {
	if len(sites) == 0 {
		return nil
	}
	return &sites[0]
}

// siteName is the form of names that are kept for stores.
var siteName = regexp.MustCompile(`^store-([a-z0-9]{3,32})(?:-([1-9][0-9]{0,9}))?\.(.+)$`)

// now returns the storefronts. Of those who find them old one reads them anew.
func (h *Hosts) now(ctx context.Context) (*hostTable, error) {
	n := h.table.Load()
	switch age := h.age(n); {
	case age < hostsFresh:
		return n, nil
	case age < hostsTTL:
		if h.reading.TryLock() {
			go func() {
				defer h.reading.Unlock()
				// Who asks next finds out what is wrong with the database.
				_, _ = h.load(context.WithoutCancel(ctx))
			}()
		}
		return n, nil
	}
	h.reading.Lock()
	defer h.reading.Unlock()
	if n := h.table.Load(); h.age(n) < hostsFresh { // somebody else was quicker
		return n, nil
	}
	return h.load(ctx)
}

func (h *Hosts) age(n *hostTable) time.Duration {
	if n == nil {
		return hostsTTL
	}
	return h.sys.Elapsed() - n.read
}

var selectSites = sqldb.Global(`SELECT s.id, s.hash, c.id, c.status, c.url, h.name, s.is_for_test FROM channels c JOIN stores s ON s.id = c.store_id
	LEFT JOIN site_hosts h ON h.store_id = c.store_id AND h.channel_id = c.id AND h.date_proved > 0
	WHERE s.date_archived = 0 AND c.status <> 'deleted' AND c.status <> 'terminated' ORDER BY s.id, c.id`)

func (h *Hosts) load(ctx context.Context) (*hostTable, error) {
	n := &hostTable{Hosts: h, read: h.sys.Elapsed(), byHost: map[string][]Site{}, byID: map[siteID]Site{}, found: map[hostAsked]hostFound{}}
	var proper, tests []Site
	err := h.db.Read(ctx, 0, func(tx *sqldb.Tx) error {
		return tx.Query(selectSites, func(r *sqldb.Row) error {
			site := Site{StoreID: r.Int(0), StoreHash: r.Text(1), ChannelID: r.Int(2), Status: r.Text(3)}
			u, err := url.Parse(r.Text(4))
			if err == nil && h.counts(site.StoreHash, HostName(u.Host), r.Text(5)) {
				site.URL = u.Scheme + "://" + u.Host
				name, full := HostName(u.Host), hostPort(u.Scheme, u.Host)
				n.byHost[name] = append(n.byHost[name], site)
				n.byHost[full] = append(n.byHost[full], site)
			}
			n.byID[siteID{site.StoreHash, site.ChannelID}] = site
			if r.Int(6) != 0 {
				tests = append(tests, site)
			} else {
				proper = append(proper, site)
			}
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	if n.only = proper; len(proper) == 0 {
		n.only = tests
	}
	if len(n.only) > 0 && n.only[0].StoreID != n.only[len(n.only)-1].StoreID { // they are in order
		n.only = nil
	}
	h.table.Store(n)
	return n, nil
}

// counts reports whether the name in a site's URL leads to the site. claimed is
// the name for which the channel has a proved claim, empty for none. The two
// must be equal, and the name must not be kept for another store.
func (h *Hosts) counts(hash, name, claimed string) bool {
	kept, _, reserved := reservation(name, h.domains)
	return name != "" && name == claimed && (!reserved || kept == hash)
}

// Forget has the storefronts read anew by who asks next.
func (h *Hosts) Forget() {
	h.reading.Lock() // who reads them now has read what was before
	defer h.reading.Unlock()
	h.table.Store(nil)
}
