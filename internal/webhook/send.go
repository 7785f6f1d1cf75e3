package webhook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

const (
	// userAgent names the service to receivers.
	userAgent = "Clientele-Webhooks/1.0"
	// drained is how much of an answer is read so that its connection can be
	// used again.
	drained = 64 << 10
)

// keptHeaders are those of an answer that tell why it is as it is.
var keptHeaders = []string{"Content-Type", "Date", "Location", "Retry-After", "Server", "Via", "Www-Authenticate", "X-Request-Id"}

// newClient returns a client that follows no redirects: an answer that is not
// 2xx is a failure, and where it points to was never checked.
func newClient(t http.RoundTripper) *http.Client {
	return &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// send makes one attempt, and tells whether the destination took it.
func (d *Dispatcher) send(ctx context.Context, t *task) (a Attempt, ok bool) {
	now := d.sys.Now()
	a = Attempt{At: now, URL: t.hook.Destination}
	start := d.sys.Elapsed()
	defer func() { a.Duration = (d.sys.Elapsed() - start).Milliseconds() }()
	ctx, cancel := context.WithTimeout(ctx, d.o.Timeout)
	defer cancel()
	body := Payload(t.storeID, t.hash, t.id, t.scope, t.data, t.created)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.hook.Destination, bytes.NewReader(body))
	if err != nil {
		a.Error = clip(err.Error(), keptError)
		return a, false
	}
	id := MessageID(t.hash, t.hook.ID, t.id)
	h := req.Header
	h.Set("Content-Type", "application/json")
	h.Set("User-Agent", userAgent)
	for _, own := range t.hook.Headers {
		h.Set(own.Name, own.Value)
	}
	h.Set(HeaderID, id)
	h.Set(HeaderTimestamp, strconv.FormatInt(now, 10))
	h.Set(HeaderSignature, Sign(t.hook.secret, id, now, body))
	res, err := d.client.Do(req)
	if err != nil {
		a.Error = d.reason(ctx, err)
		return a, false
	}
	defer res.Body.Close()
	a.Status = int64(res.StatusCode)
	kept, err := io.ReadAll(io.LimitReader(res.Body, keptBody))
	if err == nil {
		_, err = io.CopyN(io.Discard, res.Body, drained)
		if errors.Is(err, io.EOF) {
			err = nil
		}
	}
	a.Body = clip(string(kept), keptBody)
	for _, name := range keptHeaders {
		if v := res.Header.Get(name); v != "" {
			if a.Headers == nil {
				a.Headers = make(map[string]string, 4)
			}
			a.Headers[name] = clip(v, keptHeader)
		}
	}
	switch {
	case err != nil:
		// The status came, but not all of the answer: what a receiver says by its
		// status counts, unless it says that all is well and then fails.
		a.Error = d.reason(ctx, err)
		return a, false
	case res.StatusCode/100 != 2:
		a.Error = "status " + strconv.Itoa(res.StatusCode)
		return a, false
	}
	if err := CheckAnswer(res.Header); err != nil {
		a.Error = err.Error()
		return a, false
	}
	return a, true
}

// reason says why there was no answer, without the URL, which is known.
func (d *Dispatcher) reason(ctx context.Context, err error) string {
	var ue *url.Error
	if errors.As(err, &ue) {
		err = ue.Err
	}
	var ne net.Error
	var name *net.DNSError
	switch {
	// Whoever made the hook learns nothing of the network that this runs in.
	case errors.Is(err, ErrRefused):
		return ErrRefused.Error()
	case errors.As(err, &name) && name.IsNotFound:
		return "there is no such host as " + name.Name
	case errors.As(err, &name):
		return "the host name cannot be looked up"
	case errors.Is(ctx.Err(), context.DeadlineExceeded), errors.As(err, &ne) && ne.Timeout():
		return fmt.Sprintf("no complete answer within %s", d.o.Timeout)
	case errors.Is(err, context.Canceled):
		return "the service stopped before the answer came"
	}
	return clip(err.Error(), keptError)
}

// clip cuts text that others wrote down to what a database keeps.
func clip(s string, n int) string {
	if len(s) > n {
		s = s[:n]
	}
	s = strings.ToValidUTF8(s, "\uFFFD")
	return strings.ReplaceAll(s, "\x00", "\uFFFD")
}

// RequestHeaders returns the headers that an attempt was sent with, without
// those that the hook adds and the signature.
func (d *Delivery) RequestHeaders(storeHash string, a *Attempt) map[string]string {
	return map[string]string{
		"Content-Type":  "application/json",
		"User-Agent":    userAgent,
		HeaderID:        MessageID(storeHash, d.HookID, d.ID),
		HeaderTimestamp: strconv.FormatInt(a.At, 10),
	}
}

// Payload returns the body that the delivery is sent with.
func (d *Delivery) Payload(storeID int64, storeHash string) []byte {
	return Payload(storeID, storeHash, d.ID, d.Scope, d.Data, d.Created)
}
