package store_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"clientele/internal/channel"
	"clientele/internal/fault"
	"clientele/internal/jobs"
	"clientele/internal/opt"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/store"
	"clientele/internal/system"
)

// zone is a DNS server's answers: texts by name.
type zone map[string][]string

// LookupTXT implements store.Resolver.
func (z zone) LookupTXT(_ context.Context, name string) ([]string, error) {
	if z[name] == nil {
		return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
	}
	if z[name][0] == "down" {
		return nil, &net.DNSError{Err: "server misbehaving", Name: name, IsTemporary: true}
	}
	return z[name], nil
}

// shops are stores aaa, bbb and so on, each with channels 1 and 2 and no
// sites, on a server that is started with rules.
type shops struct {
	t        *testing.T
	db       *sqldb.DB
	now      time.Time
	rules    store.HostRules
	stores   *store.Service
	channels *channel.Service
	hosts    *store.Hosts
	jobs     *jobs.Runner
	dns      zone
	ids      map[string]int64
}

func newShops(t *testing.T, db *sqldb.DB, rules store.HostRules, hashes ...string) *shops {
	t.Helper()
	s := &shops{t: t, db: db, now: time.Unix(1_800_000_000, 0), dns: zone{}, ids: map[string]int64{}}
	sys := system.Real()
	sys.Clock = func() time.Time { return s.now }
	s.stores, s.channels = store.NewService(db, sys), channel.NewService(db, sys)
	s.hosts = store.NewHosts(db, &system.System{Clock: func() time.Time { return s.now }}, rules.Domains...)
	s.hosts.Public = "https://" + rules.Public
	s.start(rules)
	for _, hash := range hashes {
		st, err := s.stores.Create(t.Context(), hash, "", "")
		s.ok(err)
		s.ids[hash] = st.ID
		s.put(hash, channel.Given{ID: 2, Name: "Second"})
	}
	return s
}

// start is what a server does that starts with rules.
func (s *shops) start(rules store.HostRules) []store.HostClash {
	s.t.Helper()
	s.rules, s.stores.Rules, s.channels.Rules = rules, rules, rules
	s.ok(store.NameHosts(s.t.Context(), s.db))
	clashes, err := s.stores.SettleHosts(s.t.Context())
	s.ok(err)
	sys := &system.System{Clock: func() time.Time { return s.now }, Random: system.Real().Random}
	s.jobs = jobs.NewRunner(s.db, sys, jobs.Options{})
	(&store.Prover{DB: s.db, System: sys, Rules: rules, Resolver: s.dns, Log: slog.New(slog.NewTextHandler(io.Discard, nil))}).Register(s.jobs)
	return clashes
}

func (s *shops) ok(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// put is what a seed file does.
func (s *shops) put(hash string, in channel.Given) {
	s.t.Helper()
	in.Rules = s.rules
	s.ok(s.db.Write(s.t.Context(), s.ids[hash], func(tx *sqldb.Tx) error { return channel.Put(tx, in, s.now.Unix()) }))
}

// claim gives a channel a site over the API, or moves it.
func (s *shops) claim(hash string, id int64, url string) (channel.Site, error) {
	site, err := s.channels.UpdateSite(s.t.Context(), s.ids[hash], id, url)
	if f := fault.As(err); f != nil && f.Kind == fault.NotFound {
		site, err = s.channels.CreateSite(s.t.Context(), s.ids[hash], id, url)
	}
	return site, err
}

func (s *shops) claims(hash string, id int64, url string) channel.Site {
	s.t.Helper()
	site, err := s.claim(hash, id, url)
	if err != nil {
		s.t.Errorf("%s cannot have %s: %v", hash, url, err)
	}
	return site
}

// clashes makes sure that a claim is a Conflict that says why.
func (s *shops) clashes(hash string, id int64, url, say string) {
	s.t.Helper()
	_, err := s.claim(hash, id, url)
	if f := fault.As(err); f == nil || f.Kind != fault.Conflict || !strings.Contains(f.Message, say) {
		s.t.Errorf("%s claims %s: %v, want a conflict that says %q", hash, url, err, say)
	}
}

// at tells "store/channel url" of a URL's host.
func (s *shops) at(url string) string {
	s.t.Helper()
	s.now = s.now.Add(10 * time.Second)
	scheme, host, _ := strings.Cut(url, "://")
	site, ok, err := s.hosts.Site(s.t.Context(), scheme, host)
	s.ok(err)
	known, sure, err := s.hosts.Known(s.t.Context(), scheme, host)
	s.ok(err)
	hashes, err := s.hosts.ByHost(s.t.Context(), host)
	s.ok(err)
	if !ok {
		if sure || len(hashes) > 0 {
			s.t.Errorf("%s is nobody's and known as %+v, and by its host %q", url, known, hashes)
		}
		return ""
	}
	if known != site || !slices.Equal(hashes, []string{site.StoreHash}) {
		s.t.Errorf("%s is %+v, known as %+v, and by its host %q", url, site, known, hashes)
	}
	return fmt.Sprintf("%s/%d %s", site.StoreHash, site.ChannelID, site.URL)
}

func (s *shops) leads(url, want string) {
	s.t.Helper()
	if got := s.at(url); got != want {
		s.t.Errorf("%s leads to %q, want %q", url, got, want)
	}
}

// link is what links in emails begin with.
func (s *shops) link(hash string, id int64) string {
	s.t.Helper()
	site, _, err := s.hosts.SiteOf(s.t.Context(), hash, id, "fallback")
	s.ok(err)
	return site.URL
}

// look does what is due after a while.
func (s *shops) look(after time.Duration) int {
	s.t.Helper()
	s.now = s.now.Add(after)
	n, err := s.jobs.RunDue(s.t.Context())
	s.ok(err)
	return n
}

// told is the state of a store's first claim, with its word on the site.
func (s *shops) told(hash string) string {
	s.t.Helper()
	all, err := s.stores.HostClaims(s.t.Context(), &store.Store{ID: s.ids[hash], Hash: hash})
	s.ok(err)
	if len(all) == 0 {
		return "none"
	}
	return strings.TrimSpace(fmt.Sprintf("%s %s %s", all[0].State, all[0].Proof, all[0].Holder))
}

func TestAHostIsOneStores(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s := newShops(t, db, store.HostRules{Domains: []string{"Shops.Example."}, Public: "Api.Example:8443"}, "aaa", "bbb")
		s.claims("bbb", 1, "https://www.b.example")
		for _, url := range []string{"https://www.b.example", "http://www.b.example", "https://www.b.example:8443", "https://WWW.b.example.", "https://www.B.example:443/shop", "https://www。b.example"} {
			s.clashes("aaa", 1, url, "belongs to another store")
		}
		s.claims("bbb", 2, "https://bücher.example")
		for _, url := range []string{"http://xn--bcher-kva.example", "https://BÜCHER.example:9", "https://XN--BCHER-KVA.example"} {
			s.clashes("aaa", 1, url, "belongs to another store")
		}
		for _, url := range []string{"https://store-bbb.shops.example", "http://store-bbb.shops.example", "https://store-bbb-2.SHOPS.example:8443", "http://store-bbb.localhost:8080", "https://store-new.shops.example.", "https://store-new-7.localhost"} {
			s.clashes("aaa", 1, url, "is kept for the store")
		}
		for _, url := range []string{"https://api.example", "http://API.example.", "https://api.example:9"} {
			s.clashes("aaa", 1, url, "is the service's own")
		}
		if _, err := s.claim("aaa", 1, "https://127.1"); fault.As(err) == nil || fault.As(err).Kind != fault.Invalid {
			t.Errorf("an address in another form: %v", err)
		}
		s.leads("https://www.b.example", "bbb/1 https://www.b.example")
		s.leads("http://www.b.example:8443", "bbb/1 https://www.b.example")
		s.leads("https://xn--bcher-kva.example", "bbb/2 https://bücher.example")
		s.leads("https://store-bbb-2.shops.example", "bbb/2 https://bücher.example")
		s.leads("https://api.example", "")
		s.leads("https://store-new.localhost", "")

		// A store's own names are its to use; they stand for their channel.
		s.claims("aaa", 1, "https://store-aaa-2.shops.example:8443")
		s.leads("https://store-aaa-2.shops.example:8443", "aaa/2 https://store-aaa-2.shops.example:8443")
		s.claims("aaa", 2, "https://www.a.example:81")
		s.claims("aaa", 1, "https://www.a.example:82")
		s.leads("https://www.a.example:81", "aaa/2 https://www.a.example:81")
		s.leads("https://www.a.example:82", "aaa/1 https://www.a.example:82")
		s.leads("https://www.a.example", "aaa/1 https://www.a.example:82")

		// What is given up is free.
		s.claims("bbb", 1, "https://else.b.example")
		s.claims("aaa", 1, "http://www.b.example:8080")
		s.leads("https://www.b.example", "aaa/1 http://www.b.example:8080")
		s.ok(s.channels.DeleteSite(t.Context(), s.ids["aaa"], 1))
		s.leads("https://www.b.example", "")
		if _, err := s.channels.Update(t.Context(), s.ids["bbb"], channelGone(2)); err != nil {
			t.Fatal(err)
		}
		s.claims("aaa", 1, "https://bücher.example")
		s.put("bbb", channel.Given{ID: 2, Name: "Second"})
		s.leads("https://bücher.example", "aaa/1 https://bücher.example")
		// A channel that comes back does not take the name back.
		s.put("bbb", channel.Given{ID: 2, Name: "Second", Status: channel.Active})
		s.leads("https://bücher.example", "aaa/1 https://bücher.example")
	})
}

func TestThePublicHostIsTheOperators(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s := newShops(t, db, store.HostRules{Production: true, Public: "api.example"}, "aaa")
		s.now = s.now.Add(10 * time.Second)
		if site, ok, err := s.hosts.Site(t.Context(), "https", "api.example"); !ok || err != nil || site.StoreHash != "aaa" || site.URL != "https://api.example" {
			t.Errorf("the only store is at %+v: %v", site, err)
		}
		s = newShops(t, dbtest.Open(t, db.Engine()), store.HostRules{Production: true, Public: "api.example"}, "aaa", "bbb")
		s.put("aaa", channel.Given{ID: 1, Name: "Storefront", URL: "https://api.example"})
		if site := s.claims("aaa", 1, "https://api.example"); site.WhyNot != "" {
			t.Error(site.WhyNot)
		}
		s.claims("aaa", 1, "https://api.example/shop")
		s.clashes("aaa", 2, "https://api.example:8443", "is the service's own")
		s.clashes("bbb", 1, "https://api.example", "belongs to another store")
		s.leads("https://api.example", "aaa/1 https://api.example")
		// A name that becomes the service's own is no API account's any more.
		s.claims("bbb", 1, "https://next.example")
		s.dns["_clientele.next.example."] = []string{"store=bbb"}
		s.look(0)
		s.leads("https://next.example", "bbb/1 https://next.example")
		s.start(store.HostRules{Production: true, Public: "next.example"})
		s.leads("https://next.example", "")
		s.look(24 * time.Hour)
		s.leads("https://next.example", "")
		if site, err := s.channels.Site(t.Context(), s.ids["bbb"], 1); err != nil || !strings.Contains(site.WhyNot, "is the service's own") {
			t.Error(site.WhyNot, err)
		}
		s.ok(s.stores.ProveHost(t.Context(), s.ids["bbb"], "next.example"))
		s.leads("https://next.example", "bbb/1 https://next.example")
	})
}

func TestProductionWantsProof(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s := newShops(t, db, store.HostRules{Production: true, Domains: []string{"shops.example"}, Public: "api.example"}, "aaa", "bbb")
		site := s.claims("aaa", 1, "https://www.b.example")
		if want := `nothing is served at www.b.example until it is proved: set the DNS record _clientele.www.b.example of type TXT to "store=aaa"`; site.WhyNot != want {
			t.Errorf("the site says %q", site.WhyNot)
		}
		s.leads("https://www.b.example", "")
		if got := s.link("aaa", 1); got != "fallback" {
			t.Errorf("links lead to %s", got)
		}
		settings, err := s.stores.Settings(t.Context(), s.ids["aaa"])
		if err != nil || settings.SecureURL != "" || settings.Domain != "" {
			t.Errorf("the store is at %q, %q: %v", settings.SecureURL, settings.Domain, err)
		}
		s.ok(db.Read(t.Context(), s.ids["aaa"], func(tx *sqldb.Tx) error {
			url := "none"
			if err := tx.Pipeline(store.URLOfSite(1, &url)); err != nil || url != "none" {
				t.Errorf("an email leads to %q: %v", url, err)
			}
			return nil
		}))
		if s.told("aaa") != "waiting" {
			t.Error(s.told("aaa"))
		}
		if n := s.look(0); n != 1 {
			t.Errorf("%d looks at once, want 1", n)
		}
		s.leads("https://www.b.example", "")

		// Who owns the name is not kept waiting, nor is whoever proves first.
		s.claims("bbb", 1, "https://www.b.example:8443")
		s.dns["_clientele.www.b.example."] = []string{"v=other", "store=bbbb", "store=bbb"}
		s.look(0)
		s.leads("https://www.b.example", "bbb/1 https://www.b.example:8443")
		if s.told("aaa") != "clashing  bbb" || s.told("bbb") != "counting dns" {
			t.Error(s.told("aaa"), s.told("bbb"))
		}
		if got, err := s.channels.Site(t.Context(), s.ids["aaa"], 1); err != nil || !strings.Contains(got.WhyNot, "belongs to another store") {
			t.Errorf("the other site says %q: %v", got.WhyNot, err)
		}
		if got, err := s.channels.Site(t.Context(), s.ids["bbb"], 1); err != nil || got.WhyNot != "" {
			t.Errorf("the site says %q: %v", got.WhyNot, err)
		}
		s.clashes("aaa", 1, "https://www.b.example", "belongs to another store")
		s.clashes("aaa", 2, "http://www.b.example", "belongs to another store")
		// A record for both does not take the name from who has it.
		s.dns["_clientele.www.b.example."] = []string{"store=aaa", "store=bbb"}
		s.look(time.Hour)
		s.leads("https://www.b.example", "bbb/1 https://www.b.example:8443")

		// A store's own names need no proof; what it has on one channel it has on the other.
		if site := s.claims("aaa", 2, "https://store-aaa.shops.example"); site.WhyNot != "" {
			t.Error(site.WhyNot)
		}
		if site := s.claims("bbb", 2, "http://www.b.example"); site.WhyNot != "" {
			t.Error(site.WhyNot)
		}
		s.leads("http://www.b.example", "bbb/2 http://www.b.example")

		// Once the name is given up the one that waits has it, as its record is there.
		if ids, err := s.channels.ReleaseHost(t.Context(), s.ids["bbb"], "WWW.b.example."); err != nil || !slices.Equal(ids, []int64{1, 2}) {
			t.Fatal(ids, err)
		}
		s.leads("https://www.b.example", "")
		if _, err := s.channels.ReleaseHost(t.Context(), s.ids["bbb"], "www.b.example"); fault.As(err) == nil || fault.As(err).Kind != fault.NotFound {
			t.Error(err)
		}
		s.look(25 * time.Hour)
		s.leads("https://www.b.example", "aaa/1 https://www.b.example")

		// No DNS record can be below an address.
		if site := s.claims("bbb", 1, "https://203.0.113.7"); !strings.Contains(site.WhyNot, "operator") {
			t.Error(site.WhyNot)
		}
		if n := s.look(time.Hour); n != 0 {
			t.Errorf("%d looks for an address", n)
		}
		s.ok(s.stores.ProveHost(t.Context(), s.ids["bbb"], "203.0.113.7"))
		s.leads("https://203.0.113.7", "bbb/1 https://203.0.113.7")
		for host, kind := range map[string]fault.Kind{"www.b.example": fault.NotFound, "nowhere.example": fault.NotFound, "": fault.NotFound} {
			if err := s.stores.ProveHost(t.Context(), s.ids["bbb"], host); fault.As(err) == nil || fault.As(err).Kind != kind {
				t.Errorf("%q is proved: %v", host, err)
			}
		}
	})
}

func TestLooksPauseAndEnd(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s := newShops(t, db, store.HostRules{Production: true}, "aaa", "bbb")
		s.claims("aaa", 1, "https://www.a.example")
		s.dns["_clientele.www.a.example."] = []string{"down"}
		var at []time.Duration
		for start := s.now; s.now.Sub(start) < 60*24*time.Hour; s.now = s.now.Add(time.Minute) {
			if n := s.look(0); n > 0 {
				at = append(at, s.now.Sub(start))
			}
			if len(at) > 6 {
				s.now = s.now.Add(20 * time.Minute)
			}
		}
		for i := 2; i < len(at); i++ {
			if at[i]-at[i-1]+30*time.Minute < at[i-1]-at[i-2] {
				t.Errorf("looks at %v", at)
			}
		}
		if last := at[len(at)-1]; len(at) < 30 || last < 28*24*time.Hour || last > 32*24*time.Hour {
			t.Errorf("%d looks, the last after %v", len(at), last)
		}
		// A write begins again, many writes ask no more often, and only the last has a job that goes on.
		for range 20 {
			s.claims("aaa", 1, "https://www.a.example")
		}
		s.look(10 * time.Second)
		if n := s.look(20 * time.Second); n != 1 {
			t.Errorf("%d jobs go on", n)
		}
		s.dns["_clientele.www.a.example."] = []string{"store=aaa"}
		s.claims("aaa", 1, "https://www.a.example")
		s.look(10 * time.Second)
		s.leads("https://www.a.example", "aaa/1 https://www.a.example")
		if n := s.look(48 * time.Hour); n > 1 {
			t.Errorf("%d looks for what is proved", n)
		}
	})
}

// What a server counts follows how it is started.
func TestServersThatStartOtherwise(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s := newShops(t, db, store.HostRules{}, "aaa", "bbb")
		s.claims("aaa", 1, "https://www.a.example")
		s.put("bbb", channel.Given{ID: 1, Name: "Storefront", URL: "https://www.b.example"})
		s.claims("aaa", 2, "https://store-bbb.shops.example")
		s.leads("https://www.a.example", "aaa/1 https://www.a.example")
		s.leads("https://store-bbb.shops.example", "aaa/2 https://store-bbb.shops.example")

		// Names that are kept for stores are, whatever was claimed by a command
		// that did not know the domain.
		s.hosts = store.NewHosts(db, &system.System{Clock: func() time.Time { return s.now }}, "shops.example")
		s.leads("https://store-bbb.shops.example", "bbb/1 https://www.b.example")
		if got := s.link("aaa", 2); got != "fallback" {
			t.Errorf("links of aaa lead to %s", got)
		}
		production := store.HostRules{Production: true, Domains: []string{"shops.example"}}
		s.start(production)
		s.leads("https://www.a.example", "")
		s.leads("https://www.b.example", "bbb/1 https://www.b.example")
		s.leads("https://store-bbb.shops.example", "bbb/1 https://www.b.example")
		if got := s.link("aaa", 2); got != "fallback" {
			t.Errorf("links of aaa lead to %s", got)
		}
		s.dns["_clientele.www.a.example."] = []string{"store=aaa"}
		s.start(production) // as after a crash
		s.look(0)
		s.leads("https://www.a.example", "aaa/1 https://www.a.example")
		s.claims("bbb", 2, "https://www.c.example")

		s.start(store.HostRules{Domains: []string{"shops.example"}})
		s.leads("https://www.c.example", "bbb/2 https://www.c.example")
	})
}

func channelGone(id int64) channel.Update {
	return channel.Update{ID: id, Status: opt.Some(channel.Deleted)}
}

// A seed file that brings a deleted channel back does not vouch for the URL
// that an API account gave it meanwhile.
func TestARevivedChannelIsNotTheOperatorsWord(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s := newShops(t, db, store.HostRules{Production: true, Public: "api.example"}, "aaa", "bbb")
		s.put("aaa", channel.Given{ID: 1, Name: "Storefront", URL: "https://shop.example"})
		seeded := channel.Given{ID: 2, Name: "Second", Status: channel.Active}
		for url, asks := range map[string]bool{"https://bank.example": true, "https://api.example": false, "https://shop.example": false} {
			s.claims("bbb", 2, "https://second.example")
			_, err := s.channels.Update(t.Context(), s.ids["bbb"], channel.Update{ID: 2, Status: opt.Some(channel.Deleted)})
			s.ok(err)
			s.claims("bbb", 2, url)
			s.put("bbb", seeded)
			want := ""
			if url == "https://shop.example" {
				want = "aaa/1 https://shop.example"
			}
			if got := s.at(url); got != want {
				t.Errorf("%s is %q after the seed file, want %q", url, got, want)
			}
			site, err := s.channels.Site(t.Context(), s.ids["bbb"], 2)
			s.ok(err)
			if site.WhyNot == "" {
				t.Errorf("%s: nothing says why the site is not served", url)
			}
			claims, err := s.stores.HostClaims(t.Context(), &store.Store{ID: s.ids["bbb"], Hash: "bbb"})
			s.ok(err)
			if waits := len(claims) == 1 && claims[0].State == store.Waiting; waits != asks {
				t.Errorf("%s: claims %+v, want one that waits: %v", url, claims, asks)
			}
		}
		// What the file says itself is the operator's word.
		seeded.URL = "https://bank.example"
		s.put("bbb", seeded)
		if got := s.at("https://bank.example"); got != "bbb/2 https://bank.example" {
			t.Errorf("the URL of the seed file is %q", got)
		}
	})
}
