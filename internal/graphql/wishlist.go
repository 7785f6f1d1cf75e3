package graphql

import (
	"context"
	"errors"
	"fmt"

	gqlgen "github.com/99designs/gqlgen/graphql"

	"clientele/internal/fault"
	"clientele/internal/graphql/gen"
	"clientele/internal/graphql/model"
	"clientele/internal/opt"
	"clientele/internal/wishlist"
)

type (
	wishlistMutations    struct{ *Server }
	publicWishlistItems  struct{ *Server }
	privateWishlistItems struct{ *Server }
)

// PublicWishlist implements gen.ResolverRoot.
func (r *resolvers) PublicWishlist() gen.PublicWishlistResolver {
	return &publicWishlistItems{r.Server}
}

// Wishlist implements gen.ResolverRoot.
func (r *resolvers) Wishlist() gen.WishlistResolver { return &privateWishlistItems{r.Server} }

// WishlistMutations implements gen.ResolverRoot.
func (r *resolvers) WishlistMutations() gen.WishlistMutationsResolver {
	return &wishlistMutations{r.Server}
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

// PublicWishlist finds a wishlist that its owner shares.
func (r *siteResolver) PublicWishlist(ctx context.Context, _ *model.Site, token string) (*model.PublicWishlist, error) {
	w := shopperOf(ctx)
	list, err := r.Config.Wishlists.Public(ctx, w.visit.Site.StoreID, token)
	if f := business(err); f != nil && f.Kind == fault.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &model.PublicWishlist{
		EntityID: list.ID, Name: list.Name, Token: list.Token, IsOwner: ptr(list.CustomerID == w.customerID), Shelf: &model.Shelf{IDs: []int64{list.ID}},
	}, nil
}

// Wishlists returns a page of the customer's wishlists.
func (r *customerResolver) Wishlists(ctx context.Context, obj *model.Customer, filters *model.WishlistFiltersInput, before, after *string, first, last *int64) (*model.WishlistConnection, error) {
	at, err := window(before, after, first, last)
	if err != nil {
		return nil, err
	}
	var f wishlist.Filter
	if filters != nil {
		f = wishlist.Filter{IDs: filters.EntityIds, Products: filters.ProductEntityIds, Variants: filters.VariantEntityIds}
		if err := chosen(f.IDs, f.Products, f.Variants); err != nil {
			return nil, err
		}
	}
	page, err := r.Config.Wishlists.Page(ctx, shopperOf(ctx).visit.Site.StoreID, obj.EntityID, at, f)
	if err != nil {
		return nil, err
	}
	out := &model.WishlistConnection{Edges: make([]*model.WishlistEdge, len(page.Lists))}
	shelf := &model.Shelf{IDs: make([]int64, len(page.Lists))}
	for i := range page.Lists {
		shelf.IDs[i] = page.Lists[i].ID
		out.Edges[i] = &model.WishlistEdge{Cursor: cursor(shelf.IDs[i]), Node: ownList(&page.Lists[i], shelf)}
	}
	out.PageInfo = pageInfo(shelf.IDs, page.Before, page.After)
	return out, nil
}

// ownList makes the schema's form of a list for its owner.
func ownList(w *wishlist.Wishlist, shelf *model.Shelf) *model.Wishlist {
	return &model.Wishlist{EntityID: w.ID, Name: w.Name, IsPublic: w.IsPublic, Token: w.Token, Shelf: shelf}
}

// Items returns a page of a shared wishlist's items.
func (r *publicWishlistItems) Items(ctx context.Context, obj *model.PublicWishlist, _ *bool, filters *model.WishlistItemsFiltersInput, before, after *string, first, last *int64) (*model.WishlistItemConnection, error) {
	return r.items(ctx, obj.EntityID, obj.Shelf, filters, before, after, first, last)
}

// Items returns a page of a wishlist's items.
func (r *privateWishlistItems) Items(ctx context.Context, obj *model.Wishlist, _ *bool, filters *model.WishlistItemsFiltersInput, before, after *string, first, last *int64) (*model.WishlistItemConnection, error) {
	return r.items(ctx, obj.EntityID, obj.Shelf, filters, before, after, first, last)
}

// items returns a page of a list's items, which are read for all lists on the
// shelf. What is in stock is not known here: nothing is hidden. Nor are
// products, but for their ids.
func (s *Server) items(ctx context.Context, id int64, shelf *model.Shelf, filters *model.WishlistItemsFiltersInput, before, after *string, first, last *int64) (*model.WishlistItemConnection, error) {
	at, err := window(before, after, first, last)
	if err != nil {
		return nil, err
	}
	var f wishlist.Filter
	if filters != nil {
		f = wishlist.Filter{Products: filters.ProductEntityIds, Variants: filters.VariantEntityIds}
		if err := chosen(f.Products, f.Variants); err != nil {
			return nil, err
		}
	}
	pages, err := shelf.Items(model.ItemsAsked{Window: at, Filter: fmt.Sprint(f)}, func() (map[int64]*wishlist.ItemPage, error) {
		return s.Config.Wishlists.Items(ctx, shopperOf(ctx).visit.Site.StoreID, shelf.IDs, at, f)
	})
	if err != nil {
		return nil, err
	}
	page := pages[id]
	if page == nil {
		page = &wishlist.ItemPage{}
	}
	out := &model.WishlistItemConnection{Edges: make([]*model.WishlistItemEdge, len(page.Items)), CollectionInfo: &model.CollectionInfo{TotalItems: &page.Total}}
	ids := make([]int64, len(page.Items))
	for i, it := range page.Items {
		ids[i] = it.ID
		node := &model.WishlistItem{EntityID: it.ID, ProductEntityID: it.ProductID}
		if it.VariantID != 0 {
			node.VariantEntityID = &it.VariantID
		}
		out.Edges[i] = &model.WishlistItemEdge{Cursor: cursor(it.ID), Node: node}
	}
	out.PageInfo = pageInfo(ids, page.Before, page.After)
	return out, nil
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
func changed(ctx context.Context, w *wishlist.Wishlist, err error) (*model.Wishlist, error) {
	f := business(err)
	switch {
	case err == nil:
		return ownList(w, &model.Shelf{IDs: []int64{w.ID}}), nil
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
		gqlgen.AddError(ctx, publicError("", text))
	}
	return nil, publicError("", message(f))
}

func wishes(in []*model.WishlistItemInput) []wishlist.Item {
	out := make([]wishlist.Item, len(in))
	for i, it := range in {
		out[i].ProductID = it.ProductEntityID
		if it.VariantEntityID != nil {
			out[i].VariantID = *it.VariantEntityID
		}
	}
	return out
}

// CreateWishlist makes a wishlist.
func (r *wishlistMutations) CreateWishlist(ctx context.Context, _ *model.WishlistMutations, in model.CreateWishlistInput) (*model.CreateWishlistResult, error) {
	storeID, customerID, err := owner(ctx)
	if err != nil {
		return nil, err
	}
	w, err := r.Config.Wishlists.Create(ctx, storeID, wishlist.Create{CustomerID: customerID, Name: in.Name, IsPublic: in.IsPublic, Items: wishes(in.Items)})
	out, err := changed(ctx, &w, err)
	if err != nil {
		return nil, err
	}
	return &model.CreateWishlistResult{Result: out}, nil
}

// AddWishlistItems adds items to a wishlist.
func (r *wishlistMutations) AddWishlistItems(ctx context.Context, _ *model.WishlistMutations, in model.AddWishlistItemsInput) (*model.AddWishlistItemsResult, error) {
	storeID, customerID, err := owner(ctx)
	if err != nil {
		return nil, err
	}
	w, err := r.Config.Wishlists.AddItems(ctx, storeID, customerID, in.EntityID, wishes(in.Items))
	out, err := changed(ctx, &w, err)
	if err != nil {
		return nil, err
	}
	return &model.AddWishlistItemsResult{Result: out}, nil
}

// DeleteWishlistItems takes items off a wishlist.
func (r *wishlistMutations) DeleteWishlistItems(ctx context.Context, _ *model.WishlistMutations, in model.DeleteWishlistItemsInput) (*model.DeleteWishlistItemsResult, error) {
	storeID, customerID, err := owner(ctx)
	if err != nil {
		return nil, err
	}
	w, err := r.Config.Wishlists.RemoveItems(ctx, storeID, customerID, in.EntityID, in.ItemEntityIds)
	if errors.Is(err, wishlist.ErrNoItem) {
		return nil, publicError("", message(fault.As(err)))
	}
	out, err := changed(ctx, &w, err)
	if err != nil {
		return nil, err
	}
	return &model.DeleteWishlistItemsResult{Result: out}, nil
}

// UpdateWishlist changes a wishlist.
func (r *wishlistMutations) UpdateWishlist(ctx context.Context, _ *model.WishlistMutations, in model.UpdateWishlistInput) (*model.UpdateWishlistResult, error) {
	storeID, customerID, err := owner(ctx)
	if err != nil {
		return nil, err
	}
	cmd := wishlist.Update{ID: in.EntityID, Name: field(in.Data.Name)}
	if in.Data.IsPublic != nil {
		cmd.IsPublic = opt.Some(*in.Data.IsPublic)
	}
	w, err := r.Config.Wishlists.Update(ctx, storeID, customerID, cmd)
	out, err := changed(ctx, &w, err)
	if err != nil {
		return nil, err
	}
	return &model.UpdateWishlistResult{Result: out}, nil
}

// DeleteWishlists deletes wishlists, all of them or none.
func (r *wishlistMutations) DeleteWishlists(ctx context.Context, _ *model.WishlistMutations, in model.DeleteWishlistsInput) (*model.DeleteWishlistResult, error) {
	storeID, customerID, err := owner(ctx)
	if err != nil {
		return nil, err
	}
	err = r.Config.Wishlists.Delete(ctx, storeID, customerID, in.EntityIds...)
	if _, err = changed(ctx, &wishlist.Wishlist{}, err); err != nil {
		return nil, err
	}
	return &model.DeleteWishlistResult{Result: success}, nil
}
