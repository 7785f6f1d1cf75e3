package mail

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"

	"clientele/internal/email"
	"clientele/internal/fault"
	"clientele/internal/history"
	"clientele/internal/jobs"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

// Filter chooses among a store's messages.
type Filter struct {
	To     string // an address, however it is written
	Kind   Kind
	Status string
	After  int64 // those with a higher id
	Before int64 // those with a lower id
	// Up takes the oldest ones first, which are returned in the same order as
	// others.
	Up    bool
	Limit int
}

// Messages returns a store's messages, newest first. Texts that were not made
// yet are those that would be sent now.
func (s *Service) Messages(ctx context.Context, storeID int64, f Filter) ([]Stored, error) {
	out, err := s.Headers(ctx, storeID, f)
	if err != nil {
		return nil, err
	}
	for i := range out {
		if err := s.Show(ctx, &out[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Headers is Messages as they are kept, without making texts.
func (s *Service) Headers(ctx context.Context, storeID int64, f Filter) ([]Stored, error) {
	where, args := []string{"store_id = $1"}, []any(nil)
	add := func(condition string, value any) {
		args = append(args, value)
		where = append(where, fmt.Sprintf(condition, len(args)+1))
	}
	if f.To != "" {
		in, more := sqldb.In(args, email.Keys(f.To))
		where, args = append(where, "recipient_norm IN "+in), more
	}
	if f.Kind != "" {
		add("kind = $%d", string(f.Kind))
	}
	if f.Status != "" {
		add("status = $%d", f.Status)
	}
	if f.After != 0 {
		add("id > $%d", f.After)
	}
	if f.Before != 0 {
		add("id < $%d", f.Before)
	}
	args = append(args, int64(f.Limit))
	order := " DESC"
	if f.Up {
		order = ""
	}
	stmt := sqldb.Dynamic(fmt.Sprintf(`SELECT %s FROM emails WHERE %s ORDER BY id%s LIMIT $%d`, emailColumns, strings.Join(where, " AND "), order, len(args)+1))
	var out []Stored
	if err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		out = nil
		return tx.Query(stmt, func(r *sqldb.Row) error {
			m, err := scanStored(storeID, r)
			out = append(out, m)
			return err
		}, args...)
	}); err != nil {
		return nil, err
	}
	if f.Up {
		slices.Reverse(out)
	}
	return out, nil
}

// Show makes the texts of a message that still waits.
func (s *Service) Show(ctx context.Context, m *Stored) error {
	if m.Subject != "" || m.gone || !s.o.Keep {
		return nil
	}
	w, err := s.world(ctx, m)
	if err != nil {
		return err
	}
	if w.off {
		m.Error = offReason
		return nil
	}
	p, err := s.own().render(m, w)
	if err != nil {
		m.Error = "template: " + err.Error()
		return nil
	}
	m.Subject, m.Text, m.HTML = p.Subject, p.Text, p.HTML
	if m.To == "" {
		m.To = w.settings.AdminEmail
	}
	return nil
}

var urlInText = regexp.MustCompile(`https?://[^\s<>"']+`)

// Links returns the addresses that a message links to, each once.
func (m *Stored) Links() []string {
	out := []string{}
	add := func(s string) {
		if s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	z := html.NewTokenizer(strings.NewReader(m.HTML))
	for t := z.Next(); t != html.ErrorToken; t = z.Next() {
		if t != html.StartTagToken {
			continue
		}
		if token := z.Token(); token.Data == "a" {
			for _, a := range token.Attr {
				if u, err := url.Parse(a.Val); a.Key == "href" && err == nil && (u.Scheme == "http" || u.Scheme == "https") {
					add(a.Val)
				}
			}
		}
	}
	for _, u := range urlInText.FindAllString(m.Text, -1) {
		add(strings.TrimRight(u, ".,;:!?)"))
	}
	return out
}

var (
	deleteEmails = sqldb.Static(`DELETE FROM emails WHERE store_id = $1`)
	requeue      = sqldb.Static(`UPDATE emails SET status = 'queued', date_done = 0 WHERE store_id = $1 AND id = $2 AND status = 'failed' AND date_expires > $3 AND data <> ''`)
)

// Clear drops all messages of a store, also those that wait.
func (s *Service) Clear(ctx context.Context, storeID int64) (n int64, err error) {
	err = s.db.Write(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		n, err = tx.ExecCount(deleteEmails)
		return err
	})
	return n, err
}

// Shown returns a message with its texts as they were sent or, of one that waits,
// as they would be: without the parts of links that open something. Texts that were
// not kept are made of what was said then, with the store's name and looks of now.
func (s *Service) Shown(ctx context.Context, storeID, id int64) (*Stored, error) {
	m, err := s.Email(ctx, storeID, id)
	if err != nil || m == nil {
		return nil, err
	}
	if m.Subject == "" && !m.gone {
		m.asOf = m.Done
		m.data = m.data.blanked()
		w, err := s.world(ctx, m)
		if err != nil {
			return nil, err
		}
		p, err := s.own().render(m, w)
		if err != nil {
			p = parts{}
		}
		m.Subject, m.Text, m.HTML = p.Subject, p.Text, p.HTML
		if m.To == "" {
			m.To = w.settings.AdminEmail
		}
	}
	m.Text, m.HTML = blank(m.Text), blank(m.HTML)
	return m, nil
}

// parameter is one of an address, with its value.
var parameter = regexp.MustCompile(`([?&](?:amp;)?([A-Za-z_]+)=)[^&\s"'<>#]+`)

// blank takes the values of parameters, which may open something, out of the
// addresses of a text.
func blank(text string) string {
	return parameter.ReplaceAllStringFunc(text, func(found string) string {
		if m := parameter.FindStringSubmatch(found); m[2] != "action" {
			return m[1] + "…"
		}
		return found
	})
}

// blanked is what a message is made of without what opens something. The link that
// ends emails is good for ever, and stays for one that is sent again.
func (p payload) blanked() payload {
	out := p
	out.Data = Data{}
	for k, v := range p.Data {
		out.Data[k] = blank(v)
	}
	out.Parameters = slices.Clone(p.Parameters)
	for i := 1; i < len(out.Parameters); i += 2 {
		out.Parameters[i] = "…"
	}
	return out
}

// Ways in which a message can be sent once more.
const (
	NotAgain   = ""      // its link is good once: another one is to be asked for
	TryAgain   = "retry" // it was given up
	AgainAsNew = "again"
)

// Again tells how a message can be sent once more, at a time.
func (m *Stored) Again(now int64) string {
	switch {
	case m.gone:
		return NotAgain
	case m.Status == Failed && m.Expires > now:
		return TryAgain
	case m.Status == Sent && !m.opens():
		return AgainAsNew
	}
	return NotAgain
}

// opens reports whether the message has a link that is good once.
func (m *Stored) opens() bool {
	return m.data.Data["link"] != "" && m.data.Data["minutes"] != "" || slices.Contains(kinds[m.Kind].needs, "link")
}

var errNotAgain = fault.New(fault.Conflict, "the email cannot be sent again: its link is good once")

// SendAgain sends a message once more, as far as it can be. It returns its id then.
func (s *Service) SendAgain(ctx context.Context, storeID, id int64) (int64, error) {
	m, err := s.Email(ctx, storeID, id)
	if err != nil {
		return 0, err
	}
	if m == nil {
		return 0, fault.New(fault.NotFound, "there is no such email")
	}
	now := s.sys.Now()
	switch m.Again(now) {
	case TryAgain:
		return id, s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
			if err := history.Enter(tx, now, sentAgain(m)); err != nil {
				return err
			}
			return retry(tx, id, now)
		})
	case AgainAsNew:
		site := store.Site{StoreID: storeID, ChannelID: m.ChannelID, URL: m.siteURL}
		return s.queueAgain(ctx, m, Message{Kind: m.Kind, Site: site, To: m.To, ToName: m.ToName, CustomerID: m.CustomerID, Data: m.data.Data, Route: m.data.Route, Parameters: m.data.Parameters, Wish: m.data.Wish, UnsubscribeURL: m.data.Unsubscribe})
	}
	return 0, errNotAgain
}

func (s *Service) queueAgain(ctx context.Context, of *Stored, m Message) (id int64, err error) {
	return id, s.db.Write(ctx, of.StoreID, func(tx *sqldb.Tx) error {
		if err := history.Enter(tx, s.sys.Now(), sentAgain(of)); err != nil {
			return err
		}
		id, err = s.queue(tx, m)
		return err
	})
}

// sentAgain is the entry of the history that somebody sends a message once more.
func sentAgain(m *Stored) history.Entry {
	e := history.Entry{Action: history.LinkSent, Resource: history.Link, CustomerID: m.CustomerID}
	e.Add(false, history.FieldKind, "", history.Text(string(m.Kind)))
	return e
}

// Retry queues a message again that was given up, while it is worth sending.
func (s *Service) Retry(ctx context.Context, storeID, id int64) error {
	now := s.sys.Now()
	return s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error { return retry(tx, id, now) })
}

func retry(tx *sqldb.Tx, id, now int64) error {
	n, err := tx.ExecCount(requeue, id, now)
	if err != nil {
		return err
	}
	if n == 0 {
		return fault.New(fault.NotFound, "there is no such email that was given up and can still be sent")
	}
	return jobs.Enqueue(tx, now, jobKind, jobPayload{id}, now)
}
