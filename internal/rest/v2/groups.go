package v2

import (
	"fmt"
	"strconv"

	"clientele/internal/auth"
	"clientele/internal/fault"
	"clientele/internal/group"
	"clientele/internal/jsonx"
	"clientele/internal/listing"
	"clientele/internal/opt"
	"clientele/internal/rest"
	"clientele/internal/rest/decode"
	"clientele/internal/rest/shape"
)

func (s *Surface) groupRoutes() []rest.Route {
	id := shape.ID("customer_group_id")
	return []rest.Route{
		{Method: "GET", Pattern: "/customer_groups", Need: auth.ReadCustomers, List: group.List, Handle: list(shape.Scoped(s.Groups.List), appendGroup)},
		{Method: "POST", Pattern: "/customer_groups", Need: auth.ModifyCustomers, Class: rest.Creating, Handle: shape.Call(object(decodeNewGroup), shape.Scoped(s.Groups.Create), one(appendGroup))},
		{Method: "DELETE", Pattern: "/customer_groups", Need: auth.ModifyCustomers, Handle: remove(thisStore, s.deleteGroups)},
		{Method: "GET", Pattern: "/customer_groups/count", Need: auth.ReadCustomers, List: group.List, Handle: count(shape.Scoped(s.Groups.Count))},
		{Method: "GET", Pattern: "/customer_groups/{customer_group_id}", Need: auth.ReadCustomers, List: group.One, Handle: shape.CallAt(id, query, s.getGroup, one(appendGroup))},
		{Method: "PUT", Pattern: "/customer_groups/{customer_group_id}", Need: auth.ModifyCustomers, Class: rest.Updating, Handle: shape.CallAt(id, object(decodeGroup), s.updateGroup, one(appendGroup))},
		{Method: "DELETE", Pattern: "/customer_groups/{customer_group_id}", Need: auth.ModifyCustomers, Handle: remove(id, shape.ScopedDo(s.Groups.Delete))},
	}
}

func (s *Surface) getGroup(c *rest.Call, id int64, q *listing.Query) (*group.Group, error) {
	return s.Groups.Get(c.Ctx(), c.StoreID(), id, q)
}

func (s *Surface) updateGroup(c *rest.Call, id int64, in group.Write) (*group.Group, error) {
	return s.Groups.Update(c.Ctx(), c.StoreID(), id, in)
}

func (s *Surface) deleteGroups(c *rest.Call, _ struct{}) error {
	return s.Groups.DeleteAll(c.Ctx(), c.StoreID())
}

func decodeNewGroup(o decode.Object) group.Write {
	o.Required("name")
	return decodeGroup(o)
}

var (
	groupWritable = []string{"name", "is_default", "category_access", "discount_rules", "is_group_for_guests"}
	groupReadOnly = []string{"id", "date_created", "date_modified"}
)

// decodeGroup reads a group's members.
func decodeGroup(o decode.Object) group.Write {
	o.Only(groupWritable, groupReadOnly)
	w := group.Write{Name: o.Text("name"), IsDefault: o.Flag("is_default"), IsGuest: o.Flag("is_group_for_guests")}
	o.Object("category_access", func(a decode.Object) {
		a.Only([]string{"type", "categories"}, nil)
		a.Required("type")
		access := group.Access{Type: a.Text("type").Value}
		if v, ok := a.Given("categories"); ok {
			if v.Kind() != jsonx.Array && !decode.EmptyText(v) {
				a.WrongAs("categories", "a list of ids")
			}
			for _, e := range v.Elems() {
				id, ok := a.Integer(e)
				if !ok {
					a.WrongAs("categories", "a list of ids")
					break
				}
				access.Categories = append(access.Categories, id)
			}
		}
		w.Access = opt.Some(access)
	})
	v, ok := o.Given("discount_rules")
	if !ok {
		return w
	}
	if v.Kind() != jsonx.Array && !decode.EmptyText(v) {
		o.WrongAs("discount_rules", "a list of rules")
		return w
	}
	rules := make([]group.Rule, 0, v.Len())
	for i, e := range v.Elems() {
		path := fmt.Sprintf("discount_rules.%d", i)
		if e.Kind() != jsonx.Object {
			o.Wrong(path, jsonx.Object)
			continue
		}
		o.At(path+".", e, func(r decode.Object) { rules = append(rules, decodeRule(r)) })
	}
	w.Rules = opt.Some(rules)
	return w
}

// targetOf names the member for what a type of rule points at, "" for nothing.
func targetOf(ruleType string) string { return speech.Name(group.Target(ruleType)) }

// decodeRule reads a discount rule.
func decodeRule(o decode.Object) group.Rule {
	o.Required("type")
	r := group.Rule{Type: o.Text("type").Value}
	target := targetOf(r.Type)
	writable := []string{"type", "method", "amount"}
	if target != "" {
		writable = append(writable, target)
		o.Required(target)
	}
	switch r.Type {
	case group.RuleAll:
	case group.RulePriceList:
		for _, name := range []string{"method", "amount"} {
			if _, ok := o.Given(name); ok {
				o.Faults.Add(name, fault.UnknownField, "", "a price_list rule has neither method nor amount")
			}
		}
	default:
		o.Required("method", "amount")
	}
	switch r.Type {
	case group.RuleAll, group.RuleCategory, group.RuleProduct, group.RulePriceList:
		o.Only(writable, nil)
	}
	r.Method = o.Text("method").Value
	r.Amount = o.Decimal("amount", group.AmountScale).Value
	r.Target = o.Int(target).Value
	return r
}

func appendGroup(b []byte, g *group.Group) []byte {
	b = append(b, `{"id":`...)
	b = strconv.AppendInt(b, g.ID, 10)
	b = append(b, `,"name":`...)
	b = jsonx.AppendString(b, g.Name)
	b = append(b, `,"is_default":`...)
	b = strconv.AppendBool(b, g.IsDefault)
	b = append(b, `,"category_access":{"type":`...)
	b = jsonx.AppendString(b, g.Access.Type)
	if g.Access.Type == group.AccessSpecific {
		b = append(b, `,"categories":[`...)
		for i, id := range g.Access.Categories {
			if i > 0 {
				b = append(b, ',')
			}
			b = strconv.AppendInt(b, id, 10)
		}
		b = append(b, ']')
	}
	b = append(b, `},"discount_rules":[`...)
	for i := range g.Rules {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendRule(b, &g.Rules[i])
	}
	b = append(b, `],"date_created":`...)
	b = appendSpaced(b, g.DateCreated)
	b = append(b, `,"date_modified":`...)
	b = appendSpaced(b, g.DateModified)
	b = append(b, `,"is_group_for_guests":`...)
	b = strconv.AppendBool(b, g.IsGuest)
	return append(b, '}')
}

func appendRule(b []byte, r *group.Rule) []byte {
	b = append(b, `{"type":`...)
	b = jsonx.AppendString(b, r.Type)
	if target := targetOf(r.Type); target != "" {
		b = append(b, ',')
		b = jsonx.AppendKey(b, target)
		b = strconv.AppendInt(b, r.Target, 10)
	}
	if r.Type != group.RulePriceList {
		b = append(b, `,"method":`...)
		b = jsonx.AppendString(b, r.Method)
		b = append(b, `,"amount":"`...)
		b = jsonx.AppendFixed(b, r.Amount, group.AmountScale, 4)
		b = append(b, '"')
	}
	return append(b, '}')
}
