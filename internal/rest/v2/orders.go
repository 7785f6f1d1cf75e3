package v2

import (
	"net/http"
	"strconv"

	"clientele/internal/auth"
	"clientele/internal/catalog"
	"clientele/internal/jsonx"
	"clientele/internal/listing"
	"clientele/internal/order"
	"clientele/internal/rest"
	"clientele/internal/rest/shape"
)

// Orders are kept by another service. What is known of them here can be read.

var orderID = shape.ID("order_id")

func (s *Surface) orderRoutes() []rest.Route {
	return []rest.Route{
		{Method: "GET", Pattern: "/orders", Need: auth.ReadOrders, List: order.List, Handle: shape.Call(query, s.orders, s.sendOrders)},
		{Method: "GET", Pattern: "/orders/count", Need: auth.ReadOrders, List: order.Count, Handle: shape.Call(query, shape.Scoped(s.Orders.ByStatus), sendOrderCount)},
		{Method: "GET", Pattern: "/orders/{order_id}", Need: auth.ReadOrders, List: order.One, Handle: s.oneOrder},
		{Method: "GET", Pattern: "/orders/{order_id}/products", Need: auth.ReadOrders, List: order.Products, Handle: shape.Call(linePage, s.orderLines, rows(appendLine))},
		{Method: "GET", Pattern: "/orders/{order_id}/products/{product_id}", Need: auth.ReadOrders, Handle: get(shape.IDs(orderID, shape.ID("product_id")), s.orderLine, one(appendLine))},
	}
}

// orderRow is an order with what its row says besides.
type orderRow struct {
	order.Order
	currency string
	// Parts that were asked for. Nothing is known of them.
	consignments, fees bool
}

func orderRows(currency string, all []order.Order, q *listing.Query) []orderRow {
	out := make([]orderRow, len(all))
	for i := range all {
		out[i] = orderRow{all[i], currency, q.Includes("consignments") || q.Includes("consignments.line_items"), q.Includes("fees")}
	}
	return out
}

func (s *Surface) orders(c *rest.Call, q *listing.Query) ([]orderRow, error) {
	all, err := s.Orders.List(c.Ctx(), c.StoreID(), q)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	settings, err := s.Stores.Settings(c.Ctx(), c.StoreID())
	if err != nil {
		return nil, err
	}
	return orderRows(settings.Currency, all, q), nil
}

func (s *Surface) sendOrders(c *rest.Call, all []orderRow) { rows(appendOrder)(c, all) }

func (s *Surface) oneOrder(c *rest.Call) error {
	id, err := orderID(c)
	if err != nil {
		return err
	}
	q, err := query(c)
	if err != nil {
		return err
	}
	o, err := s.Orders.Get(c.Ctx(), c.StoreID(), anybody, id)
	if err != nil {
		return err
	}
	settings, err := s.Stores.Settings(c.Ctx(), c.StoreID())
	if err != nil {
		return err
	}
	sendOne(c, http.StatusOK, &orderRows(settings.Currency, []order.Order{o}, q)[0], appendOrder)
	return nil
}

// anybody stands for all customers.
const anybody = 0

// noAmounts are the costs, taxes and discounts of an order of which nothing is
// known.
var noAmounts = []string{
	"subtotal_tax", "base_shipping_cost", "shipping_cost_ex_tax", "shipping_cost_inc_tax", "shipping_cost_tax", "base_handling_cost", "handling_cost_ex_tax",
	"handling_cost_inc_tax", "handling_cost_tax", "base_wrapping_cost", "wrapping_cost_ex_tax", "wrapping_cost_inc_tax", "wrapping_cost_tax", "total_tax",
	"refunded_amount", "store_credit_amount", "gift_certificate_amount", "discount_amount", "coupon_discount",
}

// facts appends members to a JSON object that has one already.
type facts struct{ b []byte }

func (m *facts) number(name string, n int64) {
	m.b = strconv.AppendInt(jsonx.AppendKey(append(m.b, ','), name), n, 10)
}

func (m *facts) text(name, v string) {
	m.b = jsonx.AppendString(jsonx.AppendKey(append(m.b, ','), name), v)
}

// amounts appends members with the same amount of money.
func (m *facts) amounts(v int64, names ...string) {
	for _, name := range names {
		m.b = append(jsonx.AppendFixed(append(jsonx.AppendKey(append(m.b, ','), name), '"'), v, catalog.PriceScale, 4), '"')
	}
}

// appendOrder appends what is known of an order: amounts are the same with and
// without tax, and there is no billing address.
func appendOrder(b []byte, o *orderRow) []byte {
	status := order.StatusOf(o.StatusID)
	m := facts{strconv.AppendInt(append(b, `{"id":`...), o.ID, 10)}
	m.number("customer_id", o.CustomerID)
	m.b = appendMailTime(append(m.b, `,"date_created":`...), o.DateCreated)
	m.b = appendMailTime(append(m.b, `,"date_modified":`...), o.DateModified)
	m.text("date_shipped", "")
	m.number("status_id", o.StatusID)
	m.text("status", status.Name)
	m.text("custom_status", status.Name)
	m.amounts(o.Subtotal, "subtotal_ex_tax", "subtotal_inc_tax")
	m.amounts(0, noAmounts...)
	m.amounts(o.Total, "total_ex_tax", "total_inc_tax")
	m.number("items_total", o.Quantity)
	m.text("payment_method", "")
	m.text("currency_code", o.currency)
	m.text("default_currency_code", o.currency)
	m.text("customer_message", "")
	m.text("staff_notes", "")
	m.b = append(m.b, `,"is_deleted":false`...)
	m.number("channel_id", o.ChannelID)
	if o.consignments {
		m.b = append(m.b, `,"consignments":[]`...)
	}
	if o.fees {
		m.b = append(m.b, `,"fees":[]`...)
	}
	return append(m.b, '}')
}

// lineList is a page of an order's lines.
type lineList struct {
	order int64
	query *listing.Query
}

func linePage(c *rest.Call) (p lineList, err error) {
	if p.order, err = orderID(c); err == nil {
		p.query, err = query(c)
	}
	return p, err
}

// line is a line with its order's id.
type line struct {
	order.Line
	orderID int64
}

func (s *Surface) orderLines(c *rest.Call, p lineList) ([]line, error) {
	lines, err := s.Orders.LinesOf(c.Ctx(), c.StoreID(), anybody, p.order, p.query)
	if err != nil {
		return nil, err
	}
	out := make([]line, len(lines))
	for i := range lines {
		out[i] = line{lines[i], p.order}
	}
	return out, nil
}

func (s *Surface) orderLine(c *rest.Call, at shape.Pair) (*line, error) {
	l, err := s.Orders.LineOf(c.Ctx(), c.StoreID(), anybody, at.Owner, at.ID)
	if err != nil {
		return nil, err
	}
	return &line{*l, at.Owner}, nil
}

// appendLine appends what is known of a line: amounts are the same with and
// without tax, and products have no options.
func appendLine(b []byte, l *line) []byte {
	m := facts{strconv.AppendInt(append(b, `{"id":`...), l.ID(l.orderID), 10)}
	m.number("order_id", l.orderID)
	m.number("product_id", l.ProductID)
	m.number("variant_id", 0)
	m.number("order_pickup_method_id", 0)
	m.number("order_address_id", 0)
	for _, name := range []string{"name", "name_customer", "name_merchant"} {
		m.text(name, l.Product.Name)
	}
	m.text("sku", l.Product.SKU)
	m.text("upc", "")
	m.text("type", "physical")
	m.amounts(l.Price, "base_price", "price_ex_tax", "price_inc_tax")
	m.amounts(0, "price_tax")
	m.amounts(l.Sum(), "base_total", "total_ex_tax", "total_inc_tax")
	m.amounts(0, "total_tax", "weight", "width", "height", "depth")
	m.number("quantity", l.Quantity)
	m.amounts(0, "base_cost_price", "cost_price_inc_tax", "cost_price_ex_tax", "cost_price_tax")
	m.b = append(m.b, `,"is_refunded":false,"quantity_refunded":0`...)
	m.amounts(0, "refund_amount")
	m.b = append(m.b, `,"return_id":0,"wrapping_id":0,"wrapping_name":""`...)
	m.amounts(0, "base_wrapping_cost", "wrapping_cost_ex_tax", "wrapping_cost_inc_tax", "wrapping_cost_tax")
	m.b = append(m.b, `,"wrapping_message":"","quantity_shipped":0,"event_name":null,"event_date":null`...)
	m.amounts(0, "fixed_shipping_cost")
	m.b = append(m.b, `,"ebay_item_id":"","ebay_transaction_id":"","option_set_id":null,"parent_order_product_id":null,"is_bundled_product":false,"bin_picking_number":"","external_id":null,"brand":"",`+
		`"applied_discounts":[],"product_options":[],"configurable_fields":[],"gift_certificate_id":null`...)
	m.amounts(l.Sum(), "discounted_total_inc_tax")
	return append(m.b, '}')
}

// sendOrderCount sends the number of orders by status.
func sendOrderCount(c *rest.Call, counts map[int64]int64) {
	b := rest.Buffer()
	b.B = append(b.B, `{"statuses":[`...)
	var total int64
	for i, s := range order.Statuses() {
		if i > 0 {
			b.B = append(b.B, ',')
		}
		b.B = append(b.B, `{"id":`...)
		b.B = strconv.AppendInt(b.B, s.ID, 10)
		for _, key := range []string{"name", "system_label", "custom_label"} {
			b.B = append(b.B, ',')
			b.B = jsonx.AppendKey(b.B, key)
			b.B = jsonx.AppendString(b.B, s.Name)
		}
		b.B = append(b.B, `,"system_description":`...)
		b.B = jsonx.AppendString(b.B, s.Means)
		b.B = append(b.B, `,"count":`...)
		b.B = strconv.AppendInt(b.B, counts[s.ID], 10)
		b.B = append(b.B, `,"sort_order":`...)
		b.B = strconv.AppendInt(b.B, int64(i), 10)
		b.B = append(b.B, '}')
		total += counts[s.ID]
	}
	b.B = append(b.B, `],"count":`...)
	b.B = append(strconv.AppendInt(b.B, total, 10), '}')
	c.Send(http.StatusOK, b.B)
	b.Free()
}
