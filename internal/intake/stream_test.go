package intake

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"clientele/internal/fault"
)

// A body that is written away comes whole, packed or not, and no longer than it
// may be.
func TestStream(t *testing.T) {
	zip := func(text string) string {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = z.Write([]byte(text))
		_ = z.Close()
		return b.String()
	}
	in := New(Limits{})
	for _, c := range []struct {
		name, body, encoding string
		want                 fault.Kind
		text                 string
	}{
		{"plain", "abc", "", 0, "abc"}, {"nothing", "", "", 0, ""}, {"packed", zip("abcdefgh"), "gzip", 0, "abcdefgh"},
		{"long", strings.Repeat("a", 65), "", fault.TooLarge, ""}, {"long when unpacked", zip(strings.Repeat("a", 1000)), "gzip", fault.TooLarge, ""},
		{"not packed", "abc", "gzip", fault.Malformed, ""}, {"cut off", zip("abcdefgh")[:20], "gzip", fault.Malformed, ""}, {"unknown", "abc", "br", fault.WrongMedia, ""},
	} {
		for _, chunked := range []bool{false, true} {
			r, w := httptest.NewRequest("POST", "/", strings.NewReader(c.body)), httptest.NewRecorder()
			r.Header.Set("Content-Encoding", c.encoding)
			if chunked {
				r.ContentLength = -1
			}
			text, err := func() ([]byte, error) {
				s, err := in.Stream(w, r, 64)
				if err != nil {
					return nil, err
				}
				text, err := io.ReadAll(s)
				return text, s.End(err)
			}()
			if f := fault.As(err); f == nil && c.want != 0 || f != nil && f.Kind != c.want || err == nil && string(text) != c.text {
				t.Errorf("%s, chunked %v: %q, %v", c.name, chunked, text, err)
			}
		}
	}
}

// A body that stands still is let go, and its connection answers.
func TestStreamThatStandsStill(t *testing.T) {
	in := New(Limits{Pause: 50 * time.Millisecond})
	var got error
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := in.Stream(w, r, 1<<20)
		if err == nil {
			_, err = io.Copy(io.Discard, s)
			err = s.End(err)
		}
		got = err
		w.WriteHeader(http.StatusRequestTimeout)
	}))
	defer server.Close()
	from, to := io.Pipe()
	defer to.Close()
	go func() { _, _ = to.Write([]byte("abc")) }()
	r, err := http.Post(server.URL, "text/csv", from)
	if err == nil {
		r.Body.Close()
	}
	if f := fault.As(got); f == nil || f.Kind != fault.TooSlow || err == nil && r.StatusCode != http.StatusRequestTimeout {
		t.Errorf("%v, %v, %v", got, r, errors.Unwrap(err))
	}
}
