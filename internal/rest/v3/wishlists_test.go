package v3_test

import (
	"regexp"
	"testing"
)

var anyToken = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

func TestWishlists(t *testing.T) {
	onEach(t, func(t *testing.T, d *desk) {
		want := func(a account, method, path, body string, status int, answer string) {
			t.Helper()
			got := anyToken.ReplaceAllString(d.want(a, method, path, body, status, ""), "TOKEN")
			if answer != "" && got != answer {
				t.Errorf("%s %s %s:\n got %s\nwant %s", method, path, body, got, answer)
			}
		}
		const first = `{"id":1,"customer_id":1,"name":"Christmas","is_public":true,"token":"TOKEN","items":[{"id":1,"product_id":77,"variant_id":152},{"id":2,"product_id":80}]}`
		want(d.app, "POST", "/wishlists", `{"customer_id":1,"name":"Christmas","is_public":true,"items":[{"product_id":77,"variant_id":152},{"product_id":80},{"product_id":80}]}`, 201, `{"data":`+first+`,"meta":{}}`)
		const second = `{"id":2,"customer_id":2,"name":"Later","is_public":false,"token":"TOKEN","items":[]}`
		want(d.app, "POST", "/wishlists", `{"customer_id":2,"name":"Later"}`, 201, `{"data":`+second+`,"meta":{}}`)
		want(d.reader, "GET", "/wishlists/1", "", 200, `{"data":`+first+`,"meta":{}}`)
		want(d.reader, "GET", "/wishlists", "", 200, `{"data":[`+first+`,`+second+`],"meta":{"pagination":{"total":2,"count":2,"per_page":50,"current_page":1,"total_pages":1}}}`)
		want(d.reader, "GET", "/wishlists?customer_id=2&limit=1", "", 200, `{"data":[`+second+`],"meta":{"pagination":{"total":1,"count":1,"per_page":1,"current_page":1,"total_pages":1}}}`)
		want(d.reader, "GET", "/wishlists?product_id:in=77", "", 422, "")
		want(d.reader, "GET", "/wishlists/1?include=items", "", 422, "")

		want(d.app, "PUT", "/wishlists/2", `{"customer_id":1,"name":"Sooner"}`, 422, "")
		want(d.app, "PUT", "/wishlists/2", `{"customer_id":2,"items":[]}`, 201, `{"data":`+second+`,"meta":{}}`)
		want(d.app, "PUT", "/wishlists/2", `{"customer_id":2,"name":"Sooner","is_public":true,"items":[{"product_id":5}]}`, 201,
			`{"data":{"id":2,"customer_id":2,"name":"Sooner","is_public":true,"token":"TOKEN","items":[{"id":3,"product_id":5}]},"meta":{}}`)
		want(d.app, "PUT", "/wishlists/2", `{"items":[{"id":3,"variant_id":6},{"id":3,"product_id":7}]}`, 201,
			`{"data":{"id":2,"customer_id":2,"name":"Sooner","is_public":true,"token":"TOKEN","items":[{"id":3,"product_id":7}]},"meta":{}}`)
		want(d.app, "POST", "/wishlists/2/items", `{"items":[{"product_id":7},{"product_id":8}]}`, 201,
			`{"data":{"id":2,"customer_id":2,"name":"Sooner","is_public":true,"token":"TOKEN","items":[{"id":3,"product_id":7},{"id":4,"product_id":8}]},"meta":{}}`)
		want(d.app, "DELETE", "/wishlists/2/items/3", "", 200,
			`{"data":{"id":2,"customer_id":2,"name":"Sooner","is_public":true,"token":"TOKEN","items":[{"id":4,"product_id":8}]},"meta":{}}`)

		// Refusals leave everything as it is.
		refused := func(title, errors string) string {
			return `{"status":422,"title":"` + title + `",` + typ + `,"errors":` + errors + `}`
		}
		want(d.app, "POST", "/wishlists", `{"customer_id":9,"name":"x"}`, 422, refused("Create wishlist failed.", `{"customer_id":"invalid customer ID"}`))
		want(d.app, "POST", "/wishlists", `{"customer_id":1,"name":" ","items":[{"product_id":0},{"product_id":3000000000}]}`, 422,
			refused("Create wishlist failed.", `{"name":"name must not be empty","items.0.product_id":"product_id must be the ID of a product","items.1.product_id":"product_id must be the ID of a product"}`))
		want(d.app, "POST", "/wishlists", `{"items":[{},7]}`, 422,
			refused("JSON data is missing or invalid", `{"customer_id":"error.path.missing","name":"error.path.missing","items.0.product_id":"error.path.missing","items.1":"error.expected.jsobject"}`))
		want(d.app, "PUT", "/wishlists/2", `{"name":"x","items":[{"id":1}]}`, 422, refused("Update wishlist failed.", `{"items.0.id":"invalid wishlist item ID"}`))
		want(d.app, "PUT", "/wishlists/1", `{"name":"x","items":[{"id":1,"product_id":80}]}`, 422, refused("Update wishlist failed.", `{"items.0.id":"the product is on the wishlist already"}`))
		want(d.app, "PUT", "/wishlists/1", `[]`, 422, "")
		for _, c := range [][3]string{
			{"GET", "/wishlists/9", ""}, {"GET", "/wishlists/x", ""}, {"PUT", "/wishlists/9", "{}"}, {"POST", "/wishlists/9/items", "{}"},
			{"DELETE", "/wishlists/9/items/1", ""}, {"DELETE", "/wishlists/2/items/1", ""},
		} {
			want(d.app, c[0], c[1], c[2], 404, notFound)
		}
		want(d.reader, "POST", "/wishlists", `{"customer_id":1,"name":"x"}`, 403, "")
		want(d.reader, "DELETE", "/wishlists/1", "", 403, "")
		// Another store has none of it.
		want(d.stranger, "GET", "/wishlists/1", "", 404, notFound)
		want(d.stranger, "DELETE", "/wishlists/1", "", 204, "")
		want(d.stranger, "POST", "/wishlists/1/items", `{"items":[{"product_id":1}]}`, 404, notFound)
		want(d.reader, "GET", "/wishlists/1", "", 200, `{"data":`+first+`,"meta":{}}`)

		want(d.app, "DELETE", "/wishlists/1", "", 204, "")
		want(d.app, "DELETE", "/wishlists/1", "", 204, "")
		want(d.app, "DELETE", "/customers?id:in=2", "", 204, "")
		want(d.reader, "GET", "/wishlists", "", 200, `{"data":[],"meta":{"pagination":{"total":0,"count":0,"per_page":50,"current_page":1,"total_pages":0}}}`)
	})
}
