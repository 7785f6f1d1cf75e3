package export

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"clientele/internal/customer"
	"clientele/internal/email"
	"clientele/internal/form"
	"clientele/internal/geo"
	"clientele/internal/jsonx"
	"clientele/internal/subscriber"
)

// person is a customer with what is looked up.
type person struct {
	*customer.Customer
	group  string
	agreed bool // to the newsletter
}

// layout is how a table of customers is written.
type layout struct {
	// own are the columns of customers before those of addresses, after those after.
	own, after []column
	// address are the columns of each address, whose names have its number for #.
	address []addressColumn
}

type column struct {
	name string
	of   func(p *person) string
}

type addressColumn struct {
	name string
	of   func(a *customer.Address) string
}

func number(n int64) string { return strconv.FormatInt(n, 10) }

func yes(on bool, words ...string) string {
	if on {
		return words[0]
	}
	return words[1]
}

// stamp is a time as every system reads it.
func stamp(at int64) string { return time.Unix(at, 0).UTC().Format(time.RFC3339) }

func credit(p *person) string {
	return string(jsonx.AppendDecimal(nil, p.StoreCredit, customer.CreditScale))
}

// country is a country's name.
func country(a *customer.Address) string {
	if c, ok := geo.ByCode(a.CountryCode); ok {
		return c.Name
	}
	return a.CountryCode
}

// stateCode is a state's code, or its name where it has none.
func stateCode(a *customer.Address) string {
	if c, ok := geo.ByCode(a.CountryCode); ok {
		if s, ok := c.State(a.StateOrProvince); ok && s.Code != "" {
			return s.Code
		}
	}
	return a.StateOrProvince
}

func (w *writing) layout() layout {
	switch w.o.Format {
	case BigCommerce:
		return bigCommerce
	case Shopify:
		return shopify(w.attributes)
	}
	return w.everything()
}

var bigCommerce = layout{
	own: []column{
		{"Customer ID", func(p *person) string { return number(p.ID) }},
		{"First Name", func(p *person) string { return p.FirstName }},
		{"Last Name", func(p *person) string { return p.LastName }},
		{"Company", func(p *person) string { return p.Company }},
		{"Email Address", func(p *person) string { return p.Email }},
		{"Phone", func(p *person) string { return p.Phone }},
		{"Notes", func(p *person) string { return p.Notes }},
		{"Store Credit", credit},
		{"Customer Group", func(p *person) string { return p.group }},
		{"Date Joined", func(p *person) string { return stamp(p.DateCreated) }},
		{"Tax Exempt Category", func(p *person) string { return p.TaxExemptCategory }},
		{"Receive Marketing Emails?", func(p *person) string { return yes(p.agreed, "Yes", "No") }},
		{"Receive ACS/Review Emails?", func(p *person) string { return yes(p.AcceptsEmails, "Yes", "No") }},
	},
	address: []addressColumn{
		{"Address ID - #", func(a *customer.Address) string { return number(a.ID) }},
		{"Address First Name - #", func(a *customer.Address) string { return a.FirstName }},
		{"Address Last Name - #", func(a *customer.Address) string { return a.LastName }},
		{"Address Company - #", func(a *customer.Address) string { return a.Company }},
		{"Address Line 1 - #", func(a *customer.Address) string { return a.Address1 }},
		{"Address Line 2 - #", func(a *customer.Address) string { return a.Address2 }},
		{"City/Suburb - #", func(a *customer.Address) string { return a.City }},
		{"State/Province - #", func(a *customer.Address) string { return a.StateOrProvince }},
		{"Zip/Postcode - #", func(a *customer.Address) string { return a.PostalCode }},
		{"Country - #", country},
		{"Address Phone - #", func(a *customer.Address) string { return a.Phone }},
		{"Building Type - #", func(a *customer.Address) string { return a.Type }},
	},
}

// tagsOf returns the tags of a customer, if an attribute keeps them.
func tagsOf(attributes []named) func(p *person) string {
	tags := int64(0)
	for _, a := range attributes {
		if strings.EqualFold(a.name, "tags") {
			tags = a.id
		}
	}
	return func(p *person) string {
		for i := range p.Attributes {
			if tags != 0 && p.Attributes[i].AttributeID == tags {
				return p.Attributes[i].Value
			}
		}
		return ""
	}
}

func shopify(attributes []named) layout {
	return layout{
		own: []column{
			{"First Name", func(p *person) string { return p.FirstName }},
			{"Last Name", func(p *person) string { return p.LastName }},
			{"Email", func(p *person) string { return p.Email }},
			{"Accepts Email Marketing", func(p *person) string { return yes(p.agreed, "yes", "no") }},
		},
		address: []addressColumn{
			{"Default Address Company", func(a *customer.Address) string { return a.Company }},
			{"Default Address Address1", func(a *customer.Address) string { return a.Address1 }},
			{"Default Address Address2", func(a *customer.Address) string { return a.Address2 }},
			{"Default Address City", func(a *customer.Address) string { return a.City }},
			{"Default Address Province Code", stateCode},
			{"Default Address Country Code", func(a *customer.Address) string { return a.CountryCode }},
			{"Default Address Zip", func(a *customer.Address) string { return a.PostalCode }},
			{"Default Address Phone", func(a *customer.Address) string { return a.Phone }},
		},
		after: []column{
			{"Phone", func(p *person) string { return p.Phone }},
			{"Accepts SMS Marketing", func(*person) string { return "no" }},
			{"Tags", tagsOf(attributes)},
			{"Note", func(p *person) string { return p.Notes }},
			{"Tax Exempt", func(p *person) string { return yes(p.TaxExemptCategory != "", "yes", "no") }},
		},
	}
}

// everything is a column for each value.
func (w *writing) everything() layout {
	l := layout{own: []column{
		{"id", func(p *person) string { return number(p.ID) }},
		{"email", func(p *person) string { return p.Email }},
		{"first_name", func(p *person) string { return p.FirstName }},
		{"last_name", func(p *person) string { return p.LastName }},
		{"company", func(p *person) string { return p.Company }},
		{"phone", func(p *person) string { return p.Phone }},
		{"notes", func(p *person) string { return p.Notes }},
		{"customer_group_id", func(p *person) string { return number(p.GroupID) }},
		{"customer_group", func(p *person) string { return p.group }},
		{"store_credit", credit},
		{"tax_exempt_category", func(p *person) string { return p.TaxExemptCategory }},
		{"registration_ip_address", func(p *person) string { return p.RegistrationIP }},
		{"accepts_product_review_abandoned_cart_emails", func(p *person) string { return yes(p.AcceptsEmails, "yes", "no") }},
		{"newsletter", func(p *person) string { return yes(p.agreed, "yes", "no") }},
		{"origin_channel_id", func(p *person) string { return number(p.OriginChannelID) }},
		{"channel_ids", func(p *person) string {
			ids := make([]string, len(p.ChannelIDs))
			for i, id := range p.ChannelIDs {
				ids[i] = number(id)
			}
			return strings.Join(ids, ",")
		}},
		{"force_password_reset", func(p *person) string { return yes(p.ForcePasswordReset, "yes", "no") }},
		{"date_created", func(p *person) string { return stamp(p.DateCreated) }},
		{"date_modified", func(p *person) string { return stamp(p.DateModified) }},
	}}
	for _, a := range [...]addressColumn{
		{"id", func(a *customer.Address) string { return number(a.ID) }},
		{"first_name", func(a *customer.Address) string { return a.FirstName }},
		{"last_name", func(a *customer.Address) string { return a.LastName }},
		{"company", func(a *customer.Address) string { return a.Company }},
		{"phone", func(a *customer.Address) string { return a.Phone }},
		{"type", func(a *customer.Address) string { return a.Type }},
		{"address1", func(a *customer.Address) string { return a.Address1 }},
		{"address2", func(a *customer.Address) string { return a.Address2 }},
		{"city", func(a *customer.Address) string { return a.City }},
		{"state", func(a *customer.Address) string { return a.StateOrProvince }},
		{"postal_code", func(a *customer.Address) string { return a.PostalCode }},
		{"country_code", func(a *customer.Address) string { return a.CountryCode }},
	} {
		l.address = append(l.address, addressColumn{"address.#." + a.name, a.of})
	}
	for _, f := range w.fields[form.Address] {
		l.address = append(l.address, addressColumn{"address.#.form_field:" + f.name, func(a *customer.Address) string { return valueOf(a.FormFields, f.id) }})
	}
	for _, a := range w.attributes {
		l.after = append(l.after, column{"attribute:" + a.name, func(p *person) string {
			for i := range p.Attributes {
				if p.Attributes[i].AttributeID == a.id {
					return p.Attributes[i].Value
				}
			}
			return ""
		}})
	}
	for _, f := range w.fields[form.Customer] {
		l.after = append(l.after, column{"form_field:" + f.name, func(p *person) string { return valueOf(p.FormFields, f.id) }})
	}
	return l
}

// valueOf is the value of a form field as text.
func valueOf(values []customer.FormValue, field int64) string {
	for i := range values {
		if values[i].FieldID == field {
			return shown(values[i].JSON)
		}
	}
	return ""
}

// shown is a JSON value as people read it.
func shown(text string) string {
	var v any
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return text
	}
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case []any:
		texts := make([]string, 0, len(v))
		for _, one := range v {
			if s, ok := one.(string); ok {
				texts = append(texts, s)
			}
		}
		return strings.Join(texts, ", ")
	}
	return text
}

// customers writes the table of customers.
func (w *writing) customers(t *table) error {
	l, err := w.ownLayout(w.layout())
	if err != nil {
		return err
	}
	var cells []string
	for _, c := range l.own {
		cells = append(cells, c.name)
	}
	for n := range w.width {
		for _, a := range l.address {
			cells = append(cells, strings.ReplaceAll(a.name, "#", strconv.Itoa(n+1)))
		}
	}
	for _, c := range l.after {
		cells = append(cells, c.name)
	}
	if err := t.row(cells); err != nil {
		return err
	}
	return w.eachPerson(func(p *person) error {
		cells = cells[:0]
		for _, c := range l.own {
			cells = append(cells, c.of(p))
		}
		for n := range w.width {
			for _, a := range l.address {
				if n < len(p.Addresses) {
					cells = append(cells, a.of(&p.Addresses[n]))
				} else {
					cells = append(cells, "")
				}
			}
		}
		for _, c := range l.after {
			cells = append(cells, c.of(p))
		}
		w.done.Rows++
		return t.row(cells)
	})
}

// eachPerson calls fn for the customers that are asked for.
func (w *writing) eachPerson(fn func(*person) error) error {
	return w.eachCustomer(func(some []customer.Customer) error {
		subs, err := w.subscribersOf(some)
		if err != nil {
			return err
		}
		agreed := map[string]bool{}
		for i := range subs {
			if subs[i].Agreed() {
				agreed[email.Key(subs[i].Email)] = true
			}
		}
		for i := range some {
			c := &some[i]
			if err := fn(&person{c, w.groups[c.GroupID], agreed[email.Key(c.Email)]}); err != nil {
				return err
			}
		}
		w.tell()
		return nil
	})
}

// addresses writes the table of the addresses that customers have beyond those that
// have columns.
func (w *writing) addresses(t *table) error {
	l := w.layout()
	cells := []string{"Customer ID", "Email"}
	for _, a := range l.address {
		cells = append(cells, strings.TrimSuffix(strings.TrimPrefix(a.name, "address.#."), " - #"))
	}
	if err := t.row(cells); err != nil {
		return err
	}
	return w.eachCustomer(func(some []customer.Customer) error {
		for i := range some {
			c := &some[i]
			for n := w.width; n < len(c.Addresses); n++ {
				cells = append(cells[:0], number(c.ID), c.Email)
				for _, a := range l.address {
					cells = append(cells, a.of(&c.Addresses[n]))
				}
				w.done.Addresses++
				if err := t.row(cells); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

type subscriberColumn struct {
	name string
	of   func(s *subscriber.Subscriber) string
}

// subscriberColumns are the columns of subscribers.
var subscriberColumns = map[Format][]subscriberColumn{
	BigCommerce: {
		{"ID", func(s *subscriber.Subscriber) string { return number(s.ID) }},
		{"Email", func(s *subscriber.Subscriber) string { return s.Email }},
		{"First Name", func(s *subscriber.Subscriber) string { return s.FirstName }},
		{"Last Name", func(s *subscriber.Subscriber) string { return s.LastName }},
		{"Source", func(s *subscriber.Subscriber) string { return s.Source }},
		{"Order ID", func(s *subscriber.Subscriber) string { return number(s.OrderID) }},
		{"Consents", func(s *subscriber.Subscriber) string { return strings.Join(s.Consents, ",") }},
	},
	Shopify: {
		{"First Name", func(s *subscriber.Subscriber) string { return s.FirstName }},
		{"Last Name", func(s *subscriber.Subscriber) string { return s.LastName }},
		{"Email", func(s *subscriber.Subscriber) string { return s.Email }},
		{"Accepts Email Marketing", func(s *subscriber.Subscriber) string { return yes(s.Agreed(), "yes", "no") }},
	},
	CSV: {
		{"id", func(s *subscriber.Subscriber) string { return number(s.ID) }},
		{"email", func(s *subscriber.Subscriber) string { return s.Email }},
		{"first_name", func(s *subscriber.Subscriber) string { return s.FirstName }},
		{"last_name", func(s *subscriber.Subscriber) string { return s.LastName }},
		{"channel_id", func(s *subscriber.Subscriber) string { return number(s.ChannelID) }},
		{"source", func(s *subscriber.Subscriber) string { return s.Source }},
		{"order_id", func(s *subscriber.Subscriber) string { return number(s.OrderID) }},
		{"consents", func(s *subscriber.Subscriber) string { return strings.Join(s.Consents, ",") }},
		{"date_created", func(s *subscriber.Subscriber) string { return stamp(s.DateCreated) }},
		{"date_modified", func(s *subscriber.Subscriber) string { return stamp(s.DateModified) }},
	},
}

// subscribers writes the table of subscribers.
func (w *writing) subscribers(t *table) error {
	columns := w.ownSubscriberColumns(subscriberColumns[w.o.Format])
	var cells []string
	for _, c := range columns {
		cells = append(cells, c.name)
	}
	if err := t.row(cells); err != nil {
		return err
	}
	return w.eachSubscriber(func(some []subscriber.Subscriber) error {
		for i := range some {
			s := &some[i]
			if !w.taken(s) {
				continue
			}
			cells = cells[:0]
			for _, c := range columns {
				cells = append(cells, c.of(s))
			}
			w.done.Rows++
			if err := t.row(cells); err != nil {
				return err
			}
		}
		w.tell()
		return nil
	})
}
