package serve

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"clientele/internal/system"
)

// A patience is a context like others, whether anybody waits for its end or
// only looks.
func TestPatience(t *testing.T) {
	type key struct{}
	synctest.Test(t, func(t *testing.T) {
		for _, waits := range []bool{false, true} {
			begin := func(parent context.Context) *patience {
				p := new(patience)
				p.begin(context.WithValue(parent, key{}, 1), system.Real(), time.Minute)
				if waits {
					p.Done()
				}
				if p.Err() != nil || p.Value(key{}) != 1 {
					t.Errorf("waits %v: at first %v, %v", waits, p.Err(), p.Value(key{}))
				}
				return p
			}
			ends := func(why string, p *patience, want error) {
				t.Helper()
				if err := p.Err(); !errors.Is(err, want) {
					t.Errorf("waits %v: %s: %v, want %v", waits, why, err, want)
				}
				<-p.Done()
				if err := p.Err(); !errors.Is(err, want) {
					t.Errorf("waits %v: %s and waited for: %v, want %v", waits, why, err, want)
				}
			}
			p := begin(t.Context())
			child, stop := context.WithCancel(p)
			time.Sleep(59 * time.Second)
			if p.Err() != nil {
				t.Errorf("waits %v: it ends too soon: %v", waits, p.Err())
			}
			time.Sleep(2 * time.Second)
			ends("the time is over", p, context.DeadlineExceeded)
			<-child.Done()
			stop()

			p = begin(t.Context())
			p.end()
			ends("the request is over", p, context.Canceled)

			parent, cancel := context.WithCancel(t.Context())
			p = begin(parent)
			cancel()
			synctest.Wait()
			ends("the client is gone", p, context.Canceled)
			p.end()

			parent, cancel = context.WithTimeout(t.Context(), time.Second)
			p = begin(parent)
			if at, ok := p.Deadline(); !ok || time.Until(at) > time.Second {
				t.Errorf("waits %v: it outlives its parent until %v", waits, at)
			}
			cancel()
			p.end()
		}
	})
}
