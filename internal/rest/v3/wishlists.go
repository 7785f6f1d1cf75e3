package v3

import (
	"net/http"
	"strconv"

	"clientele/internal/auth"
	"clientele/internal/jsonx"
	"clientele/internal/listing"
	"clientele/internal/rest"
	"clientele/internal/wishlist"
)

func (s *Surface) wishlistRoutes() []rest.Route {
	return []rest.Route{
		{Method: "GET", Pattern: "/wishlists", Need: auth.ReadCustomers, Handle: s.listWishlists},
		{Method: "POST", Pattern: "/wishlists", Need: auth.ModifyCustomers, Class: rest.Creating, Handle: s.createWishlist, Titles: createWishlist},
		{Method: "GET", Pattern: "/wishlists/{wishlist_id}", Need: auth.ReadCustomers, Handle: s.getWishlist},
		{Method: "PUT", Pattern: "/wishlists/{wishlist_id}", Need: auth.ModifyCustomers, Class: rest.Updating, Handle: s.updateWishlist, Titles: updateWishlist},
		{Method: "DELETE", Pattern: "/wishlists/{wishlist_id}", Need: auth.ModifyCustomers, Handle: s.deleteWishlist},
		{Method: "POST", Pattern: "/wishlists/{wishlist_id}/items", Need: auth.ModifyCustomers, Class: rest.Creating, Handle: s.addWishlistItems, Titles: addWishlistItems},
		{Method: "DELETE", Pattern: "/wishlists/{wishlist_id}/items/{item_id}", Need: auth.ModifyCustomers, Handle: s.deleteWishlistItem},
	}
}

var wishlistLists = map[string]*listing.Spec{"GET /wishlists": wishlist.List}

func (s *Surface) listWishlists(c *rest.Call) error {
	q, err := wishlist.List.Parse(c.R.URL.RawQuery)
	if err != nil {
		return err
	}
	rows, res, err := s.Wishlists.List(c.Ctx(), c.StoreID(), q)
	if err != nil {
		return err
	}
	SendList(c, q, res, false, rows, appendWishlist)
	return nil
}

func (s *Surface) getWishlist(c *rest.Call) error {
	id, err := PathID(c, "wishlist_id")
	if err != nil {
		return err
	}
	w, err := s.Wishlists.Get(c.Ctx(), c.StoreID(), 0, id)
	if err != nil {
		return err
	}
	sendOne(c, &w, appendWishlist)
	return nil
}

func (s *Surface) createWishlist(c *rest.Call) error {
	d, err := single(c)
	if err != nil {
		return err
	}
	d.requiredNumber("customer_id")
	d.required("name")
	in := wishlist.Create{
		CustomerID: d.integer("customer_id").Value, Name: d.text("name").Value, IsPublic: d.flag("is_public").Value, Items: d.wishlistItems(),
	}
	if err := malformed(d.c.Items); err != nil {
		return err
	}
	w, err := s.Wishlists.Create(c.Ctx(), c.StoreID(), in)
	if err != nil {
		return err
	}
	sendOneAs(c, http.StatusCreated, &w, appendWishlist)
	return nil
}

// updateWishlist answers 201, as documented. customer_id is documented as
// required and read-only: it is not looked at.
func (s *Surface) updateWishlist(c *rest.Call) error {
	id, err := PathID(c, "wishlist_id")
	if err != nil {
		return err
	}
	d, err := single(c)
	if err != nil {
		return err
	}
	in := wishlist.Update{ID: id, Name: d.text("name"), IsPublic: d.flag("is_public"), Items: d.wishlistItems()}
	if err := malformed(d.c.Items); err != nil {
		return err
	}
	w, err := s.Wishlists.Update(c.Ctx(), c.StoreID(), 0, in)
	if err != nil {
		return err
	}
	sendOneAs(c, http.StatusCreated, &w, appendWishlist)
	return nil
}

func (s *Surface) deleteWishlist(c *rest.Call) error {
	id, err := PathID(c, "wishlist_id")
	if err != nil {
		return err
	}
	if err := s.Wishlists.Delete(c.Ctx(), c.StoreID(), 0, id); err != nil {
		return err
	}
	c.SendEmpty(http.StatusNoContent)
	return nil
}

func (s *Surface) addWishlistItems(c *rest.Call) error {
	id, err := PathID(c, "wishlist_id")
	if err != nil {
		return err
	}
	d, err := single(c)
	if err != nil {
		return err
	}
	items := d.wishlistItems()
	if err := malformed(d.c.Items); err != nil {
		return err
	}
	w, err := s.Wishlists.AddItems(c.Ctx(), c.StoreID(), 0, id, items)
	if err != nil {
		return err
	}
	sendOneAs(c, http.StatusCreated, &w, appendWishlist)
	return nil
}

func (s *Surface) deleteWishlistItem(c *rest.Call) error {
	id, err := PathID(c, "wishlist_id")
	if err != nil {
		return err
	}
	item, err := PathID(c, "item_id")
	if err != nil {
		return err
	}
	w, err := s.Wishlists.RemoveItems(c.Ctx(), c.StoreID(), 0, id, []int64{item})
	if err != nil {
		return err
	}
	sendOne(c, &w, appendWishlist)
	return nil
}

func (d decoder) wishlistItems() (out []wishlist.Item) {
	d.array("items", func(_ int, e decoder) {
		id := e.integer("id").Value
		if id == 0 {
			e.requiredNumber("product_id")
		}
		out = append(out, wishlist.Item{ID: id, ProductID: e.integer("product_id").Value, VariantID: e.integer("variant_id").Value})
	})
	return out
}

func appendWishlist(b []byte, w *wishlist.Wishlist) []byte {
	b = append(b, `{"id":`...)
	b = strconv.AppendInt(b, w.ID, 10)
	b = append(b, `,"customer_id":`...)
	b = strconv.AppendInt(b, w.CustomerID, 10)
	b = append(b, `,"name":`...)
	b = jsonx.AppendString(b, w.Name)
	b = append(b, `,"is_public":`...)
	b = strconv.AppendBool(b, w.IsPublic)
	b = append(b, `,"token":`...)
	b = jsonx.AppendString(b, w.Token)
	b = append(b, `,"items":[`...)
	for i, it := range w.Items {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"id":`...)
		b = strconv.AppendInt(b, it.ID, 10)
		b = append(b, `,"product_id":`...)
		b = strconv.AppendInt(b, it.ProductID, 10)
		if it.VariantID != 0 {
			b = append(b, `,"variant_id":`...)
			b = strconv.AppendInt(b, it.VariantID, 10)
		}
		b = append(b, '}')
	}
	return append(b, "]}"...)
}
