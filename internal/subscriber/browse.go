package subscriber

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"clientele/internal/email"
	"clientele/internal/fold"
	"clientele/internal/sqldb"
)

// State is how somebody stands to the newsletters.
type State string

// The states of subscribers. Who waits for a confirmation is none yet.
const (
	Subscribed   State = "subscribed"
	Unsubscribed State = "unsubscribed" // agreed to nothing, or took all of it back
	Bounced      State = "bounced"      // nothing reaches the address, or its owner complained
)

// Browse asks for a page of subscribers, the newest first: before an id, or after
// it.
type Browse struct {
	// Words have to be somewhere in the address or the names.
	Text      string
	State     State  // "": any
	Source    string // "": any
	Consent   string // "": any
	ChannelID int64  // 0: any
	From, To  int64  // when they were made; 0: at any time
	Before    int64
	After     int64
	Limit     int
}

// Selects reports whether not all subscribers are asked for.
func (in *Browse) Selects() bool {
	return in.Text != "" || in.State != "" || in.Source != "" || in.Consent != "" || in.ChannelID != 0 || in.From != 0 || in.To != 0
}

// Browsed is a page of subscribers.
type Browsed struct {
	Subscribers []Subscriber
	Bounces     map[int64]Bounce // by the subscriber's id
	// Total is how many there are of all, -1 where some are asked for.
	Total int64
	// Older and Newer are the ids before and after which the list goes on; 0: it
	// does not.
	Older, Newer int64
	// Complete is false where time ran out before the page was full.
	Complete bool
}

const (
	browseWindow = 20_000
	browseTime   = 2 * time.Second
	browseWords  = 5
)

// where are the conditions of a Browse after the first three parameters.
func (in *Browse) where(tx *sqldb.Tx) (conditions string, args []any) {
	var b strings.Builder
	bind := func(v any) string { args = append(args, v); return fmt.Sprintf("$%d", len(args)+3) }
	words := strings.Fields(fold.Text(in.Text))
	for _, w := range words[:min(len(words), browseWords)] {
		n := bind(w)
		address := n
		if key := email.Key(w); strings.Contains(w, "@") && key != w {
			address = bind(key)
		}
		b.WriteString(` AND (` + tx.Position("email_norm", address) + ` > 0 OR ` + tx.Position("first_name_norm", n) + ` > 0 OR ` + tx.Position("last_name_norm", n) + ` > 0)`)
	}
	// Few addresses bounce: their list leads to the subscribers.
	const among = `email_norm IN (SELECT b.email_norm FROM bounces b WHERE b.store_id = $1)`
	const bounced = `EXISTS (SELECT 1 FROM bounces b WHERE b.store_id = $1 AND b.email_norm = subscribers.email_norm)`
	switch in.State {
	case Subscribed:
		b.WriteString(` AND consents <> '' AND NOT ` + bounced)
	case Unsubscribed:
		b.WriteString(` AND consents = ''`)
	case Bounced:
		b.WriteString(` AND ` + among)
	}
	if in.Source != "" {
		b.WriteString(` AND source = ` + bind(in.Source))
	}
	if in.Consent != "" {
		b.WriteString(` AND (consents = ` + bind(in.Consent) + ` OR consents = ` + bind(strings.Join(Consents, ",")) + `)`)
	}
	if in.ChannelID != 0 {
		b.WriteString(` AND channel_id = ` + bind(in.ChannelID))
	}
	if in.From != 0 {
		b.WriteString(` AND date_created >= ` + bind(in.From))
	}
	if in.To != 0 {
		b.WriteString(` AND date_created <= ` + bind(in.To))
	}
	return b.String(), args
}

// Browse returns a page of subscribers. It looks at a window of ids after the other,
// for two seconds at most.
func (s *Service) Browse(ctx context.Context, storeID int64, in Browse) (*Browsed, error) {
	out := &Browsed{}
	end := s.sys.Elapsed() + browseTime
	last := int64(0)
	err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		out.Total = -1
		return tx.Query(countAll, func(r *sqldb.Row) error {
			if last = r.Int(1); !in.Selects() {
				out.Total = r.Int(0)
			}
			return nil
		})
	})
	up := in.After != 0
	at := cmp.Or(in.Before, last+1) // the next window is below this id or, upwards, above it
	if up {
		at = in.After
	}
	window := int64(browseWindow)
	if in.State == Bounced {
		window = last
	}
	done := false
	for err == nil && !done && len(out.Subscribers) <= in.Limit {
		if s.sys.Elapsed() > end {
			break
		}
		low, high, order := max(at-1-window, 0), at-1, " DESC"
		if up {
			low, high, order = at, at+window, ""
		}
		var found []Subscriber
		err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
			found = nil
			where, args := in.where(tx)
			stmt := sqldb.Dynamic(fmt.Sprintf(`SELECT %s FROM subscribers WHERE store_id = $1 AND id > $2 AND id <= $3%s ORDER BY id%s LIMIT $%d`, columns, where, order, len(args)+4))
			return tx.Query(stmt, func(r *sqldb.Row) error {
				found = append(found, Subscriber{})
				found[len(found)-1].scan(r)
				return nil
			}, slices.Concat([]any{low, high}, args, []any{int64(in.Limit + 1 - len(out.Subscribers))})...)
		})
		out.Subscribers = append(out.Subscribers, found...)
		if up {
			at, done = high, high >= last
		} else {
			at, done = low+1, low == 0
		}
	}
	if err != nil {
		return nil, err
	}
	out.settle(&in, at, done, up)
	out.Bounces, err = s.BouncesOf(ctx, storeID, out.Subscribers)
	return out, err
}

// settle cuts a page to its length, and tells where the list goes on.
func (out *Browsed) settle(in *Browse, at int64, done, up bool) {
	more := len(out.Subscribers) > in.Limit
	out.Complete = more || done
	if more {
		out.Subscribers = out.Subscribers[:in.Limit]
	}
	n := len(out.Subscribers)
	if up {
		slices.Reverse(out.Subscribers)
		out.Older = in.After + 1
		if n > 0 {
			out.Older = out.Subscribers[n-1].ID
		}
		if more {
			out.Newer = out.Subscribers[0].ID
		} else if !done {
			out.Newer = at
		}
		return
	}
	if in.Before != 0 {
		out.Newer = in.Before - 1
		if n > 0 {
			out.Newer = out.Subscribers[0].ID
		}
	}
	if more {
		out.Older = out.Subscribers[n-1].ID
	} else if !done {
		out.Older = at
	}
}

// BouncesOf returns what is known of subscribers' addresses, by their ids.
func (s *Service) BouncesOf(ctx context.Context, storeID int64, subs []Subscriber) (map[int64]Bounce, error) {
	out := map[int64]Bounce{}
	if len(subs) == 0 {
		return out, nil
	}
	ids := map[string][]int64{}
	for i := range subs {
		key := email.Key(subs[i].Email)
		ids[key] = append(ids[key], subs[i].ID)
	}
	emails := make([]string, 0, len(ids))
	for key := range ids {
		emails = append(emails, key)
	}
	slices.Sort(emails)
	in, args := sqldb.In(nil, emails)
	err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		clear(out)
		return tx.Query(sqldb.Dynamic(`SELECT `+bounceColumns+`, email_norm FROM bounces WHERE store_id = $1 AND email_norm IN `+in), func(r *sqldb.Row) error {
			for _, id := range ids[r.Text(5)] {
				out[id] = scanBounce(r)
			}
			return nil
		}, args...)
	})
	return out, err
}

// StateOf is how a subscriber stands. bounced tells that there is a bounce of the
// address.
func (s *Subscriber) StateOf(bounced bool) State {
	switch {
	case bounced:
		return Bounced
	case len(s.Consents) == 0:
		return Unsubscribed
	}
	return Subscribed
}
