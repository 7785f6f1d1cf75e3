package company

import (
	"encoding/json"

	"clientele/internal/history"
)

// What the history tells of a company.
var companyHistory = history.Table[Company]{
	history.IntColumn(history.FieldChannel, func(c *Company) int64 { return c.ChannelID }),
	history.TextColumn(history.FieldStatus, func(c *Company) string { return c.Status }),
	history.Personal(history.TextColumn(history.FieldName, func(c *Company) string { return c.Name })),
	history.Personal(history.TextColumn(history.FieldEmail, func(c *Company) string { return c.Email })),
	history.Personal(history.TextColumn(history.FieldPhone, func(c *Company) string { return c.Phone })),
	history.Personal(history.JSONColumn(history.FieldAddress, func(c *Company) string { return told(address(c.Address)) })),
	history.Personal(history.JSONColumn(history.FieldExtras, func(c *Company) string {
		if len(c.Extras.Company)+len(c.Extras.Address)+len(c.Extras.User) == 0 {
			return ""
		}
		return told(c.Extras)
	})),
	history.Personal(history.JSONColumn(history.FieldFiles, func(c *Company) string {
		if len(c.Files) == 0 {
			return ""
		}
		return told(c.Files)
	})),
}

// address is one by the API's names.
type address struct {
	FirstName       string `json:"first_name"`
	LastName        string `json:"last_name"`
	Company         string `json:"company,omitempty"`
	Phone           string `json:"phone,omitempty"`
	Type            string `json:"address_type,omitempty"`
	Address1        string `json:"address1"`
	Address2        string `json:"address2,omitempty"`
	City            string `json:"city"`
	StateOrProvince string `json:"state_or_province,omitempty"`
	PostalCode      string `json:"postal_code,omitempty"`
	CountryCode     string `json:"country_code"`
}

// told returns what is told of a part, as it is stored.
func told(part any) string {
	b, err := json.Marshal(part)
	if err != nil { // it was stored so
		return ""
	}
	return history.ClippedJSON(string(b))
}

func (c *Company) changeOf(before, after *Company) history.Entry {
	return companyHistory.Change(history.Company, c.ID, c.CustomerID, before, after)
}
