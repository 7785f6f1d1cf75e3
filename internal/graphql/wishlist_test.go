package graphql_test

import (
	"fmt"
	"strings"
	"testing"

	"clientele/internal/auth"
	"clientele/internal/wishlist"
)

// list makes a wishlist of products by their ids.
func (w *world) list(customerID int64, name string, public bool, products ...int64) wishlist.Wishlist {
	w.t.Helper()
	in := wishlist.Create{CustomerID: customerID, Name: name, IsPublic: public}
	for _, p := range products {
		in.Items = append(in.Items, wishlist.Item{ProductID: p, VariantID: p % 2 * 100})
	}
	out, err := w.Wishlists.Create(w.t.Context(), 1, in)
	w.ok(err)
	return out
}

const itemParts = `collectionInfo { totalItems } pageInfo { hasPreviousPage hasNextPage startCursor endCursor } edges { cursor node { entityId productEntityId variantEntityId product { name } } }`

func TestWishlists(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		first := w.list(1, "First", true, 10, 11)
		second := w.list(1, "Second", false, 12)
		w.list(1, "Third", false)
		theirs := w.list(2, "Theirs", false, 10)
		token := []string{"X-Bc-Customer-Access-Token", w.signIn("jane@example.com")}
		w.want(w.ask(`{ customer { wishlists(first: 2) { pageInfo { hasPreviousPage hasNextPage startCursor endCursor } edges { cursor node { entityId name isPublic token items { `+itemParts+` } } } } } }`, nil, token...), 200,
			`{"data":{"customer":{"wishlists":{"pageInfo":{"hasPreviousPage":false,"hasNextPage":true,"startCursor":"Y3Vyc29yOjE=","endCursor":"Y3Vyc29yOjI="},"edges":[`+
				`{"cursor":"Y3Vyc29yOjE=","node":{"entityId":1,"name":"First","isPublic":true,"token":"`+first.Token+`","items":{"collectionInfo":{"totalItems":2},"pageInfo":{"hasPreviousPage":false,"hasNextPage":false,"startCursor":"Y3Vyc29yOjE=","endCursor":"Y3Vyc29yOjI="},`+
				`"edges":[{"cursor":"Y3Vyc29yOjE=","node":{"entityId":1,"productEntityId":10,"variantEntityId":null,"product":null}},{"cursor":"Y3Vyc29yOjI=","node":{"entityId":2,"productEntityId":11,"variantEntityId":100,"product":null}}]}}},`+
				`{"cursor":"Y3Vyc29yOjI=","node":{"entityId":2,"name":"Second","isPublic":false,"token":"`+second.Token+`","items":{"collectionInfo":{"totalItems":1},"pageInfo":{"hasPreviousPage":false,"hasNextPage":false,"startCursor":"Y3Vyc29yOjM=","endCursor":"Y3Vyc29yOjM="},"edges":[{"cursor":"Y3Vyc29yOjM=","node":{"entityId":3,"productEntityId":12,"variantEntityId":null,"product":null}}]}}}]}}}}`)
		page := func(args, items string) string {
			t.Helper()
			a := w.ask(`{ customer { wishlists`+args+` { pageInfo { hasPreviousPage hasNextPage } edges { node { entityId items`+items+` { collectionInfo { totalItems } pageInfo { hasPreviousPage hasNextPage } edges { node { productEntityId } } } } } } } }`, nil, token...)
			if len(a.Errors) > 0 {
				return a.Errors[0].Message
			}
			var out strings.Builder
			lists, _ := dig(a.Data, "customer.wishlists.edges").([]any)
			for i := range lists {
				fmt.Fprint(&out, dig(lists, fmt.Sprint(i, ".node.entityId")), "[")
				its, _ := dig(lists, fmt.Sprint(i, ".node.items.edges")).([]any)
				for j := range its {
					fmt.Fprint(&out, dig(its, fmt.Sprint(j, ".node.productEntityId")), " ")
				}
				at := fmt.Sprint(i, ".node.items.")
				fmt.Fprint(&out, dig(lists, at+"collectionInfo.totalItems"), dig(lists, at+"pageInfo.hasPreviousPage"), dig(lists, at+"pageInfo.hasNextPage"), "] ")
			}
			fmt.Fprint(&out, dig(a.Data, "customer.wishlists.pageInfo.hasPreviousPage"), dig(a.Data, "customer.wishlists.pageInfo.hasNextPage"))
			return out.String()
		}
		for _, c := range []struct{ args, items, want string }{
			{``, ``, "1[10 11 2 false false] 2[12 1 false false] 3[0 false false] false false"},
			{`(filters: {entityIds: [2, 4, 9]})`, ``, "2[12 1 false false] false false"},
			{`(filters: {entityIds: []})`, `(first: 0)`, "1[2 false true] 2[1 false true] 3[0 false false] false false"},
			{`(filters: {productEntityIds: [11, 12]})`, `(filters: {productEntityIds: [11]})`, "1[11 1 false false] 2[0 false false] false false"},
			{`(filters: {variantEntityIds: [100]})`, `(filters: {variantEntityIds: [100]}, hideOutOfStock: true)`, "1[11 1 false false] false false"},
			{`(filters: {productEntityIds: [10], variantEntityIds: [100]})`, ``, "false false"},
			{`(first: 1, after: "Y3Vyc29yOjE=")`, `(first: 1)`, "2[12 1 false false] true true"},
			{`(last: 1)`, `(last: 1)`, "3[0 false false] true false"},
			{`(last: 5, before: "Y3Vyc29yOjI=")`, `(last: 1)`, "1[11 2 true false] false true"},
			{`(first: 1)`, `(first: 1)`, "1[10 2 false true] false true"},
			{`(first: 1)`, `(after: "Y3Vyc29yOjE=")`, "1[11 2 true false] false true"},
			{`(first: 1)`, `(before: "Y3Vyc29yOjI=")`, "1[10 2 false true] false true"},
			{`(first: 1)`, `(after: "Y3Vyc29yOjk=")`, "1[2 true false] false true"},
			{`(first: -1)`, ``, "The argument first must not be negative"},
			{``, `(after: "x")`, "The argument after is no cursor of this connection"},
			{`(filters: {entityIds: [` + strings.Repeat("1,", 1001) + `]})`, ``, "A filter takes at most 1000 IDs."},
			{``, `(filters: {variantEntityIds: [` + strings.Repeat("1,", 1001) + `]})`, "A filter takes at most 1000 IDs."},
		} {
			if got := page(c.args, c.items); got != c.want {
				t.Errorf("%.80s %.80s: %s, want %s", c.args, c.items, got, c.want)
			}
		}
		// Public lists are found by their token alone, by anybody.
		public := func(token string) string {
			return `{ site { publicWishlist(token: "` + token + `") { entityId name token isOwner items(first: 1, filters: {productEntityIds: [11]}) { collectionInfo { totalItems } edges { node { productEntityId variantEntityId } } } } } }`
		}
		shown := func(owner string) string {
			return `{"data":{"site":{"publicWishlist":{"entityId":1,"name":"First","token":"` + first.Token + `","isOwner":` + owner + `,"items":{"collectionInfo":{"totalItems":1},"edges":[{"node":{"productEntityId":11,"variantEntityId":100}}]}}}}}`
		}
		w.want(w.ask(public(first.Token), nil), 200, shown("false"))
		w.want(w.ask(public(first.Token), nil, "Authorization", "Bearer "+w.poor), 200, shown("false"))
		w.want(w.ask(public(first.Token), nil, token...), 200, shown("true"))
		w.want(w.ask(public(first.Token), nil, "Authorization", "Bearer "+w.act, "X-Bc-Customer-Id", "2"), 200, shown("false"))
		for _, bad := range []string{second.Token, theirs.Token, "", "x", strings.Repeat("0", 9000)} {
			w.want(w.ask(public(bad), nil, token...), 200, `{"data":{"site":{"publicWishlist":null}}}`)
		}
		if a := w.ask(`{ customer { wishlists { edges { node { name } } } } }`, nil, "Authorization", "Bearer "+w.poor); len(a.Errors) != 1 || a.Errors[0].Extensions["code"] != "INSUFFICIENT_ACCESS_SCOPE" {
			t.Error(a.Text)
		}
	})
}

const listParts = `{ result { entityId name isPublic items { edges { node { entityId productEntityId variantEntityId } } } } }`

func TestWishlistMutations(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		theirs := w.list(2, "Theirs", true, 10)
		token := []string{"X-Bc-Customer-Access-Token", w.signIn("jane@example.com")}
		do := func(field, args string, header ...string) *answer {
			t.Helper()
			parts := listParts
			if field == "deleteWishlists" {
				parts = `{ result }`
			}
			return w.ask(`mutation { wishlist { `+field+`(input: {`+args+`}) `+parts+` } }`, nil, header...)
		}
		good := func(a *answer, field, result string) {
			t.Helper()
			w.want(a, 200, `{"data":{"wishlist":{"`+field+`":{"result":`+result+`}}}}`)
		}
		good(do("createWishlist", `name: "Mine", isPublic: false, items: [{productEntityId: 5, variantEntityId: 6}, {productEntityId: 5, variantEntityId: 6}, {productEntityId: 7}]`, token...), "createWishlist",
			`{"entityId":2,"name":"Mine","isPublic":false,"items":{"edges":[{"node":{"entityId":2,"productEntityId":5,"variantEntityId":6}},{"node":{"entityId":3,"productEntityId":7,"variantEntityId":null}}]}}`)
		good(do("addWishlistItems", `entityId: 2, items: [{productEntityId: 7}, {productEntityId: 8}]`, token...), "addWishlistItems",
			`{"entityId":2,"name":"Mine","isPublic":false,"items":{"edges":[{"node":{"entityId":2,"productEntityId":5,"variantEntityId":6}},{"node":{"entityId":3,"productEntityId":7,"variantEntityId":null}},{"node":{"entityId":4,"productEntityId":8,"variantEntityId":null}}]}}`)
		good(do("deleteWishlistItems", `entityId: 2, itemEntityIds: [2, 3]`, token...), "deleteWishlistItems",
			`{"entityId":2,"name":"Mine","isPublic":false,"items":{"edges":[{"node":{"entityId":4,"productEntityId":8,"variantEntityId":null}}]}}`)
		good(do("updateWishlist", `entityId: 2, data: {isPublic: true}`, token...), "updateWishlist", `{"entityId":2,"name":"Mine","isPublic":true,"items":{"edges":[{"node":{"entityId":4,"productEntityId":8,"variantEntityId":null}}]}}`)
		good(do("updateWishlist", `entityId: 2, data: {name: "Ours"}`, "Authorization", "Bearer "+w.act, "X-Bc-Customer-Id", "1"), "updateWishlist", `{"entityId":2,"name":"Ours","isPublic":true,"items":{"edges":[{"node":{"entityId":4,"productEntityId":8,"variantEntityId":null}}]}}`)

		all := map[string]string{
			"createWishlist": `name: "X", isPublic: true`, "addWishlistItems": `entityId: 1, items: [{productEntityId: 1}]`, "deleteWishlistItems": `entityId: 1, itemEntityIds: [1]`,
			"updateWishlist": `entityId: 1, data: {name: "X"}`, "deleteWishlists": `entityIds: [2, 1]`,
		}
		failed := func(a *answer, field string, texts ...string) {
			t.Helper()
			var got []string
			for _, e := range a.Errors {
				got = append(got, e.Message)
				if fmt.Sprint(e.Path) != "[wishlist "+field+"]" {
					t.Errorf("%s: %v", field, e.Path)
				}
			}
			if a.Code != 200 || strings.Join(got, " ") != strings.Join(texts, " ") || dig(a.Data, "wishlist."+field) != nil {
				t.Errorf("%s: %d %s, want %s", field, a.Code, a.Text, texts)
			}
		}
		only := w.token(auth.NewToken{Kind: auth.PrivateToken, Scopes: []string{"Customer"}})
		for field, args := range all {
			failed(do(field, args), field, "The customer is not logged in.")
			if field == "createWishlist" {
				failed(do(field, args, "Authorization", "Bearer "+only), field, "The provided token does not include the scopes required to resolve this field.")
				failed(do(field, args, "Authorization", "Bearer "+w.act, "X-Bc-Customer-Id", "99"), field, "The customer does not exist.")
				continue
			}
			failed(do(field, args, token...), field, "The wishlist does not exist.")
			failed(do(field, args, "Authorization", "Bearer "+w.poor), field, "The provided token does not include the scopes required to resolve this field.")
		}
		if got, err := w.Wishlists.Get(t.Context(), 1, 2, theirs.ID); err != nil || got.Name != "Theirs" || len(got.Items) != 1 {
			t.Errorf("%+v, %v", got, err)
		}
		failed(do("createWishlist", `name: "", isPublic: true, items: [{productEntityId: 0}, {productEntityId: 1, variantEntityId: -1}]`, token...), "createWishlist",
			"Name must not be empty.", "ProductEntityId must be the ID of a product.", "VariantEntityId must be the ID of a variant.")
		failed(do("updateWishlist", `entityId: 2, data: {name: "`+strings.Repeat("x", 256)+`"}`, token...), "updateWishlist", "Name must be at most 255 characters.")
		failed(do("addWishlistItems", `entityId: 2, items: [{productEntityId: -1}]`, token...), "addWishlistItems", "ProductEntityId must be the ID of a product.")
		failed(do("deleteWishlistItems", `entityId: 2, itemEntityIds: [4, 1]`, token...), "deleteWishlistItems", "There is no such wishlist item.")
		failed(do("deleteWishlists", `entityIds: [`+strings.Repeat("2,", 201)+`]`, token...), "deleteWishlists", "Too many wishlists at once.")
		many := strings.Builder{}
		for i := range wishlist.MaxItems {
			fmt.Fprintf(&many, "{productEntityId: %d}", 100+i)
		}
		failed(do("addWishlistItems", `entityId: 2, items: [`+many.String()+`]`, token...), "addWishlistItems", "A wishlist can have at most 1000 items.")
		good(do("deleteWishlists", `entityIds: [2]`, token...), "deleteWishlists", `"success"`)
		failed(do("deleteWishlists", `entityIds: [2]`, token...), "deleteWishlists", "The wishlist does not exist.")
	})
}
