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

	"clientele/internal/fold"
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
	Repeated                 // a repeat of a request that is under way, or whose answer is not kept
	KeyTaken                 // an idempotency key that was used for another request
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

// Field is the domain's word for a field, such as "first name": a constant of
// the package whose rule it is. Every surface has its own names for the words.
type Field string

// Reason tells more of a broken rule than its code: a constant of the package
// whose rule it is. Every surface has its own words for it.
type Reason string

// HoldsNUL is the reason of BadFormat for a text that no database can hold.
const HoldsNUL Reason = "holds NUL"

// Fixed is the reason of ReadOnly for what may be sent only with the value it
// has.
const Fixed Reason = "fixed"

// Claim notes a field that cannot be written and is said to be something else
// than it is.
func (c *Collector) Claim(field Field, holds bool) {
	if !holds {
		c.Because(field, ReadOnly, Fixed, "")
	}
}

// Place is an entry of a list.
type Place struct {
	List Field
	At   int // from 1 on; 0: no place
}

// Item is one broken rule.
type Item struct {
	// position is the place in a batch, from 1 on; 0: the operation as a whole.
	// Batch alone gives it.
	position int
	// In is the entry of a list that the field is in, such as one of several
	// addresses; the zero value is none.
	In Place
	// Field is what breaks the rule; empty for the item itself.
	Field Field
	// At is the place in the list that Field names, from 1 on; 0: no place.
	At int
	// Key is the entry of what Field names, where its entries have names.
	Key string
	// Path stands for In, Field and At in what a surface says of the shape of
	// its own requests: the path there.
	Path string
	// FormField is the number of the form field that the rule is about; 0: none.
	FormField int64
	Code      Code
	// Why tells Code more precisely, where there is more to tell.
	Why Reason
	// Want completes Code or Why where they say so.
	Want string
	// Value and Other are what was given, where it may be repeated to the caller.
	Value, Other string
	// Message is what a surface says of the shape of its own requests, in
	// English. What the domain finds has no sentences.
	Message string
}

// Error is an error with a meaning for the caller.
type Error struct {
	Kind Kind
	// Message is a fixed public text; it never holds secrets or personal data
	// of others.
	Message string
	Items   []Item
	// Total is how many things a refused batch held, where a surface tells it.
	Total int
	// RetryAfter is a wait in seconds with TooMany and Unavailable.
	RetryAfter int
	// Status is the HTTP status that a test wants to see, whatever the kind; 0:
	// that of the kind. Development mode alone sets it.
	Status int
	// Cause is for the log only.
	Cause error
}

// Broken returns an Error with one item of the operation as a whole.
func Broken(kind Kind, it Item) *Error { return &Error{Kind: kind, Items: []Item{it}} }

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
		if n := it.Index(); n >= 0 {
			b.WriteString(strconv.Itoa(n))
			b.WriteByte('.')
		}
		it.write(&b)
	}
	if e.Cause != nil {
		b.WriteString(": ")
		b.WriteString(e.Cause.Error())
	}
	return b.String()
}

// write tells of an item for the log, without what was given.
func (it *Item) write(b *strings.Builder) {
	if it.In.At > 0 {
		fmt.Fprintf(b, "%s %d: ", it.In.List, it.In.At)
	}
	b.WriteString(it.Path)
	b.WriteString(string(it.Field))
	if it.At > 0 {
		fmt.Fprintf(b, " %d", it.At)
	}
	b.WriteString(": ")
	if it.Message != "" {
		b.WriteString(it.Message)
		return
	}
	b.WriteString(string(it.Code))
	if it.Why != "" {
		fmt.Fprintf(b, " (%s)", it.Why)
	}
	if it.Want != "" {
		fmt.Fprintf(b, ", want %s", it.Want)
	}
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

// Collector gathers every broken rule of a request or of one item of a batch,
// so that a caller learns of all of them at once.
type Collector struct {
	// In is the entry of a list whose fields are looked at.
	In Place
	// Prefix is put before each path, such as "addresses.0.".
	Prefix string
	Items  []Item
}

// maxItems bounds how many broken rules are reported for one item, so that the
// answer does not outgrow the request.
const maxItems = 100

// Break notes that a field breaks a rule. Beyond the first hundred there is
// nothing new to learn.
func (c *Collector) Break(field Field, code Code, want string) {
	c.AddItem(Item{Field: field, Code: code, Want: want})
}

// Because is Break for a rule whose code does not tell enough.
func (c *Collector) Because(field Field, code Code, why Reason, want string) {
	c.AddItem(Item{Field: field, Code: code, Why: why, Want: want})
}

// Add notes what a surface finds wrong with the shape of its request.
func (c *Collector) Add(path string, code Code, want, message string) {
	c.AddItem(Item{Path: path, Code: code, Want: want, Message: message})
}

// AddItem is Break for a rule that is told more of.
func (c *Collector) AddItem(it Item) {
	if len(c.Items) >= maxItems {
		return
	}
	switch {
	case it.Field == "":
		it.Path = c.Prefix + it.Path
	case it.In.At == 0:
		it.In = c.In
	}
	c.Items = append(c.Items, it)
}

// Length notes what is wrong with the length of a text, in characters, and
// that it holds what a database cannot. A text that has to be there is more than
// white space and characters that nobody sees.
func (c *Collector) Length(field Field, v string, least, most int) {
	switch {
	case utf8.RuneCountInString(v) > most:
		c.Break(field, TooLong, strconv.Itoa(most))
	case strings.ContainsRune(v, 0):
		c.Because(field, BadFormat, HoldsNUL, "")
	case least > 0 && fold.Blank(v):
		c.Break(field, TooShort, strconv.Itoa(least))
	}
}

// Err returns the collected rules as one Error, or nil.
func (c *Collector) Err(kind Kind) error {
	if len(c.Items) == 0 {
		return nil
	}
	return &Error{Kind: kind, Items: c.Items}
}
