package graphql

import (
	"errors"
	"fmt"

	"clientele/internal/company"
	"clientele/internal/customer"
	"clientele/internal/graphql/exec"
)

// Texts of registering a company, for storefronts to look for.
const textNoCustomerForCompany = "Customer not authenticated"

// registered is what came of registering a company.
type registered struct {
	id     *int64
	status string
	errors []problem
}

// companyTables answer the registration of companies.
func (s *Server) companyTables() exec.Tables {
	return exec.Tables{
		// What else there is of an active company is kept elsewhere.
		"ActiveCompany": exec.Of[companyUser](exec.Fields{"companyUser": exec.Part(func(u *companyUser) *companyUser { return u })}),
		"CompanyUser": exec.Of[companyUser](exec.Fields{
			"firstName":   exec.Text(func(u *companyUser) string { return u.FirstName }),
			"lastName":    exec.Text(func(u *companyUser) string { return u.LastName }),
			"company":     exec.Text(func(u *companyUser) string { return u.company.Name }),
			"phoneNumber": exec.Text(func(u *companyUser) string { return u.Phone }),
			"email":       exec.Text(func(u *companyUser) string { return u.Email }),
			"formFields":  exec.Parts(func(u *companyUser) []formValue { return formValues(u.FormFields, u.Fields) }),
			"extraFields": exec.Parts(func(u *companyUser) []company.Extra { return u.company.Extras.User }),
		}),
		"ExtraFieldValue":               exec.Of[company.Extra](exec.Fields{"name": exec.Text(func(e *company.Extra) string { return e.Name })}),
		"TextExtraFieldValue":           exec.Of[company.Extra](exec.Fields{"text": exec.Text(extraValue)}),
		"MultilineTextExtraFieldValue":  exec.Of[company.Extra](exec.Fields{"multilineText": exec.Text(extraValue)}),
		"MultipleChoiceExtraFieldValue": exec.Of[company.Extra](exec.Fields{"value": exec.Text(extraValue)}),
		"NumberExtraFieldValue":         exec.Of[company.Extra](exec.Fields{"number": exec.Raw(func(b []byte, e *company.Extra) []byte { return append(b, e.Value...) })}),
		"CompanyMutations":              exec.Of[exec.None](exec.Fields{"registerCompany": exec.Object(s.registerCompany)}),
		"RegisterCompanyResult": exec.Of[registered](exec.Fields{
			"entityId": exec.IntOrNull(func(r *registered) *int64 { return r.id }),
			"status":   exec.Enum(func(r *registered) string { return r.status }),
			"errors":   exec.List(func(c *exec.Call, r *registered) ([]problem, error) { return s.tell(c.Context, r.errors), nil }),
		}),
	}
}

// companyUser is a customer as the user of their company.
type companyUser struct {
	*customer.Profile
	company *company.Company
}

func extraValue(e *company.Extra) string { return e.Value }

// extraTypes are the schema's types of extra values.
var extraTypes = map[string]string{
	company.TextExtra: "TextExtraFieldValue", company.MultilineExtra: "MultilineTextExtraFieldValue",
	company.ChoiceExtra: "MultipleChoiceExtraFieldValue", company.NumberExtra: "NumberExtraFieldValue",
}

// activeCompany returns the company of a customer that was approved.
func (s *Server) activeCompany(c *exec.Call, p *customer.Profile) (*companyUser, error) {
	found, err := s.Companies.ApprovedOf(c.Context, shopperOf(c.Context).visit.Site.StoreID, p.ID)
	if err != nil || found == nil {
		return nil, err
	}
	return &companyUser{p, found}, nil
}

// registerCompany asks for a company on behalf of the shopper.
func (s *Server) registerCompany(c *exec.Call, _ *exec.None) (*registered, error) {
	w := shopperOf(c.Context)
	nobody := &registered{errors: []problem{{kind: "ValidationError", message: textNoCustomerForCompany, path: []string{"input"}}}}
	if w.customerID == 0 {
		return nobody, nil
	}
	in := c.Args.Object("input")
	address := in.Object("address")
	command := company.Register{
		CustomerID: w.customerID, ChannelID: w.visit.Site.ChannelID,
		Name: in.Text("name"), Email: in.Text("email"), Phone: in.Text("phone"),
		Address: customer.AddressFields{
			FirstName: address.Text("firstName"), LastName: address.Text("lastName"), Phone: address.Text("phone"), Type: customer.Commercial,
			Address1: address.Text("address1"), Address2: address.Text("address2"), City: address.Text("city"),
			StateOrProvince: address.Text("stateOrProvince"), PostalCode: address.Text("postalCode"), CountryCode: address.Text("countryCode"),
		},
		Extras: company.Extras{
			Company: extras(in.Object("extraFields")),
			Address: extras(address.Object("extraFields")),
			User:    extras(in.Object("companyUser").Object("extraFields")),
		},
	}
	for _, f := range in.Objects("fileList") {
		command.Files = append(command.Files, company.File{ID: f.Text("fileId"), Name: f.Text("fileName"), URL: f.Text("fileUrl"), Type: f.Text("contentType"), Size: f.Int("fileSize")})
	}
	made, err := s.Companies.Register(c.Context, w.visit.Site.StoreID, command)
	if errors.Is(err, customer.ErrNoCustomer) {
		return nobody, nil
	}
	if f := business(err); f != nil {
		return &registered{errors: violations(f, "input")}, nil
	}
	if err != nil {
		return nil, err
	}
	return &registered{id: &made.ID, status: "PENDING"}, nil
}

// extras reads the values of extra fields.
func extras(in exec.Args) []company.Extra {
	var out []company.Extra
	for _, kind := range []struct{ list, value, is string }{
		{"texts", "text", company.TextExtra}, {"multilineTexts", "multilineText", company.MultilineExtra},
		{"multipleChoices", "fieldValue", company.ChoiceExtra}, {"numbers", "number", company.NumberExtra},
	} {
		for _, e := range in.Objects(kind.list) {
			out = append(out, company.Extra{Name: e.Text("name"), Type: kind.is, Value: fmt.Sprint(e[kind.value])})
		}
	}
	return out
}
