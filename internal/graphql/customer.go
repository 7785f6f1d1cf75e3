package graphql

import (
	"strconv"
	"strings"
	"time"

	"clientele/internal/customer"
	"clientele/internal/form"
	"clientele/internal/geo"
	"clientele/internal/graphql/exec"
	"clientele/internal/jsonx"
	"clientele/internal/store"
)

// customerTables answer customers, with what was read with them.
func (s *Server) customerTables() exec.Tables {
	return exec.Tables{
		"Customer": exec.Of[customer.Profile](exec.Fields{
			"entityId":                 exec.Int(func(p *customer.Profile) int64 { return p.ID }),
			"company":                  exec.Text(func(p *customer.Profile) string { return p.Company }),
			"customerGroupId":          exec.Int(func(p *customer.Profile) int64 { return p.GroupID }),
			"customerGroupName":        exec.TextOrNull(func(p *customer.Profile) string { return p.GroupName }),
			"email":                    exec.Text(func(p *customer.Profile) string { return p.Email }),
			"firstName":                exec.Text(func(p *customer.Profile) string { return p.FirstName }),
			"lastName":                 exec.Text(func(p *customer.Profile) string { return p.LastName }),
			"phone":                    exec.Text(func(p *customer.Profile) string { return p.Phone }),
			"taxExemptCategory":        exec.Text(func(p *customer.Profile) string { return p.TaxExemptCategory }),
			"addressCount":             exec.Int(func(p *customer.Profile) int64 { return p.AddressCount }),
			"attributeCount":           exec.Int(func(p *customer.Profile) int64 { return p.AttributeCount }),
			"attributes":               exec.Part(func(p *customer.Profile) *customer.Profile { return p }),
			"formFields":               exec.Parts(func(p *customer.Profile) []formValue { return formValues(p.FormFields, p.Fields) }),
			"isSubscribedToNewsletter": exec.Bool(func(p *customer.Profile) bool { return p.Subscribed }),
			"storeCredit":              exec.List(s.credit),
			"addresses":                exec.Object(addresses),
			"activeCompany":            exec.Object(s.activeCompany),
			"metafields":               exec.Object(metafields),
			"wishlists":                exec.Object(s.wishlists),
			"orders":                   exec.Object(s.ordersOf),
			"storedPaymentInstruments": exec.Object(s.instruments),
		}),
		"CustomerAttributes": exec.Of[customer.Profile](exec.Fields{"attribute": exec.Object(attribute)}),
		"CustomerAttribute": exec.Of[noted](exec.Fields{
			"entityId": exec.Int(func(n *noted) int64 { return n.id }),
			"name":     exec.Text(func(n *noted) string { return n.Name }),
			"value": exec.TextPtr(func(n *noted) *string {
				if !n.Set {
					return nil
				}
				return &n.Value
			}),
		}),
		"Money": exec.Of[money](exec.Fields{
			"currencyCode": exec.Text(func(m *money) string { return m.settings.Currency }),
			"value":        exec.Raw(func(b []byte, m *money) []byte { return m.appendValue(b) }),
			"formatted":    exec.Text((*money).formatted),
			"formattedV2":  exec.Text((*money).formatted),
		}),
		"CustomerAddress": exec.Of[bookEntry](exec.Fields{
			"entityId":        exec.Int(func(a *bookEntry) int64 { return a.ID }),
			"firstName":       exec.Text(func(a *bookEntry) string { return a.FirstName }),
			"lastName":        exec.Text(func(a *bookEntry) string { return a.LastName }),
			"address1":        exec.Text(func(a *bookEntry) string { return a.Address1 }),
			"address2":        exec.TextOrNull(func(a *bookEntry) string { return a.Address2 }),
			"city":            exec.Text(func(a *bookEntry) string { return a.City }),
			"countryCode":     exec.Text(func(a *bookEntry) string { return a.CountryCode }),
			"stateOrProvince": exec.TextOrNull(func(a *bookEntry) string { return a.StateOrProvince }),
			"phone":           exec.TextOrNull(func(a *bookEntry) string { return a.Phone }),
			"postalCode":      exec.TextOrNull(func(a *bookEntry) string { return a.PostalCode }),
			"company":         exec.TextOrNull(func(a *bookEntry) string { return a.Company }),
			"formFields":      exec.Parts(func(a *bookEntry) []formValue { return formValues(a.FormFields, a.fields) }),
			"addressType":     exec.Enum((*bookEntry).addressType),
			"country":         exec.TextOrNull((*bookEntry).country),
			"countryId":       exec.IntOrNull((*bookEntry).countryID),
			"stateId":         exec.IntOrNull((*bookEntry).stateID),
		}),
		"Metafields": exec.Of[customer.ShownMetafield](exec.Fields{
			"id":          exec.Text(func(m *customer.ShownMetafield) string { return globalID("Metafields", m.ID) }),
			"entityId":    exec.Int(func(m *customer.ShownMetafield) int64 { return m.ID }),
			"key":         exec.Text(func(m *customer.ShownMetafield) string { return m.Key }),
			"value":       exec.Text(func(m *customer.ShownMetafield) string { return m.Value }),
			"description": exec.Text(func(m *customer.ShownMetafield) string { return m.Description }),
		}),
	}
}

// noted is an attribute and what is noted in it.
type noted struct {
	id int64
	customer.Noted
}

// attribute returns what is noted of an attribute. One that the store does not
// have is without name and value.
func attribute(c *exec.Call, p *customer.Profile) (*noted, error) {
	id := c.Args.Int("entityId")
	return &noted{id, p.Noted[id]}, nil
}

// money is an amount in the store's currency.
type money struct {
	settings *store.Settings
	amount   int64
}

// credit returns what the store owes a customer.
func (s *Server) credit(c *exec.Call, p *customer.Profile) ([]money, error) {
	settings, err := s.settings(c.Context)
	if err != nil {
		return nil, err
	}
	return []money{{settings, p.StoreCredit}}, nil
}

func (m *money) appendValue(b []byte) []byte {
	return jsonx.AppendDecimal(b, m.amount, customer.CreditScale)
}

// formatted writes an amount as the store shows it.
func (m *money) formatted() string { return m.settings.Price(m.amount, customer.CreditScale) }

// bookEntry is an address, with the definitions of the form fields that it has
// values of.
type bookEntry struct {
	*customer.Address
	fields map[int64]*form.Field
}

// addresses returns a page of the address book.
func addresses(c *exec.Call, p *customer.Profile) (*page[bookEntry], error) {
	at, err := window(c.Args)
	if err != nil {
		return nil, err
	}
	book := p.Books[at]
	edges := make([]edge[bookEntry], len(book.Addresses))
	for i := range edges {
		a := &book.Addresses[i]
		edges[i] = edge[bookEntry]{a.ID, bookEntry{a, p.Fields}}
	}
	out := newPage(edges, book.Before, book.After)
	out.total = p.AddressCount
	return out, nil
}

func (a *bookEntry) addressType() string {
	switch a.Type {
	case customer.Residential:
		return "RESIDENTIAL"
	case customer.Commercial:
		return "COMMERCIAL"
	}
	return ""
}

func (a *bookEntry) country() string {
	if c, ok := geo.ByCode(a.CountryCode); ok {
		return c.Name
	}
	return ""
}

func (a *bookEntry) countryID() *int64 {
	if c, ok := geo.ByCode(a.CountryCode); ok {
		return &c.ID
	}
	return nil
}

func (a *bookEntry) stateID() *int64 {
	if c, ok := geo.ByCode(a.CountryCode); ok {
		if st, ok := c.State(a.StateOrProvince); ok {
			return &st.ID
		}
	}
	return nil
}

// metafields returns a page of what apps let storefronts show.
func metafields(c *exec.Call, p *customer.Profile) (*page[customer.ShownMetafield], error) {
	at, err := metafieldWindow(c.Args)
	if err != nil {
		return nil, err
	}
	shown := p.Metafields[at]
	edges := make([]edge[customer.ShownMetafield], len(shown.Metafields))
	for i, m := range shown.Metafields {
		edges[i] = edge[customer.ShownMetafield]{m.ID, m}
	}
	return newPage(edges, shown.Before, shown.After), nil
}

// formValue is the value of a form field of a customer or an address.
type formValue struct {
	*customer.FormValue
	kind   string // the schema's type
	field  *form.Field
	texts  []string
	number float64
	date   time.Time
}

// formValueTables answer values of form fields.
func formValueTables() exec.Tables {
	text := exec.Text(func(v *formValue) string { return v.text() })
	return exec.Tables{
		"CustomerFormFieldValue": exec.Of[formValue](exec.Fields{
			"entityId": exec.Int(func(v *formValue) int64 { return v.FieldID }),
			"name":     exec.Text(func(v *formValue) string { return v.Name }),
		}),
		"TextFormFieldValue":          exec.Of[formValue](exec.Fields{"text": text}),
		"MultilineTextFormFieldValue": exec.Of[formValue](exec.Fields{"multilineText": text}),
		"NumberFormFieldValue":        exec.Of[formValue](exec.Fields{"number": exec.Float(func(v *formValue) float64 { return v.number })}),
		"DateFormFieldValue":          exec.Of[formValue](exec.Fields{"date": exec.Part(func(v *formValue) *time.Time { return &v.date })}),
		"MultipleChoiceFormFieldValue": exec.Of[formValue](exec.Fields{
			"value":         text,
			"valueEntityId": exec.Int(func(v *formValue) int64 { return v.choice(v.text()) }),
		}),
		"CheckboxesFormFieldValue": exec.Of[formValue](exec.Fields{
			"values": exec.Texts(func(v *formValue) []string { return v.texts }),
			"valueEntityIds": exec.Ints(func(v *formValue) []int64 {
				ids := make([]int64, len(v.texts))
				for i, s := range v.texts {
					ids[i] = v.choice(s)
				}
				return ids
			}),
		}),
		"DateTimeExtended": exec.Of[time.Time](exec.Fields{"utc": exec.Raw(func(b []byte, t *time.Time) []byte { return appendTime(b, *t) })}),
	}
}

func (v *formValue) text() string { return strings.Join(v.texts, "") }

// choice returns the id of a choice; 0 is none of today's.
func (v *formValue) choice(label string) int64 {
	id, _ := v.field.Options.ChoiceID(label)
	return id
}

// formValues makes the schema's form of values. Nothing said in a field that
// has no word for it is left out.
func formValues(values []customer.FormValue, fields map[int64]*form.Field) []formValue {
	out := make([]formValue, 0, len(values))
	for i := range values {
		v := formValue{FormValue: &values[i], field: fields[values[i].FieldID]}
		if v.field == nil {
			continue
		}
		v.texts = form.StoredTexts(v.JSON)
		if v.kind = v.named(); v.kind != "" {
			out = append(out, v)
		}
	}
	return out
}

// named returns the schema's type of a value, or "" if there is no word for it.
func (v *formValue) named() string {
	switch v.Type {
	case form.TextField:
		return "TextFormFieldValue"
	case form.MultilineField:
		return "MultilineTextFormFieldValue"
	case form.PasswordField:
		return "PasswordFormFieldValue" // which is not shown
	case form.NumberField:
		var err error
		if v.number, err = strconv.ParseFloat(v.text(), 64); err == nil {
			return "NumberFormFieldValue"
		}
	case form.DateField:
		var ok bool
		if v.date, ok = date(v.text()); ok {
			return "DateFormFieldValue"
		}
	case form.CheckboxField:
		return "CheckboxesFormFieldValue"
	case form.RadioField, form.DropdownField:
		if v.text() != "" {
			return "MultipleChoiceFormFieldValue"
		}
	}
	return ""
}
