package app_test

import (
	"context"
	"path/filepath"
	"testing"

	"clientele/internal/app"
	"clientele/internal/auth"
	"clientele/internal/opt"
	"clientele/internal/system"
)

// What is counted in memory is written down when the server stops.
func TestTokenUsesOutliveTheServer(t *testing.T) {
	file := "sqlite:" + filepath.Join(t.TempDir(), "c.db")
	s, _, _ := start(t, func(c *app.Config) { c.Database.Database = file })
	stores, err := s.Stores.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	id := stores[0].ID
	text, err := s.Tokens.Create(t.Context(), id, auth.NewToken{Kind: auth.ImpersonationToken, ClientID: "x", ChannelID: opt.Some[int64](1)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Tokens.Verify(t.Context(), id, 1, text, 1_800_000_000); err != nil {
		t.Fatal(err)
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if err := s.Run(stopped); err != nil {
		t.Fatal(err)
	}
	list, _, err := auth.NewStorefrontTokens(s.DB, system.Real()).List(t.Context(), id, auth.StorefrontTokenList.New())
	if err != nil || len(list) != 1 || list[0].Used != 1_800_000_000 {
		t.Errorf("the register is %+v, %v", list, err)
	}
}
