package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"clientele/internal/app"
	"clientele/internal/fault"
	"clientele/internal/transfer"
)

type importsCommands struct {
	List   importsList   `cmd:"" help:"List imports, the newest first."`
	Show   importsShow   `cmd:"" help:"Show how far an import has come, and what became of its rows."`
	Cancel importsCancel `cmd:"" help:"End an import, whichever process takes it."`
	Resume importsResume `cmd:"" help:"Have a server go on with an import whose file it keeps."`
	Undo   importsUndo   `cmd:"" help:"Delete the customers and subscribers that an import created, but for those who were changed since; store credit and groups become what they were."`
}

type importsList struct {
	ofStore
	Limit int `default:"50" env:"-" help:"How many (default: ${default})."`
}

func (c *importsList) Run(ctx context.Context) error {
	core, st, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	q := transfer.List.New()
	q.Limit = int64(min(max(c.Limit, 1), 250))
	all, _, err := core.Transfer.Page(ctx, st.ID, q)
	if err != nil {
		return err
	}
	w := table("ID", "STATE", "FILE", "FORMAT", "ROWS", "CREATED", "CHANGED", "REJECTED", "BEGUN", "ENDED")
	for i := range all {
		imp := &all[i]
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%d\t%d\t%d\t%d\t%s\t%s\n", imp.ID, imp.State, printable(imp.File), imp.Plan.Format, imp.Counts.Rows, imp.Counts.Created, imp.Counts.Changed, imp.Counts.Rejected, date(imp.Created), date(imp.Ended))
	}
	return w.Flush()
}

// ofImport names an import.
type ofImport struct {
	ofStore
	ID int64 `arg:"" help:"The import's id: see list."`
}

func (c *ofImport) do(ctx context.Context, do func(ctx context.Context, core *app.Core, storeID int64) (*transfer.Import, error)) error {
	core, st, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	imp, err := do(ctx, core, st.ID)
	if f := fault.As(err); f != nil && f.Message != "" {
		err = errors.New(f.Message)
	}
	if err != nil {
		return err
	}
	showImport(imp)
	return nil
}

type importsShow struct{ ofImport }

func (c *importsShow) Run(ctx context.Context) error {
	return c.do(ctx, func(ctx context.Context, core *app.Core, storeID int64) (*transfer.Import, error) {
		return core.Transfer.Get(ctx, storeID, c.ID)
	})
}

type importsCancel struct{ ofImport }

func (c *importsCancel) Run(ctx context.Context) error {
	return c.do(ctx, func(ctx context.Context, core *app.Core, storeID int64) (*transfer.Import, error) {
		return core.Transfer.Cancel(ctx, storeID, c.ID)
	})
}

type importsResume struct{ ofImport }

func (c *importsResume) Run(ctx context.Context) error {
	return c.do(ctx, func(ctx context.Context, core *app.Core, storeID int64) (*transfer.Import, error) {
		return core.Transfer.Resume(ctx, storeID, c.ID)
	})
}

type importsUndo struct{ ofImport }

// Run undoes all of it, also where no server runs. One that does helps.
func (c *importsUndo) Run(ctx context.Context) error {
	return c.do(ctx, func(ctx context.Context, core *app.Core, storeID int64) (*transfer.Import, error) {
		imp, err := core.Transfer.Undo(ctx, storeID, c.ID)
		for err == nil && imp.State == transfer.Undoing {
			imp, err = core.Transfer.UndoSome(ctx, storeID, c.ID)
		}
		return imp, err
	})
}

func showImport(imp *transfer.Import) {
	fmt.Printf("Import %d of %s is %s", imp.ID, printable(imp.File), imp.State)
	if imp.State == transfer.Running {
		fmt.Printf(": %d rows", imp.Counts.Rows)
		if imp.Inspection != nil {
			fmt.Printf(" of %d", imp.Inspection.Rows)
		}
		if rate := imp.Rate(); rate > 0 {
			fmt.Printf(", %.0f a second", rate)
		}
		if left := imp.Left(); left > 0 {
			fmt.Printf(", %s left", time.Duration(left)*time.Second)
		}
	}
	fmt.Println()
	if imp.Error != "" {
		fmt.Println(printable(imp.Error))
	}
	showCounts(os.Stdout, &imp.Counts)
	if u := imp.Undone; u != nil && imp.Kind().Changes() {
		fmt.Printf("Undone: %d customers have back what they had before; %d have not, as it was changed since.\n", u.Changed, u.KeptChanged)
	} else if u != nil {
		fmt.Printf("Undone: %d customers and %d subscribers were deleted; %d and %d stay, as they were changed since.\n", u.Customers, u.Subscribers, u.KeptCustomers, u.KeptSubscribers)
		if len(u.Kept) > 0 {
			ids := fmt.Sprint(u.Kept)
			fmt.Printf("Customers who stay: %s\n", ids[1:len(ids)-1])
		}
	}
}
