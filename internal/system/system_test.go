package system_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"clientele/internal/system"
)

func TestToken(t *testing.T) {
	const alphabet = "0123456789abcdefghijklmnopqrstuvwxyz"
	sys := system.Real()
	count := map[rune]int{}
	const n = 36 * 4000
	token := sys.Token(n)
	if len(token) != n {
		t.Fatalf("%d characters", len(token))
	}
	for _, c := range token {
		count[c]++
	}
	// Each is expected 4,000 times, with a deviation of 62.
	for _, c := range alphabet {
		if count[c] < 3500 || count[c] > 4500 {
			t.Errorf("%c comes %d times", c, count[c])
		}
		delete(count, c)
	}
	if len(count) > 0 {
		t.Errorf("strange characters: %v", count)
	}
	for _, n := range []int{0, 1, 10, 31, 64, 65} {
		if got := sys.Token(n); len(got) != n {
			t.Errorf("%d characters, want %d", len(got), n)
		}
	}
	if a, b := sys.Token(31), sys.Token(31); a == b {
		t.Error("two tokens are equal")
	}
}

// The four highest bytes would favour the first characters.
func TestTokenRejectsTheTail(t *testing.T) {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(255 - i)
	}
	sys := &system.System{Random: bytes.NewReader(all)}
	if got, want := sys.Token(60), strings.Repeat("zyxwvutsrqponmlkjihgfedcba9876543210", 2)[:60]; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestDryRandomnessPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	(&system.System{Random: strings.NewReader("short")}).Hex(16)
}

func TestHexAndNow(t *testing.T) {
	sys := &system.System{Clock: func() time.Time { return time.Unix(5, 999_999_999) }, Random: bytes.NewReader([]byte{0, 255, 16})}
	if got := sys.Hex(3); got != "00ff10" || sys.Now() != 5 {
		t.Errorf("%s, %d", got, sys.Now())
	}
}
