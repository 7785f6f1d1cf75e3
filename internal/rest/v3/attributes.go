package v3

import (
	"net/http"
	"strconv"

	"clientele/internal/auth"
	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/jsonx"
	"clientele/internal/listing"
	"clientele/internal/rest"
)

func (s *Surface) attributeRoutes() []rest.Route {
	return []rest.Route{
		{Method: "GET", Pattern: "/customers/attributes", Need: auth.ReadCustomers, Handle: s.listAttributes},
		{Method: "POST", Pattern: "/customers/attributes", Need: auth.ModifyCustomers, Class: rest.Updating, Handle: s.createAttributes, Titles: createAttributes},
		{Method: "PUT", Pattern: "/customers/attributes", Need: auth.ModifyCustomers, Class: rest.Updating, Handle: s.updateAttributes, Titles: updateAttributes},
		{Method: "DELETE", Pattern: "/customers/attributes", Need: auth.ModifyCustomers, Handle: s.deleteAttributes},
		{Method: "GET", Pattern: "/customers/attribute-values", Need: auth.ReadCustomers, Handle: s.listAttributeValues},
		{Method: "PUT", Pattern: "/customers/attribute-values", Need: auth.ModifyCustomers, Class: rest.Updating, Handle: s.putAttributeValues, Titles: upsertAttributeValues},
		{Method: "DELETE", Pattern: "/customers/attribute-values", Need: auth.ModifyCustomers, Handle: s.deleteAttributeValues},
	}
}

var attributeLists = map[string]*listing.Spec{
	"GET /customers/attributes":          customer.AttributeList,
	"DELETE /customers/attributes":       customer.DeleteAttributeList,
	"GET /customers/attribute-values":    customer.AttributeValueList,
	"DELETE /customers/attribute-values": customer.DeleteAttributeValueList,
}

func (s *Surface) listAttributes(c *rest.Call) error {
	q, err := customer.AttributeList.Parse(c.R.URL.RawQuery)
	if err != nil {
		return err
	}
	rows, res, err := s.Customers.Attributes(c.Ctx(), c.StoreID(), q)
	if err != nil {
		return err
	}
	SendList(c, q, res, false, rows, appendDefinition)
	return nil
}

func (s *Surface) createAttributes(c *rest.Call) error {
	v, err := batch(c, "name", "type")
	if err != nil {
		return err
	}
	in := make([]customer.AttributeCreate, v.Len())
	var items []fault.Item
	for i, e := range v.Elems() {
		col := fault.Collector{Index: i}
		d := decoder{e, &col}
		d.required("name", "type")
		in[i] = customer.AttributeCreate{Name: d.text("name").Value, Type: d.text("type").Value}
		items = append(items, col.Items...)
	}
	if err := malformed(items); err != nil {
		return err
	}
	rows, err := s.Customers.CreateAttributes(c.Ctx(), c.StoreID(), in)
	if err != nil {
		return err
	}
	sendWritten(c, rows, func(b []byte, row *customer.Attribute, _ int) []byte { return appendDefinition(b, row) })
	return nil
}

func (s *Surface) updateAttributes(c *rest.Call) error {
	v, err := batch(c, "id", "name")
	if err != nil {
		return err
	}
	in := make([]customer.AttributeUpdate, v.Len())
	var items []fault.Item
	for i, e := range v.Elems() {
		col := fault.Collector{Index: i}
		d := decoder{e, &col}
		d.requiredIDs("id")
		d.required("name")
		in[i] = customer.AttributeUpdate{ID: d.integer("id").Value, Name: d.text("name").Value, Type: d.text("type")}
		items = append(items, col.Items...)
	}
	if err := malformed(items); err != nil {
		return err
	}
	rows, err := s.Customers.UpdateAttributes(c.Ctx(), c.StoreID(), in)
	if err != nil {
		return err
	}
	sendWritten(c, rows, func(b []byte, row *customer.Attribute, _ int) []byte { return appendDefinition(b, row) })
	return nil
}

func (s *Surface) deleteAttributes(c *rest.Call) error {
	q, err := customer.DeleteAttributeList.Parse(c.R.URL.RawQuery)
	if err != nil {
		return err
	}
	if _, err := s.Customers.DeleteAttributes(c.Ctx(), c.StoreID(), q); err != nil {
		return err
	}
	c.SendEmpty(http.StatusNoContent)
	return nil
}

func (s *Surface) listAttributeValues(c *rest.Call) error {
	q, err := customer.AttributeValueList.Parse(c.R.URL.RawQuery)
	if err != nil {
		return err
	}
	rows, res, err := s.Customers.AttributeValues(c.Ctx(), c.StoreID(), q)
	if err != nil {
		return err
	}
	SendList(c, q, res, false, rows, appendAttribute)
	return nil
}

func (s *Surface) putAttributeValues(c *rest.Call) error {
	required := []string{"attribute_id", "value", "customer_id"}
	v, err := batch(c, required...)
	if err != nil {
		return err
	}
	in := make([]customer.AttributeUpsert, v.Len())
	var items []fault.Item
	for i, e := range v.Elems() {
		col := fault.Collector{Index: i}
		d := decoder{e, &col}
		d.requiredIDs("attribute_id", "customer_id")
		d.required("value")
		in[i] = customer.AttributeUpsert{AttributeID: d.integer("attribute_id").Value, CustomerID: d.integer("customer_id").Value, Value: d.text("value").Value}
		items = append(items, col.Items...)
	}
	if err := malformed(items); err != nil {
		return err
	}
	rows, err := s.Customers.PutAttributeValues(c.Ctx(), c.StoreID(), in)
	if err != nil {
		return err
	}
	sendWritten(c, rows, func(b []byte, row *customer.AttributeValue, _ int) []byte { return appendAttribute(b, row) })
	return nil
}

func (s *Surface) deleteAttributeValues(c *rest.Call) error {
	q, err := customer.DeleteAttributeValueList.Parse(c.R.URL.RawQuery)
	if err != nil {
		return err
	}
	if _, err := s.Customers.DeleteAttributeValues(c.Ctx(), c.StoreID(), q); err != nil {
		return err
	}
	c.SendEmpty(http.StatusNoContent)
	return nil
}

// requiredIDs is required for members that are numbers.
func (d decoder) requiredIDs(names ...string) {
	for _, n := range names {
		if !d.v.Get(n).Present() {
			d.c.Add(n, fault.Required, "", "")
		} else if d.v.Get(n).IsNull() {
			d.wrong(n, jsNumber)
		}
	}
}

// appendDefinition writes an attribute; appendAttribute writes a value of one.
func appendDefinition(b []byte, a *customer.Attribute) []byte {
	b = append(b, `{"id":`...)
	b = strconv.AppendInt(b, a.ID, 10)
	b = append(b, `,"name":`...)
	b = jsonx.AppendString(b, a.Name)
	b = append(b, `,"type":`...)
	b = jsonx.AppendString(b, a.Type)
	b = append(b, `,"date_created":`...)
	b = jsonx.AppendTime(b, a.DateCreated)
	b = append(b, `,"date_modified":`...)
	b = jsonx.AppendTime(b, a.DateModified)
	return append(b, '}')
}
