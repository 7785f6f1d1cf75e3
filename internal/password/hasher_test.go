package password_test

import (
	"bytes"
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"clientele/internal/password"
	"clientele/internal/system"
)

func TestPasswordHashes(t *testing.T) {
	sys := system.Real()
	sys.Random = bytes.NewReader(slices.Concat(bytes.Repeat([]byte{1}, 16), bytes.Repeat([]byte{2}, 16)))
	p := password.New(sys)
	a, err := p.Hash(t.Context(), password.Party{}, "Secret-123")
	if err != nil {
		t.Fatal(err)
	}
	b, err := p.Hash(t.Context(), password.Party{}, "Secret-123")
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(a, "$")
	if len(parts) != 6 || strings.Join(parts[:5], "$") != "$argon2id$v=19$m=19456,t=2,p=1$AQEBAQEBAQEBAQEBAQEBAQ" || len(parts[5]) != 43 || a == b {
		t.Errorf("hashes %s and %s", a, b)
	}
	for _, c := range []struct {
		name, encoded, password string
		want                    bool
	}{
		{"right", a, "Secret-123", true}, {"right, other salt", b, "Secret-123", true}, {"wrong", a, "Secret-124", false}, {"empty", a, "", false}, {"case", a, "secret-123", false},
		{"huge", a, strings.Repeat("x", 251), false}, {"no hash", "", "", false}, {"no hash, any password", "", "Secret-123", false}, {"plain", "Secret-123", "Secret-123", false},
		{"cut", a[:len(a)-1], "Secret-123", false}, {"no key", a[:strings.LastIndex(a, "$")+1], "Secret-123", false}, {"salt of another", strings.Replace(a, parts[4], strings.Split(b, "$")[4], 1), "Secret-123", false},
		{"other kind", strings.Replace(a, "argon2id", "argon2i", 1), "Secret-123", false}, {"version", strings.Replace(a, "v=19", "v=16", 1), "Secret-123", false},
		{"no passes", strings.Replace(a, "t=2", "t=0", 1), "Secret-123", false}, {"no lanes", strings.Replace(a, "p=1", "p=0", 1), "Secret-123", false}, {"much memory", strings.Replace(a, "m=19456", "m=4000000000", 1), "Secret-123", false},
		{"garbled base64", strings.Replace(a, parts[4], "!!", 1), "Secret-123", false}, {"other cost", strings.Replace(a, "t=2", "t=1", 1), "Secret-123", false}, {"bcrypt", "$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy", "x", false},
	} {
		got, err := p.Verify(t.Context(), password.Party{}, c.encoded, c.password)
		if got != c.want || err != nil {
			t.Errorf("%s: %v, %v", c.name, got, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	// A caller that has gone gets no further than the queue, whenever there is one.
	var wg sync.WaitGroup
	for range 4 * runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			if ok, err := p.Verify(ctx, password.Party{}, a, "Secret-123"); !ok && !errors.Is(err, context.Canceled) {
				t.Errorf("%v, %v", ok, err)
			}
		})
	}
	wg.Wait()
}

// blocking yields randomness once it is let go, and counts who waits for it:
// they hold a slot.
type blocking struct {
	waiting chan struct{}
	free    chan struct{}
}

func (b *blocking) Read(p []byte) (int, error) {
	b.waiting <- struct{}{}
	<-b.free
	return len(p), nil
}

func TestHashingIsBounded(t *testing.T) {
	n := runtime.GOMAXPROCS(0)
	gate := &blocking{make(chan struct{}, 100), make(chan struct{})}
	sys := system.Real()
	sys.Random = gate
	p := password.New(sys)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			if _, err := p.Hash(t.Context(), password.Party{}, "Secret-123"); err != nil {
				t.Error(err)
			}
		})
	}
	for range n {
		<-gate.waiting
	}
	late := make(chan error, 1)
	go func() { _, err := p.Hash(ctx, password.Party{}, "Secret-123"); late <- err }()
	select {
	case <-gate.waiting:
		t.Error("one too many hashes at once")
	case err := <-late:
		t.Errorf("did not wait: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	cancel()
	if err := <-late; !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled while waiting: %v", err)
	}
	close(gate.free)
	wg.Wait()
}

func TestCheckPassword(t *testing.T) {
	for text, ok := range map[string]bool{
		"abcde12": true, "äöüßé12": true, "пароль1": true, "1234567a": true, strings.Repeat("a", 249) + "1": true,
		"": false, "abc123": false, "abcdefg": false, "1234567": false, "-------": false, strings.Repeat("a", 250) + "1": false, "abcde1\xff": false, "äöü1": false,
	} {
		if got := password.Check(text); (got == nil) != ok {
			t.Errorf("%.20q: %v", text, got)
		}
	}
}
