// Package journal keeps the last requests that a server of development mode was
// sent, with their answers, for people and tests to look at. What it shows has
// no secrets and no persons in it: see package redact. On the way of a request it
// copies and nothing more; all that it knows besides is found out for who asks.
package journal

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"clientele/internal/redact"
	"clientele/internal/system"
)

// Bounds of what is kept.
const (
	MaxEntries = 2000
	MaxBytes   = 16 << 20
	// maxBody bounds what is kept of one body.
	maxBody = 64 << 10
)

// Entry is a request and its answer, as they were.
type Entry struct {
	ID   int64
	At   time.Time
	Took time.Duration

	Method, URI, Host string
	Header            http.Header
	Body              []byte
	Size              int64 // of the body as far as it was read; more than len(Body): it is cut

	Status       int // 0: none was sent
	AnswerHeader http.Header
	Answer       []byte
	AnswerSize   int64

	// Pattern is the router's, Surface by which it came; both empty: nobody serves
	// the path.
	Pattern, Surface string
	StoreHash        string
	AccountID        int64
	RequestID        string
	// Why and Reason are why it was refused, in words of the program: what was sent
	// is not in Why, and may be in Reason.
	Why, Reason string
	// Faults are the ids of the rules that had it fail, Dropped how its answer was
	// lost.
	Faults  []string
	Dropped string

	weight int64 // what it takes of MaxBytes
	once   sync.Once
	found  found
}

// Journal keeps entries.
type Journal struct {
	sys    *system.System
	redact *redact.Redactor
	served func(path string) bool

	seen atomic.Int64 // changes with each entry

	mu      sync.Mutex
	last    int64
	entries []*Entry // the oldest first
	bytes   int64
}

// New returns a Journal. recorded reports whether requests to a path are kept.
func New(sys *system.System, recorded func(path string) bool) *Journal {
	key := make([]byte, 32)
	sys.Bytes(key)
	return &Journal{sys: sys, redact: redact.New(key), served: recorded}
}

// Seen changes whenever something is recorded or cleared.
func (j *Journal) Seen() int64 { return j.seen.Load() }

// Size returns how many entries there are, and how many bytes they take.
func (j *Journal) Size() (entries int, bytes int64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.entries), j.bytes
}

// Clear forgets all entries, and returns how many there were. The next has the
// id 1 again.
func (j *Journal) Clear() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	n := len(j.entries)
	j.entries, j.bytes, j.last = nil, 0, 0
	j.seen.Add(1)
	return n
}

// ClearOf forgets the entries of stores.
func (j *Journal) ClearOf(stores []string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.entries = slices.DeleteFunc(j.entries, func(e *Entry) bool {
		if !slices.Contains(stores, e.StoreHash) {
			return false
		}
		j.bytes -= e.weight
		return true
	})
	j.seen.Add(1)
}

// Entry returns an entry, nil if there is none.
func (j *Journal) Entry(id int64) *Entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	if i, ok := slices.BinarySearchFunc(j.entries, id, func(e *Entry, id int64) int { return int(e.ID - id) }); ok {
		return j.entries[i]
	}
	return nil
}

// all returns the entries, the newest first.
func (j *Journal) all() []*Entry {
	j.mu.Lock()
	out := slices.Clone(j.entries)
	j.mu.Unlock()
	slices.Reverse(out)
	return out
}

func (e *Entry) weigh() int64 {
	n := 600 + len(e.URI) + len(e.Body) + len(e.Answer) + len(e.Reason)
	for _, h := range []http.Header{e.Header, e.AnswerHeader} {
		for name, values := range h {
			n += len(name) + 32
			for _, v := range values {
				n += len(v) + 16
			}
		}
	}
	return int64(n)
}

func (j *Journal) add(e *Entry) {
	e.weight = e.weigh()
	j.mu.Lock()
	defer j.mu.Unlock()
	j.last++
	e.ID = j.last
	j.entries = append(j.entries, e)
	j.bytes += e.weight
	drop := 0
	for len(j.entries)-drop > MaxEntries || j.bytes > MaxBytes && len(j.entries)-drop > 1 {
		j.bytes -= j.entries[drop].weight
		drop++
	}
	if drop > 0 {
		clear(j.entries[:drop]) // the array lives on
		j.entries = j.entries[drop:]
	}
	j.seen.Add(1)
}

// Serve has a handler answer a request, and records both.
func (j *Journal) Serve(w http.ResponseWriter, r *http.Request, next http.Handler) {
	if !j.served(r.URL.Path) {
		next.ServeHTTP(w, r)
		return
	}
	rec := &Recorder{ResponseWriter: w, start: j.sys.Elapsed()}
	e := &rec.Entry
	e.At, e.Method, e.URI, e.Host, e.Header = j.sys.Clock(), r.Method, r.URL.RequestURI(), r.Host, r.Header // which nobody changes
	own := *r
	if r.Body != nil && r.Body != http.NoBody {
		own.Body = &tee{r.Body, e}
	}
	// The answer may be cut off by a panic, which the server is to see.
	defer func() {
		e.Took = j.sys.Elapsed() - rec.start
		if e.Status == 0 && e.Dropped == "" {
			e.Status = http.StatusOK // net/http answers so
		}
		if e.AnswerHeader == nil {
			e.AnswerHeader = w.Header()
		}
		j.add(e)
	}()
	next.ServeHTTP(rec, &own)
}

// Recorder records the answer to a request.
type Recorder struct {
	http.ResponseWriter
	Entry Entry
	start time.Duration
}

// Of returns the Recorder behind a writer, or nil.
func Of(w http.ResponseWriter) *Recorder {
	for {
		if r, ok := w.(*Recorder); ok {
			return r
		}
		u, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return nil
		}
		w = u.Unwrap()
	}
}

// Unwrap returns the writer below, for http.ResponseController.
func (r *Recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (r *Recorder) WriteHeader(status int) {
	r.begin(status)
	r.ResponseWriter.WriteHeader(status)
}

func (r *Recorder) begin(status int) {
	if r.Entry.Status == 0 && status >= http.StatusOK {
		r.Entry.Status, r.Entry.AnswerHeader = status, r.Header() // which is sent as it is now
	}
}

// Write implements http.ResponseWriter.
func (r *Recorder) Write(b []byte) (int, error) {
	r.begin(http.StatusOK)
	n, err := r.ResponseWriter.Write(b)
	r.Entry.Answer = keep(r.Entry.Answer, b[:n])
	r.Entry.AnswerSize += int64(n)
	return n, err
}

// keep appends as much as is kept of a body.
func keep(to, b []byte) []byte {
	if room := maxBody - len(to); len(b) > room {
		b = b[:max(room, 0)]
	}
	return append(to, b...)
}

// tee keeps what is read of a body.
type tee struct {
	io.ReadCloser
	e *Entry
}

// Read implements io.Reader.
func (t *tee) Read(b []byte) (int, error) {
	n, err := t.ReadCloser.Read(b)
	t.e.Body = keep(t.e.Body, b[:n])
	t.e.Size += int64(n)
	return n, err
}

// Plain returns a body as it was before it was compressed, as far as that is
// known, and whether it is all there.
func Plain(h http.Header, body []byte, size int64) (text []byte, whole bool) {
	whole = size == int64(len(body))
	if enc := strings.ToLower(strings.TrimSpace(h.Get("Content-Encoding"))); enc != "gzip" && enc != "x-gzip" || len(body) == 0 {
		return body, whole
	}
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, false
	}
	text, err = io.ReadAll(io.LimitReader(z, 8*maxBody))
	return text, whole && err == nil && len(text) < 8*maxBody
}
