// Package setting holds what a store and its channels say about customers:
// privacy, customer groups, whether customers of all channels may sign in, and
// what they check out with. A channel inherits what it does not say itself. Which groups the store names
// is for package group to know.
package setting

import (
	"context"
	"strconv"
	"unicode/utf8"

	"clientele/internal/fault"
	"clientele/internal/group"
	"clientele/internal/opt"
	"clientele/internal/sqldb"
	"clientele/internal/store"
	"clientele/internal/system"
)

// CustomerSettings are what one level says. A nil field is left to the level above; on
// the store's level none is nil.
type CustomerSettings struct {
	AskConsent           *bool // ask the shopper for consent to tracking
	AskConsentOnCheckout *bool
	PolicyURL            *string
	GuestGroupID         *int64
	DefaultGroupID       *int64
	// AllowGlobalLogins is of channels only and never nil there.
	AllowGlobalLogins *bool
}

// Update is the command to change a level: absent fields stay, null ones are
// left to the level above.
type Update struct {
	AskConsent           opt.Field[bool]
	AskConsentOnCheckout opt.Field[bool]
	PolicyURL            opt.Field[string]
	GuestGroupID         opt.Field[int64]
	DefaultGroupID       opt.Field[int64]
	AllowGlobalLogins    opt.Field[bool]
}

// Names of settings, as they are stored.
const (
	askConsent           = store.AskConsent
	askConsentOnCheckout = store.AskConsentOnCheckout
	policyURL            = store.PolicyURL
	guestGroup           = group.GuestSetting
	defaultGroup         = group.DefaultSetting
	allowGlobalLogins    = store.AllowGlobalLogins
)

// maxPolicyURL bounds a policy's address in characters.
const maxPolicyURL = 2048

var (
	selectLevel   = sqldb.Static(`SELECT name, value FROM customer_settings WHERE store_id = $1 AND channel_id = $2`)
	selectChannel = sqldb.Static(`SELECT id FROM channels WHERE store_id = $1 AND id = $2`)
	putOne        = sqldb.Static(`INSERT INTO customer_settings (store_id, channel_id, name, value) VALUES ($1, $2, $3, $4)
		ON CONFLICT (store_id, channel_id, name) DO UPDATE SET value = excluded.value`)
	clearOne = sqldb.Static(`DELETE FROM customer_settings WHERE store_id = $1 AND channel_id = $2 AND name = $3`)
)

// Service keeps settings.
type Service struct {
	db        *sqldb.DB
	sys       *system.System
	effective *sqldb.Kept[int64, CustomerSettings] // by channel
	checkout  *sqldb.Kept[int64, CheckoutSettings] // likewise
}

// NewService returns a Service over db.
func NewService(db *sqldb.DB, sys *system.System) *Service {
	return &Service{
		db: db, sys: sys,
		effective: sqldb.Keep(db, effective, "customer_settings", "channels", "customer_groups"),
		checkout:  sqldb.Keep(db, effectiveCheckout, "checkout_settings", "stores", "store_settings", "channels"),
	}
}

// Get returns what the store (channel 0) or a channel says itself.
func (s *Service) Get(ctx context.Context, storeID, channelID int64) (out CustomerSettings, err error) {
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		out, err = level(tx, channelID)
		return err
	})
	return out, err
}

// Effective returns what holds on a channel, inheritance resolved: no field
// is nil. What the fields point to is shared: nobody changes it.
func (s *Service) Effective(ctx context.Context, storeID, channelID int64) (CustomerSettings, error) {
	return s.effective.Get(ctx, storeID, channelID)
}

func effective(tx *sqldb.Tx, channelID int64) (CustomerSettings, error) {
	out, err := level(tx, channelID)
	if err != nil {
		return out, err
	}
	above, err := level(tx, 0)
	if err != nil {
		return out, err
	}
	inherit(&out.AskConsent, above.AskConsent)
	inherit(&out.AskConsentOnCheckout, above.AskConsentOnCheckout)
	inherit(&out.PolicyURL, above.PolicyURL)
	inherit(&out.GuestGroupID, above.GuestGroupID)
	inherit(&out.DefaultGroupID, above.DefaultGroupID)
	return out, nil
}

func inherit[T any](v **T, above *T) {
	if *v == nil {
		*v = above
	}
}

func level(tx *sqldb.Tx, channelID int64) (CustomerSettings, error) {
	var out CustomerSettings
	found := channelID == 0
	rows := map[string]string{}
	var chosen group.Chosen
	qs := []sqldb.Q{
		{Stmt: selectChannel, Args: []any{channelID}, Each: func(*sqldb.Row) error { found = true; return nil }},
		{Stmt: selectLevel, Args: []any{channelID}, Each: func(r *sqldb.Row) error { rows[r.Text(0)] = r.Text(1); return nil }},
	}
	if channelID == 0 {
		qs = append(qs, chosen.Queries()...)
	}
	if err := tx.Pipeline(qs...); err != nil {
		return out, err
	}
	if !found {
		return out, fault.New(fault.NotFound, "there is no such channel")
	}
	flag := func(name string) *bool {
		if v, ok := rows[name]; ok || channelID == 0 {
			on := v == "1"
			return &on
		}
		return nil
	}
	groupID := func(name string, global *int64) *int64 {
		if channelID == 0 {
			return global
		}
		if id, err := strconv.ParseInt(rows[name], 10, 64); err == nil {
			return &id
		}
		return nil
	}
	out = CustomerSettings{
		AskConsent: flag(askConsent), AskConsentOnCheckout: flag(askConsentOnCheckout),
		GuestGroupID: groupID(guestGroup, &chosen.Guest), DefaultGroupID: groupID(defaultGroup, &chosen.Default),
	}
	if v, ok := rows[policyURL]; ok || channelID == 0 {
		out.PolicyURL = &v
	}
	if channelID != 0 {
		allowed := store.AdmitsGlobal(channelID)
		if v, ok := rows[allowGlobalLogins]; ok {
			allowed = v == "1"
		}
		out.AllowGlobalLogins = &allowed
	}
	return out, nil
}

func (u *Update) check(c *fault.Collector) {
	if v := u.PolicyURL.Value; v != "" {
		switch {
		case utf8.RuneCountInString(v) > maxPolicyURL:
			c.Because(FieldPolicyURL, fault.TooLong, WhyLongURL, strconv.Itoa(maxPolicyURL))
		case !store.IsWebURL(v):
			c.Because(FieldPolicyURL, fault.BadFormat, WhyURL, "")
		}
	}
}

// Put changes what the store (channel 0) or a channel says and returns it.
func (s *Service) Put(ctx context.Context, storeID, channelID int64, in Update) (out CustomerSettings, err error) {
	err = s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		// Settings change one after the other, so that each change is told of.
		if _, err := (store.Advance{}).Run(tx); err != nil {
			return err
		}
		told, err := store.Look(tx)
		if err != nil {
			return err
		}
		if out, err = PutTx(tx, channelID, in, s.sys.Now()); err != nil {
			return err
		}
		return told.Tell(tx, s.sys.Now())
	})
	return out, err
}

// PutTx is Put inside a transaction, whose maker tells of it.
func PutTx(tx *sqldb.Tx, channelID int64, in Update, now int64) (CustomerSettings, error) {
	if _, err := level(tx, channelID); err != nil {
		return CustomerSettings{}, err
	}
	c := fault.Collector{}
	in.check(&c)
	global := group.Choice{}
	if channelID == 0 {
		global = group.Choice{Default: in.DefaultGroupID, Guest: in.GuestGroupID}
		if err := global.Lock(tx); err != nil {
			return CustomerSettings{}, err
		}
	}
	for _, g := range []struct {
		name  fault.Field
		field opt.Field[int64]
	}{{FieldGuestGroup, in.GuestGroupID}, {FieldDefaultGroup, in.DefaultGroupID}} {
		if g.field.Value == 0 {
			continue
		}
		found, err := group.Hold(tx, g.field.Value)
		if err != nil {
			return CustomerSettings{}, err
		}
		if !found {
			c.Because(g.name, fault.Unknown, WhyNoGroup, "")
		}
	}
	if err := c.Err(fault.Invalid); err != nil {
		return CustomerSettings{}, err
	}
	if channelID == 0 {
		if err := global.Make(tx, now); err != nil {
			return CustomerSettings{}, err
		}
	}
	for _, f := range []struct {
		name      string
		set, null bool
		value     string
	}{
		{askConsent, in.AskConsent.Set, in.AskConsent.Null, flagText(in.AskConsent.Value)},
		{askConsentOnCheckout, in.AskConsentOnCheckout.Set, in.AskConsentOnCheckout.Null, flagText(in.AskConsentOnCheckout.Value)},
		{policyURL, in.PolicyURL.Set, in.PolicyURL.Null, in.PolicyURL.Value},
		{guestGroup, in.GuestGroupID.Set && channelID != 0, in.GuestGroupID.Null, strconv.FormatInt(in.GuestGroupID.Value, 10)},
		{defaultGroup, in.DefaultGroupID.Set && channelID != 0, in.DefaultGroupID.Null, strconv.FormatInt(in.DefaultGroupID.Value, 10)},
		{allowGlobalLogins, in.AllowGlobalLogins.Set && channelID != 0, in.AllowGlobalLogins.Null, flagText(in.AllowGlobalLogins.Value)},
	} {
		var err error
		switch {
		case !f.set:
		case f.null:
			err = tx.Exec(clearOne, channelID, f.name)
		default:
			err = tx.Exec(putOne, channelID, f.name, f.value)
		}
		if err != nil {
			return CustomerSettings{}, err
		}
	}
	return level(tx, channelID)
}

func flagText(v bool) string {
	if v {
		return "1"
	}
	return "0"
}
