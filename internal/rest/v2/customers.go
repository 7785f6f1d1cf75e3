package v2

import (
	"net/http"
	"strconv"
	"strings"

	"clientele/internal/auth"
	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/jsonx"
	"clientele/internal/rest"
	"clientele/internal/rest/decode"
	"clientele/internal/rest/shape"
)

var customerID = shape.ID("customer_id")

func (s *Surface) customerRoutes() []rest.Route {
	return []rest.Route{
		{Method: "GET", Pattern: "/customers", Need: auth.ReadCustomers, List: customer.PlainList, Handle: shape.Call(query, shape.Scoped(s.Customers.PlainPage), s.sendCustomers)},
		{Method: "POST", Pattern: "/customers", Need: auth.ModifyCustomers, Class: rest.Creating, Handle: shape.Call(object(decodeNewCustomer), s.createCustomer, s.sendCustomer)},
		{Method: "DELETE", Pattern: "/customers", Need: auth.ModifyCustomers, Handle: remove(thisStore, s.deleteCustomers)},
		{Method: "GET", Pattern: "/customers/count", Need: auth.ReadCustomers, List: customer.PlainList, Handle: count(shape.Scoped(s.Customers.Count))},
		{Method: "GET", Pattern: "/customers/{customer_id}", Need: auth.ReadCustomers, Handle: get(customerID, shape.Scoped(s.Customers.Get), dated(func(row *customer.Customer) int64 { return row.DateModified }, s.sendCustomer))},
		{Method: "PUT", Pattern: "/customers/{customer_id}", Need: auth.ModifyCustomers, Class: rest.Updating, Handle: shape.CallAt(customerID, object(decodeCustomer), s.updateCustomer, s.sendCustomer)},
		{Method: "DELETE", Pattern: "/customers/{customer_id}", Need: auth.ModifyCustomers, Handle: remove(customerID, shape.ScopedDo(s.Customers.DeleteOne))},
		{Method: "POST", Pattern: "/customers/{customer_id}/validate", Need: auth.ModifyCustomers, Handle: shape.CallAt(customerID, object(decodePassword), s.validatePassword, sendSuccess)},
	}
}

func (s *Surface) sendCustomers(c *rest.Call, all []customer.Customer) {
	rows(s.customerRow(c))(c, all)
}

func (s *Surface) sendCustomer(c *rest.Call, row *customer.Customer) {
	sendOne(c, http.StatusOK, row, s.customerRow(c))
}

func (s *Surface) customerRow(c *rest.Call) func([]byte, *customer.Customer) []byte {
	l := s.links(c)
	return func(b []byte, row *customer.Customer) []byte { return appendCustomer(b, row, l) }
}

func (s *Surface) createCustomer(c *rest.Call, in customer.Create) (*customer.Customer, error) {
	rows, err := s.Customers.CreateFor(c.Ctx(), c.Party(), []customer.Create{in})
	if err != nil {
		return nil, err
	}
	return &rows[0], nil
}

func (s *Surface) updateCustomer(c *rest.Call, id int64, in customer.Update) (*customer.Customer, error) {
	in.ID = id
	return s.Customers.UpdateOne(c.Ctx(), c.Party(), in)
}

func (s *Surface) deleteCustomers(c *rest.Call, _ struct{}) error {
	return s.Customers.DeleteAll(c.Ctx(), c.StoreID())
}

func (s *Surface) validatePassword(c *rest.Call, id int64, password string) (bool, error) {
	return s.Accounts.VerifyPassword(c.Ctx(), c.StoreID(), id, password, c.Peer())
}

func sendSuccess(c *rest.Call, ok bool) {
	c.Send(http.StatusOK, append(strconv.AppendBool([]byte(`{"success":`), ok), '}'))
}

func decodePassword(o decode.Object) string {
	o.Only([]string{"password"}, nil)
	o.Required("password")
	return o.Text("password").Value
}

var (
	customerWritable = []string{"_authentication", "company", "first_name", "last_name", "email", "phone", "store_credit", "registration_ip_address",
		"customer_group_id", "notes", "tax_exempt_category", "reset_pass_on_login"}
	customerReadOnly       = []string{"id", "date_created", "date_modified", "accepts_marketing", "addresses", "form_fields"}
	authenticationWritable = []string{"force_reset", "password", "password_confirmation"}
)

// decodeCustomer reads a customer's members.
func decodeCustomer(o decode.Object) customer.Update {
	o.Only(customerWritable, customerReadOnly)
	u := customer.Update{
		Email:              o.Text("email"),
		FirstName:          o.Text("first_name"),
		LastName:           o.Text("last_name"),
		Company:            o.Text("company"),
		Phone:              o.Text("phone"),
		Notes:              o.Text("notes"),
		TaxExemptCategory:  o.Text("tax_exempt_category"),
		GroupID:            o.Int("customer_group_id"),
		RegistrationIP:     o.Text("registration_ip_address"),
		StoreCredit:        o.Decimal("store_credit", customer.CreditScale),
		ForcePasswordReset: o.Flag("reset_pass_on_login"),
	}
	o.Object("_authentication", func(a decode.Object) {
		a.Only(authenticationWritable, nil)
		if force := a.Flag("force_reset"); force.Set {
			u.ForcePasswordReset = force
		}
		u.NewPassword = a.Text("password")
		if again := a.Text("password_confirmation"); again.Set && again.Value != u.NewPassword.Value {
			a.Faults.Add("password_confirmation", fault.NotAccepted, "", "The confirmation is not the password.")
		}
	})
	return u
}

func decodeNewCustomer(o decode.Object) customer.Create {
	o.Required("first_name", "last_name", "email")
	u := decodeCustomer(o)
	return customer.Create{
		Email: u.Email.Value, FirstName: u.FirstName.Value, LastName: u.LastName.Value, Company: u.Company.Value, Phone: u.Phone.Value,
		Notes: u.Notes.Value, TaxExemptCategory: u.TaxExemptCategory.Value, GroupID: u.GroupID.Value, RegistrationIP: u.RegistrationIP.Value,
		StoreCredit: u.StoreCredit.Value, ForcePasswordReset: u.ForcePasswordReset.Value, NewPassword: u.NewPassword,
		GeneratePassword: true, JoinDefault: !u.GroupID.Set,
	}
}

func appendCustomer(b []byte, c *customer.Customer, l links) []byte {
	id := strconv.FormatInt(c.ID, 10)
	b = append(b, `{"id":`...)
	b = append(b, id...)
	b = append(b, `,"company":`...)
	b = jsonx.AppendString(b, c.Company)
	b = append(b, `,"first_name":`...)
	b = jsonx.AppendString(b, c.FirstName)
	b = append(b, `,"last_name":`...)
	b = jsonx.AppendString(b, c.LastName)
	b = append(b, `,"email":`...)
	b = jsonx.AppendString(b, c.Email)
	b = append(b, `,"phone":`...)
	b = jsonx.AppendString(b, c.Phone)
	b = append(b, `,"form_fields":`...)
	b = appendFormFields(b, c.FormFields)
	b = append(b, `,"date_created":`...)
	b = appendMailTime(b, c.DateCreated)
	b = append(b, `,"date_modified":`...)
	b = appendMailTime(b, c.DateModified)
	b = append(b, `,"store_credit":"`...)
	b = jsonx.AppendFixed(b, c.StoreCredit, customer.CreditScale, 4)
	b = append(b, `","registration_ip_address":`...)
	b = jsonx.AppendString(b, c.RegistrationIP)
	b = append(b, `,"customer_group_id":`...)
	b = strconv.AppendInt(b, c.GroupID, 10)
	b = append(b, `,"notes":`...)
	b = jsonx.AppendString(b, c.Notes)
	b = append(b, `,"tax_exempt_category":`...)
	b = jsonx.AppendString(b, c.TaxExemptCategory)
	b = append(b, `,"reset_pass_on_login":`...)
	b = strconv.AppendBool(b, c.ForcePasswordReset)
	b = append(b, `,"accepts_marketing":`...)
	b = strconv.AppendBool(b, c.AcceptsEmails)
	b = append(b, `,"addresses":`...)
	b = l.append(b, "/customers/"+id+"/addresses")
	return append(b, '}')
}

// appendFormFields appends null for none. A value is text here, whatever it
// is in V3; choices are put together.
func appendFormFields(b []byte, values []customer.FormValue) []byte {
	if len(values) == 0 {
		return append(b, "null"...)
	}
	b = append(b, '[')
	for i := range values {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"name":`...)
		b = jsonx.AppendString(b, values[i].Name)
		b = append(b, `,"value":`...)
		b = jsonx.AppendString(b, valueText(values[i].JSON))
		b = append(b, '}')
	}
	return append(b, ']')
}

func valueText(text string) string {
	v, err := jsonx.Parse([]byte(text), jsonx.Limits{})
	if err != nil {
		return ""
	}
	if s, ok := decode.Scalar(v); ok {
		return s
	}
	choices := make([]string, 0, v.Len())
	for _, e := range v.Elems() {
		s, _ := decode.Scalar(e)
		choices = append(choices, s)
	}
	return strings.Join(choices, ", ")
}
