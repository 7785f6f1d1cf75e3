package graphql_test

import (
	"testing"

	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// What a headless storefront selects of a product wherever it shows one.
const card = `fragment Card on Product { entityId name path sku showCartAction defaultImage { altText url: urlTemplate(lossy: true) } brand { name path }
	inventory { hasVariantInventory isInStock aggregated { availableForBackorder unlimitedBackorder availableOnHand } } availabilityV2 { status } reviewSummary { numberOfReviews averageRating }
	variants(first: 1) { edges { node { entityId sku inventory { byLocation { edges { node { locationEntityId backorderMessage } } } } } } } ...Cost }
fragment Cost on Product { prices(currencyCode: $currency) { price { ...Sum } basePrice { ...Sum } retailPrice { ...Sum } salePrice { ...Sum } priceRange { min { ...Sum } max { ...Sum } } } }
fragment Sum on Money { value currencyCode }
`

const wish = card + `fragment Around on PageInfo { hasNextPage hasPreviousPage startCursor endCursor }
fragment Wish on WishlistItem { entityId productEntityId variantEntityId product { ...Card } }
`

// The queries of a headless storefront's pages, with the sizes that it asks
// for, are within the bounds of complexity and depth.
func TestHeadlessPages(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, sqldb.SQLite))
	w.list(1, "Mine", true, 1, 2)
	token := []string{"X-Bc-Customer-Access-Token", w.signIn("jane@example.com")}
	const paged = `query Page($first: Int, $after: String, $last: Int, $before: String, $currency: currencyCode`
	const window = `(first: $first, after: $after, last: $last, before: $before`
	for name, c := range map[string]struct {
		query string
		first int
	}{
		"home": {`query Home($currency: currencyCode) { site { featuredProducts(first: 12) { edges { node { ...Card } } } newestProducts(first: 12) { edges { node { ...Card } } }
			settings { inventory { defaultOutOfStockMessage showOutOfStockMessage showBackorderMessage } newsletter { showNewsletterSignup } } } }` + card, 0},
		"wishlists": {paged + `) { customer { wishlists` + window + `) { edges { node { entityId name isPublic token items(first: 6) { edges { node { ...Wish } } collectionInfo { totalItems } } } } pageInfo { ...Around } } } }` + wish, 9},
		"wishlist": {paged + `, $id: Int! = 1) { customer { wishlists(filters: {entityIds: [$id]}) { edges { node { entityId name isPublic token
			items` + window + `) { edges { node { ...Wish } } pageInfo { ...Around } collectionInfo { totalItems } } } } } } }` + wish, 9},
		"public wishlist": {paged + `) { site { publicWishlist(token: "x") { entityId name token items` + window + `) { edges { node { ...Wish } } pageInfo { ...Around } collectionInfo { totalItems } } } } }` + wish, 9},
		"orders": {`query Orders($first: Int, $after: String, $last: Int, $before: String, $filters: OrdersFiltersInput) { customer { orders` + window + `, filters: $filters) { pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
			edges { node { entityId orderedAt { utc } status { label value } totalIncTax { value currencyCode } consignments {
				shipping { edges { node { lineItems { edges { node { entityId productEntityId brand name quantity baseCatalogProduct { path } image { url: urlTemplate(lossy: true) altText } subTotalListPrice { value currencyCode }
					catalogProductWithOptionSelections { prices { price { value currencyCode } } } productOptions { __typename name value } } } } } } }
				email { giftCertificates { edges { node { lineItems { edges { node { entityId name salePrice { value formattedV2 currencyCode } } } } } } } } } } } } } }`, 5},
	} {
		variables := map[string]any{"currency": "USD"}
		if c.first > 0 {
			variables["first"], variables["after"] = c.first, ""
		}
		a := w.ask(c.query, variables, token...)
		if a.Code != 200 || len(a.Errors) > 0 {
			t.Errorf("%s: %d, complexity %s, %.300s", name, a.Code, a.Header.Get("X-Bc-Graphql-Complexity"), a.Text)
		}
	}
}
