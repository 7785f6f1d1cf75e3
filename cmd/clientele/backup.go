package main

import (
	"context"
	"fmt"

	"clientele/internal/app"
	"clientele/internal/sqldb"
)

type backupCommand struct {
	app.Database
	Overwrite bool   `env:"-" help:"Replace an existing file."`
	File      string `arg:"" type:"path" help:"The file to write."`
}

// Help completes the command's help.
func (backupCommand) Help() string {
	return "Servers may run meanwhile. What was acknowledged before is in the backup. The file appears under its name once it is complete and was checked. A PostgreSQL database is dumped by pg_dump."
}

func (c *backupCommand) Run(ctx context.Context) error {
	if err := c.Validate(); err != nil {
		return &app.ConfigError{Err: err}
	}
	b, err := sqldb.WriteBackup(ctx, c.Database.Database, c.File, c.Overwrite)
	if err != nil {
		return err
	}
	fmt.Printf("Backed up %d store(s) to %s (%d bytes), checked.\n", b.Stores, c.File, b.Bytes)
	return nil
}

type restoreCommand struct {
	app.Database
	Overwrite bool   `env:"-" help:"Replace the stores that the database has."`
	File      string `arg:"" type:"existingfile" help:"The backup."`
}

// Help completes the command's help.
func (restoreCommand) Help() string {
	return "No server may run on the database. It holds the backup afterwards or, if this fails or is killed, what it held before. A PostgreSQL database has to exist; pg_restore fills it."
}

func (c *restoreCommand) Run(ctx context.Context) error {
	if err := c.Validate(); err != nil {
		return &app.ConfigError{Err: err}
	}
	b, err := sqldb.RestoreBackup(ctx, c.File, c.Database.Database, c.Overwrite)
	if err != nil {
		return err
	}
	fmt.Printf("Restored %d store(s). Start the server; then repeat what must not come back, such as deletions since the backup.\n", b.Stores)
	return nil
}
