package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"
)

// Creates whose answers are lost, because clients hang up and servers are
// killed, are repeated with their keys until they are answered: each customer is
// made once.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	creates := 1000
	if testing.Short() {
		creates = 150
	}
	engines(t, func(t *testing.T, dsn string) {
		seeded(t, dsn)
		servers := []*server{serve(t, "--database", dsn)}
		if dsn[:8] == "postgres" {
			servers = append(servers, serve(t, "--database", dsn))
		}
		var mu sync.Mutex
		callers := make([]*client, len(servers))
		for i, s := range servers {
			callers[i] = s.client()
		}
		pick := func() *client {
			mu.Lock()
			defer mu.Unlock()
			return callers[rand.IntN(len(callers))]
		}
		const clients = 8
		answers := make([]string, creates)
		var all sync.WaitGroup
		for w := range clients {
			all.Go(func() {
				for i := w; i < creates; i += clients {
					answers[i] = insist(t, pick, fmt.Sprintf("lost-%d", i))
				}
			})
		}
		done := make(chan struct{})
		go func() { all.Wait(); close(done) }()
		// What a killed server was at counts as under way for a while, so that kills
		// without end would keep clients from ever being answered.
		kills := creates / 30
		for killed := 0; ; killed++ {
			pause := time.Duration(rand.IntN(150)) * time.Millisecond
			if killed == kills {
				pause = patience
			}
			select {
			case <-done:
			case <-time.After(pause):
				i := killed % len(servers)
				servers[i].kill()
				fresh := serve(t, "--database", dsn)
				mu.Lock()
				servers[i], callers[i] = fresh, fresh.client()
				mu.Unlock()
				continue
			}
			t.Logf("%d creates, %d kills", creates, killed)
			if killed == 0 {
				t.Error("no server was killed meanwhile")
			}
			break
		}
		ids := map[int64]bool{}
		for i, text := range answers {
			p, err := decode[customer]([]byte(text))
			if err != nil || len(p.Data) != 1 || ids[p.Data[0].ID] {
				t.Fatalf("create %d: %s (%v)", i, text, err)
			}
			ids[p.Data[0].ID] = true
		}
		c := pick()
		if n := list[customer](c, "/customers?limit=1").Meta.Pagination.Total; n != creates+1 {
			t.Errorf("there are %d customers, want %d", n, creates+1)
		}
	})
}

// insist makes a customer and repeats that until there is an answer, which is
// sometimes not waited for.
func insist(t *testing.T, pick func() *client, key string) string {
	body, err := json.Marshal([]any{person(key + "@example.com")})
	if err != nil {
		t.Error(err)
		return ""
	}
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		c := pick()
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		if rand.IntN(2) == 0 {
			cancel()
			ctx, cancel = context.WithTimeout(context.Background(), time.Duration(rand.IntN(15_000))*time.Microsecond)
		}
		status, answer := try(ctx, c, key, body)
		cancel()
		switch status {
		case http.StatusOK:
			return answer
		case 0, http.StatusConflict, http.StatusServiceUnavailable, http.StatusTooManyRequests:
		default:
			t.Errorf("%s: %d %s", key, status, answer)
			return ""
		}
	}
	t.Errorf("%s got no answer", key)
	return ""
}

// try sends a create once. The status is 0 without an answer.
func try(ctx context.Context, c *client, key string, body []byte) (status int, answer string) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+"/customers", bytes.NewReader(body))
	if err != nil {
		return 0, ""
	}
	r.Header.Set("X-Auth-Token", c.token)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Idempotency-Key", key)
	res, err := c.http.Do(r)
	if err != nil {
		return 0, ""
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, ""
	}
	return res.StatusCode, string(text)
}
