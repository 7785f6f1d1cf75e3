package sso

import (
	"context"
	"errors"

	"clientele/internal/auth"
	"clientele/internal/jwt"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

var selectUsed = sqldb.Static(`SELECT date_used FROM used_login_tokens WHERE store_id = $1 AND client_id = $2 AND jti_hash = $3`)

// Inspected is what a login token says, for who looks why it is refused.
type Inspected struct {
	ClientID, StoreHash, Operation, RedirectTo, Address string
	CustomerID, ChannelID, Made, Expires                int64
	// Refused is why it is not accepted now; empty: it would be.
	Refused Reason
}

// Inspect tells what a login token says, and whether it would be accepted where
// it is for. It is not used up by that. What is no token is nil.
func (s *Service) Inspect(ctx context.Context, storeID int64, storeHash, token string) (*Inspected, error) {
	raw, err := jwt.Parse(token)
	if err != nil {
		return nil, nil
	}
	c := claims{raw.Claims}
	out := &Inspected{ClientID: c.text("iss"), StoreHash: c.text("store_hash"), Operation: c.text("operation"), RedirectTo: c.text("redirect_to"), Address: c.text("request_ip"), ChannelID: store.DefaultChannel}
	out.CustomerID, _ = c.id("customer_id")
	out.Made, _ = c.v.Get("iat").Int()
	out.Expires, _ = c.v.Get("exp").Int()
	if channel, ok := c.id("channel_id"); ok {
		out.ChannelID = channel
	}
	site := store.Site{StoreID: storeID, StoreHash: storeHash, ChannelID: out.ChannelID}
	in, jti, err := s.read(ctx, site, token, out.Address, s.sys.Now())
	if err == nil {
		err = s.mayEnter(ctx, site, in.CustomerID)
	}
	if err == nil {
		err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
			used := false
			if err := tx.Query(selectUsed, func(*sqldb.Row) error { used = true; return nil }, in.ClientID, auth.HashToken(jti)); err != nil {
				return err
			}
			if used {
				return Used
			}
			return nil
		})
	}
	if err = reasonOf(err); err == nil || errors.As(err, &out.Refused) {
		return out, nil
	}
	return nil, err
}
