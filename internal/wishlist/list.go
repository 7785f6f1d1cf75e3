package wishlist

import (
	"context"
	"strings"

	"clientele/internal/listing"
	"clientele/internal/sqldb"
	"clientele/internal/total"
)

// List declares the list of wishlists.
var List = &listing.Spec{
	Table:  "wishlists",
	Fields: []listing.Field{{Name: "customer_id", Kind: listing.Int, Ops: []listing.Op{listing.Eq}, Column: "customer_id"}},
	Total:  sqldb.Static(total.Wishlists.Total()),
}

// Counted is how a job counts the lists.
var Counted = total.Count{List: total.Wishlists, Wrong: sqldb.Static(total.Wishlists.Wrong(`SELECT COUNT(*) FROM wishlists WHERE store_id = $1 AND $2 = ''`))}

const columns = `id, customer_id, name, is_public, token`

func (w *Wishlist) scan(r *sqldb.Row) {
	*w = Wishlist{ID: r.Int(0), CustomerID: r.Int(1), Name: r.Text(2), IsPublic: r.Flag(3), Token: r.Text(4)}
}

var (
	selectOne     = sqldb.Static(`SELECT ` + columns + ` FROM wishlists WHERE store_id = $1 AND id = $2`)
	selectByToken = sqldb.Static(`SELECT ` + columns + ` FROM wishlists WHERE store_id = $1 AND token = $2 AND is_public = 1`)
)

// List returns a page of wishlists with their items.
func (s *Service) List(ctx context.Context, storeID int64, q *listing.Query) (out []Wishlist, res *listing.Result, err error) {
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		out = make([]Wishlist, 0, min(q.Limit, 64))
		if res, err = q.Run(tx, columns, func(r *sqldb.Row) error {
			out = append(out, Wishlist{})
			out[len(out)-1].scan(r)
			return nil
		}); err != nil {
			return err
		}
		return loadItems(tx, out)
	})
	return out, res, err
}

// Get returns one wishlist with its items.
func (s *Service) Get(ctx context.Context, storeID, owner, id int64) (Wishlist, error) {
	lists := make([]Wishlist, 1)
	err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		w := &lists[0]
		*w = Wishlist{}
		if err := tx.Query(selectOne, func(r *sqldb.Row) error { w.scan(r); return nil }, id); err != nil {
			return err
		}
		if w.ID == 0 || owner != 0 && w.CustomerID != owner {
			return errNone
		}
		return loadItems(tx, lists)
	})
	return lists[0], err
}

// Public returns the public wishlist with a token, without its items.
func (s *Service) Public(ctx context.Context, storeID int64, token string) (Wishlist, error) {
	if strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return Wishlist{}, errNone // not every engine takes any text
	}
	var w Wishlist
	err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		w = Wishlist{}
		return tx.Query(selectByToken, func(r *sqldb.Row) error { w.scan(r); return nil }, strings.ToLower(token))
	})
	if err == nil && w.ID == 0 {
		err = errNone
	}
	return w, err
}

// loadItems reads the items of all lists at once.
func loadItems(tx *sqldb.Tx, lists []Wishlist) error {
	if len(lists) == 0 {
		return nil
	}
	at := make(map[int64]*Wishlist, len(lists))
	ids := make([]int64, len(lists))
	for i := range lists {
		ids[i], at[lists[i].ID] = lists[i].ID, &lists[i]
	}
	in, args := sqldb.In(nil, ids)
	return tx.Query(sqldb.Dynamic(`SELECT wishlist_id, id, product_id, variant_id FROM wishlist_items WHERE store_id = $1 AND wishlist_id IN `+in+` ORDER BY wishlist_id, id`),
		func(r *sqldb.Row) error {
			w := at[r.Int(0)]
			w.Items = append(w.Items, Item{ID: r.Int(1), ProductID: r.Int(2), VariantID: r.Int(3)})
			return nil
		}, args...)
}
