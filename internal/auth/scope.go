// Package auth knows who calls: API accounts with their tokens and scopes, and
// storefront tokens. It decides, surfaces ask.
package auth

import (
	"slices"
	"strings"
)

// Scope is an OAuth scope by its documented name.
type Scope string

// Default is the scope that every account has.
const Default Scope = "default"

// The scopes that guard customer data.
const (
	Customers             Scope = "store_v2_customers"
	CustomersReadOnly     Scope = "store_v2_customers_read_only"
	CustomersLogin        Scope = "store_v2_customers_login"
	Information           Scope = "store_v2_information"
	InformationReadOnly   Scope = "store_v2_information_read_only"
	Marketing             Scope = "store_v2_marketing"
	MarketingReadOnly     Scope = "store_v2_marketing_read_only"
	Instruments           Scope = "store_stored_payment_instruments"
	InstrumentsReadOnly   Scope = "store_stored_payment_instruments_read_only"
	Products              Scope = "store_v2_products"
	ProductsReadOnly      Scope = "store_v2_products_read_only"
	Orders                Scope = "store_v2_orders"
	OrdersReadOnly        Scope = "store_v2_orders_read_only"
	Checkouts             Scope = "store_checkouts"
	CheckoutsReadOnly     Scope = "store_checkouts_read_only"
	CheckoutContent       Scope = "store_checkout_content"
	CheckoutContentRead   Scope = "store_checkout_content_read_only"
	ChannelSettings       Scope = "store_channel_settings"
	ChannelSettingsRead   Scope = "store_channel_settings_read_only"
	Sites                 Scope = "store_sites"
	SitesReadOnly         Scope = "store_sites_read_only"
	StorefrontAPI         Scope = "store_storefront_api"
	CustomerImpersonation Scope = "store_storefront_api_customer_impersonation"
	MetafieldWrite        Scope = "store_metafield_write"
	MetafieldWriteAll     Scope = "store_metafield_write_all"
	MetafieldChangeOwner  Scope = "store_metafield_change_owner"
	Translations          Scope = "store_translations"
	TranslationsReadOnly  Scope = "store_translations_read_only"
)

// The scopes that guard operations of our own below /v3/clientele, as far as
// the documented scopes do not.
const (
	ClienteleHistory     Scope = "store_clientele_history"
	ClienteleImpersonate Scope = "store_clientele_impersonate"
	ClientelePerson      Scope = "store_clientele_person"
	ClienteleTransfer    Scope = "store_clientele_transfer"
	ClienteleTokens      Scope = "store_clientele_tokens"
)

var ownScopes = []Scope{ClienteleHistory, ClienteleImpersonate, ClientelePerson, ClienteleTransfer, ClienteleTokens}

var allScopes = append([]Scope{
	Customers, CustomersReadOnly, CustomersLogin, Information, InformationReadOnly,
	Marketing, MarketingReadOnly, Instruments, InstrumentsReadOnly, Products, ProductsReadOnly, Orders, OrdersReadOnly,
	Checkouts, CheckoutsReadOnly, CheckoutContent, CheckoutContentRead, ChannelSettings, ChannelSettingsRead, Sites, SitesReadOnly,
	StorefrontAPI, CustomerImpersonation, MetafieldWrite, MetafieldWriteAll, MetafieldChangeOwner,
	Translations, TranslationsReadOnly,
}, ownScopes...)

// Scopes returns all scopes that an account may be given.
func Scopes() []Scope { return slices.Clone(allScopes) }

// otherNames are what some of the documents call scopes that their reference
// calls otherwise.
var otherNames = map[Scope]Scope{
	"store_checkout":                   Checkouts,
	"store_checkout_read_only":         CheckoutsReadOnly,
	"store_content_checkout":           CheckoutContent,
	"store_content_checkout_read_only": CheckoutContentRead,
}

// FullScopes are those of an account that may do everything: the read-only
// ones are implied.
func FullScopes() []Scope {
	out := make([]Scope, 0, len(allScopes))
	for _, s := range allScopes {
		if !strings.HasSuffix(string(s), "_read_only") {
			out = append(out, s)
		}
	}
	return out
}

func joinScopes(scopes []Scope, sep string) string {
	var b strings.Builder
	for i, s := range scopes {
		if i > 0 {
			b.WriteString(sep)
		}
		b.WriteString(string(s))
	}
	return b.String()
}

func splitScopes(text string) (out []Scope) {
	for s := range strings.FieldsSeq(text) {
		out = append(out, Scope(s))
	}
	return out
}

// Requirement is a set of scopes any of which is enough.
type Requirement []Scope

// Allows reports whether the account has any of the scopes of a requirement.
func (a *APIAccount) Allows(need Requirement) bool {
	for _, s := range need {
		if s == Default || slices.Contains(a.Scopes, s) {
			return true
		}
	}
	return false
}

// Needs of operations.
var (
	ReadCustomers             = Requirement{Customers, CustomersReadOnly}
	ModifyCustomers           = Requirement{Customers}
	ReadInstruments           = Requirement{Instruments, InstrumentsReadOnly}
	ModifyInstruments         = Requirement{Instruments}
	ReadInformation           = Requirement{Information, InformationReadOnly}
	ModifyInformation         = Requirement{Information}
	ReadProducts              = Requirement{Products, ProductsReadOnly}
	ModifyProducts            = Requirement{Products}
	ReadOrders                = Requirement{Orders, OrdersReadOnly}
	ReadCheckouts             = Requirement{Checkouts, CheckoutsReadOnly, CheckoutContent, CheckoutContentRead}
	ModifyCheckouts           = Requirement{Checkouts, CheckoutContent}
	ReadChannels              = Requirement{ChannelSettings, ChannelSettingsRead}
	ModifyChannels            = Requirement{ChannelSettings}
	ReadSites                 = Requirement{Sites, SitesReadOnly}
	ModifySites               = Requirement{Sites}
	CreateStorefrontTokens    = Requirement{StorefrontAPI}
	CreateImpersonationTokens = Requirement{CustomerImpersonation}
	// RevokeStorefrontTokens is for those of all kinds, by their texts.
	RevokeStorefrontTokens = Requirement{StorefrontAPI, CustomerImpersonation}
	// ManageIssuedTokens is for the list of those that were made.
	ManageIssuedTokens = Requirement{StorefrontAPI, CustomerImpersonation, ClienteleTokens}
	// AnyAccount is met by whoever has a token.
	AnyAccount         = Requirement{Default}
	ReadTranslations   = Requirement{Translations, TranslationsReadOnly}
	ModifyTranslations = Requirement{Translations}
	// ChangeMetafieldOwners is for the metafields of all accounts.
	ChangeMetafieldOwners = Requirement{MetafieldChangeOwner}
	// AnyMetafield lifts the permission sets of metafields.
	AnyMetafield = Requirement{MetafieldWriteAll}
	// ReadHistory is for who changed what.
	ReadHistory = Requirement{ClienteleHistory}
	// Impersonate is for signing in as a customer.
	Impersonate = Requirement{ClienteleImpersonate}
	// ManagePersons is for what is known of a person, and for erasing it.
	ManagePersons = Requirement{ClientelePerson}
	// Transfer is for customers as a whole, in and out.
	Transfer = Requirement{ClienteleTransfer}
)
