package graphql

import (
	"context"
	"slices"
	"strings"
	"sync"

	gqlgen "github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/form"
	"clientele/internal/geo"
	"clientele/internal/graphql/gen"
	"clientele/internal/graphql/model"
	"clientele/internal/setting"
	"clientele/internal/store"
)

// resolvers is the root of all resolvers, which are one type per type of the
// schema that has any.
type resolvers struct{ *Server }

type (
	queryResolver     struct{ *Server }
	mutationResolver  struct{ *Server }
	siteResolver      struct{ *Server }
	settingsResolver  struct{ *Server }
	formsResolver     struct{ *Server }
	contentResolver   struct{ *Server }
	geographyResolver struct{ *Server }
	customerResolver  struct{ *Server }
	notesResolver     struct{ *Server }
	accountResolver   struct{ *Server }
	newsResolver      struct{ *Server }
	analyticsResolver struct{ *Server }
)

var _ gen.ResolverRoot = (*resolvers)(nil)

func (r *resolvers) Query() gen.QueryResolver           { return &queryResolver{r.Server} }
func (r *resolvers) Mutation() gen.MutationResolver     { return &mutationResolver{r.Server} }
func (r *resolvers) Site() gen.SiteResolver             { return &siteResolver{r.Server} }
func (r *resolvers) Settings() gen.SettingsResolver     { return &settingsResolver{r.Server} }
func (r *resolvers) FormFields() gen.FormFieldsResolver { return &formsResolver{r.Server} }
func (r *resolvers) Content() gen.ContentResolver       { return &contentResolver{r.Server} }
func (r *resolvers) Geography() gen.GeographyResolver   { return &geographyResolver{r.Server} }
func (r *resolvers) Customer() gen.CustomerResolver     { return &customerResolver{r.Server} }
func (r *resolvers) CustomerAttributes() gen.CustomerAttributesResolver {
	return &notesResolver{r.Server}
}
func (r *resolvers) CustomerMutations() gen.CustomerMutationsResolver {
	return &accountResolver{r.Server}
}
func (r *resolvers) NewsletterMutations() gen.NewsletterMutationsResolver {
	return &newsResolver{r.Server}
}
func (r *resolvers) AnalyticsMutations() gen.AnalyticsMutationsResolver {
	return &analyticsResolver{r.Server}
}

// ownAccount is what is read once in a request about who asks and where.
type ownAccount struct {
	settings func() (*store.Settings, error)
	privacy  func() (setting.CustomerSettings, error)
	forms    func() (form.Form, error)
	profile  func() (*customer.Profile, error)
}

// about returns what is read once. The first caller's context counts for all.
func (s *Server) about(ctx context.Context, w *shopper) *ownAccount {
	w.own.Do(func() {
		storeID := w.visit.Site.StoreID
		w.me.settings = sync.OnceValues(func() (*store.Settings, error) { return s.Stores.Settings(ctx, storeID) })
		w.me.privacy = sync.OnceValues(func() (setting.CustomerSettings, error) {
			return s.Config.Settings.Effective(ctx, storeID, w.visit.Site.ChannelID)
		})
		w.me.forms = sync.OnceValues(func() (form.Form, error) {
			settings, err := w.me.settings()
			if err != nil {
				return nil, err
			}
			return s.Forms.All(ctx, storeID, w.wish().Choose(settings.Languages()).Locale)
		})
		w.me.profile = sync.OnceValues(func() (*customer.Profile, error) {
			// All that any customer field of the query asks for, at once.
			op := gqlgen.GetOperationContext(ctx)
			var want wanted
			for _, f := range gqlgen.CollectFields(op, op.Operation.SelectionSet, []string{"Query"}) {
				if f.Name == "customer" {
					want.add(op, f.Selections)
				}
			}
			return s.profile(ctx, w, w.customerID, &want)
		})
	})
	return &w.me
}

// Site returns the storefront.
func (r *queryResolver) Site(context.Context) (*model.Site, error) { return &model.Site{}, nil }

// Customer returns who asks, or nil.
func (r *queryResolver) Customer(ctx context.Context) (*model.Customer, error) {
	w := shopperOf(ctx)
	if w.customerID == 0 {
		return nil, nil
	}
	p, err := r.about(ctx, w).profile()
	if err != nil || p == nil {
		return nil, err
	}
	return r.customer(ctx, w, p)
}

// Geography returns the world.
func (r *queryResolver) Geography(context.Context) (*model.Geography, error) {
	return &model.Geography{}, nil
}

// Channel returns the channel of the storefront.
func (r *queryResolver) Channel(ctx context.Context) (*model.Channel, error) {
	return &model.Channel{EntityID: shopperOf(ctx).visit.Site.ChannelID}, nil
}

// Node returns nothing: nodes are of the catalog, of orders and of content,
// which this service does not keep.
func (r *queryResolver) Node(context.Context, string) (model.Node, error) { return nil, nil }

// wanted is what a selection of a customer asks for.
type wanted struct {
	customer.ProfileWant
	subscribed bool
}

// maxParts is how many different parts of lists are read at once: each takes
// statements of its own.
const maxParts = 50

var errParts = fault.New(fault.Invalid, "the query asks for too many different pages of lists")

// profile reads a customer.
func (s *Server) profile(ctx context.Context, who *shopper, id int64, w *wanted) (*customer.Profile, error) {
	if len(w.Addresses)+len(w.Metafields) > maxParts {
		return nil, errParts
	}
	if w.subscribed {
		w.SubscribedOn = who.visit.Site.ChannelID
	}
	return s.Customers.Profile(ctx, who.visit.Site.StoreID, id, w.ProfileWant)
}

// add notes what a selection of a customer asks for.
func (w *wanted) add(op *gqlgen.OperationContext, set ast.SelectionSet) {
	for _, f := range gqlgen.CollectFields(op, set, []string{"Customer"}) {
		switch f.Name {
		case "customerGroupName":
			w.Group = true
		case "addressCount", "attributeCount":
			w.Counts = true
		case "formFields":
			w.FormFields = true
		case "attributes":
			w.Attributes = true
		case "isSubscribedToNewsletter":
			w.subscribed = true
		case "addresses":
			a := arguments(f.ArgumentMap(op.Variables))
			// Arguments that are wrong are for the field itself to report.
			if at, err := window(a.text("before"), a.text("after"), a.number("first"), a.number("last")); err == nil && !slices.Contains(w.Addresses, at) {
				w.Addresses = append(w.Addresses, at)
			}
			for _, part := range gqlgen.CollectFields(op, f.Selections, nil) {
				switch part.Name {
				case "collectionInfo":
					w.Counts = true
				case "edges":
					for _, node := range gqlgen.CollectFields(op, part.Selections, nil) {
						for _, leaf := range gqlgen.CollectFields(op, node.Selections, nil) {
							w.AddressForms = w.AddressForms || leaf.Name == "formFields"
						}
					}
				}
			}
		case "metafields":
			a := arguments(f.ArgumentMap(op.Variables))
			namespace := a.text("namespace")
			if at, err := window(a.text("before"), a.text("after"), a.number("first"), a.number("last")); err == nil && namespace != nil && !strings.Contains(*namespace, "\x00") {
				if m := (customer.MetafieldWindow{Window: at, Namespace: *namespace, Keys: strings.Join(a.texts("keys"), "\x00")}); !slices.Contains(w.Metafields, m) {
					w.Metafields = append(w.Metafields, m)
				}
			}
		}
	}
}

// arguments are those of a field, before they were given to its resolver.
type arguments map[string]any

func (a arguments) text(name string) *string {
	if s, ok := a[name].(string); ok {
		return &s
	}
	return nil
}

func (a arguments) texts(name string) (out []string) {
	switch v := a[name].(type) {
	case string:
		return []string{v}
	case []any:
		for _, e := range v {
			if s, ok := e.(string); ok {
				out = append(out, s)
			}
		}
	case []string:
		return v
	}
	return out
}

func (a arguments) number(name string) *int64 {
	if n, err := model.UnmarshalInt(a[name]); a[name] != nil && err == nil {
		return &n
	}
	return nil
}

// Countries returns the countries that match the filters.
func (r *geographyResolver) Countries(_ context.Context, _ *model.Geography, filters *model.CountryFiltersInput) ([]*model.Country, error) {
	out := []*model.Country{}
	all := geo.Countries()
	for i := range all {
		c := &all[i]
		if filters != nil && (filters.Code != nil && !strings.EqualFold(*filters.Code, c.Code) || filters.Name != nil && !strings.EqualFold(*filters.Name, c.Name)) {
			continue
		}
		money := c.Currency()
		country := &model.Country{
			EntityID: c.ID, Code: c.Code, Name: c.Name, Iso3: c.Code3, StateRequired: c.StateRequired,
			Currency:          &model.CountryCurrency{Code: money.Code, Name: money.Name, Symbol: money.Symbol},
			StatesOrProvinces: make([]*model.StateOrProvince, len(c.States)),
		}
		for j, st := range c.States {
			country.StatesOrProvinces[j] = &model.StateOrProvince{EntityID: st.ID, Name: st.Name, Abbreviation: st.Code}
		}
		out = append(out, country)
	}
	return out, nil
}
