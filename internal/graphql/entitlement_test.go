package graphql_test

import (
	"testing"

	"clientele/internal/customer"
	"clientele/internal/group"
	"clientele/internal/opt"
	"clientele/internal/password"
)

// A storefront learns what its shopper's group gives, and what guests have.
func TestEntitlements(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		add := func(name string, in group.Write) int64 {
			in.Name = opt.Some(name)
			g, err := w.Groups.Create(ctx, 1, in)
			w.ok(err)
			return g.ID
		}
		trade := add("Trade", group.Write{
			Access: opt.Some(group.Access{Type: group.AccessSpecific, Categories: []int64{18, 23}}),
			Rules: opt.Some([]group.Rule{
				{Type: group.RuleAll, Method: group.Percent, Amount: 100000},
				{Type: group.RuleProduct, Method: group.Price, Target: 8, Amount: 99900},
				{Type: group.RuleCategory, Method: group.Fixed, Target: 7, Amount: 15000},
			}),
		})
		add("Visitors", group.Write{IsGuest: opt.Some(true), Rules: opt.Some([]group.Rule{{Type: group.RulePriceList, Target: 5}})})
		_, err := w.Customers.UpdateFor(ctx, password.Party{StoreID: 1}, []customer.Update{{ID: 1, GroupID: opt.Some(trade), TaxExemptCategory: opt.Some("G")}})
		w.ok(err)
		const query = `{ clientele { entitlements { customerEntityId customerGroup { entityId name } categoryAccess { type categoryEntityIds }
			discounts { type method amount categoryEntityId productEntityId } priceLists { channelEntityId priceListEntityId } segmentIds taxExemptCategory } } }`
		w.want(w.ask(query, nil), 200, `{"data":{"clientele":{"entitlements":{"customerEntityId":null,"customerGroup":{"entityId":2,"name":"Visitors"},"categoryAccess":{"type":"ALL","categoryEntityIds":[]},"discounts":[],"priceLists":[{"channelEntityId":1,"priceListEntityId":5}],"segmentIds":[],"taxExemptCategory":""}}}}`)
		const jane = `{"data":{"clientele":{"entitlements":{"customerEntityId":1,"customerGroup":{"entityId":1,"name":"Trade"},"categoryAccess":{"type":"SPECIFIC","categoryEntityIds":[18,23]},"discounts":[{"type":"ALL","method":"PERCENT","amount":10.0000,"categoryEntityId":null,"productEntityId":null},{"type":"PRODUCT","method":"PRICE","amount":9.9900,"categoryEntityId":null,"productEntityId":8},{"type":"CATEGORY","method":"FIXED","amount":1.5000,"categoryEntityId":7,"productEntityId":null}],"priceLists":[{"channelEntityId":1,"priceListEntityId":null},{"channelEntityId":2,"priceListEntityId":null}],"segmentIds":[],"taxExemptCategory":"G"}}}}`
		w.want(w.ask(query, nil, "X-Bc-Customer-Access-Token", w.signIn("jane@example.com")), 200, jane)
		w.want(w.ask(query, nil, "Authorization", "Bearer "+w.act, "X-Bc-Customer-Id", "1"), 200, jane)
		w.want(w.ask(`{ clientele { entitlements { customerEntityId customerGroup { name } } } }`, nil, "Authorization", "Bearer "+w.act, "X-Bc-Customer-Id", "2"), 200,
			`{"data":{"clientele":{"entitlements":{"customerEntityId":2,"customerGroup":null}}}}`)
		if a := w.ask(query, nil, "Authorization", "Bearer "+w.poor); len(a.Errors) != 1 || a.Errors[0].Extensions["code"] != "INSUFFICIENT_ACCESS_SCOPE" {
			t.Error(a.Text)
		}
	})
}
