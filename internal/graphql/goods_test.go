package graphql_test

import (
	"fmt"
	"strings"
	"testing"

	"clientele/internal/catalog"
	"clientele/internal/order"
	"clientele/internal/sqldb"
)

// goods gives the store products 1 to 4, of which the last is out of stock, and
// orders to customers 1 and 2. The other store has a product 1 of its own.
func (w *world) goods() {
	w.t.Helper()
	products := []catalog.Product{
		{ID: 1, Name: "Cycling cap", SKU: "CAP-1", Path: "/cap/", Price: 199000, ImageURL: "https://cdn.example/cap.png", InStock: true},
		{ID: 2, Name: "Ärmel", SKU: "SL-2", Path: "/sleeves/", Price: 305001, InStock: true},
		{ID: 3, Name: "Bar tape", SKU: "TAPE", Path: "/tape", Price: 125000, InStock: true},
		{ID: 4, Name: "Cap, out", Path: "/out/", Price: 125000},
	}
	w.ok(w.db.Write(w.t.Context(), 1, func(tx *sqldb.Tx) error {
		if _, err := catalog.Put(tx, products, 1); err != nil {
			return err
		}
		_, err := order.Put(tx, []order.Given{
			{ID: 10, CustomerID: 1, ChannelID: 1, Status: "Completed", Date: 1_715_680_000, Lines: []order.GivenLine{{ProductID: 1, Quantity: 1}, {ProductID: 2, Quantity: 3}}},
			{ID: 11, CustomerID: 1, ChannelID: 1, Status: "shipped", Date: 1_715_690_000, Total: 130000, HasTotal: true, Lines: []order.GivenLine{{ProductID: 4, Quantity: 2, Price: 65000, HasPrice: true}}},
			{ID: 12, CustomerID: 1, ChannelID: 1, Status: "Pending", Date: 1_715_700_000},
			{ID: 20, CustomerID: 2, ChannelID: 1, Status: "Completed", Date: 1_715_690_000, Lines: []order.GivenLine{{ProductID: 3, Quantity: 1}}},
		}, 1_715_800_000)
		return err
	}))
	w.ok(w.db.Write(w.t.Context(), 2, func(tx *sqldb.Tx) error {
		_, err := catalog.Put(tx, []catalog.Product{{ID: 1, Name: "Theirs", SKU: "THEIRS", Path: "/theirs/", InStock: true}}, 1)
		return err
	}))
}

// What a store knows of its products is found by id, SKU, path and words.
func TestProducts(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.goods()
		w.want(w.ask(`{ site { product(entityId: 1) { id entityId sku path name prices(currencyCode: USD) { price { value currencyCode formattedV2 } salePrice { value } basePrice { value } priceRange { min { value } max { value } } }
			defaultImage { urlTemplate altText isDefault } images { edges { cursor node { urlOriginal } } } inventory { isInStock hasVariantInventory aggregated { availableToSell } } availabilityV2 { __typename status } showCartAction
			brand { name } reviewSummary { numberOfReviews } variants { edges { node { sku } } } seo { pageTitle } euro: prices(currencyCode: EUR) { price { value } } } } }`, nil), 200,
			`{"data":{"site":{"product":{"id":"UHJvZHVjdDox","entityId":1,"sku":"CAP-1","path":"/cap/","name":"Cycling cap","prices":{"price":{"value":19.9,"currencyCode":"USD","formattedV2":"$19.90"},"salePrice":null,"basePrice":{"value":19.9},"priceRange":{"min":{"value":19.9},"max":{"value":19.9}}},`+
				`"defaultImage":{"urlTemplate":"https://cdn.example/cap.png","altText":"Cycling cap","isDefault":true},"images":{"edges":[{"cursor":"Y3Vyc29yOjE=","node":{"urlOriginal":"https://cdn.example/cap.png"}}]},"inventory":{"isInStock":true,"hasVariantInventory":false,"aggregated":null},"availabilityV2":{"__typename":"ProductAvailable","status":"Available"},"showCartAction":false,`+
				`"brand":null,"reviewSummary":{"numberOfReviews":0},"variants":{"edges":[]},"seo":{"pageTitle":"Cycling cap"},"euro":null}}}}`)
		w.want(w.ask(`{ node(id: "UHJvZHVjdDoy") { __typename id ... on Product { prices { price { value } } } } none: node(id: "UHJvZHVjdDo5") { id } bad: node(id: "T3JkZXI6MQ==") { id }
			site { a: product(sku: "cap-1") { entityId } b: product(id: "UHJvZHVjdDoz") { name } c: product(entityId: 9) { name } d: product(variantEntityId: 1) { name } e: product(sku: "THEIRS") { name } f: product(sku: "") { name }
			r: route(path: "/cap") { node { __typename id } redirect { id } } s: route(path: "/tape/?x=1#y") { node { ... on Product { entityId } } } t: route(path: "/theirs/") { node { id } } u: route(path: "/") { node { id } } } }`, nil), 200,
			`{"data":{"node":{"__typename":"Product","id":"UHJvZHVjdDoy","prices":{"price":{"value":30.5001}}},"none":null,"bad":null,"site":{"a":{"entityId":1},"b":{"name":"Bar tape"},"c":null,"d":null,"e":null,"f":null,`+
				`"r":{"node":{"__typename":"Product","id":"UHJvZHVjdDox"},"redirect":null},"s":{"node":{"entityId":3}},"t":{"node":null},"u":{"node":null}}}}`)
		// Which products, in which order.
		const part = ` { collectionInfo { totalItems } pageInfo { hasPreviousPage hasNextPage } edges { node { entityId } } } `
		ids := func(field string) string {
			t.Helper()
			path := "site.x"
			if strings.HasPrefix(field, "{") {
				path, field = "site.search.searchProducts.x", `search { searchProducts(filters: `+field+part+`} }`
			} else {
				field = "x: " + field + part
			}
			a := w.ask(`{ site { `+field+` } }`, nil)
			if len(a.Errors) > 0 {
				return a.Errors[0].Message
			}
			out := ""
			edges, _ := dig(a.Data, path+".edges").([]any)
			for i := range edges {
				out += fmt.Sprint(dig(edges, fmt.Sprint(i, ".node.entityId")), " ")
			}
			return out + fmt.Sprint(dig(a.Data, path+".collectionInfo.totalItems"), dig(a.Data, path+".pageInfo.hasPreviousPage"), dig(a.Data, path+".pageInfo.hasNextPage"))
		}
		for field, want := range map[string]string{
			`products`:                                                                "1 2 3 4 4 false false",
			`products(hideOutOfStock: true)`:                                          "1 2 3 3 false false",
			`products(first: 2)`:                                                      "1 2 4 false true",
			`products(first: 2, after: "Y3Vyc29yOjI=")`:                               "3 4 4 true false",
			`products(last: 1)`:                                                       "4 4 true false",
			`products(last: 1, before: "Y3Vyc29yOjM=")`:                               "2 4 true true",
			`products(entityIds: [3, 1, 99])`:                                         "1 3 2 false false",
			`products(ids: ["UHJvZHVjdDox", "x"])`:                                    "1 1 false false",
			`products(ids: ["x"])`:                                                    "0 false false",
			`products(first: -1)`:                                                     "The argument first must not be negative",
			`newestProducts(first: 3)`:                                                "4 3 2 4 false true",
			`newestProducts(after: "Y3Vyc29yOjM=")`:                                   "2 1 4 true false",
			`newestProducts(last: 1)`:                                                 "1 4 true false",
			`{searchTerm: "CAP"}) { x: products`:                                      "1 4 2 false false",
			`{searchTerm: "cycling  cap-1"}) { x: products`:                           "1 1 false false",
			`{searchTerm: "ärmel"}) { x: products`:                                    "2 1 false false",
			`{searchTerm: "%"}) { x: products`:                                        "0 false false",
			`{searchTerm: "theirs"}) { x: products`:                                   "0 false false",
			`{searchTerm: "cap", hideOutOfStock: true}) { x: products`:                "1 1 false false",
			`{}, sort: A_TO_Z) { x: products`:                                         "3 4 1 2 4 false false",
			`{}, sort: Z_TO_A) { x: products(first: 3)`:                               "2 1 4 4 false true",
			`{}, sort: LOWEST_PRICE) { x: products(first: 1)`:                         "3 4 false true",
			`{}, sort: LOWEST_PRICE) { x: products(first: 2, after: "Y3Vyc29yOjM=")`:  "4 1 4 true true",
			`{}, sort: HIGHEST_PRICE) { x: products(last: 2, before: "Y3Vyc29yOjM=")`: "1 4 4 true true",
			`{price: {minPrice: 12.5, maxPrice: 19.9}}) { x: products`:                "1 3 4 3 false false",
			`{price: {maxPrice: 12.4999}}) { x: products`:                             "0 false false",
			`{brandEntityIds: [1]}) { x: products`:                                    "0 false false",
			`{categoryEntityId: 1}) { x: products`:                                    "0 false false",
			`{isFeatured: true}) { x: products`:                                       "0 false false",
			`{rating: {minRating: 1}}) { x: products`:                                 "0 false false",
			`{searchTerm: "` + strings.Repeat("a", 101) + `"}) { x: products`:         "A search term has at most 100 characters.",
		} {
			if got := ids(field); got != want {
				t.Errorf("%s: %s, want %s", field, got, want)
			}
		}
	})
}

// Wishlists show what is known of the products on them.
func TestWishedProducts(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.goods()
		w.list(1, "First", true, 1, 4, 99)
		token := []string{"X-Bc-Customer-Access-Token", w.signIn("jane@example.com")}
		w.want(w.ask(`{ customer { wishlists { edges { node { items { edges { node { productEntityId product { name } } } } left: items(hideOutOfStock: true) { collectionInfo { totalItems } edges { node { productEntityId product { path } } } } } } } } }`, nil, token...), 200,
			`{"data":{"customer":{"wishlists":{"edges":[{"node":{"items":{"edges":[{"node":{"productEntityId":1,"product":{"name":"Cycling cap"}}},{"node":{"productEntityId":4,"product":{"name":"Cap, out"}}},{"node":{"productEntityId":99,"product":null}}]},`+
				`"left":{"collectionInfo":{"totalItems":2},"edges":[{"node":{"productEntityId":1,"product":{"path":"/cap/"}}},{"node":{"productEntityId":99,"product":null}}]}}}]}}}}`)
	})
}

// Customers see their own orders, the newest first, and nobody else's.
func TestOrders(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.goods()
		token := []string{"X-Bc-Customer-Access-Token", w.signIn("jane@example.com")}
		const parts = `id entityId orderedAt { utc } status { value label } totalIncTax { value currencyCode } subTotal { value } taxTotal { value currencyCode } shippingCostTotal { currencyCode } discounts { nonCouponDiscountTotal { value currencyCode } couponDiscounts { couponCode } } totalProductQuantity
			consignments { shipping { edges { node { entityId shippingCost { currencyCode } shippingAddress { firstName lastName city country } lineItems { edges { node { productEntityId name sku quantity subTotalListPrice { value } image { urlTemplate } baseCatalogProduct { path } } } } shipments { edges { node { entityId } } } } } } email { giftCertificates { edges { node { recipientEmail } } } } }`
		const ten = `"entityId":10,"orderedAt":{"utc":"2024-05-14T09:46:40Z"},"status":{"value":"COMPLETED","label":"Completed"},"totalIncTax":{"value":111.4003,"currencyCode":"USD"},"subTotal":{"value":111.4003},"taxTotal":{"value":0,"currencyCode":"USD"},"shippingCostTotal":{"currencyCode":"USD"},"discounts":{"nonCouponDiscountTotal":{"value":0,"currencyCode":"USD"},"couponDiscounts":[]},"totalProductQuantity":4,` +
			`"consignments":{"shipping":{"edges":[{"node":{"entityId":10,"shippingCost":{"currencyCode":"USD"},"shippingAddress":{"firstName":"","lastName":"","city":null,"country":""},"lineItems":{"edges":[{"node":{"productEntityId":1,"name":"Cycling cap","sku":"CAP-1","quantity":1,"subTotalListPrice":{"value":19.9},"image":{"urlTemplate":"https://cdn.example/cap.png"},"baseCatalogProduct":{"path":"/cap/"}}},` +
			`{"node":{"productEntityId":2,"name":"Ärmel","sku":"SL-2","quantity":3,"subTotalListPrice":{"value":91.5003},"image":null,"baseCatalogProduct":{"path":"/sleeves/"}}}]},"shipments":{"edges":[]}}}]},"email":{"giftCertificates":{"edges":[]}}}`
		w.want(w.ask(`{ customer { orders(filters: {status: COMPLETED}) { edges { node { `+parts+` } } } } site { order(filter: {entityId: 10}) { __typename `+parts+` payments { edges { node { paymentMethodId } } } } } }`, nil, token...), 200,
			`{"data":{"customer":{"orders":{"edges":[{"node":{"id":"T3JkZXI6MTA=",`+ten+`}}]}},"site":{"order":{"__typename":"OrderWithPayments","id":"T3JkZXI6MTA=",`+ten+`,"payments":{"edges":[]}}}}}`)
		for args, want := range map[string]string{
			``:                                  "12 11 10 3 false false",
			`(first: 1)`:                        "12 3 false true",
			`(first: 1, after: "Y3Vyc29yOjEy")`: "11 3 true true",
			`(last: 1)`:                         "10 3 true false",
			`(last: 1, before: "Y3Vyc29yOjEw")`: "11 3 true true",
			`(filters: {status: SHIPPED})`:      "11 1 false false",
			`(filters: {dateRange: {from: "2024-05-14T12:00:00Z"}})`:                   "12 11 2 false false",
			`(filters: {dateRange: {from: "2024-05-14", to: "2024-05-14T10:00:00Z"}})`: "10 1 false false",
			`(filters: {status: PENDING, dateRange: {from: "2024-05-15T00:00:00Z"}})`:  "0 false false",
			`(filters: {status: REFUNDED})`:                                            "0 false false",
		} {
			a := w.ask(`{ customer { orders`+args+` { collectionInfo { totalItems } pageInfo { hasPreviousPage hasNextPage } edges { node { entityId } } } } }`, nil, token...)
			got := ""
			edges, _ := dig(a.Data, "customer.orders.edges").([]any)
			for i := range edges {
				got += fmt.Sprint(dig(edges, fmt.Sprint(i, ".node.entityId")), " ")
			}
			got += fmt.Sprint(dig(a.Data, "customer.orders.collectionInfo.totalItems"), dig(a.Data, "customer.orders.pageInfo.hasPreviousPage"), dig(a.Data, "customer.orders.pageInfo.hasNextPage"))
			if got != want {
				t.Errorf("%s: %s, want %s", args, got, want)
			}
		}
		// Not theirs, none, a cart's; and guests have none.
		w.want(w.ask(`{ site { a: order(filter: {entityId: 20}) { entityId } b: order(filter: {entityId: 99}) { entityId } c: order(filter: {entityId: 10, cartEntityId: "x"}) { entityId } d: order { entityId } } }`, nil, token...), 200, `{"data":{"site":{"a":null,"b":null,"c":null,"d":null}}}`)
		w.want(w.ask(`{ site { order(filter: {entityId: 10}) { entityId } } }`, nil), 200, `{"data":{"site":{"order":null}}}`)
		if a := w.ask(`{ site { order(filter: {entityId: 10}) { entityId } } }`, nil, "Authorization", "Bearer "+w.poor); len(a.Errors) != 1 {
			t.Errorf("without the scope: %s", a.Text)
		}
		// Orders go with their customer.
		w.ok(w.Customers.DeleteOne(t.Context(), 1, 1))
		if _, err := w.Orders.Get(t.Context(), 1, 0, 10); err == nil {
			t.Error("an order is left")
		}
		if _, err := w.Orders.Get(t.Context(), 1, 0, 20); err != nil {
			t.Error(err)
		}
		if _, err := w.Orders.Get(t.Context(), 2, 0, 20); err == nil {
			t.Error("another store's order")
		}
	})
}
