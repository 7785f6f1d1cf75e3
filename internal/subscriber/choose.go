package subscriber

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"clientele/internal/fault"
	"clientele/internal/sqldb"
)

// The parameters by which a text says whom a Browse finds.
const (
	chooseText    = "text"
	chooseState   = "state"
	chooseSource  = "source"
	chooseConsent = "consent"
	chooseChannel = "channel_id"
	chooseFrom    = "from"
	chooseTo      = "to"
)

// States are all states of subscribers.
var States = []State{Subscribed, Unsubscribed, Bounced}

// Query writes whom a Browse finds, on whichever page, as ParseBrowse reads it. It is
// empty for everybody.
func (in *Browse) Query() string {
	q := url.Values{}
	text := func(name, value string) {
		if value != "" {
			q.Set(name, value)
		}
	}
	number := func(name string, n int64) {
		if n != 0 {
			q.Set(name, strconv.FormatInt(n, 10))
		}
	}
	text(chooseText, in.Text)
	text(chooseState, string(in.State))
	text(chooseSource, in.Source)
	text(chooseConsent, in.Consent)
	number(chooseChannel, in.ChannelID)
	number(chooseFrom, in.From)
	number(chooseTo, in.To)
	return q.Encode()
}

// maxChosenText bounds the words of a filter, in characters.
const maxChosenText = 250

// ParseBrowse reads whom a text finds. It returns a BadFilter fault for what it does
// not know.
func ParseBrowse(text string) (in Browse, err error) {
	q, err := url.ParseQuery(text)
	if err != nil {
		return in, errFilter
	}
	for name, values := range q {
		v, ok := values[0], len(values) == 1
		var number *int64
		switch name {
		case chooseText:
			in.Text, ok = v, ok && utf8.RuneCountInString(v) <= maxChosenText && utf8.ValidString(v) && !strings.ContainsRune(v, 0)
		case chooseState:
			in.State, ok = State(v), ok && slices.Contains(States, State(v))
		case chooseSource:
			in.Source, ok = v, ok && slices.Contains(Sources, v)
		case chooseConsent:
			in.Consent, ok = v, ok && slices.Contains(Consents, v)
		case chooseChannel:
			number = &in.ChannelID
		case chooseFrom:
			number = &in.From
		case chooseTo:
			number = &in.To
		default:
			ok = false
		}
		if number != nil {
			*number, err = strconv.ParseInt(v, 10, 64)
			ok = ok && err == nil
		}
		if !ok {
			return in, errFilter
		}
	}
	return in, nil
}

var errFilter = fault.New(fault.BadFilter, "the filter of subscribers cannot be read")

// Some returns the ids of those whom a Browse finds among the ids after one up to
// another, n at most, in order.
func (in *Browse) Some(tx *sqldb.Tx, after, to, n int64) (ids []int64, err error) {
	where, args := in.where(tx)
	stmt := sqldb.Dynamic(fmt.Sprintf(`SELECT id FROM subscribers WHERE store_id = $1 AND id > $2 AND id <= $3%s ORDER BY id LIMIT $%d`, where, len(args)+4))
	err = tx.Query(stmt, func(r *sqldb.Row) error { ids = append(ids, r.Int(0)); return nil }, slices.Concat([]any{after, to}, args, []any{n})...)
	return ids, err
}

// Chosen is how many a Browse finds, and who some of them are.
type Chosen struct {
	Count int64
	// Complete is false where time ran out: there may be more than Count.
	Complete bool
	Examples []int64
}

// Choose counts whom a Browse finds, for two seconds at most.
func (s *Service) Choose(ctx context.Context, storeID int64, in Browse, examples int) (*Chosen, error) {
	out := &Chosen{}
	total, last := int64(0), int64(0)
	err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		return tx.Query(countAll, func(r *sqldb.Row) error { total, last = r.Int(0), r.Int(1); return nil })
	})
	end := s.sys.Elapsed() + browseTime
	window := int64(browseWindow)
	if in.State == Bounced {
		window = last
	}
	at := int64(0)
	for ; err == nil && at < last && s.sys.Elapsed() <= end; at = min(at+window, last) {
		var some []int64
		n := int64(0)
		err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) (err error) {
			some, n = nil, 0
			if rest := examples - len(out.Examples); rest > 0 {
				if some, err = in.Some(tx, at, min(at+window, last), int64(rest)); err != nil {
					return err
				}
			}
			if !in.Selects() {
				return nil
			}
			where, args := in.where(tx)
			return tx.Query(sqldb.Dynamic(`SELECT COUNT(*) FROM subscribers WHERE store_id = $1 AND id > $2 AND id <= $3`+where), func(r *sqldb.Row) error { n = r.Int(0); return nil }, slices.Concat([]any{at, min(at+window, last)}, args)...)
		})
		out.Count += n
		out.Examples = append(out.Examples, some...)
		if !in.Selects() && len(out.Examples) == examples {
			at = last
		}
	}
	if err != nil {
		return nil, err
	}
	out.Complete = at >= last
	if !in.Selects() {
		out.Count, out.Complete = total, true
	}
	return out, nil
}
