package store

import (
	"maps"
	"slices"
	"strconv"

	"clientele/internal/event"
	"clientele/internal/history"
	"clientele/internal/sqldb"
)

// Told is what webhooks are told of a store and its channels, as it is at one
// moment: who changes any of it looks before, and tells after it of what has
// become different. What holds on a channel counts, whether the channel says it
// or inherits it.
type Told struct {
	store    Settings
	said     Settings                          // without defaults
	settings map[int64]map[string]string       // what channels and, with 0, the store say of customers
	checkout map[int64]map[CheckoutName]string // and of checking out
	channels []toldChannel                     // by id
}

// toldChannel is what holds on a channel.
type toldChannel struct {
	id            int64
	gone          bool
	itself        [5]string // of which channel/updated tells
	kind          string    // its type
	platform      string
	host, proof   string
	site          string
	checkout      string
	currencies    string
	privacy       [3]string
	customerGroup string
	paying        map[CheckoutName]string // the checkout settings
}

var (
	toldChannels = sqldb.Static(`SELECT id, status, name, external_id, is_listable, is_visible, url, checkout_url, currencies, type, platform,
		(SELECT h.name FROM site_hosts h WHERE h.store_id = $1 AND h.channel_id = channels.id AND h.date_proved > 0),
		(SELECT h.proof FROM site_hosts h WHERE h.store_id = $1 AND h.channel_id = channels.id AND h.date_proved > 0)
		FROM channels WHERE store_id = $1 ORDER BY id`)
	toldSettings = sqldb.Static(`SELECT channel_id, name, value FROM customer_settings WHERE store_id = $1`)
	toldDefault  = sqldb.Static(`SELECT id FROM customer_groups WHERE store_id = $1 AND is_default = 1`)
)

// Look returns what is told of the store, inside tx. Changes of one thing must
// not pass each other between Look and Tell: the caller holds their lock.
func Look(tx *sqldb.Tx) (*Told, error) {
	own, s, err := readStore(tx)
	if err != nil {
		return nil, err
	}
	said := map[int64]map[string]string{}
	paying := map[int64]map[CheckoutName]string{}
	t := &Told{store: *s, said: own, settings: said, checkout: paying}
	chosen := "0"
	if err := tx.Pipeline(
		sqldb.Q{Stmt: toldChannels, Each: func(r *sqldb.Row) error {
			t.channels = append(t.channels, toldChannel{
				id: r.Int(0), gone: !alive(r.Text(1)),
				itself: [5]string{r.Text(1), r.Text(2), r.Text(3), flagText(r.Flag(4)), flagText(r.Flag(5))},
				site:   r.Text(6), checkout: r.Text(7), currencies: r.Text(8),
				kind: r.Text(9), platform: r.Text(10), host: r.Text(11), proof: r.Text(12),
			})
			return nil
		}},
		sqldb.Q{Stmt: toldSettings, Each: func(r *sqldb.Row) error {
			of := said[r.Int(0)]
			if of == nil {
				of = map[string]string{}
				said[r.Int(0)] = of
			}
			of[r.Text(1)] = r.Text(2)
			return nil
		}},
		sqldb.Q{Stmt: toldCheckout, Each: func(r *sqldb.Row) error {
			of := paying[r.Int(0)]
			if of == nil {
				of = map[CheckoutName]string{}
				paying[r.Int(0)] = of
			}
			of[CheckoutName(r.Text(1))] = r.Text(2)
			return nil
		}},
		sqldb.Q{Stmt: toldDefault, Each: func(r *sqldb.Row) error { chosen = strconv.FormatInt(r.Int(0), 10); return nil }},
	); err != nil {
		return nil, err
	}
	for i := range t.channels {
		c := &t.channels[i]
		holds := func(name, otherwise string) string {
			if v, ok := said[c.id][name]; ok {
				return v
			}
			if v, ok := said[0][name]; ok {
				return v
			}
			return otherwise
		}
		c.privacy = [3]string{holds(AskConsent, "0"), holds(AskConsentOnCheckout, "0"), holds(PolicyURL, "")}
		c.paying = s.Checkout(paying[c.id], paying[0])
		c.customerGroup = chosen
		if v, ok := said[c.id][DefaultGroup]; ok {
			c.customerGroup = v
		}
	}
	return t, nil
}

func flagText(v bool) string {
	if v {
		return "1"
	}
	return "0"
}

// Tell records what has become different since t, for webhooks and in the
// history, but for channels themselves, of which package channel tells.
func (t *Told) Tell(tx *sqldb.Tx, now int64) error { return t.tell(tx, now, false) }

// TellAll is Tell with channels, for what makes and changes them as a whole.
func (t *Told) TellAll(tx *sqldb.Tx, now int64) error { return t.tell(tx, now, true) }

// Enter is TellAll for the history alone.
func (t *Told) Enter(tx *sqldb.Tx, now int64) error {
	is, err := Look(tx)
	if err != nil {
		return err
	}
	entries, err := t.entries(is, true)
	if err != nil {
		return err
	}
	return history.Enter(tx, now, entries...)
}

func (t *Told) tell(tx *sqldb.Tx, now int64, channels bool) error {
	is, err := Look(tx)
	if err != nil {
		return err
	}
	var events []event.Event
	if informs(&t.store) != informs(&is.store) {
		events = append(events, event.Information())
	}
	everywhere := t.store.scopes(&is.store)
	for i := range is.channels {
		c := &is.channels[i]
		at := slices.IndexFunc(t.channels, func(o toldChannel) bool { return o.id == c.id })
		old := toldChannel{id: c.id}
		if at >= 0 {
			old = t.channels[at]
		}
		switch {
		case !channels || c.itself == old.itself:
		case at < 0:
			events = append(events, event.Channel(event.ChannelCreated, c.id))
		default:
			events = append(events, event.Channel(event.ChannelUpdated, c.id))
		}
		events = append(events, c.sites(&old)...)
		if at < 0 || c.gone {
			continue
		}
		for _, scope := range everywhere {
			events = append(events, event.OfChannel(c.id, scope))
		}
		if c.currencies != old.currencies && !slices.Contains(everywhere, event.CurrencyUpdated) {
			events = append(events, event.OfChannel(c.id, event.CurrencyUpdated))
		}
		if c.privacy != old.privacy {
			events = append(events, event.OfChannel(c.id, event.CustomerPrivacyUpdated))
		}
		if c.customerGroup != old.customerGroup {
			events = append(events, event.OfChannel(c.id, event.DefaultCustomerGroupUpdated))
		}
		if !maps.Equal(c.paying, old.paying) {
			events = append(events, event.OfChannel(c.id, event.CheckoutUpdated))
		}
	}
	entries, err := t.entries(is, channels)
	if err != nil {
		return err
	}
	return Note(tx, now, events, entries)
}

// Record writes events whose ids nothing else is counted with, inside tx.
func Record(tx *sqldb.Tx, now int64, events ...event.Event) error {
	if len(events) == 0 {
		return nil
	}
	_, err := RecordAt(tx, now, events...)
	return err
}

// RecordAt is Record that returns the id of the last event.
func RecordAt(tx *sqldb.Tx, now int64, events ...event.Event) (last int64, err error) {
	counters, err := Advance{EventIDs: int64(len(events))}.Run(tx)
	if err != nil {
		return 0, err
	}
	return counters.EventID, event.Record(tx, counters.EventID, now, events)
}

// Note records events and entries of the history whose ids nothing else is
// counted with, inside tx. It comes where Enter does.
func Note(tx *sqldb.Tx, now int64, events []event.Event, entries []history.Entry) error {
	if len(events)+len(entries) == 0 {
		return nil
	}
	counters, err := Advance{EventIDs: int64(len(events)), Entries: int64(len(entries))}.Run(tx)
	if err != nil {
		return err
	}
	if err := history.Record(tx, counters.EntryID, now, entries); err != nil || len(events) == 0 {
		return err
	}
	return event.Record(tx, counters.EventID, now, events)
}

// sites returns what is told of a channel's site. A site that goes takes its
// checkout along.
func (c *toldChannel) sites(old *toldChannel) []event.Event {
	var out []event.Event
	if c.site != old.site {
		out = append(out, event.Site(c.id, event.SiteUpdated))
	}
	switch {
	case c.checkout == old.checkout:
	case c.checkout == "":
		out = append(out, event.Site(c.id, event.CheckoutURLDeleted))
	default:
		out = append(out, event.Site(c.id, event.CheckoutURLUpdated))
	}
	return out
}

// information is what store/information/updated tells of, by the documents.
type information struct {
	name, address, country, phone, adminEmail, orderEmail, display, export, timezone, language string
	currency, symbol, location, decimal, thousands, weight, dimension, plan, level, logo       string
	taxed                                                                                      bool
}

func informs(s *Settings) information {
	return information{
		s.Name, s.Address, s.CountryCode, s.Phone, s.AdminEmail, s.OrderEmail, s.DisplayDate, s.ExportDate, s.Timezone, s.Language,
		s.Currency, s.CurrencySymbol, s.SymbolLocation, s.DecimalSeparator, s.ThousandsMark, s.WeightUnits, s.DimensionUnits, s.PlanName, s.PlanLevel, s.LogoURL,
		s.PricesWithTax,
	}
}

// scopes returns the scopes of what differs in a store's settings and holds on
// every channel.
func (s *Settings) scopes(now *Settings) []string {
	var out []string
	add := func(differs bool, scope string) {
		if differs {
			out = append(out, scope)
		}
	}
	money := func(s *Settings) [5]string {
		return [5]string{s.Currency, s.CurrencySymbol, s.SymbolLocation, s.DecimalSeparator, s.ThousandsMark}
	}
	profile := func(s *Settings) [6]string {
		return [6]string{s.Name, s.Address, s.CountryCode, s.Phone, s.AdminEmail, s.OrderEmail}
	}
	before, after := s.Locales(), now.Locales()
	lacks := func(of []Locale) func(Locale) bool {
		return func(l Locale) bool { return findLocale(of, l.Code) < 0 }
	}
	differs := func(l Locale) bool {
		at := findLocale(before, l.Code)
		return at >= 0 && (before[at].Default != l.Default || before[at].Active != l.Active)
	}
	add(profile(s) != profile(now), event.ProfileUpdated)
	add(money(s) != money(now), event.CurrencyUpdated)
	add(s.LogoURL != now.LogoURL, event.LogoUpdated)
	add(s.LogoURL != now.LogoURL, event.LogoImageUpdated)
	add(s.FaviconURL != now.FaviconURL, event.FaviconImageUpdated)
	add(s.Storefront.RobotsTxt != now.Storefront.RobotsTxt, event.RobotsUpdated)
	add(slices.ContainsFunc(after, lacks(before)), event.LocaleAdded)
	add(slices.ContainsFunc(before, lacks(after)), event.LocaleDeleted)
	add(s.Language != now.Language || slices.ContainsFunc(after, differs), event.LocaleUpdated)
	return out
}

// TellChannels records an event of each channel that has not ended, if it is
// told.
func TellChannels(tx *sqldb.Tx, now int64, of func(channelID int64) (event.Event, bool)) error {
	var events []event.Event
	if err := tx.Query(toldChannels, func(r *sqldb.Row) error {
		if e, told := of(r.Int(0)); told && alive(r.Text(1)) {
			events = append(events, e)
		}
		return nil
	}); err != nil {
		return err
	}
	return Record(tx, now, events...)
}
