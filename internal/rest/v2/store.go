package v2

import (
	"net/http"
	"strconv"

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

func (s *Surface) getStore(c *rest.Call, _ struct{}) (*store.Settings, error) {
	return s.Stores.Settings(c.Ctx(), c.StoreID())
}

func (s *Surface) sendStore(c *rest.Call, row *store.Settings) {
	zone := row.Zone(s.sys.Clock())
	sendOne(c, http.StatusOK, row, func(b []byte, row *store.Settings) []byte { return appendStore(b, row, zone) })
}

func appendStore(b []byte, s *store.Settings, zone store.Zone) []byte {
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
	text("control_panel_base_url", s.ControlPanelURL)
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
	b = jsonx.AppendString(b, s.LogoURL)
	b = append(b, `},"is_price_entered_with_tax":`...)
	b = strconv.AppendBool(b, s.PricesWithTax)
	b = append(b, `,"store_id":`...)
	b = strconv.AppendInt(b, s.StoreID, 10)
	number("default_channel_id", store.DefaultChannel)
	// What there is no part of here is switched off.
	return append(b, `,"active_comparison_modules":[],"features":{"stencil_enabled":false,"sitewidehttps_enabled":false,`+
		`"facebook_catalog_id":"","checkout_type":"optimized","wishlists_enabled":false,"graphql_storefront_api_enabled":false,`+
		`"shopper_consent_tracking_enabled":false,"multi_storefront_enabled":true}}`...)
}
