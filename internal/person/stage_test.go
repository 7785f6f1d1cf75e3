package person

import "testing"

// One order of what is told of a request, wherever it is told.
func TestStage(t *testing.T) {
	const now = 10
	for _, c := range []struct {
		r    Request
		want string
	}{
		{Request{Due: 10}, RequestOpen},
		{Request{Due: 9}, RequestLate},
		{Request{Due: 9, ErasureID: 1}, RequestRunning},
		{Request{Due: 9, ErasureID: 1, Done: 8, Outcome: RequestDone}, RequestDone},
		{Request{Due: 9, Done: 8, Outcome: RequestDeclined}, RequestDeclined},
	} {
		if got := c.r.Stage(now); got != c.want {
			t.Errorf("%+v: %s, not %s", c.r, got, c.want)
		}
	}
}
