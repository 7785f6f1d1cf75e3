package app_test

const (
	memberAddress   = `"first_name":"Mem","last_name":"Ber","company":"Co","address1":"5 Lane","address2":"Unit 3","city":"Akron","state_or_province":"Ohio","postal_code":"44325","country_code":"US","phone":"330","address_type":"commercial"`
	memberAddressV2 = `"first_name":"Mem","last_name":"Ber","company":"Co","street_1":"7 Lane","street_2":"Unit 4","city":"Akron","state":"Ohio","zip":"44325","country":"United States","phone":"330","address_type":"commercial"`
	memberAccountV2 = `"_authentication":{"force_reset":true,"password":"seven-Lamps-7","password_confirmation":"seven-Lamps-7"},"company":"Co","first_name":"Mem","last_name":"Ber","phone":"330","store_credit":"12.5000","registration_ip_address":"203.0.113.9","customer_group_id":1,"notes":"N","tax_exempt_category":"T","reset_pass_on_login":true`
	memberAccount   = `"first_name":"Mem","last_name":"Ber","company":"Co","phone":"330","notes":"N","tax_exempt_category":"T","customer_group_id":2,"authentication":{"force_password_reset":true,"new_password":"seven-Lamps-7"},"accepts_product_review_abandoned_cart_emails":true,"store_credit_amounts":[{"amount":12.5}]`
	memberHook      = `"headers":{"X-Member":"b"},"is_active":false`
	memberMerge     = `"keep":1,"merge":[2],"keep_sign_in":true,"take":{"email":1,"first_name":1,"last_name":1,"company":1,"phone":1,"notes":1,"tax_exempt_category":1,"customer_group_id":1,"locale":1,"password":1,"attributes":{"1":1},"form_fields":{"1":1}}`
	memberMetafield = `"permission_set":"read","namespace":"members","value":"v","description":"d"`
	memberCheckout  = `"checkout_type":"custom","guest_checkout_type":"no_guest_checkout","guest_checkout_for_existing_accounts":"encourage_login","policy_consent":"express","order_confirmation_contact_email":"o@example.com","is_order_terms_and_conditions_enabled":true,"order_terms_and_conditions_type":"textarea","order_terms_and_conditions_link":"https://example.com/t","order_terms_and_conditions_textarea":"T","should_redirect_to_storefront_for_auth":true,"custom_checkout_script_url":"https://example.com/c.js","order_confirmation_use_custom_checkout_script":true,"custom_order_confirmation_script_url":"webdav:o/auto-loader.js","custom_checkout_supports_uco_settings":true,"custom_checkout_sri_hash":"sha256-1234567890","custom_order_confirmation_sri_hash":"sha384-0987654321"`
	memberBilling   = `"billing_address":{"first_name":"Mem","last_name":"Ber","email":"m@example.com","company":"Co","address1":"1 St","address2":"U","city":"Akron","postal_code":"44325","state_or_province":"Ohio","state_or_province_code":"OH","country_code":"US","phone":"330"}`
)

var (
	kept            = func(paths ...any) map[string]any { return pairs(paths) }
	keptOfDates     = []string{"date_created", "date_modified"}
	readOfHook      = []string{"id", "client_id", "store_hash", "created_at", "updated_at"}
	readOfMerges    = []string{"id", "customer_id", "merged_customer_ids", "actor", "date_created", "can_undo_until", "date_undone", "left"}
	readOfMetas     = []string{"id", "resource_type", "owner_client_id", "date_created", "date_modified"}
	unseenOfV2      = map[string]string{"_authentication.password": "TestPasswordsOfMembers", "_authentication.password_confirmation": "TestPasswordsOfMembers", "_authentication.force_reset": "TestPasswordsOfMembers"}
	unseenOfTokens  = map[string]string{"channel_id": "TestStorefrontTokenOperations", "channel_ids": "TestStorefrontTokenRules", "expires_at": "TestStorefrontTokenRules", "allowed_cors_origins": "TestStorefrontTokenOperations", "scopes": "TestStorefrontTokenRules"}
	groupsOfMembers = []writing{{body: `{"name":"Members 2","is_group_for_guests":true,"discount_rules":[{"type":"price_list","price_list_id":3}]}`, readOnly: []string{"id", "date_created"}}}
)

func pairs(list []any) map[string]any {
	out := map[string]any{}
	for i := 0; i < len(list); i += 2 {
		out[list[i].(string)] = list[i+1]
	}
	return out
}

// writes says of each operation with a body what becomes of its members.
var writes = map[string]writing{
	"createCustomers": {path: "/v3/customers",
		body: `[{"email":"member3@alphamark.example",` + memberAccount + `,"addresses":[{` + memberAddress + `,"form_fields":[{"name":"alphamark note","value":"n"}]}],"attributes":[{"attribute_id":1,"attribute_value":"x"}],"origin_channel_id":2,"channel_ids":[2],"form_fields":[{"name":"alphamark question 2","value":"q"}],"trigger_account_created_notification":true}]`,
		read: "/v3/customers?id:in={id}&include=addresses,attributes,formfields,storecredit", at: "data.0",
		unseen:   map[string]string{"authentication.new_password": "TestPasswordsOfMembers", "trigger_account_created_notification": "TestAccountCreatedEmail"},
		readOnly: []string{"id", "registration_ip_address", "date_created", "date_modified", "address_count", "attribute_count", "shopper_profile_id", "segment_ids"}},
	"updateCustomers": {path: "/v3/customers",
		body: `[{"id":1,"email":"member1@alphamark.example",` + memberAccount + `,"channel_ids":[1,2],"form_fields":[{"name":"alphamark question 1","value":"q"}]}]`,
		read: "/v3/customers?id:in=1&include=formfields,storecredit", at: "data.0",
		unseen: map[string]string{"authentication.new_password": "TestPasswordsOfMembers"},
		kept:   kept("0.registration_ip_address", "203.0.113.9", "0.origin_channel_id", 2, "0.form_fields.0.customer_id", 2),
		passed: []string{"date_created", "date_modified", "address_count", "attribute_count", "shopper_profile_id", "segment_ids", "addresses", "attributes"}},
	"createCustomersAddresses": {path: "/v3/customers/addresses",
		body: `[{"customer_id":1,` + memberAddress + `,"form_fields":[{"name":"alphamark note","value":"n"}]}]`,
		read: "/v3/customers/addresses?id:in={id}&include=formfields", at: "data.0", readOnly: []string{"id", "country"}},
	"updateCustomersAddresses": {path: "/v3/customers/addresses",
		body: `[{"id":2,` + memberAddress + `,"form_fields":[{"name":"alphamark note","value":"n"}]}]`,
		read: "/v3/customers/addresses?id:in=2&include=formfields", at: "data.0",
		kept: kept("0.customer_id", 1, "0.country", "Germany", "0.form_fields.0.address_id", 1)},
	"createCustomersAttributes": {path: "/v3/customers/attributes", body: `[{"name":"Members","type":"number"}]`, read: "/v3/customers/attributes?name=Members", at: "data.0",
		readOnly: []string{"id", "date_created", "date_modified"}},
	"updateCustomersAttributes": {path: "/v3/customers/attributes", body: `[{"id":2,"name":"Renamed"}]`, read: "/v3/customers/attributes?name=Renamed", at: "data.0",
		kept: kept("0.type", "number"), passed: keptOfDates},
	"upsertCustomersAttributeValues": {path: "/v3/customers/attribute-values", body: `[{"attribute_id":1,"customer_id":1,"value":"new"}]`, at: "data.0",
		read: "/v3/customers/attribute-values?customer_id:in=1", shown: map[string]string{"value": "attribute_value"},
		passed: []string{"id", "attribute_value", "date_created", "date_modified"}},
	"updateCustomerFormFieldValues": {path: "/v3/customers/form-field-values", body: `[{"name":"alphamark question 2","value":"z","customer_id":1}]`, at: "data.0",
		more: []writing{{body: `[{"name":"alphamark note","value":"z","address_id":1}]`, at: "data.0"}}},
	"createFormField": {path: "/v3/customers/form-fields",
		body: `{"form":"address","name":"Member text","type":"text","required":true,"label":"L","sort_order":50,"max_length":20,"default":"d"}`,
		read: "/v3/customers/form-fields/{id}", at: "data", readOnly: []string{"id", "built_in", "date_created", "date_modified"},
		more: []writing{
			{body: `{"form":"address","name":"Member number","type":"number","min":1,"max":9,"default":"5"}`, at: "data"},
			{body: `{"form":"address","name":"Member choice","type":"dropdown","placeholder":"P","choices":["a","b"],"translations":{"de":{"label":"Wahl","placeholder":"W","choices":{"a":"A"}}}}`, at: "data"},
			{body: `{"form":"address","name":"Member rows","type":"multiline","rows":4}`, at: "data"},
		}},
	"updateFormField": {path: "/v3/customers/form-fields/{field+2}",
		body: `{"form":"address","name":"Member text b","type":"text","required":false,"label":"M","sort_order":51,"max_length":21,"default":"e"}`,
		read: "/v3/customers/form-fields/{id}", at: "data", kept: kept("id", 1), passed: []string{"built_in", "date_created", "date_modified"},
		more: []writing{
			{path: "/v3/customers/form-fields/{field+3}", body: `{"min":2,"max":8,"default":"6"}`, at: "data"},
			{path: "/v3/customers/form-fields/{field+4}", body: `{"placeholder":"Q","choices":["a","c"],"translations":{"de":{"label":"Auswahl","placeholder":"W","choices":{"a":"A"}}}}`, at: "data"},
			{path: "/v3/customers/form-fields/{field+5}", body: `{"rows":5}`, at: "data"},
		}},
	"createCreditEntry": {path: "/v3/clientele/customers/1/credit", body: `{"kind":"credit","amount":3.25,"expires_at":"2190-01-02T00:00:00Z","reason":"R","reference":"order 17"}`,
		read: "/v3/clientele/customers/1/credit", at: "data.0",
		readOnly: []string{"id", "customer_id", "balance", "remaining", "reverted_by", "actor", "date_created"},
		more:     []writing{{body: `{"kind":"revert","entry_id":1}`, read: "/v3/clientele/customers/1/credit", at: "data.0"}}},
	"erasePerson": {path: "/v3/clientele/persons/erase", body: `{"email":"member3@alphamark.example","reason":"R","preview":true}`, at: "data",
		unseen: map[string]string{"reason": "TestPersonsLeaveEntries", "email": "TestPersonIsErased", "preview": "TestPersonIsErased"}},
	"exportPerson": {path: "/v3/clientele/persons/export", body: `{"email":"member3@alphamark.example","reason":"R"}`, reads: true,
		read: "/v3/customers?id:in=1", at: "data.0", unseen: map[string]string{"email": "TestPersonIsExported", "reason": "TestPersonsLeaveEntries"}},
	"createPersonRequest": {path: "/v3/clientele/persons/requests", body: `{"kind":"export","email":"asks@alphamark.example","note":"N","date_received":"2025-01-02T00:00:00Z"}`,
		read: "/v3/clientele/persons/requests?limit=1", at: "data.0", readOnly: []string{"id", "state", "address_hash", "erasure_id", "date_due", "date_done"}},
	"declinePersonRequest": {path: "/v3/clientele/persons/requests/1/decline", body: `{"note":"N"}`, elsewhere: "TestPersonRequestsByAPI",
		readOnly: []string{"id", "kind", "state", "email", "address_hash", "erasure_id", "date_received", "date_due", "date_done"}},
	"createExport": {path: "/v3/clientele/exports",
		body: `{"format":"csv","kind":"subscribers","since":"2026-01-02T00:00:00Z","segment_id":"a0000000-0000-4000-8000-000000001001","consent":"none","raw":true}`,
		read: "/v3/clientele/exports?limit=1", at: "data.0", readOnly: []string{"id", "state", "records", "file", "error", "date_created", "date_modified", "date_ended"}},
	"updateCompany": {path: "/v3/clientele/companies/1", body: `{"status":"approved"}`, read: "/v3/clientele/companies/1", at: "data",
		readOnly: []string{"id", "customer_id", "channel_id", "name", "email", "phone", "address", "extra_fields", "files", "date_created", "date_modified"}},
	"createImpersonation": {path: "/v3/clientele/impersonations", body: `{"customer_id":1,"reason":"R","minutes":5,"channel_id":1}`,
		read: "/v3/clientele/impersonations?limit=1", at: "data.0", unseen: map[string]string{"minutes": "TestImpersonations"},
		readOnly: []string{"id", "status", "url", "actor", "expires_at", "date_created", "date_used", "date_ended", "end_reason"}},
	"createMerge":     {path: "/v3/clientele/merges", body: `{` + memberMerge + `,"etag":"x"}`, elsewhere: "TestMerges", readOnly: readOfMerges},
	"previewMerge":    {path: "/v3/clientele/merges/preview", body: `{` + memberMerge + `}`, reads: true, elsewhere: "TestMerges", readOnly: readOfMerges},
	"updateDuplicate": {path: "/v3/clientele/duplicates/1", body: `{"is_dismissed":true}`, elsewhere: "TestDuplicates", readOnly: []string{"id", "customer_ids", "score", "reasons", "date_created"}},
	"createCustomerComment": {path: "/v3/clientele/customers/1/comments", body: `{"text":"T","pinned":true}`, read: "/v3/clientele/customers/1/comments", at: "data.0",
		readOnly: []string{"id", "customer_id", "author", "date_created", "date_modified"}},
	"updateCustomerComment": {path: "/v3/clientele/customers/1/comments/1", body: `{"text":"U","pinned":false}`, at: "data",
		readOnly: []string{"id", "customer_id", "author", "date_created", "date_modified"}},
	"reportBounce": {path: "/v3/clientele/bounces", body: `{"email":"bounced@alphamark.example","kind":"hard","reason":"R"}`, at: "data", readOnly: []string{"via", "date_created"}},
	"recordReconsent": {path: "/v3/clientele/reconsents", body: `{"email":"anew@alphamark.example","first_name":"A","last_name":"B","channel_id":1,"consents":["marketing_newsletter"],"ground":"G"}`, at: "data",
		readOnly: []string{"subscriber_id"}, unseen: map[string]string{"ground": "TestLeft"}},
	"createSavedView": {path: "/v3/clientele/views", body: `{"list":"customers","name":"N","query":"q=berlin"}`, read: "/v3/clientele/views", at: "data.0",
		readOnly: []string{"id", "date_created"}},
	"updateCustomerLocale": {path: "/v3/clientele/customers/1/locale", body: `{"locale":"de"}`, read: "/v3/clientele/customers/1/locale", at: "data"},
	"createPriceListAssignments": {path: "/v3/pricelists/assignments", body: `[{"price_list_id":7,"customer_group_id":1,"channel_id":1}]`,
		read: "/v3/pricelists/assignments?price_list_id=7", at: "data.0", readOnly: []string{"id"}},
	"upsertPriceListAssignment": {path: "/v3/pricelists/8/assignments", body: `{"customer_group_id":1,"channel_id":1}`, at: "data", kept: kept("price_list_id", 9)},
	"createCustomerMetafields": {path: "/v3/customers/1/metafields", body: `{"key":"k1",` + memberMetafield + `}`, read: "/v3/customers/1/metafields/{id}", at: "data",
		readOnly: append([]string{"resource_id"}, readOfMetas...)},
	"createCustomersMetafields": {path: "/v3/customers/metafields", body: `[{"resource_id":1,"key":"k2",` + memberMetafield + `}]`, at: "data.0", readOnly: readOfMetas},
	"updateCustomerMetafield": {path: "/v3/customers/1/metafields/1", body: `{"key":"k3",` + memberMetafield + `}`, read: "/v3/customers/1/metafields/1", at: "data",
		kept: kept("id", 2, "resource_id", 2, "owner_client_id", "another"), passed: []string{"resource_type", "date_created", "date_modified"}},
	"updateCustomersMetafields": {path: "/v3/customers/metafields", body: `[{"id":2,"key":"k4",` + memberMetafield + `}]`, at: "data.0",
		kept: kept("0.resource_id", 1, "0.owner_client_id", "another"), passed: []string{"resource_type", "date_created", "date_modified"}},
	"updateCustomerConsent": {path: "/v3/customers/1/consent", body: `{"allow":["functional"],"deny":["targeting"]}`, read: "/v3/customers/1/consent", passed: []string{"updated_at"}},
	"putCustomerStoredInstrument": {path: "/v3/customers/1/stored-instruments",
		body: `{"type":"stored_card","token":"members-card","is_default":true,"brand":"VISA","expiry_month":5,"expiry_year":2031,"issuer_identification_number":"411111","last_4":"1111",` + memberBilling + `}`,
		more: []writing{
			{body: `{"type":"stored_paypal_account","token":"members-paypal","is_default":true,"email":"p@example.com"}`},
			{body: `{"type":"stored_bank_account","token":"members-bank","is_default":true,"masked_account_number":"x1234","issuer":"Bank"}`},
		}},
	"updateCustomersSettings": {path: "/v3/customers/settings", read: "/v3/customers/settings", at: "data",
		body: `{"customer_group_settings":{"default_customer_group_id":1,"guest_customer_group_id":2},"privacy_settings":{"ask_shopper_for_tracking_consent":true,"ask_shopper_for_tracking_consent_on_checkout":true,"policy_url":"https://example.com/p"}}`},
	"updateCustomersSettingsChannel": {path: "/v3/customers/settings/channels/2", read: "/v3/customers/settings/channels/2", at: "data",
		body: `{"allow_global_logins":true,"customer_group_settings":{"default_customer_group_id":2,"guest_customer_group_id":1},"privacy_settings":{"ask_shopper_for_tracking_consent":true,"ask_shopper_for_tracking_consent_on_checkout":true,"policy_url":"https://example.com/q"}}`},
	"updateCheckoutSettings":        {path: "/v3/checkouts/settings", read: "/v3/checkouts/settings", at: "data", body: `{` + memberCheckout + `}`},
	"updateChannelCheckoutSettings": {path: "/v3/checkouts/settings/channels/2", read: "/v3/checkouts/settings/channels/2", at: "data", body: `{` + memberCheckout + `}`},
	"validateCustomerCredentials": {path: "/v3/customers/validate-credentials", body: `{"email":"member1@alphamark.example","password":"seven-Lamps-7","channel_id":1}`,
		unseen: map[string]string{"email": "TestValidateCredentials", "password": "TestValidateCredentials", "channel_id": "TestValidateCredentials"}},
	"updateTaxCustomers": {path: "/v3/tax/customers", body: `[{"customer_id":1,"tax_properties":{"exemption":"b"}}]`, read: "/v3/tax/customers?customer_id:in=1", at: "data.0"},

	"createSubscriber": {path: "/v3/customers/subscribers", body: `{"email":"member.s@alphamark.example","first_name":"Mem","last_name":"Ber","source":"custom","order_id":5,"channel_id":2,"consents":["abandoned_cart"]}`,
		read: "/v3/customers/subscribers/{id}", at: "data", readOnly: []string{"id", "date_created", "date_modified"}},
	"updateSubscriber": {path: "/v3/customers/subscribers/2", body: `{"email":"member.t@alphamark.example","first_name":"Mem","last_name":"Ber","source":"order","order_id":6,"channel_id":2,"consents":["abandoned_cart"]}`,
		read: "/v3/customers/subscribers/2", at: "data", kept: kept("id", 1), passed: keptOfDates},
	"updateSubscriberByPost": {path: "/v3/customers/subscribers/2", body: `{"email":"member.p@alphamark.example","first_name":"Mem","last_name":"Ber","source":"order","order_id":6,"channel_id":2,"consents":["abandoned_cart"]}`,
		read: "/v3/customers/subscribers/2", at: "data", kept: kept("id", 1), passed: keptOfDates},
	"createSegments": {path: "/v3/segments", body: `[{"name":"Members","description":"D"}]`, read: "/v3/segments?id:in={id}", at: "data.0", readOnly: []string{"id", "created_at", "updated_at"}},
	"updateSegments": {path: "/v3/segments", body: `[{"id":"a0000000-0000-4000-8000-000000001001","name":"Members 1","description":"E"}]`, at: "data.0",
		read: "/v3/segments?id:in=a0000000-0000-4000-8000-000000001001", passed: []string{"created_at", "updated_at"}},
	"updateSegmentRule": {path: "/v3/clientele/segments/a0000000-0000-4000-8000-000000001002/rule", body: `{"rule":"id = 999","customer_group_id":2,"priority":5,"overrides_manual_group":true}`,
		read: "/v3/clientele/segments/a0000000-0000-4000-8000-000000001002/rule", at: "data",
		readOnly: []string{"segment_id", "segment_name", "tree", "state", "progress", "created_at", "updated_at"}},
	"previewSegmentRule":    {path: "/v3/clientele/segments/preview", body: `{"rule":"id = 1"}`, at: "data"},
	"createShopperProfiles": {path: "/v3/shopper-profiles", body: `[{"customer_id":3}]`, at: "data.0", readOnly: []string{"id", "created_at", "updated_at"}},

	"createWishlist": {path: "/v3/wishlists", body: `{"customer_id":1,"name":"Members","is_public":true,"items":[{"product_id":5,"variant_id":6}]}`,
		read: "/v3/wishlists/{id}", at: "data", readOnly: []string{"id", "token"}},
	"updateWishlist": {path: "/v3/wishlists/2", body: `{"customer_id":2,"name":"Members","is_public":false,"items":[{"id":2,"product_id":5,"variant_id":6}]}`,
		read: "/v3/wishlists/2", at: "data", kept: kept("customer_id", 1, "id", 1, "token", "d2d55481-13eb-4d1e-9d79-9062b518570d")},
	"addWishlistItem": {path: "/v3/wishlists/1/items", body: `{"items":[{"product_id":77,"variant_id":3}]}`, read: "/v3/wishlists/1", at: "data"},

	"createWebhook":       {path: "/v3/hooks", body: `{"scope":"store/customer/created","destination":"http://127.0.0.1:1/m3",` + memberHook + `}`, read: "/v3/hooks/{id}", at: "data", readOnly: readOfHook},
	"updateWebhook":       {path: "/v3/hooks/2", body: `{"scope":"store/customer/updated","destination":"http://127.0.0.1:1/m4",` + memberHook + `}`, read: "/v3/hooks/2", at: "data", kept: kept("id", 1), passed: readOfHook[1:]},
	"createWebhookV2":     {path: "/v2/hooks", body: `{"scope":"store/customer/created","destination":"http://127.0.0.1:1/m5",` + memberHook + `}`, read: "/v2/hooks/{id}", readOnly: readOfHook},
	"updateWebhookV2":     {path: "/v2/hooks/2", body: `{"scope":"store/customer/updated","destination":"http://127.0.0.1:1/m6",` + memberHook + `}`, read: "/v2/hooks/2", kept: kept("id", 1), passed: readOfHook[1:]},
	"updateWebhooksAdmin": {path: "/v3/hooks/admin", body: `{"emails":["ops@alphamark.example"]}`, unseen: map[string]string{"emails": "TestHooksAdmin"}},
	"replayWebhookDeliveries": {path: "/v3/hooks/1/replay", body: `{"since":"2020-01-01T00:00:00Z","failed_only":true}`,
		unseen: map[string]string{"since": "TestDeliveries", "failed_only": "TestDeliveries"}},

	"createChannel": {path: "/v3/channels", body: `{"name":"Members","type":"storefront","platform":"custom","status":"inactive","external_id":"e","is_listable_from_ui":false,"is_visible":false}`,
		read: "/v3/channels/{id}", at: "data", readOnly: []string{"id", "icon_url", "is_enabled", "date_created", "date_modified", "currencies"}},
	"updateChannel": {path: "/v3/channels/3", body: `{"name":"Members three","status":"active","external_id":"f","is_listable_from_ui":true,"is_visible":true}`,
		read: "/v3/channels/3", at: "data", kept: kept("id", 1), passed: []string{"icon_url", "is_enabled", "date_created", "date_modified", "currencies"}, readOnly: []string{"type", "platform"}},
	"createChannelSite": {path: "/v3/channels/3/site", body: `{"url":"https://three.alphamark.example","channel_id":3}`, read: "/v3/channels/3/site", at: "data", readOnly: []string{"id", "urls", "created_at", "updated_at"}},
	"updateChannelSite": {path: "/v3/channels/3/site", body: `{"url":"https://three.alphamark.example/b"}`, read: "/v3/channels/3/site", at: "data",
		kept: kept("id", 1, "channel_id", 1), passed: []string{"urls", "created_at", "updated_at"}},
	"updateCheckoutUrl": {path: "/v3/channels/3/site/checkout-url", body: `{"url":"https://checkout.three.alphamark.example"}`, unseen: map[string]string{"url": "TestSites"}},
	"createSite": {path: "/v3/sites", before: `{"name":"Members four","type":"storefront","platform":"custom"}`, body: `{"url":"https://four.alphamark.example","channel_id":4}`,
		read: "/v3/sites/4", at: "data", readOnly: []string{"id", "urls", "created_at", "updated_at"}},
	"updateSite": {path: "/v3/sites/4", body: `{"url":"https://four.alphamark.example/b"}`, read: "/v3/sites/4", at: "data", kept: kept("id", 1, "channel_id", 1), passed: []string{"urls", "created_at", "updated_at"}},
	"updateEmailTemplate": {path: "/v3/marketing/email-templates/createaccount_email",
		body: `{"body":"<p>{{lang \"hello\"}}</p>","subject":"Members","translations":[{"locale":"en","keys":{"hello":"Hello"}}]}`,
		read: "/v3/marketing/email-templates/createaccount_email", at: "data", kept: kept("type_id", "invoice_email")},
	"updateSettingsEmailStatuses": {path: "/v3/settings/email-statuses", body: `{"account_details_changed_email":false,"createaccount_email":false,"createguestaccount_email":false}`,
		read: "/v3/settings/email-statuses", at: "data",
		kept: kept("abandoned_cart_email", true, "combined_order_status_email", true, "giftcertificate_email", true, "invoice_email", true, "ordermessage_notification", true,
			"product_review_email", true, "return_confirmation_email", true, "return_statuschange_email", true),
		more: []writing{{body: `{"create_account_email":true,"create_guest_account_email":true,"gift_certificate_email":false,"order_message_notification_email":false}`,
			read: "/v3/settings/email-statuses", at: "data",
			shown: map[string]string{"create_account_email": "createaccount_email", "create_guest_account_email": "createguestaccount_email", "gift_certificate_email": "giftcertificate_email",
				"order_message_notification_email": "ordermessage_notification"}}}},
	"createSiteRoute": {path: "/v3/sites/4/routes", body: `{"type":"login","matching":"7","route":"/login"}`, read: "/v3/sites/4/routes/{id}", at: "data", readOnly: []string{"id", "created_at", "updated_at"}},
	"updateSiteRoutes": {path: "/v3/sites/1/routes", body: `[{"id":1,"type":"account","matching":"8","route":"/account"}]`, read: "/v3/sites/1/routes/1", at: "data",
		passed: []string{"created_at", "updated_at"}},
	"updateSiteRoute": {path: "/v3/sites/1/routes/1", body: `{"type":"logout","matching":"9","route":"/logout"}`, read: "/v3/sites/1/routes/1", at: "data", passed: []string{"id", "created_at", "updated_at"}},

	"createStorefrontToken":        {path: "/v3/storefront/api-token", body: `{"channel_id":1,"expires_at":4000000000,"allowed_cors_origins":["https://x.example"]}`, unseen: unseenOfTokens, more: []writing{{body: `{"channel_ids":[1,2],"expires_at":4000000000}`, unseen: unseenOfTokens}}},
	"createPrivateStorefrontToken": {path: "/v3/storefront/api-token-private", body: `{"channel_id":1,"expires_at":4000000000,"scopes":["Customer"]}`, unseen: unseenOfTokens, more: []writing{{body: `{"channel_ids":[1,2],"expires_at":4000000000,"scopes":["Customer"]}`, unseen: unseenOfTokens}}},
	"createImpersonationToken":     {path: "/v3/storefront/api-token-customer-impersonation", body: `{"channel_id":1,"expires_at":4000000000}`, unseen: unseenOfTokens, more: []writing{{body: `{"channel_ids":[1,2],"expires_at":4000000000}`, unseen: unseenOfTokens}}},

	"createCustomerV2": {path: "/v2/customers", body: `{"email":"member4@alphamark.example",` + memberAccountV2 + `}`, read: "/v2/customers/{id}", unseen: unseenOfV2,
		readOnly: []string{"id", "date_created", "date_modified", "accepts_marketing", "addresses", "form_fields"}},
	"updateCustomerV2": {path: "/v2/customers/2", body: `{"email":"member2@alphamark.example",` + memberAccountV2 + `}`, read: "/v2/customers/2", unseen: unseenOfV2,
		readOnly: []string{"id", "date_created", "date_modified", "accepts_marketing", "addresses", "form_fields"}},
	"validateCustomerPasswordV2": {path: "/v2/customers/1/validate", body: `{"password":"seven-Lamps-7"}`, unseen: map[string]string{"password": "TestPasswordsOfMembers"}},
	"createCustomerAddressV2":    {path: "/v2/customers/1/addresses", body: `{"customer_id":1,` + memberAddressV2 + `}`, kept: kept("customer_id", 2), readOnly: []string{"id", "country_iso2"}},
	"updateCustomerAddressV2": {path: "/v2/customers/1/addresses/1", body: `{"first_name":"Mem","last_name":"Ber","company":"Co","street_1":"8 Lane","street_2":"Unit 4","city":"Akron","state":"Ohio","zip":"44325","country":"United States","phone":"330","address_type":"commercial"}`, read: "/v2/customers/1/addresses/1",
		kept: kept("id", 2, "customer_id", 2, "country_iso2", "DE")},
	"createCustomerGroupV2": {path: "/v2/customer_groups", body: groupOfMembers, read: "/v2/customer_groups/{id}", readOnly: []string{"id", "date_created", "date_modified"}, more: groupsOfMembers},
	"updateCustomerGroupV2": {path: "/v2/customer_groups/2", body: groupOfMembers, read: "/v2/customer_groups/2", readOnly: []string{"id", "date_created", "date_modified"}, more: groupsOfMembers},

	"createStorefrontCustomer": {path: "/api/storefront/customers",
		body: `{"firstName":"Mem","lastName":"Ber","email":"member5@alphamark.example","password":"seven-Lamps-7","acceptsMarketingEmails":true,"token":"human","company":"Co","phone":"330","customFields":[{"fieldId":"{field}","fieldValue":"x"}]}`,
		read: "/v3/customers?email:in=member5@alphamark.example", at: "data.0", shown: map[string]string{"firstName": "first_name", "lastName": "last_name"},
		unseen: map[string]string{"password": "TestRegister", "acceptsMarketingEmails": "TestRegister", "token": "TestRegisterAsPerson", "customFields": "TestRegister"}},
	"createStorefrontSubscription": {path: "/api/storefront/subscriptions", body: `{"email":"member6@alphamark.example","acceptsMarketingNewsletter":true,"acceptsAbandonedCartEmails":true}`,
		unseen: map[string]string{"acceptsMarketingNewsletter": "TestSubscribe", "acceptsAbandonedCartEmails": "TestSubscribe"}},
	"setStorefrontConsent": {path: "/api/storefront/consent", body: `{"allow":[1],"deny":[2,3]}`, unseen: map[string]string{"allow": "TestConsent", "deny": "TestConsent"}},
}

const groupOfMembers = `{"name":"Members","is_default":true,"category_access":{"type":"specific","categories":[5,6]},"discount_rules":[{"type":"category","category_id":7,"method":"percent","amount":"5.0000"},{"type":"product","product_id":8,"method":"fixed","amount":"1.5000"}],"is_group_for_guests":false}`
