package v2

import (
	"strconv"
	"strings"

	"clientele/internal/auth"
	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/geo"
	"clientele/internal/jsonx"
	"clientele/internal/opt"
	"clientele/internal/rest"
)

func (s *Surface) addressRoutes() []rest.Route {
	const book, one = "/customers/{customer_id}/addresses", "/customers/{customer_id}/addresses/{address_id}"
	return []rest.Route{
		{Method: "GET", Pattern: book, Need: auth.ReadCustomers, Handle: s.listAddresses},
		{Method: "POST", Pattern: book, Need: auth.ModifyCustomers, Class: rest.Creating, Handle: s.createAddress},
		{Method: "DELETE", Pattern: book, Need: auth.ModifyCustomers, Handle: s.deleteAddresses},
		{Method: "GET", Pattern: book + "/count", Need: auth.ReadCustomers, Handle: s.countAddresses},
		{Method: "GET", Pattern: one, Need: auth.ReadCustomers, Handle: s.getAddress},
		{Method: "PUT", Pattern: one, Need: auth.ModifyCustomers, Class: rest.Updating, Handle: s.updateAddress},
		{Method: "DELETE", Pattern: one, Need: auth.ModifyCustomers, Handle: s.deleteAddress},
		// Undocumented, and served by the original.
		{Method: "GET", Pattern: "/customers/addresses/{address_id}", Need: auth.ReadCustomers, Handle: s.getAnyAddress},
	}
}

func (s *Surface) listAddresses(c *rest.Call) error {
	owner, err := c.PathID("customer_id")
	if err != nil {
		return err
	}
	q, err := parse(customer.AddressBook, c)
	if err != nil {
		return err
	}
	rows, err := s.Customers.Book(c.Ctx(), c.StoreID(), owner, q)
	if err != nil {
		return err
	}
	return sendList(c, rows, appendAddress)
}

func (s *Surface) countAddresses(c *rest.Call) error {
	owner, err := c.PathID("customer_id")
	if err != nil {
		return err
	}
	if _, err := parse(paged, c); err != nil {
		return err
	}
	n, err := s.Customers.BookCount(c.Ctx(), c.StoreID(), owner)
	if err != nil {
		return err
	}
	return sendCount(c, n)
}

func pathAddress(c *rest.Call) (owner, id int64, err error) {
	if owner, err = c.PathID("customer_id"); err != nil {
		return 0, 0, err
	}
	id, err = c.PathID("address_id")
	return owner, id, err
}

func (s *Surface) getAddress(c *rest.Call) error {
	owner, id, err := pathAddress(c)
	if err != nil {
		return err
	}
	if _, err := parse(paged, c); err != nil {
		return err
	}
	row, err := s.Customers.GetAddress(c.Ctx(), c.StoreID(), owner, id)
	if err != nil {
		return err
	}
	return sendOne(c, row, appendAddress)
}

func (s *Surface) getAnyAddress(c *rest.Call) error {
	id, err := c.PathID("address_id")
	if err != nil {
		return err
	}
	if err := plain(c); err != nil {
		return err
	}
	row, err := s.Customers.GetAddress(c.Ctx(), c.StoreID(), 0, id)
	if err != nil {
		return err
	}
	return sendOne(c, row, appendAddress)
}

var (
	addressRequired = []string{"first_name", "last_name", "phone", "street_1", "city", "state", "zip", "country"}
	addressWritable = append([]string{"company", "street_2", "address_type", "id", "customer_id", "country_iso2"}, addressRequired...)
)

// address reads an address's members. Read-only ones may be repeated with the
// value they have: known is the address as it is, with what is known of a new
// one.
func (d decoder) address(known *customer.Address) customer.AddressUpdate {
	d.members(addressWritable, nil)
	u := customer.AddressUpdate{
		ID:              known.ID,
		FirstName:       d.text("first_name"),
		LastName:        d.text("last_name"),
		Company:         d.text("company"),
		Phone:           d.text("phone"),
		Type:            d.text("address_type"),
		Address1:        d.text("street_1"),
		Address2:        d.text("street_2"),
		City:            d.text("city"),
		StateOrProvince: d.text("state"),
		PostalCode:      d.text("zip"),
	}
	if d.v.Get("state").IsNull() {
		d.wrong("state", "a string; a space says that there is none")
	}
	if strings.TrimSpace(u.StateOrProvince.Value) == "" {
		u.StateOrProvince.Value = ""
	}
	code := known.CountryCode
	if name := d.text("country"); name.Set {
		country, ok := geo.ByName(strings.TrimSpace(name.Value))
		if !ok {
			d.c.Add("country", fault.Unknown, "", "")
			return u
		}
		code = country.Code
		u.CountryCode = opt.Some(code)
	}
	if !same(d.integer("id"), known.ID) {
		d.c.Add("id", fault.ReadOnly, "", "")
	}
	if !same(d.integer("customer_id"), known.CustomerID) {
		d.c.Add("customer_id", fault.ReadOnly, "", "")
	}
	if iso2 := d.text("country_iso2"); iso2.Set && !strings.EqualFold(iso2.Value, code) && !strings.EqualFold(iso2.Value, known.CountryCode) {
		d.c.Add("country_iso2", fault.ReadOnly, "", "")
	}
	return u
}

func (s *Surface) createAddress(c *rest.Call) error {
	owner, err := c.PathID("customer_id")
	if err != nil {
		return err
	}
	var col fault.Collector
	d, err := object(c, &col)
	if err != nil {
		return err
	}
	for _, name := range addressRequired {
		if name != "state" || !d.v.Get(name).Present() { // a null state is told apart
			d.required(name)
		}
	}
	u := d.address(&customer.Address{CustomerID: owner})
	if err := d.err(); err != nil {
		return err
	}
	row, err := s.Customers.CreateAddress(c.Ctx(), c.StoreID(), customer.AddressCreate{CustomerID: owner, AddressFields: u.Fields()})
	if err != nil {
		return err
	}
	return sendOne(c, row, appendAddress)
}

func (s *Surface) updateAddress(c *rest.Call) error {
	owner, id, err := pathAddress(c)
	if err != nil {
		return err
	}
	var col fault.Collector
	d, err := object(c, &col)
	if err != nil {
		return err
	}
	known, err := s.Customers.GetAddress(c.Ctx(), c.StoreID(), owner, id)
	if err != nil {
		return err
	}
	u := d.address(known)
	if err := d.err(); err != nil {
		return err
	}
	row, err := s.Customers.UpdateAddress(c.Ctx(), c.StoreID(), owner, u)
	if err != nil {
		return err
	}
	return sendOne(c, row, appendAddress)
}

func (s *Surface) deleteAddress(c *rest.Call) error {
	owner, id, err := pathAddress(c)
	if err != nil {
		return err
	}
	if err := plain(c); err != nil {
		return err
	}
	return sendGone(c, s.Customers.DeleteAddress(c.Ctx(), c.StoreID(), owner, id))
}

// deleteAddresses removes all of a customer's addresses, or a page of them
// where one is asked for.
func (s *Surface) deleteAddresses(c *rest.Call) error {
	owner, err := c.PathID("customer_id")
	if err != nil {
		return err
	}
	q, err := parse(customer.AddressBook, c)
	if err != nil {
		return err
	}
	if strings.Trim(c.R.URL.RawQuery, "&") == "" {
		return sendGone(c, s.Customers.DeleteBook(c.Ctx(), c.StoreID(), owner))
	}
	return sendGone(c, s.Customers.DeleteBookPage(c.Ctx(), c.StoreID(), owner, q))
}

func appendAddress(b []byte, a *customer.Address) []byte {
	b = append(b, `{"id":`...)
	b = strconv.AppendInt(b, a.ID, 10)
	b = append(b, `,"customer_id":`...)
	b = strconv.AppendInt(b, a.CustomerID, 10)
	b = append(b, `,"first_name":`...)
	b = jsonx.AppendString(b, a.FirstName)
	b = append(b, `,"last_name":`...)
	b = jsonx.AppendString(b, a.LastName)
	b = append(b, `,"company":`...)
	b = jsonx.AppendString(b, a.Company)
	b = append(b, `,"street_1":`...)
	b = jsonx.AppendString(b, a.Address1)
	b = append(b, `,"street_2":`...)
	b = jsonx.AppendString(b, a.Address2)
	b = append(b, `,"city":`...)
	b = jsonx.AppendString(b, a.City)
	b = append(b, `,"state":`...)
	b = jsonx.AppendString(b, a.StateOrProvince)
	b = append(b, `,"zip":`...)
	b = jsonx.AppendString(b, a.PostalCode)
	b = append(b, `,"country":`...)
	name := ""
	if country, ok := geo.ByCode(a.CountryCode); ok {
		name = country.Name
	}
	b = jsonx.AppendString(b, name)
	b = append(b, `,"country_iso2":`...)
	b = jsonx.AppendString(b, a.CountryCode)
	b = append(b, `,"phone":`...)
	b = jsonx.AppendString(b, a.Phone)
	b = append(b, `,"address_type":`...)
	b = jsonx.AppendString(b, a.Type)
	return append(b, '}')
}
