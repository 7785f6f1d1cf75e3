// Package panel serves the control panel: HTML from the server, at /manage, for
// the people who run a store. It is a surface: it calls the services that every
// surface calls, and adds no rule of its own.
//
// # Routes
//
// A page is a Route: method, pattern, what it takes to come (Need), and a
// handler. What it takes is declared beside the route, and a test fails for one
// without. Patterns below /manage/store/{store} are about the store whose hash
// is in the address; to who does not belong to it there is no such page. Sudo
// asks once more for the password if it was not given lately; a form that was
// sent is sent again after that.
//
// # Pages
//
// A page is a struct with a frame and the name of its template, which defines
// "content". call.show completes the frame and renders it. The frame has the
// title, the crumbs above it and the actions beside it. call.done answers a post
// that went well: it leads on and leaves a notice, which may have an undo.
//
// # Building blocks
//
// Templates are in templates/blocks.html, by what they take:
//
//   - "table" (Table): a table with a caption that becomes cards on phones. Its
//     cells have a text, a second line, a link, lozenges, a time.
//   - "pages" (Pages): first, previous, next, last, and the size of a page.
//   - "filters" (Filters): a search box, and chips of what is filtered by. All of
//     it is in the address.
//   - "form" (Form): sections as panels, and an action bar at the foot that stays
//     in sight. Fields are html.Field. call.explain puts faults beside them. A
//     section may have lines; a button "refresh" shows the form again with one
//     more or less (html.Line).
//   - "lozenge" (Lozenge), "message" (Message), "empty" (Empty), "tabs" (Tabs),
//     "steps" (Steps), "when" (stamp).
//   - "dialog" (Dialog): a question before something is done. Its link leads to
//     the page of the question, which the script shows as a dialog.
//   - "conflict" (Conflict): both versions of a form, by field, when somebody else
//     has changed the record. A form keeps the version in the field "version".
//
// # The script
//
// assets/panel.js makes pages livelier that work without it. A link or a form
// with data-swap="ids" is fetched from the same address, and the elements with
// these ids take the place of the page's: element by element, so that focus,
// caret and ticked boxes stay. A form with data-live is sent while one types.
// Earlier requests of the same element are given up; addresses and titles
// follow. A form with data-refresh shows itself again by the answer to a button
// "refresh". An element with data-events follows an address that tells when its
// parts are to be fetched anew (call.follow). An element with data-announce is read out after a change.
package panel

import (
	"context"
	_ "embed"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/go-chi/chi/v5"

	"clientele/internal/account"
	"clientele/internal/auth"
	"clientele/internal/bulk"
	"clientele/internal/channel"
	"clientele/internal/credit"
	"clientele/internal/customer"
	"clientele/internal/desk"
	"clientele/internal/duplicate"
	"clientele/internal/entitlement"
	"clientele/internal/export"
	"clientele/internal/fault"
	"clientele/internal/figure"
	"clientele/internal/form"
	"clientele/internal/group"
	"clientele/internal/history"
	"clientele/internal/html"
	"clientele/internal/idempotency"
	"clientele/internal/instrument"
	"clientele/internal/mail"
	"clientele/internal/merge"
	"clientele/internal/metafield"
	persons "clientele/internal/person"
	"clientele/internal/reach"
	"clientele/internal/recaptcha"
	"clientele/internal/segment"
	"clientele/internal/serve"
	"clientele/internal/setting"
	"clientele/internal/sso"
	"clientele/internal/staff"
	"clientele/internal/store"
	"clientele/internal/storekey"
	"clientele/internal/subscriber"
	"clientele/internal/tax"
	"clientele/internal/transfer"
	"clientele/internal/visit"
	"clientele/internal/webhook"
	"clientele/internal/wishlist"
)

// Base is where the panel is.
const Base = "/manage"

// Services are what the panel works with.
type Services struct {
	Staff       *staff.Service
	Stores      *store.Service
	History     *history.Service
	Groups      *group.Service
	Customers   *customer.Service
	Segments    *segment.Service
	Rules       *segment.Keeper
	Subscribers *subscriber.Service
	Webhooks    *webhook.Service
	Accounts    *account.Service
	Tokens      *sso.Service
	Figures     *figure.Service
	APIAccounts *auth.APIAccounts
	// StorefrontTokens are those of storefronts, Channels the ways to sell.
	StorefrontTokens *auth.StorefrontTokens
	Channels         *channel.Service
	CustomerSettings *setting.Service
	Robots           recaptcha.Robots
	Reach            *reach.Checker
	Credit           *credit.Service
	Mail             *mail.Service
	Forms            *form.Service
	// What else the page of a customer shows.
	Entitlements *entitlement.Service
	Wishlists    *wishlist.Service
	Metafields   *metafield.Service
	Instruments  *instrument.Service
	Taxes        *tax.Service
	Persons      *persons.Service
	Desk         *desk.Service
	Bulk         *bulk.Service
	Transfer     *transfer.Service
	Exports      *export.Service
	Keys         *storekey.Service
	// Installation is what owners of all stores look after.
	Installation Installation
	Merges       *merge.Service
	Duplicates   *duplicate.Service
	// Answers are those to forms that may be sent twice.
	Answers *idempotency.Keys
	// Sample fills a store with sample customers; nil: that is not offered.
	Sample func(ctx context.Context, storeHash string) error
	// NewStore makes a store with settings and an API account.
	NewStore func(ctx context.Context, name, url string, settings map[string]any) (*store.Store, auth.Credentials, error)
	// SignOn is the installation's single sign-on; nil: there is none.
	SignOn SignOn
}

// Config is where the panel is and who may reach it.
type Config struct {
	// URL is what addresses of the panel begin with.
	URL string
	// Documents is what addresses of the documents begin with; empty: where the panel
	// is.
	Documents string
	// Hosts are those that the panel answers at in production. Apart tells that it
	// has a listener of its own, which answers at any host.
	Hosts []string
	Apart bool
	// Allow are the networks that may reach it; none: all.
	Allow []netip.Prefix
	// Production: it is never on a storefront's host.
	Production bool
	Kept       Kept
}

// Panel serves the control panel.
type Panel struct {
	Services
	Config
	pipe   *serve.Pipeline
	visits *visit.Visits
	looks  map[string]func() *look
	cross  *http.CrossOriginProtection
	routes []Route
	needs  map[string]Need // of pages, by pattern
	live   live
}

// New returns a Panel.
func New(pipe *serve.Pipeline, visits *visit.Visits, c Config, s Services) *Panel {
	p := &Panel{Services: s, Config: c, pipe: pipe, visits: visits, looks: newLooks(), cross: http.NewCrossOriginProtection(), live: newLive()}
	p.routes, p.needs = p.Routes(), map[string]Need{}
	for _, rt := range p.routes {
		if rt.Method == http.MethodGet {
			p.needs[rt.Pattern] = rt.Need
		}
	}
	return p
}

//go:embed assets/panel.css
var sheetText []byte

//go:embed assets/panel.js
var scriptText []byte

//go:embed assets/icon.svg
var iconText []byte

var (
	sheet  = html.NewAsset("text/css; charset=utf-8", sheetText)
	script = html.NewAsset("text/javascript; charset=utf-8", scriptText)
	icon   = html.NewAsset("image/svg+xml", iconText)

	assets = map[string]*html.Asset{"/assets/panel.css": sheet, "/assets/panel.js": script, "/assets/icon.svg": icon}
)

// policy is the Content-Security-Policy of every page.
var policy = html.Policy{Images: []string{"data:"}}

// Mount adds the panel to a router.
func (p *Panel) Mount(r chi.Router) {
	for _, rt := range p.routes {
		h := p.serve(rt)
		r.Method(rt.Method, rt.Pattern, h)
		if rt.Method == http.MethodGet {
			r.Method(http.MethodHead, rt.Pattern, h)
		}
	}
	for path, asset := range assets {
		h := p.pipe.Handler(Base+path, serve.Plain{}, func(x *serve.Exchange) error {
			if !p.reachable(x.Request()) {
				return errNoPage
			}
			asset.ServeHTTP(x, x.Request())
			return nil
		})
		r.Get(Base+path, h)
		r.Head(Base+path, h)
	}
	// Whatever else is asked for, by any method.
	nowhere := p.serve(Route{Pattern: Base + "/*", Need: Open, handle: func(*call) error { return errNoPage }})
	r.HandleFunc(Base+"/*", nowhere)
}

// reachable reports whether a request is for the panel, by the host it asks and
// the network it comes from. To others there is nothing.
func (p *Panel) reachable(r *http.Request) bool {
	if len(p.Allow) > 0 {
		ip, err := netip.ParseAddr(p.visits.Peer(r, false).Address)
		if err != nil || !slices.ContainsFunc(p.Allow, func(n netip.Prefix) bool { return n.Contains(ip.Unmap()) }) {
			return false
		}
	}
	host := p.visits.Host(r)
	if p.Production {
		if _, known, err := p.visits.Hosts.Known(r.Context(), "https", host); err != nil || known {
			return false
		}
	}
	if p.Apart || !p.Production {
		return true
	}
	return slices.ContainsFunc(p.Hosts, func(h string) bool {
		return strings.EqualFold(h, host) || !strings.Contains(h, ":") && strings.EqualFold(h, hostname(host))
	})
}

// hostname is a host without its port.
func hostname(host string) string {
	u := url.URL{Host: host}
	return u.Hostname()
}

var (
	errNoPage = fault.New(fault.NotFound, "there is no such page")
	errForged = fault.New(fault.Forbidden, "the form is not from this site's page")
	errBad    = fault.New(fault.Malformed, "the form cannot be read")
	errDenied = fault.New(fault.Forbidden, "the role does not allow this")
)
