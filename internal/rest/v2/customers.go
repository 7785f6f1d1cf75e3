package v2

import (
	"net/http"
	"strconv"
	"strings"

	"clientele/internal/auth"
	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/jsonx"
	"clientele/internal/opt"
	"clientele/internal/rest"
)

func (s *Surface) customerRoutes() []rest.Route {
	return []rest.Route{
		{Method: "GET", Pattern: "/customers", Need: auth.ReadCustomers, Handle: s.listCustomers},
		{Method: "POST", Pattern: "/customers", Need: auth.ModifyCustomers, Class: rest.Creating, Handle: s.createCustomer},
		{Method: "DELETE", Pattern: "/customers", Need: auth.ModifyCustomers, Handle: s.deleteCustomers},
		{Method: "GET", Pattern: "/customers/count", Need: auth.ReadCustomers, Handle: s.countCustomers},
		{Method: "GET", Pattern: "/customers/{customer_id}", Need: auth.ReadCustomers, Handle: s.getCustomer},
		{Method: "PUT", Pattern: "/customers/{customer_id}", Need: auth.ModifyCustomers, Class: rest.Updating, Handle: s.updateCustomer},
		{Method: "DELETE", Pattern: "/customers/{customer_id}", Need: auth.ModifyCustomers, Handle: s.deleteCustomer},
		{Method: "POST", Pattern: "/customers/{customer_id}/validate", Need: auth.ModifyCustomers, Handle: s.validatePassword},
	}
}

func (s *Surface) listCustomers(c *rest.Call) error {
	q, err := parse(customer.PlainList, c)
	if err != nil {
		return err
	}
	rows, err := s.Customers.PlainPage(c.Ctx(), c.StoreID(), q)
	if err != nil {
		return err
	}
	l := s.links(c)
	return sendList(c, rows, func(b []byte, row *customer.Customer) []byte { return appendCustomer(b, row, l) })
}

func (s *Surface) countCustomers(c *rest.Call) error {
	q, err := parse(customer.PlainList, c)
	if err != nil {
		return err
	}
	n, err := s.Customers.Count(c.Ctx(), c.StoreID(), q)
	if err != nil {
		return err
	}
	return sendCount(c, n)
}

func (s *Surface) getCustomer(c *rest.Call) error {
	id, err := c.PathID("customer_id")
	if err != nil {
		return err
	}
	if err := plain(c); err != nil {
		return err
	}
	row, err := s.Customers.Get(c.Ctx(), c.StoreID(), id)
	if err != nil {
		return err
	}
	return s.sendCustomer(c, row)
}

func (s *Surface) sendCustomer(c *rest.Call, row *customer.Customer) error {
	l := s.links(c)
	return sendOne(c, row, func(b []byte, row *customer.Customer) []byte { return appendCustomer(b, row, l) })
}

var (
	customerWritable = []string{"_authentication", "company", "first_name", "last_name", "email", "phone", "store_credit", "registration_ip_address",
		"customer_group_id", "notes", "tax_exempt_category", "reset_pass_on_login"}
	customerReadOnly       = []string{"id", "date_created", "date_modified", "accepts_marketing", "addresses", "form_fields"}
	authenticationWritable = []string{"force_reset", "password", "password_confirmation"}
)

// customer reads a customer's members.
func (d decoder) customer() customer.Update {
	d.members(customerWritable, customerReadOnly)
	u := customer.Update{
		Email:              d.text("email"),
		FirstName:          d.text("first_name"),
		LastName:           d.text("last_name"),
		Company:            d.text("company"),
		Phone:              d.text("phone"),
		Notes:              d.text("notes"),
		TaxExemptCategory:  d.text("tax_exempt_category"),
		GroupID:            d.integer("customer_group_id"),
		RegistrationIP:     d.text("registration_ip_address"),
		StoreCredit:        d.amount("store_credit", customer.CreditScale),
		ForcePasswordReset: d.flag("reset_pass_on_login"),
	}
	d.object("_authentication", func(a decoder) {
		a.members(authenticationWritable, nil)
		if force := a.flag("force_reset"); force.Set {
			u.ForcePasswordReset = force
		}
		u.NewPassword = a.text("password")
		if again := a.text("password_confirmation"); again.Set && again.Value != u.NewPassword.Value {
			a.c.Add("password_confirmation", fault.NotAccepted, "", "The confirmation is not the password.")
		}
	})
	return u
}

func (s *Surface) createCustomer(c *rest.Call) error {
	var col fault.Collector
	d, err := object(c, &col)
	if err != nil {
		return err
	}
	d.required("first_name", "last_name", "email")
	u := d.customer()
	if err := d.err(); err != nil {
		return err
	}
	rows, err := s.Customers.CreateFor(c.Ctx(), c.Party(), []customer.Create{{
		Email: u.Email.Value, FirstName: u.FirstName.Value, LastName: u.LastName.Value, Company: u.Company.Value, Phone: u.Phone.Value,
		Notes: u.Notes.Value, TaxExemptCategory: u.TaxExemptCategory.Value, GroupID: u.GroupID.Value, RegistrationIP: u.RegistrationIP.Value,
		StoreCredit: u.StoreCredit.Value, ForcePasswordReset: u.ForcePasswordReset.Value, NewPassword: u.NewPassword,
		GeneratePassword: true, JoinDefault: !u.GroupID.Set,
	}})
	if err != nil {
		return err
	}
	return s.sendCustomer(c, &rows[0])
}

func (s *Surface) updateCustomer(c *rest.Call) error {
	id, err := c.PathID("customer_id")
	if err != nil {
		return err
	}
	var col fault.Collector
	d, err := object(c, &col)
	if err != nil {
		return err
	}
	u := d.customer()
	if err := d.err(); err != nil {
		return err
	}
	u.ID = id
	row, err := s.Customers.UpdateOne(c.Ctx(), c.Party(), u)
	if err != nil {
		return err
	}
	return s.sendCustomer(c, row)
}

func (s *Surface) deleteCustomers(c *rest.Call) error {
	if err := plain(c); err != nil {
		return err
	}
	return sendGone(c, s.Customers.DeleteAll(c.Ctx(), c.StoreID()))
}

func (s *Surface) deleteCustomer(c *rest.Call) error {
	id, err := c.PathID("customer_id")
	if err != nil {
		return err
	}
	if err := plain(c); err != nil {
		return err
	}
	return sendGone(c, s.Customers.DeleteOne(c.Ctx(), c.StoreID(), id))
}

func (s *Surface) validatePassword(c *rest.Call) error {
	id, err := c.PathID("customer_id")
	if err != nil {
		return err
	}
	var col fault.Collector
	d, err := object(c, &col)
	if err != nil {
		return err
	}
	d.members([]string{"password"}, nil)
	d.required("password")
	password := d.text("password")
	if err := d.err(); err != nil {
		return err
	}
	ok, err := s.Accounts.VerifyPassword(c.Ctx(), c.StoreID(), id, password.Value, c.Peer())
	if err != nil {
		return err
	}
	c.Send(http.StatusOK, append(strconv.AppendBool([]byte(`{"success":`), ok), '}'))
	return nil
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
	if s, ok := scalar(v); ok {
		return s
	}
	choices := make([]string, 0, v.Len())
	for _, e := range v.Elems() {
		s, _ := scalar(e)
		choices = append(choices, s)
	}
	return strings.Join(choices, ", ")
}

// same reports whether a read-only number repeats what is known.
func same(f opt.Field[int64], known int64) bool { return !f.Set || f.Value == known }
