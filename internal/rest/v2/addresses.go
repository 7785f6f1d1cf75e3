package v2

import (
	"strconv"
	"strings"

	"clientele/internal/auth"
	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/geo"
	"clientele/internal/jsonx"
	"clientele/internal/listing"
	"clientele/internal/opt"
	"clientele/internal/rest"
	"clientele/internal/rest/decode"
	"clientele/internal/rest/shape"
)

func (s *Surface) addressRoutes() []rest.Route {
	const book, single = "/customers/{customer_id}/addresses", "/customers/{customer_id}/addresses/{address_id}"
	id := shape.ID("address_id")
	address := shape.IDs(customerID, id)
	return []rest.Route{
		{Method: "GET", Pattern: book, Need: auth.ReadCustomers, List: customer.AddressBook, Handle: shape.Call(addressPage, s.addresses, rows(appendAddress))},
		{Method: "POST", Pattern: book, Need: auth.ModifyCustomers, Class: rest.Creating, Handle: shape.CallAt(customerID, members, s.createAddress, one(appendAddress))},
		{Method: "DELETE", Pattern: book, Need: auth.ModifyCustomers, List: customer.AddressBook, Handle: shape.Do(addressPage, s.deleteAddresses)},
		{Method: "GET", Pattern: book + "/count", Need: auth.ReadCustomers, List: paged, Handle: shape.Call(plain(customerID), shape.Scoped(s.Customers.BookCount), sendCount)},
		{Method: "GET", Pattern: single, Need: auth.ReadCustomers, List: paged, Handle: get(address, s.getAddress, one(appendAddress))},
		{Method: "PUT", Pattern: single, Need: auth.ModifyCustomers, Class: rest.Updating, Handle: shape.CallAt(address, members, s.updateAddress, one(appendAddress))},
		{Method: "DELETE", Pattern: single, Need: auth.ModifyCustomers, Handle: remove(address, s.deleteAddress)},
		// Undocumented, and served by the original.
		{Method: "GET", Pattern: "/customers/addresses/{address_id}", Need: auth.ReadCustomers, Handle: get(shape.IDs(anyCustomer, id), s.getAddress, one(appendAddress))},
	}
}

// anyCustomer has the service take addresses of all customers.
func anyCustomer(*rest.Call) (int64, error) { return 0, nil }

// bookPage is a page of a customer's addresses.
type bookPage struct {
	owner int64
	query *listing.Query
}

func addressPage(c *rest.Call) (p bookPage, err error) {
	if p.owner, err = customerID(c); err == nil {
		p.query, err = query(c)
	}
	return p, err
}

func (s *Surface) addresses(c *rest.Call, p bookPage) ([]customer.Address, error) {
	return s.Customers.Book(c.Ctx(), c.StoreID(), p.owner, p.query)
}

// deleteAddresses removes all of a customer's addresses, or a page of them
// where one is asked for.
func (s *Surface) deleteAddresses(c *rest.Call, p bookPage) error {
	if strings.Trim(c.R.URL.RawQuery, "&") == "" {
		return s.Customers.DeleteBook(c.Ctx(), c.StoreID(), p.owner)
	}
	return s.Customers.DeleteBookPage(c.Ctx(), c.StoreID(), p.owner, p.query)
}

func (s *Surface) getAddress(c *rest.Call, a shape.Pair) (*customer.Address, error) {
	return s.Customers.GetAddress(c.Ctx(), c.StoreID(), a.Owner, a.ID)
}

func (s *Surface) createAddress(c *rest.Call, owner int64, o decode.Object) (*customer.Address, error) {
	for _, name := range addressRequired {
		if name != "state" || !o.Value.Get(name).Present() { // a null state is told apart
			o.Required(name)
		}
	}
	o.Only(addressMembers, addressReadOnly)
	u := decodeAddress(o, &customer.Address{CustomerID: owner})
	if err := o.Err(); err != nil {
		return nil, err
	}
	return s.Customers.CreateAddress(c.Ctx(), c.StoreID(), customer.AddressCreate{CustomerID: owner, AddressFields: u.Fields()})
}

func (s *Surface) updateAddress(c *rest.Call, a shape.Pair, o decode.Object) (*customer.Address, error) {
	known, err := s.getAddress(c, a)
	if err != nil {
		return nil, err
	}
	o.Only(changedAddressMembers, nil)
	u := decodeAddress(o, known)
	if err := o.Err(); err != nil {
		return nil, err
	}
	return s.Customers.UpdateAddress(c.Ctx(), c.StoreID(), a.Owner, u)
}

func (s *Surface) deleteAddress(c *rest.Call, a shape.Pair) error {
	return s.Customers.DeleteAddress(c.Ctx(), c.StoreID(), a.Owner, a.ID)
}

var (
	addressRequired = []string{"first_name", "last_name", "phone", "street_1", "city", "state", "zip", "country"}
	addressMembers  = append([]string{"company", "street_2", "address_type", "customer_id"}, addressRequired...)
	addressReadOnly = []string{"id", "country_iso2"}
	// A change may repeat what is read-only.
	changedAddressMembers = append(addressReadOnly, addressMembers...)
)

// decodeAddress reads an address's members. Read-only ones may be repeated with the
// value they have: known is the address as it is, with what is known of a new
// one.
func decodeAddress(o decode.Object, known *customer.Address) customer.AddressUpdate {
	u := customer.AddressUpdate{
		ID:              known.ID,
		FirstName:       o.Text("first_name"),
		LastName:        o.Text("last_name"),
		Company:         o.Text("company"),
		Phone:           o.Text("phone"),
		Type:            o.Text("address_type"),
		Address1:        o.Text("street_1"),
		Address2:        o.Text("street_2"),
		City:            o.Text("city"),
		StateOrProvince: o.Text("state"),
		PostalCode:      o.Text("zip"),
	}
	if o.Value.Get("state").IsNull() {
		o.WrongAs("state", "a string; a space says that there is none")
	}
	if strings.TrimSpace(u.StateOrProvince.Value) == "" {
		u.StateOrProvince.Value = ""
	}
	code := known.CountryCode
	if name := o.Text("country"); name.Set {
		country, ok := geo.Named(name.Value)
		if !ok {
			o.Faults.Add("country", fault.Unknown, "", "")
			return u
		}
		code = country.Code
		u.CountryCode = opt.Some(code)
	}
	if id := o.Int("id"); known.ID != 0 && id.Set && id.Value != known.ID {
		o.Faults.Add("id", fault.ReadOnly, "", "")
	}
	o.Repeats("customer_id", known.CustomerID)
	if iso2 := o.Text("country_iso2"); known.ID != 0 && iso2.Set && !strings.EqualFold(iso2.Value, code) && !strings.EqualFold(iso2.Value, known.CountryCode) {
		o.Faults.Add("country_iso2", fault.ReadOnly, "", "")
	}
	return u
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
