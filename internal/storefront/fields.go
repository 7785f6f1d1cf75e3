package storefront

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/jsonx"
	"clientele/internal/store"
)

// The groups of form fields.
const (
	accountGroup  = "customerAccount"
	shippingGroup = "shippingAddress"
	billingGroup  = "billingAddress"
)

var groups = []string{accountGroup, shippingGroup, billingGroup}

// fieldPrefix begins the ids of fields.
const fieldPrefix = "field_"

// builtIns are the names of built-in fields, as operations call what they
// hold. Those without one are not for this API.
var builtIns = map[int64]string{
	1: "email", 2: "password", 25: "acceptsMarketingEmails",
	4: "firstName", 5: "lastName", 6: "company", 7: "phone", 8: "address1", 9: "address2", 10: "city", 11: "countryCode", 12: "stateOrProvince", 13: "postalCode",
}

// accountNames are those of the address form that an account has as well.
var accountNames = []int64{4, 5}

func (s *Surface) formFields(c *Call) error {
	want, err := chosenGroups(c)
	if err != nil {
		return err
	}
	account, err := s.Customers.Form(c.Ctx(), c.Site.StoreID, customer.CustomerForm)
	if err != nil {
		return err
	}
	address, err := s.Customers.Form(c.Ctx(), c.Site.StoreID, customer.AddressForm)
	if err != nil {
		return err
	}
	settings, err := s.Stores.Settings(c.Ctx(), c.Site.StoreID)
	if err != nil {
		return err
	}
	var names customer.Form
	for _, f := range address {
		if slices.Contains(accountNames, f.ID) {
			names = append(names, f)
		}
	}
	b := []byte{'{'}
	for i, group := range want {
		if i > 0 {
			b = append(b, ',')
		}
		b = jsonx.AppendKey(b, group)
		form := address
		if group == accountGroup {
			form = append(slices.Clone(names), account...)
		}
		b = appendFields(b, form, &settings.Storefront)
	}
	c.Send(http.StatusOK, append(b, '}'))
	return nil
}

// chosenGroups reads the parameter filter: groups, separated by commas.
func chosenGroups(c *Call) ([]string, error) {
	q := c.R.URL.Query()
	if !q.Has("filter") {
		return groups, nil
	}
	var out []string
	for name := range strings.SplitSeq(q.Get("filter"), ",") {
		if !slices.Contains(groups, name) {
			return nil, &fault.Error{Kind: fault.BadFilter, Items: []fault.Item{{Index: -1, Field: "filter", Code: fault.NotAccepted,
				Message: "filter may hold " + strings.Join(groups, ", ")}}}
		}
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out, nil
}

func appendFields(b []byte, form customer.Form, settings *store.Storefront) []byte {
	b = append(b, '[')
	first := true
	for i := range form {
		if form[i].BuiltIn() && builtIns[form[i].ID] == "" {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = appendField(b, &form[i], settings)
	}
	return append(b, ']')
}

func appendField(b []byte, f *customer.FormField, settings *store.Storefront) []byte {
	o := &f.Options
	id := fieldPrefix + strconv.FormatInt(f.ID, 10)
	name := builtIns[f.ID]
	if !f.BuiltIn() {
		name = id
	}
	typ, fieldType := "string", f.Type
	switch f.Type {
	case customer.NumberField:
		typ, fieldType = "integer", customer.TextField
	case customer.PasswordField:
		fieldType = customer.TextField // and secret
	case customer.DateField:
		typ = "date"
	case customer.CheckboxField, customer.RadioField, customer.DropdownField:
		typ = "array"
	}
	b = jsonx.AppendString(append(b, `{"id":`...), id)
	b = jsonx.AppendString(append(b, `,"name":`...), name)
	b = strconv.AppendBool(append(b, `,"custom":`...), !f.BuiltIn())
	b = jsonx.AppendString(append(b, `,"label":`...), o.Label)
	b = strconv.AppendBool(append(b, `,"required":`...), f.Required)
	def := o.Default
	if choice, ok := o.ChoiceID(def); ok {
		def = strconv.FormatInt(choice, 10)
	}
	b = jsonx.AppendString(append(b, `,"default":`...), def)
	b = append(b, `,"type":"`+typ+`","fieldType":"`+fieldType+`"`...)
	if o.Min != "" {
		b = jsonx.AppendString(append(b, `,"min":`...), o.Min)
	}
	if o.Max != "" {
		b = jsonx.AppendString(append(b, `,"max":`...), o.Max)
	}
	if typ == "string" && o.MaxLength > 0 {
		b = strconv.AppendInt(append(b, `,"maxLength":`...), o.MaxLength, 10)
	}
	if f.Type == customer.PasswordField {
		b = append(b, `,"secret":true`...)
	}
	switch {
	case f.Type == customer.PasswordField && f.BuiltIn():
		b = appendRequirements(b, &settings.Password)
	case f.Type == customer.MultilineField && o.Rows > 0:
		b = strconv.AppendInt(append(b, `,"options":{"rows":`...), o.Rows, 10)
		b = append(b, '}')
	case f.Type == customer.CheckboxField && f.BuiltIn():
		b = append(b, `,"options":{"items":[{"value":"1","label":`...)
		b = append(jsonx.AppendString(b, o.Label), `}]}`...)
	case typ == "array" && !f.BuiltIn():
		b = append(b, `,"options":{`...)
		if o.Placeholder != "" {
			b = append(jsonx.AppendString(append(b, `"helperLabel":`...), o.Placeholder), ',')
		}
		b = append(b, `"items":[`...)
		for i, choice := range o.Choices {
			if i > 0 {
				b = append(b, ',')
			}
			b = strconv.AppendInt(append(b, `{"value":"`...), o.ChoiceIDs[i], 10)
			b = append(jsonx.AppendString(append(b, `","label":`...), choice), '}')
		}
		b = append(b, `]}`...)
	}
	return append(b, '}')
}

// appendRequirements tells what a password needs, as expressions that it has
// to match and in words.
func appendRequirements(b []byte, r *store.PasswordRules) []byte {
	alpha, needs := "[A-Za-z]", []string{"letters"}
	switch {
	case r.RequireLowerCase && r.RequireUpperCase:
		alpha, needs = "(?:[a-z].*[A-Z]|[A-Z].*[a-z])", []string{"lower and upper case letters"}
	case r.RequireLowerCase:
		alpha, needs = "[a-z]", []string{"lower case letters"}
	case r.RequireUpperCase:
		alpha, needs = "[A-Z]", []string{"upper case letters"}
	}
	numeric := ""
	if *r.RequireNumbers && *r.MinimumNumbers > 0 {
		numeric = "[0-9]"
		if n := *r.MinimumNumbers; n > 1 {
			numeric = fmt.Sprintf("(?:[0-9][^0-9]*){%d}", n)
			needs = append(needs, fmt.Sprintf("at least %d digits", n))
		} else {
			needs = append(needs, "digits")
		}
	}
	if r.RequireSpecial && *r.MinimumSpecial > 0 {
		needs = append(needs, fmt.Sprintf("at least %d special characters", *r.MinimumSpecial))
	}
	b = jsonx.AppendString(append(b, `,"requirements":{"alpha":`...), alpha)
	b = jsonx.AppendString(append(b, `,"numeric":`...), numeric)
	b = strconv.AppendInt(append(b, `,"minlength":`...), int64(*r.MinimumLength), 10)
	b = jsonx.AppendString(append(b, `,"description":`...), fmt.Sprintf("A password has at least %d characters: %s.", *r.MinimumLength, strings.Join(needs, ", ")))
	return append(b, '}')
}
