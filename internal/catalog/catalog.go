// Package catalog knows the few facts about products that pages of customers
// show: what wishlists and orders name by id. A catalog service keeps the
// products themselves; seed files bring what is known here, and nothing else
// writes it.
package catalog

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"clientele/internal/fault"
	"clientele/internal/fold"
	"clientele/internal/history"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

// PriceScale is how many decimal places amounts of money are kept with.
const PriceScale = 4

// Bounds.
const (
	MaxProducts = 10_000 // of a store
	MaxPrice    = 1_000_000_000_000_000
	maxID       = 1<<31 - 1
	maxName     = 250 // characters, as are the next ones
	maxSKU      = 250
	maxPath     = 500
	maxURL      = 2048
)

// Product is what is known of a product.
type Product struct {
	ID       int64
	Name     string
	SKU      string // "": none
	Path     string // on the storefront, such as /cap/
	Price    int64  // in units of 10^-PriceScale of the store's currency
	ImageURL string // "": none
	InStock  bool
}

// The fields of which faults tell.
const (
	FieldID    fault.Field = "id"
	FieldName  fault.Field = "name"
	FieldSKU   fault.Field = "sku"
	FieldPath  fault.Field = "path"
	FieldPrice fault.Field = "price"
	FieldImage fault.Field = "image url"
)

// The reasons that codes do not tell.
const (
	WhyID        fault.Reason = "no product id"
	WhyPath      fault.Reason = "no path of a product"
	WhyPrice     fault.Reason = "no price"
	WhyImage     fault.Reason = "no image url"
	WhyMany      fault.Reason = "too many products"
	WhyIDTwice   fault.Reason = "product twice"
	WhyPathTaken fault.Reason = "path of another product"
	WhySKUTaken  fault.Reason = "sku of another product"
)

// Check returns what is wrong with a product by itself.
func (p *Product) Check() error {
	c := fault.Collector{}
	if p.ID < 1 || p.ID > maxID {
		c.Because(FieldID, fault.OutOfRange, WhyID, "")
	}
	c.Length(FieldName, p.Name, 1, maxName)
	c.Length(FieldSKU, p.SKU, 0, maxSKU)
	if !isPath(p.Path) {
		c.Because(FieldPath, fault.BadFormat, WhyPath, "")
	}
	if p.Price < 0 || p.Price > MaxPrice {
		c.Because(FieldPrice, fault.OutOfRange, WhyPrice, "")
	}
	if p.ImageURL != "" && (len(p.ImageURL) > maxURL || !store.IsWebURL(p.ImageURL)) {
		c.Because(FieldImage, fault.BadFormat, WhyImage, "")
	}
	return c.Err(fault.Invalid)
}

// isPath reports whether a text is a path of a storefront and nothing else.
func isPath(text string) bool {
	if len(text) > maxPath || !strings.HasPrefix(text, "/") || strings.HasPrefix(text, "//") || strings.ContainsAny(text, "?#\\ ") {
		return false
	}
	u, err := url.Parse(text)
	return err == nil && u.Host == "" && u.Scheme == "" && u.Path != "/"
}

// DefaultPath is the path of a product of which no other is known.
func DefaultPath(id int64) string { return "/products/" + strconv.FormatInt(id, 10) + "/" }

// pathKey is a path as paths are compared: with a slash at its end or without.
func pathKey(path string) string { return strings.TrimSuffix(path, "/") }

const columns = `id, name, sku, path, price, image_url, in_stock`

func (p *Product) scan(r *sqldb.Row) {
	*p = Product{ID: r.Int(0), Name: r.Text(1), SKU: r.Text(2), Path: r.Text(3), Price: r.Int(4), ImageURL: r.Text(5), InStock: r.Flag(6)}
}

var (
	selectAll = sqldb.Static(`SELECT ` + columns + ` FROM products WHERE store_id = $1 ORDER BY id`)
	upsert    = sqldb.Static(`INSERT INTO products (store_id, id, name, name_norm, sku, sku_norm, path, price, image_url, in_stock) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (store_id, id) DO UPDATE SET name = excluded.name, name_norm = excluded.name_norm, sku = excluded.sku, sku_norm = excluded.sku_norm,
			path = excluded.path, price = excluded.price, image_url = excluded.image_url, in_stock = excluded.in_stock`)
)

// Put brings what is known of products in line with what is given; others stay.
// A store's products are read at once, and only those that differ are written.
// Who calls it holds sqldb.LockProgram. failed is the place of the product that
// an error is about.
func Put(tx *sqldb.Tx, in []Product, now int64) (failed int, err error) {
	if len(in) == 0 {
		return 0, nil
	}
	known := map[int64]Product{}
	if err := tx.Query(selectAll, func(r *sqldb.Row) error {
		var p Product
		p.scan(r)
		known[p.ID] = p
		return nil
	}); err != nil {
		return 0, err
	}
	var changed []*Product
	var entries []history.Entry
	given := map[int64]bool{}
	for i := range in {
		p := &in[i]
		if err := p.Check(); err != nil {
			return i, err
		}
		if given[p.ID] {
			return i, broken(FieldID, fault.Duplicate, WhyIDTwice, "")
		}
		given[p.ID] = true
		if before, ok := known[p.ID]; !ok || before != *p {
			known[p.ID] = *p
			changed = append(changed, p)
			was := &before
			if !ok {
				was = nil
			}
			entries = append(entries, productHistory.Change(history.Product, p.ID, 0, was, p))
		}
		if len(known) > MaxProducts {
			return i, broken(FieldID, fault.TooManyItems, WhyMany, fmt.Sprint(MaxProducts))
		}
	}
	paths, skus := map[string]int64{}, map[string]int64{}
	for _, p := range known {
		if !given[p.ID] {
			paths[pathKey(p.Path)], skus[fold.Text(p.SKU)] = p.ID, p.ID
		}
	}
	for i := range in {
		p := &in[i]
		if paths[pathKey(p.Path)] != 0 {
			return i, broken(FieldPath, fault.Taken, WhyPathTaken, "")
		}
		if p.SKU != "" && skus[fold.Text(p.SKU)] != 0 {
			return i, broken(FieldSKU, fault.Taken, WhySKUTaken, "")
		}
		paths[pathKey(p.Path)], skus[fold.Text(p.SKU)] = p.ID, p.ID
	}
	if err := history.Enter(tx, now, history.Brought(entries)...); err != nil {
		return 0, err
	}
	for _, p := range changed {
		if err := tx.Exec(upsert, p.ID, p.Name, fold.Text(p.Name), p.SKU, fold.Text(p.SKU), p.Path, p.Price, p.ImageURL, sqldb.Flag(p.InStock)); err != nil {
			return 0, err
		}
	}
	return 0, nil
}

func broken(field fault.Field, code fault.Code, why fault.Reason, want string) error {
	return fault.Broken(fault.Invalid, fault.Item{Field: field, Code: code, Why: why, Want: want})
}
