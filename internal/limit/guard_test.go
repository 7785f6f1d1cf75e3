package limit_test

import (
	"fmt"
	"testing"
	"time"

	"clientele/internal/limit"
	"clientele/internal/system"
)

func TestGuard(t *testing.T) {
	now := time.Unix(1_750_000_000, 0)
	sys := &system.System{Clock: func() time.Time { return now }}
	g := limit.NewGuard(sys, 3, time.Minute, 2)
	for i := range 3 {
		if g.Take("a") != 0 {
			t.Fatalf("attempt %d was refused", i)
		}
	}
	now = now.Add(20 * time.Second)
	if wait := g.Take("a"); wait != 40*time.Second {
		t.Errorf("wait is %v", wait)
	}
	if g.Take("b") != 0 {
		t.Error("another key was refused")
	}
	now = now.Add(40 * time.Second)
	if g.Take("a") != 0 {
		t.Error("refused in a new window")
	}
	// Only two keys are remembered.
	for i := range 100 {
		g.Take(fmt.Sprint(i))
	}
	for range 3 {
		g.Take("98")
	}
	if g.Take("98") == 0 {
		t.Error("a recent key was forgotten")
	}
}

func TestNeighbours(t *testing.T) {
	for peer, want := range map[string]string{
		"192.0.2.1": "192.0.2.1", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "::ffff:192.0.2.1": "::ffff:192.0.2.1", "fe80::1%eth0": "fe80::/64", "": "", "x": "x",
	} {
		if got := (limit.Peer{Address: peer}).Network(); got != want {
			t.Errorf("%q is of %q, want %q", peer, got, want)
		}
	}
}
