package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"clientele/internal/app"
	"clientele/internal/conform"
	"clientele/internal/recording"
	"clientele/internal/system"
)

type recordCommand struct {
	Upstream string   `env:"-" required:"" placeholder:"URL" help:"The server whose answers are recorded, such as https://api.bigcommerce.com."`
	Out      string   `env:"-" required:"" placeholder:"DIR" help:"Where the recording is written: a new or empty directory."`
	Listen   string   `env:"-" default:"127.0.0.1:8090" placeholder:"ADDR" help:"Where clients ask (default: ${default})."`
	Allow    []string `env:"-" placeholder:"METHOD" help:"Pass on requests with these methods too; without it nothing that writes is passed on."`
}

func (c *recordCommand) Run(ctx context.Context) error {
	log := logger("text", "info")
	r, err := recording.New(recording.Options{Upstream: c.Upstream, Dir: c.Out, Allow: c.Allow, System: system.Real(), Log: log})
	if err != nil {
		return &app.ConfigError{Err: err}
	}
	l, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("--listen %s: %w", c.Listen, err)
	}
	server := &http.Server{Handler: r, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, WriteTimeout: 2 * time.Minute}
	context.AfterFunc(ctx, func() {
		drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		_ = server.Shutdown(drain)
	})
	fmt.Printf("Ask http://%s in place of %s; Ctrl-C ends the recording in %s\n", l.Addr(), c.Upstream, c.Out)
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

type conformCommand struct {
	Dir   string `arg:"" help:"The recording."`
	JUnit string `env:"-" name:"junit" placeholder:"FILE" help:"Write the report for test runners, too."`
}

func (c *conformCommand) Run(ctx context.Context) (err error) {
	report, err := conform.Run(ctx, c.Dir)
	if err != nil {
		return err
	}
	if c.JUnit != "" {
		f, err := os.Create(c.JUnit)
		if err != nil {
			return err
		}
		if err := errors.Join(report.JUnit(f), f.Close()); err != nil {
			return err
		}
	}
	if err := report.Write(os.Stdout); err != nil {
		return err
	}
	if good, all := report.Good(""); good < all {
		return fmt.Errorf("%d of %d answers differ", all-good, all)
	}
	return nil
}
