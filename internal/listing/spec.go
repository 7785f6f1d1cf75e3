// Package listing declares lists once: which filters, sorts, includes and
// limits a resource has. From a Spec come the parsing of query strings, the
// SQL conditions and order, page numbers and cursors, and the check of the
// API description. Nothing of a request's text ever becomes SQL.
package listing

import "clientele/internal/sqldb"

// Op is a filter operator, written after a colon: "id:in".
type Op string

// The operators.
const (
	Eq   Op = ""     // date_created=…
	In   Op = "in"   // a comma-separated list, any of which may match
	Min  Op = "min"  // at least, inclusive
	Max  Op = "max"  // at most, inclusive
	Like Op = "like" // a comma-separated list of substrings, any of which may match
)

// Kind is the type of a filter's values.
type Kind uint8

// The kinds of values.
const (
	Int      Kind = iota // a decimal integer
	Text                 // compared as it is
	Folded               // compared in folded form, against a *_norm column
	Email                // compared as email addresses are, against their keys
	Time                 // 2024-05-14 or 2024-05-14T09:34:00, with or without an offset; UTC otherwise. Or RFC 2822
	UnixTime             // Time, or seconds since the epoch
	Flag                 // true or false
	Money                // a decimal number, kept in ten-thousandths
)

// Field is something that a list can be filtered by.
type Field struct {
	Name   string
	Kind   Kind
	Ops    []Op
	Column string
	// NonEmpty marks a text column whose index leaves empty values out.
	NonEmpty bool
	// Where replaces the condition for In and Eq; {in} stands for the values
	// in parentheses, {value}, which may recur, for the only one.
	Where string
	// Among finds the values of Column that In and Eq hold it to; {in} stands for
	// the filter's own. It runs by itself, before the list, where planners see
	// nothing through a condition that has it inside.
	Among string
	// Prefixed writes the operator first, as V2 does: "min_id".
	Prefixed bool
	// Values are the only values of a text field, with what the column holds
	// for each; nil accepts any.
	Values map[string]string
	// Ordered says that an index has the rows in the order of Column, a time.
	// Where few rows meet a bound on it, they are found there: see few.
	Ordered bool
	// Held finds the ids of the rows whose Column holds one of some texts, in order,
	// if it knows them: see held.
	Held func(tx *sqldb.Tx, texts []string) (ids []int64, known bool, err error)
	// Hidden keeps the field from requests: only Query.Where uses it.
	Hidden bool
}

func (f *Field) isTime() bool { return f.Kind == Time || f.Kind == UnixTime }

// Param returns the name of the parameter that filters by an operator.
func (f *Field) Param(op Op) string {
	switch {
	case op == Eq:
		return f.Name
	case f.Prefixed:
		return string(op) + "_" + f.Name
	}
	return f.Name + ":" + string(op)
}

// Sort is something that a list can be ordered by, as "name:asc" or
// "name:desc". The id breaks ties.
type Sort struct {
	Name   string
	Column string
	Kind   Kind
}

// Key is one column of a composite key, by its name in cursors.
type Key struct {
	Name   string
	Column string
}

// Spec declares a list.
type Spec struct {
	// Table holds the rows; its key is (store_id, id), or (store_id, Key…).
	Table string
	// Counted is what is counted in place of Table, where that reads less: with the
	// columns of the conditions alone.
	Counted string
	// Key names the two integer columns that identify a row and order the
	// list; nil stands for id alone.
	Key      []Key
	Fields   []Field
	Sorts    []Sort
	Includes []string
	// Descending orders by id from the newest when no sort is asked for.
	Descending bool
	// Cursors offers before and after.
	Cursors bool
	// Unpaged takes no page and no limit.
	Unpaged bool
	// Unnumbered pages are found by cursors alone.
	Unnumbered bool
	// Deletes declares what rows are selected by for deletion. A filter without
	// a value is refused there, as it would delete other rows than were meant:
	// a variable of the caller was empty.
	Deletes bool
	// Direction offers direction=asc and direction=desc, by id.
	Direction bool
	// Members are what include_fields may restrict the answer's rows to; none
	// if the list has no such parameter.
	Members []string
	// Links gives the only page of a list links too.
	Links bool
	// Total tells the number of all rows and the last id given out, where they are
	// kept. It finds no row as long as the store's rows were not counted yet.
	Total *sqldb.Stmt
	// TotalOf is Total of the rows that a hidden filter leaves, if there is no other
	// and it has one value; it takes that as text.
	TotalOf *sqldb.Stmt
	// Untold: no answer tells the total, so nothing is counted.
	Untold bool
	// Gaps names the list in the table of gaps, for fast pages by number; 0 for
	// none.
	Gaps List
}

// Limits of every list.
const (
	DefaultLimit = 50
	MaxLimit     = 250
	maxValues    = 1000 // in one filter
	maxFaults    = 50   // told of one query
	maxLikes     = 50   // substrings in one filter
	maxQuery     = 64 << 10
	maxPage      = 1 << 40
)

// Params returns the names of all query parameters that the list accepts.
func (s *Spec) Params() []string {
	var out []string
	for i := range s.Fields {
		f := &s.Fields[i]
		if f.Hidden {
			continue
		}
		for _, op := range f.Ops {
			out = append(out, f.Param(op))
		}
	}
	if len(s.Includes) > 0 {
		out = append(out, "include")
	}
	if len(s.Sorts) > 0 {
		out = append(out, "sort")
	}
	if s.Direction {
		out = append(out, "direction")
	}
	if len(s.Members) > 0 {
		out = append(out, "include_fields")
	}
	if !s.Unpaged && !s.Unnumbered {
		out = append(out, "page")
	}
	if !s.Unpaged {
		out = append(out, "limit")
	}
	if s.Cursors {
		out = append(out, "before", "after")
	}
	return out
}

var idKey = []Key{{Name: "id", Column: "id"}}

func (s *Spec) key() []Key {
	if s.Key == nil {
		return idKey
	}
	return s.Key
}

func (s *Spec) field(name string) (*Field, Op, bool) {
	for i := range s.Fields {
		f := &s.Fields[i]
		for _, op := range f.Ops {
			if op == Eq && name == f.Name {
				return f, op, true
			}
			if op == Eq || len(name) != len(f.Name)+1+len(op) {
				continue
			}
			field, sign, operator := name[:len(f.Name)], byte(':'), name[len(f.Name)+1:]
			at := len(f.Name)
			if f.Prefixed {
				operator, sign, field, at = name[:len(op)], '_', name[len(op)+1:], len(op)
			}
			if field == f.Name && name[at] == sign && operator == string(op) {
				return f, op, true
			}
		}
	}
	return nil, "", false
}
