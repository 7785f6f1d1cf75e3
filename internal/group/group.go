// Package group holds customer groups: who shares which discounts and price
// lists and sees which categories. A customer is in one group at most.
package group

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

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

// Target is the field of what a type of rule points at, "" for nothing.
func Target(ruleType string) fault.Field {
	switch ruleType {
	case RuleCategory:
		return FieldCategory
	case RuleProduct:
		return FieldProduct
	case RulePriceList:
		return FieldPriceList
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
	// Version is that of the group that is changed; of another one it is not.
	Version opt.Field[string]
}

// Bounds of a group.
const (
	maxName       = 255
	maxRules      = 1000
	maxCategories = 10_000
	maxAmount     = 10_000_000_000 * 10_000
)

func (w *Write) check(c *fault.Collector) {
	if w.Name.Set {
		c.Length(FieldName, w.Name.Value, 1, maxName)
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
			c.Because(FieldAccessCategories, fault.NotAccepted, WhyCategories, "")
		}
	case AccessSpecific:
		if len(a.Categories) == 0 {
			c.Because(FieldAccessCategories, fault.Required, WhyNoCategories, "")
		}
	default:
		c.Because(FieldAccessType, fault.NotAccepted, WhyAccessType, "all, specific, none")
	}
	if len(a.Categories) > maxCategories {
		c.Because(FieldAccessCategories, fault.TooManyItems, WhyManyCategories, strconv.Itoa(maxCategories))
	}
	for _, id := range a.Categories {
		if id < 1 {
			c.Because(FieldAccessCategories, fault.OutOfRange, WhyCategoryID, "")
			break
		}
	}
}

// checkRules holds a set of rules to what may stand together: a price list
// alone, one rule for the whole store at most.
func checkRules(c *fault.Collector, rules []Rule) {
	if len(rules) > maxRules {
		c.Because(FieldRules, fault.TooManyItems, WhyManyRules, strconv.Itoa(maxRules))
		return
	}
	all := 0
	for i := range rules {
		sub := *c
		sub.In = fault.Place{List: FieldRules, At: i + 1}
		r := &rules[i]
		r.check(&sub)
		switch r.Type {
		case RuleAll:
			if all++; all == 2 {
				sub.Because(FieldType, fault.Duplicate, WhyTwoForAll, "")
			}
		case RulePriceList:
			if len(rules) > 1 {
				sub.Because(FieldType, fault.NotAccepted, WhyNotAlone, "")
			}
		}
		c.Items = sub.Items
	}
}

func (r *Rule) check(c *fault.Collector) {
	switch r.Type {
	case RulePriceList:
		if r.Method != "" || r.Amount != 0 {
			c.Because(FieldMethod, fault.NotAccepted, WhyPriceList, "")
		}
	case RuleAll:
		if r.Method == "" {
			r.Method = Percent // the only rule that may leave it out
		}
		fallthrough
	case RuleCategory, RuleProduct:
		if r.Method != Percent && r.Method != Fixed && r.Method != Price {
			c.Because(FieldMethod, fault.NotAccepted, WhyMethod, "percent, fixed, price")
		}
		if r.Amount < 0 || r.Amount > maxAmount || r.Method == Percent && r.Amount > 100*10_000 {
			c.Because(FieldAmount, fault.OutOfRange, WhyAmount, "")
		}
	default:
		c.Because(FieldType, fault.NotAccepted, WhyRuleType, "all, category, product, price_list")
		return
	}
	if target := Target(r.Type); target != "" && r.Target < 1 {
		c.Because(target, fault.OutOfRange, WhyTarget, "")
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

// Version tells states of a group apart.
func (g *Group) Version() string {
	h := sha256.New()
	for _, part := range []string{g.Name, strconv.FormatBool(g.IsDefault), strconv.FormatBool(g.IsGuest), g.Access.Type, g.Access.text(), rulesText(g.Rules)} {
		h.Write(strconv.AppendQuote(nil, part))
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// Copied is the command to make a group like another one, with a name. Of the
// flags that one group alone has it has none.
func (g *Group) Copied(name string) Write {
	return Write{Name: opt.Some(name), Access: opt.Some(g.Access), Rules: opt.Some(g.Rules)}
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

// noRules is the text of no rules.
const noRules = "[]"

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
