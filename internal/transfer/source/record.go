package source

import (
	"cmp"
	"html"
	"slices"
	"strconv"
	"strings"
	"time"

	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/geo"
	"clientele/internal/password"
	"clientele/internal/transfer/table"
	"clientele/internal/transfer/value"
)

// Record is what a file says of one person.
type Record struct {
	// Rows are those that it was made of.
	Rows []table.Row

	ID             int64 // of a customer of the store; 0: not told
	Email          string
	FirstName      string
	LastName       string
	Company        string
	Phone          string
	Notes          string
	Group          string
	GroupID        int64  // of the store; 0: not told
	Reason         string // of an entry of store credit
	TaxCategory    string
	TaxExempt      Tristate
	StoreCredit    int64 // in units of 10^-CreditScale
	HasCredit      bool
	AcceptsEmails  Tristate
	DateCreated    int64
	RegistrationIP string
	Tags           []string
	Segments       []string
	Hash           password.ImportedHash
	Addresses      []Address
	Own            []OwnValue
	Consent        Consent

	// Problems are what was not taken as it stands. One that is no warning keeps
	// the record from being imported.
	Problems []Problem
}

// Refused reports whether the record is not to be imported.
func (r *Record) Refused() bool {
	return slices.ContainsFunc(r.Problems, func(p Problem) bool { return !p.Warning })
}

// End is where to go on after the record.
func (r *Record) End() int64 { return r.Rows[len(r.Rows)-1].End }

// Tristate is yes, no or not said.
type Tristate uint8

// The values of a Tristate.
const (
	Unsaid Tristate = iota
	Yes
	No
)

// Address is an address of a record.
type Address struct {
	FirstName, LastName, Company, Phone string
	Address1, Address2, City, State     string
	PostalCode, CountryCode             string
	Commercial                          bool
}

// OwnValue is a value of something that the store defines.
type OwnValue struct {
	Field Field // Attribute, FormField or Metafield
	Name  string
	Value string
}

// Standing is what a person has said to a newsletter.
type Standing uint8

// The standings. Of two the later is the stronger.
const (
	NotAsked Standing = iota
	Given
	HasLeft // unsubscribed
	Barred  // nothing may be sent: complained, bounced, told by hand
)

// Consent is what a person has said, when, and from which address.
type Consent struct {
	State  Standing
	At     int64 // of the consent
	IP     string
	Source string
	// Reason is the other system's word for why nothing may be sent.
	Reason string
}

// Problem is something in a row that was not taken as it stands.
type Problem struct {
	Line   int64  `json:"line"`
	Column string `json:"column,omitempty"` // in the file's own words
	Code   string `json:"code"`
	Value  string `json:"value,omitempty"`
	// Warning tells that the record is imported all the same, without the value.
	Warning bool `json:"warning"`
}

// The codes of problems, besides those of tables.
const (
	NoEmail         = "no_email"
	BadID           = "id_unreadable"
	NotACustomer    = "not_a_customer"
	IsBlocked       = "blocked"
	BadAmount       = "amount_unreadable"
	NoAmount        = "no_amount"
	BadGroupID      = "group_id_unreadable"
	BadTruth        = "neither_yes_nor_no"
	BadDate         = "date_unreadable"
	UndecidableDate = "date_undecidable"
	BadPhone        = "phone_lost_digits"
	BadCountry      = "country_unknown"
	BadAddress      = "address_unreadable"
	NoName          = "address_without_name"
	NoStreet        = "address_without_street"
	NoCity          = "address_without_city"
	NoCountry       = "address_without_country"
	NoPostalCode    = "address_without_postal_code"
	NoState         = "address_without_state"
	BadHash         = "password_hash_unknown"
	NoHashConfig    = "password_hash_without_config"
	NoConsentTime   = "consent_without_time"
	FutureTime      = "time_in_the_future"
)

// CreditScale is the number of decimals of store credit.
const CreditScale = 4

// Settings say how a file is read.
type Settings struct {
	Format  *Format
	Kind    Kind
	ByID    bool // rows of some kinds need no email then: see Kind.Changes
	Columns []Column
	File    string // its name, of which some formats tell something
	// Orders are those of the dates, by column.
	Orders map[int]value.Order
	Zone   *time.Location // of times that tell none
	// Firebase are the parameters of a Firebase project's hashes, or nil.
	Firebase *FirebaseHash
	Now      int64
}

// Reader makes records of the rows of a table.
type Reader struct {
	rows  *table.Reader
	s     Settings
	ahead *table.Row
	raw   bool // rows alone
}

// NewReader returns a reader of the records in rows.
func NewReader(rows *table.Reader, s Settings) *Reader {
	return &Reader{rows: rows, s: s}
}

// NewGroups returns a reader of records of which only the rows are filled in.
func NewGroups(rows *table.Reader, s Settings) *Reader {
	return &Reader{rows: rows, s: s, raw: true}
}

// Next returns the next record, or io.EOF. Its last row's End is where to go on
// after it.
func (r *Reader) Next() (Record, error) {
	first, err := r.next()
	if err != nil {
		return Record{}, err
	}
	rec := Record{Rows: []table.Row{first}}
	for r.s.Format.Continued {
		more, err := r.next()
		if err != nil {
			break // told by the next call
		}
		if more.Fault != "" || !r.continues(&more) {
			r.ahead = &more
			break
		}
		rec.Rows = append(rec.Rows, more)
	}
	if !r.raw {
		r.s.fill(&rec)
	}
	return rec, nil
}

func (r *Reader) next() (table.Row, error) {
	if row := r.ahead; row != nil {
		r.ahead = nil
		return *row, nil
	}
	return r.rows.Next()
}

// continues reports whether a row only has further addresses of the one above.
func (r *Reader) continues(row *table.Row) bool {
	has := false
	for i, c := range r.s.Columns {
		switch blank := cell(row.Cells[i]) == ""; {
		case c.Field.ofAddress():
			has = has || !blank
		case !blank && !strings.HasPrefix(key(c.Name), "_address"):
			return false
		}
	}
	return has
}

// cell is a cell as it counts: NULL is what some systems write for nothing, and an
// apostrophe before what a spreadsheet would take for a formula is taken away.
func cell(s string) string {
	s = strings.TrimSpace(s)
	if rest := strings.TrimLeft(s, "'"); rest != s && rest != "" && strings.IndexByte("=+-@\t\r", rest[0]) >= 0 {
		return s[1:]
	}
	if s == "NULL" || s == `\N` {
		return ""
	}
	return s
}

// filling is a record as it is filled.
type filling struct {
	*Settings
	*Record
	row       *table.Row
	role      string
	salt      string
	hash      string
	parts     hashParts
	names     string
	addresses []*parts
	places    []place // of the record's addresses
}

// place is where an address stands.
type place struct {
	line   int64
	column string
}

// parts are the cells of an address.
type parts struct {
	number int
	cells  []part
	column string // one of them, to tell of it
	line   int64
}

type part struct {
	field Field
	text  string
}

// at returns the last cell of a field.
func (p *parts) at(field Field) string {
	for _, c := range slices.Backward(p.cells) {
		if c.field == field {
			return c.text
		}
	}
	return ""
}

func (p *parts) put(field Field, text string) { p.cells = append(p.cells, part{field, text}) }

func (s *Settings) fill(rec *Record) {
	f := filling{Settings: s, Record: rec}
	if s.Format.Status != nil {
		if named := s.Format.Status(s.File); named.State != Given || !s.says(rec, Newsletter) {
			rec.Consent = named
		}
	}
	for i := range rec.Rows {
		f.row = &rec.Rows[i]
		if f.row.Fault != "" {
			rec.Problems = append(rec.Problems, Problem{Line: f.row.AtLine, Code: f.row.Fault})
			return
		}
		f.addresses = f.addresses[:0]
		for j, c := range s.Columns {
			if v := cell(f.row.Cells[j]); v != "" && c.Field != Left {
				f.take(j, c, v)
			}
		}
		f.book()
	}
	f.row = &rec.Rows[0]
	f.finish()
}

// has reports whether there is a column of a field.
func (s *Settings) has(field Field) bool {
	return slices.ContainsFunc(s.Columns, func(c Column) bool { return c.Field == field })
}

// says reports whether anything stands in a column of a field.
func (s *Settings) says(rec *Record, field Field) bool {
	for i, c := range s.Columns {
		if c.Field == field && !rec.Blank(i) {
			return true
		}
	}
	return false
}

func (f *filling) problem(c Column, code, v string, warning bool) {
	f.Problems = append(f.Problems, Problem{Line: f.row.Line, Column: c.Name, Code: code, Value: v, Warning: warning})
}

// take puts a cell where it belongs.
func (f *filling) take(at int, c Column, v string) {
	if c.Field.ofAddress() {
		i := slices.IndexFunc(f.addresses, func(p *parts) bool { return p.number == c.Address })
		if i < 0 {
			i = len(f.addresses)
			f.addresses = append(f.addresses, &parts{number: c.Address, cells: make([]part, 0, 8), column: c.Name, line: f.row.Line})
		}
		f.addresses[i].put(c.Field, v)
		if f.Format.Bills && c.Address == 1 {
			f.bill(c.Field, v)
		}
		return
	}
	switch c.Field {
	case Email:
		if f.Email == "" {
			var name string
			f.Email, name = value.Mailbox(v)
			f.names = cmp.Or(f.names, name)
		}
	case ID:
		id, err := strconv.ParseInt(strings.TrimPrefix(v, "'"), 10, 64)
		if f.Record.ID = id; err != nil || id < 1 {
			f.Record.ID = 0
			f.problem(c, BadID, v, false)
		}
	case FirstName:
		f.FirstName = v
	case LastName:
		f.LastName = v
	case FullName:
		f.names = v
	case Company:
		f.Company = v
	case Notes:
		f.Notes = v
	case Group:
		f.Group = v
	case GroupID:
		id, err := strconv.ParseInt(strings.TrimPrefix(v, "'"), 10, 64)
		if f.Record.GroupID = id; err != nil || id < 1 {
			f.Record.GroupID = 0
			f.problem(c, BadGroupID, v, false)
		}
	case Reason:
		f.Record.Reason = v
	case TaxCategory:
		f.TaxCategory = v
	case RegistrationIP:
		f.RegistrationIP = v
	case Role:
		f.role = v
	case Blocked, Enabled:
		if locksOut(c.Field, v) {
			f.problem(c, IsBlocked, v, false)
		}
	case PasswordHash:
		f.hash = v
	case PasswordSalt:
		f.salt = v
	case HashPart:
		if f.parts == nil {
			f.parts = hashParts{}
		}
		f.parts[c.Target.Name] = v
	case SourceName:
		f.Consent.Source = v
	case ConsentIP:
		f.Consent.IP = cmp.Or(f.Consent.IP, v)
	case Tags:
		f.Tags = append(f.Tags, tags(v)...)
	case Segments:
		f.Segments = append(f.Segments, tags(strings.ReplaceAll(v, ";", ","))...)
	case Attribute, FormField, Metafield:
		f.Own = append(f.Own, OwnValue{c.Field, c.Target.Name, v})
	case Phone:
		if p, ok := value.Phone(v); !ok {
			f.problem(c, BadPhone, v, true)
		} else if f.Phone == "" {
			f.Phone = p
		}
	case StoreCredit:
		n, ok := value.Amount(v, CreditScale)
		if !ok {
			f.problem(c, BadAmount, v, false)
		}
		f.StoreCredit, f.HasCredit = n, ok
	case TaxExempt:
		f.TaxExempt = f.truth(c, v, false)
	case AcceptsEmails:
		f.AcceptsEmails = f.truth(c, v, true)
	case DateCreated:
		if t, ok := f.time(at, c, v); ok {
			f.DateCreated = t
		}
	case ConsentAt:
		if t, ok := f.time(at, c, v); ok && f.Consent.At == 0 {
			f.Consent.At = t
		}
	case Newsletter:
		f.newsletter(c, v)
	case Unsubscribed:
		f.Consent.be(HasLeft, "")
	case Suppressed:
		switch yes, ok := value.Truth(v); {
		case v == "[]":
		case !ok:
			f.Consent.be(Barred, v)
		case yes:
			f.Consent.be(Barred, "")
		}
	case LabelledAddresses:
		f.labelled(c, v)
	}
}

// locksOut reports whether a cell says that an account may not be used.
func locksOut(field Field, v string) bool {
	if yes, ok := value.Truth(v); ok {
		return yes == (field == Blocked)
	}
	return field == Enabled && (strings.EqualFold(v, "suspended") || strings.EqualFold(v, "deprovisioned")) // Okta's
}

// bill gives the customer what an address has, where it has none of its own. What
// cannot be read is told with the address.
func (f *filling) bill(field Field, v string) {
	switch field {
	case AddressCompany:
		f.Company = cmp.Or(f.Company, v)
	case AddressPhone:
		if p, ok := value.Phone(v); ok {
			f.Phone = cmp.Or(f.Phone, p)
		}
	}
}

// be moves a consent to a state that is stronger.
func (c *Consent) be(s Standing, reason string) {
	if s > c.State {
		c.State, c.Reason = s, reason
	}
}

func (f *filling) truth(c Column, v string, warning bool) Tristate {
	yes, ok := value.Truth(v)
	switch {
	case !ok:
		f.problem(c, BadTruth, v, warning)
		return Unsaid
	case yes:
		return Yes
	}
	return No
}

// time reads a time. What cannot be read is left out with a warning.
func (f *filling) time(at int, c Column, v string) (int64, bool) {
	order := f.Orders[at]
	t, ok := value.Time(v, order, f.Zone)
	if !ok {
		code := BadDate
		if _, either := value.Time(v, value.DayFirst, f.Zone); either && (order == value.Undecided || order == value.Mixed) {
			code = UndecidableDate
		}
		f.problem(c, code, v, true)
		return 0, false
	}
	if t > f.Now {
		f.problem(c, FutureTime, v, true)
		return 0, false
	}
	return t, true
}

// newsletter reads what a person said to a newsletter.
func (f *filling) newsletter(c Column, v string) {
	switch strings.ToLower(strings.ReplaceAll(v, "_", " ")) {
	case "subscribe", "subscribed", "active", "marketing consent", "confirmed opt-in", "express", "implied":
		f.Consent.be(Given, "")
	case "unsubscribe", "unsubscribed", "opted out":
		f.Consent.be(HasLeft, "")
	case "never subscribed", "not subscribed", "nonsubscribed", "non-subscribed", "awaiting confirmation", "pending", "transactional", "archived", "abandoned cart":
	case "bounced", "cleaned", "complained", "spam complaint":
		f.Consent.be(Barred, v)
	default:
		if strings.Contains(strings.ToLower(v), "marketing_consent") || strings.Contains(strings.ToLower(v), "marketing_newsletter") {
			f.Consent.be(Given, "")
			return
		}
		switch f.truth(c, v, true) {
		case Yes:
			f.Consent.be(Given, "")
		case No:
			if f.Format.NoMeansLeft {
				f.Consent.be(HasLeft, "")
			}
		}
	}
}

// tags parts a list of tags: Shopify's have commas between them, Mailchimp's
// quotes around them, Klaviyo's are a JSON array.
func tags(v string) (out []string) {
	v = strings.TrimSuffix(strings.TrimPrefix(v, "["), "]")
	for t := range strings.SplitSeq(v, ",") {
		if t = strings.Trim(strings.TrimSpace(t), `"`); t != "" && !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	return out
}

// book makes addresses of the cells of a row, in the order of their numbers. Of
// those that are the same one stays.
func (f *filling) book() {
	slices.SortFunc(f.addresses, func(a, b *parts) int { return cmp.Compare(a.number, b.number) })
	for _, p := range f.addresses {
		f.address(p)
	}
}

func (f *filling) address(p *parts) {
	at := p.at
	c := Column{Name: p.column}
	a := Address{FirstName: at(AddressFirst), LastName: at(AddressLast), Company: at(AddressCompany), Address1: at(Street1), Address2: at(Street2), City: at(City), Commercial: strings.EqualFold(at(AddressType), "commercial")}
	if a.FirstName == "" && a.LastName == "" {
		a.FirstName, a.LastName = value.SplitName(at(AddressFull))
	}
	if lines := at(Street); lines != "" {
		first, rest, _ := strings.Cut(strings.ReplaceAll(lines, "\r", ""), "\n")
		a.Address1, a.Address2 = strings.TrimSpace(first), strings.Join(strings.Fields(strings.ReplaceAll(rest, "\n", ", ")), " ")
	}
	// A country alone is no address: exports fill it in from the shop's.
	if a.Address1 == "" && a.City == "" && at(PostalCode) == "" {
		return
	}
	if v := at(AddressPhone); v != "" {
		phone, ok := value.Phone(v)
		if !ok {
			f.problem(c, BadPhone, v, true)
		}
		a.Phone = phone
	}
	named := cmp.Or(at(CountryCode), at(Country))
	if named != "" || f.Kind != Customers { // else it is left out
		country, ok := value.Country(html.UnescapeString(named))
		if !ok && at(CountryCode) != "" && at(Country) != "" {
			country, ok = value.Country(html.UnescapeString(at(Country)))
		}
		if !ok {
			f.problem(c, BadCountry, named, false)
			return
		}
		a.CountryCode = country.Code
		a.State = stateOf(country, at(State), at(StateCode))
		a.PostalCode = value.PostalCode(at(PostalCode), country.Code)
	}
	if !slices.Contains(f.Addresses, a) {
		f.Addresses = append(f.Addresses, a)
		f.places = append(f.places, place{f.row.Line, c.Name})
	}
}

// lacking are the codes of what an address needs and has not.
var lacking = map[fault.Field]string{
	customer.FieldFirstName: NoName, customer.FieldLastName: NoName, customer.FieldAddress1: NoStreet, customer.FieldCity: NoCity,
	customer.FieldCountry: NoCountry, customer.FieldPostalCode: NoPostalCode, customer.FieldState: NoState,
}

// complete leaves out the addresses of a customer that lack something: exports have
// towns without streets, and streets without countries. That costs the address, not the
// customer.
func (f *filling) complete() {
	if f.Kind != Customers {
		return
	}
	var whole []Address
	for i := range f.Addresses {
		a := &f.Addresses[i]
		fields := a.Fields()
		if code := lacking[fields.Lacks()]; code != "" {
			f.Problems = append(f.Problems, Problem{Line: f.places[i].line, Column: f.places[i].column, Code: code, Warning: true})
			continue
		}
		whole = append(whole, *a)
	}
	f.Addresses = whole
}

// Blank reports whether nothing stands in a column of the record.
func (r *Record) Blank(column int) bool {
	return !slices.ContainsFunc(r.Rows, func(row table.Row) bool { return cell(row.Cells[column]) != "" })
}

// Fields returns the address as customers have it.
func (a *Address) Fields() customer.AddressFields {
	out := customer.AddressFields{
		FirstName: a.FirstName, LastName: a.LastName, Company: a.Company, Phone: a.Phone, Address1: a.Address1, Address2: a.Address2, City: a.City,
		StateOrProvince: a.State, PostalCode: a.PostalCode, CountryCode: a.CountryCode,
	}
	if a.Commercial {
		out.Type = customer.Commercial
	}
	return out
}

// stateOf returns the name of a state that is given by its name or its code. One
// that is not known stays as it is: it is checked where it is stored.
func stateOf(country *geo.Country, name, code string) string {
	if s, ok := country.State(name); ok {
		return s.Name
	}
	// Codes are written with and without the country's.
	for _, c := range []string{code, strings.TrimPrefix(strings.ToUpper(code), country.Code+"-"), name} {
		if s, ok := country.StateByCode(c); c != "" && ok {
			return s.Name
		}
	}
	return cmp.Or(name, code)
}

// labels are those of an address in BigCommerce's cell, in their order.
var labels = []struct {
	label string
	field Field
}{
	{"Address ID", Left}, {"Address Name", AddressFull}, {"Address First Name", AddressFirst}, {"Address Last Name", AddressLast}, {"Address Company", AddressCompany},
	{"Address Line 1", Street1}, {"Address Line 2", Street2}, {"City/Suburb", City}, {"State/Province", State}, {"State Abbreviation", StateCode},
	{"Zip/Postcode", PostalCode}, {"Country", Country}, {"Building Type", AddressType}, {"Address Phone", AddressPhone},
}

// labelled reads BigCommerce's cell of all addresses: "Label: value" with commas
// between, a bar between addresses, and nothing escaped. So it is cut at the labels
// alone, which have an order.
func (f *filling) labelled(c Column, v string) {
	for _, text := range addressTexts(v) {
		p := &parts{column: c.Name, line: f.row.Line}
		field, found := Left, false
		for _, l := range labels {
			mark := l.label + ":"
			if !strings.HasPrefix(text, mark) {
				i := strings.Index(text, ", "+mark)
				if i < 0 {
					continue
				}
				p.put(field, strings.TrimSpace(text[:i]))
				text = text[i+2:]
			}
			text, field, found = strings.TrimPrefix(text, mark), l.field, true
		}
		if !found {
			f.problem(c, BadAddress, v, false)
			return
		}
		p.put(field, strings.TrimSpace(text))
		f.address(p)
	}
}

// addressTexts parts the addresses of a cell. A bar in a value does not part them.
func addressTexts(v string) (out []string) {
	for v != "" {
		end := len(v)
		for i := range len(v) {
			if v[i] != '|' {
				continue
			}
			if rest := strings.TrimSpace(v[i+1:]); strings.HasPrefix(rest, "Address ID: ") || strings.HasPrefix(rest, "Address First Name: ") || strings.HasPrefix(rest, "Address Name: ") {
				end = i
				break
			}
		}
		out = append(out, strings.TrimSpace(v[:end]))
		v = strings.TrimSpace(v[min(end+1, len(v)):])
	}
	return out
}

// finish makes of the cells what takes several of them.
func (f *filling) finish() {
	if f.Email == "" && (!f.Kind.Changes() || !f.ByID || f.Record.ID == 0) {
		f.Problems = append(f.Problems, Problem{Line: f.row.Line, Code: NoEmail})
	}
	if f.Kind == Credit && !f.HasCredit && !slices.ContainsFunc(f.Problems, func(p Problem) bool { return p.Code == BadAmount }) {
		f.Problems = append(f.Problems, Problem{Line: f.row.Line, Code: NoAmount})
	}
	if f.role != "" && f.Format.Customer != nil && !f.Format.Customer(f.role) {
		f.Problems = append(f.Problems, Problem{Line: f.row.Line, Code: NotACustomer, Value: f.role})
	}
	if f.FirstName == "" && f.LastName == "" && !strings.EqualFold(f.names, f.Email) { // some systems have the address for want of a name
		f.FirstName, f.LastName = value.SplitName(f.names)
	}
	if f.FirstName == "" && f.LastName == "" && len(f.Addresses) > 0 {
		f.FirstName, f.LastName = f.Addresses[0].FirstName, f.Addresses[0].LastName
	}
	for i := range f.Addresses {
		a := &f.Addresses[i]
		a.FirstName, a.LastName = cmp.Or(a.FirstName, f.FirstName), cmp.Or(a.LastName, f.LastName)
	}
	f.complete()
	hash, known := password.ImportedHash{Hash: f.hash, Salt: f.salt}, true
	if len(f.parts) > 0 && f.hash == "" && f.Format.Hash != nil {
		hash, known = f.Format.Hash(f.parts, f.Settings)
	}
	if hash.Hash != "" || !known {
		f.Hash = hash
		if _, err := f.Hash.Stored(); err != nil || !known {
			code := BadHash
			if f.Format.HashConfig && f.Firebase == nil {
				code = NoHashConfig
			}
			// Not the hash itself: a report is read by more people than a hash.
			f.Problems = append(f.Problems, Problem{Line: f.row.Line, Code: code, Warning: true})
			f.Hash = password.ImportedHash{}
		}
	}
	if f.Format.BlankMeansLeft && f.has(Newsletter) && !f.says(f.Record, Newsletter) {
		f.Consent.be(HasLeft, "")
	}
	if f.Consent.State == Given && f.Consent.At == 0 {
		f.Problems = append(f.Problems, Problem{Line: f.row.Line, Code: NoConsentTime, Warning: true})
	}
}
