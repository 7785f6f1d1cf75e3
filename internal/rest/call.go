package rest

import (
	"bytes"
	"context"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-chi/chi/v5"
	kgzip "github.com/klauspost/compress/gzip"

	"clientele/internal/auth"
	"clientele/internal/fault"
	"clientele/internal/jsonx"
	"clientele/internal/limit"
	"clientele/internal/listing"
	"clientele/internal/password"
	"clientele/internal/serve"
)

// Call is one request to an operation and its answer.
type Call struct {
	serve.Exchange
	W       http.ResponseWriter // the exchange
	R       *http.Request
	Account *auth.APIAccount // who calls

	server  *Server
	mount   *mount
	surface Renderer // nil: none has the address
	titles  *Titles
	list    *listing.Spec
	format  *Format // nil: JSON
	ownType string  // of the route's own types, what is asked for
	unmet   bool    // Accept names nothing that there is
	release func()
}

// Bounds of a request.
const (
	maxDepth = 24
	maxNodes = 50_000
)

var jsonType = []string{"application/json"}

// Ctx returns the request's context.
func (c *Call) Ctx() context.Context { return c.R.Context() }

// PathID returns the id in a segment of the path. It returns a NotFound fault
// if the segment is not a positive number.
func (c *Call) PathID(name string) (int64, error) {
	id, err := strconv.ParseInt(chi.URLParam(c.R, name), 10, 64)
	if err != nil || id < 1 {
		return 0, errNoID
	}
	return id, nil
}

var errNoID = fault.New(fault.NotFound, "the path names no id")

// noParameters is the list of an operation that takes no query parameters.
var noParameters = &listing.Spec{Unpaged: true}

// List returns what the route declares of the query parameters.
func (c *Call) List() *listing.Spec { return c.list }

// StoreID returns the store that the call is about.
func (c *Call) StoreID() int64 { return c.Account.StoreID }

// Party returns who has passwords hashed by the call: its API account, whose
// imports wait behind each other and not before those who sign in.
func (c *Call) Party() password.Party {
	return password.Party{StoreID: c.StoreID(), Name: "account " + strconv.FormatInt(c.Account.ID, 10)}
}

// Peer returns who asks: the shopper whose address an app tells, or the app.
func (c *Call) Peer() limit.Peer { return c.server.Visits.Peer(c.R, c.Account != nil) }

// Origin returns the scheme and host by which the client asks.
func (c *Call) Origin() string {
	return c.server.Visits.Scheme(c.R) + "://" + c.server.Visits.Host(c.R)
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// maxPooled keeps the pools from holding on to the largest buffers ever used.
const maxPooled = 256 << 10

// JSON reads and parses the request's body. The value owns its memory. An empty
// body is an absent value.
func (c *Call) JSON() (jsonx.Value, error) {
	var format *Format
	charset := ""
	if ct := c.R.Header.Get("Content-Type"); ct != "" && ct != "application/json" {
		mt, params, err := mime.ParseMediaType(ct)
		if err == nil {
			format, charset = c.mount.byType(mt), params["charset"]
		}
		if format == nil && (err != nil || mt != "application/json" && mt != "text/json" && !strings.HasSuffix(mt, "+json")) {
			return jsonx.Value{}, fault.New(fault.WrongMedia, "the body must be sent with Content-Type: application/json")
		}
	}
	body, err := c.Body(c.source())
	if err != nil {
		return jsonx.Value{}, err
	}
	defer body.Free()
	text := body.B
	if len(bytes.TrimSpace(text)) == 0 {
		return jsonx.Value{}, nil
	}
	if format != nil {
		if text, err = format.Decode(text, charset); err != nil {
			return jsonx.Value{}, &fault.Error{Kind: fault.Malformed, Message: "not " + format.Types[0], Cause: err, Items: []fault.Item{{Code: fault.BadFormat, Message: err.Error()}}}
		}
	}
	v, err := jsonx.Parse(text, jsonx.Limits{Depth: maxDepth, Values: maxNodes})
	if err != nil {
		return v, &fault.Error{Kind: fault.Malformed, Message: "not JSON", Cause: err, Items: []fault.Item{{Code: fault.BadFormat, Message: strings.TrimPrefix(err.Error(), "jsonx: ")}}}
	}
	return v, nil
}

// leave gives back the place among concurrent requests. Send calls it before it
// answers, so that the client can use the place as soon as it has the answer.
func (c *Call) leave() {
	if c.release != nil {
		c.release()
		c.release = nil
	}
}

// gzipFrom is the size from which compressing an answer is worth its cost.
const gzipFrom = 1400

var zippers = sync.Pool{New: func() any {
	z, err := kgzip.NewWriterLevel(io.Discard, kgzip.BestSpeed)
	if err != nil {
		panic(err) // the level is a constant of the package
	}
	return z
}}

// Send answers with a JSON body, in the format and compression that the
// client asks for.
func (c *Call) Send(status int, body []byte) {
	c.leave()
	h := c.W.Header()
	h["Content-Type"] = jsonType
	if c.format != nil {
		text, err := c.format.Encode(c, status, body)
		if err != nil {
			// An answer that is no JSON is a defect; it is still an answer.
			c.Judge(err)
		} else {
			body = text
			h["Content-Type"] = []string{c.format.Types[0] + "; charset=utf-8"}
		}
	}
	if len(body) >= gzipFrom {
		h["Vary"] = []string{"Accept-Encoding"}
		if acceptsGzip(c.R.Header["Accept-Encoding"]) {
			buf := buffers.Get().(*bytes.Buffer)
			z := zippers.Get().(*kgzip.Writer)
			z.Reset(buf)
			_, err := z.Write(body)
			if cerr := z.Close(); err == nil && cerr == nil {
				h["Content-Encoding"] = []string{"gzip"}
				c.write(status, buf.Bytes())
			} else {
				c.write(status, body)
			}
			zippers.Put(z)
			if buf.Cap() <= maxPooled {
				buf.Reset()
				buffers.Put(buf)
			}
			return
		}
	}
	c.write(status, body)
}

func (c *Call) write(status int, body []byte) {
	c.W.Header()["Content-Length"] = []string{strconv.Itoa(len(body))}
	c.W.WriteHeader(status)
	// The exchange keeps the error: the client is gone.
	_, _ = c.W.Write(body)
}

// SendFile answers with a file that write writes as it goes on. An error in the
// middle of it ends the answer there: the file has to be of a kind that tells.
func (c *Call) SendFile(contentType, name string, write func(io.Writer) error) error {
	c.leave()
	h := c.W.Header()
	h["Content-Type"] = []string{contentType}
	h["Content-Disposition"] = []string{mime.FormatMediaType("attachment", map[string]string{"filename": name})}
	h["Cache-Control"] = []string{"no-store"}
	c.W.WriteHeader(http.StatusOK)
	return write(c.W)
}

// Unchanged tells in the answer's header when what it shows was last changed.
// It reports whether the client has it as it is, by If-Modified-Since, and
// answers then. A change of this very second may not be the last one in it.
func (c *Call) Unchanged(modified int64) bool {
	now := c.server.System.Now()
	if modified >= now {
		return false
	}
	h := c.R.Header
	c.W.Header()["Last-Modified"] = []string{time.Unix(modified, 0).UTC().Format(http.TimeFormat)}
	since, err := http.ParseTime(h.Get("If-Modified-Since"))
	if err != nil { // as V2 shows dates
		since, err = time.Parse(time.RFC1123Z, h.Get("If-Modified-Since"))
	}
	if err != nil || since.Unix() < modified || since.Unix() > now || h.Get("If-None-Match") != "" {
		return false
	}
	c.SendEmpty(http.StatusNotModified)
	return true
}

// Located tells where what a 201 answers with is from now on.
func (c *Call) Located(collection string, id int64) {
	c.W.Header()["Location"] = []string{c.Base() + collection + "/" + strconv.FormatInt(id, 10) + c.Extension()}
}

// SendText answers with a body that is no JSON.
func (c *Call) SendText(status int, contentType string, body []byte) {
	c.leave()
	c.W.Header()["Content-Type"] = []string{contentType}
	c.write(status, body)
}

// streamTime bounds how long an answer in parts may take, within what the server
// gives to any.
const streamTime = 100 * time.Second

// Stream answers with parts as they are made. part appends the next one and tells
// whether it was the last; late tells it that time is up, so that it appends where
// to go on and ends. An error before the first part is answered like any other.
// After it the answer lacks its end.
func (c *Call) Stream(contentType string, part func(b []byte, late bool) (_ []byte, last bool, err error)) error {
	end := c.server.System.Elapsed() + streamTime
	b := Buffer()
	defer b.Free()
	for last := false; !last; {
		var err error
		if b.B, last, err = part(b.B[:0], c.server.System.Elapsed() > end); err != nil {
			return err
		}
		if c.Status() == 0 {
			c.W.Header()["Content-Type"] = []string{contentType}
			c.W.WriteHeader(http.StatusOK)
		}
		if c.R.Method == http.MethodHead {
			return nil
		}
		if _, err := c.W.Write(b.B); err != nil {
			return nil // the exchange keeps the error: the client is gone
		}
		if !last {
			// Where that cannot be done the parts arrive together.
			_ = http.NewResponseController(c.W).Flush()
		}
	}
	return nil
}

// SendEmpty answers without a body.
func (c *Call) SendEmpty(status int) {
	c.leave()
	c.W.WriteHeader(status)
}

// acceptsGzip reads Accept-Encoding by RFC 9110: gzip is acceptable if named,
// or covered by *, without a quality of zero.
func acceptsGzip(values []string) bool {
	star := false
	for _, v := range values {
		for part := range strings.SplitSeq(v, ",") {
			name, params, _ := strings.Cut(part, ";")
			name = strings.TrimSpace(name)
			q, isQ := strings.CutPrefix(strings.ReplaceAll(params, " ", ""), "q=")
			zero := false
			if isQ {
				f, err := strconv.ParseFloat(q, 64)
				zero = err != nil || f == 0
			}
			switch {
			case strings.EqualFold(name, "gzip") || strings.EqualFold(name, "x-gzip"):
				return !zero
			case name == "*":
				star = !zero
			}
		}
	}
	return star
}

// Refuse implements serve.Renderer: in the surface's shape.
func (c *Call) Refuse(x *serve.Exchange, f *fault.Error) {
	if c.server.Reasons {
		switch f.Kind {
		case fault.Unauthorized, fault.Forbidden, fault.Internal, fault.Unavailable:
			c.Explain(f.Error())
		}
	}
	if c.surface == nil {
		serve.Plain{}.Refuse(x, f)
		return
	}
	status, body := c.surface.Error(c.titles, f)
	c.Send(status, body)
}

// Explain adds the header X-Clientele-Reason with a reason that the body has no
// place for.
func (c *Call) Explain(reason string) {
	c.W.Header().Set("X-Clientele-Reason", headerText(reason))
}

func headerText(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return ' '
		}
		return r
	}, s)
}
