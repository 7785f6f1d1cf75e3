// Package v3 is the wire form of the V3 management API: its envelopes, field
// names, dates and errors. It decodes requests to the domain's commands and
// encodes results by appending, which costs few allocations per page. What is
// exported besides the surface is for package clientele, whose operations are
// our own and speak in the same form.
package v3

import (
	"net/http"
	"slices"
	"strconv"

	"clientele/internal/account"
	"clientele/internal/auth"
	"clientele/internal/channel"
	"clientele/internal/customer"
	"clientele/internal/form"
	"clientele/internal/group"
	"clientele/internal/history"
	"clientele/internal/instrument"
	"clientele/internal/jsonx"
	"clientele/internal/listing"
	"clientele/internal/mail"
	"clientele/internal/metafield"
	"clientele/internal/rest"
	"clientele/internal/segment"
	"clientele/internal/setting"
	"clientele/internal/store"
	"clientele/internal/subscriber"
	"clientele/internal/tax"
	"clientele/internal/webhook"
	"clientele/internal/wishlist"
)

// Services are what the surface speaks for.
type Services struct {
	Accounts    *account.Service
	Customers   *customer.Service
	Groups      *group.Service
	Forms       *form.Service
	Metafields  *metafield.Service
	Settings    *setting.Service
	Instruments *instrument.Service
	Taxes       *tax.Service
	Channels    *channel.Service
	Subscribers *subscriber.Service
	Segments    *segment.Service
	Tokens      *auth.StorefrontTokens
	Webhooks    *webhook.Service
	Wishlists   *wishlist.Service
	Mail        *mail.Service
}

// Surface is the V3 API.
type Surface struct {
	Services
}

// New returns the surface over the services.
func New(s Services) *Surface { return &Surface{s} }

// Prefix implements rest.Surface.
func (*Surface) Prefix() string { return "/stores/{store_hash}/v3" }

// Door implements rest.Recorded.
func (*Surface) Door() history.Surface { return history.V3 }

// Routes implements rest.Surface.
func (s *Surface) Routes() []rest.Route {
	return slices.Concat(
		s.customerRoutes(),
		s.addressRoutes(),
		s.metafieldRoutes(),
		s.credentialRoutes(),
		s.settingRoutes(),
		s.checkoutRoutes(),
		s.consentRoutes(),
		s.instrumentRoutes(),
		s.taxRoutes(),
		s.priceListRoutes(),
		s.channelRoutes(),
		s.routeRoutes(),
		s.attributeRoutes(),
		s.formFieldRoutes(),
		s.subscriberRoutes(),
		rest.OfPlan(store.CustomerSegmentation, s.segmentRoutes()),
		s.storefrontTokenRoutes(),
		s.hookRoutes(),
		s.wishlistRoutes(),
		s.deliveryRoutes(),
		s.emailRoutes(),
	)
}

// appendMeta appends the "meta" of a list, from the comma before it to the
// end of the envelope.
func appendMeta(b []byte, q *listing.Query, r *listing.Result, cursors bool) []byte {
	b = append(b, `],"meta":{`...)
	if r.Total >= 0 {
		pages := (r.Total + q.Limit - 1) / q.Limit
		b = append(b, `"pagination":{"total":`...)
		b = strconv.AppendInt(b, r.Total, 10)
		b = append(b, `,"count":`...)
		b = strconv.AppendInt(b, r.Count, 10)
		b = append(b, `,"per_page":`...)
		b = strconv.AppendInt(b, q.Limit, 10)
		b = append(b, `,"current_page":`...)
		b = strconv.AppendInt(b, q.Page, 10)
		b = append(b, `,"total_pages":`...)
		b = strconv.AppendInt(b, pages, 10)
		if q.HasLinks(pages) {
			b = append(b, `,"links":{`...)
			if q.Page > 1 {
				b = q.AppendPageLink(append(b, `"previous":"`...), min(q.Page-1, pages))
				b = append(b, `",`...)
			}
			b = q.AppendPageLink(append(b, `"current":"`...), q.Page)
			if q.Page < pages {
				b = q.AppendPageLink(append(b, `","next":"`...), q.Page+1)
			}
			b = append(b, `"}`...)
		}
		b = append(b, '}')
	}
	if cursors && (r.Total < 0 || q.Page == 1) {
		if r.Total >= 0 {
			b = append(b, ',')
		}
		b = appendCursors(b, q, r)
	}
	return append(b, `}}`...)
}

func appendCursors(b []byte, q *listing.Query, r *listing.Result) []byte {
	start, end := q.StartCursor(r), q.EndCursor(r)
	b = append(b, `"cursor_pagination":{"count":`...)
	b = strconv.AppendInt(b, r.Count, 10)
	b = append(b, `,"per_page":`...)
	b = strconv.AppendInt(b, q.Limit, 10)
	b = append(b, `,"start_cursor":`...)
	b = appendCursor(b, start)
	b = append(b, `,"end_cursor":`...)
	b = appendCursor(b, end)
	b = append(b, `,"links":{`...)
	before := r.Before && start != ""
	if before {
		b = append(q.AppendBeforeLink(append(b, `"previous":"`...), start), '"')
	}
	if r.After && end != "" {
		if before {
			b = append(b, ',')
		}
		b = append(q.AppendAfterLink(append(b, `"next":"`...), end), '"')
	}
	return append(b, `}}`...)
}

func appendCursor(b []byte, cursor string) []byte {
	if cursor == "" {
		return append(b, "null"...)
	}
	return jsonx.AppendString(b, cursor)
}

// sendList answers with rows, each appended by row.
func sendList[T any](c *rest.Call, q *listing.Query, r *listing.Result, rows []T, row func([]byte, *T) []byte) {
	b := rest.Buffer()
	b.B = append(b.B, `{"data":[`...)
	for i := range rows {
		if i > 0 {
			b.B = append(b.B, ',')
		}
		b.B = row(b.B, &rows[i])
	}
	b.B = appendMeta(b.B, q, r, c.List().Cursors)
	c.Send(http.StatusOK, b.B)
	b.Free()
}

// sendOne answers with one thing and an empty meta.
func sendOne[T any](c *rest.Call, status int, v *T, row func([]byte, *T) []byte) {
	b := rest.Buffer()
	b.B = row(append(b.B, `{"data":`...), v)
	b.B = append(b.B, `,"meta":{}}`...)
	c.Send(status, b.B)
	b.Free()
}

// emptyMeta ends the answer to a write.
const emptyMeta = `],"meta":{}}`

// sendRows answers a write with its rows and the end of the envelope.
func sendRows[T any](c *rest.Call, status int, end string, rows []T, row func([]byte, *T, int) []byte) {
	b := rest.Buffer()
	b.B = append(b.B, `{"data":[`...)
	for i := range rows {
		if i > 0 {
			b.B = append(b.B, ',')
		}
		b.B = row(b.B, &rows[i], i)
	}
	b.B = append(b.B, end...)
	c.Send(status, b.B)
	b.Free()
}
