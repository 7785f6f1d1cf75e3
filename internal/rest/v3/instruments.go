package v3

import (
	"slices"
	"strconv"

	"github.com/go-chi/chi/v5"

	"clientele/internal/auth"
	"clientele/internal/fault"
	"clientele/internal/instrument"
	"clientele/internal/jsonx"
	"clientele/internal/rest"
	"clientele/internal/rest/decode"
	"clientele/internal/rest/shape"
)

// The original lets only its checkout store instruments; POST and DELETE are
// additions.
func (s *Surface) instrumentRoutes() []rest.Route {
	owner := shape.ID("customerId")
	return []rest.Route{
		{Method: "GET", Pattern: "/customers/{customerId}/stored-instruments", Need: auth.ReadInstruments, Handle: get(owner, s.listInstruments, bare(appendInstruments))},
		{Method: "POST", Pattern: "/customers/{customerId}/stored-instruments", Need: auth.ModifyInstruments, Class: rest.Creating, Titles: storeInstrument,
			Handle: shape.CallAt(owner, object(decodeInstrument), s.putInstrument, bare(appendInstrument))},
		{Method: "DELETE", Pattern: "/customers/{customerId}/stored-instruments/{token}", Need: auth.ModifyInstruments, Handle: shape.Do(owner, s.deleteInstrument)},
	}
}

func (s *Surface) listInstruments(c *rest.Call, owner int64) (*[]instrument.Instrument, error) {
	return shape.Ref(s.Instruments.List(c.Ctx(), c.StoreID(), owner))
}

func (s *Surface) putInstrument(c *rest.Call, owner int64, in instrument.Instrument) (*instrument.Instrument, error) {
	return shape.Ref(s.Instruments.Put(c.Ctx(), c.StoreID(), owner, in))
}

func (s *Surface) deleteInstrument(c *rest.Call, owner int64) error {
	return s.Instruments.Delete(c.Ctx(), c.StoreID(), owner, chi.URLParam(c.R, "token"))
}

func decodeInstrument(o decode.Object) instrument.Instrument {
	o.Required("type")
	in := instrument.Instrument{
		Token:     o.Text("token").Value,
		IsDefault: o.Flag("is_default").Value,
		Type:      o.Text("type").Value,
	}
	switch in.Type {
	case instrument.Card:
		o.Required("brand", "last_4")
		o.RequiredAs(jsonx.Number, "expiry_month", "expiry_year")
		in.Brand = o.Text("brand").Value
		in.ExpiryMonth = o.Int("expiry_month").Value
		in.ExpiryYear = o.Int("expiry_year").Value
		in.IIN = o.Text("issuer_identification_number").Value
		in.Last4 = o.Text("last_4").Value
		o.Object("billing_address", func(b decode.Object) {
			b.Only(billingMembers, nil)
			in.Billing = &instrument.BillingAddress{
				FirstName: b.Text("first_name").Value, LastName: b.Text("last_name").Value, Email: b.Text("email").Value, Company: b.Text("company").Value,
				Address1: b.Text("address1").Value, Address2: b.Text("address2").Value, City: b.Text("city").Value, PostalCode: b.Text("postal_code").Value,
				StateOrProvince: b.Text("state_or_province").Value, StateCode: b.Text("state_or_province_code").Value,
				CountryCode: b.Text("country_code").Value, Phone: b.Text("phone").Value,
			}
		})
	case instrument.PayPal:
		o.Required("email")
		in.Email = o.Text("email").Value
	case instrument.Bank:
		o.Required("masked_account_number")
		in.MaskedNumber = o.Text("masked_account_number").Value
		in.Issuer = o.Text("issuer").Value
	}
	for _, name := range secretMembers {
		if o.Value.Get(name).Present() {
			o.Faults.Add(name, fault.NotAccepted, "", "numbers and codes of cards and accounts must not be sent here")
		}
	}
	members := []string{"type", "token", "is_default"}
	if own, ok := instrumentMembers[in.Type]; ok { // of others only the type is wrong
		o.Only(slices.Concat(members, own, secretMembers), nil)
	}
	return in
}

// secretMembers are refused in words of their own.
var secretMembers = []string{"number", "card_number", "account_number", "cvv", "verification_value"}

// instrumentMembers are the members of each type beside those of all.
var instrumentMembers = map[string][]string{
	instrument.Card:   {"brand", "expiry_month", "expiry_year", "issuer_identification_number", "last_4", "billing_address"},
	instrument.PayPal: {"email"},
	instrument.Bank:   {"masked_account_number", "issuer"},
}

var billingMembers = []string{"first_name", "last_name", "email", "company", "address1", "address2", "city", "postal_code", "state_or_province",
	"state_or_province_code", "country_code", "phone"}

func appendInstruments(b []byte, all *[]instrument.Instrument) []byte {
	b = append(b, '[')
	for i := range *all {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendInstrument(b, &(*all)[i])
	}
	return append(b, ']')
}

func appendInstrument(b []byte, in *instrument.Instrument) []byte {
	text := func(name, v string) {
		b = append(b, ',')
		b = jsonx.AppendKey(b, name)
		b = jsonx.AppendString(b, v)
	}
	b = append(b, `{"type":`...)
	b = jsonx.AppendString(b, in.Type)
	text("token", in.Token)
	b = append(b, `,"is_default":`...)
	b = strconv.AppendBool(b, in.IsDefault)
	switch in.Type {
	case instrument.Card:
		text("brand", in.Brand)
		b = append(b, `,"expiry_month":`...)
		b = strconv.AppendInt(b, in.ExpiryMonth, 10)
		b = append(b, `,"expiry_year":`...)
		b = strconv.AppendInt(b, in.ExpiryYear, 10)
		text("issuer_identification_number", in.IIN)
		text("last_4", in.Last4)
		if a := in.Billing; a != nil {
			b = append(b, `,"billing_address":{"first_name":`...)
			b = jsonx.AppendString(b, a.FirstName)
			text("last_name", a.LastName)
			text("email", a.Email)
			text("company", a.Company)
			text("address1", a.Address1)
			text("address2", a.Address2)
			text("city", a.City)
			text("postal_code", a.PostalCode)
			text("state_or_province", a.StateOrProvince)
			text("state_or_province_code", a.StateCode)
			text("country_code", a.CountryCode)
			text("phone", a.Phone)
			b = append(b, '}')
		}
	case instrument.PayPal:
		text("email", in.Email)
	case instrument.Bank:
		text("masked_account_number", in.MaskedNumber)
		text("issuer", in.Issuer)
	}
	return append(b, '}')
}
