package graphql

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	gqlgen "github.com/99designs/gqlgen/graphql"

	"clientele/internal/form"
	"clientele/internal/geo"
	"clientele/internal/graphql/model"
	"clientele/internal/store"
)

// Settings returns what the storefront shows of its store.
func (r *siteResolver) Settings(ctx context.Context, _ *model.Site) (*model.Settings, error) {
	w := shopperOf(ctx)
	s, err := r.about(ctx, w).settings()
	if err != nil {
		return nil, err
	}
	site, front := w.visit.Site, &s.Storefront
	out := &model.Settings{
		StoreName: s.Name, StoreHash: site.StoreHash, StoreCountryCode: s.CountryCode, Status: model.StorefrontStatusType(s.Standing()),
		URL:       &model.URLField{VanityURL: site.URL, CdnURL: host(site.URL), CheckoutURL: filled(site.URL)},
		ChannelID: site.ChannelID,
		ReCaptcha: &model.ReCaptchaSettings{
			SiteKey: front.ReCaptcha.SiteKey, IsEnabledOnStorefront: front.ReCaptcha.Enabled, IsEnabledOnCheckout: front.ReCaptcha.EnabledOnCheckout,
			FailedLoginLockoutDurationSeconds: ptr(front.ReCaptcha.LockoutSeconds),
		},
		StatusMessage: filled(front.StatusMessage),
		Customers: &model.CustomersSettings{PasswordComplexitySettings: &model.PasswordComplexitySettings{
			MinimumPasswordLength: int64(*front.Password.MinimumLength),
			RequireLowerCase:      front.Password.RequireLowerCase, RequireUpperCase: front.Password.RequireUpperCase,
			RequireNumbers: *front.Password.RequireNumbers, MinimumNumbers: int64(*front.Password.MinimumNumbers),
			RequireSpecialCharacters: front.Password.RequireSpecial, MinimumSpecialCharacters: int64(*front.Password.MinimumSpecial),
		}},
		Locales: locales(s, site.URL),
		Inactivity: &model.InactivitySettings{
			ShopperInactivityDurationSeconds: &front.SessionSeconds, ShopperActivityExtendsDuration: front.ActivityExtends,
		},
		Newsletter:       &model.NewsletterSettings{ShowNewsletterSignup: *front.ShowNewsletter, NewsletterCheckedByDefault: front.NewsletterChecked},
		LogoV2:           &model.StoreTextLogo{Text: s.Name},
		Contact:          &model.ContactField{Address: s.Address, Phone: s.Phone, Email: s.AdminEmail},
		Tax:              &model.TaxDisplaySettings{Plp: model.TaxPriceDisplayEx},
		Inventory:        &model.InventorySettings{},
		SocialMediaLinks: []*model.SocialMediaLink{},
		FaviconURL:       ptr(cmp.Or(s.FaviconURL, w.visit.Origin()+store.FaviconPath)),
		RobotsTxt:        filled(front.RobotsTxt),
		WebAnalytics:     &model.WebAnalytics{},
		Seo:              &model.SeoDetails{PageTitle: s.Name},
	}
	if gqlgen.FieldRequested(ctx, "privacy") {
		p, err := r.about(ctx, w).privacy()
		if err != nil {
			return nil, err
		}
		out.Privacy = &model.PrivacySettings{CookieConsentEnabled: *p.AskConsent, PrivacyPolicyURL: filled(*p.PolicyURL)}
	}
	if s.PricesWithTax {
		out.Tax.Plp = model.TaxPriceDisplayInc
	}
	if s.LogoURL != "" {
		out.LogoV2 = &model.StoreImageLogo{Image: &model.Image{URLTemplate: s.LogoURL, AltText: s.Name}}
	}
	return out, nil
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

// locales returns the store's languages, its own first. The others live below
// a path of their name, which Path is without a slash: storefronts put it
// between slashes themselves.
func locales(s *store.Settings, base string) []*model.Locale {
	out := []*model.Locale{{Code: s.Language, IsDefault: true, FullPath: base + "/", Path: ""}}
	for _, code := range s.Languages()[1:] {
		out = append(out, &model.Locale{Code: code, FullPath: base + "/" + url.PathEscape(code), Path: url.PathEscape(code)})
	}
	return out
}

// FormFields returns the forms of sign-up and addresses.
func (r *settingsResolver) FormFields(context.Context, *model.Settings) (*model.FormFields, error) {
	return &model.FormFields{}, nil
}

// GiftCertificates returns nothing: this service sells none.
func (r *settingsResolver) GiftCertificates(context.Context, *model.Settings, *model.CurrencyCode) (model.GiftCertificateSettings, error) {
	return nil, nil
}

// Customer returns the fields of the sign-up form.
func (r *formsResolver) Customer(ctx context.Context, _ *model.FormFields, f *model.FormFieldFiltersInput, by *model.FormFieldSortInput) ([]model.FormField, error) {
	return r.form(ctx, form.Customer, f, by)
}

// ShippingAddress returns the fields of an address.
func (r *formsResolver) ShippingAddress(ctx context.Context, _ *model.FormFields, f *model.FormFieldFiltersInput, by *model.FormFieldSortInput) ([]model.FormField, error) {
	return r.form(ctx, form.Address, f, by)
}

// BillingAddress returns the fields of an address: there is one form for both.
func (r *formsResolver) BillingAddress(ctx context.Context, _ *model.FormFields, f *model.FormFieldFiltersInput, by *model.FormFieldSortInput) ([]model.FormField, error) {
	return r.form(ctx, form.Address, f, by)
}

func (r *formsResolver) form(ctx context.Context, name string, filters *model.FormFieldFiltersInput, by *model.FormFieldSortInput) ([]model.FormField, error) {
	all, err := r.about(ctx, shopperOf(ctx)).forms()
	if err != nil {
		return nil, err
	}
	var chosen []*form.Field
	for i := range all {
		f := &all[i]
		if f.Form != name || filters != nil && (filters.EntityIds != nil && !slices.Contains(filters.EntityIds, f.ID) ||
			filters.IsRequired != nil && *filters.IsRequired != f.Required || filters.IsBuiltIn != nil && *filters.IsBuiltIn != f.BuiltIn()) {
			continue
		}
		chosen = append(chosen, f)
	}
	if by != nil && *by == model.FormFieldSortInputSortOrder {
		slices.SortStableFunc(chosen, func(a, b *form.Field) int { return cmp.Compare(a.Options.SortOrder, b.Options.SortOrder) })
	}
	out := make([]model.FormField, len(chosen))
	for i, f := range chosen {
		out[i] = definition(f)
	}
	return out, nil
}

// countries are the choices of a country, the same for everybody.
var countries = sync.OnceValue(func() []*model.FormFieldOption {
	all := geo.Countries()
	out := make([]*model.FormFieldOption, len(all))
	for i, c := range all {
		out[i] = &model.FormFieldOption{EntityID: c.ID, Label: c.Name}
	}
	return out
})

// definition makes the schema's form of a field.
func definition(f *form.Field) model.FormField {
	o := &f.Options
	var builtIn *model.BuiltInFormFieldID
	if f.BuiltIn() {
		builtIn = ptr(model.BuiltInFormFieldID(f.Name))
	}
	var longest *int64
	if o.MaxLength > 0 {
		longest = &o.MaxLength
	}
	switch f.ID {
	case form.Country:
		return &model.PicklistFormField{EntityID: f.ID, Label: o.Label, SortOrder: o.SortOrder, IsBuiltIn: true, IsRequired: f.Required, BuiltInFieldID: builtIn, ChoosePrefix: cmp.Or(o.Placeholder, "Choose a country"), Options: countries()}
	case form.State:
		return &model.PicklistOrTextFormField{EntityID: f.ID, Label: o.Label, SortOrder: o.SortOrder, IsBuiltIn: true, IsRequired: f.Required, BuiltInFieldID: builtIn, MaxLength: longest, PicklistPrefix: cmp.Or(o.Placeholder, "Choose a state")}
	}
	switch f.Type {
	case form.MultilineField:
		return &model.MultilineTextFormField{EntityID: f.ID, Label: o.Label, SortOrder: o.SortOrder, IsBuiltIn: f.BuiltIn(), IsRequired: f.Required, BuiltInFieldID: builtIn, DefaultText: filled(o.Default), Rows: cmp.Or(o.Rows, 5)}
	case form.NumberField:
		out := &model.NumberFormField{EntityID: f.ID, Label: o.Label, SortOrder: o.SortOrder, IsBuiltIn: f.BuiltIn(), IsRequired: f.Required, BuiltInFieldID: builtIn, MaxLength: longest, MinNumber: whole(o.Min), MaxNumber: whole(o.Max)}
		if n, err := strconv.ParseFloat(o.Default, 64); err == nil {
			out.DefaultNumber = &n
		}
		return out
	case form.PasswordField:
		return &model.PasswordFormField{EntityID: f.ID, Label: o.Label, SortOrder: o.SortOrder, IsBuiltIn: f.BuiltIn(), IsRequired: f.Required, BuiltInFieldID: builtIn, MaxLength: longest}
	case form.DateField:
		return &model.DateFormField{EntityID: f.ID, Label: o.Label, SortOrder: o.SortOrder, IsBuiltIn: f.BuiltIn(), IsRequired: f.Required, BuiltInFieldID: builtIn, DefaultDate: date(o.Default), MinDate: date(o.Min), MaxDate: date(o.Max)}
	case form.CheckboxField:
		return &model.CheckboxesFormField{EntityID: f.ID, Label: o.Label, SortOrder: o.SortOrder, IsBuiltIn: f.BuiltIn(), IsRequired: f.Required, BuiltInFieldID: builtIn, Options: options(f)}
	case form.RadioField:
		return &model.RadioButtonsFormField{EntityID: f.ID, Label: o.Label, SortOrder: o.SortOrder, IsBuiltIn: f.BuiltIn(), IsRequired: f.Required, BuiltInFieldID: builtIn, Options: options(f)}
	case form.DropdownField:
		return &model.PicklistFormField{EntityID: f.ID, Label: o.Label, SortOrder: o.SortOrder, IsBuiltIn: f.BuiltIn(), IsRequired: f.Required, BuiltInFieldID: builtIn, ChoosePrefix: o.Placeholder, Options: options(f)}
	}
	return &model.TextFormField{EntityID: f.ID, Label: o.Label, SortOrder: o.SortOrder, IsBuiltIn: f.BuiltIn(), IsRequired: f.Required, BuiltInFieldID: builtIn, DefaultText: filled(o.Default), MaxLength: longest}
}

// options returns the choices of a field. The wish for offers is one.
func options(f *form.Field) []*model.FormFieldOption {
	out := []*model.FormFieldOption{}
	for i, id := range f.Options.ChoiceIDs {
		out = append(out, &model.FormFieldOption{EntityID: id, Label: f.Options.ChoiceLabel(i)})
	}
	if f.ID == form.Offers && len(out) == 0 {
		out = append(out, &model.FormFieldOption{EntityID: 1, Label: f.Options.Label})
	}
	return out
}

// whole reads a limit of numbers.
func whole(text string) *int64 {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || n < -1<<31 || n > 1<<31-1 {
		return nil
	}
	return ptr(int64(n))
}

// Currencies returns the store's currency.
func (r *siteResolver) Currencies(ctx context.Context, _ *model.Site, before, after *string, first, last *int64) (*model.CurrencyConnection, error) {
	w, err := window(before, after, first, last)
	if err != nil {
		return nil, err
	}
	s, err := r.about(ctx, shopperOf(ctx)).settings()
	if err != nil {
		return nil, err
	}
	out := &model.CurrencyConnection{Edges: []*model.CurrencyEdge{}}
	code := model.CurrencyCode(s.Currency)
	// There is one, in the first place.
	if code.IsValid() && w.After == 0 && (w.Before == 0 || w.Before > 1) && w.First != 0 && w.Last != 0 {
		out.Edges = append(out.Edges, &model.CurrencyEdge{Node: &model.Currency{Code: code, IsTransactional: true, IsDefault: true}})
	}
	return out, nil
}

// The catalog, content and carts are kept elsewhere: what storefronts ask of
// them on every page is answered as for a store that has none.

// CategoryTree returns no categories.
func (r *siteResolver) CategoryTree(context.Context, *model.Site, *int64) ([]*model.CategoryTreeItem, error) {
	return []*model.CategoryTreeItem{}, nil
}

// Brands returns no brands.
func (r *siteResolver) Brands(_ context.Context, _ *model.Site, before, after *string, first, last *int64, _, _ []int64) (*model.BrandConnection, error) {
	_, err := window(before, after, first, last)
	return &model.BrandConnection{Edges: []*model.BrandEdge{}}, err
}

// NewestProducts returns no products.
func (r *siteResolver) NewestProducts(_ context.Context, _ *model.Site, before, after *string, first, last *int64, _ *bool) (*model.ProductConnection, error) {
	_, err := window(before, after, first, last)
	return &model.ProductConnection{Edges: []*model.ProductEdge{}}, err
}

// FeaturedProducts returns no products.
func (r *siteResolver) FeaturedProducts(_ context.Context, _ *model.Site, before, after *string, first, last *int64, _ *bool) (*model.ProductConnection, error) {
	_, err := window(before, after, first, last)
	return &model.ProductConnection{Edges: []*model.ProductEdge{}}, err
}

// Route leads nowhere.
func (r *siteResolver) Route(context.Context, *model.Site, string, model.RouteRedirectBehavior) (*model.Route, error) {
	return &model.Route{}, nil
}

// Content returns what is below it.
func (r *siteResolver) Content(context.Context, *model.Site) (*model.Content, error) {
	return &model.Content{}, nil
}

// Cart returns no cart.
func (r *siteResolver) Cart(context.Context, *model.Site, *string) (*model.Cart, error) {
	return nil, nil
}

// Pages returns no pages.
func (r *contentResolver) Pages(_ context.Context, _ *model.Content, _ *model.WebPagesFiltersInput, _ *model.WebPageSortInput, before, after *string, first, last *int64) (*model.PageConnection, error) {
	_, err := window(before, after, first, last)
	return &model.PageConnection{Edges: []*model.PageEdge{}}, err
}

// Scripts returns no scripts.
func (r *contentResolver) Scripts(_ context.Context, _ *model.Content, before, after *string, first, last *int64, _ *model.ScriptsFilters) (*model.ScriptTypeConnection, error) {
	_, err := window(before, after, first, last)
	return &model.ScriptTypeConnection{Edges: []*model.ScriptTypeEdge{}}, err
}

// VisitStartedEvent notes nothing: visits are not counted here.
func (r *analyticsResolver) VisitStartedEvent(context.Context, *model.AnalyticsMutations, model.VisitStartedEventInput) (*model.VisitStartedEventResult, error) {
	return &model.VisitStartedEventResult{Executed: false}, nil
}
