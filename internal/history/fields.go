package history

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"clientele/internal/jsonx"
)

// Field is the name of a field of a record, as a code that is in entries: it is
// never given another meaning, and new ones come last.
type Field int64

// The fields.
const (
	fieldIP     Field = iota // the client's address
	fieldReason              // what somebody gave as the reason
	fieldCause               // the precise reason, in words of the program
	FieldCount               // of records of which there is one entry
	FieldReport              // where there is more about them
	FieldEmail
	FieldFirstName
	FieldLastName
	FieldCompany
	FieldPhone
	FieldNotes
	FieldTaxExemptCategory
	FieldGroup
	FieldRegistrationIP
	FieldAcceptsEmails
	FieldStoreCredit
	FieldOriginChannel
	FieldChannels
	FieldForcePasswordReset
	FieldLocale
	FieldPassword
	FieldFormFields // several: by the form field's id
	FieldAttributes // several: by the attribute's id
	FieldCustomer
	FieldAddressType
	FieldAddress1
	FieldAddress2
	FieldCity
	FieldStateOrProvince
	FieldPostalCode
	FieldCountryCode
	FieldAttribute
	FieldValue
	FieldName
	FieldType
	FieldAllow
	FieldDeny
	FieldChannel
	FieldKind
	FieldMethod
	FieldSegment
	FieldMembers
	FieldUpToID // the last of the records of which there is one entry
	FieldSettings
	FieldPlatform
	FieldStatus
	FieldExternalID
	FieldListable
	FieldVisible
	FieldCurrencies
	FieldURL
	FieldCheckoutURL
	FieldHost
	FieldProof
	FieldMatching
	FieldRoute
	FieldScope
	FieldDestination
	FieldHeaders
	FieldActive
	FieldClient
	FieldScopes
	FieldClientSecret
	FieldAccessToken
	FieldExpires
	FieldOrigins
	FieldSigningKey
	FieldPrivateKey
	FieldDefault
	FieldGuests
	FieldCategoryAccess
	FieldDiscountRules
	FieldPriceList
	FieldUUID
	FieldDescription
	FieldNamespace
	FieldKey
	FieldPermissionSet
	FieldForm
	FieldRequired
	FieldOptions
	FieldTranslations
	FieldSource
	FieldOrder
	FieldConsents
	FieldEmails
	FieldSubject
	FieldBodyText
	FieldBodyHTML
	FieldPublic
	FieldWishlist
	FieldProduct
	FieldVariant
	FieldTaxProperties
	FieldDetails
	FieldAddress
	FieldExtras
	FieldFiles
	FieldAmount
	FieldReference
	FieldEntry
	FieldSKU
	FieldPath
	FieldPrice
	FieldImageURL
	FieldInStock
	FieldTotal
	FieldSubtotal
	FieldLines
	FieldConfirmed
	FieldHash
	FieldUntil
	FieldSession
	fieldImpersonation // in whose session something was written
	FieldRole
	FieldGrants
	FieldTimezone
	FieldRule
	FieldPriority
	FieldTakesOver
	FieldEntered // how many
	FieldLeft
	FieldHook
	FieldList
	FieldQuery
	FieldArchived
	FieldMerge
)

var fieldNames = [...]string{
	fieldIP: "", fieldReason: "", fieldCause: "", FieldCount: "count", FieldReport: "report",
	FieldEmail: "email", FieldFirstName: "first_name", FieldLastName: "last_name", FieldCompany: "company", FieldPhone: "phone",
	FieldNotes: "notes", FieldTaxExemptCategory: "tax_exempt_category", FieldGroup: "customer_group_id", FieldRegistrationIP: "registration_ip_address",
	FieldAcceptsEmails: "accepts_emails", FieldStoreCredit: "store_credit", FieldOriginChannel: "origin_channel_id", FieldChannels: "channel_ids",
	FieldForcePasswordReset: "force_password_reset", FieldLocale: "locale", FieldPassword: "password",
	FieldFormFields: "form_fields.", FieldAttributes: "attributes.", FieldCustomer: "customer_id",
	FieldAddressType: "address_type", FieldAddress1: "address1", FieldAddress2: "address2", FieldCity: "city", FieldStateOrProvince: "state_or_province",
	FieldPostalCode: "postal_code", FieldCountryCode: "country_code", FieldAttribute: "attribute_id", FieldValue: "value", FieldName: "name", FieldType: "type",
	FieldAllow: "allow", FieldDeny: "deny", FieldChannel: "channel_id", FieldKind: "kind", FieldMethod: "method", FieldSegment: "segment_id", FieldMembers: "members",
	FieldUpToID:         "up_to_id",
	FieldSettings:       "settings",
	FieldPlatform:       "platform",
	FieldStatus:         "status",
	FieldExternalID:     "external_id",
	FieldListable:       "is_listable_from_ui",
	FieldVisible:        "is_visible",
	FieldCurrencies:     "currencies",
	FieldURL:            "url",
	FieldCheckoutURL:    "checkout_url",
	FieldHost:           "host",
	FieldProof:          "proof",
	FieldMatching:       "matching",
	FieldRoute:          "route",
	FieldScope:          "scope",
	FieldDestination:    "destination",
	FieldHeaders:        "headers",
	FieldActive:         "is_active",
	FieldClient:         "client_id",
	FieldScopes:         "scopes",
	FieldClientSecret:   "client_secret",
	FieldAccessToken:    "access_token",
	FieldExpires:        "expires_at",
	FieldOrigins:        "allowed_cors_origins",
	FieldSigningKey:     "key_id",
	FieldPrivateKey:     "private_key",
	FieldDefault:        "is_default",
	FieldGuests:         "is_group_for_guests",
	FieldCategoryAccess: "category_access",
	FieldDiscountRules:  "discount_rules",
	FieldPriceList:      "price_list_id",
	FieldUUID:           "uuid",
	FieldDescription:    "description",
	FieldNamespace:      "namespace",
	FieldKey:            "key",
	FieldPermissionSet:  "permission_set",
	FieldForm:           "form",
	FieldRequired:       "required",
	FieldOptions:        "options",
	FieldTranslations:   "translations",
	FieldSource:         "source",
	FieldOrder:          "order_id",
	FieldConsents:       "consents",
	FieldEmails:         "emails",
	FieldSubject:        "subject",
	FieldBodyText:       "body_text",
	FieldBodyHTML:       "body_html",
	FieldPublic:         "is_public",
	FieldWishlist:       "wishlist_id",
	FieldProduct:        "product_id",
	FieldVariant:        "variant_id",
	FieldTaxProperties:  "tax_properties",
	FieldDetails:        "details",
	FieldAddress:        "address",
	FieldExtras:         "extra_fields",
	FieldFiles:          "files",
	FieldAmount:         "amount",
	FieldReference:      "reference",
	FieldEntry:          "entry_id",
	FieldSKU:            "sku",
	FieldPath:           "path",
	FieldPrice:          "price",
	FieldImageURL:       "image_url",
	FieldInStock:        "in_stock",
	FieldTotal:          "total",
	FieldSubtotal:       "subtotal",
	FieldLines:          "lines",
	FieldConfirmed:      "is_confirmed",
	FieldHash:           "hash",
	FieldUntil:          "until",
	FieldSession:        "session_id",
	fieldImpersonation:  "impersonation_id",
	FieldRole:           "role", FieldGrants: "grants", FieldTimezone: "timezone",
	FieldRule: "rule", FieldPriority: "priority", FieldTakesOver: "takes_over", FieldEntered: "entered", FieldLeft: "left",
	FieldHook: "webhook_id", FieldList: "list", FieldQuery: "query", FieldArchived: "is_archived",
	FieldMerge: "merge_id",
}

// secretFields are those of which no entry tells a value. They are the program's
// table of what is secret: whatever shows requests masks the same names.
var secretFields = [...]Field{FieldPassword, FieldClientSecret, FieldAccessToken, FieldPrivateKey, FieldHeaders, FieldDetails}

// Secret reports whether a field of a name is secret.
func Secret(name string) bool {
	return slices.ContainsFunc(secretFields[:], func(f Field) bool { return fieldNames[f] == name })
}

// several reports whether a record has several fields of the name, which ends in
// a period then.
func (f Field) several() bool {
	return f >= 0 && int(f) < len(fieldNames) && strings.HasSuffix(fieldNames[f], ".")
}

func (f Field) name(of int64) string {
	n := name(fieldNames[:], int64(f))
	if f.several() {
		n += strconv.FormatInt(of, 10)
	}
	return n
}

// Column declares a field of a T.
type Column[T any] struct {
	field    Field
	personal bool
	masked   bool
	// zero is the JSON text of none, among the changes of a record that was there
	// before and is there after; empty is null.
	zero string
	// value appends the JSON text of the field; nothing stands for none.
	value func(b []byte, of *T) []byte
}

// Table declares the fields of a T of which changes are recorded.
type Table[T any] []Column[T]

// Diff adds to an entry what differs. nil before is a record that was made, nil
// after one that was deleted: what it has is a change of each of its fields.
func (t Table[T]) Diff(e *Entry, before, after *T) {
	if before == nil || after == nil {
		t.whole(e, before, after)
		return
	}
	var was, is []byte
	for i := range t {
		c := &t[i]
		was, is = c.value(was[:0], before), c.value(is[:0], after)
		if bytes.Equal(was, is) {
			continue
		}
		from, now := was, is
		if len(from) == 0 {
			from = []byte(c.zero)
		} else if len(now) == 0 {
			now = []byte(c.zero)
		}
		if c.masked {
			from, now = mask(from), mask(now)
		}
		to := e.part(c.personal)
		*to = appendChange(*to, c.field, 0, from, now)
	}
}

// Room that parts of entries begin with: what most records take.
const (
	factsRoom    = 48
	personalRoom = 224
)

// whole adds all that a record has. It is on the way of every create: values are
// written where they stay.
func (t Table[T]) whole(e *Entry, before, after *T) {
	of := after
	if of == nil {
		of = before
	}
	if of == nil {
		return
	}
	for i := range t {
		c := &t[i]
		to := e.part(c.personal)
		if *to == nil {
			room := factsRoom
			if c.personal {
				room = personalRoom
			}
			*to = make([]byte, 0, room)
		}
		b := *to
		start := len(b)
		b = binary.AppendUvarint(b, uint64(c.field))
		if c.field.several() {
			b = append(b, 0)
		}
		if after != nil {
			b = append(b, 0) // none before
		}
		b = append(b, 0) // the length, of most values one byte
		at := len(b)
		if b = c.value(b, of); c.masked && len(b) > at {
			b = append(b[:at], Masked...)
		}
		switch n := len(b) - at; {
		case n == 0:
			*to = b[:start]
			continue
		case n < 0x80:
			b[at-1] = byte(n)
		default: // the length takes more
			var size [binary.MaxVarintLen64]byte
			b = slices.Replace(b, at-1, at, size[:binary.PutUvarint(size[:], uint64(n))]...)
		}
		if after == nil {
			b = append(b, 0) // none after
		}
		*to = b
	}
}

// mask returns what is told of a value that is not.
func mask(value []byte) []byte {
	if len(value) == 0 {
		return nil
	}
	return []byte(Masked)
}

// Change returns the entry of a record that was made, changed or deleted: one
// of both is nil where it was made or goes.
func (t Table[T]) Change(r Resource, id, customerID int64, before, after *T) Entry {
	e := Entry{Action: Updated, Resource: r, ID: id, CustomerID: customerID}
	switch {
	case before == nil:
		e.Action = Created
	case after == nil:
		e.Action = Deleted
	}
	t.Diff(&e, before, after)
	return e
}

// Personal returns a column whose values a person may have erased.
func Personal[T any](c Column[T]) Column[T] {
	c.personal = true
	return c
}

// MaskedColumn returns the column of a secret, of which is told when it changes
// and nothing more; an empty one is none.
func MaskedColumn[T any](f Field, of func(*T) string) Column[T] {
	if !slices.Contains(secretFields[:], f) {
		panic("history: " + fieldNames[f] + " is not in the table of secret fields")
	}
	c := TextColumn(f, of)
	c.masked = true
	return c
}

// JSONColumn returns the column of what is JSON already; nothing is none.
func JSONColumn[T any](f Field, of func(*T) string) Column[T] {
	return Column[T]{field: f, value: func(b []byte, t *T) []byte { return append(b, of(t)...) }}
}

// TextColumn returns the column of a text; an empty one is none.
func TextColumn[T any](f Field, of func(*T) string) Column[T] {
	return Column[T]{field: f, zero: `""`, value: func(b []byte, t *T) []byte {
		if s := of(t); s != "" {
			b = jsonx.AppendString(b, s)
		}
		return b
	}}
}

// IntColumn returns the column of a number; 0 is none.
func IntColumn[T any](f Field, of func(*T) int64) Column[T] {
	return Column[T]{field: f, zero: "0", value: func(b []byte, t *T) []byte {
		if n := of(t); n != 0 {
			b = strconv.AppendInt(b, n, 10)
		}
		return b
	}}
}

// FlagColumn returns the column of a flag; one that is off is none.
func FlagColumn[T any](f Field, of func(*T) bool) Column[T] {
	return Column[T]{field: f, zero: "false", value: func(b []byte, t *T) []byte {
		if of(t) {
			b = append(b, "true"...)
		}
		return b
	}}
}

// MoneyColumn returns the column of an amount in units of 10^-scale; 0 is none.
func MoneyColumn[T any](f Field, scale int, of func(*T) int64) Column[T] {
	return Column[T]{field: f, zero: "0", value: func(b []byte, t *T) []byte {
		if n := of(t); n != 0 {
			b = jsonx.AppendDecimal(b, n, scale)
		}
		return b
	}}
}

// IntsColumn returns the column of a list of numbers; nil is none.
func IntsColumn[T any](f Field, of func(*T) []int64) Column[T] {
	return Column[T]{field: f, value: func(b []byte, t *T) []byte {
		if l := of(t); l != nil {
			b = jsonx.AppendInts(b, l)
		}
		return b
	}}
}

// TextsColumn returns the column of a list of texts; nil is none.
func TextsColumn[T any](f Field, of func(*T) []string) Column[T] {
	return Column[T]{field: f, value: func(b []byte, t *T) []byte {
		if l := of(t); l != nil {
			b = jsonx.AppendStrings(b, l)
		}
		return b
	}}
}

// Int returns a number as the JSON text of a change.
func Int(n int64) string { return strconv.FormatInt(n, 10) }

// longest is how many bytes of a long text are told.
const longest = 512

// Clipped returns what is told of a text that may be long: its beginning, with
// its length and the beginning of its SHA-256, so that another text differs.
func Clipped(s string) string {
	if len(s) <= longest {
		return s
	}
	sum := sha256.Sum256([]byte(s))
	return strings.ToValidUTF8(s[:longest], "") + "… (" + strconv.Itoa(len(s)) + " bytes, " + hex.EncodeToString(sum[:4]) + ")"
}

// longestJSON is how many bytes of JSON are told as JSON.
const longestJSON = 8 << 10

// ClippedJSON returns what is told of JSON that may be long: what is too long is
// told as a text, like Clipped.
func ClippedJSON(s string) string {
	if len(s) <= longestJSON {
		return s
	}
	return Text(Clipped(s))
}
