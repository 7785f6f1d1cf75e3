package seed

import (
	"errors"
	"fmt"
	"strings"

	"clientele/internal/catalog"
	"clientele/internal/customer"
	"clientele/internal/jsonx"
	"clientele/internal/listing"
	"clientele/internal/order"
	"clientele/internal/sqldb"
)

// Product is what is known of a product of a catalog that is kept elsewhere.
type Product struct {
	ID       int64  `yaml:"id"`
	Name     string `yaml:"name"`
	SKU      string `yaml:"sku"`
	Path     string `yaml:"path"` // default: made of the id
	Price    string `yaml:"price"`
	ImageURL string `yaml:"image_url"`
	InStock  *bool  `yaml:"in_stock"` // default: true
}

// Order is what is known of a customer's order.
type Order struct {
	ID        int64       `yaml:"id"`
	Date      string      `yaml:"date"`
	Status    string      `yaml:"status"`
	Total     string      `yaml:"total"`      // default: of the lines
	ChannelID int64       `yaml:"channel_id"` // default: 1
	Lines     []OrderLine `yaml:"lines"`
}

// OrderLine is a product that was ordered.
type OrderLine struct {
	ProductID int64  `yaml:"product_id"`
	Quantity  *int64 `yaml:"quantity"` // default: 1
	Price     string `yaml:"price"`    // of one; default: the product's
}

// amount reads an amount of money.
func amount(key, text string) (int64, error) {
	v, ok, exact := jsonx.ParseDecimal(text, catalog.PriceScale)
	if !ok || !exact {
		return 0, fmt.Errorf("%s %q is not an amount such as 12.5, with at most %d decimal places", key, text, catalog.PriceScale)
	}
	return v, nil
}

func (p *Product) product() (catalog.Product, error) {
	out := catalog.Product{ID: p.ID, Name: p.Name, SKU: p.SKU, Path: p.Path, ImageURL: p.ImageURL, InStock: p.InStock == nil || *p.InStock}
	if out.Path == "" {
		out.Path = catalog.DefaultPath(p.ID)
	}
	var err error
	if out.Price, err = amount("price", p.Price); err != nil {
		return out, at(err, "price")
	}
	return out, nil
}

func (o *Order) given(customerID int64) (order.Given, error) {
	out := order.Given{ID: o.ID, CustomerID: customerID, ChannelID: max(o.ChannelID, 1), Status: o.Status}
	if o.ChannelID < 0 {
		out.ChannelID = o.ChannelID
	}
	var ok bool
	if out.Date, ok = listing.Moment(strings.TrimSpace(o.Date)); !ok {
		return out, at(fmt.Errorf("date %q is not a time such as 2024-05-14T09:34:00Z", o.Date), "date")
	}
	var err error
	if out.HasTotal = o.Total != ""; out.HasTotal {
		if out.Total, err = amount("total", o.Total); err != nil {
			return out, at(err, "total")
		}
	}
	for i, l := range o.Lines {
		line := order.GivenLine{ProductID: l.ProductID, Quantity: 1, HasPrice: l.Price != ""}
		if l.Quantity != nil {
			line.Quantity = *l.Quantity
		}
		if line.HasPrice {
			if line.Price, err = amount("price", l.Price); err != nil {
				return out, at(err, "lines.%d.price", i)
			}
		}
		out.Lines = append(out.Lines, line)
	}
	return out, nil
}

// checkGoods finds what is wrong with products and orders by themselves.
func (s *Store) checkGoods() error {
	for i := range s.Products {
		p, err := s.Products[i].product()
		if err == nil {
			err = p.Check()
		}
		if err != nil {
			return at(err, "products.%d", i)
		}
	}
	for i := range s.Customers {
		for j := range s.Customers[i].Orders {
			if _, err := s.Customers[i].Orders[j].given(0); err != nil {
				return at(err, "customers.%d.orders.%d", i, j)
			}
		}
	}
	return nil
}

// goods brings products and orders in line with the file.
func (a *Applier) goods(tx *sqldb.Tx, s *Store) error {
	products := make([]catalog.Product, len(s.Products))
	for i := range s.Products {
		var err error
		if products[i], err = s.Products[i].product(); err != nil {
			return at(err, "products.%d", i)
		}
	}
	if i, err := catalog.Put(tx, products, a.System.Now()); err != nil {
		return at(err, "products.%d", i)
	}
	var orders []order.Given
	var places [][2]int // of the orders: customer and order
	for i := range s.Customers {
		c := &s.Customers[i]
		if len(c.Orders) == 0 {
			continue
		}
		id, err := ownerOf(tx, c)
		if err != nil {
			return at(err, "customers.%d", i)
		}
		for j := range c.Orders {
			o, err := c.Orders[j].given(id)
			if err != nil {
				return at(err, "customers.%d.orders.%d", i, j)
			}
			orders, places = append(orders, o), append(places, [2]int{i, j})
		}
	}
	if len(orders) == 0 {
		return nil
	}
	n, err := order.Put(tx, orders, a.System.Now())
	if err == nil {
		return nil
	}
	return at(err, "customers.%d.orders.%d", places[n][0], places[n][1])
}

// ownerOf returns the customer of the file: by the id, or by the email of who
// was made anew since.
func ownerOf(tx *sqldb.Tx, c *Customer) (int64, error) {
	if c.ID != 0 {
		if there, err := customer.Exists(tx, c.ID); err != nil || there {
			return c.ID, err
		}
	}
	var id int64
	err := tx.Pipeline(customer.HoldersQuery(c.Email, func(h customer.Holder) {
		if id == 0 || len(c.ChannelIDs) > 0 && h.ChannelID == c.ChannelIDs[0] {
			id = h.ID
		}
	})...)
	if err == nil && id == 0 {
		err = errors.New("there is no such customer")
	}
	return id, err
}
