package graphql

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"clientele/internal/company"
	"clientele/internal/customer"
	"clientele/internal/fold"
	"clientele/internal/geo"
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
		"ActiveCompany": exec.Of[companyUser](exec.Fields{
			"companyUser": exec.Part(func(u *companyUser) *companyUser { return u }),
			"addresses":   exec.Object(companyAddresses),
		}),
		"CompanyAddress": exec.Of[companyAddress](exec.Fields{
			"entityId":            exec.Int(func(a *companyAddress) int64 { return a.company.ID }),
			"firstName":           exec.Text(func(a *companyAddress) string { return a.FirstName }),
			"lastName":            exec.Text(func(a *companyAddress) string { return a.LastName }),
			"address1":            exec.Text(func(a *companyAddress) string { return a.Address1 }),
			"address2":            exec.TextOrNull(func(a *companyAddress) string { return a.Address2 }),
			"city":                exec.Text(func(a *companyAddress) string { return a.City }),
			"country":             exec.Text((*companyAddress).country),
			"countryCode":         exec.Text(func(a *companyAddress) string { return a.CountryCode }),
			"stateOrProvince":     exec.TextOrNull(func(a *companyAddress) string { return a.StateOrProvince }),
			"stateOrProvinceCode": exec.TextOrNull((*companyAddress).stateCode),
			"phone":               exec.TextOrNull(func(a *companyAddress) string { return a.Phone }),
			"postalCode":          exec.TextOrNull(func(a *companyAddress) string { return a.PostalCode }),
			// There is no other one.
			"isDefaultShipping": exec.Bool(func(*companyAddress) bool { return true }),
			"isDefaultBilling":  exec.Bool(func(*companyAddress) bool { return true }),
			"isShipping":        exec.Bool(func(*companyAddress) bool { return true }),
			"isBilling":         exec.Bool(func(*companyAddress) bool { return true }),
			"extraFields":       exec.Parts(func(a *companyAddress) []company.Extra { return a.extras }),
		}),
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

// companyAddress is the address with which a company was registered.
type companyAddress struct {
	*customer.AddressFields
	company *company.Company
	extras  []company.Extra
}

func (a *companyAddress) country() string {
	if c, ok := geo.ByCode(a.CountryCode); ok {
		return c.Name
	}
	return ""
}

func (a *companyAddress) stateCode() string {
	if c, ok := geo.ByCode(a.CountryCode); ok {
		if st, ok := c.State(a.StateOrProvince); ok {
			return st.Code
		}
	}
	return ""
}

// holds reports whether a text is in any of an address.
func (a *companyAddress) holds(text string) bool {
	return slices.ContainsFunc([]string{
		fold.Name(a.FirstName, a.LastName), a.Address1, a.Address2, a.City, a.StateOrProvince, a.PostalCode, a.country(), a.Phone,
	}, func(part string) bool { return strings.Contains(fold.Text(part), fold.Text(text)) })
}

// companyAddresses returns the addresses of a company that match the filters: the
// one that it was registered with.
func companyAddresses(c *exec.Call, u *companyUser) (*page[companyAddress], error) {
	at, err := window(c.Args)
	if err != nil {
		return nil, err
	}
	a := companyAddress{AddressFields: &u.company.Address, company: u.company}
	if c.Args.Bool("includesExtraFields") {
		a.extras = u.company.Extras.Address
	}
	all := []companyAddress{a}
	filters := c.Args.Object("filters")
	for _, name := range []string{"isDefaultShipping", "isDefaultBilling", "isShipping", "isBilling"} {
		if is := filters.BoolOrNil(name); is != nil && !*is {
			all = nil
		}
	}
	if !a.holds(filters.Text("searchQuery")) {
		all = nil
	}
	return windowBy(at, all, func(int) int64 { return u.company.ID }), nil
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
