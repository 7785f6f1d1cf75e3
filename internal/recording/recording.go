// Package recording writes down what a server of these APIs answers, without
// secrets and persons: see package redact. A recording is a directory with a file
// for each request, in their order.
package recording

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"clientele/internal/redact"
	"clientele/internal/system"
)

// Exchange is a request and its answer as they are written down.
type Exchange struct {
	Method   string  `json:"method"`
	Path     string  `json:"path"` // with the query
	Request  Message `json:"request"`
	Status   int     `json:"status"`
	Response Message `json:"response"`
}

// Message is a request or an answer.
type Message struct {
	Headers http.Header     `json:"headers"`
	Body    json.RawMessage `json:"body,omitempty"` // JSON as it is, else a text
}

// Text returns the body as it is sent.
func (m *Message) Text() []byte {
	var text string
	if len(m.Body) > 0 && json.Unmarshal(m.Body, &text) == nil {
		return []byte(text)
	}
	var b bytes.Buffer
	if json.Compact(&b, m.Body) != nil {
		return m.Body
	}
	return b.Bytes()
}

// maxBody bounds bodies that are recorded. Larger ones are passed on and not
// written down.
const maxBody = 16 << 20

// Recorder is a reverse proxy that writes down what passes.
type Recorder struct {
	proxy  *httputil.ReverseProxy
	dir    string
	allow  []string
	redact *redact.Redactor
	log    *slog.Logger

	mu sync.Mutex
	n  int
}

// Options say what is recorded.
type Options struct {
	Upstream string
	Dir      string   // is made, or empty
	Allow    []string // methods besides GET and HEAD
	System   *system.System
	Log      *slog.Logger
	// Transport carries requests; nil is the usual one.
	Transport http.RoundTripper
}

// New returns a Recorder.
func New(o Options) (*Recorder, error) {
	u, err := url.Parse(o.Upstream)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" {
		return nil, fmt.Errorf("--upstream %q: want an http or https URL", o.Upstream)
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, err
	}
	switch there, err := os.ReadDir(o.Dir); {
	case err != nil:
		return nil, err
	case len(there) > 0:
		// Pseudonyms hold within one recording.
		return nil, fmt.Errorf("--out %s: the directory is not empty", o.Dir)
	}
	key := make([]byte, 32)
	o.System.Bytes(key)
	r := &Recorder{dir: o.Dir, allow: []string{http.MethodGet, http.MethodHead}, redact: redact.New(key), log: o.Log}
	for _, m := range o.Allow {
		r.allow = append(r.allow, strings.ToUpper(m))
	}
	r.proxy = &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(u)
			p.Out.Host = u.Host
			p.Out.Header.Del("Accept-Encoding") // the answer has to be read
		},
		Transport: o.Transport, ErrorLog: slog.NewLogLogger(o.Log.Handler(), slog.LevelDebug),
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			o.Log.Warn("the upstream does not answer", "error", err)
			http.Error(w, "the upstream does not answer", http.StatusBadGateway)
		},
	}
	return r, nil
}

// ServeHTTP implements http.Handler.
func (r *Recorder) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if !slices.Contains(r.allow, req.Method) {
		w.Header().Set("Allow", strings.Join(r.allow, ", "))
		http.Error(w, "this proxy passes on nothing that writes: clientele record --allow "+req.Method, http.StatusMethodNotAllowed)
		return
	}
	sent, err := io.ReadAll(io.LimitReader(req.Body, maxBody+1))
	if err != nil || len(sent) > maxBody {
		http.Error(w, "the body is too large to be recorded", http.StatusRequestEntityTooLarge)
		return
	}
	own := req.Clone(req.Context())
	own.Body, own.ContentLength = io.NopCloser(bytes.NewReader(sent)), int64(len(sent))
	if len(sent) == 0 {
		own.Body = http.NoBody
	}
	proxy := *r.proxy
	proxy.ModifyResponse = func(res *http.Response) error {
		body, err := io.ReadAll(io.LimitReader(res.Body, maxBody+1))
		if err != nil {
			return err
		}
		rest := res.Body
		res.Body = struct {
			io.Reader
			io.Closer
		}{io.MultiReader(bytes.NewReader(body), rest), rest}
		if len(body) <= maxBody {
			err = r.write(req, sent, res, body)
		}
		return err
	}
	proxy.ServeHTTP(w, own)
}

// write writes an exchange down.
func (r *Recorder) write(req *http.Request, sent []byte, res *http.Response, body []byte) error {
	x := r.redact.Exchange()
	out := Exchange{Method: req.Method, Path: x.URL(req.URL.RequestURI()), Status: res.StatusCode}
	out.Request = message(x, req.Header, sent)
	out.Response = message(x, res.Header, body)
	delete(out.Request.Headers, "Host")
	text, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		return err
	}
	r.mu.Lock()
	r.n++
	n := r.n
	r.mu.Unlock()
	name := fmt.Sprintf("%06d.json", n)
	r.log.Info("recorded", "file", name, "method", req.Method, "path", out.Path, "status", out.Status)
	return os.WriteFile(filepath.Join(r.dir, name), append(text, '\n'), 0o600)
}

func message(x *redact.Exchange, h http.Header, body []byte) Message {
	out := Message{Headers: x.Header(h)}
	text := x.Body(h.Get("Content-Type"), body)
	if len(text) > 0 {
		out.Body = text
		if !json.Valid(text) {
			quoted, err := json.Marshal(string(text))
			if err != nil { // not reached: it is a text
				return out
			}
			out.Body = quoted
		}
		out.Headers.Set("Content-Length", strconv.Itoa(len(text)))
	}
	return out
}

// Read returns the exchanges of a recording, in their order.
func Read(dir string) ([]Exchange, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	var out []Exchange
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		var e Exchange
		if err := json.Unmarshal(text, &e); err != nil || e.Method == "" || e.Status == 0 {
			return nil, fmt.Errorf("%s: is no recorded request", name)
		}
		out = append(out, e)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s: there is no recording", dir)
	}
	return out, nil
}
