package history

import "strconv"

// Action is what was done. Its code is in entries: it is never given another
// meaning, and new ones come last.
type Action int64

// The actions.
const (
	Created Action = iota
	Updated
	Deleted
	// DeletedAll is the deletion of many records that were not named, and
	// Imported what made many: one entry with their number.
	DeletedAll
	Imported
	SignedIn
	SignInFailed
	// LockedOut: guesses are not looked at for a while.
	LockedOut
	SignedOut
	PasswordChanged
	LinkSent
	LinkUsed
	// TokenRefused: a customer login token was not accepted.
	TokenRefused
	// Consented: a person said what they agree to.
	Consented
	// GaveUp: a delivery was tried for the last time.
	GaveUp
	// Revoked: credentials ended for good.
	Revoked
	// Moved: a record belongs to another owner.
	Moved
	// Ended: what was for a time is over.
	Ended
	// Exported: somebody took a copy with them.
	Exported
	// Unlocked: somebody let go on what was held back.
	Unlocked
	// Merged: customers became one. Parted: they are several again.
	Merged
	Parted
)

var actionNames = [...]string{
	Created: "created", Updated: "updated", Deleted: "deleted", DeletedAll: "deleted_all", Imported: "imported",
	SignedIn: "signed_in", SignInFailed: "sign_in_failed", LockedOut: "locked_out", SignedOut: "signed_out",
	PasswordChanged: "password_changed", LinkSent: "link_sent", LinkUsed: "link_used", TokenRefused: "token_refused",
	Consented: "consented", GaveUp: "gave_up", Revoked: "revoked", Moved: "moved",
	Ended: "ended", Exported: "exported", Unlocked: "unlocked", Merged: "merged", Parted: "parted",
}

// String returns the name by which lists show an action.
func (a Action) String() string { return name(actionNames[:], int64(a)) }

// Resource is the kind of record that an entry is about. Its code is in entries,
// as that of Action.
type Resource int64

// The resources.
const (
	Customer Resource = iota
	Address
	AttributeValue
	Attribute
	Subscriber
	Group
	Segment
	ShopperProfile
	Metafield
	StoreSettings
	CustomerSettings
	CheckoutSettings
	Channel
	Site
	SiteRoute
	Webhook
	APIAccount
	StorefrontToken
	StorefrontKey
	EmailTemplate
	EmailStatus
	FormField
	Company
	Wishlist
	WishlistItem
	TaxProperty
	Instrument
	PriceListAssignment
	Translation
	Session
	Link
	Product
	Order
	Store
	Delivery
	WebhookContacts
	Impersonation
	// StaffUser is a person who works with the control panel, StaffMember their
	// role in a store, by the person's id.
	StaffUser
	StaffMember
	SecondFactor
	// Entries are those of the history itself.
	Entries
	// CustomerComment is what staff wrote about a customer.
	CustomerComment
	// Person is a person as they are named by the hash of their address, Erasure
	// what erases one.
	Person
	Erasure
	// SavedView is a list as the people of a store see it.
	SavedView
	// Bundle is all that a store consists of, in a file.
	Bundle
	// Duplicate is a pair of customers who may be one.
	Duplicate
)

var resourceNames = [...]string{
	Customer: "customer", Address: "address", AttributeValue: "attribute_value", Attribute: "attribute", Subscriber: "subscriber",
	Group: "customer_group", Segment: "segment", ShopperProfile: "shopper_profile", Metafield: "metafield", StoreSettings: "store_settings",
	CustomerSettings: "customer_settings", CheckoutSettings: "checkout_settings", Channel: "channel", Site: "site", SiteRoute: "site_route",
	Webhook: "webhook", APIAccount: "api_account", StorefrontToken: "storefront_token", StorefrontKey: "storefront_key",
	EmailTemplate: "email_template", EmailStatus: "email_status", FormField: "form_field", Company: "company", Wishlist: "wishlist",
	WishlistItem: "wishlist_item", TaxProperty: "tax_property", Instrument: "stored_instrument", PriceListAssignment: "price_list_assignment",
	Translation: "translation", Session: "session", Link: "link", Product: "product", Order: "order", Store: "store", Delivery: "webhook_delivery",
	WebhookContacts: "webhook_contacts",
	Impersonation:   "impersonation",
	StaffUser:       "staff", StaffMember: "staff_member", SecondFactor: "second_factor",
	Entries:         "history",
	CustomerComment: "comment",
	Person:          "person",
	Erasure:         "erasure",
	SavedView:       "saved_view",
	Bundle:          "bundle",
	Duplicate:       "duplicate",
}

// String returns the name by which lists show a resource.
func (r Resource) String() string { return name(resourceNames[:], int64(r)) }

// Surface is the door by which a write came.
type Surface int64

// The surfaces.
const (
	Inside Surface = iota // none: the program by itself
	V3
	V2
	Storefront
	GraphQL
	AdminGraphQL
	Pages
	Command
	Seed
	Development
	Panel
)

var surfaceNames = [...]string{
	Inside: "internal", V3: "v3", V2: "v2", Storefront: "storefront", GraphQL: "graphql", AdminGraphQL: "admin_graphql", Pages: "pages",
	Command: "command", Seed: "seed", Development: "development", Panel: "panel",
}

// String returns the name by which lists show a surface.
func (s Surface) String() string { return name(surfaceNames[:], int64(s)) }

// name returns the name of a code. One of a later version of the program has
// its number.
func name(names []string, code int64) string {
	if code >= 0 && code < int64(len(names)) {
		return names[code]
	}
	return strconv.FormatInt(code, 10)
}
