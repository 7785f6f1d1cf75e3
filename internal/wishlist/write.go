package wishlist

import (
	"context"
	"slices"

	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/history"
	"clientele/internal/opt"
	"clientele/internal/sqldb"
	"clientele/internal/total"
)

var (
	countOfCustomer = sqldb.Static(`SELECT COUNT(*) FROM wishlists WHERE store_id = $1 AND customer_id = $2`)
	advance         = sqldb.Static(`UPDATE store_counters SET wishlist_id = wishlist_id + $2, wishlist_item_id = wishlist_item_id + $3 WHERE store_id = $1 RETURNING wishlist_id, wishlist_item_id`)
	insertList      = sqldb.Static(`INSERT INTO wishlists (store_id, id, customer_id, name, is_public, token, date_created, date_modified) VALUES ($1, $2, $3, $4, $5, $6, $7, $7)`)
	updateList      = sqldb.Static(`UPDATE wishlists SET name = $3, is_public = $4, date_modified = $5 WHERE store_id = $1 AND id = $2`)
	deleteList      = sqldb.Static(`DELETE FROM wishlists WHERE store_id = $1 AND id = $2`)
	insertItem      = sqldb.Static(`INSERT INTO wishlist_items (store_id, wishlist_id, id, product_id, variant_id) VALUES ($1, $2, $3, $4, $5)`)
	deleteItem      = sqldb.Static(`DELETE FROM wishlist_items WHERE store_id = $1 AND wishlist_id = $2 AND id = $3`)
)

// Create makes a list. A product that is given twice is on it once.
func (s *Service) Create(ctx context.Context, storeID int64, in Create) (out Wishlist, err error) {
	err = s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		out, err = s.CreateTx(tx, in)
		return err
	})
	return out, err
}

// CreateTx is Create inside a transaction.
func (s *Service) CreateTx(tx *sqldb.Tx, in Create) (Wishlist, error) {
	c := fault.Collector{}
	c.Length(FieldName, in.Name, 1, MaxName)
	checkItems(&c, in.Items)
	if err := c.Err(fault.Invalid); err != nil {
		return Wishlist{}, err
	}
	// Locked, so that the customer stays and their lists are counted in turn.
	found, err := customer.Hold(tx, in.CustomerID)
	if err != nil {
		return Wishlist{}, err
	}
	if !found[in.CustomerID] {
		return Wishlist{}, errCustomer
	}
	var have int64
	if err := tx.Query(countOfCustomer, func(r *sqldb.Row) error { have = r.Int(0); return nil }, in.CustomerID); err != nil {
		return Wishlist{}, err
	}
	if have >= MaxLists {
		return Wishlist{}, errLists
	}
	out := Wishlist{CustomerID: in.CustomerID, Name: in.Name, IsPublic: in.IsPublic, Token: s.sys.UUID()}
	fresh := missing(nil, in.Items)
	id, item, err := take(tx, 1, int64(len(fresh)))
	if err != nil {
		return Wishlist{}, err
	}
	out.ID = id
	if err := tx.Exec(insertList, out.ID, out.CustomerID, out.Name, sqldb.Flag(out.IsPublic), out.Token, s.sys.Now()); err != nil {
		return Wishlist{}, err
	}
	if err := out.insert(tx, fresh, item); err != nil {
		return Wishlist{}, err
	}
	if err := total.Wishlists.Move(tx, "", 1); err != nil {
		return Wishlist{}, err
	}
	return out, history.Enter(tx, s.sys.Now(), out.changesSince(nil)...)
}

// take gives out ids and returns the last of each kind.
func take(tx *sqldb.Tx, lists, items int64) (list, item int64, err error) {
	err = tx.Query(advance, func(r *sqldb.Row) error {
		list, item = r.Int(0), r.Int(1)
		return nil
	}, lists, items)
	return list, item, err
}

// missing returns those of items that are not in have, each once.
func missing(have, items []Item) []Item {
	seen := map[Item]bool{}
	key := func(it Item) Item { it.ID = 0; return it }
	for _, it := range have {
		seen[key(it)] = true
	}
	var out []Item
	for _, it := range items {
		if k := key(it); !seen[k] {
			seen[k] = true
			out = append(out, k)
		}
	}
	return out
}

// insert adds items, whose ids end with last.
func (w *Wishlist) insert(tx *sqldb.Tx, items []Item, last int64) error {
	for i, it := range items {
		it.ID = last - int64(len(items)-1-i)
		if err := tx.Exec(insertItem, w.ID, it.ID, it.ProductID, it.VariantID); err != nil {
			return err
		}
		w.Items = append(w.Items, it)
	}
	return nil
}

// change locks a list, runs fn on it and marks it as changed.
func (s *Service) change(ctx context.Context, storeID, owner, id int64, fn func(tx *sqldb.Tx, w *Wishlist) error) (Wishlist, error) {
	var out Wishlist
	err := s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		// A customer who goes takes the lists along under the counters' lock.
		if _, _, err := take(tx, 0, 0); err != nil {
			return err
		}
		lists := make([]Wishlist, 1)
		w := &lists[0]
		if err := tx.Query(sqldb.Dynamic(`SELECT `+columns+` FROM wishlists WHERE store_id = $1 AND id = $2`+tx.ForUpdate()), func(r *sqldb.Row) error {
			w.scan(r)
			return nil
		}, id); err != nil {
			return err
		}
		if w.ID == 0 || owner != 0 && w.CustomerID != owner {
			return errNone
		}
		if err := loadItems(tx, lists); err != nil {
			return err
		}
		before := *w
		before.Items = slices.Clone(w.Items)
		if err := fn(tx, w); err != nil {
			return err
		}
		out = *w
		if err := history.Enter(tx, s.sys.Now(), w.changesSince(&before)...); err != nil {
			return err
		}
		return tx.Exec(updateList, w.ID, w.Name, sqldb.Flag(w.IsPublic), s.sys.Now())
	})
	return out, err
}

// Update changes a list and its items.
func (s *Service) Update(ctx context.Context, storeID, owner int64, in Update) (Wishlist, error) {
	c := fault.Collector{}
	if in.Name.Set {
		c.Length(FieldName, in.Name.Value, 1, MaxName)
	}
	items := make([]Item, len(in.Items))
	for i := range in.Items {
		u := &in.Items[i]
		if u.ID != 0 && !u.ProductID.Set { // its product is a good one
			u = &ItemUpdate{ProductID: opt.Some(int64(1)), VariantID: u.VariantID}
		}
		items[i] = u.of(Item{})
	}
	checkItems(&c, items)
	if err := c.Err(fault.Invalid); err != nil {
		return Wishlist{}, err
	}
	return s.change(ctx, storeID, owner, in.ID, func(tx *sqldb.Tx, w *Wishlist) error {
		claims := fault.Collector{}
		claims.Claim(FieldCustomer, in.Claims.CustomerID.Or(w.CustomerID) == w.CustomerID)
		claims.Claim(FieldToken, in.Claims.Token.Or(w.Token) == w.Token)
		if err := claims.Err(fault.Invalid); err != nil {
			return err
		}
		w.Name = in.Name.Or(w.Name)
		w.IsPublic = in.IsPublic.Or(w.IsPublic)
		var added []Item
		unknown := fault.Collector{}
		for i := range in.Items {
			u := &in.Items[i]
			if u.ID == 0 {
				added = append(added, u.of(Item{}))
				continue
			}
			unknown.In = fault.Place{List: FieldItems, At: i + 1}
			at := slices.IndexFunc(w.Items, func(have Item) bool { return have.ID == u.ID })
			if at < 0 {
				unknown.Because(FieldItem, fault.Unknown, WhyNoItem, "")
				continue
			}
			it := u.of(w.Items[at])
			if it == w.Items[at] {
				continue
			}
			if slices.ContainsFunc(w.Items, func(have Item) bool { return have.ProductID == it.ProductID && have.VariantID == it.VariantID }) {
				unknown.Because(FieldItem, fault.Taken, WhyTwice, "")
				continue
			}
			// Not an update, which could meet itself in the unique index.
			if err := tx.Exec(deleteItem, w.ID, it.ID); err != nil {
				return err
			}
			if err := tx.Exec(insertItem, w.ID, it.ID, it.ProductID, it.VariantID); err != nil {
				return err
			}
			w.Items[at] = it
		}
		if err := unknown.Err(fault.Invalid); err != nil {
			return err
		}
		return w.add(tx, added)
	})
}

// AddItems adds products to a list; those that are on it stay as they are.
func (s *Service) AddItems(ctx context.Context, storeID, owner, id int64, items []Item) (Wishlist, error) {
	c := fault.Collector{}
	checkItems(&c, items)
	if err := c.Err(fault.Invalid); err != nil {
		return Wishlist{}, err
	}
	return s.change(ctx, storeID, owner, id, func(tx *sqldb.Tx, w *Wishlist) error { return w.add(tx, items) })
}

func (w *Wishlist) add(tx *sqldb.Tx, items []Item) error {
	fresh := missing(w.Items, items)
	if len(fresh) == 0 {
		return nil
	}
	if len(w.Items)+len(fresh) > MaxItems {
		return tooManyItems()
	}
	_, last, err := take(tx, 0, int64(len(fresh)))
	if err != nil {
		return err
	}
	return w.insert(tx, fresh, last)
}

// RemoveItems takes items off a list. One that is not on it is NotFound, and
// all stay.
func (s *Service) RemoveItems(ctx context.Context, storeID, owner, id int64, items []int64) (Wishlist, error) {
	return s.change(ctx, storeID, owner, id, func(tx *sqldb.Tx, w *Wishlist) error {
		for _, item := range items {
			at := slices.IndexFunc(w.Items, func(have Item) bool { return have.ID == item })
			if at < 0 {
				return ErrNoItem
			}
			if err := tx.Exec(deleteItem, w.ID, item); err != nil {
				return err
			}
			w.Items = slices.Delete(w.Items, at, at+1)
		}
		return nil
	})
}

// Delete removes lists, all of them or, if the owner lacks one, none. Without
// an owner, lists that do not exist are passed over.
func (s *Service) Delete(ctx context.Context, storeID, owner int64, ids ...int64) error {
	if len(ids) > MaxLists {
		return fault.New(fault.Invalid, "too many wishlists at once")
	}
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	return s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		if _, _, err := take(tx, 0, 0); err != nil { // as in change
			return err
		}
		var gone []int64
		var told []history.Entry
		for _, id := range ids {
			var w Wishlist
			if err := tx.Query(sqldb.Dynamic(`SELECT `+columns+` FROM wishlists WHERE store_id = $1 AND id = $2`+tx.ForDelete()), func(r *sqldb.Row) error {
				w.scan(r)
				return nil
			}, id); err != nil {
				return err
			}
			if owner != 0 && w.CustomerID != owner {
				return errNone
			}
			if w.CustomerID == 0 {
				continue
			}
			gone = append(gone, w.ID)
			told = append(told, w.deletion())
		}
		if err := history.Enter(tx, s.sys.Now(), told...); err != nil {
			return err
		}
		for _, id := range gone {
			if err := tx.Exec(deleteList, id); err != nil {
				return err
			}
		}
		return total.Wishlists.Move(tx, "", -int64(len(gone)))
	})
}
