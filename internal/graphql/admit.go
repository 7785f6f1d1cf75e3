package graphql

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"clientele/internal/account"
	"clientele/internal/auth"
	"clientele/internal/customer"
	"clientele/internal/entitlement"
	"clientele/internal/fault"
	"clientele/internal/form"
	"clientele/internal/graphql/document"
	"clientele/internal/history"
	"clientele/internal/instrument"
	"clientele/internal/locale"
	"clientele/internal/serve"
	"clientele/internal/setting"
	"clientele/internal/store"
	"clientele/internal/subscriber"
	"clientele/internal/visit"
)

// Headers of requests.
const (
	headerCustomer    = "X-Bc-Customer-Id"
	headerAccessToken = "X-Bc-Customer-Access-Token"
	headerStrict      = "X-Bc-Error-On-Invalid-Customer-Access-Token"
)

// shopper is who asks.
type shopper struct {
	visit   *visit.Visit
	token   *auth.StorefrontToken
	browser bool   // a page asks, not a server
	named   string // the language that the operation's directive names
	// session is that of a shopper who is signed in; secret is its token.
	session *account.Session
	secret  string
	// customerID is the shopper's account, or 0. Impersonation has one without
	// a session.
	customerID int64
	// claimed is a customer for whom somebody asks of whom it is not known yet
	// whether they may be dealt with here.
	claimed int64

	// What is read once.
	settings memo[*store.Settings]
	privacy  memo[setting.CustomerSettings]
	forms    memo[form.Form]
	profile  memo[*customer.Profile]

	instruments  memo[[]instrument.Instrument]
	entitlements memo[entitlement.Entitlements]
}

type shopperKey struct{}

func shopperOf(ctx context.Context) *shopper { return ctx.Value(shopperKey{}).(*shopper) }

// wish tells in which language the shopper wants answers. As documented, the
// operation's directive comes first, then Accept-Language, which outweighs what
// the shopper chose before.
func (w *shopper) wish() locale.Wish {
	kept := ""
	if w.session != nil {
		kept = w.session.Locale
	}
	wish := w.visit.Wish(kept)
	wish.Named, wish.Asked, wish.Accept = w.named, wish.Accept, ""
	return wish
}

// client is the shopper as package account knows clients. What a directive or a
// server's Accept-Language says is a choice; browsers send it unasked. Where the store's
// languages cannot be read, neither can what the operation needs, which says so.
func (s *Server) client(ctx context.Context, w *shopper) account.Client {
	out := account.Client{Peer: w.visit.Peer, UserAgent: w.visit.R.UserAgent(), Previous: w.secret, Shown: subscriber.Shown{Place: w.visit.Asks()}}
	if settings, err := s.settings(ctx); err == nil {
		wish := w.visit.Wish("")
		wish.Named = w.named
		if !w.browser {
			wish.Asked, wish.Accept = wish.Accept, ""
		}
		out.Language = wish.Choose(settings.Languages())
	}
	return out
}

// fromBrowser reports whether a page asks. Servers send neither header; the
// other Sec-Fetch headers some of their libraries do send.
func fromBrowser(r *http.Request) bool {
	return r.Header.Get("Origin") != "" || r.Header.Get("Sec-Fetch-Site") != ""
}

// passesCookies reports whether the shopper's token may be in a cookie of a
// server. Storefronts from before there were private tokens pass the cookies of
// their shoppers on, with a storefront token. What a browser sends here itself
// in that cookie is nothing: it could be another site's doing.
func (w *shopper) passesCookies() bool {
	return !w.browser && w.token.Kind == auth.BrowserToken
}

// admit finds out who asks and whether they may.
func (s *Server) admit(ctx context.Context, v *visit.Visit) (*shopper, error) {
	w := &shopper{visit: v, browser: fromBrowser(v.R)}
	h := v.W.Header()
	h.Add("Vary", "Origin")
	var err error
	w.token, err = s.Tokens.Verify(ctx, v.Site.StoreID, v.Site.ChannelID, bearer(v.R), s.System.Now())
	if bad := auth.TokenFault(""); errors.As(err, &bad) {
		// A page is to see why, so it may read the refusal.
		allow(h, v.R.Header.Get("Origin"))
		history.Refuse(ctx, string(bad))
		return nil, refuse(http.StatusUnauthorized, "%s", string(bad))
	}
	if err != nil {
		return nil, err
	}
	if err := w.cross(); err != nil {
		return nil, err
	}
	if !w.browser && !s.Deadlines.Allow(w.token, s.System.Now()) {
		return nil, refuse(http.StatusForbidden, "Storefront tokens cannot be used server to server. Use a private token.")
	}
	if w.token.ForServers() {
		v.Peer = v.Visits.Peer(v.R, true)
		history.Arrive(ctx, v.Peer.Address)
	}
	return w, s.identify(ctx, w)
}

// unavailable is the error of a request that may be tried again later.
func unavailable(f *fault.Error) *gqlerror.Error {
	err := publicError("SERVICE_UNAVAILABLE", "The service is not available. Please try again later.")
	if f.RetryAfter > 0 {
		err.Extensions["retryAfter"] = f.RetryAfter
	}
	return err
}

// bearer returns the token of a request.
func bearer(r *http.Request) string {
	scheme, token, ok := strings.Cut(strings.TrimSpace(r.Header.Get("Authorization")), " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// cross holds a page to the origins of its token. Pages of the storefront
// itself are of the same origin.
func (w *shopper) cross() error {
	if !w.browser {
		return nil
	}
	switch w.token.Kind {
	case auth.PrivateToken:
		return refuse(http.StatusForbidden, "Private tokens cannot be used from a web browser.")
	case auth.ImpersonationToken:
		return refuse(http.StatusForbidden, "Customer impersonation tokens cannot be used from a web browser.")
	}
	origin := w.visit.R.Header.Get("Origin")
	if w.visit.SameOrigin() {
		return nil
	}
	if clean, ok := auth.Origin(origin); !ok || !slices.Contains(w.token.Origins, clean) {
		return refuse(http.StatusForbidden, "The token may not be used from this origin.")
	}
	w.visit.Allowed = true
	h := w.visit.W.Header()
	allow(h, origin)
	if _, keyed := w.visit.R.Header[serve.IdempotencyKey]; keyed && h.Get("Access-Control-Expose-Headers") != "" {
		h.Set("Access-Control-Expose-Headers", exposed+", "+serve.Repeated)
	}
	return nil
}

// exposed are the headers that pages of other origins may read.
const exposed = "X-Request-Id, X-Bc-Graphql-Complexity, X-Bc-Graphql-Query-Hash, X-Bc-Graphql-Variables-Hash, X-Bc-Graphql-Operation-Type, X-Bc-Graphql-Operation-Name"

func allow(h http.Header, origin string) {
	if origin == "" {
		return
	}
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Allow-Credentials", "true")
	h.Set("Access-Control-Expose-Headers", exposed)
}

// preflight answers a browser that asks whether a page may ask. Which origins
// may the token says, which a preflight does not carry: it is held against
// the request itself.
func (s *Server) preflight(v *visit.Visit, out *reply) {
	h := v.W.Header()
	h.Del("Content-Type")
	h.Add("Vary", "Origin")
	h.Set("Allow", "GET, HEAD, OPTIONS, POST")
	if origin, ok := auth.Origin(v.R.Header.Get("Origin")); ok {
		allow(h, origin)
		h.Set("Access-Control-Allow-Methods", "GET, POST, OPTIONS")
		h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Accept, Accept-Language, "+headerAccessToken+", "+headerStrict+", "+serve.IdempotencyKey)
		h.Set("Access-Control-Max-Age", "600")
	}
	out.WriteHeader(http.StatusNoContent)
}

// identify finds the customer on whose behalf somebody asks.
func (s *Server) identify(ctx context.Context, w *shopper) error {
	r, site := w.visit.R, w.visit.Site
	if w.token.Kind == auth.ImpersonationToken {
		id, err := strconv.ParseInt(r.Header.Get(headerCustomer), 10, 64)
		if err != nil || id < 1 {
			return nil
		}
		w.claimed = id
		return nil
	}
	values, given := r.Header[headerAccessToken]
	strict := strings.EqualFold(r.Header.Get(headerStrict), "true")
	switch {
	case w.browser:
		// In a browser the token is a cookie.
		w.secret = w.visit.Token()
		strict = strict && given
	case given:
		w.secret = strings.TrimSpace(values[0])
		if w.secret == "" && strict {
			return &refusal{http.StatusOK, gqlerror.List{publicError("MISSING_CUSTOMER_ACCESS_TOKEN", "The customer access token is missing.")}}
		}
	case w.passesCookies():
		w.secret, strict = w.visit.ServerToken(), false
	default:
		strict = false
	}
	if w.secret == "" {
		return nil
	}
	session, err := s.Accounts.AuthenticateOn(ctx, site, w.secret)
	if err != nil {
		return err
	}
	if session == nil || (session.Kind == account.Browser) != w.browser {
		w.secret = ""
		if strict {
			return &refusal{http.StatusOK, gqlerror.List{publicError("INVALID_CUSTOMER_ACCESS_TOKEN", "The customer access token is invalid or has expired.")}}
		}
		return nil
	}
	w.session, w.customerID = session, session.CustomerID
	return nil
}

// settle finds out whether the customer may be dealt with for whom somebody asks.
// An operation for the customer alone learns it with all else that it reads.
func (s *Server) settle(ctx context.Context, w *shopper, op *document.Operation) error {
	if w.claimed == 0 || op.Operation == ast.Query && onlyCustomer(op.SelectionSet) {
		return nil
	}
	barred, err := s.Accounts.Barred(ctx, w.visit.Site, w.claimed)
	if err == nil {
		w.decide(ctx, !barred)
	}
	return err
}

// decide tells whether the customer may be dealt with for whom somebody asks. That
// there is no such customer, fields say.
func (w *shopper) decide(ctx context.Context, served bool) {
	if served {
		w.customerID = w.claimed
		history.Act(ctx, history.Actor{Kind: history.ByToken, Name: w.token.ClientID})
	}
	w.claimed = 0
}

// onlyCustomer reports whether an operation asks for the customer and nothing
// else.
func onlyCustomer(set ast.SelectionSet) bool {
	return !slices.ContainsFunc(set, func(sel ast.Selection) bool {
		f, ok := sel.(*ast.Field)
		return !ok || f.Name != "customer"
	})
}

// needs tells the access scope of root fields and of mutations below them.
// What is not listed needs the other one.
var needs = map[string]auth.AccessScope{
	"Site.order":      auth.AccessCustomer,
	"Query.customer":  auth.AccessCustomer,
	"Query.clientele": auth.AccessCustomer,

	"Mutation.login": auth.AccessCustomer, "Mutation.logout": auth.AccessCustomer, "Mutation.loginWithCustomerLoginJwt": auth.AccessCustomer,
	"Mutation.generateSessionSyncJwt": auth.AccessCustomer, "Mutation.validateSessionSyncJwt": auth.AccessCustomer,
	"Mutation.customer": auth.AccessCustomer,
	// Namespaces whose members say what they need.
	"Mutation.company":                      "",
	"CompanyMutations.registerCompany":      auth.AccessB2B,
	"CompanyMutations.updateCompanyUser":    auth.AccessB2B,
	"Mutation.wishlist":                     "",
	"WishlistMutations.createWishlist":      auth.AccessUnauthenticated,
	"WishlistMutations.addWishlistItems":    auth.AccessCustomer,
	"WishlistMutations.deleteWishlistItems": auth.AccessCustomer,
	"WishlistMutations.updateWishlist":      auth.AccessCustomer,
	"WishlistMutations.deleteWishlists":     auth.AccessCustomer,
}

// need returns the access scope that a field asks for, or "".
func need(object, field string) string {
	switch object {
	case "Query", "Mutation", "WishlistMutations", "CompanyMutations":
	case "Site":
		if _, ok := needs[object+"."+field]; !ok {
			return ""
		}
	default:
		return ""
	}
	if strings.HasPrefix(field, "__") {
		return ""
	}
	scope, ok := needs[object+"."+field]
	if !ok {
		scope = auth.AccessUnauthenticated
	}
	return string(scope)
}

// allow holds private tokens to their scopes.
func (w *shopper) allow(need string) error {
	scope := auth.AccessScope(need)
	if w.token.Kind != auth.PrivateToken || w.token.Allows(scope) {
		return nil
	}
	err := publicError("INSUFFICIENT_ACCESS_SCOPE", "The provided token does not include the scopes required to resolve this field.")
	err.Extensions["requiredScopes"] = []auth.AccessScope{scope}
	return err
}
