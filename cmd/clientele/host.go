package main

import (
	"context"
	"fmt"

	"clientele/internal/store"
)

type hostCommands struct {
	List    hostList    `cmd:"" help:"List the hosts that a store's sites claim, and which of them count."`
	Prove   hostProve   `cmd:"" help:"Have a store's claim of a host count by your word."`
	Release hostRelease `cmd:"" help:"Take a store's sites at a host away, so that another store can have it."`
}

type hostList struct{ ofStore }

func (c *hostList) Run(ctx context.Context) error {
	core, st, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	claims, err := core.Stores.HostClaims(ctx, st)
	if err != nil {
		return err
	}
	w := table("HOST", "CHANNEL", "CLAIMED", "STATE")
	for i := range claims {
		h := &claims[i]
		fmt.Fprintf(w, "%s\t%d\t%s\t%s\n", h.Host, h.ChannelID, date(h.DateClaimed), stateOf(h))
	}
	return w.Flush()
}

func stateOf(h *store.HostClaim) string {
	switch {
	case h.State == store.Counting:
		return fmt.Sprintf("counting since %s (%s)", date(h.DateProved), h.Proof)
	case h.State == store.Clashing:
		return "clashing: the store " + h.Holder + " has it"
	case h.Record == "":
		return "waiting for proof: clientele host prove, as no DNS record can"
	default:
		return fmt.Sprintf("waiting for proof: %s TXT \"%s\"", h.Record, h.RecordText)
	}
}

// theHost names a host of a store.
type theHost struct {
	ofStore
	Host string `arg:"" help:"The host's name."`
}

type hostProve struct{ theHost }

func (c *hostProve) Run(ctx context.Context) error {
	core, st, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	if err := core.Stores.ProveHost(ctx, st.ID, c.Host); err != nil {
		return err
	}
	fmt.Printf("%s counts for the store %s. Running servers notice within ten seconds.\n", c.Host, st.Hash)
	return nil
}

type hostRelease struct{ theHost }

func (c *hostRelease) Run(ctx context.Context) error {
	core, st, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	channels, err := core.Channels.ReleaseHost(ctx, st.ID, c.Host)
	if err != nil {
		return err
	}
	for _, id := range channels {
		fmt.Printf("Channel %d has no site any more.\n", id)
	}
	fmt.Printf("%s is free. Running servers notice within ten seconds.\n", c.Host)
	return nil
}
