package store_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"clientele/internal/channel"
	"clientele/internal/fault"
	"clientele/internal/opt"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/store"
)

// spellings are names in their canonical form with other forms of them.
var spellings = map[string][]string{
	"www.shop.example":        {"www.shop.example", "WWW.shop.Example", "www.shop.example.", "www。shop.example", "ｗww.shop.example"},
	"shop.example":            {"shop.example", "SHOP.EXAMPLE.", "shop\u00ad.example"},
	"xn--bcher-kva.example":   {"bücher.example", "BÜCHER.example.", "bu\u0308cher.example", "xn--bcher-kva.example", "XN--Bcher-KVA.example"},
	"xn--strae-oqa.example":   {"straße.example", "xn--strae-oqa.EXAMPLE"},
	"strasse.example":         {"strasse.example", "STRASSE.example"},
	"api.example":             {"api.example", "API.example.", "api．example"},
	"203.0.113.7":             {"203.0.113.7", "203.0.113.7.", "２03.0.113.7"},
	"2001:db8::1":             {"[2001:db8::1]", "[2001:DB8:0::0001]"},
	"store-aaa.shops.example": {"store-aaa.shops.example", "STORE-AAA.shops.example."},
	"store-aaa-2.localhost":   {"store-aaa-2.localhost", "Store-aaa-2。localhost"},
	"store-bbb.shops.example": {"store-bbb.shops.example", "ｓtore-bbb.shops.example"},
	"store-bbb.localhost":     {"store-bbb.localhost", "store-BBB.localhost."},
	"store-ccc-2.localhost":   {"store-ccc-2.localhost"},
	"store-new.shops.example": {"store-new.shops.example", "store-NEW.shops.example."},
}

// owner is the store that a name is kept for.
func owner(name string) string {
	if rest, ok := strings.CutPrefix(name, "store-"); ok {
		return rest[:3]
	}
	return ""
}

// Whatever a store claims, gives up, deletes or is given, what the names of
// others lead to stays as it is; and in production a name leads to a store
// only if a record or the operator said so.
func TestNoClaimChangesWhatOthersNamesLeadTo(t *testing.T) {
	for mode, rules := range map[string]store.HostRules{
		"development": {Domains: []string{"shops.example"}, Public: "api.example"},
		"production":  {Domains: []string{"shops.example"}, Public: "api.example", Production: true},
	} {
		t.Run(mode, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
				steps := 600
				if db.Engine() == sqldb.Postgres {
					steps = 120
				}
				if testing.Short() {
					steps = max(steps/10, 60) // fewer meet no refusal
				}
				seed := uint64(20)
				r := rand.New(rand.NewPCG(seed, uint64(len(mode))))
				w := &walk{shops: newShops(t, db, rules, "aaa", "bbb", "ccc"), r: r, licensed: map[string]bool{}}
				for i := range steps {
					if w.step(i); t.Failed() {
						t.Fatalf("seed %d: after step %d\n%s", seed, i, strings.Join(w.said[max(0, len(w.said)-12):], "\n"))
					}
				}
				if w.led < steps || w.refused == 0 || w.counted == 0 {
					t.Errorf("the walk saw %d names that lead somewhere, %d refusals and %d claims", w.led, w.refused, w.counted)
				}
			})
		})
	}
}

type walk struct {
	*shops
	r                     *rand.Rand
	licensed              map[string]bool // "name hash"
	said                  []string
	led, refused, counted int
}

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

func (w *walk) name() string { return pick(w.r, slices.Sorted(maps.Keys(spellings))) }

func (w *walk) url(name string) string {
	return pick(w.r, []string{"http", "https"}) + "://" + pick(w.r, spellings[name]) + pick(w.r, []string{"", ":80", ":443", ":8443"}) + pick(w.r, []string{"", "/", "/shop"})
}

// sees returns what every name leads to, by every scheme and port.
func (w *walk) sees() map[string]store.Site {
	w.t.Helper()
	w.now = w.now.Add(10 * time.Second)
	out := map[string]store.Site{}
	for name, forms := range spellings {
		for _, form := range append(forms[1:], name) {
			if strings.Count(form, ":") > 1 && form[0] != '[' {
				form = "[" + form + "]"
			}
			for _, scheme := range []string{"http", "https"} {
				for _, port := range []string{"", ":80", ":443", ":8443", ":9"} {
					site, ok, err := w.hosts.Site(w.t.Context(), scheme, form+port)
					w.ok(err)
					if !ok {
						continue
					}
					if w.led++; owner(name) != "" && owner(name) != site.StoreHash || owner(name) == "" && w.rules.Production && !w.licensed[name+" "+site.StoreHash] {
						w.t.Fatalf("%s://%s%s leads to %s, which is not its\n%s", scheme, form, port, site.StoreHash, strings.Join(w.said[max(0, len(w.said)-12):], "\n"))
					}
					// Where it has no URL of its own it has the one it was asked by.
					out[name+" "+scheme+" "+form+" "+port] = site
				}
			}
		}
	}
	return out
}

// step has one store do something, and looks at what the others have.
func (w *walk) step(i int) {
	before := w.sees()
	hash := pick(w.r, []string{"aaa", "bbb", "ccc"})
	id, name := int64(1+w.r.IntN(4)), w.name()
	url := w.url(name)
	ctx, st := w.t.Context(), w.ids[hash]
	var did string
	var err error
	switch n := w.r.IntN(20); {
	case n < 9:
		did = "claims " + url
		_, err = w.claim(hash, id, url)
	case n < 11:
		did = "deletes the site"
		err = w.channels.DeleteSite(ctx, st, id)
	case n < 12:
		did = "deletes the channel"
		_, err = w.channels.Update(ctx, st, channelGone(id))
	case n < 13:
		did = "archives the channel"
		_, err = w.channels.Update(ctx, st, channel.Update{ID: id, Status: opt.Some(channel.Archived)})
	case n < 15:
		status := pick(w.r, []string{channel.Active, ""})
		did = "is seeded with " + url + " " + status
		in := channel.Given{ID: id, Name: fmt.Sprint("Channel ", id), Status: status, URL: pick(w.r, []string{url, ""}), Rules: w.rules}
		err = w.db.Write(ctx, st, func(tx *sqldb.Tx) error { return channel.Put(tx, in, w.now.Unix()) })
		if err == nil {
			w.license(hash)
		}
	case n < 16:
		did = "is given " + name
		if err = w.stores.ProveHost(ctx, st, pick(w.r, spellings[name])); err == nil {
			w.licensed[name+" "+hash] = true
		}
	case n < 17:
		did = "is made to release " + name
		_, err = w.channels.ReleaseHost(ctx, st, pick(w.r, spellings[name]))
	case n < 19:
		did = "sets the record of " + name
		w.dns["_clientele."+name+"."] = append(w.dns["_clientele."+name+"."], "store="+hash)
		if name != w.rules.Public && !strings.Contains(name, ":") && name != "203.0.113.7" {
			w.licensed[name+" "+hash] = true
		}
	default:
		did = "drops the records of " + name
		delete(w.dns, "_clientele."+name+".")
	}
	if err == nil {
		w.counted++
	} else if f := fault.As(err); f == nil {
		w.t.Fatalf("%s %s: %v", hash, did, err)
	} else if f.Kind == fault.Conflict {
		w.refused++
	}
	w.said = append(w.said, fmt.Sprintf("%d: channel %d of %s %s: %v", i, id, hash, did, err))
	w.same(hash, before, w.sees())
	if w.r.IntN(3) == 0 {
		// Proofs that are found give names to stores, and take none.
		before = w.sees()
		w.look(time.Duration(w.r.IntN(1000)) * time.Second)
		w.said = append(w.said, fmt.Sprintf("%d: looks", i))
		w.same("", before, w.sees())
	}
}

// license notes that the operator gave a store all it claims now by a seed.
func (w *walk) license(hash string) {
	all, err := w.stores.HostClaims(w.t.Context(), &store.Store{ID: w.ids[hash], Hash: hash})
	w.ok(err)
	for _, c := range all {
		if c.Proof == store.ByOperator {
			w.licensed[c.Host+" "+hash] = true
		}
	}
}

func (w *walk) same(doer string, before, after map[string]store.Site) {
	for probe, site := range before {
		got := after[probe]
		if doer == "" { // a proof may give a store's names the URL that is proved
			got.URL, site.URL, got.ChannelID, site.ChannelID, got.Status, site.Status = "", "", 0, 0, "", ""
		}
		if site.StoreHash != doer && got != site {
			w.t.Errorf("%s led to %+v and leads to %+v", probe, site, got)
			return
		}
	}
}
