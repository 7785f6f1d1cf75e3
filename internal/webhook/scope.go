package webhook

import (
	"slices"
	"strings"
)

// ExceptionScope is the scope of events about deliveries that failed. They go
// to the hook with just this scope of the API account concerned.
const ExceptionScope = "store/hook/deliveryException"

// Matches reports whether a hook's scope covers an event's. A star stands for
// one segment, at the end for one or more.
func Matches(hook, event string) bool {
	for {
		if hook == "*" {
			return event != ""
		}
		h, hookRest, hookMore := strings.Cut(hook, "/")
		e, eventRest, eventMore := strings.Cut(event, "/")
		if h != e && (h != "*" || e == "") || hookMore != eventMore {
			return false
		}
		if !hookMore {
			return true
		}
		hook, event = hookRest, eventRest
	}
}

// known are the scopes below "store/". {created,updated} stands for either,
// and # for the id of a channel or a star. What this service has nothing of
// never fires, but apps that subscribe to it too must work.
var known = expandAll(`
app/uninstalled
brand/metafield/{created,updated,deleted}
cart/{created,updated,deleted,couponApplied,abandoned,converted}
cart/lineItem/{created,updated,deleted}
cart/metafield/{created,updated,deleted}
category/{created,updated,deleted}
category/metafield/{created,updated,deleted}
channel/{created,updated}
channel/metafield/{created,updated,deleted}
channel/#/cart/{created,updated,deleted,couponApplied,abandoned,converted}
channel/#/cart/{lineItem,lineItems}/{created,updated,deleted}
channel/#/category/{created,updated,deleted}
channel/#/category/product/{assigned,unassigned}
channel/#/categoryTree/updated
channel/#/email/templates/{updated,deleted}
channel/#/inventory/product/{stock_changed,settings_changed,low_stock_reached,out_of_stock_reached}
channel/#/notifications/{abandonedCart,inventory}/updated
channel/#/order/{created,updated,archived,statusUpdated}
channel/#/order/{message,refund}/created
channel/#/page/{created,updated}
channel/#/product/{assigned,unassigned}
channel/#/script/{created,updated}
channel/#/settings/{SEO,catalog,category,checkout,currency,customerPrivacy,defaultCustomerGroup,emailStatus,locale,logo,product,profile,robots,route,searchContextFilters,security,site}/updated
channel/#/settings/{favicon,logo}/image/updated
channel/#/settings/emailStatus/deleted
channel/#/settings/locale/{added,deleted}
channel/#/settings/site/checkoutUrl/{updated,deleted}
channel/#/socialMediaLinks/updated
channel/#/theme/configuration/{created,activated}
company/{created,updated,deleted,statusUpdated}
company/{address,user}/{created,updated,deleted}
company/superadmin/assignmentUpdated
customer/{created,updated,deleted}
customer/address/{created,updated,deleted}
customer/channel/login/access/updated
customer/payment/instrument/default/updated
hook/deliveryException
information/updated
inventory/location/{created,updated,deleted}
inventory/location/metafield/{created,updated,deleted}
metafield/{created,updated,deleted}
{modifier,option}/updated
order/{created,updated,archived,statusUpdated}
order/message/created
order/refund/created
order/metafield/{created,updated,deleted}
order/transaction/{created,updated}
priceList/{created,updated,deleted,activated,deactivated}
priceList/assignment/{updated,deleted}
clientele/segment/{entered,left}
priceList/{record,records}/{created,updated,deleted}
priceLists/deleted
product/{created,updated,deleted}
product/inventory/updated
product/inventory/order/updated
product/metafield/{created,updated,deleted}
product/variant/metafield/{created,updated,deleted}
quote/{created,updated,deleted,statusUpdated}
shipment/{created,updated,deleted}
sku/{created,updated,deleted}
sku/inventory/updated
sku/inventory/order/updated
subscriber/{created,updated,deleted}
superadmin/{created,updated,deleted,assignmentUpdated}
`)

// expandAll returns the known scopes and the wildcards above them.
func expandAll(text string) map[string]bool {
	out := map[string]bool{}
	for line := range strings.FieldsSeq(text) {
		for _, s := range expand("store/" + line) {
			out[s] = true
			for at := strings.LastIndexByte(s, '/'); at > len("store"); at = strings.LastIndexByte(s[:at], '/') {
				out[s[:at]+"/*"] = true
			}
		}
	}
	// What failed is told to a hook with just that scope.
	delete(out, "store/hook/*")
	return out
}

// expand writes out what stands in braces.
func expand(s string) []string {
	before, rest, ok := strings.Cut(s, "{")
	if !ok {
		return []string{s}
	}
	inside, after, _ := strings.Cut(rest, "}")
	var out []string
	for word := range strings.SplitSeq(inside, ",") {
		out = append(out, expand(before+word+after)...)
	}
	return out
}

// KnownScope reports whether hooks can have a scope.
func KnownScope(scope string) bool {
	if known[scope] {
		return !strings.Contains(scope, "#")
	}
	rest, ok := strings.CutPrefix(scope, "store/channel/")
	if !ok {
		return false
	}
	channel, event, ok := strings.Cut(rest, "/")
	return ok && (channel == "*" || isID(channel)) && event != "" && known["store/channel/#/"+event]
}

// isID reports whether s is the decimal form of an id.
func isID(s string) bool {
	if s == "" || len(s) > 18 || s[0] == '0' {
		return false
	}
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// Scopes returns every scope that an event may have, without wildcards; # stands
// for the id of a channel.
func Scopes() []string {
	var out []string
	for s := range known {
		if !strings.HasSuffix(s, "*") {
			out = append(out, s)
		}
	}
	slices.Sort(out)
	return out
}

// elsewhere are the beginnings of scopes of what this service does not have.
var elsewhere = expandPrefixes(`
app brand cart category inventory modifier option order priceList priceLists product quote shipment sku superadmin channel/metafield
channel/#/{cart,category,categoryTree,inventory,notifications,order,page,product,script,socialMediaLinks,theme}
channel/#/settings/{SEO,catalog,category,product,searchContextFilters,security}
company/{address,user,superadmin}
`)

func expandPrefixes(text string) []string {
	var out []string
	for line := range strings.FieldsSeq(text) {
		for _, s := range expand("store/" + line) {
			out = append(out, s+"/")
		}
	}
	return out
}

// Fires reports whether events with a scope, as Scopes has them, can happen here.
// Apps that subscribe to others work too, and hear nothing.
func Fires(scope string) bool {
	return !slices.ContainsFunc(elsewhere, func(prefix string) bool { return strings.HasPrefix(scope, prefix) })
}
