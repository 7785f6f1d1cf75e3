package panel

import (
	"net/http"
	"sync"
	"time"

	"clientele/internal/fault"
	"clientele/internal/html"
)

// Bounds of what pages follow.
const (
	liveEvery = 400 * time.Millisecond // how often it is looked
	liveTime  = 50 * time.Second       // how long one answer lasts; the browser asks again
	liveMost  = 500                    // how many there are in a process
	liveEach  = 20                     // and for one person
)

// live is what pages follow.
type live struct {
	stop chan struct{} // closed: answers end
	once *sync.Once
	all  *followers
}

// followers counts the answers that last.
type followers struct {
	mu  sync.Mutex
	all int
	of  map[int64]int // by person
}

// join reports whether a person may have one more; leave is then to be called.
func (f *followers) join(staffID int64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.all >= liveMost || f.of[staffID] >= liveEach {
		return false
	}
	f.all++
	f.of[staffID]++
	return true
}

func (f *followers) leave(staffID int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all--
	if f.of[staffID]--; f.of[staffID] == 0 {
		delete(f.of, staffID)
	}
}

func newLive() live {
	return live{stop: make(chan struct{}), once: new(sync.Once), all: &followers{of: map[int64]int{}}}
}

// Stop ends the answers that last, as the server is to stop.
func (p *Panel) Stop() { p.live.once.Do(func() { close(p.live.stop) }) }

var errManyLive = fault.New(fault.TooMany, "too many pages are followed")

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
	if !c.live.all.join(c.staff.ID) {
		return errManyLive
	}
	defer c.live.all.leave(c.staff.ID)
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
