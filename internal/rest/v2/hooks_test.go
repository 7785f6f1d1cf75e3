package v2_test

import (
	"fmt"
	"testing"
)

func hook(id int, scope, destination, headers string, active bool) string {
	return fmt.Sprintf(`{"id":%d,"client_id":"cli-owner","store_hash":"shop","scope":"%s","destination":"%s","headers":%s,"is_active":%v,"created_at":1781793457,"updated_at":1781793457}`, id, scope, destination, headers, active)
}

func TestHooks(t *testing.T) {
	each(t, func(f *fixture) {
		missing := fault("404", "The requested resource was not found.")
		f.want(200, "[]", "GET", "/hooks", "")
		first := hook(1, "store/product/updated", "https://6a35e97b.ngrok.io/webhooks", "null", true)
		f.want(201, first, "POST", "/hooks", `{"scope":"store/product/updated","destination":"https://6a35e97b.ngrok.io/webhooks","is_active":true}`)
		f.want(200, first, "GET", "/hooks/1", "")
		f.want(200, "["+first+"]", "GET", "/hooks?scope=store/product/updated&is_active=true&limit=5", "")
		f.want(200, "[]", "GET", "/hooks?is_active=false", "")
		f.want(200, "[]", "GET", "/hooks?page=2", "")
		changed := hook(1, "store/customer/*", "http://localhost:3000/x", `{"X-Key":"1"}`, false)
		f.want(200, changed, "PUT", "/hooks/1", `{"id":1,"client_id":"cli-owner","store_hash":"shop","scope":"store/customer/*","destination":"http://localhost:3000/x","headers":{"X-Key":"1"},"is_active":false,"created_at":1,"updated_at":1}`)
		f.want(200, hook(1, "store/customer/*", "http://localhost:3000/x", "null", true), "PUT", "/hooks/1", `{"headers":null,"is_active":true}`)

		f.want(400, `[{"status":400,"message":"The required field 'scope' was not supplied."},{"status":400,"message":"The required field 'destination' was not supplied."}]`, "POST", "/hooks", `{}`)
		f.want(400, `[{"status":400,"message":"The field 'scope' is invalid.","details":{"invalid_reason":"scope is not one that webhooks can subscribe to"}},{"status":400,"message":"The field 'destination' is invalid."}]`, "POST", "/hooks", `{"scope":"store/x","destination":"ftp://x"}`)
		f.want(400, `[{"status":400,"message":"The field 'destination' is invalid.","details":{"invalid_reason":"a webhook with this scope and destination exists already"}}]`, "POST", "/hooks", `{"scope":"store/customer/*","destination":"http://localhost:3000/x"}`)
		f.want(400, fault("400", "The field 'events' is not supported by this resource."), "POST", "/hooks", `{"scope":"store/customer/*","destination":"http://localhost:3000/y","events":[]}`)
		f.want(400, fault("400", "At least one field is required to perform an update."), "PUT", "/hooks/1", `{"id":1}`)
		f.want(400, fault("400", "The field 'client_id' is not supported by this resource."), "GET", "/hooks?client_id=cli-reader", "")
		f.want(400, fault("400", "The field 'page' is not supported by this resource."), "GET", "/hooks/1?page=1", "")

		// Every account has hooks, whatever its scopes, and sees only its own.
		f.want(200, "[]", "GET", "/hooks", "", "X-Auth-Token: marketing")
		f.want(404, missing, "GET", "/hooks/1", "", "X-Auth-Token: reader")
		f.want(404, missing, "PUT", "/hooks/1", `{"is_active":false}`, "X-Auth-Token: reader")
		f.want(404, missing, "DELETE", "/hooks/1", "", "X-Auth-Token: reader")
		f.want(404, missing, "GET", "/stores/other/v2/hooks/1", "", "X-Auth-Token: foreign")
		f.want(401, fault("401", "No valid credentials were supplied in the request."), "GET", "/hooks", "", "X-Auth-Token: foreign")
		f.want(404, missing, "GET", "/hooks/0", "")
		f.want(404, missing, "GET", "/hooks/x", "")

		f.want(200, hook(1, "store/customer/*", "http://localhost:3000/x", "null", true), "DELETE", "/hooks/1", "")
		f.want(404, missing, "DELETE", "/hooks/1", "")
	})
}

func TestHooksInXML(t *testing.T) {
	each(t, func(f *fixture) {
		const head = `<?xml version="1.0" encoding="UTF-8"?>` + "\n"
		hook := func(headers, active string) string {
			return `<hook><id>1</id><client_id>cli-owner</client_id><store_hash>shop</store_hash><scope>store/customer/*</scope><destination>https://a.example.com/?x=1&amp;y</destination><headers>` + headers +
				`</headers><is_active>` + active + `</is_active><created_at>1781793457</created_at><updated_at>1781793457</updated_at></hook>`
		}
		sent := []string{"Content-Type: application/xml", "Accept: application/xml"}
		f.want(200, head+"<hooks></hooks>", "GET", "/hooks.xml", "")
		f.want(201, head+hook(`<X-Key>1</X-Key>`, "true"), "POST", "/hooks", `<hook><scope>store/customer/*</scope><destination>https://a.example.com/?x=1&amp;y</destination><headers><X-Key>1</X-Key></headers></hook>`, sent...)
		f.want(200, head+"<hooks>"+hook(`<X-Key>1</X-Key>`, "true")+"</hooks>", "GET", "/hooks.xml", "")
		f.want(200, head+hook("", "false"), "PUT", "/hooks/1", `<hook><headers/><is_active>false</is_active></hook>`, sent...)
		// Not every header can be an element.
		if got := f.ask("PUT", "/hooks/1", `{"headers":{"0-Key!":"<&>"}}`); got.status != 200 {
			f.t.Errorf("%d %s", got.status, got.body)
		}
		f.want(200, head+hook(`<item name="0-Key!">&lt;&amp;&gt;</item>`, "false"), "GET", "/hooks/1.xml", "")
		f.want(200, head+hook(`<item name="0-Key!">&lt;&amp;&gt;</item>`, "false"), "DELETE", "/hooks/1.xml", "")
	})
}
