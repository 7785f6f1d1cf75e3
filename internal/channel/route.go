package channel

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"clientele/internal/fault"
	"clientele/internal/listing"
	"clientele/internal/opt"
	"clientele/internal/sqldb"
)

// Types of routes that this service sends shoppers by.
const (
	RouteHome           = "home"
	RouteLogin          = "login"
	RouteLogout         = "logout"
	RouteCreateAccount  = "create_account"
	RouteForgotPassword = "forgot_password"
	RouteAccount        = "account"
	RouteOrderStatus    = "account_order_status"
	RouteNewReturn      = "account_new_return"
)

// routeTypes are all types of routes: those of the documents' table and of the
// schema, and logout, which their guides set.
var routeTypes = []string{
	"product", "brand", "category", "page", "blog", RouteHome, "cart", "checkout", "search", RouteAccount, RouteLogin, RouteLogout,
	"returns", "static", RouteCreateAccount, RouteForgotPassword, RouteOrderStatus, RouteNewReturn, "recover_abandoned_cart",
}

// AnyItem is what a route matches that is of all items of its type.
const AnyItem = "*"

const (
	// MaxRoutes bounds how many routes one request writes.
	MaxRoutes = 50
	maxRoute  = 2048
)

// Route says where a storefront has its pages of a type: a template of paths
// on its site.
type Route struct {
	ID           int64
	SiteID       int64
	Type         string
	Matching     string // an item's id, or AnyItem
	Route        string
	DateCreated  int64
	DateModified int64
}

// RouteWrite is the command to make a route or, with an id, to change one.
// What is absent of one that exists stays; a new one is of all items.
type RouteWrite struct {
	ID       opt.Field[int64]
	Type     opt.Field[string]
	Matching opt.Field[string]
	Route    opt.Field[string]
}

// RouteList declares the list of a site's routes.
var RouteList = &listing.Spec{
	Table: "site_routes",
	Fields: []listing.Field{
		{Name: "type", Kind: listing.Text, Ops: []listing.Op{listing.Eq}, Column: "type", Values: same(routeTypes...)},
		{Name: routeSite, Kind: listing.Int, Ops: []listing.Op{listing.In}, Hidden: true, Column: "channel_id"},
	},
}

// routeSite selects the routes of one site.
const routeSite = "site"

// routeVariables are the variables of a template, with what stands for them
// while it is checked.
var routeVariables = []string{"{id}", "1", "{slug}", "a/b", "{lang}", "en", "{language}", "en"}

// check notes what is wrong with a route by itself.
func (r *Route) check(c *fault.Collector) {
	if !slices.Contains(routeTypes, r.Type) {
		c.Because(FieldType, fault.NotAccepted, WhyRouteType, r.Type)
	}
	if r.Matching != AnyItem && !isItem(r.Matching) {
		c.Because(FieldMatching, fault.BadFormat, WhyMatching, "")
	}
	switch {
	case len(r.Route) > maxRoute:
		c.Because(FieldRoute, fault.TooLong, "", strconv.Itoa(maxRoute))
	case !isRoute(r.Route):
		c.Because(FieldRoute, fault.BadFormat, WhyRoute, "")
	}
}

// isItem reports whether text is an id, in the one way to write it.
func isItem(text string) bool {
	n, err := strconv.ParseInt(text, 10, 64)
	return err == nil && n > 0 && strconv.FormatInt(n, 10) == text
}

// isRoute reports whether a template makes paths that stay on the site.
func isRoute(text string) bool {
	if strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r == '\\' || r == 0x7f }) {
		return false
	}
	path := strings.NewReplacer(routeVariables...).Replace(text)
	u, err := url.Parse(path)
	return err == nil && strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "//") && u.Host == "" && !strings.ContainsAny(path, "{}")
}

// Path returns the path of a route's template for a page that is of no single
// item, in a language, and with parameters added to it.
func Path(route, language string, params ...string) string {
	language = url.PathEscape(language)
	route = strings.NewReplacer("{lang}", language, "{language}", language, "{id}", "", "{slug}", "").Replace(route)
	// What is left out must not make another host of the path.
	route = "/" + strings.TrimLeft(route, "/")
	route, fragment, marked := strings.Cut(route, "#")
	for i := 0; i+1 < len(params); i += 2 {
		if params[i+1] == "" {
			continue
		}
		mark := "?"
		if strings.Contains(route, "?") {
			mark = "&"
		}
		route += mark + params[i] + "=" + url.QueryEscape(params[i+1])
	}
	if marked {
		route += "#" + fragment
	}
	return route
}

// Routes are where a storefront has its pages, by type: those of all items.
type Routes map[string]string

var routesOfTypes = sqldb.Static(`SELECT type, route FROM site_routes WHERE store_id = $1 AND channel_id = $2 AND matching = '` + AnyItem + `'
	AND type IN ('` + strings.Join([]string{RouteHome, RouteLogin, RouteLogout, RouteCreateAccount, RouteForgotPassword, RouteAccount, RouteOrderStatus, RouteNewReturn}, "', '") + `')`)

// RoutesQuery returns the query for the routes of a channel's site by which
// shoppers are sent, to be run in a pipeline.
func RoutesQuery(channelID int64, into *Routes) sqldb.Q {
	*into = nil
	return sqldb.Q{Stmt: routesOfTypes, Args: []any{channelID}, Each: func(r *sqldb.Row) error {
		if *into == nil {
			*into = Routes{}
		}
		(*into)[r.Text(0)] = r.Text(1)
		return nil
	}}
}
