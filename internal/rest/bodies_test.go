package rest_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"clientele/internal/intake"
)

func TestAnswersAreCompressedForWhoAsks(t *testing.T) {
	e := newEnv(t, options{})
	for accept, want := range map[string]bool{
		"":                          false,
		"gzip":                      true,
		"GZIP":                      true,
		"x-gzip":                    true,
		"gzip, deflate, br":         true,
		"deflate, br":               false,
		"identity":                  false,
		"gzip;q=0":                  false,
		"gzip;q=0.0":                false,
		"gzip; q=0.000":             false,
		"gzip;q=0.5":                true,
		"gzip ; q=1":                true,
		"*":                         true,
		"*;q=0":                     false,
		"gzip;q=0, *":               false,
		"*;q=0, gzip":               true,
		"br;q=1.0, gzip;q=0.8, *;q": true,
		"gzip;q=x":                  false,
		"notgzip, gzipped":          false,
	} {
		t.Run(accept, func(t *testing.T) {
			in := request{method: "GET", token: one, do: "large", header: http.Header{}}
			if accept != "" {
				in.header.Set("Accept-Encoding", accept)
			}
			a := e.ask(t, 200, in)
			if a.header.Get("Vary") != "Accept-Encoding" {
				t.Errorf("Vary is %q", a.header.Get("Vary"))
			}
			if (a.header.Get("Content-Encoding") == "gzip") != want {
				t.Errorf("Content-Encoding is %q", a.header.Get("Content-Encoding"))
			}
			if a.header.Get("Content-Length") != fmt.Sprint(len(a.body)) {
				t.Errorf("Content-Length is %s of %d", a.header.Get("Content-Length"), len(a.body))
			}
			plain := a.body
			if want {
				if len(a.body) >= len(largePage()) {
					t.Error("compression made it larger")
				}
				var err error
				if plain, err = gunzip(a.body); err != nil {
					t.Fatal(err)
				}
			}
			if !bytes.Equal(plain, largePage()) {
				t.Errorf("got %s", plain)
			}
		})
	}
	t.Run("two header lines", func(t *testing.T) {
		a := e.ask(t, 200, request{method: "GET", token: one, do: "large", header: http.Header{"Accept-Encoding": {"br", "gzip"}}})
		if a.header.Get("Content-Encoding") != "gzip" {
			t.Error("not compressed")
		}
	})
	t.Run("small", func(t *testing.T) {
		a := e.ask(t, 200, request{method: "GET", token: one, header: http.Header{"Accept-Encoding": {"gzip"}}})
		if a.header.Get("Content-Encoding") != "" || string(a.body) != emptyPage {
			t.Errorf("%v %q", a.header, a.body)
		}
	})
}

var maxBody = int(intake.Defaults.Body)

func body(in []byte, header ...string) request {
	r := request{method: "POST", token: one, do: "read", body: bytes.NewReader(in), header: http.Header{}, unchecked: true}
	for i := 0; i < len(header); i += 2 {
		r.header.Set(header[i], header[i+1])
	}
	return r
}

func TestRequestBodies(t *testing.T) {
	e := newEnv(t, options{})
	least := []byte(leastBody)
	long := []byte(`["` + strings.Repeat("x", maxBody-4) + `"]`)
	gz := []string{"Content-Encoding", "gzip"}
	bomb := gzipped(t, bytes.Repeat([]byte{'0'}, 16<<20))
	for _, test := range []struct {
		name string
		want int
		in   request
	}{
		{"plain", 200, body(least)},
		{"gzip", 200, body(gzipped(t, least), gz...)},
		{"x-gzip", 200, body(gzipped(t, least), "Content-Encoding", "X-GZIP")},
		{"identity", 200, body(least, "Content-Encoding", "identity")},
		{"two members", 200, body(append(gzipped(t, least[:5]), gzipped(t, least[5:])...), gz...)},
		{"not gzip", 422, body(least, gz...)},
		{"empty gzip", 422, body(nil, gz...)},
		{"cut gzip", 422, body(gzipped(t, least)[:20], gz...)},
		{"damaged gzip", 422, body(damaged(gzipped(t, least)), gz...)},
		{"deflate", 415, body(least, "Content-Encoding", "deflate")},
		{"gzip twice", 415, body(gzipped(t, gzipped(t, least)), "Content-Encoding", "gzip, gzip")},
		{"bomb", 413, body(bomb, gz...)},
		{"bomb in a bomb", 422, body(gzipped(t, bomb), gz...)},
		{"as large as may be", 200, body(long)},
		{"a byte more", 413, body(append(long, ' '))},
		{"as large as may be in gzip", 200, body(gzipped(t, long), gz...)},
		{"a byte more in gzip", 413, body(gzipped(t, append(long, ' ')), gz...)},
		{"deep", 422, body(bytes.Repeat([]byte{'['}, 100_000))},
		{"deep and closed", 422, body(append(bytes.Repeat([]byte{'['}, 1000), bytes.Repeat([]byte{']'}, 1000)...))},
		{"many values", 422, body([]byte("[" + strings.Repeat("1,", 100_000) + "1]"))},
		{"invalid UTF-8", 422, body([]byte("[\"\xff\"]"))},
		{"byte order mark", 200, body(append([]byte("\xef\xbb\xbf"), least...))},
		{"blank", 422, body([]byte(" \n\t "))},
		{"number out of reach", 200, body([]byte("[1e999999]"))},
		{"vendor JSON", 200, body(least, "Content-Type", "application/vnd.api+json")},
		{"text/json", 200, body(least, "Content-Type", "text/json; charset=utf-8")},
		{"a form", 415, body(least, "Content-Type", "multipart/form-data; boundary=x")},
	} {
		t.Run(test.name, func(t *testing.T) { e.ask(t, test.want, test.in) })
	}
	t.Run("chunked", func(t *testing.T) {
		in := body(nil)
		in.body = io.MultiReader(bytes.NewReader(least[:7]), bytes.NewReader(least[7:]))
		e.ask(t, 200, in)
	})
	t.Run("chunked without end", func(t *testing.T) {
		in := body(nil)
		in.body = io.LimitReader(endless{}, int64(maxBody)*2)
		e.ask(t, 413, in)
	})
	t.Run("checked", func(t *testing.T) {
		e.ask(t, 200, request{method: "POST", token: one, do: "read", body: text(leastBody), header: http.Header{"Content-Type": {"application/json"}}})
		e.ask(t, 415, request{method: "POST", token: one, do: "read", body: text(leastBody), header: http.Header{"Content-Type": {"text/plain"}}})
		e.ask(t, 422, request{method: "POST", token: one, do: "read", body: text("{")})
	})
}

func damaged(b []byte) []byte {
	b[len(b)-12] ^= 0x55
	return b
}

type endless struct{}

func (endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = ' '
	}
	return len(b), nil
}

// A bomb must not take the memory it stands for.
func TestBombsTakeLittleMemory(t *testing.T) {
	e := newEnv(t, options{})
	bomb := bytes.Repeat(gzipped(t, bytes.Repeat([]byte{' '}, 1<<20)), 200) // 200 MiB in as many members
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	e.ask(t, 413, body(bomb, "Content-Encoding", "gzip"))
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > 64<<20 {
		t.Errorf("a body of %d bytes made the server allocate %d", len(bomb), took)
	}
}

// A client that is too slow to send its body made the mistake itself, and its
// connection is closed.
func TestSlowBodiesAreTheClientsFault(t *testing.T) {
	e := newEnv(t, options{bodies: intake.Limits{Pause: 100 * time.Millisecond}})
	for name, head := range map[string]string{
		"length":  "Content-Length: 100\r\n\r\n[",
		"chunked": "Transfer-Encoding: chunked\r\n\r\n1\r\n[\r\n",
		"gzip":    "Content-Encoding: gzip\r\nContent-Length: 100\r\n\r\n\x1f\x8b",
	} {
		conn, err := net.Dial("tcp", e.http.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: a\r\nX-Auth-Token: %s\r\nX-Do: read\r\n%s", customers, one, head)
		r := bufio.NewReader(conn)
		res, err := http.ReadResponse(r, nil)
		if err != nil {
			t.Fatal(name, err)
		}
		text, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != http.StatusRequestTimeout || !res.Close {
			t.Errorf("%s: status %d, want 408: %s (%v)", name, res.StatusCode, text, err)
		}
		if err := e.api.Check(httptest.NewRequest("POST", customers, nil), nil, res.StatusCode, res.Header, text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := r.ReadByte(); !errors.Is(err, io.EOF) {
			t.Errorf("%s: the connection stays: %v", name, err)
		}
	}
	if strings.Contains(e.logs.String(), `"level":"ERROR"`) {
		t.Errorf("logged as an error of the server: %s", e.logs)
	}
}

// A client that goes away while sending is nobody's error.
func TestCutBodiesAreNotErrors(t *testing.T) {
	e := newEnv(t, options{})
	conn, err := net.Dial("tcp", e.http.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: a\r\nX-Auth-Token: %s\r\nX-Do: read\r\nContent-Length: 100\r\n\r\n[", customers, one)
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	for range 200 {
		if strings.Contains(e.logs.String(), `"method":"POST"`) {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	for line := range strings.Lines(e.logs.String()) {
		var entry struct {
			Level  string
			Status int
		}
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Fatal(err)
		}
		if entry.Level != "DEBUG" || entry.Status >= 500 {
			t.Error(line)
		}
	}
}
