package clientele

import (
	"strconv"

	"clientele/internal/auth"
	"clientele/internal/company"
	"clientele/internal/jsonx"
	"clientele/internal/rest"
	"clientele/internal/rest/decode"
	"clientele/internal/rest/shape"
	v3 "clientele/internal/rest/v3"
)

var decideCompany = &rest.Titles{Failed: "Update company failed."}

func (s *Surface) companyRoutes() []rest.Route {
	id := shape.ID("company_id")
	return []rest.Route{
		{Method: "GET", Pattern: "/companies", Need: auth.ReadCustomers, List: company.List,
			Handle: v3.List(shape.ScopedPage(s.Companies.List), appendCompany)},
		{Method: "GET", Pattern: "/companies/{company_id}", Need: auth.ReadCustomers,
			Handle: v3.GetOne(id, shape.Scoped(s.Companies.Get), appendCompany)},
		{Method: "PUT", Pattern: "/companies/{company_id}", Need: auth.ModifyCustomers, Class: rest.Updating, Titles: decideCompany,
			Handle: shape.CallAt(id, v3.Object(decodeDecision), s.decideCompany, v3.One(appendCompany))},
	}
}

func (s *Surface) decideCompany(c *rest.Call, id int64, in company.Decide) (*company.Company, error) {
	return shape.Ref(s.Companies.Decide(c.Ctx(), c.StoreID(), id, in))
}

// decodeDecision reads a change of a company, of which the status can be changed.
func decodeDecision(o decode.Object) company.Decide {
	o.Only([]string{"status"}, []string{"id", "customer_id", "channel_id", "name", "email", "phone", "address", "extra_fields", "files", "date_created", "date_modified"})
	o.Required("status")
	return company.Decide{Status: o.Text("status").Value}
}

func appendCompany(b []byte, c *company.Company) []byte {
	b = strconv.AppendInt(append(b, `{"id":`...), c.ID, 10)
	b = strconv.AppendInt(append(b, `,"customer_id":`...), c.CustomerID, 10)
	b = strconv.AppendInt(append(b, `,"channel_id":`...), c.ChannelID, 10)
	for _, m := range [...]struct{ name, value string }{{"name", c.Name}, {"email", c.Email}, {"phone", c.Phone}, {"status", c.Status}} {
		b = jsonx.AppendString(append(append(append(b, `,"`...), m.name...), `":`...), m.value)
	}
	a := &c.Address
	b = append(b, `,"address":{`...)
	for i, m := range [...]struct{ name, value string }{
		{"first_name", a.FirstName}, {"last_name", a.LastName}, {"address1", a.Address1}, {"address2", a.Address2}, {"city", a.City},
		{"state_or_province", a.StateOrProvince}, {"postal_code", a.PostalCode}, {"country_code", a.CountryCode}, {"phone", a.Phone},
	} {
		b = jsonx.AppendString(append(append(append(separate(b, i), '"'), m.name...), `":`...), m.value)
	}
	b = append(b, `},"extra_fields":{`...)
	for i, list := range [...]struct {
		name string
		of   []company.Extra
	}{{"company", c.Extras.Company}, {"address", c.Extras.Address}, {"user", c.Extras.User}} {
		b = append(append(append(separate(b, i), '"'), list.name...), `":[`...)
		for i, e := range list.of {
			b = jsonx.AppendString(append(separate(b, i), `{"name":`...), e.Name)
			b = jsonx.AppendString(append(b, `,"type":`...), e.Type)
			b = append(jsonx.AppendString(append(b, `,"value":`...), e.Value), '}')
		}
		b = append(b, ']')
	}
	b = append(b, `},"files":[`...)
	for i, f := range c.Files {
		b = jsonx.AppendString(append(separate(b, i), `{"id":`...), f.ID)
		b = jsonx.AppendString(append(b, `,"name":`...), f.Name)
		b = jsonx.AppendString(append(b, `,"url":`...), f.URL)
		b = jsonx.AppendString(append(b, `,"content_type":`...), f.Type)
		b = append(strconv.AppendInt(append(b, `,"size":`...), f.Size, 10), '}')
	}
	b = jsonx.AppendTime(append(b, `],"date_created":`...), c.DateCreated)
	return append(jsonx.AppendTime(append(b, `,"date_modified":`...), c.DateModified), '}')
}
