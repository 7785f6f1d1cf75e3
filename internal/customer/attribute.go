package customer

import (
	"slices"
	"strings"

	"clientele/internal/fault"
	"clientele/internal/form"
	"clientele/internal/jsonx"
	"clientele/internal/opt"
)

// AttributeTypes are the types of attributes.
var AttributeTypes = []string{"string", "number", "date"}

// MaxAttributes is how many attributes a store may have. A customer has at
// most one value of each, so no customer has more values than that.
const MaxAttributes = 50

// MaxAttributeValues is how many attribute values one call may set: all of as
// many customers as one call may change.
const MaxAttributeValues = MaxBatch * MaxAttributes

// Attribute is the definition of something a store notes about customers.
type Attribute struct {
	ID           int64
	Name         string
	Type         string
	DateCreated  int64
	DateModified int64
}

// AttributeCreate is the command to define an attribute.
type AttributeCreate struct {
	Name string
	Type string
}

// AttributeUpdate is the command to rename an attribute. A type, if given, must be
// the one that it has: types never change.
type AttributeUpdate struct {
	ID   int64
	Name string
	Type opt.Field[string]
}

// AttributeUpsert is the command to set a customer's value of an attribute.
type AttributeUpsert struct {
	CustomerID  int64
	AttributeID int64
	Value       string
}

const maxAttributeName = 255

func (in *AttributeCreate) check(c *fault.Collector) {
	c.Length(FieldName, in.Name, 1, maxAttributeName)
	if !slices.Contains(AttributeTypes, in.Type) {
		c.Because(FieldType, fault.NotAccepted, WhyTypes, strings.Join(AttributeTypes, ", "))
	}
}

// checkAttributeValue holds a value to its attribute's type. An empty value
// fits every type.
func checkAttributeValue(c *fault.Collector, field fault.Field, typ, value string) {
	if !ValidAttribute(typ, value) {
		c.Because(field, fault.BadFormat, WhyAttributeType, typ)
	}
}

// ValidAttribute reports whether a value fits an attribute's type.
func ValidAttribute(typ, value string) bool {
	if value == "" {
		return true
	}
	switch typ {
	case "number":
		v, err := jsonx.Parse([]byte(strings.TrimSpace(value)), jsonx.Limits{})
		return err == nil && v.Kind() == jsonx.Number
	case "date":
		return form.ValidDate(value)
	}
	return true
}
