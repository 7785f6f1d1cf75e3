package customer

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"clientele/internal/email"
	"clientele/internal/fault"
	"clientele/internal/geo"
	"clientele/internal/opt"
	"clientele/internal/password"
)

// Largest lengths in characters, as documented. Texts without a documented
// length are bounded too.
const (
	maxName     = 100
	maxCompany  = 255
	maxPhone    = 50
	maxTax      = 255
	maxIP       = 45
	maxAddrName = 255
	maxCity     = 100
	maxState    = 100
	maxPostal   = 30
	maxLine     = 255
	maxNotes    = 65_535
	maxValue    = 255
)

// maxCredit keeps sums of store credit far from overflowing: ten billion.
const maxCredit = 10_000_000_000 * 10_000

func checkText(c *fault.Collector, field, v string, least, most int) {
	c.Text(field, v, least, most)
}

func checkEmail(c *fault.Collector, field, v string) {
	if utf8.RuneCountInString(v) > email.MaxLength {
		c.Add(field, fault.TooLong, fmt.Sprint(email.MaxLength), fmt.Sprintf("%s must be at most %d characters", field, email.MaxLength))
		return
	}
	if !email.Valid(v) {
		c.Add(field, fault.BadFormat, "", "invalid email address")
	}
}

// normalize fills defaults.
func (in *Create) normalize() {
	if in.OriginChannelID == 0 {
		in.OriginChannelID = 1
	}
	in.ChannelIDs = sortedSet(in.ChannelIDs)
	for i := range in.Addresses {
		in.Addresses[i].normalize()
	}
}

// sortedSet orders channel ids and drops repetitions; nil stays nil.
func sortedSet(ids []int64) []int64 {
	if ids == nil {
		return nil
	}
	out := slices.Clone(ids)
	slices.Sort(out)
	return slices.Compact(out)
}

func (in *Create) check(c *fault.Collector) {
	checkEmail(c, "email", in.Email)
	checkText(c, "first_name", in.FirstName, 1, maxName)
	checkText(c, "last_name", in.LastName, 1, maxName)
	checkText(c, "company", in.Company, 0, maxCompany)
	checkText(c, "phone", in.Phone, 0, maxPhone)
	checkText(c, "notes", in.Notes, 0, maxNotes)
	checkText(c, "tax_exempt_category", in.TaxExemptCategory, 0, maxTax)
	checkText(c, "registration_ip_address", in.RegistrationIP, 0, maxIP)
	checkCredit(c, in.StoreCredit)
	checkChannels(c, opt.Field[[]int64]{Set: true, Null: in.ChannelIDs == nil, Value: in.ChannelIDs})
	checkPassword(c, in.NewPassword)
	if in.ImportedHash.Hash != "" {
		if _, err := in.ImportedHash.Stored(); err != nil {
			c.Add("password_hash", fault.BadFormat, "", "password_hash: "+err.Error())
		} else if in.NewPassword.Set {
			c.Add("password_hash", fault.NotAccepted, "", "a password and the hash of one exclude each other")
		}
	}
	if in.ID < 0 {
		c.Add("id", fault.OutOfRange, "", "invalid customer ID")
	}
	if len(in.Addresses) > MaxEmbedded {
		c.Add("addresses", fault.TooManyItems, fmt.Sprint(MaxEmbedded), fmt.Sprintf("at most %d addresses", MaxEmbedded))
	}
	for i := range in.Addresses {
		sub := *c
		sub.Prefix = fmt.Sprintf("addresses.%d.", i)
		in.Addresses[i].AddressFields.check(&sub)
		c.Items = sub.Items
	}
	if len(in.Attributes) > MaxEmbedded {
		c.Add("attributes", fault.TooManyItems, fmt.Sprint(MaxEmbedded), fmt.Sprintf("at most %d attributes", MaxEmbedded))
	}
	seen := map[int64]bool{}
	for i, a := range in.Attributes {
		field := fmt.Sprintf("attributes.%d.attribute_id", i)
		if seen[a.AttributeID] {
			c.Add(field, fault.Duplicate, "", "attribute given twice")
		}
		seen[a.AttributeID] = true
		checkText(c, fmt.Sprintf("attributes.%d.attribute_value", i), a.Value, 0, maxValue)
	}
}

func (in *Update) check(c *fault.Collector) {
	text := func(field string, f opt.Field[string], least, most int) {
		if f.Set {
			checkText(c, field, f.Value, least, most)
		}
	}
	if in.Email.Set {
		checkEmail(c, "email", in.Email.Value)
	}
	text("first_name", in.FirstName, 1, maxName)
	text("last_name", in.LastName, 1, maxName)
	text("company", in.Company, 0, maxCompany)
	text("phone", in.Phone, 0, maxPhone)
	text("notes", in.Notes, 0, maxNotes)
	text("tax_exempt_category", in.TaxExemptCategory, 0, maxTax)
	text("registration_ip_address", in.RegistrationIP, 0, maxIP)
	checkCredit(c, in.StoreCredit.Value)
	checkChannels(c, in.ChannelIDs)
	checkPassword(c, in.NewPassword)
}

func checkCredit(c *fault.Collector, v int64) {
	if v < 0 || v > maxCredit {
		c.Add("store_credit_amounts", fault.OutOfRange, "", "store credit must be between 0 and 10000000000")
	}
}

func checkChannels(c *fault.Collector, f opt.Field[[]int64]) {
	if f.Set && !f.Null && len(f.Value) == 0 {
		c.Add("channel_ids", fault.TooShort, "1", "channel_ids must be null or name at least one channel")
	}
	if len(f.Value) > 1000 {
		c.Add("channel_ids", fault.TooManyItems, "1000", "too many channels")
	}
}

func checkPassword(c *fault.Collector, f opt.Field[string]) {
	if !f.Set {
		return
	}
	if msg := password.Check(f.Value); msg != "" {
		c.Add("authentication.new_password", fault.WeakPassword, "", msg)
	}
}

// Types of addresses.
const (
	Residential = "residential"
	Commercial  = "commercial"
)

// normalize fills defaults and brings codes and state names to their proper
// spelling.
func (a *AddressFields) normalize() {
	if a.Type == "" {
		a.Type = Residential
	}
	if len(a.CountryCode) == 2 {
		a.CountryCode = strings.ToUpper(a.CountryCode)
	}
	if country, ok := geo.ByCode(a.CountryCode); ok {
		if s, ok := country.State(a.StateOrProvince); ok {
			a.StateOrProvince = s.Name
		}
	}
}

func (a *AddressFields) check(c *fault.Collector) {
	checkText(c, "first_name", a.FirstName, 1, maxAddrName)
	checkText(c, "last_name", a.LastName, 1, maxAddrName)
	checkText(c, "company", a.Company, 0, maxCompany)
	checkText(c, "phone", a.Phone, 0, maxPhone)
	checkText(c, "address1", a.Address1, 1, maxLine)
	checkText(c, "address2", a.Address2, 0, maxLine)
	checkText(c, "city", a.City, 1, maxCity)
	checkText(c, "state_or_province", a.StateOrProvince, 0, maxState)
	checkText(c, "postal_code", a.PostalCode, 0, maxPostal)
	if a.Type != Residential && a.Type != Commercial {
		c.Add("address_type", fault.NotAccepted, "residential, commercial", "address_type must be residential or commercial")
	}
	country, ok := geo.ByCode(a.CountryCode)
	if !ok {
		c.Add("country_code", fault.Unknown, "", "country_code must be an ISO 3166-1 alpha-2 code")
		return
	}
	if country.PostalRequired && strings.TrimSpace(a.PostalCode) == "" {
		c.Add("postal_code", fault.Required, "", "postal_code is required in "+country.Name)
	}
	if !country.StateRequired {
		return
	}
	if strings.TrimSpace(a.StateOrProvince) == "" {
		c.Add("state_or_province", fault.Required, "", "state_or_province is required in "+country.Name)
	} else if _, ok := country.State(a.StateOrProvince); !ok {
		c.Add("state_or_province", fault.Unknown, "", "state_or_province must be the full name of a state or province of "+country.Name)
	}
}

// fingerprint is equal for two addresses of one customer exactly when their
// core fields are equal: the rule by which an address exists only once.
func (a *AddressFields) fingerprint() string {
	h := sha256.New()
	for _, f := range [...]string{a.FirstName, a.LastName, a.Company, a.Phone, a.Type, a.Address1, a.Address2, a.City, a.CountryCode, a.StateOrProvince, a.PostalCode} {
		h.Write([]byte(f))
		h.Write([]byte{0}) // occurs in no field
	}
	return base64.RawStdEncoding.EncodeToString(h.Sum(nil)[:18])
}

// slot is one row of customer_emails.
type slot struct {
	channel, customer int64
}

// emailFree reports whether an account for the wanted channels (nil: all) may
// have an email whose rows are held, self being the account itself: there is
// never more than one account for one email on one channel.
func emailFree(held []slot, want []int64, self int64) bool {
	for _, s := range held {
		switch {
		case s.customer == 0 || s.customer == self:
			// The shared row tells nothing beyond the rows it stands for.
		case want == nil || s.channel == 0 || slices.Contains(want, s.channel):
			return false
		}
	}
	return true
}
