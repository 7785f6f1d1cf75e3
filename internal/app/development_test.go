package app_test

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"clientele/internal/app"
	"clientele/internal/password"
	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/system"
	"clientele/internal/system/systemtest"
)

// Pages that are followed do not hold up the end of the server.
func TestFollowedPagesEndWithTheServer(t *testing.T) {
	clock, log := new(system.Movable), new(systemtest.Text)
	c := &app.Config{
		Mode: "development", Listen: "127.0.0.1:0", RateLimitQuota: 1_000_000, RateLimitWindow: time.Minute, SlowRequest: time.Hour, WebhookConcurrency: 4,
		EventRetention: time.Hour, DeliveryRetention: time.Hour, StorefrontTokenDeadlines: "off", ShutdownTimeout: 20 * time.Second,
		Parts: app.Parts{Passwords: password.Options{Cheap: true}, Clock: clock},
	}
	c.Database.Database = dbtest.MigratedDSN(t, sqldb.SQLite)
	s, err := app.Start(t.Context(), c, clock.System(), slog.New(slog.NewTextHandler(log, nil)), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.Address()+"/_clientele/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "text/event-stream")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	for lines.Scan() && lines.Text() != "data: changed" {
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if err := s.Run(ended); err != nil {
		t.Error(err)
	}
	for lines.Scan() {
	}
	if lines.Err() != nil || strings.Contains(log.String(), "cut off") {
		t.Errorf("%v\n%s", lines.Err(), log)
	}
}

// What is for tests is not there in production, and is not asked for by mistake.
func TestDevelopmentIsNotInProduction(t *testing.T) {
	c := app.Config{Mode: "production", Magic: true, Listen: "127.0.0.1:0", RateLimitQuota: 1, RateLimitWindow: time.Minute, SlowRequest: time.Hour, WebhookConcurrency: 1, EventRetention: time.Hour, DeliveryRetention: time.Hour, PublicURL: "https://shop.example"}
	c.Database.Database = "sqlite:x.db"
	c.Manage = "off"
	if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "--magic") {
		t.Errorf("%v", err)
	}
	c.Magic = false
	if err := c.Validate(); err != nil {
		t.Errorf("%v", err)
	}
}
