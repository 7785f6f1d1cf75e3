package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"syscall"
	"testing"
	"time"
)

var stopping = regexp.MustCompile(`stopping`)

// slowRequest sends all of a request but the end of its body.
func slowRequest(t *testing.T, s *server, email string) (conn net.Conn, rest []byte) {
	t.Helper()
	body, err := json.Marshal([]any{person(email)})
	if err != nil {
		t.Fatal(err)
	}
	conn, err = net.Dial("tcp", s.host())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	half := len(body) / 2
	_, err = fmt.Fprintf(conn, "POST /stores/%s/v3/customers HTTP/1.1\r\nHost: %s\r\nX-Auth-Token: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n",
		seedStore, s.host(), seedToken, len(body))
	if err != nil {
		t.Fatal(err)
	}
	// This answer comes when the server begins to read the body.
	const proceed = "HTTP/1.1 100 Continue\r\n\r\n"
	got := make([]byte, len(proceed))
	if _, err := io.ReadFull(conn, got); err != nil || string(got) != proceed {
		t.Fatalf("instead of 100 Continue there is %q (%v)", got, err)
	}
	if _, err := conn.Write(body[:half]); err != nil {
		t.Fatal(err)
	}
	return conn, body[half:]
}

func TestDrain(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, dsn string) {
		seeded(t, dsn)
		s := serve(t, "--database", dsn, "--shutdown-timeout", "50s")
		conn, rest := slowRequest(t, s, "slow@example.com")
		idle := s.client()
		idle.call(http.StatusOK, http.MethodGet, "/customers", nil)
		s.signal(syscall.SIGTERM)
		s.await(&s.errs, stopping)
		// Nobody new is let in, after a moment.
		for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
			extra, err := net.Dial("tcp", s.host())
			if err != nil {
				break
			}
			_ = extra.Close()
			if time.Now().After(deadline) {
				t.Fatal("a stopping server still takes connections")
			}
		}
		for _, b := range rest {
			if _, err := conn.Write([]byte{b}); err != nil {
				t.Fatal(err)
			}
		}
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if body, err := io.ReadAll(res.Body); res.StatusCode != http.StatusOK || err != nil {
			t.Fatalf("the slow request is answered with %d: %s (%v)", res.StatusCode, body, err)
		}
		s.wait()
		if s.code != 0 {
			t.Errorf("exit code %d", s.code)
		}
		s.restart(t)
		if p := list[customer](s.client(), "/customers?email:in=slow@example.com"); len(p.Data) != 1 {
			t.Errorf("the slow request's customer: %+v", p.Data)
		}
	})
}

func TestDrainTimeout(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, dsn string) {
		seeded(t, dsn)
		s := serve(t, "--database", dsn, "--shutdown-timeout", "300ms")
		conn, _ := slowRequest(t, s, "never@example.com")
		began := time.Now()
		s.signal(syscall.SIGTERM)
		if answer, err := io.ReadAll(conn); len(answer) > 0 && !regexp.MustCompile(`^HTTP/1.1 [45]`).Match(answer) {
			t.Errorf("half a request is answered with %s (%v)", answer, err)
		}
		s.wait()
		if took := time.Since(began); took < 300*time.Millisecond {
			t.Errorf("the request was cut after %v", took)
		}
		if s.code != 0 {
			t.Errorf("exit code %d", s.code)
		}
		s.await(&s.errs, regexp.MustCompile(`cut off`))
		s.restart(t)
		if p := list[customer](s.client(), "/customers"); len(p.Data) != 1 {
			t.Errorf("half a request left %+v", p.Data)
		}
	})
}
