// Package webhook tells apps what happened in a store: the hooks that they
// make, the rules for where a hook may lead, and what is sent there, how it is
// signed and when it is tried again.
package webhook

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"clientele/internal/fault"
	"clientele/internal/jsonx"
	"clientele/internal/opt"
)

// Reasons for which the service switches a hook off.
const (
	DisabledFailures   = "failures"   // the last attempt of a delivery failed
	DisabledInactivity = "inactivity" // nothing happened that it waits for
)

// Bounds of hooks.
const (
	MaxPerScope     = 10 // of one API account
	MaxPerAccount   = 5000
	MaxHeaders      = 64
	maxHeaderName   = 128
	maxHeaderValue  = 8 << 10
	maxHeadersBytes = 16 << 10
	maxScope        = 255
	MaxContacts     = 10
)

// Header is what a hook adds to the requests sent to it.
type Header struct{ Name, Value string }

// Hook is an API account's wish to be told of events.
type Hook struct {
	ID           int64
	ClientID     string
	Scope        string
	Destination  string
	Headers      []Header
	IsActive     bool
	Disabled     string // why the service switched it off, or empty
	LastEvent    int64  // when an event last matched it; 0: never
	LastDelivery int64  // when a delivery last arrived; 0: never
	DateCreated  int64
	DateModified int64
	norm         string
	idleSeen     int64 // when it was last found idle; 0: not
	idleTime     int64 // for how many seconds it has been seen so
	from         int64 // the last event before it became active, of which it hears nothing
}

// Status is what the hook's flags amount to.
func (h *Hook) Status() string {
	switch {
	case h.IsActive:
		return "active"
	case h.Disabled != "":
		return "deactivated"
	}
	return "inactive"
}

// Create is the command to make a hook.
type Create struct {
	Scope       string
	Destination string
	Headers     []Header
	IsActive    opt.Field[bool]
}

// Update is the command to change a hook; absent fields stay.
type Update struct {
	ID          int64
	Scope       opt.Field[string]
	Destination opt.Field[string]
	Headers     opt.Field[[]Header] // null takes all away
	IsActive    opt.Field[bool]
	// Version, if it is set, is what the hook has to be at; else the update is
	// ErrStale.
	Version opt.Field[string]
}

// ErrStale: somebody else has changed the hook meanwhile.
var ErrStale = fault.New(fault.Conflict, "the webhook was changed meanwhile")

// Version changes with what people change of the hook.
func (h *Hook) Version() string {
	sum := sha256.New()
	for _, part := range []string{h.Scope, h.Destination, stored(h.Headers), strconv.FormatBool(h.IsActive)} {
		sum.Write(strconv.AppendQuote(nil, part))
	}
	return hex.EncodeToString(sum.Sum(nil)[:8])
}

// empty reports whether nothing is to change.
func (u *Update) empty() bool {
	return !u.Scope.Set && !u.Destination.Set && !u.Headers.Set && !u.IsActive.Set
}

// Block is a domain to which nothing is sent for a while.
type Block struct {
	Domain  string
	Until   int64
	Reasons []Reason
}

// URL returns the domain as a URL.
func (b *Block) URL() string {
	if strings.Contains(b.Domain, ":") {
		return "https://[" + b.Domain + "]"
	}
	return "https://" + b.Domain
}

// Reason is one way in which deliveries to a blocked domain failed.
type Reason struct {
	Description string `json:"failure_description"`
	Count       int64  `json:"count"`
	Time        int64  `json:"timestamp"`
}

// check notes every rule that the hook breaks, and sets its compared form.
func (h *Hook) check(c *fault.Collector, rules Rules) {
	switch {
	case h.Scope == "" || len(h.Scope) > maxScope:
		c.Because(FieldScope, fault.NotAccepted, WhyLongScope, strconv.Itoa(maxScope))
	case !KnownScope(h.Scope):
		c.Because(FieldScope, fault.NotAccepted, WhyScopeUnknown, "")
	}
	norm, why := rules.Destination(h.Destination)
	if why != "" {
		c.Because(FieldDestination, fault.BadFormat, why, "")
	}
	h.norm = norm
	checkHeaders(c, h.Headers)
}

// reserved headers are the connection's, or those that the signature is in.
var reserved = map[string]bool{
	"host": true, "content-length": true, "content-encoding": true, "transfer-encoding": true, "connection": true, "keep-alive": true, "te": true,
	"trailer": true, "upgrade": true, "expect": true, "http2-settings": true,
}

func checkHeaders(c *fault.Collector, headers []Header) {
	if len(headers) > MaxHeaders {
		c.Because(FieldHeaders, fault.TooManyItems, WhyManyHeaders, strconv.Itoa(MaxHeaders))
		return
	}
	seen := make(map[string]bool, len(headers))
	size := 0
	for _, h := range headers {
		bad := func(code fault.Code, why fault.Reason, want string) {
			c.AddItem(fault.Item{Field: FieldHeaders, Key: h.Name, Code: code, Why: why, Want: want})
		}
		name := strings.ToLower(h.Name)
		size += len(h.Name) + len(h.Value)
		switch {
		case !isToken(h.Name):
			c.Because(FieldHeaders, fault.BadFormat, WhyHeaderName, strconv.Itoa(maxHeaderName))
		case reserved[name], strings.HasPrefix(name, "proxy-"), strings.HasPrefix(name, "webhook-"):
			bad(fault.NotAccepted, WhyReserved, "")
		case seen[name]:
			bad(fault.Duplicate, WhyHeaderTwice, "")
		case len(h.Value) > maxHeaderValue:
			bad(fault.TooLong, WhyLongHeader, strconv.Itoa(maxHeaderValue))
		case strings.ContainsFunc(h.Value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }):
			bad(fault.BadFormat, WhyControl, "")
		}
		seen[name] = true
	}
	if size > maxHeadersBytes {
		c.Because(FieldHeaders, fault.TooLong, WhyLongHeaders, strconv.Itoa(maxHeadersBytes))
	}
}

// isToken reports whether s can be the name of a header (RFC 9110).
func isToken(s string) bool {
	if s == "" || len(s) > maxHeaderName {
		return false
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !('0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0) {
			return false
		}
	}
	return true
}

// AppendHeaders appends the headers as a JSON object, null if there are none.
func AppendHeaders(b []byte, headers []Header) []byte {
	if len(headers) == 0 {
		return append(b, "null"...)
	}
	for i, h := range headers {
		if i == 0 {
			b = append(b, '{')
		} else {
			b = append(b, ',')
		}
		b = jsonx.AppendString(b, h.Name)
		b = append(b, ':')
		b = jsonx.AppendString(b, h.Value)
	}
	return append(b, '}')
}

// stored returns the headers as the database keeps them.
func stored(headers []Header) string {
	if len(headers) == 0 {
		return ""
	}
	return string(AppendHeaders(nil, headers))
}

func readHeaders(text string) ([]Header, error) {
	if text == "" {
		return nil, nil
	}
	v, err := jsonx.Parse([]byte(text), jsonx.Limits{Depth: 2, Values: 4 * MaxHeaders})
	if err != nil {
		return nil, fmt.Errorf("webhook: stored headers: %w", err)
	}
	var out []Header
	for name, value := range v.Members() {
		s, _ := value.Str()
		out = append(out, Header{name, s})
	}
	return out, nil
}
