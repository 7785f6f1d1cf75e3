// Package source knows the exports of other systems: by which columns they are
// recognised, what each column holds, and how consent, status and password hashes
// are written. It makes records of rows; what becomes of a record is not decided
// here.
package source

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"

	"clientele/internal/password"
)

// Kind is what the rows of a file are about.
type Kind string

// The kinds.
const (
	Customers   Kind = "customers"
	Addresses   Kind = "addresses" // of customers that are there
	Subscribers Kind = "subscribers"
	// Store credit and groups of customers that are there.
	Credit       Kind = "credit"
	GroupMembers Kind = "group_members"
)

// Kinds are all of them.
var Kinds = []Kind{Customers, Addresses, Subscribers, Credit, GroupMembers}

// Changes reports whether each row of the kind changes one thing of a customer that is
// there, which its id alone may name.
func (k Kind) Changes() bool { return k == Credit || k == GroupMembers }

// takes reports whether something becomes of a field of the kind's rows.
func (k Kind) takes(f Field) bool {
	switch k {
	case Subscribers:
		return ofSubscriber[f]
	case Credit:
		return f == Email || f == ID || f == StoreCredit || f == Reason
	case GroupMembers:
		return f == Email || f == ID || f == Group || f == GroupID
	}
	return f != Reason && f != GroupID
}

// Field is what a column holds of a record.
type Field string

// The fields. A column of an address carries one of the second group with the
// address's number; what a store defines itself has its name behind the prefix.
const (
	Email          Field = "email"
	ID             Field = "id" // of a customer of the store
	FirstName      Field = "first_name"
	LastName       Field = "last_name"
	FullName       Field = "name" // both in one cell
	Company        Field = "company"
	Phone          Field = "phone"
	Notes          Field = "notes"
	Group          Field = "customer_group"
	GroupID        Field = "customer_group_id" // of the store
	StoreCredit    Field = "store_credit"
	Reason         Field = "reason"     // of an entry of store credit
	TaxExempt      Field = "tax_exempt" // yes or no
	TaxCategory    Field = "tax_exempt_category"
	DateCreated    Field = "date_created"
	AcceptsEmails  Field = "accepts_emails" // product reviews and abandoned carts
	RegistrationIP Field = "registration_ip_address"
	Tags           Field = "tags"
	Role           Field = "role"    // of users that need not be customers
	Blocked        Field = "blocked" // yes: the account may not be used
	Enabled        Field = "enabled" // no: it may not
	PasswordHash   Field = "password_hash"
	PasswordSalt   Field = "password_salt"

	Newsletter   Field = "newsletter"   // yes, no or a word for it
	ConsentAt    Field = "consent_time" // when it was given; confirmed before opted in
	ConsentIP    Field = "consent_ip_address"
	Unsubscribed Field = "unsubscribed_time" // anything in it tells that the person left
	Suppressed   Field = "suppressed"        // yes, or why nothing may be sent to the address
	SourceName   Field = "source"

	AddressFirst      Field = "address.first_name"
	AddressLast       Field = "address.last_name"
	AddressFull       Field = "address.name"
	AddressCompany    Field = "address.company"
	AddressPhone      Field = "address.phone"
	Street1           Field = "address.address1"
	Street2           Field = "address.address2"
	Street            Field = "address.street" // lines of one cell
	City              Field = "address.city"
	State             Field = "address.state"
	StateCode         Field = "address.state_code"
	PostalCode        Field = "address.postal_code"
	Country           Field = "address.country"
	CountryCode       Field = "address.country_code"
	AddressType       Field = "address.type"
	LabelledAddresses Field = "addresses" // BigCommerce's one cell for all addresses

	Attribute Field = "attribute" // with a name
	FormField Field = "form_field"
	Metafield Field = "metafield" // with namespace and key, and a dot between
	Segments  Field = "segments"  // names with commas between

	// Left is known and carries nothing that this service has a place for.
	Left Field = ""
)

// ofAddress reports whether the field is one of a numbered address.
func (f Field) ofAddress() bool { return strings.HasPrefix(string(f), "address.") }

// Target is where a column goes.
type Target struct {
	Field   Field  `json:"field"`
	Address int    `json:"address,omitempty"` // its number, from 1 on
	Name    string `json:"name,omitempty"`    // of an attribute, a form field or a metafield
}

// String is the form that ParseTarget reads.
func (t Target) String() string {
	switch s := string(t.Field); {
	case t.Name != "":
		return s + ":" + t.Name
	case t.Address > 0:
		return "address." + strconv.Itoa(t.Address) + "." + strings.TrimPrefix(s, "address.")
	case t.Field == Left:
		return "-"
	default:
		return s
	}
}

// ParseMap reads a mapping in JSON: where columns go, by their names.
func ParseMap(text []byte) (map[string]Target, error) {
	var named map[string]string
	if err := json.Unmarshal(text, &named); err != nil {
		return nil, errors.New("a mapping is an object of texts, by the names of columns")
	}
	return MapOf(named)
}

// MapOf reads where columns go, by their names.
func MapOf(named map[string]string) (map[string]Target, error) {
	out := map[string]Target{}
	for column, target := range named {
		var err error
		if out[column], err = ParseTarget(target); err != nil {
			return nil, fmt.Errorf("%s: %w", column, err)
		}
	}
	return out, nil
}

// fields are those that a mapping may name.
var fields = []Field{
	Email, ID, FirstName, LastName, FullName, Company, Phone, Notes, Group, GroupID, StoreCredit, Reason, TaxExempt, TaxCategory, DateCreated, AcceptsEmails, RegistrationIP,
	Tags, Segments, Role, Blocked, Enabled, PasswordHash, PasswordSalt, Newsletter, ConsentAt, ConsentIP, Unsubscribed, Suppressed, SourceName,
	AddressFirst, AddressLast, AddressFull, AddressCompany, AddressPhone, Street1, Street2, Street, City, State, StateCode, PostalCode, Country, CountryCode, AddressType,
}

// Fields are the fields of a kind to which columns may go, in the order in which they
// are offered.
func Fields(kind Kind) (out []Field) {
	for _, f := range fields {
		if kind.takes(f) && (kind != Addresses || f == Email || f == ID || f.ofAddress()) {
			out = append(out, f)
		}
	}
	return out
}

// ParseTarget reads where a column goes: a field, "address.2.city" for a part of
// the second address, "attribute:NAME", "form_field:NAME", "metafield:NAMESPACE.KEY",
// or "-" for nowhere.
func ParseTarget(s string) (Target, error) {
	for _, own := range []Field{Attribute, FormField, Metafield} {
		if name, ok := strings.CutPrefix(s, string(own)+":"); ok && name != "" {
			if space, key, dotted := strings.Cut(name, "."); own == Metafield && (!dotted || space == "" || key == "") {
				return Target{}, fmt.Errorf("a metafield is named metafield:NAMESPACE.KEY")
			}
			return Target{Field: own, Name: name}, nil
		}
	}
	if s == "-" {
		return Target{}, nil
	}
	t := Target{Field: Field(s)}
	if parts := strings.SplitN(s, ".", 3); len(parts) == 3 && parts[0] == "address" {
		n, err := strconv.Atoi(parts[1])
		if err != nil || n < 1 || n > maxAddresses {
			return t, fmt.Errorf("an address has a number from 1 to %d", maxAddresses)
		}
		t = Target{Field: Field("address." + parts[2]), Address: n}
	} else if t.Field.ofAddress() {
		t.Address = 1
	}
	if !slices.Contains(fields, t.Field) {
		return t, fmt.Errorf("%q is no field: want one of %v, attribute:NAME, form_field:NAME, metafield:NAMESPACE.KEY or -", s, fields)
	}
	return t, nil
}

// maxAddresses bounds the numbers of addresses in a mapping.
const maxAddresses = 250

// Format is an export of a system.
type Format struct {
	Name string // as it is chosen
	Kind Kind
	// Signs are sets of columns; a file with all columns of one of them may be of
	// the format.
	Signs [][]string
	// Columns are what is known by name, in the form of key.
	Columns map[string]Target
	// Patterns are columns that are known by a form of name; the address's number
	// is the group n, another name the group name.
	Patterns []Pattern
	// Continued tells that a row without an email goes on with the addresses of
	// the one above.
	Continued bool
	// Status is what the name of a file says of all rows. That somebody agreed it only
	// says of rows in which Newsletter is empty.
	Status func(file string) Consent
	// Hash puts a password hash together of its parts.
	Hash func(hashParts, *Settings) (password.ImportedHash, bool)
	// Bills tells that company and phone of the first address are the customer's, too.
	Bills bool
	// HashConfig tells that hashes need parameters that the file has not.
	HashConfig bool
	// Customer tells by the role whether a row is a customer.
	Customer func(role string) bool
	// Whole tells that a file has the format only if it has no other columns.
	Whole bool
	// NoMeansLeft tells that "no" in Newsletter is an unsubscription, and not
	// that nobody ever asked.
	NoMeansLeft bool
	// BlankMeansLeft tells that nothing in Newsletter is an unsubscription.
	BlankMeansLeft bool
}

// Pattern is a form of names of columns.
type Pattern struct {
	Match *regexp.Regexp
	Field Field
	// Parts are the fields by the group field of the pattern.
	Parts map[string]Field
}

// key is the form in which names of columns are compared.
func key(name string) string {
	name = strings.ToLower(strings.Join(strings.Fields(norm.NFC.String(name)), " "))
	return strings.TrimPrefix(name, "\uFEFF")
}

// SameColumn reports whether two names are of one column: case and blanks do not
// count.
func SameColumn(a, b string) bool { return key(a) == key(b) }

// Column is a column of a file and where it goes.
type Column struct {
	Name string `json:"column"`
	Target
	// Known tells that the format knows the column.
	Known bool `json:"-"`
}

// column returns where a column of the format goes.
func (f *Format) column(name string) Column {
	k := key(name)
	if t, ok := f.Columns[k]; ok {
		return Column{name, t, true}
	}
	for _, p := range f.Patterns {
		text := k
		if p.Field == Metafield { // case counts in its name
			text = strings.TrimSpace(name)
		}
		m := p.Match.FindStringSubmatch(text)
		if m == nil {
			continue
		}
		t := Target{Field: p.Field}
		if i := p.Match.SubexpIndex("field"); i > 0 {
			part, ok := p.Parts[m[i]]
			if !ok {
				continue
			}
			t.Field = part
		}
		if i := p.Match.SubexpIndex("n"); i > 0 {
			t.Address, _ = strconv.Atoi(m[i])
			if t.Address == 0 {
				t.Address = 1
			}
		}
		if i := p.Match.SubexpIndex("name"); i > 0 {
			t.Name = m[i]
		}
		return Column{name, t, true}
	}
	return Column{Name: name}
}

// Match is how well a file fits a format.
type Match struct {
	Format *Format
	// Share is of the columns that the format knows.
	Share float64
}

// Recognise returns the formats that a file with such columns may have, the best
// first. One that every table has is the last.
func Recognise(header []string) []Match {
	var out []Match
	keys := make([]string, len(header))
	for i, h := range header {
		keys[i] = key(h)
	}
	for _, f := range Formats {
		if !slices.ContainsFunc(f.Signs, func(all []string) bool {
			return !slices.ContainsFunc(all, func(name string) bool { return !slices.Contains(keys, key(name)) })
		}) {
			continue
		}
		known, ours := 0, 0
		for _, h := range header {
			if f.column(h).Known {
				known++
			} else if strings.HasPrefix(key(h), "_") { // of a file of what was not taken
				ours++
			}
		}
		if f.Whole && known+ours < len(header) {
			continue
		}
		out = append(out, Match{f, float64(known) / float64(len(header))})
	}
	slices.SortStableFunc(out, func(a, b Match) int {
		switch {
		case a.Format == Plain || b.Format != Plain && a.Share < b.Share:
			return 1
		case b.Format == Plain || a.Share > b.Share:
			return -1
		}
		return 0
	})
	return out
}

// Named returns the format of a name.
func Named(name string) (*Format, bool) {
	i := slices.IndexFunc(Formats, func(f *Format) bool { return f.Name == name })
	if i < 0 {
		return nil, false
	}
	return Formats[i], true
}

// Own are the names of what a store defines itself, to which columns of other
// names go.
type Own struct {
	Attributes, FormFields []string
}

// Map tells where the columns of a file go: by the format; by given, which is by
// name of column; and else to what the store calls the same.
func (f *Format) Map(kind Kind, header []string, given map[string]Target, own Own) []Column {
	out := make([]Column, len(header))
	taken := map[Target]bool{}
	for i, name := range header {
		c := f.column(name)
		if t, ok := ofKind[kind][key(name)]; ok {
			c = Column{name, t, true}
		}
		for g, t := range given {
			if key(g) == key(name) {
				c = Column{name, t, true}
			}
		}
		if !c.Known {
			c.Target = own.find(name)
			// What every table may call so, and the format has no other column for.
			if t := Plain.Columns[key(name)]; c.Field == Left && anywhere[t.Field] {
				c.Target = t
			}
			if c.Field == Left && f == Plain {
				c.Target = own.named(name)
			}
		}
		if c.Field != Left && !kind.takes(c.Field) {
			c.Target = Target{}
		}
		// Of two columns for one thing the first is read, but for those of which
		// the better is taken row by row.
		if c.Field != Left && taken[c.Target] && !several[c.Field] {
			c.Target = Target{}
		}
		taken[c.Target] = true
		out[i] = c
	}
	return out
}

// anywhere are fields whose columns are known by their names in any format.
var anywhere = map[Field]bool{Group: true, Segments: true, Notes: true}

// ofSubscriber are the fields of which a subscriber has something.
var ofSubscriber = map[Field]bool{Email: true, FirstName: true, LastName: true, FullName: true, Newsletter: true, ConsentAt: true, ConsentIP: true, Unsubscribed: true, Suppressed: true, SourceName: true}

// LeftBehind are the names of the columns that go nowhere.
func LeftBehind(columns []Column) (out []string) {
	for _, c := range columns {
		if c.Field == Left {
			out = append(out, c.Name)
		}
	}
	return out
}

// several are the fields that more columns than one may hold: the first that is
// filled counts.
var several = map[Field]bool{Email: true, Phone: true, ConsentAt: true, ConsentIP: true, Tags: true, Segments: true, Suppressed: true, Unsubscribed: true}

// named is where a column goes that is called as a mapping calls places, as the tables
// of our own exports have them. A form field has to be there.
func (o Own) named(name string) Target {
	t, err := ParseTarget(strings.TrimSpace(name))
	if err != nil || t.Name == "" && (t.Address == 0 || strings.Count(name, ".") < 2) || t.Field == FormField && !slices.Contains(o.FormFields, t.Name) {
		return Target{}
	}
	return t
}

func (o Own) find(name string) Target {
	for _, list := range []struct {
		field Field
		names []string
	}{{Attribute, o.Attributes}, {FormField, o.FormFields}} {
		for _, own := range list.names {
			if key(own) == key(name) {
				return Target{Field: list.field, Name: own}
			}
		}
	}
	return Target{}
}
