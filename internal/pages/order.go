package pages

import (
	"net/http"
	"strconv"

	"clientele/internal/catalog"
	"clientele/internal/html"
	"clientele/internal/listing"
	"clientele/internal/order"
)

// The address of the original's page of orders, and how many are on it.
const (
	ordersPath   = "/account.php?action=order_status"
	ordersMenu   = "orders" // the overview's card, of who has any
	ordersLength = 20
)

func orderURL(id int64) string {
	return "/account.php?action=view_order&order_id=" + strconv.FormatInt(id, 10)
}

// orderName is what an order is called.
func (c *call) orderName(o *order.Order) string {
	return c.look.Text("order.name", strconv.FormatInt(o.ID, 10))
}

func (c *call) orderStatus(o *order.Order) string {
	return c.look.Text("order.status." + strconv.FormatInt(o.StatusID, 10))
}

func (c *call) price(amount int64) string { return c.settings.Price(amount, catalog.PriceScale) }

// orders shows the shopper's orders, the newest first.
func (c *call) orders() error {
	me, done, err := c.signedIn()
	if done || err != nil {
		return err
	}
	page, err := c.Orders.Page(c.R.Context(), c.Site.StoreID, me.ID, order.Asked{Window: c.window(ordersLength)})
	if err != nil {
		return err
	}
	if len(page.Orders) == 0 && !page.Before && !page.After {
		return c.show(http.StatusOK, c.emptyPage("order_status"))
	}
	p := &ordersView{}
	p.Title = c.look.Text("empty.order_status.title")
	zone := c.zone()
	for i := range page.Orders {
		o := &page.Orders[i]
		p.Orders = append(p.Orders, orderRow{
			Name: c.orderName(o), URL: orderURL(o.ID), Date: stamp{o.DateCreated, zone}, Status: c.orderStatus(o),
			Count: c.look.Plural("order.count", int(o.Quantity)), Total: c.price(o.Total),
		})
	}
	if n := len(page.Orders); n > 0 {
		p.Prev, p.Next = around(ordersPath, page.Orders[0].ID, page.Orders[n-1].ID, page.Before, page.After)
	}
	return c.show(http.StatusOK, p)
}

// order shows one of the shopper's orders.
func (c *call) order() error {
	me, done, err := c.signedIn()
	if done || err != nil {
		return err
	}
	id, err := strconv.ParseInt(c.R.URL.Query().Get("order_id"), 10, 64)
	if err != nil || id < 1 {
		return errNoPage
	}
	o, err := c.Orders.Get(c.R.Context(), c.Site.StoreID, me.ID, id)
	if err != nil {
		return err
	}
	lines, err := c.Orders.Lines(c.R.Context(), c.Site.StoreID, []int64{id})
	if err != nil {
		return err
	}
	p := &orderView{
		Date: stamp{o.DateCreated, c.zone()}, Status: c.orderStatus(&o), Subtotal: c.price(o.Subtotal), Total: c.price(o.Total),
		Back: html.Link{Label: c.look.Text("order.all"), URL: ordersPath},
	}
	p.Title = c.orderName(&o)
	for _, l := range lines[id] {
		p.Lines = append(p.Lines, orderLine{Name: l.Product.Name, SKU: l.Product.SKU, Quantity: l.Quantity, Price: c.price(l.Price), Sum: c.price(l.Sum())})
	}
	return c.show(http.StatusOK, p)
}

// orderFacts tell the overview of the newest order; nil: there is none.
func (c *call) orderFacts(owner int64) ([]string, error) {
	page, err := c.Orders.Page(c.R.Context(), c.Site.StoreID, owner, order.Asked{Window: listing.Window{First: 1, Last: -1}})
	if err != nil || len(page.Orders) == 0 {
		return nil, err
	}
	o := &page.Orders[0]
	return []string{c.orderName(o), c.orderStatus(o), c.price(o.Total)}, nil
}
