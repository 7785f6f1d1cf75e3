package subscriber

import (
	"slices"
	"strings"

	"clientele/internal/email"
	"clientele/internal/fold"
	"clientele/internal/sqldb"
)

const columns = `id, email, first_name, last_name, channel_id, source, order_id, consents, date_created, date_modified`

func (s *Subscriber) scan(r *sqldb.Row) {
	s.ID = r.Int(0)
	s.Email = r.Text(1)
	s.FirstName = r.Text(2)
	s.LastName = r.Text(3)
	s.ChannelID = r.Int(4)
	s.Source = r.Text(5)
	s.OrderID = r.Int(6)
	s.Consents = parseConsents(r.Text(7))
	s.DateCreated = r.Int(8)
	s.DateModified = r.Int(9)
}

func parseConsents(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}

const changeColumns = `id, subscriber_id, action, email, channel_id, consents, source, order_id, via, account_id, ip_address, date_created, proof`

func (c *Change) scan(r *sqldb.Row) {
	c.ID = r.Int(0)
	c.SubscriberID = r.Int(1)
	c.Action = r.Text(2)
	c.Email = r.Text(3)
	c.ChannelID = r.Int(4)
	c.Consents = parseConsents(r.Text(5))
	c.Source = r.Text(6)
	c.OrderID = r.Int(7)
	c.Via = r.Text(8)
	c.AccountID = r.Int(9)
	c.IP = r.Text(10)
	c.DateCreated = r.Int(11)
	c.Proof = parseProof(r.Text(12))
}

// How many values each row has, and for how many sizes of inserts there are
// statements: 1 to 32 rows.
const (
	subscriberArgs = 11
	historyArgs    = 13
	together       = 6
)

var (
	byID          = sqldb.Static(`SELECT ` + columns + ` FROM subscribers WHERE store_id = $1 AND id = $2`)
	byEmail       = sqldb.Static(`SELECT id, email FROM subscribers WHERE store_id = $1 AND email_norm = $2 AND channel_id = $3`)
	channelByID   = sqldb.Static(`SELECT id FROM channels WHERE store_id = $1 AND id = $2`)
	countAll      = sqldb.Static(`SELECT subscribers, subscriber_id FROM store_counters WHERE store_id = $1` + sqldb.Newest)
	lastID        = sqldb.Static(`SELECT subscriber_id FROM store_counters WHERE store_id = $1` + sqldb.Newest)
	moveCounters  = sqldb.Static(`UPDATE store_counters SET subscriber_id = subscriber_id + $2, subscribers = subscribers + $3, consent_change_id = consent_change_id + $4, event_id = event_id + $5, history_id = history_id + $6, lap = ` + sqldb.NextLap("$6") + ` WHERE store_id = $1` + sqldb.Newest + ` RETURNING subscriber_id, consent_change_id, event_id, history_id, rules, lap`)
	updateRow     = sqldb.Static(`UPDATE subscribers SET email = $3, email_norm = CASE WHEN email = $3 THEN email_norm ELSE $4 END, channel_id = $5, first_name = $6, last_name = $7, source = $8, order_id = $9, consents = $10, date_modified = $11, first_name_norm = $12, last_name_norm = $13 WHERE store_id = $1 AND id = $2`)
	insertRows    = sqldb.StaticRows(`INSERT INTO subscribers (store_id, date_created, date_modified, id, email, email_norm, channel_id, first_name, last_name, source, order_id, consents, first_name_norm, last_name_norm) VALUES `, 2, subscriberArgs, together, ``)
	insertHistory = sqldb.StaticRows(`INSERT INTO consent_changes (store_id, date_created, id, subscriber_id, action, email, channel_id, consents, source, order_id, via, account_id, ip_address, proof, email_norm) VALUES `, 1, historyArgs, together, ``)
)

// appendRow adds the row of a subscriber but for its dates.
func appendRow(rows []any, s *Subscriber) []any {
	return append(rows, s.ID, s.Email, email.Key(s.Email), s.ChannelID, s.FirstName, s.LastName, s.Source, s.OrderID, strings.Join(s.Consents, ","),
		fold.Text(s.FirstName), fold.Text(s.LastName))
}

func update(tx *sqldb.Tx, s *Subscriber) error {
	return tx.Exec(updateRow, s.ID, s.Email, email.Key(s.Email), s.ChannelID, s.FirstName, s.LastName, s.Source, s.OrderID, strings.Join(s.Consents, ","),
		s.DateModified, fold.Text(s.FirstName), fold.Text(s.LastName))
}

// appendHistory adds an entry of the history but for its date. With the deletion
// of a subscriber all consents end.
func appendHistory(rows []any, id int64, action string, s *Subscriber, by Origin) []any {
	consents := strings.Join(s.Consents, ",")
	if action == Deleted {
		consents = ""
	}
	return append(rows, id, s.ID, action, s.Email, s.ChannelID, consents, s.Source, s.OrderID, by.Via, by.AccountID, by.IP, by.proof(), email.Key(s.Email))
}

// move is by how much the counters move; last are the values then.
type move struct{ ids, total, changes, events, entries int64 }

type last struct {
	id, change, event, entry int64
	rules                    bool // the store has rules
}

// plus returns m and n times o.
func (m move) plus(o move, n int64) move {
	return move{m.ids + n*o.ids, m.total + n*o.total, m.changes + n*o.changes, m.events + n*o.events, m.entries + n*o.entries}
}

func (m move) args() []any { return []any{m.ids, m.total, m.changes, m.events, m.entries} }

// told leaves out what the transaction does not tell of.
func (m move) told(tx *sqldb.Tx) move {
	m.events, m.entries = tx.Muted().Of(m.events, m.entries)
	return m
}

// query locks the store's counters, like store.Advance.
func (m move) query(tx *sqldb.Tx, to *last) sqldb.Q {
	m = m.told(tx)
	return sqldb.Q{Stmt: moveCounters, Args: m.args(), Each: func(r *sqldb.Row) error {
		*to = last{id: r.Int(0), change: r.Int(1), event: r.Int(2), entry: r.Int(3), rules: r.Flag(4)}
		tx.Lapped(r.Int(5))
		return nil
	}}
}

// undo takes back what moved the counters to at in the same transaction and was
// not used.
func (m move) undo(tx *sqldb.Tx, at *last) error {
	m = m.told(tx)
	*at = last{at.id - m.ids, at.change - m.changes, at.event - m.events, at.entry - m.entries, at.rules}
	return tx.Exec(moveCounters, move{}.plus(m, -1).args()...)
}

// holder finds who has an address on a channel. Where an upgrade found several,
// it is who has it as it is written.
func holder(s *Subscriber, id *int64) []sqldb.Q {
	*id = 0
	key := email.Key(s.Email)
	var qs []sqldb.Q
	for _, norm := range email.Keys(s.Email) {
		qs = append(qs, sqldb.Q{Stmt: byEmail, Args: []any{norm, s.ChannelID}, Each: func(r *sqldb.Row) error {
			if *id == 0 && email.Key(r.Text(1)) == key {
				*id = r.Int(0)
			}
			return nil
		}})
	}
	return qs
}

// rows reads the subscribers with the given ids, in order.
func rows(tx *sqldb.Tx, ids []int64) ([]Subscriber, error) {
	in, args := sqldb.In(nil, ids)
	out := make([]Subscriber, 0, len(ids))
	err := tx.Query(sqldb.Dynamic(`SELECT `+columns+` FROM subscribers WHERE store_id = $1 AND id IN `+in+` ORDER BY id`), func(r *sqldb.Row) error {
		out = append(out, Subscriber{})
		out[len(out)-1].scan(r)
		return nil
	}, args...)
	return slices.Clip(out), err
}
