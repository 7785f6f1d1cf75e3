package main

import (
	"fmt"

	"clientele/api"
	"clientele/internal/usage"
)

type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

func (c *completionCommand) Run() error {
	all, err := newParser(new(commands))
	if err != nil {
		return err
	}
	text, err := usage.Completion(all.Model, c.Shell)
	if err != nil {
		return err
	}
	fmt.Print(text)
	return nil
}

type manCommand struct{}

func (*manCommand) Run() error {
	all, err := newParser(new(commands))
	if err != nil {
		return err
	}
	fmt.Print(usage.Man(all.Model, api.Version()))
	return nil
}
