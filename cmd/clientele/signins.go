package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"clientele/internal/account"
	"clientele/internal/app"
	"clientele/internal/limit"
)

type signInCommands struct {
	List   signInList   `cmd:"" help:"List the accounts and addresses whose sign-ins are held back, and till when."`
	Unlock signInUnlock `cmd:"" help:"Let an account or an address sign in again at once."`
}

// held names what is held back.
type held struct {
	ofStore
	Customer int64  `env:"-" placeholder:"ID" xor:"whose" help:"Only what concerns the customer with this id."`
	Address  string `env:"-" placeholder:"IP" xor:"whose" help:"Only what comes from this IP address."`
}

func (h *held) whose() account.Whose {
	return account.Whose{CustomerID: h.Customer, Address: h.Address}
}

type signInList struct {
	held
	Limit int `default:"50" env:"-" help:"How many (default: ${default})."`
}

// Help completes the command's help.
func (signInList) Help() string {
	return "REFERENCE is how the log names an email or an address, as it holds neither."
}

func (c *signInList) Run(ctx context.Context) error {
	core, st, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	all, err := core.Shoppers.Held(ctx, st.ID, c.whose())
	if err != nil {
		return err
	}
	w := table("REFERENCE", "WHO", "WHAT", "ATTEMPTS", "UNTIL")
	for i := range all[:min(max(c.Limit, 0), len(all))] {
		h := &all[i]
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\n", h.Reference, who(h), what(h), h.Attempts, date(h.Until))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if more := len(all) - c.Limit; more > 0 {
		fmt.Printf("%d more: see --limit.\n", more)
	}
	return nil
}

// who says who is held back.
func who(h *account.Held) string {
	switch {
	case h.Known:
		return fmt.Sprintf("customer %d at %s", h.CustomerID, network(h.Network))
	case h.CustomerID != 0:
		return fmt.Sprintf("customer %d", h.CustomerID)
	case h.Network != "":
		return network(h.Network)
	case h.Action == limit.Guessing, h.Action == account.AskingFor:
		return "an email"
	case h.Action == account.Changing:
		return "a customer"
	}
	return "an address"
}

func network(name string) string {
	if name == limit.Backends {
		return "backends that tell no address"
	}
	return name
}

// what says what is held back.
func what(h *account.Held) string {
	switch h.Action {
	case limit.Guessing:
		return "sign-in"
	case account.Asking, account.AskingFor:
		return "emails with links"
	case account.Registering:
		return "registration"
	case account.Changing:
		return "changes of the password"
	}
	return cmp.Or(h.Action, "-")
}

type signInUnlock struct {
	held
	All       bool   `env:"-" xor:"whose" help:"Everything that is held back in the store."`
	Reference string `arg:"" optional:"" help:"The reference, as listed."`
}

func (c *signInUnlock) Run(ctx context.Context) error {
	of := c.whose()
	of.Reference = c.Reference
	if given := of != (account.Whose{}); given == c.All || c.Reference != "" && of != (account.Whose{Reference: c.Reference}) {
		return &app.ConfigError{Err: errors.New("want one of a reference, --customer, --address and --all")}
	}
	core, st, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	ended, err := core.Shoppers.Unlock(ctx, st.ID, of)
	if err != nil {
		return err
	}
	for i := range ended {
		h := &ended[i]
		fmt.Printf("%s: %s is not held back any more; it would have been until %s.\n", who(h), what(h), time.Unix(h.Until, 0).UTC().Format(time.RFC3339))
	}
	return nil
}
