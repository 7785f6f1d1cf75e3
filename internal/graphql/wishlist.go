package graphql

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"clientele/internal/catalog"
	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/graphql/exec"
	"clientele/internal/listing"
	"clientele/internal/opt"
	"clientele/internal/wishlist"
)

// shownList is a wishlist as it is shown.
type shownList struct {
	*wishlist.Wishlist
	mine  bool // of who asks
	shelf *shelf
}

// shelf is lists that were read together, so that their items are too.
type shelf struct {
	ids  []int64
	read map[itemsAsked]*memo[map[int64]*wishlist.ItemPage]
	// products are those of the items that were read.
	products map[itemsAsked]*memo[map[int64]*catalog.Product]
}

// itemsAsked is what is asked of the items of a list: a window and, written
// out, a filter.
type itemsAsked struct {
	listing.Window
	filter string
}

// wish is an item of a list, with the products of all items that were read with
// it.
type wish struct {
	wishlist.Item
	products func(*exec.Call) (map[int64]*catalog.Product, error)
}

// wishlistTables answer wishlists. Any product may be on them; those of which
// nothing is known have only their id.
func (s *Server) wishlistTables() exec.Tables {
	list := exec.Fields{
		"entityId": exec.Int(func(l *shownList) int64 { return l.ID }),
		"name":     exec.Text(func(l *shownList) string { return l.Name }),
		"token":    exec.Text(func(l *shownList) string { return l.Token }),
		"items":    exec.Object(s.items),
	}
	changed := exec.Of[shownList](exec.Fields{"result": exec.Part(func(l *shownList) *shownList { return l })})
	return exec.Tables{
		"Wishlist":       exec.Of[shownList](list.With("isPublic", exec.Bool(func(l *shownList) bool { return l.IsPublic }))),
		"PublicWishlist": exec.Of[shownList](list.With("isOwner", exec.Bool(func(l *shownList) bool { return l.mine }))),
		"WishlistItem": exec.Of[wish](exec.Fields{
			"entityId":        exec.Int(func(it *wish) int64 { return it.ID }),
			"product":         exec.Object(s.wished),
			"productEntityId": exec.Int(func(it *wish) int64 { return it.ProductID }),
			"variantEntityId": exec.IntOrNull(func(it *wish) *int64 {
				if it.VariantID == 0 {
					return nil
				}
				return &it.VariantID
			}),
		}),
		"WishlistMutations": exec.Of[exec.None](exec.Fields{
			"createWishlist":      exec.Object(s.createWishlist),
			"addWishlistItems":    exec.Object(s.addWishlistItems),
			"deleteWishlistItems": exec.Object(s.deleteWishlistItems),
			"updateWishlist":      exec.Object(s.updateWishlist),
			"deleteWishlists":     exec.Object(s.deleteWishlists),
		}),
		"CreateWishlistResult":      changed,
		"AddWishlistItemsResult":    changed,
		"DeleteWishlistItemsResult": changed,
		"UpdateWishlistResult":      changed,
		"DeleteWishlistResult":      exec.Of[done](exec.Fields{"result": exec.Text(func(*done) string { return success })}),
	}
}

// Texts of what goes wrong with wishlists.
const (
	textNoWishlist  = "The wishlist does not exist."
	textLargeFilter = "A filter takes at most 1000 IDs."
)

// chosen reads a filter.
func chosen(sets ...[]int64) error {
	for _, set := range sets {
		if len(set) > wishlist.MaxFilter {
			return publicError("", textLargeFilter)
		}
	}
	return nil
}

// publicWishlist finds a wishlist that its owner shares.
func (s *Server) publicWishlist(c *exec.Call, _ *exec.None) (*shownList, error) {
	w := shopperOf(c.Context)
	list, err := s.Wishlists.Public(c.Context, w.visit.Site.StoreID, c.Args.Text("token"))
	if f := business(err); f != nil && f.Kind == fault.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	out := alone(&list)
	out.mine = list.CustomerID == w.customerID
	return out, nil
}

// alone returns a list that was read by itself.
func alone(w *wishlist.Wishlist) *shownList {
	return &shownList{Wishlist: w, shelf: &shelf{ids: []int64{w.ID}}}
}

// wishlists returns a page of the customer's wishlists.
func (s *Server) wishlists(c *exec.Call, p *customer.Profile) (*page[shownList], error) {
	at, err := window(c.Args)
	if err != nil {
		return nil, err
	}
	filters := c.Args.Object("filters")
	f := wishlist.Filter{IDs: filters.Ints("entityIds"), Products: filters.Ints("productEntityIds"), Variants: filters.Ints("variantEntityIds")}
	if err := chosen(f.IDs, f.Products, f.Variants); err != nil {
		return nil, err
	}
	found, err := s.Wishlists.Page(c.Context, shopperOf(c.Context).visit.Site.StoreID, p.ID, at, f)
	if err != nil {
		return nil, err
	}
	edges := make([]edge[shownList], len(found.Lists))
	together := &shelf{ids: make([]int64, len(found.Lists))}
	for i := range found.Lists {
		l := &found.Lists[i]
		together.ids[i] = l.ID
		edges[i] = edge[shownList]{l.ID, shownList{Wishlist: l, shelf: together}}
	}
	return newPage(edges, found.Before, found.After), nil
}

// wished returns what is known of an item's product, or nil.
func (s *Server) wished(c *exec.Call, it *wish) (*shownProduct, error) {
	products, err := it.products(c)
	if err != nil {
		return nil, err
	}
	return s.shown(c, products[it.ProductID])
}

// items returns a page of a list's items, which are read for all lists on the
// shelf, and so are their products. An item is out of stock if its product is
// known to be.
func (s *Server) items(c *exec.Call, l *shownList) (*page[wish], error) {
	at, err := window(c.Args)
	if err != nil {
		return nil, err
	}
	filters := c.Args.Object("filters")
	f := wishlist.Filter{Products: filters.Ints("productEntityIds"), Variants: filters.Ints("variantEntityIds"), InStock: c.Args.Bool("hideOutOfStock")}
	if err := chosen(f.Products, f.Variants); err != nil {
		return nil, err
	}
	asked := itemsAsked{at, fmt.Sprint(f)}
	pages, err := l.shelf.items(asked, func() (map[int64]*wishlist.ItemPage, error) {
		return s.Wishlists.Items(c.Context, shopperOf(c.Context).visit.Site.StoreID, l.shelf.ids, at, f)
	})
	if err != nil {
		return nil, err
	}
	found := pages[l.ID]
	if found == nil {
		found = &wishlist.ItemPage{}
	}
	products := func(c *exec.Call) (map[int64]*catalog.Product, error) { return s.productsOf(c, l.shelf, asked, pages) }
	edges := make([]edge[wish], len(found.Items))
	for i, it := range found.Items {
		edges[i] = edge[wish]{it.ID, wish{it, products}}
	}
	out := newPage(edges, found.Before, found.After)
	out.total = found.Total
	return out, nil
}

// productsOf returns the products of items that were read together, by their
// ids, and reads them once.
func (s *Server) productsOf(c *exec.Call, of *shelf, asked itemsAsked, pages map[int64]*wishlist.ItemPage) (map[int64]*catalog.Product, error) {
	if of.products == nil {
		of.products = map[itemsAsked]*memo[map[int64]*catalog.Product]{}
	}
	if of.products[asked] == nil {
		of.products[asked] = &memo[map[int64]*catalog.Product]{}
	}
	return of.products[asked].get(func() (map[int64]*catalog.Product, error) {
		var ids []int64
		for _, p := range pages {
			for _, it := range p.Items {
				ids = append(ids, it.ProductID)
			}
		}
		slices.Sort(ids)
		return s.Products.ByID(c.Context, shopperOf(c.Context).visit.Site.StoreID, slices.Compact(ids))
	})
}

// items returns what load returns; it loads once for all that ask the same.
func (s *shelf) items(asked itemsAsked, load func() (map[int64]*wishlist.ItemPage, error)) (map[int64]*wishlist.ItemPage, error) {
	if s.read == nil {
		s.read = map[itemsAsked]*memo[map[int64]*wishlist.ItemPage]{}
	}
	if s.read[asked] == nil {
		s.read[asked] = &memo[map[int64]*wishlist.ItemPage]{}
	}
	return s.read[asked].get(load)
}

// owner returns the customer whose wishlists a mutation changes.
func owner(ctx context.Context) (storeID, customerID int64, err error) {
	w := shopperOf(ctx)
	if w.customerID == 0 {
		return 0, 0, publicError("", textNotLoggedIn)
	}
	return w.visit.Site.StoreID, w.customerID, nil
}

// changed returns a list as it is after a mutation, or what is wrong with the
// mutation: these have no typed errors.
func changed(c *exec.Call, w *wishlist.Wishlist, err error) (*shownList, error) {
	f := business(err)
	switch {
	case err == nil:
		return alone(w), nil
	case f == nil:
		return nil, err
	case f.Kind == fault.NotFound:
		return nil, publicError("", textNoWishlist)
	case f.Kind != fault.Invalid:
		return nil, publicError("", message(f))
	}
	for i, it := range f.Items {
		text := sentence(speech.Sentence(&it))
		if it.Code == fault.Unknown && it.Field == wishlist.FieldCustomer {
			text = textNoCustomer
		}
		if i == len(f.Items)-1 {
			return nil, publicError("", text)
		}
		c.AddError(publicError("", text))
	}
	return nil, publicError("", message(f))
}

func wishes(in []exec.Args) []wishlist.Item {
	out := make([]wishlist.Item, len(in))
	for i, it := range in {
		out[i].ProductID, out[i].VariantID = it.Int("productEntityId"), it.Int("variantEntityId")
	}
	return out
}

// createWishlist makes a wishlist.
func (s *Server) createWishlist(c *exec.Call, _ *exec.None) (*shownList, error) {
	storeID, customerID, err := owner(c.Context)
	if err != nil {
		return nil, err
	}
	in := c.Args.Object("input")
	w, err := s.Wishlists.Create(c.Context, storeID, wishlist.Create{CustomerID: customerID, Name: in.Text("name"), IsPublic: in.Bool("isPublic"), Items: wishes(in.Objects("items"))})
	return changed(c, &w, err)
}

// addWishlistItems adds items to a wishlist.
func (s *Server) addWishlistItems(c *exec.Call, _ *exec.None) (*shownList, error) {
	storeID, customerID, err := owner(c.Context)
	if err != nil {
		return nil, err
	}
	in := c.Args.Object("input")
	w, err := s.Wishlists.AddItems(c.Context, storeID, customerID, in.Int("entityId"), wishes(in.Objects("items")))
	return changed(c, &w, err)
}

// deleteWishlistItems takes items off a wishlist.
func (s *Server) deleteWishlistItems(c *exec.Call, _ *exec.None) (*shownList, error) {
	storeID, customerID, err := owner(c.Context)
	if err != nil {
		return nil, err
	}
	in := c.Args.Object("input")
	w, err := s.Wishlists.RemoveItems(c.Context, storeID, customerID, in.Int("entityId"), in.Ints("itemEntityIds"))
	if errors.Is(err, wishlist.ErrNoItem) {
		return nil, publicError("", message(fault.As(err)))
	}
	return changed(c, &w, err)
}

// updateWishlist changes a wishlist.
func (s *Server) updateWishlist(c *exec.Call, _ *exec.None) (*shownList, error) {
	storeID, customerID, err := owner(c.Context)
	if err != nil {
		return nil, err
	}
	in := c.Args.Object("input")
	data := in.Object("data")
	cmd := wishlist.Update{ID: in.Int("entityId"), Name: field(data, "name")}
	if public := data.BoolOrNil("isPublic"); public != nil {
		cmd.IsPublic = opt.Some(*public)
	}
	w, err := s.Wishlists.Update(c.Context, storeID, customerID, cmd)
	return changed(c, &w, err)
}

// deleteWishlists deletes wishlists, all of them or none.
func (s *Server) deleteWishlists(c *exec.Call, _ *exec.None) (*done, error) {
	storeID, customerID, err := owner(c.Context)
	if err != nil {
		return nil, err
	}
	err = s.Wishlists.Delete(c.Context, storeID, customerID, c.Args.Object("input").Ints("entityIds")...)
	if _, err = changed(c, &wishlist.Wishlist{}, err); err != nil {
		return nil, err
	}
	return &done{}, nil
}
