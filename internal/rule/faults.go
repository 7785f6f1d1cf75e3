package rule

import (
	"strconv"

	"clientele/internal/fault"
)

// FieldRule is the field of which faults tell.
const FieldRule fault.Field = "rule"

// The reasons that codes do not tell.
const (
	WhyBytes       fault.Reason = "long rule"
	WhyEmpty       fault.Reason = "no rule"
	WhyText        fault.Reason = "rule is no text"
	WhyTree        fault.Reason = "rule is no tree"
	WhyExpected    fault.Reason = "something else expected"
	WhyOpen        fault.Reason = "text without an end"
	WhyNumber      fault.Reason = "no number in a rule"
	WhyComparisons fault.Reason = "too many comparisons in a rule"
	WhyDepth       fault.Reason = "rule too deep"
	WhyValues      fault.Reason = "too many values in a rule"
	WhyField       fault.Reason = "no field of rules"
	WhyInAddress   fault.Reason = "no field of an address"
	WhyKey         fault.Reason = "field needs a name"
	WhyNoKey       fault.Reason = "field has no names"
	WhyName        fault.Reason = "nothing has the name"
	WhySeveral     fault.Reason = "several have the name"
	WhyOp          fault.Reason = "operator does not fit"
	WhyValue       fault.Reason = "value does not fit"
	WhyDate        fault.Reason = "no date in a rule"
	WhyBlank       fault.Reason = "empty text in a rule"
	WhyOrder       fault.Reason = "range without a beginning"
	WhyChoice      fault.Reason = "none of the values"
)

// Fault tells what is wrong with a rule and where. It is a *fault.Error too.
type Fault struct {
	Why        fault.Reason
	Value      string // what is wrong
	Want       string // what is right
	At         int    // the byte of the text; -1: a tree has no bytes
	Suggestion string // what may have been meant
}

// Error implements error.
func (f *Fault) Error() string {
	return "rule: " + string(f.Why) + " at " + strconv.Itoa(f.At) + ": " + f.Value
}

// Unwrap returns the fault as all others are.
func (f *Fault) Unwrap() error {
	return fault.Broken(fault.Invalid, fault.Item{Field: FieldRule, Code: fault.BadFormat, Why: f.Why, Value: f.Value, Want: f.Want})
}
