package customer

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"clientele/internal/credit"
	"clientele/internal/email"
	"clientele/internal/fault"
	"clientele/internal/geo"
	"clientele/internal/locale"
	"clientele/internal/opt"
	"clientele/internal/password"
	"clientele/internal/sqldb"
)

// Largest lengths in characters, as documented. Texts without a documented
// length are bounded too.
const (
	maxNewEmail = 250 // of a customer that is created; one that is changed may have more
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

func checkEmail(c *fault.Collector, v string, most int) {
	if utf8.RuneCountInString(v) > most {
		c.Break(FieldEmail, fault.TooLong, strconv.Itoa(most))
		return
	}
	if it, ok := email.Check(FieldEmail, v); !ok {
		c.AddItem(it)
	}
}

// normalize fills defaults.
func (in *Create) normalize() {
	if in.OriginChannelID == 0 {
		in.OriginChannelID = 1
	}
	in.ChannelIDs = sortedSet(in.ChannelIDs)
	if tag, ok := locale.Tag(in.Locale); ok {
		in.Locale = tag
	}
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
	checkEmail(c, in.Email, maxNewEmail)
	minName, maxAddresses := 1, MaxEmbedded
	if in.FromFile {
		minName, maxAddresses = 0, MaxItems
	}
	c.Length(FieldFirstName, in.FirstName, minName, maxName)
	c.Length(FieldLastName, in.LastName, minName, maxName)
	c.Length(FieldCompany, in.Company, 0, maxCompany)
	c.Length(FieldPhone, in.Phone, 0, maxPhone)
	c.Length(FieldNotes, in.Notes, 0, maxNotes)
	c.Length(FieldTaxExempt, in.TaxExemptCategory, 0, maxTax)
	c.Length(FieldRegistrationIP, in.RegistrationIP, 0, maxIP)
	checkLocale(c, in.Locale)
	checkCredit(c, in.StoreCredit)
	checkChannels(c, opt.Field[[]int64]{Set: true, Null: in.ChannelIDs == nil, Value: in.ChannelIDs})
	checkPassword(c, in.NewPassword)
	if in.ImportedHash.Hash != "" {
		if _, err := in.ImportedHash.Stored(); err != nil {
			c.AddItem(fault.Item{Field: FieldPasswordHash, Code: fault.BadFormat, Why: WhyHash, Value: err.Error()})
		} else if in.NewPassword.Set {
			c.Because(FieldPasswordHash, fault.NotAccepted, WhyHashAndPassword, "")
		}
	}
	if in.ID < 0 {
		c.Because(FieldID, fault.OutOfRange, WhyID, "")
	}
	if len(in.Addresses) > maxAddresses {
		c.Because(FieldAddresses, fault.TooManyItems, WhyManyAddresses, fmt.Sprint(maxAddresses))
	}
	for i := range in.Addresses {
		sub := *c
		sub.In = fault.Place{List: FieldAddresses, At: i + 1}
		in.Addresses[i].AddressFields.check(&sub)
		c.Items = sub.Items
	}
	if len(in.Attributes) > MaxEmbedded {
		c.Because(FieldAttributes, fault.TooManyItems, WhyManyAttributes, fmt.Sprint(MaxEmbedded))
	}
	seen := map[int64]bool{}
	for i, a := range in.Attributes {
		c.In = fault.Place{List: FieldAttributes, At: i + 1}
		if seen[a.AttributeID] {
			c.Because(FieldAttribute, fault.Duplicate, WhyAttributeTwice, "")
		}
		seen[a.AttributeID] = true
		switch {
		case utf8.RuneCountInString(a.Value) > maxValue:
			c.Because(FieldAttributeValue, fault.TooLong, WhyLongValue, fmt.Sprint(maxValue))
		case strings.ContainsRune(a.Value, 0):
			c.Because(FieldAttributeValue, fault.BadFormat, WhyValueNUL, "")
		}
	}
	c.In = fault.Place{}
}

func (in *Update) check(c *fault.Collector) {
	text := func(field fault.Field, f opt.Field[string], least, most int) {
		if f.Set {
			c.Length(field, f.Value, least, most)
		}
	}
	if in.Email.Set {
		checkEmail(c, in.Email.Value, email.MaxText)
	}
	text(FieldFirstName, in.FirstName, 1, maxName)
	text(FieldLastName, in.LastName, 1, maxName)
	text(FieldCompany, in.Company, 0, maxCompany)
	text(FieldPhone, in.Phone, 0, maxPhone)
	text(FieldNotes, in.Notes, 0, maxNotes)
	text(FieldTaxExempt, in.TaxExemptCategory, 0, maxTax)
	text(FieldRegistrationIP, in.RegistrationIP, 0, maxIP)
	checkCredit(c, in.StoreCredit.Value)
	checkChannels(c, in.ChannelIDs)
	checkPassword(c, in.NewPassword)
}

func checkCredit(c *fault.Collector, v int64) {
	if v < 0 || v > credit.Max {
		c.Because(FieldStoreCredit, fault.OutOfRange, WhyCredit, "")
	}
}

func checkChannels(c *fault.Collector, f opt.Field[[]int64]) {
	if f.Set && !f.Null && len(f.Value) == 0 {
		c.Because(FieldChannels, fault.TooShort, WhyNoChannels, "1")
	}
	if len(f.Value) > 1000 {
		c.Because(FieldChannels, fault.TooManyItems, WhyManyChannels, "1000")
	}
}

func checkPassword(c *fault.Collector, f opt.Field[string]) {
	if !f.Set {
		return
	}
	if it := password.Check(f.Value); it != nil {
		c.AddItem(*it)
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

// Complete normalizes an address and notes what is wrong with it. It is for
// addresses that are no customer's own.
func (a *AddressFields) Complete(c *fault.Collector) {
	a.normalize()
	a.check(c)
}

// Lacks returns the first field that is empty and that an address needs, or "" for
// one that has all.
func (a *AddressFields) Lacks() fault.Field {
	if a.CountryCode == "" {
		return FieldCountry
	}
	full := *a
	c := fault.Collector{}
	full.Complete(&c)
	for i := range c.Items {
		if it := &c.Items[i]; it.Code == fault.TooShort || it.Code == fault.Required {
			return it.Field
		}
	}
	return ""
}

func (a *AddressFields) check(c *fault.Collector) {
	c.Length(FieldFirstName, a.FirstName, 1, maxAddrName)
	c.Length(FieldLastName, a.LastName, 1, maxAddrName)
	c.Length(FieldCompany, a.Company, 0, maxCompany)
	c.Length(FieldPhone, a.Phone, 0, maxPhone)
	c.Length(FieldAddress1, a.Address1, 1, maxLine)
	c.Length(FieldAddress2, a.Address2, 0, maxLine)
	c.Length(FieldCity, a.City, 1, maxCity)
	c.Length(FieldState, a.StateOrProvince, 0, maxState)
	c.Length(FieldPostalCode, a.PostalCode, 0, maxPostal)
	if a.Type != Residential && a.Type != Commercial {
		c.Because(FieldAddressType, fault.NotAccepted, WhyAddressType, "residential, commercial")
	}
	country, ok := geo.ByCode(a.CountryCode)
	if !ok {
		c.Because(FieldCountry, fault.Unknown, WhyCountry, "")
		return
	}
	if country.PostalRequired && strings.TrimSpace(a.PostalCode) == "" {
		c.Because(FieldPostalCode, fault.Required, WhyPostalCode, country.Name)
	}
	if !country.StateRequired {
		return
	}
	if strings.TrimSpace(a.StateOrProvince) == "" {
		c.Because(FieldState, fault.Required, WhyState, country.Name)
	} else if _, ok := country.State(a.StateOrProvince); !ok {
		c.Because(FieldState, fault.Unknown, WhyNoState, country.Name)
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

// letGo takes a customer's slots out of those that are held.
func letGo(held map[string][]slot, c *Customer) {
	for _, norm := range email.Keys(c.Email) {
		held[norm] = slices.DeleteFunc(held[norm], func(s slot) bool { return s.customer == c.ID })
	}
}

// emailFree reports whether an account for the wanted channels (nil: all) may
// have an email whose rows are held, self being the account itself: there is
// never more than one account for one email on one channel.
func emailFree(held []slot, want []int64, self int64) bool {
	for _, s := range held {
		switch {
		case s.customer == 0 || s.customer == self:
			// Customer 0 has the row that accounts for single channels share. Each of
			// them has a row of its own as well, which decides.
		case want == nil || s.channel == 0 || slices.Contains(want, s.channel):
			return false
		}
	}
	return true
}

// EmailFree reports whether an account for the given channels (nil: all) may
// have an email, inside tx.
func EmailFree(tx *sqldb.Tx, address string, channels []int64) (bool, error) {
	norm := email.Key(address)
	held := map[string][]slot{}
	if err := tx.Pipeline(emailSlots([]string{address}, held)...); err != nil {
		return false, err
	}
	return emailFree(held[norm], channels, 0), nil
}
