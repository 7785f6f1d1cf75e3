package main

import (
	"context"
	"fmt"
)

type (
	storeArchive struct{ ofStore }
	storeRestore struct{ ofStore }
)

func (c *storeArchive) Run(ctx context.Context) error {
	return c.move(ctx, true, "archived: its API accounts are refused and its storefronts are not found")
}

func (c *storeRestore) Run(ctx context.Context) error { return c.move(ctx, false, "in service") }

// move archives the store or puts it back into service.
func (o *ofStore) move(ctx context.Context, archived bool, state string) error {
	core, st, err := o.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	changed, err := core.Stores.Archive(ctx, st.ID, archived)
	if err != nil {
		return err
	}
	if changed {
		fmt.Printf("The store is %s.\n", state)
	} else {
		fmt.Printf("The store is %s already.\n", state)
	}
	return nil
}
