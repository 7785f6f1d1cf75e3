package graphql

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/form"
	"clientele/internal/geo"
	"clientele/internal/graphql/exec"
	"clientele/internal/setting"
	"clientele/internal/store"
)

// memo is what is read once in a request.
type memo[T any] struct {
	done bool
	v    T
	err  error
}

func (m *memo[T]) get(read func() (T, error)) (T, error) {
	if !m.done {
		m.v, m.err = read()
		m.done = true
	}
	return m.v, m.err
}

// settings returns the store's settings.
func (s *Server) settings(ctx context.Context) (*store.Settings, error) {
	w := shopperOf(ctx)
	return w.settings.get(func() (*store.Settings, error) { return s.Stores.Settings(ctx, w.visit.Site.StoreID) })
}

// privacy returns what the store and the channel say about customers.
func (s *Server) privacy(ctx context.Context) (setting.CustomerSettings, error) {
	w := shopperOf(ctx)
	return w.privacy.get(func() (setting.CustomerSettings, error) {
		return s.Settings.Effective(ctx, w.visit.Site.StoreID, w.visit.Site.ChannelID)
	})
}

// checkout returns the checkout settings that hold on the channel.
func (s *Server) checkout(c *exec.Call, of *shop) (*checkout, error) {
	site := of.site
	said, err := s.Settings.EffectiveCheckout(c.Context, site.StoreID, site.ChannelID)
	return &checkout{of.Settings, said}, err
}

// forms returns the fields of all forms, in the shopper's language.
func (s *Server) forms(ctx context.Context) (form.Form, error) {
	w := shopperOf(ctx)
	return w.forms.get(func() (form.Form, error) {
		settings, err := s.settings(ctx)
		if err != nil {
			return nil, err
		}
		fields, err := s.Forms.All(ctx, w.visit.Site.StoreID, w.language(settings))
		if t := w.tongueOf(settings); err == nil && t != nil {
			fields = t.translate(fields)
		}
		return fields, err
	})
}

// queryTables answer the root, and what is the same for all stores.
func (s *Server) queryTables() exec.Tables {
	return exec.Tables{
		"Query": exec.Of[exec.None](exec.Fields{
			"site":      exec.Group[exec.None](),
			"geography": exec.Group[exec.None](),
			"clientele": exec.Group[exec.None](),
			"customer":  exec.Object(s.self),
			"channel":   exec.Object(siteOf),
			"store":     exec.Object(siteOf),
			"node":      exec.Object(s.node),

			"shopperPreferences": exec.Group[exec.None](),
		}),
		"Store": exec.Of[store.Site](exec.Fields{
			"entityId": exec.Int(func(s *store.Site) int64 { return s.StoreID }),
		}),
		"Channel": exec.Of[store.Site](exec.Fields{
			"entityId": exec.Int(func(s *store.Site) int64 { return s.ChannelID }),
		}),
		"Geography": exec.Of[exec.None](exec.Fields{"countries": exec.List(countriesOf)}),
		"Country": exec.Of[geo.Country](exec.Fields{
			"entityId":          exec.Int(func(c *geo.Country) int64 { return c.ID }),
			"code":              exec.Text(func(c *geo.Country) string { return c.Code }),
			"name":              exec.Text(func(c *geo.Country) string { return c.Name }),
			"iso3":              exec.Text(func(c *geo.Country) string { return c.Code3 }),
			"stateRequired":     exec.Bool(func(c *geo.Country) bool { return c.StateRequired }),
			"currency":          exec.Part(func(c *geo.Country) *geo.Currency { money := c.Currency(); return &money }),
			"statesOrProvinces": exec.Parts(func(c *geo.Country) []geo.State { return c.States }),
		}),
		"CountryCurrency": exec.Of[geo.Currency](exec.Fields{
			"code":   exec.Text(func(c *geo.Currency) string { return c.Code }),
			"name":   exec.Text(func(c *geo.Currency) string { return c.Name }),
			"symbol": exec.Text(func(c *geo.Currency) string { return c.Symbol }),
		}),
		"StateOrProvince": exec.Of[geo.State](exec.Fields{
			"entityId":     exec.Int(func(s *geo.State) int64 { return s.ID }),
			"name":         exec.Text(func(s *geo.State) string { return s.Name }),
			"abbreviation": exec.Text(func(s *geo.State) string { return s.Code }),
		}),
	}
}

func siteOf(c *exec.Call, _ *exec.None) (*store.Site, error) {
	return &shopperOf(c.Context).visit.Site, nil
}

// countriesOf returns the countries that match the filters.
func countriesOf(c *exec.Call, _ *exec.None) ([]geo.Country, error) {
	filters := c.Args.Object("filters")
	code, name := filters.TextOrNil("code"), filters.TextOrNil("name")
	if code == nil && name == nil {
		return geo.Countries(), nil
	}
	var out []geo.Country
	for _, at := range geo.Countries() {
		if (code == nil || strings.EqualFold(*code, at.Code)) && (name == nil || strings.EqualFold(*name, at.Name)) {
			out = append(out, at)
		}
	}
	return out, nil
}

// self returns who asks, or nil, with all that any customer field of the query
// asks for, which is read at once.
func (s *Server) self(c *exec.Call, _ *exec.None) (*customer.Profile, error) {
	w := shopperOf(c.Context)
	return w.profile.get(func() (*customer.Profile, error) {
		id := cmp.Or(w.customerID, w.claimed)
		if id == 0 {
			return nil, nil
		}
		var want wanted
		for f := range c.Roots() {
			if f.Name() == "customer" {
				want.add(f)
			}
		}
		p, err := s.profile(c.Context, id, &want)
		if err != nil || w.claimed == 0 {
			return p, err
		}
		admission, err := s.Accounts.Admission(c.Context, w.visit.Site)
		if err != nil {
			return nil, err
		}
		if w.decide(c.Context, p == nil || admission.ServesHere(&p.Customer)); w.customerID == 0 {
			return nil, nil
		}
		return p, nil
	})
}

// load reads a customer for the field that is being answered, with what is
// selected below it.
func (s *Server) load(c *exec.Call, id int64) (*customer.Profile, error) {
	if id == 0 {
		return nil, nil
	}
	var want wanted
	want.add(c.Field())
	return s.profile(c.Context, id, &want)
}

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
func (s *Server) profile(ctx context.Context, id int64, w *wanted) (*customer.Profile, error) {
	if len(w.Addresses)+len(w.Metafields) > maxParts {
		return nil, errParts
	}
	site := shopperOf(ctx).visit.Site
	if w.subscribed {
		w.SubscribedOn = site.ChannelID
	}
	return s.Customers.Profile(ctx, site.StoreID, id, w.ProfileWant)
}

// add notes what a field of type Customer asks for. Arguments that are wrong
// are for the field itself to report.
func (w *wanted) add(of exec.Selected) {
	for f := range of.Fields() {
		switch f.Name() {
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
			w.addAddresses(f)
		case "activeCompany":
			for user := range f.Fields() {
				for leaf := range user.Fields() {
					w.FormFields = w.FormFields || leaf.Name() == "formFields"
				}
			}
		case "metafields":
			if m, err := metafieldWindow(f.Args()); err == nil && !slices.Contains(w.Metafields, m) {
				w.Metafields = append(w.Metafields, m)
			}
		}
	}
}

func (w *wanted) addAddresses(f exec.Selected) {
	if at, err := window(f.Args()); err == nil && !slices.Contains(w.Addresses, at) {
		w.Addresses = append(w.Addresses, at)
	}
	for part := range f.Fields() {
		if part.Name() == "collectionInfo" {
			w.Counts = true
		}
		for node := range part.Fields() {
			for leaf := range node.Fields() {
				w.AddressForms = w.AddressForms || leaf.Name() == "formFields"
			}
		}
	}
}

// metafieldWindow reads the arguments of the metafields of a customer.
func metafieldWindow(args exec.Args) (m customer.MetafieldWindow, err error) {
	if m.Window, err = window(args); err != nil {
		return m, err
	}
	keys := args.Texts("keys")
	if m.Namespace = args.Text("namespace"); strings.Contains(m.Namespace+strings.Join(keys, ""), "\x00") {
		return m, publicError("", "The arguments namespace and keys must not contain NUL")
	}
	m.Keys = strings.Join(keys, "\x00")
	return m, nil
}
