package clientele

import (
	"strconv"

	"clientele/internal/auth"
	"clientele/internal/customer"
	"clientele/internal/jsonx"
	"clientele/internal/rest"
	"clientele/internal/rest/decode"
	"clientele/internal/rest/shape"
	v3 "clientele/internal/rest/v3"
)

var updateLocale = &rest.Titles{Failed: "Update customer locale failed."}

func (s *Surface) localeRoutes() []rest.Route {
	id := shape.ID("customerId")
	return []rest.Route{
		{Method: "GET", Pattern: "/customers/{customerId}/locale", Need: auth.ReadCustomers,
			Handle: v3.Get(id, shape.Scoped(s.Customers.Locale), v3.One(appendLocale))},
		{Method: "PUT", Pattern: "/customers/{customerId}/locale", Need: auth.ModifyCustomers, Class: rest.Updating, Titles: updateLocale,
			Handle: shape.CallAt(id, v3.Object(decodeLocale), s.setLocale, v3.One(appendLocale))},
	}
}

func (s *Surface) setLocale(c *rest.Call, id int64, in customer.Locale) (*customer.Locale, error) {
	in.CustomerID = id
	return s.Customers.SetLocale(c.Ctx(), c.StoreID(), in)
}

// decodeLocale reads a language; null is the store's.
func decodeLocale(o decode.Object) customer.Locale {
	o.Present("locale")
	return customer.Locale{Tag: decode.OrNull(o, "locale", o.Text).Value}
}

func appendLocale(b []byte, l *customer.Locale) []byte {
	b = strconv.AppendInt(append(b, `{"customer_id":`...), l.CustomerID, 10)
	b = append(b, `,"locale":`...)
	if l.Tag == "" {
		b = append(b, "null"...)
	} else {
		b = jsonx.AppendString(b, l.Tag)
	}
	return append(b, '}')
}
