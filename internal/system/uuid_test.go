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
