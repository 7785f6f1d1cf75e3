// Package seed applies a YAML document that describes stores with their
// accounts, reference data and customers, so that tests and demos repeat
// exactly. Applying it twice is the same as once: what exists by id, client
// id, email or name is found again, and customers that exist are left alone.
package seed

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"

	"clientele/internal/form"
	"clientele/internal/mail"
	"clientele/internal/opt"
	"clientele/internal/password"
	"clientele/internal/store"
)

// Document is a seed file.
type Document struct {
	Stores []Store `yaml:"stores"`
	Staff  []Staff `yaml:"staff"`

	File string     `yaml:"-"` // its name, for errors
	root *yaml.Node // where each part is; nil: nowhere
}

// Staff is a person who works with the control panel.
type Staff struct {
	Email    string   `yaml:"email"`
	Name     string   `yaml:"name"` // default: the email
	Password string   `yaml:"password"`
	Role     string   `yaml:"role"`
	Grants   []string `yaml:"grants"` // permissions beyond the role
	Store    string   `yaml:"store"`  // its hash; default: all stores
	Locale   string   `yaml:"locale"`
	Timezone string   `yaml:"timezone"`
}

// Store is one store of a seed file.
type Store struct {
	Hash        string       `yaml:"hash"`
	Name        string       `yaml:"name"`
	Settings    *Settings    `yaml:"settings"`
	Channels    []Channel    `yaml:"channels"`
	APIAccounts []APIAccount `yaml:"api_accounts"`
	FormFields  []FormField  `yaml:"form_fields"`
	Attributes  []Attribute  `yaml:"attributes"`
	Groups      []Group      `yaml:"customer_groups"`
	Products    []Product    `yaml:"products"`
	Customers   []Customer   `yaml:"customers"`
	Subscribers []Subscriber `yaml:"subscribers"`
	Segments    []Segment    `yaml:"segments"`
	Webhooks    []Webhook    `yaml:"webhooks"`
	// EmailStatuses switch kinds of emails on or off.
	EmailStatuses map[string]bool `yaml:"email_statuses"`
	// EmailTemplates replace the program's own texts.
	EmailTemplates []EmailTemplate `yaml:"email_templates"`
	// CustomerSettings hold on every channel that says nothing else.
	CustomerSettings CustomerSettings `yaml:"customer_settings"`
	CheckoutSettings CheckoutSettings `yaml:"checkout_settings"` // likewise
	// StorefrontKey signs storefront tokens from then on: 32 random bytes in
	// base64. With a key of its own a store that is made anew takes old tokens.
	StorefrontKey string `yaml:"storefront_key"`
}

// Channel is a storefront.
type Channel struct {
	ID               int64            `yaml:"id"`
	Name             string           `yaml:"name"`
	URL              string           `yaml:"url"`
	Type             string           `yaml:"type"`
	Platform         string           `yaml:"platform"`
	Status           string           `yaml:"status"`
	ExternalID       string           `yaml:"external_id"`
	IsListable       *bool            `yaml:"is_listable_from_ui"`
	IsVisible        *bool            `yaml:"is_visible"`
	Currencies       []string         `yaml:"currencies"`
	Routes           []Route          `yaml:"routes"`
	CustomerSettings CustomerSettings `yaml:"customer_settings"`
	CheckoutSettings CheckoutSettings `yaml:"checkout_settings"`
	// EmailStatuses switch kinds of emails on or off on the channel.
	EmailStatuses map[string]bool `yaml:"email_statuses"`
}

// Route says where the channel's storefront has its pages of a type. Matching
// defaults to all of them.
type Route struct {
	Type     string `yaml:"type"`
	Matching string `yaml:"matching"`
	Route    string `yaml:"route"`
}

// CustomerSettings are the customer settings of the store or of a channel.
// Settings left out stay as they are; allow_global_logins is for channels.
type CustomerSettings struct {
	AllowGlobalLogins *bool `yaml:"allow_global_logins"`
	Privacy           struct {
		AskConsent           *bool   `yaml:"ask_shopper_for_tracking_consent"`
		AskConsentOnCheckout *bool   `yaml:"ask_shopper_for_tracking_consent_on_checkout"`
		PolicyURL            *string `yaml:"policy_url"`
	} `yaml:"privacy_settings"`
	Groups struct {
		Guest   *int64 `yaml:"guest_customer_group_id"`
		Default *int64 `yaml:"default_customer_group_id"`
	} `yaml:"customer_group_settings"`
}

// CheckoutSettings are the checkout settings of the store or of a channel.
// Settings left out stay as they are.
type CheckoutSettings struct {
	Type                   *string `yaml:"checkout_type"`
	GuestCheckout          *string `yaml:"guest_checkout_type"`
	ExistingAccounts       *string `yaml:"guest_checkout_for_existing_accounts"`
	PolicyConsent          *string `yaml:"policy_consent"`
	ContactEmail           *string `yaml:"order_confirmation_contact_email"`
	TermsEnabled           *bool   `yaml:"is_order_terms_and_conditions_enabled"`
	TermsType              *string `yaml:"order_terms_and_conditions_type"`
	TermsLink              *string `yaml:"order_terms_and_conditions_link"`
	TermsText              *string `yaml:"order_terms_and_conditions_textarea"`
	RedirectForAuth        *bool   `yaml:"should_redirect_to_storefront_for_auth"`
	Script                 *string `yaml:"custom_checkout_script_url"`
	ScriptHash             *string `yaml:"custom_checkout_sri_hash"`
	SupportsUCO            *bool   `yaml:"custom_checkout_supports_uco_settings"`
	ConfirmationUsesScript *bool   `yaml:"order_confirmation_use_custom_checkout_script"`
	ConfirmationScript     *string `yaml:"custom_order_confirmation_script_url"`
	ConfirmationScriptHash *string `yaml:"custom_order_confirmation_sri_hash"`
}

// APIAccount is an app's credentials. Scopes may be "all", which gives an account
// that is there none of the scopes of our own operations.
type APIAccount struct {
	Name         string   `yaml:"name"`
	ClientID     string   `yaml:"client_id"`
	ClientSecret string   `yaml:"client_secret"`
	AccessToken  string   `yaml:"access_token"`
	Scopes       []string `yaml:"scopes"`
}

// FormField is a custom sign-up (form: customer) or address field. Which of
// the other keys it may have depends on its type.
type FormField struct {
	Form        string   `yaml:"form"`
	Name        string   `yaml:"name"`
	Type        string   `yaml:"type"`
	Required    bool     `yaml:"required"`
	Label       string   `yaml:"label"`
	SortOrder   int64    `yaml:"sort_order"`
	Choices     []string `yaml:"choices"`
	Placeholder string   `yaml:"placeholder"`
	Hint        string   `yaml:"hint"`
	MaxLength   int64    `yaml:"max_length"`
	Min         string   `yaml:"min"` // a number or a date, as are the next ones
	Max         string   `yaml:"max"`
	Default     string   `yaml:"default"`
	Rows        int64    `yaml:"rows"`
	// Translations are what it is called in other languages.
	Translations map[string]Translation `yaml:"translations"`
}

// Translation is what a form field is called in a language.
type Translation struct {
	Label       string            `yaml:"label"`
	Placeholder string            `yaml:"placeholder"`
	Hint        string            `yaml:"hint"`
	Choices     map[string]string `yaml:"choices"` // labels by choice
}

func (f *FormField) definition() form.Field {
	var translations map[string]*form.Translate
	for tag, t := range f.Translations {
		if translations == nil {
			translations = map[string]*form.Translate{}
		}
		translations[tag] = &form.Translate{Label: opt.Some(t.Label), Placeholder: opt.Some(t.Placeholder), Hint: opt.Some(t.Hint), Choices: t.Choices}
	}
	return form.Field{Translations: form.Translations(nil).Change(translations), Form: f.Form, Name: f.Name, Type: form.TypeNamed(f.Type), Required: f.Required, Options: form.Options{
		Label: f.Label, SortOrder: f.SortOrder, Choices: f.Choices, Placeholder: f.Placeholder, Hint: f.Hint, MaxLength: f.MaxLength,
		Min: f.Min, Max: f.Max, Default: f.Default, Rows: f.Rows,
	}}
}

// Attribute is a customer attribute's definition.
type Attribute struct {
	ID   int64  `yaml:"id"`
	Name string `yaml:"name"`
	Type string `yaml:"type"`
}

// Settings are the store settings.
type Settings struct {
	store.Settings `yaml:",inline"`
}

// Group is a customer group.
type Group struct {
	ID             int64          `yaml:"id"`
	Name           string         `yaml:"name"`
	IsDefault      *bool          `yaml:"is_default"`
	IsGuest        *bool          `yaml:"is_group_for_guests"`
	CategoryAccess *Access        `yaml:"category_access"`
	DiscountRules  []DiscountRule `yaml:"discount_rules"`
}

// Access says which categories a group sees.
type Access struct {
	Type       string  `yaml:"type"`
	Categories []int64 `yaml:"categories"`
}

// DiscountRule is a discount of a group.
type DiscountRule struct {
	Type        string `yaml:"type"`
	Method      string `yaml:"method"`
	Amount      string `yaml:"amount"`
	CategoryID  int64  `yaml:"category_id"`
	ProductID   int64  `yaml:"product_id"`
	PriceListID int64  `yaml:"price_list_id"`
}

// Customer is a customer with addresses, values, metafields, consent,
// instruments, tax data, shopper profile, wishlists and orders.
type Customer struct {
	ID                 int64             `yaml:"id"`
	Email              string            `yaml:"email"`
	FirstName          string            `yaml:"first_name"`
	LastName           string            `yaml:"last_name"`
	Company            string            `yaml:"company"`
	Phone              string            `yaml:"phone"`
	Notes              string            `yaml:"notes"`
	TaxExemptCategory  string            `yaml:"tax_exempt_category"`
	GroupID            int64             `yaml:"customer_group_id"`
	AcceptsEmails      bool              `yaml:"accepts_product_review_abandoned_cart_emails"`
	StoreCredit        string            `yaml:"store_credit"`
	OriginChannelID    int64             `yaml:"origin_channel_id"`
	ChannelIDs         []int64           `yaml:"channel_ids"`
	Password           string            `yaml:"password"`
	PasswordHash       *PasswordHash     `yaml:"password_hash"`
	ForcePasswordReset bool              `yaml:"force_password_reset"`
	Locale             string            `yaml:"locale"` // the language; default: the store's
	Addresses          []Address         `yaml:"addresses"`
	Attributes         []AttributeValue  `yaml:"attributes"`
	FormFields         []FieldValue      `yaml:"form_fields"`
	Metafields         []Metafield       `yaml:"metafields"`
	Consent            *Consent          `yaml:"consent"`
	StoredInstruments  []Instrument      `yaml:"stored_instruments"`
	TaxProperties      map[string]string `yaml:"tax_properties"`
	ShopperProfileID   string            `yaml:"shopper_profile_id"` // a UUID
	Wishlists          []Wishlist        `yaml:"wishlists"`
	Orders             []Order           `yaml:"orders"` // brought in line for customers that exist too
}

// Wishlist is a list of products.
type Wishlist struct {
	Name     string         `yaml:"name"`
	IsPublic bool           `yaml:"is_public"`
	Items    []WishlistItem `yaml:"items"`
}

// WishlistItem is a product on a wishlist.
type WishlistItem struct {
	ProductID int64 `yaml:"product_id"`
	VariantID int64 `yaml:"variant_id"`
}

// PasswordHash is another system's hash of a password: a text that tells how
// it was made, or format, hash and salt.
type PasswordHash struct {
	Format string `yaml:"format"`
	Hash   string `yaml:"hash"`
	Salt   string `yaml:"salt"`
}

// UnmarshalYAML reads either form.
func (h *PasswordHash) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		return n.Decode(&h.Hash)
	}
	if n.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: password_hash is a text, or format, hash and salt", n.Line)
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		to := map[string]*string{"format": &h.Format, "hash": &h.Hash, "salt": &h.Salt}[n.Content[i].Value]
		if to == nil {
			return fmt.Errorf("line %d: unknown key %q", n.Content[i].Line, n.Content[i].Value)
		}
		if err := n.Content[i+1].Decode(to); err != nil {
			return err
		}
	}
	return nil
}

func (h *PasswordHash) imported() password.ImportedHash {
	if h == nil {
		return password.ImportedHash{}
	}
	return password.ImportedHash(*h)
}

// Consent is what a customer agreed to and what not.
type Consent struct {
	Allow []string `yaml:"allow"`
	Deny  []string `yaml:"deny"`
}

// Instrument is a card or an account at a payment provider, by its token.
type Instrument struct {
	Type           string          `yaml:"type"`
	Token          string          `yaml:"token"`
	IsDefault      bool            `yaml:"is_default"`
	Brand          string          `yaml:"brand"`
	ExpiryMonth    int64           `yaml:"expiry_month"`
	ExpiryYear     int64           `yaml:"expiry_year"`
	IIN            string          `yaml:"issuer_identification_number"`
	Last4          string          `yaml:"last_4"`
	BillingAddress *BillingAddress `yaml:"billing_address"`
	Email          string          `yaml:"email"`
	MaskedNumber   string          `yaml:"masked_account_number"`
	Issuer         string          `yaml:"issuer"`
}

// BillingAddress is where a card's bills go.
type BillingAddress struct {
	FirstName       string `yaml:"first_name"`
	LastName        string `yaml:"last_name"`
	Email           string `yaml:"email"`
	Company         string `yaml:"company"`
	Address1        string `yaml:"address1"`
	Address2        string `yaml:"address2"`
	City            string `yaml:"city"`
	PostalCode      string `yaml:"postal_code"`
	StateOrProvince string `yaml:"state_or_province"`
	StateCode       string `yaml:"state_or_province_code"`
	CountryCode     string `yaml:"country_code"`
	Phone           string `yaml:"phone"`
}

// Metafield is what an app, named by its client id, keeps about a customer.
type Metafield struct {
	OwnerClientID string `yaml:"owner_client_id"`
	PermissionSet string `yaml:"permission_set"`
	Namespace     string `yaml:"namespace"`
	Key           string `yaml:"key"`
	Value         string `yaml:"value"`
	Description   string `yaml:"description"`
}

// Address is an entry of a customer's address book.
type Address struct {
	FirstName       string       `yaml:"first_name"`
	LastName        string       `yaml:"last_name"`
	Company         string       `yaml:"company"`
	Phone           string       `yaml:"phone"`
	Type            string       `yaml:"address_type"`
	Address1        string       `yaml:"address1"`
	Address2        string       `yaml:"address2"`
	City            string       `yaml:"city"`
	StateOrProvince string       `yaml:"state_or_province"`
	PostalCode      string       `yaml:"postal_code"`
	CountryCode     string       `yaml:"country_code"`
	FormFields      []FieldValue `yaml:"form_fields"`
}

// AttributeValue is the value of an attribute, by the attribute's name.
type AttributeValue struct {
	Name  string `yaml:"name"`
	Value string `yaml:"value"`
}

// FieldValue is the value of a form field: a string, a number or a list of
// strings.
type FieldValue struct {
	Name  string `yaml:"name"`
	Value any    `yaml:"value"`
}

// Subscriber is an email address with consents; without any given, the
// newsletter.
type Subscriber struct {
	ID        int64    `yaml:"id"`
	Email     string   `yaml:"email"`
	FirstName string   `yaml:"first_name"`
	LastName  string   `yaml:"last_name"`
	ChannelID int64    `yaml:"channel_id"`
	Source    string   `yaml:"source"`
	OrderID   int64    `yaml:"order_id"`
	Consents  []string `yaml:"consents"`
}

// EmailTemplate is a store's own text of a kind of email. Parts left out come
// from the program's own template.
type EmailTemplate struct {
	Kind      string `yaml:"kind"`
	ChannelID int64  `yaml:"channel_id"` // default: all channels
	Locale    string `yaml:"locale"`
	Subject   string `yaml:"subject"`
	Text      string `yaml:"text"`
	HTML      string `yaml:"html"`
	// Translations are phrases by locale and key.
	Translations map[string]map[string]string `yaml:"translations"`
}

func (t *EmailTemplate) template() mail.Template {
	return mail.Template{Kind: mail.Kind(t.Kind), ChannelID: t.ChannelID, Locale: t.Locale, Subject: t.Subject, Text: t.Text, HTML: t.HTML, Translations: t.Translations}
}

// Webhook is a webhook of an API account, which is named by its client id.
type Webhook struct {
	ClientID    string            `yaml:"client_id"`
	Scope       string            `yaml:"scope"`
	Destination string            `yaml:"destination"`
	Headers     map[string]string `yaml:"headers"`
	IsActive    *bool             `yaml:"is_active"`
}

// Segment is a named set of customers.
type Segment struct {
	ID          string `yaml:"id"` // a UUID
	Name        string `yaml:"name"`
	Description string `yaml:"description"`
	// Members are customers, by email or by id.
	Members []any `yaml:"members"`
}

// The YAML library speaks of Go types, which mean nothing to a person.
var (
	unknownKey = regexp.MustCompile(`field (\S+) not found in type \S+`)
	goType     = regexp.MustCompile("cannot unmarshal !!\\w+(?: `([^`]*)`)? into (\\S+)$")
)

var errNoStore = errors.New("the seed file describes no store: it begins with stores, see docs/seed.md")

// Parse reads a document. Unknown keys and wrong types are errors that name
// their line.
func Parse(text []byte) (*Document, error) {
	var doc Document
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	err := dec.Decode(&doc)
	if errors.Is(err, io.EOF) {
		return nil, errNoStore
	}
	var types *yaml.TypeError
	if errors.As(err, &types) {
		lines := make([]string, len(types.Errors))
		for i, e := range types.Errors {
			lines[i] = wrongKind(unknownKey.ReplaceAllString(e, `unknown key "$1"`))
		}
		return nil, errors.New(strings.Join(lines, "; "))
	}
	if err != nil {
		return nil, notYAML(text, err)
	}
	if err := dec.Decode(&Document{}); !errors.Is(err, io.EOF) {
		return nil, errors.New("a seed file holds one YAML document")
	}
	if len(doc.Stores) == 0 {
		return nil, errNoStore
	}
	doc.root = &yaml.Node{}
	if err := yaml.Unmarshal(text, doc.root); err != nil {
		return nil, notYAML(text, err)
	}
	return &doc, nil
}
