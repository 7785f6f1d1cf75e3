package graphql

import (
	"context"
	"math"
	"strconv"
	"strings"
	"time"

	gqlgen "github.com/99designs/gqlgen/graphql"

	"clientele/internal/customer"
	"clientele/internal/form"
	"clientele/internal/geo"
	"clientele/internal/graphql/model"
	"clientele/internal/listing"
	"clientele/internal/store"
)

// load reads a customer for the field that is being resolved, with what is
// selected below it.
func (s *Server) load(ctx context.Context, id int64) (*model.Customer, error) {
	if id == 0 {
		return nil, nil
	}
	w, op := shopperOf(ctx), gqlgen.GetOperationContext(ctx)
	var want wanted
	want.add(op, gqlgen.GetFieldContext(ctx).Field.Selections)
	p, err := s.profile(ctx, w, id, &want)
	if err != nil || p == nil {
		return nil, err
	}
	return s.customer(ctx, w, p)
}

// customer makes the schema's form of a customer.
func (s *Server) customer(ctx context.Context, w *shopper, p *customer.Profile) (*model.Customer, error) {
	out := &model.Customer{
		EntityID: p.ID, Company: p.Company, CustomerGroupID: p.GroupID, CustomerGroupName: filled(p.GroupName),
		Email: p.Email, FirstName: p.FirstName, LastName: p.LastName, Phone: p.Phone, TaxExemptCategory: p.TaxExemptCategory,
		AddressCount: p.AddressCount, AttributeCount: p.AttributeCount, Attributes: &model.CustomerAttributes{Noted: p.Noted},
		FormFields: formValues(p.FormFields, p.Fields), IsSubscribedToNewsletter: p.Subscribed,
		NotificationPreferences: []string{}, Profile: p,
	}
	for _, f := range gqlgen.CollectFieldsCtx(ctx, []string{"Customer"}) {
		if f.Name == "storeCredit" {
			settings, err := s.about(ctx, w).settings()
			if err != nil {
				return nil, err
			}
			out.StoreCredit = []*model.Money{money(settings, p.StoreCredit)}
			break
		}
	}
	return out, nil
}

// money writes an amount in the store's currency.
func money(s *store.Settings, amount int64) *model.Money {
	value := strconv.FormatFloat(float64(amount)/math.Pow10(customer.CreditScale), 'f', -1, 64)
	shown := s.Price(amount, customer.CreditScale)
	return &model.Money{CurrencyCode: s.Currency, Value: model.BigDecimal(value), Formatted: &shown, FormattedV2: &shown}
}

// Addresses returns a page of the address book.
func (r *customerResolver) Addresses(ctx context.Context, obj *model.Customer, before, after *string, first, last *int64) (*model.AddressConnection, error) {
	at, err := window(before, after, first, last)
	if err != nil {
		return nil, err
	}
	page := obj.Profile.Books[at]
	if page == nil { // not reached: it was read with the customer
		p, err := r.Customers.Profile(ctx, shopperOf(ctx).visit.Site.StoreID, obj.EntityID, customer.ProfileWant{Addresses: []listing.Window{at}, AddressForms: true, Counts: true})
		if err != nil || p == nil {
			return nil, err
		}
		obj.Profile, page = p, p.Books[at]
	}
	out := &model.AddressConnection{Edges: make([]*model.AddressEdge, len(page.Addresses)), CollectionInfo: &model.CollectionInfo{TotalItems: &obj.Profile.AddressCount}}
	ids := make([]int64, len(page.Addresses))
	for i := range page.Addresses {
		a := &page.Addresses[i]
		ids[i] = a.ID
		out.Edges[i] = &model.AddressEdge{Cursor: cursor(a.ID), Node: address(a, obj.Profile.Fields)}
	}
	out.PageInfo = pageInfo(ids, page.Before, page.After)
	return out, nil
}

// address makes the schema's form of an address.
func address(a *customer.Address, fields map[int64]*form.Field) *model.CustomerAddress {
	out := &model.CustomerAddress{
		EntityID: a.ID, FirstName: a.FirstName, LastName: a.LastName, Address1: a.Address1, Address2: filled(a.Address2),
		City: a.City, CountryCode: a.CountryCode, StateOrProvince: filled(a.StateOrProvince), Phone: filled(a.Phone),
		PostalCode: filled(a.PostalCode), Company: filled(a.Company), FormFields: formValues(a.FormFields, fields),
	}
	switch a.Type {
	case customer.Residential:
		out.AddressType = ptr(model.DestinationAddressTypeResidential)
	case customer.Commercial:
		out.AddressType = ptr(model.DestinationAddressTypeCommercial)
	}
	if c, ok := geo.ByCode(a.CountryCode); ok {
		out.Country, out.CountryID = &c.Name, &c.ID
		if st, ok := c.State(a.StateOrProvince); ok {
			out.StateID = &st.ID
		}
	}
	return out
}

// Metafields returns a page of what apps let storefronts show.
func (r *customerResolver) Metafields(ctx context.Context, obj *model.Customer, namespace string, keys []string, before, after *string, first, last *int64) (*model.MetafieldConnection, error) {
	w, err := window(before, after, first, last)
	if err != nil {
		return nil, err
	}
	if strings.Contains(namespace+strings.Join(keys, ""), "\x00") {
		return nil, publicError("", "The arguments namespace and keys must not contain NUL")
	}
	at := customer.MetafieldWindow{Window: w, Namespace: namespace, Keys: strings.Join(keys, "\x00")}
	page := obj.Profile.Metafields[at]
	if page == nil { // not reached: it was read with the customer
		p, err := r.Customers.Profile(ctx, shopperOf(ctx).visit.Site.StoreID, obj.EntityID, customer.ProfileWant{Metafields: []customer.MetafieldWindow{at}})
		if err != nil || p == nil {
			return nil, err
		}
		page = p.Metafields[at]
	}
	out := &model.MetafieldConnection{Edges: make([]*model.MetafieldEdge, len(page.Metafields))}
	ids := make([]int64, len(page.Metafields))
	for i, m := range page.Metafields {
		ids[i] = m.ID
		out.Edges[i] = &model.MetafieldEdge{Cursor: cursor(m.ID), Node: &model.Metafields{
			ID: globalID("Metafields", m.ID), EntityID: m.ID, Key: m.Key, Value: m.Value, Description: m.Description,
		}}
	}
	out.PageInfo = pageInfo(ids, page.Before, page.After)
	return out, nil
}

// Orders returns an empty page: this service keeps no orders.
func (r *customerResolver) Orders(_ context.Context, _ *model.Customer, _ *model.OrdersFiltersInput, before, after *string, first, last *int64) (*model.OrdersConnection, error) {
	if _, err := window(before, after, first, last); err != nil {
		return nil, err
	}
	return &model.OrdersConnection{PageInfo: &model.PageInfo{}, Edges: []*model.OrdersEdge{}}, nil
}

// Attribute returns what is noted of an attribute. One that the store does not
// have is without name and value.
func (r *notesResolver) Attribute(_ context.Context, obj *model.CustomerAttributes, entityID int64) (*model.CustomerAttribute, error) {
	n := obj.Noted[entityID]
	out := &model.CustomerAttribute{EntityID: entityID, Name: n.Name}
	if n.Set {
		out.Value = &n.Value
	}
	return out, nil
}

// formValues makes the schema's form of values. Nothing said in a field that
// has no word for it is left out.
func formValues(values []customer.FormValue, fields map[int64]*form.Field) []model.CustomerFormFieldValue {
	out := make([]model.CustomerFormFieldValue, 0, len(values))
	for i := range values {
		if v := formValue(&values[i], fields[values[i].FieldID]); v != nil {
			out = append(out, v)
		}
	}
	return out
}

func formValue(v *customer.FormValue, f *form.Field) model.CustomerFormFieldValue {
	if f == nil {
		return nil
	}
	texts := form.StoredTexts(v.JSON)
	text := strings.Join(texts, "")
	switch v.Type {
	case form.TextField:
		return &model.TextFormFieldValue{EntityID: v.FieldID, Name: v.Name, Text: text}
	case form.MultilineField:
		return &model.MultilineTextFormFieldValue{EntityID: v.FieldID, Name: v.Name, MultilineText: text}
	case form.PasswordField:
		return &model.PasswordFormFieldValue{EntityID: v.FieldID, Name: v.Name}
	case form.NumberField:
		if n, err := strconv.ParseFloat(text, 64); err == nil {
			return &model.NumberFormFieldValue{EntityID: v.FieldID, Name: v.Name, Number: n}
		}
	case form.DateField:
		if at := date(text); at != nil {
			return &model.DateFormFieldValue{EntityID: v.FieldID, Name: v.Name, Date: &model.DateTimeExtended{Utc: *at}}
		}
	case form.CheckboxField:
		out := &model.CheckboxesFormFieldValue{EntityID: v.FieldID, Name: v.Name, Values: []string{}, ValueEntityIds: []int64{}}
		for _, s := range texts {
			out.Values = append(out.Values, s)
			out.ValueEntityIds = append(out.ValueEntityIds, choiceID(f, s))
		}
		return out
	case form.RadioField, form.DropdownField:
		if text != "" {
			return &model.MultipleChoiceFormFieldValue{EntityID: v.FieldID, Name: v.Name, Value: text, ValueEntityID: choiceID(f, text)}
		}
	}
	return nil
}

// choiceID returns the id of a choice; 0 is none of today's.
func choiceID(f *form.Field, label string) int64 {
	id, _ := f.Options.ChoiceID(label)
	return id
}

// date reads a stored date.
func date(text string) *model.DateTime {
	var t model.DateTime
	if text == "" || t.UnmarshalGQL(text) != nil || time.Time(t).IsZero() {
		return nil
	}
	return &t
}
