package v3_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"clientele/internal/auth"
	"clientele/internal/channel"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

const channelForm = `{"id":%d,"icon_url":"","is_listable_from_ui":%t,"is_visible":true,"is_enabled":true,"date_created":"2026-06-18T14:37:37Z","external_id":"%s","type":"%s","platform":"%s","date_modified":"%s","name":"%s","status":"%s"}`

func TestChannels(t *testing.T) {
	onEach(t, func(t *testing.T, d *desk) {
		n := int64(len(d.events(0)))
		const then, later = "2026-06-18T14:37:37Z", "2026-06-18T15:37:37Z"
		ebay := fmt.Sprintf(channelForm, 2, false, "", "marketplace", "ebay", then, "eBay", "connected")
		d.want(d.app, "POST", "/channels", `{"name":"eBay","platform":"ebay","type":"marketplace","status":"connected"}`, 200, one(ebay))
		front := fmt.Sprintf(channelForm, 3, true, "x-1", "storefront", "catalyst", then, "Second shop", "active")
		d.want(d.app, "POST", "/channels", `{"name":"Second shop","platform":"catalyst","type":"storefront","external_id":"x-1"}`, 200, one(front))
		d.want(d.reader, "GET", "/channels/3", "", 200, one(front))
		d.want(d.reader, "GET", "/channels/3?include=currencies", "", 200, one(front[:len(front)-1]+`,"currencies":{"channel_id":3,"enabled_currencies":["USD"],"default_currency":"USD"}}`))

		d.Clock.Advance(time.Hour)
		d.want(d.app, "PUT", "/channels/2", `{"name":"eBay"}`, 200, one(ebay)) // nothing changes
		d.want(d.app, "PUT", "/channels/2", `{"name":"eBay US","is_listable_from_ui":true}`, 200, one(fmt.Sprintf(channelForm, 2, true, "", "marketplace", "ebay", later, "eBay US", "connected")))

		for query, want := range map[string]string{
			"":                                      "1,2,3",
			"available=true":                        "1,2,3",
			"available=false":                       "",
			"status:in=connected":                   "2",
			"type:in=storefront":                    "1,3",
			"platform:in=catalyst,ebay":             "2,3",
			"date_created=2026-06-18":               "1,2,3",
			"date_modified:min=2026-06-18T15:00:00": "2",
			"date_created:max=2026-06-17":           "",
			"limit=1&page=2":                        "2",
			"include=currencies&type:in=storefront": "1,3",
		} {
			text := d.want(d.app, "GET", "/channels?"+query, "", 200, "")
			if got := ids(text); got != want {
				t.Errorf("%s: got %s, want %s", query, got, want)
			}
		}
		for _, query := range []string{"status:in=open", "available=yes", "name=x", "include=site", "after=x"} {
			d.want(d.app, "GET", "/channels?"+query, "", 422, "")
		}

		refused := func(title, errors string) string {
			return `{"status":422,"title":"` + title + `",` + typ + `,"errors":{` + errors + `}}`
		}
		d.want(d.app, "POST", "/channels", `{"name":7,"type":"pos"}`, 422, refused("JSON data is missing or invalid", `"platform":"error.path.missing","name":"error.expected.jsstring"`))
		d.want(d.app, "POST", "/channels", `{"name":"x","type":"marketplace","platform":"bigcommerce"}`, 422, refused("Input channel type [marketplace] with platform [bigcommerce] is not supported", ""))
		d.want(d.app, "POST", "/channels", `{"name":"<x>","type":"storefront","platform":"next"}`, 422, refused("Only latin letters, arabic numerals, spaces, dashes and underscores are allowed in a channel name.", ""))
		d.want(d.app, "POST", "/channels", `{"name":"x","type":"storefront","platform":"next","status":"connected"}`, 422, "")
		d.want(d.app, "POST", "/channels", `{"name":"x","type":"storefront","platform":"next","status":"deleted"}`, 422, "")
		conflict := `{"status":409,"title":"Channel already exists with name: \"eBay US\", platform: \"ebay\", and type: \"marketplace\"",` + typ + `,"errors":{}}`
		d.want(d.app, "POST", "/channels", `{"name":"eBay US","platform":"ebay","type":"marketplace"}`, 409, conflict)
		d.want(d.app, "POST", "/channels", `{"name":"eBay","platform":"ebay","type":"marketplace"}`, 200, "")
		d.want(d.app, "PUT", "/channels/4", `{"name":"eBay US"}`, 409, conflict)
		d.want(d.app, "PUT", "/channels/4", `{"type":"pos","platform":"vend"}`, 422, refused("The following fields are invalid: type, platform",
			`"type":"The field 'type' can not be updated after channel is created.","platform":"The field 'platform' can not be updated after channel is created."`))
		d.want(d.app, "PUT", "/channels/3", `{"status":"prelaunch"}`, 422, "")
		d.want(d.app, "PUT", "/channels/1", `{"status":"deleted"}`, 422, "")
		d.want(d.app, "PUT", "/channels/4", `{"status":"deleted"}`, 200, "")
		d.want(d.app, "PUT", "/channels/4", `{"status":"connected"}`, 422, refused("A deleted channel cannot be updated.", ""))
		d.want(d.app, "POST", "/channels", `{"name":"eBay","platform":"ebay","type":"marketplace"}`, 200, "") // the name is free again
		d.want(d.app, "GET", "/channels/9", "", 404, `{"status":404,"title":"Not found",`+typ+`,"errors":{}}`)
		d.want(d.app, "PUT", "/channels/9", `{}`, 404, `{"status":404,"title":"The requested entity was not found.",`+typ+`,"errors":{}}`)
		d.want(d.reader, "POST", "/channels", `{}`, 403, "")
		if got := ids(d.want(d.stranger, "GET", "/channels", "", 200, "")); got != "1" {
			t.Errorf("another store has channels %s", got)
		}
		d.want(d.stranger, "PUT", "/channels/3", `{"name":"x"}`, 404, "")
		event := func(what string, id int) string {
			return fmt.Sprintf(`store/channel/%s {"type":"channel","id":%d}`, what, id)
		}
		want := []string{event("created", 2), event("created", 3), event("updated", 2), event("created", 4), event("updated", 4), event("created", 5)}
		if got := d.events(n); !slices.Equal(got, want) {
			t.Errorf("events are %q", got)
		}
	})
}

// ids returns the ids of the rows of a list.
func ids(text string) string {
	var out []string
	rows, _, _ := strings.Cut(text, `],"meta"`)
	for part := range strings.SplitSeq(rows, `{"id":`) {
		if id, _, ok := strings.Cut(part, ","); ok && !strings.HasPrefix(part, `{"data"`) {
			out = append(out, id)
		}
	}
	return strings.Join(out, ",")
}

func TestSites(t *testing.T) {
	onEach(t, func(t *testing.T, d *desk) {
		d.channels(2, 3)
		site := func(id int, url, modified, checkout string) string {
			dates := `,"created_at":"2026-06-18T14:37:37Z","updated_at":"` + modified + `"`
			text := fmt.Sprintf(`{"id":%d,"url":"%s","channel_id":%d%s,"urls":[{"url":"%s","type":"primary"%s},{"url":"%s","type":"canonical"%s}`, id, url, id, dates, url, dates, url, dates)
			if checkout != "" {
				text += `,{"url":"` + checkout + `","type":"checkout","created_at":"` + modified + `","updated_at":"` + modified + `"}`
			}
			return text + fmt.Sprintf(`],"is_checkout_url_customized":%t}`, checkout != "")
		}
		const then, later = "2026-06-18T14:37:37Z", "2026-06-18T15:37:37Z"
		d.want(d.app, "GET", "/channels/2/site", "", 404, notFound)
		d.want(d.app, "POST", "/sites", `{"url":"https://shop.example.com/","channel_id":2}`, 201, one(site(2, "https://shop.example.com/", then, "")))
		d.want(d.app, "POST", "/channels/3/site", `{"url":"http://www.example.org"}`, 200, one(site(3, "http://www.example.org", then, "")))
		d.want(d.reader, "GET", "/sites/2", "", 200, one(site(2, "https://shop.example.com/", then, "")))
		d.want(d.reader, "GET", "/channels/3/site", "", 200, one(site(3, "http://www.example.org", then, "")))
		d.Clock.Advance(time.Hour)
		d.want(d.app, "PUT", "/sites/2", `{"url":"https://new.example.com/"}`, 200, one(site(2, "https://new.example.com/", later, "")))
		d.want(d.app, "PUT", "/channels/2/site/checkout-url", `{"url":"http://checkout.example.com"}`, 200, site(2, "https://new.example.com/", later, "https://checkout.example.com"))
		for query, want := range map[string]string{"": "2,3", "channel_id:in=3": "3", "url_type:in=checkout": "2", "url_type:in=primary": "2,3", "limit=1&page=2": "3"} {
			if got := ids(d.want(d.app, "GET", "/sites?"+query, "", 200, "")); got != want {
				t.Errorf("%s: got %s, want %s", query, got, want)
			}
		}
		d.want(d.app, "GET", "/sites?url_type:in=home", "", 422, "")
		d.want(d.app, "PUT", "/channels/2/site/checkout-url", `{"url":"https://example.net"}`, 422,
			`{"status":422,"title":"Incorrect checkout url https://example.net. Your checkout and storefront must be within the same main domain.",`+typ+`,"errors":{}}`)
		d.want(d.app, "DELETE", "/channels/2/site/checkout-url", "", 200, `{"data":{},"meta":{}}`)
		d.want(d.app, "GET", "/sites/2", "", 200, one(site(2, "https://new.example.com/", later, "")))

		bad := func(errors string) string {
			return `{"status":400,"title":"Input is invalid.",` + typ + `,"errors":{` + errors + `}}`
		}
		d.want(d.app, "POST", "/sites", `{}`, 400, bad(`"url":"error.path.missing","channel_id":"error.path.missing"`))
		d.want(d.app, "POST", "/sites", `{"url":"shop","channel_id":1}`, 400, bad(`"url":"url must be an http or https URL with a host and without query"`))
		d.want(d.app, "POST", "/sites", `{"url":"https://x.example","channel_id":2}`, 400, bad(`"channel_id":"the channel has a site already"`))
		d.want(d.app, "POST", "/channels/1/site", `{"url":"https://x.example","channel_id":2}`, 400, bad(`"channel_id":"channel_id must be that of the path"`))
		d.want(d.app, "POST", "/sites", `{"url":"https://x.example","channel_id":9}`, 404, notFound)
		d.want(d.app, "POST", "/sites", `{`, 400, "")
		d.want(d.app, "PUT", "/sites/9", `{"url":"https://x.example"}`, 404, notFound)
		d.want(d.stranger, "GET", "/sites/2", "", 404, notFound)
		d.want(d.stranger, "DELETE", "/sites/2", "", 404, notFound)
		d.want(d.account("channels", "store_channel_settings"), "GET", "/sites", "", 403, "")
		d.want(d.app, "DELETE", "/sites/2", "", 204, "")
		d.want(d.app, "DELETE", "/sites/2", "", 404, notFound)
		d.want(d.app, "DELETE", "/channels/3/site", "", 200, `{}`)
		if got := ids(d.want(d.app, "GET", "/sites", "", 200, "")); got != "" {
			t.Errorf("sites %s are left", got)
		}
	})
}

// What an account may claim, and what it is told of claims that do not count.
func TestHostsOfSites(t *testing.T) {
	onEach(t, func(t *testing.T, d *desk) {
		d.channels(2, 3)
		d.Channels.Rules = store.HostRules{Production: true, Domains: []string{"shops.example"}, Public: "api.example"}
		account := d.account("sites", auth.Sites)
		ask := func(method, path, body string, status int, reason string) {
			t.Helper()
			d.want(account, method, path, body, status, "")
			if got := d.header.Get("X-Clientele-Reason"); got != reason {
				t.Errorf("%s %s: the reason is %q, want %q", method, path, got, reason)
			}
		}
		why := func(host string) string {
			return "nothing is served at " + host + " until it is proved: set the DNS record _clientele." + host + ` of type TXT to "store=first"`
		}
		ask("POST", "/sites", `{"url":"https://Two.example/","channel_id":2}`, 201, why("two.example"))
		ask("POST", "/channels/3/site", `{"url":"https://bücher.example"}`, 200, why("xn--bcher-kva.example"))
		ask("GET", "/sites/2", "", 200, why("two.example"))
		ask("GET", "/channels/2/site", "", 200, why("two.example"))
		ask("PUT", "/channels/2/site/checkout-url", `{"url":"https://pay.two.example"}`, 200, why("two.example"))
		ask("DELETE", "/channels/2/site/checkout-url", "", 200, why("two.example"))
		ask("GET", "/sites", "", 200, why("two.example")+"; "+why("xn--bcher-kva.example"))
		ask("GET", "/sites?channel_id:in=3", "", 200, why("xn--bcher-kva.example"))
		ask("PUT", "/sites/2", `{"url":"https://store-first-2.shops.example"}`, 200, "")
		ask("GET", "/sites/2", "", 200, "")
		ask("DELETE", "/sites/3", "", 204, "")
		ask("GET", "/sites", "", 200, "")

		refused := func(method, path, body, title string) {
			t.Helper()
			if text := d.want(account, method, path, body, 409, ""); text != `{"status":409,"title":"`+title+`",`+typ+`,"errors":{}}` {
				t.Errorf("%s %s: %s", method, body, text)
			}
		}
		d.want(d.stranger, "POST", "/sites", `{"url":"https://store-second.shops.example","channel_id":1}`, 201, "")
		for _, url := range []string{"https://store-second.shops.example", "http://store-second.shops.example:8443", "https://STORE-second-2.localhost.", "https://store-nobody.localhost"} {
			hash := "second"
			if strings.Contains(url, "nobody") {
				hash = "nobody"
			}
			name, _, _ := strings.Cut(strings.TrimSuffix(strings.ToLower(url[strings.Index(url, "//")+2:]), "."), ":")
			title := "the host " + name + " is kept for the store " + hash
			refused("PUT", "/channels/2/site", `{"url":"`+url+`"}`, title)
			refused("PUT", "/sites/2", `{"url":"`+url+`"}`, title)
			refused("POST", "/channels/3/site", `{"url":"`+url+`"}`, title)
			refused("POST", "/sites", `{"url":"`+url+`","channel_id":3}`, title)
		}
		refused("POST", "/sites", `{"url":"https://api.example:81","channel_id":3}`, "the host api.example is the service's own, which its operator alone gives to a channel")
		d.want(account, "GET", "/sites/3", "", 404, "")
		d.want(account, "POST", "/sites", `{"url":"https://127.1","channel_id":3}`, 400, "")

		// What the operator gave stays the channel's to write.
		d.write(func(tx *sqldb.Tx) error {
			return channel.Put(tx, channel.Given{ID: 3, Name: "Channel 3", URL: "https://api.example"}, 5)
		})
		ask("PUT", "/channels/3/site", `{"url":"https://api.example"}`, 200, "")

		// A list explains the first few sites only.
		for id := int64(4); id < 12; id++ {
			d.channels(id)
			d.want(account, "POST", "/sites", fmt.Sprintf(`{"url":"https://n%d.example","channel_id":%d}`, id, id), 201, "")
		}
		d.want(account, "GET", "/sites", "", 200, "")
		if n := strings.Count(d.header.Get("X-Clientele-Reason"), "nothing is served"); n != 5 {
			t.Errorf("%d sites are explained", n)
		}
	})
}

func TestSiteRoutes(t *testing.T) {
	onEach(t, func(t *testing.T, d *desk) {
		d.channels(2, 3)
		d.want(d.app, "POST", "/sites", `{"url":"https://shop.example.com/","channel_id":2}`, 201, "")
		d.want(d.app, "POST", "/sites", `{"url":"https://other.example.com/","channel_id":3}`, 201, "")
		const then, later = "2026-06-18T14:37:37Z", "2026-06-18T15:37:37Z"
		route := func(id int, typ, matching, path, modified string) string {
			return fmt.Sprintf(`{"id":%d,"type":"%s","matching":"%s","route":"%s","created_at":"%s","updated_at":"%s"}`, id, typ, matching, path, then, modified)
		}
		d.want(d.app, "POST", "/sites/2/routes", `{"type":"product","matching":"12","route":"/en/product?id=12"}`, 201, one(route(1, "product", "12", "/en/product?id=12", then)))
		d.want(d.app, "POST", "/sites/2/routes", `{"type":"product","matching":"*","route":"/{lang}/{slug}?id={id}"}`, 201, "")
		d.want(d.app, "POST", "/sites/2/routes", `{"type":"login","route":"/login/"}`, 201, one(route(3, "login", "*", "/login/", then)))
		d.want(d.app, "POST", "/sites/3/routes", `{"type":"login","matching":"*","route":"/{language}/in"}`, 201, "") // as another site has it
		d.want(d.reader, "GET", "/sites/2/routes/3", "", 200, one(route(3, "login", "*", "/login/", then)))
		for query, want := range map[string]string{"": "1,2,3", "type=product": "1,2", "limit=1&page=2": "2", "type=cart": ""} {
			if got := ids(d.want(d.reader, "GET", "/sites/2/routes?"+query, "", 200, "")); got != want {
				t.Errorf("%s: got %s, want %s", query, got, want)
			}
		}
		d.want(d.reader, "GET", "/sites/2/routes?type=nonsense", "", 422, "")

		d.Clock.Advance(time.Hour)
		d.want(d.app, "PUT", "/sites/2/routes/3", `{"type":"login","matching":"*","route":"/login/"}`, 201, one(route(3, "login", "*", "/login/", then))) // nothing changes
		d.want(d.app, "PUT", "/sites/2/routes/3", `{"type":"login","matching":"*","route":"/in"}`, 201, one(route(3, "login", "*", "/in", later)))

		refused := func(title, errors, end string) string {
			return `{"status":422,"title":"` + title + `",` + typ + `,"errors":{` + errors + `}` + end + `}`
		}
		const none = `,"meta":{"saved_records":0}`
		// Two change places, and one is new.
		d.want(d.app, "PUT", "/sites/2/routes", `[{"id":1,"matching":"*"},{"id":2,"matching":"12"},{"type":"cart","matching":"*","route":"/cart/"}]`, 200,
			`{"data":[`+route(1, "product", "*", "/en/product?id=12", later)+`,`+route(2, "product", "12", "/{lang}/{slug}?id={id}", later)+
				`,{"id":5,"type":"cart","matching":"*","route":"/cart/","created_at":"`+later+`","updated_at":"`+later+`"}],"meta":{"pagination":{"total":3,"count":3,"per_page":50,"current_page":1,"total_pages":1}}}`)
		d.want(d.app, "PUT", "/sites/2/routes", `[{"type":"product","matching":"12","route":"/x"},{"type":"home","route":"/"},{"type":"home","route":"/home"}]`, 422,
			refused("Bulk operation has failed", `"0.matching.type":"Route already exists for site 2 matching 12 for type product","2.matching.type":"Route already exists for site 2 matching * for type home"`, none))
		d.want(d.app, "PUT", "/sites/2/routes", `[{"id":4,"route":"/x"},{"id":1,"route":"/x"},{"id":1,"route":"/y"},{"type":"moon","matching":"a","route":"x"}]`, 422,
			refused("Bulk operation has failed", `"0.id":"there is no such route","0.type":"there is no type of routes \"\"","2.id":"the route is given twice","3.type":"there is no type of routes \"moon\"","3.matching":"matching must be the id of an item, as text, or *","3.route":"route must be a path that begins with one / and has no variables in braces but id, slug, lang and language"`, none))
		d.want(d.app, "PUT", "/sites/2/routes", `[{"matching":7}]`, 422, refused("JSON data is missing or invalid", `"0.type":"error.path.missing","0.route":"error.path.missing","0.matching":"error.expected.jsstring"`, none))
		if got := ids(d.want(d.reader, "GET", "/sites/2/routes", "", 200, "")); got != "1,2,3,5" {
			t.Errorf("a refused batch left %s", got)
		}
		d.want(d.app, "PUT", "/sites/2/routes", `[`+strings.Repeat(`{"type":"home","route":"/"},`, 50)+`{"type":"home","route":"/"}]`, 413, "")

		d.want(d.app, "POST", "/sites/2/routes", `{"type":"login","route":"/x"}`, 422, refused("Input is invalid.", `"matching.type":"Route already exists for site 2 matching * for type login"`, ""))
		d.want(d.app, "POST", "/sites/2/routes", `{}`, 422, refused("JSON data is missing or invalid", `"type":"error.path.missing","route":"error.path.missing"`, ""))
		d.want(d.app, "PUT", "/sites/2/routes/3", `{"route":"/x"}`, 422, refused("JSON data is missing or invalid", `"type":"error.path.missing","matching":"error.path.missing"`, ""))
		for _, path := range []string{"", "x", "//evil.example", "/{slug}{token}", "https://evil.example/", `/\\evil.example`, "/a b", "/%zz", "/{", "/" + strings.Repeat("x", 2048)} {
			d.want(d.app, "POST", "/sites/2/routes", `{"type":"home","route":"`+path+`"}`, 422, "")
		}
		for _, item := range []string{"0", "-1", "01", "+1", "", "**", "99999999999999999999"} {
			d.want(d.app, "POST", "/sites/2/routes", `{"type":"home","matching":"`+item+`","route":"/"}`, 422, "")
		}

		for _, path := range []string{"/sites/9/routes", "/sites/2/routes/4", "/sites/2/routes/9", "/sites/3/routes/1"} {
			d.want(d.app, "GET", path, "", 404, notFound)
		}
		d.want(d.app, "PUT", "/sites/3/routes/1", `{"type":"login","matching":"*","route":"/x"}`, 404, notFound)
		d.want(d.app, "DELETE", "/sites/3/routes/1", "", 404, notFound)
		d.want(d.app, "POST", "/sites/9/routes", `{"type":"login","route":"/x"}`, 404, notFound)
		d.want(d.app, "PUT", "/sites/9/routes", `[{"type":"login","route":"/x"}]`, 404, notFound)
		d.want(d.stranger, "GET", "/sites/2/routes/3", "", 404, notFound)
		d.want(d.stranger, "DELETE", "/sites/2/routes/3", "", 404, notFound)
		d.want(d.reader, "POST", "/sites/2/routes", `{}`, 403, "")
		d.want(d.account("channels", "store_channel_settings"), "GET", "/sites/2/routes", "", 403, "")
		d.want(d.app, "DELETE", "/sites/2/routes/3", "", 204, "")
		d.want(d.app, "DELETE", "/sites/2/routes/3", "", 404, notFound)

		// A site takes its routes along.
		d.want(d.app, "DELETE", "/sites/2", "", 204, "")
		d.want(d.app, "GET", "/sites/2/routes", "", 404, notFound)
		d.want(d.app, "POST", "/sites", `{"url":"https://shop.example.com/","channel_id":2}`, 201, "")
		if got := ids(d.want(d.app, "GET", "/sites/2/routes", "", 200, "")); got != "" {
			t.Errorf("a new site has the routes %s", got)
		}
	})
}
