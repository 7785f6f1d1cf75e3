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
	"sync/atomic"
	"time"
)

// HooksRow is what webhooks cost and how fast they are delivered, a figure for
// each run: creates a second without a webhook and with one, and deliveries a
// second while customers are created and once that is over.
type HooksRow struct {
	off, on, cost, during, after []float64
}

// Off, On, Cost, During and After are medians over the runs. Cost is how many
// times longer a create takes with a webhook than without.
func (r *HooksRow) Off() float64 { return median(r.off) }

// On is described at Off.
func (r *HooksRow) On() float64 { return median(r.on) }

// Cost is described at Off.
func (r *HooksRow) Cost() float64 { return median(r.cost) }

// During is described at Off.
func (r *HooksRow) During() float64 { return median(r.during) }

// After is described at Off.
func (r *HooksRow) After() float64 { return median(r.after) }

// receiver takes webhooks with as little work as it can, so that the cores are
// left to what is measured.
type receiver struct {
	net.Listener
	got  atomic.Int64
	last atomic.Int64 // when, in nanoseconds since the epoch
}

func startReceiver() (*receiver, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &receiver{Listener: l}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return // closed
			}
			go r.serve(conn)
		}
	}()
	return r, nil
}

var received = []byte("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

func (r *receiver) serve(conn net.Conn) {
	defer conn.Close()
	in := bufio.NewReaderSize(conn, 4<<10)
	for {
		length := 0
		for {
			line, err := in.ReadSlice('\n')
			if err != nil {
				return
			}
			if line = bytes.TrimRight(line, "\r\n"); len(line) == 0 {
				break
			}
			if name, value, ok := bytes.Cut(line, []byte(": ")); ok && bytes.EqualFold(name, []byte("Content-Length")) {
				if length, err = strconv.Atoi(string(value)); err != nil {
					return
				}
			}
		}
		if _, err := io.CopyN(io.Discard, in, int64(length)); err != nil {
			return
		}
		r.got.Add(1)
		r.last.Store(time.Now().UnixNano())
		if _, err := conn.Write(received); err != nil {
			return
		}
	}
}

const drainWithin = 2 * time.Minute

// hooks measures creates without and with a webhook in turns, on one server.
func (b *bencher) hooks(ctx context.Context, server string) (*HooksRow, error) {
	r, err := startReceiver()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	id, err := b.call(ctx, server, "POST", "", fmt.Sprintf(`{"scope":"store/customer/*","destination":"http://%s/","is_active":false}`, r.Addr()))
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(Cases, func(k *Case) bool { return k.Name == caseCreate })
	row := &HooksRow{}
	for run := range b.Runs {
		off, err := b.serverRate(ctx, Cases[i], server, b.Customers, run)
		if err != nil {
			return nil, err
		}
		if _, err := b.call(ctx, server, "PUT", "/"+strconv.FormatInt(id, 10), `{"is_active":true}`); err != nil {
			return nil, err
		}
		before, begin := r.got.Load(), time.Now()
		on, err := b.serverRate(ctx, Cases[i], server, b.Customers, run)
		if err != nil {
			return nil, err
		}
		loaded := time.Now()
		during := r.got.Load()
		// The rest comes when nobody else wants anything.
		for quiet := time.Now(); time.Since(quiet) < time.Second; time.Sleep(20 * time.Millisecond) {
			if last := time.Unix(0, r.last.Load()); last.After(quiet) {
				quiet = last
			}
			if time.Since(loaded) > drainWithin {
				return nil, fmt.Errorf("webhooks are still being delivered after %s", drainWithin)
			}
		}
		row.off = append(row.off, off)
		row.on = append(row.on, on)
		row.cost = append(row.cost, off/on)
		row.during = append(row.during, float64(during-before)/loaded.Sub(begin).Seconds())
		if took := time.Unix(0, r.last.Load()).Sub(loaded); took > 0 {
			row.after = append(row.after, float64(r.got.Load()-during)/took.Seconds())
		} else {
			row.after = append(row.after, 0)
		}
		if _, err := b.call(ctx, server, "PUT", "/"+strconv.FormatInt(id, 10), `{"is_active":false}`); err != nil {
			return nil, err
		}
	}
	b.say("%-11s without %6.0f/s  with %6.0f/s  cost %.2f  delivered %.0f/s meanwhile, %.0f/s then", caseHooks, row.Off(), row.On(), row.Cost(), row.During(), row.After())
	return row, nil
}

// call sends a request about webhooks and returns the id in its answer.
func (b *bencher) call(ctx context.Context, server, method, path, body string) (int64, error) {
	text, err := fetch(ctx, server, 200, 0, func(buf []byte) []byte {
		return fmt.Appendf(buf, "%s /stores/%s/v3/hooks%s HTTP/1.1\r\nHost: localhost\r\nX-Auth-Token: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", method, storeHash, path, accessToken, len(body), body)
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
