// Command clientele is a customer and subscriber service that speaks
// BigCommerce's customer APIs.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"os/user"
	"reflect"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"clientele/internal/app"
	_ "clientele/internal/calm" // before the packages that allocate when they are initialised
	"clientele/internal/history"
	"clientele/internal/words"
)

const (
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	os.Exit(run(os.Args[1:]))
}

// atWork sets the garbage collector up for work; package calm has kept it from
// running while the program started. The live heap is a few
// megabytes, so it would run a hundred times a second under load. What is
// returned makes it wait for that much more; it is to be kept and never touched,
// so it costs nothing.
func atWork() []byte {
	debug.SetGCPercent(100)
	return make([]byte, 24<<20)
}

// commandUser returns who runs the program, as far as the machine knows.
func commandUser() history.Actor {
	a := history.Actor{Kind: history.CommandUser}
	if u, err := user.Current(); err == nil {
		a.Name = u.Username
	}
	return a
}

func run(args []string) int {
	exit := -1
	parser, err := newParser(model(args), kong.Exit(func(code int) { exit = code; panic(stop{}) }))
	if err != nil {
		fmt.Fprintln(os.Stderr, "clientele:", err)
		return exitFailed
	}
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer cancel()
	ctx = history.With(ctx, &history.Origin{Surface: history.Command, Actor: commandUser()})
	context.AfterFunc(ctx, cancel) // a second signal ends the program at once
	parsed, err := parse(parser, args)
	if exit >= 0 {
		return exit // --help has been shown
	}
	if err != nil {
		complain(err)
		return exitUsage
	}
	parsed.BindTo(ctx, (*context.Context)(nil))
	if parsed.Command() != "serve" { // which does so when it is ready
		defer runtime.KeepAlive(atWork())
	}
	err = parsed.Run()
	var config *app.ConfigError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &config):
		complain(err)
		return exitUsage
	default:
		complain(err)
		return exitFailed
	}
}

// newParser returns what parses arguments into a model.
func newParser(model any, more ...kong.Option) (*kong.Kong, error) {
	return kong.New(model, append([]kong.Option{
		kong.Name("clientele"),
		kong.Description("A self-hosted customer and subscriber service that speaks BigCommerce's customer APIs.\n\nEvery flag is also an environment variable: --public-url is CLIENTELE_PUBLIC_URL."),
		kong.DefaultEnvars("CLIENTELE"),
		kong.UsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
	}, more...)...)
}

// model returns what the arguments are parsed into: commands, or of them the one
// that is named first, as it takes much of the time of a start to describe all
// of them.
func model(args []string) any {
	all := reflect.TypeFor[commands]()
	for i := range all.NumField() {
		f := all.Field(i)
		if len(args) > 0 && args[0] == cmp.Or(f.Tag.Get("name"), strings.ToLower(f.Name)) {
			return reflect.New(reflect.StructOf([]reflect.StructField{{Name: f.Name, Type: f.Type, Tag: f.Tag}})).Interface()
		}
	}
	return new(commands)
}

// complain prints an error as one line.
func complain(err error) {
	text := words.Terminal.Told(err).Error()
	fmt.Fprintln(os.Stderr, "clientele:", strings.Join(strings.Fields(text), " "))
}

// stop leaves the parser after it has shown help.
type stop struct{}

func parse(p *kong.Kong, args []string) (_ *kong.Context, err error) {
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(stop); !ok {
				panic(r)
			}
		}
	}()
	return p.Parse(args)
}
