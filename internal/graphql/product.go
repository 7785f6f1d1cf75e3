package graphql

import (
	"encoding/base64"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"clientele/internal/catalog"
	"clientele/internal/graphql/exec"
	"clientele/internal/opt"
	"clientele/internal/store"
)

// shownProduct is what is known of a product, as a store shows it.
type shownProduct struct {
	*catalog.Product
	settings *store.Settings
	currency string // as the schema has it
}

// picture is an image, of which there is one size.
type picture struct{ url, alt string }

// seo is what a page says of itself to search engines.
type seo struct{ title string }

// available says that a product is sold. Whether there is any in stock is
// another question.
type available struct{}

// routed is what is at a path.
type routed struct{ product *shownProduct }

// searched is a search for products.
type searched struct{ catalog.Asked }

// productTables answer what is known of products. The rest of the catalog is
// kept elsewhere.
func (s *Server) productTables() exec.Tables {
	same := exec.Part(func(p *shownProduct) *shownProduct { return p })
	amount := exec.Part(func(m *money) *money { return m })
	location := exec.Text(func(p *picture) string { return p.url })
	return exec.Tables{
		"Product": exec.Of[shownProduct](exec.Fields{
			"id":             exec.Text(func(p *shownProduct) string { return globalID(productKind, p.ID) }),
			"entityId":       exec.Int(func(p *shownProduct) int64 { return p.ID }),
			"sku":            exec.Text(func(p *shownProduct) string { return p.SKU }),
			"path":           exec.Text(func(p *shownProduct) string { return p.Path }),
			"name":           exec.Text(func(p *shownProduct) string { return p.Name }),
			"prices":         exec.Object(prices),
			"defaultImage":   exec.Part((*shownProduct).image),
			"images":         exec.Object(images),
			"inventory":      same,
			"availabilityV2": exec.Part(func(*shownProduct) *available { return &available{} }),
			"availability":   exec.Text(func(*shownProduct) string { return "available" }),
			"seo":            exec.Part(func(p *shownProduct) *seo { return &seo{p.Name} }),
		}),
		"ProductInventory": exec.Of[shownProduct](exec.Fields{
			"isInStock": exec.Bool(func(p *shownProduct) bool { return p.InStock }),
		}),
		"ProductAvailability": exec.Of[available](exec.Fields{
			"status": exec.Enum(func(*available) string { return "Available" }),
		}),
		"Prices":     exec.Of[money](exec.Fields{"price": amount, "basePrice": amount, "priceRange": amount}),
		"MoneyRange": exec.Of[money](exec.Fields{"min": amount, "max": amount}),
		"Image": exec.Of[picture](exec.Fields{
			"url":         location,
			"urlOriginal": location,
			"urlTemplate": location,
			"altText":     exec.Text(func(p *picture) string { return p.alt }),
			"isDefault":   exec.Bool(func(*picture) bool { return true }),
		}),
		"SeoDetails":    exec.Of[seo](exec.Fields{"pageTitle": exec.Text(func(s *seo) string { return s.title })}),
		"Route":         exec.Of[routed](exec.Fields{"node": exec.Part(func(r *routed) *shownProduct { return r.product })}),
		"SearchQueries": exec.Of[exec.None](exec.Fields{"searchProducts": exec.Object(searchProducts)}),
		"SearchProducts": exec.Of[searched](exec.Fields{"products": exec.Object(func(c *exec.Call, q *searched) (*page[shownProduct], error) {
			return s.productPage(c, q.Asked)
		})}),
	}
}

const productKind = "Product"

// productID reads the global id of a product.
func productID(text string) (int64, bool) {
	raw, err := base64.StdEncoding.DecodeString(text)
	digits, ok := strings.CutPrefix(string(raw), productKind+":")
	if err != nil || !ok {
		return 0, false
	}
	id, err := strconv.ParseInt(digits, 10, 64)
	return id, err == nil
}

// shown returns a product as the store shows it; nil stays nil.
func (s *Server) shown(c *exec.Call, p *catalog.Product) (*shownProduct, error) {
	if p == nil {
		return nil, nil
	}
	settings, err := s.settings(c.Context)
	if err != nil {
		return nil, err
	}
	return &shownProduct{p, settings, s.currencyCode(&shop{Settings: settings})}, nil
}

// prices returns what a product costs. There is no other currency than the
// store's.
func prices(c *exec.Call, p *shownProduct) (*money, error) {
	if code := c.Args.TextOrNil("currencyCode"); code != nil && *code != p.currency {
		return nil, nil
	}
	return &money{p.settings, p.Price}, nil
}

func (p *shownProduct) image() *picture {
	if p.ImageURL == "" {
		return nil
	}
	return &picture{p.ImageURL, p.Name}
}

func images(c *exec.Call, p *shownProduct) (*page[picture], error) {
	at, err := window(c.Args)
	if err != nil {
		return nil, err
	}
	var all []picture
	if one := p.image(); one != nil {
		all = append(all, *one)
	}
	return windowOf(at, all), nil
}

// productByID returns a product by its number, or nil.
func (s *Server) productByID(c *exec.Call, id int64) (*shownProduct, error) {
	found, err := s.Products.ByID(c.Context, shopperOf(c.Context).visit.Site.StoreID, []int64{id})
	if err != nil {
		return nil, err
	}
	return s.shown(c, found[id])
}

// product returns a product by one of its names. None is known by variants.
func (s *Server) product(c *exec.Call, _ *exec.None) (*shownProduct, error) {
	switch {
	case c.Args.Has("id"):
		id, ok := productID(c.Args.Text("id"))
		if !ok {
			return nil, nil
		}
		return s.productByID(c, id)
	case c.Args.Has("entityId"):
		return s.productByID(c, c.Args.Int("entityId"))
	case c.Args.Has("sku"):
		p, err := s.Products.BySKU(c.Context, shopperOf(c.Context).visit.Site.StoreID, c.Args.Text("sku"))
		if err != nil {
			return nil, err
		}
		return s.shown(c, p)
	}
	return nil, nil
}

// node returns what has a global id. Only products are known by it.
func (s *Server) node(c *exec.Call, _ *exec.None) (*shownProduct, error) {
	id, ok := productID(c.Args.Text("id"))
	if !ok {
		return nil, nil
	}
	return s.productByID(c, id)
}

// route tells what is at a path. Only products are known by theirs.
func (s *Server) siteRoute(c *exec.Call, _ *exec.None) (*routed, error) {
	path := c.Args.Text("path")
	if u, err := url.Parse(path); err == nil {
		path = u.Path
	}
	p, err := s.Products.ByPath(c.Context, shopperOf(c.Context).visit.Site.StoreID, path)
	if err != nil {
		return nil, err
	}
	shown, err := s.shown(c, p)
	return &routed{shown}, err
}

// products returns the products with some ids, or all.
func (s *Server) products(c *exec.Call, _ *exec.None) (*page[shownProduct], error) {
	ids := slices.Clone(c.Args.Ints("entityIds"))
	for _, text := range c.Args.Texts("ids") {
		id, _ := productID(text) // 0 is none
		ids = append(ids, id)
	}
	if len(ids) > maxProductIDs {
		return nil, publicError("", textLargeFilter)
	}
	return s.productPage(c, catalog.Asked{Filter: catalog.Filter{IDs: ids, InStock: c.Args.Bool("hideOutOfStock")}})
}

// maxProductIDs is how many products may be asked for by their ids.
const maxProductIDs = 1000

// newestProducts returns the products from the highest id on.
func (s *Server) newestProducts(c *exec.Call, _ *exec.None) (*page[shownProduct], error) {
	return s.productPage(c, catalog.Asked{Order: catalog.Newest, Filter: catalog.Filter{InStock: c.Args.Bool("hideOutOfStock")}})
}

// productPage returns the products that the arguments ask for.
func (s *Server) productPage(c *exec.Call, q catalog.Asked) (*page[shownProduct], error) {
	var err error
	if q.Window, err = window(c.Args); err != nil {
		return nil, err
	}
	q.Count = counts(c)
	found, err := s.Products.Page(c.Context, shopperOf(c.Context).visit.Site.StoreID, q)
	if err != nil {
		return nil, err
	}
	edges := make([]edge[shownProduct], len(found.Products))
	for i := range found.Products {
		p, err := s.shown(c, &found.Products[i])
		if err != nil {
			return nil, err
		}
		edges[i] = edge[shownProduct]{p.ID, *p}
	}
	out := newPage(edges, found.Before, found.After)
	out.total = found.Total
	return out, nil
}

// counts reports whether the connection that is being answered is to tell how
// many entries there are in all.
func counts(c *exec.Call) bool {
	for f := range c.Field().Fields() {
		if f.Name() == "collectionInfo" {
			return true
		}
	}
	return false
}

const textLongTerm = "A search term has at most 100 characters."

// searchOrders are the orders of a search that are known here.
var searchOrders = map[string]catalog.Order{
	"NEWEST": catalog.Newest, "A_TO_Z": catalog.AToZ, "Z_TO_A": catalog.ZToA, "LOWEST_PRICE": catalog.Cheapest, "HIGHEST_PRICE": catalog.Dearest,
}

// searchProducts reads what is searched for. Products are in no category and of
// no brand, have no rating and no attributes, are not featured and have no free
// shipping: who asks for such finds none.
func searchProducts(c *exec.Call, _ *exec.None) (*searched, error) {
	in := c.Args.Object("filters")
	term := in.Text("searchTerm")
	if len([]rune(term)) > catalog.MaxTerm {
		return nil, publicError("", textLongTerm)
	}
	q := &searched{}
	q.Words, q.InStock, q.Order = catalog.Terms(term), in.Bool("hideOutOfStock"), searchOrders[c.Args.Text("sort")]
	if price := in.Object("price"); price != nil {
		q.MinPrice, q.MaxPrice = bound(price, "minPrice"), bound(price, "maxPrice")
	}
	if in.Has("categoryEntityId") || len(in.Ints("categoryEntityIds")) > 0 || in.Has("categoryIdsFilter") || len(in.Ints("brandEntityIds")) > 0 ||
		len(in.Objects("productAttributes")) > 0 || in.Bool("isFreeShipping") || in.Bool("isFeatured") || in.Object("rating").Float("minRating") > 0 {
		q.IDs = []int64{0}
	}
	return q, nil
}

// bound reads a price.
func bound(in exec.Args, name string) opt.Field[int64] {
	if !in.Has(name) {
		return opt.Field[int64]{}
	}
	units := math.Round(in.Float(name) * math.Pow10(catalog.PriceScale))
	return opt.Some(int64(max(-catalog.MaxPrice, min(units, catalog.MaxPrice))))
}
