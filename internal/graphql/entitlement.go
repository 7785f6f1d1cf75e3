package graphql

import (
	"strings"

	"clientele/internal/entitlement"
	"clientele/internal/graphql/exec"
	"clientele/internal/group"
	"clientele/internal/jsonx"
)

// entitlementTables answer the namespace of what the original does not have:
// what the shopper's group gives.
func (s *Server) entitlementTables() exec.Tables {
	type answer = entitlement.Entitlements
	return exec.Tables{
		"ClienteleQueries": exec.Of[exec.None](exec.Fields{"entitlements": exec.Object(s.entitlements)}),
		"ClienteleEntitlements": exec.Of[answer](exec.Fields{
			"customerEntityId": exec.IntOrNull(func(e *answer) *int64 { return idOrNil(e.CustomerID) }),
			"customerGroup": exec.Part(func(e *answer) *group.Group {
				if e.Group.ID == 0 {
					return nil
				}
				return &e.Group
			}),
			"categoryAccess":    exec.Part(func(e *answer) *group.Access { return &e.Access }),
			"discounts":         exec.Parts(func(e *answer) []group.Rule { return e.Discounts }),
			"priceLists":        exec.Parts(func(e *answer) []entitlement.PriceList { return e.PriceLists }),
			"segmentIds":        exec.Texts(func(e *answer) []string { return e.Segments }),
			"taxExemptCategory": exec.Text(func(e *answer) string { return e.TaxExemptCategory }),
		}),
		"ClienteleCustomerGroup": exec.Of[group.Group](exec.Fields{
			"entityId": exec.Int(func(g *group.Group) int64 { return g.ID }),
			"name":     exec.Text(func(g *group.Group) string { return g.Name }),
		}),
		"ClienteleCategoryAccess": exec.Of[group.Access](exec.Fields{
			"type": exec.Enum(func(a *group.Access) string { return strings.ToUpper(a.Type) }),
			"categoryEntityIds": exec.Ints(func(a *group.Access) []int64 {
				if a.Type != group.AccessSpecific {
					return nil
				}
				return a.Categories
			}),
		}),
		"ClienteleDiscount": exec.Of[group.Rule](exec.Fields{
			"type":             exec.Enum(func(r *group.Rule) string { return strings.ToUpper(r.Type) }),
			"method":           exec.Enum(func(r *group.Rule) string { return strings.ToUpper(r.Method) }),
			"amount":           exec.Raw(appendAmount),
			"categoryEntityId": exec.IntOrNull(func(r *group.Rule) *int64 { return target(r, group.RuleCategory) }),
			"productEntityId":  exec.IntOrNull(func(r *group.Rule) *int64 { return target(r, group.RuleProduct) }),
		}),
		"ClientelePriceList": exec.Of[entitlement.PriceList](exec.Fields{
			"channelEntityId":   exec.Int(func(p *entitlement.PriceList) int64 { return p.ChannelID }),
			"priceListEntityId": exec.IntOrNull(func(p *entitlement.PriceList) *int64 { return idOrNil(p.ID) }),
		}),
	}
}

// entitlements returns what the shopper has, or a guest of the channel.
func (s *Server) entitlements(c *exec.Call, _ *exec.None) (*entitlement.Entitlements, error) {
	w := shopperOf(c.Context)
	out, err := w.entitlements.get(func() (entitlement.Entitlements, error) {
		if w.customerID == 0 {
			return s.Entitlements.OfGuest(c.Context, w.visit.Site.StoreID, w.visit.Site.ChannelID)
		}
		return s.Entitlements.OfCustomer(c.Context, w.visit.Site.StoreID, w.customerID)
	})
	if err != nil {
		return nil, err
	}
	return &out, nil
}

func idOrNil(id int64) *int64 {
	if id == 0 {
		return nil
	}
	return &id
}

// target returns what a rule is about, if it is of a type.
func target(r *group.Rule, of string) *int64 {
	if r.Type != of {
		return nil
	}
	return &r.Target
}

func appendAmount(b []byte, r *group.Rule) []byte {
	return jsonx.AppendFixed(b, r.Amount, group.AmountScale, group.AmountScale)
}
