package main

import (
	"context"
	"fmt"
	"strings"

	"clientele/internal/app"
	"clientele/internal/scale"
)

type checkCommands struct {
	Scale checkScaleCommand `cmd:"" help:"Report whether the database can be distributed by store."`
}

type checkScaleCommand struct{ app.Database }

func (c *checkScaleCommand) Run(ctx context.Context) error {
	core, err := openExisting(ctx, c.Database)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	r, err := scale.Check(ctx, core.DB)
	if err != nil {
		return err
	}
	fmt.Printf("%d tables are of stores. Their primary keys, %d indexes and %d foreign keys lead with store_id.\n", r.Tables, r.Indexes-len(r.Looks), r.Foreign)
	fmt.Printf("%d declared statements are about one store each, with every table and join bound to it.\n", r.Statements)
	list := func(title string, of []string) {
		if len(of) > 0 {
			fmt.Printf("\n%s:\n  %s\n", title, strings.Join(of, "\n  "))
		}
	}
	list("Tables of no store, which every node has, or one", r.Apart)
	list("Indexes that lead with something else", r.Looks)
	list("Statements about no store in particular, which all nodes answer", r.Across)
	list("What stands against distributing it", r.Faults)
	if n := len(r.Faults); n > 0 {
		return fmt.Errorf("%d things stand against distributing the database by store", n)
	}
	return nil
}
