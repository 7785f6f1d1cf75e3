package v2

import (
	"fmt"
	"strconv"

	"clientele/internal/auth"
	"clientele/internal/fault"
	"clientele/internal/group"
	"clientele/internal/jsonx"
	"clientele/internal/opt"
	"clientele/internal/rest"
)

func (s *Surface) groupRoutes() []rest.Route {
	return []rest.Route{
		{Method: "GET", Pattern: "/customer_groups", Need: auth.ReadCustomers, Handle: s.listGroups},
		{Method: "POST", Pattern: "/customer_groups", Need: auth.ModifyCustomers, Class: rest.Creating, Handle: s.createGroup},
		{Method: "DELETE", Pattern: "/customer_groups", Need: auth.ModifyCustomers, Handle: s.deleteGroups},
		{Method: "GET", Pattern: "/customer_groups/count", Need: auth.ReadCustomers, Handle: s.countGroups},
		{Method: "GET", Pattern: "/customer_groups/{customer_group_id}", Need: auth.ReadCustomers, Handle: s.getGroup},
		{Method: "PUT", Pattern: "/customer_groups/{customer_group_id}", Need: auth.ModifyCustomers, Class: rest.Updating, Handle: s.updateGroup},
		{Method: "DELETE", Pattern: "/customer_groups/{customer_group_id}", Need: auth.ModifyCustomers, Handle: s.deleteGroup},
	}
}

func (s *Surface) listGroups(c *rest.Call) error {
	q, err := parse(group.List, c)
	if err != nil {
		return err
	}
	rows, err := s.Groups.List(c.Ctx(), c.StoreID(), q)
	if err != nil {
		return err
	}
	return sendList(c, rows, appendGroup)
}

func (s *Surface) countGroups(c *rest.Call) error {
	q, err := parse(group.List, c)
	if err != nil {
		return err
	}
	n, err := s.Groups.Count(c.Ctx(), c.StoreID(), q)
	if err != nil {
		return err
	}
	return sendCount(c, n)
}

func (s *Surface) getGroup(c *rest.Call) error {
	id, err := c.PathID("customer_group_id")
	if err != nil {
		return err
	}
	q, err := parse(group.One, c)
	if err != nil {
		return err
	}
	row, err := s.Groups.Get(c.Ctx(), c.StoreID(), id, q)
	if err != nil {
		return err
	}
	return sendOne(c, row, appendGroup)
}

func (s *Surface) createGroup(c *rest.Call) error {
	var col fault.Collector
	d, err := object(c, &col)
	if err != nil {
		return err
	}
	d.required("name")
	w := d.group()
	if err := d.err(); err != nil {
		return err
	}
	row, err := s.Groups.Create(c.Ctx(), c.StoreID(), w)
	if err != nil {
		return err
	}
	return sendOne(c, row, appendGroup)
}

func (s *Surface) updateGroup(c *rest.Call) error {
	id, err := c.PathID("customer_group_id")
	if err != nil {
		return err
	}
	var col fault.Collector
	d, err := object(c, &col)
	if err != nil {
		return err
	}
	w := d.group()
	if err := d.err(); err != nil {
		return err
	}
	row, err := s.Groups.Update(c.Ctx(), c.StoreID(), id, w)
	if err != nil {
		return err
	}
	return sendOne(c, row, appendGroup)
}

func (s *Surface) deleteGroup(c *rest.Call) error {
	id, err := c.PathID("customer_group_id")
	if err != nil {
		return err
	}
	if err := plain(c); err != nil {
		return err
	}
	return sendGone(c, s.Groups.Delete(c.Ctx(), c.StoreID(), id))
}

func (s *Surface) deleteGroups(c *rest.Call) error {
	if err := plain(c); err != nil {
		return err
	}
	return sendGone(c, s.Groups.DeleteAll(c.Ctx(), c.StoreID()))
}

var (
	groupWritable = []string{"name", "is_default", "category_access", "discount_rules", "is_group_for_guests"}
	groupReadOnly = []string{"id", "date_created", "date_modified"}
)

// group reads a group's members.
func (d decoder) group() group.Write {
	d.members(groupWritable, groupReadOnly)
	w := group.Write{Name: d.text("name"), IsDefault: d.flag("is_default"), IsGuest: d.flag("is_group_for_guests")}
	d.object("category_access", func(a decoder) {
		a.members([]string{"type", "categories"}, nil)
		a.required("type")
		access := group.Access{Type: a.text("type").Value}
		if v, ok := a.given("categories"); ok {
			if v.Kind() != jsonx.Array && !emptyText(v) {
				a.wrong("categories", "a list of ids")
			}
			for _, e := range v.Elems() {
				id, ok := integer(e)
				if !ok {
					a.wrong("categories", "a list of ids")
					break
				}
				access.Categories = append(access.Categories, id)
			}
		}
		w.Access = opt.Some(access)
	})
	v, ok := d.given("discount_rules")
	if !ok {
		return w
	}
	if v.Kind() != jsonx.Array && !emptyText(v) {
		d.wrong("discount_rules", "a list of rules")
		return w
	}
	rules := make([]group.Rule, 0, v.Len())
	for i, e := range v.Elems() {
		path := fmt.Sprintf("discount_rules.%d", i)
		if e.Kind() != jsonx.Object {
			d.wrong(path, "an object")
			continue
		}
		d.at(path+".", e, func(r decoder) { rules = append(rules, r.rule()) })
	}
	w.Rules = opt.Some(rules)
	return w
}

// emptyText reports whether a value is an empty string, which is how XML and
// some clients write an empty list.
func emptyText(v jsonx.Value) bool {
	s, ok := v.Str()
	return ok && s == ""
}

// targetOf names the member for what a type of rule points at, "" for nothing.
func targetOf(ruleType string) string { return speech.Name(group.Target(ruleType)) }

// rule reads a discount rule.
func (d decoder) rule() group.Rule {
	d.required("type")
	r := group.Rule{Type: d.text("type").Value}
	target := targetOf(r.Type)
	writable := []string{"type", "method", "amount"}
	if target != "" {
		writable = append(writable, target)
		d.required(target)
	}
	switch r.Type {
	case group.RuleAll:
	case group.RulePriceList:
		for _, name := range []string{"method", "amount"} {
			if _, ok := d.given(name); ok {
				d.c.Add(name, fault.UnknownField, "", "a price_list rule has neither method nor amount")
			}
		}
	default:
		d.required("method", "amount")
	}
	switch r.Type {
	case group.RuleAll, group.RuleCategory, group.RuleProduct, group.RulePriceList:
		d.members(writable, nil)
	}
	r.Method = d.text("method").Value
	r.Amount = d.amount("amount", group.AmountScale).Value
	r.Target = d.integer(target).Value
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
