package limit_test

import (
	"sync"
	"testing"

	"clientele/internal/limit"
)

// Attempts that are counted together come to as many as one by one: no bound is
// passed, and what one bound refuses counts for no other.
func TestTakeTogether(t *testing.T) {
	each(t, func(s *bounds) {
		const most = 20
		var mu sync.Mutex
		free, held := 0, 0
		var wg sync.WaitGroup
		for i := range 50 {
			wg.Go(func() {
				own := limit.Bound{Subject: limit.Subject("own", string(rune('a'+i))), Most: 5, Action: "own"}
				full, wait, err := s.windows[i%2].Take(s.Context(), s.a, limit.ByNetwork("all", "192.0.2.0", most), own)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err != nil:
					s.Error(err)
				case full < 0:
					free++
				case full == 0 && wait > 0:
					held++
				default:
					s.Errorf("full %d, wait %s", full, wait)
				}
			})
		}
		wg.Wait()
		if free != most || held != 30 {
			s.Errorf("%d are free and %d held back", free, held)
		}
		if n := s.number(`SELECT COUNT(*) FROM attempt_windows WHERE store_id = $1 AND action = 'own'`); n != most {
			s.Errorf("%d own windows, want %d", n, most)
		}
		if n := s.number(`SELECT attempts FROM attempt_windows WHERE store_id = $1 AND action = 'all' AND network = '192.0.2.0'`); n != most {
			s.Errorf("%d attempts of the network", n)
		}
		// The same subject several times at once.
		var same sync.WaitGroup
		passed := make(chan int, 12)
		for range 12 {
			same.Go(func() {
				full, _, err := s.windows[0].Take(s.Context(), s.a, limit.Bound{Subject: limit.Subject("same"), Most: 7, Action: "same"})
				if err != nil {
					s.Error(err)
				}
				passed <- full
			})
		}
		same.Wait()
		close(passed)
		n := 0
		for full := range passed {
			if full < 0 {
				n++
			}
		}
		if n != 7 {
			s.Errorf("%d of 7 attempts passed", n)
		}
		s.now.Add(900)
		if full, _, err := s.windows[0].Take(s.Context(), s.a, limit.ByNetwork("all", "192.0.2.0", most)); err != nil || full >= 0 {
			s.Errorf("after the window: %d, %v", full, err)
		}
	})
}
