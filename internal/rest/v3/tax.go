package v3

import (
	"strconv"

	"clientele/internal/auth"
	"clientele/internal/jsonx"
	"clientele/internal/rest"
	"clientele/internal/rest/decode"
	"clientele/internal/rest/shape"
	"clientele/internal/tax"
)

func (s *Surface) taxRoutes() []rest.Route {
	return []rest.Route{
		{Method: "GET", Pattern: "/tax/customers", Need: auth.ReadInformation, List: tax.List, Titles: readTaxCustomers,
			Handle: shape.Call(query, shape.Scoped(s.Taxes.Customers), rows(appendTaxCustomer))},
		{Method: "PUT", Pattern: "/tax/customers", Need: auth.ModifyInformation, Class: rest.Updating, Titles: updateTaxCustomers,
			Handle: shape.Call(objects(tax.MaxBatch, decodeTaxCustomer), shape.Scoped(s.Taxes.Put), rows(appendTaxCustomer))},
		{Method: "DELETE", Pattern: "/tax/customers", Need: auth.ModifyInformation, List: tax.DeleteList, Titles: readTaxCustomers,
			Handle: shape.Do(query, shape.ScopedDo(s.Taxes.Delete))},
	}
}

// decodeTaxCustomer reads properties, whose values are text; numbers count as
// such.
func decodeTaxCustomer(o decode.Object) (out tax.Customer) {
	if !isObject(o) {
		return out
	}
	o.Only([]string{"customer_id", "tax_properties"}, nil)
	o.RequiredAs(jsonx.Number, "customer_id")
	out.ID = o.Int("customer_id").Value
	o.RequiredAs(jsonx.Object, "tax_properties")
	o.Pairs("tax_properties", decode.TextOrNumber, func(code, value string) {
		out.Properties = append(out.Properties, tax.Property{Code: code, Value: value})
	})
	return out
}

func appendTaxCustomer(b []byte, t *tax.Customer) []byte {
	b = append(b, `{"customer_id":`...)
	b = strconv.AppendInt(b, t.ID, 10)
	b = append(b, `,"tax_properties":{`...)
	for i, p := range t.Properties {
		if i > 0 {
			b = append(b, ',')
		}
		b = jsonx.AppendString(b, p.Code)
		b = append(b, ':')
		b = jsonx.AppendString(b, p.Value)
	}
	return append(b, `}}`...)
}
