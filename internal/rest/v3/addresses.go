package v3

import (
	"net/http"
	"strconv"

	"clientele/internal/auth"
	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/geo"
	"clientele/internal/jsonx"
	"clientele/internal/listing"
	"clientele/internal/rest"
)

func (s *Surface) addressRoutes() []rest.Route {
	return []rest.Route{
		{Method: "GET", Pattern: "/customers/addresses", Need: auth.ReadCustomers, Handle: s.listAddresses},
		{Method: "POST", Pattern: "/customers/addresses", Need: auth.ModifyCustomers, Class: rest.Creating, Handle: s.createAddresses, Titles: createAddresses},
		{Method: "PUT", Pattern: "/customers/addresses", Need: auth.ModifyCustomers, Class: rest.Updating, Handle: s.updateAddresses, Titles: updateAddresses},
		{Method: "DELETE", Pattern: "/customers/addresses", Need: auth.ModifyCustomers, Handle: s.deleteAddresses},
	}
}

var addressLists = map[string]*listing.Spec{
	"GET /customers/addresses":    customer.AddressList,
	"DELETE /customers/addresses": customer.DeleteAddressList,
}

func (s *Surface) listAddresses(c *rest.Call) error {
	q, err := customer.AddressList.Parse(c.R.URL.RawQuery)
	if err != nil {
		return err
	}
	rows, res, err := s.Customers.Addresses(c.Ctx(), c.StoreID(), q)
	if err != nil {
		return err
	}
	withFields := q.Includes(customer.IncludeFormFields)
	SendList(c, q, res, false, rows, func(b []byte, row *customer.Address) []byte { return appendAddress(b, row, withFields) })
	return nil
}

func (s *Surface) createAddresses(c *rest.Call) error {
	required := []string{"first_name", "last_name", "address1", "city", "country_code", "customer_id"}
	v, err := batch(c, required...)
	if err != nil {
		return err
	}
	in := make([]customer.AddressCreate, v.Len())
	withFields := false
	var items []fault.Item
	for i, e := range v.Elems() {
		col := fault.Collector{Index: i}
		d := decoder{e, &col}
		d.required(required[:5]...)
		if !e.Get("customer_id").Present() {
			col.Add("customer_id", fault.Required, "", "")
		}
		in[i] = customer.AddressCreate{CustomerID: d.integer("customer_id").Value, AddressFields: d.address().Fields()}
		var given bool
		in[i].FormFields, given = d.formFields()
		withFields = withFields || given
		items = append(items, col.Items...)
	}
	if err := malformed(items); err != nil {
		return err
	}
	rows, err := s.Customers.CreateAddresses(c.Ctx(), c.StoreID(), in)
	if err != nil {
		return err
	}
	sendWritten(c, rows, func(b []byte, row *customer.Address, _ int) []byte { return appendAddress(b, row, withFields) })
	return nil
}

func (s *Surface) updateAddresses(c *rest.Call) error {
	v, err := batch(c, "id")
	if err != nil {
		return err
	}
	in := make([]customer.AddressUpdate, v.Len())
	given := make(map[int64]bool, v.Len())
	var items []fault.Item
	for i, e := range v.Elems() {
		col := fault.Collector{Index: i}
		d := decoder{e, &col}
		if !e.Get("id").Present() {
			col.Add("id", fault.Required, "", "")
		}
		in[i] = d.address()
		in[i].ID = d.integer("id").Value
		in[i].FormFields, given[in[i].ID] = d.formFields()
		items = append(items, col.Items...)
	}
	if err := malformed(items); err != nil {
		return err
	}
	rows, err := s.Customers.UpdateAddresses(c.Ctx(), c.StoreID(), in)
	if err != nil {
		return err
	}
	sendWritten(c, rows, func(b []byte, row *customer.Address, _ int) []byte { return appendAddress(b, row, given[row.ID]) })
	return nil
}

func (s *Surface) deleteAddresses(c *rest.Call) error {
	q, err := customer.DeleteAddressList.Parse(c.R.URL.RawQuery)
	if err != nil {
		return err
	}
	if _, err := s.Customers.DeleteAddresses(c.Ctx(), c.StoreID(), q); err != nil {
		return err
	}
	c.SendEmpty(http.StatusNoContent)
	return nil
}

// address reads an address's own members.
func (d decoder) address() customer.AddressUpdate {
	return customer.AddressUpdate{
		FirstName:       d.text("first_name"),
		LastName:        d.text("last_name"),
		Company:         d.text("company"),
		Phone:           d.text("phone"),
		Type:            d.text("address_type"),
		Address1:        d.text("address1"),
		Address2:        d.text("address2"),
		City:            d.text("city"),
		StateOrProvince: d.text("state_or_province"),
		PostalCode:      d.text("postal_code"),
		CountryCode:     d.text("country_code"),
	}
}

// appendAddress writes the id, then the members in alphabetical order.
func appendAddress(b []byte, a *customer.Address, withFields bool) []byte {
	b = append(b, `{"id":`...)
	b = strconv.AppendInt(b, a.ID, 10)
	b = append(b, `,"address1":`...)
	b = jsonx.AppendString(b, a.Address1)
	b = append(b, `,"address2":`...)
	b = jsonx.AppendString(b, a.Address2)
	b = append(b, `,"address_type":`...)
	b = jsonx.AppendString(b, a.Type)
	b = append(b, `,"city":`...)
	b = jsonx.AppendString(b, a.City)
	b = append(b, `,"company":`...)
	b = jsonx.AppendString(b, a.Company)
	b = append(b, `,"country":`...)
	name := ""
	if country, ok := geo.ByCode(a.CountryCode); ok {
		name = country.Name
	}
	b = jsonx.AppendString(b, name)
	b = append(b, `,"country_code":`...)
	b = jsonx.AppendString(b, a.CountryCode)
	b = append(b, `,"customer_id":`...)
	b = strconv.AppendInt(b, a.CustomerID, 10)
	b = append(b, `,"first_name":`...)
	b = jsonx.AppendString(b, a.FirstName)
	b = append(b, `,"last_name":`...)
	b = jsonx.AppendString(b, a.LastName)
	b = append(b, `,"phone":`...)
	b = jsonx.AppendString(b, a.Phone)
	b = append(b, `,"postal_code":`...)
	b = jsonx.AppendString(b, a.PostalCode)
	b = append(b, `,"state_or_province":`...)
	b = jsonx.AppendString(b, a.StateOrProvince)
	if withFields {
		b = appendFormFields(b, a.FormFields)
	}
	return append(b, '}')
}
