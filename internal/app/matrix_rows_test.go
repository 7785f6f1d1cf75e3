package app_test

import "slices"

// admission says who may call a route of the management API, and what somebody
// who may is answered about things of another store.
type admission struct {
	// need are scopes any of which is enough; anyAccount needs none.
	need []string
	want int
	// probe asks for things that only the other store has: a query, or a path
	// below the store, where replacing the parameters of the pattern is not it.
	probe, body string
	// own is the query that asks for the store's own things.
	own string
	// shows: an answer about its own things holds the mark of the store. plain: what
	// there is to read has no place for a mark.
	shows, plain bool
	// none: no store has such a thing, so that its own is answered as another's.
	none bool
	// moves: the answer is another at each time.
	moves bool
}

var (
	anyAccount        = []string{"default"}
	readCustomers     = []string{"store_v2_customers", "store_v2_customers_read_only"}
	changeCustomers   = []string{"store_v2_customers"}
	readInformation   = []string{"store_v2_information", "store_v2_information_read_only"}
	changeInformation = []string{"store_v2_information"}
	readCards         = []string{"store_stored_payment_instruments", "store_stored_payment_instruments_read_only"}
	changeCards       = []string{"store_stored_payment_instruments"}
	readProducts      = []string{"store_v2_products", "store_v2_products_read_only"}
	changeProducts    = []string{"store_v2_products"}
	readOrders        = []string{"store_v2_orders", "store_v2_orders_read_only"}
	readCheckouts     = []string{"store_checkouts", "store_checkouts_read_only", "store_checkout_content", "store_checkout_content_read_only"}
	changeCheckouts   = []string{"store_checkouts", "store_checkout_content"}
	readChannels      = []string{"store_channel_settings", "store_channel_settings_read_only"}
	changeChannels    = []string{"store_channel_settings"}
	readSites         = []string{"store_sites", "store_sites_read_only"}
	changeSites       = []string{"store_sites"}
	makeTokens        = []string{"store_storefront_api"}
	impersonate       = []string{"store_storefront_api_customer_impersonation"}
	managePersons     = []string{"store_clientele_person"}
	revokeTokens      = []string{"store_storefront_api", "store_storefront_api_customer_impersonation"}
	transfers         = []string{"store_clientele_transfer"}
	ownHistory        = []string{"store_clientele_history"}
	manageTokens      = append(slices.Clone(revokeTokens), "store_clientele_tokens")
)

const (
	anAddress   = `"first_name":"A","last_name":"B","address1":"1 St","city":"Austin","state_or_province":"Texas","country_code":"US","postal_code":"78701"`
	anAddressV2 = `"first_name":"A","last_name":"B","street_1":"2 St","city":"Austin","state":"Texas","country":"United States","zip":"78701","phone":"1"`
	whole       = "?include=addresses,attributes,formfields,shopper_profile_id,segment_ids,storecredit"
)

// management declares every route of the management API, by method, version
// and pattern. A route without a row, and a row without a route, fails.
var management = map[string]admission{
	// Fields say which scopes they need.
	"POST Admin /graphql": {need: anyAccount, want: 200, body: `{"query":"mutation { metafield { reassignMetafieldsOwner(input: {newClientId: \"nobody\", metafieldIds: [\"bc/store/metafield/9\"]}) { metafieldIds } } }"}`},

	"GET V3 /customers":    {need: readCustomers, want: 200, probe: whole + "&id:in=9", own: whole, shows: true},
	"POST V3 /customers":   {need: changeCustomers, want: 422, body: `[{"email":"x@example.com","first_name":"A","last_name":"B","customer_group_id":9}]`},
	"PUT V3 /customers":    {need: changeCustomers, want: 422, body: `[{"id":9,"first_name":"X"}]`},
	"DELETE V3 /customers": {need: changeCustomers, want: 204, probe: "?id:in=9"},

	"GET V3 /customers/addresses":    {need: readCustomers, want: 200, probe: "?customer_id:in=9&include=formfields", own: "?include=formfields", shows: true},
	"POST V3 /customers/addresses":   {need: changeCustomers, want: 422, body: `[{"customer_id":9,` + anAddress + `}]`},
	"PUT V3 /customers/addresses":    {need: changeCustomers, want: 422, body: `[{"id":9,"city":"X"}]`},
	"DELETE V3 /customers/addresses": {need: changeCustomers, want: 204, probe: "?id:in=9"},

	"GET V3 /customers/attributes":          {need: readCustomers, want: 200, shows: true},
	"POST V3 /customers/attributes":         {need: changeCustomers, want: 422, body: `[{"name":"X","type":"nonsense"}]`},
	"PUT V3 /customers/attributes":          {need: changeCustomers, want: 422, body: `[{"id":9,"name":"X"}]`},
	"DELETE V3 /customers/attributes":       {need: changeCustomers, want: 204, probe: "?id:in=9"},
	"GET V3 /customers/attribute-values":    {need: readCustomers, want: 200, probe: "?customer_id:in=9", shows: true},
	"PUT V3 /customers/attribute-values":    {need: changeCustomers, want: 422, body: `[{"customer_id":9,"attribute_id":9,"value":"x"}]`},
	"DELETE V3 /customers/attribute-values": {need: changeCustomers, want: 204, probe: "?id:in=9"},

	"GET V3 /customers/form-field-values":   {need: readCustomers, want: 200, probe: "?customer_id=9", own: "?customer_id=1", shows: true},
	"PUT V3 /customers/form-field-values":   {need: changeCustomers, want: 422, body: `[{"customer_id":9,"name":"X","value":"x"}]`},
	"GET V3 /customers/form-fields":         {need: readCustomers, want: 200, own: "?limit=250", shows: true},
	"POST V3 /customers/form-fields":        {need: changeCustomers, want: 422, body: `{"name":"X","type":"nonsense"}`},
	"GET V3 /customers/form-fields/{id}":    {need: readCustomers, want: 404, shows: true},
	"PUT V3 /customers/form-fields/{id}":    {need: changeCustomers, want: 404, body: `{"name":"X"}`},
	"DELETE V3 /customers/form-fields/{id}": {need: changeCustomers, want: 404},

	"GET V3 /customers/metafields":                               {need: readCustomers, want: 200, shows: true},
	"POST V3 /customers/metafields":                              {need: changeCustomers, want: 422, body: `[{"resource_id":9,"namespace":"n","key":"k","value":"v","permission_set":"read"}]`},
	"PUT V3 /customers/metafields":                               {need: changeCustomers, want: 422, body: `[{"id":9,"value":"w"}]`},
	"DELETE V3 /customers/metafields":                            {need: changeCustomers, want: 422, body: `[9]`},
	"GET V3 /customers/{customerId}/metafields":                  {need: readCustomers, want: 404, shows: true},
	"POST V3 /customers/{customerId}/metafields":                 {need: changeCustomers, want: 404, body: `{"namespace":"n","key":"k","value":"v","permission_set":"read"}`},
	"GET V3 /customers/{customerId}/metafields/{metafieldId}":    {need: readCustomers, want: 404, shows: true},
	"PUT V3 /customers/{customerId}/metafields/{metafieldId}":    {need: changeCustomers, want: 404, body: `{"value":"w"}`},
	"DELETE V3 /customers/{customerId}/metafields/{metafieldId}": {need: changeCustomers, want: 404},

	"GET V3 /customers/{customerId}/consent":                       {need: readCustomers, want: 404, plain: true},
	"PUT V3 /customers/{customerId}/consent":                       {need: changeCustomers, want: 404, body: `{"allow":["targeting"],"deny":[]}`},
	"GET V3 /customers/{customerId}/stored-instruments":            {need: readCards, want: 404, shows: true},
	"POST V3 /customers/{customerId}/stored-instruments":           {need: changeCards, want: 404, body: `{"type":"stored_paypal_account","token":"some-token","is_default":true,"email":"p@example.com"}`},
	"DELETE V3 /customers/{customerId}/stored-instruments/{token}": {need: changeCards, want: 404},
	"POST V3 /customers/validate-credentials":                      {need: changeCustomers, want: 200, body: `{"email":"c9@bravomark.example","password":"a good pass 9"}`},
	"GET V3 /customers/settings":                                   {need: readCustomers, want: 200, shows: true},
	"PUT V3 /customers/settings":                                   {need: changeCustomers, want: 422, body: `{"customer_group_settings":{"guest_customer_group_id":9}}`},
	"GET V3 /customers/settings/channels/{channel_id}":             {need: readCustomers, want: 404, shows: true},
	"PUT V3 /customers/settings/channels/{channel_id}":             {need: changeCustomers, want: 404, body: `{"privacy_settings":{"policy_url":"https://example.com/x"}}`},
	"GET V3 /checkouts/settings":                                   {need: readCheckouts, want: 200, shows: true},
	"PUT V3 /checkouts/settings":                                   {need: changeCheckouts, want: 422, body: `{"checkout_type":"none"}`},
	"GET V3 /checkouts/settings/channels/{channelId}":              {need: readCheckouts, want: 422, shows: true},
	"PUT V3 /checkouts/settings/channels/{channelId}":              {need: changeCheckouts, want: 422, body: `{"custom_checkout_script_url":"https://example.com/x.js"}`},

	"GET V3 /pricelists/assignments":                 {need: readProducts, want: 200, probe: "?customer_group_id=9", plain: true},
	"POST V3 /pricelists/assignments":                {need: changeProducts, want: 422, body: `[{"price_list_id":1,"customer_group_id":9}]`},
	"DELETE V3 /pricelists/assignments":              {need: changeProducts, want: 204, probe: "?customer_group_id=9"},
	"PUT V3 /pricelists/{price_list_id}/assignments": {need: changeProducts, want: 404, body: `{"customer_group_id":9,"channel_id":0}`},

	"GET V3 /clientele/customers/{customerId}/entitlements":      {need: readCustomers, want: 404, shows: true},
	"GET V3 /clientele/channels/{channel_id}/guest-entitlements": {need: readCustomers, want: 404, plain: true},

	"GET V3 /tax/customers":    {need: readInformation, want: 200, probe: "?customer_id:in=9", shows: true},
	"PUT V3 /tax/customers":    {need: changeInformation, want: 422, body: `[{"customer_id":9,"tax_properties":{"a":"b"}}]`},
	"DELETE V3 /tax/customers": {need: changeInformation, want: 204, probe: "?customer_id:in=9"},

	"GET V3 /channels":                                                  {need: readChannels, want: 200, shows: true},
	"POST V3 /channels":                                                 {need: changeChannels, want: 422, body: `{"name":"X","type":"nonsense","platform":"custom"}`},
	"GET V3 /channels/{channel_id}":                                     {need: readChannels, want: 404, shows: true},
	"PUT V3 /channels/{channel_id}":                                     {need: changeChannels, want: 404, body: `{"name":"X"}`},
	"GET V3 /channels/{channel_id}/site":                                {need: readSites, want: 404, shows: true},
	"POST V3 /channels/{channel_id}/site":                               {need: changeSites, want: 404, body: `{"url":"https://x.example.com"}`},
	"PUT V3 /channels/{channel_id}/site":                                {need: changeSites, want: 404, body: `{"url":"https://x.example.com"}`},
	"DELETE V3 /channels/{channel_id}/site":                             {need: changeSites, want: 404},
	"PUT V3 /channels/{channel_id}/site/checkout-url":                   {need: changeSites, want: 404, body: `{"url":"https://x.example.com"}`},
	"DELETE V3 /channels/{channel_id}/site/checkout-url":                {need: changeSites, want: 404},
	"GET V3 /sites":                                                     {need: readSites, want: 200, shows: true},
	"POST V3 /sites":                                                    {need: changeSites, want: 404, body: `{"channel_id":9,"url":"https://x.example.com"}`},
	"GET V3 /sites/{site_id}":                                           {need: readSites, want: 404, shows: true},
	"PUT V3 /sites/{site_id}":                                           {need: changeSites, want: 404, body: `{"url":"https://x.example.com"}`},
	"DELETE V3 /sites/{site_id}":                                        {need: changeSites, want: 404},
	"GET V3 /marketing/email-templates":                                 {need: readInformation, want: 200, probe: "?channel_id=1", plain: true},
	"GET V3 /marketing/email-templates/{template-name}":                 {need: readInformation, want: 404, plain: true},
	"PUT V3 /marketing/email-templates/{template-name}":                 {need: changeInformation, want: 404, body: `{"subject":"X"}`},
	"DELETE V3 /marketing/email-templates/{template-name}":              {need: changeInformation, want: 404, probe: "?channel_id=1"},
	"GET V3 /settings/email-statuses":                                   {need: readInformation, want: 200, probe: "?channel_id=1", plain: true},
	"PUT V3 /settings/email-statuses":                                   {need: changeInformation, want: 422, body: `{"invoice_email":true}`},
	"GET V3 /sites/{site_id}/routes":                                    {need: readSites, want: 404, shows: true},
	"POST V3 /sites/{site_id}/routes":                                   {need: changeSites, want: 404, body: `{"type":"login","route":"/login"}`},
	"PUT V3 /sites/{site_id}/routes":                                    {need: changeSites, want: 404, body: `[{"type":"login","route":"/login"}]`},
	"GET V3 /sites/{site_id}/routes/{route_id}":                         {need: readSites, want: 404, shows: true},
	"PUT V3 /sites/{site_id}/routes/{route_id}":                         {need: changeSites, want: 404, body: `{"type":"login","matching":"*","route":"/login"}`},
	"DELETE V3 /sites/{site_id}/routes/{route_id}":                      {need: changeSites, want: 404},
	"GET V3 /clientele/search":                                          {need: readCustomers, want: 200, probe: "?q=city", own: "?q=city", shows: true},
	"GET V3 /clientele/history":                                         {need: ownHistory, want: 200, probe: "?customer_id=9", own: "?limit=250", shows: true},
	"GET V3 /clientele/companies":                                       {need: readCustomers, want: 200, probe: "?id:in=9", shows: true},
	"GET V3 /clientele/companies/{company_id}":                          {need: readCustomers, want: 404, shows: true},
	"PUT V3 /clientele/companies/{company_id}":                          {need: changeCustomers, want: 404, body: `{"status":"approved"}`},
	"GET V3 /clientele/keys":                                            {need: anyAccount, want: 200, plain: true},
	"POST V3 /clientele/persons/erase":                                  {need: managePersons, want: 404, body: `{"email":"nobody@example.com"}`},
	"GET V3 /clientele/persons/erasures/{erasure_id}":                   {need: managePersons, want: 404, plain: true, none: true},
	"GET V3 /clientele/persons/requests":                                {need: managePersons, want: 200, plain: true},
	"POST V3 /clientele/persons/requests":                               {need: managePersons, want: 422, body: `{"kind":"call","email":"nobody@example.com"}`},
	"GET V3 /clientele/persons/requests/{request_id}":                   {need: managePersons, want: 404, plain: true, none: true},
	"POST V3 /clientele/persons/requests/{request_id}/decline":          {need: managePersons, want: 404, body: `{"note":"N"}`, none: true},
	"POST V3 /clientele/persons/export":                                 {need: managePersons, want: 404, body: `{"email":"nobody@example.com"}`},
	"GET V3 /clientele/storefront-tokens":                               {need: manageTokens, want: 200, plain: true, moves: true},
	"DELETE V3 /clientele/storefront-tokens/{token_id}":                 {need: manageTokens, want: 404},
	"GET V3 /clientele/subscribers/{subscriber_id}/consents":            {need: readCustomers, want: 404, shows: true},
	"GET V3 /clientele/duplicates":                                      {need: readCustomers, want: 200, plain: true, moves: true},
	"GET V3 /clientele/duplicates/scan":                                 {need: readCustomers, want: 200, plain: true, moves: true},
	"POST V3 /clientele/duplicates/scan":                                {need: changeCustomers, want: 202},
	"PUT V3 /clientele/duplicates/{duplicate_id}":                       {need: changeCustomers, want: 404, body: `{"is_dismissed":true}`, none: true},
	"GET V3 /clientele/merges":                                          {need: readCustomers, want: 200, plain: true},
	"POST V3 /clientele/merges":                                         {need: changeCustomers, want: 422, body: `{"keep":9,"merge":[8],"etag":"x"}`},
	"POST V3 /clientele/merges/preview":                                 {need: changeCustomers, want: 422, body: `{"keep":9,"merge":[8]}`},
	"GET V3 /clientele/merges/{merge_id}":                               {need: readCustomers, want: 404, plain: true, none: true},
	"POST V3 /clientele/merges/{merge_id}/undo":                         {need: changeCustomers, want: 404, none: true},
	"GET V3 /clientele/impersonations":                                  {need: []string{"store_clientele_impersonate"}, want: 200, plain: true},
	"POST V3 /clientele/impersonations":                                 {need: []string{"store_clientele_impersonate"}, want: 422, body: `{"customer_id":99,"reason":"R","minutes":5}`},
	"DELETE V3 /clientele/impersonations/{impersonation_id}":            {need: []string{"store_clientele_impersonate"}, want: 404},
	"GET V3 /clientele/customers/{customerId}/credit":                   {need: readCustomers, want: 404, plain: true},
	"POST V3 /clientele/customers/{customerId}/credit":                  {need: changeCustomers, want: 404, body: `{"kind":"credit","amount":1}`},
	"GET V3 /clientele/customers/{customerId}/comments":                 {need: readCustomers, want: 404, shows: true},
	"POST V3 /clientele/customers/{customerId}/comments":                {need: changeCustomers, want: 404, body: `{"text":"T"}`},
	"PUT V3 /clientele/customers/{customerId}/comments/{comment_id}":    {need: changeCustomers, want: 404, body: `{"text":"T"}`},
	"DELETE V3 /clientele/customers/{customerId}/comments/{comment_id}": {need: changeCustomers, want: 404},
	"POST V3 /clientele/bounces":                                        {need: changeCustomers, want: 422, body: `{"email":"a@example.com","kind":"soft"}`},
	"POST V3 /clientele/reconsents":                                     {need: changeCustomers, want: 422, body: `{"email":"a@example.com","ground":""}`},
	"GET V3 /clientele/views":                                           {need: readCustomers, want: 200, probe: "?list=customers", shows: true},
	"POST V3 /clientele/views":                                          {need: changeCustomers, want: 422, body: `{"list":"orders","name":"N","query":""}`},
	"DELETE V3 /clientele/views/{view_id}":                              {need: changeCustomers, want: 404},
	"GET V3 /clientele/figures":                                         {need: readCustomers, want: 200, plain: true, moves: true},
	"GET V3 /clientele/customers/{customerId}/locale":                   {need: readCustomers, want: 404, plain: true},
	"PUT V3 /clientele/customers/{customerId}/locale":                   {need: changeCustomers, want: 404, body: `{"locale":"de"}`},
	"POST V3 /storefront/api-token":                                     {need: makeTokens, want: 422, body: `{"channel_id":9,"expires_at":4000000000}`},
	"DELETE V3 /storefront/api-token":                                   {need: revokeTokens, want: 422},
	"POST V3 /storefront/api-token-private":                             {need: makeTokens, want: 422, body: `{"channel_id":9,"expires_at":4000000000,"scopes":["Customer"]}`},
	"POST V3 /storefront/api-token-customer-impersonation":              {need: impersonate, want: 422, body: `{"channel_id":9,"expires_at":4000000000}`},
	"GET V3 /clientele/segments/{segmentId}/rule":                       {need: readCustomers, want: 404, none: true, plain: true},
	"PUT V3 /clientele/segments/{segmentId}/rule":                       {need: changeCustomers, want: 404, body: `{"rule":"id = 9"}`},
	"DELETE V3 /clientele/segments/{segmentId}/rule":                    {need: changeCustomers, want: 404, none: true},
	"POST V3 /clientele/segments/preview":                               {need: changeCustomers, want: 200, body: `{"rule":"id >= 1"}`, plain: true},
	"GET V3 /clientele/imports":                                         {need: transfers, want: 200, plain: true},
	"POST V3 /clientele/imports":                                        {need: transfers, want: 422},
	"GET V3 /clientele/imports/{import_id}":                             {need: transfers, want: 404, plain: true, none: true},
	"GET V3 /clientele/imports/{import_id}/errors":                      {need: transfers, want: 404, plain: true, none: true},
	"GET V3 /clientele/imports/{import_id}/warnings":                    {need: transfers, want: 404, plain: true, none: true},
	"POST V3 /clientele/imports/{import_id}/cancel":                     {need: transfers, want: 404},
	"POST V3 /clientele/imports/{import_id}/resume":                     {need: transfers, want: 404},
	"POST V3 /clientele/imports/{import_id}/undo":                       {need: transfers, want: 404},
	"GET V3 /clientele/exports":                                         {need: transfers, want: 200, plain: true},
	"POST V3 /clientele/exports":                                        {need: transfers, want: 422},
	"GET V3 /clientele/exports/{export_id}":                             {need: transfers, want: 404, plain: true, none: true},
	"GET V3 /clientele/exports/{export_id}/file":                        {need: transfers, want: 404, plain: true, none: true},
	"POST V3 /clientele/exports/{export_id}/cancel":                     {need: transfers, want: 404},

	"GET V3 /customers/subscribers":                                 {need: readCustomers, want: 200, probe: "?id=9", shows: true},
	"POST V3 /customers/subscribers":                                {need: changeCustomers, want: 422, body: `{"email":"x@example.com","channel_id":9}`},
	"DELETE V3 /customers/subscribers":                              {need: changeCustomers, want: 204, probe: "?email=reader9@bravomark.example"},
	"GET V3 /customers/subscribers/{subscriber_id}":                 {need: readCustomers, want: 404, shows: true},
	"PUT V3 /customers/subscribers/{subscriber_id}":                 {need: changeCustomers, want: 404, body: `{"first_name":"X"}`},
	"POST V3 /customers/subscribers/{subscriber_id}":                {need: changeCustomers, want: 404, body: `{"first_name":"X"}`},
	"DELETE V3 /customers/subscribers/{subscriber_id}":              {need: changeCustomers, want: 204},
	"GET V3 /customers/subscribers/{subscriber_id}/consent-history": {need: readCustomers, want: 404, plain: true},

	"GET V3 /segments":                                            {need: readCustomers, want: 200, shows: true},
	"POST V3 /segments":                                           {need: changeCustomers, want: 400, body: `[{"name":""}]`},
	"PUT V3 /segments":                                            {need: changeCustomers, want: 400, body: `[{"id":"b0000000-0000-4000-8000-000000001009","name":"X"}]`},
	"DELETE V3 /segments":                                         {need: changeCustomers, want: 204, probe: "?id:in=b0000000-0000-4000-8000-000000001009"},
	"GET V3 /segments/{segmentId}/shopper-profiles":               {need: changeCustomers, want: 404, plain: true},
	"POST V3 /segments/{segmentId}/shopper-profiles":              {need: changeCustomers, want: 404, body: `["b0000000-0000-4000-8000-000000002009"]`},
	"DELETE V3 /segments/{segmentId}/shopper-profiles":            {need: changeCustomers, want: 404, probe: "?id:in=b0000000-0000-4000-8000-000000002009"},
	"GET V3 /shopper-profiles":                                    {need: readCustomers, want: 200, plain: true},
	"POST V3 /shopper-profiles":                                   {need: changeCustomers, want: 400, body: `[{"customer_id":9}]`},
	"DELETE V3 /shopper-profiles":                                 {need: changeCustomers, want: 204, probe: "?id:in=b0000000-0000-4000-8000-000000002009"},
	"GET V3 /shopper-profiles/{shopperProfileId}/segments":        {need: readCustomers, want: 404, shows: true},
	"GET V3 /hooks":                                               {need: anyAccount, want: 200, shows: true},
	"POST V3 /hooks":                                              {need: anyAccount, want: 422, body: `{"scope":"store/nonsense","destination":"http://127.0.0.1:1/"}`},
	"GET V3 /hooks/admin":                                         {need: anyAccount, want: 200, plain: true},
	"PUT V3 /hooks/admin":                                         {need: anyAccount, want: 422, body: `{"emails":["nonsense"]}`},
	"GET V3 /hooks/{webhook_id}":                                  {need: anyAccount, want: 404, shows: true},
	"PUT V3 /hooks/{webhook_id}":                                  {need: anyAccount, want: 404, body: `{"is_active":false}`},
	"DELETE V3 /hooks/{webhook_id}":                               {need: anyAccount, want: 404},
	"GET V3 /hooks/{webhook_id}/deliveries":                       {need: anyAccount, want: 404, plain: true},
	"GET V3 /hooks/{webhook_id}/deliveries/{delivery_id}":         {need: anyAccount, want: 404, shows: true},
	"POST V3 /hooks/{webhook_id}/deliveries/{delivery_id}/replay": {need: anyAccount, want: 404},
	"POST V3 /hooks/{webhook_id}/replay":                          {need: anyAccount, want: 404, body: `{"since":"2020-01-01T00:00:00Z"}`},
	"POST V3 /hooks/{webhook_id}/test":                            {need: anyAccount, want: 404},

	"GET V3 /wishlists":                                  {need: readCustomers, want: 200, probe: "?customer_id=9", shows: true},
	"POST V3 /wishlists":                                 {need: changeCustomers, want: 422, body: `{"customer_id":9,"is_public":false,"name":"X","items":[]}`},
	"GET V3 /wishlists/{wishlist_id}":                    {need: readCustomers, want: 404, shows: true},
	"PUT V3 /wishlists/{wishlist_id}":                    {need: changeCustomers, want: 404, body: `{"customer_id":9,"is_public":false,"name":"X","items":[]}`},
	"DELETE V3 /wishlists/{wishlist_id}":                 {need: changeCustomers, want: 204},
	"POST V3 /wishlists/{wishlist_id}/items":             {need: changeCustomers, want: 404, body: `{"items":[{"product_id":5}]}`},
	"DELETE V3 /wishlists/{wishlist_id}/items/{item_id}": {need: changeCustomers, want: 404},

	"GET V2 /customers":                                         {need: readCustomers, want: 204, probe: "?min_id=9", shows: true},
	"POST V2 /customers":                                        {need: changeCustomers, want: 400, body: `{"email":"x@example.com","first_name":"A","last_name":"B","customer_group_id":9}`},
	"DELETE V2 /customers":                                      {need: changeCustomers, want: 400, probe: "?nonsense=9"},
	"GET V2 /customers/count":                                   {need: readCustomers, want: 200, probe: "?min_id=9", plain: true},
	"GET V2 /customers/{customer_id}":                           {need: readCustomers, want: 404, shows: true},
	"PUT V2 /customers/{customer_id}":                           {need: changeCustomers, want: 404, body: `{"first_name":"X"}`},
	"DELETE V2 /customers/{customer_id}":                        {need: changeCustomers, want: 404},
	"POST V2 /customers/{customer_id}/validate":                 {need: changeCustomers, want: 404, body: `{"password":"a good pass 9"}`},
	"GET V2 /customers/{customer_id}/addresses":                 {need: readCustomers, want: 404, shows: true},
	"POST V2 /customers/{customer_id}/addresses":                {need: changeCustomers, want: 404, body: `{` + anAddressV2 + `}`},
	"DELETE V2 /customers/{customer_id}/addresses":              {need: changeCustomers, want: 404},
	"GET V2 /customers/{customer_id}/addresses/count":           {need: readCustomers, want: 404, plain: true},
	"GET V2 /customers/{customer_id}/addresses/{address_id}":    {need: readCustomers, want: 404, shows: true},
	"PUT V2 /customers/{customer_id}/addresses/{address_id}":    {need: changeCustomers, want: 404, body: `{"city":"X"}`},
	"DELETE V2 /customers/{customer_id}/addresses/{address_id}": {need: changeCustomers, want: 404},
	"GET V2 /customers/addresses/{address_id}":                  {need: readCustomers, want: 404, shows: true},
	"GET V2 /customer_groups":                                   {need: readCustomers, want: 200, shows: true},
	"POST V2 /customer_groups":                                  {need: changeCustomers, want: 400, body: `{"name":""}`},
	"DELETE V2 /customer_groups":                                {need: changeCustomers, want: 400, probe: "?nonsense=9"},
	"GET V2 /customer_groups/count":                             {need: readCustomers, want: 200, plain: true},
	"GET V2 /customer_groups/{customer_group_id}":               {need: readCustomers, want: 404, shows: true},
	"PUT V2 /customer_groups/{customer_group_id}":               {need: changeCustomers, want: 404, body: `{"name":"X"}`},
	"DELETE V2 /customer_groups/{customer_group_id}":            {need: changeCustomers, want: 404},

	"GET V2 /countries":                                {need: readInformation, want: 200, plain: true},
	"GET V2 /countries/count":                          {need: readInformation, want: 200, plain: true},
	"GET V2 /countries/{country_id}":                   {need: readInformation, want: 200, plain: true},
	"GET V2 /countries/states":                         {need: readInformation, want: 200, plain: true},
	"GET V2 /countries/states/count":                   {need: readInformation, want: 200, plain: true},
	"GET V2 /countries/{country_id}/states":            {need: readInformation, want: 200, plain: true},
	"GET V2 /countries/{country_id}/states/count":      {need: readInformation, want: 200, plain: true},
	"GET V2 /countries/states/{state_id}":              {need: readInformation, want: 200, plain: true},
	"GET V2 /countries/{country_id}/states/{state_id}": {need: readInformation, want: 200, plain: true},
	"GET V2 /store":                                    {need: readInformation, want: 200, shows: true},
	"GET V2 /time":                                     {need: readInformation, want: 200, plain: true, moves: true},
	"GET V2 /orders":                                   {need: readOrders, want: 204, probe: "?customer_id=9", plain: true},
	"GET V2 /orders/count":                             {need: readOrders, want: 200, plain: true},
	"GET V2 /orders/{order_id}":                        {need: readOrders, want: 404, plain: true},
	"GET V2 /orders/{order_id}/products":               {need: readOrders, want: 404, plain: true},
	"GET V2 /orders/{order_id}/products/{product_id}":  {need: readOrders, want: 404, plain: true},
	"GET V2 /hooks":                                    {need: anyAccount, want: 200, shows: true},
	"POST V2 /hooks":                                   {need: anyAccount, want: 400, body: `{"scope":"store/nonsense","destination":"http://127.0.0.1:1/"}`},
	"GET V2 /hooks/{webhook_id}":                       {need: anyAccount, want: 404, shows: true},
	"PUT V2 /hooks/{webhook_id}":                       {need: anyAccount, want: 404, body: `{"is_active":false}`},
	"DELETE V2 /hooks/{webhook_id}":                    {need: anyAccount, want: 404},
}
