package v3

import (
	"net/http"
	"strconv"
	"sync"

	"clientele/internal/auth"
	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/form"
	"clientele/internal/jsonx"
	"clientele/internal/listing"
	"clientele/internal/opt"
	"clientele/internal/rest"
)

func (s *Surface) customerRoutes() []rest.Route {
	return []rest.Route{
		{Method: "GET", Pattern: "/customers", Need: auth.ReadCustomers, Handle: s.listCustomers},
		{Method: "POST", Pattern: "/customers", Need: auth.ModifyCustomers, Class: rest.Creating, Handle: s.createCustomers, Titles: createCustomers},
		{Method: "PUT", Pattern: "/customers", Need: auth.ModifyCustomers, Class: rest.Updating, Handle: s.updateCustomers, Titles: updateCustomers},
		{Method: "DELETE", Pattern: "/customers", Need: auth.ModifyCustomers, Handle: s.deleteCustomers},
	}
}

var customerLists = map[string]*listing.Spec{
	"GET /customers":    customer.List,
	"DELETE /customers": customer.DeleteList,
}

func (s *Surface) listCustomers(c *rest.Call) error {
	q, err := customer.List.Parse(c.R.URL.RawQuery)
	if err != nil {
		return err
	}
	page := pages.Get().(*[]customer.Customer)
	defer func() {
		clear(*page) // let go of their texts
		pages.Put(page)
	}()
	rows, res, err := s.Customers.List(c.Ctx(), c.StoreID(), q, *page)
	if err != nil {
		return err
	}
	*page = rows
	p := parts{
		credit:     q.Includes(customer.IncludeStoreCredit),
		addresses:  q.Includes(customer.IncludeAddresses),
		attributes: q.Includes(customer.IncludeAttributes),
		formFields: q.Includes(customer.IncludeFormFields),
		profile:    q.Includes(customer.IncludeShopperProfile),
		segments:   q.Includes(customer.IncludeSegments),
	}
	p.addressFields = p.formFields
	SendList(c, q, res, true, rows, func(b []byte, row *customer.Customer) []byte { return appendCustomer(b, row, p) })
	return nil
}

// pages are slices of customers to be used again: a page is the largest
// allocation of a list.
var pages = sync.Pool{New: func() any { return new([]customer.Customer) }}

func (s *Surface) createCustomers(c *rest.Call) error {
	v, err := batch(c, "email", "first_name", "last_name")
	if err != nil {
		return err
	}
	in := make([]customer.Create, v.Len())
	sent := make([]parts, v.Len())
	var items []fault.Item
	for i, e := range v.Elems() {
		col := fault.Collector{Index: i}
		in[i], sent[i] = decodeCreate(decoder{e, &col})
		items = append(items, col.Items...)
	}
	if err := malformed(items); err != nil {
		return err
	}
	rows, err := s.Customers.CreateFor(c.Ctx(), c.Party(), in)
	if err != nil {
		return err
	}
	sendWritten(c, rows, func(b []byte, row *customer.Customer, i int) []byte { return appendCustomer(b, row, sent[i]) })
	return nil
}

func decodeCreate(d decoder) (customer.Create, parts) {
	d.required("email", "first_name", "last_name")
	in := customer.Create{
		Email:             d.text("email").Value,
		FirstName:         d.text("first_name").Value,
		LastName:          d.text("last_name").Value,
		Company:           d.text("company").Value,
		Phone:             d.text("phone").Value,
		Notes:             d.text("notes").Value,
		TaxExemptCategory: d.text("tax_exempt_category").Value,
		GroupID:           d.integer("customer_group_id").Value,
		AcceptsEmails:     d.flag("accepts_product_review_abandoned_cart_emails").Value,
		StoreCredit:       d.credit().Value,
		OriginChannelID:   d.integer("origin_channel_id").Value,
		ChannelIDs:        d.channels().Value,
		Notify:            d.flag("trigger_account_created_notification").Value,
	}
	sent := parts{credit: true}
	force, password := d.authentication()
	in.ForcePasswordReset, in.NewPassword = force.Value, password
	sent.addresses = d.array("addresses", func(_ int, e decoder) {
		e.required("first_name", "last_name", "address1", "city", "country_code")
		a := customer.AddressCreate{AddressFields: e.address().Fields()}
		var given bool
		a.FormFields, given = e.formFields()
		sent.addressFields = sent.addressFields || given
		in.Addresses = append(in.Addresses, a)
	})
	sent.attributes = d.array("attributes", func(_ int, e decoder) {
		for _, name := range []string{"attribute_id", "attribute_value"} {
			if !e.v.Get(name).Present() {
				e.c.Add(name, fault.Required, "", "")
			}
		}
		in.Attributes = append(in.Attributes, customer.AttributeInput{AttributeID: e.integer("attribute_id").Value, Value: e.text("attribute_value").Value})
	})
	in.FormFields, sent.formFields = d.formFields()
	return in, sent
}

func (d decoder) authentication() (force opt.Field[bool], password opt.Field[string]) {
	d.object("authentication", func(a decoder) {
		force = a.flag("force_password_reset")
		password = a.text("new_password")
	})
	return force, password
}

func (s *Surface) updateCustomers(c *rest.Call) error {
	v, err := batch(c, "id")
	if err != nil {
		return err
	}
	in := make([]customer.Update, v.Len())
	sent := make([]parts, v.Len())
	var items []fault.Item
	for i, e := range v.Elems() {
		col := fault.Collector{Index: i}
		d := decoder{e, &col}
		if !e.Get("id").Present() {
			col.Add("id", fault.Required, "", "")
		}
		force, password := d.authentication()
		u := customer.Update{
			ID:                 d.integer("id").Value,
			Email:              d.text("email"),
			FirstName:          d.text("first_name"),
			LastName:           d.text("last_name"),
			Company:            d.text("company"),
			Phone:              d.text("phone"),
			Notes:              d.text("notes"),
			TaxExemptCategory:  d.text("tax_exempt_category"),
			GroupID:            d.integer("customer_group_id"),
			AcceptsEmails:      d.flag("accepts_product_review_abandoned_cart_emails"),
			StoreCredit:        d.credit(),
			ChannelIDs:         d.channels(),
			ForcePasswordReset: force,
			NewPassword:        password,
		}
		sent[i].credit = true
		u.FormFields, sent[i].formFields = d.formFields()
		in[i] = u
		items = append(items, col.Items...)
	}
	if err := malformed(items); err != nil {
		return err
	}
	rows, err := s.Customers.UpdateFor(c.Ctx(), c.Party(), in)
	if err != nil {
		return err
	}
	sendWritten(c, rows, func(b []byte, row *customer.Customer, i int) []byte { return appendCustomer(b, row, sent[i]) })
	return nil
}

func (s *Surface) deleteCustomers(c *rest.Call) error {
	q, err := customer.DeleteList.Parse(c.R.URL.RawQuery)
	if err != nil {
		return err
	}
	if _, err := s.Customers.Delete(c.Ctx(), c.StoreID(), q); err != nil {
		return err
	}
	c.SendEmpty(http.StatusNoContent)
	return nil
}

// parts are the optional members of a customer on the wire.
type parts struct {
	credit, addresses, addressFields, attributes, formFields, profile, segments bool
}

func appendCustomer(b []byte, c *customer.Customer, p parts) []byte {
	b = append(b, `{"id":`...)
	b = strconv.AppendInt(b, c.ID, 10)
	b = append(b, `,"authentication":{"force_password_reset":`...)
	b = strconv.AppendBool(b, c.ForcePasswordReset)
	b = append(b, `},"company":`...)
	b = jsonx.AppendString(b, c.Company)
	b = append(b, `,"customer_group_id":`...)
	b = strconv.AppendInt(b, c.GroupID, 10)
	b = append(b, `,"email":`...)
	b = jsonx.AppendString(b, c.Email)
	b = append(b, `,"first_name":`...)
	b = jsonx.AppendString(b, c.FirstName)
	b = append(b, `,"last_name":`...)
	b = jsonx.AppendString(b, c.LastName)
	b = append(b, `,"notes":`...)
	b = jsonx.AppendString(b, c.Notes)
	b = append(b, `,"phone":`...)
	b = jsonx.AppendString(b, c.Phone)
	b = append(b, `,"registration_ip_address":`...)
	b = jsonx.AppendString(b, c.RegistrationIP)
	b = append(b, `,"tax_exempt_category":`...)
	b = jsonx.AppendString(b, c.TaxExemptCategory)
	b = append(b, `,"date_created":`...)
	b = jsonx.AppendTime(b, c.DateCreated)
	b = append(b, `,"date_modified":`...)
	b = jsonx.AppendTime(b, c.DateModified)
	b = append(b, `,"accepts_product_review_abandoned_cart_emails":`...)
	b = strconv.AppendBool(b, c.AcceptsEmails)
	if p.credit {
		b = append(b, `,"store_credit_amounts":[{"amount":`...)
		b = jsonx.AppendDecimal(b, c.StoreCredit, customer.CreditScale)
		b = append(b, `}]`...)
	}
	b = append(b, `,"origin_channel_id":`...)
	b = strconv.AppendInt(b, c.OriginChannelID, 10)
	b = append(b, `,"channel_ids":`...)
	b = appendIDs(b, c.ChannelIDs)
	if p.addresses {
		b = append(b, `,"addresses":[`...)
		for i := range c.Addresses {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendAddress(b, &c.Addresses[i], p.addressFields)
		}
		b = append(b, ']')
	}
	if p.attributes {
		b = append(b, `,"attributes":[`...)
		for i := range c.Attributes {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendAttribute(b, &c.Attributes[i])
		}
		b = append(b, ']')
	}
	if p.formFields {
		b = appendFormFields(b, c.FormFields)
	}
	if p.profile {
		b = append(b, `,"shopper_profile_id":`...)
		b = appendTextOrNull(b, c.ShopperProfile)
	}
	if p.segments {
		b = append(b, `,"segment_ids":`...)
		b = jsonx.AppendStrings(b, c.Segments)
	}
	return append(b, '}')
}

func appendIDs(b []byte, ids []int64) []byte {
	if ids == nil {
		return append(b, "null"...)
	}
	b = append(b, '[')
	for i, id := range ids {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, id, 10)
	}
	return append(b, ']')
}

func appendAttribute(b []byte, a *customer.AttributeValue) []byte {
	b = append(b, `{"attribute_id":`...)
	b = strconv.AppendInt(b, a.AttributeID, 10)
	b = append(b, `,"attribute_value":`...)
	b = jsonx.AppendString(b, a.Value)
	b = append(b, `,"customer_id":`...)
	b = strconv.AppendInt(b, a.CustomerID, 10)
	b = append(b, `,"date_created":`...)
	b = jsonx.AppendTime(b, a.DateCreated)
	b = append(b, `,"date_modified":`...)
	b = jsonx.AppendTime(b, a.DateModified)
	b = append(b, `,"id":`...)
	b = strconv.AppendInt(b, a.ID, 10)
	return append(b, '}')
}

func appendFormFields(b []byte, values []customer.FormValue) []byte {
	b = append(b, `,"form_fields":[`...)
	for i := range values {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendFormValue(b, &values[i])
	}
	return append(b, ']')
}

func appendFormValue(b []byte, v *customer.FormValue) []byte {
	b = append(b, `{"name":`...)
	b = jsonx.AppendString(b, v.Name)
	b = append(b, `,"value":`...)
	b = append(b, v.JSON...)
	if v.Form == form.Address {
		b = append(b, `,"address_id":`...)
	} else {
		b = append(b, `,"customer_id":`...)
	}
	b = strconv.AppendInt(b, v.OwnerID, 10)
	return append(b, '}')
}
