package trouble

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"clientele/internal/mail"
	"clientele/internal/system"
)

// Wait waits as long as a test wants to see somebody wait: really, however the
// clock is moved. It returns an error if ctx ends before.
func Wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	t := system.Countdown(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// longest is how long a delivery waits to be overtaken.
const longest = 3 * time.Second

// Transport carries deliveries to webhooks, and has those fail that rules say.
type Transport struct {
	Engine *Engine
	// To carries them.
	To http.RoundTripper
	// Signature is the header that Spoil spoils.
	Signature string

	mu      sync.Mutex
	waiting chan struct{} // closed once another delivery has gone by
}

var errDropped = errors.New("the connection was lost, as a test wants it")

// RoundTrip implements http.RoundTripper.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if t.Engine.Idle() {
		return t.To.RoundTrip(r)
	}
	body, err := readAll(r)
	if err != nil {
		return nil, err
	}
	var event struct {
		Scope    string `json:"scope"`
		Producer string `json:"producer"`
	}
	_ = json.Unmarshal(body, &event) // our own
	store := event.Producer
	if i := bytes.LastIndexByte([]byte(store), '/'); i >= 0 {
		store = store[i+1:]
	}
	hit := t.Engine.Take(&Subject{
		Surface: Webhook, Method: r.Method, Route: r.URL.Path, Store: store,
		Is: func(name string) bool { return name == event.Scope }, Text: func() string { return string(body) }, Items: func() int { return 0 }, SignsIn: func() bool { return false },
	})
	if hit == nil {
		defer t.pass()
		return t.carry(r, body)
	}
	if err := Wait(r.Context(), hit.Delay); err != nil {
		return nil, err
	}
	if hit.Reorder {
		if err := t.overtaken(r.Context()); err != nil {
			return nil, err
		}
	} else {
		defer t.pass()
	}
	if hit.Signature != "" {
		r = r.Clone(r.Context())
		r.Header.Set(t.Signature, spoiled(r.Header.Get(t.Signature)))
	}
	if s := hit.Status; s != nil {
		res := &http.Response{StatusCode: s.Code, Status: strconv.Itoa(s.Code) + " " + http.StatusText(s.Code), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{"X-Clientele-Fault": hit.By}, Body: http.NoBody, Request: r}
		if s.RetryAfter > 0 {
			res.Header.Set("Retry-After", strconv.Itoa(s.RetryAfter))
		}
		return res, nil
	}
	if hit.Drop == DropBefore {
		return nil, errDropped
	}
	res, err := t.carry(r, body)
	if err == nil && hit.Duplicate {
		if _, err := io.Copy(io.Discard, io.LimitReader(res.Body, 1<<16)); err != nil {
			return nil, errors.Join(err, res.Body.Close())
		}
		if err := res.Body.Close(); err != nil {
			return nil, err
		}
		res, err = t.carry(r, body)
	}
	if err == nil && hit.Drop == DropAfterCommit {
		return nil, errors.Join(errDropped, res.Body.Close())
	}
	return res, err
}

func readAll(r *http.Request) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	body, err := io.ReadAll(r.Body)
	return body, errors.Join(err, r.Body.Close())
}

func (t *Transport) carry(r *http.Request, body []byte) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return t.To.RoundTrip(r)
}

// overtaken waits until another delivery has gone by, or until it is plain that
// there is none.
func (t *Transport) overtaken(ctx context.Context) error {
	t.mu.Lock()
	if t.waiting == nil {
		t.waiting = make(chan struct{})
	}
	gone := t.waiting
	t.mu.Unlock()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-gone:
			cancel()
		case <-ctx.Done():
		}
	}()
	err := Wait(ctx, longest)
	select {
	case <-gone:
		return nil
	default:
		return err
	}
}

// pass lets those go that wait to be overtaken.
func (t *Transport) pass() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.waiting != nil {
		close(t.waiting)
		t.waiting = nil
	}
}

// spoiled returns a signature of the same form that is wrong.
func spoiled(signature string) string {
	b := []byte(signature)
	for i := slices.Index(b, ',') + 1; i < len(b); i++ {
		if b[i] >= 'a' && b[i] <= 'z' || b[i] >= 'A' && b[i] <= 'Z' {
			b[i] ^= 0x20 // the other case
		}
	}
	return string(b)
}

// Email refuses to send an email that a rule says, as mail.SMTP tells of a
// server's own replies.
func (e *Engine) Email(ctx context.Context, storeHash string, kind mail.Kind, to string) error {
	hit := e.Take(&Subject{
		Surface: SMTP, Store: storeHash, Is: func(name string) bool { return name == string(kind) },
		Text: func() string { return to }, Items: func() int { return 0 }, SignsIn: func() bool { return false },
	})
	if hit == nil {
		return nil
	}
	if err := Wait(ctx, hit.Delay); err != nil {
		return err
	}
	r := hit.SMTP
	if r == nil {
		return nil
	}
	return &mail.SendError{
		Permanent: r.Code >= 500 && r.Code != 530 && r.Stage != "connect", Code: r.Code, Stage: Stages[r.Stage],
		Err: errors.New("the mail server refused, as a test wants it: " + Stages[r.Stage] + ": reply " + strconv.Itoa(r.Code)),
	}
}
