package subscriber

import (
	"context"
	"time"

	"clientele/internal/email"
	"clientele/internal/jobs"
	"clientele/internal/rule"
	"clientele/internal/sqldb"
)

// endArgs is how many values each row of an end has.
const endArgs = 4

var (
	insertEnds = sqldb.StaticRows(`INSERT INTO subscriber_ends (store_id, date_ended, email_norm, channel_id, via) VALUES `, 1, endArgs-1, together,
		` ON CONFLICT (store_id, email_norm, channel_id) DO UPDATE SET date_ended = excluded.date_ended, via = CASE WHEN subscriber_ends.via = 'complaint' THEN subscriber_ends.via ELSE excluded.via END`)
	// An older end is no news.
	insertEnd = sqldb.Static(`INSERT INTO subscriber_ends (store_id, email_norm, channel_id, date_ended) VALUES ($1, $2, $3, $4) ON CONFLICT (store_id, email_norm, channel_id) DO NOTHING`)
	deleteEnd = sqldb.Static(`DELETE FROM subscriber_ends WHERE store_id = $1 AND email_norm = $2 AND channel_id = $3`)
	forgetEnd = sqldb.Static(`DELETE FROM subscriber_ends WHERE store_id = $1 AND email_norm = $2 AND channel_id = $3 AND via <> 'complaint'`)
	changes   = sqldb.Static(`SELECT id, action, email, channel_id, date_created FROM consent_changes WHERE store_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3`)
	isThere   = sqldb.Static(`SELECT id FROM subscribers WHERE store_id = $1 AND email_norm = $2 AND channel_id = $3`)
	lockEnds  = sqldb.Static(`UPDATE store_counters SET event_id = event_id + 0 WHERE store_id = $1 RETURNING consent_change_id`)
)

// came notes that addresses are on channels, and has the rules look at whose they
// are. gone are all that had left. Who complained stays known: see agreedAnew.
func came(tx *sqldb.Tx, at last, gone ends, subs ...*Subscriber) error {
	for _, s := range subs {
		if _, left := gone[s.place()]; !left {
			continue
		}
		if err := tx.Exec(forgetEnd, email.Key(s.Email), s.ChannelID); err != nil {
			return err
		}
	}
	return mark(tx, at, subs)
}

// agreedAnew notes a new consent: one that was confirmed by an emailed link, or of which
// somebody states that the person gave it again. A mailbox that refused emails gets
// another try, and a complaint counts no more.
func agreedAnew(tx *sqldb.Tx, s *Subscriber) error {
	if err := liftBounce(tx, s.Email); err != nil {
		return err
	}
	return tx.Exec(deleteEnd, email.Key(s.Email), s.ChannelID)
}

// left notes that addresses left channels, and how.
func left(tx *sqldb.Tx, at last, now int64, via string, subs ...*Subscriber) error {
	rows := make([]any, 0, (endArgs-1)*len(subs))
	seen := map[place]bool{}
	for _, s := range subs {
		if p := s.place(); !seen[p] {
			seen[p] = true
			how := via
			if len(s.Consents) == 0 {
				how = refused
			}
			rows = append(rows, p.key, p.channel, how)
		}
	}
	if err := insertEnds.Exec(tx, []any{now}, rows); err != nil {
		return err
	}
	return mark(tx, at, subs)
}

func mark(tx *sqldb.Tx, at last, subs []*Subscriber) error {
	if !at.rules {
		return nil
	}
	keys := make([]string, len(subs))
	for i, s := range subs {
		keys[i] = email.Key(s.Email)
	}
	return rule.MarkAddressees(tx, keys...)
}

// endsBite is how many entries of the history one transaction reads.
const endsBite = 500

// Register has r take in who left before ends were noted, and give entries of the
// history of consents keys who have none.
func (s *Service) Register(r *jobs.Runner) {
	schedule := []time.Duration{5 * time.Second, time.Minute, 10 * time.Minute, time.Hour, 6 * time.Hour, 24 * time.Hour}
	r.Register(jobs.Kind{Name: "subscriber_ends", Handler: s.fillEnds, Limit: 2, Schedule: schedule})
	r.Register(jobs.Kind{Name: "consent_keys", Handler: s.fillKeys, Limit: 2, Schedule: schedule})
}

// fillEnds is the handler. It reads the history from its end: the newest end of an
// address on a channel counts, and what is there already is as new.
func (s *Service) fillEnds(ctx context.Context, j jobs.Job) error {
	for before := int64(1) << 62; ; {
		n, next := 0, before
		if err := s.db.Write(ctx, j.StoreID, func(tx *sqldb.Tx) error {
			n = 0
			type end struct {
				place
				at int64
			}
			var ends []end
			if err := tx.Query(lockEnds, func(*sqldb.Row) error { return nil }); err != nil {
				return err
			}
			from := before
			if err := tx.Query(changes, func(r *sqldb.Row) error {
				n, from = n+1, r.Int(0)
				if r.Text(1) == Deleted {
					ends = append(ends, end{place{email.Key(r.Text(2)), r.Int(3)}, r.Int(4)})
				}
				return nil
			}, before, int64(endsBite)); err != nil {
				return err
			}
			var keys []string
			for _, e := range ends {
				there := false
				if err := tx.Query(isThere, func(*sqldb.Row) error { there = true; return nil }, e.key, e.channel); err != nil {
					return err
				}
				if there {
					continue
				}
				keys = append(keys, e.key)
				if err := tx.Exec(insertEnd, e.key, e.channel, e.at); err != nil {
					return err
				}
			}
			next = from
			if there, err := rule.Any(tx); err != nil || !there {
				return err
			}
			return rule.MarkAddressees(tx, keys...)
		}); err != nil || n < endsBite {
			return err
		}
		before = next
	}
}
