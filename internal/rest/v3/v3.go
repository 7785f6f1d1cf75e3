// Package v3 is the wire form of the V3 management API: its envelopes, field
// names, dates and errors. It decodes requests to the domain's commands and
// encodes results by appending, which costs few allocations per page. What is
// exported besides the surface is for package clientele, whose operations are
// our own and speak in the same form.
package v3

import (
	"maps"
	"net/http"
	"slices"
	"strconv"

	"clientele/internal/account"
	"clientele/internal/auth"
	"clientele/internal/channel"
	"clientele/internal/customer"
	"clientele/internal/form"
	"clientele/internal/instrument"
	"clientele/internal/jsonx"
	"clientele/internal/listing"
	"clientele/internal/metafield"
	"clientele/internal/rest"
	"clientele/internal/segment"
	"clientele/internal/setting"
	"clientele/internal/subscriber"
	"clientele/internal/tax"
	"clientele/internal/webhook"
	"clientele/internal/wishlist"
)

// Services are what the surface speaks for.
type Services struct {
	Accounts    *account.Service
	Customers   *customer.Service
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
}

// Surface is the V3 API.
type Surface struct {
	Services
}

// New returns the surface over the services.
func New(s Services) *Surface { return &Surface{s} }

// Prefix implements rest.Surface.
func (*Surface) Prefix() string { return "/stores/{store_hash}/v3" }

// Routes implements rest.Surface.
func (s *Surface) Routes() []rest.Route {
	return Strict(slices.Concat(
		s.customerRoutes(),
		s.addressRoutes(),
		s.metafieldRoutes(),
		s.credentialRoutes(),
		s.settingRoutes(),
		s.consentRoutes(),
		s.instrumentRoutes(),
		s.taxRoutes(),
		s.channelRoutes(),
		s.attributeRoutes(),
		s.formFieldRoutes(),
		s.subscriberRoutes(),
		s.segmentRoutes(),
		s.storefrontTokenRoutes(),
		s.hookRoutes(),
		s.wishlistRoutes(),
		s.deliveryRoutes(),
	), Lists())
}

// Strict has the reading operations among routes that are no lists refuse
// query parameters. Lists are named by "METHOD pattern".
func Strict(routes []rest.Route, lists map[string]*listing.Spec) []rest.Route {
	for i := range routes {
		if r := &routes[i]; r.Method == http.MethodGet && lists[r.Method+" "+r.Pattern] == nil {
			r.Handle = withoutQuery(r.Handle)
		}
	}
	return routes
}

var noParameters = &listing.Spec{Unpaged: true}

// withoutQuery refuses the parameters of a reading operation that has none.
func withoutQuery(handle func(*rest.Call) error) func(*rest.Call) error {
	return func(c *rest.Call) error {
		if _, err := noParameters.Parse(c.R.URL.RawQuery); err != nil {
			return err
		}
		return handle(c)
	}
}

// Lists returns the declared list behind each operation that takes query
// parameters, by "METHOD pattern".
func Lists() map[string]*listing.Spec {
	all := map[string]*listing.Spec{}
	for _, lists := range []map[string]*listing.Spec{
		customerLists,
		addressLists,
		metafieldLists,
		taxLists,
		channelLists,
		attributeLists,
		formFieldLists,
		subscriberLists,
		segmentLists,
		hookLists,
		wishlistLists,
		deliveryLists,
	} {
		maps.Copy(all, lists)
	}
	return all
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

// SendList answers with rows, each appended by row.
func SendList[T any](c *rest.Call, q *listing.Query, r *listing.Result, cursors bool, rows []T, row func([]byte, *T) []byte) {
	b := rest.Buffer()
	b.B = append(b.B, `{"data":[`...)
	for i := range rows {
		if i > 0 {
			b.B = append(b.B, ',')
		}
		b.B = row(b.B, &rows[i])
	}
	b.B = appendMeta(b.B, q, r, cursors)
	c.Send(200, b.B)
	b.Free()
}

// sendOne answers with one thing and an empty meta.
func sendOne[T any](c *rest.Call, row *T, appendRow func([]byte, *T) []byte) {
	sendOneAs(c, http.StatusOK, row, appendRow)
}

// sendOneAs is sendOne with a status of its own.
func sendOneAs[T any](c *rest.Call, status int, row *T, appendRow func([]byte, *T) []byte) {
	b := rest.Buffer()
	b.B = appendRow(append(b.B, `{"data":`...), row)
	b.B = append(b.B, `,"meta":{}}`...)
	c.Send(status, b.B)
	b.Free()
}

// sendWritten answers a write with its rows and an empty meta.
func sendWritten[T any](c *rest.Call, rows []T, row func([]byte, *T, int) []byte) {
	sendRows(c, 200, `],"meta":{}}`, rows, row)
}

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
