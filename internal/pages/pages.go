// Package pages serves the storefront's customer pages: signing in and out,
// registration, passwords, account, address book, wishlists, newsletter and
// privacy. They are HTML from the server, work without scripts and speak several languages.
package pages

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-chi/chi/v5"

	"clientele/internal/account"
	"clientele/internal/catalog"
	"clientele/internal/channel"
	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/form"
	"clientele/internal/history"
	"clientele/internal/html"
	"clientele/internal/intake"
	"clientele/internal/locale"
	"clientele/internal/order"
	"clientele/internal/recaptcha"
	"clientele/internal/serve"
	"clientele/internal/setting"
	"clientele/internal/store"
	"clientele/internal/subscriber"
	"clientele/internal/visit"
	"clientele/internal/wishlist"
)

// Services are what the pages work with.
type Services struct {
	Accounts    *account.Service
	Customers   *customer.Service
	Forms       *form.Service
	Subscribers *subscriber.Service
	Wishlists   *wishlist.Service
	Products    *catalog.Service
	Orders      *order.Service
	Stores      *store.Service
	Settings    *setting.Service
	Channels    *channel.Service
	// Robots is asked where a store wants it; nil: nobody is.
	Robots recaptcha.Robots
	// Outbox is the path where emails can be seen, in development.
	Outbox string
}

// Pages serves the pages.
type Pages struct {
	Services
	pipe   *serve.Pipeline
	visits *visit.Visits
	looks  map[string]func() *look
	sheet  *html.Sheet
}

// New returns Pages.
func New(pipe *serve.Pipeline, visits *visit.Visits, s Services) *Pages {
	return &Pages{Services: s, pipe: pipe, visits: visits, looks: newLooks(), sheet: html.NewSheet(ownSheet)}
}

// handler answers a visit. An error becomes a page.
type handler func(*call) error

// actions are the handlers of a path by method and the parameter "action".
type actions map[string]handler

func (p *Pages) paths() map[string]actions {
	return map[string]actions{
		"/": {"GET": (*call).home},
		"/login.php": {
			"GET": (*call).signInPage, "GET logout": (*call).leave, "GET create_account": (*call).registerPage,
			"GET reset_password": (*call).forgotPage, "GET change_password": (*call).resetPage,
			"GET check_passwordless_login": (*call).followSignInLink, "GET confirm_account": (*call).confirmAccountPage, "POST confirm_account": (*call).confirmAccount,
			"GET impersonate": (*call).impersonatePage, "POST impersonate": (*call).impersonate, "POST end_impersonation": (*call).endImpersonation,
			"POST": (*call).signIn, "POST check_login": (*call).signIn, "POST logout": (*call).signOut,
			"POST save_new_account": (*call).register, "POST create_account": (*call).register,
			"POST reset_password": (*call).forgot, "POST send_password_email": (*call).forgot,
			"POST change_password": (*call).reset, "POST save_new_password": (*call).reset,
			"POST passwordless_login":       (*call).passwordless,
			"POST check_passwordless_login": (*call).redeemSignInLink,
		},
		"/change-password": {"GET": (*call).resetPage, "POST": (*call).reset},
		"/account.php": {
			"GET": (*call).overview, "GET account_details": (*call).detailsPage, "POST account_details": (*call).saveDetails,
			"GET address_book": (*call).addressBook, "GET add_shipping_address": (*call).addressPage, "POST add_shipping_address": (*call).saveAddress,
			"GET edit_shipping_address": (*call).addressPage, "POST edit_shipping_address": (*call).saveAddress,
			"GET delete_shipping_address": (*call).deleteAddressPage, "POST delete_shipping_address": (*call).deleteAddress,
			"GET newsletter": (*call).newsletterPage, "POST newsletter": (*call).saveNewsletter,
			"GET change_password": (*call).passwordPage, "POST change_password": (*call).changePassword,
			"GET sessions": (*call).sessionsPage, "POST sessions": (*call).endSessions,
			"GET order_status": (*call).orders, "GET view_orders": (*call).orders, "GET view_order": (*call).order, "GET view_returns": (*call).empty, "GET inbox": (*call).empty,
			"GET recent_items": (*call).empty, "GET payment_methods": (*call).empty,
		},
		"/wishlist.php": {
			"GET":             (*call).wishlists,
			"GET addwishlist": (*call).newWishlistPage, "POST addwishlist": (*call).makeWishlist,
			"GET editwishlist": (*call).changeWishlistPage, "POST editwishlist": (*call).changeWishlist,
			"GET deletewishlist": (*call).deleteWishlistPage, "POST deletewishlist": (*call).deleteWishlist,
			"GET viewwishlistitems": (*call).ownWishlist, "POST viewwishlistitems": (*call).removeWish,
			"GET sharewishlist": (*call).ownWishlist,
		},
		"/subscribe.php":   {"POST": (*call).subscribe, "POST subscribe": (*call).subscribe, "GET confirm": (*call).confirmPage, "POST confirm": (*call).confirmSubscription},
		"/unsubscribe.php": {"GET": (*call).unsubscribePage, "POST": (*call).unsubscribe},
		"/xmlsitemap.php":  {"GET": (*call).sitemap},
		"/privacy.php":     {"GET": (*call).privacyPage, "POST": (*call).savePrivacy},
		"/language.php":    {"POST": (*call).chooseLanguage},
	}
}

// Mount adds the pages and what they load to a router.
func (p *Pages) Mount(r chi.Router) {
	for path, table := range p.paths() {
		// Every method: the page itself says which it takes.
		r.HandleFunc(path, p.serve(path, func(c *call) error { return c.dispatch(table) }))
	}
	script := func(w http.ResponseWriter, r *http.Request) error {
		addressScript.ServeHTTP(w, r)
		return nil
	}
	password := func(w http.ResponseWriter, r *http.Request) error {
		passwordScript.ServeHTTP(w, r)
		return nil
	}
	for path, asset := range map[string]func(http.ResponseWriter, *http.Request) error{
		"/assets/style.css": p.style, store.FaviconPath: p.icon, store.LogoPath + "{name}": p.logo, "/assets/address.js": script, "/assets/password.js": password, "/assets/states/{country}.json": states,
	} {
		h := p.pipe.Handler(path, serve.Plain{}, func(x *serve.Exchange) error { return asset(x, x.Request()) })
		r.Get(path, h)
		r.Head(path, h)
	}
}

// named reports whether a path has pages by the parameter "action". On others
// the parameter means nothing.
func (t actions) named() bool {
	for key := range t {
		if strings.Contains(key, " ") {
			return true
		}
	}
	return false
}

// dispatch picks the handler of a method and action.
func (c *call) dispatch(table actions) error {
	c.table = table
	method := c.R.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	action := ""
	if table.named() {
		action = c.R.URL.Query().Get("action")
	}
	if h := table[strings.TrimSpace(method+" "+action)]; h != nil {
		if method == http.MethodGet {
			if led, err := c.lead(action); led || err != nil {
				return err
			}
		}
		return c.run(method, h)
	}
	var allow []string
	for _, m := range []string{"GET", "POST"} {
		if table[strings.TrimSpace(m+" "+action)] != nil {
			allow = append(allow, m)
		}
	}
	if len(allow) == 0 {
		return errNoPage
	}
	if allow[0] == "GET" {
		allow = append([]string{"GET", "HEAD"}, allow[1:]...)
	}
	c.W.Header().Set("Allow", strings.Join(allow, ", "))
	return errMethod
}

func (c *call) run(method string, h handler) error {
	if method == http.MethodPost {
		if err := c.read(); err != nil {
			return err
		}
	}
	return h(c)
}

var (
	errNoPage  = fault.New(fault.NotFound, "there is no such page")
	errMethod  = fault.New(fault.BadInput, "the page does not have the method")
	errForged  = fault.New(fault.Forbidden, "the form is not from this site's page, or is too old")
	errBadForm = fault.New(fault.Malformed, "the form cannot be read")
	errNoJSON  = fault.New(fault.Malformed, "the body must be a JSON object")
	errDown    = &fault.Error{Kind: fault.Forbidden, Message: "the store is down", RetryAfter: 600}
)

// call is one request for a page.
type call struct {
	*visit.Visit
	*Pages
	exchange *serve.Exchange
	settings *store.Settings
	privacy  setting.CustomerSettings
	look     *look
	language locale.Choice // of the look
	session  *account.Session
	table    actions // of the path
	routes   *routes // of the channel's site, once they were read
	at       string  // where the form is that was posted, if its address does not tell
	private  bool    // the address holds a token
	asJSON   bool    // a script asks
	form     url.Values
}

// serve makes a handler of HTTP.
func (p *Pages) serve(pattern string, h handler) http.HandlerFunc {
	rt := p.pipe.Route("", pattern)
	return func(w http.ResponseWriter, r *http.Request) {
		x := new(serve.Exchange)
		c := p.call(x, r)
		rt.Serve(x, w, r, c, func() error {
			c.R, x.Came.Surface = x.Request(), history.Pages
			if err := c.open(); err != nil {
				return err
			}
			if err := x.Admitted(); err != nil {
				return err
			}
			return h(c)
		})
	}
}

// call returns the call of a request, before it is known who asks for what.
func (p *Pages) call(x *serve.Exchange, r *http.Request) *call {
	c := &call{Pages: p, exchange: x, settings: &store.Settings{}, Visit: &visit.Visit{W: x, R: r, Visits: p.visits}}
	c.speak()
	return c
}

// open finds out which store is visited, in which language and by whom.
func (c *call) open() error {
	r := c.R
	v, err := c.visits.Open(c.W, r)
	c.Visit = v
	if err != nil {
		return err
	}
	c.exchange.StoreHash = v.Site.StoreHash
	ctx := r.Context()
	s, err := c.Stores.Settings(ctx, v.Site.StoreID)
	if err != nil {
		return err
	}
	c.settings = s
	c.speak()
	if s.Down() && r.URL.Path != "/unsubscribe.php" {
		return errDown
	}
	if c.privacy, err = c.Settings.Effective(ctx, v.Site.StoreID, v.Site.ChannelID); err != nil {
		return err
	}
	if token := v.Token(); token != "" {
		if c.session, err = c.Accounts.AuthenticateOn(ctx, v.Site, token); err != nil {
			return err
		}
		switch {
		case c.session == nil:
			v.ClearToken()
		case s.Storefront.ActivityExtends == nil || *s.Storefront.ActivityExtends:
			v.Keep(token, s.Storefront.SessionSeconds)
		case v.Secure:
			// No longer than it lasts anyway, but as the store's origins have it
			// by now: another site may have lost its permission.
			v.Keep(token, c.session.Expires-c.visits.System.Now())
		}
		if c.session != nil && c.session.Locale != "" {
			c.speak() // anew: what is kept with the customer counts too
		}
	}
	return nil
}

// read reads a posted form that has to be one of this site's.
func (c *call) read() error {
	if err := c.readBody(); err != nil {
		return err
	}
	if c.isJSON() && c.R.URL.Path == "/login.php" && c.R.URL.Query().Get("action") == "passwordless_login" || c.form.Get("List-Unsubscribe") == "One-Click" && c.R.URL.Path == "/unsubscribe.php" {
		return nil // which carry no form token: their handlers look themselves
	}
	if !c.Genuine() {
		return errForged
	}
	return nil
}

func (c *call) readBody() error {
	if c.isJSON() {
		return nil
	}
	body, err := c.body()
	if err != nil {
		return err
	}
	defer body.Free()
	if c.form, err = body.Form(c.R); err != nil {
		return errBadForm
	}
	return nil
}

// body reads what was posted.
func (c *call) body() (*intake.Body, error) {
	return c.exchange.Body(intake.Source{Peer: c.Peer})
}

func (c *call) isJSON() bool {
	return strings.HasPrefix(c.R.Header.Get("Content-Type"), "application/json")
}

// client tells the domain who asks.
func (c *call) client() account.Client {
	return account.Client{Peer: c.Peer, UserAgent: c.R.UserAgent(), Previous: c.Token(), Language: c.language}
}

// redirect answers a post, or leads elsewhere.
func (c *call) redirect(to string) error {
	c.headers()
	http.Redirect(c.W, c.R, to, http.StatusSeeOther)
	return nil
}

// headers sets what every answer of a page carries.
func (c *call) headers() {
	html.Secure(c.W.Header(), c.referrer())
}

// referrer is what other sites learn of where a visitor comes from.
func (c *call) referrer() string {
	if c.private {
		return html.OriginAlone
	}
	return html.SameOrigin
}

// policy is the Content-Security-Policy. Where people are told from robots,
// the widget's hosts are let in.
func policy(robots bool) html.Policy {
	p := html.Policy{Images: []string{"https:", "data:"}}
	if robots {
		p.Scripts = []string{"https://www.google.com/recaptcha/", "https://www.gstatic.com/recaptcha/"}
		p.Frames = []string{"https://www.google.com/recaptcha/", "https://recaptcha.google.com/recaptcha/"}
	}
	return p
}

// show renders a page.
func (c *call) show(status int, p page) error {
	f := p.base()
	c.fill(f)
	c.reveal(p)
	fm := p.asked()
	robots := fm != nil && fm.SiteKey != ""
	body, err := html.Render(c.look.pages.Page(p.template()), p)
	if err != nil {
		return err
	}
	// The exchange keeps the error.
	_ = html.Send(c.W, c.R, html.Answer{
		Status: status, Body: body, Lang: c.look.Lang, Policy: policy(robots), Referrer: c.referrer(), Vary: "Accept-Language, Cookie",
	})
	return nil
}

// Refuse implements serve.Renderer: with a page, or with JSON for a script.
func (c *call) Refuse(x *serve.Exchange, f *fault.Error) {
	if c.asJSON {
		c.refuseJSON(f)
		return
	}
	status, key := serve.StatusOf(f.Kind), "internal"
	switch {
	case f == errMethod:
		status, key = http.StatusMethodNotAllowed, "method"
	case f == errForged:
		status, key = http.StatusForbidden, "forged"
	case errors.Is(f, account.ErrOnBehalf):
		status, key = http.StatusForbidden, "on_behalf"
	case f == errDown:
		status, key = http.StatusServiceUnavailable, "down"
		x.Expected()
	case f.Kind == fault.NotFound:
		key = "not_found"
	case f.Kind == fault.TooLarge:
		key = "too_large"
	case f.Kind == fault.TooSlow:
		key = "too_slow"
	case f.Kind == fault.TooMany:
		key = "too_many"
	case f.Kind == fault.Unavailable:
		key = "unavailable"
	case f.Kind == fault.Forbidden, f.Kind == fault.Unauthorized:
		status, key = http.StatusForbidden, "forbidden"
	case f.Kind == fault.WrongMedia, f.Kind == fault.Conflict, f.Kind == fault.Malformed, f.Kind == fault.BadInput:
		key = "bad_request"
	case f.Kind == fault.Invalid, f.Kind == fault.BadFilter:
		status, key = http.StatusBadRequest, "bad_request"
	}
	if f.Status != 0 {
		status = f.Status
	}
	p := &messagePage{Key: key, Status: status, Text: c.look.Text("error." + key + ".text")}
	p.Title = c.look.Text("error." + key + ".title")
	if key == "down" && c.settings.Storefront.StatusMessage != "" {
		p.Text = c.settings.Storefront.StatusMessage
	}
	if key == "too_many" && f.RetryAfter > 0 {
		p.Text = c.wait(f)
	}
	if c.visits.Reasons && status != http.StatusServiceUnavailable {
		p.Detail = f.Error()
	}
	if status < 500 {
		p.Next = &html.Link{Label: c.look.Text("home.link"), URL: c.shop()}
	}
	if err := c.show(status, p); err != nil {
		x.Judge(err)
		http.Error(x, http.StatusText(status), status)
	}
}

// wait tells for how long to wait.
func (c *call) wait(f *fault.Error) string {
	return c.look.Plural("wait", max(1, (f.RetryAfter+59)/60))
}

// Refuse answers a path that nobody serves with a page, if a person asks for
// one, and tells whether it did.
func (p *Pages) Refuse(x *serve.Exchange, status int) bool {
	r := x.Request()
	if !strings.Contains(r.Header.Get("Accept"), "text/html") {
		return false
	}
	c := p.call(x, r)
	err := c.open()
	switch {
	case err != nil:
	case status == http.StatusMethodNotAllowed:
		err = errMethod
	default:
		err = errNoPage
	}
	x.Fail(c, err)
	return true
}
