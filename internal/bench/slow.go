package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// SlowRow is how long another client's requests take alone and beside
// connections whose bodies stand still after a byte, by runs.
type SlowRow struct {
	alone, beside, late, lateBeside []time.Duration
	worst                           time.Duration
	memory                          int64
}

// Alone and Beside are the medians over the runs of the median, and Late and
// LateBeside those of the 99th percentile.
func (r *SlowRow) Alone() time.Duration { return median(r.alone) }

// Beside is described at Alone.
func (r *SlowRow) Beside() time.Duration { return median(r.beside) }

// Late is described at Alone.
func (r *SlowRow) Late() time.Duration { return median(r.late) }

// LateBeside is described at Alone.
func (r *SlowRow) LateBeside() time.Duration { return median(r.lateBeside) }

// Ratio is what the others make of the 99th percentile.
func (r *SlowRow) Ratio() float64 { return float64(r.LateBeside()) / float64(r.Late()) }

// slowConnections is how many there are at once, and slowPeers from how many
// addresses they say that they come.
const (
	slowConnections = 500
	slowPeers       = 20
)

// sendChunked changes nothing about a customer, by a small body whose length
// is not told beforehand.
func sendChunked(g *gen, b []byte) []byte {
	body := strconv.AppendInt([]byte(`[{"id":`), g.id(), 10)
	body = append(body, `,"accepts_product_review_abandoned_cart_emails":false}]`...)
	b = append(b, "PUT "+serverPath+" HTTP/1.1\r\nHost: localhost\r\nX-Auth-Token: "+accessToken+"\r\nAccept: application/json\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"...)
	b = strconv.AppendInt(b, int64(len(body)), 16)
	return append(append(append(b, "\r\n"...), body...), "\r\n0\r\n\r\n"...)
}

// slowHeads are the ways to send a body that stands still.
var slowHeads = []string{
	"Content-Length: 60000\r\n\r\n{",
	"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
	"Content-Encoding: gzip\r\nContent-Length: 60000\r\n\r\n\x1f",
	"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n\x1f\r\n",
}

// stand keeps a connection open whose body stands still, and opens another one
// when the server has ended it, until ctx ends. The first is counted.
func stand(ctx context.Context, addr string, i int, opened *atomic.Int64) error {
	for first := true; ctx.Err() == nil; first = false {
		d := net.Dialer{Timeout: 5 * time.Second}
		conn, err := d.DialContext(ctx, "tcp", addr)
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		stop := context.AfterFunc(ctx, func() { conn.Close() })
		_, err = fmt.Fprintf(conn, "POST /api/storefront/subscriptions HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 10.9.8.%d\r\nContent-Type: application/json\r\n%s", 1+i%slowPeers, slowHeads[i%len(slowHeads)])
		if err == nil {
			if first {
				opened.Add(1)
			}
			_, err = io.Copy(io.Discard, conn) // the answer, and then the end
		}
		stop()
		conn.Close()
		if err != nil && ctx.Err() == nil && !errors.Is(err, io.EOF) {
			return err
		}
	}
	return nil
}

// slow measures another client alone and beside bodies that stand still.
func (b *bencher) slow(ctx context.Context, k *Case, server *child) (*SlowRow, error) {
	row := &SlowRow{}
	ask := func(run int) ([]time.Duration, error) {
		asking, stop := context.WithTimeout(ctx, b.warm()+b.Duration)
		defer stop()
		waits, err := b.watch(asking, server.addr, k.toServer(b.gen(b.Customers, run, 0)))
		slices.Sort(waits)
		return waits, err
	}
	for run := range b.Runs {
		alone, err := ask(run)
		if err != nil {
			return nil, err
		}
		standing, stop := context.WithCancel(ctx)
		var opened atomic.Int64
		var wg sync.WaitGroup
		failed := make(chan error, slowConnections)
		for i := range slowConnections {
			wg.Go(func() {
				if err := stand(standing, server.addr, i, &opened); err != nil {
					failed <- err
				}
			})
		}
		for opened.Load() < slowConnections && ctx.Err() == nil && len(failed) == 0 {
			time.Sleep(5 * time.Millisecond)
		}
		time.Sleep(100 * time.Millisecond) // until the server has read what was sent
		now, _ := server.memory()
		beside, err := ask(run)
		stop()
		wg.Wait()
		if len(failed) > 0 {
			err = errors.Join(err, <-failed)
		}
		if err != nil {
			return nil, err
		}
		row.memory = max(row.memory, now)
		row.worst = max(row.worst, beside[len(beside)-1])
		row.alone, row.beside = append(row.alone, alone[len(alone)/2]), append(row.beside, beside[len(beside)/2])
		row.late, row.lateBeside = append(row.late, alone[len(alone)*99/100]), append(row.lateBeside, beside[len(beside)*99/100])
	}
	b.say("%-11s alone %s, 99th percentile %s  beside %d slow bodies %s, %s, at most %s  ratio %.2f  memory %s", k.Name,
		millis(row.Alone()), millis(row.Late()), slowConnections, millis(row.Beside()), millis(row.LateBeside()), millis(row.worst), row.Ratio(), mebibytes(row.memory))
	return row, nil
}
