// Package v2 is the wire form of the V2 management API: bare objects and
// arrays, 204 for nothing, errors in an array, dates as in mail, and XML made
// from the same JSON. It speaks for the same services as package v3.
package v2

import (
	"strings"
	"time"

	"clientele/internal/account"
	"clientele/internal/customer"
	"clientele/internal/group"
	"clientele/internal/history"
	"clientele/internal/jsonx"
	"clientele/internal/order"
	"clientele/internal/rest"
	"clientele/internal/store"
	"clientele/internal/system"
	"clientele/internal/webhook"
)

// Services are what the surface speaks for.
type Services struct {
	Accounts  *account.Service
	Customers *customer.Service
	Groups    *group.Service
	Orders    *order.Service
	Stores    *store.Service
	// Panel is what addresses of the control panel begin with; empty: there is
	// none.
	Panel    string
	Webhooks *webhook.Service
}

// Surface is the V2 API.
type Surface struct {
	Services
	sys       *system.System
	publicURL string
}

// New returns the surface over the services. publicURL is where clients reach
// the server; empty means whatever host they ask for.
func New(s Services, sys *system.System, publicURL string) *Surface {
	return &Surface{Services: s, sys: sys, publicURL: strings.TrimRight(publicURL, "/")}
}

// Prefix implements rest.Surface.
func (*Surface) Prefix() string { return "/stores/{store_hash}/v2" }

// Door implements rest.Recorded.
func (*Surface) Door() history.Surface { return history.V2 }

// Mirror implements rest.Mirrored.
func (*Surface) Mirror() string { return "/api/v2" }

// Formats implements rest.Formatted.
func (*Surface) Formats() []*rest.Format { return []*rest.Format{xmlFormat} }

// Routes implements rest.Surface.
func (s *Surface) Routes() []rest.Route {
	var all []rest.Route
	all = append(all, s.customerRoutes()...)
	all = append(all, s.addressRoutes()...)
	all = append(all, rest.OfPlan(store.CustomerGroups, s.groupRoutes())...)
	all = append(all, s.geographyRoutes()...)
	all = append(all, s.hookRoutes()...)
	all = append(all, s.orderRoutes()...)
	return append(all, s.storeRoutes()...)
}

// links makes the link objects of an answer.
type links struct{ before, after string }

// links returns the links for a call. They keep the request's extension, and
// on a store's own domain and in XML there always is one.
func (s *Surface) links(c *rest.Call) links {
	after := c.Format()
	if after == "" && (c.Mirrored() || c.Extension() != "") {
		after = ".json"
	}
	base := s.publicURL
	if base == "" || c.Mirrored() {
		base = c.Origin()
		if host, ok := strings.CutPrefix(base, "http:"); ok && strings.HasPrefix(s.publicURL, "https:") {
			base = "https:" + host
		}
	}
	return links{base + c.Base(), after}
}

func (l links) append(b []byte, resource string) []byte {
	b = append(b, `{"url":`...)
	b = jsonx.AppendString(b, l.before+resource+l.after)
	b = append(b, `,"resource":`...)
	b = jsonx.AppendString(b, resource)
	return append(b, '}')
}

// appendMailTime appends a quoted RFC 2822 date, appendSpaced one with a space
// between day and time; both are in UTC.
func appendMailTime(b []byte, unix int64) []byte {
	b = append(b, '"')
	b = time.Unix(unix, 0).UTC().AppendFormat(b, "Mon, 02 Jan 2006 15:04:05 -0700")
	return append(b, '"')
}

func appendSpaced(b []byte, unix int64) []byte {
	b = append(b, '"')
	b = time.Unix(unix, 0).UTC().AppendFormat(b, time.DateTime)
	return append(b, '"')
}
