package v2

import (
	"net/http"
	"slices"
	"strconv"

	"clientele/internal/auth"
	"clientele/internal/fault"
	"clientele/internal/jsonx"
	"clientele/internal/listing"
	"clientele/internal/rest"
	"clientele/internal/rest/shape"
)

// Orders are kept by another service. What integrations ask of them on their
// way through customers is answered as by a store that has none.

func (s *Surface) orderRoutes() []rest.Route {
	return []rest.Route{
		{Method: "GET", Pattern: "/orders", Need: auth.ReadOrders, List: orderList, Handle: shape.Call(query, noOrders, rows(noOrder))},
		{Method: "GET", Pattern: "/orders/count", Need: auth.ReadOrders, List: orderCount, Handle: shape.Call(query, noOrders, sendOrderCount)},
		{Method: "GET", Pattern: "/orders/{order_id}", Need: auth.ReadOrders, List: oneOrder, Handle: shape.Do(plain(shape.ID("order_id")), unknownOrder)},
	}
}

// order stands for the orders that there are not.
type order struct{}

func noOrders(*rest.Call, *listing.Query) ([]order, error) { return nil, nil }

func noOrder(b []byte, _ *order) []byte { return b }

func unknownOrder(*rest.Call, int64) error {
	return fault.New(fault.NotFound, "there are no orders")
}

// What orders may be asked for by. The reference has no is_deleted, which
// clients send.
var (
	orderFilters = []listing.Field{
		{Name: "id", Kind: listing.Int, Ops: []listing.Op{listing.Min, listing.Max}, Prefixed: true},
		{Name: "total", Kind: listing.Money, Ops: []listing.Op{listing.Min, listing.Max}, Prefixed: true},
		{Name: "customer_id", Kind: listing.Int, Ops: []listing.Op{listing.Eq}},
		{Name: "email", Kind: listing.Email, Ops: []listing.Op{listing.Eq}},
		{Name: "status_id", Kind: listing.Int, Ops: []listing.Op{listing.Eq}},
		{Name: "cart_id", Kind: listing.Text, Ops: []listing.Op{listing.Eq}},
		{Name: "payment_method", Kind: listing.Text, Ops: []listing.Op{listing.Eq}},
		{Name: "date_created", Kind: listing.Time, Ops: []listing.Op{listing.Min, listing.Max}, Prefixed: true},
		{Name: "date_modified", Kind: listing.Time, Ops: []listing.Op{listing.Min, listing.Max}, Prefixed: true},
		{Name: "channel_id", Kind: listing.Int, Ops: []listing.Op{listing.Eq}},
		{Name: "external_order_id", Kind: listing.Text, Ops: []listing.Op{listing.Eq}},
		{Name: "is_deleted", Kind: listing.Flag, Ops: []listing.Op{listing.Eq}},
	}
	orderStructure = listing.Field{Name: "consignment_structure", Kind: listing.Text, Ops: []listing.Op{listing.Eq}, Values: map[string]string{"object": "object"}}
	orderIncludes  = []string{"consignments", "consignments.line_items", "fees"}

	orderList = &listing.Spec{
		Fields: append(slices.Clone(orderFilters), orderStructure),
		Sorts: []listing.Sort{
			{Name: "id", Kind: listing.Int}, {Name: "customer_id", Kind: listing.Int}, {Name: "date_created", Kind: listing.Time}, {Name: "date_modified", Kind: listing.Time},
			{Name: "status_id", Kind: listing.Int}, {Name: "channel_id", Kind: listing.Int}, {Name: "external_id", Kind: listing.Text},
		},
		Includes: orderIncludes,
	}
	orderCount = &listing.Spec{Fields: orderFilters}
	oneOrder   = &listing.Spec{Fields: []listing.Field{orderStructure}, Includes: orderIncludes, Unpaged: true}
)

// orderStatuses are those of the original, in the order in which it counts.
var orderStatuses = []struct {
	id    int64
	name  string
	means string
}{
	{0, "Incomplete", "The shopper reached the payment and did not pay."},
	{1, "Pending", "The checkout was begun and is not finished."},
	{7, "Awaiting Payment", "The payment is not confirmed yet."},
	{11, "Awaiting Fulfillment", "The order is paid and waits to be packed."},
	{9, "Awaiting Shipment", "The order is packed and waits for the carrier."},
	{8, "Awaiting Pickup", "The order is packed and waits for the customer."},
	{3, "Partially Shipped", "Some of the items are on their way."},
	{10, "Completed", "The order is paid and delivered, or can be downloaded."},
	{2, "Shipped", "The order is on its way."},
	{5, "Cancelled", "The merchant cancelled the order."},
	{6, "Declined", "The merchant declined the order."},
	{4, "Refunded", "The whole amount was paid back."},
	{13, "Disputed", "The customer disputes the payment."},
	{12, "Manual Verification Required", "Somebody has to check the order."},
	{14, "Partially Refunded", "Some of the amount was paid back."},
}

// sendOrderCount sends the number of orders by status.
func sendOrderCount(c *rest.Call, _ []order) {
	b := rest.Buffer()
	b.B = append(b.B, `{"statuses":[`...)
	for i, s := range orderStatuses {
		if i > 0 {
			b.B = append(b.B, ',')
		}
		b.B = append(b.B, `{"id":`...)
		b.B = strconv.AppendInt(b.B, s.id, 10)
		for _, key := range []string{"name", "system_label", "custom_label"} {
			b.B = append(b.B, ',')
			b.B = jsonx.AppendKey(b.B, key)
			b.B = jsonx.AppendString(b.B, s.name)
		}
		b.B = append(b.B, `,"system_description":`...)
		b.B = jsonx.AppendString(b.B, s.means)
		b.B = append(b.B, `,"count":0,"sort_order":`...)
		b.B = strconv.AppendInt(b.B, int64(i), 10)
		b.B = append(b.B, '}')
	}
	b.B = append(b.B, `],"count":0}`...)
	c.Send(http.StatusOK, b.B)
	b.Free()
}
