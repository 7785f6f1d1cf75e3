package sqldb

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// refused is that PostgreSQL lets nobody in: the cause first, then where, and
// never the password.
type refused struct {
	text  string
	cause error
}

// Error implements error.
func (r *refused) Error() string { return r.text }

// Unwrap returns the driver's error.
func (r *refused) Unwrap() error { return r.cause }

// refusal says in words why a connection to PostgreSQL was not made.
func refusal(err error, c *pgx.ConnConfig) error {
	where := net.JoinHostPort(c.Host, strconv.Itoa(int(c.Port)))
	if c.Host != "" && c.Host[0] == '/' {
		where = c.Host
	}
	at := fmt.Sprintf(" (PostgreSQL at %s, database %q, user %q)", where, c.Database, c.User)
	var server *pgconn.PgError
	var dns *net.DNSError
	var op *net.OpError
	why := ""
	switch {
	case errors.As(err, &server):
		why = fmt.Sprintf("%s, SQLSTATE %s", server.Message, server.Code)
	case errors.As(err, &dns):
		why = fmt.Sprintf("there is no host %q", dns.Name)
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &op) && op.Timeout():
		why = "the server does not answer in time"
	case errors.As(err, &op):
		why = op.Err.Error()
	default:
		why = deepest(err).Error()
	}
	return &refused{why + at, err}
}

// deepest returns the first cause of an error.
func deepest(err error) error {
	for {
		next := errors.Unwrap(err)
		if many, ok := err.(interface{ Unwrap() []error }); ok && len(many.Unwrap()) > 0 {
			next = many.Unwrap()[0]
		}
		if next == nil {
			return err
		}
		err = next
	}
}
