package subscriber

import (
	"maps"
	"slices"
	"strconv"

	"clientele/internal/email"
	"clientele/internal/event"
	"clientele/internal/fault"
	"clientele/internal/history"
	"clientele/internal/listing"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

// creation is a subscriber that is to be made.
type creation struct {
	Subscriber
	given int64 // the id that was chosen, 0: the next one
	by    Origin
	from  *history.Origin // nil: the transaction's
}

// place is what one subscriber has alone: an address, by its key, on a channel.
type place struct {
	key     string
	channel int64
}

func (s *Subscriber) place() place { return place{email.Key(s.Email), s.ChannelID} }

// create stores a subscriber with a given id, or the next one for 0.
func create(tx *sqldb.Tx, s *Subscriber, id int64, by Origin, now int64) error {
	c := &creation{Subscriber: *s, given: id, by: by}
	own, err := createAll(tx, []*creation{c}, now)
	if err == nil {
		err = own[0]
	}
	*s = c.Subscriber
	return err
}

// createAll stores subscribers, in their order as if each came by itself after
// the one before, and returns which cannot be made.
func createAll(tx *sqldb.Tx, in []*creation, now int64) ([]error, error) {
	own := make([]error, len(in))
	if len(in) == 0 {
		return own, nil
	}
	if err := checkChannels(tx, in, own); err != nil {
		return nil, err
	}
	refused, err := suppressed(tx)
	if err != nil {
		return nil, err
	}
	for i, c := range in {
		if own[i] != nil {
			continue
		}
		if err := refused.refuse(c.by, c.Email); Refused(err) {
			own[i] = err
		} else if err != nil {
			return nil, err
		}
	}
	return createRest(tx, in, own, now)
}

// createRest is createAll of those of whom own says nothing yet, whose addresses are
// not suppressed.
func createRest(tx *sqldb.Tx, in []*creation, own []error, now int64) ([]error, error) {
	var m move
	var emails []string
	for i, c := range in {
		if own[i] == nil {
			m = m.plus(c.move(), 1)
			emails = append(emails, c.Email)
		}
	}
	if len(emails) == 0 {
		return own, nil
	}
	var at last
	held, gone := map[place]bool{}, ends{}
	if err := tx.Pipeline(append([]sqldb.Q{m.query(tx, &at)}, heldQuery(emails, held, gone)...)...); err != nil {
		return nil, err
	}
	var back move
	for i, c := range in {
		if own[i] != nil {
			continue
		}
		err := taken(c.Email)
		if !held[c.place()] {
			if err = gone.refuse(tx, c.by, &c.Subscriber); err != nil && !Refused(err) {
				return nil, err
			}
		}
		if own[i] = err; err != nil {
			back = back.plus(c.move(), 1)
		} else {
			held[c.place()] = true
		}
	}
	if back.changes > 0 {
		if err := back.undo(tx, &at); err != nil {
			return nil, err
		}
	}
	if m = m.plus(back, -1); m.changes == 0 {
		return own, nil
	}
	return own, insertAll(tx, slices.DeleteFunc(slices.Clone(in), func(c *creation) bool { return own[slices.Index(in, c)] != nil }), gone, m, at, now)
}

// move is by how much a creation moves the store's counters.
func (c *creation) move() move {
	m := move{ids: 1, total: 1, changes: 1, events: 1, entries: 1}
	if c.given != 0 {
		m.ids = 0
	}
	return m
}

// insertAll writes what m counted, at which the counters are now.
func insertAll(tx *sqldb.Tx, in []*creation, gone ends, m move, at last, now int64) error {
	var rows, consents []any
	by := make([]Origin, 0, len(in))
	events, entries := make([]event.Event, 0, len(in)), make([]history.Entry, 0, len(in))
	id, change := at.id-m.ids, at.change-m.changes
	highest, chosen := at.id, false
	for _, c := range in {
		if c.ID = c.given; c.given == 0 {
			id++
			c.ID = id
		} else {
			var err error
			if highest, err = listing.Subscribers.Choose(tx, highest, c.given); err != nil {
				return err
			}
			chosen = true
		}
		change++
		c.DateCreated, c.DateModified = now, now
		rows = appendRow(rows, &c.Subscriber)
		by = append(by, c.by)
		consents = appendHistory(consents, change, Created, &c.Subscriber, c.by)
		e := c.changeOf(nil, &c.Subscriber)
		e.From = c.from
		entries = append(entries, e)
		events = append(events, event.Subscriber(event.SubscriberCreated, c.ID))
	}
	if err := insertRows.Exec(tx, []any{now, now}, rows); err != nil {
		return err
	}
	if chosen { // those that are given out go on after them
		if err := (store.Lowest{SubscriberID: highest}).Lift(tx); err != nil {
			return err
		}
	}
	if err := insertHistory.Exec(tx, []any{now}, consents); err != nil {
		return err
	}
	if err := history.Record(tx, at.entry, now, entries); err != nil {
		return err
	}
	if err := keepTexts(tx, now, by...); err != nil {
		return err
	}
	subs := make([]*Subscriber, len(in))
	for i, c := range in {
		subs[i] = &c.Subscriber
	}
	if err := came(tx, at, gone, subs...); err != nil {
		return err
	}
	return event.Record(tx, at.event, now, events)
}

// heldWith selects who is subscribed, and where addresses have left, by their keys.
func heldWith(keys string) string {
	return `SELECT s.email, s.channel_id, 1, '' FROM subscribers s WHERE s.store_id = $1 AND s.email_norm ` + keys +
		` UNION ALL SELECT e.email_norm, e.channel_id, 0, e.via FROM subscriber_ends e WHERE e.store_id = $1 AND e.email_norm ` + keys
}

var heldOf = sqldb.Static(heldWith(`= $2`))

// heldQuery notes who has any of some addresses, on whichever channel, and where the
// addresses have left.
func heldQuery(emails []string, held map[place]bool, gone ends) []sqldb.Q {
	return sqldb.ByKeys(heldOf, func(in string) string { return heldWith(`IN ` + in) }, keysOf(emails), func(r *sqldb.Row) error {
		if at := (place{email.Key(r.Text(0)), r.Int(1)}); r.Flag(2) {
			held[at] = true
		} else {
			gone[at] = r.Text(3)
		}
		return nil
	})
}

// keysOf are the keys by which rows with any of some addresses are found.
func keysOf(emails []string) []string {
	keys := map[string]bool{}
	for _, e := range emails {
		for _, k := range email.Keys(e) {
			keys[k] = true
		}
	}
	return slices.Sorted(maps.Keys(keys))
}

// checkChannels makes sure that the channels exist. The default one always does.
func checkChannels(tx *sqldb.Tx, in []*creation, own []error) error {
	there, wanted := map[int64]bool{store.DefaultChannel: true}, map[int64]bool{}
	for _, c := range in {
		if !there[c.ChannelID] {
			wanted[c.ChannelID] = true
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	if err := tx.Pipeline(sqldb.Among(`SELECT id FROM channels WHERE store_id = $1 AND id IN `, slices.Sorted(maps.Keys(wanted)), "", there)); err != nil {
		return err
	}
	for i, c := range in {
		if !there[c.ChannelID] {
			own[i] = noChannel(c.ChannelID)
		}
	}
	return nil
}

func noChannel(id int64) error {
	return fault.Broken(fault.Invalid, fault.Item{Field: FieldChannel, Code: fault.Unknown, Why: WhyNoChannel, Value: strconv.FormatInt(id, 10)})
}
