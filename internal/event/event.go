// Package event records what happened in a store. An event is written
// in the transaction in which it happened. Whoever delivers events (webhooks)
// reads them by id, which is their order within a store.
package event

import (
	"slices"
	"strconv"
	"strings"

	"clientele/internal/jsonx"
	"clientele/internal/sqldb"
)

// Scopes of events, as webhooks name them.
const (
	CustomerCreated = "store/customer/created"
	CustomerUpdated = "store/customer/updated"
	CustomerDeleted = "store/customer/deleted"
	// The access of a customer to channels changed.
	ChannelAccessUpdated = "store/customer/channel/login/access/updated"
	AddressCreated       = "store/customer/address/created"
	AddressUpdated       = "store/customer/address/updated"
	AddressDeleted       = "store/customer/address/deleted"
	// Metafields have scopes that do not name what they belong to.
	MetafieldCreated = "store/metafield/created"
	MetafieldUpdated = "store/metafield/updated"
	MetafieldDeleted = "store/metafield/deleted"
	// Another stored payment instrument is the customer's default, or none.
	DefaultInstrumentUpdated = "store/customer/payment/instrument/default/updated"
	ChannelCreated           = "store/channel/created"
	ChannelUpdated           = "store/channel/updated"
	SubscriberCreated        = "store/subscriber/created"
	SubscriberUpdated        = "store/subscriber/updated"
	SubscriberDeleted        = "store/subscriber/deleted"
	CompanyCreated           = "store/company/created"
	CompanyUpdated           = "store/company/updated"
	CompanyStatusUpdated     = "store/company/statusUpdated"
	CompanyDeleted           = "store/company/deleted"
	InformationUpdated       = "store/information/updated"
	// Which price list applies to a group or on a channel has changed.
	PriceListAssignmentUpdated = "store/priceList/assignment/updated"
	PriceListAssignmentDeleted = "store/priceList/assignment/deleted"
	// A customer came into a segment that keeps itself, or left it.
	SegmentEntered = "store/clientele/segment/entered"
	SegmentLeft    = "store/clientele/segment/left"
)

// Scopes of what belongs to one channel, below "store/channel/{id}/".
const (
	CustomerPrivacyUpdated      = "settings/customerPrivacy/updated"
	CheckoutUpdated             = "settings/checkout/updated"
	DefaultCustomerGroupUpdated = "settings/defaultCustomerGroup/updated"
	ProfileUpdated              = "settings/profile/updated"
	CurrencyUpdated             = "settings/currency/updated"
	LogoUpdated                 = "settings/logo/updated"
	LogoImageUpdated            = "settings/logo/image/updated"
	FaviconImageUpdated         = "settings/favicon/image/updated"
	RobotsUpdated               = "settings/robots/updated"
	LocaleAdded                 = "settings/locale/added"
	LocaleUpdated               = "settings/locale/updated"
	LocaleDeleted               = "settings/locale/deleted"
	// A site was made, changed or taken away.
	SiteUpdated          = "settings/site/updated"
	CheckoutURLUpdated   = "settings/site/checkoutUrl/updated"
	CheckoutURLDeleted   = "settings/site/checkoutUrl/deleted"
	RouteUpdated         = "settings/route/updated" // of a site
	EmailTemplateUpdated = "email/templates/updated"
	EmailTemplateDeleted = "email/templates/deleted"
	EmailStatusUpdated   = "settings/emailStatus/updated"
	EmailStatusDeleted   = "settings/emailStatus/deleted"
)

// Topic is signalled by transactions that record events.
const Topic = "events"

// Event is one thing that happened.
type Event struct {
	Scope      string
	ResourceID int64
	CustomerID int64  // events of one customer keep their order
	Data       string // a JSON object: the payload's data
}

// ChannelAccess returns the event of a change in the channels that a customer
// may use.
func ChannelAccess(id int64, channels []int64) Event {
	b := append(make([]byte, 0, 64), `{"customer_id":`...)
	b = strconv.AppendInt(b, id, 10)
	b = append(b, `,"channel_ids":`...)
	b = append(jsonx.AppendIntsOrNull(b, channels), '}')
	return Event{Scope: ChannelAccessUpdated, ResourceID: id, CustomerID: id, Data: string(b)}
}

// inserts write 1, 2, 4, … events at once.
var inserts = sqldb.StaticRows(`INSERT INTO events (store_id, date_created, id, scope, resource_id, customer_id, data) VALUES `, 1, eventArgs, 7, ``)

const eventArgs = 5 // of each row

// Record writes events with the ids last-len+1 … last, which the caller took
// from the store's counters in the same transaction, unless that is muted.
func Record(tx *sqldb.Tx, last, now int64, events []Event) error {
	if len(events) > 0 && !tx.Muted().Events {
		tx.Signal(Topic)
	}
	if slices.ContainsFunc(events, func(e Event) bool { return strings.HasSuffix(e.Scope, "/deleted") }) {
		tx.Signal(sqldb.Erased)
	}
	if tx.Muted().Events {
		return nil
	}
	id := last - int64(len(events))
	own := make([]any, 0, eventArgs*len(events))
	for i := range events {
		id++
		e := &events[i]
		own = append(own, id, e.Scope, e.ResourceID, e.CustomerID, e.Data)
	}
	return inserts.Exec(tx, []any{now}, own)
}

// Customer returns the data of a customer's event. Channel fields are left
// out of deletions.
func Customer(scope string, id, originChannel int64, channels []int64) Event {
	b := append(make([]byte, 0, 96), `{"type":"customer","id":`...)
	b = strconv.AppendInt(b, id, 10)
	if scope != CustomerDeleted {
		b = append(b, `,"origin_channel_id":`...)
		b = strconv.AppendInt(b, originChannel, 10)
		b = append(b, `,"channel_ids":`...)
		b = jsonx.AppendIntsOrNull(b, channels)
	}
	b = append(b, '}')
	return Event{Scope: scope, ResourceID: id, CustomerID: id, Data: string(b)}
}

// Address returns the data of an address's event.
func Address(scope string, id, customerID int64) Event {
	b := append(make([]byte, 0, 80), `{"type":"customer","id":`...)
	b = strconv.AppendInt(b, id, 10)
	b = append(b, `,"address":{"customer_id":`...)
	b = strconv.AppendInt(b, customerID, 10)
	b = append(b, `}}`...)
	return Event{Scope: scope, ResourceID: id, CustomerID: customerID, Data: string(b)}
}

// Metafield returns the data of a customer's metafield's event, which has the
// customer's id as a string.
func Metafield(scope string, id, customerID int64, namespace string) Event {
	b := append(make([]byte, 0, 128), `{"metafield_id":`...)
	b = strconv.AppendInt(b, id, 10)
	b = append(b, `,"resource_id":"`...)
	b = strconv.AppendInt(b, customerID, 10)
	b = append(b, `","resource_type":"customer","namespace":`...)
	b = jsonx.AppendString(b, namespace)
	b = append(b, '}')
	return Event{Scope: scope, ResourceID: id, CustomerID: customerID, Data: string(b)}
}

// DefaultInstrument returns the event of a change of a customer's default
// payment instrument.
func DefaultInstrument(customerID int64) Event {
	return Event{Scope: DefaultInstrumentUpdated, ResourceID: customerID, CustomerID: customerID, Data: `{"type":"customer","id":` + strconv.FormatInt(customerID, 10) + `}`}
}

// PriceListAssignment returns the event of a price list that is assigned to a
// group, 0 for all, on a channel, 0 for all, or was. The resource is that place,
// so that what happens there is told in order.
func PriceListAssignment(scope string, priceListID, groupID, channelID int64) Event {
	b := append(make([]byte, 0, 96), `{"price_list_id":`...)
	b = strconv.AppendInt(b, priceListID, 10)
	b = append(b, `,"channel_id":`...)
	b = strconv.AppendInt(b, channelID, 10)
	b = append(b, `,"customer_group_id":`...)
	b = append(strconv.AppendInt(b, groupID, 10), '}')
	return Event{Scope: scope, ResourceID: groupID<<32 | channelID, Data: string(b)}
}

// Company returns the event of a company that a customer registered.
func Company(scope string, id, customerID int64) Event {
	return Event{Scope: scope, ResourceID: id, CustomerID: customerID, Data: `{"company_id":` + strconv.FormatInt(id, 10) + `}`}
}

// Segment returns the event of a customer who came into a segment or left it. It
// keeps the customer's order.
func Segment(scope string, segmentID int64, uuid string, customerID int64) Event {
	b := append(make([]byte, 0, 96), `{"type":"segment","id":`...)
	b = append(jsonx.AppendString(b, uuid), `,"customer_id":`...)
	b = append(strconv.AppendInt(b, customerID, 10), '}')
	return Event{Scope: scope, ResourceID: segmentID, CustomerID: customerID, Data: string(b)}
}

// Channel returns the data of a channel's event.
func Channel(scope string, id int64) Event {
	return Event{Scope: scope, ResourceID: id, Data: `{"type":"channel","id":` + strconv.FormatInt(id, 10) + `}`}
}

// Information returns the event of a change of what a store says about itself.
func Information() Event { return Event{Scope: InformationUpdated, Data: `{"type":"store"}`} }

// OfChannel returns an event of a channel that says no more than its scope.
func OfChannel(channelID int64, scope string) Event { return ofChannel(channelID, scope, `{}`) }

func ofChannel(channelID int64, scope, data string) Event {
	return Event{Scope: "store/channel/" + strconv.FormatInt(channelID, 10) + "/" + scope, ResourceID: channelID, Data: data}
}

// Site returns an event of a channel's site, which goes by the channel's id.
func Site(channelID int64, scope string) Event {
	return ofChannel(channelID, scope, `{"site_id":`+strconv.FormatInt(channelID, 10)+`}`)
}

// EmailTemplate returns an event of a kind of email on a channel.
func EmailTemplate(channelID int64, scope, kind string) Event {
	return ofChannel(channelID, scope, string(append(jsonx.AppendString([]byte(`{"template_kind":`), kind), '}')))
}

// EmailStatus returns an event of whether a channel has emails of a kind sent.
func EmailStatus(channelID int64, scope, kind string) Event {
	return EmailTemplate(channelID, scope, kind)
}

// Subscriber returns the data of a subscriber's event, which is the id alone.
// A subscriber is no customer, so the event keeps nobody's order but the
// store's.
func Subscriber(scope string, id int64) Event {
	b := append(make([]byte, 0, 48), `{"type":"subscriber","id":`...)
	b = append(strconv.AppendInt(b, id, 10), '}')
	return Event{Scope: scope, ResourceID: id, Data: string(b)}
}
