package pages

import (
	"net/url"
	"path"

	"clientele/internal/channel"
	"clientele/internal/store"
)

// routeTypes are the types of routes of the pages that a storefront of the
// channel's own may have instead of ours, by path and action. The other pages
// are here alone.
var routeTypes = map[string]string{
	"/":                         channel.RouteHome,
	"/login.php":                channel.RouteLogin,
	"/login.php create_account": channel.RouteCreateAccount,
	"/login.php reset_password": channel.RouteForgotPassword,
	"/account.php":              channel.RouteAccount,
	"/account.php order_status": channel.RouteOrderStatus,
	"/account.php view_orders":  channel.RouteOrderStatus,
	"/account.php view_returns": channel.RouteNewReturn,
}

func routeType(path, action string) string {
	if action != "" {
		path += " " + action
	}
	return routeTypes[path]
}

// returnParameter is how a storefront's page for signing in is told where to
// return to.
const returnParameter = "redirectTo"

// routes are where the channel's own storefront has its pages.
type routes struct {
	base string // the URL of the site, without a path
	of   channel.Routes
	auth bool // shoppers sign in and out there
}

// readRoutes reads the routes of the channel's site, once a request. A site
// whose host does not count has none: nobody is sent to what may be another's.
func (c *call) readRoutes() (*routes, error) {
	if c.routes != nil {
		return c.routes, nil
	}
	ctx, out := c.R.Context(), &routes{}
	site, _, err := c.visits.Hosts.SiteOf(ctx, c.Site.StoreHash, c.Site.ChannelID, "")
	if err != nil {
		return nil, err
	}
	if out.base = site.URL; out.base != "" {
		if out.of, err = c.Channels.ShopperRoutes(ctx, c.Site.StoreID, c.Site.ChannelID); err != nil {
			return nil, err
		}
	}
	if out.of[channel.RouteLogin] != "" || out.of[channel.RouteLogout] != "" {
		checkout, err := c.Settings.EffectiveCheckout(ctx, c.Site.StoreID, c.Site.ChannelID)
		if err != nil {
			return nil, err
		}
		out.auth = checkout.On(store.RedirectForAuth)
	}
	c.routes = out
	return out, nil
}

// lead sends a visitor to the channel's own storefront, if that has the page
// that was asked for, and reports whether it did. Who acts as a customer does so
// in our account alone.
func (c *call) lead(action string) (bool, error) {
	typ := routeType(c.R.URL.Path, action)
	if typ == "" || typ == channel.RouteLogin && c.session != nil { // who need not sign in is led on
		return false, nil
	}
	if c.R.URL.Path == "/account.php" && (c.justCame() || c.session != nil && c.session.OnBehalf()) {
		return false, nil
	}
	var parameters []string
	if typ == channel.RouteLogin {
		back, err := c.backThere()
		if err != nil {
			return false, err
		}
		parameters = []string{returnParameter, back}
	}
	to, err := c.away(typ, parameters...)
	if to == "" || err != nil {
		return false, err
	}
	return true, c.redirect(to)
}

// justCame reports whether a shopper has just signed in here, or was brought
// here signed in. Such a one stays: a storefront may use our account for its
// own, and would lead back here at once.
func (c *call) justCame() bool {
	return c.session != nil && c.visits.System.Now()-c.session.Created <= justNow
}

// away returns where the channel's own storefront has its page of a type, with
// parameters. It is empty if the page is here.
func (c *call) away(typ string, parameters ...string) (string, error) {
	r, err := c.readRoutes()
	if err != nil {
		return "", err
	}
	to := c.pathThere(r, typ, parameters...)
	if to == "" {
		return "", nil
	}
	return r.base + to, nil
}

func (c *call) pathThere(r *routes, typ string, parameters ...string) string {
	if r.of[typ] == "" || (typ == channel.RouteLogin || typ == channel.RouteLogout) && !r.auth {
		return ""
	}
	to := channel.Path(r.of[typ], c.language.Locale, parameters...)
	if c.leadsHere(r, to) {
		return ""
	}
	return to
}

// leadsHere reports whether a path of the storefront is, or may be, a page of
// ours: a storefront's host can pass on to us what it does not have. To send
// somebody there would lead round in circles.
func (c *call) leadsHere(r *routes, to string) bool {
	u, err := url.Parse(to)
	if err != nil {
		return true
	}
	at := path.Clean("/" + u.Path)
	if at == "/" {
		return c.sameHost(r)
	}
	_, ours := c.paths()[at]
	return ours
}

// sameHost reports whether the storefront is at the host that was asked. Who
// comes by a proxy may come by the other scheme.
func (c *call) sameHost(r *routes) bool {
	u, err := url.Parse(r.base)
	return err != nil || store.SameHost(u.Scheme, u.Host, c.Scheme(), c.Host) || store.SameHost(u.Scheme, u.Host, u.Scheme, c.Host)
}

// backThere returns the path to return to after signing in at the storefront,
// in place of the one here. It is empty where the storefront has no such page.
func (c *call) backThere() (string, error) {
	if c.R.URL.Query().Get("from") == "" {
		return "", nil
	}
	r, err := c.readRoutes()
	if err != nil {
		return "", err
	}
	from := c.after()
	u, err := url.Parse(from)
	if err != nil {
		return "", nil
	}
	if typ := routeType(u.Path, u.Query().Get("action")); typ != "" {
		if to := c.pathThere(r, typ); to != "" {
			return to, nil
		}
	}
	if _, ours := c.paths()[u.Path]; ours && !c.sameHost(r) {
		return "", nil
	}
	return from, nil
}
