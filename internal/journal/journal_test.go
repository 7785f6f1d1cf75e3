package journal_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"clientele/internal/journal"
	"clientele/internal/system"
)

func newJournal() *journal.Journal {
	return journal.New(system.Real(), func(path string) bool { return !strings.HasPrefix(path, "/quiet") })
}

func send(j *journal.Journal, h http.HandlerFunc, method, path, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	j.Serve(w, r, h)
	return w
}

func TestBounds(t *testing.T) {
	j := newJournal()
	small := func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "ok") }
	for i := range journal.MaxEntries + 100 {
		send(j, small, "GET", fmt.Sprint("/x/", i), "")
	}
	send(j, small, "GET", "/quiet/x", "")
	n, size := j.Size()
	if n != journal.MaxEntries || size <= 0 || j.Entry(100) != nil || j.Entry(101) == nil || j.Entry(int64(journal.MaxEntries+101)) != nil {
		t.Errorf("%d entries, %d bytes", n, size)
	}
	large := strings.Repeat("x", 1<<20)
	for range 300 {
		send(j, func(w http.ResponseWriter, r *http.Request) {
			if n, err := io.Copy(w, r.Body); err != nil || n != int64(len(large)) {
				t.Error(n, err)
			}
		}, "POST", "/large", large)
	}
	if n, size := j.Size(); size > journal.MaxBytes || n < 100 {
		t.Errorf("%d entries, %d bytes", n, size)
	}
	last := j.Find(new(journal.Filter), 0, 1)[0]
	if shown := j.Show(last); !shown.Request.Cut || shown.Request.Size != 1<<20 || !strings.Contains(string(shown.Response.Body), "1048576 bytes") {
		t.Errorf("%+v", shown)
	}
	if j.Clear() == 0 {
		t.Error("nothing was there")
	}
	if n, size := j.Size(); n != 0 || size != 0 {
		t.Error(n, size)
	}
	send(j, small, "GET", "/x", "")
	if j.Entry(1) == nil {
		t.Error("ids go on after clearing")
	}
}

func TestRecorded(t *testing.T) {
	j := newJournal()
	var z bytes.Buffer
	zip := gzip.NewWriter(&z)
	fmt.Fprint(zip, `{"id":7}`)
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	// A handler that reads nothing, one that answers by itself, one that is cut off.
	send(j, func(http.ResponseWriter, *http.Request) {}, "POST", "/a", "unread")
	send(j, func(w http.ResponseWriter, _ *http.Request) {
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", "gzip")
		w.WriteHeader(http.StatusTeapot)
		_, _ = w.Write(z.Bytes())
	}, "GET", "/b", "", "X-Auth-Token", "secret")
	func() {
		defer func() {
			if recover() != http.ErrAbortHandler {
				t.Error("the server does not see that the handler gave up")
			}
		}()
		send(j, func(w http.ResponseWriter, _ *http.Request) {
			journal.Of(w).Entry.Dropped = "before"
			panic(http.ErrAbortHandler)
		}, "GET", "/c", "")
	}()
	for i, want := range []string{"/c 0 before null", "/b 418  {\"id\":7}", "/a 200  null"} {
		s := j.Show(j.Find(new(journal.Filter), 0, 10)[i])
		if got := fmt.Sprint(s.Path, " ", s.Status, " ", s.Dropped, " ", string(s.Response.Body)); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if s := j.Show(j.Entry(2)); s.Request.Headers.Get("X-Auth-Token") != "***" {
		t.Errorf("%v", s.Request.Headers)
	}
}

// still is an http.ResponseWriter that keeps nothing.
type still struct{ h http.Header }

func (s still) Header() http.Header       { return s.h }
func (still) WriteHeader(int)             {}
func (still) Write(p []byte) (int, error) { return len(p), nil }

// What recording costs beside the handler.
func BenchmarkServe(b *testing.B) {
	j := newJournal()
	answer := bytes.Repeat([]byte("x"), 1500)
	h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(answer) })
	r := httptest.NewRequest("GET", "/stores/abc123/v3/customers", nil)
	r.Header.Set("X-Auth-Token", "TOKEN")
	w := still{http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		j.Serve(w, r, h)
	}
}
