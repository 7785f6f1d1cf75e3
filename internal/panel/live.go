package panel

import (
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"clientele/internal/fault"
	"clientele/internal/html"
)

// Bounds of what pages follow.
const (
	liveEvery = 400 * time.Millisecond // how often it is looked
	liveTime  = 50 * time.Second       // how long one answer lasts; the browser asks again
	liveMost  = 500                    // how many there are in a process
)

// live is what pages follow.
type live struct {
	stop chan struct{} // closed: answers end
	once *sync.Once
	now  *atomic.Int64
}

func newLive() live {
	return live{stop: make(chan struct{}), once: new(sync.Once), now: new(atomic.Int64)}
}

// Stop ends the answers that last, as the server is to stop.
func (p *Panel) Stop() { p.live.once.Do(func() { close(p.live.stop) }) }

var errManyLive = fault.New(fault.Unavailable, "too many pages are followed")

// follow answers with server-sent events: one whenever state, which tells what a
// page shows, is another than known or than before. It looks at the session each
// time, and ends with it.
func (c *call) follow(known string, state func() (string, error)) error {
	if id := c.R.Header.Get("Last-Event-ID"); id != "" {
		known = id
	}
	now, err := state()
	if err != nil {
		return err
	}
	if c.live.now.Add(1) > liveMost {
		c.live.now.Add(-1)
		return errManyLive
	}
	defer c.live.now.Add(-1)
	c.exchange.Lasts()
	html.Secure(c.W.Header(), c.referrer())
	c.W.Header().Set("Content-Type", "text/event-stream")
	c.W.WriteHeader(http.StatusOK)
	if c.R.Method == http.MethodHead {
		return nil
	}
	// What comes first has the browser know that it is connected.
	if _, err := c.W.Write([]byte("retry: 1000\n\n")); err != nil {
		return nil
	}
	sys := c.visits.System
	for end := sys.Elapsed() + liveTime; sys.Elapsed() < end; {
		if now != known {
			known = now
			if _, err := c.W.Write([]byte("id: " + now + "\ndata: changed\n\n")); err != nil {
				return nil // the exchange keeps the error: the client is gone
			}
		}
		if err := http.NewResponseController(c.W).Flush(); err != nil {
			return nil
		}
		t := sys.NewTimer(liveEvery)
		select {
		case <-c.live.stop:
			t.Stop()
			return nil
		case <-c.R.Context().Done():
			t.Stop()
			return nil
		case <-t.Chan():
		}
		in, err := c.Staff.Recognise(c.R.Context(), c.client.Previous)
		if err != nil {
			return err
		}
		if in == nil || !c.route.Need.Met(in.Rights, c.store.ID) {
			return nil
		}
		if now, err = state(); err != nil {
			return err
		}
	}
	return nil
}
