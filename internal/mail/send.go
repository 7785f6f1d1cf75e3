package mail

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	netmail "net/mail"
	"net/url"
	"slices"
	"strings"
	"time"

	"clientele/internal/channel"
	"clientele/internal/customer"
	"clientele/internal/email"
	"clientele/internal/jobs"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

// Stored is a message as it is kept.
type Stored struct {
	StoreID, ID int64
	ChannelID   int64
	Kind        Kind
	To, ToName  string
	CustomerID  int64
	Status      string
	Error       string // of the last attempt
	// Subject, Text and HTML are there while the message waits, and where texts
	// are kept.
	Subject, Text, HTML    string
	Created, Expires, Done int64 // Done: when it was sent or given up

	siteURL, messageID string
	asOf               int64 // the texts are those of then; 0: of now
	data               payload
	gone               bool // data is no longer there
}

const emailColumns = `id, channel_id, kind, recipient, recipient_name, customer_id, site_url, data, message_id, status, error, subject, body_text, body_html, date_created, date_expires, date_done`

func scanStored(storeID int64, r *sqldb.Row) (Stored, error) {
	m := Stored{
		StoreID: storeID, ID: r.Int(0), ChannelID: r.Int(1), Kind: Kind(r.Text(2)), To: r.Text(3), ToName: r.Text(4), CustomerID: r.Int(5), siteURL: r.Text(6),
		messageID: r.Text(8), Status: r.Text(9), Error: r.Text(10), Subject: r.Text(11), Text: r.Text(12), HTML: r.Text(13),
		Created: r.Int(14), Expires: r.Int(15), Done: r.Int(16),
	}
	text := r.Text(7)
	if m.gone = text == ""; m.gone {
		return m, nil
	}
	if err := json.Unmarshal([]byte(text), &m.data); err != nil {
		return m, fmt.Errorf("email %d: %w", m.ID, err)
	}
	return m, nil
}

var (
	selectEmail = sqldb.Static(`SELECT ` + emailColumns + ` FROM emails WHERE store_id = $1 AND id = $2`)
	finishEmail = sqldb.Static(`UPDATE emails SET status = $3, error = $4, data = $5, subject = $6, body_text = $7, body_html = $8, date_done = $9
		WHERE store_id = $1 AND id = $2 AND status = 'queued'`)
	noteError = sqldb.Static(`UPDATE emails SET error = $3 WHERE store_id = $1 AND id = $2`)
)

// Email returns a message, nil if there is none.
func (s *Service) Email(ctx context.Context, storeID, id int64) (*Stored, error) {
	var out *Stored
	err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		out = nil
		return tx.Query(selectEmail, func(r *sqldb.Row) error {
			m, err := scanStored(storeID, r)
			out = &m
			return err
		}, id)
	})
	return out, err
}

// surroundings are what a message is made from besides itself.
type surroundings struct {
	settings  *store.Settings
	siteURL   string
	templates []Template
	locale    string // of the reader
	orphan    bool   // the customer is gone
	off       bool   // emails of its kind are switched off
	reader    reader
	year      int
}

func (s *Service) world(ctx context.Context, m *Stored) (*surroundings, error) {
	var w surroundings
	var routes channel.Routes
	err := s.db.Read(ctx, m.StoreID, func(tx *sqldb.Tx) (err error) {
		w = surroundings{}
		found, kept := false, ""
		if w.settings, err = store.ReadSettings(tx); err != nil {
			return err
		}
		site := ""
		if err := tx.Pipeline(
			templatesQuery(m.Kind, m.ChannelID, m.asOf, &w.templates),
			offQuery(m.switchOf(), m.ChannelID, &w.off),
			store.URLOfSite(m.ChannelID, &site),
			channel.RoutesQuery(m.ChannelID, &routes),
			customer.LocaleQuery(m.CustomerID, &found, &kept),
		); err != nil {
			return err
		}
		w.orphan = m.CustomerID != 0 && !found
		wish := m.data.Wish
		wish.Kept = kept
		w.locale = wish.Choose(w.settings.Languages()).Locale
		w.siteURL = origin(site)
		if len(w.templates) > 0 {
			w.reader, err = readReader(tx, m.CustomerID)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	w.year = s.sys.Clock().In(w.settings.Location()).Year()
	// The settings' URL is no claim, and the email may have waited: either host
	// may be another store's.
	if err := s.stays(ctx, w.settings.Hash, &w.siteURL); err != nil {
		return nil, err
	}
	its, own := w.siteURL, strings.TrimRight(m.siteURL, "/")
	if err := s.stays(ctx, w.settings.Hash, &own); err != nil {
		return nil, err
	}
	w.siteURL = cmp.Or(own, w.siteURL)
	if w.siteURL == "" {
		if w.siteURL, err = s.found(ctx, w.settings, m.ChannelID); err != nil {
			return nil, err
		}
	}
	link := m.data.Data["link"]
	// Routes are of the site at its own URL, which the email may not speak for.
	if its != "" && origin(w.siteURL) == its {
		if to := m.data.routed(m.Kind, routes, w.locale); to != "" {
			link = its + to
		}
	}
	if strings.HasPrefix(link, "/") {
		if link = w.siteURL + link; w.siteURL == "" {
			link = ""
		}
	}
	for _, to := range []*string{&link, &m.data.Unsubscribe} {
		if err := s.follow(ctx, &w, to); err != nil {
			return nil, err
		}
	}
	if link != m.data.Data["link"] {
		if m.data.Data == nil {
			m.data.Data = Data{}
		}
		m.data.Data["link"] = link
	}
	return &w, nil
}

// routed returns the path to which a route has the email's link lead, or "".
func (p *payload) routed(kind Kind, routes channel.Routes, language string) string {
	typ, parameters := p.Route, p.Parameters
	if typ == "" && p.Data["link"] == "" {
		typ = kinds[kind].route
	}
	if route := routes[typ]; route != "" {
		return channel.Path(route, language, parameters...)
	}
	return ""
}

// found returns where a channel without a URL of its own is: the default one
// at the store's URL, others there only if they are nowhere else, since links
// are good on their channel alone.
func (s *Service) found(ctx context.Context, set *store.Settings, channelID int64) (string, error) {
	own := origin(set.SecureURL)
	if err := s.stays(ctx, set.Hash, &own); err != nil {
		return "", err
	}
	if s.o.LinkTo == nil || own != "" && channelID == store.DefaultChannel {
		return own, nil
	}
	at, err := s.o.LinkTo(ctx, set.Hash, channelID)
	return cmp.Or(at, own), err
}

// follow has a link that was made for the message lead to the store's site of
// now, where its host is another store's: who has the host reads what a link
// carries. Without a site there is no link.
func (s *Service) follow(ctx context.Context, w *surroundings, link *string) error {
	was := origin(*link)
	now := was
	if err := s.stays(ctx, w.settings.Hash, &now); err != nil || now == was {
		return err
	}
	*link = (*link)[len(was):]
	if !strings.HasPrefix(*link, "/") {
		*link = "/" + *link
	}
	if *link = w.siteURL + *link; w.siteURL == "" {
		*link = ""
	}
	return nil
}

// stays empties a URL of a store that is another store's by now.
func (s *Service) stays(ctx context.Context, hash string, siteURL *string) error {
	if *siteURL == "" || s.o.LeadsElsewhere == nil {
		return nil
	}
	moved, err := s.o.LeadsElsewhere(ctx, hash, *siteURL)
	if moved {
		*siteURL = ""
	}
	return err
}

// origin returns scheme, host and port of a URL.
func origin(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// Letter is a message ready to be delivered.
type Letter struct {
	From        netmail.Address
	ReplyTo     string
	To          netmail.Address
	Subject     string
	Text, HTML  string
	MessageID   string // without angle brackets
	Date        time.Time
	Unsubscribe string // URL
}

// SendError is why a message was not delivered.
type SendError struct {
	Permanent bool   // trying again is of no use
	Code      int    // the server's reply, 0 without one
	Stage     string // what was being done
	Recipient bool   // it was the recipient that the server refused
	Err       error  // with details that may be personal
}

// Error implements error.
func (e *SendError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *SendError) Unwrap() error { return e.Err }

// noMailbox reports whether the server said that there is no such mailbox.
func (e *SendError) noMailbox() bool {
	return e.Permanent && e.Recipient && slices.Contains([]int{550, 551, 553, 556}, e.Code) && !strings.Contains(e.Error(), "5.7.")
}

// Public implements jobs.Public.
func (e *SendError) Public() string {
	if e.Code == 0 {
		return "mail server: " + e.Stage
	}
	return fmt.Sprintf("mail server: %s: reply %d", e.Stage, e.Code)
}

// schedule are the waits between attempts to send, a day in all.
var schedule = []time.Duration{
	time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour,
}

// waitForSender is how often to look whether there is a way to send by now.
const waitForSender = 10 * time.Minute

// Register has a runner send messages and clear old ones away.
func (s *Service) Register(r *jobs.Runner) {
	r.Register(jobs.Kind{Name: jobKind, Handler: s.send, Schedule: schedule, GaveUp: s.gaveUp, Limit: 8})
	r.Every("old emails", time.Hour, s.Prune)
}

// finish writes down what became of a message.
func (s *Service) finish(ctx context.Context, m *Stored, status, reason string, p parts) error {
	if status != Sent && status != Off {
		s.o.Log.Warn("an email was not sent", "store_id", m.StoreID, "email_id", m.ID, "email_kind", string(m.Kind), "status", status)
	}
	// One that failed can be tried again by hand while its link works. Of one that was
	// sent it stays known what it was made of, but for what opens something.
	data := m.data
	if status == Sent {
		data = data.blanked()
	}
	text, err := json.Marshal(data)
	if err != nil {
		return err
	}
	if status == Expired || status == Off {
		text = nil
	}
	return s.db.Write(ctx, m.StoreID, func(tx *sqldb.Tx) error {
		return tx.Exec(finishEmail, m.ID, status, clip(reason), string(text), p.Subject, p.Text, p.HTML, s.sys.Now())
	})
}

// bounced is finish of a message whose address the mail server refuses for good.
func (s *Service) bounced(ctx context.Context, m *Stored, failure *SendError) error {
	if err := s.finish(ctx, m, Failed, failure.Error(), parts{}); err != nil || s.o.Bounced == nil || m.To == "" || !failure.noMailbox() {
		return err
	}
	return s.db.Write(ctx, m.StoreID, func(tx *sqldb.Tx) error { return s.o.Bounced(tx, m.To, clip(failure.Error()), s.sys.Now()) })
}

func clip(reason string) string { return oneLine(reason, 500) }

func (s *Service) send(ctx context.Context, j jobs.Job) error {
	var p jobPayload
	if err := j.Decode(&p); err != nil {
		return err
	}
	m, err := s.Email(ctx, j.StoreID, p.ID)
	if err != nil || m == nil || m.Status != Queued {
		return err
	}
	if s.sys.Now() >= m.Expires {
		return s.finish(ctx, m, Expired, cmp.Or(m.Error, "it could not be sent in time"), parts{})
	}
	if s.o.Sender == nil && !s.o.Keep {
		return jobs.NotNow(waitForSender)
	}
	w, err := s.world(ctx, m)
	if err != nil {
		return err
	}
	if w.orphan {
		return s.finish(ctx, m, Expired, "the customer has been deleted", parts{})
	}
	if w.off {
		return s.finish(ctx, m, Off, offReason, parts{})
	}
	if reason := email.Reason(m.To); m.To != "" && reason != "" {
		return s.finish(ctx, m, Failed, "the recipient's address is none that can be sent to: "+reason, parts{})
	}
	texts, err := s.own().render(m, w)
	if err != nil {
		return s.finish(ctx, m, Failed, "template: "+err.Error(), parts{})
	}
	var letter *Letter
	if s.o.Sender != nil {
		if letter, err = s.letter(m, w, texts); err != nil {
			return s.finish(ctx, m, Failed, err.Error(), parts{})
		}
	}
	if s.o.Sender != nil || s.o.Refuse != nil {
		if err := s.deliver(ctx, m, w, letter); err != nil {
			if failure := (*SendError)(nil); errors.As(err, &failure) && failure.Permanent {
				return s.bounced(ctx, m, failure)
			}
			if noted := s.note(ctx, m, err); noted != nil {
				return noted
			}
			return err
		}
	}
	if !s.o.Keep {
		texts = parts{}
	}
	return s.finish(context.WithoutCancel(ctx), m, Sent, "", texts)
}

// deliver sends a message, if there is a way to.
func (s *Service) deliver(ctx context.Context, m *Stored, w *surroundings, letter *Letter) error {
	if s.o.Refuse != nil {
		if err := s.o.Refuse(ctx, w.settings.Hash, m.Kind, cmp.Or(m.To, w.settings.AdminEmail)); err != nil {
			return err
		}
	}
	if letter == nil {
		return nil
	}
	return s.o.Sender.Send(ctx, letter)
}

func (s *Service) note(ctx context.Context, m *Stored, err error) error {
	return s.db.Write(context.WithoutCancel(ctx), m.StoreID, func(tx *sqldb.Tx) error { return tx.Exec(noteError, m.ID, clip(err.Error())) })
}

// gaveUp marks a message whose last attempt has failed.
func (s *Service) gaveUp(ctx context.Context, j jobs.Job) error {
	var p jobPayload
	if err := j.Decode(&p); err != nil {
		return err
	}
	m, err := s.Email(ctx, j.StoreID, p.ID)
	if err != nil || m == nil {
		return err
	}
	return s.finish(ctx, m, Failed, m.Error, parts{})
}

// letter addresses a message.
func (s *Service) letter(m *Stored, w *surroundings, p parts) (*Letter, error) {
	to, err := parseAddress(cmp.Or(m.To, w.settings.AdminEmail))
	if err != nil {
		return nil, errors.New("the recipient is no email address; messages to the merchant need admin_email in the store's settings")
	}
	l := &Letter{
		To: netmail.Address{Name: m.ToName, Address: to}, Subject: p.Subject, Text: p.Text, HTML: p.HTML,
		Date: s.sys.Clock(), Unsubscribe: m.data.Unsubscribe,
	}
	name := oneLine(w.settings.Name, maxName)
	own := ownSender(w.settings)
	switch {
	case s.o.From != "":
		from, err := parseFrom(s.o.From)
		if err != nil {
			return nil, err
		}
		l.From = *from
		// Many stores may share the configured address.
		l.From.Name = cmp.Or(name, l.From.Name)
		if own != from.Address {
			l.ReplyTo = own
		}
	case own != "":
		l.From = netmail.Address{Name: name, Address: own}
	default:
		return nil, errors.New("there is no sender: set --mail-from, or order_email or admin_email in the store's settings")
	}
	l.MessageID = m.messageID + l.From.Address[strings.LastIndexByte(l.From.Address, '@'):]
	return l, nil
}
