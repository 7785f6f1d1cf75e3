package catalog

import (
	"context"
	"strconv"
	"strings"

	"clientele/internal/fold"
	"clientele/internal/listing"
	"clientele/internal/opt"
	"clientele/internal/sqldb"
)

// Service finds products.
type Service struct {
	db *sqldb.DB
}

// NewService returns a Service over db.
func NewService(db *sqldb.DB) *Service { return &Service{db: db} }

// maxIDs is how many products one statement looks for.
const maxIDs = 1000

// ByID returns which of some products are known.
func (s *Service) ByID(ctx context.Context, storeID int64, ids []int64) (map[int64]*Product, error) {
	out := make(map[int64]*Product, len(ids))
	if len(ids) == 0 {
		return out, nil
	}
	err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		clear(out)
		return ByID(tx, ids, out)
	})
	return out, err
}

// ByID notes which of some products are known.
func ByID(tx *sqldb.Tx, ids []int64, into map[int64]*Product) error {
	for len(ids) > 0 {
		n := min(len(ids), maxIDs)
		in, args := sqldb.In(nil, ids[:n])
		ids = ids[n:]
		if err := tx.Query(sqldb.Dynamic(`SELECT `+columns+` FROM products WHERE store_id = $1 AND id IN `+in), func(r *sqldb.Row) error {
			var p Product
			p.scan(r)
			into[p.ID] = &p
			return nil
		}, args...); err != nil {
			return err
		}
	}
	return nil
}

var (
	selectByPath = sqldb.Static(`SELECT ` + columns + ` FROM products WHERE store_id = $1 AND path IN ($2, $3)`)
	selectBySKU  = sqldb.Static(`SELECT ` + columns + ` FROM products WHERE store_id = $1 AND sku_norm = $2`)
)

// ByPath returns the product at a path, with a slash at its end or without, or
// nil.
func (s *Service) ByPath(ctx context.Context, storeID int64, path string) (*Product, error) {
	if !isPath(path) {
		return nil, nil
	}
	return s.one(ctx, storeID, selectByPath, pathKey(path), pathKey(path)+"/")
}

// BySKU returns the product with a SKU, or nil.
func (s *Service) BySKU(ctx context.Context, storeID int64, sku string) (*Product, error) {
	if sku == "" || strings.Contains(sku, "\x00") {
		return nil, nil
	}
	return s.one(ctx, storeID, selectBySKU, fold.Text(sku))
}

func (s *Service) one(ctx context.Context, storeID int64, stmt *sqldb.Stmt, args ...any) (out *Product, err error) {
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		out = nil
		return tx.Query(stmt, func(r *sqldb.Row) error {
			out = &Product{}
			out.scan(r)
			return nil
		}, args...)
	})
	return out, err
}

// Filter chooses products. Its zero value chooses all.
type Filter struct {
	IDs []int64 // none: any
	// Words all are in a product's name or SKU.
	Words    []string
	MinPrice opt.Field[int64]
	MaxPrice opt.Field[int64]
	InStock  bool // only those
}

// MaxTerm is how long a text may be that is searched for, in characters.
const MaxTerm = 100

// Terms returns the words of a text that is searched for.
func Terms(text string) []string { return strings.Fields(fold.Text(text)) }

// Order is how products are sorted.
type Order int

// The orders.
const (
	Oldest Order = iota // by id
	Newest
	AToZ
	ZToA
	Cheapest
	Dearest
)

// columns returns what an order compares, and whether from the highest on.
func (o Order) columns() (key string, descending bool) {
	switch o {
	case Newest:
		return "id", true
	case AToZ, ZToA:
		return "name_norm, id", o == ZToA
	case Cheapest, Dearest:
		return "price, id", o == Dearest
	}
	return "id", false
}

// Asked is a part of the products that a filter chooses.
type Asked struct {
	Filter
	Order  Order
	Window listing.Window // by the ids of products
	Count  bool           // tell how many there are in all
}

// Page is a part of the products.
type Page struct {
	Products      []Product
	Before, After bool // there are more
	Total         int64
}

// Page returns a part of the products. A store has few: a search looks at all
// of them.
func (s *Service) Page(ctx context.Context, storeID int64, q Asked) (*Page, error) {
	key, down := q.Order.columns()
	out := &Page{}
	err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		*out = Page{}
		where, args := q.where(tx)
		var total []sqldb.Q
		if q.Count {
			total = append(total, sqldb.Q{Stmt: sqldb.Dynamic(`SELECT COUNT(*) FROM products WHERE store_id = $1` + where), Args: args, Each: func(r *sqldb.Row) error { out.Total = r.Int(0); return nil }})
		}
		k := listing.Keyed{Table: "products", Columns: columns, Where: where, Args: args, Key: key, Down: down, Window: q.Window}
		var err error
		out.Products, out.Before, out.After, err = listing.Windowed(tx, k, (*Product).scan, total...)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// OutOfStock returns the SQL condition that the product whose id is in a column
// is known to be out of stock.
func OutOfStock(column string) string {
	return `EXISTS (SELECT 1 FROM products p WHERE p.store_id = $1 AND p.id = ` + column + ` AND p.in_stock = 0)`
}

// where returns the conditions on products, each beginning with AND.
func (f *Filter) where(tx *sqldb.Tx) (string, []any) {
	where, args := "", []any(nil)
	value := func(v any) string {
		args = append(args, v)
		return "$" + strconv.Itoa(len(args)+1)
	}
	if len(f.IDs) > 0 {
		var in string
		in, args = sqldb.In(args, f.IDs)
		where += ` AND id IN ` + in
	}
	for _, word := range f.Words {
		value(word)
		n := len(args) + 1
		where += ` AND (` + tx.Contains("name_norm", n) + ` OR ` + tx.Contains("sku_norm", n) + `)`
	}
	if f.MinPrice.Set {
		where += ` AND price >= ` + value(f.MinPrice.Value)
	}
	if f.MaxPrice.Set {
		where += ` AND price <= ` + value(f.MaxPrice.Value)
	}
	if f.InStock {
		where += ` AND in_stock = 1`
	}
	return where, args
}
