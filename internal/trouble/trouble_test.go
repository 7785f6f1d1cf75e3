package trouble_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"clientele/internal/trouble"
)

func TestTells(t *testing.T) {
	for text, want := range map[string]bool{
		"":                                  false,
		`[{"email":"ann@example.com"}]`:     true,
		`ANN@EXAMPLE.COM`:                   true,
		`joann@example.com`:                 false,
		`ann@example.com.au`:                false,
		`ann@example.community`:             false,
		`joann@example.com,ann@example.com`: true,
		`write to ann@example.com.`:         true,
		`email=ann@example.com&x=1`:         true,
		`mutation { login(email: \"ann@example.com\") }`: true,
	} {
		if trouble.Tells(text, "Ann@example.com") != want {
			t.Errorf("%s: want %t", text, want)
		}
	}
}

func subject(text string) *trouble.Subject {
	return &trouble.Subject{
		Surface: trouble.V3, Method: "GET", Route: "/customers", Store: "abc123",
		Is: func(string) bool { return false }, Text: func() string { return text }, Items: func() int { return 3 }, SignsIn: func() bool { return false },
	}
}

// Delays are drawn anew with each request and are the same each time.
func TestDelays(t *testing.T) {
	draw := func(seed string) (out []time.Duration) {
		var e trouble.Engine
		var r trouble.Rule
		if err := json.Unmarshal([]byte(`{"match":{},"effect":{"delay":{"p50":"100ms","p99":"1s"}},"seed":`+seed+`}`), &r); err != nil {
			t.Fatal(err)
		}
		if err := r.Check(); err != nil {
			t.Fatal(err)
		}
		if _, err := e.Add(r); err != nil {
			t.Fatal(err)
		}
		for range 2000 {
			out = append(out, e.Take(subject("")).Delay)
		}
		return out
	}
	a, b := draw("1"), draw("1")
	if !slices.Equal(a, b) || slices.Equal(a, draw("2")) {
		t.Error("delays do not go by the seed alone")
	}
	slices.Sort(a)
	if p50, p99 := a[1000], a[1980]; p50 < 85*time.Millisecond || p50 > 115*time.Millisecond || p99 < 600*time.Millisecond || p99 > 1600*time.Millisecond {
		t.Errorf("half are below %s, and 99 of 100 below %s", p50, p99)
	}
}

// The first rule that decides on an answer does, the others wait; delays add up.
func TestSeveralRules(t *testing.T) {
	var e trouble.Engine
	for _, text := range []string{
		`{"match":{},"effect":{"delay":"10ms"}}`, `{"match":{},"effect":{"status":{"code":500}},"times":1}`, `{"match":{},"effect":{"delay":"20ms","status":{"code":404}},"times":1}`,
	} {
		var r trouble.Rule
		if err := json.Unmarshal([]byte(text), &r); err != nil {
			t.Fatal(err)
		}
		if _, err := e.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	first, second, third := e.Take(subject("")), e.Take(subject("")), e.Take(subject(""))
	if first.Status.Code != 500 || first.Delay != 10*time.Millisecond || second.Status.Code != 404 || second.Delay != 30*time.Millisecond || third.Status != nil || third.Delay != 10*time.Millisecond {
		t.Errorf("%+v %+v %+v", first, second, third)
	}
	if e.Active() != 1 || e.Clear() != 3 || !e.Idle() || e.Take(subject("")) != nil {
		t.Error(e.List())
	}
}

func BenchmarkTakeIdle(b *testing.B) {
	var e trouble.Engine
	s := subject("")
	for b.Loop() {
		if e.Take(s) != nil {
			b.Fatal("hit")
		}
	}
}
