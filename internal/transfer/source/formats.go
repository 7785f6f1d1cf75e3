package source

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// columns returns a table of columns: names that are parted by bars go to one
// field.
func columns(rows ...any) map[string]Target {
	out := map[string]Target{}
	for i := 0; i < len(rows); i += 2 {
		t, ok := rows[i+1].(Target)
		if !ok {
			t = Target{Field: rows[i+1].(Field)}
		}
		if t.Field.ofAddress() && t.Address == 0 {
			t.Address = 1
		}
		for name := range strings.SplitSeq(rows[i].(string), "|") {
			out[key(name)] = t
		}
	}
	return out
}

func and(tables ...map[string]Target) map[string]Target {
	out := map[string]Target{}
	for _, t := range tables {
		maps.Copy(out, t)
	}
	return out
}

// address returns the columns of an address whose names begin with prefix.
func address(prefix string, n int, rows ...any) map[string]Target {
	out := map[string]Target{}
	for name, t := range columns(rows...) {
		t.Address = n
		out[key(prefix+name)] = t
	}
	return out
}

// Plain is a table whose columns tell by themselves what they hold, in several
// languages.
var Plain = &Format{
	Name:  "csv",
	Kind:  Customers,
	Signs: [][]string{{"email"}, {"e-mail"}, {"email address"}, {"e-mail address"}, {"mail"}, {"e-mail-adresse"}, {"adresse e-mail"}, {"courriel"}, {"correo electrónico"}, {"indirizzo email"}, {"e-mailadres"}, {"customer email"}, {"user_email"}, {"email_address"}},
	Columns: columns(
		"email|e-mail|email address|e-mail address|email_address|mail|e-mail-adresse|adresse e-mail|courriel|correo electrónico|correo|indirizzo email|e-mailadres|customer email|user_email", Email,
		"id|customer id|customer_id|kundennummer", ID,
		"first name|first_name|firstname|given name|given_name|vorname|prénom|prenom|nombre|nome|voornaam", FirstName,
		"last name|last_name|lastname|surname|family name|family_name|nachname|nom|apellido|apellidos|cognome|achternaam", LastName,
		"name|full name|full_name|fullname|customer name|display name|kunde", FullName,
		"company|company name|organization|organisation|firma|société|societe|empresa|azienda|bedrijf", Company,
		"phone|phone number|phone_number|telephone|tel|mobile|mobile phone|telefon|telefonnummer|téléphone|telephone number|teléfono|telefono|telefoon|numero di telefono", Phone,
		"notes|note|comment|comments|notizen|bemerkung|remarques|notas", Notes,
		"customer group|customer_group|group|kundengruppe|groupe|grupo", Group,
		"store credit|store_credit|credit|guthaben", StoreCredit,
		"tax exempt category|tax_exempt_category|tax code", TaxCategory,
		"tax exempt|tax_exempt", TaxExempt,
		"date created|date_created|created|created at|created_at|date joined|registered|date registered|registration date|angelegt|registriert", DateCreated,
		"newsletter|accepts marketing|marketing|opt-in|opt in|subscribed|marketing consent|accepts email marketing|consents", Newsletter,
		"consent time|consent_time|opt-in time|optin_time|subscribed at|subscribed_at", ConsentAt,
		"consent ip|consent_ip_address|opt-in ip|optin_ip", ConsentIP,
		"unsubscribed at|unsubscribed_at|unsubscribe date", Unsubscribed,
		"accepts_product_review_abandoned_cart_emails", AcceptsEmails,
		"registration_ip_address", RegistrationIP,
		"tags|tag", Tags,
		"segments|customer segments", Segments,
		"password hash|password_hash|passwordhash|hash", PasswordHash,
		"password salt|password_salt|salt", PasswordSalt,
		"address1|address 1|address line 1|address|street|street address|straße|strasse|adresse|rue|calle|indirizzo|straat", Street1,
		"address2|address 2|address line 2|adresszusatz", Street2,
		"city|town|ort|stadt|ville|ciudad|città|stad|suburb/city", City,
		"state|province|region|state/province|county|bundesland|provincia", State,
		"state code|province code|state_code", StateCode,
		"zip|zip code|zipcode|postal code|postal_code|postcode|plz|postleitzahl|code postal|código postal|cap|zip/postcode", PostalCode,
		"country|land|pays|país|pais|paese", Country,
		"country code|country_code|country iso", CountryCode,
	),
}

// ofKind are columns of tables that are of a kind, whatever their format.
var ofKind = map[Kind]map[string]Target{
	Credit: columns(
		"amount|credit amount|credit_amount|balance|new balance|betrag|montant|importe|importo|bedrag", StoreCredit,
		"reason|grund|motif|raison|motivo|reden", Reason,
	),
	GroupMembers: columns("group id|group_id|customer group id|customer_group_id", GroupID),
}

// customerColumns are those of tables that name customers.
var customerColumns = columns("email|e-mail|email address|e-mail address|email_address|customer email", Email, "id|customer id|customer_id", ID)

// bigCommerceAddress are the parts of BigCommerce's numbered columns.
var bigCommerceAddress = map[string]Field{
	"address id": Left, "address first name": AddressFirst, "address last name": AddressLast, "address name": AddressFull, "address company": AddressCompany,
	"address line 1": Street1, "address line 2": Street2, "address city": City, "city/suburb": City, "address state": State, "state/province": State,
	"state abbreviation": StateCode, "address zip": PostalCode, "zip/postcode": PostalCode, "address country": Country, "country": Country,
	"address phone": AddressPhone, "building type": AddressType,
}

var bigCommerce = columns(
	"customer id", ID, "first name", FirstName, "last name", LastName, "customer name", FullName, "company", Company, "phone", Phone, "notes", Notes,
	"store credit", StoreCredit, "customer group", Group, "date joined", DateCreated, "tax exempt category", TaxCategory, "addresses", LabelledAddresses,
	// What the panel calls ACS are abandoned cart savers: no consent to a
	// newsletter.
	"receive review/abandoned cart emails?|receive acs/review emails?|receive acs/review emails", AcceptsEmails,
	"receive marketing emails?", Newsletter,
	"orders|total orders|date modified|channel id", Left,
)

// Formats are all of them. The order tells which of two that fit as well is taken.
var Formats = slices.Concat(shops, identities, []*Format{Plain})

// shops are those of shops and of newsletters.
var shops = []*Format{
	{
		Name: "bigcommerce", Kind: Customers,
		Signs:   [][]string{{"Customer ID", "Email", "Customer Group", "Date Joined"}, {"Email", "Addresses", "Store Credit"}},
		Columns: and(bigCommerce, columns("email|customer email", Email)),
	},
	{
		Name: "bigcommerce-bulk", Kind: Customers,
		Signs:    [][]string{{"Email Address", "Address Line 1 - 1"}, {"Email", "Address Line 1 - 1"}, {"Email Address", "First Name", "Last Name", "Customer Group", "Store Credit"}},
		Columns:  and(bigCommerce, columns("email address|email", Email)),
		Patterns: []Pattern{{Match: regexp.MustCompile(`^(?P<field>.+?) - (?P<n>[1-9][0-9]{0,3})$`), Parts: bigCommerceAddress}},
	},
	{
		Name: "shopify", Kind: Customers,
		Signs: [][]string{
			{"First Name", "Last Name", "Email", "Accepts Marketing", "Total Spent"},
			{"First Name", "Last Name", "Email", "Accepts Email Marketing", "Tax Exempt"},
		},
		Columns: and(
			columns("customer id", Left, "first name", FirstName, "last name", LastName, "email", Email, "phone", Phone, "note", Notes, "tags", Tags, "tax exempt", TaxExempt,
				"accepts marketing|accepts email marketing", Newsletter, "total spent|total orders|accepts sms marketing|accepts whatsapp marketing", Left),
			address("", 1, "company", AddressCompany, "address1", Street1, "address2", Street2, "city", City, "province", State, "province code", StateCode, "country", Country, "country code", CountryCode, "zip", PostalCode),
			address("default address ", 1, "company", AddressCompany, "address1", Street1, "address2", Street2, "city", City, "province code", StateCode, "country code", CountryCode, "zip", PostalCode, "phone", AddressPhone),
		),
		Patterns: []Pattern{{Match: regexp.MustCompile(`^.*\((?i:customer\.metafields)\.(?P<name>[^()]+\.[^().]+)\)$`), Field: Metafield}},
	},
	{
		Name: "woocommerce", Kind: Customers,
		Signs: [][]string{{"Name", "Username", "Email", "AOV"}, {"Name", "Email", "AOV", "Orders"}},
		Columns: and(
			columns("name", FullName, "email", Email, "sign up|date registered", DateCreated, "role", Role, "billing phone", Phone,
				"username|last active|orders|total spend|aov|shipping phone", Left),
			address("", 1, "country / region|country", CountryCode, "city", City, "region", StateCode, "postal code", PostalCode),
		),
		Customer: shopper,
	},
	{
		Name: "wordpress", Kind: Customers,
		Signs: [][]string{{"user_login", "user_email"}, {"user_email", "billing_first_name"}, {"email", "billing_first_name", "billing_address_1"}, {"email", "user_pass"}},
		Columns: and(
			columns("user_email|email", Email, "first_name", FirstName, "last_name", LastName, "user_registered|date_registered", DateCreated, "role|roles|wp_capabilities", Role, "user_pass", PasswordHash,
				"locale|description", Left, "display_name", FullName,
				"id|customer_id|source_user_id|user_login|user_nicename|user_url|user_status|nickname|billing_email|wc_last_active|paying_customer|total_spent|order_count|session_tokens|rich_editing|syntax_highlighting|admin_color|use_ssl|show_admin_bar_front|wp_user_level|dismissed_wp_pointers|last_update|comment_shortcuts|billing_full_name|shipping_full_name", Left),
			wordpress("billing_", 1), wordpress("shipping_", 2),
		),
		Bills: true, Customer: shopper,
	},
	{
		Name: "magento-customers-addresses", Kind: Customers, Continued: true,
		Signs:   [][]string{{"email", "_website", "_address_city"}, {"email", "_website", "_address_street"}},
		Columns: and(magento, address("_address_", 1, magentoAddress...)),
	},
	{
		Name: "magento", Kind: Customers,
		Signs:   [][]string{{"email", "_website", "_store"}, {"email", "website_id", "group_id", "password_hash"}},
		Columns: magento,
	},
	{
		Name: "magento-addresses", Kind: Addresses,
		Signs:   [][]string{{"_website", "_email", "street"}, {"_email", "_entity_id"}},
		Columns: and(columns("_email", Email, "_website", Left, "_entity_id", Left), address("", 1, magentoAddress...)),
	},
	{
		Name: "mailchimp", Kind: Subscribers,
		Signs: [][]string{{"MEMBER_RATING", "LEID", "EUID"}, {"MEMBER_RATING", "OPTIN_TIME"}},
		Columns: columns("email address|email|indirizzo email|adresse e-mail|e-mail-adresse|correo electrónico", Email, "first name|nome|vorname|prénom|nombre", FirstName, "last name|cognome|nachname|nom|apellido|apellidos", LastName, "name", FullName,
			"confirm_time", ConsentAt, "optin_time", ConsentAt, "confirm_ip", ConsentIP, "optin_ip", ConsentIP, "unsub_time", Unsubscribed, "clean_time", Suppressed,
			"tags", Tags, "source", SourceName, "phone number|numero di telefono|telefonnummer", Phone, "status", Newsletter,
			"email_type|member_rating|latitude|longitude|gmtoff|dstoff|timezone|cc|region|last_changed|leid|euid|notes|unsub_campaign_title|unsub_campaign_id|unsub_reason|unsub_reason_other|clean_campaign_title|clean_campaign_id", Left),
		Status: func(file string) Consent {
			switch file = strings.ToLower(file); {
			case strings.Contains(file, "unsubscribed"):
				return Consent{State: HasLeft}
			case strings.Contains(file, "cleaned"):
				return Consent{State: Barred}
			case strings.Contains(file, "nonsubscribed"), strings.Contains(file, "non-subscribed"):
				return Consent{}
			case strings.Contains(file, "subscribed"):
				return Consent{State: Given}
			}
			return Consent{} // a file that was renamed may be any of them
		},
	},
	{
		Name: "klaviyo", Kind: Subscribers,
		Signs: [][]string{{"Email", "Klaviyo ID"}, {"Email", "Email Marketing Consent"}, {"Email", "Email Suppressions"}},
		Columns: and(columns("email", Email, "first name", FirstName, "last name", LastName, "organization", Company, "phone number", Phone, "source", SourceName, "profile created on|date added", DateCreated,
			"email marketing consent", Newsletter, "email marketing consent timestamp", ConsentAt, "ip address", ConsentIP, "email suppressions", Suppressed,
			"klaviyo id|title|latitude|longitude|historic customer lifetime value|total customer lifetime value|predicted customer lifetime value|average order value|historic number of orders|first active|last active|last open|last click|average days between orders|sms marketing consent|sms marketing consent timestamp", Left),
			address("", 1, "address", Street1, "address 2", Street2, "city", City, "state / region", State, "country", Country, "zip code", PostalCode)),
		NoMeansLeft: true,
	},
	{
		Name: "klaviyo-suppressions", Kind: Subscribers,
		Signs:   [][]string{{"Email", "Suppression Reason"}, {"Email", "Suppressed At"}, {"Email", "Reason", "Timestamp"}},
		Columns: columns("email", Email, "reason|suppression reason|timestamp|suppressed at|date", Suppressed),
		Status:  func(string) Consent { return Consent{State: Barred} },
	},
	{
		Name: "brevo", Kind: Subscribers,
		Signs: [][]string{{"EMAIL", "EMAIL_BLACKLISTED"}, {"EMAIL", "SMS_BLACKLISTED"}, {"CONTACT ID", "EMAIL"}},
		Columns: columns("email", Email, "firstname|prenom", FirstName, "lastname|nom", LastName, "sms|landline_number|whatsapp", Phone, "added_time", DateCreated, "email_blacklisted", Suppressed,
			"contact id|sms_blacklisted|modified_time|interests|ext_id", Left, "double_opt-in", Newsletter),
	},
	{
		Name: "constant-contact", Kind: Subscribers,
		Signs: [][]string{{"Email address", "Email status"}, {"Email address", "Email permission status"}, {"Email address - home", "Email status - home"}},
		Columns: and(columns("email address|email address - home|email address - work|email address - other", Email, "first name", FirstName, "last name", LastName, "company", Company,
			"phone - home|phone - mobile|phone - work|phone - other", Phone, "tags|email lists", Tags, "created at", DateCreated, "source name", SourceName,
			// Of two the first is read, which is the status.
			"email status|email status - home|email permission status|email permission status - home", Newsletter, "confirmed opt-out date", Unsubscribed,
			"email update source|confirmed opt-out source|confirmed opt-out reason|job title|phone - fax|website|updated at", Left),
			constantContact(" - home", 1), constantContact(" - work", 2), constantContact(" - other", 3)),
		NoMeansLeft: true,
	},
	{
		Name: "credit", Kind: Credit, Whole: true,
		Signs:   named("amount", "betrag", "montant"),
		Columns: and(customerColumns, ofKind[Credit]),
	},
	{
		Name: "group-members", Kind: GroupMembers, Whole: true,
		Signs:   named("customer group", "customer_group", "group id", "group_id", "customer group id", "customer_group_id"),
		Columns: and(customerColumns, columns("customer group|customer_group", Group), ofKind[GroupMembers]),
	},
	{
		Name: "bigcommerce-subscribers", Kind: Subscribers,
		Signs: [][]string{{"Email", "Source", "Channel Name", "Consents"}, {"Email", "Consents", "Order ID"}},
		Columns: columns("email", Email, "first name", FirstName, "last name", LastName, "source", SourceName, "consents", Newsletter,
			"id|channel name|order id", Left),
		BlankMeansLeft: true,
	},
}

// named are the signs of tables that name customers, and have one of some columns.
func named(columns ...string) (out [][]string) {
	for _, who := range slices.Sorted(maps.Keys(customerColumns)) {
		for _, what := range columns {
			out = append(out, []string{who, what})
		}
	}
	return out
}

func wordpress(prefix string, n int) map[string]Target {
	return address(prefix, n, "first_name", AddressFirst, "last_name", AddressLast, "company", AddressCompany, "phone", AddressPhone, "address_1", Street1, "address_2", Street2,
		"city", City, "state", State, "state_code", StateCode, "postcode", PostalCode, "country", Country)
}

func constantContact(suffix string, n int) map[string]Target {
	out := map[string]Target{}
	for name, t := range columns("street address line 1", Street1, "street address line 2", Street2, "city", City, "state/province", State, "zip/postal code", PostalCode, "country", Country) {
		t.Address = n
		out[key(name+suffix)] = t
	}
	return out
}

var magento = columns("email", Email, "_website", Left, "created_at", DateCreated, "firstname", FirstName, "lastname", LastName, "group_id", Group, "password_hash", PasswordHash,
	"_store|confirmation|created_in|default_billing|default_shipping|disable_auto_group_change|dob|gender|middlename|prefix|suffix|rp_token|rp_token_created_at|store_id|taxvat|updated_at|website_id|password|failures_num|first_failure|lock_expires|session_cutoff|reward_update_notification|reward_warning_notification", Left)

var magentoAddress = []any{"city", City, "company", AddressCompany, "country_id", CountryCode, "firstname", AddressFirst, "lastname", AddressLast, "postcode", PostalCode, "region", State, "street", Street,
	"telephone", AddressPhone, "fax|middlename|prefix|suffix|region_id|vat_id|vat_is_valid|vat_request_date|vat_request_id|vat_request_success|default_billing_|default_shipping_", Left}

// shopper leaves out those who run a site. Roles are written in its language, so
// only those that every WordPress has in English are known.
func shopper(role string) bool {
	role = strings.ToLower(role)
	for _, r := range []string{"administrator", "editor", "shop_manager", "shop manager"} {
		if strings.Contains(role, r) {
			return false
		}
	}
	return true
}
