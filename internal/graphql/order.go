package graphql

import (
	"time"

	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/graphql/exec"
	"clientele/internal/opt"
	"clientele/internal/order"
	"clientele/internal/store"
)

// shownOrder is what is known of an order, as a store shows it.
type shownOrder struct {
	*order.Order
	settings *store.Settings
	together *orders
}

// orders are those that were read together, so that their lines are too.
type orders struct {
	ids   []int64
	lines memo[map[int64][]order.Line]
}

// consignment is the one that holds all lines of an order: which were sent how
// and where to is not known here.
type consignment struct{ *shownOrder }

// shownLine is a line of an order.
type shownLine struct {
	order.Line
	in *shownOrder
}

func (o *shownOrder) money(amount int64) *money { return &money{o.settings, amount} }

// orderTables answer what is known of orders. What is not, such as tax, costs of
// shipping and addresses, is 0 or nothing.
func (s *Server) orderTables() exec.Tables {
	same := exec.Part(func(o *shownOrder) *shownOrder { return o })
	none := exec.Part(func(o *shownOrder) *money { return o.money(0) })
	own := exec.Of[shownOrder](exec.Fields{"id": exec.Text(func(o *shownOrder) string { return globalID("Order", o.ID) })})
	sum := exec.Part(func(l *shownLine) *money { return l.in.money(l.Sum()) })
	product := exec.Object(func(c *exec.Call, l *shownLine) (*shownProduct, error) { return s.shown(c, l.Product) })
	unsent := exec.Part(func(c *consignment) *money { return c.money(0) })
	unnamed := exec.Text(func(*consignment) string { return "" })
	return exec.Tables{
		"Order":             own,
		"OrderWithPayments": own,
		"BaseOrder": exec.Of[shownOrder](exec.Fields{
			"entityId":             exec.Int(func(o *shownOrder) int64 { return o.ID }),
			"orderedAt":            exec.Part(func(o *shownOrder) *time.Time { return moment(o.DateCreated) }),
			"updatedAt":            exec.Part(func(o *shownOrder) *time.Time { return moment(o.DateModified) }),
			"status":               exec.Part(func(o *shownOrder) *order.Status { return order.StatusOf(o.StatusID) }),
			"consignments":         same,
			"discounts":            same,
			"totalIncTax":          exec.Part(func(o *shownOrder) *money { return o.money(o.Total) }),
			"subTotal":             exec.Part(func(o *shownOrder) *money { return o.money(o.Subtotal) }),
			"discountedSubTotal":   exec.Part(func(o *shownOrder) *money { return o.money(o.Subtotal) }),
			"wrappingCostTotal":    none,
			"shippingCostTotal":    none,
			"handlingCostTotal":    none,
			"taxTotal":             none,
			"totalProductQuantity": exec.Int(func(o *shownOrder) int64 { return o.Quantity }),
		}),
		"OrderStatus": exec.Of[order.Status](exec.Fields{
			"value": exec.Enum((*order.Status).Symbol),
			"label": exec.Text(func(s *order.Status) string { return s.Name }),
		}),
		"OrderDiscounts":    exec.Of[shownOrder](exec.Fields{"nonCouponDiscountTotal": none}),
		"OrderConsignments": exec.Of[shownOrder](exec.Fields{"shipping": exec.Object(s.consignments)}),
		"OrderShippingConsignment": exec.Of[consignment](exec.Fields{
			"entityId":        exec.Int(func(c *consignment) int64 { return c.ID }),
			"lineItems":       exec.Object(s.orderLines),
			"shippingCost":    unsent,
			"handlingCost":    unsent,
			"shippingAddress": exec.Part(func(c *consignment) *consignment { return c }),
		}),
		// Storefronts write the two next to each other, null as well.
		"OrderShippingAddress": exec.Of[consignment](exec.Fields{"firstName": unnamed, "lastName": unnamed}),
		"OrderPhysicalLineItem": exec.Of[shownLine](exec.Fields{
			"entityId":                           exec.Int(func(l *shownLine) int64 { return l.ID(l.in.ID) }),
			"productEntityId":                    exec.Int(func(l *shownLine) int64 { return l.ProductID }),
			"name":                               exec.Text(func(l *shownLine) string { return l.Product.Name }),
			"sku":                                exec.Text(func(l *shownLine) string { return l.Product.SKU }),
			"quantity":                           exec.Int(func(l *shownLine) int64 { return l.Quantity }),
			"subTotalListPrice":                  sum,
			"subTotalSalePrice":                  sum,
			"image":                              exec.Part(func(l *shownLine) *picture { return (&shownProduct{Product: l.Product}).image() }),
			"baseCatalogProduct":                 product,
			"catalogProductWithOptionSelections": product,
		}),
	}
}

func moment(unix int64) *time.Time {
	t := time.Unix(unix, 0)
	return &t
}

// ordersOf returns a page of a customer's orders.
func (s *Server) ordersOf(c *exec.Call, p *customer.Profile) (*page[shownOrder], error) {
	var q order.Asked
	var err error
	if q.Window, err = window(c.Args); err != nil {
		return nil, err
	}
	filters := c.Args.Object("filters")
	if name := filters.Text("status"); name != "" {
		q.StatusID = opt.Some(order.StatusNamed(name).ID)
	}
	if dates := filters.Object("dateRange"); dates != nil {
		q.From = opt.Some(dates.Time("from").Unix())
		if dates.Has("to") {
			q.To = opt.Some(dates.Time("to").Unix())
		}
	}
	q.Count = counts(c)
	settings, err := s.settings(c.Context)
	if err != nil {
		return nil, err
	}
	found, err := s.Orders.Page(c.Context, shopperOf(c.Context).visit.Site.StoreID, p.ID, q)
	if err != nil {
		return nil, err
	}
	together := &orders{}
	edges := make([]edge[shownOrder], len(found.Orders))
	for i := range found.Orders {
		o := &found.Orders[i]
		together.ids = append(together.ids, o.ID)
		edges[i] = edge[shownOrder]{o.ID, shownOrder{o, settings, together}}
	}
	out := newPage(edges, found.Before, found.After)
	out.total = found.Total
	return out, nil
}

// order returns an order of who asks. None is known by a cart.
func (s *Server) order(c *exec.Call, _ *exec.None) (*shownOrder, error) {
	w, filter := shopperOf(c.Context), c.Args.Object("filter")
	if w.customerID == 0 || filter.Text("cartEntityId") != "" || !filter.Has("entityId") {
		return nil, nil
	}
	o, err := s.Orders.Get(c.Context, w.visit.Site.StoreID, w.customerID, filter.Int("entityId"))
	if f := business(err); f != nil && f.Kind == fault.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	settings, err := s.settings(c.Context)
	return &shownOrder{&o, settings, &orders{ids: []int64{o.ID}}}, err
}

// lines returns the lines of an order; those of all that were read together are
// read at once.
func (s *Server) lines(c *exec.Call, o *shownOrder) ([]order.Line, error) {
	all, err := o.together.lines.get(func() (map[int64][]order.Line, error) {
		return s.Orders.Lines(c.Context, shopperOf(c.Context).visit.Site.StoreID, o.together.ids)
	})
	return all[o.ID], err
}

// consignments returns the one of an order that has lines.
func (s *Server) consignments(c *exec.Call, o *shownOrder) (*page[consignment], error) {
	at, err := window(c.Args)
	if err != nil {
		return nil, err
	}
	var all []consignment
	if o.Quantity > 0 {
		all = append(all, consignment{o})
	}
	return windowOf(at, all), nil
}

func (s *Server) orderLines(c *exec.Call, of *consignment) (*page[shownLine], error) {
	at, err := window(c.Args)
	if err != nil {
		return nil, err
	}
	found, err := s.lines(c, of.shownOrder)
	if err != nil {
		return nil, err
	}
	all := make([]shownLine, len(found))
	for i := range found {
		all[i] = shownLine{found[i], of.shownOrder}
	}
	return windowOf(at, all), nil
}
