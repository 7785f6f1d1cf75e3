package subscriber

import (
	"context"
	"errors"
	"slices"

	"clientele/internal/event"
	"clientele/internal/fault"
	"clientele/internal/history"
	"clientele/internal/listing"
	"clientele/internal/opt"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

// Create makes a subscriber. An address that subscribes on the channel
// already is a Conflict.
func (s *Service) Create(ctx context.Context, storeID int64, in Create, by Origin) (*Subscriber, error) {
	by = by.Came(ctx)
	sub, err := in.build()
	if err != nil {
		return nil, err
	}
	if in.ID != 0 {
		err = s.db.WriteShared(ctx, storeID, func(tx *sqldb.Tx) error { return create(tx, &sub, in.ID, by, s.sys.Now()) })
	} else {
		err = s.create(ctx, storeID, &sub, by)
	}
	if errors.Is(err, sqldb.ErrUnique) {
		err = taken(sub.Email)
	}
	if err != nil {
		return nil, err
	}
	return &sub, nil
}

// create makes a subscriber together with others that wait.
func (s *Service) create(ctx context.Context, storeID int64, sub *Subscriber, by Origin) error {
	from := history.Of(ctx)
	c := &creation{Subscriber: *sub, by: by, from: &from}
	err := s.creates.Write(ctx, storeID, c)
	*sub = c.Subscriber
	return err
}

// Agree makes a subscriber or, where the address is one on the channel
// already, adds the consents that are new, inside tx. It is sqldb.ErrUnique
// where somebody was quicker: the transaction is to be run again.
func Agree(tx *sqldb.Tx, in Create, by Origin, now int64) error {
	by = by.Came(tx.Context())
	sub, err := in.build()
	if err != nil {
		return err
	}
	if by.Proof.Confirmed == ByEmail { // so something reaches the address
		if err := agreedAnew(tx, &sub); err != nil {
			return err
		}
	}
	var id int64
	if err := tx.Pipeline(holder(&sub, &id)...); err != nil {
		return err
	}
	var old *Subscriber
	if id != 0 {
		if old, err = lock(tx, id, tx.ForUpdate()); err != nil {
			return err
		}
	}
	if old == nil {
		if err = create(tx, &sub, 0, by, now); fault.As(err) != nil && fault.As(err).Kind == fault.Conflict {
			return sqldb.ErrUnique
		}
		return err
	}
	var all []string
	for _, c := range Consents {
		if slices.Contains(old.Consents, c) || slices.Contains(sub.Consents, c) {
			all = append(all, c)
		}
	}
	_, err = changeHeld(tx, old, &Update{Consents: opt.Some(all)}, by, now)
	return err
}

// Wish is what somebody says about the consents of an address on a channel;
// absent ones stay as they are.
type Wish struct {
	Email         string
	ChannelID     int64
	Newsletter    opt.Field[bool]
	AbandonedCart opt.Field[bool]
}

func (w *Wish) over(old []string) []string {
	out := slices.Clone(old)
	for _, f := range []struct {
		name  string
		field opt.Field[bool]
	}{{MarketingNewsletter, w.Newsletter}, {AbandonedCart, w.AbandonedCart}} {
		if f.field.Set {
			out = slices.DeleteFunc(out, func(c string) bool { return c == f.name })
		}
		if f.field.Value {
			out = append(out, f.name)
		}
	}
	return inOrder(out)
}

// Say records what somebody wishes, and makes a subscriber of an address that
// is none yet: of one who refuses too, so that the refusal is known.
func (s *Service) Say(ctx context.Context, storeID int64, w Wish, by Origin) (*Subscriber, error) {
	by = by.Came(ctx)
	fresh := Create{Email: w.Email, ChannelID: opt.Some(w.ChannelID), Source: FromStorefront, Consents: opt.Some(w.over(nil))}
	if err := fresh.Check(); err != nil {
		return nil, err
	}
	var out *Subscriber
	var err error
	for attempt := 0; ; attempt++ {
		// Most are new, which the write finds out by itself.
		known := false
		if attempt > 0 {
			if known, err = s.holds(ctx, storeID, fresh); err != nil {
				return nil, err
			}
		}
		// Those who are new move the counters before anything else, so they share
		// commits.
		if known {
			err = s.db.Write(ctx, storeID, func(tx *sqldb.Tx) (err error) {
				out, err = say(tx, &w, fresh, by, s.sys.Now())
				return err
			})
		} else {
			var sub Subscriber
			if sub, err = fresh.build(); err != nil {
				return nil, err
			}
			out, err = &sub, s.create(ctx, storeID, &sub, by)
		}
		f := fault.As(err)
		lost := errors.Is(err, sqldb.ErrUnique) || errors.Is(err, errNotFound) || f != nil && f.Kind == fault.Conflict
		if attempt == 0 && Refused(err) { // for whoever is new
			lost = true
		}
		if !lost || attempt == 5 {
			return out, err
		}
	}
}

// holds reports whether somebody has the address on the channel.
func (s *Service) holds(ctx context.Context, storeID int64, in Create) (bool, error) {
	sub, err := in.build()
	if err != nil {
		return false, err
	}
	var id int64
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error { return tx.Pipeline(holder(&sub, &id)...) })
	return id != 0, err
}

func say(tx *sqldb.Tx, w *Wish, fresh Create, by Origin, now int64) (*Subscriber, error) {
	sub, err := fresh.build()
	if err != nil {
		return nil, err
	}
	var id int64
	if err := tx.Pipeline(holder(&sub, &id)...); err != nil {
		return nil, err
	}
	if id == 0 {
		return &sub, create(tx, &sub, 0, by, now)
	}
	old, err := lock(tx, id, tx.ForUpdate())
	if err != nil {
		return nil, err
	}
	if old == nil || !old.sameKey(&sub) {
		return nil, errNotFound
	}
	return changeHeld(tx, old, &Update{Consents: opt.Some(w.over(old.Consents))}, by, now)
}

var lastHeld = sqldb.Static(`SELECT email, channel_id FROM consent_changes WHERE store_id = $1 AND subscriber_id = $2 ORDER BY id DESC LIMIT 1`)

// Withdraw removes whoever now has the address, on its channel, that the
// subscriber with an id had last, inside tx. Nobody there is no error.
func Withdraw(tx *sqldb.Tx, id int64, by Origin, now int64) error {
	by = by.Came(tx.Context())
	var was Subscriber
	if err := tx.Query(lastHeld, func(r *sqldb.Row) error {
		was.Email, was.ChannelID = r.Text(0), r.Int(1)
		return nil
	}, id); err != nil || was.Email == "" {
		return err
	}
	var holds int64
	if err := tx.Pipeline(holder(&was, &holds)...); err != nil || holds == 0 {
		return err
	}
	sub, err := lock(tx, holds, tx.ForDelete())
	if err != nil || sub == nil {
		return err
	}
	return removeOne(tx, sub, by, now)
}

// checkChannel makes sure that a channel exists. The default one always does.
func checkChannel(tx *sqldb.Tx, id int64) error {
	if id == store.DefaultChannel {
		return nil
	}
	found := false
	if err := tx.Query(channelByID, func(*sqldb.Row) error { found = true; return nil }, id); err != nil || found {
		return err
	}
	return noChannel(id)
}

// Update changes a subscriber. One whose stored data would not change is left
// alone: its date_modified stays and no event is recorded.
func (s *Service) Update(ctx context.Context, storeID, id int64, in Update, by Origin) (*Subscriber, error) {
	by = by.Came(ctx)
	c := fault.Collector{}
	in.check(&c)
	if err := c.Err(fault.Invalid); err != nil {
		return nil, err
	}
	var out *Subscriber
	err := s.db.Write(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		out, err = change(tx, id, &in, by, s.sys.Now())
		return err
	})
	if errors.Is(err, sqldb.ErrUnique) {
		err = taken(in.Email.Value)
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}

func change(tx *sqldb.Tx, id int64, in *Update, by Origin, now int64) (*Subscriber, error) {
	old, err := lock(tx, id, tx.ForUpdate())
	if err != nil {
		return nil, err
	}
	if old == nil {
		return nil, errNotFound
	}
	return changeHeld(tx, old, in, by, now)
}

// changeHeld is change for a subscriber that was read with a lock.
func changeHeld(tx *sqldb.Tx, old *Subscriber, in *Update, by Origin, now int64) (*Subscriber, error) {
	id := old.ID
	s := *old
	in.apply(&s)
	if s.same(old) {
		return old, nil
	}
	if s.ChannelID != old.ChannelID {
		if err := checkChannel(tx, s.ChannelID); err != nil {
			return nil, err
		}
	}
	if s.more(old) {
		refused, err := suppressed(tx)
		if err != nil {
			return nil, err
		}
		if err := refused.refuse(by, s.Email); err != nil {
			return nil, err
		}
		if err := s.refuseMore(tx, by, old); err != nil {
			return nil, err
		}
	}
	var at last
	var held int64
	m := move{events: 1, entries: 1}
	if !s.sameConsent(old) {
		m.changes = 1
	}
	qs := []sqldb.Q{m.query(tx, &at)}
	if !s.sameKey(old) {
		qs = append(qs, holder(&s, &held)...)
	}
	if err := tx.Pipeline(qs...); err != nil {
		return nil, err
	}
	if held != 0 {
		return nil, taken(s.Email)
	}
	s.DateModified = now
	if err := update(tx, &s); err != nil {
		return nil, err
	}
	if m.changes != 0 {
		if err := insertHistory.Exec(tx, []any{now}, appendHistory(nil, at.change, Updated, &s, by)); err != nil {
			return nil, err
		}
		if err := keepTexts(tx, now, by); err != nil {
			return nil, err
		}
	}
	if !s.sameKey(old) {
		if err := left(tx, at, now, "", old); err != nil {
			return nil, err
		}
	}
	// It may have left by this address before.
	if err := came(tx, at, ends{s.place(): ""}, &s); err != nil {
		return nil, err
	}
	if err := history.Record(tx, at.entry, now, []history.Entry{s.changeOf(old, &s)}); err != nil {
		return nil, err
	}
	return &s, event.Record(tx, at.event, now, []event.Event{event.Subscriber(event.SubscriberUpdated, id)})
}

func lock(tx *sqldb.Tx, id int64, clause string) (*Subscriber, error) {
	var out *Subscriber
	err := tx.Query(sqldb.Dynamic(`SELECT `+columns+` FROM subscribers WHERE store_id = $1 AND id = $2`+clause), func(r *sqldb.Row) error {
		out = &Subscriber{}
		out.scan(r)
		return nil
	}, id)
	return out, err
}

// DeleteOne removes a subscriber; one that is not there is gone already.
func (s *Service) DeleteOne(ctx context.Context, storeID, id int64, by Origin) error {
	by = by.Came(ctx)
	return s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		sub, err := lock(tx, id, tx.ForDelete())
		if err != nil || sub == nil {
			return err
		}
		return removeOne(tx, sub, by, s.sys.Now())
	})
}

// deleteBatch is how many subscribers one transaction removes.
const deleteBatch = 500

// Delete removes the subscribers that q selects, all of them if it has no
// condition, and returns how many there were. Many go in several
// transactions; those who subscribe meanwhile stay.
func (s *Service) Delete(ctx context.Context, storeID int64, q *listing.Query, by Origin) (int, error) {
	by = by.Came(ctx)
	ctx = sqldb.Aside(ctx)
	var end, all int64
	err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		if err := tx.Query(lastID, func(r *sqldb.Row) error { end = r.Int(0); return nil }); err != nil {
			return err
		}
		all, err = q.Count(tx)
		return err
	})
	n := 0
	for after, more := int64(0), true; more && err == nil; {
		var ids []int64
		err = s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
			var err error
			if ids, err = q.Batch(tx, after, end, deleteBatch); err != nil || len(ids) == 0 {
				return err
			}
			subs, err := rows(tx, ids)
			if err != nil {
				return err
			}
			entries := history.Step(after == 0, all, history.AllUpTo(history.Subscriber, all, end), deletions(subs))
			return remove(tx, subs, by, s.sys.Now(), entries)
		})
		if err == nil && len(ids) > 0 {
			n += len(ids)
			after = ids[len(ids)-1]
		}
		more = len(ids) == deleteBatch
		// What has begun is finished, whether or not the caller still listens.
		ctx = context.WithoutCancel(ctx)
	}
	return n, err
}

// removeOne deletes a locked row.
func removeOne(tx *sqldb.Tx, sub *Subscriber, by Origin, now int64) error {
	subs := []Subscriber{*sub}
	return remove(tx, subs, by, now, deletions(subs))
}

// remove deletes locked rows, of which the history has the given entries.
func remove(tx *sqldb.Tx, subs []Subscriber, by Origin, now int64, entries []history.Entry) error {
	n := int64(len(subs))
	ids := make([]int64, n)
	events := make([]event.Event, n)
	for i := range subs {
		ids[i] = subs[i].ID
		events[i] = event.Subscriber(event.SubscriberDeleted, ids[i])
	}
	var at last
	if err := tx.Pipeline(move{total: -n, changes: n, events: n, entries: int64(len(entries))}.query(tx, &at)); err != nil {
		return err
	}
	in, args := sqldb.In(nil, ids)
	if err := tx.Exec(sqldb.Dynamic(`DELETE FROM subscribers WHERE store_id = $1 AND id IN `+in), args...); err != nil {
		return err
	}
	var consents []any
	for i := range subs {
		consents = appendHistory(consents, at.change-n+int64(i)+1, Deleted, &subs[i], by)
	}
	if err := insertHistory.Exec(tx, []any{now}, consents); err != nil {
		return err
	}
	if err := history.Record(tx, at.entry, now, entries); err != nil {
		return err
	}
	if err := keepTexts(tx, now, by); err != nil {
		return err
	}
	if err := listing.Subscribers.Remove(tx, ids...); err != nil {
		return err
	}
	if by.Via != ViaErasure { // which leaves no address
		gone := make([]*Subscriber, n)
		for i := range subs {
			gone[i] = &subs[i]
		}
		if err := left(tx, at, now, by.Via, gone...); err != nil {
			return err
		}
	}
	return event.Record(tx, at.event, now, events)
}
