package account

import (
	"context"
	"slices"

	"clientele/internal/auth"
	"clientele/internal/customer"
	"clientele/internal/email"
	"clientele/internal/fault"
	"clientele/internal/history"
	"clientele/internal/limit"
	"clientele/internal/sqldb"
	"clientele/internal/store"
	"clientele/internal/subscriber"
)

// Waiting is a subscription that waits for the click on an emailed link.
type Waiting struct {
	Key                        string // by which it is found; not the link's token
	Email, FirstName, LastName string
	ChannelID                  int64
	Asked                      *subscriber.Asked // nil: not known
	Expires                    int64
}

// WaitingPage is a page of them, the newest first.
type WaitingPage struct {
	Waiting      []Waiting
	Older, Newer bool
}

const waitingColumns = `token_hash, channel_id, data, date_expires`

var (
	waitingBefore = sqldb.Static(`SELECT ` + waitingColumns + ` FROM account_tokens WHERE store_id = $1 AND purpose = 'subscribe' AND (date_expires, token_hash) < ($2, $3) AND date_expires > $4 ORDER BY date_expires DESC, token_hash DESC LIMIT $5`)
	waitingAfter  = sqldb.Static(`SELECT ` + waitingColumns + ` FROM account_tokens WHERE store_id = $1 AND purpose = 'subscribe' AND (date_expires, token_hash) > ($2, $3) AND date_expires > $4 ORDER BY date_expires, token_hash LIMIT $5`)
	waitingByKey  = sqldb.Static(`SELECT ` + waitingColumns + ` FROM account_tokens WHERE store_id = $1 AND token_hash = $2 AND purpose = 'subscribe' AND date_expires > $3`)
	dropWaiting   = sqldb.Static(`DELETE FROM account_tokens WHERE store_id = $1 AND token_hash = $2 AND purpose = 'subscribe' AND date_expires > $3`)

	errNoWaiting = fault.New(fault.NotFound, "there is no such subscription that waits")
)

func scanWaiting(r *sqldb.Row) (Waiting, error) {
	w := Waiting{Key: r.Text(0), ChannelID: r.Int(1), Expires: r.Int(3)}
	in, asked, err := decodeSubscription(r.Text(2))
	w.Email, w.FirstName, w.LastName, w.Asked = in.Email, in.FirstName, in.LastName, asked
	return w, err
}

// WaitingAsked asks for a page of subscriptions that wait: before another one or
// after it, in whose addresses a text is.
type WaitingAsked struct {
	Text          string
	Before, After *Waiting
	Limit         int
}

// Waiting returns subscriptions that wait to be confirmed.
func (s *Service) Waiting(ctx context.Context, storeID int64, in WaitingAsked) (out WaitingPage, err error) {
	now := s.sys.Now()
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		out = WaitingPage{}
		take := func(r *sqldb.Row) error {
			w, err := scanWaiting(r)
			out.Waiting = append(out.Waiting, w)
			return err
		}
		stmt, from := waitingBefore, Waiting{Expires: 1 << 62}
		switch {
		case in.After != nil:
			stmt, from = waitingAfter, *in.After
		case in.Before != nil:
			from = *in.Before
		}
		args := []any{from.Expires, from.Key, now}
		if in.Text != "" {
			order := " ORDER BY date_expires DESC, token_hash DESC LIMIT $6"
			compare := "<"
			if in.After != nil {
				order, compare = " ORDER BY date_expires, token_hash LIMIT $6", ">"
			}
			stmt = sqldb.Dynamic(`SELECT ` + waitingColumns + ` FROM account_tokens WHERE store_id = $1 AND purpose = 'subscribe' AND (date_expires, token_hash) ` + compare + ` ($2, $3) AND date_expires > $4 AND ` + tx.Contains("email_norm", 5) + order)
			args = append(args, email.Key(in.Text))
		}
		if err := tx.Query(stmt, take, append(args, int64(in.Limit+1))...); err != nil {
			return err
		}
		more := len(out.Waiting) > in.Limit
		out.Waiting = out.Waiting[:min(len(out.Waiting), in.Limit)]
		out.Older, out.Newer = more, in.Before != nil
		if in.After != nil {
			out.Older, out.Newer = true, more
			slices.Reverse(out.Waiting)
		}
		return nil
	})
	return out, err
}

// OneWaiting returns a subscription that waits, or NotFound.
func (s *Service) OneWaiting(ctx context.Context, storeID int64, key string) (out *Waiting, err error) {
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		out = nil
		return tx.Query(waitingByKey, func(r *sqldb.Row) error {
			w, err := scanWaiting(r)
			out = &w
			return err
		}, key, s.sys.Now())
	})
	if err == nil && out == nil {
		err = errNoWaiting
	}
	return out, err
}

// ConfirmAgain emails another link to confirm a subscription that waits. The one
// before works no more. It returns what waits then.
func (s *Service) ConfirmAgain(ctx context.Context, site store.Site, key string, c Client) (*Waiting, error) {
	w, err := s.OneWaiting(ctx, site.StoreID, key)
	if err != nil {
		return nil, err
	}
	quiet, err := s.ask(ctx, site.StoreID, w.Email, c)
	if err != nil {
		return nil, err
	}
	if quiet {
		return nil, limit.TooMany(limit.Window)
	}
	asked := subscriber.Asked{}
	if w.Asked != nil {
		asked = *w.Asked
	}
	in := subscriber.Create{Email: w.Email, FirstName: w.FirstName, LastName: w.LastName}
	text, err := encodeSubscription(in, asked)
	if err != nil {
		return nil, err
	}
	token := s.sys.Hex(32)
	if err := s.db.Write(ctx, site.StoreID, func(tx *sqldb.Tx) error {
		n, err := tx.ExecCount(dropWaiting, key, s.sys.Now())
		if err != nil {
			return err
		}
		if n == 0 {
			return errNoWaiting
		}
		return s.sendConfirmation(tx, site, in, text, c, token)
	}); err != nil {
		return nil, err
	}
	w.Key, w.Expires = auth.HashToken(token), s.sys.Now()+confirmLife
	return w, nil
}

// sendConfirmation emails a link that confirms a subscription.
func (s *Service) sendConfirmation(tx *sqldb.Tx, site store.Site, in subscriber.Create, text string, c Client, token string) error {
	if err := s.issue(tx, site, token, forSubscribe, 0, text, confirmLife, nil); err != nil {
		return err
	}
	return s.send(tx, c, Mail{
		Kind: MailConfirmSubscription, Site: site, To: in.Email, ToName: customer.FullName(in.FirstName, in.LastName),
		Data: data(link(site, subscribePath, "token", token), confirmLife), Expires: s.sys.Now() + confirmLife,
	})
}

// DropWaiting forgets a subscription that waits: its link works no more. One that is
// gone is no error.
func (s *Service) DropWaiting(ctx context.Context, storeID int64, key string) error {
	return s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		n, err := tx.ExecCount(dropWaiting, key, s.sys.Now())
		if err != nil || n == 0 {
			return err
		}
		return history.Enter(tx, s.sys.Now(), ofLink(history.Ended, forSubscribe, 0))
	})
}
