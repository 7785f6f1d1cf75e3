package intake_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"clientele/internal/fault"
	"clientele/internal/intake"
	"clientele/internal/limit"
)

// server answers with how long a body was. The headers Account and Peer say
// whose it is.
func server(t *testing.T, l intake.Limits) (*httptest.Server, *intake.Intake) {
	t.Helper()
	in := intake.New(l)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		in.Begin(w, r)
		defer in.End(w, r)
		if r.Header.Get("Unread") != "" {
			http.Error(w, "unread", http.StatusForbidden)
			return
		}
		b, err := in.Read(w, r, intake.Source{Store: 1, Client: r.Header.Get("Account"), Peer: limit.Peer{Address: r.Header.Get("Peer")}})
		if err != nil {
			f := fault.As(err)
			if f == nil {
				f = fault.New(fault.Internal, err.Error())
			}
			status := map[fault.Kind]int{fault.TooLarge: 413, fault.TooSlow: 408, fault.Malformed: 400, fault.WrongMedia: 415, fault.Unavailable: 503}[f.Kind]
			if status == 0 {
				status = 500
			}
			if status == 503 && f.RetryAfter < 1 {
				t.Error("nobody is told when to come back")
			}
			http.Error(w, f.Message, status)
			return
		}
		defer b.Free()
		fmt.Fprintf(w, "%d %d", len(b.B), bytes.Count(b.B, []byte("x")))
	}))
	t.Cleanup(s.Close)
	return s, in
}

func unused(t *testing.T, in *intake.Intake) {
	t.Helper()
	// The last answers are sent before their memory is given back.
	for range 500 {
		if a, v := in.InUse(); a == 0 && v == 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	a, v := in.InUse()
	t.Errorf("%d and %d bytes are in use", a, v)
}

func zip(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.WriteString(z, text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestSizes(t *testing.T) {
	s, in := server(t, intake.Limits{Body: 100_000, Anonymous: 20_000})
	post := func(body string, chunked bool, header ...string) string {
		t.Helper()
		r := io.Reader(strings.NewReader(body))
		if chunked {
			r = io.MultiReader(r) // whose length nobody knows
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL, r)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		if res.StatusCode != 200 {
			return fmt.Sprint(res.StatusCode)
		}
		return string(text)
	}
	for most, header := range map[int][]string{100_000: {"Account", "a"}, 20_000: {"Peer", "192.0.2.1"}} {
		for _, n := range []int{0, 1, 4095, 4096, 4097, 8192, 16384, most - 1, most, most + 1, 2 * most} {
			want := fmt.Sprintf("%d %d", n, n)
			if n > most {
				want = "413"
			}
			text := strings.Repeat("x", n)
			for _, chunked := range []bool{false, true} {
				if got := post(text, chunked, header...); got != want {
					t.Errorf("%d bytes, chunked %v, of at most %d: %s", n, chunked, most, got)
				}
				if got := post(zip(t, text), chunked, append(header, "Content-Encoding", "gzip")...); got != want {
					t.Errorf("%d bytes in gzip, chunked %v, of at most %d: %s", n, chunked, most, got)
				}
			}
		}
	}
	if got := post("x", false, "Content-Encoding", "br"); got != "415" {
		t.Error(got)
	}
	if got := post("", false, "Content-Encoding", "gzip"); got != "400" {
		t.Error(got)
	}
	if got := post(zip(t, "abc")[:12], false, "Content-Encoding", "gzip"); got != "400" {
		t.Error(got)
	}
	unused(t, in)
}

// conn is a connection that a test writes to by hand.
type conn struct {
	net.Conn
	r *bufio.Reader
}

func open(t *testing.T, s *httptest.Server, head, body string) *conn {
	t.Helper()
	c, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintf(c, "POST / HTTP/1.1\r\nHost: a\r\n%s\r\n\r\n%s", head, body); err != nil {
		t.Fatal(err)
	}
	return &conn{c, bufio.NewReader(c)}
}

// ends reads an answer after which the connection must end.
func (c *conn) ends(t *testing.T, status int) *http.Response {
	t.Helper()
	res, err := http.ReadResponse(c.r, nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != status {
		t.Errorf("%d %s %v, want %d", res.StatusCode, text, err, status)
	}
	if _, err := c.r.ReadByte(); err == nil || errors.Is(err, net.ErrClosed) {
		t.Errorf("the connection stays: %v", err)
	}
	return res
}

func TestBodiesWithoutProgressEnd(t *testing.T) {
	t.Parallel()
	s, in := server(t, intake.Limits{Pause: 50 * time.Millisecond})
	for head, body := range map[string]string{
		"Content-Length: 60000":                                "x",
		"Content-Length: 60001":                                strings.Repeat("x", 30_000),
		"Transfer-Encoding: chunked":                           "1\r\nx\r\n",
		"Content-Length: 60000\r\nContent-Encoding: gzip":      "\x1f\x8b",
		"Transfer-Encoding: chunked\r\nContent-Encoding: gzip": "2\r\n\x1f\x8b\r\n",
		"Content-Length: 4000000\r\nAccount: a":                strings.Repeat("x", 1_000_000),
		"Account: a\r\nTransfer-Encoding: chunked":             "1\r\n",
		"Content-Length: 10":                                   "",
	} {
		open(t, s, head, body).ends(t, 408)
	}
	// Nobody reads it, and still it ends.
	c := open(t, s, "Content-Length: 60000\r\nUnread: 1", "x")
	c.ends(t, 403)
	unused(t, in)
}

// trickle writes a byte every now and then.
func trickle(c *conn) {
	for {
		if _, err := c.Write([]byte("x")); err != nil {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func TestSlowBodiesEnd(t *testing.T) {
	t.Parallel()
	for name, l := range map[string]intake.Limits{
		"rate":    {Pause: 100 * time.Millisecond, Rate: 1 << 20},
		"longest": {Pause: 100 * time.Millisecond, Rate: 1, Longest: 200 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			s, in := server(t, l)
			c := open(t, s, "Content-Length: 60000", "x")
			go trickle(c)
			c.ends(t, 408)
			unused(t, in)
		})
	}
	t.Run("fast enough", func(t *testing.T) {
		s, in := server(t, intake.Limits{Pause: time.Minute, Rate: 1})
		c := open(t, s, "Connection: close\r\nContent-Length: 50", "x")
		go trickle(c)
		c.ends(t, 200)
		unused(t, in)
	})
}

// What a body was given time for does not end what is done with it, nor the
// connection.
func TestDeadlinesEndWithTheBody(t *testing.T) {
	in := intake.New(intake.Limits{Pause: 50 * time.Millisecond, Longest: 50 * time.Millisecond})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		in.Begin(w, r)
		b, err := in.Read(w, r, intake.Source{})
		if err != nil {
			t.Error(err)
			return
		}
		defer b.Free()
		select {
		case <-r.Context().Done():
			t.Error("the request is cut off")
		case <-time.After(200 * time.Millisecond):
		}
	}))
	defer s.Close()
	c := open(t, s, "Content-Length: 1", "xPOST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx")
	for range 2 {
		res, err := http.ReadResponse(c.r, nil)
		if err != nil || res.StatusCode != 200 || res.Close {
			t.Fatal(res, err)
		}
	}
}

// Shares are those of an account and of a network, and what nobody signed in
// for does not touch the accounts'.
func TestShares(t *testing.T) {
	t.Parallel()
	s, in := server(t, intake.Limits{
		Memory: 64 << 10, Share: 32 << 10, AnonymousMemory: 64 << 10, AnonymousShare: 32 << 10, Wait: time.Millisecond,
	})
	half := strings.Repeat("x", 30_000) // takes 32 KiB less the first 4
	head := "Content-Length: 60000\r\n"
	used := func(accounts, visitors int64) {
		t.Helper()
		var a, v int64
		for range 500 {
			if a, v = in.InUse(); a == accounts && v == visitors {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
		t.Fatalf("%d and %d bytes are in use, want %d and %d", a, v, accounts, visitors)
	}
	const each = 28 << 10
	open(t, s, head+"Peer: 2001:db8::1", half)
	used(0, each)
	open(t, s, head+"Peer: 2001:db8::2", half).ends(t, 503)
	open(t, s, head+"Peer: 192.0.2.1", half)
	used(0, 2*each)
	open(t, s, head+"Peer: 192.0.2.2", half).ends(t, 503)
	open(t, s, head+"Account: a", half)
	used(each, 2*each)
	open(t, s, head+"Account: a", half).ends(t, 503)
	open(t, s, head+"Account: b", half)
	used(2*each, 2*each)
	// Small ones need nothing.
	for _, who := range []string{"Account: c", "Peer: 192.0.2.3", "Peer: 2001:db8::3"} {
		open(t, s, "Connection: close\r\nContent-Length: 4000\r\n"+who, half[:4000]).ends(t, 200)
	}
}

// Who waits gets what another gives back.
func TestWaitingBodiesGoOn(t *testing.T) {
	s, in := server(t, intake.Limits{AnonymousMemory: 32 << 10, AnonymousShare: 32 << 10, Wait: time.Minute})
	text := strings.Repeat("x", 30_000)
	first := open(t, s, "Connection: close\r\nContent-Length: 30000", text[1:])
	for {
		if _, v := in.InUse(); v == 28<<10 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	second := open(t, s, "Connection: close\r\nContent-Length: 30000", text)
	if _, err := first.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	first.ends(t, 200)
	second.ends(t, 200)
	unused(t, in)
}

// Requests of HTTP/2 are held to the same.
func TestStreams(t *testing.T) {
	in := intake.New(intake.Limits{Pause: 50 * time.Millisecond})
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		in.Begin(w, r)
		if _, err := in.Read(w, r, intake.Source{}); fault.As(err) != nil && fault.As(err).Kind == fault.TooSlow {
			w.WriteHeader(http.StatusRequestTimeout)
		}
	}))
	s.EnableHTTP2 = true
	s.StartTLS()
	defer s.Close()
	body, out := io.Pipe()
	go io.WriteString(out, strings.Repeat("x", 10_000))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL, body)
	if err != nil {
		t.Fatal(err)
	}
	res, err := s.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.ProtoMajor != 2 || res.StatusCode != http.StatusRequestTimeout {
		t.Error(res.Proto, res.Status)
	}
	unused(t, in)
}

// Who writes a whole request before reading gets the answer to one that was
// refused before its body was read, or while it was.
func TestRefusedBodiesAreTaken(t *testing.T) {
	s, in := server(t, intake.Limits{Body: 1 << 20, Anonymous: 1 << 20})
	text := strings.Repeat("x", 8<<20)
	for head, status := range map[string]int{
		fmt.Sprintf("Content-Length: %d\r\nUnread: 1", len(text)): 403,
		fmt.Sprintf("Content-Length: %d", len(text)):              413,
		"Transfer-Encoding: chunked\r\nUnread: 1":                 403,
		"Transfer-Encoding: chunked":                              413,
	} {
		body := text
		if strings.Contains(head, "chunked") {
			body = fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(text), text)
		}
		c := open(t, s, head, body)
		res, err := http.ReadResponse(c.r, nil)
		if err != nil {
			t.Errorf("%s: %v", head, err)
			continue
		}
		if _, err := io.ReadAll(res.Body); err != nil || res.StatusCode != status {
			t.Errorf("%s: %s, %v", head, res.Status, err)
		}
		if !res.Close {
			// The connection is as good as new.
			fmt.Fprint(c, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx")
			if res, err = http.ReadResponse(c.r, nil); err != nil || res.StatusCode != 200 {
				t.Errorf("%s: the next request: %v, %v", head, res, err)
			}
		} else if _, err := c.r.ReadByte(); !errors.Is(err, io.EOF) {
			t.Errorf("%s: the connection ends with %v", head, err)
		}
	}
	unused(t, in)
}

// Whoever waits to be told to send a body is refused without.
func TestRefusedBodiesAreNotAskedFor(t *testing.T) {
	s, _ := server(t, intake.Limits{Pause: time.Minute})
	for head, status := range map[string]int{"Unread: 1\r\nContent-Length: 60000": 403, "Content-Length: 60000000": 413} {
		c := open(t, s, "Expect: 100-continue\r\n"+head, "")
		res, err := http.ReadResponse(c.r, nil)
		if err != nil || res.StatusCode != status {
			t.Errorf("%s: %v, %v", head, res, err)
		}
	}
}

// What is taken of a body that nobody reads ends soon, however it comes.
func TestRefusedBodiesEnd(t *testing.T) {
	s, in := server(t, intake.Limits{Pause: 100 * time.Millisecond})
	for _, head := range []string{"Content-Length: 1000000000000", "Content-Length: 60000", "Transfer-Encoding: chunked"} {
		c := open(t, s, "Unread: 1\r\n"+head, "2\r\nxx\r\n")
		if strings.HasPrefix(head, "Content") {
			go trickle(c)
		}
		c.ends(t, 403)
	}
	// Nor does one that comes fast go on for ever.
	c := open(t, s, "Unread: 1\r\nContent-Length: 1000000000000", "")
	go func() {
		text := strings.Repeat("x", 1<<20)
		for {
			if _, err := io.WriteString(c, text); err != nil {
				return
			}
		}
	}()
	res, err := http.ReadResponse(c.r, nil)
	if err != nil || res.StatusCode != 403 || !res.Close {
		t.Errorf("%v, %v", res, err)
	}
	unused(t, in)
}
