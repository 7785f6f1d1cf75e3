package v3

import (
	"net/http"
	"strconv"

	"clientele/internal/auth"
	"clientele/internal/fault"
	"clientele/internal/jsonx"
	"clientele/internal/listing"
	"clientele/internal/rest"
	"clientele/internal/tax"
)

func (s *Surface) taxRoutes() []rest.Route {
	return []rest.Route{
		{Method: "GET", Pattern: "/tax/customers", Need: auth.ReadInformation, Handle: s.listTaxCustomers, Titles: readTaxCustomers},
		{Method: "PUT", Pattern: "/tax/customers", Need: auth.ModifyInformation, Class: rest.Updating, Handle: s.updateTaxCustomers, Titles: updateTaxCustomers},
		{Method: "DELETE", Pattern: "/tax/customers", Need: auth.ModifyInformation, Handle: s.deleteTaxCustomers, Titles: readTaxCustomers},
	}
}

var taxLists = map[string]*listing.Spec{
	"GET /tax/customers":    tax.List,
	"DELETE /tax/customers": tax.List,
}

func (s *Surface) listTaxCustomers(c *rest.Call) error {
	q, err := tax.List.Parse(c.R.URL.RawQuery)
	if err != nil {
		return err
	}
	rows, err := s.Taxes.Customers(c.Ctx(), c.StoreID(), q)
	if err != nil {
		return err
	}
	sendWritten(c, rows, appendTaxCustomer)
	return nil
}

func (s *Surface) updateTaxCustomers(c *rest.Call) error {
	v, err := c.JSON()
	if err != nil {
		return err
	}
	if err := arrayOf(v, tax.MaxBatch); err != nil {
		return err
	}
	in := make([]tax.Customer, v.Len())
	var items []fault.Item
	for i, e := range v.Elems() {
		d := decoder{e, &fault.Collector{Index: i}}
		if objectOnly(d) {
			in[i] = d.taxCustomer()
		}
		items = append(items, d.c.Items...)
	}
	if err := malformed(items); err != nil {
		return err
	}
	rows, err := s.Taxes.Put(c.Ctx(), c.StoreID(), in)
	if err != nil {
		return err
	}
	sendWritten(c, rows, appendTaxCustomer)
	return nil
}

// taxCustomer reads properties, whose values are text; numbers count as such.
func (d decoder) taxCustomer() tax.Customer {
	d.requiredNumber("customer_id")
	out := tax.Customer{ID: d.integer("customer_id").Value}
	if v := d.v.Get("tax_properties"); !v.Present() {
		d.c.Add("tax_properties", fault.Required, "", "")
	} else if v.IsNull() {
		d.wrong("tax_properties", jsObject)
	}
	d.object("tax_properties", func(p decoder) {
		for code, v := range p.v.Members() {
			text, ok := v.Str()
			if !ok {
				text, ok = v.NumberText()
			}
			if !ok {
				p.wrong(code, jsString)
			}
			out.Properties = append(out.Properties, tax.Property{Code: code, Value: text})
		}
	})
	return out
}

func (s *Surface) deleteTaxCustomers(c *rest.Call) error {
	q, err := tax.List.Parse(c.R.URL.RawQuery)
	if err != nil {
		return err
	}
	if err := s.Taxes.Delete(c.Ctx(), c.StoreID(), q); err != nil {
		return err
	}
	c.SendEmpty(http.StatusNoContent)
	return nil
}

func appendTaxCustomer(b []byte, t *tax.Customer, _ int) []byte {
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
