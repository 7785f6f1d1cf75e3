// Package subscriber holds newsletter and marketing subscribers: an email
// address on a channel with consents, which is not always a customer, and the
// history of what was consented to, when and how.
package subscriber

import (
	"clientele/internal/opt"
	"clientele/internal/sqldb"
	"clientele/internal/system"
)

// Consents that a subscriber may give.
const (
	MarketingNewsletter = "marketing_newsletter"
	AbandonedCart       = "abandoned_cart"
)

// Sources of subscribers.
const (
	FromStorefront = "storefront"
	FromOrder      = "order"
	FromCustom     = "custom"
)

// Sources are all sources, Consents all consents in the order in which they
// are told.
var (
	Sources  = []string{FromStorefront, FromOrder, FromCustom}
	Consents = []string{MarketingNewsletter, AbandonedCart}
)

// Subscriber is an email address on a channel and what it consented to. There
// is one at most per address and channel.
type Subscriber struct {
	ID           int64
	Email        string
	FirstName    string
	LastName     string
	ChannelID    int64
	Source       string
	OrderID      int64    // 0: none
	Consents     []string // in the order of Consents
	DateCreated  int64
	DateModified int64
}

// Create is the command to make a subscriber.
type Create struct {
	ID        int64 // 0: the next one
	Email     string
	FirstName string
	LastName  string
	ChannelID opt.Field[int64]    // absent: the default channel
	Source    string              // empty: custom
	OrderID   opt.Field[int64]    // absent or null: none
	Consents  opt.Field[[]string] // absent: the newsletter
}

// Update is the command to change a subscriber; absent fields stay.
type Update struct {
	Email     opt.Field[string]
	FirstName opt.Field[string]
	LastName  opt.Field[string]
	ChannelID opt.Field[int64]
	Source    opt.Field[string]
	OrderID   opt.Field[int64] // null: none
	Consents  opt.Field[[]string]
}

// Ways by which a change comes.
const (
	ViaManagementAPI = "management_api"
	ViaStorefront    = "storefront"
	ViaSeed          = "seed"
	ViaImport        = "import"
	ViaPanel         = "panel"
	// ViaComplaint: the mailbox's provider told that the person complained.
	ViaComplaint = "complaint"
)

// Origin is how a change came: evidence of a consent.
type Origin struct {
	// Follows tells that the subscriber is copied from another store, which decides.
	Follows   bool
	Via       string
	AccountID int64  // the API account that made it, 0 for none
	IP        string // where the request came from, if known
	Proof     Proof
}

// Actions in the history.
const (
	Created = "created"
	Updated = "updated"
	Deleted = "deleted"
)

// Change is one entry of the history: what held from then on.
type Change struct {
	ID           int64
	SubscriberID int64
	Action       string
	Email        string
	ChannelID    int64
	Consents     []string
	Source       string
	OrderID      int64
	Origin
	DateCreated int64
}

// Service runs the use cases.
type Service struct {
	db      *sqldb.DB
	sys     *system.System
	creates *sqldb.Together[*creation]
}

// NewService returns a Service over db.
func NewService(db *sqldb.DB, sys *system.System) *Service {
	return &Service{db: db, sys: sys, creates: sqldb.NewTogether(db, func(tx *sqldb.Tx, in []*creation) ([]error, error) { return createAll(tx, in, sys.Now()) })}
}
