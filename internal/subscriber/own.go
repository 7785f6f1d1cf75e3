package subscriber

import (
	"context"
	"maps"
	"slices"
	"strings"

	emails "clientele/internal/email"
	"clientele/internal/sqldb"
)

// Find returns who has an address on a channel, or nil.
func (s *Service) Find(ctx context.Context, storeID, channelID int64, email string) (out *Subscriber, err error) {
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		out = nil
		var id int64
		if err := tx.Pipeline(holder(&Subscriber{Email: email, ChannelID: channelID}, &id)...); err != nil || id == 0 {
			return err
		}
		subs, err := rows(tx, []int64{id})
		if err == nil && len(subs) > 0 {
			out = &subs[0]
		}
		return err
	})
	return out, err
}

// Leave removes whoever has an address on a channel. Nobody is no error.
func (s *Service) Leave(ctx context.Context, storeID, channelID int64, email string, by Origin) error {
	by = by.Came(ctx)
	return s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		var id int64
		if err := tx.Pipeline(holder(&Subscriber{Email: email, ChannelID: channelID}, &id)...); err != nil || id == 0 {
			return err
		}
		sub, err := lock(tx, id, tx.ForDelete())
		if err != nil || sub == nil {
			return err
		}
		return removeOne(tx, sub, by, s.sys.Now())
	})
}

// Has reports whether a subscriber gave a consent.
func (s *Subscriber) Has(consent string) bool { return slices.Contains(s.Consents, consent) }

var consentsOf = sqldb.Static(`SELECT consents FROM subscribers WHERE store_id = $1 AND email_norm = $2 AND channel_id = $3`)

// HasNewsletter reports whether an address gets the newsletter of a channel.
func HasNewsletter(tx *sqldb.Tx, channelID int64, email string) (has bool, err error) {
	err = tx.Query(consentsOf, func(r *sqldb.Row) error {
		has = strings.Contains(","+r.Text(0)+",", ","+MarketingNewsletter+",")
		return nil
	}, emails.Key(email), channelID)
	return has, err
}

// NewslettersQuery returns the query for who of some owners of addresses, by the
// keys of these, gets the newsletter of any channel, to be run in a pipeline.
func NewslettersQuery(owners map[string][]int64, each func(owner int64)) sqldb.Q {
	in, args := sqldb.In(nil, slices.Sorted(maps.Keys(owners)))
	return sqldb.Q{
		Stmt: sqldb.Dynamic(`SELECT email_norm, consents FROM subscribers WHERE store_id = $1 AND email_norm IN ` + in),
		Args: args,
		Each: func(r *sqldb.Row) error {
			if strings.Contains(","+r.Text(1)+",", ","+MarketingNewsletter+",") {
				for _, id := range owners[r.Text(0)] {
					each(id)
				}
			}
			return nil
		},
	}
}
