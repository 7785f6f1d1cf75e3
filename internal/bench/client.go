package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"time"
)

// requester appends one whole HTTP/1.1 request to b. Each client has its own.
type requester func(b []byte) []byte

// caller is one keep-alive connection that reads of an answer no more than it
// must, so that the load generator leaves the cores to what is measured.
type caller struct {
	conn net.Conn
	buf  []byte
	req  []byte
}

// answerWithin bounds one request.
const answerWithin = 60 * time.Second

func dial(ctx context.Context, addr string) (*caller, error) {
	d := net.Dialer{Timeout: 5 * time.Second}
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	return &caller{conn: conn, buf: make([]byte, 64<<10)}, nil
}

var (
	headEnd    = []byte("\r\n\r\n")
	lengthName = []byte("\r\nContent-Length: ")
)

// do sends a request and reads the answer, which must have a status; the body
// goes to keep unless that is nil.
func (c *caller) do(next requester, status int, keep *bytes.Buffer) error {
	got, text, err := c.ask(next, status, keep)
	if err == nil && got != status {
		err = fmt.Errorf("status %d instead of %d: %.300s (request %.200q)", got, status, text, c.req)
	}
	return err
}

// ask is do for answers of any status, of which one is expected: the bodies of
// others are kept in any case.
func (c *caller) ask(next requester, status int, keep *bytes.Buffer) (got int, kept *bytes.Buffer, err error) {
	c.req = next(c.req[:0])
	if _, err := c.conn.Write(c.req); err != nil {
		return 0, nil, err
	}
	n, end := 0, -1
	for end < 0 {
		if n == len(c.buf) {
			return 0, nil, errors.New("the head of the answer is too long")
		}
		m, err := c.conn.Read(c.buf[n:])
		n += m
		if end = bytes.Index(c.buf[:n], headEnd); end < 0 && err != nil {
			return 0, nil, fmt.Errorf("read answer: %w", err)
		}
	}
	head, body := c.buf[:end+2], c.buf[end+4:n]
	if len(head) < 12 || !bytes.HasPrefix(head, []byte("HTTP/1.1 ")) {
		return 0, nil, fmt.Errorf("not an HTTP answer: %.40q", head)
	}
	if got, err = strconv.Atoi(string(head[9:12])); err != nil {
		return 0, nil, err
	}
	length := 0
	if at := bytes.Index(head, lengthName); at >= 0 {
		text := head[at+len(lengthName):]
		if length, err = strconv.Atoi(string(text[:bytes.IndexByte(text, '\r')])); err != nil {
			return 0, nil, err
		}
	} else if got != 204 {
		return 0, nil, fmt.Errorf("status %d without Content-Length", got)
	}
	if got != status && keep == nil {
		keep = new(bytes.Buffer)
	}
	for {
		if keep != nil {
			keep.Write(body)
		}
		if length -= len(body); length <= 0 {
			break
		}
		m, err := c.conn.Read(c.buf[:min(len(c.buf), length)])
		if err != nil {
			return 0, nil, fmt.Errorf("read body: %w", err)
		}
		body = c.buf[:m]
	}
	return got, keep, nil
}

// drive lets clients send requests one after another for a while, after a
// warm-up, and returns the pace of all of them together. Addresses take turns.
func drive(ctx context.Context, addrs []string, clients int, warm, d time.Duration, status int, next func(client int) requester) (pace, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	callers := make([]*caller, clients)
	for i := range callers {
		c, err := dial(ctx, addrs[i%len(addrs)])
		if err != nil {
			return pace{}, err
		}
		defer c.conn.Close()
		if err := c.conn.SetDeadline(time.Now().Add(warm + d + answerWithin)); err != nil {
			return pace{}, err
		}
		callers[i] = c
	}
	stop := context.AfterFunc(ctx, func() {
		for _, c := range callers {
			c.conn.Close()
		}
	})
	defer stop()
	m := newMeter(warm, d, clients)
	var wg sync.WaitGroup
	for i, c := range callers {
		wg.Go(func() {
			r := next(i)
			for now := time.Now(); m.more(now); m.done(now) {
				if err := c.do(r, status, nil); err != nil {
					cancel(err)
					return
				}
				now = time.Now()
			}
		})
	}
	wg.Wait()
	return m.pace(), context.Cause(ctx)
}

// fetch returns the body of one answer, which may take the given time and
// some more.
func fetch(ctx context.Context, addr string, status int, takes time.Duration, r requester) ([]byte, error) {
	c, err := dial(ctx, addr)
	if err != nil {
		return nil, err
	}
	defer c.conn.Close()
	stop := context.AfterFunc(ctx, func() { c.conn.Close() })
	defer stop()
	if err := c.conn.SetDeadline(time.Now().Add(takes + answerWithin)); err != nil {
		return nil, err
	}
	var body bytes.Buffer
	err = c.do(r, status, &body)
	if errors.Is(err, io.EOF) && ctx.Err() != nil {
		err = ctx.Err()
	}
	return body.Bytes(), err
}
