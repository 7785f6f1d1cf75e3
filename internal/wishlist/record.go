package wishlist

import (
	"slices"

	"clientele/internal/history"
)

// What the history tells of changes. The token by which a list is shared is not
// told.
var (
	listHistory = history.Table[Wishlist]{
		history.FlagColumn(history.FieldPublic, func(w *Wishlist) bool { return w.IsPublic }),
		history.Personal(history.TextColumn(history.FieldName, func(w *Wishlist) string { return w.Name })),
	}
	itemHistory = history.Table[onList]{
		history.IntColumn(history.FieldWishlist, func(it *onList) int64 { return it.list }),
		history.IntColumn(history.FieldProduct, func(it *onList) int64 { return it.ProductID }),
		history.IntColumn(history.FieldVariant, func(it *onList) int64 { return it.VariantID }),
	}
)

// onList is an item with the id of its list.
type onList struct {
	Item
	list int64
}

// deletion returns the entry of a list that goes. Its items go with it.
func (w *Wishlist) deletion() history.Entry {
	return listHistory.Change(history.Wishlist, w.ID, w.CustomerID, w, nil)
}

// changesSince returns the entries of what became of a list and its items; before is
// nil where it was made.
func (w *Wishlist) changesSince(before *Wishlist) []history.Entry {
	var out []history.Entry
	if e := listHistory.Change(history.Wishlist, w.ID, w.CustomerID, before, w); before == nil || e.Changed() {
		out = append(out, e)
	}
	item := func(id int64, was, is *onList) {
		out = append(out, itemHistory.Change(history.WishlistItem, id, w.CustomerID, was, is))
	}
	var had []Item
	if before != nil {
		had = before.Items
	}
	for _, it := range had {
		was := &onList{it, w.ID}
		at := slices.IndexFunc(w.Items, func(o Item) bool { return o.ID == it.ID })
		if at < 0 {
			item(it.ID, was, nil)
		} else if w.Items[at] != it {
			item(it.ID, was, &onList{w.Items[at], w.ID})
		}
	}
	for _, it := range w.Items {
		if !slices.ContainsFunc(had, func(o Item) bool { return o.ID == it.ID }) {
			item(it.ID, nil, &onList{it, w.ID})
		}
	}
	return out
}
