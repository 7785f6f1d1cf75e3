// Package devtools holds what exists in development mode alone. The outbox
// has the emails that the server would send. Control has tests set the clock, do
// what time brings, and add data; Requests has them make requests fail and look
// at those that were made. People shows all of it to people. All of it answers only whom Access admits: messages hold links
// that sign people in, which a website must not get at by pointing its own name
// here.
package devtools

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"clientele/internal/fault"
	"clientele/internal/mail"
	"clientele/internal/serve"
	"clientele/internal/store"
)

// OutboxPath is where the outbox is.
const OutboxPath = "/_clientele/outbox"

// Outbox serves the outbox to tests; People shows it to people.
type Outbox struct {
	Mail     *mail.Service
	Stores   *store.Service
	Pipeline *serve.Pipeline
	Access   *Access
}

const (
	defaultLimit = 50
	maxLimit     = 250
)

// Mount adds the outbox's routes.
func (o *Outbox) Mount(r chi.Router) {
	for pattern, h := range map[string]func(http.ResponseWriter, *http.Request) error{
		OutboxPath + ".json": o.listJSON, OutboxPath + "/{id}/body": o.body,
	} {
		r.Method(http.MethodGet, pattern, o.guard(pattern, h))
		r.Method(http.MethodHead, pattern, o.guard(pattern, h))
	}
	r.Method(http.MethodDelete, OutboxPath+".json", o.guard(OutboxPath+".json", o.clear))
}

// policy keeps pages from loading or running anything.
const policy = "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"

// guard refuses those whom Access does not admit.
func (o *Outbox) guard(pattern string, h func(http.ResponseWriter, *http.Request) error) http.Handler {
	return o.Pipeline.Handler(pattern, serve.Plain{}, func(x *serve.Exchange) error {
		header, r := x.Header(), x.Request()
		header.Set("Cache-Control", "no-store")
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Content-Security-Policy", policy)
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		if err := o.Access.Admit(x, r); err != nil {
			return err
		}
		return h(x, r)
	})
}

// item is a message as it is shown.
type item struct {
	ID          string   `json:"id"`
	StoreHash   string   `json:"store_hash"`
	ChannelID   int64    `json:"channel_id"`
	Kind        string   `json:"kind"`
	Status      string   `json:"status"`
	Error       string   `json:"error"`
	To          string   `json:"to"`
	ToName      string   `json:"to_name"`
	CustomerID  int64    `json:"customer_id"`
	Subject     string   `json:"subject"`
	Text        string   `json:"text"`
	HTML        string   `json:"html"`
	Links       []string `json:"links"`
	DateCreated string   `json:"date_created"`
	DateSent    *string  `json:"date_sent"`

	number, created int64
}

func newItem(hash string, m *mail.Stored) item {
	out := item{
		ID: fmt.Sprintf("%s-%d", hash, m.ID), StoreHash: hash, ChannelID: m.ChannelID, Kind: string(m.Kind), Status: m.Status, Error: m.Error,
		To: m.To, ToName: m.ToName, CustomerID: m.CustomerID, Subject: m.Subject, Text: m.Text, HTML: m.HTML, Links: m.Links(),
		DateCreated: date(m.Created), number: m.ID, created: m.Created,
	}
	if m.Status == mail.Sent {
		sent := date(m.Done)
		out.DateSent = &sent
	}
	return out
}

func date(unix int64) string { return time.Unix(unix, 0).UTC().Format(time.RFC3339) }

func invalid(field, message string) error {
	return &fault.Error{Kind: fault.BadFilter, Items: []fault.Item{{Path: field, Message: message}}}
}

// splitID reads "{store_hash}-{number}".
func splitID(id string) (hash string, number int64, ok bool) {
	hash, text, ok := strings.Cut(id, "-")
	number, err := strconv.ParseInt(text, 10, 64)
	return hash, number, ok && err == nil && number > 0
}

// find returns the messages that a query asks for, newest first.
func (o *Outbox) find(r *http.Request) ([]item, error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, invalid("query", "cannot be read")
	}
	f := mail.Filter{Limit: defaultLimit}
	hash := ""
	for name, values := range query {
		v := values[0]
		if len(values) > 1 {
			return nil, invalid(name, "is given twice")
		}
		switch name {
		case "to":
			f.To = v
		case "kind":
			if f.Kind = mail.Kind(v); !slices.Contains(mail.Kinds(), f.Kind) {
				return nil, invalid(name, fmt.Sprintf("want one of %v", mail.Kinds()))
			}
		case "status":
			if f.Status = v; !slices.Contains(mail.AllStatuses, v) {
				return nil, invalid(name, "want queued, sent, failed, expired or off")
			}
		case "store":
			hash = v
		case "after":
			of, n, ok := splitID(v)
			if !ok {
				return nil, invalid(name, "want the id of a message")
			}
			f.After = n
			if given := query.Get("store"); given != "" && given != of {
				return nil, invalid(name, "is a message of another store")
			}
		case "limit":
			n, err := strconv.Atoi(v)
			if err != nil || n < 1 || n > maxLimit {
				return nil, invalid(name, fmt.Sprintf("want a number from 1 to %d", maxLimit))
			}
			f.Limit = n
		default:
			return nil, invalid(name, "is not a parameter; there are to, kind, status, store, after and limit")
		}
	}
	if f.After != 0 {
		hash, _, _ = splitID(query.Get("after"))
	}
	stores, err := o.Stores.List(r.Context())
	if err != nil {
		return nil, err
	}
	out := []item{}
	for _, st := range stores {
		if hash != "" && st.Hash != hash {
			continue
		}
		found, err := o.Mail.Messages(r.Context(), st.ID, f)
		if err != nil {
			return nil, err
		}
		for i := range found {
			out = append(out, newItem(st.Hash, &found[i]))
		}
	}
	slices.SortStableFunc(out, func(a, b item) int {
		return cmp.Or(cmp.Compare(b.created, a.created), cmp.Compare(a.StoreHash, b.StoreHash), cmp.Compare(b.number, a.number))
	})
	return out[:min(len(out), f.Limit)], nil
}

func (o *Outbox) listJSON(w http.ResponseWriter, r *http.Request) error {
	found, err := o.find(r)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(map[string]any{"data": found}); err != nil {
		return err
	}
	write(w, "application/json", b.Bytes())
	return nil
}

func write(w http.ResponseWriter, kind string, body []byte) {
	w.Header().Set("Content-Type", kind)
	// The pipeline keeps the error: the client is gone.
	_, _ = w.Write(body)
}

const htmlType = "text/html; charset=utf-8"

func (o *Outbox) clear(w http.ResponseWriter, r *http.Request) error {
	stores, err := o.Stores.List(r.Context())
	if err != nil {
		return err
	}
	for _, st := range stores {
		if _, err := o.Mail.Clear(r.Context(), st.ID); err != nil {
			return err
		}
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// message finds the message that a path names.
func (o *Outbox) message(r *http.Request) (*item, error) {
	none := fault.New(fault.NotFound, "there is no such email")
	hash, n, ok := splitID(chi.URLParam(r, "id"))
	if !ok {
		return nil, none
	}
	st, err := o.Stores.ByHash(r.Context(), hash)
	if fault.As(err) != nil {
		return nil, none
	}
	if err != nil {
		return nil, err
	}
	m, err := o.Mail.Email(r.Context(), st.ID, n)
	if err != nil {
		return nil, err
	}
	if m == nil {
		return nil, none
	}
	if err := o.Mail.Show(r.Context(), m); err != nil {
		return nil, err
	}
	out := newItem(hash, m)
	return &out, nil
}

// body is the message's HTML alone. It runs nothing and belongs to no origin.
func (o *Outbox) body(w http.ResponseWriter, r *http.Request) error {
	m, err := o.message(r)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Security-Policy", "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'self'")
	write(w, htmlType, []byte(m.HTML))
	return nil
}
