package auth_test

import (
	"testing"
	"time"

	"clientele/internal/auth"
)

func TestDeadlines(t *testing.T) {
	at := func(text string) int64 {
		when, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return when.Unix()
	}
	const (
		old, last, late = "2026-01-01T00:00:00Z", "2026-06-30T23:59:59Z", "2026-07-01T00:00:00Z"
		before, over    = "2027-03-31T23:59:59Z", "2027-04-01T00:00:00Z"
	)
	for _, c := range []struct {
		d         auth.Deadlines
		made, now string
		want      bool
	}{
		{"", late, over, true}, {auth.DeadlinesOff, late, over, true},
		{auth.DeadlinesOn, old, old, true}, {auth.DeadlinesOn, last, before, true}, {auth.DeadlinesOn, last, over, false}, {auth.DeadlinesOn, late, late, false},
		{auth.DeadlinesPassed, old, old, false},
	} {
		for kind, want := range map[auth.TokenKind]bool{auth.BrowserToken: c.want, auth.PrivateToken: true, auth.ImpersonationToken: true} {
			if got := c.d.Allow(&auth.StorefrontToken{Kind: kind, Issued: at(c.made)}, at(c.now)); got != want {
				t.Errorf("%q: a %s token of %s at %s: %v", c.d, kind, c.made, c.now, got)
			}
		}
	}
}
