package v3

import (
	"net/http"
	"slices"
	"strconv"

	"clientele/internal/auth"
	"clientele/internal/customer"
	"clientele/internal/geo"
	"clientele/internal/jsonx"
	"clientele/internal/listing"
	"clientele/internal/rest"
	"clientele/internal/rest/decode"
	"clientele/internal/rest/shape"
)

func (s *Surface) addressRoutes() []rest.Route {
	return []rest.Route{
		{Method: "GET", Pattern: "/customers/addresses", Need: auth.ReadCustomers, List: customer.AddressList,
			Handle: listAs(shape.ScopedPage(s.Customers.Addresses), func(_ *rest.Call, q *listing.Query) func([]byte, *customer.Address) []byte {
				return addressRow(q.Includes(customer.IncludeFormFields))
			})},
		{Method: "POST", Pattern: "/customers/addresses", Need: auth.ModifyCustomers, Class: rest.Creating, Titles: createAddresses, Handle: s.createAddresses},
		{Method: "PUT", Pattern: "/customers/addresses", Need: auth.ModifyCustomers, Class: rest.Updating, Titles: updateAddresses, Handle: s.updateAddresses},
		{Method: "DELETE", Pattern: "/customers/addresses", Need: auth.ModifyCustomers, List: customer.DeleteAddressList,
			Handle: remove(shape.Scoped(s.Customers.DeleteAddresses))},
	}
}

// createAddresses answers with form fields if some were sent.
func (s *Surface) createAddresses(c *rest.Call) error {
	in, given, err := batch(c, customer.MaxItems, decodeNewAddress, "first_name", "last_name", "address1", "city", "country_code", "customer_id")
	if err != nil {
		return err
	}
	rows, err := s.Customers.CreateAddresses(c.Ctx(), c.StoreID(), in)
	if err != nil {
		return err
	}
	withFields := slices.Contains(given, true)
	sendRows(c, http.StatusOK, emptyMeta, rows, func(b []byte, row *customer.Address, _ int) []byte { return appendAddress(b, row, withFields) })
	return nil
}

// updateAddresses answers with the form fields of those addresses that some
// were sent for.
func (s *Surface) updateAddresses(c *rest.Call) error {
	in, sent, err := batch(c, customer.MaxItems, decodeAddressUpdate, "id")
	if err != nil {
		return err
	}
	rows, err := s.Customers.UpdateAddresses(c.Ctx(), c.StoreID(), in)
	if err != nil {
		return err
	}
	given := make(map[int64]bool, len(in))
	for i := range in {
		given[in[i].ID] = sent[i]
	}
	sendRows(c, http.StatusOK, emptyMeta, rows, func(b []byte, row *customer.Address, _ int) []byte { return appendAddress(b, row, given[row.ID]) })
	return nil
}

// What becomes of members.
var (
	addressMembers = []string{"first_name", "last_name", "company", "phone", "address_type", "address1", "address2", "city", "state_or_province", "postal_code",
		"country_code", "form_fields"}
	ownedAddressMembers   = append([]string{"customer_id"}, addressMembers...)
	changedAddressMembers = append([]string{"id", "country"}, ownedAddressMembers...)
	addressReadOnly       = []string{"id", "country", "customer_id"}
)

// decodeNewAddress also tells whether form fields were sent.
func decodeNewAddress(o decode.Object) (in customer.AddressCreate, given bool) {
	o.Only(ownedAddressMembers, addressReadOnly)
	o.Required("first_name", "last_name", "address1", "city", "country_code")
	o.Present("customer_id")
	in = customer.AddressCreate{CustomerID: o.Int("customer_id").Value, AddressFields: decodeAddress(o).Fields()}
	in.FormFields, given = formFields(o, "", 0)
	return in, given
}

// decodeAddressUpdate also tells whether form fields were sent.
func decodeAddressUpdate(o decode.Object) (in customer.AddressUpdate, given bool) {
	o.Only(changedAddressMembers, nil)
	o.Present("id")
	in = decodeAddress(o)
	in.ID = o.Int("id").Value
	in.Claims = customer.AddressClaims{CustomerID: o.Int("customer_id"), Country: o.Text("country")}
	in.FormFields, given = formFields(o, "address_id", in.ID)
	return in, given
}

// decodeAddress reads an address's own members.
func decodeAddress(o decode.Object) customer.AddressUpdate {
	return customer.AddressUpdate{
		FirstName:       o.Text("first_name"),
		LastName:        o.Text("last_name"),
		Company:         o.Text("company"),
		Phone:           o.Text("phone"),
		Type:            o.Text("address_type"),
		Address1:        o.Text("address1"),
		Address2:        o.Text("address2"),
		City:            o.Text("city"),
		StateOrProvince: o.Text("state_or_province"),
		PostalCode:      o.Text("postal_code"),
		CountryCode:     o.Text("country_code"),
	}
}

func addressRow(withFields bool) func([]byte, *customer.Address) []byte {
	return func(b []byte, row *customer.Address) []byte { return appendAddress(b, row, withFields) }
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
