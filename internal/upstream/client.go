// Package upstream speaks with the management API of another store, such as one at
// BigCommerce or of another Clientele: within the limits that its answers tell,
// patiently where work can wait, and at once or not at all where somebody waits
// to be signed in.
package upstream

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"clientele/internal/store"
	"clientele/internal/system"
	"clientele/internal/webhook"
)

// Account is how another store's management API is reached.
type Account struct {
	URL      string // above /v3 and /v2
	Token    string
	ClientID string // sent where it is known
}

// Status is an answer that is no success.
type Status struct {
	Code  int
	Path  string
	Title string // what the answer says of itself
	// After is how long to wait, where the answer tells.
	After time.Duration
	// Alone tells that this request is refused and others are not: the account has
	// requests left.
	Alone bool
}

// Error implements error.
func (s *Status) Error() string {
	text := fmt.Sprintf("%s answers %d", s.Path, s.Code)
	if s.Title != "" {
		text += " (" + s.Title + ")"
	}
	return text
}

// IsStatus reports whether an error is an answer with one of some codes.
func IsStatus(err error, codes ...int) bool {
	s := new(Status)
	if !errors.As(err, &s) {
		return false
	}
	for _, c := range codes {
		if s.Code == c {
			return true
		}
	}
	return false
}

// ErrAddress: the address of the upstream is none that may be asked.
var ErrAddress = errors.New("the upstream's address is refused")

// Bounds of asking.
const (
	// maxAnswer is more than a page of 250 customers with all there is of each.
	maxAnswer = 64 << 20
	maxTitle  = 200
	// attempts is how often a request is made that can wait, firstPause and
	// longestPause for how long it waits in between where no answer tells.
	attempts     = 8
	firstPause   = 250 * time.Millisecond
	longestPause = 30 * time.Second
	answerTime   = 60 * time.Second
	// spare is how many requests of a window are left to others, who have the same
	// token.
	spare = 2
)

// Client asks one account, and waits as its answers tell.
type Client struct {
	Account
	sys  *system.System
	http *http.Client
	// places bounds how many requests are under way.
	places chan struct{}

	mu    sync.Mutex
	after time.Duration // of Elapsed, before which nothing is asked
	// limits is how often an answer has told of that.
	limits, asked int64
}

// NewClient returns a Client of which at most concurrent requests are under way. It
// is ErrAddress for an address where no webhook may lead.
func NewClient(sys *system.System, rules webhook.Rules, a Account, concurrent int) (*Client, error) {
	a.URL = strings.TrimRight(a.URL, "/")
	if err := checkAddress(rules, a.URL); err != nil {
		return nil, err
	}
	return &Client{Account: a, sys: sys, http: newHTTP(rules, answerTime), places: make(chan struct{}, concurrent)}, nil
}

func checkAddress(rules webhook.Rules, address string) error {
	if !store.IsUpstream(address) {
		return fmt.Errorf("%w: want one such as https://api.bigcommerce.com/stores/HASH", ErrAddress)
	}
	if _, why := rules.Destination(address); why != "" {
		return fmt.Errorf("%w: %s", ErrAddress, why)
	}
	return nil
}

// newHTTP returns what connects as webhooks do, and follows nothing.
func newHTTP(rules webhook.Rules, timeout time.Duration) *http.Client {
	t := rules.Transport(rules.Dialer())
	t.ResponseHeaderTimeout = timeout
	return &http.Client{
		Transport: t, Timeout: timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Asked returns how many requests were made.
func (c *Client) Asked() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.asked
}

// Get reads a path, such as /v3/customers, into what JSON decodes to.
func (c *Client) Get(ctx context.Context, path string, query url.Values, into any) error {
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return c.Do(ctx, http.MethodGet, path, nil, into)
}

// Do makes a request, again where the upstream cannot answer for now.
func (c *Client) Do(ctx context.Context, method, path string, body, into any) error {
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			return err
		}
	}
	pause := firstPause
	for n := 1; ; n++ {
		err := c.once(ctx, method, path, text, into)
		if err == nil || ctx.Err() != nil || !passing(err) || n == attempts {
			return err
		}
		wait := pause + c.sys.Jitter(pause/2)
		s := new(Status)
		if errors.As(err, &s) && s.After > 0 {
			wait = s.After
			if s.Code == http.StatusTooManyRequests {
				n-- // it is alive, and says when
			}
		}
		if err := c.sys.Sleep(ctx, wait); err != nil {
			return err
		}
		pause = min(2*pause, longestPause)
	}
}

// passing reports whether an error may be gone when it is tried again.
func passing(err error) bool {
	s := new(Status)
	if errors.As(err, &s) {
		return s.Code == http.StatusTooManyRequests || s.Code == http.StatusRequestTimeout || s.Code >= 500
	}
	return !errors.Is(err, webhook.ErrRefused)
}

func (c *Client) once(ctx context.Context, method, path string, body []byte, into any) error {
	select {
	case c.places <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-c.places }()
	if err := c.turn(ctx); err != nil {
		return err
	}
	header, err := send(ctx, c.http, &c.Account, method, path, body, into)
	c.heed(header, err)
	return err
}

// turn waits until something may be asked, and counts that it is. Meanwhile another
// answer may have told of a later limit. A limit that was waited for is over whatever
// Elapsed says, which some clocks leave where it is.
func (c *Client) turn(ctx context.Context) error {
	for waited := int64(0); ; {
		c.mu.Lock()
		wait, told := c.after-c.sys.Elapsed(), c.limits
		if wait <= 0 || told == waited {
			c.asked++
			c.mu.Unlock()
			return nil
		}
		c.mu.Unlock()
		if err := c.sys.Sleep(ctx, wait); err != nil {
			return err
		}
		waited = told
	}
}

// heed notes until when nothing is to be asked any more.
func (c *Client) heed(h http.Header, err error) {
	reset := millis(h.Get("X-Rate-Limit-Time-Reset-Ms"))
	wait := time.Duration(0)
	if s := new(Status); errors.As(err, &s) && s.Code == http.StatusTooManyRequests {
		wait = max(s.After, reset)
	} else if n := left(h); n >= 0 && n <= spare {
		wait = reset
	}
	if wait <= 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.after = max(c.after, c.sys.Elapsed()+wait)
	c.limits++
}

// left returns how many requests are left in the account's window, or -1.
func left(h http.Header) int64 {
	n, err := strconv.ParseInt(h.Get("X-Rate-Limit-Requests-Left"), 10, 64)
	if err != nil {
		return -1
	}
	return n
}

func millis(text string) time.Duration {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || n > time.Hour.Milliseconds() {
		return 0
	}
	return time.Duration(n) * time.Millisecond
}

// waitOf returns how long an answer asks to wait.
func waitOf(h http.Header) time.Duration {
	for _, name := range []string{"X-Retry-After", "Retry-After"} {
		if n, err := strconv.ParseInt(h.Get(name), 10, 64); err == nil && n > 0 && n <= 3600 {
			return time.Duration(n) * time.Second
		}
	}
	return millis(h.Get("X-Rate-Limit-Time-Reset-Ms"))
}

// send makes a request once. Its errors do not tell what was sent.
func send(ctx context.Context, over *http.Client, a *Account, method, path string, body []byte, into any) (http.Header, error) {
	var from io.Reader
	if body != nil {
		from = bytes.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, method, a.URL+path, from)
	if err != nil {
		return nil, ErrAddress
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("X-Auth-Token", a.Token)
	if a.ClientID != "" {
		req.Header.Set("X-Auth-Client", a.ClientID)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := over.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	path, _, _ = strings.Cut(path, "?")
	switch {
	case err != nil:
		return res.Header, fmt.Errorf("%s: %w", path, err)
	case len(text) > maxAnswer:
		return res.Header, fmt.Errorf("%s answers with more than %d MiB", path, maxAnswer>>20)
	case res.StatusCode < 200 || res.StatusCode > 299:
		return res.Header, &Status{Code: res.StatusCode, Path: path, Title: titleOf(text), After: waitOf(res.Header), Alone: left(res.Header) > 0}
	case into == nil || res.StatusCode == http.StatusNoContent || len(text) == 0:
		return res.Header, nil
	}
	if err := json.Unmarshal(text, into); err != nil {
		return res.Header, fmt.Errorf("%s: the answer is not understood: %w", path, err)
	}
	return res.Header, nil
}

// titleOf returns what an answer says of an error, of V3 or V2.
func titleOf(text []byte) string {
	var one struct{ Title, Message string }
	var many []struct{ Message string }
	if json.Unmarshal(text, &one) != nil && json.Unmarshal(text, &many) == nil && len(many) > 0 {
		one.Message = many[0].Message
	}
	title := strings.Join(strings.Fields(one.Title+" "+one.Message), " ")
	if r := []rune(title); len(r) > maxTitle {
		title = string(r[:maxTitle])
	}
	return title
}
