// Package fault is the program's one error type: what went wrong, with which
// item and field of a request, in terms that every surface (V3, V2, GraphQL,
// pages, CLI) renders in its own shape. An error that is not a *fault.Error is
// a defect or an outage: surfaces answer it with a fixed text and log it once.
package fault

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Kind classifies an error by what the caller can do about it.
type Kind uint8

// The kinds of errors.
const (
	Internal     Kind = iota // a defect or an outage
	Invalid                  // the request breaks a rule
	Malformed                // the body is not of the expected shape
	BadFilter                // a query parameter is unknown or has a wrong value
	Conflict                 // it clashes with something stored
	NotFound                 // there is no such thing
	Unauthorized             // no or bad credentials
	Forbidden                // good credentials without the needed scope
	TooLarge                 // a body, batch or list over its bound
	TooMany                  // a rate or concurrency limit is spent
	Unavailable              // try again later
	WrongMedia               // a content type or encoding that is not understood
	BadInput                 // Malformed where the original answers 400 with a detail
	TooSlow                  // the request did not arrive in time
)

// Code is a stable name for one broken rule.
type Code string

// The codes of broken rules.
const (
	Required      Code = "required"       // absent, or empty where it may not be
	WrongType     Code = "wrong_type"     // Want tells the expected JSON type
	TooLong       Code = "too_long"       // Want tells the largest length in characters
	TooShort      Code = "too_short"      // Want tells the smallest length in characters
	TooManyItems  Code = "too_many_items" // Want tells the largest count
	BadFormat     Code = "bad_format"
	OutOfRange    Code = "out_of_range"
	Unknown       Code = "unknown"      // refers to something that does not exist
	EmailInUse    Code = "email_in_use" // Value is the email
	NotAccepted   Code = "not_accepted" // the value is not one of those accepted
	Duplicate     Code = "duplicate"    // given twice in one request
	WeakPassword  Code = "weak_password"
	BadCursor     Code = "bad_cursor"
	UnknownFilter Code = "unknown_filter"
	Taken         Code = "taken"         // another thing has this unique value
	UnknownField  Code = "unknown_field" // the request has a member that no rule knows
	ReadOnly      Code = "read_only"     // the member cannot be written
	Denied        Code = "denied"        // the thing exists, and the caller may not change it
)

// Item is one broken rule.
type Item struct {
	// Index is the position in the request's batch, or -1 for the operation as
	// a whole.
	Index int
	// Field is the path below the item, such as "email" or
	// "addresses.0.city"; empty for the item itself.
	Field string
	// At is the position in the list that Field names, counted from 1; 0: none.
	At int
	// FormField is the number of the form field that the rule is about; 0: none.
	FormField int64
	Code      Code
	// Want completes Code where it says so.
	Want string
	// Value is the offending value where it may be repeated to the caller.
	Value string
	// Message is plain English for a person.
	Message string
}

// FormFieldMember tells which member of a form field's input breaks the rule:
// the name or the value.
func (it *Item) FormFieldMember() string {
	if it.Code == Unknown || it.Code == Duplicate {
		return "name"
	}
	return "value"
}

// Error is an error with a meaning for the caller.
type Error struct {
	Kind Kind
	// Op names the operation for surfaces whose titles depend on it, such as
	// "customer.create".
	Op string
	// Message is a fixed public text; it never holds secrets or personal data
	// of others.
	Message string
	Items   []Item
	// Total is how many things a refused batch held, where a surface tells it.
	Total int
	// RetryAfter is a wait in seconds with TooMany and Unavailable.
	RetryAfter int
	// Cause is for the log only.
	Cause error
}

// New returns an Error without items.
func New(kind Kind, message string) *Error { return &Error{Kind: kind, Message: message} }

// Error implements error.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Message)
	for i, it := range e.Items {
		if i > 0 || e.Message != "" {
			b.WriteString("; ")
		}
		if it.Index >= 0 {
			b.WriteString(strconv.Itoa(it.Index))
			b.WriteByte('.')
		}
		b.WriteString(it.Field)
		b.WriteString(": ")
		b.WriteString(it.Message)
	}
	if e.Cause != nil {
		b.WriteString(": ")
		b.WriteString(e.Cause.Error())
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// As returns the *Error in err's chain, or nil.
func As(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return nil
}

// Collector gathers every broken rule of a request, so that a caller learns
// of all of them at once.
type Collector struct {
	Index int
	// Prefix is put before each field, such as "addresses.0.".
	Prefix string
	Items  []Item
}

// maxItems bounds how many broken rules are reported for one item, so that the
// answer does not outgrow the request.
const maxItems = 100

// Add notes one broken rule of the current item. It ignores rules beyond the
// first maxItems.
func (c *Collector) Add(field string, code Code, want, message string) {
	c.AddItem(Item{Field: field, Code: code, Want: want, Message: message})
}

// AddItem is Add for a rule with more details than Add takes.
func (c *Collector) AddItem(it Item) {
	if len(c.Items) >= maxItems {
		return
	}
	it.Index, it.Field = c.Index, c.Prefix+it.Field
	c.Items = append(c.Items, it)
}

// Text checks a text: it must have at most most characters, must not contain
// NUL, which databases refuse, and must not be blank if least is positive.
func (c *Collector) Text(field, v string, least, most int) {
	switch {
	case utf8.RuneCountInString(v) > most:
		c.Add(field, TooLong, strconv.Itoa(most), fmt.Sprintf("%s must be at most %d characters", field, most))
	case strings.ContainsRune(v, 0):
		c.Add(field, BadFormat, "", field+" must not contain NUL")
	case least > 0 && strings.TrimSpace(v) == "":
		c.Add(field, TooShort, strconv.Itoa(least), field+" must not be empty")
	}
}

// Err returns the collected rules as one Error, or nil.
func (c *Collector) Err(kind Kind, op string) error {
	if len(c.Items) == 0 {
		return nil
	}
	return &Error{Kind: kind, Op: op, Items: c.Items}
}
