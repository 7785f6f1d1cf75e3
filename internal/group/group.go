// Package group holds customer groups: who shares which discounts and sees
// which categories. A customer is in one group at most.
package group

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"clientele/internal/fault"
	"clientele/internal/jsonx"
	"clientele/internal/opt"
)

// Group is a customer group.
type Group struct {
	ID           int64
	Name         string
	IsDefault    bool // new customers join it
	IsGuest      bool // for visitors who have not signed in
	Access       Access
	Rules        []Rule
	DateCreated  int64
	DateModified int64
}

// Kinds of access to categories.
const (
	AccessAll      = "all"
	AccessSpecific = "specific"
	AccessNone     = "none"
)

// Access tells which categories a group sees.
type Access struct {
	Type       string
	Categories []int64 // of AccessSpecific
}

// Types of discount rules.
const (
	RuleAll       = "all"
	RuleCategory  = "category"
	RuleProduct   = "product"
	RulePriceList = "price_list"
)

// Methods of discount rules.
const (
	Percent = "percent"
	Fixed   = "fixed"
	Price   = "price"
)

// AmountScale is the number of decimal places that amounts are kept with.
const AmountScale = 4

// Rule is a discount of a group. A price list stands for all there is to say;
// other rules have a method and an amount.
type Rule struct {
	Type   string
	Method string
	Amount int64 // in units of 10^-AmountScale
	// Target is the category, product or price list, by Type.
	Target int64
}

// Target names what a type of rule points at, "" for nothing.
func Target(ruleType string) string {
	switch ruleType {
	case RuleCategory:
		return "category_id"
	case RuleProduct:
		return "product_id"
	case RulePriceList:
		return "price_list_id"
	}
	return ""
}

// Write is the command to make or change a group; absent fields stay.
type Write struct {
	Name      opt.Field[string]
	IsDefault opt.Field[bool]
	IsGuest   opt.Field[bool]
	Access    opt.Field[Access]
	Rules     opt.Field[[]Rule] // replaces all rules
}

// Operations, as faults name them.
const (
	OpCreate = "group.create"
	OpUpdate = "group.update"
)

// Bounds of a group.
const (
	maxName       = 255
	maxRules      = 1000
	maxCategories = 10_000
	maxAmount     = 10_000_000_000 * 10_000
)

func (w *Write) check(c *fault.Collector) {
	if w.Name.Set {
		switch n := utf8.RuneCountInString(w.Name.Value); {
		case strings.TrimSpace(w.Name.Value) == "":
			c.Add("name", fault.TooShort, "1", "name must not be empty")
		case n > maxName:
			c.Add("name", fault.TooLong, strconv.Itoa(maxName), fmt.Sprintf("name must be at most %d characters", maxName))
		case strings.ContainsRune(w.Name.Value, 0):
			c.Add("name", fault.BadFormat, "", "name must not contain NUL")
		}
	}
	if w.Access.Set {
		w.Access.Value.check(c)
	}
	if w.Rules.Set {
		checkRules(c, w.Rules.Value)
	}
}

func (a *Access) check(c *fault.Collector) {
	switch a.Type {
	case AccessAll, AccessNone:
		if len(a.Categories) > 0 {
			c.Add("category_access.categories", fault.NotAccepted, "", "categories go with type specific only")
		}
	case AccessSpecific:
		if len(a.Categories) == 0 {
			c.Add("category_access.categories", fault.Required, "", "type specific needs categories")
		}
	default:
		c.Add("category_access.type", fault.NotAccepted, "all, specific, none", "type must be all, specific or none")
	}
	if len(a.Categories) > maxCategories {
		c.Add("category_access.categories", fault.TooManyItems, strconv.Itoa(maxCategories), "too many categories")
	}
	for _, id := range a.Categories {
		if id < 1 {
			c.Add("category_access.categories", fault.OutOfRange, "", "a category's id is 1 or more")
			break
		}
	}
}

// checkRules holds a set of rules to what may stand together: a price list
// alone, one rule for the whole store at most.
func checkRules(c *fault.Collector, rules []Rule) {
	if len(rules) > maxRules {
		c.Add("discount_rules", fault.TooManyItems, strconv.Itoa(maxRules), "too many discount rules")
		return
	}
	all := 0
	for i := range rules {
		sub := *c
		sub.Prefix += fmt.Sprintf("discount_rules.%d.", i)
		r := &rules[i]
		r.check(&sub)
		switch r.Type {
		case RuleAll:
			if all++; all == 2 {
				sub.Add("type", fault.Duplicate, "", "there can be only one rule of type all")
			}
		case RulePriceList:
			if len(rules) > 1 {
				sub.Add("type", fault.NotAccepted, "", "a price_list rule must be the only rule")
			}
		}
		c.Items = sub.Items
	}
}

func (r *Rule) check(c *fault.Collector) {
	switch r.Type {
	case RulePriceList:
		if r.Method != "" || r.Amount != 0 {
			c.Add("method", fault.NotAccepted, "", "a price_list rule has neither method nor amount")
		}
	case RuleAll:
		if r.Method == "" {
			r.Method = Percent // the only rule that may leave it out
		}
		fallthrough
	case RuleCategory, RuleProduct:
		if r.Method != Percent && r.Method != Fixed && r.Method != Price {
			c.Add("method", fault.NotAccepted, "percent, fixed, price", "method must be percent, fixed or price")
		}
		if r.Amount < 0 || r.Amount > maxAmount || r.Method == Percent && r.Amount > 100*10_000 {
			c.Add("amount", fault.OutOfRange, "", "amount is out of range")
		}
	default:
		c.Add("type", fault.NotAccepted, "all, category, product, price_list", "type must be all, category, product or price_list")
		return
	}
	if target := Target(r.Type); target != "" && r.Target < 1 {
		c.Add(target, fault.OutOfRange, "", target+" must be 1 or more")
	}
}

// apply returns g as the command leaves it.
func (w *Write) apply(g Group) Group {
	g.Name = w.Name.Or(g.Name)
	g.IsDefault = w.IsDefault.Or(g.IsDefault)
	g.IsGuest = w.IsGuest.Or(g.IsGuest)
	g.Access = w.Access.Or(g.Access)
	g.Rules = w.Rules.Or(g.Rules)
	return g
}

func (a *Access) text() string {
	var b []byte
	for i, id := range a.Categories {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, id, 10)
	}
	return string(b)
}

func parseIDs(text string) []int64 {
	var ids []int64
	for part := range strings.SplitSeq(text, ",") {
		if id, err := strconv.ParseInt(part, 10, 64); err == nil {
			ids = append(ids, id)
		}
	}
	return ids
}

// rulesText and parseRules convert between rules and their column, a JSON
// array of [type, method, amount, target].
func rulesText(rules []Rule) string {
	b := []byte{'['}
	for i, r := range rules {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '[')
		b = jsonx.AppendString(b, r.Type)
		b = append(b, ',')
		b = jsonx.AppendString(b, r.Method)
		b = append(b, ',')
		b = strconv.AppendInt(b, r.Amount, 10)
		b = append(b, ',')
		b = strconv.AppendInt(b, r.Target, 10)
		b = append(b, ']')
	}
	return string(append(b, ']'))
}

func parseRules(text string) ([]Rule, error) {
	v, err := jsonx.Parse([]byte(text), jsonx.Limits{})
	if err != nil {
		return nil, fmt.Errorf("discount rules: %w", err)
	}
	var out []Rule
	for _, e := range v.Elems() {
		var r Rule
		r.Type, _ = e.Index(0).Str()
		r.Method, _ = e.Index(1).Str()
		r.Amount, _ = e.Index(2).Int()
		r.Target, _ = e.Index(3).Int()
		out = append(out, r)
	}
	return out, nil
}
