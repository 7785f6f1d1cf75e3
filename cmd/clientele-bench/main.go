// Command clientele-bench measures the server against a floor: the least work
// that could give the same answers from the same data.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"clientele/internal/bench"
)

const description = `Measures the real server, a process of its own, against a floor.

The floor is the least that could give the same answers from the same data: for reads a bare net/http server that runs one prepared statement and writes its rows as JSON by hand; for writes clients of the database driver without HTTP, each committing its own rows durably. Floor and server take turns, and their answers are compared first. Beside the rates stands what a request takes: processor time of the server and of the database, statements and allocations, which a busy machine hardly changes.

A store is loaded for each engine; PostgreSQL runs in a throwaway cluster that keeps what it commits. The server and its data stay on this machine.

"clientele-bench document FILE [PART...]" measures the parts of a document that are marked with <!-- bench PART: FLAGS --> and <!-- /bench -->, all of them if none is named, and writes the tables between the marks.

Cases: ${cases}.`

type runCommand struct {
	Customers  int64         `default:"10000" placeholder:"N" help:"Customers in the store (default: ${default}); 1000000 takes minutes to load."`
	SecondSize int64         `placeholder:"N" help:"A second size of store: how the speed of pages, filters and creates depends on size."`
	Stores     int           `placeholder:"N" help:"Share the customers out to so many stores, too, and hold these against the one."`
	Processes  int           `placeholder:"N" help:"So many processes on one PostgreSQL, held against one process, and what became of all that they wrote."`
	KillEvery  time.Duration `placeholder:"TIME" help:"Kill one of the processes so often, and start it again; as many times as there are runs."`
	Sessions   int64         `default:"100000" placeholder:"N" help:"Sessions of the case sessions (default: ${default})."`
	Crowd      int64         `placeholder:"N" help:"People among whom the case search looks, or whom transfer imports (default: as many as customers)."`
	Engines    []string      `default:"sqlite,postgres" placeholder:"ENGINE" help:"Engines to measure (default: ${default})."`
	Cases      []string      `placeholder:"CASE" help:"Cases to measure (default: all but ${long}, which take minutes)."`
	Clients    int           `default:"16" placeholder:"N" help:"Clients at once (default: ${default})."`
	Runs       int           `default:"3" placeholder:"N" help:"Runs of each case, of which the median counts (default: ${default})."`
	Duration   time.Duration `default:"500ms" placeholder:"TIME" help:"Length of a run (default: ${default})."`
	Dir        string        `type:"path" placeholder:"DIR" help:"Keep data here, so that SQLite's is loaded once per size (default: a temporary directory)."`
	InPlace    bool          `help:"Measure in what was loaded, which is used up by that, and not in copies, where a disk has no room for three."`
	Markdown   bool          `help:"Print the tables as Markdown."`
	Out        string        `type:"path" placeholder:"FILE" help:"Keep the result in a file, for --compare."`
	Compare    string        `type:"existingfile" placeholder:"FILE" help:"Compare with an earlier result of as many customers and clients, and tell what moved more than noise and what one of the two alone has. Five runs on each side tell more than three."`
}

func (c *runCommand) Run(ctx context.Context) error {
	report, err := c.measure(ctx)
	if err != nil {
		return err
	}
	if c.Out != "" {
		if err := report.Result(c.commandLine()).Save(c.Out); err != nil {
			return err
		}
	}
	return report.Write(os.Stdout, c.Markdown, c.commandLine())
}

func (c *runCommand) measure(ctx context.Context) (*bench.Report, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	var before *bench.Result
	if c.Compare != "" {
		if before, err = bench.ReadResult(c.Compare); err != nil {
			return nil, err
		}
	}
	return bench.Run(ctx, bench.Config{
		Customers: c.Customers, SecondSize: c.SecondSize, Stores: c.Stores, Processes: c.Processes, KillEvery: c.KillEvery, Sessions: c.Sessions, Crowd: c.Crowd, Before: before, Engines: c.Engines, Cases: c.Cases,
		Clients: c.Clients, Runs: c.Runs, Duration: c.Duration, Dir: c.Dir, InPlace: c.InPlace,
		Progress: os.Stderr, FloorCommand: []string{self, floorName}, ReceiverCommand: []string{self, receiverName},
	})
}

// commandLine is how to repeat the run; where the data lies does not matter.
func (c *runCommand) commandLine() string {
	b := strings.Builder{}
	fmt.Fprintf(&b, "go run ./cmd/clientele-bench --customers %d", c.Customers)
	for _, f := range []struct {
		name  string
		value int64
	}{{"second-size", c.SecondSize}, {"crowd", c.Crowd}, {"stores", int64(c.Stores)}, {"processes", int64(c.Processes)}} {
		if f.value > 0 {
			fmt.Fprintf(&b, " --%s %d", f.name, f.value)
		}
	}
	if c.KillEvery > 0 {
		fmt.Fprintf(&b, " --kill-every %s", c.KillEvery)
	}
	if c.InPlace {
		b.WriteString(" --in-place")
	}
	if slices.Contains(c.Cases, "sessions") {
		fmt.Fprintf(&b, " --sessions %d", c.Sessions)
	}
	fmt.Fprintf(&b, " --engines %s", strings.Join(c.Engines, ","))
	if len(c.Cases) > 0 {
		fmt.Fprintf(&b, " --cases %s", strings.Join(c.Cases, ","))
	}
	fmt.Fprintf(&b, " --clients %d --runs %d --duration %s", c.Clients, c.Runs, c.Duration)
	return b.String()
}

// floorCommand is how this program runs the floor as a process of its own. It
// is no command for people.
type floorCommand struct{ bench.FloorConfig }

func (c *floorCommand) Run(ctx context.Context) error { return bench.Floor(ctx, c.FloorConfig) }

// receiverCommand is how this program runs the receiver of webhooks.
type receiverCommand struct {
	Listen   string `required:"" help:"The address to serve on."`
	Distinct bool   `help:"Know what was received before."`
}

func (c *receiverCommand) Run(ctx context.Context) error {
	return bench.Receive(ctx, c.Listen, c.Distinct)
}

const (
	floorName    = "floor"
	receiverName = "receiver"
	documentName = "document"
)

func parserOf(command any) *kong.Kong {
	parser, err := kong.New(command,
		kong.Name("clientele-bench"),
		kong.Description(description),
		kong.Vars{"cases": strings.Join(bench.CaseNames(), ", "), "long": strings.Join(bench.LongCases(), ", ")},
	)
	if err != nil {
		panic(err) // the structs above are wrong
	}
	return parser
}

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	args := os.Args[1:]
	var command any = &runCommand{}
	if len(args) > 0 {
		switch args[0] {
		case floorName:
			command, args = &floorCommand{}, args[1:]
		case receiverName:
			command, args = &receiverCommand{}, args[1:]
		case documentName:
			command, args = &documentCommand{}, args[1:]
		}
	}
	parser := parserOf(command)
	k, err := parser.Parse(args)
	parser.FatalIfErrorf(err)
	k.BindTo(ctx, (*context.Context)(nil))
	err = k.Run()
	stopped := ctx.Err() != nil
	cancel()
	switch {
	case err == nil:
	case stopped && errors.Is(err, context.Canceled):
		fmt.Fprintln(os.Stderr, "clientele-bench: stopped")
		os.Exit(130)
	default:
		fmt.Fprintln(os.Stderr, "clientele-bench:", err)
		os.Exit(1)
	}
}
