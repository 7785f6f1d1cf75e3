package account

import (
	"context"

	"clientele/internal/customer"
	"clientele/internal/form"
	"clientele/internal/geo"
)

// AddAddress adds an entry to the address book of a customer, who has filled
// in the whole address form. An address that is there already is the result.
func (s *Service) AddAddress(ctx context.Context, storeID, customerID int64, in customer.AddressCreate) (*customer.Address, error) {
	in.CustomerID, in.Extent = customerID, form.Whole
	in.StateOrProvince = stateName(in.CountryCode, in.StateOrProvince)
	return s.customers.CreateAddress(ctx, storeID, in)
}

// ChangeAddress changes an entry of the address book of a customer. Absent
// fields stay as they are.
func (s *Service) ChangeAddress(ctx context.Context, storeID, customerID int64, in customer.AddressUpdate) (*customer.Address, error) {
	in.Extent = form.Part
	if in.StateOrProvince.Set {
		country := in.CountryCode.Value
		if !in.CountryCode.Set {
			old, err := s.customers.GetAddress(ctx, storeID, customerID, in.ID)
			if err != nil {
				return nil, err
			}
			country = old.CountryCode
		}
		in.StateOrProvince.Value = stateName(country, in.StateOrProvince.Value)
	}
	return s.customers.UpdateAddress(ctx, storeID, customerID, in)
}

// stateName returns the name of a state that is named by its code: forms send
// either.
func stateName(countryCode, state string) string {
	if c, ok := geo.ByCode(countryCode); ok {
		if _, named := c.State(state); !named {
			if st, ok := c.StateByCode(state); ok {
				return st.Name
			}
		}
	}
	return state
}
