package subscriber

import (
	"cmp"
	"slices"

	emails "clientele/internal/email"
	"clientele/internal/opt"
	"clientele/internal/sqldb"
)

// Table is the table of subscribers.
const Table = "subscribers"

// ViaMerge is how a subscriber changes whose person had several accounts.
const ViaMerge = "merge"

// ChannelStanding is how the addresses of a person stand on a channel.
type ChannelStanding struct {
	ChannelID   int64
	Subscribers []Subscriber
	// Ended are the addresses that left the channel.
	Ended []End
}

// Becomes is what becomes of a ChannelStanding when the addresses are one person's.
type Becomes struct {
	ChannelID int64 `json:"channel_id"`
	// Before is who stays as they were, and After as they become; nil: nobody stays.
	Before *Subscriber `json:"before,omitempty"`
	After  *Subscriber `json:"after,omitempty"`
	// Gone are the others.
	Gone []Subscriber `json:"gone,omitempty"`
	// Ends tells that the address that stays is noted as one that left, by Via. Had is
	// how it had left itself, nil: not.
	Ends bool   `json:"ends,omitempty"`
	Via  string `json:"via,omitempty"`
	Had  *Ended `json:"had,omitempty"`
}

// StandingsOf returns how addresses stand, by channel. clause locks the subscribers.
func StandingsOf(tx *sqldb.Tx, addresses []string, clause string) ([]ChannelStanding, error) {
	var keys []string
	for _, a := range addresses {
		keys = append(keys, emails.Keys(a)...)
	}
	by := map[int64]*ChannelStanding{}
	of := func(channel int64) *ChannelStanding {
		if by[channel] == nil {
			by[channel] = &ChannelStanding{ChannelID: channel}
		}
		return by[channel]
	}
	in, args := sqldb.In(nil, keys)
	if err := tx.Query(sqldb.Dynamic(`SELECT `+columns+` FROM subscribers WHERE store_id = $1 AND email_norm IN `+in+` ORDER BY id`+clause), func(r *sqldb.Row) error {
		var s Subscriber
		s.scan(r)
		of(s.ChannelID).Subscribers = append(of(s.ChannelID).Subscribers, s)
		return nil
	}, args...); err != nil {
		return nil, err
	}
	if err := tx.Query(sqldb.Dynamic(`SELECT `+endColumns+` FROM subscriber_ends WHERE store_id = $1 AND email_norm IN `+in+` ORDER BY email_norm`), func(r *sqldb.Row) error {
		e := scanEnd(r)
		of(e.ChannelID).Ended = append(of(e.ChannelID).Ended, e)
		return nil
	}, args...); err != nil {
		return nil, err
	}
	out := make([]ChannelStanding, 0, len(by))
	for _, s := range by {
		out = append(out, *s)
	}
	slices.SortFunc(out, func(a, b ChannelStanding) int { return cmp.Compare(a.ChannelID, b.ChannelID) })
	return out, nil
}

// Merged tells what becomes of a standing where one address stays: whoever left with
// any is on the channel with none, and consents are those that were given with each.
func (s *ChannelStanding) Merged(address string) Becomes {
	out := Becomes{ChannelID: s.ChannelID}
	if len(s.Ended) > 0 {
		out.Gone = s.Subscribers
		last := slices.MaxFunc(s.Ended, func(a, b End) int { return cmp.Compare(a.weight(), b.weight()) })
		own := slices.IndexFunc(s.Ended, func(e End) bool { return e.Email == emails.Key(address) })
		if own < 0 || s.Ended[own].weight() < last.weight() {
			out.Ends, out.Via = true, last.Via
		}
		if out.Ends && own >= 0 {
			out.Had = &Ended{s.Ended[own].Time, s.Ended[own].Via}
		}
		return out
	}
	stays := slices.IndexFunc(s.Subscribers, func(x Subscriber) bool { return emails.Same(x.Email, address) })
	stays = max(stays, 0)
	before := s.Subscribers[stays]
	after := before
	after.Consents = nil
	for _, c := range Consents {
		if !slices.ContainsFunc(s.Subscribers, func(x Subscriber) bool { return !x.Has(c) }) {
			after.Consents = append(after.Consents, c)
		}
	}
	if !emails.Same(before.Email, address) {
		after.Email = address
	}
	out.Before, out.After = &before, &after
	for i := range s.Subscribers {
		if i != stays {
			out.Gone = append(out.Gone, s.Subscribers[i])
		}
	}
	return out
}

// weight orders ends: a complaint is about all channels, and a person's own wish is
// kept from more than another end.
func (e *End) weight() int {
	switch {
	case e.Via == ViaComplaint:
		return 2
	case e.Own():
		return 1
	}
	return 0
}

// Changes reports whether anything becomes different.
func (b *Becomes) Changes() bool {
	return len(b.Gone) > 0 || b.Ends || b.Before != nil && !b.Before.same(b.After)
}

// MergeTx makes a person's addresses stand as Merged tells. The subscribers are
// locked. One that cannot have the address, which was erased, stays where it is.
func MergeTx(tx *sqldb.Tx, address string, standings []ChannelStanding, now int64) ([]Becomes, error) {
	by := Origin{Via: ViaMerge}.Came(tx.Context())
	var out []Becomes
	for i := range standings {
		b := standings[i].Merged(address)
		if !b.Changes() {
			continue
		}
		for j := range b.Gone {
			if err := removeOne(tx, &b.Gone[j], by, now); err != nil {
				return nil, err
			}
		}
		if b.Ends {
			if err := insertEnds.Exec(tx, []any{now}, []any{emails.Key(address), b.ChannelID, b.Via}); err != nil {
				return nil, err
			}
		}
		if b.Before != nil {
			after, err := changeHeld(tx, b.Before, b.update(b.After), by, now)
			if Refused(err) {
				b.After.Email = b.Before.Email
				after, err = changeHeld(tx, b.Before, b.update(b.After), by, now)
			}
			if err != nil {
				return nil, err
			}
			b.After = after
		}
		out = append(out, b)
	}
	return out, nil
}

func (b *Becomes) update(to *Subscriber) *Update {
	return &Update{Email: opt.Some(to.Email), Consents: opt.Some(to.Consents)}
}

// endOfMerge deletes an end that a merge noted, and none of who complained since.
var endOfMerge = sqldb.Static(`DELETE FROM subscriber_ends WHERE store_id = $1 AND email_norm = $2 AND channel_id = $3 AND (via <> 'complaint' OR date_ended = $4)`)

// PartTx undoes MergeTx, which was made at a time, and returns the addresses of those
// who are left as they are because somebody said something since.
func PartTx(tx *sqldb.Tx, address string, merged []Becomes, made, now int64) (left []string, err error) {
	by := Origin{Via: ViaMerge}.Came(tx.Context())
	for i := range merged {
		b := &merged[i]
		stays := b.Before == nil
		if b.Ends {
			n, err := tx.ExecCount(endOfMerge, emails.Key(address), b.ChannelID, made)
			if err != nil {
				return nil, err
			}
			if n > 0 && b.Had != nil {
				if err := insertEnds.Exec(tx, []any{b.Had.Time}, []any{emails.Key(address), b.ChannelID, b.Had.Via}); err != nil {
					return nil, err
				}
			}
		}
		if b.Before != nil {
			is, err := lock(tx, b.After.ID, tx.ForUpdate())
			if err != nil {
				return nil, err
			}
			if stays = is != nil && is.same(b.After); !stays {
				left = append(left, b.Before.Email)
			} else if _, err := changeHeld(tx, is, b.update(b.Before), by, now); err != nil {
				return nil, err
			} else if !b.Before.sameKey(b.After) {
				// Nobody left with the address that was lent.
				if err := tx.Exec(forgetEnd, emails.Key(b.After.Email), b.ChannelID); err != nil {
					return nil, err
				}
			}
		}
		for j := range b.Gone {
			g := b.Gone[j]
			var holds int64
			if err := tx.Pipeline(holder(&g, &holds)...); err != nil {
				return nil, err
			}
			// Who unsubscribed since is not subscribed again by this.
			if !stays || holds != 0 {
				left = append(left, g.Email)
				continue
			}
			if err := create(tx, &g, g.ID, by, now); Refused(err) {
				left = append(left, g.Email)
			} else if err != nil {
				return nil, err
			}
		}
	}
	return left, nil
}
