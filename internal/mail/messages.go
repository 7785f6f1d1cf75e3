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
	"clientele/internal/jobs"
	"clientele/internal/sqldb"
)

// Filter chooses among a store's messages.
type Filter struct {
	To     string // an address, however it is written
	Kind   Kind
	Status string
	After  int64 // those with a higher id
	Limit  int
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
	args = append(args, int64(f.Limit))
	stmt := sqldb.Dynamic(fmt.Sprintf(`SELECT %s FROM emails WHERE %s ORDER BY id DESC LIMIT $%d`, emailColumns, strings.Join(where, " AND "), len(args)+1))
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

// Retry queues a message again that was given up, while it is worth sending.
func (s *Service) Retry(ctx context.Context, storeID, id int64) error {
	now := s.sys.Now()
	return s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		n, err := tx.ExecCount(requeue, id, now)
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.New(fault.NotFound, "there is no such email that was given up and can still be sent")
		}
		return jobs.Enqueue(tx, now, jobKind, jobPayload{id}, now)
	})
}
