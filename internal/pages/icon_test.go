package pages_test

import (
	"encoding/xml"
	"strings"
	"testing"
)

// A store that chose no favicon has one all the same.
func TestFavicon(t *testing.T) {
	each(t, shop, func(t *testing.T, w *world) {
		b := w.browser(t)
		b.get("/login.php").want(200, "", `<link rel="icon" href="/assets/favicon.svg">`)
		b.get("/assets/favicon.svg").want(200, "", ">G</text>", `fill="#0a7d4f"`)
		if got := b.header.Get("Content-Type"); got != "image/svg+xml" {
			t.Errorf("it is %s", got)
		}
		if err := xml.Unmarshal([]byte(b.body), new(struct{ XMLName xml.Name })); err != nil {
			t.Error(err)
		}
	})
	each(t, strings.Replace(shop, "language: en, ", "language: en, favicon_url: \"https://cdn.example/i.png\", ", 1), func(t *testing.T, w *world) {
		w.browser(t).get("/login.php").want(200, "", `<link rel="icon" href="https://cdn.example/i.png">`)
	})
}
