// Package apptest gives tests the program without its doors: the services and
// the handler that the server has, wired as the program wires them, over a
// database of dbtest, with a clock that moves when told to, emails that are
// caught, passwords that are hashed at no cost, and a stub for reCAPTCHA.
package apptest

import (
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"clientele/internal/account/accounttest"
	"clientele/internal/app"
	"clientele/internal/password"
	"clientele/internal/recaptcha"
	"clientele/internal/seed"
	"clientele/internal/sqldb"
	"clientele/internal/store"
	"clientele/internal/system"
	"clientele/internal/system/systemtest"
)

// Options say what a world is like.
type Options struct {
	// Now is when it begins; zero is June 18 of 2026.
	Now time.Time
	// Random is where randomness comes from; nil is the real one.
	Random io.Reader
	// Seed is the text of a seed file.
	Seed string
	// Log is where to log; nil is World.Log.
	Log *slog.Logger
	// Change may change the configuration. It is one of development mode, with
	// limits that no test meets by chance.
	Change func(*app.Config)
}

// Start is when a world begins.
var Start = time.Date(2026, 6, 18, 14, 37, 37, 0, time.UTC)

// World is a server that does not listen.
type World struct {
	*app.Server
	Handler http.Handler
	// Management has the management APIs: Handler, or the internal address's.
	Management http.Handler
	Clock      *systemtest.Clock
	Mails      *accounttest.Mails
	Log        *systemtest.Text
}

// New returns a world over a migrated database.
func New(t testing.TB, db *sqldb.DB, o Options) *World {
	t.Helper()
	if o.Now.IsZero() {
		o.Now = Start
	}
	if o.Random == nil {
		o.Random = rand.Reader
	}
	w := &World{Clock: systemtest.NewClock(o.Now), Mails: &accounttest.Mails{}, Log: &systemtest.Text{}}
	if o.Log == nil {
		o.Log = slog.New(slog.NewTextHandler(w.Log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	cfg := &app.Config{
		Mode: "development", RateLimitQuota: 1_000_000, RateLimitWindow: time.Minute, SlowRequest: time.Hour, WebhookConcurrency: 4,
		EventRetention: time.Hour, DeliveryRetention: time.Hour,
		Parts: app.Parts{Passwords: password.Options{Cheap: true}, Mail: w.Mails, Robots: Robots{}},
	}
	if o.Change != nil {
		o.Change(cfg)
	}
	core := app.New(db, &system.System{Clock: w.Clock.Now, Random: o.Random}, cfg.Parts)
	if o.Seed != "" {
		Seed(t, core, o.Seed)
	}
	var err error
	if w.Server, w.Handler, w.Management, err = app.Assemble(t.Context(), core, cfg, o.Log); err != nil {
		t.Fatal(err)
	}
	return w
}

// Seed applies a seed file's text.
func Seed(t testing.TB, core *app.Core, text string) {
	t.Helper()
	doc, err := seed.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := core.Seed(t.Context(), doc, false); err != nil {
		t.Fatal(err)
	}
}

// Robots takes those for persons who say "human".
type Robots struct{}

// Check implements recaptcha.Robots.
func (r Robots) Check(ctx context.Context, s *store.ReCaptcha, token, peer string) error {
	if !s.Enabled {
		return nil
	}
	return r.Verify(ctx, s, token, peer)
}

// Verify implements recaptcha.Robots.
func (Robots) Verify(_ context.Context, _ *store.ReCaptcha, token, _ string) error {
	if token != "human" {
		return recaptcha.ErrRefused
	}
	return nil
}
