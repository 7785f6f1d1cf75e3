package wishlist

import (
	"context"
	"strconv"

	"clientele/internal/catalog"
	"clientele/internal/listing"
	"clientele/internal/sqldb"
)

// Filter chooses among a customer's lists and their items. A set without
// members chooses nothing and leaves all.
type Filter struct {
	IDs      []int64 // of lists
	Products []int64
	Variants []int64
	// InStock leaves out items whose product is known to be out of stock.
	InStock bool
}

// MaxFilter is how many members each set of a Filter may have.
const MaxFilter = 1000

// sets returns conditions on items, each beginning with AND.
func (f *Filter) sets(prefix string, args []any) (string, []any) {
	where := ""
	for _, set := range []struct {
		column string
		values []int64
	}{{"product_id", f.Products}, {"variant_id", f.Variants}} {
		if len(set.values) > 0 {
			var in string
			in, args = sqldb.In(args, set.values)
			where += ` AND ` + prefix + set.column + ` IN ` + in
		}
	}
	if f.InStock {
		where += ` AND NOT ` + catalog.OutOfStock(prefix+"product_id")
	}
	return where, args
}

// place returns the placeholder of the next of args, which $1 is not among.
func place(args []any, n int) string { return "$" + strconv.Itoa(len(args)+1+n) }

// Page is a part of a customer's lists, without their items.
type Page struct {
	Lists         []Wishlist
	Before, After bool // there are more
}

// Page returns the lists of an owner in a window. A list matches a filter's
// products and variants if an item of it matches both.
func (s *Service) Page(ctx context.Context, storeID, owner int64, w listing.Window, f Filter) (*Page, error) {
	where, args := ` AND customer_id = $2`, []any{owner}
	if len(f.IDs) > 0 {
		var in string
		in, args = sqldb.In(args, f.IDs)
		where += ` AND id IN ` + in
	}
	if len(f.Products)+len(f.Variants) > 0 {
		var sets string
		sets, args = f.sets("i.", args)
		where += ` AND EXISTS (SELECT 1 FROM wishlist_items i WHERE i.store_id = $1 AND i.wishlist_id = wishlists.id` + sets + `)`
	}
	k := listing.Keyed{Table: "wishlists", Columns: columns, Where: where, Args: args, Key: "id", Window: w}
	out := &Page{}
	if err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		out.Lists, out.Before, out.After, err = listing.Windowed(tx, k, (*Wishlist).scan)
		return err
	}); err != nil {
		return nil, err
	}
	return out, nil
}

// ItemPage is a part of a list's items.
type ItemPage struct {
	Items         []Item
	Before, After bool  // there are more
	Total         int64 // that match the filter
}

// Items returns the same window of the items of several lists, by the list's
// id, at once. Lists without any have no page.
func (s *Service) Items(ctx context.Context, storeID int64, lists []int64, w listing.Window, f Filter) (map[int64]*ItemPage, error) {
	if len(lists) == 0 {
		return nil, nil
	}
	in, args := sqldb.In(nil, lists)
	sets, args := f.sets("", args)
	after, before, rows, descending := w.Bounds()
	order := `id`
	if descending {
		order += ` DESC`
	}
	// Lists have so few items that counting them is part of reading them.
	inside := `id > ` + place(args, 1) + ` AND id < ` + place(args, 2)
	stmt := sqldb.Dynamic(`SELECT wishlist_id, id, product_id, variant_id, inside, place, total, least, most FROM
		(SELECT wishlist_id, id, product_id, variant_id, CASE WHEN ` + inside + ` THEN 1 ELSE 0 END AS inside,
			ROW_NUMBER() OVER (PARTITION BY wishlist_id, CASE WHEN ` + inside + ` THEN 1 ELSE 0 END ORDER BY ` + order + `) AS place,
			COUNT(*) OVER (PARTITION BY wishlist_id) AS total, MIN(id) OVER (PARTITION BY wishlist_id) AS least, MAX(id) OVER (PARTITION BY wishlist_id) AS most
		FROM wishlist_items WHERE store_id = $1 AND wishlist_id IN ` + in + sets + `) AS chosen
		WHERE inside = 1 AND place <= ` + place(args, 3) + ` OR inside = 0 AND place = 1 ORDER BY wishlist_id, ` + order)
	args = append(args, after, before, rows)
	out := map[int64]*ItemPage{}
	if err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		clear(out)
		return tx.Query(stmt, func(r *sqldb.Row) error {
			p := out[r.Int(0)]
			if p == nil {
				p = &ItemPage{Total: r.Int(6), Before: w.After > 0 && r.Int(7) <= w.After, After: w.Before > 0 && r.Int(8) >= w.Before}
				out[r.Int(0)] = p
			}
			if r.Int(4) == 1 {
				p.Items = append(p.Items, Item{ID: r.Int(1), ProductID: r.Int(2), VariantID: r.Int(3)})
			}
			return nil
		}, args...)
	}); err != nil {
		return nil, err
	}
	for _, p := range out {
		var more, less bool
		p.Items, less, more = listing.Cut(w, p.Items)
		p.Before, p.After = p.Before || less, p.After || more
	}
	return out, nil
}
