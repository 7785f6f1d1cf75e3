package graphql

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"clientele/internal/form"
	"clientele/internal/geo"
	"clientele/internal/graphql/exec"
	"clientele/internal/setting"
	"clientele/internal/store"
)

// shop is a store as a site shows it.
type shop struct {
	*store.Settings
	site   store.Site
	origin string // where it was asked
}

// checkout is what a site says about checking out.
type checkout struct {
	*store.Settings
	said setting.CheckoutSettings
}

// shop returns the store of the site.
func (s *Server) shop(c *exec.Call, _ *exec.None) (*shop, error) {
	settings, err := s.settings(c.Context)
	if err != nil {
		return nil, err
	}
	visit := shopperOf(c.Context).visit
	return &shop{settings, visit.Site, visit.Origin()}, nil
}

// siteTables answer the storefront. The catalog, content and carts are kept
// elsewhere: they are answered as for a store that has none, but for what is
// known of products.
func (s *Server) siteTables() exec.Tables {
	same := exec.Part(func(s *shop) *shop { return s })
	return exec.Tables{
		"Site": exec.Of[exec.None](exec.Fields{
			"settings":       exec.Object(s.shop),
			"publicWishlist": exec.Object(s.publicWishlist),
			"currencies":     exec.Object(s.currencies),
			"currency":       exec.Object(s.currency),
			"product":        exec.Object(s.product),
			"products":       exec.Object(s.products),
			"newestProducts": exec.Object(s.newestProducts),
			"route":          exec.Object(s.siteRoute),
			"search":         exec.Group[exec.None](),
			"order":          exec.Object(s.order),
		}),
		"Settings": exec.Of[shop](exec.Fields{
			"storeName":        exec.Text(func(s *shop) string { return s.Name }),
			"storeHash":        exec.Text(func(s *shop) string { return s.site.StoreHash }),
			"storeCountryCode": exec.Text(func(s *shop) string { return s.CountryCode }),
			"status":           exec.Enum(func(s *shop) string { return string(s.Standing()) }),
			"statusMessage":    exec.TextOrNull(func(s *shop) string { return s.Storefront.StatusMessage }),
			"url":              same,
			"channelId":        exec.Int(func(s *shop) int64 { return s.site.ChannelID }),
			"reCaptcha":        exec.Part(func(s *shop) *store.ReCaptcha { return &s.Storefront.ReCaptcha }),
			"customers":        same,
			"locales":          exec.Parts(locales),
			"formFields":       exec.Group[shop](),
			"privacy": exec.Object(func(c *exec.Call, _ *shop) (*setting.CustomerSettings, error) {
				p, err := s.privacy(c.Context)
				return &p, err
			}),
			"checkout":     exec.Object(s.checkout),
			"inactivity":   same,
			"newsletter":   same,
			"logoV2":       same,
			"contact":      same,
			"tax":          same,
			"inventory":    exec.Group[shop](),
			"faviconUrl":   exec.Text(func(s *shop) string { return cmp.Or(s.FaviconURL, s.origin+store.FaviconPath) }),
			"robotsTxt":    exec.TextOrNull(func(s *shop) string { return s.Storefront.RobotsTxt }),
			"webAnalytics": exec.Group[shop](),
			"seo":          exec.Part(func(s *shop) *seo { return &seo{s.Name} }),
		}),
		"InventorySettings": exec.Of[exec.None](nil),
		"WebAnalytics":      exec.Of[exec.None](nil),
		"UrlField": exec.Of[shop](exec.Fields{
			"vanityUrl":   exec.Text(func(s *shop) string { return s.site.URL }),
			"cdnUrl":      exec.Text(func(s *shop) string { return host(s.site.URL) }),
			"checkoutUrl": exec.TextOrNull(func(s *shop) string { return s.site.URL }),
		}),
		"ReCaptchaSettings": exec.Of[store.ReCaptcha](exec.Fields{
			"siteKey":                           exec.Text(func(r *store.ReCaptcha) string { return r.SiteKey }),
			"isEnabledOnStorefront":             exec.Bool(func(r *store.ReCaptcha) bool { return r.Enabled }),
			"isEnabledOnCheckout":               exec.Bool(func(r *store.ReCaptcha) bool { return r.EnabledOnCheckout }),
			"failedLoginLockoutDurationSeconds": exec.Int(func(r *store.ReCaptcha) int64 { return r.LockoutSeconds }),
		}),
		"CustomersSettings": exec.Of[shop](exec.Fields{
			"passwordComplexitySettings": exec.Part(func(s *shop) *store.PasswordRules { return &s.Storefront.Password }),
		}),
		"PasswordComplexitySettings": exec.Of[store.PasswordRules](exec.Fields{
			"minimumPasswordLength":    exec.Int(func(r *store.PasswordRules) int64 { return int64(*r.MinimumLength) }),
			"requireLowerCase":         exec.Bool(func(r *store.PasswordRules) bool { return r.RequireLowerCase }),
			"requireUpperCase":         exec.Bool(func(r *store.PasswordRules) bool { return r.RequireUpperCase }),
			"requireNumbers":           exec.Bool(func(r *store.PasswordRules) bool { return *r.RequireNumbers }),
			"minimumNumbers":           exec.Int(func(r *store.PasswordRules) int64 { return int64(*r.MinimumNumbers) }),
			"requireSpecialCharacters": exec.Bool(func(r *store.PasswordRules) bool { return r.RequireSpecial }),
			"minimumSpecialCharacters": exec.Int(func(r *store.PasswordRules) int64 { return int64(*r.MinimumSpecial) }),
		}),
		"Locale": exec.Of[storeLocale](exec.Fields{
			"code":      exec.Text(func(l *storeLocale) string { return l.code }),
			"isDefault": exec.Bool(func(l *storeLocale) bool { return l.own }),
			"fullPath":  exec.Text(func(l *storeLocale) string { return l.base + "/" + l.path }),
			"path":      exec.Text(func(l *storeLocale) string { return l.path }),
		}),
		"PrivacySettings": exec.Of[setting.CustomerSettings](exec.Fields{
			"cookieConsentEnabled": exec.Bool(func(s *setting.CustomerSettings) bool { return *s.AskConsent }),
			"privacyPolicyUrl":     exec.TextOrNull(func(s *setting.CustomerSettings) string { return *s.PolicyURL }),
		}),
		"InactivitySettings": exec.Of[shop](exec.Fields{
			"shopperInactivityDurationSeconds": exec.Int(func(s *shop) int64 { return s.Storefront.SessionSeconds }),
			"shopperActivityExtendsDuration":   exec.Bool(func(s *shop) bool { return *s.Storefront.ActivityExtends }),
		}),
		"NewsletterSettings": exec.Of[shop](exec.Fields{
			"showNewsletterSignup":       exec.Bool(func(s *shop) bool { return *s.Storefront.ShowNewsletter }),
			"newsletterCheckedByDefault": exec.Bool(func(s *shop) bool { return s.Storefront.NewsletterChecked }),
		}),
		"StoreTextLogo":  exec.Of[shop](exec.Fields{"text": exec.Text(func(s *shop) string { return s.Name })}),
		"StoreImageLogo": exec.Of[shop](exec.Fields{"image": exec.Part((*shop).picture)}),
		"LogoField": exec.Of[shop](exec.Fields{
			"title": exec.Text(func(s *shop) string { return s.Name }),
			"image": exec.Part((*shop).picture),
		}),
		"DisplayField": exec.Of[shop](exec.Fields{
			"shortDateFormat":    exec.Text(func(s *shop) string { return s.DisplayDate }),
			"extendedDateFormat": exec.Text(func(s *shop) string { return s.ExtendedDate }),
		}),
		"CheckoutSettings": exec.Of[checkout](exec.Fields{
			"reCaptchaEnabled":           exec.Bool(func(s *checkout) bool { return s.Storefront.ReCaptcha.EnabledOnCheckout }),
			"termsAndConditionsEnabled":  exec.Bool(func(s *checkout) bool { return s.said.On(store.CheckoutTermsEnabled) }),
			"termsAndConditionsType":     exec.TextOrNull(func(s *checkout) string { return s.said[store.CheckoutTermsType] }),
			"termsAndConditionsUrl":      exec.TextOrNull(func(s *checkout) string { return s.said[store.CheckoutTermsLink] }),
			"termsAndConditionsTextarea": exec.TextOrNull(func(s *checkout) string { return s.said[store.CheckoutTermsText] }),
		}),
		"CurrencySettings": exec.Of[shop](exec.Fields{"defaultCurrency": exec.Enum(s.currencyCode)}),
		"ContactField": exec.Of[shop](exec.Fields{
			"address": exec.Text(func(s *shop) string { return s.Address }),
			"country": exec.Text((*shop).country),
			"phone":   exec.Text(func(s *shop) string { return s.Phone }),
			"email":   exec.Text(func(s *shop) string { return s.AdminEmail }),
		}),
		"TaxDisplaySettings": exec.Of[shop](exec.Fields{"plp": exec.Enum((*shop).pricesShown), "pdp": exec.Enum((*shop).pricesShown)}),
		"Currency": exec.Of[shop](exec.Fields{
			"entityId":        exec.Int(func(*shop) int64 { return 1 }),
			"code":            exec.Enum(s.currencyCode),
			"name":            exec.Text((*shop).currencyName),
			"isActive":        exec.Bool(func(*shop) bool { return true }),
			"exchangeRate":    exec.Float(func(*shop) float64 { return 1 }),
			"isTransactional": exec.Bool(func(*shop) bool { return true }),
			"isDefault":       exec.Bool(func(*shop) bool { return true }),
			"display":         same,
		}),
		"CurrencyDisplay": exec.Of[shop](exec.Fields{
			"symbol":          exec.Text(func(s *shop) string { return s.CurrencySymbol }),
			"symbolPlacement": exec.Enum((*shop).symbolPlacement),
			"decimalToken":    exec.Text(func(s *shop) string { return s.DecimalSeparator }),
			"thousandsToken":  exec.Text(func(s *shop) string { return s.ThousandsMark }),
			"decimalPlaces":   exec.Int(func(s *shop) int64 { return int64(*s.DecimalPlaces) }),
		}),
	}
}

// knowsCurrency reports whether the schema has the store's currency.
func (s *Server) knowsCurrency(own *shop) bool {
	return s.documents.Schema().Types["currencyCode"].EnumValues.ForName(own.Currency) != nil
}

// currencyCode returns the store's currency, or one that the schema has.
func (s *Server) currencyCode(own *shop) string {
	if !s.knowsCurrency(own) {
		return "USD"
	}
	return own.Currency
}

// currencyName returns the name of the store's currency.
func (s *shop) currencyName() string {
	c, _ := geo.CurrencyByCode(s.Currency)
	return c.Name
}

func (s *shop) symbolPlacement() string {
	if s.SymbolLocation == "right" {
		return "RIGHT"
	}
	return "LEFT"
}

// country returns the name of the store's country.
func (s *shop) country() string {
	c, ok := geo.ByCode(s.CountryCode)
	if !ok {
		return ""
	}
	return c.Name
}

// pricesShown tells whether prices on lists are shown with tax.
func (s *shop) pricesShown() string {
	if s.PricesWithTax {
		return "INC"
	}
	return "EX"
}

// picture returns the store's logo.
func (s *shop) picture() *picture { return &picture{s.LogoAt(s.origin), s.Name} }

// logo names the schema's type of the store's logo.
func (s *shop) logo() string {
	if s.LogoURL != "" {
		return "StoreImageLogo"
	}
	return "StoreTextLogo"
}

// host returns where a URL leads without its scheme, which storefronts put
// before the address of files themselves.
func host(text string) string {
	_, rest, found := strings.Cut(text, "://")
	if !found {
		return text
	}
	return rest
}

// storeLocale is a language of the store.
type storeLocale struct {
	code, base, path string
	own              bool
}

// locales returns the store's languages, its own first. The others live below
// a path of their name, which path is without a slash: storefronts put it
// between slashes themselves.
func locales(s *shop) []storeLocale {
	out := []storeLocale{{s.Language, s.site.URL, "", true}}
	for _, code := range s.Languages()[1:] {
		out = append(out, storeLocale{code, s.site.URL, url.PathEscape(code), false})
	}
	return out
}

// formTables answer the forms of sign-up and addresses.
func (s *Server) formTables() exec.Tables {
	options := exec.List(s.options)
	text := exec.TextOrNull(func(f *form.Field) string { return f.Options.Default })
	longest := exec.IntOrNull(func(f *form.Field) *int64 {
		if f.Options.MaxLength > 0 {
			return &f.Options.MaxLength
		}
		return nil
	})
	address := exec.Refs(func(c *exec.Call, _ *exec.None) ([]*form.Field, error) { return s.form(c, form.Address) })
	return exec.Tables{
		"FormFields": exec.Of[exec.None](exec.Fields{
			"customer":        exec.Refs(func(c *exec.Call, _ *exec.None) ([]*form.Field, error) { return s.form(c, form.Customer) }),
			"shippingAddress": address,
			"billingAddress":  address, // there is one form for both
		}),
		"FormField": exec.Of[form.Field](exec.Fields{
			"entityId":   exec.Int(func(f *form.Field) int64 { return f.ID }),
			"label":      exec.Text(func(f *form.Field) string { return f.Options.Label }),
			"sortOrder":  exec.Int(func(f *form.Field) int64 { return f.Options.SortOrder }),
			"isBuiltIn":  exec.Bool(func(f *form.Field) bool { return f.BuiltIn() }),
			"isRequired": exec.Bool(func(f *form.Field) bool { return f.Required }),
			"builtInFieldId": exec.Enum(func(f *form.Field) string {
				if f.BuiltIn() {
					return f.Name
				}
				return ""
			}),
		}),
		"TextFormField": exec.Of[form.Field](exec.Fields{"defaultText": text, "maxLength": longest}),
		"MultilineTextFormField": exec.Of[form.Field](exec.Fields{
			"defaultText": text,
			"rows":        exec.Int(func(f *form.Field) int64 { return cmp.Or(f.Options.Rows, 5) }),
		}),
		"NumberFormField": exec.Of[form.Field](exec.Fields{
			"maxLength": longest,
			"minNumber": exec.IntOrNull(func(f *form.Field) *int64 { return whole(f.Options.Min) }),
			"maxNumber": exec.IntOrNull(func(f *form.Field) *int64 { return whole(f.Options.Max) }),
			"defaultNumber": exec.FloatOrNull(func(f *form.Field) *float64 {
				if n, err := strconv.ParseFloat(f.Options.Default, 64); err == nil {
					return &n
				}
				return nil
			}),
		}),
		"PasswordFormField": exec.Of[form.Field](exec.Fields{"maxLength": longest}),
		"DateFormField": exec.Of[form.Field](exec.Fields{
			"defaultDate": exec.Raw(func(b []byte, f *form.Field) []byte { return appendDate(b, f.Options.Default) }),
			"minDate":     exec.Raw(func(b []byte, f *form.Field) []byte { return appendDate(b, f.Options.Min) }),
			"maxDate":     exec.Raw(func(b []byte, f *form.Field) []byte { return appendDate(b, f.Options.Max) }),
		}),
		"CheckboxesFormField":   exec.Of[form.Field](exec.Fields{"options": options}),
		"RadioButtonsFormField": exec.Of[form.Field](exec.Fields{"options": options}),
		"PicklistFormField": exec.Of[form.Field](exec.Fields{
			"options": options,
			"choosePrefix": exec.Text(func(f *form.Field) string {
				if f.ID == form.Country {
					return cmp.Or(f.Options.Placeholder, "Choose a country")
				}
				return f.Options.Placeholder
			}),
		}),
		"PicklistOrTextFormField": exec.Of[form.Field](exec.Fields{
			"maxLength":      longest,
			"picklistPrefix": exec.Text(func(f *form.Field) string { return cmp.Or(f.Options.Placeholder, "Choose a state") }),
		}),
		"FormFieldOption": exec.Of[option](exec.Fields{
			"entityId": exec.Int(func(o *option) int64 { return o.id }),
			"label":    exec.Text(func(o *option) string { return o.label }),
		}),
	}
}

// form returns the fields of a form that match the filters.
func (s *Server) form(c *exec.Call, name string) ([]*form.Field, error) {
	all, err := s.forms(c.Context)
	if err != nil {
		return nil, err
	}
	filters := c.Args.Object("filters")
	ids, required, builtIn := filters.Ints("entityIds"), filters.BoolOrNil("isRequired"), filters.BoolOrNil("isBuiltIn")
	chosen := make([]*form.Field, 0, len(all))
	for i := range all {
		f := &all[i]
		if f.Form == name && (ids == nil || slices.Contains(ids, f.ID)) &&
			(required == nil || *required == f.Required) && (builtIn == nil || *builtIn == f.BuiltIn()) {
			chosen = append(chosen, f)
		}
	}
	if c.Args.Text("sortBy") == "SORT_ORDER" {
		slices.SortStableFunc(chosen, func(a, b *form.Field) int { return cmp.Compare(a.Options.SortOrder, b.Options.SortOrder) })
	}
	return chosen, nil
}

// formFieldType names the schema's type of a field.
func formFieldType(f *form.Field) string {
	switch f.ID {
	case form.Country:
		return "PicklistFormField"
	case form.State:
		return "PicklistOrTextFormField"
	}
	switch f.Type {
	case form.MultilineField:
		return "MultilineTextFormField"
	case form.NumberField:
		return "NumberFormField"
	case form.PasswordField:
		return "PasswordFormField"
	case form.DateField:
		return "DateFormField"
	case form.CheckboxField:
		return "CheckboxesFormField"
	case form.RadioField:
		return "RadioButtonsFormField"
	case form.DropdownField:
		return "PicklistFormField"
	}
	return "TextFormField"
}

// option is a choice of a field.
type option struct {
	id    int64
	label string
}

// countries are the choices of a country, the same for everybody.
var countries = sync.OnceValue(func() []option {
	all := geo.Countries()
	out := make([]option, len(all))
	for i, c := range all {
		out[i] = option{c.ID, c.Name}
	}
	return out
})

// options returns the choices of a field. The wish for offers is one.
func (s *Server) options(c *exec.Call, f *form.Field) ([]option, error) {
	if f.ID == form.Country {
		if t := s.tongue(c.Context); t != nil {
			return t.countries(), nil
		}
		return countries(), nil
	}
	out := make([]option, len(f.Options.ChoiceIDs))
	for i, id := range f.Options.ChoiceIDs {
		out[i] = option{id, f.Options.ChoiceLabel(i)}
	}
	if f.ID == form.Offers && len(out) == 0 {
		out = append(out, option{1, f.Options.Label})
	}
	return out, nil
}

// whole reads a limit of numbers.
func whole(text string) *int64 {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || n < -1<<31 || n > 1<<31-1 {
		return nil
	}
	out := int64(n)
	return &out
}

// currencies returns the store's currency.
func (s *Server) currencies(c *exec.Call, _ *exec.None) (*page[shop], error) {
	w, err := window(c.Args)
	if err != nil {
		return nil, err
	}
	own, err := s.shop(c, nil)
	if err != nil {
		return nil, err
	}
	var edges []edge[shop]
	// There is one, in the first place.
	if s.knowsCurrency(own) && w.After == 0 && (w.Before == 0 || w.Before > 1) && w.First != 0 && w.Last != 0 {
		edges = append(edges, edge[shop]{1, *own})
	}
	return newPage(edges, false, false), nil
}

// currency returns the store's currency, if it is the one that is meant.
func (s *Server) currency(c *exec.Call, _ *exec.None) (*shop, error) {
	own, err := s.shop(c, nil)
	if err != nil || c.Args.Text("currencyCode") != own.Currency {
		return nil, err
	}
	return own, nil
}
