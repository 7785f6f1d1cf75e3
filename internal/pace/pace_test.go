package pace

import (
	"context"
	"testing"
	"time"

	"clientele/internal/system"
)

// stage is a Pace with a time that moves when told to, or when a Worker rests.
type stage struct {
	*Pace
	now   time.Duration
	rests []time.Duration
	// during is what happens in a rest.
	during func()
}

func newStage() *stage {
	s := &stage{now: time.Hour}
	s.Pace = New(&system.System{Monotonic: func() time.Duration { return s.now }})
	s.pause = func(_ context.Context, _ <-chan struct{}, d time.Duration) {
		s.rests = append(s.rests, d)
		if s.now += d; s.during != nil {
			s.during()
		}
	}
	return s
}

func (s *stage) work(w *Worker, d time.Duration) {
	s.now += d
	w.Give(context.Background())
}

func TestNobodyAsks(t *testing.T) {
	s := newStage()
	w := s.Worker()
	for range 10 {
		s.work(w, time.Second)
	}
	if len(s.rests) > 0 {
		t.Errorf("rests of %v though nobody asks", s.rests)
	}
	var none *Pace
	none.Enter()
	none.Leave()
	w = none.Worker()
	w.Give(t.Context())
	w.Note()
	if n := none.Portion(100); n != 100 || none.Busy() {
		t.Errorf("a portion is %d of 100", n)
	}
}

func TestRestsWhileAsked(t *testing.T) {
	s := newStage()
	w := s.Worker()
	s.Enter()
	for _, worked := range []time.Duration{time.Microsecond, time.Millisecond, time.Second} {
		s.work(w, worked)
	}
	if len(s.rests) != 3 || s.rests[0] != least || s.rests[1] != patience*time.Millisecond || s.rests[2] != most {
		t.Errorf("rests of %v", s.rests)
	}
	s.Leave()
	s.rests = nil
	s.work(w, piece/2)
	if len(s.rests) > 0 {
		t.Errorf("rests of %v though nobody waits any more", s.rests)
	}
	s.work(w, piece/2)
	if len(s.rests) != 1 || s.rests[0] != breather {
		t.Errorf("rests of %v where more requests may come", s.rests)
	}
	s.now += recent
	s.work(w, time.Second)
	if len(s.rests) != 1 {
		t.Errorf("rests of %v long after the last request", s.rests)
	}
}

// Who has others wait for it goes on, and rests later.
func TestNote(t *testing.T) {
	s := newStage()
	w := s.Worker()
	s.Enter()
	s.now += time.Millisecond
	w.Note()
	if len(s.rests) > 0 {
		t.Errorf("rests of %v", s.rests)
	}
	s.work(w, 0)
	if len(s.rests) != 1 || s.rests[0] != patience*time.Millisecond {
		t.Errorf("rests of %v after a millisecond", s.rests)
	}
}

func TestPortion(t *testing.T) {
	s := newStage()
	if n := s.Portion(6400); n != 6400 {
		t.Errorf("%d when nobody asks", n)
	}
	s.Enter()
	if n, least := s.Portion(6400), s.Portion(3); n != 100 || least != 1 {
		t.Errorf("%d of 6400 and %d of 3 while a request is answered", n, least)
	}
	s.Leave()
	if n := s.Portion(6400); n != 100 {
		t.Errorf("%d right after a request", n)
	}
	s.now += recent
	if n := s.Portion(6400); n != 6400 {
		t.Errorf("%d long after a request", n)
	}
}

// The last request that ends has a Worker go on at once.
func TestFree(t *testing.T) {
	p := New(system.Real())
	entered := make(chan struct{})
	p.pause = func(ctx context.Context, free <-chan struct{}, _ time.Duration) {
		close(entered)
		pause(ctx, free, time.Hour)
	}
	p.Enter()
	p.Enter()
	done := make(chan struct{})
	go func() { p.Worker().Give(context.Background()); close(done) }()
	<-entered
	p.Leave()
	select {
	case <-done:
		t.Fatal("it goes on while a request is answered")
	default:
	}
	p.Leave()
	<-done
	ctx, stop := context.WithCancel(t.Context())
	stop()
	pause(ctx, nil, time.Hour)
}
