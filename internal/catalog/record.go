package catalog

import "clientele/internal/history"

// What the history tells of a product.
var productHistory = history.Table[Product]{
	history.TextColumn(history.FieldName, func(p *Product) string { return p.Name }),
	history.TextColumn(history.FieldSKU, func(p *Product) string { return p.SKU }),
	history.TextColumn(history.FieldPath, func(p *Product) string { return p.Path }),
	history.MoneyColumn(history.FieldPrice, PriceScale, func(p *Product) int64 { return p.Price }),
	history.TextColumn(history.FieldImageURL, func(p *Product) string { return p.ImageURL }),
	history.FlagColumn(history.FieldInStock, func(p *Product) bool { return p.InStock }),
}
