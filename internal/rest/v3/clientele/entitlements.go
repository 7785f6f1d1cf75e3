package clientele

import (
	"strconv"

	"clientele/internal/auth"
	"clientele/internal/entitlement"
	"clientele/internal/group"
	"clientele/internal/jsonx"
	"clientele/internal/rest"
	"clientele/internal/rest/shape"
	v3 "clientele/internal/rest/v3"
)

func (s *Surface) entitlementRoutes() []rest.Route {
	return []rest.Route{
		{Method: "GET", Pattern: "/customers/{customerId}/entitlements", Need: auth.ReadCustomers,
			Handle: v3.GetOne(shape.ID("customerId"), shape.Scoped(s.Entitlements.OfCustomer), appendEntitlements)},
		{Method: "GET", Pattern: "/channels/{channel_id}/guest-entitlements", Need: auth.ReadCustomers,
			Handle: v3.GetOne(shape.ID("channel_id"), shape.Scoped(s.Entitlements.OfGuest), appendEntitlements)},
	}
}

func appendEntitlements(b []byte, e *entitlement.Entitlements) []byte {
	b = v3.AppendIDOrNull(append(b, `{"customer_id":`...), e.CustomerID)
	b = append(b, `,"customer_group":`...)
	if e.Group.ID == 0 {
		b = append(b, "null"...)
	} else {
		b = strconv.AppendInt(append(b, `{"id":`...), e.Group.ID, 10)
		b = append(jsonx.AppendString(append(b, `,"name":`...), e.Group.Name), '}')
	}
	b = jsonx.AppendString(append(b, `,"category_access":{"type":`...), e.Access.Type)
	if e.Access.Type == group.AccessSpecific {
		b = jsonx.AppendInts(append(b, `,"categories":`...), e.Access.Categories)
	}
	b = append(b, `},"discount_rules":[`...)
	for i := range e.Discounts {
		b = appendDiscount(separate(b, i), &e.Discounts[i])
	}
	b = append(b, `],"price_lists":[`...)
	for i, p := range e.PriceLists {
		b = strconv.AppendInt(append(separate(b, i), `{"channel_id":`...), p.ChannelID, 10)
		b = append(v3.AppendIDOrNull(append(b, `,"price_list_id":`...), p.ID), '}')
	}
	b = jsonx.AppendStrings(append(b, `],"segment_ids":`...), e.Segments)
	b = jsonx.AppendString(append(b, `,"tax_exempt_category":`...), e.TaxExemptCategory)
	return append(b, '}')
}

func appendDiscount(b []byte, r *group.Rule) []byte {
	b = jsonx.AppendString(append(b, `{"type":`...), r.Type)
	switch r.Type {
	case group.RuleCategory:
		b = strconv.AppendInt(append(b, `,"category_id":`...), r.Target, 10)
	case group.RuleProduct:
		b = strconv.AppendInt(append(b, `,"product_id":`...), r.Target, 10)
	}
	b = jsonx.AppendString(append(b, `,"method":`...), r.Method)
	b = jsonx.AppendFixed(append(b, `,"amount":"`...), r.Amount, group.AmountScale, group.AmountScale)
	return append(b, `"}`...)
}

// separate appends a comma before every entry of a list but the first.
func separate(b []byte, i int) []byte {
	if i > 0 {
		b = append(b, ',')
	}
	return b
}
