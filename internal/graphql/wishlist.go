package graphql

import (
	"context"

	"clientele/internal/graphql/gen"
	"clientele/internal/graphql/model"
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

func noWishlists() error { return failure("", "Wishlists are not available on this store.") }

// PublicWishlist finds a wishlist that its owner shares.
func (r *siteResolver) PublicWishlist(context.Context, *model.Site, string) (*model.PublicWishlist, error) {
	return nil, noWishlists()
}

// Wishlists returns a page of the customer's wishlists.
func (r *customerResolver) Wishlists(_ context.Context, _ *model.Customer, _ *model.WishlistFiltersInput, before, after *string, first, last *int64) (*model.WishlistConnection, error) {
	return nil, noWishlists()
}

// Items returns a page of a shared wishlist's items.
func (r *publicWishlistItems) Items(_ context.Context, _ *model.PublicWishlist, _ *bool, _ *model.WishlistItemsFiltersInput, before, after *string, first, last *int64) (*model.WishlistItemConnection, error) {
	return nil, noWishlists()
}

// Items returns a page of a wishlist's items.
func (r *privateWishlistItems) Items(_ context.Context, _ *model.Wishlist, _ *bool, _ *model.WishlistItemsFiltersInput, before, after *string, first, last *int64) (*model.WishlistItemConnection, error) {
	return nil, noWishlists()
}

// CreateWishlist makes a wishlist.
func (r *wishlistMutations) CreateWishlist(context.Context, *model.WishlistMutations, model.CreateWishlistInput) (*model.CreateWishlistResult, error) {
	return nil, noWishlists()
}

// AddWishlistItems adds items to a wishlist.
func (r *wishlistMutations) AddWishlistItems(context.Context, *model.WishlistMutations, model.AddWishlistItemsInput) (*model.AddWishlistItemsResult, error) {
	return nil, noWishlists()
}

// DeleteWishlistItems takes items off a wishlist.
func (r *wishlistMutations) DeleteWishlistItems(context.Context, *model.WishlistMutations, model.DeleteWishlistItemsInput) (*model.DeleteWishlistItemsResult, error) {
	return nil, noWishlists()
}

// UpdateWishlist changes a wishlist.
func (r *wishlistMutations) UpdateWishlist(context.Context, *model.WishlistMutations, model.UpdateWishlistInput) (*model.UpdateWishlistResult, error) {
	return nil, noWishlists()
}

// DeleteWishlists deletes wishlists.
func (r *wishlistMutations) DeleteWishlists(context.Context, *model.WishlistMutations, model.DeleteWishlistsInput) (*model.DeleteWishlistResult, error) {
	return nil, noWishlists()
}
