package order

import (
	"context"
	"slices"
	"strconv"

	"clientele/internal/catalog"
	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/listing"
	"clientele/internal/opt"
	"clientele/internal/sqldb"
)

// Service finds orders.
type Service struct {
	db *sqldb.DB
}

// NewService returns a Service over db.
func NewService(db *sqldb.DB) *Service { return &Service{db: db} }

// Asked is a part of a customer's orders.
type Asked struct {
	Window   listing.Window
	StatusID opt.Field[int64]
	From, To opt.Field[int64] // of DateCreated
	Count    bool             // tell how many there are in all
}

// Page is a part of a customer's orders, the newest first.
type Page struct {
	Orders        []Order
	Before, After bool // there are more
	Total         int64
}

// Page returns a part of a customer's orders.
func (s *Service) Page(ctx context.Context, storeID, customerID int64, q Asked) (*Page, error) {
	where, args := ` AND customer_id = $2`, []any{customerID}
	for _, c := range []struct {
		condition string
		value     opt.Field[int64]
	}{{"status_id =", q.StatusID}, {"date_created >=", q.From}, {"date_created <=", q.To}} {
		if c.value.Set {
			args = append(args, c.value.Value)
			where += ` AND ` + c.condition + ` ` + "$" + strconv.Itoa(len(args)+1)
		}
	}
	out := &Page{}
	if err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		*out = Page{}
		var total []sqldb.Q
		if q.Count {
			total = append(total, sqldb.Q{Stmt: sqldb.Dynamic(`SELECT COUNT(*) FROM orders WHERE store_id = $1` + where), Args: args, Each: func(r *sqldb.Row) error { out.Total = r.Int(0); return nil }})
		}
		k := listing.Keyed{Table: "orders", Columns: columns, Where: where, Args: args, Key: "id", Down: true, Window: q.Window}
		var err error
		out.Orders, out.Before, out.After, err = listing.Windowed(tx, k, (*Order).scan, total...)
		return err
	}); err != nil {
		return nil, err
	}
	return out, nil
}

var selectOne = sqldb.Static(`SELECT ` + columns + ` FROM orders WHERE store_id = $1 AND id = $2`)

// Get returns one order; owner is the customer whose orders alone are seen, or 0
// for whoever may see all.
func (s *Service) Get(ctx context.Context, storeID, owner, id int64) (Order, error) {
	var o Order
	err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		o = Order{}
		return tx.Query(selectOne, func(r *sqldb.Row) error { o.scan(r); return nil }, id)
	})
	if err == nil && (o.ID == 0 || owner != 0 && o.CustomerID != owner) {
		return Order{}, fault.New(fault.NotFound, "there is no such order")
	}
	return o, err
}

// Lines returns the lines of orders by the order's id, with what is known of
// their products now.
func (s *Service) Lines(ctx context.Context, storeID int64, orders []int64) (map[int64][]Line, error) {
	lines := map[int64][]Line{}
	err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		clear(lines)
		for part := range slices.Chunk(orders, maxIDs) {
			if err := tx.Pipeline(linesQuery(part, lines)); err != nil {
				return err
			}
		}
		var ids []int64
		for _, of := range lines {
			for i := range of {
				ids = append(ids, of[i].ProductID)
			}
		}
		products := map[int64]*catalog.Product{}
		if err := catalog.ByID(tx, distinct(ids), products); err != nil {
			return err
		}
		for _, of := range lines {
			for i := range of {
				of[i].Product = products[of[i].ProductID]
			}
		}
		return nil
	})
	return lines, err
}

// linesOf returns the lines of one order, MaxLines at most.
func (s *Service) linesOf(ctx context.Context, storeID, owner, id int64) ([]Line, error) {
	if _, err := s.Get(ctx, storeID, owner, id); err != nil {
		return nil, err
	}
	lines, err := s.Lines(ctx, storeID, []int64{id})
	return lines[id], err
}

// LineOf returns the line of an order that has an id, or else its first line of
// the product that has it.
func (s *Service) LineOf(ctx context.Context, storeID, owner, id, of int64) (*Line, error) {
	all, err := s.linesOf(ctx, storeID, owner, id)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(all, func(l Line) bool { return l.ID(id) == of })
	if at < 0 {
		at = slices.IndexFunc(all, func(l Line) bool { return l.ProductID == of })
	}
	if at < 0 {
		return nil, fault.New(fault.NotFound, "there is no such line of the order")
	}
	return &all[at], nil
}

// LinesOf returns a page of an order's lines, in their order.
func (s *Service) LinesOf(ctx context.Context, storeID, owner, id int64, q *listing.Query) ([]Line, error) {
	all, err := s.linesOf(ctx, storeID, owner, id)
	if err != nil {
		return nil, err
	}
	from := min((q.Page-1)*q.Limit, int64(len(all)))
	return all[from:min(from+q.Limit, int64(len(all)))], nil
}

// Filters are what orders may be selected by. Nothing is known here of carts, of
// how was paid, and of ids elsewhere: they are empty. Orders are never deleted
// and kept.
var filters = []listing.Field{
	{Name: "id", Kind: listing.Int, Ops: []listing.Op{listing.Min, listing.Max}, Prefixed: true, Column: "id"},
	{Name: "total", Kind: listing.Money, Ops: []listing.Op{listing.Min, listing.Max}, Prefixed: true, Column: "total"},
	{Name: "customer_id", Kind: listing.Int, Ops: []listing.Op{listing.Eq}, Column: "customer_id"},
	{Name: "email", Kind: listing.Email, Ops: []listing.Op{listing.Eq}, Where: customer.WithEmail("customer_id")},
	{Name: "status_id", Kind: listing.Int, Ops: []listing.Op{listing.Eq}, Column: "status_id"},
	{Name: "cart_id", Kind: listing.Text, Ops: []listing.Op{listing.Eq}, Where: unknown},
	{Name: "payment_method", Kind: listing.Text, Ops: []listing.Op{listing.Eq}, Where: unknown},
	{Name: "date_created", Kind: listing.Time, Ops: []listing.Op{listing.Min, listing.Max}, Prefixed: true, Column: "date_created", Ordered: true},
	{Name: "date_modified", Kind: listing.Time, Ops: []listing.Op{listing.Min, listing.Max}, Prefixed: true, Column: "date_modified", Ordered: true},
	{Name: "channel_id", Kind: listing.Int, Ops: []listing.Op{listing.Eq}, Column: "channel_id"},
	{Name: "external_order_id", Kind: listing.Text, Ops: []listing.Op{listing.Eq}, Where: unknown},
	// Older clients send it.
	{Name: "is_deleted", Kind: listing.Flag, Ops: []listing.Op{listing.Eq}, Where: "0 IN {in}"},
}

const unknown = "{value} = ''"

var (
	structure = listing.Field{Name: "consignment_structure", Kind: listing.Text, Ops: []listing.Op{listing.Eq}, Values: map[string]string{"object": "object"}, Where: "{value} = 'object'"}
	includes  = []string{"consignments", "consignments.line_items", "fees"}
)

// List declares the list of orders.
var List = &listing.Spec{
	Table:  "orders",
	Fields: append(slices.Clone(filters), structure),
	Sorts: []listing.Sort{
		{Name: "id", Kind: listing.Int, Column: "id"}, {Name: "customer_id", Kind: listing.Int, Column: "customer_id"},
		{Name: "date_created", Kind: listing.Time, Column: "date_created"}, {Name: "date_modified", Kind: listing.Time, Column: "date_modified"},
		{Name: "status_id", Kind: listing.Int, Column: "status_id"}, {Name: "channel_id", Kind: listing.Int, Column: "channel_id"},
		{Name: "external_id", Kind: listing.Int, Column: "id"}, // none has one
	},
	Includes: includes,
	Untold:   true,
}

// Count declares by what orders are counted.
var Count = &listing.Spec{Table: "orders", Fields: filters}

// One declares what goes with a single order.
var One = &listing.Spec{Table: "orders", Fields: []listing.Field{structure}, Includes: includes, Unpaged: true}

// Products declares the list of an order's lines.
var Products = &listing.Spec{Table: "order_lines"}

// List returns a page of orders.
func (s *Service) List(ctx context.Context, storeID int64, q *listing.Query) (out []Order, err error) {
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		out = nil
		_, err := q.Run(tx, columns, func(r *sqldb.Row) error {
			out = append(out, Order{})
			out[len(out)-1].scan(r)
			return nil
		})
		return err
	})
	return out, err
}

// ByStatus returns how many orders there are in each status, by its id.
func (s *Service) ByStatus(ctx context.Context, storeID int64, q *listing.Query) (map[int64]int64, error) {
	out := map[int64]int64{}
	err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		clear(out)
		return q.CountBy(tx, "status_id", out)
	})
	return out, err
}
