package main

import (
	"context"
	"errors"
	"time"

	"clientele/internal/app"
	"clientele/internal/system"
)

// polling is how a command looks for what is new.
type polling struct {
	Every time.Duration `env:"-" default:"500ms" placeholder:"TIME" help:"How often to look (default: ${default})."`
}

func (p *polling) check() error {
	if p.Every < 10*time.Millisecond {
		return &app.ConfigError{Err: errors.New("--every must be 10ms or more")}
	}
	return nil
}

// repeat looks again and again. It ends when somebody interrupts it, which is no
// error.
func (p *polling) repeat(ctx context.Context, sys *system.System, look func() error) error {
	every := sys.NewTimer(p.Every)
	defer every.Stop()
	for {
		if err := look(); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-every.Chan():
			every.Reset(p.Every)
		}
	}
}
