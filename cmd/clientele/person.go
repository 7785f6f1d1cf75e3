package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"clientele/internal/app"
)

type personCommands struct {
	Export personExport `cmd:"" help:"Write what is kept of a person into a ZIP archive."`
}

type personExport struct {
	ofStore
	Email string `required:"" env:"-" placeholder:"ADDRESS" help:"The person's email address."`
	Out   string `env:"-" placeholder:"FILE" help:"The archive, which must not exist yet (default: a name with the store and the time, in this directory)."`
}

func (c *personExport) Run(ctx context.Context) (err error) {
	core, st, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	archive, err := core.Persons.Export(ctx, st, c.Email)
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
