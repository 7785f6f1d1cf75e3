package rest_test

import (
	"context"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"clientele/internal/rest"
)

var limitHeaders = []string{
	"X-Rate-Limit-Requests-Left", "X-Rate-Limit-Requests-Quota", "X-Rate-Limit-Time-Reset-Ms", "X-Rate-Limit-Time-Window-Ms",
}

func TestEveryAnswerTellsTheLimits(t *testing.T) {
	e := newEnv(t, options{limits: rest.Limits{Quota: 12, Window: 30 * time.Second}})
	for _, test := range []struct {
		status int
		in     request
	}{
		{200, request{method: "GET", token: one}},
		{200, request{method: "HEAD", token: one}},
		{204, request{method: "DELETE", token: one, do: "delete"}},
		{401, request{method: "GET"}},
		{401, request{method: "GET", token: "nobody's"}},
		{403, request{method: "POST", token: reader, body: text("[]")}},
		{404, request{method: "GET", path: "/stores/first/v3/nothing", token: one}},
		{404, request{method: "GET", path: "/stores/first"}},
		{405, request{method: "OPTIONS", token: one}},
		{406, request{method: "GET", token: one, header: http.Header{"Accept": {"image/png"}}}},
		{501, request{method: "PATCH", token: one}},
		{413, request{method: "POST", token: one, do: "too large", body: text(leastBody)}},
		{422, request{method: "POST", token: one, do: "invalid", body: text("{}")}},
		{500, request{method: "GET", token: one, do: "fail"}},
		{500, request{method: "GET", token: one, do: "panic"}},
		{503, request{method: "GET", token: one, do: "unavailable"}},
		{200, request{method: "GET", token: one}},
		{200, request{method: "GET", token: one}},
		{200, request{method: "GET", token: one}},
		{429, request{method: "GET", token: one}},
		{429, request{method: "HEAD", token: one}},
	} {
		a := e.ask(t, test.status, test.in)
		for _, name := range limitHeaders {
			if values := a.header.Values(name); len(values) != 1 {
				t.Errorf("%d: %s is %q", test.status, name, values)
			} else if n, err := strconv.Atoi(values[0]); err != nil || n < 0 {
				t.Errorf("%d: %s is %q", test.status, name, values)
			}
		}
		if got := a.header.Get("X-Retry-After"); (got != "") != (test.status == 429 || test.status == 503) {
			t.Errorf("%d: X-Retry-After is %q", test.status, got)
		}
	}
}

func left(a answer) string { return a.header.Get("X-Rate-Limit-Requests-Left") }

func TestQuotaIsPerAccountAndWindow(t *testing.T) {
	e := newEnv(t, options{limits: rest.Limits{Quota: 3, Window: 10 * time.Second}})
	get := func(want int, token string) answer {
		t.Helper()
		return e.ask(t, want, request{method: "GET", token: token})
	}
	for i, reset := range []string{"10000", "9000", "8000"} {
		a := get(200, one)
		if left(a) != strconv.Itoa(2-i) || a.header.Get("X-Rate-Limit-Time-Reset-Ms") != reset {
			t.Errorf("request %d: %s left, window ends in %s", i, left(a), a.header.Get("X-Rate-Limit-Time-Reset-Ms"))
		}
		e.clock.Advance(time.Second)
	}
	e.clock.Advance(500 * time.Millisecond)
	a := get(429, one)
	// 6.5 seconds are left: whoever waits as long as told finds the window new.
	if left(a) != "0" || a.header.Get("X-Retry-After") != "7" || a.header.Get("X-Rate-Limit-Time-Reset-Ms") != "6500" {
		t.Errorf("refused with %v", a.header)
	}
	if a = get(200, two); left(a) != "2" {
		t.Errorf("another account of the store has %s left", left(a))
	}
	if a = e.ask(t, 200, request{method: "GET", path: "/stores/second/v3/customers", token: secondOne}); left(a) != "2" {
		t.Errorf("the account with the same number in another store has %s left", left(a))
	}
	// Refused requests count for nothing, and neither do unknown callers'.
	for range 5 {
		get(429, one)
		get(401, "nobody's")
	}
	e.clock.Advance(6499 * time.Millisecond)
	get(429, one)
	e.clock.Advance(time.Millisecond)
	if a = get(200, one); left(a) != "2" || a.header.Get("X-Rate-Limit-Time-Reset-Ms") != "10000" {
		t.Errorf("in the new window: %v", a.header)
	}
	// A clock set back must not lock anyone out.
	get(200, one)
	get(200, one)
	e.clock.Advance(-time.Hour)
	if a = get(200, one); left(a) != "2" {
		t.Errorf("after the clock was set back: %v", a.header)
	}
}

func TestForbiddenRequestsCount(t *testing.T) {
	e := newEnv(t, options{limits: rest.Limits{Quota: 2, Window: time.Minute}})
	for _, want := range []int{403, 403, 429} {
		e.ask(t, want, request{method: "POST", token: reader, body: text("[]")})
	}
}

func TestParallelRequestsSpendTheQuotaExactly(t *testing.T) {
	e := newEnv(t, options{limits: rest.Limits{Quota: 20, Window: time.Minute}})
	statuses := make(chan int, 50)
	var wg sync.WaitGroup
	for range cap(statuses) {
		wg.Go(func() {
			a, err := e.send(context.Background(), request{method: "GET", token: one})
			if err != nil {
				t.Error(err)
			}
			statuses <- a.status
		})
	}
	wg.Wait()
	close(statuses)
	count := map[int]int{}
	for s := range statuses {
		count[s]++
	}
	if count[200] != 20 || count[429] != 30 {
		t.Errorf("answers by status: %v", count)
	}
}

// fill occupies all places of a class and returns what gives them back.
func fill(t *testing.T, e *env, method, path string, n int) (release func()) {
	t.Helper()
	entered, gate := make(chan struct{}, n), make(chan struct{})
	e.stub.does(func(c *rest.Call) error {
		if c.R.Header.Get("X-Do") != "wait" {
			return obey(c)
		}
		entered <- struct{}{}
		<-gate
		c.Send(200, []byte(emptyWrite))
		return nil
	})
	body := `[{"email":"a@example.org","first_name":"A","last_name":"B"}]`
	switch {
	case method == "PUT":
		body = `[{"id":1}]`
	case strings.HasSuffix(path, "/addresses"):
		body = `[{"first_name":"A","last_name":"B","address1":"C","city":"D","country_code":"HK","customer_id":1}]`
	}
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			a, err := e.send(context.Background(), request{method: method, path: path, token: one, do: "wait", body: text(body)})
			if err != nil || a.status != 200 {
				t.Errorf("a waiting request: %d, %v", a.status, err)
			}
		})
	}
	for range n {
		<-entered
	}
	return func() {
		close(gate)
		wg.Wait()
	}
}

func TestConcurrencyIsCapped(t *testing.T) {
	for _, test := range []struct {
		method, path string
		places       int
	}{{"POST", customers, 10}, {"POST", customers + "/addresses", 10}, {"PUT", customers, 3}} {
		t.Run(test.method+" "+test.path, func(t *testing.T) {
			e := newEnv(t, options{})
			release := fill(t, e, test.method, test.path, test.places)
			update := `[{"id":1}]`
			again := request{method: test.method, token: one, do: "write", body: text(leastBody)}
			if test.method == "PUT" {
				again.body = text(update)
			}
			a := e.ask(t, 429, again)
			if a.header.Get("X-Retry-After") == "" {
				t.Error("no X-Retry-After")
			}
			// Others go on: another account, another class, reading.
			other := again
			other.token = two
			e.ask(t, 200, other)
			e.ask(t, 200, request{method: "GET", token: one})
			e.ask(t, 204, request{method: "DELETE", token: one, do: "delete"})
			if test.method == "PUT" {
				e.ask(t, 200, request{method: "POST", token: one, do: "write", body: text(leastBody)})
			} else {
				e.ask(t, 200, request{method: "PUT", token: one, do: "write", body: text(update)})
			}
			release()
			e.ask(t, 200, again)
		})
	}
}

func TestPlacesAreGivenBack(t *testing.T) {
	for do, status := range map[string]int{"fail": 500, "panic": 500, "invalid": 422, "too large": 413, "unavailable": 503, "write": 200} {
		t.Run(do, func(t *testing.T) {
			e := newEnv(t, options{})
			for range 7 {
				e.ask(t, status, request{method: "PUT", token: one, do: do, body: text(`[{"id":1}]`)})
			}
			fill(t, e, "PUT", customers, 3)()
		})
	}
	t.Run("abort", func(t *testing.T) {
		e := newEnv(t, options{})
		for range 7 {
			if a, err := e.send(t.Context(), request{method: "PUT", token: one, do: "abort", unchecked: true}); err == nil {
				t.Errorf("an aborted request was answered %d", a.status)
			}
		}
		fill(t, e, "PUT", customers, 3)()
	})
}

func TestRequestIDsAreUnique(t *testing.T) {
	e := newEnv(t, options{})
	form := regexp.MustCompile(`^[0-9a-f]{32}$`)
	seen := map[string]bool{}
	for i := range 60 {
		in := request{method: "GET", token: one, header: http.Header{"X-Request-Id": {"00000000000000000000000000000000"}}}
		want := 200
		switch i % 3 {
		case 1:
			in.path, want = "/stores/first/nothing", 404
		case 2:
			in.token, want = "", 401
		}
		a := e.ask(t, want, in)
		id := a.header.Get("X-Request-Id")
		if !form.MatchString(id) || seen[id] || id == "00000000000000000000000000000000" {
			t.Errorf("request %d: id %q", i, id)
		}
		seen[id] = true
	}
}
