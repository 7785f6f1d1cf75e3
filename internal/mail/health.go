package mail

import (
	"context"
	"errors"
	netmail "net/mail"

	"clientele/internal/sqldb"
	"clientele/internal/store"
)

// givenUpBound is how far messages are counted that were given up.
const givenUpBound = 100

var lastGivenUp = sqldb.Static(`SELECT date_done FROM emails WHERE store_id = $1 AND status = '` + Failed + `' ORDER BY id DESC LIMIT $2`)

// GivenUp counts a store's messages that were given up since a time, up to a bound
// that it returns too.
func (s *Service) GivenUp(ctx context.Context, storeID, since int64) (n, bound int64, err error) {
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		n = 0
		return tx.Query(lastGivenUp, func(r *sqldb.Row) error {
			if r.Int(0) >= since {
				n++
			}
			return nil
		}, int64(givenUpBound+1))
	})
	return n, givenUpBound, err
}

// ErrNoServer: there is no mail server, and emails are kept.
var ErrNoServer = errors.New("no mail server is set: emails are kept")

// TryServer sends an email that only tests the mail server, and returns what that says.
func (s *Service) TryServer(ctx context.Context, to, subject, text string) error {
	if s.o.Sender == nil {
		return ErrNoServer
	}
	from := netmail.Address{Address: to}
	if s.o.From != "" {
		parsed, err := parseFrom(s.o.From)
		if err != nil {
			return err
		}
		from = *parsed
	}
	return s.o.Sender.Send(ctx, &Letter{From: from, To: netmail.Address{Address: to}, Subject: subject, Text: text, MessageID: s.sys.Hex(16) + "@clientele.invalid", Date: s.sys.Clock()})
}

// HasServer reports whether messages are sent, or kept to be read in development.
func (s *Service) HasServer() bool { return s.o.Sender != nil || s.o.Keep }

// Keeps reports whether messages are kept to be read, and not sent.
func (s *Service) Keeps() bool { return s.o.Sender == nil && s.o.Keep }

// HasSender reports whether messages of a store with such settings have a sender.
func (s *Service) HasSender(of *store.Settings) bool { return s.o.From != "" || ownSender(of) != "" }

// ownSender is the store's own address, to which answers go; "" for none.
func ownSender(of *store.Settings) string {
	for _, a := range []string{of.OrderEmail, of.AdminEmail} {
		if own, err := parseAddress(a); err == nil {
			return own
		}
	}
	return ""
}
