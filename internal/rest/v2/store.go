package v2

import (
	"cmp"
	"net/http"
	"strconv"
	"strings"

	"clientele/internal/auth"
	"clientele/internal/geo"
	"clientele/internal/jsonx"
	"clientele/internal/rest"
	"clientele/internal/rest/shape"
	"clientele/internal/store"
)

func (s *Surface) storeRoutes() []rest.Route {
	return []rest.Route{
		{Method: "GET", Pattern: "/store", Need: auth.ReadInformation, Handle: get(thisStore, s.getStore, s.sendStore)},
		{Method: "GET", Pattern: "/time", Need: auth.ReadInformation, Handle: get(thisStore, s.getTime, one(appendTime))},
	}
}

func (s *Surface) getTime(*rest.Call, struct{}) (*int64, error) { return shape.Ref(s.sys.Now(), nil) }

func appendTime(b []byte, now *int64) []byte {
	return append(strconv.AppendInt(append(b, `{"time":`...), *now, 10), '}')
}

// aboutStore is what a store says about itself, with what it has on.
type aboutStore struct {
	*store.Settings
	features store.Features
	panel    string // where the control panel is; empty: nowhere
}

func (s *Surface) getStore(c *rest.Call, _ struct{}) (*aboutStore, error) {
	settings, err := s.Stores.Settings(c.Ctx(), c.StoreID())
	if err != nil {
		return nil, err
	}
	features, err := s.Stores.Features(c.Ctx(), c.StoreID())
	return &aboutStore{settings, features, s.Panel}, err
}

func (s *Surface) sendStore(c *rest.Call, row *aboutStore) {
	zone := row.Zone(s.sys.Clock())
	sendOne(c, http.StatusOK, row, func(b []byte, row *aboutStore) []byte { return appendStore(b, row, zone) })
}

func appendStore(b []byte, s *aboutStore, zone store.Zone) []byte {
	text := func(key, value string) {
		b = append(b, ',')
		b = jsonx.AppendKey(b, key)
		b = jsonx.AppendString(b, value)
	}
	number := func(key string, value int) {
		b = append(b, ',')
		b = jsonx.AppendKey(b, key)
		b = strconv.AppendInt(b, int64(value), 10)
	}
	country := ""
	if c, ok := geo.ByCode(s.CountryCode); ok {
		country = c.Name
	}
	b = append(b, `{"id":`...)
	b = jsonx.AppendString(b, s.Hash)
	text("domain", s.Domain)
	text("secure_url", s.SecureURL)
	text("control_panel_base_url", cmp.Or(s.ControlPanelURL, s.panel, s.SecureURL))
	text("status", s.Status)
	text("name", s.Name)
	text("first_name", s.FirstName)
	text("last_name", s.LastName)
	text("address", s.Address)
	text("country", country)
	text("country_code", s.CountryCode)
	text("phone", s.Phone)
	text("admin_email", s.AdminEmail)
	text("order_email", s.OrderEmail)
	text("favicon_url", s.FaviconURL)
	b = append(b, `,"timezone":{"name":`...)
	b = jsonx.AppendString(b, s.Timezone)
	number("raw_offset", zone.Raw)
	number("dst_offset", zone.Summer)
	b = append(b, `,"dst_correction":`...)
	b = strconv.AppendBool(b, zone.Saving)
	b = append(b, `,"date_format":{"display":`...)
	b = jsonx.AppendString(b, s.DisplayDate)
	text("export", s.ExportDate)
	text("extended_display", s.ExtendedDate)
	b = append(b, `}}`...)
	text("language", s.Language)
	text("currency", s.Currency)
	text("currency_symbol", s.CurrencySymbol)
	text("decimal_separator", s.DecimalSeparator)
	text("thousands_separator", s.ThousandsMark)
	number("decimal_places", *s.DecimalPlaces)
	text("currency_symbol_location", s.SymbolLocation)
	text("weight_units", s.WeightUnits)
	text("dimension_units", s.DimensionUnits)
	number("dimension_decimal_places", 2)
	text("dimension_decimal_token", s.DecimalSeparator)
	text("dimension_thousands_token", s.ThousandsMark)
	text("plan_name", s.PlanName)
	text("plan_level", s.PlanLevel)
	b = append(b, `,"plan_is_trial":false`...)
	text("industry", s.Industry)
	b = append(b, `,"logo":{"url":`...)
	b = jsonx.AppendString(b, s.LogoAt(strings.TrimRight(s.SecureURL, "/")))
	b = append(b, `},"is_price_entered_with_tax":`...)
	b = strconv.AppendBool(b, s.PricesWithTax)
	b = append(b, `,"store_id":`...)
	b = strconv.AppendInt(b, s.StoreID, 10)
	number("default_channel_id", store.DefaultChannel)
	return append(appendFeatures(append(b, `,"active_comparison_modules":[],"features":`...), &s.features), '}')
}

// appendFeatures tells what a store has on. There are no themes and no catalog
// here, and no checkout, whose type has no word for that.
func appendFeatures(b []byte, f *store.Features) []byte {
	b = strconv.AppendBool(append(b, `{"stencil_enabled":false,"sitewidehttps_enabled":`...), f.HTTPS)
	b = append(b, `,"facebook_catalog_id":"","checkout_type":"optimized"`...)
	for _, on := range []struct {
		name string
		is   bool
	}{
		{"wishlists_enabled", f.Wishlists}, {"graphql_storefront_api_enabled", f.GraphQL},
		{"shopper_consent_tracking_enabled", f.Consent}, {"multi_storefront_enabled", f.Storefronts},
	} {
		b = append(jsonx.AppendKey(append(b, ','), on.name), []byte(strconv.FormatBool(on.is))...)
	}
	return append(b, '}')
}
