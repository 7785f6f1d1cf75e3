package person

import "testing"

// One order of what is told of a request, wherever it is told.
func TestStage(t *testing.T) {
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
		if got := c.r.Stage(9); c.r.Due == 10 && got != c.want || c.r.Due == 9 && c.r.Stage(10) != c.want {
			t.Errorf("%+v: %s, and later %s", c.r, got, c.r.Stage(10))
		}
	}
}
