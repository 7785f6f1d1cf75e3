// Command clientele is a customer and subscriber service that speaks
// BigCommerce's customer APIs.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"os/user"
	"runtime"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"clientele/internal/app"
	"clientele/internal/history"
	"clientele/internal/words"
)

const (
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	// The live heap is a few megabytes, so the garbage collector would run a
	// hundred times a second under load. This allocation makes it wait for that
	// much more. Its memory is never touched, so it costs nothing.
	ballast := make([]byte, 24<<20)
	code := run(os.Args[1:])
	runtime.KeepAlive(ballast)
	os.Exit(code)
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
	var cli commands
	exit := -1
	parser, err := kong.New(&cli,
		kong.Name("clientele"),
		kong.Description("A self-hosted customer and subscriber service that speaks BigCommerce's customer APIs.\n\nEvery flag is also an environment variable: --public-url is CLIENTELE_PUBLIC_URL."),
		kong.DefaultEnvars("CLIENTELE"),
		kong.UsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Exit(func(code int) { exit = code; panic(stop{}) }),
	)
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
