package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"clientele/internal/app"
	"clientele/internal/export"
	"clientele/internal/fault"
	"clientele/internal/portable"
	"clientele/internal/store"
	"clientele/internal/transfer/bundle"
)

type exportCommand struct {
	ofStore
	Out       string `required:"" env:"-" type:"path" placeholder:"FILE" help:"The file to write. Its owner alone can read it."`
	Overwrite bool   `env:"-" help:"Replace an existing file."`
	Format    string `env:"-" enum:"clientele,bigcommerce,shopify,csv" default:"clientele" placeholder:"NAME" help:"What to write: clientele, which is all of the store, or a table for bigcommerce, shopify or, with all columns, csv (default: ${default})."`
	Hashes    bool   `env:"-" help:"Write hashes of passwords and secrets too. Whoever has the file can try passwords. Of the format clientele only."`
	Kind      string `env:"-" enum:"customers,subscribers" default:"customers" help:"Whom a table is of: customers or subscribers (default: ${default})."`
	Since     string `env:"-" placeholder:"TIME" help:"Only who was changed from this time on, such as 2026-06-18T14:00:00Z or 2h for two hours ago."`
	Segment   string `env:"-" placeholder:"ID" help:"Only members of this segment."`
	Consent   string `env:"-" placeholder:"NAME" help:"Only subscribers who agreed to this, such as marketing_newsletter, or with none those who agreed to nothing."`
	Raw       bool   `env:"-" help:"Write cells as they are. Otherwise those that a spreadsheet would take for a formula begin with an apostrophe."`
}

// Help completes the command's help.
func (exportCommand) Help() string {
	return "Servers may run meanwhile: the file holds the store as it was at one moment. It appears under its name once it is complete."
}

func (c *exportCommand) Run(ctx context.Context) error {
	behindOthers()
	o, err := c.options()
	if err != nil {
		return &app.ConfigError{Err: err}
	}
	core, st, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	if c.Format == "clientele" {
		return c.bundle(ctx, core, st)
	}
	return c.table(ctx, core, st, o)
}

// options reads the flags of a table.
func (c *exportCommand) options() (export.Options, error) {
	o := export.Options{
		Format: export.Format(c.Format), Kind: export.Kind(c.Kind), Segment: c.Segment, Consent: c.Consent, Raw: c.Raw,
		Zip: strings.EqualFold(filepath.Ext(c.Out), ".zip"),
	}
	if c.Format != "clientele" {
		if c.Hashes {
			return o, errors.New("--hashes is of the format clientele")
		}
		since, err := pointInTime("--since", c.Since)
		if err != nil {
			return o, err
		}
		if at, err := time.Parse(time.RFC3339, since); err == nil {
			o.Since = at.Unix()
		}
		return o, o.Check()
	}
	if c.Kind != string(export.Customers) || c.Since != "" || c.Segment != "" || c.Consent != "" || c.Raw {
		return o, errors.New("the format clientele writes all of a store: --kind, --since, --segment, --consent and --raw are of tables")
	}
	return o, nil
}

func (c *exportCommand) table(ctx context.Context, core *app.Core, st *store.Store, o export.Options) error {
	bar := steps{elapsed: core.System.Elapsed, out: os.Stderr}
	var done export.Written
	err := outFile(c.Out, c.Overwrite, func(to io.Writer) (err error) {
		done, err = core.Exports.Write(ctx, st.ID, o, to, func(rows int64) { bar.show(fmt.Sprintf("%d rows", rows)) })
		return err
	})
	bar.end()
	switch {
	case errors.Is(err, export.ErrAddresses):
		return &app.ConfigError{Err: fmt.Errorf("%w (name a file that ends in .zip)", export.ErrAddresses)}
	case fault.As(err) != nil:
		return &app.ConfigError{Err: err}
	case err != nil:
		return err
	}
	fmt.Printf("%s holds %s of %s.\n", c.Out, done, c.Kind)
	return nil
}

// largeLog is from which size on a command tells of SQLite's log.
const largeLog = 256 << 20

func (c *exportCommand) bundle(ctx context.Context, core *app.Core, st *store.Store) error {
	bar := steps{elapsed: core.System.Elapsed, out: os.Stderr}
	began := core.System.Elapsed()
	var m *bundle.Manifest
	err := outFile(c.Out, c.Overwrite, func(to io.Writer) (err error) {
		m, err = core.Bundles.Export(ctx, st.ID, portable.Options{Secrets: c.Hashes}, to, func(p bundle.Progress) { bar.show(p.String()) })
		return err
	})
	bar.end()
	if err != nil {
		return err
	}
	took := core.System.Elapsed() - began
	fmt.Printf("%s holds %d records of the store %s, %d customers among them; it took %s.\n", c.Out, m.Records(), st.Hash, m.Of("customers"), took.Round(100*time.Millisecond))
	if log := core.DB.LogSize(); log > largeLog {
		fmt.Printf("SQLite's log has grown to %d MiB meanwhile; it is used anew from now on.\n", log>>20)
	}
	if !c.Hashes {
		fmt.Println("Left out, as --hashes was not given: passwords, stored instruments, the store's keys, and which addresses were erased or are suppressed.")
	}
	return nil
}
