package v3

import (
	"strconv"

	"clientele/internal/auth"
	"clientele/internal/customer"
	"clientele/internal/jsonx"
	"clientele/internal/rest"
	"clientele/internal/rest/decode"
	"clientele/internal/rest/shape"
)

func (s *Surface) attributeRoutes() []rest.Route {
	return []rest.Route{
		{Method: "GET", Pattern: "/customers/attributes", Need: auth.ReadCustomers, List: customer.AttributeList,
			Handle: List(shape.ScopedPage(s.Customers.Attributes), appendDefinition)},
		{Method: "POST", Pattern: "/customers/attributes", Need: auth.ModifyCustomers, Class: rest.Updating, Titles: createAttributes,
			Handle: shape.Call(objects(customer.MaxAttributes, decodeNewAttribute, "name", "type"), shape.Scoped(s.Customers.CreateAttributes), rows(appendDefinition))},
		{Method: "PUT", Pattern: "/customers/attributes", Need: auth.ModifyCustomers, Class: rest.Updating, Titles: updateAttributes,
			Handle: shape.Call(objects(customer.MaxAttributes, decodeAttribute, "id", "name"), shape.Scoped(s.Customers.UpdateAttributes), rows(appendDefinition))},
		{Method: "DELETE", Pattern: "/customers/attributes", Need: auth.ModifyCustomers, List: customer.DeleteAttributeList,
			Handle: remove(shape.Scoped(s.Customers.DeleteAttributes))},
		{Method: "GET", Pattern: "/customers/attribute-values", Need: auth.ReadCustomers, List: customer.AttributeValueList,
			Handle: List(shape.ScopedPage(s.Customers.AttributeValues), appendAttribute)},
		{Method: "PUT", Pattern: "/customers/attribute-values", Need: auth.ModifyCustomers, Class: rest.Updating, Titles: upsertAttributeValues,
			Handle: shape.Call(objects(customer.MaxAttributeValues, decodeAttributeValue, "attribute_id", "value", "customer_id"), shape.Scoped(s.Customers.PutAttributeValues), rows(appendAttribute))},
		{Method: "DELETE", Pattern: "/customers/attribute-values", Need: auth.ModifyCustomers, List: customer.DeleteAttributeValueList,
			Handle: remove(shape.Scoped(s.Customers.DeleteAttributeValues))},
	}
}

// dates are what the program keeps of what is stored, under the names that
// most resources have for them.
var dates = []string{"date_created", "date_modified"}

func decodeNewAttribute(o decode.Object) customer.AttributeCreate {
	o.Only([]string{"name", "type"}, []string{"id", "date_created", "date_modified"})
	o.Required("name", "type")
	return customer.AttributeCreate{Name: o.Text("name").Value, Type: o.Text("type").Value}
}

func decodeAttribute(o decode.Object) customer.AttributeUpdate {
	o.Only([]string{"id", "name", "type"}, nil, dates...)
	o.RequiredAs(jsonx.Number, "id")
	o.Required("name")
	return customer.AttributeUpdate{ID: o.Int("id").Value, Name: o.Text("name").Value, Type: o.Text("type")}
}

// decodeAttributeValue passes over the id, which the customer and the attribute
// stand for, and the old value, which clients send back with the new one.
func decodeAttributeValue(o decode.Object) customer.AttributeUpsert {
	o.Only([]string{"attribute_id", "customer_id", "value"}, nil, "id", "attribute_value", "date_created", "date_modified")
	o.RequiredAs(jsonx.Number, "attribute_id", "customer_id")
	o.Required("value")
	return customer.AttributeUpsert{AttributeID: o.Int("attribute_id").Value, CustomerID: o.Int("customer_id").Value, Value: o.Text("value").Value}
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
