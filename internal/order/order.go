// Package order knows the few facts about customers' orders that their account
// shows. An order service keeps the orders; seed files bring what is known here,
// and nothing else writes it. Orders go with their customer.
package order

import (
	"fmt"
	"math"
	"strings"

	"clientele/internal/catalog"
	"clientele/internal/fault"
	"clientele/internal/fold"
)

// Bounds.
const (
	MaxOrders   = 10_000 // of a store
	MaxLines    = 100    // of an order
	MaxQuantity = 1_000_000
	maxID       = 1<<31 - 1
)

// Order is what is known of an order. Amounts of money are in units of
// 10^-catalog.PriceScale of the store's currency.
type Order struct {
	ID         int64
	CustomerID int64
	ChannelID  int64
	StatusID   int64
	Total      int64 // what the customer pays
	Subtotal   int64 // of the lines
	Quantity   int64 // of the lines
	// DateModified is when what is known changed last.
	DateCreated, DateModified int64
}

// Line is a product that was ordered.
type Line struct {
	Place     int64 // in the order, from 1 on
	ProductID int64
	Quantity  int64
	Price     int64 // of one
	// Product is what is known of it now.
	Product *catalog.Product
}

// ID is the line's among the lines of all orders.
func (l *Line) ID(orderID int64) int64 { return orderID*MaxLines + l.Place }

// Sum is the price of a line.
func (l *Line) Sum() int64 { return l.Price * l.Quantity }

// Given is an order as a seed file has it.
type Given struct {
	ID, CustomerID, ChannelID int64
	Status                    string
	Date                      int64
	// Total is that of the lines if it is not given.
	Total    int64
	HasTotal bool
	Lines    []GivenLine
}

// GivenLine is a line as a seed file has it.
type GivenLine struct {
	ProductID, Quantity int64
	// Price is the product's if it is not given.
	Price    int64
	HasPrice bool
}

// Status is how far an order is.
type Status struct {
	ID    int64
	Name  string
	Means string
}

// Symbol is the status in capitals.
func (s *Status) Symbol() string { return strings.ReplaceAll(strings.ToUpper(s.Name), " ", "_") }

// Statuses are those of the original, in the order in which it counts.
func Statuses() []Status { return statuses[:] }

var statuses = [...]Status{
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

// StatusOf returns a status by its id, or nil.
func StatusOf(id int64) *Status {
	for i := range statuses {
		if statuses[i].ID == id {
			return &statuses[i]
		}
	}
	return nil
}

// StatusNamed returns a status by its name, whatever its case, or its symbol,
// or nil.
func StatusNamed(name string) *Status {
	for i := range statuses {
		if s := &statuses[i]; fold.Text(s.Name) == fold.Text(name) || s.Symbol() == name {
			return s
		}
	}
	return nil
}

// The fields of which faults tell.
const (
	FieldID       fault.Field = "id"
	FieldChannel  fault.Field = "channel id"
	FieldStatus   fault.Field = "status"
	FieldDate     fault.Field = "date"
	FieldTotal    fault.Field = "total"
	FieldLines    fault.Field = "lines"
	FieldProduct  fault.Field = "product id"
	FieldQuantity fault.Field = "quantity"
	FieldPrice    fault.Field = "price"
)

// The reasons that codes do not tell.
const (
	WhyID        fault.Reason = "no order id"
	WhyNoChannel fault.Reason = "order on no channel"
	WhyStatus    fault.Reason = "no status of orders"
	WhyDate      fault.Reason = "no date of an order"
	WhyAmount    fault.Reason = "no amount of money"
	WhyManyLines fault.Reason = "too many lines of an order"
	WhyQuantity  fault.Reason = "no quantity"
	WhyProduct   fault.Reason = "ordered product that is not known"
	WhyMany      fault.Reason = "too many orders"
	WhyTwice     fault.Reason = "order twice"
	WhyTheirs    fault.Reason = "order of another customer"
)

// maxDate is the end of the year 9999.
const maxDate = 253402300799

// statusNames are what a status may be called.
func statusNames() string {
	names := make([]string, len(statuses))
	for i := range statuses {
		names[i] = statuses[i].Name
	}
	return strings.Join(names, ", ")
}

// order returns what a given order is, with its lines.
func (g *Given) order(products map[int64]*catalog.Product) (*Order, []Line, error) {
	c := fault.Collector{}
	o := &Order{ID: g.ID, CustomerID: g.CustomerID, ChannelID: g.ChannelID, DateCreated: g.Date, Total: g.Total}
	if g.ID < 1 || g.ID > maxID {
		c.Because(FieldID, fault.OutOfRange, WhyID, "")
	}
	if s := StatusNamed(g.Status); s != nil {
		o.StatusID = s.ID
	} else {
		c.Because(FieldStatus, fault.NotAccepted, WhyStatus, statusNames())
	}
	if g.Date < 1 || g.Date > maxDate {
		c.Because(FieldDate, fault.OutOfRange, WhyDate, "")
	}
	if g.Total < 0 || g.Total > catalog.MaxPrice {
		c.Because(FieldTotal, fault.OutOfRange, WhyAmount, "")
	}
	if len(g.Lines) > MaxLines {
		c.Because(FieldLines, fault.TooManyItems, WhyManyLines, fmt.Sprint(MaxLines))
		return nil, nil, c.Err(fault.Invalid)
	}
	lines := make([]Line, len(g.Lines))
	for i := range g.Lines {
		in := &g.Lines[i]
		c.In = fault.Place{List: FieldLines, At: i + 1}
		l := Line{Place: int64(i + 1), ProductID: in.ProductID, Quantity: in.Quantity, Price: in.Price, Product: products[in.ProductID]}
		if l.Product == nil {
			c.Because(FieldProduct, fault.Unknown, WhyProduct, "")
		} else if !in.HasPrice {
			l.Price = l.Product.Price
		}
		if l.Quantity < 1 || l.Quantity > MaxQuantity {
			c.Because(FieldQuantity, fault.OutOfRange, WhyQuantity, fmt.Sprint(MaxQuantity))
		} else if l.Price < 0 || l.Price > catalog.MaxPrice || l.Price > math.MaxInt64/l.Quantity || o.Subtotal > catalog.MaxPrice-min(l.Sum(), catalog.MaxPrice) || l.Sum() > catalog.MaxPrice {
			c.Because(FieldPrice, fault.OutOfRange, WhyAmount, "")
		} else {
			o.Subtotal += l.Sum()
			o.Quantity += l.Quantity
		}
		lines[i] = l
	}
	if !g.HasTotal {
		o.Total = o.Subtotal
	}
	return o, lines, c.Err(fault.Invalid)
}
