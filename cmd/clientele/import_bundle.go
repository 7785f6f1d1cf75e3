package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"clientele/internal/app"
	"clientele/internal/fault"
	"clientele/internal/store"
	"clientele/internal/transfer/bundle"
)

// bundle fills a store from a bundle, which goes on by itself where it was cut off.
func (c *importCommand) bundle(ctx context.Context, core *app.Core, st *store.Store, f *bundle.File) error {
	if c.Format+c.Map+c.App+c.HashConfig+c.Kind+c.DateOrder+c.TaxExempt != "" || c.OnExisting != "skip" || c.OnError != "skip" || c.Events != "none" || c.Match != "email" || c.Amounts != "add" || c.Blank != "leave" {
		return &app.ConfigError{Err: errors.New("a bundle has all of a store: no flag changes how it is taken, but --dry-run")}
	}
	if c.DryRun {
		if err := f.Check(ctx); err != nil {
			return &app.ConfigError{Err: err}
		}
		fmt.Printf("The bundle is whole. It has %d records of the store %s, %d customers among them. Nothing was stored.\n", f.Records(), printable(f.Name), f.Of("customers"))
		return nil
	}
	bar := steps{elapsed: core.System.Elapsed, out: os.Stderr}
	began := core.System.Elapsed()
	there, err := core.Bundles.Import(ctx, st.ID, f, func(p bundle.Progress) { bar.show(p.String()) })
	bar.end()
	if fault.As(err) != nil {
		return &app.ConfigError{Err: err}
	}
	if err != nil {
		return fmt.Errorf("the import was cut off; the same command goes on there: %w", err)
	}
	if there {
		fmt.Printf("The store %s was filled from this bundle: it is already there. Nothing was stored.\n", st.Hash)
		return nil
	}
	took := core.System.Elapsed() - began
	fmt.Printf("The store %s has %d records of the bundle, %d customers among them; it took %s.\n", st.Hash, f.Records(), f.Of("customers"), took.Round(100*time.Millisecond))
	if !f.Secrets {
		fmt.Println("The bundle was written without --hashes: its customers choose a password anew (Forgot your password?).")
	}
	return nil
}

// openBundle returns the bundle that a file is, or nil.
func openBundle(core *app.Core, f *os.File) (*bundle.File, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	b, err := core.Bundles.Open(f, info.Size())
	if errors.Is(err, bundle.ErrNoBundle) {
		return nil, nil
	}
	return b, err
}
