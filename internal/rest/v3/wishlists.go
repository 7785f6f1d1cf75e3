package v3

import (
	"strconv"

	"clientele/internal/auth"
	"clientele/internal/jsonx"
	"clientele/internal/rest"
	"clientele/internal/rest/decode"
	"clientele/internal/rest/shape"
	"clientele/internal/wishlist"
)

// An update answers 201, as documented.
func (s *Surface) wishlistRoutes() []rest.Route {
	id := shape.ID("wishlist_id")
	item := shape.IDs(id, shape.ID("item_id"))
	return []rest.Route{
		{Method: "GET", Pattern: "/wishlists", Need: auth.ReadCustomers, List: wishlist.List, Handle: List(shape.ScopedPage(s.Wishlists.List), appendWishlist)},
		{Method: "POST", Pattern: "/wishlists", Need: auth.ModifyCustomers, Class: rest.Creating, Titles: createWishlist,
			Handle: shape.Call(object(decodeNewWishlist), s.createWishlist, located("/wishlists", func(w *wishlist.Wishlist) int64 { return w.ID }, created(appendWishlist)))},
		{Method: "GET", Pattern: "/wishlists/{wishlist_id}", Need: auth.ReadCustomers, Handle: get(id, s.getWishlist, one(appendWishlist))},
		{Method: "PUT", Pattern: "/wishlists/{wishlist_id}", Need: auth.ModifyCustomers, Class: rest.Updating, Titles: updateWishlist,
			Handle: shape.CallAt(id, withID(object[wishlist.Update], id, decodeWishlist), s.updateWishlist, created(appendWishlist))},
		{Method: "DELETE", Pattern: "/wishlists/{wishlist_id}", Need: auth.ModifyCustomers, Handle: shape.Do(id, s.deleteWishlist)},
		{Method: "POST", Pattern: "/wishlists/{wishlist_id}/items", Need: auth.ModifyCustomers, Class: rest.Creating, Titles: addWishlistItems,
			Handle: shape.CallAt(id, object(decodeItems), s.addWishlistItems, created(appendWishlist))},
		{Method: "DELETE", Pattern: "/wishlists/{wishlist_id}/items/{item_id}", Need: auth.ModifyCustomers,
			Handle: shape.Call(item, s.deleteWishlistItem, one(appendWishlist))},
	}
}

// anyOwner has the service take lists of all customers.
const anyOwner = 0

func (s *Surface) getWishlist(c *rest.Call, id int64) (*wishlist.Wishlist, error) {
	return shape.Ref(s.Wishlists.Get(c.Ctx(), c.StoreID(), anyOwner, id))
}

func (s *Surface) createWishlist(c *rest.Call, in wishlist.Create) (*wishlist.Wishlist, error) {
	return shape.Ref(s.Wishlists.Create(c.Ctx(), c.StoreID(), in))
}

func (s *Surface) updateWishlist(c *rest.Call, id int64, in wishlist.Update) (*wishlist.Wishlist, error) {
	in.ID = id
	return shape.Ref(s.Wishlists.Update(c.Ctx(), c.StoreID(), anyOwner, in))
}

func (s *Surface) deleteWishlist(c *rest.Call, id int64) error {
	return s.Wishlists.Delete(c.Ctx(), c.StoreID(), anyOwner, id)
}

func (s *Surface) addWishlistItems(c *rest.Call, id int64, items []wishlist.Item) (*wishlist.Wishlist, error) {
	return shape.Ref(s.Wishlists.AddItems(c.Ctx(), c.StoreID(), anyOwner, id, items))
}

func (s *Surface) deleteWishlistItem(c *rest.Call, item shape.Pair) (*wishlist.Wishlist, error) {
	return shape.Ref(s.Wishlists.RemoveItems(c.Ctx(), c.StoreID(), anyOwner, item.Owner, []int64{item.ID}))
}

var wishlistMembers = []string{"customer_id", "name", "is_public", "items"}

func decodeNewWishlist(o decode.Object) wishlist.Create {
	o.Only(wishlistMembers, []string{"id", "token"})
	o.RequiredAs(jsonx.Number, "customer_id")
	o.Required("name")
	return wishlist.Create{
		CustomerID: o.Int("customer_id").Value, Name: o.Text("name").Value, IsPublic: o.Flag("is_public").Value, Items: decodeNewItems(o),
	}
}

// decodeWishlist reads a change, which may repeat customer_id: it is documented
// as required and read-only.
func decodeWishlist(o decode.Object) wishlist.Update {
	o.Only(append([]string{"id", "token"}, wishlistMembers...), nil)
	return wishlist.Update{Claims: wishlist.Claims{CustomerID: o.Int("customer_id"), Token: o.Text("token")}, Name: o.Text("name"), IsPublic: o.Flag("is_public"), Items: decodeChangedItems(o)}
}

// decodeItems reads a body that has items alone.
func decodeItems(o decode.Object) []wishlist.Item {
	o.Only([]string{"items"}, nil)
	return decodeNewItems(o)
}

func decodeNewItems(o decode.Object) (out []wishlist.Item) {
	o.Objects("items", func(_ int, e decode.Object) {
		e.Only([]string{"product_id", "variant_id"}, []string{"id"})
		e.RequiredAs(jsonx.Number, "product_id")
		out = append(out, wishlist.Item{ProductID: e.Int("product_id").Value, VariantID: e.Int("variant_id").Value})
	})
	return out
}

// decodeChangedItems reads items that are changed, which have an id, and new
// ones.
func decodeChangedItems(o decode.Object) (out []wishlist.ItemUpdate) {
	o.Objects("items", func(_ int, e decode.Object) {
		e.Only([]string{"id", "product_id", "variant_id"}, nil)
		id := e.Int("id").Value
		if id == 0 {
			e.RequiredAs(jsonx.Number, "product_id")
		}
		out = append(out, wishlist.ItemUpdate{ID: id, ProductID: e.Int("product_id"), VariantID: e.Int("variant_id")})
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
