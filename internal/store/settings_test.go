package store_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"clientele/internal/channel"
	"clientele/internal/fault"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/store"
	"clientele/internal/system"
)

func TestSettingsHaveDefaults(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		ctx := t.Context()
		stores := store.NewService(db, system.Real())
		one, err := stores.Create(ctx, "one", "One", "https://one.example.com")
		if err != nil {
			t.Fatal(err)
		}
		two, err := stores.Create(ctx, "two", "Two", "")
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Write(ctx, two.ID, func(tx *sqldb.Tx) error {
			return store.PutSettings(tx, store.Settings{SecureURL: "https://two.example.com:8443", Timezone: "Europe/London", Currency: "GBP"})
		}); err != nil {
			t.Fatal(err)
		}
		a, err := stores.Settings(ctx, one.ID)
		if err != nil || a.Name != "One" || a.Hash != "one" || a.Domain != "one.example.com" || a.SecureURL != "https://one.example.com" || a.Timezone != "UTC" || a.Currency != "USD" || *a.DecimalPlaces != 2 {
			t.Errorf("%+v, %v", a, err)
		}
		b, err := stores.Settings(ctx, two.ID)
		if err != nil || b.Domain != "two.example.com:8443" || b.Currency != "GBP" || b.Language != "en" {
			t.Errorf("%+v, %v", b, err)
		}
		if z := b.Zone(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)); z != (store.Zone{Raw: 0, Summer: 3600, Saving: true}) {
			t.Errorf("the zone is %+v", z)
		}
		if _, err := stores.Settings(ctx, 99); err == nil {
			t.Error("a store that is not there has settings")
		}
	})
}

func TestHosts(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		ctx := t.Context()
		now := time.Unix(1, 0)
		stores := store.NewService(db, system.Real())
		hosts := store.NewHosts(db, &system.System{Clock: func() time.Time { return now }})
		look := func(host, want string) {
			t.Helper()
			got, err := hosts.ByHost(ctx, host)
			if err != nil || fmt.Sprint(got) != want {
				t.Errorf("%s stands for %v, want %s: %v", host, got, want, err)
			}
		}
		look("shop.example.com", "[]")
		if _, err := stores.Create(ctx, "one", "", "https://Shop.example.com:8443"); err != nil {
			t.Fatal(err)
		}
		now = now.Add(10 * time.Second)
		look("shop.example.com", "[one]")
		look("SHOP.EXAMPLE.COM:80", "[one]")
		look("other.example.com", "[one]") // the only store
		for _, url := range []string{"javascript://shop.example.com", "ftp://files.example.com", "//plain.example.com"} {
			if _, err := stores.Create(ctx, "bad", "", url); fault.As(err) == nil || fault.As(err).Kind != fault.Invalid {
				t.Errorf("a store is at %s: %v", url, err)
			}
		}
		if _, err := stores.Create(ctx, "two", "", "http://[::1]:8080"); err != nil {
			t.Fatal(err)
		}
		if _, err := stores.Create(ctx, "three", "", "https://shop.example.com"); fault.As(err) == nil || fault.As(err).Kind != fault.Conflict {
			t.Errorf("a host is given to two stores: %v", err)
		}
		look("[::1]", "[one]") // remembered for ten seconds
		now = now.Add(10 * time.Second)
		look("[::1]:9090", "[two]")
		look("shop.example.com", "[one]")
		look("other.example.com", "[]")

		// Links keep the address of a site, but on this machine the one asked by,
		// unless the store is asked for by its name and something else listens at
		// its address.
		links := func(cases map[string]string) {
			t.Helper()
			for asked, want := range cases {
				scheme, host, _ := strings.Cut(asked, "://")
				if site, ok, err := hosts.Site(ctx, scheme, host); !ok || err != nil || site.URL != want {
					t.Errorf("%s is %+v, want %s: %v", asked, site, want, err)
				}
			}
		}
		links(map[string]string{
			"http://[::1]:9090": "http://[::1]:9090", "http://store-two.localhost:9090": "http://[::1]:8080", "https://store-two.localhost:8443": "http://[::1]:8080",
			"http://store-two.localhost:8080": "http://store-two.localhost:8080", "https://store-two.localhost:8080": "https://store-two.localhost:8080",
			"http://shop.example.com:8443": "https://Shop.example.com:8443", "http://store-one.localhost:8443": "https://Shop.example.com:8443",
		})
		hosts.Public = "http://127.0.0.1:8080" // what listens there is this server, behind another port
		links(map[string]string{"http://store-two.localhost:9090": "http://store-two.localhost:9090"})
		hosts.Public = "http://127.0.0.1:9090"
		links(map[string]string{"http://store-two.localhost:9090": "http://[::1]:8080"})
	})
}

// Whoever asks for an email for somebody else must not choose, by the name
// they ask the server by, where its links lead.
func TestLinksDoNotFollowStrangeNames(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		now := time.Unix(1, 0)
		stores := store.NewService(db, system.Real())
		hosts := store.NewHosts(db, &system.System{Clock: func() time.Time { return now }}, "shops.example")
		hosts.Public = "https://api.example.com"
		link := func(host, want string) {
			t.Helper()
			now = now.Add(10 * time.Second)
			site, ok, err := hosts.Site(t.Context(), "https", host)
			if err != nil || ok != (want != "") || site.URL != want {
				t.Errorf("%s is %q, want %q: %v", host, site.URL, want, err)
			}
		}
		if _, err := stores.Create(t.Context(), "one", "", ""); err != nil {
			t.Fatal(err)
		}
		for _, host := range []string{"evil.example", "evil.example:8443", "203.0.113.7", "localhost.evil.example", "store-one.evil.example", "store-one.shops.example.evil.example"} {
			link(host, "https://api.example.com")
		}
		for _, host := range []string{"localhost:8080", "a.localhost", "127.0.0.1:8080", "[::1]:8080", "store-one.localhost:8080", "store-one.shops.example"} {
			link(host, "https://"+host)
		}
		// Names that are kept for another store are not left to the only one.
		for _, host := range []string{"store-two.shops.example", "store-two-7.shops.example:8443", "store-two.localhost:8080"} {
			link(host, "")
			if got, err := hosts.ByHost(t.Context(), host); err != nil || len(got) > 0 {
				t.Errorf("%s stands for %v: %v", host, got, err)
			}
		}
		if _, err := stores.Create(t.Context(), "two", "", "https://two.example"); err != nil {
			t.Fatal(err)
		}
		link("evil.example", "")
		link("two.example:9999", "https://two.example")
	})
}

// What leads to a store without a request, such as in an email about a change
// that an API account made, is the store's own too.
func TestLinksWithoutARequest(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		stores := store.NewService(db, system.Real())
		link := func(production bool, hash string, channelID int64, want string, domains ...string) {
			t.Helper()
			hosts := store.NewHosts(db, system.Real(), domains...)
			hosts.Production, hosts.Public = production, "https://api.example.com:8443"
			if got, err := hosts.LinkTo(t.Context(), hash, channelID); err != nil || got != want {
				t.Errorf("channel %d of %s is at %q, want %q: %v", channelID, hash, got, want, err)
			}
		}
		st, err := stores.Create(t.Context(), "one", "", "")
		if err != nil {
			t.Fatal(err)
		}
		link(true, "one", 1, "https://api.example.com:8443", "shops.example")
		link(false, "one", 1, "https://api.example.com:8443")
		if _, err := stores.Create(t.Context(), "two", "", "https://api.example.com:8443"); err != nil {
			t.Fatal(err)
		}
		if err := db.Write(t.Context(), st.ID, func(tx *sqldb.Tx) error {
			return channel.Put(tx, channel.Given{ID: 2, Name: "Second"}, 1)
		}); err != nil {
			t.Fatal(err)
		}
		link(true, "two", 1, "https://api.example.com:8443", "shops.example")
		link(true, "one", 1, "")
		link(true, "one", 3, "", "shops.example")
		link(true, "one", 1, "https://store-one.shops.example:8443", "Shops.Example", "more.example")
		link(true, "one", 2, "https://store-one-2.shops.example:8443", "shops.example")
		link(false, "one", 2, "https://store-one-2.localhost:8443")
	})
}
