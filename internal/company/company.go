// Package company keeps the companies that customers ask to be accepted as: what
// a merchant reads to decide on them, and what was decided. A customer registers
// one. What comes of a company afterwards, such as its users and orders, is kept
// elsewhere.
package company

import (
	"strconv"
	"strings"

	"clientele/internal/customer"
	"clientele/internal/email"
	"clientele/internal/fault"
	"clientele/internal/listing"
	"clientele/internal/sqldb"
	"clientele/internal/total"
)

// Statuses of companies, in the words of the original. Who registers is Pending
// until somebody decides.
const (
	Pending  = "pending"
	Approved = "approved"
	Rejected = "rejected"
)

var statuses = []string{Pending, Approved, Rejected}

// Bounds of a company, lengths in characters.
const (
	maxName   = 255
	maxPhone  = 50
	maxExtras = 50 // of a company, its address and its user each
	maxValue  = 2000
	maxFiles  = 20
)

// Types of extra values, by what a storefront asked.
const (
	TextExtra      = "text"
	MultilineExtra = "multiline"
	ChoiceExtra    = "multiple_choice"
	NumberExtra    = "number"
)

// Extra is a value that a storefront asks beside what all companies have. It
// comes with a name, and no definition holds it to anything.
type Extra struct {
	Name  string `json:"name"`
	Type  string `json:"type"`
	Value string `json:"value"`
}

// Extras are those of a company, by what they are about.
type Extras struct {
	Company []Extra `json:"company,omitempty"`
	Address []Extra `json:"address,omitempty"`
	User    []Extra `json:"user,omitempty"`
}

// File tells of a file that was handed in elsewhere.
type File struct {
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
	URL  string `json:"url,omitempty"`
	Type string `json:"type,omitempty"` // of the content
	Size int64  `json:"size,omitempty"` // in bytes
}

// Register is the command to ask for a company on behalf of a customer.
type Register struct {
	CustomerID int64
	ChannelID  int64
	Name       string
	Email      string
	Phone      string
	Address    customer.AddressFields
	Extras     Extras
	Files      []File
}

// Company is what a customer registered.
type Company struct {
	ID int64
	Register
	Status       string
	DateCreated  int64
	DateModified int64
}

// The fields of which faults tell.
const (
	FieldCustomer fault.Field = "customer"
	FieldName     fault.Field = "name"
	FieldEmail    fault.Field = "email"
	FieldPhone    fault.Field = "phone"
	FieldAddress  fault.Field = "address"
	FieldExtras   fault.Field = "extra fields"
	FieldFiles    fault.Field = "file list"
	FieldStatus   fault.Field = "status"
)

// The reasons that codes do not tell.
const (
	WhyRegistered fault.Reason = "customer with a company"
	WhyManyExtras fault.Reason = "too many extra fields of a company"
	WhyExtra      fault.Reason = "extra field without a name or too long"
	WhyManyFiles  fault.Reason = "too many files of a company"
	WhyFile       fault.Reason = "file without an id or too long"
	WhyStatus     fault.Reason = "no status of a company" // Want is those that there are
)

// Decide is the command to say what becomes of a company.
type Decide struct{ Status string }

// List declares the list of companies.
var List = &listing.Spec{
	Table: "companies",
	Fields: []listing.Field{
		{Name: "id", Kind: listing.Int, Ops: []listing.Op{listing.In}, Column: "id"},
		{Name: "customer_id", Kind: listing.Int, Ops: []listing.Op{listing.In}, Column: "customer_id"},
		{Name: "channel_id", Kind: listing.Int, Ops: []listing.Op{listing.In}, Column: "channel_id"},
	},
	Total: sqldb.Static(total.Companies.Total()),
}

// Counted is how a job counts companies.
var Counted = total.Count{List: total.Companies, Wrong: sqldb.Static(total.Companies.Wrong(`SELECT COUNT(*) FROM companies WHERE store_id = $1 AND $2 = ''`))}

// check notes what is wrong with a registration by itself.
func (r *Register) check(c *fault.Collector) {
	c.Length(FieldName, r.Name, 1, maxName)
	if it, ok := email.Check(FieldEmail, r.Email); !ok {
		c.AddItem(it)
	}
	c.Length(FieldPhone, r.Phone, 1, maxPhone)
	in := fault.Collector{In: fault.Place{List: FieldAddress, At: 1}}
	r.Address.Complete(&in)
	c.Items = append(c.Items, in.Items...)
	for _, list := range [][]Extra{r.Extras.Company, r.Extras.Address, r.Extras.User} {
		if len(list) > maxExtras {
			c.Because(FieldExtras, fault.TooManyItems, WhyManyExtras, strconv.Itoa(maxExtras))
			continue
		}
		for _, e := range list {
			if !held(e.Name, 1, maxName) || !held(e.Value, 0, maxValue) {
				c.Because(FieldExtras, fault.BadFormat, WhyExtra, "")
				break
			}
		}
	}
	if len(r.Files) > maxFiles {
		c.Because(FieldFiles, fault.TooManyItems, WhyManyFiles, strconv.Itoa(maxFiles))
		return
	}
	for _, f := range r.Files {
		if !held(f.ID, 1, maxName) || !held(f.Name, 0, maxName) || !held(f.URL, 0, maxValue) || !held(f.Type, 0, maxName) || f.Size < 0 {
			c.Because(FieldFiles, fault.BadFormat, WhyFile, "")
			break
		}
	}
}

// held reports whether a text has a length.
func held(text string, least, most int) bool {
	n := len([]rune(text))
	return n >= least && n <= most && !strings.ContainsRune(text, 0)
}
