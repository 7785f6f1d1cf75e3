package v3

import (
	"net/http"
	"strconv"

	"github.com/go-chi/chi/v5"

	"clientele/internal/auth"
	"clientele/internal/fault"
	"clientele/internal/instrument"
	"clientele/internal/jsonx"
	"clientele/internal/rest"
)

// The original lets only its checkout store instruments; POST and DELETE are
// additions.
func (s *Surface) instrumentRoutes() []rest.Route {
	return []rest.Route{
		{Method: "GET", Pattern: "/customers/{customerId}/stored-instruments", Need: auth.ReadInstruments, Handle: s.listInstruments},
		{Method: "POST", Pattern: "/customers/{customerId}/stored-instruments", Need: auth.ModifyInstruments, Class: rest.Creating, Handle: s.putInstrument, Titles: storeInstrument},
		{Method: "DELETE", Pattern: "/customers/{customerId}/stored-instruments/{token}", Need: auth.ModifyInstruments, Handle: s.deleteInstrument},
	}
}

func (s *Surface) listInstruments(c *rest.Call) error {
	id, err := PathID(c, "customerId")
	if err != nil {
		return err
	}
	rows, err := s.Instruments.List(c.Ctx(), c.StoreID(), id)
	if err != nil {
		return err
	}
	// This list has no envelope.
	b := rest.Buffer()
	b.B = append(b.B, '[')
	for i := range rows {
		if i > 0 {
			b.B = append(b.B, ',')
		}
		b.B = appendInstrument(b.B, &rows[i])
	}
	b.B = append(b.B, ']')
	c.Send(http.StatusOK, b.B)
	b.Free()
	return nil
}

func (s *Surface) putInstrument(c *rest.Call) error {
	id, err := PathID(c, "customerId")
	if err != nil {
		return err
	}
	d, err := single(c)
	if err != nil {
		return err
	}
	in := d.instrument()
	if err := malformed(d.c.Items); err != nil {
		return err
	}
	if in, err = s.Instruments.Put(c.Ctx(), c.StoreID(), id, in); err != nil {
		return err
	}
	b := rest.Buffer()
	b.B = appendInstrument(b.B, &in)
	c.Send(http.StatusOK, b.B)
	b.Free()
	return nil
}

func (s *Surface) deleteInstrument(c *rest.Call) error {
	id, err := PathID(c, "customerId")
	if err != nil {
		return err
	}
	if err := s.Instruments.Delete(c.Ctx(), c.StoreID(), id, chi.URLParam(c.R, "token")); err != nil {
		return err
	}
	c.SendEmpty(http.StatusNoContent)
	return nil
}

func (d decoder) instrument() instrument.Instrument {
	d.required("type")
	in := instrument.Instrument{
		Token:     d.text("token").Value,
		IsDefault: d.flag("is_default").Value,
		Type:      d.text("type").Value,
	}
	switch in.Type {
	case instrument.Card:
		d.required("brand", "last_4")
		d.requiredNumber("expiry_month")
		d.requiredNumber("expiry_year")
		in.Brand = d.text("brand").Value
		in.ExpiryMonth = d.integer("expiry_month").Value
		in.ExpiryYear = d.integer("expiry_year").Value
		in.IIN = d.text("issuer_identification_number").Value
		in.Last4 = d.text("last_4").Value
		d.object("billing_address", func(b decoder) {
			in.Billing = &instrument.BillingAddress{
				FirstName: b.text("first_name").Value, LastName: b.text("last_name").Value, Email: b.text("email").Value, Company: b.text("company").Value,
				Address1: b.text("address1").Value, Address2: b.text("address2").Value, City: b.text("city").Value, PostalCode: b.text("postal_code").Value,
				StateOrProvince: b.text("state_or_province").Value, StateCode: b.text("state_or_province_code").Value,
				CountryCode: b.text("country_code").Value, Phone: b.text("phone").Value,
			}
		})
	case instrument.PayPal:
		d.required("email")
		in.Email = d.text("email").Value
	case instrument.Bank:
		d.required("masked_account_number")
		in.MaskedNumber = d.text("masked_account_number").Value
		in.Issuer = d.text("issuer").Value
	}
	for _, name := range []string{"number", "card_number", "account_number", "cvv", "verification_value"} {
		if d.v.Get(name).Present() {
			d.c.Add(name, fault.NotAccepted, "", "numbers and codes of cards and accounts must not be sent here")
		}
	}
	return in
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
