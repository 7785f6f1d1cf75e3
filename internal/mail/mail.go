// Package mail writes to shoppers and merchants. A message is queued in the
// transaction of what it tells about, and sent by a job after the commit: by
// SMTP, or kept for the development outbox, where developers read them. Texts are
// made when a message is sent, from the program's own or the store's
// templates, in the reader's language.
package mail

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"clientele/internal/channel"
	"clientele/internal/email"
	"clientele/internal/jobs"
	"clientele/internal/locale"
	"clientele/internal/sqldb"
	"clientele/internal/store"
	"clientele/internal/system"
)

// Kind is what a message is about. It decides on the texts and on what Data
// the message needs.
type Kind string

// The kinds of messages. Those about webhooks go to the store's administrator
// unless they name somebody else.
const (
	AccountCreated      Kind = "account_created"      // link: where to sign in, default /login.php, or, with minutes, to choose a password
	PasswordReset       Kind = "password_reset"       // link
	SignInLink          Kind = "sign_in_link"         // link
	ConfirmSubscription Kind = "confirm_subscription" // link
	ConfirmAccount      Kind = "confirm_account"      // link
	PasswordChanged     Kind = "password_changed"     // link: where to choose another; default /login.php?action=reset_password
	EmailChanged        Kind = "email_changed"        // new_email; to the address before
	Impersonated        Kind = "impersonated"         // minutes: for how long at most
	WebhookDisabled     Kind = "webhook_disabled"     // destination, scope; reason
	WebhookBlocked      Kind = "webhook_blocked"      // destination; reason
	StaffInvited        Kind = "staff_invited"        // link; inviter
)

// Data has the texts that a message is made with, by name. Besides those of
// the kind there is minutes: for how long the link works.
type Data = map[string]string

// kindInfo is what a kind demands.
type kindInfo struct {
	needs    []string // of Data
	link     string   // the path of the link where there is none
	route    string   // the type of the site's route that link gives way to
	merchant bool     // may be to the store's administrator
	// sample is Data to try templates with.
	sample Data
}

var kinds = map[Kind]kindInfo{
	AccountCreated:      {link: "/login.php", route: channel.RouteLogin, sample: Data{"link": "https://shop.example.com/login.php"}},
	PasswordReset:       {needs: []string{"link"}, sample: Data{"link": "https://shop.example.com/reset?t=1", "minutes": "60"}},
	SignInLink:          {needs: []string{"link"}, sample: Data{"link": "https://shop.example.com/login.php?token=1", "minutes": "15"}},
	ConfirmSubscription: {needs: []string{"link"}, sample: Data{"link": "https://shop.example.com/confirm?t=1"}},
	ConfirmAccount:      {needs: []string{"link"}, sample: Data{"link": "https://shop.example.com/confirm?t=1"}},
	PasswordChanged:     {link: "/login.php?action=reset_password", route: channel.RouteForgotPassword, sample: Data{"link": "https://shop.example.com/login.php"}},
	EmailChanged:        {needs: []string{"new_email"}, sample: Data{"new_email": "new@example.com"}},
	Impersonated:        {needs: []string{"minutes"}, sample: Data{"minutes": "30"}},
	WebhookDisabled: {needs: []string{"destination", "scope"}, merchant: true,
		sample: Data{"destination": "https://app.example.com/hook", "scope": "store/customer/*", "reason": "It does not answer."}},
	WebhookBlocked: {needs: []string{"destination"}, merchant: true,
		sample: Data{"destination": "app.example.com", "reason": "It does not answer.", "minutes": "3"}},
	StaffInvited: {needs: []string{"link"}, sample: Data{"link": "https://shop.example.com/manage/invitation?token=1", "inviter": "Jo Smith", "minutes": "10080"}},
}

// Kinds returns all kinds in alphabetical order.
func Kinds() []Kind {
	out := make([]Kind, 0, len(kinds))
	for k := range kinds {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// Message is a message to be sent.
type Message struct {
	Kind Kind
	// Site is the storefront that the message speaks for. Without a URL it is
	// the channel's, or else the store's.
	Site       store.Site
	To, ToName string
	CustomerID int64 // 0: to nobody who has an account
	Data       Data  // link may be a path where Site has no URL
	// Route is the type of the site's route that link gives way to, if the site
	// has it; Parameters, names with their values, are then added to the route.
	Route      string
	Parameters []string
	// Wish is what is known of the language that the reader wants. What is kept
	// with the customer is looked up.
	Wish locale.Wish
	// Expires is when the message is not worth sending any more, in seconds
	// since the epoch: when its link stops to work. 0 means after three days.
	Expires int64
	// UnsubscribeURL is where one click, or a mail program on its reader's
	// behalf, ends messages of this kind.
	UnsubscribeURL string
}

// Statuses of stored messages.
const (
	Queued  = "queued"
	Sent    = "sent"    // or, without SMTP, kept in the development outbox
	Failed  = "failed"  // given up
	Expired = "expired" // not sent in time
	// Off: emails of the kind are switched off.
	Off = "off"
)

// AllStatuses are the statuses of stored messages.
var AllStatuses = []string{Queued, Sent, Failed, Expired, Off}

const (
	maxName    = 200
	maxData    = 4000
	defaultAge = 72 * time.Hour
	// jobKind is the kind of the jobs that send messages.
	jobKind = "email"
	domain  = "email" // of errors' operations
)

// Sender delivers one message. Its errors are *SendError where it knows more.
type Sender interface {
	Send(ctx context.Context, m *Letter) error
}

// Options tell how a Service sends.
type Options struct {
	// Sender delivers messages; nil keeps them.
	Sender Sender
	// Keep keeps the texts of messages that were sent, to be read: in
	// development. Without a Sender messages then count as sent; without either
	// they wait for a Sender.
	Keep bool
	// From is the sender's address, "a@example.com" or "Name <a@example.com>"
	// (see CheckFrom); empty means the store's own.
	From string
	// LinkTo returns where a channel's storefront is that has no URL of its own,
	// or "". Nil knows of none.
	LinkTo func(ctx context.Context, storeHash string, channelID int64) (string, error)
	// LeadsElsewhere tells whether a URL is another store's by now: an email may
	// wait for days, and the host of its links change hands. Nil: none is.
	LeadsElsewhere func(ctx context.Context, storeHash, url string) (bool, error)
	// Refuse may refuse to send an email of a store, as a mail server does: in
	// development. Nil refuses none.
	Refuse func(ctx context.Context, storeHash string, kind Kind, to string) error
	// Bounced is told of addresses that a mail server refuses for good. Nil is not.
	Bounced func(tx *sqldb.Tx, address, reason string, now int64) error
	// Log receives what an operator should see. Nil discards.
	Log *slog.Logger
}

// Service queues, sends and keeps messages.
type Service struct {
	db  *sqldb.DB
	sys *system.System
	o   Options
	// own reads the texts when they are first asked for.
	own func() *texts
}

// NewService returns a Service over db.
func NewService(db *sqldb.DB, sys *system.System, o Options) *Service {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Service{db: db, sys: sys, o: o, own: sync.OnceValue(mustTexts)}
}

var (
	takeEmailID = sqldb.Static(`UPDATE store_counters SET email_id = email_id + $2 WHERE store_id = $1 RETURNING email_id`)
	insertEmail = sqldb.Static(`INSERT INTO emails (store_id, id, channel_id, kind, recipient, recipient_name, recipient_norm, customer_id, site_url, data, message_id, status, date_created, date_expires)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`)
)

// payload is what the templates of a stored message are made with.
type payload struct {
	Data        Data   `json:"data,omitempty"`
	Unsubscribe string `json:"unsubscribe,omitempty"`
	// Wish is what the request told of the language.
	Wish       locale.Wish `json:"wish,omitzero"`
	Route      string      `json:"route,omitempty"`
	Parameters []string    `json:"parameters,omitempty"`
}

// Queue has a message sent when tx, whose store it is of, has committed. One to
// an address that no mail can be sent to, as older customers may have, is kept
// as failed: what caused it goes on, and the operator sees it. Queue
// locks the store's counters, so it comes after whatever else is locked.
func (s *Service) Queue(tx *sqldb.Tx, m Message) error {
	_, err := s.queue(tx, m)
	return err
}

func (s *Service) queue(tx *sqldb.Tx, m Message) (id int64, err error) {
	if err := m.check(); err != nil {
		return 0, err
	}
	now := s.sys.Now()
	if m.Expires == 0 {
		m.Expires = now + int64(defaultAge/time.Second)
	}
	data := payload{Data: Data{}, Unsubscribe: m.UnsubscribeURL, Wish: m.Wish, Route: m.Route, Parameters: m.Parameters}
	for k, v := range m.Data {
		if data.Data[k] = v; k != "link" {
			data.Data[k] = oneLine(v, maxData)
		}
	}
	text, err := json.Marshal(data)
	if err != nil {
		return 0, err
	}
	if err := tx.Query(takeEmailID, func(r *sqldb.Row) error { id = r.Int(0); return nil }, int64(1)); err != nil {
		return 0, err
	}
	if err := tx.Exec(insertEmail, id, max(m.Site.ChannelID, store.DefaultChannel), string(m.Kind), m.To, oneLine(m.ToName, maxName), email.Key(m.To),
		m.CustomerID, m.Site.URL, string(text), s.sys.UUID(), Queued, now, m.Expires); err != nil {
		return 0, err
	}
	return id, jobs.Enqueue(tx, now, jobKind, jobPayload{id}, now)
}

type jobPayload struct {
	ID int64 `json:"id"`
}

func (m *Message) check() error {
	info, ok := kinds[m.Kind]
	if !ok {
		return fmt.Errorf("email: there is no kind %q", m.Kind)
	}
	for _, key := range info.needs {
		if m.Data[key] == "" {
			return fmt.Errorf("email: %s needs %s", m.Kind, key)
		}
	}
	for _, u := range []string{m.Data["link"], m.UnsubscribeURL, m.Site.URL} {
		// Without a site a link is a path on the one that the email will be of.
		path := m.Site.URL == "" && u == m.Data["link"] && strings.HasPrefix(u, "/") && !strings.HasPrefix(u, "//")
		if u != "" && !webURL(u) && !path {
			return errors.New("email: want an http or https URL")
		}
	}
	if m.To == "" && !info.merchant {
		return fmt.Errorf("email: %s needs a recipient", m.Kind)
	}
	return nil
}

func webURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && len(s) <= maxData
}

// oneLine returns text without line breaks and other control characters, and
// not longer than most characters: it may become part of a header.
func oneLine(text string, most int) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), unicode.IsControl(r), r == '\u2028', r == '\u2029':
			return ' '
		case unicode.Is(unicode.Cf, r) && r != '\u200d': // marks that turn text around, for example
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	text = strings.Join(strings.Fields(text), " ")
	if r := []rune(text); len(r) > most {
		text = strings.TrimSpace(string(r[:most]))
	}
	return text
}
