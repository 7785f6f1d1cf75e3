package e2e

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"
)

// ledger remembers which customers were acknowledged.
type ledger struct {
	mu    sync.Mutex
	acked map[int64]string // email by id
}

func newLedger() *ledger { return &ledger{acked: map[int64]string{}} }

// add notes the answer to a request that asked for emails.
func (l *ledger) add(answer []byte, emails []string) (total int, err error) {
	p, err := decode[customer](answer)
	if err != nil {
		return 0, err
	}
	if len(p.Data) != len(emails) {
		return 0, fmt.Errorf("%d customers were sent, %d came back", len(emails), len(p.Data))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range p.Data {
		r := &p.Data[i]
		if r.Email != emails[i] {
			return 0, fmt.Errorf("customer %d of the answer is %s, want %s", i, r.Email, emails[i])
		}
		if err := r.complete(); err != nil {
			return 0, err
		}
		if other, ok := l.acked[r.ID]; ok {
			return 0, fmt.Errorf("id %d was given to %s and to %s", r.ID, other, r.Email)
		}
		l.acked[r.ID] = r.Email
	}
	return len(l.acked), nil
}

func (l *ledger) len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.acked)
}

// writers is how many clients write at once.
const writers = 16

// A writer whose write is refused with 503, as by a disk that does not answer,
// asks again after a pause, so often at most.
const (
	refusalPause = 100 * time.Millisecond
	mostRefusals = 600
)

// load writes customers, one by one and in batches of ten, through all of the
// clients until n more are acknowledged; then it calls crash, with the writers
// still at work, and waits for them to end at their first failure. Failures
// must be broken connections or, if given, answers with one of the statuses.
func (l *ledger) load(t *testing.T, name string, n int, crash func(), clients []*client, statuses ...int) {
	t.Helper()
	target := l.len() + n
	reached := make(chan struct{})
	var once sync.Once
	var all sync.WaitGroup
	for w := range writers {
		c := clients[w%len(clients)]
		all.Go(func() {
			refused := 0
			for k := 0; ; k++ {
				size := 1
				if (w+k)%2 == 0 {
					size = 10
				}
				emails, batch := make([]string, size), make([]any, size)
				for i := range batch {
					emails[i] = fmt.Sprintf("%s-w%d-k%d-%d-of%d@example.com", name, w, k, i, size)
					batch[i] = person(emails[i])
				}
				status, answer, err := c.send(http.MethodPost, "/customers", batch)
				if err != nil {
					return // it crashed
				}
				if status != http.StatusOK {
					for _, s := range statuses {
						if s == status {
							return
						}
					}
					if status == http.StatusServiceUnavailable && refused < mostRefusals {
						refused++
						time.Sleep(refusalPause)
						continue
					}
					t.Errorf("a create is answered with %d: %s", status, answer)
					return
				}
				total, err := l.add(answer, emails)
				if err != nil {
					t.Error(err)
					return
				}
				if total >= target {
					once.Do(func() { close(reached) })
				}
			}
		})
	}
	ended := make(chan struct{})
	go func() { all.Wait(); close(ended) }()
	select {
	case <-reached:
		crash()
		<-ended
	case <-ended:
		t.Error("all writers failed before the crash")
	}
	if t.Failed() {
		t.FailNow()
	}
}

// check holds what a server has against what was acknowledged.
func (l *ledger) check(t *testing.T, c *client) {
	t.Helper()
	all := c.everyone()
	lost := 0
	for id, email := range l.acked {
		if all[id].Email != email {
			lost++
			t.Logf("customer %d %s was acknowledged; there is %q", id, email, all[id].Email)
		}
	}
	if lost > 0 {
		t.Errorf("%d of %d acknowledged customers are lost", lost, len(l.acked))
	}
	c.findByEmail(l.acked)
	t.Logf("%d customers, %d of them acknowledged", len(all), len(l.acked))
}
