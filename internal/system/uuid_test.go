package system_test

import (
	"bytes"
	"testing"

	"clientele/internal/system"
)

func TestUUIDIsOfVersion4(t *testing.T) {
	for random, want := range map[byte]string{
		0x00: "00000000-0000-4000-8000-000000000000",
		0xff: "ffffffff-ffff-4fff-bfff-ffffffffffff",
	} {
		sys := system.System{Random: bytes.NewReader(bytes.Repeat([]byte{random}, 16))}
		if got := sys.UUID(); got != want {
			t.Errorf("%x makes %s, want %s", random, got, want)
		}
	}
}

// UUIDs that are made together begin alike, and are as random as others after that.
func TestUUIDsAreNeighbours(t *testing.T) {
	random := make([]byte, 3*16)
	for i := range random {
		random[i] = byte(i)
	}
	sys := system.System{Random: bytes.NewReader(random)}
	got := sys.UUIDs(3)
	for i, want := range []string{"00010203-0405-4607-8809-0a0b0c0d0e0f", "00010203-1415-4617-9819-1a1b1c1d1e1f", "00010203-2425-4627-a829-2a2b2c2d2e2f"} {
		if got[i] != want {
			t.Errorf("%s is made, want %s", got[i], want)
		}
	}
	if got := sys.UUIDs(0); len(got) != 0 {
		t.Errorf("none are %q", got)
	}
}
