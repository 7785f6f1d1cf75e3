package pages_test

import (
	"encoding/xml"
	"testing"
)

// Storefronts read the index of the sitemap as they are built.
func TestSitemap(t *testing.T) {
	each(t, shop, func(t *testing.T, w *world) {
		b := w.browser(t).get("/xmlsitemap.php").want(200, "/xmlsitemap.php")
		if got := b.header.Get("Content-Type"); got != "application/xml" {
			t.Errorf("it is %s", got)
		}
		var index struct {
			XMLName xml.Name
			Parts   []struct{} `xml:",any"`
		}
		if err := xml.Unmarshal([]byte(b.body), &index); err != nil {
			t.Fatal(err)
		}
		if index.XMLName != (xml.Name{Space: "http://www.sitemaps.org/schemas/sitemap/0.9", Local: "sitemapindex"}) || len(index.Parts) > 0 {
			t.Errorf("%+v", index)
		}
		if len(b.header.Values("Set-Cookie")) > 0 {
			t.Errorf("it sets %v", b.header.Values("Set-Cookie"))
		}
		b.do("HEAD", "/xmlsitemap.php", "", "").want(200, "")
		b.do("POST", "/xmlsitemap.php", "", "").want(405, "")
	})
}
