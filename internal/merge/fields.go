package merge

import (
	"strconv"

	"clientele/internal/customer"
	"clientele/internal/opt"
	"clientele/internal/portable"
)

// Field is a field of customers of which one of several values is taken.
type Field string

// The fields.
const (
	Email             Field = "email"
	FirstName         Field = "first_name"
	LastName          Field = "last_name"
	Company           Field = "company"
	Phone             Field = "phone"
	Notes             Field = "notes"
	TaxExemptCategory Field = "tax_exempt_category"
	Group             Field = "customer_group_id"
	Password          Field = "password"
	Locale            Field = "locale"
)

// Fields are all of them, in the order in which they are shown.
var Fields = []Field{Email, FirstName, LastName, Company, Phone, Notes, TaxExemptCategory, Group, Locale, Password}

// column is where the value of a field is kept.
func (f Field) column() string {
	if f == Password {
		return "password_hash"
	}
	return string(f)
}

// text returns a value as people read it; empty: there is none.
func (f Field) text(r portable.Record) string {
	if f == Group {
		if id := r.Int(f.column()); id != 0 {
			return strconv.FormatInt(id, 10)
		}
		return ""
	}
	return r.Text(f.column())
}

// copyTo gives one row the value that another one has.
func (f Field) copyTo(to, from portable.Record) {
	if f == Group {
		to.SetInt(f.column(), from.Int(f.column()))
	} else {
		to.SetText(f.column(), from.Text(f.column()))
	}
	if f == Password {
		to.SetInt("force_password_reset", from.Int("force_password_reset"))
	}
}

// ruled are the columns of which a rule says what comes of several values.
var ruled = []string{"accepts_emails", "channel_ids", "force_password_reset"}

// update returns the command that makes a customer what a row says, but for password
// and language.
func update(r portable.Record, columns func(string) bool) customer.Update {
	c := customer.FromRow(r)
	var u customer.Update
	text := func(name string, to *opt.Field[string], v string) {
		if columns(name) {
			*to = opt.Some(v)
		}
	}
	text("email", &u.Email, c.Email)
	text("first_name", &u.FirstName, c.FirstName)
	text("last_name", &u.LastName, c.LastName)
	text("company", &u.Company, c.Company)
	text("phone", &u.Phone, c.Phone)
	text("notes", &u.Notes, c.Notes)
	text("tax_exempt_category", &u.TaxExemptCategory, c.TaxExemptCategory)
	if columns("customer_group_id") {
		u.GroupID = opt.Some(c.GroupID)
	}
	if columns("accepts_emails") {
		u.AcceptsEmails = opt.Some(c.AcceptsEmails)
	}
	if columns("force_password_reset") {
		u.ForcePasswordReset = opt.Some(c.ForcePasswordReset)
	}
	if columns("channel_ids") {
		u.ChannelIDs = opt.Field[[]int64]{Set: true, Null: c.ChannelIDs == nil, Value: c.ChannelIDs}
	}
	return u
}

// equal reports whether two rows have one value in a column.
func equal(a, b portable.Record, column string) bool {
	switch column {
	case "customer_group_id", "accepts_emails", "force_password_reset":
		return a.Int(column) == b.Int(column)
	}
	return a.Text(column) == b.Text(column)
}
