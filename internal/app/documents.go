package app

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"clientele/api"
	"clientele/docs"
	"clientele/internal/auth"
	"clientele/internal/fault"
	"clientele/internal/graphql"
	"clientele/internal/intake"
	"clientele/internal/opt"
	"clientele/internal/reference"
	"clientele/internal/store"
	"clientele/internal/visit"
)

// newReference returns the pages that show how the server is used.
func (s *Server) newReference(visits *visit.Visits, queries *graphql.Server, bodies *intake.Intake) *reference.Reference {
	config := reference.Config{
		Version: api.Version(), OpenAPI: api.YAML, OpenAPIJSON: api.JSON, Schema: api.Schema, Documents: docs.Files,
		Base: s.URL, Management: s.management, Limits: s.cfg.limits(), Pipeline: s.pipe,
		Examine: func(query string) (string, []reference.Fault) {
			formatted, errs := queries.Examine(query)
			var faults []reference.Fault
			for _, e := range errs {
				f := reference.Fault{Message: e.Message}
				if len(e.Locations) > 0 {
					f.Line, f.Column = e.Locations[0].Line, e.Locations[0].Column
				}
				faults = append(faults, f)
			}
			return formatted, faults
		},
		Read: func(w http.ResponseWriter, r *http.Request) ([]byte, error) {
			body, err := bodies.Read(w, r, intake.Source{Peer: visits.Peer(r, false), Most: maxForm})
			if err != nil {
				return nil, err
			}
			defer body.Free()
			return []byte(string(body.B)), nil
		},
	}
	if !s.cfg.Production() {
		config.Keys, config.Admit = &pageKeys{s}, s.access().Admit
	}
	return reference.New(config)
}

// maxForm bounds the forms of the documents' pages.
const maxForm = 128 << 10

// limits says what this server bounds.
func (c *Config) limits() string {
	var b strings.Builder
	fmt.Fprintf(&b, "On this server an API account may make %d requests in %s", c.RateLimitQuota, c.RateLimitWindow)
	limit := func(n int, what string) {
		if n > 0 {
			fmt.Fprintf(&b, ", and have %d %s under way at once", n, what)
		}
	}
	limit(c.ConcurrencyCreate, "creates")
	limit(c.ConcurrencyUpdate, "updates")
	b.WriteString(".")
	return b.String()
}

// docsAccount is the API account as which the documents' pages call.
const docsAccount = "API documents"

// pageKeys makes tokens for the documents' pages, in development mode.
type pageKeys struct{ s *Server }

// Management implements reference.Keys.
func (k *pageKeys) Management(ctx context.Context, hash string) (reference.Key, error) {
	stores, err := k.s.Stores.List(ctx)
	if err != nil {
		return reference.Key{}, err
	}
	out := reference.Key{StoreHash: hash}
	var of *store.Store
	for i := range stores {
		out.Stores = append(out.Stores, stores[i].Hash)
		if of == nil && (hash == "" || stores[i].Hash == hash) {
			of = &stores[i]
		}
	}
	if of == nil {
		return reference.Key{}, fault.New(fault.NotFound, "there is no such store")
	}
	out.StoreHash = of.Hash
	out.Token, _, out.Expires, err = k.s.APIAccounts.Pass(ctx, of.ID, docsAccount)
	return out, err
}

// Storefront implements reference.Keys.
func (k *pageKeys) Storefront(ctx context.Context, scheme, host string) (reference.Key, error) {
	site, ok, err := k.s.Hosts.Site(ctx, scheme, host)
	if err != nil {
		return reference.Key{}, err
	}
	if !ok {
		return reference.Key{}, fault.New(fault.NotFound, "there is no store at this address: with several stores, open the page at http://store-{store_hash}.localhost")
	}
	_, account, expires, err := k.s.APIAccounts.Pass(ctx, site.StoreID, docsAccount)
	if err != nil {
		return reference.Key{}, err
	}
	out := reference.Key{StoreHash: site.StoreHash, Expires: expires}
	out.Token, err = k.s.Tokens.Create(ctx, site.StoreID, auth.NewToken{
		Kind: auth.BrowserToken, ClientID: account.ClientID, ChannelID: opt.Some(site.ChannelID), Expires: expires, Origins: opt.Some([]string{scheme + "://" + host}),
	})
	return out, err
}
