package v3

import (
	"context"
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
	"clientele/internal/password"
	"clientele/internal/rest"
	"clientele/internal/rest/decode"
	"clientele/internal/rest/shape"
)

func (s *Surface) customerRoutes() []rest.Route {
	return []rest.Route{
		{Method: "GET", Pattern: "/customers", Need: auth.ReadCustomers, List: customer.List, Handle: s.listCustomers},
		{Method: "POST", Pattern: "/customers", Need: auth.ModifyCustomers, Class: rest.Creating, Titles: createCustomers,
			Handle: writeCustomers(decodeCreate, s.Customers.CreateFor, "email", "first_name", "last_name")},
		{Method: "PUT", Pattern: "/customers", Need: auth.ModifyCustomers, Class: rest.Updating, Titles: updateCustomers,
			Handle: writeCustomers(decodeUpdate, s.Customers.UpdateFor, "id")},
		{Method: "DELETE", Pattern: "/customers", Need: auth.ModifyCustomers, List: customer.DeleteList, Handle: remove(shape.Scoped(s.Customers.Delete))},
	}
}

// listCustomers uses slices of customers again: a page is the largest
// allocation of a list.
func (s *Surface) listCustomers(c *rest.Call) error {
	q, err := query(c)
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
	p := included(q)
	sendList(c, q, res, rows, func(b []byte, row *customer.Customer) []byte { return appendCustomer(b, row, p) })
	return nil
}

var pages = sync.Pool{New: func() any { return new([]customer.Customer) }}

// writeCustomers is a batch whose answer has the members that were sent.
func writeCustomers[In any](read func(decode.Object) (In, parts), do func(context.Context, password.Party, []In) ([]customer.Customer, error), lacks ...string) func(*rest.Call) error {
	return func(c *rest.Call) error {
		in, sent, err := batch(c, customer.MaxBatch, read, lacks...)
		if err != nil {
			return err
		}
		rows, err := do(c.Ctx(), c.Party(), in)
		if err != nil {
			return err
		}
		sendRows(c, http.StatusOK, emptyMeta, rows, func(b []byte, row *customer.Customer, i int) []byte { return appendCustomer(b, row, sent[i]) })
		return nil
	}
}

// What becomes of members: those of new customers that are not taken are
// refused. Changes pass over what clients send back as they have read it.
var (
	customerMembers = []string{"email", "first_name", "last_name", "company", "phone", "notes", "tax_exempt_category", "customer_group_id",
		"accepts_product_review_abandoned_cart_emails", "store_credit_amounts", "origin_channel_id", "channel_ids", "authentication", "form_fields"}
	newCustomerMembers     = append([]string{"addresses", "attributes", "trigger_account_created_notification"}, customerMembers...)
	changedCustomerMembers = append([]string{"id", "registration_ip_address"}, customerMembers...)
	customerReadOnly       = []string{"id", "registration_ip_address", "date_created", "date_modified", "address_count", "attribute_count", "shopper_profile_id", "segment_ids"}
	customerPassedOver     = []string{"date_created", "date_modified", "address_count", "attribute_count", "shopper_profile_id", "segment_ids", "addresses", "attributes"}
)

func decodeCreate(o decode.Object) (customer.Create, parts) {
	o.Only(newCustomerMembers, customerReadOnly)
	o.Required("email", "first_name", "last_name")
	in := customer.Create{
		Email:             o.Text("email").Value,
		FirstName:         o.Text("first_name").Value,
		LastName:          o.Text("last_name").Value,
		Company:           o.Text("company").Value,
		Phone:             o.Text("phone").Value,
		Notes:             o.Text("notes").Value,
		TaxExemptCategory: o.Text("tax_exempt_category").Value,
		GroupID:           o.Int("customer_group_id").Value,
		AcceptsEmails:     o.Flag("accepts_product_review_abandoned_cart_emails").Value,
		StoreCredit:       storeCredit(o).Value,
		OriginChannelID:   o.Int("origin_channel_id").Value,
		ChannelIDs:        channelIDs(o).Value,
		Notify:            o.Flag("trigger_account_created_notification").Value,
	}
	sent := parts{credit: true}
	force, password := authentication(o)
	in.ForcePasswordReset, in.NewPassword = force.Value, password
	sent.addresses = o.Objects("addresses", func(_ int, e decode.Object) {
		e.Only(addressMembers, addressReadOnly)
		e.Required("first_name", "last_name", "address1", "city", "country_code")
		a := customer.AddressCreate{AddressFields: decodeAddress(e).Fields()}
		var given bool
		a.FormFields, given = formFields(e, "", 0)
		sent.addressFields = sent.addressFields || given
		in.Addresses = append(in.Addresses, a)
	})
	sent.attributes = o.Objects("attributes", func(_ int, e decode.Object) {
		e.Only([]string{"attribute_id", "attribute_value"}, []string{"id", "customer_id", "date_created", "date_modified"})
		e.Present("attribute_id", "attribute_value")
		in.Attributes = append(in.Attributes, customer.AttributeInput{AttributeID: e.Int("attribute_id").Value, Value: e.Text("attribute_value").Value})
	})
	in.FormFields, sent.formFields = formFields(o, "", 0)
	return in, sent
}

func decodeUpdate(o decode.Object) (customer.Update, parts) {
	o.Only(changedCustomerMembers, nil, customerPassedOver...)
	o.Present("id")
	force, password := authentication(o)
	in := customer.Update{
		ID:                 o.Int("id").Value,
		Email:              o.Text("email"),
		FirstName:          o.Text("first_name"),
		LastName:           o.Text("last_name"),
		Company:            o.Text("company"),
		Phone:              o.Text("phone"),
		Notes:              o.Text("notes"),
		TaxExemptCategory:  o.Text("tax_exempt_category"),
		GroupID:            o.Int("customer_group_id"),
		AcceptsEmails:      o.Flag("accepts_product_review_abandoned_cart_emails"),
		StoreCredit:        storeCredit(o),
		ChannelIDs:         channelIDs(o),
		ForcePasswordReset: force,
		NewPassword:        password,
		Claims:             customer.Claims{RegistrationIP: o.Text("registration_ip_address"), OriginChannelID: o.Int("origin_channel_id")},
	}
	sent := parts{credit: true}
	in.FormFields, sent.formFields = formFields(o, "customer_id", in.ID)
	return in, sent
}

func authentication(o decode.Object) (force opt.Field[bool], password opt.Field[string]) {
	o.Object("authentication", func(a decode.Object) {
		a.Only([]string{"force_password_reset", "new_password"}, nil)
		force = a.Flag("force_password_reset")
		password = a.Text("new_password")
	})
	return force, password
}

// channelIDs reads channel_ids, where null means all channels.
func channelIDs(o decode.Object) opt.Field[[]int64] { return decode.OrNull(o, "channel_ids", o.Ints) }

// storeCredit reads store_credit_amounts: a list with one amount.
func storeCredit(o decode.Object) opt.Field[int64] {
	var out opt.Field[int64]
	o.Objects("store_credit_amounts", func(i int, e decode.Object) {
		e.Only([]string{"amount"}, nil)
		if i > 0 {
			e.Faults.Add("amount", fault.TooManyItems, "1", "only one store credit amount is supported")
			return
		}
		if e.RequiredAs(jsonx.Number, "amount"); e.Value.Get("amount").Present() {
			out = e.Decimal("amount", customer.CreditScale)
		}
	})
	return out
}

// formFields reads the values of a customer or an address, whose id each may
// repeat under the name of owner. What is new has no id.
func formFields(o decode.Object, owner string, id int64) (in []form.Input, given bool) {
	given = o.Objects("form_fields", func(_ int, e decode.Object) {
		if owner == "" {
			e.Only([]string{"name", "value"}, []string{"customer_id", "address_id"})
		} else {
			e.Only([]string{"name", "value", owner}, nil)
			e.Repeats(owner, id)
		}
		if f, ok := formField(e); ok {
			in = append(in, f)
		}
	})
	return in, given
}

// formField reads the name and value of one form field.
func formField(o decode.Object) (form.Input, bool) {
	o.Present("name")
	name := o.Text("name")
	v := o.Value.Get("value")
	switch v.Kind() {
	case jsonx.Invalid:
		o.Present("value")
	case jsonx.String, jsonx.Number, jsonx.Array:
		return form.Input{Name: name.Value, Value: rest.FormValue(v)}, true
	default:
		o.Wrong("value", jsonx.String)
	}
	return form.Input{}, false
}

// parts are the optional members of a customer on the wire.
type parts struct {
	credit, addresses, addressFields, attributes, formFields, profile, segments bool
}

// included returns the parts that a list is asked for.
func included(q *listing.Query) parts {
	fields := q.Includes(customer.IncludeFormFields)
	return parts{
		credit:        q.Includes(customer.IncludeStoreCredit),
		addresses:     q.Includes(customer.IncludeAddresses),
		addressFields: fields,
		attributes:    q.Includes(customer.IncludeAttributes),
		formFields:    fields,
		profile:       q.Includes(customer.IncludeShopperProfile),
		segments:      q.Includes(customer.IncludeSegments),
	}
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
	b = jsonx.AppendIntsOrNull(b, c.ChannelIDs)
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
