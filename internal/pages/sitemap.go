package pages

import "net/http"

// sitemapIndex lists the parts of a storefront's sitemap. There are none: the
// catalog is kept elsewhere, and search engines are to leave these pages out.
const sitemapIndex = `<?xml version="1.0" encoding="UTF-8"?>
<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"></sitemapindex>
`

// sitemap answers storefronts that read the index as they are built.
func (c *call) sitemap() error {
	c.W.Header().Set("Content-Type", "application/xml")
	c.W.Header().Set("X-Content-Type-Options", "nosniff")
	if c.R.Method == http.MethodHead {
		return nil
	}
	// The exchange keeps the error.
	_, _ = c.W.Write([]byte(sitemapIndex))
	return nil
}
