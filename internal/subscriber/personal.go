package subscriber

import (
	"clientele/internal/email"
	"clientele/internal/personal"
	"clientele/internal/sqldb"
)

// ViaErasure is how a subscriber leaves whose person was erased.
const ViaErasure = "erasure"

// folded is why columns to compare by are not told.
const folded = "another value again, to be compared"

var (
	subscribersAt = sqldb.Static(`SELECT id, email FROM subscribers WHERE store_id = $1 AND email_norm = $2`)
	changesAfter  = sqldb.Static(`SELECT id, subscriber_id, email FROM consent_changes WHERE store_id = $1 AND id > $2 ORDER BY id LIMIT $3`)
	stillThere    = sqldb.Static(`SELECT id FROM subscribers WHERE store_id = $1 AND id = $2`)
	scrubChange   = sqldb.Static(`UPDATE consent_changes SET email = $3, email_norm = $4 WHERE store_id = $1 AND id = $2 AND email <> $3`)

	personalSubscriber = sqldb.Static(`SELECT id, email, channel_id, first_name, last_name, source, order_id, consents, date_created, date_modified FROM subscribers
		WHERE store_id = $1 AND id = $2 AND id > $3 ORDER BY id LIMIT $4`)
	personalChange = sqldb.Static(`SELECT id, subscriber_id, action, email, channel_id, consents, source, order_id, via, account_id, ip_address, date_created, proof FROM consent_changes
		WHERE store_id = $1 AND id = $2`)
)

// Personal is what this package keeps of persons.
func (s *Service) Personal() []personal.Part {
	return []personal.Part{subscriberPart, consentPart, suppressionPart, endsPart, bouncePart}
}

var subscriberPart = func() personal.Part {
	p := personal.Table{
		Name: "subscribers", Title: "Newsletter", By: personal.BySubscriber, Key: []string{"id"}, Select: personalSubscriber,
		Kinds:  "id int, channel_id int, order_id id, date_created time, date_modified time",
		Hidden: map[string]string{"email_norm": folded, "first_name_norm": folded, "last_name_norm": folded},
		Drop:   dropSubscribers,
	}.Part()
	p.Find = findSubscribers
	return p
}()

var consentPart = func() personal.Part {
	p := personal.Sieve{
		Name: "consent_changes", Title: "Consents to the newsletter", Key: []string{"id"}, Scrubs: true, All: changesAfter,
		Mine: func(w *personal.Who, r *sqldb.Row) bool {
			return w.HasSubscriber(r.Int(1)) || w.Is(r.Text(2)) || w.Hash != "" && r.Text(2) == personal.Mark(w.Hash)
		},
		One:    personalChange,
		Kinds:  "id int, subscriber_id int, channel_id int, order_id id, account_id id, date_created time",
		Hidden: map[string]string{"email_norm": folded},
		Drop: func(tx *sqldb.Tx, e *personal.Erasure, rows []personal.Row) (n int64, err error) {
			for i := range rows {
				some, err := tx.ExecCount(scrubChange, rows[i].Int(0), e.Mark, email.Key(e.Mark))
				if err != nil {
					return 0, err
				}
				n += some
			}
			return n, nil
		},
	}.Part()
	p.Find = findFormer
	return p
}()

// endsPart is when the address left channels.
var endsPart = personal.Table{
	Name: "subscriber_ends", Title: "Channels that the address has left", By: personal.ByAddress, Key: []string{"email_norm", "channel_id"},
	Select: sqldb.Static(`SELECT email_norm, channel_id, date_ended, via FROM subscriber_ends WHERE store_id = $1 AND email_norm = $2 AND (email_norm, channel_id) > ($3, $4)
		ORDER BY email_norm, channel_id LIMIT $5`),
	Kinds: "channel_id int, date_ended time",
	Drop: func(tx *sqldb.Tx, _ *personal.Erasure, rows []personal.Row) (n int64, err error) {
		for i := range rows {
			gone, err := tx.ExecCount(deleteEnd, rows[i].Key[0], rows[i].Key[1])
			if err != nil {
				return n, err
			}
			n += gone
		}
		return n, nil
	},
}.Part()

// findSubscribers finds the subscribers who have the address.
func findSubscribers(tx *sqldb.Tx, w *personal.Who, at personal.Place) (personal.Place, error) {
	for _, key := range email.Keys(w.Email) {
		if err := tx.Query(subscribersAt, func(r *sqldb.Row) error {
			if w.Is(r.Text(1)) {
				w.AddSubscriber(r.Int(0))
			}
			return nil
		}, key); err != nil {
			return at, err
		}
	}
	return personal.Place{End: true}, nil
}

// findFormer finds the subscribers who had the address when they left.
func findFormer(tx *sqldb.Tx, w *personal.Who, at personal.Place) (personal.Place, error) {
	seen, last := int64(0), at.Int(0)
	var former []int64
	if err := tx.Query(changesAfter, func(r *sqldb.Row) error {
		seen++
		last = r.Int(0)
		if w.Is(r.Text(2)) {
			former = append(former, r.Int(1))
		}
		return nil
	}, last, int64(personal.Sweep)); err != nil {
		return at, err
	}
	for _, id := range former {
		there := false
		if err := tx.Query(stillThere, func(*sqldb.Row) error { there = true; return nil }, id); err != nil {
			return at, err
		}
		if !there {
			w.AddSubscriber(id)
		}
	}
	if seen < personal.Sweep {
		return personal.Place{End: true}, nil
	}
	return personal.Place{Key: personal.Key(last)}, nil
}

// dropSubscribers has subscribers leave. What they agreed to stays on record.
func dropSubscribers(tx *sqldb.Tx, e *personal.Erasure, rows []personal.Row) (int64, error) {
	var gone []Subscriber
	for i := range rows {
		sub, err := lock(tx, rows[i].Int(0), tx.ForDelete())
		if err != nil {
			return 0, err
		}
		if sub != nil {
			gone = append(gone, *sub)
		}
	}
	if len(gone) == 0 {
		return 0, nil
	}
	return int64(len(gone)), remove(tx, gone, Origin{Via: ViaErasure}, e.Now, deletions(gone))
}
