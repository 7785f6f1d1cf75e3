package main

import (
	"context"
	"errors"
	"fmt"

	"clientele/internal/account"
	"clientele/internal/app"
	"clientele/internal/upstream"
	"clientele/internal/webhook"
)

type migrationCommands struct {
	Status migrationStatus `cmd:"" help:"Show who has no password yet, and whether the upstream answers."`
	Invite migrationInvite `cmd:"" help:"Send customers without a password a link to choose one."`
}

type migrationStatus struct{ ofStore }

func (c *migrationStatus) Run(ctx context.Context) error {
	core, st, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	set, err := core.Stores.Settings(ctx, st.ID)
	if err != nil {
		return err
	}
	m := &set.Migration
	switch {
	case m.Upstream == "":
		fmt.Println("No upstream is asked for passwords: see the settings migration.upstream and migration.token.")
	case set.MigrationEnded(core.System.Clock()):
		fmt.Printf("%s is asked for passwords no more: the last day was %s.\n", m.Upstream, m.Until)
	case m.Until == "":
		fmt.Printf("%s is asked for passwords, without an end.\n", m.Upstream)
	default:
		fmt.Printf("%s is asked for passwords until %s.\n", m.Upstream, m.Until)
	}
	if set.Migrating(core.System.Clock()) {
		if err := upstream.Answers(ctx, core.System, webhook.Rules{}, m); err != nil {
			fmt.Printf("It does not answer now: %s\n", printable(err.Error()))
		} else {
			fmt.Println("It answers.")
		}
	}
	without, all, err := core.Shoppers.WithoutPassword(ctx, st.ID)
	if err != nil {
		return err
	}
	fmt.Printf("%d of %d customers have no password.\n", without, all)
	sent, err := core.Shoppers.Invites(ctx, st.ID)
	if err != nil || sent == nil {
		return err
	}
	state := fmt.Sprintf("%d a minute at most", sent.PerMinute)
	if sent.Done {
		state = "done " + date(sent.Modified)
	}
	fmt.Printf("%d links to choose one were sent since %s: %s.\n", sent.Sent, date(sent.Began), state)
	return nil
}

type migrationInvite struct {
	ofStore
	PerMinute int64 `name:"per-minute" env:"-" default:"60" placeholder:"N" help:"How many emails a minute are sent at most (default: ${default})."`
}

func (c *migrationInvite) Run(ctx context.Context) error {
	core, st, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	without, _, err := core.Shoppers.WithoutPassword(ctx, st.ID)
	if err != nil {
		return err
	}
	if without == 0 {
		return errors.New("every customer has a password")
	}
	begun, err := core.Shoppers.InviteRest(ctx, st.ID, c.PerMinute)
	if errors.Is(err, account.ErrPace) {
		return &app.ConfigError{Err: fmt.Errorf("--per-minute: %w", err)}
	}
	if err != nil {
		return err
	}
	if !begun {
		fmt.Printf("It goes on, with %d a minute.\n", c.PerMinute)
		return nil
	}
	fmt.Printf("%d customers without a password are sent a link to choose one, %d a minute.\n", without, c.PerMinute)
	return nil
}
