package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"clientele/internal/app"
	"clientele/internal/person"
	"clientele/internal/sqldb"
)

type personCommands struct {
	Export personExport `cmd:"" help:"Write what is kept of a person into a ZIP archive."`
	Erase  personErase  `cmd:"" help:"Erase a person, and print the certificate."`

	Requests personRequests `cmd:"" help:"List what persons have asked for, with the days on which it is due."`
	Request  personRequest  `cmd:"" help:"Note that a person asks for their data, or for their erasure: export and erase close it."`
	Decline  personDecline  `cmd:"" help:"Close a request that is not done, with the reason."`
}

// why is given to the history.
type why struct {
	Reason string `env:"-" help:"Why, for the history; without the person's name."`
}

type personExport struct {
	ofStore
	Email string `required:"" env:"-" placeholder:"ADDRESS" help:"The person's email address."`
	why
	Out string `env:"-" placeholder:"FILE" help:"The archive, which must not exist yet (default: a name with the store and the time, in this directory)."`
}

func (c *personExport) Run(ctx context.Context) (err error) {
	core, st, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	archive, err := core.Persons.Export(ctx, st, person.Ask{Email: c.Email, Reason: c.Reason})
	if err != nil {
		return err
	}
	if c.Out == "" {
		c.Out = archive.Name()
	}
	f, err := os.OpenFile(c.Out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return &app.ConfigError{Err: err}
	}
	if err := errors.Join(archive.Write(ctx, f), f.Close()); err != nil {
		return errors.Join(err, os.Remove(c.Out))
	}
	fmt.Println(c.Out)
	return nil
}

type personErase struct {
	ofStore
	Email string `required:"" env:"-" placeholder:"ADDRESS" help:"The person's email address."`
	why
	Preview bool `env:"-" help:"Only tell what would be erased."`
}

func (c *personErase) Run(ctx context.Context) error {
	core, st, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	if c.Preview {
		counts, err := core.Persons.Preview(ctx, st.ID, c.Email)
		if err != nil {
			return err
		}
		w := table("TABLE", "ROWS", "BECOME")
		for _, n := range counts {
			fmt.Fprintf(w, "%s\t%d\t%s\n", n.Table, n.Rows, n.Becomes)
		}
		return w.Flush()
	}
	e, err := core.Persons.Erase(ctx, st.ID, person.Ask{Email: c.Email, Reason: c.Reason})
	for err == nil && e.Done == 0 {
		e, err = core.Persons.GoOn(ctx, st.ID, e.ID)
	}
	if err != nil {
		return err
	}
	fmt.Printf("%s\n%s %s\n", e.Certificate, e.KeyID, e.Signature)
	if err := core.DB.Erase(ctx); !errors.Is(err, sqldb.ErrBusy) { // else a server that runs does it soon
		return err
	}
	return nil
}
