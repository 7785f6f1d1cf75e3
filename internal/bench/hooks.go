package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// HooksRow is what webhooks cost and how fast they are delivered, a figure for
// each run: creates a second without a webhook and with one, the processor time
// of the server for a create with one, of that for a create without, deliveries
// a second while customers are created and once that is over, and how much of
// one core the receiver takes meanwhile, which the load generator and the
// server then do not have.
type HooksRow struct {
	off, on, cost, work, during, after, receiver []float64
}

// Off, On, Cost, Work, During and After are medians over the runs. Cost is how many
// times longer a create takes with a webhook than without.
func (r *HooksRow) Off() float64 { return median(r.off) }

// On is described at Off.
func (r *HooksRow) On() float64 { return median(r.on) }

// Cost is described at Off.
func (r *HooksRow) Cost() float64 { return median(r.cost) }

// Work is described at Off.
func (r *HooksRow) Work() float64 { return median(r.work) }

// During is described at Off.
func (r *HooksRow) During() float64 { return median(r.during) }

// After is described at Off.
func (r *HooksRow) After() float64 { return median(r.after) }

// receiver takes webhooks with as little work as it can, so that the cores are
// left to what is measured. It is a process of its own, whose work can be told
// from that of the server and of the load generator.
type receiver struct {
	got  atomic.Int64
	last atomic.Int64 // when, in nanoseconds since the epoch

	mu  sync.Mutex
	ids map[string]bool // of what was delivered; nil: not wanted
}

// Receive takes webhooks at an address until ctx ends. If told to it knows which
// it has had before.
func Receive(ctx context.Context, listen string, distinct bool) error {
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	r := &receiver{}
	if distinct {
		r.ids = map[string]bool{}
	}
	for {
		conn, err := l.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		go r.serve(conn)
	}
}

var received = []byte("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

// count asks a receiver how many it has and when the last one came.
func count(ctx context.Context, addr string) (got int64, last time.Time, err error) {
	got, _, last, err = counts(ctx, addr)
	return got, last, err
}

// counts is count, and how many of them are not the same as another one.
func counts(ctx context.Context, addr string) (got, distinct int64, last time.Time, err error) {
	text, err := fetch(ctx, addr, 200, 0, func(b []byte) []byte { return append(b, "GET /count HTTP/1.1\r\nHost: localhost\r\n\r\n"...) })
	if err != nil {
		return 0, 0, last, err
	}
	var at int64
	_, err = fmt.Sscan(string(text), &got, &at, &distinct)
	return got, distinct, time.Unix(0, at), err
}

func (r *receiver) serve(conn net.Conn) {
	defer conn.Close()
	in := bufio.NewReaderSize(conn, 4<<10)
	for {
		length := 0
		post, asked := false, false
		for first := true; ; first = false {
			line, err := in.ReadSlice('\n')
			if err != nil {
				return
			}
			if first {
				post, asked = bytes.HasPrefix(line, []byte("POST ")), bytes.HasPrefix(line, []byte("GET /count "))
			}
			if line = bytes.TrimRight(line, "\r\n"); len(line) == 0 {
				break
			}
			if name, value, ok := bytes.Cut(line, []byte(": ")); ok && bytes.EqualFold(name, []byte("Content-Length")) {
				if length, err = strconv.Atoi(string(value)); err != nil {
					return
				}
			} else if ok && r.ids != nil && bytes.EqualFold(name, []byte("Webhook-Id")) {
				r.mu.Lock()
				r.ids[string(value)] = true
				r.mu.Unlock()
			}
		}
		if _, err := io.CopyN(io.Discard, in, int64(length)); err != nil {
			return
		}
		answer := received
		if post {
			r.got.Add(1)
			r.last.Store(time.Now().UnixNano())
		}
		if asked {
			r.mu.Lock()
			text := fmt.Sprint(r.got.Load(), r.last.Load(), len(r.ids))
			r.mu.Unlock()
			answer = fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(text), text)
		}
		if _, err := conn.Write(answer); err != nil {
			return
		}
	}
}

const drainWithin = 2 * time.Minute

// hooks measures creates without and with a webhook in turns, on one server.
func (b *bencher) hooks(ctx context.Context, measured *child) (*HooksRow, error) {
	server, one := measured.addr, b.side(measured)
	r, err := b.receiver(ctx)
	if err != nil {
		return nil, err
	}
	defer r.stop()
	id, err := b.call(ctx, server, 0, "POST", "", hookAt(r.addr, false))
	if err != nil {
		return nil, err
	}
	create := caseNamed(caseCreate)
	row := &HooksRow{}
	for run := range b.Runs {
		plain := measured.cpu()
		off, err := b.serverRate(ctx, create, one, run)
		if err != nil {
			return nil, err
		}
		plain = measured.cpu() - plain
		if _, err := b.call(ctx, server, 0, "PUT", "/"+strconv.FormatInt(id, 10), `{"is_active":true}`); err != nil {
			return nil, err
		}
		before, _, err := count(ctx, r.addr)
		if err != nil {
			return nil, err
		}
		begin, hooked, receiving := time.Now(), measured.cpu(), r.cpu()
		on, err := b.serverRate(ctx, create, one, run)
		if err != nil {
			return nil, err
		}
		loaded := time.Now()
		hooked, receiving = measured.cpu()-hooked, r.cpu()-receiving
		during, _, err := count(ctx, r.addr)
		if err != nil {
			return nil, err
		}
		// The rest comes when nobody else wants anything.
		got, last, err := drained(ctx, r.addr, time.Second)
		if err != nil {
			return nil, err
		}
		row.off = append(row.off, off.rate)
		row.on = append(row.on, on.rate)
		row.cost = append(row.cost, off.rate/on.rate)
		if plain > 0 { // where the system tells
			row.work = append(row.work, hooked.Seconds()/float64(on.all)/(plain.Seconds()/float64(off.all)))
			row.receiver = append(row.receiver, receiving.Seconds()/loaded.Sub(begin).Seconds())
		} else {
			row.work, row.receiver = append(row.work, 0), append(row.receiver, 0)
		}
		row.during = append(row.during, float64(during-before)/loaded.Sub(begin).Seconds())
		if took := last.Sub(loaded); took > 0 {
			row.after = append(row.after, float64(got-during)/took.Seconds())
		} else {
			row.after = append(row.after, 0)
		}
		if _, err := b.call(ctx, server, 0, "PUT", "/"+strconv.FormatInt(id, 10), `{"is_active":false}`); err != nil {
			return nil, err
		}
	}
	b.say("%-11s without %6.0f/s  with %6.0f/s  cost %.2f  work %.2f  delivered %.0f/s meanwhile, %.0f/s then", caseHooks, row.Off(), row.On(), row.Cost(), row.Work(), row.During(), row.After())
	return row, nil
}

// receiver starts what takes webhooks.
func (b *bencher) receiver(ctx context.Context, flags ...string) (*child, error) {
	return start(ctx, b.ReceiverCommand[0], slices.Concat(b.ReceiverCommand[1:], flags)...)
}

// hookAt is the body that makes a webhook about customers.
func hookAt(addr string, active bool) string {
	return fmt.Sprintf(`{"scope":"store/customer/*","destination":"http://%s/","is_active":%t}`, addr, active)
}

// drained waits until nothing was received for a while, and returns how much
// there is and when the last of it came.
func drained(ctx context.Context, receiver string, still time.Duration) (got int64, last time.Time, err error) {
	begin := time.Now()
	for quiet := begin; time.Since(quiet) < still; time.Sleep(20 * time.Millisecond) {
		if got, last, err = count(ctx, receiver); err != nil {
			return 0, last, err
		}
		if last.After(quiet) {
			quiet = last
		}
		if time.Since(begin) > drainWithin {
			return 0, last, fmt.Errorf("webhooks are still being delivered after %s", drainWithin)
		}
	}
	return got, last, nil
}

// call sends a request about a store's webhooks and returns the id in its answer.
func (b *bencher) call(ctx context.Context, server string, store int, method, path, body string) (int64, error) {
	text, err := fetch(ctx, server, 200, 0, func(buf []byte) []byte {
		return fmt.Appendf(buf, "%s /stores/%s/v3/hooks%s HTTP/1.1\r\nHost: localhost\r\nX-Auth-Token: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", method, hashOf(store), path, tokenOf(store), len(body), body)
	})
	if err != nil {
		return 0, err
	}
	var answer struct{ Data struct{ ID int64 } }
	if err := json.Unmarshal(text, &answer); err != nil {
		return 0, err
	}
	return answer.Data.ID, nil
}
